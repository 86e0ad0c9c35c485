/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine as the world around it sees it: one struct ike, what may be told
 * to it, and what may be read. All calls come from one thread; what an event
 * leaves dead is freed at its end.
 */
#ifndef TESTUDOD_ENGINE_IKE_H
#define TESTUDOD_ENGINE_IKE_H

#include "base/list.h"
#include "base/timer.h"
#include "conf/conf.h"
#include "engine/ops.h"
#include "engine/policy.h"
#include "engine/report.h"
#include "wire/wire.h"

struct child_sa;
struct ike_peer;
struct ike_sa;
TAILQ_HEAD(ike_sa_list, ike_sa);
TAILQ_HEAD(child_list, child_sa);
TAILQ_HEAD(ike_peer_list, ike_peer);

/**
 * struct ike_counts - for metrics; all since the start
 * @initiated: IKE SAs begun by us, by version
 * @responded: by the peer, by version
 * @established: that came up, by version
 * @failed: failures by cause
 * @child_up: child SAs that came up, rekeyed ones included
 * @child_rekeyed: those that replaced another
 * @retransmits: datagrams sent again
 * @bad: messages refused for their form
 * @forged: messages whose integrity check failed
 * @cookies: answered with a cookie request
 * @half_open_refused: refused because too many were half open
 * @half_open_displaced: that made room for newer ones
 */
struct ike_counts {
	uint64_t initiated[3];
	uint64_t responded[3];
	uint64_t established[3];
	uint64_t failed[REPORT_ADMIN + 1];
	uint64_t child_up;
	uint64_t child_rekeyed;
	uint64_t retransmits;
	uint64_t bad;
	uint64_t forged;
	uint64_t cookies;
	uint64_t half_open_refused;
	uint64_t half_open_displaced;
};

#define IKE_HASH 1024 /* buckets of the table by our SPI */

/**
 * struct ike - the engine
 * @conf: configuration in force
 * @src: its files (certificates)
 * @ops: the world
 * @ops_arg: handed to every call of @ops
 * @spd: the kernel's policies
 * @peers: everybody we deal with, those configured but down included
 * @by_spi: IKE SAs by our own SPI or cookie
 * @dead: IKE SAs to be freed at the end of the event
 * @reaper: frees @dead when the event is over
 * @half_open: IKE SAs of which we are responder and nobody proved anything
 * @cookie_secret: of IKEv2's cookies, and the one before
 * @cookie_since: when the first was made, ms
 * @dears: Diffie-Hellman done in this second for whom may not be there, by version
 * @dear_since: when that second began, ms
 * @next_reqid: for policies that we make
 * @reports: failures of addresses that no remote block is for
 * @stranger: the address of @reports
 * @counts: for metrics
 * @daily: next look at our certificates
 * @started: ike_start() has been called
 * @closing: no new SAs: we are about to end
 * @port: our IKE port, 500
 * @natt_port: 4500
 */
struct ike {
	const struct conf *conf;
	struct source *src;
	const struct ike_ops *ops;
	void *ops_arg;
	struct policy_list spd;
	struct ike_peer_list peers;
	struct ike_sa_list by_spi[IKE_HASH];
	struct ike_sa_list dead;
	struct timer reaper;
	unsigned int half_open;
	uint8_t cookie_secret[2][32];
	uint64_t cookie_since;
	unsigned int dears[3];
	uint64_t dear_since[3];
	uint32_t next_reqid;
	struct report reports;
	struct sockaddr_storage stranger;
	struct ike_counts counts;
	struct timer daily;
	bool started;
	bool closing;
	uint16_t port;
	uint16_t natt_port;
};

/**
 * struct kern_acquire - the kernel wants an SA (RFC 2367 3.1.6)
 * @seq: to be handed back
 * @policy: id of the outbound policy
 * @proto: IPPROTO_*
 * @src: source of the SA wanted
 * @dst: destination
 */
struct kern_acquire {
	uint32_t seq;
	uint32_t policy;
	uint8_t proto;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
};

struct ike *ike_new(const struct conf *conf, struct source *src, const struct ike_ops *ops,
		    void *ops_arg);
void ike_free(struct ike *ike);

/* ---- what happens ---- */

/* a datagram, marker taken off */
void ike_input(struct ike *ike, const struct ike_path *path, struct chunk data);
void ike_acquire(struct ike *ike, const struct kern_acquire *acq);
/* an SA's soft (@hard false) or hard lifetime is over */
void ike_expire(struct ike *ike, const struct kern_name *name, bool hard);
/* authenticated ESP came from another address or port (RFC 3947) */
void ike_new_mapping(struct ike *ike, const struct kern_name *name,
		     const struct sockaddr_storage *now);
/* somebody else deleted an SA, or all of that protocol (proto 0: all) */
void ike_kernel_deleted(struct ike *ike, const struct kern_name *name);
void ike_kernel_flushed(struct ike *ike, uint8_t proto);
/* the SPD changed; a policy without an id is none */
void ike_policy_put(struct ike *ike, const struct policy *p);
void ike_policy_remove(struct ike *ike, uint32_t id);
void ike_policy_flush(struct ike *ike);
/* an SA found in the kernel at start, of a run before us: kept, and known by its policy */
void ike_adopt(struct ike *ike, const struct kern_name *name, uint32_t reqid, uint8_t mode);
/* SPD and SAD have been read: begin what "start immediate" says */
void ike_start(struct ike *ike);
void ike_addresses_changed(struct ike *ike);

/* ---- what people ask for ---- */

/* by difference: what is the same stays, what changed is replaced; afterwards nothing points to the old ones */
void ike_reload(struct ike *ike, const struct conf *conf, struct source *src);
/*
 * What the policies want of that peer; @local: of those that begin there, NULL or family 0: anywhere.
 * 0, or a negative errno with a sentence in @why
 */
int ike_establish(struct ike *ike, const char *remote, const struct sockaddr_storage *local,
		  const struct sockaddr_storage *peer, char *why, size_t why_size);
/* the IKE SAs with that peer and their children, told to the peer; the number of them */
unsigned int ike_delete_peer(struct ike *ike, const struct sockaddr_storage *peer);
/*
 * Those of an address of ours; @local NULL or of family 0: of any. Child SAs without an IKE SA
 * count as one.
 */
unsigned int ike_delete_between(struct ike *ike, const struct sockaddr_storage *local,
				const struct sockaddr_storage *peer);
unsigned int ike_delete_child(struct ike *ike, const struct kern_name *name);
/* delete everything, and tell the peers; nothing new begins */
void ike_close(struct ike *ike);
/*
 * For a run after us that will ike_adopt(): SAs stay in the kernel, and no peer hears of it; only
 * those of generated policies end as by ike_close()
 */
void ike_leave(struct ike *ike);
/* nothing is left that waits for an answer */
bool ike_is_closed(const struct ike *ike);

#endif /* TESTUDOD_ENGINE_IKE_H */
