// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's initiator after QM3: it can read at once, but it sends only when the
 * responder has had the time to install its SA. Until then the old SA carries,
 * or the packets wait. Whatever ends a child SA in between leaves nothing.
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
#define DELAY  300 /* ms from QM3 to the initiator's outbound SA */
#define LATEST 5000 /* ms, where another one is in use */
#define MINUTE 60000

/**
 * struct watch - waits for QM3
 * @from: initiator
 * @seen: messages of quick modes that it has sent
 * @when: QM3 was sent, 0: not yet
 * @in: SAs that it received with at that moment
 * @out: SAs that it sent with
 */
struct watch {
	unsigned int from;
	unsigned int seen;
	uint64_t when;
	unsigned int in;
	unsigned int out;
};

static unsigned int count(const struct world *w, unsigned int side, bool inbound)
{
	const struct world_sa *sas = w->side[side].sas;
	unsigned int i, n = 0;

	for (i = 0; i < WORLD_SAS; i++)
		n += sas[i].used && !sas[i].larval && sas[i].sa.inbound == inbound;
	return n;
}

/* SPIs that were only asked for are counted too */
static unsigned int anything(const struct world *w, unsigned int side)
{
	unsigned int i, n = 0;

	for (i = 0; i < WORLD_SAS; i++)
		n += w->side[side].sas[i].used;
	return n;
}

static void on_datagram(struct world *w, struct world_dg *dg, void *arg)
{
	struct watch *q = arg;

	if (dg->from != q->from || dg->data.p[18] != V1_QUICK || ++q->seen != 2)
		return;
	q->when = timer_now();
	q->in = count(w, q->from, true);
	q->out = count(w, q->from, false);
}

static void watch(struct world *w, struct watch *q, unsigned int side)
{
	*q = (struct watch){ .from = side };
	w->hook = on_datagram;
	w->hook_arg = q;
}

/* until QM3 has gone out and has been read, and the outbound SA is not due yet */
static void run_half(struct world *w, struct watch *q)
{
	unsigned int ms;

	for (ms = 0; ms < 1000 && !q->when; ms++)
		world_run(w, 1);
	assert_true(q->when);
	world_run(w, 10);
	w->hook = NULL;
}

static struct world *start(const struct v1_case *c)
{
	struct world *w = v1_world(c);

	v1_tunnel(w, ESP, 0);
	return w;
}

static void expect_pair(struct world *w, const char *what, unsigned int n)
{
	char why[256];

	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("%s %u: %s; A: %s; B: %s", what, n, why, world_report(w, 0)->sentence,
			 world_report(w, 1)->sentence);
}

static struct world *up(const struct v1_case *c)
{
	struct world *w = start(c);

	world_acquire(w, 0, 0);
	world_run(w, 5000);
	expect_pair(w, "up", 0);
	return w;
}

static const struct v1_case plain = { 0 };

/* ---- when ---- */

static void test_first(void **state)
{
	static const struct {
		struct v1_case c;
		uint8_t second;
		unsigned int sas;
		const char *why;
	} rows[] = {
		{ { 0 }, 0, 1, "main mode" },
		{ { .mode = "aggressive" }, 0, 1, "aggressive mode" },
		{ { .nat = 1 }, 0, 1, "behind a NAT" },
		{ { 0 }, IPPROTO_AH, 2, "a bundle" },
	};
	struct watch q;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].why);
		w = v1_world(&rows[i].c);
		v1_tunnel(w, ESP, rows[i].second);
		watch(w, &q, 0);
		world_acquire(w, 0, 0);
		run_half(w, &q);
		/* it can read whatever QM3 causes to be sent, and sends nothing itself */
		assert_int_equal(q.in, rows[i].sas);
		assert_int_equal(q.out, 0);
		assert_int_equal(count(w, 1, true), rows[i].sas);
		assert_int_equal(count(w, 1, false), rows[i].sas);
		world_run(w, q.when + DELAY - 1 - timer_now());
		assert_int_equal(count(w, 0, true), rows[i].sas);
		assert_int_equal(count(w, 0, false), 0);
		/* who asks is told when both are there */
		assert_null(world_child(w, 0));
		assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 0);
		assert_int_equal(w->side[0].ike->counts.child_up, 0);
		assert_int_equal(w->side[1].events[EVENT_PHASE2_UP], 1);
		world_run(w, 1);
		assert_int_equal(count(w, 0, false), rows[i].sas);
		assert_non_null(world_child(w, 0));
		assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 1);
		assert_int_equal(w->side[0].acquire_failed, 0);
		world_free(w);
	}
}

