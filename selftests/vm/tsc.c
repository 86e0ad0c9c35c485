// SPDX-License-Identifier: GPL-2.0
/*
 * tsc - print how many thousand ticks a second this machine's TSC has.
 *
 * An emulated machine shows its guest the same counter.  Told the number, the
 * guest need not measure it, which goes wrong on a busy host.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

/**
 * struct moment - the same moment by both clocks
 * @ns: ours
 * @ticks: the TSC
 */
struct moment {
	int64_t ns;
	uint64_t ticks;
};

/* Whoever stands still between the two looks sees it, and has others: the narrowest counts. */
static struct moment now(void)
{
	struct moment best = { 0 };
	uint64_t before, took, least = UINT64_MAX;
	struct timespec ts;
	int i;

	for (i = 0; i < 100; i++) {
		before = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		took = __rdtsc() - before;
		if (took >= least)
			continue;
		least = took;
		best.ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		best.ticks = before + took / 2;
	}
	return best;
}

int main(void)
{
	struct moment begin = now(), end;

	do {
		end = now();
	} while (end.ns - begin.ns < 100000000);
	printf("%llu\n", (unsigned long long)((unsigned __int128)(end.ticks - begin.ticks) * 1000000 /
					      (end.ns - begin.ns)));
	return 0;
}
