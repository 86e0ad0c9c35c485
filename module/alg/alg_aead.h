/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One keyed transform of the crypto API, whatever pair of algorithms it is
 * made of: to its user everything is an AEAD.
 */
#ifndef _TESTUDO_ALG_AEAD_H
#define _TESTUDO_ALG_AEAD_H

#include <linux/types.h>
#include <asm/simd.h>
#include <crypto/aead.h>
#include <crypto/internal/simd.h>

#include "alg/alg_table.h"

/**
 * struct ipsec_aead - a keyed transform
 * @plain: works in any context; may answer -EINPROGRESS when @async
 * @sync: the SIMD code behind @plain, to be called only while
 *	crypto_simd_usable(); NULL when there is none or @plain is synchronous
 * @async: @plain may complete later
 */
struct ipsec_aead {
	struct crypto_aead *plain;
	struct crypto_aead *sync;
	bool async;
};

/**
 * struct ipsec_aead_param - what a transform is made from
 * @enc: cipher or AEAD row
 * @auth: integrity row; NULL with an AEAD
 * @enc_key: key of @enc, salt included
 * @auth_key: key of @auth
 * @enc_bits: length of @enc_key in bits, valid for @enc
 * @auth_bits: length of @auth_key in bits, valid for @auth
 * @esn: the associated data has the upper half of the sequence number in it
 */
struct ipsec_aead_param {
	const struct ipsec_alg *enc;
	const struct ipsec_alg *auth;
	const u8 *enc_key;
	const u8 *auth_key;
	unsigned int enc_bits;
	unsigned int auth_bits;
	bool esn;
};

bool ipsec_alg_available(const struct ipsec_alg *alg);
int ipsec_aead_init(struct ipsec_aead *aead, const struct ipsec_aead_param *p);
void ipsec_aead_exit(struct ipsec_aead *aead);

/**
 * ipsec_aead_may_wait() - may a packet have to wait, here and now
 * @aead: a keyed transform
 *
 * To be asked once for each packet, since the answer may change from one
 * moment to the next.
 *
 * Context: Softirq or BH off; nothing that uses the FPU between this and the
 *	call of the crypto API.
 * Return: true if the crypto API may answer -EINPROGRESS.
 */
static inline bool ipsec_aead_may_wait(const struct ipsec_aead *aead)
{
	return aead->async && !(aead->sync && crypto_simd_usable());
}

/**
 * ipsec_aead_pick() - the transform to use for one packet
 * @aead: a keyed transform
 * @may_wait: what ipsec_aead_may_wait() said of this packet
 *
 * Context: as ipsec_aead_may_wait().
 * Return: the transform; it completes at once unless @may_wait.
 */
static inline struct crypto_aead *
ipsec_aead_pick(const struct ipsec_aead *aead, bool may_wait)
{
	return aead->async && !may_wait ? aead->sync : aead->plain;
}

#endif
