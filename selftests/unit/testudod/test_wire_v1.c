// SPDX-License-Identifier: GPL-2.0
/*
 * test_wire_v1 - IKEv1's payloads. The messages marked "scapy" were made by its
 * ISAKMP layer, those marked "tshark" are ours and were read by tshark 4.0,
 * which shows the values that are written here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>

#include "wire/id.h"
#include "wire/v1.h"
#include "wire_hex.h"

static struct v1_sa sa;

/* the body of the first payload of that type; points into @b */
static struct chunk body_of(const struct blob *b, uint8_t type)
{
	static struct wire_msg msg;
	struct wire_fault fault;
	struct chunk c = blob_chunk(b);

	msg = (struct wire_msg){ .data = c };
	assert_true(wire_read_hdr(c, &msg.hdr, &fault));
	assert_true(wire_read_chain(chunk(c.p + WIRE_HDR_LEN, c.n - WIRE_HDR_LEN), msg.hdr.next, &msg, &fault));
	assert_non_null(wire_find(&msg, type));
	return wire_find(&msg, type)->body;
}

static void reads_scapys_phase1(void **state)
{
	/* scapy: life durations as TV and as a TLV of three bytes */
	struct blob b = hex("010203040506070800000000000000000110020000000000000000 8b0d00005b000000010000"
			    "00010000004f01010002030000240101000080010007800e0100800200048003000180"
			    "04000e800b0001800c7080000000230201000080010005800200028003000180040002"
			    "800b0001000c000301518000000014afcad71368a1f1c96b8696fc77570100");
	struct wire_fault fault;
	const struct v1_trans *t = sa.trans;

	(void)state;
	assert_true(v1_get_sa(body_of(&b, P1_SA), &sa, &fault));
	assert_null(fault.why);
	assert_int_equal(sa.nprop, 1);
	assert_int_equal(sa.ntrans, 2);
	assert_int_equal(sa.prop[0].proto, V1_PROTO_ISAKMP);
	assert_int_equal(sa.prop[0].n, 2);
	assert_int_equal(t[0].number, 1);
	assert_int_equal(t[0].id, 1);
	assert_int_equal(t[0].encr, 7);
	assert_int_equal(t[0].keylen, 256);
	assert_int_equal(t[0].hash, 4);
	assert_int_equal(t[0].auth, 1);
	assert_int_equal(t[0].group, 14);
	assert_int_equal(t[0].seconds, 28800);
	assert_int_equal(t[1].number, 2);
	assert_int_equal(t[1].encr, 5);
	assert_int_equal(t[1].hash, 2);
	assert_int_equal(t[1].group, 2);
	assert_int_equal(t[1].seconds, 86400);
	assert_false(t[0].unknown || t[1].unknown);
	assert_int_equal(v1_vid_by_bytes(body_of(&b, P1_VID)), V1_VID_DPD);
	blob_free(&b);
}

static void reads_scapys_id(void **state)
{
	/* scapy: KE, nonce, ID */
	struct blob b = hex("0102030405060708090a0b0c0d0e0f100410020000000000000000480a00000c6b6b6b6b6b6b6b6b"
			    "050000146e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e0000000c011101f40a000001");
	struct wire_id id;

	(void)state;
	expect_hex(body_of(&b, P1_KE), "6b6b6b6b6b6b6b6b", "KE");
	assert_int_equal(body_of(&b, P1_NONCE).n, 16);
	assert_true(wire_get_id(body_of(&b, P1_ID), &id));
	assert_int_equal(id.type, ID_IPV4);
	assert_int_equal(id.port, 500);
	expect_hex(id.data, "0a000001", "address");
	blob_free(&b);
}

