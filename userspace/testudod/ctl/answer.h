/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers to control requests, in the net process: JSON made of the engine's
 * state, and what people may have the engine do. Every answer is text for
 * free().
 */
#ifndef TESTUDOD_CTL_ANSWER_H
#define TESTUDOD_CTL_ANSWER_H

#include "ctl/proto.h"
#include "engine/ops.h"

struct ike;
struct json_t;

/* any verb but CTL_RELOAD, which takes more than the engine */
char *answer_request(struct ike *ike, const struct ctl_request *req);

/* ---- for the verbs' files ---- */

/* {"schema_version": 1, "ok": true}, to be filled; and made into text (which frees it) */
struct json_t *answer_ok(void);
char *answer_text(struct json_t *json);
char *answer_error(const char *hint, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- action.c ---- */

char *answer_flush(struct ike *ike, const struct ctl_request *req);
char *answer_delete(struct ike *ike, const struct ctl_request *req);
char *answer_establish(struct ike *ike, const struct ctl_request *req);

/* ---- metrics.c ---- */

/* OpenMetrics without its last line: who has files adds the kernel's counters and "# EOF" */
char *answer_metrics_text(struct ike *ike);

/* ---- event.c ---- */

/* one event as a line of JSON */
char *event_json(const struct ike_event *ev);

#endif /* TESTUDOD_CTL_ANSWER_H */
