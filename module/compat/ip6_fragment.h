/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ip6_fragment() is exported where IPv6 can no longer be a module, and reached
 * through ipv6_stub before that.
 */
#ifndef _TESTUDO_COMPAT_IP6_FRAGMENT_H
#define _TESTUDO_COMPAT_IP6_FRAGMENT_H

#include <linux/version.h>
#include <net/ip6_route.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#include <net/ipv6_stubs.h>
#endif

/**
 * ipsec_compat_ip6_fragment() - cut an IPv6 packet into fragments
 * @net: namespace
 * @sk: socket, or NULL
 * @skb: packet; consumed
 * @output: called for each fragment
 *
 * Return: 0 or what @output said.
 */
static inline int
ipsec_compat_ip6_fragment(struct net *net, struct sock *sk,
			  struct sk_buff *skb,
			  int (*output)(struct net *, struct sock *,
					struct sk_buff *))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	return ipv6_stub->ipv6_fragment(net, sk, skb, output);
#else
	return ip6_fragment(net, sk, skb, output);
#endif
}

#endif
