// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of sp/flow.c, for the module and for user space: packets of
 * every shape, and each of them cut off at every byte.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "sp/flow.h"
#include "test/test.h"

#define PACKET_MAX	192
#define OPAQUE		IPSEC_FLOW_OPAQUE
#define HIDDEN		(IPSEC_FLOW_OPAQUE | IPSEC_FLOW_NO_PROTO)

/* Numbers of IPv6 extension headers, the end of a list, and fragment fields. */
#define HOP	0
#define ROUTING	43
#define FRAG	44
#define DEST	60
#define END	255
#define MORE	0x0001

struct flow_case {
	u8 family;
	u8 options;	/* IPv4: words of options */
	u16 frag;	/* IPv4: frag_off; IPv6: of every fragment header */
	u8 ext[6];	/* IPv6: chain, up to END */
	u8 proto;	/* of the upper layer */
	u8 upper[12];	/* its first bytes */
	u16 sport, dport;
	u8 flags;
	const char *why;
};

static const struct flow_case cases[] = {
	{ AF_INET, 0, 0, { END }, 6, { 0, 80, 1, 187 }, 80, 443, 0, "TCP" },
	{ AF_INET, 0, 0, { END }, 17, { 0, 53, 2, 0 }, 53, 512, 0, "UDP" },
	{ AF_INET, 10, 0, { END }, 17, { 0, 53, 2, 0 }, 53, 512, 0,
	  "behind 40 bytes of options" },
	{ AF_INET, 0, 0, { END }, 132, { 0, 1, 0, 2 }, 1, 2, 0, "SCTP" },
	{ AF_INET, 0, 0, { END }, 33, { 0, 1, 0, 2 }, 1, 2, 0, "DCCP" },
	{ AF_INET, 0, 0, { END }, 136, { 0, 1, 0, 2 }, 1, 2, 0, "UDP-Lite" },
	{ AF_INET, 0, 0, { END }, 1, { 8, 3 }, 8, 3, 0,
	  "ICMP type and code" },
	{ AF_INET, 0, 0, { END }, 50, { 1, 2, 3, 4 }, 0, 0, 0,
	  "ESP is an upper layer without ports" },
	{ AF_INET, 0, 0, { END }, 51, { 6, 4 }, 0, 0, 0,
	  "AH is an upper layer too" },
	{ AF_INET, 0, 0, { END }, 47, { 0, 0, 8, 0 }, 0, 0, 0,
	  "GRE without a key" },
	{ AF_INET, 0, 0, { END }, 47, { 0x20, 0, 8, 0, 1, 2, 3, 4 },
	  0x102, 0x304, 0, "GRE with a key" },
	{ AF_INET, 0, 0, { END }, 47,
	  { 0xa0, 0, 8, 0, 9, 9, 0, 0, 1, 2, 3, 4 }, 0x102, 0x304, 0,
	  "GRE with a checksum in front of its key" },
	{ AF_INET, 0, 0x2000, { END }, 6, { 0, 80, 1, 187 }, 80, 443, 0,
	  "the first fragment has its ports" },
	{ AF_INET, 0, 0x2001, { END }, 6, { 0, 80, 1, 187 }, 0, 0, OPAQUE,
	  "a middle fragment has none, whatever it looks like" },
	{ AF_INET, 0, 0x0010, { END }, 1, { 8, 0 }, 0, 0, OPAQUE,
	  "a last fragment" },
	{ AF_INET, 0, 0x4000, { END }, 6, { 0, 80, 1, 187 }, 80, 443, 0,
	  "DF is no fragment" },
	{ AF_INET6, 0, 0, { END }, 6, { 0, 80, 1, 187 }, 80, 443, 0,
	  "TCP over IPv6" },
	{ AF_INET6, 0, 0, { END }, 58, { 135, 0 }, 135, 0, 0, "ICMPv6" },
	{ AF_INET6, 0, 0, { END }, 135, { 59, 1, 5, 0 }, 5, 0, 0,
	  "Mobility Header type" },
	{ AF_INET6, 0, 0, { HOP, DEST, ROUTING, DEST, END }, 6,
	  { 0, 80, 1, 187 }, 80, 443, 0, "a long chain" },
	{ AF_INET6, 0, 0, { HOP, END }, 59, { 0 }, 0, 0, 0,
	  "no next header" },
	{ AF_INET6, 0, 0, { DEST, END }, 50, { 1, 2, 3, 4 }, 0, 0, 0,
	  "ESP behind destination options" },
	{ AF_INET6, 0, 0, { FRAG, END }, 17, { 0, 53, 2, 0 }, 53, 512, 0,
	  "an atomic fragment is a whole packet" },
	{ AF_INET6, 0, MORE, { HOP, FRAG, DEST, END }, 17, { 0, 53, 2, 0 },
	  53, 512, 0, "the first fragment has the whole chain" },
	{ AF_INET6, 0, 8 | MORE, { HOP, FRAG, END }, 17, { 0, 53, 2, 0 },
	  0, 0, OPAQUE, "a middle fragment" },
	{ AF_INET6, 0, 0x100, { FRAG, DEST, END }, 17, { 0, 53, 2, 0 },
	  0, 0, HIDDEN, "a last fragment whose first part begins with options" },
};

