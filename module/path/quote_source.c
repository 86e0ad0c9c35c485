// SPDX-License-Identifier: GPL-2.0
/*
 * quote_source - gives an ICMP error of this host, which leaves by a tunnel that
 * was not made for its own address, one from inside of the tunnel's selectors.
 * Never touches another packet.
 *
 * The source of an error is an address of the interface that it leaves by (RFC
 * 1812 4.3.2.4). That is the tunnel, but the stack has looked no farther than the
 * link below it. A peer that judges errors by nothing but their own addresses
 * takes such a one, and who reads it knows the address.
 */
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/addrconf.h>
#include <net/checksum.h>
#include <net/if_inet6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/sock.h>

#include "base/drop.h"
#include "base/net.h"
#include "path/quote.h"
#include "sp/flow.h"
#include "sp/flow_cache.h"
#include "sp/sp.h"

/* An address of @dev that @sel has as a source. */
static bool source_on4(union ipsec_addr *addr, const struct net_device *dev,
		       const struct ipsec_selector *sel)
{
	const struct in_device *idev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!idev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, idev) {
		if (ifa->ifa_scope >= RT_SCOPE_LINK)
			continue;
		ipsec_addr_set4(addr, ifa->ifa_local);
		if (ipsec_addr_prefix_match(addr, &sel->saddr, sel->splen))
			return true;
	}
	return false;
}

static bool source_on6(union ipsec_addr *addr, const struct net_device *dev,
		       const struct ipsec_selector *sel)
{
	const struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;

	if (!idev)
		return false;
	list_for_each_entry_rcu(ifa, &idev->addr_list, if_list) {
		if (ifa->scope || ifa->flags & (IFA_F_TENTATIVE |
						IFA_F_DEPRECATED))
			continue;
		ipsec_addr_set6(addr, &ifa->addr);
		if (ipsec_addr_prefix_match(addr, &sel->saddr, sel->splen))
			return true;
	}
	return false;
}

/* The same for any device that is in one VRF with @out, or like it in none. */
static bool source_find(union ipsec_addr *addr, struct net *net,
			const struct net_device *out,
			const struct ipsec_selector *sel)
{
	int vrf = l3mdev_master_ifindex_rcu(out);
	struct net_device *dev;

	for_each_netdev_rcu(net, dev) {
		if (l3mdev_master_ifindex_rcu(dev) != vrf)
			continue;
		if (sel->family == AF_INET6 ? source_on6(addr, dev, sel) :
					      source_on4(addr, dev, sel))
			return true;
	}
	return false;
}

static int source_set4(struct sk_buff *skb, const union ipsec_addr *addr)
{
	struct iphdr *iph;

	if (skb_ensure_writable(skb, sizeof(*iph)))
		return IPSEC_DROP_OUT_NOMEM;
	iph = ip_hdr(skb);
	csum_replace4(&iph->check, iph->saddr, addr->a4);
	iph->saddr = addr->a4;
	return 0;
}

/* The sum in the ICMPv6 header at @off covers the address, too. */
static int source_set6(struct sk_buff *skb, const union ipsec_addr *addr,
		       unsigned int off)
{
	struct icmp6hdr *icmp;
	struct ipv6hdr *iph;

	if (skb_ensure_writable(skb, off + sizeof(*icmp)))
		return IPSEC_DROP_OUT_NOMEM;
	icmp = (struct icmp6hdr *)(skb->data + off);
	iph = ipv6_hdr(skb);
	inet_proto_csum_replace16(&icmp->icmp6_cksum, skb,
				  iph->saddr.s6_addr32, addr->w, true);
	iph->saddr = addr->a6;
	return 0;
}

/**
 * ipsec_quote_source() - write a better source into an ICMP error of this host
 * @ipn: namespace
 * @skb: packet in LOCAL_OUT, skb->data at its IP header, that is to be protected
 * @sk: socket on whose behalf it is sent, or NULL: the errors of the stack have
 *	one of the kernel's
 * @out: device that it would have left by in clear
 * @fl: its flow, from its header
 *
 * Does nothing when its own address is in the selectors of the policy that
 * decides, or no address of this host is.
 *
 * Context: RCU, BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_quote_source(struct ipsec_net *ipn, struct sk_buff *skb,
		       const struct sock *sk, const struct net_device *out,
		       const struct ipsec_flow *fl)
{
	int off = skb_network_offset(skb);
	const struct ipsec_selector *sel;
	struct ipsec_flow own, answer;
	struct ipsec_decision d;
	union ipsec_addr addr;

	if (!sk || !sk_fullsock(sk) || !sk->sk_kern_sock ||
	    ipsec_quote_flow(&answer, skb, fl) != IPSEC_QUOTE_SENDERS)
		return 0;
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, fl, &d);
	if (d.sp && d.sp->action == IPSEC_SP_IPSEC)
		return 0;
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, &answer, &d);
	if (!d.sp)
		return 0;
	sel = &d.sp->sel;
	if (ipsec_addr_prefix_match(&fl->saddr, &sel->saddr, sel->splen) ||
	    !source_find(&addr, ipn->net, out, sel))
		return 0;
	if (sel->family == AF_INET)
		return source_set4(skb, &addr);
	if (ipsec_flow_read(&own, skb, AF_INET6, &off))
		return 0;
	return source_set6(skb, &addr, off);
}
