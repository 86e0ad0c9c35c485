/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's SPD and SAD as they were a moment ago, read over PF_KEY. No key
 * is kept of them.
 */
#ifndef TESTUDOCTL_KERN_H
#define TESTUDOCTL_KERN_H

#include <pfkey.h>

#include "ctl/size.h"

/**
 * struct kern_policy - a policy
 * @id: the kernel's number
 * @dir: IPSEC_DIR_*
 * @type: IPSEC_POLICY_*
 * @priority: lower goes first
 * @proto: upper protocol, 0: any
 * @src: source, with port (of ICMP the type), 0: any
 * @dst: destination, with port (of ICMP the code)
 * @src_bits: prefix
 * @dst_bits: prefix
 * @n: members of @req
 * @req: transformations, the innermost first
 */
struct kern_policy {
	uint32_t id;
	uint8_t dir;
	uint8_t type;
	uint32_t priority;
	uint8_t proto;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	uint8_t src_bits;
	uint8_t dst_bits;
	unsigned int n;
	struct pfkey_request req[SIZE_LAYERS];
};

/**
 * struct kern_entry - an SA
 * @proto: IPPROTO_*
 * @mode: IPSEC_MODE_*
 * @state: SADB_SASTATE_*
 * @spi: host order
 * @reqid: reqid
 * @src: source
 * @dst: destination
 * @auth: SADB_AALG_*
 * @encr: SADB_EALG_* or SADB_X_CALG_*
 * @udp: in UDP
 * @align8: AH over IPv4 in units of 8 bytes
 * @added: wall clock
 * @used: wall clock, 0: never
 * @bytes: carried
 * @packets: carried
 */
struct kern_entry {
	uint8_t proto;
	uint8_t mode;
	uint8_t state;
	uint32_t spi;
	uint32_t reqid;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	uint8_t auth;
	uint8_t encr;
	bool udp;
	bool align8;
	uint64_t added;
	uint64_t used;
	uint64_t bytes;
	uint64_t packets;
};

/**
 * struct kern_tables - both databases
 * @npolicies: members of @policy
 * @policy: in the order of the dump, which is that of their creation
 * @nsas: members of @sa
 * @sa: in the order of the dump, the oldest first
 */
struct kern_tables {
	size_t npolicies;
	struct kern_policy *policy;
	size_t nsas;
	struct kern_entry *sa;
};

/* 0 or a negative errno: -EPERM, -EAFNOSUPPORT */
int kern_load(struct kern_tables *t);
void kern_free(struct kern_tables *t);
/* one dump; @fn may look at @msg only while it runs */
int kern_dump(unsigned int type, unsigned int satype,
	      void (*fn)(void *arg, const struct pfkey_msg *msg), void *arg);
/* what an SA costs; false if its algorithms are unknown here */
bool kern_layer(const struct kern_entry *sa, bool tunnel, struct size_layer *layer);

#endif /* TESTUDOCTL_KERN_H */