static size_t packet4(u8 *p, const struct flow_case *c)
{
	size_t len = 20 + c->options * 4;

	p[0] = 0x40 | len / 4;
	p[6] = c->frag >> 8;
	p[7] = c->frag;
	p[9] = c->proto;
	memcpy(p + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	memset(p + 20, 1, len - 20);
	return len;
}

static size_t packet6(u8 *p, const struct flow_case *c)
{
	size_t len = 40, i;
	u8 *next = p + 6;

	p[0] = 0x60;
	memcpy(p + 8, "\x20\x01\x0d\xb8", 4);
	p[23] = 1;
	memcpy(p + 24, "\x20\x01\x0d\xb8", 4);
	p[39] = 2;
	for (i = 0; c->ext[i] != END; i++) {
		*next = c->ext[i];
		next = p + len;
		/* options of 16 bytes, all others of 8 */
		if (c->ext[i] == DEST) {
			p[len + 1] = 1;
			len += 8;
		}
		if (c->ext[i] == FRAG) {
			p[len + 2] = c->frag >> 8;
			p[len + 3] = c->frag;
		}
		len += 8;
	}
	*next = c->proto;
	return len;
}

static size_t packet_make(u8 *p, const struct flow_case *c)
{
	size_t len;

	memset(p, 0, PACKET_MAX);
	len = c->family == AF_INET ? packet4(p, c) : packet6(p, c);
	memcpy(p + len, c->upper, sizeof(c->upper));
	return len + sizeof(c->upper);
}

/* The flow of @len bytes in a buffer that holds no more. */
static int flow_of(struct ipsec_flow *fl, const u8 *p, size_t len, u16 family)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);
	int err;

	if (!skb)
		return -ENOMEM;
	skb_put_data(skb, p, len);
	skb_reset_network_header(skb);
	err = ipsec_flow_from_skb(fl, skb, family);
	kfree_skb(skb);
	return err;
}

static bool flow_addresses_ok(const struct ipsec_flow *fl, u16 family)
{
	if (family == AF_INET)
		return fl->saddr.a4 == cpu_to_be32(0x0a000001) &&
		       fl->daddr.a4 == cpu_to_be32(0x0a000002) &&
		       !(fl->saddr.w[1] | fl->daddr.w[1]);
	return fl->saddr.w[0] == cpu_to_be32(0x20010db8) &&
	       fl->saddr.w[3] == cpu_to_be32(1) &&
	       fl->daddr.w[3] == cpu_to_be32(2);
}

