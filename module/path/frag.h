/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragmenting clear packets before they are protected.
 */
#ifndef _TESTUDO_PATH_FRAG_H
#define _TESTUDO_PATH_FRAG_H

#include <linux/types.h>

struct net;
struct sk_buff;
struct sock;

int ipsec_frag_before(struct net *net, struct sock *sk, struct sk_buff *skb,
		      u16 family, unsigned int mtu,
		      int (*output)(struct net *, struct sock *,
				    struct sk_buff *));

#endif
