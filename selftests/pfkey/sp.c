// SPDX-License-Identifier: GPL-2.0
/*
 * Commands on policies: what is refused, identity, ids, reqids, levels, and
 * what is shown of a policy.
 *
 * # kernels: all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.1.0.0"
#define DST	"10.2.0.0"
#define GW1	"192.0.2.1"
#define GW2	"192.0.2.2"
#define GW6A	"2001:db8::1"
#define GW6B	"2001:db8::2"

/* SPDADD and its kin, with one ESP tunnel. */
static void tunnel(struct msg *m, unsigned int type, unsigned int dir)
{
	m_spd(m, type, dir, SRC, DST, 16);
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, GW1, GW2);
}

static struct sadb_x_policy *policy_of(struct msg *m)
{
	struct sadb_x_policy *pol = m_find(m, SADB_X_EXT_POLICY);

	OK(pol);
	return pol;
}

static struct sadb_x_ipsecrequest *request_of(struct msg *m)
{
	return (struct sadb_x_ipsecrequest *)(policy_of(m) + 1);
}

static void nothing_changed(int fd)
{
	struct msg m;

	EQ(k_count_sp(fd), 0);
	tunnel(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_X_SPDFLUSH, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

TEST(n39_what_a_policy_needs)
{
	static const unsigned int types[] = {
		SADB_X_SPDADD, SADB_X_SPDUPDATE, SADB_X_SPDSETIDX, SADB_X_SPDDELETE,
	};
	static const unsigned int dirs[] = { 0, 4, 255 }, kinds[] = { 3, 4, 9 };
	int fd = k_open();
	struct msg m;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m_begin(&m, types[i], 0);
		m_ends(&m, SRC, DST);
		EQ(k_do(fd, &m), EINVAL);
		m_begin(&m, types[i], 0);
		m_policy(&m, IPSEC_POLICY_NONE, IPSEC_DIR_OUTBOUND, 0);
		m_addr(&m, SADB_EXT_ADDRESS_DST, DST, 32, 255, 0);
		EQ(k_do(fd, &m), EINVAL);
		m_begin(&m, types[i], 0);
		m_policy(&m, IPSEC_POLICY_NONE, IPSEC_DIR_OUTBOUND, 0);
		m_addr(&m, SADB_EXT_ADDRESS_SRC, SRC, 32, 255, 0);
		EQ(k_do(fd, &m), EINVAL);
		for (j = 0; j < ARRAY_SIZE(dirs); j++) {
			tunnel(&m, types[i], dirs[j]);
			EQ(k_do(fd, &m), EINVAL);
		}
		for (j = 0; j < ARRAY_SIZE(kinds) && types[i] != SADB_X_SPDDELETE; j++) {
			tunnel(&m, types[i], IPSEC_DIR_OUTBOUND);
			policy_of(&m)->sadb_x_policy_type = kinds[j];
			EQ(k_do(fd, &m), EINVAL);
		}
	}
	nothing_changed(fd);
}

/**
 * struct req_row - one request that a policy brings
 * @why: what is wrong with it, if anything
 * @dir: direction of the policy
 * @proto: protocol
 * @mode: mode
 * @level: level
 * @src: outer source, or NULL
 * @dst: outer destination, or NULL
 * @len: length that the request claims; -1 for the true one
 * @err: errno of the answer
 */
struct req_row {
	const char *why;
	unsigned int dir;
	unsigned int proto;
	unsigned int mode;
	unsigned int level;
	const char *src;
	const char *dst;
	int len;
	int err;
};

#define IN	IPSEC_DIR_INBOUND
#define OUT	IPSEC_DIR_OUTBOUND
#define FWD	IPSEC_DIR_FWD
#define ESP	IPPROTO_ESP
#define TRANS	IPSEC_MODE_TRANSPORT
#define TUN	IPSEC_MODE_TUNNEL
#define USE	IPSEC_LEVEL_USE
#define REQ	IPSEC_LEVEL_REQUIRE

TEST(n40_to_n44_requests)
{
	static const struct req_row rows[] = {
		{ "N40 length 0", OUT, ESP, TRANS, REQ, NULL, NULL, 0, EINVAL },
		{ "N40 length 15", OUT, ESP, TRANS, REQ, NULL, NULL, 15, EINVAL },
		{ "N40 longer than the rest", OUT, ESP, TRANS, REQ, NULL, NULL, 17, EINVAL },
		{ "N40 65535", OUT, ESP, TRANS, REQ, NULL, NULL, 65535, EINVAL },
		{ "N42 tunnel of 16 bytes", OUT, ESP, TUN, REQ, NULL, NULL, -1, EINVAL },
		{ "N42 tunnel of 32 bytes", OUT, ESP, TUN, REQ, GW1, NULL, -1, EINVAL },
		{ "N42 src v4, dst v6", OUT, ESP, TUN, REQ, GW1, GW6B, -1, EINVAL },
		{ "N42 src v6, dst v4", OUT, ESP, TUN, REQ, GW6A, GW2, -1, EINVAL },
		{ "N43 mode 0", OUT, ESP, 0, REQ, NULL, NULL, -1, EINVAL },
		{ "N43 mode 4", OUT, ESP, 4, REQ, NULL, NULL, -1, EINVAL },
		{ "N43 TCP", OUT, IPPROTO_TCP, TRANS, REQ, NULL, NULL, -1, EINVAL },
		{ "N43 protocol 0", OUT, 0, TRANS, REQ, NULL, NULL, -1, EINVAL },
		{ "N43 0x1032", OUT, 0x1032, TRANS, REQ, NULL, NULL, -1, EINVAL },
		{ "routing header", OUT, 43, TRANS, REQ, NULL, NULL, -1, EINVAL },
		{ "no such level", OUT, ESP, TRANS, 4, NULL, NULL, -1, EINVAL },
		{ "N44 out/tunnel/use", OUT, ESP, TUN, USE, GW1, GW2, -1, EINVAL },
		{ "N44 in/tunnel/use", IN, ESP, TUN, USE, GW1, GW2, -1, 0 },
		{ "fwd/tunnel/use", FWD, ESP, TUN, USE, GW1, GW2, -1, 0 },
		{ "out/transport/use", OUT, ESP, TRANS, USE, NULL, NULL, -1, 0 },
		{ "level default", OUT, ESP, TRANS, 0, NULL, NULL, -1, 0 },
		{ "IPv4 through IPv6", OUT, ESP, TUN, REQ, GW6A, GW6B, -1, 0 },
		{ "transport skips addresses", OUT, ESP, TRANS, REQ, GW1, GW6B, -1, 0 },
		{ "AH", OUT, IPPROTO_AH, TRANS, REQ, NULL, NULL, -1, 0 },
		{ "AH tunnel", IN, IPPROTO_AH, TUN, REQ, GW6A, GW6B, -1, 0 },
		{ "IPComp", OUT, IPPROTO_COMP, TRANS, REQ, NULL, NULL, -1, 0 },
		{ "IPComp tunnel", IN, IPPROTO_COMP, TUN, REQ, GW1, GW2, -1, 0 },
		{ "BEET", OUT, ESP, 3, REQ, NULL, NULL, -1, EPROTONOSUPPORT },
	};
	struct sadb_x_ipsecrequest *req;
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		test_in_row(rows[i].why);
		m_spd(&m, SADB_X_SPDADD, rows[i].dir, SRC, DST, 16);
		req = m_req(&m, rows[i].proto, rows[i].mode, rows[i].level, 0, rows[i].src,
			    rows[i].dst);
		if (rows[i].len >= 0)
			req->sadb_x_ipsecrequest_len = rows[i].len;
		EQ(k_do(fd, &m), rows[i].err);
		if (rows[i].err) {
			nothing_changed(fd);
			continue;
		}
		m.base.sadb_msg_type = SADB_X_SPDDELETE;
		EQ(k_do(fd, &m), 0);
	}
}

