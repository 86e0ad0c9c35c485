/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skb_gso_segment() has a header of its own since 6.5. Before 6.3 it takes an
 * Ethernet header in front of IPv6 for granted when it takes out the jumbo header
 * of a super-packet above 64 kB, and writes over TCP's without one.
 */
#ifndef _TESTUDO_COMPAT_GSO_H
#define _TESTUDO_COMPAT_GSO_H

#include <linux/netdevice.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif
#include <net/ipv6.h>

/**
 * ipsec_compat_jumbo_remove() - take the jumbo header out of a super-packet
 * @skb: super-packet, skb->data at its IP header
 *
 * Where skb_gso_segment() does it rightly, this leaves it to that.
 *
 * Context: any.
 * Return: 0 or -ENOMEM.
 */
static inline int ipsec_compat_jumbo_remove(struct sk_buff *skb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	const int len = sizeof(struct hop_jumbo_hdr);
	int nexthdr = ipv6_has_hopopt_jumbo(skb);

	if (likely(!nexthdr))
		return 0;
	if (skb_cow_head(skb, 0))
		return -ENOMEM;
	memmove(skb->data + len, skb->data, sizeof(struct ipv6hdr));
	__skb_pull(skb, len);
	skb_reset_network_header(skb);
	ipv6_hdr(skb)->nexthdr = nexthdr;
#endif
	return 0;
}

#endif
