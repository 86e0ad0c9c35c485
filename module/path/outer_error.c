// SPDX-License-Identifier: GPL-2.0
/*
 * outer_error - ICMP errors about packets that the OUT road sent: whose was it,
 * and what is the matter? Too big: what does the path take (RFC 4301 8.2)?
 * Did not arrive: somebody should know (RFC 4301 6.1.1). Never tells anybody who
 * sends clear packets: the error quotes too little to know who did, so the next
 * one of the SA tells its sender (tell.c).
 *
 *   IP | ICMP, 8 bytes | IP | ESP, AH or IPComp        SPI and both ends
 *                           | UDP | ESP                and both ports
 *                           | IP                       an IPComp tunnel that left
 *                                                      it as it was: both ends
 *
 * Nothing vouches for such an error but that whoever made it has seen the packet.
 * So what it says is believed within bounds, and for some time only; and what it
 * says does not arrive is sent all the same.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/sock.h>

#include "base/net.h"
#include "base/selector.h"
#include "path/bare.h"
#include "path/outer_error.h"
#include "path/spi.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sp/flow.h"

/* What RFC 792 has an error quote behind the IP header. */
#define ERROR_QUOTED	8

/**
 * struct outer_error - what an error says
 * @sa: SA of the packet that it quotes; borrowed under RCU
 * @proto: upper-layer protocol of that packet
 * @too_big: about its size; else it did not arrive
 * @len: its length
 * @told: what would have passed, when @too_big
 * @off: of its IP header, from skb->data
 */
struct outer_error {
	struct ipsec_sa *sa;
	u8 proto;
	bool too_big;
	unsigned int len;
	unsigned int told;
	int off;
};

/**
 * ipsec_outer_error_sa_rcu() - did we send the packet with this SPI
 * @ipn: namespace
 * @saddr: its source
 * @daddr: its destination
 * @family: AF_INET or AF_INET6 of both
 * @hdr: its header of @proto, 8 bytes
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Both addresses must be the SA's: one who only guesses an SPI must guess the
 * other end, too.
 *
 * Context: RCU.
 * Return: its SA, borrowed under RCU; or NULL.
 */
struct ipsec_sa *ipsec_outer_error_sa_rcu(struct ipsec_net *ipn,
					  const union ipsec_addr *saddr,
					  const union ipsec_addr *daddr,
					  u16 family, const void *hdr, u8 proto)
{
	struct ipsec_sa *sa;

	sa = ipsec_sad_lookup_rcu(ipn, daddr, ipsec_spi_of(hdr, proto), proto,
				  family);
	if (!sa || !ipsec_sa_usable(sa))
		return NULL;
	return ipsec_addr_equal(&sa->saddr, saddr) ||
	       ipsec_addr_is_any(&sa->saddr) ? sa : NULL;
}

/* ESP in UDP whose header is at @off: IKE has four zero bytes for an SPI. */
static struct ipsec_sa *error_sa_udp(struct ipsec_net *ipn,
				     const struct sk_buff *skb,
				     const struct ipsec_flow *quote, int off)
{
	struct ipsec_natt_ports ports;
	const struct ip_esp_hdr *esph;
	struct ip_esp_hdr buf = {};
	struct ipsec_sa *sa;

	off += sizeof(struct udphdr);
	esph = skb_header_pointer(skb, off, sizeof(esph->spi), &buf);
	if (!esph)
		return NULL;
	sa = ipsec_outer_error_sa_rcu(ipn, &quote->saddr, &quote->daddr,
				      quote->family, esph, IPPROTO_ESP);
	if (!sa || !sa->encap)
		return NULL;
	ports = ipsec_natt_ports(sa);
	return quote->sport == ports.src && quote->dport == ports.dst ?
		sa : NULL;
}

/* The SA of a packet whose upper layer is at @off of @skb; NULL if not ours. */
static struct ipsec_sa *error_sa(struct ipsec_net *ipn,
				 const struct sk_buff *skb,
				 const struct ipsec_flow *quote, int off)
{
	u8 buf[ERROR_QUOTED] __aligned(4);
	struct ipsec_sa *sa;
	const void *hdr;

	if (quote->flags)
		return NULL;
	if (quote->proto == IPPROTO_UDP)
		return error_sa_udp(ipn, skb, quote, off);
	if (ipsec_bare_is(quote->proto))
		return ipsec_bare_sent_rcu(ipn, &quote->saddr, &quote->daddr,
					   quote->family);
	if (!ipsec_spi_hdrlen(quote->proto))
		return NULL;

	hdr = skb_header_pointer(skb, off, sizeof(buf), buf);
	if (!hdr)
		return NULL;
	sa = ipsec_outer_error_sa_rcu(ipn, &quote->saddr, &quote->daddr,
				      quote->family, hdr, quote->proto);
	return sa && !sa->encap ? sa : NULL;
}

