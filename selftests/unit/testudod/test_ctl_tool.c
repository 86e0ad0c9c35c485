// SPDX-License-Identifier: GPL-2.0
/*
 * testudoctl's own thinking: what the kernel would do with a packet, by its
 * tables; words of the command line; text that a peer has chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "decide.h"
#include "flow.h"
#include "testudoctl.h"

#define A "192.0.2.1"
#define B "192.0.2.2"

/* ---- a kernel ---- */

static struct kern_policy policy(uint32_t id, unsigned int dir, uint32_t priority, const char *src,
				 unsigned int sbits, const char *dst, unsigned int dbits)
{
	struct kern_policy p = {
		.id = id,
		.dir = dir,
		.type = IPSEC_POLICY_IPSEC,
		.priority = priority,
		.src_bits = sbits,
		.dst_bits = dbits,
	};

	assert_true(addr_parse(&p.src, src));
	assert_true(addr_parse(&p.dst, dst));
	return p;
}

static void request(struct kern_policy *p, unsigned int proto, unsigned int mode, unsigned int level,
		    uint32_t reqid, const char *src, const char *dst)
{
	struct pfkey_request *req = &p->req[p->n++];

	req->proto = proto;
	req->mode = mode;
	req->level = level;
	req->reqid = reqid;
	req->ends = src;
	if (src) {
		addr_parse(&req->src, src);
		addr_parse(&req->dst, dst);
	}
}

static struct kern_entry sa(uint32_t spi, unsigned int mode, uint32_t reqid, unsigned int state,
			    uint64_t added, const char *src, const char *dst)
{
	struct kern_entry e = {
		.proto = IPPROTO_ESP,
		.mode = mode,
		.state = state,
		.spi = spi,
		.reqid = reqid,
		.auth = SADB_AALG_SHA1HMAC,
		.encr = SADB_X_EALG_AESCBC,
		.added = added,
	};

	addr_parse(&e.src, src);
	addr_parse(&e.dst, dst);
	return e;
}

static struct decide_flow flow(const char *src, const char *dst, int proto, int sport, int dport)
{
	struct decide_flow f = { .proto = proto, .sport = sport, .dport = dport };

	addr_parse(&f.src, src);
	addr_parse(&f.dst, dst);
	return f;
}

/* ---- which policy ---- */

static void test_match(void **state)
{
	static const struct {
		const char *why;
		const char *src;
		unsigned int sbits;
		const char *dst;
		unsigned int dbits;
		int proto;
		unsigned int sport, dport;
		const char *fsrc, *fdst;
		int fproto, fsport, fdport;
		enum decide_match want;
	} rows[] = {
		{ "inside both", "10.0.1.0", 24, "10.0.2.0", 24, 0, 0, 0, "10.0.1.9", "10.0.2.9", 6, 1, 2,
		  DECIDE_YES },
		{ "source outside", "10.0.1.0", 24, "10.0.2.0", 24, 0, 0, 0, "10.0.3.9", "10.0.2.9", 6, 1,
		  2, DECIDE_NO },
		{ "a bit beyond the prefix", "10.0.1.0", 25, "10.0.2.0", 24, 0, 0, 0, "10.0.1.128",
		  "10.0.2.9", 6, 1, 2, DECIDE_NO },
		{ "bits beyond the prefix do not count", "10.0.1.77", 24, "10.0.2.0", 24, 0, 0, 0,
		  "10.0.1.9", "10.0.2.9", 6, 1, 2, DECIDE_YES },
		{ "everything", "0.0.0.0", 0, "0.0.0.0", 0, 0, 0, 0, "1.2.3.4", "5.6.7.8", -1, -1, -1,
		  DECIDE_YES },
		{ "the other family", "::", 0, "::", 0, 0, 0, 0, "1.2.3.4", "5.6.7.8", -1, -1, -1,
		  DECIDE_NO },
		{ "protocol", "0.0.0.0", 0, "0.0.0.0", 0, 6, 0, 22, "1.2.3.4", "5.6.7.8", 6, 9, 22,
		  DECIDE_YES },
		{ "another protocol", "0.0.0.0", 0, "0.0.0.0", 0, 6, 0, 0, "1.2.3.4", "5.6.7.8", 17, 9,
		  22, DECIDE_NO },
		{ "another port", "0.0.0.0", 0, "0.0.0.0", 0, 6, 0, 22, "1.2.3.4", "5.6.7.8", 6, 9, 23,
		  DECIDE_NO },
		{ "port not said", "0.0.0.0", 0, "0.0.0.0", 0, 6, 0, 22, "1.2.3.4", "5.6.7.8", 6, -1, -1,
		  DECIDE_PERHAPS },
		{ "protocol not said", "0.0.0.0", 0, "0.0.0.0", 0, 6, 0, 0, "1.2.3.4", "5.6.7.8", -1, -1,
		  -1, DECIDE_PERHAPS },
		{ "not said, and outside", "10.0.0.0", 8, "0.0.0.0", 0, 6, 0, 0, "1.2.3.4", "5.6.7.8", -1,
		  -1, -1, DECIDE_NO },
		{ "ICMP type 0 is no wildcard of the packet", "0.0.0.0", 0, "0.0.0.0", 0, 1, 8, 0,
		  "1.2.3.4", "5.6.7.8", 1, 0, 0, DECIDE_NO },
	};
	struct kern_policy p;
	struct decide_flow f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = policy(8, IPSEC_DIR_OUTBOUND, 0, rows[i].src, rows[i].sbits, rows[i].dst,
			   rows[i].dbits);
		p.proto = rows[i].proto;
		addr_set_port(&p.src, rows[i].sport);
		addr_set_port(&p.dst, rows[i].dport);
		f = flow(rows[i].fsrc, rows[i].fdst, rows[i].fproto, rows[i].fsport, rows[i].fdport);
		if (decide_match(&p, &f) != rows[i].want)
			fail_msg("%s", rows[i].why);
	}
}

