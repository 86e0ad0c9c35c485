// SPDX-License-Identifier: GPL-2.0
/*
 * rooms - the self-tests of the module's pure rooms, in user space under ASan
 * and UBSan. The tests themselves are module/test/test_<room>.c.
 */
#include <stdio.h>

#include "test/test.h"

static const struct {
	const char *room;
	bool (*run)(void);
} rooms[] = {
#define X(room) { #room, ipsec_test_##room },
	IPSEC_SELFTESTS(X)
#undef X
};

int main(void)
{
	size_t i, failed = 0;

	/* a sanitizer that stops us leaves a plan that was not kept */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(rooms));
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		bool ok = rooms[i].run();

		failed += !ok;
		printf("%sok %zu %s\n", ok ? "" : "not ", i + 1,
		       rooms[i].room);
	}
	return failed ? 1 : 0;
}
