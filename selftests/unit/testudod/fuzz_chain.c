// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_chain - payload chains of a peer that holds the keys, and fragments. Two
 * engines come to where the input wants them; one message of what follows has other
 * payloads inside, or comes in pieces, or both. Both IKE versions. Nothing may crash
 * or leak; pieces of what nobody altered, in whatever order, are the message; and what
 * can not be put together is healed when it is sent again.
 *
 * Input: version and kind of the two ends, what happens, which message of it, then
 * steps that change its payloads, then its bytes, then how it is cut.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <string.h>

#include "../fuzz/fuzz.h"
#include "evil.h"
#include "fuzz_help.h"
#include "v1_case.h"
#include "v2_help.h"
#include "wire/frag.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "world.h"

#define CHAIN_PARTS  48
#define CHAIN_STEPS  16
#define CHAIN_PIECES (FRAG_MAX + 16)
#define CHAIN_ROUND  128 /* bytes that a piece grows by */

/* first byte: the two ends */
#define END_V1	      0x01
#define END_CERT      0x02
#define END_NAT	      0x04
#define END_TRANSPORT 0x08
#define END_PFS	      0x10 /* and IKEv2 with an AEAD */
#define END_MODE      0x20 /* IKEv1: aggressive mode; IKEv2: IPComp as well */
/* second byte: what happens, and who does it */
#define EVENT_BY_B 0x80

/** enum chain_event - what the altered message belongs to */
enum chain_event {
	EVENT_FIRST,	  /* everything from the first datagram on */
	EVENT_CHILD,	  /* another child SA; the rest is of ends that are up */
	EVENT_REKEY,	  /* a child SA is rekeyed */
	EVENT_BOTH,	  /* by both ends at once */
	EVENT_REKEY_IKE,
	EVENT_DELETE,	  /* a child SA */
	EVENT_DELETE_IKE,
	EVENT_PROBE,
	EVENTS,
};

/**
 * struct part - a payload
 * @type: its type
 * @body: its body
 */
struct part {
	uint8_t type;
	struct blob body;
};

/**
 * struct piece - a fragment to be sent
 * @number: its number
 * @total: IKEv2: of its set; IKEv1: odd in the last one
 * @id: IKEv1: of its set
 * @data: what is in it; points into the whole
 */
struct piece {
	uint16_t number;
	uint16_t total;
	uint16_t id;
	struct chunk data;
};

/**
 * struct chain - one run
 * @r: rest of the input
 * @w: world
 * @countdown: datagrams until the one that is altered; 0: it has been
 * @altered: it says something else than what was sent
 * @part: its payloads
 * @nparts: how many
 * @piece: its fragments
 * @npieces: how many
 */
struct chain {
	struct reader r;
	struct world *w;
	unsigned int countdown;
	bool altered;
	struct part part[CHAIN_PARTS];
	unsigned int nparts;
	struct piece piece[CHAIN_PIECES];
	unsigned int npieces;
};

/* ---- payloads ---- */

static void chain_read(struct chain *c, const struct evil *e)
{
	struct wire_msg msg = { .hdr = e->hdr, .data = blob_chunk(&e->clear) };
	struct wire_fault fault;
	unsigned int i;

	c->nparts = 0;
	if (!wire_read_chain(msg.data, e->first, &msg, &fault))
		return;
	for (i = 0; i < msg.n && i < CHAIN_PARTS; i++) {
		c->part[i].type = msg.pl[i].type;
		blob_set(&c->part[i].body, msg.pl[i].body);
		c->nparts++;
	}
}

static void chain_write(struct chain *c, struct evil *e)
{
	struct wire_out o;
	unsigned int i;

	wire_begin_chain(&o);
	for (i = 0; i < c->nparts; i++) {
		wire_put(&o, c->part[i].type, blob_chunk(&c->part[i].body));
		blob_free(&c->part[i].body);
	}
	e->first = wire_first(&o);
	blob_free(&e->clear);
	e->clear = writer_blob(&o.w);
	c->nparts = 0;
}

static struct part *chain_insert(struct chain *c, unsigned int at)
{
	if (c->nparts == CHAIN_PARTS)
		return NULL;
	memmove(&c->part[at + 1], &c->part[at], (c->nparts++ - at) * sizeof(c->part[0]));
	memset(&c->part[at], 0, sizeof(c->part[at]));
	return &c->part[at];
}

