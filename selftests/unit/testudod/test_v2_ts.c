// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic selectors in IKEv2 (RFC 7296 2.9): what a responder makes of several
 * ones, and an initiator of several that come back. A's requests, and B's
 * answers to them, are of the test's own making.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "v2_raw.h"
#include "world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MOST	 4

/**
 * struct sel - a selector
 * @prefix: "10.0.1.0/24", NULL: there is none
 * @proto: protocol, 0: any
 * @lo: first port; with @hi 0: any
 * @hi: last port
 */
struct sel {
	const char *prefix;
	uint8_t proto;
	uint16_t lo;
	uint16_t hi;
};

#define ANY(p)		{ .prefix = (p) }
#define OF(p, pr)	{ .prefix = (p), .proto = (pr) }
#define ONE(p, pr, port) { .prefix = (p), .proto = (pr), .lo = (port), .hi = (port) }

/**
 * struct row - an offer of A's, and what B makes of it
 * @why: what it is about
 * @transport: mode
 * @policy: B's policies by rank: its side, A's side
 * @i: A's selectors
 * @r: B's
 * @policy_nth: index of the policy that is served, -1: TS_UNACCEPTABLE
 * @ti: what is agreed of A's
 * @tr: of B's
 * @more: ADDITIONAL_TS_POSSIBLE
 * @li: what the child SA keeps of A's, NULL: @ti
 * @lr: of B's
 */
struct row {
	const char *why;
	bool transport;
	struct sel policy[MOST][2];
	struct sel i[MOST];
	struct sel r[MOST];
	int policy_nth;
	struct sel ti[MOST];
	struct sel tr[MOST];
	bool more;
	struct sel li;
	struct sel lr;
};

