// SPDX-License-Identifier: GPL-2.0
/*
 * test_wire - header, chain of payloads, fragments. Class 1, 2 and 4 of the
 * peers' old holes (lengths, payloads that do not belong, fragments).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/frag.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "wire/wire.h"
#include "wire_hex.h"

#define SPIS "0102030405060708 1112131415161718"

struct hdr_row {
	const char *bytes;
	bool good;
	const char *why;
};

static const struct hdr_row hdrs[] = {
	{ SPIS "21202208 00000000 0000001c", true, "a header alone" },
	{ SPIS "21202208 00000000 00000020 00000000", true, "with four bytes" },
	{ SPIS "21202208 00000000 0000001b", false, "states one less" },
	{ SPIS "21202208 00000000 0000001d", false, "states one more" },
	{ SPIS "21202208 00000000 ffffffff", false, "states 4 GB" },
	{ SPIS "21202208 00000000 00000000", false, "states nothing" },
	{ SPIS "01100200 00000000 0000001c 00000000", false, "IKEv1 with bytes behind (RFC 2408 5.1)" },
	{ SPIS "01100200 00000000 000000", false, "cut off" },
	{ "ff", false, "a keepalive is none" },
	{ "", false, "nothing" },
	{ SPIS "21302208 00000000 0000001c", true, "a version to come must be answered" },
};

static void headers(void **state)
{
	struct wire_fault fault;
	struct wire_hdr hdr;
	struct blob b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hdrs) / sizeof(hdrs[0]); i++) {
		b = hex(hdrs[i].bytes);
		if (wire_read_hdr(blob_chunk(&b), &hdr, &fault) != hdrs[i].good)
			fail_msg("%s: wrong verdict", hdrs[i].why);
		assert_true(!fault.why == hdrs[i].good);
		blob_free(&b);
	}
	b = hex(SPIS "2e202320 00000007 0000001c");
	assert_true(wire_read_hdr(blob_chunk(&b), &hdr, NULL));
	assert_true(hdr.spi_i == 0x0102030405060708 && hdr.spi_r == 0x1112131415161718);
	assert_int_equal(hdr.next, P2_SK);
	assert_int_equal(hdr.version, 0x20);
	assert_int_equal(hdr.exchange, V2_AUTH);
	assert_int_equal(hdr.flags, WIRE_V2_RESPONSE);
	assert_int_equal(hdr.msgid, 7);
	blob_free(&b);
}

struct chain_row {
	uint8_t version;
	uint8_t first;
	const char *bytes;
	int n;
	const char *fault;
	size_t off;
	const char *why;
};

static const struct chain_row chains[] = {
	{ 0x20, P_NONE, "", 0, NULL, 0, "an empty INFORMATIONAL's inside" },
	{ 0x10, P_NONE, "", 0, NULL, 0, "the same in IKEv1" },
	{ 0x20, P2_NONCE, "00000004", 1, NULL, 0, "an empty body" },
	{ 0x20, P2_KE, "28000005aa 00000005bb", 2, NULL, 0, "two payloads" },
	{ 0x10, P1_HASH, "0a000005aa 00000005bb", 2, NULL, 0, "two of IKEv1" },
	{ 0x10, P1_HASH, "00000005aa 000000000000", 1, NULL, 0, "IKEv1's padding stays" },
	{ 0x10, P1_HASH, "00ff0005aa", 1, NULL, 0, "IKEv1's reserved byte is not looked at" },
	{ 0x20, P2_NONCE, "00000005aa 00", -1, "bytes after the last payload", 5, "IKEv2 has no padding here" },
	{ 0x20, P_NONE, "00", -1, "bytes after the last payload", 0, "no payload but a byte" },
	{ 0x20, P2_NONCE, "", -1, "payload announced but missing", 0, "the chain ends early" },
	{ 0x20, P2_KE, "28000004", -1, "payload announced but missing", 4, "it ends early later" },
	{ 0x10, P1_HASH, "01000004", -1, "payload announced but missing", 4, "the same in IKEv1" },
	{ 0x20, P2_NONCE, "000000", -1, "payload header cut off", 0, "three bytes of a header" },
	{ 0x20, P2_NONCE, "00000000", -1, "payload length shorter than its header", 0, "length 0" },
	{ 0x20, P2_NONCE, "00000001", -1, "payload length shorter than its header", 0, "length 1" },
	{ 0x20, P2_NONCE, "00000003", -1, "payload length shorter than its header", 0, "length 3" },
	{ 0x10, P1_HASH, "00000000", -1, "payload length shorter than its header", 0, "IKEv1, length 0" },
	{ 0x10, P1_HASH, "00000001", -1, "payload length shorter than its header", 0, "IKEv1, length 1" },
	{ 0x10, P1_HASH, "00000003", -1, "payload length shorter than its header", 0, "IKEv1, length 3" },
	{ 0x10, P1_HASH, "08000000 08000000", -1, "payload length shorter than its header", 0,
	  "IKEv1, a chain that would not get on" },
	{ 0x20, P2_NONCE, "00000006aa", -1, "payload longer than the message", 0, "one byte too long" },
	{ 0x20, P2_NONCE, "0000ffffaa", -1, "payload longer than the message", 0, "64 kB too long" },
	{ 0x10, P1_HASH, "0a000004 0000ffff", -1, "payload longer than the message", 4, "IKEv1's second" },
	{ 0x20, P2_KE, "28000004 0000fffc", -1, "payload longer than the message", 4, "2^16 with the one before" },
	{ 0x20, P2_KE, "28000008aaaaaaaa 0000fffd aa", -1, "payload longer than the message", 8, "a sum of 5" },
	{ 0x10, P1_HASH, "0a000004 0000fffc", -1, "payload longer than the message", 4, "2^16 in IKEv1" },
	{ 0x10, P2_SA, "00000004", -1, "unknown payload type", 0, "IKEv2's payload in IKEv1" },
	{ 0x10, P1_HASH, "2a000004 00000004", -1, "unknown payload type", 4, "the same as a second" },
	{ 0x10, P1_PROP, "00000004", -1, "unknown payload type", 0, "a proposal outside of an SA" },
	{ 0x10, 99, "00000004", -1, "unknown payload type", 0, "garbage of a wrong key" },
	{ 0x10, 128, "00000004", 1, NULL, 0, "private use in IKEv1" },
	{ 0x20, P1_SA, "00000004", 1, NULL, 0, "IKEv2 skips what it does not know" },
	{ 0x20, P2_SK, "23000008 00010203", 1, NULL, 0, "SK names what is inside of it" },
	{ 0x20, P2_NOTIFY, "35000004 23000008 00010203", 2, NULL, 0, "SKF is the last one" },
	{ 0x20, P2_SK, "23000008 00010203 00000004", -1, "bytes after the last payload", 8, "a payload behind SK" },
};

static void walks_chains(void **state)
{
	struct wire_fault fault;
	struct wire_msg msg;
	struct blob b;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		b = hex(chains[i].bytes);
		memset(&msg, 0xa5, sizeof(msg));
		msg.hdr = (struct wire_hdr){ .version = chains[i].version };
		msg.data = blob_chunk(&b);
		ok = wire_read_chain(blob_chunk(&b), chains[i].first, &msg, &fault);
		if (ok != !chains[i].fault || (ok && (int)msg.n != chains[i].n))
			fail_msg("%s: %u payloads, fault %s", chains[i].why, msg.n, fault.why);
		if (!ok && (strcmp(fault.why, chains[i].fault) || fault.off != chains[i].off))
			fail_msg("%s: \"%s\" at %zu", chains[i].why, fault.why, fault.off);
		blob_free(&b);
	}
}

static void chain_details(void **state)
{
	struct blob b = hex(SPIS "21202208 00000000 0000002b 28800005aa 2800000622bb 00000004");
	struct wire_msg msg = { 0 };
	struct wire_fault fault;
	struct chunk c = blob_chunk(&b);

	(void)state;
	assert_true(wire_read_hdr(c, &msg.hdr, &fault));
	msg.data = c;
	assert_true(wire_read_chain(chunk(c.p + WIRE_HDR_LEN, c.n - WIRE_HDR_LEN), msg.hdr.next, &msg, &fault));
	assert_int_equal(msg.n, 3);
	assert_true(msg.pl[0].critical);
	assert_false(msg.pl[1].critical);
	assert_int_equal(msg.pl[0].next, P2_NONCE);
	assert_int_equal(wire_count(&msg, P2_NONCE), 2);
	assert_int_equal(wire_count(&msg, P2_KE), 0);
	assert_ptr_equal(wire_find(&msg, P2_NONCE), &msg.pl[1]);
	assert_null(wire_find(&msg, P2_KE));
	expect_hex(msg.pl[1].body, "22bb", "body");
	expect_hex(msg.pl[1].all, "28000006 22bb", "whole payload");
	/* an offset is that in the message */
	b.p[WIRE_HDR_LEN + 8] = 9;
	assert_false(wire_read_chain(chunk(c.p + WIRE_HDR_LEN, c.n - WIRE_HDR_LEN), msg.hdr.next, &msg, &fault));
	assert_int_equal(fault.off, WIRE_HDR_LEN + 14);
	blob_free(&b);
}

