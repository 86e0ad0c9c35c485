// SPDX-License-Identifier: GPL-2.0
/* IKEv2's payloads other than SA: bytes to typed structs and back. */
#include <string.h>

#include "wire/v2.h"

#define TS_IPV4_RANGE 7
#define TS_IPV6_RANGE 8
#define TS_HDR	      4 /* type, protocol, length */

bool v2_get_ke(struct chunk body, uint16_t *group, struct chunk *data)
{
	struct reader r = reader(body);

	*group = get_be16(&r);
	get_be16(&r);
	*data = get_rest(&r);
	return !r.failed && data->n;
}

void v2_put_ke(struct wire_out *o, uint16_t group, struct chunk data)
{
	wire_open(o, P2_KE);
	put_be16(&o->w, group);
	put_zero(&o->w, 2);
	put_bytes(&o->w, data);
	wire_close(o);
}

void v2_put_id(struct wire_out *o, uint8_t payload, uint8_t type, struct chunk data)
{
	wire_open(o, payload);
	wire_put_id(&o->w, type, 0, 0, data);
	wire_close(o);
}

bool v2_get_auth(struct chunk body, uint8_t *method, struct chunk *data)
{
	struct reader r = reader(body);

	*method = get_u8(&r);
	get_bytes(&r, 3);
	*data = get_rest(&r);
	return !r.failed;
}

void v2_put_auth(struct wire_out *o, uint8_t method, struct chunk data)
{
	wire_open(o, P2_AUTH);
	put_u8(&o->w, method);
	put_zero(&o->w, 3);
	put_bytes(&o->w, data);
	wire_close(o);
}

/* the SPI of an IPsec SA or of an IKE SA; mostly there is none */
static bool notify_spi_fits(uint8_t proto, uint8_t size)
{
	switch (proto) {
	case V2_PROTO_AH:
	case V2_PROTO_ESP:
		return size == 0 || size == 4;
	}
	return size == 0 || size == 4 || size == 8;
}

bool v2_get_notify(struct chunk body, struct v2_notify *n)
{
	struct reader r = reader(body);
	uint8_t spi_size;

	n->proto = get_u8(&r);
	spi_size = get_u8(&r);
	n->type = get_be16(&r);
	n->spi = get_bytes(&r, spi_size);
	n->data = get_rest(&r);
	return !r.failed && notify_spi_fits(n->proto, spi_size);
}

void v2_put_notify(struct wire_out *o, const struct v2_notify *n)
{
	wire_open(o, P2_NOTIFY);
	put_u8(&o->w, n->proto);
	put_u8(&o->w, n->spi.n);
	put_be16(&o->w, n->type);
	put_bytes(&o->w, n->spi);
	put_bytes(&o->w, n->data);
	wire_close(o);
}

void v2_put_status(struct wire_out *o, uint16_t type, struct chunk data)
{
	struct v2_notify n = { .type = type, .data = data };

	v2_put_notify(o, &n);
}

bool v2_find_notify(const struct wire_msg *msg, uint16_t type, struct v2_notify *n)
{
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type == P2_NOTIFY && v2_get_notify(msg->pl[i].body, n) &&
		    n->type == type)
			return true;
	}
	*n = (struct v2_notify){ 0 };
	return false;
}

/* IKE's has no SPI: it is the SA that the message came by (RFC 7296 3.11) */
bool v2_get_delete(struct chunk body, struct v2_delete *d)
{
	struct reader r = reader(body);
	uint8_t spi_size;

	d->proto = get_u8(&r);
	spi_size = get_u8(&r);
	d->n = get_be16(&r);
	d->spis = get_rest(&r);
	if (r.failed)
		return false;
	switch (d->proto) {
	case V2_PROTO_IKE:
		d->n = 0;
		return !spi_size && !d->spis.n;
	case V2_PROTO_AH:
	case V2_PROTO_ESP:
		return spi_size == 4 && d->spis.n == (size_t)d->n * 4;
	}
	return false;
}

