// SPDX-License-Identifier: GPL-2.0
/*
 * trace - the tracepoints' code, and the two helpers that make addresses fit
 * for them. Never changes what it shows.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ipv6.h>

#define CREATE_TRACE_POINTS
#include "base/trace.h"

/**
 * ipsec_trace_addr() - an address in the one form that traces show
 * @out: where to
 * @a: address
 * @family: its family
 */
void ipsec_trace_addr(struct in6_addr *out, const union ipsec_addr *a,
		      u16 family)
{
	if (family == AF_INET)
		ipv6_addr_set_v4mapped(a->a4, out);
	else
		*out = a->a6;
}

/**
 * ipsec_trace_ip() - what the IP header says, if there is one
 * @ip: where to
 * @skb: a packet at any place of its road: its network header may be missing,
 *	or lie outside of the linear part
 */
void ipsec_trace_ip(struct ipsec_trace_ip *ip, const struct sk_buff *skb)
{
	const u8 *nh = skb_network_header(skb);
	const u8 *end = skb_tail_pointer(skb);

	memset(ip, 0, sizeof(*ip));
	if (!skb->network_header ||
	    nh < skb->head || nh + sizeof(struct iphdr) > end)
		return;

	if (*nh >> 4 == 4) {
		const struct iphdr *iph = (const struct iphdr *)nh;

		ip->version = 4;
		ipv6_addr_set_v4mapped(iph->saddr, &ip->saddr);
		ipv6_addr_set_v4mapped(iph->daddr, &ip->daddr);
	} else if (*nh >> 4 == 6 && nh + sizeof(struct ipv6hdr) <= end) {
		const struct ipv6hdr *ip6h = (const struct ipv6hdr *)nh;

		ip->version = 6;
		ip->saddr = ip6h->saddr;
		ip->daddr = ip6h->daddr;
	}
}
