// SPDX-License-Identifier: GPL-2.0
/* Timers on libevent's loop, and the clock they run on. */
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/timer.h"

/* a longer wait would overflow somewhere below us; it is ten years */
#define TIMER_MAX_MS (10ULL * 365 * 24 * 3600 * 1000)

static struct event_base *loop;

void timer_loop(struct event_base *base)
{
	loop = base;
}

uint64_t timer_now(void)
{
	struct timespec ts;

	/* libevent waits by the same clock */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + 1;
}

static void timer_fire(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	(void)fd;
	(void)what;
	t->due = 0;
	/* may set the timer again, or free it and what it is in */
	t->fn(t->arg);
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg };
}

void timer_set(struct timer *t, uint64_t ms)
{
	struct timeval tv;

	if (ms > TIMER_MAX_MS)
		ms = TIMER_MAX_MS;
	if (!t->ev)
		t->ev = evtimer_new(loop, timer_fire, t);
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	/* libevent counts from the begin of this round, and Diffie-Hellman may have taken seconds of it */
	event_base_update_cache_time(loop);
	if (!t->ev || evtimer_add(t->ev, &tv)) {
		log_error("a timer cannot be set");
		exit(EXIT_FAILURE);
	}
	t->due = timer_now() + ms;
}

void timer_stop(struct timer *t)
{
	if (t->ev)
		evtimer_del(t->ev);
	t->due = 0;
}

bool timer_pending(const struct timer *t)
{
	return t->due != 0;
}

/* stops it; it may be set again */
void timer_free(struct timer *t)
{
	if (t->ev)
		event_free(t->ev);
	t->ev = NULL;
	t->due = 0;
}
