// SPDX-License-Identifier: GPL-2.0
/*
 * flow_cache - per CPU, what was decided about recent flows. Never decides by
 * itself, and never outlives a change: an entry counts only in the generation
 * of the tables in which it was made.
 *
 *   per CPU:  256 sets x 4 ways of struct flow_entry, a cache line each
 *
 *     key (40 bytes) | generation | dir | risk | policy | dst
 *
 * An entry is written by its own CPU only, with BH off. Its dst alone may be
 * taken away from elsewhere (purge), which is why it is always exchanged. A
 * policy pointer needs no reference: whoever deletes a policy makes a new
 * generation before the policy goes to RCU, and a reader who still sees the
 * old generation is in an RCU section that began before.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/net_debug.h>

#include "base/mib.h"
#include "sp/flow_cache.h"
#include "sp/spd.h"
#include "sp/spd_priv.h"

#define FLOW_SETS	256
#define FLOW_WAYS	4

/* How long a dst of a past generation may be held, seconds. */
#define FLOW_SWEEP	2

/**
 * struct flow_entry - a decision
 * @key: the flow
 * @gen: ipsec_net_gen() before the tables were asked; 0 in an unused entry,
 *	which is no danger since no flow has family 0
 * @dir: enum ipsec_sp_dir
 * @opaque_risk: see struct ipsec_decision
 * @sp: policy or NULL
 * @dst: referenced, or NULL; changed by xchg()
 */
struct flow_entry {
	struct ipsec_flow key;
	u32 gen;
	u8 dir;
	bool opaque_risk;
	struct ipsec_sp *sp;
	struct dst_entry *dst;
};

/**
 * struct flow_table - the decisions of one CPU
 * @set: FLOW_SETS sets of ways
 * @victim: which way of a full set is overwritten next
 */
struct flow_table {
	struct flow_entry (*set)[FLOW_WAYS];
	unsigned int victim;
} ____cacheline_aligned_in_smp;

/**
 * struct ipsec_flow_cache - the decisions of a namespace
 * @ipn: namespace
 * @seed: secret, so that nobody outside can aim at a set
 * @swept: generation of the last sweep
 * @armed: @sweep is queued
 * @sweep: gives back the dsts of past generations
 * @table: of each possible CPU
 */
struct ipsec_flow_cache {
	struct ipsec_net *ipn;
	u64 seed;
	u32 swept;
	int armed;
	struct delayed_work sweep;
	struct flow_table table[];
};

/* The cache only loses by collisions, so a few multiplications do. */
static struct flow_entry *flow_set(struct ipsec_flow_cache *fc,
				   enum ipsec_sp_dir dir,
				   const struct ipsec_flow *fl)
{
	const u64 *word = (const u64 *)fl;
	u64 hash = fc->seed + dir;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*fl) % sizeof(*word));
	for (i = 0; i < sizeof(*fl) / sizeof(*word); i++) {
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	return fc->table[smp_processor_id()].set[hash % FLOW_SETS];
}

