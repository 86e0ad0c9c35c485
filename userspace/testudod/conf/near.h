/* SPDX-License-Identifier: GPL-2.0 */
/* Which of some words was probably meant: try each that exists, then look at @best. */
#ifndef TESTUDOD_CONF_NEAR_H
#define TESTUDOD_CONF_NEAR_H

#include <stddef.h>

/**
 * struct near - a search
 * @word: what was written
 * @best: nearest word so far, of the caller's; NULL if none is near
 * @cost: letters between
 */
struct near {
	const char *word;
	const char *best;
	unsigned int cost;
};

void near_try(struct near *n, const char *candidate);

#endif /* TESTUDOD_CONF_NEAR_H */
