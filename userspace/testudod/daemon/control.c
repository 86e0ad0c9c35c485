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
 * @server: clients and the line to the network process; NULL: adminsock disabled
 */
struct control {
	struct event_base *base;
	struct ctl_server *server;
};

static void control_peer(void *arg, enum proc_role role, int fd)
{
	struct control *ctl = arg;

	if (role == PROC_NET && ctl->server)
		ctl_server_set_net(ctl->server, fd);
	else
		close(fd);
}

/* in order or not: nothing is left behind */
static void control_end(void *arg)
{
	struct control *ctl = arg;

	event_base_loopbreak(ctl->base);
}

static const struct child_ops control_child_ops = {
	.peer = control_peer,
	.stop = control_end,
	.gone = control_end,
};

int daemon_control_main(void *arg, struct child *c)
{
	const struct ctl_access access = { .owner = c->conf->admin_uid, .group = c->conf->admin_gid };
	struct control ctl = { 0 };
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
	if (fd >= 0) {
		ctl.server = ctl_server_new(ctl.base, fd, c->peer[PROC_NET], &access, &ctl_limits);
		c->peer[PROC_NET] = -1;
	}
	event_base_dispatch(ctl.base);
	if (ctl.server)
		ctl_server_free(ctl.server);
	return 0;
}
