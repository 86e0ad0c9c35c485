/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The algorithms: one row each, with its number in every number space it has.
 * Pure: it calls no cryptography. The only table of them in the daemon.
 */
#ifndef TESTUDOD_CRYPTO_ALG_H
#define TESTUDOD_CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum alg_kind - what an algorithm is for */
enum alg_kind {
	ALG_ENCR = 1,	/* also AEADs; the numbers are IKEv2's transform types */
	ALG_PRF,
	ALG_INTEG,
	ALG_DH,
	ALG_ESN,
	ALG_HASH = 16,	/* IKEv1's phase 1 hash: a PRF and an integrity algorithm in one */
	ALG_COMP,
};

/* struct alg @flags */
#define ALG_AEAD	0x01	/* authenticates too: takes no integrity algorithm */
#define ALG_WEAK	0x02	/* accepted with a warning (class I) */
#define ALG_BROKEN	0x04	/* refused unless the file says so (class I!) */
#define ALG_GONE	0x08	/* known by name alone; refused with its reason (class N) */
#define ALG_NOIKE	0x10	/* for ESP and AH only */
#define ALG_NOIPSEC	0x20	/* for IKE only */

/**
 * struct alg - one algorithm
 * @kind: which kind
 * @name: as racoon.conf spells it, and as the log prints it
 * @alias: another spelling; may be NULL
 * @v1_phase1: IKEv1 phase 1 attribute value (RFC 2409 app. A); 0: has none
 * @v1_ipsec: of ENCR the ESP transform id, of INTEG the authentication
 *	algorithm attribute (RFC 2407 4.5); 0: has none
 * @v1_ah: of INTEG the AH transform id
 * @v2: IKEv2 transform id (RFC 7296 3.3.2); 0: has none, except of ESN, where
 *	it is "no"
 * @pfkey: SADB_EALG_*, SADB_AALG_* or SADB_X_CALG_*; 0: the kernel has none
 * @keylen: key bits when none is said; of DH the bits of the modulus or curve
 * @keylens: key lengths that may be asked for, in bits, longest first, ending
 *	in 0; the first is 0 if the length is fixed (no key length attribute is
 *	sent)
 * @salt: bytes of nonce that come with the key (RFC 4106 8.1)
 * @block: bytes of a block, 1 for a stream
 * @iv: bytes of the explicit IV
 * @icv: bytes of the integrity check value
 * @out: bytes that a PRF or hash gives; of DH the bytes of the public value
 * @ossl: name for libcrypto (cipher, digest or group), a * in it stands for
 *	the key bits; NULL: none needed, and of a group: libcrypto has no name
 * @flags: ALG_*
 * @why: of weak, broken and gone ones: the reason, and what to use instead
 */
struct alg {
	enum alg_kind kind;
	const char *name;
	const char *alias;
	uint16_t v1_phase1;
	uint16_t v1_ipsec;
	uint16_t v1_ah;
	uint16_t v2;
	uint8_t pfkey;
	uint16_t keylen;
	uint16_t keylens[4];
	uint8_t salt;
	uint8_t block;
	uint8_t iv;
	uint8_t icv;
	uint16_t out;
	const char *ossl;
	uint16_t flags;
	const char *why;
};

const struct alg *alg_by_name(enum alg_kind kind, const char *name);
const struct alg *alg_by_v2(enum alg_kind kind, unsigned int id);
const struct alg *alg_by_v1_phase1(enum alg_kind kind, unsigned int id);
const struct alg *alg_by_v1_ipsec(enum alg_kind kind, unsigned int id);
const struct alg *alg_by_v1_ah(unsigned int id);
/* row by row, for lists and for "did you mean"; NULL after the last */
const struct alg *alg_row(size_t i);
bool alg_has_keylen(const struct alg *alg, unsigned int bits);
/* of an IKEv1 hash: the PRF and the integrity algorithm that IKEv2 calls by their own names */
const struct alg *alg_hash_prf(const struct alg *hash);
const struct alg *alg_hash_integ(const struct alg *hash);
/* "aes256", "aes_gcm_16-256", "hmac_sha256" */
const char *alg_text(const struct alg *alg, unsigned int bits, char *buf, size_t size);

/**
 * struct alg_key - an algorithm with its key length
 * @alg: the algorithm; NULL: none
 * @bits: key bits, 0 where the length is fixed
 */
struct alg_key {
	const struct alg *alg;
	uint16_t bits;
};

size_t alg_key_bytes(const struct alg_key *key);

/** enum ike_auth - how a peer proves who it is; the values of IKEv1's attribute */
enum ike_auth {
	IKE_AUTH_NONE = 0,
	IKE_AUTH_PSK = 1,
	IKE_AUTH_RSASIG = 3,
	IKE_AUTH_ECDSASIG = 9,		/* IKEv2: by the key of the certificate, RFC 7427 */
	IKE_AUTH_SIG = 14,		/* IKEv2: any signature that the key can make */
};

/**
 * struct suite - the choice for an IKE SA
 * @encr: cipher or AEAD
 * @integ: integrity algorithm; NULL with an AEAD and in IKEv1
 * @prf: PRF
 * @hash: IKEv1: the phase 1 hash, else NULL
 * @dh: group
 * @auth: IKEv1: authentication method; 0 in IKEv2
 * @life: IKEv1: seconds agreed upon, 0 for none
 */
struct suite {
	struct alg_key encr;
	const struct alg *integ;
	const struct alg *prf;
	const struct alg *hash;
	const struct alg *dh;
	enum ike_auth auth;
	uint32_t life;
};

#endif /* TESTUDOD_CRYPTO_ALG_H */
