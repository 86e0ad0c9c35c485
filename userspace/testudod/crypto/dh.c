// SPDX-License-Identifier: GPL-2.0
/*
 * Diffie-Hellman: key pairs, and the checks that a peer's value must pass
 * before anything is computed with it. It never uses a key pair twice.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/crypt.h"

#define POINT_MAX (1 + 2 * 66) /* uncompressed, of the longest curve */

/** enum dh_family - how a group computes, and what its KE payload holds */
enum dh_family {
	DH_NONE,
	DH_MODP, /* y, as long as p */
	DH_EC,	 /* x | y; the secret is x (RFC 5903 7, RFC 6954 3) */
	DH_X,	 /* u (RFC 8031 3) */
};

/* libcrypto has no names for the groups that RFC 2409 6.1 and 6.2 begin with */
static const char prime_768[] =
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
	"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
	"4FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF";
static const char prime_1024[] =
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
	"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
	"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF";

static enum dh_family dh_family(const struct alg *group)
{
	if (group->kind != ALG_DH || group->flags & ALG_GONE)
		return DH_NONE;
	if (!group->ossl || !strncmp(group->ossl, "modp_", 5))
		return DH_MODP;
	return group->ossl[0] == 'X' ? DH_X : DH_EC;
}

/* ---- MODP: a group by its name or by its numbers, with or without a public value ---- */

static bool modp_push(OSSL_PARAM_BLD *bld, const struct alg *group, BIGNUM **p, BIGNUM **g)
{
	if (group->ossl)
		return OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group->ossl,
						       0);
	if (!BN_hex2bn(p, group->keylen == 768 ? prime_768 : prime_1024) || !BN_set_word(*g, 2))
		return false;
	return OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, *p) &&
	       OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, *g);
}

static EVP_PKEY *modp_make(const struct alg *group, const BIGNUM *public)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *p = NULL, *g = BN_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx && bld && g && modp_push(bld, group, &p, &g) &&
	    (!public || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, public)))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, public ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEY_PARAMETERS,
			      params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(p);
	BN_free(g);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* 1 < y < p - 1 (RFC 6989 2.1): the groups' primes are safe, so no more is needed */
static bool modp_in_range(const EVP_PKEY *ours, const BIGNUM *y)
{
	BIGNUM *p = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(ours, OSSL_PKEY_PARAM_FFC_P, &p) && BN_sub_word(p, 1) &&
	     BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, p) < 0;
	BN_free(p);
	return ok;
}

static EVP_PKEY *modp_theirs(const struct crypt_dh *dh, struct chunk theirs, const char **why)
{
	BIGNUM *y = BN_bin2bn(theirs.p, (int)theirs.n, NULL);
	EVP_PKEY *key = NULL;

	if (!y || !modp_in_range(dh->key, y))
		*why = "the public value is not between 1 and p - 1";
	else
		key = modp_make(dh->group, y);
	BN_free(y);
	return key;
}

/* ---- curves ---- */

static EVP_PKEY *ec_theirs(const struct crypt_dh *dh, struct chunk theirs, const char **why)
{
	uint8_t point[POINT_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = EVP_PKEY_new();
	bool ok;

	memcpy(point + 1, theirs.p, theirs.n);
	ok = key && EVP_PKEY_copy_parameters(key, dh->key) == 1 &&
	     EVP_PKEY_set1_encoded_public_key(key, point, theirs.n + 1) == 1;
	if (ok)
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ok = ok && ctx && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return key;
	EVP_PKEY_free(key);
	*why = "the public value is not a point on the curve";
	return NULL;
}

/* ---- all of them ---- */

static EVP_PKEY *dh_keygen(const struct alg *group)
{
	EVP_PKEY *params = NULL, *key = NULL;
	EVP_PKEY_CTX *ctx = NULL;

	switch (dh_family(group)) {
	case DH_MODP:
		params = modp_make(group, NULL);
		if (params)
			ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
		break;
	case DH_EC:
		return EVP_EC_gen(group->ossl);
	case DH_X:
		ctx = EVP_PKEY_CTX_new_from_name(NULL, group->ossl, NULL);
		break;
	case DH_NONE:
		break;
	}
	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &key) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return key;
}

static bool dh_public_modp(const EVP_PKEY *key, uint8_t *out, size_t n)
{
	BIGNUM *y = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PUB_KEY, &y) &&
	     BN_bn2binpad(y, out, (int)n) == (int)n;
	BN_free(y);
	return ok;
}

static bool dh_public_ec(EVP_PKEY *key, uint8_t *out, size_t n)
{
	unsigned char *point = NULL;
	size_t len;
	bool ok;

	len = EVP_PKEY_get1_encoded_public_key(key, &point);
	ok = len == n + 1 && point[0] == POINT_CONVERSION_UNCOMPRESSED;
	if (ok)
		memcpy(out, point + 1, n);
	OPENSSL_free(point);
	return ok;
}

static bool dh_public(const struct alg *group, EVP_PKEY *key, struct blob *public)
{
	size_t len = group->out;
	bool ok;

	public->p = xcalloc(1, len);
	public->n = len;
	switch (dh_family(group)) {
	case DH_MODP:
		ok = dh_public_modp(key, public->p, len);
		break;
	case DH_EC:
		ok = dh_public_ec(key, public->p, len);
		break;
	default:
		ok = EVP_PKEY_get_raw_public_key(key, public->p, &len) == 1 && len == public->n;
		break;
	}
	return ok;
}

