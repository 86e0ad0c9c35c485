// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2 and peers that hold the keys, by the classes of old holes of shared/daemon.md
 * section 6 (the number is in front of each test): fragments, INFORMATIONAL, proposals,
 * rekeys, selectors, in requests and in answers. What test_v2_attack.c asks of a
 * responder is asked of an initiator here. Payloads that lack or are there twice are in
 * test_payloads.c, public values in test_ke.c, proofs in test_v2_proof.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "v2_raw.h"
#include "wire_hex.h"
#include "world.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000
#define MINUTE	 60000

/* all that could be chosen by mistake is in the file, with leave to be careless */
static const struct v2_conf lax = {
	.sainfo = "encryption_algorithm aes_gcm_16 256, aes 256, null_enc; "
		  "authentication_algorithm hmac_sha256, non_auth; testudo { insecure ok; }",
};

static struct world *cold(void)
{
	struct world *w = v2_world(&lax, &lax);

	v2_tunnels(w);
	return w;
}

static struct world *ready(void)
{
	struct world *w = cold();

	world_acquire(w, 0, 0);
	world_run(w, 2 * SECOND);
	v2_expect_pairs(w, 1);
	return w;
}

static void expect_up(struct world *w, const char *what)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));

	if (pairs != 1 || world_ikes(w, 0) != 1 || world_ikes(w, 1) != 1)
		fail_msg("%s: %d pairs, %u and %u IKE SAs: %s", what, pairs, world_ikes(w, 0),
			 world_ikes(w, 1), why);
}

/* a request of A's that B is to take in turn */
static void ask(struct world *w, uint8_t exchange, struct wire_out *chain)
{
	struct ike_sa *a = world_ike(w, 0);

	raw_request(w, 0, a, exchange, a->v2->next_out++, chain);
	world_run(w, 20);
}

/* ---- one payload of an honest message, exchanged ---- */

/** enum where - which message about a child SA */
enum where { AUTH_REQUEST, AUTH_ANSWER, CHILD_REQUEST, CHILD_ANSWER, WHERES };

static const char *const where_names[] = { "IKE_AUTH's request", "IKE_AUTH's answer",
					   "CREATE_CHILD_SA's request", "CREATE_CHILD_SA's answer" };

/* True: the receiver made an SA of it. */
static bool taken(struct edit e, enum where where, const char *what)
{
	struct world *w = where < CHILD_REQUEST ? cold() : ready();
	unsigned int installed;

	e.number = w->numbers + (where < CHILD_REQUEST ? 3 : 1) + where % 2;
	w->hook = world_edit;
	w->hook_arg = &e;
	installed = w->side[!(where % 2)].installed;
	if (where < CHILD_REQUEST)
		world_acquire(w, 0, 0);
	else
		world_expire(w, 0, world_child(w, 0), false);
	world_run(w, SECOND);
	assert_true(e.done);
	installed = w->side[e.to].installed - installed;
	/* nothing is left of what was refused, at either end */
	world_run(w, 2 * MINUTE);
	if (!installed && world_lonely(w))
		fail_msg("%s: %s: %u SAs are at one end only", where_names[where], what, world_lonely(w));
	assert_int_equal(w->side[0].ike->half_open + w->side[1].ike->half_open, 0);
	world_free(w);
	return installed;
}

static void expect(struct edit e, enum where where, bool want, const char *what)
{
	if (taken(e, where, what) != want)
		fail_msg("%s: %s: %s", where_names[where], what, want ? "refused" : "taken");
}

/**
 * struct sa_row - an SA payload for a child
 * @why: what is special
 * @bytes: its body
 * @asked: a request may have it
 * @answered: so may an answer
 */
struct sa_row {
	const char *why;
	const char *bytes;
	bool asked;
	bool answered;
};

#define GCM  "0300000c 01000014 800e0100"
#define CBC  "0300000c 0100000c 800e0100"
#define MAC  "03000008 0300000c"
#define LAST "00000008 05000000" /* no extended sequence numbers */

