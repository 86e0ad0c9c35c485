/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the libFuzzer targets share: a check that stops the run.
 */
#ifndef TESTUDO_UNIT_FUZZ_H
#define TESTUDO_UNIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)						\
	do {							\
		if (!(cond)) {					\
			fprintf(stderr, "not (%s)\n", #cond);	\
			abort();				\
		}						\
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