/* a byte of a body, at an offset that is not stale when the body is another one */
static void chain_byte(struct chain *c, struct blob *body)
{
	uint8_t at = get_u8(&c->r), with = get_u8(&c->r);

	if (body->n)
		body->p[at % body->n] ^= with;
}

static void chain_part_step(struct chain *c, uint8_t op, unsigned int at)
{
	struct part *p = at < c->nparts ? &c->part[at] : NULL, *more;

	switch (op) {
	case 0:
		more = chain_insert(c, p ? at : c->nparts);
		if (more) {
			more->type = get_u8(&c->r);
			blob_set(&more->body, get_some(&c->r));
		}
		break;
	case 1:
		if (p)
			p->type = get_u8(&c->r);
		break;
	case 2:
		if (p)
			blob_set(&p->body, get_some(&c->r));
		break;
	case 3:
		if (p)
			chain_byte(c, &p->body);
		break;
	case 4:
		if (p)
			p->body.n -= get_u8(&c->r) % (p->body.n + 1);
		break;
	case 5:
		more = p ? chain_insert(c, at) : NULL;
		if (more) {
			more->type = c->part[at + 1].type;
			blob_set(&more->body, blob_chunk(&c->part[at + 1].body));
		}
		break;
	case 6:
		if (p) {
			blob_free(&p->body);
			memmove(p, p + 1, (--c->nparts - at) * sizeof(*p));
		}
		break;
	}
}

/* The steps of the input: their number, then an operation and the payload that it is for. */
static void chain_parts(struct chain *c, struct evil *e)
{
	unsigned int n = get_u8(&c->r) % CHAIN_STEPS;
	uint8_t op;

	if (!n)
		return;
	c->altered = true;
	chain_read(c, e);
	while (n--) {
		op = get_u8(&c->r);
		chain_part_step(c, op % 7, op / 7);
	}
	chain_write(c, e);
}

/* And the bytes of it all, lengths included: their number, then offset and value. */
static void chain_bytes(struct chain *c, struct evil *e)
{
	unsigned int n = get_u8(&c->r) % CHAIN_STEPS, at;

	c->altered |= n;
	while (n--) {
		at = get_be16(&c->r);
		if (at & 0x8000)
			e->clear.n = e->clear.n ? (at & 0x7fff) % e->clear.n : 0;
		else if (e->clear.n)
			e->clear.p[at % e->clear.n] ^= get_u8(&c->r);
	}
}

/* ---- pieces ---- */

static void chain_piece_step(struct chain *c, bool v1)
{
	uint8_t op = get_u8(&c->r), with = get_u8(&c->r);
	struct piece *p = &c->piece[op / 7 % c->npieces], *other = &c->piece[with % c->npieces], one = *p;

	switch (op % 7) {
	case 0: /* in place of another one */
		*p = *other;
		*other = one;
		break;
	case 1: /* twice */
		if (c->npieces < CHAIN_PIECES)
			c->piece[c->npieces++] = one;
		break;
	case 2: /* in IKEv1 nobody protects the numbers, but what is left out does not become a message */
		p->total ^= with;
		c->altered |= with && !v1;
		break;
	case 3:
		p->id ^= with;
		break;
	case 4: /* lost */
		*p = c->piece[--c->npieces];
		break;
	case 5:
		p->number ^= with;
		c->altered = true;
		break;
	case 6:
		p->data.n -= with % (p->data.n + 1);
		c->altered = true;
		break;
	}
}

/* Cut @whole and do with the pieces what the input says; their number is 0 if it is not to be cut. */
static void chain_cut(struct chain *c, struct chunk whole, bool v1)
{
	size_t size = get_u8(&c->r) * 4, at, total;
	unsigned int n;

	c->npieces = 0;
	if (!size || !whole.n)
		return;
	while ((total = (whole.n + size - 1) / size) > FRAG_MAX)
		size += CHAIN_ROUND;
	for (at = 0; at < whole.n; at += size) {
		struct piece *p = &c->piece[c->npieces++];

		p->number = c->npieces;
		p->total = v1 ? c->npieces == total : total;
		p->id = 1;
		p->data = chunk(whole.p + at, whole.n - at < size ? whole.n - at : size);
	}
	for (n = get_u8(&c->r) % CHAIN_STEPS; n && c->npieces; n--)
		chain_piece_step(c, v1);
}

