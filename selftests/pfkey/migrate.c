// SPDX-License-Identifier: GPL-2.0
/*
 * SADB_X_MIGRATE: a policy and its SAs get other end points, everybody is told, and
 * what is wrong changes nothing.
 *
 * # kernels: all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define HOST1	"10.1.0.1"
#define HOST2	"10.2.0.1"
#define OLD	"10.0.0.1"
#define NEW	"10.0.0.9"
#define PEER	"10.0.0.2"
#define OUT	IPSEC_DIR_OUTBOUND
#define IN	IPSEC_DIR_INBOUND
#define TUN	IPSEC_MODE_TUNNEL
#define REQID	7

static void add_sa(int fd, uint32_t spi, const char *src, const char *dst, unsigned int mode,
		   uint32_t reqid)
{
	struct msg m;

	m_begin(&m, SADB_ADD, SADB_SATYPE_ESP);
	m_sa(&m, spi, 0, SADB_X_EALG_AES_GCM_ICV16);
	m_key(&m, SADB_EXT_KEY_ENCRYPT, 160);
	m_sa2(&m, mode, reqid);
	m_ends(&m, src, dst);
	EQ(k_do(fd, &m), 0);
}

static void add_policy(int fd, unsigned int dir, unsigned int mode, uint32_t reqid)
{
	struct msg m;

	m_spd(&m, SADB_X_SPDADD, dir, dir == OUT ? HOST1 : HOST2, dir == OUT ? HOST2 : HOST1, 32);
	m_req(&m, IPPROTO_ESP, mode, IPSEC_LEVEL_UNIQUE, reqid, dir == OUT ? OLD : PEER,
	      dir == OUT ? PEER : OLD);
	EQ(k_do(fd, &m), 0);
}

/* A tunnel between OLD and PEER, with an older pair of SAs that is still there. */
static void make_tunnel(int fd)
{
	add_sa(fd, 0x1000, OLD, PEER, TUN, REQID);
	add_sa(fd, 0x1001, OLD, PEER, TUN, REQID);
	add_sa(fd, 0x2000, PEER, OLD, TUN, REQID);
	add_policy(fd, OUT, TUN, REQID);
	add_policy(fd, IN, TUN, REQID);
}

static void begin_migrate(struct msg *m, unsigned int dir)
{
	m_spd(m, SADB_X_MIGRATE, dir, dir == OUT ? HOST1 : HOST2, dir == OUT ? HOST2 : HOST1, 32);
}

static void put_half(struct msg *m, unsigned int proto, unsigned int mode, uint32_t reqid,
		     const char *src, const char *dst)
{
	m_req(m, proto, mode, IPSEC_LEVEL_UNIQUE, reqid, src, dst);
}

static void put_kmaddress(struct msg *m, size_t bytes)
{
	struct sadb_x_kmaddress *kma = m_ext(m, SADB_X_EXT_KMADDRESS, bytes);
	struct sockaddr_in sin[2] = { { .sin_family = AF_INET }, { .sin_family = AF_INET } };

	sin[0].sin_addr.s_addr = htonl(0x0a000009);
	sin[1].sin_addr.s_addr = htonl(0x0a000002);
	memcpy(kma + 1, sin, bytes - sizeof(*kma) < sizeof(sin) ? bytes - sizeof(*kma) : sizeof(sin));
}

static void build_migrate(struct msg *m, unsigned int dir)
{
	begin_migrate(m, dir);
	put_half(m, IPPROTO_ESP, TUN, REQID, dir == OUT ? OLD : PEER, dir == OUT ? PEER : OLD);
	put_half(m, IPPROTO_ESP, TUN, REQID, dir == OUT ? NEW : PEER, dir == OUT ? PEER : NEW);
}

static bool has_sa(int fd, uint32_t spi, const char *src, const char *dst)
{
	struct msg a;
	struct sadb_address *addr;
	struct sockaddr_in *sin;
	struct in_addr want;

	if (k_get(fd, spi, src, dst, &a))
		return false;
	addr = m_find(&a, SADB_EXT_ADDRESS_SRC);
	sin = (struct sockaddr_in *)(addr + 1);
	OK(inet_pton(AF_INET, src, &want) == 1);
	EQ(m_state(&a), SADB_SASTATE_MATURE);
	OK(m_find(&a, SADB_EXT_KEY_ENCRYPT));
	return sin->sin_addr.s_addr == want.s_addr;
}

