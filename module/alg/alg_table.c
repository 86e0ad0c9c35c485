// SPDX-License-Identifier: GPL-2.0
/*
 * alg_table - one row for each algorithm: its names, its PF_KEY number and all
 * its sizes. Never calls the crypto API: what this kernel really has is
 * alg_aead.c's business.
 *
 * Left out on purpose: DES (56 bits), and everything that Linux has a PF_KEY
 * number but no RFC for.
 */
#include <linux/kernel.h>
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>

#include "alg/alg_table.h"

bool ipsec_alg_sha256_96;

/* AES and Camellia take 128, 192 and 256 bits. */
#define KEYS_3(extra)	.min_bits = 128 + 8 * (extra),			\
			.max_bits = 256 + 8 * (extra),			\
			.step_bits = 64, .salt = (extra)
#define KEY_1(bits)	.min_bits = (bits), .max_bits = (bits)

#define AUTH(num, rfc, alg, keybits, icvlen)				\
	{ .kind = IPSEC_ALG_AUTH, .id = (num), .name = (rfc),		\
	  .crypto = (alg), KEY_1(keybits), .block = 1, .icv = (icvlen) }

/* CBC: RFC 3602 section 3 and RFC 2451 want an unpredictable IV of one block. */
#define CBC(num, rfc, alg, blk, keys...)				\
	{ .kind = IPSEC_ALG_ENC, .id = (num), .name = (rfc),		\
	  .crypto = (alg), keys, .iv = (blk), .block = (blk),		\
	  .pfkey_iv = (blk), .iv_random = true }

/* Explicit 8-byte IV that must only never repeat. */
#define AEAD(num, rfc, alg, icvlen, keys...)				\
	{ .kind = IPSEC_ALG_AEAD, .id = (num), .name = (rfc),		\
	  .crypto = (alg), keys, .iv = 8, .block = 4, .icv = (icvlen),	\
	  .pfkey_iv = 8 }

static const struct ipsec_alg algs[] = {
	/* Not offered in SADB_REGISTER: "no algorithm" is none. */
	AUTH(SADB_AALG_NONE, "NONE", "digest_null", 0, 0),

	AUTH(SADB_AALG_MD5HMAC, "HMAC-MD5-96", "hmac(md5)", 128, 12),
	AUTH(SADB_AALG_SHA1HMAC, "HMAC-SHA1-96", "hmac(sha1)", 160, 12),
	/* One id for two truncations: row_active() says which one rules. */
	AUTH(SADB_X_AALG_SHA2_256HMAC, "HMAC-SHA2-256-128", "hmac(sha256)", 256, 16),
	AUTH(SADB_X_AALG_SHA2_256HMAC, "HMAC-SHA2-256-96", "hmac(sha256)", 256, 12),
	AUTH(SADB_X_AALG_SHA2_384HMAC, "HMAC-SHA2-384-192", "hmac(sha384)", 384, 24),
	AUTH(SADB_X_AALG_SHA2_512HMAC, "HMAC-SHA2-512-256", "hmac(sha512)", 512, 32),
	AUTH(SADB_X_AALG_AES_XCBC_MAC, "AES-XCBC-MAC-96", "xcbc(aes)", 128, 12),
	AUTH(SADB_X_AALG_TESTUDO_AES_CMAC, "AES-CMAC-96", "cmac(aes)", 128, 12),
	AUTH(SADB_X_AALG_NULL, "NULL", "digest_null", 0, 0),

	CBC(SADB_EALG_3DESCBC, "3DES-CBC", "cbc(des3_ede)", 8, KEY_1(192)),
	CBC(SADB_X_EALG_AESCBC, "AES-CBC", "cbc(aes)", 16, KEYS_3(0)),
	CBC(SADB_X_EALG_CAMELLIACBC, "CAMELLIA-CBC", "cbc(camellia)", 16, KEYS_3(0)),
	{ .kind = IPSEC_ALG_ENC, .id = SADB_X_EALG_AESCTR, .name = "AES-CTR",
	  .crypto = "rfc3686(ctr(aes))", KEYS_3(4), .iv = 8, .block = 4,
	  .pfkey_iv = 8 },
	{ .kind = IPSEC_ALG_ENC, .id = SADB_EALG_NULL, .name = "NULL",
	  .crypto = "ecb(cipher_null)", .block = 4 },

	AEAD(SADB_X_EALG_AES_CCM_ICV8, "AES-CCM-8", "rfc4309(ccm(aes))", 8, KEYS_3(3)),
	AEAD(SADB_X_EALG_AES_CCM_ICV12, "AES-CCM-12", "rfc4309(ccm(aes))", 12, KEYS_3(3)),
	AEAD(SADB_X_EALG_AES_CCM_ICV16, "AES-CCM-16", "rfc4309(ccm(aes))", 16, KEYS_3(3)),
	AEAD(SADB_X_EALG_AES_GCM_ICV8, "AES-GCM-8", "rfc4106(gcm(aes))", 8,
	     KEYS_3(4), .simd_twin = true),
	AEAD(SADB_X_EALG_AES_GCM_ICV12, "AES-GCM-12", "rfc4106(gcm(aes))", 12,
	     KEYS_3(4), .simd_twin = true),
	AEAD(SADB_X_EALG_AES_GCM_ICV16, "AES-GCM-16", "rfc4106(gcm(aes))", 16,
	     KEYS_3(4), .simd_twin = true),
	/* Integrity only (RFC 4543), but keyed and numbered as a cipher. */
	AEAD(SADB_X_EALG_NULL_AES_GMAC, "AES-GMAC", "rfc4543(gcm(aes))", 16, KEYS_3(4)),
	AEAD(SADB_X_EALG_TESTUDO_CHACHA20POLY1305, "CHACHA20-POLY1305",
	     "rfc7539esp(chacha20,poly1305)", 16, KEY_1(288), .salt = 4),
};

