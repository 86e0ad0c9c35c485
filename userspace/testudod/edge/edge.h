/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network process's edge: datagrams, the kernel and our addresses, bound
 * to the event loop on one side and to the engine on the other.
 */
#ifndef TESTUDOD_EDGE_EDGE_H
#define TESTUDOD_EDGE_EDGE_H

#include "edge/addrs.h"
#include "edge/kernel.h"
#include "edge/udp.h"
#include "engine/ike.h"

struct edge;
struct event;
struct event_base;

/**
 * struct edge_socket - what the loop hands to a UDP socket's callback
 * @edge: edge
 * @ev: its event
 * @i: index in struct udp
 */
struct edge_socket {
	struct edge *edge;
	struct event *ev;
	unsigned int i;
};

/**
 * struct edge - all of it
 * @owner: main.c's own; the operations that it fills into struct ike_ops get
 *	the edge as their argument, and find the rest here
 * @ike: engine, from edge_start() on
 * @kernel: PF_KEY
 * @udp: sockets
 * @addrs: our addresses
 * @kernel_ev: PF_KEY is readable, or messages wait in memory
 * @addrs_ev: netlink is readable
 * @socks: one for each socket of @udp
 */
struct edge {
	void *owner;
	struct ike *ike;
	struct kernel kernel;
	struct udp udp;
	struct addrs addrs;
	struct event *kernel_ev;
	struct event *addrs_ev;
	struct edge_socket socks[UDP_ROOM];
};

/*
 * Takes over the descriptors: PF_KEY's of kernel_open(), and those of
 * udp_open_all(). Opens netlink itself, so it comes before the sandbox; timers
 * have their loop already. NULL: an error was logged, and nothing was taken.
 */
struct edge *edge_new(struct event_base *base, int kernel_fd, const struct udp_socket *socks,
		      unsigned int nsocks, void *owner);
void edge_free(struct edge *e);
/* one more UDP socket, taken; false: an error was logged, and it was closed */
bool edge_add_socket(struct edge *e, const struct udp_socket *s);
/* close those that are not wanted any more */
void edge_keep_sockets(struct edge *e, const struct udp_plan *plan);
/* fills those operations that are ours; the engine's ops_arg is to be the edge */
void edge_ops(struct ike_ops *ops);
/*
 * Registers with the kernel, reads its SPD, gives the SAs of a run before us to
 * the engine (@adopt), and begins to listen: 0 or a negative errno. ike_start()
 * is the caller's.
 */
int edge_start(struct edge *e, struct ike *ike, bool adopt);

#endif /* TESTUDOD_EDGE_EDGE_H */
