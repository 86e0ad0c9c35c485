// SPDX-License-Identifier: GPL-2.0
/*
 * esp_in - takes ESP off one packet. Never moves the replay window and never
 * judges what was inside.
 *
 *   before   IP header | SPI seq | IV | ciphertext                | ICV |
 *                      ^ data
 *
 *   after    IP header . SPI seq . IV | payload [ TFC padding ] |
 *                                     ^ data
 *
 * TFC padding (RFC 4303 2.7) is not ours to know: who reads the inner IP
 * header trims to its total length.
 */
#include <linux/in.h>
#include <linux/skbuff.h>

#include "base/drop.h"
#include "base/skb_cb.h"
#include "base/skb_hdr.h"
#include "alg/alg_req.h"
#include "sa/sa.h"
#include "xform/esp.h"

/* Longest padding that its length field can say. */
#define ESP_PAD_MAX	255

/*
 * Padding that is not 1, 2, 3, ... is refused for every algorithm: RFC 4303
 * 2.4 wants it checked, and a peer that pads otherwise is not ESP.
 */
static bool esp_padding_ok(const u8 *pad, unsigned int padlen)
{
	unsigned int i;
	u8 wrong = 0;

	for (i = 0; i < padlen; i++)
		wrong |= pad[i] ^ (u8)(i + 1);
	return !wrong;
}

/* Cut off padding, trailer and ICV; 0 or a drop reason. */
static int esp_take_trailer(struct sk_buff *skb, const struct ipsec_esp *esp)
{
	unsigned int text = skb->len - esp->head - esp->len.icv;
	u8 buf[ESP_PAD_MAX + IPSEC_ESP_TRAILER];
	unsigned int end = esp->head + text;
	const u8 *trailer, *pad;
	unsigned int cut;

	trailer = skb_header_pointer(skb, end - IPSEC_ESP_TRAILER,
				     IPSEC_ESP_TRAILER, buf);
	if (unlikely(!trailer))
		return IPSEC_DROP_IN_PADDING;
	cut = trailer[0] + IPSEC_ESP_TRAILER;
	if (unlikely(cut > text))
		return IPSEC_DROP_IN_PADDING;
	ipsec_skb_cb(skb)->nexthdr = trailer[1];
	pad = skb_header_pointer(skb, end - cut, cut, buf);
	if (unlikely(!pad || !esp_padding_ok(pad, cut - IPSEC_ESP_TRAILER)))
		return IPSEC_DROP_IN_PADDING;

	return pskb_trim(skb, end - cut) ? IPSEC_DROP_IN_NOMEM : 0;
}

static int esp_input_done(struct sk_buff *skb, int err)
{
	const struct ipsec_esp *esp = ipsec_skb_cb(skb)->sa->xform_priv;
	int why;

	if (unlikely(err))
		return err == -EBADMSG ? IPSEC_DROP_IN_AUTH :
		       err == -ENOMEM ? IPSEC_DROP_IN_NOMEM :
					IPSEC_DROP_IN_CRYPTO;

	ipsec_skb_forget_csum(skb);
	why = esp_take_trailer(skb, esp);
	if (unlikely(why))
		return why;
	__skb_pull(skb, esp->head);
	return IPSEC_NEXT;
}

/* Make the packet writable; returns the number of pieces it is in. */
static int esp_make_writable(struct sk_buff *skb)
{
	struct sk_buff *last;

	if (likely(!skb_is_nonlinear(skb) && !skb_cloned(skb)))
		return 1;
	return skb_cow_data(skb, 0, &last);
}

/**
 * ipsec_esp_input() - check and decrypt a packet
 * @sa: a usable SA; held, if the packet may have to wait
 * @skb: see struct ipsec_xform; sequence number in the control block
 *
 * Context: BH off, inside rcu_read_lock().
 * Return: IPSEC_NEXT, IPSEC_STOLEN, or a drop reason; the packet is the
 * caller's unless stolen.
 */
int ipsec_esp_input(struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ipsec_esp *esp = sa->xform_priv;
	unsigned int fixed = esp->head + esp->len.icv;
	unsigned int text, aad;
	struct ipsec_req *req;
	const __be32 *esph;
	int nsg;

	if (unlikely(skb->len < fixed + esp->len.block))
		return IPSEC_DROP_IN_HDR;
	text = skb->len - fixed;
	if (unlikely(text & (esp->len.block - 1)))
		return IPSEC_DROP_IN_HDR;
	if (unlikely(!pskb_may_pull(skb, esp->head)))
		return IPSEC_DROP_IN_NOMEM;
	nsg = esp_make_writable(skb);
	if (unlikely(nsg < 0))
		return IPSEC_DROP_IN_NOMEM;

	req = ipsec_req_new(ipsec_aead_pick(&esp->aead,
					    ipsec_skb_cb(skb)->may_wait), nsg);
	if (unlikely(!req))
		return IPSEC_DROP_IN_NOMEM;
	esph = (const __be32 *)skb->data;
	aad = ipsec_esp_fill_aad(esp, req, esph[0], ipsec_skb_cb(skb)->seq,
				 (const u8 *)(esph + 2));
	req->done = esp_input_done;
	if (ipsec_req_map(req, skb, aad, esp->head, text + esp->len.icv)) {
		ipsec_req_free(req);
		return IPSEC_DROP_IN_CRYPTO;
	}
	return ipsec_req_decrypt(req, skb, text + esp->len.icv);
}
