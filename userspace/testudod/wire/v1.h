/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKEv1's payloads (RFC 2407, 2408, 2409, 3706, 3947 and the vendor's
 * fragments): bytes to typed structs and back. Pure.
 */
#ifndef TESTUDOD_WIRE_V1_H
#define TESTUDOD_WIRE_V1_H

#include "wire/wire.h"

#define V1_TRANSFORMS	128	/* transforms in one SA payload; more are a fault */
#define V1_PROPOSALS	32

/* protocols (RFC 2407 4.4.1) */
#define V1_PROTO_ISAKMP	1
#define V1_PROTO_AH	2
#define V1_PROTO_ESP	3
#define V1_PROTO_IPCOMP	4

/* from and to IPPROTO_*; ESP and 0 for what is none of the three */
uint8_t v1_proto_of(uint8_t ipproto);
uint8_t v1_ipproto(uint8_t proto);

/* encapsulation modes (RFC 2407 4.5, RFC 3947 5.1) */
#define V1_ENCAP_TUNNEL		1
#define V1_ENCAP_TRANSPORT	2
#define V1_ENCAP_UDP_TUNNEL	3
#define V1_ENCAP_UDP_TRANSPORT	4
#define V1_ENCAP_UDP_TUNNEL_DRAFT	61443
#define V1_ENCAP_UDP_TRANSPORT_DRAFT	61444

/* notify message types (RFC 2408 3.14.1, RFC 2407 4.6.3, RFC 3706 4) */
#define V1_N_INVALID_PAYLOAD_TYPE	1
#define V1_N_DOI_NOT_SUPPORTED		2
#define V1_N_SITUATION_NOT_SUPPORTED	3
#define V1_N_INVALID_COOKIE		4
#define V1_N_INVALID_MAJOR_VERSION	5
#define V1_N_INVALID_EXCHANGE_TYPE	7
#define V1_N_INVALID_FLAGS		8
#define V1_N_INVALID_MESSAGE_ID		9
#define V1_N_INVALID_SPI		11
#define V1_N_ATTRIBUTES_NOT_SUPPORTED	13
#define V1_N_NO_PROPOSAL_CHOSEN		14
#define V1_N_BAD_PROPOSAL_SYNTAX	15
#define V1_N_PAYLOAD_MALFORMED		16
#define V1_N_INVALID_KEY_INFORMATION	17
#define V1_N_INVALID_ID_INFORMATION	18
#define V1_N_INVALID_CERT_ENCODING	19
#define V1_N_INVALID_CERTIFICATE	20
#define V1_N_INVALID_CERT_AUTHORITY	22
#define V1_N_INVALID_HASH_INFORMATION	23
#define V1_N_AUTHENTICATION_FAILED	24
#define V1_N_INVALID_SIGNATURE		25
#define V1_N_CERTIFICATE_UNAVAILABLE	28
#define V1_N_UNSUPPORTED_EXCHANGE	29
#define V1_N_RESPONDER_LIFETIME		24576
#define V1_N_REPLAY_STATUS		24577
#define V1_N_INITIAL_CONTACT		24578
#define V1_N_R_U_THERE			36136
#define V1_N_R_U_THERE_ACK		36137

/**
 * struct v1_trans - one transform with its attributes; 0 where absent
 * @number: transform number, as the answer must echo it
 * @id: transform id: KEY_IKE 1, or ESP, AH or IPCOMP id
 * @encr: phase 1: encryption algorithm
 * @hash: phase 1: hash algorithm
 * @auth: phase 1: authentication method
 * @group: group description
 * @keylen: key length in bits
 * @integ: phase 2: authentication algorithm
 * @encap: phase 2: encapsulation mode
 * @seconds: life duration in seconds
 * @kilobytes: life duration in kilobytes
 * @esn: phase 2: extended sequence numbers (RFC 4304)
 * @unknown: an attribute that we do not know was among them
 */
struct v1_trans {
	uint8_t number;
	uint8_t id;
	uint16_t encr;
	uint16_t hash;
	uint16_t auth;
	uint16_t group;
	uint16_t keylen;
	uint16_t integ;
	uint16_t encap;
	uint32_t seconds;
	uint32_t kilobytes;
	uint16_t esn;
	bool unknown;
};

/**
 * struct v1_sa - an SA payload's body
 * @nprop: proposals
 * @ntrans: transforms of all of them
 * @prop: proposals in the order sent; those with the same number belong together (AND)
 * @trans: transforms in the order sent
 */
struct v1_sa {
	unsigned int nprop;
	unsigned int ntrans;
	struct wire_prop prop[V1_PROPOSALS];
	struct v1_trans trans[V1_TRANSFORMS];
};

bool v1_get_sa(struct chunk body, struct v1_sa *sa, struct wire_fault *fault);
/* the SA payload's body (DOI, situation, proposals), ready for wire_put() and for hashes */
void v1_put_sa(struct writer *w, const struct v1_sa *sa);

/**
 * struct v1_notify - a notification
 * @proto: V1_PROTO_*
 * @type: V1_N_*
 * @spi: SPI or both cookies
 * @data: notification data
 */
struct v1_notify {
	uint8_t proto;
	uint16_t type;
	struct chunk spi;
	struct chunk data;
};

bool v1_get_notify(struct chunk body, struct v1_notify *n);
void v1_put_notify(struct wire_out *o, const struct v1_notify *n);

/**
 * struct v1_delete - a delete payload
 * @proto: V1_PROTO_*
 * @spi_size: bytes of each SPI: 4, or 16 for ISAKMP; 2 is tolerated for IPCOMP
 * @n: how many
 * @spis: all of them, one after the other
 */
struct v1_delete {
	uint8_t proto;
	uint8_t spi_size;
	uint16_t n;
	struct chunk spis;
};

bool v1_get_delete(struct chunk body, struct v1_delete *d);
void v1_put_delete(struct wire_out *o, const struct v1_delete *d);
/* NAT-OA body to an address; the type is an ID type */
bool v1_get_natoa(struct chunk body, struct sockaddr_storage *sa);
void v1_put_natoa(struct wire_out *o, uint8_t payload, const struct sockaddr_storage *sa);

/**
 * struct v1_frag - a vendor fragment (payload 132)
 * @id: of the set
 * @number: from 1
 * @last: it is the last one
 * @data: a piece of the whole message
 */
struct v1_frag {
	uint16_t id;
	uint8_t number;
	bool last;
	struct chunk data;
};

bool v1_get_frag(struct chunk body, struct v1_frag *f);
void v1_put_frag(struct wire_out *o, const struct v1_frag *f);

/** enum v1_vid - vendor ids that mean something to us */
enum v1_vid {
	V1_VID_UNKNOWN,
	V1_VID_NATT_RFC,
	V1_VID_NATT_03,
	V1_VID_NATT_02N,
	V1_VID_NATT_02,
	V1_VID_NATT_00,
	V1_VID_DPD,
	V1_VID_XAUTH,
	V1_VID_UNITY,
	V1_VID_FRAG,
	V1_VID_KAME,
	V1_VID_IPSEC_TOOLS,
	V1_VID_MS,
	V1_VID_STRONGSWAN,
	V1_VID_TESTUDO,
	V1_VIDS,
};

enum v1_vid v1_vid_by_bytes(struct chunk body);
struct chunk v1_vid_bytes(enum v1_vid vid);
/* as racoon's log has it: "DPD", "RFC 3947", "FRAGMENTATION" */
const char *v1_vid_name(enum v1_vid vid);

#endif /* TESTUDOD_WIRE_V1_H */
