// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2 when the network does its worst: each datagram of each scenario is lost,
 * repeated or overtaken in turn, and both ends do the same thing at once. In the
 * end there is what the scenario wants, on both ends alike, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "world.h"

static void faults_rekey_child(struct world *w, unsigned int side)
{
	struct child_sa *child = world_child(w, side);

	if (child)
		world_expire(w, side, child, false);
}

static void faults_rekey_ike(struct world *w, unsigned int side)
{
	struct ike_sa *sa = world_ike(w, side);

	if (sa)
		sa->vops->rekey(sa);
}

static void faults_delete_child(struct world *w, unsigned int side)
{
	struct child_sa *child = world_child(w, side);

	if (child)
		child_close(child, REPORT_ADMIN);
}

static void do_nothing(struct world *w)
{
	(void)w;
}

static void do_both_begin(struct world *w)
{
	world_acquire(w, 1, 0);
}

static void do_both_begin_cold(struct world *w)
{
	world_acquire(w, 0, 0);
	world_acquire(w, 1, 0);
}

static void do_child_a(struct world *w)
{
	faults_rekey_child(w, 0);
}

static void do_child_b(struct world *w)
{
	faults_rekey_child(w, 1);
}

static void do_child_both(struct world *w)
{
	faults_rekey_child(w, 0);
	faults_rekey_child(w, 1);
}

static void do_ike_a(struct world *w)
{
	faults_rekey_ike(w, 0);
}

static void do_ike_both(struct world *w)
{
	faults_rekey_ike(w, 0);
	faults_rekey_ike(w, 1);
}

static void do_ike_a_child_b(struct world *w)
{
	faults_rekey_ike(w, 0);
	faults_rekey_child(w, 1);
}

static void do_child_then_ike(struct world *w)
{
	faults_rekey_child(w, 0);
	faults_rekey_ike(w, 0);
	faults_rekey_ike(w, 1);
	faults_rekey_child(w, 1);
}

static void do_delete_both(struct world *w)
{
	faults_delete_child(w, 0);
	faults_delete_child(w, 1);
}

static void do_delete_a(struct world *w)
{
	faults_delete_child(w, 0);
}

static void do_delete_a_rekey_b(struct world *w)
{
	faults_rekey_child(w, 1);
	faults_delete_child(w, 0);
}

static void do_close_both(struct world *w)
{
	ike_close(w->side[0].ike);
	ike_close(w->side[1].ike);
}

static void do_close_a_rekey_b(struct world *w)
{
	faults_rekey_ike(w, 1);
	ike_close(w->side[0].ike);
}

static void do_both_new(struct world *w)
{
	world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 1);
	world_acquire(w, 1, 1);
}

/**
 * struct scenario - something that happens to a pair that is up
 * @name: name
 * @why: what it is about
 * @act: it
 * @pairs: pairs of SAs that are left
 * @ikes: IKE SAs that are left
 * @any: either none or that many pairs are right
 * @cold: nothing is up before
 */
struct scenario {
	const char *name;
	const char *why;
	void (*act)(struct world *w);
	int pairs;
	unsigned int ikes;
	bool any;
	bool cold;
};

static void faults_up(struct world *w, const struct scenario *s)
{
	v2_tunnels(w);
	if (s->cold)
		return;
	world_acquire(w, 0, 0);
	world_run(w, 20000);
}

static const struct scenario scenarios[] = {
	{ "both make one", "the same of child SAs, under one IKE SA", do_both_new, 2, 1, false, false },
	{ "establish", "IKE_SA_INIT and IKE_AUTH", do_nothing, 1, 1, false, false },
	{ "both begin", "two IKE SAs for one: the lower nonce goes", do_both_begin_cold, 1, 1, false, true },
	{ "both ask", "a second child SA for the same selectors makes the first superfluous",
	  do_both_begin, 1, 1, false, false },
	{ "child rekey", "CREATE_CHILD_SA, then the old one's DELETE", do_child_a, 1, 1, false, false },
	{ "child rekey by responder", "roles of the IKE SA and of the exchange differ", do_child_b, 1, 1, false, false },
	{ "child rekey by both", "RFC 7296 2.8.1", do_child_both, 1, 1, false, false },
	{ "IKE rekey", "children move, the old one's DELETE", do_ike_a, 1, 1, false, false },
	{ "IKE rekey by both", "RFC 7296 2.8.2", do_ike_both, 1, 1, false, false },
	{ "IKE rekey against child rekey", "RFC 7296 2.25: TEMPORARY_FAILURE, later again",
	  do_ike_a_child_b, 1, 1, false, false },
	{ "all at once", "both rekey all they have", do_child_then_ike, 1, 1, false, false },
	{ "delete", "INFORMATIONAL", do_delete_a, 0, 1, false, false },
	{ "delete by both", "RFC 7296 1.4.1: the answer leaves out what we delete too", do_delete_both, 0, 1, false, false },
	{ "delete against rekey", "the rekey finds nothing, or makes a new one", do_delete_a_rekey_b, 1, 1, true, false },
	{ "close by both", "DELETE of the IKE SA crosses itself", do_close_both, 0, 0, false, false },
	{ "close against IKE rekey", "no heir survives a close", do_close_a_rekey_b, 0, 0, false, false },
};

