// SPDX-License-Identifier: GPL-2.0
/*
 * What the engine does for both IKE versions alike: tunnels that are to be up
 * all the time, ACQUIREs that are answered, SAs that the kernel or an
 * administrator ends, peers that move, die, come back or never were.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"
#include "engine_help.h"

static const struct end start = { .testudo = "start immediate;" };

/* ---- "start immediate" ---- */

static void test_start(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, &start, NULL);
		/* the daemon is there before setkey has loaded the policies */
		ike_start(w->side[0].ike);
		tunnel(w, 1);
		world_run(w, SECOND);
		tunnel(w, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		world_free(w);
		/* at both ends, at the same time */
		w = ends(ver, &start, &start);
		tunnel(w, 0);
		tunnel(w, 1);
		ike_start(w->side[0].ike);
		ike_start(w->side[1].ike);
		world_run(w, 5 * MINUTE);
		expect_pairs(w, 1);
		ike_kernel_flushed(w->side[0].ike, 0);
		world_run(w, SECOND / 2);
		expect_pairs(w, 0);
		world_run(w, 5 * MINUTE);
		expect_pairs(w, 1);
		world_free(w);
	}
}

static void test_start_peer_deletes(void **state)
{
	unsigned int ver, soon;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (soon = 0; soon < 2; soon++) {
			w = up(ver, &start, NULL);
			world_run(w, soon ? 0 : 5 * MINUTE);
			assert_true(ike_delete_peer(w->side[1].ike, &w->side[0].seen) > 0);
			world_run(w, 500);
			expect_pairs(w, 0);
			/* a peer that deletes at once is not asked again at once */
			world_run(w, 10 * SECOND);
			expect_pairs(w, soon ? 0 : 1);
			world_run(w, MINUTE);
			expect_pairs(w, 1);
			world_free(w);
		}
	}
}

static void test_start_one_child_deleted(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, &start, NULL);
		world_run(w, 5 * MINUTE);
		child_close(world_child(w, 1), REPORT_ADMIN);
		world_run(w, 10 * SECOND);
		expect_pairs(w, 1);
		/* and by its hard end, if no soft one was told */
		world_expire(w, 0, world_child(w, 0), true);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 1);
		world_free(w);
	}
}

static void test_start_administrator_deletes(void **state)
{
	char why[256];
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, &start, NULL);
		world_run(w, 5 * MINUTE);
		ike_delete_peer(w->side[0].ike, &w->side[1].seen);
		world_run(w, 30 * MINUTE);
		expect_pairs(w, 0);
		assert_int_equal(ike_establish(w->side[0].ike, NULL, NULL, &w->side[1].seen, why, sizeof(why)), 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		world_free(w);
	}
}

static void test_start_refused(void **state)
{
	unsigned int ver, failed;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, &start, NULL);
		tunnel(w, 0);
		ike_start(w->side[0].ike);
		world_run(w, 60 * MINUTE);
		failed = w->side[0].events[EVENT_PHASE2_FAILED];
		/* 30 s, 1, 2, 4, 8 minutes, then every 10: asked, but not all the time */
		if (failed < 4 || failed > 14)
			fail_msg("IKEv%u: asked %u times in an hour", ver, failed);
		tunnel(w, 1);
		world_run(w, 12 * MINUTE);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* ---- failures ---- */

static void test_acquire_is_answered(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, NULL, NULL);
		tunnel(w, 0);
		w->cut = true;
		world_acquire(w, 0, 0);
		world_run(w, 3 * MINUTE);
		assert_int_equal(w->side[0].acquire_failed, 1);
		assert_true(TAILQ_EMPTY(&world_peer(w, 0)->children));
		/* while the back-off runs: at once, and once */
		w->side[0].sent = 0;
		world_peer(w, 0)->failures = 5;
		peer_failed(world_peer(w, 0));
		world_acquire(w, 0, 0);
		assert_int_equal(w->side[0].acquire_failed, 2);
		assert_int_equal(w->side[0].sent, 0);
		world_free(w);
	}
}

