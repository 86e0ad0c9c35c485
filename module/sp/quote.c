// SPDX-License-Identifier: GPL-2.0
/*
 * quote - which packet does an ICMP error quote, and to what flow would the
 * answers to that belong? Never decides what that means for the error.
 *
 *   IP | ICMP error, 8 bytes | IP | upper layer, at least 8 bytes of it
 *                              '-- turned round: addresses, ports, ICMP types
 */
#include <linux/errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>

#include "sp/flow.h"
#include "sp/quote.h"

/* RFC 4861: redirects, the one message for neighbours that quotes a packet. */
#define QUOTE_ND_REDIRECT	137
#define QUOTE_ND_HEADER		40	/* in front of a redirect's options */
#define QUOTE_ND_OPTION		4	/* "Redirected Header" */
#define QUOTE_ND_MAX		16	/* options, of which there are two or three */

static bool quote_is_redirect(u16 family, u8 type)
{
	return type == (family == AF_INET6 ? QUOTE_ND_REDIRECT : ICMP_REDIRECT);
}

/* RFC 792; RFC 4443 2.1: all ICMPv6 types below 128 are errors. */
static bool quote_is_error(u16 family, u8 type)
{
	if (family == AF_INET6)
		return !(type & ICMPV6_INFOMSG_MASK);
	switch (type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	default:
		return false;
	}
}

/* From a neighbour's redirect at @off to what it quotes; 0 when that is nothing. */
static int quote_in_options(const struct sk_buff *skb, int off)
{
	const u8 *opt;
	u8 buf[2];
	int i;

	off += QUOTE_ND_HEADER;
	for (i = 0; i < QUOTE_ND_MAX; i++) {
		opt = skb_header_pointer(skb, off, sizeof(buf), buf);
		if (!opt || !opt[1])
			return 0;
		if (opt[0] == QUOTE_ND_OPTION)
			return off + 8;
		off += opt[1] * 8;
	}
	return 0;
}

/*
 * The other of a request and its reply. Types that have no answer leave open
 * what it would be: an opaque flow.
 */
static void quote_turn_icmp(struct ipsec_flow *fl)
{
	static const u8 pairs[][3] = {
		{ IPPROTO_ICMP, ICMP_ECHO, ICMP_ECHOREPLY },
		{ IPPROTO_ICMP, ICMP_TIMESTAMP, ICMP_TIMESTAMPREPLY },
		{ IPPROTO_ICMPV6, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY },
	};
	u8 type = ntohs(fl->sport);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (fl->proto != pairs[i][0] ||
		    (type != pairs[i][1] && type != pairs[i][2]))
			continue;
		fl->sport = htons(pairs[i][1] ^ pairs[i][2] ^ type);
		return;
	}
	fl->sport = 0;
	fl->dport = 0;
	fl->flags |= IPSEC_FLOW_OPAQUE;
}

/**
 * ipsec_flow_turn() - from a packet's flow to that of its answers
 * @fl: flow; turned
 *
 * A GRE key is the same both ways, and other upper layers have no ports.
 *
 * Context: any.
 */
void ipsec_flow_turn(struct ipsec_flow *fl)
{
	swap(fl->saddr, fl->daddr);
	if (fl->flags)
		return;
	switch (fl->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		swap(fl->sport, fl->dport);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_MH:
		quote_turn_icmp(fl);
		break;
	}
}

/**
 * ipsec_quote_flow() - the flow of the answers to what an ICMP error quotes
 * @answer: where to; opaque when the quote is too short to tell it all
 * @skb: packet; its network header is set. Need not be linear
 * @fl: its own flow, as ipsec_flow_from_skb() says
 *
 * What a router that answers, or a tunnel that quotes, has done to a packet's
 * addresses has to be done to the answer's by the caller: NAT.
 *
 * Context: any.
 * Return: what it quotes; without IPSEC_QUOTE_NONE @answer is set.
 */
enum ipsec_quote ipsec_quote_flow(struct ipsec_flow *answer,
				  const struct sk_buff *skb,
				  const struct ipsec_flow *fl)
{
	int off = skb_network_offset(skb);
	u8 type = ntohs(fl->sport);
	struct ipsec_flow own;
	bool redirect;
	int err;

	if (!ipsec_quote_possible(fl) || fl->flags)
		return IPSEC_QUOTE_NONE;
	redirect = quote_is_redirect(fl->family, type);
	if (!redirect && !quote_is_error(fl->family, type))
		return IPSEC_QUOTE_NONE;
	/* only for where the ICMP header is */
	if (ipsec_flow_read(&own, skb, fl->family, &off))
		return IPSEC_QUOTE_NONE;
	if (redirect && fl->family == AF_INET6)
		off = quote_in_options(skb, off);
	else
		off += sizeof(struct icmphdr);
	if (!off)
		return IPSEC_QUOTE_NONE;

	err = ipsec_flow_read(answer, skb, fl->family, &off);
	if (err == -EINVAL)
		return IPSEC_QUOTE_NONE;
	if (err)
		answer->flags = IPSEC_FLOW_OPAQUE | IPSEC_FLOW_NO_PROTO;
	ipsec_flow_turn(answer);
	if (redirect)
		return IPSEC_QUOTE_REDIRECT;
	return ipsec_addr_equal(&answer->daddr, &own.daddr) ?
		IPSEC_QUOTE_SENDERS : IPSEC_QUOTE_OTHER;
}
