// SPDX-License-Identifier: GPL-2.0
/*
 * pmtu - sizes: the largest clear packet that fits the path when protected, and
 * what becomes of a larger one. Never cuts a packet; mss.c keeps TCP below it,
 * and tell.c tells its sender.
 *
 * A route's MTU is always that of the protected packet, and so is that of the
 * last SA, which ICMP errors lower (outer_error.c): the route may not be the one
 * that learns, as in a VRF. Ours is never written into a route. In transport mode
 * both have the same route, and it would shrink with every packet.
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "base/drop.h"
#include "compat/gso.h"
#include "path/gso.h"
#include "path/outdst.h"
#include "path/pmtu.h"
#include "path/tcpopt.h"
#include "path/tell.h"
#include "path/tunnel.h"
#include "sa/sa.h"
#include "sa/xform.h"

#define PMTU_MAX	0xffffu		/* of an IP packet: 16 bits of length */

/*
 * Length of the header that stays in front of SA @i: its own in tunnel mode,
 * else that of the last tunnel before it, or of the clear packet.
 */
static unsigned int pmtu_front(const struct ipsec_bundle *b, int i,
			       unsigned int hlen)
{
	for (; i >= 0; i--) {
		if (ipsec_bundle_is_tunnel(b, i))
			return ipsec_pmtu_hlen(b->sa[i]->family);
	}
	return hlen;
}

/*
 * The largest clear packet, with @hlen bytes of header that transport mode
 * leaves outside, that is at most @room long when all SAs are applied. Padding
 * makes the way back inexact, so each transform says it, outermost first.
 */
static unsigned int pmtu_inner(const struct ipsec_bundle *b, unsigned int room,
			       unsigned int hlen)
{
	int i;

	for (i = b->n - 1; i >= 0; i--) {
		const struct ipsec_sa *sa = b->sa[i];
		unsigned int front = pmtu_front(b, i, hlen);
		unsigned int natt = ipsec_natt_hlen(sa);

		if (room <= front + natt)
			return 0;
		room = sa->xform->max_payload(sa, room - front - natt);
		if (!ipsec_bundle_is_tunnel(b, i))
			room += front;
	}
	return room;
}

/**
 * ipsec_pmtu_learnt() - largest protected packet, as its last SA has learnt
 * @route: where it goes
 * @sa: its last SA
 *
 * Of a route with a locked MTU an administrator has said that errors do not
 * count.
 *
 * Context: RCU.
 * Return: bytes, less than the route's MTU; UINT_MAX when the SA does not know
 * better than the route.
 */
unsigned int ipsec_pmtu_learnt(const struct dst_entry *route,
			       struct ipsec_sa *sa)
{
	unsigned int mtu = ipsec_sa_pmtu(&sa->pmtu);

	if (likely(mtu == UINT_MAX) || mtu >= dst_mtu(route) ||
	    dst_metric_locked(route, RTAX_MTU))
		return UINT_MAX;
	return mtu;
}

/* The largest protected packet; RCU. */
static unsigned int pmtu_outer(const struct ipsec_bundle *b,
			       const struct dst_entry *route)
{
	return min3(dst_mtu(route), PMTU_MAX,
		    ipsec_pmtu_learnt(route, b->sa[b->n - 1]));
}

/**
 * ipsec_pmtu_bundle() - largest clear packet without options that fits
 * @b: the SAs that it would go through
 * @family: of the clear packet
 * @route: where the protected packet would go
 *
 * Context: RCU.
 * Return: bytes; 0 when nothing fits.
 */
unsigned int ipsec_pmtu_bundle(const struct ipsec_bundle *b, u16 family,
			       const struct dst_entry *route)
{
	return pmtu_inner(b, pmtu_outer(b, route), ipsec_pmtu_hlen(family));
}

/**
 * ipsec_pmtu_plain() - largest clear packet without options that fits the path
 * @xd: decision, of the current generation
 *
 * Follows the MTU of the route and of the last SA.
 *
 * Context: RCU.
 * Return: bytes; 0 when nothing fits.
 */
unsigned int ipsec_pmtu_plain(struct ipsec_dst *xd)
{
	unsigned int outer = pmtu_outer(&xd->bundle, xd->route);
	u32 cached = READ_ONCE(xd->mtu);

	if (likely(cached >> 16 == outer))
		return cached & 0xffff;

	cached = outer << 16 | pmtu_inner(&xd->bundle, outer,
					  ipsec_pmtu_hlen(xd->family));
	WRITE_ONCE(xd->mtu, cached);
	return cached & 0xffff;
}

