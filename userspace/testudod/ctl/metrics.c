// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's numbers as OpenMetrics text, version 1.0: families in one piece
 * each, counters that end in _total, labels escaped.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/show.h"

/**
 * struct metrics - text under construction
 * @out: where to
 * @ike: engine
 * @tunnels: its tunnels
 * @usage: what each has carried
 */
struct metrics {
	FILE *out;
	struct ike *ike;
	struct tunnel_list tunnels;
	struct tunnel_usage *usage;
};

static void metrics_family(const struct metrics *m, const char *name, const char *type,
			   const char *help)
{
	fprintf(m->out, "# TYPE testudo_%s %s\n# HELP testudo_%s %s\n", name, type, name, help);
}

/* One label; @more: others come before it. */
static void metrics_label(const struct metrics *m, bool more, const char *key, const char *value)
{
	fprintf(m->out, "%s%s=\"", more ? "," : "{", key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", m->out);
		else if (*value == '"' || *value == '\\')
			fprintf(m->out, "\\%c", *value);
		else
			fputc(*value, m->out);
	}
	fputc('"', m->out);
}

static void metrics_plain(const struct metrics *m, const char *name, const char *type,
			  const char *help, uint64_t v)
{
	metrics_family(m, name, type, help);
	fprintf(m->out, "testudo_%s%s %" PRIu64 "\n", name,
		strcmp(type, "counter") ? "" : "_total", v);
}

static void metrics_versions(const struct metrics *m, const char *name, const char *help,
			     const uint64_t v[3])
{
	unsigned int i;

	metrics_family(m, name, "counter", help);
	for (i = 1; i <= 2; i++)
		fprintf(m->out, "testudo_%s_total{version=\"%u\"} %" PRIu64 "\n", name, i, v[i]);
}

static void metrics_counts(const struct metrics *m)
{
	const struct ike_counts *c = &m->ike->counts;
	unsigned int i;

	metrics_versions(m, "ike_initiated", "IKE SAs begun by us.", c->initiated);
	metrics_versions(m, "ike_responded", "IKE SAs begun by peers.", c->responded);
	metrics_versions(m, "ike_established", "IKE SAs that came up.", c->established);
	metrics_family(m, "failures", "counter", "Negotiations that failed, by cause.");
	for (i = REPORT_NONE + 1; i <= REPORT_ADMIN; i++)
		fprintf(m->out, "testudo_failures_total{cause=\"%s\"} %" PRIu64 "\n",
			report_cause_name(i), c->failed[i]);
	metrics_plain(m, "child_established", "counter", "Child SAs that came up.", c->child_up);
	metrics_plain(m, "child_rekeys", "counter", "Child SAs that replaced another.",
		      c->child_rekeyed);
	metrics_plain(m, "retransmits", "counter", "Datagrams sent again.", c->retransmits);
	metrics_plain(m, "bad_messages", "counter", "Messages refused for their form.", c->bad);
	metrics_plain(m, "forged_messages", "counter", "Messages whose integrity check failed.",
		      c->forged);
	metrics_plain(m, "cookie_requests", "counter", "First messages answered with a cookie.",
		      c->cookies);
	metrics_plain(m, "half_open_refused", "counter",
		      "First messages refused because too many IKE SAs were half open.",
		      c->half_open_refused);
	metrics_plain(m, "half_open_displaced", "counter",
		      "Half-open IKE SAs of IKEv1 that made room for newer ones.",
		      c->half_open_displaced);
	metrics_plain(m, "half_open", "gauge", "IKE SAs that nobody has proven anything in.",
		      m->ike->half_open);
}

static void metrics_peer_labels(const struct metrics *m, const struct ike_peer *peer)
{
	char buf[ADDR_TEXT];

	metrics_label(m, false, "peer", peer->conf->name);
	/* peers behind one NAT differ by their ports */
	metrics_label(m, true, "remote", addr_text(&peer->addr, buf));
}

