// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets what: the sender, the registered, everybody, the promiscuous; and
 * what a full receive buffer costs whom.
 *
 * # kernels: all
 * # timeout: 600
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

/**
 * enum who - where answers go
 * @ONE: to the sender
 * @REGISTERED: to the sender and the registered
 * @ALL: to every socket
 */
enum who {
	ONE,
	REGISTERED,
	ALL,
};

/* One message of this type, or none; and nothing behind it. */
static void expect(int fd, unsigned int type, bool wanted)
{
	struct msg a;

	if (wanted) {
		if (!k_recv(fd, &a, 0))
			test_fail(__FILE__, __LINE__, "no copy of message type %u", type);
		EQ(a.base.sadb_msg_type, type);
		EQ(a.base.sadb_msg_errno, 0);
		OK(!m_find(&a, SADB_EXT_KEY_AUTH) && !m_find(&a, SADB_EXT_KEY_ENCRYPT));
	}
	k_quiet(fd, 0);
}

/**
 * struct sockets - one of each kind
 * @sender: asks
 * @registered: registered for ESP
 * @plain: just open
 */
struct sockets {
	int sender;
	int registered;
	int plain;
};

static void open_all(struct sockets *s)
{
	struct msg m;

	s->sender = k_open();
	s->registered = k_open();
	s->plain = k_open();
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(s->registered, &m), 0);
}

static void route(struct sockets *s, struct msg *m, enum who who)
{
	struct msg a;

	EQ(k_ask(s->sender, m, &a), 0);
	k_quiet(s->sender, 0);
	expect(s->registered, m->base.sadb_msg_type, who != ONE);
	expect(s->plain, m->base.sadb_msg_type, who == ALL);
}

static void route_error(struct sockets *s, struct msg *m)
{
	OK(k_do(s->sender, m));
	k_quiet(s->sender, 0);
	k_quiet(s->registered, 0);
	k_quiet(s->plain, 0);
}

TEST(who_gets_sa_messages)
{
	struct sockets s;
	struct msg m;

	open_all(&s);
	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	route(&s, &m, ONE);
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	route(&s, &m, ALL);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	route(&s, &m, ALL);
	route_error(&s, &m);
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	route(&s, &m, ONE);
	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	route(&s, &m, ALL);
	m_begin(&m, SADB_DUMP, 0);
	route(&s, &m, ONE);
	m_begin(&m, SADB_FLUSH, 0);
	route(&s, &m, ALL);
	m_begin(&m, SADB_FLUSH, 0);
	route(&s, &m, ALL);
}

TEST(who_gets_policy_messages)
{
	struct sockets s;
	struct msg m, a;
	uint32_t id;

	open_all(&s);
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	route(&s, &m, ALL);
	route_error(&s, &m);
	m.base.sadb_msg_type = SADB_X_SPDUPDATE;
	route(&s, &m, ALL);
	m_begin(&m, SADB_X_SPDDUMP, 0);
	EQ(k_ask(s.sender, &m, &a), 0);
	id = ((struct sadb_x_policy *)m_find(&a, SADB_X_EXT_POLICY))->sadb_x_policy_id;
	m_spd_id(&m, SADB_X_SPDGET, id);
	route(&s, &m, ONE);
	m_spd_id(&m, SADB_X_SPDDELETE2, id);
	route(&s, &m, ALL);
	m_spd(&m, SADB_X_SPDSETIDX, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	route(&s, &m, ALL);
	m_spd(&m, SADB_X_SPDDELETE, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	route(&s, &m, ALL);
	m_begin(&m, SADB_X_SPDFLUSH, 0);
	route(&s, &m, ALL);
}

TEST(who_gets_registrations)
{
	struct sockets s;
	struct msg m;

	open_all(&s);
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_AH);
	route(&s, &m, REGISTERED);
	m_begin(&m, SADB_X_PROMISC, 0);
	route(&s, &m, ALL);
}

TEST(n37_register)
{
	static const unsigned int bad[] = { 10, 32, 33, 64, 255 };
	int fd = k_open();
	unsigned int satype;
	struct msg m, a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m_begin(&m, SADB_REGISTER, bad[i]);
		EQ(k_do(fd, &m), EINVAL);
	}
	for (i = 0; i < 2; i++) {
		m_begin(&m, SADB_REGISTER, 0);
		EQ(k_do(fd, &m), 0);
	}
	for (satype = 1; satype <= SADB_SATYPE_MAX; satype++) {
		m_begin(&m, SADB_REGISTER, satype);
		EQ(k_ask(fd, &m, &a), 0);
		EQ(a.base.sadb_msg_satype, satype);
		OK(m_find(&a, SADB_EXT_SUPPORTED_AUTH));
		OK(m_find(&a, SADB_EXT_SUPPORTED_ENCRYPT));
		EQ(k_do(fd, &m), EEXIST);
	}
	k_quiet(fd, 0);
}

/* Satype 0 only asks: no EXPIRE, no other's REGISTER comes of it. */
TEST(n37_register_of_nothing_hears_nothing)
{
	int fd = k_open(), other = k_open();
	struct msg m;

	m_begin(&m, SADB_REGISTER, 0);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(other, &m), 0);
	k_quiet(fd, 0);
}

