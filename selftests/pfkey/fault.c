// SPDX-License-Identifier: GPL-2.0
/*
 * No memory: each request is sent again and again, with its first allocation
 * failing, then its second, and so on until none fails any more. Either it
 * succeeds all the same, or the sender is told ENOMEM or ENOBUFS, and the tables
 * are as they were, to the byte. That nothing leaks is for kmemleak to say, at the end
 * of the machine.
 *
 * /proc/self/fail-nth counts the allocations of one task, whosever they are in
 * the kernel: those of the socket and crypto layers are failed too.
 *
 * # kernels: debug
 * # timeout: 900
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ipsec.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC		"10.0.0.1"
#define DST		"10.0.0.2"
#define KNOBS		"/sys/kernel/debug/"

/* More allocations than any request makes. */
#define NTH_MAX		400

static int nth_fd = -1;

static void knob(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		test_skip("needs a kernel with fault injection");
	OK(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

/* Allocations that may sleep are failed too, and quietly. */
static void faults_init(void)
{
	knob(KNOBS "failslab/ignore-gfp-wait", "N");
	knob(KNOBS "failslab/verbose", "0");
	knob(KNOBS "fail_page_alloc/ignore-gfp-wait", "N");
	knob(KNOBS "fail_page_alloc/min-order", "0");
	knob(KNOBS "fail_page_alloc/verbose", "0");
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	OK(nth_fd >= 0);
}

static void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	EQ(pwrite(nth_fd, text, len, 0), len);
}

/* Has it come to the allocation that was to fail? None fails from here on. */
static bool has_failed(void)
{
	char text[16] = "";

	OK(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	fail_nth(0);
	return atoi(text) == 0;
}

/* --- what the tables hold --------------------------------------------------- */

static uint64_t hash_dump(int fd, unsigned int type, uint64_t h)
{
	static struct msg m;
	struct msg q;
	size_t i;

	m_begin(&q, type, 0);
	m_end(&q);
	EQ(k_send(fd, &q), 0);
	do {
		OK(k_recv(fd, &m, 30000));
		/* the header is about the request */
		for (i = sizeof(m.base); i < m.len; i++)
			h = (h ^ m.b[i]) * 0x100000001b3ULL;
	} while (!m.base.sadb_msg_errno && m.base.sadb_msg_seq);
	return h;
}

static uint64_t hash_tables(int fd)
{
	return hash_dump(fd, SADB_X_SPDDUMP, hash_dump(fd, SADB_DUMP, 0xcbf29ce484222325ULL));
}

/* --- requests --------------------------------------------------------------- */

static void add_mature(int fd)
{
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, SRC, DST);
	EQ(k_do(fd, &m), 0);
}

static void add_larval(int fd)
{
	struct msg m;

	m_getspi(&m, SRC, DST, 0x1000, 0x1000);
	EQ(k_do(fd, &m), 0);
}

static void build_policy(struct msg *m, unsigned int type, unsigned int dir)
{
	m_spd(m, type, dir, SRC, DST, 32);
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_UNIQUE, 0, "10.1.0.1", "10.1.0.2");
	m_req(m, IPPROTO_AH, IPSEC_MODE_TRANSPORT, IPSEC_LEVEL_REQUIRE, 0, NULL, NULL);
}

static void add_policy(int fd)
{
	struct msg m;

	build_policy(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND);
	EQ(k_do(fd, &m), 0);
}

static void add_sa(struct msg *m, unsigned int satype, unsigned int enc, unsigned int enc_bits,
		   unsigned int auth, unsigned int auth_bits)
{
	m_begin(m, SADB_ADD, satype);
	m_sa(m, 0x2000, auth, enc);
	if (enc_bits)
		m_key(m, SADB_EXT_KEY_ENCRYPT, enc_bits);
	if (auth_bits)
		m_key(m, SADB_EXT_KEY_AUTH, auth_bits);
	m_ends(m, SRC, DST);
}

static void build_add_gcm(struct msg *m)
{
	add_sa(m, SADB_SATYPE_ESP, SADB_X_EALG_AES_GCM_ICV16, 160, 0, 0);
}

static void build_add_cbc(struct msg *m)
{
	add_sa(m, SADB_SATYPE_ESP, SADB_X_EALG_AESCBC, 128, SADB_X_AALG_SHA2_256HMAC, 256);
}

