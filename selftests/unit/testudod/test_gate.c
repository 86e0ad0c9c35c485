// SPDX-License-Identifier: GPL-2.0
/*
 * The gate against floods of first messages: nobody who forges the address of a
 * peer keeps that peer out, and neither memory nor Diffie-Hellman is spent
 * without bounds on those who may not be there. Before each flood A's own first
 * message has been lost, so it comes again in the middle of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "v1_case.h"
#include "v2_help.h"
#include "wire/v2.h"
#include "world.h"

#define SECOND 1000

/* The first datagram is A's first message; it is kept, and lost. */
static void hook_first(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	if (dg->number != 1)
		return;
	blob_set(arg, blob_chunk(&dg->data));
	dg->drop = true;
}

static struct blob begin(struct world *w)
{
	struct blob first = { 0 };

	w->latency = 50;
	w->hook = hook_first;
	w->hook_arg = &first;
	world_acquire(w, 0, 0);
	w->hook = NULL;
	assert_true(first.n);
	return first;
}

/* The message of a stranger who says that he is @from. */
static void forge(struct world *w, const struct blob *first, unsigned int nth, const char *from)
{
	struct ike_path path = { .local = w->side[1].addr };
	struct blob copy = { 0 };

	addr_parse(&path.remote, from);
	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	blob_set(&copy, blob_chunk(first));
	copy.p[0] = 0x77;
	copy.p[1] = nth >> 16;
	copy.p[2] = nth >> 8;
	copy.p[3] = nth;
	ike_input(w->side[1].ike, &path, blob_chunk(&copy));
	blob_free(&copy);
}

/* @per of them in each second, for so many seconds, all with A's address. */
static void flood(struct world *w, const struct blob *first, unsigned int per, unsigned int seconds)
{
	unsigned int i;

	for (i = 0; i < per * seconds; i++) {
		forge(w, first, i, "10.0.0.1");
		world_run(w, SECOND / per);
	}
}

static unsigned int halves(struct world *w, enum gate_class half)
{
	const struct ike_peer *peer;
	const struct ike_sa *sa;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &w->side[1].ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link)
			n += sa->half == half;
	}
	return n;
}

static void expect_up(struct world *w, const char *what)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));

	if (pairs != 1 || world_ikes_up(w, 1) != 1)
		fail_msg("%s: %d pairs, %u IKE SAs up: %s", what, pairs, world_ikes_up(w, 1), why);
}

/* ... and afterwards nothing is left of them. */
static void expect_quiet(struct world *w)
{
	world_run(w, 120 * SECOND);
	assert_int_equal(w->side[0].ike->half_open, 0);
	assert_int_equal(w->side[1].ike->half_open, 0);
}

static const struct v1_case aggressive = {
	.mode = "aggressive",
	.remote = "my_identifier address; dh_group 14;",
};

/* ---- the true owner of a forged address ---- */

static void test_owner_v2(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	struct blob first;

	(void)state;
	v2_tunnels(w);
	first = begin(w);
	flood(w, &first, 100, 3);
	expect_up(w, "IKEv2, while somebody forges its address");
	assert_true(w->side[1].ike->counts.cookies > 200);
	blob_free(&first);
	expect_quiet(w);
	world_free(w);
}

static void test_owner_main(void **state)
{
	struct v1_case c = { 0 };
	struct world *w = v1_world(&c);
	struct blob first;

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	flood(w, &first, 30, 4);
	expect_up(w, "main mode, while somebody forges its address");
	assert_true(w->side[1].ike->counts.half_open_displaced > 0);
	blob_free(&first);
	expect_quiet(w);
	world_free(w);
}

/* Nobody can forge an answer to what it never got: what has gone on makes no room. */
static void test_owner_goes_on(void **state)
{
	struct v1_case c = { 0 };
	struct world *w = v1_world(&c);
	unsigned int i;
	struct blob first;

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	/* A's MM5 needs a quarter of a minute */
	for (i = 0; i < 200 && !halves(w, GATE_REAL); i++)
		world_run(w, 10);
	assert_int_equal(halves(w, GATE_REAL), 1);
	w->latency = 15 * SECOND;
	flood(w, &first, 32, 10);
	assert_int_equal(halves(w, GATE_REAL), 1);
	assert_int_equal(halves(w, GATE_FIRST), 64);
	w->latency = 50;
	world_run(w, 30 * SECOND);
	expect_up(w, "one that had gone on before the flood");
	blob_free(&first);
	expect_quiet(w);
	world_free(w);
}

static void test_owner_aggressive(void **state)
{
	struct world *w = v1_world(&aggressive);
	struct blob first;

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	flood(w, &first, 12, 4);
	expect_up(w, "aggressive mode, while somebody forges its address");
	blob_free(&first);
	expect_quiet(w);
	world_free(w);
}

/* ---- bounds ---- */

/* From everywhere at once: memory is bounded, and neither version's peers are kept out. */
static void test_everywhere(void **state)
{
	struct v1_case c = { .anonymous = true };
	struct world *w = v1_world(&c);
	unsigned int i, most = 0;
	struct blob first;
	char from[32];

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	for (i = 0; i < 2000; i++) {
		snprintf(from, sizeof(from), "10.%u.%u.%u", 1 + i % 7, i / 250, 1 + i % 250);
		forge(w, &first, i, from);
		world_run(w, 10);
		if (w->side[1].ike->half_open > most)
			most = w->side[1].ike->half_open;
	}
	assert_in_range(most, 500, 513);
	expect_up(w, "main mode, while everybody is forged");
	assert_true(gate_wants_cookie(w->side[1].ike, &w->side[0].seen));
	assert_true(gate_cookied(w->side[1].ike, &w->side[0].seen));
	blob_free(&first);
	expect_quiet(w);
	world_free(w);
}

