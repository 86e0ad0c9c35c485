/* SPDX-License-Identifier: GPL-2.0 */
/* The functions that the files of this room have for each other; see v2.h. */
#ifndef TESTUDOD_IKEV2_V2_PARTS_H
#define TESTUDOD_IKEV2_V2_PARTS_H

/* ---- v2_main.c ---- */

struct v2_state *v2_state_new(struct ike_sa *sa);

/* ---- v2_queue.c: exchanges that we begin ---- */

struct v2_exchange *v2_queue_new(struct ike_sa *sa, enum v2_what what);
void v2_exchange_free(struct v2_exchange *x);
/* the next one, if none is under way and no message is being worked on */
void v2_pump(struct ike_sa *sa);
/* again after a while, because the peer asked for that; false: often enough */
bool v2_queue_again(struct ike_sa *sa, struct v2_exchange *x);
/* what waits under @sa goes on under @by */
void v2_queue_move(struct ike_sa *sa, struct ike_sa *by);
void v2_queue_clear(struct ike_sa *sa);
/* is one of that kind under way? */
bool v2_doing(const struct ike_sa *sa, enum v2_what what);
/* do we delete the child SA whose SPI that is at the peer's? */
bool v2_deleting(const struct ike_sa *sa, uint8_t proto, uint32_t peer_spi);
void v2_no_answer(void *sa);
void v2_queue_init(struct ike_sa *sa);

/* ---- v2_msg.c: protection and fragments ---- */

/** enum v2_opened - what a protected message turned out to be */
enum v2_opened {
	V2_WHOLE,  /* payloads are in @msg */
	V2_PIECE,  /* a fragment; more are missing, or it was there before */
	V2_FORGED, /* not from the peer, or damaged */
	V2_BROKEN, /* from the peer, but what was inside has no form */
};

enum v2_opened v2_msg_open(struct v2_in *in, struct chunk data);
/* is it the peer's, and (of fragments) the first? For a request that came again */
bool v2_msg_genuine(struct ike_sa *sa, const struct wire_hdr *hdr, struct chunk data);
/* seal @sent (cut in pieces if need be) into @f, which is not sent yet */
bool v2_msg_seal(struct ike_sa *sa, const struct v2_sent *sent, const struct ike_path *path,
		 struct flight *f);
/* take the payloads of @chain into @sent */
void v2_sent_set(struct v2_sent *sent, uint8_t exchange, bool response, uint32_t msgid,
		 struct wire_out *chain);
void v2_sent_wipe(struct v2_sent *sent);
/* answer the request in @in with @chain, protected */
void v2_answer(struct v2_in *in, struct wire_out *chain);
/* with one notification */
void v2_answer_notify(struct v2_in *in, uint16_t type, struct chunk data);

/* ---- v2_init.c, v2_init_serve.c: IKE_SA_INIT ---- */

void v2_init_build(struct ike_sa *sa, struct v2_exchange *x);
void v2_init_answer(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		    struct chunk data);
/* the request came again */
void v2_init_again(struct ike_sa *sa, struct chunk data);
void v2_refusal_over(void *sa);

/* what both sides of IKE_SA_INIT say, and hear besides SA, KE and nonce */
void v2_init_put(struct ike_sa *sa, const struct v2_sa *proposal, const struct crypt_dh *dh,
		 struct wire_out *o);
void v2_init_read(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		  const struct wire_msg *msg);
bool v2_init_keys(struct ike_sa *sa, struct chunk shared);
size_t v2_nonce_size(const struct ike_sa *sa);
void v2_nonce_make(struct blob *nonce, size_t n);
/* the only payload of that type with a nonce of a legal size in it */
bool v2_get_nonce(const struct wire_msg *msg, struct chunk *nonce);
/* a payload that may be there once only is there twice */
bool v2_repeated(const struct wire_msg *msg);
/* an unknown payload with the critical bit; its type, 0: none */
uint8_t v2_critical(const struct wire_msg *msg);

/* ---- v2_auth.c: IKE_AUTH ---- */

/* does a child SA wait for that new IKE SA? those that can not be had have failed */
bool v2_auth_wanted(struct ike_sa *sa);
bool v2_auth_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o);
void v2_auth_answer(struct v2_in *in, struct v2_exchange *x);
void v2_auth_request(struct v2_in *in);

/* ---- v2_proof.c: CERT, CERTREQ and AUTH payloads ---- */

/* may the peer use a pre-shared key, or a certificate? */
bool v2_proof_takes(const struct ike_sa *sa, bool psk);
void v2_proof_put_cert(struct ike_sa *sa, struct wire_out *o);
void v2_proof_put_certreq(struct ike_sa *sa, struct wire_out *o);
/* both: false: the report is filled */
bool v2_proof_put(struct ike_sa *sa, struct wire_out *o);
bool v2_proof_check(struct ike_sa *sa, const struct wire_msg *msg, struct chunk id_body);

/* ---- v2_child.c, v2_child_serve.c: child SAs ---- */

