// SPDX-License-Identifier: GPL-2.0
/*
 * Who is who: CERT, CERTREQ and AUTH payloads (RFC 7296 2.15, RFC 7427, RFC
 * 4754), ours and the peer's. The secrets themselves are elsewhere: they are
 * asked for through struct ike_ops.
 */
#include <stdio.h>
#include <string.h>

#include "ikev2/v2.h"

#define PROOF_CHAIN 8 /* certificates of the peer besides its own */
#define STAGE	    "IKE_AUTH"

/* ---- by which means ---- */

bool v2_proof_takes(const struct ike_sa *sa, bool psk)
{
	const struct conf_remote *conf = sa->peer->conf;
	const struct conf_proposal *p;

	if (TAILQ_EMPTY(&conf->proposals))
		return psk ? !conf->cert : !!conf->cert;
	TAILQ_FOREACH(p, &conf->proposals, link) {
		if (psk == (p->auth == IKE_AUTH_PSK || p->auth == IKE_AUTH_NONE))
			return true;
	}
	return false;
}

/* The first proposal says how we prove ourselves. */
static bool proof_by_psk(const struct ike_sa *sa)
{
	const struct conf_proposal *p = TAILQ_FIRST(&sa->peer->conf->proposals);

	if (!p)
		return !sa->peer->conf->cert;
	return p->auth == IKE_AUTH_PSK || p->auth == IKE_AUTH_NONE;
}

/* ---- what AUTH covers ---- */

/* Our ID payload's body, as it is sent. */
static void proof_my_id(const struct ike_sa *sa, struct blob *body)
{
	struct writer w = { 0 };

	put_u8(&w, sa->my_id.type);
	put_zero(&w, 3);
	put_bytes(&w, blob_chunk(&sa->my_id.data));
	*body = writer_blob(&w);
}

/*
 * The signer's first message, the other one's nonce, prf(SK_p, the signer's ID
 * payload without its header, as sent). IntAuth of IKE_INTERMEDIATE goes last.
 */
static bool proof_octets(const struct ike_sa *sa, bool of_initiator, struct chunk id_body,
			 struct blob *out)
{
	const struct v2_state *v2 = sa->v2;
	const struct blob *key = of_initiator ? &v2->keys.pi : &v2->keys.pr;
	uint8_t mac[CRYPT_HASH_MAX];
	struct writer w = { 0 };

	if (!crypt_prf(sa->suite.prf, blob_chunk(key), &id_body, 1, mac))
		return false;
	put_bytes(&w, blob_chunk(of_initiator ? &v2->init_i : &v2->init_r));
	put_bytes(&w, blob_chunk(of_initiator ? &v2->nr : &v2->ni));
	put_bytes(&w, chunk(mac, sa->suite.prf->out));
	*out = writer_blob(&w);
	return true;
}

static bool proof_psk(struct ike_sa *sa, struct chunk octets, uint8_t out[CRYPT_HASH_MAX])
{
	const struct conf_id *want = TAILQ_FIRST(&sa->peer->conf->peers_ids);
	struct psk_who who = { .addr = &sa->path.remote };
	struct secrets_answer answer = { 0 };
	struct ike *ike = sa->ike;
	char whom[V2_WHO];

	/* an initiator does not know yet who answers: the one that the file expects, else the address */
	if (sa->peer_id.type)
		who.id = &sa->peer_id;
	else if (want && want->id.type && !want->pattern)
		who.id = &want->id;
	if (ike->ops->psk(ike->ops_arg, &who, PSK_AUTH, sa->suite.prf, octets, out, &answer))
		return true;
	v2_who(sa, whom);
	report_set(&sa->peer->report, answer.error == SECRETS_NO_PSK ? REPORT_NO_PSK : REPORT_CRYPTO,
		   STAGE, "couldn't find the pskey for %s: %s", whom, answer.sentence);
	report_fix(&sa->peer->report, "a line in psk.txt for %s", whom);
	return false;
}

/* ---- ours ---- */

void v2_proof_put_cert(struct ike_sa *sa, struct wire_out *o)
{
	struct cert *cert;

	if (proof_by_psk(sa) || !sa->peer->conf->send_cert || sa->peer->conf->plain_rsa)
		return;
	cert = peer_cert(sa->peer);
	if (cert)
		wire_put_cert(o, P2_CERT, V2_CERT_X509, cert_der(cert));
}

