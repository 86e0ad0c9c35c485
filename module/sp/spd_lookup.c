// SPDX-License-Identifier: GPL-2.0
/*
 * spd_lookup - the classifier: which policy decides about a flow. Never says
 * what to do with it, and never changes a policy.
 *
 * Tuple-space search. Selectors that name the same things (protocol, ports)
 * and have the same prefix lengths form a tuple. Within a tuple, a flow has
 * exactly one masked key, so one hash lookup finds what matches there:
 *
 *   order[OUT][IPv4], best first               by_key, all policies
 *   +--------------------------------------+   +---------------------------+
 *   | prio  100 age 7 | /32 -> /32 tcp :p  |-->| 10.0.0.1 10.0.0.2 tcp :22 | sp
 *   | prio 1000 age 2 | /24 -> /24         |   | 10.0.0.0 10.0.1.0         | sp, sp
 *   | prio 1000 age 5 | /0  -> /16 udp     |   | ...                       |
 *   +--------------------------------------+   +---------------------------+
 *     '-- of the tuple's best policy
 *
 * A policy wins by the lower priority value, then by age. The search goes down
 * the rows and stops at the first whose best policy cannot beat the one found:
 * the result is that of a linear search, and the cost depends on the number of
 * tuples in front, not of policies. Several policies of one key are rare: their
 * selectors differ only in bits beyond the prefixes, or one is replacing the
 * other just now.
 *
 *   writers (config_mutex): tuples[] -> struct ipsec_spd_tuple -> tree by rank
 *
 * A row whose bound is too good costs a lookup and nothing else, which is why
 * removing a policy cannot fail: without memory for new rows, the old stay.
 */
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "sp/spd.h"
#include "sp/spd_priv.h"

/**
 * struct ipsec_spd_tuple - policies whose selectors have the same shape
 * @node: in spd->tuples
 * @by_rank: the policies, best first
 * @splen: source prefix length
 * @dplen: destination prefix length
 * @shape: enum ipsec_spd_shape
 */
struct ipsec_spd_tuple {
	struct hlist_node node;
	struct rb_root_cached by_rank;
	u8 splen;
	u8 dplen;
	u8 shape;
};

static const struct rhashtable_params lookup_params = {
	.head_offset = offsetof(struct ipsec_sp, by_key),
	.key_offset = offsetof(struct ipsec_sp, key),
	.key_len = sizeof(struct ipsec_spd_key),
	.automatic_shrinking = true,
};

/**
 * ipsec_spd_key_set() - the key of a flow in a tuple
 * @key: where to
 * @shape: the tuple's shape
 * @splen: its source prefix length
 * @dplen: its destination prefix length
 * @fl: flow
 */
void ipsec_spd_key_set(struct ipsec_spd_key *key, u8 shape, u8 splen, u8 dplen,
		       const struct ipsec_flow *fl)
{
	ipsec_addr_mask(&key->saddr, &fl->saddr, splen);
	ipsec_addr_mask(&key->daddr, &fl->daddr, dplen);
	key->sport = shape & IPSEC_SHAPE_SPORT ? fl->sport : 0;
	key->dport = shape & IPSEC_SHAPE_DPORT ? fl->dport : 0;
	key->proto = shape & IPSEC_SHAPE_PROTO ? fl->proto : 0;
	key->splen = splen;
	key->dplen = dplen;
	key->shape = shape;
}

static u8 lookup_shape(const struct ipsec_selector *sel, enum ipsec_sp_dir dir)
{
	return (sel->proto ? IPSEC_SHAPE_PROTO : 0) |
	       (sel->sport ? IPSEC_SHAPE_SPORT : 0) |
	       (sel->dport ? IPSEC_SHAPE_DPORT : 0) |
	       (sel->family == AF_INET6 ? IPSEC_SHAPE_IPV6 : 0) |
	       dir << IPSEC_SHAPE_DIR;
}

static void lookup_key_of_selector(struct ipsec_spd_key *key,
				   const struct ipsec_selector *sel,
				   enum ipsec_sp_dir dir)
{
	struct ipsec_flow fl = {
		.saddr = sel->saddr,
		.daddr = sel->daddr,
		.sport = sel->sport,
		.dport = sel->dport,
		.proto = sel->proto,
	};

	ipsec_spd_key_set(key, lookup_shape(sel, dir), sel->splen, sel->dplen,
			  &fl);
}

/* May policies of this tuple match a flow of which not all is known? */
static bool lookup_row_fits(const struct ipsec_spd_row *row,
			    const struct ipsec_flow *fl)
{
	if (likely(!fl->flags))
		return true;
	if (row->shape & IPSEC_SHAPE_PORTS)
		return false;
	return !(row->shape & IPSEC_SHAPE_PROTO) ||
	       !(fl->flags & IPSEC_FLOW_NO_PROTO);
}

/* The best of the policies with @key and @best. */
static struct ipsec_sp *lookup_better(struct ipsec_spd *spd,
				      const struct ipsec_spd_key *key,
				      struct ipsec_sp *best)
{
	struct rhlist_head *list, *pos;
	struct ipsec_sp *sp;

