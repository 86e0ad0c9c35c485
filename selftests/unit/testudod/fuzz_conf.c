// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: racoon.conf, from memory only. No input may do more than be refused;
 * what is accepted must print as text that is accepted, and as the same one.
 * Corpus: userspace/testudod/samples.
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
	const struct conf_remote *r;
	struct source src;
	struct conf *conf;
	char *text = NULL;
	size_t len;
	FILE *out;

	source_init(&src);
	source_add(&src, "racoon.conf", chunk(data, size), 0);
	source_add(&src, "include.d/", chunk_str("peer-1.inc\n"), 0);
	source_add(&src, "include.d/peer-1.inc", chunk(data, size / 2), 0);
	conf = conf_load(&src, "racoon.conf", size & 1, &say);
	must(!conf == !!errors);
	if (conf) {
		r = TAILQ_FIRST(&conf->remotes);
		out = open_memstream(&text, &len);
		conf_explain(conf, r ? r->name : "10.0.0.1", out);
		fclose(out);
		free(text);
		check_round(conf);
	}
	conf_free(conf);
	source_free(&src);
	return 0;
}