static void metrics_days(const struct metrics *m)
{
	struct ike_peer *peer;
	int days, ours;

	metrics_family(m, "certificate_days_left", "gauge", "Days until a certificate expires.");
	TAILQ_FOREACH(peer, &m->ike->peers, link) {
		for (ours = 1; ours >= 0; ours--) {
			if (!show_days_left(peer, ours, &days))
				continue;
			fputs("testudo_certificate_days_left", m->out);
			metrics_peer_labels(m, peer);
			metrics_label(m, true, "whose", ours ? "ours" : "peer");
			fprintf(m->out, "} %d\n", days);
		}
	}
}

static void metrics_peers(const struct metrics *m)
{
	struct ike_peer *peer;

	metrics_family(m, "peer_up", "gauge", "1 if an IKE SA or a child SA with the peer is up.");
	TAILQ_FOREACH(peer, &m->ike->peers, link) {
		fputs("testudo_peer_up", m->out);
		metrics_peer_labels(m, peer);
		fprintf(m->out, "} %d\n", !strcmp(show_peer_state(peer), "up"));
	}
	metrics_family(m, "peer_failures_in_row", "gauge", "Attempts that failed since the last success.");
	TAILQ_FOREACH(peer, &m->ike->peers, link) {
		fputs("testudo_peer_failures_in_row", m->out);
		metrics_peer_labels(m, peer);
		fprintf(m->out, "} %u\n", peer->failures);
	}
	metrics_days(m);
}

static void metrics_tunnel_labels(const struct metrics *m, const struct tunnel *t)
{
	char buf[TS_TEXT], port[16];

	metrics_label(m, false, "peer", t->peer ? t->peer->conf->name : "");
	metrics_label(m, true, "remote", t->dst.ss_family ? addr_host(&t->dst, buf) : "");
	if (t->peer && t->peer->conf->anonymous) {
		snprintf(port, sizeof(port), "%u", addr_port(&t->peer->addr));
		metrics_label(m, true, "port", port);
	}
	metrics_label(m, true, "local_ts", t->local.family ? ts_text(&t->local, buf) : "");
	metrics_label(m, true, "remote_ts", t->remote.family ? ts_text(&t->remote, buf) : "");
}

static int metrics_number_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int metrics_ts_cmp(const struct ts *a, const struct ts *b)
{
	int c = memcmp(a->lo, b->lo, sizeof(a->lo));

	c = c ? c : memcmp(a->hi, b->hi, sizeof(a->hi));
	c = c ? c : metrics_number_cmp(a->family, b->family);
	c = c ? c : metrics_number_cmp(a->proto, b->proto);
	c = c ? c : metrics_number_cmp(a->port_lo, b->port_lo);
	return c ? c : metrics_number_cmp(a->port_hi, b->port_hi);
}

/* By all that becomes a label; rows that are alike in it must not both be printed. */
static int metrics_cmp(const void *va, const void *vb)
{
	const struct tunnel *a = va, *b = vb;
	struct chunk x = addr_bytes(&a->dst), y = addr_bytes(&b->dst);
	int c = metrics_number_cmp((uintptr_t)a->peer, (uintptr_t)b->peer);

	c = c ? c : metrics_number_cmp(x.n, y.n);
	c = c || !x.n ? c : memcmp(x.p, y.p, x.n);
	c = c ? c : metrics_ts_cmp(&a->local, &b->local);
	return c ? c : metrics_ts_cmp(&a->remote, &b->remote);
}

static void metrics_add(struct tunnel_usage *to, const struct tunnel_usage *from)
{
	to->in.bytes += from->in.bytes;
	to->out.bytes += from->out.bytes;
	to->in.packets += from->in.packets;
	to->out.packets += from->out.packets;
	to->known |= from->known;
}

/*
 * Two child SAs may serve one thing, as when one is being rekeyed: the first
 * row of its kind gets the sum and the best state, the others TUNNEL_STATES.
 */
