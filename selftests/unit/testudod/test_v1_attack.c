// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1 against those who send what no honest peer would, by the classes of old
 * holes of shared/daemon.md section 6 (the number is in front of each test):
 * fragments, Informationals in every state, first messages that are refused, quick
 * modes before their time, ends that nobody has proven. What is about payloads of
 * the exchanges themselves is in test_payloads.c, public values in test_ke.c.
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
#include "v1_raw.h"
#include "world_edit.h"
#include "world_ops.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ESP	 IPPROTO_ESP
#define SECOND	 1000
#define MINUTE	 60000
#define ECP	 "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;"
#define ECP384	 "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp384;"

static struct world *fresh_in(const char *mode)
{
	const struct v1_case c = { .mode = mode, .proposal = ECP };
	struct world *w = v1_world(&c);

	v1_tunnel(w, ESP, 0);
	return w;
}

static struct world *ready(void)
{
	struct world *w = fresh_in("main");
	char why[256];

	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	return w;
}

static void expect_up(struct world *w, const char *what, unsigned int n)
{
	char why[256];

	if (world_pairs(w, why, sizeof(why)) != 1 || world_ikes_up(w, 0) != 1 || world_ikes_up(w, 1) != 1)
		fail_msg("%s %u: %s; A: %s; B: %s", what, n, why, world_report(w, 0)->sentence,
			 world_report(w, 1)->sentence);
}

/* Datagrams up to that number pass, the others are lost. */
static void stop_after(struct world *w, struct world_dg *dg, void *arg)
{
	const unsigned int *number = arg;

	(void)w;
	dg->drop |= dg->number > *number;
}

static struct ike_sa *any_sa(struct world *w, unsigned int side)
{
	struct ike_peer *peer = world_peer(w, side);

	return peer ? TAILQ_FIRST(&peer->sas) : NULL;
}

/* ---- 4: fragments ---- */

/* One piece: payload 132 with @data, in a message of its own whose header is @sa's. */
static void piece(struct world *w, const struct ike_sa *sa, uint16_t id, uint8_t number, bool last,
		  struct chunk data)
{
	const struct v1_frag f = { .id = id, .number = number, .last = last, .data = data };
	struct wire_out o;

	raw1_begin(&o, sa, V1_MAIN, 0);
	v1_put_frag(&o, &f);
	raw1_send(w, 0, &o);
}

/* A message, in two pieces. */
static void in_pieces(struct world *w, const struct ike_sa *sa, uint16_t id, struct wire_out *whole)
{
	size_t half;

	wire_end(whole);
	half = whole->w.n / 2;
	piece(w, sa, id, 1, false, chunk(whole->w.p, half));
	piece(w, sa, id, 2, true, chunk(whole->w.p + half, whole->w.n - half));
	writer_free(&whole->w);
}

static void test_fragment_in_fragment(void **state)
{
	struct world *w = ready();
	struct ike_sa *b = world_ike(w, 1), other = *b;
	uint64_t bad = w->side[1].ike->counts.bad;
	struct wire_out o;

	(void)state;
	raw1_begin(&o, b, V1_MAIN, 0);
	v1_put_frag(&o, &(struct v1_frag){ 9, 1, false, chunk_str("a piece that is never to be kept") });
	in_pieces(w, b, 1, &o);
	assert_int_equal(w->side[1].ike->counts.bad, bad + 1);
	assert_int_equal(b->v1->frag.have, 0);
	/* what they make is of another SA, or of the other version */
	other.spi_r ^= 1;
	raw1_begin(&o, &other, V1_INFO, 0);
	raw1_delete_isakmp(&o, b);
	in_pieces(w, b, 2, &o);
	raw1_begin(&o, b, V1_INFO, 0);
	o.w.p[17] = 0x20;
	raw1_are_you_there(&o, b, 0);
	in_pieces(w, b, 3, &o);
	assert_int_equal(w->side[1].ike->counts.bad, bad + 3);
	expect_up(w, "a fragment in a fragment", 0);
	world_free(w);
}

