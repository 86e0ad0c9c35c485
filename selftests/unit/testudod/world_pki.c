// SPDX-License-Identifier: GPL-2.0
/* Certificates for tests, made by libcrypto when they are needed: a CA and two ends. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static EVP_PKEY *pki_key(const char *kind)
{
	if (strcmp(kind, "rsa") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	if (strcmp(kind, "rsa1024") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	if (strcmp(kind, "ecdsa256") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (strcmp(kind, "ecdsa384") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	if (strcmp(kind, "ecdsa521") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static char *pki_text(BIO *bio)
{
	char *data, *text;
	long n = BIO_get_mem_data(bio, &data);

	text = xstrndup(data, n);
	BIO_free(bio);
	return text;
}

static char *pki_cert_text(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, cert);
	return pki_text(bio);
}

static char *pki_key_text(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	return pki_text(bio);
}

static void pki_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static X509 *pki_cert(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	char san[64];

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 365L * 86400);
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"DE", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	X509_set_pubkey(cert, key);
	if (!issuer) {
		pki_ext(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
		pki_ext(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	} else {
		snprintf(san, sizeof(san), "DNS:%s", cn);
		pki_ext(cert, issuer, NID_subject_alt_name, san);
	}
	X509_sign(cert, issuer_key, EVP_PKEY_is_a(issuer_key, "ED25519") ? NULL : EVP_sha256());
	return cert;
}

struct pki *pki_new(const char *kind)
{
	static const char *const names[] = { "a.test", "b.test" };
	struct pki *pki = xcalloc(1, sizeof(*pki));
	EVP_PKEY *ca_key = pki_key(kind);
	X509 *ca = pki_cert("Test CA", ca_key, NULL, ca_key);
	int i;

	pki->ca = pki_cert_text(ca);
	for (i = 0; i < 2; i++) {
		EVP_PKEY *key = pki_key(kind);
		X509 *cert = pki_cert(names[i], key, ca, ca_key);

		pki->cert[i] = pki_cert_text(cert);
		pki->key[i] = pki_key_text(key);
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return pki;
}

void pki_free(struct pki *pki)
{
	int i;

	free(pki->ca);
	for (i = 0; i < 2; i++) {
		free(pki->cert[i]);
		free(pki->key[i]);
	}
	free(pki);
}
