// SPDX-License-Identifier: GPL-2.0
/*
 * test_prop_crafted - a child's proposals as other programs and attackers make them:
 * groups beside the value that came along, bundles of any shape, SPIs that are none,
 * attributes that contradict each other, and noise.
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

static const struct {
	const char *pfs;    /* ours */
	uint16_t theirs[4]; /* their DH transforms; 0 ends them, 0xffff is none */
	uint16_t ke;	    /* group of their KE payload */
	bool ok;
	const char *group, *wanted; /* what comes out */
	const char *why;
} groups[] = {
	{ "modp2048", { 14 }, 14, true, "modp2048", NULL, "as it should be" },
	{ "modp2048", { 19, 14 }, 14, true, "modp2048", NULL, "the second of theirs" },
	{ "modp2048", { 19, 14 }, 19, false, NULL, "modp2048", "they guessed wrong" },
	{ "modp2048", { 14 }, 0, false, NULL, "modp2048", "they forgot the value" },
	{ "modp2048", { 0xffff, 14 }, 14, true, "modp2048", NULL, "they could do without" },
	{ "modp2048", { 0xffff, 19 }, 19, false, NULL, NULL, "none is not what we want" },
	{ "modp2048", { 0 }, 0, false, NULL, NULL, "none at all" },
	{ NULL, { 0 }, 0, true, NULL, NULL, "nobody wants PFS" },
	{ NULL, { 0xffff }, 0, true, NULL, NULL, "in words" },
	{ NULL, { 14, 19 }, 19, true, "ecp256", NULL, "what they sent a value for" },
	{ NULL, { 14, 0xffff }, 0, true, NULL, NULL, "they would like it, but sent none" },
	{ NULL, { 2, 14 }, 2, false, NULL, "modp2048", "not the broken one" },
	{ NULL, { 2, 0xffff }, 2, true, NULL, NULL, "rather none than a broken one" },
	{ NULL, { 22, 1025 }, 22, false, NULL, NULL, "none that we know" },
};

static void v2_groups(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		uint8_t spi[4] = { 1, 2, 3, 4 }, ours[4];
		struct v2_sa theirs = { .nprop = 1 }, answer;
		struct report why = { 0 };
		const struct alg *wanted;
		struct child_choice want;
		struct conf_sainfo s;
		unsigned int n = 0, k;
		bool ok;

		sainfo_parse(&s, "aes_gcm 256//");
		s.pfs = groups[i].pfs ? alg_by_name(ALG_DH, groups[i].pfs) : NULL;
		want_of(&want, "esp", &s, SPI_R);
		theirs.trans[n++] = (struct v2_trans){ 1, 20, 256, false };
		theirs.trans[n++] = (struct v2_trans){ 5, 0, 0, false };
		for (k = 0; k < 4 && groups[i].theirs[k]; k++)
			theirs.trans[n++] = (struct v2_trans){
				4, groups[i].theirs[k] == 0xffff ? 0 : groups[i].theirs[k], 0, false
			};
		theirs.ntrans = n;
		theirs.prop[0] = (struct wire_prop){ 3, V2_PROTO_ESP, chunk(spi, 4), 0, n };
		ok = prop_v2_child_choose(&s, &theirs, false, groups[i].ke, &wanted, &want, &answer,
					  ours, &why);
		if (ok != groups[i].ok)
			fail_msg("%s: %s", groups[i].why, ok ? "chosen" : why.sentence);
		if (strcmp(wanted ? wanted->name : "", groups[i].wanted ? groups[i].wanted : ""))
			fail_msg("%s: wanted %s", groups[i].why, wanted ? wanted->name : "none");
		/* a wrong guess is no failure worth a report */
		assert_int_equal(why.cause, ok || wanted ? REPORT_NONE : REPORT_NO_PROPOSAL);
		if (!ok)
			continue;
		if (strcmp(want.pfs ? want.pfs->name : "", groups[i].group ? groups[i].group : ""))
			fail_msg("%s: %s", groups[i].why, want.pfs ? want.pfs->name : "none");
		assert_int_equal(want.p[0].spi_out, 0x01020304);
		assert_memory_equal(ours, "\xd0\x00\x00\x02", 4);
		assert_ptr_equal(answer.prop[0].spi.p, ours);
		assert_int_equal(answer.prop[0].number, 3);
		assert_int_equal(answer.prop[0].n, groups[i].theirs[0] ? 3 : 2);
	}
}