static bool test_case(const struct flow_case *c)
{
	u8 packet[PACKET_MAX];
	size_t len = packet_make(packet, c);
	struct ipsec_flow fl;

	TEST_OK(!flow_of(&fl, packet, len, c->family), c->why);
	TEST_OK(fl.family == c->family && flow_addresses_ok(&fl, c->family),
		c->why);
	TEST_OK(fl.flags == c->flags, c->why);
	/* a hidden protocol is not told, so its number does not matter */
	TEST_OK((c->flags & IPSEC_FLOW_NO_PROTO) || fl.proto == c->proto,
		c->why);
	TEST_OK(fl.sport == cpu_to_be16(c->sport) &&
		fl.dport == cpu_to_be16(c->dport), c->why);
	return true;
}

/*
 * Cut off anywhere, a packet is refused, or the same flow, or opaque: never
 * another flow.
 */
static bool test_case_cut(const struct flow_case *c)
{
	struct ipsec_flow whole, fl;
	u8 packet[PACKET_MAX];
	size_t len = packet_make(packet, c), cut;
	int err;

	TEST_OK(!flow_of(&whole, packet, len, c->family), c->why);
	for (cut = 0; cut < len; cut++) {
		err = flow_of(&fl, packet, cut, c->family);
		TEST_ROW(!err || err == -EINVAL, cut, c->why);
		if (err || !memcmp(&fl, &whole, sizeof(fl)))
			continue;
		TEST_ROW(fl.flags == OPAQUE && fl.proto == whole.proto &&
			 !fl.sport && !fl.dport, cut, c->why);
	}
	TEST_OK(flow_of(&fl, packet, c->family == AF_INET ? 19 : 39,
			c->family) == -EINVAL, "an IP header is not cut");
	return true;
}

static bool test_malformed(void)
{
	static const struct flow_case v4 = { AF_INET, 0, 0, { END }, 6 };
	static const struct flow_case v6 = { AF_INET6, 0, 0, { DEST, END }, 6 };
	u8 packet[PACKET_MAX];
	struct ipsec_flow fl;
	size_t len;

	len = packet_make(packet, &v4);
	packet[0] = 0x44;
	TEST_OK(flow_of(&fl, packet, len, AF_INET) == -EINVAL,
		"an IPv4 header of 16 bytes");
	packet[0] = 0x65;
	TEST_OK(flow_of(&fl, packet, len, AF_INET) == -EINVAL,
		"another version at the IPv4 hook");
	len = packet_make(packet, &v6);
	packet[0] = 0x45;
	TEST_OK(flow_of(&fl, packet, len, AF_INET6) == -EINVAL,
		"another version at the IPv6 hook");
	packet[0] = 0x60;
	packet[41] = 255;
	TEST_OK(flow_of(&fl, packet, len, AF_INET6) == -EINVAL ||
		(fl.flags & IPSEC_FLOW_OPAQUE),
		"an extension header that is longer than the packet");
	return true;
}

/* A chain of extension headers without an end that one could wait for. */
static bool test_endless(void)
{
	static u8 packet[40 + 8 * 200];
	struct ipsec_flow fl;
	size_t i;

	packet[0] = 0x60;
	packet[6] = DEST;
	for (i = 40; i < sizeof(packet); i += 8)
		packet[i] = DEST;
	TEST_OK(flow_of(&fl, packet, sizeof(packet), AF_INET6) == -EINVAL,
		"200 extension headers");
	packet[40 + 8 * 99] = 6;
	TEST_OK(!flow_of(&fl, packet, sizeof(packet), AF_INET6) &&
		fl.proto == 6, "100 are walked");
	return true;
}

/**
 * ipsec_test_flow() - self-test
 *
 * Return: true when all is well.
 */
bool ipsec_test_flow(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		TEST_ROW(test_case(&cases[i]) && test_case_cut(&cases[i]), i,
			 cases[i].why);
	return test_malformed() && test_endless();
}