TEST(n42_family_0)
{
	struct sadb_x_ipsecrequest *req;
	int fd = k_open();
	struct msg m;

	m_spd(&m, SADB_X_SPDADD, OUT, SRC, DST, 16);
	req = m_req(&m, ESP, TUN, REQ, 0, GW6A, GW6B);
	memset(req + 1, 0, sizeof(struct sockaddr_in6));
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

TEST(n41_seven_requests)
{
	int fd = k_open(), i;
	struct msg m, a;

	m_spd(&m, SADB_X_SPDADD, OUT, SRC, DST, 16);
	for (i = 0; i < 7; i++)
		m_req(&m, ESP, TRANS, REQ, 0, NULL, NULL);
	EQ(k_do(fd, &m), ELOOP);
	nothing_changed(fd);

	m_spd(&m, SADB_X_SPDADD, OUT, SRC, DST, 16);
	for (i = 0; i < 6; i++)
		m_req(&m, ESP, TUN, REQ, 0, GW6A, GW6B);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_len * 8, 16 + 6 * (16 + 56));
}

TEST(n47_policy_types)
{
	struct sadb_ext *ext;
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_X_SPDADD, 0);
	m_ends(&m, SRC, DST);
	ext = m_ext(&m, SADB_X_EXT_POLICY, 8);
	OK(ext);
	EQ(k_do(fd, &m), EINVAL);
	m_spd(&m, SADB_X_SPDADD, OUT, SRC, DST, 16);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);

	m_spd(&m, SADB_X_SPDADD, OUT, SRC, DST, 16);
	policy_of(&m)->sadb_x_policy_type = IPSEC_POLICY_NONE;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_type, IPSEC_POLICY_NONE);
	m_spd(&m, SADB_X_SPDADD, IN, SRC, DST, 16);
	policy_of(&m)->sadb_x_policy_type = IPSEC_POLICY_DISCARD;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_type, IPSEC_POLICY_DISCARD);
}

