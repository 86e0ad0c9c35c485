// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the border of PF_KEY: what pfkey/parse.c refuses, what it finds in
 * what it takes, that no byte of garbage leads it outside the message, and
 * that what pfkey/build.c makes is read back.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/pfkey_ext.h>
#include <linux/pfkeyv2.h>
#include <linux/string.h>

#include "pfkey/build.h"
#include "pfkey/ext_table.h"
#include "pfkey/parse.h"
#include "test/test.h"

#define BUF_SIZE	1024

/* a whole message; the words keep it aligned */
static union {
	u64 words[BUF_SIZE / 8];
	u8 bytes[BUF_SIZE];
} buf;

static const struct pfkey_addr v4 = {
	.addr.a6.s6_addr = { 10, 0, 0, 1 }, .family = AF_INET, .prefixlen = 32, .proto = 255,
};

static const struct pfkey_addr v6 = {
	.addr.a6.s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .family = AF_INET6, .prefixlen = 128,
};

static const u8 key20[20] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
};

static void begin(struct pfkey_writer *w, u8 type)
{
	const struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = type,
		.sadb_msg_satype = SADB_SATYPE_ESP,
		.sadb_msg_seq = 7,
		.sadb_msg_pid = 9,
	};

	memset(&buf, 0, sizeof(buf));
	pfkey_begin(w, buf.bytes, sizeof(buf), &head);
}

/* A complete SADB_ADD; returns its length. */
static int build_add(void)
{
	struct pfkey_writer w;

	begin(&w, SADB_ADD);
	pfkey_put(&w, SADB_EXT_SA, sizeof(struct sadb_sa));
	pfkey_put_address(&w, SADB_EXT_ADDRESS_SRC, &v4);
	pfkey_put_address(&w, SADB_EXT_ADDRESS_DST, &v4);
	pfkey_put_key(&w, SADB_EXT_KEY_AUTH, key20, 160);
	pfkey_put_key(&w, SADB_EXT_KEY_ENCRYPT, key20, 128);
	return pfkey_end(&w);
}

struct base_row {
	size_t len;
	u8 version;
	u8 type;
	u16 words;
	u16 reserved;
	int err;
	const char *why;
};

static const struct base_row base_rows[] = {
	{ 0, 2, SADB_DUMP, 2, 0, -EMSGSIZE, "nothing" },
	{ 15, 2, SADB_DUMP, 2, 0, -EMSGSIZE, "less than a header" },
	{ 16, 2, SADB_DUMP, 2, 0, 0, "a header" },
	{ 16, 2, SADB_DUMP, 0, 0, -EMSGSIZE, "length 0" },
	{ 16, 2, SADB_DUMP, 1, 0, -EMSGSIZE, "length below a header" },
	{ 8 + 8, 2, SADB_DUMP, 3, 0, -EMSGSIZE, "length beyond the end" },
	{ 16, 2, SADB_DUMP, 0xffff, 0, -EMSGSIZE, "longest length" },
	{ 20, 2, SADB_DUMP, 2, 0, 0, "stray bytes are the parser's" },
	{ 24, 2, SADB_DUMP, 2, 0, -EMSGSIZE, "a whole stray word is not" },
	{ 16, 0, SADB_DUMP, 2, 0, -EINVAL, "version 0" },
	{ 16, 1, SADB_DUMP, 2, 0, -EINVAL, "version 1" },
	{ 16, 3, SADB_DUMP, 2, 0, -EINVAL, "version 3" },
	{ 16, 2, SADB_DUMP, 2, 1, -EINVAL, "reserved field in use" },
	{ 16, 2, 0, 2, 0, -EINVAL, "type 0" },
	{ 16, 2, SADB_MAX + 1, 2, 0, -EINVAL, "type beyond the last" },
	{ 16, 2, 255, 2, 0, -EINVAL, "greatest type" },
};

