// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2's proposals as sets of transforms: built, intersected, answered
 * (RFC 7296 2.7 and 3.3). It knows no configuration.
 */
#include <stdio.h>
#include <string.h>

#include "engine/prop_v2_match.h"

/**
 * v2_build() - begin a proposal
 * @sa: payload under construction
 * @proto: V2_PROTO_*
 * @spi: SPI, borrowed
 * @most: transforms that it may get
 *
 * Return: the proposal, NULL if there is no room: what stood first is there.
 */
struct wire_prop *v2_build(struct v2_sa *sa, uint8_t proto, struct chunk spi, unsigned int most)
{
	struct wire_prop *p;

	if (sa->nprop == V2_PROPOSALS || most > V2_TRANSFORMS - sa->ntrans)
		return NULL;
	p = &sa->prop[sa->nprop++];
	p->number = sa->nprop;
	p->proto = proto;
	p->spi = spi;
	p->first = sa->ntrans;
	p->n = 0;
	return p;
}

static void build_trans(struct v2_sa *sa, uint8_t type, uint16_t id, uint16_t keylen)
{
	struct wire_prop *p = &sa->prop[sa->nprop - 1];
	unsigned int i;

	for (i = p->first; i < sa->ntrans; i++)
		if (sa->trans[i].type == type && sa->trans[i].id == id &&
		    sa->trans[i].keylen == keylen)
			return;
	if (sa->ntrans == V2_TRANSFORMS)
		return;
	sa->trans[sa->ntrans++] = (struct v2_trans){ .type = type, .id = id, .keylen = keylen };
	p->n++;
}

/**
 * v2_build_alg() - add a transform to the proposal begun last
 * @sa: payload under construction
 * @alg: algorithm
 * @bits: key length, 0 where it is fixed
 */
void v2_build_alg(struct v2_sa *sa, const struct alg *alg, uint16_t bits)
{
	build_trans(sa, alg->kind, alg->v2, bits);
}

/**
 * v2_build_none() - add "none" of a type to the proposal begun last
 * @sa: payload under construction
 * @type: transform type
 */
void v2_build_none(struct v2_sa *sa, enum alg_kind type)
{
	build_trans(sa, type, 0, 0);
}

/* A length that goes without saying may be said, and is then echoed. */
static bool same(const struct v2_trans *ours, const struct v2_trans *theirs)
{
	const struct alg *alg;

	if (ours->type != theirs->type || ours->id != theirs->id || theirs->unknown)
		return false;
	if (ours->keylen == theirs->keylen)
		return true;
	alg = alg_by_v2(ours->type, ours->id);
	return alg && !ours->keylen && !alg->keylens[0] && theirs->keylen == alg->keylen;
}

static bool has_type(const struct v2_sa *sa, const struct wire_prop *p, unsigned int type)
{
	unsigned int i;

	for (i = p->first; i < p->first + p->n; i++)
		if (sa->trans[i].type == type)
			return true;
	return false;
}

/* the first of ours that they have too */
static const struct v2_trans *common(const struct v2_sa *a, const struct wire_prop *ours,
				     const struct v2_sa *b, const struct wire_prop *theirs,
				     unsigned int type)
{
	unsigned int i, k;

	for (i = ours->first; i < ours->first + ours->n; i++) {
		if (a->trans[i].type != type)
			continue;
		for (k = theirs->first; k < theirs->first + theirs->n; k++)
			if (same(&a->trans[i], &b->trans[k]))
				return &b->trans[k];
	}
	return NULL;
}

/* "none" is said by id 0 or by silence; what was said is echoed */
static const struct v2_trans *none_of(const struct v2_sa *sa, const struct wire_prop *p,
				      unsigned int type)
{
	const struct v2_trans none = { .type = type };
	unsigned int i;

	for (i = p->first; i < p->first + p->n; i++)
		if (same(&none, &sa->trans[i]))
			return &sa->trans[i];
	return NULL;
}

static bool pick_type(const struct v2_sa *a, const struct wire_prop *ours, const struct v2_sa *b,
		      const struct wire_prop *theirs, unsigned int type, struct v2_pick *pick)
{
	bool mine = has_type(a, ours, type), peers = has_type(b, theirs, type);
	const struct v2_trans *t = NULL;

	if (!mine && !peers)
		return true;
	if (mine && peers)
		t = common(a, ours, b, theirs, type);
	else if (peers)
		t = none_of(b, theirs, type);
	else
		return none_of(a, ours, type); /* silence is none: nothing to echo */
	if (!t)
		return false;
	pick->has[type] = true;
	pick->t[type] = *t;
	return true;
}

/* A type that is none of ours makes a proposal unacceptable (RFC 7296 3.3.6). */
static bool only_known_types(const struct v2_sa *sa, const struct wire_prop *p)
{
	unsigned int i;

	for (i = p->first; i < p->first + p->n; i++)
		if (!sa->trans[i].type || sa->trans[i].type >= V2_TYPES)
			return false;
	return true;
}

/**
 * v2_match_pair() - does one of our proposals fit one of theirs?
 * @a: what we would offer
 * @ours: a proposal in it
 * @b: the peer's SA payload
 * @theirs: a proposal in it
 * @skip: type that is not looked at, 0: none
 * @pick: filled in
 *
 * Return: false if it does not.
 */
