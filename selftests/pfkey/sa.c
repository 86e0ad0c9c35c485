// SPDX-License-Identifier: GPL-2.0
/*
 * Commands on SAs: ADD, UPDATE, DELETE, GET, FLUSH, EXPIRE, and what they show of
 * an SA. larval.c has those that are not finished.
 *
 * # kernels: all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

TEST(n28_add_twice)
{
	int fd = k_open();
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_do(fd, &m), EEXIST);
	/* the SPI counts at one destination only, and SRC does not count */
	m_add(&m, SADB_ADD, 0x1000, SRC, "10.0.0.3");
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x1000, "10.0.0.9", DST);
	EQ(k_do(fd, &m), EEXIST);
	m_add(&m, SADB_ADD, 0x1000, "2001:db8::1", "2001:db8::2");
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 3);
}

TEST(n28_add_on_a_reserved_spi)
{
	int fd = k_open();
	struct msg m;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), EEXIST);
	EQ(k_count_sa(fd, 0), 1);
}

TEST(n29_update_of_nothing)
{
	int fd = k_open();
	struct msg m;

	m_add(&m, SADB_UPDATE, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), ESRCH);
	EQ(k_count_sa(fd, 0), 0);
}

TEST(update_of_a_mature_sa_changes_lifetimes_only)
{
	struct sadb_lifetime *life;
	int fd = k_open();
	struct msg m, a, b;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x1000, SRC, DST, &a), 0);

	m_begin(&m, SADB_UPDATE, SADB_SATYPE_ESP);
	m_key(&m, SADB_EXT_KEY_ENCRYPT, 256);
	m_sa(&m, 0x1000, 0, SADB_X_EALG_AESCBC)->sadb_sa_replay = 64;
	m_sa2(&m, IPSEC_MODE_TRANSPORT, 5);
	m_life(&m, SADB_EXT_LIFETIME_SOFT, 1000)->sadb_lifetime_bytes = 1ULL << 40;
	m_life(&m, SADB_EXT_LIFETIME_HARD, 2000)->sadb_lifetime_allocations = 12345;
	m_ends(&m, SRC, DST);
	EQ(k_do(fd, &m), 0);

	EQ(k_get(fd, 0x1000, SRC, DST, &b), 0);
	EQ(a.len, b.len);
	life = m_find(&b, SADB_EXT_LIFETIME_SOFT);
	EQ(life->sadb_lifetime_addtime, 1000);
	EQ(life->sadb_lifetime_bytes, 1ULL << 40);
	life = m_find(&b, SADB_EXT_LIFETIME_HARD);
	EQ(life->sadb_lifetime_addtime, 2000);
	EQ(life->sadb_lifetime_allocations, 12345);
	EQ(memcmp(m_find(&a, SADB_EXT_SA), m_find(&b, SADB_EXT_SA), 16), 0);
	EQ(memcmp(m_find(&a, SADB_X_EXT_SA2), m_find(&b, SADB_X_EXT_SA2), 16), 0);
	EQ(memcmp(m_find(&a, SADB_EXT_KEY_ENCRYPT), m_find(&b, SADB_EXT_KEY_ENCRYPT), 24), 0);

	/* without lifetimes it has none any more */
	m_add(&m, SADB_UPDATE, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x1000, SRC, DST, &b), 0);
	life = m_find(&b, SADB_EXT_LIFETIME_HARD);
	EQ(life->sadb_lifetime_addtime, 0);
	EQ(life->sadb_lifetime_allocations, 0);
}

static void natt(struct msg *m, unsigned int sport, unsigned int dport)
{
	struct sadb_x_nat_t_type *type = m_ext(m, SADB_X_EXT_NAT_T_TYPE, sizeof(*type));
	struct sadb_x_nat_t_port *port;

	type->sadb_x_nat_t_type_type = 2;
	if (!sport)
		return;
	port = m_ext(m, SADB_X_EXT_NAT_T_SPORT, sizeof(*port));
	port->sadb_x_nat_t_port_port = htons(sport);
	port = m_ext(m, SADB_X_EXT_NAT_T_DPORT, sizeof(*port));
	port->sadb_x_nat_t_port_port = htons(dport);
}

