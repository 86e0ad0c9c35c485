// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments of one message, put together within bounds. It knows neither
 * version: what tells sets apart and where the end is comes from the caller.
 */
#include "wire/frag.h"

/* IKEv1 says only in the last piece how many there are: where the stored ones end */
static unsigned int highest(const struct frag *f)
{
	unsigned int n = FRAG_MAX;

	while (n && !f->piece[n - 1].p)
		n--;
	return n;
}

/*
 * What a piece that states @total does to the set of the same key. FRAG_STORED:
 * it may stay and the piece may be added.
 */
static enum frag_verdict check_total(struct frag *f, unsigned int number, unsigned int total)
{
	if (!total)
		return f->total && number > f->total ? FRAG_BAD : FRAG_STORED;
	if (!f->total && highest(f) > total)
		return FRAG_BAD;
	if (!f->total || f->total == total)
		return FRAG_STORED;
	/* two ends */
	if (f->open)
		return FRAG_BAD;
	if (total < f->total)
		return FRAG_IGNORED;
	frag_free(f);
	return FRAG_STORED;
}

enum frag_verdict frag_add(struct frag *f, uint32_t key, unsigned int number, unsigned int total,
			   struct chunk data, size_t max_bytes)
{
	enum frag_verdict verdict;
	struct blob *piece;

	if (!number || number > FRAG_MAX || total > FRAG_MAX || (total && number > total))
		return FRAG_BAD;
	/* an empty piece brings nothing, and could not be told from a missing one */
	if (!data.n || data.n > max_bytes)
		return FRAG_BAD;
	if (f->have && f->key != key)
		frag_free(f);
	verdict = check_total(f, number, total);
	if (verdict != FRAG_STORED)
		return verdict;
	piece = &f->piece[number - 1];
	if (piece->p)
		return FRAG_IGNORED;
	if (f->bytes + data.n > max_bytes) {
		/* it can never become whole any more */
		frag_free(f);
		return FRAG_BAD;
	}
	blob_set(piece, data);
	f->key = key;
	f->open |= !total;
	f->total = total ? total : f->total;
	f->bytes += data.n;
	f->have++;
	return f->have == f->total ? FRAG_WHOLE : FRAG_STORED;
}

/* empty if pieces are missing */
struct blob frag_join(struct frag *f)
{
	struct writer w = { 0 };
	unsigned int i;

	if (f->total && f->have == f->total) {
		for (i = 0; i < f->total; i++)
			put_bytes(&w, blob_chunk(&f->piece[i]));
	}
	frag_free(f);
	return writer_blob(&w);
}

void frag_free(struct frag *f)
{
	unsigned int i;

	for (i = 0; i < FRAG_MAX; i++)
		blob_free(&f->piece[i]);
	*f = (struct frag){ 0 };
}
