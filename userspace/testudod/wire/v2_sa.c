// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2's SA payload: proposals and transforms, with every nested length and
 * count checked. What may be chosen is not decided here.
 */
#include "wire/sub.h"
#include "wire/v2.h"

#define ATTR_KEYLEN 14

/* the key length is in the short format only; what else is there we do not know */
static void read_attr(struct v2_trans *t, const struct sub_attr *a)
{
	uint64_t v;

	if (a->type != ATTR_KEYLEN || !a->tv || !sub_number(a->value, &v) || !v) {
		t->unknown = true;
		return;
	}
	if (t->keylen && t->keylen != v)
		t->unknown = true;
	t->keylen = v;
}

static bool read_trans(struct reader *r, struct v2_sa *sa, const uint8_t *body,
		       struct wire_fault *fault)
{
	struct reader at = *r;
	struct sub_attr a;
	struct v2_trans *t;

	if (sa->ntrans == V2_TRANSFORMS)
		return sub_fault(fault, P2_SA, body, r, "too many transforms");
	t = &sa->trans[sa->ntrans++];
	*t = (struct v2_trans){ 0 };
	t->type = get_u8(r);
	get_u8(r);
	t->id = get_be16(r);
	if (r->failed)
		return sub_fault(fault, P2_SA, body, &at, "transform cut off");
	while (r->n) {
		at = *r;
		if (!sub_get_attr(r, &a))
			return sub_fault(fault, P2_SA, body, &at, "attribute cut off");
		read_attr(t, &a);
	}
	return true;
}

/* none in an initial exchange, else that of the protocol */
static bool spi_fits(uint8_t proto, size_t n)
{
	switch (proto) {
	case V2_PROTO_IKE:
		return n == 0 || n == 8;
	case V2_PROTO_AH:
	case V2_PROTO_ESP:
		return n == 4;
	}
	return true;
}

/* the first has number 1; that of an answer has the number of the one chosen */
static bool number_follows(const struct v2_sa *sa, uint8_t number)
{
	return number && (sa->nprop < 2 || number > sa->prop[sa->nprop - 2].number);
}

static bool read_prop(struct reader *r, struct v2_sa *sa, const uint8_t *body,
		      struct wire_fault *fault)
{
	struct reader at = *r;
	struct sub_walk walk;
	struct reader trans;
	struct wire_prop *p;
	uint8_t count;

	if (sa->nprop == V2_PROPOSALS)
		return sub_fault(fault, P2_SA, body, r, "too many proposals");
	p = &sa->prop[sa->nprop++];
	if (!sub_get_prop(r, p, &count))
		return sub_fault(fault, P2_SA, body, &at, "proposal cut off");
	if (!number_follows(sa, p->number))
		return sub_fault(fault, P2_SA, body, &at, "proposal numbers out of order");
	if (!spi_fits(p->proto, p->spi.n))
		return sub_fault(fault, P2_SA, body, &at, "SPI of a wrong size");
	if (!count)
		return sub_fault(fault, P2_SA, body, &at, "a proposal without transforms");
	p->first = sa->ntrans;
	sub_begin(&walk, get_rest(r), P1_TRANS, body, fault);
	while (sub_next(&walk, &trans)) {
		if (!read_trans(&trans, sa, body, fault))
			return false;
		p->n++;
	}
	if (!fault->why && p->n != count)
		sub_fault(fault, P2_SA, body, &at, "its number of transforms is wrong");
	return !fault->why;
}

bool v2_get_sa(struct chunk body, struct v2_sa *sa, struct wire_fault *fault)
{
	struct wire_fault unread;
	struct sub_walk walk;
	struct reader prop;

	if (!fault)
		fault = &unread;
	*fault = (struct wire_fault){ 0 };
	sa->nprop = 0;
	sa->ntrans = 0;
	/* proposal and transform keep the numbers that IKEv1's payloads had */
	sub_begin(&walk, body, P1_PROP, body.p, fault);
	while (sub_next(&walk, &prop)) {
		if (!read_prop(&prop, sa, body.p, fault))
			return false;
	}
	return !fault->why;
}

static void put_prop(struct writer *w, const struct v2_sa *sa, const struct wire_prop *p)
{
	const struct v2_trans *t;
	unsigned int i;
	size_t at;

	sub_put_prop(w, p);
	for (i = 0; i < p->n; i++) {
		t = &sa->trans[p->first + i];
		at = sub_open(w);
		put_u8(w, t->type);
		put_u8(w, 0);
		put_be16(w, t->id);
		if (t->keylen)
			sub_put_tv(w, ATTR_KEYLEN, t->keylen);
		sub_close(w, at, i + 1 < p->n ? P1_TRANS : P_NONE);
	}
}

void v2_put_sa(struct wire_out *o, const struct v2_sa *sa)
{
	unsigned int i;
	size_t at;

	wire_open(o, P2_SA);
	for (i = 0; i < sa->nprop; i++) {
		at = sub_open(&o->w);
		put_prop(&o->w, sa, &sa->prop[i]);
		sub_close(&o->w, at, i + 1 < sa->nprop ? P1_PROP : P_NONE);
	}
	wire_close(o);
}
