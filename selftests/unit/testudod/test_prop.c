// SPDX-License-Identifier: GPL-2.0
/*
 * test_prop - proposals: both roles agree on what was offered, through the
 * bytes of the wire; what does not fit is named. Phase 1 and IKE SAs here,
 * children in test_prop_child.c and test_prop_crafted.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "prop_help.h"

#define V2_MOST (V2_TRANSFORMS + 4)

static struct v1_sa *v1_through(const struct v1_sa *sa)
{
	static struct v1_sa out;

	v1_wire(sa, &out);
	return &out;
}

/* but the lifetime: an answer repeats what was offered, each end keeps its own shorter one */
static bool same_suite(const struct suite *a, const struct suite *b)
{
	return a->encr.alg == b->encr.alg && a->encr.bits == b->encr.bits && a->integ == b->integ &&
	       a->prf == b->prf && a->hash == b->hash && a->dh == b->dh && a->auth == b->auth;
}

/* offer, choice, answer, check of the answer: the suite, if both ends have the same */
static bool v1_agree(const struct conf_remote *ini, const struct conf_remote *res,
		     struct suite *suite, struct report *why)
{
	struct v1_sa offer, answer;
	struct suite theirs;

	prop_v1_ike_offer(ini, V1_MAIN, &offer);
	if (!prop_v1_ike_choose(res, v1_through(&offer), suite, &answer, why))
		return false;
	if (!prop_v1_ike_accept(ini, v1_through(&answer), &theirs, why))
		fail_msg("accept: %s", why->sentence);
	assert_true(same_suite(suite, &theirs));
	return true;
}

static bool v2_agree(const struct conf_remote *ini, const struct conf_remote *res,
		     struct suite *suite, struct report *why)
{
	struct v2_sa offer, answer, in;
	struct suite theirs;

	prop_v2_ike_offer(ini, chunk(NULL, 0), &offer);
	v2_wire(&offer, &in);
	if (!prop_v2_ike_choose(res, &in, suite, &answer, why))
		return false;
	v2_wire(&answer, &in);
	if (!prop_v2_ike_accept(ini, &in, &theirs, why))
		fail_msg("accept: %s", why->sentence);
	assert_true(same_suite(suite, &theirs));
	return true;
}

/* every cipher and length, every hash, every group: offered, chosen, accepted */
static void all_algorithms(void **state)
{
	const struct alg *encr, *hash = alg_by_name(ALG_HASH, "sha256"), *row;
	const struct alg *dh = alg_by_name(ALG_DH, "modp2048");
	struct report why = { 0 };
	struct suite suite;
	size_t i, k, rounds = 0;

	(void)state;
	for (i = 0; (row = alg_row(i)); i++) {
		const struct alg *h = row->kind == ALG_HASH ? row : hash;
		const struct alg *d = row->kind == ALG_DH ? row : dh;

		if (row->flags & (ALG_GONE | ALG_NOIKE) ||
		    (row->kind != ALG_ENCR && row->kind != ALG_HASH && row->kind != ALG_DH))
			continue;
		encr = row->kind == ALG_ENCR ? row : alg_by_name(ALG_ENCR, "aes");
		for (k = 0; k == 0 || encr->keylens[k]; k++) {
			struct conf_remote r;

			remote_init(&r);
			remote_put(&r, encr, encr->keylens[k], h, IKE_AUTH_PSK, d, 0);
			if (encr->v1_phase1 && d->v1_phase1) {
				if (!v1_agree(&r, &r, &suite, &why))
					fail_msg("v1 %s: %s", row->name, why.sentence);
				assert_ptr_equal(suite.encr.alg, encr);
				assert_int_equal(suite.encr.bits, encr->keylens[k]);
				assert_ptr_equal(suite.prf, alg_hash_prf(h));
				assert_ptr_equal(suite.dh, d);
				assert_int_equal(suite.life, 28800);
			}
			if (!v2_agree(&r, &r, &suite, &why))
				fail_msg("v2 %s: %s", row->name, why.sentence);
			assert_ptr_equal(suite.encr.alg, encr);
			assert_int_equal(suite.encr.bits, encr->keylens[k]);
			assert_ptr_equal(suite.integ,
					 encr->flags & ALG_AEAD ? NULL : alg_hash_integ(h));
			assert_ptr_equal(suite.dh, d);
			remote_free(&r);
			rounds++;
		}
	}
	assert_true(rounds > 40);
	assert_int_equal(why.cause, REPORT_NONE);
}

