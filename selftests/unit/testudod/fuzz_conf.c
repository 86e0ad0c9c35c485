// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: racoon.conf, from memory only. No input may do more than be refused;
 * what is accepted must print as text that is accepted, and as the same one.
 * Corpus: userspace/testudod/samples, and corpus_conf beside.
 */
#include <stdint.h>

#include "conf/explain.h"
#include "conf_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* printed, read and printed again */
static void check_round(const struct conf *conf)
{
	char *text = conf_text_print(conf);
	struct conf_text t;
	char *again;

	conf_text_init(&t);
	conf_text_load(&t, text, false);
	must(t.conf);
	again = conf_text_print(t.conf);
	must(!strcmp(text, again));
	free(again);
	free(text);
	conf_text_free(&t);
}

/* what is asked of it later: who is meant, what goes with a policy, lines to be shown */
static void check_asked(const struct conf *conf, struct source *src, struct chunk text)
{
	struct blob masked = conf_masked(conf, "racoon.conf", text);
	const struct conf_remote *r;
	const struct conf_sainfo *s;
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	must(masked.n == text.n);
	blob_free(&masked);
	conf_explain(conf, "10.0.0.1", out);
	TAILQ_FOREACH(r, &conf->remotes, link) {
		must(!conf_explain(conf, r->name, out));
		free(conf_line(conf, src, &r->where));
		TAILQ_FOREACH(s, &conf->sainfos, link)
			conf_sainfo_find(conf, &s->local, s->any_remote ? NULL : &s->remote, &s->from, r, NULL);
	}
	fclose(out);
	free(printed);
}

/* an error has a message, and each message a place in a file */
static void check_said(void *arg, enum conf_severity severity, const struct conf_where *where,
		       const char *line, const char *what, const char *hint)
{
	unsigned int *errors = arg;
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "w");
	must(where->file && where->line > 0 && where->column > 0 && *what);
	*errors += severity == CONF_ERROR;
	conf_say_file(null, severity, where, line, what, hint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int errors = 0;
	const struct conf_say say = { check_said, &errors };
	struct source src;
	struct conf *conf;

	source_init(&src);
	source_add(&src, "racoon.conf", chunk(data, size), 0);
	source_add(&src, "include.d/", chunk_str("peer-1.inc\n"), 0);
	source_add(&src, "include.d/peer-1.inc", chunk(data, size / 2), 0);
	source_add(&src, "key.id", chunk_str("a key id"), 0);
	conf = conf_load(&src, "racoon.conf", size & 1, &say);
	must(!conf == !!errors);
	if (conf) {
		check_asked(conf, &src, chunk(data, size));
		check_round(conf);
	}
	conf_free(conf);
	source_free(&src);
	return 0;
}
