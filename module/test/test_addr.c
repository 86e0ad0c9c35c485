// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of base/addr.c, for the module and for user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "base/addr.h"
#include "test/test.h"

#define W(a, b, c, d) { .w = { cpu_to_be32(a), cpu_to_be32(b), \
			       cpu_to_be32(c), cpu_to_be32(d) } }

static const struct {
	union ipsec_addr a, prefix;
	unsigned int len;
	bool match;
	const char *why;
} prefix_cases[] = {
	{ W(0x0a000001, 0, 0, 0), W(0xc0a80101, 0, 0, 0), 0, true,
	  "length 0 takes every address" },
	{ W(0x0a000001, 0, 0, 0), W(0x0a000001, 0, 0, 0), 32, true,
	  "a host is itself" },
	{ W(0x0a000002, 0, 0, 0), W(0x0a000001, 0, 0, 0), 32, false,
	  "the last bit counts in /32" },
	{ W(0x0a000003, 0, 0, 0), W(0x0a000002, 0, 0, 0), 31, true,
	  "the last bit does not count in /31" },
	{ W(0x0a0000ff, 0, 0, 0), W(0x0a000001, 0, 0, 0), 24, true,
	  "bits of the prefix beyond its length do not matter" },
	{ W(0x8a000001, 0, 0, 0), W(0x0a000001, 0, 0, 0), 1, false,
	  "the first bit alone" },
	{ W(0x20010db8, 0, 0, 1), W(0x20010db8, 0, 0, 2), 64, true,
	  "a prefix of whole words" },
	{ W(0x20010db8, 1, 0, 1), W(0x20010db8, 0, 0, 1), 64, false,
	  "the second word counts in /64" },
	{ W(0x20010db8, 0, 0, 1), W(0x20010db8, 0, 0, 1), 128, true,
	  "a whole IPv6 address" },
	{ W(0x20010db8, 0, 0, 3), W(0x20010db8, 0, 0, 2), 127, true,
	  "the last bit does not count in /127" },
	{ W(0x20010db8, 0, 0, 3), W(0x20010db8, 0, 0, 2), 128, false,
	  "the last bit counts in /128" },
	{ W(0x20010db8, 0x80000000, 0, 0), W(0x20010db8, 0, 0, 0), 33, false,
	  "one bit beyond the first word" },
};

static bool test_prefix_table(void)
{
	union ipsec_addr a, p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefix_cases); i++) {
		TEST_ROW(ipsec_addr_prefix_match(&prefix_cases[i].a,
						 &prefix_cases[i].prefix,
						 prefix_cases[i].len) ==
			 prefix_cases[i].match, i, prefix_cases[i].why);
		ipsec_addr_mask(&a, &prefix_cases[i].a, prefix_cases[i].len);
		ipsec_addr_mask(&p, &prefix_cases[i].prefix,
				prefix_cases[i].len);
		TEST_ROW(ipsec_addr_equal(&a, &p) == prefix_cases[i].match, i,
			 "masked to the length, they are equal when they match");
	}
	return true;
}

static bool model_bit(const union ipsec_addr *a, unsigned int bit)
{
	return ((const u8 *)a)[bit / 8] & (0x80 >> (bit % 8));
}

/* Bit by bit: the first @len are kept, the others are zero. */
static bool model_masked(const union ipsec_addr *out,
			 const union ipsec_addr *a, unsigned int len)
{
	unsigned int bit;

	for (bit = 0; bit < 128; bit++) {
		if (model_bit(out, bit) != (bit < len && model_bit(a, bit)))
			return false;
	}
	return true;
}

static bool test_mask_model(void)
{
	union ipsec_addr a, b, out;
	u32 rnd = 0x7e57;
	unsigned int len, i;

	for (len = 0; len <= 128; len++) {
		for (i = 0; i < 4; i++)
			a.w[i] = cpu_to_be32(ipsec_test_random(&rnd));
		ipsec_addr_mask(&out, &a, len);
		TEST_ROW(model_masked(&out, &a, len), len,
			 "the mask keeps exactly the prefix");
		TEST_ROW(ipsec_addr_prefix_match(&a, &out, len), len,
			 "an address is in its own prefix");
		if (!len)
			continue;
		b = a;
		b.w[(len - 1) / 32] ^= cpu_to_be32(1U << (31 - (len - 1) % 32));
		TEST_ROW(!ipsec_addr_prefix_match(&b, &out, len), len,
			 "another last bit of the prefix is another prefix");
		ipsec_addr_mask(&b, &b, len - 1);
		ipsec_addr_mask(&out, &a, len - 1);
		TEST_ROW(ipsec_addr_equal(&b, &out), len,
			 "masking in place, without that bit, is the same");
	}
	return true;
}

