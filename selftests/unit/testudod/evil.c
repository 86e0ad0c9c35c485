// SPDX-License-Identifier: GPL-2.0
/* What evil.h promises. */
#include <string.h>

#include "evil.h"
#include "ikev1/v1_room.h"
#include "ikev2/v2.h"

static struct ike_sa *evil_sa(struct world *w, unsigned int side, const struct wire_hdr *hdr)
{
	struct ike_sa *sa = ike_sa_by_spi(w->side[side].ike, hdr->spi_i);

	return sa ? sa : ike_sa_by_spi(w->side[side].ike, hdr->spi_r);
}

void evil_wipe(struct evil *e)
{
	blob_wipe(&e->clear);
	memset(e, 0, sizeof(*e));
}

/* ---- IKEv1 ---- */

/* What the receiver will decrypt the message with. */
static bool evil_v1_iv(const struct evil *e, uint8_t iv[V1_IV_MAX])
{
	const struct v1_exchange *x;

	if (!e->hdr.msgid) {
		memcpy(iv, e->sa->v1->iv, V1_IV_MAX);
		return true;
	}
	x = v1_exchange_find(e->sa, e->hdr.msgid);
	if (!x)
		return v1_exchange_iv(e->sa, e->hdr.msgid, iv);
	memcpy(iv, x->iv, V1_IV_MAX);
	return true;
}

/* Take the HASH off: what is behind it, padding included. */
static bool evil_v1_unhash(struct evil *e)
{
	struct wire_msg msg = { .hdr = e->hdr, .data = blob_chunk(&e->clear) };
	struct wire_fault fault;
	struct blob rest = { 0 };
	size_t n;

	if (!wire_read_chain(msg.data, e->first, &msg, &fault) || !msg.n || msg.pl[0].type != P1_HASH)
		return false;
	n = msg.pl[0].all.n;
	e->first = msg.pl[0].next;
	blob_set(&rest, chunk(e->clear.p + n, e->clear.n - n));
	blob_take(&e->clear, &rest);
	return true;
}

static bool evil_v1_open(struct evil *e, struct chunk data)
{
	uint8_t iv[V1_IV_MAX], next_iv[V1_IV_MAX];

	if (!e->sa || !e->sa->v1 || e->sa->state == IKE_DEAD || !e->sa->v1->keys.key.n || !evil_v1_iv(e, iv) ||
	    !v1_open(e->sa, data, iv, next_iv, &e->clear))
		return false;
	e->hashed = e->hdr.exchange == V1_QUICK || e->hdr.exchange == V1_INFO;
	return !e->hashed || evil_v1_unhash(e);
}

/* The HASH covers the payloads and not the padding; of a chain that has no end, all of it. */
static size_t evil_v1_covered(const struct evil *e)
{
	struct wire_msg msg = { .hdr = e->hdr, .data = blob_chunk(&e->clear) };
	struct wire_fault fault;

	if (!wire_read_chain(msg.data, e->first, &msg, &fault))
		return e->clear.n;
	return e->clear.n - msg.rest.n;
}

/* HASH(1) and HASH(2) cover what follows, HASH(3) is all there is in its message. */
static bool evil_v1_hash(const struct evil *e, struct wire_out *o)
{
	const struct v1_exchange *x = v1_exchange_find(e->sa, e->hdr.msgid);
	uint8_t out[CRYPT_HASH_MAX];

	if (x && !x->initiator) {
		if (!v1_hash3(e->sa, x, out))
			return false;
		memcpy(o->w.p + WIRE_HDR_LEN + 4, out, e->sa->suite.prf->out);
		return true;
	}
	return v1_hash_end(e->sa, o, e->hdr.msgid, x ? blob_chunk(&x->ni) : chunk(NULL, 0));
}

