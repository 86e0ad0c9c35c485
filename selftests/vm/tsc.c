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

static int64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(void)
{
	int64_t start = nanoseconds(), ns;
	uint64_t ticks = __rdtsc();

	do {
		ns = nanoseconds() - start;
	} while (ns < 100000000);
	ticks = __rdtsc() - ticks;
	printf("%llu\n", (unsigned long long)((unsigned __int128)ticks * 1000000 / ns));
	return 0;
}