/* The lower priority value, then the older; what was not said may be decided by better ones. */
static void test_order(void **state)
{
	struct kern_policy p[5];
	struct kern_tables t = { .policy = p, .npolicies = 5 };
	struct decide_flow f = flow("10.0.1.1", "10.0.2.1", 6, 1000, 80);
	struct decide_result r;
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		p[i] = policy(8 * (i + 1), IPSEC_DIR_OUTBOUND, 100, "10.0.0.0", 8, "10.0.0.0", 8);
		p[i].type = IPSEC_POLICY_NONE;
	}
	p[0].priority = 200; /* oldest, but weak */
	p[1].priority = 100; /* wins */
	p[2].priority = 100; /* the same, younger */
	p[3].priority = 50;  /* best, for SSH */
	p[3].proto = 6;
	addr_set_port(&p[3].dst, 22);
	p[4].priority = 1; /* best of all, another direction */
	p[4].dir = IPSEC_DIR_INBOUND;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_ptr_equal(r.policy, &p[1]);
	assert_int_equal(r.nmaybe, 0);
	f.dport = 22;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_ptr_equal(r.policy, &p[3]);
	f.dport = DECIDE_ANY;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_ptr_equal(r.policy, &p[1]);
	assert_int_equal(r.nmaybe, 1);
	assert_ptr_equal(r.maybe[0], &p[3]);
	/* a worse one that only may match is of no interest */
	p[3].priority = 101;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.nmaybe, 0);
	/* forwarded: fwd, and in where there is none */
	decide(&t, &f, IPSEC_DIR_FWD, &r);
	assert_ptr_equal(r.policy, &p[4]);
	p[2].dir = IPSEC_DIR_FWD;
	decide(&t, &f, IPSEC_DIR_FWD, &r);
	assert_ptr_equal(r.policy, &p[2]);
}

/* ---- which SA ---- */

