// SPDX-License-Identifier: GPL-2.0
/*
 * gso - makes of what the stack sends what a transform can take: super-packets
 * cut, checksums complete, room at both ends, nothing written that others
 * share. Never looks at SAs.
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "base/drop.h"
#include "compat/gso.h"
#include "path/gso.h"

/*
 * Packets up to this size are brought into one piece here: one copy, which also
 * parts them from pages that others hold. What is to become of larger ones, for
 * which that needs a high-order allocation, is the transform's to say.
 */
#define GSO_LINEAR_MAX	(4 * PAGE_SIZE)

/* Bytes in front of the data of each segment. */
static unsigned int gso_headers(const struct sk_buff *skb)
{
	if (skb->encapsulation)
		return skb_inner_transport_offset(skb) +
		       inner_tcp_hdrlen(skb);
	return skb_transport_offset(skb) + tcp_hdrlen(skb);
}

/**
 * ipsec_gso_reopen() - leave the checksum of a TCP segment to whoever cuts it
 * @skb: no super-packet, with a complete checksum; skb->data at its IP header
 * @family: of its header
 * @thoff: where TCP begins
 *
 * Only when it is right: each piece gets one of its own, which would hide it.
 *
 * Context: any.
 * Return: true if so; else nothing has changed.
 */
bool ipsec_gso_reopen(struct sk_buff *skb, u16 family, unsigned int thoff)
{
	unsigned int len = skb->len - thoff;
	struct tcphdr *th;
	__sum16 sum;

	if (skb_ensure_writable(skb, thoff + sizeof(*th)))
		return false;
	if (family == AF_INET6)
		sum = tcp_v6_check(len, &ipv6_hdr(skb)->saddr,
				   &ipv6_hdr(skb)->daddr, 0);
	else
		sum = tcp_v4_check(len, ip_hdr(skb)->saddr,
				   ip_hdr(skb)->daddr, 0);
	/* of the pseudo header, as a card wants it */
	sum = (__force __sum16)~(__force u16)sum;
	if (csum_fold(skb_checksum(skb, thoff, len, csum_unfold(sum))) ||
	    !skb_partial_csum_set(skb, thoff, offsetof(struct tcphdr, check)))
		return false;
	th = (struct tcphdr *)(skb->data + thoff);
	th->check = sum;
	return true;
}

/**
 * ipsec_gso_resize() - let the segments of TCP be at most so long
 * @skb: a super-packet, or one packet with open checksum that is made one;
 *	skb->data at its IP header
 * @family: of its header
 * @mtu: bytes of IP packet
 *
 * Nothing is lost by it: TCP does not care where its stream is cut.
 *
 * Context: any.
 * Return: 0 or a drop reason.
 */
int ipsec_gso_resize(struct sk_buff *skb, u16 family, unsigned int mtu)
{
	struct skb_shared_info *shinfo;
	unsigned int headers;

	if (!skb_is_gso(skb))
		skb_set_transport_header(skb, skb_checksum_start_offset(skb));
	headers = gso_headers(skb);
	if (mtu < headers + TCP_MIN_MSS)
		return IPSEC_DROP_OUT_TOO_BIG;
	/* a clone in TCP's queue has the same shared info */
	if (skb_unclone(skb, GFP_ATOMIC))
		return IPSEC_DROP_OUT_NOMEM;

	shinfo = skb_shinfo(skb);
	if (!skb_is_gso(skb))
		shinfo->gso_type = family == AF_INET6 ? SKB_GSO_TCPV6 :
							SKB_GSO_TCPV4;
	/* the pieces do not match the size: the segmenter must look closer */
	shinfo->gso_type |= SKB_GSO_DODGY;
	shinfo->gso_size = mtu - headers;
	shinfo->gso_segs = 0;
	return 0;
}

/**
 * ipsec_gso_checksum() - complete what was left to the device
 * @skb: packet, no super-packet
 *
 * Context: any.
 * Return: 0 or a drop reason.
 */
int ipsec_gso_checksum(struct sk_buff *skb)
{
	/* knows SCTP's as well; no feature means that it has to be done now */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_csum_hwoffload_help(skb, 0))
		return IPSEC_DROP_OUT_GSO;
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

/**
 * ipsec_gso_cut() - cut a super-packet into what goes on the wire
 * @skb: super-packet; consumed on success
 * @segs: set to the list of segments, with complete checksums
 *
 * Context: any.
 * Return: 0 or a drop reason.
 */
int ipsec_gso_cut(struct sk_buff *skb, struct sk_buff **segs)
{
	struct sk_buff *list;
	struct sk_buff *seg;

	BUILD_BUG_ON(sizeof(*IPCB(skb)) > SKB_GSO_CB_OFFSET);
	if (ipsec_compat_jumbo_remove(skb))
		return IPSEC_DROP_OUT_NOMEM;
	list = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(list))
		return PTR_ERR_OR_ZERO(list) == -ENOMEM ?
		       IPSEC_DROP_OUT_NOMEM : IPSEC_DROP_OUT_GSO;
	/* UDP tunnels and GRE leave theirs to the device, whatever we ask for */
	for (seg = list; seg; seg = seg->next) {
		if (unlikely(ipsec_gso_checksum(seg))) {
			kfree_skb_list(list);
			return IPSEC_DROP_OUT_GSO;
		}
	}
	consume_skb(skb);
	*segs = list;
	return 0;
}

/**
 * ipsec_gso_room() - make room at both ends, once for all headers
 * @skb: packet
 * @head: bytes wanted in front of skb->data
 * @tail: bytes wanted behind the packet
 *
 * A packet whose header is shared gets one of its own. What is still not
 * linear afterwards may have shared pages, and no room behind: the transform
 * sees to both.
 *
 * Context: any.
 * Return: 0 or a drop reason.
 */
int ipsec_gso_room(struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	unsigned int have_head = skb_headroom(skb);
	unsigned int have_tail = skb_end_pointer(skb) - skb_tail_pointer(skb);
	int nhead = 0;
	int ntail = 0;

	if (skb_is_nonlinear(skb)) {
		if (skb->len + head + tail > GSO_LINEAR_MAX)
			tail = 0;
		else
			tail += skb->data_len;
	}
	if (head > have_head)
		nhead = SKB_DATA_ALIGN(head - have_head);
	if (tail > have_tail)
		ntail = tail - have_tail;

	if ((nhead || ntail || skb_cloned(skb)) &&
	    pskb_expand_head(skb, nhead, ntail, GFP_ATOMIC))
		return IPSEC_DROP_OUT_NOMEM;
	if (tail && skb_is_nonlinear(skb) && __skb_linearize(skb))
		return IPSEC_DROP_OUT_NOMEM;
	return 0;
}
