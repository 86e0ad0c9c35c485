// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a pair of SAs that another one has replaced: when it comes, which
 * of two goes where both ends began at once, and which is taken back into use.
 */
#include "engine/sa.h"

#define CHILD_RETIRE	  5000	/* ms until a replaced one is looked at */
#define CHILD_RETIRE_SOON 500	/* ms, where a lifetime in bytes runs */
#define CHILD_RETIRE_MAX  30000 /* ms until it goes in any case */
#define CHILD_LINGER	  2000	/* ms for which one that the peer knows to be gone still receives */
#define CHILD_LINGER_V1	  5000	/* ms, where nobody says when the peer knows */

/* What is in use instead of it: where exchanges crossed, what replaced it may be replaced, too. */
static struct child_sa *child_heir(const struct child_sa *child)
{
	struct child_sa *next = child->replaced_by;

	while (next && next->state == CHILD_REPLACED && next->replaced_by)
		next = next->replaced_by;
	return next;
}

/* For so many ms more it receives what was sent with it. */
static void child_receive_on(struct child_sa *child, unsigned int ms)
{
	child->state = CHILD_DELETING;
	child_uninstall_out(child);
	timer_set(&child->retire, ms);
}

void child_linger(struct child_sa *child)
{
	struct ike_sa *sa = child_ike(child);
	unsigned int ms;

	if (child->state == CHILD_DELETING)
		return;
	if (child->state != CHILD_REPLACED || !child_can_tell(child, sa)) {
		child_close(child, REPORT_NONE);
		return;
	}
	/*
	 * Nobody answers a DELETE of IKEv1. A peer of IKEv2 may send until it answers, and from then
	 * on child_told() counts; should no answer come, the end comes all the same.
	 */
	ms = sa->ver == 1 ? CHILD_LINGER_V1 : CHILD_RETIRE_MAX;
	/* may be the end of @sa, too */
	child->state = CHILD_DELETING;
	sa->vops->child_gone(sa, child);
	child_receive_on(child, ms);
}

void child_given_up(struct child_sa *child)
{
	/* told already, and it is about to end */
	if (child->state == CHILD_DELETING)
		return;
	if (child->state == CHILD_REPLACED) {
		child_receive_on(child, CHILD_LINGER);
		return;
	}
	/* the peer knows */
	child->installed = false;
	child_close(child, REPORT_DELETED);
}

void child_told(struct ike *ike, uint8_t proto, uint32_t spi)
{
	struct child_sa *child = child_by_spi_in(ike, proto, spi);

	if (child && child->state == CHILD_DELETING)
		timer_set(&child->retire, CHILD_LINGER);
}

/*
 * How long a replaced one waits until it is looked at, in ms. The peer may send with it until it is
 * told of its end, so that has to come well before the kernel ends it; bytes are used up at a rate
 * that nobody knows.
 */
static uint64_t child_retire_in(const struct child_sa *old)
{
	uint64_t wait = old->choice.kilobytes ? CHILD_RETIRE_SOON : CHILD_RETIRE;
	uint64_t end = old->created + old->choice.life * 1000ULL, now = timer_now();
	uint64_t left = end > now ? end - now : 0;

	return old->choice.life && left / 4 < wait ? left / 4 : wait;
}

/*
 * Is it too early for @old's end? An IKEv2 responder may well send with it until it is told, and
 * can do with the new one by then (RFC 7296 2.8); of IKEv1's one has to see that.
 */
static bool child_awaits(struct child_sa *old, struct child_sa *next)
{
	const struct ike_sa *sa = child_ike(old);

	return (!sa || sa->ver == 1) && !child_carried(next) && child_retire_in(old) &&
	       timer_now() - next->created < CHILD_RETIRE_MAX;
}

void child_replaced_tick(struct child_sa *child)
{
	struct child_sa *next = child_heir(child);

	if (next && child_awaits(child, next))
		timer_set(&child->retire, child_retire_in(child));
	else
		child_linger(child);
}

bool child_twins(const struct child_sa *a, const struct child_sa *b)
{
	return a != b && a->policy == b->policy && ts_equal(&a->local, &b->local) &&
	       ts_equal(&a->remote, &b->remote);
}

void child_retire(struct child_sa *old, struct child_sa *by, bool ours)
{
	/* rekeyed by both ends at once, the peer was faster: then it is the peer's as well as ours */
	if (old->state == CHILD_REPLACED && ours && by->replaces == old)
		timer_set(&old->retire, child_retire_in(old));
	if (old->state != CHILD_UP)
		return;
	old->state = CHILD_REPLACED;
	old->replaced_by = by;
	timer_set(&old->retire, ours ? child_retire_in(old) : 2 * CHILD_RETIRE_MAX);
}

static void child_revive(struct child_sa *old)
{
	old->state = CHILD_UP;
	old->replaced_by = NULL;
	timer_stop(&old->retire);
}

void child_yield(struct child_sa *child, struct child_sa *winner)
{
	child_revive(winner);
	child_revive(child);
	/* who began the exchange that lost deletes what it made, whoever began the one that won */
	child_retire(child, winner, child->initiator);
}

void child_reprieve(struct child_sa *gone)
{
	struct child_sa *other, *old = NULL;

	if (gone->state != CHILD_UP || child_other_up(gone))
		return;
	TAILQ_FOREACH(other, &gone->peer->children, link) {
		if (other->state == CHILD_REPLACED && other->replaced_by == gone)
			old = other;
	}
	if (old)
		child_revive(old);
}
