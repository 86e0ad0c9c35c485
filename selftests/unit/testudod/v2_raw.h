/* SPDX-License-Identifier: GPL-2.0 */
/* Protected messages of a test's own making, for tests of ikev2/ that play one of the ends themselves. */
#ifndef TESTUDO_TEST_V2_RAW_H
#define TESTUDO_TEST_V2_RAW_H

#include "ikev2/v2.h"
#include "world.h"

#define RAW(o, type, text) wire_put((o), (type), chunk((text), sizeof(text) - 1))

/* a proposal for ESP that is fine in itself, of SPI 0x0102, and an answer to it */
#define ESP_PROPOSAL "\0\0\0\x20\x01\x03\x04\x02\0\0\1\2\3\0\0\x0c\1\0\0\x14\x80\x0e\1\0\0\0\0\x08\5\0\0\0"

/* selectors of the two ends that v2_tunnels() has policies for */
#define RAW_TSI "\1\0\0\0\7\0\0\x10\0\0\xff\xff\x0a\0\1\0\x0a\0\1\xff"
#define RAW_TSR "\1\0\0\0\7\0\0\x10\0\0\xff\xff\x0a\0\2\0\x0a\0\2\xff"

static inline void raw_nonce(struct wire_out *o, size_t n)
{
	static const uint8_t zero[400];

	wire_put(o, P2_NONCE, chunk(zero, n));
}

/* what CREATE_CHILD_SA honestly asks for */
static inline void raw_child(struct wire_out *o)
{
	RAW(o, P2_SA, ESP_PROPOSAL);
	raw_nonce(o, 32);
	RAW(o, P2_TSI, RAW_TSI);
	RAW(o, P2_TSR, RAW_TSR);
}

static inline void raw_seal(struct world *w, unsigned int from, struct ike_sa *sa, uint8_t exchange,
			    bool response, uint32_t msgid, struct wire_out *chain)
{
	struct v2_sent sent = { 0 };
	struct flight f;
	unsigned int i;

	flight_init(&f, sa->ike, NULL, NULL);
	v2_sent_set(&sent, exchange, response, msgid, chain);
	assert_true(v2_msg_seal(sa, &sent, &sa->path, &f));
	for (i = 0; i < f.n; i++)
		world_inject(w, from, &sa->path, blob_chunk(&f.dg[i]));
	flight_clear(&f);
	timer_free(&f.timer);
	v2_sent_wipe(&sent);
}

/* as if @from had asked, or answered, under @sa */
static inline void raw_request(struct world *w, unsigned int from, struct ike_sa *sa,
			       uint8_t exchange, uint32_t msgid, struct wire_out *chain)
{
	raw_seal(w, from, sa, exchange, false, msgid, chain);
}

static inline void raw_answer(struct world *w, unsigned int from, struct ike_sa *sa,
			      uint8_t exchange, uint32_t msgid, struct wire_out *chain)
{
	raw_seal(w, from, sa, exchange, true, msgid, chain);
}

#endif /* TESTUDO_TEST_V2_RAW_H */
