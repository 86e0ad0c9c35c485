// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel of PF_KEY for tests of edge/kernel*.c: its messages, put together
 * byte by byte after RFC 2367 and <linux/pfkeyv2.h>, not with libpfkey, and the
 * other end of the daemon's socket.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_kernel.h"

/* ---- messages, by hand ---- */

static void m_bytes(struct m *m, const void *p, size_t n)
{
	assert_true(m->n + n <= sizeof(m->b));
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

void m8(struct m *m, uint8_t v)
{
	m_bytes(m, &v, 1);
}

void m16(struct m *m, uint16_t v)
{
	m_bytes(m, &v, 2);
}

void m32(struct m *m, uint32_t v)
{
	m_bytes(m, &v, 4);
}

void m64(struct m *m, uint64_t v)
{
	m_bytes(m, &v, 8);
}

void m_end(struct m *m)
{
	uint16_t words = m->n / 8;

	assert_int_equal(m->n % 8, 0);
	memcpy(m->b + 4, &words, 2);
}

void m_begin(struct m *m, uint8_t type, uint8_t error, uint8_t satype, uint32_t seq,
	     uint32_t pid)
{
	m->n = 0;
	m8(m, 2);
	m8(m, type);
	m8(m, error);
	m8(m, satype);
	m16(m, 0);
	m16(m, 0);
	m32(m, seq);
	m32(m, pid);
}

void m_ext(struct m *m, uint16_t words, uint16_t type)
{
	m16(m, words);
	m16(m, type);
}

void m_sockaddr(struct m *m, const char *ip, uint16_t port)
{
	uint8_t a[16];

	if (inet_pton(AF_INET, ip, a) == 1) {
		m16(m, AF_INET);
		m16(m, htons(port));
		m_bytes(m, a, 4);
		m64(m, 0);
		return;
	}
	assert_int_equal(inet_pton(AF_INET6, ip, a), 1);
	m16(m, AF_INET6);
	m16(m, htons(port));
	m32(m, 0);
	m_bytes(m, a, 16);
	m32(m, 0);
}

void m_addr(struct m *m, uint16_t type, uint8_t proto, uint8_t bits, const char *ip,
	    uint16_t port)
{
	bool v6 = strchr(ip, ':');

	m_ext(m, v6 ? 5 : 3, type);
	m8(m, proto);
	m8(m, bits);
	m16(m, 0);
	m_sockaddr(m, ip, port);
	if (v6)
		m32(m, 0);
}

void m_ends(struct m *m, const char *src, const char *dst)
{
	uint8_t bits = strchr(src, ':') ? 128 : 32;

	m_addr(m, 5, 255, bits, src, 0);
	m_addr(m, 6, 255, bits, dst, 0);
}

void m_sa(struct m *m, uint32_t spi, uint8_t replay, uint8_t state, uint8_t auth,
	  uint8_t encr)
{
	m_ext(m, 2, 1);
	m32(m, htonl(spi));
	m8(m, replay);
	m8(m, state);
	m8(m, auth);
	m8(m, encr);
	m32(m, 0);
}

void m_life(struct m *m, uint16_t type, uint32_t packets, uint64_t bytes, uint64_t add,
	    uint64_t use)
{
	m_ext(m, 4, type);
	m32(m, packets);
	m64(m, bytes);
	m64(m, add);
	m64(m, use);
}

void m_key(struct m *m, uint16_t type, const char *key)
{
	static const uint8_t zero[8];
	size_t n = strlen(key);

	m_ext(m, 1 + (n + 7) / 8, type);
	m16(m, n * 8);
	m16(m, 0);
	m_bytes(m, key, n);
	m_bytes(m, zero, (8 - n % 8) % 8);
}

void m_sa2(struct m *m, uint8_t mode, uint32_t reqid)
{
	m_ext(m, 2, 19);
	m8(m, mode);
	m8(m, 0);
	m16(m, 0);
	m32(m, 0);
	m32(m, reqid);
}

void m_natt(struct m *m, uint16_t sport, uint16_t dport)
{
	m_ext(m, 1, 20);
	m8(m, 2);
	m8(m, 0);
	m16(m, 0);
	m_ext(m, 1, 21);
	m16(m, htons(sport));
	m16(m, 0);
	m_ext(m, 1, 22);
	m16(m, htons(dport));
	m16(m, 0);
}

void m_testudo(struct m *m, uint32_t flags, uint32_t window)
{
	m_ext(m, 4, 0x5401);
	m32(m, flags);
	m32(m, window);
	m32(m, 0);
	m64(m, 0);
	m64(m, 0);
}

void m_policy(struct m *m, uint16_t words, uint16_t type, uint8_t dir, uint32_t id,
	      uint32_t priority)
{
	m_ext(m, words, 18);
	m16(m, type);
	m8(m, dir);
	m8(m, 0);
	m32(m, id);
	m32(m, priority);
}

void m_request(struct m *m, uint16_t len, uint16_t proto, uint8_t mode, uint8_t level,
	       uint32_t reqid)
{
	m16(m, len);
	m16(m, proto);
	m8(m, mode);
	m8(m, level);
	m16(m, 0);
	m32(m, reqid);
	m32(m, 0);
}

void m_tunnel_policy(struct m *m, uint8_t type, uint32_t seq, uint32_t pid, uint32_t id)
{
	m_begin(m, type, 0, 0, seq, pid);
	/* the reference count, which setkey looks for there */
	m->b[6] = 3;
	m_addr(m, 5, 255, 24, "10.0.1.0", 0);
	m_addr(m, 6, 255, 24, "10.0.2.0", 0);
	m_life(m, 3, 0, 0, 0, 0);
	m_life(m, 4, 0, 0, 0, 0);
	m_life(m, 2, 0, 0, 1700000000, 0);
	m_policy(m, 8, 2, 2, id, 1000);
	m_request(m, 48, 50, 2, 3, 77);
	m_sockaddr(m, "192.0.2.1", 0);
	m_sockaddr(m, "192.0.2.2", 0);
}

void m_none_policy(struct m *m, uint8_t type, uint32_t seq, uint32_t pid, uint32_t id,
		   uint8_t dir)
{
	m_begin(m, type, 0, 0, seq, pid);
	m_addr(m, 5, 6, 64, "2001:db8::", 0);
	m_addr(m, 6, 6, 128, "2001:db8:1::1", 80);
	m_policy(m, 2, 1, dir, id, 0);
}

void m_acquire(struct m *m, uint32_t seq, uint32_t pid)
{
	m_begin(m, SADB_ACQUIRE, 0, 3, seq, pid);
	m_addr(m, 5, 0, 32, "192.0.2.1", 0);
	m_addr(m, 6, 0, 32, "192.0.2.2", 0);
	m_policy(m, 2, 2, 2, 9, 1000);
	m_ext(m, 1, 13);
	m8(m, 32);
	m8(m, 0);
	m16(m, 0);
}

void m_expire(struct m *m, bool soft, bool hard, uint32_t spi)
{
	m_begin(m, SADB_EXPIRE, 0, 3, 0, 0);
	m_sa(m, spi, 32, 2, 5, 12);
	if (hard)
		m_life(m, 3, 0, 0, 3600, 0);
	if (soft)
		m_life(m, 4, 0, 0, 2880, 0);
	m_life(m, 2, 1, 2, 3, 4);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_sa2(m, 2, 77);
}

void m_sa_answer(struct m *m, uint8_t type, uint32_t seq, uint8_t satype)
{
	m_begin(m, type, 0, satype, seq, PID);
	m_sa(m, 0xabcdef01, 32, 1, 5, 12);
	m_life(m, 3, 0, 0, 3600, 0);
	m_life(m, 4, 0, 0, 2880, 0);
	m_life(m, 2, 7, 1000, 1700000000, 1700000005);
	m_ends(m, "192.0.2.1", "192.0.2.2");
	m_sa2(m, 2, 77);
}

/* ---- what the daemon is told, as text ---- */

void told(struct fix *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	f->n += vsnprintf(f->told + f->n, sizeof(f->told) - f->n, fmt, ap);
	va_end(ap);
	/* a fuzzer may tell more than anybody reads */
	if (f->n > sizeof(f->told) - 4096)
		f->n = 0;
}

static void on_acquire(void *arg, const struct kern_acquire *a)
{
	char s[ADDR_TEXT], d[ADDR_TEXT];

	told(arg, "acquire %u policy %u proto %u %s %s\n", a->seq, a->policy, a->proto,
	     addr_text(&a->src, s), addr_text(&a->dst, d));
}

void tell_name(struct fix *f, const char *what, const struct kern_name *n)
{
	char s[ADDR_TEXT], d[ADDR_TEXT];

	told(f, "%s %u %x %s %s\n", what, n->proto, n->spi, addr_text(&n->src, s),
	     addr_text(&n->dst, d));
}

static void on_expire(void *arg, const struct kern_name *name, bool hard)
{
	tell_name(arg, hard ? "hard" : "soft", name);
}

static void on_mapping(void *arg, const struct kern_name *name, const struct sockaddr_storage *now)
{
	char t[ADDR_TEXT];

	tell_name(arg, "mapping", name);
	told(arg, "now %s\n", addr_text(now, t));
}

static void on_deleted(void *arg, const struct kern_name *name)
{
	tell_name(arg, "deleted", name);
}

static void on_flushed(void *arg, uint8_t proto)
{
	told(arg, "flushed %u\n", proto);
}

void tell_policy(void *arg, const struct policy *p)
{
	char s[TS_TEXT], d[TS_TEXT], x[ADDR_TEXT], y[ADDR_TEXT];
	unsigned int i;

	told(arg, "policy %u dir %u type %u prio %u%s %s %s", p->id, p->dir, p->type, p->priority,
	     p->generated ? " generated" : "", ts_text(&p->src, s), ts_text(&p->dst, d));
	for (i = 0; i < p->n; i++)
		told(arg, " {%u %u %u %u %s %s}", p->req[i].proto, p->req[i].mode, p->req[i].level,
		     p->req[i].reqid, addr_host(&p->req[i].src, x), addr_host(&p->req[i].dst, y));
	told(arg, "\n");
}

static void on_policy_remove(void *arg, uint32_t id)
{
	struct fix *f = arg;

	told(f, "remove %u\n", id);
	if (f->add_in_callback) {
		f->add_in_callback = false;
		told(f, "add: %d\n", kernel_policy_add(&f->k, &f->add));
	}
}

static void on_policy_flush(void *arg)
{
	told(arg, "flush policies\n");
}

static void on_lost(void *arg)
{
	told(arg, "lost\n");
}

static void on_pending(void *arg)
{
	struct fix *f = arg;

	f->pending++;
	poll(NULL, 0, f->nap_ms);
	f->nap_ms = 0;
}

static const struct kernel_events events = {
	.acquire = on_acquire,
	.expire = on_expire,
	.mapping = on_mapping,
	.deleted = on_deleted,
	.flushed = on_flushed,
	.policy_put = tell_policy,
	.policy_remove = on_policy_remove,
	.policy_flush = on_policy_flush,
	.lost = on_lost,
	.pending = on_pending,
};

int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	f->kernel = fds[1];
	kernel_init(&f->k, fds[0], PID, &events, f);
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fix *f = *state;

	kernel_free(&f->k);
	close(f->kernel);
	free(f);
	return 0;
}

