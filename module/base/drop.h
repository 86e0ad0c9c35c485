/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a packet was dropped. The list below is the only source of the names:
 * the enum, the counters in /proc/net/testudo_stat, the tracepoint's symbols
 * and Documentation/drop-reasons.rst are made from it.
 */
#ifndef _TESTUDO_BASE_DROP_H
#define _TESTUDO_BASE_DROP_H

#include <linux/types.h>

struct sk_buff;
struct ipsec_net;

/* X(enum suffix, name in testudo_stat, what it means and what to look at) */
#define IPSEC_DROP_REASONS(X) \
	X(OUT_DISCARD,   "out_discard",   "an out policy says discard") \
	X(OUT_NO_SA,     "out_no_sa",     "an out policy requires an SA and there is no mature one: add it, or look why the keying daemon does not") \
	X(OUT_ACQUIRE,   "out_acquire",   "the keying daemon has been asked for the SA, and the packet could not be held until it comes: holding is off (sysctl hold_packets), or too many wait") \
	X(OUT_WAITED,    "out_waited",    "the packet was held for an SA that did not come: look why the keying daemon fails") \
	X(OUT_EXPIRED,   "out_expired",   "the SA reached a hard lifetime and has no successor") \
	X(OUT_SEQ,       "out_seq",       "the 32-bit sequence numbers of the SA are used up (RFC 4303 3.3.3): rekey, or use ESN") \
	X(OUT_TOO_BIG,   "out_too_big",   "larger than the path takes with the IPsec headers, and must not be fragmented; the sender was told the MTU") \
	X(OUT_HDR,       "out_hdr",       "the packet's own IP header or extension headers are malformed, or such that AH cannot cover them") \
	X(OUT_FRAGMENT,  "out_fragment",  "a fragment whose ports cannot be known, under policies that name ports") \
	X(OUT_NO_ROUTE,  "out_no_route",  "no route to the other end of the tunnel, or the device of the one that was taken went down before the packet was sent") \
	X(OUT_LOOP,      "out_loop",      "the tunnel's own packets would enter it again, or too many tunnels are nested") \
	X(OUT_NAT,       "out_nat",       "source NAT gave a multicast or broadcast packet an address that an out policy protects or discards, where it is too late to protect it: exempt it from NAT, or let the policy name the address before NAT") \
	X(OUT_QUOTE,     "out_quote",     "an ICMP error about a packet whose answers a policy protects, that cannot go their way: a redirect, or not for that packet's sender, or quoting too little of it for a policy that names ports, or from another address than a transport mode SA's; or a redirect about a packet that is protected or dropped here, or, behind source NAT of IPv6, may be") \
	X(OUT_GSO,       "out_gso",       "a large packet could not be cut into segments, or its checksum not be completed") \
	X(OUT_CRYPTO,    "out_crypto",    "the crypto API failed to protect the packet") \
	X(OUT_STALE,     "out_stale",     "the policy was deleted or replaced while the packet was on its way, and nothing protects it now") \
	X(OUT_NOMEM,     "out_nomem",     "out of memory on the way out") \
	X(IN_NO_SA,      "in_no_sa",      "no SA has this destination, protocol and SPI") \
	X(IN_STATE,      "in_state",      "the SA is not usable: larval, or dead") \
	X(IN_EXPIRED,    "in_expired",    "the SA reached a hard lifetime") \
	X(IN_HDR,        "in_hdr",        "too short for its IPsec header, IV and ICV, or not a multiple of the cipher block; AH of a length that its algorithm does not have, or behind headers that it cannot cover") \
	X(IN_ENCAP,      "in_encap",      "arrived in UDP for an SA without NAT-T, or plain for an SA with it") \
	X(IN_REPLAY,     "in_replay",     "sequence number seen before, left of the replay window, or zero") \
	X(IN_AUTH,       "in_auth",       "the ICV is wrong: other keys at the peer, or a forged or damaged packet") \
	X(IN_CRYPTO,     "in_crypto",     "the crypto API failed, other than by a wrong ICV") \
	X(IN_STREAM,     "in_stream",    "what IPComp had compressed cannot be restored: a broken stream, or one that is longer than a packet can be") \
	X(IN_PADDING,    "in_padding",    "the ESP trailer is impossible: padding longer than the packet, or not 1, 2, 3, ...") \
	X(IN_DUMMY,      "in_dummy",      "a dummy packet (next header 59), made to be dropped (RFC 4303 2.6)") \
	X(IN_MODE,       "in_mode",       "tunnel payload on a transport SA or the reverse, or another inner protocol than IPv4 and IPv6") \
	X(IN_INNER,      "in_inner",      "the IP header inside the tunnel is malformed") \
	X(IN_ECN,        "in_ecn",        "the outer header says Congestion Experienced, and the inner packet cannot take that mark (RFC 6040 4.2)") \
	X(IN_NESTED,     "in_nested",     "too many IPsec headers in one packet") \
	X(IN_QUEUE,      "in_queue",      "came out of a tunnel faster than this host takes it: more than netdev_max_backlog packets wait already, or the device that it came by is down") \
	X(IN_NO_ROUTE,   "in_no_route",   "NAT gave what came out of transport mode a destination to which there is no route") \
	X(IN_NOMEM,      "in_nomem",      "out of memory on the way in") \
	X(IN_FLOW,       "in_flow",       "the packet's own headers are malformed, so that no in or fwd policy can be chosen") \
	X(IN_FRAGMENT,   "in_fragment",   "a clear fragment whose ports cannot be known, under in or fwd policies that name ports") \
	X(IN_DISCARD,    "in_discard",    "an in or fwd policy says discard") \
	X(IN_CLEAR,      "in_clear",      "clear text where an in or fwd policy requires IPsec") \
	X(IN_MISMATCH,   "in_mismatch",   "protected, but not by the SAs that the in or fwd policy asks for (protocol, mode or reqid)") \
	X(IN_ENDPOINT,   "in_endpoint",   "protected, but by a tunnel between other end points than the policy's") \
	X(IN_NO_POLICY,  "in_no_policy",  "came out of a tunnel, and no in or fwd policy expects it there")

/*
 * enum ipsec_verdict - what a stage of a road says to its runner
 * @IPSEC_NEXT: go on with the next row
 * @IPSEC_AGAIN: back to the row that the road's drawing shows
 * @IPSEC_STOLEN: the packet is no longer ours: in the crypto API, or handed on
 * @IPSEC_DROP_MAX: number of reasons plus one; reasons are positive
 *
 * A drop reason is any IPSEC_DROP_* value.
 */
enum ipsec_verdict {
	IPSEC_STOLEN = -2,
	IPSEC_AGAIN = -1,
	IPSEC_NEXT = 0,
#define X(sym, name, text) IPSEC_DROP_##sym,
	IPSEC_DROP_REASONS(X)
#undef X
	IPSEC_DROP_MAX
};

const char *ipsec_drop_name(int why);
void ipsec_drop_count(struct ipsec_net *ipn, struct sk_buff *skb, int why,
		      __be32 spi);
void ipsec_drop_count_freed(struct ipsec_net *ipn, const void *hdr,
			    unsigned int hlen, int why, __be32 spi);
void ipsec_drop(struct ipsec_net *ipn, struct sk_buff *skb, int why,
		__be32 spi);

#endif
