/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of this room call of each other. Nobody outside includes it.
 *
 *   v1_main     ops, dispatch by state and exchange, duplicates
 *   v1_phase1   payload policy, keys, coming up and failing
 *   v1_vid      vendor ids
 *   v1_main_mode, v1_aggressive   the two exchanges of phase 1
 *   v1_auth, v1_cert   identity, HASH and SIG; certificates
 *   v1_natt     NAT-D, NAT-OA, the port, encapsulation attributes
 *   v1_quick, v1_quick_msg, v1_quick_end   quick mode
 *   v1_info, v1_delete   Informational: notifications, DELETE, DPD
 *   v1_crypt    CBC, IVs, HASH(1) to HASH(3)
 *   v1_frag     the vendor's fragments
 */
#ifndef TESTUDOD_IKEV1_V1_ROOM_H
#define TESTUDOD_IKEV1_V1_ROOM_H

#include "ikev1/v1_state.h"

/* ---- v1_main.c ---- */
void v1_message(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		struct chunk data);
void v1_repeat(struct ike_sa *sa, const struct wire_hdr *hdr);
void v1_digest(struct chunk data, uint8_t out[V1_DIGEST]);
void v1_bad(struct ike_sa *sa, const struct ike_path *path, const char *what, const char *why);
void v1_too_early(struct ike_sa *sa, const struct ike_path *path, struct chunk data);
void v1_run_early(struct ike_sa *sa);

/* ---- v1_phase1.c ---- */
void v1_state_new(struct ike_sa *sa, uint8_t exchange, enum v1_phase phase);
void v1_state_free(struct ike_sa *sa);
bool v1_payloads_ok(const struct wire_msg *msg, uint32_t need, uint32_t may, const char **why);
void v1_begin(const struct ike_sa *sa, struct wire_out *o, uint8_t exchange, uint32_t msgid);
struct blob v1_clear(struct wire_out *o);
void v1_ask(struct ike_sa *sa, struct blob *dg);
void v1_answer(struct ike_sa *sa, struct blob *dg);
enum v1_verdict v1_take_answer(struct ike_sa *sa, const struct v1_in *in);
void v1_put_sa_payload(struct wire_out *o, const struct v1_sa *offer);
void v1_make_nonce(const struct ike_sa *sa, struct blob *nonce);
bool v1_take_ke(struct ike_sa *sa, const struct wire_msg *msg);
bool v1_take_nonce(struct ike_sa *sa, const struct wire_msg *msg);
bool v1_make_dh(struct ike_sa *sa);
bool v1_make_keys(struct ike_sa *sa);
void v1_put_initial(struct ike_sa *sa, struct wire_out *o);
void v1_take_notifies(struct ike_sa *sa, const struct wire_msg *msg);
void v1_up(struct ike_sa *sa, const struct ike_path *path);
enum v1_verdict v1_fail(struct ike_sa *sa, uint16_t notify);
void v1_give_back(struct ike_sa *sa);
void v1_sure(struct ike_sa *sa);
void v1_gave_up(void *arg);

/* ---- v1_vid.c ---- */
void v1_take_vids(struct ike_sa *sa, const struct wire_msg *msg);
void v1_put_vids(struct ike_sa *sa, struct wire_out *o);

/* ---- v1_main_mode.c, v1_aggressive.c ---- */
void v1_mm1(struct ike_sa *sa);
void v1_mm2(struct ike_sa *sa, const struct v1_sa *answer);
enum v1_verdict v1_on_mm2(struct ike_sa *sa, const struct v1_in *in);
enum v1_verdict v1_on_mm3(struct ike_sa *sa, const struct v1_in *in);
enum v1_verdict v1_on_mm4(struct ike_sa *sa, const struct v1_in *in);
enum v1_verdict v1_on_mm5(struct ike_sa *sa, const struct v1_in *in);
enum v1_verdict v1_on_mm6(struct ike_sa *sa, const struct v1_in *in);
void v1_am1(struct ike_sa *sa);
enum v1_verdict v1_on_am1(struct ike_sa *sa, const struct wire_msg *msg, const struct v1_sa *answer);
enum v1_verdict v1_on_am2(struct ike_sa *sa, const struct v1_in *in);
enum v1_verdict v1_on_am3(struct ike_sa *sa, const struct v1_in *in);

/* ---- v1_auth.c ---- */
bool v1_make_id(struct ike_sa *sa);
bool v1_take_id(struct ike_sa *sa, const struct wire_msg *msg);
bool v1_skeyid(struct ike_sa *sa);
bool v1_put_proof(struct ike_sa *sa, struct wire_out *o);
bool v1_check_proof(struct ike_sa *sa, const struct wire_msg *msg, uint16_t *notify);

/* ---- v1_cert.c ---- */
void v1_put_cert(struct ike_sa *sa, struct wire_out *o);
struct cert *v1_peer_cert(struct ike_sa *sa, const struct wire_msg *msg, uint16_t *notify);
void v1_put_certreqs(struct ike_sa *sa, struct wire_out *o);
void v1_take_certreqs(struct ike_sa *sa, const struct wire_msg *msg);

