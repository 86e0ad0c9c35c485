// SPDX-License-Identifier: GPL-2.0
/*
 * The PF_KEY socket: opening it, requests and their answers, and the order of
 * everything else that comes. What a message means is for the files beside it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "base/log.h"
#include "base/timer.h"
#include "edge/kernel_room.h"

#define KERNEL_RCVBUF_KB   4096
#define KERNEL_SNDBUF	   (128 << 10)
#define KERNEL_ANSWER_MS   3000
#define KERNEL_LATE	   256	      /* messages that are looked at when that time is up */
#define KERNEL_BATCH	   256	      /* messages handled before the loop has its turn */
#define KERNEL_PENDING_MAX (8u << 20) /* bytes that wait in memory */

#define KERNEL_LOST "messages were lost, for which pfkey_buffer makes more room"

/*
 * Numbers of requests: above those that af_key gives to its ACQUIREs and below
 * those of ours, so that no request is taken for the answer to one.
 */
#define KERNEL_SEQ_MIN 0x40000000u
#define KERNEL_SEQ_MAX 0x7fffffffu

/**
 * struct kernel_message - a message that waits
 * @link: in struct kernel
 * @len: bytes
 * @data: the message
 */
struct kernel_message {
	STAILQ_ENTRY(kernel_message)
	link;
	size_t len;
	_Alignas(8) unsigned char data[];
};

int kernel_open(unsigned int buffer_kb)
{
	int size = KERNEL_SNDBUF;
	int fd;

	fd = socket(PF_KEY, SOCK_RAW | SOCK_CLOEXEC, PF_KEY_V2);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (!buffer_kb)
		buffer_kb = KERNEL_RCVBUF_KB;
	size = buffer_kb > 1 << 20 ? 1 << 30 : (int)buffer_kb << 10;
	/* the second is bounded by net.core.rmem_max */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

void kernel_init(struct kernel *k, int fd, uint32_t pid, const struct kernel_events *events,
		 void *arg)
{
	*k = (struct kernel){
		.fd = fd,
		.pid = pid,
		.seq = KERNEL_SEQ_MIN,
		.events = events,
		.arg = arg,
		.buf = xcalloc(1, PFKEY_MSG_MAX),
	};
	STAILQ_INIT(&k->pending);
}

static void kernel_drop(struct kernel *k, struct kernel_message *m)
{
	STAILQ_REMOVE_HEAD(&k->pending, link);
	k->pending_bytes -= m->len;
	/* af_key broadcasts the keys of SAs */
	explicit_bzero(m->data, m->len);
	free(m);
}

void kernel_free(struct kernel *k)
{
	while (!STAILQ_EMPTY(&k->pending))
		kernel_drop(k, STAILQ_FIRST(&k->pending));
	kernel_forget(k);
	free(k->buf);
	free(k->known);
	if (k->fd >= 0)
		close(k->fd);
	*k = (struct kernel){ .fd = -1 };
}

void kernel_forget(struct kernel *k)
{
	if (k->used)
		explicit_bzero(k->buf, k->used);
	k->used = 0;
}

uint32_t kernel_next_seq(struct kernel *k)
{
	k->seq = k->seq < KERNEL_SEQ_MAX ? k->seq + 1 : KERNEL_SEQ_MIN + 1;
	return k->seq;
}

/* ---- receiving ---- */

/*
 * Neither af_key nor our module says that a message found no room: it is
 * dropped in silence while more lies in the queue than the buffer allows. Only
 * we take from the queue, so the look before taking can not be too late.
 */
static void kernel_look_overrun(struct kernel *k)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(k->fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return;
	if (info[SK_MEMINFO_RMEM_ALLOC] > info[SK_MEMINFO_RCVBUF])
		k->stale = KERNEL_LOST;
}

/* One message into k->buf, if there is one: 0, -EAGAIN or another negative errno. */
static int kernel_recv(struct kernel *k)
{
	ssize_t n;

	for (;;) {
		n = recv(k->fd, k->buf, PFKEY_MSG_MAX, MSG_DONTWAIT);
		if (n >= 0)
			break;
		if (errno == ENOBUFS)
			k->stale = KERNEL_LOST;
		else if (errno != EINTR)
			return -errno;
	}
	k->used = n;
	return 0;
}

/* The same, and wait for it until @deadline. */
static int kernel_recv_until(struct kernel *k, uint64_t deadline)
{
	struct pollfd pfd = { .fd = k->fd, .events = POLLIN };
	uint64_t now;
	int err;

	for (;;) {
		err = kernel_recv(k);
		if (err != -EAGAIN)
			return err;
		now = timer_now();
		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, deadline - now) < 0 && errno != EINTR)
			return -errno;
	}
}

