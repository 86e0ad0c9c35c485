// SPDX-License-Identifier: GPL-2.0
/*
 * esp_out - puts ESP around the payload of one packet. Never looks at what the
 * payload is, and leaves lengths and checksum of the IP header to the caller.
 *
 *   before   | IP header(s) | payload |
 *            ^ data         ^ transport_header
 *
 *   after    | IP header(s) | SPI seq | IV | payload | pad | len nh | ICV |
 *            ^ data         ^ transport_header
 *                                          |<--- encrypted -------->|
 *
 * Nothing is written into memory that a clone or a page's other owners see: a
 * packet that is not linear and all ours is copied first.
 */
#include <linux/in.h>
#include <linux/random.h>
#include <linux/skbuff.h>

#include "base/drop.h"
#include "base/skb_cb.h"
#include "base/skb_hdr.h"
#include "alg/alg_req.h"
#include "sa/sa.h"
#include "xform/esp.h"

/* A linear packet: at most one copy, and none in the common case. */
static int esp_room_linear(struct sk_buff *skb, int head, int tail)
{
	int nhead = max_t(int, head - (int)skb_headroom(skb), 0);
	int ntail = max_t(int, tail - skb_tailroom(skb), 0);

	if (likely(!nhead && !ntail && !skb_cloned(skb)))
		return 0;
	return pskb_expand_head(skb, nhead, ntail, GFP_ATOMIC);
}

/*
 * Make the packet writable, with @head bytes before the network header and
 * @tail bytes behind the end. Returns the number of pieces it is in, and in
 * @last the one that has the room behind.
 */
static int esp_make_room(struct sk_buff *skb, int head, int tail,
			 struct sk_buff **last)
{
	int err;

	*last = skb;
	if (!skb_has_frag_list(skb)) {
		err = esp_room_linear(skb, head, skb->data_len + tail);
		if (err)
			return err;
		if (skb->data_len && !__pskb_pull_tail(skb, skb->data_len))
			return -ENOMEM;
		return 1;
	}
	/* large datagrams as the sender made them: no single block for all */
	err = skb_cow_head(skb, head);
	if (err)
		return err;
	return skb_cow_data(skb, tail, last);
}

/* Padding 1, 2, 3, ... (RFC 4303 2.4), its length, and what is inside. */
static void esp_put_trailer(u8 *p, unsigned int padlen, u8 nexthdr)
{
	unsigned int i;

	for (i = 1; i <= padlen; i++)
		*p++ = i;
	*p++ = padlen;
	*p = nexthdr;
}

/* Moves the IP header forward and fills the gap; returns the ESP header. */
static __be32 *esp_put_header(struct sk_buff *skb, const struct ipsec_esp *esp,
			      const struct ipsec_sa *sa)
{
	__be32 *esph = ipsec_skb_insert(skb, esp->head, IPPROTO_ESP);
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	u64 iv;

	esph[0] = sa->spi;
	esph[1] = htonl((u32)cb->seq);
	if (esp->iv_random) {
		get_random_bytes(esph + 2, esp->len.iv);
	} else if (esp->len.iv) {
		iv = cb->seq ^ esp->iv_mask;
		esph[2] = htonl(iv >> 32);
		esph[3] = htonl((u32)iv);
	}
	return esph;
}

static int esp_output_done(struct sk_buff *skb, int err)
{
	if (unlikely(err))
		return err == -ENOMEM ? IPSEC_DROP_OUT_NOMEM :
					IPSEC_DROP_OUT_CRYPTO;
	skb->ip_summed = CHECKSUM_NONE;
	return IPSEC_NEXT;
}

/**
 * ipsec_esp_output() - protect a packet
 * @sa: a usable SA; held, if the packet may have to wait
 * @skb: see struct ipsec_xform; not GSO, checksums complete
 *
 * Context: BH off, inside rcu_read_lock().
 * Return: IPSEC_NEXT, IPSEC_STOLEN, or a drop reason; the packet is the
 * caller's unless stolen.
 */
int ipsec_esp_output(struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ipsec_esp *esp = sa->xform_priv;
	unsigned int payload = skb->len - skb_transport_offset(skb);
	unsigned int text = ipsec_esp_text(&esp->len, payload);
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	unsigned int tail = text - payload + esp->len.icv;
	struct ipsec_req *req;
	struct sk_buff *last;
	unsigned int aad;
	__be32 *esph;
	int nsg;

	nsg = esp_make_room(skb, esp->head, tail, &last);
	if (unlikely(nsg < 0))
		return IPSEC_DROP_OUT_NOMEM;
	req = ipsec_req_new(ipsec_aead_pick(&esp->aead, cb->may_wait), nsg);
	if (unlikely(!req))
		return IPSEC_DROP_OUT_NOMEM;
	/* last of what may fail, so that none is lost */
	if (unlikely(ipsec_sa_take_seq(sa, &cb->seq))) {
		ipsec_req_free(req);
		return IPSEC_DROP_OUT_SEQ;
	}

	esp_put_trailer(pskb_put(skb, last, tail),
			text - payload - IPSEC_ESP_TRAILER, cb->nexthdr);
	esph = esp_put_header(skb, esp, sa);
	aad = ipsec_esp_fill_aad(esp, req, sa->spi, cb->seq,
				 (const u8 *)(esph + 2));
	req->done = esp_output_done;
	if (ipsec_req_map(req, skb, aad, skb_transport_offset(skb) + esp->head,
			  text + esp->len.icv)) {
		ipsec_req_free(req);
		return IPSEC_DROP_OUT_CRYPTO;
	}
	return ipsec_req_encrypt(req, skb, text);
}
