// SPDX-License-Identifier: GPL-2.0
/*
 * sweep - what time and packets do to SAs: soft, hard, larvals that nobody
 * answered, peers that a NAT has moved. Owns the one timer of a namespace's SAD;
 * never judges a packet.
 *
 *   a packet crosses a limit --> state changed at once, SA into "noticed" --.
 *   the clock reaches the first of "deadlines" ------------------------------+
 *                                                                            v
 *                      under config_mutex: state, unlinking, next deadline
 *                      after it: IPSEC_EVENT_SA_MOVED, _SA_SOFT, then _SA_HARD
 *
 * An SA without limits of time is in no queue, and idle SAs cost nothing.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "base/event.h"
#include "base/net.h"
#include "base/sysctl.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

/*
 * The work's timer stands still while the machine is suspended, the clock of
 * lifetimes does not: never sleep longer than this past a deadline.
 */
#define SWEEP_MAX_SLEEP_MS	60000U

/* What has become due for one SA; bits, since soft and hard may coincide. */
enum sweep_news {
	SWEEP_SOFT = 1,
	SWEEP_HARD = 2,
	SWEEP_MOVED = 4,
};

/* ipsec_life_now() counts from 1. */
static s64 sweep_ms_until(u64 deadline)
{
	return (s64)(deadline - 1) * MSEC_PER_SEC -
	       ktime_to_ms(ktime_get_boottime());
}

/* Under the lock to the end: who sees an earlier deadline must win. */
static void sweep_schedule(struct ipsec_sad *sad)
{
	struct timerqueue_node *first;
	s64 ms;

	spin_lock_bh(&sad->lock);
	first = timerqueue_getnext(&sad->deadlines);
	if (first) {
		ms = clamp_t(s64, sweep_ms_until(first->expires), 0,
			     SWEEP_MAX_SLEEP_MS);
		/* a jiffy late rather than early: early would be in vain */
		mod_delayed_work(ipsec_net_workqueue(), &sad->sweep,
				 msecs_to_jiffies(ms) + 1);
	}
	spin_unlock_bh(&sad->lock);
}

static enum ipsec_life_state sweep_reached(const struct ipsec_sa *sa)
{
	enum ipsec_life_state reached = IPSEC_LIFE_OK;

	if (test_bit(IPSEC_SA_SOFT_DUE, &sa->marks))
		reached |= IPSEC_LIFE_SOFT;
	if (test_bit(IPSEC_SA_HARD_DUE, &sa->marks))
		reached |= IPSEC_LIFE_HARD;
	return reached;
}

/* 0 seconds means no limit, as it does to the stock stack. */
static u64 sweep_larval_end(const struct ipsec_sa *sa)
{
	unsigned int seconds = ipsec_sysctl_larval_seconds(sa->net);

	return seconds ? sa->life.added + seconds : IPSEC_LIFE_NEVER;
}

/**
 * ipsec_sad_arm() - put an SA at its place in the queue of deadlines
 * @sad: tables
 * @sa: an SA in them, queued or not
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_sad_arm(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	struct timerqueue_node *node = &sa->sad.timer;
	bool first = false;
	u64 deadline;

	lockdep_assert_held(&sad->ipn->config_mutex);
	if (sa->state == IPSEC_SA_LARVAL)
		deadline = sweep_larval_end(sa);
	else
		deadline = ipsec_life_deadline(&sa->life, sweep_reached(sa));

	spin_lock_bh(&sad->lock);
	if (timerqueue_node_queued(node))
		timerqueue_del(&sad->deadlines, node);
	/* beyond 1000 years is never, and keeps the arithmetic in range */
	if (deadline < 1ULL << 35) {
		node->expires = deadline;
		first = timerqueue_add(&sad->deadlines, node);
	}
	spin_unlock_bh(&sad->lock);
	if (first)
		sweep_schedule(sad);
}

/**
 * ipsec_sad_disarm() - take an SA out of the queue of deadlines
 * @sad: tables
 * @sa: an SA, queued or not
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_sad_disarm(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	lockdep_assert_held(&sad->ipn->config_mutex);
	spin_lock_bh(&sad->lock);
	if (timerqueue_node_queued(&sa->sad.timer))
		timerqueue_del(&sad->deadlines, &sa->sad.timer);
	spin_unlock_bh(&sad->lock);
}

/**
 * ipsec_sad_notice() - a packet brought an SA to a limit, started its clock, or
 *	came from elsewhere
 * @sa: an SA under RCU
 *
 * Context: any, and it takes no lock.
 */
void ipsec_sad_notice(struct ipsec_sa *sa)
{
	struct ipsec_sad *sad = sa->net->sad;

	if (test_and_set_bit(IPSEC_SA_NOTICED, &sa->marks) ||
	    !ipsec_sa_get(sa))
		return;
	llist_add(&sa->noticed, &sad->noticed);
	queue_work(ipsec_net_workqueue(), &sad->notice);
}

static bool sweep_due(struct ipsec_sa *sa, int due, int told)
{
	return test_bit(due, &sa->marks) && !test_and_set_bit(told, &sa->marks);
}

