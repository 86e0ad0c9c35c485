// SPDX-License-Identifier: GPL-2.0
/*
 * Files of certificates, CRLs and public keys: their blocks one by one, and the
 * part of a file that is no secret.
 */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "auth/pem.h"
#include "auth/plain_rsa.h"

bool pem_is_cert(const char *kind)
{
	return !strcmp(kind, PEM_STRING_X509) || !strcmp(kind, PEM_STRING_X509_OLD) ||
	       !strcmp(kind, PEM_STRING_X509_TRUSTED);
}

bool pem_is_crl(const char *kind)
{
	return !strcmp(kind, PEM_STRING_X509_CRL);
}

X509 *x509_from_der(struct chunk der)
{
	const unsigned char *p = der.p;
	X509 *x;

	if (!der.n || der.n > LONG_MAX)
		return NULL;
	x = d2i_X509(NULL, &p, (long)der.n);
	if (x && p != der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

X509_CRL *crl_from_der(struct chunk der)
{
	const unsigned char *p = der.p;
	X509_CRL *crl;

	if (!der.n || der.n > LONG_MAX)
		return NULL;
	crl = d2i_X509_CRL(NULL, &p, (long)der.n);
	if (crl && p != der.p + der.n) {
		X509_CRL_free(crl);
		crl = NULL;
	}
	ERR_clear_error();
	return crl;
}

/* a whole file of DER */
static void each_der(struct chunk file, void (*fn)(void *arg, const char *kind, struct chunk der),
		     void *arg)
{
	X509 *x = x509_from_der(file);
	X509_CRL *crl = x ? NULL : crl_from_der(file);

	if (x)
		fn(arg, PEM_STRING_X509, file);
	if (crl)
		fn(arg, PEM_STRING_X509_CRL, file);
	X509_free(x);
	X509_CRL_free(crl);
}

void pem_each(struct chunk file, void (*fn)(void *arg, const char *kind, struct chunk der),
	      void *arg)
{
	unsigned char *der;
	unsigned int blocks = 0;
	char *header;
	char *kind;
	long n;
	BIO *bio;

	if (!file.n || file.n > INT_MAX)
		return;
	bio = BIO_new_mem_buf(file.p, (int)file.n);
	while (bio && PEM_read_bio(bio, &kind, &header, &der, &n)) {
		blocks++;
		fn(arg, kind, chunk(der, (size_t)n));
		OPENSSL_free(kind);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (!blocks)
		each_der(file, fn, arg);
}

static void public_block(void *arg, const char *kind, struct chunk der)
{
	BIO *bio = arg;

	if (pem_is_cert(kind) || pem_is_crl(kind) || !strcmp(kind, PEM_STRING_PUBLIC))
		PEM_write_bio(bio, kind, "", der.p, (long)der.n);
}

struct blob pem_public_part(struct chunk file)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct blob out = { 0 };
	char *p;
	long n;

	if (!bio)
		return out;
	pem_each(file, public_block, bio);
	n = BIO_get_mem_data(bio, &p);
	if (n > 0)
		blob_set(&out, chunk(p, (size_t)n));
	else
		out = plain_rsa_public_part(file);
	BIO_free(bio);
	return out;
}