#undef KEYS_3
#undef KEY_1
#undef AUTH
#undef CBC
#undef AEAD

static bool row_auth(const struct ipsec_alg *alg)
{
	return alg->kind == IPSEC_ALG_AUTH;
}

/* Of the two HMAC-SHA2-256 rows one is in force, the other does not exist. */
static bool row_active(const struct ipsec_alg *alg)
{
	if (!row_auth(alg) || alg->id != SADB_X_AALG_SHA2_256HMAC)
		return true;
	return (alg->icv == 12) == READ_ONCE(ipsec_alg_sha256_96);
}

static const struct ipsec_alg *alg_find(u8 id, bool auth)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].id == id && row_auth(&algs[i]) == auth &&
		    row_active(&algs[i]))
			return &algs[i];
	return NULL;
}

/**
 * ipsec_alg_auth() - integrity algorithm of a PF_KEY number
 * @id: SADB_AALG_*, SADB_X_AALG_*; SADB_AALG_NONE has a row of its own, which
 *	protects nothing
 *
 * The row for HMAC-SHA2-256 depends on the module parameter sha256_96: who
 * keeps it keeps the ICV length it was found with.
 *
 * Return: the row, or NULL for a number that is unknown here.
 */
const struct ipsec_alg *ipsec_alg_auth(u8 id)
{
	return alg_find(id, true);
}

/**
 * ipsec_alg_auth_icv() - the same with an ICV that was chosen before
 * @id: as for ipsec_alg_auth()
 * @icv: bytes
 *
 * Return: the row, in force or not, or NULL when there is none.
 */
const struct ipsec_alg *ipsec_alg_auth_icv(u8 id, u8 icv)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].id == id && row_auth(&algs[i]) &&
		    algs[i].icv == icv)
			return &algs[i];
	return NULL;
}

/**
 * ipsec_alg_enc() - cipher or AEAD of a PF_KEY number
 * @id: SADB_EALG_*, SADB_X_EALG_*; SADB_EALG_NONE has no row, NULL has one
 *
 * Return: the row, or NULL for a number that is unknown here.
 */
const struct ipsec_alg *ipsec_alg_enc(u8 id)
{
	return alg_find(id, false);
}

/**
 * ipsec_alg_key_ok() - may a key have this length
 * @alg: which algorithm
 * @bits: length, salt or nonce included
 *
 * Return: true if so.
 */
bool ipsec_alg_key_ok(const struct ipsec_alg *alg, unsigned int bits)
{
	if (bits < alg->min_bits || bits > alg->max_bits)
		return false;
	return !alg->step_bits || (bits - alg->min_bits) % alg->step_bits == 0;
}

/**
 * ipsec_alg_next() - walk the algorithms that a user may name
 * @prev: the one before, NULL to begin
 *
 * Integrity first, in the order of the table; without SADB_AALG_NONE.
 *
 * Return: the next row, NULL after the last.
 */
const struct ipsec_alg *ipsec_alg_next(const struct ipsec_alg *prev)
{
	const struct ipsec_alg *alg = prev ? prev + 1 : algs;

	for (; alg < algs + ARRAY_SIZE(algs); alg++)
		if (row_active(alg) &&
		    (!row_auth(alg) || alg->id != SADB_AALG_NONE))
			return alg;
	return NULL;
}

/**
 * ipsec_alg_index() - number of a row, for tables beside this one
 * @alg: a row
 *
 * Return: 0 to IPSEC_ALG_ROWS_MAX - 1.
 */
unsigned int ipsec_alg_index(const struct ipsec_alg *alg)
{
	BUILD_BUG_ON(ARRAY_SIZE(algs) > IPSEC_ALG_ROWS_MAX);
	return alg - algs;
}
