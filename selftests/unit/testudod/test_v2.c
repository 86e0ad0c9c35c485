// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2, two engines against each other: every way to prove oneself, every
 * suite, NATs, and the words when it fails. What child SAs come of it is in
 * test_v2_child.c, lost and crossing messages are in test_v2_faults.c, forged ones
 * in test_v2_attack.c, an independent reading of what goes over the wire in
 * test_v2_oracle.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ikev2/v2.h"
#include "v2_help.h"
#include "world.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- the plain case ---- */

static void test_psk(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 100);
	v2_expect_up(w, "pre-shared key");
	/* IKE_SA_INIT and IKE_AUTH, two messages each, and nothing more */
	assert_int_equal(w->numbers, 4);
	assert_int_equal(world_ike(w, 0)->peer_id.type, ID_FQDN);
	assert_false(world_ike(w, 0)->path.natt);
	world_free(w);
}

/* ---- suites ---- */

static const char *const ike_suites[] = {
	"encryption_algorithm aes 128; hash_algorithm sha1; dh_group modp2048;",
	"encryption_algorithm aes 192; hash_algorithm sha256; dh_group modp3072;",
	"encryption_algorithm aes 256; hash_algorithm sha384; dh_group ecp256;",
	"encryption_algorithm aes 256; hash_algorithm sha512; dh_group ecp384;",
	"encryption_algorithm aes_gcm_16 128; hash_algorithm sha256; dh_group ecp521;",
	"encryption_algorithm aes_gcm_16 256; hash_algorithm sha384; dh_group x25519;",
	"encryption_algorithm aes_gcm_12 256; hash_algorithm sha512; dh_group x448;",
	"encryption_algorithm aes_ccm_16 256; hash_algorithm sha256; dh_group brainpool256;",
	"encryption_algorithm chacha20poly1305; hash_algorithm sha256; dh_group x25519;",
	"encryption_algorithm camellia 256; hash_algorithm sha256; dh_group modp4096;",
};

static const char *const esp_suites[] = {
	"encryption_algorithm aes 128; authentication_algorithm hmac_sha1;",
	"encryption_algorithm aes 256; authentication_algorithm hmac_sha256;",
	"encryption_algorithm aes 192; authentication_algorithm hmac_sha384;",
	"encryption_algorithm camellia 256; authentication_algorithm hmac_sha512;",
	"encryption_algorithm aes_gcm_16 256; authentication_algorithm hmac_sha256;",
	"encryption_algorithm aes_gcm_16 128; authentication_algorithm hmac_sha256;",
	"encryption_algorithm chacha20poly1305; authentication_algorithm hmac_sha256;",
	"encryption_algorithm aes_ccm_16 128; authentication_algorithm hmac_sha256;",
	"encryption_algorithm null_enc; authentication_algorithm hmac_sha256;",
};

static void test_ike_suites(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(ike_suites); i++) {
		const struct v2_conf c = { .proposal = ike_suites[i] };
		struct world *w = v2_world(&c, &c);

		v2_tunnels(w);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		v2_expect_up(w, ike_suites[i]);
		world_free(w);
	}
}

static void test_esp_suites(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(esp_suites); i++) {
		const struct v2_conf c = { .sainfo = esp_suites[i] };
		struct world *w = v2_world(&c, &c);

		v2_tunnels(w);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		v2_expect_up(w, esp_suites[i]);
		world_free(w);
	}
}

/* A comes with @first and can do what B wants, which it is told by INVALID_KE_PAYLOAD */
static struct world *group_world(const char *first)
{
	static const char second[] = "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp384;";
	const struct v2_conf b = { .proposal = second };
	struct v2_conf a = { 0 };
	struct world *w;
	char *text;

	text = xasprintf("encryption_algorithm aes 256; hash_algorithm sha256; dh_group %s; "
			 "authentication_method pre_shared_key; } proposal { %s",
			 first, second);
	a.proposal = text;
	w = v2_world(&a, &b);
	v2_tunnels(w);
	free(text);
	return w;
}

/* without a proposal on the one side, the default set meets whatever the other says */
static void test_group_retry(void **state)
{
	struct world *w = group_world("modp2048");

	(void)state;
	world_acquire(w, 0, 0);
	world_run(w, 500);
	v2_expect_up(w, "INVALID_KE_PAYLOAD, then the group that the peer wants");
	assert_int_equal(w->numbers, 6);
	world_free(w);
}

