// SPDX-License-Identifier: GPL-2.0
/*
 * What somebody who has proven nothing can make us spend: memory, time, lines of the log
 * (class 15 of old holes, shared/daemon.md section 6). How many negotiations may be half
 * open is tested in test_gate.c, what is answered and how often in test_repeat.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "allocated.h"
#include "base/log.h"
#include "v1_case.h"
#include "v2_help.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- first messages ---- */

/* The datagram of that number, and lost. */
struct taken {
	unsigned int number;
	struct blob dg;
};

static void hook_take(struct world *w, struct world_dg *dg, void *arg)
{
	struct taken *t = arg;

	(void)w;
	if (dg->number != t->number)
		return;
	blob_set(&t->dg, blob_chunk(&dg->data));
	dg->drop = true;
}

/* A's first message, of a negotiation of which nothing more comes. */
static struct blob first_of(struct world *w)
{
	struct taken t = { .number = 1 };

	w->hook = hook_take;
	w->hook_arg = &t;
	world_acquire(w, 0, 0);
	w->hook = NULL;
	ike_delete_peer(w->side[0].ike, &w->side[1].seen);
	assert_true(t.dg.n);
	return t.dg;
}

/* It comes to B as the @nth one, from there. */
static void forge(struct world *w, const struct blob *first, unsigned int nth, const char *from)
{
	struct ike_path path = { .local = w->side[1].addr };
	struct blob copy = { 0 };

	addr_parse(&path.remote, from);
	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	blob_set(&copy, blob_chunk(first));
	set_be(copy.p, 0x7700000000000001 + nth, 8);
	ike_input(w->side[1].ike, &path, blob_chunk(&copy));
	blob_free(&copy);
}

static void everywhere(char from[32], unsigned int i)
{
	snprintf(from, 32, "10.%u.%u.%u", 1 + i % 7, i / 250, 1 + i % 250);
}

static struct world *v2_anonymous(void)
{
	struct world *w;
	char *a = v2_text(0, NULL), *b = v2_text(1, NULL), *at;

	at = strstr(b, "10.0.0.1");
	memcpy(at, "anonymou", 8);
	at = strstr(b, "anonymou {");
	memcpy(at, "anonymous{", 10);
	w = world_new(a, V2_PSK_A, b, V2_PSK_B);
	free(a);
	free(b);
	return w;
}

static struct world *flooded(unsigned int ver, const char *mode, const char *proposal_b)
{
	const struct v1_case c = { .anonymous = true, .mode = mode, .proposal_b = proposal_b, .remote = "ike_frag off;" };
	struct world *w = ver == 1 ? v1_world(&c) : v2_anonymous();

	v1_tunnel(w, IPPROTO_ESP, 0);
	return w;
}

/* ---- 15: memory ---- */

/* One more transform of an SA payload's only proposal, of @size bytes of attributes of nobody's. */
static void put_long_sa(struct wire_out *o, struct chunk body, size_t size)
{
	size_t at, i;

	wire_open(o, P1_SA);
	at = o->w.n;
	put_bytes(&o->w, body);
	put_be32(&o->w, size + 8);
	put_be32(&o->w, 0x02010000);
	for (i = 0; i < size; i += 4)
		put_be32(&o->w, 0xfff00001);
	patch_be16(&o->w, at + 10, body.n - 8 + size + 8);
	patch_u8(&o->w, at + 15, 2);
	patch_u8(&o->w, at + 16, 3);
	wire_close(o);
}

/* The same message with @size bytes more that mean nothing, where it is kept. */
static struct blob longer(const struct blob *first, size_t size)
{
	struct wire_msg msg = { .data = blob_chunk(first) };
	struct blob noise = { xcalloc(1, size + 1), size };
	struct wire_hdr hdr;
	struct wire_out o;
	unsigned int i;

	assert_true(wire_read_hdr(blob_chunk(first), &msg.hdr, NULL));
	assert_true(wire_read_chain(chunk(first->p + WIRE_HDR_LEN, first->n - WIRE_HDR_LEN), msg.hdr.next, &msg, NULL));
	hdr = msg.hdr;
	hdr.next = P_NONE;
	wire_begin(&o, &hdr);
	for (i = 0; i < msg.n; i++) {
		if (hdr.version >> 4 == 1 && msg.pl[i].type == P1_SA)
			put_long_sa(&o, msg.pl[i].body, size);
		else
			wire_put(&o, msg.pl[i].type, msg.pl[i].body);
	}
	if (hdr.version >> 4 == 2)
		wire_put(&o, P2_VID, blob_chunk(&noise));
	wire_end(&o);
	blob_free(&noise);
	return writer_blob(&o.w);
}

static const struct {
	const char *name;
	unsigned int ver;
	const char *mode;
} versions[] = { { "main mode", 1, "main" }, { "aggressive mode", 1, "aggressive" }, { "IKEv2", 2, NULL } };

