// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates in phase 1: CERT and CERTREQ payloads of both sides, and which
 * certificate the peer's signature is to be checked with. What a certificate
 * is worth is decided in auth/.
 */
#include <string.h>

#include "ikev1/v1_room.h"

#define V1_CERT_X509	4  /* X.509 certificate - signature (RFC 2408 3.9) */
#define V1_CERTS_MAX	8  /* certificates of one message that are looked at */
#define V1_CERTREQS_MAX 16 /* requests that we send */

static void v1_put_certlike(struct wire_out *o, uint8_t payload, struct chunk data)
{
	wire_open(o, payload);
	put_u8(&o->w, V1_CERT_X509);
	put_bytes(&o->w, data);
	wire_close(o);
}

/* Does the file let us answer what the peer asked for? One that asks for nothing gets it all the same. */
static bool v1_may_answer(const struct ike_sa *sa)
{
	const struct conf_remote *conf = sa->peer->conf;

	if (conf->match_empty_cr || !sa->v1->asked_any || sa->v1->asked[0])
		return true;
	log_info("%s asks for any certificate and gets none: match_empty_cr is off", conf->name);
	return false;
}

/* A plain RSA key has no certificate: the peer has to know it. */
void v1_put_cert(struct ike_sa *sa, struct wire_out *o)
{
	struct cert *cert = sa->peer->conf->plain_rsa ? NULL : peer_cert(sa->peer);

	if (cert && sa->peer->conf->send_cert && v1_may_answer(sa))
		v1_put_certlike(o, P1_CERT, cert_der(cert));
}

/**
 * v1_put_certreqs() - ask for the peer's certificate
 * @sa: whose
 * @o: message
 *
 * One request for each CA, or an empty one, which means any. The names make it
 * possible for the peer to say why its certificate will not do.
 */
void v1_put_certreqs(struct ike_sa *sa, struct wire_out *o)
{
	const struct conf_remote *conf = sa->peer->conf;
	struct chunk dn;
	size_t i;

	if (sa->suite.auth != IKE_AUTH_RSASIG || !conf->send_cr || conf->peers_rsa || conf->peers_cert)
		return;
	for (i = 0; i < V1_CERTREQS_MAX && i < cert_store_dn(peer_store(sa->peer), i, &dn); i++)
		v1_put_certlike(o, P1_CERTREQ, dn);
	if (!i)
		v1_put_certlike(o, P1_CERTREQ, chunk(NULL, 0));
}

static bool v1_is_our_issuer(struct ike_sa *sa, const struct id *dn)
{
	struct cert *cert = peer_cert(sa->peer);
	struct id issuer = { 0 };
	bool same;

	if (!cert)
		return false;
	id_set(&issuer, ID_DN, cert_issuer(cert));
	same = id_equal(&issuer, dn);
	id_free(&issuer);
	return same;
}

/* Whose certificates the peer wants: for the sentence when it refuses ours. */
void v1_take_certreqs(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct v1_state *v1 = sa->v1;
	char text[ID_TEXT];
	struct chunk data;
	uint8_t encoding;
	unsigned int i;
	size_t len;

	if (sa->suite.auth == IKE_AUTH_PSK)
		return;
	for (i = 0; i < msg->n; i++) {
		struct id dn = { 0 };

		if (msg->pl[i].type != P1_CERTREQ ||
		    !wire_get_cert(msg->pl[i].body, &encoding, &data) || encoding != V1_CERT_X509)
			continue;
		if (!data.n) {
			v1->asked_ours = true;
			v1->asked_any = true;
			continue;
		}
		id_set(&dn, ID_DN, data);
		if (id_valid(&dn)) {
			v1->asked_ours |= v1_is_our_issuer(sa, &dn);
			len = strlen(v1->asked);
			snprintf(v1->asked + len, sizeof(v1->asked) - len, "%s%s", len ? ", " : "",
				 id_text(&dn, text, sizeof(text)));
		}
		id_free(&dn);
	}
}

/* ---- the peer's ---- */

static struct cert *v1_pinned(struct ike_sa *sa)
{
	const struct conf_remote *conf = sa->peer->conf;
	struct ike *ike = sa->ike;
	char why[256] = "";
	struct cert *cert;

	if (conf->peers_rsa)
		cert = cert_from_plain_rsa(ike->src, conf->peers_rsa, why, sizeof(why));
	else
		cert = cert_load(ike->src, conf->peers_cert, why, sizeof(why));
	if (!cert)
		report_set(&sa->peer->report, REPORT_CERT, "phase 1",
			   "the peer's key of the configuration (%s) can not be used: %s",
			   conf->peers_rsa ? conf->peers_rsa : conf->peers_cert, why);
	return cert;
}

