// SPDX-License-Identifier: GPL-2.0
/*
 * test_wire_v2 - IKEv2's payloads. The bytes marked "scapy" were made by its
 * IKEv2 layer, those marked "tshark" are ours and were read by tshark 4.0,
 * which shows the values that are written here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/id.h"
#include "wire/v2.h"
#include "wire_hex.h"

static struct v2_sa sa;
static struct wire_msg msg;

/* scapy: IKE_SA_INIT with two proposals, KE, nonce and a notification */
static const char sa_init[] =
	"010203040506070800000000000000002120220800000000000000bc2200004c0200002801010004"
	"030000080100000c0300000802000005030000080300000c000000080400000e0000002002010003"
	"03000008010000140300000802000005000000080400001f28000028001f00004242424242424242"
	"42424242424242424242424242424242424242424242424229000024171717171717171717171717"
	"1717171717171717171717171717171717171717000000080000402e";

static void reads_scapys_sa_init(void **state)
{
	struct blob b = hex(sa_init);
	struct chunk c = blob_chunk(&b);
	struct wire_fault fault;
	struct v2_notify n;
	struct chunk data;
	uint16_t group;

	(void)state;
	assert_true(wire_read_hdr(c, &msg.hdr, &fault));
	msg.data = c;
	assert_true(wire_read_chain(chunk(c.p + WIRE_HDR_LEN, c.n - WIRE_HDR_LEN), msg.hdr.next, &msg, &fault));
	assert_int_equal(msg.n, 4);
	assert_true(v2_get_sa(wire_find(&msg, P2_SA)->body, &sa, &fault));
	assert_int_equal(sa.nprop, 2);
	assert_int_equal(sa.ntrans, 7);
	assert_int_equal(sa.prop[0].n, 4);
	assert_int_equal(sa.prop[1].number, 2);
	assert_int_equal(sa.prop[1].first, 4);
	assert_int_equal(sa.prop[1].proto, V2_PROTO_IKE);
	assert_int_equal(sa.prop[1].spi.n, 0);
	assert_int_equal(sa.trans[0].id, 12);
	assert_int_equal(sa.trans[3].type, 4);
	assert_int_equal(sa.trans[6].id, 31);
	assert_false(sa.trans[0].unknown);
	assert_true(v2_get_ke(wire_find(&msg, P2_KE)->body, &group, &data));
	assert_int_equal(group, 31);
	assert_int_equal(data.n, 32);
	assert_true(v2_find_notify(&msg, V2_N_FRAGMENTATION_SUPPORTED, &n));
	assert_int_equal(n.data.n, 0);
	assert_false(v2_find_notify(&msg, V2_N_COOKIE, &n));
	assert_int_equal(n.type, 0);
	blob_free(&b);
}

static void reads_scapys_selectors(void **state)
{
	/* scapy: TSi with IPv4 and IPv6 */
	struct blob b = hex("02000000070000100000ffff0a0001000a0001ff0806001400500050"
			    "20010db8000000000000000000000000 20010db80000000000000000000000ff");
	struct ts ts[V2_TS_MAX];
	unsigned int n, total;
	char buf[TS_TEXT];

	(void)state;
	/* scapy states 20 bytes for IPv6 where RFC 7296 3.13.1 wants 40 */
	assert_false(v2_get_ts(blob_chunk(&b), ts, &n, &total));
	b.p[4 + 16 + 3] = 40;
	assert_true(v2_get_ts(blob_chunk(&b), ts, &n, &total));
	assert_int_equal(n, 2);
	assert_int_equal(total, 2);
	assert_string_equal(ts_text(&ts[0], buf), "10.0.1.0/24[any] any");
	assert_string_equal(ts_text(&ts[1], buf), "2001:db8::/120[80] tcp");
	blob_free(&b);
}

