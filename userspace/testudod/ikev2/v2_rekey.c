// SPDX-License-Identifier: GPL-2.0
/*
 * A new IKE SA in place of the old one (RFC 7296 1.3.2, 2.18), both roles. The
 * child SAs move to it, its initiator deletes the old one. If both ends begin
 * at once, two heirs are made, and the one of the exchange with the lowest nonce
 * is deleted by whoever began that (2.8.2).
 */
#include <string.h>

#include "ikev2/v2.h"

#define STAGE	    "CREATE_CHILD_SA"
#define REKEY_LOSER 30000 /* ms that the peer has to delete the heir that lost */
#define REKEY_AGAIN 60000 /* ms after a refusal */

static uint64_t rekey_get_spi(struct chunk spi)
{
	struct reader r = reader(spi);
	uint64_t v = get_be64(&r);

	return r.failed || r.n ? 0 : v;
}

/*
 * The heir of @sa, as the one who asks for it or not. It knows whom it is with, so
 * it is no half-open one, and lives as long as the exchange that makes it.
 */
static struct ike_sa *rekey_heir(struct ike_sa *sa, bool initiator)
{
	struct ike_sa *heir = ike_sa_new(sa->peer, 2, initiator, &sa->path);
	struct v2_state *v2 = v2_state_new(heir);

	timer_stop(&heir->give_up);
	heir->nat_us = sa->nat_us;
	heir->nat_peer = sa->nat_peer;
	heir->peer_frag = sa->peer_frag;
	id_copy(&heir->my_id, &sa->my_id);
	id_copy(&heir->peer_id, &sa->peer_id);
	if (sa->peer_cert)
		heir->peer_cert = cert_parse(cert_der(sa->peer_cert));
	v2->mtu = sa->v2->mtu;
	v2->rfc7427 = sa->v2->rfc7427;
	v2->hashes = sa->v2->hashes;
	v2->parent = sa;
	return heir;
}

static bool rekey_keys(struct ike_sa *sa, struct ike_sa *heir, struct chunk shared)
{
	struct v2_state *v2 = heir->v2;
	struct chunk ni = blob_chunk(&v2->ni), nr = blob_chunk(&v2->nr);
	struct blob seed = { 0 };
	bool ok;

	ok = crypt_v2_skeyseed_rekey(sa->suite.prf, blob_chunk(&sa->v2->keys.d), shared, ni, nr, &seed) &&
	     crypt_v2_keys(&heir->suite, blob_chunk(&seed), ni, nr, heir->spi_i, heir->spi_r, &v2->keys);
	blob_wipe(&seed);
	if (!ok)
		return false;
	v2->phase = V2_OPEN;
	return true;
}

void v2_rekey_abandon(struct ike_sa *heir)
{
	heir->v2->parent = NULL;
	ike_sa_kill(heir);
}

/* The peer's heir that waits for a decision, if it still lives. */
static struct ike_sa *rekey_theirs(const struct ike_sa *sa)
{
	struct ike_sa *heir = sa->v2->heir_theirs;

	return heir && heir->state != IKE_DEAD ? heir : NULL;
}

static void rekey_succeed(struct ike_sa *sa, struct ike_sa *heir)
{
	v2_half_finish_all(sa);
	v2_half_move(sa, heir);
	heir->v2->parent = NULL;
	if (sa->v2->heir_theirs == heir)
		sa->v2->heir_theirs = NULL;
	ike_sa_up(heir);
	ike_sa_replace(sa, heir);
	v2_queue_move(sa, heir);
	v2_pump(heir);
}

/* The heir that lost is the peer's to delete; if it forgets, it just ends. */
static void rekey_lost_theirs(struct ike_sa *sa)
{
	struct ike_sa *heir = sa->v2->heir_theirs;

	sa->v2->heir_theirs = NULL;
	heir->v2->parent = NULL;
	heir->state = IKE_CLOSING;
	timer_set(&heir->v2->refusal, REKEY_LOSER);
}

