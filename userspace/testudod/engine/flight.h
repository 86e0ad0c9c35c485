/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message on its way: kept, sent again with back-off until answered or given
 * up. A message is one datagram or several (fragments).
 */
#ifndef TESTUDOD_ENGINE_FLIGHT_H
#define TESTUDOD_ENGINE_FLIGHT_H

#include "base/timer.h"
#include "engine/ops.h"

#define FLIGHT_MAX	64	/* datagrams of one message */

struct ike;

/**
 * struct flight - one message and its retransmission
 * @n: members of @dg
 * @dg: datagrams
 * @path: where they go
 * @tries: times sent
 * @timer: next time
 * @ike: for the ops and the configured limits
 * @gave_up: called when nobody answered; the flight is empty by then
 * @arg: handed to @gave_up
 * @answered_at: when a stored answer was last sent again, ms
 */
struct flight {
	unsigned int n;
	struct blob dg[FLIGHT_MAX];
	struct ike_path path;
	unsigned int tries;
	struct timer timer;
	struct ike *ike;
	void (*gave_up)(void *arg);
	void *arg;
	uint64_t answered_at;
};

void flight_init(struct flight *f, struct ike *ike, void (*gave_up)(void *arg), void *arg);
/* empty it and take a datagram; flight_add() takes further ones */
void flight_load(struct flight *f, const struct ike_path *path, struct blob *dg);
void flight_add(struct flight *f, struct blob *dg);
/* send and go on sending: 1 s, doubled up to 15 s, 10 % jitter; or as "timer" in the file says */
void flight_launch(struct flight *f);
/* send once: an answer, which is only repeated when the question is */
void flight_send(struct flight *f);
/* the question came again: repeat the answer, at most once a second; false: not now */
bool flight_repeat(struct flight *f);
/* answered: stop sending, keep the bytes for flight_repeat() */
void flight_stop(struct flight *f);
void flight_clear(struct flight *f);

#endif /* TESTUDOD_ENGINE_FLIGHT_H */
