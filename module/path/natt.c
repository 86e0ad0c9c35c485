// SPDX-License-Identifier: GPL-2.0
/*
 * natt - ESP in UDP (RFC 3948): puts the UDP header on, sees where a packet
 * came from, and mends the checksums that a NAT has made wrong. Never decides
 * whether a packet may come in UDP, and sends nothing of its own: keepalives
 * are the keying daemon's, which owns the port.
 *
 *   | IP | UDP | SPI seq | ...
 *                ^ transport_header, where the stock stack's UDP leaves it
 *          ^ still there, 8 bytes before
 */
#include <linux/in.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

#include "base/drop.h"
#include "base/skb_cb.h"
#include "base/skb_hdr.h"
#include "path/natt.h"
#include "sa/sa.h"

/**
 * ipsec_natt_push() - put the UDP header in front of ESP
 * @skb: packet as the transform left it, with headroom, on the OUT road
 * @sa: the SA, one in UDP
 *
 * The checksum is zero over IPv4, as RFC 3948 2.1 wants it; IPv6 has none
 * without, and leaves it to the device.
 *
 * Context: BH off.
 */
void ipsec_natt_push(struct sk_buff *skb, const struct ipsec_sa *sa)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_natt_ports ports = ipsec_natt_ports(sa);
	struct udphdr *uh = ipsec_skb_insert(skb, IPSEC_NATT_HLEN, IPPROTO_UDP);
	unsigned int len = skb->len - skb_transport_offset(skb);
	const struct ipv6hdr *ip6h;

	uh->source = ports.src;
	uh->dest = ports.dst;
	/* what does not fit, ipsec_tunnel_close() refuses */
	uh->len = htons(len);
	uh->check = 0;
	if (cb->family != AF_INET6)
		return;
	ip6h = ipv6_hdr(skb);
	uh->check = ~csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len,
				     IPPROTO_UDP, 0);
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
}

static void natt_source(const struct sk_buff *skb, u8 family,
			struct ipsec_natt_peer *from)
{
	const struct udphdr *uh;

	uh = (const struct udphdr *)(skb_transport_header(skb) -
				     IPSEC_NATT_HLEN);
	from->port = uh->source;
	if (family == AF_INET)
		ipsec_addr_set4(&from->addr, ip_hdr(skb)->saddr);
	else
		ipsec_addr_set6(&from->addr, &ipv6_hdr(skb)->saddr);
}

/**
 * ipsec_natt_arrived() - an authentic packet has come in UDP
 * @skb: packet on the IN road, its transform undone, the headers before as they
 *	came
 * @tunnel: its SA is used as a tunnel
 *
 * Who moved to another address is told of and believed in a tunnel, where ESP
 * covers the inner addresses. In transport mode nothing covers the address that
 * the payload would be received from.
 *
 * Context: Softirq or process with BH off, RCU.
 * Return: 0, or the drop reason IN_ENDPOINT.
 */
int ipsec_natt_arrived(struct sk_buff *skb, bool tunnel)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;
	struct ipsec_natt_peer from;

	/* an SA for all senders */
	if (ipsec_addr_is_any(&sa->saddr))
		return 0;
	natt_source(skb, cb->family, &from);
	ipsec_natt_came_from(sa, cb->seq, &from);
	return tunnel || ipsec_addr_equal(&sa->saddr, &from.addr) ?
		0 : IPSEC_DROP_IN_ENDPOINT;
}

/* Where the payload's checksum is; NULL when none covers the addresses. */
static __sum16 *natt_sum(struct sk_buff *skb, u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
			return NULL;
		return &((struct tcphdr *)skb->data)->check;
	case IPPROTO_UDP:
		if (!pskb_may_pull(skb, sizeof(struct udphdr)))
			return NULL;
		/* none, which over IPv6 the stack itself refuses */
		if (!((struct udphdr *)skb->data)->check)
			return NULL;
		return &((struct udphdr *)skb->data)->check;
	default:
		return NULL;
	}
}

/* The sender's address is known: what differs is taken out of the sum. */
static void natt_sum_replace(struct sk_buff *skb, const struct ipsec_sa *sa,
			     __sum16 *sum)
{
	if (sa->family == AF_INET)
		inet_proto_csum_replace4(sum, skb, sa->natt.oa.a4,
					 ip_hdr(skb)->saddr, true);
	else
		inet_proto_csum_replace16(sum, skb,
					  sa->natt.oa.a6.s6_addr32,
					  ipv6_hdr(skb)->saddr.s6_addr32, true);
}

/*
 * What either address was is not known: a new sum (RFC 3948 3.1.2). That the
 * payload is what was sent is ESP's word. A length that is no length is left
 * for the receiver to find.
 */
static void natt_sum_anew(struct sk_buff *skb, u8 family, u8 proto,
			  __sum16 *sum)
{
	unsigned int len = skb->len;
	__wsum csum;

	if (proto == IPPROTO_UDP) {
		len = ntohs(((struct udphdr *)skb->data)->len);
		if (len < sizeof(struct udphdr) || len > skb->len)
			return;
	}
	*sum = 0;
	csum = skb_checksum(skb, 0, len, 0);
	if (family == AF_INET)
		*sum = csum_tcpudp_magic(ip_hdr(skb)->saddr,
					 ip_hdr(skb)->daddr, len, proto, csum);
	else
		*sum = csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
				       &ipv6_hdr(skb)->daddr, len, proto, csum);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = 0;
}

/**
 * ipsec_natt_fix_checksum() - transport mode: a NAT has changed addresses that
 *	the payload's checksum covers
 * @skb: packet as ipsec_decap_transport() left it
 *
 * With the original source address (NAT-OA) the receiver still checks the sum
 * that the sender made. Without it, it is made anew.
 *
 * Context: Softirq or process with BH off.
 */
void ipsec_natt_fix_checksum(struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	__sum16 *sum = natt_sum(skb, cb->nexthdr);

	if (!sum)
		return;
	if (cb->sa->natt.oa_family)
		natt_sum_replace(skb, cb->sa, sum);
	else
		natt_sum_anew(skb, cb->family, cb->nexthdr, sum);
	/* 0 says that there is none */
	if (cb->nexthdr == IPPROTO_UDP && !*sum)
		*sum = CSUM_MANGLED_0;
}

/**
 * ipsec_natt_is_esp() - is this datagram one that the port of a keying daemon
 *	does not give to the daemon
 * @skb: UDP packet in LOCAL_IN
 * @family: of its header
 *
 * Context: any.
 * Return: true for ESP and keepalives, false for IKE behind its marker of four
 * zero bytes (RFC 3948 2).
 */
bool ipsec_natt_is_esp(struct sk_buff *skb, u8 family)
{
	unsigned int off = skb_network_offset(skb);
	unsigned int len;
	__be32 marker;
	u8 first;

	if (family == AF_INET)
		off += ip_hdrlen(skb);
	else if (ipv6_find_hdr(skb, &off, IPPROTO_UDP, NULL, NULL) < 0)
		return false;
	off += sizeof(struct udphdr);
	if (off >= skb->len)
		return false;
	len = skb->len - off;
	if (len == 1)
		return !skb_copy_bits(skb, off, &first, 1) && first == 0xff;
	return len > sizeof(struct ip_esp_hdr) &&
	       !skb_copy_bits(skb, off, &marker, sizeof(marker)) && marker;
}
