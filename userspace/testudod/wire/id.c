// SPDX-License-Identifier: GPL-2.0
/*
 * Identities: what each ID type must look like, comparison, text, and the way
 * from an ID payload to a traffic selector and back. Distinguished names are
 * dn.c's.
 */
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "wire/dn.h"
#include "wire/id.h"

void id_free(struct id *id)
{
	blob_free(&id->data);
	id->type = 0;
}

void id_set(struct id *id, uint8_t type, struct chunk data)
{
	blob_set(&id->data, data);
	id->type = type;
}

void id_copy(struct id *id, const struct id *from)
{
	id_set(id, from->type, blob_chunk(&from->data));
}

void id_from_addr(struct id *id, const struct sockaddr_storage *sa)
{
	id_set(id, sa->ss_family == AF_INET6 ? ID_IPV6 : ID_IPV4, addr_bytes(sa));
}

bool id_from_dn_text(struct id *id, const char *text)
{
	struct blob der = { 0 };

	if (!dn_from_text(&der, text))
		return false;
	id->type = ID_DN;
	blob_take(&id->data, &der);
	return true;
}

/* ---- form ---- */

/* prefix length of a netmask of @n bytes, -1 if it has holes */
static int mask_bits(const uint8_t *mask, size_t n)
{
	int bits = 0;
	size_t i;

	while ((size_t)bits < n * 8 && mask[bits / 8] & (0x80 >> bits % 8))
		bits++;
	for (i = (size_t)bits; i < n * 8; i++)
		if (mask[i / 8] & (0x80 >> i % 8))
			return -1;
	return bits;
}

/* no blanks, controls or zero bytes: names that would look like others */
static bool name_valid(struct chunk c)
{
	size_t i;

	for (i = 0; i < c.n; i++)
		if (c.p[i] <= ' ' || c.p[i] == 0x7f)
			return false;
	return c.n > 0;
}

static bool gn_valid(struct chunk c)
{
	const unsigned char *p = c.p;
	GENERAL_NAME *gn;
	bool ok;

	if (!c.n || c.n > LONG_MAX)
		return false;
	gn = d2i_GENERAL_NAME(NULL, &p, (long)c.n);
	ok = gn && p == c.p + c.n;
	GENERAL_NAME_free(gn);
	ERR_clear_error();
	return ok;
}

bool id_valid(const struct id *id)
{
	struct chunk c = blob_chunk(&id->data);

	switch (id->type) {
	case ID_IPV4:
		return c.n == 4;
	case ID_IPV6:
		return c.n == 16;
	case ID_IPV4_SUBNET:
		return c.n == 8 && mask_bits(c.p + 4, 4) >= 0;
	case ID_IPV6_SUBNET:
		return c.n == 32 && mask_bits(c.p + 16, 16) >= 0;
	case ID_IPV4_RANGE:
		return c.n == 8 && memcmp(c.p, c.p + 4, 4) <= 0;
	case ID_IPV6_RANGE:
		return c.n == 32 && memcmp(c.p, c.p + 16, 16) <= 0;
	case ID_FQDN:
	case ID_USER_FQDN:
		return name_valid(c);
	case ID_DN:
		return dn_valid(c);
	case ID_GN:
		return gn_valid(c);
	case ID_KEY_ID:
		return c.n > 0;
	}
	return false;
}

/* ---- comparison ---- */

static bool same_ignoring_case(struct chunk a, struct chunk b)
{
	return a.n == b.n && (!a.n || !strncasecmp((const char *)a.p, (const char *)b.p, a.n));
}

/* where the domain of "user@domain" begins; 0 if there is no '@' */
static size_t domain_at(struct chunk c)
{
	size_t n = c.n;

	while (n && c.p[n - 1] != '@')
		n--;
	return n;
}

static bool user_fqdn_equal(struct chunk a, struct chunk b)
{
	size_t at = domain_at(a);

	if (a.n != b.n || at != domain_at(b))
		return false;
	return chunk_equal(chunk(a.p, at), chunk(b.p, at)) &&
	       same_ignoring_case(chunk(a.p + at, a.n - at), chunk(b.p + at, b.n - at));
}

bool id_equal(const struct id *a, const struct id *b)
{
	struct chunk ca = blob_chunk(&a->data);
	struct chunk cb = blob_chunk(&b->data);

	if (a->type != b->type || !a->type)
		return false;
	switch (a->type) {
	case ID_FQDN:
		/* zero bytes do not end the compare early: they are refused here */
		return name_valid(ca) && same_ignoring_case(ca, cb) && name_valid(cb);
	case ID_USER_FQDN:
		return name_valid(ca) && name_valid(cb) && user_fqdn_equal(ca, cb);
	case ID_DN:
		return dn_equal(ca, cb);
	}
	return chunk_equal(ca, cb);
}

