// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of the log that people and scripts look for since racoon's days: those
 * of ends and of failures, word for word, in both IKE versions. And how long a
 * phase 2 may take until it is one of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/log.h"
#include "engine_help.h"
#include "world.h"

static char path[] = "/tmp/test_lines.XXXXXX";

static void listen_again(void)
{
	assert_int_equal(truncate(path, 0), 0);
	log_to_file(path);
}

static unsigned int lines(const char *what)
{
	return count_lines(path, what);
}

static struct world *up_with(unsigned int ver, const struct end *both)
{
	struct world *w = ends(ver, both, both);
	char why[256];

	tunnel(w, 0);
	tunnel(w, 1);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	listen_again();
	return w;
}

/* the kernel's name of one of A's two */
static struct kern_name name_of(struct world *w, bool inbound)
{
	const struct child_proto *p = &world_child(w, 0)->choice.p[0];

	return (struct kern_name){
		.proto = p->proto,
		.spi = inbound ? p->spi_in : p->spi_out,
		.src = inbound ? p->dst : p->src,
		.dst = inbound ? p->src : p->dst,
	};
}

static void test_expired(void **state)
{
	static const struct {
		unsigned int ver;
		bool inbound;
		bool hard;
		const char *arrow;
	} rows[] = {
		{ 1, true, false, "10.0.0.2[0]->10.0.0.1[0]" },
		{ 1, false, false, "10.0.0.1[0]->10.0.0.2[0]" },
		{ 1, true, true, "10.0.0.2[0]->10.0.0.1[0]" },
		{ 2, true, false, "10.0.0.2[0]->10.0.0.1[0]" },
		{ 2, false, true, "10.0.0.1[0]->10.0.0.2[0]" },
	};
	struct kern_name name;
	struct world *w;
	char line[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = up_with(rows[i].ver, NULL);
		name = name_of(w, rows[i].inbound);
		snprintf(line, sizeof(line), "INFO: IPsec-SA expired: ESP/Tunnel %s spi=%u(0x%x)\n",
			 rows[i].arrow, name.spi, name.spi);
		ike_expire(w->side[0].ike, &name, rows[i].hard);
		assert_int_equal(lines(line), 1);
		assert_int_equal(lines("IPsec-SA expired"), 1);
		/* of one that we do not have we know nothing to say */
		name.spi ^= 1;
		ike_expire(w->side[0].ike, &name, rows[i].hard);
		assert_int_equal(lines("IPsec-SA expired"), 1);
		world_free(w);
	}
}

static void test_expired_bundle(void **state)
{
	struct kern_name name;
	struct world *w;
	char line[256];

	(void)state;
	w = ends(1, NULL, NULL);
	world_policy_pair(w, 0, "10.0.0.1", "10.0.0.2", ESP, IPPROTO_AH, IPSEC_MODE_TRANSPORT);
	world_policy_pair(w, 1, "10.0.0.2", "10.0.0.1", ESP, IPPROTO_AH, IPSEC_MODE_TRANSPORT);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	listen_again();
	name = name_of(w, false);
	name.proto = IPPROTO_AH;
	name.spi = world_child(w, 0)->choice.p[1].spi_out;
	ike_expire(w->side[0].ike, &name, false);
	snprintf(line, sizeof(line),
		 "INFO: IPsec-SA expired: AH/Transport 10.0.0.1[0]->10.0.0.2[0] spi=%u(0x%x)\n",
		 name.spi, name.spi);
	assert_int_equal(lines(line), 1);
	world_free(w);
}

static void test_dead(void **state)
{
	static const struct end dpd = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
	struct world *w;
	unsigned int ver;
	char line[128];

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up_with(ver, &dpd);
		snprintf(line, sizeof(line),
			 "INFO: DPD: remote (ISAKMP-SA spi=%016llx:%016llx) seems to be dead.\n",
			 (unsigned long long)world_ike(w, 0)->spi_i,
			 (unsigned long long)world_ike(w, 0)->spi_r);
		world_run(w, 5 * MINUTE);
		assert_int_equal(lines("seems to be dead"), 0);
		w->cut = true;
		world_run(w, 2 * MINUTE);
		/* both ends say it */
		assert_int_equal(lines(line), 2);
		assert_int_equal(lines("seems to be dead"), 2);
		world_free(w);
	}
}