/* What no datagram holds and joined fragments might: nothing is counted in 16 bits. */
static void long_chains(void **state)
{
	static const uint8_t body[0xfff0 - 4];
	struct wire_msg msg = { .hdr.version = 0x20 };
	struct wire_fault fault;
	struct writer w = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		put_be32(&w, (i < 2 ? P2_VID : P_NONE) << 24 | 0xfff0);
		put_bytes(&w, chunk(body, sizeof(body)));
	}
	msg.data = writer_chunk(&w);
	assert_true(wire_read_chain(msg.data, P2_VID, &msg, &fault));
	assert_int_equal(msg.n, 3);
	assert_ptr_equal(msg.pl[2].body.p, w.p + 2 * 0xfff0 + 4);
	assert_int_equal(msg.pl[2].body.n, sizeof(body));
	w.n--;
	assert_false(wire_read_chain(writer_chunk(&w), P2_VID, &msg, &fault));
	assert_int_equal(fault.off, 2 * 0xfff0);
	writer_free(&w);
}

static void chains_are_bounded(void **state)
{
	struct writer w = { 0 };
	struct wire_msg msg = { .hdr.version = 0x20 };
	struct wire_fault fault;
	int i;

	(void)state;
	for (i = 0; i < WIRE_PAYLOADS; i++)
		put_be32(&w, P2_VID << 24 | 4);
	patch_u8(&w, w.n - 4, P_NONE);
	assert_true(wire_read_chain(writer_chunk(&w), P2_VID, &msg, &fault));
	assert_int_equal(msg.n, WIRE_PAYLOADS);
	patch_u8(&w, w.n - 4, P2_VID);
	put_be32(&w, 4);
	assert_false(wire_read_chain(writer_chunk(&w), P2_VID, &msg, &fault));
	assert_string_equal(fault.why, "too many payloads");
	writer_free(&w);
}

