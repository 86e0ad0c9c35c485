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

/* the word is none of this block: of which is it, or which is near? */
static void check_unknown(struct conf_load *l, const struct context *in, const struct stmt *s)
{
	const struct word *w = s->words.first;
	struct near near = { .word = w->text, .len = strlen(w->text) };
	const struct rule *r;
	size_t i;

	for (i = 0; i < CONTEXTS; i++) {
		if (contexts[i] == in || !rule_find(contexts[i], w))
			continue;
		say_error(l, &w->at, NULL, "'%s' does not belong in %s but in %s", w->text,
			  in->name, contexts[i]->name);
		return;
	}
	for (r = in->rules; r->name; r++)
		near_try(&near, r->name);
	if (w->kind == WORD_MARK && *w->text == '/')
		say_error(l, &w->at, "comments begin with '#'", "a statement can not begin with '/'");
	else
		say_error(l, &w->at, did_you_mean(l, &near), "unknown statement '%s' in %s",
			  w->text, in->name);
}

static void check_refuse(struct conf_load *l, const struct rule *r, const struct word *w)
{
	if (r->instead)
		say_error(l, &w->at, NULL, "'%s' is not supported: %s; instead: %s", r->name,
			  r->why, r->instead);
	else
		say_error(l, &w->at, NULL, "'%s' is not supported: %s", r->name, r->why);
}

/* its statements go on in the next line, if there are any */
static void check_no_block(struct conf_load *l, const struct stmt *s)
{
	const struct word *w = s->words.first;

	while (w->next && w->next->at.line == w->end.line)
		w = w->next;
	say_error(l, &w->end, NULL, "expected '{' after '%s'", w->text);
}

static void check_rule(struct conf_load *l, const struct rule *r, const struct stmt *s,
		       void *target)
{
	struct cursor c = {
		.l = l,
		.s = s,
		.w = s->words.first->next,
		.last = s->words.first,
		.rule = r,
	};

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
		if (s->has_block)
			r->fn(&c, target);
		else
			check_no_block(l, s);
		return;
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

/* a block without its beginning: its statements were told by that, all of them */
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

/**
 * check_block() - read all statements of a block
 * @l: load
 * @in: which kind of block
 * @first: its first statement
 * @target: handed to the rules
 */
void check_block(struct conf_load *l, const struct context *in, struct stmt *first, void *target)
{
	const struct rule *r;
	bool lost = false, nested = false;
	struct stmt *s;

	for (s = first; s && !say_enough(l); s = s->next) {
		check_split(l, in, NULL, s);
		check_open(l, in, s);
		r = rule_find(in, s->words.first);
		if (!r && lost)
			continue;
		lost = r && lost_block(r, s);
		if (r) {
			check_rule(l, r, s, target);
		} else if (is_nested(in, s)) {
			if (!nested)
				say_error(l, &s->words.first->at, NULL,
					  "'%s' inside of %s: the '}' in front of it is missing",
					  s->words.first->text, in->name);
			nested = true;
			check_rule(l, rule_find(&in_top, s->words.first), s, l->conf);
		} else {
			check_unknown(l, in, s);
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
