// SPDX-License-Identifier: GPL-2.0
/*
 * spd - the policies of a namespace as the control plane sees them: add,
 * update, delete, walk, ids, reqids, lifetimes. Never matches a flow; that is
 * spd_lookup.c.
 */
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/timerqueue.h>

#include "base/event.h"
#include "sp/flow_cache.h"
#include "sp/spd.h"
#include "sp/spd_priv.h"

/* Reqids up to here are for people; the kernel picks from above (KAME's rule). */
#define IPSEC_REQID_MANUAL_MAX	0x3fff

/* An id's upper 29 bits; 0 is none. */
#define SPD_INDEX_LIMIT		XA_LIMIT(1, U32_MAX >> 3)
#define SPD_ID_SHIFT		3

/* Longest sleep of the lifetime work, seconds: jiffies wrap on 32 bits. */
#define SPD_EXPIRE_MAX		3600

/**
 * struct ipsec_spd_walk - place of a walk
 * @spd: policies
 * @index: of the last policy given out in spd->ids, 0 at the start
 */
struct ipsec_spd_walk {
	struct ipsec_spd *spd;
	unsigned long index;
};

/**
 * ipsec_spd_empty() - is no policy of a direction there
 * @ipn: namespace
 * @dir: direction; FWD counts those of IN, to which it falls back
 *
 * Context: any.
 * Return: true if so.
 */
bool ipsec_spd_empty(const struct ipsec_net *ipn, enum ipsec_sp_dir dir)
{
	const struct ipsec_spd *spd = ipn->spd;

	if (READ_ONCE(spd->count[dir]))
		return false;
	return dir != IPSEC_SP_FWD || !READ_ONCE(spd->count[IPSEC_SP_IN]);
}

/**
 * ipsec_spd_names_ports4() - does any policy name ports of IPv4
 * @ipn: namespace
 *
 * Whatever its action: one that lets a port pass makes fragments of it differ
 * from one that protects it as much.
 *
 * Context: any.
 * Return: true if so.
 */
bool ipsec_spd_names_ports4(const struct ipsec_net *ipn)
{
	return READ_ONCE(ipn->spd->ports4);
}

/**
 * ipsec_spd_count() - number of policies
 * @ipn: namespace
 *
 * Context: Caller holds ipn->config_mutex.
 * Return: the number, all directions together.
 */
unsigned int ipsec_spd_count(struct ipsec_net *ipn)
{
	const struct ipsec_spd *spd = ipn->spd;

	lockdep_assert_held(&ipn->config_mutex);
	return spd->count[IPSEC_SP_IN] + spd->count[IPSEC_SP_OUT] +
	       spd->count[IPSEC_SP_FWD];
}

static void spd_count_add(struct ipsec_spd *spd, enum ipsec_sp_dir dir, int n)
{
	WRITE_ONCE(spd->count[dir], spd->count[dir] + n);
}

static void spd_ports_add(struct ipsec_spd *spd, const struct ipsec_sp *sp,
			  int n)
{
	if (sp->key.shape & IPSEC_SHAPE_PORTS &&
	    !(sp->key.shape & IPSEC_SHAPE_IPV6))
		WRITE_ONCE(spd->ports4, spd->ports4 + n);
}

/*
 * Reqids in use, so that new ones differ.
 */

static int spd_reqid_hold(struct ipsec_spd *spd, u32 reqid)
{
	unsigned long n;

	if (reqid <= IPSEC_REQID_MANUAL_MAX)
		return 0;
	n = xa_to_value(xa_load(&spd->reqids, reqid) ?: xa_mk_value(0));
	return xa_err(xa_store(&spd->reqids, reqid, xa_mk_value(n + 1),
			       GFP_KERNEL));
}

static void spd_reqid_drop(struct ipsec_spd *spd, u32 reqid)
{
	unsigned long n;

	if (reqid <= IPSEC_REQID_MANUAL_MAX)
		return;
	n = xa_to_value(xa_load(&spd->reqids, reqid));
	if (n == 1)
		xa_erase(&spd->reqids, reqid);
	else	/* no new slot, so it needs no memory */
		xa_store(&spd->reqids, reqid, xa_mk_value(n - 1), GFP_KERNEL);
}

static void spd_reqids_drop(struct ipsec_spd *spd, const struct ipsec_sp *sp,
			    unsigned int n)
{
	while (n--)
		spd_reqid_drop(spd, sp->tmpl[n].reqid);
}