static void test_rekey(void **state)
{
	struct world *w = up(&plain);
	struct child_sa *old;
	struct watch q;
	unsigned int side;

	(void)state;
	for (side = 0; side < 2; side++) {
		old = world_child(w, side);
		watch(w, &q, side);
		world_expire(w, side, old, false);
		run_half(w, &q);
		assert_int_equal(q.in, 2);
		assert_int_equal(count(w, !side, true), 2);
		assert_int_equal(count(w, !side, false), 2);
		world_traffic(w);
		world_run(w, q.when + DELAY - 1 - timer_now());
		/* the old one carries */
		assert_int_equal(count(w, side, true), 2);
		assert_int_equal(count(w, side, false), 1);
		assert_ptr_equal(world_child(w, side), old);
		assert_int_equal(w->side[side].events[EVENT_REKEYED], 0);
		world_run(w, 1);
		assert_int_equal(w->side[side].events[EVENT_REKEYED], 1);
		assert_int_equal(count(w, side, false), 2);
		assert_ptr_not_equal(world_child(w, side), old);
		assert_int_equal(old->state, CHILD_REPLACED);
		world_traffic(w);
		world_run(w, MINUTE);
		expect_pair(w, "rekeyed by", side);
	}
	world_free(w);
}

/* What waits for its outbound SA takes no turn of those that are negotiated. */
static void test_no_queue(void **state)
{
	struct world *w = v1_world(&plain);
	char why[256];

	(void)state;
	v1_tunnels(w, 10);
	world_run(w, DELAY);
	assert_int_equal(v1_installed(w, 1), 20);
	world_run(w, DELAY);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 10);
	world_free(w);
}

/* The kernel asks once more: what is being made is for that one too. */
static void test_asked_again(void **state)
{
	struct world *w = start(&plain);
	struct watch q;

	(void)state;
	watch(w, &q, 0);
	world_acquire(w, 0, 0);
	run_half(w, &q);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	expect_pair(w, "asked again", 0);
	assert_int_equal(w->side[0].installed, 2);
	assert_int_equal(w->side[0].acquire_failed, 0);
	world_free(w);
}

static void cross(bool rekey, unsigned int apart)
{
	struct world *w = rekey ? up(&plain) : start(&plain);

	if (rekey)
		world_expire(w, 0, world_child(w, 0), false);
	else
		world_acquire(w, 0, 0);
	world_run(w, apart);
	if (world_child(w, 1))
		world_expire(w, 1, world_child(w, 1), false);
	else
		world_acquire(w, 1, 0);
	world_run(w, 2000);
	world_traffic(w);
	world_run(w, 3 * MINUTE);
	expect_pair(w, rekey ? "rekeys, ms apart" : "first ones, ms apart", apart);
	world_free(w);
}

/*
 * Both ends begin, the second one while the first waits with its outbound SA;
 * several times, since the nonces decide which of the two stays.
 */
static void test_crossing(void **state)
{
	static const unsigned int apart[] = { 1, 2, 5, 20, 150, DELAY, DELAY + 5, DELAY + 20 };
	unsigned int i, round;

	(void)state;
	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		for (round = 0; round < 6; round++) {
			cross(false, apart[i]);
			cross(true, apart[i]);
		}
	}
}

/* ---- ends ---- */

static struct child_sa *newest(struct world *w, unsigned int side)
{
	return TAILQ_LAST(&world_peer(w, side)->children, child_list);
}

