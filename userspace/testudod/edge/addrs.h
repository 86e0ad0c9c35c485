/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Our addresses, as rtnetlink tells: which there are, which one packets to a
 * peer leave from, and when they change.
 */
#ifndef TESTUDOD_EDGE_ADDRS_H
#define TESTUDOD_EDGE_ADDRS_H

#include "base/addr.h"
#include "base/timer.h"

struct mnl_socket;

/**
 * struct addrs - our addresses
 * @ask: socket for questions
 * @news: socket for what the kernel tells unasked
 * @seq: number of the last question
 * @list: addresses, sorted by their bytes
 * @n: members of @list
 * @settle: runs while changes still come
 * @stale: some have come since @list was read
 * @differ: @list was read since, and was another one, which nobody has been told
 * @changed: called when they have settled and something is different
 * @arg: handed to @changed
 */
struct addrs {
	struct mnl_socket *ask;
	struct mnl_socket *news;
	uint32_t seq;
	struct sockaddr_storage *list;
	size_t n;
	struct timer settle;
	bool stale;
	bool differ;
	void (*changed)(void *arg);
	void *arg;
};

/* opens both sockets and reads the addresses; 0 or a negative errno */
int addrs_init(struct addrs *a, void (*changed)(void *arg), void *arg);
void addrs_free(struct addrs *a);
/* what the loop waits on: addrs_input() when it is readable */
int addrs_fd(const struct addrs *a);
void addrs_input(struct addrs *a);
/* also of one that has come just now, and of which nobody has been told yet */
bool addrs_is_local(struct addrs *a, const struct sockaddr_storage *addr);
/*
 * The source address of packets to @remote, without port; a negative errno,
 * -ENETUNREACH for one, if there is no way to it.
 */
int addrs_source(struct addrs *a, const struct sockaddr_storage *remote,
		 struct sockaddr_storage *local);

#endif /* TESTUDOD_EDGE_ADDRS_H */
