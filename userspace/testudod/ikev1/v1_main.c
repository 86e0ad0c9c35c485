// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's door: the version's ops for the engine, a peer's first message, and
 * the dispatch of all others by state and exchange type. It knows what may come
 * when; what it means is in the other files.
 *
 * Transaction exchanges (6: XAUTH, mode-config, hybrid authentication) are
 * refused for now. Their place is between V1_DONE and ike_sa_up(): a state of
 * their own in enum v1_phase, a row in v1_input_later(), and v1_up() called
 * when the user has proven himself.
 */
#include <string.h>

#include "ikev1/v1_room.h"

#define V1_ANSWER_GAP  1000 /* ms between two answers to the same message */
#define V1_FIRST_LINES 60   /* of the log about bad first messages, in a minute: anybody may send them */

/** enum v1_cipher - whether a message has to be encrypted */
enum v1_cipher { V1_CLEAR,
		 V1_SEALED,
		 V1_EITHER };

/**
 * struct v1_step - a message of phase 1 and when it is awaited
 * @phase: state
 * @exchange: exchange type
 * @cipher: encrypted or not
 * @need: payloads that must be there
 * @may: payloads that may
 * @fn: what it does
 * @name: for the log
 */
struct v1_step {
	enum v1_phase phase;
	uint8_t exchange;
	enum v1_cipher cipher;
	uint32_t need;
	uint32_t may;
	enum v1_verdict (*fn)(struct ike_sa *sa, const struct v1_in *in);
	const char *name;
};

#define B(type) V1_BIT(P1_##type)
#define ANY	(B(VID) | B(NOTIFY))
#define NATD	(B(NAT_D) | B(NAT_D_DRAFT))
#define PROOF	(B(HASH) | B(SIG) | B(CERT) | B(CERTREQ))

static const struct v1_step v1_steps[] = {
	{ V1_I_MM2, V1_MAIN, V1_CLEAR, B(SA), ANY, v1_on_mm2, "MM2" },
	{ V1_R_MM3, V1_MAIN, V1_CLEAR, B(KE) | B(NONCE), ANY | NATD | B(CERTREQ), v1_on_mm3, "MM3" },
	{ V1_I_MM4, V1_MAIN, V1_CLEAR, B(KE) | B(NONCE), ANY | NATD | B(CERTREQ), v1_on_mm4, "MM4" },
	{ V1_R_MM5, V1_MAIN, V1_SEALED, B(ID), ANY | PROOF, v1_on_mm5, "MM5" },
	{ V1_I_MM6, V1_MAIN, V1_SEALED, B(ID), ANY | PROOF, v1_on_mm6, "MM6" },
	{ V1_I_AM2, V1_AGGRESSIVE, V1_CLEAR, B(SA) | B(KE) | B(NONCE) | B(ID), ANY | NATD | PROOF,
	  v1_on_am2, "AM2" },
	{ V1_R_AM3, V1_AGGRESSIVE, V1_EITHER, 0, ANY | NATD | PROOF, v1_on_am3, "AM3" },
};

/* of a first message, by exchange */
#define V1_MM1_NEED B(SA)
#define V1_AM1_NEED (B(SA) | B(KE) | B(NONCE) | B(ID))

void v1_digest(struct chunk data, uint8_t out[V1_DIGEST])
{
	uint8_t digest[CRYPT_HASH_MAX] = { 0 };
	size_t len;

	crypt_digest("SHA256", &data, 1, digest, &len);
	memcpy(out, digest, V1_DIGEST);
}

/* A message that is dropped for its form. */
void v1_bad(struct ike_sa *sa, const struct ike_path *path, const char *what, const char *why)
{
	char from[ADDR_TEXT];

	sa->ike->counts.bad++;
	if (log_limit_ok(&sa->peer->limit, 10, timer_now()))
		log_notice("%s from %s is ignored: %s", what, addr_text(&path->remote, from), why);
}

