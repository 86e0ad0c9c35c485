// SPDX-License-Identifier: GPL-2.0
/*
 * tunnel - IP headers around a transform. Tunnel mode: makes the outer header
 * (RFC 4301 5.1.2). Transport mode: finds the place behind the packet's own
 * (RFC 4303 3.1.1). Never applies the transform.
 * Both by the table in Documentation/datapath.rst, "Header fields".
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pfkeyv2.h>
#include <linux/skbuff.h>
#include <linux/testudo_pfkey.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>

#include "base/drop.h"
#include "base/skb_cb.h"
#include "path/tunnel.h"
#include "sa/sa.h"

/**
 * struct tunnel_place - where transport mode puts its header
 * @off: bytes of headers that stay in front
 * @nh_off: offset of the byte that names what follows them
 * @nexthdr: what it names now
 */
struct tunnel_place {
	unsigned int off;
	unsigned int nh_off;
	u8 nexthdr;
};

static int tunnel_place4(const struct sk_buff *skb, struct tunnel_place *p)
{
	const struct iphdr *iph = ip_hdr(skb);

	p->off = iph->ihl * 4;
	p->nh_off = offsetof(struct iphdr, protocol);
	p->nexthdr = iph->protocol;
	if (p->off < sizeof(*iph) || p->off > skb->len)
		return IPSEC_DROP_OUT_HDR;
	/* RFC 4303 3.3.4: transport mode is for whole datagrams only */
	if (ip_is_fragment(iph))
		return IPSEC_DROP_OUT_FRAGMENT;
	return 0;
}

/*
 * Hop-by-hop options and routing headers are for routers on the way, and so
 * are destination options in front of a routing header. Other destination
 * options are for the peer, and are protected.
 */
static int tunnel_place6(const struct sk_buff *skb, struct tunnel_place *p)
{
	unsigned int off = sizeof(struct ipv6hdr);
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;

	p->off = off;
	p->nh_off = offsetof(struct ipv6hdr, nexthdr);
	p->nexthdr = nexthdr;

	while (nexthdr == NEXTHDR_HOP || nexthdr == NEXTHDR_ROUTING ||
	       nexthdr == NEXTHDR_DEST) {
		bool outside = nexthdr != NEXTHDR_DEST;
		unsigned int nh_off = off;
		const struct ipv6_opt_hdr *opt;
		struct ipv6_opt_hdr buf;

		opt = skb_header_pointer(skb, skb_network_offset(skb) + off,
					 sizeof(buf), &buf);
		if (!opt)
			return IPSEC_DROP_OUT_HDR;
		nexthdr = opt->nexthdr;
		off += ipv6_optlen(opt);
		if (off > skb->len)
			return IPSEC_DROP_OUT_HDR;
		if (!outside)
			continue;
		p->off = off;
		p->nh_off = nh_off;
		p->nexthdr = nexthdr;
	}
	return nexthdr == NEXTHDR_FRAGMENT ? IPSEC_DROP_OUT_FRAGMENT : 0;
}

static int tunnel_place(const struct sk_buff *skb, u16 family,
			struct tunnel_place *p)
{
	return family == AF_INET6 ? tunnel_place6(skb, p) :
				    tunnel_place4(skb, p);
}

/**
 * ipsec_tunnel_unprotected() - headers that transport mode leaves in front
 * @skb: packet
 * @family: of its header
 *
 * Context: any.
 * Return: bytes; at least those of a plain header, also when the headers are
 * malformed (ipsec_tunnel_behind() will say so).
 */
