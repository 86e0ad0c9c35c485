/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic selectors (RFC 4301 4.4.1.1) and the flow key that they are held
 * against. Pure.
 */
#ifndef _TESTUDO_BASE_SELECTOR_H
#define _TESTUDO_BASE_SELECTOR_H

#include "base/addr.h"

/**
 * enum ipsec_flow_flags - what a flow key does not say by itself
 * @IPSEC_FLOW_OPAQUE: the ports (ICMP type and code) could not be read, since
 *	this is a non-initial fragment or the header is cut short. Such a flow
 *	never matches a selector that names a port (RFC 4301 7.2), and is never
 *	taken for port 0.
 * @IPSEC_FLOW_NO_PROTO: not even the upper-layer protocol is known: a
 *	non-initial IPv6 fragment whose first part begins with extension headers.
 *	Never matches a selector that names a protocol. Implies OPAQUE
 */
enum ipsec_flow_flags {
	IPSEC_FLOW_OPAQUE = 1 << 0,
	IPSEC_FLOW_NO_PROTO = 1 << 1,
};

/**
 * struct ipsec_flow - what the SPD can know of a packet
 * @saddr: source
 * @daddr: destination
 * @sport: source port, network order. ICMP, ICMPv6 and MH: htons(type).
 *	GRE: upper half of the key
 * @dport: destination port, network order. ICMP: htons(code).
 *	GRE: lower half of the key
 * @family: AF_INET or AF_INET6
 * @proto: upper-layer protocol, behind all IPv6 extension headers that
 *	RFC 4301 makes us skip
 * @flags: enum ipsec_flow_flags
 *
 * Without holes: the flow cache compares keys as memory, eight bytes at a time.
 */
struct ipsec_flow {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	__be16 sport;
	__be16 dport;
	u16 family;
	u8 proto;
	u8 flags;
} __aligned(8);

/**
 * struct ipsec_selector - a traffic selector
 * @saddr: source prefix, kept as given (PF_KEY dumps show it unmasked)
 * @daddr: destination prefix, as given
 * @sport: source port or ICMP type, see struct ipsec_flow; 0 for any
 * @dport: destination port or ICMP code; 0 for any
 * @family: AF_INET or AF_INET6
 * @splen: length of the source prefix in bits
 * @dplen: length of the destination prefix in bits
 * @proto: upper-layer protocol; 0 for any (PF_KEY's 255)
 * @pad: 0, so that selectors compare as memory
 */
struct ipsec_selector {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	__be16 sport;
	__be16 dport;
	u16 family;
	u8 splen;
	u8 dplen;
	u8 proto;
	u8 pad[3];
};

bool ipsec_selector_match(const struct ipsec_selector *sel,
			  const struct ipsec_flow *fl);
bool ipsec_selector_equal(const struct ipsec_selector *a,
			  const struct ipsec_selector *b);
bool ipsec_selector_has_ports(const struct ipsec_selector *sel);
bool ipsec_selector_overlap(const struct ipsec_selector *a,
			    const struct ipsec_selector *b);

#endif
