/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a packet to what becomes of it: which policy, which SAs, and the
 * ipsec_dst that holds the answer.
 */
#ifndef _TESTUDO_PATH_RESOLVE_H
#define _TESTUDO_PATH_RESOLVE_H

#include <linux/types.h>

struct ipsec_bundle;
struct ipsec_dst;
struct ipsec_flow;
struct ipsec_net;
struct ipsec_way;
struct sk_buff;

int ipsec_resolve_flow(struct ipsec_net *ipn, const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp);
int ipsec_resolve(struct ipsec_net *ipn, struct sk_buff *skb, u16 family,
		  const struct ipsec_way *way, struct ipsec_flow *fl,
		  struct ipsec_dst **xdp);
bool ipsec_resolve_peek(struct ipsec_net *ipn, const struct ipsec_flow *fl,
			struct ipsec_bundle *b);

#endif