/* The peer repeats its last message: our answer to it was lost. */
void v1_repeat(struct ike_sa *sa, const struct wire_hdr *hdr)
{
	struct flight *f = &sa->flight;
	struct v1_exchange *x;

	if (hdr->exchange == V1_QUICK) {
		x = v1_exchange_find(sa, hdr->msgid);
		if (!x)
			return;
		f = &x->flight;
	} else if (hdr->exchange != sa->v1->exchange) {
		return;
	} else if (hdr->exchange == V1_AGGRESSIVE && !sa->initiator && sa->v1->phase == V1_DONE) {
		/* AM3, which nothing answers: any word under the SA makes the initiator sure */
		if (timer_now() - f->answered_at >= V1_ANSWER_GAP)
			v1_ask_alive(sa);
		f->answered_at = timer_now();
		return;
	}
	/* what is sent again by our own clock needs no reminder */
	if (!f->n || timer_pending(&f->timer))
		return;
	ike_sa_repeat(sa, f);
}

/* ---- too early ---- */

/*
 * Datagrams overtake each other: a quick mode, or an Informational, under an IV
 * that the last message of phase 1 makes known.
 */
void v1_too_early(struct ike_sa *sa, const struct ike_path *path, struct chunk data)
{
	struct v1_state *v1 = sa->v1;
	unsigned int i;

	if (v1->phase != V1_I_MM6 && v1->phase != V1_R_MM5 && v1->phase != V1_R_AM3)
		return;
	/* the initiator believes phase 1 done, so AM3 is lost: AM2 once more makes it send it again */
	if (v1->phase == V1_R_AM3)
		flight_repeat(&sa->flight);
	for (i = 0; i < v1->nearly; i++) {
		if (chunk_equal(blob_chunk(&v1->early[i].data), data))
			return;
	}
	if (v1->nearly == V1_EARLY || data.n > V1_EARLY_MAX)
		return;
	v1->early[v1->nearly].path = *path;
	blob_set(&v1->early[v1->nearly].data, data);
	v1->nearly++;
}

void v1_run_early(struct ike_sa *sa)
{
	struct v1_early early[V1_EARLY];
	struct wire_fault fault;
	struct wire_hdr hdr;
	unsigned int i, n = sa->v1->nearly;

	memcpy(early, sa->v1->early, sizeof(early));
	memset(sa->v1->early, 0, sizeof(sa->v1->early));
	sa->v1->nearly = 0;
	for (i = 0; i < n; i++) {
		if (sa->state != IKE_DEAD && wire_read_hdr(blob_chunk(&early[i].data), &hdr, &fault))
			v1_message(sa, &early[i].path, &hdr, blob_chunk(&early[i].data));
		blob_free(&early[i].data);
	}
}

/* ---- phase 1 ---- */

static const struct v1_step *v1_step_find(const struct v1_state *v1, uint8_t exchange)
{
	size_t i;

	for (i = 0; i < sizeof(v1_steps) / sizeof(v1_steps[0]); i++) {
		if (v1_steps[i].phase == v1->phase && v1_steps[i].exchange == exchange)
			return &v1_steps[i];
	}
	return NULL;
}

/*
 * MM5 is the first message under keys that come of the pre-shared one: with
 * another key it decrypts to noise, and noise is no chain of payloads.
 */
static void v1_noise(struct ike_sa *sa, const struct ike_path *path, const struct v1_step *step,
		     const char *why)
{
	char peer[ADDR_TEXT];

	if (step->phase != V1_R_MM5 || sa->suite.auth != IKE_AUTH_PSK) {
		v1_bad(sa, path, step->name, why);
		return;
	}
	sa->ike->counts.forged++;
	addr_host(&path->remote, peer);
	report_set(&sa->peer->report, REPORT_PSK_DIFFERS, "phase 1",
		   "the pre-shared keys differ: what %s encrypted can not be read with ours", peer);
	report_fix(&sa->peer->report, "the same secret in psk.txt at both ends, here in the line for %s",
		   peer);
	v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
}

