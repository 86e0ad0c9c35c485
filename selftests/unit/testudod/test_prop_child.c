// SPDX-License-Identifier: GPL-2.0
/*
 * test_prop_child - a child's proposals in both versions, between two ends of ours:
 * offered, chosen, answered, accepted. Those that no end of ours would make are in
 * test_prop_crafted.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "prop_child_help.h"

static void expect_pair(const struct child_choice *a, const struct child_choice *b, const char *why)
{
	unsigned int i;
	bool ok = a->n == b->n && a->pfs == b->pfs && a->esn == b->esn;

	for (i = 0; ok && i < a->n; i++)
		ok = a->p[i].proto == b->p[i].proto && a->p[i].encr.alg == b->p[i].encr.alg &&
		     a->p[i].encr.bits == b->p[i].encr.bits && a->p[i].integ == b->p[i].integ &&
		     a->p[i].spi_in == b->p[i].spi_out && a->p[i].spi_out == b->p[i].spi_in;
	if (!ok)
		fail_msg("%s: the ends differ", why);
}

/**
 * struct end - one end of a negotiation
 * @s: sainfo
 * @policy: as policy_parse() reads it
 * @check: proposal_check
 * @udp: NAT traversal is in use
 * @draft: the peer knows drafts of it
 * @complex: complex_bundle
 */
struct end {
	struct conf_sainfo s;
	const char *policy;
	enum conf_check check;
	bool udp;
	bool draft;
	bool complex;
};

static bool v1_agree(const struct end *ini, const struct end *res, struct child_choice *got,
		     struct report *why)
{
	struct conf_remote remote = { .check = res->check };
	uint8_t spis_i[CHILD_PROTOS][4], spis_r[CHILD_PROTOS][4];
	static struct v1_sa offer, in, answer, back;
	struct child_choice i, before;

	want_of(&i, ini->policy, &ini->s, SPI_I);
	want_of(got, res->policy, &res->s, SPI_R);
	i.udp = ini->udp;
	i.udp_draft = ini->draft;
	got->udp = res->udp;
	before = *got;
	prop_v1_child_offer(&ini->s, &i, ini->complex, spis_i, &offer);
	assert_true(offer.nprop);
	v1_wire(&offer, &in);
	if (!prop_v1_child_choose(&res->s, &remote, &in, got, why)) {
		assert_memory_equal(&before, got, sizeof(before));
		return false;
	}
	prop_v1_child_answer(got, &in, spis_r, &answer);
	assert_int_equal(answer.nprop, got->n);
	v1_wire(&answer, &back);
	if (!prop_v1_child_accept(&ini->s, NULL, &back, &i, why))
		fail_msg("accept: %s", why->sentence);
	expect_pair(&i, got, "IKEv1");
	return true;
}

static bool v2_agree(const struct end *ini, const struct end *res, bool first,
		     struct child_choice *got, struct report *why)
{
	uint8_t spi_i[4], spi_r[4];
	struct v2_sa offer, in, answer;
	const struct alg *wanted;
	struct child_choice i;
	uint16_t group;

	want_of(&i, ini->policy, &ini->s, SPI_I);
	want_of(got, res->policy, &res->s, SPI_R);
	prop_v2_child_offer(&ini->s, &i, first, spi_i, &offer);
	assert_true(offer.nprop);
	v2_wire(&offer, &in);
	group = first || !i.pfs ? 0 : i.pfs->v2;
	if (!prop_v2_child_choose(&res->s, &in, first, group, &wanted, got, &answer, spi_r, why)) {
		assert_null(wanted);
		return false;
	}
	v2_wire(&answer, &in);
	if (!prop_v2_child_accept(&ini->s, &in, first, &i, why))
		fail_msg("accept: %s", why->sentence);
	expect_pair(&i, got, "IKEv2");
	return true;
}

