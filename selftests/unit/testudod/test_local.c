// SPDX-License-Identifier: GPL-2.0
/*
 * The address of ours that IKE leaves from: that of the policy or of the
 * ACQUIRE, else one that is listened on, else the route's. A has two, 10.0.0.1,
 * which is the route's, and 10.0.0.11; what is between one of them and B has
 * nothing to do with the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine_help.h"
#include "world.h"

static const struct end anybody = { .name = "anonymous" };

static struct sockaddr_storage host(const char *text)
{
	struct sockaddr_storage sa;

	assert_true(addr_parse(&sa, text));
	return sa;
}

static struct ts prefix(const char *text, unsigned int bits)
{
	struct sockaddr_storage sa = host(text);
	struct ts ts;

	ts_from_prefix(&ts, &sa, bits, 0, 0);
	return ts;
}

/* A's second address, and both ends with a policy of their own for it: nets 10.0.1x.0/24. */
static struct world *two(unsigned int ver, const struct end *a)
{
	struct world *w = ends(ver, a, &anybody);

	w->side[0].also = host("10.0.0.11");
	return w;
}

/* The tunnel from @end of A: 10.0.@net.0/24 - 10.0.2.0/24 */
static void tunnel_from(struct world *w, const char *end, unsigned int net)
{
	unsigned int side;
	char text[16];

	snprintf(text, sizeof(text), "10.0.%u.0", net);
	for (side = 0; side < 2; side++) {
		struct world_side *s = &w->side[side];
		struct policy p = {
			.id = s->next_policy++,
			.dir = IPSEC_DIR_OUTBOUND,
			.type = IPSEC_POLICY_IPSEC,
			.priority = 1000,
			.src = side ? prefix("10.0.2.0", 24) : prefix(text, 24),
			.dst = side ? prefix(text, 24) : prefix("10.0.2.0", 24),
			.n = 1,
		};

		p.req[0] = (struct policy_request){
			.proto = ESP,
			.mode = TUNNEL,
			.level = IPSEC_LEVEL_UNIQUE,
			.reqid = 20000 + ++s->reqid,
			.src = side ? s->addr : host(end),
			.dst = side ? host(end) : w->side[1].addr,
		};
		s->policy[s->npolicy++] = p;
		ike_policy_put(s->ike, &p);
	}
}

/* of A's policy with that index; @src: the SA's */
static void acquire_from(struct world *w, unsigned int index, const char *src)
{
	static uint32_t seq = 1000;
	const struct kern_acquire acq = {
		.seq = ++seq,
		.policy = w->side[0].policy[index].id,
		.proto = ESP,
		.src = host(src),
		.dst = w->side[1].addr,
	};

	ike_acquire(w->side[0].ike, &acq);
}

static unsigned int ikes_from(struct world *w, const char *local)
{
	struct sockaddr_storage addr = host(local);
	const struct ike_sa *sa;
	unsigned int n = 0;

	TAILQ_FOREACH(sa, &world_peer(w, 0)->sas, link)
		n += sa->state == IKE_UP && addr_same_host(&sa->path.local, &addr);
	return n;
}

static struct child_sa *child_of(struct world *w, unsigned int index)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &world_peer(w, 0)->children, link) {
		if (child->policy == w->side[0].policy[index].id && child->state == CHILD_UP)
			return child;
	}
	return NULL;
}

/* ---- whose word it is ---- */

static void test_tunnel(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = two(ver, NULL);
		tunnel_from(w, "10.0.0.11", 1);
		acquire_from(w, 0, "10.0.0.11");
		world_run(w, 5 * SECOND);
		assert_int_equal(ikes_from(w, "10.0.0.11"), 1);
		assert_int_equal(ikes_from(w, "10.0.0.1"), 0);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* A tunnel from 0.0.0.0 says nothing. */
static void test_any(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = two(ver, NULL);
		tunnel_from(w, "10.0.0.1", 1);
		w->side[0].policy[0].req[0].src = host("0.0.0.0");
		ike_policy_put(w->side[0].ike, &w->side[0].policy[0]);
		acquire_from(w, 0, "10.0.0.1");
		world_run(w, MINUTE);
		assert_int_equal(ikes_from(w, "10.0.0.1"), 1);
		assert_int_equal(world_ikes(w, 0), 1);
		expect_pairs(w, 1);
		world_free(w);
	}
}

