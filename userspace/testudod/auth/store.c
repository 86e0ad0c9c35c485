// SPDX-License-Identifier: GPL-2.0
/*
 * The CAs and CRLs of a remote: which files they come from, and what we tell
 * the peer about them. Every file of the folder is looked at, whatever its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "auth/impl.h"
#include "auth/pem.h"
#include "base/log.h"
#include "conf/conf.h"
#include "wire/dn.h"

#define NAMES_MAX 8 /* CAs that a sentence names */

/**
 * struct loading - a store while it is filled
 * @store: store
 * @src: where the files come from
 * @file: the file at hand
 * @explicit: the file was named by ca_type
 * @found: certificates and CRLs in the file
 */
struct loading {
	struct cert_store *store;
	struct source *src;
	const char *file;
	bool explicit;
	unsigned int found;
};

static bool have_ca(const struct cert_store *store, const X509 *x)
{
	int i;

	for (i = 0; i < sk_X509_num(store->cas); i++)
		if (!X509_cmp(sk_X509_value(store->cas, i), x))
			return true;
	return false;
}

static void warn_ca(const struct loading *l, X509 *x)
{
	char name[CERT_NAME];

	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		log_warn("%s: the CA certificate \"%s\" has expired", l->file,
			 cert_name(X509_get_subject_name(x), name));
	ERR_clear_error();
}

static void load_cert(struct loading *l, struct chunk der)
{
	X509 *x = x509_from_der(der);
	char name[CERT_NAME];

	if (!x) {
		log_warn("%s: a certificate in it can not be read", l->file);
		return;
	}
	l->found++;
	if (X509_check_ca(x) <= 0) {
		if (l->explicit)
			log_warn("%s: \"%s\" is no CA certificate (basicConstraints), it is not used",
				 l->file, cert_name(X509_get_subject_name(x), name));
	} else if (!have_ca(l->store, x) && X509_STORE_add_cert(l->store->x, x)) {
		warn_ca(l, x);
		if (X509_up_ref(x))
			sk_X509_push(l->store->cas, x);
	}
	X509_free(x);
	ERR_clear_error();
}

static void load_block(void *arg, const char *kind, struct chunk der)
{
	struct loading *l = arg;
	X509_CRL *crl;

	if (pem_is_cert(kind))
		load_cert(l, der);
	if (!pem_is_crl(kind))
		return;
	crl = crl_from_der(der);
	if (crl && X509_STORE_add_crl(l->store->x, crl)) {
		l->found++;
		l->store->crls++;
	} else {
		log_warn("%s: a CRL in it can not be read", l->file);
	}
	X509_CRL_free(crl);
	ERR_clear_error();
}

static void load_file(void *arg, const char *name)
{
	struct loading *l = arg;
	const struct source_file *f = source_open(l->src, name);

	l->file = name;
	l->found = 0;
	l->store->files++;
	if (f->error && l->explicit)
		log_error("%s: %s", name, strerror(f->error));
	else if (f->error)
		/* keys of other users' programs lie in such folders */
		log_debug("%s: %s", name, strerror(f->error));
	else
		pem_each(blob_chunk(&f->data), load_block, l);
	if (!f->error && l->explicit && !l->found)
		log_error("%s: there is no certificate in it", name);
}

static char *file_in(const char *dir, struct chunk name)
{
	size_t n = strlen(dir);

	return xasprintf("%s%s%.*s", dir, n && dir[n - 1] != '/' ? "/" : "", (int)name.n,
			 (const char *)name.p);
}

/* calls @fn with each name of a list of source_list() */
static void each_name(const char *dir, struct chunk list,
		      void (*fn)(void *arg, const char *name), void *arg)
{
	while (list.n) {
		const uint8_t *end = memchr(list.p, '\n', list.n);
		size_t n = end ? (size_t)(end - list.p) : list.n;
		char *name = file_in(dir, chunk(list.p, n));

		if (n)
			fn(arg, name);
		free(name);
		list = chunk(list.p + n + !!end, list.n - n - !!end);
	}
}

static void load_folder(struct loading *l, const char *dir)
{
	const struct source_file *list = source_list(l->src, dir);

	if (list->error)
		log_error("path certificate %s: %s", *dir ? dir : ".", strerror(list->error));
	else
		each_name(dir, blob_chunk(&list->data), load_file, l);
}

struct cert_store *cert_store_load(struct source *src, const struct conf *conf,
				   const struct conf_remote *remote)
{
	const char *dir = conf->path_cert ? conf->path_cert : "";
	struct cert_store *store = xcalloc(1, sizeof(*store));
	struct loading l = { .store = store, .src = src };

	store->x = X509_STORE_new();
	store->cas = sk_X509_new_null();
	if (!store->x || !store->cas)
		abort();
	store->remote = xstrdup(remote->name);
	store->insecure = remote->insecure || conf->insecure;
	store->where = xasprintf("%s%s%s", dir, *dir && remote->ca ? " and " : "",
				 remote->ca ? remote->ca : *dir ? ""
								: "no folder: say path certificate or ca_type");
	if (remote->ca) {
		l.explicit = true;
		load_file(&l, remote->ca);
		l.explicit = false;
	}
	/* without a folder in the file the working directory is not taken for one */
	if (*dir)
		load_folder(&l, dir);
	return store;
}

