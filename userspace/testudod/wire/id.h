/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Identities: the ID types that both IKE versions share, their text and their
 * comparison. Distinguished names are compared by RFC 5280's rules.
 */
#ifndef TESTUDOD_WIRE_ID_H
#define TESTUDOD_WIRE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

/* ID types (RFC 2407 4.6.2.1, RFC 7296 3.5) */
#define ID_IPV4	       1
#define ID_FQDN	       2
#define ID_USER_FQDN   3 /* IKEv2: ID_RFC822_ADDR */
#define ID_IPV4_SUBNET 4 /* IKEv1, as the next ones up to 8 but 5 */
#define ID_IPV6	       5
#define ID_IPV6_SUBNET 6
#define ID_IPV4_RANGE  7
#define ID_IPV6_RANGE  8
#define ID_DN	       9
#define ID_GN	       10
#define ID_KEY_ID      11

/**
 * struct id - an identity
 * @type: ID_*, 0 for none
 * @data: as the wire has it, without type, protocol and port
 */
struct id {
	uint8_t type;
	struct blob data;
};

void id_free(struct id *id);
void id_set(struct id *id, uint8_t type, struct chunk data);
void id_copy(struct id *id, const struct id *from);
void id_from_addr(struct id *id, const struct sockaddr_storage *sa);
/* "C=DE, O=Test, CN=a" with racoon's escapes; false if it is none */
bool id_from_dn_text(struct id *id, const char *text);
/* what is in @data has the form that its type demands */
bool id_valid(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
/* @pattern's DN may hold * as the value of an RDN */
bool id_match(const struct id *pattern, const struct id *id);
/* an ID payload's selector in quick mode (address, subnet or range) */
bool id_to_ts(uint8_t type, struct chunk data, uint8_t proto, uint16_t port, struct ts *ts);
void id_from_ts(struct id *id, const struct ts *ts);
const char *id_type_name(uint8_t type);
/* "fqdn a.test", "asn1dn C=DE, CN=a", "address 10.0.0.1"; bytes that are not text are escaped */
const char *id_text(const struct id *id, char *buf, size_t size);

#define ID_TEXT 256 /* a buffer for id_text() that suits a log line */

#endif /* TESTUDOD_WIRE_ID_H */
