// SPDX-License-Identifier: GPL-2.0
/*
 * The table of algorithms and the searches in it. It never says whether a
 * libcrypto or a kernel has the thing: crypt.h and the kernel do.
 *
 * Numbers: RFC 2409 appendix A, RFC 2407 4.4 and 4.5 with IANA's
 * ipsec-registry and isakmp-registry; IANA's ikev2-parameters; PF_KEY's from
 * <linux/pfkeyv2.h> and <linux/testudo_pfkey.h>.
 */
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>
#include <stdio.h>
#include <string.h>

#include "crypto/alg.h"

#define KEYS_AES                 \
	{                        \
		256, 192, 128, 0 \
	}

#define CBC(n, other, p1, esp, id, pf, bits, blk, ssl, ...)                      \
	{                                                                        \
		.kind = ALG_ENCR, .name = (n), .alias = (other),                 \
		.v1_phase1 = (p1), .v1_ipsec = (esp), .v2 = (id), .pfkey = (pf), \
		.keylen = (bits), .block = (blk), .iv = (blk), .ossl = (ssl),    \
		__VA_ARGS__                                                      \
	}

/* GCM, CCM and CTR have the same number as ESP transform, in IKEv2 and in PF_KEY. */
#define AEAD(n, other, id, nonce, tag, ssl)                                         \
	{                                                                           \
		.kind = ALG_ENCR, .name = (n), .alias = (other),                    \
		.v1_ipsec = (id), .v2 = (id), .pfkey = (id),                        \
		.keylen = 128, .keylens = KEYS_AES, .salt = (nonce),                \
		.block = 1, .iv = 8, .icv = (tag), .ossl = (ssl), .flags = ALG_AEAD \
	}

#define ROW(type, n, ...)                                \
	{                                                \
		.kind = (type), .name = (n), __VA_ARGS__ \
	}

#define ENCR_GONE(n, other, p1, esp, id, reason)                  \
	{                                                         \
		.kind = ALG_ENCR, .name = (n), .alias = (other),  \
		.v1_phase1 = (p1), .v1_ipsec = (esp), .v2 = (id), \
		.flags = ALG_GONE, .why = (reason)                \
	}

#define PRF(n, id, bytes, ssl, fl, reason)                            \
	{                                                             \
		.kind = ALG_PRF, .name = (n), .v2 = (id),             \
		.keylen = 8 * (bytes), .out = (bytes), .ossl = (ssl), \
		.flags = ALG_NOIPSEC | (fl), .why = (reason)          \
	}

#define HASH(n, other, p1, bytes, ssl, fl, reason)                \
	{                                                         \
		.kind = ALG_HASH, .name = (n), .alias = (other),  \
		.v1_phase1 = (p1), .out = (bytes), .ossl = (ssl), \
		.flags = ALG_NOIPSEC | (fl), .why = (reason)      \
	}

#define INTEG(n, other, attr, ah, id, pf, bytes, tag, ssl, fl, reason)        \
	{                                                                     \
		.kind = ALG_INTEG, .name = (n), .alias = (other),             \
		.v1_ipsec = (attr), .v1_ah = (ah), .v2 = (id), .pfkey = (pf), \
		.keylen = 8 * (bytes), .icv = (tag), .ossl = (ssl),           \
		.flags = (fl), .why = (reason)                                \
	}

/* IKEv1 took the numbers of its groups to IKEv2, up to the Brainpool curves. */
#define DH(n, num, bits, bytes, ssl, fl, reason)                                \
	{                                                                       \
		.kind = ALG_DH, .name = (n), .alias = #num, .v1_phase1 = (num), \
		.v2 = (num), .keylen = (bits), .out = (bytes), .ossl = (ssl),   \
		.flags = (fl), .why = (reason)                                  \
	}

#define DH_V2(n, num, bits, bytes, ssl, fl, reason)                      \
	{                                                                \
		.kind = ALG_DH, .name = (n), .alias = #num, .v2 = (num), \
		.keylen = (bits), .out = (bytes), .ossl = (ssl),         \
		.flags = (fl), .why = (reason)                           \
	}

#define WHY_MD5	     "MD5 is broken; use sha256"
#define WHY_64BIT    "its blocks of 64 bits leak after some gigabytes (Sweet32); use aes 256"
#define WHY_KERNEL   "no kernel here has it; use aes 256"
#define WHY_DES	     "a key of 56 bits is found within hours; use aes 256"
#define WHY_5114     "where its prime comes from is unknown (RFC 8247 2.4); use modp2048 or ecp256"
#define WHY_EC2N     "no library has it any more; use modp2048 or ecp256"
#define WHY_CURVE    "its curve is too small for today; use ecp256"
#define WHY_NOT_OURS "this daemon does not have it; use hmac_sha256"
#define WHY_MLKEM    "this daemon does not have it; use x25519"

