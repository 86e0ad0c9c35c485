// SPDX-License-Identifier: GPL-2.0
/*
 * N58: the bytes of every kind of answer, IPv4 and IPv6, with tunnels of the
 * other family. k_recv() looks at each of them: the length received is the one
 * in the header, all padding is zero, nothing is there that clients can not
 * read.
 *
 * # kernels: all
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

/**
 * struct family - addresses of a family, and tunnels of the other one
 * @name: for the report
 * @src: source
 * @dst: destination
 * @bits: width
 * @gw1: end of a tunnel of the other family
 * @gw2: its other end
 * @addr_bytes: length of an address extension
 * @ends_bytes: length of two packed sockaddrs of the other family
 */
struct family {
	const char *name;
	const char *src;
	const char *dst;
	unsigned int bits;
	const char *gw1;
	const char *gw2;
	unsigned int addr_bytes;
	unsigned int ends_bytes;
};

static const struct family families[] = {
	{ "IPv4", "10.0.0.1", "10.0.0.2", 32, "2001:db8::1", "2001:db8::2", 24, 56 },
	{ "IPv6", "2001:db8:1::1", "2001:db8:2::1", 128, "192.0.2.1", "192.0.2.2", 40, 32 },
};

#define EACH(f)	(f = families; f < families + ARRAY_SIZE(families); f++)

TEST(n58_answers_about_sas)
{
	const unsigned int fixed = 16 + 16 + 3 * 32 + 16; /* header, SA, lifetimes, SA2 */
	const struct family *f;
	int fd = k_open();
	struct msg m, a;

	for EACH(f) {
		test_in_row(f->name);
		m_getspi(&m, f->src, f->dst, 0x2000, 0x2000);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, 16 + 16 + 2 * f->addr_bytes);
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x2000, f->src, f->dst);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes);
		m_add(&m, SADB_UPDATE, 0x2000, f->src, f->dst);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes);
		m_add(&m, SADB_ADD, 0x2001, f->src, f->dst);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes);
		/* 20 and 16 bytes of keys, rounded up behind their headers */
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x2001, f->src, f->dst);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes + 32 + 24);
		m_begin(&m, SADB_DUMP, SADB_SATYPE_ESP);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes + 32 + 24);
		OK(k_recv(fd, &a, 0));
		m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x2001, f->src, f->dst);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, fixed + 2 * f->addr_bytes);
		m_begin(&m, SADB_FLUSH, SADB_SATYPE_ESP);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.len, 16);
		EQ(k_do(fd, &m), 0);
		k_quiet(fd, 0);
	}
}

/* A key of each length modulo 8, whose padding would show what was in memory. */
TEST(n58_padding_of_keys)
{
	static const struct {
		unsigned int enc;
		unsigned int bits;
	} rows[] = {
		{ SADB_X_EALG_AES_CCM_ICV16, 152 }, { SADB_X_EALG_AES_GCM_ICV16, 160 },
		{ SADB_X_EALG_AES_CCM_ICV8, 216 }, { SADB_X_EALG_AES_GCM_ICV8, 288 },
	};
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m_begin(&m, SADB_ADD, SADB_SATYPE_ESP);
		m_sa(&m, 0x3000 + i, 0, rows[i].enc);
		m_key(&m, SADB_EXT_KEY_ENCRYPT, rows[i].bits);
		/* dirt behind the key, inside of what the extension is rounded up to */
		memset(m.b + m.last + 8 + rows[i].bits / 8, 0xcd,
		       m.len - m.last - 8 - rows[i].bits / 8);
		m_ends(&m, "10.0.0.1", "10.0.0.2");
		EQ(k_do(fd, &m), 0);
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x3000 + i, "10.0.0.1", "10.0.0.2");
		EQ(k_ask(fd, &m, &a), 0);
		OK(m_find(&a, SADB_EXT_KEY_ENCRYPT));
	}
}

/* Dirt in a request must not come back in an answer. */
TEST(n58_dirt_in_addresses)
{
	struct sockaddr_in6 *sin6;
	struct sockaddr_in *sin;
	int fd = k_open();
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, "10.0.0.1", "10.0.0.2");
	sin = (struct sockaddr_in *)((struct sadb_address *)m_find(&m, SADB_EXT_ADDRESS_SRC) + 1);
	memset(sin->sin_zero, 0xcd, sizeof(sin->sin_zero));
	sin->sin_port = htons(500);
	EQ(k_do(fd, &m), 0);

	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, "2001:db8::1", "2001:db8::2", 128);
	sin6 = (struct sockaddr_in6 *)((struct sadb_address *)m_find(&m, SADB_EXT_ADDRESS_SRC) + 1);
	sin6->sin6_flowinfo = 0xcdcdcdcd;
	sin6->sin6_scope_id = 7;
	memset(sin6 + 1, 0xcd, 4);
	((struct sadb_x_policy *)m_find(&m, SADB_X_EXT_POLICY))->sadb_x_policy_type =
		IPSEC_POLICY_NONE;
	((struct sadb_x_policy *)m_find(&m, SADB_X_EXT_POLICY))->sadb_x_policy_reserved = 0xcd;
	EQ(k_do(fd, &m), 0);
}

/* What the kernel says by itself: the next one of @type, on a registered socket. */
static void wait_for(int events, unsigned int type, struct msg *a)
{
	do
		OK(k_recv(events, a, 60000));
	while (a->base.sadb_msg_type != type);
	EQ(a->base.sadb_msg_pid, 0);
	EQ(a->base.sadb_msg_seq, 0);
}

