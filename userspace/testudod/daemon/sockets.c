// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets that take privileges to open: PF_KEY's, IKE's, and the control
 * socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/listen.h"
#include "daemon/daemon.h"
#include "edge/kernel.h"

static int sockets_pfkey(const struct conf *conf, struct child_socket *sock)
{
	int fd = kernel_open(conf->pfkey_buffer);

	if (fd == -EAFNOSUPPORT)
		log_error("the kernel has no PF_KEY: load testudo.ko (modprobe testudo)");
	else if (fd < 0)
		log_error("PF_KEY socket: %s", strerror(-fd));
	*sock = (struct child_socket){ .fd = fd, .tag = DAEMON_SOCK_PFKEY };
	return fd < 0 ? fd : 1;
}

/* 1, or a negative errno; the caller closes his own */
static int sockets_give(struct child_socket *sock, const struct udp_socket *udp)
{
	*sock = (struct child_socket){
		.fd = fcntl(udp->fd, F_DUPFD_CLOEXEC, 0),
		.tag = udp->natt ? DAEMON_SOCK_NATT : DAEMON_SOCK_IKE,
		.addr = udp->addr,
	};
	return sock->fd < 0 ? -errno : 1;
}

/* Those of IKE that are not open yet: how many, or a negative errno. */
static int sockets_udp(struct daemon *d, const struct conf *conf, struct child_socket *socks,
		       unsigned int max)
{
	struct daemon_open *open = &d->open;
	int now = udp_open_missing(conf, &d->udp, open->udp, open->nudp);
	int err = now < 0 ? now : 1;
	unsigned int n = 0;

	while (err > 0 && open->nudp + n < (unsigned int)now) {
		err = n < max ? sockets_give(&socks[n], &open->udp[open->nudp + n]) : -ENOSPC;
		if (err > 0)
			n++;
	}
	if (now > 0)
		open->nudp = now;
	if (err > 0)
		return n;
	while (n--)
		close(socks[n].fd);
	return err;
}

static int sockets_net(struct daemon *d, const struct conf *conf, struct child_socket *socks,
		       unsigned int max)
{
	int n, err;

	/* not those of the process before, which may have done anything with them */
	udp_close_all(d->open.udp, d->open.nudp);
	d->open.nudp = 0;
	err = sockets_pfkey(conf, &socks[0]);
	if (err < 0)
		return err;
	n = sockets_udp(d, conf, socks + 1, max - 1);
	if (n < 0)
		close(socks[0].fd);
	return n < 0 ? n : n + 1;
}

static bool sockets_have_admin(const struct daemon_open *open, const char *path)
{
	return (open->admin[0] && !strcmp(open->admin[0], path)) ||
	       (open->admin[1] && !strcmp(open->admin[1], path));
}

static int sockets_control(struct daemon *d, const struct conf *conf, struct child_socket *sock)
{
	const char *path = ctl_listen_path(conf);
	int fd;

	if (!path)
		return 0;
	fd = ctl_listen(conf);
	*sock = (struct child_socket){ .fd = fd, .tag = DAEMON_SOCK_CONTROL };
	if (fd < 0)
		return fd;
	if (!sockets_have_admin(&d->open, path))
		d->open.admin[d->open.admin[0] != NULL] = xstrdup(path);
	return 1;
}

int daemon_open_sockets(void *arg, enum proc_role role, const struct conf *conf,
			struct child_socket *socks, unsigned int max)
{
	if (role == PROC_NET)
		return sockets_net(arg, conf, socks, max);
	return role == PROC_CTL ? sockets_control(arg, conf, socks) : 0;
}

int daemon_new_sockets(void *arg, enum proc_role role, const struct conf *conf,
		       struct child_socket *socks, unsigned int max)
{
	const char *path = ctl_listen_path(conf);
	struct daemon *d = arg;

	if (role == PROC_NET)
		return sockets_udp(d, conf, socks, max);
	if (role != PROC_CTL || !path || sockets_have_admin(&d->open, path))
		return 0;
	return sockets_control(d, conf, socks);
}

static void sockets_keep_udp(struct daemon_open *open, const struct udp_plan *plan)
{
	unsigned int i, n = 0;
	char text[ADDR_TEXT];

	for (i = 0; i < open->nudp; i++) {
		if (udp_planned(plan, &open->udp[i])) {
			open->udp[n++] = open->udp[i];
			continue;
		}
		log_info("%s is not listened on any more", addr_text(&open->udp[i].addr, text));
		udp_close_all(&open->udp[i], 1);
	}
	open->nudp = n;
}

static void sockets_keep_admin(struct daemon_open *open, const struct conf *conf)
{
	const char *path = conf ? ctl_listen_path(conf) : NULL;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!open->admin[i])
			continue;
		if (path && !strcmp(path, open->admin[i])) {
			ctl_listen_own(conf);
			continue;
		}
		unlink(open->admin[i]);
		free(open->admin[i]);
		open->admin[i] = NULL;
	}
	if (open->admin[0])
		return;
	open->admin[0] = open->admin[1];
	open->admin[1] = NULL;
}

void daemon_keep_sockets(void *arg, const struct conf *conf)
{
	struct daemon *d = arg;
	struct udp_plan plan;

	/* at the end they close with the process */
	if (conf && !udp_plan(conf, &d->udp, &plan))
		sockets_keep_udp(&d->open, &plan);
	sockets_keep_admin(&d->open, conf);
}