/* What B says with a KE payload in it, the choice, is lost. */
static void hook_lose_choice(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	dg->drop |= dg->from == 1 && dg->data.p[18] == V2_SA_INIT && dg->data.p[16] == P2_SA;
}

/* A slow peer answers the first message and its repetition: the second answer is no refusal of the next. */
static void test_group_said_twice(void **state)
{
	struct world *w = group_world("x25519");

	(void)state;
	w->latency = 800;
	w->hook = hook_lose_choice;
	world_acquire(w, 0, 0);
	world_run(w, 10000);
	assert_int_equal(w->side[0].events[EVENT_PHASE1_FAILED], 0);
	w->hook = NULL;
	world_run(w, 20000);
	v2_expect_up(w, "the same INVALID_KE_PAYLOAD twice");
	world_free(w);
}

static void test_cookie(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	w->side[1].ike->half_open = 100;
	world_acquire(w, 0, 0);
	world_run(w, 500);
	v2_expect_up(w, "a cookie is asked for and sent back");
	assert_int_equal(w->side[1].ike->counts.cookies, 1);
	assert_int_equal(w->numbers, 6);
	w->side[1].ike->half_open -= 100;
	world_free(w);
}

/* cookie, and then the wrong group: the cookie goes along with the second try */
static void test_cookie_and_group(void **state)
{
	const struct v2_conf a = {
		.proposal = "encryption_algorithm aes 256; hash_algorithm sha256; dh_group x25519; "
			    "authentication_method pre_shared_key; } proposal { "
			    "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;",
	};
	const struct v2_conf b = {
		.proposal = "encryption_algorithm aes 256; hash_algorithm sha256; dh_group ecp256;",
	};
	struct world *w = v2_world(&a, &b);

	(void)state;
	v2_tunnels(w);
	w->side[1].ike->half_open = 100;
	world_acquire(w, 0, 0);
	world_run(w, 500);
	v2_expect_up(w, "cookie and group");
	assert_int_equal(w->numbers, 8);
	w->side[1].ike->half_open -= 100;
	world_free(w);
}

/* ---- certificates ---- */

static struct world *cert_world(const struct pki *pki, const struct pki *ca_a, const struct pki *ca_b)
{
	struct world *w = v2_cert_world(pki, ca_a, ca_b, "");

	v2_tunnels(w);
	return w;
}

/* Make both ends forget that the other knows RFC 7427, on the wire and in what AUTH covers. */
static void hook_no_rfc7427(struct world *w, struct world_dg *dg, void *arg)
{
	/* of no protocol, without an SPI: two bytes alone may well be some of a nonce, too */
	static const uint8_t what[4] = { 0, 0, V2_N_SIGNATURE_HASH_ALGORITHMS >> 8,
					 V2_N_SIGNATURE_HASH_ALGORITHMS & 0xff };
	struct ike_peer *peer = world_peer(w, dg->from);
	struct ike_sa *sa = peer ? TAILQ_FIRST(&peer->sas) : NULL;
	struct blob *kept;
	uint8_t *at;

	(void)arg;
	if (!sa || dg->data.p[18] != V2_SA_INIT)
		return;
	kept = sa->initiator ? &sa->v2->init_i : &sa->v2->init_r;
	at = memmem(dg->data.p, dg->data.n, what, sizeof(what));
	assert_non_null(at);
	at[2] = 0xee;
	at = memmem(kept->p, kept->n, what, sizeof(what));
	assert_non_null(at);
	at[2] = 0xee;
}

static void test_certs(void **state)
{
	static const char *const kinds[] = { "rsa", "ecdsa256", "ecdsa384", "ecdsa521", "ed25519" };
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		struct pki *pki = pki_new(kinds[i / 2]);
		struct world *w = cert_world(pki, pki, pki);

		if (i % 2)
			w->hook = hook_no_rfc7427;
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		if (i % 2 && !strcmp(kinds[i / 2], "ed25519"))
			v2_expect_says(w, 0, REPORT_CERT, "RFC 7427");
		else
			v2_expect_up(w, kinds[i / 2]);
		world_free(w);
		pki_free(pki);
	}
}

static void test_cert_unknown_ca(void **state)
{
	struct pki *pki = pki_new("ecdsa256"), *other = pki_new("ecdsa256");
	struct world *w = cert_world(pki, pki, other);

	(void)state;
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 0);
	v2_expect_says(w, 1, REPORT_CERT, "CN=a.test");
	v2_expect_says(w, 0, REPORT_AUTH, "refused our authentication");
	world_free(w);

	/* the other way round the initiator refuses, and tells the responder */
	w = cert_world(pki, other, pki);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 0);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	v2_expect_says(w, 0, REPORT_CERT, "CN=b.test");
	v2_expect_says(w, 1, REPORT_AUTH, "refused our authentication");
	v2_expect_pairs(w, 0);
	world_free(w);
	pki_free(pki);
	pki_free(other);
}

