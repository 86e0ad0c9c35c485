/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine asks of the world around it: datagrams, the kernel, secrets,
 * events, scripts. edge/ has the real ones; tests bring their own, so the whole
 * state machine runs without a kernel, a network or a clock.
 */
#ifndef TESTUDOD_ENGINE_OPS_H
#define TESTUDOD_ENGINE_OPS_H

#include "auth/secrets.h"
#include "base/addr.h"
#include "crypto/alg.h"
#include "engine/policy.h"

struct ike_sa;
struct conf_remote;

/**
 * struct ike_path - between whom a datagram goes
 * @local: our address and port; the address may be the wildcard for a first
 *	message, when the kernel chooses
 * @remote: the peer's
 * @natt: on the NAT-T port, where a non-ESP marker goes in front (the edge puts
 *	and takes it)
 */
struct ike_path {
	struct sockaddr_storage local;
	struct sockaddr_storage remote;
	bool natt;
};

/**
 * struct kern_sa - one SA for the kernel
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_*
 * @spi: SPI, or CPI of IPComp, host order
 * @reqid: reqid
 * @seq: of the ACQUIRE that asked for it, else 0
 * @inbound: it was a larval one: UPDATE, not ADD
 * @src: source
 * @dst: destination
 * @encr: cipher
 * @integ: integrity algorithm
 * @encr_key: key and salt
 * @integ_key: key
 * @esn: extended sequence numbers
 * @window: replay window in packets
 * @udp: ESP in UDP between the ports of @src and @dst
 * @oa: transport mode behind a NAT: the peer's original address; family 0: none
 * @soft_seconds: when to ask for a new one; 0: never
 * @hard_seconds: end; 0: never
 * @soft_bytes: the same in bytes
 * @hard_bytes: the same in bytes
 */
struct kern_sa {
	uint8_t proto;
	uint8_t mode;
	uint32_t spi;
	uint32_t reqid;
	uint32_t seq;
	bool inbound;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	struct alg_key encr;
	const struct alg *integ;
	struct chunk encr_key;
	struct chunk integ_key;
	bool esn;
	unsigned int window;
	bool udp;
	struct sockaddr_storage oa;
	uint64_t soft_seconds;
	uint64_t hard_seconds;
	uint64_t soft_bytes;
	uint64_t hard_bytes;
};

/**
 * struct kern_name - which SA of the kernel's
 * @proto: IPPROTO_*
 * @spi: host order
 * @src: source
 * @dst: destination
 */
struct kern_name {
	uint8_t proto;
	uint32_t spi;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
};

/**
 * struct kern_usage - what an SA has carried
 * @bytes: bytes
 * @packets: packets
 * @used: wall clock of the first use, 0: never
 */
struct kern_usage {
	uint64_t bytes;
	uint64_t packets;
	uint64_t used;
};

/** enum ike_event_kind - what "monitor" and show-event tell */
enum ike_event_kind {
	EVENT_PHASE1_UP,
	EVENT_PHASE1_DOWN,
	EVENT_PHASE1_FAILED,
	EVENT_PHASE2_UP,
	EVENT_PHASE2_DOWN,
	EVENT_PHASE2_FAILED,
	EVENT_REKEYED,
	EVENT_DPD_TIMEOUT,
	EVENT_NEW_MAPPING,
	EVENT_RELOADED,
	EVENT_STARTED,
	EVENT_QUIT,
};

/**
 * struct ike_event - something happened
 * @kind: what
 * @peer: name of the remote block, may be NULL
 * @remote: the peer's address; family 0: none
 * @text: one line
 * @reason: why, one sentence; NULL if there is nothing to explain
 */
struct ike_event {
	enum ike_event_kind kind;
	const char *peer;
	struct sockaddr_storage remote;
	const char *text;
	const char *reason;
};

/** enum ike_script - when a script runs */
enum ike_script { SCRIPT_PHASE1_UP,
		  SCRIPT_PHASE1_DOWN,
		  SCRIPT_PHASE1_DEAD };

/**
 * struct ike_ops - all calls return at once; int ones 0 or a negative errno
 * @send: a datagram, marker not included
 * @keepalive: one byte 0xff without marker (RFC 3948 4)
 * @local_addr: the address that packets to @remote leave from
 * @is_local: one of ours?
 * @getspi: a larval SA; the SPI in host order
 * @sa_install: UPDATE of a larval SA, or ADD
 * @sa_delete: DELETE; -ESRCH when it is not there
 * @sa_usage: GET
 * @sa_moved: the peer's UDP port changed: UPDATE of the SA's ends
 * @acquire_failed: negative ACQUIRE, so that held packets are not kept (RFC 2367 3.1.6)
 * @policy_add: SPDADD of what generate_policy made; the id comes back in @p
 * @policy_delete: SPDDELETE2
 * @psk: see psk_make(); false with the cause in @answer
 * @sign: with the private key of that remote
 * @event: tell who listens
 * @script: run the remote's script for it, if it has one
 */
struct ike_ops {
	int (*send)(void *arg, const struct ike_path *path, struct chunk msg);
	int (*keepalive)(void *arg, const struct ike_path *path);
	int (*local_addr)(void *arg, const struct sockaddr_storage *remote,
			  struct sockaddr_storage *local);
	bool (*is_local)(void *arg, const struct sockaddr_storage *addr);
	int (*getspi)(void *arg, const struct kern_sa *sa, uint32_t *spi);
	int (*sa_install)(void *arg, const struct kern_sa *sa);
	int (*sa_delete)(void *arg, const struct kern_name *name);
	int (*sa_usage)(void *arg, const struct kern_name *name, struct kern_usage *usage);
	int (*sa_moved)(void *arg, const struct kern_name *name, const struct sockaddr_storage *src,
			const struct sockaddr_storage *dst);
	int (*acquire_failed)(void *arg, uint32_t seq, const struct kern_name *name, int error);
	int (*policy_add)(void *arg, struct policy *p);
	int (*policy_delete)(void *arg, const struct policy *p);
	bool (*psk)(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		    struct chunk data, uint8_t *out, struct secrets_answer *answer);
	bool (*sign)(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		     struct chunk tbs, struct blob *sig, struct secrets_answer *answer);
	void (*event)(void *arg, const struct ike_event *event);
	void (*script)(void *arg, const struct ike_sa *sa, enum ike_script script);
};

#endif /* TESTUDOD_ENGINE_OPS_H */
