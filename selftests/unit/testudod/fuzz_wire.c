// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_wire - bytes from the network meet wire/: whole messages of both IKE
 * versions, chains as they come out of decryption, fragments. What is let
 * through lies inside of the input; an SA payload and selectors that were read
 * say the same after they have been written and read again.
 *
 * Input: a selector byte, then what it names.
 */
#include <string.h>

#include "../fuzz/fuzz.h"
#include "wire/frag.h"
#include "wire/id.h"
#include "wire/v1.h"
#include "wire/v2.h"

enum { FUZZ_MESSAGE, FUZZ_V1_CHAIN, FUZZ_V2_CHAIN, FUZZ_FRAGS, FUZZ_KINDS };

static struct chunk input;
static volatile uint8_t seen;

/* every byte is read, so that ASan sees it */
static void inside(struct chunk c)
{
	size_t i;

	if (!c.n)
		return;
	MUST(c.p >= input.p && c.p + c.n <= input.p + input.n);
	for (i = 0; i < c.n; i++)
		seen ^= c.p[i];
}

static void v1_sa(struct chunk body)
{
	static struct v1_sa sa, back;
	struct wire_fault fault;
	struct writer w = { 0 };
	unsigned int i, n = 0;

	if (!v1_get_sa(body, &sa, &fault)) {
		MUST(fault.why && fault.off <= body.n);
		return;
	}
	MUST(!fault.why && sa.nprop && sa.nprop <= V1_PROPOSALS && sa.ntrans <= V1_TRANSFORMS);
	for (i = 0; i < sa.nprop; i++) {
		inside(sa.prop[i].spi);
		MUST(sa.prop[i].first == n && sa.prop[i].n);
		n += sa.prop[i].n;
	}
	MUST(n == sa.ntrans);
	v1_put_sa(&w, &sa);
	MUST(v1_get_sa(writer_chunk(&w), &back, &fault));
	MUST(back.nprop == sa.nprop && back.ntrans == sa.ntrans);
	for (i = 0; i < sa.ntrans; i++) {
		/* what we do not know is not written */
		sa.trans[i].unknown = false;
		MUST(!memcmp(&sa.trans[i], &back.trans[i], sizeof(sa.trans[i])));
	}
	writer_free(&w);
}

static void v2_sa(struct chunk body)
{
	static struct v2_sa sa, back;
	struct wire_fault fault;
	struct wire_out o;
	unsigned int i, n = 0;

	if (!v2_get_sa(body, &sa, &fault)) {
		MUST(fault.why && fault.off <= body.n);
		return;
	}
	MUST(!fault.why && sa.nprop && sa.nprop <= V2_PROPOSALS && sa.ntrans <= V2_TRANSFORMS);
	for (i = 0; i < sa.nprop; i++) {
		inside(sa.prop[i].spi);
		MUST(sa.prop[i].first == n && sa.prop[i].n);
		n += sa.prop[i].n;
	}
	MUST(n == sa.ntrans);
	wire_begin_chain(&o);
	v2_put_sa(&o, &sa);
	MUST(v2_get_sa(chunk(o.w.p + 4, o.w.n - 4), &back, &fault));
	MUST(back.nprop == sa.nprop && back.ntrans == sa.ntrans);
	for (i = 0; i < sa.ntrans; i++) {
		sa.trans[i].unknown = false;
		MUST(!memcmp(&sa.trans[i], &back.trans[i], sizeof(sa.trans[i])));
	}
	writer_free(&o.w);
}

static void selectors(struct chunk body)
{
	struct ts ts[V2_TS_MAX], back[V2_TS_MAX];
	unsigned int n, total, i, k;
	char text[TS_TEXT];
	struct wire_out o;
	struct ts both;

	if (!v2_get_ts(body, ts, &n, &total))
		return;
	MUST(n <= total && n <= V2_TS_MAX && total <= 255);
	for (i = 0; i < n; i++) {
		MUST(ts_contains(&ts[i], &ts[i]));
		MUST(strlen(ts_text(&ts[i], text)) < TS_TEXT - 1);
		k = (i + 1) % n;
		if (ts_intersect(&ts[i], &ts[k], &both))
			MUST(ts_contains(&ts[i], &both) && ts_contains(&ts[k], &both));
	}
	if (!n)
		return;
	wire_begin_chain(&o);
	v2_put_ts(&o, P2_TSI, ts, n);
	MUST(v2_get_ts(chunk(o.w.p + 4, o.w.n - 4), back, &k, &total));
	MUST(k == n && total == n);
	for (i = 0; i < n; i++)
		MUST(ts_equal(&ts[i], &back[i]));
	writer_free(&o.w);
}