static const struct {
	int version;
	const char *ini, *res; /* proposals: "cipher/hash/group/auth", separated by ; */
	const char *chosen;    /* of the responder; NULL: none */
	const char *sentence;  /* must be in the report */
	const char *fix;       /* must be the fix */
	const char *why;
} choices[] = {
	{ 1, "aes 128/sha1/modp1024/psk;aes 256/sha256/modp2048/psk",
	  "aes 256/sha256/modp2048/psk;aes 128/sha1/modp1024/psk", "aes256/sha256/modp2048", NULL,
	  NULL, "our order rules, not the peer's" },
	{ 1, "3des/sha1/modp1024/psk", "aes 256/sha1/modp1024/psk;aes 128/sha1/modp1024/psk", NULL,
	  "no proposal fits: encryption: we have aes 256, aes 128, the peer offers 3des",
	  "nothing of the peer's can be recommended: let it offer encryption aes 256",
	  "what is broken is not recommended" },
	{ 1, "camellia 256/sha1/modp2048/psk", "aes 256/sha1/modp2048/psk", NULL,
	  "encryption: we have aes 256, the peer offers camellia 256",
	  "encryption_algorithm camellia 256;", "a line for racoon.conf" },
	{ 1, "aes 256/sha384/modp4096/psk", "aes 256/sha256/modp2048/psk", NULL,
	  "hash: we have sha256, the peer offers sha384; group: we have modp2048, the peer offers modp4096",
	  "hash_algorithm sha384; dh_group modp4096;", "two at once" },
	{ 1, "aes 256/sha256/modp2048/rsa", "aes 256/sha256/modp2048/psk", NULL,
	  "authentication: we have pre_shared_key, the peer offers rsasig",
	  "authentication_method rsasig;", "the classic" },
	{ 1, "aes 256/sha1/modp2048/psk;aes 128/sha256/modp2048/psk",
	  "aes 256/sha256/modp2048/psk", NULL, "no single proposal has all of them",
	  "proposal { encryption_algorithm aes 256; hash_algorithm sha1; authentication_method pre_shared_key; dh_group modp2048; }",
	  "each fits, but never together" },
	{ 1, "aes 256/sha256/modp2048/psk", "aes 128/sha256/modp2048/psk", "aes256/sha256/modp2048",
	  NULL, NULL, "racoon's responder takes a longer key" },
	{ 1, "aes 128/sha256/modp2048/psk", "aes 256/sha256/modp2048/psk", NULL,
	  "encryption: we have aes 256, the peer offers aes 128", "encryption_algorithm aes 128;",
	  "but no shorter one" },
	{ 1, "aes 256/sha256/modp2048/psk;aes 128/sha256/modp2048/psk",
	  "aes 128/sha256/modp2048/psk", "aes128/sha256/modp2048", NULL, NULL,
	  "its own length goes before a longer one" },
	{ 2, "aes 256/sha256/modp2048/psk", "aes 256/sha256/modp2048/psk", "aes256/sha256/modp2048",
	  NULL, NULL, "the authentication method is no part of it" },
	{ 2, "aes 256/sha256/modp2048/psk", "aes 128/sha256/modp2048/psk", NULL,
	  "encryption: we have aes 128, the peer offers aes 256", "encryption_algorithm aes 256;",
	  "lengths are equal or not" },
	{ 2, "aes_gcm_16 256/sha256/x25519/psk", "aes 256/sha256/x25519/psk", NULL,
	  "encryption: we have aes 256, the peer offers aes_gcm_16 256",
	  "encryption_algorithm aes_gcm_16 256;", "an AEAD has no say in integrity" },
	{ 2, "aes 256/sha1/modp2048/psk", "aes 256/sha512/modp2048/psk", NULL,
	  "integrity: we have hmac_sha512, the peer offers hmac_sha1; prf: we have hmac_sha512, the peer offers hmac_sha1",
	  "hash_algorithm sha1;", "one line cures both" },
	{ 2, "aes 256/sha256/modp1024/psk", "aes 256/sha256/ecp256/psk", NULL,
	  "group: we have ecp256, the peer offers modp1024",
	  "nothing of the peer's can be recommended: let it offer group ecp256", "Windows' default" },
	{ 2, "", "", "aes_gcm_16-256/sha256/x25519", NULL, NULL, "both say nothing" },
	{ 2, "", "aes 128/sha512/modp4096/psk", "aes128/sha512/modp4096", NULL, NULL,
	  "the default set has it" },
	{ 2, "aes_gcm_16 128/sha384/ecp384/psk", "", "aes_gcm_16-128/sha384/ecp384", NULL, NULL,
	  "and takes it" },
	{ 2, "3des/sha1/modp1024/psk", "", NULL, "we have aes_gcm_16 256, chacha20poly1305", NULL,
	  "the default set has nothing that is broken" },
	{ 2, "aes 256///", "/sha512//", "aes256/sha512/x25519", NULL, NULL,
	  "what is left open is the default set" },
	{ 2, "aes 256/sha1/modp2048/psk;aes 128/sha256/modp2048/psk",
	  "aes 256/sha256/modp2048/psk", NULL, "no single proposal has all of them",
	  "proposal { encryption_algorithm aes 256; hash_algorithm sha1; dh_group modp2048; }",
	  "proposals of the file are not mixed" },
};

