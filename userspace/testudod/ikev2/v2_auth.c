// SPDX-License-Identifier: GPL-2.0
/*
 * IKE_AUTH: identity, proof and the first child SA in one
 * exchange, on both sides. The IKE SA stays when only the child fails.
 */
#include <string.h>

#include "ikev2/v2.h"

#define STAGE "IKE_AUTH"

static void auth_put_id(struct ike_sa *sa, struct wire_out *o)
{
	v2_put_id(o, sa->initiator ? P2_IDI : P2_IDR, sa->my_id.type, blob_chunk(&sa->my_id.data));
}

/* The peer's identity, into sa->peer_id; false: the report is filled. */
static bool auth_take_id(struct v2_in *in, const struct wire_pl *pl)
{
	struct ike_sa *sa = in->sa;
	struct wire_id id;

	if (!pl || !wire_get_id(pl->body, &id)) {
		v2_tell_syntax(sa, STAGE, "no identity");
		return false;
	}
	id_set(&sa->peer_id, id.type, id.data);
	if (!id_valid(&sa->peer_id)) {
		id_free(&sa->peer_id);
		v2_tell_syntax(sa, STAGE, "a malformed identity");
		return false;
	}
	return peer_id_allowed(sa->peer, &sa->peer_id, STAGE);
}

/* ---- as initiator ---- */

static bool auth_waits(const struct ike_sa *sa, const struct child_sa *child)
{
	return child->state == CHILD_WANTED && !child->ike &&
	       addr_same_host(child_from(child), &sa->path.local);
}

bool v2_auth_wanted(struct ike_sa *sa)
{
	struct child_sa *child, *next;
	bool any = false;

	TAILQ_FOREACH_SAFE(child, &sa->peer->children, link, next) {
		if (auth_waits(sa, child))
			any |= v2_child_possible(child);
	}
	return any;
}

static struct child_sa *auth_first_child(struct ike_sa *sa)
{
	struct child_sa *child, *next;

	TAILQ_FOREACH_SAFE(child, &sa->peer->children, link, next) {
		if (!auth_waits(sa, child))
			continue;
		if (v2_child_served(sa, child)) {
			child_free(child);
			continue;
		}
		/* what IKEv1 made is superfluous when the new one is up, and not rekeyed here */
		child->replaces = NULL;
		child->ike = sa;
		if (v2_child_prepare(sa, child))
			return child;
	}
	return NULL;
}

/* Whom we expect, if the file names exactly one. */
static void auth_put_wanted(struct ike_sa *sa, struct wire_out *o)
{
	const struct conf_id *want = TAILQ_FIRST(&sa->peer->conf->peers_ids);

	if (want && want->id.type && !want->pattern && !TAILQ_NEXT(want, link) &&
	    sa->peer->conf->verify_identifier)
		v2_put_id(o, P2_IDR, want->id.type, blob_chunk(&want->id.data));
}

/* Is there nothing between us, as far as we know? SAs of a run before us are something. */
static bool auth_wants_initial(const struct ike_sa *sa)
{
	const struct child_sa *child;

	if (!sa->peer->conf->initial_contact || peer_sa(sa->peer))
		return false;
	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->installed)
			return false;
	}
	return true;
}

bool v2_auth_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o)
{
	bool certs = v2_proof_takes(sa, false);

	if (!ike_sa_my_id(sa)) {
		ike_sa_fail(sa);
		return false;
	}
	x->child = auth_first_child(sa);
	/* nothing is left to negotiate; without SA and TS only some take this (RFC 6023 3) */
	if (!x->child) {
		log_debug("%s: nothing waits for the IKE SA any more", sa->peer->conf->name);
		ike_sa_kill(sa);
		return false;
	}
	auth_put_id(sa, o);
	v2_proof_put_cert(sa, o);
	if (certs)
		v2_proof_put_certreq(sa, o);
	auth_put_wanted(sa, o);
	if (!v2_proof_put(sa, o)) {
		ike_sa_fail(sa);
		return false;
	}
	if (auth_wants_initial(sa))
		v2_put_status(o, V2_N_INITIAL_CONTACT, chunk(NULL, 0));
	x->child->exchange = x;
	x->child->state = CHILD_BEGUN;
	x->spi = v2_child_proto(x->child)->spi_in;
	x->proto = v2_proto_number(v2_child_proto(x->child)->proto);
	x->about = v2_about(x->child);
	x->since = timer_now();
	v2_child_put(x->child, true, o);
	return true;
}

