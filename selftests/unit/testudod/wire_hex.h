/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes written as hex digits, for tables of messages, and the judging of such a
 * table. Each comes in memory of
 * exactly its size, so that ASan sees a read beyond its end.
 */
#ifndef TESTUDOD_TEST_WIRE_HEX_H
#define TESTUDOD_TEST_WIRE_HEX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* blanks between digits are skipped */
static inline struct blob hex(const char *text)
{
	struct writer w = { 0 };
	struct blob exact = { 0 };
	unsigned int v;

	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		if (sscanf(text, "%2x", &v) != 1 || !text[1])
			abort();
		put_u8(&w, v);
		text += 2;
	}
	blob_set(&exact, writer_chunk(&w));
	writer_free(&w);
	return exact;
}

static inline void expect_hex(struct chunk got, const char *want, const char *why)
{
	struct blob b = hex(want);

	if (!chunk_equal(got, blob_chunk(&b)))
		fail_msg("%s: other bytes than expected", why);
	blob_free(&b);
}

/**
 * struct body_row - a payload's body and the verdict on it
 * @get: the reader of that payload
 * @bytes: body
 * @good: it is to be taken
 * @why: what is special
 */
struct body_row {
	bool (*get)(struct chunk body);
	const char *bytes;
	bool good;
	const char *why;
};

static inline void judge_bodies(const struct body_row *rows, size_t n)
{
	struct blob b;
	size_t i;

	for (i = 0; i < n; i++) {
		b = hex(rows[i].bytes);
		if (rows[i].get(blob_chunk(&b)) != rows[i].good)
			fail_msg("row %zu, %s", i, rows[i].why);
		blob_free(&b);
	}
}

#endif /* TESTUDOD_TEST_WIRE_HEX_H */
