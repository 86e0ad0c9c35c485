// SPDX-License-Identifier: GPL-2.0
/*
 * test_crypt - the cryptography against numbers that crypt_vectors.py has from
 * the RFCs, and against peers that cheat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "crypto/crypt.h"
#include "wire_hex.h"

/* rows of crypt_vectors.h; what is a public value or a secret is there by its SHA-256 */
struct vec_dh {
	const char *group, *x, *y, *gx, *gy, *gxy;
};

struct vec_prf {
	const char *hash, *key, *data, *out;
};

struct vec_v1 {
	const char *hash;
	int bits;
	const char *psk, *sig, *d, *a, *e, *key, *hash_i, *keymat, *keymat_pfs, *iv1, *iv2;
};

struct vec_v2 {
	const char *encr;
	int bits;
	const char *hash;
	int aead;
	const char *seed, *d, *ai, *ar, *ei, *er, *pi, *pr, *rekey, *keymat, *keymat_pfs;
};

struct vec_sk {
	const char *encr;
	int bits;
	const char *hash, *ek, *ak, *body;
};

#include "crypt_vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* blobs of one test, freed at its end */
static struct blob pool[64];
static size_t pooled;

static struct chunk h(const char *text)
{
	assert_true(pooled < COUNT(pool));
	pool[pooled] = hex(text);
	return blob_chunk(&pool[pooled++]);
}

static void drain(void)
{
	while (pooled)
		blob_free(&pool[--pooled]);
}

static uint64_t be64(struct chunk c)
{
	struct reader r = reader(c);

	return get_be64(&r);
}

static const struct alg *alg_of(enum alg_kind kind, const char *name)
{
	const struct alg *alg = alg_by_name(kind, name);

	if (!alg)
		fail_msg("no algorithm %s", name);
	return alg;
}

static void expect_sha(struct chunk got, const char *want, const char *why)
{
	uint8_t sum[CRYPT_HASH_MAX];
	size_t len;

	assert_true(crypt_digest("SHA256", &got, 1, sum, &len));
	expect_hex(chunk(sum, len), want, why);
}

/* ---- PRFs ---- */

static void prf_vectors(void **state)
{
	uint8_t out[CRYPT_HASH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vec_prf); i++) {
		const struct vec_prf *v = &vec_prf[i];
		const struct alg *hash = alg_of(ALG_HASH, v->hash);
		const struct alg *prf = alg_hash_prf(hash), *integ = alg_hash_integ(hash);
		struct chunk data = h(v->data), key = h(v->key);
		struct chunk parts[3] = { chunk(data.p, 1), chunk(NULL, 0),
					  chunk(data.p + 1, data.n - 1) };

		assert_true(crypt_prf(prf, key, parts, 3, out));
		expect_hex(chunk(out, prf->out), v->out, v->hash);
		memset(out, 0, sizeof(out));
		assert_true(crypt_mac(integ, key, &data, 1, out));
		assert_memory_equal(out, h(v->out).p, integ->icv);
		assert_int_equal(out[integ->icv], 0);
		drain();
	}
}

static void prf_edges(void **state)
{
	const struct alg *prf = alg_of(ALG_PRF, "hmac_sha256");
	struct blob out = { 0 };
	uint8_t sum[CRYPT_HASH_MAX], byte = 0;
	struct chunk one = chunk(&byte, 1);

	(void)state;
	/* a key of no bytes: python's hmac.new(b"", b"\0", "sha256") */
	assert_true(crypt_prf(prf, chunk(NULL, 0), &one, 1, sum));
	expect_hex(chunk(sum, 32), "6620b31f2924b8c01547745f41825d322336f83ebb13d723678789d554d8a3ef",
		   "empty key");
	assert_true(crypt_prf_plus(prf, one, &one, 1, &out, 255 * 32));
	assert_int_equal(out.n, 255 * 32);
	assert_false(crypt_prf_plus(prf, one, &one, 1, &out, 255 * 32 + 1));
	assert_int_equal(out.n, 255 * 32);
	assert_true(crypt_prf_plus(prf, one, NULL, 0, &out, 0));
	assert_int_equal(out.n, 0);
	/* rows that are names alone compute nothing */
	assert_false(crypt_prf(alg_of(ALG_PRF, "aes_xcbc"), one, &one, 1, sum));
	assert_false(crypt_mac(alg_of(ALG_INTEG, "non_auth"), one, &one, 1, sum));
	blob_free(&out);
}

