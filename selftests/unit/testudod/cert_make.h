/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Certificates made by hand with libcrypto, for those that no tool would make: a CA that
 * is trusted, "Evil CA", a key for the leaves, and what cert_verify() says of them.
 */
#ifndef TESTUDOD_TEST_CERT_MAKE_H
#define TESTUDOD_TEST_CERT_MAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <string.h>

#include "auth/cert.h"
#include "conf/conf.h"
#include "conf/source.h"

static EVP_PKEY *make_ca_key, *make_leaf_key;
static struct cert_store *make_store;

static inline X509 *make_bare(const char *subject, const char *issuer, EVP_PKEY *key)
{
	static long serial = 1;
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1, 0);
	assert_true(X509_set_pubkey(x, key));
	return x;
}

static inline void make_extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static inline void make_extension(X509 *x, int nid, struct chunk der)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(octets, der.p, der.n);
	ext = X509_EXTENSION_create_by_NID(NULL, nid, 0, octets);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(octets);
}

static inline void make_sign(X509 *x, EVP_PKEY *key)
{
	assert_true(X509_sign(x, key, EVP_sha256()));
}

/* Ours, or NULL if it is not even read. */
static inline struct cert *make_read(X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct cert *cert;

	assert_true(n > 0);
	cert = cert_parse(chunk(der, n));
	OPENSSL_free(der);
	X509_free(x);
	return cert;
}

static inline X509 *make_ca(const char *name, EVP_PKEY *key, const char *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = make_bare(name, issuer, key);

	make_extend(x, NID_basic_constraints, "critical,CA:TRUE");
	make_extend(x, NID_key_usage, "critical,keyCertSign,cRLSign");
	make_sign(x, issuer_key);
	return x;
}

static inline enum cert_cause make_verdict(const struct cert *leaf, struct cert *const *chain, size_t n)
{
	struct cert_verdict v;

	cert_verify(make_store, leaf, chain, n, NULL, &v);
	return v.cause;
}

static inline struct blob make_der(const struct cert *cert)
{
	struct blob der = { 0 };

	blob_set(&der, cert_der(cert));
	return der;
}

/* for cmocka's group */
static inline int make_setup(void **state)
{
	struct conf conf = { .path_cert = (char *)"/c" };
	struct conf_remote remote = { .name = (char *)"gw", .insecure = true };
	unsigned char *der = NULL;
	X509 *ca;
	struct source src;
	int n;

	(void)state;
	make_ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	make_leaf_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	ca = make_ca("Evil CA", make_ca_key, "Evil CA", make_ca_key);
	n = i2d_X509(ca, &der);
	TAILQ_INIT(&conf.remotes);
	source_init(&src);
	source_add(&src, "/c/ca.pem", chunk(der, n), 0);
	source_add(&src, "/c/", chunk_str("ca.pem\n"), 0);
	make_store = cert_store_load(&src, &conf, &remote);
	source_free(&src);
	OPENSSL_free(der);
	X509_free(ca);
	return 0;
}

static inline int make_teardown(void **state)
{
	(void)state;
	cert_store_free(make_store);
	EVP_PKEY_free(make_ca_key);
	EVP_PKEY_free(make_leaf_key);
	return 0;
}

#endif /* TESTUDOD_TEST_CERT_MAKE_H */