static void suite_text(const struct suite *s, char *buf, size_t size)
{
	char encr[40];

	/* the PRF's name without hmac_ is racoon's name of the hash */
	snprintf(buf, size, "%s/%s/%s", alg_text(s->encr.alg, s->encr.bits, encr, sizeof(encr)),
		 s->prf->name + 5, s->dh->name);
}

static void choose_or_say(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct conf_remote ini, res;
		struct report why = { 0 };
		struct suite suite;
		char text[128];
		bool ok;

		remote_parse(&ini, choices[i].ini);
		remote_parse(&res, choices[i].res);
		ok = choices[i].version == 1 ? v1_agree(&ini, &res, &suite, &why) : v2_agree(&ini, &res, &suite, &why);
		if (ok != !!choices[i].chosen)
			fail_msg("%s: %s", choices[i].why, ok ? "chosen" : why.sentence);
		if (ok) {
			suite_text(&suite, text, sizeof(text));
			if (strcmp(text, choices[i].chosen))
				fail_msg("%s: chose %s", choices[i].why, text);
		} else {
			assert_int_equal(why.cause, REPORT_NO_PROPOSAL);
			if (choices[i].sentence && !strstr(why.sentence, choices[i].sentence))
				fail_msg("%s: said %s", choices[i].why, why.sentence);
			if (choices[i].fix && strcmp(why.fix, choices[i].fix))
				fail_msg("%s: fix %s", choices[i].why, why.fix);
			assert_true(why.n >= 4);
		}
		remote_free(&ini);
		remote_free(&res);
	}
}

static const struct {
	enum conf_check check;
	uint32_t mine, theirs;
	uint32_t life; /* 0: refused */
	const char *why;
} lives[] = {
	{ CONF_CHECK_OBEY, 3600, 86400, 3600, "takes all; the shorter one rules" },
	{ CONF_CHECK_OBEY, 86400, 3600, 3600, "takes all" },
	{ CONF_CHECK_CLAIM, 3600, 86400, 3600, "takes all" },
	{ CONF_CHECK_STRICT, 86400, 3600, 3600, "strict takes a shorter one" },
	{ CONF_CHECK_STRICT, 3600, 3600, 3600, "or the same" },
	{ CONF_CHECK_STRICT, 3600, 86400, 0, "but no longer one" },
	{ CONF_CHECK_EXACT, 3600, 3600, 3600, "exact takes the same" },
	{ CONF_CHECK_EXACT, 86400, 3600, 0, "and no other" },
};

