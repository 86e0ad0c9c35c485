// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged PF_KEY messages: good ones of every type, with extensions moved,
 * doubled, cut, exchanged and overwritten, and some that are nothing but random
 * bytes behind a header. Several senders at once, on the same tables. After each
 * burst a good message must work, and whatever the kernel answers is checked as
 * in all other tests: an answer with memory of the kernel where zeroes belong
 * fails here.
 *
 * usage: fuzz_pfkey [MESSAGES [SEED]]; with the same seed each sender sends the same,
 * and only their order among each other is chance
 *
 * # kernels: 6.12 debug
 * # timeout: 1200
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

/* Messages of one sender between two looks at the whole. */
#define BURST	500
#define SENDERS	3

static unsigned long long messages = 100000;
static unsigned long long seed = 1;
static unsigned long long state;

/* splitmix64, by Vigna: any seed will do */
static uint64_t rnd(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* below @n; 0 when there is nothing below */
static unsigned int pick(unsigned int n)
{
	return n ? rnd() % n : 0;
}

/* Values at the edges of what a parser may get wrong. */
static uint32_t edge(void)
{
	static const uint32_t edges[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 15, 16, 17, 24, 31, 32, 33, 48, 50, 51, 63,
		64, 65, 108, 127, 128, 129, 255, 256, 0x3fff, 0x4000, 0x5401, 0x7fff, 0x8000,
		0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
	};

	return pick(4) ? edges[pick(ARRAY_SIZE(edges))] : rnd();
}

static const char *v4(void)
{
	static const char *const addrs[] = { "10.0.0.1", "10.0.0.2", "0.0.0.0", "224.0.0.1" };

	/* few, so that messages meet what earlier ones made */
	return addrs[pick(4) ? 0 : pick(ARRAY_SIZE(addrs))];
}

static const char *v6(void)
{
	static const char *const addrs[] = { "2001:db8::1", "2001:db8::2", "::", "ff02::1" };

	return addrs[pick(4) ? 0 : pick(ARRAY_SIZE(addrs))];
}

static void put_ends(struct msg *m)
{
	bool six = pick(2);
	unsigned int bits = six ? 128 : 32;

	m_addr(m, SADB_EXT_ADDRESS_SRC, six ? v6() : v4(), pick(bits + 1), edge(), edge());
	m_addr(m, SADB_EXT_ADDRESS_DST, six ? v6() : v4(), pick(bits + 1), edge(), edge());
}

static void put_policy(struct msg *m)
{
	unsigned int n = pick(8);
	bool six;

	m_policy(m, pick(8) ? pick(3) : edge(), pick(8) ? 1 + pick(3) : edge(), edge())
		->sadb_x_policy_priority = edge();
	while (n--) {
		six = pick(2);
		m_req(m, pick(8) ? IPPROTO_ESP : edge(), pick(8) ? 1 + pick(2) : edge(),
		      pick(8) ? pick(4) : edge(), edge(), six ? v6() : v4(), six ? v6() : v4());
	}
}

/**
 * struct suite - algorithms and the keys that they want
 * @enc: sadb_sa_encrypt
 * @auth: sadb_sa_auth
 * @enc_bits: key length
 * @auth_bits: key length, 0 for no key
 */
struct suite {
	uint8_t enc;
	uint8_t auth;
	uint16_t enc_bits;
	uint16_t auth_bits;
};

static struct suite some_suite(void)
{
	static const struct suite good[] = {
		{ 12, 3, 128, 160 }, { 12, 5, 256, 256 }, { 3, 2, 192, 128 }, { 11, 3, 0, 160 },
		{ 20, 0, 160, 0 }, { 20, 0, 288, 0 }, { 16, 0, 152, 0 }, { 225, 0, 288, 0 },
		{ 13, 9, 160, 128 }, { 12, 0, 192, 0 },
	};
	static const uint8_t encs[] = { 3, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 225, 2, 7 };
	static const uint16_t bits[] = { 0, 128, 152, 160, 192, 256, 288, 384, 512 };
	static const uint8_t auths[] = { 0, 2, 3, 5, 6, 7, 9, 226, 251 };
	struct suite s = good[pick(ARRAY_SIZE(good))];

	if (pick(4))
		return s;
	s.enc = encs[pick(ARRAY_SIZE(encs))];
	s.auth = auths[pick(ARRAY_SIZE(auths))];
	s.enc_bits = bits[pick(ARRAY_SIZE(bits))];
	s.auth_bits = bits[pick(ARRAY_SIZE(bits))];
	return s;
}

static void put_sa_parts(struct msg *m)
{
	struct suite s = some_suite();
	struct sadb_sa *sa;

	sa = m_sa(m, pick(8) ? 0x1000 + pick(4) : edge(), s.auth, s.enc);
	sa->sadb_sa_replay = edge();
	sa->sadb_sa_flags = edge();
	if (pick(16))
		m_key(m, SADB_EXT_KEY_ENCRYPT, s.enc_bits);
	if (s.auth_bits || !pick(16))
		m_key(m, SADB_EXT_KEY_AUTH, s.auth_bits);
	if (pick(2))
		m_sa2(m, pick(4), edge());
	if (!pick(3)) {
		m_life(m, SADB_EXT_LIFETIME_SOFT, edge())->sadb_lifetime_usetime = rnd();
		m_life(m, SADB_EXT_LIFETIME_HARD, edge())->sadb_lifetime_bytes = rnd();
	}
	if (!pick(3)) {
		struct sadb_x_testudo_sa *x = m_x_sa(m, pick(2), edge());

		x->sadb_x_testudo_sa_oseq = edge();
		x->sadb_x_testudo_sa_iseq = rnd() >> pick(64);
	}
}

/* Any extension at all, filled with anything. */
static void put_junk(struct msg *m)
{
	size_t bytes = 8 * (1 + pick(9)), i;
	uint8_t *ext = m_ext(m, pick(4) ? pick(30) : edge(), bytes);

	for (i = 4; i < bytes; i++)
		ext[i] = pick(2) ? rnd() : 0;
}

/* A header that send() takes, and anything at all behind it. */
static void generate_noise(struct msg *m)
{
	size_t bytes = 8 * pick(33), i;

	m_begin(m, 1 + pick(SADB_MAX), pick(2) ? SADB_SATYPE_ESP : edge());
	for (i = 0; i < bytes; i++)
		m->b[m->len + i] = rnd();
	m->len += bytes;
	m_end(m);
}

/* A message of its type as it should be, more or less. */
static void generate(struct msg *m)
{
	unsigned int type = 1 + pick(SADB_MAX);

	/* seldom, or nothing is ever old enough to be found */
	if ((type == SADB_FLUSH || type == SADB_X_SPDFLUSH) && pick(8))
		type = SADB_ADD;
	m_begin(m, type, pick(8) ? SADB_SATYPE_ESP : pick(2) ? SADB_X_SATYPE_IPCOMP : edge());
	m->base.sadb_msg_seq = pick(2) ? pick(16) : edge();
	switch (type) {
	case SADB_GETSPI:
		if (pick(4))
			m_range(m, pick(2) ? 0x1000 : edge(), pick(2) ? 0x1010 : edge());
		put_ends(m);
		break;
	case SADB_ADD:
	case SADB_UPDATE:
	case SADB_DELETE:
	case SADB_GET:
		put_sa_parts(m);
		put_ends(m);
		break;
	case SADB_DUMP:
		if (pick(2))
			memset((uint8_t *)m_ext(m, SADB_X_EXT_FILTER, 40) + 4, edge(), 36);
		break;
	case SADB_X_SPDADD:
	case SADB_X_SPDUPDATE:
	case SADB_X_SPDDELETE:
	case SADB_X_SPDGET:
	case SADB_X_SPDSETIDX:
	case SADB_X_SPDDELETE2:
	case SADB_X_MIGRATE:
		put_ends(m);
		put_policy(m);
		break;
	default:
		break;
	}
	while (!pick(3))
		put_junk(m);
}

/* Some extension's offset, or 0 if there is none. */
static size_t some_ext(struct msg *m)
{
	size_t off, found = 0, bytes;
	unsigned int n = 0;

	for (off = sizeof(m->base); off + 8 <= m->len; off += bytes) {
		bytes = ((struct sadb_ext *)(m->b + off))->sadb_ext_len * 8;
		if (!bytes)
			break;
		if (!pick(++n))
			found = off;
	}
	return found;
}

static void damage(struct msg *m)
{
	size_t off = some_ext(m), len = m->len;

	switch (pick(9)) {
	case 0:	/* the length of an extension */
		if (off)
			((struct sadb_ext *)(m->b + off))->sadb_ext_len = pick(2) ? pick(12) : edge();
		break;
	case 1:	/* its type */
		if (off)
			((struct sadb_ext *)(m->b + off))->sadb_ext_type = pick(2) ? pick(30) : edge();
		break;
	case 2:	/* a word inside */
		if (off)
			*(uint32_t *)(m->b + off + 4) = edge();
		break;
	case 3:	/* a byte anywhere */
		m->b[pick(len)] = rnd();
		break;
	case 4:	/* a u16 anywhere */
		*(uint16_t *)(m->b + pick(len / 2) * 2) = edge();
		break;
	case 5:	/* the end */
		m->len = 8 * pick(len / 8 + 1);
		break;
	case 6:	/* an extension twice */
		if (off && len + 512 < MSG_ROOM) {
			size_t bytes = ((struct sadb_ext *)(m->b + off))->sadb_ext_len * 8;

			if (bytes <= len - off) {
				memmove(m->b + len, m->b + off, bytes);
				m->len += bytes;
			}
		}
		break;
	case 7:	/* stray bytes */
		m->len += pick(9);
		break;
	default: /* the header */
		m->b[pick(16)] = edge();
		return;
	}
	if (pick(8))
		m_end(m);
}

/**
 * struct seen - what the messages of a sender led to, so that a fuzzer which no
 * longer reaches anything does not pass for a quiet one
 * @state: of its random numbers
 * @errors: answers with an errno
 * @got: answers of GET that succeeded
 * @dumped: messages of dumps
 * @policies: answers that carry a policy
 */
struct seen {
	unsigned long long state;
	unsigned long errors;
	unsigned long got;
	unsigned long dumped;
	unsigned long policies;
};

/* Shared between the senders; each has its own. */
static struct seen *all_seen;
static struct seen *seen;

static void note(struct msg *m)
{
	m_check(m);
	if (m->base.sadb_msg_errno) {
		seen->errors++;
		return;
	}
	switch (m->base.sadb_msg_type) {
	case SADB_GET:
		seen->got++;
		break;
	case SADB_DUMP:
	case SADB_X_SPDDUMP:
		seen->dumped++;
		break;
	default:
		break;
	}
	seen->policies += m_find(m, SADB_X_EXT_POLICY) != NULL;
}

/* Answers and events, each one checked. */
static void drain(int fd)
{
	static struct msg m;
	ssize_t n;

	while ((n = recv(fd, m.b, sizeof(m.b), MSG_DONTWAIT)) >= 0) {
		m.len = n;
		note(&m);
	}
}

/* What a promiscuous socket sees are requests too, which look as we made them. */
static void drain_raw(int fd)
{
	static struct msg m;

	while (recv(fd, m.b, sizeof(m.b), MSG_DONTWAIT) >= 0)
		continue;
}

/* A good message works, and the tables can be emptied. */
static void still_good(void)
{
	int fd = k_open();
	struct msg m, a;

	k_empty(fd);
	m_add(&m, SADB_ADD, 0x1000, "10.0.0.1", "10.0.0.2");
	EQ(k_do(fd, &m), 0);
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000, "10.0.0.1", "10.0.0.2");
	EQ(k_ask(fd, &m, &a), 0);
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, "10.0.0.1", "10.0.0.2", 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 1);
	EQ(k_count_sp(fd), 1);
	k_empty(fd);
	close(fd);
}

