// SPDX-License-Identifier: GPL-2.0
/*
 * The ctl process' loop.
 *
 *   client --JSON--> parse, right? --record--> net
 *   client <--parts-- queue of the client <--parts-- net
 *
 * Whoever does not read is dropped: neither net nor another client ever waits
 * for him. A client's files (SCM_RIGHTS) never arrive, as recv() has no place for them.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timer.h"
#include "ctl/frame.h"
#include "ctl/peer.h"
#include "ctl/server.h"
#include "ctl/users.h"

const struct ctl_limits ctl_limits = {
	.clients = 64,
	.per_uid = 8,
	.pending = 8,
	.per_second = 20,
	.queue = 32 << 20,
	.events = 256 << 10,
	.total = 64 << 20,
};

/**
 * struct server_client - one connection
 * @link: in struct ctl_server
 * @srv: server
 * @user: whose
 * @fd: socket
 * @right: what it may do
 * @rd: can be read
 * @wr: can be written; added while something waits
 * @queue: what waits
 * @number: of the last request; answers carry it
 * @pending: requests without an answer
 * @subscribed: wants events
 * @gone: to be freed when nobody uses it any more
 */
struct server_client {
	TAILQ_ENTRY(server_client) link;
	struct ctl_server *srv;
	struct ctl_user *user;
	int fd;
	enum ctl_right right;
	struct event *rd;
	struct event *wr;
	struct frame_queue queue;
	uint32_t number;
	unsigned int pending;
	bool subscribed;
	bool gone;
};

/**
 * struct server_pending - a request that net has
 * @link: in struct ctl_server
 * @id: what net calls it
 * @client: who asked
 * @number: what the client calls it
 * @begun: a part of the answer has been sent on
 */
struct server_pending {
	TAILQ_ENTRY(server_pending) link;
	uint32_t id;
	struct server_client *client;
	uint32_t number;
	bool begun;
};

TAILQ_HEAD(server_client_list, server_client);
TAILQ_HEAD(server_pending_list, server_pending);

/**
 * struct ctl_server - all of it
 * @base: loop
 * @access: who may do what
 * @limits: limits
 * @listen_fd: where clients come, -1: nowhere
 * @net_fd: the net process, -1: it is gone
 * @listen: a client comes; NULL without @listen_fd
 * @pause: listen again, after accept() failed
 * @net_rd: net says something
 * @net_wr: net can be written
 * @net_queue: what waits for net
 * @clients: connected
 * @users: whose
 * @pending: what net has not answered
 * @last_id: of these
 * @limit: keeps log lines few
 * @buf: a datagram, and a byte that tells that it was longer
 */
struct ctl_server {
	struct event_base *base;
	struct ctl_access access;
	struct ctl_limits limits;
	int listen_fd;
	int net_fd;
	struct event *listen;
	struct event *pause;
	struct event *net_rd;
	struct event *net_wr;
	struct frame_queue net_queue;
	struct server_client_list clients;
	struct ctl_users users;
	struct server_pending_list pending;
	uint32_t last_id;
	struct log_limit limit;
	uint8_t buf[FRAME_DATAGRAM + 1];
};

static void server_client_free(struct server_client *c)
{
	struct server_pending *p, *tmp;

	TAILQ_FOREACH_SAFE(p, &c->srv->pending, link, tmp) {
		if (p->client != c)
			continue;
		TAILQ_REMOVE(&c->srv->pending, p, link);
		free(p);
	}
	TAILQ_REMOVE(&c->srv->clients, c, link);
	c->user->clients--;
	event_free(c->rd);
	event_free(c->wr);
	frame_queue_free(&c->queue);
	close(c->fd);
	free(c);
}

/* Clients that something was wrong with; called where no pointer to one is held. */
static void server_sweep(struct ctl_server *srv)
{
	struct server_client *c, *tmp;

	TAILQ_FOREACH_SAFE(c, &srv->clients, link, tmp)
		if (c->gone)
			server_client_free(c);
}

static size_t server_waiting(const struct ctl_server *srv)
{
	const struct server_client *c;
	size_t sum = 0;

	TAILQ_FOREACH(c, &srv->clients, link)
		sum += c->queue.bytes;
	return sum;
}

/* Send what goes, and wait for the rest. */
static void server_flush(struct server_client *c)
{
	int left = c->gone ? 0 : frame_queue_send(&c->queue, c->fd);

	if (left < 0)
		c->gone = true;
	else if (left)
		event_add(c->wr, NULL);
}

