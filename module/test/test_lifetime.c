// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of sa/lifetime.c, for the module and for user space.
 */
#include <linux/kernel.h>
#include <linux/limits.h>

#include "sa/lifetime.h"
#include "test/test.h"

#define STEPS	5

#define OK	IPSEC_LIFE_OK
#define SOFT	IPSEC_LIFE_SOFT
#define HARD	IPSEC_LIFE_HARD
#define BOTH	IPSEC_LIFE_BOTH

/* Packets of a size each, what each of them hears, and what is counted then. */
static const struct {
	struct ipsec_limits soft, hard;
	unsigned int sizes[STEPS];
	enum ipsec_life_state states[STEPS];
	u64 packets, bytes;
	const char *why;
} count_cases[] = {
	{ .sizes = { 1, 2, 3, 4, 5 }, .states = { OK, OK, OK, OK, OK },
	  .packets = 5, .bytes = 15, .why = "no limits" },
	{ .hard = { .packets = 3 }, .sizes = { 9, 9, 9, 9, 9 },
	  .states = { OK, OK, OK, HARD, HARD }, .packets = 3, .bytes = 27,
	  .why = "three pass, the fourth does not, and is not counted" },
	{ .soft = { .packets = 2 }, .hard = { .packets = 4 },
	  .sizes = { 1, 1, 1, 1, 1 }, .states = { OK, SOFT, SOFT, SOFT, BOTH },
	  .packets = 4, .bytes = 4, .why = "soft with the second" },
	{ .hard = { .bytes = 100 }, .sizes = { 60, 40, 1, 0, 1 },
	  .states = { OK, OK, HARD, OK, HARD }, .packets = 3, .bytes = 100,
	  .why = "the sum may be the limit, not more" },
	{ .hard = { .bytes = 100 }, .sizes = { 99, 2, 1, 1, 1 },
	  .states = { OK, HARD, OK, HARD, HARD }, .packets = 2, .bytes = 100,
	  .why = "a packet that would exceed it leaves no trace" },
	{ .soft = { .bytes = 50 }, .hard = { .bytes = 100 },
	  .sizes = { 49, 1, 50, 1, 1 },
	  .states = { OK, SOFT, SOFT, BOTH, BOTH }, .packets = 3, .bytes = 100,
	  .why = "soft with the packet that makes the sum" },
	{ .soft = { .bytes = 50 }, .hard = { .bytes = 100 },
	  .sizes = { 200, 1, 1, 1, 1 }, .states = { BOTH, OK, OK, OK, OK },
	  .packets = 4, .bytes = 4, .why = "one packet crosses both" },
	{ .soft = { .packets = 1 }, .hard = { .packets = 1 },
	  .sizes = { 1, 1, 1, 1, 1 }, .states = { SOFT, BOTH, BOTH, BOTH, BOTH },
	  .packets = 1, .bytes = 1, .why = "soft and hard alike: soft first" },
	{ .hard = { .bytes = U64_MAX }, .sizes = { 65535, 65535, 1, 1, 1 },
	  .states = { OK, OK, OK, OK, OK }, .packets = 5, .bytes = 131073,
	  .why = "the greatest limit" },
};

static bool test_count(void)
{
	struct ipsec_life life;
	size_t i, step;

	for (i = 0; i < ARRAY_SIZE(count_cases); i++) {
		ipsec_life_init(&life, 100, 1000);
		ipsec_life_set_limits(&life, &count_cases[i].soft,
				      &count_cases[i].hard);
		for (step = 0; step < STEPS; step++)
			TEST_ROW(ipsec_life_count(&life,
						  count_cases[i].sizes[step]) ==
				 count_cases[i].states[step], i,
				 count_cases[i].why);
		TEST_ROW(atomic64_read(&life.packets) == count_cases[i].packets,
			 i, count_cases[i].why);
		TEST_ROW(atomic64_read(&life.bytes) == count_cases[i].bytes, i,
			 count_cases[i].why);
	}
	return true;
}