static const struct sa_row sas[] = {
	{ "as it should be", "00000020 01030402 00000102" GCM LAST, true, true },
	{ "CBC with HMAC", "00000028 01030403 00000102" CBC MAC LAST, true, true },
	{ "nothing", "", false, false },
	{ "no transforms", "0000000c 01030400 00000102", false, false },
	{ "NULL without integrity: keys of no bytes", "0000001c 01030402 00000102 03000008 0100000b" LAST, false, false },
	{ "the same spelt out", "00000024 01030403 00000102 03000008 0100000b 03000008 03000000" LAST, false, false },
	{ "GMAC, which encrypts nothing", "00000020 01030402 00000102 0300000c 01000015 800e0100" LAST, false, false },
	{ "no cipher", "00000014 01030401 00000102" LAST, false, false },
	{ "a cipher that is number 0", "00000020 01030402 00000102 0300000c 01000000 800e0100" LAST, false, false },
	{ "GCM with HMAC", "00000028 01030403 00000102" GCM MAC LAST, false, false },
	{ "AES without a key length", "0000001c 01030402 00000102 03000008 01000014" LAST, false, false },
	{ "AES of 0 bits", "00000020 01030402 00000102 0300000c 01000014 800e0000" LAST, false, false },
	{ "AES of 64 bits", "00000020 01030402 00000102 0300000c 01000014 800e0040" LAST, false, false },
	{ "an attribute that we do not know", "00000024 01030402 00000102 03000010 01000014 800e0100 80630001" LAST, false, false },
	{ "AH in the place of ESP", "0000001c 01020402 00000102" MAC LAST, false, false },
	{ "AH or ESP: ESP is taken, by an answer neither",
	  "0200001c 01020402 00000102" MAC LAST "00000020 02030402 00000103" GCM LAST, true, false },
	{ "AH and ESP, as IKEv1 has it",
	  "0200001c 01020402 00000102" MAC LAST "00000020 01030402 00000103" GCM LAST, false, false },
	{ "two ciphers: the first will do, in an answer it is none",
	  "0000002c 01030403 00000102" GCM "0300000c 01000014 800e0080" LAST, true, false },
	{ "protocol 0", "00000020 01000402 00000102" GCM LAST, false, false },
	{ "IKE's protocol", "00000024 01010802 0000010200000102" GCM LAST, false, false },
	{ "protocol 99", "00000020 01630402 00000102" GCM LAST, false, false },
	{ "SPI 0", "00000020 01030402 00000000" GCM LAST, false, false },
	{ "no SPI", "0000001c 01030002" GCM LAST, false, false },
	{ "an SPI of eight bytes", "00000024 01030802 0000000000000102" GCM LAST, false, false },
	{ "a further key exchange (RFC 9370)", "00000028 01030403 00000102" GCM "03000008 06000024" LAST, false, false },
	{ "a type of nobody's", "00000028 01030403 00000102" GCM "03000008 ff000001" LAST, false, false },
	{ "sequence numbers of nobody's", "00000020 01030402 00000102" GCM "00000008 05000007", false, false },
};

/* 6: a child SA's proposals, all but the first two wrong. */
static void test_proposals(void **state)
{
	struct edit e = { .what = EDIT_BODY, .type = P2_SA };
	struct blob body;
	int where;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sas); i++) {
		body = hex(sas[i].bytes);
		e.body = blob_chunk(&body);
		for (where = 0; where < WHERES; where++)
			expect(e, where, where % 2 ? sas[i].answered : sas[i].asked, sas[i].why);
		blob_free(&body);
	}
}

/**
 * struct ts_row - a TS payload
 * @why: what is special
 * @bytes: its body
 * @asked: a request may have it: it is narrowed
 */
struct ts_row {
	const char *why;
	const char *bytes;
	bool asked;
};

#define NET1 "07000010 0000ffff 0a000100 0a0001ff"
#define WIDE "07000010 0000ffff 00000000 ffffffff"

