// SPDX-License-Identifier: GPL-2.0
/*
 * esp - ESP (RFC 4303) as a transform: from an SA's keys to its crypto
 * transform and its lengths. Packets are esp_out.c's and esp_in.c's.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alg/alg_req.h"
#include "sa/sa.h"
#include "sa/xform.h"
#include "xform/esp.h"

/*
 * Which rows, and do the keys fit. An AEAD has no integrity row, and the SA
 * must not name one that it would not get.
 */
static int esp_param(struct ipsec_aead_param *p, const struct ipsec_sa *sa,
		     const struct ipsec_sa *like)
{
	const struct ipsec_esp *esp = like ? like->xform_priv : NULL;

	*p = (struct ipsec_aead_param){
		.enc = ipsec_alg_enc(sa->enc.alg),
		.auth = ipsec_alg_auth(sa->auth.alg),
		.enc_key = sa->enc.bytes,
		.auth_key = sa->auth.bytes,
		.enc_bits = sa->enc.bits,
		.auth_bits = sa->auth.bits,
		.esn = sa->replay.esn,
	};
	if (esp && p->enc && p->enc->kind != IPSEC_ALG_AEAD)
		p->auth = ipsec_alg_auth_icv(sa->auth.alg, esp->len.icv);
	if (!p->enc || !p->auth)
		return -ENOSYS;
	if (!ipsec_alg_key_ok(p->enc, p->enc_bits) ||
	    !ipsec_alg_key_ok(p->auth, p->auth_bits))
		return -EINVAL;
	if (p->enc->kind == IPSEC_ALG_AEAD)
		return p->auth->icv ? -EINVAL : 0;
	/* the upper half travels in the ICV only */
	return p->esn && !p->auth->icv ? -EINVAL : 0;
}

/* Who goes on with another one's sequence numbers must go on with its IVs. */
static void esp_set_iv_mask(struct ipsec_esp *esp, const struct ipsec_sa *like)
{
	const struct ipsec_esp *other = like ? like->xform_priv : NULL;

	if (other)
		esp->iv_mask = other->iv_mask;
	else
		get_random_bytes(&esp->iv_mask, sizeof(esp->iv_mask));
}

static int esp_init(struct ipsec_sa *sa, const struct ipsec_sa *like)
{
	struct ipsec_aead_param p;
	struct ipsec_esp *esp;
	int err;

	err = esp_param(&p, sa, like);
	if (err)
		return err;
	esp = kzalloc(sizeof(*esp), GFP_KERNEL_ACCOUNT);
	if (!esp)
		return -ENOMEM;
	err = ipsec_aead_init(&esp->aead, &p);
	if (err) {
		kfree(esp);
		return err;
	}
	esp->len.iv = p.enc->iv;
	esp->len.block = p.enc->block;
	esp->len.icv = p.enc->kind == IPSEC_ALG_AEAD ? p.enc->icv : p.auth->icv;
	esp->head = ipsec_esp_head(&esp->len);
	esp->iv_random = p.enc->iv_random;
	esp->esn = p.esn;
	esp_set_iv_mask(esp, like);
	sa->xform_priv = esp;
	return 0;
}

static void esp_destroy(struct ipsec_sa *sa)
{
	struct ipsec_esp *esp = sa->xform_priv;

	ipsec_aead_exit(&esp->aead);
	kfree_sensitive(esp);
	sa->xform_priv = NULL;
}

static bool esp_may_wait(const struct ipsec_sa *sa)
{
	const struct ipsec_esp *esp = sa->xform_priv;

	return ipsec_aead_may_wait(&esp->aead);
}

static unsigned int esp_headroom(const struct ipsec_sa *sa)
{
	const struct ipsec_esp *esp = sa->xform_priv;

	return esp->head;
}

static unsigned int esp_tailroom(const struct ipsec_sa *sa)
{
	const struct ipsec_esp *esp = sa->xform_priv;

	return ipsec_esp_tailroom(&esp->len);
}

static unsigned int esp_max_payload(const struct ipsec_sa *sa,
				    unsigned int room)
{
	const struct ipsec_esp *esp = sa->xform_priv;

	return ipsec_esp_max_payload(&esp->len, room);
}

/**
 * ipsec_esp_fill_aad() - associated data and IV of a packet
 * @esp: the SA's
 * @req: where to
 * @spi: SPI
 * @seq: sequence number, 64 bits
 * @iv: IV as it stands in the packet
 *
 *   SPI | sequence number | IV             the packet's own first bytes
 *   SPI | upper | lower   | IV             with ESN
 *
 * The order is the crypto API's for every template: those that authenticate
 * the upper half elsewhere (authencesn) move it themselves.
 *
 * Context: any.
 * Return: bytes of associated data, the IV included.
 */
unsigned int ipsec_esp_fill_aad(const struct ipsec_esp *esp,
				struct ipsec_req *req, __be32 spi, u64 seq,
				const u8 *iv)
{
	__be32 *aad = req->aad;

	*aad++ = spi;
	if (esp->esn)
		*aad++ = htonl(seq >> 32);
	*aad++ = htonl((u32)seq);
	memcpy(aad, iv, esp->len.iv);
	memcpy(req->iv, iv, esp->len.iv);
	return (u8 *)aad - (u8 *)req->aad + esp->len.iv;
}

static const struct ipsec_xform esp_xform = {
	.proto = IPPROTO_ESP,
	.init = esp_init,
	.destroy = esp_destroy,
	.may_wait = esp_may_wait,
	.headroom = esp_headroom,
	.tailroom = esp_tailroom,
	.max_payload = esp_max_payload,
	.output = ipsec_esp_output,
	.input = ipsec_esp_input,
};

/**
 * ipsec_esp_init() - ESP comes
 *
 * Return: 0 or a negative errno.
 */
int ipsec_esp_init(void)
{
	return ipsec_xform_register(&esp_xform);
}

/**
 * ipsec_esp_exit() - ESP goes; no SA is left
 */
void ipsec_esp_exit(void)
{
	ipsec_xform_unregister(&esp_xform);
}
