// SPDX-License-Identifier: GPL-2.0
/*
 * Child SAs as responder, in IKE_AUTH and CREATE_CHILD_SA: the policy that the
 * peer's selectors fall under, the choice of a proposal, the inbound half at
 * once and the outbound one when it is due.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ikev2/v2.h"

#define SERVE_CROSS 30000 /* ms that two requests about the same can be apart and have crossed */

_Static_assert(V2_TS_MAX <= POLICY_OFFER_MAX, "all selectors of a TS payload make an offer");

/**
 * struct serve_ts - the peer's selectors
 * @ni: members of @i
 * @nr: members of @r
 * @i: its own
 * @r: ours, as it has them
 * @seen_i: its own, as we see them
 * @seen_r: ours
 */
struct serve_ts {
	unsigned int ni;
	unsigned int nr;
	struct ts i[V2_TS_MAX];
	struct ts r[V2_TS_MAX];
	struct ts seen_i[V2_TS_MAX];
	struct ts seen_r[V2_TS_MAX];
};

static const char *serve_stage(const struct v2_serve *s)
{
	return s->first ? "IKE_AUTH" : "CREATE_CHILD_SA";
}

/* The peer's request can not be had: @error goes back, and the log tells. */
static bool serve_no(struct ike_sa *sa, struct v2_serve *s, uint16_t error)
{
	s->error = error;
	v2_tell_child(sa);
	return false;
}

static bool serve_bad(struct ike_sa *sa, struct v2_serve *s, uint16_t error, const char *what)
{
	char who[V2_WHO];

	report_set(&sa->peer->report, REPORT_SYNTAX, serve_stage(s), "%s sent %s", v2_who(sa, who), what);
	return serve_no(sa, s, error);
}

/* ---- selectors ---- */

static bool serve_read_ts(const struct wire_msg *msg, struct serve_ts *ts)
{
	const struct wire_pl *i = wire_find(msg, P2_TSI), *r = wire_find(msg, P2_TSR);
	unsigned int total;

	return i && r && v2_get_ts(i->body, ts->i, &ts->ni, &total) && ts->ni &&
	       v2_get_ts(r->body, ts->r, &ts->nr, &total) && ts->nr;
}

/* One host behind a NAT is to us whom we see there. */
static void serve_see(const struct ts *ts, unsigned int n, const struct sockaddr_storage *end,
		      struct ts *seen)
{
	struct sockaddr_storage host;
	unsigned int k;

	for (k = 0; k < n; k++) {
		seen[k] = ts[k];
		if (end && v2_ts_one_host(&ts[k], &host))
			v2_ts_set_host(&seen[k], end);
	}
}

/* Who the peer says that it is, if a NAT hides it: its checksums have that address in them. */
static void serve_original(const struct ike_sa *sa, struct v2_serve *s)
{
	struct sockaddr_storage host;

	if (s->transport && sa->nat_peer && v2_ts_one_host(&s->tsi, &host) &&
	    !addr_same_host(&host, &sa->path.remote))
		s->child->natt_oa = host;
}

/* The shape of what the peer wants, for policies made on the spot (generate_policy). */
static void serve_shape(const struct v2_sa *theirs, const struct wire_msg *msg, bool transport,
			struct child_choice *shape)
{
	uint8_t mode = transport ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
	uint32_t cpi;

	memset(shape, 0, sizeof(*shape));
	if (v2_get_ipcomp(msg, &cpi)) {
		shape->p[0].proto = IPPROTO_COMP;
		shape->p[0].mode = mode;
		shape->n = 1;
	}
	shape->p[shape->n].proto = theirs->nprop && theirs->prop[0].proto == V2_PROTO_AH ? IPPROTO_AH : IPPROTO_ESP;
	/* one tunnel for the bundle: what is inside it goes along */
	shape->p[shape->n].mode = shape->n && !transport ? IPSEC_MODE_TRANSPORT : mode;
	shape->n++;
}

/*
 * All selectors against our policies. In transport mode behind a NAT the peer's
 * addresses are replaced by those that we see (RFC 7296 2.23.1); with two NATs
 * both are.
 */
static bool serve_selectors(struct v2_in *in, struct v2_serve *s, const struct v2_sa *theirs)
{
	struct ike_sa *sa = in->sa;
	bool transport = s->transport;
	struct child_choice shape;
	struct serve_ts ts;
	struct policy_offer offer = {
		.local = ts.seen_r,
		.remote = ts.seen_i,
		.local_end = &sa->path.local,
		.remote_end = &sa->path.remote,
		.mode = transport ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL,
	};

	if (!serve_read_ts(&in->msg, &ts))
		return serve_bad(sa, s, V2_N_TS_UNACCEPTABLE, "no traffic selectors that can be read");
	serve_see(ts.i, ts.ni, transport && sa->nat_peer ? &sa->path.remote : NULL, ts.seen_i);
	serve_see(ts.r, ts.nr, transport && sa->nat_us ? &sa->path.local : NULL, ts.seen_r);
	offer.nlocal = ts.nr;
	offer.nremote = ts.ni;
	serve_shape(theirs, &in->msg, transport, &shape);
	s->child = child_serve_offer(sa, &offer, &shape, &s->part);
	if (!s->child)
		return serve_no(sa, s, V2_N_TS_UNACCEPTABLE);
	s->tsi = ts.i[s->part.nth_remote];
	s->tsr = ts.r[s->part.nth_local];
	serve_original(sa, s);
	return true;
}

