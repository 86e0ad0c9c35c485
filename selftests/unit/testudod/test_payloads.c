// SPDX-License-Identifier: GPL-2.0
/*
 * Every message of both IKE versions with every one of its payloads missing, there
 * twice, and cut at every byte, and with payloads that do not belong there: the
 * classes 1 and 2 of old holes (shared/daemon.md section 6). The protected messages
 * are changed under the right keys. A message that lacks something must not be taken,
 * whatever is sent must leave a pair of SAs at both ends or none, and no half-made ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "pki_group.h"
#include "v1_case.h"
#include "v2_help.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MINUTE	 60000
#define ECP	 "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;"
#define PFS	 "pfs_group ecp256; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"

/**
 * struct scene - a negotiation, message by message
 * @name: name
 * @start: everything that goes before, and the first message of it
 * @make: its world
 * @messages: how many are looked at
 * @moves: that many of them move something: a negotiation
 * @deletes: the first of them ends SAs
 */
struct scene {
	const char *name;
	struct world *(*start)(struct world *(*make)(struct edit *e), struct edit *e);
	struct world *(*make)(struct edit *e);
	unsigned int messages;
	unsigned int moves;
	bool deletes;
};

/* ---- scenes ---- */

static struct world *edited(struct world *w, struct edit *e)
{
	e->number += w->numbers;
	w->hook = world_edit;
	w->hook_arg = e;
	return w;
}

static struct world *v1_make(struct edit *e, const char *mode, bool rsa)
{
	const struct v1_case c = {
		.mode = mode,
		.rsa = rsa,
		.pki = pki,
		.proposal = ECP,
		.sainfo = PFS,
		.remote = "ike_frag off;",
	};
	struct world *w = edited(v1_world(&c), e);

	v1_tunnel(w, IPPROTO_ESP, 0);
	return w;
}

static struct world *make_main(struct edit *e)
{
	return v1_make(e, "main", false);
}

static struct world *make_main_rsa(struct edit *e)
{
	return v1_make(e, "main", true);
}

static struct world *make_aggressive(struct edit *e)
{
	return v1_make(e, "aggressive", false);
}

static struct world *make_aggressive_rsa(struct edit *e)
{
	return v1_make(e, "aggressive", true);
}

static struct world *make_v2(struct edit *e)
{
	const struct v2_conf c = { .sainfo = PFS };
	struct world *w = edited(v2_world(&c, &c), e);

	v2_tunnels(w);
	return w;
}

static struct world *make_v2_certs(struct edit *e)
{
	struct world *w = edited(v2_cert_world(pki, pki, pki, "ike_frag off;"), e);

	v2_tunnels(w);
	return w;
}

static struct world *begin(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct world *w = make(e);

	world_acquire(w, 0, 0);
	return w;
}

