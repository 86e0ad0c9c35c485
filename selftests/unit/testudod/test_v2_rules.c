// SPDX-License-Identifier: GPL-2.0
/*
 * Single rules of RFC 7296 that no scenario of test_v2_faults.c would miss: who
 * may ask what when, where an answer goes, what counts as half open, and what is
 * told when the peer ends something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "v2_raw.h"
#include "world.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000

static struct world *rules_up_with(const struct v2_conf *c)
{
	struct world *w = v2_world(c, c);

	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 2 * SECOND);
	v2_expect_pairs(w, 1);
	return w;
}

static struct world *rules_up(void)
{
	return rules_up_with(NULL);
}

static void expect_one(struct world *w, const char *what)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));

	if (pairs != 1 || world_ikes(w, 0) != 1 || world_ikes(w, 1) != 1)
		fail_msg("%s: %d pairs, %u and %u IKE SAs: %s", what, pairs, world_ikes(w, 0),
			 world_ikes(w, 1), why);
}

/* ---- what is told when the peer ends something ---- */

static bool told(const struct world_side *side, const char *reason)
{
	unsigned int i;

	for (i = 0; i < side->ntold && i < WORLD_TOLD; i++) {
		if (!strcmp(side->told[i], reason))
			return true;
	}
	return false;
}

static void test_child_deleted(void **state)
{
	struct world *w = rules_up();

	(void)state;
	child_close(world_child(w, 0), REPORT_ADMIN);
	world_run(w, SECOND);
	v2_expect_pairs(w, 0);
	assert_int_equal(w->side[1].events[EVENT_PHASE2_DOWN], 1);
	assert_true(told(&w->side[1], "the peer deleted it"));
	/* it is not answered with a DELETE of our own */
	assert_int_equal(w->side[0].events[EVENT_PHASE2_DOWN], 1);
	assert_null(world_ike(w, 1)->v2->now);
	world_free(w);
}

/* A rekeyed one that the peer deletes is no end of anything. */
static void test_child_rekeyed(void **state)
{
	struct world *w = rules_up();

	(void)state;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 100 * SECOND);
	expect_one(w, "a rekey");
	assert_int_equal(w->side[0].events[EVENT_PHASE2_DOWN], 0);
	assert_int_equal(w->side[1].events[EVENT_PHASE2_DOWN], 0);
	world_free(w);
}

static void test_child_not_found(void **state)
{
	struct world *w = rules_up();

	(void)state;
	/* B has forgotten it without a word */
	child_free(world_child(w, 1));
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 20 * SECOND);
	expect_one(w, "CHILD_SA_NOT_FOUND");
	assert_int_equal(w->side[0].events[EVENT_PHASE2_DOWN], 1);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_UP], 2);
	assert_int_equal(w->side[0].events[EVENT_REKEYED], 0);
	world_free(w);
}

/* ---- what is half open ---- */

/* An heir is nobody's half-open IKE SA: who asks for it has proven himself before. */
static void test_heirs_are_not_half_open(void **state)
{
	unsigned int n, i;

	(void)state;
	for (n = 0; n < 8; n++) {
		struct world *w = rules_up();

		w->latency = 100;
		world_ike(w, 0)->vops->rekey(world_ike(w, 0));
		world_ike(w, 1)->vops->rekey(world_ike(w, 1));
		for (i = 0; i < 60 * 20; i++) {
			world_run(w, 50);
			assert_int_equal(w->side[0].ike->half_open, 0);
			assert_int_equal(w->side[1].ike->half_open, 0);
		}
		expect_one(w, "IKE rekey by both");
		world_free(w);
	}
}

static void hook_a_is_mute(struct world *w, struct world_dg *dg, void *arg)
{
	(void)arg;
	(void)w;
	dg->drop |= !dg->from;
}

