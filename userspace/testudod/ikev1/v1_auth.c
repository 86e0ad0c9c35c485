// SPDX-License-Identifier: GPL-2.0
/*
 * Who is who in phase 1: identities, SKEYID, and the HASH or SIG that proves
 * an identity. It knows no order of messages; certificates are in v1_cert.c.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "ikev1/v1_room.h"

/**
 * v1_make_id() - our identity and its payload's body
 * @sa: whose
 *
 * Protocol and port are 0: behind a NAT no port would be true.
 *
 * Return: false with a report.
 */
bool v1_make_id(struct ike_sa *sa)
{
	struct writer w = { 0 };
	struct blob *body = sa->initiator ? &sa->v1->idii : &sa->v1->idir;

	if (!ike_sa_my_id(sa))
		return false;
	put_u8(&w, sa->my_id.type);
	put_zero(&w, 3);
	put_bytes(&w, blob_chunk(&sa->my_id.data));
	blob_free(body);
	*body = writer_blob(&w);
	return true;
}

/* RFC 2407 4.6.2 wants 0/0 or 17/500; behind NATs peers say 17/0 and 17/4500 too. */
static bool v1_id_port_ok(const struct wire_id *id)
{
	return (!id->proto || id->proto == 17) && (!id->port || id->port == 500 || id->port == 4500);
}

/* The peer's identity, checked for its form and against peers_identifier. */
bool v1_take_id(struct ike_sa *sa, const struct wire_msg *msg)
{
	const struct wire_pl *pl = wire_find(msg, P1_ID);
	struct report *r = &sa->peer->report;
	struct wire_id id;

	if (!wire_get_id(pl->body, &id)) {
		report_set(r, REPORT_SYNTAX, "phase 1", "the peer's ID payload is too short");
		return false;
	}
	id_set(&sa->peer_id, id.type, id.data);
	if (!id_valid(&sa->peer_id)) {
		report_set(r, REPORT_SYNTAX, "phase 1", "the peer's ID payload is no %s",
			   id_type_name(id.type));
		return false;
	}
	if (!v1_id_port_ok(&id))
		log_debug("the peer's ID has protocol %u and port %u", id.proto, id.port);
	blob_set(sa->initiator ? &sa->v1->idir : &sa->v1->idii, pl->body);
	return peer_id_allowed(sa->peer, &sa->peer_id, "phase 1");
}

/* ---- SKEYID ---- */

static bool v1_ask_psk(struct ike_sa *sa, const struct psk_who *who, struct chunk nonces,
		       struct secrets_answer *answer)
{
	const struct alg *prf = sa->suite.prf;
	uint8_t out[CRYPT_HASH_MAX];
	bool ok = sa->ike->ops->psk(sa->ike->ops_arg, who, PSK_PRF, prf, nonces, out, answer);

	if (ok) {
		blob_wipe(&sa->v1->keys.skeyid);
		blob_set(&sa->v1->keys.skeyid, chunk(out, prf->out));
	}
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

/*
 * prf(PSK, Ni_b | Nr_b). Main mode's identities are encrypted with what comes of
 * it, so only the address can tell whose key it is; aggressive mode has both.
 */
static bool v1_skeyid_psk(struct ike_sa *sa, struct chunk nonces, struct secrets_answer *answer)
{
	static const struct sockaddr_storage nowhere;
	const struct psk_who by_id = { .id = &sa->peer_id, .addr = &nowhere };
	const struct psk_who by_addr = { .addr = &sa->path.remote };

	if (sa->v1->exchange == V1_AGGRESSIVE) {
		if (v1_ask_psk(sa, &by_id, nonces, answer))
			return true;
		if (answer->error != SECRETS_NO_PSK)
			return false;
		log_notice("couldn't find the proper pskey, try to get one by the peer's address.");
	}
	return v1_ask_psk(sa, &by_addr, nonces, answer);
}

static void v1_no_psk(struct ike_sa *sa, const struct secrets_answer *answer)
{
	struct report *r = &sa->peer->report;
	char peer[ADDR_TEXT], id[ID_TEXT];

	addr_host(&sa->path.remote, peer);
	if (answer->error != SECRETS_NO_PSK) {
		report_set(r, REPORT_CRYPTO, "phase 1", "the pre-shared key for %s can not be used: %s",
			   peer, answer->sentence);
		return;
	}
	if (log_limit_ok(&sa->peer->limit, 10, timer_now()))
		log_error("couldn't find the pskey for %s.", peer);
	report_set(r, REPORT_NO_PSK, "phase 1", "psk.txt has no line for %s: %s", peer,
		   answer->sentence);
	if (sa->v1->exchange == V1_AGGRESSIVE && sa->peer_id.type)
		report_row(r, true, "identity", "no line", id_text(&sa->peer_id, id, sizeof(id)));
	report_fix(r, "a line \"%s SECRET\" in psk.txt, the same secret as at the other end", peer);
}

/**
 * v1_skeyid() - the root of all keys of phase 1
 * @sa: nonces, and for signatures g^xy, are there
 *
 * Return: false with a report.
 */
bool v1_skeyid(struct ike_sa *sa)
{
	struct secrets_answer answer = { .error = SECRETS_OK };
	struct v1_state *v1 = sa->v1;
	struct writer nonces = { 0 };
	bool ok;

	if (sa->suite.auth != IKE_AUTH_PSK) {
		ok = crypt_prf_nonces(sa->suite.prf, blob_chunk(&v1->ni), blob_chunk(&v1->nr),
				      blob_chunk(&v1->shared), &v1->keys.skeyid);
		if (!ok)
			report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1",
				   "libcrypto did not make SKEYID");
		return ok;
	}
	put_bytes(&nonces, blob_chunk(&v1->ni));
	put_bytes(&nonces, blob_chunk(&v1->nr));
	ok = v1_skeyid_psk(sa, writer_chunk(&nonces), &answer);
	writer_free(&nonces);
	if (!ok)
		v1_no_psk(sa, &answer);
	return ok;
}

