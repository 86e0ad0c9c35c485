// SPDX-License-Identifier: GPL-2.0
/* Substructures and attributes of SA payloads: read with checks, and written. */
#include "wire/sub.h"

#define SUB_HDR 4
#define ATTR_TV 0x8000

bool sub_fault(struct wire_fault *fault, uint8_t type, const uint8_t *body, const struct reader *r,
	       const char *why)
{
	fault->why = why;
	fault->payload = type;
	fault->off = r->p && body ? r->p - body : 0;
	return false;
}

void sub_begin(struct sub_walk *w, struct chunk data, uint8_t type, const uint8_t *body,
	       struct wire_fault *fault)
{
	*w = (struct sub_walk){
		.r = reader(data),
		.type = type,
		.more = true,
		.body = body,
		.fault = fault,
	};
}

bool sub_next(struct sub_walk *w, struct reader *out)
{
	struct reader at = w->r;
	uint16_t length;
	uint8_t next;

	if (!w->more) {
		if (w->r.n)
			sub_fault(w->fault, w->type, w->body, &at, "bytes after the last one");
		return false;
	}
	next = get_u8(&w->r);
	get_u8(&w->r);
	length = get_be16(&w->r);
	if (w->r.failed)
		return sub_fault(w->fault, w->type, w->body, &at, "its header is cut off");
	if (next != P_NONE && next != w->type)
		return sub_fault(w->fault, w->type, w->body, &at, "followed by another type");
	if (length < SUB_HDR || (size_t)length - SUB_HDR > w->r.n)
		return sub_fault(w->fault, w->type, w->body, &at, "its length is wrong");
	*out = reader(get_bytes(&w->r, length - SUB_HDR));
	w->more = next == w->type;
	return true;
}

bool sub_get_prop(struct reader *r, struct wire_prop *p, uint8_t *count)
{
	uint8_t spi_size;

	*p = (struct wire_prop){ 0 };
	p->number = get_u8(r);
	p->proto = get_u8(r);
	spi_size = get_u8(r);
	*count = get_u8(r);
	p->spi = get_bytes(r, spi_size);
	return !r->failed;
}

void sub_put_prop(struct writer *w, const struct wire_prop *p)
{
	put_u8(w, p->number);
	put_u8(w, p->proto);
	put_u8(w, p->spi.n);
	put_u8(w, p->n);
	put_bytes(w, p->spi);
}

bool sub_get_attr(struct reader *r, struct sub_attr *attr)
{
	uint16_t type = get_be16(r);

	attr->type = type & ~ATTR_TV;
	attr->tv = type & ATTR_TV;
	attr->value = get_bytes(r, attr->tv ? 2 : get_be16(r));
	return !r->failed;
}

bool sub_number(struct chunk value, uint64_t *v)
{
	size_t i;

	*v = 0;
	if (!value.n || value.n > 8)
		return false;
	for (i = 0; i < value.n; i++)
		*v = *v << 8 | value.p[i];
	return true;
}

size_t sub_open(struct writer *w)
{
	size_t at = w->n;

	put_zero(w, SUB_HDR);
	return at;
}

void sub_close(struct writer *w, size_t at, uint8_t next)
{
	patch_u8(w, at, next);
	patch_be16(w, at + 2, w->n - at);
}

void sub_put_tv(struct writer *w, uint16_t type, uint16_t value)
{
	put_be16(w, ATTR_TV | type);
	put_be16(w, value);
}

void sub_put_u32(struct writer *w, uint16_t type, uint32_t value)
{
	put_be16(w, type);
	put_be16(w, 4);
	put_be32(w, value);
}
