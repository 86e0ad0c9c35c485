// SPDX-License-Identifier: GPL-2.0
/*
 * sa - one security association: memory, states, counters, sequence numbers,
 * and its end. Never links it anywhere: that is sad.c.
 *
 * The death of an SA:
 *
 *   kill        ipsec_sad_kill(), by PF_KEY, by the sweep, or with the
 *               namespace: state DEAD, out of every table, new generation
 *   last put    in-flight crypto and dumps hold references; packets on the
 *               synchronous road hold none, RCU alone covers them
 *   call_rcu    until no packet can see it
 *   work item   since freeing a transform may sleep: transform, keys and all
 *               else zeroed and freed
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "base/net.h"
#include "base/trace.h"
#include "sa/sa.h"
#include "sa/sad_priv.h"
#include "sa/xform.h"

/*
 * Without ESN a successor is asked for when a sixteenth of the numbers is
 * left: half a minute at ten million packets a second.
 */
#define SA_SEQ_SOFT	0xf0000000U

static struct kmem_cache *sa_cache;
static LLIST_HEAD(sa_dead);			/* past their grace period */
static void (*sa_trail_release)(struct ipsec_sa *sa);	/* const after init */

/**
 * ipsec_sa_init() - before the first SA
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_sa_init(void)
{
	sa_cache = kmem_cache_create("testudo_sa", sizeof(struct ipsec_sa), 0,
				     SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
	return sa_cache ? 0 : -ENOMEM;
}

/**
 * ipsec_sa_exit() - after the last SA was freed
 */
void ipsec_sa_exit(void)
{
	kmem_cache_destroy(sa_cache);
}

/**
 * ipsec_sa_set_trail_release() - who frees the records of packets
 * @release: called once for each SA at its last put, before RCU: any context;
 *	NULL for nobody
 *
 * Context: while there is no SA.
 */
void ipsec_sa_set_trail_release(void (*release)(struct ipsec_sa *sa))
{
	sa_trail_release = release;
}

/**
 * ipsec_sa_alloc() - a new SA
 * @ipn: its namespace
 * @gfp: how to allocate
 *
 * LARVAL, without limits, created now, in no table.
 *
 * Return: the SA with one reference, the caller's; or NULL.
 */
struct ipsec_sa *ipsec_sa_alloc(struct ipsec_net *ipn, gfp_t gfp)
{
	struct ipsec_sa *sa;
	int i;

	sa = kmem_cache_zalloc(sa_cache, gfp);
	if (!sa)
		return NULL;
	sa->net = ipn;
	sa->state = IPSEC_SA_LARVAL;
	refcount_set(&sa->ref, 1);
	INIT_LIST_HEAD(&sa->sad.all.list);
	for (i = 0; i < IPSEC_SA_GROUPS; i++)
		sa->sad.group[i].sa = sa;
	timerqueue_init(&sa->sad.timer);
	INIT_LIST_HEAD(&sa->sad.asked);
	ipsec_life_init(&sa->life, ipsec_life_now(), ipsec_life_wall());
	return sa;
}

/**
 * ipsec_sa_make_mature() - make the transform of a new SA
 * @sa: filled in, with its replay window made; in no table
 * @like: SA whose place it is going to take; NULL for one of its own
 *
 * Context: Process, may sleep.
 * Return: 0 and the SA is MATURE; -EPROTONOSUPPORT, -EINVAL for keys,
 * algorithms or counters that do not fit, -ENOSYS for an algorithm that this
 * kernel has not got, -ENOMEM.
 */
int ipsec_sa_make_mature(struct ipsec_sa *sa, const struct ipsec_sa *like)
{
	const struct ipsec_xform *xf = ipsec_xform_find(sa->proto);
	u64 oseq = atomic64_read(&sa->oseq);
	int err;

	if (!xf)
		return -EPROTONOSUPPORT;
	/* what ipsec_sa_take_seq() relies on */
	if (oseq > (sa->replay.esn ? S64_MAX : U32_MAX))
		return -EINVAL;
	err = xf->init(sa, like);
	if (err)
		return err;
	sa->xform = xf;
	ipsec_sa_change_state(sa, IPSEC_SA_LARVAL, IPSEC_SA_MATURE);
	return 0;
}

