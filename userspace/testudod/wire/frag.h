/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Putting fragments together, for both versions: one set at a time, bounded in
 * pieces and bytes. Duplicates are ignored; the first of each number stays.
 */
#ifndef TESTUDOD_WIRE_FRAG_H
#define TESTUDOD_WIRE_FRAG_H

#include "base/bytes.h"

#define FRAG_MAX	64	/* pieces in one message */

/** enum frag_verdict - what became of a piece */
enum frag_verdict {
	FRAG_STORED,	/* more are missing */
	FRAG_WHOLE,	/* the message is complete */
	FRAG_IGNORED,	/* seen before, or of a set that has been replaced */
	FRAG_BAD,	/* number 0, beyond the total, two ends, too much */
};

/**
 * struct frag - a set of pieces; zeroes are an empty one
 * @key: what tells sets apart: IKEv1's fragment id, IKEv2's message id
 * @total: pieces, 0 while unknown
 * @have: pieces stored
 * @bytes: in all of them
 * @open: a piece did not state the total: there can be one end only
 * @piece: by number - 1
 */
struct frag {
	uint32_t key;
	unsigned int total;
	unsigned int have;
	size_t bytes;
	bool open;
	struct blob piece[FRAG_MAX];
};

/*
 * @total: of this piece's set, 0 if it does not say (IKEv1 before the last).
 * A piece with a larger @total of the same @key starts the set anew (RFC 7383
 * 2.6); one with a smaller is ignored. Another @key replaces an unfinished set.
 */
enum frag_verdict frag_add(struct frag *f, uint32_t key, unsigned int number, unsigned int total,
			   struct chunk data, size_t max_bytes);
/* the whole message; empties the set */
struct blob frag_join(struct frag *f);
void frag_free(struct frag *f);

#endif /* TESTUDOD_WIRE_FRAG_H */
