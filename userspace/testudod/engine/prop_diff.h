/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ours and theirs side by side, attribute by attribute: which have no value in
 * common. Private to the files engine/prop*.c.
 */
#ifndef TESTUDOD_ENGINE_PROP_DIFF_H
#define TESTUDOD_ENGINE_PROP_DIFF_H

#include "crypto/alg.h"
#include "engine/report.h"

#define DIFF_VALUES 32 /* values of an attribute that are looked at; a flood of others is left out */
#define DIFF_TEXT   40
#define DIFF_ATTRS  8

/**
 * struct diff_value - one value of an attribute
 * @text: its name for people
 * @say: as racoon.conf spells it; empty: it can not be recommended
 */
struct diff_value {
	char text[DIFF_TEXT];
	char say[DIFF_TEXT];
};

/**
 * struct diff_side - all values that one side has for an attribute
 * @n: members of @value
 * @value: in order of preference, each once
 */
struct diff_side {
	unsigned int n;
	struct diff_value value[DIFF_VALUES];
};

/**
 * struct diff_attr - one attribute
 * @what: its name for people
 * @keyword: racoon.conf's statement for it
 * @mine: our values; none: the attribute does not matter
 * @theirs: the peer's
 */
struct diff_attr {
	const char *what;
	const char *keyword;
	struct diff_side mine;
	struct diff_side theirs;
};

/**
 * struct diff - a failed choice
 * @n: members of @attr
 * @attr: attributes, in the order of the report
 * @whole: racoon.conf's text for one whole proposal of the peer's that would
 *	be acceptable, for when each attribute alone fits; may be empty
 */
struct diff {
	unsigned int n;
	struct diff_attr attr[DIFF_ATTRS];
	char whole[REPORT_SENTENCE];
};

struct diff_attr *diff_attr(struct diff *d, const char *what, const char *keyword);
void diff_value(struct diff_side *side, const char *text, const char *say);
/*
 * @id: what to call a number that the table does not know; @refuse: ALG_* that
 * make it nothing to recommend, besides those that always do
 */
void diff_alg(struct diff_side *side, const struct alg *alg, unsigned int bits, unsigned int id,
	      unsigned int refuse);
/* "aes 256", "sha1", as racoon.conf has it; @id as for diff_alg() */
const char *diff_alg_text(const struct alg *alg, unsigned int bits, unsigned int id,
			  char buf[DIFF_TEXT]);
/* known, and neither broken nor gone: may be recommended */
bool diff_is_safe(const struct alg *alg);
/* cause REPORT_NO_PROPOSAL with its rows; @verb: what the peer does, "offers" or "answers" */
void diff_report(const struct diff *d, const char *stage, const char *verb, struct report *why);

#endif /* TESTUDOD_ENGINE_PROP_DIFF_H */
