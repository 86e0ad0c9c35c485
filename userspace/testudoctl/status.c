// SPDX-License-Identifier: GPL-2.0
/*
 * status, why PEER and events as text, made of what the daemon said.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "ctl/size.h"
#include "route.h"
#include "testudoctl.h"

/* "10.0.1.0/24[any] any" says no more than the prefix. */
static void status_selector(const char *ts, char buf[160])
{
	static const char any[] = "[any] any";
	size_t n;

	snprintf(buf, 160, "%s", *ts ? ts : "?");
	n = strlen(buf);
	if (n > sizeof(any) - 1 && !strcmp(buf + n - (sizeof(any) - 1), any))
		buf[n - (sizeof(any) - 1)] = '\0';
}

/* The algorithms of the bundle: "esp aes256/hmac_sha256". */
static void status_algs(const json_t *tunnel, char *buf, size_t size)
{
	const json_t *sas = json_object_get(tunnel, "sas"), *sa;
	size_t i, n = 0;

	snprintf(buf, size, "-");
	json_array_foreach(sas, i, sa)
	{
		const char *encr = out_str(sa, "encryption"), *auth = out_str(sa, "authentication");

		if (n >= size)
			return;
		n += snprintf(buf + n, size - n, "%s%s%s%s%s%s", i ? "+" : "",
			      out_str(sa, "protocol"), *encr ? " " : "", encr,
			      *auth ? (*encr ? "/" : " ") : "", auth);
	}
}

static void status_reason(const json_t *tunnel, char *buf, size_t size)
{
	const char *cause = out_str(tunnel, "cause");

	if (*out_str(tunnel, "warning"))
		snprintf(buf, size, "! %s", out_str(tunnel, "warning"));
	else
		snprintf(buf, size, "%s%s%s", cause, *cause ? ": " : "", out_str(tunnel, "reason"));
}

static void status_row(struct out_table *t, const json_t *tunnel, int64_t now)
{
	char local[160], remote[160], algs[160], reason[768], since[32], in[32], out[32];
	int64_t from = out_int(tunnel, "since", 0);
	int64_t version = out_int(tunnel, "ike_version", 0);
	bool counted = json_object_get(tunnel, "bytes_in");

	status_selector(out_str(tunnel, "local_ts"), local);
	status_selector(out_str(tunnel, "remote_ts"), remote);
	status_algs(tunnel, algs, sizeof(algs));
	status_reason(tunnel, reason, sizeof(reason));
	out_cell(t, "%s", *out_str(tunnel, "peer") ? out_str(tunnel, "peer") : "-");
	out_cell(t, "%s", *out_str(tunnel, "remote") ? out_str(tunnel, "remote") : "-");
	out_cell(t, "%s - %s", local, remote);
	out_cell(t, "%s", out_str(tunnel, "state"));
	out_cell(t, "%s", from ? out_span(now - from, since) : "-");
	out_cell(t, "%s", version == 2 ? "v2" : version == 1 ? "v1"
							     : "-");
	out_cell(t, "%s", algs);
	out_cell(t, "%s", counted ? out_size(out_int(tunnel, "bytes_in", 0), in) : "-");
	out_cell(t, "%s", counted ? out_size(out_int(tunnel, "bytes_out", 0), out) : "-");
	out_cell(t, "%s", reason);
}

/* Many peers may have one name, as all that are anonymous. */
static bool status_of(const json_t *tunnel, const json_t *peer)
{
	return !strcmp(out_str(tunnel, "peer"), out_str(peer, "name")) &&
	       !strcmp(out_str(tunnel, "peer_remote"), out_str(peer, "remote"));
}

static bool status_has_tunnel(const json_t *tunnels, const json_t *peer)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach(tunnels, i, tunnel) if (status_of(tunnel, peer)) return true;
	return false;
}