TEST(n58_expire)
{
	/* header, SA, CURRENT and one more lifetime, SA2 */
	const unsigned int fixed = 16 + 16 + 2 * 32 + 16;
	int fd = k_open(), events = k_open();
	const struct family *f;
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	for EACH(f) {
		test_in_row(f->name);
		m_add(&m, SADB_ADD, 0x4000, f->src, f->dst);
		m_life(&m, SADB_EXT_LIFETIME_SOFT, 1);
		m_life(&m, SADB_EXT_LIFETIME_HARD, 2);
		EQ(k_do(fd, &m), 0);
		wait_for(events, SADB_EXPIRE, &a);
		OK(m_find(&a, SADB_EXT_LIFETIME_SOFT));
		EQ(a.len, fixed + 2 * f->addr_bytes);
		wait_for(events, SADB_EXPIRE, &a);
		OK(m_find(&a, SADB_EXT_LIFETIME_HARD));
		EQ(a.len, fixed + 2 * f->addr_bytes);
	}
}

TEST(n58_spdexpire)
{
	const unsigned int fixed = 16 + 3 * 32 + 16;	/* header, lifetimes, policy */
	int fd = k_open(), events = k_open();
	const struct family *f;
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	for EACH(f) {
		test_in_row(f->name);
		m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_INBOUND, f->src, f->dst, f->bits);
		m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_USE, 0, NULL, NULL);
		m_req(&m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_UNIQUE, 7, f->gw1, f->gw2);
		m_life(&m, SADB_EXT_LIFETIME_HARD, 1);
		EQ(k_do(fd, &m), 0);
		wait_for(events, SADB_X_SPDEXPIRE, &a);
		EQ(a.len, fixed + 2 * f->addr_bytes + 16 + 16 + f->ends_bytes);
	}
}

/* Ports that a daemon of NAT-T names are not the SA's: k_recv() sees to that. */
TEST(n58_ports_are_not_shown)
{
	static const unsigned int types[] = {
		SADB_GETSPI, SADB_UPDATE, SADB_GET, SADB_DUMP, SADB_DELETE,
	};
	const struct family *f;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for EACH(f)
		for (i = 0; i < ARRAY_SIZE(types); i++) {
			test_in_row(f->name);
			m_begin(&m, types[i], SADB_SATYPE_ESP);
			if (types[i] == SADB_GETSPI)
				m_range(&m, 0x5000, 0x5000);
			else
				m_sa(&m, 0x5000, SADB_AALG_SHA1HMAC, SADB_X_EALG_AESCBC);
			m_key(&m, SADB_EXT_KEY_ENCRYPT, 128);
			m_key(&m, SADB_EXT_KEY_AUTH, 160);
			m_addr(&m, SADB_EXT_ADDRESS_SRC, f->src, 0, IPPROTO_UDP, 500);
			m_addr(&m, SADB_EXT_ADDRESS_DST, f->dst, 0, IPPROTO_UDP, 4500);
			EQ(k_ask(fd, &m, &a), 0);
			OK(m_find(&a, SADB_EXT_ADDRESS_SRC) && m_find(&a, SADB_EXT_ADDRESS_DST));
			k_quiet(fd, 0);
		}
}

static void spd_messages(int fd, const struct family *f, unsigned int dir)
{
	const unsigned int fixed = 16 + 3 * 32 + 16;	/* header, lifetimes, policy */
	unsigned int want = fixed + 2 * f->addr_bytes + 16 + 16 + f->ends_bytes;
	struct msg m, a;
	uint32_t id;

	m_spd(&m, SADB_X_SPDADD, dir, f->src, f->dst, f->bits);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_UNIQUE, 7, f->gw1, f->gw2);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want);
	id = ((struct sadb_x_policy *)m_find(&a, SADB_X_EXT_POLICY))->sadb_x_policy_id;
	m.base.sadb_msg_type = SADB_X_SPDUPDATE;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want);
	m_spd_id(&m, SADB_X_SPDGET, id);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want);
	m_begin(&m, SADB_X_SPDDUMP, 0);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want);
	m_spd_id(&m, SADB_X_SPDDELETE2, id);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want);
	m_spd(&m, SADB_X_SPDSETIDX, dir, f->src, f->dst, f->bits);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, f->gw1, f->gw2);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want - 16);
	m_spd(&m, SADB_X_SPDDELETE, dir, f->src, f->dst, f->bits);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, want - 16);
}

TEST(n58_answers_about_policies)
{
	const struct family *f;
	int fd = k_open();
	unsigned int dir;
	struct msg m, a;

	for EACH(f)
		for (dir = IPSEC_DIR_INBOUND; dir <= IPSEC_DIR_FWD; dir++) {
			test_in_row(f->name);
			spd_messages(fd, f, dir);
		}
	m_begin(&m, SADB_X_SPDFLUSH, 0);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, 16);
	k_quiet(fd, 0);
}

TEST(n58_errors_and_the_rest)
{
	int fd = k_open(), satype;
	struct msg m, a;

	for (satype = 0; satype <= SADB_SATYPE_MAX; satype++) {
		m_begin(&m, SADB_REGISTER, satype);
		EQ(k_ask(fd, &m, &a), 0);
		OK(a.len > 16 + 16 && a.len <= 4096);
	}
	m_begin(&m, SADB_X_PROMISC, 0);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, 16);
	m_begin(&m, SADB_X_SPDDUMP, 200);
	EQ(k_ask(fd, &m, &a), ENOENT);
	k_quiet(fd, 0);
}

int main(void)
{
	return test_main();
}
