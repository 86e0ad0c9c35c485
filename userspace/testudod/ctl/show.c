// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's objects as JSON. Times are seconds since the epoch, addresses
 * and selectors are text, and what is unknown is left out.
 */
#include <inttypes.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ctl/proto.h"
#include "ctl/show.h"
#include "ctl/size.h"
#include "pfkey.h"

#define SHOW_SILENT 5 /* packets out without one in that are worth a word */

static void put_text(json_t *json, const char *key, const char *text)
{
	json_object_set_new(json, key, ctl_json_text(text));
}

static void put_int(json_t *json, const char *key, int64_t v)
{
	json_object_set_new(json, key, json_integer(v));
}

static void put_flag(json_t *json, const char *key, bool v)
{
	json_object_set_new(json, key, json_boolean(v));
}

static void put_addr(json_t *json, const char *key, const struct sockaddr_storage *sa)
{
	char buf[ADDR_TEXT];

	if (sa->ss_family)
		put_text(json, key, addr_port(sa) ? addr_text(sa, buf) : addr_host(sa, buf));
}

static void put_ts(json_t *json, const char *key, const struct ts *ts)
{
	char buf[TS_TEXT];

	if (ts->family)
		put_text(json, key, ts_text(ts, buf));
}

static void put_id(json_t *json, const char *key, const struct id *id)
{
	char buf[ID_TEXT];

	if (id->type)
		put_text(json, key, id_text(id, buf, sizeof(buf)));
}

static void put_alg(json_t *json, const char *key, const struct alg *alg, unsigned int bits)
{
	char buf[64];

	if (alg)
		put_text(json, key, alg_text(alg, bits, buf, sizeof(buf)));
}

static void put_hex(json_t *json, const char *key, uint64_t v, int digits)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%s%0*" PRIx64, digits == 8 ? "0x" : "", digits, v);
	put_text(json, key, buf);
}

/* Seconds until a timer fires; nothing when it is stopped. */
static void put_due(json_t *json, const char *key, const struct timer *t)
{
	uint64_t now = timer_now();

	if (timer_pending(t))
		put_int(json, key, t->due > now ? (t->due - now) / 1000 : 0);
}

/**
 * show_report() - a failure
 * @r: report
 *
 * Return: an object, null if there was none.
 */
json_t *show_report(const struct report *r)
{
	json_t *json, *rows, *row;
	unsigned int i;

	if (r->cause == REPORT_NONE)
		return json_null();
	json = json_object();
	rows = json_array();
	put_text(json, "cause", report_cause_name(r->cause));
	put_text(json, "stage", r->stage);
	put_int(json, "when", r->when);
	put_int(json, "count", r->count);
	put_flag(json, "authentic", r->authentic);
	put_text(json, "sentence", r->sentence);
	if (r->fix[0])
		put_text(json, "fix", r->fix);
	for (i = 0; i < r->n && i < REPORT_ROWS; i++) {
		row = json_object();
		put_text(row, "what", r->row[i].what);
		put_text(row, "mine", r->row[i].mine);
		put_text(row, "theirs", r->row[i].theirs);
		put_flag(row, "differs", r->row[i].differs);
		json_array_append_new(rows, row);
	}
	json_object_set_new(json, "rows", rows);
	return json;
}

/**
 * show_cert() - a certificate
 * @cert: certificate, may be NULL
 *
 * Return: an object, null without one.
 */
json_t *show_cert(const struct cert *cert)
{
	struct id dn = { .type = ID_DN };
	unsigned int bits = 0;
	json_t *json;

	if (!cert)
		return json_null();
	json = json_object();
	id_set(&dn, ID_DN, cert_subject(cert));
	put_id(json, "subject", &dn);
	id_set(&dn, ID_DN, cert_issuer(cert));
	put_id(json, "issuer", &dn);
	id_free(&dn);
	put_text(json, "key", cert_key_type(cert, &bits));
	put_int(json, "bits", bits);
	put_int(json, "days_left", cert_days_left(cert));
	return json;
}

