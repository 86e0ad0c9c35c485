// SPDX-License-Identifier: GPL-2.0
/*
 * "passive on;", and SAs of a run before: B never begins, and keeps what it
 * found in the kernel until the lifetime, A's INITIAL-CONTACT or what A makes
 * anew ends it. What A says under the IKE SA of that run nobody can verify.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine_help.h"
#include "world.h"

static const struct end passive = { .remote = "passive on;" };
static const struct end watchful = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
static const struct end silent = { .remote = "dpd_delay 0;" };
static const struct end modest = { .remote = "dpd_delay 0; initial_contact off;" };

/* Both are up, and B is another run that has adopted the pair. */
static struct world *left(unsigned int ver, const struct end *a)
{
	struct world *w = up(ver, a, &passive);

	expect_pairs(w, 1);
	ike_leave(w->side[1].ike);
	restart(w, 1);
	assert_non_null(world_child(w, 1));
	assert_true(world_child(w, 1)->adopted);
	w->side[1].sent = 0;
	memset(w->side[1].events, 0, sizeof(w->side[1].events));
	return w;
}

static void expire(struct world *w, bool inbound, bool hard)
{
	struct kern_name name = sa_name(w, 1, world_child(w, 1), inbound);

	ike_expire(w->side[1].ike, &name, hard);
}

/* Whichever of the two the kernel tells of. */
static void test_lifetime(void **state)
{
	unsigned int ver, inbound;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (inbound = 0; inbound < 2; inbound++) {
			w = left(ver, &silent);
			/* the soft end makes B begin nothing, and takes nothing away */
			expire(w, inbound, false);
			world_run(w, 5 * MINUTE);
			expect_pairs(w, 1);
			assert_int_equal(w->side[1].sent, 0);
			expire(w, inbound, true);
			assert_int_equal(installed(w, 1), 0);
			assert_int_equal(w->side[1].events[EVENT_PHASE2_DOWN], 1);
			assert_string_equal(w->side[1].last[EVENT_PHASE2_DOWN], "its lifetime is over");
			world_run(w, 5 * MINUTE);
			assert_int_equal(w->side[1].sent, 0);
			assert_int_equal(world_ikes(w, 1), 0);
			world_free(w);
		}
	}
}

/* B is asked for an SA by its own packets: it says no, and why. */
static void test_asked(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &silent);
		expire(w, true, false);
		expire(w, true, true);
		world_acquire(w, 1, 0);
		world_run(w, MINUTE);
		assert_int_equal(w->side[1].acquire_failed, 1);
		assert_int_equal(w->side[1].sent, 0);
		assert_string_equal(world_report(w, 1)->sentence,
				    "10.0.0.1 is configured as passive: it has to begin");
		/* nothing of it stands in A's way */
		ike_delete_peer(w->side[0].ike, &w->side[1].addr);
		world_run(w, 2 * MINUTE);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		world_traffic(w);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 1);
		assert_int_equal(world_report(w, 1)->cause, REPORT_NONE);
		world_free(w);
	}
}

static void test_initial_contact(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &silent);
		/* A has lost all, too */
		ike_free(w->side[0].ike);
		w->side[0].ike = ike_new(w->side[0].conf, w->side[0].src, w->side[1].ike->ops, &w->side[0]);
		ike_policy_put(w->side[0].ike, &w->side[0].policy[0]);
		assert_int_equal(installed(w, 0), 0);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		assert_false(world_child(w, 1)->adopted);
		assert_int_equal(w->side[1].events[EVENT_PHASE2_DOWN], 1);
		assert_string_equal(w->side[1].last[EVENT_PHASE2_DOWN],
				    "the peer started anew (INITIAL-CONTACT)");
		world_free(w);
	}
}

/* A notices by DPD that its IKE SA is dead, and begins another one with its next packet. */
static void test_dpd(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &watchful);
		world_run(w, 2 * MINUTE);
		assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 1);
		assert_int_equal(installed(w, 0), 0);
		/* B's are still there: nobody has told it */
		assert_int_equal(installed(w, 1), 2);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* While packets pass, DPD has nothing to ask, and both ends go on with the old pair until its rekey. */
static void test_traffic(void **state)
{
	unsigned int ver, i;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &watchful);
		for (i = 0; i < 120; i++) {
			world_traffic(w);
			world_run(w, 5 * SECOND);
			expect_pairs(w, 1);
		}
		assert_true(world_child(w, 1)->adopted);
		world_free(w);
	}
}

/* A new IKE SA without INITIAL-CONTACT: what was adopted is made anew under it at once. */
static void test_new_ike_sa(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &modest);
		ike_sa_kill(world_ike(w, 0));
		world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", ESP, TUNNEL);
		world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", ESP, TUNNEL);
		world_acquire(w, 0, 1);
		world_run(w, SECOND);
		world_traffic(w);
		world_run(w, 4 * SECOND);
		assert_false(world_child(w, 1)->adopted);
		world_traffic(w);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 2);
		world_free(w);
	}
}

/* A's DELETE under the IKE SA of the run before proves nothing to B: nobody knows its keys. */
static void test_delete_unknown(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = left(ver, &silent);
		ike_delete_peer(w->side[0].ike, &w->side[1].addr);
		world_run(w, 2 * MINUTE);
		assert_int_equal(installed(w, 0), 0);
		assert_int_equal(installed(w, 1), 2);
		/* under the next one it is gone */
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		ike_delete_peer(w->side[0].ike, &w->side[1].addr);
		world_run(w, 5 * SECOND);
		assert_int_equal(installed(w, 1), 0);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_dpd),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_new_ike_sa),
		cmocka_unit_test(test_delete_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
