// SPDX-License-Identifier: GPL-2.0
/*
 * The net process' end of the line to the ctl process. ctl talks to strangers,
 * so what it says is checked as if they said it.
 */
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/answer.h"
#include "ctl/frame.h"
#include "ctl/link.h"

#define LINK_QUEUE  (96 << 20) /* bytes of answers that ctl has not taken */
#define LINK_EVENTS (1 << 20)  /* with more than that waiting, events are lost */

/**
 * struct ctl_link - the line
 * @fd: socket, -1 once ctl is gone
 * @ike: engine
 * @ops: what it can not do
 * @arg: handed to @ops
 * @rd: can be read
 * @wr: can be written; added while something waits
 * @queue: what waits
 * @subscribed: somebody has asked for events
 * @lost: events since the last that was sent
 * @buf: a datagram, and a byte that tells that it was longer
 */
struct ctl_link {
	int fd;
	struct ike *ike;
	const struct ctl_link_ops *ops;
	void *arg;
	struct event *rd;
	struct event *wr;
	struct frame_queue queue;
	bool subscribed;
	unsigned int lost;
	uint8_t buf[FRAME_DATAGRAM + 1];
};

static void link_drop(struct ctl_link *link)
{
	if (link->fd < 0)
		return;
	event_free(link->rd);
	event_free(link->wr);
	frame_queue_free(&link->queue);
	close(link->fd);
	link->fd = -1;
	link->subscribed = false;
}

static void link_gone(struct ctl_link *link)
{
	link_drop(link);
	log_warn("the ctl process is gone: no status and no control until it is there again");
	if (link->ops->gone)
		link->ops->gone(link->arg);
}

/* Send what goes. On an error nothing is closed here: the reader sees it too. */
static void link_flush(struct ctl_link *link)
{
	if (frame_queue_send(&link->queue, link->fd) > 0)
		event_add(link->wr, NULL);
}

static void link_answer(struct ctl_link *link, uint32_t id, char *text)
{
	if (link->fd >= 0 &&
	    !frame_queue_text(&link->queue, FRAME_ANSWER, id, chunk_str(text))) {
		free(text);
		text = answer_error("ask for less, as for one peer", "the answer is too long");
		frame_queue_text(&link->queue, FRAME_ANSWER, id, chunk_str(text));
	}
	free(text);
	if (link->fd >= 0)
		link_flush(link);
}

static void link_request(struct ctl_link *link, const struct frame *f)
{
	struct reader r = reader(f->text);
	struct ctl_request req;

	if (f->kind != FRAME_REQUEST || !f->last || f->part || !ctl_request_unpack(&r, &req)) {
		log_error("the ctl process says what is no request");
		return;
	}
	if (req.verb == CTL_SUBSCRIBE)
		link->subscribed = true;
	if (req.verb == CTL_RELOAD)
		link->ops->reload(link->arg, f->id, req.dry_run);
	else
		link_answer(link, f->id, answer_request(link->ike, &req));
}

static void link_read(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_link *link = arg;
	struct frame f;
	ssize_t n;

	(void)what;
	n = recv(fd, link->buf, sizeof(link->buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		link_gone(link);
	else if (n > FRAME_DATAGRAM || !frame_read(chunk(link->buf, n), &f))
		log_error("the ctl process says what is no request");
	else
		link_request(link, &f);
}

static void link_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_flush(arg);
}

/**
 * ctl_link_new() - the line to ctl
 * @base: loop
 * @fd: socket, taken; -1: none, and nothing is ever said
 * @ike: engine
 * @ops: what the engine can not do
 * @arg: handed to @ops
 *
 * Return: the line.
 */
struct ctl_link *ctl_link_new(struct event_base *base, int fd, struct ike *ike,
			      const struct ctl_link_ops *ops, void *arg)
{
	struct ctl_link *link = xcalloc(1, sizeof(*link));

	link->fd = fd;
	link->ike = ike;
	link->ops = ops;
	link->arg = arg;
	if (fd < 0)
		return link;
	frame_queue_init(&link->queue, LINK_QUEUE);
	evutil_make_socket_nonblocking(fd);
	link->rd = event_new(base, fd, EV_READ | EV_PERSIST, link_read, link);
	link->wr = event_new(base, fd, EV_WRITE, link_write, link);
	event_add(link->rd, NULL);
	return link;
}

/**
 * ctl_link_free() - hang up
 * @link: line, may be NULL
 */
void ctl_link_free(struct ctl_link *link)
{
	if (!link)
		return;
	link_drop(link);
	free(link);
}

/**
 * ctl_link_event() - tell who listens
 * @link: line, may be NULL
 * @ev: event
 */
void ctl_link_event(struct ctl_link *link, const struct ike_event *ev)
{
	char *text;

	if (!link || link->fd < 0 || !link->subscribed)
		return;
	if (link->queue.bytes > LINK_EVENTS) {
		if (!link->lost++)
			log_warn("the ctl process does not keep up: events are lost");
		return;
	}
	link->lost = 0;
	text = event_json(ev);
	frame_queue_text(&link->queue, FRAME_EVENT, 0, chunk_str(text));
	free(text);
	link_flush(link);
}

/**
 * ctl_link_done() - a reload is over
 * @link: line
 * @id: of its request
 * @ok: the new configuration is in force (or would be)
 * @messages: the parser's, one a line; may be NULL
 */
void ctl_link_done(struct ctl_link *link, uint32_t id, bool ok, const char *messages)
{
	json_t *json = answer_ok(), *error;

	if (!ok) {
		error = json_pack("{s:s, s:s}", "what", "the configuration can not be taken", "hint",
				  "the old one stays in force; \"testudod -t\" shows the lines of its errors");
		json_object_set_new(json, "ok", json_false());
		json_object_set_new(json, "error", error);
	}
	if (messages && messages[0])
		json_object_set_new(json, "messages", ctl_json_text(messages));
	link_answer(link, id, answer_text(json));
}

/**
 * ctl_link_refuse() - a reload was not tried
 * @link: line
 * @id: of its request
 * @what: why not, one sentence
 * @hint: what to do instead; may be NULL
 */
void ctl_link_refuse(struct ctl_link *link, uint32_t id, const char *what, const char *hint)
{
	link_answer(link, id, answer_error(hint, "%s", what));
}
