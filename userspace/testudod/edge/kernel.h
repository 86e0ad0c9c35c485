/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's SAD and SPD through one PF_KEY socket: requests that are
 * answered at once, and what the kernel tells unasked, in the order in which
 * it was told. It knows no engine: events go to functions that the owner
 * gives.
 *
 * A request reads the socket until its answer comes; messages before that wait
 * in memory for kernel_input(). So an event never arrives inside of a request.
 */
#ifndef TESTUDOD_EDGE_KERNEL_H
#define TESTUDOD_EDGE_KERNEL_H

#include "base/list.h"
#include "engine/ike.h"
#include "engine/ops.h"
#include "engine/policy.h"

/**
 * struct kernel_events - what the kernel tells; each is called from
 *	kernel_input() or kernel_start() only, and may make requests
 * @acquire: an SA is wanted
 * @expire: a lifetime is over
 * @mapping: ESP in UDP came from elsewhere: @name has protocol, SPI and the old
 *	source with its port (no destination), @now the new source
 * @deleted: an SA was deleted, not by a request of ours that was answered
 * @flushed: all SAs of a protocol were, 0: of all
 * @policy_put: a policy is new or changed; those of kernel_policy_add() come
 *	here too
 * @policy_remove: a policy is gone
 * @policy_flush: all are
 * @lost: messages were lost, or said too little. The SPD has been read again, and its changes told;
 *	the SAD is to be compared (kernel_dump_sas())
 * @pending: messages wait in memory: call kernel_input() from the loop, though
 *	the socket may stay silent. Called inside of requests: only take note.
 */
struct kernel_events {
	void (*acquire)(void *arg, const struct kern_acquire *acq);
	void (*expire)(void *arg, const struct kern_name *name, bool hard);
	void (*mapping)(void *arg, const struct kern_name *name,
			const struct sockaddr_storage *now);
	void (*deleted)(void *arg, const struct kern_name *name);
	void (*flushed)(void *arg, uint8_t proto);
	void (*policy_put)(void *arg, const struct policy *p);
	void (*policy_remove)(void *arg, uint32_t id);
	void (*policy_flush)(void *arg);
	void (*lost)(void *arg);
	void (*pending)(void *arg);
};

/**
 * struct kernel_known - a policy of the kernel's
 * @id: its number
 * @made: by kernel_policy_add()
 * @told: to @events; of one that we made the news may still wait
 */
struct kernel_known {
	uint32_t id;
	bool made;
	bool told;
};

struct kernel_message;
STAILQ_HEAD(kernel_queue, kernel_message);

/**
 * struct kernel - the socket and what we know of the other side
 * @fd: PF_KEY socket
 * @pid: what our requests carry and their answers echo
 * @seq: number of the last request
 * @events: whom to tell
 * @arg: handed to @events
 * @buf: a received message lives here until the next is received
 * @used: bytes of @buf that hold something
 * @pending: messages that came while an answer was awaited
 * @pending_bytes: of all of them
 * @stale: why SPD and SAD have to be read again; NULL: they need not
 * @known: policies by their ids, sorted
 * @nknown: members of @known
 */
struct kernel {
	int fd;
	uint32_t pid;
	uint32_t seq;
	const struct kernel_events *events;
	void *arg;
	unsigned char *buf;
	size_t used;
	struct kernel_queue pending;
	size_t pending_bytes;
	const char *stale;
	struct kernel_known *known;
	size_t nknown;
};

/* ---- kernel.c ---- */

/*
 * The socket, opened by who has CAP_NET_ADMIN; a negative errno: -EAFNOSUPPORT
 * without a kernel module for it. @buffer_kb: receive buffer, 0: ours.
 */
int kernel_open(unsigned int buffer_kb);
/* takes @fd over; it works on it with send, recv, poll and getsockopt only */
void kernel_init(struct kernel *k, int fd, uint32_t pid, const struct kernel_events *events,
		 void *arg);
void kernel_free(struct kernel *k);
/* REGISTER and a first reading of the SPD; 0 or a negative errno */
int kernel_start(struct kernel *k);
/* handle what has come, a batch of it at most; @events->pending if more is there */
void kernel_input(struct kernel *k);

/* ---- kernel_sa.c ---- */

int kernel_getspi(struct kernel *k, const struct kern_sa *sa, uint32_t *spi);
int kernel_sa_install(struct kernel *k, const struct kern_sa *sa);
int kernel_sa_delete(struct kernel *k, const struct kern_name *name);
int kernel_sa_usage(struct kernel *k, const struct kern_name *name, struct kern_usage *usage);
/*
 * Other UDP ports. -EOPNOTSUPP if a host changes: only a new SA does that
 * without using a sequence number twice.
 */
int kernel_sa_moved(struct kernel *k, const struct kern_name *name,
		    const struct sockaddr_storage *src, const struct sockaddr_storage *dst);
int kernel_acquire_failed(struct kernel *k, uint32_t seq, const struct kern_name *name, int error);

/**
 * struct kernel_sa - an SA in the SAD
 * @name: protocol, SPI (0: of a larval one that has none) and ends; the ports
 *	are those of UDP, else 0
 * @state: SADB_SASTATE_*
 * @mode: IPSEC_MODE_*
 * @reqid: reqid
 * @created: when it was, seconds since 1970
 * @hard_seconds: it ends after that time, 0: never
 */
struct kernel_sa {
	struct kern_name name;
	uint8_t state;
	uint8_t mode;
	uint32_t reqid;
	uint64_t created;
	uint64_t hard_seconds;
};

/* every SA; @fn must make no request */
int kernel_dump_sas(struct kernel *k, void (*fn)(void *arg, const struct kernel_sa *sa), void *arg);

/* ---- kernel_spd.c ---- */

/* the id, and reqids that the kernel chose, come back in @p */
int kernel_policy_add(struct kernel *k, struct policy *p);
int kernel_policy_delete(struct kernel *k, const struct policy *p);

#endif /* TESTUDOD_EDGE_KERNEL_H */
