// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_parse - bytes from outside meet the border (pfkey/parse.c). What it lets
 * through lies inside of the message, says what a second reading of the bytes
 * says, and survives being built anew (pfkey/build.c) and read again.
 */
#include <linux/types.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/pfkey_ext.h>
#include <linux/pfkeyv2.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "shim.h"
#include "pfkey/build.h"
#include "pfkey/ext_table.h"
#include "pfkey/parse.h"

static void inside(const struct pfkey_msg *msg, const void *p, size_t bytes)
{
	const uint8_t *start = (const uint8_t *)msg->base;

	if (!p)
		return;
	MUST((const uint8_t *)p >= start + sizeof(*msg->base));
	MUST((const uint8_t *)p + bytes <= start + msg->len);
}

static void addr_ok(const struct pfkey_addr *a)
{
	MUST(!a->family || a->family == AF_INET || a->family == AF_INET6);
	MUST(a->prefixlen <= ipsec_addr_bits(a->family ? a->family : AF_INET6));
}

/* The set of extensions, by a walk that trusts the lengths only as far as they go. */
static u32 walk(const uint8_t *p, size_t len)
{
	size_t off = sizeof(struct sadb_msg);
	const struct sadb_ext *ext;
	u32 present = 0;

	while (off < len) {
		MUST(len - off >= sizeof(*ext));
		ext = (const struct sadb_ext *)(p + off);
		MUST(ext->sadb_ext_len && ext->sadb_ext_len * (size_t)8 <= len - off);
		if (PFKEY_SLOT(ext->sadb_ext_type))
			present |= (u32)1 << PFKEY_SLOT(ext->sadb_ext_type);
		off += ext->sadb_ext_len * (size_t)8;
	}
	return present;
}

static void check(const struct pfkey_msg *msg)
{
	addr_ok(&msg->src);
	addr_ok(&msg->dst);
	addr_ok(&msg->natt_oa);
	inside(msg, msg->auth.bytes, (msg->auth.bits + 7u) / 8);
	inside(msg, msg->enc.bytes, (msg->enc.bits + 7u) / 8);
	inside(msg, msg->sa, sizeof(*msg->sa));
	inside(msg, msg->hard, sizeof(*msg->hard));
	inside(msg, msg->soft, sizeof(*msg->soft));
	inside(msg, msg->spirange, sizeof(*msg->spirange));
	inside(msg, msg->sa2, sizeof(*msg->sa2));
	inside(msg, msg->natt_type, sizeof(*msg->natt_type));
	inside(msg, msg->natt_sport, sizeof(*msg->natt_sport));
	inside(msg, msg->natt_dport, sizeof(*msg->natt_dport));
	inside(msg, msg->filter, sizeof(*msg->filter));
	inside(msg, msg->x_sa, sizeof(*msg->x_sa));
	inside(msg, msg->policy, sizeof(*msg->policy));
	MUST(msg->present == walk((const uint8_t *)msg->base, msg->len));
}

static void put_requests(struct pfkey_writer *w, const struct pfkey_requests *reqs)
{
	unsigned int i;

	for (i = 0; i < reqs->n; i++) {
		const struct pfkey_ipsecreq *r = &reqs->req[i];
		struct sadb_x_ipsecrequest x = {
			.sadb_x_ipsecrequest_proto = r->proto,
			.sadb_x_ipsecrequest_mode = r->mode,
			.sadb_x_ipsecrequest_level = r->level,
			.sadb_x_ipsecrequest_reqid = r->reqid,
		};

		pfkey_put_request(w, &x, r->family, &r->saddr, &r->daddr);
	}
}

