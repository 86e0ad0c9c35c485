// SPDX-License-Identifier: GPL-2.0
/*
 * ah - AH (RFC 4302) as a transform. Never moves the replay window, and never
 * writes anything but its own header: the ICV is taken over a copy of the
 * headers in front (ah_mutable.c) and over the payload where it is.
 *
 *   | IP header(s) | nh len 0 | SPI | seq | ICV, padding | payload |  upper half
 *                  ^ transport_header                                 of seq
 *   |<- as masked >|<- as it is, ICV zero ------------->|<- as is >|<- ESN -->|
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/testudo_pfkey.h>
#include <crypto/algapi.h>

#include "alg/alg_hash.h"
#include "base/drop.h"
#include "base/skb_cb.h"
#include "base/skb_hdr.h"
#include "sa/sa.h"
#include "sa/xform.h"
#include "xform/ah.h"
#include "xform/ah_mutable.h"

/* Headers in front that are copied without memory of their own. */
#define AH_FRONT_STACK		128

/* The longest AH: of an ICV of 256 bits, over IPv6. */
#define AH_LEN_MAX		ALIGN(sizeof(struct ip_auth_hdr) + 32, 8)

/**
 * struct ah - what AH keeps for an SA; const after init
 * @hash: algorithm and key
 * @len: bytes of the header that is sent, ICV and padding included
 * @esn: the upper half of the sequence number is authenticated too
 */
struct ah {
	struct ipsec_hash hash;
	u8 len;
	bool esn;
};

/**
 * struct ah_front - the masked headers in front of AH
 * @hdr: they; @buf, or memory of their own
 * @len: their length
 * @buf: where they mostly fit
 */
struct ah_front {
	u8 *hdr;
	unsigned int len;
	u8 buf[AH_FRONT_STACK] __aligned(4);
};

/*
 * A multiple of 4 bytes with IPv4, of 8 with IPv6 (RFC 4302 2.2). Linux' own
 * AH has 8 for both unless it is told otherwise.
 */
static unsigned int ah_len(unsigned int icv, unsigned int align)
{
	return ALIGN(sizeof(struct ip_auth_hdr) + icv, align);
}

static const struct ipsec_alg *ah_alg(const struct ipsec_sa *sa,
				      const struct ipsec_sa *like)
{
	const struct ah *ah = like ? like->xform_priv : NULL;

	return ah ? ipsec_alg_auth_icv(sa->auth.alg, ah->hash.icv) :
		    ipsec_alg_auth(sa->auth.alg);
}

static int ah_init(struct ipsec_sa *sa, const struct ipsec_sa *like)
{
	const struct ipsec_alg *alg = ah_alg(sa, like);
	bool by8 = sa->family == AF_INET6 ||
		   sa->x_flags & SADB_X_TESTUDO_SA_ALIGN8;
	struct ah *ah;
	int err;

	if (!alg)
		return -ENOSYS;
	/* AH that authenticates nothing is none */
	if (!alg->icv || !ipsec_alg_key_ok(alg, sa->auth.bits))
		return -EINVAL;
	ah = kzalloc(sizeof(*ah), GFP_KERNEL_ACCOUNT);
	if (!ah)
		return -ENOMEM;
	err = ipsec_hash_init(&ah->hash, alg, sa->auth.bytes, sa->auth.bits);
	if (err) {
		kfree(ah);
		return err;
	}
	ah->len = ah_len(alg->icv, by8 ? 8 : 4);
	ah->esn = sa->replay.esn;
	sa->xform_priv = ah;
	return 0;
}

static void ah_destroy(struct ipsec_sa *sa)
{
	struct ah *ah = sa->xform_priv;

	ipsec_hash_exit(&ah->hash);
	kfree(ah);
	sa->xform_priv = NULL;
}

static bool ah_may_wait(const struct ipsec_sa *sa)
{
	return false;
}

static unsigned int ah_headroom(const struct ipsec_sa *sa)
{
	const struct ah *ah = sa->xform_priv;

	return ah->len;
}

static unsigned int ah_tailroom(const struct ipsec_sa *sa)
{
	return 0;
}

static unsigned int ah_max_payload(const struct ipsec_sa *sa, unsigned int room)
{
	const struct ah *ah = sa->xform_priv;

	return room > ah->len ? room - ah->len : 0;
}

static int ah_front_copy(struct ah_front *f, const void *hdr, unsigned int len)
{
	f->hdr = f->buf;
	f->len = len;
	if (unlikely(len > sizeof(f->buf))) {
		f->hdr = kmalloc(len, GFP_ATOMIC);
		if (!f->hdr)
			return -ENOMEM;
	}
	memcpy(f->hdr, hdr, len);
	return 0;
}

static void ah_front_free(struct ah_front *f)
{
	if (unlikely(f->hdr != f->buf))
		kfree(f->hdr);
}

/*
 * The ICV of a packet. @ah is the header with its ICV zeroed, @payload where
 * what it protects begins, from skb->data.
 */
static int ah_icv(const struct ah *ah, struct sk_buff *skb,
		  const struct ah_front *f, const struct ip_auth_hdr *ahh,
		  unsigned int len, unsigned int payload, u8 *icv)
{
	__be32 high = htonl(ipsec_skb_cb(skb)->seq >> 32);
	const struct kvec front[] = {
		{ .iov_base = f->hdr, .iov_len = f->len },
		{ .iov_base = (void *)ahh, .iov_len = len },
	};
	const struct ipsec_hash_text text = {
		.front = front,
		.nfront = ARRAY_SIZE(front),
		.skb = skb,
		.offset = payload,
		.back = {
			.iov_base = &high,
			.iov_len = ah->esn ? sizeof(high) : 0,
		},
	};

	return ipsec_hash_icv(&ah->hash, &text, icv);
}