bool v2_child_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o);
void v2_child_answer(struct v2_in *in, struct v2_exchange *x);
void v2_child_request(struct v2_in *in);
/* is it something that IKEv2 can negotiate? false: the child has failed */
bool v2_child_possible(struct child_sa *child);
/* what IKE_AUTH and CREATE_CHILD_SA have in common: SPIs, SA, TS; false: the child has failed */
bool v2_child_prepare(struct ike_sa *sa, struct child_sa *child);
void v2_child_put(struct child_sa *child, bool first, struct wire_out *o);
bool v2_child_served(struct ike_sa *sa, struct child_sa *child);
/* the peer's answer about the first child, which has failed if it is not usable */
void v2_child_first_answer(struct v2_in *in, struct v2_exchange *x);

/**
 * struct v2_serve - a child SA that the peer asks for
 * @first: in IKE_AUTH
 * @old: it rekeys that one
 * @msgid: of the request
 * @child: what we make of it
 * @error: notification if nothing came of it
 * @group: INVALID_KE_PAYLOAD: the group
 * @transport: USE_TRANSPORT_MODE
 * @ni: initiator's nonce
 * @nr: ours
 * @dh: our key pair for PFS
 * @shared: its secret
 * @keymat: keys
 * @answer: SA payload
 * @spi: SPI in it
 * @tsi: as the peer has it, the one that the first of @part's is a part of
 * @tsr: the same of ours
 * @part: what is taken of its selectors
 */
struct v2_serve {
	bool first;
	struct child_sa *old;
	uint32_t msgid;
	struct child_sa *child;
	uint16_t error;
	uint16_t group;
	bool transport;
	struct chunk ni;
	struct chunk nr;
	struct crypt_dh *dh;
	struct blob shared;
	struct blob keymat;
	struct v2_sa answer;
	uint8_t spi[4];
	struct ts tsi;
	struct ts tsr;
	struct policy_part part;
};

/* negotiate and install inbound; on failure @error is set and the report filled and told */
bool v2_serve_child(struct v2_in *in, struct v2_serve *s);
void v2_serve_put(struct v2_serve *s, struct wire_out *o);
/* the answer is on its way: the outbound half, at once or later */
void v2_serve_done(struct ike_sa *sa, struct v2_serve *s);
void v2_serve_wipe(struct v2_serve *s);

/* ---- v2_keys.c: keys and selectors of child SAs ---- */

bool v2_child_keymat(struct ike_sa *sa, struct child_sa *child, struct chunk shared,
		     struct chunk ni, struct chunk nr, struct blob *keymat);
/* @keymat's parts, as the engine wants them */
void v2_child_split(const struct child_sa *child, const struct blob *keymat, bool we_initiated,
		    struct child_keys keys[CHILD_PROTOS]);
/* the protocol of the bundle that IKEv2 negotiates by an SA payload; NULL: not exactly one */
struct child_proto *v2_child_proto(struct child_sa *child);
struct child_proto *v2_child_ipcomp(struct child_sa *child);
void v2_child_drop_ipcomp(struct ike_sa *sa, struct child_sa *child);
void v2_put_ipcomp(struct wire_out *o, uint32_t cpi);
bool v2_get_ipcomp(const struct wire_msg *msg, uint32_t *cpi);
uint8_t v2_proto_number(uint8_t ipproto);
uint8_t v2_proto_ip(uint8_t proto);
/* transport mode behind NATs (RFC 7296 2.23.1): the host of a selector of one host */
void v2_ts_set_host(struct ts *ts, const struct sockaddr_storage *host);
bool v2_ts_one_host(const struct ts *ts, struct sockaddr_storage *host);

/* ---- v2_rekey.c: a new IKE SA in place of the old one ---- */

bool v2_rekey_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o);
void v2_rekey_answer(struct v2_in *in, struct v2_exchange *x);
void v2_rekey_request(struct v2_in *in);
/* an heir that never comes to anything */
void v2_rekey_abandon(struct ike_sa *heir);
/* the peer deletes @sa, or uses the heir: an heir that waits takes over; false: there is none */
bool v2_rekey_inherit(struct ike_sa *sa);

/* ---- v2_info.c: INFORMATIONAL ---- */

bool v2_info_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o);
void v2_info_answer(struct v2_in *in, struct v2_exchange *x);
void v2_info_request(struct v2_in *in);
/* tell the peer that a child SA's pair is gone */
void v2_delete_child(struct ike_sa *sa, uint8_t proto, uint32_t spi, uint32_t peer_spi);
/* the end of @sa, told to the peer; v2_close_idle(): if it has no child and there is another one */
void v2_close(struct ike_sa *sa);
void v2_close_idle(struct ike_sa *sa);

/* ---- v2_tell.c: sentences ---- */

/* "b.test (10.0.0.2)" */
#define V2_WHO (ID_TEXT + ADDR_TEXT)
const char *v2_who(const struct ike_sa *sa, char buf[V2_WHO]);
/* what we offered, for the report's right-hand side */
void v2_tell_offer(struct report *r, const struct v2_sa *offer, const char *theirs);
/* the peer's word against an IKE SA, into the report */
void v2_tell_error(struct ike_sa *sa, uint16_t error, const char *stage, bool authentic);
void v2_tell_syntax(struct ike_sa *sa, const char *stage, const char *what);
/* a child SA of the peer's came to nothing: log and event */
void v2_tell_child(struct ike_sa *sa);
/* does @msg have a notification that is an error? the first; 0: none */
uint16_t v2_first_error(const struct wire_msg *msg);

#endif /* TESTUDOD_IKEV2_V2_PARTS_H */
