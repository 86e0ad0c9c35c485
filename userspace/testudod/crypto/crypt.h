/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cryptography for IKE on top of libcrypto: digests, PRFs, ciphers, groups and
 * the key schedules of both versions. It knows no payload and no state. Every
 * function that can fail in libcrypto returns false, with nothing half-written;
 * outputs that are keys are wiped by their owners with blob_wipe().
 */
#ifndef TESTUDOD_CRYPTO_CRYPT_H
#define TESTUDOD_CRYPTO_CRYPT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "crypto/alg.h"

#define CRYPT_HASH_MAX	64	/* bytes of the longest digest */
#define CRYPT_DH_MAX	1024	/* bytes of the longest public value (modp8192) */

void crypt_random(void *p, size_t n);

/* several pieces at a time, as the RFCs' "a | b | c" has it */
bool crypt_digest(const char *ossl, const struct chunk *parts, size_t n,
		  uint8_t out[CRYPT_HASH_MAX], size_t *len);
bool crypt_prf(const struct alg *prf, struct chunk key, const struct chunk *parts, size_t n,
	       uint8_t out[CRYPT_HASH_MAX]);
bool crypt_prf_blob(const struct alg *prf, struct chunk key, const struct chunk *parts, size_t n,
		    struct blob *out);
/* the root of both key schedules: prf(Ni | Nr, g^xy) */
bool crypt_prf_nonces(const struct alg *prf, struct chunk ni, struct chunk nr, struct chunk shared,
		      struct blob *out);
/* RFC 7296 2.13; up to 255 rounds */
bool crypt_prf_plus(const struct alg *prf, struct chunk key, const struct chunk *seed, size_t n,
		    struct blob *out, size_t len);
bool crypt_mac(const struct alg *integ, struct chunk key, const struct chunk *parts, size_t n,
	       uint8_t *icv);

/**
 * struct crypt_dh - one side of a Diffie-Hellman exchange
 * @group: row of kind ALG_DH
 * @public: our value, as the KE payload carries it
 * @key: libcrypto's EVP_PKEY
 */
struct crypt_dh {
	const struct alg *group;
	struct blob public;
	void *key;
};

/*
 * crypt_dh_new() makes a key pair. crypt_dh_shared() checks the peer's value
 * first: its length, 1 < value < p - 1, a point on the curve, a secret that is
 * not all zeroes (RFC 6989, RFC 8031 5); @why then says which, for the log.
 * crypt_dh_usable() is those checks alone, which are cheap beside a key pair.
 */
struct crypt_dh *crypt_dh_new(const struct alg *group);
bool crypt_dh_usable(const struct alg *group, struct chunk theirs, const char **why);
bool crypt_dh_shared(struct crypt_dh *dh, struct chunk theirs, struct blob *secret,
		     const char **why);
void crypt_dh_free(struct crypt_dh *dh);

/* CBC without padding of its own: @n is a multiple of the block; in place */
bool crypt_cbc(const struct alg_key *encr, struct chunk key, const uint8_t *iv, uint8_t *data,
	       size_t n, bool encrypt);

/**
 * struct crypt_sk - the keys of one direction of an IKEv2 SA
 * @encr: cipher or AEAD
 * @integ: integrity algorithm, NULL with an AEAD
 * @ek: cipher key, salt at its end with an AEAD
 * @ak: integrity key
 */
struct crypt_sk {
	struct alg_key encr;
	const struct alg *integ;
	struct blob ek;
	struct blob ak;
};

/*
 * Body of an SK or SKF payload: IV, ciphertext, padding, ICV (RFC 7296 3.14,
 * RFC 5282). @aad is everything before the body that the message has, from the
 * IKE header on. crypt_sk_size() is the body's size for @n clear bytes, so the
 * lengths in @aad can be written before sealing.
 */
size_t crypt_sk_size(const struct crypt_sk *sk, size_t n);
bool crypt_sk_seal(const struct crypt_sk *sk, struct chunk aad, struct chunk clear,
		   uint8_t *body);
/* a forged or damaged one gives false and an empty blob */
bool crypt_sk_open(const struct crypt_sk *sk, struct chunk aad, struct chunk body,
		   struct blob *clear);

/**
 * struct crypt_v2_keys - key schedule of an IKEv2 SA (RFC 7296 2.14)
 * @d: SK_d
 * @pi: SK_pi
 * @pr: SK_pr
 * @i: what the original initiator seals with
 * @r: what the original responder seals with
 */
struct crypt_v2_keys {
	struct blob d;
	struct blob pi;
	struct blob pr;
	struct crypt_sk i;
	struct crypt_sk r;
};

/*
 * @skeyseed: crypt_prf_nonces() for a first SA or crypt_v2_skeyseed_rekey()
 * for a rekeyed one; RFC 9370's further exchanges call the second again.
 */
bool crypt_v2_skeyseed_rekey(const struct alg *old_prf, struct chunk old_sk_d, struct chunk shared,
			     struct chunk ni, struct chunk nr, struct blob *skeyseed);
bool crypt_v2_keys(const struct suite *suite, struct chunk skeyseed, struct chunk ni,
		   struct chunk nr, uint64_t spi_i, uint64_t spi_r, struct crypt_v2_keys *keys);
/* RFC 7296 2.17; @shared is empty without PFS */
bool crypt_v2_keymat(const struct alg *prf, struct chunk sk_d, struct chunk shared,
		     struct chunk ni, struct chunk nr, struct blob *out, size_t len);
void crypt_v2_keys_wipe(struct crypt_v2_keys *keys);

/**
 * struct crypt_v1_keys - key schedule of an IKEv1 SA (RFC 2409 5)
 * @skeyid: SKEYID
 * @d: SKEYID_d
 * @a: SKEYID_a
 * @e: SKEYID_e
 * @key: cipher key from SKEYID_e (appendix B)
 */
struct crypt_v1_keys {
	struct blob skeyid;
	struct blob d;
	struct blob a;
	struct blob e;
	struct blob key;
};

/*
 * SKEYID is the keys process' answer with a pre-shared key, else
 * crypt_prf_nonces(). Cookies in the order initiator, responder.
 */
bool crypt_v1_keys(const struct suite *suite, struct chunk shared, uint64_t cky_i, uint64_t cky_r,
		   struct crypt_v1_keys *keys);
/* HASH_I and HASH_R: prf(SKEYID, g^x | g^y | CKY | CKY | SAi_b | ID_b) */
bool crypt_v1_hash(const struct suite *suite, const struct crypt_v1_keys *keys, struct chunk gx,
		   struct chunk gy, uint64_t cky_x, uint64_t cky_y, struct chunk sai_b,
		   struct chunk id_b, uint8_t out[CRYPT_HASH_MAX]);
/* first IV of phase 1: hash(g^xi | g^xr); of a later exchange: hash(last block of phase 1 | M-ID) */
bool crypt_v1_iv(const struct suite *suite, struct chunk a, struct chunk b, uint8_t *iv);
/* KEYMAT of a quick mode for one SA; @shared is empty without PFS */
bool crypt_v1_keymat(const struct suite *suite, struct chunk skeyid_d, struct chunk shared,
		     uint8_t proto, uint32_t spi, struct chunk ni, struct chunk nr,
		     struct blob *out, size_t len);
void crypt_v1_keys_wipe(struct crypt_v1_keys *keys);

#endif /* TESTUDOD_CRYPTO_CRYPT_H */
