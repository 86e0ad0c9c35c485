/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of conf/ share: a configuration from a string, its messages as text. */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#define CONF_TEXT_SAID 16384

/**
 * struct conf_text - one configuration under test
 * @src: its texts; one is called "racoon.conf"
 * @conf: result, NULL if it was refused
 * @said: messages: "line:column: severity: what | hint", one a line
 * @notices: also what is said of the file as a whole, which nearly every text is
 *	not: the notice about IKE versions, a missing remote, sainfo or psk.txt
 */
struct conf_text {
	struct source src;
	struct conf *conf;
	char said[CONF_TEXT_SAID];
	bool notices;
};

static inline bool conf_text_whole(const char *what)
{
	return strstr(what, "names no IKE version") || strstr(what, "there is no remote: nothing") ||
	       strstr(what, "there is no sainfo: no") || strstr(what, "no 'path pre_shared_key'");
}

static inline void conf_text_say(void *arg, enum conf_severity severity,
				 const struct conf_where *where, const char *line,
				 const char *what, const char *hint)
{
	static const char *const names[] = { "note", "warning", "error" };
	struct conf_text *t = arg;
	size_t n = strlen(t->said);

	(void)line;
	if (!t->notices && conf_text_whole(what))
		return;
	snprintf(t->said + n, sizeof(t->said) - n, "%s%s%d:%d: %s: %s%s%s\n",
		 strcmp(where->file, "racoon.conf") ? where->file : "",
		 strcmp(where->file, "racoon.conf") ? ":" : "", where->line, where->column,
		 names[severity], what, hint ? " | " : "", hint ? hint : "");
}

/* from texts that source_add() has put into @t->src already, or from disk */
static inline void conf_text_load_file(struct conf_text *t, const char *name, bool insecure)
{
	const struct conf_say say = { conf_text_say, t };

	t->conf = conf_load(&t->src, name, insecure, &say);
}

static inline void conf_text_load(struct conf_text *t, const char *text, bool insecure)
{
	source_add(&t->src, "racoon.conf", chunk_str(text), 0);
	conf_text_load_file(t, "racoon.conf", insecure);
}

static inline void conf_text_init(struct conf_text *t)
{
	memset(t, 0, sizeof(*t));
	source_init(&t->src);
}

static inline void conf_text_free(struct conf_text *t)
{
	conf_free(t->conf);
	source_free(&t->src);
}

/* all blocks as they print; the caller frees */
static inline char *conf_text_print(const struct conf *conf)
{
	const struct conf_remote *r;
	const struct conf_sainfo *s;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	TAILQ_FOREACH(r, &conf->remotes, link)
		conf_print_remote(out, r);
	TAILQ_FOREACH(s, &conf->sainfos, link)
		conf_print_sainfo(out, s);
	fclose(out);
	return text;
}

#endif /* CONF_TEXT_H */
