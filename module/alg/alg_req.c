// SPDX-License-Identifier: GPL-2.0
/*
 * alg_req - gives a packet to the crypto API and takes it back. Owns the
 * memory of the request; knows nothing of SAs and protocols.
 *
 * One allocation for each packet:
 *
 *   +------------------------+
 *   | struct ipsec_req       |  with the associated data: SPI, sequence
 *   |   aad[]                |  number, IV. Beside the packet, not in it: with
 *   |                        |  ESN it differs from what is on the wire
 *   +------------------------+  aligned for the transform's IV
 *   | iv                     |
 *   +------------------------+  aligned for any transform's context
 *   | struct aead_request    |
 *   |   its context          |  crypto_aead_reqsize() bytes
 *   +------------------------+  aligned
 *   | sg[0] aad              |
 *   | sg[1] .. sg[nsg]       |  the packet
 *   +------------------------+
 *
 * The packet is transformed in place, so it must be writable; its ICV stands
 * right behind it.
 */
#include <linux/kernel.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "base/drop.h"
#include "base/skb_cb.h"
#include "alg/alg_req.h"
#include "compat/crypto_callback.h"

/**
 * ipsec_req_new() - a block for one packet
 * @tfm: the transform that was picked for this packet
 * @nsg: pieces that the packet consists of
 *
 * Context: any.
 * Return: the block, or NULL.
 */
struct ipsec_req *ipsec_req_new(struct crypto_aead *tfm, unsigned int nsg)
{
	const size_t iv_align = crypto_aead_alignmask(tfm) + 1;
	const size_t req_align = crypto_tfm_ctx_alignment();
	size_t iv, aead, sg, len;
	struct ipsec_req *req;

	/* Offsets hold whatever the block's own alignment: room for the worst. */
	iv = sizeof(*req) + iv_align - 1;
	aead = iv + IPSEC_REQ_IV_MAX + req_align - 1;
	sg = aead + sizeof(struct aead_request) + crypto_aead_reqsize(tfm) +
	     __alignof__(struct scatterlist) - 1;
	len = sg + (nsg + 1) * sizeof(struct scatterlist);

	req = kmalloc(len, GFP_ATOMIC);
	if (!req)
		return NULL;
	req->iv = PTR_ALIGN((u8 *)(req + 1), iv_align);
	req->aead = (void *)PTR_ALIGN(req->iv + IPSEC_REQ_IV_MAX, req_align);
	req->sg = (void *)PTR_ALIGN((u8 *)(req->aead + 1) +
				    crypto_aead_reqsize(tfm),
				    __alignof__(struct scatterlist));
	req->nsg = nsg;
	aead_request_set_tfm(req->aead, tfm);
	return req;
}

/**
 * ipsec_req_free() - give back a block that was never sent off
 * @req: from ipsec_req_new()
 */
void ipsec_req_free(struct ipsec_req *req)
{
	kfree(req);
}

/**
 * ipsec_req_map() - say which bytes are meant
 * @req: block
 * @skb: packet, writable
 * @aad: length of the associated data in @req->aad, IV included
 * @offset: where the payload begins, from skb->data
 * @len: length of payload and ICV
 *
 * Return: 0, or a negative errno if the packet is in more pieces than said.
 */
int ipsec_req_map(struct ipsec_req *req, struct sk_buff *skb,
		  unsigned int aad, unsigned int offset, unsigned int len)
{
	int n;

	sg_init_table(req->sg, req->nsg + 1);
	sg_set_buf(req->sg, req->aad, aad);
	if (req->nsg == 1) {
		sg_set_buf(req->sg + 1, skb->data + offset, len);
	} else {
		n = skb_to_sgvec(skb, req->sg + 1, offset, len);
		if (n < 0)
			return n;
	}
	aead_request_set_ad(req->aead, aad);
	return 0;
}

/* The one end of every request. */
static int req_end(struct sk_buff *skb, int err)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_req *req = cb->tmp;
	int (*done)(struct sk_buff *skb, int err) = req->done;

	cb->tmp = NULL;
	kfree(req);
	return done(skb, err);
}

static void req_complete(ipsec_crypto_cb_arg *arg, int err)
{
	struct sk_buff *skb = ipsec_crypto_cb_data(arg);
	void (*resume)(struct sk_buff *skb, int why);

	/* Word that a backlogged request has started; ours never queue so. */
	if (err == -EINPROGRESS)
		return;
	resume = ipsec_skb_cb(skb)->resume;
	/* A driver may complete from a thread; the roads run with BH off. */
	local_bh_disable();
	resume(skb, req_end(skb, err));
	local_bh_enable();
}

static void req_start(struct ipsec_req *req, struct sk_buff *skb,
		      unsigned int len)
{
	ipsec_skb_cb(skb)->tmp = req;
	aead_request_set_callback(req->aead, 0, req_complete, skb);
	aead_request_set_crypt(req->aead, req->sg, req->sg, len, req->iv);
}

/*
 * -EBUSY is a refusal and no promise, since no request allows a backlog: it
 * ends like every other error.
 */
static int req_answer(struct sk_buff *skb, int err)
{
	return err == -EINPROGRESS ? IPSEC_STOLEN : req_end(skb, err);
}

/**
 * ipsec_req_encrypt() - encrypt and authenticate a packet in place
 * @req: mapped block with @done set; not the caller's any more
 * @skb: the packet, with resume set in its control block
 * @len: length of the payload, without the ICV
 *
 * Context: BH off.
 * Return: what @done said, or IPSEC_STOLEN: then the packet is not the
 *	caller's either, and may be gone already.
 */
int ipsec_req_encrypt(struct ipsec_req *req, struct sk_buff *skb,
		      unsigned int len)
{
	req_start(req, skb, len);
	return req_answer(skb, crypto_aead_encrypt(req->aead));
}

/**
 * ipsec_req_decrypt() - check and decrypt a packet in place
 * @req: mapped block with @done set; not the caller's any more
 * @skb: the packet, with resume set in its control block
 * @len: length of payload and ICV
 *
 * Context: BH off.
 * Return: as ipsec_req_encrypt(); @done hears -EBADMSG for a wrong ICV.
 */
int ipsec_req_decrypt(struct ipsec_req *req, struct sk_buff *skb,
		      unsigned int len)
{
	req_start(req, skb, len);
	return req_answer(skb, crypto_aead_decrypt(req->aead));
}
