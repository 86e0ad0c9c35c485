/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files engine/prop*.c share: the lists that a configuration stands
 * for, lifetimes, names. Private to them.
 */
#ifndef TESTUDOD_ENGINE_PROP_INT_H
#define TESTUDOD_ENGINE_PROP_INT_H

#include "engine/prop.h"
#include "engine/prop_diff.h"

#define PROP_ENCRS 48 /* CONF_ALGS ciphers, each with at most three lengths */

/**
 * struct prop_lists - the algorithms that a sainfo stands for
 * @nencr: members of @encr
 * @ninteg: members of @integ
 * @encr: with every length spelt out, in order, each once
 * @integ: in order
 */
struct prop_lists {
	unsigned int nencr;
	unsigned int ninteg;
	struct alg_key encr[PROP_ENCRS];
	const struct alg *integ[CONF_ALGS];
};

/* the @i-th cipher for a file that names none; false past the last */
bool prop_default_encr(size_t i, struct alg_key *k);
void prop_lists(const struct conf_sainfo *sainfo, struct prop_lists *lists);
/* key length as struct alg_key has it: 0 where the length is fixed */
uint16_t prop_bits(const struct alg *alg, unsigned int bits);
/* may this pair be one SA? integ is NULL with an AEAD; non_auth never stands beside null_enc */
bool prop_pair_ok(const struct alg *encr, const struct alg *integ);
bool prop_is_aead(const struct alg *alg);
bool prop_is_none(const struct alg *integ);
const struct alg *prop_none(void);

/* the smaller of two limits, where 0 is none */
uint64_t prop_min(uint64_t a, uint64_t b);
/* does proposal_check let us take this limit of the peer's? */
bool prop_life_ok(enum conf_check check, uint64_t mine, uint64_t theirs);
/* the report of a choice that fails for the lifetime alone; @unit: "s" or "KB" */
void prop_life_report(const char *stage, enum conf_check check, const char *unit, uint64_t mine,
		      uint64_t theirs, struct report *why);

const char *prop_auth_name(unsigned int auth, char buf[DIFF_TEXT]);
/* phase 1: one proposal as the file would say it: "proposal { ... }" */
void prop_block(const struct alg_key *encr, const struct alg *hash, unsigned int auth,
		const struct alg *dh, char *buf, size_t size);

#endif /* TESTUDOD_ENGINE_PROP_INT_H */
