// SPDX-License-Identifier: GPL-2.0
/*
 * What happens, as subscribers of "monitor" read it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/answer.h"

static const char *const event_names[] = {
	[EVENT_PHASE1_UP] = "phase1-up",
	[EVENT_PHASE1_DOWN] = "phase1-down",
	[EVENT_PHASE1_FAILED] = "phase1-failed",
	[EVENT_PHASE2_UP] = "phase2-up",
	[EVENT_PHASE2_DOWN] = "phase2-down",
	[EVENT_PHASE2_FAILED] = "phase2-failed",
	[EVENT_REKEYED] = "rekeyed",
	[EVENT_DPD_TIMEOUT] = "dpd-timeout",
	[EVENT_NEW_MAPPING] = "new-mapping",
	[EVENT_RELOADED] = "reloaded",
	[EVENT_STARTED] = "started",
	[EVENT_QUIT] = "quit",
};

static const char *event_name(enum ike_event_kind kind)
{
	return kind < sizeof(event_names) / sizeof(event_names[0]) ? event_names[kind] : "?";
}

/**
 * event_json() - an event as text
 * @ev: event
 *
 * Return: text for free().
 */
char *event_json(const struct ike_event *ev)
{
	json_t *json = json_pack("{s:i, s:s, s:I}", "schema_version", CTL_SCHEMA, "event",
				 event_name(ev->kind), "time", (json_int_t)time(NULL));
	char buf[ADDR_TEXT];
	char *text;

	if (ev->peer)
		json_object_set_new(json, "peer", ctl_json_text(ev->peer));
	if (ev->remote.ss_family)
		json_object_set_new(json, "remote", ctl_json_text(addr_text(&ev->remote, buf)));
	if (ev->text)
		json_object_set_new(json, "text", ctl_json_text(ev->text));
	if (ev->reason)
		json_object_set_new(json, "reason", ctl_json_text(ev->reason));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? text : xstrdup("{}");
}