static const char *show_ike_state(const struct ike_sa *sa)
{
	static const char *const names[] = {
		[IKE_BEGUN] = "negotiating",
		[IKE_UP] = "up",
		[IKE_REPLACED] = "superseded",
		[IKE_CLOSING] = "closing",
		[IKE_DEAD] = "dead",
	};

	return sa->state <= IKE_DEAD ? names[sa->state] : "?";
}

static const char *show_nat(const struct ike_sa *sa)
{
	if (sa->nat_us)
		return sa->nat_peer ? "both" : "us";
	return sa->nat_peer ? "peer" : "none";
}

static const char *show_auth(enum ike_auth auth)
{
	switch (auth) {
	case IKE_AUTH_PSK:
		return "pre_shared_key";
	case IKE_AUTH_RSASIG:
		return "rsasig";
	case IKE_AUTH_ECDSASIG:
		return "ecdsasig";
	case IKE_AUTH_SIG:
		return "signature";
	default:
		return NULL;
	}
}

static void show_suite(json_t *json, const struct suite *s)
{
	const char *auth = show_auth(s->auth);

	put_alg(json, "encryption", s->encr.alg, s->encr.bits);
	put_alg(json, "integrity", s->integ, 0);
	put_alg(json, "prf", s->prf, 0);
	put_alg(json, "hash", s->hash, 0);
	put_alg(json, "dh_group", s->dh, 0);
	if (auth)
		put_text(json, "authentication", auth);
}

/**
 * show_ike() - an IKE SA
 * @sa: SA
 *
 * Return: an object.
 */
json_t *show_ike(const struct ike_sa *sa)
{
	uint64_t now = timer_now();
	json_t *json = json_object();

	put_int(json, "version", sa->ver);
	put_text(json, "state", show_ike_state(sa));
	put_flag(json, "initiator", sa->initiator);
	put_addr(json, "local", &sa->path.local);
	put_addr(json, "remote", &sa->path.remote);
	put_hex(json, "spi_i", sa->spi_i, 16);
	put_hex(json, "spi_r", sa->spi_r, 16);
	put_id(json, "my_id", &sa->my_id);
	put_id(json, "peer_id", &sa->peer_id);
	put_int(json, "created", sa->created_wall);
	if (sa->heard)
		put_int(json, "heard", now > sa->heard ? (now - sa->heard) / 1000 : 0);
	put_due(json, "rekey_in", &sa->life);
	put_text(json, "nat", show_nat(sa));
	put_flag(json, "fragmentation", sa->peer_frag);
	if (sa->flight.tries > 1 && timer_pending(&sa->flight.timer))
		put_int(json, "retransmits", sa->flight.tries - 1);
	show_suite(json, &sa->suite);
	if (sa->peer_cert)
		json_object_set_new(json, "peer_cert", show_cert(sa->peer_cert));
	return json;
}

/* What a child SA's protocols cost, the innermost first: the number of layers. */
static unsigned int show_layers(const struct child_sa *child, struct size_layer layer[SIZE_LAYERS])
{
	const struct child_choice *c = &child->choice;
	unsigned int i;

	memset(layer, 0, SIZE_LAYERS * sizeof(layer[0]));
	for (i = 0; i < c->n; i++) {
		layer[i].proto = c->p[i].proto;
		layer[i].tunnel = c->p[i].mode == IPSEC_MODE_TUNNEL;
		layer[i].v6 = c->p[i].dst.ss_family == AF_INET6;
		layer[i].udp = c->udp && c->p[i].proto == IPPROTO_ESP;
		layer[i].block = 4;
		if (c->p[i].encr.alg && c->p[i].proto == IPPROTO_ESP) {
			layer[i].iv = c->p[i].encr.alg->iv;
			layer[i].icv = c->p[i].encr.alg->icv;
			layer[i].block = c->p[i].encr.alg->block;
		}
		if (c->p[i].integ)
			layer[i].icv = c->p[i].integ->icv;
	}
	return c->n;
}

