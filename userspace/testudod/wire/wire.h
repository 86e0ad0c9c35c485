/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both IKE versions have on the wire: header, chain of payloads, and the
 * numbers. Reading checks every length once; what it hands out points into the
 * message. It keeps no state and logs nothing: a fault is returned.
 */
#ifndef TESTUDOD_WIRE_WIRE_H
#define TESTUDOD_WIRE_WIRE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/bytes.h"

#define WIRE_HDR_LEN		28
#define WIRE_MSG_MAX		65507	/* bytes of the largest UDP payload */
#define WIRE_PAYLOADS		96	/* payloads in one message; more are a fault */

/* struct wire_hdr @flags */
#define WIRE_V1_ENCRYPT		0x01
#define WIRE_V1_COMMIT		0x02
#define WIRE_V1_AUTH		0x04
#define WIRE_V2_INITIATOR	0x08
#define WIRE_V2_VERSION		0x10
#define WIRE_V2_RESPONSE	0x20

/** enum wire_exchange - exchange types of both versions */
enum wire_exchange {
	V1_BASE = 1,
	V1_MAIN = 2,
	V1_AGGRESSIVE = 4,
	V1_INFO = 5,
	V1_TRANSACTION = 6,
	V1_QUICK = 32,
	V2_SA_INIT = 34,
	V2_AUTH = 35,
	V2_CHILD = 36,
	V2_INFO = 37,
	V2_INTERMEDIATE = 43,
	V2_FOLLOWUP_KE = 44,
};

/** enum wire_payload - payload types of both versions */
enum wire_payload {
	P_NONE = 0,
	P1_SA = 1, P1_PROP = 2, P1_TRANS = 3, P1_KE = 4, P1_ID = 5, P1_CERT = 6, P1_CERTREQ = 7,
	P1_HASH = 8, P1_SIG = 9, P1_NONCE = 10, P1_NOTIFY = 11, P1_DELETE = 12, P1_VID = 13,
	P1_ATTR = 14, P1_NAT_D = 20, P1_NAT_OA = 21,
	P1_NAT_D_DRAFT = 130, P1_NAT_OA_DRAFT = 131, P1_FRAG = 132,
	P2_SA = 33, P2_KE = 34, P2_IDI = 35, P2_IDR = 36, P2_CERT = 37, P2_CERTREQ = 38,
	P2_AUTH = 39, P2_NONCE = 40, P2_NOTIFY = 41, P2_DELETE = 42, P2_VID = 43, P2_TSI = 44,
	P2_TSR = 45, P2_SK = 46, P2_CP = 47, P2_EAP = 48, P2_SKF = 53,
};

/**
 * struct wire_hdr - the header, in host order
 * @spi_i: initiator's SPI or cookie
 * @spi_r: responder's
 * @next: type of the first payload
 * @version: major in the upper 4 bits, minor in the lower
 * @exchange: exchange type
 * @flags: WIRE_V1_* or WIRE_V2_*
 * @msgid: message id
 * @length: bytes of the message, header included
 */
struct wire_hdr {
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t next;
	uint8_t version;
	uint8_t exchange;
	uint8_t flags;
	uint32_t msgid;
	uint32_t length;
};

/**
 * struct wire_fault - why bytes were refused
 * @why: in a few words, NULL if they were not
 * @payload: type of the payload it is in, 0 for the header
 * @off: byte offset in the message, of a typed reader in the body it was given
 */
struct wire_fault {
	const char *why;
	uint8_t payload;
	size_t off;
};

/**
 * struct wire_pl - one payload
 * @type: its type
 * @critical: IKEv2's critical bit
 * @next: the next payload type that its own header names
 * @all: the payload with its generic header
 * @body: without
 */
struct wire_pl {
	uint8_t type;
	bool critical;
	uint8_t next;
	struct chunk all;
	struct chunk body;
};

/**
 * struct wire_msg - a message or what was inside of one
 * @hdr: header
 * @data: from the header to the end
 * @n: payloads
 * @pl: the payloads in their order
 * @rest: bytes after the last payload (IKEv1's padding)
 */
