/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ICMP errors go the way of the answers to the packet that they quote.
 */
#ifndef _TESTUDO_PATH_QUOTE_H
#define _TESTUDO_PATH_QUOTE_H

#include "sp/quote.h"

struct ipsec_dst;
struct ipsec_net;
struct ipsec_way;
struct net_device;
struct sock;

int ipsec_quote_resolve(struct ipsec_net *ipn, const struct ipsec_way *way,
			const struct ipsec_flow *fl, enum ipsec_quote kind,
			const struct ipsec_flow *answer,
			struct ipsec_dst **xdp);
int ipsec_quote_decide(struct ipsec_net *ipn, const struct sk_buff *skb,
		       const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp);
int ipsec_quote_source(struct ipsec_net *ipn, struct sk_buff *skb,
		       const struct sock *sk, const struct net_device *out,
		       const struct ipsec_flow *fl);

#endif
