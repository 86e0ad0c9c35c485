// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets that take privileges to open: PF_KEY's, IKE's, and the control
 * socket.
 */
#include <errno.h>
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

static int sockets_net(const struct daemon *d, const struct conf *conf, struct child_socket *socks,
		       unsigned int max)
{
	struct udp_socket udp[UDP_SOCKETS];
	int n, i, err;

	err = sockets_pfkey(conf, &socks[0]);
	if (err < 0)
		return err;
	n = udp_open_all(conf, &d->udp, udp, UDP_SOCKETS < max - 1 ? UDP_SOCKETS : max - 1);
	if (n < 0) {
		close(socks[0].fd);
		return n;
	}
	for (i = 0; i < n; i++) {
		socks[i + 1] = (struct child_socket){
			.fd = udp[i].fd,
			.tag = udp[i].natt ? DAEMON_SOCK_NATT : DAEMON_SOCK_IKE,
			.addr = udp[i].addr,
		};
	}
	return n + 1;
}

static int sockets_control(const struct conf *conf, struct child_socket *sock)
{
	int fd = ctl_listen(conf);

	if (fd == -ENOENT && conf->adminsock_off)
		return 0;
	*sock = (struct child_socket){ .fd = fd, .tag = DAEMON_SOCK_CONTROL };
	return fd < 0 ? fd : 1;
}

int daemon_open_sockets(void *arg, enum proc_role role, const struct conf *conf,
			struct child_socket *socks, unsigned int max)
{
	const struct daemon *d = arg;

	if (role == PROC_NET)
		return sockets_net(d, conf, socks, max);
	return role == PROC_CTL ? sockets_control(conf, socks) : 0;
}
