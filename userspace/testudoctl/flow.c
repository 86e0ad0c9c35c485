// SPDX-License-Identifier: GPL-2.0
/*
 * why SRC DST [PROTO [PORTS]]: the kernel's tables and routes are read, what
 * the kernel would do is worked out, and told as JSON, of which the text is made.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "decide.h"
#include "flow.h"
#include "pfkey.h"
#include "route.h"
#include "testudoctl.h"

static void put_text(json_t *json, const char *key, const char *text)
{
	json_object_set_new(json, key, ctl_json_text(text));
}

static void put_host(json_t *json, const char *key, const struct sockaddr_storage *sa)
{
	char buf[ADDR_TEXT];

	put_text(json, key, addr_host(sa, buf));
}

static void flow_side(FILE *out, const struct sockaddr_storage *sa, unsigned int bits)
{
	char buf[ADDR_TEXT];

	fputs(addr_host(sa, buf), out);
	if (bits != addr_bits(sa))
		fprintf(out, "/%u", bits);
	if (addr_port(sa))
		fprintf(out, "[%u]", addr_port(sa));
}

static void flow_request(FILE *out, const struct pfkey_request *req)
{
	const char *mode = pfkey_mode_name(req->mode);
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	fprintf(out, "%s/%s/", pfkey_transform_name(req->proto), mode ? mode : "?");
	if (req->ends)
		fprintf(out, "%s-%s", addr_host(&req->src, src), addr_host(&req->dst, dst));
	fprintf(out, "/%s", pfkey_level_name(req->level));
	if (req->reqid)
		fprintf(out, ":%u", req->reqid);
}

/* "10.0.1.0/24 - 10.0.2.0/24 any: ipsec esp/tunnel/192.0.2.1-192.0.2.2/require" */
static char *flow_policy_text(const struct kern_policy *p)
{
	const char *proto = pfkey_proto_name(p->proto);
	char *text = NULL;
	size_t len, i;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return xstrdup("");
	flow_side(out, &p->src, p->src_bits);
	fputs(" - ", out);
	flow_side(out, &p->dst, p->dst_bits);
	if (!p->proto)
		fputs(" any", out);
	else if (proto)
		fprintf(out, " %s", proto);
	else
		fprintf(out, " protocol %u", p->proto);
	fprintf(out, ": %s", pfkey_policy_name(p->type));
	for (i = 0; i < p->n; i++) {
		fputc(' ', out);
		flow_request(out, &p->req[i]);
	}
	fclose(out);
	return text;
}

static json_t *flow_policy(const struct kern_policy *p)
{
	char *text = flow_policy_text(p);
	json_t *json = json_pack("{s:I, s:I, s:o}", "id", (json_int_t)p->id, "priority",
				 (json_int_t)p->priority, "text", ctl_json_text(text));

	free(text);
	return json;
}

static json_t *flow_sa(const struct kern_entry *sa)
{
	const struct pfkey_alg *encr, *auth = pfkey_alg_by_id(PFKEY_ALG_AUTH, sa->auth);
	const char *state = pfkey_state_name(sa->state);
	json_t *json = json_object();
	char spi[16];

	encr = pfkey_alg_by_id(sa->proto == IPPROTO_COMP ? PFKEY_ALG_COMP : PFKEY_ALG_ENC, sa->encr);
	snprintf(spi, sizeof(spi), "0x%08x", sa->spi);
	put_text(json, "spi", spi);
	put_text(json, "state", state ? state : "?");
	json_object_set_new(json, "reqid", json_integer(sa->reqid));
	if (encr && sa->proto != IPPROTO_AH)
		put_text(json, "encryption", encr->name);
	if (auth && sa->auth && sa->proto != IPPROTO_COMP)
		put_text(json, "authentication", auth->name);
	json_object_set_new(json, "udp", json_boolean(sa->udp));
	json_object_set_new(json, "bytes", json_integer(sa->bytes));
	json_object_set_new(json, "packets", json_integer(sa->packets));
	json_object_set_new(json, "created", json_integer(sa->added));
	if (sa->used)
		json_object_set_new(json, "used", json_integer(sa->used));
	return json;
}

