// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that look: status, why, show-sa, show-schedule, get-cert, metrics. They
 * change nothing in the engine.
 */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/answer.h"
#include "ctl/show.h"

/**
 * answer_ok() - an answer that is one
 *
 * Return: object to be filled.
 */
json_t *answer_ok(void)
{
	return json_pack("{s:i, s:b, s:I}", "schema_version", CTL_SCHEMA, "ok", 1, "now",
			 (json_int_t)time(NULL));
}

/**
 * answer_text() - an answer as it is sent
 * @json: object, freed
 *
 * Return: text for free().
 */
char *answer_text(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text ? text : answer_error(NULL, "the answer can not be put into words");
}

/**
 * answer_error() - an answer that says why not
 * @hint: what to do about it, may be NULL
 * @fmt: the sentence
 *
 * Return: text for free().
 */
char *answer_error(const char *hint, const char *fmt, ...)
{
	struct ctl_error err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.what, sizeof(err.what), fmt, ap);
	va_end(ap);
	snprintf(err.hint, sizeof(err.hint), "%s", hint ? hint : "");
	return ctl_error_json(&err);
}

/* Does a person's word for a peer mean this one? */
static bool answer_names(const struct ike_peer *peer, const char *word)
{
	struct sockaddr_storage sa;
	char buf[ADDR_TEXT];

	if (!strcmp(peer->conf->name, word) || !strcmp(addr_host(&peer->addr, buf), word))
		return true;
	if (peer->conf->host && !strcmp(peer->conf->host, word))
		return true;
	return addr_parse(&sa, word) && addr_same_host(&sa, &peer->addr);
}

/* Blocks of the file that no peer has come of: those without an address, or anonymous ones. */
static void answer_add_unused(struct ike *ike, json_t *peers, const char *name)
{
	const struct conf_remote *r;
	struct ike_peer *peer;
	bool used;

	TAILQ_FOREACH(r, &ike->conf->remotes, link) {
		used = false;
		TAILQ_FOREACH(peer, &ike->peers, link)
			used |= peer->conf == r;
		if (used || (name && strcmp(r->name, name)))
			continue;
		json_array_append_new(
			peers, json_pack("{s:o, s:s, s:b, s:i, s:[], s:n, s:s}", "name",
					 ctl_json_text(r->name), "state", "idle", "anonymous",
					 r->anonymous, "failures", 0, "ike", "failure", "reason",
					 r->anonymous ? "nobody has come yet" : "nothing has asked for it yet"));
	}
}

static json_t *answer_peers(struct ike *ike, const char *name)
{
	json_t *peers = json_array();
	struct ike_peer *peer;

	TAILQ_FOREACH(peer, &ike->peers, link)
		if (!name || answer_names(peer, name))
			json_array_append_new(peers, show_peer(peer));
	answer_add_unused(ike, peers, name);
	return peers;
}

static json_t *answer_tunnels(struct ike *ike, const char *name, bool verbose)
{
	json_t *tunnels = json_array();
	struct tunnel_list list;
	size_t i;

	tunnel_list_make(&list, ike);
	for (i = 0; i < list.n; i++)
		if (!name || (list.row[i].peer && answer_names(list.row[i].peer, name)))
			json_array_append_new(tunnels, show_tunnel(ike, &list.row[i], verbose));
	tunnel_list_free(&list);
	return tunnels;
}

/* The last failure with somebody whom no remote block is for. */
static json_t *answer_stranger(const struct ike *ike)
{
	char buf[ADDR_TEXT];

	if (!ike->reports.cause)
		return json_null();
	return json_pack("{s:o, s:o}", "remote", ctl_json_text(addr_text(&ike->stranger, buf)),
			 "failure", show_report(&ike->reports));
}

static char *answer_unknown(const struct ike *ike, const char *word)
{
	const struct conf_remote *r;
	char hint[256] = "";
	size_t n = 0;

	TAILQ_FOREACH(r, &ike->conf->remotes, link) {
		if (n + strlen(r->name) + 16 > sizeof(hint))
			break;
		n += snprintf(hint + n, sizeof(hint) - n, "%s%s", n ? ", " : "the file has: ",
			      r->name);
	}
	return answer_error(hint, "no remote and no peer is called %s", word);
}

static char *answer_status(struct ike *ike, const struct ctl_request *req)
{
	const char *name = req->name[0] ? req->name : NULL;
	json_t *peers = answer_peers(ike, name), *json;

	if (name && !json_array_size(peers)) {
		json_decref(peers);
		return answer_unknown(ike, name);
	}
	json = answer_ok();
	json_object_set_new(json, "peers", peers);
	json_object_set_new(json, "tunnels", answer_tunnels(ike, name, req->verbose));
	json_object_set_new(json, "half_open", json_integer(ike->half_open));
	if (!name)
		json_object_set_new(json, "stranger", answer_stranger(ike));
	return answer_text(json);
}

static char *answer_why(struct ike *ike, const struct ctl_request *req)
{
	json_t *peers = answer_peers(ike, req->name), *json;
	struct sockaddr_storage sa;
	bool stranger = ike->reports.cause && addr_parse(&sa, req->name) &&
			addr_same_host(&sa, &ike->stranger);

	if (!stranger && !json_array_size(peers)) {
		json_decref(peers);
		return answer_unknown(ike, req->name);
	}
	json = answer_ok();
	json_object_set_new(json, "peers", peers);
	json_object_set_new(json, "tunnels", answer_tunnels(ike, req->name, false));
	if (stranger)
		json_object_set_new(json, "stranger", answer_stranger(ike));
	return answer_text(json);
}

