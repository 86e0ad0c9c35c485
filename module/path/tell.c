// SPDX-License-Identifier: GPL-2.0
/*
 * tell - what the sender of a clear packet is told: that it is too big, or that
 * those before it did not reach the other end of their SA. Never decides either:
 * pmtu.c and outer_error.c do.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/xfrm.h>

#include "path/tell.h"

/* A socket that an error may be put into: TCP's and others' are kept away. */
static bool tell_inet_socket(const struct sock *sk)
{
	return sk && sk_fullsock(sk) &&
	       (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

/**
 * ipsec_tell_hears() - does the sender of a local packet learn its MTU
 * @skb: packet in LOCAL_OUT
 * @sk: socket on whose behalf it is sent, or NULL
 *
 * Packets of tunnel devices have no socket, or still that of the datagram that
 * is inside. An ICMP error would reach the device, which takes it for the MTU
 * of the protected packet, and comes down with it packet by packet (ipip) or
 * not at all (gre); the datagram's socket would be told a wrong one.
 *
 * Context: any.
 * Return: true if it does.
 */
bool ipsec_tell_hears(const struct sk_buff *skb, const struct sock *sk)
{
	return sk == skb->sk && tell_inet_socket(sk);
}

/* May source NAT have written another address into it than its sender's? */
static bool tell_translated(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && ct->status & IPS_NAT_MASK;
}

/* An ICMP error of the family of @skb; @info is in host order. */
static void tell_icmp(struct sk_buff *skb, u16 family, u8 type, u8 code,
		      u32 info)
{
	bool translated = tell_translated(skb);

	if (family == AF_INET6) {
		if (translated)
			icmpv6_ndo_send(skb, type, code, info);
		else
			icmpv6_send(skb, type, code, info);
	} else if (translated) {
		icmp_ndo_send(skb, type, code, htonl(info));
	} else {
		icmp_send(skb, type, code, htonl(info));
	}
}

/**
 * ipsec_tell_too_big() - tell the sender of a packet that it is too big
 * @skb: packet, not freed; IPCB or IP6CB in its cb
 * @family: of its header
 * @mtu: what would fit
 *
 * A socket here finds it in its error queue, and is given EMSGSIZE by the
 * caller; everybody else gets an ICMP error.
 *
 * Context: any.
 */
void ipsec_tell_too_big(struct sk_buff *skb, u16 family, unsigned int mtu)
{
	if (tell_inet_socket(skb->sk)) {
		skb->protocol = family == AF_INET6 ? htons(ETH_P_IPV6) :
						     htons(ETH_P_IP);
		xfrm_local_error(skb, mtu);
	} else if (family == AF_INET6) {
		tell_icmp(skb, family, ICMPV6_PKT_TOOBIG, 0, mtu);
	} else {
		tell_icmp(skb, family, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
	}
}

/**
 * ipsec_tell_unreachable() - tell the sender of a packet that there is no way
 * @skb: packet with its own route, which goes on all the same; IPCB or IP6CB in
 *	its cb
 * @family: of its header
 *
 * As devices of tunnels do: a host unreachable by ICMP, also to a socket here.
 *
 * Context: RCU.
 */
void ipsec_tell_unreachable(struct sk_buff *skb, u16 family)
{
	struct net_device *dev = skb->dev;

	if (family == AF_INET) {
		tell_icmp(skb, family, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
		return;
	}
	/* IPv6 says nothing about a packet that has none, as those of LOCAL_OUT */
	if (!dev)
		skb->dev = skb_dst(skb)->dev;
	tell_icmp(skb, family, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
	skb->dev = dev;
}
