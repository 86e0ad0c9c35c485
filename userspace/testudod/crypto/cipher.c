// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphers: CBC for IKEv1, and the body of IKEv2's SK payload. Padding and ICVs
 * are checked here alone; what was not authentic never leaves this file.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/crypt.h"

#define CIPHER_NAME 32
#define ICV_MAX	    64
#define NONCE_MAX   16

/* "AES-*-CBC": the star stands for the key bits */
static EVP_CIPHER *cipher_fetch(const struct alg_key *encr)
{
	const char *ossl = encr->alg->ossl;
	const char *star = ossl ? strchr(ossl, '*') : NULL;
	char name[CIPHER_NAME];

	if (!ossl)
		return NULL;
	if (!star)
		return EVP_CIPHER_fetch(NULL, ossl, NULL);
	snprintf(name, sizeof(name), "%.*s%zu%s", (int)(star - ossl), ossl, 8 * alg_key_bytes(encr),
		 star + 1);
	return EVP_CIPHER_fetch(NULL, name, NULL);
}

/**
 * crypt_cbc() - encrypt or decrypt whole blocks in place
 * @encr: cipher and key length, not an AEAD
 * @key: key of that length
 * @iv: one block
 * @data: bytes
 * @n: how many, a multiple of the block
 * @encrypt: which way
 *
 * Return: false for wrong lengths, or if libcrypto could not: @data is
 * undefined then.
 */
bool crypt_cbc(const struct alg_key *encr, struct chunk key, const uint8_t *iv, uint8_t *data,
	       size_t n, bool encrypt)
{
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER *cipher;
	int len = 0, end = 0;
	bool ok;

	if (encr->alg->flags & ALG_AEAD || encr->alg->block < 2 || key.n != alg_key_bytes(encr) ||
	    n % encr->alg->block || n > INT32_MAX)
		return false;
	if (!n)
		return true;
	cipher = cipher_fetch(encr);
	ctx = EVP_CIPHER_CTX_new();
	ok = cipher && ctx && EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CBC_MODE &&
	     EVP_CipherInit_ex2(ctx, cipher, key.p, iv, encrypt, NULL) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	     EVP_CipherUpdate(ctx, data, &len, data, (int)n) &&
	     EVP_CipherFinal_ex(ctx, data + len, &end) && (size_t)(len + end) == n;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

/* ---- AEADs ---- */

static bool aead_begin(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const struct crypt_sk *sk,
		       const uint8_t *iv, uint8_t *tag, bool encrypt)
{
	const struct alg *alg = sk->encr.alg;
	size_t key = alg_key_bytes(&sk->encr);
	uint8_t nonce[NONCE_MAX];
	bool ccm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE;

	if (sk->ek.n != key + alg->salt || alg->salt + alg->iv > NONCE_MAX)
		return false;
	memcpy(nonce, sk->ek.p + key, alg->salt);
	memcpy(nonce + alg->salt, iv, alg->iv);
	if (!EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, alg->salt + alg->iv, NULL))
		return false;
	/* CCM mixes the tag's length into the first block, so it must know it now */
	if ((ccm || !encrypt) &&
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, alg->icv, encrypt ? NULL : tag))
		return false;
	return EVP_CipherInit_ex2(ctx, NULL, sk->ek.p, nonce, encrypt, NULL);
}

/* @data in place; @tag is written or checked */
static bool aead_run(const struct crypt_sk *sk, const uint8_t *iv, struct chunk aad, uint8_t *data,
		     size_t n, uint8_t *tag, bool encrypt)
{
	EVP_CIPHER *cipher = cipher_fetch(&sk->encr);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0, end = 0;
	bool ccm, ok;

	ok = cipher && ctx && aead_begin(ctx, cipher, sk, iv, tag, encrypt);
	ccm = ok && EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE;
	if (ccm)
		ok = EVP_CipherUpdate(ctx, NULL, &len, NULL, (int)n);
	if (ok && aad.n)
		ok = EVP_CipherUpdate(ctx, NULL, &len, aad.p, (int)aad.n);
	len = 0;
	ok = ok && EVP_CipherUpdate(ctx, data, &len, data, (int)n);
	/* of CCM the update has checked it all */
	if (ok && !(ccm && !encrypt))
		ok = EVP_CipherFinal_ex(ctx, data + len, &end);
	ok = ok && (size_t)(len + end) == n;
	if (ok && encrypt)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sk->encr.alg->icv, tag);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

/*
 * IVs of AEADs must never repeat under a key (RFC 5282 3.1, RFC 7634 2), else
 * the key is lost. One counter for all keys of the process, from a random
 * start, can not be copied together with a key and then count twice.
 */
