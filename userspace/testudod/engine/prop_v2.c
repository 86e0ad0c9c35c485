// SPDX-License-Identifier: GPL-2.0
/*
 * The IKE SA's proposals in IKEv2: each proposal of the file becomes one, with
 * the default set for what it leaves open.
 */
#include <stdio.h>
#include <string.h>

#include "engine/prop_v2_match.h"

#define MOST 24 /* transforms of one proposal of ours */

/* Without a word in the file: RFC 8247 2, the strong and fast ones first. */
static const char *const default_hash[] = { "sha256", "sha384", "sha512" };
static const char *const default_dh[] = { "x25519", "ecp256", "ecp384",
					  "modp2048", "modp3072", "modp4096" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *stage_of(const struct v2_sa *sa)
{
	return sa->nprop && sa->prop[0].spi.n ? "CREATE_CHILD_SA" : "IKE_SA_INIT";
}

static bool usable(const struct conf_proposal *p)
{
	if (p->encr.alg && (!p->encr.alg->v2 || !p->encr.alg->ossl || p->encr.alg->flags & ALG_NOIKE))
		return false;
	if (p->hash && (!alg_hash_prf(p->hash) || !alg_hash_integ(p->hash)))
		return false;
	return !p->dh || !(p->dh->flags & ALG_GONE);
}

static void put_hash(struct v2_sa *sa, const struct alg *hash, bool aead)
{
	if (!aead)
		v2_build_alg(sa, alg_hash_integ(hash), 0);
	v2_build_alg(sa, alg_hash_prf(hash), 0);
}

/* AEADs and ciphers that need an integrity algorithm can not share a proposal (RFC 7296 3.3) */
static void put_proposal(struct v2_sa *sa, const struct conf_proposal *p, struct chunk spi,
			 bool aead)
{
	struct alg_key k;
	size_t i;

	if (p->encr.alg && prop_is_aead(p->encr.alg) != aead)
		return;
	if (!v2_build(sa, V2_PROTO_IKE, spi, MOST))
		return;
	if (p->encr.alg)
		v2_build_alg(sa, p->encr.alg, prop_bits(p->encr.alg, p->encr.bits));
	for (i = 0; !p->encr.alg && prop_default_encr(i, &k); i++)
		if (prop_is_aead(k.alg) == aead)
			v2_build_alg(sa, k.alg, k.bits);
	if (p->hash)
		put_hash(sa, p->hash, aead);
	for (i = 0; !p->hash && i < COUNT(default_hash); i++)
		put_hash(sa, alg_by_name(ALG_HASH, default_hash[i]), aead);
	if (p->dh)
		v2_build_alg(sa, p->dh, 0);
	for (i = 0; !p->dh && i < COUNT(default_dh); i++)
		v2_build_alg(sa, alg_by_name(ALG_DH, default_dh[i]), 0);
}

/**
 * prop_v2_ike_offer() - what to send in IKE_SA_INIT, or to rekey the IKE SA
 * @remote: block
 * @spi: empty, or our new SPI's 8 bytes, borrowed
 * @sa: filled in
 */
void prop_v2_ike_offer(const struct conf_remote *remote, struct chunk spi, struct v2_sa *sa)
{
	static const struct conf_proposal open;
	const struct conf_proposal *p;

	memset(sa, 0, sizeof(*sa));
	TAILQ_FOREACH(p, &remote->proposals, link) {
		if (!usable(p))
			continue;
		put_proposal(sa, p, spi, true);
		put_proposal(sa, p, spi, false);
	}
	if (!TAILQ_EMPTY(&remote->proposals))
		return;
	put_proposal(sa, &open, spi, true);
	put_proposal(sa, &open, spi, false);
}

/* the first of their proposals that could be recommended as a whole */
static void whole(const struct v2_sa *sa, const struct wire_prop *p, struct diff *d)
{
	const struct alg *hash = NULL, *dh = NULL, *row;
	struct alg_key encr = { 0 };
	unsigned int i;
	size_t k;

	for (i = p->first; i < p->first + p->n; i++) {
		const struct v2_trans *t = &sa->trans[i];
		const struct alg *alg = alg_by_v2(t->type, t->id);

		if (t->unknown || !diff_is_safe(alg) || alg->flags & ALG_NOIKE ||
		    !alg_has_keylen(alg, t->keylen))
			continue;
		if (t->type == ALG_ENCR && !encr.alg)
			encr = (struct alg_key){ alg, t->keylen };
		if (t->type == ALG_DH && !dh)
			dh = alg;
		for (k = 0; t->type == ALG_PRF && !hash && (row = alg_row(k)); k++)
			if (row->kind == ALG_HASH && alg_hash_prf(row) == alg)
				hash = row;
	}
	if (encr.alg && hash && dh)
		prop_block(&encr, hash, 0, dh, d->whole, sizeof(d->whole));
}

static void report_none(const struct v2_sa *ours, const struct v2_sa *theirs, const char *verb,
			struct report *why)
{
	static const struct {
		enum alg_kind type;
		const char *what;
		const char *keyword;
	} rows[] = {
		{ ALG_ENCR, "encryption", "encryption_algorithm" },
		{ ALG_INTEG, "integrity", "hash_algorithm" },
		{ ALG_PRF, "prf", "hash_algorithm" },
		{ ALG_DH, "group", "dh_group" },
	};
	struct diff d = { 0 };
	unsigned int i;

	for (i = 0; i < COUNT(rows); i++) {
		struct diff_attr *a = diff_attr(&d, rows[i].what, rows[i].keyword);

		v2_diff(ours, rows[i].type, ALG_NOIKE, &a->mine);
		v2_diff(theirs, rows[i].type, ALG_NOIKE, &a->theirs);
	}
	for (i = 0; i < theirs->nprop && !d.whole[0]; i++)
		whole(theirs, &theirs->prop[i], &d);
	diff_report(&d, stage_of(theirs), verb, why);
}

static bool fill_suite(const struct v2_pick *pick, struct suite *suite)
{
	memset(suite, 0, sizeof(*suite));
	suite->encr = v2_picked_encr(pick);
	suite->integ = v2_picked(pick, ALG_INTEG);
	suite->prf = v2_picked(pick, ALG_PRF);
	suite->dh = v2_picked(pick, ALG_DH);
	return suite->encr.alg && suite->prf && suite->dh &&
	       prop_is_aead(suite->encr.alg) == !suite->integ;
}

/**
 * prop_v2_ike_choose() - the first of ours that is among theirs
 * @remote: block
 * @theirs: what the peer offers
 * @suite: filled in; whether the peer's KE payload has its group is the caller's to see
 * @answer: the choice; its SPI is empty, the caller's to set when an IKE SA is rekeyed
 * @why: on failure: what differs
 *
 * Return: false if there is none.
 */
bool prop_v2_ike_choose(const struct conf_remote *remote, const struct v2_sa *theirs,
			struct suite *suite, struct v2_sa *answer, struct report *why)
{
	struct v2_pick pick;
	struct v2_sa ours;

	prop_v2_ike_offer(remote, chunk(NULL, 0), &ours);
	if (!v2_match(&ours, theirs, 0, &pick) || !fill_suite(&pick, suite)) {
		report_none(&ours, theirs, "offers", why);
		return false;
	}
	prop_v2_put_answer(&pick, chunk(NULL, 0), answer);
	return true;
}

/**
 * prop_v2_ike_accept() - is the answer one of what we offered?
 * @remote: block
 * @answer: the peer's answer
 * @suite: filled in
 * @why: on failure: what differs
 *
 * Return: false if it is not.
 */
bool prop_v2_ike_accept(const struct conf_remote *remote, const struct v2_sa *answer,
			struct suite *suite, struct report *why)
{
	struct v2_pick pick;
	struct v2_sa ours;

	prop_v2_ike_offer(remote, chunk(NULL, 0), &ours);
	if (!v2_is_answer(answer, stage_of(answer), why))
		return false;
	if (!v2_match(&ours, answer, 0, &pick) || !fill_suite(&pick, suite)) {
		report_none(&ours, answer, "answers", why);
		return false;
	}
	return true;
}

/**
 * prop_v2_ike_group() - the group whose public value goes with our offer
 * @remote: block
 * @wanted: 0, or what the peer asks for by INVALID_KE_PAYLOAD
 *
 * Return: row; NULL for a group that we did not offer.
 */
const struct alg *prop_v2_ike_group(const struct conf_remote *remote, uint16_t wanted)
{
	struct v2_sa ours;
	unsigned int i;

	prop_v2_ike_offer(remote, chunk(NULL, 0), &ours);
	for (i = 0; i < ours.ntrans; i++)
		if (ours.trans[i].type == ALG_DH && (!wanted || ours.trans[i].id == wanted))
			return alg_by_v2(ALG_DH, ours.trans[i].id);
	return NULL;
}