static json_t *flow_step(const struct decide_step *step)
{
	const char *mode = pfkey_mode_name(step->req->mode);
	json_t *json = json_object();

	put_text(json, "protocol", pfkey_transform_name(step->req->proto));
	put_text(json, "mode", mode ? mode : "?");
	put_host(json, "src", &step->src);
	put_host(json, "dst", &step->dst);
	if (step->req->reqid)
		json_object_set_new(json, "reqid", json_integer(step->req->reqid));
	json_object_set_new(json, "optional", json_boolean(step->req->level == IPSEC_LEVEL_USE));
	json_object_set_new(json, "sa", step->sa ? flow_sa(step->sa) : json_null());
	if (!step->sa)
		json_object_set_new(json, "negotiating", json_boolean(step->larval));
	return json;
}

static void flow_verdict(json_t *json, const struct decide_result *r, bool out)
{
	static const char *const words[] = {
		[DECIDE_CLEAR] = "clear",
		[DECIDE_DISCARD] = "discarded",
		[DECIDE_PROTECT] = "protected",
		[DECIDE_ASK] = "waits for an SA",
		[DECIDE_LOOP] = "dropped",
		[DECIDE_DEMAND] = "protected only",
	};
	const char *why = "";

	switch (r->verdict) {
	case DECIDE_CLEAR:
		if (!r->policy)
			why = out ? "no policy is for it" : "no policy is for it; out of a tunnel it is dropped (in_no_policy)";
		else if (r->policy->type == IPSEC_POLICY_NONE)
			why = out ? "the policy says none" : "the policy says none; out of a tunnel it is dropped (in_no_policy)";
		else
			why = out ? "all that the policy asks for is optional, and no SA is there" : "all that the policy asks for is optional";
		break;
	case DECIDE_DISCARD:
		why = out ? "the policy says discard (out_discard)" : "the policy says discard (in_discard)";
		break;
	case DECIDE_ASK:
		why = "it is held, and the keying daemon is asked for the SA; without a daemon, or "
		      "when it has refused, it is dropped (out_no_sa)";
		break;
	case DECIDE_LOOP:
		why = "one SA would be applied twice (out_loop)";
		break;
	case DECIDE_DEMAND:
		why = "in clear it is dropped (in_clear), through other SAs as well (in_mismatch)";
		break;
	default:
		break;
	}
	put_text(json, "verdict", words[r->verdict]);
	if (*why)
		put_text(json, "reason", why);
}

static void flow_mtu(json_t *json, const struct decide_result *r, const struct decide_flow *flow)
{
	bool plain = r->verdict == DECIDE_CLEAR;
	unsigned int hlen = flow->src.ss_family == AF_INET6 ? 60 : 40;
	struct route_info route;
	unsigned int mtu;
	int err;

	if (!plain && r->verdict != DECIDE_PROTECT)
		return;
	err = route_find(&r->end_dst, &route);
	if (err) {
		put_text(json, "route", strerror(-err));
		return;
	}
	put_text(json, "device", route.dev);
	json_object_set_new(json, "route_mtu", json_integer(route.mtu));
	json_object_set_new(json, "route_mtu_learnt", json_boolean(route.learnt));
	mtu = plain ? route.mtu : decide_mtu(r, flow, route.mtu);
	if (!mtu)
		return;
	json_object_set_new(json, "mtu", json_integer(mtu));
	if (mtu > hlen)
		json_object_set_new(json, "tcp_mss", json_integer(mtu - hlen));
}

/**
 * flow_road() - one direction as JSON
 * @t: tables
 * @flow: packet
 * @dir: IPSEC_DIR_*
 *
 * Return: an object.
 */
json_t *flow_road(const struct kern_tables *t, const struct decide_flow *flow, unsigned int dir)
{
	json_t *json = json_object(), *maybe = json_array(), *steps = json_array();
	bool out = dir == IPSEC_DIR_OUTBOUND;
	struct decide_result r;
	unsigned int i;

	decide(t, flow, dir, &r);
	put_text(json, "direction", pfkey_dir_name(dir));
	json_object_set_new(json, "policy", r.policy ? flow_policy(r.policy) : json_null());
	for (i = 0; i < r.nmaybe; i++)
		json_array_append_new(maybe, flow_policy(r.maybe[i]));
	for (i = 0; i < r.n; i++)
		json_array_append_new(steps, flow_step(&r.step[i]));
	json_object_set_new(json, "better_for_some", maybe);
	json_object_set_new(json, "sas", steps);
	flow_verdict(json, &r, out);
	if (out)
		flow_mtu(json, &r, flow);
	return json;
}