/* ---- Diffie-Hellman ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *modp_fixed(const struct crypt_dh *fresh, struct chunk secret, struct blob *public)
{
	BIGNUM *x = BN_bin2bn(secret.p, secret.n, NULL), *p = NULL, *g = BN_new(), *y = BN_new();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BN_CTX *ctx = BN_CTX_new();
	EVP_PKEY *key;

	assert_true(EVP_PKEY_get_bn_param(fresh->key, OSSL_PKEY_PARAM_FFC_P, &p));
	BN_set_word(g, 2);
	assert_true(BN_mod_exp(y, g, x, p, ctx));
	public->n = fresh->group->out;
	public->p = xcalloc(1, public->n);
	BN_bn2binpad(y, public->p, public->n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, g);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, y);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, x);
	key = from_params("DH", bld);
	BN_free(x);
	BN_free(p);
	BN_free(g);
	BN_free(y);
	BN_CTX_free(ctx);
	return key;
}

static EVP_PKEY *ec_fixed(const struct crypt_dh *fresh, struct chunk secret, struct blob *public)
{
	const char *name = fresh->group->ossl;
	int nid = EC_curve_nist2nid(name) ? EC_curve_nist2nid(name) : OBJ_txt2nid(name);
	EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
	BIGNUM *x = BN_bin2bn(secret.p, secret.n, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EC_POINT *q = EC_POINT_new(group);
	uint8_t point[200];
	EVP_PKEY *key;
	size_t n;

	assert_true(EC_POINT_mul(group, q, x, NULL, NULL, NULL));
	n = EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL);
	assert_int_equal(n, fresh->group->out + 1);
	blob_set(public, chunk(point + 1, n - 1));
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, x);
	key = from_params("EC", bld);
	BN_free(x);
	EC_POINT_free(q);
	EC_GROUP_free(group);
	return key;
}

/* a side whose private value is that of the vector */
static struct crypt_dh *fixed(const struct alg *group, struct chunk secret)
{
	struct crypt_dh *dh = crypt_dh_new(group);
	struct blob public = { 0 };
	EVP_PKEY *key;
	size_t n;

	assert_non_null(dh);
	if (!strncmp(group->name, "modp", 4)) {
		key = modp_fixed(dh, secret, &public);
	} else if (group->name[0] == 'x') {
		key = EVP_PKEY_new_raw_private_key_ex(NULL, group->ossl, NULL, secret.p, secret.n);
		public.n = n = group->out;
		public.p = xcalloc(1, n);
		assert_int_equal(EVP_PKEY_get_raw_public_key(key, public.p, &n), 1);
	} else {
		key = ec_fixed(dh, secret, &public);
	}
	EVP_PKEY_free(dh->key);
	dh->key = key;
	blob_take(&dh->public, &public);
	return dh;
}

static void dh_vectors(void **state)
{
	struct blob secret = { 0 };
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vec_dh); i++) {
		const struct vec_dh *v = &vec_dh[i];
		const struct alg *group = alg_of(ALG_DH, v->group);
		struct crypt_dh *a = fixed(group, h(v->x)), *b = fixed(group, h(v->y));

		expect_sha(blob_chunk(&a->public), v->gx, v->group);
		expect_sha(blob_chunk(&b->public), v->gy, v->group);
		assert_true(crypt_dh_shared(a, blob_chunk(&b->public), &secret, &why));
		expect_sha(blob_chunk(&secret), v->gxy, v->group);
		assert_true(crypt_dh_shared(b, blob_chunk(&a->public), &secret, &why));
		expect_sha(blob_chunk(&secret), v->gxy, v->group);
		crypt_dh_free(a);
		crypt_dh_free(b);
		drain();
	}
	blob_wipe(&secret);
}

