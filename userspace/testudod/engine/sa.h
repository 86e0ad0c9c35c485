/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKE SAs and what both versions do with them alike; with peer.h and child.h the
 * engine's objects. ikev1/ and ikev2/ include this; the world sees engine/ike.h.
 *
 *   ike --- peer --+-- ike_sa --- (v1 or v2 state)
 *                  '-- child_sa -> policy;  ->ike of those of an IKE SA
 *
 * IKEv1's children outlive their ISAKMP SA and are then without @ike; IKEv2's
 * go with it.
 */
#ifndef TESTUDOD_ENGINE_SA_H
#define TESTUDOD_ENGINE_SA_H

#include "base/timer.h"
#include "crypto/crypt.h"
#include "engine/child.h"
#include "engine/flight.h"
#include "engine/ike.h"
#include "engine/peer.h"
#include "wire/frag.h"

struct v1_state;
struct v2_state;

/** enum ike_state - the life of an IKE SA */
enum ike_state {
	IKE_BEGUN,	/* messages are being exchanged, nobody is proven */
	IKE_UP,
	IKE_REPLACED,	/* a rekeyed one is up; this one ends soon */
	IKE_CLOSING,	/* the peer has been told; waiting for its answer */
	IKE_DEAD,	/* in ike->dead */
};

/** enum gate_class - a half-open IKE SA of which we are responder, see gate.c */
enum gate_class {
	GATE_NONE,  /* it is none */
	GATE_FIRST, /* IKEv1: anybody may have sent its first message, and it may make room */
	GATE_FEW,   /* IKEv2: the same, but there were too few to ask for a cookie */
	GATE_REAL,  /* the peer receives at its address */
};

/**
 * struct ike_version_ops - what the versions do differently
 * @initiate: send the first message
 * @input: a message for @sa, header read
 * @child_start: negotiate @child (CHILD_WANTED) under @sa, which is up; a
 *	child with @replaces rekeys that one
 * @child_gone: tell the peer that @child's SAs are deleted
 * @child_forget: @child is about to be freed while @child->exchange is under
 *	way: the exchange goes on without it, or ends
 * @probe: is the peer alive?
 * @rekey: make a new IKE SA in place of @sa
 * @close: tell the peer that @sa ends; it is freed later
 * @moved: the local address of @sa's path changed (IKEv2: MOBIKE's place)
 * @no_answer: @sa's flight gave up; the argument is a struct ike_sa
 * @free: free the version's state
 */
struct ike_version_ops {
	void (*initiate)(struct ike_sa *sa);
	void (*input)(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		      struct chunk data);
	void (*child_start)(struct ike_sa *sa, struct child_sa *child);
	void (*child_gone)(struct ike_sa *sa, struct child_sa *child);
	void (*child_forget)(struct ike_sa *sa, struct child_sa *child);
	void (*probe)(struct ike_sa *sa);
	void (*rekey)(struct ike_sa *sa);
	void (*close)(struct ike_sa *sa);
	void (*moved)(struct ike_sa *sa);
	void (*no_answer)(void *sa);
	void (*free)(struct ike_sa *sa);
};

extern const struct ike_version_ops v1_ops;
extern const struct ike_version_ops v2_ops;

/* a first message that no SA is for; either may make one */
void v1_respond(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data);
void v2_respond(struct ike *ike, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data);

/**
 * struct ike_sa - an IKE SA (IKEv1: ISAKMP SA)
 * @link: in struct ike_peer
 * @hash: in ike->by_spi, or in ike->dead
 * @ike: engine
 * @peer: whom with
 * @ver: 1 or 2
 * @vops: v1_ops or v2_ops
 * @state: life
 * @initiator: we sent the first message of it
 * @spi_i: initiator's SPI or cookie
 * @spi_r: responder's, 0 until known
 * @path: between whom
 * @suite: what was chosen
 * @my_id: our identity
 * @peer_id: the peer's, once it said so
 * @peer_cert: its certificate, once verified
 * @nat_us: a NAT is in front of us
 * @nat_peer: a NAT is in front of the peer
 * @peer_frag: the peer can do fragments
 * @created: ms
 * @created_wall: seconds, for people
 * @up_since: ms, 0: it is not up yet
 * @heard: ms, when the peer last proved that it lives
 * @flight: our request, or our last answer (IKEv1: last message)
 * @dpd: next look whether the peer lives
 * @probes: probes without an answer
 * @life: rekey or end
 * @keepalive: NAT keepalive
 * @give_up: ends a negotiation that takes too long
 * @v1: IKEv1's state
 * @v2: IKEv2's state
 * @half: what the gate knows of it while it is half open
 * @quiet: while it is, the log does not tell of it: too many have begun
 * @adopted_by: on a rekey: the SA that took over the children
 */
struct ike_sa {
	TAILQ_ENTRY(ike_sa) link;
	TAILQ_ENTRY(ike_sa) hash;
	struct ike *ike;
	struct ike_peer *peer;
	uint8_t ver;
	const struct ike_version_ops *vops;
	enum ike_state state;
	bool initiator;
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_path path;
	struct suite suite;
	struct id my_id;
	struct id peer_id;
	struct cert *peer_cert;
	bool nat_us;
	bool nat_peer;
	bool peer_frag;
	uint64_t created;
	time_t created_wall;
	uint64_t up_since;
	uint64_t heard;
	struct flight flight;
	struct timer dpd;
	unsigned int probes;
	struct timer life;
	struct timer keepalive;
	struct timer give_up;
	struct v1_state *v1;
	struct v2_state *v2;
	enum gate_class half;
	bool quiet;
	struct ike_sa *adopted_by;
};