static const struct row rows[] = {
	{ "one pair, the policy's",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ANY("10.1.1.0/24") },
	  .r = { ANY("10.2.1.0/24") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "a packet's first, then the policy's (strongSwan, Windows)",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ONE("10.1.1.5", IPPROTO_ICMP, 0x0800), ANY("10.1.1.0/24") },
	  .r = { ONE("10.2.1.7", IPPROTO_ICMP, 0x0800), ANY("10.2.1.0/24") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "a packet's first, then more than the policy's",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ONE("10.1.1.5", IPPROTO_TCP, 4711), ANY("10.1.0.0/16") },
	  .r = { ONE("10.2.1.7", IPPROTO_TCP, 80), ANY("10.2.0.0/16") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "the packet's policy is not the best ranked of those that the rest would do for",
	  .policy = { { ANY("10.2.3.0/24"), ANY("10.1.0.0/16") }, { ANY("10.2.1.0/24"), ANY("10.1.0.0/16") } },
	  .i = { ONE("10.1.1.5", IPPROTO_TCP, 4711), ANY("10.1.0.0/16") },
	  .r = { ONE("10.2.1.7", IPPROTO_TCP, 80), ANY("10.2.0.0/16") },
	  .policy_nth = 1,
	  .ti = { ANY("10.1.0.0/16") },
	  .tr = { ANY("10.2.1.0/24") },
	  .more = true },
	{ "of two policies that the packet is in, the better ranked one: the kernel has it so, too",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") }, { ANY("10.2.0.0/16"), ANY("10.1.0.0/16") } },
	  .i = { ONE("10.1.1.5", IPPROTO_TCP, 4711), ANY("10.1.0.0/16") },
	  .r = { ONE("10.2.1.7", IPPROTO_TCP, 80), ANY("10.2.0.0/16") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") },
	  .more = true },
	{ "several subnets: the first one's policy, though another ranks better",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.3.0/24") }, { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ANY("10.1.1.0/24"), ANY("10.1.3.0/24") },
	  .r = { ANY("10.2.1.0/24") },
	  .policy_nth = 1,
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") },
	  .more = true },
	{ "several subnets of one policy: all of them",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.0.0/16") } },
	  .i = { ANY("10.1.1.0/24"), ANY("10.1.3.0/24"), ANY("10.8.1.0/24") },
	  .r = { ANY("10.2.1.0/24"), ANY("10.2.1.128/25") },
	  .ti = { ANY("10.1.1.0/24"), ANY("10.1.3.0/24") },
	  .tr = { ANY("10.2.1.0/24") },
	  .li = ANY("10.1.0.0/16"),
	  .lr = ANY("10.2.1.0/24") },
	{ "a packet's, and several subnets of one policy",
	  .policy = { { ANY("10.2.0.0/16"), ANY("10.1.0.0/16") } },
	  .i = { ONE("10.1.3.5", IPPROTO_TCP, 4711), ANY("10.1.1.0/24"), ANY("10.1.3.0/24") },
	  .r = { ONE("10.2.1.7", IPPROTO_TCP, 80), ANY("10.2.1.0/24"), ANY("10.2.9.0/24") },
	  .ti = { ANY("10.1.3.0/24"), ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24"), ANY("10.2.9.0/24") },
	  .li = ANY("10.1.0.0/16"),
	  .lr = ANY("10.2.0.0/16") },
	{ "two protocols of one policy: those that make a pair with the first",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { OF("10.1.1.0/24", IPPROTO_TCP), OF("10.1.1.0/24", IPPROTO_UDP) },
	  .r = { OF("10.2.1.0/24", IPPROTO_TCP), OF("10.2.1.0/24", IPPROTO_UDP) },
	  .ti = { OF("10.1.1.0/24", IPPROTO_TCP) },
	  .tr = { OF("10.2.1.0/24", IPPROTO_TCP) } },
	{ "a policy that takes the first pair whole goes before a better ranked one that takes a part",
	  .policy = { { ANY("10.2.1.0/25"), ANY("10.1.1.0/24") }, { ANY("10.2.0.0/16"), ANY("10.1.0.0/16") } },
	  .i = { ANY("10.1.1.0/24") },
	  .r = { ANY("10.2.1.0/24") },
	  .policy_nth = 1,
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "the first pair is nobody's, the second is",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ANY("10.1.9.0/24"), ANY("10.1.1.0/24") },
	  .r = { ANY("10.2.1.0/24") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "the same by value goes before a part of the first",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.5.0/24") }, { ANY("10.2.1.0/24"), ANY("10.8.1.0/24") } },
	  .i = { ANY("10.1.0.0/16"), ANY("10.8.1.0/24") },
	  .r = { ANY("10.2.1.0/24") },
	  .policy_nth = 1,
	  .ti = { ANY("10.8.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") },
	  .more = true },
	{ "a pair is of one protocol",
	  .policy = { { ANY("10.2.2.0/24"), ANY("10.1.2.0/24") } },
	  .i = { OF("10.1.1.0/24", IPPROTO_TCP), OF("10.1.2.0/24", IPPROTO_UDP) },
	  .r = { OF("10.2.2.0/24", IPPROTO_TCP), OF("10.2.2.0/24", IPPROTO_UDP) },
	  .ti = { OF("10.1.2.0/24", IPPROTO_UDP) },
	  .tr = { OF("10.2.2.0/24", IPPROTO_UDP) } },
	{ "two protocols make no pair",
	  .policy = { { ANY("10.2.2.0/24"), ANY("10.1.2.0/24") } },
	  .i = { OF("10.1.2.0/24", IPPROTO_TCP) },
	  .r = { OF("10.2.2.0/24", IPPROTO_UDP) },
	  .policy_nth = -1 },
	{ "nothing fits",
	  .policy = { { ANY("10.2.2.0/24"), ANY("10.1.2.0/24") } },
	  .i = { ANY("10.1.1.5"), ANY("10.1.1.0/24") },
	  .r = { ANY("10.2.2.7"), ANY("10.2.2.0/24") },
	  .policy_nth = -1 },
	{ "both families: the policy's",
	  .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } },
	  .i = { ANY("fd00:1::/64"), ANY("10.1.1.0/24") },
	  .r = { ANY("fd00:2::/64"), ANY("10.2.1.0/24") },
	  .ti = { ANY("10.1.1.0/24") },
	  .tr = { ANY("10.2.1.0/24") } },
	{ "a policy for one protocol",
	  .policy = { { ONE("10.2.1.0/24", IPPROTO_UDP, 1701), OF("10.1.1.0/24", IPPROTO_UDP) } },
	  .i = { ONE("10.1.1.5", IPPROTO_UDP, 4711), ANY("10.1.1.0/24") },
	  .r = { ONE("10.2.1.7", IPPROTO_UDP, 1701), ANY("10.2.1.0/24") },
	  .ti = { OF("10.1.1.0/24", IPPROTO_UDP) },
	  .tr = { ONE("10.2.1.0/24", IPPROTO_UDP, 1701) } },
	{ "transport mode: a packet's, then the hosts'",
	  .transport = true,
	  .policy = { { ANY("10.0.0.2"), ANY("10.0.0.1") } },
	  .i = { ONE("10.0.0.1", IPPROTO_TCP, 4711), ANY("10.0.0.1") },
	  .r = { ONE("10.0.0.2", IPPROTO_TCP, 22), ANY("10.0.0.2") },
	  .ti = { ANY("10.0.0.1") },
	  .tr = { ANY("10.0.0.2") } },
	{ "transport mode: a wide policy is for the two ends alone, as the SAs are",
	  .transport = true,
	  .policy = { { ANY("10.0.0.0/24"), ANY("10.0.0.0/24") } },
	  .i = { ANY("10.0.0.0/24") },
	  .r = { ANY("10.0.0.0/24") },
	  .ti = { ANY("10.0.0.1") },
	  .tr = { ANY("10.0.0.2") } },
	{ "transport mode: other hosts of a wide policy speak for themselves",
	  .transport = true,
	  .policy = { { ANY("10.0.0.0/24"), ANY("10.0.0.0/24") } },
	  .i = { ANY("10.0.0.9") },
	  .r = { ANY("10.0.0.2") },
	  .policy_nth = -1 },
};