void v2_put_delete(struct wire_out *o, const struct v2_delete *d)
{
	wire_open(o, P2_DELETE);
	put_u8(&o->w, d->proto);
	put_u8(&o->w, d->proto == V2_PROTO_IKE ? 0 : 4);
	put_be16(&o->w, d->proto == V2_PROTO_IKE ? 0 : d->n);
	put_bytes(&o->w, d->spis);
	wire_close(o);
}

/* a range that ends before it starts is none; 65535 to 0 are OPAQUE ports */
static bool ts_ordered(const struct ts *ts, size_t n)
{
	if (memcmp(ts->lo, ts->hi, n) > 0)
		return false;
	return ts->port_lo <= ts->port_hi || (ts->port_lo == 65535 && ts->port_hi == 0);
}

/* the body of a selector of a type that we know; its length must be right */
static bool read_ts(struct reader *r, uint8_t type, uint8_t proto, struct ts *ts)
{
	size_t n = type == TS_IPV4_RANGE ? 4 : 16;
	struct chunk lo, hi;

	*ts = (struct ts){ .family = n == 4 ? AF_INET : AF_INET6, .proto = proto };
	ts->port_lo = get_be16(r);
	ts->port_hi = get_be16(r);
	lo = get_bytes(r, n);
	hi = get_bytes(r, n);
	if (r->failed || r->n)
		return false;
	memcpy(ts->lo, lo.p, n);
	memcpy(ts->hi, hi.p, n);
	return ts_ordered(ts, n);
}

/* more than V2_TS_MAX are left out too: a responder may narrow to those that it took */
bool v2_get_ts(struct chunk body, struct ts ts[V2_TS_MAX], unsigned int *n, unsigned int *total)
{
	struct reader r = reader(body);
	uint8_t count = get_u8(&r);
	struct reader one;
	uint16_t length;
	uint8_t proto;
	struct ts got;
	uint8_t type;

	*n = 0;
	*total = 0;
	get_bytes(&r, 3);
	while (r.n) {
		type = get_u8(&r);
		proto = get_u8(&r);
		length = get_be16(&r);
		if (r.failed || length < TS_HDR)
			return false;
		one = reader(get_bytes(&r, length - TS_HDR));
		if (r.failed)
			return false;
		++*total;
		if (type != TS_IPV4_RANGE && type != TS_IPV6_RANGE)
			continue;
		if (!read_ts(&one, type, proto, &got))
			return false;
		if (*n < V2_TS_MAX)
			ts[(*n)++] = got;
	}
	return !r.failed && count && *total == count;
}

void v2_put_ts(struct wire_out *o, uint8_t payload, const struct ts *ts, unsigned int n)
{
	size_t bytes;
	unsigned int i;

	wire_open(o, payload);
	put_u8(&o->w, n);
	put_zero(&o->w, 3);
	for (i = 0; i < n; i++) {
		bytes = ts[i].family == AF_INET ? 4 : 16;
		put_u8(&o->w, bytes == 4 ? TS_IPV4_RANGE : TS_IPV6_RANGE);
		put_u8(&o->w, ts[i].proto);
		put_be16(&o->w, TS_HDR + 4 + 2 * bytes);
		put_be16(&o->w, ts[i].port_lo);
		put_be16(&o->w, ts[i].port_hi);
		put_bytes(&o->w, chunk(ts[i].lo, bytes));
		put_bytes(&o->w, chunk(ts[i].hi, bytes));
	}
	wire_close(o);
}

bool v2_get_skf(struct chunk body, uint16_t *number, uint16_t *total, struct chunk *sealed)
{
	struct reader r = reader(body);

	*number = get_be16(&r);
	*total = get_be16(&r);
	*sealed = get_rest(&r);
	return !r.failed && *number && *number <= *total && sealed->n;
}
