// SPDX-License-Identifier: GPL-2.0
/*
 * move - gives SAs other end points (SADB_X_MIGRATE). An SA's ends are part of
 * its name and never change, so another SA takes its place, with the same keys,
 * and goes on where it stopped: no sequence number is sent twice, and none is
 * accepted twice.
 *
 *   begin     from here on a missing SA is said to be on its way: packets wait
 *   add       successors are made and put into the tables, DEAD: nobody uses
 *             them yet. All that can fail fails here
 *   commit    the old ones are DEAD; when no packet uses them any more their
 *             counters go over; the new ones wake up
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "base/move.h"
#include "base/net.h"
#include "sa/move.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

/**
 * struct move_pair - an SA and the one that takes its place
 * @list: in struct ipsec_moving
 * @old: in the tables; referenced
 * @sa: its successor; referenced
 */
struct move_pair {
	struct list_head list;
	struct ipsec_sa *old;
	struct ipsec_sa *sa;
};

static void move_pair_free(struct move_pair *pair)
{
	list_del(&pair->list);
	ipsec_sa_put(pair->old);
	ipsec_sa_put(pair->sa);
	kfree(pair);
}

/* What PF_KEY said of the old one, about the new one; the counters come later. */
static int move_fill(struct ipsec_sa *sa, const struct ipsec_sa *old,
		     const struct ipsec_move *move)
{
	const struct ipsec_sa_want want = {
		.saddr = move->to.saddr,
		.daddr = move->to.daddr,
		.family = move->to.family,
		.proto = old->proto,
		.mode = old->mode,
		.reqid = old->reqid,
	};

	sa->spi = old->spi;
	ipsec_sa_set_want(sa, &want);
	if (old->encap)
		ipsec_natt_init(sa, ipsec_natt_ports(old));
	if (old->natt.oa_family == move->to.family) {
		sa->natt.oa_family = old->natt.oa_family;
		sa->natt.oa = old->natt.oa;
	}
	sa->seq = old->seq;
	sa->pid = old->pid;
	sa->flags = old->flags;
	sa->x_flags = old->x_flags;
	sa->replay_given = old->replay_given;
	sa->enc = old->enc;
	sa->auth = old->auth;
	sa->life.soft = old->life.soft;
	sa->life.hard = old->life.hard;
	return ipsec_replay_init(&sa->replay, old->replay.window,
				 old->replay.esn, 0);
}

static struct ipsec_sa *move_successor(struct ipsec_net *ipn,
				       const struct ipsec_sa *old,
				       const struct ipsec_move *move)
{
	struct ipsec_sa *sa = ipsec_sa_alloc(ipn, GFP_KERNEL);
	int err;

	if (!sa)
		return ERR_PTR(-ENOMEM);
	err = move_fill(sa, old, move);
	if (!err)
		err = ipsec_sa_make_mature(sa, old);
	if (err) {
		ipsec_sa_put(sa);
		return ERR_PTR(err);
	}
	set_bit(IPSEC_SA_STOPPED, &sa->marks);
	ipsec_sa_change_state(sa, IPSEC_SA_MATURE, IPSEC_SA_DEAD);
	return sa;
}

static int move_add_one(struct ipsec_moving *moving, struct ipsec_sa *old,
			const struct ipsec_move *move)
{
	struct move_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	struct ipsec_sa *sa;
	int err;

	if (!pair)
		return -ENOMEM;
	sa = move_successor(moving->ipn, old, move);
	if (IS_ERR(sa)) {
		kfree(pair);
		return PTR_ERR(sa);
	}
	err = __ipsec_sad_line_up(moving->ipn->sad, old, sa);
	if (err) {
		ipsec_sa_put(sa);
		kfree(pair);
		return err;
	}
	refcount_inc(&old->ref);
	pair->old = old;
	pair->sa = sa;
	list_add_tail(&pair->list, &moving->pairs);
	return 0;
}

/**
 * ipsec_sad_move_begin() - SAs are going to move
 * @ipn: namespace
 * @moving: filled in
 *
 * Context: Process. Caller holds ipn->config_mutex, up to the end of the move.
 */
void ipsec_sad_move_begin(struct ipsec_net *ipn, struct ipsec_moving *moving)
{
	lockdep_assert_held(&ipn->config_mutex);
	moving->ipn = ipn;
	INIT_LIST_HEAD(&moving->pairs);
	WRITE_ONCE(ipn->sad->moving, true);
}

/**
 * ipsec_sad_move_add() - these SAs, too
 * @moving: move under way
 * @move: which, and where to; none may be there
 *
 * Context: Process, may sleep; holding ipn->config_mutex.
 * Return: 0; -EEXIST when there is an SA of the new name; -ENOMEM; or what the
 * crypto API says. The caller cancels then.
 */