/* Something for a client; who does not read it in time is dropped. */
static void server_tell(struct server_client *c, const struct frame *f)
{
	struct ctl_server *srv = c->srv;

	if (c->gone)
		return;
	c->queue.limit = f->kind == FRAME_EVENT ? srv->limits.events : srv->limits.queue;
	if (server_waiting(srv) + f->text.n > srv->limits.total ||
	    !frame_queue_part(&c->queue, f)) {
		log_debug("a control client of uid %u does not read: dropped", c->user->uid);
		c->gone = true;
		return;
	}
	server_flush(c);
}

static void server_refuse(struct server_client *c, uint32_t number, const struct ctl_error *err)
{
	char *text = ctl_error_json(err);
	struct frame f = {
		.id = number,
		.kind = FRAME_ANSWER,
		.last = true,
		.text = chunk_str(text),
	};

	server_tell(c, &f);
	free(text);
}

static void server_net_flush(struct ctl_server *srv)
{
	/* an error is seen by the reader, too, and handled there */
	if (frame_queue_send(&srv->net_queue, srv->net_fd) > 0)
		event_add(srv->net_wr, NULL);
}

static struct server_pending *server_pending_by_id(struct ctl_server *srv, uint32_t id)
{
	struct server_pending *p;

	TAILQ_FOREACH(p, &srv->pending, link)
		if (p->id == id)
			return p;
	return NULL;
}

static bool server_forward(struct server_client *c, const struct ctl_request *req)
{
	struct ctl_server *srv = c->srv;
	struct writer w = { 0 };
	struct server_pending *p;
	bool ok;

	if (srv->net_fd < 0)
		return false;
	do {
		srv->last_id++;
	} while (!srv->last_id || server_pending_by_id(srv, srv->last_id));
	ctl_request_pack(req, &w);
	ok = frame_queue_text(&srv->net_queue, FRAME_REQUEST, srv->last_id, writer_chunk(&w));
	writer_free(&w);
	if (!ok)
		return false;
	p = xcalloc(1, sizeof(*p));
	p->id = srv->last_id;
	p->client = c;
	p->number = c->number;
	TAILQ_INSERT_TAIL(&srv->pending, p, link);
	c->pending++;
	server_net_flush(srv);
	return true;
}

/* May it ask once more now? */
static bool server_may_ask(struct server_client *c)
{
	const struct ctl_limits *limits = &c->srv->limits;

	return c->pending < limits->pending &&
	       (c->right == CTL_RIGHT_ALL || ctl_user_pace(c->user, limits->per_second));
}

static void server_request(struct server_client *c, struct chunk text)
{
	struct ctl_request req;
	struct ctl_error err;

	c->number++;
	if (!server_may_ask(c)) {
		ctl_error(&err, "wait for the answers", "too many requests at once");
		goto refuse;
	}
	if (!ctl_request_parse(text, &req, &err))
		goto refuse;
	if (ctl_verb_right(req.verb) > c->right) {
		ctl_error(&err, "be root, or the owner of the control socket",
			  "uid %u may not %s: it may only look", c->user->uid,
			  ctl_verb_name(req.verb));
		goto refuse;
	}
	if (req.verb == CTL_SUBSCRIBE)
		c->subscribed = true;
	if (server_forward(c, &req))
		return;
	ctl_error(&err, "ask again in a moment", "the daemon is busy, or is being started again");
refuse:
	server_refuse(c, c->number, &err);
}