static int spd_reqids_hold(struct ipsec_spd *spd, const struct ipsec_sp *sp)
{
	unsigned int i;
	int err;

	for (i = 0; i < sp->ntmpl; i++) {
		err = spd_reqid_hold(spd, sp->tmpl[i].reqid);
		if (err) {
			spd_reqids_drop(spd, sp, i);
			return err;
		}
	}
	return 0;
}

/**
 * ipsec_spd_new_reqid() - a reqid that no policy names
 * @ipn: namespace
 *
 * Two calls differ even when nothing was inserted between them.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: a number above 0x3fff.
 */
u32 ipsec_spd_new_reqid(struct ipsec_net *ipn)
{
	struct ipsec_spd *spd = ipn->spd;
	u32 reqid;

	lockdep_assert_held(&ipn->config_mutex);
	do {
		reqid = spd->next_reqid++;
		if (reqid <= IPSEC_REQID_MANUAL_MAX) {
			reqid = IPSEC_REQID_MANUAL_MAX + 1;
			spd->next_reqid = reqid + 1;
		}
	} while (xa_load(&spd->reqids, reqid));
	return reqid;
}

/*
 * Lifetimes. A packet only notes when it used the policy; the work finds out
 * at the old deadline whether there is a new one.
 */

/* Monotonic seconds of the policy's end, KTIME_MAX for never. */
static ktime_t spd_deadline(const struct ipsec_sp *sp)
{
	ktime_t deadline = KTIME_MAX, end;

	if (sp->lifetime_add &&
	    !check_add_overflow(sp->added, sp->lifetime_add, &end))
		deadline = end;
	if (sp->lifetime_use &&
	    !check_add_overflow(READ_ONCE(sp->used) ?: sp->added,
				sp->lifetime_use, &end))
		deadline = min(deadline, end);
	return deadline;
}

static void spd_arm(struct ipsec_spd *spd)
{
	struct timerqueue_node *first = timerqueue_getnext(&spd->timers);
	ktime_t delay;

	if (!first)
		return;
	delay = clamp_t(ktime_t, first->expires - ktime_get_seconds(), 0,
			SPD_EXPIRE_MAX);
	mod_delayed_work(ipsec_net_workqueue(), &spd->expire, delay * HZ);
}

static void spd_timer_start(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	ktime_t deadline = spd_deadline(sp);

	if (deadline == KTIME_MAX)
		return;
	timerqueue_init(&sp->timer);
	sp->timer.expires = deadline;
	sp->timed = true;
	if (timerqueue_add(&spd->timers, &sp->timer))
		spd_arm(spd);
}

static void spd_timer_stop(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	if (!sp->timed)
		return;
	timerqueue_del(&spd->timers, &sp->timer);
	sp->timed = false;
}

/* Delete the next policy whose time has come. Referenced; NULL for none. */
static struct ipsec_sp *spd_expire_next(struct ipsec_spd *spd)
{
	struct timerqueue_node *node;
	struct ipsec_sp *sp;

	lockdep_assert_held(&spd->ipn->config_mutex);
	while ((node = timerqueue_getnext(&spd->timers)) &&
	       node->expires <= ktime_get_seconds()) {
		sp = container_of(node, struct ipsec_sp, timer);
		spd_timer_stop(spd, sp);
		if (spd_deadline(sp) > ktime_get_seconds()) {
			spd_timer_start(spd, sp);
			continue;
		}
		refcount_inc(&sp->ref);
		ipsec_spd_kill(spd->ipn, sp);
		return sp;
	}
	spd_arm(spd);
	return NULL;
}

static void spd_expire(struct work_struct *work)
{
	struct ipsec_spd *spd = container_of(to_delayed_work(work),
					     struct ipsec_spd, expire);
	struct ipsec_event ev = { .type = IPSEC_EVENT_SP_HARD };

	do {
		mutex_lock(&spd->ipn->config_mutex);
		ev.sp = spd_expire_next(spd);
		mutex_unlock(&spd->ipn->config_mutex);
		if (ev.sp) {
			ipsec_event_emit(spd->ipn, &ev);
			ipsec_sp_put(ev.sp);
		}
		cond_resched();
	} while (ev.sp);
}

/*
 * Changes.
 */

/* A slot of its own, in which a walk finds nothing yet. */
static int spd_id_take(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	u32 index;
	int err;

	err = xa_alloc_cyclic(&spd->ids, &index, NULL, SPD_INDEX_LIMIT,
			      &spd->next_id, GFP_KERNEL);
	if (err < 0)
		return err;
	sp->id = index << SPD_ID_SHIFT | sp->dir;
	return 0;
}