/* What a description of an SA says of its ports; 0 for an SA that is not in UDP. */
static void natt_is(struct msg *b, unsigned int sport, unsigned int dport)
{
	struct sadb_x_nat_t_type *type = m_find(b, SADB_X_EXT_NAT_T_TYPE);
	struct sadb_x_nat_t_port *port;

	EQ(!!type, !!sport);
	EQ(!!m_find(b, SADB_X_EXT_NAT_T_SPORT), !!sport);
	EQ(!!m_find(b, SADB_X_EXT_NAT_T_DPORT), !!sport);
	if (!sport)
		return;
	EQ(type->sadb_x_nat_t_type_type, 2);
	port = m_find(b, SADB_X_EXT_NAT_T_SPORT);
	EQ(ntohs(port->sadb_x_nat_t_port_port), sport);
	port = m_find(b, SADB_X_EXT_NAT_T_DPORT);
	EQ(ntohs(port->sadb_x_nat_t_port_port), dport);
}

TEST(n30_update_between_plain_and_udp)
{
	int fd = k_open();
	struct msg b;
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_UPDATE, 0x1000, SRC, DST);
	natt(&m, 0, 0);
	EQ(k_do(fd, &m), EINVAL);
	EQ(k_get(fd, 0x1000, SRC, DST, &b), 0);
	natt_is(&b, 0, 0);

	m_add(&m, SADB_ADD, 0x1001, SRC, DST);
	natt(&m, 0, 0);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_UPDATE, 0x1001, SRC, DST);
	EQ(k_do(fd, &m), EINVAL);
	EQ(k_get(fd, 0x1001, SRC, DST, &b), 0);
	natt_is(&b, 4500, 4500);
}

/* Contract 1 and 1.2: the ports are in extensions of their own, the addresses have none. */
TEST(natt_ports_of_an_sa)
{
	struct sadb_address *oa;
	int fd = k_open();
	struct msg b;
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	natt(&m, 31000, 4501);
	m_addr(&m, SADB_X_EXT_NAT_T_OA, "192.168.7.7", 16, 0, 0);
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x1000, SRC, DST, &b), 0);
	natt_is(&b, 31000, 4501);
	oa = m_find(&b, SADB_X_EXT_NAT_T_OA);
	OK(oa);
	EQ(((struct sockaddr_in *)(oa + 1))->sin_addr.s_addr, inet_addr("192.168.7.7"));

	m_add(&m, SADB_UPDATE, 0x1000, SRC, DST);
	natt(&m, 31001, 4502);
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x1000, SRC, DST, &b), 0);
	natt_is(&b, 31001, 4502);
}

TEST(n35_delete_and_get_of_nothing)
{
	static const unsigned int types[] = { SADB_DELETE, SADB_GET };
	int fd = k_open();
	struct msg m;
	size_t i;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m_begin(&m, types[i], SADB_SATYPE_ESP);
		m_ends(&m, SRC, DST);
		EQ(k_do(fd, &m), EINVAL);
		m_begin(&m, types[i], SADB_SATYPE_ESP);
		m_sa(&m, 0x1000, 0, 0);
		m_addr(&m, SADB_EXT_ADDRESS_DST, DST, 32, 255, 0);
		EQ(k_do(fd, &m), EINVAL);
		m_said(&m, types[i], SADB_SATYPE_ESP, 0x1001, SRC, DST);
		EQ(k_do(fd, &m), ESRCH);
		m_said(&m, types[i], SADB_SATYPE_ESP, 0x1000, DST, SRC);
		EQ(k_do(fd, &m), ESRCH);
		m_said(&m, types[i], SADB_SATYPE_AH, 0x1000, SRC, DST);
		EQ(k_do(fd, &m), ESRCH);
		m_said(&m, types[i], 77, 0x1000, SRC, DST);
		EQ(k_do(fd, &m), ESRCH);
	}
	EQ(k_count_sa(fd, 0), 1);
	/* SRC has to be there and is not compared */
	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000, "10.9.9.9", DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 0);
}

