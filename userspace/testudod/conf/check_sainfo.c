// SPDX-License-Identifier: GPL-2.0
/*
 * sainfo blocks: for which selectors and peers they are, and what phase 2 or a
 * child SA may be.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/find.h"

/**
 * struct sainfo_load - a sainfo block on the way of being read
 * @s: result
 * @broken: an algorithm was told as wrong, so those that are missing are no surprise
 * @encr: "encryption_algorithm" was there
 * @integ: "authentication_algorithm"
 */
struct sainfo_load {
	struct conf_sainfo *s;
	bool broken;
	bool encr;
	bool integ;
};

static bool sainfo_pfs(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;
	const struct word *w = c->w;

	if (word_is(w, "none") || word_is(w, "off")) {
		say_error(c->l, &w->at, "without PFS there is no such line: take it away", "'%s' is no group",
			  w->text);
		return false;
	}

	sl->s->pfs = cur_alg(c, ALG_DH, sl->s->insecure, true);
	return sl->s->pfs;
}

static bool sainfo_lifetime(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;

	return cur_lifetime(c, &sl->s->lifetime, &sl->s->lifebytes);
}

static void add_encr(struct conf_sainfo *s, const struct alg_key *key)
{
	unsigned int i;

	for (i = 0; i < s->nencr; i++)
		if (s->encr[i].alg == key->alg && s->encr[i].bits == key->bits)
			return;
	if (s->nencr < CONF_ALGS)
		s->encr[s->nencr++] = *key;
}

static void add_integ(struct conf_sainfo *s, const struct alg *alg)
{
	unsigned int i;

	for (i = 0; i < s->ninteg; i++)
		if (s->integ[i] == alg)
			return;
	if (s->ninteg < CONF_ALGS)
		s->integ[s->ninteg++] = alg;
}

/* behind an algorithm: another one, or the end */
static bool list_more(struct cursor *c, bool *more)
{
	*more = cur_skip(c, ",");
	if (*more || !c->w)
		return true;
	say_error(c->l, &c->w->at, NULL, "expected ',' or ';' after '%s', not '%s'",
		  c->last->text, c->w->text);
	return false;
}

/* step over what is left of a member that was wrong, to the next one */
static bool list_skip(struct cursor *c)
{
	while (c->w && !(c->w->kind == WORD_MARK && *c->w->text == ','))
		cur_word(c, "");
	return cur_skip(c, ",");
}

static bool sainfo_encr(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;
	struct alg_key key;
	bool more = true;

	sl->encr = true;
	while (more) {
		if (cur_encr(c, sl->s->insecure, true, &key)) {
			add_encr(sl->s, &key);
			if (list_more(c, &more))
				continue;
		}
		sl->broken = true;
		more = list_skip(c);
	}
	return true;
}

static bool sainfo_integ(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;
	const struct alg *alg;
	bool more = true;

	sl->integ = true;
	while (more) {
		/* whether it may stand there depends on the ciphers: see check_algs() */
		if (word_is(c->w, "non_auth")) {
			cur_word(c, "");
			alg = alg_by_name(ALG_INTEG, "non_auth");
		} else {
			alg = cur_alg(c, ALG_INTEG, sl->s->insecure, true);
		}
		if (alg) {
			add_integ(sl->s, alg);
			if (list_more(c, &more))
				continue;
		}
		sl->broken = true;
		more = list_skip(c);
	}
	return true;
}

static bool sainfo_comp(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;
	bool more = true;

	while (more) {
		if (!cur_alg(c, ALG_COMP, sl->s->insecure, true))
			return false;
		sl->s->deflate = true;
		if (!list_more(c, &more))
			return false;
	}
	return true;
}

static bool sainfo_remoteid(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;

	return cur_uint(c, "a number", 1, UINT32_MAX, &sl->s->remoteid);
}

static bool sainfo_own(struct cursor *c, void *target)
{
	bool ok = cur_end(c);

	check_block(c->l, &in_sainfo_own, c->s->block, target);
	return ok;
}

