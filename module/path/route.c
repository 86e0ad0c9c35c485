// SPDX-License-Identifier: GPL-2.0
/*
 * route - where a protected packet goes. Never asks the stock IPsec stack, so
 * that its policies can not catch what ours has protected.
 */
#include <linux/err.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "base/net.h"
#include "path/bundle.h"
#include "path/route.h"
#include "sa/sa.h"

/*
 * A packet that was bound for a VRF's device stays in that VRF. Other devices
 * do not bind a tunnel: its end may be behind another one.
 */
static int route_oif(const struct ipsec_way *way)
{
	return l3mdev_master_ifindex_rcu(way->dev);
}

/* What rules may ask of the packet as it will be on the wire. */
static u8 route_proto(const struct ipsec_bundle *b, __be16 *sport,
		      __be16 *dport)
{
	const struct ipsec_sa *sa = b->sa[b->n - 1];
	struct ipsec_natt_ports ports;

	if (!sa->encap)
		return sa->proto;
	ports = ipsec_natt_ports(sa);
	*sport = ports.src;
	*dport = ports.dst;
	return IPPROTO_UDP;
}

static struct dst_entry *route_lookup4(struct ipsec_net *ipn,
				       const struct ipsec_bundle *b,
				       const struct ipsec_way *way)
{
	struct flowi4 fl4 = {
		.saddr = b->saddr.a4,
		.daddr = b->daddr.a4,
		.flowi4_mark = way->mark,
		.flowi4_oif = route_oif(way),
		/* forwarded packets in transport mode are not ours by source */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *rt;

	fl4.flowi4_proto = route_proto(b, &fl4.fl4_sport, &fl4.fl4_dport);
	rt = __ip_route_output_key(ipn->net, &fl4);
	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *route_lookup6(struct ipsec_net *ipn,
				       const struct ipsec_bundle *b,
				       const struct ipsec_way *way)
{
	struct flowi6 fl6 = {
		.saddr = b->saddr.a6,
		.daddr = b->daddr.a6,
		.flowi6_mark = way->mark,
		.flowi6_oif = route_oif(way),
		.flowi6_flags = FLOWI_FLAG_ANYSRC,
	};

	fl6.flowi6_proto = route_proto(b, &fl6.fl6_sport, &fl6.fl6_dport);
	if (ipv6_addr_type(&fl6.daddr) & (IPV6_ADDR_LINKLOCAL |
					  IPV6_ADDR_MULTICAST))
		fl6.flowi6_oif = way->dev->ifindex;
	return ip6_route_output(ipn->net, NULL, &fl6);
}

/**
 * ipsec_route_get() - find the route of a protected packet
 * @ipn: namespace
 * @b: its SAs, and its addresses when they are applied
 * @way: how it would have gone in clear
 *
 * In transport mode that is the clear packet's own route, with all that its
 * socket asked for, unless it leads into the stock stack.
 *
 * Context: RCU, BH off.
 * Return: a referenced dst, or NULL when there is no way there.
 */
struct dst_entry *ipsec_route_get(struct ipsec_net *ipn,
				  const struct ipsec_bundle *b,
				  const struct ipsec_way *way)
{
	struct dst_entry *dst;

	if (!b->tunnel && way->route && !dst_xfrm(way->route))
		return dst_hold_safe(way->route) ? way->route : NULL;

	if (b->family == AF_INET6)
		dst = route_lookup6(ipn, b, way);
	else
		dst = route_lookup4(ipn, b, way);
	if (dst && dst->error) {
		dst_release(dst);
		dst = NULL;
	}
	return dst;
}