/* strongSwan copies all five without looking whether they are there. */
TEST(get_is_complete)
{
	static const unsigned int types[] = {
		SADB_EXT_SA, SADB_EXT_LIFETIME_HARD, SADB_EXT_LIFETIME_SOFT,
		SADB_EXT_LIFETIME_CURRENT, SADB_EXT_ADDRESS_SRC, SADB_EXT_ADDRESS_DST,
		SADB_EXT_KEY_AUTH, SADB_EXT_KEY_ENCRYPT, SADB_X_EXT_SA2,
	};
	struct sadb_lifetime *current_use;
	uint64_t before, after;
	struct sockaddr_in *sin;
	struct sadb_sa *sa;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	sa = m_find(&m, SADB_EXT_SA);
	sa->sadb_sa_replay = 4;
	sa->sadb_sa_flags = SADB_SAFLAGS_NOECN | SADB_SAFLAGS_DECAP_DSCP | 0x40;
	before = time(NULL);
	EQ(k_do(fd, &m), 0);
	after = time(NULL);
	EQ(k_get(fd, 0x1000, SRC, DST, &a), 0);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		OK(m_find(&a, types[i]));
	OK(!m_find(&a, SADB_EXT_ADDRESS_PROXY));
	OK(!m_find(&a, SADB_X_EXT_TESTUDO_SA));
	EQ(memcmp(m_find(&a, SADB_EXT_KEY_AUTH), m_find(&m, SADB_EXT_KEY_AUTH), 32), 0);
	EQ(memcmp(m_find(&a, SADB_EXT_KEY_ENCRYPT), m_find(&m, SADB_EXT_KEY_ENCRYPT), 24), 0);

	sa = m_find(&a, SADB_EXT_SA);
	EQ(sa->sadb_sa_replay, 4);
	EQ(sa->sadb_sa_flags, SADB_SAFLAGS_NOECN | SADB_SAFLAGS_DECAP_DSCP | 0x40);
	EQ(sa->sadb_sa_auth, SADB_AALG_SHA1HMAC);
	EQ(sa->sadb_sa_encrypt, SADB_X_EALG_AESCBC);
	current_use = m_find(&a, SADB_EXT_LIFETIME_CURRENT);
	/* seconds by another clock: it may be one behind */
	OK(current_use->sadb_lifetime_addtime + 1 >= before);
	OK(current_use->sadb_lifetime_addtime <= after);
	EQ(current_use->sadb_lifetime_usetime, 0);
	EQ(current_use->sadb_lifetime_allocations, 0);
	sin = (struct sockaddr_in *)((struct sadb_address *)m_find(&a, SADB_EXT_ADDRESS_DST) + 1);
	EQ(sin->sin_port, 0);
	EQ(sin->sin_addr.s_addr, inet_addr(DST));
	EQ(((struct sadb_address *)m_find(&a, SADB_EXT_ADDRESS_SRC))->sadb_address_prefixlen, 32);
}

TEST(no_sa2_is_transport_without_reqid)
{
	struct sadb_x_sa2 *sa2;
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_ADD, SADB_SATYPE_ESP);
	m_sa(&m, 0x1000, 0, SADB_X_EALG_AESCBC);
	m_key(&m, SADB_EXT_KEY_ENCRYPT, 128);
	m_ends(&m, SRC, DST);
	EQ(k_ask(fd, &m, &a), 0);
	sa2 = m_find(&a, SADB_X_EXT_SA2);
	EQ(sa2->sadb_x_sa2_mode, IPSEC_MODE_TRANSPORT);
	EQ(sa2->sadb_x_sa2_reqid, 0);
}