/* ---- proposal ---- */

static void serve_ipcomp(struct v2_in *in, struct child_sa *child)
{
	struct child_proto *ipcomp = v2_child_ipcomp(child);
	uint32_t cpi;

	if (ipcomp && v2_get_ipcomp(&in->msg, &cpi))
		ipcomp->spi_out = cpi;
	else
		v2_child_drop_ipcomp(in->sa, child);
}

static bool serve_proposal(struct v2_in *in, struct v2_serve *s, const struct v2_sa *theirs)
{
	const struct wire_pl *pl = wire_find(&in->msg, P2_KE);
	struct child_sa *child = s->child;
	const struct alg *wanted = NULL;
	struct ike_sa *sa = in->sa;
	uint16_t group = 0;
	struct chunk ke;

	if (pl && !s->first && !v2_get_ke(pl->body, &group, &ke))
		return serve_bad(sa, s, V2_N_INVALID_SYNTAX, "a malformed KE payload");
	if (!v2_child_proto(child)) {
		report_set(&sa->peer->report, REPORT_NO_PROPOSAL, serve_stage(s),
			   "our policy wants AH and ESP together, which IKEv2 does not negotiate");
		return serve_no(sa, s, V2_N_NO_PROPOSAL_CHOSEN);
	}
	if (!prop_v2_child_choose(child->sainfo, theirs, s->first, group, &wanted, &child->choice,
				  &s->answer, s->spi, &sa->peer->report)) {
		if (!wanted)
			return serve_no(sa, s, V2_N_NO_PROPOSAL_CHOSEN);
		s->error = V2_N_INVALID_KE_PAYLOAD;
		s->group = wanted->v2;
		return false;
	}
	return true;
}

static bool serve_pfs(struct v2_in *in, struct v2_serve *s)
{
	const struct wire_pl *pl = wire_find(&in->msg, P2_KE);
	const char *why = "libcrypto failed";
	char text[REPORT_CELL];
	struct chunk ke;
	uint16_t group;

	if (s->first || !s->child->choice.pfs)
		return true;
	s->dh = crypt_dh_new(s->child->choice.pfs);
	if (pl && v2_get_ke(pl->body, &group, &ke) && s->dh && crypt_dh_shared(s->dh, ke, &s->shared, &why))
		return true;
	snprintf(text, sizeof(text), "a key exchange value that is not usable: %s", why);
	return serve_bad(in->sa, s, V2_N_INVALID_SYNTAX, text);
}

static void serve_note_spi(struct v2_serve *s)
{
	uint32_t spi = v2_child_proto(s->child)->spi_in;

	s->spi[0] = spi >> 24;
	s->spi[1] = spi >> 16;
	s->spi[2] = spi >> 8;
	s->spi[3] = spi;
	s->answer.prop[0].spi = chunk(s->spi, sizeof(s->spi));
}

/* Keys, and the inbound half into the kernel. */
static bool serve_install(struct v2_in *in, struct v2_serve *s)
{
	struct child_keys keys[CHILD_PROTOS];
	struct ike_sa *sa = in->sa;

	if (!child_getspi(s->child))
		return serve_no(sa, s, V2_N_NO_ADDITIONAL_SAS);
	serve_note_spi(s);
	if (!v2_child_keymat(sa, s->child, blob_chunk(&s->shared), s->ni, s->nr, &s->keymat))
		return serve_no(sa, s, V2_N_NO_ADDITIONAL_SAS);
	v2_child_split(s->child, &s->keymat, false, keys);
	return child_install_in(s->child, keys) || serve_no(sa, s, V2_N_NO_ADDITIONAL_SAS);
}

static unsigned int serve_count(const struct ike_sa *sa)
{
	const struct child_sa *child;
	unsigned int n = 0;

	TAILQ_FOREACH(child, &sa->peer->children, link)
		n += child->ike == sa;
	return n;
}