static const struct ts_row tss[] = {
	{ "nothing", "", false },
	{ "three bytes", "010000", false },
	{ "none", "00000000", false },
	{ "one of none", "00000000" NET1, false },
	{ "none of one", "01000000", false },
	{ "one of two", "02000000" NET1, false },
	{ "one of 255", "ff000000" NET1, false },
	{ "two of one", "01000000" NET1 NET1, false },
	{ "length 0", "01000000 07000000 0000ffff 0a000100 0a0001ff", false },
	{ "length 3", "01000000 07000003 0000ffff 0a000100 0a0001ff", false },
	{ "a header alone (charon 2023-23009)", "01000000 07000004", false },
	{ "a byte short", "01000000 0700000f 0000ffff 0a000100 0a0001", false },
	{ "a byte long", "01000000 07000011 0000ffff 0a000100 0a0001ff", false },
	{ "64 kB", "01000000 0700ffff 0000ffff 0a000100 0a0001ff", false },
	{ "a byte behind", "01000000" NET1 "00", false },
	{ "IPv6 with IPv4's bytes", "01000000 08000010 0000ffff 0a000100 0a0001ff", false },
	{ "IPv4 with IPv6's", "01000000 07000028 0000ffff 0a000100000000000000000000000000 0a0001ff000000000000000000000000", false },
	{ "a range backwards", "01000000 07000010 0000ffff 0a0001ff 0a000100", false },
	{ "ports backwards", "01000000 07060010 00500016 0a000100 0a0001ff", false },
	{ "nothing but an unknown type", "01000000 63000010 0000ffff 0a000100 0a0001ff", false },
	{ "other networks", "01000000 07000010 0000ffff 0a090900 0a0909ff", false },
	{ "the whole world", "01000000" WIDE, true },
};

/* 10: selectors, in each of the two payloads. */
static void test_selectors(void **state)
{
	struct edit e = { .what = EDIT_BODY };
	struct blob body;
	int where;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(tss); i++) {
		body = hex(tss[i].bytes);
		e.body = blob_chunk(&body);
		for (where = 0; where < WHERES; where++) {
			e.type = P2_TSI;
			expect(e, where, tss[i].asked && where % 2 == 0, tss[i].why);
			e.type = P2_TSR;
			expect(e, where, tss[i].asked && where % 2 == 0, tss[i].why);
		}
		blob_free(&body);
	}
}

/* ---- 8: rekeys ---- */

static uint32_t spi_out(struct world *w, unsigned int side)
{
	return world_child(w, side)->choice.p[0].spi_out;
}

/* REKEY_SA in an otherwise honest request: only what B sends with is B's to rekey. */
static void test_rekey_names(void **state)
{
	static const struct {
		const char *why;
		uint8_t proto;
		uint8_t size;
		int whose; /* 0: what B sends with, 1: what it receives with, 2: nobody's */
		bool ok;
	} rows[] = {
		{ "protocol 0", 0, 4, 0, false },
		{ "IKE's protocol", 1, 4, 0, false },
		{ "AH's", 2, 4, 0, false },
		{ "protocol 99", 99, 4, 0, false },
		{ "no SPI", 3, 0, 0, false },
		{ "eight bytes", 3, 8, 0, false },
		{ "the other direction's SPI", 3, 4, 1, false },
		{ "nobody's SPI", 3, 4, 2, false },
		{ "the right one", 3, 4, 0, true },
	};
	uint8_t body[12];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct world *w = ready();
		uint32_t spi = rows[i].whose == 1 ? spi_out(w, 0) : spi_out(w, 1) + rows[i].whose;
		struct wire_out o;

		memset(body, 0, sizeof(body));
		body[0] = rows[i].proto;
		body[1] = rows[i].size;
		set_be(body + 2, V2_N_REKEY_SA, 2);
		set_be(body + 4 + (rows[i].size == 8 ? 4 : 0), spi, 4);
		wire_begin_chain(&o);
		wire_put(&o, P2_NOTIFY, chunk(body, 4 + rows[i].size));
		raw_child(&o);
		ask(w, V2_CHILD, &o);
		if ((w->side[1].installed > 2) != rows[i].ok)
			fail_msg("%s: %s", rows[i].why, rows[i].ok ? "refused" : "taken");
		world_free(w);
	}
}

