// SPDX-License-Identifier: GPL-2.0
/*
 * edge/kernel_msg.c: what the kernel tells unasked, and what is none of our
 * business, lies about its length, or says too little.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <pthread.h>

#include <cmocka.h>

#include "fake_kernel.h"

/* ---- events ---- */

static void ev_acquire(struct m *m)
{
	m_acquire(m, 0x80000003, 0);
}

/* racoon's refusal of an ACQUIRE, as af_key's promiscuous copies show it */
static void ev_acquire_failed(struct m *m)
{
	m_begin(m, SADB_ACQUIRE, ENOENT, 3, 0x80000003, 99);
}

static void ev_acquire_pid(struct m *m)
{
	m_acquire(m, 0x80000003, 99);
}

static void ev_acquire_families(struct m *m)
{
	m_begin(m, SADB_ACQUIRE, 0, 3, 1, 0);
	m_addr(m, 5, 0, 32, "192.0.2.1", 0);
	m_addr(m, 6, 0, 128, "2001:db8::1", 0);
	m_policy(m, 2, 2, 2, 9, 1000);
}

static void ev_acquire_no_dst(struct m *m)
{
	m_begin(m, SADB_ACQUIRE, 0, 3, 1, 0);
	m_addr(m, 5, 0, 32, "192.0.2.1", 0);
	m_policy(m, 2, 2, 2, 9, 1000);
}

static void ev_acquire_satype(struct m *m)
{
	m_acquire(m, 1, 0);
	m->b[3] = 5;
}

static void ev_soft(struct m *m)
{
	m_expire(m, true, false, 0x1001);
}

static void ev_hard(struct m *m)
{
	m_expire(m, false, true, 0x1001);
}

static void ev_both(struct m *m)
{
	m_expire(m, true, true, 0x1001);
}

static void ev_neither(struct m *m)
{
	m_expire(m, false, false, 0x1001);
}

static void ev_larval(struct m *m)
{
	m_expire(m, false, true, 0);
}

static void ev_mapping(struct m *m)
{
	m_begin(m, SADB_X_NAT_T_NEW_MAPPING, 0, 3, 5, 0);
	m_sa(m, 0x1001, 0, 0, 0, 0);
	m_addr(m, 5, 0, 32, "192.0.2.2", 0);
	m_ext(m, 1, 21);
	m16(m, htons(4500));
	m16(m, 0);
	m_addr(m, 6, 0, 32, "198.51.100.9", 0);
	m_ext(m, 1, 22);
	m16(m, htons(1024));
	m16(m, 0);
}

static void ev_delete(struct m *m)
{
	m_sa_answer(m, SADB_DELETE, 3, 2);
	m->b[12] ^= 1;
}

static void ev_add(struct m *m)
{
	m_sa_answer(m, SADB_ADD, 3, 3);
	m->b[12] ^= 1;
}

static void ev_flush(struct m *m)
{
	m_begin(m, SADB_FLUSH, 0, 0, 0, 99);
}

static void ev_flush_ah(struct m *m)
{
	m_begin(m, SADB_FLUSH, 0, 2, 0, 99);
}

static void ev_flush_other(struct m *m)
{
	m_begin(m, SADB_FLUSH, 0, 7, 0, 99);
}

static void ev_flush_refused(struct m *m)
{
	m_begin(m, SADB_FLUSH, EINVAL, 0, 0, PID);
}

static void ev_spdadd(struct m *m)
{
	m_tunnel_policy(m, SADB_X_SPDADD, 0, 99, 9);
}

static void ev_spdupdate(struct m *m)
{
	m_none_policy(m, SADB_X_SPDUPDATE, 0, 99, 18, 3);
}

static void ev_spdsetidx(struct m *m)
{
	m_none_policy(m, SADB_X_SPDSETIDX, 0, 99, 16, 1);
}

static void ev_spddelete(struct m *m)
{
	m_tunnel_policy(m, SADB_X_SPDDELETE, 0, 99, 9);
}

static void ev_spdexpire(struct m *m)
{
	m_tunnel_policy(m, SADB_X_SPDEXPIRE, 0, 0, 9);
}

static void ev_spdflush(struct m *m)
{
	m_begin(m, SADB_X_SPDFLUSH, 0, 0, 0, 99);
}

static void ev_bad_dir(struct m *m)
{
	m_none_policy(m, SADB_X_SPDADD, 0, 99, 16, 4);
}

static void ev_no_policy(struct m *m)
{
	m_begin(m, SADB_X_SPDADD, 0, 0, 0, 99);
	m_ends(m, "192.0.2.1", "192.0.2.2");
}

static void m_bundle(struct m *m, unsigned int n)
{
	unsigned int i;

	m_begin(m, SADB_X_SPDADD, 0, 0, 0, 99);
	m_addr(m, 5, 58, 64, "2001:db8::", 128);
	m_addr(m, 6, 58, 128, "2001:db8::1", 0);
	m_policy(m, 2 + 2 * n, 2, 1, 8, 0);
	for (i = 0; i < n; i++)
		m_request(m, 16, i ? 51 : 50, 1, 2, 0);
}

