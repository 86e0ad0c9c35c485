// SPDX-License-Identifier: GPL-2.0
/*
 * flow - from a packet to the flow key that selectors are held against. Never
 * changes the packet, and never decides what becomes of it.
 */
#include <linux/icmp.h>
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "sp/flow.h"

/* More IPv6 extension headers than any honest packet has; they are 8 bytes each. */
#define FLOW_EXT_MAX	128

/* The first bytes of TCP, UDP, UDP-Lite, SCTP and DCCP. */
struct flow_ports {
	__be16 sport;
	__be16 dport;
};

/*
 * A GRE key is 32 bits, halved into the two ports. Without the K bit there is
 * no key, which is known and therefore not opaque.
 */
static bool flow_read_gre(struct ipsec_flow *fl, const struct sk_buff *skb,
			  int off)
{
	struct flow_ports key_buf;
	const struct flow_ports *key;
	const __be16 *flags;
	__be16 flags_buf;

	flags = skb_header_pointer(skb, off, sizeof(flags_buf), &flags_buf);
	if (!flags)
		return false;
	if (!(*flags & GRE_KEY))
		return true;

	off += 4;
	if (*flags & (GRE_CSUM | GRE_ROUTING))
		off += 4;
	key = skb_header_pointer(skb, off, sizeof(key_buf), &key_buf);
	if (!key)
		return false;
	fl->sport = key->sport;
	fl->dport = key->dport;
	return true;
}

/* Read one byte as a port: ICMP type and code, Mobility Header type. */
static bool flow_read_byte(__be16 *port, const struct sk_buff *skb, int off)
{
	const u8 *byte;
	u8 buf;

	byte = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!byte)
		return false;
	*port = htons(*byte);
	return true;
}

/* What the upper-layer header at @off says; false when it is cut short. */
static bool flow_read_upper(struct ipsec_flow *fl, const struct sk_buff *skb,
			    int off)
{
	const struct flow_ports *ports;
	struct flow_ports buf;

	switch (fl->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		ports = skb_header_pointer(skb, off, sizeof(buf), &buf);
		if (!ports)
			return false;
		fl->sport = ports->sport;
		fl->dport = ports->dport;
		return true;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return flow_read_byte(&fl->sport, skb, off) &&
		       flow_read_byte(&fl->dport, skb, off + 1);
	case IPPROTO_MH:
		return flow_read_byte(&fl->sport, skb, off + 2);
	case IPPROTO_GRE:
		return flow_read_gre(fl, skb, off);
	default:
		return true;
	}
}

/* The upper layer at @off; an opaque flow has no ports, not half of them. */
static void flow_set_upper(struct ipsec_flow *fl, const struct sk_buff *skb,
			   int off)
{
	if (likely(flow_read_upper(fl, skb, off)))
		return;
	fl->flags = IPSEC_FLOW_OPAQUE;
	fl->sport = 0;
	fl->dport = 0;
}

