// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's SAs over time: lost, repeated, late and damaged datagrams, rekeys of
 * both phases and their collisions, dead peers, DELETE, a restart. Whatever
 * happens, at the end there is exactly one live pair with equal keys at both
 * ends, or none and a sentence that says why.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "v1_case.h"
#include "world_ops.h"

#define ESP    IPPROTO_ESP
#define MINUTE 60000

static struct world *start(const struct v1_case *c)
{
	struct world *w = v1_world(c);

	v1_tunnel(w, ESP, 0);
	return w;
}

static struct world *up(const struct v1_case *c)
{
	struct world *w = start(c);
	char why[256];

	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	return w;
}

static void expect_pair(struct world *w, const char *what, unsigned int n)
{
	char why[256];

	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("%s %u: %s; A: %s; B: %s", what, n, why, world_report(w, 0)->sentence,
			 world_report(w, 1)->sentence);
}

/* one pair, or nothing at all and a sentence */
static void expect_sane(struct world *w, const char *what, unsigned int n)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));

	if (pairs == 1)
		return;
	if (pairs || v1_installed(w, 0) || v1_installed(w, 1) || !world_report(w, 0)->sentence[0])
		fail_msg("%s %u: %d pairs, %s; A: %s; B: %s", what, n, pairs, why,
			 world_report(w, 0)->sentence, world_report(w, 1)->sentence);
}

static const struct v1_case modes[] = { { 0 }, { .mode = "aggressive" } };

static void test_loss(void **state)
{
	unsigned int m, n, k;
	struct world *w;

	(void)state;
	for (m = 0; m < 2; m++) {
		for (n = 1; n <= 9; n++) {
			for (k = 1; k <= 3; k++) {
				w = start(&modes[m]);
				w->drop_nth = n;
				w->drop_count = k;
				world_acquire(w, 0, 0);
				world_run(w, 2 * MINUTE);
				expect_pair(w, m ? "aggressive mode, lost from" : "main mode, lost from", n);
				world_free(w);
			}
		}
	}
}

static void test_repetition_and_delay(void **state)
{
	static const unsigned int delays[] = { 5, 1500, 7000 };
	unsigned int m, n, k;
	struct world *w;

	(void)state;
	for (m = 0; m < 2; m++) {
		for (n = 1; n <= 9; n++) {
			w = start(&modes[m]);
			w->dup_nth = n;
			world_acquire(w, 0, 0);
			world_run(w, 2 * MINUTE);
			expect_pair(w, "twice", n);
			assert_int_equal(w->side[0].installed, 2);
			world_free(w);
			for (k = 0; k < 3; k++) {
				w = start(&modes[m]);
				w->delay_nth = n;
				w->delay_ms = delays[k];
				world_acquire(w, 0, 0);
				world_run(w, 2 * MINUTE);
				expect_pair(w, "late", n);
				world_free(w);
			}
		}
	}
}

static void test_bad_weather(void **state)
{
	unsigned int seed;
	struct world *w;

	(void)state;
	for (seed = 1; seed <= 24; seed++) {
		w = start(&modes[seed % 2]);
		w->seed = seed * 7919;
		w->loss = 250;
		w->dups = 250;
		w->jitter = 40;
		world_acquire(w, 0, 0);
		if (seed % 3 == 0)
			world_acquire(w, 1, 0);
		/* what IKEv1 can not mend is a lost DELETE: those come later */
		world_run(w, 20000);
		w->loss = w->dups = 0;
		world_traffic(w);
		world_run(w, 4 * MINUTE);
		expect_sane(w, "bad weather", seed);
		world_free(w);
	}
}

/* One random byte of one datagram is changed: it is dropped, or the negotiation ends with a word. */
static void damage(struct world *w, struct world_dg *dg, void *arg)
{
	const unsigned int *what = arg;

	(void)w;
	if (dg->number == what[0])
		dg->data.p[what[1] % dg->data.n] ^= what[2];
}

static void test_damage(void **state)
{
	unsigned int what[3], n, k, dice = 4711;
	struct world *w;

	(void)state;
	for (n = 1; n <= 9; n++) {
		for (k = 0; k < 8; k++) {
			dice = dice * 1103515245 + 12345;
			what[0] = n;
			/* first the header and what follows it, then anywhere */
			what[1] = k < 4 ? 16 + dice / 65536 % 24 : dice / 65536;
			what[2] = 1 + dice / 256 % 255;
			w = start(&modes[k % 2]);
			w->hook = damage;
			w->hook_arg = what;
			world_acquire(w, 0, 0);
			world_run(w, 3 * MINUTE);
			expect_sane(w, "damaged", n);
			world_free(w);
		}
	}
}

