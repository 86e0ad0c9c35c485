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

#define UDP_SOCKETS   64 /* sockets at most */
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
 * @fd: descriptor
 * @natt: datagrams on it have a non-ESP marker
 * @addr: what it is bound to; the wildcard address if nothing was said
 */
struct udp_socket {
	int fd;
	bool natt;
	struct sockaddr_storage addr;
};

/*
 * Opens all sockets of the configuration: how many, or a negative errno after
 * an error was logged and all were closed. Needs CAP_NET_BIND_SERVICE for the
 * ports and CAP_NET_ADMIN for the bypass.
 */
int udp_open_all(const struct conf *conf, const struct udp_options *opt, struct udp_socket *socks,
		 unsigned int max);
void udp_close_all(struct udp_socket *socks, unsigned int n);

/**
 * struct udp - the sockets in use
 * @socks: sockets
 * @n: members of @socks
 * @buf: where datagrams are received
 */
struct udp {
	struct udp_socket socks[UDP_SOCKETS];
	unsigned int n;
	uint8_t *buf;
};

/* takes the descriptors over; uses them with recvmsg and sendmsg only */
void udp_init(struct udp *u, const struct udp_socket *socks, unsigned int n);
void udp_free(struct udp *u);
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
