// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of base/selector.c, for the module and for user space.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "base/selector.h"
#include "test/test.h"

#define IP4(x)	{ .w = { cpu_to_be32(x) } }
#define TCP	IPPROTO_TCP
#define UDP	IPPROTO_UDP
#define OPAQUE	IPSEC_FLOW_OPAQUE
#define HIDDEN	(IPSEC_FLOW_OPAQUE | IPSEC_FLOW_NO_PROTO)

/* 10.0.0.0/24 -> 10.0.1.0/24, what else is given */
#define SEL(p, sp, dp) { .saddr = IP4(0x0a000000), .daddr = IP4(0x0a000100), \
	.sport = cpu_to_be16(sp), .dport = cpu_to_be16(dp), \
	.family = AF_INET, .splen = 24, .dplen = 24, .proto = (p) }
/* 10.0.0.7 -> 10.0.1.9 */
#define FLOW(p, sp, dp, f) { .saddr = IP4(0x0a000007), \
	.daddr = IP4(0x0a000109), .sport = cpu_to_be16(sp), \
	.dport = cpu_to_be16(dp), .family = AF_INET, .proto = (p), \
	.flags = (f) }

static const struct {
	struct ipsec_selector sel;
	struct ipsec_flow fl;
	bool match;
	const char *why;
} match_cases[] = {
	{ SEL(0, 0, 0), FLOW(TCP, 1, 2, 0), true, "prefixes alone" },
	{ SEL(TCP, 0, 0), FLOW(TCP, 1, 2, 0), true, "and the protocol" },
	{ SEL(UDP, 0, 0), FLOW(TCP, 1, 2, 0), false, "another protocol" },
	{ SEL(TCP, 1, 0), FLOW(TCP, 1, 2, 0), true, "and the source port" },
	{ SEL(TCP, 2, 0), FLOW(TCP, 1, 2, 0), false,
	  "the source port is not the other one" },
	{ SEL(TCP, 0, 2), FLOW(TCP, 1, 2, 0), true, "the destination port" },
	{ SEL(TCP, 1, 2), FLOW(TCP, 1, 2, 0), true, "both ports" },
	{ SEL(TCP, 1, 3), FLOW(TCP, 1, 2, 0), false, "one port of two" },
	{ SEL(0, 0, 53), FLOW(UDP, 9, 53, 0), true,
	  "a port without a protocol takes any protocol" },
	{ SEL(TCP, 0, 2), FLOW(TCP, 1, 2, OPAQUE), false,
	  "an opaque flow has no port that could match" },
	{ SEL(TCP, 0, 0), FLOW(TCP, 0, 0, OPAQUE), true,
	  "an opaque flow has a protocol" },
	{ SEL(TCP, 0, 0), FLOW(TCP, 0, 0, HIDDEN), false,
	  "unless that is hidden too" },
	{ SEL(0, 0, 0), FLOW(60, 0, 0, HIDDEN), true,
	  "a hidden protocol is in any" },
	{ SEL(60, 0, 0), FLOW(60, 0, 0, HIDDEN), false,
	  "an extension header's number is no protocol" },
	{ SEL(1, 8, 0), FLOW(1, 8, 0, 0), true, "an ICMP type" },
	{ SEL(1, 8, 0), FLOW(1, 0, 0, 0), false, "another ICMP type" },
	{ SEL(1, 3, 4), FLOW(1, 3, 1, 0), false, "another ICMP code" },
};

static bool test_match_table(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(match_cases); i++)
		TEST_ROW(ipsec_selector_match(&match_cases[i].sel,
					      &match_cases[i].fl) ==
			 match_cases[i].match, i, match_cases[i].why);
	return true;
}

static bool test_match_addresses(void)
{
	static const struct ipsec_flow fl = FLOW(TCP, 1, 2, 0);
	struct ipsec_selector sel = SEL(0, 0, 0);

	sel.saddr.a4 = cpu_to_be32(0x0a0000ff);
	TEST_OK(ipsec_selector_match(&sel, &fl),
		"bits beyond the prefix do not matter");
	sel.splen = 32;
	TEST_OK(!ipsec_selector_match(&sel, &fl), "another source");
	sel = (struct ipsec_selector)SEL(0, 0, 0);
	sel.dplen = 31;
	TEST_OK(!ipsec_selector_match(&sel, &fl), "another destination");
	sel = (struct ipsec_selector){ .family = AF_INET6 };
	TEST_OK(!ipsec_selector_match(&sel, &fl),
		"::/0 is not for IPv4 packets");
	sel.family = AF_INET;
	TEST_OK(ipsec_selector_match(&sel, &fl), "0.0.0.0/0 is");
	return true;
}