static void lifetimes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct conf_remote ini, res;
		struct report why = { 0 };
		struct suite suite;
		bool ok;

		remote_parse(&ini, "aes 256/sha256/modp2048/psk");
		remote_parse(&res, "aes 256/sha256/modp2048/psk");
		TAILQ_FIRST(&ini.proposals)->life = lives[i].theirs;
		TAILQ_FIRST(&res.proposals)->life = lives[i].mine;
		res.check = lives[i].check;
		ok = v1_agree(&ini, &res, &suite, &why);
		if (ok != !!lives[i].life || (ok && suite.life != lives[i].life))
			fail_msg("%s", lives[i].why);
		if (!ok && !strstr(why.sentence, "lifetime: we have"))
			fail_msg("%s: said %s", lives[i].why, why.sentence);
		remote_free(&ini);
		remote_free(&res);
	}
}

/* in aggressive mode the public value goes along: one group */
static void aggressive_has_one_group(void **state)
{
	struct conf_remote r;
	struct v1_sa sa;

	(void)state;
	remote_parse(&r, "aes 256/sha256/modp2048/psk;aes 256/sha256/modp4096/psk;aes 128/sha1/modp2048/psk");
	prop_v1_ike_offer(&r, V1_AGGRESSIVE, &sa);
	assert_int_equal(sa.ntrans, 2);
	assert_int_equal(sa.trans[1].group, 14);
	assert_int_equal(sa.trans[1].number, 2);
	prop_v1_ike_offer(&r, V1_MAIN, &sa);
	assert_int_equal(sa.ntrans, 3);
	remote_free(&r);
	/* what IKEv1 can not say is not said in other words */
	remote_parse(&r, "chacha20poly1305/sha256/x25519/psk");
	prop_v1_ike_offer(&r, V1_MAIN, &sa);
	assert_int_equal(sa.nprop, 0);
	remote_free(&r);
}

static void v1_one(struct v1_sa *sa, struct v1_trans t)
{
	memset(sa, 0, sizeof(*sa));
	sa->nprop = 1;
	sa->ntrans = 1;
	sa->prop[0] = (struct wire_prop){ .number = 7, .proto = V1_PROTO_ISAKMP, .n = 1 };
	sa->trans[0] = t;
}

static const struct {
	struct v1_trans t;
	bool ok;
	const char *why;
} v1_odd[] = {
	{ { .number = 9, .id = 1, .encr = 7, .keylen = 256, .hash = 4, .auth = 1, .group = 14 },
	  true,
	  "no lifetime at all" },
	{ { .number = 9, .id = 1, .encr = 7, .hash = 4, .auth = 1, .group = 14 }, false, "AES must have its key length" },
	{ { .number = 9, .id = 1, .encr = 7, .keylen = 255, .hash = 4, .auth = 1, .group = 14 },
	  false,
	  "which AES does not have" },
	{ { .number = 9, .id = 2, .encr = 7, .keylen = 256, .hash = 4, .auth = 1, .group = 14 },
	  false,
	  "KEY_IKE is 1" },
	{ { .number = 9, .id = 1, .encr = 7, .keylen = 256, .hash = 4, .auth = 1, .group = 14, .unknown = true },
	  false,
	  "an attribute that nobody here understands" },
	{ { .number = 9, .id = 1, .encr = 7, .keylen = 256, .hash = 4, .auth = 65001, .group = 14 },
	  false,
	  "XAUTH is not PSK" },
	{ { .number = 9, .id = 1, .encr = 1, .hash = 4, .auth = 1, .group = 14 }, false, "DES" },
	{ { .number = 9 }, false, "nothing" },
};