static void writes_phase1(void **state)
{
	static const struct v1_sa offer = {
		.nprop = 1,
		.ntrans = 2,
		.prop = { { .number = 1, .proto = V1_PROTO_ISAKMP, .n = 2 } },
		.trans = { { .number = 1, .id = 1, .encr = 7, .keylen = 256, .hash = 4, .auth = 1,
			     .group = 14, .seconds = 28800 },
			   { .number = 2, .id = 1, .encr = 5, .hash = 2, .auth = 3, .group = 2,
			     .seconds = 86400, .kilobytes = 100000 } },
	};
	struct writer w = { 0 };

	(void)state;
	v1_put_sa(&w, &offer);
	/* tshark */
	expect_hex(writer_chunk(&w),
		   "0000000100000001000000600101000203000028"
		   "01010000800b0001000c00040000708080010007800e010080030001800200048004000e"
		   "0000003002010000800b0001000c000400015180800b0002000c0004000186a0"
		   "80010005800300038002000280040002",
		   "phase 1");
	assert_true(v1_get_sa(writer_chunk(&w), &sa, NULL));
	assert_memory_equal(sa.trans, offer.trans, 2 * sizeof(sa.trans[0]));
	writer_free(&w);
}

static void writes_phase2(void **state)
{
	static const struct v1_sa offer = {
		.nprop = 3,
		.ntrans = 4,
		.prop = { { 1, V1_PROTO_AH, { (const uint8_t *)"\0\0\1\1", 4 }, 0, 1 },
			  { 1, V1_PROTO_ESP, { (const uint8_t *)"\0\0\1\2", 4 }, 1, 1 },
			  { 2, V1_PROTO_IPCOMP, { (const uint8_t *)"\x12\x34", 2 }, 2, 2 } },
		.trans = { { .number = 1, .id = 5, .integ = 5, .encap = 3, .seconds = 3600, .group = 14 },
			   { .number = 1, .id = 12, .keylen = 256, .integ = 5, .encap = 3, .seconds = 3600,
			     .kilobytes = 4608000, .group = 14, .esn = 1 },
			   { .number = 1, .id = 2, .encap = 3 },
			   { .number = 2, .id = 3, .encap = 3 } },
	};
	struct writer w = { 0 };
	unsigned int i;

	(void)state;
	v1_put_sa(&w, &offer);
	/* tshark */
	expect_hex(writer_chunk(&w),
		   "0000000100000001 0200002c01020401000001010000002001050000"
		   "800100010002000400000e1080040003800500058003000e"
		   "0200004001030401000001020000003401" "0c0000800100010002000400000e10"
		   "80010002000200040046500080040003800601008005000580" "03000e800b0001"
		   "00000022020402021234 0300000c01020000800400030000000c0203000080040003",
		   "phase 2");
	assert_true(v1_get_sa(writer_chunk(&w), &sa, NULL));
	assert_int_equal(sa.nprop, 3);
	assert_memory_equal(sa.trans, offer.trans, 4 * sizeof(sa.trans[0]));
	for (i = 0; i < 3; i++) {
		assert_int_equal(sa.prop[i].number, offer.prop[i].number);
		assert_int_equal(sa.prop[i].first, offer.prop[i].first);
		assert_int_equal(sa.prop[i].n, offer.prop[i].n);
		assert_true(chunk_equal(sa.prop[i].spi, offer.prop[i].spi));
	}
	writer_free(&w);
}

struct sa_row {
	const char *bytes;
	const char *fault;
	const char *why;
};

#define DOI	"00000001 00000001"
/* a proposal of one ESP transform of which the attributes follow; the lengths are for N bytes of them */
#define ESP1(plen, tlen) DOI "000000" plen "01030401 00000101 000000" tlen "010c0000"

