// SPDX-License-Identifier: GPL-2.0
/*
 * test_signature - signatures of the openssl command with our check and the
 * other way round, forged ones, and the names of RFC 7427 (taken from
 * certificates that openssl signed).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "auth/secrets.h"
#include "base/log.h"
#include "certs.h"
#include "conf/conf.h"

static struct cert *load(const char *key)
{
	char *name = xasprintf("work/%s.pem", key);
	struct cert *cert = certs_load(name);

	free(name);
	assert_non_null(cert);
	return cert;
}

static struct privkey *load_key(const char *key, char *why, size_t size)
{
	char *path = xasprintf("work/%s.key", key);
	struct blob pem = certs_file(path);
	struct privkey *k = privkey_parse(blob_chunk(&pem), why, size);

	blob_wipe(&pem);
	free(path);
	return k;
}

/* ---- openssl as the other side ---- */

#define PSS(salt) "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:" salt

struct scheme_row {
	enum sig_scheme scheme;
	const char *key;
	const char *tool; /* "dgst -sha256" and its options, or "pkeyutl" */
};

static const struct scheme_row schemes[] = {
	{ SIG_RAW_RSA_V1, "rsa2048", "pkeyutl -pkeyopt rsa_padding_mode:pkcs1" },
	{ SIG_RAW_RSA_V1, "three", "pkeyutl -pkeyopt rsa_padding_mode:pkcs1" },
	{ SIG_RSA_SHA1, "rsa2048", "dgst -sha1" },
	{ SIG_RSA_SHA256, "rsa2048", "dgst -sha256" },
	{ SIG_RSA_SHA384, "rsa2048", "dgst -sha384" },
	{ SIG_RSA_SHA512, "rsa2048", "dgst -sha512" },
	{ SIG_PSS_SHA256, "rsa2048", "dgst -sha256 " PSS("digest") },
	{ SIG_PSS_SHA384, "rsa2048", "dgst -sha384 " PSS("digest") },
	{ SIG_PSS_SHA512, "rsa2048", "dgst -sha512 " PSS("digest") },
	{ SIG_PSS_SHA256, "pss", "dgst -sha256 " PSS("digest") },
	{ SIG_ECDSA_SHA256, "p256", "dgst -sha256" },
	{ SIG_ECDSA_SHA384, "p384", "dgst -sha384" },
	{ SIG_ECDSA_SHA512, "p521", "dgst -sha512" },
	{ SIG_ECDSA_SHA256, "p384", "dgst -sha256" },
	{ SIG_ED25519, "ed25519", "pkeyutl -rawin" },
	{ SIG_ED448, "ed448", "pkeyutl -rawin" },
};

/* 20 bytes, as an IKEv1 HASH with SHA-1 has */
static const char octets[] = "twenty octets of HASH";
#define TBS chunk(octets, 20)

static struct blob openssl_sign(const struct scheme_row *row)
{
	bool dgst = !strncmp(row->tool, "dgst", 4);
	char *cmd = dgst ? xasprintf("openssl %s -sign work/%s.key -out sig tbs", row->tool, row->key) : xasprintf("openssl %s -sign -inkey work/%s.key -in tbs -out sig", row->tool, row->key);

	certs_write("tbs", TBS);
	assert_true(certs_run(cmd));
	free(cmd);
	return certs_file("sig");
}

static bool openssl_verify(const struct scheme_row *row, struct chunk sig)
{
	bool dgst = !strncmp(row->tool, "dgst", 4);
	char *cmd = dgst ? xasprintf("openssl %s -verify work/%s.pub -signature sig tbs", row->tool,
				     row->key)
			 : xasprintf("openssl %s -verify -pubin -inkey work/%s.pub -in tbs -sigfile sig",
				     row->tool, row->key);
	bool ok;

	certs_write("tbs", TBS);
	certs_write("sig", sig);
	ok = certs_run(cmd);
	free(cmd);
	return ok;
}

