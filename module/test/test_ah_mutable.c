// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of xform/ah_mutable.c, for the module and for user space: headers
 * before and after, written from RFC 4302 by hand, and lies about lengths.
 */
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "test/test.h"
#include "xform/ah_mutable.h"

#define HDR_MAX		120

/* IPv4 from 10.0.0.1 to 10.0.0.2: TOS, length 100, id 0x1234, DF, TTL 63, AH */
#define V4(ihl)		(ihl), 0xb8, 0, 100, 0x12, 0x34, 0x40, 0, 63, 51, \
			0xab, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2
#define V4_MASKED(ihl, to)	(ihl), 0, 0, 100, 0x12, 0x34, 0, 0, 0, 51, \
			0, 0, 10, 0, 0, 1, 10, 0, 0, (to)

/* IPv6 from ::1 to ::2: class 0xb8, flow label 0x54321, length 60, limit 63 */
#define V6(nh)		0x6b, 0x85, 0x43, 0x21, 0, 60, (nh), 63, \
			ADDR(1), ADDR(2)
#define V6_MASKED(nh, to)	0x60, 0, 0, 0, 0, 60, (nh), 0, \
			ADDR(1), ADDR(to)
#define ADDR(n)		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (n)

static const struct {
	u8 len;
	u8 family;
	u8 hdr[HDR_MAX];
	u8 want[HDR_MAX];
	const char *why;
} good_cases[] = {
	{ 20, AF_INET, { V4(0x45) }, { V4_MASKED(0x45, 2) }, "a plain header" },
	{ 24, AF_INET, { V4(0x46), 148, 4, 0, 0 },
	  { V4_MASKED(0x46, 2), 148, 4, 0, 0 }, "router alert stays" },
	{ 28, AF_INET, { V4(0x47), 1, 7, 5, 4, 9, 9, 0, 77 },
	  { V4_MASKED(0x47, 2), 1, 0, 0, 0, 0, 0, 0, 77 },
	  "record route goes, with its type and length; behind the end nothing does" },
	{ 32, AF_INET, { V4(0x48), 68, 12, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	  { V4_MASKED(0x48, 2) }, "a time stamp goes" },
	{ 28, AF_INET, { V4(0x47), 131, 7, 4, 10, 0, 0, 9, 0 },
	  { V4_MASKED(0x47, 9) }, "a loose route that goes on ends at its last address" },
	{ 28, AF_INET, { V4(0x47), 137, 7, 8, 10, 0, 0, 9, 0 },
	  { V4_MASKED(0x47, 2) }, "a strict route at its end" },
	{ 32, AF_INET, { V4(0x48), 131, 11, 8, 1, 1, 1, 1, 10, 0, 0, 7, 1 },
	  { V4_MASKED(0x48, 7), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
	  "half way along the route" },
	{ 28, AF_INET, { V4(0x47), 130, 3, 9, 133, 3, 9, 134, 2 },
	  { V4_MASKED(0x47, 2), 130, 3, 9, 133, 3, 9, 134, 2 },
	  "security labels stay" },
	{ 24, AF_INET, { V4(0x46), 136, 4, 1, 2 }, { V4_MASKED(0x46, 2) },
	  "an option that no table names goes" },

	{ 40, AF_INET6, { V6(51) }, { V6_MASKED(51, 2) }, "a plain header" },
	{ 48, AF_INET6, { V6(0), 51, 0, 5, 2, 0, 0, 1, 0 },
	  { V6_MASKED(0, 2), 51, 0, 5, 2, 0, 0, 1, 0 },
	  "hop-by-hop: router alert stays" },
	{ 48, AF_INET6, { V6(0), 51, 0, 0x3e, 3, 7, 7, 7, 0 },
	  { V6_MASKED(0, 2), 51, 0, 0x3e, 3, 0, 0, 0, 0 },
	  "data that may change goes, type and length stay" },
	{ 56, AF_INET6, { V6(0), 60, 0, 0, 0, 0, 0, 0, 0,
			  51, 0, 0x1e, 1, 9, 0x25, 1, 9 },
	  { V6_MASKED(0, 2), 60, 0, 0, 0, 0, 0, 0, 0,
	    51, 0, 0x1e, 1, 9, 0x25, 1, 0 },
	  "hop-by-hop of padding alone, then destination options" },
	{ 80, AF_INET6, { V6(43), 51, 4, 0, 2, 0, 0, 0, 0, ADDR(3), ADDR(4) },
	  { V6_MASKED(43, 4), 51, 4, 0, 0, 0, 0, 0, 0, ADDR(2), ADDR(3) },
	  "routing type 0 at its begin: two swaps" },
	{ 80, AF_INET6, { V6(43), 51, 4, 0, 1, 0, 0, 0, 0, ADDR(3), ADDR(4) },
	  { V6_MASKED(43, 4), 51, 4, 0, 0, 0, 0, 0, 0, ADDR(3), ADDR(2) },
	  "routing type 0, one to go" },
	{ 80, AF_INET6, { V6(43), 51, 4, 0, 0, 0, 0, 0, 0, ADDR(3), ADDR(4) },
	  { V6_MASKED(43, 2), 51, 4, 0, 0, 0, 0, 0, 0, ADDR(3), ADDR(4) },
	  "routing type 0 at its end" },
	{ 64, AF_INET6, { V6(43), 51, 2, 2, 1, 0, 0, 0, 0, ADDR(5) },
	  { V6_MASKED(43, 5), 51, 2, 2, 0, 0, 0, 0, 0, ADDR(2) },
	  "routing type 2: the home address" },
	{ 80, AF_INET6, { V6(43), 51, 4, 4, 1, 1, 0, 0, 7, ADDR(6), ADDR(2) },
	  { V6_MASKED(43, 6), 51, 4, 4, 0, 1, 0, 0, 7, ADDR(6), ADDR(2) },
	  "segment routing: the list stays" },
	{ 48, AF_INET6, { V6(43), 51, 0, 99, 0, 1, 2, 3, 4 },
	  { V6_MASKED(43, 2), 51, 0, 99, 0, 1, 2, 3, 4 },
	  "an unknown type that has arrived is as it is" },
};

static const struct {
	u8 len;
	u8 family;
	u8 hdr[HDR_MAX];
	const char *why;
} bad_cases[] = {
	{ 19, AF_INET, { V4(0x45) }, "shorter than a header" },
	{ 20, AF_INET, { V4(0x46) }, "longer than it is" },
	{ 24, AF_INET, { V4(0x46), 1, 1, 1, 7 }, "an option without a length" },
	{ 24, AF_INET, { V4(0x46), 7, 1, 0, 0 }, "a length of one" },
	{ 24, AF_INET, { V4(0x46), 7, 5, 0, 0 }, "an option that is too long" },
	{ 39, AF_INET6, { V6(51) }, "shorter than a header" },
	{ 40, AF_INET6, { V6(17) }, "not in front of AH" },
	{ 44, AF_INET6, { V6(0), 51, 0, 0, 0 }, "half of a header" },
	{ 48, AF_INET6, { V6(0), 51, 1, 0, 0 }, "a header that is too long" },
	{ 48, AF_INET6, { V6(0), 51, 0, 5, 5, 0, 0, 0, 0 }, "an option that is too long" },
	{ 48, AF_INET6, { V6(0), 51, 0, 5, 3, 0, 0, 0, 5 }, "an option without a length" },
	{ 48, AF_INET6, { V6(44), 51, 0, 0, 1, 0, 0, 0, 5 }, "a fragment" },
	{ 64, AF_INET6, { V6(43), 51, 2, 0, 2, 0, 0, 0, 0, ADDR(3) }, "more segments than addresses" },
	{ 48, AF_INET6, { V6(43), 51, 0, 0, 1, 0, 0, 0, 0 }, "a route without an address" },
	{ 64, AF_INET6, { V6(43), 51, 2, 4, 1, 0, 0, 0, 0, ADDR(3) }, "a segment beyond the last" },
	{ 64, AF_INET6, { V6(43), 51, 2, 4, 1, 1, 0, 0, 0, ADDR(3) }, "a list beyond its header" },
	{ 64, AF_INET6, { V6(43), 51, 2, 3, 1, 0, 0, 0, 0, ADDR(3) }, "an unknown type on its way" },
};

static bool test_good(void)
{
	u8 buf[HDR_MAX] __aligned(4);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good_cases); i++) {
		memcpy(buf, good_cases[i].hdr, sizeof(buf));
		TEST_ROW(!ipsec_ah_mask(buf, good_cases[i].len,
					good_cases[i].family),
			 i, good_cases[i].why);
		TEST_ROW(!memcmp(buf, good_cases[i].want, sizeof(buf)), i,
			 good_cases[i].why);
		TEST_ROW(!ipsec_ah_mask(buf, good_cases[i].len,
					good_cases[i].family) &&
			 !memcmp(buf, good_cases[i].want, sizeof(buf)), i,
			 "once more changes nothing");
	}
	return true;
}

