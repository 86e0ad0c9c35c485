// SPDX-License-Identifier: GPL-2.0
/*
 * Timers on the real loop: the engine's tests have a clock of their own, and so
 * can not miss what becomes of a wait that is asked for late in a long callback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/timer.h"

#define WORK 400 /* ms that a callback takes, as Diffie-Hellman does on a slow machine */
#define WAIT 300

static struct event_base *base;
static struct timer timer;
static uint64_t set_at, fired_at;
static int fds[2];

static void on_timer(void *arg)
{
	(void)arg;
	fired_at = timer_now();
	event_base_loopbreak(base);
}

/* The next datagram lies there already, so the loop does not sleep. */
static void on_work(evutil_socket_t fd, short what, void *arg)
{
	const struct timespec work = { .tv_nsec = WORK * 1000000l };
	char c;

	(void)what;
	(void)arg;
	assert_int_equal(read(fd, &c, 1), 1);
	if (set_at)
		return;
	nanosleep(&work, NULL);
	set_at = timer_now();
	timer_set(&timer, WAIT);
}

static void test_set_late(void **state)
{
	struct event *ev;

	(void)state;
	base = event_base_new();
	timer_loop(base);
	timer_init(&timer, on_timer, NULL);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "12", 2), 2);
	ev = event_new(base, fds[0], EV_READ | EV_PERSIST, on_work, NULL);
	assert_int_equal(event_add(ev, NULL), 0);
	event_base_dispatch(base);
	/* a millisecond for the roundings of both clocks */
	assert_true(fired_at - set_at >= WAIT - 1);
	event_free(ev);
	timer_free(&timer);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_late),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
