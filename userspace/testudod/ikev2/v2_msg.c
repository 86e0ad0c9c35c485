// SPDX-License-Identifier: GPL-2.0
/*
 * Protected messages: SK payloads and, for peers that take them, fragments
 * (RFC 7383) in both directions. What the payloads mean is not its business.
 *
 * A message is kept in clear (struct v2_sent), so that it can be cut into
 * smaller pieces when nobody answers. Each fragment is authenticated before it
 * is stored, and a set is bounded, most tightly before the peer is proven.
 */
#include <string.h>

#include "ikev2/v2.h"

#define MSG_SK_HDR    4
#define MSG_SKF_HDR   8
#define MSG_MAX_EARLY 24576 /* bytes of a message in fragments, peer not proven */
#define MSG_NEXT      16    /* offset of the first payload's type in the header */

static const struct crypt_sk *msg_sk_out(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->v2->keys.i : &sa->v2->keys.r;
}

static const struct crypt_sk *msg_sk_in(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->v2->keys.r : &sa->v2->keys.i;
}

void v2_sent_wipe(struct v2_sent *sent)
{
	blob_wipe(&sent->clear);
	memset(sent, 0, sizeof(*sent));
}

void v2_sent_set(struct v2_sent *sent, uint8_t exchange, bool response, uint32_t msgid,
		 struct wire_out *chain)
{
	v2_sent_wipe(sent);
	sent->first = wire_first(chain);
	sent->clear = writer_blob(&chain->w);
	sent->exchange = exchange;
	sent->response = response;
	sent->msgid = msgid;
	sent->sealed = true;
}

/* One datagram: the whole message (@total 0), or fragment @number of @total. */
static bool msg_put(struct ike_sa *sa, const struct v2_sent *sent, struct chunk clear,
		    unsigned int number, unsigned int total, struct blob *dg)
{
	const struct crypt_sk *sk = msg_sk_out(sa);
	const struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x20,
		.exchange = sent->exchange,
		.flags = (sa->initiator ? WIRE_V2_INITIATOR : 0) |
			 (sent->response ? WIRE_V2_RESPONSE : 0),
		.msgid = sent->msgid,
	};
	size_t body = crypt_sk_size(sk, clear.n), at;
	struct wire_out o;
	bool ok;

	wire_begin(&o, &hdr);
	patch_u8(&o.w, MSG_NEXT, total ? P2_SKF : P2_SK);
	put_u8(&o.w, number > 1 ? P_NONE : sent->first);
	put_u8(&o.w, 0);
	put_be16(&o.w, (total ? MSG_SKF_HDR : MSG_SK_HDR) + body);
	if (total) {
		put_be16(&o.w, number);
		put_be16(&o.w, total);
	}
	at = o.w.n;
	put_zero(&o.w, body);
	wire_end(&o);
	ok = crypt_sk_seal(sk, chunk(o.w.p, at), clear, o.w.p + at);
	if (ok)
		*dg = writer_blob(&o.w);
	else
		writer_free(&o.w);
	return ok;
}

/* Clear bytes that fit into a fragment whose IP packet has @mtu bytes. */
static size_t msg_piece(const struct ike_sa *sa, const struct ike_path *path, size_t mtu)
{
	size_t room = mtu - (path->remote.ss_family == AF_INET6 ? 40 : 20) - 8 -
		      (path->natt ? 4 : 0) - WIRE_HDR_LEN - MSG_SKF_HDR;
	size_t n = room;

	while (n && crypt_sk_size(msg_sk_out(sa), n) > room)
		n--;
	return n;
}

static bool msg_seal_pieces(struct ike_sa *sa, const struct v2_sent *sent, size_t piece,
			    unsigned int total, struct flight *f)
{
	struct blob dg = { 0 };
	unsigned int i;
	size_t at, n;

	for (i = 0; i < total; i++) {
		at = i * piece;
		n = sent->clear.n - at < piece ? sent->clear.n - at : piece;
		if (!msg_put(sa, sent, chunk(sent->clear.p + at, n), i + 1, total, &dg)) {
			flight_clear(f);
			return false;
		}
		flight_add(f, &dg);
	}
	return true;
}

bool v2_msg_seal(struct ike_sa *sa, const struct v2_sent *sent, const struct ike_path *path,
		 struct flight *f)
{
	size_t piece = msg_piece(sa, path, sa->v2->mtu);
	struct blob dg = { 0 };
	size_t total;

	flight_clear(f);
	f->path = *path;
	if (sa->peer_frag && sa->peer->conf->ike_frag != CONF_OFF && piece &&
	    sent->clear.n > piece) {
		total = (sent->clear.n + piece - 1) / piece;
		if (total > FLIGHT_MAX) {
			piece = msg_piece(sa, path, V2_MTU);
			total = (sent->clear.n + piece - 1) / piece;
		}
		if (total <= FLIGHT_MAX)
			return msg_seal_pieces(sa, sent, piece, total, f);
	}
	if (!msg_put(sa, sent, blob_chunk(&sent->clear), 0, 0, &dg))
		return false;
	flight_add(f, &dg);
	return true;
}

/* ---- reading ---- */

/**
 * struct msg_outer - the protected payload of a message
 * @pl: it
 * @number: of a fragment; 0: a whole message
 * @total: of its set
 * @aad: what is before the sealed part
 * @sealed: it
 */