static const struct sa_row sas[] = {
	{ ESP1("18", "0c") "80040001", NULL, "one attribute" },
	{ ESP1("14", "08"), NULL, "none at all" },
	{ "00000001 00000001", "its header is cut off", "no proposal" },
	{ "00000001 000000", "SA payload cut off", "no situation" },
	{ "", "SA payload cut off", "nothing" },
	{ "00000002 00000001 00000018 01030401 00000101 0000000c 010c0000 80040001", "a DOI other than IPsec's",
	  "another DOI" },
	{ "00000001 00000002 00000018 01030401 00000101 0000000c 010c0000 80040001",
	  "a situation other than identity only", "secrecy" },
	{ "80000001 00000001 00000018 01030401 00000101 0000000c 010c0000 80040001", "a DOI other than IPsec's",
	  "IPsec's with another bit (pluto 2015-3204)" },
	{ "00000001 80000001 00000018 01030401 00000101 0000000c 010c0000 80040001",
	  "a situation other than identity only", "identity and more" },
	{ ESP1("19", "0d") "80040001", "its length is wrong", "a proposal beyond the payload" },
	{ ESP1("18", "0d") "80040001", "its length is wrong", "a transform beyond the proposal" },
	{ ESP1("18", "0b") "80040001", "attribute cut off", "bytes behind a transform too short for its attribute" },
	{ ESP1("17", "0b") "800400", "attribute cut off", "half of a TV" },
	{ ESP1("15", "09") "80", "attribute cut off", "one byte of an attribute" },
	{ ESP1("17", "0b") "000200", "attribute cut off", "half of a TLV" },
	{ ESP1("18", "0c") "00090001", "attribute cut off", "a TLV without its value" },
	{ ESP1("18", "0c") "0009ffff", "attribute cut off", "a TLV of 64 kB" },
	{ ESP1("18", "0c") "0009fffe", "attribute cut off", "a TLV that is 2^16 with its header" },
	{ ESP1("18", "fff0") "80040001", "its length is wrong", "a transform of 64 kB" },
	{ DOI "0000fff0 01030401 00000101 0000000c 010c0000 80040001", "its length is wrong", "a proposal of 64 kB" },
	{ DOI "02000018 01030401 00000101 0000000c 010c0000 80040001 0000ffe8 02030401 00000102",
	  "its length is wrong", "two proposals of 2^16" },
	{ DOI "0000001c 01030402 00000101 0300000c 010c0000 80040001 0000fff4", "its length is wrong",
	  "two transforms of 2^16" },
	{ ESP1("18", "0c") "00010000", "an attribute's value is empty or too long", "a TLV of nothing" },
	{ ESP1("21", "15") "0001 0009 010203040506070809", "an attribute's value is empty or too long", "nine bytes" },
	{ ESP1("18", "0c") "80020e10", "a life duration without its type", "RFC 2407 4.5 wants the type first" },
	{ ESP1("20", "14") "80010001 80020e10 8002 0e10", "a life duration without its type", "one type, two durations" },
	{ DOI "00000003 01030401", "its length is wrong", "a proposal shorter than its header" },
	{ DOI "00000000 01030401", "its length is wrong", "length 0" },
	{ DOI "00000007 010304", "proposal cut off", "no number of transforms" },
	{ DOI "0000000a 01030401 0000", "proposal cut off", "half of the SPI" },
	{ DOI "0000000c 01030401 00000101", "its header is cut off", "no transform" },
	{ DOI "0000000c 01030400 00000101", "a proposal without transforms", "none is announced" },
	{ DOI "00000018 01030402 00000101 0000000c 010c0000 80040001", "its number of transforms is wrong",
	  "one of two is there" },
	{ DOI "00000024 01030401 00000101 0300000c 010c0000 80040001 0000000c 020c0000 80040001",
	  "its number of transforms is wrong", "two of one are there" },
	{ DOI "00000018 01030401 00000101 0300000c 010c0000 80040001", "its header is cut off", "one more is announced" },
	{ DOI "00000018 01030401 00000101 0200000c 010c0000 80040001", "followed by another type",
	  "a proposal among transforms" },
	{ DOI "00000024 01030401 00000101 0000000c 010c0000 80040001 0000000c 020c0000 80040001",
	  "bytes after the last one", "a transform that nobody announced" },
	{ ESP1("18", "0c") "80040001 00", "bytes after the last one", "a byte behind" },
	{ DOI "00000013 01030401 00000101 00000007 010c00", "transform cut off", "a transform without its id" },
	{ DOI "00000010 01030401 00000101 00000003", "its length is wrong", "a transform shorter than its header" },
	{ DOI "00000016 01030201 0101 0000000c 010c0000 80040001", "SPI of a wrong size", "two bytes for ESP" },
	{ DOI "00000014 01030001 0000000c 010c0000 80040001", "SPI of a wrong size", "none for ESP" },
	{ DOI "00000015 01040101 01 0000000c 01020000 80040001", "SPI of a wrong size", "one byte of a CPI" },
	{ DOI "00000016 01040201 1234 0000000c 01020000 80040001", NULL, "a CPI" },
	{ DOI "00000018 01040401 00001234 0000000c 01020000 80040001", NULL, "a CPI in four bytes" },
	{ DOI "00000024 01011001 000102030405060708090a0b0c0d0e0f 0000000c 01010000 80010007", NULL,
	  "cookies as the SPI of phase 1 (RFC 2408 3.5)" },
	{ DOI "00000025 01011101 000102030405060708090a0b0c0d0e0f10 0000000c 01010000 80010007",
	  "SPI of a wrong size", "more than cookies" },
	{ DOI "00000015 01630101 01 0000000c 01020000 80040001", NULL, "an unknown protocol is only not chosen" },
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
		ok = v1_get_sa(blob_chunk(&b), &sa, &fault);
		if (ok != !sas[i].fault || (!ok && strcmp(fault.why, sas[i].fault)))
			fail_msg("%s: \"%s\" at %zu", sas[i].why, ok ? "good" : fault.why, fault.off);
		blob_free(&b);
	}
}