static bool flow_equal(const struct ipsec_flow *a, const struct ipsec_flow *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;
	unsigned int i;
	u64 diff = 0;

	for (i = 0; i < sizeof(*a) / sizeof(*x); i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

static struct flow_entry *flow_find(struct flow_entry *set,
				    enum ipsec_sp_dir dir,
				    const struct ipsec_flow *fl, u32 gen)
{
	unsigned int i;

	for (i = 0; i < FLOW_WAYS; i++) {
		if (set[i].gen == gen && set[i].dir == dir &&
		    flow_equal(&set[i].key, fl))
			return &set[i];
	}
	return NULL;
}

static void flow_swap_dst(struct flow_entry *e, struct dst_entry *dst)
{
	dst_release(xchg(&e->dst, dst));
}

static void flow_ask(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
		     const struct ipsec_flow *fl, struct ipsec_decision *d)
{
	d->dst = NULL;
	d->sp = ipsec_spd_lookup_rcu(ipn, dir, fl);
	d->opaque_risk = unlikely(fl->flags) && ipsec_sp_may_be_clear(d->sp) &&
			 ipsec_spd_opaque_risk_rcu(ipn, dir, fl, d->sp);
}

/* Ask the tables. */
static void flow_decide_slow(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			     const struct ipsec_flow *fl,
			     struct ipsec_decision *d)
{
	bool risk;

	ipsec_mib_inc(ipn, IPSEC_MIB_FLOW_MISS);
	flow_ask(ipn, dir, fl, d);
	if (dir != IPSEC_SP_FWD || d->sp)
		return;
	risk = d->opaque_risk;
	flow_ask(ipn, IPSEC_SP_IN, fl, d);
	d->opaque_risk |= risk;
}

/* Remember a decision, over one of a past generation if there is one. */
static void flow_remember(struct ipsec_flow_cache *fc, struct flow_entry *set,
			  enum ipsec_sp_dir dir, const struct ipsec_flow *fl,
			  const struct ipsec_decision *d)
{
	struct flow_entry *e = NULL;
	unsigned int i;

	for (i = 0; i < FLOW_WAYS && !e; i++) {
		if (set[i].gen != d->gen)
			e = &set[i];
	}
	if (!e)
		e = &set[fc->table[smp_processor_id()].victim++ % FLOW_WAYS];

	flow_swap_dst(e, NULL);
	e->key = *fl;
	WRITE_ONCE(e->gen, d->gen);
	e->dir = dir;
	e->opaque_risk = d->opaque_risk;
	e->sp = d->sp;
}

/**
 * ipsec_flow_decide() - the policy for a packet's flow
 * @ipn: namespace
 * @dir: direction. FWD falls back to IN when no FWD policy matches, for the
 *	clients that know no FWD (contract of KAME and the BSDs)
 * @fl: flow
 * @d: where to; what it points to is borrowed
 *
 * Context: RCU, BH off: the caller's business, since netfilter hooks of local
 * packets run in process context.
 */
void ipsec_flow_decide(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
		       const struct ipsec_flow *fl, struct ipsec_decision *d)
{
	struct ipsec_flow_cache *fc = READ_ONCE(ipn->flows);
	struct flow_entry *set, *e;

	/* before the tables are asked: see ipsec_net_gen() */
	d->gen = ipsec_net_gen(ipn);
	if (!fc || ipsec_spd_empty(ipn, dir)) {
		d->sp = NULL;
		d->dst = NULL;
		d->opaque_risk = false;
		return;
	}
	DEBUG_NET_WARN_ON_ONCE(!in_softirq());

	set = flow_set(fc, dir, fl);
	e = flow_find(set, dir, fl, d->gen);
	if (likely(e)) {
		d->sp = e->sp;
		d->dst = READ_ONCE(e->dst);
		d->opaque_risk = e->opaque_risk;
		return;
	}
	flow_decide_slow(ipn, dir, fl, d);
	flow_remember(fc, set, dir, fl, d);
}

static void flow_arm(struct ipsec_flow_cache *fc)
{
	if (READ_ONCE(fc->armed) || xchg(&fc->armed, 1))
		return;
	queue_delayed_work(ipsec_net_workqueue(), &fc->sweep, FLOW_SWEEP * HZ);
}

/**
 * ipsec_flow_set_dst() - where packets of a flow go on
 * @ipn: namespace
 * @dir: direction
 * @fl: flow that was just decided about
 * @dst: the cache takes a reference of its own
 * @gen: of the decision from which @dst was made
 *
 * Without effect when that decision is no longer cached.
 *
 * Context: RCU, BH off.
 */
void ipsec_flow_set_dst(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			const struct ipsec_flow *fl, struct dst_entry *dst,
			u32 gen)
{
	struct ipsec_flow_cache *fc = READ_ONCE(ipn->flows);
	struct flow_entry *e;

	if (!fc)
		return;
	e = flow_find(flow_set(fc, dir, fl), dir, fl, gen);
	if (!e)
		return;
	dst_hold(dst);
	flow_swap_dst(e, dst);
	flow_arm(fc);
}

/*
 * Give back dsts: those of past generations, or with @gen 0 all of them. True
 * when some are left.
 */
static bool flow_release(struct ipsec_flow_cache *fc, u32 gen)
{
	struct flow_entry *e;
	bool left = false;
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		e = fc->table[cpu].set[0];
		for (i = 0; i < FLOW_SETS * FLOW_WAYS; i++, e++) {
			if (!READ_ONCE(e->dst))
				continue;
			if (gen && READ_ONCE(e->gen) == gen)
				left = true;
			else
				flow_swap_dst(e, NULL);
		}
	}
	return left;
}

static void flow_sweep(struct work_struct *work)
{
	struct ipsec_flow_cache *fc = container_of(to_delayed_work(work),
						   struct ipsec_flow_cache,
						   sweep);
	u32 gen = ipsec_net_gen(fc->ipn);
	bool left = true;

	/* a dst that is set while we look arms anew */
	xchg(&fc->armed, 0);
	if (gen != fc->swept)
		left = flow_release(fc, gen);
	fc->swept = gen;
	if (left)
		flow_arm(fc);
}

/**
 * ipsec_flow_cache_purge() - give back every dst
 * @ipn: namespace
 *
 * For the end of the last policy and of a network device. Packets that
 * borrowed one go on with it to the end of their RCU section.
 *
 * Context: any.
 */
void ipsec_flow_cache_purge(struct ipsec_net *ipn)
{
	struct ipsec_flow_cache *fc = READ_ONCE(ipn->flows);

	if (fc)
		flow_release(fc, 0);
}

static void flow_free(struct ipsec_flow_cache *fc)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kvfree(fc->table[cpu].set);
	kfree(fc);
}

