/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The daemon's picture of the kernel's SPD, kept up to date by what the kernel
 * tells, and the search in it. It never talks to the kernel itself.
 */
#ifndef TESTUDOD_ENGINE_POLICY_H
#define TESTUDOD_ENGINE_POLICY_H

#include "base/addr.h"
#include "base/list.h"
#include "engine/report.h"

#define POLICY_REQUESTS	4	/* transformations of one policy */

/**
 * struct policy_request - one transformation that a policy asks for
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 * @level: IPSEC_LEVEL_*
 * @reqid: reqid, 0 unless the level is unique
 * @src: outer source; family 0 in transport mode
 * @dst: outer destination
 */
struct policy_request {
	uint8_t proto;
	uint8_t mode;
	uint8_t level;
	uint32_t reqid;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
};

/**
 * struct policy_last - how the SAs of a policy ended, or the last attempt to have some
 * @cause: why
 * @when: wall clock, seconds
 * @sentence: the cause in words
 */
struct policy_last {
	enum report_cause cause;
	time_t when;
	char sentence[REPORT_SENTENCE];
};

/**
 * struct policy - one entry of the SPD
 * @link: in the SPD, in the order of rank
 * @id: the kernel's
 * @dir: IPSEC_DIR_INBOUND, IPSEC_DIR_OUTBOUND or IPSEC_DIR_FWD
 * @type: IPSEC_POLICY_IPSEC, _NONE or _DISCARD
 * @priority: lower goes first
 * @src: selector of the packets' source
 * @dst: of their destination
 * @n: members of @req
 * @req: transformations, the innermost first
 * @generated: generate_policy made it; it goes with its SA
 * @last: the SPD's own; NULL: it has SAs, or nobody has asked for any
 */
struct policy {
	TAILQ_ENTRY(policy) link;
	uint32_t id;
	uint8_t dir;
	uint8_t type;
	uint32_t priority;
	struct ts src;
	struct ts dst;
	unsigned int n;
	struct policy_request req[POLICY_REQUESTS];
	bool generated;
	struct policy_last *last;
};

TAILQ_HEAD(policy_list, policy);

/* add or replace by id and direction; a copy is made */
struct policy *policy_put(struct policy_list *spd, const struct policy *p);
void policy_remove(struct policy_list *spd, uint32_t id);
void policy_flush(struct policy_list *spd);
struct policy *policy_by_id(const struct policy_list *spd, uint32_t id);
/* it has no SAs, for that reason; REPORT_NONE: it has */
void policy_note(struct policy_list *spd, uint32_t id, enum report_cause cause, const char *sentence);
/* does it protect what we send from that end to that peer, in that mode? */
bool policy_leads(const struct policy *p, const struct sockaddr_storage *local_end,
		  const struct sockaddr_storage *remote_end, uint8_t mode);
/*
 * The outbound IPsec policy that a responder serves with these selectors, the same
 * by value. @local_end and @remote_end: our and the peer's address, which its
 * tunnels must end at; @mode: IPSEC_MODE_*, so a transport and a tunnel policy
 * never mix.
 */
struct policy *policy_find(const struct policy_list *spd, const struct ts *local,
			   const struct ts *remote, const struct sockaddr_storage *local_end,
			   const struct sockaddr_storage *remote_end, uint8_t mode);
/*
 * whom to negotiate with: the outermost tunnel's end, else the selector's host; @local has family 0
 * if it says none, or any
 */
bool policy_ends(const struct policy *p, struct sockaddr_storage *local,
		 struct sockaddr_storage *remote);

/* ---- narrow.c ---- */

#define POLICY_OFFER_MAX 32 /* selectors of either side in one offer */

/**
 * struct policy_offer - all the selectors that a peer wants a child SA for
 * @nlocal: members of @local
 * @nremote: members of @remote
 * @local: ours, as we see them; the first ones of both may be a packet's
 * @remote: the peer's
 * @local_end: our address, see policy_find()
 * @remote_end: the peer's
 * @mode: IPSEC_MODE_*
 */
struct policy_offer {
	unsigned int nlocal;
	unsigned int nremote;
	const struct ts *local;
	const struct ts *remote;
	const struct sockaddr_storage *local_end;
	const struct sockaddr_storage *remote_end;
	uint8_t mode;
};

/**
 * struct policy_part - what is taken of an offer
 * @local: our selector; the policy's if several are taken
 * @remote: the peer's
 * @nth_local: index of the one that the first of @locals is a part of
 * @nth_remote: of @remotes
 * @nlocals: members of @locals
 * @nremotes: members of @remotes
 * @locals: all that are taken of ours
 * @remotes: of the peer's
 * @more: other policies would take others of the offer, too, in child SAs of their own
 */
struct policy_part {
	struct ts local;
	struct ts remote;
	unsigned int nth_local;
	unsigned int nth_remote;
	unsigned int nlocals;
	unsigned int nremotes;
	struct ts locals[POLICY_OFFER_MAX];
	struct ts remotes[POLICY_OFFER_MAX];
	bool more;
};

/* the outbound IPsec policy that fits the offer best, of equal ones the best ranked; NULL: none */
struct policy *policy_narrow(const struct policy_list *spd, const struct policy_offer *offer,
			     struct policy_part *part);
/* without a policy: the first pair, or a wider one around it; false: there is none for these ends */
bool policy_widest(const struct policy_offer *offer, struct policy_part *part);

#endif /* TESTUDOD_ENGINE_POLICY_H */
