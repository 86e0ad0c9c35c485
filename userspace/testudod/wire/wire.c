// SPDX-License-Identifier: GPL-2.0
/*
 * Header and chain of payloads, read with every check and written, and the
 * payloads that look the same in both versions. Others are not looked into.
 */
#include "wire/wire.h"

#define PL_HDR	    4
#define PL_CRITICAL 0x80
#define HDR_NEXT    16 /* offsets in the header */
#define HDR_LENGTH  24

static bool refuse(struct wire_fault *fault, uint8_t payload, size_t off, const char *why)
{
	if (fault)
		*fault = (struct wire_fault){ .why = why, .payload = payload, .off = off };
	return false;
}

static bool no_fault(struct wire_fault *fault)
{
	if (fault)
		*fault = (struct wire_fault){ 0 };
	return true;
}

bool wire_read_hdr(struct chunk data, struct wire_hdr *hdr, struct wire_fault *fault)
{
	struct reader r = reader(data);

	hdr->spi_i = get_be64(&r);
	hdr->spi_r = get_be64(&r);
	hdr->next = get_u8(&r);
	hdr->version = get_u8(&r);
	hdr->exchange = get_u8(&r);
	hdr->flags = get_u8(&r);
	hdr->msgid = get_be32(&r);
	hdr->length = get_be32(&r);
	if (r.failed)
		return refuse(fault, P_NONE, 0, "shorter than a header");
	if (hdr->length != data.n)
		return refuse(fault, P_NONE, HDR_LENGTH, "its length is not what the header says");
	return no_fault(fault);
}

/*
 * Payloads that a version knows at this level, with those of private use.
 * IKEv2 has to skip what it does not know (RFC 7296 2.5), IKEv1 refuses it:
 * there it is mostly garbage from a wrong key.
 */
static bool type_known(const struct wire_hdr *hdr, uint8_t type)
{
	if (hdr->version >> 4 != 1)
		return true;
	if (type == P1_PROP || type == P1_TRANS)
		return false;
	return type < P2_SA || type >= 128;
}

/* bytes of @data before it begins, if it is a part of the message */
static size_t chain_offset(const struct wire_msg *msg, struct chunk data)
{
	uintptr_t start = (uintptr_t)msg->data.p;
	uintptr_t at = (uintptr_t)data.p;

	return start && at >= start && at - start <= msg->data.n ? at - start : 0;
}

/* one payload of type @type from @r; what is wrong with it, or NULL */
static const char *read_payload(struct reader *r, const struct wire_hdr *hdr, uint8_t type,
				struct wire_pl *pl)
{
	bool v1 = hdr->version >> 4 == 1;
	struct reader at = *r;
	uint16_t length;
	uint8_t bits;

	if (!type_known(hdr, type))
		return "unknown payload type";
	pl->type = type;
	pl->next = get_u8(r);
	bits = get_u8(r);
	length = get_be16(r);
	if (r->failed)
		return at.n ? "payload header cut off" : "payload announced but missing";
	if (length < PL_HDR)
		return "payload length shorter than its header";
	if (length > at.n)
		return "payload longer than the message";
	/* IKEv1 has no use for the bit: its byte is reserved, and peers are sloppy */
	pl->critical = !v1 && bits & PL_CRITICAL;
	pl->body = get_bytes(r, length - PL_HDR);
	pl->all = chunk(at.p, length);
	return NULL;
}

bool wire_read_chain(struct chunk data, uint8_t first, struct wire_msg *msg,
		     struct wire_fault *fault)
{
	size_t base = chain_offset(msg, data);
	bool v1 = msg->hdr.version >> 4 == 1;
	struct reader r = reader(data);
	uint8_t type = first;
	const char *why;
	bool sealed;
	size_t off;