/* bytes of a first message, of which much is kept: long ones are for filling up our memory */
#define IKE_FIRST_MAX 16384

/* ---- sa.c ---- */

/* our SPI or cookie is chosen here; the SA is in the table by it, state IKE_BEGUN */
struct ike_sa *ike_sa_new(struct ike_peer *peer, uint8_t ver, bool initiator,
			  const struct ike_path *path);
struct ike_sa *ike_sa_by_spi(struct ike *ike, uint64_t our_spi);
uint64_t ike_sa_our_spi(const struct ike_sa *sa);
/* authenticated: log, timers (life, DPD, keepalive), script, event, waiting children */
void ike_sa_up(struct ike_sa *sa);
/* take it out of everything; it is freed at the end of the event; tells nobody */
void ike_sa_kill(struct ike_sa *sa);
/* free what was killed; ike_reap() is the callback of ike->reaper */
void ike_reap_dead(struct ike *ike);
void ike_reap(void *ike);
/* its time is over, or somebody wants it gone: script, event, the peer is told */
void ike_sa_end(struct ike_sa *sa, enum report_cause cause, const char *reason);
/* what goes with it (IKEv2's child SAs) ends now, for that reason; its own end is to follow */
void ike_sa_drop_children(struct ike_sa *sa, enum report_cause cause, const char *reason);
/* the negotiation failed: the report is filled in @sa->peer->report; log, event, kill, back-off */
void ike_sa_fail(struct ike_sa *sa);
/* the same of one that was up, and that the peer no longer answers under */
void ike_sa_dead(struct ike_sa *sa);
/* has the peer spoken under another IKE SA of the same ends since it last did under this one? */
bool ike_sa_heard_elsewhere(const struct ike_sa *sa);
/* the peer lives: any authenticated message */
void ike_sa_heard(struct ike_sa *sa, const struct ike_path *path);
/* the peer's last message has come again: so goes our @answer, and the log says it */
void ike_sa_repeat(const struct ike_sa *sa, struct flight *answer);
/* our identity for the peer by the configuration (address, or the certificate's subject) */
bool ike_sa_my_id(struct ike_sa *sa);
/* @sa is rekeyed by @by: children move over; @sa becomes IKE_REPLACED */
void ike_sa_replace(struct ike_sa *sa, struct ike_sa *by);
/*
 * The same peer, by identity, has come with INITIAL-CONTACT: its older SAs are dead, but for those
 * with another address of ours. Those that came up after @sa was begun, because both ends began at
 * once, it did not know of when it said so.
 */
void ike_sa_initial_contact(struct ike_sa *sa);
/* do both leave from the same address of ours? */
bool ike_sa_same_end(const struct ike_sa *a, const struct ike_sa *b);
/* "10.0.0.1[500]-10.0.0.2[500]" */
const char *ike_path_text(const struct ike_path *path, char buf[2 * ADDR_TEXT]);
/* racoon's lines: "ISAKMP-SA established ...", and "initiate new phase 1 negotiation: ..." */
void ike_sa_log(const struct ike_sa *sa, const char *what);
void ike_sa_log_begin(const struct ike_sa *sa, const char *what);
/* of two that both ends began at once the nonces decide (RFC 7296 2.8.1; IKEv1 does it likewise) */
bool ike_nonce_less(struct chunk a, struct chunk b);

/* ---- natt.c ---- */

/* an SPI or cookie as it is on the wire */
void ike_spi_bytes(uint64_t spi, uint8_t out[8]);

/* NAT detection hash of an address and port (RFC 3947 3.2, RFC 7296 2.23) */
bool natt_hash(const char *ossl, uint64_t spi_i, uint64_t spi_r, const struct sockaddr_storage *sa,
	       uint8_t out[CRYPT_HASH_MAX], size_t *len);
/* what we send for our own address: a wrong one when encapsulation is forced */
bool natt_hash_own(const struct ike_sa *sa, const char *ossl, uint8_t out[CRYPT_HASH_MAX],
		   size_t *len);
/* what the hashes say: is our address, and the peer's, the one that the other end sees? */
void natt_detected(struct ike_sa *sa, bool us, bool peer);
/* move to the NAT-T port, if there is a NAT */
void natt_float(struct ike_sa *sa);
/* SAs of @sa are to be in UDP */
bool natt_in_use(const struct ike_sa *sa);

/* ---- gate.c ---- */

/* a new SA of which we are responder is half open, until gate_leave() */
void gate_enter(struct ike_sa *sa, enum gate_class half);
void gate_leave(struct ike_sa *sa);
/* IKEv1: its peer receives where it says it is; false: there are too many, ask later */
bool gate_real(struct ike_sa *sa);
/* IKEv1: may an SA be made for a first message that has passed all else? an older one may go */
bool gate_main(struct ike *ike, const struct sockaddr_storage *from);
bool gate_aggressive(struct ike *ike, const struct sockaddr_storage *from);
/* IKEv2: is a cookie due? may an SA be made for one who has brought it? is it the right one? */
bool gate_wants_cookie(struct ike *ike, const struct sockaddr_storage *from);
bool gate_cookied(struct ike *ike, const struct sockaddr_storage *from);
void gate_cookie(struct ike *ike, struct chunk ni, const struct sockaddr_storage *from,
		 uint64_t spi_i, struct blob *cookie);
bool gate_cookie_ok(struct ike *ike, struct chunk ni, const struct sockaddr_storage *from,
		    uint64_t spi_i, struct chunk cookie);

#endif /* TESTUDOD_ENGINE_SA_H */
