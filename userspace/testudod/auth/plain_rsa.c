// SPDX-License-Identifier: GPL-2.0
/*
 * Plain RSA keys as plainrsa-gen(8) writes them: a public key is one line,
 * ": PUB 0s" and the base64 of RFC 3110's form; a private key is a block of
 * hexadecimal numbers. Restrictions by address in front of the colon are refused:
 * a file belongs to one remote block, which says whom it is for.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "auth/cert.h"
#include "auth/impl.h"
#include "auth/plain_rsa.h"
#include "conf/source.h"

/**
 * struct words - the words of a file, comments left out
 * @rest: what is to be read
 * @line: line of @word
 * @word: word, a colon or a brace
 * @n: its length, 0 at the end
 */
struct words {
	struct chunk rest;
	unsigned int line;
	const char *word;
	size_t n;
};

static bool is_mark(uint8_t c)
{
	return c == ':' || c == '{' || c == '}';
}

/* a colon belongs to the word before it, as in "Modulus:", but for the first of a line */
static bool next_word(struct words *w)
{
	const uint8_t *p = w->rest.p;
	const uint8_t *end;

	w->n = 0;
	if (!w->rest.n)
		return false;
	end = p + w->rest.n;
	while (p < end && (isspace(*p) || *p == '#')) {
		if (*p == '#') {
			while (p < end && *p != '\n')
				p++;
			continue;
		}
		w->line += *p == '\n';
		p++;
	}
	w->word = (const char *)p;
	if (p < end && is_mark(*p))
		p++;
	else
		while (p < end && !isspace(*p) && !is_mark(*p))
			p++;
	w->n = (size_t)((const char *)p - w->word);
	w->rest = chunk(p, (size_t)(end - p));
	return w->n > 0;
}

static bool word_is(const struct words *w, const char *s)
{
	return w->n == strlen(s) && !strncasecmp(w->word, s, w->n);
}

/* ---- public ---- */

