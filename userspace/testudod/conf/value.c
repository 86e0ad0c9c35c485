// SPDX-License-Identifier: GPL-2.0
/*
 * The values that statements have: numbers, times, words out of a few, names of
 * files, addresses. Each function takes the next words of its statement and
 * tells, with the place, what is wrong with them.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

static const struct choice choice_switch[] = {
	{ "on", CONF_ON },
	{ "off", CONF_OFF },
	{ NULL, 0 },
};

bool word_is(const struct word *w, const char *text)
{
	return w && w->kind == WORD_PLAIN && !strcmp(w->text, text);
}

/* does it begin like one? */
bool word_is_number(const struct word *w)
{
	return w && w->kind == WORD_PLAIN && *w->text >= '0' && *w->text <= '9';
}

bool cur_skip(struct cursor *c, const char *text)
{
	if (!c->w || c->w->kind == WORD_STRING || strcmp(c->w->text, text))
		return false;
	c->last = c->w;
	c->w = c->w->next;
	return true;
}

/* the next word, whatever it is; it is an error if there is none */
const struct word *cur_word(struct cursor *c, const char *what)
{
	const struct word *w = c->w;

	if (!w) {
		say_error(c->l, &c->last->end, NULL, "expected %s after '%s'", what,
			  c->last->text);
		return NULL;
	}
	c->last = w;
	c->w = w->next;
	return w;
}

const char *did_you_mean(struct conf_load *l, const struct near *near)
{
	return near->best ? arena_printf(&l->arena, "did you mean '%s'?", near->best) : NULL;
}

/* what other programs call it */
static const char *choice_synonym(const char *word)
{
	static const char *const rows[][2] = {
		{ "yes", "on" },
		{ "true", "on" },
		{ "enable", "on" },
		{ "no", "off" },
		{ "false", "off" },
		{ "disable", "off" },
		{ "psk", "pre_shared_key" },
		{ "secret", "pre_shared_key" },
		{ "rsa", "rsasig" },
		{ "pubkey", "rsasig" },
		{ "verbose", "debug" },
		{ "dn", "asn1dn" },
		{ "ip", "address" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i][0], word))
			return rows[i][1];
	return word;
}

static const char *near_choice(struct conf_load *l, const char *word, const struct choice *table)
{
	const char *meant = choice_synonym(word);
	struct near near = { .word = meant, .len = strlen(meant) };
	size_t i;

	for (i = 0; table[i].word; i++)
		near_try(&near, table[i].word);
	return did_you_mean(l, &near);
}

/* "on, off or force" */
static const char *choice_list(struct conf_load *l, const struct choice *table)
{
	const char *text = "";
	size_t i;

	for (i = 0; table[i].word; i++)
		text = arena_printf(&l->arena, "%s%s%s", text,
				    !i ? "" : table[i + 1].word ? ", "
								: " or ",
				    table[i].word);
	return text;
}

const char *choice_word(const struct choice *table, int value)
{
	while (table->word && table->value != value)
		table++;
	return table->word;
}

bool cur_choice(struct cursor *c, const char *what, const struct choice *table, int *v)
{
	const struct word *w = cur_word(c, choice_list(c->l, table));
	const char *hint;
	size_t i;

	if (!w)
		return false;
	for (i = 0; table[i].word; i++) {
		if (!word_is(w, table[i].word))
			continue;
		*v = table[i].value;
		return true;
	}
	hint = near_choice(c->l, w->text, table);
	for (i = 0; w->kind == WORD_STRING && table[i].word; i++)
		if (!strcmp(table[i].word, w->text))
			hint = "no quotes here";
	say_error(c->l, &w->at, hint, "'%s' is no %s; expected %s", w->text, what, choice_list(c->l, table));
	return false;
}

bool cur_switch(struct cursor *c, bool *v)
{
	int value;

	if (!cur_choice(c, "switch", choice_switch, &value))
		return false;
	*v = value == CONF_ON;
	return true;
}

const char *cur_string(struct cursor *c, const char *what)
{
	const struct word *w = cur_word(c, arena_printf(&c->l->arena, "%s in quotes", what));

	if (!w)
		return NULL;
	if (w->kind != WORD_STRING) {
		say_error(c->l, &w->at, *w->text == '\'' || (*w->text & 0x80) ? "the quotes are to be \"" : "put double quotes around it",
			  "expected %s in quotes", what);
		return NULL;
	}
	if (*w->text)
		return w->text;
	say_error(c->l, &w->at, NULL, "expected %s, this is empty", what);
	return NULL;
}

/* digits, or 0x and hexadecimal ones; the end of them; NULL if there is none, or too many */
static const char *parse_number(const char *text, uint64_t *v)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*v = strtoull(text, &end, hex ? 16 : 10);
	return errno ? NULL : end;
}

/* @tail: what stands behind the digits of the same word; NULL: nothing may */
static const struct word *cur_digits(struct cursor *c, const char *what, uint64_t *v,
				     const char **tail)
{
	const struct word *w = cur_word(c, what);
	const char *end;

	if (!w)
		return NULL;
	end = w->kind == WORD_PLAIN ? parse_number(w->text, v) : NULL;
	if (!end || (*end && !tail)) {
		say_error(c->l, &w->at, NULL, "expected %s, not '%s'", what, w->text);
		return NULL;
	}
	if (tail)
		*tail = end;
	return w;
}

bool cur_number(struct cursor *c, const char *what, uint64_t min, uint64_t max, uint64_t *v)
{
	const struct word *w = cur_digits(c, what, v, NULL);

	if (!w)
		return false;
	if (*v >= min && *v <= max)
		return true;
	say_error(c->l, &w->at, NULL, "%s is out of range; expected %llu to %llu", what,
		  (unsigned long long)min, (unsigned long long)max);
	return false;
}

