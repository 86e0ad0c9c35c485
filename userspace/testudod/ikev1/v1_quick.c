// SPDX-License-Identifier: GPL-2.0
/*
 * Quick mode, both roles: what each message's arrival does. The responder has
 * its inbound SAs before QM2 goes out and its outbound ones when QM3 has come;
 * the initiator has its inbound ones before QM3 goes out, and its outbound ones
 * a moment later, since other responders install all theirs when QM3 has come.
 * The commit bit is not obeyed: this order makes it needless.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <string.h>

#include "ikev1/v1_room.h"

#define Q(type)	   V1_BIT(P1_##type)
#define V1_QM_NEED (Q(HASH) | Q(SA) | Q(NONCE))
#define V1_QM_MAY  (Q(KE) | Q(NAT_OA) | Q(NAT_OA_DRAFT) | Q(NOTIFY) | Q(VID))

/* ---- initiator ---- */

/**
 * v1_child_start() - negotiate a child
 * @sa: under which
 * @child: CHILD_WANTED; it stays so when its turn has not come
 */
void v1_child_start(struct ike_sa *sa, struct child_sa *child)
{
	struct v1_exchange *x;

	if (v1_exchanges_open(sa, true) >= V1_QUICK_OURS)
		return;
	x = v1_exchange_new(sa, v1_new_msgid(sa), true);
	child->state = CHILD_BEGUN;
	child->exchange = x;
	ike_sa_log_begin(sa, "initiate new phase 2");
	if (!child_getspi(child)) {
		v1_quick_fail(x, child, 0);
		return;
	}
	v1_exchange_spi(x, child);
	v1_make_nonce(sa, &x->ni);
	if (child->choice.pfs)
		x->dh = crypt_dh_new(child->choice.pfs);
	if ((child->choice.pfs && !x->dh) || !v1_exchange_iv(sa, x->msgid, x->iv) ||
	    !v1_qm1_send(x, child)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 2", "libcrypto did not make QM1");
		v1_quick_fail(x, child, 0);
	}
}

/* The responder's lifetime is shorter than what was proposed (proposal_check claim). */
static void v1_quick_lifetime(struct child_sa *child, const struct wire_msg *msg)
{
	uint32_t seconds, kilobytes;
	struct v1_notify n;
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P1_NOTIFY || !v1_get_notify(msg->pl[i].body, &n) ||
		    n.type != V1_N_RESPONDER_LIFETIME)
			continue;
		seconds = v1_get_lifetime(n.data, &kilobytes);
		if (seconds && (!child->choice.life || seconds < child->choice.life))
			child->choice.life = seconds;
		if (kilobytes && (!child->choice.kilobytes || kilobytes < child->choice.kilobytes))
			child->choice.kilobytes = kilobytes;
	}
}

static void v1_quick_oa(struct ike_sa *sa, struct child_sa *child, const struct wire_msg *msg,
			bool of_responder)
{
	struct sockaddr_storage oa[2];

	if (!sa->nat_peer || !v1_get_natoas(msg, oa))
		return;
	child->natt_oa = of_responder && oa[1].ss_family ? oa[1] : oa[0];
}

/* What is wrong with QM2, as a notification; 0: nothing. The report is filled. */
static uint16_t v1_qm2_take(struct v1_exchange *x, struct child_sa *child,
			    const struct wire_msg *msg, struct child_keys keys[CHILD_PROTOS])
{
	struct report *r = &child->peer->report;
	struct wire_fault fault = { 0 };
	struct v1_sa answer;

	if (!v1_get_sa(wire_find(msg, P1_SA)->body, &answer, &fault)) {
		report_set(r, REPORT_SYNTAX, "phase 2", "the peer's SA payload is malformed: %s", fault.why);
		return V1_N_BAD_PROPOSAL_SYNTAX;
	}
	v1_natt_encap_in(&answer);
	if (!prop_v1_child_accept(child->sainfo, child->peer->conf, &answer, &child->choice, r))
		return V1_N_NO_PROPOSAL_CHOSEN;
	if (!v1_quick_same_ids(x, msg)) {
		report_set(r, REPORT_SELECTOR, "phase 2", "the peer answers with other selectors than ours");
		return V1_N_INVALID_ID_INFORMATION;
	}
	if (!v1_quick_ke(x, child, msg))
		return V1_N_INVALID_KEY_INFORMATION;
	v1_quick_lifetime(child, msg);
	v1_quick_oa(x->sa, child, msg, true);
	return v1_quick_keymat(x, child, keys) ? 0 : V1_N_INVALID_KEY_INFORMATION;
}

