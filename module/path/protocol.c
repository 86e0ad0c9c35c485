// SPDX-License-Identifier: GPL-2.0
/*
 * protocol - where the IN road meets the IP layer: takes the packets of the
 * IPsec protocols before the stock stack does, and hears ICMP errors about
 * those that we sent. Never looks behind an SPI.
 *
 * -EINVAL passes a packet on to the next handler, -ENOENT an ICMP error.
 */
#include <linux/icmp.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "base/net.h"
#include "path/input.h"
#include "path/outer_error.h"
#include "path/protocol.h"

/* Before the stock stack's: esp4 and esp6 0, xfrm interfaces 10, vti 100. */
#define PROTOCOL_PRIORITY	200

static int protocol_esp4(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET, IPPROTO_ESP);
}

static int protocol_esp6(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET6, IPPROTO_ESP);
}

static int protocol_ah4(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET, IPPROTO_AH);
}

static int protocol_ah6(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET6, IPPROTO_AH);
}

static int protocol_comp4(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET, IPPROTO_COMP);
}

static int protocol_comp6(struct sk_buff *skb)
{
	return ipsec_in_rcv(skb, AF_INET6, IPPROTO_COMP);
}

/* From a UDP socket; the kernel has only ESP come this way. */
static int protocol_encap4(struct sk_buff *skb, int nexthdr, __be32 spi,
			   int encap_type)
{
	return ipsec_in_rcv_encap(skb, AF_INET);
}

static int protocol_encap6(struct sk_buff *skb, int nexthdr, __be32 spi,
			   int encap_type)
{
	return ipsec_in_rcv_encap(skb, AF_INET6);
}

/* The stock stack tells what became of one of its packets: not our concern. */
static int protocol_not_ours(struct sk_buff *skb, int err)
{
	return 1;
}

/*
 * Is the packet that an ICMP error quotes one that we sent? Only redirects are
 * heard here: what other errors say is taken at LOCAL_IN (outer_error.c), as the
 * IPv6 layer skips AH, and nobody has a handler for IP in IP.
 *
 * skb->data is at the quoted header, of which 8 bytes more were checked for.
 */
static int protocol_err4(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	struct net *net = dev_net(skb->dev);
	union ipsec_addr saddr, daddr;

	ipsec_addr_set4(&saddr, iph->saddr);
	ipsec_addr_set4(&daddr, iph->daddr);
	if (!ipsec_outer_error_sa_rcu(ipsec_net_of(net), &saddr, &daddr,
				      AF_INET, skb->data + iph->ihl * 4,
				      iph->protocol))
		return -ENOENT;
	if (icmp_hdr(skb)->type == ICMP_REDIRECT)
		ipv4_redirect(skb, net, l3mdev_master_ifindex_rcu(skb->dev),
			      iph->protocol);
	return 0;
}

static int protocol_err6(struct sk_buff *skb, u8 type, int offset, u8 proto)
{
	const struct ipv6hdr *iph = (const struct ipv6hdr *)skb->data;
	struct net *net = dev_net(skb->dev);
	union ipsec_addr saddr, daddr;

	ipsec_addr_set6(&saddr, &iph->saddr);
	ipsec_addr_set6(&daddr, &iph->daddr);
	if (!ipsec_outer_error_sa_rcu(ipsec_net_of(net), &saddr, &daddr,
				      AF_INET6, skb->data + offset, proto))
		return -ENOENT;
	if (type == NDISC_REDIRECT)
		ip6_redirect(skb, net, skb->dev->ifindex, 0,
			     sock_net_uid(net, NULL));
	return 0;
}

static int protocol_err_esp6(struct sk_buff *skb, struct inet6_skb_parm *opt,
			     u8 type, u8 code, int offset, __be32 info)
{
	return protocol_err6(skb, type, offset, IPPROTO_ESP);
}

static int protocol_err_ah6(struct sk_buff *skb, struct inet6_skb_parm *opt,
			    u8 type, u8 code, int offset, __be32 info)
{
	return protocol_err6(skb, type, offset, IPPROTO_AH);
}

static int protocol_err_comp6(struct sk_buff *skb, struct inet6_skb_parm *opt,
			      u8 type, u8 code, int offset, __be32 info)
{
	return protocol_err6(skb, type, offset, IPPROTO_COMP);
}

/**
 * struct protocol - one IPsec protocol of both families
 * @proto: its number
 * @v4: handlers for IPv4
 * @v6: handlers for IPv6
 */
struct protocol {
	u8 proto;
	struct xfrm4_protocol v4;
	struct xfrm6_protocol v6;
};

static struct protocol protocols[] = {
	{
		.proto = IPPROTO_ESP,
		.v4 = {
			.handler = protocol_esp4,
			.input_handler = protocol_encap4,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err4,
			.priority = PROTOCOL_PRIORITY,
		},
		.v6 = {
			.handler = protocol_esp6,
			.input_handler = protocol_encap6,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err_esp6,
			.priority = PROTOCOL_PRIORITY,
		},
	},
	{
		.proto = IPPROTO_AH,
		.v4 = {
			.handler = protocol_ah4,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err4,
			.priority = PROTOCOL_PRIORITY,
		},
		.v6 = {
			.handler = protocol_ah6,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err_ah6,
			.priority = PROTOCOL_PRIORITY,
		},
	},
	{
		.proto = IPPROTO_COMP,
		.v4 = {
			.handler = protocol_comp4,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err4,
			.priority = PROTOCOL_PRIORITY,
		},
		.v6 = {
			.handler = protocol_comp6,
			.cb_handler = protocol_not_ours,
			.err_handler = protocol_err_comp6,
			.priority = PROTOCOL_PRIORITY,
		},
	},
};

static int protocol_register(struct protocol *p)
{
	int err = xfrm4_protocol_register(&p->v4, p->proto);

	if (err)
		return err;
	err = xfrm6_protocol_register(&p->v6, p->proto);
	if (err)
		xfrm4_protocol_deregister(&p->v4, p->proto);
	return err;
}

static void protocol_unregister(struct protocol *p)
{
	xfrm6_protocol_deregister(&p->v6, p->proto);
	xfrm4_protocol_deregister(&p->v4, p->proto);
}

/**
 * ipsec_protocol_start() - receive IPsec from now on
 *
 * Context: Process, when every namespace has been set up.
 * Return: 0, or a negative errno with nothing registered: -EEXIST when
 * another module has our priority.
 */
int ipsec_protocol_start(void)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		err = protocol_register(&protocols[i]);
		if (err)
			goto err_undo;
	}
	return 0;

err_undo:
	while (i--)
		protocol_unregister(&protocols[i]);
	return err;
}

/**
 * ipsec_protocol_stop() - undo ipsec_protocol_start()
 *
 * Waits until no CPU is in our handlers; packets in the crypto API may be.
 *
 * Context: Process, before any namespace is taken down.
 */
void ipsec_protocol_stop(void)
{
	size_t i = ARRAY_SIZE(protocols);

	while (i--)
		protocol_unregister(&protocols[i]);
}