/* A half-open negotiation costs some kilobytes, whatever its first message was filled up with. */
static void test_memory(void **state)
{
	unsigned int i, k, row, n;
	struct world *w;
	char from[32];
	long each;

	(void)state;
	for (row = 0; row < COUNT(versions); row++) {
		for (k = 0; k < 3; k++) {
			struct blob first, long_one;

			w = flooded(versions[row].ver, versions[row].mode, NULL);
			first = first_of(w);
			long_one = longer(&first, k * 30000);
			each = -allocated();
			for (i = 0; i < 64; i++) {
				everywhere(from, i);
				forge(w, k ? &long_one : &first, i, from);
				world_run(w, 100);
			}
			n = w->side[1].ike->half_open;
			each = (each + allocated()) / 64;
			if (each > 24 * 1024 || (!k && n < 30))
				fail_msg("%s with %u bytes more: %u half open, each of 64 costs %ld bytes",
					 versions[row].name, k * 30000, n, each);
			blob_free(&first);
			blob_free(&long_one);
			world_free(w);
		}
	}
}

/* ---- 15: lines of the log ---- */

static unsigned int lines_of(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned int n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* What a first message looks like. */
enum spoil { HONEST, NO_PROPOSAL, BAD_VALUE, BAD_CHAIN, NO_SA, UNKNOWN_SPI, LATER_VERSION, SPOILS };

static const char *const spoils[] = { "honest", "without a common proposal", "with a bad public value",
				      "malformed", "without SA", "of no SA", "of a later version" };

static void spoil(struct blob *dg, enum spoil how)
{
	struct wire_msg msg = { .data = blob_chunk(dg) };
	const struct wire_pl *ke;

	assert_true(wire_read_hdr(msg.data, &msg.hdr, NULL));
	assert_true(wire_read_chain(chunk(dg->p + WIRE_HDR_LEN, dg->n - WIRE_HDR_LEN), msg.hdr.next, &msg, NULL));
	ke = wire_find(&msg, msg.hdr.version >> 4 == 2 ? P2_KE : P1_KE);
	switch (how) {
	case BAD_VALUE:
		if (ke)
			memset((uint8_t *)ke->body.p + ke->body.n - 32, 0, 32);
		break;
	case BAD_CHAIN:
		dg->p[WIRE_HDR_LEN + 3] = 1;
		break;
	case NO_SA:
		dg->p[16] = msg.hdr.version >> 4 == 2 ? P2_VID : P1_VID;
		break;
	case UNKNOWN_SPI:
		set_be(dg->p + 8, 0x1234567890abcdef, 8);
		break;
	case LATER_VERSION:
		dg->p[17] = 0x30;
		break;
	default:
		break;
	}
}

/* Twenty a second for a minute, from one address or from all: the log stays readable. */
static void flood_log(unsigned int row, enum spoil how, bool one)
{
	static const char other[] = "encryption_algorithm aes 128; hash_algorithm sha384; dh_group 19;";
	struct world *w = flooded(versions[row].ver, versions[row].mode, how == NO_PROPOSAL ? other : NULL);
	char path[] = "/tmp/testudod-log-XXXXXX", from[32] = "10.0.0.1";
	struct blob first = first_of(w);
	int fd = mkstemp(path);
	unsigned int i, lines;

	assert_true(fd >= 0);
	close(fd);
	spoil(&first, how);
	assert_false(log_to_file(path));
	log_set_level(LOG_LEVEL_INFO);
	for (i = 0; i < 1200; i++) {
		if (!one)
			everywhere(from, i);
		forge(w, &first, i, from);
		world_run(w, 50);
	}
	log_to_stderr();
	log_set_level(LOG_LEVEL_ERROR);
	lines = lines_of(path);
	unlink(path);
	if (lines > 900)
		fail_msg("%s, %s, from %s: %u lines in a minute", versions[row].name, spoils[how],
			 one ? "one address" : "everywhere", lines);
	blob_free(&first);
	world_free(w);
}

static void test_log(void **state)
{
	unsigned int row;
	int how;

	(void)state;
	for (row = 0; row < COUNT(versions); row++) {
		for (how = 0; how < SPOILS; how++) {
			flood_log(row, how, true);
			flood_log(row, how, false);
		}
	}
}

/* ---- 15: time ---- */

static long spent(clock_t since)
{
	return (clock() - since) * 1000 / CLOCKS_PER_SEC;
}

/* A proposal of as many transforms as are read, none of which fits. */
static void put_many_transforms(struct wire_out *o, unsigned int ver)
{
	unsigned int n = ver == 1 ? V1_TRANSFORMS : 255, i;
	size_t at, trans = 0;

	wire_open(o, ver == 1 ? P1_SA : P2_SA);
	if (ver == 1)
		put_be64(&o->w, 0x0000000100000001);
	at = o->w.n;
	put_be32(&o->w, 0);
	put_be32(&o->w, 0x01010000 | n);
	for (i = 0; i < n; i++) {
		trans = o->w.n;
		put_be32(&o->w, 0x03000000 | (ver == 1 ? 20 : 12));
		put_be32(&o->w, ver == 1 ? (i + 1) << 24 | 0x010000 : 0x0100000c);
		put_be32(&o->w, ver == 1 ? 0x80010007 : 0x800e00c0);
		if (ver == 1)
			put_be64(&o->w, 0x800200048004000e);
	}
	o->w.p[trans] = 0;
	patch_be16(&o->w, at + 2, o->w.n - at);
	wire_close(o);
}

static void put_many_payloads(struct wire_out *o, unsigned int ver)
{
	while (o->w.n < 15000)
		wire_put(o, ver == 1 ? P1_VID : P2_VID, chunk(NULL, 0));
}

static void put_many_notifies(struct wire_out *o, unsigned int ver)
{
	static const uint8_t body[150] = { 0, 0, V2_N_COOKIE >> 8, V2_N_COOKIE & 0xff };

	while (o->w.n < 14000)
		wire_put(o, ver == 1 ? P1_NAT_D : P2_NOTIFY, chunk(body, sizeof(body)));
}

/* Twenty of the worst first messages of each kind take some tenths of a second under a sanitizer; anything that grows by squares would take far longer. */
static void test_time(void **state)
{
	static const struct {
		const char *why;
		void (*put)(struct wire_out *o, unsigned int ver);
	} rows[] = {
		{ "transforms", put_many_transforms },
		{ "payloads", put_many_payloads },
		{ "notifications", put_many_notifies },
	};
	unsigned int row, i;
	clock_t begun;
	size_t k;

	(void)state;
	for (row = 0; row < COUNT(versions); row++) {
		for (k = 0; k < COUNT(rows); k++) {
			struct world *w = flooded(versions[row].ver, versions[row].mode, NULL);
			struct blob first = first_of(w), dg;
			struct wire_hdr hdr;
			struct wire_out o;

			assert_true(wire_read_hdr(blob_chunk(&first), &hdr, NULL));
			hdr.next = P_NONE;
			wire_begin(&o, &hdr);
			rows[k].put(&o, versions[row].ver);
			wire_end(&o);
			dg = writer_blob(&o.w);
			begun = clock();
			for (i = 0; i < 20; i++)
				forge(w, &dg, i, "10.0.0.1");
			if (spent(begun) > 5000)
				fail_msg("%s, many %s: %ld ms", versions[row].name, rows[k].why, spent(begun));
			blob_free(&first);
			blob_free(&dg);
			world_free(w);
		}
	}
}

static size_t ke_at(const struct blob *first)
{
	struct wire_msg msg = { .data = blob_chunk(first) };

	assert_true(wire_read_hdr(msg.data, &msg.hdr, NULL));
	assert_true(wire_read_chain(chunk(first->p + WIRE_HDR_LEN, first->n - WIRE_HDR_LEN), msg.hdr.next, &msg, NULL));
	return wire_find(&msg, P2_KE)->body.p + 4 - first->p;
}

/*
 * Whoever brings a cookie is there, and not to be kept waiting; but a public value that
 * is none costs next to nothing, for no key pair is made for it.
 */
static void test_bad_value_is_cheap(void **state)
{
	const struct v2_conf c = { .proposal = "encryption_algorithm aes 256; hash_algorithm sha256; dh_group 16;" };
	struct world *w = v2_world(&c, &c);
	const struct alg *group = alg_by_v2(ALG_DH, 16);
	struct taken t = { .number = 3 };
	struct ike_path path;
	struct crypt_dh *dh;
	long dear, took, cheap = LONG_MAX;
	unsigned int i, round;
	clock_t begun;

	(void)state;
	v2_tunnels(w);
	w->side[1].ike->half_open = 100; /* so that it asks for a cookie */
	w->hook = hook_take;
	w->hook_arg = &t;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	assert_true(t.dg.n);
	begun = clock();
	for (i = 0; i < 20; i++) {
		dh = crypt_dh_new(group);
		assert_non_null(dh);
		crypt_dh_free(dh);
	}
	dear = clock() - begun;
	memset(t.dg.p + ke_at(&t.dg), 0, 512);
	path = (struct ike_path){ .local = w->side[1].addr, .remote = w->side[0].seen };
	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	/* some milliseconds: a machine that stands still in one round does not in all of them */
	for (round = 0; round < 3; round++) {
		begun = clock();
		for (i = 0; i < 100; i++)
			ike_input(w->side[1].ike, &path, blob_chunk(&t.dg));
		took = clock() - begun;
		if (took < cheap)
			cheap = took;
	}
	assert_int_equal(w->side[1].ike->counts.bad, 300);
	if (cheap > dear)
		fail_msg("100 bad values: %ld us, 20 key pairs: %ld us", cheap, dear);
	w->side[1].ike->half_open -= 100;
	blob_free(&t.dg);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_bad_value_is_cheap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