static void rekey_lost_ours(struct ike_sa *heir)
{
	heir->v2->parent = NULL;
	heir->state = IKE_REPLACED;
	v2_close(heir);
}

/* ---- as initiator ---- */

bool v2_rekey_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o)
{
	const struct alg *group = prop_v2_ike_group(sa->peer->conf, x->group);
	struct v2_sa offer;
	uint8_t spi[8];

	if (sa->state != IKE_UP || rekey_theirs(sa))
		return false;
	crypt_dh_free(x->dh);
	x->dh = group ? crypt_dh_new(group) : NULL;
	if (!x->dh) {
		log_error("%s: libcrypto makes no key to rekey the IKE SA", sa->peer->conf->name);
		return false;
	}
	x->sa = rekey_heir(sa, true);
	v2_nonce_make(&x->sa->v2->ni, v2_nonce_size(sa));
	ike_spi_bytes(x->sa->spi_i, spi);
	prop_v2_ike_offer(sa->peer->conf, chunk(spi, sizeof(spi)), &offer);
	v2_put_sa(o, &offer);
	wire_put(o, P2_NONCE, blob_chunk(&x->sa->v2->ni));
	v2_put_ke(o, x->dh->group->v2, blob_chunk(&x->dh->public));
	log_debug("%s: rekeying the IKE SA", sa->peer->conf->name);
	return true;
}

/* What the peer chose, down to the keys of the heir. */
static bool rekey_agree(struct ike_sa *sa, struct v2_exchange *x, const struct wire_msg *msg)
{
	const struct wire_pl *pl = wire_find(msg, P2_SA), *ke = wire_find(msg, P2_KE);
	struct report *r = &sa->peer->report;
	struct wire_fault fault = { 0 };
	struct ike_sa *heir = x->sa;
	struct blob shared = { 0 };
	struct v2_sa theirs;
	struct chunk nr, value;
	const char *why = NULL;
	uint16_t group;
	bool ok;

	if (!pl || !ke || !v2_get_sa(pl->body, &theirs, &fault) || !v2_get_nonce(msg, &nr) ||
	    !v2_get_ke(ke->body, &group, &value) || !theirs.nprop) {
		v2_tell_syntax(sa, STAGE, "an answer that can not be read");
		return false;
	}
	if (!prop_v2_ike_accept(sa->peer->conf, &theirs, &heir->suite, r))
		return false;
	heir->spi_r = rekey_get_spi(theirs.prop[0].spi);
	if (!heir->spi_r || heir->suite.dh != x->dh->group || group != heir->suite.dh->v2 ||
	    !crypt_dh_shared(x->dh, value, &shared, &why)) {
		v2_tell_syntax(sa, STAGE, why ? why : "an answer with another group or without an SPI");
		return false;
	}
	blob_set(&heir->v2->nr, nr);
	ok = rekey_keys(sa, heir, blob_chunk(&shared));
	blob_wipe(&shared);
	if (!ok)
		report_set(r, REPORT_CRYPTO, STAGE, "libcrypto made no keys");
	return ok;
}

static void rekey_made(struct ike_sa *sa, struct v2_exchange *x)
{
	struct v2_state *hv = x->sa->v2;
	struct chunk lower = v2_nonce_lower(blob_chunk(&hv->ni), blob_chunk(&hv->nr));
	struct ike_sa *theirs = rekey_theirs(sa);

	if (theirs && ike_nonce_less(lower, blob_chunk(&sa->v2->heir_nonce))) {
		log_debug("%s: both ends rekeyed the IKE SA; the peer's is used", sa->peer->conf->name);
		rekey_lost_ours(x->sa);
		rekey_succeed(sa, theirs);
		return;
	}
	if (theirs)
		rekey_lost_theirs(sa);
	rekey_succeed(sa, x->sa);
	v2_close(sa);
}