static void build_add_window(struct msg *m)
{
	build_add_gcm(m);
	m_x_sa(m, SADB_X_TESTUDO_SA_ESN, 4096);
}

static void build_add_ah(struct msg *m)
{
	add_sa(m, SADB_SATYPE_AH, 0, 0, SADB_AALG_SHA1HMAC, 160);
}

static void build_add_ipcomp(struct msg *m)
{
	add_sa(m, SADB_X_SATYPE_IPCOMP, SADB_X_CALG_DEFLATE, 0, 0, 0);
}

static void build_add_natt(struct msg *m)
{
	struct sadb_x_nat_t_type *type;

	build_add_gcm(m);
	type = m_ext(m, SADB_X_EXT_NAT_T_TYPE, sizeof(*type));
	type->sadb_x_nat_t_type_type = UDP_ENCAP_ESPINUDP;
}

static void build_getspi(struct msg *m)
{
	m_getspi(m, SRC, DST, 0x3000, 0x3fff);
}

static void build_update(struct msg *m)
{
	m_add(m, SADB_UPDATE, 0x1000, SRC, DST);
	m_life(m, SADB_EXT_LIFETIME_SOFT, 3600);
	m_life(m, SADB_EXT_LIFETIME_HARD, 7200);
}

static void build_delete(struct msg *m)
{
	m_said(m, SADB_DELETE, SADB_SATYPE_ESP, 0x1000, SRC, DST);
}

static void build_get(struct msg *m)
{
	m_said(m, SADB_GET, SADB_SATYPE_ESP, 0x1000, SRC, DST);
}

static void build_flush(struct msg *m)
{
	m_begin(m, SADB_FLUSH, 0);
}

static void build_spdadd(struct msg *m)
{
	build_policy(m, SADB_X_SPDADD, IPSEC_DIR_INBOUND);
}

static void build_spdupdate(struct msg *m)
{
	build_policy(m, SADB_X_SPDUPDATE, IPSEC_DIR_OUTBOUND);
}

static void build_spddelete(struct msg *m)
{
	build_policy(m, SADB_X_SPDDELETE, IPSEC_DIR_OUTBOUND);
}

static void build_spdflush(struct msg *m)
{
	m_begin(m, SADB_X_SPDFLUSH, 0);
}

static void add_tunnel(int fd)
{
	struct msg m;

	m_add(&m, SADB_ADD, 0x1000, "10.1.0.1", "10.1.0.2");
	EQ(k_do(fd, &m), 0);
	m_add(&m, SADB_ADD, 0x1001, "10.1.0.1", "10.1.0.2");
	EQ(k_do(fd, &m), 0);
	m_spd(&m, SADB_X_SPDADD, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(&m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "10.1.0.1", "10.1.0.2");
	EQ(k_do(fd, &m), 0);
}

/* One SA keeps its name, as another source is not part of it. */
static void build_migrate_src(struct msg *m)
{
	m_spd(m, SADB_X_MIGRATE, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "10.1.0.1", "10.1.0.2");
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "10.1.0.9", "10.1.0.2");
}

static void build_migrate_dst(struct msg *m)
{
	m_spd(m, SADB_X_MIGRATE, IPSEC_DIR_OUTBOUND, SRC, DST, 32);
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "10.1.0.1", "10.1.0.2");
	m_req(m, IPPROTO_ESP, IPSEC_MODE_TUNNEL, IPSEC_LEVEL_REQUIRE, 0, "10.1.0.1", "10.1.0.8");
}

/**
 * struct request - one request that is to meet an empty memory
 * @name: for the report
 * @setup: makes what it is about; may be NULL
 * @build: the message
 * @sas: how many SAs there are more when it succeeds
 * @sps: how many policies
 */
struct request {
	const char *name;
	void (*setup)(int fd);
	void (*build)(struct msg *m);
	int sas;
	int sps;
};

