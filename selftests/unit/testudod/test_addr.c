// SPDX-License-Identifier: GPL-2.0
/* test_addr - addresses and their text; what selectors have in common. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"

struct text_row {
	const char *text;
	const char *want;
	const char *why;
};

static const struct text_row texts[] = {
	{ "10.0.0.1", "10.0.0.1[0]", "no port" },
	{ "10.0.0.1[500]", "10.0.0.1[500]", "racoon's port" },
	{ "2001:db8::1[65535]", "2001:db8::1[65535]", "the last port" },
	{ "fe80::1%1", "fe80::1%1[0]", "a zone by number" },
	{ "fe80::1%lo[4500]", "fe80::1%1[4500]", "a zone by name is shown by number" },
	{ "::ffff:10.0.0.1", "::ffff:10.0.0.1[0]", "a mapped address stays IPv6" },
	{ "10.0.0.1[65536]", NULL, "port too large" },
	{ "10.0.0.1[]", NULL, "empty port" },
	{ "10.0.0.1[5", NULL, "bracket open" },
	{ "10.0.0.1[5]x", NULL, "something behind" },
	{ "10.0.0.1[-5]", NULL, "a sign" },
	{ "10.0.1", NULL, "the short forms of inet_aton()" },
	{ "0x0a000001", NULL, "the same" },
	{ "10.0.0.256", NULL, "no byte" },
	{ "10.0.0.1%lo", NULL, "IPv4 has no zones" },
	{ "fe80::1%", NULL, "empty zone" },
	{ "fe80::1%nosuchif0", NULL, "no such interface" },
	{ "fe80::1%0", NULL, "zone 0 is none" },
	{ "fe80::1%4294967296", NULL, "zone too large" },
	{ "example.com", NULL, "names are resolved elsewhere" },
	{ "", NULL, "nothing" },
	{ "1111:2222:3333:4444:5555:6666:7777:8888%12345678901234567890123456789012345678901234567890",
	  NULL, "longer than any" },
};

static void parses(void **state)
{
	struct sockaddr_storage sa;
	char buf[ADDR_TEXT];
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ok = addr_parse(&sa, texts[i].text);
		if (ok != !!texts[i].want || (ok && strcmp(addr_text(&sa, buf), texts[i].want)))
			fail_msg("%s: \"%s\" gives %s", texts[i].why, texts[i].text,
				 ok ? buf : "nothing");
		if (!ok)
			assert_int_equal(sa.ss_family, 0);
	}
}

static struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage sa;

	if (!addr_parse(&sa, text))
		fail_msg("%s is no address", text);
	return sa;
}

static void properties(void **state)
{
	struct sockaddr_storage none = { 0 };
	struct sockaddr_storage a = addr("10.0.0.1[500]");
	struct sockaddr_storage b = addr("10.0.0.1[4500]");
	struct sockaddr_storage v6 = addr("2001:db8::1");
	struct sockaddr_storage zone1 = addr("fe80::1%1");
	struct sockaddr_storage zone2 = addr("fe80::1%2");
	struct sockaddr_storage zoneless = addr("fe80::1");
	struct sockaddr_storage sa;
	char buf[ADDR_TEXT];

	(void)state;
	assert_true(addr_same_host(&a, &b));
	assert_false(addr_same(&a, &b));
	addr_set_port(&b, 500);
	assert_true(addr_same(&a, &b));
	assert_false(addr_same_host(&a, &v6));
	assert_false(addr_same_host(&a, &none));
	assert_true(addr_same_host(&none, &none));
	assert_false(addr_same_host(&zone1, &zone2));
	assert_true(addr_same_host(&zone1, &zoneless));
	sa = addr("0.0.0.0");
	assert_true(addr_is_any(&sa));
	sa = addr("::");
	assert_true(addr_is_any(&sa));
	assert_false(addr_is_any(&none));
	assert_false(addr_is_any(&a));
	assert_int_equal(addr_bits(&a), 32);
	assert_int_equal(addr_bits(&v6), 128);
	assert_int_equal(addr_bits(&none), 0);
	assert_int_equal(addr_len(&a), sizeof(struct sockaddr_in));
	assert_int_equal(addr_len(&v6), sizeof(struct sockaddr_in6));
	assert_int_equal(addr_len(&none), 0);
	assert_int_equal(addr_port(&none), 0);
	assert_string_equal(addr_text(&none, buf), "none");
	assert_string_equal(addr_host(&a, buf), "10.0.0.1");
	assert_true(addr_from_bytes(&sa, addr_bytes(&v6)));
	assert_true(addr_same(&sa, &v6));
	assert_false(addr_from_bytes(&sa, chunk("12345", 5)));
	assert_false(addr_from_bytes(&sa, chunk(NULL, 0)));
}

/* "A-B" or "A/bits", then protocol and ports */
struct sel {
	const char *lo;
	const char *hi;
	uint8_t proto;
	uint16_t port_lo;
	uint16_t port_hi;
};