/* a certificate makes the message longer than what the path lets through */
static void test_fragments(void **state)
{
	struct pki *pki = pki_new("rsa");
	struct world *w = cert_world(pki, pki, pki);

	(void)state;
	w->mtu = 1280 - 28;
	world_acquire(w, 0, 0);
	world_run(w, 3000);
	v2_expect_up(w, "fragments of 1280 bytes");
	assert_true(w->numbers > 4);
	world_free(w);

	w = cert_world(pki, pki, pki);
	w->mtu = 576 - 28;
	world_acquire(w, 0, 0);
	world_run(w, 30000);
	v2_expect_up(w, "fragments of 576 bytes, after nothing else came through");
	world_free(w);

	/* only the answers' way is narrow: the responder learns it from the question that is repeated */
	w = cert_world(pki, pki, pki);
	w->mtu = 576 - 28;
	w->loss = 100;
	w->dups = 200;
	w->jitter = 50;
	world_acquire(w, 0, 0);
	world_run(w, 60000);
	v2_expect_up(w, "small fragments, lost, repeated and out of order");
	world_free(w);
	pki_free(pki);
}

/* ---- refusals and their sentences ---- */

static void test_psk_differs(void **state)
{
	struct world *w = v2_world_with(NULL, "b.test another secret\n", NULL, V2_PSK_B);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 1, REPORT_PSK_DIFFERS, "a.test (10.0.0.1): its pre-shared key differs from ours");
	v2_expect_says(w, 0, REPORT_AUTH, "10.0.0.2 refused our authentication");
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	v2_expect_pairs(w, 0);
	world_free(w);
}

/* the refusal is lost: the initiator still gets to know more than that nobody answers */
static void test_psk_differs_lost(void **state)
{
	struct world *w = v2_world_with(NULL, "b.test another secret\n", NULL, V2_PSK_B);

	(void)state;
	v2_tunnels(w);
	w->drop_nth = 4;
	world_acquire(w, 0, 0);
	world_run(w, 20000);
	v2_expect_says(w, 1, REPORT_PSK_DIFFERS, "differs from ours");
	v2_expect_says(w, 0, REPORT_AUTH, "refused us");
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	world_free(w);
}

static void test_psk_missing(void **state)
{
	struct world *w = v2_world_with(NULL, V2_PSK_A, NULL, "c.test something\n");

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 1, REPORT_NO_PSK, "couldn't find the pskey for");
	v2_expect_says(w, 0, REPORT_AUTH, "refused our authentication");
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	world_free(w);

	w = v2_world_with(NULL, "c.test something\n", NULL, V2_PSK_B);
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 0, REPORT_NO_PSK, "couldn't find the pskey for");
	assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 0);
	world_free(w);
}

static void test_wrong_id(void **state)
{
	const struct v2_conf b = { .peer_id = "fqdn \"c.test\"" };
	const struct v2_conf a = { .peer_id = "fqdn \"c.test\"" };
	struct world *w = v2_world(NULL, &b);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 1, REPORT_ID, "a.test");
	v2_expect_says(w, 0, REPORT_AUTH, "refused our authentication");
	world_free(w);

	w = v2_world_with(&a, "c.test a secret of both\nb.test a secret of both\n", NULL, V2_PSK_B);
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 0, REPORT_ID, "b.test");
	v2_expect_says(w, 1, REPORT_AUTH, "refused our authentication");
	v2_expect_pairs(w, 0);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	world_free(w);
}

static void test_no_proposal(void **state)
{
	const struct v2_conf b = {
		.proposal = "encryption_algorithm chacha20poly1305; hash_algorithm sha512; dh_group ecp521;",
	};
	struct world *w = v2_world(NULL, &b);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 30000);
	v2_expect_says(w, 1, REPORT_NO_PROPOSAL, "");
	assert_true(world_report(w, 1)->n > 0);
	v2_expect_says(w, 0, REPORT_NO_PROPOSAL, "10.0.0.2 takes none of the proposals");
	assert_true(world_report(w, 0)->n > 0);
	assert_false(world_report(w, 0)->authentic);
	world_free(w);
}