static void test_acquire_outlives_an_ike_sa(void **state)
{
	struct child_sa *child;
	struct world *w;

	(void)state;
	w = ends(2, NULL, NULL);
	tunnel(w, 0);
	w->cut = true;
	world_acquire(w, 0, 0);
	child = TAILQ_FIRST(&world_peer(w, 0)->children);
	child->state = CHILD_BEGUN;
	child_restart(child);
	assert_int_equal(child->state, CHILD_WANTED);
	assert_int_not_equal(child->acquire, 0);
	world_run(w, 3 * MINUTE);
	assert_int_equal(w->side[0].acquire_failed, 1);
	world_free(w);
}

static void test_dead_beside_a_living(void **state)
{
	struct ike_sa *old, *sa;
	struct world *w;

	(void)state;
	w = up(1, NULL, NULL);
	old = world_ike(w, 0);
	old->vops->rekey(old);
	world_run(w, 5 * SECOND);
	sa = world_ike(w, 0);
	assert_ptr_not_equal(sa, old);
	/* as a responder has it whose peer keeps several */
	old->state = IKE_UP;
	old->heard = 1;
	report_set(&old->peer->report, REPORT_DEAD, "DPD", "dead");
	ike_sa_fail(old);
	expect_pairs(w, 1);
	/* the last one takes them along */
	report_set(&sa->peer->report, REPORT_DEAD, "DPD", "dead");
	ike_sa_fail(sa);
	assert_int_equal(installed(w, 0), 0);
	world_free(w);
}

static void test_short_lived(void **state)
{
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, &start, NULL);
		report_set(&world_peer(w, 0)->report, REPORT_CRYPTO, "test", "what fails each time");
		ike_sa_fail(world_ike(w, 0));
		assert_true(timer_pending(&world_peer(w, 0)->retry));
		assert_int_equal(world_ikes(w, 0), 0);
		world_run(w, MINUTE);
		/* IKEv1's child SAs need none */
		if (ver == 2)
			expect_pairs(w, 1);
		world_free(w);
	}
}

static void test_waits_for_another_ike_sa(void **state)
{
	struct child_sa *child;
	struct ike_sa *sa;
	struct world *w;

	(void)state;
	w = up(1, NULL, NULL);
	/* a second one that is up; what was under way under the first goes on there */
	sa = world_ike(w, 0);
	sa->vops->rekey(sa);
	world_run(w, 5 * SECOND);
	world_expire(w, 0, world_child(w, 0), false);
	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->state == CHILD_BEGUN)
			child->ike = sa;
	}
	report_set(&sa->peer->report, REPORT_CRYPTO, "test", "one of two");
	sa->state = IKE_UP;
	sa->initiator = true;
	ike_sa_fail(sa);
	TAILQ_FOREACH(child, &world_peer(w, 0)->children, link)
		assert_int_not_equal(child->state, CHILD_WANTED);
	world_run(w, 2 * MINUTE);
	expect_pairs(w, 1);
	world_free(w);
}

