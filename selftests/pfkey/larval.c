// SPDX-License-Identifier: GPL-2.0
/*
 * GETSPI and what becomes of the larval SAs that it makes.
 *
 * # kernels: all
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

TEST(n33_spi_ranges)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2001, 0x2000);
	EQ(k_do(fd, &m), EINVAL);
	m_getspi(&m, SRC, DST, 0x2000, 0x10000);
	m.base.sadb_msg_satype = SADB_X_SATYPE_IPCOMP;
	EQ(k_do(fd, &m), EINVAL);
	EQ(k_count_sa(fd, 0), 0);

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0x2000);
	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), ENOENT);
	/* the same SPI elsewhere is another one */
	m_getspi(&m, SRC, "10.0.0.3", 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);

	m_getspi(&m, SRC, DST, 0, 0xffffffff);
	EQ(k_ask(fd, &m, &a), 0);
	OK(m_spi(&a) >= 0x100);
	EQ(k_count_sa(fd, 0), 3);
}

/* CPIs have 16 bits; who names no range gets one of those that are for negotiation. */
TEST(n33_cpi_ranges)
{
	int fd = k_open();
	struct msg m, a;
	int i;

	for (i = 0; i < 40; i++) {
		m_begin(&m, SADB_GETSPI, SADB_X_SATYPE_IPCOMP);
		m.base.sadb_msg_seq = 1000 + i;
		m_ends(&m, SRC, DST);
		EQ(k_ask(fd, &m, &a), 0);
		OK(m_spi(&a) >= 0x100 && m_spi(&a) <= 0xefff);
	}
	EQ(k_count_sa(fd, SADB_X_SATYPE_IPCOMP), 40);
	m_getspi(&m, SRC, "10.0.0.3", 0xffff, 0xffff);
	m.base.sadb_msg_satype = SADB_X_SATYPE_IPCOMP;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0xffff);
}

/* 0 to 255 are not for giving out: two SPIs are left here, and none there. */
TEST(n33_reserved_spis)
{
	int fd = k_open();
	struct msg m, a;
	uint32_t first;

	test_sysctl("larval_seconds", LARVAL_SECONDS);
	m_getspi(&m, SRC, DST, 0, 0x101);
	EQ(k_ask(fd, &m, &a), 0);
	first = m_spi(&a);
	OK(first == 0x100 || first == 0x101);
	m_getspi(&m, SRC, DST, 0, 0x101);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0x201 - first);
	m_getspi(&m, SRC, DST, 0, 0x101);
	EQ(k_do(fd, &m), ENOENT);
	m_getspi(&m, SRC, DST, 0, 0xff);
	EQ(k_do(fd, &m), ENOENT);
	m_getspi(&m, SRC, DST, 1, 0xff);
	EQ(k_do(fd, &m), ENOENT);
	m_getspi(&m, SRC, DST, 0, 0);
	EQ(k_do(fd, &m), EINVAL);
	EQ(k_count_sa(fd, 0), 2);
	/* an administrator who names one knows what he does */
	m_getspi(&m, SRC, DST, 5, 5);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 5);
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * Who has seen some can not tell the next: they do not count up or down, are
 * no neighbours, and lie in the whole range. By chance that fails once in 10^5
 * runs.
 */
TEST(spis_are_unpredictable)
{
	uint32_t spi[64], sorted[64];
	unsigned int up = 0, high = 0;
	int fd = k_open();
	struct msg m, a;
	size_t i;

	test_sysctl("larval_seconds", LARVAL_SECONDS);
	for (i = 0; i < ARRAY_SIZE(spi); i++) {
		m_getspi(&m, SRC, DST, 0x100, 0xffffffff);
		EQ(k_ask(fd, &m, &a), 0);
		spi[i] = m_spi(&a);
		up += i && spi[i] > spi[i - 1];
		high += spi[i] >> 31;
	}
	OK(up > 8 && up < 55);
	OK(high > 8 && high < 56);
	memcpy(sorted, spi, sizeof(spi));
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(sorted[0]), compare_u32);
	for (i = 1; i < ARRAY_SIZE(sorted); i++)
		OK(sorted[i] - sorted[i - 1] > 8);
}

TEST(getspi_fills_a_range_and_no_more)
{
	int fd = k_open();
	bool seen[8] = { false };
	struct msg m, a;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		m_getspi(&m, SRC, DST, 0x3000, 0x3007);
		EQ(k_ask(fd, &m, &a), 0);
		OK(m_spi(&a) >= 0x3000 && m_spi(&a) <= 0x3007);
		OK(!seen[m_spi(&a) - 0x3000]);
		seen[m_spi(&a) - 0x3000] = true;
	}
	m_getspi(&m, SRC, DST, 0x3000, 0x3007);
	EQ(k_do(fd, &m), ENOENT);
	EQ(k_count_sa(fd, 0), 8);
}

