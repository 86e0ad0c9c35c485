/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One message of a world, changed on its way: opened with the keys of the one
 * who gets it, a payload of it dropped, doubled, cut or exchanged, and closed
 * again, so that all but its content is right. For tests of peers that hold the
 * keys, or that nobody can tell from one.
 *
 *	struct edit e = { .number = 3, .what = EDIT_TWICE, .nth = 1, .deaf = true };
 *
 *	w->hook = world_edit;
 *	w->hook_arg = &e;
 */
#ifndef TESTUDO_TEST_WORLD_EDIT_H
#define TESTUDO_TEST_WORLD_EDIT_H

#include "world.h"

/** enum edit_what - what is done to the message */
enum edit_what {
	EDIT_LOOK, /* nothing, it is only closed anew */
	EDIT_DROP,
	EDIT_TWICE,
	EDIT_CUT,  /* @left bytes of its body stay */
	EDIT_BODY, /* it has @body instead of its own */
	EDIT_SWAP, /* in its body @find becomes @with, which has as many bytes */
	EDIT_CALL, /* @fn writes its body anew */
	EDIT_PUT,  /* a payload of @type, with @body, goes in front of it */
};

#define EDIT_END 1000 /* @nth: behind the last one */

/**
 * struct edit - a change, and what it was done to
 * @number: datagram
 * @what: what
 * @nth: which payload; of EDIT_BODY, EDIT_SWAP and EDIT_CALL: if @type is 0, else the first of @type
 * @type: see there
 * @critical: of EDIT_PUT: with IKEv2's bit
 * @left: of EDIT_CUT
 * @body: of EDIT_BODY and EDIT_PUT
 * @find: of EDIT_SWAP
 * @with: of EDIT_SWAP
 * @fn: of EDIT_CALL
 * @arg: for it
 * @deaf: whatever is sent later is lost
 * @done: the datagram has been seen and changed
 * @to: side that gets it
 * @exchange: its exchange type
 * @n: payloads that it had
 * @was: type of the one concerned
 * @size: bytes of its body
 * @before: world_progress() of @to before it arrives
 */
struct edit {
	unsigned int number;
	enum edit_what what;
	unsigned int nth;
	uint8_t type;
	bool critical;
	size_t left;
	struct chunk body;
	struct chunk find;
	struct chunk with;
	void (*fn)(const struct edit *e, struct chunk body, struct writer *w);
	const void *arg;
	bool deaf;
	bool done;
	unsigned int to;
	uint8_t exchange;
	unsigned int n;
	uint8_t was;
	size_t size;
	unsigned int before;
};

/* a hook, its argument is a struct edit; fragments are not put together */
void world_edit(struct world *w, struct world_dg *dg, void *edit);

/*
 * How far that side is with all it negotiates: grows with each message that is
 * taken and moves something, and falls when an IKE SA ends.
 */
unsigned int world_progress(const struct world *w, unsigned int side);

/* SAs, larval ones too, that are in one kernel only, by their SPIs: a liar's keys may differ */
unsigned int world_lonely(const struct world *w);

#endif /* TESTUDO_TEST_WORLD_EDIT_H */
