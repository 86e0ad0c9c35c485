// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates that somebody made to do harm (classes 11 and 12 of old holes,
 * shared/daemon.md section 6): keys that are none, changed certificates, odd signature
 * parameters, loops. Names and URLs in them are in test_cert_names.c, verdicts on honest
 * ones in test_cert.c, signatures by the peers themselves in test_signature.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "cert_make.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Of some milliseconds: neither a slow machine nor one that stands still for a while takes so long. */
#define TOO_LONG (10 * CLOCKS_PER_SEC)

static const char tbs_text[] = "somebody is who he says he is";

/* ---- 11: keys ---- */

/**
 * struct number - a modulus or an exponent
 * @bits: the highest one
 * @low: is added to it; of up to 8 bits: all of it
 */
struct number {
	unsigned int bits;
	uint8_t low;
};

static const struct key_row {
	const char *why;
	struct number n;
	struct number e;
	bool ok;
} keys[] = {
	{ "as usual", { 2048, 1 }, { 17, 1 }, true },
	{ "larger than usual", { 4096, 1 }, { 33, 1 }, true },
	{ "exponent 0 (2017-9022)", { 2048, 1 }, { 0, 0 }, false },
	{ "exponent 1: everything signs itself", { 2048, 1 }, { 1, 1 }, false },
	{ "exponent 2", { 2048, 1 }, { 2, 2 }, false },
	{ "an even exponent", { 2048, 1 }, { 17, 0 }, false },
	{ "an exponent of 65 bits", { 2048, 1 }, { 65, 1 }, false },
	{ "an exponent as long as the modulus", { 2048, 1 }, { 2047, 1 }, false },
	{ "an exponent longer than it", { 2048, 1 }, { 4000, 1 }, false },
	{ "an exponent of 100000 bits", { 2048, 1 }, { 100000, 1 }, false },
	{ "an even modulus", { 2048, 0 }, { 17, 1 }, false },
	{ "modulus 0", { 0, 0 }, { 17, 1 }, false },
	{ "modulus 1", { 1, 1 }, { 17, 1 }, false },
	{ "modulus 15", { 4, 15 }, { 2, 3 }, false },
	{ "a modulus of 512 bits", { 512, 1 }, { 17, 1 }, false },
	{ "of 1023 bits", { 1023, 1 }, { 17, 1 }, false },
	{ "of 16385 bits", { 16385, 1 }, { 17, 1 }, false },
	{ "of 100000 bits", { 100000, 1 }, { 17, 1 }, false },
};

static BIGNUM *number(struct number wanted)
{
	BIGNUM *n = BN_new();

	if (wanted.bits <= 8) {
		BN_set_word(n, wanted.low);
		return n;
	}
	BN_zero(n);
	BN_set_bit(n, wanted.bits - 1);
	BN_add_word(n, wanted.low);
	return n;
}

static EVP_PKEY *rsa_key(const struct key_row *row)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = number(row->n), *e = number(row->e);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_true(EVP_PKEY_fromdata_init(ctx) > 0);
	assert_true(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) > 0);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

/* The block that a signature has to come to: with exponent 1 it is the signature. */
static struct blob self_signed_block(size_t size)
{
	struct writer w = { 0 };
	size_t n = sizeof(tbs_text) - 1, i;

	put_u8(&w, 0);
	put_u8(&w, 1);
	for (i = 3 + n; i < size; i++)
		put_u8(&w, 0xff);
	put_u8(&w, 0);
	put_bytes(&w, chunk_str(tbs_text));
	return writer_blob(&w);
}

static void no_keys_of_rsa(void **state)
{
	clock_t begun;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(keys); i++) {
		EVP_PKEY *key = rsa_key(&keys[i]);
		X509 *x = make_bare("leaf", "Evil CA", key);
		struct blob sig = self_signed_block(EVP_PKEY_get_size(key) > 64 ? EVP_PKEY_get_size(key) : 64);
		struct cert *cert;
		int scheme;

		make_sign(x, make_ca_key);
		begun = clock();
		cert = make_read(x);
		if (cert && (make_verdict(cert, NULL, 0) == CERT_OK) != keys[i].ok)
			fail_msg("%s: %s", keys[i].why, keys[i].ok ? "refused" : "trusted");
		assert_true(cert || !keys[i].ok);
		for (scheme = 0; cert && scheme < SIG_SCHEMES; scheme++) {
			if (cert_check_signature(cert, scheme, chunk_str(tbs_text), blob_chunk(&sig)))
				fail_msg("%s: %s", keys[i].why, sig_name(scheme));
		}
		if (clock() - begun > TOO_LONG)
			fail_msg("%s: takes %ld ms", keys[i].why, (clock() - begun) * 1000 / CLOCKS_PER_SEC);
		cert_free(cert);
		blob_free(&sig);
		EVP_PKEY_free(key);
	}
}

