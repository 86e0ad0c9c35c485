/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a packet's protection when its policy has been looked up:
 * the SAs, and the way that it would have gone without them. No code of its own.
 */
#ifndef _TESTUDO_PATH_BUNDLE_H
#define _TESTUDO_PATH_BUNDLE_H

#include "base/selector.h"
#include "sp/sp.h"

struct dst_entry;
struct ipsec_sa;
struct net_device;

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

#endif
