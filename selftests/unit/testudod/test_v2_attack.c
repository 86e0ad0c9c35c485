// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2 against those who send what no honest peer would: strangers on the
 * wire, and peers that hold the keys. Each row names the class of old bugs that
 * it stands for (shared/daemon.md section 6). What must hold after each: nothing
 * crashed, no SA was made or lost that should not be, and honest traffic goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "v2_raw.h"
#include "world.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct world *attack_world(void)
{
	struct world *w = v2_world(NULL, NULL);

	v2_tunnels(w);
	return w;
}

static struct world *attack_up(void)
{
	struct world *w = attack_world();

	world_acquire(w, 0, 0);
	world_run(w, 2000);
	v2_expect_pairs(w, 1);
	return w;
}

/* ---- strangers: every byte of every message of the handshake ---- */

/**
 * struct flip - which byte of which datagram becomes what
 * @number: datagram
 * @at: offset
 * @with: xored
 */
struct flip {
	unsigned int number;
	size_t at;
	uint8_t with;
};

static void hook_flip(struct world *w, struct world_dg *dg, void *arg)
{
	const struct flip *f = arg;

	(void)w;
	if (dg->number == f->number && f->at < dg->data.n)
		dg->data.p[f->at] ^= f->with;
}

/* Classes 1, 2, 3: lengths, types and values, one wrong byte at a time; what is sent again heals it. */
static void test_flips(void **state)
{
	static const uint8_t with[] = { 0x01, 0x80, 0xff };
	static const size_t bytes[] = { 0, 232, 240, 80, 80 };
	struct flip f;
	size_t i;

	(void)state;
	for (f.number = 1; f.number <= 4; f.number++) {
		for (f.at = 0; f.at < bytes[f.number]; f.at++) {
			for (i = f.at % 3; i < COUNT(with); i += 3) {
				struct world *w = attack_world();
				char why[256];
				int pairs;

				f.with = with[i];
				w->hook = hook_flip;
				w->hook_arg = &f;
				world_acquire(w, 0, 0);
				world_run(w, 100000);
				pairs = world_pairs(w, why, sizeof(why));
				/* a changed first message makes the proofs wrong: then both say so */
				if (pairs != 1 && (pairs || !world_report(w, 0)->sentence[0] ||
						   world_ikes_up(w, 0) != world_ikes_up(w, 1)))
					fail_msg("datagram %u byte %zu ^ %02x: %d pairs %s", f.number, f.at,
						 f.with, pairs, why);
				world_free(w);
			}
		}
	}
}

/* ---- strangers: notifications that nobody protected ---- */

static void stranger_notify(struct world *w, unsigned int from, uint8_t exchange, uint8_t flags,
			    uint32_t msgid, uint16_t type, struct chunk data, bool with_r)
{
	struct ike_peer *peer = world_peer(w, from);
	struct ike_sa *sa = TAILQ_FIRST(&world_peer(w, !from)->sas);
	struct ike_path path = { 0 };
	struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = with_r ? sa->spi_r : 0,
		.version = 0x20,
		.exchange = exchange,
		.flags = flags,
		.msgid = msgid,
	};
	struct wire_out o;

	(void)peer;
	path.local = w->side[from].addr;
	path.remote = w->side[!from].seen;
	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	wire_begin(&o, &hdr);
	v2_put_status(&o, type, data);
	wire_end(&o);
	world_inject(w, from, &path, writer_chunk(&o.w));
	writer_free(&o.w);
}

static const uint16_t stranger_words[] = {
	V2_N_NO_PROPOSAL_CHOSEN, V2_N_INVALID_SYNTAX, V2_N_AUTHENTICATION_FAILED,
	V2_N_INVALID_MAJOR_VERSION, V2_N_INVALID_IKE_SPI, V2_N_UNSUPPORTED_CRITICAL_PAYLOAD,
};

