// SPDX-License-Identifier: GPL-2.0
/*
 * edge/kernel.c and kernel_spd.c against a kernel that we play ourselves: the
 * start, requests and their answers among other messages, policies, dumps.
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

/* ---- start ---- */

static void m_alg(struct m *m, uint8_t id, uint8_t iv, uint16_t min, uint16_t max)
{
	m8(m, id);
	m8(m, iv);
	m16(m, min);
	m16(m, max);
	m16(m, 0);
}

static void m_supported(struct m *m, uint8_t satype, uint32_t seq)
{
	m_begin(m, SADB_REGISTER, 0, satype, seq, PID);
	m_ext(m, 3, 14);
	m32(m, 0);
	m_alg(m, 3, 0, 160, 160);
	m_alg(m, 5, 0, 256, 256);
	m_ext(m, 4, 15);
	m32(m, 0);
	m_alg(m, 12, 16, 128, 256);
	m_alg(m, 20, 8, 160, 288);
	m_alg(m, 225, 8, 288, 288);
}

static void test_start(void **state)
{
	static const uint8_t satypes[] = { 3, 2, 9 };
	struct fix *f = *state;
	unsigned int i;
	struct m m;

	for (i = 0; i < 2; i++) {
		m_supported(&m, satypes[i], SEQ(1 + i));
		say(f, &m);
	}
	say_error(f, SADB_REGISTER, 9, SEQ(3), EEXIST);
	m_none_policy(&m, SADB_X_SPDDUMP, 1, PID, 16, 1);
	say(f, &m);
	/* one of a socket's, which af_key dumps too */
	m_none_policy(&m, SADB_X_SPDDUMP, 2, PID, 24 | 4, 2);
	say(f, &m);
	m_tunnel_policy(&m, SADB_X_SPDDUMP, 0, PID, 9);
	say(f, &m);

	assert_int_equal(kernel_start(&f->k), 0);
	for (i = 0; i < 3; i++) {
		m_begin(&m, SADB_REGISTER, 0, satypes[i], SEQ(1 + i), PID);
		heard(f, &m);
	}
	m_begin(&m, SADB_X_SPDDUMP, 0, 0, SEQ(4), PID);
	heard(f, &m);
	was_told(f, "policy 9 dir 2 type 2 prio 1000 " TUNNEL_POLICY
		    "policy 16 dir 1 type 1 prio 0 " NONE_POLICY);
}

static void test_start_empty(void **state)
{
	struct fix *f = *state;
	struct m m;

	m_supported(&m, 3, SEQ(1));
	say(f, &m);
	m_supported(&m, 2, SEQ(2));
	say(f, &m);
	m_supported(&m, 9, SEQ(3));
	say(f, &m);
	/* an empty SPD */
	say_error(f, SADB_X_SPDDUMP, 0, SEQ(4), ENOENT);
	assert_int_equal(kernel_start(&f->k), 0);
	was_told(f, "");
}

static void test_start_refused(void **state)
{
	struct fix *f = *state;

	say_error(f, SADB_REGISTER, 3, SEQ(1), EINVAL);
	assert_int_equal(kernel_start(&f->k), -EINVAL);
}

/* ---- requests ---- */

static void m_spi(struct m *m, uint8_t satype, uint32_t seq, uint32_t spi)
{
	m_begin(m, SADB_GETSPI, 0, satype, seq, PID);
	m_sa(m, spi, 0, 0, 0, 0);
	m_addr(m, 5, 0, 32, "192.0.2.2", 0);
	m_addr(m, 6, 0, 32, "192.0.2.1", 0);
}

static void test_getspi(void **state)
{
	struct kern_sa sa = {
		.proto = IPPROTO_ESP,
		.mode = IPSEC_MODE_TUNNEL,
		.reqid = 77,
		/* that of an ACQUIRE must not go along: both larval SAs would be one */
		.seq = 0x80000007,
		.src = addr("192.0.2.2[4500]"),
		.dst = addr("192.0.2.1[4500]"),
	};
	struct fix *f = *state;
	uint32_t spi;
	struct m m;

	m_spi(&m, 3, SEQ(1), 0xc0ffee01);
	say(f, &m);
	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), 0);
	assert_int_equal(spi, 0xc0ffee01);
	m_begin(&m, SADB_GETSPI, 0, 3, SEQ(1), PID);
	m_sa2(&m, 2, 77);
	m_ends(&m, "192.0.2.2", "192.0.2.1");
	m_ext(&m, 2, 16);
	m32(&m, 0x10000);
	m32(&m, 0xffffffff);
	m32(&m, 0);
	heard(f, &m);

	sa.proto = IPPROTO_COMP;
	m_spi(&m, 9, SEQ(2), 0x1234);
	say(f, &m);
	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), 0);
	assert_int_equal(spi, 0x1234);
	m_begin(&m, SADB_GETSPI, 0, 9, SEQ(2), PID);
	m_sa2(&m, 2, 77);
	m_ends(&m, "192.0.2.2", "192.0.2.1");
	m_ext(&m, 2, 16);
	m32(&m, 0x100);
	m32(&m, 0xefff);
	m32(&m, 0);
	heard(f, &m);

	say_error(f, SADB_GETSPI, 9, SEQ(3), ENOENT);
	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), -ENOENT);

	sa.dst = addr("2001:db8::1");
	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), -EINVAL);
	sa.dst.ss_family = 0;
	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), -EINVAL);
}