/*
 * The responder may not have QM3 yet: while the old one is there it is what we send with, until the
 * new one carries, or for a while.
 */
static void test_rekey_unheard(void **state)
{
	static const struct {
		unsigned int traffic; /* after so many ms */
		unsigned int end;     /* of the old one */
		unsigned int out;     /* the new one is used */
		const char *sainfo;
	} rows[] = {
		{ 0, 0, LATEST, NULL },
		{ 2 * DELAY + 50, 0, 3 * DELAY, NULL },
		{ 0, 3 * DELAY + 50, 4 * DELAY, NULL },
		{ 0, 0, DELAY, "lifetime byte 100 MB; encryption_algorithm aes; authentication_algorithm hmac_sha256;" },
	};
	struct child_sa *old;
	struct watch q;
	struct world *w;
	unsigned int ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = up(&(const struct v1_case){ .sainfo = rows[i].sainfo });
		old = world_child(w, 0);
		watch(w, &q, 0);
		world_expire(w, 0, old, false);
		run_half(w, &q);
		for (ms = timer_now() - q.when; ms < 2 * LATEST && newest(w, 0)->state != CHILD_UP; ms++) {
			if (rows[i].traffic == ms)
				world_traffic(w);
			if (rows[i].end && rows[i].end == ms)
				world_expire(w, 0, old, true);
			world_run(w, 1);
		}
		/* a look is as late as those before it */
		if (ms < rows[i].out || ms > rows[i].out + DELAY)
			fail_msg("row %zu: used after %u ms", i, ms);
		world_free(w);
	}
}

static void end_here(struct world *w)
{
	child_close(newest(w, 0), REPORT_ADMIN);
}

static void end_there(struct world *w)
{
	child_close(newest(w, 1), REPORT_ADMIN);
}

static void end_daemon(struct world *w)
{
	ike_close(w->side[0].ike);
}

static void end_daemon_there(struct world *w)
{
	ike_close(w->side[1].ike);
}

static void end_peer(struct world *w)
{
	assert_true(ike_delete_peer(w->side[0].ike, &w->side[1].seen));
}

static void end_flush(struct world *w)
{
	ike_kernel_flushed(w->side[0].ike, 0);
}

static void end_deleted(struct world *w)
{
	const struct child_proto *p = &newest(w, 0)->choice.p[0];
	const struct kern_name name = {
		.proto = p->proto,
		.spi = p->spi_in,
		.src = p->dst,
		.dst = p->src,
	};

	ike_kernel_deleted(w->side[0].ike, &name);
}

static void end_dead(struct world *w)
{
	w->cut = true;
	ike_sa_dead(world_ike(w, 0));
}

static void end_restart(struct world *w)
{
	struct world_side *a = &w->side[0];

	w->cut = true;
	ike_free(a->ike);
	a->ike = ike_new(a->conf, a->src, &world_ops, a);
}

/**
 * struct end - what happens while the outbound SA is awaited
 * @why: what it is
 * @fn: does it
 * @alone: the other end can not know
 * @one: it is about this child SA only: one that it was to replace stays
 */
struct end {
	const char *why;
	void (*fn)(struct world *w);
	bool alone;
	bool one;
};

static const struct end ends[] = {
	{ "deleted here", end_here, false, true },
	{ "deleted there", end_there, false, true },
	{ "somebody deletes the inbound SA", end_deleted, false, true },
	{ "somebody flushes the SAD", end_flush, false, false },
	{ "the peer is deleted", end_peer, false, false },
	{ "the daemon ends", end_daemon, false, false },
	{ "the peer's daemon ends", end_daemon_there, false, false },
	{ "the peer is dead", end_dead, true, false },
	{ "the daemon starts anew", end_restart, true, false },
};

static void test_ends(void **state)
{
	struct watch q;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		print_message("# %s\n", ends[i].why);
		w = start(&plain);
		watch(w, &q, 0);
		world_acquire(w, 0, 0);
		run_half(w, &q);
		ends[i].fn(w);
		world_run(w, 10);
		assert_int_equal(anything(w, 0), 0);
		world_run(w, 10 * DELAY);
		assert_int_equal(anything(w, 0), 0);
		assert_int_equal(v1_installed(w, 1), ends[i].alone ? 2 : 0);
		assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 0);
		world_free(w);
	}
}

