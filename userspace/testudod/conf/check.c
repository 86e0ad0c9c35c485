// SPDX-License-Identifier: GPL-2.0
/*
 * Which statement of which block is read by whom, and what is said of those that
 * are not. The order of the file is kept; an error in one statement hides none
 * of another.
 */
#include <string.h>

#include "conf/check.h"

static const struct context *const contexts[] = {
	&in_top,
	&in_remote,
	&in_proposal,
	&in_sainfo,
	&in_listen,
	&in_timer,
	&in_privsep,
	&in_remote_own,
	&in_sainfo_own,
};

#define CONTEXTS (sizeof(contexts) / sizeof(contexts[0]))
#define RULES	 64 /* more than any of them has */

static void check_rule(struct conf_load *l, const struct context *in, struct stmt *s, void *target);

static const struct rule *rule_find(const struct context *in, const struct word *w)
{
	const struct rule *r;

	for (r = in->rules; r->name; r++)
		if (word_is(w, r->name))
			return r;
	return NULL;
}

/*
 * A word that begins a line and that this block knows as a statement does not
 * belong to the statement before it. "path" and "include" are both.
 */
static struct word *split_at(const struct context *in, const struct stmt *s)
{
	struct word *w = s->words.first;
	bool path = word_is(w, "path");

	for (; w->next; w = w->next) {
		if (w->next->at.line > w->end.line && rule_find(in, w->next) &&
		    !(path && w == s->words.first))
			return w;
	}
	return NULL;
}

void check_split(struct conf_load *l, const struct context *in, struct stmts *list, struct stmt *s)
{
	struct word *w = split_at(in, s);
	struct stmt *rest;

	if (!w)
		return;
	/* what begins with a mark is told for that; it has no end of its own */
	if (s->words.first->kind != WORD_MARK)
		say_error(l, &w->end, NULL, "expected ';' after '%s'", w->text);
	rest = arena_alloc(&l->arena, sizeof(*rest));
	*rest = *s;
	rest->words.first = w->next;
	s->words.last = w;
	w->next = NULL;
	s->next = rest;
	s->block = NULL;
	s->has_block = false;
	s->open = false;
	if (list && list->last == s)
		list->last = rest;
}

/* "write 'testudo { esn off; }'" */
static const char *own_hint(struct conf_load *l, const struct stmt *s)
{
	const char *text = s->words.first->text;
	const struct word *w;

	for (w = s->words.first->next; w; w = w->next)
		text = arena_printf(&l->arena, "%s%s%s", text, w->kind == WORD_MARK ? "" : " ", w->text);
	return arena_printf(&l->arena, "write 'testudo { %s; }'", text);
}

