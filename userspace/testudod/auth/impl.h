/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this room share: libcrypto's objects behind cert.h and secrets.h. */
#ifndef TESTUDOD_AUTH_IMPL_H
#define TESTUDOD_AUTH_IMPL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "auth/cert.h"

#define CERT_KEYS 16  /* keys in one plain_rsa file */
#define CERT_NAME 160 /* a name's share of a sentence */

/* bits of an RSA key */
#define RSA_BITS_MIN  1024 /* never below, not even with "insecure ok" */
#define RSA_BITS_GOOD 2048
#define RSA_BITS_MAX  16384 /* libcrypto's own limit */

/**
 * struct cert - a certificate, or bare public keys
 * @x509: NULL for bare keys
 * @key: public keys; a certificate has one
 * @nkeys: members of @key
 * @der: the certificate
 * @subject: DER of its subject
 * @issuer: DER of its issuer
 */
struct cert {
	X509 *x509;
	EVP_PKEY *key[CERT_KEYS];
	unsigned int nkeys;
	struct blob der;
	struct blob subject;
	struct blob issuer;
};

/**
 * struct cert_store - what a remote's peers are checked against
 * @x: CAs and CRLs for libcrypto
 * @cas: the CAs among them, in the order of their files
 * @where: "/etc/certs", "/etc/certs and /etc/ca.pem"
 * @remote: name of the remote block, for the line to change
 * @files: files that were looked at
 * @crls: CRLs found
 * @insecure: weak keys and digests are allowed
 * @crl_noted: a missing CRL was told
 * @weak_noted: a weak key was told
 */
struct cert_store {
	X509_STORE *x;
	STACK_OF(X509) * cas;
	char *where;
	char *remote;
	unsigned int files;
	unsigned int crls;
	bool insecure;
	bool crl_noted;
	bool weak_noted;
};

/**
 * struct sig_row - one signature scheme
 * @name: for the log
 * @type: libcrypto's name of the key type
 * @md: digest, NULL where the scheme has none of its own
 * @pad: RSA padding
 * @hash_id: number of SIGNATURE_HASH_ALGORITHMS, 0: none
 * @nid: libcrypto's number of RFC 7427's algorithm, NID_undef: it has none
 */
struct sig_row {
	const char *name;
	const char *type;
	const char *md;
	int pad;
	uint16_t hash_id;
	int nid;
};

const struct sig_row *sig_row(enum sig_scheme scheme);
bool sig_fits(const struct sig_row *row, const EVP_PKEY *key);
/* a context's padding and salt for @row; true for schemes that have none */
bool sig_pad(EVP_PKEY_CTX *ctx, const struct sig_row *row);
/* why a public key must not be used at all; NULL if nothing is wrong with it */
const char *key_fault(const EVP_PKEY *key);

const char *cert_name(const X509_NAME *name, char buf[CERT_NAME]);

#endif /* TESTUDOD_AUTH_IMPL_H */