/* every cipher with every length, every integrity algorithm, every group; ESP and AH */
static void all_algorithms(void **state)
{
	const struct alg *row, *encr, *integ, *dh;
	size_t i, k, rounds = 0;
	bool first;

	(void)state;
	for (i = 0; (row = alg_row(i)); i++) {
		if (row->flags & ALG_GONE || (row->kind != ALG_ENCR && row->kind != ALG_INTEG &&
					      row->kind != ALG_DH))
			continue;
		encr = row->kind == ALG_ENCR ? row : alg_by_name(ALG_ENCR, "aes");
		integ = row->kind == ALG_INTEG ? row : alg_by_name(ALG_INTEG, "hmac_sha256");
		dh = row->kind == ALG_DH ? row : NULL;
		for (k = 0; k == 0 || encr->keylens[k]; k++) {
			struct end e = { .policy = "t esp" };
			struct report why = { 0 };
			struct child_choice got;
			bool aead = encr->flags & ALG_AEAD;

			e.s.lifetime = 3600;
			e.s.nencr = e.s.ninteg = 1;
			e.s.encr[0] = (struct alg_key){ encr, encr->keylens[k] };
			e.s.integ[0] = integ;
			e.s.pfs = dh;
			for (first = false;; first = true) {
				if (!v2_agree(&e, &e, first, &got, &why))
					fail_msg("v2 %s: %s", row->name, why.sentence);
				assert_ptr_equal(got.p[0].encr.alg, encr);
				assert_int_equal(got.p[0].encr.bits, encr->keylens[k]);
				assert_ptr_equal(got.p[0].integ, aead ? NULL : integ);
				assert_ptr_equal(got.pfs, first ? NULL : dh);
				if (first)
					break;
			}
			if (encr->v1_ipsec && (integ->v1_ipsec || !integ->icv) &&
			    (!dh || dh->v1_phase1)) {
				if (!v1_agree(&e, &e, &got, &why))
					fail_msg("v1 %s: %s", row->name, why.sentence);
				assert_ptr_equal(got.p[0].encr.alg, encr);
				assert_ptr_equal(got.p[0].integ, aead ? NULL : integ);
				assert_ptr_equal(got.pfs, dh);
				assert_int_equal(got.life, 3600);
			}
			rounds++;
			if (!integ->icv || row->kind != ALG_INTEG)
				continue;
			e.policy = "ah";
			assert_true(v2_agree(&e, &e, false, &got, &why));
			assert_ptr_equal(got.p[0].integ, integ);
			assert_null(got.p[0].encr.alg);
			if (integ->v1_ah)
				assert_true(v1_agree(&e, &e, &got, &why));
		}
	}
	assert_true(rounds > 50);
}

