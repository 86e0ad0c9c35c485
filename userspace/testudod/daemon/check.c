// SPDX-License-Identifier: GPL-2.0
/*
 * What can be known of a configuration without privileges, kernel and peer:
 * "testudod -t", --explain and --dry-run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/secrets.h"
#include "conf/explain.h"
#include "daemon/daemon.h"
#include "engine/prop.h"

/**
 * struct check - a run of -t
 * @src: files
 * @file: the one that is looked at
 * @errors: so far
 */
struct check {
	struct source src;
	const char *file;
	unsigned int errors;
};

static void check_say(void *arg, enum conf_severity severity, const struct conf_where *where,
		      const char *line, const char *what, const char *hint)
{
	struct check *c = arg;

	c->errors += severity == CONF_ERROR;
	conf_say_file(stderr, severity, where, line, what, hint);
}

static void check_psk_line(void *arg, unsigned int line, const char *what)
{
	struct check *c = arg;

	fprintf(stderr, "%s:%u: warning: %s\n", c->file, line, what);
}

static void check_psk(struct check *c, const struct conf *conf)
{
	const struct source_file *f;

	if (!conf->path_psk)
		return;
	f = source_open(&c->src, conf->path_psk);
	c->file = conf->path_psk;
	if (f->error == EACCES)
		fprintf(stderr, "%s: note: not looked at: only its owner may read it\n", c->file);
	else if (f->error)
		fprintf(stderr, "%s: warning: %s\n", c->file, strerror(f->error));
	else
		psk_check(blob_chunk(&f->data), check_psk_line, c);
}

static void check_trouble(struct check *c, const struct conf_remote *r, const char *file,
			  const char *what)
{
	fprintf(stderr, "%s:%d:%d: error: remote %s: %s: %s\n", r->where.file, r->where.line,
		r->where.column, r->name, file, what);
	c->errors++;
}

/* A key that is not ours to read is no error: the monitor may. */
static void check_key(struct check *c, const struct conf_remote *r, const struct cert *cert)
{
	const struct source_file *f = source_open(&c->src, r->key);
	char why[256] = "";
	struct privkey *key;

	if (f->error == EACCES) {
		fprintf(stderr, "%s: note: not looked at: only its owner may read it\n", r->key);
		return;
	}
	key = f->error ? NULL : privkey_parse(blob_chunk(&f->data), why, sizeof(why));
	if (!key)
		check_trouble(c, r, r->key, f->error ? strerror(f->error) : why);
	else if (!privkey_matches(key, cert))
		check_trouble(c, r, r->key, "is not the key of the certificate");
	privkey_free(key);
}

static void check_remote(struct check *c, const struct conf *conf, const struct conf_remote *r)
{
	char why[256], id[ID_TEXT];
	struct cert_verdict verdict;
	struct cert_store *store;
	struct cert *cert;

	if (!r->cert)
		return;
	cert = cert_load(&c->src, r->cert, why, sizeof(why));
	if (!cert) {
		check_trouble(c, r, r->cert, why);
		return;
	}
	/* the peer will do the same with it, with its own CAs: a chain of ours tells of dates and uses */
	store = cert_store_load(&c->src, conf, r);
	cert_verify(store, cert, NULL, 0, NULL, &verdict);
	if (verdict.cause == CERT_EXPIRED || verdict.cause == CERT_NOT_YET)
		check_trouble(c, r, r->cert, verdict.sentence);
	else if (verdict.cause != CERT_OK)
		fprintf(stderr, "%s: warning: %s\n", r->cert, verdict.sentence);
	if (r->my_id.id.type && !cert_has_id(cert, &r->my_id.id))
		fprintf(stderr, "%s: warning: my_identifier %s is not in the certificate\n", r->cert,
			id_text(&r->my_id.id, id, sizeof(id)));
	if (r->key)
		check_key(c, r, cert);
	cert_store_free(store);
	cert_free(cert);
}

static struct conf *check_load(struct check *c, const struct daemon *d)
{
	const struct conf_say say = { check_say, c };

	source_init(&c->src);
	c->src.from_disk = true;
	return conf_load(&c->src, d->conf, d->insecure, &say);
}

int daemon_check(const struct daemon *d)
{
	const struct conf_remote *r;
	struct check c = { 0 };
	struct conf *conf = check_load(&c, d);

	if (conf) {
		check_psk(&c, conf);
		TAILQ_FOREACH(r, &conf->remotes, link)
			check_remote(&c, conf, r);
		conf_free(conf);
	}
	if (c.errors)
		fprintf(stderr, "%s: %u error%s\n", d->conf, c.errors, c.errors == 1 ? "" : "s");
	else
		printf("%s: no errors\n", d->conf);
	source_free(&c.src);
	return c.errors ? 1 : 0;
}

int daemon_explain(const struct daemon *d)
{
	struct check c = { 0 };
	struct conf *conf = check_load(&c, d);
	int rc = 1;

	if (conf)
		rc = conf_explain(conf, d->explain, stdout);
	conf_free(conf);
	source_free(&c.src);
	return rc;
}

int daemon_dry_run(const struct daemon *d)
{
	const struct conf_remote *r = NULL;
	const struct conf_sainfo *s;
	struct sockaddr_storage addr;
	struct check c = { 0 };
	struct conf *conf = check_load(&c, d);

	if (conf) {
		r = conf_remote_by_name(conf, d->dry_run);
		if (!r && addr_parse(&addr, d->dry_run))
			r = conf_remote_by_addr(conf, &addr);
		if (!r)
			fprintf(stderr, "%s: no remote block is for %s\n", d->conf, d->dry_run);
	}
	if (r) {
		printf("remote %s (%s:%d), IKEv%u\n", r->name, r->where.file, r->where.line,
		       r->versions[0]);
		prop_print_ike(stdout, r);
		TAILQ_FOREACH(s, &conf->sainfos, link) {
			printf("sainfo of %s:%d\n", s->where.file, s->where.line);
			prop_print_child(stdout, s);
		}
	}
	conf_free(conf);
	source_free(&c.src);
	return r ? 0 : 1;
}
