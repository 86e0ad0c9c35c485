// SPDX-License-Identifier: GPL-2.0
/*
 * IKE_SA_INIT as responder. A stranger costs nothing that is kept until its
 * message has passed every check that needs no memory: form, cookie, gate,
 * proposal, group. Errors are answered without a state.
 */
#include <string.h>

#include "ikev2/v2.h"

#define SERVE_PER_MINUTE 30 /* words to strangers about nothing */

/**
 * struct serve - a first message under examination
 * @ike: engine
 * @path: the way it came
 * @hdr: header
 * @data: all of it
 * @msg: payloads
 * @peer: whose it seems to be
 * @half: what its address is worth
 * @ni: its nonce
 * @group: of its KE payload
 * @ke: its public value
 * @suite: what we choose
 * @answer: SA payload of the answer
 */
struct serve {
	struct ike *ike;
	const struct ike_path *path;
	const struct wire_hdr *hdr;
	struct chunk data;
	struct wire_msg msg;
	struct ike_peer *peer;
	enum gate_class half;
	struct chunk ni;
	uint16_t group;
	struct chunk ke;
	struct suite suite;
	struct v2_sa answer;
};

static struct log_limit serve_limit;

/* An answer of one notification, which leaves nothing behind here. */
static void serve_notify(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr,
			 uint16_t type, struct chunk data)
{
	const struct wire_hdr out = {
		.spi_i = hdr->spi_i,
		.spi_r = hdr->exchange == V2_SA_INIT ? 0 : hdr->spi_r,
		.version = 0x20,
		.exchange = hdr->exchange,
		.flags = WIRE_V2_RESPONSE | (hdr->flags & WIRE_V2_INITIATOR ? 0 : WIRE_V2_INITIATOR),
		.msgid = hdr->msgid,
	};
	struct wire_out o;

	wire_begin(&o, &out);
	v2_put_status(&o, type, data);
	wire_end(&o);
	ike->ops->send(ike->ops_arg, path, writer_chunk(&o.w));
	writer_free(&o.w);
}

static void serve_no(struct serve *s, uint16_t type, struct chunk data)
{
	serve_notify(s->ike, s->path, s->hdr, type, data);
}

/* A refusal is a line for the log, at most some in a minute: strangers cause it. */
static void serve_log(struct serve *s)
{
	struct report *r = s->peer ? &s->peer->report : &s->ike->reports;

	if (!log_limit_ok(&serve_limit, SERVE_PER_MINUTE, timer_now()))
		return;
	log_error("%s: %s", s->peer ? s->peer->conf->name : "IKE_SA_INIT", r->sentence);
	if (r->fix[0])
		log_info("to mend it: %s", r->fix);
}

/* Form: everything that needs no configuration. */
static bool serve_read(struct serve *s)
{
	const struct wire_hdr *hdr = s->hdr;
	struct wire_fault fault = { 0 };
	char from[ADDR_TEXT];
	uint8_t critical;

	s->msg.hdr = *hdr;
	s->msg.data = s->data;
	if (s->data.n > IKE_FIRST_MAX)
		fault.why = "it is longer than a first message has to be";
	if (fault.why ||
	    !wire_read_chain(chunk(s->data.p + WIRE_HDR_LEN, s->data.n - WIRE_HDR_LEN), hdr->next,
			     &s->msg, &fault) ||
	    v2_repeated(&s->msg)) {
		s->ike->counts.bad++;
		log_debug("%s: IKE_SA_INIT refused: %s", addr_text(&s->path->remote, from),
			  fault.why ? fault.why : "a payload twice");
		serve_no(s, V2_N_INVALID_SYNTAX, chunk(NULL, 0));
		return false;
	}
	critical = v2_critical(&s->msg);
	if (critical) {
		serve_no(s, V2_N_UNSUPPORTED_CRITICAL_PAYLOAD, chunk(&critical, 1));
		return false;
	}
	if (!wire_find(&s->msg, P2_SA) || !wire_find(&s->msg, P2_KE) || !v2_get_nonce(&s->msg, &s->ni) ||
	    !v2_get_ke(wire_find(&s->msg, P2_KE)->body, &s->group, &s->ke)) {
		s->ike->counts.bad++;
		serve_no(s, V2_N_INVALID_SYNTAX, chunk(NULL, 0));
		return false;
	}
	return true;
}

