// SPDX-License-Identifier: GPL-2.0
/*
 * Child SAs that the peer rekeyed, or made once more under another IKE SA:
 * inbound at once, outbound when the peer surely has our answer (RFC 7296 2.8) -
 * it deletes the old one, it sends a later request, it is seen at a look to send
 * with the new one, or V2_HALF_REKEY is over without it asking again. And who wins
 * when both rekey the same one at once (2.8.1), or both make a new one for the
 * same policy, even under two IKE SAs because both began one: the same rule.
 *
 *   we ask ----\ /---- the peer asks
 *               X            four nonces; the exchange with the lowest loses, and
 *   answer ----/ \---- answer   whoever began that one deletes what it made
 */
#include <stdlib.h>
#include <string.h>

#include "ikev2/v2.h"

#define HALF_LOSER     40000  /* ms that the peer has to delete what lost */
#define HALF_FORGOTTEN 600000 /* ms until it is deleted by us */
#define HALF_REDO      32     /* rekeys remembered */

struct chunk v2_nonce_lower(struct chunk a, struct chunk b)
{
	return ike_nonce_less(a, b) ? a : b;
}

/* ---- what happened ---- */

struct v2_about v2_about(const struct child_sa *child)
{
	return (struct v2_about){ child->policy, child->local, child->remote };
}

/* Selectors may have been narrowed in between: what overlaps is the same. */
static bool about_same(const struct v2_about *a, const struct v2_about *b)
{
	struct ts both;

	return a->policy && a->policy == b->policy && ts_intersect(&a->local, &b->local, &both) &&
	       ts_intersect(&a->remote, &b->remote, &both);
}

static void redo_free(struct v2_state *v2, struct v2_redo *redo)
{
	TAILQ_REMOVE(&v2->redo, redo, link);
	v2->nredo--;
	blob_free(&redo->nonce);
	free(redo);
}

struct v2_redo *v2_redo_add(struct ike_sa *sa, struct child_sa *child, bool ours,
			    struct chunk nonce)
{
	struct v2_redo *redo = xcalloc(1, sizeof(*redo));
	struct v2_state *v2 = sa->v2;

	redo->about = v2_about(child);
	redo->proto = v2_child_proto(child)->proto;
	redo->spi = v2_child_proto(child)->spi_in;
	redo->ours = ours;
	redo->when = timer_now();
	redo->ike = ike_sa_our_spi(sa);
	redo->next_in = v2->next_in;
	blob_set(&redo->nonce, nonce);
	TAILQ_INSERT_TAIL(&v2->redo, redo, link);
	if (++v2->nredo > HALF_REDO)
		redo_free(v2, TAILQ_FIRST(&v2->redo));
	return redo;
}

/* All IKE SAs with the peer are looked at: both ends may have begun one. */
const struct v2_redo *v2_redo_find(const struct ike_sa *sa, const struct v2_about *about, bool ours,
				   uint64_t since)
{
	const struct v2_redo *redo, *found = NULL;
	const struct ike_sa *other;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other->ver != 2 || !other->v2)
			continue;
		TAILQ_FOREACH(redo, &other->v2->redo, link) {
			if (redo->ours == ours && redo->when >= since &&
			    about_same(&redo->about, about))
				found = redo;
		}
	}
	return found;
}

void v2_redo_clear(struct ike_sa *sa)
{
	while (!TAILQ_EMPTY(&sa->v2->redo))
		redo_free(sa->v2, TAILQ_FIRST(&sa->v2->redo));
}

/* ---- halves ---- */

static void half_arm(struct ike_sa *sa)
{
	uint64_t now = timer_now(), due = 0;
	const struct v2_half *half;

	TAILQ_FOREACH(half, &sa->v2->halves, link) {
		if (!due || half->due < due)
			due = half->due;
	}
	if (due)
		timer_set(&sa->v2->half, due > now ? due - now : 0);
	else
		timer_stop(&sa->v2->half);
}

void v2_half_add(struct ike_sa *sa, struct child_sa *child, struct blob *keymat, uint32_t rival,
		 unsigned int wait)
{
	struct v2_half *half = xcalloc(1, sizeof(*half));

	half->child = child;
	blob_take(&half->keymat, keymat);
	half->proto = v2_proto_number(v2_child_proto(child)->proto);
	half->rival = rival;
	half->due = timer_now() + wait;
	half->latest = timer_now() + V2_HALF_REKEY;
	child->exchange = half;
	TAILQ_INSERT_TAIL(&sa->v2->halves, half, link);
	half_arm(sa);
}

