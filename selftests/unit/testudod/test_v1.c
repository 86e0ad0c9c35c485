// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1 between two engines: every exchange, authentication and bundle comes
 * up with equal keys at both ends; an oracle that shares no line with us checks
 * HASHes and KEYMAT of one of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ikev1/v1_state.h"
#include "pki_group.h"
#include "v1_case.h"

/**
 * struct row - one way to come up
 * @why: what it is about
 * @c: configuration
 * @first: innermost protocol
 * @second: the one around it, 0: none
 * @transport: transport mode, else tunnel
 * @pairs: SAs that side A receives with at the end
 */
struct row {
	const char *why;
	struct v1_case c;
	uint8_t first;
	uint8_t second;
	bool transport;
	int pairs;
};

#define ESP	IPPROTO_ESP
#define AH	IPPROTO_AH
#define COMP	IPPROTO_COMP
#define PFS	"pfs_group 14; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"
#define GCM	"encryption_algorithm aes_gcm_16 256;"
#define DEFLATE "encryption_algorithm aes; authentication_algorithm hmac_sha256; compression_algorithm deflate;"

static const struct row rows[] = {
	{ "main mode, pre-shared key", { 0 }, ESP, 0, false, 1 },
	{ "main mode, certificates", { .rsa = true }, ESP, 0, false, 1 },
	{ "aggressive mode, pre-shared key", { .mode = "aggressive" }, ESP, 0, false, 1 },
	{ "aggressive mode, certificates", { .mode = "aggressive", .rsa = true }, ESP, 0, false, 1 },
	{ "both allowed: the first is what we begin with", { .mode = "main, aggressive" }, ESP, 0, false, 1 },
	{ "the second seed: aggressive first, rsasig, asn1dn", { .mode = "aggressive, main", .rsa = true }, ESP, 0, true, 1 },
	{ "the first seed: remote anonymous, pre-shared key", { .mode = "main, aggressive", .anonymous = true }, ESP, 0, false, 1 },
	{ "PFS", { .sainfo = PFS }, ESP, 0, false, 1 },
	{ "PFS with certificates in aggressive mode", { .mode = "aggressive", .rsa = true, .sainfo = PFS }, ESP, 0, false, 1 },
	{ "an AEAD, no authentication attribute", { .sainfo = GCM }, ESP, 0, false, 1 },
	{ "AH alone", { 0 }, AH, 0, true, 1 },
	{ "AH around ESP: one proposal number, two protocols", { 0 }, ESP, AH, true, 2 },
	{ "AH around ESP in a tunnel", { .sainfo = PFS }, ESP, AH, false, 2 },
	{ "ESP around IPComp", { .sainfo = DEFLATE }, COMP, ESP, false, 1 },
	{ "ESP around IPComp in transport mode", { .sainfo = DEFLATE }, COMP, ESP, true, 1 },
	{ "transport mode", { 0 }, ESP, 0, true, 1 },
	{ "SHA-1 and group 5 for old peers",
	  { .proposal = "encryption_algorithm aes 128; hash_algorithm sha1; dh_group 5;" },
	  ESP,
	  0,
	  false,
	  1 },
	{ "SHA-512, whose output is longer than the key",
	  { .proposal = "encryption_algorithm aes 128; hash_algorithm sha512; dh_group 15;" },
	  ESP,
	  0,
	  false,
	  1 },
	{ "ECP group", { .proposal = "encryption_algorithm aes 192; hash_algorithm sha384; dh_group ecp256;" }, ESP, 0, false, 1 },
	{ "NAT in front of A", { .nat = 1 }, ESP, 0, false, 1 },
	{ "NAT and transport mode: NAT-OA", { .nat = 1 }, ESP, 0, true, 1 },
	{ "NAT, PFS and an AEAD", { .nat = 1, .sainfo = "pfs_group ecp256; " GCM }, ESP, 0, false, 1 },
	{ "NAT in aggressive mode: the port moves at AM3", { .mode = "aggressive", .nat = 1 }, ESP, 0, false, 1 },
	{ "NAT and certificates", { .rsa = true, .nat = 1 }, ESP, 0, false, 1 },
	{ "encapsulation forced without a NAT", { .remote = "nat_traversal force;" }, ESP, 0, false, 1 },
	{ "encapsulation forced by B alone", { .remote_b = "nat_traversal force;" }, ESP, 0, false, 1 },
	{ "no NAT traversal at all", { .remote = "nat_traversal off;" }, ESP, 0, false, 1 },
	{ "identities by name", { .remote = "my_identifier fqdn \"a.test\"; peers_identifier fqdn \"a.test\"; verify_identifier on;" }, ESP, 0, false, 1 },
	{ "long nonces", { .remote = "nonce_size 128;" }, ESP, 0, false, 1 },
	{ "no certificate is asked for, all the same it is sent", { .rsa = true, .remote = "send_cr off;" }, ESP, 0, false, 1 },
};

