// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2, two engines against each other: the child SAs that come of both ends'
 * policies and sainfos, narrowed, in either mode, several, rekeyed with PFS; and
 * that none comes where they do not meet or a kernel refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v2_help.h"
#include "world.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void test_narrowing(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	char text[TS_TEXT];

	(void)state;
	world_policy(w, 0, "10.0.0.0/16", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.2.128/25", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "narrowing");
	assert_string_equal(ts_text(&world_child(w, 0)->local, text), "10.0.1.0/24[any] any");
	assert_string_equal(ts_text(&world_child(w, 0)->remote, text), "10.0.2.128/25[any] any");
	assert_true(ts_equal(&world_child(w, 0)->local, &world_child(w, 1)->remote));
	/* and a rekey keeps to it */
	world_expire(w, 1, world_child(w, 1), false);
	world_run(w, 60000);
	v2_expect_up(w, "rekey of a narrowed one");
	assert_string_equal(ts_text(&world_child(w, 0)->local, text), "10.0.1.0/24[any] any");
	world_free(w);
}

static void test_modes(void **state)
{
	static const struct {
		uint8_t first;
		uint8_t second;
		uint8_t mode;
		const char *why;
	} rows[] = {
		{ IPPROTO_ESP, 0, IPSEC_MODE_TRANSPORT, "transport mode" },
		{ IPPROTO_AH, 0, IPSEC_MODE_TRANSPORT, "AH, transport mode" },
		{ IPPROTO_AH, 0, IPSEC_MODE_TUNNEL, "AH, tunnel mode" },
		{ IPPROTO_COMP, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, "IPComp inside ESP" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct v2_conf c = {
			.sainfo = "encryption_algorithm aes 256; authentication_algorithm hmac_sha256; compression_algorithm deflate;",
		};
		bool tunnel = rows[i].mode == IPSEC_MODE_TUNNEL;
		struct world *w = v2_world(&c, &c);

		world_policy_pair(w, 0, tunnel ? "10.0.1.0/24" : "10.0.0.1", tunnel ? "10.0.2.0/24" : "10.0.0.2",
				  rows[i].first, rows[i].second, rows[i].mode);
		world_policy_pair(w, 1, tunnel ? "10.0.2.0/24" : "10.0.0.2", tunnel ? "10.0.1.0/24" : "10.0.0.1",
				  rows[i].first, rows[i].second, rows[i].mode);
		world_acquire(w, 0, 0);
		world_run(w, 5000);
		v2_expect_up(w, rows[i].why);
		assert_int_equal(world_child(w, 0)->choice.n, rows[i].second ? 2 : 1);
		assert_int_equal(w->side[0].installed, rows[i].second ? 4 : 2);
		world_free(w);
	}
}

/* the one wants compression, the other has none: it is left out, and nothing of it stays */
static void test_no_ipcomp(void **state)
{
	struct world *w = v2_world(NULL, NULL);
	unsigned int i, used = 0;

	(void)state;
	world_policy_pair(w, 0, "10.0.0.1", "10.0.0.2", IPPROTO_COMP, IPPROTO_ESP, IPSEC_MODE_TRANSPORT);
	world_policy(w, 1, "10.0.0.2", "10.0.0.1", IPPROTO_ESP, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "without compression");
	for (i = 0; i < WORLD_SAS; i++)
		used += w->side[0].sas[i].used;
	assert_int_equal(used, 2);
	world_free(w);
}

static void test_ah_and_esp(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	world_policy_pair(w, 0, "10.0.0.1", "10.0.0.2", IPPROTO_ESP, IPPROTO_AH, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, 2000);
	v2_expect_says(w, 0, REPORT_NO_PROPOSAL, "not both");
	world_free(w);
}

static void test_mode_mismatch(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	world_policy(w, 0, "10.0.0.1", "10.0.0.2", IPPROTO_ESP, IPSEC_MODE_TRANSPORT);
	world_policy(w, 1, "10.0.0.2", "10.0.0.1", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 2000);
	v2_expect_says(w, 0, REPORT_SELECTOR, "transport mode");
	v2_expect_says(w, 1, REPORT_SELECTOR, "transport mode");
	v2_expect_pairs(w, 0);
	world_free(w);
}

static void test_no_child_proposal(void **state)
{
	const struct v2_conf b = { .sainfo = "encryption_algorithm chacha20poly1305; authentication_algorithm hmac_sha256;" };
	struct world *w = v2_world(NULL, &b);

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 1, REPORT_NO_PROPOSAL, "");
	v2_expect_says(w, 0, REPORT_NO_PROPOSAL, "takes none of the child SA's proposals");
	assert_true(world_report(w, 0)->authentic);
	/* the IKE SA stays */
	assert_int_equal(world_ikes_up(w, 0), 1);
	assert_int_equal(world_ikes_up(w, 1), 1);
	v2_expect_pairs(w, 0);
	world_free(w);
}

