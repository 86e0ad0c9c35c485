// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a configuration: its defaults, copies and end. The defaults are
 * racoon's, except those that daemon.md calls ours: NAT-T, fragmentation and DPD
 * are on, and times that nobody said are the engine's.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"
#include "wire/v1.h"

#define HOURS 3600

struct conf *conf_new(void)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	TAILQ_INIT(&conf->listens);
	TAILQ_INIT(&conf->remotes);
	TAILQ_INIT(&conf->sainfos);
	TAILQ_INIT(&conf->secrets);
	conf->path_cert = xstrdup("");
	conf->admin_mode = 0600;
	conf->log_level = LOG_LEVEL_INFO;
	conf->natt_keepalive = 20;
	conf->complex_bundle = true;
	return conf;
}

struct conf_remote *conf_remote_new(void)
{
	struct conf_remote *r = xcalloc(1, sizeof(*r));

	TAILQ_INIT(&r->peers_ids);
	TAILQ_INIT(&r->proposals);
	r->exchanges[0] = V1_MAIN;
	r->my_id.type = ID_IPV4;
	r->verify_cert = true;
	r->send_cert = true;
	r->send_cr = true;
	r->match_empty_cr = true;
	r->lifetime = 8 * HOURS;
	r->check = CONF_CHECK_STRICT;
	r->initial_contact = true;
	r->nonce_size = 32; /* half of the largest PRF's key, RFC 7296 2.10 */
	r->natt = CONF_ON;
	r->dpd_delay = 30;
	r->dpd_retry = 5;
	r->dpd_maxfail = 5;
	r->rekey = CONF_ON;
	r->ike_frag = CONF_ON;
	return r;
}

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void copy_id(struct conf_id *to, const struct conf_id *from)
{
	*to = *from;
	memset(&to->id, 0, sizeof(to->id));
	id_copy(&to->id, &from->id);
}

struct conf_remote *conf_remote_copy(const struct conf_remote *from)
{
	struct conf_remote *r = xcalloc(1, sizeof(*r));
	const struct conf_proposal *p;
	struct conf_proposal *new_p;
	const struct conf_id *id;
	struct conf_id *new_id;

	*r = *from;
	r->name = NULL;
	r->secret = copy_text(from->secret);
	r->secret_key = copy_text(from->secret_key);
	r->host = NULL;
	r->addr = (struct sockaddr_storage){ 0 };
	copy_id(&r->my_id, &from->my_id);
	r->cert = copy_text(from->cert);
	r->key = copy_text(from->key);
	r->ca = copy_text(from->ca);
	r->peers_cert = copy_text(from->peers_cert);
	r->plain_rsa = copy_text(from->plain_rsa);
	r->peers_rsa = copy_text(from->peers_rsa);
	r->script_up = copy_text(from->script_up);
	r->script_down = copy_text(from->script_down);
	r->script_dead = copy_text(from->script_dead);
	TAILQ_INIT(&r->peers_ids);
	TAILQ_FOREACH(id, &from->peers_ids, link) {
		new_id = xcalloc(1, sizeof(*new_id));
		copy_id(new_id, id);
		TAILQ_INSERT_TAIL(&r->peers_ids, new_id, link);
	}
	TAILQ_INIT(&r->proposals);
	TAILQ_FOREACH(p, &from->proposals, link) {
		new_p = xcalloc(1, sizeof(*new_p));
		*new_p = *p;
		TAILQ_INSERT_TAIL(&r->proposals, new_p, link);
	}
	return r;
}

void conf_remote_free(struct conf_remote *r)
{
	struct conf_proposal *p;
	struct conf_id *id;

	while ((p = TAILQ_FIRST(&r->proposals))) {
		TAILQ_REMOVE(&r->proposals, p, link);
		free(p);
	}
	while ((id = TAILQ_FIRST(&r->peers_ids))) {
		TAILQ_REMOVE(&r->peers_ids, id, link);
		id_free(&id->id);
		free(id);
	}
	id_free(&r->my_id.id);
	if (r->secret)
		explicit_bzero(r->secret, strlen(r->secret));
	free(r->secret);
	free(r->secret_key);
	free(r->name);
	free(r->host);
	free(r->cert);
	free(r->key);
	free(r->ca);
	free(r->peers_cert);
	free(r->plain_rsa);
	free(r->peers_rsa);
	free(r->script_up);
	free(r->script_down);
	free(r->script_dead);
	free(r);
}

struct conf_sainfo *conf_sainfo_new(void)
{
	struct conf_sainfo *s = xcalloc(1, sizeof(*s));

	s->lifetime = 8 * HOURS;
	s->esn = true;
	return s;
}

static void conf_sainfo_free(struct conf_sainfo *s)
{
	id_free(&s->local_id);
	id_free(&s->remote_id);
	id_free(&s->from);
	free(s);
}

void conf_free(struct conf *conf)
{
	struct conf_secret *secret;
	struct conf_listen *listen;
	struct conf_remote *r;
	struct conf_sainfo *s;

	if (!conf)
		return;
	while ((listen = TAILQ_FIRST(&conf->listens))) {
		TAILQ_REMOVE(&conf->listens, listen, link);
		free(listen);
	}
	while ((r = TAILQ_FIRST(&conf->remotes))) {
		TAILQ_REMOVE(&conf->remotes, r, link);
		conf_remote_free(r);
	}
	while ((s = TAILQ_FIRST(&conf->sainfos))) {
		TAILQ_REMOVE(&conf->sainfos, s, link);
		conf_sainfo_free(s);
	}
	while ((secret = TAILQ_FIRST(&conf->secrets))) {
		TAILQ_REMOVE(&conf->secrets, secret, link);
		free(secret);
	}
	free(conf->path_psk);
	free(conf->path_cert);
	free(conf->path_script);
	free(conf->path_pid);
	free(conf->adminsock);
	free(conf->user);
	free(conf->group);
	blob_free(&conf->names);
	free(conf);
}

/* where the name of a place stands in the configuration's own memory */
static void own_name(const struct conf_load *l, struct conf_where *at)
{
	const char *p = (const char *)l->conf->names.p;
	const struct conf_file *f;

	TAILQ_FOREACH(f, &l->files, link) {
		if (f->name == at->file) {
			at->file = p;
			return;
		}
		p += strlen(p) + 1;
	}
}

void conf_own_names(struct conf_load *l)
{
	struct conf *conf = l->conf;
	struct writer w = { 0 };
	const struct conf_file *f;
	struct conf_proposal *p;
	struct conf_listen *listen;
	struct conf_secret *secret;
	struct conf_remote *r;
	struct conf_sainfo *s;
	struct conf_id *id;
	size_t i;

	TAILQ_FOREACH(f, &l->files, link)
		put_bytes(&w, chunk(f->name, strlen(f->name) + 1));
	conf->names = writer_blob(&w);
	own_name(l, &conf->at_psk);
	TAILQ_FOREACH(listen, &conf->listens, link)
		own_name(l, &listen->where);
	TAILQ_FOREACH(s, &conf->sainfos, link)
		own_name(l, &s->where);
	TAILQ_FOREACH(secret, &conf->secrets, link)
		own_name(l, &secret->where);
	TAILQ_FOREACH(r, &conf->remotes, link) {
		own_name(l, &r->where);
		for (i = 0; i < CONF_PLACES; i++)
			own_name(l, &r->at[i]);
		own_name(l, &r->my_id.where);
		TAILQ_FOREACH(id, &r->peers_ids, link)
			own_name(l, &id->where);
		TAILQ_FOREACH(p, &r->proposals, link)
			own_name(l, &p->where);
	}
}