static const char *v1_cipher_fault(const struct v1_step *step, const struct wire_hdr *hdr)
{
	bool sealed = hdr->flags & WIRE_V1_ENCRYPT;

	if (hdr->msgid)
		return "a message id in phase 1";
	if (step->cipher == V1_SEALED && !sealed)
		return "not encrypted";
	if (step->cipher == V1_CLEAR && sealed)
		return "encrypted too early";
	return NULL;
}

static void v1_phase1_run(struct ike_sa *sa, const struct ike_path *path,
			  const struct wire_hdr *hdr, struct chunk data, const struct v1_step *step)
{
	struct v1_in in = { .path = path, .hdr = hdr };
	struct wire_msg msg = { .hdr = *hdr };
	struct wire_fault fault = { 0 };
	struct blob clear = { 0 };
	const char *why = "not a whole number of blocks";
	bool sealed = hdr->flags & WIRE_V1_ENCRYPT;

	if (sealed && !v1_open(sa, data, sa->v1->iv, in.next_iv, &clear)) {
		v1_bad(sa, path, step->name, why);
		blob_free(&clear);
		return;
	}
	in.msg = &msg;
	msg.data = sealed ? blob_chunk(&clear) : chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN);
	if (!wire_read_chain(msg.data, hdr->next, &msg, &fault))
		v1_noise(sa, path, step, fault.why);
	else if (!v1_payloads_ok(&msg, step->need, step->may, &why))
		v1_noise(sa, path, step, why);
	else if (step->fn(sa, &in) == V1_TAKEN)
		v1_digest(data, sa->v1->last);
	blob_wipe(&clear);
}

static void v1_phase1_input(struct ike_sa *sa, const struct ike_path *path,
			    const struct wire_hdr *hdr, struct chunk data)
{
	const struct v1_step *step = v1_step_find(sa->v1, hdr->exchange);
	uint8_t digest[V1_DIGEST];
	const char *why;

	v1_digest(data, digest);
	if (memcmp(digest, sa->v1->last, sizeof(digest)) == 0) {
		v1_repeat(sa, hdr);
		return;
	}
	/* a late copy of an earlier message, or another first message with our peer's cookie */
	if (!step || (!hdr->spi_r && !sa->initiator))
		return;
	why = v1_cipher_fault(step, hdr);
	if (why)
		v1_bad(sa, path, step->name, why);
	else
		v1_phase1_run(sa, path, hdr, data, step);
}

/* ---- all messages ---- */

/* What belongs to an SA that is up: before that it has come too early. */
static void v1_input_later(struct ike_sa *sa, const struct ike_path *path,
			   const struct wire_hdr *hdr, struct chunk data)
{
	struct v1_state *v1 = sa->v1;

	if (hdr->exchange == V1_INFO) {
		v1_info_input(sa, path, hdr, data);
		return;
	}
	if (hdr->exchange != V1_QUICK) {
		v1_bad(sa, path, wire_exchange_name(hdr->exchange),
		       hdr->exchange == V1_TRANSACTION ? "XAUTH and mode-config are not supported" : "not an exchange that we speak");
		return;
	}
	if (v1->phase == V1_DONE) {
		v1_quick_input(sa, path, hdr, data);
		return;
	}
	v1_too_early(sa, path, data);
}

void v1_message(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data)
{
	if (hdr->exchange == V1_MAIN || hdr->exchange == V1_AGGRESSIVE)
		v1_phase1_input(sa, path, hdr, data);
	else
		v1_input_later(sa, path, hdr, data);
}

static void v1_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		     struct chunk data)
{
	if (!sa->v1 || sa->state == IKE_DEAD)
		return;
	if (hdr->next == P1_FRAG)
		v1_frag_input(sa, path, hdr, data);
	else
		v1_message(sa, path, hdr, data);
}

/* ---- a peer's first message ---- */