static void nothing_has_moved(int fd)
{
	OK(has_sa(fd, 0x1000, OLD, PEER));
	OK(has_sa(fd, 0x1001, OLD, PEER));
	OK(has_sa(fd, 0x2000, PEER, OLD));
	EQ(k_count_sa(fd, 0), 3);
	EQ(k_count_sp(fd), 2);
	k_quiet(fd, 0);
}

/* --- N49 ---------------------------------------------------------------------- */

static void odd(struct msg *m)
{
	build_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
}

static void none(struct msg *m)
{
	begin_migrate(m, OUT);
}

static void seven_pairs(struct msg *m)
{
	int i;

	begin_migrate(m, OUT);
	for (i = 0; i < 7; i++) {
		put_half(m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
		put_half(m, IPPROTO_ESP, TUN, REQID, NEW, PEER);
	}
}

static void pair_twice(struct msg *m)
{
	build_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
	put_half(m, IPPROTO_ESP, TUN, REQID, NEW, PEER);
}

static void two_ways(struct msg *m)
{
	build_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
	put_half(m, IPPROTO_ESP, TUN, REQID, "10.0.0.5", PEER);
}

static void km_empty(struct msg *m)
{
	build_migrate(m, OUT);
	put_kmaddress(m, 8);
}

static void km_short(struct msg *m)
{
	build_migrate(m, OUT);
	put_kmaddress(m, 32);
}

static void other_half(struct msg *m, unsigned int proto, unsigned int mode, uint32_t reqid,
		       const char *src, const char *dst)
{
	begin_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
	put_half(m, proto, mode, reqid, src, dst);
}

static void new_src_0(struct msg *m)
{
	other_half(m, IPPROTO_ESP, TUN, REQID, "0.0.0.0", PEER);
}

static void new_dst_0(struct msg *m)
{
	other_half(m, IPPROTO_ESP, TUN, REQID, NEW, "0.0.0.0");
}

static void other_proto(struct msg *m)
{
	other_half(m, IPPROTO_AH, TUN, REQID, NEW, PEER);
}

static void other_mode(struct msg *m)
{
	other_half(m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, REQID, NEW, PEER);
}

static void other_reqid(struct msg *m)
{
	other_half(m, IPPROTO_ESP, TUN, REQID + 1, NEW, PEER);
}

static void mixed_families(struct msg *m)
{
	other_half(m, IPPROTO_ESP, TUN, REQID, NEW, "2001:db8::2");
}

static void no_addresses(struct msg *m)
{
	other_half(m, IPPROTO_ESP, TUN, REQID, NULL, NULL);
}

static void dir_0(struct msg *m)
{
	build_migrate(m, OUT);
	((struct sadb_x_policy *)m_find(m, SADB_X_EXT_POLICY))->sadb_x_policy_dir = 0;
}

static void no_such_policy(struct msg *m)
{
	build_migrate(m, IPSEC_DIR_FWD);
}

static void no_such_template(struct msg *m)
{
	begin_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, TUN, REQID, "10.0.0.77", PEER);
	put_half(m, IPPROTO_ESP, TUN, REQID, NEW, PEER);
}

static void beet(struct msg *m)
{
	begin_migrate(m, OUT);
	put_half(m, IPPROTO_ESP, IPSEC_MODE_BEET, REQID, OLD, PEER);
	put_half(m, IPPROTO_ESP, IPSEC_MODE_BEET, REQID, NEW, PEER);
}

TEST(n49_what_is_wrong_moves_nothing)
{
	static const struct {
		const char *why;
		void (*build)(struct msg *m);
		int err;
	} rows[] = {
		{ "three requests", odd, EINVAL },
		{ "no request", none, EINVAL },
		{ "seven pairs", seven_pairs, EINVAL },
		{ "the same pair twice", pair_twice, EINVAL },
		{ "two new places for one", two_ways, EINVAL },
		{ "KMADDRESS without addresses", km_empty, EINVAL },
		{ "KMADDRESS with one and a half", km_short, EINVAL },
		{ "new source 0", new_src_0, EINVAL },
		{ "new destination 0", new_dst_0, EINVAL },
		{ "another protocol", other_proto, EINVAL },
		{ "another mode", other_mode, EINVAL },
		{ "another reqid", other_reqid, EINVAL },
		{ "two families", mixed_families, EINVAL },
		{ "no addresses", no_addresses, EINVAL },
		{ "direction 0", dir_0, EINVAL },
		{ "no such policy", no_such_policy, ENOENT },
		{ "no such template", no_such_template, ENODATA },
		{ "BEET", beet, EPROTONOSUPPORT },
	};
	int fd = k_open();
	struct msg m;
	size_t i;

	make_tunnel(fd);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		test_in_row(rows[i].why);
		rows[i].build(&m);
		EQ(k_do(fd, &m), rows[i].err);
		nothing_has_moved(fd);
	}
}

