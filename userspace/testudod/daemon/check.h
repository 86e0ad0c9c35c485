/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run of "testudod -t": the configuration, and what was said about it. Only
 * check.c and check_files.c see it.
 */
#ifndef TESTUDOD_DAEMON_CHECK_H
#define TESTUDOD_DAEMON_CHECK_H

#include "conf/conf.h"

/**
 * struct check - the run
 * @src: files
 * @conf: what could be read of them
 * @errors: so far
 * @told: places and what was said about them
 * @ntold: how many
 */
struct check {
	struct source src;
	struct conf *conf;
	unsigned int errors;
	char **told;
	size_t ntold;
};

/* with the line of the place, once for each; @hint may be NULL */
void check_tell(struct check *c, enum conf_severity severity, const struct conf_where *at,
		const char *what, const char *hint);
/* psk.txt, certificates, keys and scripts that the configuration names */
void check_files(struct check *c);

#endif /* TESTUDOD_DAEMON_CHECK_H */
