// SPDX-License-Identifier: GPL-2.0
/*
 * edge/kernel_sa.c: what the kernel gets to see when SAs are made, moved, asked
 * for and deleted, byte by byte, and what becomes of its refusals.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "fake_kernel.h"

static const struct alg aes = { .kind = ALG_ENCR, .name = "aes", .pfkey = 12 };
static const struct alg gcm = { .kind = ALG_ENCR, .name = "gcm", .pfkey = 20, .salt = 4 };
static const struct alg null_enc = { .kind = ALG_ENCR, .name = "null", .pfkey = 11 };
static const struct alg idea = { .kind = ALG_ENCR, .name = "idea" };
static const struct alg sha256 = { .kind = ALG_INTEG, .name = "sha256", .pfkey = 5 };
static const struct alg sha1 = { .kind = ALG_INTEG, .name = "sha1", .pfkey = 3 };
static const struct alg deflate = { .kind = ALG_COMP, .name = "deflate", .pfkey = 2 };

/* an outbound tunnel SA; what a row does not change */
static struct kern_sa plain_sa(void)
{
	struct kern_sa sa = {
		.proto = IPPROTO_ESP,
		.mode = IPSEC_MODE_TUNNEL,
		.spi = 0xabcdef01,
		.reqid = 77,
		.src = addr("192.0.2.1[4500]"),
		.dst = addr("192.0.2.2[61000]"),
		.encr = { &aes, 128 },
		.integ = &sha256,
		.encr_key = chunk_str("0123456789abcdef"),
		.integ_key = chunk_str("0123456789abcdef0123456789abcdef"),
		.window = 32,
		.soft_seconds = 2880,
		.hard_seconds = 3600,
		.soft_bytes = 800,
		.hard_bytes = 1000,
	};

	return sa;
}

static void m_limits(struct m *m)
{
	m_life(m, 3, 0, 1000, 3600, 0);
	m_life(m, 4, 0, 800, 2880, 0);
}

/* GET or DELETE of the SA of plain_name(); its source, at which the kernel does not look */
static void heard_name(struct fix *f, uint8_t type, uint32_t seq, const char *src)
{
	struct m m;

	m_begin(&m, type, 0, 3, seq, PID);
	m_sa(&m, 0xabcdef01, 0, 0, 0, 0);
	m_ends(&m, src, "192.0.2.2");
	heard(f, &m);
}

static void row_cbc(struct kern_sa *sa, struct m *m)
{
	sa->seq = 0x80000009;
	m_begin(m, SADB_ADD, 0, 3, 0x80000009, PID);
	m_sa(m, 0xabcdef01, 32, 1, 5, 12);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_key(m, 9, "0123456789abcdef");
	m_key(m, 8, "0123456789abcdef0123456789abcdef");
	m_sa2(m, 2, 77);
}

static void row_inbound_v6(struct kern_sa *sa, struct m *m)
{
	sa->inbound = true;
	sa->seq = 0x80000009;
	sa->src = addr("2001:db8::2");
	sa->dst = addr("2001:db8::1");
	sa->mode = IPSEC_MODE_TRANSPORT;
	m_begin(m, SADB_UPDATE, 0, 3, SEQ(1), PID);
	m_sa(m, 0xabcdef01, 32, 1, 5, 12);
	m_ends(m, "2001:db8::2", "2001:db8::1");
	m_limits(m);
	m_key(m, 9, "0123456789abcdef");
	m_key(m, 8, "0123456789abcdef0123456789abcdef");
	m_sa2(m, 1, 77);
}

static void row_gcm(struct kern_sa *sa, struct m *m)
{
	sa->encr.alg = &gcm;
	sa->encr_key = chunk_str("0123456789abcdefSALT");
	sa->integ = NULL;
	sa->integ_key = chunk(NULL, 0);
	m_begin(m, SADB_ADD, 0, 3, SEQ(1), PID);
	m_sa(m, 0xabcdef01, 32, 1, 0, 20);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_key(m, 9, "0123456789abcdefSALT");
	m_sa2(m, 2, 77);
}

static void row_null(struct kern_sa *sa, struct m *m)
{
	sa->encr.alg = &null_enc;
	sa->encr_key = chunk(NULL, 0);
	m_begin(m, SADB_ADD, 0, 3, SEQ(1), PID);
	m_sa(m, 0xabcdef01, 32, 1, 5, 11);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_key(m, 9, "");
	m_key(m, 8, "0123456789abcdef0123456789abcdef");
	m_sa2(m, 2, 77);
}

static void row_ah(struct kern_sa *sa, struct m *m)
{
	sa->proto = IPPROTO_AH;
	sa->encr.alg = NULL;
	sa->integ = &sha1;
	sa->integ_key = chunk_str("0123456789abcdef0123");
	/* a mistake of the engine, which must not become one of the kernel's */
	sa->udp = true;
	m_begin(m, SADB_ADD, 0, 2, SEQ(1), PID);
	m_sa(m, 0xabcdef01, 32, 1, 3, 0);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_key(m, 8, "0123456789abcdef0123");
	m_sa2(m, 2, 77);
}

