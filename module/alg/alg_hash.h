/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One keyed integrity algorithm of the crypto API, by itself: what AH needs.
 */
#ifndef _TESTUDO_ALG_HASH_H
#define _TESTUDO_ALG_HASH_H

#include <linux/types.h>
#include <linux/uio.h>
#include <crypto/hash.h>

#include "alg/alg_table.h"

struct sk_buff;

/**
 * struct ipsec_hash - a keyed integrity algorithm; const after init
 * @tfm: its transform; synchronous, whatever the context
 * @icv: bytes of the result that are kept
 */
struct ipsec_hash {
	struct crypto_shash *tfm;
	unsigned int icv;
};

/**
 * struct ipsec_hash_text - what an ICV is taken over, in this order
 * @front: pieces of memory
 * @nfront: how many
 * @skb: packet; only read, and need not be linear
 * @offset: where in it to begin, from skb->data; until its end
 * @back: one more piece of memory; may be empty
 */
struct ipsec_hash_text {
	const struct kvec *front;
	unsigned int nfront;
	struct sk_buff *skb;
	unsigned int offset;
	struct kvec back;
};

int ipsec_hash_init(struct ipsec_hash *hash, const struct ipsec_alg *alg,
		    const u8 *key, unsigned int bits);
void ipsec_hash_exit(struct ipsec_hash *hash);
int ipsec_hash_icv(const struct ipsec_hash *hash,
		   const struct ipsec_hash_text *text, u8 *icv);

#endif
