// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of the SPD (sp/spd.c, sp/spd_lookup.c, sp/spd_opaque.c) and of
 * the flow cache: random changes and lookups, held against a model that is a
 * list. The namespace is not a real one.
 */
#include <linux/bottom_half.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "base/mib.h"
#include "base/net.h"
#include "sp/flow_cache.h"
#include "sp/spd.h"
#include "test/test.h"

#define MODEL_MAX	160
#define ROUNDS		4000
#define LOOKUPS		4

/*
 * The model: policies by age, oldest first; priorities are looked at when a
 * flow is. All is borrowed from the tables under test.
 */
struct model {
	struct ipsec_net *ipn;
	u32 rnd;
	unsigned int n;
	unsigned int hits, risks;
	struct ipsec_sp *sp[MODEL_MAX];
};

static u32 model_random(struct model *m, u32 below)
{
	return ipsec_test_random(&m->rnd) % below;
}

/* One of few addresses, so that policies meet, with all prefix lengths. */
static void model_addr(struct model *m, union ipsec_addr *a, u16 family)
{
	u32 r = ipsec_test_random(&m->rnd);

	if (family == AF_INET) {
		ipsec_addr_set4(a, htonl(0x0a000000 | (r & 0x00010103)));
		return;
	}
	a->w[0] = htonl(0x20010db8);
	a->w[1] = htonl(r & 0x10001);
	a->w[2] = 0;
	a->w[3] = htonl(r >> 20 & 3);
}

static u8 model_plen(struct model *m, u16 family)
{
	static const u8 v4[] = { 0, 8, 16, 24, 31, 32 };
	static const u8 v6[] = { 0, 32, 48, 63, 64, 127, 128 };

	return family == AF_INET ? v4[model_random(m, ARRAY_SIZE(v4))] :
				   v6[model_random(m, ARRAY_SIZE(v6))];
}

static u16 model_family(struct model *m)
{
	return model_random(m, 3) ? AF_INET : AF_INET6;
}

static u8 model_proto(struct model *m)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };

	return protos[model_random(m, ARRAY_SIZE(protos))];
}

static void model_selector(struct model *m, struct ipsec_selector *sel)
{
	memset(sel, 0, sizeof(*sel));
	sel->family = model_family(m);
	model_addr(m, &sel->saddr, sel->family);
	model_addr(m, &sel->daddr, sel->family);
	sel->splen = model_plen(m, sel->family);
	sel->dplen = model_plen(m, sel->family);
	if (model_random(m, 2))
		sel->proto = model_proto(m);
	if (!model_random(m, 3))
		sel->sport = htons(1 + model_random(m, 3));
	if (!model_random(m, 3))
		sel->dport = htons(1 + model_random(m, 3));
}

static void model_flow(struct model *m, struct ipsec_flow *fl)
{
	memset(fl, 0, sizeof(*fl));
	fl->family = model_family(m);
	model_addr(m, &fl->saddr, fl->family);
	model_addr(m, &fl->daddr, fl->family);
	fl->proto = model_proto(m);
	switch (model_random(m, 6)) {
	case 0:
		fl->flags = IPSEC_FLOW_OPAQUE;
		return;
	case 1:
		fl->flags = IPSEC_FLOW_OPAQUE | IPSEC_FLOW_NO_PROTO;
		return;
	}
	fl->sport = htons(1 + model_random(m, 3));
	fl->dport = htons(1 + model_random(m, 3));
}

/* Lowest priority value, of equals the oldest: the first in the list. */
static struct ipsec_sp *model_lookup(struct model *m, enum ipsec_sp_dir dir,
				     const struct ipsec_flow *fl)
{
	struct ipsec_sp *best = NULL;
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		if (m->sp[i]->dir == dir &&
		    ipsec_selector_match(&m->sp[i]->sel, fl) &&
		    (!best || m->sp[i]->priority < best->priority))
			best = m->sp[i];
	}
	return best;
}