bool v2_serve_child(struct v2_in *in, struct v2_serve *s)
{
	const struct wire_pl *pl = wire_find(&in->msg, P2_SA);
	struct wire_fault fault = { 0 };
	struct ike_sa *sa = in->sa;
	struct v2_sa theirs;
	struct v2_notify n;

	s->msgid = in->hdr.msgid;
	ike_sa_log_begin(sa, "respond new phase 2");
	if (serve_count(sa) >= V2_CHILDREN || sa->ike->closing)
		return serve_bad(sa, s, V2_N_NO_ADDITIONAL_SAS, "one request for a child SA too many");
	if (!pl || !v2_get_sa(pl->body, &theirs, &fault))
		return serve_bad(sa, s, V2_N_INVALID_SYNTAX, "no proposal that can be read");
	s->transport = v2_find_notify(&in->msg, V2_N_USE_TRANSPORT_MODE, &n);
	if (!serve_selectors(in, s, &theirs))
		return false;
	if (serve_proposal(in, s, &theirs) && serve_pfs(in, s)) {
		serve_ipcomp(in, s->child);
		if (serve_install(in, s))
			return true;
	}
	child_free(s->child);
	s->child = NULL;
	return false;
}

/* In transport mode the addresses go back as they came. */
static void serve_put_ts(const struct v2_serve *s, uint8_t payload, const struct ts *asked,
			 struct ts *ts, unsigned int n, struct wire_out *o)
{
	struct sockaddr_storage host;
	unsigned int i;

	for (i = 0; s->transport && i < n; i++) {
		if (v2_ts_one_host(asked, &host))
			v2_ts_set_host(&ts[i], &host);
	}
	v2_put_ts(o, payload, ts, n);
}

void v2_serve_put(struct v2_serve *s, struct wire_out *o)
{
	const struct child_proto *ipcomp = v2_child_ipcomp(s->child);

	if (s->transport)
		v2_put_status(o, V2_N_USE_TRANSPORT_MODE, chunk(NULL, 0));
	if (ipcomp)
		v2_put_ipcomp(o, ipcomp->spi_in);
	if (s->part.more)
		v2_put_status(o, V2_N_ADDITIONAL_TS_POSSIBLE, chunk(NULL, 0));
	v2_put_sa(o, &s->answer);
	if (!s->first)
		wire_put(o, P2_NONCE, s->nr);
	if (s->dh)
		v2_put_ke(o, s->dh->group->v2, blob_chunk(&s->dh->public));
	serve_put_ts(s, P2_TSI, &s->tsi, s->part.remotes, s->part.nremotes, o);
	serve_put_ts(s, P2_TSR, &s->tsr, s->part.locals, s->part.nlocals, o);
}

/* Did the peer ask before it had what we asked for? */
static bool serve_crossed(const struct ike_sa *sa, const struct v2_serve *s,
			  const struct v2_redo *ours)
{
	/* its requests come in turn: one that began after our answer to another knows of ours */
	return ours->ike != ike_sa_our_spi(sa) || s->msgid == ours->next_in;
}

/*
 * What the peer rekeyed has a pair that works, so has what it makes once more
 * under a new IKE SA, and a policy that we made one for at the same time: the new
 * outbound half can wait for the decision.
 */
static bool serve_half(struct ike_sa *sa, struct v2_serve *s)
{
	struct chunk lower = v2_nonce_lower(s->ni, s->nr);
	struct v2_about about = v2_about(s->child);
	uint64_t now = timer_now(), since = now > SERVE_CROSS ? now - SERVE_CROSS : 0;
	struct child_sa *made = NULL;
	const struct v2_redo *ours;
	bool lost, beside = v2_half_beside(sa, s->child);

	v2_redo_add(sa, s->child, false, lower);
	ours = v2_redo_find(sa, &about, true, since);
	if (ours && serve_crossed(sa, s, ours))
		made = child_by_spi_in(sa->ike, ours->proto, ours->spi);
	/* what the peer rekeys it has: no collision with that one */
	if (made && (made == s->old || made->state != CHILD_UP))
		made = NULL;
	if (!s->old && !made && !beside && !v2_half_contested(sa, s->child))
		return false;
	/* of two that were made at once the one with the lowest nonce goes */
	lost = made && ike_nonce_less(lower, blob_chunk(&ours->nonce));
	s->child->replaces = s->old;
	v2_half_add(sa, s->child, &s->keymat, made && !lost ? ours->spi : 0,
		    s->old || made || !beside ? V2_HALF_REKEY : V2_HALF_BESIDE);
	if (lost)
		v2_half_loses(sa, &about);
	return true;
}

void v2_serve_done(struct ike_sa *sa, struct v2_serve *s)
{
	struct child_keys keys[CHILD_PROTOS];
	const struct child_proto *p = v2_child_proto(s->child);
	uint32_t spi_in = p->spi_in, spi_out = p->spi_out;
	uint8_t proto = v2_proto_number(p->proto);

	if (serve_half(sa, s))
		return;
	v2_child_split(s->child, &s->keymat, false, keys);
	if (child_install_out(s->child, keys)) {
		child_up(s->child);
		return;
	}
	v2_delete_child(sa, proto, spi_in, spi_out);
	child_fail(s->child);
}