/* Class 5: a word before the real answer does not end the negotiation. */
static void test_stranger_init(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(stranger_words); i++) {
		struct world *w = attack_world();

		w->latency = 1000;
		world_acquire(w, 0, 0);
		w->latency = 1;
		stranger_notify(w, 1, V2_SA_INIT, WIRE_V2_RESPONSE, 0, stranger_words[i], chunk(NULL, 0), false);
		world_run(w, 500);
		assert_int_equal(world_ikes(w, 0), 1);
		world_run(w, 20000);
		v2_expect_up(w, wire_v2_notify_name(stranger_words[i]));
		world_free(w);
	}
}

/* The same in the middle of IKE_AUTH. */
static void test_stranger_auth(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(stranger_words); i++) {
		struct world *w = attack_world();

		w->drop_nth = 3;
		world_acquire(w, 0, 0);
		world_run(w, 10);
		stranger_notify(w, 1, V2_AUTH, WIRE_V2_RESPONSE, 1, stranger_words[i], chunk(NULL, 0), true);
		world_run(w, 20000);
		v2_expect_up(w, wire_v2_notify_name(stranger_words[i]));
		world_free(w);
	}
}

/* An SA that is up hears nothing that is not protected: no delete, no error, no retransmission. */
static void test_stranger_up(void **state)
{
	struct world *w = attack_up();
	unsigned int sent, i;

	(void)state;
	for (i = 0; i < COUNT(stranger_words); i++) {
		stranger_notify(w, 1, V2_INFO, 0, 0, stranger_words[i], chunk(NULL, 0), true);
		stranger_notify(w, 1, V2_INFO, WIRE_V2_RESPONSE, 2, stranger_words[i], chunk(NULL, 0), true);
		stranger_notify(w, 0, V2_INFO, WIRE_V2_INITIATOR, 2, stranger_words[i], chunk(NULL, 0), true);
		stranger_notify(w, 0, V2_SA_INIT, WIRE_V2_INITIATOR, 0, stranger_words[i], chunk(NULL, 0), true);
	}
	sent = w->numbers;
	world_run(w, 3000);
	v2_expect_up(w, "unprotected words");
	/* INVALID_IKE_SPI made each look whether the other is there, once */
	assert_in_range(w->numbers - sent, 0, 4);
	world_free(w);
}

/* Class 3: INVALID_KE_PAYLOAD for a group that we did not offer, and again and again; cookies without end. */
static void test_stranger_loops(void **state)
{
	static const uint16_t groups[] = { 0, 1, 14, 31, 1025, 65535 };
	struct world *w = attack_world();
	unsigned int i;

	(void)state;
	w->latency = 30000;
	world_acquire(w, 0, 0);
	w->latency = 1;
	for (i = 0; i < 60; i++) {
		uint8_t group[2] = { groups[i % COUNT(groups)] >> 8, groups[i % COUNT(groups)] & 0xff };
		uint8_t cookie[64] = { i };

		stranger_notify(w, 1, V2_SA_INIT, WIRE_V2_RESPONSE, 0, V2_N_INVALID_KE_PAYLOAD, chunk(group, 2), false);
		stranger_notify(w, 1, V2_SA_INIT, WIRE_V2_RESPONSE, 0, V2_N_COOKIE, chunk(cookie, 64 - i), false);
	}
	world_run(w, 100);
	/* five cookies are followed and no group; the peer's own answers make the rest */
	assert_in_range(w->numbers, 6, 12);
	world_free(w);
}

/* Half-open SAs are bounded, whatever addresses come. */
static void test_flood(void **state)
{
	struct world *w = attack_world();
	struct ike_path path = { 0 };
	struct world_dg *dg;
	struct blob first = { 0 };
	unsigned int i;

	(void)state;
	world_acquire(w, 0, 0);
	dg = w->net;
	blob_set(&first, blob_chunk(&dg->data));
	path = dg->path;
	for (i = 0; i < 500; i++) {
		first.p[0] = i >> 8;
		first.p[1] = i;
		first.p[2] = 0x77;
		world_inject(w, 0, &path, blob_chunk(&first));
	}
	world_run(w, 50);
	assert_in_range(w->side[1].ike->half_open, 0, 30);
	assert_true(w->side[1].ike->counts.half_open_refused > 0 || w->side[1].ike->counts.cookies > 0);
	/* and they go away */
	world_run(w, 120000);
	assert_int_equal(w->side[1].ike->half_open, 0);
	blob_free(&first);
	world_free(w);
}