struct attr_row {
	uint8_t proto;
	const char *attrs;
	struct v1_trans want;
	const char *why;
};

static const struct attr_row attrs[] = {
	{ 1, "800b0001 000c0001 3c", { .seconds = 60 }, "a duration of one byte" },
	{ 1, "800b0001 800c0e10", { .seconds = 3600 }, "as TV" },
	{ 1, "800b0001 000c0008 0000000000015180", { .seconds = 86400 }, "of eight bytes" },
	{ 1, "800b0001 000c0005 0100000000", { .seconds = UINT32_MAX }, "136 years are for ever" },
	{ 1, "800b0002 000c0004 000f4240 800b0001 800c003c", { .seconds = 60, .kilobytes = 1000000 },
	  "both kinds" },
	{ 1, "000b0002 0001 800c003c", { .seconds = 60 }, "its type as TLV" },
	{ 1, "0001 0002 0007 000e 0004 00000080", { .encr = 7, .keylen = 128 }, "words as TLV" },
	{ 1, "8004000e 80050001 80010007", { .group = 14, .encr = 7 }, "the type of a known group says nothing new" },
	{ 1, "80010007 00060004 01020304", { .encr = 7, .unknown = true }, "a group of its own" },
	{ 1, "80010007 80010007", { .encr = 7 }, "the same twice" },
	{ 1, "80010007 80010005", { .encr = 7, .unknown = true }, "two ciphers" },
	{ 1, "80010000", { .unknown = true }, "value 0 is reserved" },
	{ 1, "0001 0004 00010007", { .unknown = true }, "more than two bytes hold" },
	{ 1, "800b0003 800c003c", { .unknown = true }, "an unknown kind of life" },
	{ 1, "800b0001 800c003c 800b0001 800c003d", { .seconds = 61, .unknown = true }, "two lives" },
	{ 1, "ffff0000", { .unknown = true }, "a private attribute" },
	{ 3, "80040001 80050005 80060100 8003000e 800b0001 80010001 80020e10",
	  { .encap = 1, .integ = 5, .keylen = 256, .group = 14, .esn = 1, .seconds = 3600 }, "any order" },
	{ 3, "80010002 00020004 00465000", { .kilobytes = 4608000 }, "Cisco's kilobytes" },
	{ 3, "8004f003", { .encap = V1_ENCAP_UDP_TUNNEL_DRAFT }, "the drafts' mode" },
	{ 3, "80080010", { .unknown = true }, "a dictionary size" },
	{ 3, "00020004 00000e10 80010001", { 0 }, NULL },
};