/* The peer refused, or its answer is of no use. Another group, later, or not at all. */
static bool rekey_retry(struct ike_sa *sa, struct v2_exchange *x, const struct wire_msg *msg,
			uint16_t error)
{
	struct v2_notify n;
	struct reader r;
	uint16_t group;

	if (error == V2_N_TEMPORARY_FAILURE)
		return v2_queue_again(sa, x);
	if (error != V2_N_INVALID_KE_PAYLOAD || x->group || !v2_find_notify(msg, error, &n))
		return false;
	r = reader(n.data);
	group = get_be16(&r);
	if (r.failed || !group || group == x->dh->group->v2 ||
	    !prop_v2_ike_group(sa->peer->conf, group))
		return false;
	x->group = group;
	TAILQ_INSERT_HEAD(&sa->v2->queue, x, link);
	return true;
}

void v2_rekey_answer(struct v2_in *in, struct v2_exchange *x)
{
	struct ike_sa *sa = in->sa, *heir = x->sa;
	uint16_t error = wire_find(&in->msg, P2_SA) ? 0 : v2_first_error(&in->msg);
	bool ok;

	/* it has gone in the meantime, with all others of that peer */
	if (!heir || heir->state == IKE_DEAD) {
		v2_exchange_free(x);
		return;
	}
	ok = !error && rekey_agree(sa, x, &in->msg);
	if (ok) {
		rekey_made(sa, x);
		v2_exchange_free(x);
		return;
	}
	x->sa = NULL;
	v2_rekey_abandon(heir);
	if (rekey_theirs(sa)) {
		rekey_succeed(sa, rekey_theirs(sa));
		v2_exchange_free(x);
		return;
	}
	if (error && rekey_retry(sa, x, &in->msg, error))
		return;
	if (error)
		v2_tell_error(sa, error, STAGE, true);
	log_warn("%s: the IKE SA was not rekeyed: %s", sa->peer->conf->name, sa->peer->report.sentence);
	v2_exchange_free(x);
	/* the peer has gone over to one that we can not follow it to, with all child SAs */
	if (!error) {
		ike_sa_end(sa, sa->peer->report.cause, sa->peer->report.sentence);
		return;
	}
	x = v2_queue_new(sa, V2_X_REKEY);
	x->not_before = timer_now() + REKEY_AGAIN;
}

/* ---- as responder ---- */

/* Not now: a child SA is being made or ended, or this IKE SA is (RFC 7296 2.25.2). */
static bool rekey_busy(const struct ike_sa *sa)
{
	return sa->v2->phase != V2_OPEN || sa->state != IKE_UP || rekey_theirs(sa) ||
	       v2_doing(sa, V2_X_CHILD) || v2_doing(sa, V2_X_DELETE) || sa->ike->closing;
}

/**
 * struct rekey_serve - the peer's wish under examination
 * @suite: what we choose
 * @answer: SA payload
 * @spi: the peer's new one
 * @ni: its nonce
 * @dh: our key pair
 * @shared: secret
 */
struct rekey_serve {
	struct suite suite;
	struct v2_sa answer;
	uint64_t spi;
	struct chunk ni;
	struct crypt_dh *dh;
	struct blob shared;
};

static const struct wire_prop *rekey_chosen(const struct v2_sa *theirs, const struct v2_sa *answer)
{
	unsigned int i;

	for (i = 0; i < theirs->nprop; i++) {
		if (answer->nprop && theirs->prop[i].number == answer->prop[0].number)
			return &theirs->prop[i];
	}
	return NULL;
}

