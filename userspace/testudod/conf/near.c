// SPDX-License-Identifier: GPL-2.0
/*
 * How many slips of the finger lie between two words: letters left out, added,
 * replaced, or two of them swapped. It corrects nothing; what it finds is for a
 * complaint.
 */
#include <string.h>

#include "conf/near.h"

#define NEAR_MAX 32 /* bytes; no word of racoon.conf is longer */

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* the distance of Damerau and Levenshtein with three rows of its table */
static unsigned int near_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned int rows[3][NEAR_MAX + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2], *t;
	size_t i, j;

	for (j = 0; j <= blen; j++)
		last[j] = j;
	for (i = 1; i <= alen; i++) {
		row[0] = i;
		for (j = 1; j <= blen; j++) {
			row[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = min2(row[j], min2(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		t = before;
		before = last;
		last = row;
		row = t;
	}
	return last[blen];
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
	size_t wlen = strlen(n->word);
	size_t len = strlen(candidate);
	unsigned int cost;

	if (wlen > NEAR_MAX || len > NEAR_MAX)
		return;
	cost = near_distance(n->word, wlen, candidate, len);
	if (cost > (len + 1) / 3 || (n->best && cost >= n->cost))
		return;
	n->best = candidate;
	n->cost = cost;
}