static bool same_addr(const struct pfkey_addr *a, const struct pfkey_addr *b)
{
	return a->family == b->family && a->port == b->port && a->proto == b->proto &&
	       a->prefixlen == b->prefixlen && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static void same_requests(const struct pfkey_requests *a, const struct pfkey_requests *b)
{
	unsigned int i;

	MUST(a->n == b->n);
	for (i = 0; i < a->n; i++) {
		MUST(a->req[i].proto == b->req[i].proto && a->req[i].mode == b->req[i].mode);
		MUST(a->req[i].level == b->req[i].level && a->req[i].reqid == b->req[i].reqid);
		MUST(a->req[i].family == b->req[i].family);
		MUST(!memcmp(&a->req[i].saddr, &b->req[i].saddr, sizeof(a->req[i].saddr)));
		MUST(!memcmp(&a->req[i].daddr, &b->req[i].daddr, sizeof(a->req[i].daddr)));
	}
}

/* Only a whole policy is what the kernel would make of it, and show again. */
static void again(const struct pfkey_msg *msg, const struct pfkey_requests *reqs)
{
	static union {
		struct sadb_msg base;
		u64 align;
		u8 b[PFKEY_SEND_MAX];
	} buf;
	struct pfkey_requests reqs2 = { };
	struct pfkey_writer w;
	struct pfkey_msg msg2;
	int len;

	memset(&buf, 0, sizeof(buf));
	pfkey_begin(&w, &buf, sizeof(buf), msg->base);
	if (msg->src.family)
		pfkey_put_address(&w, SADB_EXT_ADDRESS_SRC, &msg->src);
	if (msg->dst.family)
		pfkey_put_address(&w, SADB_EXT_ADDRESS_DST, &msg->dst);
	if (msg->enc.bytes)
		pfkey_put_key(&w, SADB_EXT_KEY_ENCRYPT, msg->enc.bytes, msg->enc.bits);
	if (msg->hard)
		pfkey_put_lifetime(&w, SADB_EXT_LIFETIME_HARD, msg->hard);
	if (reqs) {
		pfkey_put_policy(&w, msg->policy);
		put_requests(&w, reqs);
	}
	if (msg->sa)
		memcpy(pfkey_put(&w, SADB_EXT_SA, sizeof(*msg->sa)) ?: &buf, msg->sa, sizeof(*msg->sa));
	len = pfkey_end(&w);
	if (len < 0)
		return;
	MUST(!pfkey_parse_base(&buf, len));
	if (pfkey_parse(&msg2, &buf, len))
		return;
	MUST(same_addr(&msg->src, &msg2.src) && same_addr(&msg->dst, &msg2.dst));
	MUST(msg->enc.bits == msg2.enc.bits);
	if (msg->enc.bytes)
		MUST(!memcmp(msg->enc.bytes, msg2.enc.bytes, (msg->enc.bits + 7u) / 8));
	if (!reqs)
		return;
	MUST(!pfkey_parse_requests(&reqs2, msg2.policy));
	same_requests(reqs, &reqs2);
}

/* Behind this nobody finds a key. */
static void hide(const struct pfkey_msg *msg, u8 *copy)
{
	struct pfkey_msg hidden;
	size_t i;

	pfkey_hide_keys(copy, msg->len);
	MUST(!pfkey_parse(&hidden, copy, msg->len));
	MUST(hidden.present == msg->present && hidden.enc.bits == msg->enc.bits);
	for (i = 0; hidden.enc.bytes && i < (hidden.enc.bits + 7u) / 8; i++)
		MUST(!hidden.enc.bytes[i]);
	for (i = 0; hidden.auth.bytes && i < (hidden.auth.bits + 7u) / 8; i++)
		MUST(!hidden.auth.bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pfkey_requests reqs;
	struct pfkey_moves moves;
	struct pfkey_msg msg;
	bool whole;
	u8 *copy;

	/* as long as the message and no longer, so that the sanitizer sees the end */
	copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	if (!pfkey_parse_base(copy, size) && !pfkey_parse(&msg, copy, size)) {
		check(&msg);
		whole = msg.policy && !pfkey_parse_requests(&reqs, msg.policy);
		if (whole)
			MUST(reqs.n <= PFKEY_REQUESTS_MAX);
		if (msg.policy && !pfkey_parse_moves(&moves, &msg))
			MUST(moves.n && moves.n <= PFKEY_REQUESTS_MAX);
		again(&msg, whole ? &reqs : NULL);
		hide(&msg, copy);
	}
	free(copy);
	return 0;
}
