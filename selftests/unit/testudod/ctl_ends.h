/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the control protocol's two ends share: frames on a pair of sockets. */
#ifndef TESTUDOD_TEST_CTL_ENDS_H
#define TESTUDOD_TEST_CTL_ENDS_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ctl/frame.h"

static inline void pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
}

/* One datagram; false when nothing is there. @f->text lives until the next call. */
static inline bool hear(int fd, struct frame *f)
{
	static uint8_t buf[FRAME_DATAGRAM];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n <= 0)
		return false;
	assert_true(frame_read(chunk(buf, n), f));
	return true;
}

/* The error of a whole answer; "" if it is ok, NULL if there is none. */
static inline const char *hear_error(int fd)
{
	static char text[512];
	struct frame f;
	json_t *json;

	if (!hear(fd, &f))
		return NULL;
	assert_int_equal(f.kind, FRAME_ANSWER);
	json = json_loadb((const char *)f.text.p, f.text.n, 0, NULL);
	assert_non_null(json);
	snprintf(text, sizeof(text), "%s",
		 json_is_true(json_object_get(json, "ok")) ? "" : json_string_value(json_object_get(json_object_get(json, "error"), "what")));
	json_decref(json);
	return text;
}

static inline void tell(int fd, enum frame_kind kind, uint32_t id, struct chunk text)
{
	struct frame_queue q;

	frame_queue_init(&q, 1 << 20);
	assert_true(frame_queue_text(&q, kind, id, text));
	assert_int_equal(frame_queue_send(&q, fd), 0);
}

#endif /* TESTUDOD_TEST_CTL_ENDS_H */