static bool test_base(void)
{
	struct sadb_msg *base = (struct sadb_msg *)buf.bytes;
	const struct base_row *row;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(base_rows); i++) {
		row = &base_rows[i];
		memset(&buf, 0, sizeof(buf));
		base->sadb_msg_version = row->version;
		base->sadb_msg_type = row->type;
		base->sadb_msg_len = row->words;
		base->sadb_msg_reserved = row->reserved;
		TEST_ROW(pfkey_parse_base(&buf, row->len) == row->err, i, row->why);
	}
	return true;
}

/* One extension behind the header of a DUMP, which needs none. */
struct ext_row {
	u16 type;
	u16 words;		/* what the extension says */
	u16 room;		/* words that are really there */
	u8 at;			/* a u16 to set, at this byte of the extension */
	u16 value;
	u8 at2;
	u8 value2;
	int err;
	const char *why;
};

static const struct ext_row ext_rows[] = {
	{ SADB_EXT_SA, 2, 2, 0, 0, 0, 0, 0, "an SA" },
	{ SADB_EXT_SA, 3, 3, 0, 0, 0, 0, 0, "longer than needed is no fault" },
	{ SADB_EXT_SA, 1, 1, 0, 0, 0, 0, -EINVAL, "shorter than its struct" },
	{ SADB_EXT_SA, 0, 2, 0, 0, 0, 0, -EINVAL, "length 0 would never end" },
	{ SADB_EXT_SA, 3, 2, 0, 0, 0, 0, -EINVAL, "runs past the message" },
	{ SADB_EXT_SA, 0xffff, 2, 0, 0, 0, 0, -EINVAL, "runs far past the message" },
	{ SADB_EXT_RESERVED, 2, 2, 0, 0, 0, 0, -EINVAL, "type 0" },
	{ 27, 1, 1, 0, 0, 0, 0, 0, "unknown types are skipped" },
	{ 0x7fff, 3, 3, 0, 0, 0, 0, 0, "unknown types are skipped" },
	{ 0xffff, 1, 1, 0, 0, 0, 0, 0, "unknown types are skipped" },
	{ 27, 2, 1, 0, 0, 0, 0, -EINVAL, "but must lie inside" },
	{ SADB_EXT_LIFETIME_HARD, 4, 4, 0, 0, 0, 0, 0, "a lifetime" },
	{ SADB_EXT_LIFETIME_HARD, 3, 3, 0, 0, 0, 0, -EINVAL, "a short lifetime" },
	{ SADB_X_EXT_SA2, 1, 1, 0, 0, 0, 0, -EINVAL, "a short SA2" },
	{ SADB_X_EXT_POLICY, 1, 1, 0, 0, 0, 0, -EINVAL, "a short policy" },
	{ SADB_X_EXT_FILTER, 5, 5, 0, 0, 0, 0, 0, "a filter" },
	{ SADB_X_EXT_FILTER, 4, 4, 0, 0, 0, 0, -EINVAL, "a short filter" },
	{ SADB_X_EXT_TESTUDO_SA, 4, 4, 0, 0, 0, 0, 0, "ours" },
	{ SADB_X_EXT_TESTUDO_SA, 3, 3, 0, 0, 0, 0, -EINVAL, "ours, short" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, AF_INET, 0, 0, 0, "IPv4" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, AF_INET, 5, 32, 0, "IPv4/32" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, AF_INET, 5, 33, -EINVAL, "IPv4/33" },
	{ SADB_EXT_ADDRESS_SRC, 5, 5, 8, AF_INET, 0, 0, -EINVAL, "IPv4 with room for IPv6" },
	{ SADB_EXT_ADDRESS_SRC, 5, 5, 8, AF_INET6, 5, 128, 0, "IPv6/128" },
	{ SADB_EXT_ADDRESS_SRC, 5, 5, 8, AF_INET6, 5, 129, -EINVAL, "IPv6/129" },
	{ SADB_EXT_ADDRESS_SRC, 4, 4, 8, AF_INET6, 0, 0, -EINVAL, "IPv6 cut short" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, AF_INET6, 0, 0, -EINVAL, "IPv6 in the room of IPv4" },
	{ SADB_EXT_ADDRESS_SRC, 1, 1, 0, 0, 0, 0, -EINVAL, "no room for the family" },
	{ SADB_EXT_ADDRESS_SRC, 2, 2, 8, AF_INET, 0, 0, -EINVAL, "room for the family only" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, 0, 0, 0, -EINVAL, "family 0" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, 1, 0, 0, -EINVAL, "family of local sockets" },
	{ SADB_EXT_ADDRESS_SRC, 3, 3, 8, 17, 0, 0, -EINVAL, "family of packet sockets" },
	{ SADB_EXT_KEY_AUTH, 2, 2, 4, 64, 0, 0, 0, "a key that fills its room" },
	{ SADB_EXT_KEY_AUTH, 2, 2, 4, 65, 0, 0, -EINVAL, "a bit too many" },
	{ SADB_EXT_KEY_AUTH, 2, 2, 4, 65535, 0, 0, -EINVAL, "longest key" },
	{ SADB_EXT_KEY_AUTH, 1, 1, 4, 0, 0, 0, 0, "no key at all, for NULL" },
	{ SADB_X_EXT_SEC_CTX, 2, 2, 6, 8, 0, 0, 0, "a label" },
	{ SADB_X_EXT_SEC_CTX, 2, 2, 6, 9, 0, 0, -EINVAL, "a label that is too long" },
	{ SADB_X_EXT_SEC_CTX, 3, 3, 6, 8, 0, 0, -EINVAL, "a label with too much room" },
	{ SADB_X_EXT_SEC_CTX, 2, 2, 6, 0xffff, 0, 0, -EINVAL, "longest label" },
	{ SADB_X_EXT_NAT_T_OA, 3, 3, 8, AF_INET, 5, 16, 0, "racoon's prefix length" },
};