/* A fragment is alone in its message. */
static void test_fragment_company(void **state)
{
	const struct v1_frag f = { 1, 1, false, chunk_str("one of two") };
	struct world *w = ready();
	struct ike_sa *b = world_ike(w, 1);
	struct wire_out o;

	(void)state;
	raw1_begin(&o, b, V1_MAIN, 0);
	wire_put(&o, P1_VID, chunk_str("in front"));
	v1_put_frag(&o, &f);
	raw1_send(w, 0, &o);
	assert_int_equal(b->v1->frag.have, 0);
	raw1_begin(&o, b, V1_MAIN, 0);
	v1_put_frag(&o, &f);
	wire_put(&o, P1_VID, chunk_str("behind"));
	raw1_send(w, 0, &o);
	assert_int_equal(b->v1->frag.have, 0);
	raw1_begin(&o, b, V1_MAIN, 0);
	v1_put_frag(&o, &f);
	v1_put_frag(&o, &f);
	raw1_send(w, 0, &o);
	assert_int_equal(b->v1->frag.have, 0);
	piece(w, b, 1, 1, false, f.data);
	assert_int_equal(b->v1->frag.have, 1);
	world_free(w);
}

/* Nobody makes us keep pieces who has not got our cookie, and a set with a gap costs little. */
static void test_fragment_bounds(void **state)
{
	static const uint8_t noise[600];
	unsigned int number = 2, i, k;
	struct world *w = fresh_in("main");
	struct ike_sa nobody = { .spi_i = 0x7700000000000001 }, *b;

	(void)state;
	for (i = 1; i < 20; i++)
		piece(w, &nobody, 1, i, false, chunk(noise, 500));
	assert_int_equal(world_ikes(w, 1), 0);
	assert_int_equal(w->side[1].sent, 0);
	/* half open, after MM2 */
	w->hook = stop_after;
	w->hook_arg = &number;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	b = any_sa(w, 1);
	for (k = 0; k < 3; k++) {
		/* the first one is never there */
		for (i = 2; i <= 64; i++) {
			piece(w, b, k, i, i == 64, chunk(noise, 600));
			assert_true(b->v1->frag.bytes <= 16384);
		}
	}
	w->hook = NULL;
	world_run(w, 10 * SECOND);
	expect_up(w, "after fragments with a gap", 0);
	world_free(w);
}

/* ---- 5: Informationals ---- */

static void put_delete(struct wire_out *o, const struct ike_sa *sa)
{
	raw1_delete_isakmp(o, sa);
}

static void put_dpd(struct wire_out *o, const struct ike_sa *sa)
{
	raw1_are_you_there(o, sa, 0);
}

static void put_initial(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	raw1_notify(o, V1_N_INITIAL_CONTACT);
}

static void put_refusal(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	raw1_notify(o, V1_N_NO_PROPOSAL_CHOSEN);
}

static void put_both(struct wire_out *o, const struct ike_sa *sa)
{
	raw1_delete_isakmp(o, sa);
	raw1_notify(o, V1_N_INVALID_COOKIE);
}

static void put_nothing(struct wire_out *o, const struct ike_sa *sa)
{
	(void)o;
	(void)sa;
}

static void put_broken(struct wire_out *o, const struct ike_sa *sa)
{
	(void)sa;
	wire_put(o, P1_NOTIFY, chunk("\0\0\0\1\1\x10", 6));
	wire_put(o, P1_DELETE, chunk(NULL, 0));
}

/* HASH and all, but nobody had the key. */
static void put_hash(struct wire_out *o, const struct ike_sa *sa)
{
	static const uint8_t zero[32];

	wire_put(o, P1_HASH, chunk(zero, sizeof(zero)));
	raw1_delete_isakmp(o, sa);
}

static void (*const words[])(struct wire_out *o, const struct ike_sa *sa) = {
	put_delete, put_dpd, put_initial, put_refusal, put_both, put_nothing, put_broken, put_hash,
};

/* One of them to the other side of @from: in clear, or with the encryption flag and noise. */
static void say_word(struct world *w, unsigned int from, const struct ike_sa *sa, unsigned int word,
		     uint8_t flags, uint32_t msgid)
{
	struct wire_out o;

	raw1_begin(&o, sa, V1_INFO, msgid);
	words[word](&o, sa);
	if (flags)
		put_zero(&o.w, 16 - (o.w.n - WIRE_HDR_LEN) % 16);
	o.w.p[19] = flags;
	raw1_send(w, from, &o);
}

/* Of an SA that is not there: nothing is said, nothing is kept (charon and pluto 2009-0790). */
static void test_no_state(void **state)
{
	struct ike_sa nobody = { .spi_i = 0x7700000000000001, .spi_r = 0x7700000000000002 };
	struct world *w = ready();
	unsigned int i, sent, flags;

	(void)state;
	sent = w->side[1].sent;
	for (i = 0; i < COUNT(words); i++) {
		for (flags = 0; flags < 2; flags++) {
			say_word(w, 0, &nobody, i, flags, 0);
			say_word(w, 0, &nobody, i, flags, 7);
		}
	}
	nobody.spi_r = 0;
	for (i = 0; i < COUNT(words); i++)
		say_word(w, 0, &nobody, i, 0, 7);
	/* half of the cookies is right */
	nobody.spi_i = world_ike(w, 1)->spi_i;
	nobody.spi_r = world_ike(w, 1)->spi_r ^ 1;
	for (i = 0; i < COUNT(words); i++)
		say_word(w, 0, &nobody, i, 0, 7);
	assert_int_equal(w->side[1].sent, sent);
	assert_int_equal(world_ikes(w, 1), 1);
	expect_up(w, "words about nobody", 0);
	world_free(w);
}