static char *answer_show_sa(struct ike *ike, const struct ctl_request *req)
{
	json_t *json = answer_ok(), *array;
	const struct child_sa *child;
	const struct ike_peer *peer;
	const struct ike_sa *sa;
	struct tunnel_list list;
	size_t i;

	if (req->what == CTL_ISAKMP || req->what == CTL_ALL) {
		array = json_array();
		TAILQ_FOREACH(peer, &ike->peers, link)
			TAILQ_FOREACH(sa, &peer->sas, link)
				json_array_append_new(array, show_ike(sa));
		json_object_set_new(json, "isakmp", array);
	}
	if (req->what == CTL_ISAKMP)
		return answer_text(json);
	array = json_array();
	tunnel_list_make(&list, ike);
	for (i = 0; i < list.n; i++) {
		child = list.row[i].child;
		if (child && child->installed && tunnel_child_is(child, req->what))
			json_array_append_new(array, show_tunnel(ike, &list.row[i], false));
	}
	tunnel_list_free(&list);
	json_object_set_new(json, "tunnels", array);
	return answer_text(json);
}

static void answer_timer(json_t *array, const char *what, const char *peer, const struct timer *t)
{
	uint64_t now = timer_now();

	if (timer_pending(t))
		json_array_append_new(array, json_pack("{s:s, s:o, s:I}", "what", what, "peer",
						       ctl_json_text(peer), "due",
						       (json_int_t)(t->due > now ? t->due - now : 0)));
}

static char *answer_schedule(struct ike *ike)
{
	json_t *json = answer_ok(), *array = json_array();
	const struct child_sa *child;
	const struct ike_peer *peer;
	const struct ike_sa *sa;
	const char *name;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		name = peer->conf->name;
		answer_timer(array, "next attempt", name, &peer->retry);
		TAILQ_FOREACH(sa, &peer->sas, link) {
			answer_timer(array, "retransmission", name, &sa->flight.timer);
			answer_timer(array, "negotiation gives up", name, &sa->give_up);
			answer_timer(array, "dead peer detection", name, &sa->dpd);
			answer_timer(array, "NAT keepalive", name, &sa->keepalive);
			answer_timer(array,
				     sa->state == IKE_UP ? "IKE SA is rekeyed or ends" : "IKE SA ends",
				     name, &sa->life);
		}
		TAILQ_FOREACH(child, &peer->children, link)
			answer_timer(array, "child SA is retired or tried again", name,
				     &child->retire);
	}
	json_object_set_new(json, "schedule", array);
	return answer_text(json);
}

/* A certificate in PEM. */
static json_t *answer_pem(const struct cert *cert)
{
	struct chunk der = cert_der(cert);
	size_t size = (der.n + 2) / 3 * 4 + 1, i, n;
	unsigned char *base64 = xcalloc(1, size);
	struct writer w = { 0 };
	json_t *json;

	n = EVP_EncodeBlock(base64, der.p, der.n);
	put_bytes(&w, chunk_str("-----BEGIN CERTIFICATE-----\n"));
	for (i = 0; i < n; i += 64) {
		put_bytes(&w, chunk(base64 + i, n - i > 64 ? 64 : n - i));
		put_u8(&w, '\n');
	}
	put_bytes(&w, chunk_str("-----END CERTIFICATE-----\n"));
	json = json_stringn((const char *)w.p, w.n);
	writer_free(&w);
	free(base64);
	return json;
}

static char *answer_cert(struct ike *ike, const struct ctl_request *req)
{
	const struct ike_peer *peer;
	const struct ike_sa *sa;
	char buf[ADDR_TEXT];
	json_t *json;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link) {
			if (!sa->peer_cert || !addr_same_host(&sa->path.remote, &req->dst) ||
			    (req->src.ss_family && !addr_same_host(&sa->path.local, &req->src)))
				continue;
			json = answer_ok();
			json_object_set_new(json, "certificate", show_cert(sa->peer_cert));
			json_object_set_new(json, "pem", answer_pem(sa->peer_cert));
			return answer_text(json);
		}
	}
	return answer_error("it is known while an IKE SA with signatures is up",
			    "no certificate of %s is known", addr_host(&req->dst, buf));
}

static char *answer_metrics(struct ike *ike)
{
	char *text = answer_metrics_text(ike);
	json_t *json = answer_ok();

	json_object_set_new(json, "metrics", ctl_json_text(text));
	free(text);
	return answer_text(json);
}

/**
 * answer_request() - do what is asked
 * @ike: engine
 * @req: request, checked; who sent it may
 *
 * Return: text for free().
 */
char *answer_request(struct ike *ike, const struct ctl_request *req)
{
	switch (req->verb) {
	case CTL_STATUS:
		return answer_status(ike, req);
	case CTL_WHY:
		return answer_why(ike, req);
	case CTL_SHOW_SA:
		return answer_show_sa(ike, req);
	case CTL_SCHEDULE:
		return answer_schedule(ike);
	case CTL_GET_CERT:
		return answer_cert(ike, req);
	case CTL_METRICS:
		return answer_metrics(ike);
	case CTL_SUBSCRIBE:
		return answer_text(answer_ok());
	case CTL_FLUSH_SA:
		return answer_flush(ike, req);
	case CTL_DELETE_SA:
		return answer_delete(ike, req);
	case CTL_ESTABLISH_SA:
		return answer_establish(ike, req);
	default:
		return answer_error(NULL, "\"%s\" is not for the engine", ctl_verb_name(req->verb));
	}
}
