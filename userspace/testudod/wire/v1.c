// SPDX-License-Identifier: GPL-2.0
/* IKEv1's payloads other than SA and vendor ids: bytes to typed structs and back. */
#include <netinet/in.h>

#include "wire/id.h"
#include "wire/v1.h"

#define DOI_ISAKMP 0
#define DOI_IPSEC  1
#define COOKIES	   16
#define FRAG_LAST  0x01

/* peers tell what is about phase 1 under either of them */
static bool doi_known(uint32_t doi)
{
	return doi == DOI_ISAKMP || doi == DOI_IPSEC;
}

bool v1_get_notify(struct chunk body, struct v1_notify *n)
{
	struct reader r = reader(body);
	uint32_t doi = get_be32(&r);
	uint8_t spi_size;

	n->proto = get_u8(&r);
	spi_size = get_u8(&r);
	n->type = get_be16(&r);
	n->spi = get_bytes(&r, spi_size);
	n->data = get_rest(&r);
	return !r.failed && doi_known(doi) && spi_size <= COOKIES;
}

void v1_put_notify(struct wire_out *o, const struct v1_notify *n)
{
	wire_open(o, P1_NOTIFY);
	put_be32(&o->w, DOI_IPSEC);
	put_u8(&o->w, n->proto);
	put_u8(&o->w, n->spi.n);
	put_be16(&o->w, n->type);
	put_bytes(&o->w, n->spi);
	put_bytes(&o->w, n->data);
	wire_close(o);
}

uint8_t v1_proto_of(uint8_t ipproto)
{
	switch (ipproto) {
	case IPPROTO_AH:
		return V1_PROTO_AH;
	case IPPROTO_COMP:
		return V1_PROTO_IPCOMP;
	default:
		return V1_PROTO_ESP;
	}
}

uint8_t v1_ipproto(uint8_t proto)
{
	switch (proto) {
	case V1_PROTO_AH:
		return IPPROTO_AH;
	case V1_PROTO_ESP:
		return IPPROTO_ESP;
	case V1_PROTO_IPCOMP:
		return IPPROTO_COMP;
	default:
		return 0;
	}
}

static bool delete_size_fits(uint8_t proto, uint8_t size)
{
	switch (proto) {
	case V1_PROTO_ISAKMP:
		return size == COOKIES;
	case V1_PROTO_AH:
	case V1_PROTO_ESP:
		return size == 4;
	case V1_PROTO_IPCOMP:
		return size == 2 || size == 4;
	}
	return false;
}

bool v1_get_delete(struct chunk body, struct v1_delete *d)
{
	struct reader r = reader(body);
	uint32_t doi = get_be32(&r);

	d->proto = get_u8(&r);
	d->spi_size = get_u8(&r);
	d->n = get_be16(&r);
	d->spis = get_rest(&r);
	return !r.failed && doi_known(doi) && delete_size_fits(d->proto, d->spi_size) && d->n &&
	       d->spis.n == (size_t)d->n * d->spi_size;
}

void v1_put_delete(struct wire_out *o, const struct v1_delete *d)
{
	wire_open(o, P1_DELETE);
	put_be32(&o->w, DOI_IPSEC);
	put_u8(&o->w, d->proto);
	put_u8(&o->w, d->spi_size);
	put_be16(&o->w, d->n);
	put_bytes(&o->w, d->spis);
	wire_close(o);
}

bool v1_get_natoa(struct chunk body, struct sockaddr_storage *sa)
{
	struct reader r = reader(body);
	uint8_t type = get_u8(&r);

	get_bytes(&r, 3);
	if (!addr_from_bytes(sa, get_rest(&r)))
		return false;
	return type == (sa->ss_family == AF_INET ? ID_IPV4 : ID_IPV6);
}

void v1_put_natoa(struct wire_out *o, uint8_t payload, const struct sockaddr_storage *sa)
{
	wire_open(o, payload);
	put_u8(&o->w, sa->ss_family == AF_INET ? ID_IPV4 : ID_IPV6);
	put_zero(&o->w, 3);
	put_bytes(&o->w, addr_bytes(sa));
	wire_close(o);
}

bool v1_get_frag(struct chunk body, struct v1_frag *f)
{
	struct reader r = reader(body);

	f->id = get_be16(&r);
	f->number = get_u8(&r);
	f->last = get_u8(&r) & FRAG_LAST;
	f->data = get_rest(&r);
	return !r.failed && f->number && f->data.n;
}

void v1_put_frag(struct wire_out *o, const struct v1_frag *f)
{
	wire_open(o, P1_FRAG);
	put_be16(&o->w, f->id);
	put_u8(&o->w, f->number);
	put_u8(&o->w, f->last ? FRAG_LAST : 0);
	put_bytes(&o->w, f->data);
	wire_close(o);
}