static const struct {
	int version;	       /* 1, 2, or 3: IKE_AUTH */
	const char *ini, *res; /* sainfo_parse()'s */
	const char *chosen;    /* "cipher/integ/group" */
	const char *sentence;
	const char *fix;
	const char *why;
} choices[] = {
	{ 1, "aes 128,aes 256/hmac_sha1,hmac_sha256/", "aes 256,aes 128/hmac_sha256,hmac_sha1/",
	  "aes256/hmac_sha256/none", NULL, NULL, "our order rules" },
	{ 2, "aes 128,aes 256/hmac_sha1,hmac_sha256/", "aes 256,aes 128/hmac_sha256,hmac_sha1/",
	  "aes256/hmac_sha256/none", NULL, NULL, "our order rules" },
	{ 1, "aes/hmac_sha1/", "aes/hmac_sha1/", "aes256/hmac_sha1/none", NULL, NULL,
	  "no length is every length, the longest first" },
	{ 2, "aes/hmac_sha1/", "aes 192/hmac_sha1/", "aes192/hmac_sha1/none", NULL, NULL,
	  "no length is every length" },
	{ 1, "", "", "aes_gcm_16-256/-/none", NULL, NULL, "both say nothing" },
	{ 2, "", "", "aes_gcm_16-256/-/none", NULL, NULL, "both say nothing" },
	{ 2, "aes 128/hmac_sha512/", "", "aes128/hmac_sha512/none", NULL, NULL,
	  "the default set has it" },
	{ 2, "aes_gcm 256,aes 256/hmac_sha256/", "aes 256,aes_gcm 256/hmac_sha256/",
	  "aes256/hmac_sha256/none", NULL, NULL, "CBC stands first with us" },
	{ 1, "3des/hmac_sha1/", "aes 256/hmac_sha1/", NULL,
	  "no proposal fits: encryption: we have aes 256, the peer offers 3des",
	  "nothing of the peer's can be recommended: let it offer encryption aes 256",
	  "what is broken is not recommended" },
	{ 1, "aes 256/hmac_sha1/", "aes 256/hmac_sha256/", NULL,
	  "integrity: we have hmac_sha256, the peer offers hmac_sha1",
	  "authentication_algorithm hmac_sha1;", "a line for racoon.conf" },
	{ 2, "aes 256/hmac_sha1/", "aes 256/hmac_sha256/", NULL,
	  "integrity: we have hmac_sha256, the peer offers hmac_sha1",
	  "authentication_algorithm hmac_sha1;", "a line for racoon.conf" },
	{ 2, "aes_gcm 128//", "aes 256/hmac_sha256/", NULL,
	  "encryption: we have aes 256, the peer offers aes_gcm_16 128",
	  "encryption_algorithm aes_gcm_16 128;", "an AEAD has no say in integrity" },
	{ 1, "aes 256/hmac_sha1/modp2048", "aes 256/hmac_sha1/modp3072", NULL,
	  "PFS group: we have modp3072, the peer offers modp2048", "pfs_group modp2048;",
	  "two groups" },
	{ 1, "aes 256/hmac_sha1/", "aes 256/hmac_sha1/modp3072", NULL,
	  "PFS group: we have modp3072, the peer offers none",
	  "nothing of the peer's can be recommended: let it offer PFS group modp3072",
	  "PFS is wanted here" },
	{ 1, "aes 256/hmac_sha1/modp2048", "aes 256/hmac_sha1/", "aes256/hmac_sha1/modp2048", NULL,
	  NULL, "without pfs_group racoon takes any" },
	{ 1, "aes 256/hmac_sha1/modp1024", "aes 256/hmac_sha1/", NULL,
	  "PFS group: we have none, the peer offers modp1024", NULL, "but no broken one" },
	{ 1, "aes 128/hmac_sha1/modp2048", "aes 256/hmac_sha1/", NULL,
	  "no proposal fits: encryption: we have aes 256, the peer offers aes 128",
	  "encryption_algorithm aes 128;", "the group is not to blame" },
	{ 2, "aes 128/hmac_sha1/modp2048", "aes 256/hmac_sha1/", NULL,
	  "no proposal fits: encryption: we have aes 256, the peer offers aes 128",
	  "encryption_algorithm aes 128;", "the group is not to blame" },
	{ 2, "aes 256/hmac_sha1/modp2048", "aes 256/hmac_sha1/", "aes256/hmac_sha1/modp2048", NULL,
	  NULL, "Windows comes with a group of its own" },
	{ 2, "aes 256/hmac_sha1/modp1024", "aes 256/hmac_sha1/", NULL,
	  "PFS group: we have none, the peer offers modp1024", NULL, "but no broken one" },
	{ 2, "aes 256/hmac_sha1/", "aes 256/hmac_sha1/modp3072", NULL,
	  "PFS group: we have modp3072, the peer offers none", NULL, "PFS is wanted here" },
	{ 3, "aes 256/hmac_sha1/", "aes 256/hmac_sha1/modp3072", "aes256/hmac_sha1/none", NULL,
	  NULL, "in IKE_AUTH there is none anyhow" },
	{ 1, "null_enc/hmac_sha1/", "null_enc/hmac_sha1/", "null_enc/hmac_sha1/none", NULL, NULL,
	  "integrity alone" },
	{ 2, "null_enc,aes 128/non_auth,hmac_sha1/", "null_enc/hmac_sha1,non_auth/",
	  "null_enc/hmac_sha1/none", NULL, NULL, "never neither" },
	{ 2, "aes 128/non_auth,hmac_sha1/", "aes 128/non_auth/", "aes128/non_auth/none", NULL, NULL,
	  "whoever insists" },
	{ 1, "aes 128/non_auth/", "aes 128/non_auth/", "aes128/non_auth/none", NULL, NULL,
	  "whoever insists" },
	{ 2, "aes 128/non_auth/", "aes 128/hmac_sha1/", NULL, "no proposal fits", NULL,
	  "an attacker may wish so" },
	{ 1, "aes 128/non_auth/", "aes 128/hmac_sha1/", NULL,
	  "integrity: we have hmac_sha1, the peer offers non_auth", NULL, "an attacker may wish so" },
	{ 1, "aes 256/hmac_sha1/", "aes 128/hmac_sha1/", "aes256/hmac_sha1/none", NULL, NULL,
	  "racoon's responder takes a longer key" },
};