	list = rhltable_lookup(&spd->by_key, key, lookup_params);
	rhl_for_each_entry_rcu(sp, pos, list, by_key) {
		if (!best || ipsec_sp_before(sp, best))
			best = sp;
	}
	return best;
}

/**
 * ipsec_spd_lookup_rcu() - the policy that decides about a flow
 * @ipn: namespace
 * @dir: direction; FWD does not fall back to IN here
 * @fl: flow
 *
 * Context: RCU. Called when the flow cache has no answer.
 * Return: the matching policy of the lowest priority value, of equals the
 * oldest; borrowed. NULL when none matches.
 */
struct ipsec_sp *ipsec_spd_lookup_rcu(struct ipsec_net *ipn,
				      enum ipsec_sp_dir dir,
				      const struct ipsec_flow *fl)
{
	struct ipsec_spd *spd = ipn->spd;
	const struct ipsec_spd_order *order;
	const struct ipsec_spd_row *row;
	struct ipsec_spd_key key;
	struct ipsec_sp *best = NULL;
	unsigned int i;

	order = rcu_dereference(spd->order[dir][fl->family == AF_INET6]);
	if (!order)
		return NULL;

	for (i = 0; i < order->n; i++) {
		row = &order->rows[i];
		if (!ipsec_spd_row_before(row, best))
			break;
		if (!lookup_row_fits(row, fl))
			continue;
		ipsec_spd_key_set(&key, row->shape, row->splen, row->dplen, fl);
		best = lookup_better(spd, &key, best);
	}
	return best;
}

/**
 * ipsec_spd_index_find() - the policy with exactly this selector
 * @spd: policies
 * @dir: direction
 * @sel: selector, compared as given
 *
 * Context: Caller holds ipn->config_mutex.
 * Return: the policy, borrowed, or NULL.
 */
