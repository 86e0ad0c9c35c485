// SPDX-License-Identifier: GPL-2.0
/*
 * Suites of IKE SAs that nobody must agree to, offered and answered, of both IKE versions,
 * and a libcrypto that knows an algorithm no more when it is due (class 13 of old holes,
 * shared/daemon.md section 6: pluto 2016-3071, 2016-5391, charon 2018-10811). How one
 * proposal is matched with another is tested in test_prop.c, groups are in test_ke.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v1_case.h"
#include "v2_help.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "wire_hex.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000
#define MINUTE	 60000

/**
 * struct row - an SA payload
 * @why: what is special
 * @bytes: its body
 * @asked: a request may have it
 * @answered: so may an answer
 */
struct row {
	const char *why;
	const char *bytes;
	bool asked;
	bool answered;
};

/* Who gets it goes on with it, or there is nothing of it. */
static void expect(struct world *w, const struct row *r, unsigned int number, uint8_t type, bool ok)
{
	struct blob body = hex(r->bytes);
	struct edit e = { .number = number, .what = EDIT_BODY, .type = type, .body = blob_chunk(&body), .deaf = true };

	w->hook = world_edit;
	w->hook_arg = &e;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	assert_true(e.done);
	if ((world_progress(w, e.to) > e.before) != ok)
		fail_msg("message %u: %s: %s: %s", number, r->why, ok ? "refused" : "taken",
			 world_report(w, e.to)->sentence);
	world_run(w, 10 * MINUTE);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	assert_int_equal(w->side[0].ike->half_open + w->side[1].ike->half_open, 0);
	blob_free(&body);
	world_free(w);
}

/* ---- IKEv2 ---- */

#define CBC  "0300000c 0100000c 800e0100"
#define GCM  "0300000c 01000014 800e0100"
#define PRF  "03000008 02000005"
#define MAC  "03000008 0300000c"
#define DH   "00000008 0400001f"

static const struct row v2_rows[] = {
	{ "as it should be", "0000002c 01010004" CBC PRF MAC DH, true, true },
	{ "AES-XCBC as PRF", "0000002c 01010004" CBC "03000008 02000004" MAC DH, false, false },
	{ "HMAC-MD5 as PRF", "0000002c 01010004" CBC "03000008 02000001" MAC DH, false, false },
	{ "AES-XCBC for integrity", "0000002c 01010004" CBC PRF "03000008 03000005" DH, false, false },
	{ "HMAC-MD5 for integrity", "0000002c 01010004" CBC PRF "03000008 03000001" DH, false, false },
	{ "AES-XCBC for all", "0000002c 01010004" CBC "03000008 02000004" "03000008 03000005" DH, false, false },
	{ "no PRF", "00000024 01010003" CBC MAC DH, false, false },
	{ "PRF 0", "0000002c 01010004" CBC "03000008 02000000" MAC DH, false, false },
	{ "no group", "00000024 01010003" CBC PRF "00000008 0300000c", false, false },
	{ "group 0", "0000002c 01010004" CBC PRF MAC "00000008 04000000", false, false },
	{ "a group of 768 bits", "0000002c 01010004" CBC PRF MAC "00000008 04000001", false, false },
	{ "group 22 with its small subgroups", "0000002c 01010004" CBC PRF MAC "00000008 04000016", false, false },
	{ "no integrity", "00000024 01010003" CBC PRF DH, false, false },
	{ "integrity 0", "0000002c 01010004" CBC PRF "03000008 03000000" DH, false, false },
	{ "GCM, which is not configured", "00000024 01010003" GCM PRF DH, false, false },
	{ "no cipher", "00000020 01010003" PRF MAC DH, false, false },
	{ "NULL as cipher", "00000028 01010004 03000008 0100000b" PRF MAC DH, false, false },
	{ "cipher 0", "00000028 01010004 03000008 01000000" PRF MAC DH, false, false },
	{ "DES", "00000028 01010004 03000008 01000002" PRF MAC DH, false, false },
	{ "AES of 128 bits", "0000002c 01010004 0300000c 0100000c 800e0080" PRF MAC DH, false, false },
	{ "AES of no length", "00000028 01010004 03000008 0100000c" PRF MAC DH, false, false },
	{ "AES of 257 bits", "0000002c 01010004 0300000c 0100000c 800e0101" PRF MAC DH, false, false },
	{ "two PRFs", "00000034 01010005" CBC PRF "03000008 02000007" MAC DH, true, false },
	{ "XCBC or HMAC", "00000034 01010005" CBC "03000008 02000004" PRF MAC DH, true, false },
	{ "two groups", "00000034 01010005" CBC PRF MAC "03000008 0400000e" DH, true, false },
	{ "long sequence numbers", "00000034 01010005" CBC PRF MAC "03000008 05000001" DH, false, false },
	{ "none of them, which says nothing", "00000034 01010005" CBC PRF MAC "03000008 05000000" DH, true, true },
	{ "a second key exchange (RFC 9370)", "00000034 01010005" CBC PRF MAC "03000008 06000024" DH, false, false },
	{ "ESP", "00000030 01030404 00000102" CBC PRF MAC DH, false, false },
	{ "an SPI, which says nothing either", "00000034 01010804 0102030405060708" CBC PRF MAC DH, true, true },
	{ "a wrong number: what is in it decides", "0000002c 02010004" CBC PRF MAC DH, true, true },
	{ "nothing", "", false, false },
	{ "no transforms", "00000008 01010000", false, false },
};

