// SPDX-License-Identifier: GPL-2.0
/*
 * ah_mutable - turns a copy of the headers in front of AH into the form that
 * its ICV is taken over (RFC 4302 3.3.3.1 and appendix A). Never sees a packet.
 *
 *   zeroed    what routers change: TOS, flags, fragment offset, TTL, checksum;
 *             traffic class, flow label, hop limit; all IPv4 options but those
 *             of appendix A1; data of IPv6 options that say so themselves
 *   foretold  what the last router leaves: destination and routing headers
 *   as it is  everything else
 */
#include <linux/errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "xform/ah_mutable.h"

/* IPv4 options by their first byte. */
enum ah_opt4 {
	AH_OPT4_END = 0,
	AH_OPT4_NOP = 1,
	AH_OPT4_SEC = 130,		/* RFC 1108 */
	AH_OPT4_LSRR = 131,
	AH_OPT4_ESEC = 133,		/* RFC 1108 */
	AH_OPT4_CIPSO = 134,
	AH_OPT4_SSRR = 137,
	AH_OPT4_ALERT = 148,		/* RFC 2113 */
	AH_OPT4_SDB = 149,		/* RFC 1770 */
};

/* Numbers of IPv6 headers and options. */
#define AH_NH_HOP		0
#define AH_NH_ROUTING		43
#define AH_NH_AUTH		51
#define AH_NH_DEST		60
#define AH_OPT6_PAD1		0
#define AH_OPT6_MUTABLE		0x20	/* RFC 8200 4.2: may change on the way */

/*
 * A source route that is not at its end goes on, and the packet will arrive
 * with its last address as the destination.
 */
static void ah_end_of_route4(struct iphdr *iph, const u8 *opt)
{
	unsigned int len = opt[1];

	if (len >= 7 && opt[2] + 3 <= len)
		memcpy(&iph->daddr, opt + len - sizeof(iph->daddr),
		       sizeof(iph->daddr));
}

/* One option that has a length; it is inside of the header. */
static void ah_mask_opt4(struct iphdr *iph, u8 *opt)
{
	switch (opt[0]) {
	case AH_OPT4_SEC:
	case AH_OPT4_ESEC:
	case AH_OPT4_CIPSO:
	case AH_OPT4_ALERT:
	case AH_OPT4_SDB:
		return;
	case AH_OPT4_LSRR:
	case AH_OPT4_SSRR:
		ah_end_of_route4(iph, opt);
		break;
	}
	memset(opt, 0, opt[1]);
}

static int ah_mask4(u8 *hdr, unsigned int len)
{
	struct iphdr *iph = (struct iphdr *)hdr;
	unsigned int off = sizeof(*iph);

	if (len < sizeof(*iph) || iph->ihl * 4 != len)
		return -EINVAL;
	iph->tos = 0;
	iph->frag_off = 0;
	iph->ttl = 0;
	iph->check = 0;

	while (off < len && hdr[off] != AH_OPT4_END) {
		unsigned int size = 1;

		if (hdr[off] != AH_OPT4_NOP) {
			if (off + 1 >= len || hdr[off + 1] < 2 ||
			    hdr[off + 1] > len - off)
				return -EINVAL;
			size = hdr[off + 1];
			ah_mask_opt4(iph, hdr + off);
		}
		off += size;
	}
	return 0;
}

/* Hop-by-hop or destination options, @len bytes of header in all. */
static int ah_mask_opts6(u8 *hdr, unsigned int len)
{
	unsigned int off = 2;

	while (off < len) {
		if (hdr[off] == AH_OPT6_PAD1) {
			off++;
			continue;
		}
		if (len - off < 2 || hdr[off + 1] > len - off - 2)
			return -EINVAL;
		if (hdr[off] & AH_OPT6_MUTABLE)
			memset(hdr + off + 2, 0, hdr[off + 1]);
		off += 2 + hdr[off + 1];
	}
	return 0;
}

/*
 * Each address of types 0 and 2 changes places with the destination when the
 * packet gets there (RFC 2460 4.4, RFC 6275 6.4): the last one arrives as the
 * destination, and the others have moved on by one place.
 */
static void ah_swap_route(struct ipv6hdr *ip6h, struct in6_addr *addrs,
			  unsigned int n, unsigned int left)
{
	struct in6_addr last = addrs[n - 1];

	memmove(addrs + n - left + 1, addrs + n - left,
		(left - 1) * sizeof(*addrs));
	addrs[n - left] = ip6h->daddr;
	ip6h->daddr = last;
}

/* A routing header, @len bytes, as it will arrive. */
static int ah_end_of_route6(struct ipv6hdr *ip6h, u8 *hdr, unsigned int len)
{
	struct ipv6_rt_hdr *rt = (struct ipv6_rt_hdr *)hdr;
	struct in6_addr *addrs = (struct in6_addr *)(hdr + 8);
	unsigned int n = (len - 8) / sizeof(*addrs);
	unsigned int left = rt->segments_left;

	if (!left)
		return 0;
	switch (rt->type) {
	case 0:
	case 2:
		if (left > n)
			return -EINVAL;
		ah_swap_route(ip6h, addrs, n, left);
		break;
	case 4:
		/* RFC 8754 2: a list that stays, last segment first */
		if (left > hdr[4] || hdr[4] >= n)
			return -EINVAL;
		ip6h->daddr = addrs[0];
		break;
	default:
		/* what it will look like is known to its own RFC only */
		return -EINVAL;
	}
	rt->segments_left = 0;
	return 0;
}

static int ah_mask_ext6(struct ipv6hdr *ip6h, u8 nexthdr, u8 *hdr,
			unsigned int len)
{
	switch (nexthdr) {
	case AH_NH_HOP:
	case AH_NH_DEST:
		return ah_mask_opts6(hdr, len);
	case AH_NH_ROUTING:
		return ah_end_of_route6(ip6h, hdr, len);
	default:
		return -EINVAL;
	}
}

static int ah_mask6(u8 *hdr, unsigned int len)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)hdr;
	unsigned int off = sizeof(*ip6h);
	u8 nexthdr;

	if (len < sizeof(*ip6h))
		return -EINVAL;
	nexthdr = ip6h->nexthdr;
	memset(hdr, 0, 4);
	hdr[0] = 6 << 4;
	ip6h->hop_limit = 0;

	while (off < len) {
		unsigned int size;
		int err;

		if (len - off < 8)
			return -EINVAL;
		size = (hdr[off + 1] + 1) * 8;
		if (size > len - off)
			return -EINVAL;
		err = ah_mask_ext6(ip6h, nexthdr, hdr + off, size);
		if (err)
			return err;
		nexthdr = hdr[off];
		off += size;
	}
	return nexthdr == AH_NH_AUTH ? 0 : -EINVAL;
}

/**
 * ipsec_ah_mask() - headers as the ICV of AH sees them
 * @hdr: copy of all headers from the IP header to AH, which it names already;
 *	its length field is that of the protected packet; aligned to 4 bytes
 * @len: their length
 * @family: AF_INET or AF_INET6
 *
 * Return: 0; -EINVAL when they are malformed, or hold a header of which nobody
 * knows what it will look like at the other end.
 */
int ipsec_ah_mask(u8 *hdr, unsigned int len, u16 family)
{
	return family == AF_INET6 ? ah_mask6(hdr, len) : ah_mask4(hdr, len);
}
