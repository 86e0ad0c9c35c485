// SPDX-License-Identifier: GPL-2.0
/*
 * Many at a time: of those who want the same thing exactly one gets it, and
 * nothing is left over.
 *
 * # kernels: all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"
#define THREADS	16
#define ROUNDS	60

/**
 * struct race - what the threads of a test share
 * @barrier: all start a round together
 * @worker: body of a thread
 * @winners: successes of a round; each round has its own place
 */
struct race {
	pthread_barrier_t barrier;
	void (*worker)(struct race *race, int fd, int round);
	atomic_int winners[ROUNDS];
};

static struct race race;

/*
 * k_ask() takes the next message for the answer; with 16 sockets that all hear
 * of everything the answer is the one that carries our sequence number.
 */
static int ask_for(int fd, struct msg *m, uint32_t id, struct msg *a)
{
	m->base.sadb_msg_pid = id;
	EQ(k_send(fd, m), 0);
	do {
		OK(k_recv(fd, a, 0));
	} while (a->base.sadb_msg_pid != id || a->base.sadb_msg_type != m->base.sadb_msg_type ||
		 a->base.sadb_msg_seq != m->base.sadb_msg_seq);
	k_drain(fd);
	return a->base.sadb_msg_errno;
}

/* The same for who does not want to see the answer. */
static int ask_among_others(int fd, struct msg *m, uint32_t id)
{
	struct msg a;

	return ask_for(fd, m, id, &a);
}

static uint32_t thread_id(void)
{
	static atomic_uint next = 1000;
	static _Thread_local uint32_t id;

	if (!id)
		id = atomic_fetch_add(&next, 1);
	return id;
}

static void *race_thread(void *arg)
{
	int fd = k_open(), round;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&race.barrier);
		race.worker(&race, fd, round);
	}
	close(fd);
	return arg;
}

static void run_race(void (*worker)(struct race *race, int fd, int round))
{
	pthread_t threads[THREADS];
	int i;

	memset(&race, 0, sizeof(race));
	race.worker = worker;
	OK(!pthread_barrier_init(&race.barrier, NULL, THREADS));
	for (i = 0; i < THREADS; i++)
		OK(!pthread_create(&threads[i], NULL, race_thread, NULL));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void add_worker(struct race *r, int fd, int round)
{
	struct msg m;
	int err;

	m_add(&m, SADB_ADD, 0x1000 + round, SRC, DST);
	err = ask_among_others(fd, &m, thread_id());
	OK(!err || err == EEXIST);
	if (!err)
		atomic_fetch_add(&r->winners[round], 1);
}

TEST(one_of_sixteen_adds_an_sa)
{
	int fd, round;

	run_race(add_worker);
	for (round = 0; round < ROUNDS; round++)
		EQ(race.winners[round], 1);
	fd = k_open();
	EQ(k_count_sa(fd, 0), ROUNDS);
}

static void delete_worker(struct race *r, int fd, int round)
{
	struct msg m;
	int err;

	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000 + round, SRC, DST);
	err = ask_among_others(fd, &m, thread_id());
	OK(!err || err == ESRCH);
	if (!err)
		atomic_fetch_add(&r->winners[round], 1);
}

TEST(one_of_sixteen_deletes_an_sa)
{
	int fd = k_open(), round;
	struct msg m;

	for (round = 0; round < ROUNDS; round++) {
		m_add(&m, SADB_ADD, 0x1000 + round, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	run_race(delete_worker);
	for (round = 0; round < ROUNDS; round++)
		EQ(race.winners[round], 1);
	k_drain(fd);
	EQ(k_count_sa(fd, 0), 0);
}

/*
 * Thread 0 of four adds and deletes, the others look: they see the SA as it was
 * added or not at all, and one that is gone does not come back.
 */
static void get_worker(struct race *r, int fd, int round)
{
	bool writer = !(thread_id() & 3);
	uint32_t spi = 0x1000 + round;
	struct msg m, a;
	int i;

	for (i = 0; i < 4; i++) {
		if (writer) {
			m_add(&m, SADB_ADD, spi, SRC, DST);
			if (!ask_among_others(fd, &m, thread_id()))
				atomic_fetch_add(&r->winners[round], 1);
			m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, spi, SRC, DST);
			if (!ask_among_others(fd, &m, thread_id()))
				atomic_fetch_sub(&r->winners[round], 1);
			continue;
		}
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, spi, SRC, DST);
		if (ask_for(fd, &m, thread_id(), &a)) {
			EQ(a.base.sadb_msg_errno, ESRCH);
			continue;
		}
		EQ(((struct sadb_sa *)m_find(&a, SADB_EXT_SA))->sadb_sa_state,
		   SADB_SASTATE_MATURE);
		m_add(&m, SADB_ADD, spi, SRC, DST);
		EQ(memcmp(m_find(&a, SADB_EXT_KEY_AUTH), m_find(&m, SADB_EXT_KEY_AUTH), 28), 0);
		EQ(memcmp(m_find(&a, SADB_EXT_KEY_ENCRYPT), m_find(&m, SADB_EXT_KEY_ENCRYPT), 24),
		   0);
	}
}

TEST(sixteen_get_what_others_add_and_delete)
{
	struct msg m, a;
	int fd, round;

	run_race(get_worker);
	fd = k_open();
	for (round = 0; round < ROUNDS; round++) {
		m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x1000 + round, SRC, DST);
		EQ(k_ask(fd, &m, &a), race.winners[round] ? 0 : ESRCH);
	}
}