void v2_serve_wipe(struct v2_serve *s)
{
	crypt_dh_free(s->dh);
	blob_wipe(&s->shared);
	blob_wipe(&s->keymat);
	memset(s, 0, sizeof(*s));
}

/* ---- CREATE_CHILD_SA ---- */

/* One that can not be read: not the wish for one more SA, which the lack of it is. */
static bool serve_old_broken(const struct wire_msg *msg)
{
	struct v2_notify n;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == P2_NOTIFY && !v2_get_notify(msg->pl[i].body, &n) &&
		    n.type == V2_N_REKEY_SA)
			return true;
	}
	return false;
}

/* What a REKEY_SA names; false: an answer has been given, or it is malformed. */
static bool serve_old(struct v2_in *in, struct v2_serve *s)
{
	struct ike_sa *sa = in->sa;
	struct v2_notify n;
	struct reader r;
	uint32_t spi;
	bool later;

	if (serve_old_broken(&in->msg))
		return false;
	if (!v2_find_notify(&in->msg, V2_N_REKEY_SA, &n))
		return true;
	r = reader(n.spi);
	spi = get_be32(&r);
	if (r.failed || r.n || !v2_proto_ip(n.proto))
		return false;
	/* RFC 7296 2.25.1 */
	if (v2_deleting(sa, n.proto, spi)) {
		v2_answer_notify(in, V2_N_TEMPORARY_FAILURE, chunk(NULL, 0));
		return false;
	}
	s->old = child_by_spi_out(sa->peer, v2_proto_ip(n.proto), spi);
	later = s->old ? !s->old->installed && !v2_half_used(sa, s->old) : v2_doing(sa, V2_X_CHILD);
	/*
	 * It may come with the answer to our own request, which this one has overtaken;
	 * or it is there by half, and our own request decides about it.
	 */
	if (later) {
		v2_answer_notify(in, V2_N_TEMPORARY_FAILURE, chunk(NULL, 0));
		return false;
	}
	s->old = child_by_spi_out(sa->peer, v2_proto_ip(n.proto), spi);
	if (!s->old || s->old->ike != sa || !s->old->installed) {
		struct wire_out o;

		wire_begin_chain(&o);
		v2_put_notify(&o, &(struct v2_notify){ .proto = n.proto, .type = V2_N_CHILD_SA_NOT_FOUND, .spi = n.spi });
		v2_answer(in, &o);
		return false;
	}
	return true;
}

static void serve_answer(struct v2_in *in, struct v2_serve *s)
{
	uint8_t group[2] = { s->group >> 8, s->group & 0xff };
	struct wire_out o;

	/* malformed: fatal for the IKE SA, which the dispatcher sees by the missing answer */
	if (s->error == V2_N_INVALID_SYNTAX)
		return;
	if (!s->child) {
		v2_answer_notify(in, s->error, s->group ? chunk(group, 2) : chunk(NULL, 0));
		return;
	}
	wire_begin_chain(&o);
	v2_serve_put(s, &o);
	v2_answer(in, &o);
	v2_serve_done(in->sa, s);
}

/* Does the peer want a new IKE SA? Then its proposal is for IKE. */
static bool serve_is_ike(const struct wire_msg *msg)
{
	const struct wire_pl *pl = wire_find(msg, P2_SA);
	struct wire_fault fault = { 0 };
	struct v2_sa theirs;

	return pl && v2_get_sa(pl->body, &theirs, &fault) && theirs.nprop &&
	       theirs.prop[0].proto == V2_PROTO_IKE;
}

void v2_child_request(struct v2_in *in)
{
	struct ike_sa *sa = in->sa;
	struct v2_state *v2 = sa->v2;
	struct v2_serve s = { 0 };
	struct blob nr = { 0 };

	v2_half_proven(sa);
	if (serve_is_ike(&in->msg)) {
		v2_rekey_request(in);
		return;
	}
	/* its children are about to move, or to go (RFC 7296 2.25.2) */
	if (v2->phase == V2_ENDING || sa->state != IKE_UP || v2_doing(sa, V2_X_REKEY)) {
		v2_answer_notify(in, V2_N_TEMPORARY_FAILURE, chunk(NULL, 0));
		return;
	}
	if (!v2_get_nonce(&in->msg, &s.ni)) {
		v2_tell_syntax(sa, "CREATE_CHILD_SA", "no nonce of a legal size");
		return;
	}
	if (!serve_old(in, &s))
		return;
	v2_nonce_make(&nr, v2_nonce_size(sa));
	s.nr = blob_chunk(&nr);
	v2_serve_child(in, &s);
	serve_answer(in, &s);
	v2_serve_wipe(&s);
	blob_wipe(&nr);
}
