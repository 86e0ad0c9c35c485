/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct ipsec_spd, for the files that make up the SPD: spd.c, spd_lookup.c,
 * spd_opaque.c and the flow cache.
 */
#ifndef _TESTUDO_SP_SPD_PRIV_H
#define _TESTUDO_SP_SPD_PRIV_H

#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "base/net.h"
#include "sp/sp.h"

/**
 * enum ipsec_spd_shape - what a selector names, in struct ipsec_spd_key
 * @IPSEC_SHAPE_PROTO: an upper-layer protocol
 * @IPSEC_SHAPE_SPORT: a source port
 * @IPSEC_SHAPE_DPORT: a destination port
 * @IPSEC_SHAPE_IPV6: IPv6 addresses
 * @IPSEC_SHAPE_ANYPROTO: a cover for flows of which not even the protocol is
 *	known, see spd_opaque.c
 * @IPSEC_SHAPE_DIR: from this bit on the direction
 */
enum ipsec_spd_shape {
	IPSEC_SHAPE_PROTO = 1 << 0,
	IPSEC_SHAPE_SPORT = 1 << 1,
	IPSEC_SHAPE_DPORT = 1 << 2,
	IPSEC_SHAPE_IPV6 = 1 << 3,
	IPSEC_SHAPE_ANYPROTO = 1 << 4,
	IPSEC_SHAPE_DIR = 5,
};

#define IPSEC_SHAPE_PORTS	(IPSEC_SHAPE_SPORT | IPSEC_SHAPE_DPORT)

/**
 * struct ipsec_spd_row - a tuple as lookups see it
 * @age: of the tuple's best policy
 * @priority: of the tuple's best policy
 * @splen: source prefix length
 * @dplen: destination prefix length
 * @shape: enum ipsec_spd_shape
 */
struct ipsec_spd_row {
	u64 age;
	u32 priority;
	u8 splen;
	u8 dplen;
	u8 shape;
};

/**
 * struct ipsec_spd_order - the tuples of a direction and family, best first
 * @rcu: for its end; const from publication to there
 * @n: number of @rows
 * @rows: by rank of their best policies
 */
struct ipsec_spd_order {
	struct rcu_head rcu;
	unsigned int n;
	struct ipsec_spd_row rows[];
};

/* Buckets of the table of tuples; there are rarely more than a few dozen. */
#define IPSEC_SPD_TUPLE_BITS	6

/**
 * struct ipsec_spd - the policies of a namespace
 * @ipn: namespace
 * @count: policies of each direction; READ_ONCE by packets
 * @ports4: those of any direction that name IPv4's ports; READ_ONCE by packets
 * @by_key: all policies, hashed by struct ipsec_spd_key
 * @covers: where opaque flows are at risk, spd_opaque.c
 * @order: tuples of each direction, IPv4 and IPv6
 * @tuples: the same by shape and prefix lengths
 * @clearing: all policies are being deleted, so @order is not kept up
 * @ids: all policies by id / 8, which is their order of creation
 * @next_id: where the search for a free index in @ids goes on
 * @next_age: age of the next policy
 * @reqids: how many templates name a reqid above IPSEC_REQID_MANUAL_MAX
 * @next_reqid: where the search for a free one goes on
 * @timers: deadlines in monotonic seconds
 * @expire: acts on them
 *
 * But for what packets read under RCU, all is under ipn->config_mutex.
 */
struct ipsec_spd {
	struct ipsec_net *ipn;
	unsigned int count[IPSEC_SP_DIRS];
	unsigned int ports4;
	struct rhltable by_key;
	struct rhashtable covers;
	struct ipsec_spd_order __rcu *order[IPSEC_SP_DIRS][2];
	struct hlist_head tuples[1 << IPSEC_SPD_TUPLE_BITS];
	bool clearing;
	struct xarray ids;
	u32 next_id;
	u64 next_age;
	struct xarray reqids;
	u32 next_reqid;
	struct timerqueue_head timers;
	struct delayed_work expire;
};

/* spd_lookup.c */
int ipsec_spd_index_init(struct ipsec_spd *spd);
void ipsec_spd_index_exit(struct ipsec_spd *spd);
int ipsec_spd_index_insert(struct ipsec_spd *spd, struct ipsec_sp *sp);
void ipsec_spd_index_remove(struct ipsec_spd *spd, struct ipsec_sp *sp);
void ipsec_spd_index_clear(struct ipsec_spd *spd);
struct ipsec_sp *ipsec_spd_index_find(struct ipsec_spd *spd,
				      enum ipsec_sp_dir dir,
				      const struct ipsec_selector *sel);
void ipsec_spd_key_set(struct ipsec_spd_key *key, u8 shape, u8 splen, u8 dplen,
		       const struct ipsec_flow *fl);

/* spd_opaque.c */
int ipsec_spd_opaque_init(struct ipsec_spd *spd);
void ipsec_spd_opaque_exit(struct ipsec_spd *spd);
int ipsec_spd_opaque_insert(struct ipsec_spd *spd, struct ipsec_sp *sp);
void ipsec_spd_opaque_remove(struct ipsec_spd *spd, struct ipsec_sp *sp);

/**
 * ipsec_spd_row_before() - may a tuple hold a better policy than this
 * @row: tuple
 * @sp: policy found so far; NULL when there is none
 *
 * Return: true if so.
 */
static inline bool ipsec_spd_row_before(const struct ipsec_spd_row *row,
					const struct ipsec_sp *sp)
{
	if (!sp || row->priority != sp->priority)
		return !sp || row->priority < sp->priority;
	return row->age < sp->age;
}

#endif