/* Would a policy in front of @match be this flow's, were all of it known? */
static bool model_risk(struct model *m, enum ipsec_sp_dir dir,
		       const struct ipsec_flow *fl,
		       const struct ipsec_sp *match)
{
	struct ipsec_selector sel;
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		if (match && (m->sp[i] == match ||
			      m->sp[i]->priority > match->priority))
			continue;
		if (match && m->sp[i]->priority == match->priority &&
		    m->sp[i]->age > match->age)
			continue;
		if (m->sp[i]->dir != dir || m->sp[i]->action == IPSEC_SP_NONE)
			continue;
		sel = m->sp[i]->sel;
		if (fl->flags & IPSEC_FLOW_OPAQUE)
			sel.sport = sel.dport = 0;
		if (fl->flags & IPSEC_FLOW_NO_PROTO)
			sel.proto = 0;
		if (!ipsec_selector_equal(&sel, &m->sp[i]->sel) &&
		    ipsec_selector_match(&sel, fl))
			return true;
	}
	return false;
}

static bool model_clear(const struct ipsec_sp *sp)
{
	return !sp || sp->action == IPSEC_SP_NONE ||
	       (sp->action == IPSEC_SP_IPSEC && sp->tmpl[0].optional);
}

static unsigned int model_find(struct model *m, enum ipsec_sp_dir dir,
			       const struct ipsec_selector *sel)
{
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		if (m->sp[i]->dir == dir &&
		    ipsec_selector_equal(&m->sp[i]->sel, sel))
			break;
	}
	return i;
}

/* A random policy, half of the time with a selector that is there already. */
static struct ipsec_sp *model_policy(struct model *m)
{
	struct ipsec_sp *sp = ipsec_sp_alloc(m->ipn, GFP_KERNEL);

	if (!sp)
		return NULL;
	model_selector(m, &sp->sel);
	sp->dir = model_random(m, IPSEC_SP_DIRS);
	if (m->n && model_random(m, 2)) {
		const struct ipsec_sp *twin = m->sp[model_random(m, m->n)];

		sp->sel = twin->sel;
		sp->dir = twin->dir;
		if (!model_random(m, 3))
			model_addr(m, &sp->sel.saddr, sp->sel.family);
	}
	sp->action = model_random(m, 3);
	sp->priority = model_random(m, 4) ? model_random(m, 5) : U32_MAX;
	if (sp->action == IPSEC_SP_IPSEC) {
		sp->ntmpl = 1;
		sp->tmpl[0].optional = model_random(m, 2);
		sp->tmpl[0].reqid = model_random(m, 2) ?
			ipsec_spd_new_reqid(m->ipn) : 1;
	}
	return sp;
}

static bool test_insert(struct model *m)
{
	struct ipsec_sp *sp;
	unsigned int i;
	int err;

	if (m->n == MODEL_MAX)
		return true;
	sp = model_policy(m);
	TEST_OK(sp, "memory");
	i = model_find(m, sp->dir, &sp->sel);
	err = ipsec_spd_insert(m->ipn, sp);
	ipsec_sp_put(sp);
	if (i < m->n) {
		TEST_OK(err == -EEXIST, "one policy per selector and direction");
		return true;
	}
	TEST_OK(!err, "insert");
	TEST_OK((sp->id & 7) == sp->dir && sp->id >> 3,
		"the id names the direction and is not 0");
	m->sp[m->n++] = sp;
	return true;
}

static bool test_update(struct model *m)
{
	struct ipsec_sp *sp, *old = NULL;
	unsigned int i;
	u32 id;

	if (m->n == MODEL_MAX)
		return true;
	sp = model_policy(m);
	TEST_OK(sp, "memory");
	i = model_find(m, sp->dir, &sp->sel);
	if (i < m->n)
		old = m->sp[i];
	id = old ? old->id : 0;
	TEST_OK(!ipsec_spd_update(m->ipn, sp), "update");
	ipsec_sp_put(sp);
	TEST_OK(!id || sp->id == id, "an update keeps the id");
	TEST_OK(ipsec_spd_find_id(m->ipn, sp->id) == sp,
		"the id now names the new one");
	m->sp[i] = sp;
	m->n += i == m->n;
	return true;
}