/*
 * The same for this packet, whose options or extension headers stay outside
 * of a first SA in transport mode.
 */
static unsigned int pmtu_of(struct ipsec_dst *xd, struct sk_buff *skb)
{
	unsigned int hlen;

	if (ipsec_outdst_is_tunnel(xd, 0))
		return ipsec_pmtu_plain(xd);
	hlen = ipsec_tunnel_unprotected(skb, xd->family);
	if (likely(hlen == ipsec_pmtu_hlen(xd->family)))
		return ipsec_pmtu_plain(xd);
	return pmtu_inner(&xd->bundle, pmtu_outer(&xd->bundle, xd->route), hlen);
}

/*
 * Two halves of a segment would have one signature, or each be a SYN, or point
 * at other urgent data.
 */
static bool pmtu_divisible(const struct sk_buff *skb, unsigned int thoff)
{
	const struct tcphdr *th;
	u8 buf[60] __aligned(4);
	u32 len;

	th = skb_header_pointer(skb, thoff, sizeof(*th), buf);
	if (!th || th->syn || th->urg || th->doff * 4 < sizeof(*th))
		return false;
	len = th->doff * 4;
	th = skb_header_pointer(skb, thoff, len, buf);
	return th && !ipsec_tcp_find_opt(th, len, IPSEC_TCPOPT_MD5) &&
	       !ipsec_tcp_find_opt(th, len, IPSEC_TCPOPT_AO);
}

/* TCP right behind the IP header, and all of it. */
static bool pmtu_is_tcp(const struct ipsec_dst *xd, const struct sk_buff *skb)
{
	if (xd->family == AF_INET6)
		return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP;
	return ip_hdr(skb)->protocol == IPPROTO_TCP &&
	       !ip_is_fragment(ip_hdr(skb));
}

/*
 * TCP whose segments may be cut anew. One that is no super-packet, but whose
 * checksum is still open, comes from a socket here (or from a guest), and can
 * be made one.
 */
static bool pmtu_resizable(const struct ipsec_dst *xd,
			   const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;

	if (skb_is_gso(skb))
		return type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6) &&
		       !(type & SKB_GSO_FRAGLIST) &&
		       skb_shinfo(skb)->gso_size != GSO_BY_FRAGS;

	if (skb->ip_summed != CHECKSUM_PARTIAL || skb->encapsulation ||
	    skb->csum_offset != offsetof(struct tcphdr, check))
		return false;
	return pmtu_is_tcp(xd, skb) &&
	       pmtu_divisible(skb, skb_checksum_start_offset(skb));
}

/*
 * Sockets that learn the MTU by the error of their own packet. Others would
 * send the same again for ever: TCP, SCTP and DCCP ask their route.
 */
static bool pmtu_deaf_socket(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return sk && sk_fullsock(sk) && sk->sk_type != SOCK_DGRAM &&
	       sk->sk_type != SOCK_RAW;
}

/*
 * @ignore_df: a socket left it to us, a local sender does not hear of an MTU
 * (catch.c), or these are received fragments that were put together; then none of
 * them may have been larger than what fits.
 */