/* ---- peers with keys ---- */

static void evil_honest(struct wire_out *o) { raw_child(o); }
static void evil_empty(struct wire_out *o) { (void)o; }
static void evil_two_sa(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_child(o); }
static void evil_two_nonces(struct wire_out *o) { raw_nonce(o, 32); raw_child(o); }
static void evil_v1_payloads(struct wire_out *o) { RAW(o, P1_SA, "\0\0\0\1\0\0\0\1"); RAW(o, P1_HASH, "aaaaaaaaaaaaaaaa"); }
static void evil_critical(struct wire_out *o) { RAW(o, 200, "x"); o->w.p[1] |= 0x80; }
static void evil_unknown(struct wire_out *o) { RAW(o, 200, "x"); RAW(o, 49, ""); }
static void evil_skf_inside(struct wire_out *o) { RAW(o, P2_SKF, "\0\1\0\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); }
static void evil_sk_inside(struct wire_out *o) { RAW(o, P2_SK, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); }
static void evil_short_nonce(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 15); RAW(o, P2_TSI, RAW_TSI); RAW(o, P2_TSR, RAW_TSR); }
static void evil_long_nonce(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 257); RAW(o, P2_TSI, RAW_TSI); RAW(o, P2_TSR, RAW_TSR); }
static void evil_no_ts(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 32); }
static void evil_ts_count(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 32); RAW(o, P2_TSI, "\xff\0\0\0\7\0\0\x10\0\0\xff\xff\x0a\0\1\0\x0a\0\1\xff"); RAW(o, P2_TSR, RAW_TSR); }
static void evil_ts_length(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 32); RAW(o, P2_TSI, "\1\0\0\0\7\0\0\0\0\0\xff\xff\x0a\0\1\0\x0a\0\1\xff"); RAW(o, P2_TSR, RAW_TSR); }
static void evil_ts_backwards(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 32); RAW(o, P2_TSI, "\1\0\0\0\7\0\0\x10\0\0\xff\xff\x0a\0\1\xff\x0a\0\1\0"); RAW(o, P2_TSR, RAW_TSR); }
static void evil_ts_type(struct wire_out *o) { RAW(o, P2_SA, ESP_PROPOSAL); raw_nonce(o, 32); RAW(o, P2_TSI, "\1\0\0\0\x63\0\0\x10\0\0\xff\xff\x0a\0\1\0\x0a\0\1\xff"); RAW(o, P2_TSR, RAW_TSR); }
static void evil_no_transforms(struct wire_out *o) { RAW(o, P2_SA, "\0\0\0\x0c\x01\x03\x04\0\0\0\1\2"); raw_nonce(o, 32); RAW(o, P2_TSI, RAW_TSI); RAW(o, P2_TSR, RAW_TSR); }
static void evil_spi_zero(struct wire_out *o) { RAW(o, P2_SA, "\0\0\0\x20\x01\x03\x04\x02\0\0\0\0\3\0\0\x0c\1\0\0\x14\x80\x0e\1\0\0\0\0\x08\5\0\0\0"); raw_nonce(o, 32); RAW(o, P2_TSI, RAW_TSI); RAW(o, P2_TSR, RAW_TSR); }
static void evil_rekey_unknown(struct wire_out *o) { RAW(o, P2_NOTIFY, "\3\4\x40\x09\1\2\3\4"); raw_child(o); }
static void evil_rekey_proto0(struct wire_out *o) { RAW(o, P2_NOTIFY, "\0\4\x40\x09\1\2\3\4"); raw_child(o); }
static void evil_rekey_ike(struct wire_out *o) { RAW(o, P2_NOTIFY, "\1\4\x40\x09\1\2\3\4"); raw_child(o); }
static void evil_rekey_no_spi(struct wire_out *o) { RAW(o, P2_NOTIFY, "\3\0\x40\x09"); raw_child(o); }
static void evil_ike_no_ke(struct wire_out *o) { RAW(o, P2_SA, "\0\0\0\x34\1\1\x08\4\1\2\3\4\5\6\7\x08\3\0\0\x0c\1\0\0\x0c\x80\x0e\1\0\3\0\0\x08\2\0\0\5\3\0\0\x08\3\0\0\x0c\0\0\0\x08\4\0\0\x1f"); raw_nonce(o, 32); }
static void evil_ike_zero_ke(struct wire_out *o) { evil_ike_no_ke(o); RAW(o, P2_KE, "\0\x1f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"); }
static void evil_ike_short_ke(struct wire_out *o) { evil_ike_no_ke(o); RAW(o, P2_KE, "\0\x1f\0\0\1"); }
static void evil_ike_other_ke(struct wire_out *o) { evil_ike_no_ke(o); RAW(o, P2_KE, "\0\x0e\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"); }
static void evil_ike_spi_zero(struct wire_out *o) { RAW(o, P2_SA, "\0\0\0\x34\1\1\x08\4\0\0\0\0\0\0\0\0\3\0\0\x0c\1\0\0\x0c\x80\x0e\1\0\3\0\0\x08\2\0\0\5\3\0\0\x08\3\0\0\x0c\0\0\0\x08\4\0\0\x1f"); raw_nonce(o, 32); RAW(o, P2_KE, "\0\x1f\0\0\x09\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"); }
static void evil_delete_count(struct wire_out *o) { RAW(o, P2_DELETE, "\3\4\xff\xff\1\2\3\4"); }
static void evil_delete_size(struct wire_out *o) { RAW(o, P2_DELETE, "\3\0\0\1"); }
static void evil_delete_unknown(struct wire_out *o) { RAW(o, P2_DELETE, "\3\4\0\2\1\2\3\4\1\2\3\4"); RAW(o, P2_DELETE, "\2\4\0\1\1\2\3\4"); }
static void evil_delete_proto(struct wire_out *o) { RAW(o, P2_DELETE, "\x63\4\0\1\1\2\3\4"); }
static void evil_notify_spi(struct wire_out *o) { RAW(o, P2_NOTIFY, "\1\xff\0\x18"); }
static void evil_notify_many(struct wire_out *o) { int i; for (i = 0; i < 90; i++) RAW(o, P2_NOTIFY, "\0\0\x60\1"); }
static void evil_too_many(struct wire_out *o) { int i; for (i = 0; i < 200; i++) RAW(o, P2_NOTIFY, "\0\0\x60\1"); }
static void evil_length(struct wire_out *o) { RAW(o, P2_NOTIFY, "\0\0\x60\1"); o->w.p[2] = 0x7f; }
static void evil_length_zero(struct wire_out *o) { RAW(o, P2_NOTIFY, "\0\0\x60\1"); o->w.p[3] = 0; }

