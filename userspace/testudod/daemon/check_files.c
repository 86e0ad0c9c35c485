// SPDX-License-Identifier: GPL-2.0
/*
 * The files that a configuration names, looked at for "testudod -t" as the daemon
 * will: can they be read, are they what they should be, do they go together? What
 * only root may read is left out with a note when somebody else asks.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/secrets.h"
#include "daemon/check.h"
#include "daemon/daemon.h"
#include "proc/safefile.h"
#include "wire/v1.h"

static void tell(struct check *c, enum conf_severity severity, const struct conf_where *at,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void tell(struct check *c, enum conf_severity severity, const struct conf_where *at,
		 const char *fmt, ...)
{
	char what[CERT_SENTENCE + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	check_tell(c, severity, at, what, NULL);
}

/* is it there, and may we look? */
static bool readable(struct check *c, const struct conf_where *at, const char *name)
{
	const struct source_file *f = source_open(&c->src, name);

	if (f->error == EACCES)
		tell(c, CONF_NOTE, at, "%s is not looked at: only its owner may read it", name);
	else if (f->error)
		tell(c, CONF_ERROR, at, "%s: %s", name, strerror(f->error));
	return !f->error;
}

/* owner and mode, without which the monitor does not take it */
static void check_safe(struct check *c, const struct conf_where *at, const char *name,
		       enum safe_kind kind)
{
	char why[256];
	int fd = safe_open(name, kind, why, sizeof(why));

	if (fd >= 0)
		close(fd);
	else if (fd == -EPERM)
		tell(c, CONF_WARNING, at, "it will not be used: %s", why);
	else if (fd != -EACCES)
		tell(c, CONF_WARNING, at, "%s", why);
}

/* ---- certificates and keys ---- */

static void check_key(struct check *c, const struct conf_remote *r, const struct cert *cert)
{
	const struct conf_where *at = &r->at[CONF_AT_KEY];
	struct privkey *key;
	char why[256] = "";

	if (!readable(c, at, r->key))
		return;
	check_safe(c, at, r->key, SAFE_SECRET);
	key = privkey_parse(blob_chunk(&source_open(&c->src, r->key)->data), why, sizeof(why));
	if (!key)
		tell(c, CONF_ERROR, at, "%s: %s", r->key, why);
	else if (cert && !privkey_matches(key, cert))
		tell(c, CONF_ERROR, at, "%s is not the key of %s", r->key, r->cert);
	privkey_free(key);
}

/* the peer will do the same with it, with its own CAs: a chain of ours tells of dates and uses */
static void check_chain(struct check *c, const struct conf_remote *r, const struct cert *cert)
{
	struct cert_store *store = cert_store_load(&c->src, c->conf, r);
	const struct conf_where *at = &r->at[CONF_AT_CERT];
	struct cert_verdict verdict;
	char id[ID_TEXT];

	cert_verify(store, cert, NULL, 0, NULL, &verdict);
	cert_store_free(store);
	if (verdict.cause != CERT_OK)
		tell(c, verdict.cause == CERT_EXPIRED || verdict.cause == CERT_NOT_YET ? CONF_ERROR : CONF_WARNING,
		     at, "%s: %s", r->cert, verdict.sentence);
	if (r->my_id.id.type && !cert_has_id(cert, &r->my_id.id))
		tell(c, CONF_WARNING, &r->my_id.where, "my_identifier %s is not in the certificate %s",
		     id_text(&r->my_id.id, id, sizeof(id)), r->cert);
}

static void check_cert(struct check *c, const struct conf_remote *r)
{
	const struct conf_where *at = &r->at[CONF_AT_CERT];
	struct cert *cert = NULL;
	char why[256];

	if (readable(c, at, r->cert)) {
		cert = cert_load(&c->src, r->cert, why, sizeof(why));
		if (cert)
			check_chain(c, r, cert);
		else
			tell(c, CONF_ERROR, at, "%s", why);
	}
	check_key(c, r, cert);
	cert_free(cert);
}

static void check_plain_key(struct check *c, const struct conf_remote *r)
{
	const struct conf_where *at = &r->at[CONF_AT_PLAIN_RSA];
	struct privkey *key;
	char why[256] = "";

	if (!readable(c, at, r->plain_rsa))
		return;
	check_safe(c, at, r->plain_rsa, SAFE_SECRET);
	key = privkey_from_plain_rsa(blob_chunk(&source_open(&c->src, r->plain_rsa)->data), why,
				     sizeof(why));
	if (!key)
		tell(c, CONF_ERROR, at, "%s: %s", r->plain_rsa, why);
	privkey_free(key);
}

/* a CA or the peer's own: @load makes a certificate of it */
static void check_theirs(struct check *c, const struct conf_where *at, const char *name,
			 struct cert *(*load)(struct source *src, const char *name, char *why,
					      size_t why_size))
{
	struct cert *cert;
	char why[256];

	if (!name || !readable(c, at, name))
		return;
	cert = load(&c->src, name, why, sizeof(why));
	if (!cert)
		tell(c, CONF_ERROR, at, "%s", why);
	cert_free(cert);
}

/* ---- pre-shared keys ---- */

