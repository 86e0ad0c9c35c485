// SPDX-License-Identifier: GPL-2.0
/*
 * From two lists of values an attribute to a sentence, rows and the line to
 * change. It knows no protocol: whoever compares fills in the values.
 */
#include <stdio.h>
#include <string.h>

#include "engine/prop_diff.h"

/* appends as long as there is room; what does not fit is cut off by "..." */
static void append(char *buf, size_t size, const char *separator, const char *text)
{
	size_t have = strlen(buf);
	int n;

	n = snprintf(buf + have, size - have, "%s%s", have ? separator : "", text);
	if (n >= 0 && (size_t)n >= size - have)
		memcpy(buf + size - 4, "...", 4);
}

/**
 * diff_attr() - begin an attribute
 * @d: comparison
 * @what: name for people
 * @keyword: racoon.conf's statement
 *
 * Return: the attribute, empty on both sides.
 */
struct diff_attr *diff_attr(struct diff *d, const char *what, const char *keyword)
{
	struct diff_attr *a = &d->attr[d->n < DIFF_ATTRS ? d->n++ : DIFF_ATTRS - 1];

	a->what = what;
	a->keyword = keyword;
	return a;
}

static bool diff_has(const struct diff_side *side, const char *text)
{
	unsigned int i;

	for (i = 0; i < side->n; i++)
		if (!strcmp(side->value[i].text, text))
			return true;
	return false;
}

/**
 * diff_value() - add a value to a side
 * @side: values
 * @text: name for people
 * @say: as racoon.conf spells it; empty: nothing to recommend
 */
void diff_value(struct diff_side *side, const char *text, const char *say)
{
	struct diff_value *v;

	if (side->n == DIFF_VALUES || diff_has(side, text))
		return;
	v = &side->value[side->n++];
	snprintf(v->text, sizeof(v->text), "%s", text);
	snprintf(v->say, sizeof(v->say), "%s", say);
}

/**
 * diff_alg_text() - an algorithm as racoon.conf spells it
 * @alg: row; NULL: not known
 * @bits: key length, 0: none was said
 * @id: the peer's number for it
 * @buf: where to
 *
 * Return: @buf.
 */
const char *diff_alg_text(const struct alg *alg, unsigned int bits, unsigned int id,
			  char buf[DIFF_TEXT])
{
	if (!alg)
		snprintf(buf, DIFF_TEXT, "number %u", id);
	else if (alg->keylens[0] && !bits)
		snprintf(buf, DIFF_TEXT, "%s without key length", alg->name);
	else if (bits && !(alg->keylen == bits && !alg->keylens[0]))
		snprintf(buf, DIFF_TEXT, "%s %u", alg->name, bits);
	else
		snprintf(buf, DIFF_TEXT, "%s", alg->name);
	return buf;
}

/**
 * diff_alg() - add an algorithm to a side
 * @side: values
 * @alg: row; NULL: not known
 * @bits: key length, 0: none was said
 * @id: the peer's number for it
 * @refuse: ALG_* that make it nothing to recommend
 */
void diff_alg(struct diff_side *side, const struct alg *alg, unsigned int bits, unsigned int id,
	      unsigned int refuse)
{
	bool safe = diff_is_safe(alg) && !(alg->flags & refuse) && alg_has_keylen(alg, bits);
	char buf[DIFF_TEXT];

	diff_alg_text(alg, bits, id, buf);
	diff_value(side, buf, safe ? buf : "");
}

/**
 * diff_is_safe() - may it be recommended?
 * @alg: row or NULL
 *
 * Return: true if it is known, and neither broken nor gone.
 */
bool diff_is_safe(const struct alg *alg)
{
	return alg && !(alg->flags & (ALG_BROKEN | ALG_GONE));
}

/* An attribute that one side has no values for does not matter there. */
static bool attr_differs(const struct diff_attr *a)
{
	unsigned int i;

	if (!a->mine.n || !a->theirs.n)
		return false;
	for (i = 0; i < a->theirs.n; i++)
		if (diff_has(&a->mine, a->theirs.value[i].text))
			return false;
	return true;
}

static void side_text(const struct diff_side *side, char *buf, size_t size)
{
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < side->n; i++)
		append(buf, size, ", ", side->value[i].text);
}

/* The first of theirs that we would take if the file said so. */
static bool attr_fix(const struct diff_attr *a, char *buf, size_t size)
{
	char line[REPORT_CELL];
	unsigned int i;

	for (i = 0; i < a->theirs.n; i++) {
		const struct diff_value *v = &a->theirs.value[i];

		if (!v->say[0])
			continue;
		snprintf(line, sizeof(line), "%s %s;", a->keyword, v->say);
		if (!strstr(buf, line))
			append(buf, size, " ", line);
		return true;
	}
	return false;
}

static void diff_fix(const struct diff *d, struct report *why)
{
	char lines[REPORT_SENTENCE] = "", advice[REPORT_SENTENCE] = "", text[REPORT_CELL];
	bool differs = false;
	unsigned int i;

	for (i = 0; i < d->n; i++) {
		const struct diff_attr *a = &d->attr[i];

		if (!attr_differs(a))
			continue;
		differs = true;
		if (a->keyword && attr_fix(a, lines, sizeof(lines)))
			continue;
		snprintf(text, sizeof(text), "%s %s", a->what, a->mine.value[0].text);
		append(advice, sizeof(advice), ", ", text);
	}
	if (advice[0])
		report_fix(why, "nothing of the peer's can be recommended: let it offer %s", advice);
	else if (differs)
		report_fix(why, "%s", lines);
	else
		report_fix(why, "%s", d->whole);
}

/**
 * diff_report() - say what differs
 * @d: comparison
 * @stage: where in the negotiation
 * @verb: what the peer does: "offers" or "answers"
 * @why: filled in, cause REPORT_NO_PROPOSAL
 */
void diff_report(const struct diff *d, const char *stage, const char *verb, struct report *why)
{
	char mine[REPORT_CELL], theirs[REPORT_CELL], text[REPORT_SENTENCE];
	char sentence[REPORT_SENTENCE] = "";
	unsigned int i;

	for (i = 0; i < d->n; i++) {
		if (!attr_differs(&d->attr[i]))
			continue;
		side_text(&d->attr[i].mine, mine, sizeof(mine));
		side_text(&d->attr[i].theirs, theirs, sizeof(theirs));
		snprintf(text, sizeof(text), "%s: we have %s, the peer %s %s", d->attr[i].what,
			 mine, verb, theirs);
		append(sentence, sizeof(sentence), "; ", text);
	}
	if (!sentence[0])
		append(sentence, sizeof(sentence), "",
		       "each attribute has a value in common, but no single proposal has all of them");
	report_set(why, REPORT_NO_PROPOSAL, stage, "no proposal fits: %s", sentence);
	for (i = 0; i < d->n; i++) {
		side_text(&d->attr[i].mine, mine, sizeof(mine));
		side_text(&d->attr[i].theirs, theirs, sizeof(theirs));
		report_row(why, attr_differs(&d->attr[i]), d->attr[i].what, mine, theirs);
	}
	diff_fix(d, why);
}