static void server_client_read(evutil_socket_t fd, short what, void *arg)
{
	struct server_client *c = arg;
	struct ctl_server *srv = c->srv;
	ssize_t n;

	(void)what;
	n = recv(fd, srv->buf, sizeof(srv->buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		c->gone = true;
	else
		server_request(c, chunk(srv->buf, n));
	server_sweep(srv);
}

static void server_client_write(evutil_socket_t fd, short what, void *arg)
{
	struct server_client *c = arg;

	(void)fd;
	(void)what;
	server_flush(c);
	server_sweep(c->srv);
}

/* Root always finds a place: a quarter of them is not for others. */
static bool server_has_room(const struct ctl_server *srv, const struct ctl_user *user,
			    enum ctl_right right)
{
	const struct server_client *c;
	unsigned int n = 0;

	TAILQ_FOREACH(c, &srv->clients, link)
		n++;
	if (right == CTL_RIGHT_ALL)
		return n < srv->limits.clients;
	return n < srv->limits.clients - srv->limits.clients / 4 &&
	       user->clients < srv->limits.per_uid;
}

/* One sentence to somebody who is not let in. */
static void server_turn_away(struct ctl_server *srv, int fd, const struct ctl_error *err)
{
	struct frame_queue q;
	char *text = ctl_error_json(err);

	/* a request that lies there unread when we hang up would reset the connection instead */
	shutdown(fd, SHUT_RD);
	while (recv(fd, srv->buf, sizeof(srv->buf), MSG_DONTWAIT) > 0)
		;
	frame_queue_init(&q, FRAME_DATAGRAM);
	frame_queue_text(&q, FRAME_ANSWER, 1, chunk_str(text));
	frame_queue_send(&q, fd);
	frame_queue_free(&q);
	free(text);
	close(fd);
	if (log_limit_ok(&srv->limit, 10, timer_now()))
		log_info("control client refused: %s", err->what);
}

static void server_welcome(struct ctl_server *srv, int fd)
{
	struct server_client *c;
	struct ctl_error err;
	struct ctl_user *u;
	enum ctl_right right;
	uid_t uid;

	right = ctl_peer_right(fd, &srv->access, &uid);
	if (right == CTL_RIGHT_NONE) {
		ctl_error(&err, "be root, or in the group of the control socket",
			  "uid %u may not use the control socket", uid);
		server_turn_away(srv, fd, &err);
		return;
	}
	u = ctl_user_get(&srv->users, uid);
	if (!server_has_room(srv, u, right)) {
		ctl_error(&err, NULL, "too many control clients, or too many of uid %u", uid);
		server_turn_away(srv, fd, &err);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->srv = srv;
	c->user = u;
	c->fd = fd;
	c->right = right;
	u->clients++;
	frame_queue_init(&c->queue, srv->limits.queue);
	c->rd = event_new(srv->base, fd, EV_READ | EV_PERSIST, server_client_read, c);
	c->wr = event_new(srv->base, fd, EV_WRITE, server_client_write, c);
	event_add(c->rd, NULL);
	TAILQ_INSERT_TAIL(&srv->clients, c, link);
}

static void server_accept(evutil_socket_t listen_fd, short what, void *arg)
{
	struct timeval tv = { .tv_sec = 1 };
	struct ctl_server *srv = arg;
	int fd;

	(void)what;
	fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		server_welcome(srv, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* no descriptors: who waits would make us spin */
	event_del(srv->listen);
	event_add(srv->pause, &tv);
}

static void server_listen_again(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_server *srv = arg;

	(void)fd;
	(void)what;
	event_add(srv->listen, NULL);
}

/**
 * ctl_server_listen() - where clients come from now on
 * @srv: server
 * @listen_fd: listening SOCK_SEQPACKET socket, taken; -1: nowhere
 */
void ctl_server_listen(struct ctl_server *srv, int listen_fd)
{
	event_del(srv->pause);
	if (srv->listen) {
		event_free(srv->listen);
		close(srv->listen_fd);
	}
	srv->listen = NULL;
	srv->listen_fd = listen_fd;
	if (listen_fd < 0)
		return;
	evutil_make_socket_nonblocking(listen_fd);
	srv->listen = event_new(srv->base, listen_fd, EV_READ | EV_PERSIST, server_accept, srv);
	event_add(srv->listen, NULL);
}

/**
 * ctl_server_set_access() - who may do what
 * @srv: server
 * @access: owner and group; who is connected keeps the rights that he came with
 */
void ctl_server_set_access(struct ctl_server *srv, const struct ctl_access *access)
{
	srv->access = *access;
}

static void server_done(struct ctl_server *srv, struct server_pending *p)
{
	p->client->pending--;
	TAILQ_REMOVE(&srv->pending, p, link);
	free(p);
}

static void server_answer(struct ctl_server *srv, struct frame *f)
{
	struct server_pending *p = server_pending_by_id(srv, f->id);

	if (!p)
		return;
	f->id = p->number;
	server_tell(p->client, f);
	p->begun = true;
	if (f->last)
		server_done(srv, p);
}

static void server_event(struct ctl_server *srv, struct frame *f)
{
	struct server_client *c;

	f->id = 0;
	TAILQ_FOREACH(c, &srv->clients, link)
		if (c->subscribed)
			server_tell(c, f);
}

/*
 * The net process is gone. What it had is answered here; a half answer can not
 * be mended, and its client has to go.
 */
static void server_net_gone(struct ctl_server *srv)
{
	struct server_pending *p;
	struct ctl_error err;

	if (srv->net_fd < 0)
		return;
	event_free(srv->net_rd);
	event_free(srv->net_wr);
	frame_queue_free(&srv->net_queue);
	close(srv->net_fd);
	srv->net_fd = -1;
	ctl_error(&err, "ask again in a moment", "the daemon's net process has ended");
	while ((p = TAILQ_FIRST(&srv->pending))) {
		if (p->begun)
			p->client->gone = true;
		else
			server_refuse(p->client, p->number, &err);
		server_done(srv, p);
	}
	server_sweep(srv);
}

static void server_net_read(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_server *srv = arg;
	struct frame f;
	ssize_t n;

	(void)what;
	n = recv(fd, srv->buf, sizeof(srv->buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		server_net_gone(srv);
		return;
	}
	if (n > FRAME_DATAGRAM || !frame_read(chunk(srv->buf, n), &f)) {
		log_error("the net process says what is no answer");
		return;
	}
	if (f.kind == FRAME_ANSWER)
		server_answer(srv, &f);
	else if (f.kind == FRAME_EVENT && f.last && !f.part)
		server_event(srv, &f);
	server_sweep(srv);
}

static void server_net_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	server_net_flush(arg);
}

/**
 * ctl_server_new() - a server on a loop
 * @base: loop
 * @listen_fd: listening SOCK_SEQPACKET socket, taken; -1: there is none
 * @net_fd: the net process, taken; -1: it comes later
 * @access: who may do what
 * @limits: usually &ctl_limits
 *
 * Return: the server.
 */
struct ctl_server *ctl_server_new(struct event_base *base, int listen_fd, int net_fd,
				  const struct ctl_access *access, const struct ctl_limits *limits)
{
	struct ctl_server *srv = xcalloc(1, sizeof(*srv));

	srv->base = base;
	srv->access = *access;
	srv->limits = *limits;
	srv->listen_fd = -1;
	srv->net_fd = -1;
	TAILQ_INIT(&srv->clients);
	TAILQ_INIT(&srv->users);
	TAILQ_INIT(&srv->pending);
	frame_queue_init(&srv->net_queue, limits->queue);
	srv->pause = evtimer_new(base, server_listen_again, srv);
	ctl_server_listen(srv, listen_fd);
	if (net_fd >= 0)
		ctl_server_set_net(srv, net_fd);
	return srv;
}

/**
 * ctl_server_free() - let everybody go
 * @srv: server
 */
void ctl_server_free(struct ctl_server *srv)
{
	struct server_client *c, *tmp;

	TAILQ_FOREACH_SAFE(c, &srv->clients, link, tmp)
		server_client_free(c);
	ctl_users_free(&srv->users);
	server_net_gone(srv);
	ctl_server_listen(srv, -1);
	event_free(srv->pause);
	free(srv);
}

/**
 * ctl_server_set_net() - where requests go from now on
 * @srv: server
 * @net_fd: the net process, taken
 */
void ctl_server_set_net(struct ctl_server *srv, int net_fd)
{
	const struct ctl_request listen = { .verb = CTL_SUBSCRIBE };
	const struct server_client *c;
	struct writer w = { 0 };
	bool subscribed = false;

	server_net_gone(srv);
	srv->net_fd = net_fd;
	frame_queue_init(&srv->net_queue, srv->limits.queue);
	evutil_make_socket_nonblocking(net_fd);
	srv->net_rd = event_new(srv->base, net_fd, EV_READ | EV_PERSIST, server_net_read, srv);
	srv->net_wr = event_new(srv->base, net_fd, EV_WRITE, server_net_write, srv);
	event_add(srv->net_rd, NULL);
	TAILQ_FOREACH(c, &srv->clients, link)
		subscribed |= c->subscribed;
	if (!subscribed)
		return;
	/* 0 is no request's number: nobody waits for this answer */
	ctl_request_pack(&listen, &w);
	frame_queue_text(&srv->net_queue, FRAME_REQUEST, 0, writer_chunk(&w));
	writer_free(&w);
	server_net_flush(srv);
}