/* every bit of the signature and of what is signed counts, as does every byte of length */
static void spoil(const struct scheme_row *row, const struct cert *cert, struct blob *sig)
{
	uint8_t tbs[20];
	size_t i;
	int other;

	memcpy(tbs, octets, sizeof(tbs));
	for (i = 0; i < sig->n; i += 13) {
		sig->p[i] ^= 1 << i % 8;
		assert_false(cert_check_signature(cert, row->scheme, TBS, blob_chunk(sig)));
		sig->p[i] ^= 1 << i % 8;
	}
	tbs[19] ^= 1;
	assert_false(cert_check_signature(cert, row->scheme, chunk(tbs, 20), blob_chunk(sig)));
	assert_false(cert_check_signature(cert, row->scheme, chunk(octets, 19), blob_chunk(sig)));
	assert_false(cert_check_signature(cert, row->scheme, chunk(NULL, 0), blob_chunk(sig)));
	for (i = 0; i < sig->n; i += 7)
		assert_false(cert_check_signature(cert, row->scheme, TBS, chunk(sig->p, i)));
	assert_false(cert_check_signature(cert, row->scheme, TBS, chunk(sig->p + 1, sig->n - 1)));
	sig->p = xrealloc(sig->p, sig->n + 1);
	sig->p[sig->n] = 0;
	assert_false(cert_check_signature(cert, row->scheme, TBS, chunk(sig->p, sig->n + 1)));
	memmove(sig->p + 1, sig->p, sig->n);
	sig->p[0] = 0;
	assert_false(cert_check_signature(cert, row->scheme, TBS, chunk(sig->p, sig->n + 1)));
	memmove(sig->p, sig->p + 1, sig->n);
	for (other = 0; other < SIG_SCHEMES; other++)
		assert_int_equal(cert_check_signature(cert, other, TBS, blob_chunk(sig)),
				 other == (int)row->scheme);
	assert_false(cert_check_signature(cert, SIG_SCHEMES, TBS, blob_chunk(sig)));
}

static void both_ways_with_openssl(void **state)
{
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const struct scheme_row *row = &schemes[i];
		struct cert *cert = load(row->key);
		struct privkey *key = load_key(row->key, why, sizeof(why));
		struct blob theirs = openssl_sign(row);
		struct blob ours = { 0 };

		if (!cert_check_signature(cert, row->scheme, TBS, blob_chunk(&theirs)))
			fail_msg("%s of openssl", sig_name(row->scheme));
		spoil(row, cert, &theirs);
		assert_non_null(key);
		assert_true(privkey_matches(key, cert));
		if (!privkey_sign(key, row->scheme, TBS, &ours) ||
		    !openssl_verify(row, blob_chunk(&ours)))
			fail_msg("%s of ours", sig_name(row->scheme));
		blob_free(&ours);
		blob_free(&theirs);
		privkey_free(key);
		cert_free(cert);
	}
}

static void salts_have_one_length(void **state)
{
	static const char *const salts[] = { "0", "20", "33", "max" };
	struct cert *cert = load("rsa2048");
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		char *tool = xasprintf("dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:%s",
				       salts[i]);
		const struct scheme_row row = { SIG_PSS_SHA256, "rsa2048", tool };
		struct blob sig = openssl_sign(&row);

		if (cert_check_signature(cert, SIG_PSS_SHA256, TBS, blob_chunk(&sig)))
			fail_msg("a salt of %s bytes", salts[i]);
		blob_free(&sig);
		free(tool);
	}
	cert_free(cert);
}

/* ---- forgeries ---- */

