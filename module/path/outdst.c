// SPDX-License-Identifier: GPL-2.0
/*
 * outdst - makes struct ipsec_dst and is what the stack may ask of it. Never
 * decides anything, and never sends.
 *
 * It is laid out as a route of the clear packet's family, since POST_ROUTING
 * reads it so. It is never put into a socket. While one lives, the namespace's
 * end waits for it.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include <net/xfrm.h>

#include "compat/dst.h"
#include "path/outdst.h"
#include "path/output.h"
#include "path/path.h"
#include "path/pmtu.h"
#include "sa/sa.h"
#include "sa/xform.h"

static struct kmem_cache *outdst_cache;

static struct dst_entry *outdst_check(struct dst_entry *dst, u32 cookie)
{
	struct ipsec_dst *xd = container_of(dst, struct ipsec_dst, dst);

	return xd->gen == ipsec_net_gen(xd->ipn) ? dst : NULL;
}

static unsigned int outdst_mtu(const struct dst_entry *dst)
{
	const struct ipsec_dst *xd = container_of(dst, struct ipsec_dst, dst);
	unsigned int mtu;

	rcu_read_lock();
	/* the SAs of another generation may be gone; any answer is too old then */
	mtu = xd->gen == ipsec_net_gen(xd->ipn) ?
	      ipsec_pmtu_plain((struct ipsec_dst *)xd) : dst_mtu(xd->route);
	rcu_read_unlock();
	if (xd->family == AF_INET6)
		return max_t(unsigned int, mtu, IPV6_MIN_MTU);
	return mtu;
}

static unsigned int outdst_advmss(const struct dst_entry *dst)
{
	const struct ipsec_dst *xd = container_of(dst, struct ipsec_dst, dst);
	unsigned int hlen = ipsec_pmtu_hlen(xd->family) + sizeof(struct tcphdr);

	return max_t(unsigned int, outdst_mtu(dst), hlen + TCP_MIN_MSS) - hlen;
}

static struct neighbour *outdst_neigh_lookup(const struct dst_entry *dst,
					     struct sk_buff *skb,
					     const void *daddr)
{
	/* the clear packet has no next hop; callers take NULL for "none" */
	return NULL;
}

static void outdst_destroy(struct dst_entry *dst)
{
	struct ipsec_dst *xd = container_of(dst, struct ipsec_dst, dst);

	dst_destroy_metrics_generic(dst);
	dst_release(xd->route);
	if (xd->family == AF_INET6 && xd->rt6.rt6i_idev)
		in6_dev_put(xd->rt6.rt6i_idev);
	/* the namespace may be gone after this */
	atomic_dec(&xd->ipn->path->dsts);
}

static struct dst_ops outdst_ops4 = {
	.family = AF_INET,
	.check = outdst_check,
	.mtu = outdst_mtu,
	.default_advmss = outdst_advmss,
	.cow_metrics = dst_cow_metrics_generic,
	.neigh_lookup = outdst_neigh_lookup,
	.destroy = outdst_destroy,
};

static struct dst_ops outdst_ops6 = {
	.family = AF_INET6,
	.check = outdst_check,
	.mtu = outdst_mtu,
	.default_advmss = outdst_advmss,
	.cow_metrics = dst_cow_metrics_generic,
	.neigh_lookup = outdst_neigh_lookup,
	.destroy = outdst_destroy,
};

/**
 * ipsec_outdst_of() - is this one of ours
 * @dst: a packet's dst, or NULL
 *
 * Return: the same as an ipsec_dst, or NULL.
 */
struct ipsec_dst *ipsec_outdst_of(struct dst_entry *dst)
{
	if (!dst || dst->output != ipsec_output)
		return NULL;
	return container_of(dst, struct ipsec_dst, dst);
}

/*
 * What POST_ROUTING and ip_forward_options() may want to know of the route.
 */
static void outdst_fill4(struct ipsec_dst *xd, const struct ipsec_way *way)
{
	const struct rtable *from = NULL;

	xd->rt.rt_type = RTN_UNICAST;
	if (way->route && way->route->ops->family == AF_INET)
		from = container_of(way->route, struct rtable, dst);
	if (!from)
		return;
	xd->rt.rt_type = from->rt_type;
	xd->rt.rt_flags = from->rt_flags;
	xd->rt.rt_is_input = from->rt_is_input;
	xd->rt.rt_iif = from->rt_iif;
	if (from->rt_gw_family != AF_INET)
		return;
	xd->rt.rt_uses_gateway = from->rt_uses_gateway;
	xd->rt.rt_gw_family = AF_INET;
	xd->rt.rt_gw4 = from->rt_gw4;
}

static u8 outdst_ttl(const struct ipsec_dst *xd, unsigned int i)
{
	const struct net *net = xd->ipn->net;
	bool outermost = i == xd->bundle.n - 1;

	if (xd->bundle.sa[i]->family == AF_INET6)
		return outermost ? ip6_dst_hoplimit(xd->route) :
		       READ_ONCE(net->ipv6.devconf_all->hop_limit);
	return outermost ? ip4_dst_hoplimit(xd->route) :
	       READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
}