static void run_row(const struct row *r)
{
	struct v1_case c = r->c;
	struct world *w;
	char why[256];
	int pairs;

	c.pki = pki;
	w = v1_world(&c);
	if (r->transport)
		v1_transport(w, r->first, r->second);
	else
		v1_tunnel(w, r->first, r->second);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	pairs = world_pairs(w, why, sizeof(why));
	if (pairs != r->pairs)
		fail_msg("%s: %d pairs instead of %d; %s; A: %s; B: %s", r->why, pairs, r->pairs, why,
			 world_report(w, 0)->sentence, world_report(w, 1)->sentence);
	assert_int_equal(world_ikes_up(w, 0), 1);
	assert_int_equal(world_ikes_up(w, 1), 1);
	assert_int_equal(world_ike(w, 0)->path.natt, r->c.nat || (c.remote && strstr(c.remote, "force")) ||
							     c.remote_b);
	assert_true(id_equal(&world_ike(w, 0)->my_id, &world_ike(w, 1)->peer_id));
	world_free(w);
}

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

/* The other seed's complaint: with both kinds of policy the SAs were of the wrong mode. */
static void test_modes_side_by_side(void **state)
{
	const struct v1_case c = { 0 };
	unsigned int order, i, tunnel, transport;
	struct world *w;
	char why[256];

	(void)state;
	for (order = 0; order < 2; order++) {
		w = v1_world(&c);
		v1_tunnel(w, ESP, 0);
		v1_transport(w, ESP, 0);
		world_acquire(w, 0, order);
		world_acquire(w, 0, !order);
		world_run(w, 5000);
		assert_int_equal(world_pairs(w, why, sizeof(why)), 2);
		assert_int_equal(world_ikes_up(w, 0), 1);
		tunnel = transport = 0;
		for (i = 0; i < WORLD_SAS; i++) {
			const struct world_sa *a = &w->side[1].sas[i];

			if (!a->used)
				continue;
			tunnel += a->sa.mode == IPSEC_MODE_TUNNEL;
			transport += a->sa.mode == IPSEC_MODE_TRANSPORT;
		}
		assert_int_equal(tunnel, 2);
		assert_int_equal(transport, 2);
		world_free(w);
	}
}

/* Old peers know NAT traversal by its drafts only: other payload types, other numbers in phase 2. */
static void draft_only(struct world *w, struct world_dg *dg, void *arg)
{
	static const enum v1_vid newer[] = { V1_VID_NATT_RFC, V1_VID_NATT_03 };
	size_t i, k;

	(void)w;
	(void)arg;
	for (i = 0; dg->number == 1 && i < 2; i++) {
		struct chunk vid = v1_vid_bytes(newer[i]);

		for (k = 0; k + vid.n <= dg->data.n; k++) {
			if (chunk_equal(chunk(dg->data.p + k, vid.n), vid))
				dg->data.p[k] ^= 0xff;
		}
	}
}

static void test_natt_drafts(void **state)
{
	const struct v1_case c = { .nat = 1 };
	struct world *w;
	unsigned int i;
	char why[256];

	(void)state;
	for (i = 0; i < 2; i++) {
		w = v1_world(&c);
		w->hook = draft_only;
		if (i)
			v1_transport(w, ESP, 0);
		else
			v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		assert_int_equal(world_ike(w, 0)->v1->natt, V1_VID_NATT_02N);
		assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
		assert_true(world_child(w, 1)->choice.udp);
		world_free(w);
	}
}

/* claim: the responder's shorter lifetime is told, and both have it. */
static void test_lifetimes(void **state)
{
	static const struct {
		const char *check;
		const char *a, *b;
		unsigned int life;
	} cases[] = {
		{ "proposal_check claim;", "2 hour", "20 min", 1200 },
		{ "proposal_check claim;", "20 min", "2 hour", 1200 },
		{ "proposal_check strict;", "20 min", "2 hour", 1200 },
	};
	char a[256], b[256], why[256];
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct v1_case c = { .remote = cases[i].check, .sainfo = a, .sainfo_b = b };

		snprintf(a, sizeof(a), "lifetime time %s; encryption_algorithm aes; authentication_algorithm hmac_sha256;", cases[i].a);
		snprintf(b, sizeof(b), "lifetime time %s; encryption_algorithm aes; authentication_algorithm hmac_sha256;", cases[i].b);
		w = v1_world(&c);
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		if (world_pairs(w, why, sizeof(why)) != 1)
			fail_msg("%s: A: %s; B: %s", cases[i].check, world_report(w, 0)->sentence,
				 world_report(w, 1)->sentence);
		assert_int_equal(world_child(w, 0)->choice.life, cases[i].life);
		assert_int_equal(world_child(w, 1)->choice.life, cases[i].life);
		world_free(w);
	}
}

