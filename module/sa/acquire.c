// SPDX-License-Identifier: GPL-2.0
/*
 * acquire - asks for SAs that packets miss. A packet leaves a question here and
 * goes its way; a work item makes a larval SA of it, which stands for the
 * question until its answer is there or its time is over, and tells who
 * subscribed. Never holds a packet, and never knows who is asked.
 *
 *   packet --> pending? --yes--> one of the larval SAs: asked, or refused
 *                 |
 *                 '--no--> queue (short) --> work: larval SA, then
 *                                            IPSEC_EVENT_ACQUIRE --nobody--> killed
 *
 * One question for each (saddr, daddr, proto, mode, reqid) and larval life;
 * the number of questions under way is bounded, and the oldest gives way.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "base/event.h"
#include "base/net.h"
#include "sa/acquire.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

/* Questions that packets may leave until the work item runs. */
#define ACQUIRE_QUEUE	64

/* Larval SAs that stand for a question. */
#define ACQUIRE_MAX	1024

/*
 * Daemons count their own messages from 1: an ACQUIRE's number must not be
 * taken for one of those.
 */
#define ACQUIRE_SEQ	0x80000000U

/**
 * struct ipsec_acquire_net - the questions of one namespace
 * @ipn: its namespace
 * @work: asks
 * @lock: guards @queue and @n; BH off
 * @queue: questions to be asked, in order
 * @n: how many
 * @seq: number of the last one asked; ipn->config_mutex
 */
struct ipsec_acquire_net {
	struct ipsec_net *ipn;
	struct work_struct work;
	spinlock_t lock;		/* guards @queue, @n */
	struct ipsec_acquire queue[ACQUIRE_QUEUE];
	unsigned int n;
	u32 seq;
};

static bool acquire_same(const struct ipsec_sa_want *a,
			 const struct ipsec_sa_want *b)
{
	return a->proto == b->proto && a->mode == b->mode &&
	       a->reqid == b->reqid && a->family == b->family &&
	       ipsec_addr_equal(&a->daddr, &b->daddr) &&
	       ipsec_addr_equal(&a->saddr, &b->saddr);
}

/* False when there is no room. Caller holds the lock. */
static bool acquire_enqueue(struct ipsec_acquire_net *an,
			    const struct ipsec_acquire *acq)
{
	unsigned int i;

	lockdep_assert_held(&an->lock);
	for (i = 0; i < an->n; i++)
		if (acquire_same(&an->queue[i].want, &acq->want))
			return true;
	if (an->n == ACQUIRE_QUEUE)
		return false;
	an->queue[an->n++] = *acq;
	queue_work(ipsec_net_workqueue(), &an->work);
	return true;
}

/**
 * ipsec_acquire_rcu() - a packet misses an SA
 * @ipn: namespace
 * @acq: which one
 *
 * Context: inside rcu_read_lock(), BH off.
 * Return: what the packet may hope for.
 */
enum ipsec_acquire_answer ipsec_acquire_rcu(struct ipsec_net *ipn,
					    const struct ipsec_acquire *acq)
{
	struct ipsec_acquire_net *an = ipn->acquire;
	const struct ipsec_sa *larval;
	bool asked;

	/* nobody need be asked for it */
	if (unlikely(READ_ONCE(ipn->sad->moving)))
		return IPSEC_ACQUIRE_ASKED;
	if (!READ_ONCE(ipn->keyers))
		return IPSEC_ACQUIRE_NOBODY;
	larval = ipsec_sad_larval_rcu(ipn, &acq->want);
	if (larval)
		return test_bit(IPSEC_SA_REFUSED, &larval->marks) ?
		       IPSEC_ACQUIRE_NOBODY : IPSEC_ACQUIRE_ASKED;

	spin_lock(&an->lock);
	asked = acquire_enqueue(an, acq);
	spin_unlock(&an->lock);
	return asked ? IPSEC_ACQUIRE_ASKED : IPSEC_ACQUIRE_NOBODY;
}

static struct ipsec_sa *acquire_larval(struct ipsec_acquire_net *an,
				       const struct ipsec_sa_want *want)
{
	struct ipsec_sa *sa = ipsec_sa_alloc(an->ipn, GFP_KERNEL);

	if (!sa)
		return NULL;
	ipsec_sa_set_want(sa, want);
	an->seq = (an->seq + 1) | ACQUIRE_SEQ;
	sa->seq = an->seq;
	return sa;
}