static void writes_sa_init(void **state)
{
	static const struct v2_sa offer = {
		.nprop = 2,
		.ntrans = 7,
		.prop = { { 1, V2_PROTO_IKE, { 0 }, 0, 4 }, { 2, V2_PROTO_IKE, { 0 }, 4, 3 } },
		.trans = { { 1, 12, 256, false }, { 2, 5, 0, false }, { 3, 12, 0, false }, { 4, 14, 0, false },
			   { 1, 20, 128, false }, { 2, 5, 0, false }, { 4, 31, 0, false } },
	};
	struct wire_out o;

	(void)state;
	wire_begin_chain(&o);
	v2_put_sa(&o, &offer);
	v2_put_ke(&o, 31, chunk_str("0123456789abcdef0123456789abcdef"));
	wire_put(&o, P2_NONCE, chunk_str("0123456789abcdef"));
	v2_put_status(&o, V2_N_FRAGMENTATION_SUPPORTED, chunk(NULL, 0));
	v2_put_status(&o, V2_N_SIGNATURE_HASH_ALGORITHMS, chunk("\0\2\0\3\0\4\0\5", 8));
	/* tshark */
	expect_hex(writer_chunk(&o.w),
		   "220000540200002c010100040300000c0100000c800e01000300000802000005030000080300000c"
		   "000000080400000e00000024020100030300000c01000014800e00800300000802000005"
		   "000000080400001f28000028001f000030313233343536373839616263646566303132333435363738"
		   "396162636465662900001430313233343536373839616263646566290000080000402e"
		   "000000100000402f0002000300040005",
		   "IKE_SA_INIT");
	assert_true(v2_get_sa(chunk(o.w.p + 4, 0x54 - 4), &sa, NULL));
	assert_memory_equal(sa.trans, offer.trans, 7 * sizeof(sa.trans[0]));
	writer_free(&o.w);
}

static void writes_others(void **state)
{
	const struct v2_notify rekey = { V2_PROTO_ESP, V2_N_REKEY_SA, chunk("\0\0\1\2", 4), { 0 } };
	const struct v2_delete child = { V2_PROTO_ESP, 2, chunk("\0\0\1\2\0\0\3\4", 8) };
	const struct v2_delete ike = { .proto = V2_PROTO_IKE };
	struct sockaddr_storage net;
	struct wire_out o;
	struct ts ts[2];

	(void)state;
	assert_true(addr_parse(&net, "10.0.1.0"));
	ts_from_prefix(&ts[0], &net, 24, 17, 1701);
	assert_true(addr_parse(&net, "2001:db8::"));
	ts_from_prefix(&ts[1], &net, 64, 0, 0);
	wire_begin_chain(&o);
	v2_put_notify(&o, &rekey);
	v2_put_id(&o, P2_IDI, ID_FQDN, chunk_str("a.test"));
	wire_put_cert(&o, P2_CERTREQ, V2_CERT_X509, chunk_str("01234567890123456789"));
	wire_put_cert(&o, P2_CERT, V2_CERT_X509, chunk_str("0"));
	v2_put_auth(&o, V2_AUTH_PSK, chunk_str("0123456789abcdef"));
	v2_put_ts(&o, P2_TSI, ts, 2);
	v2_put_ts(&o, P2_TSR, ts + 1, 1);
	v2_put_delete(&o, &child);
	v2_put_delete(&o, &ike);
	/* tshark */
	expect_hex(writer_chunk(&o.w),
		   "2300000c0304400900000102 2600000e02000000612e74657374"
		   "2500001904303132333435363738393031323334353637383927000006043"
		   "02c00001802000000303132333435363738396162636465662d000040020000000711001006a506a5"
		   "0a0001000a0001ff080000280000ffff20010db8000000000000000000000000"
		   "20010db800000000ffffffffffffffff2a00003001000000080000280000ffff"
		   "20010db800000000000000000000000020010db800000000ffffffffffffffff"
		   "2a000010030400020000010200000304 0000000801000000",
		   "others");
	writer_free(&o.w);
}

struct sa_row {
	const char *bytes;
	const char *fault;
	const char *why;
};