/* What is to be done about an SA now. Caller holds config_mutex. */
static unsigned int sweep_judge(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	unsigned int news = 0;
	u64 now = ipsec_life_now();

	if (sa->state == IPSEC_SA_LARVAL) {
		/* silently: an SA that never was can not expire */
		if (sweep_larval_end(sa) <= now)
			ipsec_sad_kill(sad->ipn, sa);
		else
			ipsec_sad_arm(sad, sa);
		return 0;
	}

	if (sa->sad.linked)
		ipsec_sa_reach(sa, ipsec_life_at(&sa->life, now));
	/* who deleted it does not want to hear of it again */
	if (sa->sad.linked &&
	    sweep_due(sa, IPSEC_SA_SOFT_DUE, IPSEC_SA_SOFT_TOLD))
		news |= SWEEP_SOFT;
	if (sweep_due(sa, IPSEC_SA_HARD_DUE, IPSEC_SA_HARD_TOLD))
		news |= SWEEP_HARD;
	if (sa->sad.linked && ipsec_natt_take_move(sa))
		news |= SWEEP_MOVED;

	if (READ_ONCE(sa->state) == IPSEC_SA_DEAD)
		ipsec_sad_kill(sad->ipn, sa);
	else
		ipsec_sad_arm(sad, sa);
	return news;
}

static void sweep_tell(struct ipsec_sad *sad, struct ipsec_sa *sa,
		       unsigned int news)
{
	struct ipsec_event ev = { .sa = sa };

	if (news & SWEEP_MOVED) {
		ev.type = IPSEC_EVENT_SA_MOVED;
		ipsec_event_emit(sad->ipn, &ev);
		ipsec_natt_move_told(sa);
	}
	if (news & SWEEP_SOFT) {
		ev.type = IPSEC_EVENT_SA_SOFT;
		ipsec_event_emit(sad->ipn, &ev);
	}
	if (news & SWEEP_HARD) {
		ev.type = IPSEC_EVENT_SA_HARD;
		ipsec_event_emit(sad->ipn, &ev);
	}
}

static void sweep_notice_work(struct work_struct *work)
{
	struct ipsec_sad *sad = container_of(work, struct ipsec_sad, notice);
	struct ipsec_sa *sa, *next;
	struct llist_node *list;
	unsigned int news;

	list = llist_reverse_order(llist_del_all(&sad->noticed));
	llist_for_each_entry_safe(sa, next, list, noticed) {
		clear_bit(IPSEC_SA_NOTICED, &sa->marks);
		/* before: what a packet marks from here on is noticed again */
		smp_mb__after_atomic();
		mutex_lock(&sad->ipn->config_mutex);
		news = sweep_judge(sad, sa);
		mutex_unlock(&sad->ipn->config_mutex);
		sweep_tell(sad, sa, news);
		ipsec_sa_put(sa);
		cond_resched();
	}
}

/* The first SA whose deadline has come, out of the queue, with a reference. */
static struct ipsec_sa *sweep_pop(struct ipsec_sad *sad)
{
	struct timerqueue_node *first;
	struct ipsec_sa *sa = NULL;

	lockdep_assert_held(&sad->ipn->config_mutex);
	spin_lock_bh(&sad->lock);
	first = timerqueue_getnext(&sad->deadlines);
	if (first && (u64)first->expires <= ipsec_life_now()) {
		timerqueue_del(&sad->deadlines, first);
		sa = container_of(first, struct ipsec_sa, sad.timer);
		refcount_inc(&sa->ref);
	}
	spin_unlock_bh(&sad->lock);
	return sa;
}

static void sweep_work(struct work_struct *work)
{
	struct ipsec_sad *sad = container_of(to_delayed_work(work),
					     struct ipsec_sad, sweep);
	unsigned int news = 0;
	struct ipsec_sa *sa;

	for (;;) {
		mutex_lock(&sad->ipn->config_mutex);
		sa = sweep_pop(sad);
		if (sa)
			news = sweep_judge(sad, sa);
		mutex_unlock(&sad->ipn->config_mutex);
		if (!sa)
			break;
		sweep_tell(sad, sa, news);
		ipsec_sa_put(sa);
		cond_resched();
	}
	sweep_schedule(sad);
}

/**
 * ipsec_sad_sweep_init() - get ready for time to pass
 * @sad: tables
 */
void ipsec_sad_sweep_init(struct ipsec_sad *sad)
{
	timerqueue_init_head(&sad->deadlines);
	init_llist_head(&sad->noticed);
	INIT_DELAYED_WORK(&sad->sweep, sweep_work);
	INIT_WORK(&sad->notice, sweep_notice_work);
}

/**
 * ipsec_sad_sweep_exit() - no time will pass any more
 * @sad: tables, empty; no packet can reach an SA of them
 *
 * Context: Process, sleeps.
 */
void ipsec_sad_sweep_exit(struct ipsec_sad *sad)
{
	/* not cancelled: it has references to give back */
	flush_work(&sad->notice);
	cancel_delayed_work_sync(&sad->sweep);
}
