// SPDX-License-Identifier: GPL-2.0
/*
 * What main and aggressive mode have in common: the state's birth and end,
 * which payloads a message may have, Diffie-Hellman and the key schedule, and
 * how phase 1 comes up or fails. It knows no order of messages.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "ikev1/v1_room.h"

#define V1_NONCE_MIN 8 /* bytes (RFC 2409 5) */
#define V1_NONCE_MAX 256

/* payloads that any message may have more than once */
#define V1_MANY (V1_BIT(P1_CERT) | V1_BIT(P1_CERTREQ) | V1_BIT(P1_VID) | V1_BIT(P1_NOTIFY) | \
		 V1_BIT(P1_DELETE) | V1_BIT(P1_NAT_D) | V1_BIT(P1_NAT_OA) |                  \
		 V1_BIT(P1_NAT_D_DRAFT) | V1_BIT(P1_NAT_OA_DRAFT))

void v1_state_new(struct ike_sa *sa, uint8_t exchange, enum v1_phase phase)
{
	sa->v1 = xcalloc(1, sizeof(*sa->v1));
	sa->v1->exchange = exchange;
	sa->v1->phase = phase;
	TAILQ_INIT(&sa->v1->quick);
}

void v1_state_free(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;
	struct v1_exchange *x;
	unsigned int i;

	if (!v1)
		return;
	while ((x = TAILQ_FIRST(&v1->quick)))
		v1_exchange_free(x);
	crypt_dh_free(v1->dh);
	blob_free(&v1->sai_b);
	blob_free(&v1->gxi);
	blob_free(&v1->gxr);
	blob_free(&v1->ni);
	blob_free(&v1->nr);
	blob_free(&v1->idii);
	blob_free(&v1->idir);
	blob_wipe(&v1->shared);
	crypt_v1_keys_wipe(&v1->keys);
	frag_free(&v1->frag);
	for (i = 0; i < v1->nearly; i++)
		blob_free(&v1->early[i].data);
	OPENSSL_cleanse(v1, sizeof(*v1));
	free(v1);
	sa->v1 = NULL;
}

/**
 * v1_payloads_ok() - the set of payloads that a message has
 * @msg: message
 * @need: those that must be there
 * @may: those that may; all but certificates, vendor ids, notifications and
 *	NAT payloads once only (ID twice in quick mode, see there)
 * @why: what is wrong
 *
 * Return: false if the message is to be dropped.
 */
bool v1_payloads_ok(const struct wire_msg *msg, uint32_t need, uint32_t may, const char **why)
{
	uint32_t seen = 0, bit;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		uint8_t type = msg->pl[i].type;

		if (type >= 30 && type != P1_NAT_D_DRAFT && type != P1_NAT_OA_DRAFT) {
			*why = "a payload that no RFC of IKEv1 has";
			return false;
		}
		bit = V1_BIT(type);
		if (!(bit & (need | may))) {
			*why = "a payload that does not belong there";
			return false;
		}
		if (seen & bit & ~V1_MANY) {
			*why = "a payload twice";
			return false;
		}
		seen |= bit;
	}
	if ((seen & need) == need)
		return true;
	*why = "a payload is missing";
	return false;
}

void v1_begin(const struct ike_sa *sa, struct wire_out *o, uint8_t exchange, uint32_t msgid)
{
	const struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x10,
		.exchange = exchange,
		.msgid = msgid,
	};

	wire_begin(o, &hdr);
}

struct blob v1_clear(struct wire_out *o)
{
	wire_end(o);
	return writer_blob(&o->w);
}

/* Send and go on sending: a request of the initiator's. */
void v1_ask(struct ike_sa *sa, struct blob *dg)
{
	v1_load(sa, &sa->flight, dg);
	flight_launch(&sa->flight);
}

/* Send once: an answer, repeated only when the question is. */
void v1_answer(struct ike_sa *sa, struct blob *dg)
{
	v1_load(sa, &sa->flight, dg);
	flight_send(&sa->flight);
}

void v1_put_sa_payload(struct wire_out *o, const struct v1_sa *offer)
{
	wire_open(o, P1_SA);
	v1_put_sa(&o->w, offer);
	wire_close(o);
}

