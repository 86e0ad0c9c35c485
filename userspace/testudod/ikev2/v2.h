/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKEv2's own state and the seams between the files of this room; nobody else
 * includes it.
 *
 * An exchange that we begin is a struct v2_exchange in a queue, one at a time
 * under way (window 1); its kind is a row of the table in v2_main.c. A request
 * of the peer's goes by phase and exchange type through the other table there.
 */
#ifndef TESTUDOD_IKEV2_V2_H
#define TESTUDOD_IKEV2_V2_H

#include "base/log.h"
#include "engine/sa.h"
#include "ikev2/v2_half.h"
#include "wire/v2.h"

#define V2_N_CHILDLESS_IKEV2_SUPPORTED 16418 /* RFC 6023 */

#define V2_NONCE_MIN 16
#define V2_NONCE_MAX 256
#define V2_MTU	     1280 /* bytes of an IP packet with a fragment, at first (RFC 7383 2.5.1) */
#define V2_MTU_SMALL 576  /* when nothing comes through */
#define V2_CHILDREN  256  /* child SAs under one IKE SA */
#define V2_REFUSAL   7000 /* ms that a real answer may take after a word without proof */
#define V2_TRIED     8	  /* groups that may be asked for in one negotiation */

/** enum v2_phase - how far an IKE SA is; see the tables in v2_main.c */
enum v2_phase {
	V2_INITIAL, /* IKE_SA_INIT is under way, no keys yet */
	V2_KEYED,   /* keys, but nobody is proven: IKE_INTERMEDIATE and IKE_AUTH */
	V2_OPEN,    /* authenticated: CREATE_CHILD_SA and INFORMATIONAL */
	V2_ENDING,  /* our DELETE is queued or under way */
};

/** enum v2_what - kinds of exchange that we begin */
enum v2_what {
	V2_X_INIT,
	V2_X_AUTH,
	V2_X_CHILD,  /* a new child SA, or a rekeyed one */
	V2_X_REKEY,  /* a new IKE SA in place of this one */
	V2_X_DELETE, /* child SAs of one child */
	V2_X_CLOSE,  /* this IKE SA */
	V2_X_PROBE,
};

/**
 * struct v2_exchange - an exchange of ours
 * @link: in the queue; not while under way
 * @what: kind
 * @child: V2_X_CHILD and V2_X_AUTH: the child SA; NULL when it went away
 * @sa: V2_X_REKEY: the new IKE SA
 * @proto: V2_X_CHILD, V2_X_DELETE: V2_PROTO_*
 * @spi: V2_X_CHILD, V2_X_DELETE: the SPI that we receive with
 * @peer_spi: V2_X_DELETE: the one that we sent with
 * @about: V2_X_CHILD, V2_X_AUTH: which child SA it makes
 * @since: ms, when it was sent first
 * @ngone: members of @gone
 * @gone: V2_X_CHILD: SPIs that the peer deleted before its answer with them came
 * @tries: how often the peer asked us to come later
 * @not_before: ms
 * @dh: V2_X_REKEY: our key pair
 * @group: V2_X_REKEY: group that the peer asked for, 0: our first
 */
struct v2_exchange {
	TAILQ_ENTRY(v2_exchange)
	link;
	enum v2_what what;
	struct child_sa *child;
	struct ike_sa *sa;
	uint8_t proto;
	uint32_t spi;
	uint32_t peer_spi;
	struct v2_about about;
	uint64_t since;
	unsigned int ngone;
	uint32_t gone[4];
	unsigned int tries;
	uint64_t not_before;
	struct crypt_dh *dh;
	uint16_t group;
};
TAILQ_HEAD(v2_exchange_list, v2_exchange);

/**
 * struct v2_sent - a message of ours, kept so that it can be cut anew
 * @clear: its payloads
 * @first: type of the first one
 * @exchange: exchange type
 * @response: it is an answer
 * @msgid: message id
 * @repeats: the peer has asked again so often
 * @sealed: it was protected
 */
struct v2_sent {
	struct blob clear;
	uint8_t first;
	uint8_t exchange;
	bool response;
	uint32_t msgid;
	unsigned int repeats;
	bool sealed;
};

/**
 * struct v2_state - what an IKE SA has in IKEv2
 * @phase: how far it is
 * @keys: key schedule
 * @init_i: initiator's first message, which its AUTH covers
 * @init_r: responder's
 * @ni: initiator's nonce
 * @nr: responder's
 * @dh: our key pair, until the keys are there
 * @cookie: the peer's, to be sent back
 * @cookies: how many it asked for
 * @tried: groups that we came with
 * @ntried: how many
 * @refused: an unauthenticated message said no; its word is in the report
 * @refusal: until then a real answer may still come
 * @rfc7427: the peer takes authentication method 14
 * @hashes: its hash algorithms for that, bit 1 << id
 * @next_in: message id of the peer's next request
 * @next_out: of ours
 * @queue: exchanges that wait
 * @now: the one under way
 * @request: our last request
 * @reply: our last answer
 * @answer: datagrams of @reply (those of @request are in the IKE SA's flight)
 * @mtu: bytes of our fragments' IP packets
 * @shrink: nothing came back: try smaller fragments
 * @later: when the head of @queue is due
 * @asm_request: fragments of the peer's request
 * @asm_answer: fragments of its answer
 * @asm_first: type of the first payload of both
 * @halves: child SAs without their outbound half
 * @half: when the next one is due
 * @redo: child SAs made lately
 * @nredo: how many
 * @heir_theirs: the IKE SA that the peer made in place of this one, undecided
 * @heir_nonce: lower nonce of that exchange
 * @parent: of an undecided one: which it is to replace
 * @busy: a message is being worked on: nothing is to be sent before its answer
 * @hinted: ms, when an unprotected INVALID_IKE_SPI last made us look
 */
struct v2_state {
	enum v2_phase phase;
	struct crypt_v2_keys keys;
	struct blob init_i;
	struct blob init_r;
	struct blob ni;
	struct blob nr;
	struct crypt_dh *dh;
	struct blob cookie;
	unsigned int cookies;
	uint16_t tried[V2_TRIED];
	unsigned int ntried;
	bool refused;
	struct timer refusal;
	bool rfc7427;
	uint32_t hashes;
	uint32_t next_in;
	uint32_t next_out;
	struct v2_exchange_list queue;
	struct v2_exchange *now;
	struct v2_sent request;
	struct v2_sent reply;
	struct flight answer;
	size_t mtu;
	struct timer shrink;
	struct timer later;
	struct frag asm_request;
	struct frag asm_answer;
	uint8_t asm_first[2];
	struct v2_half_list halves;
	struct timer half;
	struct v2_redo_list redo;
	unsigned int nredo;
	struct ike_sa *heir_theirs;
	struct blob heir_nonce;
	struct ike_sa *parent;
	unsigned int busy;
	uint64_t hinted;
};

/**
 * struct v2_in - a message that is being worked on
 * @sa: its IKE SA
 * @path: the way it came
 * @hdr: header
 * @msg: payloads, those inside if it was protected
 * @clear: where they are
 * @answered: the request has its answer
 */
struct v2_in {
	struct ike_sa *sa;
	struct ike_path path;
	struct wire_hdr hdr;
	struct wire_msg msg;
	struct blob clear;
	bool answered;
};

#include "ikev2/v2_parts.h"

#endif /* TESTUDOD_IKEV2_V2_H */