static void sel_ts(const struct sel *sel, struct ts *ts)
{
	struct sockaddr_storage sa;
	const char *slash = strchr(sel->prefix, '/');
	char host[64];

	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - sel->prefix) : 63, sel->prefix);
	assert_true(addr_parse(&sa, host));
	ts_from_prefix(ts, &sa, slash ? (unsigned int)atoi(slash + 1) : addr_bits(&sa), sel->proto, 0);
	if (!sel->hi)
		return;
	ts->port_lo = sel->lo;
	ts->port_hi = sel->hi;
}

static unsigned int sel_list(const struct sel sel[MOST], struct ts ts[MOST])
{
	unsigned int n = 0;

	while (n < MOST && sel[n].prefix) {
		sel_ts(&sel[n], &ts[n]);
		n++;
	}
	return n;
}

static struct world *ts_up(void)
{
	struct world *w = v2_world(NULL, NULL);

	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 2000);
	v2_expect_pairs(w, 1);
	return w;
}

/* Policies of B's, the first one ranks best; the number of the first. */
static uint32_t ts_policies(struct world *w, const struct row *row)
{
	struct policy p = { .type = IPSEC_POLICY_IPSEC, .dir = IPSEC_DIR_OUTBOUND, .n = 1 };
	unsigned int i;

	for (i = 0; i < MOST && row->policy[i][0].prefix; i++) {
		p.id = 1000 + i;
		p.priority = 10 + i;
		sel_ts(&row->policy[i][0], &p.src);
		sel_ts(&row->policy[i][1], &p.dst);
		p.req[0] = (struct policy_request){ .proto = IPPROTO_ESP, .level = IPSEC_LEVEL_REQUIRE };
		p.req[0].mode = row->transport ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
		if (!row->transport) {
			p.req[0].src = w->side[1].addr;
			p.req[0].dst = w->side[0].seen;
		}
		ike_policy_put(w->side[1].ike, &p);
	}
	return 1000;
}

/* What B answers, in clear. */
struct heard {
	struct ike_sa *sa;
	struct blob clear;
	struct wire_msg msg;
};

static void hook_hear(struct world *w, struct world_dg *dg, void *arg)
{
	struct heard *h = arg;
	struct v2_in in = { .sa = h->sa };

	(void)w;
	if (!dg->from || !h->sa)
		return;
	assert_true(wire_read_hdr(blob_chunk(&dg->data), &in.hdr, NULL));
	assert_int_equal(v2_msg_open(&in, blob_chunk(&dg->data)), V2_WHOLE);
	blob_take(&h->clear, &in.clear);
	h->msg = in.msg;
	h->sa = NULL;
}

static void expect_ts(const char *why, const struct wire_msg *msg, uint8_t payload,
		      const struct sel want[MOST])
{
	const struct wire_pl *pl = wire_find(msg, payload);
	struct ts got[V2_TS_MAX], ts[MOST];
	unsigned int n, total, i, wanted = sel_list(want, ts);
	char a[TS_TEXT], b[TS_TEXT];

	if (!pl || !v2_get_ts(pl->body, got, &n, &total))
		fail_msg("%s: no selectors", why);
	for (i = 0; i < n && i < wanted; i++) {
		if (!ts_equal(&got[i], &ts[i]))
			fail_msg("%s: %s, not %s", why, ts_text(&got[i], a), ts_text(&ts[i], b));
	}
	if (n != wanted)
		fail_msg("%s: %u selectors, not %u", why, n, wanted);
}

