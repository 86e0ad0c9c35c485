/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The word that was probably meant: try each that exists, then look at @best.
 */
#ifndef TESTUDO_NEAR_H
#define TESTUDO_NEAR_H

#include <stddef.h>

/**
 * struct near - a search
 * @word: what was written, not terminated
 * @len: its bytes
 * @best: nearest word so far, NULL if none is near
 * @cost: letters between
 */
struct near {
	const char *word;
	size_t len;
	const char *best;
	unsigned int cost;
};

void near_try(struct near *n, const char *candidate);

#endif /* TESTUDO_NEAR_H */
