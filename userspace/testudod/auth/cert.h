/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Certificates: the trusted ones, a peer's chain and its verdict, signatures
 * checked with its key. Private keys are not here (see secrets.h). It opens no
 * file: the contents come from the configuration's source.
 */
#ifndef TESTUDOD_AUTH_CERT_H
#define TESTUDOD_AUTH_CERT_H

#include <stdbool.h>

#include "wire/id.h"
#include "base/bytes.h"

struct conf;
struct conf_remote;
struct source;
struct writer;

struct cert_store; /* CAs and CRLs of one remote */
struct cert;	   /* a certificate of our own or a peer's, with its public key */

/** enum cert_cause - why a chain was refused */
enum cert_cause {
	CERT_OK,
	CERT_MALFORMED,
	CERT_NO_ISSUER, /* the CA is not among those we have */
	CERT_EXPIRED,
	CERT_NOT_YET,
	CERT_REVOKED,
	CERT_BAD_SIGNATURE,
	CERT_WRONG_USE, /* keyUsage or basicConstraints */
	CERT_WRONG_ID,	/* the identity is not in the certificate */
	CERT_WEAK_KEY,
	CERT_NONE, /* none was sent and none is configured */
	CERT_OTHER,
};

#define CERT_SENTENCE 512

/**
 * struct cert_verdict - the outcome of a check
 * @cause: cause
 * @sentence: the outcome in one line, for log and "why": names subject, issuer
 *	and the CAs that we have
 */
struct cert_verdict {
	enum cert_cause cause;
	char sentence[CERT_SENTENCE];
};

/*
 * All certificates and CRLs of the remote's CA file and of the certificate
 * folder; no hash links needed. Never NULL; problems are logged with the file.
 */
struct cert_store *cert_store_load(struct source *src, const struct conf *conf,
				   const struct conf_remote *remote);
void cert_store_free(struct cert_store *store);
/*
 * For a process without a file system: the public part of every file that
 * cert_load(), cert_store_load() and cert_from_plain_rsa() will ask for, read through
 * @disk and added to @out. Private keys in the same files or folder stay out.
 */
void cert_collect(struct source *out, struct source *disk, const struct conf *conf);
/* SHA-1 of each CA's SubjectPublicKeyInfo (IKEv2 CERTREQ, RFC 7296 3.7), or their DNs (IKEv1) */
void cert_store_key_hashes(const struct cert_store *store, struct writer *w);
/* how many CAs there are; the DER of the name of number @i in @dn if there is one */
size_t cert_store_dn(const struct cert_store *store, size_t i, struct chunk *dn);
/* "A, B, C": common names, else whole names */
const char *cert_store_names(const struct cert_store *store, char *buf, size_t size);

struct cert *cert_load(struct source *src, const char *name, char *why, size_t why_size);
struct cert *cert_parse(struct chunk der);
void cert_free(struct cert *cert);
struct chunk cert_der(const struct cert *cert);
/* DER of the subject's name */
struct chunk cert_subject(const struct cert *cert);
struct chunk cert_issuer(const struct cert *cert);
/* is the certificate for that identity: subject, or a SAN of its type (RFC 4945 3.1) */
bool cert_has_id(const struct cert *cert, const struct id *id);
/* "asn1dn CN=a, fqdn a.test": all that it is for */
const char *cert_ids_text(const struct cert *cert, char *buf, size_t size);
/* days until it expires; negative when it has */
int cert_days_left(const struct cert *cert);
/* "rsa", "rsapss" (for RSA-PSS alone), "ecdsa", "ed25519", "ed448"; bits of the key */
const char *cert_key_type(const struct cert *cert, unsigned int *bits);

/*
 * Check @leaf with the peer's other certificates @chain as untrusted ones. @id
 * may be NULL (verify_cert off). CERT_OK in @verdict if it may be used.
 */
void cert_verify(struct cert_store *store, const struct cert *leaf, struct cert *const *chain,
		 size_t n, const struct id *id, struct cert_verdict *verdict);

/** enum sig_scheme - how bytes are signed */
enum sig_scheme {
	SIG_RAW_RSA_V1, /* IKEv1: PKCS#1 type 1 over the bare HASH, no DigestInfo */
	SIG_RSA_SHA1,	/* IKEv2 method 1 */
	SIG_RSA_SHA256, /* PKCS#1 v1.5, RFC 7427 */
	SIG_RSA_SHA384,
	SIG_RSA_SHA512,
	SIG_PSS_SHA256,
	SIG_PSS_SHA384,
	SIG_PSS_SHA512,
	SIG_ECDSA_SHA256, /* RFC 7427: DER; method 9 to 11: r | s */
	SIG_ECDSA_SHA384,
	SIG_ECDSA_SHA512,
	SIG_ED25519,
	SIG_ED448,
	SIG_SCHEMES,
};

/* @tbs: the octets to be signed (SIG_RAW_RSA_V1: the HASH) */
bool cert_check_signature(const struct cert *cert, enum sig_scheme scheme, struct chunk tbs,
			  struct chunk sig);
/* the same with a bare public key: a plain_rsa file's base64 of RFC 3110, or PEM */
struct cert *cert_from_plain_rsa(struct source *src, const char *name, char *why, size_t why_size);
/* RFC 7427's AlgorithmIdentifier of a scheme; empty if it has none */
struct chunk sig_algid(enum sig_scheme scheme);
/* the scheme of an AlgorithmIdentifier; false if unknown, or its parameters are not allowed */
bool sig_by_algid(struct chunk algid, enum sig_scheme *scheme);
/* hash ids of SIGNATURE_HASH_ALGORITHMS: SHA1 1, SHA2-256 2, 384 3, 512 4, identity 5 */
uint16_t sig_hash_id(enum sig_scheme scheme);
/* the scheme to sign with a key of @cert's type, given the hashes that the peer takes (bit 1 << id) */
bool sig_choose(const struct cert *cert, uint32_t hashes, enum sig_scheme *scheme);
const char *sig_name(enum sig_scheme scheme);
/* ECDSA: DER to r | s of that curve and back */
bool sig_ecdsa_to_raw(struct chunk der, unsigned int bits, struct blob *raw);
bool sig_ecdsa_to_der(struct chunk raw, unsigned int bits, struct blob *der);

#endif /* TESTUDOD_AUTH_CERT_H */
