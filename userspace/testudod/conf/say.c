// SPDX-License-Identifier: GPL-2.0
/*
 * The parser's messages: collected in the order of their places, told at the
 * end, and printed as compilers print them. It decides nothing.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"

static const struct conf_file *say_file(const struct conf_load *l, const char *name)
{
	const struct conf_file *f;

	TAILQ_FOREACH(f, &l->files, link)
		if (f->name == name)
			return f;
	return NULL;
}

/* after so many errors a file is garbage, and more of them help nobody */
bool say_enough(const struct conf_load *l)
{
	return l->errors >= SAY_ERRORS;
}

static bool say_before(const struct conf_msg *a, const struct conf_msg *b)
{
	if (a->index != b->index)
		return a->index < b->index;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line;
	return a->at.column < b->at.column;
}

void say(struct conf_load *l, enum conf_severity severity, const struct conf_where *at,
	 const char *hint, const char *fmt, ...)
{
	const struct conf_file *file = say_file(l, at->file);
	struct conf_msg *m, *before;
	char what[1024];
	va_list ap;

	if (say_enough(l))
		return;
	l->errors += severity == CONF_ERROR;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	m = arena_alloc(&l->arena, sizeof(*m));
	m->severity = severity;
	m->at = *at;
	m->index = file ? file->index : 0;
	m->what = arena_text(&l->arena, what, strlen(what));
	m->hint = hint;
	TAILQ_FOREACH_REVERSE(before, &l->msgs, conf_msgs, link)
		if (!say_before(m, before))
			break;
	if (before)
		TAILQ_INSERT_AFTER(&l->msgs, before, m, link);
	else
		TAILQ_INSERT_HEAD(&l->msgs, m, link);
}

void say_all(struct conf_load *l, const struct conf_say *to)
{
	const struct conf_msg *m, *last = TAILQ_LAST(&l->msgs, conf_msgs);

	if (!to || !to->fn)
		return;
	TAILQ_FOREACH(m, &l->msgs, link) {
		const struct conf_file *f = say_file(l, m->at.file);
		char *line = f ? hide_line(l->conf, f->data, &m->at) : NULL;

		to->fn(to->arg, m->severity, &m->at, line, m->what, m->hint);
		free(line);
	}
	if (say_enough(l))
		to->fn(to->arg, CONF_ERROR, &last->at, NULL,
		       "too many errors; the rest was not looked at", NULL);
}

/* the line with nothing in it that a terminal would obey */
static void say_print_line(FILE *out, const char *line)
{
	for (; *line; line++)
		putc(*line == '\t' || !iscntrl((unsigned char)*line) ? *line : '?', out);
	putc('\n', out);
}

/* bytes of the word that is marked; 1 for what is none */
static size_t say_word(const char *p)
{
	size_t n;

	if (*p == '"') {
		n = strcspn(p + 1, "\"\n");
		return p[n + 1] ? n + 2 : n + 1;
	}
	n = strcspn(p, " \t,;{}()[]/\"#");
	return n ? n : 1;
}

static void say_caret(FILE *out, const char *line, int column)
{
	size_t len = strlen(line);
	size_t at = (size_t)column - 1;
	size_t i, n;

	if (column < 1 || at > len)
		return;
	for (i = 0; i < at; i++)
		if (line[i] == '\t')
			putc('\t', out);
		else if ((line[i] & 0xc0) != 0x80) /* not within a UTF-8 sequence */
			putc(' ', out);
	putc('^', out);
	n = at < len ? say_word(line + at) : 1;
	for (i = 1; i < n; i++)
		if ((line[at + i] & 0xc0) != 0x80)
			putc('~', out);
	putc('\n', out);
}

/**
 * conf_say_file() - print a message
 * @arg: a FILE
 * @severity: severity
 * @where: place
 * @line: line of the file, may be NULL
 * @what: what is wrong
 * @hint: what to do, may be NULL
 */
void conf_say_file(void *arg, enum conf_severity severity, const struct conf_where *where,
		   const char *line, const char *what, const char *hint)
{
	static const char *const names[] = {
		[CONF_NOTE] = "note",
		[CONF_WARNING] = "warning",
		[CONF_ERROR] = "error",
	};
	FILE *out = arg;

	fprintf(out, "%s:%d:%d: %s: ", where->file, where->line, where->column, names[severity]);
	say_print_line(out, what);
	if (line && *line) {
		say_print_line(out, line);
		say_caret(out, line, where->column);
	}
	if (hint) {
		fputs("  hint: ", out);
		say_print_line(out, hint);
	}
}