static void test_suites_v2(void **state)
{
	unsigned int number;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(v2_rows); i++) {
		for (number = 1; number <= 2; number++) {
			w = v2_world(NULL, NULL);
			v2_tunnels(w);
			expect(w, &v2_rows[i], number, P2_SA, number == 1 ? v2_rows[i].asked : v2_rows[i].answered);
		}
	}
}

/* ---- IKEv1 ---- */

/* a transform of which the attributes follow, N bytes of them; lengths of proposal and transform */
#define ONE(plen, tlen) "00000001 00000001 000000" plen "01010001 000000" tlen "01010000"

#define A_CBC  "80010007 800e0100"
#define A_HASH "80020004"
#define A_AUTH "80030001"
#define A_DH   "8004000e"
#define A_LIFE "800b0001 800c7080"

static const struct row v1_rows[] = {
	{ "as it should be", ONE("2c", "24") A_CBC A_HASH A_AUTH A_DH A_LIFE, true, true },
	{ "no group", ONE("28", "20") A_CBC A_HASH A_AUTH A_LIFE, false, false },
	{ "group 0", ONE("2c", "24") A_CBC A_HASH A_AUTH "80040000" A_LIFE, false, false },
	{ "a group of 768 bits", ONE("2c", "24") A_CBC A_HASH A_AUTH "80040001" A_LIFE, false, false },
	{ "a group of one's own", ONE("34", "2c") A_CBC A_HASH A_AUTH A_DH A_LIFE "0006000400000007", false, false },
	{ "no hash", ONE("28", "20") A_CBC A_AUTH A_DH A_LIFE, false, false },
	{ "hash 0", ONE("2c", "24") A_CBC "80020000" A_AUTH A_DH A_LIFE, false, false },
	{ "MD5", ONE("2c", "24") A_CBC "80020001" A_AUTH A_DH A_LIFE, false, false },
	{ "Tiger", ONE("2c", "24") A_CBC "80020003" A_AUTH A_DH A_LIFE, false, false },
	{ "a PRF of its own: XCBC", ONE("30", "28") A_CBC A_HASH A_AUTH A_DH A_LIFE "800d0004", false, false },
	{ "no cipher", ONE("24", "1c") A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "cipher 0", ONE("2c", "24") "80010000 800e0100" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "DES", ONE("28", "20") "80010001" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "AES of 128 bits", ONE("2c", "24") "80010007 800e0080" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "AES of no length", ONE("28", "20") "80010007" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "AES of 0 bits", ONE("2c", "24") "80010007 800e0000" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "no authentication", ONE("28", "20") A_CBC A_HASH A_DH A_LIFE, false, false },
	{ "authentication 0", ONE("2c", "24") A_CBC A_HASH "80030000" A_DH A_LIFE, false, false },
	{ "RSA signatures, which are not configured", ONE("2c", "24") A_CBC A_HASH "80030003" A_DH A_LIFE, false, false },
	{ "RSA encryption", ONE("2c", "24") A_CBC A_HASH "80030004" A_DH A_LIFE, false, false },
	{ "XAUTH after the key", ONE("2c", "24") A_CBC A_HASH "8003fde9" A_DH A_LIFE, false, false },
	{ "two ciphers", ONE("30", "28") A_CBC "80010005" A_HASH A_AUTH A_DH A_LIFE, false, false },
	{ "an attribute of nobody's", ONE("30", "28") A_CBC A_HASH A_AUTH A_DH A_LIFE "80630001", false, false },
	{ "no attributes", ONE("10", "08"), false, false },
	{ "ESP", "00000001 00000001 00000030 01030401 00000102 00000024 01010000" A_CBC A_HASH A_AUTH A_DH A_LIFE,
	  false, false },
	{ "another transform than KEY_IKE", "00000001 00000001 0000002c 01010001 00000024 01020000" A_CBC A_HASH A_AUTH A_DH A_LIFE,
	  false, false },
	{ "nothing", "", false, false },
	{ "no proposal", "00000001 00000001", false, false },
	{ "no transforms", "00000001 00000001 00000008 01010000", false, false },
};

