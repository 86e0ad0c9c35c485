/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text that commands are read from, and complaints about places in it.
 * Knows lines and columns, no language.
 */
#ifndef SETKEY_SOURCE_H
#define SETKEY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Spans count in 32 bits. */
#define SOURCE_MAX	0xfffffff0u
/* After so many errors a text is garbage, and more of them help nobody. */
#define SOURCE_ERRORS	20

/**
 * struct span - a stretch of source text
 * @off: first byte
 * @len: bytes; 0 for something not written
 */
struct span {
	uint32_t off;
	uint32_t len;
};

/**
 * struct source - a text
 * @name: file name for messages
 * @text: bytes, not terminated
 * @len: how many
 * @line: number of the first line of @text
 * @pos: first byte that the scanner has not taken yet
 * @errors: complaints made
 * @first_error: offset of the first one by place, SOURCE_MAX if none
 * @arena: memory of what was parsed, freed with the text
 * @at: where @at_line was counted to
 * @at_line: line of @at
 * @at_bol: first byte of that line
 */
struct source {
	const char *name;
	char *text;
	size_t len;
	unsigned long line;
	size_t pos;
	unsigned int errors;
	uint32_t first_error;
	struct arena *arena;
	size_t at;
	unsigned long at_line;
	size_t at_bol;
};

/* printf's %.*s for a span */
#define SPAN_ARG(src, s)	(int)(s).len, (src)->text + (s).off

void source_init(struct source *src, const char *name, char *text, size_t len, unsigned long line);
void source_free(struct source *src);
void *source_alloc(struct source *src, size_t size);
char *source_read(int fd, size_t *len);
bool source_is(const struct source *src, struct span s, const char *word);
unsigned long source_line(struct source *src, struct span s, unsigned int *column);
void source_error(struct source *src, struct span s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void source_warn(struct source *src, struct span s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void source_refused(struct source *src, struct span s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* SETKEY_SOURCE_H */
