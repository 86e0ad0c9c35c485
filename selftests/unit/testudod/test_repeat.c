// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that come again, or are the last ones that come: expensive steps are done once,
 * answers are short, refusals leave nothing that could be used, and states end (classes 7,
 * 15 and 16 of old holes, shared/daemon.md section 6). Amplification and ends of IKEv1 are
 * tested in test_v1_attack.c, what a flood costs in test_cost.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "allocated.h"
#include "pki_group.h"
#include "v1_case.h"
#include "v2_help.h"
#include "wire/v2.h"
#include "world_edit.h"
#include "world_ops.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000
#define MINUTE	 60000

/**
 * struct version - a way to negotiate
 * @name: for people
 * @ver: of IKE
 * @mode: of IKEv1
 * @more: datagrams that somebody who repeats himself may cause: an AM3 is answered by the
 *	question whether he is there, an IKE_AUTH that comes often by one in smaller pieces
 */
static const struct version {
	const char *name;
	unsigned int ver;
	const char *mode;
	unsigned int more;
} versions[] = { { "main mode", 1, "main", 0 }, { "aggressive mode", 1, "aggressive", 4 }, { "IKEv2", 2, NULL, 1 } };

/* ---- 15: what is repeated is not done again ---- */

/**
 * struct copies - what each side said, and what it cost
 * @secrets: signatures and MACs made with them, by side
 * @dg: all datagrams with another content
 * @from: their senders
 * @n: how many
 */
static struct copies {
	unsigned int secrets[2];
	struct blob dg[32];
	unsigned int from[32];
	unsigned int n;
} copies;

static bool count_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		      struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	const struct world_side *side = arg;

	copies.secrets[side->n]++;
	return world_ops.psk(arg, who, use, prf, data, out, answer);
}

static bool count_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		       struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	const struct world_side *side = arg;

	copies.secrets[side->n]++;
	return world_ops.sign(arg, remote, scheme, tbs, sig, answer);
}

/* Whatever is sent arrives many times more. */
static void hook_copies(struct world *w, struct world_dg *dg, void *arg)
{
	const unsigned int *times = arg;
	unsigned int i;

	for (i = 0; i < copies.n; i++) {
		if (chunk_equal(blob_chunk(&copies.dg[i]), blob_chunk(&dg->data)))
			return;
	}
	assert_in_range(copies.n, 0, COUNT(copies.dg) - 1);
	copies.from[copies.n] = dg->from;
	blob_set(&copies.dg[copies.n++], blob_chunk(&dg->data));
	for (i = 0; i < *times; i++)
		world_inject(w, dg->from, &dg->path, blob_chunk(&dg->data));
}

/* Datagrams that both said, and secrets that they used, until all is up. */
static unsigned int run_copied(unsigned int row, bool certs, unsigned int times, unsigned int secrets[2])
{
	const struct v1_case c1 = { .mode = versions[row].mode, .rsa = certs, .pki = pki, .remote = "ike_frag off;" };
	static struct ike_ops ops;
	unsigned int i, n, sent;
	struct world *w;
	char why[256];

	memset(&copies, 0, sizeof(copies));
	if (versions[row].ver == 1)
		w = v1_world(&c1);
	else
		w = certs ? v2_cert_world(pki, pki, pki, "ike_frag off;") : v2_world(NULL, NULL);
	v1_tunnel(w, IPPROTO_ESP, 0);
	ops = world_ops;
	ops.psk = count_psk;
	ops.sign = count_sign;
	w->side[0].ike->ops = &ops;
	w->side[1].ike->ops = &ops;
	w->hook = hook_copies;
	w->hook_arg = &times;
	world_acquire(w, 0, 0);
	world_run(w, 10 * SECOND);
	if (world_pairs(w, why, sizeof(why)) != 1)
		fail_msg("%s, each datagram %u times: %s", versions[row].name, times + 1, why);
	/* and everything once more when all is over */
	n = copies.n;
	sent = w->side[0].sent + w->side[1].sent;
	for (i = 0; times && i < n; i++) {
		struct ike_path path = { .local = w->side[copies.from[i]].addr, .remote = w->side[!copies.from[i]].seen };

		addr_set_port(&path.local, 500);
		addr_set_port(&path.remote, 500);
		/* a first message may begin anew: the gate decides about that */
		if (memcmp(copies.dg[i].p + 8, "\0\0\0\0\0\0\0", 8))
			world_inject(w, copies.from[i], &path, blob_chunk(&copies.dg[i]));
	}
	world_run(w, 10 * SECOND);
	assert_in_range(w->side[0].sent + w->side[1].sent - sent, 0, n);
	for (i = 0; i < copies.n; i++)
		blob_free(&copies.dg[i]);
	memcpy(secrets, copies.secrets, sizeof(copies.secrets));
	n = copies.n;
	world_free(w);
	return n;
}

