// SPDX-License-Identifier: GPL-2.0
/*
 * Proposals of a remote: their statements, and whether each can be used by an IKE
 * version that the remote speaks.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

/**
 * struct proposal_load - a proposal on the way of being read
 * @rl: its remote
 * @d: result
 */
struct proposal_load {
	struct remote_load *rl;
	struct draft *d;
};

bool remote_uses(const struct conf_remote *r, enum ike_auth auth)
{
	const struct conf_proposal *p;

	TAILQ_FOREACH(p, &r->proposals, link)
		if (p->auth == auth)
			return true;
	return false;
}

/* racoon has lists in a sainfo only */
static bool prop_one(struct cursor *c)
{
	if (!c->w || c->w->kind != WORD_MARK || *c->w->text != ',')
		return true;
	say_error(c->l, &c->w->at, "one for each proposal: write another 'proposal { ... }' behind it",
		  "expected ';' after '%s', not ','", c->last->text);
	return false;
}

static bool prop_encr(struct cursor *c, void *target)
{
	struct proposal_load *pl = target;
	struct conf_proposal *p = pl->d->p;

	pl->d->encr = c->w;
	if (!cur_encr(c, pl->rl->r->insecure, false, &p->encr))
		return false;
	if (!p->encr.bits && p->encr.alg->keylens[0])
		p->encr.bits = p->encr.alg->keylen;
	return prop_one(c);
}

static bool prop_hash(struct cursor *c, void *target)
{
	struct proposal_load *pl = target;

	pl->d->hash = c->w;
	pl->d->p->hash = cur_alg(c, ALG_HASH, pl->rl->r->insecure, false);
	return pl->d->p->hash && prop_one(c);
}

static bool prop_dh(struct cursor *c, void *target)
{
	struct proposal_load *pl = target;

	pl->d->dh = c->w;
	pl->d->p->dh = cur_alg(c, ALG_DH, pl->rl->r->insecure, false);
	return pl->d->p->dh && prop_one(c);
}

static bool prop_auth(struct cursor *c, void *target)
{
	struct proposal_load *pl = target;

	pl->d->auth = c->w;
	return cur_auth(c, &pl->d->p->auth) && prop_one(c);
}

bool remote_lifetime(struct cursor *c, uint32_t *seconds)
{
	const struct conf_where at = c->last->at;
	uint64_t kb = 0;

	if (!cur_lifetime(c, seconds, &kb))
		return false;
	if (kb)
		say_note(c->l, &at, NULL,
			 "'lifetime byte' is ignored here: an IKE SA carries no traffic");
	return true;
}

static bool prop_lifetime(struct cursor *c, void *target)
{
	struct proposal_load *pl = target;

	return remote_lifetime(c, &pl->d->p->life);
}

static const struct rule proposal_rules[] = {
	{ "encryption_algorithm", RULE_USE, .fn = prop_encr },
	{ "hash_algorithm", RULE_USE, .fn = prop_hash },
	{ "authentication_method", RULE_USE, .fn = prop_auth },
	{ "dh_group", RULE_USE, .fn = prop_dh },
	{ "lifetime", RULE_USE, .fn = prop_lifetime, .many = true },
	{ "gss_id", RULE_REFUSE, .why = "Kerberos authentication is of Windows 2000",
	  .instead = "rsasig" },
	{ "gssapi_id", RULE_REFUSE, .why = "Kerberos authentication is of Windows 2000",
	  .instead = "rsasig" },
	{ "strength", RULE_REFUSE, .why = "this is KAME's dialect of before 2001",
	  .instead = "algorithms by their names" },
	{ .name = NULL },
};

const struct context in_proposal = { "proposal", proposal_rules };

bool remote_proposal(struct cursor *c, void *target)
{
	struct remote_load *rl = target;
	struct proposal_load pl = { .rl = rl };
	struct conf_proposal *p;
	bool ok = cur_end(c);

	/* its own ones replace those that it inherits, as in racoon */
	while (!rl->own_proposals && (p = TAILQ_FIRST(&rl->r->proposals))) {
		TAILQ_REMOVE(&rl->r->proposals, p, link);
		free(p);
	}
	rl->own_proposals = true;
	pl.d = arena_alloc(&c->l->arena, sizeof(*pl.d));
	pl.d->p = xcalloc(1, sizeof(*pl.d->p));
	pl.d->p->where = c->s->words.first->at;
	pl.d->next = rl->drafts;
	rl->drafts = pl.d;
	TAILQ_INSERT_TAIL(&rl->r->proposals, pl.d->p, link);
	check_block(c->l, &in_proposal, c->s->block, &pl);
	return ok;
}

/* ---- which version can use it? ---- */

/*
 * The first attribute that a version does not have: NULL if it has all of them.
 * @word: its place, where the proposal is of this block.
 */