	msg->n = 0;
	msg->rest = chunk(NULL, 0);
	while (type != P_NONE) {
		off = base + (data.n - r.n);
		if (msg->n == WIRE_PAYLOADS)
			return refuse(fault, type, off, "too many payloads");
		why = read_payload(&r, &msg->hdr, type, &msg->pl[msg->n]);
		if (why)
			return refuse(fault, type, off, why);
		/* the next type that it names is that of the first payload inside */
		sealed = !v1 && (type == P2_SK || type == P2_SKF);
		type = sealed ? P_NONE : msg->pl[msg->n].next;
		msg->n++;
	}
	if (!v1 && r.n)
		return refuse(fault, P_NONE, base + (data.n - r.n), "bytes after the last payload");
	msg->rest = get_rest(&r);
	return no_fault(fault);
}

/* the first one of that type, NULL if there is none */
const struct wire_pl *wire_find(const struct wire_msg *msg, uint8_t type)
{
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == type)
			return &msg->pl[i];
	}
	return NULL;
}

unsigned int wire_count(const struct wire_msg *msg, uint8_t type)
{
	unsigned int count = 0;
	unsigned int i;

	for (i = 0; i < msg->n; i++)
		count += msg->pl[i].type == type;
	return count;
}

/* @hdr->next stays where no payload follows: what is encrypted has it there */
void wire_begin(struct wire_out *o, const struct wire_hdr *hdr)
{
	*o = (struct wire_out){
		.next_at = HDR_NEXT,
		.begun_at = WIRE_NOWHERE,
		.first = hdr->next,
	};
	put_be64(&o->w, hdr->spi_i);
	put_be64(&o->w, hdr->spi_r);
	put_u8(&o->w, hdr->next);
	put_u8(&o->w, hdr->version);
	put_u8(&o->w, hdr->exchange);
	put_u8(&o->w, hdr->flags);
	put_be32(&o->w, hdr->msgid);
	put_be32(&o->w, WIRE_HDR_LEN);
}

void wire_begin_chain(struct wire_out *o)
{
	*o = (struct wire_out){ .next_at = WIRE_NOWHERE, .begun_at = WIRE_NOWHERE };
}

uint8_t wire_first(const struct wire_out *o)
{
	return o->first;
}

void wire_open(struct wire_out *o, uint8_t type)
{
	if (o->next_at != WIRE_NOWHERE)
		patch_u8(&o->w, o->next_at, type);
	if (o->begun_at == WIRE_NOWHERE)
		o->first = type;
	o->begun_at = o->w.n;
	o->next_at = o->w.n;
	put_zero(&o->w, PL_HDR);
}

void wire_close(struct wire_out *o)
{
	patch_be16(&o->w, o->begun_at + 2, o->w.n - o->begun_at);
}

void wire_put(struct wire_out *o, uint8_t type, struct chunk body)
{
	wire_open(o, type);
	put_bytes(&o->w, body);
	wire_close(o);
}

void wire_end(struct wire_out *o)
{
	patch_be32(&o->w, HDR_LENGTH, o->w.n);
}

bool wire_get_id(struct chunk body, struct wire_id *id)
{
	struct reader r = reader(body);

	id->type = get_u8(&r);
	id->proto = get_u8(&r);
	id->port = get_be16(&r);
	id->data = get_rest(&r);
	id->body = body;
	return !r.failed;
}

void wire_put_id(struct writer *w, uint8_t type, uint8_t proto, uint16_t port, struct chunk data)
{
	put_u8(w, type);
	put_u8(w, proto);
	put_be16(w, port);
	put_bytes(w, data);
}

bool wire_get_cert(struct chunk body, uint8_t *encoding, struct chunk *data)
{
	struct reader r = reader(body);

	*encoding = get_u8(&r);
	*data = get_rest(&r);
	return !r.failed;
}

void wire_put_cert(struct wire_out *o, uint8_t payload, uint8_t encoding, struct chunk data)
{
	wire_open(o, payload);
	put_u8(&o->w, encoding);
	put_bytes(&o->w, data);
	wire_close(o);
}
