// SPDX-License-Identifier: GPL-2.0
/*
 * DUMP and SPDDUMP: complete whatever the reader's speed and buffer, while
 * entries come and go, and from beginning to an early end.
 *
 * # kernels: all
 * # timeout: 900
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

/* Larval SAs: nothing of them but memory, so there can be very many. */
static void fill_larval(int fd, uint32_t first, unsigned int n)
{
	struct msg m;

	test_sysctl("larval_seconds", LARVAL_SECONDS);
	while (n--) {
		m_getspi(&m, SRC, DST, first, first);
		first++;
		EQ(k_do(fd, &m), 0);
	}
}

static void fill_mature(int fd, uint32_t first, unsigned int n)
{
	struct msg m;

	while (n--) {
		m_add(&m, SADB_ADD, first++, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
}

/* The least that the kernel allows. */
static void tiny_buffer(int fd)
{
	int size = 1;

	OK(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
}

TEST(n36_what_can_be_dumped)
{
	static const unsigned int bad[] = { 1, 4, 5, 6, 7, 8, 10, 255 };
	static const unsigned int good[] = { 0, SADB_SATYPE_AH, SADB_SATYPE_ESP,
					     SADB_X_SATYPE_IPCOMP };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m_begin(&m, SADB_DUMP, bad[i]);
		EQ(k_do(fd, &m), EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		m_begin(&m, SADB_DUMP, good[i]);
		EQ(k_do(fd, &m), ENOENT);
	}
	m_begin(&m, SADB_X_SPDDUMP, 0);
	EQ(k_do(fd, &m), ENOENT);
	fill_mature(fd, 0x1000, 3);
	EQ(k_count_sa(fd, 0), 3);
	EQ(k_count_sa(fd, SADB_SATYPE_ESP), 3);
	EQ(k_count_sa(fd, SADB_SATYPE_AH), 0);
	k_quiet(fd, 0);
}

TEST(n36_second_dump_while_one_runs)
{
	int fd = k_open(), other = k_open();
	unsigned int n, busy = 0;
	struct msg m, a;

	fill_larval(fd, 0x1000, 200);
	k_drain(other);
	tiny_buffer(fd);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_send(fd, &m), 0);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_send(fd, &m), 0);
	m_begin(&m, SADB_X_SPDDUMP, 0);
	EQ(k_send(fd, &m), 0);
	/* on another socket it is nobody's business */
	EQ(k_count_sa(other, 0), 200);

	/* the answers to the two stand somewhere among the first */
	for (n = 0;;) {
		OK(k_recv(fd, &a, 0));
		if (a.base.sadb_msg_errno) {
			EQ(a.base.sadb_msg_errno, EBUSY);
			busy++;
			continue;
		}
		n++;
		if (!a.base.sadb_msg_seq)
			break;
		EQ(a.base.sadb_msg_seq, n);
	}
	EQ(n, 200);
	EQ(busy, 2);
	EQ(k_count_sa(fd, 0), 200);
}

/* DUMP with a filter; returns the number of entries. */
static unsigned int filtered(int fd, unsigned int family, const char *src, unsigned int splen,
			     const char *dst, unsigned int dplen, int err)
{
	struct sadb_x_filter *f;
	unsigned int n = 0;
	struct msg m, a;

	m_begin(&m, SADB_DUMP, 0);
	f = m_ext(&m, SADB_X_EXT_FILTER, sizeof(*f));
	f->sadb_x_filter_family = family;
	f->sadb_x_filter_splen = splen;
	f->sadb_x_filter_dplen = dplen;
	inet_pton(strchr(src, ':') ? AF_INET6 : AF_INET, src, f->sadb_x_filter_saddr);
	inet_pton(strchr(dst, ':') ? AF_INET6 : AF_INET, dst, f->sadb_x_filter_daddr);
	EQ(k_ask(fd, &m, &a), err);
	if (err)
		return 0;
	while (++n, a.base.sadb_msg_seq)
		OK(k_recv(fd, &a, 0));
	return n;
}

TEST(n36_filters)
{
	int fd = k_open();
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, "10.0.0.1", "10.0.0.2");
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x1001, "10.0.1.1", "10.0.0.2");
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x1002, "2001:db8::1", "2001:db8::2");
	EQ(k_do(fd, &m), 0);

	filtered(fd, 0, "::", 129, "::", 0, EINVAL);
	filtered(fd, 0, "::", 0, "::", 129, EINVAL);
	m_begin(&m, SADB_DUMP, 0);
	m_ext(&m, SADB_X_EXT_FILTER, 32);
	EQ(k_do(fd, &m), EINVAL);
	EQ(filtered(fd, 0, "::", 0, "::", 0, 0), 3);
	EQ(filtered(fd, AF_INET, "0.0.0.0", 0, "0.0.0.0", 0, 0), 2);
	EQ(filtered(fd, AF_INET6, "::", 0, "::", 0, 0), 1);
	EQ(filtered(fd, AF_INET, "10.0.0.0", 24, "0.0.0.0", 0, 0), 1);
	EQ(filtered(fd, AF_INET, "10.0.0.0", 16, "10.0.0.2", 32, 0), 2);
	EQ(filtered(fd, AF_INET6, "2001:db8::", 32, "2001:db8::2", 128, 0), 1);
	filtered(fd, AF_INET, "10.9.0.0", 16, "0.0.0.0", 0, ENOENT);
	filtered(fd, 77, "::", 0, "::", 0, ENOENT);
}