static json_t *show_layer(const struct size_layer *l)
{
	return json_pack("{s:s, s:b, s:b, s:b, s:i, s:i, s:i}", "protocol", pfkey_transform_name(l->proto),
			 "tunnel", l->tunnel, "ipv6", l->v6, "udp", l->udp, "iv", l->iv, "icv",
			 l->icv, "block", l->block);
}

static json_t *show_sa(const struct child_proto *p)
{
	json_t *json = json_object();

	put_text(json, "protocol", pfkey_transform_name(p->proto));
	put_text(json, "mode", p->mode == IPSEC_MODE_TUNNEL ? "tunnel" : "transport");
	put_addr(json, "src", &p->src);
	put_addr(json, "dst", &p->dst);
	put_int(json, "reqid", p->reqid);
	put_hex(json, "spi_in", p->spi_in, 8);
	put_hex(json, "spi_out", p->spi_out, 8);
	put_alg(json, "encryption", p->encr.alg, p->encr.bits);
	put_alg(json, "authentication", p->integ, 0);
	return json;
}

static void show_child(json_t *json, const struct child_sa *child, bool verbose)
{
	const struct child_choice *c = &child->choice;
	struct size_layer layer[SIZE_LAYERS];
	json_t *sas = json_array(), *layers;
	unsigned int i, n;

	for (i = 0; i < c->n; i++)
		json_array_append_new(sas, show_sa(&c->p[i]));
	json_object_set_new(json, "sas", sas);
	put_flag(json, "initiator", child->initiator);
	put_flag(json, "adopted", child->adopted);
	put_flag(json, "generated_policy", child->ngenerated > 0);
	put_flag(json, "udp", c->udp);
	put_flag(json, "esn", c->esn);
	put_alg(json, "pfs_group", c->pfs, 0);
	if (child->created_wall)
		put_int(json, "since", child->created_wall);
	if (child->ike)
		put_int(json, "ike_version", child->ike->ver);
	if (!child->installed)
		return;
	n = show_layers(child, layer);
	put_int(json, "overhead", size_overhead(layer, n));
	if (!verbose)
		return;
	layers = json_array();
	for (i = 0; i < n; i++)
		json_array_append_new(layers, show_layer(&layer[i]));
	json_object_set_new(json, "layers", layers);
}

static void show_usage(json_t *json, const struct ike *ike, const struct tunnel *t)
{
	struct tunnel_usage u;

	tunnel_usage(ike, t, &u);
	if (!u.known)
		return;
	put_int(json, "bytes_in", u.in.bytes);
	put_int(json, "bytes_out", u.out.bytes);
	put_int(json, "packets_in", u.in.packets);
	put_int(json, "packets_out", u.out.packets);
	if (u.in.used || u.out.used)
		put_int(json, "last_used", u.in.used > u.out.used ? u.in.used : u.out.used);
	if (t->state == TUNNEL_UP && !u.in.packets && u.out.packets >= SHOW_SILENT)
		put_text(json, "warning",
			 "packets go out and none comes in: the peer may have lost its SAs, or "
			 "drops what it gets");
}

/* Nobody is the peer yet. */
static void show_no_peer(json_t *json, const struct ike *ike, const struct tunnel *t)
{
	char host[ADDR_TEXT], text[ADDR_TEXT + 64];

	if (conf_remote_by_addr(ike->conf, &t->dst)) {
		put_text(json, "reason", "no packet has asked for it, and the peer is not known yet");
		return;
	}
	snprintf(text, sizeof(text), "no remote block is for %s, and there is no remote anonymous",
		 addr_host(&t->dst, host));
	put_text(json, "cause", report_cause_name(REPORT_NO_CONFIG));
	put_text(json, "reason", text);
}