#define WEATHER	10	/* after all of these scenarios but the first one pair is left */

/** enum fault - what happens to one datagram */
enum fault { FAULT_NONE, FAULT_DROP, FAULT_DROP_TWO, FAULT_DUP, FAULT_LATE, FAULT_LATER, FAULTS };

static const char *const fault_names[] = { "no fault", "lost", "two lost", "twice", "1.5 s late", "8 s late" };

static void faults_set(struct world *w, enum fault fault, unsigned int n)
{
	w->drop_nth = fault == FAULT_DROP || fault == FAULT_DROP_TWO ? n : 0;
	w->drop_count = fault == FAULT_DROP_TWO ? 2 : 1;
	w->dup_nth = fault == FAULT_DUP ? n : 0;
	w->delay_nth = fault == FAULT_LATE || fault == FAULT_LATER ? n : 0;
	w->delay_ms = fault == FAULT_LATE ? 1500 : 8000;
}

static void faults_check(struct world *w, const struct scenario *s, enum fault fault, unsigned int n)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));
	unsigned int side;

	if (pairs != s->pairs && !(s->any && !pairs))
		fail_msg("%s, datagram %u %s: %d pairs instead of %d: %s (A: %s; B: %s)", s->name, n,
			 fault_names[fault], pairs, s->pairs, why, world_report(w, 0)->sentence,
			 world_report(w, 1)->sentence);
	for (side = 0; side < 2; side++) {
		if (w->side[side].ike->half_open)
			fail_msg("%s, datagram %u %s: side %u has %u half open", s->name, n,
				 fault_names[fault], side, w->side[side].ike->half_open);
		if (world_ikes_up(w, side) != s->ikes || world_ikes(w, side) != s->ikes)
			fail_msg("%s, datagram %u %s: side %u has %u IKE SAs, %u of them up", s->name, n,
				 fault_names[fault], side, world_ikes(w, side), world_ikes_up(w, side));
	}
}

/* Returns how many datagrams there were. */
static unsigned int faults_run(const struct scenario *s, enum fault fault, unsigned int n)
{
	struct world *w = v2_world(NULL, NULL);
	unsigned int sent;

	w->latency = 20;
	if (getenv("WORLD_TRACE"))
		fprintf(stderr, "---- %s, datagram %u %s\n", s->name, n, fault_names[fault]);
	faults_set(w, fault, n);
	faults_up(w, s);
	s->act(w);
	/* until retired ones are gone, before DPD and the next rekey */
	world_run(w, 100000);
	faults_check(w, s, fault, n);
	sent = w->numbers;
	world_free(w);
	return sent;
}

static void test_each_datagram(void **state)
{
	unsigned int i, fault, n, sent;
	const char *only = getenv("ONLY");

	(void)state;
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (only && strcmp(only, scenarios[i].name))
			continue;
		sent = faults_run(&scenarios[i], FAULT_NONE, 0);
		/* DPD's come last and are all alike */
		if (sent > 26)
			sent = 26;
		for (fault = FAULT_DROP; fault < FAULTS; fault++) {
			for (n = 1; n <= sent; n++)
				faults_run(&scenarios[i], fault, n);
		}
	}
}

/* Everything at random, with many seeds; afterwards a quiet time in which all must heal. */
static void test_weather(void **state)
{
	unsigned int seed = getenv("SEED") ? atoi(getenv("SEED")) : 1;
	unsigned int last = getenv("SEEDS") ? (unsigned int)atoi(getenv("SEEDS")) : seed == 1 ? 60 : seed;
	unsigned int i;
	char why[256];

	(void)state;
	for (; seed <= last; seed++) {
		struct world *w = v2_world(NULL, NULL);
		uint32_t dice = seed * 2654435761u;

		v2_tunnels(w);
		w->seed = seed;
		w->latency = 20;
		w->jitter = 400;
		w->loss = 150;
		w->dups = 150;
		world_acquire(w, 0, 0);
		world_run(w, 3000);
		for (i = 0; i < 8; i++) {
			dice = dice * 1664525 + 1013904223;
			scenarios[1 + (dice >> 16) % WEATHER].act(w);
			world_run(w, 500 + (dice >> 8) % 6000);
		}
		w->jitter = w->loss = w->dups = 0;
		world_run(w, 200000);
		if (world_pairs(w, why, sizeof(why)) != 1 || world_ikes(w, 0) != 1 || world_ikes(w, 1) != 1)
			fail_msg("seed %u: %d pairs, %u and %u IKE SAs: %s", seed,
				 world_pairs(w, why, sizeof(why)), world_ikes(w, 0), world_ikes(w, 1), why);
		assert_int_equal(w->side[0].ike->half_open + w->side[1].ike->half_open, 0);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_datagram),
		cmocka_unit_test(test_weather),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