/* An heir waits for the exchange that decides about it, not for a negotiation's time. */
static void test_heirs_wait(void **state)
{
	static const struct v2_conf hasty = { .top = "timer { phase1 3 sec; }" };
	unsigned int n;

	(void)state;
	for (n = 0; n < 8; n++) {
		struct world *w = rules_up_with(&hasty);

		w->latency = 100;
		world_ike(w, 0)->vops->rekey(world_ike(w, 0));
		world_ike(w, 1)->vops->rekey(world_ike(w, 1));
		w->hook = hook_a_is_mute;
		world_run(w, 10 * SECOND);
		w->hook = NULL;
		world_run(w, 90 * SECOND);
		expect_one(w, "IKE rekey by both, the rest is late");
		assert_int_equal(w->side[1].events[EVENT_PHASE1_FAILED], 0);
		assert_int_equal(w->side[1].events[EVENT_PHASE1_DOWN], 0);
		world_free(w);
	}
}

static void hook_no_auth(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop |= dg->data.p[18] == V2_AUTH;
}

/* Every way in which one of them ends: it is counted once, and once no more. */
static void test_half_open_ends(void **state)
{
	struct world *w = v2_world_with(NULL, "b.test another secret\n", NULL, V2_PSK_B);

	(void)state;
	v2_tunnels(w);
	/* refused */
	w->latency = 100;
	world_acquire(w, 0, 0);
	world_run(w, 250);
	assert_int_equal(w->side[1].ike->half_open, 1);
	world_run(w, 5 * SECOND);
	assert_int_equal(w->side[1].ike->half_open, 0);
	world_free(w);

	/* time up */
	w = v2_world(NULL, NULL);
	v2_tunnels(w);
	w->hook = hook_no_auth;
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	assert_int_equal(w->side[1].ike->half_open, 1);
	world_run(w, 70 * SECOND);
	assert_int_equal(w->side[1].ike->half_open, 0);
	/* up, then deleted */
	w->hook = NULL;
	world_run(w, 120 * SECOND);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_one(w, "after a failure");
	assert_int_equal(w->side[1].ike->half_open, 0);
	ike_delete_peer(w->side[1].ike, &w->side[0].seen);
	world_run(w, 5 * SECOND);
	assert_int_equal(w->side[1].ike->half_open, 0);
	/* the daemon ends in the middle */
	w->hook = hook_no_auth;
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	assert_int_equal(w->side[1].ike->half_open, 1);
	ike_close(w->side[1].ike);
	assert_int_equal(w->side[1].ike->half_open, 0);
	world_free(w);
}

/* ---- who may ask what, when ---- */

static void hook_b_is_mute(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop |= dg->from;
}

/* Keys are there, and A has asked for IKE_AUTH; B's SA. */
static struct ike_sa *rules_keyed(struct world *w)
{
	struct ike_sa *b;

	w->hook = hook_no_auth;
	world_run(w, SECOND);
	w->hook = NULL;
	b = TAILQ_FIRST(&world_peer(w, 1)->sas);
	assert_true(b->v2->phase == V2_KEYED);
	assert_true(ike_sa_my_id(b));
	return b;
}

static void put_proof_of(struct ike_sa *sa, uint8_t id, struct wire_out *o)
{
	v2_put_id(o, id, sa->my_id.type, blob_chunk(&sa->my_id.data));
	assert_true(v2_proof_put(sa, o));
}