static void test_establish(void **state)
{
	static const struct end passive = { .remote = "passive on;" };
	static const struct end anybody = { .name = "anonymous" };
	struct sockaddr_storage none = { 0 }, other;
	struct policy away;
	char why[256];
	struct ike *ike;
	struct world *w;

	(void)state;
	w = ends(2, &passive, &anybody);
	tunnel(w, 0);
	tunnel(w, 1);
	assert_int_equal(ike_establish(w->side[0].ike, NULL, NULL, &w->side[1].seen, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "passive"));
	assert_int_equal(ike_establish(w->side[1].ike, "anonymous", NULL, &none, why, sizeof(why)), -EDESTADDRREQ);
	assert_int_equal(ike_establish(w->side[1].ike, "nobody", NULL, &none, why, sizeof(why)), -ENOENT);
	assert_int_equal(peers(w, 1), 0);
	assert_int_equal(ike_establish(w->side[1].ike, NULL, NULL, &w->side[0].seen, why, sizeof(why)), 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	world_free(w);

	/* from one of our addresses: only what begins there */
	w = ends(2, NULL, NULL);
	ike = w->side[0].ike;
	addr_parse(&other, "10.0.0.77");
	tunnel(w, 1);
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", ESP, TUNNEL);
	away = w->side[0].policy[0];
	ike_policy_flush(ike);
	away.req[0].src = other;
	ike_policy_put(ike, &away);
	assert_int_equal(ike_establish(ike, NULL, &other, &w->side[1].seen, why, sizeof(why)), -EADDRNOTAVAIL);
	assert_string_equal(why, "10.0.0.77 is no address of this host");
	assert_int_equal(ike_establish(ike, NULL, &w->side[0].addr, &w->side[1].seen, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "leads from 10.0.0.1 to 10.0.0.2"));
	ike_policy_put(ike, &w->side[0].policy[0]);
	assert_int_equal(ike_establish(ike, NULL, &w->side[0].addr, &w->side[1].seen, why, sizeof(why)), 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	world_free(w);
}

/* An ACQUIRE waits, and somebody asks for the same by hand: it is still answered. */
static void test_acquire_is_not_forgotten(void **state)
{
	char why[256];
	struct world *w;

	(void)state;
	w = ends(2, NULL, NULL);
	tunnel(w, 0);
	w->cut = true;
	world_acquire(w, 0, 0);
	ike_establish(w->side[0].ike, NULL, NULL, &w->side[1].seen, why, sizeof(why));
	world_run(w, 3 * MINUTE);
	assert_int_equal(w->side[0].acquire_failed, 1);
	/* an administrator ends it */
	world_run(w, 30 * MINUTE);
	world_acquire(w, 0, 0);
	ike_delete_peer(w->side[0].ike, &w->side[1].seen);
	assert_int_equal(w->side[0].acquire_failed, 2);
	world_free(w);
}

/* The peer's first packet is answered before its last message is read: the kernel asks for what is being made. */
static void test_acquire_for_what_the_peer_makes(void **state)
{
	unsigned int ver, i;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, NULL, NULL);
		tunnel(w, 0);
		tunnel(w, 1);
		w->latency = 100;
		world_acquire(w, 0, 0);
		for (i = 0; i < 100 && (!world_peer(w, 1) || TAILQ_EMPTY(&world_peer(w, 1)->children)); i++)
			world_run(w, 50);
		world_acquire(w, 1, 0);
		world_run(w, SECOND);
		expect_pairs(w, 1);
		/* one that was on its way for long */
		world_acquire(w, 1, 0);
		world_acquire(w, 0, 0);
		world_run(w, 4 * SECOND);
		assert_int_equal(w->side[0].installed, 2);
		assert_int_equal(w->side[1].installed, 2);
		/* the kernel has no SA, whatever we believe */
		world_run(w, MINUTE);
		world_acquire(w, 1, 0);
		world_run(w, 10 * SECOND);
		assert_int_equal(w->side[0].installed, 4);
		world_run(w, MINUTE);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* IKEv1's child SAs without an ISAKMP SA: the next one is theirs, and its DELETE is told there. */
static void test_orphans(void **state)
{
	struct child_sa *child;
	struct world *w;

	(void)state;
	w = up(1, NULL, NULL);
	ike_sa_end(world_ike(w, 0), REPORT_ADMIN, "over");
	world_run(w, SECOND);
	expect_pairs(w, 1);
	child = world_child(w, 0);
	assert_null(child->ike);
	world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", ESP, TUNNEL);
	world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", ESP, TUNNEL);
	world_acquire(w, 0, 1);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 2);
	assert_ptr_equal(child->ike, world_ike(w, 0));
	child_close(child, REPORT_ADMIN);
	world_run(w, SECOND);
	expect_pairs(w, 1);
	world_free(w);
}

/* ---- the kernel ---- */

static void test_flush(void **state)
{
	static const struct {
		uint8_t proto;
		bool goes;
		const char *why;
	} rows[] = {
		{ IPPROTO_ESP, true, "ESP, which is the second of its bundle" },
		{ IPPROTO_COMP, true, "IPComp, without which it is no bundle" },
		{ IPPROTO_AH, false, "AH, which it has not" },
		{ 0, true, "all" },
	};
	unsigned int i;
	struct world *w;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = ends(1, NULL, NULL);
		world_policy_pair(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_COMP, ESP, TUNNEL);
		world_policy_pair(w, 1, "10.0.2.0/24", "10.0.1.0/24", IPPROTO_COMP, ESP, TUNNEL);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		ike_kernel_flushed(w->side[0].ike, rows[i].proto);
		world_run(w, SECOND);
		if (!world_child(w, 0) != rows[i].goes)
			fail_msg("a flush of %s", rows[i].why);
		expect_pairs(w, rows[i].goes ? 0 : 1);
		world_free(w);
	}
}

