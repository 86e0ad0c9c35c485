// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_build - a script of calls against the writer (pfkey/build.c), with memory
 * of any size: nothing is written outside, what did not fit is told at the end,
 * and a message that is whole has good lengths and zeroes for padding.
 *
 * Input: two bytes of size, then calls of one byte and their arguments.
 */
#include <linux/types.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "shim.h"
#include "pfkey/build.h"
#include "pfkey/parse.h"

struct script {
	const uint8_t *p;
	size_t left;
};

static u8 take(struct script *s)
{
	if (!s->left)
		return 0;
	s->left--;
	return *s->p++;
}

static void take_many(struct script *s, void *to, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		((u8 *)to)[i] = take(s);
}

static u16 take_family(struct script *s)
{
	return take(s) & 1 ? AF_INET6 : AF_INET;
}

static void put_address(struct pfkey_writer *w, struct script *s)
{
	struct pfkey_addr addr = { .family = take_family(s), .proto = take(s), .prefixlen = take(s) };

	take_many(s, &addr.addr, addr.family == AF_INET ? 4 : 16);
	pfkey_put_address(w, SADB_EXT_ADDRESS_SRC + take(s) % 3, &addr);
}

static void put_key(struct pfkey_writer *w, struct script *s)
{
	u16 bits = take(s) * 4;
	u8 key[128] = { };

	take_many(s, key, (bits + 7) / 8);
	pfkey_put_key(w, SADB_EXT_KEY_AUTH + take(s) % 2, key, bits);
}

static void put_request(struct pfkey_writer *w, struct script *s)
{
	struct sadb_x_ipsecrequest x = { .sadb_x_ipsecrequest_mode = take(s) % 4 };
	union ipsec_addr ends[2] = { };
	u16 family = take_family(s);

	take_many(s, ends, sizeof(ends));
	pfkey_put_request(w, &x, take(s) & 1 ? family : 0, &ends[0], &ends[1]);
}

static void call(struct pfkey_writer *w, struct script *s)
{
	struct sadb_x_policy policy = { .sadb_x_policy_type = IPSEC_POLICY_IPSEC };
	struct sadb_lifetime life = { };

	switch (take(s) % 6) {
	case 0:
		put_address(w, s);
		break;
	case 1:
		put_key(w, s);
		break;
	case 2:
		take_many(s, &life.sadb_lifetime_bytes, 8);
		pfkey_put_lifetime(w, SADB_EXT_LIFETIME_CURRENT, &life);
		break;
	case 3:
		pfkey_put_policy(w, &policy);
		put_request(w, s);
		break;
	case 4:
		pfkey_put(w, SADB_X_EXT_SA2, 4 + take(s));
		break;
	default:
		/* the first extension has to be there */
		if (w->ext)
			pfkey_put_more(w, take(s));
		break;
	}
}

/* Extension after extension up to the end, as a reader would go. */
static void check(const u8 *mem, size_t len)
{
	size_t off = sizeof(struct sadb_msg);
	const struct sadb_ext *ext;

	MUST(((const struct sadb_msg *)mem)->sadb_msg_len * (size_t)8 == len);
	while (off < len) {
		ext = (const struct sadb_ext *)(mem + off);
		MUST(ext->sadb_ext_len);
		off += ext->sadb_ext_len * (size_t)8;
	}
	MUST(off == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { .p = data, .left = size };
	struct sadb_msg head = { .sadb_msg_version = PF_KEY_V2, .sadb_msg_type = SADB_GET };
	struct pfkey_writer w;
	bool full = false;
	size_t room, used = 0, i;
	u8 *mem;
	int len;

	room = sizeof(head) + (take(&s) | take(&s) << 8) % (PFKEY_SEND_MAX - sizeof(head));
	room &= ~(size_t)7;
	mem = calloc(1, room);
	pfkey_begin(&w, mem, room, &head);
	while (s.left) {
		call(&w, &s);
		MUST(!full || (w.full && w.len == used));
		full = w.full;
		used = w.len;
		MUST(w.len <= room && !(w.len & 7));
	}
	len = pfkey_end(&w);
	MUST(full == (len < 0));
	if (len >= 0) {
		MUST((size_t)len == w.len);
		check(mem, len);
		for (i = len; i < room; i++)
			MUST(!mem[i]);
	}
	free(mem);
	return 0;
}