static void writes_messages(void **state)
{
	struct wire_hdr hdr = {
		.spi_i = 0x0102030405060708,
		.spi_r = 0x1112131415161718,
		.next = P1_HASH,
		.version = 0x10,
		.exchange = V1_QUICK,
		.flags = WIRE_V1_ENCRYPT,
		.msgid = 0xdeadbeef,
	};
	struct wire_out o;
	int i;

	(void)state;
	/* what is encrypted: the header names the first payload, bytes follow */
	wire_begin(&o, &hdr);
	put_bytes(&o.w, chunk_str("sealed"));
	wire_end(&o);
	expect_hex(writer_chunk(&o.w), SPIS "08102001 deadbeef 00000022 7365616c6564", "encrypted");
	assert_int_equal(wire_first(&o), P1_HASH);
	writer_free(&o.w);

	hdr.next = P_NONE;
	wire_begin(&o, &hdr);
	wire_put(&o, P1_ID, chunk_str("a"));
	wire_put(&o, P1_SIG, chunk(NULL, 0));
	wire_end(&o);
	expect_hex(writer_chunk(&o.w), SPIS "05102001 deadbeef 00000025 0900000561 00000004", "clear");
	writer_free(&o.w);

	/* payload by payload the type goes into the one before, never into the first */
	wire_begin_chain(&o);
	for (i = 0; i < 8; i++)
		wire_put(&o, P2_IDI + i, chunk(NULL, 0));
	assert_int_equal(wire_first(&o), P2_IDI);
	expect_hex(writer_chunk(&o.w),
		   "24000004 25000004 26000004 27000004 28000004 29000004 2a000004 00000004", "a chain");
	writer_free(&o.w);
	wire_begin_chain(&o);
	assert_int_equal(wire_first(&o), P_NONE);
	writer_free(&o.w);
}