/* The headers as they will go: with AH named and counted. */
static int ah_out_front(struct ah_front *f, const struct ah *ah,
			struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	unsigned int total = skb->len + ah->len;

	if (ah_front_copy(f, skb->data, skb_transport_offset(skb)))
		return IPSEC_DROP_OUT_NOMEM;
	f->hdr[cb->nh_off] = IPPROTO_AH;
	if (cb->family == AF_INET6)
		((struct ipv6hdr *)f->hdr)->payload_len =
			htons(total - sizeof(struct ipv6hdr));
	else
		((struct iphdr *)f->hdr)->tot_len = htons(total);
	if (!ipsec_ah_mask(f->hdr, f->len, cb->family))
		return 0;
	ah_front_free(f);
	return IPSEC_DROP_OUT_HDR;
}

/* Moves the IP header forward and fills the gap; returns the AH header. */
static struct ip_auth_hdr *ah_put_header(struct sk_buff *skb,
					 const struct ah *ah,
					 const struct ipsec_sa *sa)
{
	struct ip_auth_hdr *ahh = ipsec_skb_insert(skb, ah->len, IPPROTO_AH);
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);

	memset(ahh, 0, ah->len);
	ahh->nexthdr = cb->nexthdr;
	ahh->hdrlen = ah->len / 4 - 2;
	ahh->spi = sa->spi;
	ahh->seq_no = htonl((u32)cb->seq);
	return ahh;
}

/* See struct ipsec_xform. */
static int ah_output(struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ah *ah = sa->xform_priv;
	struct ip_auth_hdr *ahh;
	struct ah_front f;
	unsigned int behind;
	int why;

	if (skb_cow_head(skb, ah->len))
		return IPSEC_DROP_OUT_NOMEM;
	why = ah_out_front(&f, ah, skb);
	if (why)
		return why;
	/* last of what a packet may cause to fail, so that no number is lost */
	if (unlikely(ipsec_sa_take_seq(sa, &ipsec_skb_cb(skb)->seq))) {
		ah_front_free(&f);
		return IPSEC_DROP_OUT_SEQ;
	}

	ahh = ah_put_header(skb, ah, sa);
	behind = skb_transport_offset(skb) + ah->len;
	if (ah_icv(ah, skb, &f, ahh, ah->len, behind, (u8 *)(ahh + 1)))
		why = IPSEC_DROP_OUT_CRYPTO;
	ah_front_free(&f);
	skb->ip_summed = CHECKSUM_NONE;
	return why;
}

/*
 * The length of a received header, pulled, or 0. Either alignment is taken
 * over IPv4, since Linux peers send the one and all others the other.
 */
static unsigned int ah_in_len(const struct ah *ah, struct sk_buff *skb)
{
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(struct ip_auth_hdr)))
		return 0;
	len = (((const struct ip_auth_hdr *)skb->data)->hdrlen + 2) * 4;
	if (len != ah_len(ah->hash.icv, 8) &&
	    (ipsec_skb_cb(skb)->family == AF_INET6 ||
	     len != ah_len(ah->hash.icv, 4)))
		return 0;
	return pskb_may_pull(skb, len) ? len : 0;
}

/* Is the ICV right? 0 or a drop reason. */
static int ah_in_verify(const struct ah *ah, struct sk_buff *skb,
			const struct ah_front *f, unsigned int len)
{
	const struct ip_auth_hdr *got = (const struct ip_auth_hdr *)skb->data;
	u8 buf[AH_LEN_MAX] __aligned(4);
	u8 icv[HASH_MAX_DIGESTSIZE];

	memcpy(buf, got, len);
	memset(buf + sizeof(*got), 0, ah->hash.icv);
	if (ah_icv(ah, skb, f, (const struct ip_auth_hdr *)buf, len, len, icv))
		return IPSEC_DROP_IN_CRYPTO;
	return crypto_memneq(icv, got + 1, ah->hash.icv) ? IPSEC_DROP_IN_AUTH :
							   0;
}

/* See struct ipsec_xform. */
static int ah_input(struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ah *ah = sa->xform_priv;
	struct ah_front f;
	unsigned int len;
	int why;

	len = ah_in_len(ah, skb);
	if (unlikely(!len))
		return IPSEC_DROP_IN_HDR;
	if (ah_front_copy(&f, skb_network_header(skb),
			  skb_network_header_len(skb)))
		return IPSEC_DROP_IN_NOMEM;
	if (unlikely(ipsec_ah_mask(f.hdr, f.len, ipsec_skb_cb(skb)->family)))
		why = IPSEC_DROP_IN_HDR;
	else
		why = ah_in_verify(ah, skb, &f, len);
	ah_front_free(&f);
	if (unlikely(why))
		return why;

	ipsec_skb_cb(skb)->nexthdr =
		((const struct ip_auth_hdr *)skb->data)->nexthdr;
	ipsec_skb_forget_csum(skb);
	__skb_pull(skb, len);
	return IPSEC_NEXT;
}

static const struct ipsec_xform ah_xform = {
	.proto = IPPROTO_AH,
	.init = ah_init,
	.destroy = ah_destroy,
	.may_wait = ah_may_wait,
	.headroom = ah_headroom,
	.tailroom = ah_tailroom,
	.max_payload = ah_max_payload,
	.output = ah_output,
	.input = ah_input,
};

/**
 * ipsec_ah_init() - AH comes
 *
 * Return: 0 or a negative errno.
 */
int ipsec_ah_init(void)
{
	return ipsec_xform_register(&ah_xform);
}

/**
 * ipsec_ah_exit() - AH goes; no SA is left
 */
void ipsec_ah_exit(void)
{
	ipsec_xform_unregister(&ah_xform);
}