TEST(n38_promisc_satype)
{
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_X_PROMISC, 2);
	EQ(k_do(fd, &m), EINVAL);
	m_begin(&m, SADB_X_PROMISC, 1);
	EQ(k_send(fd, &m), 0);
	/* the echo, and the copy of it that who is promiscuous gets */
	OK(k_recv(fd, &a, 0) && k_recv(fd, &a, 0));
	k_quiet(fd, 0);
	m_begin(&m, SADB_X_PROMISC, 0);
	EQ(k_send(fd, &m), 0);
	/* the request as it came, and the echo, which finds nobody promiscuous */
	OK(k_recv(fd, &a, 0) && k_recv(fd, &a, 0));
	k_quiet(fd, 0);
	m_begin(&m, SADB_REGISTER, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

static void expect_zero_key(struct msg *m, unsigned int type)
{
	struct sadb_key *key = m_find(m, type);
	size_t i;

	OK(key);
	OK(key->sadb_key_bits);
	for (i = 0; i < key->sadb_key_bits / 8; i++)
		EQ(((uint8_t *)(key + 1))[i], 0);
}

/* A copy of each request and each answer, whoever it is for; never a key. */
TEST(promiscuous_socket_sees_all_but_keys)
{
	int fd = k_open(), spy = k_open();
	struct msg m, a;
	ssize_t n;

	m_begin(&m, SADB_X_PROMISC, 1);
	EQ(k_do(spy, &m), 0);
	k_drain(spy);
	k_drain(fd);

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	n = recv(spy, a.b, sizeof(a.b), MSG_DONTWAIT);
	EQ(n, m.len);
	a.len = n;
	expect_zero_key(&a, SADB_EXT_KEY_AUTH);
	expect_zero_key(&a, SADB_EXT_KEY_ENCRYPT);
	OK(k_recv(spy, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_ADD);
	OK(k_recv(spy, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_ADD);
	k_quiet(spy, 0);

	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	EQ(k_ask(fd, &m, &a), 0);
	OK(((uint8_t *)((struct sadb_key *)m_find(&a, SADB_EXT_KEY_AUTH) + 1))[0]);
	n = recv(spy, a.b, sizeof(a.b), MSG_DONTWAIT);
	EQ(n, m.len);
	OK(k_recv(spy, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_GET);
	expect_zero_key(&a, SADB_EXT_KEY_AUTH);
	expect_zero_key(&a, SADB_EXT_KEY_ENCRYPT);
	k_quiet(spy, 0);

	/* errors too; what is malformed is answered and not shown */
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1001, SRC, DST);
	EQ(k_do(fd, &m), ESRCH);
	OK(recv(spy, a.b, sizeof(a.b), MSG_DONTWAIT) > 16);
	OK(k_recv(spy, &a, 0));
	EQ(a.base.sadb_msg_errno, ESRCH);
	k_quiet(spy, 0);
	m_ext(&m, 0, 8);
	EQ(k_do(fd, &m), EINVAL);
	OK(k_recv(spy, &a, 0));
	EQ(a.base.sadb_msg_errno, EINVAL);
	k_quiet(spy, 0);
}

TEST(closed_promiscuous_socket_is_forgotten)
{
	int fd = k_open(), spy = k_open();
	struct msg m;

	m_begin(&m, SADB_X_PROMISC, 1);
	EQ(k_do(spy, &m), 0);
	close(spy);
	k_drain(fd);
	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

/* Answers carry what the request said, whoever sent it. */
TEST(pid_and_seq_are_echoed)
{
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, 0);
	m.base.sadb_msg_pid = 0xdeadbeef;
	m.base.sadb_msg_seq = 0xcafebabe;
	m.base.sadb_msg_errno = 77;
	EQ(k_ask(fd, &m, &a), 0);
	m_begin(&m, SADB_DUMP, 1);
	m.base.sadb_msg_pid = 0xdeadbeef;
	m.base.sadb_msg_seq = 0xcafebabe;
	EQ(k_ask(fd, &m, &a), EINVAL);
}

/* Messages that the socket had no room for. */
static unsigned int lost(int fd)
{
	__u32 mem[SK_MEMINFO_VARS];
	socklen_t len = sizeof(mem);

	OK(!getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len));
	return mem[SK_MEMINFO_DROPS];
}

/*
 * An event socket that nobody reads costs nobody else anything: senders get
 * their answers, other listeners their events.
 */
TEST(n57_a_listener_that_does_not_read)
{
	int fd = k_open(), deaf = k_open(), size = 1;
	unsigned int i, n = 0;
	struct msg m;
	int good;

	OK(!setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_send(deaf, &m), 0);
	good = k_open();
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(good, &m), 0);
	for (i = 0; i < 200; i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		EQ(k_do(fd, &m), 0);
		n += k_drain(good);
	}
	EQ(n, 200);
	i = k_drain(deaf);
	OK(i > 0 && i < 200);
	/* it may know how many it missed: those of 200, and one of each REGISTER */
	EQ(i + lost(deaf), 202);
	EQ(lost(good), 0);
	/* and it is no worse for it */
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
	EQ(k_do(deaf, &m), 0);
}

/* What the kernel says by itself, to the registered, is lost for the deaf one only. */
TEST(n57_an_expire_passes_a_listener_that_does_not_read)
{
	int fd = k_open(), deaf = k_open(), size = 1;
	unsigned int i, before;
	struct msg m, a;
	int good;

	OK(!setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_send(deaf, &m), 0);
	for (i = 0; i < 50; i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	good = k_open();
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(good, &m), 0);
	m_add(&m, SADB_ADD, 0x2000, SRC, DST);
	m_life(&m, SADB_EXT_LIFETIME_SOFT, 1);
	m_life(&m, SADB_EXT_LIFETIME_HARD, 3600);
	EQ(k_do(fd, &m), 0);
	OK(k_recv(good, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_ADD);
	OK(k_recv(good, &a, 60000));
	EQ(a.base.sadb_msg_type, SADB_EXPIRE);
	/* it was full: what it has is what came first */
	for (before = 0; k_recv(deaf, &a, 0); before++)
		OK(a.base.sadb_msg_type == SADB_ADD || a.base.sadb_msg_type == SADB_REGISTER);
	OK(before > 0 && before < 50);
}

/* The answer comes even to a queue that events have filled. */
TEST(n57_an_answer_is_never_lost)
{
	int fd = k_open(), full = k_open(), size = 1;
	bool found = false;
	struct msg m, a;
	unsigned int i;

	OK(!setsockopt(full, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	for (i = 0; i < 50; i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1001, SRC, DST);
	EQ(k_send(full, &m), 0);
	while (k_recv(full, &a, 0))
		found |= a.base.sadb_msg_type == SADB_GET;
	OK(found);
}

/**
 * struct storm - L08: what is open in it
 * @n: sockets
 * @fd: the sockets, registered for ESP
 */
struct storm {
	unsigned int n;
	int *fd;
};

/* Every fourth one is slow: it has the least buffer and does not read. */
static bool storm_slow(unsigned int i)
{
	return i % 4 == 3;
}

static void storm_open(struct storm *s, unsigned int n)
{
	struct rlimit lim = { n + 64, n + 64 };
	int size = 1;
	struct msg m;

	OK(!setrlimit(RLIMIT_NOFILE, &lim));
	s->fd = calloc(n, sizeof(*s->fd));
	OK(s->fd);
	/* a REGISTER goes to all who are registered: read it before it fills them */
	for (s->n = 0; s->n < n; s->n++) {
		s->fd[s->n] = k_open();
		if (storm_slow(s->n))
			OK(!setsockopt(s->fd[s->n], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	}
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	for (; n--;)
		EQ(k_send(s->fd[n], &m), 0);
	for (n = 0; n < s->n; n++)
		while (recv(s->fd[n], m.b, sizeof(m.b), MSG_DONTWAIT) > 0)
			continue;
}

/* Copies of ADD that wait, in the order of their SPIs; the next one wanted is @spi. */
static uint32_t storm_read(int fd, uint32_t spi)
{
	struct sadb_sa *sa;
	struct msg a;

	while (k_recv(fd, &a, 0)) {
		EQ(a.base.sadb_msg_type, SADB_ADD);
		sa = m_find(&a, SADB_EXT_SA);
		OK(sa);
		EQ(ntohl(sa->sadb_sa_spi), spi);
		spi++;
	}
	return spi;
}

/*
 * L08: hundreds of listeners, of which some do not read. These lose what does
 * not fit, from some copy on, and no other loses any; the sender has every
 * answer when send() returns.
 */
TEST(l08_event_storm)
{
	const unsigned int n = test_is_slow() ? 120 : 500;
	const unsigned int adds = test_is_slow() ? 300 : 1000;
	const uint32_t first = 0x10000;
	int sender = k_open();
	struct storm s;
	unsigned int i, j;
	uint32_t *next;
	struct msg m;

	storm_open(&s, n);
	next = calloc(n, sizeof(*next));
	OK(next);
	for (j = 0; j < n; j++)
		next[j] = first;
	for (i = 0; i < adds; i++) {
		m_add(&m, SADB_ADD, first + i, SRC, DST);
		EQ(k_do(sender, &m), 0);
		/* the default buffer takes far more than this */
		for (j = 0; j < n && (i % 50 == 49 || i + 1 == adds); j++)
			if (!storm_slow(j))
				next[j] = storm_read(s.fd[j], next[j]);
	}
	k_quiet(sender, 0);
	for (j = 0; j < n; j++) {
		if (storm_slow(j)) {
			next[j] = storm_read(s.fd[j], first);
			OK(next[j] > first && next[j] < first + adds);
		} else {
			EQ(next[j], first + adds);
		}
	}
	/* and the slow ones hear again, once they have read */
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(sender, &m), 0);
	for (j = 0; j < n; j++)
		expect(s.fd[j], SADB_FLUSH, true);
}

int main(void)
{
	return test_main();
}