struct ipsec_sp *ipsec_spd_index_find(struct ipsec_spd *spd,
				      enum ipsec_sp_dir dir,
				      const struct ipsec_selector *sel)
{
	struct ipsec_sp *found = NULL;
	struct rhlist_head *list, *pos;
	struct ipsec_spd_key key;
	struct ipsec_sp *sp;

	lookup_key_of_selector(&key, sel, dir);
	rcu_read_lock();
	list = rhltable_lookup(&spd->by_key, &key, lookup_params);
	rhl_for_each_entry_rcu(sp, pos, list, by_key) {
		if (ipsec_selector_equal(&sp->sel, sel)) {
			found = sp;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static struct hlist_head *lookup_tuple_head(struct ipsec_spd *spd,
					    const struct ipsec_spd_key *key)
{
	u32 hash = jhash_3words(key->shape, key->splen, key->dplen, 0);

	return &spd->tuples[hash & ((1 << IPSEC_SPD_TUPLE_BITS) - 1)];
}

/* The tuple of a policy; made when it is the first. NULL without memory. */
static struct ipsec_spd_tuple *lookup_tuple(struct ipsec_spd *spd,
					    const struct ipsec_spd_key *key)
{
	struct hlist_head *head = lookup_tuple_head(spd, key);
	struct ipsec_spd_tuple *t;

	hlist_for_each_entry(t, head, node) {
		if (t->shape == key->shape && t->splen == key->splen &&
		    t->dplen == key->dplen)
			return t;
	}

	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return NULL;
	t->by_rank = RB_ROOT_CACHED;
	t->shape = key->shape;
	t->splen = key->splen;
	t->dplen = key->dplen;
	hlist_add_head(&t->node, head);
	return t;
}

static struct ipsec_sp *lookup_tuple_best(const struct ipsec_spd_tuple *t)
{
	return rb_entry_safe(rb_first_cached(&t->by_rank), struct ipsec_sp,
			     by_rank);
}

static bool lookup_rank_less(struct rb_node *a, const struct rb_node *b)
{
	return ipsec_sp_before(rb_entry(a, struct ipsec_sp, by_rank),
			       rb_entry(b, struct ipsec_sp, by_rank));
}

static bool lookup_row_is(const struct ipsec_spd_row *row,
			  const struct ipsec_spd_tuple *t)
{
	return row->shape == t->shape && row->splen == t->splen &&
	       row->dplen == t->dplen;
}

static void lookup_row_add(struct ipsec_spd_order *order,
			   const struct ipsec_spd_tuple *t,
			   const struct ipsec_sp *best)
{
	order->rows[order->n++] = (struct ipsec_spd_row){
		.age = best->age,
		.priority = best->priority,
		.splen = t->splen,
		.dplen = t->dplen,
		.shape = t->shape,
	};
}

/*
 * Publish the rows anew with @t where its best policy now belongs, or without
 * it when it is empty.
 */
static int lookup_order_tuple(struct ipsec_spd *spd, struct ipsec_spd_tuple *t)
{
	struct ipsec_spd_order __rcu **slot =
		&spd->order[t->shape >> IPSEC_SHAPE_DIR]
			   [!!(t->shape & IPSEC_SHAPE_IPV6)];
	const struct ipsec_sp *best = lookup_tuple_best(t);
	struct ipsec_spd_order *old, *new;
	unsigned int i, n;

	old = rcu_dereference_protected(*slot,
			lockdep_is_held(&spd->ipn->config_mutex));
	n = old ? old->n : 0;
	new = kvmalloc(struct_size(new, rows, n + 1), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;

	new->n = 0;
	for (i = 0; i < n; i++) {
		if (lookup_row_is(&old->rows[i], t))
			continue;
		if (best && !ipsec_spd_row_before(&old->rows[i], best)) {
			lookup_row_add(new, t, best);
			best = NULL;
		}
		new->rows[new->n++] = old->rows[i];
	}
	if (best)
		lookup_row_add(new, t, best);

	if (!new->n) {
		kvfree(new);
		new = NULL;
	}
	rcu_assign_pointer(*slot, new);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

static void lookup_tuple_release(struct ipsec_spd_tuple *t)
{
	if (!RB_EMPTY_ROOT(&t->by_rank.rb_root))
		return;
	hlist_del(&t->node);
	kfree(t);
}

/**
 * ipsec_spd_index_insert() - let lookups find a policy
 * @spd: policies
 * @sp: policy; its selector, direction, priority and age stay from now on
 *
 * A policy with the same selector may be there: until it is removed, the
 * better of the two decides.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0, or a negative errno and nothing has changed.
 */
int ipsec_spd_index_insert(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	struct ipsec_spd_tuple *t;
	int err;

	lockdep_assert_held(&spd->ipn->config_mutex);
	lookup_key_of_selector(&sp->key, &sp->sel, sp->dir);
	t = lookup_tuple(spd, &sp->key);
	if (!t)
		return -ENOMEM;
	sp->tuple = t;
	rb_add_cached(&sp->by_rank, &t->by_rank, lookup_rank_less);

	err = ipsec_spd_opaque_insert(spd, sp);
	if (err)
		goto err_tuple;
	err = rhltable_insert(&spd->by_key, &sp->by_key, lookup_params);
	if (err)
		goto err_opaque;
	/* last, since nothing undoes it but another allocation */
	if (lookup_tuple_best(t) == sp) {
		err = lookup_order_tuple(spd, t);
		if (err)
			goto err_key;
	}
	return 0;

err_key:
	rhltable_remove(&spd->by_key, &sp->by_key, lookup_params);
err_opaque:
	ipsec_spd_opaque_remove(spd, sp);
err_tuple:
	rb_erase_cached(&sp->by_rank, &t->by_rank);
	lookup_tuple_release(t);
	return err;
}

/**
 * ipsec_spd_index_remove() - let lookups find a policy no more
 * @spd: policies
 * @sp: policy that was inserted; packets under RCU may still hold it
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_spd_index_remove(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	struct ipsec_spd_tuple *t = sp->tuple;
	bool was_best = lookup_tuple_best(t) == sp;

	lockdep_assert_held(&spd->ipn->config_mutex);
	rhltable_remove(&spd->by_key, &sp->by_key, lookup_params);
	ipsec_spd_opaque_remove(spd, sp);
	rb_erase_cached(&sp->by_rank, &t->by_rank);
	if (was_best && !spd->clearing)
		lookup_order_tuple(spd, t);
	lookup_tuple_release(t);
}

/**
 * ipsec_spd_index_clear() - find nothing from now on
 * @spd: policies, all of which are about to be removed
 *
 * Sets spd->clearing, which saves the new rows for each one removed; the
 * caller takes it back when all are.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_spd_index_clear(struct ipsec_spd *spd)
{
	struct ipsec_spd_order *old;
	unsigned int i;

	lockdep_assert_held(&spd->ipn->config_mutex);
	spd->clearing = true;
	for (i = 0; i < 2 * IPSEC_SP_DIRS; i++) {
		old = rcu_replace_pointer(spd->order[i / 2][i % 2], NULL,
				lockdep_is_held(&spd->ipn->config_mutex));
		if (old)
			kvfree_rcu(old, rcu);
	}
}

/**
 * ipsec_spd_index_init() - tables without policies
 * @spd: zeroed but for its namespace
 *
 * Return: 0 or a negative errno.
 */
int ipsec_spd_index_init(struct ipsec_spd *spd)
{
	int err;

	err = ipsec_spd_opaque_init(spd);
	if (err)
		return err;
	err = rhltable_init(&spd->by_key, &lookup_params);
	if (err)
		ipsec_spd_opaque_exit(spd);
	return err;
}

/**
 * ipsec_spd_index_exit() - undo ipsec_spd_index_init()
 * @spd: all of its policies are removed
 */
void ipsec_spd_index_exit(struct ipsec_spd *spd)
{
	rhltable_destroy(&spd->by_key);
	ipsec_spd_opaque_exit(spd);
}