/* A remote without a tunnel has a line too: it is configured, and down. */
static void status_lonely(struct out_table *t, const json_t *peer)
{
	const json_t *failure = json_object_get(peer, "failure");
	const char *cause = out_str(failure, "cause");
	const char *state = out_str(peer, "state");
	const char *reason = *cause ? out_str(failure, "sentence") : out_str(peer, "reason");
	unsigned int i;

	if (!*reason)
		reason = strcmp(state, "up") ? "no policy leads to it, or nothing has asked for it yet" : "an IKE SA, and no tunnel under it";
	out_cell(t, "%s", out_str(peer, "name"));
	out_cell(t, "%s", *out_str(peer, "remote") ? out_str(peer, "remote") : "-");
	out_cell(t, "-");
	out_cell(t, "%s", state);
	for (i = 0; i < 5; i++)
		out_cell(t, "-");
	out_cell(t, "%s%s%s", cause, *cause ? ": " : "", reason);
}

static void status_ike(FILE *out, const json_t *sa, int64_t now)
{
	char since[32], life[32];

	fprintf(out, "  IKEv%" PRId64 " ", out_int(sa, "version", 0));
	out_text(out, out_str(sa, "state"));
	fprintf(out, " %s, ", json_is_true(json_object_get(sa, "initiator")) ? "begun by us" : "begun by the peer");
	out_text(out, out_str(sa, "local"));
	fputs(" - ", out);
	out_text(out, out_str(sa, "remote"));
	fprintf(out, ", since %s", out_span(now - out_int(sa, "created", now), since));
	if (json_object_get(sa, "rekey_in"))
		fprintf(out, ", %s left", out_span(out_int(sa, "rekey_in", 0), life));
	if (json_object_get(sa, "retransmits"))
		fprintf(out, ", %" PRId64 " retransmissions", out_int(sa, "retransmits", 0));
	fprintf(out, "\n    spi %s:%s, NAT: %s\n", out_str(sa, "spi_i"), out_str(sa, "spi_r"),
		out_str(sa, "nat"));
	fputs("    we are ", out);
	out_text(out, *out_str(sa, "my_id") ? out_str(sa, "my_id") : "?");
	fputs(", the peer is ", out);
	out_text(out, *out_str(sa, "peer_id") ? out_str(sa, "peer_id") : "not proven yet");
	fprintf(out, "\n    %s %s%s %s\n", out_str(sa, "encryption"), out_str(sa, "integrity"),
		*out_str(sa, "hash") ? out_str(sa, "hash") : out_str(sa, "prf"),
		out_str(sa, "dh_group"));
}

static void status_peer(FILE *out, const json_t *peer, int64_t now)
{
	const json_t *sas = json_object_get(peer, "ike"), *sa;
	size_t i;

	fputc('\n', out);
	out_text(out, out_str(peer, "name"));
	fprintf(out, " (%s): %s\n", *out_str(peer, "remote") ? out_str(peer, "remote") : "-",
		out_str(peer, "state"));
	json_array_foreach(sas, i, sa)
		status_ike(out, sa, now);
	if (json_object_get(peer, "certificate_days_left"))
		fprintf(out, "  our certificate expires in %" PRId64 " days\n",
			out_int(peer, "certificate_days_left", 0));
	if (json_object_get(peer, "peer_certificate_days_left"))
		fprintf(out, "  the peer's certificate expires in %" PRId64 " days\n",
			out_int(peer, "peer_certificate_days_left", 0));
}

static unsigned int status_layers(const json_t *tunnel, struct size_layer layer[SIZE_LAYERS])
{
	const json_t *layers = json_object_get(tunnel, "layers"), *l;
	size_t i;

	memset(layer, 0, SIZE_LAYERS * sizeof(layer[0]));
	json_array_foreach(layers, i, l)
	{
		if (i == SIZE_LAYERS)
			break;
		layer[i].proto = !strcmp(out_str(l, "protocol"), "esp") ? IPPROTO_ESP : !strcmp(out_str(l, "protocol"), "ah") ? IPPROTO_AH
															      : IPPROTO_COMP;
		layer[i].tunnel = json_is_true(json_object_get(l, "tunnel"));
		layer[i].v6 = json_is_true(json_object_get(l, "ipv6"));
		layer[i].udp = json_is_true(json_object_get(l, "udp"));
		layer[i].iv = out_int(l, "iv", 0);
		layer[i].icv = out_int(l, "icv", 0);
		layer[i].block = out_int(l, "block", 4);
	}
	return i < SIZE_LAYERS ? i : SIZE_LAYERS;
}

