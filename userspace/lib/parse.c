// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes into checked pointers: every length inside a PF_KEY message is
 * verified here, once, by the rows of pfkey_ext.h. Never copies a message and
 * never looks at what an extension means.
 */
#include <errno.h>
#include <string.h>

#include "pfkey.h"

/**
 * struct parse_ext_row - one row of PFKEY_EXT_TABLE
 * @min: least bytes
 * @rule: PFKEY_LEN_*
 */
struct parse_ext_row {
	uint8_t min;
	uint8_t rule;
};

static const struct parse_ext_row parse_exts[PFKEY_SLOTS] = {
#define ROW(id, name, type, bytes, how) [PFKEY_SLOT(id)] = { .min = (bytes), .rule = (how) },
	PFKEY_EXT_TABLE(ROW)
#undef ROW
};

#define ROW(id, name, type, bytes, how) \
	_Static_assert(sizeof(struct type) == (bytes), "minimum length of " name);
PFKEY_EXT_TABLE(ROW)
#undef ROW

static const uint32_t parse_answer_needs[SADB_MAX + 1] = {
#define ROW(id, name, rneed, rmay, aneed, amay) [id] = (aneed),
	PFKEY_MSG_TABLE(ROW)
#undef ROW
};

/* exactly 3 words (AF_INET) or 5 (AF_INET6); the family is inside the first 2 */
static const char *parse_address(const void *ext, size_t bytes)
{
	const struct sadb_address *addr = ext;
	uint16_t family;
	size_t salen;

	if (bytes < sizeof(*addr) + sizeof(struct sockaddr))
		return "too short for a socket address";
	memcpy(&family, addr + 1, sizeof(family));
	salen = pfkey_addr_len(family);
	if (!salen)
		return "neither IPv4 nor IPv6";
	if (bytes != ((sizeof(*addr) + salen + 7) & ~(size_t)7))
		return "not the length of its address family";
	if (addr->sadb_address_prefixlen > pfkey_addr_bits(family))
		return "prefix longer than the address";
	return NULL;
}

static const char *parse_key(const void *ext, size_t bytes)
{
	const struct sadb_key *key = ext;
	size_t have = bytes - sizeof(*key);

	return (key->sadb_key_bits + 7u) / 8 > have ? "key longer than its extension" : NULL;
}

static const char *parse_sec_ctx(const void *ext, size_t bytes)
{
	const struct sadb_x_sec_ctx *ctx = ext;
	size_t want = (sizeof(*ctx) + ctx->sadb_x_ctx_len + 7) & ~(size_t)7;

	return want != bytes ? "not the length of its label" : NULL;
}

/* Each request has its own length in bytes; fewer than 16 left over mean nothing. */
static const char *parse_requests(const void *ext, size_t bytes)
{
	const struct sadb_x_policy *pol = ext;
	struct sadb_x_ipsecrequest xr;
	size_t off = sizeof(*pol);

	if (pol->sadb_x_policy_type != IPSEC_POLICY_IPSEC)
		return NULL;
	while (bytes - off >= sizeof(xr)) {
		memcpy(&xr, (const unsigned char *)ext + off, sizeof(xr));
		if (xr.sadb_x_ipsecrequest_len < sizeof(xr))
			return "request shorter than its header";
		if (xr.sadb_x_ipsecrequest_len > bytes - off)
			return "request runs past its policy";
		off += xr.sadb_x_ipsecrequest_len;
	}
	return NULL;
}

static const char *parse_rule(unsigned int rule, const void *ext, size_t bytes)
{
	switch (rule) {
	case PFKEY_LEN_ADDR:
		return parse_address(ext, bytes);
	case PFKEY_LEN_KEY:
		return parse_key(ext, bytes);
	case PFKEY_LEN_SEC_CTX:
		return parse_sec_ctx(ext, bytes);
	case PFKEY_LEN_REQUESTS:
		return parse_requests(ext, bytes);
	default:
		/* PFKEY_LEN_ARRAY: elements of 8 bytes fill whole words by nature */
		return NULL;
	}
}

/* One extension of @bytes bytes; a type that nobody knows is skipped (RFC 2367 2.3). */
static const char *parse_ext(struct pfkey_msg *msg, const struct sadb_ext *ext, size_t bytes)
{
	unsigned int slot = PFKEY_SLOT(ext->sadb_ext_type);
	const char *why;

	if (!ext->sadb_ext_type)
		return "extension type 0";
	if (!slot)
		return NULL;
	if (msg->ext[slot])
		return "extension given twice";
	if (bytes < parse_exts[slot].min)
		return "extension too short";
	why = parse_rule(parse_exts[slot].rule, ext, bytes);
	if (!why)
		msg->ext[slot] = ext;
	return why;
}

static const char *parse_header(const struct sadb_msg *base, size_t len)
{
	if (len < sizeof(*base))
		return "shorter than a header";
	if (base->sadb_msg_version != PF_KEY_V2)
		return "not PF_KEY version 2";
	if (base->sadb_msg_len * 8u != len)
		return "header does not tell the length";
	return NULL;
}