TEST(label_that_nobody_would_enforce)
{
	struct sadb_x_sec_ctx *ctx;
	int fd = k_open();
	struct msg m;

	tunnel(&m, SADB_X_SPDADD, OUT);
	ctx = m_ext(&m, SADB_X_EXT_SEC_CTX, 16);
	/* well-formed: what is not is seen in parse.c, where this is no error */
	ctx->sadb_x_ctx_len = 8;
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

TEST(n25_hard_lifetime_alone)
{
	struct sadb_lifetime *life;
	int fd = k_open();
	struct msg m, a;

	tunnel(&m, SADB_X_SPDADD, OUT);
	m_life(&m, SADB_EXT_LIFETIME_HARD, 1000)->sadb_lifetime_usetime = 500;
	EQ(k_ask(fd, &m, &a), 0);
	life = m_find(&a, SADB_EXT_LIFETIME_HARD);
	EQ(life->sadb_lifetime_addtime, 1000);
	EQ(life->sadb_lifetime_usetime, 500);
}

TEST(n45_duplicates)
{
	int fd = k_open();
	struct msg m, a;
	uint32_t id;

	tunnel(&m, SADB_X_SPDADD, OUT);
	EQ(k_ask(fd, &m, &a), 0);
	id = policy_of(&a)->sadb_x_policy_id;
	tunnel(&m, SADB_X_SPDADD, OUT);
	policy_of(&m)->sadb_x_policy_priority = 100;
	EQ(k_do(fd, &m), EEXIST);
	m.base.sadb_msg_type = SADB_X_SPDSETIDX;
	EQ(k_do(fd, &m), EEXIST);
	m.base.sadb_msg_type = SADB_X_SPDUPDATE;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_id, id);
	EQ(policy_of(&a)->sadb_x_policy_priority, 100);
	EQ(k_count_sp(fd), 1);

	/* what is not there is added by an update: OpenIKED knows nothing else */
	tunnel(&m, SADB_X_SPDUPDATE, IN);
	EQ(k_ask(fd, &m, &a), 0);
	OK(policy_of(&a)->sadb_x_policy_id != id);
	EQ(k_count_sp(fd), 2);
	/* an unmasked twin is another selector, and so is each port and protocol */
	m_spd(&m, SADB_X_SPDADD, OUT, "10.1.0.1", DST, 16);
	policy_of(&m)->sadb_x_policy_type = IPSEC_POLICY_NONE;
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_X_SPDADD, 0);
	m_addr(&m, SADB_EXT_ADDRESS_SRC, SRC, 16, IPPROTO_TCP, 0);
	m_addr(&m, SADB_EXT_ADDRESS_DST, DST, 16, IPPROTO_TCP, 80);
	m_policy(&m, IPSEC_POLICY_NONE, OUT, 0);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sp(fd), 4);
}