#define ANY_PORT	0, 65535
#define OPAQUE		65535, 0

static struct ts sel(const struct sel *s)
{
	struct sockaddr_storage lo = addr(s->lo);
	struct sockaddr_storage hi = addr(s->hi);
	struct ts ts = { .family = lo.ss_family, .proto = s->proto, .port_lo = s->port_lo,
			 .port_hi = s->port_hi };

	memcpy(ts.lo, addr_bytes(&lo).p, addr_bytes(&lo).n);
	memcpy(ts.hi, addr_bytes(&hi).p, addr_bytes(&hi).n);
	return ts;
}

struct pair_row {
	struct sel a;
	struct sel b;
	bool meet;
	struct sel both;
	bool a_has_b;
	const char *why;
};

static const struct pair_row pairs[] = {
	{ { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, true,
	  { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, true, "equal ones" },
	{ { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, { "10.0.0.128", "10.0.1.9", 0, ANY_PORT }, true,
	  { "10.0.0.128", "10.0.0.255", 0, ANY_PORT }, false, "they overlap" },
	{ { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, { "10.0.0.7", "10.0.0.7", 6, 80, 80 }, true,
	  { "10.0.0.7", "10.0.0.7", 6, 80, 80 }, true, "a host and a port of it" },
	{ { "10.0.0.7", "10.0.0.7", 6, 80, 80 }, { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, true,
	  { "10.0.0.7", "10.0.0.7", 6, 80, 80 }, false, "the other way round" },
	{ { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, { "10.0.1.0", "10.0.1.255", 0, ANY_PORT }, false,
	  { 0 }, false, "neighbours" },
	{ { "10.0.0.0", "10.0.0.255", 6, ANY_PORT }, { "10.0.0.0", "10.0.0.255", 17, ANY_PORT }, false,
	  { 0 }, false, "another protocol" },
	{ { "10.0.0.0", "10.0.0.255", 6, 1, 80 }, { "10.0.0.0", "10.0.0.255", 6, 80, 90 }, true,
	  { "10.0.0.0", "10.0.0.255", 6, 80, 80 }, false, "one port in common" },
	{ { "10.0.0.0", "10.0.0.255", 6, 1, 79 }, { "10.0.0.0", "10.0.0.255", 6, 80, 90 }, false,
	  { 0 }, false, "no port in common" },
	{ { "0.0.0.0", "255.255.255.255", 0, ANY_PORT }, { "::", "::1", 0, ANY_PORT }, false,
	  { 0 }, false, "another family" },
	{ { "2001:db8::", "2001:db8::ffff", 0, ANY_PORT }, { "2001:db8::1", "2001:db8::1", 58, 0x8000, 0x80ff },
	  true, { "2001:db8::1", "2001:db8::1", 58, 0x8000, 0x80ff }, true, "ICMPv6 echo requests" },
	{ { "10.0.0.0", "10.0.0.255", 6, ANY_PORT }, { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, true,
	  { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, true, "any port holds packets without one" },
	{ { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, { "10.0.0.0", "10.0.0.255", 6, ANY_PORT }, true,
	  { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, false, "but not the other way round" },
	{ { "10.0.0.0", "10.0.0.255", 6, 0, 65534 }, { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, false,
	  { 0 }, false, "a range of ports does not" },
	{ { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, true,
	  { "10.0.0.0", "10.0.0.255", 6, OPAQUE }, true, "OPAQUE twice" },
	{ { "10.0.0.0", "10.0.0.255", 0, ANY_PORT }, { "10.0.0.9", "10.0.0.7", 0, ANY_PORT }, false,
	  { 0 }, false, "a range that ends before it starts is empty" },
	{ { "10.0.0.0", "10.0.0.255", 6, ANY_PORT }, { "10.0.0.0", "10.0.0.255", 6, 90, 80 }, false,
	  { 0 }, false, "so are such ports" },
	{ { "0.0.0.0", "127.255.255.255", 0, ANY_PORT }, { "128.0.0.0", "255.255.255.255", 0, ANY_PORT },
	  false, { 0 }, false, "bytes compare without sign" },
};

static void pairs_meet(void **state)
{
	const struct pair_row *row;
	struct ts a, b, got, want;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		row = &pairs[i];
		a = sel(&row->a);
		b = sel(&row->b);
		if (ts_intersect(&a, &b, &got) != row->meet)
			fail_msg("%s: they %s", row->why, row->meet ? "must meet" : "must not meet");
		if (row->meet) {
			want = sel(&row->both);
			if (!ts_equal(&got, &want))
				fail_msg("%s: another intersection", row->why);
			/* it is the same from the other side, and may overwrite its source */
			assert_true(ts_intersect(&b, &a, &b));
			assert_true(ts_equal(&b, &want));
			b = sel(&row->b);
		}
		if (ts_contains(&a, &b) != row->a_has_b)
			fail_msg("%s: contains is wrong", row->why);
	}
}

struct prefix_row {
	struct sel ts;
	int bits;
	const char *text;
	int port;
	const char *why;
};

static const struct prefix_row prefixes[] = {
	{ { "10.0.1.0", "10.0.1.255", 0, ANY_PORT }, 24, "10.0.1.0/24[any] any", 0, "a net" },
	{ { "10.0.0.1", "10.0.0.1", 6, 80, 80 }, 32, "10.0.0.1/32[80] tcp", 80, "a host" },
	{ { "0.0.0.0", "255.255.255.255", 0, ANY_PORT }, 0, "0.0.0.0/0[any] any", 0, "everything" },
	{ { "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 17, 1701, 1701 }, 0, "::/0[1701] udp",
	  1701, "all of IPv6" },
	{ { "2001:db8::", "2001:db8::7fff", 0, ANY_PORT }, 113, "2001:db8::/113[any] any", 0, "an odd length" },
	{ { "10.0.0.1", "10.0.0.9", 6, 80, 90 }, -1, "10.0.0.1-10.0.0.9[80-90] tcp", -1, "a range" },
	{ { "10.0.0.0", "10.0.0.254", 0, ANY_PORT }, -1, "10.0.0.0-10.0.0.254[any] any", 0, "one short of a net" },
	{ { "10.0.0.1", "10.0.0.255", 0, ANY_PORT }, -1, "10.0.0.1-10.0.0.255[any] any", 0, "starts one late" },
	{ { "10.0.0.128", "10.0.1.127", 0, ANY_PORT }, -1, "10.0.0.128-10.0.1.127[any] any", 0,
	  "the size of a net, but across its border" },
	{ { "10.0.0.1", "10.0.0.1", 1, 0x0800, 0x08ff }, 32, "10.0.0.1/32[8,0-8,255] icmp", -1, "echo requests" },
	{ { "10.0.0.1", "10.0.0.1", 1, 0, 0 }, 32, "10.0.0.1/32[0,0] icmp", -1, "echo replies are not any" },
	{ { "10.0.0.1", "10.0.0.1", 47, OPAQUE }, 32, "10.0.0.1/32[opaque] gre", -1, "OPAQUE is not any" },
	{ { "10.0.0.1", "10.0.0.1", 253, 65535, 65535 }, 32, "10.0.0.1/32[65535] 253", 65535, "an odd protocol" },
	{ { "10.0.0.9", "10.0.0.1", 0, ANY_PORT }, -1, "10.0.0.9-10.0.0.1[any] any", 0, "backwards" },
};

static void prefixes_and_text(void **state)
{
	struct sockaddr_storage sa;
	char buf[TS_TEXT];
	unsigned int bits;
	struct ts ts, back;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		ts = sel(&prefixes[i].ts);
		ok = ts_prefix(&ts, &sa, &bits);
		if (ok != (prefixes[i].bits >= 0) || (ok && (int)bits != prefixes[i].bits))
			fail_msg("%s: another prefix", prefixes[i].why);
		if (strcmp(ts_text(&ts, buf), prefixes[i].text))
			fail_msg("%s: text is %s", prefixes[i].why, buf);
		if (ts_port(&ts) != prefixes[i].port)
			fail_msg("%s: port is %d", prefixes[i].why, ts_port(&ts));
		if (ok && prefixes[i].port >= 0) {
			ts_from_prefix(&back, &sa, bits, ts.proto, prefixes[i].port);
			assert_true(ts_equal(&ts, &back));
		}
	}
}

static void from_prefix_cuts(void **state)
{
	struct sockaddr_storage sa = addr("10.0.1.77[500]");
	struct sockaddr_storage net = addr("10.0.1.0");
	struct sockaddr_storage none = { 0 };
	char buf[TS_TEXT];
	struct ts ts;

	(void)state;
	ts_from_prefix(&ts, &sa, 24, 0, 0);
	assert_string_equal(ts_text(&ts, buf), "10.0.1.0/24[any] any");
	assert_false(ts_is_host(&ts, &net));
	ts_from_prefix(&ts, &sa, 9, 6, 22);
	assert_string_equal(ts_text(&ts, buf), "10.0.0.0/9[22] tcp");
	ts_from_prefix(&ts, &sa, 4000, 0, 0);
	assert_true(ts_is_host(&ts, &sa));
	ts_host(&ts, &sa);
	assert_string_equal(ts_text(&ts, buf), "10.0.1.77/32[any] any");
	ts_host(&ts, &none);
	assert_int_equal(ts.family, 0);
	assert_false(ts_is_host(&ts, &none));
	assert_false(ts_intersect(&ts, &ts, &ts));
	assert_string_equal(ts_text(&ts, buf), "none-none[any] any");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(properties),
		cmocka_unit_test(pairs_meet),
		cmocka_unit_test(prefixes_and_text),
		cmocka_unit_test(from_prefix_cuts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