/* The second of two SAs meets one of its new name: the first has not moved either. */
TEST(all_or_nothing)
{
	int fd = k_open();
	struct msg m;

	make_tunnel(fd);
	add_sa(fd, 0x1001, "10.0.0.5", "10.0.0.8", TUN, 0);
	begin_migrate(&m, OUT);
	put_half(&m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
	put_half(&m, IPPROTO_ESP, TUN, REQID, NEW, "10.0.0.8");
	EQ(k_do(fd, &m), EEXIST);
	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1001, "10.0.0.5", "10.0.0.8");
	EQ(k_do(fd, &m), 0);
	nothing_has_moved(fd);
}

/* --- what moves --------------------------------------------------------------- */

/* The message that is the answer, and that everybody gets. */
static void check_told(struct msg *a, unsigned int dir, bool km)
{
	struct sadb_x_policy *pol = m_find(a, SADB_X_EXT_POLICY);
	struct sadb_address *src = m_find(a, SADB_EXT_ADDRESS_SRC);

	EQ(a->base.sadb_msg_type, SADB_X_MIGRATE);
	EQ(a->base.sadb_msg_errno, 0);
	EQ(a->base.sadb_msg_pid, 0);
	EQ(a->base.sadb_msg_seq, 0);
	EQ(a->base.sadb_msg_satype, SADB_SATYPE_ESP);
	EQ(pol->sadb_x_policy_dir, dir);
	EQ(pol->sadb_x_policy_len * 8, sizeof(*pol) + 2 * 48);
	EQ(src->sadb_address_proto, 0);
	EQ(src->sadb_address_prefixlen, 32);
	EQ(!!m_find(a, SADB_X_EXT_KMADDRESS), km);
}

static void migrate_and_listen(int fd, unsigned int dir, bool km)
{
	int other = k_open();
	struct msg m, a;

	build_migrate(&m, dir);
	if (km)
		put_kmaddress(&m, 8 + 2 * sizeof(struct sockaddr_in));
	m_end(&m);
	EQ(k_send(fd, &m), 0);
	OK(k_recv(fd, &a, 0));
	check_told(&a, dir, km);
	OK(k_recv(other, &a, 0));
	check_told(&a, dir, km);
	k_quiet(fd, 0);
	k_quiet(other, 0);
	close(other);
}

/* The policy with this id asks for a tunnel from @src. */
static void check_tunnel_from(int fd, uint32_t id, const char *src)
{
	struct sadb_x_policy *pol;
	struct sockaddr_in *sin;
	struct in_addr want;
	struct msg m, a;

	m_spd_id(&m, SADB_X_SPDGET, id);
	EQ(k_ask(fd, &m, &a), 0);
	pol = m_find(&a, SADB_X_EXT_POLICY);
	sin = (struct sockaddr_in *)((uint8_t *)(pol + 1) + sizeof(struct sadb_x_ipsecrequest));
	OK(inet_pton(AF_INET, src, &want) == 1);
	EQ(sin->sin_addr.s_addr, want.s_addr);
}

static uint32_t id_of(int fd, unsigned int dir)
{
	struct sadb_x_policy *pol;
	uint32_t id = 0;
	struct msg m;

	m_begin(&m, SADB_X_SPDDUMP, 0);
	m_end(&m);
	EQ(k_send(fd, &m), 0);
	do {
		OK(k_recv(fd, &m, 1000));
		pol = m_find(&m, SADB_X_EXT_POLICY);
		if (pol && pol->sadb_x_policy_dir == dir)
			id = pol->sadb_x_policy_id;
	} while (m.base.sadb_msg_seq);
	OK(id);
	return id;
}

