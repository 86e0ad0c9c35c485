// SPDX-License-Identifier: GPL-2.0
/*
 * Of all the selectors that an IKEv2 peer offers, those of one policy (RFC 7296
 * 2.9). A child SA of ours is for one policy, and has one pair of selectors as it;
 * if the peer has cut that in several, all of them are agreed on.
 *
 * The first ones offered are mostly those of the packet that made the peer ask:
 * a policy that takes them whole goes before all others, and what is agreed
 * holds them. SINGLE_PAIR_REQUIRED is never answered: no policy of PF_KEY wants a
 * pair of SAs for each pair of hosts, but in transport mode, where the hosts are
 * the two ends.
 */
#include <linux/ipsec.h>
#include <string.h>

#include "engine/policy.h"

/** enum fit - how a selector that is offered fits a policy's */
enum fit {
	FIT_NONE,  /* they have nothing in common */
	FIT_PART,  /* some of it can be had */
	FIT_WHOLE, /* all of it */
	FIT_SAME,  /* it is the policy's */
};

/* added for the first pair, if all of it can be had */
#define FIT_FIRST 2

/**
 * struct narrow - an offer, seen with the eyes of a policy
 * @offer: it
 * @local: how those of ours fit
 * @remote: how the peer's do
 * @l: what the policy has in common with each of ours
 * @r: of the peer's
 * @own_local: what it is for
 * @own_remote: of the peer's
 */
struct narrow {
	const struct policy_offer *offer;
	enum fit local[POLICY_OFFER_MAX];
	enum fit remote[POLICY_OFFER_MAX];
	struct ts l[POLICY_OFFER_MAX];
	struct ts r[POLICY_OFFER_MAX];
	struct ts own_local;
	struct ts own_remote;
};

static enum fit narrow_fit(const struct ts *own, const struct ts *offered, struct ts *common)
{
	if (!ts_intersect(own, offered, common))
		return FIT_NONE;
	if (ts_equal(own, offered))
		return FIT_SAME;
	return ts_equal(common, offered) ? FIT_WHOLE : FIT_PART;
}

/* In transport mode a wide policy is for its hosts, each for itself: here for the two ends. */
static bool narrow_to_host(struct ts *own, const struct sockaddr_storage *end, uint8_t mode)
{
	struct ts host;

	if (mode != IPSEC_MODE_TRANSPORT)
		return true;
	ts_host(&host, end);
	return ts_intersect(own, &host, own);
}

static bool narrow_see(struct narrow *n, const struct policy_offer *offer, struct ts local,
		       struct ts remote)
{
	unsigned int i;

	n->offer = offer;
	if (!narrow_to_host(&local, offer->local_end, offer->mode) ||
	    !narrow_to_host(&remote, offer->remote_end, offer->mode))
		return false;
	n->own_local = local;
	n->own_remote = remote;
	for (i = 0; i < offer->nlocal; i++)
		n->local[i] = narrow_fit(&local, &offer->local[i], &n->l[i]);
	for (i = 0; i < offer->nremote; i++)
		n->remote[i] = narrow_fit(&remote, &offer->remote[i], &n->r[i]);
	return true;
}

/* Selectors of different protocols, or families, are no pair. */
static bool narrow_is_pair(const struct ts *l, const struct ts *r)
{
	return l->family == r->family && (!l->proto || !r->proto || l->proto == r->proto);
}

/* How well the pair fits; 0: not at all. */
static unsigned int narrow_grade(const struct narrow *n, unsigned int l, unsigned int r)
{
	enum fit fit = n->local[l] < n->remote[r] ? n->local[l] : n->remote[r];

	if (fit == FIT_NONE || !narrow_is_pair(&n->l[l], &n->r[r]))
		return 0;
	return !l && !r && fit >= FIT_WHOLE ? fit + FIT_FIRST : fit;
}

/* The best pair of those offered, into @part if it is better than @least. */
static unsigned int narrow_best(const struct narrow *n, unsigned int least,
				struct policy_part *part)
{
	unsigned int l, r, grade;

	for (l = 0; l < n->offer->nlocal; l++) {
		for (r = 0; r < n->offer->nremote; r++) {
			grade = narrow_grade(n, l, r);
			if (grade <= least)
				continue;
			least = grade;
			part->nth_local = l;
			part->nth_remote = r;
			part->local = n->l[l];
			part->remote = n->r[r];
		}
	}
	return least;
}