static void tell_psk_line(void *arg, unsigned int line, const char *what)
{
	const struct check *c = arg;

	fprintf(stderr, "%s:%u: warning: %s\n", c->conf->path_psk, line, what);
}

static bool wants_psk(const struct conf_remote *r)
{
	const struct conf_proposal *p;

	TAILQ_FOREACH(p, &r->proposals, link)
		if (p->auth == IKE_AUTH_PSK)
			return true;
	return false;
}

/* of whom the daemon will look for a line, as far as the file tells; false if it does not */
static bool psk_who(const struct conf_remote *r, struct id *name, struct psk_who *who)
{
	const struct conf_id *id = TAILQ_FIRST(&r->peers_ids);
	bool main_mode = r->versions[0] == 1 && !r->versions[1] && r->exchanges[0] == V1_MAIN;

	*who = (struct psk_who){ 0 };
	if (r->secret_key) {
		id_set(name, ID_KEY_ID, chunk_str(r->secret_key));
		who->id = name;
		return true;
	}
	if (r->addr.ss_family)
		who->addr = &r->addr;
	/* in main mode the identity comes too late */
	if (id && id->id.type && !id->pattern && !main_mode)
		who->id = &id->id;
	return who->addr && (who->id || main_mode);
}

static void check_psk_of(struct check *c, const struct conf_remote *r, struct chunk text)
{
	char host[ADDR_TEXT], id[ID_TEXT] = "";
	struct blob key = { 0 };
	struct id name = { 0 };
	struct psk_who who;
	unsigned int line;

	if (r->secret || !wants_psk(r) || !psk_who(r, &name, &who))
		return;
	if (who.id)
		id_text(who.id, id, sizeof(id));
	if (!psk_find(text, &who, &key, &line) && !line)
		tell(c, CONF_WARNING, &r->where, "%s has no line for %s%s%s", c->conf->path_psk,
		     who.addr ? addr_host(who.addr, host) : id, who.addr && *id ? " and none for " : "",
		     who.addr ? id : "");
	blob_wipe(&key);
	id_free(&name);
}

/* it may be written later: the daemon looks at each use */
static void psk_missing(struct check *c, int error)
{
	const struct conf_remote *r;
	char what[256];

	TAILQ_FOREACH(r, &c->conf->remotes, link)
		if (wants_psk(r) && !r->secret)
			break;
	snprintf(what, sizeof(what), "%s: %s", c->conf->path_psk, strerror(error));
	check_tell(c, r ? CONF_WARNING : CONF_NOTE, &c->conf->at_psk, what,
		   "a line \"PEER SECRET\" for each peer in it, root's and mode 0600");
}

static void check_psk(struct check *c)
{
	const char *name = c->conf->path_psk;
	const struct conf_remote *r;
	const struct source_file *f;
	char why[256];
	int fd;

	if (!name)
		return;
	f = source_open(&c->src, name);
	if (f->error == EACCES)
		tell(c, CONF_NOTE, &c->conf->at_psk, "%s is not looked at: only its owner may read it", name);
	else if (f->error)
		psk_missing(c, f->error);
	if (f->error)
		return;
	fd = safe_open(name, SAFE_SECRET, why, sizeof(why));
	if (fd == -EPERM)
		fprintf(stderr, "%s: warning: it will not be used: %s\n", name, why);
	if (fd >= 0)
		close(fd);
	psk_check(blob_chunk(&f->data), tell_psk_line, c);
	TAILQ_FOREACH(r, &c->conf->remotes, link)
		check_psk_of(c, r, blob_chunk(&f->data));
}

/* ---- all of them ---- */

static void check_scripts(struct check *c, const struct conf_remote *r)
{
	const char *const names[] = { r->script_up, r->script_down, r->script_dead };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i])
			check_safe(c, &r->at[CONF_AT_SCRIPT_UP + i], names[i], SAFE_SCRIPT);
}

/* with a secret in it, the configuration must be as safe as psk.txt */
static void check_texts(struct check *c)
{
	const struct conf_secret *s;
	char why[256];
	int fd;

	/* of a text with errors, no secret goes anywhere */
	TAILQ_FOREACH(s, &c->conf->secrets, link) {
		fd = safe_open(s->where.file, SAFE_SECRET, why, sizeof(why));
		if (fd >= 0)
			close(fd);
		else if (fd == -EPERM && !c->errors)
			tell(c, CONF_WARNING, &s->where, "testudod will not start with a secret in %s", why);
	}
}

static void check_remote(struct check *c, const struct conf_remote *r)
{
	if (r->cert)
		check_cert(c, r);
	if (r->plain_rsa)
		check_plain_key(c, r);
	check_theirs(c, &r->at[CONF_AT_CA], r->ca, cert_load);
	check_theirs(c, &r->at[CONF_AT_PEERS_CERT], r->peers_cert, cert_load);
	check_theirs(c, &r->at[CONF_AT_PEERS_RSA], r->peers_rsa, cert_from_plain_rsa);
	check_scripts(c, r);
}

void check_files(struct check *c)
{
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &c->conf->remotes, link)
		check_remote(c, r);
	check_texts(c);
	check_psk(c);
}
