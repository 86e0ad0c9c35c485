// SPDX-License-Identifier: GPL-2.0
/*
 * Child SAs as initiator: the request in IKE_AUTH or CREATE_CHILD_SA, and what
 * the peer's answer makes of it.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ikev2/v2.h"

static const char *child_stage(bool first)
{
	return first ? "IKE_AUTH" : "CREATE_CHILD_SA";
}

static bool child_transport(const struct child_sa *child)
{
	return child->choice.n && child->choice.p[0].mode == IPSEC_MODE_TRANSPORT;
}

/* ---- the request ---- */

bool v2_child_possible(struct child_sa *child)
{
	struct report *r = &child->peer->report;
	char text[2 * TS_TEXT];

	if (v2_child_proto(child))
		return true;
	report_set(r, REPORT_NO_PROPOSAL, "CREATE_CHILD_SA",
		   "IKEv2 negotiates ESP or AH for a policy, not both: %s", child_text(child, text));
	report_fix(r, "leave ah out of the policy: ESP has integrity; or testudo { ike_version 1; }");
	child_fail(child);
	return false;
}

bool v2_child_prepare(struct ike_sa *sa, struct child_sa *child)
{
	if (!v2_child_possible(child))
		return false;
	if (!child->larval && !child_getspi(child)) {
		child_fail(child);
		return false;
	}
	ike_sa_log_begin(sa, "initiate new phase 2");
	return true;
}

void v2_child_put(struct child_sa *child, bool first, struct wire_out *o)
{
	const struct child_proto *ipcomp = v2_child_ipcomp(child);
	struct v2_sa offer;
	uint8_t spi[4];

	if (child_transport(child))
		v2_put_status(o, V2_N_USE_TRANSPORT_MODE, chunk(NULL, 0));
	if (ipcomp)
		v2_put_ipcomp(o, ipcomp->spi_in);
	prop_v2_child_offer(child->sainfo, &child->choice, first, spi, &offer);
	v2_put_sa(o, &offer);
	if (!first)
		wire_put(o, P2_NONCE, blob_chunk(&child->nonce_i));
	if (!first && child->dh)
		v2_put_ke(o, child->dh->group->v2, blob_chunk(&child->dh->public));
	v2_put_ts(o, P2_TSI, &child->local, 1);
	v2_put_ts(o, P2_TSR, &child->remote, 1);
}

static void child_put_rekey(const struct child_sa *old, struct wire_out *o)
{
	const struct child_proto *p = v2_child_proto((struct child_sa *)old);
	const uint8_t spi[4] = { p->spi_in >> 24, p->spi_in >> 16, p->spi_in >> 8, p->spi_in };
	const struct v2_notify n = {
		.proto = v2_proto_number(p->proto),
		.type = V2_N_REKEY_SA,
		.spi = chunk(spi, sizeof(spi)),
	};

	v2_put_notify(o, &n);
}

/* A child that nobody needs any more ends without a failure. */
static void child_quietly(struct child_sa *child)
{
	child->exchange = NULL;
	child_free(child);
}

/* The peer was faster: what this one is for is there, or about to be. */
bool v2_child_served(struct ike_sa *sa, struct child_sa *child)
{
	struct child_sa *other;

	if (v2_half_waits(sa, child))
		return true;
	if (child->replaces)
		return child->replaces->state != CHILD_UP;
	TAILQ_FOREACH(other, &sa->peer->children, link) {
		/* one of a run before us is what this is to replace */
		if (other != child && other->state == CHILD_UP && other->policy == child->policy &&
		    !other->adopted && other->created >= child->created)
			return true;
	}
	return false;
}

static bool child_new_dh(struct ike_sa *sa, struct child_sa *child)
{
	crypt_dh_free(child->dh);
	child->dh = NULL;
	if (!child->choice.pfs)
		return true;
	child->dh = crypt_dh_new(child->choice.pfs);
	if (!child->dh)
		report_set(&sa->peer->report, REPORT_CRYPTO, "CREATE_CHILD_SA",
			   "libcrypto makes no key for the group %s", child->choice.pfs->name);
	return child->dh;
}

