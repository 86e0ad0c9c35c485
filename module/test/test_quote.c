// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of sp/quote.c, for the module and for user space: errors of every
 * type about packets of every shape, and each of them cut off at every byte.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "sp/flow.h"
#include "sp/quote.h"
#include "test/test.h"

#define PACKET_MAX	256
#define OPAQUE		IPSEC_FLOW_OPAQUE
#define HIDDEN		(IPSEC_FLOW_OPAQUE | IPSEC_FLOW_NO_PROTO)

/* Numbers of protocols and extension headers, and an end of a list. */
#define ICMP4	1
#define TCP	6
#define UDP	17
#define FRAG	44
#define GRE	47
#define ESP	50
#define ICMP6	58
#define DEST	60
#define END	255

/* The ends of the quoted packet: host bytes of 10.0.0.x and fd00::x. */
#define SENDER	1
#define TARGET	2
#define ROUTER	3

struct quote_case {
	u8 family;
	u8 type;	/* of the error */
	u8 to;		/* whom it is for */
	u8 front[3];	/* IPv6: extension headers of the error, up to END */
	u8 ext[3];	/* IPv6: extension headers of the quote, up to END */
	u16 frag;	/* of the quote */
	u8 proto;	/* of the quote */
	u8 upper[8];	/* its first bytes */
	enum ipsec_quote kind;
	u16 sport, dport;
	u8 flags;
	const char *why;
};

#define CASE4(type, to, frag, proto, ...) \
	{ AF_INET, type, to, { END }, { END }, frag, proto, __VA_ARGS__ }
#define NONE	IPSEC_QUOTE_NONE
#define SENDERS	IPSEC_QUOTE_SENDERS
#define OTHER	IPSEC_QUOTE_OTHER
#define REDIRECT	IPSEC_QUOTE_REDIRECT