/* ---- rekeys ---- */

static void test_child_rekey(void **state)
{
	static const struct v1_case c = { .sainfo = "pfs_group 14; lifetime time 10 min; encryption_algorithm aes; authentication_algorithm hmac_sha256;" };
	struct world *w = up(&c);
	unsigned int side, round;
	uint32_t spi;

	(void)state;
	for (round = 0; round < 4; round++) {
		side = round % 2;
		spi = world_child(w, side)->choice.p[0].spi_in;
		world_expire(w, side, world_child(w, side), false);
		world_run(w, 200);
		world_traffic(w);
		world_run(w, 800);
		/* the old one is still there for what is on its way */
		assert_int_equal(v1_installed(w, 0), 4);
		world_traffic(w);
		world_run(w, 2 * MINUTE);
		expect_pair(w, "rekey", round);
		assert_int_equal(v1_installed(w, 0), 2);
		assert_int_not_equal(world_child(w, side)->choice.p[0].spi_in, spi);
	}
	world_free(w);
}

static void test_child_rekey_crossing(void **state)
{
	static const struct v1_case c = { .sainfo = "lifetime time 10 min; encryption_algorithm aes; authentication_algorithm hmac_sha256;" };
	unsigned int apart, round;
	struct world *w;

	(void)state;
	for (round = 0; round < 12; round++) {
		apart = round % 6;
		w = up(&c);
		world_expire(w, 0, world_child(w, 0), false);
		world_run(w, apart);
		if (world_child(w, 1))
			world_expire(w, 1, world_child(w, 1), false);
		world_run(w, 2000);
		world_traffic(w);
		world_run(w, 3 * MINUTE);
		expect_pair(w, "crossing rekeys", apart);
		world_free(w);
	}
}

static void test_acquire_crossing(void **state)
{
	struct world *w;
	unsigned int apart;

	(void)state;
	for (apart = 0; apart < 10; apart++) {
		w = start(&modes[apart % 2]);
		world_acquire(w, 0, 0);
		world_run(w, apart);
		world_acquire(w, 1, 0);
		world_run(w, 10000);
		world_traffic(w);
		world_run(w, 3 * MINUTE);
		expect_pair(w, "both begin, ms apart", apart);
		assert_true(world_ikes_up(w, 0) == 1 && world_ikes_up(w, 1) == 1);
		world_free(w);
	}
}

static void test_phase1_rekey(void **state)
{
	static const struct v1_case c = { .remote = "lifetime time 2 min; rekey force; dpd_delay 0;" };
	struct world *w = up(&c);
	uint64_t spi = world_ike(w, 0)->spi_i;
	unsigned int minutes;

	(void)state;
	for (minutes = 1; minutes < 12; minutes++) {
		world_run(w, MINUTE);
		world_traffic(w);
		expect_pair(w, "phase 1 rekeyed after minutes", minutes);
		assert_true(world_ikes_up(w, 0) >= 1 && world_ikes(w, 0) <= 3);
		assert_true(world_ikes_up(w, 1) >= 1 && world_ikes(w, 1) <= 3);
	}
	assert_true(world_ike(w, 0)->spi_i != spi);
	assert_ptr_equal(world_child(w, 0)->ike, world_ike(w, 0));
	assert_int_equal(w->side[0].installed, 2);
	/* and the SA in use is good for phase 2 */
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 1000);
	world_traffic(w);
	world_run(w, 2 * MINUTE);
	expect_pair(w, "phase 2 under a rekeyed phase 1", 0);
	world_free(w);
}

/* Nothing answers AM3, so its loss must be noticed by other means: also in a rekey. */
static void lose_am3(struct world *w, struct world_dg *dg, void *arg)
{
	unsigned int *lose = arg;

	(void)w;
	if (dg->data.p[18] == V1_AGGRESSIVE && dg->data.p[19] & WIRE_V1_ENCRYPT && *lose) {
		dg->drop = true;
		--*lose;
	}
}

