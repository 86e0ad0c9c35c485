// SPDX-License-Identifier: GPL-2.0
/*
 * alg_hash - from an integrity row and a key to a transform of the crypto API,
 * and from a packet to its ICV. Knows nothing of SAs and protocols.
 *
 * The synchronous interface: the packet is read where it is and needs no
 * request, no scatterlist and no copy. SIMD code is behind it as well, and
 * takes care of contexts without FPU by itself.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include "alg/alg_hash.h"

/**
 * ipsec_hash_init() - make a keyed transform
 * @hash: what to fill in
 * @alg: integrity row
 * @key: key; copied into the transform only
 * @bits: its length in bits, valid for @alg
 *
 * Context: Process, may sleep and load modules.
 * Return: 0; -ENOSYS if this kernel has not got the algorithm, -EINVAL for a
 *	key that it does not take, -ENOMEM.
 */
int ipsec_hash_init(struct ipsec_hash *hash, const struct ipsec_alg *alg,
		    const u8 *key, unsigned int bits)
{
	struct crypto_shash *tfm;
	int err;

	memset(hash, 0, sizeof(*hash));
	tfm = crypto_alloc_shash(alg->crypto, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOENT ? -ENOSYS : PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, key, bits / 8);
	if (!err && alg->icv > crypto_shash_digestsize(tfm))
		err = -EINVAL;
	if (err) {
		crypto_free_shash(tfm);
		return err;
	}
	hash->tfm = tfm;
	hash->icv = alg->icv;
	return 0;
}

/**
 * ipsec_hash_exit() - free a keyed transform and its key
 * @hash: made by ipsec_hash_init(), or all zero
 *
 * Context: Process, may sleep.
 */
void ipsec_hash_exit(struct ipsec_hash *hash)
{
	if (hash->tfm)
		crypto_free_shash(hash->tfm);
	memset(hash, 0, sizeof(*hash));
}

static int hash_skb(struct shash_desc *desc, struct sk_buff *skb,
		    unsigned int offset)
{
	struct skb_seq_state st;
	unsigned int seen = 0;
	unsigned int len;
	const u8 *data;
	int err = 0;

	if (likely(!skb_is_nonlinear(skb)))
		return crypto_shash_update(desc, skb->data + offset,
					   skb->len - offset);

	skb_prepare_seq_read(skb, offset, skb->len, &st);
	while ((len = skb_seq_read(seen, &data, &st))) {
		err = crypto_shash_update(desc, data, len);
		if (err)
			break;
		seen += len;
	}
	skb_abort_seq_read(&st);
	return err ?: seen == skb->len - offset ? 0 : -EFAULT;
}

static int hash_text(struct shash_desc *desc,
		     const struct ipsec_hash_text *text, u8 *digest)
{
	unsigned int i;
	int err;

	err = crypto_shash_init(desc);
	for (i = 0; !err && i < text->nfront; i++)
		err = crypto_shash_update(desc, text->front[i].iov_base,
					  text->front[i].iov_len);
	if (!err)
		err = hash_skb(desc, text->skb, text->offset);
	if (err)
		return err;
	return crypto_shash_finup(desc, text->back.iov_base,
				  text->back.iov_len, digest);
}

/**
 * ipsec_hash_icv() - the ICV of a packet
 * @hash: keyed transform
 * @text: what it is taken over
 * @icv: where to; @hash->icv bytes
 *
 * Context: any.
 * Return: 0 or a negative errno of the crypto API.
 */
int ipsec_hash_icv(const struct ipsec_hash *hash,
		   const struct ipsec_hash_text *text, u8 *icv)
{
	SHASH_DESC_ON_STACK(desc, hash->tfm);
	u8 digest[HASH_MAX_DIGESTSIZE];
	int err;

	desc->tfm = hash->tfm;
	err = hash_text(desc, text, digest);
	if (!err)
		memcpy(icv, digest, hash->icv);
	shash_desc_zero(desc);
	memzero_explicit(digest, sizeof(digest));
	return err;
}