/* The laptop of the first seed has the policy, the gateway makes it from what is asked for. */
static void test_generate_policy(void **state)
{
	static const struct v1_case c = { .remote_b = "generate_policy on;" };
	struct world *w = v1_world(&c);
	char why[256];

	(void)state;
	world_policy(w, 0, "10.0.0.1/32", "0.0.0.0/0", ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	assert_int_equal(world_child(w, 1)->ngenerated, 3);
	world_free(w);
}

/* More policies than quick modes at a time: the rest waits for its turn. */
static void test_many_policies(void **state)
{
	const struct v1_case c = { 0 };
	char why[256];
	struct world *w = v1_world(&c);

	(void)state;
	v1_tunnels(w, 10);
	world_run(w, 10000);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 10);
	world_free(w);
}

/* A path that swallows large datagrams: certificates only come through in pieces. */
static void test_fragments(void **state)
{
	static const struct {
		const char *remote, *mode;
		bool up;
		const char *why;
	} cases[] = {
		{ "", "main", true, "pieces of 552 bytes pass" },
		{ "ike_frag off;", "main", false, "whole ones do not" },
		{ "ike_frag force;", "main", true, "without being told that the peer can" },
	};
	struct world *w;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct v1_case c = { .rsa = true, .pki = pki, .remote = cases[i].remote, .mode = cases[i].mode };

		w = v1_world(&c);
		w->mtu = 600;
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 90000);
		if ((world_pairs(w, why, sizeof(why)) == 1) != cases[i].up)
			fail_msg("%s: %s", cases[i].why, world_report(w, 0)->sentence);
		if (!cases[i].up)
			assert_non_null(strstr(world_report(w, 0)->sentence, "no answer"));
		world_free(w);
	}
}

/**
 * struct spoil - a byte of a fragment that somebody changes
 * @number: datagram
 * @at: offset
 */
struct spoil {
	unsigned int number;
	size_t at;
};

static void spoil_piece(struct world *w, struct world_dg *dg, void *arg)
{
	const struct spoil *s = arg;

	(void)w;
	if (dg->number == s->number)
		dg->data.p[s->at] ^= 1;
}

/*
 * What the fuzzer found: the pieces of a message that was none, since somebody had changed
 * one of them, were taken for old when they came again, and the negotiation timed out.
 */
static void test_spoiled_fragment(void **state)
{
	const struct v1_case c = { .rsa = true, .pki = pki };
	/* the cookie that the pieces make, and the first block of what is encrypted: of MM5, of MM6 */
	static const struct spoil spoils[] = { { 5, 36 }, { 5, 64 }, { 8, 36 }, { 8, 64 } };
	struct world *w;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		w = v1_world(&c);
		w->hook = spoil_piece;
		w->hook_arg = (void *)&spoils[i];
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 25000);
		if (world_pairs(w, why, sizeof(why)) != 1)
			fail_msg("piece %u, byte %zu: A: %s; B: %s", spoils[i].number, spoils[i].at,
				 world_report(w, 0)->sentence, world_report(w, 1)->sentence);
		world_free(w);
	}
}

/* ---- certificate requests ---- */

/* B's requests name no CA: MM4 and AM2 have them in the clear, and no HASH covers them. */
static void ask_for_any(struct world *w, struct world_dg *dg, void *arg)
{
	uint8_t *p = dg->data.p, type = p[16];
	unsigned int *emptied = arg;
	size_t at = WIRE_HDR_LEN, len;

	(void)w;
	if (!dg->from || p[19] & WIRE_V1_ENCRYPT)
		return;
	for (; type && at + 4 <= dg->data.n; at += len) {
		len = p[at + 2] << 8 | p[at + 3];
		if (type == P1_CERTREQ && len > 5) {
			memmove(p + at + 5, p + at + len, dg->data.n - at - len);
			dg->data.n -= len - 5;
			p[at + 2] = 0;
			p[at + 3] = len = 5;
			p[26] = dg->data.n >> 8;
			p[27] = dg->data.n & 0xff;
			++*emptied;
		}
		type = p[at];
	}
}