/**
 * v1_take_answer() - the responder's first message: its choice, cookie and vendor ids
 * @sa: initiator
 * @in: MM2 or AM2
 *
 * Return: V1_TAKEN; else the message is dropped, or the SA has ended.
 */
enum v1_verdict v1_take_answer(struct ike_sa *sa, const struct v1_in *in)
{
	const struct crypt_dh *dh = sa->v1->dh;
	struct wire_fault fault = { 0 };
	struct v1_sa answer;

	if (!in->hdr->spi_r)
		return V1_DROPPED;
	if (!v1_get_sa(wire_find(in->msg, P1_SA)->body, &answer, &fault)) {
		v1_bad(sa, in->path, "SA payload", fault.why);
		return V1_DROPPED;
	}
	if (!prop_v1_ike_accept(sa->peer->conf, &answer, &sa->suite, &sa->peer->report))
		return v1_fail(sa, V1_N_NO_PROPOSAL_CHOSEN);
	/* in aggressive mode our public value went along with the offer */
	if (dh && sa->suite.dh != dh->group) {
		report_set(&sa->peer->report, REPORT_NO_PROPOSAL, "phase 1",
			   "the peer chose the group %s, but our public value was of %s",
			   sa->suite.dh->name, dh->group->name);
		return v1_fail(sa, V1_N_NO_PROPOSAL_CHOSEN);
	}
	sa->spi_r = in->hdr->spi_r;
	sa->path.local = in->path->local;
	v1_take_vids(sa, in->msg);
	v1_natt_choose(sa);
	return V1_TAKEN;
}

void v1_make_nonce(const struct ike_sa *sa, struct blob *nonce)
{
	uint8_t bytes[V1_NONCE_MAX];
	size_t n = sa->peer->conf->nonce_size;

	if (n < V1_NONCE_MIN || n > V1_NONCE_MAX)
		n = 16;
	crypt_random(bytes, n);
	blob_set(nonce, chunk(bytes, n));
}

bool v1_take_nonce(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct chunk body = wire_find(msg, P1_NONCE)->body;

	if (body.n < V1_NONCE_MIN || body.n > V1_NONCE_MAX) {
		report_set(&sa->peer->report, REPORT_SYNTAX, "phase 1",
			   "the peer's nonce has %zu bytes; RFC 2409 wants 8 to 256", body.n);
		return false;
	}
	blob_set(sa->initiator ? &sa->v1->nr : &sa->v1->ni, body);
	return true;
}

/* Our key pair, and our nonce with it. */
bool v1_make_dh(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;

	v1->dh = crypt_dh_new(sa->suite.dh);
	if (!v1->dh) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1",
			   "libcrypto made no key pair of the group %s", sa->suite.dh->name);
		return false;
	}
	blob_set(sa->initiator ? &v1->gxi : &v1->gxr, blob_chunk(&v1->dh->public));
	v1_make_nonce(sa, sa->initiator ? &v1->ni : &v1->nr);
	return true;
}

/* The peer's public value, checked; g^xy comes of it. */
bool v1_take_ke(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct chunk body = wire_find(msg, P1_KE)->body;
	struct v1_state *v1 = sa->v1;
	const char *why = "unknown";

	if (!crypt_dh_shared(v1->dh, body, &v1->shared, &why)) {
		report_set(&sa->peer->report, REPORT_SYNTAX, "phase 1",
			   "the peer's public value is not one of the group %s: %s",
			   sa->suite.dh->name, why);
		return false;
	}
	blob_set(sa->initiator ? &v1->gxr : &v1->gxi, body);
	return true;
}

/* SKEYID and all that follows; g^xy and the key pair are forgotten. */
bool v1_make_keys(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;
	bool ok;

	if (!v1_skeyid(sa))
		return false;
	ok = crypt_v1_keys(&sa->suite, blob_chunk(&v1->shared), sa->spi_i, sa->spi_r, &v1->keys) &&
	     v1_first_iv(sa);
	blob_wipe(&v1->shared);
	crypt_dh_free(v1->dh);
	v1->dh = NULL;
	if (!ok)
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1",
			   "libcrypto did not make the keys");
	return ok;
}

/* ---- notifications inside of phase 1 ---- */