/* False: it has been answered with an error, or is malformed and has not. */
static bool rekey_check(struct v2_in *in, struct rekey_serve *s)
{
	const struct wire_pl *pl = wire_find(&in->msg, P2_SA), *ke = wire_find(&in->msg, P2_KE);
	struct ike_sa *sa = in->sa;
	struct wire_fault fault = { 0 };
	const struct wire_prop *prop;
	struct v2_sa theirs;
	const char *why = NULL;
	struct chunk value;
	uint8_t wanted[2];
	uint16_t group;

	if (!v2_get_sa(pl->body, &theirs, &fault) || !v2_get_nonce(&in->msg, &s->ni) || !ke ||
	    !v2_get_ke(ke->body, &group, &value))
		return false;
	if (!prop_v2_ike_choose(sa->peer->conf, &theirs, &s->suite, &s->answer, &sa->peer->report)) {
		v2_answer_notify(in, V2_N_NO_PROPOSAL_CHOSEN, chunk(NULL, 0));
		return false;
	}
	prop = rekey_chosen(&theirs, &s->answer);
	s->spi = prop ? rekey_get_spi(prop->spi) : 0;
	if (!s->spi)
		return false;
	if (group != s->suite.dh->v2) {
		wanted[0] = s->suite.dh->v2 >> 8;
		wanted[1] = s->suite.dh->v2 & 0xff;
		v2_answer_notify(in, V2_N_INVALID_KE_PAYLOAD, chunk(wanted, 2));
		return false;
	}
	s->dh = crypt_dh_new(s->suite.dh);
	return s->dh && crypt_dh_shared(s->dh, value, &s->shared, &why);
}

static void rekey_answer(struct v2_in *in, struct rekey_serve *s, struct ike_sa *heir)
{
	struct wire_out o;
	uint8_t spi[8];

	ike_spi_bytes(heir->spi_r, spi);
	s->answer.prop[0].spi = chunk(spi, sizeof(spi));
	wire_begin_chain(&o);
	v2_put_sa(&o, &s->answer);
	wire_put(&o, P2_NONCE, blob_chunk(&heir->v2->nr));
	v2_put_ke(&o, s->dh->group->v2, blob_chunk(&s->dh->public));
	v2_answer(in, &o);
}

static void rekey_begin(struct v2_in *in, struct rekey_serve *s)
{
	struct ike_sa *sa = in->sa, *heir = rekey_heir(sa, false);
	struct v2_state *v2 = heir->v2;

	heir->spi_i = s->spi;
	heir->suite = s->suite;
	blob_set(&v2->ni, s->ni);
	v2_nonce_make(&v2->nr, v2_nonce_size(sa));
	if (!rekey_keys(sa, heir, blob_chunk(&s->shared))) {
		v2_rekey_abandon(heir);
		v2_answer_notify(in, V2_N_NO_ADDITIONAL_SAS, chunk(NULL, 0));
		return;
	}
	rekey_answer(in, s, heir);
	if (!v2_doing(sa, V2_X_REKEY)) {
		rekey_succeed(sa, heir);
		return;
	}
	/* two heirs: the answer to our own request decides */
	sa->v2->heir_theirs = heir;
	blob_set(&sa->v2->heir_nonce, v2_nonce_lower(blob_chunk(&v2->ni), blob_chunk(&v2->nr)));
}

void v2_rekey_request(struct v2_in *in)
{
	struct rekey_serve s = { 0 };

	if (rekey_busy(in->sa)) {
		v2_answer_notify(in, V2_N_TEMPORARY_FAILURE, chunk(NULL, 0));
		return;
	}
	if (rekey_check(in, &s))
		rekey_begin(in, &s);
	crypt_dh_free(s.dh);
	blob_wipe(&s.shared);
}

bool v2_rekey_inherit(struct ike_sa *sa)
{
	struct ike_sa *heir = rekey_theirs(sa);

	if (v2_doing(sa, V2_X_REKEY) && sa->v2->now->sa) {
		v2_rekey_abandon(sa->v2->now->sa);
		sa->v2->now->sa = NULL;
	}
	if (!heir)
		return false;
	rekey_succeed(sa, heir);
	return true;
}
