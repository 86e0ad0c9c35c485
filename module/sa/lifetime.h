/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lifetimes (RFC 4301 4.4.2.1): limits, what was used of them, and which limit
 * a packet or the clock crossed. Pure but for the clock.
 */
#ifndef _TESTUDO_SA_LIFETIME_H
#define _TESTUDO_SA_LIFETIME_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * struct ipsec_limits - one set of limits; 0 means none
 * @packets: packets (sadb_lifetime_allocations): so many pass
 * @bytes: bytes of what the SA protects: inner packets in tunnel mode,
 *	upper-layer datagrams in transport mode, without ESP header, IV,
 *	padding, trailer and ICV. Both ends count the same
 * @addtime: seconds since the SA was made
 * @usetime: seconds since its first packet
 */
struct ipsec_limits {
	u64 packets;
	u64 bytes;
	u64 addtime;
	u64 usetime;
};

/**
 * struct ipsec_life - limits of an SA and their use
 * @soft: asks for a successor
 * @hard: ends it
 * @packets: packets so far
 * @bytes: bytes so far, see struct ipsec_limits
 * @added: boot-time seconds of creation: no clock that can be set
 * @used: boot-time seconds of the first packet, 0 before it
 * @last: boot-time seconds of the last packet, 0 before the first
 * @wall_added: wall-clock seconds of creation, for display only
 */
struct ipsec_life {
	struct ipsec_limits soft;
	struct ipsec_limits hard;
	atomic64_t packets;
	atomic64_t bytes;
	u64 added;
	atomic64_t used;
	u64 last;
	u64 wall_added;
};

/**
 * enum ipsec_life_state - how far a life has gone
 * @IPSEC_LIFE_OK: no limit reached
 * @IPSEC_LIFE_SOFT: a soft limit reached
 * @IPSEC_LIFE_HARD: a hard limit reached: the packet that finds this is not
 *	to be processed any more
 * @IPSEC_LIFE_BOTH: both, by one packet or in one second
 */
enum ipsec_life_state {
	IPSEC_LIFE_OK = 0,
	IPSEC_LIFE_SOFT = 1,
	IPSEC_LIFE_HARD = 2,
	IPSEC_LIFE_BOTH = IPSEC_LIFE_SOFT | IPSEC_LIFE_HARD,
};

/* What ipsec_life_deadline() says when no clock will ever end it. */
#define IPSEC_LIFE_NEVER	U64_MAX

u64 ipsec_life_now(void);
u64 ipsec_life_wall(void);
void ipsec_life_init(struct ipsec_life *life, u64 now, u64 wall);
void ipsec_life_set_limits(struct ipsec_life *life,
			   const struct ipsec_limits *soft,
			   const struct ipsec_limits *hard);
enum ipsec_life_state ipsec_life_count(struct ipsec_life *life,
				       unsigned int bytes);
bool ipsec_life_touch(struct ipsec_life *life, u64 now);
enum ipsec_life_state ipsec_life_at(const struct ipsec_life *life, u64 now);
void ipsec_life_go_on(struct ipsec_life *life, const struct ipsec_life *old);
u64 ipsec_life_deadline(const struct ipsec_life *life,
			enum ipsec_life_state reached);

#endif
