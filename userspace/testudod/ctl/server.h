/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ctl process: takes clients, asks who they are, checks what they say, and
 * carries requests to the net process and answers back. It has no rights and
 * knows no secret.
 */
#ifndef TESTUDOD_CTL_SERVER_H
#define TESTUDOD_CTL_SERVER_H

#include <sys/types.h>

#include "ctl/proto.h"

struct event_base;
struct ctl_server;

/**
 * struct ctl_access - who may do what
 * @owner: owner of the socket: everything, as root
 * @group: group of the socket: may read
 */
struct ctl_access {
	uid_t owner;
	gid_t group;
};

/**
 * struct ctl_limits - what clients may use
 * @clients: clients at once
 * @per_uid: of these, for one user who is not root
 * @pending: requests of one client without an answer
 * @per_second: requests of a user who is not root
 * @queue: bytes of answers that wait for a client who does not read
 * @events: bytes of events that do
 * @total: bytes that wait for all of them together
 */
struct ctl_limits {
	unsigned int clients;
	unsigned int per_uid;
	unsigned int pending;
	unsigned int per_second;
	size_t queue;
	size_t events;
	size_t total;
};

extern const struct ctl_limits ctl_limits;

/* @listen_fd and @net_fd are taken, and made non-blocking; both are SOCK_SEQPACKET; either may be -1 */
struct ctl_server *ctl_server_new(struct event_base *base, int listen_fd, int net_fd,
				  const struct ctl_access *access, const struct ctl_limits *limits);
void ctl_server_free(struct ctl_server *srv);
/* where clients come from now on, taken; -1: no one comes any more. Who is connected stays so */
void ctl_server_listen(struct ctl_server *srv, int listen_fd);
/* of clients that come from now on */
void ctl_server_set_access(struct ctl_server *srv, const struct ctl_access *access);
/* the net process was started again: @net_fd leads to the new one; who subscribed stays so */
void ctl_server_set_net(struct ctl_server *srv, int net_fd);

#endif /* TESTUDOD_CTL_SERVER_H */