/* Room for every header and trailer of the bundle, and for the link. */
static void outdst_measure(struct ipsec_dst *xd)
{
	unsigned int head = LL_RESERVED_SPACE(xd->route->dev);
	unsigned int tail = 0;
	unsigned int i;

	for (i = 0; i < xd->bundle.n; i++) {
		const struct ipsec_sa *sa = xd->bundle.sa[i];

		head += sa->xform->headroom(sa) + ipsec_natt_hlen(sa);
		tail += sa->xform->tailroom(sa);
		if (!ipsec_outdst_is_tunnel(xd, i))
			continue;
		head += ipsec_pmtu_hlen(sa->family);
		xd->ttl[i] = outdst_ttl(xd, i);
	}
	xd->headroom = head;
	xd->tailroom = tail;
}

/**
 * ipsec_outdst_new() - give a decision the form of a dst
 * @ipn: namespace
 * @b: SAs; at least one
 * @family: of the clear packet
 * @way: how it would have gone
 * @route: where it goes now; the reference is taken over, also on failure
 * @gen: generation that was read before the tables were
 *
 * Context: RCU, BH off.
 * Return: the dst with one reference, or NULL without memory.
 */
struct ipsec_dst *ipsec_outdst_new(struct ipsec_net *ipn,
				   const struct ipsec_bundle *b, u16 family,
				   const struct ipsec_way *way,
				   struct dst_entry *route, u32 gen)
{
	struct dst_ops *ops = family == AF_INET6 ? &outdst_ops6 : &outdst_ops4;
	struct ipsec_dst *xd;

	xd = ipsec_compat_dst_alloc(ops, route->dev, DST_OBSOLETE_FORCE_CHK,
				    DST_NOXFRM | DST_NOPOLICY | DST_NOCOUNT);
	if (!xd) {
		dst_release(route);
		return NULL;
	}
	memset((u8 *)xd + sizeof(xd->dst), 0, sizeof(*xd) - sizeof(xd->dst));
	atomic_inc(&ipn->path->dsts);

	xd->dst.output = ipsec_output;
	xd->ipn = ipn;
	xd->route = route;
	xd->gen = gen;
	xd->bundle = *b;
	xd->family = family;
	xd->way_dev = way->dev;
	xd->way_mark = way->mark;
	if (route->ops->family == AF_INET6)
		xd->cookie = rt6_get_cookie(container_of(route, struct rt6_info,
							 dst));
	if (family == AF_INET6)
		xd->rt6.rt6i_idev = in6_dev_get(route->dev);
	else
		outdst_fill4(xd, way);
	outdst_measure(xd);
	return xd;
}

/**
 * ipsec_outdst_current() - may the SAs of a decision still be used
 * @xd: decision
 *
 * An SA that died by a packet stays in the tables until the sweep comes by,
 * so the generation alone does not tell.
 *
 * Context: RCU.
 * Return: true if so, until the end of the RCU section.
 */
bool ipsec_outdst_current(const struct ipsec_dst *xd)
{
	unsigned int i;

	if (xd->gen != ipsec_net_gen(xd->ipn))
		return false;
	for (i = 0; i < xd->bundle.n; i++) {
		if (!ipsec_sa_usable(xd->bundle.sa[i]))
			return false;
	}
	return true;
}

/**
 * ipsec_outdst_fits() - may a packet go by a cached decision
 * @xd: decision, current
 * @way: how the packet would have gone in clear
 *
 * Flows do not say which device a socket is bound to, nor the mark; and in
 * transport mode a packet keeps its own route, with what its socket asked for.
 *
 * Context: RCU.
 * Return: true if so.
 */
bool ipsec_outdst_fits(const struct ipsec_dst *xd,
		       const struct ipsec_way *way)
{
	if (xd->way_dev != way->dev || xd->way_mark != way->mark)
		return false;
	if (!xd->bundle.tunnel && way->route && !dst_xfrm(way->route) &&
	    way->route != xd->route)
		return false;
	return dst_check(xd->route, xd->cookie);
}

/**
 * ipsec_outdst_init() - make the cache
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_outdst_init(void)
{
	outdst_cache = kmem_cache_create("testudo_dst",
					 sizeof(struct ipsec_dst), 0,
					 SLAB_HWCACHE_ALIGN, NULL);
	if (!outdst_cache)
		return -ENOMEM;
	outdst_ops4.kmem_cachep = outdst_cache;
	outdst_ops6.kmem_cachep = outdst_cache;
	return 0;
}

/**
 * ipsec_outdst_exit() - undo ipsec_outdst_init()
 *
 * The last dst counts itself out in an RCU callback, and the stack frees it
 * right after.
 */
void ipsec_outdst_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(outdst_cache);
}
