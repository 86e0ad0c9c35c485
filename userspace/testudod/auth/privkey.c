// SPDX-License-Identifier: GPL-2.0
/*
 * Private keys, and signing with them. Only the keys process has any.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/impl.h"
#include "auth/plain_rsa.h"
#include "auth/secrets.h"

/**
 * struct privkey - a private key
 * @key: libcrypto's
 */
struct privkey {
	EVP_PKEY *key;
};

/* nobody is there who could type one */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)arg = true;
	return -1;
}

static struct privkey *privkey_new(EVP_PKEY *key)
{
	struct privkey *k = xcalloc(1, sizeof(*k));

	k->key = key;
	return k;
}

static EVP_PKEY *key_from_der(struct chunk der)
{
	const unsigned char *p = der.p;

	return d2i_AutoPrivateKey(NULL, &p, (long)der.n);
}

struct privkey *privkey_parse(struct chunk pem, char *why, size_t why_size)
{
	const char *fault = "there is no private key in it";
	EVP_PKEY *key = NULL;
	bool locked = false;
	BIO *bio;

	if (pem.n && pem.n <= INT_MAX) {
		bio = BIO_new_mem_buf(pem.p, (int)pem.n);
		key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &locked) : NULL;
		BIO_free(bio);
		if (!key && !locked)
			key = key_from_der(pem);
	}
	ERR_clear_error();
	if (key)
		fault = key_fault(key);
	else if (locked)
		fault = "it is protected by a passphrase; \"openssl pkey -in OLD -out NEW\" takes that away";
	if (!fault)
		return privkey_new(key);
	EVP_PKEY_free(key);
	snprintf(why, why_size, "%s", fault);
	return NULL;
}

struct privkey *privkey_from_plain_rsa(struct chunk text, char *why, size_t why_size)
{
	EVP_PKEY *key = plain_rsa_private(text, why, why_size);

	return key ? privkey_new(key) : NULL;
}

bool privkey_matches(const struct privkey *key, const struct cert *cert)
{
	bool same = cert->nkeys && EVP_PKEY_eq(key->key, cert->key[0]) == 1;

	ERR_clear_error();
	return same;
}

/* PKCS#1 type 1 around @tbs itself */
static bool sign_raw(EVP_PKEY *key, const struct sig_row *row, struct chunk tbs, uint8_t *sig,
		     size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_sign_init(ctx) > 0 && sig_pad(ctx, row) &&
		  EVP_PKEY_sign(ctx, sig, n, tbs.p, tbs.n) > 0;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool sign_digest(EVP_PKEY *key, const struct sig_row *row, struct chunk tbs, uint8_t *sig,
			size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool ok = ctx && EVP_DigestSignInit_ex(ctx, &pctx, row->md, NULL, NULL, key, NULL) > 0 &&
		  sig_pad(pctx, row) && EVP_DigestSign(ctx, sig, n, tbs.p, tbs.n) > 0;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool privkey_sign(const struct privkey *key, enum sig_scheme scheme, struct chunk tbs,
		  struct blob *sig)
{
	const struct sig_row *row = sig_row(scheme);
	struct blob out = { 0 };
	bool ok;

	if (!row || !sig_fits(row, key->key) || !tbs.n)
		return false;
	out.n = (size_t)EVP_PKEY_get_size(key->key);
	out.p = xcalloc(1, out.n);
	ok = scheme == SIG_RAW_RSA_V1 ? sign_raw(key->key, row, tbs, out.p, &out.n) : sign_digest(key->key, row, tbs, out.p, &out.n);
	ERR_clear_error();
	if (!ok) {
		free(out.p);
		return false;
	}
	blob_take(sig, &out);
	return true;
}

void privkey_free(struct privkey *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->key); /* libcrypto wipes it */
	free(key);
}