static void ts_check(struct world *w, const struct row *row, const struct wire_msg *msg, uint32_t id)
{
	struct child_sa *child = child_by_spi_out(world_peer(w, 1), IPPROTO_ESP, 0x0102);
	struct v2_notify n;
	struct ts ts;

	if (row->policy_nth < 0) {
		if (child || !v2_find_notify(msg, V2_N_TS_UNACCEPTABLE, &n))
			fail_msg("%s: no TS_UNACCEPTABLE", row->why);
		assert_int_equal(world_report(w, 1)->cause, REPORT_SELECTOR);
		return;
	}
	if (!child)
		fail_msg("%s: refused (%s)", row->why, world_report(w, 1)->sentence);
	if (child->policy != id + row->policy_nth)
		fail_msg("%s: policy %u", row->why, child->policy - id);
	expect_ts(row->why, msg, P2_TSI, row->ti);
	expect_ts(row->why, msg, P2_TSR, row->tr);
	sel_ts(row->li.prefix ? &row->li : &row->ti[0], &ts);
	assert_true(ts_equal(&child->remote, &ts));
	sel_ts(row->lr.prefix ? &row->lr : &row->tr[0], &ts);
	assert_true(ts_equal(&child->local, &ts));
	if (v2_find_notify(msg, V2_N_ADDITIONAL_TS_POSSIBLE, &n) != row->more)
		fail_msg("%s: ADDITIONAL_TS_POSSIBLE %s", row->why, row->more ? "is missing" : "is wrong");
}

static void test_responder(void **state)
{
	struct ts ts[MOST];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct world *w = ts_up();
		struct ike_sa *sa = world_ike(w, 0);
		struct heard heard = { .sa = sa };
		uint32_t id = ts_policies(w, &rows[i]);
		struct wire_out o;

		w->hook = hook_hear;
		w->hook_arg = &heard;
		wire_begin_chain(&o);
		if (rows[i].transport)
			v2_put_status(&o, V2_N_USE_TRANSPORT_MODE, chunk(NULL, 0));
		RAW(&o, P2_SA, ESP_PROPOSAL);
		raw_nonce(&o, 32);
		v2_put_ts(&o, P2_TSI, ts, sel_list(rows[i].i, ts));
		v2_put_ts(&o, P2_TSR, ts, sel_list(rows[i].r, ts));
		raw_request(w, 0, sa, V2_CHILD, sa->v2->next_out++, &o);
		world_run(w, 100);
		assert_true(heard.clear.n);
		ts_check(w, &rows[i], &heard.msg, id);
		blob_free(&heard.clear);
		world_free(w);
	}
}

/* More selectors than we look at: the first ones count. */
static void test_many(void **state)
{
	static const struct sel sel = ANY("10.2.1.0/24"), other = ANY("10.9.0.0/24");
	struct world *w = ts_up();
	struct ike_sa *sa = world_ike(w, 0);
	static const struct row row = { .policy = { { ANY("10.2.1.0/24"), ANY("10.1.1.0/24") } } };
	struct ts ts[60], r;
	struct wire_out o;
	unsigned int i;

	(void)state;
	ts_policies(w, &row);
	for (i = 0; i < COUNT(ts); i++) {
		sel_ts(&other, &ts[i]);
		ts[i].lo[1] = ts[i].hi[1] = 10 + i;
	}
	sel_ts(&row.policy[0][1], &ts[31]);
	sel_ts(&sel, &r);
	wire_begin_chain(&o);
	RAW(&o, P2_SA, ESP_PROPOSAL);
	raw_nonce(&o, 32);
	v2_put_ts(&o, P2_TSI, ts, COUNT(ts));
	v2_put_ts(&o, P2_TSR, &r, 1);
	raw_request(w, 0, sa, V2_CHILD, sa->v2->next_out++, &o);
	world_run(w, 100);
	assert_non_null(child_by_spi_out(world_peer(w, 1), IPPROTO_ESP, 0x0102));
	world_free(w);
}

