// SPDX-License-Identifier: GPL-2.0
/*
 * Quick modes of a peer that holds the keys and sends what makes no sense: selectors
 * that are none, proposals without keys, protocols that nobody asked for (class 6 of
 * old holes, shared/daemon.md section 6), to the responder and to the initiator. Each
 * message is an honest one of which one payload was exchanged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ikev1/v1_room.h"
#include "v1_case.h"
#include "wire_hex.h"
#include "world_edit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MINUTE	 60000
#define QM_SA	 1 /* places of payloads in QM1 and QM2 */
#define QM_ID	 3

/* all that could be chosen by mistake is in the file, with leave to be careless */
#define LAX                                                                                    \
	"encryption_algorithm aes 256, null_enc; authentication_algorithm hmac_sha256, non_auth; " \
	"testudo { insecure ok; }"

static struct world *ready(void)
{
	const struct v1_case c = {
		.proposal = "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;",
		.sainfo = LAX,
	};
	struct world *w = v1_world(&c);
	char why[256];

	v1_tunnel(w, IPPROTO_ESP, 0);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	return w;
}

static unsigned int used(const struct world *w, unsigned int side)
{
	unsigned int i, n = 0;

	for (i = 0; i < WORLD_SAS; i++)
		n += w->side[side].sas[i].used;
	return n;
}

/* A rekey by A, of which message @nth (QM1, QM2) is changed; true: the other end took it. */
static bool quick(struct edit *e, unsigned int nth, const char *what)
{
	struct world *w = ready();
	char why[256];
	bool taken;

	e->number = w->numbers + nth;
	w->hook = world_edit;
	w->hook_arg = e;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 1000);
	assert_true(e->done);
	taken = w->side[e->to].installed > 2;
	/* the old one is there until a new one is, and half of one is nowhere */
	w->hook = NULL;
	world_traffic(w);
	world_run(w, 2 * MINUTE);
	/* what was taken has an SPI that A does not know */
	if (!taken && (world_pairs(w, why, sizeof(why)) != 1 || used(w, 0) != 2 || used(w, 1) != 2))
		fail_msg("%s, QM%u: %u and %u SAs are left: %s", what, nth, used(w, 0), used(w, 1), why);
	assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 2);
	world_free(w);
	return taken;
}

static void expect(struct edit e, unsigned int nth, bool want, const char *what)
{
	bool taken = quick(&e, nth, what);

	if (taken != want)
		fail_msg("%s: QM%u is %s", what, nth, taken ? "taken" : "refused");
}

/* ---- selectors ---- */

/**
 * struct id_row - a selector
 * @why: what is wrong
 * @bytes: body of the ID payload
 */
struct id_row {
	const char *why;
	const char *bytes;
};

static const struct id_row ids[] = {
	{ "nothing", "" },
	{ "one byte", "04" },
	{ "no address", "04000000" },
	{ "FQDN (pluto 2023-38711)", "02000000 612e74657374" },
	{ "an empty FQDN", "02000000" },
	{ "user FQDN", "03000000 7540612e74657374" },
	{ "a DN", "09000000 300c310a300806035504030c0161" },
	{ "a DN that is none", "09000000 3080" },
	{ "a general name", "0a000000 8206612e74657374" },
	{ "a key id", "0b000000 01020304" },
	{ "type 0", "00000000 0a000100ffffff00" },
	{ "a list, of RFC 3554", "0c000000 0a000100ffffff00" },
	{ "type 255", "ff000000 0a000100ffffff00" },
	{ "IPv4 of three bytes", "01000000 0a0001" },
	{ "IPv4 of five", "01000000 0a00010000" },
	{ "IPv6 of four", "05000000 0a000100" },
	{ "a subnet of seven bytes", "04000000 0a000100ffffff" },
	{ "a subnet of nine", "04000000 0a000100ffffff0000" },
	{ "a mask with a hole", "04000000 0a000100ff00ff00" },
	{ "IPv6's subnet with IPv4's bytes", "06000000 0a000100ffffff00" },
	{ "a range backwards", "07000000 0a0001ff0a000100" },
	{ "a range of twelve bytes", "07000000 0a0001000a0001ff0a000100" },
	{ "of another protocol than the other selector", "04060000 0a000100ffffff00" },
	{ "of another family", "06000000 20010db8000000000000000000000000 ffffffffffffffff0000000000000000" },
	{ "other networks", "04000000 0a090900ffffff00" },
	{ "the whole world", "04000000 0000000000000000" },
};

