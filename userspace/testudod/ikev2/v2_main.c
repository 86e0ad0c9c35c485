// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2 behind struct ike_version_ops: which message goes where. A request of
 * the peer's is looked up in main_requests by phase and exchange type; an answer
 * belongs to the one exchange of ours that is under way (v2_queue.c) and is
 * looked up in main_answers by its kind. What a row does is in other files.
 *
 *            IKE_SA_INIT           IKE_AUTH            DELETE
 *   INITIAL ------------> KEYED -------------> OPEN ---------> ENDING
 *                                             |    ^
 *                                             '----' CREATE_CHILD_SA, INFORMATIONAL
 *
 * Where extensions go, without moving any of this:
 *  - IKE_INTERMEDIATE (RFC 9242) with additional key exchanges (RFC 9370): a
 *    row { V2_KEYED, V2_INTERMEDIATE } in main_requests, a kind before V2_X_AUTH
 *    that v2_init.c queues and whose answer calls crypt_v2_skeyseed_rekey() and
 *    crypt_v2_keys() again; IntAuth joins the octets in v2_proof.c's
 *    proof_octets(). After a rekey IKE_FOLLOWUP_KE is a row in V2_OPEN.
 *  - PPK (RFC 8784): a notification in v2_init_put_abilities() and the changed
 *    SK_d, SK_pi, SK_pr at the head of v2_proof_put() and v2_proof_check().
 *  - MOBIKE (RFC 4555): main_moved() queues an exchange of a new kind with
 *    UPDATE_SA_ADDRESSES; info_notify() in v2_info.c has the request's side.
 *
 * Message ids (RFC 7296 2.2): the peer's next request has next_in, the one
 * before it is answered from store, anything else is dropped. Nothing that is
 * not protected changes an SA that has keys.
 */
#include <stdlib.h>
#include <string.h>

#include "ikev2/v2.h"

#define MAIN_HINT    10000 /* ms between two looks at the peer because a stranger said so */
#define MAIN_SHRINK  3	   /* the same question so often: our answer is too large */

/**
 * struct main_request - what to do with a request
 * @phase: how far the IKE SA is
 * @exchange: exchange type
 * @fn: answers it, or kills the SA
 */
struct main_request {
	enum v2_phase phase;
	enum wire_exchange exchange;
	void (*fn)(struct v2_in *in);
};

static const struct main_request main_requests[] = {
	{ V2_KEYED, V2_AUTH, v2_auth_request },
	{ V2_OPEN, V2_CHILD, v2_child_request },
	{ V2_OPEN, V2_INFO, v2_info_request },
	{ V2_ENDING, V2_CHILD, v2_child_request },
	{ V2_ENDING, V2_INFO, v2_info_request },
};

/**
 * struct main_answer - what to do with an answer
 * @exchange: exchange type that it must have
 * @fn: takes it; the exchange is no longer under way
 */
struct main_answer {
	enum wire_exchange exchange;
	void (*fn)(struct v2_in *in, struct v2_exchange *x);
};

static const struct main_answer main_answers[] = {
	[V2_X_INIT] = { V2_SA_INIT, NULL }, /* not protected: v2_init_answer() */
	[V2_X_AUTH] = { V2_AUTH, v2_auth_answer },
	[V2_X_CHILD] = { V2_CHILD, v2_child_answer },
	[V2_X_REKEY] = { V2_CHILD, v2_rekey_answer },
	[V2_X_DELETE] = { V2_INFO, v2_info_answer },
	[V2_X_CLOSE] = { V2_INFO, v2_info_answer },
	[V2_X_PROBE] = { V2_INFO, v2_info_answer },
};

/* ---- state ---- */

struct v2_state *v2_state_new(struct ike_sa *sa)
{
	struct v2_state *v2 = xcalloc(1, sizeof(*v2));

	sa->v2 = v2;
	v2->mtu = V2_MTU;
	v2_queue_init(sa);
	TAILQ_INIT(&v2->halves);
	TAILQ_INIT(&v2->redo);
	timer_init(&v2->refusal, v2_refusal_over, sa);
	timer_init(&v2->half, v2_half_tick, sa);
	/* never launched: an answer is only repeated */
	flight_init(&v2->answer, sa->ike, NULL, NULL);
	return v2;
}

/* Heirs and the one they were to replace do not outlive what they know of each other. */
static void main_unlink(struct ike_sa *sa)
{
	struct v2_state *v2 = sa->v2, *of = v2->parent ? v2->parent->v2 : NULL;
	struct ike_sa *heir = v2->now ? v2->now->sa : NULL;

	if (of && of->heir_theirs == sa)
		of->heir_theirs = NULL;
	if (of && of->now && of->now->sa == sa)
		of->now->sa = NULL;
	if (heir)
		v2_rekey_abandon(heir);
	if (v2->heir_theirs)
		v2_rekey_abandon(v2->heir_theirs);
}