static void ev_bundle(struct m *m)
{
	m_bundle(m, 2);
}

static void ev_large_bundle(struct m *m)
{
	m_bundle(m, 5);
}

static void ev_tunnel_no_ends(struct m *m)
{
	m_begin(m, SADB_X_SPDADD, 0, 0, 0, 99);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_policy(m, 4, 2, 1, 8, 0);
	m_request(m, 16, 50, 2, 2, 0);
}

static void ev_request_long(struct m *m)
{
	m_begin(m, SADB_X_SPDADD, 0, 0, 0, 99);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_policy(m, 4, 2, 1, 8, 0);
	m_request(m, 24, 50, 1, 2, 0);
}

static void ev_ext_zero(struct m *m)
{
	m_acquire(m, 1, 0);
	m->b[16] = 0;
}

static void ev_ext_long(struct m *m)
{
	m_acquire(m, 1, 0);
	m->b[m->n - 8] = 2;
}

static void ev_twice(struct m *m)
{
	m_acquire(m, 1, 0);
	m_policy(m, 2, 2, 2, 9, 1000);
}

static void ev_version(struct m *m)
{
	m_acquire(m, 1, 0);
	m->b[0] = 3;
}

static void ev_unknown_ext(struct m *m)
{
	m_acquire(m, 0x80000003, 0);
	m_ext(m, 1, 0x7777);
	m32(m, 0);
}

struct row_event {
	const char *why;
	void (*make)(struct m *m);
	const char *told;
};

static const struct row_event rows_event[] = {
	{ "the kernel wants an SA", ev_acquire, ACQUIRED("2147483651") },
	{ "an extension that nobody knows is skipped", ev_unknown_ext, ACQUIRED("2147483651") },
	{ "another daemon's refusal is none of ours", ev_acquire_failed, "" },
	{ "an ACQUIRE of a process is not the kernel's", ev_acquire_pid, "" },
	{ "no pair of ends", ev_acquire_families, "" },
	{ "half of a pair", ev_acquire_no_dst, "" },
	{ "not of IPsec", ev_acquire_satype, "" },
	{ "soft", ev_soft, "soft 50 1001 192.0.2.1[0] 192.0.2.2[0]\n" },
	{ "hard", ev_hard, "hard 50 1001 192.0.2.1[0] 192.0.2.2[0]\n" },
	{ "both: the SA may still be there", ev_both, "soft 50 1001 192.0.2.1[0] 192.0.2.2[0]\n" },
	{ "neither says nothing", ev_neither, "" },
	{ "a larval SA's end is af_key's way, and no SA's", ev_larval, "" },
	{ "a NAT has a new mapping", ev_mapping,
	  "mapping 50 1001 192.0.2.2[4500] none\nnow 198.51.100.9[1024]\n" },
	{ "somebody deleted an SA", ev_delete, "deleted 51 abcdef01 192.0.2.1[0] 192.0.2.2[0]\n" },
	{ "somebody added one", ev_add, "" },
	{ "all SAs are gone", ev_flush, "flushed 0\n" },
	{ "those of AH are", ev_flush_ah, "flushed 51\n" },
	{ "those of OSPF are: what is it to us", ev_flush_other, "" },
	{ "a flush that did not happen", ev_flush_refused, "" },
	{ "setkey adds a policy", ev_spdadd, "policy 9 dir 2 type 2 prio 1000 " TUNNEL_POLICY },
	{ "changes one", ev_spdupdate, "policy 18 dir 3 type 1 prio 0 " NONE_POLICY },
	{ "in the third way", ev_spdsetidx, "policy 16 dir 1 type 1 prio 0 " NONE_POLICY },
	{ "and deletes one", ev_spddelete, "remove 9\n" },
	{ "its lifetime is over", ev_spdexpire, "remove 9\n" },
	{ "all policies are gone", ev_spdflush, "flush policies\n" },
	{ "a direction that is none", ev_bad_dir, "" },
	{ "a policy message without policy", ev_no_policy, "" },
	{ "ESP under AH; ICMPv6 type 128 is that of both selectors", ev_bundle,
	  "policy 8 dir 1 type 2 prio 0 2001:db8::/64[128,0-128,255] icmp6 "
	  "2001:db8::1/128[128,0-128,255] icmp6 {50 1 2 0 none none} {51 1 2 0 none none}\n" },
	{ "more transformations than we know of", ev_large_bundle, "" },
	{ "a tunnel from nowhere to nowhere", ev_tunnel_no_ends, "" },
	{ "a request runs past its policy", ev_request_long, "" },
	{ "an extension of no length", ev_ext_zero, "" },
	{ "an extension runs past the message", ev_ext_long, "" },
	{ "an extension twice", ev_twice, "" },
	{ "another version", ev_version, "" },
};

static void test_events(void **state)
{
	struct fix *f = *state;
	struct m m;
	size_t i;

	for (i = 0; i < LEN(rows_event); i++) {
		print_message("# %s\n", rows_event[i].why);
		rows_event[i].make(&m);
		say(f, &m);
		kernel_input(&f->k);
		was_told(f, rows_event[i].told);
	}
	heard_nothing(f);
}