static void test_newest(void **state)
{
	static const struct {
		const char *why;
		struct {
			uint32_t spi, reqid;
			unsigned int mode, state;
			uint64_t added;
		} sa[4];
		uint32_t reqid; /* of the policy */
		uint32_t want;	/* SPI, 0: none */
		bool larval;
	} rows[] = {
		{ "the newest mature one",
		  { { 1, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 },
		    { 2, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 30 },
		    { 3, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 20 } },
		  0,
		  2,
		  false },
		{ "of one second the later in the dump",
		  { { 1, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 },
		    { 2, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 } },
		  0,
		  2,
		  false },
		{ "a dying one only without a mature one",
		  { { 1, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 },
		    { 2, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_DYING, 30 } },
		  0,
		  1,
		  false },
		{ "but then",
		  { { 1, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_DYING, 10 },
		    { 2, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_DEAD, 30 } },
		  0,
		  1,
		  false },
		{ "of the policy's reqid",
		  { { 1, 7, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 },
		    { 2, 8, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 30 } },
		  7,
		  1,
		  false },
		{ "none of that reqid", { { 2, 8, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 30 } }, 7, 0, false },
		{ "without a reqid any does", { { 2, 8, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 30 } }, 0, 2, false },
		{ "not of the other mode: transport beside tunnel",
		  { { 1, 0, IPSEC_MODE_TRANSPORT, SADB_SASTATE_MATURE, 30 },
		    { 2, 0, IPSEC_MODE_TUNNEL, SADB_SASTATE_MATURE, 10 } },
		  0,
		  2,
		  false },
		{ "mode any serves", { { 1, 0, IPSEC_MODE_ANY, SADB_SASTATE_MATURE, 30 } }, 0, 1, false },
		{ "a larval one is on its way", { { 0, 7, IPSEC_MODE_TUNNEL, SADB_SASTATE_LARVAL, 30 } }, 7, 0, true },
	};
	struct kern_policy p;
	struct kern_entry e[4];
	struct kern_tables t = { .policy = &p, .npolicies = 1, .sa = e };
	struct decide_flow f = flow("10.0.1.1", "10.0.2.1", 6, 1, 2);
	struct decide_result r;
	uint32_t got;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = policy(8, IPSEC_DIR_OUTBOUND, 0, "10.0.1.0", 24, "10.0.2.0", 24);
		request(&p, IPPROTO_ESP, IPSEC_MODE_TUNNEL,
			rows[i].reqid ? IPSEC_LEVEL_UNIQUE : IPSEC_LEVEL_REQUIRE, rows[i].reqid, A, B);
		for (j = 0; j < 4 && rows[i].sa[j].added; j++)
			e[j] = sa(rows[i].sa[j].spi, rows[i].sa[j].mode, rows[i].sa[j].reqid,
				  rows[i].sa[j].state, rows[i].sa[j].added, A, B);
		/* the way back is never taken */
		t.nsas = j;
		decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
		assert_int_equal(r.n, 1);
		got = r.step[0].sa ? r.step[0].sa->spi : 0;
		if (got != rows[i].want || r.step[0].larval != rows[i].larval)
			fail_msg("%s: SPI %u", rows[i].why, got);
		assert_int_equal(r.verdict, got ? DECIDE_PROTECT : DECIDE_ASK);
	}
}

/* Bundles: the ends that each template looks for, optional ones, loops. */
static void test_bundle(void **state)
{
	struct kern_policy p = policy(8, IPSEC_DIR_OUTBOUND, 0, "10.0.1.0", 24, "10.0.2.0", 24);
	struct kern_entry e[2] = {
		sa(1, IPSEC_MODE_TUNNEL, 0, SADB_SASTATE_MATURE, 10, A, B),
		sa(2, IPSEC_MODE_TRANSPORT, 0, SADB_SASTATE_MATURE, 10, A, B),
	};
	struct kern_tables t = { .policy = &p, .npolicies = 1, .sa = e, .nsas = 2 };
	struct decide_flow f = flow("10.0.1.1", "10.0.2.1", 6, 1, 2);
	struct decide_result r;

	(void)state;
	e[1].proto = IPPROTO_AH;
	request(&p, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, A, B);
	request(&p, IPPROTO_AH, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_PROTECT);
	/* AH joins the tunnel's ends, as the packet has them by then */
	assert_int_equal(r.step[1].sa->spi, 2);
	assert_true(addr_same_host(&r.end_dst, &e[0].dst));
	/* 1500 - 24 of AH - 20 - 8 - 16 - 12, down to whole blocks, - 2 */
	assert_int_equal(decide_mtu(&r, &f, 1500), 1500 - 24 - 20 - 36 - (1500 - 24 - 20 - 36) % 16 - 2);
	t.nsas = 1;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_ASK);
	p.req[1].level = IPSEC_LEVEL_USE;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_PROTECT);
	assert_int_equal(decide_mtu(&r, &f, 1500), 1438);
	/* all optional and nothing there: clear, and no tunnel was entered */
	p.req[0].level = IPSEC_LEVEL_USE;
	t.nsas = 0;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_CLEAR);
	assert_true(addr_same_host(&r.end_dst, &f.dst));
	/* the same SA twice */
	t.nsas = 1;
	p.req[0].level = IPSEC_LEVEL_REQUIRE;
	p.req[1] = p.req[0];
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_LOOP);
	/* an algorithm that nobody here knows: no MTU rather than a wrong one */
	p.n = 1;
	e[0].encr = 200;
	decide(&t, &f, IPSEC_DIR_OUTBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_PROTECT);
	assert_int_equal(decide_mtu(&r, &f, 1500), 0);
}

