// SPDX-License-Identifier: GPL-2.0
/* The clock that tests turn themselves, behind base/timer.h. */
#include <stddef.h>

#include "base/timer.h"
#include "world.h"

static uint64_t fake_now = 1000;
static struct timer *fake_timers;

void timer_loop(struct event_base *base)
{
	(void)base;
}

uint64_t timer_now(void)
{
	return fake_now;
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
	t->fn = fn;
	t->arg = arg;
}

void timer_stop(struct timer *t)
{
	struct timer **at;

	t->due = 0;
	for (at = &fake_timers; *at; at = &(*at)->next) {
		if (*at != t)
			continue;
		*at = t->next;
		break;
	}
	t->next = NULL;
}

/* The list is in the order of time; those of one moment fire in the order they were set. */
void timer_set(struct timer *t, uint64_t ms)
{
	struct timer **at;

	timer_stop(t);
	t->due = fake_now + ms;
	for (at = &fake_timers; *at && (*at)->due <= t->due; at = &(*at)->next)
		;
	t->next = *at;
	*at = t;
}

bool timer_pending(const struct timer *t)
{
	return t->due;
}

void timer_free(struct timer *t)
{
	timer_stop(t);
}

void fake_clock_reset(void)
{
	fake_now = 1000;
	fake_timers = NULL;
}

uint64_t fake_clock_next(void)
{
	return fake_timers ? fake_timers->due : 0;
}

void fake_clock_turn(uint64_t now)
{
	struct timer *t;

	fake_now = now;
	while (fake_timers && fake_timers->due <= now) {
		t = fake_timers;
		timer_stop(t);
		t->fn(t->arg);
	}
}