static bool test_equal(void)
{
	static const struct ipsec_selector base = SEL(TCP, 1, 2);
	struct ipsec_selector s;

	s = base;
	TEST_OK(ipsec_selector_equal(&s, &base), "a copy");
	s.saddr.a4 ^= cpu_to_be32(1);
	TEST_OK(!ipsec_selector_equal(&s, &base),
		"the twin with a bit beyond the prefix is another selector");
	s = base;
	s.daddr.a4 ^= cpu_to_be32(1);
	TEST_OK(!ipsec_selector_equal(&s, &base), "on either side");
	s = base;
	s.splen = 25;
	TEST_OK(!ipsec_selector_equal(&s, &base), "source prefix length");
	s = base;
	s.dplen = 25;
	TEST_OK(!ipsec_selector_equal(&s, &base), "destination prefix length");
	s = base;
	s.sport = 0;
	TEST_OK(!ipsec_selector_equal(&s, &base), "source port");
	s = base;
	s.dport = 0;
	TEST_OK(!ipsec_selector_equal(&s, &base), "destination port");
	s = base;
	s.proto = UDP;
	TEST_OK(!ipsec_selector_equal(&s, &base), "protocol");
	s = base;
	s.family = AF_INET6;
	TEST_OK(!ipsec_selector_equal(&s, &base), "family");
	TEST_OK(ipsec_selector_has_ports(&base), "both ports named");
	s = base;
	s.sport = 0;
	TEST_OK(ipsec_selector_has_ports(&s), "one port named");
	s.dport = 0;
	TEST_OK(!ipsec_selector_has_ports(&s), "no port named");
	return true;
}

/* A selector in a world so small that its flows can be listed. */
static void small_selector(struct ipsec_selector *sel, u32 *rnd)
{
	u32 r = ipsec_test_random(rnd);

	*sel = (struct ipsec_selector){
		.saddr = IP4(0x0a000000 | (r & 3)),
		.daddr = IP4(0x0a000000 | (r >> 2 & 3)),
		.family = AF_INET,
		.splen = 30 + (r >> 4 & 3) % 3,
		.dplen = 30 + (r >> 6 & 3) % 3,
		.proto = (r >> 8 & 3) % 3,
		.sport = cpu_to_be16((r >> 10 & 3) % 3),
		.dport = cpu_to_be16((r >> 12 & 3) % 3),
	};
}

/* Does any of the small world's 4 x 4 x 2 x 2 x 2 flows match both? */
static bool model_overlap(const struct ipsec_selector *a,
			  const struct ipsec_selector *b)
{
	unsigned int i;

	for (i = 0; i < 128; i++) {
		struct ipsec_flow fl = {
			.saddr = IP4(0x0a000000 | (i & 3)),
			.daddr = IP4(0x0a000000 | (i >> 2 & 3)),
			.family = AF_INET,
			.proto = 1 + (i >> 4 & 1),
			.sport = cpu_to_be16(1 + (i >> 5 & 1)),
			.dport = cpu_to_be16(1 + (i >> 6 & 1)),
		};

		if (ipsec_selector_match(a, &fl) &&
		    ipsec_selector_match(b, &fl))
			return true;
	}
	return false;
}

static bool test_overlap_model(void)
{
	struct ipsec_selector a, b;
	unsigned int i, seen = 0;
	u32 rnd = 0x5e1;
	bool meet;

	for (i = 0; i < 2000; i++) {
		small_selector(&a, &rnd);
		small_selector(&b, &rnd);
		meet = model_overlap(&a, &b);
		seen += meet;
		TEST_ROW(ipsec_selector_overlap(&a, &b) == meet, i,
			 "overlap means that a common flow exists");
		TEST_ROW(ipsec_selector_overlap(&b, &a) == meet, i,
			 "overlap is mutual");
	}
	TEST_OK(seen > 100 && seen < 1900, "both answers occurred");
	b = a;
	b.family = AF_INET6;
	TEST_OK(!ipsec_selector_overlap(&a, &b), "families do not overlap");
	return true;
}

/**
 * ipsec_test_selector() - self-test
 *
 * Return: true when all is well.
 */
bool ipsec_test_selector(void)
{
	return test_match_table() && test_match_addresses() && test_equal() &&
	       test_overlap_model();
}