/* the private operation on a block of our choice: what only the key's owner can do */
static void sign_block(EVP_PKEY *key, const uint8_t *em, uint8_t *sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t n = 256;

	assert_true(EVP_PKEY_sign_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
	assert_true(EVP_PKEY_sign(ctx, sig, &n, em, 256) > 0);
	assert_int_equal(n, 256);
	EVP_PKEY_CTX_free(ctx);
}

/* DigestInfo of SHA-1 and variations; %H stands for the digest, %G for zero bytes up to the end */
#define INFO "3021300906052b0e03021a05000414"

struct block_row {
	enum sig_scheme scheme;
	const char *head;     /* hex */
	unsigned int ff;      /* bytes of ff; 0: as many as it takes */
	const char *before;   /* hex between the separator and the digest */
	unsigned int garbage; /* zero bytes behind the digest */
	bool good;
	const char *why;
};

static const struct block_row blocks[] = {
	{ SIG_RAW_RSA_V1, "0001", 0, "", 0, true, "the right block" },
	{ SIG_RAW_RSA_V1, "0001", 0, INFO, 0, false, "a DigestInfo where IKEv1 has none" },
	{ SIG_RAW_RSA_V1, "0002", 0, "", 0, false, "block type 2" },
	{ SIG_RAW_RSA_V1, "0000", 0, "", 0, false, "block type 0" },
	{ SIG_RAW_RSA_V1, "0101", 0, "", 0, false, "a first byte that is not zero" },
	{ SIG_RAW_RSA_V1, "0001", 8, "", 225, false, "short padding, bytes behind" },
	{ SIG_RAW_RSA_V1, "0001", 7, "", 226, false, "shorter than RFC 8017 lets it be" },
	{ SIG_RAW_RSA_V1, "0001", 0, "", 1, false, "one byte behind" },
	{ SIG_RAW_RSA_V1, "0001", 0, "00", 0, false, "one byte before" },
	{ SIG_RAW_RSA_V1, "0001fe", 0, "", 0, false, "padding that is not ff" },
	{ SIG_RSA_SHA1, "0001", 0, INFO, 0, true, "the right block" },
	{ SIG_RSA_SHA1, "0001", 0, "", 0, false, "no DigestInfo" },
	{ SIG_RSA_SHA1, "0001", 8, INFO, 210, false, "short padding, bytes behind" },
	{ SIG_RSA_SHA1, "0001", 0, INFO, 1, false, "one byte behind" },
	{ SIG_RSA_SHA1, "0001", 0, "3021300906052b0e03021b05000414", 0, false, "another digest's name" },
	{ SIG_RSA_SHA1, "0001", 0, "302f300b0609608648016503040201"
				   "0414",
	  0, false,
	  "SHA-256's name" },
	{ SIG_RSA_SHA1, "0001", 0, "3081213009"
				   "06052b0e03021a"
				   "05000414",
	  0, false,
	  "a length longer than it needs" },
	{ SIG_RSA_SHA1, "0001", 0, "3025300d06052b0e03021a"
				   "0504deadbeef"
				   "0414",
	  0, false,
	  "something inside of NULL" },
	{ SIG_RSA_SHA1, "0001", 0, "3023300b06052b0e03021a"
				   "0500"
				   "0500"
				   "0414",
	  0, false,
	  "a parameter too many" },
};

static size_t put_hex(uint8_t *out, const char *hex)
{
	unsigned int byte;
	size_t n;

	for (n = 0; hex[2 * n]; n++) {
		assert_int_equal(sscanf(hex + 2 * n, "%2x", &byte), 1);
		out[n] = (uint8_t)byte;
	}
	return n;
}

static void build_block(const struct block_row *row, uint8_t em[256])
{
	uint8_t digest[20];
	uint8_t tail[256] = { 0 };
	unsigned int len = 20;
	size_t head;
	size_t n;

	memcpy(digest, octets, 20);
	if (row->scheme != SIG_RAW_RSA_V1)
		EVP_Digest(octets, 20, digest, &len, EVP_sha1(), NULL);
	n = 1 + put_hex(tail + 1, row->before);
	memcpy(tail + n, digest, 20);
	n += 20 + row->garbage;
	memset(em, 0xff, 256);
	head = put_hex(em, row->head);
	if (row->ff)
		assert_int_equal(head + row->ff + n, 256);
	memcpy(em + 256 - n, tail, n);
}

static void blocks_are_compared_whole(void **state)
{
	struct cert *cert = load("rsa2048");
	EVP_PKEY *key = certs_key("rsa2048");
	uint8_t sig[256];
	uint8_t em[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		build_block(&blocks[i], em);
		if (em[0])
			em[0] = 0, em[1] = 0x81; /* still smaller than the modulus */
		sign_block(key, em, sig);
		if (cert_check_signature(cert, blocks[i].scheme, TBS, chunk(sig, 256)) != blocks[i].good)
			fail_msg("%s: %s", sig_name(blocks[i].scheme), blocks[i].why);
	}
	EVP_PKEY_free(key);
	cert_free(cert);
}

/* the smallest number whose cube is not below @n */
static BIGNUM *cube_root(const BIGNUM *n)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *s = BN_new();
	BIGNUM *t = BN_new();
	int bit;

	BN_zero(s);
	for (bit = BN_num_bits(n) / 3 + 1; bit >= 0; bit--) {
		BN_set_bit(s, bit);
		BN_sqr(t, s, ctx);
		BN_mul(t, t, s, ctx);
		if (BN_cmp(t, n) >= 0)
			BN_clear_bit(s, bit);
	}
	BN_add_word(s, 1);
	BN_free(t);
	BN_CTX_free(ctx);
	return s;
}