static bool test_kill(struct model *m)
{
	unsigned int i;
	u32 id;

	if (!m->n)
		return true;
	i = model_random(m, m->n);
	id = m->sp[i]->id;
	TEST_OK(ipsec_spd_find_id(m->ipn, id) == m->sp[i], "find by id");
	ipsec_spd_kill(m->ipn, m->sp[i]);
	TEST_OK(!ipsec_spd_find_id(m->ipn, id), "and no more after kill");
	memmove(&m->sp[i], &m->sp[i + 1],
		(--m->n - i) * sizeof(m->sp[0]));
	return true;
}

static bool test_find(struct model *m)
{
	struct ipsec_selector sel;
	enum ipsec_sp_dir dir;
	unsigned int i;

	model_selector(m, &sel);
	dir = model_random(m, IPSEC_SP_DIRS);
	if (m->n && model_random(m, 2))
		sel = m->sp[model_random(m, m->n)]->sel;
	i = model_find(m, dir, &sel);
	TEST_OK(ipsec_spd_find(m->ipn, dir, &sel) ==
		(i < m->n ? m->sp[i] : NULL), "find by exact selector");
	return true;
}

static bool test_lookup(struct model *m)
{
	enum ipsec_sp_dir dir = model_random(m, IPSEC_SP_DIRS);
	struct ipsec_sp *want, *got;
	struct ipsec_flow fl;
	bool risk;

	model_flow(m, &fl);
	want = model_lookup(m, dir, &fl);
	rcu_read_lock();
	got = ipsec_spd_lookup_rcu(m->ipn, dir, &fl);
	risk = ipsec_spd_opaque_risk_rcu(m->ipn, dir, &fl, got);
	rcu_read_unlock();
	TEST_OK(got == want, "lowest priority value, then oldest");
	TEST_OK(risk == (fl.flags && model_risk(m, dir, &fl, want)),
		"a policy with ports in front of the match is a risk");
	m->hits += !!got;
	m->risks += risk;
	return true;
}

/* Through the cache, twice: the second answer is remembered. */
static bool test_decide_dir(struct model *m, enum ipsec_sp_dir dir,
			    const struct ipsec_flow *fl)
{
	struct ipsec_decision first, second;
	struct ipsec_sp *want;
	bool risk;

	want = model_lookup(m, dir, fl);
	risk = model_clear(want) && model_risk(m, dir, fl, want);
	if (dir == IPSEC_SP_FWD && !want) {
		want = model_lookup(m, IPSEC_SP_IN, fl);
		risk |= model_clear(want) &&
			model_risk(m, IPSEC_SP_IN, fl, want);
	}

	local_bh_disable();
	rcu_read_lock();
	ipsec_flow_decide(m->ipn, dir, fl, &first);
	ipsec_flow_decide(m->ipn, dir, fl, &second);
	rcu_read_unlock();
	local_bh_enable();
	TEST_OK(first.sp == want, "a decision is that of the tables");
	TEST_OK(first.opaque_risk == risk, "and so is the risk");
	TEST_OK(second.sp == want && second.opaque_risk == risk,
		"the cache repeats it");
	TEST_OK(!first.dst && !second.dst, "nobody has set a dst");
	return true;
}

/* One flow in every direction: the cache keeps them apart. */
static bool test_decide(struct model *m)
{
	struct ipsec_flow fl;
	unsigned int dir;

	model_flow(m, &fl);
	for (dir = 0; dir < IPSEC_SP_DIRS; dir++)
		TEST_OK(test_decide_dir(m, dir, &fl), "a direction");
	return true;
}

static bool test_round(struct model *m)
{
	unsigned int what = model_random(m, 8), i;
	bool ok;

	/* grows, and then hovers at a size where all answers occur */
	if (what < 4)
		ok = test_insert(m);
	else if (what < 6)
		ok = test_update(m);
	else if (m->n > MODEL_MAX / 2 || what == 7)
		ok = test_kill(m);
	else
		ok = test_find(m);
	TEST_OK(ok && ipsec_spd_count(m->ipn) == m->n, "a random change");

	for (i = 0; i < LOOKUPS; i++)
		TEST_OK(test_lookup(m), "a random flow");
	TEST_OK(test_decide(m), "a random flow through the cache");
	return true;
}