static void metrics_fold(struct metrics *m)
{
	struct tunnel *row = m->tunnels.row;
	size_t i, first = 0;

	if (m->tunnels.n)
		qsort(row, m->tunnels.n, sizeof(*row), metrics_cmp);
	for (i = 0; i < m->tunnels.n; i++) {
		tunnel_usage(m->ike, &row[i], &m->usage[i]);
		if (!i || metrics_cmp(&row[first], &row[i])) {
			first = i;
			continue;
		}
		metrics_add(&m->usage[first], &m->usage[i]);
		if (row[i].state < row[first].state)
			row[first].state = row[i].state;
		row[i].state = TUNNEL_STATES;
	}
}

static void metrics_states(const struct metrics *m)
{
	unsigned int count[TUNNEL_STATES + 1] = { 0 };
	unsigned int s;
	size_t i;

	for (i = 0; i < m->tunnels.n; i++)
		count[m->tunnels.row[i].state]++;
	metrics_family(m, "tunnels", "gauge", "Tunnels by state.");
	for (s = 0; s < TUNNEL_STATES; s++)
		fprintf(m->out, "testudo_tunnels{state=\"%s\"} %u\n", tunnel_state_name(s), count[s]);
}

static void metrics_up(const struct metrics *m)
{
	const struct tunnel *t;

	metrics_family(m, "tunnel_up", "gauge", "1 if the tunnel is up.");
	for (t = m->tunnels.row; t < m->tunnels.row + m->tunnels.n; t++) {
		if (t->state == TUNNEL_STATES)
			continue;
		fputs("testudo_tunnel_up", m->out);
		metrics_tunnel_labels(m, t);
		fprintf(m->out, "} %d\n", t->state == TUNNEL_UP);
	}
}

static void metrics_traffic(const struct metrics *m, const char *name, const char *help,
			    uint64_t (*value)(const struct kern_usage *u))
{
	static const char *const dirs[] = { "in", "out" };
	const struct kern_usage *u;
	unsigned int d;
	size_t i;

	metrics_family(m, name, "counter", help);
	for (i = 0; i < m->tunnels.n; i++) {
		if (m->tunnels.row[i].state == TUNNEL_STATES || !m->usage[i].known)
			continue;
		for (d = 0; d < 2; d++) {
			u = d ? &m->usage[i].out : &m->usage[i].in;
			fprintf(m->out, "testudo_%s_total", name);
			metrics_tunnel_labels(m, &m->tunnels.row[i]);
			metrics_label(m, true, "direction", dirs[d]);
			fprintf(m->out, "} %" PRIu64 "\n", value(u));
		}
	}
}

static uint64_t metrics_bytes(const struct kern_usage *u)
{
	return u->bytes;
}

static uint64_t metrics_packets(const struct kern_usage *u)
{
	return u->packets;
}

/**
 * answer_metrics_text() - all numbers
 * @ike: engine
 *
 * Return: text for free(), without the "# EOF" that ends it.
 */
char *answer_metrics_text(struct ike *ike)
{
	struct metrics m = { .ike = ike };
	char *text = NULL;
	size_t len = 0;

	m.out = open_memstream(&text, &len);
	if (!m.out)
		return xstrdup("");
	tunnel_list_make(&m.tunnels, ike);
	m.usage = xcalloc(m.tunnels.n + 1, sizeof(*m.usage));
	metrics_fold(&m);
	metrics_counts(&m);
	metrics_peers(&m);
	metrics_states(&m);
	metrics_up(&m);
	metrics_traffic(&m, "tunnel_bytes", "Bytes carried by the tunnel's SAs of now.",
			metrics_bytes);
	metrics_traffic(&m, "tunnel_packets", "Packets carried by the tunnel's SAs of now.",
			metrics_packets);
	free(m.usage);
	tunnel_list_free(&m.tunnels);
	fclose(m.out);
	return text;
}