/* Adding and deleting the same one: as many deletions as additions, in the end. */
static atomic_int balance;

static void mix_worker(struct race *r, int fd, int round)
{
	struct msg m;

	if (thread_id() & 1) {
		m_add(&m, SADB_ADD, 0x1000, SRC, DST);
		if (!ask_among_others(fd, &m, thread_id()))
			atomic_fetch_add(&balance, 1);
	} else {
		m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000, SRC, DST);
		if (!ask_among_others(fd, &m, thread_id()))
			atomic_fetch_sub(&balance, 1);
	}
}

TEST(additions_and_deletions_balance)
{
	int fd, left;

	run_race(mix_worker);
	left = atomic_load(&balance);
	OK(left == 0 || left == 1);
	fd = k_open();
	EQ(k_count_sa(fd, 0), left);
}

static void getspi_worker(struct race *r, int fd, int round)
{
	struct msg m;
	int err;

	/* the number of a thread keeps one from being given another's */
	m_getspi(&m, SRC, DST, 0x2000 + round * 8, 0x2000 + round * 8 + 3);
	m.base.sadb_msg_seq = thread_id() << 16 | round;
	err = ask_among_others(fd, &m, thread_id());
	OK(!err || err == ENOENT);
	if (!err)
		atomic_fetch_add(&r->winners[round], 1);
}

TEST(four_of_sixteen_get_one_of_four_spis)
{
	int fd, round;

	test_sysctl("larval_seconds", LARVAL_SECONDS);
	run_race(getspi_worker);
	for (round = 0; round < ROUNDS; round++)
		EQ(race.winners[round], 4);
	fd = k_open();
	EQ(k_count_sa(fd, 0), 4 * ROUNDS);
}

static void spd_worker(struct race *r, int fd, int round)
{
	char net[32];
	struct msg m;
	int err;

	snprintf(net, sizeof(net), "10.3.%d.0", round);
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, net, DST, 24);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_UNIQUE, 0, NULL, NULL);
	err = ask_among_others(fd, &m, thread_id());
	OK(!err || err == EEXIST);
	if (!err)
		atomic_fetch_add(&r->winners[round], 1);
}

TEST(one_of_sixteen_adds_a_policy)
{
	int fd, round;

	run_race(spd_worker);
	for (round = 0; round < ROUNDS; round++)
		EQ(race.winners[round], 1);
	fd = k_open();
	EQ(k_count_sp(fd), ROUNDS);
}

/*
 * Everything at once, which no daemon does: what counts is that each request is
 * answered, that it stays quick, and what the kernel's log says afterwards.
 */
static void chaos_request(struct msg *m, unsigned int dice, int round)
{
	switch (dice % 8) {
	case 0:
		m_begin(m, SADB_FLUSH, 0);
		return;
	case 1:
		m_begin(m, SADB_X_SPDFLUSH, 0);
		return;
	case 2:
		m_begin(m, SADB_X_PROMISC, dice >> 8 & 1);
		return;
	case 3:
		m_begin(m, SADB_DUMP, 0);
		return;
	case 4:
		m_getspi(m, SRC, DST, 0x10000, 0x1ffff);
		return;
	case 5:
		m_spd(m, SADB_X_SPDUPDATE, IPSEC_DIR_OUTBOUND, SRC, DST, 32 - (dice >> 8) % 8);
		m_life(m, SADB_EXT_LIFETIME_HARD, 1);
		m_req(m, IPPROTO_ESP, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
		return;
	default:
		m_add(m, SADB_ADD, 0x1000 + round * THREADS + (dice >> 8) % THREADS, SRC, DST);
		m_life(m, SADB_EXT_LIFETIME_HARD, 1);
		m_life(m, SADB_EXT_LIFETIME_SOFT, 1);
		return;
	}
}

/*
 * Promiscuous sockets see requests as well, which m_check() is not for; the
 * answer is told from them by its header, which comes back with an errno or a
 * length of its own.
 */
static bool chaos_answered(int fd, const struct msg *m)
{
	struct msg a;

	while (recv(fd, a.b, sizeof(a.b), MSG_DONTWAIT) >= (ssize_t)sizeof(a.base)) {
		if (a.base.sadb_msg_pid == m->base.sadb_msg_pid &&
		    a.base.sadb_msg_type == m->base.sadb_msg_type)
			return true;
	}
	return false;
}

static void chaos_worker(struct race *r, int fd, int round)
{
	unsigned int dice = thread_id() * 2654435761u + round * 40503u;
	struct msg m;

	dice ^= dice >> 13;
	chaos_request(&m, dice, round);
	m.base.sadb_msg_pid = thread_id();
	EQ(k_send(fd, &m), 0);
	OK(chaos_answered(fd, &m));
	atomic_fetch_add(&r->winners[round], 1);
	while (recv(fd, m.b, sizeof(m.b), MSG_DONTWAIT) > 0)
		continue;
}

TEST(chaos_is_answered)
{
	int round;

	run_race(chaos_worker);
	for (round = 0; round < ROUNDS; round++)
		EQ(race.winners[round], THREADS);
	k_empty(k_open());
}

int main(void)
{
	return test_main();
}