/* What lies in k->buf is for kernel_input(). */
static void kernel_put_off(struct kernel *k)
{
	struct kernel_message *m;

	if (!kernel_is_event((const struct sadb_msg *)k->buf))
		return;
	if (k->pending_bytes + k->used > KERNEL_PENDING_MAX) {
		k->stale = KERNEL_LOST;
		return;
	}
	m = xcalloc(1, sizeof(*m) + k->used);
	m->len = k->used;
	memcpy(m->data, k->buf, k->used);
	STAILQ_INSERT_TAIL(&k->pending, m, link);
	k->pending_bytes += m->len;
	k->events->pending(k->arg);
}

/* ---- requests ---- */

/**
 * struct kernel_wait - the answer that is awaited
 * @type: SADB_*
 * @seq: number of the request
 * @any_seq: answers of a dump are numbered by themselves
 */
struct kernel_wait {
	uint8_t type;
	uint32_t seq;
	bool any_seq;
};

static bool kernel_is_awaited(const struct kernel *k, const struct kernel_wait *wait)
{
	const struct sadb_msg *base = (const struct sadb_msg *)k->buf;

	return k->used >= sizeof(*base) && base->sadb_msg_pid == k->pid &&
	       base->sadb_msg_type == wait->type &&
	       (wait->any_seq || base->sadb_msg_seq == wait->seq);
}

/* An answer that changes the SPD goes the way of all such news too, in its order. */
static bool kernel_is_news(unsigned int type)
{
	switch (type) {
	case SADB_X_SPDADD:
	case SADB_X_SPDUPDATE:
	case SADB_X_SPDDELETE2:
		return true;
	default:
		return false;
	}
}

static int kernel_await(struct kernel *k, const struct kernel_wait *wait, struct pfkey_msg *msg)
{
	uint64_t deadline = timer_now() + KERNEL_ANSWER_MS;
	struct pfkey_fault fault;
	unsigned int late = 0;
	int err, bad;

	for (;;) {
		err = kernel_recv_until(k, deadline);
		if (err)
			return err;
		bad = pfkey_parse(k->buf, k->used, msg, &fault);
		if (!kernel_is_awaited(k, wait)) {
			if (!bad)
				kernel_put_off(k);
			/* however much else comes; but the answer may be there, and we stood still */
			if (timer_now() >= deadline && ++late > KERNEL_LATE)
				return -ETIMEDOUT;
			continue;
		}
		if (bad || pfkey_check_answer(msg, &fault)) {
			log_error("the kernel's answer to %s is malformed: %s",
				  pfkey_msg_name(wait->type), fault.why);
			return -EBADMSG;
		}
		if (msg->base->sadb_msg_errno)
			return -(int)msg->base->sadb_msg_errno;
		if (kernel_is_news(wait->type))
			kernel_put_off(k);
		return 0;
	}
}