static void test_no_phase1(void **state)
{
	static const char line[] =
		"ERROR: phase2 negotiation failed due to time up waiting for phase1. ESP 10.0.0.1[0]->10.0.0.2[0]\n";
	struct world *w;
	unsigned int ver;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, NULL, NULL);
		tunnel(w, 0);
		listen_again();
		w->cut = true;
		world_acquire(w, 0, 0);
		world_run(w, 2 * MINUTE);
		assert_int_equal(lines(line), 1);
		assert_int_equal(lines("INFO: IPsec-SA request for 10.0.0.2 queued due to no phase1 found."), 1);
		world_free(w);
	}
}

/* B's answer to the first message is lost: A sends it again. */
static void test_retransmitted(void **state)
{
	struct world *w;
	unsigned int ver;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, NULL, NULL);
		tunnel(w, 0);
		tunnel(w, 1);
		listen_again();
		w->drop_nth = 2;
		world_acquire(w, 0, 0);
		world_run(w, 10 * SECOND);
		assert_int_equal(lines("INFO: the packet is retransmitted by 10.0.0.1[500]"), 1);
		assert_int_equal(lines("the packet is retransmitted by"), 1);
		world_free(w);
	}
}

/* ---- timer { phase2 } ---- */

/**
 * struct deaf - what is lost
 * @exchange: type of exchange
 * @from: sent by that side
 * @skip: so many pass before
 * @lost: how many were lost
 */
struct deaf {
	uint8_t exchange;
	unsigned int from;
	unsigned int skip;
	unsigned int lost;
};

static void lose(struct world *w, struct world_dg *dg, void *arg)
{
	struct deaf *d = arg;

	(void)w;
	if (dg->from != d->from || dg->data.p[18] != d->exchange || (d->skip && d->skip--))
		return;
	dg->drop = true;
	d->lost++;
}

#define TIME_UP "phase2 negotiation failed due to time up."

/* A's quick mode is not answered, or B waits for QM3: both wait as long as their file says. */
static void test_phase2_time(void **state)
{
	static const struct {
		unsigned int side;
		struct deaf lost;
		const char *why;
	} rows[] = {
		{ 0, { .exchange = V1_QUICK, .from = 1 }, "QM2" },
		{ 1, { .exchange = V1_QUICK, .from = 0, .skip = 1 }, "QM3" },
	};
	struct deaf lost;
	struct world *w;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# without %s\n", rows[i].why);
		w = ends(1, NULL, NULL);
		w->side[rows[i].side].conf->phase2_time = 7;
		tunnel(w, 0);
		tunnel(w, 1);
		lost = rows[i].lost;
		w->hook = lose;
		w->hook_arg = &lost;
		world_acquire(w, 0, 0);
		world_run(w, 7 * SECOND - 1);
		assert_true(lost.lost);
		assert_int_equal(w->side[rows[i].side].events[EVENT_PHASE2_FAILED], 0);
		world_run(w, SECOND);
		assert_int_equal(w->side[rows[i].side].events[EVENT_PHASE2_FAILED], 1);
		assert_non_null(strstr(world_report(w, rows[i].side)->sentence, TIME_UP));
		/* nobody keeps what nobody else has */
		assert_int_equal(installed(w, rows[i].side), 0);
		assert_int_equal(installed(w, 0), 0);
		/* it was about one quick mode */
		w->hook = NULL;
		assert_int_equal(world_ikes_up(w, rows[i].side), 1);
		world_run(w, 3 * MINUTE);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
		world_free(w);
	}
}

/* IKEv2's exchange goes on, and what the peer makes then goes again. */
static void test_phase2_time_v2(void **state)
{
	struct deaf lost = { .exchange = V2_CHILD };
	struct world *w = up_with(2, NULL);
	struct child_sa *old = world_child(w, 0);
	char why[256];

	(void)state;
	w->side[0].conf->phase2_time = 7;
	w->hook = lose;
	w->hook_arg = &lost;
	world_expire(w, 0, old, false);
	world_run(w, 7 * SECOND - 1);
	assert_true(lost.lost > 1);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 0);
	world_run(w, 1);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 1);
	assert_non_null(strstr(world_report(w, 0)->sentence, TIME_UP));
	assert_ptr_equal(world_child(w, 0), old);
	assert_int_equal(installed(w, 0), 2);
	/* it is asked once more after a while, and answered in time */
	w->hook = NULL;
	world_run(w, MINUTE);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 1);
	assert_int_equal(w->side[0].events[EVENT_REKEYED], 1);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	/* the time of one that has come up is over */
	world_run(w, MINUTE);
	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	assert_int_equal(w->side[0].events[EVENT_PHASE2_FAILED], 1);
	world_free(w);
}

static int setup(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_expired_bundle),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_no_phase1),
		cmocka_unit_test(test_retransmitted),
		cmocka_unit_test(test_phase2_time),
		cmocka_unit_test(test_phase2_time_v2),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