static void v1_on_qm2(struct v1_exchange *x, const struct wire_msg *msg)
{
	struct child_sa *child = v1_exchange_child(x);
	struct chunk nonce = wire_find(msg, P1_NONCE)->body;
	struct child_keys keys[CHILD_PROTOS];
	struct ike_sa *sa = x->sa;
	uint16_t notify;

	if (!child) {
		v1_exchange_free(x);
		return;
	}
	blob_set(&x->nr, nonce);
	notify = v1_qm2_take(x, child, msg, keys);
	if (notify) {
		/* the responder waits for QM3 in vain: its half goes */
		v1_child_gone(sa, child);
		v1_quick_fail(x, child, notify);
		return;
	}
	flight_stop(&x->flight);
	if (!child_install_in(child, keys) || !v1_qm3_send(x)) {
		v1_delete_spi(sa, x->ipproto, x->spi_in);
		v1_quick_fail(x, child, 0);
		return;
	}
	v1_quick_half(x, child);
}

/* ---- responder ---- */

/* Tunnel if any part of the first proposal is; the policy knows the rest. */
static uint8_t v1_quick_mode(const struct child_choice *shape)
{
	unsigned int i;

	for (i = 0; i < shape->n; i++) {
		if (shape->p[i].mode == IPSEC_MODE_TUNNEL)
			return IPSEC_MODE_TUNNEL;
	}
	return IPSEC_MODE_TRANSPORT;
}

static void v1_quick_said(struct v1_exchange *x, const struct v1_sa *theirs)
{
	struct reader r;
	unsigned int i;

	/* what a notification about this exchange names: the peer's own SPI */
	for (i = 0; i < theirs->nprop; i++) {
		if (theirs->prop[i].proto != V1_PROTO_AH && theirs->prop[i].proto != V1_PROTO_ESP)
			continue;
		r = reader(theirs->prop[i].spi);
		x->ipproto = theirs->prop[i].proto == V1_PROTO_AH ? IPPROTO_AH : IPPROTO_ESP;
		x->spi_in = get_be32(&r);
		return;
	}
}

/* The child that QM1 asks for; NULL: @notify, and the report is filled. */
static struct child_sa *v1_qm1_serve(struct v1_exchange *x, const struct wire_msg *msg,
				     struct v1_sa *theirs, uint16_t *notify)
{
	struct ike_sa *sa = x->sa;
	struct report *r = &sa->peer->report;
	struct child_choice shape = { 0 };
	struct wire_fault fault = { 0 };
	struct child_sa *child;
	const char *why = NULL;
	struct ts local, remote;

	*notify = V1_N_BAD_PROPOSAL_SYNTAX;
	if (!v1_get_sa(wire_find(msg, P1_SA)->body, theirs, &fault)) {
		report_set(r, REPORT_SYNTAX, "phase 2", "the peer's SA payload is malformed: %s", fault.why);
		return NULL;
	}
	v1_quick_said(x, theirs);
	v1_natt_encap_in(theirs);
	*notify = V1_N_INVALID_ID_INFORMATION;
	if (!v1_quick_ids(x, msg, &local, &remote, &why)) {
		report_set(r, REPORT_SELECTOR, "phase 2", "the peer's selectors: %s", why);
		return NULL;
	}
	*notify = V1_N_NO_PROPOSAL_CHOSEN;
	if (!prop_v1_child_shape(theirs, &shape)) {
		report_set(r, REPORT_NO_PROPOSAL, "phase 2",
			   "the peer's first proposal is of no protocol or mode that we know");
		return NULL;
	}
	*notify = V1_N_INVALID_ID_INFORMATION;
	child = child_serve(sa, &local, &remote, v1_quick_mode(&shape), &shape);
	if (!child)
		return NULL;
	child->exchange = x;
	return child;
}