/* A key pair, a signature, a MAC: the answer to a question that comes again is the same one. */
static void test_repeated(void **state)
{
	unsigned int row, certs, once[2], often[2], n, m;

	(void)state;
	for (row = 0; row < COUNT(versions); row++) {
		for (certs = 0; certs < 2; certs++) {
			n = run_copied(row, certs, 0, once);
			m = run_copied(row, certs, 20, often);
			if (m > n + versions[row].more || often[0] != once[0] || often[1] != once[1])
				fail_msg("%s, certs %u: %u different datagrams instead of %u, secrets used %u and %u times instead of %u and %u",
					 versions[row].name, certs, m, n, often[0], often[1], once[0], once[1]);
		}
	}
}

/* ---- 7: no amplification, nothing of ours to be used again ---- */

struct heard {
	struct blob request;
	struct blob last;
	unsigned int n;
	size_t bytes;
};

static void hear_b(struct world *w, struct world_dg *dg, void *arg)
{
	struct heard *h = arg;

	(void)w;
	if (!dg->from) {
		blob_set(&h->request, blob_chunk(&dg->data));
		return;
	}
	blob_set(&h->last, blob_chunk(&dg->data));
	h->bytes += dg->data.n;
	h->n++;
	dg->drop = true;
}

/* An IKE_SA_INIT is answered once, by not much more than it had itself, and nothing follows (2016-5361). */
static void test_amplification(void **state)
{
	static const struct {
		const char *why;
		const char *proposal_b;
		unsigned int half_open;
		unsigned int percent;
	} rows[] = {
		{ "taken", NULL, 0, 110 },
		{ "a cookie", NULL, 100, 50 },
		{ "no proposal", "encryption_algorithm aes 128; hash_algorithm sha384; dh_group x25519;", 0, 50 },
		{ "another group", "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;", 0, 50 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct v2_conf b = { .proposal = rows[i].proposal_b };
		struct world *w = v2_world(NULL, &b);
		struct heard h = { 0 };

		v2_tunnels(w);
		w->side[1].ike->half_open = rows[i].half_open;
		w->hook = hear_b;
		w->hook_arg = &h;
		world_acquire(w, 0, 0);
		ike_delete_peer(w->side[0].ike, &w->side[1].seen);
		world_run(w, 5 * MINUTE);
		if (h.n != 1 || h.bytes * 100 > h.request.n * rows[i].percent)
			fail_msg("%s: %zu bytes are answered with %u datagrams, of %zu bytes", rows[i].why,
				 h.request.n, h.n, h.bytes);
		w->side[1].ike->half_open -= rows[i].half_open;
		assert_int_equal(world_ikes(w, 1) + w->side[1].ike->half_open, 0);
		blob_free(&h.request);
		blob_free(&h.last);
		world_free(w);
	}
}

/* A refusal names no SPI of ours, and a first message that names one of ours is for nobody (2023-30570). */
static void test_spi_again(void **state)
{
	const struct v2_conf b = { .proposal = "encryption_algorithm aes 128; hash_algorithm sha384; dh_group x25519;" };
	struct world *w = v2_world(NULL, &b);
	struct heard h = { 0 };
	struct ike_path path;
	unsigned int i;

	(void)state;
	v2_tunnels(w);
	w->hook = hear_b;
	w->hook_arg = &h;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	assert_int_equal(h.n, 1);
	assert_memory_equal(h.last.p + 8, "\0\0\0\0\0\0\0", 8);
	assert_int_equal(world_ikes(w, 1), 0);
	world_free(w);

	w = v2_world(NULL, NULL);
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	v2_expect_pairs(w, 1);
	path = world_ike(w, 0)->path;
	for (i = 0; i < 3; i++) {
		set_be(h.request.p, i == 1 ? world_ike(w, 1)->spi_r : world_ike(w, 1)->spi_i, 8);
		set_be(h.request.p + 8, i == 2 ? world_ike(w, 1)->spi_r : 0, 8);
		world_inject(w, 0, &path, blob_chunk(&h.request));
		world_run(w, SECOND);
	}
	world_run(w, 3 * MINUTE);
	v2_expect_pairs(w, 1);
	assert_int_equal(world_ikes(w, 1), 1);
	blob_free(&h.request);
	blob_free(&h.last);
	world_free(w);
}

/* ---- 16: ends ---- */

static void stop_after(struct world *w, struct world_dg *dg, void *arg)
{
	const unsigned int *number = arg;

	(void)w;
	dg->drop |= dg->number > *number;
}

/* Whichever message is the last one that comes through, nothing is left of it after a while (2008-3652). */
static void test_orphans(void **state)
{
	unsigned int number, side;
	struct world *w;

	(void)state;
	for (number = 1; number <= 4; number++) {
		w = v2_world(NULL, NULL);
		v2_tunnels(w);
		w->hook = stop_after;
		w->hook_arg = &number;
		world_acquire(w, 0, 0);
		world_run(w, 30 * MINUTE);
		for (side = 0; side < 2; side++) {
			if (world_ikes(w, side) || w->side[side].installed != w->side[side].deleted ||
			    !TAILQ_EMPTY(&world_peer(w, side)->children) || w->side[side].ike->half_open)
				fail_msg("nothing after message %u: side %u has %u IKE SAs, %u SAs", number, side,
					 world_ikes(w, side), w->side[side].installed - w->side[side].deleted);
		}
		world_free(w);
	}
}

/* Up and down without end, through a NAT, with keys and certificates: no memory goes with it (2009-1632). */
static void test_growth(void **state)
{
	unsigned int row, certs, i;
	long before = 0;
	struct world *w;

	(void)state;
	for (row = 0; row < COUNT(versions); row++) {
		for (certs = 0; certs < 2; certs++) {
			const struct v1_case c1 = { .mode = versions[row].mode, .rsa = certs, .pki = pki, .nat = 1 };

			if (versions[row].ver == 1)
				w = v1_world(&c1);
			else
				w = certs ? v2_cert_world(pki, pki, pki, "nat_traversal force;")
					  : v2_world(&(struct v2_conf){ .remote = "nat_traversal force;" }, NULL);
			v1_tunnel(w, IPPROTO_ESP, 0);
			for (i = 0; i < 15; i++) {
				world_acquire(w, 0, 0);
				world_run(w, 10 * SECOND);
				v2_expect_pairs(w, 1);
				ike_delete_peer(w->side[0].ike, &w->side[1].seen);
				world_run(w, 10 * MINUTE);
				assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
				/* libcrypto and the lists of slots have what they need by then */
				if (i == 4)
					before = allocated();
			}
			if (allocated() > before + 2048)
				fail_msg("%s, certs %u: %ld bytes more", versions[row].name, certs, allocated() - before);
			world_free(w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_amplification),
		cmocka_unit_test(test_spi_again),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_growth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