static void test_match_empty_cr(void **state)
{
	static const struct {
		const char *mode, *remote, *remote_b;
		bool empty;
		bool up;
		const char *why;
	} rows[] = {
		{ "main", "", "", true, true, "any will do, and we have one" },
		{ "main", "match_empty_cr off;", "", true, false, "who wants any gets none" },
		{ "main", "match_empty_cr off;", "", false, true, "a CA is named" },
		{ "main", "match_empty_cr off;", "send_cr off;", false, true, "nothing is asked for" },
		{ "aggressive", "match_empty_cr on; ike_frag off;", "", true, true, "aggressive mode, on" },
		{ "aggressive", "match_empty_cr off; ike_frag off;", "", true, false, "aggressive mode, off" },
	};
	unsigned int emptied;
	struct world *w;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct v1_case c = {
			.rsa = true,
			.pki = pki,
			.mode = rows[i].mode,
			.remote = rows[i].remote,
			.remote_b = rows[i].remote_b,
		};

		w = v1_world(&c);
		emptied = 0;
		w->hook = rows[i].empty ? ask_for_any : NULL;
		w->hook_arg = &emptied;
		v1_tunnel(w, ESP, 0);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		assert_int_equal(emptied, rows[i].empty);
		if ((world_pairs(w, why, sizeof(why)) == 1) != rows[i].up)
			fail_msg("%s: A: %s; B: %s", rows[i].why, world_report(w, 0)->sentence,
				 world_report(w, 1)->sentence);
		if (!rows[i].up)
			assert_non_null(strstr(world_report(w, 1)->sentence, "sent no certificate"));
		world_free(w);
	}
}

/* ---- the oracle ---- */

/**
 * struct record - what the oracle gets
 * @f: file
 * @messages: datagrams so far
 */
struct record {
	FILE *f;
	unsigned int messages;
};

static void put_hex(FILE *f, const char *name, struct chunk c)
{
	size_t i;

	fprintf(f, "%s ", name);
	for (i = 0; i < c.n; i++)
		fprintf(f, "%02x", c.p[i]);
	fprintf(f, "\n");
}

static void put_private(FILE *f, const char *name, const struct crypt_dh *dh)
{
	BIGNUM *x = NULL;
	char *hex;

	assert_int_equal(EVP_PKEY_get_bn_param(dh->key, OSSL_PKEY_PARAM_PRIV_KEY, &x), 1);
	hex = BN_bn2hex(x);
	fprintf(f, "%s %s\n", name, hex);
	OPENSSL_free(hex);
	BN_free(x);
}

/* A's private values can be had while its message is on the way. */
static void record(struct world *w, struct world_dg *dg, void *arg)
{
	struct ike_peer *peer = world_peer(w, 0);
	struct ike_sa *sa = TAILQ_FIRST(&peer->sas);
	struct record *r = arg;
	struct v1_exchange *x;

	put_hex(r->f, dg->from ? "B" : "A", blob_chunk(&dg->data));
	r->messages++;
	if (r->messages == 4)
		put_private(r->f, "x1", sa->v1->dh);
	x = TAILQ_FIRST(&sa->v1->quick);
	if (r->messages == 8 && x && x->dh)
		put_private(r->f, "x2", x->dh);
}

static void put_keys(FILE *f, const struct world *w)
{
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		const struct world_sa *a = &w->side[1].sas[i];

		if (!a->used || a->larval)
			continue;
		fprintf(f, "%s %08x\n", a->sa.inbound ? "spi-in" : "spi-out", a->sa.spi);
		put_hex(f, "encr", blob_chunk(&a->encr_key));
		put_hex(f, "integ", blob_chunk(&a->integ_key));
	}
}

/* It stands beside this file. */
static void oracle_path(char *buf, size_t size)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(buf, size, "%.*s/v1_oracle.py", (int)(slash ? slash - __FILE__ : 1),
		 slash ? __FILE__ : ".");
}

static void ask_oracle(const char *sainfo)
{
	const struct v1_case c = { .sainfo = sainfo };
	char path[] = "/tmp/v1_oracle_XXXXXX", oracle[256], cmd[512], why[256];
	struct world *w = v1_world(&c);
	struct record r = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	r.f = fdopen(fd, "w");
	put_hex(r.f, "psk", chunk_str("what two ends share"));
	w->hook = record;
	w->hook_arg = &r;
	v1_tunnel(w, ESP, 0);
	world_acquire(w, 0, 0);
	world_run(w, 500);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	put_keys(r.f, w);
	fclose(r.f);
	world_free(w);
	oracle_path(oracle, sizeof(oracle));
	snprintf(cmd, sizeof(cmd), "python3 %s %s", oracle, path);
	assert_int_equal(system(cmd), 0);
	unlink(path);
}

static void test_oracle(void **state)
{
	char path[256];

	(void)state;
	oracle_path(path, sizeof(path));
	if (access(path, R_OK) || system("python3 -c 'import cryptography' 2>/dev/null")) {
		print_message("no oracle: %s or python3-cryptography is missing\n", path);
		skip();
	}
	ask_oracle(NULL);
	ask_oracle(PFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_modes_side_by_side),
		cmocka_unit_test(test_natt_drafts),
		cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_generate_policy),
		cmocka_unit_test(test_many_policies),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_spoiled_fragment),
		cmocka_unit_test(test_match_empty_cr),
		cmocka_unit_test(test_oracle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
