/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pair of end points that becomes another one (SADB_X_MIGRATE): what SAs and
 * policies are asked to follow.
 */
#ifndef _TESTUDO_BASE_MOVE_H
#define _TESTUDO_BASE_MOVE_H

#include <linux/types.h>

#include "base/addr.h"

/**
 * struct ipsec_move_ends - two end points
 * @saddr: source of an SA
 * @daddr: its destination
 * @family: AF_INET or AF_INET6 of both
 */
struct ipsec_move_ends {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
};

/**
 * struct ipsec_move - who moves, and where to
 * @proto: IPPROTO_ESP, ...
 * @mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 * @reqid: 0 for any
 * @from: ends until now
 * @to: ends from now on
 */
struct ipsec_move {
	u8 proto;
	u8 mode;
	u32 reqid;
	struct ipsec_move_ends from;
	struct ipsec_move_ends to;
};

/**
 * ipsec_move_ends_equal() - are these the same two
 * @a: ends
 * @b: ends
 *
 * Return: true if so.
 */
static inline bool ipsec_move_ends_equal(const struct ipsec_move_ends *a,
					 const struct ipsec_move_ends *b)
{
	return a->family == b->family &&
	       ipsec_addr_equal(&a->saddr, &b->saddr) &&
	       ipsec_addr_equal(&a->daddr, &b->daddr);
}

#endif