static EVP_PKEY *rsa_from_params(OSSL_PARAM_BLD *bld, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (params && ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &key, selection, params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* exponent's length in one byte, or zero and two bytes; exponent; modulus */
static EVP_PKEY *rsa_from_wire(struct chunk wire)
{
	struct reader r = reader(wire);
	size_t elen = get_u8(&r);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	BIGNUM *e;
	BIGNUM *n;

	if (!elen)
		elen = get_be16(&r);
	e = BN_bin2bn(r.p, r.failed || elen > r.n ? 0 : (int)elen, NULL);
	get_bytes(&r, elen);
	n = BN_bin2bn(r.p, r.failed || r.n > RSA_BITS_MAX / 8 ? 0 : (int)r.n, NULL);
	if (bld && e && n && !BN_is_zero(e) && !BN_is_zero(n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		key = rsa_from_params(bld, EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(bld);
	BN_free(e);
	BN_free(n);
	ERR_clear_error();
	return key;
}

/* base64 of RFC 3110's form */
static EVP_PKEY *rsa_from_rfc3110(struct chunk base64)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	EVP_PKEY *key = NULL;
	uint8_t *bytes;
	int n = 0;
	int last = 0;

	if (!ctx || !base64.n || base64.n > 2 * RSA_BITS_MAX / 8) {
		EVP_ENCODE_CTX_free(ctx);
		return NULL;
	}
	bytes = xcalloc(1, base64.n + 3);
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, bytes, &n, base64.p, (int)base64.n) >= 0 &&
	    EVP_DecodeFinal(ctx, bytes + n, &last) > 0)
		key = rsa_from_wire(chunk(bytes, (size_t)(n + last)));
	EVP_ENCODE_CTX_free(ctx);
	free(bytes);
	ERR_clear_error();
	return key;
}

/* past the block of a private key; false if it does not end */
static bool skip_block(struct words *w)
{
	if (!next_word(w) || !word_is(w, "{"))
		return false;
	while (next_word(w))
		if (word_is(w, "}"))
			return true;
	return false;
}

/* what stands in front of a key: ":" alone; false with @why */
static bool read_colon(const struct words *w, char *why, size_t why_size)
{
	if (word_is(w, ":"))
		return true;
	snprintf(why, why_size,
		 "line %u: a key begins with \":\"; addresses in front of it are not supported, use one file for each remote block",
		 w->line);
	return false;
}

static bool read_public(struct words *w, EVP_PKEY **key, char *why, size_t why_size)
{
	const char *fault = "no key after PUB (0s and base64 are expected)";

	if (next_word(w) && w->n > 2 && w->word[0] == '0' && (w->word[1] | 0x20) == 's') {
		*key = rsa_from_rfc3110(chunk(w->word + 2, w->n - 2));
		fault = *key ? key_fault(*key) : "the key is not base64 of an RSA key (RFC 3110)";
	}
	if (!fault)
		return true;
	EVP_PKEY_free(*key);
	*key = NULL;
	snprintf(why, why_size, "line %u: %s", w->line, fault);
	return false;
}

/* public keys of @text into @keys; how many, or 0 with @why */
static unsigned int plain_rsa_public(struct chunk text, EVP_PKEY **keys, unsigned int max, char *why,
				     size_t why_size)
{
	struct words w = { .rest = text, .line = 1 };
	unsigned int n = 0;

	snprintf(why, why_size, "there is no public key (\": PUB 0s...\") in it");
	while (n < max && next_word(&w)) {
		bool ok = read_colon(&w, why, why_size);

		if (ok && next_word(&w) && word_is(&w, "RSA")) {
			ok = skip_block(&w);
		} else if (ok && word_is(&w, "PUB")) {
			keys[n] = NULL;
			ok = read_public(&w, &keys[n], why, why_size);
			n += ok;
		} else if (ok) {
			snprintf(why, why_size, "line %u: neither PUB nor RSA after the colon", w.line);
			ok = false;
		}
		if (ok)
			continue;
		while (n)
			EVP_PKEY_free(keys[--n]);
		return 0;
	}
	return n;
}

struct cert *cert_from_plain_rsa(struct source *src, const char *name, char *why, size_t why_size)
{
	const struct source_file *f = source_open(src, name);
	struct cert *cert;
	char fault[128];
	BIO *bio;

	if (f->error) {
		snprintf(why, why_size, "%s: %s", name, strerror(f->error));
		return NULL;
	}
	cert = xcalloc(1, sizeof(*cert));
	bio = BIO_new_mem_buf(f->data.p, (int)f->data.n);
	cert->key[0] = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error();
	cert->nkeys = cert->key[0] ? 1 : plain_rsa_public(blob_chunk(&f->data), cert->key, CERT_KEYS, fault, sizeof(fault));
	if (cert->nkeys)
		return cert;
	snprintf(why, why_size, "%s: %s", name, fault);
	cert_free(cert);
	return NULL;
}

struct blob plain_rsa_public_part(struct chunk text)
{
	struct words w = { .rest = text, .line = 1 };
	struct writer out = { 0 };

	while (next_word(&w)) {
		if (word_is(&w, "RSA") && !skip_block(&w))
			break;
		if (!word_is(&w, "PUB") || !next_word(&w))
			continue;
		put_bytes(&out, chunk_str(": PUB "));
		put_bytes(&out, chunk(w.word, w.n));
		put_u8(&out, '\n');
	}
	return writer_blob(&out);
}

/* ---- private ---- */

static const char *const field_names[][2] = {
	{ "Modulus", OSSL_PKEY_PARAM_RSA_N },
	{ "PublicExponent", OSSL_PKEY_PARAM_RSA_E },
	{ "PrivateExponent", OSSL_PKEY_PARAM_RSA_D },
	{ "Prime1", OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "Prime2", OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ "Exponent1", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ "Exponent2", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ "Coefficient", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

#define FIELDS (sizeof(field_names) / sizeof(field_names[0]))

static BIGNUM *read_number(struct words *w)
{
	BIGNUM *bn = NULL;
	char *hex;

	if (!next_word(w) || w->n < 3 || w->n > 2 + RSA_BITS_MAX / 4 || w->word[0] != '0' ||
	    (w->word[1] | 0x20) != 'x')
		return NULL;
	hex = xstrndup(w->word + 2, w->n - 2);
	if (BN_hex2bn(&bn, hex) != (int)(w->n - 2)) {
		BN_clear_free(bn);
		bn = NULL;
	}
	OPENSSL_cleanse(hex, strlen(hex)); /* a zero byte in the file makes it shorter */
	free(hex);
	return bn;
}

/* the fields up to the brace; false with @fault */
static bool read_fields(struct words *w, BIGNUM *field[FIELDS], const char **fault)
{
	size_t i;

	*fault = "the block of the key does not end";
	while (next_word(w)) {
		if (word_is(w, "}")) {
			*fault = "a number of the key is missing (all eight, from Modulus to Coefficient, are needed)";
			for (i = 0; i < FIELDS; i++)
				if (!field[i])
					return false;
			return true;
		}
		for (i = 0; i < FIELDS && !word_is(w, field_names[i][0]); i++)
			;
		*fault = "a field that no RSA key has, or twice the same";
		if (i == FIELDS || field[i])
			return false;
		*fault = "no hexadecimal number (0x...) after the name of a field";
		if (!next_word(w) || !word_is(w, ":"))
			return false;
		field[i] = read_number(w);
		if (!field[i])
			return false;
		*fault = "the block of the key does not end";
	}
	return false;
}

static EVP_PKEY *rsa_from_fields(BIGNUM *field[FIELDS])
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;
	bool ok = bld;
	size_t i;

	for (i = 0; ok && i < FIELDS; i++) {
		BN_set_flags(field[i], BN_FLG_CONSTTIME);
		ok = OSSL_PARAM_BLD_push_BN(bld, field_names[i][1], field[i]);
	}
	if (ok)
		key = rsa_from_params(bld, EVP_PKEY_KEYPAIR);
	OSSL_PARAM_BLD_free(bld);
	/* numbers that do not belong together would leak the key with the first signature */
	ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	if (!ctx || EVP_PKEY_pairwise_check(ctx) <= 0) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return key;
}

EVP_PKEY *plain_rsa_private(struct chunk text, char *why, size_t why_size)
{
	struct words w = { .rest = text, .line = 1 };
	const char *fault = "there is no private key (\": RSA { ... }\") in it";
	BIGNUM *field[FIELDS] = { 0 };
	EVP_PKEY *key = NULL;
	size_t i;

	while (next_word(&w) && !word_is(&w, "RSA"))
		;
	if (w.n && (!next_word(&w) || !word_is(&w, "{")))
		fault = "no { after RSA";
	else if (w.n && read_fields(&w, field, &fault)) {
		key = rsa_from_fields(field);
		fault = key ? key_fault(key) : "the numbers of the key do not belong together";
	}
	for (i = 0; i < FIELDS; i++)
		BN_clear_free(field[i]);
	if (!fault)
		return key;
	snprintf(why, why_size, "line %u: %s", w.line, fault);
	EVP_PKEY_free(key);
	return NULL;
}