/* ---- v1_natt.c ---- */
void v1_natt_choose(struct ike_sa *sa);
void v1_put_natd(struct ike_sa *sa, struct wire_out *o);
void v1_take_natd(struct ike_sa *sa, const struct wire_msg *msg, const struct ike_path *path);
void v1_natt_encap_in(struct v1_sa *theirs);
void v1_natt_encap_out(const struct ike_sa *sa, struct v1_sa *ours);
void v1_put_natoas(const struct v1_exchange *x, struct wire_out *o);
bool v1_get_natoas(const struct wire_msg *msg, struct sockaddr_storage oa[2]);

/* ---- v1_crypt.c ---- */
bool v1_seal(struct ike_sa *sa, struct wire_out *o, uint8_t iv[V1_IV_MAX], struct blob *dg);
bool v1_open(struct ike_sa *sa, struct chunk data, const uint8_t iv[V1_IV_MAX],
	     uint8_t next_iv[V1_IV_MAX], struct blob *clear);
bool v1_first_iv(struct ike_sa *sa);
bool v1_exchange_iv(struct ike_sa *sa, uint32_t msgid, uint8_t iv[V1_IV_MAX]);
void v1_hash_begin(struct ike_sa *sa, struct wire_out *o, uint8_t exchange, uint32_t msgid);
bool v1_hash_end(struct ike_sa *sa, struct wire_out *o, uint32_t msgid, struct chunk ni);
bool v1_hash_ok(struct ike_sa *sa, const struct wire_msg *msg, uint32_t msgid, struct chunk ni);
bool v1_hash3(struct ike_sa *sa, const struct v1_exchange *x, uint8_t out[CRYPT_HASH_MAX]);

/* ---- v1_frag.c ---- */
void v1_load(struct ike_sa *sa, struct flight *f, struct blob *dg);
void v1_frag_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		   struct chunk data);

/* ---- v1_quick*.c ---- */
void v1_child_start(struct ike_sa *sa, struct child_sa *child);
void v1_quick_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		    struct chunk data);
struct v1_exchange *v1_exchange_new(struct ike_sa *sa, uint32_t msgid, bool initiator);
void v1_exchange_free(struct v1_exchange *x);
struct v1_exchange *v1_exchange_find(struct ike_sa *sa, uint32_t msgid);
void v1_exchange_spi(struct v1_exchange *x, const struct child_sa *child);
unsigned int v1_exchanges_open(const struct ike_sa *sa, bool initiator);
void v1_child_forget(struct ike_sa *sa, struct child_sa *child);
struct child_sa *v1_exchange_child(const struct v1_exchange *x);
void v1_quick_fail(struct v1_exchange *x, struct child_sa *child, uint16_t notify);
void v1_quick_half(struct v1_exchange *x, struct child_sa *child);
void v1_quick_done(struct v1_exchange *x, struct child_sa *child);
void v1_quick_done_all(struct ike_sa *sa);
void v1_quick_refused(struct ike_sa *sa, const struct v1_notify *n);
bool v1_qm1_send(struct v1_exchange *x, struct child_sa *child);
bool v1_qm2_send(struct v1_exchange *x, struct child_sa *child, const struct v1_sa *theirs,
		 uint32_t offered_life);
bool v1_qm3_send(struct v1_exchange *x);
bool v1_quick_ids(struct v1_exchange *x, const struct wire_msg *msg, struct ts *local,
		  struct ts *remote, const char **why);
bool v1_quick_same_ids(const struct v1_exchange *x, const struct wire_msg *msg);
bool v1_quick_ke(struct v1_exchange *x, struct child_sa *child, const struct wire_msg *msg);
bool v1_quick_keymat(struct v1_exchange *x, const struct child_sa *child,
		     struct child_keys keys[CHILD_PROTOS]);
void v1_quick_keys(const struct v1_exchange *x, struct child_keys keys[CHILD_PROTOS]);
uint32_t v1_get_lifetime(struct chunk data, uint32_t *kilobytes);

/* ---- v1_info.c, v1_delete.c ---- */
void v1_info_input(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		   struct chunk data);
uint32_t v1_info_begin(struct ike_sa *sa, struct wire_out *o);
void v1_info_end(struct ike_sa *sa, struct wire_out *o, uint32_t msgid);
void v1_notify_clear(struct ike *ike, const struct ike_path *path, uint64_t spi_i, uint64_t spi_r,
		     uint16_t type, const char *text);
void v1_notify_sealed(struct ike_sa *sa, uint8_t proto, struct chunk spi, uint16_t type,
		      const char *text);
const char *v1_notify_text(const struct v1_notify *n, char *buf, size_t size);
void v1_ask_alive(struct ike_sa *sa);
void v1_probe(struct ike_sa *sa);
uint32_t v1_new_msgid(struct ike_sa *sa);
void v1_put_cookies(const struct ike_sa *sa, uint8_t out[16]);
bool v1_seen(struct ike_sa *sa, uint32_t msgid);
void v1_delete_spi(struct ike_sa *sa, uint8_t ipproto, uint32_t spi);
void v1_child_gone(struct ike_sa *sa, struct child_sa *child);
void v1_tell_end(struct ike_sa *sa);
void v1_close(struct ike_sa *sa);
void v1_take_delete(struct ike_sa *sa, struct chunk body);

#endif /* TESTUDOD_IKEV1_V1_ROOM_H */