/* Made at second 100; @used 0 for never. */
static const struct {
	struct ipsec_limits soft, hard;
	u64 used, now;
	enum ipsec_life_state state;
	u64 deadline;			/* of what is not reached yet */
	const char *why;
} clock_cases[] = {
	{ .now = 1000000, .state = OK, .deadline = IPSEC_LIFE_NEVER,
	  .why = "no limits" },
	{ .hard = { .addtime = 10 }, .now = 109, .state = OK, .deadline = 110,
	  .why = "a second before" },
	{ .hard = { .addtime = 10 }, .now = 110, .state = HARD,
	  .deadline = IPSEC_LIFE_NEVER, .why = "on the second" },
	{ .soft = { .addtime = 5 }, .hard = { .addtime = 10 }, .now = 105,
	  .state = SOFT, .deadline = 110, .why = "soft, then hard" },
	{ .soft = { .addtime = 5 }, .hard = { .addtime = 10 }, .now = 200,
	  .state = BOTH, .deadline = IPSEC_LIFE_NEVER, .why = "slept over both" },
	{ .hard = { .usetime = 10 }, .now = 100000, .state = OK,
	  .deadline = IPSEC_LIFE_NEVER, .why = "never used" },
	{ .hard = { .usetime = 10 }, .used = 500, .now = 509, .state = OK,
	  .deadline = 510, .why = "counts from the first packet" },
	{ .hard = { .usetime = 10 }, .used = 500, .now = 510, .state = HARD,
	  .deadline = IPSEC_LIFE_NEVER, .why = "used up" },
	{ .soft = { .usetime = 3 }, .hard = { .addtime = 600 }, .used = 500,
	  .now = 501, .state = OK, .deadline = 503, .why = "the nearer one" },
	{ .soft = { .addtime = U64_MAX }, .hard = { .addtime = U64_MAX - 99 },
	  .now = 1ULL << 40, .state = OK, .deadline = IPSEC_LIFE_NEVER,
	  .why = "no wrap at the end of time" },
	{ .hard = { .packets = 1, .bytes = 1 }, .now = 1000, .state = OK,
	  .deadline = IPSEC_LIFE_NEVER, .why = "limits of use are no clock's" },
};

static bool test_clock(void)
{
	enum ipsec_life_state state;
	struct ipsec_life life;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clock_cases); i++) {
		ipsec_life_init(&life, 100, 1000);
		ipsec_life_set_limits(&life, &clock_cases[i].soft,
				      &clock_cases[i].hard);
		if (clock_cases[i].used)
			TEST_ROW(ipsec_life_touch(&life, clock_cases[i].used),
				 i, "first packet");
		state = ipsec_life_at(&life, clock_cases[i].now);
		TEST_ROW(state == clock_cases[i].state, i, clock_cases[i].why);
		TEST_ROW(ipsec_life_deadline(&life, state) ==
			 clock_cases[i].deadline, i, clock_cases[i].why);
	}
	return true;
}

static bool test_touch(void)
{
	struct ipsec_life life;

	ipsec_life_init(&life, 7, 1000);
	TEST_OK(life.added == 7 && life.wall_added == 1000, "creation");
	TEST_OK(ipsec_life_touch(&life, 10), "the first packet is the first");
	TEST_OK(!ipsec_life_touch(&life, 11), "the second is not");
	TEST_OK(atomic64_read(&life.used) == 10, "first use stays");
	TEST_OK(life.last == 11, "last use moves");
	TEST_OK(ipsec_life_now(), "no moment is 0, which means never");
	return true;
}

/**
 * ipsec_test_lifetime() - limits, each to one packet and one second
 *
 * Return: false on the first failure, which is in the log.
 */
bool ipsec_test_lifetime(void)
{
	return test_count() && test_clock() && test_touch();
}