static const struct sa_row sas[] = {
	{ "00000010 01010001 00000008 0100000c", NULL, "one transform" },
	{ "00000014 01030401 00000101 00000008 0100000c", NULL, "with an SPI" },
	{ "00000018 01010801 0102030405060708 00000008 0100000c", NULL, "IKE rekeyed" },
	{ "00000010 07010001 00000008 0100000c", NULL, "an answer has the number chosen" },
	{ "02000010 01010001 00000008 0100000c 00000010 02010001 00000008 0100000c", NULL, "two" },
	{ "", "its header is cut off", "no proposal" },
	{ "000000", "its header is cut off", "half of a header" },
	{ "00000000 01010001", "its length is wrong", "length 0" },
	{ "00000003 01010001", "its length is wrong", "length 3" },
	{ "00000011 01010001 00000008 0100000c", "its length is wrong", "beyond the payload" },
	{ "0000fff0 01010001 00000008 0100000c", "its length is wrong", "64 kB" },
	{ "00000010 01010001 0000fff8 0100000c", "its length is wrong", "a transform of 64 kB" },
	{ "02000010 01010001 00000008 0100000c 0000fff0 02010001", "its length is wrong", "two of 2^16" },
	{ "00000014 01010001 0000000c 0100000c 0001fffc", "attribute cut off", "a TLV that is 2^16 with its header" },
	{ "00000007 010100", "proposal cut off", "no number of transforms" },
	{ "00000010 01010001 00000009 0100000c", "its length is wrong", "a transform beyond its proposal" },
	{ "00000008 01010000", "a proposal without transforms", "none" },
	{ "00000008 01010001", "its header is cut off", "one of none" },
	{ "00000010 01010002 00000008 0100000c", "its number of transforms is wrong", "one of two" },
	{ "00000018 01010001 03000008 0100000c 00000008 02000005", "its number of transforms is wrong", "two of one" },
	{ "00000018 01010002 00000008 0100000c 00000008 02000005", "bytes after the last one", "not announced" },
	{ "00000010 01010001 03000008 0100000c", "its header is cut off", "announced and missing" },
	{ "00000010 01010001 00000008 0100000c 00000010 02010001 00000008 0100000c", "bytes after the last one",
	  "a proposal that nobody announced" },
	{ "01000010 01010001 00000008 0100000c", "followed by another type", "1 is neither 0 nor 2" },
	{ "0000000f 01010001 00000007 010000", "transform cut off", "half of an id" },
	{ "00000012 01010001 0000000a 0100000c 800e", "attribute cut off", "half of a key length" },
	{ "00000014 01010001 0000000c 0100000c 00010001", "attribute cut off", "a TLV without its value" },
	{ "00000014 01010401 00000101 00000008 0100000c", "SPI of a wrong size", "four bytes for IKE" },
	{ "00000010 01030001 00000008 0100000c", "SPI of a wrong size", "none for ESP" },
	{ "00000018 01030801 0000000000000101 00000008 0100000c", "SPI of a wrong size", "eight for ESP" },
	{ "0000000c 0103ff01 00000101", "proposal cut off", "255 for ESP" },
	{ "00000010 00010001 00000008 0100000c", "proposal numbers out of order", "number 0" },
	{ "02000010 02010001 00000008 0100000c 00000010 01010001 00000008 0100000c", "proposal numbers out of order",
	  "backwards" },
	{ "02000010 01010001 00000008 0100000c 00000010 01010001 00000008 0100000c", "proposal numbers out of order",
	  "twice the same: there is no AND in IKEv2" },
	{ "00000011 01630101 ff 00000008 0100000c", NULL, "an unknown protocol is only not chosen" },
};

static void judges_sa_payloads(void **state)
{
	struct wire_fault fault;
	struct blob b;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(sas) / sizeof(sas[0]); i++) {
		b = hex(sas[i].bytes);
		ok = v2_get_sa(blob_chunk(&b), &sa, &fault);
		if (ok != !sas[i].fault || (!ok && strcmp(fault.why, sas[i].fault)))
			fail_msg("%s: \"%s\" at %zu", sas[i].why, ok ? "good" : fault.why, fault.off);
		blob_free(&b);
	}
}

static void reads_key_lengths(void **state)
{
	static const struct {
		const char *attrs;
		uint16_t keylen;
		bool unknown;
		const char *why;
	} rows[] = {
		{ "800e0080", 128, false, "128 bits" },
		{ "", 0, false, "none" },
		{ "800e0080 800e0080", 128, false, "twice" },
		{ "800e0080 800e0100", 256, true, "two that differ" },
		{ "000e00020080", 0, true, "in the long format" },
		{ "800e0000", 0, true, "0 bits" },
		{ "800f0080", 0, true, "another attribute" },
		{ "800e0080 000f0000", 128, true, "and an empty one" },
	};
	struct writer w;
	struct blob a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = hex(rows[i].attrs);
		w = (struct writer){ 0 };
		put_be32(&w, 16 + a.n);
		put_be32(&w, 0x01010001);
		put_be32(&w, 8 + a.n);
		put_be32(&w, 0x01ff000c);
		put_bytes(&w, blob_chunk(&a));
		assert_true(v2_get_sa(writer_chunk(&w), &sa, NULL));
		if (sa.trans[0].keylen != rows[i].keylen || sa.trans[0].unknown != rows[i].unknown)
			fail_msg("%s: %u", rows[i].why, sa.trans[0].keylen);
		writer_free(&w);
		blob_free(&a);
	}
}

