/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large a clear packet may be, and who is told when it is larger.
 */
#ifndef _TESTUDO_PATH_PMTU_H
#define _TESTUDO_PATH_PMTU_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>

struct dst_entry;
struct ipsec_bundle;
struct ipsec_dst;
struct ipsec_sa;
struct sk_buff;

/**
 * enum ipsec_fit - what a packet's size asks for
 * @IPSEC_FIT_OK: fits, or all segments of a super-packet do
 * @IPSEC_FIT_WHOLE: too big; send it whole, and let the IP layer fragment what
 *	comes out
 * @IPSEC_FIT_FRAGMENT: too big, or larger than the fragments with DF that it came
 *	in; fragment it first, then protect the fragments
 * @IPSEC_FIT_RESIZE: TCP with too big segments: cut smaller ones
 * @IPSEC_FIT_CUT: a super-packet of datagrams that are too big: cut it, then
 *	look at each
 * @IPSEC_FIT_TOO_BIG: too big, and must not be fragmented
 */
enum ipsec_fit {
	IPSEC_FIT_OK,
	IPSEC_FIT_WHOLE,
	IPSEC_FIT_FRAGMENT,
	IPSEC_FIT_RESIZE,
	IPSEC_FIT_CUT,
	IPSEC_FIT_TOO_BIG,
};

/**
 * ipsec_pmtu_hlen() - length of an IP header without options
 * @family: AF_INET or AF_INET6
 *
 * Return: bytes.
 */
static inline unsigned int ipsec_pmtu_hlen(u16 family)
{
	return family == AF_INET6 ? sizeof(struct ipv6hdr) :
				    sizeof(struct iphdr);
}

unsigned int ipsec_pmtu_bundle(const struct ipsec_bundle *b, u16 family,
			       const struct dst_entry *route);
unsigned int ipsec_pmtu_learnt(const struct dst_entry *route,
			       struct ipsec_sa *sa);
unsigned int ipsec_pmtu_plain(struct ipsec_dst *xd);
enum ipsec_fit ipsec_pmtu_fit(struct ipsec_dst *xd, struct sk_buff *skb,
			      unsigned int *mtu);
bool ipsec_pmtu_divide(const struct ipsec_dst *xd, struct sk_buff *skb);
void ipsec_pmtu_hint(struct ipsec_dst *xd, struct sk_buff *skb,
		     unsigned int mtu);

#endif