TEST(getspi_default_range)
{
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_GETSPI, SADB_SATYPE_ESP);
	m_ends(&m, SRC, DST);
	EQ(k_ask(fd, &m, &a), 0);
	OK(m_spi(&a) >= 0x100 && m_spi(&a) <= 0x0fffffff);
}

TEST(n34_getspi_of_what_is_no_protocol)
{
	static const unsigned int satypes[] = { 0, 1, 5, 10, 255 };
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(satypes); i++) {
		m_getspi(&m, SRC, DST, 0x2000, 0x3000);
		m.base.sadb_msg_satype = satypes[i];
		EQ(k_do(fd, &m), EINVAL);
	}
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m_sa2(&m, 4, 0);
	EQ(k_do(fd, &m), EINVAL);
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m_sa2(&m, IPSEC_MODE_BEET, 0);
	EQ(k_do(fd, &m), EPROTONOSUPPORT);
	EQ(k_count_sa(fd, 0), 0);
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m.base.sadb_msg_satype = SADB_SATYPE_AH;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, SADB_SATYPE_AH), 1);
}

/* RFC 2367 3.1.1: SA, SRC, DST; libreswan complains of each one more. */
TEST(getspi_answer_has_three_extensions)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(a.len, 16 + 16 + 24 + 24);
	EQ(m_state(&a), SADB_SASTATE_LARVAL);
	OK(m_find(&a, SADB_EXT_ADDRESS_SRC) && m_find(&a, SADB_EXT_ADDRESS_DST));
	k_quiet(fd, 0);
}

TEST(getspi_again_by_seq_gives_the_same)
{
	int fd = k_open();
	struct msg m, a, b;

	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m.base.sadb_msg_seq = 4711;
	EQ(k_ask(fd, &m, &a), 0);
	m_getspi(&m, SRC, DST, 0x4000, 0x5000);
	m.base.sadb_msg_seq = 4711;
	EQ(k_ask(fd, &m, &b), 0);
	EQ(m_spi(&a), m_spi(&b));
	EQ(k_count_sa(fd, 0), 1);
	/* the other direction of the same negotiation is another SA */
	m_getspi(&m, DST, SRC, 0x2000, 0x3000);
	m.base.sadb_msg_seq = 4711;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 2);
	/* and without a number every request is a new one */
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m.base.sadb_msg_seq = 0;
	EQ(k_do(fd, &m), 0);
	m_getspi(&m, SRC, DST, 0x2000, 0x3000);
	m.base.sadb_msg_seq = 0;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 4);
}

TEST(update_finishes_a_larval_sa)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_LARVAL);
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	((struct sadb_x_sa2 *)m_find(&m, SADB_X_EXT_SA2))->sadb_x_sa2_reqid = 77;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_MATURE);
	OK(!m_find(&a, SADB_EXT_KEY_ENCRYPT));
	EQ(k_get(fd, 0x2000, SRC, DST, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_MATURE);
	EQ(((struct sadb_x_sa2 *)m_find(&a, SADB_X_EXT_SA2))->sadb_x_sa2_reqid, 77);
	OK(m_find(&a, SADB_EXT_KEY_ENCRYPT));
	EQ(k_count_sa(fd, 0), 1);
}

/* A daemon forks, or a tool helps: the larval SA is no one's property. */
TEST(update_by_another_process)
{
	int fd = k_open(), other = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	m.base.sadb_msg_pid = getpid() + 1;
	m.base.sadb_msg_seq += 1000;
	EQ(k_ask(other, &m, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_MATURE);
	k_drain(fd);
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	m_life(&m, SADB_EXT_LIFETIME_SOFT, 1000);
	m_life(&m, SADB_EXT_LIFETIME_HARD, 2000);
	m.base.sadb_msg_pid = getpid() + 2;
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), 0);
	EQ(((struct sadb_lifetime *)m_find(&a, SADB_EXT_LIFETIME_HARD))->sadb_lifetime_addtime,
	   2000);
	EQ(k_count_sa(fd, 0), 1);
}

/* Every daemon counts its messages from 1, so a number alone says little. */
TEST(larval_sa_of_another_process_is_not_meant_by_seq)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	m.base.sadb_msg_seq = 5;
	EQ(k_do(fd, &m), 0);
	/* neither is its SPI given to another */
	m_getspi(&m, SRC, DST, 0x3000, 0x3000);
	m.base.sadb_msg_seq = 5;
	m.base.sadb_msg_pid++;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0x3000);
	/* nor is it removed by an ADD */
	m_add(&m, SADB_ADD, 0x4000, SRC, DST);
	m.base.sadb_msg_seq = 5;
	m.base.sadb_msg_pid += 2;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 3);
	/* its own removes its own */
	m_add(&m, SADB_ADD, 0x4001, SRC, DST);
	m.base.sadb_msg_seq = 5;
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), ESRCH);
	EQ(k_get(fd, 0x3000, SRC, DST, &a), 0);
	EQ(k_count_sa(fd, 0), 3);
}