/* A packet's own selectors are little: others that hold them are taken in their place. */
static void narrow_widen(const struct narrow *n, struct policy_part *part)
{
	unsigned int l, r;

	for (l = 0; l < n->offer->nlocal; l++) {
		for (r = 0; r < n->offer->nremote; r++) {
			if (!narrow_grade(n, l, r) || n->l[l].proto != n->r[r].proto ||
			    !ts_contains(&n->l[l], &part->local) ||
			    !ts_contains(&n->r[r], &part->remote))
				continue;
			part->nth_local = l;
			part->nth_remote = r;
			part->local = n->l[l];
			part->remote = n->r[r];
		}
	}
}

static bool narrow_has(const struct ts *list, unsigned int n, const struct ts *ts)
{
	while (n && !ts_contains(&list[n - 1], ts))
		n--;
	return n;
}

/*
 * The policy's SAs carry all that it is for. What else is offered of that, and makes a pair with
 * what has been taken, is taken along, and later asked for as the policy has it.
 */
static void narrow_along(const struct narrow *n, struct policy_part *part)
{
	const struct ts local = part->local, remote = part->remote;
	unsigned int i;

	part->nlocals = part->nremotes = 1;
	part->locals[0] = local;
	part->remotes[0] = remote;
	for (i = 0; i < n->offer->nlocal; i++) {
		if (n->local[i] != FIT_NONE && narrow_is_pair(&n->l[i], &remote) &&
		    !narrow_has(part->locals, part->nlocals, &n->l[i]))
			part->locals[part->nlocals++] = n->l[i];
	}
	for (i = 0; i < n->offer->nremote; i++) {
		if (n->remote[i] != FIT_NONE && narrow_is_pair(&local, &n->r[i]) &&
		    !narrow_has(part->remotes, part->nremotes, &n->r[i]))
			part->remotes[part->nremotes++] = n->r[i];
	}
	if (part->nlocals > 1)
		part->local = n->own_local;
	if (part->nremotes > 1)
		part->remote = n->own_remote;
}

/* Is there a pair that would be taken, too, and that is not in what has been? */
static bool narrow_more(const struct narrow *n, const struct policy_part *part)
{
	unsigned int l, r;

	for (l = 0; l < n->offer->nlocal; l++) {
		for (r = 0; r < n->offer->nremote; r++) {
			if (narrow_grade(n, l, r) &&
			    (!narrow_has(part->locals, part->nlocals, &n->l[l]) ||
			     !narrow_has(part->remotes, part->nremotes, &n->r[r])))
				return true;
		}
	}
	return false;
}

static bool narrow_policy(struct narrow *n, const struct policy_offer *offer,
			  const struct policy *p)
{
	return policy_leads(p, offer->local_end, offer->remote_end, offer->mode) &&
	       narrow_see(n, offer, p->src, p->dst);
}

struct policy *policy_narrow(const struct policy_list *spd, const struct policy_offer *offer,
			     struct policy_part *part)
{
	struct policy *p, *best = NULL;
	unsigned int grade = 0, was;
	struct narrow n;

	memset(part, 0, sizeof(*part));
	TAILQ_FOREACH(p, spd, link) {
		was = grade;
		if (narrow_policy(&n, offer, p))
			grade = narrow_best(&n, grade, part);
		if (grade > was)
			best = p;
	}
	if (!best)
		return NULL;
	narrow_policy(&n, offer, best);
	narrow_widen(&n, part);
	narrow_along(&n, part);
	/* of one policy the kernel uses the newest SA for all, so a second one is no offer of ours */
	TAILQ_FOREACH(p, spd, link) {
		if (p != best && !part->more && narrow_policy(&n, offer, p))
			part->more = narrow_more(&n, part);
	}
	return best;
}

bool policy_widest(const struct policy_offer *offer, struct policy_part *part)
{
	struct ts any = { .family = offer->local[0].family, .port_hi = UINT16_MAX };
	struct narrow n;

	memset(part, 0, sizeof(*part));
	memset(any.hi, 0xff, sizeof(any.hi));
	if (!narrow_see(&n, offer, any, any) || !narrow_best(&n, 0, part))
		return false;
	narrow_widen(&n, part);
	part->nlocals = part->nremotes = 1;
	part->locals[0] = part->local;
	part->remotes[0] = part->remote;
	return true;
}