/**
 * ipsec_sa_get() - hold an SA
 * @sa: an SA under RCU
 *
 * Context: any.
 * Return: false if its last reference is gone: leave it alone then.
 */
bool ipsec_sa_get(struct ipsec_sa *sa)
{
	return refcount_inc_not_zero(&sa->ref);
}

static void sa_free(struct ipsec_sa *sa)
{
	if (sa->xform)
		sa->xform->destroy(sa);
	ipsec_replay_exit(&sa->replay);
	memzero_explicit(sa, sizeof(*sa));
	kmem_cache_free(sa_cache, sa);
}

/*
 * One item for all, which sleeps where it has to: a namespace that flushes a
 * million SAs must not fill the queue in which others wait for their limits.
 */
static void sa_free_work(struct work_struct *work)
{
	struct ipsec_sa *sa, *next;

	llist_for_each_entry_safe(sa, next, llist_del_all(&sa_dead), dead) {
		sa_free(sa);
		cond_resched();
	}
}

static DECLARE_WORK(sa_free_item, sa_free_work);

static void sa_free_rcu(struct rcu_head *rcu)
{
	struct ipsec_sa *sa = container_of(rcu, struct ipsec_sa, rcu);

	if (llist_add(&sa->dead, &sa_dead))
		queue_work(ipsec_net_workqueue(), &sa_free_item);
}

/**
 * ipsec_sa_put() - let go of an SA
 * @sa: an SA that the caller holds
 *
 * Context: any; never sleeps.
 */
void ipsec_sa_put(struct ipsec_sa *sa)
{
	if (!refcount_dec_and_test(&sa->ref))
		return;
	if (sa_trail_release)
		sa_trail_release(sa);
	call_rcu(&sa->rcu, sa_free_rcu);
}

/**
 * ipsec_sa_change_state() - from one state to another
 * @sa: an SA
 * @from: enum ipsec_sa_state
 * @to: enum ipsec_sa_state
 *
 * Context: any.
 * Return: false if it was not in @from, and is as it was.
 */
bool ipsec_sa_change_state(struct ipsec_sa *sa, int from, int to)
{
	if (cmpxchg(&sa->state, from, to) != from)
		return false;
	trace_testudo_sa_state(sa->net->net, sa->spi, sa->proto, sa->family,
			       &sa->saddr, &sa->daddr, from, to);
	return true;
}

/**
 * ipsec_sa_shown_state() - the state that PF_KEY is told
 * @sa: any SA
 *
 * Context: any.
 * Return: enum ipsec_sa_state.
 */
int ipsec_sa_shown_state(const struct ipsec_sa *sa)
{
	int state = READ_ONCE(sa->state);

	if (state != IPSEC_SA_DEAD || !test_bit(IPSEC_SA_STOPPED, &sa->marks))
		return state;
	return test_bit(IPSEC_SA_SOFT_DUE, &sa->marks) ? IPSEC_SA_DYING :
							 IPSEC_SA_MATURE;
}

/**
 * ipsec_sa_check_use() - may a packet use it
 * @sa: an SA under RCU
 *
 * Context: any.
 * Return: 0; -ETIME if a hard lifetime ended it; -EINVAL if it is larval or
 * was deleted.
 */
int ipsec_sa_check_use(const struct ipsec_sa *sa)
{
	if (likely(ipsec_sa_usable(sa)))
		return 0;
	return test_bit(IPSEC_SA_HARD_DUE, &sa->marks) ? -ETIME : -EINVAL;
}

/* New limits may make a dying SA mature again at this very moment. */
static bool sa_end(struct ipsec_sa *sa)
{
	int from;

	while ((from = READ_ONCE(sa->state)) != IPSEC_SA_DEAD) {
		if (ipsec_sa_change_state(sa, from, IPSEC_SA_DEAD))
			return true;
	}
	return false;
}