static bool v1_accepts(const struct conf_remote *conf, uint8_t exchange)
{
	bool version = false;
	unsigned int i;

	for (i = 0; conf->versions[i]; i++)
		version |= conf->versions[i] == 1;
	for (i = 0; version && conf->exchanges[i]; i++) {
		if (conf->exchanges[i] == exchange)
			return true;
	}
	return false;
}

static void v1_stranger(struct ike *ike, const struct ike_path *path)
{
	static struct log_limit limit;

	peer_unknown(ike, &path->remote, "phase 1");
	if (log_limit_ok(&limit, 10, timer_now()))
		log_error("couldn't find configuration: %s", ike->reports.sentence);
}

/* Whoever forges addresses is many peers, so this is one limit for all of them. */
static bool v1_first_line(void)
{
	static struct log_limit limit;

	return log_limit_ok(&limit, V1_FIRST_LINES, timer_now());
}

/* Refused before there is an SA: told once, and not remembered but in the report. */
static void v1_refuse(struct ike_peer *peer, const struct ike_path *path,
		      const struct wire_hdr *hdr, uint16_t notify)
{
	struct report *r = &peer->report;

	if (v1_first_line())
		peer_tell(peer, r->cause == REPORT_NO_PROPOSAL ? "no suitable proposal found." : NULL);
	else
		peer->ike->counts.failed[r->cause]++;
	v1_notify_clear(peer->ike, path, hdr->spi_i, 0, notify, NULL);
}

static bool v1_first_ok(struct ike_peer *peer, const struct ike_path *path,
			const struct wire_hdr *hdr, struct chunk data, struct wire_msg *msg)
{
	bool main = hdr->exchange == V1_MAIN;
	struct wire_fault fault = { 0 };
	char from[ADDR_TEXT];
	const char *why = NULL;

	msg->hdr = *hdr;
	msg->data = chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN);
	if (data.n > IKE_FIRST_MAX)
		why = "it is longer than a first message has to be";
	else if (!wire_read_chain(msg->data, hdr->next, msg, &fault))
		why = fault.why;
	else if (!v1_payloads_ok(msg, main ? V1_MM1_NEED : V1_AM1_NEED, ANY | B(CERTREQ), &why))
		;
	else if (msg->pl[0].type != P1_SA)
		why = "the SA payload does not go first";
	if (!why)
		return true;
	peer->ike->counts.bad++;
	if (v1_first_line())
		log_notice("a first message from %s is ignored: %s", addr_text(&path->remote, from), why);
	return false;
}

/* Make the SA and answer. MM1's costs us no more than what is kept here. */
static void v1_begin_answer(struct ike_peer *peer, const struct ike_path *path,
			    const struct wire_hdr *hdr, const struct wire_msg *msg,
			    const struct suite *suite, const struct v1_sa *answer,
			    const uint8_t digest[V1_DIGEST])
{
	bool main = hdr->exchange == V1_MAIN;
	struct ike_sa *sa = ike_sa_new(peer, 1, false, path);

	gate_enter(sa, GATE_FIRST);
	ike_sa_log_begin(sa, "respond new phase 1");
	if (!sa->quiet)
		log_info(main ? "begin Identity Protection mode." : "begin Aggressive mode.");
	sa->spi_i = hdr->spi_i;
	sa->suite = *suite;
	v1_state_new(sa, hdr->exchange, main ? V1_R_MM3 : V1_R_AM3);
	memcpy(sa->v1->last, digest, V1_DIGEST);
	blob_set(&sa->v1->sai_b, wire_find(msg, P1_SA)->body);
	v1_take_vids(sa, msg);
	v1_natt_choose(sa);
	if (main)
		v1_mm2(sa, answer);
	else
		v1_on_am1(sa, msg, answer);
}