void v2_proof_put_certreq(struct ike_sa *sa, struct wire_out *o)
{
	struct writer w = { 0 };

	if (!v2_proof_takes(sa, false) || !sa->peer->conf->send_cr || sa->peer->conf->peers_rsa)
		return;
	cert_store_key_hashes(peer_store(sa->peer), &w);
	wire_put_cert(o, P2_CERTREQ, V2_CERT_X509, writer_chunk(&w));
	writer_free(&w);
}

/* Before RFC 7427 the method names key and hash in one. */
static bool proof_old_method(struct ike_sa *sa, const struct cert *cert, uint8_t *method,
			     enum sig_scheme *scheme, unsigned int *bits)
{
	const char *type = cert_key_type(cert, bits);
	char whom[V2_WHO];

	if (strcmp(type, "rsa") == 0) {
		*method = V2_AUTH_RSA;
		*scheme = SIG_RSA_SHA1;
		return true;
	}
	if (strcmp(type, "ecdsa") == 0 && (*bits == 256 || *bits == 384 || *bits == 521)) {
		*method = *bits == 256 ? V2_AUTH_ECDSA_256 : *bits == 384 ? V2_AUTH_ECDSA_384
									  : V2_AUTH_ECDSA_521;
		*scheme = *bits == 256 ? SIG_ECDSA_SHA256 : *bits == 384 ? SIG_ECDSA_SHA384
									 : SIG_ECDSA_SHA512;
		return true;
	}
	report_set(&sa->peer->report, REPORT_CERT, STAGE,
		   "%s does not know RFC 7427, without which our %s key can not sign",
		   v2_who(sa, whom), type);
	return false;
}

static bool proof_scheme(struct ike_sa *sa, const struct cert *cert, uint8_t *method,
			 enum sig_scheme *scheme, unsigned int *bits)
{
	char whom[V2_WHO];

	if (!sa->v2->rfc7427)
		return proof_old_method(sa, cert, method, scheme, bits);
	*method = V2_AUTH_SIGNATURE;
	if (sig_choose(cert, sa->v2->hashes, scheme))
		return true;
	report_set(&sa->peer->report, REPORT_CERT, STAGE,
		   "%s takes no hash algorithm that our %s key can sign with", v2_who(sa, whom),
		   cert_key_type(cert, bits));
	return false;
}

/* The key that the peer checks us with: of our certificate, or plain. */
static struct cert *proof_my_cert(struct ike_sa *sa, bool *own)
{
	struct ike_peer *peer = sa->peer;
	char why[256] = "";
	struct cert *cert;

	*own = false;
	cert = peer->conf->plain_rsa ? NULL : peer_cert(peer);
	if (cert)
		return cert;
	if (peer->conf->plain_rsa) {
		*own = true;
		cert = cert_from_plain_rsa(peer->ike->src, peer->conf->plain_rsa, why, sizeof(why));
	}
	if (!cert) {
		report_set(&peer->report, REPORT_CERT, STAGE, "we have no certificate to prove ourselves with%s%s",
			   why[0] ? ": " : "", why);
		report_fix(&peer->report, "certificate_type x509 \"cert.pem\" \"key.pem\";");
	}
	return cert;
}

static bool proof_put_signature(struct ike_sa *sa, struct chunk octets, const struct cert *cert,
				struct wire_out *o)
{
	struct secrets_answer answer = { 0 };
	struct blob sig = { 0 }, raw = { 0 };
	struct ike *ike = sa->ike;
	struct writer w = { 0 };
	enum sig_scheme scheme;
	unsigned int bits = 0;
	uint8_t method;
	bool ok = true;

	if (!proof_scheme(sa, cert, &method, &scheme, &bits))
		return false;
	if (!ike->ops->sign(ike->ops_arg, sa->peer->conf, scheme, octets, &sig, &answer)) {
		report_set(&sa->peer->report, REPORT_CERT, STAGE, "our private key can not be used: %s",
			   answer.sentence);
		return false;
	}
	if (method == V2_AUTH_SIGNATURE) {
		struct chunk algid = sig_algid(scheme);

		put_u8(&w, algid.n);
		put_bytes(&w, algid);
		put_bytes(&w, blob_chunk(&sig));
	} else if (method == V2_AUTH_RSA) {
		put_bytes(&w, blob_chunk(&sig));
	} else {
		ok = sig_ecdsa_to_raw(blob_chunk(&sig), bits, &raw);
		put_bytes(&w, blob_chunk(&raw));
	}
	if (ok)
		v2_put_auth(o, method, writer_chunk(&w));
	else
		report_set(&sa->peer->report, REPORT_CRYPTO, STAGE, "libcrypto made no signature");
	writer_free(&w);
	blob_free(&sig);
	blob_free(&raw);
	return ok;
}

