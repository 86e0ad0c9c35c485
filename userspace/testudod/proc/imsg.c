// SPDX-License-Identifier: GPL-2.0
/*
 * Framing of messages between our processes: their header, their bounds, the
 * descriptor that may come along.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/timer.h"
#include "proc/imsg.h"

#define IMSG_MAGIC   0x54696d31u /* "Tim1": both ends are of the same build */
#define IMSG_SEND_MS 5000
#define IMSG_BUFFER  (1 << 20)
#define IMSG_LATE    16 /* messages that are looked at when the time is up */

/**
 * struct imsg_head - what goes in front; host order, both ends are this machine
 * @magic: IMSG_MAGIC
 * @type: IMSG_*
 * @id: number
 * @len: bytes of the body
 */
struct imsg_head {
	uint32_t magic;
	uint32_t type;
	uint32_t id;
	uint32_t len;
};

static int ms_until(uint64_t when)
{
	uint64_t now = timer_now();

	return when > now ? (int)(when - now) : 0;
}

int imsg_pair(int fd[2])
{
	int size = IMSG_BUFFER;
	int i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd))
		return -errno;
	/* without CAP_NET_ADMIN the system's limit has to do: it holds one message of IMSG_MAX */
	for (i = 0; i < 2; i++)
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int wait_for(int sock, short what, int ms)
{
	struct pollfd p = { .fd = sock, .events = what };
	uint64_t until = timer_now() + ms;
	int n;

	do {
		n = poll(&p, 1, ms);
		if (n < 0 && errno != EINTR)
			return -errno;
		ms = ms_until(until);
	} while (n < 0 && ms > 0);
	return n > 0 ? 0 : -EAGAIN;
}

int imsg_send(int sock, uint32_t type, uint32_t id, struct chunk body, int fd)
{
	struct imsg_head head = { IMSG_MAGIC, type, id, (uint32_t)body.n };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)body.p, body.n } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int err = 0;

	if (body.n > IMSG_MAX)
		return -EMSGSIZE;
	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
	}
	while (!err && sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
			err = wait_for(sock, POLLOUT, IMSG_SEND_MS);
		else if (errno != EINTR)
			err = -errno;
	}
	return err;
}

/* the descriptors of a message: the first one is kept, more than one is a fault */
static int take_fds(struct msghdr *msg, struct imsg *m)
{
	struct cmsghdr *c;
	int fault = 0;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		size_t i;
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (m->fd < 0) {
				m->fd = fd;
				continue;
			}
			close(fd);
			fault = -EPROTO;
		}
	}
	return fault;
}

static int read_message(int sock, struct imsg *m, size_t total)
{
	struct imsg_head head;
	struct iovec iov[2] = { { &head, sizeof(head) } };
	union {
		char buf[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	ssize_t n;
	int err;

	m->body.n = total - sizeof(head);
	m->body.p = m->body.n ? xcalloc(1, m->body.n) : NULL;
	iov[1].iov_base = m->body.p;
	iov[1].iov_len = m->body.n;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	err = take_fds(&msg, m);
	if (err || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || (size_t)n != total ||
	    head.magic != IMSG_MAGIC || !head.type || head.type >= IMSG_TYPES ||
	    head.len != m->body.n)
		return -EPROTO;
	m->type = head.type;
	m->id = head.id;
	return 1;
}

int imsg_recv(int sock, struct imsg *m, int ms)
{
	ssize_t n;
	int err;

	*m = (struct imsg){ .fd = -1 };
	for (;;) {
		/* the length first, so that no sender decides how much memory is taken */
		n = recv(sock, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
		if (n >= 0)
			break;
		/* the other end left something unread when it went; its last words are here all the same */
		if (errno == EINTR || errno == ECONNRESET)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -errno;
		err = ms ? wait_for(sock, POLLIN, ms) : -EAGAIN;
		if (err)
			return err;
	}
	if (!n)
		return 0;
	if ((size_t)n < sizeof(struct imsg_head) || (size_t)n > sizeof(struct imsg_head) + IMSG_MAX)
		return -EPROTO;
	err = read_message(sock, m, (size_t)n);
	if (err < 0)
		imsg_free(m);
	return err;
}

void imsg_free(struct imsg *m)
{
	blob_wipe(&m->body);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

int imsg_call(int sock, const struct imsg_call *call, struct imsg *reply)
{
	uint64_t until = timer_now() + call->ms;
	int err = imsg_send(sock, call->type, call->id, call->body, -1);
	unsigned int late = 0;
	int left;

	*reply = (struct imsg){ .fd = -1 };
	if (err)
		return err;
	/* whoever stood still until the time was up may have the answer all the same */
	while ((left = ms_until(until)) > 0 || late++ < IMSG_LATE) {
		err = imsg_recv(sock, reply, left);
		if (err == -EAGAIN)
			break;
		if (err <= 0)
			return err;
		if (reply->type == call->answer && reply->id == call->id)
			return 1;
		/* late answers to questions that were given up are of no use */
		if (reply->type != call->answer && call->other)
			call->other(call->arg, reply);
		imsg_free(reply);
	}
	return -ETIMEDOUT;
}

/* one message at a time: @fn may close the channel, and the loop calls again for the next */
static void channel_ready(evutil_socket_t fd, short what, void *arg)
{
	struct imsg_channel *ch = arg;
	struct imsg m;
	int n = imsg_recv(fd, &m, 0);

	(void)what;
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		imsg_channel_close(ch);
		ch->gone(ch->arg, n);
		return;
	}
	ch->fn(ch->arg, &m);
	imsg_free(&m);
}

bool imsg_channel_open(struct imsg_channel *ch, struct event_base *base, int fd)
{
	ch->fd = fd;
	ch->ev = NULL;
	if (fd < 0)
		return true;
	ch->ev = event_new(base, fd, EV_READ | EV_PERSIST, channel_ready, ch);
	if (ch->ev && !event_add(ch->ev, NULL))
		return true;
	imsg_channel_close(ch);
	return false;
}

void imsg_channel_close(struct imsg_channel *ch)
{
	if (ch->ev)
		event_free(ch->ev);
	if (ch->fd >= 0)
		close(ch->fd);
	ch->ev = NULL;
	ch->fd = -1;
}