TEST(our_extension_goes_to_who_sent_it)
{
	struct sadb_x_testudo_sa *x;
	int fd = k_open(), other = k_open();
	struct msg m, a;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	x = m_x_sa(&m, SADB_X_TESTUDO_SA_ESN, 1000);
	x->sadb_x_testudo_sa_oseq = 0x100000005ULL;
	x->sadb_x_testudo_sa_iseq = 0x200000007ULL;
	EQ(k_ask(fd, &m, &a), 0);
	x = m_find(&a, SADB_X_EXT_TESTUDO_SA);
	OK(x);
	EQ(x->sadb_x_testudo_sa_flags, SADB_X_TESTUDO_SA_ESN);
	EQ(x->sadb_x_testudo_sa_window, 1000);
	EQ(x->sadb_x_testudo_sa_oseq, 0x100000005ULL);
	EQ(x->sadb_x_testudo_sa_iseq, 0x200000007ULL);
	OK(k_recv(other, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_ADD);
	OK(!m_find(&a, SADB_X_EXT_TESTUDO_SA));

	EQ(k_get(fd, 0x1000, SRC, DST, &a), 0);
	OK(!m_find(&a, SADB_X_EXT_TESTUDO_SA));
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	m_x_sa(&m, 0, 0);
	EQ(k_ask(fd, &m, &a), 0);
	OK(m_find(&a, SADB_X_EXT_TESTUDO_SA));
	m_begin(&m, SADB_DUMP, 0);
	m_x_sa(&m, 0, 0);
	EQ(k_ask(fd, &m, &a), 0);
	OK(m_find(&a, SADB_X_EXT_TESTUDO_SA));
	k_quiet(other, 0);
}

TEST(replay_window_is_at_least_the_sysctl)
{
	static const struct {
		unsigned int given;
		unsigned int window;
	} rows[] = { { 0, 0 }, { 1, 32 }, { 4, 32 }, { 32, 32 }, { 64, 64 }, { 255, 255 } };
	struct sadb_x_testudo_sa *x;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		((struct sadb_sa *)m_find(&m, SADB_EXT_SA))->sadb_sa_replay = rows[i].given;
		m_x_sa(&m, 0, 0);
		EQ(k_ask(fd, &m, &a), 0);
		x = m_find(&a, SADB_X_EXT_TESTUDO_SA);
		EQ(x->sadb_x_testudo_sa_window, rows[i].window);
		EQ(((struct sadb_sa *)m_find(&a, SADB_EXT_SA))->sadb_sa_replay, rows[i].given);
	}
}

TEST(replay_window_min_can_be_changed)
{
	static const struct {
		unsigned int min;
		unsigned int given;
		unsigned int window;
	} rows[] = {
		{ 0, 0, 0 }, { 0, 1, 1 }, { 0, 4, 4 }, { 64, 0, 0 }, { 64, 4, 64 },
		{ 64, 128, 128 }, { 4096, 1, 4096 }, { 4096, 255, 4096 }, { 1000, 255, 1000 },
	};
	struct sadb_x_testudo_sa *x;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		test_sysctl("replay_window_min", rows[i].min);
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		((struct sadb_sa *)m_find(&m, SADB_EXT_SA))->sadb_sa_replay = rows[i].given;
		m_x_sa(&m, 0, 0);
		EQ(k_ask(fd, &m, &a), 0);
		x = m_find(&a, SADB_X_EXT_TESTUDO_SA);
		EQ(x->sadb_x_testudo_sa_window, rows[i].window);
	}
	/* what there was before keeps what it had, and who says it exactly gets it exactly */
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1002, SRC, DST);
	m_x_sa(&m, 0, 0);
	EQ(k_ask(fd, &m, &a), 0);
	x = m_find(&a, SADB_X_EXT_TESTUDO_SA);
	EQ(x->sadb_x_testudo_sa_window, 4);
	m_add(&m, SADB_ADD, 0x2000, SRC, DST);
	m_x_sa(&m, 0, 8);
	EQ(k_ask(fd, &m, &a), 0);
	x = m_find(&a, SADB_X_EXT_TESTUDO_SA);
	EQ(x->sadb_x_testudo_sa_window, 8);
}