static void test_no_policy(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.7.0/24", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_says(w, 1, REPORT_SELECTOR, "no outbound policy in tunnel mode");
	v2_expect_says(w, 0, REPORT_SELECTOR, "b.test (10.0.0.2) has no policy in tunnel mode");
	assert_int_equal(w->side[0].acquire_failed, 1);
	assert_int_equal(world_ikes_up(w, 0), 1);
	world_free(w);
}

static void test_two_children(void **state)
{
	struct world *w = v2_world(NULL, NULL);

	(void)state;
	v2_tunnels(w);
	world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.4.0/24", "10.0.3.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_acquire(w, 0, 1);
	world_run(w, 5000);
	v2_expect_pairs(w, 2);
	assert_int_equal(world_ikes_up(w, 0), 1);
	world_free(w);
}

static void test_pfs(void **state)
{
	const struct v2_conf c = {
		.sainfo = "pfs_group x25519; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;",
	};
	const struct v2_conf other = {
		.sainfo = "pfs_group ecp256; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;",
	};
	struct world *w = v2_world(&c, &c);
	uint32_t spi;

	(void)state;
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "PFS has no say in IKE_AUTH");
	spi = world_child(w, 0)->choice.p[0].spi_in;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 60000);
	v2_expect_up(w, "rekey with PFS");
	assert_int_not_equal(world_child(w, 0)->choice.p[0].spi_in, spi);
	assert_ptr_equal(world_child(w, 0)->choice.pfs, alg_by_name(ALG_DH, "x25519"));
	world_free(w);

	w = v2_world(&c, &other);
	v2_tunnels(w);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "PFS groups differ, not seen yet");
	spi = world_child(w, 0)->choice.p[0].spi_in;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 2000);
	/* the rekey fails, and the old one lives on */
	v2_expect_says(w, 1, REPORT_NO_PROPOSAL, "");
	v2_expect_says(w, 0, REPORT_NO_PROPOSAL, "");
	v2_expect_up(w, "the old one");
	assert_int_equal(world_child(w, 0)->choice.p[0].spi_in, spi);
	world_free(w);
}

static void test_generate_policy(void **state)
{
	const struct v2_conf b = { .remote = "generate_policy on; passive on;" };
	struct world *w = v2_world(NULL, &b);

	(void)state;
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_acquire(w, 0, 0);
	world_run(w, 5000);
	v2_expect_up(w, "generate_policy");
	world_free(w);
}

/* the kernel refuses: nothing is left of it, and the peer is told */
static void test_kernel_refuses(void **state)
{
	unsigned int side;

	(void)state;
	for (side = 0; side < 2; side++) {
		struct world *w = v2_world(NULL, NULL);

		v2_tunnels(w);
		w->side[side].refuse_install = 1;
		world_acquire(w, 0, 0);
		world_run(w, 20000);
		v2_expect_pairs(w, 0);
		assert_int_equal(world_ikes_up(w, 0), 1);
		assert_int_equal(world_report(w, side)->cause, REPORT_KERNEL);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_no_ipcomp),
		cmocka_unit_test(test_ah_and_esp),
		cmocka_unit_test(test_mode_mismatch),
		cmocka_unit_test(test_no_child_proposal),
		cmocka_unit_test(test_no_policy),
		cmocka_unit_test(test_two_children),
		cmocka_unit_test(test_pfs),
		cmocka_unit_test(test_generate_policy),
		cmocka_unit_test(test_kernel_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