static size_t put_ext(const struct ext_row *row)
{
	struct sadb_msg *base = (struct sadb_msg *)buf.bytes;
	struct sadb_ext *ext = (struct sadb_ext *)(base + 1);
	u8 *bytes = (u8 *)ext;

	memset(&buf, 0, sizeof(buf));
	base->sadb_msg_version = PF_KEY_V2;
	base->sadb_msg_type = SADB_DUMP;
	base->sadb_msg_len = 2 + row->room;
	if (row->at)
		memcpy(bytes + row->at, &row->value, sizeof(row->value));
	if (row->at2)
		bytes[row->at2] = row->value2;
	ext->sadb_ext_len = row->words;
	ext->sadb_ext_type = row->type;
	return base->sadb_msg_len * 8;
}

static bool test_exts(void)
{
	const struct ext_row *row;
	struct pfkey_msg msg;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(ext_rows); i++) {
		row = &ext_rows[i];
		len = put_ext(row);
		TEST_ROW(!pfkey_parse_base(&buf, len), i, row->why);
		TEST_ROW(pfkey_parse(&msg, &buf, len) == row->err, i, row->why);
	}
	return true;
}

static bool test_twice(void)
{
	struct pfkey_writer w;
	struct pfkey_msg msg;
	int len;

	begin(&w, SADB_DUMP);
	pfkey_put(&w, SADB_EXT_SA, sizeof(struct sadb_sa));
	pfkey_put(&w, SADB_EXT_SA, sizeof(struct sadb_sa));
	len = pfkey_end(&w);
	TEST_OK(pfkey_parse(&msg, &buf, len) == -EINVAL, "an extension twice");

	begin(&w, SADB_DUMP);
	pfkey_put(&w, 27, 8);
	pfkey_put(&w, 27, 8);
	len = pfkey_end(&w);
	TEST_OK(!pfkey_parse(&msg, &buf, len), "an unknown one twice is not ours to judge");

	begin(&w, SADB_DUMP);
	len = pfkey_end(&w);
	TEST_OK(pfkey_parse(&msg, &buf, len + 4) == -EINVAL, "stray bytes behind the header");
	return true;
}

