/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Distinguished names: their text, their DER, and their comparison by RFC 5280
 * 7.1 (case and runs of blanks do not count).
 */
#ifndef TESTUDOD_WIRE_DN_H
#define TESTUDOD_WIRE_DN_H

#include <stdbool.h>

#include "base/bytes.h"

/* "C=DE, O=Test, CN=a" to DER; a lone * as a value is a wildcard; false if it is no DN */
bool dn_from_text(struct blob *der, const char *text);
bool dn_valid(struct chunk der);
bool dn_equal(struct chunk a, struct chunk b);
/* equal RDN by RDN, where @pattern has no wildcard */
bool dn_match(struct chunk pattern, struct chunk der);
/* what dn_from_text() reads; "..." at the end if @buf is too small */
const char *dn_text(struct chunk der, char *buf, size_t size);
/*
 * Text from outside for a log line: bytes that are no printable UTF-8 become
 * \hh, and so does a backslash; those of @special (may be NULL) get one in front.
 */
const char *text_escape(struct chunk text, const char *special, char *buf, size_t size);

#endif /* TESTUDOD_WIRE_DN_H */