static void put_ike_rekey(struct wire_out *o, uint8_t nth)
{
	/* a valid value of x25519: its base point */
	static const uint8_t ke[36] = { 0, 31, 0, 0, 9 };
	static const uint8_t sa[] = "\0\0\0\x34\1\1\x08\4\1\2\3\4\5\6\7\x08\3\0\0\x0c\1\0\0\x0c\x80\x0e\1\0"
				    "\3\0\0\x08\2\0\0\5\3\0\0\x08\3\0\0\x0c\0\0\0\x08\4\0\0\x1f";
	uint8_t body[sizeof(sa) - 1];

	memcpy(body, sa, sizeof(body));
	body[15] = nth;
	wire_put(o, P2_SA, chunk(body, sizeof(body)));
	raw_nonce(o, 32);
	wire_put(o, P2_KE, chunk(ke, sizeof(ke)));
}

static void put_probe(struct wire_out *o)
{
	(void)o;
}

static void put_rekey(struct wire_out *o)
{
	put_ike_rekey(o, 8);
}

static void put_end(struct wire_out *o)
{
	RAW(o, P2_DELETE, "\1\0\0\0");
}

/*
 * The responder asks, or answers with another exchange, before it has proven itself
 * (charon 2014-2338): nothing is made, nothing is said.
 */
static void test_initiator_before_auth(void **state)
{
	static const struct {
		uint8_t exchange;
		void (*put)(struct wire_out *o);
	} rows[] = {
		{ V2_CHILD, put_rekey }, { V2_CHILD, raw_child }, { V2_INFO, put_probe },
		{ V2_INFO, put_end },	 { V2_SA_INIT, put_rekey }, { V2_AUTH, raw_child },
	};
	struct wire_out o;
	size_t i;
	int answer;

	(void)state;
	/* the last one's answer is none of another exchange */
	for (i = 0; i < 2 * COUNT(rows) - 1; i++) {
		struct world *w = cold();
		unsigned int sent, progress;
		struct ike_sa *b;

		w->drop_nth = 3;
		w->drop_count = 1000;
		world_acquire(w, 0, 0);
		world_run(w, 100);
		b = TAILQ_FIRST(&world_peer(w, 1)->sas);
		assert_int_equal(b->v2->phase, V2_KEYED);
		sent = w->side[0].sent;
		progress = world_progress(w, 0);
		answer = i % 2;
		wire_begin_chain(&o);
		rows[i / 2].put(&o);
		raw_seal(w, 1, b, rows[i / 2].exchange, answer, answer, &o);
		world_run(w, 100);
		if (w->side[0].sent != sent || world_progress(w, 0) != progress || world_ikes(w, 0) != 1)
			fail_msg("row %zu, %s: the initiator moves", i / 2, answer ? "an answer" : "a request");
		w->drop_nth = 0;
		world_run(w, 20 * SECOND);
		expect_up(w, "after a responder that came too early");
		world_free(w);
	}
}

/* The same IKE SA as the other end has it, though that knows nothing of it. */
static void other_end(const struct world *w, const struct ike_sa *b, struct ike_sa *twin,
		      struct v2_state *v2)
{
	*v2 = *b->v2;
	*twin = *b;
	twin->v2 = v2;
	twin->initiator = !b->initiator;
	twin->path = (struct ike_path){ .local = w->side[0].addr, .remote = w->side[1].seen };
	addr_set_port(&twin->path.local, 500);
	addr_set_port(&twin->path.remote, 500);
}

/* IKE SA after IKE SA, and none of the old ones is deleted: what that costs us is bounded. */
static void test_many_rekeys(void **state)
{
	struct world *w = ready();
	struct ike_sa *b, twin;
	struct v2_state v2;
	struct wire_out o;
	unsigned int i;

	(void)state;
	for (i = 1; i <= 100; i++) {
		b = world_ike(w, 1);
		other_end(w, b, &twin, &v2);
		wire_begin_chain(&o);
		put_ike_rekey(&o, i);
		raw_request(w, 0, &twin, V2_CHILD, b->v2->next_in, &o);
		world_run(w, 20);
		assert_ptr_not_equal(world_ike(w, 1), b);
	}
	assert_int_equal(world_ikes_up(w, 1), 1);
	assert_in_range(world_ikes(w, 1), 1, 18);
	world_free(w);
}

