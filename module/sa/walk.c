// SPDX-License-Identifier: GPL-2.0
/*
 * walk - one SA after the other, for dumps of any speed and for flush. Keeps a
 * place in the list of all SAs; never holds a lock between two steps.
 *
 * The place is an entry of the list itself, so whatever is deleted around it,
 * the walk goes on where it was. An SA that is there from start to end is seen
 * exactly once; one that is replaced meanwhile is seen as the old or the new.
 */
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "base/net.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

/* Most entries passed by in one hold of the lock. */
#define WALK_STEPS	64

/**
 * struct ipsec_sad_walk - a walk
 * @at: its place: everything before it was seen; sad->lock
 * @sad: what is walked
 * @proto: which SAs, 0 for all
 * @dead_too: those as well that a packet ended, and the sweep will unlink
 */
struct ipsec_sad_walk {
	struct ipsec_sad_entry at;
	struct ipsec_sad *sad;
	u8 proto;
	bool dead_too;
};

static void walk_begin(struct ipsec_sad_walk *w, struct ipsec_sad *sad,
		       u8 proto)
{
	w->sad = sad;
	w->proto = proto;
	w->at.cursor = true;
	spin_lock_bh(&sad->lock);
	list_add(&w->at.list, &sad->all);
	spin_unlock_bh(&sad->lock);
}

static void walk_leave(struct ipsec_sad_walk *w)
{
	spin_lock_bh(&w->sad->lock);
	list_del(&w->at.list);
	spin_unlock_bh(&w->sad->lock);
}

/**
 * ipsec_sad_walk_start() - begin with the oldest SA
 * @ipn: namespace; must outlive the walk
 * @proto: IPPROTO_ESP ..., or 0 for all
 *
 * Context: Process.
 * Return: the walk, for ipsec_sad_walk_end(); or NULL without memory.
 */
struct ipsec_sad_walk *ipsec_sad_walk_start(struct ipsec_net *ipn, u8 proto)
{
	struct ipsec_sad_walk *w;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (w)
		walk_begin(w, ipn->sad, proto);
	return w;
}

/* A few entries on. Caller holds sad->lock. */
static struct ipsec_sa *walk_steps(struct ipsec_sad_walk *w, bool *end)
{
	struct list_head *pos = &w->at.list;
	struct ipsec_sad_entry *entry;
	struct ipsec_sa *sa, *found = NULL;
	int n;

	lockdep_assert_held(&w->sad->lock);
	for (n = 0; n < WALK_STEPS && pos->next != &w->sad->all; n++) {
		pos = pos->next;
		entry = list_entry(pos, struct ipsec_sad_entry, list);
		if (entry->cursor)
			continue;
		sa = container_of(entry, struct ipsec_sa, sad.all);
		if ((w->proto && sa->proto != w->proto) ||
		    (!w->dead_too && ipsec_sa_shown_state(sa) == IPSEC_SA_DEAD))
			continue;
		if (ipsec_sa_get(sa)) {
			found = sa;
			break;
		}
	}
	*end = pos->next == &w->sad->all;
	if (pos != &w->at.list)
		list_move(&w->at.list, pos);
	return found;
}

/**
 * ipsec_sad_walk_next() - the next SA
 * @w: walk
 *
 * Context: Process.
 * Return: larval, mature or dying, for the caller to put; NULL after the last.
 */
struct ipsec_sa *ipsec_sad_walk_next(struct ipsec_sad_walk *w)
{
	struct ipsec_sa *sa;
	bool end;

	for (;;) {
		spin_lock_bh(&w->sad->lock);
		sa = walk_steps(w, &end);
		spin_unlock_bh(&w->sad->lock);
		if (sa || end)
			return sa;
		cond_resched();
	}
}

/**
 * ipsec_sad_walk_end() - the walk is over, at its end or before
 * @w: walk
 *
 * Context: Process.
 */
void ipsec_sad_walk_end(struct ipsec_sad_walk *w)
{
	walk_leave(w);
	kfree(w);
}

/**
 * ipsec_sad_flush() - kill all SAs of a protocol
 * @ipn: namespace
 * @proto: IPPROTO_ESP ..., or 0 for all
 *
 * Context: Process. Caller holds ipn->config_mutex, so none comes meanwhile.
 * Return: how many.
 */
unsigned int ipsec_sad_flush(struct ipsec_net *ipn, u8 proto)
{
	struct ipsec_sad_walk w = { .dead_too = true };
	struct ipsec_sa *sa;
	unsigned int n = 0;

	lockdep_assert_held(&ipn->config_mutex);
	walk_begin(&w, ipn->sad, proto);
	while ((sa = ipsec_sad_walk_next(&w))) {
		ipsec_sad_kill(ipn, sa);
		ipsec_sa_put(sa);
		n++;
		cond_resched();
	}
	walk_leave(&w);
	return n;
}
