/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configurations for the tests of proposals, from a line of text each, and
 * payloads sent through the bytes of the wire.
 */
#ifndef TESTUDOD_TEST_PROP_HELP_H
#define TESTUDOD_TEST_PROP_HELP_H

#include <stdlib.h>
#include <string.h>

#include "engine/prop.h"

static inline void remote_init(struct conf_remote *r)
{
	memset(r, 0, sizeof(*r));
	TAILQ_INIT(&r->proposals);
	TAILQ_INIT(&r->peers_ids);
	r->versions[0] = 1;
	r->exchanges[0] = V1_MAIN;
	r->lifetime = 28800;
	r->check = CONF_CHECK_STRICT;
}

static inline void remote_put(struct conf_remote *r, const struct alg *encr, uint16_t bits,
			      const struct alg *hash, enum ike_auth auth, const struct alg *dh,
			      uint32_t life)
{
	struct conf_proposal *p = xcalloc(1, sizeof(*p));

	p->encr = (struct alg_key){ encr, bits };
	p->hash = hash;
	p->auth = auth;
	p->dh = dh;
	p->life = life;
	TAILQ_INSERT_TAIL(&r->proposals, p, link);
}

static inline void remote_free(struct conf_remote *r)
{
	struct conf_proposal *p;

	while ((p = TAILQ_FIRST(&r->proposals))) {
		TAILQ_REMOVE(&r->proposals, p, link);
		free(p);
	}
}

/* "aes 256": nothing in front of the slash is nothing said */
static inline struct alg_key key_parse(char *word)
{
	char *bits = strchr(word, ' ');
	struct alg_key k = { 0 };

	if (bits)
		*bits++ = '\0';
	if (!*word)
		return k;
	k.alg = alg_by_name(ALG_ENCR, word);
	if (!k.alg)
		abort();
	k.bits = bits ? atoi(bits) : 0;
	return k;
}

static inline const struct alg *name_parse(enum alg_kind kind, const char *word)
{
	const struct alg *alg = *word ? alg_by_name(kind, word) : NULL;

	if (*word && !alg)
		abort();
	return alg;
}

/* "cipher/hash/group/auth;..." */
static inline void remote_parse(struct conf_remote *r, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *one;

	remote_init(r);
	while (*text && (one = strsep(&rest, ";"))) {
		struct alg_key encr = key_parse(strsep(&one, "/"));
		const struct alg *hash = name_parse(ALG_HASH, strsep(&one, "/"));
		const struct alg *dh = name_parse(ALG_DH, strsep(&one, "/"));

		remote_put(r, encr.alg, encr.bits, hash,
			   strcmp(one, "rsa") ? IKE_AUTH_PSK : IKE_AUTH_RSASIG, dh, 0);
	}
	free(copy);
}

/* "cipher,cipher/integ,integ/group" */
static inline void sainfo_parse(struct conf_sainfo *s, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	char *encr = strsep(&rest, "/"), *integ = strsep(&rest, "/");

	memset(s, 0, sizeof(*s));
	s->lifetime = 3600;
	while (*encr && (word = strsep(&encr, ","))) {
		s->encr[s->nencr++] = key_parse(word);
		if (!encr)
			break;
	}
	while (*integ && (word = strsep(&integ, ","))) {
		s->integ[s->ninteg++] = name_parse(ALG_INTEG, word);
		if (!integ)
			break;
	}
	s->pfs = name_parse(ALG_DH, rest);
	free(copy);
}

/* as the other end reads it; SPIs point into memory that the next call reuses */
static inline void v1_wire(const struct v1_sa *sa, struct v1_sa *out)
{
	static struct writer w;
	struct wire_fault fault = { 0 };

	writer_free(&w);
	v1_put_sa(&w, sa);
	if (!v1_get_sa(writer_chunk(&w), out, &fault))
		fail_msg("wire: %s", fault.why);
}

static inline void v2_wire(const struct v2_sa *sa, struct v2_sa *out)
{
	static struct wire_out o;
	struct wire_fault fault = { 0 };
	struct wire_msg msg;

	writer_free(&o.w);
	wire_begin_chain(&o);
	v2_put_sa(&o, sa);
	if (!wire_read_chain(writer_chunk(&o.w), P2_SA, &msg, &fault) ||
	    !v2_get_sa(msg.pl[0].body, out, &fault))
		fail_msg("wire: %s", fault.why);
}

#endif /* TESTUDOD_TEST_PROP_HELP_H */