struct wire_msg {
	struct wire_hdr hdr;
	struct chunk data;
	unsigned int n;
	struct wire_pl pl[WIRE_PAYLOADS];
	struct chunk rest;
};

/*
 * @data is a whole datagram (without the non-ESP marker): the length that the
 * header states must be the length that came, in both versions (RFC 2408 5.1;
 * racoon and pluto drop such messages too). Version and SPIs are not judged,
 * so that a newer version can be answered.
 */
bool wire_read_hdr(struct chunk data, struct wire_hdr *hdr, struct wire_fault *fault);
/*
 * Walk the chain that starts with type @first in @data; SK and SKF end it.
 * @msg->hdr and @msg->data must be there: the version decides on the rules.
 */
bool wire_read_chain(struct chunk data, uint8_t first, struct wire_msg *msg,
		     struct wire_fault *fault);
const struct wire_pl *wire_find(const struct wire_msg *msg, uint8_t type);
unsigned int wire_count(const struct wire_msg *msg, uint8_t type);

/**
 * struct wire_out - a message under construction
 * @w: the bytes
 * @next_at: where the type of the next payload goes; WIRE_NOWHERE before the
 *	first one of a chain
 * @begun_at: start of the payload that is open; WIRE_NOWHERE before the first
 * @first: type of the first payload
 */
struct wire_out {
	struct writer w;
	size_t next_at;
	size_t begun_at;
	uint8_t first;
};

#define WIRE_NOWHERE	SIZE_MAX

/* these two make @o anew: bytes of an earlier message must have been freed */
void wire_begin(struct wire_out *o, const struct wire_hdr *hdr);
/* a chain without a header, to be sealed into an SK payload */
void wire_begin_chain(struct wire_out *o);
uint8_t wire_first(const struct wire_out *o);
void wire_open(struct wire_out *o, uint8_t type);
void wire_close(struct wire_out *o);
void wire_put(struct wire_out *o, uint8_t type, struct chunk body);
/* patch the length into the header; a message of more than WIRE_MSG_MAX bytes is not to be sent */
void wire_end(struct wire_out *o);

/**
 * struct wire_prop - one proposal of an SA payload: transforms of one protocol
 * @number: proposal number
 * @proto: V1_PROTO_* or V2_PROTO_*
 * @spi: SPI as sent; empty where the header has it
 * @first: first of its transforms in struct v1_sa or v2_sa
 * @n: how many
 */
struct wire_prop {
	uint8_t number;
	uint8_t proto;
	struct chunk spi;
	unsigned int first;
	unsigned int n;
};

/* static strings; "unknown" of what has no name here */
const char *wire_exchange_name(unsigned int exchange);
const char *wire_payload_name(unsigned int type);
const char *wire_v1_notify_name(unsigned int type);
const char *wire_v2_notify_name(unsigned int type);

/**
 * struct wire_id - an identification payload's body, taken apart
 * @type: ID type (RFC 2407 4.6.2.1, RFC 7296 3.5)
 * @proto: IKEv1: protocol, else 0
 * @port: IKEv1: port, host order, else 0
 * @data: the identity itself
 * @body: the whole body, which is what hashes cover
 */
struct wire_id {
	uint8_t type;
	uint8_t proto;
	uint16_t port;
	struct chunk data;
	struct chunk body;
};

bool wire_get_id(struct chunk body, struct wire_id *id);
/* the body; hashes cover it, so some need it without its payload. IKEv2: @proto and @port are 0 */
void wire_put_id(struct writer *w, uint8_t type, uint8_t proto, uint16_t port, struct chunk data);
/* CERT and CERTREQ: encoding byte and the rest, which is empty where a request names no CA */
bool wire_get_cert(struct chunk body, uint8_t *encoding, struct chunk *data);
void wire_put_cert(struct wire_out *o, uint8_t payload, uint8_t encoding, struct chunk data);

#endif /* TESTUDOD_WIRE_WIRE_H */
