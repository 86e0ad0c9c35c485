/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ICMP errors about packets that were sent protected.
 */
#ifndef _TESTUDO_PATH_OUTER_ERROR_H
#define _TESTUDO_PATH_OUTER_ERROR_H

#include <linux/in.h>
#include <linux/types.h>

#include "base/addr.h"

struct ipsec_net;
struct ipsec_sa;
struct sk_buff;

/**
 * ipsec_outer_error_possible() - may a packet be one of them
 * @proto: its upper-layer protocol
 *
 * Return: true if so.
 */
static inline bool ipsec_outer_error_possible(u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

struct ipsec_sa *ipsec_outer_error_sa_rcu(struct ipsec_net *ipn,
					  const union ipsec_addr *saddr,
					  const union ipsec_addr *daddr,
					  u16 family, const void *hdr,
					  u8 proto);
bool ipsec_outer_error_is(struct ipsec_net *ipn, const struct sk_buff *skb,
			  u8 family);
void ipsec_outer_error_learn(struct ipsec_net *ipn, struct sk_buff *skb,
			     u8 family);

#endif