/* Keys of that kind that sign another certificate: a chain is as good as its worst. */
static void no_keys_of_cas(void **state)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	clock_t begun;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(keys); i++) {
		EVP_PKEY *key = rsa_key(&keys[i]);
		X509 *x = make_bare("leaf", "Middle CA", make_leaf_key);
		struct cert *chain, *leaf;

		/* signed by somebody: it is the key in the certificate that is asked */
		make_sign(x, own);
		begun = clock();
		leaf = make_read(x);
		chain = make_read(make_ca("Middle CA", key, "Evil CA", make_ca_key));
		assert_non_null(leaf);
		assert_int_not_equal(make_verdict(leaf, &chain, 1), CERT_OK);
		if (clock() - begun > TOO_LONG)
			fail_msg("%s: takes %ld ms", keys[i].why, (clock() - begun) * 1000 / CLOCKS_PER_SEC);
		cert_free(leaf);
		cert_free(chain);
		EVP_PKEY_free(key);
	}
	EVP_PKEY_free(own);
}

/* ---- 12: what the CA has not signed ---- */

/* Every byte of a certificate counts (racoon did not look at the signature, 2004). */
static void every_byte_is_signed(void **state)
{
	X509 *x = make_bare("leaf", "Evil CA", make_leaf_key);
	unsigned int bad = 0;
	struct cert *cert;
	struct blob der;
	size_t i;

	(void)state;
	make_extend(x, NID_subject_alt_name, "DNS:a.test");
	make_sign(x, make_ca_key);
	cert = make_read(x);
	assert_int_equal(make_verdict(cert, NULL, 0), CERT_OK);
	der = make_der(cert);
	cert_free(cert);
	for (i = 0; i < der.n; i++) {
		enum cert_cause cause;

		der.p[i] ^= 1 << i % 8;
		cert = cert_parse(blob_chunk(&der));
		cause = cert ? make_verdict(cert, NULL, 0) : CERT_MALFORMED;
		if (cause == CERT_OK)
			fail_msg("byte %zu of %zu may be changed", i, der.n);
		bad += cause == CERT_BAD_SIGNATURE;
		cert_free(cert);
		der.p[i] ^= 1 << i % 8;
	}
	/* many of them are found by the signature alone */
	assert_in_range(bad, der.n / 3, der.n);
	blob_free(&der);
}

/* A signature over nothing that is left, and one of somebody else. */
static void other_signatures(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = make_bare("leaf", "Evil CA", make_leaf_key);
	const ASN1_BIT_STRING *sig;
	struct cert *cert;

	(void)state;
	make_sign(x, other);
	cert = make_read(x);
	assert_int_equal(make_verdict(cert, NULL, 0), CERT_BAD_SIGNATURE);
	cert_free(cert);
	x = make_bare("leaf", "Evil CA", make_leaf_key);
	make_sign(x, make_ca_key);
	X509_get0_signature(&sig, NULL, x);
	ASN1_STRING_set((ASN1_BIT_STRING *)sig, "", 0);
	cert = make_read(x);
	assert_true(!cert || make_verdict(cert, NULL, 0) != CERT_OK);
	cert_free(cert);
	EVP_PKEY_free(other);
}

/* ---- PSS's parameters in a certificate (2018-6459, 2021-41990) ---- */

/**
 * struct pss_row - an AlgorithmIdentifier
 * @why: what is special
 * @salt: as it is stated; LONG_MIN: no such field
 * @params: there are parameters at all
 * @trailer: 0: not stated
 * @ok: the certificate is good
 */
static const struct pss_row {
	const char *why;
	const char *salt;
	bool params;
	long trailer;
	bool ok;
} pss_rows[] = {
	{ "as it should be", "32", true, 0, true },
	{ "no parameters", NULL, false, 0, false },
	{ "a salt of 20, by silence", NULL, true, 0, false },
	{ "a salt of 2^31 - 1", "2147483647", true, 0, false },
	{ "2^31", "2147483648", true, 0, false },
	{ "2^64 + 32", "18446744073709551648", true, 0, false },
	{ "-1", "-1", true, 0, false },
	{ "-2: as long as fits, in libcrypto's words", "-2", true, 0, false },
	{ "longer than the modulus", "500", true, 0, false },
	{ "another trailer", "32", true, 2, false },
};

static X509_ALGOR *digest_algor(void)
{
	X509_ALGOR *a = X509_ALGOR_new();

	X509_ALGOR_set0(a, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
	return a;
}

static void set_pss(X509_ALGOR *a, const struct pss_row *row)
{
	RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();
	X509_ALGOR *digest = digest_algor();
	ASN1_STRING *mask = NULL, *params = NULL;
	BIGNUM *salt = NULL;

	pss->hashAlgorithm = digest_algor();
	pss->maskGenAlgorithm = X509_ALGOR_new();
	ASN1_item_pack(digest, ASN1_ITEM_rptr(X509_ALGOR), &mask);
	X509_ALGOR_set0(pss->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, mask);
	if (row->salt && BN_dec2bn(&salt, row->salt))
		pss->saltLength = BN_to_ASN1_INTEGER(salt, NULL);
	if (row->trailer) {
		pss->trailerField = ASN1_INTEGER_new();
		ASN1_INTEGER_set(pss->trailerField, row->trailer);
	}
	ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), &params);
	if (row->params)
		X509_ALGOR_set0(a, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, params);
	else
		X509_ALGOR_set0(a, OBJ_nid2obj(NID_rsassaPss), V_ASN1_UNDEF, NULL);
	if (!row->params)
		ASN1_STRING_free(params);
	BN_free(salt);
	X509_ALGOR_free(digest);
	RSA_PSS_PARAMS_free(pss);
}

