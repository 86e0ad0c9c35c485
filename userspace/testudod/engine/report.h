/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What went wrong with a peer, kept after the failure for "testudoctl why":
 * one sentence, mine and theirs side by side, and the line to change.
 */
#ifndef TESTUDOD_ENGINE_REPORT_H
#define TESTUDOD_ENGINE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define REPORT_ROWS	24
#define REPORT_CELL	160
#define REPORT_SENTENCE	512

/** enum report_cause - what kind of failure */
enum report_cause {
	REPORT_NONE,
	REPORT_NO_ANSWER,	/* nothing came back */
	REPORT_NO_PROPOSAL,	/* no common algorithms */
	REPORT_NO_PSK,
	REPORT_PSK_DIFFERS,	/* our keys do not fit together */
	REPORT_AUTH,		/* the peer's proof is wrong */
	REPORT_ID,		/* the peer is not whom we expect */
	REPORT_CERT,
	REPORT_SELECTOR,	/* no policy or sainfo for these selectors */
	REPORT_NO_CONFIG,	/* no remote for that address */
	REPORT_REFUSED,		/* the peer said no; the sentence has its word */
	REPORT_DEAD,		/* DPD */
	REPORT_DELETED,		/* the peer deleted it */
	REPORT_EXPIRED,
	REPORT_KERNEL,		/* PF_KEY said no */
	REPORT_CRYPTO,
	REPORT_SYNTAX,		/* the peer sends what no RFC knows */
	REPORT_ADMIN,		/* somebody told us to */
};

/**
 * struct report_row - one attribute, side by side
 * @what: its name
 * @mine: ours
 * @theirs: theirs
 * @differs: that is the trouble
 */
struct report_row {
	char what[32];
	char mine[REPORT_CELL];
	char theirs[REPORT_CELL];
	bool differs;
};

/**
 * struct report - one failure
 * @cause: cause; REPORT_NONE: there was none
 * @when: wall clock, seconds
 * @stage: "phase 1", "phase 2", "IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA"
 * @count: how often in a row
 * @policy: id of the outbound policy that it is about; 0: all that is between us and the peer
 * @authentic: what the peer said came under protection
 * @sentence: the cause in one sentence
 * @fix: a line for racoon.conf, or what else to do; may be empty
 * @n: members of @row
 * @row: mine and theirs
 */
struct report {
	enum report_cause cause;
	time_t when;
	char stage[24];
	unsigned int count;
	uint32_t policy;
	bool authentic;
	char sentence[REPORT_SENTENCE];
	char fix[REPORT_SENTENCE];
	unsigned int n;
	struct report_row row[REPORT_ROWS];
};

void report_clear(struct report *r);
void report_set(struct report *r, enum report_cause cause, const char *stage, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void report_fix(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_row(struct report *r, bool differs, const char *what, const char *mine,
		const char *theirs);
const char *report_cause_name(enum report_cause cause);
/* retrying makes no sense until configuration, certificates or addresses change */
bool report_is_definite(enum report_cause cause);

#endif /* TESTUDOD_ENGINE_REPORT_H */
