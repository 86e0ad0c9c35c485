// SPDX-License-Identifier: GPL-2.0
/*
 * Public values that are none, in every message of both IKE versions that has one
 * (class 3 of old holes, shared/daemon.md section 6): of another length, 0, 1, p - 1,
 * p and more, beside the curve, of small order; and groups that nobody proposed. The
 * computation itself is tested in test_crypt.c: here it is whether every message asks it,
 * and that nothing is left of one that is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <string.h>

#include "v1_case.h"
#include "v2_help.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MINUTE	 60000
#define MOST	 1024 /* bytes of a value */

/* ---- where ---- */

/** enum when - which negotiation */
enum when { FIRST, CHILD, REKEY };

/**
 * struct place - a message with a public value
 * @why: its name
 * @ver: IKE version
 * @mode: exchange_mode of IKEv1
 * @when: when it is sent
 * @number: datagram, from the first of that negotiation on
 */
struct place {
	const char *why;
	unsigned int ver;
	const char *mode;
	enum when when;
	unsigned int number;
};

static const struct place places[] = {
	{ "MM3", 1, "main", FIRST, 3 },
	{ "MM4", 1, "main", FIRST, 4 },
	{ "AM1", 1, "aggressive", FIRST, 1 },
	{ "AM2", 1, "aggressive", FIRST, 2 },
	{ "QM1", 1, "main", CHILD, 1 },
	{ "QM2", 1, "main", CHILD, 2 },
	{ "IKE_SA_INIT's request", 2, NULL, FIRST, 1 },
	{ "IKE_SA_INIT's answer", 2, NULL, FIRST, 2 },
	{ "CREATE_CHILD_SA's request", 2, NULL, CHILD, 1 },
	{ "CREATE_CHILD_SA's answer", 2, NULL, CHILD, 2 },
	{ "the IKE SA's rekey, request", 2, NULL, REKEY, 1 },
	{ "the IKE SA's rekey, answer", 2, NULL, REKEY, 2 },
};

static struct world *make(const struct place *p, const char *group)
{
	char proposal[128], sainfo[160];
	const struct v1_case c1 = { .mode = p->mode, .proposal = proposal, .sainfo = sainfo,
				     .remote = "ike_frag off;" };
	const struct v2_conf c2 = { .proposal = proposal, .sainfo = sainfo, .remote = "ike_frag off;" };
	struct world *w;

	snprintf(proposal, sizeof(proposal), "encryption_algorithm aes 256; hash_algorithm sha256; dh_group %s;",
		 group);
	snprintf(sainfo, sizeof(sainfo),
		 "pfs_group %s; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;", group);
	w = p->ver == 1 ? v1_world(&c1) : v2_world(&c2, &c2);
	v1_tunnel(w, IPPROTO_ESP, 0);
	return w;
}

static struct world *begin(const struct place *p, const char *group, struct edit *e)
{
	struct world *w = make(p, group);
	char why[256];

	if (p->when != FIRST) {
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	}
	e->number = w->numbers + p->number;
	w->hook = world_edit;
	w->hook_arg = e;
	if (p->when == FIRST)
		world_acquire(w, 0, 0);
	else if (p->when == CHILD)
		world_expire(w, 0, world_child(w, 0), false);
	else
		world_ike(w, 0)->vops->rekey(world_ike(w, 0));
	return w;
}

/*
 * The receiver does not go on by it; nothing is left but what was there before, or
 * what an honest message that came later has made.
 */
static void expect_refused(const struct place *p, const char *group, struct edit e, const char *what)
{
	struct world *w;
	char why[256];
	int pairs;

	e.deaf = true;
	w = begin(p, group, &e);
	world_run(w, 100);
	assert_true(e.done);
	if (world_progress(w, e.to) > e.before)
		fail_msg("%s, %s, %s: taken", p->why, group, what);
	w->hook = NULL;
	world_traffic(w);
	world_run(w, 3 * MINUTE);
	pairs = world_pairs(w, why, sizeof(why));
	if (pairs != 1 && (pairs || v1_installed(w, 0) || v1_installed(w, 1)))
		fail_msg("%s, %s, %s: %d pairs: %s", p->why, group, what, pairs, why);
	assert_int_equal(w->side[0].ike->half_open + w->side[1].ike->half_open, 0);
	world_free(w);
}

/* ---- values ---- */

/**
 * struct value - a public value that is none
 * @why: what is wrong
 * @n: bytes
 * @p: it
 */
struct value {
	const char *why;
	size_t n;
	uint8_t p[MOST];
};

/* the prime of RFC 3526's group of 2048 bits, and @off */
static void prime(struct value *v, int off)
{
	BIGNUM *p = BN_get_rfc3526_prime_2048(NULL);

	if (off > 0)
		BN_add_word(p, off);
	else
		BN_sub_word(p, -off);
	v->n = BN_num_bytes(p);
	BN_bn2bin(p, v->p);
	BN_free(p);
}

static struct value *value(struct value *v, const char *why, size_t n, uint8_t fill, uint8_t last)
{
	*v = (struct value){ .why = why, .n = n };
	memset(v->p, fill, n);
	if (n)
		v->p[n - 1] = last;
	return v;
}

/* those that are no matter of the group's kind */
static size_t lengths(struct value *v, size_t size)
{
	value(&v[0], "nothing", 0, 0, 0);
	value(&v[1], "one byte", 1, 0, 9);
	value(&v[2], "a byte short", size - 1, 9, 9);
	value(&v[3], "a byte long", size + 1, 9, 9);
	value(&v[4], "1 kB", MOST, 9, 9);
	value(&v[5], "0", size, 0, 0);
	return 6;
}