/* What a tunnel costs, and what is left of the route's MTU. */
static void status_size(FILE *out, const json_t *tunnel)
{
	struct size_layer layer[SIZE_LAYERS];
	unsigned int n = status_layers(tunnel, layer);
	struct route_info route;
	struct sockaddr_storage dst;
	char local[160], remote[160];

	if (!n)
		return;
	status_selector(out_str(tunnel, "local_ts"), local);
	status_selector(out_str(tunnel, "remote_ts"), remote);
	fputs("  ", out);
	out_text(out, local);
	fputs(" - ", out);
	out_text(out, remote);
	fprintf(out, ": up to %" PRId64 " bytes are added", out_int(tunnel, "overhead", 0));
	if (addr_parse(&dst, out_str(tunnel, "remote")) && !route_find(&dst, &route))
		fprintf(out, "; packets of %u bytes fit the %u of %s",
			size_inner(layer, n, route.mtu, strchr(local, ':')), route.mtu, route.dev);
	fputc('\n', out);
}

/**
 * status_print() - one line a tunnel, those configured but down too
 * @out: where to
 * @answer: the daemon's
 * @verbose: IKE SAs, certificates and sizes below
 * @now: seconds since the epoch
 */
void status_print(FILE *out, const json_t *answer, bool verbose, int64_t now)
{
	static const char *const head[] = { "PEER", "REMOTE", "TUNNEL", "STATE", "SINCE",
					    "IKE", "SA", "IN", "OUT", "WHY" };
	const json_t *tunnels = json_object_get(answer, "tunnels"), *tunnel;
	const json_t *peers = json_object_get(answer, "peers"), *peer;
	struct out_table t = { .columns = sizeof(head) / sizeof(head[0]) };
	const json_t *stranger = json_object_get(answer, "stranger");
	size_t i, j;

	for (i = 0; i < t.columns; i++)
		out_cell(&t, "%s", head[i]);
	json_array_foreach(tunnels, i, tunnel)
		status_row(&t, tunnel, now);
	json_array_foreach(peers, i, peer) if (!status_has_tunnel(tunnels, peer))
		status_lonely(&t, peer);
	out_table(out, &t, "");
	if (json_is_object(stranger)) {
		fputs("last stranger: ", out);
		out_text(out, out_str(stranger, "remote"));
		fputs(": ", out);
		out_text(out, out_str(json_object_get(stranger, "failure"), "sentence"));
		fputc('\n', out);
	}
	if (!verbose)
		return;
	json_array_foreach(peers, i, peer)
	{
		status_peer(out, peer, now);
		json_array_foreach(tunnels, j, tunnel) if (status_of(tunnel, peer))
			status_size(out, tunnel);
	}
}

/* Mine and theirs side by side. */
static void why_rows(FILE *out, const json_t *rows)
{
	struct out_table t = { .columns = 4 };
	const json_t *row;
	size_t i;

	if (!json_array_size(rows))
		return;
	out_cell(&t, "%s", "");
	out_cell(&t, "mine");
	out_cell(&t, "theirs");
	out_cell(&t, "%s", "");
	json_array_foreach(rows, i, row)
	{
		out_cell(&t, "%s", out_str(row, "what"));
		out_cell(&t, "%s", *out_str(row, "mine") ? out_str(row, "mine") : "-");
		out_cell(&t, "%s", *out_str(row, "theirs") ? out_str(row, "theirs") : "-");
		out_cell(&t, "%s", json_is_true(json_object_get(row, "differs")) ? "<-- differs" : "");
	}
	out_table(out, &t, "    ");
}

/* Has it to do with what the peer said? Then it matters whether that was protected. */
static bool why_is_said(const char *cause)
{
	static const char *const own[] = {
		"no-answer", "no-psk", "selector", "no-configuration", "dead", "expired",
		"kernel", "cryptography", "administrator",
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strcmp(cause, own[i]))
			return false;
	}
	return true;
}