/**
 * pfkey_parse() - check a message and find its extensions
 * @buf: message, aligned to 4 at least
 * @len: bytes received
 * @msg: result, valid as long as @buf is
 * @fault: on failure, why and where
 *
 * Return: 0 or -EINVAL.
 */
int pfkey_parse(const void *buf, size_t len, struct pfkey_msg *msg, struct pfkey_fault *fault)
{
	size_t off = sizeof(struct sadb_msg);
	const struct sadb_ext *ext;
	size_t bytes;

	*fault = (struct pfkey_fault){ .why = parse_header(buf, len) };
	*msg = (struct pfkey_msg){ .base = buf };
	if (fault->why)
		return -EINVAL;
	/* @len and every extension are multiples of 8, so a header always fits */
	while (off < len) {
		ext = (const struct sadb_ext *)((const unsigned char *)buf + off);
		bytes = ext->sadb_ext_len * 8u;
		fault->off = off;
		fault->type = ext->sadb_ext_type;
		if (!bytes)
			fault->why = "extension of length 0";
		else if (bytes > len - off)
			fault->why = "extension runs past the message";
		else
			fault->why = parse_ext(msg, ext, bytes);
		if (fault->why)
			return -EINVAL;
		off += bytes;
	}
	return 0;
}

/**
 * pfkey_check_answer() - does a message from the kernel have what its type needs?
 * @msg: parsed message
 * @fault: on failure, which extension is missing
 *
 * An error answer is the header alone and needs nothing.
 *
 * Return: 0 or -EINVAL.
 */
int pfkey_check_answer(const struct pfkey_msg *msg, struct pfkey_fault *fault)
{
	unsigned int type = msg->base->sadb_msg_type;
	unsigned int slot;

	*fault = (struct pfkey_fault){ .why = "unknown message type" };
	if (type > SADB_MAX || !type)
		return -EINVAL;
	if (msg->base->sadb_msg_errno)
		return 0;
	for (slot = 1; slot < PFKEY_SLOTS; slot++) {
		if (!(parse_answer_needs[type] & (uint32_t)1 << slot) || msg->ext[slot])
			continue;
		fault->why = "extension missing";
		fault->type = slot == PFKEY_SLOT_TESTUDO_SA ? SADB_X_EXT_TESTUDO_SA : slot;
		return -EINVAL;
	}
	return 0;
}

/**
 * pfkey_get_address() - copy the socket address out of an address extension
 * @msg: parsed message
 * @type: SADB_EXT_ADDRESS_* or SADB_X_EXT_NAT_T_OA
 * @sa: result
 *
 * Return: false if the message has no such extension; @sa is zeroed then.
 */
bool pfkey_get_address(const struct pfkey_msg *msg, unsigned int type, struct sockaddr_storage *sa)
{
	const struct sadb_address *addr = pfkey_ext(msg, type);
	uint16_t family;

	memset(sa, 0, sizeof(*sa));
	if (!addr)
		return false;
	memcpy(&family, addr + 1, sizeof(family));
	memcpy(sa, addr + 1, pfkey_addr_len(family));
	return true;
}

/**
 * pfkey_next_request() - walk the requests of a policy
 * @pol: policy out of a parsed message
 * @off: cursor, 0 to begin
 * @req: result
 *
 * Addresses that are no pair of one known family are left out: only tunnel
 * mode has a use for them.
 *
 * Return: false at the end.
 */
bool pfkey_next_request(const struct sadb_x_policy *pol, size_t *off, struct pfkey_request *req)
{
	const unsigned char *at = (const unsigned char *)pol;
	struct sadb_x_ipsecrequest xr;
	uint16_t family = AF_UNSPEC;
	size_t salen;

	if (!*off)
		*off = sizeof(*pol);
	if (pol->sadb_x_policy_type != IPSEC_POLICY_IPSEC ||
	    pol->sadb_x_policy_len * 8u - *off < sizeof(xr))
		return false;
	at += *off;
	memcpy(&xr, at, sizeof(xr));
	*off += xr.sadb_x_ipsecrequest_len;
	memset(req, 0, sizeof(*req));
	req->proto = xr.sadb_x_ipsecrequest_proto;
	req->mode = xr.sadb_x_ipsecrequest_mode;
	req->level = xr.sadb_x_ipsecrequest_level;
	req->reqid = xr.sadb_x_ipsecrequest_reqid;
	if (xr.sadb_x_ipsecrequest_len >= sizeof(xr) + sizeof(family))
		memcpy(&family, at + sizeof(xr), sizeof(family));
	salen = pfkey_addr_len(family);
	if (!salen || xr.sadb_x_ipsecrequest_len != sizeof(xr) + 2 * salen)
		return true;
	memcpy(&req->src, at + sizeof(xr), salen);
	memcpy(&req->dst, at + sizeof(xr) + salen, salen);
	req->ends = req->dst.ss_family == family;
	return true;
}