static size_t modp_values(struct value *v)
{
	size_t n = lengths(v, 256);

	value(&v[n++], "1", 256, 0, 1);
	value(&v[n++], "2^2048 - 1", 256, 0xff, 0xff);
	v[n].why = "p - 1";
	prime(&v[n++], -1);
	v[n].why = "p";
	prime(&v[n++], 0);
	v[n].why = "p + 1";
	prime(&v[n++], 1);
	return n;
}

static size_t ecp_values(struct value *v)
{
	size_t n = lengths(v, 64);

	value(&v[n++], "x alone", 32, 9, 9);
	value(&v[n++], "a point beside the curve", 64, 5, 6);
	value(&v[n++], "coordinates beyond p", 64, 0xff, 0xff);
	/* with its type in front, as libcrypto writes it */
	value(&v[n], "an octet too much in front", 65, 5, 6);
	v[n++].p[0] = 4;
	return n;
}

static size_t x25519_values(struct value *v)
{
	size_t n = lengths(v, 32);

	value(&v[n], "1, of small order", 32, 0, 0);
	v[n++].p[0] = 1;
	/* 2^255 - 19, which is 0 */
	value(&v[n], "p, of small order", 32, 0xff, 0x7f);
	v[n++].p[0] = 0xed;
	return n;
}

/**
 * struct group - a group and its bad values
 * @name: in racoon.conf
 * @id: number
 * @only: IKE version that has it, 0: both
 * @fill: makes the values
 */
struct group {
	const char *name;
	uint16_t id;
	unsigned int only;
	size_t (*fill)(struct value *v);
};

static const struct group groups[] = {
	{ "modp2048", 14, 0, modp_values },
	{ "ecp256", 19, 0, ecp_values },
	{ "x25519", 31, 2, x25519_values },
};

static struct edit edit_value(const struct place *p, uint16_t group, struct chunk value, struct writer *w)
{
	struct edit e = { .what = EDIT_BODY, .type = p->ver == 1 ? P1_KE : P2_KE };

	*w = (struct writer){ 0 };
	if (p->ver == 2) {
		put_be16(w, group);
		put_be16(w, 0);
	}
	put_bytes(w, value);
	e.body = writer_chunk(w);
	return e;
}

static void refuse_values(const struct place *p, const struct group *g)
{
	static struct value v[16];
	size_t i, n = g->fill(v);
	struct writer w;

	for (i = 0; i < n; i++) {
		expect_refused(p, g->name, edit_value(p, g->id, chunk(v[i].p, v[i].n), &w), v[i].why);
		writer_free(&w);
	}
}

static void test_values(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(places); i++) {
		for (k = 0; k < COUNT(groups); k++) {
			if (!groups[k].only || groups[k].only == places[i].ver)
				refuse_values(&places[i], &groups[k]);
		}
	}
}

/* Unchanged all of them are taken: it is the value that is refused. */
static void test_honest(void **state)
{
	struct edit e;
	struct world *w;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(places); i++) {
		for (k = 0; k < COUNT(groups); k++) {
			if (groups[k].only && groups[k].only != places[i].ver)
				continue;
			e = (struct edit){ .what = EDIT_LOOK, .deaf = true };
			w = begin(&places[i], groups[k].name, &e);
			world_run(w, 100);
			if (world_progress(w, e.to) <= e.before)
				fail_msg("%s, %s: refused", places[i].why, groups[k].name);
			world_free(w);
		}
	}
}

/* ---- groups ---- */

/* charon took 1025, a number for its own use, from the wire (2014-9221) */
static const uint16_t strange[] = { 0, 1, 2, 14, 22, 1024, 1025, 32768, 65535 };

/* IKEv2 says in the KE payload which group the value is of: that of the proposal, or nothing is computed. */
static void test_said_groups(void **state)
{
	static const uint8_t some[32] = { 9 };
	char what[64];
	struct writer w;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(places); i++) {
		for (k = 0; places[i].ver == 2 && k < COUNT(strange); k++) {
			snprintf(what, sizeof(what), "said to be of group %u", strange[k]);
			expect_refused(&places[i], "x25519",
				       edit_value(&places[i], strange[k], chunk(some, 32), &w), what);
			writer_free(&w);
		}
	}
}

/*
 * The proposal itself has a group that nobody offered, or the answer one that was not
 * asked for: attribute 4 or 3 of IKEv1, transform type 4 of IKEv2.
 */
static void test_proposed_groups(void **state)
{
	uint8_t find[4], with[4];
	char what[64];
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(places); i++) {
		const struct place *p = &places[i];
		bool v1 = p->ver == 1, sa = p->when != FIRST || p->mode != places[0].mode;
		struct edit e = { .what = EDIT_SWAP, .type = v1 ? P1_SA : P2_SA };

		/* MM3 and MM4 have no proposal */
		for (k = 0; sa && k < COUNT(strange); k++) {
			set_be(find, v1 ? 0x80040000u | 19 : 0x04000000u | 19, 4);
			if (v1 && p->when == CHILD)
				find[1] = 3;
			memcpy(with, find, 4);
			set_be(with + 2, strange[k], 2);
			e.find = chunk(find, 4);
			e.with = chunk(with, 4);
			snprintf(what, sizeof(what), "with group %u in the proposal", strange[k]);
			expect_refused(p, "ecp256", e, what);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_said_groups),
		cmocka_unit_test(test_proposed_groups),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
