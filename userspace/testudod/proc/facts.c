// SPDX-License-Identifier: GPL-2.0
/*
 * Names that the monitor has looked up, on their way to processes that can not:
 * one more file among those of the configuration, by a name that no file has.
 */
#include <stdlib.h>
#include <string.h>

#include "proc/facts.h"

#define FACTS_NAME   "//testudod/facts"
#define SECRETS_NAME "//testudod/secrets"

void facts_add(struct source *src, const struct conf *conf)
{
	const struct conf_remote *r;
	struct writer w = { 0 };

	put_be32(&w, (uint32_t)conf->admin_uid);
	put_be32(&w, (uint32_t)conf->admin_gid);
	TAILQ_FOREACH(r, &conf->remotes, link) {
		struct chunk addr = addr_bytes(&r->addr);

		if (!r->host)
			continue;
		put_be16(&w, (uint16_t)strlen(r->name));
		put_bytes(&w, chunk_str(r->name));
		put_be16(&w, addr_port(&r->addr));
		put_u8(&w, (uint8_t)addr.n);
		put_bytes(&w, addr);
	}
	source_add(src, FACTS_NAME, writer_chunk(&w), 0);
	writer_free(&w);
}

void facts_add_secrets(struct source *src, const struct conf *conf)
{
	struct writer w = { .secret = true };
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		if (!r->secret)
			continue;
		put_bytes(&w, chunk(r->name, strlen(r->name) + 1));
		put_bytes(&w, chunk(r->secret, strlen(r->secret) + 1));
	}
	source_add(src, SECRETS_NAME, writer_chunk(&w), 0);
	writer_free(&w);
}

/* a string and its zero byte, which there is: a source's data has one more behind it */
static const char *get_text(struct reader *r)
{
	const char *text = (const char *)r->p;

	get_bytes(r, strnlen(text, r->n) + 1);
	return r->failed ? "" : text;
}

static bool apply_secrets(struct source *src, struct conf *conf)
{
	const struct source_file *f;
	struct conf_remote *r;
	struct reader rd;

	if (!source_has(src, SECRETS_NAME))
		return true;
	f = source_open(src, SECRETS_NAME);
	rd = reader(blob_chunk(&f->data));
	while (rd.n && !rd.failed) {
		const char *name = get_text(&rd);
		const char *secret = get_text(&rd);

		TAILQ_FOREACH(r, &conf->remotes, link) {
			if (!r->secret || strcmp(r->name, name))
				continue;
			free(r->secret);
			r->secret = xstrdup(secret);
		}
	}
	return !rd.failed;
}

static void set_addr(struct conf *conf, struct chunk name, struct chunk addr, uint16_t port)
{
	struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		if (!r->host || !chunk_equal(chunk_str(r->name), name))
			continue;
		r->addr = (struct sockaddr_storage){ 0 };
		if (addr.n && addr_from_bytes(&r->addr, addr))
			addr_set_port(&r->addr, port);
	}
}

bool facts_apply(struct source *src, struct conf *conf)
{
	const struct source_file *f = source_open(src, FACTS_NAME);
	struct reader r = reader(blob_chunk(&f->data));

	if (f->error)
		return false;
	conf->admin_uid = (uid_t)get_be32(&r);
	conf->admin_gid = (gid_t)get_be32(&r);
	while (r.n && !r.failed) {
		struct chunk name = get_bytes(&r, get_be16(&r));
		uint16_t port = get_be16(&r);
		struct chunk addr = get_bytes(&r, get_u8(&r));

		if (!r.failed)
			set_addr(conf, name, addr, port);
	}
	return !r.failed && apply_secrets(src, conf);
}