/*
 * Errors that say that a packet did not arrive. A source route is none of ours,
 * and of times the one that a router's fragments take is not about the way.
 */
static bool error_is_unreachable4(u8 type, u8 code)
{
	if (type == ICMP_DEST_UNREACH)
		return code <= NR_ICMP_UNREACH && code != ICMP_SR_FAILED;
	return type == ICMP_TIME_EXCEEDED && code == ICMP_EXC_TTL;
}

static bool error_is_unreachable6(u8 type, u8 code)
{
	switch (type) {
	case ICMPV6_DEST_UNREACH:
		return true;
	case ICMPV6_TIME_EXCEED:
		return code == ICMPV6_EXC_HOPLIMIT;
	case ICMPV6_PARAMPROB:
		return code == ICMPV6_UNK_NEXTHDR;
	default:
		return false;
	}
}

/* Its header is at @off. Sets @e->too_big, ->told, and ->off to the quote's. */
static bool error_read_icmp(struct outer_error *e, const struct sk_buff *skb,
			    const struct ipsec_flow *fl, int off)
{
	const struct icmp6hdr *icmp6h;
	const struct icmphdr *icmph;
	u8 type = ntohs(fl->sport);
	u8 code = ntohs(fl->dport);
	u8 buf[8] __aligned(4);

	BUILD_BUG_ON(sizeof(*icmph) != sizeof(buf));
	BUILD_BUG_ON(sizeof(*icmp6h) != sizeof(buf));
	e->off = off + sizeof(buf);
	icmph = skb_header_pointer(skb, off, sizeof(buf), buf);
	if (!icmph || fl->flags)
		return false;
	if (fl->family == AF_INET) {
		e->told = ntohs(icmph->un.frag.mtu);
		e->too_big = type == ICMP_DEST_UNREACH &&
			     code == ICMP_FRAG_NEEDED;
		return fl->proto == IPPROTO_ICMP &&
		       (e->too_big || error_is_unreachable4(type, code));
	}
	icmp6h = (const struct icmp6hdr *)icmph;
	e->told = ntohl(icmp6h->icmp6_mtu);
	e->too_big = type == ICMPV6_PKT_TOOBIG;
	return fl->proto == IPPROTO_ICMPV6 &&
	       (e->too_big || error_is_unreachable6(type, code));
}

/* Length of the packet that is quoted, as its header says; 0 when that is cut. */
static unsigned int error_quoted_len(const struct sk_buff *skb, u8 family,
				     int off)
{
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;
	struct ipv6hdr buf6;
	struct iphdr buf4;

	if (family == AF_INET) {
		iph = skb_header_pointer(skb, off, sizeof(buf4), &buf4);
		return iph ? ntohs(iph->tot_len) : 0;
	}
	ip6h = skb_header_pointer(skb, off, sizeof(buf6), &buf6);
	return ip6h ? ntohs(ip6h->payload_len) + sizeof(*ip6h) : 0;
}

/* Is it an error about a packet of ours? RCU. */
static bool error_read(struct ipsec_net *ipn, const struct sk_buff *skb,
		       u8 family, struct outer_error *e)
{
	int off = skb_network_offset(skb);
	struct ipsec_flow own, quote;

	if (ipsec_flow_read(&own, skb, family, &off) ||
	    !error_read_icmp(e, skb, &own, off))
		return false;
	off = e->off;
	e->len = error_quoted_len(skb, family, off);
	if (ipsec_flow_read(&quote, skb, family, &off) ||
	    !ipsec_addr_equal(&quote.saddr, &own.daddr))
		return false;
	e->proto = quote.proto;
	e->sa = error_sa(ipn, skb, &quote, off);
	return e->sa;
}

