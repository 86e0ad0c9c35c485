// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_two - two engines in one process, and the input says what happens: who
 * asks for what, which datagrams are lost, repeated, late or altered, before and
 * after they were sealed. Both IKE versions. Nothing may crash or leak, and in
 * IKEv2, when nobody altered what is sealed, both ends agree after a quiet time.
 * A lost datagram or two end nothing; and whatever it was, when it is over an SA
 * that is asked for comes up.
 *
 * Input: flags, then steps of an opcode and its bytes.
 */
#include <string.h>

#include "../fuzz/fuzz.h"
#include "evil.h"
#include "fuzz_help.h"
#include "v2_help.h"
#include "world.h"

#define FUZZ_STEPS	64
#define FUZZ_KEPT	16
#define TWO_LOST	2 /* are no reason for an end */
#define TWO_PATIENCE	10

/**
 * struct two - one run
 * @r: rest of the input
 * @w: world
 * @drop: the next datagram is lost
 * @late: it is late, ms
 * @twice: it arrives twice
 * @raw: bytes of it that change
 * @raw_at: where
 * @raw_with: xored
 * @clear: its payloads change before it is sealed: 1 a byte, 2 cut, 3 longer
 * @clear_at: where
 * @clear_with: xored, or what is added
 * @altered: the ends need not agree
 * @wanted: an SA was asked for
 * @lost: datagrams that were lost, late or spoilt
 * @excused: there need not be any SA at the end
 * @kept: datagrams to be sent again
 * @nkept: how many
 */
struct two {
	struct reader r;
	struct world *w;
	bool drop;
	unsigned int late;
	bool twice;
	bool raw;
	size_t raw_at;
	uint8_t raw_with;
	uint8_t clear;
	size_t clear_at;
	uint8_t clear_with;
	bool altered;
	bool wanted;
	unsigned int lost;
	bool excused;
	struct world_dg kept[FUZZ_KEPT];
	unsigned int nkept;
};

/* ---- altering ---- */

static void two_change(struct two *t, struct blob *clear)
{
	size_t at = clear->n ? t->clear_at % clear->n : 0;
	struct writer w = { 0 };

	put_bytes(&w, blob_chunk(clear));
	if (t->clear == 1 && clear->n)
		w.p[at] ^= t->clear_with;
	else if (t->clear == 2)
		w.n = at;
	else
		for (at %= 64; at; at--)
			put_u8(&w, t->clear_with);
	blob_free(clear);
	*clear = writer_blob(&w);
}

/* Open what the sender has sealed, change it, seal it again: the peer itself is evil. */
static void two_alter(struct two *t, struct world_dg *dg)
{
	struct evil e;

	if (!evil_open(t->w, dg, &e))
		return;
	two_change(t, &e.clear);
	t->altered |= evil_seal(&e, &dg->data);
	evil_wipe(&e);
}

static void two_keep(struct two *t, const struct world_dg *dg)
{
	struct world_dg *slot = &t->kept[t->nkept++ % FUZZ_KEPT];
	struct blob data = slot->data;

	*slot = *dg;
	slot->data = data;
	blob_set(&slot->data, blob_chunk(&dg->data));
}

static void two_hook(struct world *w, struct world_dg *dg, void *arg)
{
	struct two *t = arg;

	two_keep(t, dg);
	t->excused |= t->clear;
	if (t->clear)
		two_alter(t, dg);
	t->clear = 0;
	t->lost += t->raw + t->drop + !!t->late;
	if (t->raw && dg->data.n) {
		dg->data.p[t->raw_at % dg->data.n] ^= t->raw_with;
		/* an altered first message is a denial that heals, but maybe not in time */
		t->altered |= dg->data.n > 18 && dg->data.p[18] == V2_SA_INIT;
		t->excused |= t->altered;
	}
	t->raw = false;
	dg->drop |= t->drop;
	t->drop = false;
	if (t->late) {
		w->delay_nth = dg->number;
		w->delay_ms = t->late;
		t->late = 0;
	}
	if (t->twice)
		w->dup_nth = dg->number;
	t->twice = false;
}

/* ---- steps ---- */

static void two_replay(struct two *t, unsigned int which)
{
	struct world_dg *dg = &t->kept[which % FUZZ_KEPT];

	if (dg->data.n)
		world_inject(t->w, dg->from, &dg->path, blob_chunk(&dg->data));
}

static void two_inject(struct two *t, unsigned int side)
{
	struct ike_path path = { .local = t->w->side[side].addr, .remote = t->w->side[!side].seen };
	struct chunk bytes = get_bytes(&t->r, t->r.n < 64 ? t->r.n : 64);

	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	if (bytes.n)
		world_inject(t->w, side, &path, bytes);
}