static bool evil_v1_seal(const struct evil *e, struct blob *dg)
{
	size_t covered = evil_v1_covered(e);
	struct blob sealed = { 0 };
	uint8_t iv[V1_IV_MAX];
	struct wire_out o;

	wire_begin(&o, &e->hdr);
	if (e->hashed) {
		wire_open(&o, P1_HASH);
		put_zero(&o.w, e->sa->suite.prf->out);
		wire_close(&o);
		patch_u8(&o.w, WIRE_HDR_LEN, e->first);
	} else {
		patch_u8(&o.w, 16, e->first);
	}
	put_bytes(&o.w, chunk(e->clear.p, covered));
	if ((e->hashed && !evil_v1_hash(e, &o)) || !evil_v1_iv(e, iv)) {
		writer_free(&o.w);
		return false;
	}
	if (covered < e->clear.n)
		put_bytes(&o.w, chunk(e->clear.p + covered, e->clear.n - covered));
	if (!v1_seal(e->sa, &o, iv, &sealed))
		return false;
	blob_take(dg, &sealed);
	return true;
}

/* ---- IKEv2 ---- */

static const struct crypt_sk *evil_sk(const struct evil *e)
{
	return e->sa->initiator ? &e->sa->v2->keys.i : &e->sa->v2->keys.r;
}

static bool evil_v2_open(struct evil *e, struct chunk data)
{
	const size_t at = WIRE_HDR_LEN + 4;

	if (e->hdr.next != P2_SK || data.n < at || !e->sa || !e->sa->v2 || !evil_sk(e)->ek.n)
		return false;
	e->first = data.p[WIRE_HDR_LEN];
	return crypt_sk_open(evil_sk(e), chunk(data.p, at), chunk(data.p + at, data.n - at), &e->clear);
}

bool evil_skf(const struct evil *e, uint16_t number, uint16_t total, struct chunk clear,
	      struct blob *dg)
{
	size_t body = crypt_sk_size(evil_sk(e), clear.n), at;
	bool whole = !number && !total;
	struct blob sealed;
	struct wire_out o;

	wire_begin(&o, &e->hdr);
	patch_u8(&o.w, 16, whole ? P2_SK : P2_SKF);
	put_u8(&o.w, number > 1 ? P_NONE : e->first);
	put_u8(&o.w, 0);
	put_be16(&o.w, (whole ? 4 : 8) + body);
	if (!whole) {
		put_be16(&o.w, number);
		put_be16(&o.w, total);
	}
	at = o.w.n;
	put_zero(&o.w, body);
	wire_end(&o);
	if (!crypt_sk_seal(evil_sk(e), chunk(o.w.p, at), clear, o.w.p + at)) {
		writer_free(&o.w);
		return false;
	}
	sealed = writer_blob(&o.w);
	blob_take(dg, &sealed);
	return true;
}

/* ---- both ---- */

bool evil_open(struct world *w, const struct world_dg *dg, struct evil *e)
{
	struct chunk data = blob_chunk(&dg->data);
	struct wire_fault fault;
	bool ok = true;

	memset(e, 0, sizeof(*e));
	if (!wire_read_hdr(data, &e->hdr, &fault))
		return false;
	e->first = e->hdr.next;
	if (e->hdr.version >> 4 == 1 && e->hdr.next == P1_FRAG) {
		ok = false;
	} else if (e->hdr.version >> 4 == 1 && e->hdr.flags & WIRE_V1_ENCRYPT) {
		e->sa = evil_sa(w, !dg->from, &e->hdr);
		ok = evil_v1_open(e, data);
	} else if (e->hdr.next == P2_SK || e->hdr.next == P2_SKF) {
		e->sa = evil_sa(w, dg->from, &e->hdr);
		ok = evil_v2_open(e, data);
	} else {
		blob_set(&e->clear, chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN));
	}
	if (!ok)
		evil_wipe(e);
	return ok;
}

bool evil_seal(const struct evil *e, struct blob *dg)
{
	struct wire_out o;
	struct blob clear;

	if (e->sa && e->sa->ver == 1)
		return evil_v1_seal(e, dg);
	if (e->sa)
		return evil_skf(e, 0, 0, blob_chunk(&e->clear), dg);
	wire_begin(&o, &e->hdr);
	patch_u8(&o.w, 16, e->first);
	put_bytes(&o.w, blob_chunk(&e->clear));
	wire_end(&o);
	clear = writer_blob(&o.w);
	blob_take(dg, &clear);
	return true;
}
