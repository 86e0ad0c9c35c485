/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The anti-replay window (RFC 4303 3.4.3 and appendix A), without a lock.
 * Pure.
 */
#ifndef _TESTUDO_SA_REPLAY_H
#define _TESTUDO_SA_REPLAY_H

#include <linux/atomic.h>
#include <linux/types.h>

/* Widest window, in packets. */
#define IPSEC_REPLAY_WINDOW_MAX	4096

/* Windows up to 32 * (this - 1) packets need no memory of their own. */
#define IPSEC_REPLAY_INLINE	4

/**
 * struct ipsec_replay - window of one receiving SA
 * @top: highest sequence number accepted, 64 bits even without ESN; only ever
 *	rises
 * @window: width in packets, 0 when replay protection is off
 * @mask: number of @words minus one; a power of two
 * @esn: 64-bit numbers of which the packet carries the lower half
 * @words: (epoch << 32 | bitmap), each 32 sequence numbers; advanced by
 *	cmpxchg, so that every number is accepted at most once
 * @few: where @words points to when the window is small; so the struct is
 *	never copied
 */
struct ipsec_replay {
	atomic64_t top;
	u32 window;
	u32 mask;
	bool esn;
	atomic64_t *words;
	atomic64_t few[IPSEC_REPLAY_INLINE];
};

int ipsec_replay_init(struct ipsec_replay *rp, u32 window, bool esn, u64 top);
void ipsec_replay_go_on(struct ipsec_replay *rp, const struct ipsec_replay *old);
void ipsec_replay_exit(struct ipsec_replay *rp);
u64 ipsec_replay_seq(const struct ipsec_replay *rp, u32 seq_lo);
bool ipsec_replay_check(const struct ipsec_replay *rp, u64 seq);
bool ipsec_replay_accept(struct ipsec_replay *rp, u64 seq);

/**
 * ipsec_replay_newest() - has nothing come behind this number
 * @rp: window
 * @seq: number that ipsec_replay_accept() accepted
 *
 * Context: any.
 * Return: true if so, and always when there is no replay protection.
 */
static inline bool ipsec_replay_newest(const struct ipsec_replay *rp, u64 seq)
{
	return !rp->window || (u64)atomic64_read(&rp->top) == seq;
}

#endif