/* every message cut short at every byte, with and without the truth about its length */
static void test_truncated(void **state)
{
	struct fix *f = *state;
	uint16_t words;
	struct m m;
	size_t i, n, all;

	for (i = 0; i < LEN(rows_event); i++) {
		rows_event[i].make(&m);
		m_end(&m);
		all = m.n;
		for (n = 1; n < all; n++) {
			send(f->kernel, m.b, n, 0);
			kernel_input(&f->k);
			was_told(f, "");
		}
		for (n = 8; n < all; n += 8) {
			words = n / 8;
			memcpy(m.b + 4, &words, 2);
			send(f->kernel, m.b, n, 0);
			kernel_input(&f->k);
		}
		f->n = 0;
		f->told[0] = '\0';
	}
	/* nothing of it made the daemon write, except to read the SPD again */
	heard_nothing(f);
}

/* bytes changed at random: no row, but AddressSanitizer is the judge */
static void test_mutated(void **state)
{
	struct fix *f = *state;
	unsigned int round, k;
	struct m m;

	srand(1);
	for (round = 0; round < 20000; round++) {
		rows_event[rand() % LEN(rows_event)].make(&m);
		m_end(&m);
		for (k = rand() % 4; k; k--)
			m.b[rand() % m.n] = rand() % 3 ? rand() : rand() % 4;
		/* that one asks; test_lost() has it */
		if (m.b[1] == SADB_X_MIGRATE)
			continue;
		send(f->kernel, m.b, m.n, 0);
		kernel_input(&f->k);
	}
	assert_null(f->k.stale);
}

/* ---- reading all again ---- */

/**
 * struct serve - a kernel that answers while the daemon waits
 * @f: whose
 * @answers: one to each request
 * @n: members of @answers
 */
struct serve {
	struct fix *f;
	struct m answers[2];
	unsigned int n;
};

static void *serve(void *arg)
{
	struct serve *s = arg;
	uint8_t request[8192];
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		if (recv(s->f->kernel, request, sizeof(request), 0) < 16)
			break;
		/* the number of the request, except that of a dump */
		if (request[1] != SADB_X_SPDDUMP)
			memcpy(s->answers[i].b + 8, request + 8, 4);
		send(s->f->kernel, s->answers[i].b, s->answers[i].n, 0);
	}
	return NULL;
}

/* the daemon knows policies 9 and 18 */
static void know_two(struct fix *f)
{
	struct m m;

	ev_spdadd(&m);
	say(f, &m);
	ev_spdupdate(&m);
	say(f, &m);
	kernel_input(&f->k);
	f->n = 0;
}

static void m_migrate(struct m *m)
{
	m_begin(m, SADB_X_MIGRATE, 0, 0, 0, 0);
	m_addr(m, 5, 255, 24, "10.0.1.0", 0);
	m_addr(m, 6, 255, 24, "10.0.2.0", 0);
	m_policy(m, 2, 2, 2, 9, 0);
}

/*
 * A MIGRATE says too little, as a lost message does: what the SPD has no more
 * is told to be gone, the rest is told as it is now.
 */
static void test_lost(void **state)
{
	struct fix *f = *state;
	struct serve s = { .f = f, .n = 1 };
	pthread_t thread;
	struct m m;

	know_two(f);
	m_none_policy(&s.answers[0], SADB_X_SPDDUMP, 0, PID, 18, 3);
	m_end(&s.answers[0]);
	s.answers[0].b[s.answers[0].n - 4] = 5;
	m_migrate(&m);
	say(f, &m);
	assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
	kernel_input(&f->k);
	pthread_join(thread, NULL);
	was_told(f, "remove 9\npolicy 18 dir 3 type 1 prio 5 " NONE_POLICY "lost\n");
	kernel_input(&f->k);
	was_told(f, "");
}

/* who adds a policy on hearing that one is gone does not lose it */
static void test_lost_callback(void **state)
{
	struct fix *f = *state;
	struct serve s = { .f = f, .n = 2 };
	pthread_t thread;
	struct m m;

	know_two(f);
	f->add = tunnel_policy();
	f->add_in_callback = true;
	m_begin(&s.answers[0], SADB_X_SPDDUMP, ENOENT, 0, 0, PID);
	m_end(&s.answers[0]);
	m_tunnel_policy(&s.answers[1], SADB_X_SPDADD, 0, PID, 26);
	m_end(&s.answers[1]);
	m_migrate(&m);
	say(f, &m);
	assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
	kernel_input(&f->k);
	pthread_join(thread, NULL);
	was_told(f, "remove 9\nadd: 0\nremove 18\nlost\n");
	kernel_input(&f->k);
	was_told(f, "policy 26 dir 2 type 2 prio 1000 generated " TUNNEL_POLICY);
}
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_events),
		T(test_truncated),
		T(test_mutated),
		T(test_lost),
		T(test_lost_callback),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