static bool test_bad(void)
{
	u8 buf[HDR_MAX] __aligned(4);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		memcpy(buf, bad_cases[i].hdr, sizeof(buf));
		TEST_ROW(ipsec_ah_mask(buf, bad_cases[i].len,
				       bad_cases[i].family),
			 i, bad_cases[i].why);
	}
	return true;
}

/* Noise in all places: never a byte outside, and never one that may change. */
static bool test_noise(void)
{
	u8 buf[HDR_MAX] __aligned(4), copy[HDR_MAX];
	u32 rnd = 4302;
	size_t i, n;

	for (n = 0; n < 20000; n++) {
		bool v6 = n & 1;
		unsigned int len = v6 ? 40 + 8 * (ipsec_test_random(&rnd) % 8) :
					20 + 4 * (ipsec_test_random(&rnd) % 11);

		for (i = 0; i < sizeof(buf); i++)
			buf[i] = ipsec_test_random(&rnd) & 3 ?
				 ipsec_test_random(&rnd) % 9 :
				 ipsec_test_random(&rnd);
		buf[0] = v6 ? 0x60 : 0x40 | len / 4;
		memcpy(copy, buf, sizeof(buf));
		if (ipsec_ah_mask(buf, len, v6 ? AF_INET6 : AF_INET))
			continue;
		TEST_OK(!memcmp(buf + len, copy + len, sizeof(buf) - len),
			"nothing behind the headers is written");
		TEST_OK(buf[v6 ? 7 : 8] == 0, "no TTL remains");
	}
	return true;
}

/**
 * ipsec_test_ah_mutable() - self-tests of xform/ah_mutable.c
 *
 * Return: false when one failed, after saying which.
 */
bool ipsec_test_ah_mutable(void)
{
	return test_good() && test_bad() && test_noise();
}
