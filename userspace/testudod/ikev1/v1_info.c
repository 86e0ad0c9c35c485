// SPDX-License-Identifier: GPL-2.0
/*
 * Informational exchanges: notifications both ways, dead peer detection (RFC
 * 3706), INITIAL-CONTACT. What is not protected is noted for the report and
 * never obeyed.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ikev1/v1_room.h"

#define V1_CLEAR_RATE 300 /* unprotected notifications that we send in a minute */
#define V1_ERROR_MAX  16384

uint32_t v1_new_msgid(struct ike_sa *sa)
{
	uint32_t id;

	do {
		crypt_random(&id, sizeof(id));
	} while (!id || v1_exchange_find(sa, id));
	return id;
}

/* Message ids are for one exchange each: what comes again is a copy, or a replay. */
bool v1_seen(struct ike_sa *sa, uint32_t msgid)
{
	struct v1_state *v1 = sa->v1;
	unsigned int i;

	for (i = 0; i < V1_SEEN && i < v1->nseen; i++) {
		if (v1->seen[i] == msgid)
			return true;
	}
	v1->seen[v1->nseen++ % V1_SEEN] = msgid;
	/* only whether the table is full matters once it is */
	if (v1->nseen == 2 * V1_SEEN)
		v1->nseen = V1_SEEN;
	return false;
}

void v1_put_cookies(const struct ike_sa *sa, uint8_t out[16])
{
	ike_spi_bytes(sa->spi_i, out);
	ike_spi_bytes(sa->spi_r, out + 8);
}

/* "NO-PROPOSAL-CHOSEN", and what the peer adds if that is text */
const char *v1_notify_text(const struct v1_notify *n, char *buf, size_t size)
{
	size_t i, len = snprintf(buf, size, "%s", wire_v1_notify_name(n->type));

	if (len >= size || !n->data.n)
		return buf;
	for (i = 0; i < n->data.n; i++) {
		if (n->data.p[i] >= 0x80 || !isprint(n->data.p[i]))
			return buf;
	}
	snprintf(buf + len, size - len, " (\"%.*s\")", (int)n->data.n, (const char *)n->data.p);
	return buf;
}

/* ---- sending ---- */

uint32_t v1_info_begin(struct ike_sa *sa, struct wire_out *o)
{
	uint32_t msgid = v1_new_msgid(sa);

	v1_hash_begin(sa, o, V1_INFO, msgid);
	return msgid;
}

void v1_info_end(struct ike_sa *sa, struct wire_out *o, uint32_t msgid)
{
	uint8_t iv[V1_IV_MAX];
	struct blob dg;

	if (!v1_exchange_iv(sa, msgid, iv) || !v1_hash_end(sa, o, msgid, chunk(NULL, 0))) {
		writer_free(&o->w);
		return;
	}
	if (!v1_seal(sa, o, iv, &dg))
		return;
	sa->ike->ops->send(sa->ike->ops_arg, &sa->path, blob_chunk(&dg));
	blob_free(&dg);
}

void v1_notify_sealed(struct ike_sa *sa, uint8_t proto, struct chunk spi, uint16_t type,
		      const char *text)
{
	const struct v1_notify n = {
		.proto = proto,
		.type = type,
		.spi = spi,
		.data = chunk(text, text ? strnlen(text, V1_SAID) : 0),
	};
	struct wire_out o;
	uint32_t msgid = v1_info_begin(sa, &o);

	v1_put_notify(&o, &n);
	v1_info_end(sa, &o, msgid);
}

/* One small datagram for one of a stranger's, and not many: it reflects, but does not amplify. */
void v1_notify_clear(struct ike *ike, const struct ike_path *path, uint64_t spi_i, uint64_t spi_r,
		     uint16_t type, const char *text)
{
	static struct log_limit limit;
	struct wire_hdr hdr = {
		.spi_i = spi_i,
		.spi_r = spi_r,
		.version = 0x10,
		.exchange = V1_INFO,
	};
	const struct v1_notify n = {
		.proto = V1_PROTO_ISAKMP,
		.type = type,
		.data = chunk(text, text ? strnlen(text, V1_SAID) : 0),
	};
	struct wire_out o;

	if (!log_limit_ok(&limit, V1_CLEAR_RATE, timer_now()))
		return;
	crypt_random(&hdr.msgid, sizeof(hdr.msgid));
	wire_begin(&o, &hdr);
	v1_put_notify(&o, &n);
	wire_end(&o);
	ike->ops->send(ike->ops_arg, path, writer_chunk(&o.w));
	writer_free(&o.w);
}

static void v1_dpd(struct ike_sa *sa, uint16_t type, struct chunk seq)
{
	uint8_t cookies[16] = { 0 };
	const struct v1_notify n = {
		.proto = V1_PROTO_ISAKMP,
		.type = type,
		.spi = chunk(cookies, sizeof(cookies)),
		.data = seq,
	};
	struct wire_out o;
	uint32_t msgid;

	v1_put_cookies(sa, cookies);
	msgid = v1_info_begin(sa, &o);
	v1_put_notify(&o, &n);
	v1_info_end(sa, &o, msgid);
}