static void v1_odd_transforms(void **state)
{
	struct v1_sa theirs, answer;
	struct report why;
	struct conf_remote r;
	struct suite suite;
	size_t i;

	(void)state;
	remote_parse(&r, "aes 256/sha256/modp2048/psk");
	for (i = 0; i < sizeof(v1_odd) / sizeof(v1_odd[0]); i++) {
		report_clear(&why);
		v1_one(&theirs, v1_odd[i].t);
		if (prop_v1_ike_choose(&r, &theirs, &suite, &answer, &why) != v1_odd[i].ok)
			fail_msg("%s: %s", v1_odd[i].why, why.sentence);
		if (!v1_odd[i].ok)
			continue;
		assert_int_equal(answer.prop[0].number, 7);
		assert_int_equal(answer.trans[0].number, 9);
		assert_int_equal(answer.trans[0].seconds, 0);
		assert_int_equal(suite.life, 28800);
	}
	/* two transforms are no answer */
	v1_one(&theirs, v1_odd[0].t);
	theirs.trans[1] = theirs.trans[0];
	theirs.prop[0].n = theirs.ntrans = 2;
	assert_false(prop_v1_ike_accept(&r, &theirs, &suite, &why));
	assert_int_equal(why.cause, REPORT_SYNTAX);
	theirs.nprop = theirs.ntrans = 0;
	assert_false(prop_v1_ike_accept(&r, &theirs, &suite, &why));
	assert_false(prop_v1_ike_choose(&r, &theirs, &suite, &answer, &why));
	remote_free(&r);
}

static const struct {
	const char *mine;
	struct v2_trans t[8];
	bool ok;
	unsigned int echoed;
	const char *why;
} v2_odd[] = {
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, false }, { 2, 5, 0, false }, { 3, 12, 0, false }, { 4, 14, 0, false } },
	  true,
	  4,
	  "as it should be" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 4, 14, 0, false }, { 3, 12, 0, false }, { 2, 5, 0, false }, { 1, 12, 256, false } },
	  true,
	  4,
	  "in another order" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 0, false }, { 2, 5, 0, false }, { 3, 12, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "AES must have its key length" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, true }, { 2, 5, 0, false }, { 3, 12, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "an attribute that nobody here understands" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, false }, { 2, 5, 0, false }, { 3, 12, 0, false } },
	  false,
	  0,
	  "an IKE SA needs a group" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, false }, { 3, 12, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "and a PRF" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, false }, { 2, 5, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "CBC without integrity" },
	{ "aes 256/sha256/modp2048/psk",
	  { { 1, 12, 256, false }, { 2, 5, 0, false }, { 3, 0, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "CBC with none" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 3, 0, 0, false }, { 4, 14, 0, false } },
	  true,
	  4,
	  "an AEAD with none: it is echoed" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 4, 14, 0, false } },
	  true,
	  3,
	  "an AEAD alone" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 3, 12, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "an AEAD with an integrity algorithm" },
	{ "chacha20poly1305/sha256/modp2048/psk",
	  { { 1, 28, 256, false }, { 2, 5, 0, false }, { 4, 14, 0, false } },
	  true,
	  3,
	  "a length that goes without saying" },
	{ "chacha20poly1305/sha256/modp2048/psk",
	  { { 1, 28, 128, false }, { 2, 5, 0, false }, { 4, 14, 0, false } },
	  false,
	  0,
	  "another length" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 4, 14, 0, false }, { 6, 36, 0, false } },
	  false,
	  0,
	  "a type of RFC 9370" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 4, 14, 0, false }, { 255, 0, 0, false } },
	  false,
	  0,
	  "a type of nobody's" },
	{ "aes_gcm 256/sha256/modp2048/psk",
	  { { 1, 20, 256, false }, { 2, 5, 0, false }, { 4, 0, 0, false } },
	  false,
	  0,
	  "no group, in words" },
};

