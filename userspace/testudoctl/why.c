// SPDX-License-Identifier: GPL-2.0
/*
 * The verb why: of a peer the daemon is asked, of a packet the kernel's tables.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "flow.h"
#include "route.h"
#include "testudoctl.h"

#define WHY_SOURCE "the kernel's tables: SPD and SAD dumps and routes; no packet was sent"

/* "80": destination port; "1024,80"; of ICMP "8" or "8,0": type and code */
static bool why_ports(char *word, struct decide_flow *flow)
{
	bool icmp = flow->proto == IPPROTO_ICMP || flow->proto == IPPROTO_ICMPV6;
	char *second = strchr(word, ',');
	char *words[2] = { word, second ? second + 1 : "any" };
	int *to[2] = { &flow->sport, &flow->dport };
	unsigned int v;
	int i;

	if (second)
		*second = '\0';
	else if (!icmp)
		to[0] = &flow->dport;
	for (i = 0; i < (second ? 2 : 1); i++) {
		if (!strcmp(words[i], "any"))
			continue;
		if (!args_number(words[i], icmp ? 255 : 65535, &v)) {
			fprintf(stderr, "testudoctl: \"%s\" is no %s\n", words[i],
				icmp ? "ICMP type or code" : "port");
			return false;
		}
		*to[i] = v;
	}
	return true;
}

static bool why_flow(const struct run *run, struct decide_flow *flow)
{
	uint8_t proto;

	*flow = (struct decide_flow){ .proto = DECIDE_ANY, .sport = DECIDE_ANY, .dport = DECIDE_ANY };
	if (!args_addr(run->argv[0], AF_UNSPEC, &flow->src) ||
	    !args_addr(run->argv[1], flow->src.ss_family, &flow->dst))
		return false;
	if (run->argc > 2 && strcmp(run->argv[2], "any")) {
		if (!args_proto(run->argv[2], &proto))
			return false;
		flow->proto = proto;
	}
	return run->argc < 4 || why_ports(run->argv[3], flow);
}

static json_t *why_flow_json(const struct decide_flow *flow)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	json_t *json = json_pack("{s:s, s:s}", "src", addr_host(&flow->src, src), "dst",
				 addr_host(&flow->dst, dst));

	if (flow->proto != DECIDE_ANY)
		json_object_set_new(json, "proto", json_integer(flow->proto));
	if (flow->sport != DECIDE_ANY)
		json_object_set_new(json, "sport", json_integer(flow->sport));
	if (flow->dport != DECIDE_ANY)
		json_object_set_new(json, "dport", json_integer(flow->dport));
	return json;
}

static bool why_local(const struct sockaddr_storage *sa)
{
	struct route_info route;

	return !route_find(sa, &route) && route.local;
}

/* Which of the kernel's directions the packet takes here. */
static json_t *why_answer(const struct kern_tables *t, const struct decide_flow *flow)
{
	bool from = why_local(&flow->src), to = why_local(&flow->dst);
	json_t *json, *roads = json_array();
	const char *note = NULL;

	if (to && !from)
		json_array_append_new(roads, flow_road(t, flow, IPSEC_DIR_INBOUND));
	if (!to && !from)
		json_array_append_new(roads, flow_road(t, flow, IPSEC_DIR_FWD));
	if (!to || from)
		json_array_append_new(roads, flow_road(t, flow, IPSEC_DIR_OUTBOUND));
	if (to && from)
		note = "both are addresses of this host: such packets take lo, where no policy counts";
	else if (!to && !from)
		note = "neither is an address of this host: forwarded";
	json = json_pack("{s:i, s:b, s:s, s:o, s:o}", "schema_version", CTL_SCHEMA, "ok", 1, "source",
			 WHY_SOURCE, "flow", why_flow_json(flow), "roads", roads);
	if (note)
		json_object_set_new(json, "note", json_string(note));
	return json;
}

static int why_packet(const struct run *run)
{
	struct kern_tables tables;
	struct decide_flow flow;
	json_t *json;
	int err;

	if (!why_flow(run, &flow))
		return TCTL_FAILED;
	err = kern_load(&tables);
	if (err) {
		fprintf(stderr, "testudoctl: the kernel's tables can not be read: %s%s\n",
			strerror(-err),
			err == -EPERM ? " (it takes CAP_NET_ADMIN: their dump holds keys)" : err == -EAFNOSUPPORT ? " (is the module testudo loaded?)"
														  : "");
		kern_free(&tables);
		return TCTL_REFUSED;
	}
	json = why_answer(&tables, &flow);
	if (run->json)
		out_json(stdout, json);
	else
		flow_print(stdout, json, time(NULL));
	json_decref(json);
	kern_free(&tables);
	return TCTL_OK;
}

/**
 * verb_why() - why PEER, or why SRC DST [PROTO [PORTS]]
 * @run: words
 *
 * Return: TCTL_*.
 */
int verb_why(struct run *run)
{
	struct ctl_request req = { .verb = CTL_WHY };
	json_t *json;
	int status;

	if (run->argc > 1)
		return why_packet(run);
	if (!verbs_name(run->argv[0], &req))
		return TCTL_FAILED;
	status = verbs_ask(run, &req, &json);
	if (!json)
		return status;
	status_why(stdout, json);
	json_decref(json);
	return status;
}
