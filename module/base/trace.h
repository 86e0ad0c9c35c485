/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the module, in the group "testudo". They take values, not the
 * structs of rooms above base. IPv4 addresses appear as ::ffff:a.b.c.d, so
 * that one format serves both families.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM testudo

#if !defined(_TESTUDO_BASE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TESTUDO_BASE_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "base/addr.h"
#include "base/drop.h"

#ifndef _TESTUDO_BASE_TRACE_ONCE
#define _TESTUDO_BASE_TRACE_ONCE

/**
 * struct ipsec_trace_ip - what a trace shows of an IP header
 * @saddr: source, IPv4 as ::ffff:a.b.c.d
 * @daddr: destination
 * @version: 4 or 6; 0 when the packet has no readable IP header
 */
struct ipsec_trace_ip {
	struct in6_addr saddr;
	struct in6_addr daddr;
	u8 version;
};

void ipsec_trace_ip(struct ipsec_trace_ip *ip, const struct sk_buff *skb);
void ipsec_trace_addr(struct in6_addr *out, const union ipsec_addr *a,
		      u16 family);
#endif

#define TESTUDO_TRACE_ENUM(sym, name, text) \
	TRACE_DEFINE_ENUM(IPSEC_DROP_##sym);
#define TESTUDO_TRACE_NAME(sym, name, text) { IPSEC_DROP_##sym, name },

IPSEC_DROP_REASONS(TESTUDO_TRACE_ENUM)
TRACE_DEFINE_ENUM(IPSEC_DROP_MAX);

#define testudo_show_drop(why) \
	__print_symbolic(why, IPSEC_DROP_REASONS(TESTUDO_TRACE_NAME) \
			 { IPSEC_DROP_MAX, "none" })

#define testudo_show_state(state) \
	__print_symbolic(state, { 0, "larval" }, { 1, "mature" }, \
			 { 2, "dying" }, { 3, "dead" })

/* A packet is dropped; the reason's text is in Documentation/drop-reasons.rst. */
TRACE_EVENT(testudo_drop,
	TP_PROTO(const struct net *net, const struct sk_buff *skb, int why,
		 __be32 spi),
	TP_ARGS(net, skb, why, spi),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, netns)
		__field(unsigned int, len)
		__field(u32, spi)
		__field(u8, why)
		__field(u8, version)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
	),
	TP_fast_assign(
		struct ipsec_trace_ip ip;

		ipsec_trace_ip(&ip, skb);
		__entry->skbaddr = skb;
		__entry->netns = net->ns.inum;
		__entry->len = skb->len;
		__entry->spi = be32_to_cpu(spi);
		__entry->why = why;
		__entry->version = ip.version;
		memcpy(__entry->saddr, &ip.saddr, 16);
		memcpy(__entry->daddr, &ip.daddr, 16);
	),
	TP_printk("netns=%u skbaddr=%p ipv%u src=%pI6c dst=%pI6c len=%u spi=0x%08x reason=%s",
		  __entry->netns, __entry->skbaddr, __entry->version,
		  __entry->saddr, __entry->daddr, __entry->len, __entry->spi,
		  testudo_show_drop(__entry->why))
);

/* A packet enters a stage of a road. */
TRACE_EVENT(testudo_stage,
	TP_PROTO(const struct net *net, const struct sk_buff *skb,
		 const char *road, const char *stage),
	TP_ARGS(net, skb, road, stage),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, netns)
		__field(unsigned int, len)
		__array(char, road, 8)
		__array(char, stage, 24)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->netns = net->ns.inum;
		__entry->len = skb->len;
		strscpy_pad(__entry->road, road, sizeof(__entry->road));
		strscpy_pad(__entry->stage, stage, sizeof(__entry->stage));
	),
	TP_printk("netns=%u skbaddr=%p len=%u road=%s stage=%s",
		  __entry->netns, __entry->skbaddr, __entry->len,
		  __entry->road, __entry->stage)
);

/* An SA goes from one state to another. */
TRACE_EVENT(testudo_sa_state,
	TP_PROTO(const struct net *net, __be32 spi, u8 proto, u16 family,
		 const union ipsec_addr *saddr, const union ipsec_addr *daddr,
		 u8 from, u8 to),
	TP_ARGS(net, spi, proto, family, saddr, daddr, from, to),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u32, spi)
		__field(u8, proto)
		__field(u8, from)
		__field(u8, to)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
	),
	TP_fast_assign(
		__entry->netns = net->ns.inum;
		__entry->spi = be32_to_cpu(spi);
		__entry->proto = proto;
		__entry->from = from;
		__entry->to = to;
		ipsec_trace_addr((struct in6_addr *)__entry->saddr, saddr,
				 family);
		ipsec_trace_addr((struct in6_addr *)__entry->daddr, daddr,
				 family);
	),
	TP_printk("netns=%u src=%pI6c dst=%pI6c proto=%u spi=0x%08x %s->%s",
		  __entry->netns, __entry->saddr, __entry->daddr,
		  __entry->proto, __entry->spi,
		  testudo_show_state(__entry->from),
		  testudo_show_state(__entry->to))
);

/* A PF_KEY message was handled. */
TRACE_EVENT(testudo_pfkey,
	TP_PROTO(const struct net *net, u8 type, u8 satype, int err,
		 size_t len),
	TP_ARGS(net, type, satype, err, len),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(unsigned int, len)
		__field(int, err)
		__field(u8, type)
		__field(u8, satype)
	),
	TP_fast_assign(
		__entry->netns = net->ns.inum;
		__entry->len = len;
		__entry->err = err;
		__entry->type = type;
		__entry->satype = satype;
	),
	TP_printk("netns=%u type=%u satype=%u len=%u err=%d",
		  __entry->netns, __entry->type, __entry->satype, __entry->len,
		  __entry->err)
);

#endif

/* define_trace.h reads this file again, by this name; Kbuild has the folder */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
