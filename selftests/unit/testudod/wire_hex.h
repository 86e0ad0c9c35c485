/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes written as hex digits, for tables of messages. Each comes in memory of
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

#endif /* TESTUDOD_TEST_WIRE_HEX_H */