/** enum evil_end - what becomes of the IKE SA */
enum evil_end { STAYS, FATAL };

static const struct {
	const char *why;
	uint8_t exchange;
	void (*put)(struct wire_out *o);
	enum evil_end end;
} evils[] = {
	{ "the template itself is honest", V2_CHILD, evil_honest, STAYS },
	{ "class 1: nothing in it", V2_CHILD, evil_empty, FATAL },
	{ "class 2: two SA payloads (charon 2015-3991)", V2_CHILD, evil_two_sa, FATAL },
	{ "class 2: two nonces", V2_CHILD, evil_two_nonces, FATAL },
	{ "class 2: payloads of IKEv1", V2_CHILD, evil_v1_payloads, FATAL },
	{ "class 2: unknown, critical", V2_INFO, evil_critical, STAYS },
	{ "class 2: unknown, not critical", V2_INFO, evil_unknown, STAYS },
	{ "class 4: a fragment inside", V2_INFO, evil_skf_inside, STAYS },
	{ "class 4: a sealed payload inside", V2_CHILD, evil_sk_inside, FATAL },
	{ "nonce of 15 bytes", V2_CHILD, evil_short_nonce, FATAL },
	{ "nonce of 257 bytes", V2_CHILD, evil_long_nonce, FATAL },
	{ "class 10: no selectors", V2_CHILD, evil_no_ts, STAYS },
	{ "class 10: more selectors announced than sent", V2_CHILD, evil_ts_count, STAYS },
	{ "class 10: selector of length 0", V2_CHILD, evil_ts_length, STAYS },
	{ "class 10: range backwards", V2_CHILD, evil_ts_backwards, STAYS },
	{ "class 10: unknown selector type", V2_CHILD, evil_ts_type, STAYS },
	{ "class 6: a proposal without transforms", V2_CHILD, evil_no_transforms, FATAL },
	{ "SPI 0", V2_CHILD, evil_spi_zero, STAYS },
	{ "class 8: REKEY_SA of an unknown SPI", V2_CHILD, evil_rekey_unknown, STAYS },
	{ "class 8: REKEY_SA with protocol 0", V2_CHILD, evil_rekey_proto0, FATAL },
	{ "class 8: REKEY_SA with protocol 1 and a child's proposal", V2_CHILD, evil_rekey_ike, FATAL },
	{ "class 8: REKEY_SA without SPI", V2_CHILD, evil_rekey_no_spi, FATAL },
	{ "class 13: new IKE SA without KE", V2_CHILD, evil_ike_no_ke, FATAL },
	{ "class 3: KE of zeroes", V2_CHILD, evil_ike_zero_ke, FATAL },
	{ "class 3: KE of one byte", V2_CHILD, evil_ike_short_ke, FATAL },
	{ "class 3: KE of a group that is not the proposal's", V2_CHILD, evil_ike_other_ke, STAYS },
	{ "class 8: new IKE SA with SPI 0", V2_CHILD, evil_ike_spi_zero, FATAL },
	{ "class 5: DELETE of 65535 SPIs", V2_INFO, evil_delete_count, FATAL },
	{ "class 5: DELETE with SPIs of no size", V2_INFO, evil_delete_size, FATAL },
	{ "class 5: DELETE of what is not there, twice", V2_INFO, evil_delete_unknown, STAYS },
	{ "class 5: DELETE of an unknown protocol", V2_INFO, evil_delete_proto, FATAL },
	{ "class 1: notification with an SPI beyond its end", V2_INFO, evil_notify_spi, STAYS },
	{ "class 15: 90 notifications", V2_INFO, evil_notify_many, STAYS },
	{ "class 15: more payloads than we look at", V2_INFO, evil_too_many, FATAL },
	{ "class 1: payload longer than the message", V2_INFO, evil_length, FATAL },
	{ "class 1: payload of length 0", V2_INFO, evil_length_zero, FATAL },
};