/*
 * In the middle of each exchange, at both ends (pluto 2020-1763, 2023-38712): noted at
 * most, and the negotiation goes on.
 */
static void each_phase(const char *mode, unsigned int number)
{
	struct world *w = fresh_in(mode);
	unsigned int side, i;
	struct ike_sa *sa;

	w->hook = stop_after;
	w->hook_arg = &number;
	world_acquire(w, 0, 0);
	world_run(w, 50);
	for (side = 0; side < 2; side++) {
		sa = any_sa(w, side);
		for (i = 0; sa && i < COUNT(words); i++) {
			unsigned int progress = world_progress(w, side);

			say_word(w, !side, sa, i, 0, 0);
			say_word(w, !side, sa, i, 0, 9 + i);
			say_word(w, !side, sa, i, WIRE_V1_ENCRYPT, 0);
			say_word(w, !side, sa, i, WIRE_V1_ENCRYPT, 9 + i);
			say_word(w, !side, sa, i, WIRE_V1_AUTH, 9 + i);
			if (world_progress(w, side) != progress)
				fail_msg("%s, after message %u: word %u moves side %u", mode, number, i, side);
		}
	}
	w->hook = NULL;
	world_run(w, MINUTE);
	expect_up(w, mode, number);
	world_free(w);
}

static void test_each_phase(void **state)
{
	unsigned int number;

	(void)state;
	for (number = 1; number <= 9; number++)
		each_phase("main", number);
	for (number = 1; number <= 6; number++)
		each_phase("aggressive", number);
}

/* What a HASH must be for a DELETE to be obeyed: whole, right, in front (pluto 2019-10155). */
static void test_hash_forms(void **state)
{
	static const struct {
		const char *why;
		size_t left; /* bytes of the right HASH */
		size_t more; /* zeroes behind it */
		bool zero;   /* all of it is zeroes */
		bool last;   /* it stands behind the DELETE */
		bool goes;
	} rows[] = {
		{ "none at all", 0, 0, false, false, false },
		{ "one byte", 1, 0, false, false, false },
		{ "a byte short", 31, 0, false, false, false },
		{ "a byte long", 32, 1, false, false, false },
		{ "zeroes", 32, 0, true, false, false },
		{ "behind what it covers", 32, 0, false, true, false },
		{ "right", 32, 0, false, false, true },
	};
	uint8_t hash[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct world *w = ready();
		struct ike_sa *a = world_ike(w, 0);
		struct wire_out o;

		v1_hash_begin(a, &o, V1_INFO, 100);
		raw1_delete_isakmp(&o, a);
		assert_true(v1_hash_end(a, &o, 100, chunk(NULL, 0)));
		memset(hash, 0, sizeof(hash));
		if (!rows[i].zero)
			memcpy(hash, o.w.p + WIRE_HDR_LEN + 4, 32);
		writer_free(&o.w);
		raw1_begin(&o, a, V1_INFO, 100);
		if (!rows[i].last && (rows[i].left || rows[i].more))
			wire_put(&o, P1_HASH, chunk(hash, rows[i].left + rows[i].more));
		raw1_delete_isakmp(&o, a);
		if (rows[i].last)
			wire_put(&o, P1_HASH, chunk(hash, 32));
		raw1_seal(w, 0, a, &o, 100);
		if ((world_ikes(w, 1) == 0) != rows[i].goes)
			fail_msg("%s: %s", rows[i].why, world_ikes(w, 1) ? "not obeyed" : "obeyed");
		world_free(w);
	}
}

static unsigned int dpd_answers(struct world *w, uint8_t off, uint32_t msgid)
{
	unsigned int sent = w->side[1].sent;
	struct ike_sa *a = world_ike(w, 0);
	struct wire_out o;

	v1_hash_begin(a, &o, V1_INFO, msgid);
	raw1_are_you_there(&o, a, off);
	raw1_seal_hash(w, 0, a, &o, msgid);
	return w->side[1].sent - sent;
}

