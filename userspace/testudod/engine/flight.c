// SPDX-License-Identifier: GPL-2.0
/*
 * Messages on their way: sending, sending again, giving up. The peer of a
 * message that nobody answers is asked less and less often.
 */
#include <string.h>

#include "crypto/crypt.h"
#include "engine/flight.h"
#include "engine/ike.h"

#define FLIGHT_FIRST	1000	/* ms until the second try */
#define FLIGHT_CAP	15000	/* ms between two tries at most */
#define FLIGHT_TRIES	7	/* 1 + 2 + 4 + 8 + 15 + 15 + 15 s: a minute */
#define FLIGHT_REPEAT	800	/* ms between two repetitions of an answer: who asks each second may be early */

static void flight_put(struct flight *f)
{
	unsigned int i;

	f->tries++;
	if (f->tries > 1)
		f->ike->counts.retransmits += f->n;
	for (i = 0; i < f->n; i++)
		f->ike->ops->send(f->ike->ops_arg, &f->path, blob_chunk(&f->dg[i]));
}

/* How long to wait for an answer to the try that was just made. */
static uint64_t flight_wait(const struct flight *f)
{
	const struct conf *conf = f->ike->conf;
	uint64_t ms = FLIGHT_FIRST;
	unsigned int i;
	uint8_t dice;

	if (conf->retry_interval)
		return conf->retry_interval * 1000ull;
	for (i = 1; i < f->tries && ms < FLIGHT_CAP; i++)
		ms *= 2;
	if (ms > FLIGHT_CAP)
		ms = FLIGHT_CAP;
	crypt_random(&dice, sizeof(dice));
	/* a tenth up or down, so that two ends do not stay in step */
	return ms - ms / 10 + ms / 5 * dice / 255;
}

static unsigned int flight_limit(const struct flight *f)
{
	const struct conf *conf = f->ike->conf;

	return conf->retry_counter ? conf->retry_counter : FLIGHT_TRIES;
}

static void flight_tick(void *arg)
{
	struct flight *f = arg;
	void (*gave_up)(void *arg) = f->gave_up;

	if (f->tries >= flight_limit(f)) {
		flight_clear(f);
		gave_up(f->arg);
		return;
	}
	flight_put(f);
	timer_set(&f->timer, flight_wait(f));
}

void flight_init(struct flight *f, struct ike *ike, void (*gave_up)(void *arg), void *arg)
{
	memset(f, 0, sizeof(*f));
	f->ike = ike;
	f->gave_up = gave_up;
	f->arg = arg;
	timer_init(&f->timer, flight_tick, f);
}

void flight_load(struct flight *f, const struct ike_path *path, struct blob *dg)
{
	flight_clear(f);
	f->path = *path;
	flight_add(f, dg);
}

void flight_add(struct flight *f, struct blob *dg)
{
	if (f->n == FLIGHT_MAX) {
		blob_free(dg);
		return;
	}
	blob_take(&f->dg[f->n++], dg);
}

void flight_launch(struct flight *f)
{
	f->tries = 0;
	flight_put(f);
	timer_set(&f->timer, flight_wait(f));
}

void flight_send(struct flight *f)
{
	timer_stop(&f->timer);
	f->tries = 0;
	flight_put(f);
	f->answered_at = timer_now();
}

bool flight_repeat(struct flight *f)
{
	uint64_t now = timer_now();

	if (!f->n || now - f->answered_at < FLIGHT_REPEAT)
		return false;
	f->answered_at = now;
	flight_put(f);
	return true;
}

void flight_stop(struct flight *f)
{
	timer_stop(&f->timer);
	f->tries = 0;
}

void flight_clear(struct flight *f)
{
	unsigned int i;

	flight_stop(f);
	for (i = 0; i < f->n; i++)
		blob_free(&f->dg[i]);
	f->n = 0;
}