static void test_evil_peer(void **state)
{
	unsigned int ups;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(evils); i++) {
		struct world *w = attack_up();
		struct ike_sa *sa = world_ike(w, 0);
		uint32_t msgid = sa->v2->next_out;
		struct wire_out o;

		wire_begin_chain(&o);
		evils[i].put(&o);
		raw_request(w, 0, sa, evils[i].exchange, msgid, &o);
		sa->v2->next_out++;
		world_run(w, 1000);
		ups = world_ikes_up(w, 1);
		if (ups != (evils[i].end == STAYS))
			fail_msg("%s: the IKE SA %s", evils[i].why, ups ? "stays" : "is gone");
		/* an honest exchange in the same SA */
		if (ups) {
			sa->vops->probe(sa);
			world_run(w, 3000);
			if (sa->v2->now)
				fail_msg("%s: the next request gets no answer", evils[i].why);
		}
		world_free(w);
	}
}

/* Class 8, charon 2014-2338: keys are there, proofs are not. */
static void test_before_auth(void **state)
{
	static const struct {
		uint8_t exchange;
		void (*put)(struct wire_out *o);
	} rows[] = {
		{ V2_CHILD, evil_honest },
		{ V2_CHILD, evil_ike_no_ke },
		{ V2_INFO, evil_empty },
		{ V2_INFO, evil_delete_unknown },
		{ V2_INTERMEDIATE, evil_empty },
		{ 99, evil_empty },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct world *w = attack_world();
		struct wire_out o;
		struct ike_sa *sa;

		w->drop_nth = 3;
		w->drop_count = 1000;
		world_acquire(w, 0, 0);
		world_run(w, 500);
		sa = TAILQ_FIRST(&world_peer(w, 0)->sas);
		assert_true(sa->v2->phase == V2_KEYED);
		wire_begin_chain(&o);
		rows[i].put(&o);
		raw_request(w, 0, sa, rows[i].exchange, 1, &o);
		world_run(w, 100);
		assert_int_equal(world_ikes_up(w, 1), 0);
		v2_expect_pairs(w, 0);
		/* and IKE_AUTH itself still works */
		w->drop_nth = 0;
		world_run(w, 20000);
		v2_expect_up(w, "after a request before IKE_AUTH");
		world_free(w);
	}
}

