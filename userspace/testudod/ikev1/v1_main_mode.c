// SPDX-License-Identifier: GPL-2.0
/*
 * Main mode, both roles (RFC 2409 5.1 and 5.4): what each of the six messages
 * is made of, and what its arrival does. Which one is awaited, and whether its
 * payloads are the right ones, is settled in v1_main.c.
 *
 *	MM1  SA, VID..			MM2  SA, VID..
 *	MM3  KE, Ni, [NAT-D..]		MM4  KE, Nr, [CERTREQ..], [NAT-D..]
 *	MM5* ID, [CERT], [CERTREQ..], HASH|SIG, [N]	MM6* ID, [CERT], HASH|SIG, [N]
 */
#include <string.h>

#include "ikev1/v1_room.h"

void v1_mm1(struct ike_sa *sa)
{
	struct v1_sa offer = { 0 };
	struct wire_out o;
	struct writer body = { 0 };
	struct blob dg;

	prop_v1_ike_offer(sa->peer->conf, V1_MAIN, &offer);
	v1_put_sa(&body, &offer);
	sa->v1->sai_b = writer_blob(&body);
	v1_begin(sa, &o, V1_MAIN, 0);
	wire_put(&o, P1_SA, blob_chunk(&sa->v1->sai_b));
	v1_put_vids(sa, &o);
	dg = v1_clear(&o);
	v1_ask(sa, &dg);
}

/* The proposal has been chosen, and nothing dear has been done yet. */
void v1_mm2(struct ike_sa *sa, const struct v1_sa *answer)
{
	struct wire_out o;
	struct blob dg;

	v1_begin(sa, &o, V1_MAIN, 0);
	v1_put_sa_payload(&o, answer);
	v1_put_vids(sa, &o);
	dg = v1_clear(&o);
	v1_answer(sa, &dg);
}

/* KE, nonce and NAT-D, of either side. */
static void v1_put_exchange(struct ike_sa *sa, struct wire_out *o)
{
	struct v1_state *v1 = sa->v1;

	v1_begin(sa, o, V1_MAIN, 0);
	wire_put(o, P1_KE, blob_chunk(sa->initiator ? &v1->gxi : &v1->gxr));
	wire_put(o, P1_NONCE, blob_chunk(sa->initiator ? &v1->ni : &v1->nr));
	if (!sa->initiator)
		v1_put_certreqs(sa, o);
	v1_put_natd(sa, o);
}

enum v1_verdict v1_on_mm2(struct ike_sa *sa, const struct v1_in *in)
{
	enum v1_verdict verdict = v1_take_answer(sa, in);
	struct wire_out o;
	struct blob dg;

	if (verdict != V1_TAKEN)
		return verdict;
	if (!v1_make_dh(sa))
		return v1_fail(sa, 0);
	v1_put_exchange(sa, &o);
	dg = v1_clear(&o);
	sa->v1->phase = V1_I_MM4;
	v1_ask(sa, &dg);
	return V1_TAKEN;
}

/* The peer has echoed our cookie, so its address is real: now work may be spent on it. */
enum v1_verdict v1_on_mm3(struct ike_sa *sa, const struct v1_in *in)
{
	struct wire_out o;
	struct blob dg;

	if (!gate_real(sa))
		return V1_DROPPED;
	v1_take_natd(sa, in->msg, in->path);
	v1_take_certreqs(sa, in->msg);
	if (!v1_take_nonce(sa, in->msg) || !v1_make_dh(sa))
		return v1_fail(sa, V1_N_PAYLOAD_MALFORMED);
	if (!v1_take_ke(sa, in->msg))
		return v1_fail(sa, V1_N_INVALID_KEY_INFORMATION);
	v1_put_exchange(sa, &o);
	if (!v1_make_keys(sa)) {
		writer_free(&o.w);
		return v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
	}
	dg = v1_clear(&o);
	sa->v1->phase = V1_R_MM5;
	v1_answer(sa, &dg);
	return V1_TAKEN;
}

/* ID, proof and perhaps INITIAL-CONTACT, sealed: MM5 and MM6. */
static bool v1_put_identity(struct ike_sa *sa, struct blob *dg)
{
	struct v1_state *v1 = sa->v1;
	struct wire_out o;

	v1_begin(sa, &o, V1_MAIN, 0);
	wire_put(&o, P1_ID, blob_chunk(sa->initiator ? &v1->idii : &v1->idir));
	if (!v1_put_proof(sa, &o)) {
		writer_free(&o.w);
		return false;
	}
	v1_put_initial(sa, &o);
	if (v1_seal(sa, &o, v1->iv, dg))
		return true;
	report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1", "libcrypto did not encrypt");
	return false;
}

enum v1_verdict v1_on_mm4(struct ike_sa *sa, const struct v1_in *in)
{
	struct blob dg;

	v1_take_natd(sa, in->msg, in->path);
	v1_take_certreqs(sa, in->msg);
	if (!v1_take_nonce(sa, in->msg))
		return v1_fail(sa, V1_N_PAYLOAD_MALFORMED);
	if (!v1_take_ke(sa, in->msg))
		return v1_fail(sa, V1_N_INVALID_KEY_INFORMATION);
	if (!v1_make_id(sa) || !v1_make_keys(sa))
		return v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
	natt_float(sa);
	if (!v1_put_identity(sa, &dg))
		return v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
	sa->v1->phase = V1_I_MM6;
	v1_ask(sa, &dg);
	return V1_TAKEN;
}

enum v1_verdict v1_on_mm5(struct ike_sa *sa, const struct v1_in *in)
{
	uint16_t notify = V1_N_AUTHENTICATION_FAILED;
	struct v1_state *v1 = sa->v1;
	struct blob dg;

	/* from here on the peer is where this came from: it may have moved to the other port */
	sa->path = *in->path;
	memcpy(v1->iv, in->next_iv, sizeof(v1->iv));
	v1_take_certreqs(sa, in->msg);
	if (!v1_take_id(sa, in->msg) || !v1_check_proof(sa, in->msg, &notify) || !v1_make_id(sa))
		return v1_fail(sa, notify);
	v1_take_notifies(sa, in->msg);
	if (!v1_put_identity(sa, &dg))
		return v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
	v1_answer(sa, &dg);
	v1_up(sa, in->path);
	return V1_TAKEN;
}

enum v1_verdict v1_on_mm6(struct ike_sa *sa, const struct v1_in *in)
{
	uint16_t notify = V1_N_AUTHENTICATION_FAILED;

	memcpy(sa->v1->iv, in->next_iv, sizeof(sa->v1->iv));
	if (!v1_take_id(sa, in->msg) || !v1_check_proof(sa, in->msg, &notify))
		return v1_fail(sa, notify);
	v1_take_notifies(sa, in->msg);
	flight_clear(&sa->flight);
	v1_up(sa, in->path);
	return V1_TAKEN;
}
