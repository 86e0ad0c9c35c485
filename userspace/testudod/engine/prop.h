/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Proposals: from the configuration to what we offer, and from what the peer
 * offers to the choice. Pure. A choice that fails fills a report with every
 * attribute side by side.
 */
#ifndef TESTUDOD_ENGINE_PROP_H
#define TESTUDOD_ENGINE_PROP_H

#include "conf/conf.h"
#include "engine/policy.h"
#include "engine/report.h"
#include "wire/v1.h"
#include "wire/v2.h"

/* ---- the IKE SA ---- */

/*
 * IKEv1: all proposals of the remote as one proposal with transforms; without
 * proposals if none of them is one that IKEv1 can say
 */
void prop_v1_ike_offer(const struct conf_remote *remote, uint8_t exchange, struct v1_sa *sa);
/*
 * Responder: first of ours that is among theirs. @answer has the one proposal
 * and transform to send back, by meaning the same as theirs.
 */
bool prop_v1_ike_choose(const struct conf_remote *remote, const struct v1_sa *theirs,
			struct suite *suite, struct v1_sa *answer, struct report *why);
/* initiator: is the answer one of what we offered? */
bool prop_v1_ike_accept(const struct conf_remote *remote, const struct v1_sa *answer,
			struct suite *suite, struct report *why);

/* IKEv2: @spi empty in the first exchange, 8 bytes when an IKE SA is rekeyed (it is borrowed) */
void prop_v2_ike_offer(const struct conf_remote *remote, struct chunk spi, struct v2_sa *sa);
/* @answer's SPI is empty: the caller's to set when an IKE SA is rekeyed */
bool prop_v2_ike_choose(const struct conf_remote *remote, const struct v2_sa *theirs,
			struct suite *suite, struct v2_sa *answer, struct report *why);
bool prop_v2_ike_accept(const struct conf_remote *remote, const struct v2_sa *answer,
			struct suite *suite, struct report *why);
/* the group whose public value goes with our offer; of the next, after INVALID_KE_PAYLOAD, NULL if not offered */
const struct alg *prop_v2_ike_group(const struct conf_remote *remote, uint16_t wanted);

/* ---- a child SA ---- */

#define CHILD_PROTOS 3 /* ESP, AH and IPComp at most */

/**
 * struct child_proto - one protocol of a child SA's bundle
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 * @reqid: reqid for both SAs
 * @src: outer source of the outgoing SA
 * @dst: its destination
 * @encr: ESP: chosen cipher
 * @integ: chosen integrity algorithm; NULL with an AEAD and with IPComp; the
 *	row of non_auth, without key and number, where the file insists
 * @spi_in: SPI that the peer sends with, host order; of IPComp the CPI
 * @spi_out: SPI that we send with
 */
struct child_proto {
	uint8_t proto;
	uint8_t mode;
	uint32_t reqid;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	struct alg_key encr;
	const struct alg *integ;
	uint32_t spi_in;
	uint32_t spi_out;
};

/**
 * struct child_choice - what a child SA is to be
 * @n: members of @p
 * @p: the bundle, innermost first as in the policy; when offering only
 *	protocol, mode, ends, reqid and @spi_in are set
 * @pfs: group, NULL without PFS
 * @esn: extended sequence numbers
 * @life: seconds, the smaller of both sides
 * @kilobytes: limit, 0: none
 * @udp: UDP encapsulation is in use (it changes IKEv1's mode attribute)
 * @udp_draft: the peer knows a draft of NAT traversal alone, which has other
 *	numbers for the mode; only matters when we offer
 */
struct child_choice {
	unsigned int n;
	struct child_proto p[CHILD_PROTOS];
	const struct alg *pfs;
	bool esn;
	uint32_t life;
	uint64_t kilobytes;
	bool udp;
	bool udp_draft;
};

/*
 * What a policy asks for, without SPIs: protocols, modes, ends, reqids; PFS,
 * lifetimes and ESN of the sainfo.
 */
void prop_child_want(const struct policy *policy, const struct conf_sainfo *sainfo,
		     struct child_choice *want);

/*
 * SPIs in @want->p[].spi_in; @spis is where the SPIs' bytes live while @sa is
 * used; without proposals if there is none that IKEv1 can say
 */
void prop_v1_child_offer(const struct conf_sainfo *sainfo, const struct child_choice *want,
			 bool complex_bundle, uint8_t spis[CHILD_PROTOS][4], struct v1_sa *sa);
/* @want: what the policy asks for; on success its algorithms, spi_out, life and pfs are those chosen */
bool prop_v1_child_choose(const struct conf_sainfo *sainfo, const struct conf_remote *remote,
			  const struct v1_sa *theirs, struct child_choice *want,
			  struct report *why);
/* the answer, once spi_in are known */
void prop_v1_child_answer(const struct child_choice *choice, const struct v1_sa *theirs,
			  uint8_t spis[CHILD_PROTOS][4], struct v1_sa *answer);
bool prop_v1_child_accept(const struct conf_sainfo *sainfo, const struct conf_remote *remote,
			  const struct v1_sa *answer, struct child_choice *want,
			  struct report *why);
/*
 * What an IKEv1 peer proposes when no policy is there (generate_policy): the
 * bundle of its first proposal.
 */
bool prop_v1_child_shape(const struct v1_sa *theirs, struct child_choice *want);

/*
 * IKEv2 has one protocol a child SA (ESP or AH; IPComp by notifications).
 * @first: in IKE_AUTH, where no group goes along.
 */
void prop_v2_child_offer(const struct conf_sainfo *sainfo, const struct child_choice *want,
			 bool first, uint8_t spi[4], struct v2_sa *sa);
/* @group: of the peer's KE payload, 0 if none; INVALID_KE_PAYLOAD's case returns false with *wanted set */
bool prop_v2_child_choose(const struct conf_sainfo *sainfo, const struct v2_sa *theirs, bool first,
			  uint16_t group, const struct alg **wanted, struct child_choice *want,
			  struct v2_sa *answer, uint8_t spi[4], struct report *why);
bool prop_v2_child_accept(const struct conf_sainfo *sainfo, const struct v2_sa *answer, bool first,
			  struct child_choice *want, struct report *why);

/* key bytes that one SA of the bundle takes: cipher (with salt), then integrity */
size_t prop_encr_bytes(const struct child_proto *p);
size_t prop_integ_bytes(const struct child_proto *p);

/* what would be sent to a peer, for --dry-run: one line a transform */
void prop_print_ike(FILE *out, const struct conf_remote *remote);
void prop_print_child(FILE *out, const struct conf_sainfo *sainfo,
		      const struct conf_remote *remote);

#endif /* TESTUDOD_ENGINE_PROP_H */