/* Signed by the rules, with a salt of 32 bytes, whatever is stated about it. */
static void sign_pss(X509 *x, EVP_PKEY *key, const struct pss_row *row)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *tbs = NULL, sig[512];
	const ASN1_BIT_STRING *bits;
	const X509_ALGOR *outer;
	EVP_PKEY_CTX *pctx;
	size_t n = sizeof(sig);
	int len;

	X509_get0_signature(&bits, &outer, x);
	set_pss((X509_ALGOR *)outer, row);
	set_pss((X509_ALGOR *)X509_get0_tbs_sigalg(x), row);
	len = i2d_re_X509_tbs(x, &tbs);
	assert_true(EVP_DigestSignInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key, NULL) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32) > 0);
	assert_true(EVP_DigestSign(ctx, sig, &n, tbs, len) > 0);
	ASN1_STRING_set((ASN1_BIT_STRING *)bits, sig, n);
	((ASN1_BIT_STRING *)bits)->flags = ASN1_STRING_FLAG_BITS_LEFT;
	OPENSSL_free(tbs);
	EVP_MD_CTX_free(ctx);
}

static void odd_pss(void **state)
{
	EVP_PKEY *middle = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct cert *chain = make_read(make_ca("Middle CA", middle, "Evil CA", make_ca_key)), *leaf;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(pss_rows); i++) {
		X509 *x = make_bare("leaf", "Middle CA", make_leaf_key);

		sign_pss(x, middle, &pss_rows[i]);
		leaf = make_read(x);
		if ((leaf && make_verdict(leaf, &chain, 1) == CERT_OK) != pss_rows[i].ok)
			fail_msg("%s: %s", pss_rows[i].why, pss_rows[i].ok ? "refused" : "trusted");
		cert_free(leaf);
	}
	cert_free(chain);
	EVP_PKEY_free(middle);
}

/* ---- chains ---- */

/* @n CAs, each below the next one, the last one below ours. */
static void make_tower(struct cert *tower[], unsigned int n, EVP_PKEY *key)
{
	char name[24], issuer[24];
	unsigned int i;

	for (i = 0; i < n; i++) {
		bool last = i + 1 == n;

		snprintf(name, sizeof(name), "Tower %u", i);
		snprintf(issuer, sizeof(issuer), "Tower %u", i + 1);
		tower[i] = make_read(make_ca(name, key, last ? "Evil CA" : issuer, last ? make_ca_key : key));
	}
}

/* One CA below another, further than anybody needs. */
static void towers(void **state)
{
	static const struct {
		unsigned int height;
		bool ok;
	} rows[] = { { 1, true }, { 3, true }, { 12, false }, { 30, false } };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct cert *tower[30], *leaf;
	clock_t begun = clock();
	unsigned int i, k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		X509 *x = make_bare("leaf", "Tower 0", make_leaf_key);

		make_sign(x, key);
		leaf = make_read(x);
		make_tower(tower, rows[i].height, key);
		if ((make_verdict(leaf, tower, rows[i].height) == CERT_OK) != rows[i].ok)
			fail_msg("%u CAs: %s", rows[i].height, rows[i].ok ? "refused" : "trusted");
		for (k = 0; k < rows[i].height; k++)
			cert_free(tower[k]);
		cert_free(leaf);
	}
	EVP_PKEY_free(key);
	assert_in_range(clock() - begun, 0, TOO_LONG);
}

/* CAs that signed each other. */
static void rings(void **state)
{
	EVP_PKEY *key[2];
	X509 *x = make_bare("leaf", "Ring 0", make_leaf_key);
	struct cert *ring[2], *leaf;
	clock_t begun = clock();
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++)
		key[i] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	for (i = 0; i < 2; i++)
		ring[i] = make_read(make_ca(i ? "Ring 1" : "Ring 0", key[i], i ? "Ring 0" : "Ring 1", key[!i]));
	make_sign(x, key[0]);
	leaf = make_read(x);
	assert_int_equal(make_verdict(leaf, ring, 2), CERT_NO_ISSUER);
	assert_in_range(clock() - begun, 0, TOO_LONG);
	for (i = 0; i < 2; i++) {
		cert_free(ring[i]);
		EVP_PKEY_free(key[i]);
	}
	cert_free(leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_keys_of_rsa),
		cmocka_unit_test(no_keys_of_cas),
		cmocka_unit_test(every_byte_is_signed),
		cmocka_unit_test(other_signatures),
		cmocka_unit_test(odd_pss),
		cmocka_unit_test(towers),
		cmocka_unit_test(rings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, make_setup, make_teardown);
}