/* ---- HASH and SIG ---- */

/* HASH_I or HASH_R */
static bool v1_proof_hash(struct ike_sa *sa, bool of_initiator, uint8_t out[CRYPT_HASH_MAX])
{
	struct v1_state *v1 = sa->v1;
	struct chunk gi = blob_chunk(&v1->gxi), gr = blob_chunk(&v1->gxr);
	struct chunk sai = blob_chunk(&v1->sai_b);

	if (of_initiator)
		return crypt_v1_hash(&sa->suite, &v1->keys, gi, gr, sa->spi_i, sa->spi_r, sai,
				     blob_chunk(&v1->idii), out);
	return crypt_v1_hash(&sa->suite, &v1->keys, gr, gi, sa->spi_r, sa->spi_i, sai,
			     blob_chunk(&v1->idir), out);
}

static bool v1_put_sig(struct ike_sa *sa, struct wire_out *o, struct chunk hash)
{
	struct secrets_answer answer = { .error = SECRETS_OK };
	struct blob sig = { 0 };

	if (!sa->ike->ops->sign(sa->ike->ops_arg, sa->peer->conf, SIG_RAW_RSA_V1, hash, &sig, &answer)) {
		report_set(&sa->peer->report, REPORT_CERT, "phase 1",
			   "our private key can not be used: %s", answer.sentence);
		return false;
	}
	wire_put(o, P1_SIG, blob_chunk(&sig));
	blob_free(&sig);
	return true;
}

/**
 * v1_put_proof() - certificate, request for the peer's, HASH or SIG
 * @sa: keys and identities are there
 * @o: message
 *
 * Return: false with a report.
 */
bool v1_put_proof(struct ike_sa *sa, struct wire_out *o)
{
	uint8_t out[CRYPT_HASH_MAX] = { 0 };
	struct chunk hash = chunk(out, sa->suite.prf->out);

	if (!v1_proof_hash(sa, sa->initiator, out)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1", "libcrypto did not make the HASH");
		return false;
	}
	if (sa->suite.auth == IKE_AUTH_PSK) {
		wire_put(o, P1_HASH, hash);
		return true;
	}
	v1_put_cert(sa, o);
	/* main mode's responder asked in MM4 already, aggressive mode's initiator in AM1 */
	if (sa->initiator == (sa->v1->exchange == V1_MAIN))
		v1_put_certreqs(sa, o);
	return v1_put_sig(sa, o, hash);
}

static bool v1_check_hash(struct ike_sa *sa, const struct wire_msg *msg, struct chunk hash)
{
	const struct wire_pl *pl = wire_find(msg, P1_HASH);
	char peer[ADDR_TEXT];

	if (pl && chunk_equal_secret(pl->body, hash))
		return true;
	addr_host(&sa->path.remote, peer);
	if (!pl) {
		report_set(&sa->peer->report, REPORT_SYNTAX, "phase 1", "%s sent no HASH", peer);
		return false;
	}
	report_set(&sa->peer->report, REPORT_PSK_DIFFERS, "phase 1",
		   "the pre-shared keys differ: ours for %s does not fit the HASH that it sent", peer);
	report_fix(&sa->peer->report, "the same secret in psk.txt at both ends");
	return false;
}

static bool v1_check_sig(struct ike_sa *sa, const struct wire_msg *msg, struct chunk hash,
			 uint16_t *notify)
{
	const struct wire_pl *pl = wire_find(msg, P1_SIG);
	char id[ID_TEXT];
	struct cert *cert;

	if (!pl) {
		report_set(&sa->peer->report, REPORT_SYNTAX, "phase 1", "the peer sent no SIG");
		return false;
	}
	cert = v1_peer_cert(sa, msg, notify);
	if (!cert)
		return false;
	if (cert_check_signature(cert, SIG_RAW_RSA_V1, hash, pl->body)) {
		cert_free(sa->peer_cert);
		sa->peer_cert = cert;
		return true;
	}
	cert_free(cert);
	*notify = V1_N_INVALID_SIGNATURE;
	report_set(&sa->peer->report, REPORT_AUTH, "phase 1",
		   "the signature of %s was not made with the key of its certificate",
		   id_text(&sa->peer_id, id, sizeof(id)));
	return false;
}

/**
 * v1_check_proof() - has the peer proven its identity?
 * @sa: keys and identities are there
 * @msg: message with HASH, or SIG and certificates
 * @notify: what to tell the peer if not
 *
 * Return: false with a report.
 */
bool v1_check_proof(struct ike_sa *sa, const struct wire_msg *msg, uint16_t *notify)
{
	uint8_t out[CRYPT_HASH_MAX] = { 0 };
	struct chunk hash = chunk(out, sa->suite.prf->out);

	if (!v1_proof_hash(sa, !sa->initiator, out)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "phase 1", "libcrypto did not make the HASH");
		return false;
	}
	if (sa->suite.auth == IKE_AUTH_PSK)
		return v1_check_hash(sa, msg, hash);
	return v1_check_sig(sa, msg, hash, notify);
}