static void test_selectors(void **state)
{
	struct edit e = { .what = EDIT_BODY };
	unsigned int nth, which;
	struct blob body;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(ids); i++) {
		body = hex(ids[i].bytes);
		e.body = blob_chunk(&body);
		for (nth = 1; nth <= 2; nth++) {
			for (which = 0; which < 2; which++) {
				e.nth = QM_ID + which;
				expect(e, nth, false, ids[i].why);
			}
		}
		blob_free(&body);
	}
	/* a range with the subnet's ends is the subnet */
	body = hex("07000000 0a0001000a0001ff");
	e.body = blob_chunk(&body);
	e.nth = QM_ID;
	expect(e, 1, true, "the same by value");
	expect(e, 2, true, "the same by value");
	blob_free(&body);
}

/* ---- proposals ---- */

#define DOI "00000001 00000001"
#define LEN "80060100" /* 256 bits */
#define MAC "80050005" /* HMAC-SHA-256 */
#define TUN "80040001"

/**
 * struct sa_row - an SA payload
 * @why: what is special
 * @bytes: its body
 * @asked: QM1 may have it
 * @answered: so may QM2
 */
struct sa_row {
	const char *why;
	const char *bytes;
	bool asked;
	bool answered;
};

static const struct sa_row sas[] = {
	{ "as it should be", DOI "00000020 01030401 00000101 00000014 010c0000" TUN LEN MAC, true, true },
	{ "no proposal", DOI, false, false },
	{ "no transforms", DOI "0000000c 01030400 00000101", false, false },
	{ "transforms announced, and none there", DOI "0000000c 01030401 00000101", false, false },
	{ "NULL without authentication: keys of no bytes", DOI "00000018 01030401 00000101 0000000c 010b0000" TUN, false, false },
	{ "the same spelt out", DOI "0000001c 01030401 00000101 00000010 010b0000" TUN "80050000", false, false },
	{ "GMAC, which encrypts nothing", DOI "0000001c 01030401 00000101 00000010 01170000" TUN LEN, false, false },
	{ "GMAC without a key length", DOI "00000018 01030401 00000101 0000000c 01170000" TUN, false, false },
	{ "AES without a key length", DOI "0000001c 01030401 00000101 00000010 010c0000" TUN MAC, false, false },
	{ "AES of 0 bits", DOI "00000020 01030401 00000101 00000014 010c0000" TUN "80060000" MAC, false, false },
	{ "AES of 65535 bits", DOI "00000020 01030401 00000101 00000014 010c0000" TUN "8006ffff" MAC, false, false },
	{ "an AEAD with an integrity algorithm", DOI "00000020 01030401 00000101 00000014 01140000" TUN LEN MAC, false, false },
	{ "transform 0", DOI "00000020 01030401 00000101 00000014 01000000" TUN LEN MAC, false, false },
	{ "AH in the place of ESP (pluto 2024-3652)", DOI "0000001c 01020401 00000101 00000010 01050000" TUN MAC, false, false },
	{ "AH's number under ESP", DOI "0000001c 01030401 00000101 00000010 01050000" TUN MAC, false, false },
	{ "AH beside ESP",
	  DOI "0200001c 01020401 00000102 00000010 01050000" TUN MAC
	      "00000020 01030401 00000101 00000014 010c0000" TUN LEN MAC,
	  false, false },
	{ "ESP beside ESP",
	  DOI "02000020 01030401 00000102 00000014 010c0000" TUN LEN MAC
	      "00000020 01030401 00000101 00000014 010c0000" TUN LEN MAC,
	  false, false },
	{ "ESP or AH: ESP is taken, by an answer neither",
	  DOI "02000020 01030401 00000101 00000014 010c0000" TUN LEN MAC
	      "0000001c 02020401 00000102 00000010 01050000" TUN MAC,
	  true, false },
	{ "two transforms: the first will do, in an answer it is none",
	  DOI "00000034 01030402 00000101 03000014 010c0000" TUN LEN MAC "00000014 020c0000" TUN LEN MAC, true, false },
	{ "IPComp alone", DOI "00000016 01040201 0102 0000000c 01020000" TUN, false, false },
	{ "ISAKMP's protocol", DOI "00000020 01010401 00000101 00000014 010c0000" TUN LEN MAC, false, false },
	{ "protocol 0", DOI "00000020 01000401 00000101 00000014 010c0000" TUN LEN MAC, false, false },
	{ "protocol 99", DOI "00000020 01630401 00000101 00000014 010c0000" TUN LEN MAC, false, false },
	{ "SPI 0", DOI "00000020 01030401 00000000 00000014 010c0000" TUN LEN MAC, false, false },
	{ "an SPI of eight bytes", DOI "00000024 01030801 0000010100000101 00000014 010c0000" TUN LEN MAC, false, false },
	{ "transport mode", DOI "00000020 01030401 00000101 00000014 010c0000 80040002" LEN MAC, false, false },
	{ "in UDP, without a NAT", DOI "00000020 01030401 00000101 00000014 010c0000 80040003" LEN MAC, false, false },
	{ "a mode of nobody's", DOI "00000020 01030401 00000101 00000014 010c0000 80040063" LEN MAC, false, false },
	{ "an attribute that we do not know", DOI "00000024 01030401 00000101 00000018 010c0000" TUN LEN MAC "80630001", false, false },
	{ "a group, and no value", DOI "00000024 01030401 00000101 00000018 010c0000" TUN LEN MAC "80030013", false, false },
};