static const struct alg algs[] = {
	CBC("aes", "rijndael", 7, 12, 12, SADB_X_EALG_AESCBC, 128, 16, "AES-*-CBC",
	    .keylens = KEYS_AES),
	CBC("camellia", NULL, 8, 22, 23, SADB_X_EALG_CAMELLIACBC, 128, 16, "CAMELLIA-*-CBC",
	    .keylens = KEYS_AES),
	CBC("3des", NULL, 5, 3, 3, SADB_EALG_3DESCBC, 192, 8, "DES-EDE3-CBC",
	    .flags = ALG_BROKEN, .why = WHY_64BIT),
	ROW(ALG_ENCR, "aes_ctr", .v1_ipsec = 13, .v2 = 13, .pfkey = SADB_X_EALG_AESCTR,
	    .keylen = 128, .keylens = KEYS_AES, .salt = 4, .block = 1, .iv = 8,
	    .flags = ALG_NOIKE),
	AEAD("aes_gcm_16", "aes_gcm", SADB_X_EALG_AES_GCM_ICV16, 4, 16, "AES-*-GCM"),
	AEAD("aes_gcm_12", NULL, SADB_X_EALG_AES_GCM_ICV12, 4, 12, "AES-*-GCM"),
	AEAD("aes_gcm_8", NULL, SADB_X_EALG_AES_GCM_ICV8, 4, 8, "AES-*-GCM"),
	AEAD("aes_ccm_16", "aes_ccm", SADB_X_EALG_AES_CCM_ICV16, 3, 16, "AES-*-CCM"),
	AEAD("aes_ccm_12", NULL, SADB_X_EALG_AES_CCM_ICV12, 3, 12, "AES-*-CCM"),
	AEAD("aes_ccm_8", NULL, SADB_X_EALG_AES_CCM_ICV8, 3, 8, "AES-*-CCM"),
	ROW(ALG_ENCR, "chacha20poly1305", .alias = "chacha20_poly1305", .v2 = 28,
	    .pfkey = SADB_X_EALG_TESTUDO_CHACHA20POLY1305, .keylen = 256, .salt = 4,
	    .block = 1, .iv = 8, .icv = 16, .ossl = "ChaCha20-Poly1305", .flags = ALG_AEAD),
	ROW(ALG_ENCR, "null_enc", .alias = "null", .v1_ipsec = 11, .v2 = 11,
	    .pfkey = SADB_EALG_NULL, .block = 1, .flags = ALG_NOIKE | ALG_WEAK,
	    .why = "it encrypts nothing; use aes 256"),
	ENCR_GONE("des", NULL, 1, 2, 2, WHY_DES),
	ENCR_GONE("des_iv64", NULL, 0, 1, 1, WHY_DES),
	ENCR_GONE("des_iv32", NULL, 0, 9, 9, WHY_DES),
	ENCR_GONE("idea", NULL, 2, 5, 5, WHY_64BIT),
	ENCR_GONE("3idea", NULL, 0, 8, 8, WHY_64BIT),
	ENCR_GONE("blowfish", NULL, 3, 7, 7, WHY_64BIT),
	ENCR_GONE("rc5", NULL, 4, 4, 4, WHY_64BIT),
	ENCR_GONE("cast128", "cast", 6, 6, 6, WHY_64BIT),
	ENCR_GONE("rc4", NULL, 0, 10, 0, "RC4 is broken and no kernel has it; use aes 256"),
	ENCR_GONE("twofish", NULL, 65006, 253, 0, WHY_KERNEL),
	ENCR_GONE("seed", NULL, 0, 21, 0, WHY_KERNEL),
	ENCR_GONE("aes_gmac", NULL, 0, 23, 21, "it encrypts nothing; use aes_gcm_16 256"),
	ENCR_GONE("camellia_ctr", NULL, 0, 0, 24, WHY_KERNEL),
	ENCR_GONE("camellia_ccm_8", NULL, 0, 0, 25, WHY_KERNEL),
	ENCR_GONE("camellia_ccm_12", NULL, 0, 0, 26, WHY_KERNEL),
	ENCR_GONE("camellia_ccm_16", NULL, 0, 0, 27, WHY_KERNEL),

	PRF("hmac_md5", 1, 16, "MD5", ALG_BROKEN, WHY_MD5),
	PRF("hmac_sha1", 2, 20, "SHA1", ALG_WEAK, "SHA-1 is old; use sha256"),
	PRF("hmac_sha256", 5, 32, "SHA256", 0, NULL),
	PRF("hmac_sha384", 6, 48, "SHA384", 0, NULL),
	PRF("hmac_sha512", 7, 64, "SHA512", 0, NULL),
	PRF("hmac_tiger", 3, 24, NULL, ALG_GONE, WHY_NOT_OURS),
	PRF("aes_xcbc", 4, 16, NULL, ALG_GONE, WHY_NOT_OURS),
	PRF("aes_cmac", 8, 16, NULL, ALG_GONE, WHY_NOT_OURS),

	INTEG("hmac_sha256", "hmac_sha2_256", 5, 5, 12, SADB_X_AALG_SHA2_256HMAC, 32, 16,
	      "SHA256", 0, NULL),
	INTEG("hmac_sha384", "hmac_sha2_384", 6, 6, 13, SADB_X_AALG_SHA2_384HMAC, 48, 24,
	      "SHA384", 0, NULL),
	INTEG("hmac_sha512", "hmac_sha2_512", 7, 7, 14, SADB_X_AALG_SHA2_512HMAC, 64, 32,
	      "SHA512", 0, NULL),
	INTEG("hmac_sha1", "hmac_sha", 2, 3, 2, SADB_AALG_SHA1HMAC, 20, 12, "SHA1", 0, NULL),
	INTEG("hmac_md5", NULL, 1, 2, 1, SADB_AALG_MD5HMAC, 16, 12, "MD5", ALG_BROKEN,
	      "MD5 is broken; use hmac_sha256"),
	INTEG("aes_xcbc", "aes_xcbc_mac", 9, 9, 5, SADB_X_AALG_AES_XCBC_MAC, 16, 12, NULL,
	      ALG_NOIKE, NULL),
	INTEG("aes_cmac", NULL, 0, 0, 8, SADB_X_AALG_TESTUDO_AES_CMAC, 16, 12, NULL,
	      ALG_NOIKE, NULL),
	/* No number at all: IKEv1 leaves the attribute away, IKEv2 the transform. */
	INTEG("non_auth", NULL, 0, 0, 0, 0, 0, 0, NULL, ALG_NOIKE | ALG_BROKEN,
	      "packets can be forged and, from that, read; use hmac_sha256"),
	INTEG("des_mac", NULL, 3, 4, 3, 0, 8, 8, NULL, ALG_GONE,
	      "no kernel here has it; use hmac_sha256"),
	INTEG("kpdk", NULL, 4, 0, 4, 0, 0, 0, NULL, ALG_GONE,
	      "no kernel here has it; use hmac_sha256"),
	INTEG("hmac_rmd160", "hmac_ripemd160", 8, 8, 0, 0, 20, 12, NULL, ALG_GONE,
	      "no kernel here has it; use hmac_sha256"),

	DH("modp768", 1, 768, 96, NULL, ALG_BROKEN,
	   "it was broken in public; use modp2048 (14) or ecp256 (19)"),
	DH("modp1024", 2, 1024, 128, NULL, ALG_BROKEN,
	   "who can pay for it can break it (Logjam); use modp2048 (14) or ecp256 (19)"),
	DH("modp1536", 5, 1536, 192, "modp_1536", ALG_WEAK,
	   "it is too short for today; use modp2048 (14) or ecp256 (19)"),
	DH("modp2048", 14, 2048, 256, "modp_2048", 0, NULL),
	DH("modp3072", 15, 3072, 384, "modp_3072", 0, NULL),
	DH("modp4096", 16, 4096, 512, "modp_4096", 0, NULL),
	DH("modp6144", 17, 6144, 768, "modp_6144", 0, NULL),
	DH("modp8192", 18, 8192, 1024, "modp_8192", 0, NULL),
	DH("ecp256", 19, 256, 64, "P-256", 0, NULL),
	DH("ecp384", 20, 384, 96, "P-384", 0, NULL),
	DH("ecp521", 21, 521, 132, "P-521", 0, NULL),
	DH("brainpool256", 28, 256, 64, "brainpoolP256r1", 0, NULL),
	DH("brainpool384", 29, 384, 96, "brainpoolP384r1", 0, NULL),
	DH("brainpool512", 30, 512, 128, "brainpoolP512r1", 0, NULL),
	DH_V2("x25519", 31, 255, 32, "X25519", 0, NULL),
	DH_V2("x448", 32, 448, 56, "X448", 0, NULL),
	DH("ec2n155", 3, 155, 0, NULL, ALG_GONE, WHY_EC2N),
	DH("ec2n185", 4, 185, 0, NULL, ALG_GONE, WHY_EC2N),
	DH("modp1024s160", 22, 1024, 128, NULL, ALG_GONE, WHY_5114),
	DH("modp2048s224", 23, 2048, 256, NULL, ALG_GONE, WHY_5114),
	DH("modp2048s256", 24, 2048, 256, NULL, ALG_GONE, WHY_5114),
	DH("ecp192", 25, 192, 48, NULL, ALG_GONE, WHY_CURVE),
	DH("ecp224", 26, 224, 56, NULL, ALG_GONE, WHY_CURVE),
	DH("brainpool224", 27, 224, 56, NULL, ALG_GONE, WHY_CURVE),
	DH_V2("mlkem512", 35, 512, 0, NULL, ALG_GONE, WHY_MLKEM),
	DH_V2("mlkem768", 36, 768, 0, NULL, ALG_GONE, WHY_MLKEM),
	DH_V2("mlkem1024", 37, 1024, 0, NULL, ALG_GONE, WHY_MLKEM),

	ROW(ALG_ESN, "no_esn", .v2 = 0, .flags = ALG_NOIKE),
	ROW(ALG_ESN, "esn", .v2 = 1, .flags = ALG_NOIKE),

	HASH("md5", NULL, 1, 16, "MD5", ALG_BROKEN, WHY_MD5),
	HASH("sha1", "sha", 2, 20, "SHA1", ALG_WEAK, "SHA-1 is old; use sha256"),
	HASH("sha256", "sha2_256", 4, 32, "SHA256", 0, NULL),
	HASH("sha384", "sha2_384", 5, 48, "SHA384", 0, NULL),
	HASH("sha512", "sha2_512", 6, 64, "SHA512", 0, NULL),
	HASH("tiger", NULL, 3, 24, NULL, ALG_GONE, "no library has it; use sha256"),

	ROW(ALG_COMP, "deflate", .v1_ipsec = 2, .v2 = 2, .pfkey = SADB_X_CALG_DEFLATE,
	    .flags = ALG_NOIKE),
	ROW(ALG_COMP, "oui", .v1_ipsec = 1, .v2 = 1, .flags = ALG_NOIKE | ALG_GONE,
	    .why = "nobody has it; use deflate"),
	ROW(ALG_COMP, "lzs", .v1_ipsec = 3, .v2 = 3, .flags = ALG_NOIKE | ALG_GONE,
	    .why = "the kernel does not have it; use deflate"),
	ROW(ALG_COMP, "lzjh", .v1_ipsec = 4, .v2 = 4, .flags = ALG_NOIKE | ALG_GONE,
	    .why = "the kernel does not have it; use deflate"),
};