static int flow_from_ipv4(struct ipsec_flow *fl, const struct sk_buff *skb,
			  int *off)
{
	const struct iphdr *iph;
	struct iphdr buf;

	iph = skb_header_pointer(skb, *off, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return -EINVAL;
	*off += iph->ihl * 4;

	ipsec_addr_set4(&fl->saddr, iph->saddr);
	ipsec_addr_set4(&fl->daddr, iph->daddr);
	fl->proto = iph->protocol;
	if (iph->frag_off & htons(IP_OFFSET))
		fl->flags = IPSEC_FLOW_OPAQUE;
	else
		flow_set_upper(fl, skb, *off);
	return 0;
}

/* Headers that RFC 4301 looks behind. AH and ESP are upper-layer protocols. */
static bool flow_is_ext(u8 nexthdr)
{
	return nexthdr == NEXTHDR_HOP || nexthdr == NEXTHDR_ROUTING ||
	       nexthdr == NEXTHDR_FRAGMENT || nexthdr == NEXTHDR_DEST;
}

/*
 * A fragment header. Behind that of a non-initial fragment is no header but
 * the middle of something, and what it is the middle of is known only when the
 * first fragment began with the upper layer.
 */
static int flow_read_frag(struct ipsec_flow *fl, const struct sk_buff *skb,
			  int *off)
{
	const struct frag_hdr *fh;
	struct frag_hdr buf;

	fh = skb_header_pointer(skb, *off, sizeof(buf), &buf);
	if (!fh)
		return -ENODATA;
	*off += sizeof(buf);
	fl->proto = fh->nexthdr;
	if (!(fh->frag_off & htons(IP6_OFFSET)))
		return 0;
	fl->flags = IPSEC_FLOW_OPAQUE;
	if (flow_is_ext(fh->nexthdr))
		fl->flags |= IPSEC_FLOW_NO_PROTO;
	return 0;
}

/* From the IPv6 header to the upper layer; fl->proto and @off follow. */
static int flow_skip_ext(struct ipsec_flow *fl, const struct sk_buff *skb,
			 int *off)
{
	const struct ipv6_opt_hdr *ext;
	struct ipv6_opt_hdr buf;
	int err;
	int i;

	for (i = 0; i < FLOW_EXT_MAX; i++) {
		if (!flow_is_ext(fl->proto))
			return 0;
		if (fl->proto == NEXTHDR_FRAGMENT) {
			err = flow_read_frag(fl, skb, off);
			if (err || fl->flags)
				return err;
			continue;
		}
		ext = skb_header_pointer(skb, *off, sizeof(buf), &buf);
		if (!ext)
			return -ENODATA;
		fl->proto = ext->nexthdr;
		*off += ipv6_optlen(ext);
	}
	return -ENODATA;
}

/*
 * The destination is the header's, also in front of a routing header: that is
 * where the packet goes next, and what a gateway on the way can know for sure.
 */
static int flow_from_ipv6(struct ipsec_flow *fl, const struct sk_buff *skb,
			  int *off)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	int err;

	ip6h = skb_header_pointer(skb, *off, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return -EINVAL;

	ipsec_addr_set6(&fl->saddr, &ip6h->saddr);
	ipsec_addr_set6(&fl->daddr, &ip6h->daddr);
	fl->proto = ip6h->nexthdr;
	*off += sizeof(buf);
	err = flow_skip_ext(fl, skb, off);
	if (err)
		return err;
	if (!fl->flags)
		flow_set_upper(fl, skb, *off);
	return 0;
}

/**
 * ipsec_flow_read() - the flow of an IP packet that is somewhere in another
 * @fl: where to
 * @skb: the other. Need not be linear
 * @family: AF_INET or AF_INET6 of the packet
 * @off: where its IP header is, from skb->data; moved on to its upper layer, or
 *	to what cannot be read
 *
 * As ipsec_flow_from_skb().
 *
 * Context: any.
 * Return: 0; -EINVAL when it has no IP header; -ENODATA when its chain of
 * extension headers does not end: then @fl has the addresses, and no more.
 */
int ipsec_flow_read(struct ipsec_flow *fl, const struct sk_buff *skb,
		    u16 family, int *off)
{
	memset(fl, 0, sizeof(*fl));
	fl->family = family;
	if (family == AF_INET)
		return flow_from_ipv4(fl, skb, off);
	return flow_from_ipv6(fl, skb, off);
}

/**
 * ipsec_flow_from_skb() - the flow that a packet belongs to
 * @fl: where to
 * @skb: packet; its network header is set. Need not be linear
 * @family: AF_INET or AF_INET6, whose hook it came through
 *
 * A non-initial fragment, or an upper-layer header that is cut short, makes an
 * opaque flow, see enum ipsec_flow_flags. IPv4 options are skipped; of IPv6
 * extension headers hop-by-hop, routing, fragment and destination options are.
 *
 * Context: any.
 * Return: 0, or -EINVAL when the IP header or an extension header is malformed
 * (for IPv6 also when there are more than 128): drop the packet.
 */
int ipsec_flow_from_skb(struct ipsec_flow *fl, struct sk_buff *skb, u16 family)
{
	int off = skb_network_offset(skb);

	return ipsec_flow_read(fl, skb, family, &off) ? -EINVAL : 0;
}