/* A certificate that the configuration names is trusted as it is, for its own identity. */
static bool v1_pinned_ok(struct ike_sa *sa, const struct cert *cert)
{
	const struct conf_remote *conf = sa->peer->conf;
	char id[ID_TEXT];

	if (conf->peers_rsa || !conf->verify_cert || cert_has_id(cert, &sa->peer_id))
		return true;
	report_set(&sa->peer->report, REPORT_CERT, "phase 1",
		   "the peer says that it is %s, which is not in its certificate %s",
		   id_text(&sa->peer_id, id, sizeof(id)), conf->peers_cert);
	return false;
}

static size_t v1_sent_certs(const struct wire_msg *msg, struct cert *certs[V1_CERTS_MAX])
{
	struct chunk data;
	uint8_t encoding;
	unsigned int i;
	size_t n = 0;

	for (i = 0; i < msg->n && n < V1_CERTS_MAX; i++) {
		if (msg->pl[i].type != P1_CERT)
			continue;
		if (!wire_get_cert(msg->pl[i].body, &encoding, &data) || encoding != V1_CERT_X509) {
			log_debug("a CERT payload of encoding %u is ignored", encoding);
			continue;
		}
		certs[n] = cert_parse(data);
		n += !!certs[n];
	}
	return n;
}

/* The one for the identity goes first; where none is, the first one sent. */
static void v1_leaf_first(struct ike_sa *sa, struct cert **certs, size_t n)
{
	struct cert *leaf;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!cert_has_id(certs[i], &sa->peer_id))
			continue;
		leaf = certs[i];
		certs[i] = certs[0];
		certs[0] = leaf;
		return;
	}
}

static uint16_t v1_cert_notify(enum cert_cause cause)
{
	switch (cause) {
	case CERT_NO_ISSUER:
		return V1_N_INVALID_CERT_AUTHORITY;
	case CERT_NONE:
		return V1_N_CERTIFICATE_UNAVAILABLE;
	case CERT_MALFORMED:
		return V1_N_INVALID_CERT_ENCODING;
	case CERT_WRONG_ID:
		return V1_N_INVALID_ID_INFORMATION;
	default:
		return V1_N_INVALID_CERTIFICATE;
	}
}

static bool v1_verify(struct ike_sa *sa, struct cert **certs, size_t n, uint16_t *notify)
{
	struct cert_verdict verdict = { .cause = CERT_OTHER };

	peer_verify(sa->peer, certs[0], certs + 1, n - 1, &sa->peer_id, &verdict);
	if (verdict.cause == CERT_OK)
		return true;
	*notify = v1_cert_notify(verdict.cause);
	report_set(&sa->peer->report, REPORT_CERT, "phase 1", "%s", verdict.sentence);
	return false;
}

/**
 * v1_peer_cert() - the certificate that the peer's signature is checked with
 * @sa: whose; the peer's identity is known
 * @msg: message with CERT payloads
 * @notify: what to tell the peer if there is none
 *
 * Return: a certificate that is trusted, for the caller to free; NULL with a
 * report.
 */
struct cert *v1_peer_cert(struct ike_sa *sa, const struct wire_msg *msg, uint16_t *notify)
{
	const struct conf_remote *conf = sa->peer->conf;
	struct cert *certs[V1_CERTS_MAX], *leaf = NULL;
	size_t i, n;

	if (conf->peers_rsa || conf->peers_cert) {
		leaf = v1_pinned(sa);
		if (leaf && !v1_pinned_ok(sa, leaf)) {
			cert_free(leaf);
			leaf = NULL;
		}
		return leaf;
	}
	n = v1_sent_certs(msg, certs);
	if (!n) {
		*notify = V1_N_CERTIFICATE_UNAVAILABLE;
		report_set(&sa->peer->report, REPORT_CERT, "phase 1",
			   "the peer sent no certificate that can be read, and peers_certfile names none");
		report_fix(&sa->peer->report, "send_cert on; at the peer, or peers_certfile x509 \"FILE\"; here");
		return NULL;
	}
	v1_leaf_first(sa, certs, n);
	if (v1_verify(sa, certs, n, notify))
		leaf = certs[0];
	for (i = leaf ? 1 : 0; i < n; i++)
		cert_free(certs[i]);
	return leaf;
}