/* The rest of the work on QM1; what is wrong as a notification, 0: QM2 is out. */
static uint16_t v1_qm1_answer(struct v1_exchange *x, struct child_sa *child,
			      const struct wire_msg *msg, const struct v1_sa *theirs)
{
	uint32_t offered = theirs->ntrans ? theirs->trans[0].seconds : 0;
	struct child_keys keys[CHILD_PROTOS];
	struct ike_sa *sa = x->sa;

	if (!prop_v1_child_choose(child->sainfo, sa->peer->conf, theirs, &child->choice,
				  &sa->peer->report))
		return V1_N_NO_PROPOSAL_CHOSEN;
	if (!v1_quick_ke(x, child, msg))
		return V1_N_INVALID_KEY_INFORMATION;
	if (!child_getspi(child))
		return V1_N_NO_PROPOSAL_CHOSEN;
	v1_quick_oa(sa, child, msg, false);
	v1_make_nonce(sa, &x->nr);
	if (!v1_quick_keymat(x, child, keys) || !child_install_in(child, keys))
		return V1_N_NO_PROPOSAL_CHOSEN;
	if (v1_qm2_send(x, child, theirs, offered)) {
		v1_exchange_spi(x, child);
		return 0;
	}
	report_set(&sa->peer->report, REPORT_CRYPTO, "phase 2", "libcrypto did not make QM2");
	return V1_N_NO_PROPOSAL_CHOSEN;
}

static void v1_on_qm1(struct v1_exchange *x, const struct wire_msg *msg)
{
	struct child_sa *child;
	struct v1_sa theirs;
	uint16_t notify;

	ike_sa_log_begin(x->sa, "respond new phase 2");
	blob_set(&x->ni, wire_find(msg, P1_NONCE)->body);
	child = v1_qm1_serve(x, msg, &theirs, &notify);
	if (child)
		notify = v1_qm1_answer(x, child, msg, &theirs);
	if (notify)
		v1_quick_fail(x, child, notify);
}

static void v1_on_qm3(struct v1_exchange *x)
{
	struct child_sa *child = v1_exchange_child(x);

	if (!child) {
		v1_exchange_free(x);
		return;
	}
	flight_clear(&x->flight);
	v1_quick_done(x, child);
}

/* ---- dispatch ---- */

static bool v1_qm_ok(const struct wire_msg *msg, const char **why)
{
	unsigned int i, ids = 0;
	struct wire_msg once = *msg;
	struct chunk nonce;

	/* the one payload that quick mode has twice */
	once.n = 0;
	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == P1_ID && ids++ < 2)
			continue;
		once.pl[once.n++] = msg->pl[i];
	}
	if (!v1_payloads_ok(&once, V1_QM_NEED, V1_QM_MAY, why))
		return false;
	*why = "SA does not follow HASH";
	if (msg->pl[0].type != P1_HASH || msg->pl[1].type != P1_SA)
		return false;
	nonce = wire_find(msg, P1_NONCE)->body;
	*why = "a nonce of a wrong length";
	return nonce.n >= 8 && nonce.n <= 256;
}