/* Why it is not up, in one sentence. */
static void show_reason(json_t *json, const struct ike *ike, const struct tunnel *t)
{
	const struct policy_last *last = tunnel_last(t);
	const struct report *r = tunnel_report(t);

	if (t->state == TUNNEL_UP || t->state == TUNNEL_SUPERSEDED)
		return;
	if (last || r) {
		put_text(json, "cause", report_cause_name(last ? last->cause : r->cause));
		put_text(json, "reason", last ? last->sentence : r->sentence);
	} else if (!t->peer && t->dst.ss_family) {
		show_no_peer(json, ike, t);
	} else if (t->state == TUNNEL_IDLE) {
		put_text(json, "reason", t->peer && t->peer->conf->passive ? "passive: the peer has to begin" : "no packet has asked for it yet");
	}
	if (!t->peer || !(last || r))
		return;
	put_int(json, "failures", t->peer->failures);
	put_due(json, "retry_in", &t->peer->retry);
}

/**
 * show_tunnel() - a tunnel
 * @ike: engine
 * @t: tunnel
 * @verbose: more
 *
 * Return: an object.
 */
json_t *show_tunnel(const struct ike *ike, const struct tunnel *t, bool verbose)
{
	json_t *json = json_object();

	if (t->peer) {
		put_text(json, "peer", t->peer->conf->name);
		/* many may have one name, as all that are anonymous */
		put_addr(json, "peer_remote", &t->peer->addr);
	}
	put_text(json, "state", tunnel_state_name(t->state));
	put_addr(json, "local", &t->src);
	put_addr(json, "remote", &t->dst);
	put_ts(json, "local_ts", &t->local);
	put_ts(json, "remote_ts", &t->remote);
	if (t->policy)
		put_int(json, "policy", t->policy->id);
	if (t->child) {
		show_child(json, t->child, verbose);
		show_usage(json, ike, t);
	}
	show_reason(json, ike, t);
	return json;
}

/**
 * show_peer_state() - how a peer is
 * @peer: peer
 *
 * Return: a word.
 */
const char *show_peer_state(const struct ike_peer *peer)
{
	const struct child_sa *child;
	const struct ike_sa *sa;
	bool begun = false;

	TAILQ_FOREACH(sa, &peer->sas, link) {
		if (sa->state == IKE_UP)
			return "up";
		begun |= sa->state == IKE_BEGUN;
	}
	/* IKEv1's children outlive their ISAKMP SA */
	TAILQ_FOREACH(child, &peer->children, link)
		if (child->state == CHILD_UP)
			return "up";
	if (begun)
		return "negotiating";
	return peer->report.cause ? "down" : "idle";
}

/**
 * show_days_left() - how long a certificate is good
 * @peer: peer
 * @ours: our certificate for it, not its own
 * @days: result
 *
 * Return: false if there is none, or it has not been seen.
 */
bool show_days_left(struct ike_peer *peer, bool ours, int *days)
{
	const struct cert *cert = NULL;
	const struct ike_sa *sa;

	if (ours) {
		cert = peer_cert(peer);
	} else {
		TAILQ_FOREACH(sa, &peer->sas, link)
			if (!cert)
				cert = sa->peer_cert;
	}
	if (!cert)
		return false;
	*days = cert_days_left(cert);
	return true;
}

/**
 * show_peer() - a peer with its IKE SAs and its last failure
 * @peer: peer
 *
 * Return: an object.
 */
json_t *show_peer(struct ike_peer *peer)
{
	json_t *json = json_object(), *sas = json_array();
	const struct ike_sa *sa;
	int days;

	put_text(json, "name", peer->conf->name);
	put_addr(json, "remote", &peer->addr);
	put_text(json, "state", show_peer_state(peer));
	put_flag(json, "anonymous", peer->conf->anonymous);
	put_int(json, "failures", peer->failures);
	put_due(json, "retry_in", &peer->retry);
	TAILQ_FOREACH(sa, &peer->sas, link)
		json_array_append_new(sas, show_ike(sa));
	json_object_set_new(json, "ike", sas);
	json_object_set_new(json, "failure", show_report(&peer->report));
	if (show_days_left(peer, true, &days))
		put_int(json, "certificate_days_left", days);
	if (show_days_left(peer, false, &days))
		put_int(json, "peer_certificate_days_left", days);
	return json;
}
