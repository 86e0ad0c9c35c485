/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IP headers around a transform: the outer one of tunnel mode, and the place
 * behind the packet's own in transport mode.
 */
#ifndef _TESTUDO_PATH_TUNNEL_H
#define _TESTUDO_PATH_TUNNEL_H

#include <linux/types.h>

struct ipsec_sa;
struct net;
struct sk_buff;

unsigned int ipsec_tunnel_unprotected(const struct sk_buff *skb, u16 family);
int ipsec_tunnel_behind(struct sk_buff *skb);
void ipsec_tunnel_push(struct net *net, struct sk_buff *skb,
		       const struct ipsec_sa *sa, u8 ttl);
int ipsec_tunnel_close(struct sk_buff *skb);

#endif
