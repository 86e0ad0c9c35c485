// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of sa/replay.c, for the module and for user space: tables of the
 * edges, and random packets held against a model that is a plain set.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "sa/replay.h"
#include "test/test.h"

/* A window of 64 that has seen 1 to 100 but for 50, then these in a row. */
static const struct {
	u64 seq;
	bool fresh;
	const char *why;
} row_cases[] = {
	{ 0, false, "no packet has the number 0" },
	{ 100, false, "the right edge, seen" },
	{ 50, true, "inside, missing" },
	{ 50, false, "inside, seen just now" },
	{ 37, false, "the left edge, seen" },
	{ 36, false, "one left of the window" },
	{ 1, false, "far left of it" },
	{ 101, true, "the next one" },
	{ 165, true, "slides by one whole width" },
	{ 101, false, "left of the window now" },
	{ 102, true, "the left edge now, never seen" },
	{ 102, false, "the left edge, seen" },
	{ 164, true, "late, inside" },
	{ 1000000, true, "a great leap" },
	{ 165, false, "before the leap" },
	{ 999937, true, "the left edge after the leap" },
	{ 999936, false, "one left of it" },
	{ U32_MAX, true, "the last number" },
	{ U32_MAX, false, "the last number again" },
	{ U32_MAX - 63, true, "the left edge at the end" },
	{ U32_MAX - 64, false, "one left of it" },
};

static bool test_row(void)
{
	struct ipsec_replay rp = { };
	u64 seq;
	size_t i;

	TEST_OK(!ipsec_replay_init(&rp, 64, false, 0), "init");
	for (seq = 1; seq <= 100; seq++)
		TEST_OK(seq == 50 || ipsec_replay_accept(&rp, seq), "in order");
	for (i = 0; i < ARRAY_SIZE(row_cases); i++) {
		TEST_ROW(ipsec_replay_check(&rp, row_cases[i].seq) ==
			 row_cases[i].fresh, i, row_cases[i].why);
		TEST_ROW(ipsec_replay_accept(&rp, row_cases[i].seq) ==
			 row_cases[i].fresh, i, row_cases[i].why);
	}
	ipsec_replay_exit(&rp);
	return true;
}

/*
 * RFC 4303 A2.1. The sender's number is @hi and @lo; the receiver sees @lo
 * only. If it takes another upper half, the ICV will be wrong: so @accept is
 * "guessed right and not refused".
 */
#define TH	5U
static const struct {
	u32 tl, window, hi, lo;
	bool accept;
	const char *why;
} esn_cases[] = {
	/* case A: the window lies within one 2^32: 937 to 1000 */
	{ 1000, 64, TH - 1, 900, false, "A: left of it, a cycle ago" },
	{ 1000, 64, TH, 900, false, "A: left of it" },
	{ 1000, 64, TH + 1, 900, true, "A: left of it is the next cycle" },
	{ 1000, 64, TH - 1, 950, false, "A: inside, a cycle ago" },
	{ 1000, 64, TH, 950, true, "A: inside" },
	{ 1000, 64, TH + 1, 950, false, "A: inside, next cycle" },
	{ 1000, 64, TH - 1, 1100, false, "A: right of it, a cycle ago" },
	{ 1000, 64, TH, 1100, true, "A: right of it" },
	{ 1000, 64, TH + 1, 1100, false, "A: right of it, next cycle" },
	{ 1000, 64, TH, 937, true, "A: left edge" },
	{ 1000, 64, TH, 936, false, "A: one left of the edge" },
	{ 63, 64, TH, 0, true, "A: just not across" },
	/* case B: it spans two: 2^32 - 43 of TH - 1 to 20 of TH */
	{ 20, 64, TH - 1, 0xffffffe0, true, "B: the older half" },
	{ 20, 64, TH, 0xffffffe0, false, "B: the older half, this cycle" },
	{ 20, 64, TH + 1, 0xffffffe0, false, "B: the older half, next cycle" },
	{ 20, 64, TH - 1, 10, false, "B: the younger half, a cycle ago" },
	{ 20, 64, TH, 10, true, "B: the younger half" },
	{ 20, 64, TH + 1, 10, false, "B: the younger half, next cycle" },
	{ 20, 64, TH - 1, 30, false, "B: right of it, a cycle ago" },
	{ 20, 64, TH, 30, true, "B: right of it" },
	{ 20, 64, TH - 1, 0xffffffd5, true, "B: left edge" },
	{ 20, 64, TH - 1, 0xffffffd4, false, "B: one left of the edge" },
	{ 20, 64, TH, 0xffffffd4, true, "B: the farthest to the right" },
};

static bool test_esn_table(void)
{
	struct ipsec_replay rp;
	u64 seq, guess;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(esn_cases); i++) {
		/* nothing of the window but its right edge was seen */
		TEST_ROW(!ipsec_replay_init(&rp, esn_cases[i].window, true,
					    ((u64)TH << 32) - 1000), i, "init");
		TEST_ROW(ipsec_replay_accept(&rp, (u64)TH << 32 |
					     esn_cases[i].tl), i, "top");
		seq = (u64)esn_cases[i].hi << 32 | esn_cases[i].lo;
		guess = ipsec_replay_seq(&rp, esn_cases[i].lo);
		TEST_ROW((guess == seq && ipsec_replay_check(&rp, guess)) ==
			 esn_cases[i].accept, i, esn_cases[i].why);
		ipsec_replay_exit(&rp);
	}
	return true;
}