static void why_failure(FILE *out, const json_t *failure)
{
	int64_t count = out_int(failure, "count", 1);
	char when[32];

	fprintf(out, "  %s failed", out_str(failure, "stage"));
	if (count > 1)
		fprintf(out, " %" PRId64 " times", count);
	fprintf(out, ", last at %s: %s\n  ", out_time(out_int(failure, "when", 0), when),
		out_str(failure, "cause"));
	out_text(out, out_str(failure, "sentence"));
	fputc('\n', out);
	if (!json_is_true(json_object_get(failure, "authentic")) &&
	    why_is_said(out_str(failure, "cause")))
		fputs("  (what the peer said was not protected: anybody may have said it)\n", out);
	why_rows(out, json_object_get(failure, "rows"));
	if (!*out_str(failure, "fix"))
		return;
	fputs("  to fix it: ", out);
	out_text(out, out_str(failure, "fix"));
	fputc('\n', out);
}

static void why_peer(FILE *out, const json_t *peer, const json_t *tunnels)
{
	const json_t *failure = json_object_get(peer, "failure");
	char span[32];

	out_text(out, out_str(peer, "name"));
	if (*out_str(peer, "remote")) {
		fputs(" (", out);
		out_text(out, out_str(peer, "remote"));
		fputc(')', out);
	}
	fprintf(out, ": %s\n", out_str(peer, "state"));
	if (json_is_object(failure))
		why_failure(out, failure);
	else if (*out_str(peer, "reason"))
		fprintf(out, "  %s\n", out_str(peer, "reason"));
	else if (!strcmp(out_str(peer, "state"), "up"))
		fputs("  nothing has failed since it last came up\n", out);
	else if (!status_has_tunnel(tunnels, peer))
		fputs("  nothing has failed: nothing has asked for it yet, or no policy leads to it\n",
		      out);
	if (json_object_get(peer, "retry_in"))
		fprintf(out, "  next attempt in %s\n", out_span(out_int(peer, "retry_in", 0), span));
}

static void why_tunnel(FILE *out, const json_t *tunnel, const json_t *failure)
{
	char local[160], remote[160], reason[768];

	status_selector(out_str(tunnel, "local_ts"), local);
	status_selector(out_str(tunnel, "remote_ts"), remote);
	status_reason(tunnel, reason, sizeof(reason));
	fputs("  tunnel ", out);
	out_text(out, local);
	fputs(" - ", out);
	out_text(out, remote);
	fprintf(out, ": %s", out_str(tunnel, "state"));
	/* that of the peer has been told */
	if (*reason && strcmp(out_str(tunnel, "reason"), out_str(failure, "sentence"))) {
		fputs(": ", out);
		out_text(out, reason);
	}
	fputc('\n', out);
}

/**
 * status_why() - why a peer is as it is
 * @out: where to
 * @answer: the daemon's
 */
void status_why(FILE *out, const json_t *answer)
{
	const json_t *tunnels = json_object_get(answer, "tunnels"), *tunnel;
	const json_t *peers = json_object_get(answer, "peers"), *peer;
	const json_t *stranger = json_object_get(answer, "stranger");
	size_t i, j;

	json_array_foreach(peers, i, peer)
	{
		why_peer(out, peer, tunnels);
		json_array_foreach(tunnels, j, tunnel) if (status_of(tunnel, peer))
			why_tunnel(out, tunnel, json_object_get(peer, "failure"));
	}
	if (!json_is_object(stranger))
		return;
	out_text(out, out_str(stranger, "remote"));
	fputs(": no remote block is for it\n", out);
	why_failure(out, json_object_get(stranger, "failure"));
}

/**
 * status_event() - one line
 * @out: where to
 * @event: the daemon's
 */
void status_event(FILE *out, const json_t *event)
{
	static const char *const keys[] = { "event", "peer", "remote", "text" };
	char when[32];
	size_t i;

	fputs(out_time(out_int(event, "time", 0), when), out);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!*out_str(event, keys[i]))
			continue;
		fputc(' ', out);
		out_text(out, out_str(event, keys[i]));
	}
	if (*out_str(event, "reason")) {
		fputs(": ", out);
		out_text(out, out_str(event, "reason"));
	}
	fputc('\n', out);
}
