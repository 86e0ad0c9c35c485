/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of edge/kernel*.c share: a kernel, played on a pair of sockets. */
#ifndef TESTUDOD_TEST_FAKE_KERNEL_H
#define TESTUDOD_TEST_FAKE_KERNEL_H

#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>
#include <netinet/in.h>

#include "edge/kernel.h"

#define PID    4242u
#define SEQ(n) (0x40000000u + (n)) /* number of the daemon's n-th request */
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- messages, by hand; numbers of extensions as they are on the wire ---- */

/**
 * struct m - a message
 * @b: bytes
 * @n: how many
 */
struct m {
	uint8_t b[8192];
	size_t n;
};

void m8(struct m *m, uint8_t v);
void m16(struct m *m, uint16_t v);
void m32(struct m *m, uint32_t v);
void m64(struct m *m, uint64_t v);
void m_begin(struct m *m, uint8_t type, uint8_t error, uint8_t satype, uint32_t seq, uint32_t pid);
void m_end(struct m *m);
void m_ext(struct m *m, uint16_t words, uint16_t type);
void m_sockaddr(struct m *m, const char *ip, uint16_t port);
void m_addr(struct m *m, uint16_t type, uint8_t proto, uint8_t bits, const char *ip, uint16_t port);
/* both ends of an SA, as everybody sends them: protocol 255, whole addresses, no ports */
void m_ends(struct m *m, const char *src, const char *dst);
void m_sa(struct m *m, uint32_t spi, uint8_t replay, uint8_t state, uint8_t auth, uint8_t encr);
/* type 2: current, 3: hard, 4: soft */
void m_life(struct m *m, uint16_t type, uint32_t packets, uint64_t bytes, uint64_t add, uint64_t use);
void m_key(struct m *m, uint16_t type, const char *key);
void m_sa2(struct m *m, uint8_t mode, uint32_t reqid);
void m_natt(struct m *m, uint16_t sport, uint16_t dport);
void m_testudo(struct m *m, uint32_t flags, uint32_t window);
/* @words: of all of it, the requests included */
void m_policy(struct m *m, uint16_t words, uint16_t type, uint8_t dir, uint32_t id, uint32_t priority);
void m_request(struct m *m, uint16_t len, uint16_t proto, uint8_t mode, uint8_t level, uint32_t reqid);

/* whole messages, and what the daemon makes of them */
void m_tunnel_policy(struct m *m, uint8_t type, uint32_t seq, uint32_t pid, uint32_t id);
void m_none_policy(struct m *m, uint8_t type, uint32_t seq, uint32_t pid, uint32_t id, uint8_t dir);
void m_acquire(struct m *m, uint32_t seq, uint32_t pid);
void m_expire(struct m *m, bool soft, bool hard, uint32_t spi);
void m_sa_answer(struct m *m, uint8_t type, uint32_t seq, uint8_t satype);

#define TUNNEL_POLICY "10.0.1.0/24[any] any 10.0.2.0/24[any] any {50 2 3 77 192.0.2.1 192.0.2.2}\n"
#define NONE_POLICY   "2001:db8::/64[any] tcp 2001:db8:1::1/128[80] tcp\n"
#define ACQUIRED(seq) "acquire " seq " policy 9 proto 50 192.0.2.1[0] 192.0.2.2[0]\n"

/* ---- the test's side ---- */

/**
 * struct fix - a daemon's end and a kernel's
 * @k: the daemon's
 * @kernel: the kernel's
 * @told: what the daemon was told, a line each
 * @n: bytes in @told
 * @pending: times that it was told to come again
 * @nap_ms: so long it stands still the next time
 * @add: policy to be added when one is gone
 * @add_in_callback: it is to be
 */
struct fix {
	struct kernel k;
	int kernel;
	char told[65536];
	size_t n;
	unsigned int pending;
	unsigned int nap_ms;
	struct policy add;
	bool add_in_callback;
};

int setup(void **state);
int teardown(void **state);
/* the kernel says; it waits in the socket until the daemon reads it */
void say(struct fix *f, struct m *m);
void say_error(struct fix *f, uint8_t type, uint8_t satype, uint32_t seq, uint8_t error);
/* the next request of the daemon is this one, byte by byte */
void heard(struct fix *f, struct m *want);
void heard_nothing(struct fix *f);
void told(struct fix *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void was_told(struct fix *f, const char *want);
void tell_name(struct fix *f, const char *what, const struct kern_name *n);
void tell_policy(void *arg, const struct policy *p);
struct sockaddr_storage addr(const char *text);
/* outbound, generated, unique: what m_tunnel_policy() says, but for id and reqid */
struct policy tunnel_policy(void);
/* the SA of m_sa_answer(), in UDP */
struct kern_name plain_name(void);

#endif /* TESTUDOD_TEST_FAKE_KERNEL_H */