static void reads_ids(void **state)
{
	struct blob b = hex("041101f40a000100ffffff00");
	struct wire_id id;

	(void)state;
	assert_true(wire_get_id(blob_chunk(&b), &id));
	assert_int_equal(id.type, 4);
	assert_int_equal(id.proto, 17);
	assert_int_equal(id.port, 500);
	assert_int_equal(id.data.n, 8);
	assert_ptr_equal(id.body.p, b.p);
	assert_true(wire_get_id(chunk(b.p, 4), &id));
	assert_false(wire_get_id(chunk(b.p, 3), &id));
	assert_false(wire_get_id(chunk(NULL, 0), &id));
	blob_free(&b);
}

struct piece {
	uint32_t key;
	unsigned int number;
	unsigned int total;
	const char *text;
	enum frag_verdict want;
};

struct frag_row {
	struct piece piece[8];
	const char *whole;
	const char *why;
};

#define S FRAG_STORED
#define W FRAG_WHOLE
#define I FRAG_IGNORED
#define B FRAG_BAD

static const struct frag_row frags[] = {
	{ { { 1, 1, 3, "a", S }, { 1, 2, 3, "b", S }, { 1, 3, 3, "c", W } }, "abc", "in order" },
	{ { { 1, 3, 3, "c", S }, { 1, 1, 3, "a", S }, { 1, 2, 3, "b", W } }, "abc", "in disorder" },
	{ { { 1, 1, 1, "a", W } }, "a", "a set of one" },
	{ { { 1, 1, 0, "a", S }, { 1, 2, 0, "b", S }, { 1, 3, 3, "c", W } }, "abc", "IKEv1" },
	{ { { 1, 3, 3, "c", S }, { 1, 2, 0, "b", S }, { 1, 1, 0, "a", W } }, "abc", "IKEv1 backwards" },
	{ { { 1, 1, 2, "a", S }, { 1, 1, 2, "X", I }, { 1, 2, 2, "b", W } }, "ab", "the first of a number stays" },
	{ { { 1, 1, 0, "a", S }, { 1, 3, 3, "c", S }, { 1, 3, 3, "c", I }, { 1, 2, 0, "b", W } }, "abc",
	  "a tail sent twice (racoon's repair of CVE-2016-10396 broke this)" },
	{ { { 1, 0, 2, "a", B } }, "", "number 0" },
	{ { { 1, 3, 2, "a", B } }, "", "beyond the total" },
	{ { { 1, FRAG_MAX + 1, 0, "a", B } }, "", "more than we take" },
	{ { { 1, 1, FRAG_MAX + 1, "a", B } }, "", "a total of more than we take" },
	{ { { 1, 1, 0xffff, "a", B } }, "", "a total of 65535" },
	{ { { 1, 1, 2, "", B } }, "", "an empty piece" },
	{ { { 1, 1, 0, "a", S }, { 1, 2, 2, "b", W } }, "ab", "IKEv1, two" },
	{ { { 1, 1, 0, "a", S }, { 1, 3, 3, "c", S }, { 1, 4, 4, "d", B }, { 1, 2, 0, "b", W } }, "abc",
	  "IKEv1, two ends: the second is refused" },
	{ { { 1, 1, 0, "a", S }, { 1, 3, 3, "c", S }, { 1, 2, 2, "d", B } }, "", "the same, shorter" },
	{ { { 1, 3, 0, "c", S }, { 1, 2, 2, "b", B }, { 1, 1, 0, "a", S } }, "",
	  "IKEv1, an end before a piece that is there" },
	{ { { 1, 2, 2, "b", S }, { 1, 3, 0, "c", B }, { 1, 1, 0, "a", W } }, "ab", "IKEv1, behind the end" },
	{ { { 1, 1, 2, "a", S }, { 1, 1, 3, "x", S }, { 1, 2, 2, "b", I }, { 1, 2, 3, "y", S }, { 1, 3, 3, "z", W } },
	  "xyz", "cut into more pieces: anew (RFC 7383 2.6)" },
	{ { { 1, 1, 3, "a", S }, { 1, 1, 2, "x", I }, { 1, 2, 2, "y", I }, { 1, 2, 3, "b", S } }, "",
	  "fewer pieces are old ones" },
	{ { { 1, 1, 3, "a", S }, { 2, 1, 2, "x", S }, { 1, 2, 3, "b", S } }, "", "another set replaces" },
	{ { { 1, 1, 3, "a", S }, { 2, 1, 2, "x", S }, { 2, 2, 2, "y", W } }, "xy", "and becomes whole" },
	{ { { 1, 1, 3, "12345678", S }, { 1, 2, 3, "12345678", S }, { 1, 3, 3, "1", B }, { 1, 3, 3, "1", S } }, "",
	  "more bytes than allowed: dropped" },
	{ { { 1, 1, 2, "12345678901234567", B } }, "", "too many in one piece" },
	{ { { 1, 1, 2, "12345678", S }, { 1, 2, 2, "12345678", W } }, "1234567812345678", "just as many" },
};

