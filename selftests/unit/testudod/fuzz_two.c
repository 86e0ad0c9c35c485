// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_two - two engines in one process, and the input says what happens: who
 * asks for what, which datagrams are lost, repeated, late or altered, before and
 * after they were sealed. Both IKE versions. Nothing may crash or leak, and when
 * nobody altered what is sealed, both ends agree after a quiet time.
 *
 * Input: flags, then steps of an opcode and its bytes.
 */
#include <openssl/rand.h>
#include <string.h>

#include "../fuzz/fuzz.h"
#include "ikev2/v2.h"
#include "v2_help.h"
#include "world.h"

#define FUZZ_STEPS	64
#define FUZZ_KEPT	16

/* ---- the same input, the same run: libcrypto's dice are ours ---- */

static uint64_t fuzz_seed;

static int fuzz_rand(unsigned char *p, int n)
{
	while (n-- > 0) {
		fuzz_seed ^= fuzz_seed << 13;
		fuzz_seed ^= fuzz_seed >> 7;
		fuzz_seed ^= fuzz_seed << 17;
		*p++ = fuzz_seed >> 32;
	}
	return 1;
}

static int fuzz_rand_status(void)
{
	return 1;
}

static void fuzz_dice(void)
{
	static const RAND_METHOD method = {
		.bytes = fuzz_rand, .pseudorand = fuzz_rand, .status = fuzz_rand_status,
	};

	fuzz_seed = 88172645463325252ull;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	RAND_set_rand_method(&method);
#pragma GCC diagnostic pop
}

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
 * @sealed: something sealed was altered: the ends need not agree
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
	bool sealed;
	struct world_dg kept[FUZZ_KEPT];
	unsigned int nkept;
};

/* ---- altering ---- */

static struct ike_sa *two_sa_of(struct world *w, const struct world_dg *dg)
{
	struct reader r = reader(blob_chunk(&dg->data));
	uint64_t i = get_be64(&r), resp = get_be64(&r);
	struct ike *ike = w->side[dg->from].ike;
	struct ike_sa *sa = ike_sa_by_spi(ike, i);

	return sa ? sa : ike_sa_by_spi(ike, resp);
}

static void two_change(struct two *t, struct writer *w, struct chunk clear)
{
	size_t at = clear.n ? t->clear_at % clear.n : 0;

	put_bytes(w, clear);
	if (t->clear == 1 && clear.n)
		w->p[at] ^= t->clear_with;
	else if (t->clear == 2)
		w->n = at;
	else
		for (at %= 64; at; at--)
			put_u8(w, t->clear_with);
}

/* Open what the sender has sealed, change it, seal it again: the peer itself is evil. */
static void two_alter_sealed(struct two *t, struct world_dg *dg)
{
	struct ike_sa *sa = two_sa_of(t->w, dg);
	struct blob clear = { 0 };
	struct v2_sent sent = { 0 };
	struct flight f;

	if (!sa || sa->ver != 2 || !sa->v2 || dg->data.n < 33 || dg->data.p[16] != P2_SK ||
	    !crypt_sk_open(sa->initiator ? &sa->v2->keys.i : &sa->v2->keys.r, chunk(dg->data.p, 32),
			   chunk(dg->data.p + 32, dg->data.n - 32), &clear))
		return;
	sent.first = dg->data.p[28];
	sent.exchange = dg->data.p[18];
	sent.response = dg->data.p[19] & WIRE_V2_RESPONSE;
	sent.msgid = dg->data.p[20] << 24 | dg->data.p[21] << 16 | dg->data.p[22] << 8 | dg->data.p[23];
	sent.sealed = true;
	{
		struct writer w = { 0 };

		two_change(t, &w, blob_chunk(&clear));
		sent.clear = writer_blob(&w);
	}
	flight_init(&f, sa->ike, NULL, NULL);
	if (v2_msg_seal(sa, &sent, &dg->path, &f) && f.n)
		blob_set(&dg->data, blob_chunk(&f.dg[0]));
	flight_clear(&f);
	v2_sent_wipe(&sent);
	blob_wipe(&clear);
	t->sealed = true;
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
	if (t->clear)
		two_alter_sealed(t, dg);
	t->clear = 0;
	if (t->raw && dg->data.n) {
		dg->data.p[t->raw_at % dg->data.n] ^= t->raw_with;
		/* an altered first message is a denial that heals, but maybe not in time */
		t->sealed |= dg->data.n > 18 && dg->data.p[18] == V2_SA_INIT;
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
		break;
	case 11:
		t->w->jitter = arg;
		t->w->loss = arg & 0x80 ? 200 : 0;
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
	if (flags & 8)
		world_run(w, 1000);
	t->sealed = v1;
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
	if (!t.sealed && world_pairs(t.w, why, sizeof(why)) < 0) {
		fprintf(stderr, "the ends do not agree: %s\n", why);
		abort();
	}
	world_free(t.w);
	for (i = 0; i < FUZZ_KEPT; i++)
		blob_free(&t.kept[i].data);
	return 0;
}