/* in the other phase it is called otherwise */
static const char *twin_hint(struct conf_load *l, const struct context *in, const struct word *w)
{
	static const struct {
		const struct context *in;
		const char *word;
		const char *twin;
	} rows[] = {
		{ &in_sainfo, "dh_group", "pfs_group" },
		{ &in_sainfo, "hash_algorithm", "authentication_algorithm" },
		{ &in_proposal, "authentication_algorithm", "hash_algorithm" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (in == rows[i].in && word_is(w, rows[i].word))
			return arena_printf(&l->arena, "in %s it is '%s'", in->name, rows[i].twin);
	return NULL;
}

/*
 * A statement of another block. Where that is the testudo block of this one its
 * value is taken all the same, so that nobody misses it further on.
 */
static void check_stray(struct conf_load *l, const struct context *in, const struct context *of,
			struct stmt *s, void *target)
{
	bool own = of == &in_remote_own || of == &in_sainfo_own;
	const struct word *w = s->words.first;

	say_error(l, &w->at, own ? own_hint(l, s) : twin_hint(l, in, w), "'%s' does not belong in %s but in %s",
		  w->text, in->name, of->name);
	if ((in == &in_remote && of == &in_remote_own) || (in == &in_sainfo && of == &in_sainfo_own))
		check_rule(l, of, s, target);
}

static void check_refuse(struct conf_load *l, const struct rule *r, const struct word *w)
{
	if (r->instead)
		say_error(l, &w->at, NULL, "'%s' is not supported: %s; instead: %s", r->name,
			  r->why, r->instead);
	else
		say_error(l, &w->at, NULL, "'%s' is not supported: %s", r->name, r->why);
}

/*
 * The word is none of this block: of which is it, or which is near? What was
 * probably meant is read, so that its errors are told and nobody misses it.
 */
static void check_unknown(struct conf_load *l, const struct context *in, struct stmt *s,
			  void *target)
{
	struct word *w = s->words.first;
	struct near near = { .word = w->text, .len = strlen(w->text) };
	const struct rule *r;
	size_t i;

	for (i = 0; i < CONTEXTS; i++) {
		r = contexts[i] == in ? NULL : rule_find(contexts[i], w);
		if (!r)
			continue;
		if (r->class == RULE_REFUSE)
			check_refuse(l, r, w);
		else
			check_stray(l, in, contexts[i], s, target);
		return;
	}
	for (r = in->rules; r->name; r++)
		near_try(&near, r->name);
	if (w->kind == WORD_MARK && *w->text == '/')
		say_error(l, &w->at, "comments begin with '#'", "a statement can not begin with '/'");
	else
		say_error(l, &w->at, did_you_mean(l, &near), "unknown statement '%s' in %s",
			  w->text, in->name);
	if (!near.best || w->kind != WORD_PLAIN)
		return;
	w->text = near.best;
	check_rule(l, in, s, target);
}

/* a block without its beginning */
static bool lost_block(const struct rule *r, const struct stmt *s)
{
	const struct word *w;

	if (s->has_block || (r->class != RULE_BLOCK && r->class != RULE_EITHER))
		return false;
	for (w = s->words.first; w; w = w->next)
		if (word_is(w, "inherit"))
			return false;
	return true;
}

/* does a statement go on with the block @of, or with @in, which is around it? */
static bool goes_on(const struct context *in, const struct rule *of, const struct stmt *s)
{
	size_t i;

	if (!rule_find(in, s->words.first))
		return true;
	for (i = 0; i < CONTEXTS; i++)
		if (!strcmp(contexts[i]->name, of->name))
			return rule_find(contexts[i], s->words.first);
	return false;
}

/*
 * A block without its '{': what stands behind its line is read as if there were
 * one, so that its errors are told, too.
 */
static void check_no_block(struct conf_load *l, const struct context *in, const struct rule *r,
			   struct stmt *s)
{
	struct word *w = s->words.first;
	struct stmt **last = &s->block;
	struct stmt *p;

	while (w->next && w->next->at.line == w->end.line)
		w = w->next;
	say_error(l, &w->end, l->unopened ? NULL : "and '}' behind its last statement",
		  "expected '{' after '%s'", w->text);
	if (w->next) {
		p = arena_alloc(&l->arena, sizeof(*p));
		*p = *s;
		p->words.first = w->next;
		s->words.last = w;
		w->next = NULL;
		s->next = p;
	}
	s->block = s->next;
	for (p = s->next; p && goes_on(in, r, p); p = p->next)
		last = &p->next;
	*last = NULL;
	s->next = p;
	s->has_block = true;
}

/* of other files' syntax: racoon's scanner skipped it */
static void check_equals(struct conf_load *l, const struct stmt *s)
{
	struct word *w;

	for (w = s->words.first; w->next; w = w->next) {
		if (!word_is(w->next, "="))
			continue;
		say_error(l, &w->next->at, "take it away", "no '=' stands between a word and its value");
		w->next = w->next->next;
		if (!w->next)
			return;
	}
}

/* the statement by the context's rule for it */
static void check_rule(struct conf_load *l, const struct context *in, struct stmt *s, void *target)
{
	const struct rule *r = rule_find(in, s->words.first);
	struct cursor c = { .l = l, .s = s, .last = s->words.first, .rule = r };

	if (lost_block(r, s))
		check_no_block(l, in, r, s);
	check_equals(l, s);
	c.w = s->words.first->next;
	switch (r->class) {
	case RULE_IGNORE:
		say_note(l, &s->words.first->at, NULL, "'%s' is ignored: %s", r->name, r->why);
		return;
	case RULE_REFUSE:
		check_refuse(l, r, s->words.first);
		return;
	case RULE_USE:
		if (s->has_block)
			say_error(l, &s->words.last->end, NULL, "expected ';' after '%s', not a block",
				  s->words.last->text);
		else if (r->fn(&c, target))
			cur_end(&c);
		return;
	case RULE_BLOCK:
	case RULE_EITHER:
		r->fn(&c, target);
		return;
	}
}

/* a statement of the top level in another block: in front of it a '}' is missing */
static bool is_nested(const struct context *in, const struct stmt *s)
{
	return in != &in_top && rule_find(&in_top, s->words.first);
}

/* of another place: said once where the block before it has no end, else for each */
static void check_nested(struct conf_load *l, const struct context *in, struct stmt *s,
			 bool *told, void *target)
{
	bool refused = rule_find(&in_top, s->words.first)->class == RULE_REFUSE;

	if (!l->unclosed && !refused)
		check_unknown(l, in, s, target);
	else if (l->unclosed && !*told)
		say_error(l, &s->words.first->at, NULL,
			  "'%s' inside of %s: the '}' in front of it is missing",
			  s->words.first->text, in->name);
	*told = true;
	check_rule(l, &in_top, s, l->conf);
}

static bool has_nested(const struct context *in, const struct stmt *s)
{
	for (; s; s = s->next)
		if (!rule_find(in, s->words.first) && rule_find(&in_top, s->words.first))
			return true;
	return false;
}

/* a block without its end, said once: here or at what is_nested() */
static void check_open(struct conf_load *l, const struct context *in, const struct stmt *s)
{
	if (s->open && (in != &in_top || !has_nested(&in_remote, s->block)))
		say_error(l, &s->words.first->at, NULL, "the block of '%s' has no '}'",
			  s->words.first->text);
}

/* Who says it twice has forgotten one of them; for more of the same one message is enough. */
static void check_again(struct conf_load *l, const struct context *in, const struct stmt *s,
			const struct stmt **seen, bool *told)
{
	const struct word *w = s->words.first;
	const struct rule *r = rule_find(in, w);
	size_t i = (size_t)(r - in->rules);

	if (r->class != RULE_USE || r->many || i >= RULES)
		return;
	if (seen[i] && !told[i])
		say_warn(l, &w->at, "take one of them away",
			 "'%s' is said again: this one counts, and that of line %d does not", r->name,
			 seen[i]->words.first->at.line);
	told[i] = seen[i];
	seen[i] = s;
}

/**
 * check_block() - read all statements of a block
 * @l: load
 * @in: which kind of block
 * @first: its first statement
 * @target: handed to the rules
 */
void check_block(struct conf_load *l, const struct context *in, struct stmt *first, void *target)
{
	const struct stmt *seen[RULES] = { NULL };
	bool told[RULES] = { false };
	bool nested = false;
	struct stmt *s;

	for (s = first; s && !say_enough(l); s = s->next) {
		check_split(l, in, NULL, s);
		check_open(l, in, s);
		if (rule_find(in, s->words.first)) {
			check_again(l, in, s, seen, told);
			check_rule(l, in, s, target);
		} else if (is_nested(in, s)) {
			check_nested(l, in, s, &nested, target);
		} else {
			check_unknown(l, in, s, target);
		}
	}
}

bool check_insecure(const struct conf_load *l, const struct stmt *block)
{
	const struct stmt *own, *s;

	if (l->conf->insecure)
		return true;
	for (own = block; own; own = own->next) {
		if (!word_is(own->words.first, "testudo"))
			continue;
		for (s = own->block; s; s = s->next)
			if (word_is(s->words.first, "insecure") && s->words.first->next &&
			    word_is(s->words.first->next, "ok"))
				return true;
	}
	return false;
}

/* check_insecure() has seen it already */
bool check_consent(struct cursor *c, void *target)
{
	static const struct choice ok[] = { { "ok", 0 }, { NULL, 0 } };
	int v;

	(void)target;
	return cur_choice(c, "word of consent", ok, &v);
}