/* From now on walks see it; the slot is there, so it needs no memory. */
static void spd_show(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	xa_store(&spd->ids, sp->id >> SPD_ID_SHIFT, sp, GFP_KERNEL);
}

/* What a policy in the tables is beyond the lookup: the same for update. */
static void spd_settle(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	refcount_inc(&sp->ref);
	spd_ports_add(spd, sp, 1);
	spd_timer_start(spd, sp);
	ipsec_net_new_policy(spd->ipn);
}

static void spd_unsettle(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	ipsec_spd_index_remove(spd, sp);
	spd_timer_stop(spd, sp);
	spd_ports_add(spd, sp, -1);
	spd_reqids_drop(spd, sp, sp->ntmpl);
	WRITE_ONCE(sp->dead, true);
	ipsec_net_new_gen(spd->ipn);
}

/**
 * ipsec_spd_find() - the policy with exactly this selector
 * @ipn: namespace
 * @dir: direction
 * @sel: selector, compared as given: bits beyond the prefixes count
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: the policy, borrowed as long as the mutex is held; or NULL.
 */
struct ipsec_sp *ipsec_spd_find(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
				const struct ipsec_selector *sel)
{
	lockdep_assert_held(&ipn->config_mutex);
	return ipsec_spd_index_find(ipn->spd, dir, sel);
}

/**
 * ipsec_spd_find_id() - the policy with this id
 * @ipn: namespace
 * @id: as PF_KEY shows it
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: the policy, borrowed as long as the mutex is held; or NULL.
 */
struct ipsec_sp *ipsec_spd_find_id(struct ipsec_net *ipn, u32 id)
{
	struct ipsec_sp *sp;

	lockdep_assert_held(&ipn->config_mutex);
	sp = xa_load(&ipn->spd->ids, id >> SPD_ID_SHIFT);
	return sp && sp->id == id ? sp : NULL;
}

/**
 * ipsec_spd_insert() - add a policy
 * @ipn: namespace
 * @sp: new policy; its id and age are set here. The tables take a reference
 *	of their own
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0; -EEXIST when the direction has a policy with this selector;
 * -ENOMEM, or what the packet hooks said. Nothing has changed then.
 */
int ipsec_spd_insert(struct ipsec_net *ipn, struct ipsec_sp *sp)
{
	struct ipsec_spd *spd = ipn->spd;
	int err;

	if (ipsec_spd_find(ipn, sp->dir, &sp->sel))
		return -EEXIST;

	err = ipsec_flow_cache_alloc(ipn);
	if (err)
		return err;
	err = ipsec_net_use(ipn);
	if (err)
		return err;
	err = spd_reqids_hold(spd, sp);
	if (err)
		goto err_use;
	err = spd_id_take(spd, sp);
	if (err)
		goto err_reqids;
	sp->age = spd->next_age++;
	err = ipsec_spd_index_insert(spd, sp);
	if (err)
		goto err_id;

	spd_count_add(spd, sp->dir, 1);
	spd_show(spd, sp);
	spd_settle(spd, sp);
	return 0;

err_id:
	xa_erase(&spd->ids, sp->id >> SPD_ID_SHIFT);
	sp->id = 0;
err_reqids:
	spd_reqids_drop(spd, sp, sp->ntmpl);
err_use:
	ipsec_net_unuse(ipn);
	return err;
}

/**
 * ipsec_spd_update() - replace the policy with the same selector, or add one
 * @ipn: namespace
 * @sp: new policy; it gets the id and the age of the one that it replaces.
 *	The tables take a reference of their own
 *
 * At every moment one of the two decides about packets, never none.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0, or a negative errno and nothing has changed.
 */
int ipsec_spd_update(struct ipsec_net *ipn, struct ipsec_sp *sp)
{
	struct ipsec_sp *old = ipsec_spd_find(ipn, sp->dir, &sp->sel);
	struct ipsec_spd *spd = ipn->spd;
	int err;

	if (!old)
		return ipsec_spd_insert(ipn, sp);

	err = spd_reqids_hold(spd, sp);
	if (err)
		return err;
	sp->id = old->id;
	sp->age = old->age;
	err = ipsec_spd_index_insert(spd, sp);
	if (err) {
		spd_reqids_drop(spd, sp, sp->ntmpl);
		return err;
	}

	spd_show(spd, sp);
	spd_settle(spd, sp);
	spd_unsettle(spd, old);
	ipsec_sp_put(old);
	return 0;
}