/* what comes while an answer is awaited is kept, in its order, and told from kernel_input() only */
static void test_interleaved(void **state)
{
	struct kern_sa sa = {
		.proto = IPPROTO_ESP,
		.src = addr("192.0.2.2"),
		.dst = addr("192.0.2.1"),
	};
	struct fix *f = *state;
	uint32_t spi;
	struct m m;

	m_acquire(&m, 0x80000001, 0);
	say(f, &m);
	m_expire(&m, true, false, 0x1001);
	say(f, &m);
	/* somebody else's, with our number */
	m_spi(&m, 3, SEQ(1), 0xbad);
	m.b[12] ^= 1;
	say(f, &m);
	/* ours, of a request that was given up */
	m_spi(&m, 3, SEQ(1) - 1, 0xbad);
	say(f, &m);
	m_spi(&m, 3, SEQ(1), 0x2002);
	say(f, &m);
	m_acquire(&m, 0x80000002, 0);
	say(f, &m);

	assert_int_equal(kernel_getspi(&f->k, &sa, &spi), 0);
	assert_int_equal(spi, 0x2002);
	was_told(f, "");
	assert_int_equal(f->pending, 2);
	kernel_input(&f->k);
	was_told(f, ACQUIRED("2147483649") "soft 50 1001 192.0.2.1[0] 192.0.2.2[0]\n" ACQUIRED("2147483650"));
	kernel_input(&f->k);
	was_told(f, "");
}