TEST(larval_sas_and_keys_are_shown)
{
	int fd = k_open();
	struct msg m, a;

	fill_larval(fd, 0x1000, 1);
	fill_mature(fd, 0x2000, 1);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.base.sadb_msg_seq, 1);
	EQ(a.base.sadb_msg_satype, SADB_SATYPE_ESP);
	EQ(m_spi(&a), 0x1000);
	OK(k_recv(fd, &a, 0));
	EQ(a.base.sadb_msg_seq, 0);
	EQ(m_spi(&a), 0x2000);
	OK(m_find(&a, SADB_EXT_KEY_AUTH) && m_find(&a, SADB_EXT_KEY_ENCRYPT));
}

TEST(n55_smallest_buffer_and_a_slow_reader)
{
	int fd = k_open();
	unsigned int n = 0;
	struct msg m, a;

	fill_mature(fd, 0x1000, 1000);
	tiny_buffer(fd);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_send(fd, &m), 0);
	do {
		if (n % 100 == 0)
			usleep(2000);
		/* there is always one waiting: a reader never hangs */
		OK(k_recv(fd, &a, 0));
		EQ(m_spi(&a), 0x1000 + n);
		n++;
		EQ(a.base.sadb_msg_seq, n == 1000 ? 0 : n);
	} while (a.base.sadb_msg_seq);
	EQ(n, 1000);
	k_quiet(fd, 0);
}

TEST(n55_policies_with_the_smallest_buffer)
{
	int fd = k_open();
	char net[32];
	struct msg m;
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(net, sizeof(net), "10.%d.%d.0", i / 250, i % 250);
		m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, net, DST, 24);
		m_req(&m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "192.0.2.1",
		      "192.0.2.2");
		EQ(k_do(fd, &m), 0);
	}
	tiny_buffer(fd);
	EQ(k_count_sp(fd), 500);
}

TEST(n55_close_in_the_middle)
{
	int fd = k_open(), i;
	struct msg m, a;

	fill_larval(fd, 0x1000, 300);
	for (i = 0; i < 50; i++) {
		int reader = k_open();

		tiny_buffer(reader);
		m_begin(&m, SADB_DUMP, 0);
		EQ(k_send(reader, &m), 0);
		OK(k_recv(reader, &a, 0));
		close(reader);
	}
	EQ(k_count_sa(fd, 0), 300);
}

