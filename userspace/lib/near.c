// SPDX-License-Identifier: GPL-2.0
/*
 * Which of some words was probably meant. Knows no words itself and corrects
 * nothing: what it finds is for a complaint.
 */
#include <string.h>

#include "near.h"

#define NEAR_MAX 32 /* bytes; no word of setkey or racoon.conf is longer */

/* Letters to insert, drop or replace to make one word of the other, or to swap. */
static unsigned int near_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned char d[NEAR_MAX + 1][NEAR_MAX + 1];
	size_t i, j;

	for (i = 0; i <= alen; i++)
		d[i][0] = i;
	for (j = 0; j <= blen; j++)
		d[0][j] = j;
	for (i = 1; i <= alen; i++) {
		for (j = 1; j <= blen; j++) {
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < d[i][j])
				d[i][j] = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < d[i][j])
				d[i][j] = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[alen][blen];
}

/**
 * near_try() - is this word nearer than those before?
 * @n: search
 * @candidate: a word that exists
 *
 * A third of its letters may be wrong: more of them make another word.
 */
void near_try(struct near *n, const char *candidate)
{
	size_t len = strlen(candidate);
	unsigned int cost;

	if (n->len > NEAR_MAX || len > NEAR_MAX)
		return;
	cost = near_distance(n->word, n->len, candidate, len);
	if (cost > (len + 1) / 3 || (n->best && cost >= n->cost))
		return;
	n->best = candidate;
	n->cost = cost;
}
