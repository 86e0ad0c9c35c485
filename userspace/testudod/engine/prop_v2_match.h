/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKEv2's proposals against each other: sets of transforms of each type.
 * Private to the files engine/prop_v2*.c.
 */
#ifndef TESTUDOD_ENGINE_PROP_V2_MATCH_H
#define TESTUDOD_ENGINE_PROP_V2_MATCH_H

#include "engine/prop_int.h"

#define V2_TYPES (ALG_ESN + 1) /* transform types by number; 0 is none */

/**
 * struct v2_pick - one transform of each type
 * @theirs: the peer's proposal
 * @has: there is a transform of that type to send back; its id may be "none"
 * @t: it, as the peer has it
 */
struct v2_pick {
	const struct wire_prop *theirs;
	bool has[V2_TYPES];
	struct v2_trans t[V2_TYPES];
};

/* ---- building ---- */

/* begin a proposal; NULL if there is no room for it and @most transforms */
struct wire_prop *v2_build(struct v2_sa *sa, uint8_t proto, struct chunk spi, unsigned int most);
/* add a transform to the last proposal, once */
void v2_build_alg(struct v2_sa *sa, const struct alg *alg, uint16_t bits);
/* "none" of a type */
void v2_build_none(struct v2_sa *sa, enum alg_kind type);

/* ---- choosing ---- */

/*
 * Our first proposal that has, for each type, a transform in common with one of
 * theirs. @skip: a type (ALG_DH of a child) that is looked at elsewhere; 0: none.
 */
bool v2_match(const struct v2_sa *ours, const struct v2_sa *theirs, enum alg_kind skip,
	      struct v2_pick *pick);
/* the same with one of ours and one of theirs */
bool v2_match_pair(const struct v2_sa *a, const struct wire_prop *ours, const struct v2_sa *b,
		   const struct wire_prop *theirs, enum alg_kind skip, struct v2_pick *pick);
/* is it one proposal with at most one transform of each type? else a report */
bool v2_is_answer(const struct v2_sa *answer, const char *stage, struct report *why);
/* the algorithm of a type, NULL for "none" */
const struct alg *v2_picked(const struct v2_pick *pick, enum alg_kind type);
struct alg_key v2_picked_encr(const struct v2_pick *pick);
/* what to send back */
void prop_v2_put_answer(const struct v2_pick *pick, struct chunk spi, struct v2_sa *answer);
/* values of one type on a side, for a report */
void v2_diff(const struct v2_sa *sa, enum alg_kind type, unsigned int refuse,
	     struct diff_side *side);

#endif /* TESTUDOD_ENGINE_PROP_V2_MATCH_H */