bool v2_match_pair(const struct v2_sa *a, const struct wire_prop *ours, const struct v2_sa *b,
		   const struct wire_prop *theirs, enum alg_kind skip, struct v2_pick *pick)
{
	unsigned int type;

	memset(pick, 0, sizeof(*pick));
	pick->theirs = theirs;
	if (ours->proto != theirs->proto || !only_known_types(b, theirs))
		return false;
	for (type = ALG_ENCR; type < V2_TYPES; type++)
		if (type != skip && !pick_type(a, ours, b, theirs, type, pick))
			return false;
	return true;
}

/**
 * v2_match() - our first proposal that fits any of theirs
 * @ours: what we would offer
 * @theirs: the peer's SA payload
 * @skip: type that is not looked at, 0: none
 * @pick: filled in
 *
 * Return: false if none fits.
 */
bool v2_match(const struct v2_sa *ours, const struct v2_sa *theirs, enum alg_kind skip,
	      struct v2_pick *pick)
{
	unsigned int i, k;

	for (i = 0; i < ours->nprop; i++)
		for (k = 0; k < theirs->nprop; k++)
			if (v2_match_pair(ours, &ours->prop[i], theirs, &theirs->prop[k], skip, pick))
				return true;
	return false;
}

/**
 * v2_is_answer() - is it one proposal with one transform a type?
 * @answer: the peer's SA payload
 * @stage: where in the negotiation
 * @why: filled in if not
 *
 * Return: false if not.
 */
bool v2_is_answer(const struct v2_sa *answer, const char *stage, struct report *why)
{
	unsigned int i, count[256] = { 0 };
	bool ok = answer->nprop == 1;

	for (i = 0; ok && i < answer->ntrans; i++)
		ok = ++count[answer->trans[i].type] == 1;
	if (!ok)
		report_set(why, REPORT_SYNTAX, stage,
			   "the peer answers with %u proposals and %u transforms, which is no choice",
			   answer->nprop, answer->ntrans);
	return ok;
}

/**
 * v2_picked() - the algorithm of a type
 * @pick: choice
 * @type: transform type
 *
 * Return: row, NULL for "none".
 */
const struct alg *v2_picked(const struct v2_pick *pick, enum alg_kind type)
{
	return pick->has[type] ? alg_by_v2(type, pick->t[type].id) : NULL;
}

/**
 * v2_picked_encr() - the cipher with its key length
 * @pick: choice
 *
 * Return: cipher; none for AH.
 */
struct alg_key v2_picked_encr(const struct v2_pick *pick)
{
	struct alg_key k = { .alg = v2_picked(pick, ALG_ENCR) };

	if (k.alg)
		k.bits = prop_bits(k.alg, pick->t[ALG_ENCR].keylen);
	return k;
}

/**
 * prop_v2_put_answer() - what to send back
 * @pick: choice
 * @spi: our SPI, borrowed; may be empty
 * @answer: filled in
 */
void prop_v2_put_answer(const struct v2_pick *pick, struct chunk spi, struct v2_sa *answer)
{
	unsigned int type;

	memset(answer, 0, sizeof(*answer));
	answer->nprop = 1;
	answer->prop[0].number = pick->theirs->number;
	answer->prop[0].proto = pick->theirs->proto;
	answer->prop[0].spi = spi;
	for (type = ALG_ENCR; type < V2_TYPES; type++)
		if (pick->has[type])
			answer->trans[answer->ntrans++] = pick->t[type];
	answer->prop[0].n = answer->ntrans;
}

/* what racoon.conf calls a PRF or an integrity algorithm of the IKE SA */
static const char *hash_name(const struct alg *alg)
{
	const struct alg *hash;
	size_t i;

	for (i = 0; (hash = alg_row(i)); i++)
		if (hash->kind == ALG_HASH &&
		    (alg_hash_prf(hash) == alg || alg_hash_integ(hash) == alg))
			return hash->name;
	return "";
}

/**
 * v2_diff() - values of a type on one side
 * @sa: payload
 * @type: transform type
 * @refuse: ALG_* that make a value nothing to recommend; ALG_NOIKE: this is an
 *	IKE SA, whose hashes racoon.conf calls by other names
 * @side: filled in
 */
void v2_diff(const struct v2_sa *sa, enum alg_kind type, unsigned int refuse,
	     struct diff_side *side)
{
	unsigned int i;

	for (i = 0; i < sa->ntrans; i++) {
		const struct v2_trans *t = &sa->trans[i];
		const struct alg *alg = alg_by_v2(type, t->id);
		bool hash = refuse & ALG_NOIKE && (type == ALG_PRF || type == ALG_INTEG);

		if (t->type != type)
			continue;
		if (!t->id && type != ALG_ESN)
			diff_value(side, "none", "");
		else if (t->unknown)
			diff_value(side, "one with attributes unknown to us", "");
		else if (hash && alg)
			diff_value(side, alg->name,
				   diff_is_safe(alg) && !(alg->flags & refuse) ? hash_name(alg) : "");
		else
			diff_alg(side, alg, t->keylen, t->id, refuse);
	}
}