void v1_respond(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data)
{
	struct v1_sa theirs, answer = { 0 };
	struct wire_fault fault = { 0 };
	struct suite suite = { 0 };
	uint8_t digest[V1_DIGEST];
	struct ike_peer *peer;
	struct wire_msg msg;

	/* of an SA that is gone, or of none that ever was: no word, or we could be made to reflect */
	if ((hdr->exchange != V1_MAIN && hdr->exchange != V1_AGGRESSIVE) || hdr->spi_r || hdr->msgid ||
	    (hdr->flags & WIRE_V1_ENCRYPT) || !addr_port(&path->remote)) {
		ike->counts.bad++;
		return;
	}
	if (ike->closing)
		return;
	peer = peer_get(ike, &path->remote);
	if (!peer) {
		v1_stranger(ike, path);
		return;
	}
	if (!v1_first_ok(peer, path, hdr, data, &msg))
		return;
	if (!v1_accepts(peer->conf, hdr->exchange)) {
		report_set(&peer->report, REPORT_REFUSED, "phase 1",
			   "the peer wants IKEv1 %s, which exchange_mode or ike_version of %s does not allow",
			   hdr->exchange == V1_MAIN ? "main mode" : "aggressive mode", peer->conf->name);
		report_fix(&peer->report, "exchange_mode %s;",
			   hdr->exchange == V1_MAIN ? "main" : "aggressive");
		v1_refuse(peer, path, hdr, V1_N_INVALID_EXCHANGE_TYPE);
		return;
	}
	if (!v1_get_sa(msg.pl[0].body, &theirs, &fault)) {
		report_set(&peer->report, REPORT_SYNTAX, "phase 1", "the peer's SA payload is malformed: %s",
			   fault.why);
		v1_refuse(peer, path, hdr, V1_N_BAD_PROPOSAL_SYNTAX);
		return;
	}
	if (!prop_v1_ike_choose(peer->conf, &theirs, &suite, &answer, &peer->report)) {
		v1_refuse(peer, path, hdr, V1_N_NO_PROPOSAL_CHOSEN);
		return;
	}
	/* what is wrong in itself makes no room for itself */
	if (hdr->exchange == V1_MAIN ? !gate_main(ike, &path->remote) : !gate_aggressive(ike, &path->remote))
		return;
	v1_digest(data, digest);
	v1_begin_answer(peer, path, hdr, &msg, &suite, &answer, digest);
}

/* ---- for the engine ---- */

static void v1_initiate(struct ike_sa *sa)
{
	bool aggressive = sa->peer->conf->exchanges[0] == V1_AGGRESSIVE;

	ike_sa_log_begin(sa, "initiate new phase 1");
	log_info(aggressive ? "begin Aggressive mode." : "begin Identity Protection mode.");
	v1_state_new(sa, aggressive ? V1_AGGRESSIVE : V1_MAIN, aggressive ? V1_I_AM2 : V1_I_MM2);
	if (aggressive)
		v1_am1(sa);
	else
		v1_mm1(sa);
}

/* A new phase 1 beside the old one; when it is up, the old one's children are its own. */
static void v1_rekey(struct ike_sa *sa)
{
	if (!peer_busy_from(sa->peer, &sa->path.local))
		v1_initiate(ike_sa_new(sa->peer, 1, true, &sa->path));
}

/* IKEv1 can not tell the peer of a new address: phase 1 begins anew from there, if there is one. */
static void v1_moved(struct ike_sa *sa)
{
	struct ike_path path = sa->path;
	struct ike *ike = sa->ike;

	if (sa->peer->conf->passive || peer_busy(sa->peer) ||
	    peer_local(ike, &path.remote, &path.local))
		return;
	addr_set_port(&path.local, path.natt ? ike->natt_port : ike->port);
	v1_initiate(ike_sa_new(sa->peer, 1, true, &path));
}

const struct ike_version_ops v1_ops = {
	.initiate = v1_initiate,
	.input = v1_input,
	.child_start = v1_child_start,
	.child_gone = v1_child_gone,
	.child_forget = v1_child_forget,
	.probe = v1_probe,
	.rekey = v1_rekey,
	.close = v1_close,
	.moved = v1_moved,
	.no_answer = v1_gave_up,
	.free = v1_state_free,
};