/* IKEv1: a part of the message as it is on the wire. */
static bool chain_put_v1(const struct wire_hdr *whole, const struct piece *p, struct blob *dg)
{
	const struct v1_frag f = { p->id, p->number, p->total & 1, p->data };
	struct wire_hdr hdr = *whole;
	struct wire_out o;

	hdr.next = P_NONE;
	hdr.flags = 0;
	wire_begin(&o, &hdr);
	v1_put_frag(&o, &f);
	wire_end(&o);
	*dg = writer_blob(&o.w);
	return true;
}

/* Only what the receiver puts together is worth cutting: nothing before it knows who sends. */
static void chain_in_pieces(struct chain *c, const struct evil *e, struct world_dg *dg)
{
	bool v1 = e->hdr.version >> 4 == 1, ok;
	struct blob out = { 0 };
	unsigned int i;

	if (v1 ? !e->hdr.spi_r : !e->sa)
		return;
	chain_cut(c, v1 ? blob_chunk(&dg->data) : blob_chunk(&e->clear), v1);
	for (i = 0; i < c->npieces; i++) {
		const struct piece *p = &c->piece[i];

		ok = v1 ? chain_put_v1(&e->hdr, p, &out) : evil_skf(e, p->number, p->total, p->data, &out);
		if (ok)
			world_inject(c->w, dg->from, &dg->path, blob_chunk(&out));
		blob_free(&out);
	}
	/* nobody sends an Informational of IKEv1 again */
	c->altered |= v1 && e->hdr.exchange == V1_INFO;
	dg->drop = c->npieces;
}

/* An engine of IKEv1 that cuts by itself would leave nothing to be changed in what is large. */
static void chain_keep_whole(struct world *w)
{
	struct ike_peer *peer;
	struct ike_sa *sa;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		peer = world_peer(w, i);
		if (!peer)
			continue;
		TAILQ_FOREACH(sa, &peer->sas, link)
			sa->peer_frag &= sa->ver != 1;
	}
}

static void chain_hook(struct world *w, struct world_dg *dg, void *arg)
{
	struct chain *c = arg;
	struct evil e;

	chain_keep_whole(w);
	if (!c->countdown || --c->countdown || !evil_open(w, dg, &e))
		return;
	chain_parts(c, &e);
	chain_bytes(c, &e);
	if (!c->altered || evil_seal(&e, &dg->data))
		chain_in_pieces(c, &e, dg);
	evil_wipe(&e);
}

/* ---- the two ends ---- */

static const struct pki *chain_pki(bool rsa)
{
	static struct pki *kept[2];

	if (!kept[rsa])
		kept[rsa] = pki_new(rsa ? "rsa" : "ecdsa256");
	return kept[rsa];
}

#define V1_PHASE1 "encryption_algorithm aes 128; hash_algorithm sha256; dh_group ecp256;"
#define V1_PHASE2 "encryption_algorithm aes 128, aes 256; authentication_algorithm hmac_sha256, hmac_sha1;"

static struct world *chain_v1(uint8_t ends)
{
	const struct v1_case c = {
		.mode = ends & END_MODE ? "aggressive" : NULL,
		.rsa = ends & END_CERT,
		.pki = ends & END_CERT ? chain_pki(true) : NULL,
		.nat = ends & END_NAT ? 1 : 0,
		.proposal = V1_PHASE1,
		.sainfo = ends & END_PFS ? "pfs_group ecp256; " V1_PHASE2 : V1_PHASE2,
	};

	return v1_world(&c);
}

#define V2_PHASE1 "encryption_algorithm aes_gcm_16 256; hash_algorithm sha256; dh_group ecp256;"
#define V2_PHASE2 "encryption_algorithm aes_gcm_16 256, aes 256; authentication_algorithm hmac_sha256;"