/* ---- 5: INFORMATIONAL ---- */

static void put_spi(struct wire_out *o, uint8_t proto, uint32_t spi, unsigned int n)
{
	struct v2_delete d = { .proto = proto, .n = n };
	uint8_t spis[32];
	unsigned int i;

	for (i = 0; i < n; i++)
		set_be(spis + 4 * i, spi, 4);
	d.spis = chunk(spis, 4 * n);
	v2_put_delete(o, &d);
}

/* A DELETE twice in a message, of a child SA and of the IKE SA, with words behind it. */
static void test_deletes(void **state)
{
	struct world *w = ready();
	struct wire_out o;

	(void)state;
	/* by another name, and by the SPI of the other direction: nobody's */
	wire_begin_chain(&o);
	put_spi(&o, V2_PROTO_AH, spi_out(w, 1), 1);
	put_spi(&o, V2_PROTO_ESP, spi_out(w, 0), 1);
	ask(w, V2_INFO, &o);
	expect_up(w, "DELETE of what is not there");
	wire_begin_chain(&o);
	put_spi(&o, V2_PROTO_ESP, spi_out(w, 1), 3);
	put_spi(&o, V2_PROTO_ESP, spi_out(w, 1), 2);
	v2_put_status(&o, V2_N_INVALID_SELECTORS, chunk(NULL, 0));
	ask(w, V2_INFO, &o);
	assert_int_equal(w->side[1].deleted, 2);
	assert_int_equal(w->side[1].events[EVENT_PHASE2_DOWN], 1);
	assert_int_equal(world_ikes_up(w, 1), 1);
	/* what it had is deleted at A too: the answer named it, once */
	world_run(w, SECOND);
	wire_begin_chain(&o);
	put_end(&o);
	put_spi(&o, V2_PROTO_ESP, 0x1234, 1);
	put_end(&o);
	v2_put_status(&o, V2_N_AUTHENTICATION_FAILED, chunk(NULL, 0));
	ask(w, V2_INFO, &o);
	assert_int_equal(world_ikes(w, 1), 0);
	world_free(w);
}

static void spoil(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	if (!dg->from && dg->data.p[18] == V2_INFO)
		dg->data.p[dg->data.n - 1] ^= 1;
}

/* Whatever nobody has signed is not obeyed: a wrong checksum, no protection at all (racoon 2007-1841). */
static void test_unproven(void **state)
{
	struct world *w = ready();
	struct ike_sa *a = world_ike(w, 0);
	uint64_t forged = w->side[1].ike->counts.forged;
	const struct wire_hdr hdr = {
		.spi_i = a->spi_i, .spi_r = a->spi_r, .version = 0x20, .exchange = V2_INFO,
		.flags = WIRE_V2_INITIATOR, .msgid = a->v2->next_out,
	};
	struct wire_out o;
	unsigned int sent;

	(void)state;
	w->hook = spoil;
	a->vops->probe(a);
	world_run(w, 50);
	assert_int_equal(w->side[1].ike->counts.forged, forged + 1);
	w->hook = NULL;
	world_run(w, 5 * SECOND);
	expect_up(w, "a wrong checksum");
	sent = w->side[1].sent;
	wire_begin(&o, &hdr);
	put_end(&o);
	put_spi(&o, V2_PROTO_ESP, spi_out(w, 1), 1);
	wire_end(&o);
	world_inject(w, 0, &a->path, writer_chunk(&o.w));
	writer_free(&o.w);
	world_run(w, 50);
	assert_int_equal(w->side[1].sent, sent);
	expect_up(w, "an unprotected DELETE");
	world_free(w);
}