/* two proposals of theirs: the one that their KE payload suits goes first */
static void v2_group_spares_a_trip(void **state)
{
	uint8_t spi[4] = { 1, 2, 3, 4 }, ours[4];
	struct v2_sa theirs = { .nprop = 2, .ntrans = 6 }, answer;
	struct report why = { 0 };
	const struct alg *wanted;
	struct child_choice want;
	struct conf_sainfo s;
	unsigned int i;

	(void)state;
	sainfo_parse(&s, "aes_gcm 256//");
	want_of(&want, "esp", &s, SPI_R);
	for (i = 0; i < 6; i += 3) {
		theirs.trans[i] = (struct v2_trans){ 1, 20, 256, false };
		theirs.trans[i + 1] = (struct v2_trans){ 5, 0, 0, false };
		theirs.trans[i + 2] = (struct v2_trans){ 4, i ? 14 : 19, 0, false };
		theirs.prop[i / 3] = (struct wire_prop){ i / 3 + 1, V2_PROTO_ESP, chunk(spi, 4), i, 3 };
	}
	assert_true(prop_v2_child_choose(&s, &theirs, false, 14, &wanted, &want, &answer, ours, &why));
	assert_int_equal(answer.prop[0].number, 2);
	assert_int_equal(want.pfs->v2, 14);
}

static const struct {
	struct wire_prop prop[4];
	uint16_t encap[4];
	bool ok;
	const char *text; /* protocols, innermost first, t for tunnels, u for UDP */
	const char *why;
} shapes[] = {
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } }, { V1_ENCAP_TUNNEL }, true, "t50", "ESP" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } }, { V1_ENCAP_UDP_TRANSPORT_DRAFT }, true, "50u", "in UDP" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 1 }, { 1, V1_PROTO_IPCOMP, { 0 }, 2, 1 }, { 2, V1_PROTO_ESP, { 0 }, 3, 1 } },
	  { 2, 1, 2, 1 },
	  true,
	  "108t5051",
	  "the first bundle, turned" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 1 } }, { 1, 1 }, false, "", "ESP twice" },
	{ { { 1, V1_PROTO_ISAKMP, { 0 }, 0, 1 } }, { 1 }, false, "", "no IPsec" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } }, { 99 }, false, "", "a mode of nobody's" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 0 } }, { 1 }, false, "", "no transforms" },
	{ { { 0 } }, { 0 }, false, "", "nothing" },
};

static void shape(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct v1_sa sa = { 0 };
		struct child_choice want;
		char text[64] = "";
		unsigned int k;

		for (k = 0; k < 4 && shapes[i].prop[k].proto; k++) {
			sa.prop[sa.nprop++] = shapes[i].prop[k];
			sa.trans[sa.ntrans++].encap = shapes[i].encap[k];
		}
		if (prop_v1_child_shape(&sa, &want) != shapes[i].ok)
			fail_msg("%s", shapes[i].why);
		if (!shapes[i].ok)
			continue;
		for (k = 0; k < want.n; k++)
			sprintf(text + strlen(text), "%s%d",
				want.p[k].mode == IPSEC_MODE_TUNNEL ? "t" : "", want.p[k].proto);
		if (want.udp)
			strcat(text, "u");
		if (strcmp(text, shapes[i].text))
			fail_msg("%s: %s", shapes[i].why, text);
	}
}

/* SPIs of a wrong size, or 0: no SA could be made of them */
static void bad_spis(void **state)
{
	static const struct {
		uint8_t proto;
		size_t n;
		uint8_t first;
		bool ok;
	} rows[] = {
		{ V1_PROTO_ESP, 4, 1, true },
		{ V1_PROTO_ESP, 4, 0, false },
		{ V1_PROTO_ESP, 2, 1, false },
		{ V1_PROTO_ESP, 0, 1, false },
		{ V1_PROTO_ESP, 8, 1, false },
	};
	struct conf_sainfo s;
	size_t i;

	(void)state;
	sainfo_parse(&s, "aes_gcm 256//");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t spi[8] = { rows[i].first }, ours[4];
		struct v1_sa v1 = { .nprop = 1, .ntrans = 1 };
		struct v2_sa v2 = { .nprop = 1, .ntrans = 2 }, answer;
		struct report why = { 0 };
		struct child_choice want;
		const struct alg *wanted;

		v1.prop[0] = (struct wire_prop){ 1, rows[i].proto, chunk(spi, rows[i].n), 0, 1 };
		v1.trans[0] = (struct v1_trans){ .number = 1, .id = 20, .keylen = 256, .encap = 2 };
		want_of(&want, "esp", &s, SPI_R);
		assert_int_equal(prop_v1_child_choose(&s, NULL, &v1, &want, &why), rows[i].ok);
		v2.prop[0] = (struct wire_prop){ 1, V2_PROTO_ESP, chunk(spi, rows[i].n), 0, 2 };
		v2.trans[0] = (struct v2_trans){ 1, 20, 256, false };
		v2.trans[1] = (struct v2_trans){ 5, 0, 0, false };
		want_of(&want, "esp", &s, SPI_R);
		assert_int_equal(prop_v2_child_choose(&s, &v2, true, 0, &wanted, &want, &answer,
						      ours, &why),
				 rows[i].ok);
	}
}