static bool test_sockaddr(void)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
				     .sin6_port = cpu_to_be16(4500),
				     .sin6_scope_id = 7 };
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = cpu_to_be16(500) };
	const struct sockaddr *sa6 = (const struct sockaddr *)&sin6;
	const struct sockaddr *sa4 = (const struct sockaddr *)&sin;
	struct sockaddr_in6 out;
	union ipsec_addr a;
	__be16 port;
	u16 family;

	sin.sin_addr.s_addr = cpu_to_be32(0x0a000001);
	sin6.sin6_addr.s6_addr[15] = 9;

	memset(&a, 0xff, sizeof(a));
	TEST_OK(!ipsec_addr_from_sockaddr(&a, &family, &port, sa4,
					  sizeof(sin)), "sockaddr_in");
	TEST_OK(family == AF_INET && port == cpu_to_be16(500) &&
		a.a4 == cpu_to_be32(0x0a000001) && !(a.w[1] | a.w[2] | a.w[3]),
		"an IPv4 address is padded with zeroes");
	memset(&out, 0xff, sizeof(out));
	TEST_OK(ipsec_addr_to_sockaddr(&out, &a, family, port) ==
		sizeof(sin) && !memcmp(&out, &sin, sizeof(sin)),
		"sockaddr_in there and back, its padding zero");

	TEST_OK(!ipsec_addr_from_sockaddr(&a, &family, NULL, sa6,
					  sizeof(sin6)),
		"sockaddr_in6, nobody wants the port");
	TEST_OK(family == AF_INET6 && a.a6.s6_addr[15] == 9, "its address");
	sin6.sin6_port = 0;
	sin6.sin6_scope_id = 0;
	TEST_OK(ipsec_addr_to_sockaddr(&out, &a, family, 0) == sizeof(sin6) &&
		!memcmp(&out, &sin6, sizeof(sin6)),
		"sockaddr_in6 there and back, without its scope");

	TEST_OK(ipsec_addr_from_sockaddr(&a, &family, &port, sa4,
					 sizeof(sin) - 1) == -EINVAL,
		"a sockaddr_in that is a byte short");
	TEST_OK(ipsec_addr_from_sockaddr(&a, &family, &port, sa6,
					 sizeof(sin6) - 1) == -EINVAL,
		"a sockaddr_in6 that is a byte short");
	TEST_OK(ipsec_addr_from_sockaddr(&a, &family, &port, sa4, 1) == -EINVAL,
		"not even a family");
	sin.sin_family = AF_UNIX;
	TEST_OK(ipsec_addr_from_sockaddr(&a, &family, &port, sa4,
					 sizeof(sin)) == -EAFNOSUPPORT,
		"a family that is not ours");
	TEST_OK(ipsec_addr_to_sockaddr(&out, &a, AF_UNIX, 0) == 0,
		"and the same outwards");
	return true;
}

static bool test_kinds(void)
{
	static const union ipsec_addr any = W(0, 0, 0, 0);
	static const union ipsec_addr host = W(0x0a000001, 0, 0, 0);
	static const union ipsec_addr group4 = W(0xe0000001, 0, 0, 0);
	static const union ipsec_addr last4 = W(0xefffffff, 0, 0, 0);
	static const union ipsec_addr class_e = W(0xf0000000, 0, 0, 0);
	static const union ipsec_addr group6 = W(0xff020000, 0, 0, 1);
	static const union ipsec_addr local6 = W(0xfe800000, 0, 0, 1);

	TEST_OK(ipsec_addr_is_any(&any) && !ipsec_addr_is_any(&host), "any");
	TEST_OK(ipsec_addr_bits(AF_INET) == 32 &&
		ipsec_addr_bits(AF_INET6) == 128 &&
		ipsec_addr_bits(AF_UNIX) == 0, "widths");
	TEST_OK(ipsec_addr_is_multicast(&group4, AF_INET) &&
		ipsec_addr_is_multicast(&last4, AF_INET) &&
		!ipsec_addr_is_multicast(&class_e, AF_INET) &&
		!ipsec_addr_is_multicast(&host, AF_INET), "224.0.0.0/4");
	TEST_OK(ipsec_addr_is_multicast(&group6, AF_INET6) &&
		!ipsec_addr_is_multicast(&local6, AF_INET6), "ff00::/8");
	TEST_OK(ipsec_addr_hash(&host, 1) == ipsec_addr_hash(&host, 1),
		"the hash of an address is one number");
	TEST_OK(ipsec_addr_hash(&host, 1) != ipsec_addr_hash(&host, 2),
		"another seed, another hash");
	TEST_OK(ipsec_addr_hash(&group6, 1) != ipsec_addr_hash(&local6, 1),
		"other addresses, other hashes");
	return true;
}

/**
 * ipsec_test_addr() - self-test
 *
 * Return: true when all is well.
 */
bool ipsec_test_addr(void)
{
	return test_prefix_table() && test_mask_model() && test_sockaddr() &&
	       test_kinds();
}