/* One that a process 0 made, as the kernel does, is meant by its number from all. */
TEST(larval_sa_of_pid_0_is_meant_by_all)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	m.base.sadb_msg_seq = 0x80000005;
	m.base.sadb_msg_pid = 0;
	EQ(k_do(fd, &m), 0);
	m_getspi(&m, SRC, DST, 0x3000, 0x3000);
	m.base.sadb_msg_seq = 0x80000005;
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0x2000);
	m_add(&m, SADB_ADD, 0x4000, SRC, DST);
	m.base.sadb_msg_seq = 0x80000005;
	EQ(k_do(fd, &m), 0);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), ESRCH);
	EQ(k_count_sa(fd, 0), 1);
}

/*
 * An SA that has its SPI already is no longer what its ends ask for: a second
 * GETSPI or ADD with the same ends and reqid leaves it alone.
 */
TEST(larval_sa_with_an_spi_is_not_meant_by_its_ends)
{
	int fd = k_open();
	struct msg m, a;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	m_sa2(&m, IPSEC_MODE_TUNNEL, 77);
	EQ(k_do(fd, &m), 0);
	m_getspi(&m, SRC, DST, 0x3000, 0x3000);
	m_sa2(&m, IPSEC_MODE_TUNNEL, 77);
	EQ(k_ask(fd, &m, &a), 0);
	EQ(m_spi(&a), 0x3000);
	m_add(&m, SADB_ADD, 0x4000, SRC, DST);
	((struct sadb_x_sa2 *)m_find(&m, SADB_X_EXT_SA2))->sadb_x_sa2_reqid = 77;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 3);
}

/* One whose time is over goes without a word: nobody could do anything with it. */
TEST(larval_sa_goes_in_silence)
{
	int fd = k_open(), events = k_open(), tries;
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_do(events, &m), 0);
	test_sysctl("larval_seconds", 1);
	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x3000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	for (tries = 0; tries < 600 && !k_get(fd, 0x2000, SRC, DST, &a); tries++)
		usleep(100000);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), ESRCH);
	/* the other one is none of its kind */
	EQ(k_count_sa(fd, 0), 1);
	EQ(k_get(fd, 0x3000, SRC, DST, &a), 0);
	OK(k_recv(events, &a, 0));
	EQ(a.base.sadb_msg_type, SADB_ADD);
	k_quiet(events, 200);
	k_quiet(fd, 0);
	/* I16: who comes too late is told so, and its SPI is free again */
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), ESRCH);
	m_add(&m, SADB_ADD, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), 0);
}

/* Finished in time it stays. */
TEST(larval_sa_that_is_finished_stays)
{
	int fd = k_open(), tries;
	struct msg m, a;

	test_sysctl("larval_seconds", LARVAL_SECONDS);
	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_UPDATE, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	/* the end of one that came later says that the first one's time is over too */
	test_sysctl("larval_seconds", 1);
	m_getspi(&m, SRC, DST, 0x3000, 0x3000);
	EQ(k_do(fd, &m), 0);
	for (tries = 0; tries < 600 && !k_get(fd, 0x3000, SRC, DST, &a); tries++)
		usleep(100000);
	EQ(k_get(fd, 0x3000, SRC, DST, &a), ESRCH);
	EQ(k_get(fd, 0x2000, SRC, DST, &a), 0);
	EQ(m_state(&a), SADB_SASTATE_MATURE);
}

TEST(add_by_seq_removes_the_larval_sa)
{
	int fd = k_open();
	struct msg m;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	m.base.sadb_msg_seq = 99;
	EQ(k_do(fd, &m), 0);
	/* another negotiation's is left alone */
	m_add(&m, SADB_ADD, 0x3000, SRC, DST);
	m.base.sadb_msg_seq = 98;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 2);
	/* so is the one of the same number that goes elsewhere */
	m_add(&m, SADB_ADD, 0x3001, SRC, "10.0.0.3");
	m.base.sadb_msg_seq = 99;
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 3);
	m_add(&m, SADB_ADD, 0x3002, SRC, DST);
	m.base.sadb_msg_seq = 99;
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
	EQ(k_count_sa(fd, 0), 3);
	m_said(&m, SADB_GET, SADB_SATYPE_ESP, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), ESRCH);
}

/* strongSwan: GETSPI, DELETE of the larval SA, ADD with its SPI. */
TEST(larval_sa_can_be_deleted)
{
	int fd = k_open();
	struct msg m;

	m_getspi(&m, SRC, DST, 0x2000, 0x2000);
	EQ(k_do(fd, &m), 0);
	m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x2000, SRC, DST);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 1);
}

int main(void)
{
	return test_main();
}