static const struct {
	struct wire_prop prop[2];
	struct v1_trans t[4];
	const char *policy, *sainfo;
	bool ok;
	const char *why;
} crafted[] = {
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } }, { { .number = 1, .id = 11, .encap = 2 } }, "esp", "null_enc,aes 128/hmac_sha1,non_auth/", false, "neither secrecy nor integrity" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } },
	  { { .number = 1, .id = 20, .keylen = 256, .integ = 5, .encap = 2 } },
	  "esp",
	  "aes_gcm 256/hmac_sha256/",
	  false,
	  "an AEAD with an integrity algorithm" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } },
	  { { .number = 1, .id = 12, .integ = 2, .encap = 2 } },
	  "esp",
	  "aes/hmac_sha1/",
	  false,
	  "AES must have its key length" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 } },
	  { { .number = 1, .id = 12, .keylen = 128, .integ = 2 } },
	  "t esp",
	  "aes/hmac_sha1/",
	  true,
	  "no mode said: ours" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 } }, { { .number = 1, .id = 3, .integ = 2, .encap = 2 } }, "ah", "aes/hmac_sha1/", true, "AH says it twice" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 } }, { { .number = 1, .id = 3, .integ = 5, .encap = 2 } }, "ah", "aes/hmac_sha1,hmac_sha256/", false, "and must not contradict itself" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 1 } },
	  { { .number = 1, .id = 3, .integ = 2, .encap = 2, .group = 14 },
	    { .number = 1, .id = 12, .keylen = 128, .integ = 2, .encap = 2, .group = 14 } },
	  "esp, ah",
	  "aes/hmac_sha1/",
	  true,
	  "one group for the bundle" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 1 } },
	  { { .number = 1, .id = 3, .integ = 2, .encap = 2, .group = 14 },
	    { .number = 1, .id = 12, .keylen = 128, .integ = 2, .encap = 2, .group = 19 } },
	  "esp, ah",
	  "aes/hmac_sha1/",
	  false,
	  "two groups, but only one value comes along" },
	{ { { 1, V1_PROTO_AH, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 2 } },
	  { { .number = 1, .id = 3, .integ = 2, .encap = 2, .group = 14 },
	    { .number = 1, .id = 12, .keylen = 256, .integ = 2, .encap = 2, .group = 19 },
	    { .number = 2, .id = 12, .keylen = 128, .integ = 2, .encap = 2, .group = 14 } },
	  "ah, esp",
	  "aes/hmac_sha1/",
	  true,
	  "the second one goes with it" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 }, { 1, V1_PROTO_ESP, { 0 }, 1, 1 } },
	  { { .number = 1, .id = 12, .keylen = 128, .integ = 2, .encap = 2 },
	    { .number = 1, .id = 12, .keylen = 128, .integ = 2, .encap = 2 } },
	  "esp",
	  "aes/hmac_sha1/",
	  false,
	  "ESP and ESP together" },
	{ { { 1, V1_PROTO_ESP, { 0 }, 0, 1 }, { 2, V1_PROTO_ESP, { 0 }, 1, 1 } },
	  { { .number = 1, .id = 12, .keylen = 128, .integ = 2, .encap = 2 },
	    { .number = 1, .id = 12, .keylen = 256, .integ = 2, .encap = 2 } },
	  "esp",
	  "aes/hmac_sha1/",
	  true,
	  "ESP or ESP: the longer key stands first with us" },
};

