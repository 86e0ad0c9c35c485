// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel module would do with a packet. Its rules, written once more
 * over dumps of its tables:
 *
 *   policy   the lowest priority value, then the oldest (sp/spd_lookup.c)
 *   SAs      for each request of it (path/resolve.c) the newest mature one with
 *	      its ends, protocol, mode and reqid, else the newest dying one (sa/sad_group.c)
 *   demand   all that is not optional, nor IPComp in transport mode (path/inbound_check.c)
 *   MTU      layer by layer from the outside (path/pmtu.c)
 */
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "decide.h"

static bool decide_inside(const struct sockaddr_storage *addr, const struct sockaddr_storage *net,
			  unsigned int bits)
{
	struct ts host, prefix;

	ts_host(&host, addr);
	ts_from_prefix(&prefix, net, bits, 0, 0);
	return ts_contains(&prefix, &host);
}

/* A value of the packet against one of the selector, 0 of which is any. */
static enum decide_match decide_value(unsigned int want, int have)
{
	if (!want)
		return DECIDE_YES;
	if (have == DECIDE_ANY)
		return DECIDE_PERHAPS;
	return want == (unsigned int)have ? DECIDE_YES : DECIDE_NO;
}

static enum decide_match decide_least(enum decide_match a, enum decide_match b)
{
	return a < b ? a : b;
}

/**
 * decide_match() - is a packet among a policy's?
 * @p: policy
 * @flow: packet
 *
 * Return: whether so.
 */
enum decide_match decide_match(const struct kern_policy *p, const struct decide_flow *flow)
{
	enum decide_match m;

	if (!decide_inside(&flow->src, &p->src, p->src_bits) ||
	    !decide_inside(&flow->dst, &p->dst, p->dst_bits))
		return DECIDE_NO;
	m = decide_value(p->proto, flow->proto);
	m = decide_least(m, decide_value(addr_port(&p->src), flow->sport));
	return decide_least(m, decide_value(addr_port(&p->dst), flow->dport));
}

/* The best policy of a direction that matches for sure, and better ones that may. */
static void decide_policy(const struct kern_tables *t, const struct decide_flow *flow,
			  unsigned int dir, struct decide_result *r)
{
	const struct kern_policy *p;
	size_t i;

	for (i = 0; i < t->npolicies; i++) {
		p = &t->policy[i];
		if (p->dir == dir && decide_match(p, flow) == DECIDE_YES &&
		    (!r->policy || p->priority < r->policy->priority))
			r->policy = p;
	}
	for (i = 0; i < t->npolicies && r->nmaybe < DECIDE_MAYBE; i++) {
		p = &t->policy[i];
		if (p->dir == dir && decide_match(p, flow) == DECIDE_PERHAPS &&
		    (!r->policy || p->priority < r->policy->priority ||
		     (p->priority == r->policy->priority && p < r->policy)))
			r->maybe[r->nmaybe++] = p;
	}
}

static bool decide_fits(const struct kern_entry *sa, const struct decide_step *step)
{
	return sa->proto == step->req->proto && addr_same_host(&sa->src, &step->src) &&
	       addr_same_host(&sa->dst, &step->dst);
}

/* The kernel keeps the order in which SAs came into force; a dump says seconds. */
static bool decide_newer(const struct kern_entry *a, const struct kern_entry *b)
{
	return !b || a->added > b->added || (a->added == b->added && a > b);
}

static void decide_sa(const struct kern_tables *t, struct decide_step *step)
{
	const struct pfkey_request *req = step->req;
	const struct kern_entry *sa, *dying = NULL;
	/* a reqid that the level does not ask for is 0 in a dump */
	uint32_t reqid = req->reqid;
	size_t i;

	for (i = 0; i < t->nsas; i++) {
		sa = &t->sa[i];
		if (!decide_fits(sa, step) || (sa->mode != req->mode && sa->mode != IPSEC_MODE_ANY))
			continue;
		if (sa->state == SADB_SASTATE_LARVAL)
			step->larval |= sa->reqid == reqid;
		if (reqid && sa->reqid != reqid)
			continue;
		if (sa->state == SADB_SASTATE_MATURE && decide_newer(sa, step->sa))
			step->sa = sa;
		else if (sa->state == SADB_SASTATE_DYING && decide_newer(sa, dying))
			dying = sa;
	}
	if (!step->sa)
		step->sa = dying;
}