static void reads_attributes(void **state)
{
	struct wire_fault fault;
	struct writer w;
	struct blob a, body;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		a = hex(attrs[i].attrs);
		w = (struct writer){ 0 };
		put_be64(&w, 0x0000000100000001);
		put_be32(&w, 8 + 4 + 8 + a.n);
		put_u8(&w, 1);
		put_u8(&w, attrs[i].proto);
		put_be16(&w, 0x0401);
		put_be32(&w, 0x101);
		put_be32(&w, 8 + a.n);
		put_be32(&w, 0x07090000);
		put_bytes(&w, blob_chunk(&a));
		body = writer_blob(&w);
		ok = v1_get_sa(blob_chunk(&body), &sa, &fault);
		if (ok != !!attrs[i].why)
			fail_msg("%s: %s", attrs[i].why, fault.why);
		if (ok) {
			assert_int_equal(sa.trans[0].number, 7);
			assert_int_equal(sa.trans[0].id, 9);
			sa.trans[0].number = 0;
			sa.trans[0].id = 0;
			if (memcmp(&sa.trans[0], &attrs[i].want, sizeof(sa.trans[0])))
				fail_msg("%s: other values", attrs[i].why);
		}
		blob_free(&a);
		blob_free(&body);
	}
}

/* @n proposals with @each transforms: what v1_get_sa() makes of them */
static bool many(unsigned int n, unsigned int each, struct wire_fault *fault)
{
	struct writer w = { 0 };
	unsigned int i, k;
	bool ok;

	put_be64(&w, 0x0000000100000001);
	for (i = 0; i < n; i++) {
		put_be32(&w, (i + 1 < n ? 0x02000000 : 0) | (12 + 8 * each));
		put_be32(&w, 0x01030400 | each);
		put_be32(&w, 0x1000);
		for (k = 0; k < each; k++) {
			put_be32(&w, (k + 1 < each ? 0x03000000 : 0) | 8);
			put_be32(&w, 0x010c0000);
		}
	}
	ok = v1_get_sa(writer_chunk(&w), &sa, fault);
	writer_free(&w);
	return ok;
}

static void proposals_are_bounded(void **state)
{
	struct wire_fault fault;

	(void)state;
	assert_true(many(1, V1_TRANSFORMS, &fault));
	assert_int_equal(sa.ntrans, V1_TRANSFORMS);
	assert_false(many(1, V1_TRANSFORMS + 1, &fault));
	assert_string_equal(fault.why, "too many transforms");
	assert_true(many(V1_PROPOSALS, 2, &fault));
	assert_false(many(V1_PROPOSALS + 1, 1, &fault));
	assert_string_equal(fault.why, "too many proposals");
	assert_false(many(V1_PROPOSALS, 255, &fault));
}

static void writes_informational(void **state)
{
	const struct v1_notify n = { V1_PROTO_ISAKMP, V1_N_R_U_THERE,
				     chunk("\1\2\3\4\5\6\7\10\21\22\23\24\25\26\27\30", 16), chunk("\0\0\0\11", 4) };
	const struct v1_delete d = { V1_PROTO_ESP, 4, 2, chunk("\0\0\1\2\0\0\3\4", 8) };
	struct sockaddr_storage sa4, sa6;
	struct wire_out o;

	(void)state;
	assert_true(addr_parse(&sa4, "192.0.2.7"));
	assert_true(addr_parse(&sa6, "2001:db8::7"));
	wire_begin_chain(&o);
	v1_put_notify(&o, &n);
	v1_put_delete(&o, &d);
	wire_open(&o, P1_ID);
	wire_put_id(&o.w, ID_IPV4_SUBNET, 0, 0, chunk("\12\0\1\0\377\377\377\0", 8));
	wire_close(&o);
	v1_put_natoa(&o, P1_NAT_OA, &sa4);
	v1_put_natoa(&o, P1_NAT_OA, &sa6);
	/* tshark */
	expect_hex(writer_chunk(&o.w),
		   "0c0000200000000101108d2801020304050607081112131415161718"
		   "00000009 050000140000000103040002000001020000030415000010040000000a000100"
		   "ffffff001500000c01000000c0000207 000000180500000020010db8000000000000000000000007",
		   "informational");
	assert_int_equal(wire_first(&o), P1_NOTIFY);
	writer_free(&o.w);
	wire_begin_chain(&o);
	v1_put_frag(&o, &(struct v1_frag){ 1, 3, true, chunk_str("abc") });
	v1_put_frag(&o, &(struct v1_frag){ 1, 2, false, chunk_str("ab") });
	/* tshark read the first */
	expect_hex(writer_chunk(&o.w), "8400000b 0001 03 01 616263 0000000a 0001 02 00 6162", "fragments");
	writer_free(&o.w);
}