/* SPI 0 is no child SA's, not even of those that have not got theirs yet. */
static void test_delete_nothing(void **state)
{
	struct world *w = rules_up();
	struct ike_sa *sa = world_ike(w, 0);
	struct wire_out o;

	(void)state;
	world_policy(w, 0, "10.1.5.0/24", "10.2.5.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.2.5.0/24", "10.1.5.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy_pair(w, 1, "10.0.0.2", "10.0.0.1", IPPROTO_ESP, IPPROTO_AH, IPSEC_MODE_TRANSPORT);
	w->hook = hook_b_is_mute;
	/* the one is under way, the other, which is no child SA of IKEv2's at all, waits behind it */
	world_acquire(w, 1, 1);
	world_acquire(w, 1, 2);
	wire_begin_chain(&o);
	RAW(&o, P2_DELETE, "\3\4\0\1\0\0\0\0");
	RAW(&o, P2_DELETE, "\2\4\0\1\0\0\0\0");
	raw_request(w, 0, sa, V2_INFO, sa->v2->next_out++, &o);
	world_run(w, 100);
	w->hook = NULL;
	world_run(w, 20 * SECOND);
	v2_expect_pairs(w, 2);
	assert_int_equal(w->side[1].installed, 4);
	assert_int_equal(w->side[1].events[EVENT_PHASE2_FAILED], 1);
	world_free(w);
}

/* A responder that proves itself by a request, before it was asked. */
static void test_responder_asks(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	struct ike_sa *a, *b;
	struct wire_out o;
	uint32_t asked;

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	b = rules_keyed(w);
	a = TAILQ_FIRST(&world_peer(w, 0)->sas);
	asked = a->v2->request.msgid;
	w->hook = hook_no_auth;
	wire_begin_chain(&o);
	put_proof_of(b, P2_IDI, &o);
	raw_request(w, 1, b, V2_AUTH, 0, &o);
	world_run(w, 100);
	assert_int_equal(a->state, IKE_BEGUN);
	assert_true(a->v2->phase == V2_KEYED);
	assert_int_equal(a->v2->request.msgid, asked);
	assert_int_equal(a->v2->next_in, 0);
	/* what is asked for in the right way still comes */
	w->hook = NULL;
	world_run(w, 20 * SECOND);
	expect_one(w, "after a responder's request");
	world_free(w);
}

/* RFC 7296 2.4: INITIAL_CONTACT may be in the answer as well. */
static void test_initial_contact_answered(void **state)
{
	struct world *w = rules_up();
	struct ike_sa *old = world_ike(w, 0), *a, *b;
	struct child_sa *child;
	struct wire_out o;

	(void)state;
	/* B has lost its memory, and A begins another one */
	while ((child = TAILQ_FIRST(&world_peer(w, 1)->children)))
		child_free(child);
	ike_sa_kill(world_ike(w, 1));
	/* as a reload has it */
	old->state = IKE_REPLACED;
	timer_set(&world_child(w, 0)->retire, 0);
	world_run(w, 1);
	a = TAILQ_FIRST(&old->peer->sas);
	assert_ptr_not_equal(a, old);
	b = rules_keyed(w);
	w->hook = hook_no_auth;
	wire_begin_chain(&o);
	put_proof_of(b, P2_IDR, &o);
	v2_put_status(&o, V2_N_INITIAL_CONTACT, chunk(NULL, 0));
	raw_answer(w, 1, b, V2_AUTH, 1, &o);
	world_run(w, 100);
	assert_int_equal(a->state, IKE_UP);
	assert_ptr_equal(world_ike(w, 0), a);
	assert_int_equal(world_ikes(w, 0), 1);
	assert_null(world_child(w, 0));
	world_free(w);
}

static bool has_sa(const struct world *w, unsigned int side, bool inbound, uint32_t spi)
{
	unsigned int i;

	for (i = 0; i < w->side[side].nsas; i++) {
		const struct world_sa *sa = &w->side[side].sas[i];

		if (sa->used && sa->sa.inbound == inbound && sa->sa.spi == spi)
			return true;
	}
	return false;
}

/*
 * The responder may send with the old SA until it is told of its end (RFC 7296 2.8): that comes
 * before the kernel ends it, however short its lifetime is, and though the new one was not used.
 */
static void test_old_ends_in_time(void **state)
{
	static const char *const lives[] = { "time 12 sec", "time 40 sec", "byte 100 KB" };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		char text[200];
		const struct v2_conf c = { .sainfo = text };
		struct world *w;
		uint32_t spi;

		snprintf(text, sizeof(text), "lifetime %s; encryption_algorithm aes 256; "
			 "authentication_algorithm hmac_sha256;", lives[i]);
		w = v2_world(&c, &c);
		v2_tunnels(w);
		world_acquire(w, 0, 0);
		world_run(w, 11 * SECOND);
		v2_expect_pairs(w, 1);
		spi = world_child(w, 0)->choice.p[0].spi_in;
		world_expire(w, 0, world_child(w, 0), false);
		/* the first one's hard end is a second away */
		world_run(w, i ? 6 * SECOND : 800);
		assert_false(has_sa(w, 1, false, spi));
		world_run(w, 3 * SECOND);
		v2_expect_pairs(w, 1);
		assert_int_not_equal(world_child(w, 0)->choice.p[0].spi_in, spi);
		world_free(w);
	}
}

/**
 * struct loss - which requests of kind INFORMATIONAL are lost
 * @by: whose
 * @left: so many
 */
struct loss {
	unsigned int by;
	unsigned int left;
};