/* with exponent 3 and bytes that nobody looks at, no private key is needed (Bleichenbacher, 2006) */
static void cubes_are_no_signatures(void **state)
{
	static const struct block_row rows[] = {
		{ SIG_RAW_RSA_V1, "0001", 8, "", 225, false, "" },
		{ SIG_RSA_SHA1, "0001", 8, INFO, 210, false, "" },
		{ SIG_RAW_RSA_V1, "0001", 1, "", 232, false, "" },
	};
	struct cert *cert = load("three");
	uint8_t cube[256];
	uint8_t sig[256];
	uint8_t em[256];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		BN_CTX *ctx = BN_CTX_new();
		BIGNUM *t = BN_new();
		BIGNUM *s;

		build_block(&rows[i], em);
		BN_bin2bn(em, 256, t);
		s = cube_root(t);
		BN_sqr(t, s, ctx);
		BN_mul(t, t, s, ctx);
		/* so that the test tests something: the cube begins with what was wanted */
		assert_int_equal(BN_bn2binpad(t, cube, 256), 256);
		assert_memory_equal(cube, em, 256 - rows[i].garbage);
		assert_int_equal(BN_bn2binpad(s, sig, 256), 256);
		assert_false(cert_check_signature(cert, rows[i].scheme, TBS, chunk(sig, 256)));
		BN_free(t);
		BN_free(s);
		BN_CTX_free(ctx);
	}
	cert_free(cert);
}

static void numbers_at_the_edge(void **state)
{
	struct cert *cert = load("rsa2048");
	EVP_PKEY *key = certs_key("rsa2048");
	uint8_t good[256];
	uint8_t sig[257];
	uint8_t em[256];
	BIGNUM *n = NULL;
	BIGNUM *t = BN_new();
	int scheme;
	int i;

	(void)state;
	assert_true(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n));
	build_block(&blocks[0], em);
	sign_block(key, em, good);
	for (i = -1; i <= 6; i++) {
		if (i < 2)
			BN_copy(t, n); /* n - 1, n, n + 1 */
		else
			BN_zero(t); /* 0 to 4 */
		if (i < 0)
			BN_sub_word(t, 1);
		else
			BN_add_word(t, i < 2 ? i : i - 2);
		BN_bn2binpad(t, sig, 256);
		for (scheme = 0; scheme <= SIG_PSS_SHA512; scheme++)
			assert_false(cert_check_signature(cert, scheme, TBS, chunk(sig, 256)));
	}
	/* the right number plus the modulus is the same to whoever does not compare first */
	BN_bin2bn(good, 256, t);
	BN_add(t, t, n);
	if (BN_num_bytes(t) == 256) {
		BN_bn2binpad(t, sig, 256);
		assert_false(cert_check_signature(cert, SIG_RAW_RSA_V1, TBS, chunk(sig, 256)));
	}
	BN_bn2binpad(t, sig, 257);
	assert_false(cert_check_signature(cert, SIG_RAW_RSA_V1, TBS, chunk(sig, 257)));
	assert_true(cert_check_signature(cert, SIG_RAW_RSA_V1, TBS, chunk(good, 256)));
	BN_free(n);
	BN_free(t);
	EVP_PKEY_free(key);
	cert_free(cert);
}

static void ecdsa_forms(void **state)
{
	static const struct {
		const char *key;
		enum sig_scheme scheme;
		unsigned int bits;
		size_t raw;
	} rows[] = {
		{ "p256", SIG_ECDSA_SHA256, 256, 64 },
		{ "p384", SIG_ECDSA_SHA384, 384, 96 },
		{ "p521", SIG_ECDSA_SHA512, 521, 132 },
	};
	/* r = 0, s = 0; r = n; negative; long form of a length */
	static const char *const bad[] = {
		"3006020100020100",
		"3006020101020100",
		"3006020100020101",
		"30060201ff0201ff",
		"308106020101020101",
		"30",
		"3000",
		"3003020101",
	};
	char why[128];
	uint8_t der_bad[16];
	size_t i, k;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct cert *cert = load(rows[i].key);
		struct privkey *key = load_key(rows[i].key, why, sizeof(why));
		struct blob der = { 0 };
		struct blob raw = { 0 };
		struct blob again = { 0 };

		assert_true(privkey_sign(key, rows[i].scheme, TBS, &der));
		assert_true(sig_ecdsa_to_raw(blob_chunk(&der), rows[i].bits, &raw));
		assert_int_equal(raw.n, rows[i].raw);
		assert_true(sig_ecdsa_to_der(blob_chunk(&raw), rows[i].bits, &again));
		assert_true(chunk_equal(blob_chunk(&der), blob_chunk(&again)));
		assert_false(sig_ecdsa_to_der(chunk(raw.p, raw.n - 1), rows[i].bits, &again));
		assert_false(sig_ecdsa_to_raw(blob_chunk(&der), rows[i].bits / 2, &again));
		assert_false(sig_ecdsa_to_raw(chunk(der.p, der.n - 1), rows[i].bits, &again));
		for (k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			size_t n = put_hex(der_bad, bad[k]);

			if (cert_check_signature(cert, rows[i].scheme, TBS, chunk(der_bad, n)))
				fail_msg("%s", bad[k]);
		}
		blob_free(&der);
		blob_free(&raw);
		blob_free(&again);
		privkey_free(key);
		cert_free(cert);
	}
}