/**
 * crypt_dh_new() - make a key pair
 * @group: row of kind ALG_DH
 *
 * Return: crypt_dh_free() it; NULL if libcrypto could not.
 */
struct crypt_dh *crypt_dh_new(const struct alg *group)
{
	EVP_PKEY *key = dh_keygen(group);
	struct crypt_dh *dh;

	if (!key)
		return NULL;
	dh = xcalloc(1, sizeof(*dh));
	dh->group = group;
	dh->key = key;
	if (dh_public(group, key, &dh->public))
		return dh;
	crypt_dh_free(dh);
	return NULL;
}

static EVP_PKEY *dh_theirs(const struct crypt_dh *dh, struct chunk theirs, const char **why)
{
	if (theirs.n != dh->group->out) {
		*why = "the public value has not the length of the group";
		return NULL;
	}
	switch (dh_family(dh->group)) {
	case DH_MODP:
		return modp_theirs(dh, theirs, why);
	case DH_EC:
		return ec_theirs(dh, theirs, why);
	default:
		return EVP_PKEY_new_raw_public_key_ex(NULL, dh->group->ossl, NULL, theirs.p,
						      theirs.n);
	}
}

static EVP_PKEY *ec_params(const struct alg *group)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *params = NULL;

	if (ctx && EVP_PKEY_paramgen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_group_name(ctx, group->ossl) == 1 &&
	    EVP_PKEY_paramgen(ctx, &params) != 1)
		params = NULL;
	EVP_PKEY_CTX_free(ctx);
	return params;
}

/**
 * crypt_dh_usable() - check a peer's value before a key pair is made for it
 * @group: row of kind ALG_DH
 * @theirs: the value, as the KE payload carries it
 * @why: set to the reason when it fails
 *
 * Return: false for a value that crypt_dh_shared() would refuse. What only shows in the
 * secret, X25519's and X448's zeroes, is left to that.
 */
bool crypt_dh_usable(const struct alg *group, struct chunk theirs, const char **why)
{
	enum dh_family family = dh_family(group);
	struct crypt_dh bare = { .group = group };
	EVP_PKEY *peer = NULL;
	bool ok;

	*why = "libcrypto can not compute with the public value";
	if (family == DH_MODP)
		bare.key = modp_make(group, NULL);
	else if (family == DH_EC)
		bare.key = ec_params(group);
	if (bare.key || family == DH_X)
		peer = dh_theirs(&bare, theirs, why);
	ok = peer;
	EVP_PKEY_free(bare.key);
	EVP_PKEY_free(peer);
	return ok;
}

static bool dh_derive(const struct crypt_dh *dh, EVP_PKEY *theirs, struct blob *secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, dh->key, NULL);
	size_t len = 0;
	bool ok;

	ok = ctx && EVP_PKEY_derive_init(ctx) == 1;
	/* the secret is as long as p, zeroes in front included (RFC 7296 2.14) */
	if (ok && dh_family(dh->group) == DH_MODP)
		ok = EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1;
	/* it was checked above; libcrypto's own check would be another exponentiation */
	ok = ok && EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
	     EVP_PKEY_derive(ctx, NULL, &len) == 1;
	if (ok) {
		secret->p = xcalloc(1, len);
		secret->n = len;
		ok = EVP_PKEY_derive(ctx, secret->p, &len) == 1 && len <= secret->n;
		secret->n = ok ? len : secret->n;
	}
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool all_zero(const struct blob *b)
{
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < b->n; i++)
		any |= b->p[i];
	return !any;
}

/**
 * crypt_dh_shared() - check the peer's value and compute the shared secret
 * @dh: our side
 * @theirs: the peer's public value, as the KE payload carries it
 * @secret: replaced by the secret
 * @why: set to the reason when it fails
 *
 * Return: false for a value that must not be used, or if libcrypto could not.
 */
bool crypt_dh_shared(struct crypt_dh *dh, struct chunk theirs, struct blob *secret,
		     const char **why)
{
	struct blob made = { 0 };
	EVP_PKEY *peer;
	bool ok;

	*why = "libcrypto can not compute with the public value";
	peer = dh_theirs(dh, theirs, why);
	if (!peer)
		return false;
	ok = dh_derive(dh, peer, &made);
	EVP_PKEY_free(peer);
	/* X25519 and X448 refuse it themselves, with the same effect (RFC 8031 5) */
	if ((ok && all_zero(&made)) || (!ok && dh_family(dh->group) == DH_X)) {
		*why = "the public value makes the secret zero";
		ok = false;
	}
	if (!ok) {
		blob_wipe(&made);
		return false;
	}
	*why = NULL;
	blob_wipe(secret);
	*secret = made;
	return true;
}

/**
 * crypt_dh_free() - forget a key pair
 * @dh: may be NULL
 */
void crypt_dh_free(struct crypt_dh *dh)
{
	if (!dh)
		return;
	EVP_PKEY_free(dh->key); /* libcrypto wipes the private value */
	blob_free(&dh->public);
	free(dh);
}