/* The message is one of those that come when all is up. */
static struct world *begun(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct edit none = { 0 };
	struct world *w = begin(make, &none);
	char why[256];

	w->hook = NULL;
	world_run(w, 5000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	return edited(w, e);
}

static struct world *child(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct world *w = begun(make, e);

	world_expire(w, 0, world_child(w, 0), false);
	return w;
}

static struct world *rekey(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct world *w = begun(make, e);

	world_ike(w, 0)->vops->rekey(world_ike(w, 0));
	return w;
}

static struct world *delete(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct world *w = begun(make, e);

	child_close(world_child(w, 0), REPORT_ADMIN);
	return w;
}

static struct world *probe(struct world *(*make)(struct edit *e), struct edit *e)
{
	struct world *w = begun(make, e);

	world_ike(w, 0)->vops->probe(world_ike(w, 0));
	return w;
}

static const struct scene scenes[] = {
	{ "main mode and quick mode", begin, make_main, 9, 9, false },
	{ "main mode, certificates", begin, make_main_rsa, 6, 6, false },
	{ "aggressive mode", begin, make_aggressive, 3, 3, false },
	{ "aggressive mode, certificates", begin, make_aggressive_rsa, 3, 3, false },
	{ "IKEv1's DELETE", delete, make_main, 1, 1, true },
	{ "IKEv1's DPD", probe, make_main, 2, 0, false },
	{ "IKE_SA_INIT and IKE_AUTH", begin, make_v2, 4, 4, false },
	{ "the same, certificates", begin, make_v2_certs, 4, 4, false },
	{ "CREATE_CHILD_SA", child, make_v2, 2, 2, false },
	{ "CREATE_CHILD_SA for IKE", rekey, make_v2, 2, 2, false },
	{ "IKEv2's DELETE", delete, make_v2, 2, 1, true },
	{ "IKEv2's probe", probe, make_v2, 2, 0, false },
};

/* ---- what must hold ---- */

static bool has_certs(const struct scene *s)
{
	return s->make == make_main_rsa || s->make == make_aggressive_rsa || s->make == make_v2_certs;
}

static const char *describe(const struct scene *s, const struct edit *e, char buf[200])
{
	static const char *const words[] = {
		[EDIT_LOOK] = "", [EDIT_DROP] = "missing", [EDIT_TWICE] = "twice",
		[EDIT_CUT] = "cut", [EDIT_PUT] = "put in",
	};

	snprintf(buf, 200, "%s, message %u of %u, payload %u of %u (type %u) %s, type %u, %zu bytes left of %zu",
		 s->name, e->number, s->messages, e->nth + 1, e->n, e->was, words[e->what], e->type,
		 e->left, e->size);
	return buf;
}

/* At most a pair, at both ends or at none, and nobody holds what nobody else has. */
static void expect_sane(struct world *w, const struct scene *s, const char *what)
{
	world_traffic(w);
	world_run(w, 3 * MINUTE);
	/* who does not say what it has deleted is not believed to have */
	if (!s->deletes && (world_lonely(w) || v1_installed(w, 0) > 2))
		fail_msg("%s: %u and %u SAs, %u of them at one end only", what, v1_installed(w, 0),
			 v1_installed(w, 1), world_lonely(w));
	if (w->side[0].ike->half_open || w->side[1].ike->half_open)
		fail_msg("%s: something is half open", what);
}

/* The receiver has moved on by that message. */
static bool was_taken(struct world *w, const struct scene *s, const struct edit *e)
{
	if (s->deletes)
		return !v1_installed(w, e->to) && world_ikes_up(w, e->to) == 1;
	return world_progress(w, e->to) > e->before;
}

/**
 * run_edit() - one change of one message
 * @s: scene
 * @e: change; what it was done to is filled in
 * @taken: the receiver moved on by it, and nobody could tell it anything else
 *
 * Return: false if there is no such payload.
 */
static bool run_edit(const struct scene *s, struct edit *e, bool *taken)
{
	unsigned int number = e->number;
	char what[200];
	struct world *w;

	e->deaf = true;
	w = s->start(s->make, e);
	world_run(w, 100);
	*taken = e->done && was_taken(w, s, e);
	e->number = number;
	describe(s, e, what);
	w->hook = NULL;
	if (e->done)
		expect_sane(w, s, what);
	world_free(w);
	return e->done;
}

/* The first change is none: without one the message is taken, so the other rows say something. */
static void expect_honest(const struct scene *s, unsigned int number, bool moves)
{
	struct edit e = { .number = number };
	char what[200];
	bool taken;

	run_edit(s, &e, &taken);
	if (taken != moves)
		fail_msg("%s: unchanged it is %s", describe(s, &e, what), taken ? "taken" : "refused");
}

/* ---- missing, twice ---- */

/* Without it, or with two, the message makes no sense. In IKE_AUTH's child SA: none is made. */
static bool is_vital(const struct scene *s, const struct edit *e)
{
	static const uint8_t vital[] = {
		P1_SA, P1_KE, P1_ID, P1_HASH, P1_SIG, P1_NONCE,
		P2_SA, P2_KE, P2_IDI, P2_AUTH, P2_NONCE, P2_TSI, P2_TSR,
	};
	/* an initiator need not say whom it wants */
	if (e->was == P2_IDR)
		return e->what == EDIT_TWICE || e->to == 0;
	/* the chain may have more than one */
	if (e->was == P1_CERT || e->was == P2_CERT)
		return has_certs(s) && e->what == EDIT_DROP;
	return e->was && memchr(vital, e->was, sizeof(vital));
}

/* The IKE SA comes up all the same, and the rest is about the child SA. */
static bool is_childs(const struct edit *e)
{
	return e->exchange == V2_AUTH && (e->was == P2_SA || e->was == P2_TSI || e->was == P2_TSR);
}

static void each_payload(enum edit_what what)
{
	char text[200];
	size_t i;

	for (i = 0; i < COUNT(scenes); i++) {
		const struct scene *s = &scenes[i];
		unsigned int number, vital = 0;

		for (number = 1; number <= s->messages; number++) {
			struct edit e = { .what = what };
			bool taken, there = true;

			for (e.nth = 0; there; e.nth++) {
				e.number = number;
				e.done = false;
				there = run_edit(s, &e, &taken);
				if (!there || number > s->moves || !is_vital(s, &e) ||
				    (is_childs(&e) && what == EDIT_DROP))
					continue;
				vital++;
				if (taken)
					fail_msg("%s: taken", describe(s, &e, text));
			}
		}
		/* the table above and what is sent belong together */
		assert_true(vital >= s->moves || s->deletes);
	}
}

static void test_missing(void **state)
{
	(void)state;
	each_payload(EDIT_DROP);
}

static void test_twice(void **state)
{
	(void)state;
	each_payload(EDIT_TWICE);
}

static void test_honest(void **state)
{
	unsigned int number;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(scenes); i++) {
		for (number = 1; number <= scenes[i].moves; number++)
			expect_honest(&scenes[i], number, true);
	}
}

/* ---- cut ---- */

/* The first bytes one by one, where the fields are, then some, and all but the last. */
static size_t next_cut(const struct edit *e)
{
	size_t next = e->left < 9 ? e->left + 1 : e->left + 17;

	return next < e->size || e->left + 1 >= e->size ? next : e->size - 1;
}