/* generate_policy makes what the peer's policy is, not one for a packet. */
static void test_generate(void **state)
{
	static const struct v2_conf open = { .remote = "generate_policy on;" };
	static const struct {
		const char *why;
		bool transport;
		struct sel i[MOST], r[MOST];
		const char *local, *remote;
	} offers[] = {
		{ "a packet's, then the policy's", false,
		  { ONE("10.1.1.5", IPPROTO_ICMP, 0x0800), ANY("10.1.1.0/24") },
		  { ONE("10.2.1.7", IPPROTO_ICMP, 0x0800), ANY("10.2.1.0/24") },
		  "10.2.1.0/24[any] any", "10.1.1.0/24[any] any" },
		{ "several subnets: the first", false,
		  { ANY("10.1.1.0/24"), ANY("10.1.3.0/24") }, { ANY("10.2.1.0/24") },
		  "10.2.1.0/24[any] any", "10.1.1.0/24[any] any" },
		{ "transport mode, of a wide policy", true,
		  { ANY("10.0.0.0/24") }, { ANY("10.0.0.0/24") },
		  "10.0.0.2/32[any] any", "10.0.0.1/32[any] any" },
	};
	struct ts ts[MOST];
	char a[TS_TEXT], b[TS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(offers); i++) {
		struct world *w = v2_world(NULL, &open);
		const struct policy *p;
		struct child_sa *child;
		struct wire_out o;
		struct ike_sa *sa;

		v2_tunnels(w);
		world_acquire(w, 0, 0);
		world_run(w, 2000);
		sa = world_ike(w, 0);
		wire_begin_chain(&o);
		if (offers[i].transport)
			v2_put_status(&o, V2_N_USE_TRANSPORT_MODE, chunk(NULL, 0));
		RAW(&o, P2_SA, ESP_PROPOSAL);
		raw_nonce(&o, 32);
		v2_put_ts(&o, P2_TSI, ts, sel_list(offers[i].i, ts));
		v2_put_ts(&o, P2_TSR, ts, sel_list(offers[i].r, ts));
		raw_request(w, 0, sa, V2_CHILD, sa->v2->next_out++, &o);
		world_run(w, 100);
		child = child_by_spi_out(world_peer(w, 1), IPPROTO_ESP, 0x0102);
		if (!child)
			fail_msg("%s: refused (%s)", offers[i].why, world_report(w, 1)->sentence);
		p = policy_by_id(&w->side[1].ike->spd, child->policy);
		assert_true(p->generated);
		if (strcmp(ts_text(&p->src, a), offers[i].local) || strcmp(ts_text(&p->dst, b), offers[i].remote))
			fail_msg("%s: %s - %s", offers[i].why, a, b);
		world_free(w);
	}
}

/* ---- what comes back ---- */

static void hook_deaf(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop |= !dg->from;
}

/* B answers A's request for 10.1.0.0/16 - 10.2.0.0/16 with these selectors; A's child SA, if it takes them. */
static struct child_sa *answered(struct world *w, const struct sel *i, const struct sel *r)
{
	struct ike_sa *a = world_ike(w, 0), *b = world_ike(w, 1);
	struct ts ts[MOST];
	struct wire_out o;

	w->side[0].policy[1].id = world_policy(w, 0, "10.1.0.0/16", "10.2.0.0/16", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	w->hook = hook_deaf;
	world_acquire(w, 0, 1);
	wire_begin_chain(&o);
	RAW(&o, P2_SA, ESP_PROPOSAL);
	raw_nonce(&o, 32);
	v2_put_ts(&o, P2_TSI, ts, sel_list(i, ts));
	v2_put_ts(&o, P2_TSR, ts, sel_list(r, ts));
	raw_answer(w, 1, b, V2_CHILD, a->v2->request.msgid, &o);
	world_run(w, 100);
	return child_by_spi_out(world_peer(w, 0), IPPROTO_ESP, 0x0102);
}

static void test_initiator(void **state)
{
	static const struct {
		const char *why;
		struct sel i[MOST], r[MOST];
		const char *local, *remote;
	} answers[] = {
		{ "what was asked for", { ANY("10.1.0.0/16") }, { ANY("10.2.0.0/16") },
		  "10.1.0.0/16[any] any", "10.2.0.0/16[any] any" },
		{ "narrowed to one range", { ANY("10.1.1.0/24") }, { ANY("10.2.1.0/24") },
		  "10.1.1.0/24[any] any", "10.2.1.0/24[any] any" },
		{ "to several: asked for again as before when it is rekeyed",
		  { ANY("10.1.1.0/24") }, { ANY("10.2.1.0/24"), ANY("10.2.5.0/24") },
		  "10.1.1.0/24[any] any", "10.2.0.0/16[any] any" },
		{ "wider in the first", { ANY("10.0.0.0/8") }, { ANY("10.2.0.0/16") }, NULL, NULL },
		{ "wider in another one", { ANY("10.1.1.0/24") }, { ANY("10.2.1.0/24"), ANY("10.3.1.0/24") }, NULL, NULL },
	};
	char a[TS_TEXT], b[TS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(answers); i++) {
		struct world *w = ts_up();
		struct child_sa *child = answered(w, answers[i].i, answers[i].r);

		if (!child != !answers[i].local)
			fail_msg("%s: %s (%s)", answers[i].why, child ? "taken" : "refused",
				 world_report(w, 0)->sentence);
		if (child && (strcmp(ts_text(&child->local, a), answers[i].local) ||
			      strcmp(ts_text(&child->remote, b), answers[i].remote)))
			fail_msg("%s: %s - %s", answers[i].why, a, b);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responder),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_initiator),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