/* every group that may be configured makes keys, and none that may not */
static void dh_all_groups(void **state)
{
	const struct alg *group;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; (group = alg_row(i)); i++) {
		struct blob sa = { 0 }, sb = { 0 };
		struct crypt_dh *a, *b;

		if (group->kind != ALG_DH)
			continue;
		a = crypt_dh_new(group);
		if (group->flags & ALG_GONE) {
			assert_null(a);
			continue;
		}
		b = crypt_dh_new(group);
		if (!a || !b)
			fail_msg("%s: no key", group->name);
		assert_int_equal(a->public.n, group->out);
		assert_false(chunk_equal(blob_chunk(&a->public), blob_chunk(&b->public)));
		assert_true(crypt_dh_usable(group, blob_chunk(&b->public), &why));
		assert_true(crypt_dh_shared(a, blob_chunk(&b->public), &sa, &why));
		assert_true(crypt_dh_shared(b, blob_chunk(&a->public), &sb, &why));
		assert_true(chunk_equal(blob_chunk(&sa), blob_chunk(&sb)));
		crypt_dh_free(a);
		crypt_dh_free(b);
		blob_wipe(&sa);
		blob_wipe(&sb);
	}
	crypt_dh_free(NULL);
}

static void refuse(struct crypt_dh *dh, struct chunk theirs, const char *word, const char *row)
{
	struct blob secret = { 0 };
	const char *why = NULL, *early = NULL;
	bool usable = crypt_dh_usable(dh->group, theirs, &early);

	if (crypt_dh_shared(dh, theirs, &secret, &why))
		fail_msg("%s: %s was taken", dh->group->name, row);
	assert_int_equal(secret.n, 0);
	if (!why || !strstr(why, word))
		fail_msg("%s: %s: wrong reason: %s", dh->group->name, row, why ? why : "none");
	/* zeroes show in the secret only */
	if (usable != !strcmp(word, "zero") || (!usable && strcmp(early, why)))
		fail_msg("%s: %s: before there is a key pair: %s", dh->group->name, row, usable ? "taken" : early);
}

static void dh_refuses_modp(const struct alg *group)
{
	struct crypt_dh *dh = crypt_dh_new(group);
	uint8_t y[CRYPT_DH_MAX + 1];
	size_t n = group->out;
	BIGNUM *p = NULL;

	assert_true(EVP_PKEY_get_bn_param(dh->key, OSSL_PKEY_PARAM_FFC_P, &p));
	memset(y, 0, sizeof(y));
	refuse(dh, chunk(y, n), "between", "0");
	y[n - 1] = 1;
	refuse(dh, chunk(y, n), "between", "1");
	BN_bn2binpad(p, y, n);
	refuse(dh, chunk(y, n), "between", "p");
	y[n - 1] -= 1;
	refuse(dh, chunk(y, n), "between", "p - 1");
	memset(y, 0xff, sizeof(y));
	refuse(dh, chunk(y, n), "between", "2^n - 1");
	refuse(dh, chunk(y, n + 1), "length", "one byte more");
	refuse(dh, chunk(y, n - 1), "length", "one byte less");
	refuse(dh, chunk(NULL, 0), "length", "nothing");
	BN_free(p);
	crypt_dh_free(dh);
}

static void dh_refuses_ec(const struct alg *group)
{
	struct crypt_dh *dh = crypt_dh_new(group);
	uint8_t q[256] = { 0 };
	size_t n = group->out;

	refuse(dh, chunk(q, n), "curve", "0, 0");
	memcpy(q, dh->public.p, n);
	q[n - 1] ^= 1;
	refuse(dh, chunk(q, n), "curve", "a point beside the curve");
	memset(q, 0xff, sizeof(q));
	refuse(dh, chunk(q, n), "curve", "coordinates above p");
	refuse(dh, chunk(q, n / 2), "length", "x alone");
	refuse(dh, chunk(q, n + 1), "length", "one byte more");
	crypt_dh_free(dh);
}

/* points of small order (RFC 7748 6.1, 6.2): 0 and 1 */
static void dh_refuses_x(const struct alg *group)
{
	struct crypt_dh *dh = crypt_dh_new(group);
	uint8_t u[64] = { 0 };

	refuse(dh, chunk(u, group->out), "zero", "u = 0");
	u[0] = 1;
	refuse(dh, chunk(u, group->out), "zero", "u = 1");
	refuse(dh, chunk(u, group->out - 1), "length", "one byte less");
	refuse(dh, chunk(NULL, 0), "length", "nothing");
	crypt_dh_free(dh);
}

