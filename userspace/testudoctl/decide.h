/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel would do with a packet, from its tables and by its rules.
 * Pure: it asks nobody.
 */
#ifndef TESTUDOCTL_DECIDE_H
#define TESTUDOCTL_DECIDE_H

#include "kern.h"

#define DECIDE_ANY   (-1) /* not said: any protocol, any port */
#define DECIDE_MAYBE 8	  /* policies that may decide, told at most */

/**
 * struct decide_flow - a packet
 * @src: source
 * @dst: destination
 * @proto: upper protocol, DECIDE_ANY: not said
 * @sport: source port or ICMP type, DECIDE_ANY: not said
 * @dport: destination port or ICMP code
 */
struct decide_flow {
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	int proto;
	int sport;
	int dport;
};

/** enum decide_match - is a packet among a policy's? */
enum decide_match {
	DECIDE_NO,
	DECIDE_PERHAPS, /* that depends on what was not said */
	DECIDE_YES,
};

/** enum decide_verdict - what becomes of it */
enum decide_verdict {
	DECIDE_CLEAR, /* passes as it is */
	DECIDE_DISCARD,
	DECIDE_PROTECT,
	DECIDE_ASK,    /* an SA is missing: held, and the keying daemon is asked */
	DECIDE_LOOP,   /* one SA would be applied twice */
	DECIDE_DEMAND, /* inbound: passes if it came through these SAs */
};

/**
 * struct decide_step - one transformation that the policy asks for
 * @req: the request
 * @src: end of the SA that is looked for
 * @dst: the other one
 * @sa: the SA; NULL: there is none
 * @larval: without @sa: one is being negotiated
 */
struct decide_step {
	const struct pfkey_request *req;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	const struct kern_entry *sa;
	bool larval;
};

/**
 * struct decide_result - the outcome for one direction
 * @verdict: what becomes of it
 * @policy: which policy decides; NULL: none is there
 * @nmaybe: members of @maybe
 * @maybe: better policies that decide for some protocols or ports
 * @n: members of @step
 * @step: innermost first
 * @end_src: source of the packet as it leaves
 * @end_dst: its destination
 */
struct decide_result {
	enum decide_verdict verdict;
	const struct kern_policy *policy;
	unsigned int nmaybe;
	const struct kern_policy *maybe[DECIDE_MAYBE];
	unsigned int n;
	struct decide_step step[SIZE_LAYERS];
	struct sockaddr_storage end_src;
	struct sockaddr_storage end_dst;
};

enum decide_match decide_match(const struct kern_policy *p, const struct decide_flow *flow);
void decide(const struct kern_tables *t, const struct decide_flow *flow, unsigned int dir,
	    struct decide_result *r);
/* largest clear packet for a route of @mtu; 0: unknown or nothing fits */
unsigned int decide_mtu(const struct decide_result *r, const struct decide_flow *flow,
			unsigned int mtu);

#endif /* TESTUDOCTL_DECIDE_H */