bool v2_proof_put(struct ike_sa *sa, struct wire_out *o)
{
	struct blob body = { 0 }, octets = { 0 };
	uint8_t mac[CRYPT_HASH_MAX];
	struct cert *cert;
	bool own, ok;

	proof_my_id(sa, &body);
	ok = proof_octets(sa, sa->initiator, blob_chunk(&body), &octets);
	blob_free(&body);
	if (!ok) {
		report_set(&sa->peer->report, REPORT_CRYPTO, STAGE, "libcrypto computed no proof");
		return false;
	}
	if (proof_by_psk(sa)) {
		ok = proof_psk(sa, blob_chunk(&octets), mac);
		if (ok)
			v2_put_auth(o, V2_AUTH_PSK, chunk(mac, sa->suite.prf->out));
	} else {
		cert = proof_my_cert(sa, &own);
		ok = cert && proof_put_signature(sa, blob_chunk(&octets), cert, o);
		if (own)
			cert_free(cert);
	}
	blob_wipe(&octets);
	return ok;
}

/* ---- the peer's ---- */

static bool proof_check_psk(struct ike_sa *sa, struct chunk octets, struct chunk theirs)
{
	uint8_t mac[CRYPT_HASH_MAX];
	char whom[V2_WHO];

	if (!proof_psk(sa, octets, mac))
		return false;
	if (chunk_equal_secret(theirs, chunk(mac, sa->suite.prf->out)))
		return true;
	report_set(&sa->peer->report, REPORT_PSK_DIFFERS, STAGE,
		   "peer %s: its pre-shared key differs from ours", v2_who(sa, whom));
	report_fix(&sa->peer->report, "the same secret in psk.txt of both ends");
	return false;
}

/* Certificates as sent; the first is the peer's own. Others than X.509 are passed over. */
static size_t proof_certs(const struct wire_msg *msg, struct cert *certs[PROOF_CHAIN + 1])
{
	struct chunk der;
	unsigned int i;
	uint8_t encoding;
	size_t n = 0;

	for (i = 0; i < msg->n && n <= PROOF_CHAIN; i++) {
		if (msg->pl[i].type != P2_CERT || !wire_get_cert(msg->pl[i].body, &encoding, &der) ||
		    encoding != V2_CERT_X509)
			continue;
		certs[n] = cert_parse(der);
		n += certs[n] != NULL;
	}
	return n;
}

static void proof_told(struct ike_sa *sa, const char *sentence)
{
	char whom[V2_WHO];

	report_set(&sa->peer->report, REPORT_CERT, STAGE, "peer %s: %s", v2_who(sa, whom), sentence);
}

/* A pinned certificate or plain key: the file's word is enough, the peer's own is not asked for. */
static struct cert *proof_pinned(struct ike_sa *sa)
{
	const struct conf_remote *conf = sa->peer->conf;
	char why[256], sentence[REPORT_SENTENCE];
	struct cert *cert;

	if (conf->peers_rsa)
		cert = cert_from_plain_rsa(sa->ike->src, conf->peers_rsa, why, sizeof(why));
	else
		cert = cert_load(sa->ike->src, conf->peers_cert, why, sizeof(why));
	if (!cert) {
		snprintf(sentence, sizeof(sentence), "the pinned key %s can not be used: %s",
			 conf->peers_rsa ? conf->peers_rsa : conf->peers_cert, why);
		proof_told(sa, sentence);
		return NULL;
	}
	if (!conf->peers_rsa && conf->verify_cert && !cert_has_id(cert, &sa->peer_id)) {
		proof_told(sa, "its identity is not in the certificate that peers_certfile names");
		cert_free(cert);
		return NULL;
	}
	return cert;
}

/* The key to check with: of a chain that we trust, for the identity it claims. */
static struct cert *proof_peer_cert(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct cert *certs[PROOF_CHAIN + 1] = { NULL };
	struct cert_verdict verdict = { 0 };
	struct cert *leaf = NULL;
	size_t n, i;

	if (sa->peer->conf->peers_rsa || sa->peer->conf->peers_cert)
		return proof_pinned(sa);
	n = proof_certs(msg, certs);
	if (!n) {
		proof_told(sa, "it sent no certificate, and none is named by peers_certfile");
		return NULL;
	}
	peer_verify(sa->peer, certs[0], certs + 1, n - 1, &sa->peer_id, &verdict);
	if (verdict.cause == CERT_OK) {
		leaf = certs[0];
		certs[0] = NULL;
	} else {
		/* which says of whom */
		report_set(&sa->peer->report, REPORT_CERT, STAGE, "%s", verdict.sentence);
	}
	for (i = 0; i < n; i++)
		cert_free(certs[i]);
	return leaf;
}