static void test_ends_in_a_rekey(void **state)
{
	struct child_sa *old;
	struct watch q;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		print_message("# %s\n", ends[i].why);
		w = up(&plain);
		old = world_child(w, 0);
		watch(w, &q, 0);
		world_expire(w, 0, old, false);
		run_half(w, &q);
		ends[i].fn(w);
		world_run(w, 10 * DELAY);
		if (ends[i].one) {
			expect_pair(w, "the old one", 0);
			assert_ptr_equal(world_child(w, 0), old);
			/* who deletes the new one itself has no need of the old one either */
			assert_int_equal(!world_child(w, 1), ends[i].fn == end_there);
		} else {
			assert_int_equal(anything(w, 0), 0);
			assert_int_equal(v1_installed(w, 1), ends[i].alone ? 4 : 0);
		}
		assert_int_equal(w->side[0].events[EVENT_REKEYED], 0);
		world_free(w);
	}
}

/* An ISAKMP-SA's end is none of its IPsec-SAs: what waits is installed at once. */
static void test_phase1_ends(void **state)
{
	struct watch q;
	struct world *w;
	unsigned int side;

	(void)state;
	for (side = 0; side < 2; side++) {
		w = start(&plain);
		watch(w, &q, 0);
		world_acquire(w, 0, 0);
		run_half(w, &q);
		ike_sa_end(world_ike(w, side), REPORT_ADMIN, "test");
		world_run(w, 10);
		assert_true(timer_now() < q.when + DELAY);
		assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
		expect_pair(w, "ISAKMP-SA ended by", side);
		assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 1);
		world_run(w, MINUTE);
		expect_pair(w, "and later, by", side);
		assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 1);
		world_free(w);
	}
}

static void test_kernel_refuses(void **state)
{
	struct world *w = start(&plain);
	struct watch q;

	(void)state;
	watch(w, &q, 0);
	world_acquire(w, 0, 0);
	run_half(w, &q);
	w->side[0].refuse_install = 1;
	world_run(w, DELAY);
	assert_non_null(strstr(world_report(w, 0)->sentence, "outbound"));
	assert_int_equal(anything(w, 0) + anything(w, 1), 0);
	assert_int_equal(w->side[0].acquire_failed, 1);
	world_free(w);
}

/* The NAT in front of the peer gives it another port: both directions follow. */
static void test_new_mapping(void **state)
{
	const struct v1_case c = { .nat = 1 };
	struct world *w = up(&c);
	struct sockaddr_storage now = w->side[0].seen;
	const struct child_proto *p;
	struct kern_name name;
	unsigned int i, n = 0;
	struct watch q;

	(void)state;
	watch(w, &q, 1);
	world_expire(w, 1, world_child(w, 1), false);
	run_half(w, &q);
	world_traffic(w);
	addr_set_port(&now, 30000);
	p = &newest(w, 1)->choice.p[0];
	name = (struct kern_name){ .proto = p->proto, .spi = p->spi_in, .src = w->side[0].seen };
	ike_new_mapping(w->side[1].ike, &name, &now);
	world_run(w, DELAY);
	assert_int_equal(count(w, 1, true) + count(w, 1, false), 4);
	for (i = 0; i < WORLD_SAS; i++) {
		const struct world_sa *a = &w->side[1].sas[i];

		if (a->used)
			n += addr_port(a->sa.inbound ? &a->sa.src : &a->sa.dst) == 30000;
	}
	assert_int_equal(n, 4);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_rekey_unheard),
		cmocka_unit_test(test_no_queue),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(test_crossing),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_ends_in_a_rekey),
		cmocka_unit_test(test_phase1_ends),
		cmocka_unit_test(test_kernel_refuses),
		cmocka_unit_test(test_new_mapping),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