static void row_comp(struct kern_sa *sa, struct m *m)
{
	sa->proto = IPPROTO_COMP;
	sa->spi = 0x4321;
	sa->encr.alg = &deflate;
	sa->integ = NULL;
	m_begin(m, SADB_ADD, 0, 9, SEQ(1), PID);
	m_sa(m, 0x4321, 0, 1, 0, 2);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_sa2(m, 2, 77);
}

static void row_udp(struct kern_sa *sa, struct m *m)
{
	sa->udp = true;
	sa->oa = addr("10.9.8.7[9]");
	sa->mode = IPSEC_MODE_TRANSPORT;
	m_begin(m, SADB_ADD, 0, 3, SEQ(1), PID);
	m_sa(m, 0xabcdef01, 32, 1, 5, 12);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_limits(m);
	m_key(m, 9, "0123456789abcdef");
	m_key(m, 8, "0123456789abcdef0123456789abcdef");
	m_sa2(m, 1, 77);
	m_natt(m, 4500, 61000);
	m_addr(m, 23, 255, 32, "10.9.8.7", 0);
}

static void row_esn(struct kern_sa *sa, struct m *m)
{
	sa->esn = true;
	sa->window = 0;
	row_cbc(sa, m);
	m_testudo(m, 1, 32);
}

static void row_window(struct kern_sa *sa, struct m *m)
{
	sa->window = 5000;
	row_cbc(sa, m);
	m->b[16 + 8] = 255;
	m_testudo(m, 0, 4096);
}

static void test_install(void **state)
{
	static const struct {
		const char *why;
		void (*make)(struct kern_sa *sa, struct m *m);
		int answer; /* 0: none has to know our extension; 1: the answer has it */
	} rows[] = {
		{ "ADD has the number of its ACQUIRE, so that its larval SA goes", row_cbc, 0 },
		{ "UPDATE of a larval SA has a number of its own; IPv6", row_inbound_v6, 0 },
		{ "an AEAD has one key, with its salt, and no integrity", row_gcm, 0 },
		{ "the NULL cipher's key is there and empty", row_null, 0 },
		{ "AH: no cipher, no UDP", row_ah, 0 },
		{ "IPComp: CPI as SPI, number of the algorithm as cipher, no keys, no window",
		  row_comp, 0 },
		{ "ESP in UDP: ports apart from the addresses; the original address without",
		  row_udp, 0 },
		{ "ESN goes by our extension, and brings a window", row_esn, 1 },
		{ "a window that sadb_sa has no room for; a stock kernel may ignore it",
		  row_window, 0 },
	};
	struct m want, answer;
	struct kern_sa sa;
	struct fix *f;
	uint32_t seq;
	size_t i;

	teardown(state);
	for (i = 0; i < LEN(rows); i++) {
		print_message("# %s\n", rows[i].why);
		setup(state);
		f = *state;
		sa = plain_sa();
		rows[i].make(&sa, &want);
		memcpy(&seq, want.b + 8, 4);
		m_sa_answer(&answer, want.b[1], seq, want.b[3]);
		if (rows[i].answer)
			m_testudo(&answer, 1, 32);
		say(f, &answer);
		assert_int_equal(kernel_sa_install(&f->k, &sa), 0);
		heard(f, &want);
		heard_nothing(f);
		teardown(state);
	}
	setup(state);
}

static void test_install_refused(void **state)
{
	struct kern_sa sa = plain_sa();
	struct fix *f = *state;
	struct m m;

	say_error(f, SADB_ADD, 3, SEQ(1), EEXIST);
	assert_int_equal(kernel_sa_install(&f->k, &sa), -EEXIST);
	row_cbc(&sa, &m);
	m.b[8] = 1;
	m.b[11] = 0x40;
	heard(f, &m);

	sa.encr.alg = &idea;
	assert_int_equal(kernel_sa_install(&f->k, &sa), -ENOSYS);
	sa.encr.alg = NULL;
	assert_int_equal(kernel_sa_install(&f->k, &sa), -ENOSYS);
	sa = plain_sa();
	sa.proto = IPPROTO_TCP;
	assert_int_equal(kernel_sa_install(&f->k, &sa), -EINVAL);
	sa = plain_sa();
	sa.proto = IPPROTO_AH;
	sa.integ = NULL;
	assert_int_equal(kernel_sa_install(&f->k, &sa), -EINVAL);
	heard_nothing(f);
}

/* the larval SA has gone in the 30 s that the kernel gives it: its SPI may be taken still */
static void test_install_late(void **state)
{
	struct kern_sa sa = plain_sa();
	struct fix *f = *state;
	struct m m;

	sa.inbound = true;
	say_error(f, SADB_UPDATE, 3, SEQ(1), ESRCH);
	m_sa_answer(&m, SADB_ADD, SEQ(2), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_install(&f->k, &sa), 0);
	sa.seq = 0;
	row_cbc(&sa, &m);
	m.b[1] = SADB_UPDATE;
	memcpy(m.b + 8, (uint32_t[]){ SEQ(1) }, 4);
	heard(f, &m);
	m.b[1] = SADB_ADD;
	memcpy(m.b + 8, (uint32_t[]){ SEQ(2) }, 4);
	heard(f, &m);
}

