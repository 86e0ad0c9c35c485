/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a packet to what becomes of it: which policy, which SAs, and the
 * ipsec_dst that holds the answer.
 */
#ifndef _TESTUDO_PATH_RESOLVE_H
#define _TESTUDO_PATH_RESOLVE_H

#include "base/selector.h"
#include "sp/sp.h"

struct dst_entry;
struct ipsec_dst;
struct ipsec_net;
struct ipsec_sa;
struct net_device;
struct sk_buff;

/**
 * struct ipsec_bundle - the SAs that a packet goes through
 * @sa: innermost first; borrowed under RCU
 * @tunnel: bit i is set when @sa[i] is applied in tunnel mode; an SA of mode
 *	"any" serves either
 * @n: how many
 * @saddr: source of the packet when all are applied
 * @daddr: its destination
 * @family: family of both
 */
struct ipsec_bundle {
	struct ipsec_sa *sa[IPSEC_TMPL_MAX];
	u8 tunnel;
	u8 n;
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
};

/**
 * struct ipsec_way - how the packet would have gone in clear
 * @route: its route, which packets in transport mode keep; NULL when it is no
 *	longer known
 * @dev: its device, for comparing and for scopes
 * @mark: skb->mark, as routes may depend on it
 * @quiet: no keying daemon is asked for an SA because of it
 */
struct ipsec_way {
	struct dst_entry *route;
	const struct net_device *dev;
	u32 mark;
	bool quiet;
};

/**
 * ipsec_bundle_is_tunnel() - is an SA applied in tunnel mode
 * @b: bundle
 * @i: index of the SA
 *
 * Return: true if so, false for transport mode.
 */
static inline bool ipsec_bundle_is_tunnel(const struct ipsec_bundle *b,
					  unsigned int i)
{
	return b->tunnel & (1u << i);
}

int ipsec_resolve_flow(struct ipsec_net *ipn, const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp);
int ipsec_resolve(struct ipsec_net *ipn, struct sk_buff *skb, u16 family,
		  const struct ipsec_way *way, struct ipsec_flow *fl,
		  struct ipsec_dst **xdp);
bool ipsec_resolve_peek(struct ipsec_net *ipn, const struct ipsec_flow *fl,
			struct ipsec_bundle *b);

#endif