static void test_transport(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = two(ver, NULL);
		world_policy(w, 0, "10.0.0.0/24", "10.0.0.2", ESP, IPSEC_MODE_TRANSPORT);
		world_policy(w, 1, "10.0.0.2", "10.0.0.0/24", ESP, IPSEC_MODE_TRANSPORT);
		acquire_from(w, 0, "10.0.0.11");
		world_run(w, 5 * SECOND);
		assert_int_equal(ikes_from(w, "10.0.0.11"), 1);
		expect_pairs(w, 1);
		/* the other host of the same policy is served, too */
		acquire_from(w, 0, "10.0.0.1");
		world_run(w, 5 * SECOND);
		assert_int_equal(ikes_from(w, "10.0.0.1"), 1);
		assert_int_equal(ikes_from(w, "10.0.0.11"), 1);
		expect_pairs(w, 2);
		world_free(w);
	}
}

/* Nobody says where packets of this policy leave from. */
static void test_neither(void **state)
{
	static const struct {
		const char *listen;
		const char *from;
		const char *why;
	} rows[] = {
		{ "", "10.0.0.1", "the route's" },
		{ "listen { isakmp 10.0.0.11; }", "10.0.0.11", "the only one that is listened on" },
		{ "listen { isakmp 10.0.0.11; isakmp 10.0.0.1; }", "10.0.0.1", "the route's, which is listened on" },
		{ "listen { isakmp 10.0.0.77; isakmp 10.0.0.11; }", "10.0.0.11", "the first one that is ours" },
		{ "listen { isakmp_natt 10.0.0.77; isakmp 0.0.0.0; }", "10.0.0.1", "all are listened on" },
	};
	char why[256];
	struct end a = { 0 };
	unsigned int ver, i;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			a.top = rows[i].listen;
			w = two(ver, &a);
			world_policy(w, 0, "10.0.0.0/24", "10.0.0.2", ESP, IPSEC_MODE_TRANSPORT);
			world_policy(w, 1, "10.0.0.2", "10.0.0.0/24", ESP, IPSEC_MODE_TRANSPORT);
			assert_int_equal(ike_establish(w->side[0].ike, NULL, NULL, &w->side[1].addr, why,
						       sizeof(why)),
					 0);
			world_run(w, 5 * SECOND);
			if (ikes_from(w, rows[i].from) != 1)
				fail_msg("IKEv%u: %s", ver, rows[i].why);
			expect_pairs(w, 1);
			world_free(w);
		}
	}
}

/* An address that IKE can not leave from is no reason to take another one that B does not expect. */
static void test_not_possible(void **state)
{
	static const struct end elsewhere = { .top = "listen { isakmp 10.0.0.1; }" };
	static const struct end usual = { 0 };
	static const struct {
		const char *end;
		const struct end *a;
		const char *sentence;
	} rows[] = {
		{ "10.0.0.11", &usual, "10.0.0.11 is no address of this host, and a policy says that packets to 10.0.0.2 leave from there" },
		{ "10.0.0.11", &elsewhere, "10.0.0.11 is not among the addresses of listen, and a policy says that packets to 10.0.0.2 leave from there" },
	};
	unsigned int ver, i;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			w = two(ver, rows[i].a);
			if (i == 0)
				w->side[0].also.ss_family = 0;
			tunnel_from(w, rows[i].end, 1);
			acquire_from(w, 0, rows[i].end);
			world_run(w, 5 * SECOND);
			assert_int_equal(w->side[0].sent, 0);
			assert_int_equal(w->side[0].acquire_failed, 1);
			assert_int_equal(w->side[0].events[EVENT_PHASE1_FAILED], 1);
			assert_string_equal(w->side[0].last[EVENT_PHASE1_FAILED], rows[i].sentence);
			assert_string_equal(world_report(w, 0)->sentence, rows[i].sentence);
			if (i == 0) {
				/* it comes back */
				w->side[0].also = host(rows[i].end);
				ike_addresses_changed(w->side[0].ike);
				acquire_from(w, 0, rows[i].end);
				world_run(w, 5 * SECOND);
				expect_pairs(w, 1);
			}
			world_free(w);
		}
	}
}