struct v2_half *v2_half_of(const struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_half *half;

	TAILQ_FOREACH(half, &sa->v2->halves, link) {
		if (half->child == child)
			return half;
	}
	return NULL;
}

void v2_half_drop(struct ike_sa *sa, struct v2_half *half)
{
	TAILQ_REMOVE(&sa->v2->halves, half, link);
	half->child->exchange = NULL;
	blob_wipe(&half->keymat);
	free(half);
	half_arm(sa);
}

/* Ours has lost against it, and has been in use meanwhile; with it goes an IKE SA for it alone. */
static void half_close_rival(struct ike_sa *sa, uint8_t proto, uint32_t spi)
{
	struct child_sa *child = spi ? child_by_spi_in(sa->ike, proto, spi) : NULL;
	struct ike_sa *of;

	if (!child || child->peer != sa->peer)
		return;
	of = child->ike;
	child_linger(child);
	if (of && of != sa)
		v2_close_idle(of);
}

static void half_finish_one(struct ike_sa *sa, struct v2_half *half)
{
	struct child_keys keys[CHILD_PROTOS];
	struct child_sa *child = half->child;
	uint32_t rival = half->rival;
	uint8_t proto = half->proto;
	uint32_t spi = v2_child_proto(child)->spi_in, peer_spi = v2_child_proto(child)->spi_out;
	bool ok;

	v2_child_split(child, &half->keymat, false, keys);
	ok = child_install_out(child, keys);
	v2_half_drop(sa, half);
	if (!ok) {
		v2_delete_child(sa, proto, spi, peer_spi);
		child_fail(child);
		return;
	}
	child_up(child);
	half_close_rival(sa, v2_proto_ip(proto), rival);
}

/* What the peer made before about the same goes first: the newest is the one that stays. */
static void half_finish(struct ike_sa *sa, struct v2_half *half)
{
	struct v2_about about = v2_about(half->child), its;
	struct v2_half *other, *next;

	TAILQ_FOREACH_SAFE(other, &sa->v2->halves, link, next) {
		if (other == half)
			break;
		its = v2_about(other->child);
		if (!other->loser && about_same(&its, &about))
			half_finish_one(sa, other);
	}
	half_finish_one(sa, half);
}

bool v2_half_contested(const struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_about about = v2_about(child);
	const struct ike_sa *other;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other->ver == 2 && other->v2 && other->v2->now &&
		    about_same(&other->v2->now->about, &about))
			return true;
	}
	return false;
}

bool v2_half_waits(const struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_about about = v2_about(child), its;
	const struct ike_sa *other;
	const struct v2_half *half;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other->ver != 2 || !other->v2)
			continue;
		TAILQ_FOREACH(half, &other->v2->halves, link) {
			its = v2_about(half->child);
			if (!half->loser && about_same(&its, &about))
				return true;
		}
	}
	return false;
}

void v2_half_proven(struct ike_sa *sa)
{
	struct v2_half *half, *next;

	TAILQ_FOREACH_SAFE(half, &sa->v2->halves, link, next) {
		if (!half->loser && !v2_half_contested(sa, half->child))
			half_finish(sa, half);
	}
}

/* The peer gives up what another IKE SA has one for that waits: @old, or NULL: all of @gone. */
static void half_beside_gone(struct ike_sa *sa, const struct ike_sa *gone, const struct child_sa *old)
{
	struct v2_about about = old ? v2_about(old) : (struct v2_about){ 0 }, its;
	struct v2_half *half, *next;

	TAILQ_FOREACH_SAFE(half, &sa->v2->halves, link, next) {
		its = v2_about(half->child);
		if (old ? !about_same(&its, &about) : !v2_half_in_use(gone, half->child))
			continue;
		if (!half->loser && !v2_half_contested(sa, half->child))
			half_finish(sa, half);
	}
}

static void half_others_gone(struct ike_sa *sa, const struct child_sa *old)
{
	struct ike_sa *other;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other != sa && other->ver == 2 && other->v2)
			half_beside_gone(other, sa, old);
	}
}

void v2_half_ike_gone(struct ike_sa *sa)
{
	half_others_gone(sa, NULL);
}

void v2_half_old_gone(struct ike_sa *sa, struct child_sa *old)
{
	bool last = !child_other_up(old);
	struct v2_half *half, *next;

	half_others_gone(sa, old);

	TAILQ_FOREACH_SAFE(half, &sa->v2->halves, link, next) {
		if (half->child == old)
			continue;
		/* it deletes what we took for the winner: then it means the other one */
		if (half->loser ? last && half->child->policy == old->policy : half->child->replaces == old)
			half_finish(sa, half);
	}
}

