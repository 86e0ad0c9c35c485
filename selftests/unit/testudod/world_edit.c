// SPDX-License-Identifier: GPL-2.0
/*
 * Messages taken apart and put together again, see world_edit.h. IKEv1's
 * encryption goes on from message to message, so what is sent again must be
 * what was sent: there the sender's own copy is changed too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ikev1/v1_room.h"
#include "ikev2/v2.h"
#include "world_edit.h"

#define AT_FIRST 16 /* offset of the first payload's type in the header */

unsigned int world_progress(const struct world *w, unsigned int side)
{
	unsigned int n = 1000 * w->side[side].installed;
	const struct ike_peer *peer;
	const struct ike_sa *sa;

	TAILQ_FOREACH(peer, &w->side[side].ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link) {
			n += 1 + (sa->state == IKE_UP ? 100 : 0);
			n += sa->v1 ? sa->v1->phase : sa->v2 ? sa->v2->phase : 0;
		}
	}
	return n;
}

/* Does the other kernel have it too? With other keys, if the sender has lied about what they come from. */
static bool edit_has_twin(const struct world *w, unsigned int side, const struct world_sa *sa)
{
	const struct world_sa *other = w->side[!side].sas;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		if (other[i].used && other[i].sa.spi == sa->sa.spi && other[i].sa.inbound != sa->sa.inbound)
			return true;
	}
	return false;
}

unsigned int world_lonely(const struct world *w)
{
	unsigned int side, i, n = 0;

	for (side = 0; side < 2; side++) {
		for (i = 0; i < WORLD_SAS; i++)
			n += w->side[side].sas[i].used && !edit_has_twin(w, side, &w->side[side].sas[i]);
	}
	return n;
}

/* ---- payloads ---- */

static bool edit_concerns(const struct edit *e, const struct wire_msg *msg, unsigned int i)
{
	if (e->type && (e->what == EDIT_BODY || e->what == EDIT_SWAP || e->what == EDIT_CALL))
		return wire_find(msg, e->type) == &msg->pl[i];
	return i == e->nth;
}

static void edit_put(const struct edit *e, struct wire_out *o)
{
	wire_put(o, e->type, e->body);
	if (e->critical)
		o->w.p[o->begun_at + 1] |= 0x80;
}

static void edit_swapped(const struct edit *e, const struct wire_pl *pl, struct wire_out *o)
{
	unsigned int hits = 0;
	size_t at;

	wire_open(o, pl->type);
	at = o->w.n;
	put_bytes(&o->w, pl->body);
	assert_int_equal(e->find.n, e->with.n);
	for (; at + e->find.n <= o->w.n; at++) {
		if (!chunk_equal(chunk(o->w.p + at, e->find.n), e->find))
			continue;
		memcpy(o->w.p + at, e->with.p, e->with.n);
		hits++;
	}
	assert_true(hits);
	wire_close(o);
}

static void edit_one(const struct edit *e, const struct wire_pl *pl, struct wire_out *o)
{
	switch (e->what) {
	case EDIT_DROP:
		return;
	case EDIT_CUT:
		wire_put(o, pl->type, chunk(pl->body.p, e->left < pl->body.n ? e->left : pl->body.n));
		return;
	case EDIT_BODY:
		wire_put(o, pl->type, e->body);
		return;
	case EDIT_SWAP:
		edit_swapped(e, pl, o);
		return;
	case EDIT_CALL:
		wire_open(o, pl->type);
		e->fn(e, pl->body, &o->w);
		wire_close(o);
		return;
	case EDIT_PUT:
		edit_put(e, o);
		break;
	case EDIT_TWICE:
		wire_put(o, pl->type, pl->body);
		break;
	case EDIT_LOOK:
		break;
	}
	wire_put(o, pl->type, pl->body);
}

static void edit_chain(struct edit *e, const struct wire_msg *msg, struct wire_out *o)
{
	unsigned int i;

	e->n = msg->n;
	for (i = 0; i < msg->n; i++) {
		if (!edit_concerns(e, msg, i)) {
			wire_put(o, msg->pl[i].type, msg->pl[i].body);
			continue;
		}
		e->done = true;
		e->was = msg->pl[i].type;
		e->size = msg->pl[i].body.n;
		edit_one(e, &msg->pl[i], o);
	}
	if (e->what == EDIT_PUT && e->nth == EDIT_END) {
		e->done = true;
		edit_put(e, o);
	}
}

/* of the one who has that SA, from the two sides of a message */
static struct ike_sa *edit_sa(struct world *w, unsigned int side, const struct wire_hdr *hdr)
{
	struct ike_peer *peer;
	struct ike_sa *sa;

	TAILQ_FOREACH(peer, &w->side[side].ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link) {
			if (sa->spi_i == hdr->spi_i)
				return sa;
		}
	}
	return NULL;
}

/* ---- messages in clear ---- */

static void edit_clear(struct edit *e, const struct wire_hdr *hdr, struct blob *dg)
{
	struct wire_msg msg = { .hdr = *hdr, .data = blob_chunk(dg) };
	struct wire_hdr bare = *hdr;
	struct wire_out o;

	assert_true(wire_read_chain(chunk(dg->p + WIRE_HDR_LEN, dg->n - WIRE_HDR_LEN), hdr->next, &msg, NULL));
	bare.next = P_NONE;
	wire_begin(&o, &bare);
	edit_chain(e, &msg, &o);
	wire_end(&o);
	blob_free(dg);
	*dg = writer_blob(&o.w);
}