static void main_free(struct ike_sa *sa)
{
	struct v2_state *v2 = sa->v2;
	struct v2_exchange *x;
	struct v2_half *half;

	if (!v2)
		return;
	main_unlink(sa);
	/* child SAs have been set free before; what the exchanges remember of them is stale */
	while ((x = TAILQ_FIRST(&v2->queue))) {
		TAILQ_REMOVE(&v2->queue, x, link);
		v2_exchange_free(x);
	}
	v2_exchange_free(v2->now);
	while ((half = TAILQ_FIRST(&v2->halves))) {
		TAILQ_REMOVE(&v2->halves, half, link);
		blob_wipe(&half->keymat);
		free(half);
	}
	v2_redo_clear(sa);
	crypt_v2_keys_wipe(&v2->keys);
	crypt_dh_free(v2->dh);
	blob_free(&v2->init_i);
	blob_free(&v2->init_r);
	blob_wipe(&v2->ni);
	blob_wipe(&v2->nr);
	blob_free(&v2->cookie);
	blob_free(&v2->heir_nonce);
	v2_sent_wipe(&v2->request);
	v2_sent_wipe(&v2->reply);
	flight_clear(&v2->answer);
	timer_free(&v2->answer.timer);
	timer_free(&v2->shrink);
	timer_free(&v2->later);
	timer_free(&v2->refusal);
	timer_free(&v2->half);
	frag_free(&v2->asm_request);
	frag_free(&v2->asm_answer);
	free(v2);
	sa->v2 = NULL;
}

/* ---- input ---- */

/*
 * A message out of turn: a request that we have answered, or something to be dropped.
 * The answer goes where it came from: a NAT may have forgotten the way that it came first.
 */
static void main_repeated(struct ike_sa *sa, const struct ike_path *path,
			  const struct wire_hdr *hdr, struct chunk data)
{
	struct v2_state *v2 = sa->v2;

	if (!v2->reply.sealed || hdr->msgid + 1 != v2->next_in || hdr->exchange != v2->reply.exchange)
		return;
	/* fragments: the first one asks for all of the answer (RFC 7383 2.6.1) */
	if (!v2_msg_genuine(sa, hdr, data))
		return;
	v2_half_postpone(sa);
	v2->answer.path = *path;
	if (++v2->reply.repeats == MAIN_SHRINK && v2->mtu > V2_MTU_SMALL) {
		v2->mtu = V2_MTU_SMALL;
		if (!v2_msg_seal(sa, &v2->reply, &v2->answer.path, &v2->answer))
			return;
	}
	ike_sa_repeat(sa, &v2->answer);
}

static bool main_in_turn(const struct ike_sa *sa, const struct wire_hdr *hdr)
{
	const struct v2_state *v2 = sa->v2;

	if (!(hdr->flags & WIRE_V2_RESPONSE))
		return hdr->msgid == v2->next_in;
	return v2->now && v2->request.sealed && hdr->msgid == v2->request.msgid;
}

/* Malformed inside, though from the peer: fatal for both (RFC 7296 2.21.3). */
static void main_broken(struct v2_in *in, const char *what)
{
	struct ike_sa *sa = in->sa;

	if (!(in->hdr.flags & WIRE_V2_RESPONSE))
		v2_answer_notify(in, V2_N_INVALID_SYNTAX, chunk(NULL, 0));
	v2_tell_syntax(sa, wire_exchange_name(in->hdr.exchange), what);
	ike_sa_fail(sa);
}

static const struct main_request *main_request_find(const struct v2_in *in)
{
	const struct ike_sa *sa = in->sa;
	size_t i;

	/* until both are proven only the initiator asks */
	if (sa->v2->phase == V2_KEYED && sa->initiator)
		return NULL;
	for (i = 0; i < sizeof(main_requests) / sizeof(main_requests[0]); i++) {
		if (main_requests[i].phase == sa->v2->phase &&
		    main_requests[i].exchange == in->hdr.exchange)
			return &main_requests[i];
	}
	return NULL;
}

static void main_request_in(struct v2_in *in)
{
	const struct main_request *request = main_request_find(in);
	uint8_t critical = v2_critical(&in->msg);

	/* nothing else is legal now; the peer hears nothing, as nobody was asked */
	if (!request) {
		in->sa->ike->counts.bad++;
		return;
	}
	if (critical) {
		v2_answer_notify(in, V2_N_UNSUPPORTED_CRITICAL_PAYLOAD, chunk(&critical, 1));
		if (in->sa->v2->phase == V2_KEYED) {
			v2_tell_syntax(in->sa, "IKE_AUTH", "an unknown critical payload");
			ike_sa_fail(in->sa);
		}
		return;
	}
	if (v2_repeated(&in->msg)) {
		main_broken(in, "a payload twice that may be there once");
		return;
	}
	request->fn(in);
	if (!in->answered && in->sa->state != IKE_DEAD)
		main_broken(in, "payloads that do not belong together");
}

