/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What SA payloads of both versions are built of: substructures in a row, and
 * attributes (RFC 2408 3.3 to 3.6, RFC 7296 3.3). For wire/ only.
 */
#ifndef TESTUDOD_WIRE_SUB_H
#define TESTUDOD_WIRE_SUB_H

#include "wire/wire.h"

/**
 * struct sub_walk - a walk over proposals or transforms
 * @r: what is left
 * @type: P1_PROP or P1_TRANS
 * @more: the last one said that another one follows
 * @body: start of the SA payload's body, for fault->off
 * @fault: filled in when the walk fails
 */
struct sub_walk {
	struct reader r;
	uint8_t type;
	bool more;
	const uint8_t *body;
	struct wire_fault *fault;
};

void sub_begin(struct sub_walk *w, struct chunk data, uint8_t type, const uint8_t *body,
	       struct wire_fault *fault);
/* the next one without its 4 byte header; false at the end, or with a fault */
bool sub_next(struct sub_walk *w, struct reader *out);
/* refuse: what @r stands at is wrong; returns false */
bool sub_fault(struct wire_fault *fault, uint8_t type, const uint8_t *body, const struct reader *r,
	       const char *why);

/* a proposal in front of its transforms, of which @count are announced; false if it is cut off */
bool sub_get_prop(struct reader *r, struct wire_prop *p, uint8_t *count);
void sub_put_prop(struct writer *w, const struct wire_prop *p);

/**
 * struct sub_attr - one attribute
 * @type: type without the format bit
 * @tv: the short format, whose value has two bytes
 * @value: the value
 */
struct sub_attr {
	uint16_t type;
	bool tv;
	struct chunk value;
};

/* false if it does not fit in what is left */
bool sub_get_attr(struct reader *r, struct sub_attr *attr);
/* up to 8 bytes as a number; false if there are none, or more */
bool sub_number(struct chunk value, uint64_t *v);

/* start a substructure; its offset is for sub_close() */
size_t sub_open(struct writer *w);
/* @next: P_NONE, or the type again if another one follows */
void sub_close(struct writer *w, size_t at, uint8_t next);
void sub_put_tv(struct writer *w, uint16_t type, uint16_t value);
void sub_put_u32(struct writer *w, uint16_t type, uint32_t value);

#endif /* TESTUDOD_WIRE_SUB_H */