/* R-U-THERE, to a peer that knows it */
void v1_ask_alive(struct ike_sa *sa)
{
	struct v1_state *v1 = sa->v1;
	uint8_t seq[4];

	if (!(v1->vids & 1u << V1_VID_DPD))
		return;
	if (!v1->dpd_seq) {
		crypt_random(&v1->dpd_seq, sizeof(v1->dpd_seq));
		v1->dpd_seq >>= 1;
	}
	v1->dpd_seq++;
	seq[0] = v1->dpd_seq >> 24;
	seq[1] = v1->dpd_seq >> 16;
	seq[2] = v1->dpd_seq >> 8;
	seq[3] = v1->dpd_seq;
	log_debug("DPD: R-U-THERE sent to %s (%u)", sa->peer->conf->name, sa->probes);
	v1_dpd(sa, V1_N_R_U_THERE, chunk(seq, sizeof(seq)));
}

/*
 * The engine's question whether the peer lives. One that does not know DPD
 * counts as alive; while AM3 may be lost, its flight is what decides.
 */
void v1_probe(struct ike_sa *sa)
{
	if (!(sa->v1->vids & 1u << V1_VID_DPD) || sa->v1->unsure) {
		sa->probes = 0;
		sa->heard = timer_now();
	}
	v1_ask_alive(sa);
}

/* ---- receiving without protection ---- */

/* Anybody may have sent it: it explains a silence, and does nothing else. */
static void v1_info_clear(struct ike_sa *sa, const struct ike_path *path,
			  const struct wire_hdr *hdr, struct chunk data)
{
	struct wire_msg msg = { .hdr = *hdr };
	struct wire_fault fault = { 0 };
	struct v1_state *v1 = sa->v1;
	struct v1_notify n;
	char from[ADDR_TEXT];

	msg.data = chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN);
	if (!wire_read_chain(msg.data, hdr->next, &msg, &fault)) {
		v1_bad(sa, path, "Informational", fault.why);
		return;
	}
	if (!wire_find(&msg, P1_NOTIFY) || !v1_get_notify(wire_find(&msg, P1_NOTIFY)->body, &n) ||
	    n.type >= V1_ERROR_MAX || v1->phase == V1_DONE) {
		v1_bad(sa, path, "Informational", "it is not protected");
		return;
	}
	if (v1->said_type)
		return;
	v1->said_type = n.type;
	v1_notify_text(&n, v1->said, sizeof(v1->said));
	addr_text(&path->remote, from);
	log_notice("%s says %s, without proof: noted, not obeyed", from, v1->said);
	/* for the end of a responder's patience; an initiator says it in its own words */
	if (!sa->initiator)
		report_set(&sa->peer->report, REPORT_REFUSED, "phase 1",
			   "%s ended the negotiation: %s (it could not prove that it said so)", from,
			   v1->said);
}

/* ---- receiving ---- */

static bool v1_is_dpd(const struct ike_sa *sa, const struct v1_notify *n)
{
	uint8_t cookies[16] = { 0 };

	v1_put_cookies(sa, cookies);
	return n->data.n == 4 && (!n->spi.n || chunk_equal(n->spi, chunk(cookies, sizeof(cookies))));
}

/* Is it about phase 1: the peer does not accept what we proved ourselves with? */
static bool v1_is_refusal(const struct ike_sa *sa, const struct v1_notify *n)
{
	switch (n->type) {
	case V1_N_AUTHENTICATION_FAILED:
	case V1_N_INVALID_SIGNATURE:
	case V1_N_INVALID_CERT_ENCODING:
	case V1_N_INVALID_CERTIFICATE:
	case V1_N_INVALID_CERT_AUTHORITY:
	case V1_N_CERTIFICATE_UNAVAILABLE:
		return true;
	case V1_N_INVALID_HASH_INFORMATION:
		/* later it is about a quick mode (racoon) */
		return sa->v1->phase != V1_DONE;
	case V1_N_INVALID_ID_INFORMATION:
		return n->proto == V1_PROTO_ISAKMP && n->spi.n == 16;
	default:
		return false;
	}
}

static void v1_refused(struct ike_sa *sa, const struct v1_notify *n)
{
	struct report *r = &sa->peer->report;
	struct v1_state *v1 = sa->v1;
	char text[V1_SAID], issuer[ID_TEXT] = "";
	struct id id = { 0 };
	struct cert *cert;

	report_set(r, REPORT_REFUSED, "phase 1", "the peer refuses us: %s",
		   v1_notify_text(n, text, sizeof(text)));
	r->authentic = v1->phase == V1_DONE || sa->suite.auth == IKE_AUTH_PSK;
	cert = sa->suite.auth == IKE_AUTH_RSASIG ? peer_cert(sa->peer) : NULL;
	if (cert && v1->asked[0]) {
		id_set(&id, ID_DN, cert_issuer(cert));
		id_text(&id, issuer, sizeof(issuer));
		report_row(r, !v1->asked_ours, "CA", issuer, v1->asked);
		id_free(&id);
	}
	ike_sa_fail(sa);
}