void say(struct fix *f, struct m *m)
{
	m_end(m);
	assert_int_equal(send(f->kernel, m->b, m->n, MSG_DONTWAIT), m->n);
}

void say_error(struct fix *f, uint8_t type, uint8_t satype, uint32_t seq, uint8_t error)
{
	struct m m;

	m_begin(&m, type, error, satype, seq, PID);
	say(f, &m);
}

void heard(struct fix *f, struct m *want)
{
	uint8_t got[8192];
	ssize_t n = recv(f->kernel, got, sizeof(got), MSG_DONTWAIT);
	ssize_t i;

	m_end(want);
	assert_true(n > 0);
	for (i = 0; i < n && i < (ssize_t)want->n; i++)
		if (got[i] != want->b[i])
			fail_msg("byte %zd is %02x, not %02x", i, got[i], want->b[i]);
	assert_int_equal(n, want->n);
}

void heard_nothing(struct fix *f)
{
	uint8_t got[8];

	assert_int_equal(recv(f->kernel, got, sizeof(got), MSG_DONTWAIT), -1);
}

void was_told(struct fix *f, const char *want)
{
	assert_string_equal(f->told, want);
	f->n = 0;
	f->told[0] = '\0';
}

struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage sa;

	assert_true(addr_parse(&sa, text));
	return sa;
}

struct policy tunnel_policy(void)
{
	struct sockaddr_storage a = addr("10.0.1.0"), b = addr("10.0.2.0");
	struct policy p = {
		.dir = IPSEC_DIR_OUTBOUND,
		.type = IPSEC_POLICY_IPSEC,
		.priority = 1000,
		.n = 1,
		.generated = true,
		.req = { {
			.proto = IPPROTO_ESP,
			.mode = IPSEC_MODE_TUNNEL,
			.level = IPSEC_LEVEL_UNIQUE,
			.src = addr("192.0.2.1[500]"),
			.dst = addr("192.0.2.2[500]"),
		} },
	};

	ts_from_prefix(&p.src, &a, 24, 0, 0);
	ts_from_prefix(&p.dst, &b, 24, 0, 0);
	return p;
}

struct kern_name plain_name(void)
{
	struct kern_name name = {
		.proto = IPPROTO_ESP,
		.spi = 0xabcdef01,
		.src = addr("192.0.2.1[4500]"),
		.dst = addr("192.0.2.2[4500]"),
	};

	return name;
}