/* The peer found our request malformed, and has given the IKE SA up (RFC 7296 2.21.3). */
static bool main_fatal(struct v2_in *in)
{
	struct ike_sa *sa = in->sa;
	struct v2_notify n;

	if (sa->v2->phase == V2_KEYED || wire_find(&in->msg, P2_SA) ||
	    !v2_find_notify(&in->msg, V2_N_INVALID_SYNTAX, &n))
		return false;
	v2_tell_error(sa, V2_N_INVALID_SYNTAX, wire_exchange_name(in->hdr.exchange), true);
	return true;
}

/* Its child is the engine's again; an heir goes with it. */
static void main_lose(struct v2_exchange *x)
{
	if (x->child)
		x->child->exchange = NULL;
	if (x->sa)
		v2_rekey_abandon(x->sa);
	v2_exchange_free(x);
}

static void main_answer_in(struct v2_in *in)
{
	struct v2_state *v2 = in->sa->v2;
	struct v2_exchange *x = v2->now;
	bool fatal;

	if (main_answers[x->what].exchange != in->hdr.exchange) {
		in->sa->ike->counts.bad++;
		return;
	}
	flight_clear(&in->sa->flight);
	timer_stop(&v2->shrink);
	v2->now = NULL;
	v2_sent_wipe(&v2->request);
	fatal = main_fatal(in);
	if (fatal || v2_repeated(&in->msg) || v2_critical(&in->msg)) {
		main_lose(x);
		if (!fatal)
			v2_tell_syntax(in->sa, wire_exchange_name(in->hdr.exchange),
				       "an answer with payloads that must not be in it");
		ike_sa_fail(in->sa);
		return;
	}
	main_answers[x->what].fn(in, x);
}

/*
 * An heir of which we do not know yet whether it won: the peer asks for something
 * under it, so it does know. Only the loser's DELETE says nothing of that kind.
 */
static void main_heir_chosen(struct v2_in *in)
{
	struct ike_sa *parent = in->sa->v2->parent;
	struct v2_delete d;
	unsigned int i;

	for (i = 0; i < in->msg.n; i++) {
		if (in->msg.pl[i].type == P2_DELETE && v2_get_delete(in->msg.pl[i].body, &d) &&
		    d.proto == V2_PROTO_IKE)
			return;
	}
	if (parent->state != IKE_DEAD && parent->v2->heir_theirs == in->sa)
		v2_rekey_inherit(parent);
}

static void main_dispatch(struct v2_in *in)
{
	struct ike_sa *sa = in->sa;
	struct v2_state *v2 = sa->v2;
	bool response = in->hdr.flags & WIRE_V2_RESPONSE;

	/* a responder's answer goes where the request came from: the initiator may have floated */
	if (v2->phase == V2_KEYED && !sa->initiator)
		sa->path = in->path;
	else if (v2->phase != V2_KEYED)
		ike_sa_heard(sa, &in->path);
	v2->busy++;
	if (!response && v2->parent)
		main_heir_chosen(in);
	if (response)
		main_answer_in(in);
	else
		main_request_in(in);
	v2->busy--;
	if (sa->state != IKE_DEAD)
		v2_pump(sa);
}

/*
 * "I do not know that SA": from the peer after a restart, or from anybody. It
 * is a reason to look, not more (RFC 7296 2.4).
 */
static void main_hint(struct ike_sa *sa, const struct wire_hdr *hdr)
{
	struct v2_state *v2 = sa->v2;

	if (!(hdr->flags & WIRE_V2_RESPONSE) || hdr->next != P2_NOTIFY)
		return;
	/* while we wait for IKE_AUTH's answer it means that the peer refused us and its word was lost */
	if (v2->phase == V2_KEYED && v2_doing(sa, V2_X_AUTH) && !v2->refused) {
		v2->refused = true;
		timer_set(&v2->refusal, V2_REFUSAL);
	}
	if (hdr->exchange != V2_INFO || sa->state != IKE_UP || v2->now)
		return;
	if (v2->hinted && timer_now() - v2->hinted < MAIN_HINT)
		return;
	v2->hinted = timer_now();
	v2_queue_new(sa, V2_X_PROBE);
	v2_pump(sa);
}

