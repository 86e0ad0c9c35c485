/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKEv1 messages of a test's own making: those of strangers, in clear, and those of
 * peers that hold the keys. What v2_raw.h is for IKEv2.
 */
#ifndef TESTUDO_TEST_V1_RAW_H
#define TESTUDO_TEST_V1_RAW_H

#include "ikev1/v1_room.h"
#include "world.h"

/* the way that side's messages take, port 500 */
static inline struct ike_path raw1_path(const struct world *w, unsigned int from)
{
	struct ike_path path = { .local = w->side[from].addr, .remote = w->side[!from].seen };

	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	return path;
}

static inline void raw1_inject(struct world *w, unsigned int from, struct chunk dg)
{
	struct ike_path path = raw1_path(w, from);

	world_inject(w, from, &path, dg);
	world_settle(w, 100);
}

/* begin a message without protection, in the name of @sa */
static inline void raw1_begin(struct wire_out *o, const struct ike_sa *sa, uint8_t exchange,
			      uint32_t msgid)
{
	const struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = 0x10,
		.exchange = exchange,
		.msgid = msgid,
	};

	wire_begin(o, &hdr);
}

/* end it, and send it as @from */
static inline void raw1_send(struct world *w, unsigned int from, struct wire_out *o)
{
	wire_end(o);
	raw1_inject(w, from, writer_chunk(&o->w));
	writer_free(&o->w);
}

/* encrypt @o as it stands and send it as @from; the keys of both ends are the same */
static inline void raw1_seal(struct world *w, unsigned int from, struct ike_sa *sa,
			     struct wire_out *o, uint32_t msgid)
{
	uint8_t iv[V1_IV_MAX];
	struct blob dg;

	assert_true(v1_exchange_iv(sa, msgid, iv));
	assert_true(v1_seal(sa, o, iv, &dg));
	raw1_inject(w, from, blob_chunk(&dg));
	blob_free(&dg);
}

/* the same of what v1_hash_begin() has begun, with its HASH */
static inline void raw1_seal_hash(struct world *w, unsigned int from, struct ike_sa *sa,
				  struct wire_out *o, uint32_t msgid)
{
	assert_true(v1_hash_end(sa, o, msgid, chunk(NULL, 0)));
	raw1_seal(w, from, sa, o, msgid);
}

/* ---- payloads ---- */

static inline void raw1_delete_isakmp(struct wire_out *o, const struct ike_sa *sa)
{
	uint8_t cookies[16] = { 0 };
	struct v1_delete d = { .proto = V1_PROTO_ISAKMP, .spi_size = 16, .n = 1 };

	v1_put_cookies(sa, cookies);
	d.spis = chunk(cookies, 16);
	v1_put_delete(o, &d);
}

/* an SPI of ESP, twice in one payload */
static inline void raw1_delete_twice(struct wire_out *o, uint32_t spi)
{
	const uint8_t spis[8] = { spi >> 24, spi >> 16, spi >> 8, spi, spi >> 24, spi >> 16, spi >> 8, spi };
	const struct v1_delete d = { .proto = V1_PROTO_ESP, .spi_size = 4, .n = 2, .spis = chunk(spis, 8) };

	v1_put_delete(o, &d);
}

static inline void raw1_notify(struct wire_out *o, uint16_t type)
{
	const struct v1_notify n = { .proto = V1_PROTO_ISAKMP, .type = type };

	v1_put_notify(o, &n);
}

/* RFC 3706: the cookies are those of @sa, moved on by @off */
static inline void raw1_are_you_there(struct wire_out *o, const struct ike_sa *sa, uint8_t off)
{
	uint8_t cookies[16] = { 0 };
	const struct v1_notify n = {
		.proto = V1_PROTO_ISAKMP,
		.type = V1_N_R_U_THERE,
		.spi = chunk(cookies, sizeof(cookies)),
		.data = chunk("\0\0\0\7", 4),
	};

	v1_put_cookies(sa, cookies);
	cookies[15] += off;
	v1_put_notify(o, &n);
}

#endif /* TESTUDO_TEST_V1_RAW_H */