static void test_soft_twice(void **state)
{
	struct child_sa *child;
	struct kern_name name;
	unsigned int ver, n;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		child = world_child(w, 0);
		n = w->side[0].installed;
		/* of either direction */
		name = sa_name(w, 0, child, true);
		ike_expire(w->side[0].ike, &name, false);
		name = sa_name(w, 0, child, false);
		ike_expire(w->side[0].ike, &name, false);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 1);
		assert_int_equal(w->side[0].installed, n + 2);
		world_free(w);
	}
}

/* A tenth of it at least is left to whoever began, and of a short one not a second alone. */
static void test_soft_before_hard(void **state)
{
	unsigned int life, side, i;

	(void)state;
	for (life = 2; life <= 30; life++) {
		char text[160];
		const struct end e = { .sainfo = text };
		struct world *w;

		snprintf(text, sizeof(text), "lifetime time %u sec; encryption_algorithm aes 256; "
			 "authentication_algorithm hmac_sha256;", life);
		w = up(2, &e, &e);
		for (side = 0; side < 2; side++) {
			for (i = 0; i < w->side[side].nsas; i++) {
				const struct kern_sa *sa = &w->side[side].sas[i].sa;
				unsigned int left = sa->hard_seconds - sa->soft_seconds;

				assert_int_equal(sa->hard_seconds, life);
				assert_in_range(left, side ? 1 : (life + 9) / 10,
						side ? (life + 19) / 20 : (life + 4) / 5);
			}
		}
		world_free(w);
	}
}

static void test_policy_again(void **state)
{
	struct policy p;
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		/* "spdflush; spdadd ..." */
		ike_policy_flush(w->side[0].ike);
		p = w->side[0].policy[0];
		p.id += 100;
		ike_policy_put(w->side[0].ike, &p);
		assert_int_equal(world_child(w, 0)->policy, p.id);
		world_expire(w, 0, world_child(w, 0), false);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 1);
		assert_true(w->side[0].events[EVENT_REKEYED] > 0);
		world_free(w);
	}
}

/* The peer chooses the SPIs that we send with: those of somebody else's SA are not touched. */
static void test_foreign_spi(void **state)
{
	struct child_sa *child, *twin;
	struct world *w;

	(void)state;
	w = up(1, NULL, NULL);
	child = world_child(w, 0);
	twin = child_new(child->peer);
	twin->state = CHILD_BEGUN;
	twin->choice = child->choice;
	twin->choice.p[0].spi_in = 0;
	child_free(twin);
	expect_pairs(w, 1);
	world_free(w);
}

static void test_no_integrity(void **state)
{
	static const struct end weak = {
		.sainfo = "encryption_algorithm aes 256; authentication_algorithm non_auth; testudo { insecure ok; }",
	};
	unsigned int i;
	struct world *w;

	(void)state;
	w = up(1, &weak, &weak);
	expect_pairs(w, 1);
	for (i = 0; i < WORLD_SAS; i++)
		assert_null(w->side[0].sas[i].used ? w->side[0].sas[i].sa.integ : NULL);
	world_free(w);
}

/* ---- peers that move ---- */

static void test_new_mapping(void **state)
{
	static const struct end natted = { .nat = true };
	struct kern_name name;
	struct sockaddr_storage now;
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, &natted, NULL);
		expect_pairs(w, 1);
		assert_true(world_child(w, 1)->choice.udp);
		/* the kernel names source and SPI only */
		name = sa_name(w, 1, world_child(w, 1), true);
		memset(&name.dst, 0, sizeof(name.dst));
		now = name.src;
		addr_set_port(&now, 31234);
		ike_new_mapping(w->side[1].ike, &name, &now);
		assert_int_equal(addr_port(&world_ike(w, 1)->path.remote), 31234);
		assert_int_equal(w->side[1].events[EVENT_NEW_MAPPING], 1);
		name = sa_name(w, 1, world_child(w, 1), false);
		assert_int_equal(addr_port(&name.dst), 31234);
		/* another host: the SAs can not go there, and must not stay behind */
		name = sa_name(w, 1, world_child(w, 1), true);
		memset(&name.dst, 0, sizeof(name.dst));
		addr_parse(&now, "10.0.0.77");
		addr_set_port(&now, 31234);
		ike_new_mapping(w->side[1].ike, &name, &now);
		assert_int_equal(installed(w, 1), 0);
		/* whom the file has an address for is asked there */
		assert_non_null(world_peer(w, 1));
		world_free(w);
	}
}