static void v2_odd_transforms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(v2_odd) / sizeof(v2_odd[0]); i++) {
		struct v2_sa theirs = { .nprop = 2 }, answer, in;
		struct report why = { 0 };
		struct conf_remote r;
		struct suite suite;
		unsigned int n = 0;
		bool ok;

		remote_parse(&r, v2_odd[i].mine);
		while (n < 8 && v2_odd[i].t[n].type) {
			theirs.trans[n] = v2_odd[i].t[n];
			n++;
		}
		/* a first proposal for AH is no reason to stop looking */
		theirs.prop[0] = (struct wire_prop){ .number = 1, .proto = V2_PROTO_AH, .n = n };
		theirs.prop[1] = (struct wire_prop){ .number = 2, .proto = V2_PROTO_IKE, .n = n };
		theirs.ntrans = n;
		ok = prop_v2_ike_choose(&r, &theirs, &suite, &answer, &why);
		if (ok != v2_odd[i].ok)
			fail_msg("%s: %s", v2_odd[i].why, why.sentence);
		if (ok) {
			assert_int_equal(answer.prop[0].number, 2);
			assert_int_equal(answer.prop[0].n, v2_odd[i].echoed);
			v2_wire(&answer, &in);
			assert_true(prop_v2_ike_accept(&r, &in, &suite, &why));
		}
		remote_free(&r);
	}
}

static void v2_groups(void **state)
{
	struct conf_remote r;

	(void)state;
	remote_parse(&r, "");
	assert_string_equal(prop_v2_ike_group(&r, 0)->name, "x25519");
	assert_string_equal(prop_v2_ike_group(&r, 14)->name, "modp2048");
	assert_null(prop_v2_ike_group(&r, 2));
	assert_null(prop_v2_ike_group(&r, 1025));
	remote_free(&r);
	remote_parse(&r, "aes 256/sha256/modp3072/psk;aes 256/sha256/ecp256/psk");
	assert_string_equal(prop_v2_ike_group(&r, 0)->name, "modp3072");
	assert_string_equal(prop_v2_ike_group(&r, 19)->name, "ecp256");
	assert_null(prop_v2_ike_group(&r, 31));
	remote_free(&r);
}

/* a file with more than fits a payload: what stands first is offered */
static void long_lists_are_cut(void **state)
{
	struct report why = { 0 };
	struct conf_remote r;
	struct suite suite;
	struct v1_sa v1;
	struct v2_sa v2;
	int i;

	(void)state;
	remote_init(&r);
	for (i = 0; i < V2_MOST; i++)
		remote_put(&r, i % 2 ? alg_by_name(ALG_ENCR, "aes") : NULL, i % 2 ? 256 : 0,
			   i % 2 ? alg_by_name(ALG_HASH, "sha256") : NULL, IKE_AUTH_PSK,
			   i % 2 ? alg_by_name(ALG_DH, "modp2048") : NULL, 0);
	prop_v1_ike_offer(&r, V1_MAIN, &v1);
	assert_int_equal(v1.ntrans, V1_TRANSFORMS);
	prop_v2_ike_offer(&r, chunk(NULL, 0), &v2);
	assert_true(v2.nprop <= V2_PROPOSALS && v2.ntrans <= V2_TRANSFORMS && v2.nprop > 8);
	assert_true(v2_agree(&r, &r, &suite, &why));
	assert_true(v1_agree(&r, &r, &suite, &why));
	remote_free(&r);
}