/* "Are you there" about another SA, and about one that is just being deleted. */
static void test_dpd(void **state)
{
	struct world *w = ready();
	struct ike_sa *a = world_ike(w, 0);
	unsigned int sent;
	struct wire_out o;

	(void)state;
	assert_int_equal(dpd_answers(w, 0, 1), 1);
	assert_int_equal(dpd_answers(w, 1, 2), 0);
	/* in one message with the end of the SA: nothing is said when it is gone */
	sent = w->side[1].sent;
	v1_hash_begin(a, &o, V1_INFO, 3);
	raw1_are_you_there(&o, a, 0);
	raw1_delete_isakmp(&o, a);
	raw1_are_you_there(&o, a, 0);
	raw1_seal_hash(w, 0, a, &o, 3);
	assert_int_equal(w->side[1].sent, sent + 1);
	assert_int_equal(world_ikes(w, 1), 0);
	/* B is gone, A does not know it and asks */
	assert_int_equal(dpd_answers(w, 0, 4), 0);
	world_free(w);

	/* B's own DELETE is lost */
	w = ready();
	w->cut = true;
	ike_delete_peer(w->side[1].ike, &w->side[0].seen);
	w->cut = false;
	assert_int_equal(dpd_answers(w, 0, 5), 0);
	world_run(w, 5 * MINUTE);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	assert_int_equal(v1_installed(w, 0) + v1_installed(w, 1), 0);
	world_free(w);
}

/* ---- 7: first messages that are refused ---- */

/**
 * struct heard - what B says
 * @n: datagrams
 * @last: the last one
 * @request: A's first message
 */
struct heard {
	unsigned int n;
	struct blob last;
	struct blob request;
};

static void hear_b(struct world *w, struct world_dg *dg, void *arg)
{
	struct heard *h = arg;

	(void)w;
	if (!dg->from) {
		if (!h->request.n)
			blob_set(&h->request, blob_chunk(&dg->data));
		return;
	}
	h->n++;
	blob_set(&h->last, blob_chunk(&dg->data));
}

static uint64_t cookie_at(const struct blob *dg, size_t at)
{
	struct reader r = reader(chunk(dg->p + at, 8));

	return get_be64(&r);
}

/*
 * The answer to what is refused has no cookie of ours; and whoever makes one that we
 * have given his own gets no further by it (pluto 2023-30570).
 */
static void test_cookie_again(void **state)
{
	static const char *const modes[] = { "aggressive", "main" };
	struct heard h;
	struct world *w;
	uint64_t ours;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(modes); i++) {
		const struct v1_case c = { .mode = modes[i], .proposal = ECP384, .proposal_b = ECP };

		h = (struct heard){ 0 };
		w = v1_world(&c);
		v1_tunnel(w, ESP, 0);
		w->hook = hear_b;
		w->hook_arg = &h;
		world_acquire(w, 0, 0);
		world_run(w, 100);
		assert_int_equal(h.n, 1);
		assert_int_equal(h.last.p[18], V1_INFO);
		assert_int_equal(cookie_at(&h.last, 8), 0);
		assert_int_equal(world_ikes(w, 1), 0);
		blob_free(&h.last);
		blob_free(&h.request);
		world_free(w);

		/* one that is up, and its cookies in new first messages */
		h = (struct heard){ 0 };
		w = fresh_in(modes[i]);
		w->hook = hear_b;
		w->hook_arg = &h;
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_up(w, modes[i], 0);
		for (k = 0; k < 3; k++) {
			ours = k == 1 ? world_ike(w, 1)->spi_i : world_ike(w, 1)->spi_r;
			set_be(h.request.p, ours, 8);
			raw1_inject(w, k == 2, blob_chunk(&h.request));
		}
		world_run(w, 3 * MINUTE);
		expect_up(w, modes[i], 1);
		blob_free(&h.last);
		blob_free(&h.request);
		world_free(w);
	}
}

