// SPDX-License-Identifier: GPL-2.0
/*
 * What can be known of a configuration without privileges, kernel and peer:
 * "testudod -t", --explain and --dry-run. The files that it names are looked at by
 * check_files.c.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/explain.h"
#include "conf/find.h"
#include "daemon/check.h"
#include "daemon/daemon.h"
#include "engine/prop.h"

static void check_say(void *arg, enum conf_severity severity, const struct conf_where *where,
		      const char *line, const char *what, const char *hint)
{
	struct check *c = arg;

	c->errors += severity == CONF_ERROR;
	conf_say_file(stderr, severity, where, line, what, hint);
}

/* has that been told of the same place, for a block that this one inherits? */
static bool was_told(struct check *c, const struct conf_where *at, const char *what)
{
	char *key = xasprintf("%s:%d:%d: %s", at->file, at->line, at->column, what);
	size_t i;

	for (i = 0; i < c->ntold; i++) {
		if (strcmp(c->told[i], key))
			continue;
		free(key);
		return true;
	}
	c->told = xrealloc(c->told, (c->ntold + 1) * sizeof(*c->told));
	c->told[c->ntold++] = key;
	return false;
}

void check_tell(struct check *c, enum conf_severity severity, const struct conf_where *at,
		const char *what, const char *hint)
{
	char *line;

	if (was_told(c, at, what))
		return;
	line = conf_line(c->conf, &c->src, at);
	check_say(c, severity, at, line, what, hint);
	free(line);
}

/* warnings and notes will be in the log */
static void check_say_errors(void *arg, enum conf_severity severity, const struct conf_where *where,
			     const char *line, const char *what, const char *hint)
{
	if (severity == CONF_ERROR)
		check_say(arg, severity, where, line, what, hint);
}

static void check_load_by(struct check *c, const struct daemon *d, const struct conf_say *say)
{
	unsigned int errors;

	source_init(&c->src);
	c->src.from_disk = true;
	c->conf = conf_load_all(&c->src, d->conf, d->insecure, say, &errors);
}

static void check_load(struct check *c, const struct daemon *d)
{
	check_load_by(c, d, &(struct conf_say){ check_say, c });
}

static void check_free(struct check *c)
{
	while (c->ntold)
		free(c->told[--c->ntold]);
	free(c->told);
	conf_free(c->conf);
	source_free(&c->src);
}

int daemon_check(const struct daemon *d)
{
	struct check c = { 0 };

	check_load(&c, d);
	check_files(&c);
	if (c.errors)
		fprintf(stderr, "%s: %u error%s\n", d->conf, c.errors, c.errors == 1 ? "" : "s");
	else
		printf("%s: no errors\n", d->conf);
	check_free(&c);
	return c.errors ? 1 : 0;
}

bool daemon_readable(const struct daemon *d)
{
	struct check c = { 0 };

	check_load_by(&c, d, &(struct conf_say){ check_say_errors, &c });
	check_free(&c);
	return !c.errors;
}

int daemon_explain(const struct daemon *d)
{
	struct check c = { 0 };
	int rc = 1;

	check_load(&c, d);
	if (!c.errors)
		rc = conf_explain(c.conf, d->explain, stdout);
	check_free(&c);
	return rc;
}

static int dry_run(const struct conf *conf, const char *peer)
{
	const char *how;
	const struct conf_remote *r = conf_remote_by_text(conf, peer, &how);
	const struct conf_sainfo *s;
	unsigned int n = 0;

	if (!r) {
		fprintf(stderr, "no remote is for %s, and there is no 'remote anonymous'\n", peer);
		return 1;
	}
	printf("remote %s (%s:%d), IKEv%u%s\n", r->name, r->where.file, r->where.line, r->versions[0],
	       r->versions[1] ? ", and the other version if the peer begins" : "");
	prop_print_ike(stdout, r);
	TAILQ_FOREACH(s, &conf->sainfos, link) {
		if (!sainfo_suits(s, NULL, r))
			continue;
		n++;
		printf("sainfo of %s:%d\n", s->where.file, s->where.line);
		prop_print_child(stdout, s, r);
	}
	if (!n)
		printf("no sainfo goes with it: no IPsec SA can be negotiated\n");
	return 0;
}

int daemon_dry_run(const struct daemon *d)
{
	struct check c = { 0 };
	int rc = 1;

	check_load(&c, d);
	if (!c.errors)
		rc = dry_run(c.conf, d->dry_run);
	check_free(&c);
	return rc;
}
