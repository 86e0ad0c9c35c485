// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers, digests, PRFs and integrity check values. It never keeps a
 * key longer than a call.
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/log.h"
#include "crypto/crypt.h"

#define SEED_PARTS	6   /* pieces of a seed for prf+ */
#define PRF_PLUS_ROUNDS 255 /* the counter is one byte */

/**
 * crypt_random() - unpredictable bytes
 * @p: where to
 * @n: how many
 *
 * Without random numbers nothing here is safe: the process ends, and the
 * monitor starts it again.
 */
void crypt_random(void *p, size_t n)
{
	if (RAND_bytes(p, n) == 1)
		return;
	log_error("no random numbers from libcrypto, giving up");
	_exit(EX_OSERR);
}

/**
 * crypt_digest() - a digest over several pieces
 * @ossl: libcrypto's name of it
 * @parts: the pieces
 * @n: how many
 * @out: where to
 * @len: set to its bytes
 *
 * Return: false if libcrypto could not.
 */
bool crypt_digest(const char *ossl, const struct chunk *parts, size_t n,
		  uint8_t out[CRYPT_HASH_MAX], size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *md = EVP_MD_fetch(NULL, ossl, NULL);
	unsigned int got = 0;
	bool ok;
	size_t i;

	ok = ctx && md && EVP_MD_get_size(md) <= CRYPT_HASH_MAX && EVP_DigestInit_ex2(ctx, md, NULL);
	for (i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
	ok = ok && EVP_DigestFinal_ex(ctx, out, &got);
	if (ok)
		*len = got;
	EVP_MD_free(md);
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* fetched once: finding an implementation costs more than a short MAC */
static EVP_MAC *hmac_impl(void)
{
	static EVP_MAC *hmac;

	if (!hmac)
		hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	return hmac;
}

static bool hmac_sum(const char *digest, struct chunk key, const struct chunk *parts, size_t n,
		     uint8_t out[CRYPT_HASH_MAX], size_t *len)
{
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;
	bool ok;
	size_t i;

	if (!digest || !hmac_impl())
		return false;
	ctx = EVP_MAC_CTX_new(hmac_impl());
	if (!ctx)
		return false;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	/* a key of no bytes is one too, a NULL would mean "the same as before" */
	ok = EVP_MAC_init(ctx, key.n ? key.p : (const uint8_t *)"", key.n, params);
	for (i = 0; ok && i < n; i++)
		ok = EVP_MAC_update(ctx, parts[i].p, parts[i].n);
	ok = ok && EVP_MAC_final(ctx, out, len, CRYPT_HASH_MAX);
	EVP_MAC_CTX_free(ctx);
	return ok;
}

/**
 * crypt_prf() - pseudo-random function
 * @prf: row of kind ALG_PRF
 * @key: key of any length
 * @parts: pieces of the data
 * @n: how many
 * @out: @prf->out bytes
 *
 * Return: false if libcrypto could not; @out is zeroes then.
 */
bool crypt_prf(const struct alg *prf, struct chunk key, const struct chunk *parts, size_t n,
	       uint8_t out[CRYPT_HASH_MAX])
{
	size_t len = 0;

	if (hmac_sum(prf->ossl, key, parts, n, out, &len) && len == prf->out)
		return true;
	memset(out, 0, CRYPT_HASH_MAX);
	return false;
}

/**
 * crypt_prf_blob() - the same, into a blob
 * @prf: row of kind ALG_PRF
 * @key: key of any length
 * @parts: pieces of the data
 * @n: how many
 * @out: replaced by @prf->out bytes; untouched on failure
 *
 * Return: false if libcrypto could not.
 */
bool crypt_prf_blob(const struct alg *prf, struct chunk key, const struct chunk *parts, size_t n,
		    struct blob *out)
{
	struct blob made = { 0 };
	uint8_t sum[CRYPT_HASH_MAX];
	bool ok = crypt_prf(prf, key, parts, n, sum);

	if (ok) {
		blob_set(&made, chunk(sum, prf->out));
		blob_wipe(out);
		*out = made;
	}
	OPENSSL_cleanse(sum, sizeof(sum));
	return ok;
}

/**
 * crypt_prf_nonces() - prf(Ni | Nr, g^xy): IKEv1's SKEYID with signatures, IKEv2's first SKEYSEED
 * @prf: row of kind ALG_PRF; one with keys of any length, which all of ours have
 * @ni: initiator's nonce
 * @nr: responder's
 * @shared: g^xy
 * @out: replaced
 *
 * Return: false if libcrypto could not.
 */
bool crypt_prf_nonces(const struct alg *prf, struct chunk ni, struct chunk nr, struct chunk shared,
		      struct blob *out)
{
	struct writer nonces = { 0 };
	bool ok;

	put_bytes(&nonces, ni);
	put_bytes(&nonces, nr);
	ok = crypt_prf_blob(prf, writer_chunk(&nonces), &shared, 1, out);
	writer_free(&nonces);
	return ok;
}

/**
 * crypt_prf_plus() - IKEv2's key stretching, RFC 7296 2.13
 * @prf: row of kind ALG_PRF
 * @key: key
 * @seed: pieces of S
 * @n: how many, at most 6
 * @out: replaced by @len bytes
 * @len: bytes wanted, up to 255 rounds' worth
 *
 * Return: false if libcrypto could not or too much was asked for.
 */
bool crypt_prf_plus(const struct alg *prf, struct chunk key, const struct chunk *seed, size_t n,
		    struct blob *out, size_t len)
{
	struct writer w = { .secret = true };
	struct chunk parts[SEED_PARTS + 2];
	uint8_t t[CRYPT_HASH_MAX];
	bool ok = n <= SEED_PARTS && len <= (size_t)PRF_PLUS_ROUNDS * prf->out;
	uint8_t round = 0;

	if (ok && n)
		memcpy(parts + 1, seed, n * sizeof(*seed));
	while (ok && w.n < len) {
		parts[0] = chunk(t, round ? prf->out : 0);
		round++;
		parts[n + 1] = chunk(&round, 1);
		ok = crypt_prf(prf, key, parts, n + 2, t);
		if (ok)
			put_bytes(&w, chunk(t, len - w.n < prf->out ? len - w.n : prf->out));
	}
	OPENSSL_cleanse(t, sizeof(t));
	if (ok) {
		blob_wipe(out);
		*out = writer_blob(&w);
	}
	writer_free(&w);
	return ok;
}

/**
 * crypt_mac() - integrity check value
 * @integ: row of kind ALG_INTEG, one that IKE uses
 * @key: its key
 * @parts: pieces of the data
 * @n: how many
 * @icv: @integ->icv bytes
 *
 * Return: false if libcrypto could not.
 */
bool crypt_mac(const struct alg *integ, struct chunk key, const struct chunk *parts, size_t n,
	       uint8_t *icv)
{
	uint8_t sum[CRYPT_HASH_MAX];
	size_t len = 0;
	bool ok;

	ok = hmac_sum(integ->ossl, key, parts, n, sum, &len) && integ->icv && integ->icv <= len;
	if (ok)
		memcpy(icv, sum, integ->icv);
	OPENSSL_cleanse(sum, sizeof(sum));
	return ok;
}
