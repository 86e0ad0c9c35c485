// SPDX-License-Identifier: GPL-2.0
/*
 * test - runs the self-tests of the pure rooms before the module registers
 * anything. Never tests by itself.
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "test/test.h"

static const struct {
	const char *room;
	bool (*run)(void);
} selftests[] = {
#define X(room) { #room, ipsec_test_##room },
	IPSEC_SELFTESTS(X)
#undef X
};

/**
 * ipsec_selftest() - run them all
 *
 * Context: Process, module load.
 * Return: false when one failed; its case is in the log.
 */
bool ipsec_selftest(void)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(selftests); i++) {
		if (selftests[i].run()) {
			pr_info("testudo: %s self-tests: pass\n",
				selftests[i].room);
		} else {
			pr_err("testudo: %s self-tests: FAIL\n",
			       selftests[i].room);
			ok = false;
		}
		cond_resched();
	}
	return ok;
}