static void two_ask(struct two *t, unsigned int what, unsigned int side)
{
	struct world *w = t->w;
	struct child_sa *child = world_child(w, side);
	struct ike_sa *sa = world_ike(w, side);

	t->wanted |= what < 2;
	t->excused |= what == 3 || what == 5 || what == 6;
	switch (what) {
	case 0:
		world_acquire(w, side, 0);
		break;
	case 1:
		world_acquire(w, side, 1);
		break;
	case 2:
		if (child)
			world_expire(w, side, child, false);
		break;
	case 3:
		if (child)
			world_expire(w, side, child, true);
		break;
	case 4:
		if (sa)
			sa->vops->rekey(sa);
		break;
	case 5:
		if (child)
			child_close(child, REPORT_ADMIN);
		break;
	case 6:
		ike_delete_peer(w->side[side].ike, &w->side[!side].seen);
		break;
	case 7:
		if (sa)
			sa->vops->probe(sa);
		break;
	}
}

static void two_step(struct two *t)
{
	uint8_t op = get_u8(&t->r), arg = get_u8(&t->r);

	switch (op % 12) {
	case 0:
	case 1:
		world_run(t->w, arg * 40u);
		break;
	case 2:
	case 3:
		two_ask(t, arg >> 1 & 7, arg & 1);
		break;
	case 4:
		t->drop = true;
		break;
	case 5:
		t->late = arg * 100u;
		break;
	case 6:
		t->twice = true;
		break;
	case 7:
		t->raw = true;
		t->raw_at = get_be16(&t->r);
		t->raw_with = arg;
		break;
	case 8:
		t->clear = 1 + arg % 3;
		t->clear_at = get_be16(&t->r);
		t->clear_with = get_u8(&t->r);
		break;
	case 9:
		two_replay(t, arg);
		break;
	case 10:
		two_inject(t, arg & 1);
		t->excused = true;
		break;
	case 11:
		t->w->jitter = arg;
		t->w->loss = arg & 0x80 ? 200 : 0;
		t->excused |= t->w->loss;
		break;
	}
}

static char *two_v1(unsigned int side)
{
	return xasprintf("remote 10.0.0.%u { exchange_mode main; my_identifier address; lifetime time 1 hour; "
			 "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256; "
			 "authentication_method pre_shared_key; } } "
			 "sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256; "
			 "compression_algorithm deflate; lifetime time 1 hour; }", side ? 1 : 2);
}

static void two_begin(struct two *t, uint8_t flags)
{
	bool v1 = flags & 1;
	char *a = v1 ? two_v1(0) : v2_text(0, NULL), *b = v1 ? two_v1(1) : v2_text(1, NULL);
	struct world *w = world_new(a, V2_PSK_A, b, V2_PSK_B);

	free(a);
	free(b);
	t->w = w;
	v2_tunnels(w);
	world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	w->latency = 1 + (flags >> 4);
	w->hook = two_hook;
	w->hook_arg = t;
	if (flags & 2)
		world_acquire(w, 0, 0);
	if (flags & 4)
		world_acquire(w, 1, 0);
	t->wanted = flags & 6;
	if (flags & 8)
		world_run(w, 1000);
	t->altered = v1;
}

/* SAs that both have, both ways */
static bool two_common(const struct world *w)
{
	const struct world_side *a = &w->side[0], *b = &w->side[1];
	unsigned int i, k, in = 0, out = 0;

	for (i = 0; i < a->nsas; i++) {
		for (k = 0; k < b->nsas; k++) {
			const struct world_sa *x = &a->sas[i], *y = &b->sas[k];

			if (!x->used || !y->used || x->larval || y->larval ||
			    x->sa.spi != y->sa.spi || x->sa.inbound == y->sa.inbound ||
			    !chunk_equal(blob_chunk(&x->encr_key), blob_chunk(&y->encr_key)))
				continue;
			in += x->sa.inbound;
			out += !x->sa.inbound;
		}
	}
	return in && out;
}

/* Ends that have given each other up wait for up to ten minutes. */
static void two_recover(struct world *w)
{
	unsigned int i;

	for (i = 0; i < TWO_PATIENCE && !two_common(w); i++) {
		world_acquire(w, i & 1, 0);
		world_run(w, 120000);
	}
	if (two_common(w))
		return;
	fprintf(stderr, "nothing comes of it any more; A: %s; B: %s\n", world_report(w, 0)->sentence,
		world_report(w, 1)->sentence);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct two t = { .r = { .p = data, .n = size } };
	unsigned int i;
	char why[256];

	fuzz_dice();
	two_begin(&t, get_u8(&t.r));
	for (i = 0; i < FUZZ_STEPS && t.r.n; i++)
		two_step(&t);
	t.w->hook = NULL;
	t.w->loss = 0;
	t.w->jitter = 0;
	world_run(t.w, 300000);
	if (!t.altered && world_pairs(t.w, why, sizeof(why)) < 0) {
		fprintf(stderr, "the ends do not agree: %s\n", why);
		abort();
	}
	if (t.wanted && t.lost <= TWO_LOST && !t.excused && !two_common(t.w)) {
		fprintf(stderr, "%u datagrams were lost, and nothing came of it; A: %s; B: %s\n", t.lost,
			world_report(t.w, 0)->sentence, world_report(t.w, 1)->sentence);
		abort();
	}
	two_recover(t.w);
	world_free(t.w);
	for (i = 0; i < FUZZ_KEPT; i++)
		blob_free(&t.kept[i].data);
	return 0;
}