static void test_proposals(void **state)
{
	struct edit e = { .what = EDIT_BODY, .nth = QM_SA };
	struct blob body;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sas); i++) {
		body = hex(sas[i].bytes);
		e.body = blob_chunk(&body);
		expect(e, 1, sas[i].asked, sas[i].why);
		expect(e, 2, sas[i].answered, sas[i].why);
		blob_free(&body);
	}
}

/* ---- RESPONDER-LIFETIME: attributes in a notification ---- */

static const struct {
	const char *why;
	const char *bytes;
	uint32_t seconds;
	uint32_t kilobytes;
} lives[] = {
	{ "seconds", "80010001 00020004 00000e10", 3600, 0 },
	{ "of phase 1", "800b0001 000c0004 00000e10", 3600, 0 },
	{ "short form", "80010001 80020e10", 3600, 0 },
	{ "kilobytes too", "80010002 00020004 00001000 80010001 80020e10", 3600, 4096 },
	{ "eight bytes", "80010001 00020008 0000000100000000", UINT32_MAX, 0 },
	{ "nine bytes", "80010001 00020009 010000000000000e10", 0, 0 },
	{ "no bytes", "80010001 00020000", 0, 0 },
	{ "nothing", "", 0, 0 },
	{ "one byte", "80", 0, 0 },
	{ "a type", "8001", 0, 0 },
	{ "half of a value", "80010001 8002 0e", 0, 0 },
	{ "half of a length", "80010001 0002 00", 0, 0 },
	{ "a byte short", "80010001 00020004 00000e", 0, 0 },
	{ "64 kB", "80010001 0002ffff 00000e10", 0, 0 },
	{ "a good one, and one that is cut off", "80010001 80020e10 80", 0, 0 },
	{ "no kind", "00020004 00000e10", 0, 0 },
	{ "a kind of nobody's", "80010003 80020e10", 0, 0 },
};

static void test_lifetimes(void **state)
{
	uint32_t seconds, kilobytes;
	struct blob data;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lives); i++) {
		data = hex(lives[i].bytes);
		seconds = v1_get_lifetime(blob_chunk(&data), &kilobytes);
		if (seconds != lives[i].seconds || kilobytes != lives[i].kilobytes)
			fail_msg("%s: %u s, %u KB", lives[i].why, seconds, kilobytes);
		blob_free(&data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_lifetimes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
