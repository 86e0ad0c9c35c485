// SPDX-License-Identifier: GPL-2.0
/*
 * Lengths of PF_KEY extensions: the tables made from <linux/pfkey_ext.h>, and
 * the few rules that a minimum does not express. Never looks at more than one
 * extension at a time, and never at what its values mean.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>

#include "pfkey/ext_table.h"

#define ROW(type, name, body, bytes, how) \
	[PFKEY_SLOT(type)] = { .min = (bytes), .rule = (how) },
const struct pfkey_ext_row pfkey_ext_rows[PFKEY_SLOTS] = {
	PFKEY_EXT_TABLE(ROW)
};
#undef ROW

#define ROW(type, name, req_need, req_may, ans_need, ans_may) \
	[type] = { .need = (req_need), .may = (req_may) },
const struct pfkey_msg_row pfkey_msg_rows[SADB_MAX + 1] = {
	PFKEY_MSG_TABLE(ROW)
};
#undef ROW

/* a row says how long its struct is; the compiler knows better */
#define ROW(type, name, body, bytes, how) \
	_Static_assert(sizeof(struct body) == (bytes), "length of " name);
PFKEY_EXT_TABLE(ROW)
#undef ROW

#define EXT_WORDS(bytes)	(((bytes) + 7) & ~(size_t)7)

/* The family must lie inside before it is read: two words hold it. */
static int ext_check_addr(const void *ext, size_t bytes)
{
	const struct sadb_address *addr = ext;
	size_t salen, bits;
	u16 family;

	if (bytes < sizeof(*addr) + 8)
		return -EINVAL;
	memcpy(&family, (const u8 *)ext + sizeof(*addr), sizeof(family));
	switch (family) {
	case AF_INET:
		salen = sizeof(struct sockaddr_in);
		bits = 32;
		break;
	case AF_INET6:
		salen = sizeof(struct sockaddr_in6);
		bits = 128;
		break;
	default:
		return -EINVAL;
	}
	if (bytes != EXT_WORDS(sizeof(*addr) + salen))
		return -EINVAL;
	return addr->sadb_address_prefixlen > bits ? -EINVAL : 0;
}

static int ext_check_key(const void *ext, size_t bytes)
{
	const struct sadb_key *key = ext;
	size_t len = (key->sadb_key_bits + 7u) / 8;

	return EXT_WORDS(sizeof(*key) + len) > bytes ? -EINVAL : 0;
}

/* What a label may come to, as in the stock stack: a page. */
#define EXT_SEC_CTX_MAX	4096

static int ext_check_sec_ctx(const void *ext, size_t bytes)
{
	const struct sadb_x_sec_ctx *ctx = ext;

	if (ctx->sadb_x_ctx_len > EXT_SEC_CTX_MAX)
		return -EINVAL;
	return EXT_WORDS(sizeof(*ctx) + ctx->sadb_x_ctx_len) != bytes ? -EINVAL : 0;
}

/**
 * pfkey_ext_check() - is this extension as long as its type demands
 * @slot: PFKEY_SLOT() of its type, not 0
 * @ext: the extension, all of it inside the message
 * @bytes: its length, 8 or more
 *
 * PFKEY_LEN_REQUESTS is satisfied by the minimum here: only messages that make
 * a policy look at the requests, others may carry anything there
 * (pfkey_parse_requests()).
 *
 * Return: 0 or -EINVAL.
 */
int pfkey_ext_check(unsigned int slot, const void *ext, size_t bytes)
{
	const struct pfkey_ext_row *row = &pfkey_ext_rows[slot];

	if (bytes < row->min)
		return -EINVAL;
	switch (row->rule) {
	case PFKEY_LEN_ADDR:
		return ext_check_addr(ext, bytes);
	case PFKEY_LEN_KEY:
		return ext_check_key(ext, bytes);
	case PFKEY_LEN_SEC_CTX:
		return ext_check_sec_ctx(ext, bytes);
	default:
		return 0;
	}
}