static void test_no_answer(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	w->cut = true;
	world_acquire(w, 0, 0);
	world_run(w, 100000);
	v2_expect_says(w, 0, REPORT_NO_ANSWER, "does not answer");
	/* 7 tries of the first, and no storm after it */
	assert_in_range(w->numbers, 7, 9);
	world_free(w);
}

/* ---- NAT ---- */

static struct world *nat_world(bool nat_a, const struct v2_conf *c)
{
	char *ta = v2_text(0, c), *tb = v2_text(1, c);
	const struct world_setup a = { .conf = ta, .psk = V2_PSK_A, .nat = nat_a };
	const struct world_setup b = { .conf = tb, .psk = V2_PSK_B };
	struct world *w = world_setup(&a, &b);

	free(ta);
	free(tb);
	return w;
}

static void test_nat(void **state)
{
	struct world *w = nat_world(true, NULL);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "a NAT in front of the initiator");
	assert_true(world_ike(w, 0)->nat_us && !world_ike(w, 0)->nat_peer);
	assert_true(world_ike(w, 1)->nat_peer && !world_ike(w, 1)->nat_us);
	assert_int_equal(addr_port(&world_ike(w, 0)->path.remote), 4500);
	assert_int_equal(addr_port(&world_ike(w, 1)->path.remote), 24500);
	assert_true(world_child(w, 0)->choice.udp && world_child(w, 1)->choice.udp);
	/* the NAT forgets: the next authenticated message comes from another port */
	w->side[0].nat_port = 30000;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 60000);
	v2_expect_up(w, "a NAT that changed its mind");
	assert_int_equal(addr_port(&world_ike(w, 1)->path.remote), 34500);
	world_free(w);
}

static void test_nat_forced(void **state)
{
	const struct v2_conf c = { .remote = "nat_traversal force;" };
	struct world *w = nat_world(false, &c);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "encapsulation forced");
	assert_true(world_child(w, 0)->choice.udp && world_child(w, 1)->choice.udp);
	assert_true(world_ike(w, 0)->path.natt && world_ike(w, 1)->path.natt);
	world_free(w);
}

/* RFC 7296 2.23.1: selectors are the addresses that each sees, the original one is kept */
static void test_nat_transport(void **state)
{
	struct world *w = nat_world(true, NULL);
	char text[ADDR_TEXT];

	(void)state;
	world_policy(w, 0, "192.168.0.1", "10.0.0.2", IPPROTO_ESP, IPSEC_MODE_TRANSPORT);
	world_policy(w, 1, "10.0.0.2", "10.0.0.1", IPPROTO_ESP, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "transport mode behind a NAT");
	assert_string_equal(addr_host(&world_child(w, 1)->natt_oa, text), "192.168.0.1");
	assert_int_equal(world_child(w, 0)->natt_oa.ss_family, 0);
	world_free(w);
}

/* ---- the end ---- */

static void test_dpd(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "before");
	w->cut = true;
	world_run(w, 200000);
	assert_int_equal(world_ikes_up(w, 0) + world_ikes_up(w, 1), 0);
	v2_expect_pairs(w, 0);
	assert_int_equal(w->side[0].events[EVENT_DPD_TIMEOUT], 1);
	assert_int_equal(w->side[1].events[EVENT_DPD_TIMEOUT], 1);
	world_free(w);
}

static void test_delete(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	assert_int_equal(ike_delete_peer(w->side[1].ike, &w->side[0].seen), 1);
	world_run(w, 5000);
	assert_int_equal(world_ikes(w, 0) + world_ikes(w, 1), 0);
	v2_expect_pairs(w, 0);
	world_free(w);
}

/* One end lost its memory: INITIAL_CONTACT clears what it left at the other. */
static void test_restart(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	struct child_sa *child;

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	child = world_child(w, 0);
	child_free(child);
	ike_sa_kill(world_ike(w, 0));
	world_run(w, 1);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "after a restart");
	assert_int_equal(world_ikes(w, 1), 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_ike_suites),
		cmocka_unit_test(test_esp_suites),
		cmocka_unit_test(test_group_retry),
		cmocka_unit_test(test_group_said_twice),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_cookie_and_group),
		cmocka_unit_test(test_certs),
		cmocka_unit_test(test_cert_unknown_ca),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_psk_differs),
		cmocka_unit_test(test_psk_differs_lost),
		cmocka_unit_test(test_psk_missing),
		cmocka_unit_test(test_wrong_id),
		cmocka_unit_test(test_no_proposal),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_nat_forced),
		cmocka_unit_test(test_nat_transport),
		cmocka_unit_test(test_dpd),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_restart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