/* A first message is answered once, by no more bytes than it had or few more; then we are silent (2016-5361). */
static void test_amplification(void **state)
{
	static const struct {
		const char *mode;
		const char *proposal_b;
		const char *psk_b;
		unsigned int percent;
	} rows[] = {
		{ "main", ECP, NULL, 100 },
		{ "main", ECP384, NULL, 100 },
		{ "aggressive", ECP, NULL, 130 },
		{ "aggressive", ECP384, NULL, 100 },
		{ "aggressive", ECP, "", 100 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct v1_case c = { .mode = rows[i].mode, .proposal = ECP, .proposal_b = rows[i].proposal_b, .psk_b = rows[i].psk_b };
		struct world *w = v1_world(&c);
		struct heard h = { 0 };

		v1_tunnel(w, ESP, 0);
		w->hook = hear_b;
		w->hook_arg = &h;
		world_acquire(w, 0, 0);
		/* A is never heard of again */
		world_run(w, 0);
		ike_free(w->side[0].ike);
		w->side[0].ike = ike_new(w->side[0].conf, w->side[0].src, &world_ops, &w->side[0]);
		w->side[0].ike->closing = true;
		world_run(w, 5 * MINUTE);
		if (h.n != 1 || h.last.n * 100 > h.request.n * rows[i].percent)
			fail_msg("row %zu, %s mode: %zu bytes are answered with %u datagrams, of %zu bytes", i,
				 rows[i].mode, h.request.n, h.n, h.last.n);
		assert_int_equal(world_ikes(w, 1), 0);
		blob_free(&h.last);
		blob_free(&h.request);
		world_free(w);
	}
}

/* ---- 8: before the peer has proven itself ---- */

/* B has keys, A has not proven to be A: its quick mode is not looked at before. */
static void test_quick_too_early(void **state)
{
	struct world *w = fresh_in("main");
	unsigned int number = 4, i;
	struct wire_out o;
	struct ike_sa *b;

	(void)state;
	w->hook = stop_after;
	w->hook_arg = &number;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	b = any_sa(w, 1);
	assert_int_equal(b->v1->phase, V1_R_MM5);
	for (i = 0; i < 20; i++) {
		v1_hash_begin(b, &o, V1_QUICK, 100 + i);
		wire_put(&o, P1_SA, chunk("\0\0\0\1\0\0\0\1", 8));
		wire_put(&o, P1_NONCE, chunk("0123456789abcdef", 16));
		raw1_seal_hash(w, 0, b, &o, 100 + i);
		/* and what an SA that is up would obey */
		v1_hash_begin(b, &o, V1_INFO, 200 + i);
		raw1_delete_isakmp(&o, b);
		raw1_seal_hash(w, 0, b, &o, 200 + i);
	}
	assert_int_equal(w->side[1].installed, 0);
	assert_int_equal(b->state, IKE_BEGUN);
	assert_true(TAILQ_EMPTY(&world_peer(w, 1)->children));
	assert_true(b->v1->nearly <= V1_EARLY);
	w->hook = NULL;
	world_run(w, 20 * SECOND);
	expect_up(w, "after quick modes before their time", 0);
	world_free(w);
}

/* ---- 16: ends ---- */

/* Whichever message is the last one that comes through, nothing is left of it after a while (2008-3652). */
static void test_orphans(void **state)
{
	static const char *const modes[] = { "main", "aggressive" };
	unsigned int number, side;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(modes); i++) {
		for (number = 1; number <= 9; number++) {
			w = fresh_in(modes[i]);
			w->hook = stop_after;
			w->hook_arg = &number;
			world_acquire(w, 0, 0);
			world_run(w, 10 * MINUTE);
			for (side = 0; side < 2; side++) {
				if (world_ikes(w, side) || v1_installed(w, side) ||
				    !TAILQ_EMPTY(&world_peer(w, side)->children) || w->side[side].ike->half_open)
					fail_msg("%s mode, nothing after message %u: side %u has %u ISAKMP-SAs, %u SAs",
						 modes[i], number, side, world_ikes(w, side), v1_installed(w, side));
			}
			world_free(w);
		}
	}
}

/* A peer with the keys that begins phase 1 again and again: what it leaves behind is bounded. */
static void test_many_phase1(void **state)
{
	struct world *w = ready();
	struct ike_path path = raw1_path(w, 0);
	struct ike_sa *sa;
	unsigned int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		sa = ike_sa_new(world_peer(w, 0), 1, true, &path);
		sa->vops->initiate(sa);
		world_run(w, 1200);
		/* A forgets, and does not say so */
		if (i % 2)
			ike_sa_kill(sa);
	}
	assert_int_equal(world_ikes_up(w, 1), 1);
	assert_in_range(world_ikes(w, 1), 1, 10);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragment_in_fragment),
		cmocka_unit_test(test_fragment_company),
		cmocka_unit_test(test_fragment_bounds),
		cmocka_unit_test(test_no_state),
		cmocka_unit_test(test_each_phase),
		cmocka_unit_test(test_hash_forms),
		cmocka_unit_test(test_dpd),
		cmocka_unit_test(test_cookie_again),
		cmocka_unit_test(test_amplification),
		cmocka_unit_test(test_quick_too_early),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_many_phase1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
