/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-tests of the pure rooms. The same test_<room>.c runs in the module, when
 * built with TESTUDO_SELFTEST=1, and in user space (selftests/unit).
 */
#ifndef _TESTUDO_TEST_H
#define _TESTUDO_TEST_H

#include <linux/printk.h>
#include <linux/types.h>

/*
 * TEST_OK(condition, why) - the enclosing bool function fails unless condition
 * holds; @why names the case for a reader of the log.
 */
#define TEST_OK(cond, why)						\
	do {								\
		if (!(cond)) {						\
			pr_err("testudo: %s:%d: %s: not (%s)\n",	\
			       __func__, __LINE__, (why), #cond);	\
			return false;					\
		}							\
	} while (0)

/* The same for row @i of a table of cases. */
#define TEST_ROW(cond, i, why)						\
	do {								\
		if (!(cond)) {						\
			pr_err("testudo: %s:%d: row %u: %s: not (%s)\n",\
			       __func__, __LINE__, (unsigned int)(i),	\
			       (why), #cond);				\
			return false;					\
		}							\
	} while (0)

/* X(room) - the self-tests, in the order in which they run: in both worlds */
#define IPSEC_SELFTESTS(X) \
	X(addr) \
	X(selector) \
	X(alg_table) \
	X(replay) \
	X(ah_mutable) \
	X(lifetime) \
	X(flow) \
	X(quote) \
	X(spd_lookup) \
	X(pfkey_parse)

#define X(room) bool ipsec_test_##room(void);
IPSEC_SELFTESTS(X)
#undef X

bool ipsec_selftest(void);

/**
 * ipsec_test_random() - the next number of a reproducible sequence
 * @state: any start but 0
 *
 * Return: 32 bits (Marsaglia's xorshift).
 */
static inline u32 ipsec_test_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
