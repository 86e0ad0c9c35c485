// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2's key schedule (RFC 7296 2.14, 2.17, 2.18). It knows no payload:
 * whoever calls hands in the bytes that the formulas name.
 */
#include "crypto/crypt.h"

/**
 * crypt_v2_skeyseed_rekey() - SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr)
 * @old_prf: PRF of the old SA
 * @old_sk_d: its SK_d
 * @shared: g^ir of the new exchange
 * @ni: initiator's nonce
 * @nr: responder's
 * @skeyseed: replaced
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v2_skeyseed_rekey(const struct alg *old_prf, struct chunk old_sk_d, struct chunk shared,
			     struct chunk ni, struct chunk nr, struct blob *skeyseed)
{
	return crypt_prf_blob(old_prf, old_sk_d, (struct chunk[]){ shared, ni, nr }, 3, skeyseed);
}

static void cut(struct reader *r, struct blob *out, size_t n)
{
	blob_wipe(out);
	blob_set(out, get_bytes(r, n));
}

/**
 * crypt_v2_keys() - SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr
 * @suite: cipher, integrity algorithm, PRF
 * @skeyseed: SKEYSEED
 * @ni: initiator's nonce
 * @nr: responder's
 * @spi_i: initiator's SPI
 * @spi_r: responder's
 * @keys: made
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v2_keys(const struct suite *suite, struct chunk skeyseed, struct chunk ni,
		   struct chunk nr, uint64_t spi_i, uint64_t spi_r, struct crypt_v2_keys *keys)
{
	size_t e = alg_key_bytes(&suite->encr) + suite->encr.alg->salt;
	size_t a = suite->integ ? suite->integ->keylen / 8 : 0;
	size_t k = suite->prf->keylen / 8;
	struct blob all = { 0 };
	uint8_t spis[16];
	struct reader r;
	bool ok;

	set_be(spis, spi_i, 8);
	set_be(spis + 8, spi_r, 8);
	ok = crypt_prf_plus(suite->prf, skeyseed, (struct chunk[]){ ni, nr, chunk(spis, 16) }, 3,
			    &all, 3 * k + 2 * e + 2 * a);
	if (!ok)
		return false;
	r = reader(blob_chunk(&all));
	cut(&r, &keys->d, k);
	cut(&r, &keys->i.ak, a);
	cut(&r, &keys->r.ak, a);
	cut(&r, &keys->i.ek, e);
	cut(&r, &keys->r.ek, e);
	cut(&r, &keys->pi, k);
	cut(&r, &keys->pr, k);
	keys->i.encr = keys->r.encr = suite->encr;
	keys->i.integ = keys->r.integ = suite->integ;
	blob_wipe(&all);
	return true;
}

/**
 * crypt_v2_keymat() - KEYMAT of a child SA, both directions of it
 * @prf: PRF of the IKE SA
 * @sk_d: its SK_d
 * @shared: g^ir of the child's exchange, empty without PFS
 * @ni: initiator's nonce of the exchange that makes the child
 * @nr: responder's
 * @out: replaced by @len bytes
 * @len: bytes wanted
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v2_keymat(const struct alg *prf, struct chunk sk_d, struct chunk shared,
		     struct chunk ni, struct chunk nr, struct blob *out, size_t len)
{
	return crypt_prf_plus(prf, sk_d, (struct chunk[]){ shared, ni, nr }, 3, out, len);
}

/**
 * crypt_v2_keys_wipe() - forget the keys
 * @keys: zeroes afterwards
 */
void crypt_v2_keys_wipe(struct crypt_v2_keys *keys)
{
	blob_wipe(&keys->d);
	blob_wipe(&keys->pi);
	blob_wipe(&keys->pr);
	blob_wipe(&keys->i.ek);
	blob_wipe(&keys->i.ak);
	blob_wipe(&keys->r.ek);
	blob_wipe(&keys->r.ak);
	*keys = (struct crypt_v2_keys){ 0 };
}