/* With certificates: what there is not without them. */
static bool is_worth(const struct scene *s, const struct edit *e)
{
	return !has_certs(s) || e->was == P1_CERT || e->was == P1_CERTREQ || e->was == P1_SIG ||
	       e->was == P2_CERT || e->was == P2_CERTREQ || e->was == P2_AUTH;
}

static void cut_payloads(const struct scene *s, unsigned int number)
{
	struct edit e = { .what = EDIT_CUT };
	bool taken, there = true;

	for (e.nth = 0; there; e.nth++) {
		for (e.left = 0, e.size = 1; there && e.left < e.size; e.left = next_cut(&e)) {
			e.number = number;
			e.done = false;
			there = run_edit(s, &e, &taken);
			if (!is_worth(s, &e))
				break;
		}
	}
}

/* Class 1: bodies that end too early, under a length that says so, and under the right keys. */
static void test_cut(void **state)
{
	unsigned int number;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(scenes); i++) {
		for (number = 1; number <= scenes[i].messages; number++)
			cut_payloads(&scenes[i], number);
	}
}

/* ---- what does not belong there ---- */

static bool is_v2(const struct scene *s)
{
	return s->make == make_v2 || s->make == make_v2_certs;
}

static void put_foreign(const struct scene *s, unsigned int number, struct edit e, bool want)
{
	char text[200];
	bool taken;

	e.number = number;
	/* HASH and SA go first in IKEv1: in front of them it would be refused for that */
	e.nth = is_v2(s) && e.type % 2 ? 0 : EDIT_END;
	run_edit(s, &e, &taken);
	if (taken != want)
		fail_msg("%s: %s", describe(s, &e, text), taken ? "taken" : "refused");
}

/* IKEv1: none of the other version, nor of other groups' protocols (SAK was pluto's CVE-2015-3204). */
static const uint8_t no_v1[] = { P1_PROP, 14, 15, 19, 22, 31, 32, P2_SA, P2_SK, 127, P1_FRAG, 255 };
static const uint8_t any_v1[] = { P1_VID, P1_NOTIFY };

/* IKEv2 passes over what it does not know, unless the sender says that it must not (RFC 7296 2.5). */
static const uint8_t unknown_v2[] = { P1_SA, P1_HASH, 32, 49, 54, 255 };
static const uint8_t any_v2[] = { P2_NOTIFY, P2_VID };

static void foreign(const struct scene *s, unsigned int number)
{
	struct edit e = { .what = EDIT_PUT, .body = chunk("\0\0\0\1", 4) };
	const uint8_t *bad = is_v2(s) ? unknown_v2 : no_v1, *fine = is_v2(s) ? any_v2 : any_v1;
	size_t i, n = is_v2(s) ? COUNT(unknown_v2) : COUNT(no_v1);

	for (i = 0; i < n; i++) {
		e.type = bad[i];
		e.critical = is_v2(s);
		put_foreign(s, number, e, false);
		e.critical = false;
		if (is_v2(s))
			put_foreign(s, number, e, true);
	}
	/* and bodies of those that may be there, which hold nothing, or next to it */
	for (i = 0; i < COUNT(any_v1); i++) {
		for (e.body.n = 0; e.body.n <= 4; e.body.n++) {
			e.type = fine[i];
			put_foreign(s, number, e, true);
		}
	}
}

static void test_foreign(void **state)
{
	unsigned int number;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(scenes); i++) {
		for (number = 1; !has_certs(&scenes[i]) && number <= scenes[i].moves; number++)
			foreign(&scenes[i], number);
	}
}

/* ---- the header says that another payload goes first ---- */

/**
 * struct first - a header's next payload
 * @number: datagram
 * @type: what it says
 * @was: what it said
 * @to: who gets it
 * @before: how far that one is
 */
struct first {
	unsigned int number;
	uint8_t type;
	uint8_t was;
	unsigned int to;
	unsigned int before;
};

static void say_first(struct world *w, struct world_dg *dg, void *arg)
{
	struct first *f = arg;

	dg->drop |= dg->number > f->number;
	if (dg->number != f->number)
		return;
	f->was = dg->data.p[16];
	f->to = !dg->from;
	f->before = world_progress(w, f->to);
	dg->data.p[16] = f->type;
}

static void first_is(const struct scene *s, unsigned int number, unsigned int type)
{
	struct first f = { .number = number, .type = type };
	struct edit none = { 0 };
	struct world *w = s->make(&none);

	w->hook = say_first;
	w->hook_arg = &f;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	if (type != f.was && world_progress(w, f.to) > f.before)
		fail_msg("%s, message %u: with %u as its first payload (%u before) it is taken", s->name,
			 number, type, f.was);
	world_free(w);
}

static void test_first(void **state)
{
	unsigned int number, type;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(scenes); i++) {
		if (scenes[i].start != begin || has_certs(&scenes[i]))
			continue;
		for (number = 1; number <= scenes[i].messages; number++) {
			for (type = 0; type < 256; type += type < 56 || (type > 126 && type < 136) ? 1 : 9)
				first_is(&scenes[i], number, type);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