static bool get_notify(struct chunk body)
{
	struct v1_notify n;

	return v1_get_notify(body, &n);
}

static bool get_delete(struct chunk body)
{
	struct v1_delete d;

	return v1_get_delete(body, &d);
}

static bool get_cert(struct chunk body)
{
	struct chunk data;
	uint8_t encoding;

	return wire_get_cert(body, &encoding, &data);
}

static bool get_natoa(struct chunk body)
{
	struct sockaddr_storage addr;

	return v1_get_natoa(body, &addr);
}

static bool get_frag(struct chunk body)
{
	struct v1_frag f;

	return v1_get_frag(body, &f);
}

static const struct body_row bodies[] = {
	{ get_notify, "00000001 0100000e", true, "no SPI, no data" },
	{ get_notify, "00000000 0100000e", true, "the generic DOI" },
	{ get_notify, "00000001 03040e00 01020304 ff", true, "SPI and data" },
	{ get_notify, "00000002 0100000e", false, "another DOI" },
	{ get_notify, "00000001 010000", false, "cut off" },
	{ get_notify, "00000001 0304000e 010203", false, "half of the SPI" },
	{ get_notify, "00000001 01ff000e", false, "an SPI of 255 bytes" },
	{ get_notify, "00000001 0111000e 0000000000000000000000000000000000", false, "an SPI of 17 bytes" },
	{ get_notify, "", false, "nothing" },
	{ get_delete, "00000001 03040001 00000101", true, "one SA" },
	{ get_delete, "00000001 01100001 000102030405060708090a0b0c0d0e0f", true, "an ISAKMP-SA" },
	{ get_delete, "00000001 04020001 1234", true, "a CPI" },
	{ get_delete, "00000001 03040002 00000101", false, "one of two" },
	{ get_delete, "00000001 03040001 0000010100", false, "a byte more" },
	{ get_delete, "00000001 03044001 00000101", false, "16385 of one, 2^16 + 4 bytes" },
	{ get_delete, "00000001 01101001 000102030405060708090a0b0c0d0e0f", false, "the same with cookies" },
	{ get_delete, "00000001 03040000", false, "none at all" },
	{ get_delete, "00000001 0304ffff 00000101", false, "65535" },
	{ get_delete, "00000001 03000001", false, "SPIs of no bytes" },
	{ get_delete, "00000001 03100001 000102030405060708090a0b0c0d0e0f", false, "cookies for ESP" },
	{ get_delete, "00000001 01080001 0001020304050607", false, "half of the cookies" },
	{ get_delete, "00000001 63040001 00000101", false, "an unknown protocol" },
	{ get_delete, "00000001 0304", false, "cut off" },
	{ get_cert, "04", true, "a request for any CA" },
	{ get_cert, "", false, "nothing" },
	{ get_natoa, "01000000 0a000001", true, "IPv4" },
	{ get_natoa, "05000000 20010db8000000000000000000000001", true, "IPv6" },
	{ get_natoa, "05000000 0a000001", false, "IPv6 with four bytes" },
	{ get_natoa, "01000000 20010db8000000000000000000000001", false, "IPv4 with sixteen" },
	{ get_natoa, "04000000 0a000001", false, "a subnet" },
	{ get_natoa, "01000000 0a0000", false, "three bytes" },
	{ get_natoa, "010000", false, "cut off" },
	{ get_frag, "0001 01 00 aa", true, "one byte" },
	{ get_frag, "0001 00 00 aa", false, "number 0" },
	{ get_frag, "0001 01 01", false, "no bytes" },
	{ get_frag, "0001 01", false, "cut off" },
};

static void judges_bodies(void **state)
{
	(void)state;
	judge_bodies(bodies, sizeof(bodies) / sizeof(bodies[0]));
}

