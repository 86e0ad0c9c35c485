// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets that stand in a configuration: found as soon as the text is taken apart,
 * and from then on in no message, in no line that is printed with one, and in no
 * copy for a process that must not have them. It gives them to nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"

static bool is_plain(const struct word *w, const char *text)
{
	return w->kind == WORD_PLAIN && !strcmp(w->text, text);
}

/* the name of a secret is none */
static bool is_name(const struct word *w)
{
	return is_plain(w, "key") || is_plain(w, "keychain") || is_plain(w, "keychain_by_id");
}

static void hide_word(struct conf_load *l, struct word *w)
{
	struct conf_secret *s = xcalloc(1, sizeof(*s));

	w->secret = w->text;
	w->text = "********";
	s->where = w->at;
	s->len = (size_t)(w->end.column - w->at.column);
	TAILQ_INSERT_TAIL(&l->conf->secrets, s, link);
}

/**
 * hide_secrets() - hide what is a secret among the words of a statement
 * @l: load
 * @w: its first word
 *
 * It looks at words alone, not at what they mean where: a statement with a slip
 * is printed, too. "bind_pw", "auth" and "acct" are of racoon's LDAP and RADIUS.
 */
void hide_secrets(struct conf_load *l, struct word *w)
{
	struct word *secret;
	bool radius = is_plain(w, "auth") || is_plain(w, "acct");

	while (radius && w->next)
		w = w->next;
	if (radius)
		hide_word(l, w);
	for (; w; w = w->next) {
		if (!is_plain(w, "shared_secret") && !is_plain(w, "bind_pw"))
			continue;
		secret = w->next;
		if (!secret || is_name(secret))
			continue;
		/* "use", or what was meant for it */
		if (secret->kind == WORD_PLAIN && secret->next &&
		    (is_plain(secret, "use") || secret->next->kind == WORD_STRING))
			secret = secret->next;
		hide_word(l, secret);
	}
}

static void hide_bytes(char *line, size_t len, const struct conf_secret *s)
{
	size_t i, from = (size_t)s->where.column - 1;

	for (i = from; i < from + s->len && i < len; i++)
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
