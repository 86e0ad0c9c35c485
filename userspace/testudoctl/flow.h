/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel would do with a packet, as JSON and as text.
 */
#ifndef TESTUDOCTL_FLOW_H
#define TESTUDOCTL_FLOW_H

#include <jansson.h>
#include <stdio.h>

#include "decide.h"

json_t *flow_road(const struct kern_tables *t, const struct decide_flow *flow, unsigned int dir);
void flow_print(FILE *out, const json_t *answer, int64_t now);

#endif /* TESTUDOCTL_FLOW_H */
