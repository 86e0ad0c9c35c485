/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies of sockets, as far as packets are concerned.
 */
#ifndef _TESTUDO_PATH_SOCK_POLICY_H
#define _TESTUDO_PATH_SOCK_POLICY_H

#include <linux/types.h>

struct ipsec_net;
struct nf_hook_state;
struct sk_buff;

/**
 * enum ipsec_sock_verdict - what a socket says of its packets
 * @IPSEC_SOCK_SILENT: nothing: the SPD decides
 * @IPSEC_SOCK_BYPASS: they pass in clear
 * @IPSEC_SOCK_DISCARD: they do not pass
 */
enum ipsec_sock_verdict {
	IPSEC_SOCK_SILENT,
	IPSEC_SOCK_BYPASS,
	IPSEC_SOCK_DISCARD,
};

enum ipsec_sock_verdict ipsec_sock_policy_out(const struct sk_buff *skb,
					      const struct nf_hook_state *st);
bool ipsec_sock_policy_bypass_in(struct ipsec_net *ipn, struct sk_buff *skb,
				 u16 family);

#endif
