// SPDX-License-Identifier: GPL-2.0
/*
 * Phase 1 of IKEv1: the offer, the choice, and the check of an answer. What
 * counts is what attributes mean, never how or in which order they are coded.
 */
#include <string.h>

#include "engine/prop_int.h"
#include "wire/wire.h"

#define KEY_IKE 1
#define STAGE	"phase 1"

/* IKEv1 can say it: nothing is left open, nothing only IKEv2 knows */
static bool usable(const struct conf_proposal *p)
{
	return p->encr.alg && p->encr.alg->v1_phase1 && p->encr.alg->ossl && p->hash &&
	       p->hash->v1_phase1 && p->hash->ossl && p->dh && p->dh->v1_phase1 &&
	       (p->auth == IKE_AUTH_PSK || p->auth == IKE_AUTH_RSASIG);
}

static uint32_t proposal_life(const struct conf_remote *remote, const struct conf_proposal *p)
{
	return p->life ? p->life : remote->lifetime;
}

static void begin_sa(struct v1_sa *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->nprop = 1;
	sa->prop[0].number = 1;
	sa->prop[0].proto = V1_PROTO_ISAKMP;
}

/**
 * prop_v1_ike_offer() - what to send first
 * @remote: block
 * @exchange: V1_MAIN or V1_AGGRESSIVE: there the public value goes along, so
 *	all transforms must have the group of the first
 * @sa: filled in; without proposals if there is none that IKEv1 can say
 */
void prop_v1_ike_offer(const struct conf_remote *remote, uint8_t exchange, struct v1_sa *sa)
{
	const struct conf_proposal *p;
	const struct alg *group = NULL;

	begin_sa(sa);
	TAILQ_FOREACH(p, &remote->proposals, link) {
		struct v1_trans *t = &sa->trans[sa->ntrans];

		if (!usable(p) || sa->ntrans == V1_TRANSFORMS)
			continue;
		if (exchange == V1_AGGRESSIVE && group && p->dh != group)
			continue;
		group = p->dh;
		t->number = ++sa->ntrans;
		t->id = KEY_IKE;
		t->encr = p->encr.alg->v1_phase1;
		t->keylen = prop_bits(p->encr.alg, p->encr.bits);
		t->hash = p->hash->v1_phase1;
		t->auth = p->auth;
		t->group = p->dh->v1_phase1;
		t->seconds = proposal_life(remote, p);
	}
	sa->prop[0].n = sa->ntrans;
	if (!sa->ntrans)
		sa->nprop = 0;
}

/*
 * One of ours against one of theirs. @longer: racoon's responder takes a longer
 * key than its own, unless proposal_check is exact.
 */
static bool fits(const struct conf_proposal *p, const struct v1_trans *t, bool longer)
{
	uint16_t bits = prop_bits(p->encr.alg, p->encr.bits);
	uint16_t theirs = prop_bits(p->encr.alg, t->keylen);

	if (t->id != KEY_IKE || t->unknown || t->encr != p->encr.alg->v1_phase1 ||
	    t->hash != p->hash->v1_phase1 || t->auth != p->auth || t->group != p->dh->v1_phase1)
		return false;
	if (!p->encr.alg->keylens[0])
		return !t->keylen || t->keylen == p->encr.alg->keylen;
	if (!alg_has_keylen(p->encr.alg, t->keylen))
		return false;
	return longer ? theirs > bits : theirs == bits;
}

static const struct v1_trans *find_theirs(const struct v1_sa *theirs, const struct conf_proposal *p,
					  bool longer, const struct wire_prop **prop)
{
	unsigned int i, k;

	for (i = 0; i < theirs->nprop; i++) {
		*prop = &theirs->prop[i];
		if ((*prop)->proto != V1_PROTO_ISAKMP)
			continue;
		for (k = 0; k < (*prop)->n; k++)
			if (fits(p, &theirs->trans[(*prop)->first + k], longer))
				return &theirs->trans[(*prop)->first + k];
	}
	return NULL;
}

/**
 * struct pick - a pair that fits
 * @p: ours
 * @t: theirs
 * @prop: where theirs is
 */
struct pick {
	const struct conf_proposal *p;
	const struct v1_trans *t;
	const struct wire_prop *prop;
};

static bool pick_first(const struct conf_remote *remote, const struct v1_sa *theirs,
		       enum conf_check check, bool longer, struct pick *pick)
{
	TAILQ_FOREACH(pick->p, &remote->proposals, link) {
		if (!usable(pick->p))
			continue;
		pick->t = find_theirs(theirs, pick->p, longer, &pick->prop);
		if (pick->t &&
		    prop_life_ok(check, proposal_life(remote, pick->p), pick->t->seconds))
			return true;
	}
	return false;
}

static void diff_mine(const struct conf_remote *remote, struct diff_attr *a[5])
{
	const struct conf_proposal *p;
	char buf[DIFF_TEXT];

	TAILQ_FOREACH(p, &remote->proposals, link) {
		if (!usable(p))
			continue;
		diff_alg(&a[0]->mine, p->encr.alg, prop_bits(p->encr.alg, p->encr.bits), 0, 0);
		diff_alg(&a[1]->mine, p->hash, 0, 0, 0);
		diff_value(&a[2]->mine, prop_auth_name(p->auth, buf), "");
		diff_alg(&a[3]->mine, p->dh, 0, 0, 0);
	}
	diff_value(&a[4]->mine, "none", "");
}