bool v2_child_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o)
{
	struct child_sa *child = x->child;

	if (!child)
		return false;
	if (v2_child_served(sa, child)) {
		child_quietly(child);
		return false;
	}
	/* the kernel asks though there is one: it takes that one's place, so that none is left over */
	if (!child->replaces)
		child->replaces = v2_half_in_use(sa, child);
	child->exchange = NULL;
	if (!v2_child_prepare(sa, child))
		return false;
	if (!child_new_dh(sa, child)) {
		child_fail(child);
		return false;
	}
	child->exchange = x;
	child_bound(child);
	blob_wipe(&child->nonce_i);
	v2_nonce_make(&child->nonce_i, v2_nonce_size(sa));
	x->proto = v2_proto_number(v2_child_proto(child)->proto);
	x->spi = v2_child_proto(child)->spi_in;
	x->about = v2_about(child);
	x->since = timer_now();
	x->ngone = 0;
	if (child->replaces)
		child_put_rekey(child->replaces, o);
	v2_child_put(child, false, o);
	return true;
}

/* ---- the answer ---- */

static void child_tell_selectors(struct ike_sa *sa, struct child_sa *child, bool first)
{
	struct report *r = &sa->peer->report;
	char ours[TS_TEXT], theirs[TS_TEXT], who[V2_WHO];
	const char *mode = child_transport(child) ? "transport" : "tunnel";

	ts_text(&child->local, ours);
	ts_text(&child->remote, theirs);
	report_set(r, REPORT_SELECTOR, child_stage(first),
		   "%s has no policy in %s mode for %s (here) and %s (there) (TS_UNACCEPTABLE)",
		   v2_who(sa, who), mode, ours, theirs);
	report_row(r, true, "our selector", ours, "not told");
	report_row(r, true, "peer's selector", theirs, "not told");
	report_row(r, false, "mode", mode, "not told");
	report_fix(r, "the same policy there with its ends exchanged, or generate_policy on;");
}

static void child_tell_proposal(struct ike_sa *sa, struct child_sa *child, bool first)
{
	struct report *r = &sa->peer->report;
	struct v2_sa offer;
	char who[V2_WHO];
	uint8_t spi[4];

	report_set(r, REPORT_NO_PROPOSAL, child_stage(first),
		   "%s takes none of the child SA's proposals that we offer (NO_PROPOSAL_CHOSEN)",
		   v2_who(sa, who));
	prop_v2_child_offer(child->sainfo, &child->choice, first, spi, &offer);
	v2_tell_offer(r, &offer, "not told");
	report_fix(r, "compare the sainfo blocks of both ends");
}

static void child_refused(struct ike_sa *sa, struct child_sa *child, uint16_t error, bool first)
{
	struct report *r = &sa->peer->report;
	char who[V2_WHO], text[2 * TS_TEXT];

	if (error == V2_N_TS_UNACCEPTABLE)
		child_tell_selectors(sa, child, first);
	else if (error == V2_N_NO_PROPOSAL_CHOSEN)
		child_tell_proposal(sa, child, first);
	else if (error == V2_N_SINGLE_PAIR_REQUIRED)
		report_set(r, REPORT_SELECTOR, child_stage(first),
			   "%s makes child SAs for one pair of addresses only, not for %s (SINGLE_PAIR_REQUIRED)",
			   v2_who(sa, who), child_text(child, text));
	else
		report_set(r, REPORT_REFUSED, child_stage(first), "%s refused the child SA for %s: %s",
			   v2_who(sa, who), child_text(child, text), wire_v2_notify_name(error));
	r->authentic = true;
	child_fail(child);
}