static const char *prop_foreign(const struct conf_proposal *p, const struct draft *d, int version,
				const struct word **word)
{
	const struct {
		const char *name;
		bool ok;
		const struct word *word;
	} parts[] = {
		{ p->encr.alg ? p->encr.alg->name : NULL,
		  !p->encr.alg || (version == 1 ? p->encr.alg->v1_phase1 : p->encr.alg->v2),
		  d ? d->encr : NULL },
		{ p->hash ? p->hash->name : NULL,
		  !p->hash || (version == 1 ? p->hash->v1_phase1 > 0 : !!alg_hash_prf(p->hash)),
		  d ? d->hash : NULL },
		{ p->dh ? p->dh->name : NULL,
		  !p->dh || (version == 1 ? p->dh->v1_phase1 : p->dh->v2), d ? d->dh : NULL },
		{ auth_name(p->auth),
		  version == 2 || p->auth == IKE_AUTH_NONE || p->auth == IKE_AUTH_PSK ||
			  p->auth == IKE_AUTH_RSASIG,
		  d ? d->auth : NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].ok)
			continue;
		*word = parts[i].word;
		return parts[i].name;
	}
	return NULL;
}

/* IKEv1 wants all four said */
static const char *prop_missing(const struct conf_proposal *p)
{
	if (!p->encr.alg)
		return "encryption_algorithm aes 256;";
	if (!p->hash)
		return "hash_algorithm sha256;";
	if (!p->dh)
		return "dh_group 14;";
	return p->auth ? NULL : "authentication_method pre_shared_key;";
}

static bool prop_usable(const struct conf_proposal *p, int version)
{
	const struct word *w;

	return p->auth && !prop_foreign(p, NULL, version, &w) &&
	       (version == 2 || !prop_missing(p));
}

static const struct draft *draft_of(const struct remote_load *rl, const struct conf_proposal *p)
{
	const struct draft *d = rl->drafts;

	while (d && d->p != p)
		d = d->next;
	return d;
}

/* a statement that is there but wrong was told already */
static bool draft_broken(const struct draft *d)
{
	return d && ((d->encr && !d->p->encr.alg) || (d->hash && !d->p->hash) ||
		     (d->dh && !d->p->dh) || (d->auth && !d->p->auth));
}

static void check_proposal(struct remote_load *rl, const struct conf_proposal *p)
{
	const struct draft *d = draft_of(rl, p);
	const uint8_t *v = rl->r->versions;
	const char *missing = v[0] == 1 && !v[1] ? prop_missing(p) : NULL;
	const struct word *w = NULL;
	const char *foreign;

	if (draft_broken(d) || prop_usable(p, v[0]) || (v[1] && prop_usable(p, v[1])))
		return;
	foreign = prop_foreign(p, d, v[0], &w);
	if (foreign) {
		say_error(rl->l, w ? &w->at : &p->where,
			  v[0] == 1 ? "add 'testudo { ike_version 2; }' to the remote" : NULL,
			  "IKEv%d does not have '%s'", v[0], foreign);
		return;
	}
	if (!missing)
		missing = p->auth ? prop_missing(p) : "authentication_method pre_shared_key;";
	say_error(rl->l, &p->where, arena_printf(&rl->l->arena, "add '%s'", missing),
		  "the proposal has no %.*s", (int)strcspn(missing, " "), missing);
}

/* IKEv2 has a default for all but the way of authentication, and that shows elsewhere */
static void check_none(struct remote_load *rl)
{
	struct conf_remote *r = rl->r;
	struct conf_proposal *p;

	if (r->versions[0] == 1 || r->versions[1] == 1) {
		say_error(rl->l, &r->where,
			  "add 'proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }'",
			  "remote '%s' has no proposal, which IKEv1 needs", r->name);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->where = r->where;
	p->auth = r->cert || r->plain_rsa ? IKE_AUTH_SIG : IKE_AUTH_PSK;
	TAILQ_INSERT_TAIL(&r->proposals, p, link);
}

/**
 * check_proposals() - can the remote's versions use its proposals?
 * @rl: remote, all of it read
 */
void check_proposals(struct remote_load *rl)
{
	const uint8_t *v;
	struct conf_proposal *p;
	bool broken = false;

	TAILQ_FOREACH(p, &rl->r->proposals, link)
		if (!p->dh && !(draft_of(rl, p) && draft_of(rl, p)->dh))
			p->dh = rl->dh;
	if (TAILQ_EMPTY(&rl->r->proposals)) {
		check_none(rl);
		return;
	}
	TAILQ_FOREACH(p, &rl->r->proposals, link) {
		check_proposal(rl, p);
		broken |= draft_broken(draft_of(rl, p));
	}
	for (v = rl->r->versions; *v && rl->r->versions[1] && !broken; v++) {
		TAILQ_FOREACH(p, &rl->r->proposals, link)
			if (prop_usable(p, *v))
				break;
		if (!p)
			say_error(rl->l, &rl->r->where, NULL,
				  "remote '%s' has no proposal that IKEv%d can use", rl->r->name,
				  *v);
	}
}