/* Of an SA that is not there: a word now and then, and never to an answer. */
static void test_no_state(void **state)
{
	static const uint8_t exchanges[] = { V2_AUTH, V2_CHILD, V2_INFO, V2_INTERMEDIATE, 99 };
	struct world *w = ready();
	struct ike_path path = world_ike(w, 0)->path;
	unsigned int i, sent = w->side[1].sent;
	struct wire_out o;

	(void)state;
	for (i = 0; i < 1000; i++) {
		const struct wire_hdr hdr = {
			.spi_i = 0x7700 + i, .spi_r = 0x8800 + i, .version = 0x20,
			.exchange = exchanges[i % COUNT(exchanges)],
			.flags = i % 2 ? WIRE_V2_RESPONSE : WIRE_V2_INITIATOR, .msgid = i % 3,
		};

		wire_begin(&o, &hdr);
		if (i % 7)
			wire_put(&o, i % 3 ? P2_SK : P2_DELETE, chunk_str("0123456789abcdef0123456789abcdef"));
		wire_end(&o);
		world_inject(w, 0, &path, writer_chunk(&o.w));
		writer_free(&o.w);
	}
	world_run(w, 100);
	assert_in_range(w->side[1].sent - sent, 1, 30);
	assert_int_equal(world_ikes(w, 1), 1);
	expect_up(w, "messages for nobody");
	world_free(w);
}

static void hook_no_deletes(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop |= dg->from && dg->data.p[18] == V2_INFO && !(dg->data.p[19] & WIRE_V2_RESPONSE);
}

/* The peer asks whether we are there, and what not, while our own DELETE is under way. */
static void test_while_deleting(void **state)
{
	struct world *w = ready();
	struct ike_sa *a = world_ike(w, 0);
	unsigned int sent;
	struct wire_out o;

	(void)state;
	w->hook = hook_no_deletes;
	ike_delete_peer(w->side[1].ike, &w->side[0].seen);
	world_run(w, 10);
	assert_int_equal(world_ikes_up(w, 1), 0);
	sent = w->side[1].sent;
	wire_begin_chain(&o);
	ask(w, V2_INFO, &o);
	assert_int_equal(w->side[1].sent, sent + 1);
	wire_begin_chain(&o);
	raw_child(&o);
	ask(w, V2_CHILD, &o);
	assert_int_equal(w->side[1].sent, sent + 2);
	assert_int_equal(w->side[1].installed, 2);
	wire_begin_chain(&o);
	put_rekey(&o);
	ask(w, V2_CHILD, &o);
	assert_int_equal(world_ikes(w, 1), 1);
	/* and DELETEs cross */
	wire_begin_chain(&o);
	put_end(&o);
	raw_request(w, 0, a, V2_INFO, a->v2->next_out++, &o);
	world_run(w, 10);
	assert_int_equal(world_ikes(w, 1), 0);
	world_free(w);
}

/* ---- 4: fragments ---- */

/* Fragment @number of @total, sealed as A's next request; @outer: a payload of that type in front. */
static void fragment(struct world *w, unsigned int number, unsigned int total, uint8_t first,
		     struct chunk clear, uint8_t outer)
{
	struct ike_sa *a = world_ike(w, 0);
	const struct crypt_sk *sk = &a->v2->keys.i;
	const struct wire_hdr hdr = {
		.spi_i = a->spi_i, .spi_r = a->spi_r, .version = 0x20, .exchange = V2_INFO,
		.flags = WIRE_V2_INITIATOR, .msgid = a->v2->next_out,
	};
	size_t body = crypt_sk_size(sk, clear.n), at;
	struct wire_out o;

	wire_begin(&o, &hdr);
	if (outer)
		wire_put(&o, outer, chunk_str("nobody needs this"));
	wire_open(&o, P2_SKF);
	put_be16(&o.w, number);
	put_be16(&o.w, total);
	at = o.w.n;
	put_zero(&o.w, body);
	wire_close(&o);
	wire_end(&o);
	o.w.p[at - 8] = first;
	assert_true(crypt_sk_seal(sk, chunk(o.w.p, at), clear, o.w.p + at));
	world_inject(w, 0, &a->path, writer_chunk(&o.w));
	writer_free(&o.w);
	world_run(w, 5);
}

