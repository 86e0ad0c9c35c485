/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TESTUDO_UNIT_NET_IPV6_H
#define _TESTUDO_UNIT_NET_IPV6_H

#include <linux/ipv6.h>
#include "shim.h"

#define NEXTHDR_HOP		0
#define NEXTHDR_ROUTING		43
#define NEXTHDR_FRAGMENT	44
#define NEXTHDR_DEST		60

#define IP6_OFFSET		0xfff8

#define ipv6_optlen(p)		(((p)->hdrlen + 1) << 3)

/**
 * struct frag_hdr - fragment header (RFC 8200 4.5)
 * @nexthdr: of the fragmentable part
 * @reserved: 0
 * @frag_off: offset in units of 8, two reserved bits, more fragments
 * @identification: of the packet
 */
struct frag_hdr {
	__u8 nexthdr;
	__u8 reserved;
	__be16 frag_off;
	__be32 identification;
};

#endif
