/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a configuration means on this machine and only the monitor can find out:
 * addresses of host names, numbers of the control socket's users. It travels with the
 * files, so that every process sees the same.
 */
#ifndef TESTUDOD_PROC_FACTS_H
#define TESTUDOD_PROC_FACTS_H

#include "conf/conf.h"

void facts_add(struct source *src, const struct conf *conf);
/* for the keys process: the secrets of the configuration, which the texts are without */
void facts_add_secrets(struct source *src, const struct conf *conf);
/* false if they are not what facts_add() writes */
bool facts_apply(struct source *src, struct conf *conf);

#endif /* TESTUDOD_PROC_FACTS_H */
