// SPDX-License-Identifier: GPL-2.0
/*
 * Aggressive mode, both roles (RFC 2409 5.1 and 5.4): three messages, the
 * identities in the clear, and work for the responder before the initiator's
 * address is known to be real (the gate in the engine bounds it).
 *
 *	AM1  SA, KE, Ni, ID, [CERTREQ..], VID..
 *	AM2  SA, KE, Nr, ID, [CERT], [CERTREQ..], HASH|SIG, VID.., [NAT-D..]
 *	AM3* [CERT], HASH|SIG, [NAT-D..], [N]
 */
#include <string.h>

#include "ikev1/v1_room.h"

/* With a fixed group: our KE goes along with the offer, so all of it is of one. */
static bool v1_am_group(struct ike_sa *sa, const struct v1_sa *offer)
{
	sa->suite.dh = offer->ntrans ? alg_by_v1_phase1(ALG_DH, offer->trans[0].group) : NULL;
	if (sa->suite.dh)
		return true;
	report_set(&sa->peer->report, REPORT_NO_CONFIG, "phase 1",
		   "no proposal of %s names a dh_group for aggressive mode", sa->peer->conf->name);
	return false;
}

void v1_am1(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;
	struct v1_sa offer = { 0 };
	struct writer body = { 0 };
	struct wire_out o;
	struct blob dg;

	prop_v1_ike_offer(sa->peer->conf, V1_AGGRESSIVE, &offer);
	if (!v1_am_group(sa, &offer) || !v1_make_dh(sa) || !v1_make_id(sa)) {
		v1_fail(sa, 0);
		return;
	}
	v1_put_sa(&body, &offer);
	v1->sai_b = writer_blob(&body);
	v1_begin(sa, &o, V1_AGGRESSIVE, 0);
	wire_put(&o, P1_SA, blob_chunk(&v1->sai_b));
	wire_put(&o, P1_KE, blob_chunk(&v1->gxi));
	wire_put(&o, P1_NONCE, blob_chunk(&v1->ni));
	wire_put(&o, P1_ID, blob_chunk(&v1->idii));
	sa->suite.auth = offer.trans[0].auth;
	v1_put_certreqs(sa, &o);
	v1_put_vids(sa, &o);
	dg = v1_clear(&o);
	v1_ask(sa, &dg);
}

/* AM2 is sent once; it is longer than AM1, so only AM1 brings it forth again. */
static bool v1_am2(struct ike_sa *sa, const struct v1_sa *answer)
{
	struct v1_state *v1 = sa->v1;
	struct wire_out o;
	struct blob dg;

	v1_begin(sa, &o, V1_AGGRESSIVE, 0);
	v1_put_sa_payload(&o, answer);
	wire_put(&o, P1_KE, blob_chunk(&v1->gxr));
	wire_put(&o, P1_NONCE, blob_chunk(&v1->nr));
	wire_put(&o, P1_ID, blob_chunk(&v1->idir));
	if (!v1_put_proof(sa, &o)) {
		writer_free(&o.w);
		return false;
	}
	v1_put_vids(sa, &o);
	v1_put_natd(sa, &o);
	dg = v1_clear(&o);
	v1_answer(sa, &dg);
	return true;
}

/**
 * v1_on_am1() - the whole of a responder's work
 * @sa: new SA, suite chosen, vendor ids noted
 * @msg: AM1
 * @answer: SA payload of AM2
 *
 * Return: V1_TAKEN, or V1_ENDED.
 */
enum v1_verdict v1_on_am1(struct ike_sa *sa, const struct wire_msg *msg, const struct v1_sa *answer)
{
	v1_take_certreqs(sa, msg);
	if (!v1_take_nonce(sa, msg) || !v1_take_id(sa, msg) || !v1_make_dh(sa))
		return v1_fail(sa, V1_N_PAYLOAD_MALFORMED);
	if (!v1_take_ke(sa, msg))
		return v1_fail(sa, V1_N_INVALID_KEY_INFORMATION);
	if (!v1_make_id(sa) || !v1_make_keys(sa) || !v1_am2(sa, answer)) {
		/* nobody has proven anything: the peer does not learn more than that */
		crypt_v1_keys_wipe(&sa->v1->keys);
		return v1_fail(sa, V1_N_AUTHENTICATION_FAILED);
	}
	return V1_TAKEN;
}

/* Encrypted, as RFC 3947 and all peers have it, though RFC 2409 does not ask for it. */
static bool v1_am3(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;
	struct wire_out o;
	struct blob dg;

	/* NAT-D is about the ports that this message uses */
	natt_float(sa);
	v1_begin(sa, &o, V1_AGGRESSIVE, 0);
	if (!v1_put_proof(sa, &o)) {
		writer_free(&o.w);
		return false;
	}
	v1_put_natd(sa, &o);
	v1_put_initial(sa, &o);
	if (!v1_seal(sa, &o, v1->iv, &dg)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1", "libcrypto did not encrypt");
		return false;
	}
	/* nothing answers AM3: it is sent again until the peer says something under the SA */
	v1_ask(sa, &dg);
	v1->unsure = true;
	return true;
}

enum v1_verdict v1_on_am2(struct ike_sa *sa, const struct v1_in *in)
{
	uint16_t notify = V1_N_AUTHENTICATION_FAILED;
	enum v1_verdict verdict = v1_take_answer(sa, in);
	struct ike_path path;

	if (verdict != V1_TAKEN)
		return verdict;
	v1_take_natd(sa, in->msg, in->path);
	v1_take_certreqs(sa, in->msg);
	if (!v1_take_nonce(sa, in->msg) || !v1_take_id(sa, in->msg))
		return v1_fail(sa, V1_N_PAYLOAD_MALFORMED);
	if (!v1_take_ke(sa, in->msg))
		return v1_fail(sa, V1_N_INVALID_KEY_INFORMATION);
	if (!v1_make_keys(sa) || !v1_check_proof(sa, in->msg, &notify) || !v1_am3(sa))
		return v1_fail(sa, notify);
	/* the port that AM3 went to is where the peer listens from now on */
	path = sa->path;
	v1_up(sa, &path);
	/* a quick mode's answer will tell; without one the peer is asked */
	if (sa->state == IKE_UP && !v1_exchanges_open(sa, true))
		v1_ask_alive(sa);
	return V1_TAKEN;
}

enum v1_verdict v1_on_am3(struct ike_sa *sa, const struct v1_in *in)
{
	uint16_t notify = V1_N_AUTHENTICATION_FAILED;

	if (in->hdr->flags & WIRE_V1_ENCRYPT)
		memcpy(sa->v1->iv, in->next_iv, sizeof(sa->v1->iv));
	v1_take_natd(sa, in->msg, in->path);
	if (!v1_check_proof(sa, in->msg, &notify))
		return v1_fail(sa, notify);
	if (in->hdr->flags & WIRE_V1_ENCRYPT)
		v1_take_notifies(sa, in->msg);
	flight_clear(&sa->flight);
	v1_up(sa, in->path);
	return V1_TAKEN;
}
