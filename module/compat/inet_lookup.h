/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding a TCP socket: kernels before 6.18 want to be told in which table.
 */
#ifndef _TESTUDO_COMPAT_INET_LOOKUP_H
#define _TESTUDO_COMPAT_INET_LOOKUP_H

#include <linux/version.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define ipsec_compat_tcp_lookup(family, net, args...) \
	family##_lookup(net, (net)->ipv4.tcp_death_row.hashinfo, args)
#else
#define ipsec_compat_tcp_lookup(family, net, args...) \
	family##_lookup(net, args)
#endif

/**
 * ipsec_compat_tcp_lookup4() - the TCP socket that an IPv4 segment is for
 * @net: namespace
 * @skb: segment
 * @saddr: its source
 * @sport: its source port
 * @daddr: its destination
 * @dport: its destination port
 * @dif: device that it came by
 *
 * Context: RCU, BH off.
 * Return: the socket, established, listening or less than a full one, for
 * sock_gen_put(); or NULL.
 */
static inline struct sock *
ipsec_compat_tcp_lookup4(struct net *net, struct sk_buff *skb, __be32 saddr,
			 __be16 sport, __be32 daddr, __be16 dport, int dif)
{
	return ipsec_compat_tcp_lookup(inet, net, skb, 0, saddr, sport, daddr,
				       dport, dif);
}

/**
 * ipsec_compat_tcp_lookup6() - the TCP socket that an IPv6 segment is for
 * @net: namespace
 * @skb: segment
 * @saddr: its source
 * @sport: its source port
 * @daddr: its destination
 * @dport: its destination port
 * @dif: device that it came by
 *
 * Context: RCU, BH off.
 * Return: as ipsec_compat_tcp_lookup4().
 */
static inline struct sock *
ipsec_compat_tcp_lookup6(struct net *net, struct sk_buff *skb,
			 const struct in6_addr *saddr, __be16 sport,
			 const struct in6_addr *daddr, __be16 dport, int dif)
{
	return ipsec_compat_tcp_lookup(inet6, net, skb, 0, saddr, sport, daddr,
				       dport, dif);
}

#endif