/* ---- RFC 7427 ---- */

#define SHA(n)	"300d060960864801650304020" n "0500"
#define MGF(n)	"301a06092a864886f70d010108" SHA(n)
#define PSS_OID "06092a864886f70d01010a"

struct algid_row {
	const char *hex;
	int scheme; /* -1: none */
	bool ours;  /* we send it in this form */
	const char *why;
};

static const struct algid_row algids[] = {
	{ "300d06092a864886f70d01010b0500", SIG_RSA_SHA256, true, "RSA SHA-256" },
	{ "300d06092a864886f70d01010c0500", SIG_RSA_SHA384, true, "RSA SHA-384" },
	{ "300d06092a864886f70d01010d0500", SIG_RSA_SHA512, true, "RSA SHA-512" },
	{ "300b06092a864886f70d01010b", SIG_RSA_SHA256, false, "without its NULL" },
	{ "300d06092a864886f70d0101050500", -1, false, "SHA-1 is not to be had this way" },
	{ "300d06092a864886f70d0101040500", -1, false, "MD5" },
	{ "300a06082a8648ce3d040302", SIG_ECDSA_SHA256, true, "ECDSA SHA-256" },
	{ "300a06082a8648ce3d040303", SIG_ECDSA_SHA384, true, "ECDSA SHA-384" },
	{ "300a06082a8648ce3d040304", SIG_ECDSA_SHA512, true, "ECDSA SHA-512" },
	{ "300c06082a8648ce3d0403020500", -1, false, "ECDSA with a parameter" },
	{ "300906072a8648ce3d0401", -1, false, "ECDSA SHA-1" },
	{ "300506032b6570", SIG_ED25519, true, "Ed25519" },
	{ "300506032b6571", SIG_ED448, true, "Ed448" },
	{ "3041" PSS_OID "3034a00f" SHA("1") "a11c" MGF("1") "a203020120", SIG_PSS_SHA256, true,
	  "PSS SHA-256" },
	{ "3041" PSS_OID "3034a00f" SHA("2") "a11c" MGF("2") "a203020130", SIG_PSS_SHA384, true,
	  "PSS SHA-384" },
	{ "3041" PSS_OID "3034a00f" SHA("3") "a11c" MGF("3") "a203020140", SIG_PSS_SHA512, true,
	  "PSS SHA-512" },
	{ "3046" PSS_OID "3039a00f" SHA("1") "a11c" MGF("1") "a203020120a303020101", SIG_PSS_SHA256,
	  false, "PSS with the trailer field spelt out" },
	{ "3046" PSS_OID "3039a00f" SHA("1") "a11c" MGF("1") "a203020120a303020102", -1, false,
	  "PSS with another trailer field" },
	{ "3041" PSS_OID "3034a00f" SHA("1") "a11c" MGF("2") "a203020120", -1, false,
	  "PSS with two digests" },
	{ "3041" PSS_OID "3034a00f" SHA("1") "a11c" MGF("1") "a203020114", -1, false,
	  "PSS with a short salt" },
	{ "3043" PSS_OID "3036a00f" SHA("1") "a11c" MGF("1") "a2050203010000", -1, false,
	  "PSS with a salt longer than any key" },
	{ "3041" PSS_OID "3034a00f" SHA("1") "a11c" MGF("1") "a2030201ff", -1, false,
	  "PSS with a negative salt" },
	{ "300d" PSS_OID "3000", -1, false, "PSS with SHA-1 by default" },
	{ "300d" PSS_OID "0500", -1, false, "PSS with NULL" },
	{ "300b" PSS_OID, -1, false, "PSS without parameters" },
	{ "300d06092a864886f70d0101010500", -1, false, "RSA encryption" },
	{ "300d06092a864886f70d01010b050000", -1, false, "a byte behind" },
	{ "300d06092a864886f70d01010b05", -1, false, "cut" },
	{ "30", -1, false, "cut shorter" },
	{ "", -1, false, "nothing" },
};