/* Who misses an SA for long has been dropped, or is asking again. */
static void acquire_make_room(struct ipsec_sad *sad)
{
	struct ipsec_sa *oldest;

	if (sad->nasked < ACQUIRE_MAX)
		return;
	oldest = list_first_entry(&sad->asked, struct ipsec_sa, sad.asked);
	ipsec_sad_kill(sad->ipn, oldest);
}

/* An SA or another larval may have come since the packet looked. */
static bool acquire_is_moot(struct ipsec_net *ipn,
			    const struct ipsec_sa_want *want)
{
	bool moot;

	rcu_read_lock();
	moot = ipsec_sad_larval_rcu(ipn, want) ||
	       ipsec_sad_choose_rcu(ipn, want);
	rcu_read_unlock();
	return moot;
}

static void acquire_ask(struct ipsec_acquire_net *an,
			const struct ipsec_acquire *acq)
{
	struct ipsec_event ev = {
		.type = IPSEC_EVENT_ACQUIRE,
		.sp_id = acq->sp_id,
		.sp_priority = acq->sp_priority,
	};
	struct ipsec_net *ipn = an->ipn;
	struct ipsec_sa *sa;

	lockdep_assert_held(&ipn->config_mutex);
	if (acquire_is_moot(ipn, &acq->want))
		return;
	sa = acquire_larval(an, &acq->want);
	if (!sa)
		return;
	acquire_make_room(ipn->sad);
	if (!ipsec_sad_insert(ipn, sa)) {
		ipsec_sad_ask(ipn->sad, sa);
		ev.sa = sa;
		/* unheard it would only keep others from asking */
		if (ipsec_event_emit(ipn, &ev))
			ipsec_sad_kill(ipn, sa);
	}
	ipsec_sa_put(sa);
}

static bool acquire_pop(struct ipsec_acquire_net *an,
			struct ipsec_acquire *acq)
{
	bool any;

	spin_lock_bh(&an->lock);
	any = an->n;
	if (any) {
		*acq = an->queue[0];
		memmove(an->queue, an->queue + 1,
			--an->n * sizeof(an->queue[0]));
	}
	spin_unlock_bh(&an->lock);
	return any;
}

static void acquire_work(struct work_struct *work)
{
	struct ipsec_acquire_net *an = container_of(work,
						    struct ipsec_acquire_net,
						    work);
	struct ipsec_acquire acq;

	while (acquire_pop(an, &acq)) {
		mutex_lock(&an->ipn->config_mutex);
		acquire_ask(an, &acq);
		mutex_unlock(&an->ipn->config_mutex);
		cond_resched();
	}
}

/**
 * ipsec_acquire_refuse() - a keying daemon could not make an SA
 * @ipn: namespace
 * @seq: number of the question
 *
 * The question is not put again before the larval SA's life is over.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_acquire_refuse(struct ipsec_net *ipn, u32 seq)
{
	struct ipsec_sa *sa;

	lockdep_assert_held(&ipn->config_mutex);
	list_for_each_entry(sa, &ipn->sad->asked, sad.asked) {
		if (sa->seq != seq)
			continue;
		set_bit(IPSEC_SA_REFUSED, &sa->marks);
		ipsec_event_look_again(ipn);
		return;
	}
}

/**
 * ipsec_acquire_net_init() - no question yet
 * @ipn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_acquire_net_init(struct ipsec_net *ipn)
{
	struct ipsec_acquire_net *an = kzalloc(sizeof(*an), GFP_KERNEL);

	if (!an)
		return -ENOMEM;
	an->ipn = ipn;
	spin_lock_init(&an->lock);
	INIT_WORK(&an->work, acquire_work);
	/* not to be guessed by who could not read it either */
	an->seq = get_random_u32();
	ipn->acquire = an;
	return 0;
}

/**
 * ipsec_acquire_net_exit() - no more questions
 * @ipn: namespace, without packets; its SAD is still there
 *
 * Context: Process, sleeps.
 */
void ipsec_acquire_net_exit(struct ipsec_net *ipn)
{
	if (!ipn->acquire)
		return;
	cancel_work_sync(&ipn->acquire->work);
	kfree(ipn->acquire);
	ipn->acquire = NULL;
}
