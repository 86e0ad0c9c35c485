/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct ipsec_dst: the dst that leads a clear packet to the OUT road, and the
 * decision that it stands for.
 */
#ifndef _TESTUDO_PATH_OUTDST_H
#define _TESTUDO_PATH_OUTDST_H

#include <net/dst.h>
#include <net/ip6_fib.h>
#include <net/route.h>

#include "base/net.h"
#include "path/bundle.h"

/**
 * struct ipsec_dst - a decision to protect, where packets carry their dst
 * @dst: what the stack sees; its output is the OUT road
 * @rt: the same, since netfilter and ICMP take an IPv4 packet's dst for one
 * @rt6: the same for IPv6
 * @ipn: namespace
 * @route: where the protected packet goes; referenced
 * @cookie: for dst_check() of @route
 * @gen: generation of the decision. The SAs in @bundle may be touched only in
 *	an RCU section in which this is still the namespace's generation: then
 *	whoever unlinks one of them has yet to wait for the section's end
 * @bundle: the SAs
 * @family: of the clear packet
 * @way_dev: device that the clear packet would have left by; compared, never
 *	followed
 * @way_mark: its mark
 * @headroom: bytes in front of the clear packet for all headers and the link
 * @tailroom: bytes behind it, at most
 * @mtu: MTU of the path << 16 | largest clear packet that then fits, with a
 *	plain IP header; 0 when not known yet. One word, so that both fit together
 * @hinted: jiffies when a sender was last told the MTU of what was cut for it;
 *	0 for not yet
 * @ttl: TTL or hop limit of the outer header of each tunnel in @bundle
 */
struct ipsec_dst {
	union {
		struct dst_entry dst;
		struct rtable rt;
		struct rt6_info rt6;
	};
	struct ipsec_net *ipn;
	struct dst_entry *route;
	u32 cookie;
	u32 gen;
	struct ipsec_bundle bundle;
	u16 family;
	u16 headroom;
	u16 tailroom;
	const struct net_device *way_dev;
	u32 way_mark;
	u32 mtu;
	u32 hinted;
	u8 ttl[IPSEC_TMPL_MAX];
};

int ipsec_outdst_init(void);
void ipsec_outdst_exit(void);

struct ipsec_dst *ipsec_outdst_of(struct dst_entry *dst);
struct ipsec_dst *ipsec_outdst_new(struct ipsec_net *ipn,
				   const struct ipsec_bundle *b, u16 family,
				   const struct ipsec_way *way,
				   struct dst_entry *route, u32 gen);
bool ipsec_outdst_current(const struct ipsec_dst *xd);
bool ipsec_outdst_fits(const struct ipsec_dst *xd,
		       const struct ipsec_way *way);

/**
 * ipsec_outdst_is_tunnel() - is an SA of the bundle applied in tunnel mode
 * @xd: decision
 * @i: index in its bundle
 *
 * Return: true if so, false for transport mode.
 */
static inline bool ipsec_outdst_is_tunnel(const struct ipsec_dst *xd,
					  unsigned int i)
{
	return ipsec_bundle_is_tunnel(&xd->bundle, i);
}

#endif