/* Many in one moment: not more are taken than leaves each one time to go on. */
static void test_burst(void **state)
{
	struct v1_case c = { .anonymous = true };
	struct world *w = v1_world(&c);
	unsigned int i;
	struct blob first;
	char from[32];

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	for (i = 0; i < 500; i++)
		forge(w, &first, i, "10.0.0.1");
	assert_int_equal(w->side[1].ike->half_open, 32);
	for (i = 0; i < 500; i++) {
		snprintf(from, sizeof(from), "10.1.%u.%u", i / 250, 1 + i % 250);
		forge(w, &first, i, from);
	}
	assert_int_equal(w->side[1].ike->half_open, 128);
	assert_int_equal(w->side[1].ike->counts.half_open_displaced, 0);
	assert_int_equal(w->side[1].ike->counts.half_open_refused, 1000 - 128);
	/* and a second later the owner of the address has its turn */
	world_run(w, 5 * SECOND);
	expect_up(w, "after a burst");
	blob_free(&first);
	world_free(w);
}

static void hook_no_identity(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop = !dg->from && dg->data.p[19] & WIRE_V1_ENCRYPT;
}

/* One who is there, and never comes to an end: Diffie-Hellman is done eight times for it. */
static void test_many_of_one(void **state)
{
	struct v1_case c = { 0 };
	struct world *w = v1_world(&c);
	struct ike_path path = { 0 };
	struct ike_sa *sa;
	unsigned int i;

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	path.local = w->side[0].addr;
	path.remote = w->side[1].seen;
	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	w->hook = hook_no_identity;
	for (i = 0; i < 20; i++) {
		sa = ike_sa_new(world_peer(w, 0), 1, true, &path);
		sa->vops->initiate(sa);
	}
	world_run(w, 5 * SECOND);
	assert_int_equal(halves(w, GATE_REAL), 8);
	assert_int_equal(halves(w, GATE_FIRST), 12);
	w->hook = NULL;
	expect_quiet(w);
	world_free(w);
}

static void test_dear_aggressive(void **state)
{
	struct world *w = v1_world(&aggressive);
	unsigned int i;
	struct blob first;

	(void)state;
	v1_tunnel(w, IPPROTO_ESP, 0);
	first = begin(w);
	for (i = 0; i < 200; i++)
		forge(w, &first, i, "10.0.0.1");
	assert_int_equal(w->side[1].ike->counts.responded[1], 16);
	blob_free(&first);
	world_free(w);
}

static size_t find_ke(const struct blob *first)
{
	struct wire_msg msg = { .data = blob_chunk(first) };

	assert_true(wire_read_hdr(msg.data, &msg.hdr, NULL));
	assert_true(wire_read_chain(chunk(first->p + WIRE_HDR_LEN, first->n - WIRE_HDR_LEN), msg.hdr.next,
				    &msg, NULL));
	return wire_find(&msg, P2_KE)->body.p + 4 - first->p;
}

/* A public value that is none leaves no SA behind that would be counted, but a key pair is made for it. */
static void test_dear_v2(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	unsigned int i;
	struct blob first;

	(void)state;
	v2_tunnels(w);
	first = begin(w);
	memset(first.p + find_ke(&first), 0, 32);
	for (i = 0; i < 200; i++)
		forge(w, &first, i, "10.0.0.1");
	assert_int_equal(w->side[1].ike->counts.responded[2], 0);
	assert_int_equal(w->side[1].ike->counts.bad, 16);
	assert_int_equal(w->side[1].ike->counts.cookies, 184);
	blob_free(&first);
	world_free(w);
}

/* IPv6: a /64 is one address, its neighbour another. */
static void test_prefix(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	struct ike_peer *peer = world_peer(w, 1);
	struct sockaddr_storage near, far;
	struct ike_path path = { 0 };
	struct ike_sa *sa[8];
	unsigned int i;
	char from[64];

	(void)state;
	addr_parse(&near, "2001:db8::ffff");
	addr_parse(&far, "2001:db8:0:1::1");
	for (i = 0; i < 8; i++) {
		assert_true(gate_cookied(w->side[1].ike, &near));
		snprintf(from, sizeof(from), "2001:db8::%u", 1 + i);
		addr_parse(&path.remote, from);
		sa[i] = ike_sa_new(peer, 2, false, &path);
		gate_enter(sa[i], GATE_REAL);
	}
	assert_false(gate_cookied(w->side[1].ike, &near));
	assert_true(gate_cookied(w->side[1].ike, &far));
	for (i = 0; i < 8; i++)
		ike_sa_kill(sa[i]);
	assert_true(gate_cookied(w->side[1].ike, &near));
	assert_int_equal(w->side[1].ike->half_open, 0);
	world_free(w);
}

/* An engine that ends answers no first message, not even with a cookie. */
static void test_closing(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	struct blob first;
	unsigned int i, sent;

	(void)state;
	v2_tunnels(w);
	first = begin(w);
	ike_close(w->side[1].ike);
	sent = w->side[1].sent;
	for (i = 0; i < 50; i++)
		forge(w, &first, i, "10.0.0.1");
	assert_int_equal(w->side[1].sent, sent);
	blob_free(&first);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_v2),
		cmocka_unit_test(test_owner_main),
		cmocka_unit_test(test_owner_goes_on),
		cmocka_unit_test(test_owner_aggressive),
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_many_of_one),
		cmocka_unit_test(test_dear_aggressive),
		cmocka_unit_test(test_dear_v2),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_closing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
