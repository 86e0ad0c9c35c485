/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct ipsec_sp: one security policy (RFC 4301 4.4.1) and the SAs that it
 * asks for.
 */
#ifndef _TESTUDO_SP_H
#define _TESTUDO_SP_H

#include <linux/atomic.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

#include "base/selector.h"

struct ipsec_move;
struct ipsec_net;

/* Most SAs that one policy may ask for (PF_KEY's limit too). */
#define IPSEC_TMPL_MAX	6

/**
 * enum ipsec_sp_dir - directions; the values are PF_KEY's minus one
 * @IPSEC_SP_IN: to this host
 * @IPSEC_SP_OUT: from this host, and forwarded packets on their way out
 * @IPSEC_SP_FWD: forwarded packets on their way in; falls back to IN
 * @IPSEC_SP_DIRS: number of directions
 */
enum ipsec_sp_dir {
	IPSEC_SP_IN,
	IPSEC_SP_OUT,
	IPSEC_SP_FWD,
	IPSEC_SP_DIRS,
};

/**
 * enum ipsec_sp_action - what becomes of a packet
 * @IPSEC_SP_DISCARD: dropped
 * @IPSEC_SP_NONE: passes in clear
 * @IPSEC_SP_IPSEC: is protected
 */
enum ipsec_sp_action {
	IPSEC_SP_DISCARD,
	IPSEC_SP_NONE,
	IPSEC_SP_IPSEC,
};

/**
 * struct ipsec_tmpl - one SA that a policy asks for
 * @saddr: tunnel mode: source of the outer header
 * @daddr: tunnel mode: destination of the outer header
 * @family: tunnel mode: family of both; else 0
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 * @optional: level "use": without an SA the packet goes without this one
 * @reqid: the SA's reqid; 0 takes any
 */
struct ipsec_tmpl {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
	u8 proto;
	u8 mode;
	bool optional;
	u32 reqid;
};

struct ipsec_sp;
struct ipsec_spd_cover;
struct ipsec_spd_tuple;

/**
 * struct ipsec_spd_key - what the lookup tables hash
 * @saddr: source, masked to @splen
 * @daddr: destination, masked to @dplen
 * @sport: source port; 0 unless @shape names it
 * @dport: destination port; 0 unless @shape names it
 * @splen: source prefix length
 * @dplen: destination prefix length
 * @proto: protocol; 0 unless @shape names it
 * @shape: direction, family and what is named; known to spd_lookup.c only
 *
 * Without holes: compared as memory.
 */
struct ipsec_spd_key {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	__be16 sport;
	__be16 dport;
	u8 splen;
	u8 dplen;
	u8 proto;
	u8 shape;
};

/**
 * struct ipsec_spd_seat - a policy's place in what covers opaque flows
 * @node: in @cover's tree
 * @cover: where it sits; NULL when it does not
 */
struct ipsec_spd_seat {
	struct rb_node node;
	struct ipsec_spd_cover *cover;
};

/**
 * struct ipsec_sp - a security policy; const after insert but for @used, @dead, @held
 * @sel: which packets
 * @priority: sadb_x_policy_priority, lower wins
 * @dir: enum ipsec_sp_dir
 * @action: enum ipsec_sp_action
 * @ntmpl: number of @tmpl; 0 unless IPSEC_SP_IPSEC
 * @dead: unlinked; READ_ONCE
 * @age: among equal priorities the least one wins: the order of insertion.
 *	Kept by an update
 * @id: number in PF_KEY: low 3 bits the direction, step 8, never 0. Kept by
 *	an update
 * @used: monotonic seconds of the last packet, 0 for never; written relaxed
 * @tmpl: innermost first, in the order in which they are applied outbound
 * @net: its namespace
 * @lifetime_add: seconds it lives, 0 for ever
 * @lifetime_use: seconds it lives without use, 0 for ever
 * @added: monotonic seconds of creation
 * @wall_added: wall-clock seconds of creation, for display
 * @key: @sel as the lookup tables hash it
 * @by_key: policies of one @key
 * @by_rank: in @tuple's tree; config_mutex
 * @tuple: policies with selectors of the same shape; config_mutex
 * @seats: for opaque flows, sp/spd_opaque.c; config_mutex
 * @timer: deadline in spd's queue; config_mutex
 * @timed: @timer is queued; config_mutex
 * @held: packets that wait for an SA that it asks for
 * @ref: one for the tables, one for each holder outside RCU
 * @rcu: for the end
 */
struct ipsec_sp {
	struct ipsec_selector sel;
	u32 priority;
	u8 dir;
	u8 action;
	u8 ntmpl;
	bool dead;
	u64 age;
	u32 id;
	u64 used;
	struct ipsec_tmpl tmpl[IPSEC_TMPL_MAX];

	struct ipsec_net *net;
	u64 lifetime_add;
	u64 lifetime_use;
	u64 added;
	u64 wall_added;
	struct ipsec_spd_key key;
	struct rhlist_head by_key;
	struct rb_node by_rank;
	struct ipsec_spd_tuple *tuple;
	struct ipsec_spd_seat seats[2];
	struct timerqueue_node timer;
	bool timed;
	atomic_t held;
	refcount_t ref;
	struct rcu_head rcu;
};

/**
 * ipsec_sp_before() - which of two policies of a direction decides
 * @a: policy
 * @b: policy
 *
 * Return: true when @a does: the lower priority value, then the older.
 */
static inline bool ipsec_sp_before(const struct ipsec_sp *a,
				   const struct ipsec_sp *b)
{
	return a->priority != b->priority ? a->priority < b->priority :
					    a->age < b->age;
}

int ipsec_sp_init(void);
void ipsec_sp_exit(void);
struct ipsec_sp *ipsec_sp_alloc(struct ipsec_net *ipn, gfp_t gfp);
struct ipsec_sp *ipsec_sp_move(const struct ipsec_sp *sp,
			       const struct ipsec_move *moves, unsigned int n);
bool ipsec_sp_get(struct ipsec_sp *sp);
void ipsec_sp_put(struct ipsec_sp *sp);
void ipsec_sp_touch(struct ipsec_sp *sp);
u64 ipsec_sp_wall_used(const struct ipsec_sp *sp);
bool ipsec_sp_may_be_clear(const struct ipsec_sp *sp);

#endif