static bool test_esn_ends(void)
{
	struct ipsec_replay rp;

	TEST_OK(!ipsec_replay_init(&rp, 64, true, 0), "init");
	TEST_OK(ipsec_replay_seq(&rp, 1) == 1, "first packet");
	TEST_OK(!ipsec_replay_seq(&rp, U32_MAX - 5), "before the first cycle");
	TEST_OK(!ipsec_replay_check(&rp, 0), "0 is no number");
	ipsec_replay_exit(&rp);

	TEST_OK(!ipsec_replay_init(&rp, 64, true, U64_MAX - 5), "init at the end");
	TEST_OK(!ipsec_replay_seq(&rp, 7), "behind the last cycle");
	TEST_OK(ipsec_replay_check(&rp, U64_MAX), "the last number of all");
	ipsec_replay_exit(&rp);
	return true;
}

static bool test_settings(void)
{
	struct ipsec_replay rp = { };

	TEST_OK(ipsec_replay_init(&rp, 4097, false, 0) == -EINVAL, "too wide");
	TEST_OK(ipsec_replay_init(&rp, 0, true, 0) == -EINVAL,
		"ESN without a window");
	TEST_OK(ipsec_replay_init(&rp, 32, false, 1ULL << 32) == -EINVAL,
		"a 64-bit number without ESN");
	ipsec_replay_exit(&rp);

	TEST_OK(!ipsec_replay_init(&rp, 0, false, 0), "no window");
	TEST_OK(ipsec_replay_accept(&rp, 7) && ipsec_replay_accept(&rp, 7) &&
		ipsec_replay_check(&rp, 0), "everything passes");
	ipsec_replay_exit(&rp);

	TEST_OK(!ipsec_replay_init(&rp, 64, false, 1000), "restored");
	TEST_OK(!ipsec_replay_check(&rp, 1000) && !ipsec_replay_check(&rp, 990) &&
		!ipsec_replay_check(&rp, 937), "up to there all is seen");
	TEST_OK(ipsec_replay_accept(&rp, 1001), "and goes on");
	ipsec_replay_exit(&rp);
	return true;
}

/*
 * The model: which numbers of a stretch were accepted, and the greatest.
 * Packets are checked when they arrive and accepted later, out of order, as
 * asynchronous crypto does it; so a copy may pass the check twice and must
 * still be accepted once.
 */
#define MODEL_SPAN	32768U
#define MODEL_PENDING	8U

struct model {
	struct ipsec_replay rp;
	u64 base;
	u64 top;
	u32 rnd;
	u64 pending[MODEL_PENDING];
	u8 seen[MODEL_SPAN];
};

static struct model model;

static bool model_fresh(const struct model *m, u64 seq)
{
	if (!seq || (seq <= m->top && m->top - seq >= m->rp.window))
		return false;
	return !m->seen[seq - m->base];
}

/* Around the window: mostly near its right edge, at times far from it. */
static u64 model_seq(struct model *m)
{
	u32 width = m->rp.window + 8;
	u32 back = ipsec_test_random(&m->rnd) % (2 * width);
	u32 ahead = ipsec_test_random(&m->rnd) % 4;
	u64 seq;

	if (!(ipsec_test_random(&m->rnd) % 64))
		ahead = ipsec_test_random(&m->rnd) % (2 * width);
	if (ipsec_test_random(&m->rnd) % 4)
		back %= 16;
	seq = m->top + ahead;
	return seq - m->base > back ? seq - back : m->base + 1;
}

static bool model_accept(struct model *m, u64 seq)
{
	bool fresh = model_fresh(m, seq);

	TEST_OK(ipsec_replay_accept(&m->rp, seq) == fresh, "accept");
	if (fresh) {
		m->seen[seq - m->base] = 1;
		m->top = max(m->top, seq);
	}
	return true;
}

static bool model_step(struct model *m)
{
	u64 seq = model_seq(m);
	u64 *slot = &m->pending[ipsec_test_random(&m->rnd) % MODEL_PENDING];

	TEST_OK(ipsec_replay_check(&m->rp, seq) == model_fresh(m, seq), "check");
	if (m->rp.esn && (seq > m->top || m->top - seq < m->rp.window))
		TEST_OK(ipsec_replay_seq(&m->rp, (u32)seq) == seq,
			"the upper half of what is not left of the window");
	if (*slot && !model_accept(m, *slot))
		return false;
	*slot = seq;
	return true;
}

static bool test_model(u32 window, bool esn, u64 base)
{
	struct model *m = &model;

	memset(m, 0, sizeof(*m));
	m->base = base;
	m->top = base;
	m->rnd = 2463534242U + window;
	/* numbers up to base count as seen; so the model never goes there */
	m->seen[0] = 1;
	TEST_OK(!ipsec_replay_init(&m->rp, window, esn, base), "init");
	while (m->top - base < MODEL_SPAN - 4 * window - 64) {
		if (!model_step(m)) {
			ipsec_replay_exit(&m->rp);
			return false;
		}
	}
	ipsec_replay_exit(&m->rp);
	return true;
}

/**
 * ipsec_test_replay() - the window against tables and a model
 *
 * Return: false on the first failure, which is in the log.
 */
bool ipsec_test_replay(void)
{
	static const u32 windows[] = {
		1, 2, 31, 32, 33, 63, 64, 65, 96, 97, 128, 255, 1000, 4096,
	};
	size_t i;

	if (!test_row() || !test_esn_table() || !test_esn_ends() ||
	    !test_settings())
		return false;
	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		if (!test_model(windows[i], false, 0) ||
		    !test_model(windows[i], false, U32_MAX - MODEL_SPAN) ||
		    !test_model(windows[i], true, 0) ||
		    !test_model(windows[i], true, (1ULL << 32) - 10000) ||
		    !test_model(windows[i], true, (77ULL << 32) - 20000)) {
			pr_err("testudo: replay model: window %u\n", windows[i]);
			return false;
		}
	}
	return true;
}