int ipsec_sad_move_add(struct ipsec_moving *moving,
		       const struct ipsec_move *move)
{
	const struct ipsec_sa_want want = {
		.saddr = move->from.saddr,
		.daddr = move->from.daddr,
		.family = move->from.family,
		.proto = move->proto,
		.mode = move->mode,
		.reqid = move->reqid,
	};
	struct ipsec_sa *old = NULL;
	int err;

	lockdep_assert_held(&moving->ipn->config_mutex);
	if (ipsec_move_ends_equal(&move->from, &move->to))
		return 0;
	while ((old = __ipsec_sad_older(moving->ipn->sad, &want, old))) {
		if (!ipsec_sa_usable(old))
			continue;
		err = move_add_one(moving, old, move);
		if (err)
			return err;
	}
	return 0;
}

/* From here on no packet takes a number, or has one accepted. */
static void move_stop(struct ipsec_sa *old)
{
	set_bit(IPSEC_SA_STOPPED, &old->marks);
	if (!ipsec_sa_change_state(old, IPSEC_SA_MATURE, IPSEC_SA_DEAD))
		ipsec_sa_change_state(old, IPSEC_SA_DYING, IPSEC_SA_DEAD);
}

static void move_counters(struct ipsec_sa *sa, const struct ipsec_sa *old)
{
	atomic64_set(&sa->oseq, atomic64_read(&old->oseq));
	ipsec_replay_go_on(&sa->replay, &old->replay);
	ipsec_life_go_on(&sa->life, &old->life);
	if (test_bit(IPSEC_SA_SOFT_DUE, &old->marks))
		set_bit(IPSEC_SA_SOFT_DUE, &sa->marks);
	if (test_bit(IPSEC_SA_SOFT_TOLD, &old->marks))
		set_bit(IPSEC_SA_SOFT_TOLD, &sa->marks);
}

/* Nobody had the time to tell of a soft limit that was reached a moment ago. */
static void move_wake(struct ipsec_sa *sa)
{
	bool soft = test_bit(IPSEC_SA_SOFT_DUE, &sa->marks);

	ipsec_sa_change_state(sa, IPSEC_SA_DEAD,
			      soft ? IPSEC_SA_DYING : IPSEC_SA_MATURE);
	clear_bit(IPSEC_SA_STOPPED, &sa->marks);
	if (soft && !test_bit(IPSEC_SA_SOFT_TOLD, &sa->marks))
		ipsec_sad_notice(sa);
}

/*
 * A hard limit may have ended the old one a moment ago: then that is what the
 * sweep will tell, and there is nothing to go on with. Nor is there when an
 * earlier move was about it, too.
 */
static void move_over(struct ipsec_moving *moving, struct move_pair *pair)
{
	struct ipsec_sad *sad = moving->ipn->sad;
	struct ipsec_sa *old = pair->old;

	if (!old->sad.linked || test_bit(IPSEC_SA_HARD_DUE, &old->marks)) {
		clear_bit(IPSEC_SA_STOPPED, &old->marks);
		__ipsec_sad_step_back(sad, pair->sa);
		return;
	}
	move_counters(pair->sa, old);
	__ipsec_sad_take_place(sad, old, pair->sa);
	/* the reference of the tables */
	ipsec_sa_put(old);
	move_wake(pair->sa);
}

static void move_end(struct ipsec_moving *moving)
{
	WRITE_ONCE(moving->ipn->sad->moving, false);
	__ipsec_sad_tell(moving->ipn);
}

/**
 * ipsec_sad_move_commit() - move now
 * @moving: move under way
 *
 * Context: Process, sleeps; holding ipn->config_mutex.
 */
void ipsec_sad_move_commit(struct ipsec_moving *moving)
{
	struct move_pair *pair, *next;

	lockdep_assert_held(&moving->ipn->config_mutex);
	list_for_each_entry(pair, &moving->pairs, list)
		move_stop(pair->old);
	/* no decision of this generation has one of them in it */
	ipsec_net_new_gen(moving->ipn);
	if (!list_empty(&moving->pairs))
		synchronize_rcu_expedited();
	list_for_each_entry_safe(pair, next, &moving->pairs, list) {
		move_over(moving, pair);
		move_pair_free(pair);
	}
	move_end(moving);
}

/**
 * ipsec_sad_move_cancel() - do not move, nothing has happened
 * @moving: move under way
 *
 * Context: Process; holding ipn->config_mutex.
 */
void ipsec_sad_move_cancel(struct ipsec_moving *moving)
{
	struct move_pair *pair, *next;

	lockdep_assert_held(&moving->ipn->config_mutex);
	list_for_each_entry_safe(pair, next, &moving->pairs, list) {
		__ipsec_sad_step_back(moving->ipn->sad, pair->sa);
		move_pair_free(pair);
	}
	move_end(moving);
}