static void choice_text(const struct child_choice *c, char *buf, size_t size)
{
	char encr[40];

	snprintf(buf, size, "%s/%s/%s",
		 alg_text(c->p[0].encr.alg, c->p[0].encr.bits, encr, sizeof(encr)),
		 c->p[0].integ ? c->p[0].integ->name : "-", c->pfs ? c->pfs->name : "none");
}

static void choose_or_say(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct end ini = { .policy = "t esp" }, res = { .policy = "t esp" };
		struct report why = { 0 };
		struct child_choice got;
		char text[128];
		bool ok;

		sainfo_parse(&ini.s, choices[i].ini[0] ? choices[i].ini : "//");
		sainfo_parse(&res.s, choices[i].res[0] ? choices[i].res : "//");
		res.check = CONF_CHECK_STRICT;
		ok = choices[i].version == 1 ? v1_agree(&ini, &res, &got, &why) : v2_agree(&ini, &res, choices[i].version == 3, &got, &why);
		if (ok != !!choices[i].chosen)
			fail_msg("%s: %s", choices[i].why, ok ? "chosen" : why.sentence);
		if (ok) {
			choice_text(&got, text, sizeof(text));
			if (strcmp(text, choices[i].chosen))
				fail_msg("%s: chose %s", choices[i].why, text);
			continue;
		}
		assert_int_equal(why.cause, REPORT_NO_PROPOSAL);
		if (choices[i].sentence && !strstr(why.sentence, choices[i].sentence))
			fail_msg("%s: said %s", choices[i].why, why.sentence);
		if (choices[i].fix && strcmp(why.fix, choices[i].fix))
			fail_msg("%s: fix %s", choices[i].why, why.fix);
	}
}

static const struct {
	const char *ini, *res;
	bool udp_ini, udp_res, draft, complex;
	const char *sentence; /* NULL: they agree */
	const char *why;
} bundles[] = {
	{ "t esp", "t esp", 0, 0, 0, 0, NULL, "a tunnel" },
	{ "esp", "esp", 0, 0, 0, 0, NULL, "transport" },
	{ "esp", "t esp", 0, 0, 0, 0, "mode: we have tunnel, the peer offers transport",
	  "never mixed" },
	{ "t esp", "t esp", 1, 1, 0, 0, NULL, "a tunnel in UDP" },
	{ "esp", "esp", 1, 1, 1, 0, NULL, "transport in UDP as the drafts have it" },
	{ "t esp", "t esp", 1, 0, 0, 0, "mode: we have tunnel, the peer offers tunnel in UDP",
	  "one end sees a NAT that the other does not" },
	{ "t esp, ah", "t esp, ah", 0, 0, 0, 0, NULL, "racoon's bundle: all of it a tunnel" },
	{ "t esp, ah", "t esp, ah", 0, 0, 0, 1, NULL, "complex_bundle: each its own mode" },
	{ "esp, ah", "esp, ah", 0, 0, 0, 0, NULL, "both transport" },
	{ "ipcomp, esp", "ipcomp, esp", 0, 0, 0, 0, NULL, "IPComp inside of ESP" },
	{ "ipcomp, t esp, ah", "ipcomp, t esp, ah", 1, 1, 0, 0, NULL, "all three" },
	{ "ipcomp, esp", "esp", 0, 0, 0, 0, "protocol: we have esp, the peer offers esp+ipcomp",
	  "compression is not wanted here" },
	{ "esp", "esp, ah", 0, 0, 0, 0, "protocol: we have esp+ah, the peer offers esp",
	  "AH is wanted here" },
	{ "ah", "t esp", 0, 0, 0, 0, "protocol: we have esp, the peer offers ah", "another one" },
};