static const struct request requests[] = {
	{ "ADD, GCM", NULL, build_add_gcm, 1, 0 },
	{ "ADD, CBC and HMAC", NULL, build_add_cbc, 1, 0 },
	{ "ADD, a window of 4096", NULL, build_add_window, 1, 0 },
	{ "ADD, AH", NULL, build_add_ah, 1, 0 },
	{ "ADD, IPComp", NULL, build_add_ipcomp, 1, 0 },
	{ "ADD, in UDP", NULL, build_add_natt, 1, 0 },
	{ "ADD, the second between two ends", add_mature, build_add_gcm, 1, 0 },
	{ "GETSPI", NULL, build_getspi, 1, 0 },
	{ "UPDATE of a larval SA", add_larval, build_update, 0, 0 },
	{ "UPDATE of a mature SA", add_mature, build_update, 0, 0 },
	{ "DELETE", add_mature, build_delete, -1, 0 },
	{ "DELETE of a larval SA", add_larval, build_delete, -1, 0 },
	{ "GET", add_mature, build_get, 0, 0 },
	{ "FLUSH", add_mature, build_flush, -1, 0 },
	{ "SPDADD", NULL, build_spdadd, 0, 1 },
	{ "SPDADD, the second", add_policy, build_spdadd, 0, 1 },
	{ "SPDUPDATE", NULL, build_spdupdate, 0, 1 },
	{ "SPDUPDATE of what is there", add_policy, build_spdupdate, 0, 0 },
	{ "SPDDELETE", add_policy, build_spddelete, 0, -1 },
	{ "SPDFLUSH", add_policy, build_spdflush, 0, -1 },
	{ "MIGRATE to another source", add_tunnel, build_migrate_src, 0, 0 },
	{ "MIGRATE to another destination", add_tunnel, build_migrate_dst, 0, 0 },
};

/* --- one request, one failure ----------------------------------------------- */

static bool is_no_memory(int err)
{
	return err == ENOMEM || err == ENOBUFS;
}

/* What became of a request: 0, or the errno that its sender was told. */
static int outcome(int fd, struct msg *m, bool *failed, unsigned int n)
{
	struct msg a;
	int err;

	m_end(m);
	fail_nth(n);
	err = send(fd, m->b, m->len, 0) < 0 ? errno : 0;
	*failed = has_failed();
	if (err)
		return err;
	/* an answer that could not be had would have been told by send() */
	OK(k_recv(fd, &a, 0));
	EQ(a.base.sadb_msg_type, m->base.sadb_msg_type);
	return a.base.sadb_msg_errno;
}

/* True when there was an allocation to fail. */
static bool one_failure(const struct request *r, unsigned int n)
{
	int fd = k_open(), watch = k_open();
	unsigned int sas, sps;
	uint64_t before;
	struct msg m;
	bool failed;
	int err;

	if (r->setup)
		r->setup(watch);
	sas = k_count_sa(watch, 0);
	sps = k_count_sp(watch);
	before = hash_tables(watch);
	k_drain(fd);
	r->build(&m);
	err = outcome(fd, &m, &failed, n);
	k_quiet(fd, 0);
	k_drain(watch);
	if (err) {
		OK(is_no_memory(err));
		OK(failed);
		OK(hash_tables(watch) == before);
	} else {
		EQ(k_count_sa(watch, 0), (int)sas + r->sas);
		EQ(k_count_sp(watch), (int)sps + r->sps);
	}
	close(fd);
	k_empty(watch);
	close(watch);
	return failed;
}

TEST(every_allocation_of_a_request_may_fail)
{
	unsigned int i, n, all = 0;

	faults_init();
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		test_in_row(requests[i].name);
		/* algorithms are loaded and instances made: later, it is about the request */
		one_failure(&requests[i], 0);
		for (n = 1; one_failure(&requests[i], n); n++)
			OK(n < NTH_MAX);
		OK(n > 1);
		test_more_time();
		all += n - 1;
	}
	printf("# %u failures\n", all);
}