/**
 * ipsec_flow_cache_alloc() - make the cache, if there is none
 * @ipn: namespace, in which the first policy is about to come
 *
 * A namespace without policies pays nothing; one that had some keeps it.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0 or -ENOMEM.
 */
int ipsec_flow_cache_alloc(struct ipsec_net *ipn)
{
	struct ipsec_flow_cache *fc;
	int cpu;

	lockdep_assert_held(&ipn->config_mutex);
	/* a cache line, and four to a set */
	BUILD_BUG_ON(sizeof(struct flow_entry) > 64);
	if (ipn->flows)
		return 0;

	fc = kzalloc(struct_size(fc, table, nr_cpu_ids), GFP_KERNEL_ACCOUNT);
	if (!fc)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		fc->table[cpu].set = kvzalloc_node(FLOW_SETS * FLOW_WAYS *
						   sizeof(struct flow_entry),
						   GFP_KERNEL_ACCOUNT,
						   cpu_to_node(cpu));
		if (!fc->table[cpu].set) {
			flow_free(fc);
			return -ENOMEM;
		}
	}

	fc->ipn = ipn;
	fc->seed = get_random_u64();
	INIT_DEFERRABLE_WORK(&fc->sweep, flow_sweep);
	/* pairs with the load in lookups: whoever sees the cache sees it set up */
	smp_store_release(&ipn->flows, fc);
	return 0;
}

/**
 * ipsec_flow_cache_net_init() - nothing is cached yet
 * @ipn: namespace
 *
 * Return: 0.
 */
int ipsec_flow_cache_net_init(struct ipsec_net *ipn)
{
	ipn->flows = NULL;
	return 0;
}

/**
 * ipsec_flow_cache_net_exit() - give back all that is cached
 * @ipn: namespace; no packet asks any more
 */
void ipsec_flow_cache_net_exit(struct ipsec_net *ipn)
{
	struct ipsec_flow_cache *fc = ipn->flows;

	if (!fc)
		return;
	cancel_delayed_work_sync(&fc->sweep);
	flow_release(fc, 0);
	ipn->flows = NULL;
	flow_free(fc);
}
