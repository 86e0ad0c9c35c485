/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Giving a received packet its route: the argument for the DSCP changed its
 * type in 6.13, and IPv6's own function is not exported everywhere.
 */
#ifndef _TESTUDO_COMPAT_IP_INPUT_H
#define _TESTUDO_COMPAT_IP_INPUT_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/version.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#include <net/ip.h>
#endif

/**
 * ipsec_compat_route_input4() - route a received IPv4 packet
 * @skb: packet; its dst is set, without a reference
 *
 * Context: Softirq, RCU.
 * Return: true when there is a route.
 */
static inline bool ipsec_compat_route_input4(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return !ip_route_input_noref(skb, iph->daddr, iph->saddr,
				     ip4h_dscp(iph), skb->dev);
#else
	return !ip_route_input_noref(skb, iph->daddr, iph->saddr, iph->tos,
				     skb->dev);
#endif
}

/**
 * ipsec_compat_route_input6() - route a received IPv6 packet
 * @skb: packet; its dst is set
 *
 * Context: Softirq, RCU.
 * Return: true when there is a route.
 */
static inline bool ipsec_compat_route_input6(struct sk_buff *skb)
{
	const struct ipv6hdr *iph = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.flowi6_iif = skb->dev->ifindex,
		.daddr = iph->daddr,
		.saddr = iph->saddr,
		.flowlabel = ip6_flowinfo(iph),
		.flowi6_mark = skb->mark,
		.flowi6_proto = iph->nexthdr,
	};
	struct dst_entry *dst;

	dst = ip6_route_input_lookup(dev_net(skb->dev), skb->dev, &fl6, skb,
				     RT6_LOOKUP_F_HAS_SADDR);
	if (dst->error) {
		dst_release(dst);
		return false;
	}
	skb_dst_set(skb, dst);
	return true;
}

#endif