static const struct rule sainfo_rules[] = {
	{ "testudo", RULE_BLOCK, .fn = sainfo_own },
	{ "pfs_group", RULE_USE, .fn = sainfo_pfs },
	{ "lifetime", RULE_USE, .fn = sainfo_lifetime, .many = true },
	{ "encryption_algorithm", RULE_USE, .fn = sainfo_encr, .many = true },
	{ "authentication_algorithm", RULE_USE, .fn = sainfo_integ, .many = true },
	{ "compression_algorithm", RULE_USE, .fn = sainfo_comp, .many = true },
	{ "remoteid", RULE_USE, .fn = sainfo_remoteid },
	{ "my_identifier", RULE_IGNORE, .why = "phase 2 has the selectors of the policy" },
	{ .name = NULL },
};

const struct context in_sainfo = { "sainfo", sainfo_rules };

/* ---- what racoon does not have ---- */

static bool own_esn(struct cursor *c, void *target)
{
	struct sainfo_load *sl = target;

	sl->s->esn_said = true;
	return cur_switch(c, &sl->s->esn);
}

static const struct rule own_rules[] = {
	{ "esn", RULE_USE, .fn = own_esn },
	{ "insecure", RULE_USE, .fn = check_consent },
	{ .name = NULL },
};

const struct context in_sainfo_own = { "the testudo block of a sainfo", own_rules };

/* ---- the head ---- */

/* racoon's manual has them in its syntax, so many files do; its scanner skipped them */
static void head_parens(struct cursor *c)
{
	const struct word *w = c->w;

	if (cur_skip(c, "("))
		say_note(c->l, &w->at, NULL, "parentheses mean nothing here");
	while (cur_skip(c, "(") || cur_skip(c, ")"))
		;
}

static bool head_from(struct cursor *c, struct conf_sainfo *s)
{
	struct conf_id id = { 0 };
	bool ok;

	head_parens(c);
	if (word_is(c->w, "group")) {
		say_error(c->l, &c->w->at, NULL,
			  "'group' is not supported: XAUTH is not there yet; instead: from TYPE \"VALUE\"");
		return false;
	}
	if (!cur_skip(c, "from"))
		return cur_end(c);
	if (c->w)
		id.where = c->w->at;
	ok = cur_id(c, &id);
	if (ok && !id.id.type) {
		say_error(c->l, &c->last->end, NULL, "expected a value after 'from %s'",
			  c->last->text);
		ok = false;
	}
	id_copy(&s->from, &id.id);
	id_free(&id.id);
	head_parens(c);
	return ok && cur_end(c);
}

static bool head_has_second(const struct cursor *c)
{
	return c->w && !word_is(c->w, "from") && !word_is(c->w, "group");
}

static bool sainfo_head(struct cursor *c, struct conf_sainfo *s)
{
	head_parens(c);
	if (word_is(c->w, "clientaddr")) {
		say_error(c->l, &c->w->at, "write it as the second one",
			  "'clientaddr' is the other side's selector, not ours");
		return false;
	}
	if (cur_skip(c, "anonymous"))
		s->any_local = true;
	else if (!cur_selector(c, &s->local, &s->local_id))
		return false;
	head_parens(c);
	if (!head_has_second(c)) {
		s->any_remote = true;
		if (s->any_local)
			return head_from(c, s);
		say_error(c->l, &c->last->end, "write 'anonymous' for every other side",
			  "expected the selector of the other side after '%s'", c->last->text);
		return false;
	}
	if (cur_skip(c, "anonymous"))
		s->any_remote = true;
	else if (cur_skip(c, "clientaddr"))
		s->remote_client = true;
	else if (!cur_selector(c, &s->remote, &s->remote_id))
		return false;
	else if (s->local.family && s->remote.family && s->local.family != s->remote.family)
		say_warn(c->l, &c->s->words.first->at, NULL,
			 "one side is IPv4, the other IPv6: this sainfo is never used");
	return head_from(c, s);
}