unsigned int ipsec_tunnel_unprotected(const struct sk_buff *skb, u16 family)
{
	struct tunnel_place p;

	tunnel_place(skb, family, &p);
	return max_t(unsigned int, p.off, family == AF_INET6 ?
		     sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

/**
 * ipsec_tunnel_behind() - transport mode: point behind the packet's headers
 * @skb: packet, skb->data at its IP header, on the OUT road
 *
 * Sets transport_header, and nexthdr and nh_off of its control block. The
 * headers in front are linear afterwards.
 *
 * Context: any.
 * Return: 0 or a drop reason.
 */
int ipsec_tunnel_behind(struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct tunnel_place p;
	int why;

	why = tunnel_place(skb, cb->family, &p);
	if (why)
		return why;
	if (!pskb_may_pull(skb, p.off))
		return IPSEC_DROP_OUT_NOMEM;

	skb_set_transport_header(skb, p.off);
	cb->nexthdr = p.nexthdr;
	cb->nh_off = p.nh_off;
	return 0;
}

static void tunnel_push4(struct net *net, struct sk_buff *skb,
			 const struct ipsec_sa *sa, u8 dsfield, __be16 df,
			 u8 ttl)
{
	struct iphdr *iph;

	iph = skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->tos = dsfield;
	iph->tot_len = 0;
	iph->frag_off = df;
	iph->ttl = ttl;
	iph->protocol = sa->proto;
	iph->check = 0;
	iph->saddr = sa->saddr.a4;
	iph->daddr = sa->daddr.a4;
	ip_select_ident(net, skb, NULL);
}

static void tunnel_push6(struct sk_buff *skb, const struct ipsec_sa *sa,
			 u8 dsfield, u8 hop_limit)
{
	struct ipv6hdr *ip6h;

	ip6h = skb_push(skb, sizeof(*ip6h));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*ip6h));
	/* a label by flow would part the packets of one replay window */
	ip6_flow_hdr(ip6h, dsfield, 0);
	ip6h->payload_len = 0;
	ip6h->nexthdr = sa->proto;
	ip6h->hop_limit = hop_limit;
	ip6h->saddr = sa->saddr.a6;
	ip6h->daddr = sa->daddr.a6;
}

/**
 * ipsec_tunnel_push() - tunnel mode: put the outer header in front
 * @net: namespace
 * @skb: packet, skb->data at its IP header, with headroom, on the OUT road
 * @sa: gives the addresses, and flags that change what they say
 * @ttl: TTL or hop limit
 *
 * The control block then speaks of the outer header. Lengths and IPv4 checksum
 * are for ipsec_tunnel_close(), when the transform is done.
 *
 * Context: BH off.
 */
void ipsec_tunnel_push(struct net *net, struct sk_buff *skb,
		       const struct ipsec_sa *sa, u8 ttl)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	__be16 df = 0;
	u8 dsfield;

	if (cb->family == AF_INET6) {
		dsfield = ipv6_get_dsfield(ipv6_hdr(skb));
		/* what nobody can be asked to make smaller may be fragmented */
		if (skb->len > IPV6_MIN_MTU)
			df = htons(IP_DF);
		else
			skb->ignore_df = 1;
		cb->nexthdr = IPPROTO_IPV6;
	} else {
		dsfield = ipv4_get_dsfield(ip_hdr(skb));
		df = ip_hdr(skb)->frag_off & htons(IP_DF);
		if (sa->x_flags & SADB_X_TESTUDO_SA_DFSET)
			df = htons(IP_DF);
		cb->nexthdr = IPPROTO_IPIP;
	}
	if (sa->flags & SADB_SAFLAGS_NOPMTUDISC)
		df = 0;
	if (sa->flags & SADB_SAFLAGS_NOECN)
		dsfield &= ~INET_ECN_MASK;

	cb->family = sa->family;
	if (sa->family == AF_INET6) {
		tunnel_push6(skb, sa, dsfield, ttl);
		cb->nh_off = offsetof(struct ipv6hdr, nexthdr);
	} else {
		tunnel_push4(net, skb, sa, dsfield, df, ttl);
		cb->nh_off = offsetof(struct iphdr, protocol);
	}
}

/**
 * ipsec_tunnel_close() - put the final length into the header in front
 * @skb: packet that went through a transform, on the OUT road
 *
 * Context: any.
 * Return: 0, or a drop reason when it is longer than IP can say.
 */
int ipsec_tunnel_close(struct sk_buff *skb)
{
	if (ipsec_skb_cb(skb)->family == AF_INET6) {
		unsigned int len = skb->len - sizeof(struct ipv6hdr);

		if (len > IPV6_MAXPLEN)
			return IPSEC_DROP_OUT_TOO_BIG;
		ipv6_hdr(skb)->payload_len = htons(len);
		return 0;
	}
	if (skb->len > IP_MAX_MTU)
		return IPSEC_DROP_OUT_TOO_BIG;
	ip_hdr(skb)->tot_len = htons(skb->len);
	ip_send_check(ip_hdr(skb));
	return 0;
}
