// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv1's SA payload: proposals, transforms and their attributes, with every
 * nested length and count checked. What may be chosen is not decided here.
 */
#include "wire/sub.h"
#include "wire/v1.h"

#define DOI_IPSEC	  1
#define SIT_IDENTITY_ONLY 1

/* attributes of phase 1 (RFC 2409 appendix A) */
#define A1_ENCR	      1
#define A1_HASH	      2
#define A1_AUTH	      3
#define A1_GROUP      4
#define A1_GROUP_TYPE 5
#define A1_LIFE_TYPE  11
#define A1_LIFE	      12
#define A1_KEYLEN     14

/* attributes of phase 2 (RFC 2407 4.5, RFC 4304) */
#define A2_LIFE_TYPE 1
#define A2_LIFE	     2
#define A2_GROUP     3
#define A2_ENCAP     4
#define A2_INTEG     5
#define A2_KEYLEN    6
#define A2_ESN	     11

#define LIFE_SECONDS   1
#define LIFE_KILOBYTES 2

/**
 * struct attr_walk - what is known while the attributes of a transform are read
 * @t: the transform
 * @life: life type that the next duration is of, 0 if there was none
 */
struct attr_walk {
	struct v1_trans *t;
	uint64_t life;
};

/* a duration: a type that we do not know makes the transform one not to choose */
static const char *read_life(struct attr_walk *w, uint64_t v)
{
	uint32_t *to = w->life == LIFE_SECONDS ? &w->t->seconds : &w->t->kilobytes;
	uint32_t capped = v > UINT32_MAX ? UINT32_MAX : v;

	if (!w->life)
		return "a life duration without its type";
	if (w->life != LIFE_SECONDS && w->life != LIFE_KILOBYTES)
		return NULL;
	/* two that differ: neither was meant (RFC 2407 4.5.3) */
	if (*to && *to != capped)
		w->t->unknown = true;
	*to = capped;
	w->life = 0;
	return NULL;
}

static void read_life_type(struct attr_walk *w, uint64_t v)
{
	w->life = v;
	if (v != LIFE_SECONDS && v != LIFE_KILOBYTES)
		w->t->unknown = true;
}

/* a value of two bytes; twice with different values is not to be chosen */
static void read_word(struct v1_trans *t, uint16_t *to, uint64_t v)
{
	if (!v || v > UINT16_MAX || (*to && *to != v))
		t->unknown = true;
	else
		*to = v;
}

static uint16_t *phase1_word(struct v1_trans *t, uint16_t type)
{
	switch (type) {
	case A1_ENCR:
		return &t->encr;
	case A1_HASH:
		return &t->hash;
	case A1_AUTH:
		return &t->auth;
	case A1_GROUP:
		return &t->group;
	case A1_KEYLEN:
		return &t->keylen;
	}
	return NULL;
}

static uint16_t *phase2_word(struct v1_trans *t, uint16_t type)
{
	switch (type) {
	case A2_GROUP:
		return &t->group;
	case A2_ENCAP:
		return &t->encap;
	case A2_INTEG:
		return &t->integ;
	case A2_KEYLEN:
		return &t->keylen;
	case A2_ESN:
		return &t->esn;
	}
	return NULL;
}

static const char *read_attr(struct attr_walk *w, uint8_t proto, const struct sub_attr *a)
{
	bool phase1 = proto == V1_PROTO_ISAKMP;
	uint16_t *word = phase1 ? phase1_word(w->t, a->type) : phase2_word(w->t, a->type);
	uint16_t life_type = phase1 ? A1_LIFE_TYPE : A2_LIFE_TYPE;
	uint16_t life = phase1 ? A1_LIFE : A2_LIFE;
	uint64_t v;

	if (!word && a->type != life_type && a->type != life) {
		/* racoon's contemporaries repeat with the group what kind of group it is */
		if (!phase1 || a->type != A1_GROUP_TYPE)
			w->t->unknown = true;
		return NULL;
	}
	/* peers use either format for either kind of value */
	if (!sub_number(a->value, &v))
		return "an attribute's value is empty or too long";
	if (word)
		read_word(w->t, word, v);
	else if (a->type == life_type)
		read_life_type(w, v);
	else
		return read_life(w, v);
	return NULL;
}

static bool read_trans(struct reader *r, uint8_t proto, struct v1_sa *sa, const uint8_t *body,
		       struct wire_fault *fault)
{
	struct attr_walk w = { 0 };
	struct reader at = *r;
	struct sub_attr a;
	const char *why;

	if (sa->ntrans == V1_TRANSFORMS)
		return sub_fault(fault, P1_TRANS, body, r, "too many transforms");
	w.t = &sa->trans[sa->ntrans++];
	*w.t = (struct v1_trans){ 0 };
	w.t->number = get_u8(r);
	w.t->id = get_u8(r);
	get_be16(r);
	if (r->failed)
		return sub_fault(fault, P1_TRANS, body, &at, "transform cut off");
	while (r->n) {
		at = *r;
		if (!sub_get_attr(r, &a))
			return sub_fault(fault, P1_TRANS, body, &at, "attribute cut off");
		why = read_attr(&w, proto, &a);
		if (why)
			return sub_fault(fault, P1_TRANS, body, &at, why);
	}
	return true;
}

/*
 * In phase 1 the SPI are the header's cookies: what is here, if anything, must
 * be ignored (RFC 2408 3.5). A CPI has two bytes; some peers send four.
 */
