// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's quick modes that cross: both ends rekey the same pair at once. Of the
 * three pairs that are there then, two go in a few seconds, and no packet is
 * lost for it: what was sent with the newest SA finds it at the other end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine_help.h"
#include "world.h"

#define SOON 20000 /* ms until one pair is left, while packets pass */
#define LATE 46000 /* the same, without any, or when one end sends with what lost */

/* The SPI that the kernel of @side sends with: that of its newest outbound SA. */
static uint32_t sends_with(const struct world *w, unsigned int side)
{
	const struct world_sa *sas = w->side[side].sas;
	unsigned int i, newest = 0;
	uint32_t spi = 0;

	for (i = 0; i < WORLD_SAS; i++) {
		if (!sas[i].used || sas[i].larval || sas[i].sa.inbound || sas[i].number < newest)
			continue;
		newest = sas[i].number;
		spi = sas[i].sa.spi;
	}
	return spi;
}

static struct world_sa *receives(struct world *w, unsigned int side, uint32_t spi)
{
	struct world_sa *sas = w->side[side].sas;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		if (sas[i].used && !sas[i].larval && sas[i].sa.inbound && sas[i].sa.spi == spi)
			return &sas[i];
	}
	return NULL;
}

/* One step as long as a packet is under way. */
static void step(struct world *w, unsigned int latency, bool traffic)
{
	uint32_t spi[2] = { sends_with(w, 0), sends_with(w, 1) };
	struct world_sa *sa;
	unsigned int side;

	world_run(w, latency);
	for (side = 0; side < 2; side++) {
		sa = receives(w, !side, spi[side]);
		if (!sa)
			fail_msg("latency %u: a packet of side %u is lost", latency, side);
		if (traffic)
			sa->usage.bytes += 1000;
	}
}

static void cross(unsigned int latency, unsigned int apart, bool traffic)
{
	struct world *w = up(1, NULL, NULL);
	/* on a long way the peer's last message overtakes the time that we wait with sending */
	unsigned int ms, end = traffic && latency < 100 ? SOON : LATE;

	world_run(w, MINUTE);
	w->latency = latency;
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, apart);
	world_expire(w, 1, world_child(w, 1), false);
	for (ms = 0; ms < end; ms += latency)
		step(w, latency, traffic);
	if (installed(w, 0) != 2 || installed(w, 1) != 2)
		fail_msg("latency %u, %u ms apart: %u and %u SAs are left after %u ms", latency, apart,
			 installed(w, 0), installed(w, 1), end);
	expect_pairs(w, 1);
	/* and it stays so */
	for (ms = 0; ms < 2 * MINUTE; ms += latency)
		step(w, latency, traffic);
	expect_pairs(w, 1);
	assert_int_equal(w->side[0].installed, 6);
	world_free(w);
}

static void test_traffic(void **state)
{
	unsigned int latency, apart;

	(void)state;
	/* several times: the nonces decide */
	for (latency = 5; latency <= 405; latency += 80) {
		for (apart = 0; apart <= latency; apart += latency / 8 + 1)
			cross(latency, apart, true);
	}
}

static void test_silence(void **state)
{
	unsigned int latency;

	(void)state;
	for (latency = 5; latency <= 405; latency += 200)
		cross(latency, latency / 2, false);
}

/* The daemon of that side stands still: what is said to it is read three seconds late. */
static void hook_slow(struct world *w, struct world_dg *dg, void *arg)
{
	w->latency = dg->from == *(unsigned int *)arg ? 5 : 3000;
}

/* Nobody answers a DELETE, and packets go on with what it is about until it is read. */
static void test_read_late(void **state)
{
	unsigned int i, ms, slow;
	struct world *w;

	(void)state;
	/* several times, as above */
	for (i = 0; i < 12; i++) {
		slow = i % 2;
		w = up(1, NULL, NULL);
		world_run(w, MINUTE);
		w->hook = hook_slow;
		w->hook_arg = &slow;
		world_expire(w, 0, world_child(w, 0), false);
		world_expire(w, 1, world_child(w, 1), false);
		for (ms = 0; ms < LATE; ms += 50)
			step(w, 50, true);
		expect_pairs(w, 1);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_read_late),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