static void main_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		       struct chunk data)
{
	struct v2_in in = { .sa = sa, .path = *path, .hdr = *hdr };
	struct v2_state *v2 = sa->v2;

	if (hdr->exchange == V2_SA_INIT) {
		if (hdr->flags & WIRE_V2_RESPONSE && v2->phase == V2_INITIAL && sa->initiator)
			v2_init_answer(sa, path, hdr, data);
		else if (!(hdr->flags & WIRE_V2_RESPONSE) && !sa->initiator)
			v2_init_again(sa, data);
		return;
	}
	if (v2->phase == V2_INITIAL)
		return;
	if (hdr->next != P2_SK && hdr->next != P2_SKF) {
		main_hint(sa, hdr);
		return;
	}
	/* of the two, the one who began the IKE SA sets the flag in all its messages */
	if (!(hdr->flags & WIRE_V2_INITIATOR) != sa->initiator ||
	    (sa->spi_i != hdr->spi_i || sa->spi_r != hdr->spi_r)) {
		sa->ike->counts.bad++;
		return;
	}
	if (!main_in_turn(sa, hdr)) {
		if (!(hdr->flags & WIRE_V2_RESPONSE))
			main_repeated(sa, path, hdr, data);
		return;
	}
	switch (v2_msg_open(&in, data)) {
	case V2_WHOLE:
		main_dispatch(&in);
		break;
	case V2_BROKEN:
		main_broken(&in, "payloads that can not be read");
		break;
	case V2_PIECE:
	case V2_FORGED:
		break;
	}
	blob_wipe(&in.clear);
}

/* ---- what the engine asks for ---- */

static void main_initiate(struct ike_sa *sa)
{
	v2_state_new(sa);
	if (!v2_auth_wanted(sa)) {
		ike_sa_kill(sa);
		return;
	}
	ike_sa_log_begin(sa, "initiate new phase 1");
	v2_queue_new(sa, V2_X_INIT);
	v2_pump(sa);
}

static void main_child_start(struct ike_sa *sa, struct child_sa *child)
{
	struct v2_exchange *x;

	if (child->exchange || sa->v2->phase != V2_OPEN)
		return;
	x = v2_queue_new(sa, V2_X_CHILD);
	x->child = child;
	child->ike = sa;
	child->exchange = x;
	child->state = CHILD_BEGUN;
	v2_pump(sa);
}

static void main_child_gone(struct ike_sa *sa, struct child_sa *child)
{
	const struct child_proto *p = v2_child_proto(child);

	if (sa->v2->phase != V2_OPEN || !p)
		return;
	v2_delete_child(sa, v2_proto_number(p->proto), p->spi_in, p->spi_out);
	v2_pump(sa);
}

/* Under way it goes on without the child: if the peer makes one, it is deleted. */
static void main_child_forget(struct ike_sa *sa, struct child_sa *child)
{
	struct v2_state *v2 = sa->v2;
	struct v2_exchange *x, *next;
	struct v2_half *half = v2_half_of(sa, child);

	if (half)
		v2_half_drop(sa, half);
	if (v2->now && v2->now->child == child)
		v2->now->child = NULL;
	TAILQ_FOREACH_SAFE(x, &v2->queue, link, next) {
		if (x->child != child)
			continue;
		TAILQ_REMOVE(&v2->queue, x, link);
		v2_exchange_free(x);
	}
	child->exchange = NULL;
}

/* Whatever is under way shows as well whether the peer answers; what waits for its time does not. */
static void main_probe(struct ike_sa *sa)
{
	if (sa->v2->now || sa->v2->phase != V2_OPEN)
		return;
	v2_queue_new(sa, V2_X_PROBE);
	v2_pump(sa);
}

static void main_rekey(struct ike_sa *sa)
{
	const struct v2_exchange *x;

	if (sa->v2->phase != V2_OPEN || v2_doing(sa, V2_X_REKEY) || sa->v2->heir_theirs)
		return;
	TAILQ_FOREACH(x, &sa->v2->queue, link) {
		if (x->what == V2_X_REKEY)
			return;
	}
	v2_queue_new(sa, V2_X_REKEY);
	v2_pump(sa);
}

/* Without MOBIKE nothing is said: the SA lives on if the address comes back, else DPD ends it. */
static void main_moved(struct ike_sa *sa)
{
	log_debug("%s: our address of its IKE SA is gone", sa->peer->conf->name);
}

const struct ike_version_ops v2_ops = {
	.initiate = main_initiate,
	.input = main_input,
	.child_start = main_child_start,
	.child_gone = main_child_gone,
	.child_forget = main_child_forget,
	.probe = main_probe,
	.rekey = main_rekey,
	.close = v2_close,
	.moved = main_moved,
	.no_answer = v2_no_answer,
	.free = main_free,
};