static bool test_needs(void)
{
	struct pfkey_writer w;
	struct pfkey_msg msg;
	int len;

	begin(&w, SADB_GETSPI);
	pfkey_put_address(&w, SADB_EXT_ADDRESS_DST, &v4);
	len = pfkey_end(&w);
	TEST_OK(pfkey_parse(&msg, &buf, len) == -EINVAL, "GETSPI without SRC");

	begin(&w, SADB_GETSPI);
	pfkey_put_address(&w, SADB_EXT_ADDRESS_DST, &v4);
	pfkey_put_address(&w, SADB_EXT_ADDRESS_SRC, &v6);
	len = pfkey_end(&w);
	TEST_OK(pfkey_parse(&msg, &buf, len) == -EINVAL, "two families");

	begin(&w, SADB_X_SPDGET);
	len = pfkey_end(&w);
	TEST_OK(pfkey_parse(&msg, &buf, len) == -EINVAL, "SPDGET without POLICY");
	return true;
}

static bool test_add(void)
{
	struct pfkey_msg msg;
	int len = build_add();

	TEST_OK(len > 0 && !pfkey_parse_base(&buf, len), "our own message has a good header");
	TEST_OK(!pfkey_parse(&msg, &buf, len), "our own message is understood");
	TEST_OK(msg.base->sadb_msg_seq == 7 && msg.base->sadb_msg_pid == 9, "header");
	TEST_OK(msg.sa && !msg.sa2 && !msg.policy, "what is there and what is not");
	TEST_OK(msg.src.family == AF_INET && msg.src.prefixlen == 32 && msg.src.proto == 255,
		"address");
	TEST_OK(ipsec_addr_equal(&msg.src.addr, &v4.addr), "address");
	TEST_OK(msg.auth.bits == 160 && !memcmp(msg.auth.bytes, key20, 20), "key");
	TEST_OK(msg.enc.bits == 128 && !memcmp(msg.enc.bytes, key20, 16), "key");

	pfkey_hide_keys(&buf, len);
	TEST_OK(!pfkey_parse(&msg, &buf, len), "still a message without its keys");
	TEST_OK(msg.auth.bits == 160 && !msg.auth.bytes[0] && !msg.auth.bytes[19], "hidden key");
	TEST_OK(!msg.enc.bytes[0] && !msg.enc.bytes[15], "hidden key");
	return true;
}

struct req_row {
	u16 len;
	u16 proto;
	u8 mode;
	u8 level;
	u8 dir;
	u16 family;		/* of the first address; 0 for none */
	u16 family2;
	int err;
	const char *why;
};

#define V4	AF_INET, AF_INET
#define V6	AF_INET6, AF_INET6
#define NO	0, 0

