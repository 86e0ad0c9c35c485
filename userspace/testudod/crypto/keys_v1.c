// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's key schedule (RFC 2409 5, 5.5 and appendix B). It knows no payload:
 * whoever calls hands in the bytes that the formulas name.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "crypto/crypt.h"

#define SPI_BYTES 4

/* both cookies, one after the other */
static struct chunk cookies(uint8_t both[16], uint64_t first, uint64_t second)
{
	set_be(both, first, 8);
	set_be(both + 8, second, 8);
	return chunk(both, 16);
}

/* K1 | K2 | ..., @len bytes of them, where each K takes the one before it as its first part */
static bool v1_stretch(const struct alg *prf, struct chunk key, struct chunk *parts, size_t n,
		       struct blob *out, size_t len)
{
	struct writer w = { .secret = true };
	uint8_t k[CRYPT_HASH_MAX];
	bool ok = true;

	while (ok && w.n < len) {
		ok = crypt_prf(prf, key, parts, n, k);
		parts[0] = chunk(k, prf->out);
		if (ok)
			put_bytes(&w, chunk(k, len - w.n < prf->out ? len - w.n : prf->out));
	}
	OPENSSL_cleanse(k, sizeof(k));
	if (ok) {
		blob_wipe(out);
		*out = writer_blob(&w);
	}
	writer_free(&w);
	return ok;
}

/* appendix B: a cipher key out of SKEYID_e, stretched if that is too short */
static bool v1_cipher_key(const struct suite *suite, struct chunk e, struct blob *key)
{
	static const uint8_t zero;
	struct chunk first = chunk(&zero, 1);
	size_t want = alg_key_bytes(&suite->encr);

	if (want > e.n)
		return v1_stretch(suite->prf, e, &first, 1, key, want);
	blob_wipe(key);
	blob_set(key, chunk(e.p, want));
	return true;
}

/**
 * crypt_v1_keys() - everything that follows from SKEYID
 * @suite: hash and cipher
 * @shared: g^xy
 * @cky_i: initiator's cookie
 * @cky_r: responder's
 * @keys: @skeyid is set; the others are made
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v1_keys(const struct suite *suite, struct chunk shared, uint64_t cky_i, uint64_t cky_r,
		   struct crypt_v1_keys *keys)
{
	static const uint8_t counter[3] = { 0, 1, 2 };
	struct chunk skeyid = blob_chunk(&keys->skeyid);
	uint8_t cky[16];
	struct chunk part[4] = { chunk(NULL, 0), shared, cookies(cky, cky_i, cky_r) };

	part[3] = chunk(&counter[0], 1);
	if (!crypt_prf_blob(suite->prf, skeyid, part + 1, 3, &keys->d))
		return false;
	part[0] = blob_chunk(&keys->d);
	part[3] = chunk(&counter[1], 1);
	if (!crypt_prf_blob(suite->prf, skeyid, part, 4, &keys->a))
		return false;
	part[0] = blob_chunk(&keys->a);
	part[3] = chunk(&counter[2], 1);
	return crypt_prf_blob(suite->prf, skeyid, part, 4, &keys->e) &&
	       v1_cipher_key(suite, blob_chunk(&keys->e), &keys->key);
}

/**
 * crypt_v1_hash() - HASH_I or HASH_R
 * @suite: hash
 * @keys: SKEYID
 * @gx: public value of the side that proves itself
 * @gy: of the other
 * @cky_x: cookie of the side that proves itself
 * @cky_y: of the other
 * @sai_b: the initiator's SA payload's body, as it was on the wire
 * @id_b: body of the identity that is proved, as it was on the wire
 * @out: @suite->prf->out bytes
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v1_hash(const struct suite *suite, const struct crypt_v1_keys *keys, struct chunk gx,
		   struct chunk gy, uint64_t cky_x, uint64_t cky_y, struct chunk sai_b,
		   struct chunk id_b, uint8_t out[CRYPT_HASH_MAX])
{
	uint8_t cky[16];
	struct chunk parts[] = { gx, gy, cookies(cky, cky_x, cky_y), sai_b, id_b };

	return crypt_prf(suite->prf, blob_chunk(&keys->skeyid), parts,
			 sizeof(parts) / sizeof(parts[0]), out);
}

/**
 * crypt_v1_iv() - the first IV of an exchange
 * @suite: hash and cipher
 * @a: phase 1: g^xi; later: the last block of phase 1
 * @b: phase 1: g^xr; later: the message id, 4 bytes in network order
 * @iv: one block
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v1_iv(const struct suite *suite, struct chunk a, struct chunk b, uint8_t *iv)
{
	uint8_t sum[CRYPT_HASH_MAX];
	size_t len;

	if (!crypt_digest(suite->hash->ossl, (struct chunk[]){ a, b }, 2, sum, &len) ||
	    len < suite->encr.alg->block)
		return false;
	memcpy(iv, sum, suite->encr.alg->block);
	return true;
}

/**
 * crypt_v1_keymat() - KEYMAT of a quick mode for one SA
 * @suite: hash
 * @skeyid_d: SKEYID_d
 * @shared: g(qm)^xy, empty without PFS
 * @proto: V1_PROTO_ESP or V1_PROTO_AH
 * @spi: SPI of the SA, host order
 * @ni: initiator's nonce of the quick mode
 * @nr: responder's
 * @out: replaced by @len bytes
 * @len: bytes wanted
 *
 * Return: false if libcrypto could not.
 */
bool crypt_v1_keymat(const struct suite *suite, struct chunk skeyid_d, struct chunk shared,
		     uint8_t proto, uint32_t spi, struct chunk ni, struct chunk nr,
		     struct blob *out, size_t len)
{
	uint8_t spi_b[SPI_BYTES];
	struct chunk parts[] = { chunk(NULL, 0), shared, chunk(&proto, 1),
				 chunk(spi_b, sizeof(spi_b)), ni, nr };

	set_be(spi_b, spi, sizeof(spi_b));
	return v1_stretch(suite->prf, skeyid_d, parts, sizeof(parts) / sizeof(parts[0]), out, len);
}

/**
 * crypt_v1_keys_wipe() - forget the keys
 * @keys: zeroes afterwards
 */
void crypt_v1_keys_wipe(struct crypt_v1_keys *keys)
{
	blob_wipe(&keys->skeyid);
	blob_wipe(&keys->d);
	blob_wipe(&keys->a);
	blob_wipe(&keys->e);
	blob_wipe(&keys->key);
}