static void dh_refuses(void **state)
{
	const struct alg *group;
	size_t i;

	(void)state;
	for (i = 0; (group = alg_row(i)); i++) {
		if (group->kind != ALG_DH || group->flags & ALG_GONE || group->keylen > 3072)
			continue;
		if (!strncmp(group->name, "modp", 4))
			dh_refuses_modp(group);
		else if (group->name[0] == 'x')
			dh_refuses_x(group);
		else
			dh_refuses_ec(group);
	}
}

/* ---- key schedules ---- */

static void v1_vector(const struct vec_v1 *v)
{
	const struct alg *hash = alg_of(ALG_HASH, v->hash);
	struct suite suite = {
		.encr = { alg_of(ALG_ENCR, "aes"), v->bits },
		.hash = hash,
		.prf = alg_hash_prf(hash),
	};
	uint64_t cky_i = be64(h(VEC_CKY_I)), cky_r = be64(h(VEC_CKY_R));
	struct chunk shared = h(VEC_SHARED), ni = h(VEC_NI), nr = h(VEC_NR);
	struct crypt_v1_keys keys = { 0 };
	uint8_t out[CRYPT_HASH_MAX];
	struct blob mat = { 0 };

	assert_true(crypt_prf(suite.prf, h(VEC_PSK), (struct chunk[]){ ni, nr }, 2, out));
	expect_hex(chunk(out, suite.prf->out), v->psk, "SKEYID of a pre-shared key");
	assert_true(crypt_prf_nonces(suite.prf, ni, nr, shared, &keys.skeyid));
	expect_hex(blob_chunk(&keys.skeyid), v->sig, "SKEYID with signatures");
	assert_true(crypt_v1_keys(&suite, shared, cky_i, cky_r, &keys));
	expect_hex(blob_chunk(&keys.d), v->d, "SKEYID_d");
	expect_hex(blob_chunk(&keys.a), v->a, "SKEYID_a");
	expect_hex(blob_chunk(&keys.e), v->e, "SKEYID_e");
	expect_hex(blob_chunk(&keys.key), v->key, "appendix B");
	assert_true(crypt_v1_hash(&suite, &keys, h(VEC_GX), h(VEC_GY), cky_i, cky_r, h(VEC_SAI),
				  h(VEC_ID), out));
	expect_hex(chunk(out, suite.prf->out), v->hash_i, "HASH_I");
	assert_true(crypt_v1_keymat(&suite, blob_chunk(&keys.d), chunk(NULL, 0), 3, 0xc0ffee01, ni,
				    nr, &mat, 100));
	expect_hex(blob_chunk(&mat), v->keymat, "KEYMAT");
	assert_true(crypt_v1_keymat(&suite, blob_chunk(&keys.d), shared, 3, 0xc0ffee01, ni, nr,
				    &mat, 100));
	expect_hex(blob_chunk(&mat), v->keymat_pfs, "KEYMAT with PFS");
	assert_true(crypt_v1_iv(&suite, h(VEC_GX), h(VEC_GY), out));
	expect_hex(chunk(out, 16), v->iv1, "IV of phase 1");
	assert_true(crypt_v1_iv(&suite, h(VEC_LAST), h("01020304"), out));
	expect_hex(chunk(out, 16), v->iv2, "IV of an exchange");
	blob_wipe(&mat);
	crypt_v1_keys_wipe(&keys);
	assert_null(keys.e.p);
	drain();
}

static void v1_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vec_v1); i++)
		v1_vector(&vec_v1[i]);
}

