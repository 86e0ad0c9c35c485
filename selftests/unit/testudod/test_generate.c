// SPDX-License-Identifier: GPL-2.0
/*
 * Policies that a responder makes (generate_policy): beside those of the user,
 * within what a sainfo allows, from one SA to the next, and away with the last.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"
#include "engine_help.h"

static unsigned int there; /* directions that the user has a policy for */
static unsigned int taken; /* policies that were deleted */
static struct policy made[8];
static unsigned int nmade;

static int add_policy(void *arg, struct policy *p)
{
	struct world_side *side = arg;
	unsigned int i;

	if (there & 1u << p->dir)
		return -EEXIST;
	for (i = 0; i < nmade; i++) {
		if (made[i].dir == p->dir && ts_equal(&made[i].src, &p->src) && ts_equal(&made[i].dst, &p->dst))
			return -EEXIST;
	}
	p->id = side->next_policy++;
	made[nmade++] = *p;
	return 0;
}

static int delete_policy(void *arg, const struct policy *p)
{
	unsigned int i;

	(void)arg;
	taken++;
	for (i = 0; i < nmade; i++) {
		if (made[i].id == p->id)
			made[i] = made[--nmade];
	}
	return 0;
}

static struct ike_ops own_ops;

static struct world *generating(unsigned int ver, const struct end *b)
{
	struct world *w = ends(ver, NULL, b);

	own_ops = world_ops;
	own_ops.policy_add = add_policy;
	own_ops.policy_delete = delete_policy;
	w->side[1].ike->ops = &own_ops;
	nmade = 0;
	taken = 0;
	tunnel(w, 0);
	return w;
}

static void test_generated(void **state)
{
	static const struct end b = { .name = "anonymous", .remote = "generate_policy on; passive on;" };
	static const struct end none = { .name = "anonymous", .remote = "generate_policy on; passive on;", .no_sainfo = true };
	static const struct {
		unsigned int there;
		const struct end *b;
		unsigned int pairs;
		unsigned int made;
		const char *why;
	} rows[] = {
		{ 0, &b, 1, 3, "all three" },
		{ 1u << IPSEC_DIR_INBOUND, &b, 1, 2, "the user's way in stays his" },
		{ 1u << IPSEC_DIR_OUTBOUND, &b, 0, 0, "the user's way out leads elsewhere" },
		{ 0, &none, 0, 0, "no sainfo allows it, so none is made for a moment" },
	};
	unsigned int i, ver;
	struct world *w;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		ver = 1 + i % 2;
		there = rows[i / 2].there;
		w = generating(ver, rows[i / 2].b);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, rows[i / 2].pairs);
		if (nmade != rows[i / 2].made || taken)
			fail_msg("IKEv%u, %s: %u made, %u taken back", ver, rows[i / 2].why, nmade, taken);
		/* they pass to the next SA, and go with the last */
		if (nmade) {
			world_expire(w, 0, world_child(w, 0), false);
			world_run(w, 2 * MINUTE);
			assert_int_equal(nmade, rows[i / 2].made);
			expect_pairs(w, 1);
			ike_delete_peer(w->side[0].ike, &w->side[1].seen);
			world_run(w, 5 * SECOND);
			assert_int_equal(nmade, 0);
		}
		world_free(w);
	}
	there = 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
