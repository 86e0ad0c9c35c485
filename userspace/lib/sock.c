// SPDX-License-Identifier: GPL-2.0
/*
 * The PF_KEY socket: opening it with room for a dump, sending one message,
 * receiving one, and waiting for the one that answers. Never builds a message
 * and never prints.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "pfkey.h"

#define SOCK_RCVBUF	(8 << 20)	/* bytes we ask for */
#define SOCK_RCVBUF_MIN	(64 << 10)	/* below it we no longer ask */
#define SOCK_SNDBUF	(128 << 10)
#define SOCK_TIMEOUT	5		/* seconds; an answer is there before send() returns */

/* As much receive buffer as we can get: root may pass net.core.rmem_max. */
static void sock_buffers(int fd)
{
	int size = SOCK_SNDBUF;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	size = SOCK_RCVBUF;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		return;
	while (size >= SOCK_RCVBUF_MIN) {
		if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
			return;
		size /= 2;
	}
}

/**
 * pfkey_sock_open() - open a PF_KEY socket
 * @s: socket
 *
 * Return: 0, or the negative errno of socket(2): -EAFNOSUPPORT without a
 * kernel module for the family, -EPERM without CAP_NET_ADMIN.
 */
int pfkey_sock_open(struct pfkey_sock *s)
{
	int err;

	*s = (struct pfkey_sock){ .fd = -1, .pid = getpid() };
	s->buf = malloc(PFKEY_MSG_MAX);
	if (!s->buf)
		return -ENOMEM;
	s->fd = socket(PF_KEY, SOCK_RAW | SOCK_CLOEXEC, PF_KEY_V2);
	if (s->fd < 0) {
		err = -errno;
		goto free;
	}
	sock_buffers(s->fd);
	err = pfkey_sock_timeout(s, SOCK_TIMEOUT);
	if (err)
		goto close;
	return 0;

close:
	close(s->fd);
	s->fd = -1;
free:
	free(s->buf);
	s->buf = NULL;
	return err;
}

/**
 * pfkey_sock_close() - close a socket; harmless on one that never opened
 * @s: socket
 */
void pfkey_sock_close(struct pfkey_sock *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buf);
	s->fd = -1;
	s->buf = NULL;
}

/**
 * pfkey_sock_timeout() - how long a receive waits
 * @s: socket
 * @seconds: 0 waits for ever
 *
 * Return: 0 or a negative errno.
 */
int pfkey_sock_timeout(struct pfkey_sock *s, unsigned int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	return setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) ? -errno : 0;
}

/* Throw away what is queued. */
static void sock_drain(struct pfkey_sock *s)
{
	while (recv(s->fd, s->buf, PFKEY_MSG_MAX, MSG_DONTWAIT) >= 0)
		;
	s->stale = false;
}

/**
 * pfkey_send() - send one finished message
 * @s: socket
 * @b: message
 *
 * af_key answers a FLUSH twice, and a request that timed out may still be
 * answered: either would be taken for the answer to the next request of that
 * type, so what is left of such a past is dropped first.
 *
 * Return: 0 or a negative errno; the kernel refuses a bad header this way.
 */
int pfkey_send(struct pfkey_sock *s, const struct pfkey_buf *b)
{
	const struct sadb_msg *msg = (const struct sadb_msg *)b->data;
	ssize_t n;

	if (s->stale)
		sock_drain(s);
	do {
		n = send(s->fd, b->data, b->len, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	s->stale = msg->sadb_msg_type == SADB_FLUSH || msg->sadb_msg_type == SADB_X_SPDFLUSH;
	return (size_t)n == b->len ? 0 : -EMSGSIZE;
}

/**
 * pfkey_recv_raw() - receive one message without looking into it
 * @s: socket
 * @len: bytes now in @s->buf
 *
 * Return: 0, -ETIMEDOUT, or another negative errno of recv(2).
 */
int pfkey_recv_raw(struct pfkey_sock *s, size_t *len)
{
	ssize_t n;

	do {
		n = recv(s->fd, s->buf, PFKEY_MSG_MAX, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	*len = n;
	return 0;
}

/**
 * pfkey_recv() - receive one message, whoever it is for
 * @s: socket
 * @msg: result, valid until the next call on @s
 *
 * Return: 0; -EBADMSG if the message is malformed; else as pfkey_recv_raw().
 */
int pfkey_recv(struct pfkey_sock *s, struct pfkey_msg *msg)
{
	struct pfkey_fault fault;
	size_t len;
	int err;

	err = pfkey_recv_raw(s, &len);
	if (err)
		return err;
	return pfkey_parse(s->buf, len, msg, &fault) ? -EBADMSG : 0;
}

/**
 * pfkey_await() - receive the answer to our request
 * @s: socket
 * @type: SADB_* of the request, which the answer echoes
 * @msg: result, valid until the next call on @s
 *
 * Messages of other processes and of the kernel have another pid and are
 * passed over. To read a dump, call again until sadb_msg_seq is 0.
 *
 * Return: as pfkey_recv(); the kernel's own refusal is in sadb_msg_errno, not
 * here.
 */
int pfkey_await(struct pfkey_sock *s, unsigned int type, struct pfkey_msg *msg)
{
	int err;

	for (;;) {
		err = pfkey_recv(s, msg);
		if (err == -EBADMSG && msg->base->sadb_msg_pid != s->pid)
			continue;
		if (err) {
			s->stale = true;
			return err;
		}
		if (msg->base->sadb_msg_pid == s->pid && msg->base->sadb_msg_type == type)
			return 0;
	}
}
