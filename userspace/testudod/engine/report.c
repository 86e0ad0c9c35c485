// SPDX-License-Identifier: GPL-2.0
/*
 * Reports: what went wrong, filled in and counted. It decides nothing but what
 * makes a failure definite, and it logs nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/report.h"

/**
 * report_clear() - nothing went wrong
 * @r: report
 */
void report_clear(struct report *r)
{
	memset(r, 0, sizeof(*r));
}

/**
 * report_set() - something went wrong
 * @r: report; what it said before is gone
 * @cause: what kind of failure
 * @stage: where in the negotiation
 * @fmt: the sentence, for a reader who knows racoon.conf
 *
 * The same cause in the same words counts on instead of beginning anew; rows,
 * fix, @policy and @authentic are to be filled in again in any case.
 */
void report_set(struct report *r, enum report_cause cause, const char *stage, const char *fmt, ...)
{
	char sentence[REPORT_SENTENCE];
	unsigned int count = 0;
	va_list ap;

	/* into a copy: an argument may be a part of the old report */
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (r->cause == cause && !strcmp(r->sentence, sentence))
		count = r->count;
	report_clear(r);
	r->cause = cause;
	r->when = time(NULL);
	r->count = count + 1;
	snprintf(r->stage, sizeof(r->stage), "%s", stage);
	memcpy(r->sentence, sentence, sizeof(sentence));
}

/**
 * report_fix() - what to do about it
 * @r: report that was set
 * @fmt: a line for racoon.conf, or advice in words
 */
void report_fix(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->fix, sizeof(r->fix), fmt, ap);
	va_end(ap);
}

/**
 * report_row() - one attribute, side by side
 * @r: report that was set; more rows than it has room for are left out
 * @differs: that is the trouble
 * @what: name of the attribute
 * @mine: ours; NULL: nothing
 * @theirs: the peer's; NULL: nothing
 */
void report_row(struct report *r, bool differs, const char *what, const char *mine,
		const char *theirs)
{
	struct report_row *row;

	if (r->n == REPORT_ROWS)
		return;
	row = &r->row[r->n++];
	row->differs = differs;
	snprintf(row->what, sizeof(row->what), "%s", what);
	snprintf(row->mine, sizeof(row->mine), "%s", mine ? mine : "");
	snprintf(row->theirs, sizeof(row->theirs), "%s", theirs ? theirs : "");
}

/**
 * report_cause_name() - the cause in a word, for scripts
 * @cause: cause
 *
 * Return: a string that never changes from version to version.
 */
const char *report_cause_name(enum report_cause cause)
{
	static const char *const names[] = {
		[REPORT_NONE] = "none",
		[REPORT_NO_ANSWER] = "no-answer",
		[REPORT_NO_PROPOSAL] = "no-proposal",
		[REPORT_NO_PSK] = "no-psk",
		[REPORT_PSK_DIFFERS] = "psk-differs",
		[REPORT_AUTH] = "authentication",
		[REPORT_ID] = "identity",
		[REPORT_CERT] = "certificate",
		[REPORT_SELECTOR] = "selector",
		[REPORT_NO_CONFIG] = "no-configuration",
		[REPORT_REFUSED] = "refused",
		[REPORT_DEAD] = "dead",
		[REPORT_DELETED] = "deleted",
		[REPORT_EXPIRED] = "expired",
		[REPORT_KERNEL] = "kernel",
		[REPORT_CRYPTO] = "cryptography",
		[REPORT_SYNTAX] = "syntax",
		[REPORT_ADMIN] = "administrator",
	};

	return (size_t)cause < sizeof(names) / sizeof(names[0]) ? names[cause] : "unknown";
}

/**
 * report_is_definite() - would trying again give the same?
 * @cause: cause
 *
 * What a peer refuses may be forged, or may be mended at its end without a
 * sign to us; so that is none, as is everything that time can heal.
 *
 * Return: true until configuration, certificates or addresses change.
 */
bool report_is_definite(enum report_cause cause)
{
	switch (cause) {
	case REPORT_NO_PROPOSAL:
	case REPORT_NO_PSK:
	case REPORT_PSK_DIFFERS:
	case REPORT_AUTH:
	case REPORT_ID:
	case REPORT_CERT:
	case REPORT_SELECTOR:
	case REPORT_NO_CONFIG:
	case REPORT_ADMIN:
		return true;
	default:
		return false;
	}
}
