// SPDX-License-Identifier: GPL-2.0
/*
 * lifetime - arithmetic of limits. Never changes the state of an SA and arms
 * no timer: it only says what was reached.
 *
 * A hard limit of N packets lets N packets pass; a hard limit of N bytes lets
 * every packet pass with which the sum is at most N. A soft limit is reached
 * by the packet that makes the sum N or more, and that packet passes.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>

#include "sa/lifetime.h"

/**
 * ipsec_life_now() - seconds since boot, suspended ones included
 *
 * Context: any. Cheap enough for every packet: the last tick's time.
 * Return: never 0, so that 0 can mean "not yet".
 */
u64 ipsec_life_now(void)
{
	return (u64)ktime_get_boottime_seconds() + 1;
}

/**
 * ipsec_life_wall() - wall-clock seconds, for display
 *
 * Context: any.
 * Return: seconds since 1970.
 */
u64 ipsec_life_wall(void)
{
	return ktime_get_real_seconds();
}

/**
 * ipsec_life_init() - a life without limits begins
 * @life: life, zeroed or not
 * @now: ipsec_life_now()
 * @wall: ipsec_life_wall()
 */
void ipsec_life_init(struct ipsec_life *life, u64 now, u64 wall)
{
	*life = (struct ipsec_life){ .added = now, .wall_added = wall };
	atomic64_set(&life->packets, 0);
	atomic64_set(&life->bytes, 0);
	atomic64_set(&life->used, 0);
}

static void limits_set(struct ipsec_limits *to, const struct ipsec_limits *from)
{
	WRITE_ONCE(to->packets, from->packets);
	WRITE_ONCE(to->bytes, from->bytes);
	WRITE_ONCE(to->addtime, from->addtime);
	WRITE_ONCE(to->usetime, from->usetime);
}

/**
 * ipsec_life_set_limits() - change the limits, packets may be counting
 * @life: life
 * @soft: new soft limits
 * @hard: new hard limits
 *
 * Context: Caller keeps other writers out.
 */
void ipsec_life_set_limits(struct ipsec_life *life,
			   const struct ipsec_limits *soft,
			   const struct ipsec_limits *hard)
{
	limits_set(&life->soft, soft);
	limits_set(&life->hard, hard);
}

/**
 * ipsec_life_go_on() - go on where another life stopped
 * @life: life, not in use yet; keeps its limits
 * @old: life, not in use any more
 *
 * Context: any.
 */
void ipsec_life_go_on(struct ipsec_life *life, const struct ipsec_life *old)
{
	atomic64_set(&life->packets, atomic64_read(&old->packets));
	atomic64_set(&life->bytes, atomic64_read(&old->bytes));
	atomic64_set(&life->used, atomic64_read(&old->used));
	life->last = READ_ONCE(old->last);
	life->added = old->added;
	life->wall_added = old->wall_added;
}

static bool limit_passed(u64 limit, u64 sum)
{
	return limit && sum > limit;
}

static bool limit_reached(u64 limit, u64 sum)
{
	return limit && sum >= limit;
}

/**
 * ipsec_life_count() - one more packet
 * @life: life
 * @bytes: its size, see struct ipsec_limits
 *
 * Exact however many CPUs count at once: the counter itself tells each packet
 * which one it is. What a hard limit refuses is not left in the counters.
 *
 * Context: any.
 * Return: the limits that this packet reached (soft) or would exceed (hard);
 * limits of time are not looked at.
 */
enum ipsec_life_state ipsec_life_count(struct ipsec_life *life,
				       unsigned int bytes)
{
	u64 p = atomic64_inc_return(&life->packets);
	u64 b = atomic64_add_return(bytes, &life->bytes);
	enum ipsec_life_state state = IPSEC_LIFE_OK;

	if (unlikely(limit_reached(READ_ONCE(life->soft.packets), p) ||
		     limit_reached(READ_ONCE(life->soft.bytes), b)))
		state |= IPSEC_LIFE_SOFT;
	if (unlikely(limit_passed(READ_ONCE(life->hard.packets), p) ||
		     limit_passed(READ_ONCE(life->hard.bytes), b))) {
		state |= IPSEC_LIFE_HARD;
		atomic64_dec(&life->packets);
		atomic64_sub(bytes, &life->bytes);
	}
	return state;
}

/**
 * ipsec_life_touch() - note when a packet passed
 * @life: life
 * @now: ipsec_life_now()
 *
 * Context: any.
 * Return: true for the first packet of all, exactly once.
 */
bool ipsec_life_touch(struct ipsec_life *life, u64 now)
{
	if (READ_ONCE(life->last) != now)
		WRITE_ONCE(life->last, now);
	return unlikely(!atomic64_read(&life->used)) &&
	       !atomic64_cmpxchg(&life->used, 0, now);
}

/* When a limit of @seconds since @start runs out; NEVER without one. */
static u64 limit_end(u64 start, u64 seconds)
{
	if (!start || !seconds || seconds > IPSEC_LIFE_NEVER - start)
		return IPSEC_LIFE_NEVER;
	return start + seconds;
}

static u64 limits_end(const struct ipsec_life *life,
		      const struct ipsec_limits *limits)
{
	u64 add = limit_end(life->added, READ_ONCE(limits->addtime));
	u64 use = limit_end(atomic64_read(&life->used),
			    READ_ONCE(limits->usetime));

	return min(add, use);
}

/**
 * ipsec_life_at() - what the clock has reached
 * @life: life
 * @now: ipsec_life_now()
 *
 * Context: any.
 * Return: the limits of time that have run out.
 */
enum ipsec_life_state ipsec_life_at(const struct ipsec_life *life, u64 now)
{
	enum ipsec_life_state state = IPSEC_LIFE_OK;

	if (limits_end(life, &life->soft) <= now)
		state |= IPSEC_LIFE_SOFT;
	if (limits_end(life, &life->hard) <= now)
		state |= IPSEC_LIFE_HARD;
	return state;
}

/**
 * ipsec_life_deadline() - when ipsec_life_at() will say something new
 * @life: life
 * @reached: what is known to be reached already
 *
 * Context: any.
 * Return: boot-time seconds, maybe past ones; IPSEC_LIFE_NEVER.
 */
u64 ipsec_life_deadline(const struct ipsec_life *life,
			enum ipsec_life_state reached)
{
	u64 soft = IPSEC_LIFE_NEVER;
	u64 hard = IPSEC_LIFE_NEVER;

	if (!(reached & IPSEC_LIFE_SOFT))
		soft = limits_end(life, &life->soft);
	if (!(reached & IPSEC_LIFE_HARD))
		hard = limits_end(life, &life->hard);
	return min(soft, hard);
}
