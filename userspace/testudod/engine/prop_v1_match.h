/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A peer's quick mode proposals against what we want. Private to the files
 * engine/prop_v1_*.c.
 */
#ifndef TESTUDOD_ENGINE_PROP_V1_MATCH_H
#define TESTUDOD_ENGINE_PROP_V1_MATCH_H

#include "engine/prop_int.h"

/**
 * struct v1_rules - what is taken
 * @want: protocols, modes, PFS, lifetimes
 * @lists: algorithms
 * @chosen: @want has the algorithms and the peer's SPIs: those and no others
 * @check: proposal_check
 * @any_pfs: any group is taken, or none
 * @longer: longer keys than ours are taken, in place of equal ones
 * @insecure: with @any_pfs: also a broken group
 */
struct v1_rules {
	const struct child_choice *want;
	struct prop_lists lists;
	bool chosen;
	enum conf_check check;
	bool any_pfs;
	bool longer;
	bool insecure;
};

/**
 * struct v1_part - what fits one protocol of the bundle
 * @prop: their proposal
 * @t: their transform
 * @spi: their SPI, host order
 * @encr: cipher
 * @integ: integrity algorithm; NULL: none
 * @rank: place of it in our order
 */
struct v1_part {
	const struct wire_prop *prop;
	const struct v1_trans *t;
	uint32_t spi;
	struct alg_key encr;
	const struct alg *integ;
	unsigned int rank;
};

/**
 * struct v1_match - what fits
 * @part: in the order of v1_rules.want
 * @pfs: group, NULL: none
 * @esn: extended sequence numbers
 */
struct v1_match {
	struct v1_part part[CHILD_PROTOS];
	const struct alg *pfs;
	bool esn;
};

bool v1_match(const struct v1_rules *rules, const struct v1_sa *theirs, struct v1_match *m);
void v1_match_report(const struct v1_rules *rules, const struct v1_sa *theirs, const char *verb,
		     struct report *why);
/* IPPROTO_* of V1_PROTO_*, 0 for others */
/* IPSEC_MODE_* of V1_ENCAP_*; false for others */
bool v1_match_mode(uint16_t encap, uint8_t *mode, bool *udp);

#endif /* TESTUDOD_ENGINE_PROP_V1_MATCH_H */