/* The first answers of a dump, and its later ones, which recv() fills in. */
TEST(a_dump_without_memory)
{
	unsigned int n, i, got;
	bool failed = true;
	struct msg m, a;
	int fd, err;

	faults_init();
	fd = k_open();
	for (i = 0; i < 40; i++) {
		m_add(&m, SADB_ADD, 0x1000 + i, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	close(fd);
	for (n = 1; failed; n++) {
		fd = k_open();
		m_begin(&m, SADB_DUMP, 0);
		m_end(&m);
		fail_nth(n);
		err = send(fd, m.b, m.len, 0) < 0 ? errno : 0;
		failed = has_failed();
		if (err) {
			OK(is_no_memory(err));
		} else {
			/* all of it, or an end that says why */
			for (got = 0; k_recv(fd, &a, 30000); ) {
				if (a.base.sadb_msg_errno) {
					OK(is_no_memory(a.base.sadb_msg_errno));
					break;
				}
				got++;
				if (!a.base.sadb_msg_seq)
					break;
			}
			OK(a.base.sadb_msg_errno || got == 40);
		}
		close(fd);
		OK(n < NTH_MAX);
	}
	fd = k_open();
	EQ(k_count_sa(fd, 0), 40);
	k_empty(fd);
}

/* REGISTER again is EEXIST, so the socket is a new one each time. */
TEST(a_registration_without_memory)
{
	unsigned int n, events;
	bool failed = true;
	struct msg m;
	int fd, err;

	faults_init();
	for (n = 1; failed; n++) {
		fd = k_open();
		m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
		err = outcome(fd, &m, &failed, n);
		events = k_drain(fd);
		EQ(events, 0);
		if (err) {
			OK(is_no_memory(err));
			m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
			EQ(k_do(fd, &m), 0);
		}
		close(fd);
		OK(n < NTH_MAX);
	}
}

TEST(a_socket_without_memory)
{
	bool failed = true;
	unsigned int n;
	int fd;

	faults_init();
	for (n = 1; failed; n++) {
		fail_nth(n);
		fd = socket(PF_KEY, SOCK_RAW, PF_KEY_V2);
		failed = has_failed();
		if (fd < 0)
			OK(is_no_memory(errno) || errno == ENFILE);
		else
			close(fd);
		OK(n < NTH_MAX);
	}
}

/* A socket that asked for a bypass has it, or was told that it has not. */
TEST(a_socket_policy_without_memory)
{
	struct sadb_x_policy policy = {
		.sadb_x_policy_len = sizeof(policy) / 8,
		.sadb_x_policy_exttype = SADB_X_EXT_POLICY,
		.sadb_x_policy_type = IPSEC_POLICY_BYPASS,
		.sadb_x_policy_dir = IPSEC_DIR_OUTBOUND,
	};
	bool failed = true;
	unsigned int n;
	int fd, err;

	faults_init();
	for (n = 1; failed; n++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		OK(fd >= 0);
		fail_nth(n);
		err = setsockopt(fd, IPPROTO_IP, IP_IPSEC_POLICY, &policy, sizeof(policy));
		err = err ? errno : 0;
		failed = has_failed();
		OK(!err || is_no_memory(err));
		close(fd);
		OK(n < NTH_MAX);
	}
}

/* --- namespaces --------------------------------------------------------------- */

/* The allocations of a new namespace that are failed: the last ones, as the module comes last. */
#define NS_LAST		200
#define NS_FAR		1000000

/**
 * struct ns_try - an attempt to make a namespace
 * @err: errno of unshare(), 0 when it is there
 * @left: how many allocations it would have taken to the failure; 0: it came to it
 */
struct ns_try {
	int err;
	int left;
};

/* In a process of its own, which does not come back from there; its end ends the namespace. */
static struct ns_try try_namespace(unsigned int n)
{
	struct ns_try t = { 0, 0 };
	char text[16] = "";
	int ends[2], status;
	pid_t pid;

	OK(!pipe(ends));
	pid = fork();
	OK(pid >= 0);
	if (!pid) {
		faults_init();
		fail_nth(n);
		t.err = unshare(CLONE_NEWNET) ? errno : 0;
		OK(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
		fail_nth(0);
		t.left = atoi(text);
		_exit(write(ends[1], &t, sizeof(t)) != sizeof(t));
	}
	close(ends[1]);
	EQ(read(ends[0], &t, sizeof(t)), sizeof(t));
	close(ends[0]);
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	return t;
}

TEST(a_namespace_without_memory)
{
	unsigned int all, n, refused = 0;
	struct ns_try t;

	t = try_namespace(NS_FAR);
	EQ(t.err, 0);
	all = NS_FAR - t.left;
	OK(all > NS_LAST);
	for (n = all - NS_LAST + 1; n <= all; n++) {
		t = try_namespace(n);
		OK(!t.err || is_no_memory(t.err));
		OK(!t.err || !t.left);
		refused += t.err != 0;
		test_more_time();
	}
	printf("# %u allocations, of the last %u %u were missed\n", all, NS_LAST, refused);
	OK(refused);
	t = try_namespace(NS_FAR);
	EQ(t.err, 0);
}

int main(void)
{
	return test_main();
}