/**
 * ipsec_spd_kill() - delete a policy
 * @ipn: namespace
 * @sp: policy in the tables. Their reference goes: a caller who needs it
 *	afterwards has got one of his own
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_spd_kill(struct ipsec_net *ipn, struct ipsec_sp *sp)
{
	struct ipsec_spd *spd = ipn->spd;

	lockdep_assert_held(&ipn->config_mutex);
	xa_erase(&spd->ids, sp->id >> SPD_ID_SHIFT);
	spd_count_add(spd, sp->dir, -1);
	spd_unsettle(spd, sp);
	if (!spd->clearing)
		ipsec_net_new_policy(ipn);
	ipsec_net_unuse(ipn);
	ipsec_sp_put(sp);
	if (!ipsec_spd_count(ipn))
		ipsec_flow_cache_purge(ipn);
}

/**
 * ipsec_spd_flush() - delete all policies
 * @ipn: namespace
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: how many there were.
 */
unsigned int ipsec_spd_flush(struct ipsec_net *ipn)
{
	struct ipsec_spd *spd = ipn->spd;
	unsigned int n = ipsec_spd_count(ipn);
	struct ipsec_sp *sp;
	unsigned long index;

	ipsec_spd_index_clear(spd);
	xa_for_each(&spd->ids, index, sp) {
		ipsec_spd_kill(ipn, sp);
		cond_resched();
	}
	spd->clearing = false;
	ipsec_net_new_policy(ipn);
	return n;
}

/*
 * Walk. The order is that of ids, which is the order of creation until 2^29
 * policies have come; an update moves nothing. So a policy that is there from
 * the start to the end of a walk is seen exactly once, whatever else changes.
 */

/**
 * ipsec_spd_walk_start() - begin a walk over all policies
 * @ipn: namespace; must stay until the walk ends
 *
 * Context: Process.
 * Return: a walk, or NULL without memory.
 */
struct ipsec_spd_walk *ipsec_spd_walk_start(struct ipsec_net *ipn)
{
	struct ipsec_spd_walk *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (w)
		w->spd = ipn->spd;
	return w;
}

/**
 * ipsec_spd_walk_next() - the next policy
 * @w: walk; any time may pass between two calls
 *
 * Context: any; no lock is needed.
 * Return: a referenced policy, or NULL at the end.
 */
struct ipsec_sp *ipsec_spd_walk_next(struct ipsec_spd_walk *w)
{
	unsigned long index;
	struct ipsec_sp *sp;

	rcu_read_lock();
	/* an update replaces a policy at its place before it lets go of it */
	do {
		index = w->index;
		sp = xa_find_after(&w->spd->ids, &index, ULONG_MAX,
				   XA_PRESENT);
	} while (sp && !ipsec_sp_get(sp));
	if (sp)
		w->index = index;
	rcu_read_unlock();
	return sp;
}

/**
 * ipsec_spd_walk_end() - end a walk, finished or not
 * @w: walk
 */
void ipsec_spd_walk_end(struct ipsec_spd_walk *w)
{
	kfree(w);
}

/*
 * Namespaces.
 */

/**
 * ipsec_spd_net_init() - no policies yet
 * @ipn: namespace
 *
 * Return: 0 or a negative errno.
 */
int ipsec_spd_net_init(struct ipsec_net *ipn)
{
	struct ipsec_spd *spd;
	int err;

	spd = kzalloc(sizeof(*spd), GFP_KERNEL);
	if (!spd)
		return -ENOMEM;
	spd->ipn = ipn;
	spd->next_reqid = IPSEC_REQID_MANUAL_MAX + 1;
	xa_init_flags(&spd->ids, XA_FLAGS_ALLOC1);
	xa_init(&spd->reqids);
	timerqueue_init_head(&spd->timers);
	INIT_DELAYED_WORK(&spd->expire, spd_expire);

	err = ipsec_spd_index_init(spd);
	if (err) {
		kfree(spd);
		return err;
	}
	ipn->spd = spd;
	return 0;
}

/**
 * ipsec_spd_net_exit() - delete all policies and their tables
 * @ipn: namespace; no packet looks anything up in it
 */
void ipsec_spd_net_exit(struct ipsec_net *ipn)
{
	struct ipsec_spd *spd = ipn->spd;

	mutex_lock(&ipn->config_mutex);
	ipsec_spd_flush(ipn);
	mutex_unlock(&ipn->config_mutex);
	cancel_delayed_work_sync(&spd->expire);

	ipsec_spd_index_exit(spd);
	xa_destroy(&spd->reqids);
	xa_destroy(&spd->ids);
	ipn->spd = NULL;
	kfree(spd);
}