/* most ids are the MD5 of a text, which libcrypto can tell */
static void vids_are_hashes(void **state)
{
	static const struct {
		enum v1_vid vid;
		const char *text;
		size_t n;
	} rows[] = {
		{ V1_VID_NATT_RFC, "RFC 3947", 16 },
		{ V1_VID_NATT_03, "draft-ietf-ipsec-nat-t-ike-03", 16 },
		{ V1_VID_NATT_02N, "draft-ietf-ipsec-nat-t-ike-02\n", 16 },
		{ V1_VID_NATT_02, "draft-ietf-ipsec-nat-t-ike-02", 16 },
		{ V1_VID_NATT_00, "draft-ietf-ipsec-nat-t-ike-00", 16 },
		{ V1_VID_XAUTH, "draft-ietf-ipsra-isakmp-xauth-06.txt", 8 },
		{ V1_VID_UNITY, "CISCO-UNITY", 14 },
		{ V1_VID_FRAG, "FRAGMENTATION", 16 },
		{ V1_VID_KAME, "KAME/racoon", 16 },
		{ V1_VID_IPSEC_TOOLS, "IPSec-Tools", 16 },
		{ V1_VID_MS, "MS NT5 ISAKMPOAKLEY", 16 },
		{ V1_VID_STRONGSWAN, "strongSwan", 16 },
		{ V1_VID_TESTUDO, "Testudo", 16 },
	};
	uint8_t md[EVP_MAX_MD_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(EVP_Digest(rows[i].text, strlen(rows[i].text), md, NULL, EVP_md5(), NULL));
		assert_memory_equal(v1_vid_bytes(rows[i].vid).p, md, rows[i].n);
	}
	for (i = V1_VID_UNKNOWN + 1; i < V1_VIDS; i++)
		assert_int_equal(v1_vid_by_bytes(v1_vid_bytes(i)), i);
	assert_string_equal(v1_vid_name(V1_VID_NATT_RFC), "RFC 3947");
	assert_string_equal(v1_vid_name(V1_VID_UNKNOWN), "unknown Vendor ID");
	assert_int_equal(v1_vid_bytes(V1_VID_UNKNOWN).n, 0);
}

static void vids_by_bytes(void **state)
{
	static const struct {
		const char *bytes;
		enum v1_vid want;
		const char *why;
	} rows[] = {
		{ "", V1_VID_UNKNOWN, "nothing" },
		{ "af", V1_VID_UNKNOWN, "the first byte of one" },
		{ "4a131c81070358455c5728f20e9545", V1_VID_UNKNOWN, "a byte short" },
		{ "4a131c81070358455c5728f20e95452f00", V1_VID_UNKNOWN, "a byte long" },
		{ "afcad71368a1f1c96b8696fc77570200", V1_VID_DPD, "a later version of DPD" },
		{ "4048b7d56ebce88525e7de7f00d6c2d3", V1_VID_FRAG, "Windows states no capabilities" },
		{ "4048b7d56ebce88525e7de7f00d6c2d3c0000000", V1_VID_FRAG, "Cisco" },
		{ "4048b7d56ebce88525e7de7f00d6c2d340000000", V1_VID_UNKNOWN, "in base mode only" },
		{ "4048b7d56ebce88525e7de7f00d6c2d38000", V1_VID_UNKNOWN, "half of the capabilities" },
		{ "12f5f28c457168a9702d9fe274cc0204", V1_VID_UNITY, "another version" },
		{ "1e2b516905991c7d7c96fcbfb587e46100000009", V1_VID_MS, "a Windows version" },
	};
	struct blob b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = hex(rows[i].bytes);
		if (v1_vid_by_bytes(blob_chunk(&b)) != rows[i].want)
			fail_msg("%s", rows[i].why);
		blob_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_scapys_phase1),
		cmocka_unit_test(reads_scapys_id),
		cmocka_unit_test(writes_phase1),
		cmocka_unit_test(writes_phase2),
		cmocka_unit_test(judges_sa_payloads),
		cmocka_unit_test(reads_attributes),
		cmocka_unit_test(proposals_are_bounded),
		cmocka_unit_test(writes_informational),
		cmocka_unit_test(judges_bodies),
		cmocka_unit_test(vids_are_hashes),
		cmocka_unit_test(vids_by_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