/* Is there nothing between us, as far as we know? Then the peer may forget all it has. */
static bool v1_wants_initial(const struct ike_sa *sa)
{
	const struct child_sa *child;
	const struct ike_sa *other;

	if (!sa->peer->conf->initial_contact)
		return false;
	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other != sa)
			return false;
	}
	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->installed)
			return false;
	}
	return true;
}

void v1_put_initial(struct ike_sa *sa, struct wire_out *o)
{
	uint8_t cookies[16] = { 0 };
	const struct v1_notify n = {
		.proto = V1_PROTO_ISAKMP,
		.type = V1_N_INITIAL_CONTACT,
		.spi = chunk(cookies, sizeof(cookies)),
	};

	if (!v1_wants_initial(sa))
		return;
	v1_put_cookies(sa, cookies);
	v1_put_notify(o, &n);
}

/* Of an encrypted message whose HASH or SIG was right. */
void v1_take_notifies(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct v1_notify n;
	uint32_t seconds, kilobytes;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P1_NOTIFY || !v1_get_notify(msg->pl[i].body, &n))
			continue;
		if (n.type == V1_N_INITIAL_CONTACT)
			sa->v1->got_initial = true;
		seconds = 0;
		if (n.type == V1_N_RESPONDER_LIFETIME && n.proto == V1_PROTO_ISAKMP)
			seconds = v1_get_lifetime(n.data, &kilobytes);
		if (seconds && (!sa->suite.life || seconds < sa->suite.life))
			sa->suite.life = seconds;
	}
}

/* ---- the end of phase 1 ---- */

/* From another address of ours it is another road, unless we have lost that address. */
static bool v1_same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
	const struct ike *ike = b->ike;

	return a != b && b->ver == 1 && b->state == IKE_UP && id_equal(&a->peer_id, &b->peer_id) &&
	       (ike_sa_same_end(a, b) || !ike->ops->is_local(ike->ops_arg, &b->path.local));
}

/* Did both ends begin at the same time? */
static bool v1_crossed(const struct ike_sa *a, const struct ike_sa *b)
{
	uint64_t apart = a->created > b->created ? a->created - b->created : b->created - a->created;

	return a->initiator != b->initiator && apart < V1_COLLISION;
}

/* One SA with each peer stays in use, of two that crossed that of the lower nonce; the others end by their lifetimes. */
static void v1_settle(struct ike_sa *sa)
{
	struct ike_sa *other, *winner = NULL;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (!v1_same_peer(sa, other))
			continue;
		if (v1_crossed(sa, other) &&
		    ike_nonce_less(blob_chunk(&other->v1->ni), blob_chunk(&sa->v1->ni)))
			winner = other;
		else
			ike_sa_replace(other, sa);
	}
	ike_sa_up(sa);
	if (winner && winner->state == IKE_UP && sa->state == IKE_UP)
		ike_sa_replace(sa, winner);
}

/**
 * v1_up() - the peer has proven itself and all messages are out
 * @sa: whose
 * @path: where the last message came from
 */
void v1_up(struct ike_sa *sa, const struct ike_path *path)
{
	struct v1_state *v1 = sa->v1;

	v1->phase = V1_DONE;
	v1->said_type = 0;
	sa->path = *path;
	log_debug("phase 1 with %s: %s%s%s, vendor fragments %s", sa->peer->conf->name,
		  v1->exchange == V1_MAIN ? "main mode" : "aggressive mode",
		  v1->natt ? ", NAT-T " : "", v1->natt ? v1_vid_name(v1->natt) : "",
		  sa->peer_frag ? "known" : "unknown");
	if (v1->got_initial)
		ike_sa_initial_contact(sa);
	v1_settle(sa);
	v1_run_early(sa);
}

/* What a peer that has not proven itself may hear of the reason. */
static const char *v1_fail_text(const struct report *r)
{
	switch (r->cause) {
	case REPORT_PSK_DIFFERS:
		return "the pre-shared keys differ";
	case REPORT_NO_PSK:
		return "there is no pre-shared key for your address";
	case REPORT_CERT:
	case REPORT_ID:
		return r->sentence;
	default:
		return NULL;
	}
}

/**
 * v1_fail() - phase 1 can not go on
 * @sa: whose; the report says why
 * @notify: what the peer is told, 0: nothing
 *
 * Return: V1_ENDED.
 */