/* more than one wake-up's worth is not lost either */
static void test_many_interleaved(void **state)
{
	struct kern_name name = {
		.proto = IPPROTO_ESP,
		.spi = 1,
		.src = addr("192.0.2.2"),
		.dst = addr("192.0.2.1"),
	};
	struct fix *f = *state;
	int size = 1 << 20;
	unsigned int i, lines = 0;
	struct m m;
	char *p;

	setsockopt(f->kernel, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (i = 0; i < 300; i++) {
		m_acquire(&m, 0x80000001 + i, 0);
		say(f, &m);
	}
	say_error(f, SADB_DELETE, 3, SEQ(1), ESRCH);
	assert_int_equal(kernel_sa_delete(&f->k, &name), -ESRCH);
	f->pending = 0;
	kernel_input(&f->k);
	assert_int_equal(f->pending, 1);
	kernel_input(&f->k);
	for (p = f->told; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 300);
}

/* ---- policies ---- */

/*
 * The echo of our own comes among the others, in its order: a flush before it
 * must not take it away, one after it must.
 */
static void test_policy_add(void **state)
{
	struct policy p = tunnel_policy();
	struct fix *f = *state;
	struct m m;

	m_begin(&m, SADB_X_SPDFLUSH, 0, 0, 0, 99);
	say(f, &m);
	m_tunnel_policy(&m, SADB_X_SPDADD, SEQ(1), PID, 17);
	say(f, &m);
	assert_int_equal(kernel_policy_add(&f->k, &p), 0);
	assert_int_equal(p.id, 17);
	assert_int_equal(p.req[0].reqid, 77);

	m_begin(&m, SADB_X_SPDADD, 0, 0, SEQ(1), PID);
	m_addr(&m, 5, 255, 24, "10.0.1.0", 0);
	m_addr(&m, 6, 255, 24, "10.0.2.0", 0);
	m_policy(&m, 8, 2, 2, 0, 1000);
	m_request(&m, 48, 50, 2, 3, 0);
	m_sockaddr(&m, "192.0.2.1", 0);
	m_sockaddr(&m, "192.0.2.2", 0);
	heard(f, &m);

	was_told(f, "");
	kernel_input(&f->k);
	was_told(f, "flush policies\npolicy 17 dir 2 type 2 prio 1000 generated " TUNNEL_POLICY);

	m_begin(&m, SADB_X_SPDDELETE2, 0, 0, SEQ(2), PID);
	m_addr(&m, 5, 255, 24, "10.0.1.0", 0);
	m_addr(&m, 6, 255, 24, "10.0.2.0", 0);
	m_policy(&m, 2, 2, 2, 17, 0);
	say(f, &m);
	assert_int_equal(kernel_policy_delete(&f->k, &p), 0);
	m_begin(&m, SADB_X_SPDDELETE2, 0, 0, SEQ(2), PID);
	m_policy(&m, 2, 2, 2, 17, 0);
	heard(f, &m);
	kernel_input(&f->k);
	was_told(f, "remove 17\n");

	say_error(f, SADB_X_SPDADD, 0, SEQ(3), EEXIST);
	assert_int_equal(kernel_policy_add(&f->k, &p), -EEXIST);
	kernel_input(&f->k);
	was_told(f, "");
}

static void test_policy_ports(void **state)
{
	static const struct {
		const char *why;
		uint8_t proto;
		uint16_t src_lo, src_hi, dst_lo, dst_hi;
		int sport, dport; /* -1: refused */
	} rows[] = {
		{ "any", 0, 0, 65535, 0, 65535, 0, 0 },
		{ "one port of one side", 6, 0, 65535, 80, 80, 0, 80 },
		{ "a range of ports", 6, 0, 65535, 80, 81, -1, -1 },
		{ "port 0 alone, which the kernel would take for any", 6, 0, 0, 0, 65535, -1, -1 },
		{ "OPAQUE", 6, 65535, 0, 65535, 0, -1, -1 },
		{ "ICMP, all of it", 1, 0, 65535, 0, 65535, 0, 0 },
		{ "ICMP type 8, any code", 1, 0x800, 0x8ff, 0x800, 0x8ff, 8, 0 },
		{ "ICMP type 3 code 4", 1, 0x304, 0x304, 0x304, 0x304, 3, 4 },
		{ "ICMP type 8 code 0 alone: 0 would be any", 1, 0x800, 0x800, 0x800, 0x800, -1,
		  -1 },
		{ "ICMP type 0: would be any", 1, 0, 0xff, 0, 0xff, -1, -1 },
		{ "ICMP, the sides differ", 1, 0x800, 0x8ff, 0, 65535, -1, -1 },
		{ "ICMP, two types", 1, 0x800, 0x9ff, 0x800, 0x9ff, -1, -1 },
	};
	struct fix *f = *state;
	uint32_t seq = 0;
	struct policy p;
	char want[512];
	struct m m;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		print_message("# %s\n", rows[i].why);
		p = tunnel_policy();
		p.type = IPSEC_POLICY_NONE;
		p.n = 0;
		p.src.proto = p.dst.proto = rows[i].proto;
		p.src.port_lo = rows[i].src_lo;
		p.src.port_hi = rows[i].src_hi;
		p.dst.port_lo = rows[i].dst_lo;
		p.dst.port_hi = rows[i].dst_hi;
		seq++;
		if (rows[i].sport < 0) {
			assert_int_equal(kernel_policy_add(&f->k, &p), -EINVAL);
			heard_nothing(f);
			continue;
		}
		m_begin(&m, SADB_X_SPDADD, 0, 0, SEQ(seq), PID);
		m_addr(&m, 5, rows[i].proto ? rows[i].proto : 255, 24, "10.0.1.0", rows[i].sport);
		m_addr(&m, 6, rows[i].proto ? rows[i].proto : 255, 24, "10.0.2.0", rows[i].dport);
		m_policy(&m, 2, 1, 2, 0, 1000);
		say(f, &m);
		assert_int_equal(kernel_policy_add(&f->k, &p), 0);
		heard(f, &m);
		/* and the way back: the same selectors (id 0 is no policy, so another one) */
		kernel_input(&f->k);
		memcpy(m.b + m.n - 8, (uint32_t[]){ 8 * (i + 1) + 1 }, 4);
		m.b[12] ^= 1;
		say(f, &m);
		f->n = 0;
		kernel_input(&f->k);
		p.id = 8 * (i + 1) + 1;
		memcpy(want, f->told, sizeof(want));
		f->n = 0;
		p.generated = false;
		tell_policy(f, &p);
		assert_string_equal(f->told, want);
		f->n = 0;
	}
}

static void test_policy_refused(void **state)
{
	struct policy p = tunnel_policy();
	struct fix *f = *state;

	p.src.hi[3] = 6;
	assert_int_equal(kernel_policy_add(&f->k, &p), -EINVAL);
	p = tunnel_policy();
	p.req[0].dst = addr("2001:db8::1");
	assert_int_equal(kernel_policy_add(&f->k, &p), -EINVAL);
	p = tunnel_policy();
	p.dst.family = AF_INET6;
	assert_int_equal(kernel_policy_add(&f->k, &p), -EINVAL);
	p = tunnel_policy();
	p.dst.proto = 6;
	assert_int_equal(kernel_policy_add(&f->k, &p), -EINVAL);
	heard_nothing(f);
}

