// SPDX-License-Identifier: GPL-2.0
/*
 * Printing: tables, times, sizes, and text that came from a peer. It knows no
 * verb.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "testudoctl.h"

/**
 * out_text() - text that came from elsewhere
 * @out: where to
 * @text: UTF-8
 *
 * A peer chooses its identity and what its notifications say: control
 * characters, those of Latin-1 (C2 80 to C2 9F) too, become "?".
 */
void out_text(FILE *out, const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p; p++) {
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			fputc('?', out);
			p++;
		} else {
			fputc(*p < 0x20 || *p == 0x7f ? '?' : *p, out);
		}
	}
}

/**
 * out_cell() - one more cell
 * @t: table
 * @fmt: its text
 */
void out_cell(struct out_table *t, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	t->cell = xrealloc(t->cell, (t->n + 1) * sizeof(*t->cell));
	t->cell[t->n++] = n < 0 ? xstrdup("") : text;
}

/* Letters, not bytes. */
static size_t out_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void out_row(FILE *out, char *const *cell, unsigned int columns, const size_t *width)
{
	unsigned int i;

	/* no blanks at the end of a line */
	while (columns && !*cell[columns - 1])
		columns--;
	for (i = 0; i < columns; i++) {
		out_text(out, cell[i]);
		if (i + 1 < columns)
			fprintf(out, "%*s", (int)(width[i] - out_width(cell[i])) + 2, "");
	}
	fputc('\n', out);
}

/**
 * out_table() - print a table and forget it
 * @out: where to
 * @t: table, its last row complete
 * @indent: in front of each row
 */
void out_table(FILE *out, struct out_table *t, const char *indent)
{
	size_t width[OUT_COLUMNS] = { 0 }, i, w;

	for (i = 0; i < t->n; i++) {
		w = out_width(t->cell[i]);
		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	for (i = 0; i + t->columns <= t->n; i += t->columns) {
		fputs(indent, out);
		out_row(out, t->cell + i, t->columns, width);
	}
	for (i = 0; i < t->n; i++)
		free(t->cell[i]);
	free(t->cell);
	*t = (struct out_table){ .columns = t->columns };
}

/**
 * out_json() - an answer as it is
 * @out: where to
 * @json: answer
 */
void out_json(FILE *out, const json_t *json)
{
	/* a terminal may be behind it: no byte that moves a cursor */
	json_dumpf(json, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
}

/**
 * out_time() - a time of the day
 * @when: seconds since the epoch
 * @buf: where to
 *
 * Return: @buf.
 */
const char *out_time(int64_t when, char buf[32])
{
	time_t t = when;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm))
		strcpy(buf, "-");
	return buf;
}

/**
 * out_span() - how long
 * @seconds: seconds
 * @buf: where to
 *
 * Return: @buf.
 */
const char *out_span(int64_t seconds, char buf[32])
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 60)
		snprintf(buf, 32, "%" PRId64 "s", seconds);
	else if (seconds < 3600)
		snprintf(buf, 32, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(buf, 32, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(buf, 32, "%" PRId64 "d%02" PRId64 "h", seconds / 86400, seconds / 3600 % 24);
	return buf;
}

/**
 * out_size() - how much
 * @bytes: bytes
 * @buf: where to
 *
 * Return: @buf.
 */
const char *out_size(int64_t bytes, char buf[32])
{
	static const char units[] = "kMGTPE";
	double v = bytes;
	size_t i;

	if (bytes < 1000) {
		snprintf(buf, 32, "%" PRId64, bytes);
		return buf;
	}
	for (i = 0, v /= 1000; v >= 999.5 && i < sizeof(units) - 2; i++)
		v /= 1000;
	snprintf(buf, 32, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[i]);
	return buf;
}

/**
 * out_str() - a member's text
 * @json: object, may be NULL
 * @key: which
 *
 * Return: the text, "" if there is none.
 */
const char *out_str(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/**
 * out_int() - a member's number
 * @json: object, may be NULL
 * @key: which
 * @none: what stands for none
 *
 * Return: the number.
 */
int64_t out_int(const json_t *json, const char *key, int64_t none)
{
	const json_t *v = json_object_get(json, key);

	return json_is_integer(v) ? json_integer_value(v) : none;
}
