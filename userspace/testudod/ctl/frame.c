// SPDX-License-Identifier: GPL-2.0
/*
 * Texts over SOCK_SEQPACKET: cutting, joining, queueing. It never blocks, and
 * what waits is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ctl/frame.h"

/**
 * frame_read() - look at a datagram
 * @datagram: bytes
 * @f: result
 *
 * Return: false if it is none of ours.
 */
bool frame_read(struct chunk datagram, struct frame *f)
{
	struct reader r = reader(datagram);
	uint32_t magic = get_be32(&r);
	unsigned int flags;

	f->id = get_be32(&r);
	f->kind = get_u8(&r);
	flags = get_u8(&r);
	f->part = get_be16(&r);
	f->last = flags & FRAME_LAST;
	f->text = get_rest(&r);
	return !r.failed && magic == FRAME_MAGIC && !(flags & ~FRAME_LAST) &&
	       f->kind >= FRAME_REQUEST && f->kind <= FRAME_EVENT;
}

static void frame_write(struct writer *w, const struct frame *f)
{
	put_be32(w, FRAME_MAGIC);
	put_be32(w, f->id);
	put_u8(w, f->kind);
	put_u8(w, f->last ? FRAME_LAST : 0);
	put_be16(w, f->part);
	put_bytes(w, f->text);
}

/**
 * frame_join() - one more part of a text
 * @j: the text so far, zeroes to begin with
 * @f: part
 *
 * Return: 1 if @j->text is whole, 0 if more has to come, -1 for parts that do
 * not follow each other or are too many.
 */
int frame_join(struct frame_join *j, const struct frame *f)
{
	if (f->part != j->next || f->text.n > FRAME_TEXT_MAX - j->text.n)
		return -1;
	put_bytes(&j->text, f->text);
	j->next++;
	if (f->last)
		return 1;
	return j->next ? 0 : -1;
}

/**
 * frame_join_free() - forget it, to begin anew
 * @j: text
 */
void frame_join_free(struct frame_join *j)
{
	writer_free(&j->text);
	*j = (struct frame_join){ 0 };
}

/**
 * frame_queue_init() - an empty queue
 * @q: queue
 * @limit: most bytes in it
 */
void frame_queue_init(struct frame_queue *q, size_t limit)
{
	TAILQ_INIT(&q->items);
	q->bytes = 0;
	q->limit = limit;
}

static void frame_queue_drop(struct frame_queue *q, struct frame_item *item)
{
	TAILQ_REMOVE(&q->items, item, link);
	q->bytes -= item->bytes.n;
	blob_free(&item->bytes);
	free(item);
}

/**
 * frame_queue_free() - forget what waits
 * @q: queue
 */
void frame_queue_free(struct frame_queue *q)
{
	struct frame_item *item;

	while ((item = TAILQ_FIRST(&q->items)))
		frame_queue_drop(q, item);
}

/**
 * frame_queue_part() - a datagram to be sent
 * @q: queue
 * @f: header and bytes, copied
 *
 * Return: false, and it is not taken, if the queue would be too long.
 */
bool frame_queue_part(struct frame_queue *q, const struct frame *f)
{
	struct frame_item *item;
	struct writer w = { 0 };

	if (q->bytes + FRAME_HEAD + f->text.n > q->limit)
		return false;
	frame_write(&w, f);
	item = xcalloc(1, sizeof(*item));
	item->bytes = writer_blob(&w);
	q->bytes += item->bytes.n;
	TAILQ_INSERT_TAIL(&q->items, item, link);
	return true;
}

/**
 * frame_queue_text() - a text to be sent, in as many parts as it takes
 * @q: queue
 * @kind: what it is
 * @id: whose
 * @text: bytes, copied
 *
 * Return: false, and nothing is taken, if the queue would be too long.
 */
bool frame_queue_text(struct frame_queue *q, enum frame_kind kind, uint32_t id, struct chunk text)
{
	size_t parts = text.n ? (text.n + FRAME_PART - 1) / FRAME_PART : 1;
	struct frame f = { .id = id, .kind = kind };
	size_t at = 0;

	if (text.n > FRAME_TEXT_MAX || q->bytes + text.n + parts * FRAME_HEAD > q->limit)
		return false;
	while (!f.last) {
		f.text.n = text.n - at > FRAME_PART ? FRAME_PART : text.n - at;
		f.text.p = f.text.n ? text.p + at : NULL;
		at += f.text.n;
		f.last = at == text.n;
		frame_queue_part(q, &f);
		f.part++;
	}
	return true;
}

/**
 * frame_queue_send() - send what can be sent
 * @q: queue
 * @fd: non-blocking SOCK_SEQPACKET socket
 *
 * Return: 0 when the queue is empty, 1 when the rest has to wait until @fd can
 * be written, else a negative errno.
 */
int frame_queue_send(struct frame_queue *q, int fd)
{
	struct frame_item *item;
	ssize_t n;

	while ((item = TAILQ_FIRST(&q->items))) {
		do {
			n = send(fd, item->bytes.p, item->bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
			return 1;
		if (n < 0)
			return -errno;
		frame_queue_drop(q, item);
	}
	return 0;
}
