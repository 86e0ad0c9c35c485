/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an SA in UDP knows of NATs on its way (RFC 3948).
 */
#ifndef _TESTUDO_SA_NATT_H
#define _TESTUDO_SA_NATT_H

#include <linux/types.h>

#include "base/addr.h"

struct ipsec_sa;

/* Bytes of the UDP header between the IP header and ESP. */
#define IPSEC_NATT_HLEN		8

/**
 * struct ipsec_natt_ports - UDP ports of the packets of an SA, in one word
 * @src: source, network order
 * @dst: destination, network order
 */
struct ipsec_natt_ports {
	__be16 src;
	__be16 dst;
} __aligned(4);

/**
 * struct ipsec_natt_peer - where the packets of an SA come from
 * @addr: source address
 * @port: source port, network order
 */
struct ipsec_natt_peer {
	union ipsec_addr addr;
	__be16 port;
};

/**
 * struct ipsec_natt - the NAT traversal of an SA
 * @ports: as PF_KEY gave them. Changed under ipn->config_mutex, READ_ONCE by
 *	packets
 * @oa_family: family of @oa; 0 when it was not given
 * @oa: source address before a NAT changed it
 * @seen: where packets come from; at first the SA's source and @ports.src.
 *	Changed by who owns IPSEC_SA_MOVING
 * @left: where they came from before; changed like @seen
 */
struct ipsec_natt {
	struct ipsec_natt_ports ports;
	u16 oa_family;
	union ipsec_addr oa;
	struct ipsec_natt_peer seen;
	struct ipsec_natt_peer left;
};

void ipsec_natt_init(struct ipsec_sa *sa, struct ipsec_natt_ports ports);
struct ipsec_natt_ports ipsec_natt_ports(const struct ipsec_sa *sa);
void ipsec_natt_set_ports(struct ipsec_sa *sa, struct ipsec_natt_ports ports);
void ipsec_natt_came_from(struct ipsec_sa *sa, u64 seq,
			  const struct ipsec_natt_peer *from);
bool ipsec_natt_take_move(struct ipsec_sa *sa);
void ipsec_natt_move_told(struct ipsec_sa *sa);

#endif