TEST(n46_delete_and_get)
{
	int fd = k_open();
	struct msg m, a;
	uint32_t id;

	tunnel(&m, SADB_X_SPDADD, OUT);
	EQ(k_ask(fd, &m, &a), 0);
	id = policy_of(&a)->sadb_x_policy_id;

	m_spd(&m, SADB_X_SPDDELETE, OUT, SRC, "10.9.0.0", 16);
	EQ(k_do(fd, &m), ENOENT);
	m_spd(&m, SADB_X_SPDDELETE, OUT, "10.1.0.1", DST, 16);
	EQ(k_do(fd, &m), ENOENT);
	m_spd(&m, SADB_X_SPDDELETE, IN, SRC, DST, 16);
	EQ(k_do(fd, &m), ENOENT);
	m_spd(&m, SADB_X_SPDDELETE, OUT, SRC, DST, 17);
	EQ(k_do(fd, &m), ENOENT);

	m_spd_id(&m, SADB_X_SPDGET, (id & ~7u) | 3);
	EQ(k_do(fd, &m), EINVAL);
	m_spd_id(&m, SADB_X_SPDGET, (id & ~7u) | 7);
	EQ(k_do(fd, &m), EINVAL);
	m_spd_id(&m, SADB_X_SPDGET, id + 8);
	EQ(k_do(fd, &m), ENOENT);
	m_spd_id(&m, SADB_X_SPDGET, id ^ 1);
	EQ(k_do(fd, &m), ENOENT);
	m_spd_id(&m, SADB_X_SPDGET, 0);
	EQ(k_do(fd, &m), ENOENT);
	m_spd_id(&m, SADB_X_SPDGET, id);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_id, id);
	EQ(a.base.sadb_msg_satype, 0);
	k_quiet(fd, 0);

	m_spd_id(&m, SADB_X_SPDDELETE2, id + 8);
	EQ(k_do(fd, &m), ENOENT);
	m_spd_id(&m, SADB_X_SPDDELETE2, id);
	EQ(k_do(fd, &m), 0);
	EQ(k_do(fd, &m), ENOENT);
	EQ(k_count_sp(fd), 0);
}

/* In order of creation, which neither priority nor an update changes. */
TEST(spddump_is_in_order_of_creation)
{
	static const struct {
		const char *dst;
		unsigned int dir;
		uint32_t priority;
	} rows[] = {
		{ "10.9.0.0", OUT, 5000 }, { "10.3.0.0", IN, 0 }, { "10.7.0.0", OUT, 1 },
		{ "10.4.0.0", FWD, 0xffffffff }, { "10.2.0.0", IN, 77 },
	};
	uint32_t ids[ARRAY_SIZE(rows)];
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m_spd(&m, SADB_X_SPDADD, rows[i].dir, SRC, rows[i].dst, 16);
		policy_of(&m)->sadb_x_policy_type = IPSEC_POLICY_DISCARD;
		policy_of(&m)->sadb_x_policy_priority = rows[i].priority;
		EQ(k_ask(fd, &m, &a), 0);
		ids[i] = policy_of(&a)->sadb_x_policy_id;
	}
	m_spd(&m, SADB_X_SPDUPDATE, rows[1].dir, SRC, rows[1].dst, 16);
	policy_of(&m)->sadb_x_policy_type = IPSEC_POLICY_NONE;
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_X_SPDDUMP, 0);
	EQ(k_send(fd, &m), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		OK(k_recv(fd, &a, 0));
		EQ(a.base.sadb_msg_errno, 0);
		EQ(policy_of(&a)->sadb_x_policy_id, ids[i]);
	}
	EQ(a.base.sadb_msg_seq, 0);
	k_quiet(fd, 0);
}

/* Fewer bytes than a request has are no request, whatever they say. */
TEST(bytes_behind_the_last_request)
{
	int fd = k_open();
	struct msg m, a;

	tunnel(&m, SADB_X_SPDADD, OUT);
	memset(m.b + m.len, 0xcd, 8);
	m.len += 8;
	policy_of(&m)->sadb_x_policy_len++;
	m_end(&m);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(policy_of(&a)->sadb_x_policy_len * 8, 16 + 16 + 32);
	m_begin(&m, SADB_X_SPDFLUSH, 0);
	EQ(k_do(fd, &m), 0);

	/* and 16 of them are one, which is wrong here */
	tunnel(&m, SADB_X_SPDADD, OUT);
	memset(m.b + m.len, 0xcd, 16);
	m.len += 16;
	policy_of(&m)->sadb_x_policy_len += 2;
	m_end(&m);
	EQ(k_do(fd, &m), EINVAL);
	nothing_changed(fd);
}