static void flow_print_step(FILE *out, const json_t *step, int64_t now)
{
	const json_t *sa = json_object_get(step, "sa");
	const char *auth = out_str(sa, "authentication"), *encr = out_str(sa, "encryption");
	char size[32], span[32];

	fprintf(out, "  SA       %s/%s %s -> %s", out_str(step, "protocol"), out_str(step, "mode"),
		out_str(step, "src"), out_str(step, "dst"));
	if (!json_is_object(sa)) {
		if (json_object_get(step, "reqid"))
			fprintf(out, " reqid %" PRId64, out_int(step, "reqid", 0));
		fprintf(out, ": there is none%s%s\n",
			json_is_true(json_object_get(step, "negotiating")) ? ", one is being negotiated" : "",
			json_is_true(json_object_get(step, "optional")) ? " (optional)" : "");
		return;
	}
	fprintf(out, "\n           spi %s reqid %" PRId64 " %s, %s%s%s%s\n", out_str(sa, "spi"),
		out_int(sa, "reqid", 0), out_str(sa, "state"), encr, *encr && *auth ? " " : "", auth,
		json_is_true(json_object_get(sa, "udp")) ? ", in UDP" : "");
	fprintf(out, "           %sB in %" PRId64 " packets", out_size(out_int(sa, "bytes", 0), size),
		out_int(sa, "packets", 0));
	if (json_object_get(sa, "used"))
		fprintf(out, ", first used %s ago", out_span(now - out_int(sa, "used", now), span));
	fputc('\n', out);
}

static void flow_print_mtu(FILE *out, const json_t *road)
{
	if (*out_str(road, "route"))
		fprintf(out, "  route    %s\n", out_str(road, "route"));
	if (!json_object_get(road, "route_mtu"))
		return;
	if (json_object_get(road, "mtu"))
		fprintf(out, "  MTU      %" PRId64 " of the %" PRId64 " of %s%s, TCP MSS %" PRId64 "\n",
			out_int(road, "mtu", 0), out_int(road, "route_mtu", 0),
			out_str(road, "device"),
			json_is_true(json_object_get(road, "route_mtu_learnt")) ? " (of the path or set for the route)" : "",
			out_int(road, "tcp_mss", 0));
	else
		fprintf(out, "  MTU      unknown: an algorithm is, or nothing fits the %" PRId64 " of %s\n",
			out_int(road, "route_mtu", 0), out_str(road, "device"));
}

static void flow_print_road(FILE *out, const json_t *road, int64_t now)
{
	const json_t *policy = json_object_get(road, "policy"), *row;
	size_t i;

	fprintf(out, "%s\n", out_str(road, "direction"));
	if (json_is_object(policy))
		fprintf(out, "  policy   %" PRId64 " (priority %" PRId64 ") %s\n",
			out_int(policy, "id", 0), out_int(policy, "priority", 0),
			out_str(policy, "text"));
	else
		fputs("  policy   none\n", out);
	json_array_foreach(json_object_get(road, "better_for_some"), i, row)
		fprintf(out, "  but      %" PRId64 " (priority %" PRId64 ") %s decides for what it names\n",
			out_int(row, "id", 0), out_int(row, "priority", 0), out_str(row, "text"));
	json_array_foreach(json_object_get(road, "sas"), i, row)
		flow_print_step(out, row, now);
	flow_print_mtu(out, road);
	fprintf(out, "  verdict  %s%s%s\n", out_str(road, "verdict"),
		*out_str(road, "reason") ? ": " : "", out_str(road, "reason"));
}

/**
 * flow_print() - the text
 * @out: where to
 * @answer: the JSON
 * @now: seconds since the epoch
 */
void flow_print(FILE *out, const json_t *answer, int64_t now)
{
	const json_t *road;
	size_t i;

	json_array_foreach(json_object_get(answer, "roads"), i, road)
		flow_print_road(out, road, now);
	if (*out_str(answer, "note"))
		fprintf(out, "(%s)\n", out_str(answer, "note"));
	fprintf(out, "(from %s)\n", out_str(answer, "source"));
}
