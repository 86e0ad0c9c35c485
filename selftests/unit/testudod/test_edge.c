// SPDX-License-Identifier: GPL-2.0
/*
 * edge/edge.c between a kernel that we play, a real UDP socket, the event loop,
 * and an engine of which only the entry points are there: does everything
 * arrive, in order, and is what was lost found?
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "edge/edge.h"
#include "engine/sa.h"
#include "fake_kernel.h"
#include "netns.h"

/* ---- the engine ---- */

static struct fix *fix; /* where calls are noted down; @k is not used */
static struct ike_ops ops;
static struct edge *edge;

void ike_input(struct ike *ike, const struct ike_path *path, struct chunk data)
{
	char buf[ADDR_TEXT];

	(void)ike;
	told(fix, "input %s %s %.*s\n", path->natt ? "natt" : "ike",
	     addr_host(&path->local, buf), (int)data.n, (const char *)data.p);
}

/* an engine that asks the kernel at once, while more of its news wait */
void ike_acquire(struct ike *ike, const struct kern_acquire *acq)
{
	struct kern_name name = {
		.proto = acq->proto,
		.spi = 1,
		.src = acq->src,
		.dst = acq->dst,
	};

	(void)ike;
	told(fix, "acquire %u: %d\n", acq->seq, ops.sa_delete(edge, &name));
}

void ike_expire(struct ike *ike, const struct kern_name *name, bool hard)
{
	(void)ike;
	tell_name(fix, hard ? "hard" : "soft", name);
}

void ike_new_mapping(struct ike *ike, const struct kern_name *name,
		     const struct sockaddr_storage *now)
{
	(void)ike;
	(void)now;
	tell_name(fix, "mapping", name);
}

void ike_kernel_deleted(struct ike *ike, const struct kern_name *name)
{
	(void)ike;
	tell_name(fix, "deleted", name);
}

void ike_kernel_flushed(struct ike *ike, uint8_t proto)
{
	(void)ike;
	told(fix, "flushed %u\n", proto);
}

void ike_policy_put(struct ike *ike, const struct policy *p)
{
	(void)ike;
	tell_policy(fix, p);
}

void ike_policy_remove(struct ike *ike, uint32_t id)
{
	(void)ike;
	told(fix, "remove %u\n", id);
}

void ike_policy_flush(struct ike *ike)
{
	(void)ike;
	told(fix, "flush policies\n");
}

void ike_adopt(struct ike *ike, const struct kern_name *name, uint32_t reqid, uint8_t mode)
{
	(void)ike;
	tell_name(fix, "adopt", name);
	told(fix, "reqid %u mode %u\n", reqid, mode);
}

void ike_addresses_changed(struct ike *ike)
{
	(void)ike;
	told(fix, "addresses\n");
}

/* ---- the kernel, which answers while the daemon waits ---- */

static void answer_register(struct m *m, uint8_t satype, uint32_t seq)
{
	m_begin(m, SADB_REGISTER, 0, satype, seq, getpid());
}

static void answer_delete(struct m *m, uint32_t seq)
{
	m_begin(m, SADB_DELETE, ESRCH, 3, seq, getpid());
}

static void answer_spddump(struct m *m)
{
	m_tunnel_policy(m, SADB_X_SPDDUMP, 0, getpid(), 9);
}

/* SAs by state, SPI, birth and life; the last has number 0 */
static void answer_dump(struct m *m, uint32_t seq, uint8_t state, uint32_t spi, bool out,
			uint64_t created, uint64_t seconds)
{
	m_begin(m, SADB_DUMP, 0, 3, seq, getpid());
	m_sa(m, spi, 0, state, 5, 12);
	m_life(m, 3, 0, 0, seconds, 0);
	m_life(m, 4, 0, 0, seconds, 0);
	m_life(m, 2, 0, 0, created, 0);
	m_ends(m, out ? "192.0.2.1" : "192.0.2.2", out ? "192.0.2.2" : "192.0.2.1");
	m_sa2(m, 2, 77);
}

static void *serve(void *arg)
{
	int fd = *(int *)arg;
	struct m answer[6];
	uint8_t request[8192];
	uint32_t seq;
	size_t i, n;

	while (recv(fd, request, sizeof(request), 0) >= 16) {
		memcpy(&seq, request + 8, 4);
		n = 1;
		switch (request[1]) {
		case SADB_REGISTER:
			answer_register(&answer[0], request[3], seq);
			break;
		case SADB_DELETE:
			answer_delete(&answer[0], seq);
			break;
		case SADB_X_SPDDUMP:
			answer_spddump(&answer[0]);
			break;
		case SADB_DUMP:
			answer_dump(&answer[0], 1, SADB_SASTATE_MATURE, 0x1001, true, 200, 3600);
			answer_dump(&answer[1], 2, SADB_SASTATE_LARVAL, 0x1002, true, 100, 3600);
			answer_dump(&answer[2], 3, SADB_SASTATE_DYING, 0x1005, false, 100, 3600);
			answer_dump(&answer[3], 4, SADB_SASTATE_MATURE, 0x1003, false, 201, 3600);
			answer_dump(&answer[4], 5, SADB_SASTATE_DYING, 0x1004, true, 101, 3600);
			answer_dump(&answer[5], 0, SADB_SASTATE_MATURE, 0x1006, true, 300, 0);
			n = 6;
			break;
		default:
			n = 0;
		}
		for (i = 0; i < n; i++) {
			answer[i].b[4] = answer[i].n / 8;
			send(fd, answer[i].b, answer[i].n, 0);
		}
	}
	return NULL;
}