static bool spi_fits(uint8_t proto, size_t n)
{
	switch (proto) {
	case V1_PROTO_ISAKMP:
		return n <= 16;
	case V1_PROTO_AH:
	case V1_PROTO_ESP:
		return n == 4;
	case V1_PROTO_IPCOMP:
		return n == 2 || n == 4;
	}
	return true;
}

static bool read_prop(struct reader *r, struct v1_sa *sa, const uint8_t *body,
		      struct wire_fault *fault)
{
	struct reader at = *r;
	struct sub_walk walk;
	struct reader trans;
	struct wire_prop *p;
	uint8_t count;

	if (sa->nprop == V1_PROPOSALS)
		return sub_fault(fault, P1_PROP, body, r, "too many proposals");
	p = &sa->prop[sa->nprop++];
	if (!sub_get_prop(r, p, &count))
		return sub_fault(fault, P1_PROP, body, &at, "proposal cut off");
	if (!spi_fits(p->proto, p->spi.n))
		return sub_fault(fault, P1_PROP, body, &at, "SPI of a wrong size");
	if (!count)
		return sub_fault(fault, P1_PROP, body, &at, "a proposal without transforms");
	p->first = sa->ntrans;
	sub_begin(&walk, get_rest(r), P1_TRANS, body, fault);
	while (sub_next(&walk, &trans)) {
		if (!read_trans(&trans, p->proto, sa, body, fault))
			return false;
		p->n++;
	}
	if (!fault->why && p->n != count)
		sub_fault(fault, P1_PROP, body, &at, "its number of transforms is wrong");
	return !fault->why;
}

bool v1_get_sa(struct chunk body, struct v1_sa *sa, struct wire_fault *fault)
{
	struct reader r = reader(body);
	struct wire_fault unread;
	struct sub_walk walk;
	struct reader prop;
	uint32_t doi, situation;

	if (!fault)
		fault = &unread;
	*fault = (struct wire_fault){ 0 };
	sa->nprop = 0;
	sa->ntrans = 0;
	doi = get_be32(&r);
	situation = get_be32(&r);
	if (r.failed)
		return sub_fault(fault, P1_SA, body.p, &r, "SA payload cut off");
	if (doi != DOI_IPSEC)
		return sub_fault(fault, P1_SA, body.p, &r, "a DOI other than IPsec's");
	if (situation != SIT_IDENTITY_ONLY)
		return sub_fault(fault, P1_SA, body.p, &r, "a situation other than identity only");
	sub_begin(&walk, get_rest(&r), P1_PROP, body.p, fault);
	while (sub_next(&walk, &prop)) {
		if (!read_prop(&prop, sa, body.p, fault))
			return false;
	}
	return !fault->why;
}

static void put_word(struct writer *w, uint16_t type, uint16_t v)
{
	if (v)
		sub_put_tv(w, type, v);
}

static void put_life(struct writer *w, uint16_t type, uint16_t kind, uint32_t v)
{
	if (!v)
		return;
	sub_put_tv(w, type, kind);
	sub_put_u32(w, type + 1, v);
}

static void put_phase1(struct writer *w, const struct v1_trans *t)
{
	put_life(w, A1_LIFE_TYPE, LIFE_SECONDS, t->seconds);
	put_life(w, A1_LIFE_TYPE, LIFE_KILOBYTES, t->kilobytes);
	put_word(w, A1_ENCR, t->encr);
	put_word(w, A1_KEYLEN, t->keylen);
	put_word(w, A1_AUTH, t->auth);
	put_word(w, A1_HASH, t->hash);
	put_word(w, A1_GROUP, t->group);
}

static void put_phase2(struct writer *w, const struct v1_trans *t)
{
	put_life(w, A2_LIFE_TYPE, LIFE_SECONDS, t->seconds);
	put_life(w, A2_LIFE_TYPE, LIFE_KILOBYTES, t->kilobytes);
	put_word(w, A2_ENCAP, t->encap);
	put_word(w, A2_KEYLEN, t->keylen);
	put_word(w, A2_INTEG, t->integ);
	put_word(w, A2_GROUP, t->group);
	put_word(w, A2_ESN, t->esn);
}

static void put_prop(struct writer *w, const struct v1_sa *sa, const struct wire_prop *p)
{
	const struct v1_trans *t;
	unsigned int i;
	size_t at;

	sub_put_prop(w, p);
	for (i = 0; i < p->n; i++) {
		t = &sa->trans[p->first + i];
		at = sub_open(w);
		put_u8(w, t->number);
		put_u8(w, t->id);
		put_zero(w, 2);
		if (p->proto == V1_PROTO_ISAKMP)
			put_phase1(w, t);
		else
			put_phase2(w, t);
		sub_close(w, at, i + 1 < p->n ? P1_TRANS : P_NONE);
	}
}

void v1_put_sa(struct writer *w, const struct v1_sa *sa)
{
	unsigned int i;
	size_t at;

	put_be32(w, DOI_IPSEC);
	put_be32(w, SIT_IDENTITY_ONLY);
	for (i = 0; i < sa->nprop; i++) {
		at = sub_open(w);
		put_prop(w, sa, &sa->prop[i]);
		sub_close(w, at, i + 1 < sa->nprop ? P1_PROP : P_NONE);
	}
}