static void test_inbound(void **state)
{
	struct kern_policy p = policy(8, IPSEC_DIR_INBOUND, 0, "10.0.2.0", 24, "10.0.1.0", 24);
	struct kern_tables t = { .policy = &p, .npolicies = 1 };
	struct decide_flow f = flow("10.0.2.1", "10.0.1.1", 6, 1, 2);
	struct decide_result r;

	(void)state;
	request(&p, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, B, A);
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_DEMAND);
	assert_null(r.step[0].sa);
	p.req[0].level = IPSEC_LEVEL_USE;
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_CLEAR);
	p.type = IPSEC_POLICY_DISCARD;
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_DISCARD);
	t.npolicies = 0;
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_CLEAR);
	assert_null(r.policy);
}

/* The text is made of the JSON, and says where it comes from. */
/* Behind a tunnel its ends count; and IPComp may always be left out by who sends. */
static void test_inbound_bundle(void **state)
{
	struct kern_policy p[2] = { policy(1, IPSEC_DIR_INBOUND, 0, "10.0.2.0", 24, "10.0.1.0", 24),
				    policy(2, IPSEC_DIR_INBOUND, 0, "10.0.3.0", 24, "10.0.1.0", 24) };
	struct kern_entry sas[2] = { sa(1, IPSEC_MODE_TUNNEL, 0, SADB_SASTATE_MATURE, 1, B, A),
				     sa(2, IPSEC_MODE_TRANSPORT, 0, SADB_SASTATE_MATURE, 1, B, A) };
	struct kern_tables t = { .npolicies = 2, .policy = p, .nsas = 2, .sa = sas };
	struct decide_flow f = flow("10.0.2.1", "10.0.1.1", 6, 1, 2);
	struct decide_result r;

	(void)state;
	request(&p[0], IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, B, A);
	request(&p[0], IPPROTO_AH, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	sas[1].proto = IPPROTO_AH;
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_DEMAND);
	assert_ptr_equal(r.step[0].sa, &sas[0]);
	assert_ptr_equal(r.step[1].sa, &sas[1]);
	request(&p[1], IPPROTO_COMP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	f = flow("10.0.3.1", "10.0.1.1", 6, 1, 2);
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_CLEAR);
	p[1].req[0].mode = IPSEC_MODE_TUNNEL;
	decide(&t, &f, IPSEC_DIR_INBOUND, &r);
	assert_int_equal(r.verdict, DECIDE_DEMAND);
}