/* The peer believes in an IKE SA that we do not: say why, once, and go. */
static void auth_reject(struct v2_in *in)
{
	struct ike_sa *sa = in->sa;
	struct v2_state *v2 = sa->v2;
	struct wire_out o;

	wire_begin_chain(&o);
	v2_put_status(&o, V2_N_AUTHENTICATION_FAILED, chunk(NULL, 0));
	v2_sent_set(&v2->request, V2_INFO, false, v2->next_out++, &o);
	if (v2_msg_seal(sa, &v2->request, &sa->path, &sa->flight))
		flight_send(&sa->flight);
	ike_sa_fail(sa);
}

void v2_auth_answer(struct v2_in *in, struct v2_exchange *x)
{
	const struct wire_pl *idr = wire_find(&in->msg, P2_IDR);
	uint16_t error = v2_first_error(&in->msg);
	struct ike_sa *sa = in->sa;
	struct v2_notify n;

	timer_stop(&sa->v2->refusal);
	/* without an identity the peer refuses us as a whole */
	if (!idr && error) {
		v2_tell_error(sa, error, STAGE, false);
		v2_exchange_free(x);
		ike_sa_fail(sa);
		return;
	}
	if (!auth_take_id(in, idr) || !v2_proof_check(sa, &in->msg, idr->body)) {
		v2_exchange_free(x);
		auth_reject(in);
		return;
	}
	sa->v2->phase = V2_OPEN;
	/* a responder may say it, too (RFC 7296 2.4) */
	if (v2_find_notify(&in->msg, V2_N_INITIAL_CONTACT, &n))
		ike_sa_initial_contact(sa);
	ike_sa_up(sa);
	v2_child_first_answer(in, x);
	v2_exchange_free(x);
}

/* ---- as responder ---- */

/* Nobody is told more than that it failed; the log has the rest. */
static void auth_refuse(struct v2_in *in)
{
	v2_answer_notify(in, V2_N_AUTHENTICATION_FAILED, chunk(NULL, 0));
	ike_sa_fail(in->sa);
}

static void auth_serve_child(struct v2_in *in, struct wire_out *o, struct v2_serve *s)
{
	s->first = true;
	s->ni = blob_chunk(&in->sa->v2->ni);
	s->nr = blob_chunk(&in->sa->v2->nr);
	if (v2_serve_child(in, s))
		v2_serve_put(s, o);
	else /* whatever is wrong with the child, the IKE SA stays */
		v2_put_status(o, s->error == V2_N_INVALID_SYNTAX ? V2_N_NO_PROPOSAL_CHOSEN : s->error,
			      chunk(NULL, 0));
}

void v2_auth_request(struct v2_in *in)
{
	const struct wire_pl *idi = wire_find(&in->msg, P2_IDI);
	struct ike_sa *sa = in->sa;
	struct v2_serve s = { 0 };
	struct v2_notify n;
	struct wire_out o;

	if (!auth_take_id(in, idi) || !v2_proof_check(sa, &in->msg, idi->body) ||
	    !ike_sa_my_id(sa)) {
		auth_refuse(in);
		return;
	}
	wire_begin_chain(&o);
	auth_put_id(sa, &o);
	v2_proof_put_cert(sa, &o);
	if (!v2_proof_put(sa, &o)) {
		writer_free(&o.w);
		auth_refuse(in);
		return;
	}
	sa->v2->phase = V2_OPEN;
	if (v2_find_notify(&in->msg, V2_N_INITIAL_CONTACT, &n))
		ike_sa_initial_contact(sa);
	ike_sa_up(sa);
	/* without SA and TS it wants no child now (RFC 6023) */
	if (wire_find(&in->msg, P2_SA) || wire_find(&in->msg, P2_TSI))
		auth_serve_child(in, &o, &s);
	v2_answer(in, &o);
	if (s.child)
		v2_serve_done(sa, &s);
	v2_serve_wipe(&s);
}
