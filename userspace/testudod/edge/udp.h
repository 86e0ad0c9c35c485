/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKE's UDP sockets: opened by who has privileges, used by who has none. Each
 * datagram comes with the address it was sent to, and leaves from the address
 * that its path says. The non-ESP marker of NAT-T (RFC 3948 2.2) is put and
 * taken here, and nobody else sees it.
 */
#ifndef TESTUDOD_EDGE_UDP_H
#define TESTUDOD_EDGE_UDP_H

#include "conf/conf.h"
#include "engine/ops.h"

#define UDP_SOCKETS   64		/* that a configuration may want */
#define UDP_ROOM      (2 * UDP_SOCKETS) /* while those of one take the place of another's */
#define UDP_PORT      500
#define UDP_NATT_PORT 4500

/**
 * struct udp_options - what the command line says about sockets
 * @port: IKE port where no listen statement says one (-p)
 * @natt_port: NAT-T port (-P)
 * @no_v4: IPv6 only (-6)
 * @no_v6: IPv4 only (-4)
 */
struct udp_options {
	uint16_t port;
	uint16_t natt_port;
	bool no_v4;
	bool no_v6;
};

/**
 * struct udp_socket - one socket
 * @fd: descriptor, -1: it is not open
 * @natt: datagrams on it have a non-ESP marker
 * @addr: what it is bound to; the wildcard address if nothing was said
 */
struct udp_socket {
	int fd;
	bool natt;
	struct sockaddr_storage addr;
};

/**
 * struct udp_plan - the sockets that a configuration wants
 * @socks: sockets, not open
 * @n: members of @socks
 */
struct udp_plan {
	struct udp_socket socks[UDP_SOCKETS];
	unsigned int n;
};

/* 0 or a negative errno after an error was logged */
int udp_plan(const struct conf *conf, const struct udp_options *opt, struct udp_plan *plan);
/* is such a socket wanted? */
bool udp_planned(const struct udp_plan *plan, const struct udp_socket *s);
/*
 * Opens the sockets of the configuration that are not among the @n of @socks, behind which there
 * is room for UDP_SOCKETS more: how many there are now, or a negative errno after an error was
 * logged, and then they are as before. What is not wanted any more does not stand in the way.
 * Needs CAP_NET_BIND_SERVICE for the ports and CAP_NET_ADMIN for the bypass.
 */
int udp_open_missing(const struct conf *conf, const struct udp_options *opt,
		     struct udp_socket *socks, unsigned int n);
void udp_close_all(struct udp_socket *socks, unsigned int n);

/**
 * struct udp - the sockets in use
 * @socks: sockets; those that are not open are free for others
 * @n: members of @socks
 * @buf: where datagrams are received
 */
struct udp {
	struct udp_socket socks[UDP_ROOM];
	unsigned int n;
	uint8_t *buf;
};

/* takes the descriptors over; uses them with recvmsg and sendmsg only */
void udp_init(struct udp *u, const struct udp_socket *socks, unsigned int n);
void udp_free(struct udp *u);
/* one more, taken: its index, or -ENOSPC */
int udp_add(struct udp *u, const struct udp_socket *s);
void udp_close(struct udp *u, unsigned int i);
/*
 * Receives a batch from a socket that is readable: @fn for each message, which
 * is valid until it returns. What is no message is dropped in silence.
 */
void udp_input(struct udp *u, unsigned int i,
	       void (*fn)(void *arg, const struct ike_path *path, struct chunk msg), void *arg);
/* 0 or a negative errno; -EADDRNOTAVAIL if no socket has that local address */
int udp_send(struct udp *u, const struct ike_path *path, struct chunk msg);
/* one byte, without a marker (RFC 3948 2.3) */
int udp_keepalive(struct udp *u, const struct ike_path *path);

#endif /* TESTUDOD_EDGE_UDP_H */