static void v1_crafted(void **state)
{
	uint8_t spi[4] = { 1, 2, 3, 4 }, ours[CHILD_PROTOS][4];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(crafted) / sizeof(crafted[0]); i++) {
		struct v1_sa sa = { 0 }, answer;
		struct report why = { 0 };
		struct child_choice want;
		struct conf_sainfo s;
		bool ok;

		sainfo_parse(&s, crafted[i].sainfo);
		want_of(&want, crafted[i].policy, &s, SPI_R);
		for (k = 0; k < 2 && crafted[i].prop[k].proto; k++) {
			sa.prop[sa.nprop] = crafted[i].prop[k];
			sa.prop[sa.nprop++].spi = chunk(spi, 4);
			sa.ntrans += crafted[i].prop[k].n;
		}
		memcpy(sa.trans, crafted[i].t, sizeof(crafted[i].t));
		ok = prop_v1_child_choose(&s, NULL, &sa, &want, &why);
		if (ok != crafted[i].ok)
			fail_msg("%s: %s", crafted[i].why, ok ? "chosen" : why.sentence);
		if (!ok)
			continue;
		prop_v1_child_answer(&want, &sa, ours, &answer);
		assert_int_equal(answer.nprop, want.n);
		assert_int_equal(answer.prop[0].number, sa.prop[sa.nprop - 1].number);
		assert_int_equal(answer.trans[answer.ntrans - 1].group, want.pfs ? want.pfs->v2 : 0);
	}
}

/* whatever a peer sends is refused or chosen, and told about within bounds */
static void noise(void **state)
{
	static const char *const policies[] = { "esp", "t esp", "ah", "t esp, ah", "ipcomp, esp" };
	uint8_t spi[4] = { 1, 1, 1, 1 }, ours[CHILD_PROTOS][4];
	unsigned int round, i, taken = 0;
	struct conf_sainfo s;

	(void)state;
	srandom(2);
	sainfo_parse(&s, "aes,aes_gcm/hmac_sha1,hmac_sha256/");
	for (round = 0; round < 2000; round++) {
		struct v1_sa v1 = { 0 }, answer1;
		struct v2_sa v2 = { 0 }, answer2;
		struct report why = { 0 };
		struct child_choice want;
		const struct alg *wanted;

		v1.ntrans = 1 + random() % V1_TRANSFORMS;
		v2.ntrans = random() % (V2_TRANSFORMS + 1);
		for (i = 0; i < v1.ntrans; i++)
			v1.trans[i] = (struct v1_trans){ i, random() % 24, 0, 0, 0, random() % 3 * 14,
							 random() % 2 * 256, random() % 8,
							 random() % 3, random(), random(),
							 random() % 2, random() % 8 == 0 };
		for (i = 0; i < v2.ntrans; i++)
			v2.trans[i] = (struct v2_trans){ random() % 7, random() % 40,
							 random() % 2 * 256, random() % 8 == 0 };
		for (i = 0; i < V1_PROPOSALS && i < v1.ntrans; i++)
			v1.prop[v1.nprop++] = (struct wire_prop){ i / (1 + round % 2), random() % 5,
								chunk(spi, 4 - 2 * (random() % 2)), i,
								random() % (v1.ntrans - i) };
		for (i = 0; i < V2_PROPOSALS && i < v2.ntrans; i++)
			v2.prop[v2.nprop++] = (struct wire_prop){ i, random() % 4, chunk(spi, 4), i,
								random() % (v2.ntrans - i) };
		want_of(&want, policies[round % 5], &s, SPI_R);
		if (prop_v1_child_choose(&s, NULL, &v1, &want, &why)) {
			taken++;
			prop_v1_child_answer(&want, &v1, ours, &answer1);
			assert_int_equal(answer1.nprop, want.n);
		} else {
			assert_true(why.sentence[0]);
		}
		prop_v1_child_accept(&s, NULL, &v1, &want, &why);
		want_of(&want, policies[round % 4], &s, SPI_R);
		prop_v2_child_choose(&s, &v2, round % 2, random() % 20, &wanted, &want, &answer2,
				     ours[0], &why);
		prop_v2_child_accept(&s, &v2, round % 2, &want, &why);
		prop_v1_child_shape(&v1, &want);
	}
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_groups),
		cmocka_unit_test(v2_group_spares_a_trip),
		cmocka_unit_test(shape),
		cmocka_unit_test(bad_spis),
		cmocka_unit_test(v1_crafted),
		cmocka_unit_test(noise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
