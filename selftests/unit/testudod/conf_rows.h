/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of racoon.conf: a text, the messages with their places, and what the
 * configuration then prints.
 */
#ifndef TESTUDOD_TEST_CONF_ROWS_H
#define TESTUDOD_TEST_CONF_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

/* a proposal that IKEv1 takes without a word, and the rest of a remote around a statement */
#define P	  "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }"
#define R(text)	  "remote 10.0.0.1 {\n" text "\n" P "\n}\n"
#define S(text)	  "sainfo anonymous {\n" text "\n}\n"
#define ALGS	  "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"

/**
 * struct row - one text
 * @text: racoon.conf
 * @said: messages; NULL: none
 * @prints: lines that the printed configuration has, separated by '|'; NULL: not looked at
 * @insecure: --allow-insecure
 * @why: why the row is there
 */
struct row {
	const char *text;
	const char *said;
	const char *prints;
	bool insecure;
	const char *why;
};

static inline void check_prints(const struct row *row, const struct conf *conf)
{
	char *printed = conf_text_print(conf);
	char *want = strdup(row->prints);
	char *p, *rest;

	for (p = strtok_r(want, "|", &rest); p; p = strtok_r(NULL, "|", &rest))
		if (!strstr(printed, p))
			fail_msg("%s: '%s' is not in\n%s", row->why, p, printed);
	free(want);
	free(printed);
}

/* the text at a place that a message of the row names; NULL if there is none */
static inline const char *at_place(const char *text, unsigned int line, unsigned int column)
{
	for (; line > 1; line--) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return strcspn(text, "\n") + 1 >= column ? text + column - 1 : NULL;
}

/*
 * "3:5: error: 'bug' is ...": there stands that word. The columns of the tables
 * are checked like this too, so nobody has to believe what he copied.
 */
static inline void check_places(const struct row *row, const char *said)
{
	unsigned int line, column;
	char word[64], verb[8];
	const char *p, *at;

	for (p = said; p && *p; p = strchr(p, '\n') + 1) {
		if (sscanf(p, "%u:%u: %*[a-z]: '%63[^'\n ]' %7[a-z]", &line, &column, word, verb) != 4 &&
		    sscanf(p, "%u:%u: %*[a-z]: unknown statement '%63[^'\n ]' %7[a-z]", &line, &column,
			   word, verb) != 4)
			continue;
		if (strcmp(verb, "is") && strcmp(verb, "in") && strcmp(verb, "inside") &&
		    strcmp(verb, "does"))
			continue;
		at = at_place(row->text, line, column);
		if (at && *at == '"')
			at++;
		if (!at || (strncmp(at, word, strlen(word)) && !strstr(p, "'non_auth'")))
			fail_msg("%s: '%s' does not stand at %u:%u", row->why, word, line, column);
	}
}

static inline void check_row(const struct row *row)
{
	const char *said = row->said ? row->said : "";
	struct conf_text t;

	conf_text_init(&t);
	conf_text_load(&t, row->text, row->insecure);
	if (strcmp(t.said, said))
		fail_msg("%s:\nexpected\n%sgot\n%s", row->why, said, t.said);
	check_places(row, said);
	if (!t.conf != !!strstr(said, ": error: "))
		fail_msg("%s: refused, or not, without a reason", row->why);
	if (t.conf && row->prints)
		check_prints(row, t.conf);
	conf_text_free(&t);
}

#define ROWS(rows)                                                            \
	do {                                                                  \
		for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) \
			check_row(&(rows)[i]);                                \
	} while (0)

#endif /* TESTUDOD_TEST_CONF_ROWS_H */