/* The next request and its SA: between ends of its own, or those of the packet by then. */
static const struct decide_step *decide_next(const struct kern_tables *t, struct decide_result *r)
{
	const struct pfkey_request *req = &r->policy->req[r->n];
	struct decide_step *step = &r->step[r->n++];
	bool tunnel = req->mode == IPSEC_MODE_TUNNEL;

	step->req = req;
	step->src = tunnel ? req->src : r->end_src;
	step->dst = tunnel ? req->dst : r->end_dst;
	decide_sa(t, step);
	return step;
}

/* Behind a tunnel its ends are those of the packet. */
static void decide_enter(struct decide_result *r, const struct decide_step *step)
{
	if (step->req->mode != IPSEC_MODE_TUNNEL)
		return;
	r->end_src = step->src;
	r->end_dst = step->dst;
}

static bool decide_has(const struct decide_result *r, const struct kern_entry *sa)
{
	unsigned int i;

	for (i = 0; i + 1 < r->n; i++)
		if (r->step[i].sa == sa)
			return true;
	return false;
}

/* The SAs of an outbound policy, the innermost first. */
static void decide_bundle(const struct kern_tables *t, struct decide_result *r)
{
	const struct decide_step *step;
	bool needed;

	r->verdict = DECIDE_CLEAR;
	while (r->n < r->policy->n) {
		step = decide_next(t, r);
		needed = step->sa || step->req->level != IPSEC_LEVEL_USE;
		if (step->sa && decide_has(r, step->sa)) {
			r->verdict = DECIDE_LOOP;
			return;
		}
		if (step->sa && r->verdict == DECIDE_CLEAR)
			r->verdict = DECIDE_PROTECT;
		else if (!step->sa && needed)
			r->verdict = DECIDE_ASK;
		/* an optional tunnel without an SA is not entered */
		if (needed)
			decide_enter(r, step);
	}
}

/* A sender leaves out what does not pay (path/inbound_check.c). */
static bool decide_may_lack(const struct pfkey_request *req)
{
	return req->level == IPSEC_LEVEL_USE ||
	       (req->proto == IPPROTO_COMP && req->mode == IPSEC_MODE_TRANSPORT);
}

/* What an inbound policy demands, and whether there are SAs for it. */
static void decide_demand(const struct kern_tables *t, struct decide_result *r)
{
	const struct decide_step *step;

	r->verdict = DECIDE_CLEAR;
	while (r->n < r->policy->n) {
		step = decide_next(t, r);
		if (!decide_may_lack(step->req))
			r->verdict = DECIDE_DEMAND;
		decide_enter(r, step);
	}
}

/**
 * decide() - what becomes of a packet
 * @t: tables
 * @flow: packet
 * @dir: IPSEC_DIR_OUTBOUND, IPSEC_DIR_INBOUND or IPSEC_DIR_FWD, where
 *	without a policy of its own the inbound ones count
 * @r: result
 */
void decide(const struct kern_tables *t, const struct decide_flow *flow, unsigned int dir,
	    struct decide_result *r)
{
	memset(r, 0, sizeof(*r));
	r->end_src = flow->src;
	r->end_dst = flow->dst;
	decide_policy(t, flow, dir, r);
	if (!r->policy && dir == IPSEC_DIR_FWD)
		decide_policy(t, flow, IPSEC_DIR_INBOUND, r);
	if (!r->policy || r->policy->type == IPSEC_POLICY_NONE)
		r->verdict = DECIDE_CLEAR;
	else if (r->policy->type != IPSEC_POLICY_IPSEC)
		r->verdict = DECIDE_DISCARD;
	else if (dir == IPSEC_DIR_OUTBOUND)
		decide_bundle(t, r);
	else
		decide_demand(t, r);
}

/**
 * decide_mtu() - largest clear packet
 * @r: outcome, DECIDE_PROTECT
 * @flow: packet
 * @mtu: of the route to @r->end_dst
 *
 * Return: bytes; 0 if an algorithm is unknown, or nothing fits.
 */
unsigned int decide_mtu(const struct decide_result *r, const struct decide_flow *flow,
			unsigned int mtu)
{
	struct size_layer layer[SIZE_LAYERS];
	unsigned int i, n = 0;

	for (i = 0; i < r->n; i++) {
		if (!r->step[i].sa)
			continue;
		if (!kern_layer(r->step[i].sa, r->step[i].req->mode == IPSEC_MODE_TUNNEL,
				&layer[n++]))
			return 0;
	}
	return size_inner(layer, n, mtu, flow->src.ss_family == AF_INET6);
}
