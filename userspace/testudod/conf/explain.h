/* SPDX-License-Identifier: GPL-2.0 */
/* "testudod --explain PEER": what the files come to for one peer. */
#ifndef TESTUDOD_CONF_EXPLAIN_H
#define TESTUDOD_CONF_EXPLAIN_H

#include <stdio.h>

#include "conf/conf.h"

/*
 * The remote for @peer (an address with or without [port], a block's or a host's
 * name, or "anonymous") and every sainfo that could go with it, as racoon.conf
 * would say them. 0; 1 if there is no remote, which is printed too.
 */
int conf_explain(const struct conf *conf, const char *peer, FILE *out);

#endif /* TESTUDOD_CONF_EXPLAIN_H */