static void test_flow_text(void **state)
{
	static const char want[] =
		"in\n"
		"  policy   8 (priority 100) 10.0.2.0/24 - 10.0.1.0/24 any: ipsec "
		"esp/tunnel/" B "-" A "/unique:7\n"
		"  but      16 (priority 10) 10.0.2.0/24 - 10.0.1.0/24[22] tcp: none decides for what it "
		"names\n"
		"  SA       esp/tunnel " B " -> " A "\n"
		"           spi 0x00000001 reqid 7 mature, aes-cbc hmac-sha1\n"
		"           1.5kB in 10 packets, first used 1m40s ago\n"
		"  verdict  protected only: in clear it is dropped (in_clear), through other SAs as well "
		"(in_mismatch)\n"
		"(from here)\n";
	struct kern_policy p[2] = {
		policy(8, IPSEC_DIR_INBOUND, 100, "10.0.2.0", 24, "10.0.1.0", 24),
		policy(16, IPSEC_DIR_INBOUND, 10, "10.0.2.0", 24, "10.0.1.0", 24),
	};
	struct kern_entry e = sa(1, IPSEC_MODE_TUNNEL, 7, SADB_SASTATE_MATURE, 10, B, A);
	struct kern_tables t = { .policy = p, .npolicies = 2, .sa = &e, .nsas = 1 };
	struct decide_flow f = flow("10.0.2.1", "10.0.1.1", DECIDE_ANY, DECIDE_ANY, DECIDE_ANY);
	char *text = NULL;
	json_t *json;
	size_t len;
	FILE *out;

	(void)state;
	request(&p[0], IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_UNIQUE, 7, B, A);
	p[1].type = IPSEC_POLICY_NONE;
	p[1].proto = IPPROTO_TCP;
	addr_set_port(&p[1].dst, 22);
	e.bytes = 1500;
	e.packets = 10;
	e.used = 1000;
	json = json_pack("{s:s, s:[o]}", "source", "here", "roads",
			 flow_road(&t, &f, IPSEC_DIR_INBOUND));
	out = open_memstream(&text, &len);
	flow_print(out, json, 1100);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

/* ---- words ---- */

static void test_saopts(void **state)
{
	static const struct {
		const char *why;
		const char *words[6];
		const char *json; /* NULL: refused */
	} rows[] = {
		{ "racoonctl's isakmp", { "isakmp", "inet", "10.0.0.1", "10.0.0.2" }, "{\"schema_version\":1,\"verb\":\"delete-sa\",\"what\":\"isakmp\",\"src\":\"10.0.0.1\","
										      "\"dst\":\"10.0.0.2\"}" },
		{ "without the family", { "isakmp", "10.0.0.1", "10.0.0.2" }, "{\"schema_version\":1,\"verb\":\"delete-sa\",\"what\":\"isakmp\",\"src\":\"10.0.0.1\","
									      "\"dst\":\"10.0.0.2\"}" },
		{ "racoonctl's esp", { "esp", "inet", "10.0.1.0/24/0", "10.0.2.0/24/22", "tcp" }, "{\"schema_version\":1,\"verb\":\"delete-sa\",\"what\":\"esp\",\"src\":\"10.0.1.0\","
												  "\"src_prefix\":24,\"dst\":\"10.0.2.0\",\"dst_prefix\":24,\"dst_port\":22,\"proto\":6}" },
		{ "any protocol, any port", { "ah", "inet6", "2001:db8::/32/any", "::/0", "any" }, "{\"schema_version\":1,\"verb\":\"delete-sa\",\"what\":\"ah\",\"src\":\"2001:db8::\","
												   "\"src_prefix\":32,\"dst\":\"::\",\"dst_prefix\":0}" },
		{ "not that family", { "isakmp", "inet6", "10.0.0.1", "10.0.0.2" }, NULL },
		{ "one end", { "isakmp", "inet", "10.0.0.1" }, NULL },
		{ "nothing", { NULL }, NULL },
		{ "no kind", { "tls", "10.0.0.1", "10.0.0.2" }, NULL },
		{ "isakmp has no protocol", { "isakmp", "10.0.0.1", "10.0.0.2", "tcp" }, NULL },
		{ "prefix too long", { "esp", "10.0.1.0/33", "10.0.2.0/24", "any" }, NULL },
		{ "port too large", { "esp", "10.0.1.0/24/65536", "10.0.2.0/24", "any" }, NULL },
		{ "prefix with rubbish", { "esp", "10.0.1.0/24x", "10.0.2.0/24", "any" }, NULL },
		{ "no protocol's name", { "esp", "10.0.1.0/24", "10.0.2.0/24", "nonsense" }, NULL },
	};
	struct ctl_request req;
	struct run run;
	char *text;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run = (struct run){ .verb = "delete-sa", .argv = (char **)(uintptr_t)rows[i].words };
		while (rows[i].words[run.argc])
			run.argc++;
		req = (struct ctl_request){ .verb = CTL_DELETE_SA };
		ok = args_saopts(&run, &req);
		if (ok != !!rows[i].json)
			fail_msg("%s", rows[i].why);
		if (!ok)
			continue;
		text = ctl_request_json(&req);
		assert_string_equal(text, rows[i].json);
		free(text);
	}
}

/* ---- text ---- */