#undef KEYS_AES
#undef CBC
#undef AEAD
#undef ROW
#undef ENCR_GONE
#undef PRF
#undef HASH
#undef INTEG
#undef DH
#undef DH_V2

#define ALGS (sizeof(algs) / sizeof(algs[0]))

/**
 * alg_by_name() - find an algorithm by one of its spellings
 * @kind: which kind
 * @name: as the file has it
 *
 * Return: row, also of what is broken or gone; NULL for an unknown name.
 */
const struct alg *alg_by_name(enum alg_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < ALGS; i++)
		if (algs[i].kind == kind &&
		    (!strcmp(algs[i].name, name) ||
		     (algs[i].alias && !strcmp(algs[i].alias, name))))
			return &algs[i];
	return NULL;
}

/* Every number space but ESN's leaves 0 for "none". */
static const struct alg *alg_find(enum alg_kind kind, size_t member, unsigned int id)
{
	size_t i;

	if (!id && kind != ALG_ESN)
		return NULL;
	for (i = 0; i < ALGS; i++) {
		uint16_t have;

		memcpy(&have, (const char *)&algs[i] + member, sizeof(have));
		if (algs[i].kind == kind && have == id)
			return &algs[i];
	}
	return NULL;
}

/**
 * alg_by_v2() - find an algorithm by IKEv2's number
 * @kind: transform type, or ALG_COMP
 * @id: transform id
 *
 * Return: row, also of what is broken or gone: choose among what the
 * configuration has; NULL for an unknown number and for 0, except of ESN.
 */