static void diff_theirs(const struct v1_sa *theirs, struct diff *d, struct diff_attr *a[5])
{
	unsigned int i;

	for (i = 0; i < theirs->ntrans; i++) {
		const struct v1_trans *t = &theirs->trans[i];
		struct alg_key encr = { alg_by_v1_phase1(ALG_ENCR, t->encr), t->keylen };
		const struct alg *hash = alg_by_v1_phase1(ALG_HASH, t->hash);
		const struct alg *dh = alg_by_v1_phase1(ALG_DH, t->group);
		bool auth_ok = t->auth == IKE_AUTH_PSK || t->auth == IKE_AUTH_RSASIG;
		char buf[DIFF_TEXT];
		const char *auth = prop_auth_name(t->auth, buf);

		diff_alg(&a[0]->theirs, encr.alg, encr.bits, t->encr, 0);
		diff_alg(&a[1]->theirs, hash, 0, t->hash, 0);
		diff_value(&a[2]->theirs, auth, auth_ok ? auth : "");
		diff_alg(&a[3]->theirs, dh, 0, t->group, 0);
		diff_value(&a[4]->theirs, t->unknown ? "some unknown to us" : "none", "");
		if (!d->whole[0] && diff_is_safe(encr.alg) && diff_is_safe(hash) &&
		    diff_is_safe(dh) && alg_has_keylen(encr.alg, t->keylen) && !t->unknown &&
		    auth_ok)
			prop_block(&encr, hash, t->auth, dh, d->whole, sizeof(d->whole));
	}
}

static void report_none(const struct conf_remote *remote, const struct v1_sa *theirs,
			const char *verb, struct report *why)
{
	struct diff d = { 0 };
	struct diff_attr *a[5];

	a[0] = diff_attr(&d, "encryption", "encryption_algorithm");
	a[1] = diff_attr(&d, "hash", "hash_algorithm");
	a[2] = diff_attr(&d, "authentication", "authentication_method");
	a[3] = diff_attr(&d, "group", "dh_group");
	a[4] = diff_attr(&d, "further attributes", NULL);
	diff_mine(remote, a);
	diff_theirs(theirs, &d, a);
	diff_report(&d, STAGE, verb, why);
}

static void fill_suite(const struct conf_remote *remote, const struct pick *pick,
		       struct suite *suite)
{
	memset(suite, 0, sizeof(*suite));
	suite->encr.alg = pick->p->encr.alg;
	suite->encr.bits = prop_bits(pick->p->encr.alg, pick->t->keylen);
	suite->hash = pick->p->hash;
	suite->prf = alg_hash_prf(pick->p->hash);
	suite->dh = pick->p->dh;
	suite->auth = pick->p->auth;
	suite->life = prop_min(proposal_life(remote, pick->p), pick->t->seconds);
}

/**
 * prop_v1_ike_choose() - the first of ours that is among theirs
 * @remote: block
 * @theirs: what the peer offers
 * @suite: filled in; its lifetime is the smaller one
 * @answer: their transform as it came, alone
 * @why: on failure: what differs
 *
 * Return: false if there is none.
 */
bool prop_v1_ike_choose(const struct conf_remote *remote, const struct v1_sa *theirs,
			struct suite *suite, struct v1_sa *answer, struct report *why)
{
	struct pick pick;
	bool ok;

	ok = pick_first(remote, theirs, remote->check, false, &pick) ||
	     (remote->check != CONF_CHECK_EXACT &&
	      pick_first(remote, theirs, remote->check, true, &pick));
	if (!ok) {
		/* is it the lifetime alone? */
		if (pick_first(remote, theirs, CONF_CHECK_OBEY, false, &pick))
			prop_life_report(STAGE, remote->check, "s", proposal_life(remote, pick.p),
					 pick.t->seconds, why);
		else
			report_none(remote, theirs, "offers", why);
		return false;
	}
	fill_suite(remote, &pick, suite);
	begin_sa(answer);
	answer->prop[0].number = pick.prop->number;
	answer->prop[0].n = 1;
	answer->ntrans = 1;
	answer->trans[0] = *pick.t;
	return true;
}

/**
 * prop_v1_ike_accept() - is the answer one of what we offered?
 * @remote: block
 * @answer: the peer's answer
 * @suite: filled in
 * @why: on failure: what differs
 *
 * Return: false if it is not, or is more than one transform.
 */
bool prop_v1_ike_accept(const struct conf_remote *remote, const struct v1_sa *answer,
			struct suite *suite, struct report *why)
{
	struct pick pick;

	if (answer->nprop != 1 || answer->ntrans != 1) {
		report_set(why, REPORT_SYNTAX, STAGE,
			   "the peer answers with %u proposals and %u transforms instead of one",
			   answer->nprop, answer->ntrans);
		return false;
	}
	if (!pick_first(remote, answer, CONF_CHECK_OBEY, false, &pick)) {
		report_none(remote, answer, "answers", why);
		return false;
	}
	fill_suite(remote, &pick, suite);
	return true;
}
