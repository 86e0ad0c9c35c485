// SPDX-License-Identifier: GPL-2.0
/*
 * The vendor's fragments (payload 132): whole messages cut into pieces with a
 * clear header each, and put together again. It never looks into a message.
 *
 * racoon gives every message the fragment id 1, so an id tells nothing: a piece
 * that differs from the one of its number begins another message, and the
 * pieces of the last whole one that was taken are known by their digests. Of one
 * that was not nothing is remembered: somebody may have slipped a piece in, and
 * what is sent again must not be taken for old.
 */
#include <string.h>

#include "ikev1/v1_room.h"

#define V1_CUT	      552 /* bytes of a datagram, as racoon has it */
#define V1_CUT_HDR    (WIRE_HDR_LEN + 8)
#define V1_WHOLE_OPEN 16384 /* bytes of a message whose sender has not proven himself */

static bool v1_cuts(const struct ike_sa *sa, size_t n)
{
	enum conf_switch sw = sa->peer->conf->ike_frag;

	if (sw == CONF_OFF || n <= V1_CUT || !sa->spi_r)
		return false;
	return sa->peer_frag || sw == CONF_FORCE;
}

static void v1_cut(const struct wire_hdr *whole, const struct v1_frag *f, struct blob *dg)
{
	struct wire_hdr hdr = *whole;
	struct wire_out o;

	hdr.next = P_NONE;
	hdr.flags = 0;
	wire_begin(&o, &hdr);
	v1_put_frag(&o, f);
	wire_end(&o);
	*dg = writer_blob(&o.w);
}

/**
 * v1_load() - put a message into a flight, in pieces if it is large
 * @sa: whom to
 * @f: flight, what was in it is gone
 * @dg: message, empty afterwards
 */
void v1_load(struct ike_sa *sa, struct flight *f, struct blob *dg)
{
	size_t piece = V1_CUT - V1_CUT_HDR, off;
	struct wire_fault fault;
	struct v1_frag frag = { 0 };
	struct wire_hdr hdr;
	struct blob part;

	if (!v1_cuts(sa, dg->n) || dg->n > piece * FLIGHT_MAX ||
	    !wire_read_hdr(blob_chunk(dg), &hdr, &fault)) {
		flight_load(f, &sa->path, dg);
		return;
	}
	if (!++sa->v1->frag_id)
		sa->v1->frag_id = 1;
	frag.id = sa->v1->frag_id;
	for (off = 0; off < dg->n; off += piece) {
		frag.number++;
		frag.last = dg->n - off <= piece;
		frag.data = chunk(dg->p + off, frag.last ? dg->n - off : piece);
		v1_cut(&hdr, &frag, &part);
		if (frag.number == 1)
			flight_load(f, &sa->path, &part);
		else
			flight_add(f, &part);
	}
	blob_wipe(dg);
}

/* ---- incoming ---- */

static uint64_t v1_piece_digest(struct chunk data)
{
	uint8_t out[V1_DIGEST];
	uint64_t d;

	v1_digest(data, out);
	memcpy(&d, out, sizeof(d));
	return d;
}

/* Is it, byte for byte, a piece of the message that was taken last? */
static bool v1_piece_old(const struct v1_state *v1, const struct v1_frag *f)
{
	return f->number && f->number <= FRAG_MAX &&
	       v1->piece[f->number - 1] == v1_piece_digest(f->data);
}

static bool v1_frag_taken(struct ike_sa *sa, const struct wire_hdr *hdr, struct chunk whole)
{
	const struct v1_exchange *x;
	uint8_t digest[V1_DIGEST];

	if (sa->state == IKE_DEAD)
		return false;
	x = hdr->msgid ? v1_exchange_find(sa, hdr->msgid) : NULL;
	v1_digest(whole, digest);
	return memcmp(digest, x ? x->last : sa->v1->last, sizeof(digest)) == 0;
}

static void v1_frag_whole(struct ike_sa *sa, const struct ike_path *path)
{
	struct v1_state *v1 = sa->v1;
	uint64_t piece[FRAG_MAX] = { 0 };
	struct wire_fault fault;
	struct wire_hdr hdr;
	struct blob whole;
	unsigned int i;

	for (i = 0; i < v1->frag.total && i < FRAG_MAX; i++)
		piece[i] = v1_piece_digest(blob_chunk(&v1->frag.piece[i]));
	whole = frag_join(&v1->frag);
	if (!wire_read_hdr(blob_chunk(&whole), &hdr, &fault) || hdr.version >> 4 != 1 ||
	    hdr.spi_i != sa->spi_i || (sa->spi_r && hdr.spi_r != sa->spi_r))
		v1_bad(sa, path, "fragments", "what they make is no message of this SA");
	else if (hdr.next == P1_FRAG)
		v1_bad(sa, path, "fragments", "a fragment in a fragment");
	else
		v1_message(sa, path, &hdr, blob_chunk(&whole));
	if (v1_frag_taken(sa, &hdr, blob_chunk(&whole)))
		memcpy(v1->piece, piece, sizeof(piece));
	blob_free(&whole);
}

/**
 * v1_frag_input() - a piece of a message
 * @sa: SA that it is for
 * @path: where it came from
 * @hdr: its own header
 * @data: all of it
 */
void v1_frag_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		   struct chunk data)
{
	size_t max = sa->v1->phase == V1_DONE ? WIRE_MSG_MAX : V1_WHOLE_OPEN;
	struct v1_state *v1 = sa->v1;
	struct wire_fault fault = { 0 };
	struct wire_msg msg = { .hdr = *hdr, .data = data };
	struct v1_frag f;

	if (sa->peer->conf->ike_frag == CONF_OFF) {
		v1_bad(sa, path, "fragment", "ike_frag is off");
		return;
	}
	/* nobody who has not got our cookie makes us keep pieces */
	if (!hdr->spi_r) {
		v1_bad(sa, path, "fragment", "it is of a first message");
		return;
	}
	if (!wire_read_chain(chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN), hdr->next, &msg,
			     &fault) ||
	    msg.n != 1 || !v1_get_frag(msg.pl[0].body, &f) || f.number > FRAG_MAX) {
		v1_bad(sa, path, "fragment", fault.why ? fault.why : "malformed");
		return;
	}
	if (v1_piece_old(v1, &f)) {
		/* the whole message came again: our answer was lost */
		if (f.last)
			v1_repeat(sa, hdr);
		return;
	}
	if (v1->frag.piece[f.number - 1].n &&
	    !chunk_equal(blob_chunk(&v1->frag.piece[f.number - 1]), f.data))
		frag_free(&v1->frag);
	switch (frag_add(&v1->frag, f.id, f.number, f.last ? f.number : 0, f.data, max)) {
	case FRAG_WHOLE:
		v1_frag_whole(sa, path);
		break;
	case FRAG_BAD:
		frag_free(&v1->frag);
		v1_bad(sa, path, "fragment", "does not fit the others");
		break;
	case FRAG_STORED:
	case FRAG_IGNORED:
		break;
	}
}