/* @n proposals with @each transforms: what v2_get_sa() makes of them */
static bool many(unsigned int n, unsigned int each, struct wire_fault *fault)
{
	struct writer w = { 0 };
	unsigned int i, k;
	bool ok;

	for (i = 0; i < n; i++) {
		put_be32(&w, (i + 1 < n ? 0x02000000 : 0) | (8 + 8 * each));
		put_be32(&w, (i + 1) << 24 | 0x010000 | each);
		for (k = 0; k < each; k++) {
			put_be32(&w, (k + 1 < each ? 0x03000000 : 0) | 8);
			put_be32(&w, 0x0100000c);
		}
	}
	ok = v2_get_sa(writer_chunk(&w), &sa, fault);
	writer_free(&w);
	return ok;
}

static void proposals_are_bounded(void **state)
{
	struct wire_fault fault;

	(void)state;
	assert_true(many(V2_PROPOSALS, V2_TRANSFORMS / V2_PROPOSALS, &fault));
	assert_int_equal(sa.ntrans, V2_TRANSFORMS);
	assert_false(many(V2_PROPOSALS, V2_TRANSFORMS / V2_PROPOSALS + 1, &fault));
	assert_string_equal(fault.why, "too many transforms");
	assert_false(many(V2_PROPOSALS + 1, 1, &fault));
	assert_string_equal(fault.why, "too many proposals");
}

struct ts_row {
	const char *bytes;
	int n;
	unsigned int total;
	const char *why;
};

#define TS4 "07000010 0000ffff 0a000000 0a0000ff"

static const struct ts_row tss[] = {
	{ "01000000" TS4, 1, 1, "one" },
	{ "02000000" TS4 TS4, 2, 2, "two" },
	{ "02ffffff" TS4 TS4, 2, 2, "reserved bytes" },
	{ "01000000 07060010 ffff0000 0a000000 0a0000ff", 1, 1, "OPAQUE ports" },
	{ "02000000 0a000008 01020304" TS4, 1, 2, "a security label is left out, and counted" },
	{ "01000000 0a000004", 0, 1, "nothing but an unknown one" },
	{ "00000000", -1, 0, "none" },
	{ "00000000" TS4, -1, 0, "one of none" },
	{ "01000000", -1, 0, "none of one" },
	{ "02000000" TS4, -1, 0, "one of two" },
	{ "01000000" TS4 TS4, -1, 0, "two of one" },
	{ "ff000000" TS4, -1, 0, "one of 255" },
	{ "010000", -1, 0, "cut off" },
	{ "", -1, 0, "nothing" },
	{ "01000000 070000", -1, 0, "half of a header" },
	{ "01000000 07000000", -1, 0, "length 0" },
	{ "01000000 07000003", -1, 0, "length 3" },
	{ "01000000 07000004", -1, 0, "a header alone" },
	{ "01000000 0a000003", -1, 0, "an unknown one of length 3" },
	{ "01000000 0700ffff 0000ffff 0a000000 0a0000ff", -1, 0, "64 kB" },
	{ "02000000" TS4 "0700fff0 0000ffff 0a000000 0a0000ff", -1, 0, "two of 2^16" },
	{ "01000000 0a00fffc", -1, 0, "an unknown one of 64 kB" },
	{ "01000000 07000011 0000ffff 0a000000 0a0000ff", -1, 0, "beyond the payload" },
	{ "01000000 07000011 0000ffff 0a000000 0a0000ff 00", -1, 0, "a byte too many" },
	{ "01000000 0700000f 0000ffff 0a000000 0a0000", -1, 0, "a byte too few" },
	{ "01000000 08000010 0000ffff 0a000000 0a0000ff", -1, 0, "IPv6 with IPv4's bytes" },
	{ "01000000 07000028 0000ffff 20010db8000000000000000000000000 20010db8000000000000000000000000", -1, 0,
	  "IPv4 with IPv6's" },
	{ "01000000 07000010 0000ffff 0a0000ff 0a000000", -1, 0, "ends before it starts" },
	{ "01000000 07060010 005a0050 0a000000 0a0000ff", -1, 0, "so do its ports" },
	{ "01000000" TS4 "00", -1, 0, "a byte behind" },
};

static void judges_selectors(void **state)
{
	struct ts ts[V2_TS_MAX];
	unsigned int n, total;
	struct blob b;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(tss) / sizeof(tss[0]); i++) {
		b = hex(tss[i].bytes);
		ok = v2_get_ts(blob_chunk(&b), ts, &n, &total);
		if (ok != (tss[i].n >= 0) || (ok && ((int)n != tss[i].n || total != tss[i].total)))
			fail_msg("%s: %u of %u", tss[i].why, n, total);
		blob_free(&b);
	}
}