static void v2_vector(const struct vec_v2 *v)
{
	const struct alg *hash = alg_of(ALG_HASH, v->hash);
	struct suite suite = {
		.encr = { alg_of(ALG_ENCR, v->encr), v->bits },
		.integ = v->aead ? NULL : alg_hash_integ(hash),
		.prf = alg_hash_prf(hash),
	};
	struct chunk shared = h(VEC_SHARED), ni = h(VEC_NI), nr = h(VEC_NR);
	struct blob seed = { 0 }, out = { 0 };
	struct crypt_v2_keys keys = { 0 };

	assert_true(crypt_prf_nonces(suite.prf, ni, nr, shared, &seed));
	expect_hex(blob_chunk(&seed), v->seed, "SKEYSEED");
	assert_true(crypt_v2_keys(&suite, blob_chunk(&seed), ni, nr, be64(h(VEC_CKY_I)),
				  be64(h(VEC_CKY_R)), &keys));
	expect_hex(blob_chunk(&keys.d), v->d, "SK_d");
	expect_hex(blob_chunk(&keys.i.ak), v->ai, "SK_ai");
	expect_hex(blob_chunk(&keys.r.ak), v->ar, "SK_ar");
	expect_hex(blob_chunk(&keys.i.ek), v->ei, "SK_ei");
	expect_hex(blob_chunk(&keys.r.ek), v->er, "SK_er");
	expect_hex(blob_chunk(&keys.pi), v->pi, "SK_pi");
	expect_hex(blob_chunk(&keys.pr), v->pr, "SK_pr");
	assert_true(crypt_v2_skeyseed_rekey(suite.prf, blob_chunk(&keys.d), shared, ni, nr, &out));
	expect_hex(blob_chunk(&out), v->rekey, "SKEYSEED of a rekey");
	assert_true(crypt_v2_keymat(suite.prf, blob_chunk(&keys.d), chunk(NULL, 0), ni, nr, &out,
				    200));
	expect_hex(blob_chunk(&out), v->keymat, "KEYMAT");
	assert_true(crypt_v2_keymat(suite.prf, blob_chunk(&keys.d), shared, ni, nr, &out, 200));
	expect_hex(blob_chunk(&out), v->keymat_pfs, "KEYMAT with PFS");
	crypt_v2_keys_wipe(&keys);
	blob_wipe(&seed);
	blob_wipe(&out);
	drain();
}

static void v2_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vec_v2); i++)
		v2_vector(&vec_v2[i]);
}

/* ---- SK payloads ---- */

static struct crypt_sk sk_of(const struct vec_sk *v)
{
	struct crypt_sk sk = { .encr = { alg_of(ALG_ENCR, v->encr), v->bits } };

	if (v->hash[0])
		sk.integ = alg_hash_integ(alg_of(ALG_HASH, v->hash));
	sk.ek = hex(v->ek);
	sk.ak = hex(v->ak);
	return sk;
}

static void sk_wipe(struct crypt_sk *sk)
{
	blob_wipe(&sk->ek);
	blob_wipe(&sk->ak);
}

/* what python sealed is opened; what is a bit different, or shorter, is not */
static void sk_opens(void **state)
{
	struct blob clear = { 0 };
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(vec_sk); i++) {
		const struct vec_sk *v = &vec_sk[i];
		struct crypt_sk sk = sk_of(v);
		struct blob body = hex(v->body), aad = hex(VEC_AAD);

		if (!crypt_sk_open(&sk, blob_chunk(&aad), blob_chunk(&body), &clear))
			fail_msg("%s-%d: not opened", v->encr, v->bits);
		expect_hex(blob_chunk(&clear), VEC_CLEAR, v->encr);
		for (k = 0; k < body.n; k++) {
			body.p[k] ^= 0x40;
			assert_false(crypt_sk_open(&sk, blob_chunk(&aad), blob_chunk(&body), &clear));
			assert_null(clear.p);
			body.p[k] ^= 0x40;
			assert_false(crypt_sk_open(&sk, blob_chunk(&aad), chunk(body.p, k), &clear));
		}
		for (k = 0; k < aad.n; k++) {
			aad.p[k] ^= 1;
			assert_false(crypt_sk_open(&sk, blob_chunk(&aad), blob_chunk(&body), &clear));
			aad.p[k] ^= 1;
		}
		assert_false(crypt_sk_open(&sk, chunk(NULL, 0), blob_chunk(&body), &clear));
		blob_free(&body);
		blob_free(&aad);
		sk_wipe(&sk);
	}
}

static void sk_rfc7634(void **state)
{
	struct crypt_sk sk = { .encr = { alg_of(ALG_ENCR, "chacha20poly1305"), 0 } };
	struct blob clear = { 0 };

	(void)state;
	sk.ek = hex(VEC_7634_KEY);
	assert_true(crypt_sk_open(&sk, h(VEC_7634_AAD), h(VEC_7634_BODY), &clear));
	expect_hex(blob_chunk(&clear), VEC_7634_CLEAR, "RFC 7634 appendix B");
	blob_wipe(&clear);
	blob_wipe(&sk.ek);
	drain();
}