static bool child_say(struct ike_sa *sa, bool first, const char *what)
{
	char who[V2_WHO];

	report_set(&sa->peer->report, REPORT_SYNTAX, child_stage(first), "%s answered %s",
		   v2_who(sa, who), what);
	return false;
}

/*
 * Transport mode behind NATs (RFC 7296 2.23.1): what the peer says of itself is
 * kept for its checksums; the SA is between the addresses that we see.
 */
static void child_undo_nat(struct ike_sa *sa, struct child_sa *child, struct ts *ours,
			   struct ts *theirs)
{
	struct sockaddr_storage host;

	if (!child_transport(child))
		return;
	if (sa->nat_us)
		v2_ts_set_host(ours, &child->choice.p[0].src);
	if (!sa->nat_peer || !v2_ts_one_host(theirs, &host))
		return;
	if (!addr_same_host(&host, &sa->path.remote))
		child->natt_oa = host;
	v2_ts_set_host(theirs, &child->choice.p[0].dst);
}

static bool child_read_ts(const struct wire_msg *msg, uint8_t payload, struct ts *ts, unsigned int *n)
{
	const struct wire_pl *pl = wire_find(msg, payload);
	unsigned int total;

	return pl && v2_get_ts(pl->body, ts, n, &total) && *n;
}

static bool child_in(const struct ts *asked, const struct ts *ts, unsigned int n)
{
	while (n && ts_contains(asked, &ts[n - 1]))
		n--;
	return !n;
}

/* Of several ranges none is the child SA's: it goes on asking for all of them. */
static void child_narrowed(struct ts *asked, const struct ts *ts, unsigned int n)
{
	if (n == 1)
		*asked = ts[0];
}

/* The selectors may be narrower than ours, never wider. */
static bool child_selectors(struct ike_sa *sa, const struct wire_msg *msg, struct child_sa *child,
			    bool first)
{
	struct ts ours[V2_TS_MAX], theirs[V2_TS_MAX];
	unsigned int nours, ntheirs;
	char a[TS_TEXT], b[TS_TEXT];

	if (!child_read_ts(msg, P2_TSI, ours, &nours) || !child_read_ts(msg, P2_TSR, theirs, &ntheirs))
		return child_say(sa, first, "without traffic selectors that can be read");
	child_undo_nat(sa, child, &ours[0], &theirs[0]);
	if (!child_in(&child->local, ours, nours) || !child_in(&child->remote, theirs, ntheirs)) {
		child_say(sa, first, "with wider traffic selectors than asked for");
		report_row(&sa->peer->report, true, "our selector", ts_text(&child->local, a),
			   ts_text(&ours[0], b));
		report_row(&sa->peer->report, true, "peer's selector", ts_text(&child->remote, a),
			   ts_text(&theirs[0], b));
		return false;
	}
	if (!ts_equal(&child->local, &ours[0]) || !ts_equal(&child->remote, &theirs[0]))
		log_info("%s: selectors narrowed to %s%s - %s%s", sa->peer->conf->name,
			 ts_text(&ours[0], a), nours > 1 ? " and others" : "",
			 ts_text(&theirs[0], b), ntheirs > 1 ? " and others" : "");
	child_narrowed(&child->local, ours, nours);
	child_narrowed(&child->remote, theirs, ntheirs);
	return true;
}

static bool child_modes(struct ike_sa *sa, const struct wire_msg *msg, struct child_sa *child,
			bool first)
{
	struct child_proto *ipcomp = v2_child_ipcomp(child);
	char who[V2_WHO];
	struct v2_notify n;
	uint32_t cpi;

	if (v2_find_notify(msg, V2_N_USE_TRANSPORT_MODE, &n) != child_transport(child)) {
		report_set(&sa->peer->report, REPORT_SELECTOR, child_stage(first),
			   "%s wants %s mode where our policy says %s", v2_who(sa, who),
			   child_transport(child) ? "tunnel" : "transport",
			   child_transport(child) ? "transport" : "tunnel");
		return false;
	}
	if (ipcomp && v2_get_ipcomp(msg, &cpi))
		ipcomp->spi_out = cpi;
	else
		v2_child_drop_ipcomp(sa, child);
	return true;
}

