/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Child SAs: the pairs of SAs for one policy each, from the wish for one to its
 * end. IKEv1's outlive their ISAKMP SA and are then without @ike; IKEv2's go
 * with it.
 */
#ifndef TESTUDOD_ENGINE_CHILD_H
#define TESTUDOD_ENGINE_CHILD_H

#include "base/timer.h"
#include "crypto/crypt.h"
#include "engine/ike.h"
#include "engine/prop.h"

/** enum child_state - the life of a child SA */
enum child_state {
	CHILD_WANTED, /* waits for an IKE SA, or for its turn */
	CHILD_BEGUN,  /* being negotiated */
	CHILD_UP,
	CHILD_REPLACED, /* superseded; deleted soon */
	CHILD_DELETING, /* its end has been told: it sends no more */
};

/**
 * struct child_sa - a child SA: the pair (or bundle of pairs) for one policy
 * @link: in struct ike_peer
 * @peer: whom with
 * @ike: the IKE SA that it is negotiated under; NULL: none at the moment
 * @state: life
 * @initiator: we began the exchange that made it
 * @policy: the kernel's id of the outbound policy
 * @ngenerated: members of @generated
 * @generated: policies made for it (out, in, fwd); they go with it
 * @sainfo: block that rules it
 * @local: our selector, as agreed
 * @remote: the peer's
 * @acquire: sequence number of the kernel's ACQUIRE, 0: none waits
 * @choice: protocols, algorithms, SPIs
 * @larval: SPIs of @choice have been asked of the kernel
 * @nout: outbound SAs of ours in the kernel: the first ones of @choice. The peer names their
 *	SPIs, so others of the same name may belong to somebody else
 * @installed: both directions are in the kernel
 * @half: the peer has both, the outbound SAs of ours follow (IKEv1's initiator)
 * @replaces: it rekeys that one; NULL when that one is gone
 * @replaced_by: the other way round
 * @natt_oa: peer's original address (transport mode behind a NAT)
 * @created: ms
 * @created_wall: seconds, for people
 * @retire: ends a replaced one; of one whose rekey failed: the next try; of one that is
 *	negotiated: its time is up
 * @seen_bytes: inbound traffic at the last look, which counts as life
 * @dh: key pair for PFS while it is negotiated
 * @nonce_i: initiator's nonce while it is negotiated
 * @exchange: the version's exchange that negotiates it, or NULL
 * @adopted: of a run before us; not negotiated by this engine
 * @unwanted: somebody told us to end it: it is not made anew
 * @looked: a walk that may free others has been here (peer_start_children())
 */
struct child_sa {
	TAILQ_ENTRY(child_sa) link;
	struct ike_peer *peer;
	struct ike_sa *ike;
	enum child_state state;
	bool initiator;
	uint32_t policy;
	unsigned int ngenerated;
	struct policy generated[3];
	const struct conf_sainfo *sainfo;
	struct ts local;
	struct ts remote;
	uint32_t acquire;
	struct child_choice choice;
	bool larval;
	unsigned int nout;
	bool installed;
	bool half;
	struct child_sa *replaces;
	struct child_sa *replaced_by;
	struct sockaddr_storage natt_oa;
	uint64_t created;
	time_t created_wall;
	struct timer retire;
	uint64_t seen_bytes;
	struct crypt_dh *dh;
	struct blob nonce_i;
	void *exchange;
	bool adopted;
	bool unwanted;
	bool looked;
};

/* ---- child.c ---- */

/*
 * What a policy wants, to be negotiated as initiator; one that waits already is
 * taken. @local: our address towards the peer. NULL if no sainfo fits (report filled).
 */
struct child_sa *child_want(struct ike_peer *peer, const struct policy *policy,
			    const struct sockaddr_storage *local, uint32_t acquire);
/* our address, which its IKE SA leaves from */
const struct sockaddr_storage *child_from(const struct child_sa *child);
/*
 * As responder: find the policy for these selectors (or generate one) and the
 * sainfo. @mode: what the peer proposes; @shape: its bundle, for generate_policy, may be NULL.
 * NULL: report is filled.
 */
struct child_sa *child_serve(struct ike_sa *sa, const struct ts *local, const struct ts *remote,
			     uint8_t mode, const struct child_choice *shape);
/* the same, for what fits best of an offer; @part says what of it */
struct child_sa *child_serve_offer(struct ike_sa *sa, const struct policy_offer *offer,
				   const struct child_choice *shape, struct policy_part *part);
/* an empty one; state CHILD_WANTED, linked to the peer */
struct child_sa *child_new(struct ike_peer *peer);
/* sainfo of @conf for it: an initiator's by what it asked for, which the peer may have narrowed */
const struct conf_sainfo *child_sainfo(const struct conf *conf, const struct child_sa *child);
/* ends that the policy leaves open (transport mode) */
void child_set_ends(struct child_sa *child, const struct sockaddr_storage *local,
		    const struct sockaddr_storage *remote);
