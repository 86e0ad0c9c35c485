// SPDX-License-Identifier: GPL-2.0
/*
 * The control process: from what the monitor gave it to the server's loop. When
 * the network process is started again, its clients have to ask again.
 */
#include <event2/event.h>
#include <jansson.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/server.h"
#include "daemon/daemon.h"

/**
 * struct control - the process
 * @base: event loop
 * @child: what the monitor gave and says
 * @server: clients and the line to the network process
 */
struct control {
	struct event_base *base;
	struct child *child;
	struct ctl_server *server;
};

static struct ctl_access control_access(const struct conf *conf)
{
	return (struct ctl_access){ .owner = conf->admin_uid, .group = conf->admin_gid };
}

/* Another place has come before, as a socket. */
static void control_source(void *arg, struct source *src)
{
	struct control *ctl = arg;
	struct ctl_access access;

	if (!child_take_source(ctl->child, src))
		return;
	access = control_access(ctl->child->conf);
	ctl_server_set_access(ctl->server, &access);
	if (ctl->child->conf->adminsock_off)
		ctl_server_listen(ctl->server, -1);
}

static void control_peer(void *arg, enum proc_role role, int fd)
{
	struct control *ctl = arg;

	if (role == PROC_NET)
		ctl_server_set_net(ctl->server, fd);
	else
		close(fd);
}

static void control_socket(void *arg, const struct child_socket *s)
{
	struct control *ctl = arg;

	if (s->tag == DAEMON_SOCK_CONTROL)
		ctl_server_listen(ctl->server, s->fd);
	else
		close(s->fd);
}

/* in order or not: nothing is left behind */
static void control_end(void *arg)
{
	struct control *ctl = arg;

	event_base_loopbreak(ctl->base);
}

static const struct child_ops control_child_ops = {
	.source = control_source,
	.peer = control_peer,
	.socket = control_socket,
	.stop = control_end,
	.gone = control_end,
};

int daemon_control_main(void *arg, struct child *c)
{
	struct ctl_access access = control_access(c->conf);
	struct control ctl = { .child = c };
	unsigned int i;
	int fd = -1;

	(void)arg;
	for (i = 0; i < c->nsocks; i++) {
		if (c->sock[i].tag == DAEMON_SOCK_CONTROL)
			fd = c->sock[i].fd;
	}
	/* jansson looks for its randomness in a file, once */
	json_object_seed(0);
	ctl.base = event_base_new();
	if (!ctl.base || !child_lock(c) || !child_listen(c, ctl.base, &control_child_ops, &ctl))
		return 1;
	ctl.server = ctl_server_new(ctl.base, fd, c->peer[PROC_NET], &access, &ctl_limits);
	c->peer[PROC_NET] = -1;
	event_base_dispatch(ctl.base);
	ctl_server_free(ctl.server);
	return 0;
}