static bool child_shared(struct ike_sa *sa, const struct wire_msg *msg, struct child_sa *child,
			 struct blob *shared)
{
	const struct wire_pl *pl = wire_find(msg, P2_KE);
	const char *why = "it is missing";
	struct chunk ke;
	uint16_t group;
	char who[V2_WHO];

	/* PFS was offered and not taken: the accepted proposal has no group */
	if (!child->choice.pfs)
		return true;
	if (pl && v2_get_ke(pl->body, &group, &ke) && child->dh && group == child->choice.pfs->v2 &&
	    child->dh->group == child->choice.pfs && crypt_dh_shared(child->dh, ke, shared, &why))
		return true;
	report_set(&sa->peer->report, REPORT_SYNTAX, "CREATE_CHILD_SA",
		   "%s: its key exchange value is not usable: %s", v2_who(sa, who), why);
	return false;
}

/* All that the answer says, down to the keys; nothing is installed yet. */
static bool child_agree(struct ike_sa *sa, const struct wire_msg *msg, struct child_sa *child,
			bool first, struct blob *keymat)
{
	const struct wire_pl *pl = wire_find(msg, P2_SA);
	struct chunk ni = blob_chunk(&sa->v2->ni), nr = blob_chunk(&sa->v2->nr);
	struct wire_fault fault = { 0 };
	struct blob shared = { 0 };
	struct v2_sa theirs;
	bool ok;

	if (!pl || !v2_get_sa(pl->body, &theirs, &fault))
		return child_say(sa, first, "without a proposal that can be read");
	if (!prop_v2_child_accept(child->sainfo, &theirs, first, &child->choice, &sa->peer->report))
		return false;
	if (!child_modes(sa, msg, child, first) || !child_selectors(sa, msg, child, first))
		return false;
	if (!first) {
		if (!v2_get_nonce(msg, &nr))
			return child_say(sa, first, "without a nonce of a legal size");
		ni = blob_chunk(&child->nonce_i);
		if (!child_shared(sa, msg, child, &shared))
			return false;
	}
	ok = v2_child_keymat(sa, child, blob_chunk(&shared), ni, nr, keymat);
	blob_wipe(&shared);
	return ok;
}

static bool child_use(struct child_sa *child, const struct blob *keymat)
{
	struct child_keys keys[CHILD_PROTOS];

	v2_child_split(child, keymat, true, keys);
	if (!child_install(child, keys))
		return false;
	child_up(child);
	return true;
}

/* The peer has made it, we can not use it. */
static void child_unusable(struct ike_sa *sa, struct v2_exchange *x, struct child_sa *child)
{
	const struct child_proto *p = v2_child_proto(child);

	v2_delete_child(sa, x->proto, x->spi, p ? p->spi_out : 0);
	child_fail(child);
}

/* It went away while the exchange was under way; the peer may have made it. */
static bool child_went(struct v2_in *in, struct v2_exchange *x, uint16_t error)
{
	if (x->child) {
		x->child->exchange = NULL;
		return false;
	}
	if (x->spi && !error)
		v2_delete_child(in->sa, x->proto, x->spi, 0);
	return true;
}

static uint16_t child_error(const struct wire_msg *msg)
{
	return wire_find(msg, P2_SA) ? 0 : v2_first_error(msg);
}

/* Both ends made one at once: did the exchange that we began lose? (RFC 7296 2.8.1) */
static bool child_lost(struct ike_sa *sa, struct v2_exchange *x, struct child_sa *child,
		       struct chunk ni, struct chunk nr)
{
	struct chunk lower = v2_nonce_lower(ni, nr);
	const struct v2_redo *theirs;
	struct v2_redo *ours;

