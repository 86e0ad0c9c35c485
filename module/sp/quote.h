/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a flow to that of its answers, and from an ICMP error to the flow of the
 * answers to the packet that it quotes.
 */
#ifndef _TESTUDO_SP_QUOTE_H
#define _TESTUDO_SP_QUOTE_H

#include <linux/in.h>

#include "base/selector.h"

struct sk_buff;

/**
 * enum ipsec_quote - what an ICMP message quotes
 * @IPSEC_QUOTE_NONE: no packet: it is no error, or less than an IP header is
 *	quoted
 * @IPSEC_QUOTE_SENDERS: a packet of the host that it is for, which goes the way
 *	of that packet's answers
 * @IPSEC_QUOTE_OTHER: a packet of another host, with whose answers it does not go
 * @IPSEC_QUOTE_REDIRECT: a packet that its sender is told to send by itself, to
 *	another on its link
 */
enum ipsec_quote {
	IPSEC_QUOTE_NONE,
	IPSEC_QUOTE_SENDERS,
	IPSEC_QUOTE_OTHER,
	IPSEC_QUOTE_REDIRECT,
};

/**
 * ipsec_quote_possible() - may a packet quote another, as far as its flow tells
 * @fl: flow
 *
 * Context: any.
 * Return: true for ICMP of its family.
 */
static inline bool ipsec_quote_possible(const struct ipsec_flow *fl)
{
	return fl->proto == (fl->family == AF_INET6 ? IPPROTO_ICMPV6 :
						      IPPROTO_ICMP);
}

void ipsec_flow_turn(struct ipsec_flow *fl);
enum ipsec_quote ipsec_quote_flow(struct ipsec_flow *answer,
				  const struct sk_buff *skb,
				  const struct ipsec_flow *fl);

#endif
