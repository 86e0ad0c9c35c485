// SPDX-License-Identifier: GPL-2.0
/*
 * How SAs end: each child SA that was in use is told of once, with the reason,
 * whoever or whatever ended it; and a person who names two addresses ends what
 * is between these two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine_help.h"
#include "world.h"

#define CHILDREN 2

/* ---- ways to end all that is between A and B; A listens ---- */

static void peer_deletes(struct world *w)
{
	ike_delete_peer(w->side[1].ike, &w->side[0].seen);
}

static void peer_deletes_children(struct world *w)
{
	struct child_sa *child;

	while ((child = world_child(w, 1)))
		child_close(child, REPORT_ADMIN);
}

static void we_delete(struct world *w)
{
	ike_delete_peer(w->side[0].ike, &w->side[1].seen);
}

static void we_end(struct world *w)
{
	ike_close(w->side[0].ike);
}

static void peer_dies(struct world *w)
{
	w->cut = true;
}

/* It lost its memory, and its INITIAL-CONTACT says so. */
static void peer_begins_anew(struct world *w)
{
	struct world_side *b = &w->side[1];
	const struct ike_ops *ops = b->ike->ops;
	unsigned int i;

	w->cut = true;
	ike_free(b->ike);
	w->cut = false;
	b->ike = ike_new(b->conf, b->src, ops, b);
	for (i = 0; i < b->npolicy; i++)
		ike_policy_put(b->ike, &b->policy[i]);
	world_acquire(w, 1, 0);
	world_run(w, 2 * SECOND);
}

static void lifetime_ends(struct world *w)
{
	world_run(w, 4 * MINUTE);
}

static void kernel_flushes(struct world *w)
{
	ike_kernel_flushed(w->side[0].ike, 0);
}

/* A second IKE SA of the peer's lives, so only the children of the dead one go. */
static void dies_beside_a_living(struct world *w)
{
	struct ike_sa *sa = world_ike(w, 0), *other = ike_sa_new(sa->peer, 1, false, &sa->path);

	other->state = IKE_UP;
	other->heard = sa->heard + 1;
	timer_stop(&other->give_up);
	sa->vops->probe(sa);
	w->cut = true;
	world_run(w, 3 * MINUTE);
}

static const struct end short_lived = { .remote = "lifetime time 3 min; rekey off; dpd_delay 0;" };
static const struct end watchful = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
static const struct end patient = { .remote = "dpd_delay 0;" };

static const struct {
	unsigned int ver;
	const struct end *end;
	void (*fn)(struct world *w);
	const char *reason;
	const char *why;
} ways[] = {
	{ 1, NULL, peer_deletes, "the peer deleted it", "DELETE for each" },
	{ 2, NULL, peer_deletes, "with its IKE SA: the peer deleted it", "DELETE of the IKE SA" },
	{ 1, NULL, peer_deletes_children, "the peer deleted it", "its IKE SA stays" },
	{ 2, NULL, peer_deletes_children, "the peer deleted it", "its IKE SA stays" },
	{ 1, NULL, we_delete, "deleted by the administrator", "delete-sa" },
	{ 2, NULL, we_delete, "deleted by the administrator", "delete-sa" },
	{ 1, NULL, we_end, "the daemon ends", "SIGTERM" },
	{ 2, NULL, we_end, "the daemon ends", "SIGTERM" },
	{ 1, &watchful, peer_dies, "10.0.0.2[500] no longer answers", "DPD" },
	{ 2, &watchful, peer_dies, "10.0.0.2[500] no longer answers", "DPD" },
	{ 2, &patient, dies_beside_a_living, "with its IKE SA: the peer no longer answers under it",
	  "of two IKE SAs one" },
	{ 1, NULL, peer_begins_anew, "the peer started anew (INITIAL-CONTACT)", "INITIAL-CONTACT" },
	{ 2, NULL, peer_begins_anew, "with its IKE SA: the peer started anew (INITIAL-CONTACT)", "INITIAL-CONTACT" },
	{ 2, &short_lived, lifetime_ends, "with its IKE SA: its lifetime is over", "no rekey" },
	{ 1, NULL, kernel_flushes, "deleted by the administrator", "setkey -F" },
	{ 2, NULL, kernel_flushes, "deleted by the administrator", "setkey -F" },
};

static void test_told_once(void **state)
{
	struct world_side *a;
	struct world *w;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		w = up(ways[i].ver, ways[i].end, ways[i].end);
		world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", ESP, TUNNEL);
		world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", ESP, TUNNEL);
		world_acquire(w, 0, 1);
		world_run(w, 5 * SECOND);
		expect_pairs(w, CHILDREN);
		a = &w->side[0];
		assert_int_equal(a->events[EVENT_PHASE2_DOWN], 0);
		ways[i].fn(w);
		world_run(w, MINUTE);
		if (a->events[EVENT_PHASE2_DOWN] != CHILDREN ||
		    strcmp(a->last[EVENT_PHASE2_DOWN], ways[i].reason))
			fail_msg("IKEv%u, %s: told %u times, \"%s\"", ways[i].ver, ways[i].why,
				 a->events[EVENT_PHASE2_DOWN], a->last[EVENT_PHASE2_DOWN]);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