static void names_of_rfc7427(void **state)
{
	uint8_t der[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(algids) / sizeof(algids[0]); i++) {
		const struct algid_row *row = &algids[i];
		enum sig_scheme scheme = SIG_SCHEMES;
		size_t n = put_hex(der, row->hex);

		if (sig_by_algid(chunk(der, n), &scheme) != (row->scheme >= 0) ||
		    (row->scheme >= 0 && (int)scheme != row->scheme))
			fail_msg("%s: scheme %d", row->why, (int)scheme);
		if (row->ours && !chunk_equal(sig_algid(row->scheme), chunk(der, n)))
			fail_msg("%s: we name it otherwise", row->why);
	}
	assert_int_equal(sig_algid(SIG_RSA_SHA1).n, 0);
	assert_int_equal(sig_algid(SIG_RAW_RSA_V1).n, 0);
	assert_int_equal(sig_algid(SIG_SCHEMES).n, 0);
}

static void the_scheme_is_chosen(void **state)
{
	static const struct {
		const char *key;
		uint32_t hashes;
		int scheme;
		const char *why;
	} rows[] = {
		{ "rsa2048", 0, SIG_RSA_SHA1, "method 1 for who knows no RFC 7427" },
		{ "rsa2048", 1 << 2 | 1 << 3, SIG_PSS_SHA256, "PSS" },
		{ "rsa2048", 1 << 4, SIG_PSS_SHA512, "what the peer takes" },
		{ "rsa2048", 1 << 1, SIG_RSA_SHA1, "SHA-1 alone" },
		{ "rsa2048", 1 << 5, -1, "no digest that fits" },
		{ "pss", 0, -1, "a PSS key has no method 1" },
		{ "pss", 1 << 3, SIG_PSS_SHA384, "a PSS key" },
		{ "p256", 0, SIG_ECDSA_SHA256, "method 9" },
		{ "p384", 0, SIG_ECDSA_SHA384, "method 10" },
		{ "p384", 0x1e, SIG_ECDSA_SHA384, "the curve's own digest" },
		{ "p384", 1 << 2 | 1 << 4, SIG_ECDSA_SHA512, "a stronger one" },
		{ "p384", 1 << 2, SIG_ECDSA_SHA256, "a weaker one rather than none" },
		{ "p521", 0x1e, SIG_ECDSA_SHA512, "the curve's own digest" },
		{ "ed25519", 0x1e, -1, "identity was not offered" },
		{ "ed25519", 1 << 5, SIG_ED25519, "identity" },
		{ "ed448", 1 << 5 | 1 << 2, SIG_ED448, "identity" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert *cert = load(rows[i].key);
		enum sig_scheme scheme = SIG_SCHEMES;
		bool ok = sig_choose(cert, rows[i].hashes, &scheme);

		if (ok != (rows[i].scheme >= 0) || (ok && (int)scheme != rows[i].scheme))
			fail_msg("%s: %d", rows[i].why, (int)scheme);
		cert_free(cert);
	}
}

/* ---- private keys ---- */

static void keys_that_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *say;
	} rows[] = {
		{ "rsa512", "1024" },
		{ "locked", "passphrase" },
		{ "k1", "curve" },
		{ "spelt", "spelt out" },
		{ "nosuch", "no private key" },
	};
	struct privkey *a;
	struct cert *c;
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(load_key(rows[i].name, why, sizeof(why)));
		if (!strstr(why, rows[i].say))
			fail_msg("%s: %s", rows[i].name, why);
	}
	a = load_key("p256", why, sizeof(why));
	c = load("p384");
	assert_false(privkey_matches(a, c));
	cert_free(c);
	c = load("rsa2048");
	assert_false(privkey_matches(a, c));
	privkey_free(a);
	cert_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_with_openssl),
		cmocka_unit_test(salts_have_one_length),
		cmocka_unit_test(blocks_are_compared_whole),
		cmocka_unit_test(cubes_are_no_signatures),
		cmocka_unit_test(numbers_at_the_edge),
		cmocka_unit_test(ecdsa_forms),
		cmocka_unit_test(names_of_rfc7427),
		cmocka_unit_test(the_scheme_is_chosen),
		cmocka_unit_test(keys_that_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, certs_make, certs_remove);
}