static void test_terminal(void **state)
{
	static const struct {
		const char *why;
		const char *text;
		const char *want;
	} rows[] = {
		{ "plain", "fqdn a.test", "fqdn a.test" },
		{ "escape sequence", "a\x1b[2Jb", "a?[2Jb" },
		{ "line end", "a\r\nb", "a??b" },
		{ "delete", "a\x7f", "a?" },
		{ "UTF-8 stays", "B\xc3\xbcro", "B\xc3\xbcro" },
		{ "C1 control (CSI) in UTF-8", "a\xc2\x9b"
					       "2J",
		  "a?2J" },
		{ "no-break space is none", "a\xc2\xa0", "a\xc2\xa0" },
		{ "cut in the middle", "a\xc2", "a\xc2" },
	};
	char *text = NULL;
	size_t i, len;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = open_memstream(&text, &len);
		out_text(out, rows[i].text);
		fclose(out);
		if (strcmp(text, rows[i].want))
			fail_msg("%s: \"%s\"", rows[i].why, text);
		free(text);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		int64_t v;
		const char *size;
		const char *span;
	} rows[] = {
		{ 0, "0", "0s" },
		{ 59, "59", "59s" },
		{ 60, "60", "1m00s" },
		{ 999, "999", "16m39s" },
		{ 1000, "1.0k", "16m40s" },
		{ 8003, "8.0k", "2h13m" },
		{ 9999, "10k", "2h46m" },
		{ 999499, "999k", "11d13h" },
		{ 999500, "1.0M", "11d13h" },
		{ 1234567890, "1.2G", "14288d23h" },
		{ INT64_MAX, "9.2E", NULL },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(out_size(rows[i].v, buf), rows[i].size);
		if (rows[i].span)
			assert_string_equal(out_span(rows[i].v, buf), rows[i].span);
	}
}

/* status: one line a tunnel, and one for a remote without any. */
static void test_status_text(void **state)
{
	static const char want[] =
		"PEER  REMOTE          TUNNEL                     STATE  SINCE  IKE  SA                      "
		"IN    OUT  WHY\n"
		"gw-b  192.0.2.2       10.0.1.0/24 - 10.0.2.0/24  up     1m40s  v2   esp aes256/hmac_sha256  "
		"1.5k  42\n"
		"gw-b  192.0.2.2       10.0.1.0/24 - 10.0.3.0/24  idle   -      -    -                       "
		"-     -    no packet has asked for it yet\n"
		"gw-c  192.0.2.3[500]  -                          down   -      -    -                       "
		"-     -    no psk: psk.txt has no line for 192.0.2.3\n";
	json_t *json = json_pack(
		"{s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:[{s:s,s:s,s:s}]},{s:s,s:s,s:s,s:s,s:s,s:s,s:s}],"
		"s:[{s:s,s:s,s:s,s:n},{s:s,s:s,s:s,s:{s:s,s:s}}]}",
		"tunnels", "peer", "gw-b", "peer_remote", "192.0.2.2[500]", "remote", "192.0.2.2", "state",
		"up", "local_ts", "10.0.1.0/24[any] any", "remote_ts", "10.0.2.0/24[any] any", "since", 1000,
		"ike_version", 2, "bytes_in", 1500, "bytes_out", 42, "sas", "protocol", "esp", "encryption",
		"aes256", "authentication", "hmac_sha256", "peer", "gw-b", "peer_remote", "192.0.2.2[500]",
		"remote", "192.0.2.2", "state", "idle", "local_ts", "10.0.1.0/24[any] any", "remote_ts",
		"10.0.3.0/24[any] any", "reason", "no packet has asked for it yet", "peers", "name", "gw-b",
		"remote", "192.0.2.2[500]", "state", "up", "failure", "name", "gw-c", "remote",
		"192.0.2.3[500]", "state", "down", "failure", "cause", "no psk", "sentence",
		"psk.txt has no line for 192.0.2.3");
	char *text = NULL;
	size_t len;
	FILE *out;

	(void)state;
	assert_non_null(json);
	out = open_memstream(&text, &len);
	status_print(out, json, false, 1100);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_inbound),
		cmocka_unit_test(test_inbound_bundle),
		cmocka_unit_test(test_flow_text),
		cmocka_unit_test(test_saopts),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_status_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
