// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets that stand in a configuration: found as soon as the text is taken apart,
 * and from then on in no message, in no line that is printed with one, and in no
 * copy for a process that must not have them. It gives them to nobody.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"
#include "near.h"

static bool is_plain(const struct word *w, const char *text)
{
	return w->kind == WORD_PLAIN && !strcmp(w->text, text);
}

static bool is_near(const struct word *w, const char *const *words)
{
	struct near near = { .word = w->text, .len = strlen(w->text) };

	for (; *words; words++)
		near_try(&near, *words);
	return w->kind == WORD_PLAIN && near.best;
}

/* what a secret is behind, also with a slip; some words only where a statement begins */
static bool is_before_secret(const struct word *w, bool first)
{
	static const char *const anywhere[] = { "shared_secret", "bind_pw", NULL };
	static const char *const begins[] = { "use", "secret", "psk", "pre_shared_key", "password", NULL };
	const char *const *p;

	for (p = begins; first && *p; p++)
		if (is_plain(w, *p))
			return true;
	return is_near(w, anywhere);
}

/* the name of a secret is none */
static bool is_name(const struct word *w)
{
	return is_plain(w, "keychain_by_id") ||
	       ((is_plain(w, "key") || is_plain(w, "keychain")) && (!w->next || w->next->kind == WORD_STRING));
}

/* What has no quotes may go on in what is none of its words: to the end of the line. */
static void hide_word(struct conf_load *l, struct word *w)
{
	struct conf_secret *s = xcalloc(1, sizeof(*s));

	w->secret = w->text;
	w->text = "********";
	s->where = w->at;
	s->len = w->kind == WORD_STRING ? (size_t)(w->end.column - w->at.column) : SIZE_MAX;
	TAILQ_INSERT_TAIL(&l->conf->secrets, s, link);
}

/*
 * Hide what stands behind @before: the secret, and what may be a part of it. A
 * string ends it, and so does a line if there is none.
 */
static struct word *hide_behind(struct conf_load *l, struct word *before)
{
	static const char *const kinds[] = { "use", "key", "keychain", "=", NULL };
	struct word *w = before->next, *last = NULL;

	if (w && is_name(w))
		return w;
	for (; w; w = w->next) {
		if (last && w->kind != WORD_STRING &&
		    (last->kind == WORD_STRING || w->at.line > last->end.line))
			break;
		if (w->kind == WORD_MARK || (!last && w->next && is_near(w, kinds)))
			continue;
		hide_word(l, w);
		last = w;
	}
	return last ? last : before;
}

/* of racoon's RADIUS: host, perhaps a port, secret */
static void hide_radius(struct conf_load *l, struct word *w)
{
	for (w = w->next ? w->next->next : NULL; w; w = w->next)
		if (w->kind == WORD_STRING || !w->next)
			hide_word(l, w);
}

/**
 * hide_secrets() - hide what is a secret among the words of a statement
 * @l: load
 * @w: its first word
 *
 * It looks at words alone, not at what they mean where: a statement with a slip
 * is printed, too.
 */
void hide_secrets(struct conf_load *l, struct word *w)
{
	bool first;

	if (is_plain(w, "auth") || is_plain(w, "acct")) {
		hide_radius(l, w);
		return;
	}
	for (first = true; w; w = w->next, first = false)
		if (is_before_secret(w, first))
			w = hide_behind(l, w);
}

static void hide_bytes(char *line, size_t len, const struct conf_secret *s)
{
	size_t i, from = (size_t)s->where.column - 1;

	for (i = from; i < len && i - from < s->len; i++)
		if (line[i] != '"')
			line[i] = '*';
}

/* where a line begins; NULL if there are not so many; @n: its bytes without its end */
static const char *find_line(struct chunk text, int line, size_t *n)
{
	const char *p = (const char *)text.p;
	const char *end = p + text.n;
	int i;

	if (!text.n || line < 1)
		return NULL;
	for (i = 1; i < line; i++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p || ++p == end)
			return NULL;
	}
	for (*n = 0; p + *n < end && p[*n] != '\n'; ++*n)
		;
	return p;
}

/**
 * hide_line() - a line of a text as it may be printed
 * @conf: configuration, whose secrets are left out
 * @text: text of the file that @at is in
 * @at: place
 *
 * Return: the line without its end, the caller's; NULL if there is none.
 */
char *hide_line(const struct conf *conf, struct chunk text, const struct conf_where *at)
{
	const struct conf_secret *s;
	const char *p;
	char *line;
	size_t n;

	p = find_line(text, at->line, &n);
	if (!p)
		return NULL;
	if (n && p[n - 1] == '\r')
		n--;
	line = xstrndup(p, n);
	n = strlen(line);
	TAILQ_FOREACH(s, &conf->secrets, link)
		if (s->where.line == at->line && !strcmp(s->where.file, at->file))
			hide_bytes(line, n, s);
	return line;
}

char *conf_line(const struct conf *conf, struct source *src, const struct conf_where *at)
{
	return hide_line(conf, blob_chunk(&source_open(src, at->file)->data), at);
}

bool conf_has_secret(const struct conf *conf, const char *name)
{
	const struct conf_secret *s;

	TAILQ_FOREACH(s, &conf->secrets, link)
		if (!strcmp(s->where.file, name))
			return true;
	return false;
}

struct blob conf_masked(const struct conf *conf, const char *name, struct chunk text)
{
	const struct conf_secret *s;
	struct blob out = { 0 };
	const char *p;
	size_t n;

	blob_set(&out, text);
	TAILQ_FOREACH(s, &conf->secrets, link) {
		p = strcmp(s->where.file, name) ? NULL : find_line(blob_chunk(&out), s->where.line, &n);
		if (p)
			hide_bytes((char *)p, n, s);
	}
	return out;
}