/* every reader meets every body: a type is only the peer's word for it */
static void bodies(struct chunk body)
{
	struct sockaddr_storage addr;
	char text[ADDR_TEXT];
	struct v1_notify n1;
	struct v1_delete d1;
	struct v2_notify n2;
	struct v2_delete d2;
	struct wire_id id;
	struct v1_frag f;
	struct chunk data;
	uint16_t a, b;
	uint8_t byte;

	v1_sa(body);
	v2_sa(body);
	selectors(body);
	if (wire_get_id(body, &id))
		inside(id.data);
	if (v1_get_notify(body, &n1)) {
		inside(n1.spi);
		inside(n1.data);
		wire_v1_notify_name(n1.type);
	}
	if (v1_get_delete(body, &d1)) {
		inside(d1.spis);
		MUST(d1.spis.n == (size_t)d1.n * d1.spi_size);
	}
	if (wire_get_cert(body, &byte, &data))
		inside(data);
	if (v1_get_natoa(body, &addr))
		addr_text(&addr, text);
	if (v1_get_frag(body, &f))
		inside(f.data);
	v1_vid_name(v1_vid_by_bytes(body));
	if (v2_get_ke(body, &a, &data))
		inside(data);
	if (v2_get_auth(body, &byte, &data))
		inside(data);
	if (wire_get_cert(body, &byte, &data))
		inside(data);
	if (v2_get_notify(body, &n2)) {
		inside(n2.spi);
		inside(n2.data);
		wire_v2_notify_name(n2.type);
	}
	if (v2_get_delete(body, &d2))
		MUST(d2.spis.n == (size_t)d2.n * 4);
	if (v2_get_skf(body, &a, &b, &data)) {
		inside(data);
		MUST(a && a <= b);
	}
}

static void chain(struct wire_msg *msg, struct chunk data, uint8_t first)
{
	struct wire_fault fault;
	struct v2_notify n;
	unsigned int i;
	size_t bytes = 0;

	if (!wire_read_chain(data, first, msg, &fault)) {
		MUST(fault.why && fault.off <= input.n);
		return;
	}
	MUST(!fault.why && msg->n <= WIRE_PAYLOADS);
	for (i = 0; i < msg->n; i++) {
		inside(msg->pl[i].all);
		MUST(msg->pl[i].all.n == msg->pl[i].body.n + 4);
		bytes += msg->pl[i].all.n;
		wire_payload_name(msg->pl[i].type);
		MUST(wire_find(msg, msg->pl[i].type) && wire_count(msg, msg->pl[i].type));
		bodies(msg->pl[i].body);
	}
	inside(msg->rest);
	MUST(bytes + msg->rest.n == data.n);
	v2_find_notify(msg, V2_N_COOKIE, &n);
}

static void message(struct chunk data)
{
	static struct wire_msg msg;
	struct wire_fault fault;

	msg.data = data;
	if (!wire_read_hdr(data, &msg.hdr, &fault))
		return;
	wire_exchange_name(msg.hdr.exchange);
	chain(&msg, chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN), msg.hdr.next);
}

/* the chain of an SK payload or of a decrypted IKEv1 message; its first byte is the first type */
static void decrypted(struct chunk data, uint8_t version)
{
	static struct wire_msg msg;

	msg.hdr = (struct wire_hdr){ .version = version };
	msg.data = data;
	if (data.n)
		chain(&msg, chunk(data.p + 1, data.n - 1), data.p[0]);
}

/* pieces: key, number and total in a byte each, bytes of data, data */
static void fragments(struct chunk data)
{
	struct reader r = reader(data);
	struct frag f = { 0 };
	unsigned int number, total, i;
	struct blob whole;
	struct chunk piece;
	uint32_t key;
	size_t bytes;

	while (r.n && !r.failed) {
		key = get_u8(&r) & 3;
		number = get_u8(&r);
		total = get_u8(&r);
		piece = get_bytes(&r, get_u8(&r));
		switch (frag_add(&f, key, number, total, piece, 1000)) {
		case FRAG_STORED:
			MUST(f.have && f.key == key && f.have != f.total);
			break;
		case FRAG_WHOLE:
			MUST(f.total && f.have == f.total);
			bytes = f.bytes;
			whole = frag_join(&f);
			MUST(whole.n == bytes && !f.have);
			blob_free(&whole);
			break;
		default:
			break;
		}
		for (bytes = i = 0; i < FRAG_MAX; i++)
			bytes += f.piece[i].n;
		MUST(bytes == f.bytes && bytes <= 1000 && f.have <= FRAG_MAX);
	}
	frag_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk rest;

	if (!size)
		return 0;
	input = chunk(data, size);
	rest = chunk(data + 1, size - 1);
	switch (data[0] % FUZZ_KINDS) {
	case FUZZ_MESSAGE:
		message(rest);
		break;
	case FUZZ_V1_CHAIN:
		decrypted(rest, 0x10);
		break;
	case FUZZ_V2_CHAIN:
		decrypted(rest, 0x20);
		break;
	case FUZZ_FRAGS:
		fragments(rest);
		break;
	}
	return 0;
}