/* Where in the model is the policy that a walk gives out next? */
static unsigned int walk_step(struct model *m, struct ipsec_spd_walk *w)
{
	struct ipsec_sp *sp = ipsec_spd_walk_next(w);
	unsigned int i;

	if (!sp)
		return MODEL_MAX;
	i = model_find(m, sp->dir, &sp->sel);
	ipsec_sp_put(sp);
	return i;
}

/* All that is there from start to end, in order of age, once each. */
static bool test_walk(struct model *m)
{
	struct ipsec_spd_walk *w = ipsec_spd_walk_start(m->ipn);
	unsigned int i = 0, at;
	bool ok = true;

	TEST_OK(w, "memory");
	while ((at = walk_step(m, w)) < MODEL_MAX) {
		ok &= at == i++;
		/* the one that it stands on, and the one that comes next */
		if (i % 3 == 0 && i + 1 < m->n) {
			ipsec_spd_kill(m->ipn, m->sp[i]);
			ipsec_spd_kill(m->ipn, m->sp[i - 1]);
			memmove(&m->sp[i - 1], &m->sp[i + 1],
				(m->n - i - 1) * sizeof(m->sp[0]));
			m->n -= 2;
			i--;
		}
	}
	ipsec_spd_walk_end(w);
	TEST_OK(ok && i == m->n, "a walk sees every policy that stays, once");
	return true;
}

static bool test_reqids(struct model *m)
{
	u32 reqid = ipsec_spd_new_reqid(m->ipn);
	unsigned int i;

	TEST_OK(reqid > 0x3fff, "above those that people give");
	TEST_OK(ipsec_spd_new_reqid(m->ipn) != reqid, "never the same twice");
	for (i = 0; i < m->n; i++)
		TEST_OK(!m->sp[i]->ntmpl || m->sp[i]->tmpl[0].reqid != reqid,
			"nobody has it");
	return true;
}

static bool test_all(struct model *m)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		TEST_ROW(test_round(m), i, "round");
		cond_resched();
	}
	TEST_OK(m->hits > ROUNDS / 2 && m->risks > ROUNDS / 20,
		"the random flows met policies, and risks");
	TEST_OK(test_reqids(m) && test_walk(m), "reqids and walk");

	TEST_OK(ipsec_spd_flush(m->ipn) == m->n, "flush counts them");
	m->n = 0;
	TEST_OK(!ipsec_spd_count(m->ipn) &&
		ipsec_spd_empty(m->ipn, IPSEC_SP_IN) &&
		ipsec_spd_empty(m->ipn, IPSEC_SP_OUT) &&
		ipsec_spd_empty(m->ipn, IPSEC_SP_FWD), "nothing is left");
	TEST_OK(!m->ipn->users, "and nobody uses the namespace");
	TEST_OK(test_lookup(m) && test_decide(m) && test_insert(m),
		"life after a flush");
	return true;
}

static bool test_in_net(struct ipsec_net *ipn)
{
	struct model *m;
	bool ok = false;

	TEST_OK(!ipsec_spd_net_init(ipn), "tables");
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (m) {
		m->ipn = ipn;
		m->rnd = 0x7e57d0;
		mutex_lock(&ipn->config_mutex);
		ok = test_all(m);
		mutex_unlock(&ipn->config_mutex);
		kfree(m);
	}
	/* in the order of main.c; with policies still there */
	ipsec_flow_cache_net_exit(ipn);
	ipsec_spd_net_exit(ipn);
	return ok;
}

/**
 * ipsec_test_spd_lookup() - self-test
 *
 * Return: true when all is well.
 */
bool ipsec_test_spd_lookup(void)
{
	struct ipsec_net *ipn = kzalloc(sizeof(*ipn), GFP_KERNEL);
	bool ok = false;

	TEST_OK(ipn, "memory");
	mutex_init(&ipn->config_mutex);
	atomic_set(&ipn->gen, 1);
	ipn->net = &init_net;
	ipn->mibs = alloc_percpu(struct ipsec_mibs);
	if (ipn->mibs && !ipsec_sp_init()) {
		ok = test_in_net(ipn);
		/* the policies' memory is still with RCU */
		rcu_barrier();
		ipsec_sp_exit();
	}
	free_percpu(ipn->mibs);
	mutex_destroy(&ipn->config_mutex);
	kfree(ipn);
	return ok;
}