const struct alg *alg_by_v2(enum alg_kind kind, unsigned int id)
{
	return alg_find(kind, offsetof(struct alg, v2), id);
}

/**
 * alg_by_v1_phase1() - find an algorithm by its number in IKEv1's phase 1
 * @kind: ALG_ENCR, ALG_HASH or ALG_DH; a group of phase 2 has the same number
 * @id: attribute value
 *
 * Return: row or NULL, as alg_by_v2().
 */
const struct alg *alg_by_v1_phase1(enum alg_kind kind, unsigned int id)
{
	return kind == ALG_ESN ? NULL : alg_find(kind, offsetof(struct alg, v1_phase1), id);
}

/**
 * alg_by_v1_ipsec() - find an algorithm by its number in IKEv1's phase 2
 * @kind: ALG_ENCR (ESP transform id), ALG_INTEG (attribute) or ALG_COMP
 * @id: number
 *
 * Return: row or NULL, as alg_by_v2().
 */
const struct alg *alg_by_v1_ipsec(enum alg_kind kind, unsigned int id)
{
	return kind == ALG_ESN ? NULL : alg_find(kind, offsetof(struct alg, v1_ipsec), id);
}

/**
 * alg_by_v1_ah() - find an integrity algorithm by its AH transform id
 * @id: transform id
 *
 * Return: row or NULL, as alg_by_v2().
 */
