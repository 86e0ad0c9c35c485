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
	const struct world_sa *out = w->side[side].sas;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		if (out[i].used && !out[i].larval && !out[i].sa.inbound && world_has_twin(w, side, &out[i]))
			return true;
	}
	return false;
}

/* Does what they do take, which is the newest one? */
static bool newest_is_read(const struct world *w, unsigned int side)
{
	const struct world_sa *out = w->side[side].sas, *newest = NULL;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		if (out[i].used && !out[i].larval && !out[i].sa.inbound &&
		    (!newest || out[i].number > newest->number))
			newest = &out[i];
	}
	return newest && world_has_twin(w, side, newest);
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

/* Answers to IKE_AUTH that do not come through: so many are left. */
static void hook_unheard(struct world *w, struct world_dg *dg, void *arg)
{
	unsigned int *left = arg;

	(void)w;
	if (dg->from != 1 || dg->data.p[18] != V2_AUTH || !*left)
		return;
	(*left)--;
	dg->drop = true;
}

/* Nor does it when the new run has its answer late: until then the peer sends with what both have. */
static void test_left_and_slow(void **state)
{
	unsigned int n, left, ms;
	struct world *w;

	(void)state;
	for (n = 1; n <= 2; n++) {
		w = up(2, NULL, NULL);
		ike_leave(w->side[0].ike);
		restart(w, 0);
		left = n;
		w->hook = hook_unheard;
		w->hook_arg = &left;
		for (ms = 0; ms < MINUTE; ms += 10) {
			if (!newest_is_read(w, 0) || !newest_is_read(w, 1))
				fail_msg("%u lost: after %u ms somebody is not understood", n, ms);
			world_run(w, 10);
		}
		assert_int_equal(left, 0);
		world_free(w);
	}
}

/* A peer that has lost all and does not say so sends with the new one: it is answered soon. */
static void test_lost_and_silent(void **state)
{
	static const struct end silent = { .remote = "initial_contact off;" };
	struct world *w = up(2, &silent, NULL);
	unsigned int i, ms;

	(void)state;
	for (i = 0; i < WORLD_SAS; i++)
		w->side[0].sas[i].used = false;
	restart(w, 0);
	world_acquire(w, 0, 0);
	for (ms = 0; ms < 1500 && !passes(w, 1); ms += 10) {
		world_run(w, 10);
		world_traffic(w);
	}
	assert_true(passes(w, 1));
	world_run(w, 2 * MINUTE);
	expect_pairs(w, 1);
	world_free(w);
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
		world_run(w, 200);
		world_traffic(w);
		world_run(w, SECOND - 200);
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
		cmocka_unit_test(test_left_and_slow),
		cmocka_unit_test(test_lost_and_silent),
		cmocka_unit_test(test_left_with_one_pair),
		cmocka_unit_test(test_adopted_wide),
		cmocka_unit_test(test_adopted_narrow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
