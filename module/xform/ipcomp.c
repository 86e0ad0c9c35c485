// SPDX-License-Identifier: GPL-2.0
/*
 * ipcomp - IPComp (RFC 3173) with DEFLATE (RFC 2394) as a transform. Decides
 * which packets are compressed; never compresses them itself (alg_comp.c).
 *
 *   | IP header(s) | nexthdr | flags 0 | CPI | compressed payload |
 *                  ^ transport_header
 *
 * A payload that would not get shorter goes as it is, without a header, and so
 * does one that is too short to be worth a try (RFC 3173 2.2). The receiver
 * can not know: see inbound_check.c, and bare.c for tunnels.
 *
 * The CPI on the wire is the SA's SPI, whatever its flags say of
 * SADB_X_EXT_RAWCPI: so do the stock stack and, on it, all keying daemons.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>

#include "alg/alg_comp.h"
#include "base/drop.h"
#include "base/mib.h"
#include "base/skb_cb.h"
#include "base/skb_hdr.h"
#include "sa/sa.h"
#include "sa/xform.h"
#include "xform/ipcomp.h"

/* Below that DEFLATE mostly fails; the stock stack draws the line here, too. */
#define IPCOMP_THRESHOLD	90

static int ipcomp_init(struct ipsec_sa *sa, const struct ipsec_sa *like)
{
	/* it goes into 16 bits on the wire */
	if (ntohl(sa->spi) > U16_MAX)
		return -EINVAL;
	return ipsec_comp_get();
}

static void ipcomp_destroy(struct ipsec_sa *sa)
{
	ipsec_comp_put();
}

static bool ipcomp_may_wait(const struct ipsec_sa *sa)
{
	return false;
}

static unsigned int ipcomp_headroom(const struct ipsec_sa *sa)
{
	return sizeof(struct ip_comp_hdr);
}

static unsigned int ipcomp_tailroom(const struct ipsec_sa *sa)
{
	return 0;
}

/* At worst the payload goes as it is. */
static unsigned int ipcomp_max_payload(const struct ipsec_sa *sa,
				       unsigned int room)
{
	return room;
}

/* Compress the payload into @text; false when it is better left as it is. */
static bool ipcomp_try(struct sk_buff *skb, struct ipsec_comp_text *text)
{
	unsigned int offset = skb_transport_offset(skb);
	unsigned int len = skb->len - offset;

	if (len < IPCOMP_THRESHOLD)
		return false;
	return !ipsec_comp_compress(skb, offset,
				    len - sizeof(struct ip_comp_hdr) - 1, text);
}

/* Moves the IP header forward and fills the gap. */
static void ipcomp_put_header(struct sk_buff *skb, const struct ipsec_sa *sa)
{
	struct ip_comp_hdr *ipch = ipsec_skb_insert(skb, sizeof(*ipch),
						    IPPROTO_COMP);

	ipch->nexthdr = ipsec_skb_cb(skb)->nexthdr;
	ipch->flags = 0;
	ipch->cpi = htons((u16)ntohl(sa->spi));
}

/* See struct ipsec_xform. */
static int ipcomp_output(struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_comp_text text;

	if (skb_cow_head(skb, sizeof(struct ip_comp_hdr)))
		return IPSEC_DROP_OUT_NOMEM;
	if (!ipcomp_try(skb, &text)) {
		skb->data[cb->nh_off] = cb->nexthdr;
		ipsec_mib_inc(sa->net, IPSEC_MIB_UNCOMPRESSED);
		return IPSEC_NEXT;
	}
	ipcomp_put_header(skb, sa);
	if (ipsec_comp_replace(skb, skb_transport_offset(skb) +
				    sizeof(struct ip_comp_hdr), &text))
		return IPSEC_DROP_OUT_NOMEM;
	skb->ip_summed = CHECKSUM_NONE;
	return IPSEC_NEXT;
}

/* How long a payload may get: no longer than IP can say. */
static unsigned int ipcomp_in_room(struct sk_buff *skb)
{
	unsigned int front = skb_network_header_len(skb);

	if (ipsec_skb_cb(skb)->family == AF_INET6)
		front -= sizeof(struct ipv6hdr);
	return IPSEC_COMP_MAX - front;
}

/* See struct ipsec_xform. The flags are ignored (RFC 3173 3.3). */
static int ipcomp_input(struct ipsec_sa *sa, struct sk_buff *skb)
{
	struct ipsec_comp_text text;
	int err;

	if (unlikely(!pskb_may_pull(skb, sizeof(struct ip_comp_hdr))))
		return IPSEC_DROP_IN_HDR;
	err = ipsec_comp_decompress(skb, sizeof(struct ip_comp_hdr),
				    ipcomp_in_room(skb), &text);
	if (!err)
		err = ipsec_comp_replace(skb, sizeof(struct ip_comp_hdr),
					 &text);
	if (unlikely(err))
		return err == -ENOMEM ? IPSEC_DROP_IN_NOMEM :
					IPSEC_DROP_IN_STREAM;

	ipsec_skb_cb(skb)->nexthdr =
		((const struct ip_comp_hdr *)skb->data)->nexthdr;
	ipsec_skb_forget_csum(skb);
	__skb_pull(skb, sizeof(struct ip_comp_hdr));
	return IPSEC_NEXT;
}

static const struct ipsec_xform ipcomp_xform = {
	.proto = IPPROTO_COMP,
	.init = ipcomp_init,
	.destroy = ipcomp_destroy,
	.may_wait = ipcomp_may_wait,
	.headroom = ipcomp_headroom,
	.tailroom = ipcomp_tailroom,
	.max_payload = ipcomp_max_payload,
	.output = ipcomp_output,
	.input = ipcomp_input,
};

/**
 * ipsec_ipcomp_init() - IPComp comes
 *
 * Return: 0 or a negative errno.
 */
int ipsec_ipcomp_init(void)
{
	return ipsec_xform_register(&ipcomp_xform);
}

/**
 * ipsec_ipcomp_exit() - IPComp goes; no SA is left
 */
void ipsec_ipcomp_exit(void)
{
	ipsec_xform_unregister(&ipcomp_xform);
}
