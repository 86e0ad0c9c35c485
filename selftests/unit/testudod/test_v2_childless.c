// SPDX-License-Identifier: GPL-2.0
/*
 * IKE_AUTH without a child SA is for peers that have said that they know it
 * (RFC 6023 3): an initiator that finds nothing to negotiate sends none at all,
 * and it finds whatever there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine_help.h"
#include "wire/v2.h"
#include "world.h"

static const struct end plain;

/**
 * struct seen - what A sent
 * @init: IKE_SA_INIT
 * @auth: IKE_AUTH
 * @child: CREATE_CHILD_SA
 */
struct seen {
	unsigned int init;
	unsigned int auth;
	unsigned int child;
};

static void look(struct world *w, struct world_dg *dg, void *arg)
{
	struct seen *seen = arg;

	(void)w;
	if (dg->from || dg->data.p[17] != 0x20)
		return;
	seen->init += dg->data.p[18] == V2_SA_INIT;
	seen->auth += dg->data.p[18] == V2_AUTH;
	seen->child += dg->data.p[18] == V2_CHILD;
}

static struct world *watched(struct seen *seen)
{
	struct world *w = ends(2, NULL, NULL);

	*seen = (struct seen){ 0 };
	w->hook = look;
	w->hook_arg = seen;
	return w;
}

/* What IKEv2 can not negotiate is refused before anybody is asked. */
static void test_ah_and_esp(void **state)
{
	struct seen seen;
	struct world *w = watched(&seen);

	(void)state;
	world_policy_pair(w, 0, "10.0.0.1", "10.0.0.2", ESP, IPPROTO_AH, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, MINUTE);
	assert_int_equal(seen.init, 0);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 1);
	assert_int_equal(w->side[0].acquire_failed, 1);
	assert_int_equal(world_ikes(w, 0), 0);
	assert_non_null(strstr(world_report(w, 0)->sentence, "not both"));
	/* but not what can be had beside it */
	tunnel(w, 0);
	tunnel(w, 1);
	world_acquire(w, 0, 0);
	world_acquire(w, 0, 1);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	assert_int_equal(seen.auth, 1);
	assert_int_equal(seen.child, 0);
	world_free(w);
}

static void test_no_spi(void **state)
{
	struct seen seen;
	struct world *w = watched(&seen);

	(void)state;
	tunnel(w, 0);
	tunnel(w, 1);
	w->side[0].refuse_spi = 1;
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	assert_int_equal(seen.auth, 0);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 1);
	assert_int_equal(w->side[0].acquire_failed, 1);
	assert_int_equal(world_ikes(w, 0), 0);
	assert_non_null(strstr(world_report(w, 0)->sentence, "give an SPI"));
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	world_free(w);
}

/* It went away while the first message was under way. */
static void test_gone(void **state)
{
	struct seen seen;
	struct world *w = watched(&seen);

	(void)state;
	tunnel(w, 0);
	tunnel(w, 1);
	world_acquire(w, 0, 0);
	child_close(TAILQ_FIRST(&world_peer(w, 0)->children), REPORT_ADMIN);
	world_run(w, 5 * SECOND);
	assert_int_equal(seen.init, 1);
	assert_int_equal(seen.auth, 0);
	assert_int_equal(world_ikes(w, 0), 0);
	assert_int_equal(w->side[0].events[EVENT_PHASE1_FAILED], 0);
	/* B forgets what it began */
	world_run(w, 2 * MINUTE);
	assert_int_equal(world_ikes(w, 1), 0);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	world_free(w);
}

/* What IKEv1 made is made anew by IKE_AUTH itself. */
static void test_of_ikev1(void **state)
{
	const struct conf_say say = { .fn = conf_say_file, .arg = stderr };
	struct source *src[2];
	struct conf *conf[2];
	struct seen seen = { 0 };
	struct world *w = up(1, NULL, NULL);
	unsigned int i;
	char *text;

	(void)state;
	expect_pairs(w, 1);
	w->hook = look;
	w->hook_arg = &seen;
	for (i = 2; i-- > 0;) {
		text = end_text(i, 2, &plain);
		src[i] = xcalloc(1, sizeof(*src[i]));
		source_init(src[i]);
		source_add(src[i], "racoon.conf", chunk_str(text), 0);
		conf[i] = conf_load(src[i], "racoon.conf", false, &say);
		assert_non_null(conf[i]);
		ike_reload(w->side[i].ike, conf[i], src[i]);
		conf_free(w->side[i].conf);
		source_free(w->side[i].src);
		free(w->side[i].src);
		w->side[i].conf = conf[i];
		w->side[i].src = src[i];
		free(text);
		world_run(w, 100);
		if (i)
			timer_stop(&world_child(w, 1)->retire);
	}
	world_run(w, 5 * SECOND);
	assert_int_equal(world_ike(w, 0)->ver, 2);
	assert_int_equal(seen.auth, 1);
	assert_int_equal(seen.child, 0);
	world_traffic(w);
	world_run(w, 2 * MINUTE);
	expect_pairs(w, 1);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ah_and_esp),
		cmocka_unit_test(test_no_spi),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_of_ikev1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
