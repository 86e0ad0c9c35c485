/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A peer that holds the keys and sends what no honest one would: the payloads of a
 * datagram in world.h's network, with others in their place, sealed so that the
 * receiver believes them. Both IKE versions, protected messages and clear ones.
 */
#ifndef TESTUDO_TEST_EVIL_H
#define TESTUDO_TEST_EVIL_H

#include "world.h"

/**
 * struct evil - a datagram taken apart
 * @sa: whose keys seal it again: IKEv1's receiver, who knows the IV that comes next, or
 *	IKEv2's sender; NULL: the message is clear
 * @hdr: header
 * @hashed: IKEv1: a HASH payload over all the others goes first, and is made anew
 * @first: type of the first payload in @clear
 * @clear: payloads, without that HASH; IKEv1's padding may follow
 */
struct evil {
	struct ike_sa *sa;
	struct wire_hdr hdr;
	bool hashed;
	uint8_t first;
	struct blob clear;
};

/* false: what is inside can not be read, as its receiver is not that far, or it is a fragment */
bool evil_open(struct world *w, const struct world_dg *dg, struct evil *e);
/* @first and @clear as they are now; false, and @dg is untouched: libcrypto could not */
bool evil_seal(const struct evil *e, struct blob *dg);
/* a fragment of RFC 7383 with any numbers; @e is sealed, of IKEv2 */
bool evil_skf(const struct evil *e, uint16_t number, uint16_t total, struct chunk clear,
	      struct blob *dg);
void evil_wipe(struct evil *e);

#endif /* TESTUDO_TEST_EVIL_H */