static void hook_lose_info(struct world *w, struct world_dg *dg, void *arg)
{
	struct loss *loss = arg;

	(void)w;
	if (dg->from != loss->by || dg->data.p[18] != V2_INFO || !loss->left)
		return;
	loss->left--;
	dg->drop = true;
}

/* And until it is told, it is understood: the one that deletes hears last of it (RFC 7296 2.8). */
static void test_old_is_read(void **state)
{
	static const char *const lives[] = { "time 1 hour", "time 12 sec", "byte 100 KB" };
	unsigned int i, ms;

	(void)state;
	for (i = 0; i < 4 * COUNT(lives); i++) {
		struct loss loss = { .by = i & 1, .left = i & 2 };
		char text[200];
		const struct v2_conf c = { .sainfo = text };
		struct world *w;

		snprintf(text, sizeof(text), "lifetime %s; encryption_algorithm aes 256; "
			 "authentication_algorithm hmac_sha256;", lives[i / 4]);
		w = v2_world(&c, &c);
		v2_tunnels(w);
		world_acquire(w, 0, 0);
		world_run(w, SECOND);
		v2_expect_pairs(w, 1);
		w->latency = 100;
		w->hook = hook_lose_info;
		w->hook_arg = &loss;
		world_expire(w, loss.by, world_child(w, loss.by), false);
		for (ms = 0; ms < 14000; ms += 10) {
			world_run(w, 10);
			assert_true(world_is_read(w));
		}
		assert_int_equal(loss.left, 0);
		assert_int_equal(w->side[!loss.by].deleted, 2);
		world_free(w);
	}
}

/* What has overtaken the last packets is not the end of them: DELETE goes another way than ESP. */
static void test_old_is_read_late(void **state)
{
	struct world *w = rules_up();
	const struct child_proto old = world_child(w, 1)->choice.p[0];
	unsigned int ms;

	(void)state;
	world_expire(w, 0, world_child(w, 0), false);
	for (ms = 0; ms < 9000 && has_sa(w, 1, false, old.spi_out); ms += 10)
		world_run(w, 10);
	assert_false(has_sa(w, 1, false, old.spi_out));
	world_run(w, SECOND);
	assert_true(has_sa(w, 1, true, old.spi_in));
	world_run(w, 2 * SECOND);
	expect_one(w, "after a rekey");
	world_free(w);
}

/* Both delete it at once: neither names it in its answer (RFC 7296 1.4.1). */
static void hook_answers_are_empty(struct world *w, struct world_dg *dg, void *arg)
{
	unsigned int *seen = arg;

	(void)w;
	if (dg->data.p[18] != V2_INFO || !(dg->data.p[19] & WIRE_V2_RESPONSE))
		return;
	(*seen)++;
	/* header, and of the encrypted payload: header, IV of GCM, pad length, ICV */
	assert_int_equal(dg->data.n, 28 + 4 + 8 + 1 + 16);
}

static void test_both_delete(void **state)
{
	const struct v2_conf c = {
		.proposal = "encryption_algorithm aes_gcm_16 256; hash_algorithm sha256; dh_group x25519;",
	};
	struct world *w = rules_up_with(&c);
	struct child_sa *child[2];
	unsigned int i, seen = 0;

	(void)state;
	child[0] = world_child(w, 0);
	child[1] = world_child(w, 1);
	for (i = 0; i < 2; i++) {
		child[i]->state = CHILD_REPLACED;
		child_linger(child[i]);
		/* once more is no more */
		child_linger(child[i]);
	}
	w->hook = hook_answers_are_empty;
	w->hook_arg = &seen;
	world_run(w, 4 * SECOND);
	assert_int_equal(seen, 2);
	v2_expect_pairs(w, 0);
	world_free(w);
}

/* ---- answers ---- */

static struct world *rules_nat(void)
{
	char *ta = v2_text(0, NULL), *tb = v2_text(1, NULL);
	const struct world_setup a = { .conf = ta, .psk = V2_PSK_A, .nat = true };
	const struct world_setup b = { .conf = tb, .psk = V2_PSK_B };
	struct world *w = world_setup(&a, &b);

	free(ta);
	free(tb);
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 2 * SECOND);
	v2_expect_pairs(w, 1);
	return w;
}