const struct alg *alg_by_v1_ah(unsigned int id)
{
	return alg_find(ALG_INTEG, offsetof(struct alg, v1_ah), id);
}

/**
 * alg_row() - walk the table
 * @i: 0, 1, 2, ...
 *
 * Return: row, NULL past the end.
 */
const struct alg *alg_row(size_t i)
{
	return i < ALGS ? &algs[i] : NULL;
}

/**
 * alg_has_keylen() - is this a key length of the algorithm?
 * @alg: row
 * @bits: without salt; 0 only suits a fixed length
 *
 * Return: true if so.
 */
bool alg_has_keylen(const struct alg *alg, unsigned int bits)
{
	size_t i;

	if (!alg->keylens[0])
		return !bits || bits == alg->keylen;
	for (i = 0; alg->keylens[i]; i++)
		if (alg->keylens[i] == bits)
			return true;
	return false;
}

/**
 * alg_key_bytes() - bytes of a cipher's key
 * @key: cipher and key length
 *
 * Return: bytes, without salt; the default's where no length was said.
 */
size_t alg_key_bytes(const struct alg_key *key)
{
	return (key->bits ? key->bits : key->alg->keylen) / 8;
}

/* What is one name in phase 1 are two in IKEv2, with the same digest. */
static const struct alg *alg_hmac(enum alg_kind kind, const struct alg *hash)
{
	size_t i;

	for (i = 0; hash->ossl && i < ALGS; i++)
		if (algs[i].kind == kind && algs[i].ossl && !strcmp(algs[i].ossl, hash->ossl))
			return &algs[i];
	return NULL;
}

/**
 * alg_hash_prf() - the PRF that is HMAC with a phase 1 hash
 * @hash: row of kind ALG_HASH
 *
 * Return: row of kind ALG_PRF, NULL for a hash that is gone.
 */
const struct alg *alg_hash_prf(const struct alg *hash)
{
	return alg_hmac(ALG_PRF, hash);
}

/**
 * alg_hash_integ() - the integrity algorithm that is HMAC with a phase 1 hash
 * @hash: row of kind ALG_HASH
 *
 * Return: row of kind ALG_INTEG, NULL for a hash that is gone.
 */
const struct alg *alg_hash_integ(const struct alg *hash)
{
	return alg_hmac(ALG_INTEG, hash);
}

/**
 * alg_text() - an algorithm and its key length in one word
 * @alg: row
 * @bits: key length, 0: say none
 * @buf: where to
 * @size: bytes of it
 *
 * A name that ends in a digit gets a dash before the length.
 *
 * Return: @buf.
 */
const char *alg_text(const struct alg *alg, unsigned int bits, char *buf, size_t size)
{
	size_t len = strlen(alg->name);
	bool digit = len && alg->name[len - 1] >= '0' && alg->name[len - 1] <= '9';

	if (bits)
		snprintf(buf, size, "%s%s%u", alg->name, digit ? "-" : "", bits);
	else
		snprintf(buf, size, "%s", alg->name);
	return buf;
}