static const struct chunk notify = { (const uint8_t *)"\0\0\0\x08\0\0\x60\1", 8 };

/* A fragment, or a sealed payload, in fragments: nothing looks into it. */
static void test_fragment_in_fragment(void **state)
{
	static const uint8_t types[] = { P2_SKF, P2_SK };
	struct wire_out o;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		w = ready();
		wire_begin_chain(&o);
		wire_put(&o, types[i], chunk("\0\1\0\2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 52));
		fragment(w, 1, 2, types[i], chunk(o.w.p, 20), 0);
		assert_int_equal(world_ike(w, 1)->v2->asm_request.have, 1);
		fragment(w, 2, 2, P_NONE, chunk(o.w.p + 20, o.w.n - 20), 0);
		/* it is an INFORMATIONAL with a payload that says nothing, and answered */
		assert_int_equal(world_ike(w, 1)->v2->asm_request.have, 0);
		assert_int_equal(world_ike(w, 1)->v2->reply.msgid, world_ike(w, 0)->v2->next_out);
		writer_free(&o.w);
		world_free(w);
	}
}

/* With a payload outside of the sealed part (pluto 2026-12413) a message is nobody's, and is not kept. */
static void test_outer_payloads(void **state)
{
	static const uint8_t outer[] = { 200, P2_NOTIFY, P2_DELETE, P1_SA, 49 };
	struct world *w = ready();
	struct ike_sa *b = world_ike(w, 1);
	unsigned int i, answered = w->side[1].sent;

	(void)state;
	for (i = 0; i < 500; i++)
		fragment(w, 1 + i % 2, 2, i % 2 ? P_NONE : P2_NOTIFY, notify, outer[i % COUNT(outer)]);
	assert_int_equal(b->v2->asm_request.have, 0);
	assert_int_equal(w->side[1].sent, answered);
	fragment(w, 1, 2, P2_NOTIFY, chunk(notify.p, 2), 0);
	fragment(w, 2, 2, P_NONE, chunk(notify.p + 2, 6), 200);
	assert_int_equal(b->v2->asm_request.have, 1);
	fragment(w, 2, 2, P_NONE, chunk(notify.p + 2, 6), 0);
	assert_int_equal(w->side[1].sent, answered + 1);
	world_ike(w, 0)->v2->next_out++;
	expect_up(w, "payloads outside");
	world_free(w);
}

/* Gaps, ends without end, and many bytes: a set has a bound, and there is one set. */
static void test_fragment_bounds(void **state)
{
	static const uint8_t noise[1200];
	struct world *w = ready();
	struct frag *set = &world_ike(w, 1)->v2->asm_request;
	unsigned int i, total;

	(void)state;
	for (total = 2; total <= 64; total += 31) {
		for (i = 2; i <= total; i++)
			fragment(w, i, total, P_NONE, chunk(noise, sizeof(noise)), 0);
		/* the first is missing */
		assert_true(set->have < total && set->bytes <= 65507);
	}
	for (i = 1; i <= 255; i++)
		fragment(w, i, 255, P2_NOTIFY, chunk(noise, 1), 0);
	assert_true(set->have < 64);
	assert_int_equal(world_ikes_up(w, 1), 1);
	/* a set that is smaller than one that was begun is an old one: it is the number that decides */
	world_ike(w, 0)->v2->next_out++;
	fragment(w, 1, 1, P2_NOTIFY, notify, 0);
	assert_int_equal(world_ikes_up(w, 1), 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_rekey_names),
		cmocka_unit_test(test_initiator_before_auth),
		cmocka_unit_test(test_many_rekeys),
		cmocka_unit_test(test_deletes),
		cmocka_unit_test(test_unproven),
		cmocka_unit_test(test_no_state),
		cmocka_unit_test(test_while_deleting),
		cmocka_unit_test(test_fragment_in_fragment),
		cmocka_unit_test(test_outer_payloads),
		cmocka_unit_test(test_fragment_bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
