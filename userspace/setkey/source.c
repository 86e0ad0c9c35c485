// SPDX-License-Identifier: GPL-2.0
/*
 * The text that commands are read from: reading it, the memory of what was
 * parsed out of it, and complaints that show the place. Never looks at what
 * the text means.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

#define SOURCE_CHUNK	(256u << 10)	/* bytes of an arena's chunk */
#define SOURCE_SHOW	100		/* columns of a line that an error shows */

/**
 * struct arena - a chunk of memory that is freed as a whole
 * @next: older chunk
 * @used: bytes handed out of @data
 * @data: the bytes
 */
struct arena {
	struct arena *next;
	size_t used;
	_Alignas(16) unsigned char data[];
};

/**
 * source_init() - take over a text
 * @src: source
 * @name: for messages, not copied
 * @text: allocated bytes, freed by source_free(); may be NULL when @len is 0
 * @len: how many, at most SOURCE_MAX
 * @line: number of its first line
 */
void source_init(struct source *src, const char *name, char *text, size_t len, unsigned long line)
{
	*src = (struct source){
		.name = name,
		.text = text,
		.len = len,
		.line = line,
		.first_error = SOURCE_MAX,
		.at_line = line,
	};
}

/**
 * source_free() - free a text and all that was parsed out of it
 * @src: source
 *
 * The text held keys, so it is wiped; what was parsed out of it only points
 * there. That keeps keys out of memory that is used again, and is all: copies
 * that the scanner and a growing buffer have left are gone with the process.
 */
void source_free(struct source *src)
{
	struct arena *chunk;

	while (src->arena) {
		chunk = src->arena;
		src->arena = chunk->next;
		free(chunk);
	}
	if (src->text)
		explicit_bzero(src->text, src->len);
	free(src->text);
	src->text = NULL;
}

/**
 * source_alloc() - zeroed memory that lives as long as the text
 * @src: source
 * @size: bytes, small
 *
 * A parser that has lost a part of its list has nothing sensible left to do,
 * so running out of memory ends the program.
 *
 * Return: never NULL.
 */
void *source_alloc(struct source *src, size_t size)
{
	struct arena *chunk = src->arena;
	void *room;

	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->used + size > SOURCE_CHUNK) {
		chunk = malloc(sizeof(*chunk) + SOURCE_CHUNK);
		if (!chunk) {
			fputs("setkey: out of memory\n", stderr);
			exit(1);
		}
		chunk->next = src->arena;
		chunk->used = 0;
		src->arena = chunk;
	}
	room = chunk->data + chunk->used;
	chunk->used += size;
	return memset(room, 0, size);
}

/**
 * source_read() - read a whole file
 * @fd: descriptor; a pipe is fine
 * @len: bytes read
 *
 * Return: allocated text, or NULL with errno set (EFBIG past SOURCE_MAX).
 */
char *source_read(int fd, size_t *len)
{
	size_t cap = 64 << 10;
	char *text = malloc(cap);
	char *more;
	ssize_t n;

	*len = 0;
	while (text) {
		n = read(fd, text + *len, cap - *len);
		if (n == 0)
			return text;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		*len += n;
		if (*len < cap)
			continue;
		if (cap >= SOURCE_MAX / 2) {
			errno = EFBIG;
			break;
		}
		cap *= 2;
		more = realloc(text, cap);
		if (!more)
			break;
		text = more;
	}
	free(text);
	return NULL;
}

/**
 * source_is() - is this the word?
 * @src: source
 * @s: place
 * @word: word
 *
 * Return: true if the text there is exactly @word.
 */
bool source_is(const struct source *src, struct span s, const char *word)
{
	return strlen(word) == s.len && !memcmp(src->text + s.off, word, s.len);
}

/**
 * source_line() - line and column of a place
 * @src: source
 * @s: place
 * @column: column from 1, in bytes; may be NULL
 *
 * Complaints come mostly in the order of the text, so counting goes on from
 * the last one: a million refused commands cost one pass, not a million.
 *
 * Return: line number.
 */
unsigned long source_line(struct source *src, struct span s, unsigned int *column)
{
	const char *nl;

	if (s.off < src->at_bol) {
		src->at = 0;
		src->at_bol = 0;
		src->at_line = src->line;
	}
	while (src->at < s.off) {
		nl = memchr(src->text + src->at, '\n', s.off - src->at);
		if (!nl)
			break;
		src->at = nl + 1 - src->text;
		src->at_bol = src->at;
		src->at_line++;
	}
	if (column)
		*column = s.off - src->at_bol + 1;
	return src->at_line;
}

/* The line of a place with a caret below; of a long line the part around it. */
static void source_show(struct source *src, struct span s, unsigned int column)
{
	const char *bol = src->text + src->at_bol;
	const char *end = src->text + src->len;
	const char *eol = bol < end ? memchr(bol, '\n', end - bol) : NULL;
	size_t len = (eol ? eol : end) - bol;
	size_t from = 0, i, mark = column - 1;

	if (mark > SOURCE_SHOW - 20)
		from = mark - (SOURCE_SHOW - 20);
	if (len > from + SOURCE_SHOW)
		len = from + SOURCE_SHOW;
	fputs("    ", stderr);
	for (i = from; i < len; i++)
		putc((unsigned char)bol[i] < ' ' && bol[i] != '\t' ? ' ' : bol[i], stderr);
	fputs("\n    ", stderr);
	for (i = from; i < mark; i++)
		putc(i < len && bol[i] == '\t' ? '\t' : ' ', stderr);
	putc('^', stderr);
	for (i = 1; i < s.len && mark + i < len; i++)
		putc('~', stderr);
	putc('\n', stderr);
}

static void source_say(struct source *src, struct span s, const char *what, const char *fmt,
		       va_list ap)
{
	unsigned int column;
	unsigned long line = source_line(src, s, &column);

	fflush(stdout);
	fprintf(stderr, "setkey: %s:%lu:%u: %s", src->name, line, column, what);
	vfprintf(stderr, fmt, ap);
	putc('\n', stderr);
	source_show(src, s, column);
}

/**
 * source_error() - complain about a place and count it
 * @src: source
 * @s: place
 * @fmt: what is wrong and what was expected
 *
 * After SOURCE_ERRORS of them only the count goes on.
 */
void source_error(struct source *src, struct span s, const char *fmt, ...)
{
	va_list ap;

	if (s.off < src->first_error)
		src->first_error = s.off;
	if (src->errors++ >= SOURCE_ERRORS)
		return;
	va_start(ap, fmt);
	source_say(src, s, "error: ", fmt, ap);
	va_end(ap);
	if (src->errors == SOURCE_ERRORS)
		fprintf(stderr, "setkey: %s: too many errors, the rest is not shown\n", src->name);
}

/**
 * source_warn() - say something about a place that is no error
 * @src: source
 * @s: place
 * @fmt: what
 */
void source_warn(struct source *src, struct span s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	source_say(src, s, "warning: ", fmt, ap);
	va_end(ap);
}

/**
 * source_refused() - say in one line that the kernel refused a command
 * @src: source
 * @s: the command
 * @fmt: its errno in words
 *
 * Without the text: the command was well-formed, and it holds keys.
 */
void source_refused(struct source *src, struct span s, const char *fmt, ...)
{
	unsigned int column;
	unsigned long line = source_line(src, s, &column);
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "setkey: %s:%lu:%u: ", src->name, line, column);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
}
