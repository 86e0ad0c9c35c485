// SPDX-License-Identifier: GPL-2.0
/*
 * mss - the segment size that TCP's SYNs offer, lowered to what fits when it
 * is protected, on the way out and on the way in. Then neither end sends what
 * would need fragments or an ICMP error, which many networks lose. Never drops
 * for the size of a packet, and changes nothing but that option.
 *
 *   out   what the peer may send us: it protects it with much the same overhead
 *   in    what we may send to the peer: exact, by the SAs of the way back
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "base/drop.h"
#include "base/sysctl.h"
#include "path/bundle.h"
#include "path/mss.h"
#include "path/outdst.h"
#include "path/pmtu.h"
#include "path/resolve.h"
#include "path/route.h"
#include "path/tcpopt.h"
#include "sp/quote.h"

/*
 * Where TCP begins in a SYN that may offer something, from skb->data, which is
 * at the IP header; 0 for all others.
 */
static unsigned int mss_syn(const struct sk_buff *skb, u16 family)
{
	unsigned int thoff = sizeof(struct ipv6hdr);
	const struct tcphdr *th;
	struct tcphdr buf;

	if (family == AF_INET)
		thoff = ip_hdrlen(skb);
	else if (ipv6_hdr(skb)->nexthdr != IPPROTO_TCP)
		return 0;
	th = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (likely(!th || !th->syn))
		return 0;
	return th->doff * 4 > sizeof(*th) && thoff + th->doff * 4 <= skb->len ?
	       thoff : 0;
}

static void mss_set(struct sk_buff *skb, struct tcphdr *th, unsigned int at,
		    unsigned int most)
{
	u8 *opt = (u8 *)th + at;
	__be16 from = get_unaligned((__be16 *)opt);
	__be16 to = htons(most);

	if (ntohs(from) <= most)
		return;
	put_unaligned(to, (__be16 *)opt);
	/* at an odd place the sum sees the two bytes in the other halves */
	if (at & 1) {
		from = (__force __be16)swab16((__force u16)from);
		to = (__force __be16)swab16((__force u16)to);
	}
	inet_proto_csum_replace2(&th->check, skb, from, to, false);
}

/*
 * Lower the offer to what @mtu leaves. One that TCP-AO has signed stays as it
 * is. Headers may move. False without memory, with nothing changed.
 */
static bool mss_lower(struct sk_buff *skb, u16 family, unsigned int thoff,
		      unsigned int mtu)
{
	unsigned int hlen = ipsec_pmtu_hlen(family) + sizeof(struct tcphdr);
	struct tcphdr *th;
	unsigned int len;
	unsigned int at;

	if (mtu < hlen + TCP_MIN_MSS)
		return true;
	if (skb_ensure_writable(skb, thoff + sizeof(*th)))
		return false;
	len = ((struct tcphdr *)(skb->data + thoff))->doff * 4;
	if (skb_ensure_writable(skb, thoff + len))
		return false;

	th = (struct tcphdr *)(skb->data + thoff);
	at = ipsec_tcp_find_opt(th, len, TCPOPT_MSS);
	if (at && ((const u8 *)th)[at + 1] == TCPOLEN_MSS &&
	    !ipsec_tcp_find_opt(th, len, IPSEC_TCPOPT_AO))
		mss_set(skb, th, at + 2, mtu - hlen);
	return true;
}

/**
 * ipsec_mss_out() - lower the MSS that a SYN offers which will be protected
 * @xd: decision, of the current generation
 * @skb: TCP packet, not a later fragment, skb->data at its IP header
 *
 * Context: RCU, softirq or BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_mss_out(struct ipsec_dst *xd, struct sk_buff *skb)
{
	unsigned int thoff = mss_syn(skb, xd->family);

	if (likely(!thoff) || !ipsec_sysctl_mss_clamp(xd->ipn))
		return 0;
	return mss_lower(skb, xd->family, thoff, ipsec_pmtu_plain(xd)) ?
	       0 : IPSEC_DROP_OUT_NOMEM;
}

/*
 * What fits on the way back of a flow; 0 when that is in clear, or not known.
 * The mark of the answers is not known yet, and their device is a guess.
 */
static unsigned int mss_mtu_back(struct ipsec_net *ipn,
				 const struct sk_buff *skb,
				 const struct ipsec_flow *fl)
{
	struct ipsec_way way = { .dev = skb->dev };
	struct ipsec_flow back = *fl;
	struct dst_entry *route;
	struct ipsec_bundle b;
	unsigned int mtu;

	ipsec_flow_turn(&back);
	if (!ipsec_resolve_peek(ipn, &back, &b))
		return 0;
	route = ipsec_route_get(ipn, &b, &way);
	if (!route)
		return 0;
	mtu = ipsec_pmtu_bundle(&b, fl->family, route);
	dst_release(route);
	return mtu;
}

/**
 * ipsec_mss_in() - lower the MSS that a SYN offers which came protected
 * @ipn: namespace
 * @skb: TCP packet that the SPD lets in, skb->data at its IP header
 * @fl: its flow, with the addresses that it had on the wire; not opaque
 *
 * Sockets here have the link's MTU for the peer's, and hosts behind us that of
 * theirs. Without memory it goes on as it is.
 *
 * Context: RCU, softirq.
 */
void ipsec_mss_in(struct ipsec_net *ipn, struct sk_buff *skb,
		  const struct ipsec_flow *fl)
{
	unsigned int thoff = mss_syn(skb, fl->family);
	unsigned int mtu;

	if (likely(!thoff) || !ipsec_sysctl_mss_clamp(ipn))
		return;
	mtu = mss_mtu_back(ipn, skb, fl);
	if (mtu)
		mss_lower(skb, fl->family, thoff, mtu);
}
