/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers and the clock. timer.c has libevent behind it; tests link another
 * implementation whose clock they turn themselves, so the engine can be run
 * through hours in a moment.
 */
#ifndef TESTUDOD_BASE_TIMER_H
#define TESTUDOD_BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;

/**
 * struct timer - fires once, when its time has come; stopped by zeroes
 * @fn: called from the loop; the timer is stopped by then and may be set again
 * @arg: handed to @fn
 * @ev: the implementation's
 * @due: on the clock of timer_now(), ms; 0 when stopped
 * @next: the implementation's
 */
struct timer {
	void (*fn)(void *arg);
	void *arg;
	struct event *ev;
	uint64_t due;
	struct timer *next;
};

void timer_loop(struct event_base *base);
/* milliseconds since an arbitrary start, never 0, never backwards */
uint64_t timer_now(void);
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg);
/* set or set again; @ms from now */
void timer_set(struct timer *t, uint64_t ms);
void timer_stop(struct timer *t);
bool timer_pending(const struct timer *t);
void timer_free(struct timer *t);

#endif /* TESTUDOD_BASE_TIMER_H */