/* ---- the whole ---- */

/* without authentication packets can be forged; a cipher that has its own needs none */
static void check_algs(struct cursor *c, struct sainfo_load *sl)
{
	const struct alg *none = alg_by_name(ALG_INTEG, "non_auth");
	const struct conf_where *at = &c->s->words.first->at;
	struct conf_sainfo *s = sl->s;
	bool all_aead = s->nencr > 0;
	bool has_none = false;
	unsigned int i;

	for (i = 0; i < s->nencr; i++)
		all_aead &= !!(s->encr[i].alg->flags & ALG_AEAD);
	for (i = 0; i < s->ninteg; i++)
		has_none |= s->integ[i] == none;
	/* what was told as wrong is judged no further */
	if (sl->broken) {
		s->nencr = 0;
		s->ninteg = 0;
		return;
	}
	if (sl->integ && !sl->encr)
		say_error(c->l, at, "add 'encryption_algorithm aes 256;'",
			  "the sainfo has no encryption_algorithm");
	else if (sl->encr && !sl->integ && !all_aead)
		say_error(c->l, at, "add 'authentication_algorithm hmac_sha256;'",
			  "the sainfo has no authentication_algorithm");
	if (!has_none || all_aead)
		return;
	if (s->insecure)
		say_warn(c->l, at, NULL, "'non_auth' is insecure: %s", none->why);
	else
		say_error(c->l, at,
			  "write 'authentication_algorithm hmac_sha256;'" OR_ACCEPT,
			  "'non_auth' is insecure and refused: %s", none->why);
}

static bool same_head(const struct conf_sainfo *a, const struct conf_sainfo *b)
{
	return a->any_local == b->any_local && a->any_remote == b->any_remote &&
	       a->remote_client == b->remote_client &&
	       a->remoteid == b->remoteid && ts_equal(&a->local, &b->local) &&
	       ts_equal(&a->remote, &b->remote) && a->from.type == b->from.type &&
	       chunk_equal(blob_chunk(&a->from.data), blob_chunk(&b->from.data)) &&
	       !a->local_id.type && !a->remote_id.type && !b->local_id.type && !b->remote_id.type;
}

/* behind those that are as specific, as racoon keeps them */
static void sainfo_insert(struct conf *conf, struct conf_sainfo *s)
{
	struct conf_sainfo *p;

	TAILQ_FOREACH(p, &conf->sainfos, link)
		if (sainfo_rank(s) > sainfo_rank(p))
			break;
	if (p)
		TAILQ_INSERT_BEFORE(p, s, link);
	else
		TAILQ_INSERT_TAIL(&conf->sainfos, s, link);
}

/**
 * check_sainfo() - read a sainfo block
 * @c: cursor behind "sainfo"
 * @target: configuration
 *
 * Return: false if its head was told as wrong; the block was read all the same.
 */
bool check_sainfo(struct cursor *c, void *target)
{
	struct conf *conf = target;
	struct sainfo_load sl = { .s = conf_sainfo_new() };
	const struct conf_sainfo *twin;
	bool ok;

	sl.s->where = c->s->words.first->at;
	sl.s->insecure = check_insecure(c->l, c->s->block);
	ok = sainfo_head(c, sl.s);
	check_block(c->l, &in_sainfo, c->s->block, &sl);
	check_algs(c, &sl);
	TAILQ_FOREACH(twin, &conf->sainfos, link)
		if (ok && same_head(twin, sl.s))
			break;
	/* racoon takes any number of anonymous ones */
	if (twin)
		say(c->l, sl.s->any_local ? CONF_WARNING : CONF_ERROR, &sl.s->where, "take one of them away",
		    "there is a sainfo for the same at %s:%d already%s", twin->where.file,
		    twin->where.line, sl.s->any_local ? ", and this one is never used" : "");
	sainfo_insert(conf, sl.s);
	return ok;
}