static bool pmtu_may_fragment(const struct ipsec_dst *xd,
			      const struct sk_buff *skb, unsigned int mtu)
{
	if (pmtu_deaf_socket(skb))
		return true;
	if (xd->family == AF_INET6)
		return skb->ignore_df && IP6CB(skb)->frag_max_size <= mtu;
	if (!(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return true;
	return skb->ignore_df && IPCB(skb)->frag_max_size <= mtu;
}

static enum ipsec_fit pmtu_fit_big(struct ipsec_dst *xd, struct sk_buff *skb,
				   unsigned int *mtu)
{
	unsigned int most;

	if (pmtu_resizable(xd, skb))
		return IPSEC_FIT_RESIZE;
	if (xd->family == AF_INET6) {
		/* no sender has to go below; the outer packet is fragmented */
		*mtu = max_t(unsigned int, *mtu, IPV6_MIN_MTU);
		if (!skb_is_gso(skb) && skb->len <= IPV6_MIN_MTU)
			return IPSEC_FIT_WHOLE;
	}
	if (!pmtu_may_fragment(xd, skb, *mtu))
		return IPSEC_FIT_TOO_BIG;
	if (skb_is_gso(skb))
		return IPSEC_FIT_CUT;
	/* below IPv4's least MTU a fragment might hold nothing but a header */
	if (ipsec_outdst_is_tunnel(xd, 0) && *mtu >= IPV4_MIN_MTU)
		return IPSEC_FIT_FRAGMENT;

	/* fragments can not be protected in transport mode (RFC 4303 3.1.1) */
	most = pmtu_inner(&xd->bundle, PMTU_MAX,
			  ipsec_tunnel_unprotected(skb, xd->family));
	if (skb->len <= most)
		return IPSEC_FIT_WHOLE;
	*mtu = most;
	return IPSEC_FIT_TOO_BIG;
}

/*
 * Has reassembly made it larger than its sender said it might be? A router
 * behind the tunnel that did not take it could tell nobody who would help: the
 * sender's packets are smaller already. The IP layer cuts such ones in clear.
 */
static bool pmtu_grown(const struct ipsec_dst *xd, const struct sk_buff *skb)
{
	if (xd->family == AF_INET6)
		return unlikely(IP6CB(skb)->frag_max_size) &&
		       skb->len > max_t(unsigned int, IPV6_MIN_MTU,
					IP6CB(skb)->frag_max_size);
	return unlikely(IPCB(skb)->flags & IPSKB_FRAG_PMTU) &&
	       skb->len > IPCB(skb)->frag_max_size;
}

/**
 * ipsec_pmtu_fit() - does a clear packet fit, and if not, what then
 * @xd: decision, of the current generation
 * @skb: packet, skb->data at its IP header, IPCB or IP6CB in its cb
 * @mtu: set to the largest packet that would fit
 *
 * Context: RCU.
 * Return: what is to be done.
 */
enum ipsec_fit ipsec_pmtu_fit(struct ipsec_dst *xd, struct sk_buff *skb,
			      unsigned int *mtu)
{
	*mtu = pmtu_of(xd, skb);
	if (skb_is_gso(skb)) {
		if (skb_gso_validate_network_len(skb, *mtu))
			return IPSEC_FIT_OK;
	} else if (likely(skb->len <= *mtu)) {
		return pmtu_grown(xd, skb) && ipsec_outdst_is_tunnel(xd, 0) ?
		       IPSEC_FIT_FRAGMENT : IPSEC_FIT_OK;
	}
	return pmtu_fit_big(xd, skb, mtu);
}

/**
 * ipsec_pmtu_divide() - let a segment that is too big for the path be cut
 * @xd: decision, of the current generation
 * @skb: forwarded packet that is too big, skb->data at its IP header
 *
 * A super-packet is cut anyhow. This one came alone, from a card that does not
 * cut to one that does not aggregate; a sender whom no ICMP error reaches would
 * send it for ever.
 *
 * Context: RCU, BH off.
 * Return: true if so: it is IPSEC_FIT_RESIZE now. What it says is as before.
 */
bool ipsec_pmtu_divide(const struct ipsec_dst *xd, struct sk_buff *skb)
{
	unsigned int thoff = ipsec_pmtu_hlen(xd->family);

	if (skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL ||
	    skb->encapsulation || !pmtu_is_tcp(xd, skb))
		return false;
	if (xd->family == AF_INET)
		thoff = ip_hdrlen(skb);
	return pmtu_divisible(skb, thoff) &&
	       ipsec_gso_reopen(skb, xd->family, thoff);
}

#define PMTU_HINT_EVERY		HZ

/**
 * ipsec_pmtu_hint() - tell the sender of what is cut that it need not be
 * @xd: decision, of the current generation
 * @skb: TCP, forwarded, of IPSEC_FIT_RESIZE
 * @mtu: what would fit
 *
 * It is on its way already: once a second is enough, and all the same when that
 * is lost.
 *
 * Context: RCU, BH off.
 */
void ipsec_pmtu_hint(struct ipsec_dst *xd, struct sk_buff *skb,
		     unsigned int mtu)
{
	u32 last = READ_ONCE(xd->hinted);
	u32 now = jiffies;

	if (last && now - last < PMTU_HINT_EVERY)
		return;
	if (xd->family == AF_INET6)
		mtu = max_t(unsigned int, mtu, IPV6_MIN_MTU);
	else if (!(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return;
	/* what is below IPv6's least MTU can not be had any smaller */
	if (skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
			      skb->len <= mtu)
		return;
	WRITE_ONCE(xd->hinted, now ?: 1);
	ipsec_tell_too_big(skb, xd->family, mtu);
}