/* ---- answers that are none ---- */

static void test_bad_answer(void **state)
{
	struct kern_name name = plain_name();
	struct kern_usage usage;
	struct fix *f = *state;
	struct m m;

	/* without what every GET has */
	m_begin(&m, SADB_GET, 0, 3, SEQ(1), PID);
	m_ends(&m, "192.0.2.1", "192.0.2.2");
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), -EBADMSG);

	m_sa_answer(&m, SADB_GET, SEQ(2), 3);
	m.b[16] = 0;
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), -EBADMSG);

	/* the socket is still of use */
	m_sa_answer(&m, SADB_GET, SEQ(3), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), 0);
}

/* three seconds, and then life goes on; the late answer harms nobody */
static void test_no_answer(void **state)
{
	struct kern_name name = plain_name();
	struct kern_usage usage;
	struct fix *f = *state;
	struct m m;

	m_acquire(&m, 0x80000001, 0);
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), -ETIMEDOUT);
	m_sa_answer(&m, SADB_GET, SEQ(1), 3);
	say(f, &m);
	m_sa_answer(&m, SADB_GET, SEQ(2), 3);
	say(f, &m);
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), 0);
	kernel_input(&f->k);
	was_told(f, ACQUIRED("2147483649"));
}

/* who stands still until the time is up finds the answer all the same, behind what else has come */
static void test_late_look(void **state)
{
	struct kern_name name = plain_name();
	struct kern_usage usage;
	struct fix *f = *state;
	struct m m;

	m_acquire(&m, 0x80000001, 0);
	say(f, &m);
	m_acquire(&m, 0x80000002, 0);
	say(f, &m);
	m_sa_answer(&m, SADB_GET, SEQ(1), 3);
	say(f, &m);
	f->nap_ms = 3100;
	assert_int_equal(kernel_sa_usage(&f->k, &name, &usage), 0);
	kernel_input(&f->k);
	was_told(f, ACQUIRED("2147483649") ACQUIRED("2147483650"));
}

/* ---- the SAD ---- */

static void on_sa(void *arg, const struct kernel_sa *sa)
{
	tell_name(arg, "sa", &sa->name);
	told(arg, "%u %u %u\n", sa->state, sa->mode, sa->reqid);
}

static void test_dump(void **state)
{
	struct fix *f = *state;
	struct m m;

	m_sa_answer(&m, SADB_DUMP, 1, 3);
	m_key(&m, 9, "0123456789abcdef");
	m_natt(&m, 4500, 61000);
	say(f, &m);
	m_acquire(&m, 0x80000001, 0);
	say(f, &m);
	/* without SA2: transport mode */
	m_begin(&m, SADB_DUMP, 0, 2, 0, PID);
	m_sa(&m, 0x55, 0, 2, 3, 0);
	m_life(&m, 3, 0, 1 << 20, 3600, 0);
	m_life(&m, 4, 0, 1 << 19, 2880, 0);
	m_ends(&m, "2001:db8::1", "2001:db8::2");
	say(f, &m);
	assert_int_equal(kernel_dump_sas(&f->k, on_sa, f), 0);
	was_told(f, "sa 50 abcdef01 192.0.2.1[4500] 192.0.2.2[61000]\n1 2 77\n"
		    "sa 51 55 2001:db8::1[0] 2001:db8::2[0]\n2 1 0\n");
	m_begin(&m, SADB_DUMP, 0, 0, SEQ(1), PID);
	heard(f, &m);
	kernel_input(&f->k);
	was_told(f, ACQUIRED("2147483649"));

	say_error(f, SADB_DUMP, 0, SEQ(2), ENOENT);
	assert_int_equal(kernel_dump_sas(&f->k, on_sa, f), 0);
	m_begin(&m, SADB_DUMP, 0, 0, SEQ(2), PID);
	heard(f, &m);
	say_error(f, SADB_DUMP, 0, SEQ(3), EBUSY);
	assert_int_equal(kernel_dump_sas(&f->k, on_sa, f), -EBUSY);
	was_told(f, "");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_start),
		T(test_start_empty),
		T(test_start_refused),
		T(test_getspi),
		T(test_interleaved),
		T(test_many_interleaved),
		T(test_policy_add),
		T(test_policy_ports),
		T(test_policy_refused),
		T(test_bad_answer),
		T(test_no_answer),
		T(test_late_look),
		T(test_dump),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