/* A request that comes again by another port of a NAT is answered there (RFC 7296 2.11). */
static void test_answer_follows(void **state)
{
	struct world *w = rules_nat();
	struct ike_sa *sa = world_ike(w, 0);

	(void)state;
	w->hook = hook_b_is_mute;
	sa->vops->probe(sa);
	world_run(w, 100);
	w->hook = NULL;
	assert_non_null(sa->v2->now);
	w->side[0].nat_port = 30000;
	world_run(w, 5 * SECOND);
	assert_null(sa->v2->now);
	/* a copy is no news of where the peer is */
	assert_int_equal(addr_port(&world_ike(w, 1)->path.remote), 24500);
	world_free(w);
}

/* A peer that asks again after nearly a second gets its answer then, not at its next try. */
static void test_answer_in_time(void **state)
{
	struct world *w = rules_up();
	struct ike_sa *sa = world_ike(w, 0);
	unsigned int i, sent = w->side[1].sent;
	struct wire_out o;

	(void)state;
	for (i = 0; i < 3; i++) {
		wire_begin_chain(&o);
		raw_request(w, 0, sa, V2_INFO, sa->v2->next_out, &o);
		world_run(w, 880);
	}
	assert_int_equal(w->side[1].sent - sent, 3);
	world_free(w);
}

/* The peer has made a new IKE SA that we can not use: there is no way back to the old one. */
static void test_rekey_unusable(void **state)
{
	struct world *w = rules_up();
	struct ike_sa *sa = world_ike(w, 0);

	(void)state;
	w->latency = 100;
	sa->vops->rekey(sa);
	assert_non_null(sa->v2->now);
	sa->v2->now->dh->group = alg_by_name(ALG_DH, "modp2048");
	world_run(w, 5 * SECOND);
	assert_int_equal(world_ikes(w, 0), 0);
	assert_int_equal(w->side[0].events[EVENT_PHASE1_DOWN], 1);
	/* and what is asked for next replaces what the peer has of it */
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_one(w, "after an answer of no use");
	world_free(w);
}

/*
 * The peer refuses to rekey the IKE SA, and is asked again in a minute. Until then it is the peer of
 * before: what waits for its time is no question that it leaves without an answer.
 */
static void test_probe_beside_what_waits(void **state)
{
	static const struct v2_conf watchful = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
	static const struct v2_conf patient = { .remote = "dpd_delay 0;" };
	struct world *w = v2_world(&watchful, &patient);
	struct conf_proposal *prop;
	unsigned int sent;
	struct ike_sa *sa;

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 2 * SECOND);
	v2_expect_pairs(w, 1);
	prop = TAILQ_FIRST(&TAILQ_FIRST(&w->side[1].conf->remotes)->proposals);
	prop->dh = alg_by_name(ALG_DH, "modp4096");
	sa = world_ike(w, 0);
	sa->vops->rekey(sa);
	world_run(w, SECOND);
	assert_null(sa->v2->now);
	assert_false(TAILQ_EMPTY(&sa->v2->queue));
	sent = w->side[0].sent;
	world_run(w, 50 * SECOND);
	assert_true(w->side[0].sent > sent);
	assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 0);
	expect_one(w, "after a refusal");
	/* and one that is not there is noticed all the same */
	w->cut = true;
	world_run(w, 40 * SECOND);
	assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_deleted),
		cmocka_unit_test(test_child_rekeyed),
		cmocka_unit_test(test_child_not_found),
		cmocka_unit_test(test_heirs_are_not_half_open),
		cmocka_unit_test(test_heirs_wait),
		cmocka_unit_test(test_half_open_ends),
		cmocka_unit_test(test_delete_nothing),
		cmocka_unit_test(test_responder_asks),
		cmocka_unit_test(test_initial_contact_answered),
		cmocka_unit_test(test_old_ends_in_time),
		cmocka_unit_test(test_old_is_read),
		cmocka_unit_test(test_old_is_read_late),
		cmocka_unit_test(test_both_delete),
		cmocka_unit_test(test_answer_follows),
		cmocka_unit_test(test_answer_in_time),
		cmocka_unit_test(test_rekey_unusable),
		cmocka_unit_test(test_probe_beside_what_waits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
