/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one IKEv1 SA and one quick mode remember. Nobody outside of ikev1/
 * includes it.
 */
#ifndef TESTUDOD_IKEV1_V1_STATE_H
#define TESTUDOD_IKEV1_V1_STATE_H

#include "engine/sa.h"
#include "wire/v1.h"

#define V1_QUICK_OURS	3    /* quick modes that we have under way at a time (charon's limit) */
#define V1_QUICK_THEIRS 16   /* that a peer may have */
#define V1_EXCHANGES	32   /* remembered ones included */
#define V1_EARLY	4    /* messages kept that came before phase 1 was done */
#define V1_EARLY_MAX	2048 /* bytes of one of them */
#define V1_SEEN		32   /* message ids of Informationals that are not taken twice */
#define V1_IV_MAX	16
#define V1_DIGEST	32
#define V1_SAID		200   /* what a peer said without proof */
#define V1_REMEMBER	60000 /* ms that a finished quick mode answers repetitions */
#define V1_COLLISION	10000 /* ms between two exchanges that may have crossed */
#define V1_OUT_DELAY	300   /* ms from QM3 until we send: the responder installs its SA when it has it */
#define V1_OUT_LATEST	5000  /* ms, where another one is in use and the responder was not seen to have it */

/** enum v1_phase - which message of phase 1 is waited for; the letter says who waits */
enum v1_phase {
	V1_I_MM2,
	V1_I_MM4,
	V1_I_MM6,
	V1_R_MM3,
	V1_R_MM5,
	V1_I_AM2,
	V1_R_AM3,
	V1_DONE,
};

/**
 * struct v1_early - a message that came too early
 * @path: where from
 * @data: all of it
 */
struct v1_early {
	struct ike_path path;
	struct blob data;
};

/** enum v1_quick_state - where a quick mode stands */
enum v1_quick_state {
	V1_Q_WAIT2, /* initiator: QM1 is out */
	V1_Q_WAIT3, /* responder: QM2 is out */
	V1_Q_HALF,  /* initiator: QM3 is out, our outbound SA follows */
	V1_Q_DONE,  /* kept for repetitions and collisions */
};

/**
 * struct v1_exchange - one quick mode
 * @link: in struct v1_state, the oldest first
 * @sa: under which
 * @msgid: message id
 * @initiator: we began it
 * @state: where it stands
 * @iv: of the next message, whoever sends it
 * @last: digest of the last message taken
 * @flight: our last message
 * @ni: initiator's nonce
 * @nr: responder's
 * @dh: our key pair with PFS
 * @shared: secret of it
 * @keys: KEYMAT of each protocol, inbound and outbound
 * @idci: body of the initiator's selector, empty: none was sent
 * @idcr: body of the responder's
 * @ipproto: protocol of @spi_in, IPPROTO_*
 * @spi_in: an SPI of ours in the bundle, to find the child by later; until a
 *	responder has one it is the initiator's, which it is refused by
 * @begun: ms
 * @ended: ms, when QM3 was sent or taken; 0: not yet
 * @next: ends the state that it is in
 */
struct v1_exchange {
	TAILQ_ENTRY(v1_exchange)
	link;
	struct ike_sa *sa;
	uint32_t msgid;
	bool initiator;
	enum v1_quick_state state;
	uint8_t iv[V1_IV_MAX];
	uint8_t last[V1_DIGEST];
	struct flight flight;
	struct blob ni;
	struct blob nr;
	struct crypt_dh *dh;
	struct blob shared;
	struct blob keys[CHILD_PROTOS][2];
	struct blob idci;
	struct blob idcr;
	uint8_t ipproto;
	uint32_t spi_in;
	uint64_t begun;
	uint64_t ended;
	struct timer next;
};

TAILQ_HEAD(v1_exchange_list, v1_exchange);

/**
 * struct v1_state - IKEv1's part of an IKE SA
 * @exchange: V1_MAIN or V1_AGGRESSIVE
 * @phase: which message is waited for
 * @vids: vendor ids that the peer announced, bit 1 << enum v1_vid
 * @natt: NAT traversal in use, V1_VID_UNKNOWN: none
 * @sai_b: body of the initiator's SA payload, as it was on the wire
 * @dh: our key pair, until the keys are made
 * @gxi: initiator's public value
 * @gxr: responder's
 * @ni: initiator's nonce
 * @nr: responder's
 * @idii: body of the initiator's ID payload
 * @idir: of the responder's
 * @shared: g^xy until the keys are made
 * @keys: key schedule
 * @iv: of the next message of phase 1, then its last block, which the IVs of
 *	later exchanges begin with
 * @last: digest of the last message of phase 1 that was taken
 * @frag: incoming fragments
 * @piece: digests of the pieces of the last message that came in pieces and was taken
 * @frag_id: of the last message that we cut
 * @early: messages to be looked at when phase 1 is done
 * @nearly: members of @early
 * @quick: quick modes
 * @seen: message ids of Informationals taken
 * @nseen: taken so far
 * @got_initial: the peer said it
 * @unsure: aggressive mode's initiator does not know yet whether AM3 has arrived
 * @told: the peer knows that this SA ends
 * @dpd_seq: sequence number of our last R-U-THERE
 * @said_type: last notification without proof, 0: none
 * @said: its text, for the report
 * @asked: names of the CAs that the peer asked for
 * @asked_ours: one of them has issued our certificate, or any would do
 * @asked_any: the peer asked for any certificate
 */
struct v1_state {
	uint8_t exchange;
	enum v1_phase phase;
	uint32_t vids;
	enum v1_vid natt;
	struct blob sai_b;
	struct crypt_dh *dh;
	struct blob gxi;
	struct blob gxr;
	struct blob ni;
	struct blob nr;
	struct blob idii;
	struct blob idir;
	struct blob shared;
	struct crypt_v1_keys keys;
	uint8_t iv[V1_IV_MAX];
	uint8_t last[V1_DIGEST];
	struct frag frag;
	uint64_t piece[FRAG_MAX];
	uint16_t frag_id;
	struct v1_early early[V1_EARLY];
	unsigned int nearly;
	struct v1_exchange_list quick;
	uint32_t seen[V1_SEEN];
	unsigned int nseen;
	bool got_initial;
	bool unsure;
	bool told;
	uint32_t dpd_seq;
	uint16_t said_type;
	char said[V1_SAID];
	char asked[V1_SAID];
	bool asked_ours;
	bool asked_any;
};

/**
 * struct v1_in - a message of the peer, for whoever handles it
 * @path: where it came from
 * @hdr: header
 * @msg: its payloads, decrypted
 * @next_iv: its last cipher block, if it was encrypted
 */
struct v1_in {
	const struct ike_path *path;
	const struct wire_hdr *hdr;
	const struct wire_msg *msg;
	uint8_t next_iv[V1_IV_MAX];
};

/** enum v1_verdict - what a handler of a message says */
enum v1_verdict {
	V1_TAKEN,   /* it was the one waited for */
	V1_DROPPED, /* as if it had never come */
	V1_ENDED,   /* the SA is no more */
};

/* a set of payload types; drafts' numbers have bits of their own */
#define V1_BIT(type)                                                                \
	((type) == P1_NAT_D_DRAFT ? 1u << 30 : (type) == P1_NAT_OA_DRAFT ? 1u << 31 \
									 : 1u << (type))

#endif /* TESTUDOD_IKEV1_V1_STATE_H */
