/* SPDX-License-Identifier: GPL-2.0 */
/* What the files kernel*.c share, and nobody else sees. */
#ifndef TESTUDOD_EDGE_KERNEL_ROOM_H
#define TESTUDOD_EDGE_KERNEL_ROOM_H

#include <netinet/in.h>

#include "edge/kernel.h"
#include "pfkey.h"

/* ---- kernel.c: requests and answers ---- */

/* a number for a request that no ACQUIRE asked for */
uint32_t kernel_next_seq(struct kernel *k);
/*
 * Send @b and wait for its answer: 0 with @msg in k->buf, or a negative errno,
 * the kernel's own refusal included. Call kernel_forget() when done with @msg.
 */
int kernel_ask(struct kernel *k, struct pfkey_buf *b, struct pfkey_msg *msg);
/* the same for a dump: @fn for each answer, which must not ask; nothing there is 0 */
int kernel_ask_dump(struct kernel *k, unsigned int type,
		    void (*fn)(void *arg, const struct pfkey_msg *msg), void *arg);
int kernel_tell(struct kernel *k, struct pfkey_buf *b);
/* wipe k->buf: keys go through it */
void kernel_forget(struct kernel *k);

/* ---- kernel_msg.c: events ---- */

/* is it of a kind that kernel_event() would act on? */
bool kernel_is_event(const struct sadb_msg *base);
/* one message that nobody awaits; it may lie in k->buf */
void kernel_event(struct kernel *k, const void *data, size_t len);
/* protocol, SPI and ends of a message about an SA; false if they are not there */
bool kernel_name_from(const struct pfkey_msg *msg, struct kern_name *name);

/* ---- kernel_spd.c: policies ---- */

/* false: none that we deal with (of a socket, too many requests) */
bool kernel_policy_from(const struct pfkey_msg *msg, struct policy *p);
/* tell of it, and remember its id */
void kernel_policy_seen(struct kernel *k, struct policy *p);
void kernel_policy_gone(struct kernel *k, uint32_t id);
void kernel_policy_all_gone(struct kernel *k);
/* read the SPD, and tell what is new and what is gone */
int kernel_policy_read(struct kernel *k);

#endif /* TESTUDOD_EDGE_KERNEL_ROOM_H */