bool v2_half_used(struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_half *half = v2_half_of(sa, child);

	if (!half || (!half->loser && v2_half_contested(sa, child)))
		return false;
	/* just lost: the peer may not know it yet */
	if (half->loser && timer_now() - half->lost < HALF_LOSER)
		return false;
	half_finish(sa, half);
	return true;
}

bool v2_half_beside(const struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_about about = v2_about(child), its;
	const struct child_sa *other;

	TAILQ_FOREACH(other, &sa->peer->children, link) {
		its = v2_about(other);
		if (other->ike != sa && other->state == CHILD_UP && about_same(&its, &about))
			return true;
	}
	return false;
}

struct child_sa *v2_half_in_use(const struct ike_sa *sa, const struct child_sa *child)
{
	struct v2_about about = v2_about(child), its;
	struct child_sa *other;

	TAILQ_FOREACH(other, &sa->peer->children, link) {
		its = v2_about(other);
		if (other != child && other->ike == sa && other->state == CHILD_UP &&
		    about_same(&its, &about))
			return other;
	}
	return NULL;
}

void v2_half_finish_all(struct ike_sa *sa)
{
	struct v2_half *half, *next;

	TAILQ_FOREACH_SAFE(half, &sa->v2->halves, link, next) {
		if (!half->loser)
			half_finish(sa, half);
	}
}

void v2_half_postpone(struct ike_sa *sa)
{
	uint64_t due = timer_now() + V2_HALF_REKEY;
	struct v2_half *half;

	TAILQ_FOREACH(half, &sa->v2->halves, link) {
		if (half->due < due)
			half->due = due;
		half->latest = half->due;
	}
	half_arm(sa);
}

void v2_half_loses(struct ike_sa *sa, const struct v2_about *about)
{
	struct ike_sa *other;
	struct v2_half *half;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other->ver != 2 || !other->v2)
			continue;
		TAILQ_FOREACH(half, &other->v2->halves, link) {
			struct v2_about its = v2_about(half->child);

			if (!about_same(&its, about))
				continue;
			half->loser = true;
			half->lost = timer_now();
			half->due = timer_now() + HALF_LOSER;
		}
		half_arm(other);
	}
}

void v2_half_move(struct ike_sa *sa, struct ike_sa *by)
{
	struct v2_half *half;

	while ((half = TAILQ_FIRST(&sa->v2->halves))) {
		TAILQ_REMOVE(&sa->v2->halves, half, link);
		TAILQ_INSERT_TAIL(&by->v2->halves, half, link);
		half->child->ike = by;
	}
	/* nothing that is asked under the new one can cross what was done under the old one */
	v2_redo_clear(sa);
	half_arm(sa);
	half_arm(by);
}

/*
 * It lost long ago and the peer has not deleted it: if nothing else is left it
 * was meant to be used; else it stays as it is for a while, since both ends can
 * read what the other sends.
 */
static void half_tick_loser(struct ike_sa *sa, struct v2_half *half)
{
	struct child_sa *child = half->child;
	const struct child_proto *p = v2_child_proto(child);
	uint64_t now = timer_now();

	if (!child_other_up(child)) {
		half_finish(sa, half);
	} else if (now - half->lost < HALF_FORGOTTEN) {
		half->due = now + HALF_LOSER;
	} else {
		v2_delete_child(sa, half->proto, p->spi_in, p->spi_out);
		child_free(child);
	}
}

/*
 * An IKE SA for whose answer the peer has not found time yet: what we send with the new one nobody
 * reads, and the other one is mostly still there. A peer that lost it has something to send itself.
 */
static bool half_is_early(const struct v2_half *half)
{
	return timer_now() < half->latest && !child_carried(half->child);
}

void v2_half_tick(void *arg)
{
	struct ike_sa *sa = arg;
	struct v2_half *half, *next;
	uint64_t now = timer_now();

	if (sa->state == IKE_DEAD)
		return;
	TAILQ_FOREACH_SAFE(half, &sa->v2->halves, link, next) {
		if (half->due > now)
			continue;
		if (half->loser)
			half_tick_loser(sa, half);
		else if (v2_half_contested(sa, half->child))
			half->due = now + V2_HALF_REKEY;
		else if (half_is_early(half))
			half->due = now + V2_HALF_BESIDE;
		else
			half_finish(sa, half);
	}
	half_arm(sa);
	v2_pump(sa);
}
