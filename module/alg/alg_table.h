/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The algorithm table: one row an algorithm, the only place that knows sizes.
 * It feeds SADB_REGISTER, the checks of keys, the transforms and
 * Documentation/algorithms.rst. Pure.
 */
#ifndef _TESTUDO_ALG_TABLE_H
#define _TESTUDO_ALG_TABLE_H

#include <linux/types.h>

/**
 * enum ipsec_alg_kind - what a row is
 * @IPSEC_ALG_AUTH: integrity only (KEY_AUTH, SUPPORTED_AUTH)
 * @IPSEC_ALG_ENC: encryption only, to be paired with an integrity row
 * @IPSEC_ALG_AEAD: both in one, keyed by KEY_ENCRYPT alone
 */
enum ipsec_alg_kind {
	IPSEC_ALG_AUTH,
	IPSEC_ALG_ENC,
	IPSEC_ALG_AEAD,
};

/**
 * struct ipsec_alg - one algorithm
 * @name: as in RFCs and Documentation
 * @crypto: name of the crypto API's template or algorithm
 * @kind: what the row is
 * @id: PF_KEY identifier (SADB_AALG_*, SADB_EALG_*, SADB_X_*)
 * @min_bits: least key length, salt or nonce included
 * @max_bits: greatest key length, salt or nonce included
 * @step_bits: distance between valid key lengths; 0 when there is one only
 * @salt: bytes at the end of the key that are salt or nonce
 * @iv: bytes of IV in the packet
 * @block: what the payload is padded to, bytes, at least 4 after RFC 4303
 * @icv: bytes of ICV in the packet
 * @pfkey_iv: sadb_alg_ivlen in SADB_REGISTER
 * @iv_random: the IV must be unpredictable (CBC), not only unique
 * @simd_twin: kernels that wrap SIMD code in an asynchronous shell may have
 *	the code itself as "__" + @crypto, internal and synchronous
 */
struct ipsec_alg {
	const char *name;
	const char *crypto;
	enum ipsec_alg_kind kind;
	u8 id;
	u16 min_bits;
	u16 max_bits;
	u16 step_bits;
	u8 salt;
	u8 iv;
	u8 block;
	u8 icv;
	u8 pfkey_iv;
	bool iv_random;
	bool simd_twin;
};

/* Bound of ipsec_alg_index(). */
#define IPSEC_ALG_ROWS_MAX	32

/* HMAC-SHA2-256 with the 96-bit ICV of old af_key peers, not RFC 4868's 128. */
extern bool ipsec_alg_sha256_96;

const struct ipsec_alg *ipsec_alg_auth(u8 id);
const struct ipsec_alg *ipsec_alg_auth_icv(u8 id, u8 icv);
const struct ipsec_alg *ipsec_alg_enc(u8 id);
bool ipsec_alg_key_ok(const struct ipsec_alg *alg, unsigned int bits);
const struct ipsec_alg *ipsec_alg_next(const struct ipsec_alg *prev);
unsigned int ipsec_alg_index(const struct ipsec_alg *alg);

#endif