/* ---- tests ---- */

static const struct udp_options options = { .port = 25600, .natt_port = 24600, .no_v6 = true };
static struct event_base *base;
static struct ike ike;
static pthread_t server;

static int open_edge(void **state)
{
	struct udp_socket socks[UDP_SOCKETS];
	struct conf conf = { 0 };
	int fds[2], n;

	TAILQ_INIT(&conf.listens);
	TAILQ_INIT(&ike.peers);
	fix = calloc(1, sizeof(*fix));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	fix->kernel = fds[1];
	n = udp_open_missing(&conf, &options, socks, 0);
	assert_int_equal(n, 2);
	base = event_base_new();
	timer_loop(base);
	edge = edge_new(base, fds[0], socks, n, &fix);
	assert_non_null(edge);
	assert_ptr_equal(edge->owner, &fix);
	edge_ops(&ops);
	assert_int_equal(pthread_create(&server, NULL, serve, &fix->kernel), 0);
	*state = fix;
	return 0;
}

static int close_edge(void **state)
{
	(void)state;
	edge_free(edge);
	/* the server ends when the daemon's end is closed */
	pthread_join(server, NULL);
	close(fix->kernel);
	event_base_free(base);
	free(fix);
	return 0;
}

/* rounds of the loop, for what one round brings up for the next */
static void run(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* until something is told: datagrams may take their time, even to ourselves */
static void run_until_told(void)
{
	const struct timespec nap = { 0, 10000000 };
	unsigned int i;

	run();
	for (i = 0; i < 6000 && !fix->n; i++) {
		nanosleep(&nap, NULL);
		run();
	}
}

#define POLICY "policy 9 dir 2 type 2 prio 1000 " TUNNEL_POLICY

static void test_adopt(void **state)
{
	struct fix *f = *state;

	/* pair by pair, the oldest first; not what is half there, nor what is keyed by hand */
	assert_int_equal(edge_start(edge, &ike, true), 0);
	was_told(f, POLICY "adopt 50 1005 192.0.2.2[0] 192.0.2.1[0]\nreqid 77 mode 2\n"
			   "adopt 50 1004 192.0.2.1[0] 192.0.2.2[0]\nreqid 77 mode 2\n"
			   "adopt 50 1001 192.0.2.1[0] 192.0.2.2[0]\nreqid 77 mode 2\n"
			   "adopt 50 1003 192.0.2.2[0] 192.0.2.1[0]\nreqid 77 mode 2\n");
}

static void test_no_adopt(void **state)
{
	struct fix *f = *state;

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
}

/* the engine asks inside of an event: what came between is told by the loop, without more news */
static void test_order(void **state)
{
	struct fix *f = *state;
	struct m m;

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
	m_acquire(&m, 1, 0);
	say(f, &m);
	m_expire(&m, true, false, 0x55);
	say(f, &m);
	m_acquire(&m, 2, 0);
	say(f, &m);
	run();
	was_told(f, "acquire 1: -3\nsoft 50 55 192.0.2.1[0] 192.0.2.2[0]\nacquire 2: -3\n");
}

/* outside of the loop's events, too: a timer of the engine's asks */
static void test_pending(void **state)
{
	struct kern_name name = { .proto = IPPROTO_ESP, .spi = 1 };
	struct fix *f = *state;
	struct m m;

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
	addr_parse(&name.src, "192.0.2.1");
	addr_parse(&name.dst, "192.0.2.2");
	m_expire(&m, false, true, 0x55);
	say(f, &m);
	assert_int_equal(ops.sa_delete(edge, &name), -ESRCH);
	was_told(f, "");
	run();
	was_told(f, "hard 50 55 192.0.2.1[0] 192.0.2.2[0]\n");
}

static void test_datagrams(void **state)
{
	struct fix *f = *state;
	struct sockaddr_storage sa;
	struct ike_path path = { 0 };
	char buf[16];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
	addr_parse(&path.remote, "127.0.0.1[30001]");
	assert_int_equal(bind(fd, (struct sockaddr *)&path.remote, addr_len(&path.remote)), 0);
	addr_parse(&sa, "127.0.0.1[25600]");
	sendto(fd, "one", 3, 0, (struct sockaddr *)&sa, addr_len(&sa));
	run_until_told();
	was_told(f, "input ike 127.0.0.1 one\n");
	addr_parse(&sa, "127.0.0.1[24600]");
	sendto(fd, "\0\0\0\0two", 7, 0, (struct sockaddr *)&sa, addr_len(&sa));
	run_until_told();
	was_told(f, "input natt 127.0.0.1 two\n");

	assert_int_equal(ops.send(edge, &path, chunk_str("out")), 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 3);
	path.natt = true;
	assert_int_equal(ops.keepalive(edge, &path), 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 1);
	assert_int_equal(ops.local_addr(edge, &path.remote, &sa), 0);
	assert_true(addr_same_host(&sa, &path.remote));
	assert_true(ops.is_local(edge, &sa));
	close(fd);
}

/* a new configuration: another socket is heard, and one that it does not have no longer is */
static void test_sockets(void **state)
{
	struct conf_listen l = { 0 };
	struct udp_socket s = { .fd = socket(AF_INET, SOCK_DGRAM, 0) };
	struct udp_plan plan;
	struct fix *f = *state;
	struct sockaddr_storage to;
	struct conf conf = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
	TAILQ_INIT(&conf.listens);
	addr_parse(&l.addr, "127.0.0.3[26000]");
	TAILQ_INSERT_TAIL(&conf.listens, &l, link);
	s.addr = l.addr;
	setsockopt(s.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	assert_int_equal(bind(s.fd, (struct sockaddr *)&s.addr, addr_len(&s.addr)), 0);
	assert_true(edge_add_socket(edge, &s));
	sendto(fd, "new", 3, 0, (struct sockaddr *)&s.addr, addr_len(&s.addr));
	run_until_told();
	was_told(f, "input ike 127.0.0.3 new\n");
	assert_int_equal(udp_plan(&conf, &options, &plan), 0);
	edge_keep_sockets(edge, &plan);
	addr_parse(&to, "127.0.0.1[25600]");
	sendto(fd, "old", 3, 0, (struct sockaddr *)&to, addr_len(&to));
	sendto(fd, "new", 3, 0, (struct sockaddr *)&s.addr, addr_len(&s.addr));
	run_until_told();
	was_told(f, "input ike 127.0.0.3 new\n");
	close(fd);
}

/*
 * Of the four SAs of the two children the kernel has two, one of them dying;
 * one child is not installed, and its SPIs are not missed.
 */
static void test_lost(void **state)
{
	struct child_sa up = { .installed = true }, begun = { 0 }, odd = { .installed = true };
	struct fix *f = *state;
	struct ike_peer peer;
	struct m m;

	assert_int_equal(edge_start(edge, &ike, false), 0);
	was_told(f, POLICY);
	memset(&peer, 0, sizeof(peer));
	TAILQ_INIT(&peer.children);
	up.choice.n = 2;
	up.choice.p[0].proto = IPPROTO_ESP;
	addr_parse(&up.choice.p[0].src, "192.0.2.1");
	addr_parse(&up.choice.p[0].dst, "192.0.2.2");
	up.choice.p[0].spi_in = 0x1005;
	up.choice.p[0].spi_out = 0x1001;
	up.choice.p[1] = up.choice.p[0];
	up.choice.p[1].proto = IPPROTO_AH;
	begun.choice = up.choice;
	begun.choice.p[0].spi_in = 0x2001;
	/* without its ends there is nothing to look for */
	odd.choice.n = 1;
	odd.choice.p[0].proto = IPPROTO_ESP;
	odd.choice.p[0].spi_in = 0x3001;
	TAILQ_INSERT_TAIL(&ike.peers, &peer, link);
	TAILQ_INSERT_TAIL(&peer.children, &up, link);
	TAILQ_INSERT_TAIL(&peer.children, &begun, link);
	TAILQ_INSERT_TAIL(&peer.children, &odd, link);

	m_begin(&m, SADB_X_MIGRATE, 0, 0, 0, 0);
	m_ends(&m, "192.0.2.1", "192.0.2.2");
	m_policy(&m, 2, 2, 2, 9, 0);
	say(f, &m);
	run();
	was_told(f, POLICY "soft 50 1005 192.0.2.2[0] 192.0.2.1[0]\n"
			   "deleted 51 1005 192.0.2.2[0] 192.0.2.1[0]\n"
			   "deleted 51 1001 192.0.2.1[0] 192.0.2.2[0]\n");
}

#define E(fn) cmocka_unit_test_setup_teardown(fn, open_edge, close_edge)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		E(test_adopt),
		E(test_no_adopt),
		E(test_order),
		E(test_pending),
		E(test_datagrams),
		E(test_sockets),
		E(test_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	/* without one, the host's loopback device and our high ports do */
	netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