static const struct req_row req_rows[] = {
	{ 16, IPPROTO_ESP, 1, 2, 2, NO, 0, "transport" },
	{ 0, IPPROTO_ESP, 1, 2, 2, NO, -EINVAL, "length 0 would never end" },
	{ 15, IPPROTO_ESP, 1, 2, 2, NO, -EINVAL, "shorter than itself" },
	{ 200, IPPROTO_ESP, 1, 2, 2, NO, -EINVAL, "runs past the policy" },
	{ 48, IPPROTO_ESP, 2, 2, 2, V4, 0, "tunnel, IPv4" },
	{ 72, IPPROTO_ESP, 2, 2, 2, V6, 0, "tunnel, IPv6" },
	{ 72, IPPROTO_ESP, 2, 2, 2, V4, 0, "more room than IPv4 needs" },
	{ 16, IPPROTO_ESP, 2, 2, 2, V4, -EINVAL, "tunnel without addresses" },
	{ 32, IPPROTO_ESP, 2, 2, 2, V4, -EINVAL, "tunnel with one address" },
	{ 48, IPPROTO_ESP, 2, 2, 2, V6, -EINVAL, "IPv6 cut short" },
	{ 72, IPPROTO_ESP, 2, 2, 2, AF_INET, AF_INET6, -EINVAL, "tunnel between two families" },
	{ 72, IPPROTO_ESP, 2, 2, 2, NO, -EINVAL, "family 0" },
	{ 72, IPPROTO_ESP, 1, 2, 2, AF_INET, AF_INET6, 0, "transport does not look" },
	{ 16, IPPROTO_ESP, 0, 2, 2, NO, -EINVAL, "mode any" },
	{ 16, IPPROTO_ESP, 4, 2, 2, NO, -EINVAL, "no such mode" },
	{ 16, 6, 1, 2, 2, NO, -EINVAL, "TCP" },
	{ 16, 0, 1, 2, 2, NO, -EINVAL, "protocol 0" },
	{ 16, 0x1032, 1, 2, 2, NO, -EINVAL, "ESP in the low byte only" },
	{ 16, IPPROTO_AH, 1, 2, 2, NO, 0, "AH" },
	{ 16, IPPROTO_COMP, 1, 2, 2, NO, 0, "IPComp" },
	{ 16, IPPROTO_ESP, 1, 4, 2, NO, -EINVAL, "no such level" },
	{ 48, IPPROTO_ESP, 2, 1, 2, V4, -EINVAL, "optional tunnel outbound" },
	{ 48, IPPROTO_ESP, 2, 1, 1, V4, 0, "optional tunnel inbound" },
	{ 16, IPPROTO_ESP, 1, 1, 2, NO, 0, "optional transport outbound" },
	{ 16, IPPROTO_ESP, 3, 1, 2, NO, -EINVAL, "optional BEET outbound" },
};

#undef V4
#undef V6
#undef NO

static const struct sadb_x_policy *put_requests(const struct req_row *row, unsigned int n)
{
	struct sadb_x_policy *pol = (struct sadb_x_policy *)buf.bytes;
	struct sadb_x_ipsecrequest req = { };
	size_t salen = row->family == AF_INET ? 16 : 28;
	size_t off = sizeof(*pol), step = row->len < sizeof(req) ? sizeof(req) : row->len;

	memset(&buf, 0, sizeof(buf));
	req.sadb_x_ipsecrequest_len = row->len;
	req.sadb_x_ipsecrequest_proto = row->proto;
	req.sadb_x_ipsecrequest_mode = row->mode;
	req.sadb_x_ipsecrequest_level = row->level;
	req.sadb_x_ipsecrequest_reqid = 0x12345;
	if (step > 100)
		step = 72;
	while (n--) {
		memcpy(buf.bytes + off, &req, sizeof(req));
		if (step >= sizeof(req) + 2)
			memcpy(buf.bytes + off + sizeof(req), &row->family, 2);
		if (step >= sizeof(req) + salen + 2)
			memcpy(buf.bytes + off + sizeof(req) + salen, &row->family2, 2);
		off += step;
	}
	pol->sadb_x_policy_exttype = SADB_X_EXT_POLICY;
	pol->sadb_x_policy_len = off / 8;
	pol->sadb_x_policy_type = IPSEC_POLICY_IPSEC;
	pol->sadb_x_policy_dir = row->dir;
	return pol;
}

static bool test_requests(void)
{
	const struct req_row *row;
	struct pfkey_requests reqs;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(req_rows); i++) {
		row = &req_rows[i];
		err = pfkey_parse_requests(&reqs, put_requests(row, 1));
		TEST_ROW(err == row->err, i, row->why);
		if (err)
			continue;
		TEST_ROW(reqs.n == 1 && reqs.req[0].reqid == 0x12345, i, row->why);
		TEST_ROW(reqs.req[0].family == (row->mode == IPSEC_MODE_TUNNEL ? row->family : 0), i,
			 row->why);
	}
	TEST_OK(!pfkey_parse_requests(&reqs, put_requests(&req_rows[0], 6)) && reqs.n == 6,
		"six requests");
	TEST_OK(pfkey_parse_requests(&reqs, put_requests(&req_rows[0], 7)) == -ELOOP,
		"seven requests");
	TEST_OK(!pfkey_parse_requests(&reqs, put_requests(&req_rows[0], 0)) && !reqs.n,
		"none is for the caller to judge");
	return true;
}