	ours = v2_redo_add(sa, child, true, lower);
	/* before IKE_AUTH's answer nothing can be asked under this IKE SA */
	if (x->what == V2_X_AUTH)
		ours->next_in = UINT32_MAX;
	theirs = v2_redo_find(sa, &x->about, false, x->since);
	if (!theirs)
		return false;
	log_debug("%s: both ends made the same child SA", sa->peer->conf->name);
	if (ike_nonce_less(lower, blob_chunk(&theirs->nonce)))
		return true;
	v2_half_loses(sa, &x->about);
	return false;
}

/* Of two IKE SAs that both ends began at once, the one whose child lost goes. */
static void child_lost_first(struct ike_sa *sa, struct v2_exchange *x, struct child_sa *child)
{
	v2_delete_child(sa, x->proto, x->spi, v2_child_proto(child)->spi_out);
	child_free(child);
	v2_close_idle(sa);
}

void v2_child_first_answer(struct v2_in *in, struct v2_exchange *x)
{
	uint16_t error = child_error(&in->msg);
	struct child_sa *child = x->child;
	struct ike_sa *sa = in->sa;
	struct blob keymat = { 0 };

	if (child_went(in, x, error))
		return;
	if (error)
		child_refused(sa, child, error, true);
	else if (!child_agree(sa, &in->msg, child, true, &keymat))
		child_unusable(sa, x, child);
	else if (child_lost(sa, x, child, blob_chunk(&sa->v2->ni), blob_chunk(&sa->v2->nr)))
		child_lost_first(sa, x, child);
	else if (!child_use(child, &keymat))
		child_unusable(sa, x, child);
	blob_wipe(&keymat);
}

/* Was it deleted by the peer before we knew of it? */
static bool child_stillborn(const struct v2_exchange *x, struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < x->ngone; i++) {
		if (x->gone[i] == v2_child_proto(child)->spi_out)
			return true;
	}
	return false;
}

static void child_made(struct v2_in *in, struct v2_exchange *x)
{
	struct child_sa *child = x->child;
	struct ike_sa *sa = in->sa;
	struct blob keymat = { 0 };
	struct chunk nr;

	if (!child_agree(sa, &in->msg, child, false, &keymat)) {
		child_unusable(sa, x, child);
	} else if (child_stillborn(x, child)) {
		child_free(child);
	} else if (v2_get_nonce(&in->msg, &nr) &&
		   child_lost(sa, x, child, blob_chunk(&child->nonce_i), nr)) {
		v2_delete_child(sa, x->proto, x->spi, v2_child_proto(child)->spi_out);
		child_free(child);
	} else if (!child_use(child, &keymat)) {
		child_unusable(sa, x, child);
	}
	blob_wipe(&keymat);
}

/* The peer has not got what we want to rekey: it goes, and a new one is made without it. */
static bool child_not_found(struct ike_sa *sa, struct v2_exchange *x)
{
	struct child_sa *old = x->child->replaces;

	if (v2_redo_find(sa, &x->about, false, x->since))
		return false;
	if (old) {
		old->installed = false;
		child_close(old, REPORT_DELETED);
	}
	return v2_queue_again(sa, x);
}

void v2_child_answer(struct v2_in *in, struct v2_exchange *x)
{
	uint16_t error = child_error(&in->msg);
	struct child_sa *child = x->child;
	struct ike_sa *sa = in->sa;
	bool again = false;

	if (child_went(in, x, error)) {
		v2_exchange_free(x);
		return;
	}
	if (!error) {
		child_made(in, x);
	} else {
		if (error == V2_N_TEMPORARY_FAILURE)
			again = v2_queue_again(sa, x);
		else if (error == V2_N_CHILD_SA_NOT_FOUND)
			again = child_not_found(sa, x);
		if (again) {
			child->exchange = x;
			return;
		}
		if (v2_redo_find(sa, &x->about, false, x->since))
			child_quietly(child);
		else
			child_refused(sa, child, error, false);
	}
	v2_exchange_free(x);
}