/* RP:getsadbpolicy of racoon leaves 0xcd in the requests of a deletion. */
TEST(delete_does_not_read_requests)
{
	int fd = k_open();
	struct msg m;

	tunnel(&m, SADB_X_SPDADD, OUT);
	EQ(k_do(fd, &m), 0);
	m.base.sadb_msg_type = SADB_X_SPDDELETE;
	memset(request_of(&m), 0xcd, 48);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sp(fd), 0);
}

/* Both of them, then all three lifetimes, then the policy; satype 0. */
TEST(policy_is_shown_as_it_was_given)
{
	struct sadb_address *addr;
	struct sadb_lifetime *life;
	struct sockaddr_in *sin;
	uint64_t before, after;
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_X_SPDADD, 3);
	m_policy(&m, IPSEC_POLICY_IPSEC, FWD, 0)->sadb_x_policy_priority = 0x7fffff00;
	m_req(&m, ESP, TUN, REQ, 5, GW1, GW2);
	m_addr(&m, SADB_EXT_ADDRESS_SRC, "10.1.2.3", 16, IPPROTO_ICMP, 8);
	m_addr(&m, SADB_EXT_ADDRESS_DST, "10.4.5.6", 8, IPPROTO_ICMP, 0);
	before = time(NULL);
	EQ(k_send(fd, &m), 0);
	after = time(NULL);
	OK(k_recv(fd, &a, 0));
	EQ(a.base.sadb_msg_errno, 0);
	EQ(a.base.sadb_msg_satype, 0);
	OK(a.base.sadb_msg_reserved > 0);
	addr = m_find(&a, SADB_EXT_ADDRESS_SRC);
	sin = (struct sockaddr_in *)(addr + 1);
	EQ(addr->sadb_address_prefixlen, 16);
	EQ(addr->sadb_address_proto, IPPROTO_ICMP);
	EQ(sin->sin_addr.s_addr, inet_addr("10.1.2.3"));
	EQ(ntohs(sin->sin_port), 8);
	addr = m_find(&a, SADB_EXT_ADDRESS_DST);
	sin = (struct sockaddr_in *)(addr + 1);
	EQ(addr->sadb_address_prefixlen, 8);
	EQ(sin->sin_addr.s_addr, inet_addr("10.4.5.6"));
	EQ(policy_of(&a)->sadb_x_policy_type, IPSEC_POLICY_IPSEC);
	EQ(policy_of(&a)->sadb_x_policy_dir, FWD);
	EQ(policy_of(&a)->sadb_x_policy_priority, 0x7fffff00);
	/* the reqid counts with level unique only */
	EQ(request_of(&a)->sadb_x_ipsecrequest_level, REQ);
	EQ(request_of(&a)->sadb_x_ipsecrequest_reqid, 0);
	OK(m_find(&a, SADB_EXT_LIFETIME_HARD) && m_find(&a, SADB_EXT_LIFETIME_SOFT));
	life = m_find(&a, SADB_EXT_LIFETIME_CURRENT);
	/* seconds by another clock: it may be one behind */
	OK(life->sadb_lifetime_addtime + 1 >= before && life->sadb_lifetime_addtime <= after);
	EQ(life->sadb_lifetime_usetime, 0);
}

/* 255 is any protocol, and so it is shown. */
TEST(any_protocol)
{
	struct sadb_address *addr;
	int fd = k_open();
	struct msg m, a;

	tunnel(&m, SADB_X_SPDADD, OUT);
	EQ(k_ask(fd, &m, &a), 0);
	addr = m_find(&a, SADB_EXT_ADDRESS_DST);
	EQ(addr->sadb_address_proto, 255);
}

TEST(levels)
{
	static const struct {
		unsigned int given;
		unsigned int shown;
	} rows[] = {
		{ IPSEC_LEVEL_DEFAULT, IPSEC_LEVEL_REQUIRE },
		{ IPSEC_LEVEL_REQUIRE, IPSEC_LEVEL_REQUIRE },
		{ IPSEC_LEVEL_USE, IPSEC_LEVEL_USE },
		{ IPSEC_LEVEL_UNIQUE, IPSEC_LEVEL_UNIQUE },
	};
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m_spd(&m, SADB_X_SPDUPDATE, IN, SRC, DST, 16);
		m_req(&m, ESP, TRANS, rows[i].given, 33, NULL, NULL);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(request_of(&a)->sadb_x_ipsecrequest_level, rows[i].shown);
		EQ(request_of(&a)->sadb_x_ipsecrequest_reqid,
		   rows[i].given == IPSEC_LEVEL_UNIQUE ? 33 : 0);
	}
}