static void aead_iv(uint8_t *iv)
{
	static uint64_t counter;
	static bool begun;

	if (!begun)
		crypt_random(&counter, sizeof(counter));
	begun = true;
	set_be(iv, ++counter, sizeof(counter));
}

/* ---- the SK payload ---- */

static bool sk_aead(const struct crypt_sk *sk)
{
	return sk->encr.alg->flags & ALG_AEAD;
}

static size_t sk_icv(const struct crypt_sk *sk)
{
	return sk_aead(sk) ? sk->encr.alg->icv : sk->integ->icv;
}

/* the clear bytes, padding and the pad length's byte */
static size_t sk_padded(const struct crypt_sk *sk, size_t n)
{
	size_t block = sk->encr.alg->block;

	return (n + 1 + block - 1) / block * block;
}

/**
 * crypt_sk_size() - bytes of a sealed body
 * @sk: keys
 * @n: clear bytes
 *
 * Return: IV, ciphertext with the least padding, and ICV.
 */
size_t crypt_sk_size(const struct crypt_sk *sk, size_t n)
{
	return sk->encr.alg->iv + sk_padded(sk, n) + sk_icv(sk);
}

/**
 * crypt_sk_seal() - encrypt and authenticate
 * @sk: keys
 * @aad: everything of the message before @body, its lengths final
 * @clear: chain of payloads, or a piece of it
 * @body: crypt_sk_size() bytes; may follow @aad in memory
 *
 * Return: false if libcrypto could not.
 */
bool crypt_sk_seal(const struct crypt_sk *sk, struct chunk aad, struct chunk clear, uint8_t *body)
{
	size_t padded = sk_padded(sk, clear.n);
	uint8_t *iv = body;
	uint8_t *text = body + sk->encr.alg->iv;
	uint8_t *icv = text + padded;

	if (clear.n > INT32_MAX / 2 || aad.n > INT32_MAX / 2)
		return false;
	if (clear.n)
		memcpy(text, clear.p, clear.n);
	memset(text + clear.n, 0, padded - clear.n);
	text[padded - 1] = padded - clear.n - 1;
	if (sk_aead(sk)) {
		aead_iv(iv);
		return aead_run(sk, iv, aad, text, padded, icv, true);
	}
	crypt_random(iv, sk->encr.alg->iv);
	return crypt_cbc(&sk->encr, blob_chunk(&sk->ek), iv, text, padded, true) &&
	       crypt_mac(sk->integ, blob_chunk(&sk->ak),
			 (struct chunk[]){ aad, chunk(body, icv - body) }, 2, icv);
}

/* checks the ICV first, then decrypts @text in place */
static bool sk_unseal(const struct crypt_sk *sk, struct chunk aad, struct chunk body, uint8_t *text,
		      size_t n)
{
	const uint8_t *theirs = body.p + body.n - sk_icv(sk);
	uint8_t icv[ICV_MAX];

	if (sk_aead(sk)) {
		memcpy(icv, theirs, sk_icv(sk));
		return aead_run(sk, body.p, aad, text, n, icv, false);
	}
	if (!crypt_mac(sk->integ, blob_chunk(&sk->ak),
		       (struct chunk[]){ aad, chunk(body.p, theirs - body.p) }, 2, icv))
		return false;
	if (CRYPTO_memcmp(icv, theirs, sk_icv(sk)))
		return false;
	return crypt_cbc(&sk->encr, blob_chunk(&sk->ek), body.p, text, n, false);
}

/**
 * crypt_sk_open() - check and decrypt
 * @sk: keys
 * @aad: everything of the message before @body
 * @body: IV, ciphertext, ICV
 * @clear: replaced by the clear bytes; empty on failure
 *
 * Return: false for a body that is too short, forged, damaged or padded wrongly.
 */
bool crypt_sk_open(const struct crypt_sk *sk, struct chunk aad, struct chunk body,
		   struct blob *clear)
{
	size_t around = sk->encr.alg->iv + sk_icv(sk);
	struct blob text = { 0 };
	uint8_t pad;
	bool ok;

	blob_wipe(clear);
	if (body.n > INT32_MAX / 2 || aad.n > INT32_MAX / 2 || body.n < around + 1 ||
	    (body.n - around) % sk->encr.alg->block)
		return false;
	blob_set(&text, chunk(body.p + sk->encr.alg->iv, body.n - around));
	ok = sk_unseal(sk, aad, body, text.p, text.n);
	pad = ok ? text.p[text.n - 1] : 0;
	ok = ok && pad < text.n;
	if (!ok) {
		blob_wipe(&text);
		return false;
	}
	/* what the padding was stays allocated behind the end; the bytes are not secret */
	text.n -= (size_t)pad + 1;
	if (!text.n)
		blob_wipe(&text);
	blob_take(clear, &text);
	return true;
}