/* ask the kernel for our SPIs of choice.p[]; false: the report is filled */
bool child_getspi(struct child_sa *child);
/**
 * struct child_keys - keys of one protocol of the bundle, both directions
 * @in: cipher key (with salt), then integrity key, as KEYMAT gives them
 * @out: the same of what we send
 */
struct child_keys {
	struct chunk in;
	struct chunk out;
};

/* install the inbound SAs, then the outbound ones; false: the report is filled, nothing is left */
bool child_install(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS]);
/* only one half, for who waits with sending (RFC 7296 1.2, 2.8; IKEv1's initiator) */
bool child_install_in(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS]);
bool child_install_out(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS]);
/* tell the kernel that nothing comes of its ACQUIRE (errno value) */
void child_refuse(struct child_sa *child, int error);
/* its negotiation fails if it takes longer than "timer { phase2 }" says */
void child_bound(struct child_sa *child);
/* its IKE SA went away in the middle: back to CHILD_WANTED; its ACQUIRE waits on */
void child_restart(struct child_sa *child);
/* the peer's end of its SAs in UDP is elsewhere now; false: only new SAs can go there */
bool child_move(struct child_sa *child, const struct ike_path *path);
/* is it in the kernel, and the peer told so? Then the peer is told of its end, too */
bool child_is_there(const struct child_sa *child);
/* that, and is there an IKE SA, child_ike(), to tell it with? */
bool child_can_tell(const struct child_sa *child, const struct ike_sa *sa);
/* has it received something since this was last asked? */
bool child_carried(struct child_sa *child);
/* out of the kernel, larval SPIs too */
void child_uninstall(struct child_sa *child);
/* only what we send with; what is left is no longer in use */
void child_uninstall_out(struct child_sa *child);
/* in the kernel and agreed: log, event, retire what it replaces */
void child_up(struct child_sa *child);
/* for the same policy and the same selectors */
bool child_twins(const struct child_sa *a, const struct child_sa *b);
/* is another one of its policy up? */
bool child_other_up(const struct child_sa *child);
/* its IKE SA; of IKEv1's, which may have lost theirs, one between the same addresses, or any */
struct ike_sa *child_ike(const struct child_sa *child);
/*
 * @by takes the place of @old. @ours: it is ours to delete; else we only do if the peer forgets. Of
 * two racoons nobody does: a replaced one stays until its lifetime is over.
 */
void child_retire(struct child_sa *old, struct child_sa *by, bool ours);
/*
 * One that another has replaced ends: the peer is told, and what it sends until it has read that,
 * or has sent before, is still taken.
 */
void child_linger(struct child_sa *child);
/* the peer takes it back; what it has sent with one that was replaced may still be on its way */
void child_given_up(struct child_sa *child);
/* the peer has answered to the end of what it sends with as @spi */
void child_told(struct ike *ike, uint8_t proto, uint32_t spi);
/* the timer of a replaced one: it ends, or is looked at again */
void child_replaced_tick(struct child_sa *child);
/* of two that are up and were made at once @winner stays in use, whichever child_up() came last */
void child_yield(struct child_sa *child, struct child_sa *winner);
/*
 * The peer takes @gone back. Where exchanges crossed, the ends may differ about which of two
 * SAs replaced the other: what @gone replaced, and is still there, is in use again.
 */
void child_reprieve(struct child_sa *gone);
/* the kernel says that its soft lifetime is over: a new one in its place */
void child_rekey(struct child_sa *child);
/* remove from the kernel, and free; the peer is told if there is an IKE SA for it */
void child_close(struct child_sa *child, enum report_cause cause);
/* the same, with the reason in other words than those of @cause */
void child_close_for(struct child_sa *child, enum report_cause cause, const char *reason);
/* the same, but the peer is not told: who listens is, if it was in use */
void child_over(struct child_sa *child, enum report_cause cause, const char *reason);
/* remove from the kernel without a word, and free; safe in every state */
void child_free(struct child_sa *child);
/* the negotiation failed: the report is filled; the kernel's ACQUIRE is answered, back-off */
void child_fail(struct child_sa *child);
/* by the SPI that the peer knows it by (one that we send with), or that we receive with */
struct child_sa *child_by_spi_out(struct ike_peer *peer, uint8_t proto, uint32_t spi);
struct child_sa *child_by_spi_in(struct ike *ike, uint8_t proto, uint32_t spi);
/* by one of the kernel's names for its SAs, in whichever direction; without a destination: inbound */
struct child_sa *child_by_name(struct ike *ike, const struct kern_name *name);
/* racoon's lines: no IKE SA has come for it; and the lifetime of the SA with that name is over */
void child_log_waited(const struct child_sa *child);
void child_log_expired(const struct child_sa *child, const struct kern_name *name);
/* "10.0.1.0/24[any] any - 10.0.2.0/24[any] any" */
const char *child_text(const struct child_sa *child, char buf[2 * TS_TEXT]);

#endif /* TESTUDOD_ENGINE_CHILD_H */