void cert_store_free(struct cert_store *store)
{
	if (!store)
		return;
	X509_STORE_free(store->x);
	sk_X509_pop_free(store->cas, X509_free);
	free(store->where);
	free(store->remote);
	free(store);
}

/* ---- what the peer is told ---- */

void cert_store_key_hashes(const struct cert_store *store, struct writer *w)
{
	int i;

	for (i = 0; i < sk_X509_num(store->cas); i++) {
		X509_PUBKEY *pub = X509_get_X509_PUBKEY(sk_X509_value(store->cas, i));
		unsigned char md[EVP_MAX_MD_SIZE];
		unsigned char *p = NULL;
		int n = i2d_X509_PUBKEY(pub, &p);

		if (n > 0 && EVP_Digest(p, (size_t)n, md, NULL, EVP_sha1(), NULL))
			put_bytes(w, chunk(md, 20));
		OPENSSL_free(p);
	}
	ERR_clear_error();
}

size_t cert_store_dn(const struct cert_store *store, size_t i, struct chunk *dn)
{
	size_t n = (size_t)sk_X509_num(store->cas);
	const unsigned char *p;
	size_t len;

	*dn = chunk(NULL, 0);
	if (i < n && X509_NAME_get0_der(X509_get_subject_name(sk_X509_value(store->cas, (int)i)), &p,
					&len))
		*dn = chunk(p, len);
	return n;
}

/* the common name, which is how people call a CA; else all of it */
static void short_name(const X509_NAME *name, char buf[CERT_NAME])
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *s;
	unsigned char *utf8 = NULL;
	int n;

	if (at < 0) {
		cert_name(name, buf);
		return;
	}
	s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	n = ASN1_STRING_to_UTF8(&utf8, s);
	text_escape(chunk(utf8, n > 0 ? (size_t)n : 0), ",", buf, CERT_NAME);
	OPENSSL_free(utf8);
	ERR_clear_error();
}

const char *cert_store_names(const struct cert_store *store, char *buf, size_t size)
{
	int n = sk_X509_num(store->cas);
	size_t used = 0;
	int i;

	if (!size)
		return "";
	buf[0] = '\0';
	for (i = 0; i < n; i++) {
		char name[CERT_NAME];
		int more;

		short_name(X509_get_subject_name(sk_X509_value(store->cas, i)), name);
		/* leave room for the remark that there are more */
		if (i == NAMES_MAX || used + strlen(name) + 24 > size) {
			snprintf(buf + used, size - used, "%s%d more", i ? " and " : "", n - i);
			return buf;
		}
		more = snprintf(buf + used, size - used, "%s%s", i ? ", " : "", name);
		used += (size_t)more;
	}
	return buf;
}

/* ---- for processes without a file system ---- */

/**
 * struct collecting - files on their way
 * @out: where they go
 * @disk: where they come from
 */
struct collecting {
	struct source *out;
	struct source *disk;
};

static void collect_file(void *arg, const char *name)
{
	const struct collecting *c = arg;
	const struct source_file *f;
	struct blob part = { 0 };

	/* a configuration file may stand among the certificates: it goes as it is */
	if (source_has(c->out, name))
		return;
	f = source_open(c->disk, name);
	if (!f->error)
		part = pem_public_part(blob_chunk(&f->data));
	source_add(c->out, name, blob_chunk(&part), f->error);
	blob_free(&part);
}

/* does the peer prove itself by a certificate? */
static bool store_by_signature(const struct conf_remote *r)
{
	const struct conf_proposal *p;

	TAILQ_FOREACH(p, &r->proposals, link) {
		if (p->auth != IKE_AUTH_PSK)
			return true;
	}
	return TAILQ_EMPTY(&r->proposals);
}

void cert_collect(struct source *out, struct source *disk, const struct conf *conf)
{
	const char *dir = conf->path_cert ? conf->path_cert : "";
	struct collecting c = { .out = out, .disk = disk };
	bool wanted = false;
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		char *const names[] = { r->cert, r->ca, r->peers_cert, r->peers_rsa };
		size_t i;

		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (names[i])
				collect_file(&c, names[i]);
			wanted |= names[i] != NULL;
		}
		wanted |= store_by_signature(r);
	}
	if (wanted && *dir) {
		const struct source_file *list = source_list(disk, dir);

		source_add(out, list->name, blob_chunk(&list->data), list->error);
		if (!list->error)
			each_name(dir, blob_chunk(&list->data), collect_file, &c);
	}
}