static void sk_seals(void **state)
{
	uint8_t data[80], before[64];
	struct blob clear = { 0 };
	size_t i, n;

	(void)state;
	crypt_random(data, sizeof(data));
	for (i = 0; i < COUNT(vec_sk); i++) {
		struct crypt_sk sk = sk_of(&vec_sk[i]);
		size_t iv = sk.encr.alg->iv;
		struct chunk aad = h(VEC_AAD);

		for (n = 0; n <= sizeof(data); n++) {
			size_t size = crypt_sk_size(&sk, n);
			uint8_t *body = xcalloc(1, size);

			assert_true(crypt_sk_seal(&sk, aad, chunk(data, n), body));
			assert_true(!n || memcmp(before, body, iv));
			memcpy(before, body, iv);
			assert_true(crypt_sk_open(&sk, aad, chunk(body, size), &clear));
			assert_true(chunk_equal(blob_chunk(&clear), chunk(data, n)));
			free(body);
		}
		blob_wipe(&clear);
		sk_wipe(&sk);
		drain();
	}
}

/* padding that is longer than the text, under an ICV that is right: from a peer with bugs */
static void sk_padding(void **state)
{
	struct crypt_sk sk = sk_of(&vec_sk[COUNT(vec_sk) - 4]);
	struct blob clear = { 0 };
	struct chunk aad = h(VEC_AAD);
	unsigned int pad;

	(void)state;
	assert_string_equal(sk.encr.alg->name, "aes");
	for (pad = 0; pad < 256; pad++) {
		uint8_t body[16 + 32 + 64] = { 0 };
		bool ok;

		body[16 + 31] = pad;
		assert_true(crypt_cbc(&sk.encr, blob_chunk(&sk.ek), body, body + 16, 32, true));
		assert_true(crypt_mac(sk.integ, blob_chunk(&sk.ak),
				      (struct chunk[]){ aad, chunk(body, 48) }, 2, body + 48));
		ok = crypt_sk_open(&sk, aad, chunk(body, 48 + sk.integ->icv), &clear);
		assert_int_equal(ok, pad < 32);
		assert_int_equal(clear.n, ok ? 31 - pad : 0);
	}
	blob_wipe(&clear);
	sk_wipe(&sk);
	drain();
}

static void cbc_lengths(void **state)
{
	struct alg_key aes = { alg_of(ALG_ENCR, "aes"), 256 }, gcm = { alg_of(ALG_ENCR, "aes_gcm"), 256 };
	struct alg_key none = { alg_of(ALG_ENCR, "null_enc"), 0 };
	uint8_t data[32] = { 0 }, key[32] = { 0 }, iv[16] = { 0 };

	(void)state;
	assert_true(crypt_cbc(&aes, chunk(key, 32), iv, data, 32, true));
	/* FIPS 197: AES-256 of a zero block under a zero key */
	expect_hex(chunk(data, 16), "dc95c078a2408989ad48a21492842087", "zero block");
	assert_true(crypt_cbc(&aes, chunk(key, 32), iv, data, 32, false));
	expect_hex(chunk(data, 16), "00000000000000000000000000000000", "and back");
	assert_true(crypt_cbc(&aes, chunk(key, 32), iv, data, 0, true));
	assert_false(crypt_cbc(&aes, chunk(key, 32), iv, data, 31, true));
	assert_false(crypt_cbc(&aes, chunk(key, 16), iv, data, 32, true));
	assert_false(crypt_cbc(&gcm, chunk(key, 32), iv, data, 32, true));
	assert_false(crypt_cbc(&none, chunk(key, 0), iv, data, 32, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prf_vectors),
		cmocka_unit_test(prf_edges),
		cmocka_unit_test(dh_vectors),
		cmocka_unit_test(dh_all_groups),
		cmocka_unit_test(dh_refuses),
		cmocka_unit_test(v1_vectors),
		cmocka_unit_test(v2_vectors),
		cmocka_unit_test(sk_opens),
		cmocka_unit_test(sk_rfc7634),
		cmocka_unit_test(sk_seals),
		cmocka_unit_test(sk_padding),
		cmocka_unit_test(cbc_lengths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
