/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Child SAs that wait for their outbound half, and collisions of the exchanges
 * of both ends; see v2_half.c.
 */
#ifndef TESTUDOD_IKEV2_V2_HALF_H
#define TESTUDOD_IKEV2_V2_HALF_H

#include "engine/sa.h"

#define V2_HALF_REKEY  3000 /* ms */
#define V2_HALF_BESIDE 500  /* ms between two looks: the peer may have lost the other one, and use this */

/**
 * struct v2_about - what the exchanges of both ends can collide about
 * @policy: id of the outbound policy; 0: nothing
 * @local: our selector
 * @remote: the peer's
 */
struct v2_about {
	uint32_t policy;
	struct ts local;
	struct ts remote;
};

/**
 * struct v2_half - a child SA that we made as responder: inbound it is in the
 *	kernel, outbound it waits until the initiator surely has it, or until it is
 *	clear whose wins (RFC 7296 2.8)
 * @link: in struct v2_state
 * @child: the child SA
 * @keymat: its keys
 * @proto: V2_PROTO_*
 * @rival: SPI of the one that we made at the same time, and that has lost; 0: none
 * @due: ms; looked at then
 * @latest: ms; installed then, whether the peer has sent with it or not
 * @loser: the peer is about to delete it (2.8.1): not to be used
 * @lost: ms, since when
 */
struct v2_half {
	TAILQ_ENTRY(v2_half)
	link;
	struct child_sa *child;
	struct blob keymat;
	uint8_t proto;
	uint32_t rival;
	uint64_t due;
	uint64_t latest;
	bool loser;
	uint64_t lost;
};
TAILQ_HEAD(v2_half_list, v2_half);

/**
 * struct v2_redo - a child SA that was made lately, to know a collision
 * @link: in struct v2_state
 * @about: which
 * @proto: IPPROTO_*
 * @spi: SPI that we receive with
 * @ours: we began it
 * @when: ms
 * @ike: our SPI of the IKE SA
 * @next_in: message id that the peer's next request had then: the only one that
 *	can have crossed it
 * @nonce: the lower of its two nonces
 */
struct v2_redo {
	TAILQ_ENTRY(v2_redo)
	link;
	struct v2_about about;
	uint8_t proto;
	uint32_t spi;
	bool ours;
	uint64_t when;
	uint64_t ike;
	uint32_t next_in;
	struct blob nonce;
};
TAILQ_HEAD(v2_redo_list, v2_redo);

struct v2_about v2_about(const struct child_sa *child);
/* @keymat is taken; @rival: SPI of the one of ours that lost against it, 0: none; @wait: ms until the first look */
void v2_half_add(struct ike_sa *sa, struct child_sa *child, struct blob *keymat, uint32_t rival,
		 unsigned int wait);
struct v2_half *v2_half_of(const struct ike_sa *sa, const struct child_sa *child);
/* the peer shows that it has our answer: by a later request ... */
void v2_half_proven(struct ike_sa *sa);
/* ... or by deleting what it replaced; or it prefers it to what won */
void v2_half_old_gone(struct ike_sa *sa, struct child_sa *old);
/* ... or by ending the IKE SA that had what is beside it */
void v2_half_ike_gone(struct ike_sa *sa);
/* ... or by rekeying it: what lost is then used all the same; false: our own exchange is to decide */
bool v2_half_used(struct ike_sa *sa, const struct child_sa *child);
/* it shows that it has not */
void v2_half_postpone(struct ike_sa *sa);
void v2_half_finish_all(struct ike_sa *sa);
void v2_half_drop(struct ike_sa *sa, struct v2_half *half);
void v2_half_move(struct ike_sa *sa, struct ike_sa *by);
void v2_half_tick(void *sa);
/* the lower of two nonces, as 2.8.1 compares them */
struct chunk v2_nonce_lower(struct chunk a, struct chunk b);
/* a child SA was made by us, or by the peer */
struct v2_redo *v2_redo_add(struct ike_sa *sa, struct child_sa *child, bool ours,
			    struct chunk nonce);
/* the last one about that, made after @since; NULL: none */
const struct v2_redo *v2_redo_find(const struct ike_sa *sa, const struct v2_about *about, bool ours,
				   uint64_t since);
void v2_redo_clear(struct ike_sa *sa);
/* what the peer made lost against ours: it will delete it */
void v2_half_loses(struct ike_sa *sa, const struct v2_about *about);
/* is another IKE SA's, or nobody's since a restart, in use for the same? */
bool v2_half_beside(const struct ike_sa *sa, const struct child_sa *child);
/* one of ours that is in use for the same; NULL: none */
struct child_sa *v2_half_in_use(const struct ike_sa *sa, const struct child_sa *child);
/* has the peer made one about the same that only waits for its outbound half? */
bool v2_half_waits(const struct ike_sa *sa, const struct child_sa *child);
/* is an exchange of ours about the same under way? */
bool v2_half_contested(const struct ike_sa *sa, const struct child_sa *child);

#endif /* TESTUDOD_IKEV2_V2_HALF_H */