static bool sa_mark(struct ipsec_sa *sa, int bit)
{
	return !test_bit(bit, &sa->marks) && !test_and_set_bit(bit, &sa->marks);
}

/**
 * ipsec_sa_reach() - a lifetime was reached: change the state
 * @sa: an SA
 * @reached: what was reached; nothing is forgotten by saying it again
 *
 * Who caches this SA as the one to use has to choose again, so this makes a
 * new generation.
 *
 * Context: any.
 * Return: true if that is news, so that the sweep has to tell it.
 */
bool ipsec_sa_reach(struct ipsec_sa *sa, enum ipsec_life_state reached)
{
	bool changed = false;
	bool news = false;

	if (reached & IPSEC_LIFE_SOFT && sa_mark(sa, IPSEC_SA_SOFT_DUE)) {
		news = true;
		changed = ipsec_sa_change_state(sa, IPSEC_SA_MATURE,
						IPSEC_SA_DYING);
	}
	/* the mark first: it says why the state is DEAD */
	if (reached & IPSEC_LIFE_HARD && sa_mark(sa, IPSEC_SA_HARD_DUE)) {
		news = true;
		changed |= sa_end(sa);
	}
	if (changed)
		ipsec_net_new_gen(sa->net);
	return news;
}

/**
 * ipsec_sa_account() - count a packet
 * @sa: an SA under RCU
 * @bytes: what it protects of this packet, see struct ipsec_limits
 *
 * Outbound before the transform, inbound when the packet is known to be
 * authentic and new. What a limit leads to (state, events, unlinking) happens
 * from here; the caller only has to heed HARD.
 *
 * Context: any.
 * Return: IPSEC_LIFE_HARD if the packet must be dropped, else
 * IPSEC_LIFE_SOFT or IPSEC_LIFE_OK.
 */
enum ipsec_life_state ipsec_sa_account(struct ipsec_sa *sa, unsigned int bytes)
{
	enum ipsec_life_state reached = ipsec_life_count(&sa->life, bytes);

	if (!(reached & IPSEC_LIFE_HARD) &&
	    ipsec_life_touch(&sa->life, ipsec_life_now()) &&
	    (sa->life.soft.usetime || sa->life.hard.usetime))
		ipsec_sad_notice(sa);
	if (likely(reached == IPSEC_LIFE_OK))
		return IPSEC_LIFE_OK;

	if (ipsec_sa_reach(sa, reached))
		ipsec_sad_notice(sa);
	return reached & IPSEC_LIFE_HARD ? IPSEC_LIFE_HARD : IPSEC_LIFE_SOFT;
}

/**
 * ipsec_sa_take_seq() - the next sequence number to send
 * @sa: an SA under RCU
 * @seq: where to put it; 64 bits, of which the packet carries the lower half
 *
 * No number is given out twice. Without ESN the last one is 2^32 - 1 (RFC 4303
 * 3.3.3); near it the SA becomes DYING, as by a soft lifetime. A refusal gives
 * its count back: the counter never stands below the last number while one is
 * under way, so nobody can get an old one. With ESN the end is 2^63, so that
 * the counter can not pass through 0 either.
 *
 * Context: any.
 * Return: 0, or -EOVERFLOW when they are used up.
 */
int ipsec_sa_take_seq(struct ipsec_sa *sa, u64 *seq)
{
	u64 last = sa->replay.esn ? S64_MAX : U32_MAX;
	u64 n = atomic64_inc_return(&sa->oseq);

	if (unlikely(n > last)) {
		atomic64_dec(&sa->oseq);
		return -EOVERFLOW;
	}
	if (unlikely(!sa->replay.esn && n >= SA_SEQ_SOFT) &&
	    ipsec_sa_reach(sa, IPSEC_LIFE_SOFT))
		ipsec_sad_notice(sa);
	*seq = n;
	return 0;
}