static bool all_zero(const u8 *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

static bool test_build(void)
{
	const struct sadb_msg head = { .sadb_msg_version = PF_KEY_V2, .sadb_msg_type = SADB_GET };
	struct pfkey_writer w;

	begin(&w, SADB_GET);
	pfkey_put_key(&w, SADB_EXT_KEY_AUTH, key20, 160);
	pfkey_put_address(&w, SADB_EXT_ADDRESS_SRC, &v6);
	TEST_OK(pfkey_end(&w) == 16 + 32 + 40, "each extension is rounded up");
	TEST_OK(((struct sadb_msg *)buf.bytes)->sadb_msg_len == 11, "the header tells the length");
	TEST_OK(all_zero(buf.bytes + 16 + 28, 4), "padding behind the key");
	TEST_OK(all_zero(buf.bytes + 16 + 32 + 36, 4), "padding behind the IPv6 address");

	begin(&w, SADB_GET);
	w.size = 24;
	pfkey_put(&w, SADB_EXT_SA, sizeof(struct sadb_sa));
	TEST_OK(pfkey_end(&w) == -EMSGSIZE, "does not fit");
	pfkey_put(&w, SADB_X_EXT_NAT_T_TYPE, 8);
	TEST_OK(pfkey_end(&w) == -EMSGSIZE, "an overflow is not forgotten");
	TEST_OK(all_zero(buf.bytes + 16, sizeof(buf) - 16), "nothing was written");

	pfkey_begin(&w, buf.bytes, 24, &head);
	pfkey_put(&w, SADB_X_EXT_NAT_T_TYPE, 8);
	TEST_OK(pfkey_end(&w) == 24, "the last word is ours too");
	TEST_OK(!pfkey_put_more(&w, 8) && pfkey_end(&w) == -EMSGSIZE, "and no more");
	return true;
}

/*
 * Random damage to a good message: the parser may think of it what it likes,
 * as long as all it hands out lies inside. Under ASan every byte is looked at.
 */
static bool damage_once(u32 *random, int len)
{
	const u8 *end = buf.bytes + len;
	struct pfkey_requests reqs;
	struct pfkey_moves moves;
	struct pfkey_msg msg;
	unsigned int n;

	for (n = ipsec_test_random(random) % 4; n; n--)
		buf.bytes[16 + ipsec_test_random(random) % (len - 16)] =
			ipsec_test_random(random);
	if (pfkey_parse(&msg, &buf, len))
		return true;
	if (msg.auth.bytes && msg.auth.bytes + (msg.auth.bits + 7) / 8 > end)
		return false;
	if (msg.enc.bytes && msg.enc.bytes + (msg.enc.bits + 7) / 8 > end)
		return false;
	if (msg.sa && (const u8 *)(msg.sa + 1) > end)
		return false;
	if (msg.policy) {
		pfkey_parse_requests(&reqs, msg.policy);
		pfkey_parse_moves(&moves, &msg);
	}
	return true;
}

static bool test_damage(void)
{
	u32 random = 20250101;
	unsigned int i;

	for (i = 0; i < 20000; i++)
		TEST_ROW(damage_once(&random, build_add()), i, "a pointer outside the message");
	return true;
}

/**
 * ipsec_test_pfkey_parse() - tests of the PF_KEY parser and builder
 *
 * Return: true if all is well.
 */
bool ipsec_test_pfkey_parse(void)
{
	return test_base() && test_exts() && test_twice() && test_needs() && test_add() &&
	       test_requests() && test_build() && test_damage();
}