/**
 * struct players - the sockets of a burst
 * @sender: asks
 * @events: registered, and only listens
 * @spy: the only one that is ever promiscuous, and sends only what may make it so
 */
struct players {
	int sender;
	int events;
	int spy;
};

static void one_message(struct players *p)
{
	struct msg m;
	unsigned int i;

	if (pick(10))
		generate(&m);
	else
		generate_noise(&m);
	for (i = pick(4); i; i--)
		damage(&m);
	/* after the damage: it may have become one, or be one no longer */
	send(m.base.sadb_msg_type == SADB_X_PROMISC ? p->spy : p->sender, m.b, m.len, 0);
	/* unread answers now and then, for a queue that is not empty */
	if (pick(4)) {
		drain(p->sender);
		drain(p->events);
		drain_raw(p->spy);
	}
	if (!pick(100)) {
		drain(p->sender);
		close(p->sender);
		p->sender = k_open();
	}
}

static void burst(unsigned int n)
{
	struct players p = { k_open(), k_open(), k_open() };
	struct msg m;

	/* what the others do may be told before the answer comes */
	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	m_end(&m);
	EQ(k_send(p.events, &m), 0);
	while (n--)
		one_message(&p);
	drain(p.sender);
	drain(p.events);
	close(p.sender);
	close(p.events);
	close(p.spy);
}