/* setkey -f reads one answer a command: N56's file, as it comes to the kernel. */
TEST(n56_one_answer_for_each_command)
{
	int fd = k_open(), other = k_open();
	struct msg m, a;
	int i;

	for (i = 0; i < 100; i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	k_drain(other);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, 16);
	k_quiet(fd, 0);
	OK(k_recv(other, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_FLUSH);
	k_quiet(other, 0);

	m_begin(&m, SADB_X_SPDFLUSH, 0);
	EQ(k_ask(fd, &m, &a), 0);
	k_quiet(fd, 0);
	/* an empty table is no error, and no reason for a second answer either */
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 1);
	k_quiet(fd, 0);
}

TEST(flush_of_one_protocol)
{
	static const unsigned int bad[] = { 1, 4, 5, 8, 10, 255 };
	int fd = k_open();
	struct msg m;
	size_t i;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	EQ(k_do(fd, &m), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m_begin(&m, SADB_FLUSH, bad[i]);
		EQ(k_do(fd, &m), EINVAL);
	}
	m_begin(&m, SADB_FLUSH, SADB_SATYPE_AH);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 2);
	m_begin(&m, SADB_FLUSH, SADB_SATYPE_ESP);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 0);
}

/*
 * The next EXPIRE, behind the copies of what was added, however late we look:
 * to registered sockets, pid 0, exactly one of SOFT and HARD.
 */
static void expect_expire(int fd, uint32_t spi, unsigned int has, unsigned int lacks)
{
	struct msg a;

	do {
		if (!k_recv(fd, &a, 60000))
			test_fail(__FILE__, __LINE__, "no EXPIRE");
	} while (a.base.sadb_msg_type == SADB_ADD);
	EQ(a.base.sadb_msg_type, SADB_EXPIRE);
	EQ(a.base.sadb_msg_satype, SADB_SATYPE_ESP);
	EQ(a.base.sadb_msg_pid, 0);
	EQ(a.base.sadb_msg_seq, 0);
	EQ(a.base.sadb_msg_errno, 0);
	EQ(m_spi(&a), spi);
	OK(m_find(&a, has));
	OK(!m_find(&a, lacks));
	OK(m_find(&a, SADB_EXT_LIFETIME_CURRENT));
	OK(!m_find(&a, SADB_EXT_KEY_ENCRYPT));
}

static void expire_add(int fd, uint32_t spi, uint64_t soft, uint64_t hard)
{
	struct msg m;

	m_add(&m, SADB_ADD, spi, SRC, DST);
	m_life(&m, SADB_EXT_LIFETIME_SOFT, soft);
	m_life(&m, SADB_EXT_LIFETIME_HARD, hard);
	EQ(k_do(fd, &m), 0);
}

/* Nobody but the registered hears of an expiry. */
static void expect_only_adds(int fd)
{
	struct msg a;

	while (k_recv(fd, &a, 0))
		EQ(a.base.sadb_msg_type, SADB_ADD);
}

/* Once, and then it is there for long: how late we look does not matter. */
TEST(expire_soft_makes_it_dying)
{
	int fd = k_open(), events = k_open(), deaf = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	expire_add(fd, 0x1000, 1, 3600);
	expect_expire(events, 0x1000, SADB_EXT_LIFETIME_SOFT, SADB_EXT_LIFETIME_HARD);
	EQ(k_get(fd, 0x1000, SRC, DST, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_DYING);
	k_quiet(events, 100);
	expect_only_adds(deaf);
}

TEST(expire_soft_then_hard)
{
	int fd = k_open(), events = k_open(), deaf = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	expire_add(fd, 0x1001, 1, 2);
	expect_expire(events, 0x1001, SADB_EXT_LIFETIME_SOFT, SADB_EXT_LIFETIME_HARD);
	expect_expire(events, 0x1001, SADB_EXT_LIFETIME_HARD, SADB_EXT_LIFETIME_SOFT);
	EQ(k_get(fd, 0x1001, SRC, DST, &a), ESRCH);
	k_quiet(events, 100);
	expect_only_adds(deaf);
}

TEST(delete_and_flush_send_no_expire)
{
	int fd = k_open(), events = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x1001, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);
	while (k_recv(events, &a, 300))
		OK(a.base.sadb_msg_type != SADB_EXPIRE);
}

int main(void)
{
	return test_main();
}