/* Class 9: IKE_AUTH without a proof, with an empty one, with the other's own. */
static void test_no_proof(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct world *w = attack_world();
		struct wire_out o;
		struct ike_sa *sa;

		w->drop_nth = 3;
		w->drop_count = 1000;
		world_acquire(w, 0, 0);
		world_run(w, 500);
		sa = TAILQ_FIRST(&world_peer(w, 0)->sas);
		wire_begin_chain(&o);
		RAW(&o, P2_IDI, "\2\0\0\0a.test");
		if (i == 1)
			RAW(&o, P2_AUTH, "\2\0\0\0");
		if (i == 2)
			RAW(&o, P2_AUTH, "\2\0\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		if (i == 3)
			RAW(&o, P2_AUTH, "\x0e\0\0\0\xff");
		raw_child(&o);
		raw_request(w, 0, sa, V2_AUTH, 1, &o);
		world_run(w, 1000);
		assert_int_equal(world_ikes(w, 1), 0);
		v2_expect_pairs(w, 0);
		assert_true(world_report(w, 1)->sentence[0]);
		world_free(w);
	}
}

/* Class 8: IKE_AUTH and IKE_SA_INIT once more, when all is up, by either end: nobody becomes somebody else. */
static void test_auth_again(void **state)
{
	static const uint8_t exchanges[] = { V2_AUTH, V2_SA_INIT };
	struct world *w = attack_up();
	unsigned int from, sent;
	struct wire_out o;
	size_t i;

	(void)state;
	for (from = 0; from < 2; from++) {
		struct ike_sa *sa = world_ike(w, from), *other = world_ike(w, !from);

		for (i = 0; i < COUNT(exchanges); i++) {
			sent = w->side[!from].sent;
			wire_begin_chain(&o);
			wire_put(&o, P2_IDI, chunk_str("\2zzzc.test"));
			RAW(&o, P2_AUTH, "\2\0\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
			raw_child(&o);
			raw_request(w, from, sa, exchanges[i], sa->v2->next_out, &o);
			world_run(w, 50);
			assert_int_equal(w->side[!from].sent, sent);
			assert_true(chunk_equal(blob_chunk(&other->peer_id.data), chunk_str(from ? "b.test" : "a.test")));
		}
		sa->vops->probe(sa);
		world_run(w, 1000);
	}
	v2_expect_up(w, "after another IKE_AUTH");
	world_free(w);
}

/* Class 4: fragments with any number and total, before and after the proof. */
static void test_evil_fragments(void **state)
{
	static const uint16_t rows[][2] = { { 0, 0 }, { 0, 2 }, { 3, 2 }, { 1, 1 }, { 1, 65535 }, { 65535, 65535 },
					    { 1, 64 }, { 2, 65 }, { 2, 2 }, { 1, 3 }, { 2, 3 }, { 3, 3 }, { 1, 2 } };
	struct world *w = attack_up();
	struct ike_sa *sa = world_ike(w, 0);
	struct ike_path path = sa->path;
	unsigned int i, again;

	(void)state;
	for (again = 0; again < 3; again++) {
		for (i = 0; i < COUNT(rows); i++) {
			const struct wire_hdr hdr = {
				.spi_i = sa->spi_i, .spi_r = sa->spi_r, .next = P2_SKF, .version = 0x20,
				.exchange = V2_INFO, .flags = WIRE_V2_INITIATOR, .msgid = sa->v2->next_out,
			};
			size_t body = crypt_sk_size(&sa->v2->keys.i, 8), at;
			struct wire_out o;

			wire_begin(&o, &hdr);
			patch_u8(&o.w, 16, P2_SKF);
			put_u8(&o.w, P2_NOTIFY);
			put_u8(&o.w, 0);
			put_be16(&o.w, 8 + body);
			put_be16(&o.w, rows[i][0]);
			put_be16(&o.w, rows[i][1]);
			at = o.w.n;
			put_zero(&o.w, body);
			wire_end(&o);
			/* some sealed, some forged */
			if (again)
				assert_true(crypt_sk_seal(&sa->v2->keys.i, chunk(o.w.p, at),
							  chunk("\0\0\0\x08\0\0\x60\1", 8), o.w.p + at));
			if (again == 2)
				o.w.p[o.w.n - 1] ^= 1;
			world_inject(w, 0, &path, writer_chunk(&o.w));
			writer_free(&o.w);
			world_run(w, 10);
		}
	}
	assert_true(world_ikes_up(w, 1) <= 1);
	world_run(w, 100000);
	world_free(w);
}

/* Two rekeys of the same child without a DELETE in between (#2945): no pile, no crash. */
static void test_rekey_twice(void **state)
{
	struct world *w = attack_up();
	struct ike_sa *sa = world_ike(w, 0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		struct child_sa *child = world_child(w, 1);
		uint8_t body[8] = { 3, 4, V2_N_REKEY_SA >> 8, V2_N_REKEY_SA & 0xff };
		struct wire_out o;
		uint32_t spi;

		assert_non_null(child);
		/* the first one, each time */
		TAILQ_FOREACH(child, &world_peer(w, 1)->children, link) {
			if (child->installed)
				break;
		}
		spi = child->choice.p[0].spi_out;
		body[4] = spi >> 24;
		body[5] = spi >> 16;
		body[6] = spi >> 8;
		body[7] = spi;
		wire_begin_chain(&o);
		wire_put(&o, P2_NOTIFY, chunk(body, sizeof(body)));
		raw_child(&o);
		raw_request(w, 0, sa, V2_CHILD, sa->v2->next_out++, &o);
		world_run(w, 20);
	}
	world_run(w, 5000);
	/* one in use; those that it replaced go with their timers */
	for (i = 0; TAILQ_FIRST(&world_peer(w, 1)->children) && i < 3; i++)
		world_run(w, 100000);
	assert_in_range(w->side[1].installed - w->side[1].deleted, 0, 2);
	world_free(w);
}

/* What was sealed once is not taken twice; an old request is answered from store, at most once a second. */
static void test_replay(void **state)
{
	struct world *w = attack_up();
	struct ike_sa *sa = world_ike(w, 0);
	struct wire_out o;
	unsigned int sent, i;

	(void)state;
	for (i = 0; i < 20; i++) {
		wire_begin_chain(&o);
		raw_request(w, 0, sa, V2_INFO, sa->v2->next_out, &o);
	}
	sent = w->numbers;
	world_run(w, 500);
	assert_int_equal(w->numbers - sent, 1);
	/* numbers far ahead and far behind */
	for (i = 0; i < 20; i++) {
		wire_begin_chain(&o);
		raw_request(w, 0, sa, V2_INFO, sa->v2->next_out + 2 + i * 1000, &o);
	}
	sent = w->numbers;
	world_run(w, 500);
	assert_int_equal(w->numbers, sent);
	sa->v2->next_out++;
	v2_expect_up(w, "replays");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_stranger_init),
		cmocka_unit_test(test_stranger_auth),
		cmocka_unit_test(test_stranger_up),
		cmocka_unit_test(test_stranger_loops),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_evil_peer),
		cmocka_unit_test(test_before_auth),
		cmocka_unit_test(test_no_proof),
		cmocka_unit_test(test_auth_again),
		cmocka_unit_test(test_evil_fragments),
		cmocka_unit_test(test_rekey_twice),
		cmocka_unit_test(test_replay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
