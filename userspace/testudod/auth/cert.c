// SPDX-License-Identifier: GPL-2.0
/*
 * One certificate: reading it, its names, whom it is for, its key, how long it
 * lasts. Whether it may be believed is verify.c's question.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "auth/impl.h"
#include "auth/pem.h"
#include "conf/source.h"
#include "wire/dn.h"

static struct blob name_der(X509_NAME *name)
{
	struct blob der = { 0 };
	const unsigned char *p;
	size_t n;

	if (X509_NAME_get0_der(name, &p, &n))
		blob_set(&der, chunk(p, n));
	return der;
}

struct cert *cert_parse(struct chunk der)
{
	X509 *x = x509_from_der(der);
	EVP_PKEY *key;
	struct cert *cert;
	unsigned char *p = NULL;
	int n;

	if (!x)
		return NULL;
	key = X509_get_pubkey(x);
	n = i2d_X509(x, &p);
	ERR_clear_error();
	if (!key || n <= 0) {
		EVP_PKEY_free(key);
		OPENSSL_free(p);
		X509_free(x);
		return NULL;
	}
	cert = xcalloc(1, sizeof(*cert));
	cert->x509 = x;
	cert->key[cert->nkeys++] = key;
	blob_set(&cert->der, chunk(p, (size_t)n));
	OPENSSL_free(p);
	cert->subject = name_der(X509_get_subject_name(x));
	cert->issuer = name_der(X509_get_issuer_name(x));
	return cert;
}

static void load_first(void *arg, const char *kind, struct chunk der)
{
	struct cert **cert = arg;

	if (!*cert && pem_is_cert(kind))
		*cert = cert_parse(der);
}

struct cert *cert_load(struct source *src, const char *name, char *why, size_t why_size)
{
	const struct source_file *f = source_open(src, name);
	struct cert *cert = NULL;

	if (f->error) {
		snprintf(why, why_size, "%s: %s", name, strerror(f->error));
		return NULL;
	}
	pem_each(blob_chunk(&f->data), load_first, &cert);
	if (!cert)
		snprintf(why, why_size, "%s: there is no X.509 certificate in it", name);
	return cert;
}

void cert_free(struct cert *cert)
{
	unsigned int i;

	if (!cert)
		return;
	X509_free(cert->x509);
	for (i = 0; i < cert->nkeys; i++)
		EVP_PKEY_free(cert->key[i]);
	blob_free(&cert->der);
	blob_free(&cert->subject);
	blob_free(&cert->issuer);
	free(cert);
}

struct chunk cert_der(const struct cert *cert)
{
	return blob_chunk(&cert->der);
}

struct chunk cert_subject(const struct cert *cert)
{
	return blob_chunk(&cert->subject);
}

struct chunk cert_issuer(const struct cert *cert)
{
	return blob_chunk(&cert->issuer);
}

const char *cert_name(const X509_NAME *name, char buf[CERT_NAME])
{
	const unsigned char *p;
	size_t n;

	if (!X509_NAME_get0_der(name, &p, &n))
		n = 0;
	return dn_text(chunk(p, n), buf, CERT_NAME);
}

/* ---- whom it is for ---- */

static bool string_is(const ASN1_STRING *s, uint8_t type, const struct id *id)
{
	struct chunk c = { ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
	const struct id san = { .type = type, .data = { (uint8_t *)c.p, c.n } };

	return id_equal(&san, id);
}

static bool gn_is(const GENERAL_NAME *gn, const struct id *id)
{
	unsigned char *p = NULL;
	struct blob der;
	bool same;
	int n;

	if (id->type == ID_GN) {
		n = i2d_GENERAL_NAME((GENERAL_NAME *)gn, &p);
		same = n > 0 && chunk_equal(chunk(p, (size_t)n), blob_chunk(&id->data));
		OPENSSL_free(p);
		return same;
	}
	switch (gn->type) {
	case GEN_DNS:
		return id->type == ID_FQDN && string_is(gn->d.dNSName, ID_FQDN, id);
	case GEN_EMAIL:
		return id->type == ID_USER_FQDN && string_is(gn->d.rfc822Name, ID_USER_FQDN, id);
	case GEN_IPADD:
		return (id->type == ID_IPV4 || id->type == ID_IPV6) &&
		       string_is(gn->d.iPAddress, id->type, id);
	case GEN_DIRNAME:
		if (id->type != ID_DN)
			return false;
		der = name_der(gn->d.directoryName);
		same = dn_equal(blob_chunk(&der), blob_chunk(&id->data));
		blob_free(&der);
		return same;
	}
	return false;
}

static GENERAL_NAMES *cert_sans(const struct cert *cert)
{
	GENERAL_NAMES *sans = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);

	ERR_clear_error();
	return sans;
}

bool cert_has_id(const struct cert *cert, const struct id *id)
{
	GENERAL_NAMES *sans;
	bool found = false;
	int i;

	if (!cert->x509)
		return false;
	if (id->type == ID_DN && dn_equal(cert_subject(cert), blob_chunk(&id->data)))
		return true;
	sans = cert_sans(cert);
	for (i = 0; !found && i < sk_GENERAL_NAME_num(sans); i++)
		found = gn_is(sk_GENERAL_NAME_value(sans, i), id);
	GENERAL_NAMES_free(sans);
	ERR_clear_error();
	return found;
}

static uint8_t gn_id_type(const GENERAL_NAME *gn)
{
	switch (gn->type) {
	case GEN_DNS:
		return ID_FQDN;
	case GEN_EMAIL:
		return ID_USER_FQDN;
	case GEN_IPADD:
		return gn->d.iPAddress->length == 4 ? ID_IPV4 : ID_IPV6;
	}
	return 0;
}

const char *cert_ids_text(const struct cert *cert, char *buf, size_t size)
{
	struct id id = { .type = ID_DN, .data = cert->subject };
	GENERAL_NAMES *sans;
	size_t n;
	int i;

	if (!size)
		return "";
	id_text(&id, buf, size);
	sans = cert->x509 ? cert_sans(cert) : NULL;
	for (i = 0; i < sk_GENERAL_NAME_num(sans); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(sans, i);

		id.type = gn_id_type(gn);
		n = strlen(buf);
		if (!id.type || size - n < 24)
			continue;
		id.data.p = (uint8_t *)ASN1_STRING_get0_data(gn->d.ia5);
		id.data.n = (size_t)ASN1_STRING_length(gn->d.ia5);
		memcpy(buf + n, ", ", 3);
		id_text(&id, buf + n + 2, size - n - 2);
	}
	GENERAL_NAMES_free(sans);
	return buf;
}

/* ---- life and key ---- */

int cert_days_left(const struct cert *cert)
{
	int days = INT_MAX;
	int seconds = 0;

	if (!cert->x509)
		return days;
	if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert->x509))) {
		ERR_clear_error();
		return -1;
	}
	return seconds < 0 ? days - 1 : days;
}

const char *cert_key_type(const struct cert *cert, unsigned int *bits)
{
	static const char *const types[][2] = {
		{ "RSA", "rsa" },
		{ "RSA-PSS", "rsapss" },
		{ "EC", "ecdsa" },
		{ "ED25519", "ed25519" },
		{ "ED448", "ed448" },
	};
	const EVP_PKEY *key = cert->key[0];
	size_t i;

	*bits = (unsigned int)EVP_PKEY_get_bits(key);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (EVP_PKEY_is_a(key, types[i][0]))
			return types[i][1];
	return "unknown";
}