static void bundles_agree(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		struct end ini = { .policy = bundles[i].ini, .udp = bundles[i].udp_ini, .draft = bundles[i].draft, .complex = bundles[i].complex };
		struct end res = { .policy = bundles[i].res, .udp = bundles[i].udp_res };
		struct report why = { 0 };
		struct child_choice got;
		bool ok;

		sainfo_parse(&ini.s, "aes 256,3des/hmac_sha256,hmac_sha1/modp2048");
		ini.s.esn = ini.s.esn_said = true;
		res.s = ini.s;
		ok = v1_agree(&ini, &res, &got, &why);
		if (ok != !bundles[i].sentence)
			fail_msg("%s: %s", bundles[i].why, ok ? "chosen" : why.sentence);
		if (!ok && !strstr(why.sentence, bundles[i].sentence))
			fail_msg("%s: said %s", bundles[i].why, why.sentence);
	}
}

static const struct {
	const char *algs;
	bool ini, res, esn;
	const char *why;
} esns[] = {
	{ "aes 256/hmac_sha256/", false, false, false, "nobody wants it" },
	{ "aes 256/hmac_sha256/", true, false, false, "one does: both are offered" },
	{ "aes 256/hmac_sha256/", false, true, false, "one does" },
	{ "aes 256/hmac_sha256/", true, true, true, "both do" },
	{ "aes 256/non_auth/", true, true, false, "both do, and no kernel has it without integrity" },
	{ "aes 256/non_auth,hmac_sha256/", true, true, false, "both do, and may do without integrity" },
	{ "aes_gcm_16 256/hmac_sha256/", true, true, true, "an AEAD has integrity" },
};

static void esn(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(esns) / sizeof(esns[0]); i++) {
		struct end ini = { .policy = "esp" }, res = { .policy = "esp" };
		struct report why = { 0 };
		struct child_choice got;

		sainfo_parse(&ini.s, esns[i].algs);
		res.s = ini.s;
		ini.s.esn = ini.s.esn_said = esns[i].ini;
		res.s.esn = esns[i].res;
		if (!v1_agree(&ini, &res, &got, &why) || got.esn != esns[i].esn)
			fail_msg("IKEv1: %s", esns[i].why);
		if (!v2_agree(&ini, &res, true, &got, &why) || got.esn != esns[i].esn)
			fail_msg("IKEv2: %s", esns[i].why);
	}
}

static const struct {
	enum conf_check check;
	uint32_t mine, theirs, life;
	const char *why;
} lives[] = {
	{ CONF_CHECK_OBEY, 3600, 28800, 3600, "takes all; the shorter one rules" },
	{ CONF_CHECK_CLAIM, 3600, 28800, 3600, "takes all" },
	{ CONF_CHECK_STRICT, 3600, 1800, 1800, "a shorter one" },
	{ CONF_CHECK_STRICT, 3600, 28800, 0, "no longer one" },
	{ CONF_CHECK_EXACT, 3600, 3600, 3600, "the same" },
	{ CONF_CHECK_EXACT, 3600, 1800, 0, "and no other" },
};

static void lifetimes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct end ini = { .policy = "esp" }, res = { .policy = "esp" };
		struct report why = { 0 };
		struct child_choice got;
		bool ok;

		sainfo_parse(&ini.s, "aes 256/hmac_sha256/");
		res.s = ini.s;
		ini.s.lifetime = lives[i].theirs;
		res.s.lifetime = lives[i].mine;
		res.check = lives[i].check;
		ok = v1_agree(&ini, &res, &got, &why);
		if (ok != !!lives[i].life || (ok && got.life != lives[i].life))
			fail_msg("%s: %u %s", lives[i].why, got.life, why.sentence);
		if (!ok && !strstr(why.sentence, "lifetime: we have 3600 s, the peer wants"))
			fail_msg("%s: said %s", lives[i].why, why.sentence);
	}
}