static struct world *chain_v2(uint8_t ends)
{
	const bool cert = ends & END_CERT;
	const struct pki *pki = cert ? chain_pki(false) : NULL;
	const struct v2_conf c = {
		.top = cert ? "path certificate \"/c\";" : NULL,
		.auth = cert ? "rsasig" : NULL,
		.my_id = cert ? "asn1dn" : NULL,
		.peer_id = cert ? "asn1dn" : NULL,
		.proposal = ends & END_PFS ? V2_PHASE1 : NULL,
		.remote = cert ? "certificate_type x509 \"my.pem\" \"my.key\"; ca_type x509 \"ca.pem\";" : NULL,
		.sainfo = ends & END_PFS ? "pfs_group ecp256; " V2_PHASE2 : V2_PHASE2,
	};
	struct world_setup setup[2] = { { .psk = V2_PSK_A }, { .psk = V2_PSK_B } };
	char *text[2];
	struct world *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		text[i] = v2_text(i, &c);
		setup[i].conf = text[i];
		setup[i].nat = !i && ends & END_NAT;
		if (!cert)
			continue;
		setup[i].key = pki->key[i];
		setup[i].file[0].name = "/c/my.pem";
		setup[i].file[0].text = pki->cert[i];
		setup[i].file[1].name = "/c/ca.pem";
		setup[i].file[1].text = pki->ca;
	}
	w = world_setup(&setup[0], &setup[1]);
	free(text[0]);
	free(text[1]);
	return w;
}

/* what the first child SA is for, and another one */
static void chain_policies(struct world *w, uint8_t ends)
{
	uint8_t second = !(ends & END_V1) && ends & END_MODE ? IPPROTO_ESP : 0;

	if (ends & END_TRANSPORT)
		v1_transport(w, second ? IPPROTO_COMP : IPPROTO_ESP, second);
	else
		v1_tunnel(w, second ? IPPROTO_COMP : IPPROTO_ESP, second);
	world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
}

/* ---- what happens ---- */

static void chain_event(struct world *w, enum chain_event event, unsigned int by)
{
	struct child_sa *child = world_child(w, by), *other = world_child(w, !by);
	struct ike_sa *sa = world_ike(w, by);

	if (event == EVENT_FIRST)
		world_acquire(w, by, 0);
	else if (event == EVENT_CHILD)
		world_acquire(w, by, 1);
	else if (event == EVENT_DELETE_IKE)
		ike_delete_peer(w->side[by].ike, &w->side[!by].seen);
	if ((event == EVENT_REKEY || event == EVENT_BOTH) && child)
		world_expire(w, by, child, false);
	if (event == EVENT_BOTH && other)
		world_expire(w, !by, other, false);
	if (event == EVENT_DELETE && child)
		child_close(child, REPORT_ADMIN);
	if (event == EVENT_REKEY_IKE && sa)
		sa->vops->rekey(sa);
	if (event == EVENT_PROBE && sa)
		sa->vops->probe(sa);
}

/* Whole and cut, without a change: what it is for must have come of it. */
static void chain_check(struct chain *c, enum chain_event event)
{
	char why[256];
	int pairs;

	if (c->altered)
		return;
	pairs = world_pairs(c->w, why, sizeof(why));
	if (pairs < 0 || (pairs == 0 && event < EVENT_DELETE)) {
		fprintf(stderr, "a message in pieces, and then %d pairs: %s\n", pairs, why);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chain c = { .r = { .p = data, .n = size } };
	uint8_t ends = get_u8(&c.r), what = get_u8(&c.r);
	enum chain_event event = what % EVENTS;
	/* through a NAT only the one behind it can begin */
	unsigned int by = what & EVENT_BY_B && !(ends & END_NAT && event == EVENT_FIRST);

	fuzz_dice();
	c.w = ends & END_V1 ? chain_v1(ends) : chain_v2(ends);
	chain_policies(c.w, ends);
	if (event != EVENT_FIRST) {
		world_acquire(c.w, 0, 0);
		world_run(c.w, 2000);
	}
	c.countdown = 1 + get_u8(&c.r) % 16;
	c.w->hook = chain_hook;
	c.w->hook_arg = &c;
	chain_event(c.w, event, by);
	world_run(c.w, 60000);
	chain_check(&c, event);
	world_free(c.w);
	return 0;
}