/* HASH(3) covers no other payload: what must not be there is not there. */
static bool v1_qm3_ok(struct v1_exchange *x, const struct wire_msg *msg, const char **why)
{
	uint8_t out[CRYPT_HASH_MAX];

	if (!v1_payloads_ok(msg, Q(HASH), Q(NOTIFY) | Q(VID), why))
		return false;
	*why = "HASH(3) is wrong";
	return msg->pl[0].type == P1_HASH && v1_hash3(x->sa, x, out) &&
	       chunk_equal_secret(msg->pl[0].body, chunk(out, x->sa->suite.prf->out));
}

/* Is the message what the exchange waits for, and made by the peer? */
static const char *v1_qm_fault(struct v1_exchange *x, bool first, const struct wire_msg *msg)
{
	struct chunk ni = first ? chunk(NULL, 0) : blob_chunk(&x->ni);
	const char *why;

	if (!first && x->state == V1_Q_WAIT3)
		return v1_qm3_ok(x, msg, &why) ? NULL : why;
	if (!v1_qm_ok(msg, &why))
		return why;
	return v1_hash_ok(x->sa, msg, x->msgid, ni) ? NULL : "its HASH is wrong";
}

static void v1_qm_run(struct v1_exchange *x, bool first, const struct wire_msg *msg)
{
	if (first)
		v1_on_qm1(x, msg);
	else if (x->state == V1_Q_WAIT2)
		v1_on_qm2(x, msg);
	else
		v1_on_qm3(x);
}

static void v1_quick_open(struct v1_exchange *x, bool first, const struct ike_path *path,
			  const struct wire_hdr *hdr, struct chunk data)
{
	struct wire_msg msg = { .hdr = *hdr };
	uint8_t next_iv[V1_IV_MAX];
	struct wire_fault fault = { 0 };
	struct blob clear = { 0 };
	struct ike_sa *sa = x->sa;
	const char *why = "not a whole number of blocks";

	if (v1_open(sa, data, x->iv, next_iv, &clear)) {
		msg.data = blob_chunk(&clear);
		why = wire_read_chain(msg.data, hdr->next, &msg, &fault) ? v1_qm_fault(x, first, &msg) : fault.why;
	}
	if (why) {
		sa->ike->counts.forged++;
		v1_bad(sa, path, "quick mode", why);
		if (first)
			v1_exchange_free(x);
	} else if (first && v1_seen(sa, hdr->msgid)) {
		v1_exchange_free(x); /* an old QM1, replayed */
	} else {
		memcpy(x->iv, next_iv, sizeof(x->iv));
		v1_digest(data, x->last);
		ike_sa_heard(sa, path);
		v1_sure(sa);
		v1_qm_run(x, first, &msg);
	}
	blob_wipe(&clear);
}

/**
 * v1_quick_input() - a message of a quick mode
 * @sa: SA, which is up
 * @path: where it came from
 * @hdr: header
 * @data: all of it
 */
void v1_quick_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		    struct chunk data)
{
	struct v1_exchange *x = v1_exchange_find(sa, hdr->msgid);
	uint8_t digest[V1_DIGEST];
	bool first = !x;

	if (!(hdr->flags & WIRE_V1_ENCRYPT) || !hdr->msgid) {
		v1_bad(sa, path, "quick mode", "not encrypted, or without a message id");
		return;
	}
	if (x) {
		v1_digest(data, digest);
		if (memcmp(digest, x->last, sizeof(digest)) == 0) {
			v1_repeat(sa, hdr);
			return;
		}
		if (x->state == V1_Q_HALF || x->state == V1_Q_DONE)
			return;
	} else {
		if (v1_exchanges_open(sa, false) >= V1_QUICK_THEIRS || sa->ike->closing) {
			v1_bad(sa, path, "quick mode", "too many at a time");
			return;
		}
		x = v1_exchange_new(sa, hdr->msgid, false);
		if (!v1_exchange_iv(sa, x->msgid, x->iv)) {
			v1_exchange_free(x);
			return;
		}
	}
	v1_quick_open(x, first, path, hdr, data);
	/* one that waits may have its turn now */
	if (sa->state == IKE_UP)
		peer_kick(sa->peer);
}