/*
 * Every second SA goes while the dump stands at some place, flushed ones
 * and all: what stays is seen exactly once, and the end comes.
 */
TEST(n55_delete_in_the_middle)
{
	int fd = k_open(), other = k_open();
	unsigned char seen[400] = { 0 };
	struct msg m, a;
	uint32_t i;

	fill_larval(other, 0x1000, 400);
	tiny_buffer(fd);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_ask(fd, &m, &a), 0);
	seen[m_spi(&a) - 0x1000]++;
	for (i = 0; i < 400; i += 2) {
		m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000 + i, SRC, DST);
		EQ(k_do(other, &m), 0);
	}
	while (a.base.sadb_msg_seq) {
		OK(k_recv(fd, &a, 0));
		if (a.base.sadb_msg_type == SADB_DUMP)
			seen[m_spi(&a) - 0x1000]++;
		else
			a.base.sadb_msg_seq = 1;
	}
	for (i = 1; i < 400; i += 2)
		EQ(seen[i], 1);
	for (i = 0; i < 400; i += 2)
		OK(seen[i] <= 1);
}

TEST(n55_flush_in_the_middle)
{
	int fd = k_open(), other = k_open();
	unsigned int n = 1;
	struct msg m, a;

	fill_larval(other, 0x1000, 300);
	tiny_buffer(fd);
	m_begin(&m, SADB_DUMP, 0);
	EQ(k_ask(fd, &m, &a), 0);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(other, &m), 0);
	for (; a.base.sadb_msg_seq; n++) {
		OK(k_recv(fd, &a, 0));
		/* the copy of the flush is in the way */
		if (a.base.sadb_msg_type != SADB_DUMP)
			a.base.sadb_msg_seq = 1;
	}
	OK(n < 300);
	EQ(k_count_sa(fd, 0), 0);
}

static atomic_bool churn_stop;

static void *churn(void *arg)
{
	int fd = k_open();
	struct msg m;
	uint32_t i;

	for (i = 0; !atomic_load(&churn_stop); i++) {
		m_getspi(&m, SRC, "10.0.0.3", 0x8000 + i % 64, 0x8000 + i % 64);
		EQ(k_send(fd, &m), 0);
		m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x8000 + (i * 7) % 64, SRC, "10.0.0.3");
		EQ(k_send(fd, &m), 0);
		k_drain(fd);
	}
	close(fd);
	return arg;
}

TEST(dump_while_others_change)
{
	int fd = k_open(), round;
	pthread_t threads[2];
	struct msg m, a;
	unsigned int n;

	fill_larval(fd, 0x1000, 500);
	OK(!pthread_create(&threads[0], NULL, churn, NULL));
	OK(!pthread_create(&threads[1], NULL, churn, NULL));
	for (round = 0; round < 10; round++) {
		int reader = k_open();

		tiny_buffer(reader);
		/* what came while the buffer was large would be more than the small one takes */
		k_drain(reader);
		m_begin(&m, SADB_DUMP, 0);
		EQ(k_send(reader, &m), 0);
		n = 0;
		do {
			OK(k_recv(reader, &a, 30000));
			if (a.base.sadb_msg_type != SADB_DUMP) {
				a.base.sadb_msg_seq = 1;
				continue;
			}
			n += m_spi(&a) < 0x8000;
		} while (a.base.sadb_msg_seq);
		EQ(n, 500);
		close(reader);
	}
	atomic_store(&churn_stop, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* Larval SAs, to be here in time: what a dump shows of them is the same. */
TEST(dump_of_100000)
{
	unsigned int n = test_is_slow() ? 5000 : 100000;
	int fd = k_open();

	fill_larval(fd, 0x10000, n);
	test_more_time();
	EQ(k_count_sa(fd, 0), n);
	test_more_time();
	tiny_buffer(fd);
	EQ(k_count_sa(fd, 0), n);
}

int main(void)
{
	return test_main();
}