/* ---- two at a time ---- */

static struct world *both_up(unsigned int ver, const struct end *a)
{
	struct world *w = two(ver, a);

	tunnel_from(w, "10.0.0.1", 1);
	tunnel_from(w, "10.0.0.11", 3);
	acquire_from(w, 0, "10.0.0.1");
	acquire_from(w, 1, "10.0.0.11");
	world_run(w, 10 * SECOND);
	expect_pairs(w, 2);
	assert_int_equal(ikes_from(w, "10.0.0.1"), 1);
	assert_int_equal(ikes_from(w, "10.0.0.11"), 1);
	return w;
}

static void test_two(void **state)
{
	struct child_sa *child;
	struct world *w;
	unsigned int ver, i;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = both_up(ver, NULL);
		/* each is rekeyed where it is */
		for (i = 0; i < 2; i++)
			world_expire(w, 0, child_of(w, i), false);
		world_run(w, 2 * SECOND);
		world_traffic(w);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 2);
		assert_int_equal(world_ikes_up(w, 0), 2);
		for (i = 0; i < 2; i++) {
			child = child_of(w, i);
			assert_non_null(child);
			assert_true(addr_same_host(&child->ike->path.local, &child->choice.p[0].src));
		}
		world_free(w);
	}
}

/* One road is cut; the other one is none of its business. */
static void cut_second(struct world *w, struct world_dg *dg, void *arg)
{
	const struct sockaddr_storage *also = arg;

	(void)w;
	dg->drop = addr_same_host(dg->from ? &dg->path.remote : &dg->path.local, also);
}

static void test_one_dies(void **state)
{
	static const struct end watchful = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
	struct sockaddr_storage also = host("10.0.0.11");
	struct world *w;
	unsigned int ver, sent;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = both_up(ver, &watchful);
		w->hook = cut_second;
		w->hook_arg = &also;
		world_run(w, 3 * MINUTE);
		assert_non_null(child_of(w, 0));
		assert_null(child_of(w, 1));
		assert_int_equal(ikes_from(w, "10.0.0.1"), 1);
		assert_int_equal(ikes_from(w, "10.0.0.11"), 0);
		/* who asks for it meanwhile is told, and not all the time */
		sent = w->side[0].sent;
		acquire_from(w, 1, "10.0.0.11");
		world_run(w, 5 * MINUTE);
		assert_int_equal(w->side[0].acquire_failed, 1);
		assert_true(w->side[0].sent - sent < 200);
		assert_non_null(child_of(w, 0));
		w->hook = NULL;
		world_run(w, 15 * MINUTE);
		acquire_from(w, 1, "10.0.0.11");
		world_run(w, 5 * SECOND);
		assert_non_null(child_of(w, 1));
		world_free(w);
	}
}

static void test_one_is_deleted(void **state)
{
	struct sockaddr_storage also = host("10.0.0.11");
	struct world *w;
	unsigned int ver;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = both_up(ver, NULL);
		assert_int_equal(ike_delete_between(w->side[0].ike, &w->side[0].addr, &also), 0);
		assert_int_equal(ike_delete_between(w->side[0].ike, &also, &w->side[1].addr), 1);
		world_run(w, MINUTE);
		expect_pairs(w, 1);
		assert_non_null(child_of(w, 0));
		assert_int_equal(ikes_from(w, "10.0.0.1"), 1);
		assert_int_equal(ikes_from(w, "10.0.0.11"), 0);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_neither),
		cmocka_unit_test(test_not_possible),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_one_dies),
		cmocka_unit_test(test_one_is_deleted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