/* a kernel that skipped our extension made an SA that can not work: away with it */
static void test_esn_unknown(void **state)
{
	struct kern_sa sa = plain_sa();
	struct fix *f = *state;
	struct m m;

	sa.esn = true;
	m_sa_answer(&m, SADB_ADD, SEQ(1), 3);
	say(f, &m);
	m_sa_answer(&m, SADB_DELETE, SEQ(2), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_install(&f->k, &sa), -EOPNOTSUPP);
	row_cbc(&sa, &m);
	memcpy(m.b + 8, (uint32_t[]){ SEQ(1) }, 4);
	m_testudo(&m, 1, 32);
	heard(f, &m);
	heard_name(f, SADB_DELETE, SEQ(2), "192.0.2.1");
	/* our own DELETE is no news */
	kernel_input(&f->k);
	was_told(f, "");
}

static void test_delete_usage(void **state)
{
	struct kern_name name = plain_name();
	struct kern_usage usage;
	struct fix *f = *state;
	struct m m;

	m_sa_answer(&m, SADB_GET, SEQ(1), 3);
	m_key(&m, 9, "0123456789abcdef");
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), 0);
	assert_int_equal(usage.packets, 7);
	assert_int_equal(usage.bytes, 1000);
	assert_int_equal(usage.used, 1700000005);
	heard_name(f, SADB_GET, SEQ(1), "192.0.2.1");

	/* who does not know the source any more */
	name.src.ss_family = 0;
	m_sa_answer(&m, SADB_DELETE, SEQ(2), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_delete(&f->k, &name), 0);
	heard_name(f, SADB_DELETE, SEQ(2), "192.0.2.2");

	say_error(f, SADB_GET, 3, SEQ(3), ESRCH);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), -ESRCH);
}

static void test_moved(void **state)
{
	struct sockaddr_storage src = addr("192.0.2.1[4500]"), dst = addr("192.0.2.2[61001]");
	struct kern_name name = plain_name();
	struct fix *f = *state;
	struct m m;

	m_sa_answer(&m, SADB_GET, SEQ(1), 3);
	m_key(&m, 8, "0123456789abcdef0123456789abcdef");
	m_key(&m, 9, "0123456789abcdef");
	m_natt(&m, 4500, 4500);
	m_addr(&m, 23, 255, 32, "10.9.8.7", 0);
	say(f, &m);
	m_sa_answer(&m, SADB_UPDATE, SEQ(2), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_moved(&f->k, &name, &src, &dst), 0);
	heard_name(f, SADB_GET, SEQ(1), "192.0.2.1");
	m_begin(&m, SADB_UPDATE, 0, 3, SEQ(2), PID);
	m_sa(&m, 0xabcdef01, 32, 1, 5, 12);
	m_life(&m, 3, 0, 0, 3600, 0);
	m_life(&m, 4, 0, 0, 2880, 0);
	m_key(&m, 9, "0123456789abcdef");
	m_key(&m, 8, "0123456789abcdef0123456789abcdef");
	m_sa2(&m, 2, 77);
	m_addr(&m, 23, 255, 32, "10.9.8.7", 0);
	m_ends(&m, "192.0.2.1", "192.0.2.2");
	m_natt(&m, 4500, 61001);
	heard(f, &m);

	/* not in UDP: what are ports to it? */
	m_sa_answer(&m, SADB_GET, SEQ(3), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_moved(&f->k, &name, &src, &dst), -EINVAL);
	heard_name(f, SADB_GET, SEQ(3), "192.0.2.1");

	dst = addr("192.0.2.3[4500]");
	assert_int_equal(kernel_sa_moved(&f->k, &name, &src, &dst), -EOPNOTSUPP);
	heard_nothing(f);
}

static void test_acquire_failed(void **state)
{
	struct kern_name name = plain_name();
	struct fix *f = *state;
	struct m m;

	assert_int_equal(kernel_acquire_failed(&f->k, 0x80000005, &name, -EHOSTUNREACH), 0);
	m_begin(&m, SADB_ACQUIRE, EHOSTUNREACH, 3, 0x80000005, PID);
	heard(f, &m);
	/* an errno that its byte can not hold must not become 0, which is no failure */
	assert_int_equal(kernel_acquire_failed(&f->k, 0x80000005, &name, 512), 0);
	m_begin(&m, SADB_ACQUIRE, ENOENT, 3, 0x80000005, PID);
	heard(f, &m);
	assert_int_equal(kernel_acquire_failed(&f->k, 0, &name, ENOENT), -EINVAL);
	heard_nothing(f);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_install),
		T(test_install_refused),
		T(test_install_late),
		T(test_esn_unknown),
		T(test_delete_usage),
		T(test_moved),
		T(test_acquire_failed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