TEST(unique_reqids)
{
	static const uint32_t given[] = { 1, 0x3fff, 0x4000, 0x12345678, 0xffffffff };
	uint32_t first, second;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(given); i++) {
		m_spd(&m, SADB_X_SPDUPDATE, OUT, SRC, DST, 16);
		m_req(&m, ESP, TRANS, IPSEC_LEVEL_UNIQUE, given[i], NULL, NULL);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(request_of(&a)->sadb_x_ipsecrequest_reqid, given[i]);
	}
	m_spd(&m, SADB_X_SPDADD, IN, SRC, DST, 16);
	m_req(&m, ESP, TRANS, IPSEC_LEVEL_UNIQUE, 0, NULL, NULL);
	m_req(&m, ESP, TRANS, IPSEC_LEVEL_UNIQUE, 0, NULL, NULL);
	EQ(k_ask(fd, &m, &a), 0);
	first = request_of(&a)[0].sadb_x_ipsecrequest_reqid;
	second = request_of(&a)[1].sadb_x_ipsecrequest_reqid;
	OK(first > 0x3fff && second > 0x3fff && first != second);
	m_spd(&m, SADB_X_SPDADD, FWD, SRC, DST, 16);
	m_req(&m, ESP, TRANS, IPSEC_LEVEL_UNIQUE, 0, NULL, NULL);
	EQ(k_ask(fd, &m, &a), 0);
	OK(request_of(&a)->sadb_x_ipsecrequest_reqid != first);
	OK(request_of(&a)->sadb_x_ipsecrequest_reqid != second);
}

TEST(ids_carry_the_direction)
{
	int fd = k_open();
	unsigned int dir;
	struct msg m, a;
	uint32_t id, last = 0;

	for (dir = IN; dir <= FWD; dir++) {
		tunnel(&m, SADB_X_SPDADD, dir);
		EQ(k_ask(fd, &m, &a), 0);
		id = policy_of(&a)->sadb_x_policy_id;
		EQ(id & 7, dir - 1);
		OK(id >> 3 && id >> 3 != last >> 3);
		last = id;
	}
}

/* iked puts SA2 into SPDUPDATE, libreswan an empty HARD into SPDADD. */
TEST(extensions_that_do_not_belong_here)
{
	int fd = k_open();
	struct msg m;

	m_begin(&m, SADB_X_SPDUPDATE, SADB_SATYPE_ESP);
	m_sa2(&m, IPSEC_MODE_TUNNEL, 0);
	m_life(&m, SADB_EXT_LIFETIME_HARD, 0);
	m_policy(&m, IPSEC_POLICY_IPSEC, OUT, 0);
	m_req(&m, ESP, TUN, REQ, 0, GW1, GW2);
	m_addr(&m, SADB_EXT_ADDRESS_SRC, SRC, 16, 255, 0);
	m_addr(&m, SADB_EXT_ADDRESS_DST, DST, 16, 255, 0);
	EQ(k_send(fd, &m), 0);
	OK(k_recv(fd, &m, 0));
	EQ(m.base.sadb_msg_errno, 0);
	EQ(k_count_sp(fd), 1);
}

TEST(expired_policy_is_told)
{
	int fd = k_open(), events = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	tunnel(&m, SADB_X_SPDADD, OUT);
	m_life(&m, SADB_EXT_LIFETIME_HARD, 1);
	EQ(k_do(fd, &m), 0);
	/* behind the copy of the SPDADD, however late we look */
	do
		OK(k_recv(events, &a, 60000));
	while (a.base.sadb_msg_type == SADB_X_SPDADD);
	EQ(a.base.sadb_msg_type, SADB_X_SPDEXPIRE);
	EQ(a.base.sadb_msg_pid, 0);
	EQ(a.base.sadb_msg_seq, 0);
	EQ(a.base.sadb_msg_satype, 0);
	OK(m_find(&a, SADB_EXT_ADDRESS_SRC) && m_find(&a, SADB_EXT_ADDRESS_DST));
	EQ(policy_of(&a)->sadb_x_policy_dir, OUT);
	EQ(k_count_sp(fd), 0);
	k_quiet(fd, 0);
}

int main(void)
{
	return test_main();
}