static void test_initial_contact_elsewhere(void **state)
{
	static const struct {
		const char *id;
		bool goes;
		const char *why;
	} rows[] = {
		{ "a.test", true, "the same name from another address" },
		{ "c.test", false, "another name" },
		{ NULL, false, "the same private address behind another NAT" },
	};
	static const struct end anybody = { .name = "anonymous" };
	struct sockaddr_storage addr;
	struct ike_peer *other;
	struct ike_sa *sa, *old;
	struct world *w;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = up(2, NULL, &anybody);
		old = world_ike(w, 1);
		addr_parse(&addr, "10.0.0.99");
		other = peer_get(w->side[1].ike, &addr);
		sa = ike_sa_new(other, 1, false, &old->path);
		if (rows[i].id) {
			id_set(&sa->peer_id, ID_FQDN, chunk_str(rows[i].id));
		} else {
			id_from_addr(&sa->peer_id, &addr);
			id_copy(&old->peer_id, &sa->peer_id);
		}
		ike_sa_initial_contact(sa);
		if (!installed(w, 1) != rows[i].goes)
			fail_msg("%s", rows[i].why);
		ike_sa_kill(sa);
		world_free(w);
	}
}

/* ---- strangers ---- */

static void test_strangers(void **state)
{
	static const struct end anybody = { .name = "anonymous" };
	struct kern_acquire acq = { .proto = ESP };
	struct policy p = { .type = IPSEC_POLICY_IPSEC, .dir = IPSEC_DIR_OUTBOUND, .id = 1, .n = 1 };
	struct sockaddr_storage any;
	unsigned int i, most = 0;
	struct world *w;
	char text[32];

	(void)state;
	w = ends(1, &anybody, NULL);
	w->cut = true;
	addr_parse(&any, "0.0.0.0");
	ts_from_prefix(&p.src, &any, 0, 0, 0);
	p.dst = p.src;
	p.req[0] = (struct policy_request){ .proto = ESP, .mode = IPSEC_MODE_TRANSPORT, .level = IPSEC_LEVEL_REQUIRE };
	ike_policy_put(w->side[0].ike, &p);
	for (i = 0; i < 4000; i++) {
		acq.seq = i + 1;
		acq.policy = 1;
		acq.src = w->side[0].addr;
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 250, 1 + i % 250);
		addr_parse(&acq.dst, text);
		ike_acquire(w->side[0].ike, &acq);
		world_run(w, 20);
		if (peers(w, 0) > most)
			most = peers(w, 0);
	}
	assert_true(most <= 1700);
	world_run(w, 5 * MINUTE);
	assert_true(peers(w, 0) <= 600);
	world_run(w, 30 * MINUTE);
	assert_true(peers(w, 0) <= 65);
	assert_int_equal(w->side[0].acquire_failed, 4000);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_peer_deletes),
		cmocka_unit_test(test_start_one_child_deleted),
		cmocka_unit_test(test_start_administrator_deletes),
		cmocka_unit_test(test_start_refused),
		cmocka_unit_test(test_acquire_is_answered),
		cmocka_unit_test(test_acquire_outlives_an_ike_sa),
		cmocka_unit_test(test_dead_beside_a_living),
		cmocka_unit_test(test_short_lived),
		cmocka_unit_test(test_waits_for_another_ike_sa),
		cmocka_unit_test(test_establish),
		cmocka_unit_test(test_acquire_is_not_forgotten),
		cmocka_unit_test(test_acquire_for_what_the_peer_makes),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_soft_twice),
		cmocka_unit_test(test_soft_before_hard),
		cmocka_unit_test(test_policy_again),
		cmocka_unit_test(test_foreign_spi),
		cmocka_unit_test(test_no_integrity),
		cmocka_unit_test(test_new_mapping),
		cmocka_unit_test(test_initial_contact_elsewhere),
		cmocka_unit_test(test_strangers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
