// SPDX-License-Identifier: GPL-2.0
/*
 * replay - which sequence numbers were seen. Owns the window of one SA; never
 * asks whether a packet is authentic, which is for the caller to know before
 * ipsec_replay_accept().
 *
 * The window is a ring of words, each for 32 numbers in a row:
 *
 *      63           32 31            0
 *     +---------------+---------------+     epoch = low 32 bits of seq / 32
 *     |     epoch     |    bitmap     |     place = epoch modulo size of ring
 *     +---------------+---------------+     bit   = seq modulo 32
 *
 * A word is replaced as a whole by a younger epoch, so nothing has ever to be
 * cleared, and one cmpxchg both tests and sets. The ring has at least one word
 * more than the window is wide: whatever is in the window has its own word.
 * A number whose word was taken by a younger epoch is left of the window. So a
 * number is accepted at most once, whatever @top says and whatever other CPUs
 * do; @top only makes the left edge exact and tells the upper half of ESN.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "sa/replay.h"

#define WORD_BITS	32

static u64 word_make(u32 epoch, u32 bits)
{
	return (u64)epoch << 32 | bits;
}

static u32 word_epoch(u64 word)
{
	return word >> 32;
}

static u32 seq_epoch(u64 seq)
{
	return seq / WORD_BITS;
}

static u32 seq_bit(u64 seq)
{
	return 1U << (seq % WORD_BITS);
}

/* Everything up to @top counts as seen, so that no word is taken for young. */
static void words_fill(struct ipsec_replay *rp, u64 top)
{
	u32 epoch = seq_epoch(top);
	u32 i;

	for (i = 0; i <= rp->mask; i++)
		atomic64_set(&rp->words[(epoch - i) & rp->mask],
			     word_make(epoch - i, U32_MAX));
	atomic64_set(&rp->words[epoch & rp->mask],
		     word_make(epoch, seq_bit(top) | (seq_bit(top) - 1)));
}

/**
 * ipsec_replay_init() - make a window
 * @rp: window, not in use
 * @window: width in packets, at most IPSEC_REPLAY_WINDOW_MAX; 0 for no replay
 *	protection
 * @esn: 64-bit sequence numbers; they need a window
 * @top: highest number that counts as seen, 0 at the start of an SA
 *
 * Context: Process.
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int ipsec_replay_init(struct ipsec_replay *rp, u32 window, bool esn, u64 top)
{
	u32 n;

	if (window > IPSEC_REPLAY_WINDOW_MAX || (esn && !window) ||
	    (!esn && top > U32_MAX))
		return -EINVAL;

	n = roundup_pow_of_two(DIV_ROUND_UP(window, WORD_BITS) + 1);
	if (n <= IPSEC_REPLAY_INLINE) {
		n = IPSEC_REPLAY_INLINE;
		rp->words = rp->few;
	} else {
		rp->words = kcalloc(n, sizeof(*rp->words), GFP_KERNEL_ACCOUNT);
		if (!rp->words)
			return -ENOMEM;
	}
	rp->window = window;
	rp->mask = n - 1;
	rp->esn = esn;
	atomic64_set(&rp->top, top);
	words_fill(rp, top);
	return 0;
}

/**
 * ipsec_replay_go_on() - go on where another window stopped
 * @rp: window, not in use yet
 * @old: window of the same width, not in use any more
 *
 * Context: any.
 */
void ipsec_replay_go_on(struct ipsec_replay *rp, const struct ipsec_replay *old)
{
	u32 i;

	atomic64_set(&rp->top, atomic64_read(&old->top));
	for (i = 0; i <= rp->mask; i++)
		atomic64_set(&rp->words[i], atomic64_read(&old->words[i]));
}

/**
 * ipsec_replay_exit() - free a window
 * @rp: made by ipsec_replay_init(), or all zero
 */
void ipsec_replay_exit(struct ipsec_replay *rp)
{
	if (rp->words != rp->few)
		kfree(rp->words);
	rp->words = NULL;
}

/**
 * ipsec_replay_seq() - the whole sequence number of a packet
 * @rp: window
 * @seq_lo: what the packet carries
 *
 * With ESN the upper half is the one that puts the number nearest to the
 * window (RFC 4303 A2.1); if it is wrong, so will be the ICV.
 *
 *   case A: the window lies in one 2^32      case B: it spans two
 *   Tl >= W - 1                              Tl < W - 1
 *   lo >= Tl - W + 1: Th                     lo >= Tl - W + 1: Th - 1
 *   lo <  Tl - W + 1: Th + 1                 lo <  Tl - W + 1: Th
 *
 * Context: any.
 * Return: the number; 0, which no packet has, when it would lie before the
 * first or behind the last.
 */
u64 ipsec_replay_seq(const struct ipsec_replay *rp, u32 seq_lo)
{
	u64 top;
	u32 th, tl, left;

	if (!rp->esn)
		return seq_lo;

	top = atomic64_read(&rp->top);
	th = top >> 32;
	tl = top;
	left = tl - rp->window + 1;	/* modulo 2^32 in case B */
	if (tl >= rp->window - 1) {
		if (seq_lo < left && !++th)
			return 0;
	} else if (seq_lo >= left && !th--) {
		return 0;
	}
	return (u64)th << 32 | seq_lo;
}

static bool replay_left_of(const struct ipsec_replay *rp, u64 seq)
{
	u64 top = atomic64_read(&rp->top);

	return seq <= top && top - seq >= rp->window;
}

/**
 * ipsec_replay_check() - would this number be accepted
 * @rp: window
 * @seq: whole number, from ipsec_replay_seq()
 *
 * For the time before the ICV is verified. Changes nothing.
 *
 * Context: any.
 * Return: true if it is new, or if there is no replay protection.
 */
bool ipsec_replay_check(const struct ipsec_replay *rp, u64 seq)
{
	u32 epoch = seq_epoch(seq);
	u64 word;
	s32 age;

	if (!rp->window)
		return true;
	if (!seq || replay_left_of(rp, seq))
		return false;

	word = atomic64_read(&rp->words[epoch & rp->mask]);
	age = (s32)(epoch - word_epoch(word));
	return age > 0 || (!age && !((u32)word & seq_bit(seq)));
}

/**
 * ipsec_replay_accept() - a packet with this number has arrived authentic
 * @rp: window
 * @seq: whole number, from ipsec_replay_seq()
 *
 * Only after the ICV was verified: a forged number must not move the window.
 *
 * Context: any, on any number of CPUs at once.
 * Return: true exactly once for each number, and always when there is no
 * replay protection.
 */
bool ipsec_replay_accept(struct ipsec_replay *rp, u64 seq)
{
	u32 epoch = seq_epoch(seq);
	atomic64_t *place;
	s64 word, next;
	s64 top;
	s32 age;

	if (!rp->window)
		return true;
	if (!seq || replay_left_of(rp, seq))
		return false;

	place = &rp->words[epoch & rp->mask];
	word = atomic64_read(place);
	do {
		age = (s32)(epoch - word_epoch(word));
		if (age < 0 || (!age && ((u32)word & seq_bit(seq))))
			return false;
		next = age ? word_make(epoch, seq_bit(seq)) :
			     word | seq_bit(seq);
	} while (!atomic64_try_cmpxchg(place, &word, next));

	top = atomic64_read(&rp->top);
	while ((u64)top < seq && !atomic64_try_cmpxchg(&rp->top, &top, seq))
		;
	return true;
}