/* IKE_AUTH proves these: the sender must not notice, or nothing behind it could be seen */
static void edit_remember(struct ike_sa *from, struct chunk dg)
{
	if (from && from->v2)
		blob_set(from->initiator ? &from->v2->init_i : &from->v2->init_r, dg);
}

/* ---- IKEv1, encrypted ---- */

static uint8_t *edit_iv(struct ike_sa *sa, const struct wire_hdr *hdr, uint8_t first[V1_IV_MAX])
{
	struct v1_exchange *x;

	if (hdr->exchange == V1_MAIN || hdr->exchange == V1_AGGRESSIVE)
		return sa->v1->iv;
	x = v1_exchange_find(sa, hdr->msgid);
	if (x)
		return x->iv;
	assert_true(v1_exchange_iv(sa, hdr->msgid, first));
	return first;
}

static void edit_hash(struct ike_sa *to, const struct edit *e, const struct wire_hdr *hdr,
		      struct wire_out *o)
{
	struct v1_exchange *x = v1_exchange_find(to, hdr->msgid);
	struct chunk ni = x ? blob_chunk(&x->ni) : chunk(NULL, 0);
	bool first = !e->nth && (e->what == EDIT_DROP || e->what == EDIT_CUT || e->what == EDIT_PUT);

	/* QM3 has nothing that its HASH could cover, and what was done to a HASH itself stays */
	if ((hdr->exchange != V1_QUICK && hdr->exchange != V1_INFO) || e->n < 2 || first)
		return;
	if (o->w.p[AT_FIRST] == P1_HASH)
		assert_true(v1_hash_end(to, o, hdr->msgid, ni));
}

static void edit_sealed_v1(struct edit *e, struct ike_sa *from, struct ike_sa *to,
			   const struct wire_hdr *hdr, struct blob *dg)
{
	uint8_t scratch[V1_IV_MAX], iv[V1_IV_MAX], next[V1_IV_MAX];
	struct v1_exchange *x = v1_exchange_find(from, hdr->msgid);
	struct wire_msg msg = { .hdr = *hdr };
	struct wire_hdr bare = *hdr;
	struct blob clear = { 0 };
	struct flight *f = x ? &x->flight : &from->flight;
	struct wire_out o;

	memcpy(iv, edit_iv(to, hdr, scratch), sizeof(iv));
	assert_true(v1_open(to, blob_chunk(dg), iv, next, &clear));
	msg.data = blob_chunk(&clear);
	assert_true(wire_read_chain(msg.data, hdr->next, &msg, NULL));
	bare.next = P_NONE;
	wire_begin(&o, &bare);
	edit_chain(e, &msg, &o);
	edit_hash(to, e, hdr, &o);
	blob_wipe(&clear);
	blob_free(dg);
	assert_true(v1_seal(to, &o, iv, dg));
	memcpy(edit_iv(from, hdr, scratch), iv, sizeof(iv));
	if (hdr->exchange != V1_INFO && f->n == 1)
		blob_set(&f->dg[0], blob_chunk(dg));
}

/* ---- IKEv2, encrypted ---- */

static void edit_sealed_v2(struct edit *e, struct ike_sa *from, struct ike_sa *to,
			   const struct wire_hdr *hdr, struct blob *dg)
{
	struct v2_in in = { .sa = to, .hdr = *hdr, .path = from->path };
	struct v2_sent sent = { 0 };
	struct wire_out o;
	struct flight f;

	assert_int_equal(v2_msg_open(&in, blob_chunk(dg)), V2_WHOLE);
	wire_begin_chain(&o);
	edit_chain(e, &in.msg, &o);
	blob_wipe(&in.clear);
	flight_init(&f, from->ike, NULL, NULL);
	v2_sent_set(&sent, hdr->exchange, hdr->flags & WIRE_V2_RESPONSE, hdr->msgid, &o);
	assert_true(v2_msg_seal(from, &sent, &from->path, &f));
	assert_int_equal(f.n, 1);
	blob_free(dg);
	blob_take(dg, &f.dg[0]);
	flight_clear(&f);
	timer_free(&f.timer);
	v2_sent_wipe(&sent);
}

void world_edit(struct world *w, struct world_dg *dg, void *arg)
{
	struct ike_sa *from, *to;
	struct edit *e = arg;
	struct wire_hdr hdr;

	if (dg->number != e->number) {
		dg->drop |= e->deaf && dg->number > e->number;
		return;
	}
	assert_true(wire_read_hdr(blob_chunk(&dg->data), &hdr, NULL));
	from = edit_sa(w, dg->from, &hdr);
	to = edit_sa(w, !dg->from, &hdr);
	e->to = !dg->from;
	e->exchange = hdr.exchange;
	e->before = world_progress(w, e->to);
	if (hdr.version >> 4 == 1 && hdr.flags & WIRE_V1_ENCRYPT) {
		edit_sealed_v1(e, from, to, &hdr, &dg->data);
	} else if (hdr.next == P2_SK) {
		edit_sealed_v2(e, from, to, &hdr, &dg->data);
	} else {
		edit_clear(e, &hdr, &dg->data);
		if (hdr.exchange == V2_SA_INIT)
			edit_remember(from, blob_chunk(&dg->data));
	}
}
