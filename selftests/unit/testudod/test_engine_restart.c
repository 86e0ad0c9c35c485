// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon leaves in the kernel when it ends and the next one takes over, in
 * both IKE versions: traffic goes on all the time, and new SAs take the old ones'
 * place whatever the peer believes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"
#include "engine_help.h"

static void test_adopted(void **state)
{
	struct kern_name in, out;
	struct ike *before;
	uint32_t reqid;
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		in = sa_name(w, 0, world_child(w, 0), true);
		out = sa_name(w, 0, world_child(w, 0), false);
		reqid = w->side[0].policy[0].req[0].reqid;
		/* another run of the daemon finds what this one has left */
		before = w->side[0].ike;
		before->closing = true;
		w->side[0].ike = ike_new(w->side[0].conf, w->side[0].src, before->ops, &w->side[0]);
		ike_policy_put(w->side[0].ike, &w->side[0].policy[0]);
		ike_adopt(w->side[0].ike, &in, reqid, TUNNEL);
		ike_adopt(w->side[0].ike, &out, reqid, TUNNEL);
		assert_non_null(world_child(w, 0));
		expect_pairs(w, 1);
		/* its IKE SA comes up: with it the peer forgets the old ones, so they are replaced */
		world_expire(w, 0, world_child(w, 0), false);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 1);
		assert_false(world_child(w, 0)->adopted);
		ike_free(before);
		world_free(w);
	}
}

/* Is there an SA at both ends that packets from @side can take? */
static bool passes(const struct world *w, unsigned int side)
{
	const struct world_sa *out = w->side[side].sas, *in = w->side[!side].sas;
	unsigned int i, j;

	for (i = 0; i < WORLD_SAS; i++) {
		if (!out[i].used || out[i].larval || out[i].sa.inbound)
			continue;
		for (j = 0; j < WORLD_SAS; j++) {
			if (in[j].used && !in[j].larval && in[j].sa.inbound &&
			    in[j].sa.spi == out[i].sa.spi)
				return true;
		}
	}
	return false;
}

/* The end and the next start do not interrupt the traffic, whatever the peer believes. */
static void test_left(void **state)
{
	static const struct end natted = { .nat = true }, passive = { .remote = "passive on;" };
	static const struct end *const rows[][2] = {
		{ NULL, NULL },
		{ &natted, NULL },
		{ NULL, &passive },
	};
	unsigned int ver, row, sent, ms;
	struct child_sa *child;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
			w = up(ver, rows[row][0], rows[row][1]);
			expect_pairs(w, 1);
			sent = w->side[0].sent;
			ike_leave(w->side[0].ike);
			assert_true(ike_is_closed(w->side[0].ike));
			assert_int_equal(w->side[0].sent, sent);
			restart(w, 0);
			child = world_child(w, 0);
			assert_non_null(child);
			assert_true(child->adopted);
			assert_int_equal(child->choice.udp, rows[row][0] == &natted);
			for (ms = 0; ms < 10 * MINUTE; ms += ms < 20 * SECOND ? 1 : 20) {
				if (!passes(w, 0) || !passes(w, 1))
					fail_msg("IKEv%u, row %u: nothing passes after %u ms", ver, row, ms);
				world_run(w, ms < 20 * SECOND ? 1 : 20);
			}
			expect_pairs(w, 1);
			assert_false(world_child(w, 0)->adopted);
			assert_int_equal(world_ikes_up(w, 0), 1);
			assert_int_equal(world_ikes_up(w, 1), 1);
			world_free(w);
		}
	}
}

/* What can not be left: half a negotiation, a pair that is replaced, a policy of our own. */
static void test_left_with_one_pair(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		world_expire(w, 0, world_child(w, 0), false);
		world_run(w, SECOND);
		assert_int_equal(installed(w, 0), 4);
		world_acquire(w, 0, 0);
		ike_leave(w->side[0].ike);
		world_run(w, 3 * SECOND);
		assert_int_equal(installed(w, 0), 2);
		expect_pairs(w, 1);
		world_free(w);

		w = up(ver, NULL, NULL);
		world_child(w, 0)->ngenerated = 1;
		ike_leave(w->side[0].ike);
		world_run(w, SECOND);
		assert_true(ike_is_closed(w->side[0].ike));
		expect_pairs(w, 0);
		assert_int_equal(world_ikes(w, 1), 0);
		world_free(w);
	}
}

/* A policy for a whole network in transport mode is that of each of its hosts. */
static void test_adopted_wide(void **state)
{
	struct world *w;

	(void)state;
	w = ends(2, NULL, NULL);
	world_policy(w, 0, "10.0.0.0/24", "10.0.0.0/24", ESP, IPSEC_MODE_TRANSPORT);
	world_policy(w, 1, "10.0.0.0/24", "10.0.0.0/24", ESP, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	ike_leave(w->side[0].ike);
	restart(w, 0);
	assert_non_null(world_child(w, 0));
	world_run(w, 2 * MINUTE);
	expect_pairs(w, 1);
	world_free(w);
}

/* What the peer had narrowed is not to be seen in the kernel; the new one takes its place all the same. */
static void test_adopted_narrow(void **state)
{
	struct world *w;

	(void)state;
	w = ends(2, NULL, NULL);
	tunnel(w, 0);
	world_policy(w, 1, "10.0.2.0/25", "10.0.1.0/24", ESP, TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	ike_leave(w->side[0].ike);
	restart(w, 0);
	world_run(w, 2 * MINUTE);
	assert_int_equal(installed(w, 0), 2);
	expect_pairs(w, 1);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_left_with_one_pair),
		cmocka_unit_test(test_adopted_wide),
		cmocka_unit_test(test_adopted_narrow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