enum v1_verdict v1_fail(struct ike_sa *sa, uint16_t notify)
{
	const char *text = v1_fail_text(&sa->peer->report);
	uint8_t cookies[16] = { 0 };

	if (sa->state == IKE_DEAD)
		return V1_ENDED;
	/* with different keys a sealed message would be noise to the peer */
	if (notify && sa->v1->keys.key.n && sa->peer->report.cause != REPORT_PSK_DIFFERS) {
		v1_put_cookies(sa, cookies);
		v1_notify_sealed(sa, V1_PROTO_ISAKMP, chunk(cookies, sizeof(cookies)), notify, text);
	} else if (notify) {
		v1_notify_clear(sa->ike, &sa->path, sa->spi_i, sa->spi_r, notify, text);
	}
	ike_sa_fail(sa);
	return V1_ENDED;
}

/* ---- nobody answers ---- */

static void v1_silence(struct ike_sa *sa, const char *peer)
{
	struct report *r = &sa->peer->report;
	struct v1_state *v1 = sa->v1;

	if (v1->said_type) {
		report_set(r, v1->said_type == V1_N_NO_PROPOSAL_CHOSEN ? REPORT_NO_PROPOSAL : REPORT_REFUSED,
			   "phase 1", "%s refuses: %s (it could not prove that it said so)", peer, v1->said);
	} else if (v1->phase == V1_I_MM6 && sa->suite.auth == IKE_AUTH_PSK) {
		report_set(r, REPORT_NO_ANSWER, "phase 1",
			   "no answer from %s after our identity was sent: probably the pre-shared keys differ, or the peer refuses our identity",
			   peer);
		report_fix(r, "compare the lines of psk.txt at both ends, and the peer's peers_identifier with our my_identifier");
	} else if (v1->phase == V1_I_MM6) {
		report_set(r, REPORT_NO_ANSWER, "phase 1",
			   "no answer from %s after our certificate was sent: it probably refuses %s",
			   peer, v1->asked[0] && !v1->asked_ours ? "its issuer" : "the certificate or our identity");
		if (v1->asked[0])
			report_row(r, !v1->asked_ours, "CAs the peer asks for", "", v1->asked);
	} else if (v1->phase == V1_DONE) {
		report_set(r, REPORT_NO_ANSWER, "phase 1",
			   "no answer from %s after our proof of aggressive mode was sent: it probably refuses it", peer);
	} else if (v1->phase == V1_I_MM4) {
		report_set(r, REPORT_NO_ANSWER, "phase 1",
			   "%s agreed to a proposal and then fell silent: it has no pre-shared key for us, or a large packet is lost on the way",
			   peer);
	} else {
		report_set(r, REPORT_NO_ANSWER, "phase 1",
			   "phase1 negotiation failed due to time up. %s does not answer", peer);
	}
}

/* The peer does not have this SA, or no longer: the one that it took over from is in use again. */
void v1_give_back(struct ike_sa *sa)
{
	struct ike_sa *old;

	TAILQ_FOREACH(old, &sa->peer->sas, link) {
		if (old->adopted_by != sa || old->state != IKE_REPLACED)
			continue;
		old->state = IKE_UP;
		old->adopted_by = NULL;
		if (sa->peer->conf->dpd_delay)
			timer_set(&old->dpd, sa->peer->conf->dpd_delay * 1000ull);
		ike_sa_replace(sa, old);
		return;
	}
}

/* The peer has said something under the SA, so AM3 has arrived. */
void v1_sure(struct ike_sa *sa)
{
	if (!sa->v1->unsure)
		return;
	sa->v1->unsure = false;
	flight_stop(&sa->flight);
}

/* The callback of the flight: the peer did not answer our last message. */
void v1_gave_up(void *arg)
{
	struct ike_sa *sa = arg;
	char peer[ADDR_TEXT];

	addr_text(&sa->path.remote, peer);
	if (sa->v1->phase == V1_DONE) {
		/* AM3: only a peer that could have answered is known not to have it */
		if (!(sa->v1->vids & 1u << V1_VID_DPD))
			return;
		v1_give_back(sa);
		v1_tell_end(sa);
	}
	v1_silence(sa, peer);
	ike_sa_fail(sa);
}
