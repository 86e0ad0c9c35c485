/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IKEv2's payloads (RFC 7296, 7383, 7427): bytes to typed structs and back.
 * Pure.
 */
#ifndef TESTUDOD_WIRE_V2_H
#define TESTUDOD_WIRE_V2_H

#include "wire/wire.h"

#define V2_PROPOSALS	32	/* in one SA payload; more are a fault */
#define V2_TRANSFORMS	256	/* of all of them */
#define V2_TS_MAX	32	/* selectors in one TS payload */

/* protocols (RFC 7296 3.3.1) */
#define V2_PROTO_IKE	1
#define V2_PROTO_AH	2
#define V2_PROTO_ESP	3

/* notify message types (RFC 7296 3.10.1 and the registry) */
#define V2_N_UNSUPPORTED_CRITICAL_PAYLOAD	1
#define V2_N_INVALID_IKE_SPI			4
#define V2_N_INVALID_MAJOR_VERSION		5
#define V2_N_INVALID_SYNTAX			7
#define V2_N_INVALID_MESSAGE_ID			9
#define V2_N_INVALID_SPI			11
#define V2_N_NO_PROPOSAL_CHOSEN			14
#define V2_N_INVALID_KE_PAYLOAD			17
#define V2_N_AUTHENTICATION_FAILED		24
#define V2_N_SINGLE_PAIR_REQUIRED		34
#define V2_N_NO_ADDITIONAL_SAS			35
#define V2_N_INTERNAL_ADDRESS_FAILURE		36
#define V2_N_FAILED_CP_REQUIRED			37
#define V2_N_TS_UNACCEPTABLE			38
#define V2_N_INVALID_SELECTORS			39
#define V2_N_TEMPORARY_FAILURE			43
#define V2_N_CHILD_SA_NOT_FOUND			44
#define V2_N_ERROR_MAX				16383	/* up to here they are errors */
#define V2_N_INITIAL_CONTACT			16384
#define V2_N_SET_WINDOW_SIZE			16385
#define V2_N_ADDITIONAL_TS_POSSIBLE		16386
#define V2_N_IPCOMP_SUPPORTED			16387
#define V2_N_NAT_DETECTION_SOURCE_IP		16388
#define V2_N_NAT_DETECTION_DESTINATION_IP	16389
#define V2_N_COOKIE				16390
#define V2_N_USE_TRANSPORT_MODE			16391
#define V2_N_HTTP_CERT_LOOKUP_SUPPORTED		16392
#define V2_N_REKEY_SA				16393
#define V2_N_ESP_TFC_PADDING_NOT_SUPPORTED	16394
#define V2_N_NON_FIRST_FRAGMENTS_ALSO		16395
#define V2_N_EAP_ONLY_AUTHENTICATION		16417
#define V2_N_FRAGMENTATION_SUPPORTED		16430
#define V2_N_SIGNATURE_HASH_ALGORITHMS		16431

/* authentication methods (RFC 7296 3.8, RFC 4754, RFC 7427) */
#define V2_AUTH_RSA		1
#define V2_AUTH_PSK		2
#define V2_AUTH_ECDSA_256	9
#define V2_AUTH_ECDSA_384	10
#define V2_AUTH_ECDSA_521	11
#define V2_AUTH_SIGNATURE	14

#define V2_CERT_X509		4

/**
 * struct v2_trans - one transform
 * @type: enum alg_kind's first five: ENCR, PRF, INTEG, DH, ESN; 6 to 12 are
 *	RFC 9370's additional key exchanges
 * @id: transform id
 * @keylen: key length attribute in bits, 0 if absent
 * @unknown: an attribute that we do not know was there: not to be chosen
 */
struct v2_trans {
	uint8_t type;
	uint16_t id;
	uint16_t keylen;
	bool unknown;
};

/**
 * struct v2_sa - an SA payload's body
 * @nprop: proposals
 * @ntrans: transforms of all of them
 * @prop: in the order sent, numbered from 1
 * @trans: in the order sent
 */
struct v2_sa {
	unsigned int nprop;
	unsigned int ntrans;
	struct wire_prop prop[V2_PROPOSALS];
	struct v2_trans trans[V2_TRANSFORMS];
};

bool v2_get_sa(struct chunk body, struct v2_sa *sa, struct wire_fault *fault);
void v2_put_sa(struct wire_out *o, const struct v2_sa *sa);

bool v2_get_ke(struct chunk body, uint16_t *group, struct chunk *data);
void v2_put_ke(struct wire_out *o, uint16_t group, struct chunk data);
void v2_put_id(struct wire_out *o, uint8_t payload, uint8_t type, struct chunk data);
bool v2_get_auth(struct chunk body, uint8_t *method, struct chunk *data);
void v2_put_auth(struct wire_out *o, uint8_t method, struct chunk data);

/**
 * struct v2_notify - a notification
 * @proto: V2_PROTO_* if it is about an SA, else 0
 * @type: V2_N_*
 * @spi: SPI of that SA
 * @data: notification data
 */
struct v2_notify {
	uint8_t proto;
	uint16_t type;
	struct chunk spi;
	struct chunk data;
};

bool v2_get_notify(struct chunk body, struct v2_notify *n);
void v2_put_notify(struct wire_out *o, const struct v2_notify *n);
/* a status or error without SPI */
void v2_put_status(struct wire_out *o, uint16_t type, struct chunk data);
/* the first notification of that type; false if there is none */
bool v2_find_notify(const struct wire_msg *msg, uint16_t type, struct v2_notify *n);

/**
 * struct v2_delete - a delete payload
 * @proto: V2_PROTO_*
 * @n: SPIs; 0 for IKE
 * @spis: 4 bytes each
 */
struct v2_delete {
	uint8_t proto;
	uint16_t n;
	struct chunk spis;
};

bool v2_get_delete(struct chunk body, struct v2_delete *d);
void v2_put_delete(struct wire_out *o, const struct v2_delete *d);

/* a TS payload; selectors of a type we do not know are left out of @ts but counted in @total */
bool v2_get_ts(struct chunk body, struct ts ts[V2_TS_MAX], unsigned int *n, unsigned int *total);
void v2_put_ts(struct wire_out *o, uint8_t payload, const struct ts *ts, unsigned int n);

/* SKF: fragment number and total, then what crypt_sk_open() takes (RFC 7383 2.5) */
bool v2_get_skf(struct chunk body, uint16_t *number, uint16_t *total, struct chunk *sealed);

#endif /* TESTUDOD_WIRE_V2_H */