/* The cookie shows that whoever sent it receives at its address. */
static bool serve_cookie(const struct serve *s)
{
	struct v2_notify n;

	return v2_find_notify(&s->msg, V2_N_COOKIE, &n) &&
	       gate_cookie_ok(s->ike, s->ni, &s->path->remote, s->hdr->spi_i, n.data);
}

static bool serve_gate(struct serve *s)
{
	struct blob cookie = { 0 };

	if (s->ike->closing)
		return false;
	if (serve_cookie(s)) {
		s->half = GATE_REAL;
		return gate_cookied(s->ike, &s->path->remote);
	}
	s->half = GATE_FEW;
	if (!gate_wants_cookie(s->ike, &s->path->remote))
		return true;
	gate_cookie(s->ike, s->ni, &s->path->remote, s->hdr->spi_i, &cookie);
	if (cookie.n)
		serve_no(s, V2_N_COOKIE, blob_chunk(&cookie));
	blob_free(&cookie);
	return false;
}

static bool serve_takes_v2(const struct conf_remote *conf)
{
	const uint8_t *v = conf->versions;

	while (*v && *v != 2)
		v++;
	return *v;
}

static bool serve_peer(struct serve *s)
{
	char from[ADDR_TEXT];

	addr_host(&s->path->remote, from);
	s->peer = peer_get(s->ike, &s->path->remote);
	if (!s->peer) {
		peer_unknown(s->ike, &s->path->remote, "IKE_SA_INIT");
	} else if (!serve_takes_v2(s->peer->conf)) {
		report_set(&s->peer->report, REPORT_NO_CONFIG, "IKE_SA_INIT",
			   "%s begins with IKEv2, and its block takes IKEv1 only", from);
		report_fix(&s->peer->report, "testudo { ike_version 2,1; }");
	} else {
		return true;
	}
	serve_log(s);
	serve_no(s, V2_N_NO_PROPOSAL_CHOSEN, chunk(NULL, 0));
	return false;
}

/* What both can do; the report is unauthenticated, as everything here. */
static bool serve_choose(struct serve *s)
{
	struct wire_fault fault = { 0 };
	struct report why = { 0 };
	struct v2_sa theirs;
	uint8_t group[2];

	if (!v2_get_sa(wire_find(&s->msg, P2_SA)->body, &theirs, &fault)) {
		s->ike->counts.bad++;
		serve_no(s, V2_N_INVALID_SYNTAX, chunk(NULL, 0));
		return false;
	}
	if (!prop_v2_ike_choose(s->peer->conf, &theirs, &s->suite, &s->answer, &why)) {
		s->ike->counts.failed[why.cause]++;
		/* a stranger who uses the address of somebody we work with is no news of that one */
		if (!peer_sa(s->peer)) {
			s->peer->report = why;
			serve_log(s);
		}
		serve_no(s, V2_N_NO_PROPOSAL_CHOSEN, chunk(NULL, 0));
		return false;
	}
	if (s->suite.dh->v2 == s->group)
		return true;
	group[0] = s->suite.dh->v2 >> 8;
	group[1] = s->suite.dh->v2 & 0xff;
	serve_no(s, V2_N_INVALID_KE_PAYLOAD, chunk(group, 2));
	return false;
}

static void serve_send(struct serve *s, struct ike_sa *sa, const struct crypt_dh *dh)
{
	const struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x20,
		.exchange = V2_SA_INIT,
		.flags = WIRE_V2_RESPONSE,
	};
	struct v2_state *v2 = sa->v2;
	struct blob dg = { 0 };
	struct wire_out o;

	wire_begin(&o, &hdr);
	v2_init_put(sa, &s->answer, dh, &o);
	v2_proof_put_certreq(sa, &o);
	wire_end(&o);
	dg = writer_blob(&o.w);
	blob_set(&v2->init_r, blob_chunk(&dg));
	flight_load(&v2->answer, s->path, &dg);
	flight_send(&v2->answer);
}