/* RFC 7427 3: length and AlgorithmIdentifier, then the signature. */
static bool proof_signature_14(struct chunk data, enum sig_scheme *scheme, struct chunk *sig)
{
	struct reader r = reader(data);
	struct chunk algid = get_bytes(&r, get_u8(&r));

	*sig = get_rest(&r);
	return !r.failed && sig_by_algid(algid, scheme) && sig_hash_id(*scheme) > 1;
}

static bool proof_verify(struct ike_sa *sa, const struct cert *cert, uint8_t method,
			 struct chunk data, struct chunk octets)
{
	struct blob der = { 0 };
	enum sig_scheme scheme;
	unsigned int bits;
	struct chunk sig;
	const char *type = cert_key_type(cert, &bits);
	bool ok;

	if (method == V2_AUTH_SIGNATURE)
		return proof_signature_14(data, &scheme, &sig) &&
		       cert_check_signature(cert, scheme, octets, sig);
	/* SHA-1 only from those who know nothing better: we have said that we do */
	if (method == V2_AUTH_RSA)
		return !sa->v2->rfc7427 && strcmp(type, "rsa") == 0 &&
		       cert_check_signature(cert, SIG_RSA_SHA1, octets, data);
	scheme = method == V2_AUTH_ECDSA_256 ? SIG_ECDSA_SHA256 : method == V2_AUTH_ECDSA_384 ? SIG_ECDSA_SHA384
											      : SIG_ECDSA_SHA512;
	if (strcmp(type, "ecdsa") != 0 ||
	    bits != (method == V2_AUTH_ECDSA_256 ? 256u : method == V2_AUTH_ECDSA_384 ? 384u
										      : 521u))
		return false;
	ok = sig_ecdsa_to_der(data, bits, &der) &&
	     cert_check_signature(cert, scheme, octets, blob_chunk(&der));
	blob_free(&der);
	return ok;
}

static bool proof_check_signature(struct ike_sa *sa, const struct wire_msg *msg, uint8_t method,
				  struct chunk data, struct chunk octets)
{
	struct cert *cert = proof_peer_cert(sa, msg);
	char whom[V2_WHO];

	if (!cert)
		return false;
	if (proof_verify(sa, cert, method, data, octets)) {
		cert_free(sa->peer_cert);
		sa->peer_cert = cert;
		return true;
	}
	cert_free(cert);
	report_set(&sa->peer->report, REPORT_AUTH, STAGE,
		   "peer %s: its signature (method %u) does not fit its certificate",
		   v2_who(sa, whom), method);
	return false;
}

static const char *proof_method_name(uint8_t method)
{
	return method == V2_AUTH_PSK ? "a pre-shared key" : "a signature";
}

bool v2_proof_check(struct ike_sa *sa, const struct wire_msg *msg, struct chunk id_body)
{
	const struct wire_pl *pl = wire_find(msg, P2_AUTH);
	struct blob octets = { 0 };
	char whom[V2_WHO];
	struct chunk data;
	uint8_t method;
	bool ok, psk;

	if (!pl || !v2_get_auth(pl->body, &method, &data)) {
		v2_tell_syntax(sa, STAGE, pl ? "a malformed AUTH payload" : "no AUTH payload: it wants EAP, which is not supported");
		return false;
	}
	psk = method == V2_AUTH_PSK;
	if (!psk && method != V2_AUTH_SIGNATURE && method != V2_AUTH_RSA &&
	    (method < V2_AUTH_ECDSA_256 || method > V2_AUTH_ECDSA_521)) {
		report_set(&sa->peer->report, REPORT_AUTH, STAGE,
			   "peer %s: authentication method %u is unknown", v2_who(sa, whom), method);
		return false;
	}
	if (!v2_proof_takes(sa, psk)) {
		report_set(&sa->peer->report, REPORT_AUTH, STAGE,
			   "peer %s comes with %s, which no proposal of its block allows",
			   v2_who(sa, whom), proof_method_name(method));
		report_fix(&sa->peer->report, "authentication_method %s;", psk ? "pre_shared_key" : "rsasig");
		return false;
	}
	if (!proof_octets(sa, !sa->initiator, id_body, &octets)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, STAGE, "libcrypto computed no proof");
		return false;
	}
	ok = psk ? proof_check_psk(sa, blob_chunk(&octets), data) : proof_check_signature(sa, msg, method, data, blob_chunk(&octets));
	blob_wipe(&octets);
	return ok;
}