static void selectors_are_bounded(void **state)
{
	struct sockaddr_storage net;
	struct ts ts[V2_TS_MAX];
	unsigned int n, total;
	struct wire_out o;
	struct ts all[255];
	int i;

	(void)state;
	assert_true(addr_parse(&net, "10.0.0.0"));
	for (i = 0; i < 255; i++)
		ts_from_prefix(&all[i], &net, 24, i, 0);
	wire_begin_chain(&o);
	v2_put_ts(&o, P2_TSI, all, 255);
	assert_true(v2_get_ts(chunk(o.w.p + 4, o.w.n - 4), ts, &n, &total));
	assert_int_equal(n, V2_TS_MAX);
	assert_int_equal(total, 255);
	for (i = 0; i < V2_TS_MAX; i++)
		assert_true(ts_equal(&ts[i], &all[i]));
	writer_free(&o.w);
}

static bool get_ke(struct chunk body)
{
	struct chunk data;
	uint16_t group;

	return v2_get_ke(body, &group, &data);
}

static bool get_auth(struct chunk body)
{
	struct chunk data;
	uint8_t method;

	return v2_get_auth(body, &method, &data);
}

static bool get_cert(struct chunk body)
{
	struct chunk data;
	uint8_t encoding;

	return wire_get_cert(body, &encoding, &data);
}

static bool get_notify(struct chunk body)
{
	struct v2_notify n;

	return v2_get_notify(body, &n);
}

static bool get_delete(struct chunk body)
{
	struct v2_delete d;

	return v2_get_delete(body, &d);
}

static bool get_skf(struct chunk body)
{
	uint16_t number, total;
	struct chunk sealed;

	return v2_get_skf(body, &number, &total, &sealed);
}

static const struct body_row bodies[] = {
	{ get_ke, "001f0000 aa", true, "one byte; its group judges the length" },
	{ get_ke, "001f0000", false, "no value" },
	{ get_ke, "001f00", false, "cut off" },
	{ get_auth, "02000000 aa", true, "a PSK's" },
	{ get_auth, "020000", false, "cut off" },
	{ get_cert, "04", true, "a request for any CA" },
	{ get_cert, "", false, "nothing" },
	{ get_notify, "00004004", true, "a status" },
	{ get_notify, "01000018", true, "IKE without an SPI" },
	{ get_notify, "03044009 00000101", true, "a child SA" },
	{ get_notify, "03044009 000001", false, "half of its SPI" },
	{ get_notify, "03084009 0000000000000101", false, "eight bytes for ESP" },
	{ get_notify, "00ff4009 00", false, "255 bytes of SPI" },
	{ get_notify, "000040", false, "cut off" },
	{ get_delete, "01000000", true, "the IKE SA" },
	{ get_delete, "01000001", true, "with a number that means nothing" },
	{ get_delete, "01080001 0102030405060708", false, "IKE with an SPI" },
	{ get_delete, "01000000 00", false, "a byte behind" },
	{ get_delete, "03040001 00000101", true, "a child SA" },
	{ get_delete, "03040002 00000101", false, "one of two" },
	{ get_delete, "03040001 0000010100", false, "a byte behind" },
	{ get_delete, "03044001 00000101", false, "16385 of one, 2^16 + 4 bytes" },
	{ get_delete, "0304ffff", false, "65535 of none" },
	{ get_delete, "03080001 0000000000000101", false, "eight bytes for ESP" },
	{ get_delete, "03000001", false, "SPIs of no bytes" },
	{ get_delete, "00000000", false, "of no protocol" },
	{ get_delete, "030400", false, "cut off" },
	{ get_skf, "00010002 aa", true, "the first of two" },
	{ get_skf, "00000002 aa", false, "number 0" },
	{ get_skf, "00030002 aa", false, "beyond the total" },
	{ get_skf, "00010000 aa", false, "a total of 0" },
	{ get_skf, "00010002", false, "nothing sealed" },
	{ get_skf, "000100", false, "cut off" },
};

static void judges_bodies(void **state)
{
	(void)state;
	judge_bodies(bodies, sizeof(bodies) / sizeof(bodies[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_scapys_sa_init),
		cmocka_unit_test(reads_scapys_selectors),
		cmocka_unit_test(writes_sa_init),
		cmocka_unit_test(writes_others),
		cmocka_unit_test(judges_sa_payloads),
		cmocka_unit_test(reads_key_lengths),
		cmocka_unit_test(proposals_are_bounded),
		cmocka_unit_test(judges_selectors),
		cmocka_unit_test(selectors_are_bounded),
		cmocka_unit_test(judges_bodies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