int kernel_tell(struct kernel *k, struct pfkey_buf *b)
{
	ssize_t n;
	int err;

	err = pfkey_end(b);
	if (!err) {
		do {
			n = send(k->fd, b->data, b->len, MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			err = -errno;
		else if ((size_t)n != b->len)
			err = -EMSGSIZE;
	}
	/* there may have been keys in it */
	explicit_bzero(b->data + sizeof(struct sadb_msg), b->len - sizeof(struct sadb_msg));
	return err;
}

static int kernel_failed(struct kernel *k, const struct kernel_wait *wait, int err)
{
	kernel_forget(k);
	if (err == -ETIMEDOUT)
		log_error("the kernel does not answer %s", pfkey_msg_name(wait->type));
	return err;
}

int kernel_ask(struct kernel *k, struct pfkey_buf *b, struct pfkey_msg *msg)
{
	const struct sadb_msg *base = (const struct sadb_msg *)b->data;
	struct kernel_wait wait = { .type = base->sadb_msg_type, .seq = base->sadb_msg_seq };
	int err;

	kernel_look_overrun(k);
	err = kernel_tell(k, b);
	if (!err)
		err = kernel_await(k, &wait, msg);
	return err ? kernel_failed(k, &wait, err) : 0;
}

int kernel_ask_dump(struct kernel *k, unsigned int type,
		    void (*fn)(void *arg, const struct pfkey_msg *msg), void *arg)
{
	struct kernel_wait wait = { .type = type, .any_seq = true };
	struct pfkey_msg msg;
	struct pfkey_buf b;
	uint32_t seq;
	int err;

	kernel_look_overrun(k);
	pfkey_begin(&b, type, SADB_SATYPE_UNSPEC, kernel_next_seq(k), k->pid);
	err = kernel_tell(k, &b);
	if (err)
		return err;
	do {
		err = kernel_await(k, &wait, &msg);
		if (err)
			return err == -ENOENT ? 0 : kernel_failed(k, &wait, err);
		/* the last one has number 0 */
		seq = msg.base->sadb_msg_seq;
		fn(arg, &msg);
		kernel_forget(k);
	} while (seq);
	return 0;
}

/* ---- start ---- */

static int kernel_register(struct kernel *k, unsigned int satype)
{
	struct pfkey_msg msg;
	struct pfkey_buf b;
	int err;

	pfkey_begin(&b, SADB_REGISTER, satype, kernel_next_seq(k), k->pid);
	err = kernel_ask(k, &b, &msg);
	if (err)
		return err == -EEXIST ? 0 : err;
	kernel_forget(k);
	return 0;
}

int kernel_start(struct kernel *k)
{
	static const uint8_t satypes[] = {
		SADB_SATYPE_ESP,
		SADB_SATYPE_AH,
		SADB_X_SATYPE_IPCOMP,
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(satypes); i++) {
		err = kernel_register(k, satypes[i]);
		if (err) {
			log_error("the kernel refuses REGISTER for %s: %s",
				  pfkey_satype_name(satypes[i]), strerror(-err));
			return err;
		}
	}
	return kernel_policy_read(k);
}

/* ---- what comes unasked ---- */

/* One message: from memory first, since those came first. false: there is none. */
static bool kernel_next(struct kernel *k)
{
	struct kernel_message *m = STAILQ_FIRST(&k->pending);
	int err;

	if (m) {
		kernel_event(k, m->data, m->len);
		/* what the event made us ask has only been added at the end */
		kernel_drop(k, m);
		return true;
	}
	kernel_look_overrun(k);
	err = kernel_recv(k);
	if (!err) {
		kernel_event(k, k->buf, k->used);
		kernel_forget(k);
		return true;
	}
	if (err != -EAGAIN)
		log_error("PF_KEY socket: %s", strerror(-err));
	return false;
}

/* Everything that came before has been handled, so the SPD as it is now is news. */
static void kernel_resync(struct kernel *k)
{
	int err;

	log_notice("reading the kernel's SPD and SAD again: %s", k->stale);
	k->stale = NULL;
	err = kernel_policy_read(k);
	if (err)
		log_error("the SPD can not be read: %s", strerror(-err));
	k->events->lost(k->arg);
}

void kernel_input(struct kernel *k)
{
	unsigned int i;

	for (i = 0; i < KERNEL_BATCH; i++)
		if (!kernel_next(k))
			break;
	/* all that came before comes first */
	if (i < KERNEL_BATCH && k->stale)
		kernel_resync(k);
	if (!STAILQ_EMPTY(&k->pending) || k->stale)
		k->events->pending(k->arg);
}