bool id_match(const struct id *pattern, const struct id *id)
{
	if (pattern->type != ID_DN || id->type != ID_DN)
		return id_equal(pattern, id);
	return dn_match(blob_chunk(&pattern->data), blob_chunk(&id->data));
}

/* ---- selectors ---- */

static bool is_subnet(uint8_t type)
{
	return type == ID_IPV4_SUBNET || type == ID_IPV6_SUBNET;
}

static bool is_range(uint8_t type)
{
	return type == ID_IPV4_RANGE || type == ID_IPV6_RANGE;
}

static bool is_addresses(uint8_t type)
{
	return type == ID_IPV4 || type == ID_IPV6 || is_subnet(type) || is_range(type);
}

bool id_to_ts(uint8_t type, struct chunk data, uint8_t proto, uint16_t port, struct ts *ts)
{
	struct id id = { .type = type, .data = { (uint8_t *)data.p, data.n } };
	struct sockaddr_storage sa;
	size_t n = is_range(type) || is_subnet(type) ? data.n / 2 : data.n;
	unsigned int bits = (unsigned int)n * 8;

	if (!is_addresses(type) || !id_valid(&id) || !addr_from_bytes(&sa, chunk(data.p, n)))
		return false;
	if (is_subnet(type))
		bits = (unsigned int)mask_bits(data.p + n, n);
	ts_from_prefix(ts, &sa, bits, proto, port);
	if (is_range(type))
		memcpy(ts->hi, data.p + n, n);
	return true;
}

void id_from_ts(struct id *id, const struct ts *ts)
{
	bool v6 = ts->family == AF_INET6;
	size_t n = v6 ? 16 : 4;
	struct sockaddr_storage sa;
	uint8_t data[32] = { 0 };
	unsigned int bits;
	unsigned int i;

	memcpy(data, ts->lo, n);
	if (!ts_prefix(ts, &sa, &bits)) {
		memcpy(data + n, ts->hi, n);
		id_set(id, v6 ? ID_IPV6_RANGE : ID_IPV4_RANGE, chunk(data, 2 * n));
		return;
	}
	if (bits == n * 8) {
		id_set(id, v6 ? ID_IPV6 : ID_IPV4, chunk(data, n));
		return;
	}
	for (i = 0; i < bits; i++)
		data[n + i / 8] |= 0x80 >> i % 8;
	id_set(id, v6 ? ID_IPV6_SUBNET : ID_IPV4_SUBNET, chunk(data, 2 * n));
}

/* ---- text ---- */

const char *id_type_name(uint8_t type)
{
	switch (type) {
	case 0:
		return "none";
	case ID_IPV4:
	case ID_IPV6:
		return "address";
	case ID_FQDN:
		return "fqdn";
	case ID_USER_FQDN:
		return "user_fqdn";
	case ID_IPV4_SUBNET:
	case ID_IPV6_SUBNET:
		return "subnet";
	case ID_IPV4_RANGE:
	case ID_IPV6_RANGE:
		return "range";
	case ID_DN:
		return "asn1dn";
	case ID_GN:
		return "asn1gn";
	case ID_KEY_ID:
		return "keyid";
	}
	return "unknown";
}

static void addresses_text(const struct id *id, char *buf, size_t size)
{
	const uint8_t *p = id->data.p;
	bool pair = is_range(id->type) || is_subnet(id->type);
	size_t n = pair ? id->data.n / 2 : id->data.n;
	struct sockaddr_storage sa;
	char first[ADDR_TEXT];
	char last[ADDR_TEXT];

	addr_from_bytes(&sa, chunk(p, n));
	addr_host(&sa, first);
	if (!pair) {
		snprintf(buf, size, "%s", first);
	} else if (is_subnet(id->type)) {
		snprintf(buf, size, "%s/%d", first, mask_bits(p + n, n));
	} else {
		addr_from_bytes(&sa, chunk(p + n, n));
		snprintf(buf, size, "%s-%s", first, addr_host(&sa, last));
	}
}

const char *id_text(const struct id *id, char *buf, size_t size)
{
	struct chunk c = blob_chunk(&id->data);
	int n = snprintf(buf, size, "%s ", id_type_name(id->type));

	if (n < 0 || (size_t)n >= size)
		return buf;
	if (!id->type) {
		buf[n - 1] = '\0';
		return buf;
	}
	buf += n;
	size -= (size_t)n;
	if (is_addresses(id->type) && id_valid(id))
		addresses_text(id, buf, size);
	else if (id->type == ID_DN && dn_valid(c))
		dn_text(c, buf, size);
	else
		text_escape(c, NULL, buf, size);
	return buf - n;
}