bool cur_uint(struct cursor *c, const char *what, unsigned int min, unsigned int max,
	      unsigned int *v)
{
	uint64_t value;

	if (!cur_number(c, what, min, max, &value))
		return false;
	*v = (unsigned int)value;
	return true;
}

/**
 * struct unit - a unit
 * @word: as written
 * @factor: how much it is
 */
struct unit {
	const char *word;
	uint64_t factor;
};

/* a number with a unit, which may hang on it as in "30sec" */
static bool cur_unit(struct cursor *c, const char *what, const struct unit *units,
		     const char *list, uint64_t max, uint64_t *v)
{
	const struct word *number, *w;
	const char *tail;
	uint64_t n;

	number = cur_digits(c, what, &n, &tail);
	if (!number)
		return false;
	w = number;
	if (!*tail) {
		w = cur_word(c, list);
		if (!w)
			return false;
		tail = w->text;
	}
	while (units->word && (w->kind != WORD_PLAIN || strcmp(units->word, tail)))
		units++;
	if (!units->word) {
		say_error(c->l, &w->at, NULL, "'%s' is no unit of %s; expected %s", tail, what,
			  list);
		return false;
	}
	if (!n || __builtin_mul_overflow(n, units->factor, v) || *v > max) {
		say_error(c->l, &number->at, NULL, "%s is too %s", what, n ? "large" : "small");
		return false;
	}
	return true;
}

bool cur_time(struct cursor *c, uint32_t *seconds)
{
	static const struct unit units[] = {
		{ "sec", 1 },
		{ "secs", 1 },
		{ "second", 1 },
		{ "seconds", 1 },
		{ "min", 60 },
		{ "mins", 60 },
		{ "minute", 60 },
		{ "minutes", 60 },
		{ "hour", 3600 },
		{ "hours", 3600 },
		{ NULL, 0 },
	};
	uint64_t v;

	if (!cur_unit(c, "a time", units, "sec, min or hour", INT32_MAX, &v))
		return false;
	*seconds = (uint32_t)v;
	return true;
}

/* racoon's TB was 1024 times less than its name says, and nobody could use it */
static bool cur_kilobytes(struct cursor *c, uint64_t *kb)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "byte", 1 },
		{ "bytes", 1 },
		{ "KB", 1ull << 10 },
		{ "MB", 1ull << 20 },
		{ "GB", 1ull << 30 },
		{ "TB", 1ull << 40 },
		{ NULL, 0 },
	};
	const struct conf_where *at = c->w ? &c->w->at : &c->last->end;

	if (!cur_unit(c, "an amount", units, "B, KB, MB, GB or TB", (uint64_t)UINT32_MAX << 10,
		      kb))
		return false;
	*kb >>= 10;
	if (*kb)
		return true;
	say_error(c->l, at, NULL, "the amount is counted in KB; expected at least one");
	return false;
}

bool cur_lifetime(struct cursor *c, uint32_t *seconds, uint64_t *kb)
{
	if (cur_skip(c, "time"))
		return cur_time(c, seconds);
	if (cur_skip(c, "byte"))
		return cur_kilobytes(c, kb);
	say_error(c->l, c->w ? &c->w->at : &c->last->end,
		  word_is_number(c->w) ? "write 'lifetime time 8 hours;'" : NULL,
		  "expected 'time' or 'byte' after 'lifetime'");
	return false;
}

bool cur_port(struct cursor *c, uint16_t *port)
{
	const struct word *w;
	uint64_t v = 0;

	if (!cur_skip(c, "["))
		return true;
	if (cur_skip(c, "any"))
		*port = 0;
	else if (cur_number(c, "a port", 0, 65535, &v))
		*port = (uint16_t)v;
	else
		return false;
	w = cur_word(c, "']'");
	if (!w || (w->kind == WORD_MARK && *w->text == ']'))
		return w;
	say_error(c->l, &w->at, NULL, "expected ']' after the port, not '%s'", w->text);
	return false;
}

bool cur_host(struct cursor *c, struct sockaddr_storage *sa)
{
	const struct word *w = cur_word(c, "an address");

	if (!w)
		return false;
	if (!strchr(w->text, '[') && addr_parse(sa, w->text))
		return true;
	say_error(c->l, &w->at, NULL, "'%s' is no IPv4 or IPv6 address", w->text);
	return false;
}

bool cur_ike_port(struct cursor *c, uint16_t *port)
{
	if (!word_is_number(c->w))
		return cur_port(c, port);
	say_error(c->l, &c->w->at, arena_printf(&c->l->arena, "write '[%s]'", c->w->text),
		  "a port stands in brackets");
	return false;
}

bool cur_addr(struct cursor *c, struct sockaddr_storage *sa)
{
	uint16_t port = 0;

	if (!cur_host(c, sa) || !cur_ike_port(c, &port))
		return false;
	addr_set_port(sa, port);
	return true;
}

bool cur_end(struct cursor *c)
{
	if (!c->w)
		return true;
	say_error(c->l, &c->w->at, NULL, "expected '%c' after '%s', not '%s'",
		  c->s->has_block ? '{' : ';', c->last->text, c->w->text);
	return false;
}

void set_text(char **where, const char *text)
{
	free(*where);
	*where = xstrdup(text);
}

char *path_join(const char *dir, const char *name)
{
	size_t n = dir ? strlen(dir) : 0;

	if (!n || *name == '/')
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}