TEST(a_tunnel_moves)
{
	int fd = k_open();
	uint32_t out, in;

	make_tunnel(fd);
	out = id_of(fd, OUT);
	in = id_of(fd, IN);
	migrate_and_listen(fd, OUT, true);
	/* both of them, to another source: the same names as before */
	OK(has_sa(fd, 0x1000, NEW, PEER));
	OK(has_sa(fd, 0x1001, NEW, PEER));
	OK(has_sa(fd, 0x2000, PEER, OLD));
	check_tunnel_from(fd, out, NEW);
	check_tunnel_from(fd, in, PEER);

	migrate_and_listen(fd, IN, false);
	OK(has_sa(fd, 0x2000, PEER, NEW));
	OK(!has_sa(fd, 0x2000, PEER, OLD));
	EQ(k_count_sa(fd, 0), 3);
	EQ(k_count_sp(fd), 2);
	EQ(id_of(fd, OUT), out);
	EQ(id_of(fd, IN), in);
}

/* Two moves that mean the same SAs, one by reqid and one by none: the first one has them. */
TEST(moves_that_overlap)
{
	static const uint32_t reqids[][2] = { { REQID, 0 }, { 0, REQID } };
	int fd = k_open();
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reqids); i++) {
		make_tunnel(fd);
		begin_migrate(&m, OUT);
		put_half(&m, IPPROTO_ESP, TUN, reqids[i][0], OLD, PEER);
		put_half(&m, IPPROTO_ESP, TUN, reqids[i][0], NEW, PEER);
		put_half(&m, IPPROTO_ESP, TUN, reqids[i][1], OLD, PEER);
		put_half(&m, IPPROTO_ESP, TUN, reqids[i][1], "10.0.0.5", "10.0.0.8");
		m_end(&m);
		EQ(k_send(fd, &m), 0);
		OK(k_recv(fd, &a, 0));
		EQ(a.base.sadb_msg_errno, 0);
		EQ(k_count_sa(fd, 0), 3);
		OK(has_sa(fd, 0x1000, NEW, PEER));
		OK(has_sa(fd, 0x1001, NEW, PEER));
		EQ(k_get(fd, 0x1000, "10.0.0.5", "10.0.0.8", &a), ESRCH);
		k_empty(fd);
	}
}

/* Another family outside: the SAs get the longer header. */
TEST(a_tunnel_moves_to_ipv6)
{
	int fd = k_open();
	struct msg m, a;

	make_tunnel(fd);
	begin_migrate(&m, OUT);
	put_half(&m, IPPROTO_ESP, TUN, REQID, OLD, PEER);
	put_half(&m, IPPROTO_ESP, TUN, REQID, "2001:db8::9", "2001:db8::2");
	m_end(&m);
	EQ(k_send(fd, &m), 0);
	OK(k_recv(fd, &a, 0));
	EQ(a.base.sadb_msg_errno, 0);
	EQ(k_get(fd, 0x1000, "2001:db8::9", "2001:db8::2", &a), 0);
	EQ(k_get(fd, 0x1001, "2001:db8::9", "2001:db8::2", &a), 0);
	EQ(k_get(fd, 0x1000, OLD, PEER, &a), ESRCH);
	EQ(k_count_sa(fd, 0), 3);
}

/* A template in transport mode has no ends; its SAs have. */
TEST(transport_mode_moves)
{
	int fd = k_open();
	struct msg m, a;

	add_sa(fd, 0x1000, OLD, PEER, IPSEC_MODE_TRANSPORT, REQID);
	add_sa(fd, 0x1001, OLD, PEER, IPSEC_MODE_TRANSPORT, REQID + 1);
	m_spd(&m, SADB_X_SPDADD, OUT, HOST1, HOST2, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_UNIQUE, REQID, NULL, NULL);
	EQ(k_do(fd, &m), 0);
	begin_migrate(&m, OUT);
	put_half(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, REQID, OLD, PEER);
	put_half(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, REQID, NEW, PEER);
	m_end(&m);
	EQ(k_send(fd, &m), 0);
	OK(k_recv(fd, &a, 0));
	EQ(a.base.sadb_msg_errno, 0);
	OK(has_sa(fd, 0x1000, NEW, PEER));
	OK(has_sa(fd, 0x1001, OLD, PEER));
}

int main(void)
{
	return test_main();
}