static void kilobytes(void **state)
{
	struct end ini = { .policy = "esp" }, res = { .policy = "esp" };
	struct report why = { 0 };
	struct child_choice got;

	(void)state;
	sainfo_parse(&ini.s, "aes 256/hmac_sha256/");
	res.s = ini.s;
	ini.s.lifebytes = 5000;
	assert_true(v1_agree(&ini, &res, &got, &why));
	assert_int_equal(got.kilobytes, 5000);
	res.s.lifebytes = 4000;
	assert_true(v1_agree(&ini, &res, &got, &why));
	assert_int_equal(got.kilobytes, 4000);
	assert_true(v1_agree(&res, &res, &got, &why));
	res.check = CONF_CHECK_EXACT;
	assert_false(v1_agree(&ini, &res, &got, &why));
	assert_non_null(strstr(why.sentence, "we have 4000 KB, the peer wants 5000 KB"));
	res.check = CONF_CHECK_OBEY;
	ini.s.lifebytes = 0;
	assert_true(v1_agree(&ini, &ini, &got, &why));
	assert_int_equal(got.kilobytes, 0);
	/* the attribute has 32 bits */
	ini.s.lifebytes = 1ull << 40;
	assert_true(v1_agree(&ini, &res, &got, &why));
	assert_int_equal(got.kilobytes, 4000);
}

static void key_bytes(void **state)
{
	struct child_proto p = { .encr = { alg_by_name(ALG_ENCR, "aes_gcm"), 256 } };

	(void)state;
	assert_int_equal(prop_encr_bytes(&p), 36);
	assert_int_equal(prop_integ_bytes(&p), 0);
	p.encr = (struct alg_key){ alg_by_name(ALG_ENCR, "3des"), 0 };
	p.integ = alg_by_name(ALG_INTEG, "hmac_sha1");
	assert_int_equal(prop_encr_bytes(&p), 24);
	assert_int_equal(prop_integ_bytes(&p), 20);
	p.encr = (struct alg_key){ alg_by_name(ALG_ENCR, "aes_ccm_8"), 128 };
	assert_int_equal(prop_encr_bytes(&p), 19);
	p.encr = (struct alg_key){ alg_by_name(ALG_ENCR, "null_enc"), 0 };
	p.integ = alg_by_name(ALG_INTEG, "non_auth");
	assert_int_equal(prop_encr_bytes(&p) + prop_integ_bytes(&p), 0);
	p.encr.alg = NULL;
	assert_int_equal(prop_encr_bytes(&p), 0);
}

/* what a remote is offered depends on the versions of IKE that it speaks */
static void prints(void **state)
{
#define AES    "ESP: aes 256, hmac_sha256, group modp2048, 3600 s, 7 KB"
#define CHACHA "ESP: chacha20poly1305, group modp2048, 3600 s, 7 KB"
	static const struct {
		uint8_t versions[3];
		bool esn, esn_said;
		const char *want;
	} rows[] = {
		{ { 1 }, false, false, AES "\n" },
		{ { 1 }, true, false, AES "\n" },
		{ { 1 }, true, true, AES ", esn\n" },
		{ { 2 }, true, false, AES ", esn\n" CHACHA ", esn\n" },
		{ { 2 }, false, true, AES "\n" CHACHA "\n" },
		{ { 2, 1 }, true, false, AES ", esn (IKEv2 only)\n" CHACHA ", esn (IKEv2 only) (IKEv2 only)\n" },
		{ { 1, 2 }, true, true, AES ", esn\n" CHACHA ", esn (IKEv2 only)\n" },
	};
	struct conf_remote r = { 0 };
	struct conf_sainfo s;
	char *text = NULL;
	size_t i, size;
	FILE *out;

	(void)state;
	sainfo_parse(&s, "aes 256,chacha20poly1305/hmac_sha256/modp2048");
	s.lifebytes = 7;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(r.versions, rows[i].versions, sizeof(r.versions));
		s.esn = rows[i].esn;
		s.esn_said = rows[i].esn_said;
		out = open_memstream(&text, &size);
		prop_print_child(out, &s, &r);
		fclose(out);
		assert_string_equal(text, rows[i].want);
		free(text);
	}
#undef AES
#undef CHACHA
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_algorithms),
		cmocka_unit_test(choose_or_say),
		cmocka_unit_test(bundles_agree),
		cmocka_unit_test(esn),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(kilobytes),
		cmocka_unit_test(key_bytes),
		cmocka_unit_test(prints),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