/* One sender's share of a burst, in a process of its own. */
static pid_t send_burst(unsigned int sender, unsigned int n)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	OK(pid >= 0);
	if (pid)
		return pid;
	seen = &all_seen[sender];
	state = seen->state;
	burst(n);
	seen->state = state;
	fflush(stdout);
	_exit(0);
}

static void all_burst(unsigned int n)
{
	pid_t pids[SENDERS];
	unsigned int i;
	int status;

	for (i = 0; i < SENDERS; i++)
		pids[i] = send_burst(i, n);
	for (i = 0; i < SENDERS; i++) {
		EQ(waitpid(pids[i], &status, 0), pids[i]);
		EQ(status, 0);
	}
}

TEST(good_messages_work_after_bad_ones)
{
	unsigned long long left = messages / SENDERS;
	struct seen sum = { 0 };
	unsigned int i, n;

	all_seen = mmap(NULL, SENDERS * sizeof(*all_seen), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	OK(all_seen != MAP_FAILED);
	for (i = 0; i < SENDERS; i++)
		all_seen[i].state = seed * SENDERS + i;
	while (left) {
		n = left < BURST ? left : BURST;
		test_more_time();
		all_burst(n);
		still_good();
		left -= n;
	}
	for (i = 0; i < SENDERS; i++) {
		sum.errors += all_seen[i].errors;
		sum.got += all_seen[i].got;
		sum.dumped += all_seen[i].dumped;
		sum.policies += all_seen[i].policies;
	}
	printf("# answers: %lu errors, %lu of GET, %lu of dumps, %lu with a policy\n", sum.errors,
	       sum.got, sum.dumped, sum.policies);
	if (messages < 10 * SENDERS * BURST)
		return;
	OK(sum.errors && sum.got && sum.dumped && sum.policies);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		messages = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	printf("# %llu messages, seed %llu\n", messages, seed);
	return test_main();
}