/**
 * ipsec_outer_error_is() - is a packet an ICMP error about one that was sent
 *	protected
 * @ipn: namespace
 * @skb: packet in LOCAL_IN, over IPv4 whole
 * @family: of its header
 *
 * Context: RCU.
 * Return: true if so.
 */
bool ipsec_outer_error_is(struct ipsec_net *ipn, const struct sk_buff *skb,
			  u8 family)
{
	struct outer_error e;

	return error_read(ipn, skb, family, &e);
}

/*
 * Routers that are older than RFC 1191 do not say what would have passed: the
 * next of the sizes that links have, as its section 7.1 lists them.
 */
static unsigned int error_guess(unsigned int len)
{
	static const u16 plateaus[] = {
		32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plateaus); i++) {
		if (plateaus[i] < len)
			return plateaus[i];
	}
	return 0;
}

/*
 * What is believed of an error of IPv4; 0 for nothing. The least is as for the
 * stack's own routes, and ip_no_pmtu_disc does what its documentation says: 1 takes
 * the least, 2 ignores all, and 3 those without a value that the sender chose, as
 * an SPI is one.
 */
static unsigned int error_mtu4(const struct net *net,
			       const struct outer_error *e)
{
	unsigned int least = READ_ONCE(net->ipv4.ip_rt_min_pmtu);
	unsigned int mtu = e->told ?: error_guess(e->len);

	switch (READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc)) {
	case 0:
		break;
	case 2:
		return 0;
	case 3:
		if (ipsec_bare_is(e->proto))
			return 0;
		break;
	default:
		mtu = least;
		break;
	}
	return max(mtu, least);
}

/* The same of IPv6, where no link may have less (RFC 8201 4). */
static unsigned int error_mtu6(const struct outer_error *e)
{
	return e->told < IPV6_MIN_MTU ? 0 : e->told;
}

/*
 * The route learns as well: the next SA of the same ends goes by it. A VRF has
 * routes of its own; for one that was found by a mark there is the SA alone.
 */
static void error_tell_route(struct net *net, struct sk_buff *skb, u8 family,
			     const struct outer_error *e, unsigned int mtu)
{
	unsigned int hlen = family == AF_INET ? sizeof(struct iphdr) :
						sizeof(struct ipv6hdr);
	int oif = l3mdev_master_ifindex_rcu(skb->dev);

	/* UDP has its own way to do that */
	if (e->proto == IPPROTO_UDP || !pskb_may_pull(skb, e->off + hlen))
		return;
	__skb_pull(skb, e->off);
	if (family == AF_INET)
		ipv4_update_pmtu(skb, net, mtu, oif, e->proto);
	else
		ip6_update_pmtu(skb, net, htonl(mtu), oif, 0,
				sock_net_uid(net, NULL));
	__skb_push(skb, e->off);
}

/* The path takes less than was thought; within bounds. */
static void error_learn_mtu(struct ipsec_net *ipn, struct sk_buff *skb,
			    u8 family, const struct outer_error *e)
{
	struct net *net = ipn->net;
	unsigned long age;
	unsigned int mtu;

	mtu = family == AF_INET ? error_mtu4(net, e) : error_mtu6(e);
	if (!mtu || mtu >= e->len)
		return;
	age = family == AF_INET ? READ_ONCE(net->ipv4.ip_rt_mtu_expires) :
				  READ_ONCE(net->ipv6.sysctl.ip6_rt_mtu_expires);
	ipsec_sa_pmtu_learn(&e->sa->pmtu, mtu, age);
	error_tell_route(net, skb, family, e, mtu);
}

/**
 * ipsec_outer_error_learn() - learn from a packet, if it is such an error
 * @ipn: namespace
 * @skb: packet in LOCAL_IN, behind all rules; over IPv4 whole. Headers may move
 * @family: of its header
 *
 * Context: RCU.
 */
void ipsec_outer_error_learn(struct ipsec_net *ipn, struct sk_buff *skb,
			     u8 family)
{
	u8 proto = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct outer_error e;

	if (!error_read(ipn, skb, family, &e) ||
	    nf_checksum(skb, NF_INET_LOCAL_IN, e.off - sizeof(struct icmphdr),
			proto, family))
		return;
	if (e.too_big)
		error_learn_mtu(ipn, skb, family, &e);
	else
		ipsec_sa_unreach_learn(&e.sa->unreach);
}