/* All checks are passed: now an IKE SA is made. */
static void serve_begin(struct serve *s, struct crypt_dh *dh, struct chunk shared)
{
	struct ike_sa *sa = ike_sa_new(s->peer, 2, false, s->path);
	struct v2_state *v2 = v2_state_new(sa);

	gate_enter(sa, s->half);
	ike_sa_log_begin(sa, "respond new phase 1");
	sa->spi_i = s->hdr->spi_i;
	sa->suite = s->suite;
	blob_set(&v2->init_i, s->data);
	blob_set(&v2->ni, s->ni);
	v2_nonce_make(&v2->nr, v2_nonce_size(sa));
	if (!v2_init_keys(sa, shared)) {
		ike_sa_fail(sa);
		return;
	}
	v2_init_read(sa, s->path, s->hdr, &s->msg);
	v2->phase = V2_KEYED;
	v2->next_in = 1;
	serve_send(s, sa, dh);
}

static void serve_first(struct serve *s)
{
	struct blob shared = { 0 };
	const char *bad = NULL;
	struct crypt_dh *dh;
	char from[ADDR_TEXT];

	if (!serve_read(s) || !serve_gate(s) || !serve_peer(s) || !serve_choose(s))
		return;
	/* who brings a cookie may do so as often as he likes, so a bad value costs no key pair */
	dh = crypt_dh_usable(s->suite.dh, s->ke, &bad) ? crypt_dh_new(s->suite.dh) : NULL;
	if (dh && crypt_dh_shared(dh, s->ke, &shared, &bad)) {
		serve_begin(s, dh, blob_chunk(&shared));
	} else {
		s->ike->counts.bad++;
		if (log_limit_ok(&serve_limit, SERVE_PER_MINUTE, timer_now()))
			log_info("%s: its key exchange value is not usable: %s",
				 addr_text(&s->path->remote, from), bad ? bad : "libcrypto failed");
		serve_no(s, V2_N_INVALID_SYNTAX, chunk(NULL, 0));
	}
	blob_wipe(&shared);
	crypt_dh_free(dh);
}

/* A message for an SA that is not there: said at most now and then (RFC 7296 2.21.4). */
static void serve_unknown(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr)
{
	ike->counts.bad++;
	if (hdr->flags & WIRE_V2_RESPONSE || hdr->exchange == V2_SA_INIT ||
	    !log_limit_ok(&serve_limit, SERVE_PER_MINUTE, timer_now()))
		return;
	serve_notify(ike, path, hdr, V2_N_INVALID_IKE_SPI, chunk(NULL, 0));
}

void v2_respond(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data)
{
	struct serve s = { .ike = ike, .path = path, .hdr = hdr, .data = data };

	if (hdr->version >> 4 > 2) {
		ike->counts.bad++;
		if (!(hdr->flags & WIRE_V2_RESPONSE) &&
		    log_limit_ok(&serve_limit, SERVE_PER_MINUTE, timer_now()))
			serve_notify(ike, path, hdr, V2_N_INVALID_MAJOR_VERSION, chunk(NULL, 0));
		return;
	}
	if (hdr->spi_r || hdr->exchange != V2_SA_INIT) {
		serve_unknown(ike, path, hdr);
		return;
	}
	if (hdr->flags & WIRE_V2_RESPONSE || !(hdr->flags & WIRE_V2_INITIATOR) || hdr->msgid) {
		ike->counts.bad++;
		return;
	}
	serve_first(&s);
}

void v2_init_again(struct ike_sa *sa, struct chunk data)
{
	if (sa->v2->phase == V2_KEYED && chunk_equal(data, blob_chunk(&sa->v2->init_i)))
		ike_sa_repeat(sa, &sa->v2->answer);
}