static void joins_fragments(void **state)
{
	const struct piece *p;
	enum frag_verdict got;
	struct frag f = { 0 };
	struct blob whole;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(frags) / sizeof(frags[0]); i++) {
		for (k = 0; k < 8 && frags[i].piece[k].text; k++) {
			p = &frags[i].piece[k];
			got = frag_add(&f, p->key, p->number, p->total, chunk_str(p->text), 16);
			if (got != p->want)
				fail_msg("%s: piece %zu gives %d", frags[i].why, k + 1, got);
		}
		whole = frag_join(&f);
		if (!chunk_equal(blob_chunk(&whole), chunk_str(frags[i].whole)))
			fail_msg("%s: %.*s", frags[i].why, (int)whole.n, whole.p);
		assert_int_equal(f.have, 0);
		assert_int_equal(f.bytes, 0);
		blob_free(&whole);
	}
}

static void most_fragments(void **state)
{
	struct frag f = { 0 };
	struct blob whole;
	unsigned int i;

	(void)state;
	for (i = FRAG_MAX; i > 1; i--)
		assert_int_equal(frag_add(&f, 9, i, FRAG_MAX, chunk_str("x"), 1000), FRAG_STORED);
	assert_int_equal(frag_add(&f, 9, 1, FRAG_MAX, chunk_str("x"), 1000), FRAG_WHOLE);
	whole = frag_join(&f);
	assert_int_equal(whole.n, FRAG_MAX);
	blob_free(&whole);
	/* a set of more than the bound has room in again does not underflow it */
	assert_int_equal(frag_add(&f, 9, 1, 3, chunk_str("12345678"), 8), FRAG_STORED);
	assert_int_equal(frag_add(&f, 9, 2, 3, chunk_str("1"), 4), FRAG_BAD);
	frag_free(&f);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(wire_exchange_name(V1_MAIN), "Identity Protection");
	assert_string_equal(wire_exchange_name(V2_CHILD), "CREATE_CHILD_SA");
	assert_string_equal(wire_exchange_name(255), "unknown");
	assert_string_equal(wire_payload_name(P2_SKF), "SKF");
	assert_string_equal(wire_payload_name(P1_NAT_D), "NAT-D");
	assert_string_equal(wire_v1_notify_name(V1_N_R_U_THERE), "R-U-THERE");
	assert_string_equal(wire_v1_notify_name(14), "NO-PROPOSAL-CHOSEN");
	assert_string_equal(wire_v2_notify_name(14), "NO_PROPOSAL_CHOSEN");
	assert_string_equal(wire_v2_notify_name(V2_N_COOKIE), "COOKIE");
	assert_string_equal(wire_v2_notify_name(0), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(walks_chains),
		cmocka_unit_test(chain_details),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(chains_are_bounded),
		cmocka_unit_test(writes_messages),
		cmocka_unit_test(reads_ids),
		cmocka_unit_test(joins_fragments),
		cmocka_unit_test(most_fragments),
		cmocka_unit_test(names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