static void test_lost_am3(void **state)
{
	static const struct v1_case c = { .mode = "aggressive", .remote = "lifetime time 2 min; rekey force; dpd_delay 10;" };
	unsigned int lose, times, minutes;
	struct world *w;

	(void)state;
	for (times = 1; times <= 20; times *= 4) {
		w = up(&c);
		w->hook = lose_am3;
		w->hook_arg = &lose;
		for (minutes = 0; minutes < 10; minutes++) {
			lose = times;
			world_run(w, MINUTE);
			expect_pair(w, "AM3 is lost, times", times);
			assert_int_equal(w->side[0].installed, 2);
		}
		world_free(w);
	}
}

/* IKEv1's IPsec-SAs outlive the ISAKMP-SA. */
static void test_phase1_ends(void **state)
{
	static const struct v1_case c = { .remote = "lifetime time 2 min; rekey off; dpd_delay 0;" };
	struct world *w = up(&c);

	(void)state;
	world_run(w, 3 * MINUTE);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	expect_pair(w, "without a phase 1", 0);
	world_expire(w, 1, world_child(w, 1), false);
	world_run(w, 5000);
	world_traffic(w);
	world_run(w, MINUTE);
	expect_pair(w, "rekeyed with a new phase 1", 0);
	world_free(w);
}

/* ---- ends ---- */

static void test_dead_peer(void **state)
{
	static const struct v1_case c = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
	struct world *w = up(&c);

	(void)state;
	world_run(w, 5 * MINUTE);
	expect_pair(w, "idle and asked", 0);
	assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 0);
	w->cut = true;
	world_run(w, MINUTE);
	assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 1);
	assert_int_equal(w->side[1].events[EVENT_DPD_TIMEOUT], 1);
	assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
	assert_int_equal(world_ikes_up(w, 0), 0);
	w->cut = false;
	world_run(w, 15 * MINUTE);
	world_acquire(w, 0, 0);
	world_run(w, MINUTE);
	expect_pair(w, "back again", 0);
	world_free(w);
}

static void test_delete(void **state)
{
	struct world *w = up(&modes[0]);

	(void)state;
	child_close(world_child(w, 1), REPORT_ADMIN);
	world_run(w, 1000);
	assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
	assert_int_equal(world_ikes_up(w, 0), 1);
	world_acquire(w, 0, 0);
	world_run(w, 1000);
	expect_pair(w, "again under the same phase 1", 0);
	ike_close(w->side[0].ike);
	world_run(w, 1000);
	assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	assert_true(ike_is_closed(w->side[0].ike));
	world_free(w);
}

/* A loses its memory; its INITIAL-CONTACT clears away what B has of its former life. */
static void test_restart(void **state)
{
	struct world *w = up(&modes[0]);
	struct world_side *a = &w->side[0];

	(void)state;
	world_run(w, MINUTE);
	w->cut = true;
	ike_free(a->ike);
	memset(a->sas, 0, WORLD_SAS * sizeof(*a->sas));
	w->cut = false;
	a->ike = ike_new(a->conf, a->src, &world_ops, a);
	a->npolicy = 0;
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	expect_pair(w, "after the restart", 0);
	assert_int_equal(world_ikes(w, 1), 1);
	world_free(w);
}

/* The kernel refuses: nothing stays behind at either end, and the next try works. */
static void test_kernel_refuses(void **state)
{
	struct world *w;
	unsigned int side;

	(void)state;
	for (side = 0; side < 2; side++) {
		w = start(&modes[0]);
		w->side[side].refuse_install = 1;
		world_acquire(w, 0, 0);
		world_run(w, 2 * MINUTE);
		expect_sane(w, "kernel of side", side);
		assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
		assert_non_null(strstr(world_report(w, side)->sentence, "kernel"));
		world_run(w, 15 * MINUTE);
		world_acquire(w, 0, 0);
		world_run(w, MINUTE);
		expect_pair(w, "the kernel has changed its mind", side);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_repetition_and_delay),
		cmocka_unit_test(test_bad_weather),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_child_rekey),
		cmocka_unit_test(test_child_rekey_crossing),
		cmocka_unit_test(test_acquire_crossing),
		cmocka_unit_test(test_phase1_rekey),
		cmocka_unit_test(test_lost_am3),
		cmocka_unit_test(test_phase1_ends),
		cmocka_unit_test(test_dead_peer),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_kernel_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