static const struct quote_case cases[] = {
	CASE4(3, SENDER, 0, TCP, { 0, 80, 1, 187 }, SENDERS, 443, 80, 0,
	      "unreachable"),
	CASE4(4, SENDER, 0, UDP, { 0, 53, 2, 0 }, SENDERS, 512, 53, 0,
	      "source quench"),
	CASE4(11, SENDER, 0, 132, { 0, 1, 0, 2 }, SENDERS, 2, 1, 0,
	      "time exceeded, SCTP"),
	CASE4(12, SENDER, 0, 33, { 0, 1, 0, 2 }, SENDERS, 2, 1, 0,
	      "parameter problem, DCCP"),
	CASE4(5, SENDER, 0, 136, { 0, 1, 0, 2 }, REDIRECT, 2, 1, 0,
	      "a redirect, UDP-Lite"),
	CASE4(0, SENDER, 0, UDP, { 0, 53, 2, 0 }, NONE, 0, 0, 0,
	      "an echo reply quotes nothing"),
	CASE4(8, SENDER, 0, UDP, { 0, 53, 2, 0 }, NONE, 0, 0, 0,
	      "nor does a request"),
	CASE4(13, SENDER, 0, UDP, { 0, 53, 2, 0 }, NONE, 0, 0, 0,
	      "nor a timestamp"),
	CASE4(3, ROUTER, 0, UDP, { 0, 53, 2, 0 }, OTHER, 512, 53, 0,
	      "not for the sender"),
	CASE4(3, TARGET, 0, UDP, { 0, 53, 2, 0 }, OTHER, 512, 53, 0,
	      "for the target, which has sent nothing"),
	CASE4(11, SENDER, 0, ICMP4, { 8, 0 }, SENDERS, 0, 0, 0,
	      "the answer to an echo request"),
	CASE4(11, SENDER, 0, ICMP4, { 0, 0 }, SENDERS, 8, 0, 0,
	      "what an echo reply answers"),
	CASE4(11, SENDER, 0, ICMP4, { 13, 0 }, SENDERS, 14, 0, 0,
	      "the answer to a timestamp"),
	CASE4(11, SENDER, 0, ICMP4, { 3, 1 }, SENDERS, 0, 0, OPAQUE,
	      "an error about an error"),
	CASE4(11, SENDER, 0, ICMP4, { 128, 0 }, SENDERS, 0, 0, OPAQUE,
	      "a type of the other family"),
	CASE4(11, SENDER, 0, GRE, { 0x20, 0, 8, 0, 1, 2, 3, 4 }, SENDERS, 0x102,
	      0x304, 0, "a GRE key is the same both ways"),
	CASE4(11, SENDER, 0, ESP, { 1, 2, 3, 4 }, SENDERS, 0, 0, 0, "ESP"),
	CASE4(11, SENDER, 0x2000, UDP, { 0, 53, 2, 0 }, SENDERS, 512, 53, 0,
	      "a first fragment"),
	CASE4(11, SENDER, 0x2001, UDP, { 0, 53, 2, 0 }, SENDERS, 0, 0, OPAQUE,
	      "a later fragment"),
	{ AF_INET6, 1, SENDER, { END }, { END }, 0, TCP, { 0, 80, 1, 187 },
	  SENDERS, 443, 80, 0, "unreachable" },
	{ AF_INET6, 2, SENDER, { END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  SENDERS, 512, 53, 0, "too big" },
	{ AF_INET6, 3, SENDER, { DEST, END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  SENDERS, 512, 53, 0, "the error is behind options" },
	{ AF_INET6, 4, SENDER, { END }, { DEST, END }, 0, UDP, { 0, 53, 2, 0 },
	  SENDERS, 512, 53, 0, "the quote has options" },
	{ AF_INET6, 127, SENDER, { END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  SENDERS, 512, 53, 0, "the last of the types that are errors" },
	{ AF_INET6, 128, SENDER, { END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  NONE, 0, 0, 0, "the first that is none" },
	{ AF_INET6, 3, SENDER, { END }, { END }, 0, ICMP6, { 128, 0 },
	  SENDERS, 129, 0, 0, "the answer to an echo request" },
	{ AF_INET6, 3, SENDER, { END }, { END }, 0, ICMP6, { 129, 0 },
	  SENDERS, 128, 0, 0, "what an echo reply answers" },
	{ AF_INET6, 3, SENDER, { END }, { END }, 0, ICMP6, { 135, 0 },
	  SENDERS, 0, 0, OPAQUE, "a neighbour solicitation" },
	{ AF_INET6, 3, SENDER, { END }, { END }, 0, 135, { 59, 1, 5, 0 },
	  SENDERS, 0, 0, OPAQUE, "a Mobility Header" },
	{ AF_INET6, 3, SENDER, { END }, { FRAG, DEST, END }, 1, UDP,
	  { 0, 53, 2, 0 }, SENDERS, 512, 53, 0, "a first fragment" },
	{ AF_INET6, 3, SENDER, { END }, { FRAG, END }, 8, UDP,
	  { 0, 53, 2, 0 }, SENDERS, 0, 0, OPAQUE, "a later fragment" },
	{ AF_INET6, 3, SENDER, { END }, { FRAG, DEST, END }, 8, UDP,
	  { 0, 53, 2, 0 }, SENDERS, 0, 0, HIDDEN, "one of a hidden protocol" },
	{ AF_INET6, 3, ROUTER, { END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  OTHER, 512, 53, 0, "not for the sender" },
	{ AF_INET6, 137, SENDER, { END }, { END }, 0, UDP, { 0, 53, 2, 0 },
	  REDIRECT, 512, 53, 0, "a redirect" },
};

static size_t put_ip4(u8 *p, u8 src, u8 dst, u8 proto, u16 frag)
{
	p[0] = 0x45;
	p[6] = frag >> 8;
	p[7] = frag;
	p[9] = proto;
	p[12] = 10;
	p[15] = src;
	p[16] = 10;
	p[19] = dst;
	return 20;
}

static size_t put_ip6(u8 *p, u8 src, u8 dst, const u8 *ext, u8 proto, u16 frag)
{
	size_t len = 40;
	u8 *next = p + 6;

	p[0] = 0x60;
	p[8] = 0xfd;
	p[23] = src;
	p[24] = 0xfd;
	p[39] = dst;
	for (; *ext != END; ext++) {
		*next = *ext;
		next = p + len;
		if (*ext == FRAG) {
			p[len + 2] = frag >> 8;
			p[len + 3] = frag;
		}
		len += 8;
	}
	*next = proto;
	return len;
}

/* The error; @quote: where its quote is. */
static size_t packet_make(u8 *p, const struct quote_case *c, size_t *quote)
{
	size_t len;

	memset(p, 0, PACKET_MAX);
	if (c->family == AF_INET)
		len = put_ip4(p, ROUTER, c->to, ICMP4, 0);
	else
		len = put_ip6(p, ROUTER, c->to, c->front, ICMP6, 0);
	p[len] = c->type;
	len += 8;
	if (c->family == AF_INET6 && c->type == 137) {
		/* target, destination, and an option of 8 bytes before the quote's */
		len += 32;
		p[len] = 2;
		p[len + 1] = 1;
		p[len + 8] = 4;
		p[len + 9] = 7;
		len += 16;
	}
	*quote = len;
	if (c->family == AF_INET)
		len += put_ip4(p + len, SENDER, TARGET, c->proto, c->frag);
	else
		len += put_ip6(p + len, SENDER, TARGET, c->ext, c->proto,
			       c->frag);
	memcpy(p + len, c->upper, sizeof(c->upper));
	return len + sizeof(c->upper);
}

/* What @len bytes quote, in a buffer that holds no more. */
static enum ipsec_quote quote_of(struct ipsec_flow *answer, const u8 *p,
				 size_t len, u16 family)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);
	enum ipsec_quote kind = IPSEC_QUOTE_NONE;
	struct ipsec_flow own;

	if (!skb)
		return kind;
	skb_put_data(skb, p, len);
	skb_reset_network_header(skb);
	if (!ipsec_flow_from_skb(&own, skb, family))
		kind = ipsec_quote_flow(answer, skb, &own);
	kfree_skb(skb);
	return kind;
}

/* Turned round: from the target of the quoted packet to its sender. */
static bool answer_addresses_ok(const struct ipsec_flow *fl, u16 family)
{
	if (fl->family != family)
		return false;
	if (family == AF_INET)
		return fl->saddr.a4 == cpu_to_be32(0x0a000000 | TARGET) &&
		       fl->daddr.a4 == cpu_to_be32(0x0a000000 | SENDER) &&
		       !(fl->saddr.w[1] | fl->daddr.w[1]);
	return fl->saddr.w[0] == cpu_to_be32(0xfd000000) &&
	       fl->saddr.w[3] == cpu_to_be32(TARGET) &&
	       fl->daddr.w[3] == cpu_to_be32(SENDER);
}

static bool test_case(const struct quote_case *c)
{
	struct ipsec_flow answer;
	u8 packet[PACKET_MAX];
	size_t quote;
	size_t len = packet_make(packet, c, &quote);

	TEST_OK(quote_of(&answer, packet, len, c->family) == c->kind, c->why);
	if (c->kind == IPSEC_QUOTE_NONE)
		return true;
	TEST_OK(answer_addresses_ok(&answer, c->family), c->why);
	TEST_OK(answer.flags == c->flags, c->why);
	TEST_OK((c->flags & IPSEC_FLOW_NO_PROTO) || answer.proto == c->proto,
		c->why);
	TEST_OK(answer.sport == cpu_to_be16(c->sport) &&
		answer.dport == cpu_to_be16(c->dport), c->why);
	return true;
}

/*
 * Cut off anywhere behind the addresses of the quote, it is the same quote of
 * the same flow or of an opaque one; before, it is none.
 */
static bool test_case_cut(const struct quote_case *c)
{
	size_t hlen = c->family == AF_INET ? 20 : 40;
	struct ipsec_flow whole, answer;
	u8 packet[PACKET_MAX];
	size_t quote, cut;
	size_t len = packet_make(packet, c, &quote);
	enum ipsec_quote kind;

	if (quote_of(&whole, packet, len, c->family) == IPSEC_QUOTE_NONE)
		return true;
	for (cut = 0; cut < len; cut++) {
		kind = quote_of(&answer, packet, cut, c->family);
		if (cut < quote + hlen) {
			TEST_ROW(kind == IPSEC_QUOTE_NONE, cut, c->why);
			continue;
		}
		TEST_ROW(kind == c->kind, cut, c->why);
		TEST_ROW(answer_addresses_ok(&answer, c->family), cut, c->why);
		if (!memcmp(&answer, &whole, sizeof(answer)))
			continue;
		TEST_ROW(answer.flags & IPSEC_FLOW_OPAQUE && !answer.sport &&
			 !answer.dport, cut, c->why);
	}
	return true;
}

/* Redirects whose options lead nowhere, or in circles. */
static bool test_options(void)
{
	static const struct quote_case redirect = {
		AF_INET6, 137, SENDER, { END }, { END }, 0, UDP, { 0, 53 },
	};
	struct ipsec_flow answer;
	u8 packet[PACKET_MAX];
	size_t quote;
	size_t len = packet_make(packet, &redirect, &quote);

	TEST_OK(quote_of(&answer, packet, len, AF_INET6) == REDIRECT,
		"as it should be");
	packet[quote - 15] = 0;
	TEST_OK(quote_of(&answer, packet, len, AF_INET6) == IPSEC_QUOTE_NONE,
		"an option of length 0");
	packet[quote - 15] = 255;
	TEST_OK(quote_of(&answer, packet, len, AF_INET6) == IPSEC_QUOTE_NONE,
		"an option that is longer than the packet");
	packet[quote - 15] = 1;
	packet[quote - 8] = 5;
	TEST_OK(quote_of(&answer, packet, len, AF_INET6) == IPSEC_QUOTE_NONE,
		"no option that quotes");
	return true;
}

/**
 * ipsec_test_quote() - self-test
 *
 * Return: true when all is well.
 */
bool ipsec_test_quote(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		TEST_ROW(test_case(&cases[i]) && test_case_cut(&cases[i]), i,
			 cases[i].why);
	return test_options();
}