static void test_suites_v1(void **state)
{
	struct v1_case c = { .remote = "ike_frag off;" };
	unsigned int number;
	struct world *w;
	size_t i, m;

	(void)state;
	for (i = 0; i < COUNT(v1_rows); i++) {
		for (m = 0; m < 2; m++) {
			for (number = 1; number <= 2; number++) {
				c.mode = m ? "aggressive" : "main";
				w = v1_world(&c);
				v1_tunnel(w, IPPROTO_ESP, 0);
				expect(w, &v1_rows[i], number, P1_SA,
				       number == 1 ? v1_rows[i].asked : v1_rows[i].answered);
			}
		}
	}
}

/* ---- libcrypto ---- */

/* From that datagram on libcrypto finds no algorithm any more. */
static void hook_fips(struct world *w, struct world_dg *dg, void *arg)
{
	const unsigned int *number = arg;

	(void)w;
	if (dg->number == *number)
		assert_true(EVP_set_default_properties(NULL, "fips=yes"));
}

/* Of all that begins while it finds nothing nothing comes, and when it does all is well. */
static void expect_fails(struct world *w, unsigned int number, const char *what)
{
	char why[256];

	w->hook = hook_fips;
	w->hook_arg = &number;
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	w->hook = NULL;
	/* quick mode's responder listens before it sends */
	if (w->side[0].installed || w->side[1].installed > 1)
		fail_msg("%s, from message %u on: SAs without libcrypto", what, number);
	world_run(w, 5 * MINUTE);
	assert_true(EVP_set_default_properties(NULL, ""));
	world_run(w, 10 * MINUTE);
	if (w->side[0].ike->half_open + w->side[1].ike->half_open + world_lonely(w))
		fail_msg("%s, from message %u on: something is left by half", what, number);
	ike_delete_peer(w->side[0].ike, &w->side[1].seen);
	ike_delete_peer(w->side[1].ike, &w->side[0].seen);
	world_run(w, 10 * MINUTE);
	world_acquire(w, 0, 0);
	world_run(w, MINUTE);
	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("%s, from message %u on: nothing any more: %s", what, number, why);
	world_free(w);
}

static void test_no_libcrypto(void **state)
{
	struct v1_case c = { .remote = "ike_frag off;" };
	unsigned int number;
	struct world *w;

	(void)state;
	for (number = 1; number <= 8; number++) {
		c.mode = "main";
		w = v1_world(&c);
		v1_tunnel(w, IPPROTO_ESP, 0);
		expect_fails(w, number, "main mode");
	}
	for (number = 1; number <= 5; number++) {
		c.mode = "aggressive";
		w = v1_world(&c);
		v1_tunnel(w, IPPROTO_ESP, 0);
		expect_fails(w, number, "aggressive mode");
	}
	for (number = 1; number <= 3; number++) {
		w = v2_world(NULL, NULL);
		v2_tunnels(w);
		expect_fails(w, number, "IKEv2");
	}
}

static int reset(void **state)
{
	(void)state;
	return !EVP_set_default_properties(NULL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites_v2),
		cmocka_unit_test(test_suites_v1),
		cmocka_unit_test_teardown(test_no_libcrypto, reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