struct msg_outer {
	const struct wire_pl *pl;
	uint16_t number;
	uint16_t total;
	struct chunk aad;
	struct chunk sealed;
};

/* What else stands outside is not looked at, let alone stored. */
static bool msg_find(const struct wire_msg *msg, struct msg_outer *outer)
{
	memset(outer, 0, sizeof(*outer));
	if (!msg->n)
		return false;
	outer->pl = &msg->pl[msg->n - 1];
	outer->sealed = outer->pl->body;
	if (outer->pl->type == P2_SKF) {
		if (!v2_get_skf(outer->pl->body, &outer->number, &outer->total, &outer->sealed) ||
		    !outer->number || outer->number > outer->total)
			return false;
	} else if (outer->pl->type != P2_SK) {
		return false;
	}
	outer->aad = chunk(msg->data.p, outer->sealed.p - msg->data.p);
	return true;
}

static bool msg_read(const struct wire_hdr *hdr, struct chunk data, struct wire_msg *msg,
		     struct msg_outer *outer)
{
	struct wire_fault fault = { 0 };

	memset(msg, 0, sizeof(*msg));
	msg->hdr = *hdr;
	msg->data = data;
	return wire_read_chain(chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN), hdr->next, msg,
			       &fault) &&
	       msg_find(msg, outer);
}

bool v2_msg_genuine(struct ike_sa *sa, const struct wire_hdr *hdr, struct chunk data)
{
	struct blob clear = { 0 };
	struct msg_outer outer;
	struct wire_msg msg;
	bool ok;

	if (!msg_read(hdr, data, &msg, &outer) || outer.number > 1)
		return false;
	ok = crypt_sk_open(msg_sk_in(sa), outer.aad, outer.sealed, &clear);
	blob_wipe(&clear);
	return ok;
}

/* The payloads inside, once all of them are there. */
static enum v2_opened msg_inner(struct v2_in *in, uint8_t first)
{
	struct wire_fault fault = { 0 };
	char from[ADDR_TEXT];

	memset(&in->msg, 0, sizeof(in->msg));
	in->msg.hdr = in->hdr;
	in->msg.data = blob_chunk(&in->clear);
	if (wire_read_chain(blob_chunk(&in->clear), first, &in->msg, &fault))
		return V2_WHOLE;
	in->sa->ike->counts.bad++;
	log_debug("%s: %s: %s", addr_text(&in->path.remote, from), wire_payload_name(fault.payload),
		  fault.why ? fault.why : "malformed");
	return V2_BROKEN;
}

static enum v2_opened msg_fragment(struct v2_in *in, const struct msg_outer *outer)
{
	struct v2_state *v2 = in->sa->v2;
	bool response = in->hdr.flags & WIRE_V2_RESPONSE;
	struct frag *set = response ? &v2->asm_answer : &v2->asm_request;
	size_t max = v2->phase == V2_KEYED ? MSG_MAX_EARLY : WIRE_MSG_MAX;
	enum frag_verdict verdict;

	/* RFC 7383 2.5.3: a set with other pieces is a new one, and the first piece names the first payload */
	verdict = frag_add(set, in->hdr.msgid, outer->number, outer->total, blob_chunk(&in->clear),
			   max);
	if (outer->number == 1 && (verdict == FRAG_STORED || verdict == FRAG_WHOLE))
		v2->asm_first[response] = outer->pl->next;
	blob_wipe(&in->clear);
	if (verdict == FRAG_BAD)
		in->sa->ike->counts.bad++;
	if (verdict != FRAG_WHOLE)
		return V2_PIECE;
	in->clear = frag_join(set);
	return msg_inner(in, v2->asm_first[response]);
}

enum v2_opened v2_msg_open(struct v2_in *in, struct chunk data)
{
	struct ike_sa *sa = in->sa;
	struct msg_outer outer;

	if (!msg_read(&in->hdr, data, &in->msg, &outer)) {
		sa->ike->counts.bad++;
		return V2_FORGED;
	}
	/* fragments without our consent are an unknown payload like any other */
	if (outer.number && (!sa->peer_frag || outer.total > FRAG_MAX)) {
		sa->ike->counts.bad++;
		return V2_FORGED;
	}
	if (!crypt_sk_open(msg_sk_in(sa), outer.aad, outer.sealed, &in->clear)) {
		sa->ike->counts.forged++;
		return V2_FORGED;
	}
	if (!outer.number)
		return msg_inner(in, outer.pl->next);
	return msg_fragment(in, &outer);
}

/* ---- answers ---- */

void v2_answer(struct v2_in *in, struct wire_out *chain)
{
	struct v2_state *v2 = in->sa->v2;

	v2_sent_set(&v2->reply, in->hdr.exchange, true, in->hdr.msgid, chain);
	v2->next_in = in->hdr.msgid + 1;
	in->answered = true;
	if (v2_msg_seal(in->sa, &v2->reply, &in->path, &v2->answer))
		flight_send(&v2->answer);
}

void v2_answer_notify(struct v2_in *in, uint16_t type, struct chunk data)
{
	struct wire_out o;

	wire_begin_chain(&o);
	v2_put_status(&o, type, data);
	v2_answer(in, &o);
}
