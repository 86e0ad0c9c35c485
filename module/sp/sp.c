// SPDX-License-Identifier: GPL-2.0
/*
 * sp - the life of a policy: memory, references, when it was used. Never knows
 * the tables it is in.
 */
#include <linux/err.h>
#include <linux/ipsec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "base/move.h"
#include "sp/sp.h"

static struct kmem_cache *sp_cache;

/**
 * ipsec_sp_alloc() - a new policy, in no table
 * @ipn: its namespace
 * @gfp: how to allocate
 *
 * Born now; its selector, action, templates, priority and lifetimes are the
 * caller's to fill in before insert.
 *
 * Return: the policy with one reference, the caller's; NULL without memory.
 */
struct ipsec_sp *ipsec_sp_alloc(struct ipsec_net *ipn, gfp_t gfp)
{
	struct ipsec_sp *sp = kmem_cache_zalloc(sp_cache, gfp);

	if (!sp)
		return NULL;
	refcount_set(&sp->ref, 1);
	sp->net = ipn;
	sp->added = ktime_get_seconds();
	sp->wall_added = ktime_get_real_seconds();
	return sp;
}

/* In transport mode a template has no ends, and is meant all the same. */
static bool sp_tmpl_moves(const struct ipsec_tmpl *t,
			  const struct ipsec_move *move)
{
	const struct ipsec_move_ends ends = {
		.saddr = t->saddr,
		.daddr = t->daddr,
		.family = t->family,
	};

	if (t->proto != move->proto || t->mode != move->mode ||
	    (move->reqid && t->reqid != move->reqid))
		return false;
	return t->mode != IPSEC_MODE_TUNNEL ||
	       ipsec_move_ends_equal(&ends, &move->from);
}

static bool sp_tmpl_move(struct ipsec_tmpl *t, const struct ipsec_move *moves,
			 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!sp_tmpl_moves(t, &moves[i]))
			continue;
		if (t->mode == IPSEC_MODE_TUNNEL) {
			t->saddr = moves[i].to.saddr;
			t->daddr = moves[i].to.daddr;
			t->family = moves[i].to.family;
		}
		return true;
	}
	return false;
}

/**
 * ipsec_sp_move() - the same policy with other end points
 * @sp: policy
 * @moves: what moves where
 * @n: how many
 *
 * Context: Process, may sleep.
 * Return: a policy for ipsec_spd_update(), the caller's reference; or -ENODATA
 * when none of @moves is about one of its templates; -ENOMEM.
 */
struct ipsec_sp *ipsec_sp_move(const struct ipsec_sp *sp,
			       const struct ipsec_move *moves, unsigned int n)
{
	struct ipsec_sp *moved = ipsec_sp_alloc(sp->net, GFP_KERNEL);
	unsigned int i, hits = 0;

	if (!moved)
		return ERR_PTR(-ENOMEM);
	moved->sel = sp->sel;
	moved->priority = sp->priority;
	moved->dir = sp->dir;
	moved->action = sp->action;
	moved->ntmpl = sp->ntmpl;
	memcpy(moved->tmpl, sp->tmpl, sizeof(moved->tmpl));
	moved->lifetime_add = sp->lifetime_add;
	moved->lifetime_use = sp->lifetime_use;
	moved->added = sp->added;
	moved->wall_added = sp->wall_added;
	moved->used = READ_ONCE(sp->used);
	for (i = 0; i < moved->ntmpl; i++)
		hits += sp_tmpl_move(&moved->tmpl[i], moves, n);
	if (!hits) {
		ipsec_sp_put(moved);
		return ERR_PTR(-ENODATA);
	}
	return moved;
}

/**
 * ipsec_sp_get() - keep a policy beyond the RCU section
 * @sp: policy under RCU
 *
 * Return: true, or false when it is on its end and must not be used.
 */
bool ipsec_sp_get(struct ipsec_sp *sp)
{
	return refcount_inc_not_zero(&sp->ref);
}

static void sp_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(sp_cache, container_of(rcu, struct ipsec_sp, rcu));
}

/**
 * ipsec_sp_put() - give a reference back
 * @sp: policy
 *
 * Context: any; never sleeps. Packets under RCU may go on using it.
 */
void ipsec_sp_put(struct ipsec_sp *sp)
{
	if (refcount_dec_and_test(&sp->ref))
		call_rcu(&sp->rcu, sp_free_rcu);
}

/**
 * ipsec_sp_touch() - a packet used the policy
 * @sp: policy under RCU
 *
 * The line is written once a second at most, since all CPUs share it.
 *
 * Context: any.
 */
void ipsec_sp_touch(struct ipsec_sp *sp)
{
	u64 now = ktime_get_seconds();

	if (READ_ONCE(sp->used) != now)
		WRITE_ONCE(sp->used, now);
}

/**
 * ipsec_sp_wall_used() - when the last packet used it, for display
 * @sp: policy
 *
 * Return: wall-clock seconds, 0 for never.
 */
u64 ipsec_sp_wall_used(const struct ipsec_sp *sp)
{
	u64 used = READ_ONCE(sp->used);

	if (!used)
		return 0;
	return ktime_get_real_seconds() - (ktime_get_seconds() - used);
}

/**
 * ipsec_sp_init() - module load
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_sp_init(void)
{
	sp_cache = kmem_cache_create("testudo_sp", sizeof(struct ipsec_sp), 0,
				     SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
	return sp_cache ? 0 : -ENOMEM;
}

/**
 * ipsec_sp_exit() - module unload, after all policies were freed
 */
void ipsec_sp_exit(void)
{
	kmem_cache_destroy(sp_cache);
}

/**
 * ipsec_sp_may_be_clear() - may a packet pass in clear, in whole or in part
 * @sp: the policy that decides about it, or NULL
 *
 * Context: any.
 * Return: false if it is protected by at least one SA, or discarded.
 */
bool ipsec_sp_may_be_clear(const struct ipsec_sp *sp)
{
	unsigned int i;

	if (!sp || sp->action == IPSEC_SP_NONE)
		return true;
	if (sp->action == IPSEC_SP_DISCARD)
		return false;
	for (i = 0; i < sp->ntmpl; i++) {
		if (!sp->tmpl[i].optional)
			return false;
	}
	return true;
}