static void v1_on_notify(struct ike_sa *sa, const struct v1_notify *n)
{
	char text[V1_SAID];

	switch (n->type) {
	case V1_N_R_U_THERE:
		if (v1_is_dpd(sa, n))
			v1_dpd(sa, V1_N_R_U_THERE_ACK, n->data);
		return;
	case V1_N_R_U_THERE_ACK:
		return; /* any protected message has counted as life already */
	case V1_N_INITIAL_CONTACT:
		if (sa->v1->got_initial)
			return;
		sa->v1->got_initial = true;
		ike_sa_initial_contact(sa);
		return;
	}
	log_debug("%s notifies: %s", sa->peer->conf->name, v1_notify_text(n, text, sizeof(text)));
	if (n->type >= V1_ERROR_MAX)
		return;
	if (v1_is_refusal(sa, n))
		v1_refused(sa, n);
	else
		v1_quick_refused(sa, n);
}

static void v1_info_take(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct v1_notify n;
	unsigned int i;

	/* a DELETE of this very SA ends it, and with it the message */
	for (i = 1; i < msg->n && sa->state != IKE_DEAD; i++) {
		if (msg->pl[i].type == P1_DELETE)
			v1_take_delete(sa, msg->pl[i].body);
		else if (msg->pl[i].type == P1_NOTIFY && v1_get_notify(msg->pl[i].body, &n))
			v1_on_notify(sa, &n);
	}
	if (sa->state == IKE_UP)
		peer_kick(sa->peer);
}

/*
 * Phase 1 is not done here, but the keys are made. Under the IV of what we have
 * it is the peer's word on our proof; under one that we do not have yet it is
 * for later.
 */
static void v1_info_before(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct v1_notify n;
	unsigned int i;

	for (i = 1; i < msg->n && sa->state != IKE_DEAD; i++) {
		if (msg->pl[i].type != P1_NOTIFY || !v1_get_notify(msg->pl[i].body, &n))
			continue;
		if (n.type == V1_N_INITIAL_CONTACT)
			sa->v1->got_initial = true;
		else if (n.type < V1_ERROR_MAX)
			v1_refused(sa, &n);
	}
}

static bool v1_info_open(struct ike_sa *sa, const struct wire_hdr *hdr, struct chunk data,
			 struct blob *clear, struct wire_msg *msg, const char **why)
{
	const uint32_t may = V1_BIT(P1_NOTIFY) | V1_BIT(P1_DELETE) | V1_BIT(P1_VID);
	uint8_t iv[V1_IV_MAX], next_iv[V1_IV_MAX];
	struct wire_fault fault = { 0 };

	*why = "not a whole number of blocks";
	if (!v1_exchange_iv(sa, hdr->msgid, iv) || !v1_open(sa, data, iv, next_iv, clear))
		return false;
	msg->hdr = *hdr;
	msg->data = blob_chunk(clear);
	if (!wire_read_chain(msg->data, hdr->next, msg, &fault)) {
		*why = fault.why;
		return false;
	}
	if (!v1_payloads_ok(msg, V1_BIT(P1_HASH), may, why))
		return false;
	*why = "its HASH is wrong";
	return v1_hash_ok(sa, msg, hdr->msgid, chunk(NULL, 0));
}

/**
 * v1_info_input() - an Informational
 * @sa: SA, in any state
 * @path: where it came from
 * @hdr: header
 * @data: all of it
 */
void v1_info_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		   struct chunk data)
{
	struct blob clear = { 0 };
	struct wire_msg msg;
	const char *why;

	if (!(hdr->flags & WIRE_V1_ENCRYPT)) {
		v1_info_clear(sa, path, hdr, data);
		return;
	}
	if (!sa->v1->keys.key.n || !hdr->msgid) {
		v1_bad(sa, path, "Informational", "there are no keys for it");
		return;
	}
	if (!v1_info_open(sa, hdr, data, &clear, &msg, &why)) {
		if (sa->v1->phase != V1_DONE) {
			v1_too_early(sa, path, data);
		} else {
			sa->ike->counts.forged++;
			v1_bad(sa, path, "Informational", why);
		}
	} else if (!v1_seen(sa, hdr->msgid)) {
		if (sa->v1->phase != V1_DONE) {
			v1_info_before(sa, &msg);
		} else {
			ike_sa_heard(sa, path);
			v1_sure(sa);
			v1_info_take(sa, &msg);
		}
	}
	blob_wipe(&clear);
}