/* whatever a peer sends is refused or chosen, and told about within bounds */
static void noise(void **state)
{
	unsigned int round, i;
	struct conf_remote r;

	(void)state;
	srandom(1);
	remote_parse(&r, "aes 256/sha256/modp2048/psk;aes_gcm 128/sha1/ecp256/rsa");
	for (round = 0; round < 300; round++) {
		struct v1_sa v1 = { 0 }, answer1;
		struct v2_sa v2 = { 0 }, answer2;
		struct report why = { 0 };
		struct suite suite;

		v1.ntrans = random() % (V1_TRANSFORMS + 1);
		v2.ntrans = random() % (V2_TRANSFORMS + 1);
		for (i = 0; i < v1.ntrans; i++)
			v1.trans[i] = (struct v1_trans){ i, random() % 3, random() % 9, random() % 7,
							 random() % 4, random() % 40,
							 random() % 2 * 256, 0, 0, random(), 0, 0,
							 random() % 8 == 0 };
		for (i = 0; i < v2.ntrans; i++)
			v2.trans[i] = (struct v2_trans){ random() % 9, random() % 40,
							 random() % 2 * 256, random() % 8 == 0 };
		for (i = 0; i < V1_PROPOSALS && i < v1.ntrans; i++)
			v1.prop[v1.nprop++] = (struct wire_prop){ i, random() % 2, { 0 }, i, random() % (v1.ntrans - i) };
		for (i = 0; i < V2_PROPOSALS && i < v2.ntrans; i++)
			v2.prop[v2.nprop++] = (struct wire_prop){ i, random() % 3, { 0 }, i, random() % (v2.ntrans - i) };
		if (!prop_v1_ike_choose(&r, &v1, &suite, &answer1, &why))
			assert_true(why.sentence[0]);
		report_clear(&why);
		if (!prop_v2_ike_choose(&r, &v2, &suite, &answer2, &why))
			assert_true(why.sentence[0]);
		prop_v1_ike_accept(&r, &v1, &suite, &why);
		prop_v2_ike_accept(&r, &v2, &suite, &why);
	}
	remote_free(&r);
}

static void reports_count(void **state)
{
	struct report r = { 0 };

	(void)state;
	report_set(&r, REPORT_ID, "phase 1", "it is %s", "a");
	r.authentic = true;
	report_row(&r, true, "identity", "a", NULL);
	report_fix(&r, "peers_identifier %s;", "a");
	assert_int_equal(r.count, 1);
	report_set(&r, REPORT_ID, "phase 1", "it is %s", "a");
	assert_int_equal(r.count, 2);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.fix[0], 0);
	assert_false(r.authentic);
	report_set(&r, REPORT_ID, "phase 1", "%s", r.sentence);
	assert_int_equal(r.count, 3);
	report_set(&r, REPORT_ID, "phase 1", "it is %s", "b");
	assert_int_equal(r.count, 1);
	report_set(&r, REPORT_AUTH, "phase 1", "it is %s", "b");
	assert_int_equal(r.count, 1);
	assert_true(r.when);
	for (int i = 0; i < 2 * REPORT_ROWS; i++)
		report_row(&r, false, "x", "y", "z");
	assert_int_equal(r.n, REPORT_ROWS);
	assert_true(report_is_definite(REPORT_NO_PROPOSAL));
	assert_false(report_is_definite(REPORT_NO_ANSWER));
	assert_false(report_is_definite(REPORT_REFUSED));
	assert_string_equal(report_cause_name(REPORT_NO_PROPOSAL), "no-proposal");
	assert_string_equal(report_cause_name(99), "unknown");
	for (int i = 0; i <= REPORT_ADMIN; i++)
		assert_non_null(report_cause_name(i));
}

static void prints(void **state)
{
	char *text = NULL;
	struct conf_remote r;
	size_t size;
	FILE *out;

	(void)state;
	remote_parse(&r, "aes 256/sha256/modp2048/psk");
	r.versions[1] = 2;
	out = open_memstream(&text, &size);
	prop_print_ike(out, &r);
	fclose(out);
	assert_string_equal(text,
			    "IKEv1 transform 1: aes 256, sha256, pre_shared_key, modp2048, 28800 s\n"
			    "IKEv2 proposal 1: encryption aes 256\n"
			    "IKEv2 proposal 1: integrity hmac_sha256\n"
			    "IKEv2 proposal 1: prf hmac_sha256\n"
			    "IKEv2 proposal 1: group modp2048\n");
	free(text);
	remote_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_algorithms),
		cmocka_unit_test(choose_or_say),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(aggressive_has_one_group),
		cmocka_unit_test(v1_odd_transforms),
		cmocka_unit_test(v2_odd_transforms),
		cmocka_unit_test(v2_groups),
		cmocka_unit_test(long_lists_are_cut),
		cmocka_unit_test(noise),
		cmocka_unit_test(reports_count),
		cmocka_unit_test(prints),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
