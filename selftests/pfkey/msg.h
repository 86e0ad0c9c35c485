/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PF_KEY messages for tests: good ones, and ones that are wrong on purpose.
 * Written apart from the library, so that a mistake there is not made twice.
 */
#ifndef TESTUDO_SELFTEST_MSG_H
#define TESTUDO_SELFTEST_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>

#define MSG_ROOM	16384

/**
 * struct msg - a message
 * @len: bytes in use
 * @last: offset of the last extension
 */
struct msg {
	size_t len;
	size_t last;
	union {
		uint64_t align;
		struct sadb_msg base;
		uint8_t b[MSG_ROOM];
	};
};

/* building */
void m_begin(struct msg *m, unsigned int type, unsigned int satype);
void m_end(struct msg *m);
void *m_ext(struct msg *m, unsigned int type, size_t bytes);
struct sadb_sa *m_sa(struct msg *m, uint32_t spi, unsigned int auth, unsigned int enc);
struct sadb_address *m_addr(struct msg *m, unsigned int type, const char *text, unsigned int prefix,
			    unsigned int proto, unsigned int port);
void m_ends(struct msg *m, const char *src, const char *dst);
struct sadb_key *m_key(struct msg *m, unsigned int type, unsigned int bits);
struct sadb_lifetime *m_life(struct msg *m, unsigned int type, uint64_t addtime);
struct sadb_x_sa2 *m_sa2(struct msg *m, unsigned int mode, uint32_t reqid);
void m_range(struct msg *m, uint32_t min, uint32_t max);
struct sadb_x_policy *m_policy(struct msg *m, unsigned int type, unsigned int dir, uint32_t id);
struct sadb_x_ipsecrequest *m_req(struct msg *m, unsigned int proto, unsigned int mode,
				  unsigned int level, uint32_t reqid, const char *src,
				  const char *dst);
struct sadb_x_testudo_sa *m_x_sa(struct msg *m, uint32_t flags, uint32_t window);

/* whole messages */
void m_add(struct msg *m, unsigned int type, uint32_t spi, const char *src, const char *dst);
void m_said(struct msg *m, unsigned int type, unsigned int satype, uint32_t spi, const char *src,
	    const char *dst);
void m_getspi(struct msg *m, const char *src, const char *dst, uint32_t min, uint32_t max);
void m_spd(struct msg *m, unsigned int type, unsigned int dir, const char *src, const char *dst,
	   unsigned int prefix);
void m_spd_id(struct msg *m, unsigned int type, uint32_t id);

/* sockets */
int k_open(void);
int k_send(int fd, struct msg *m);
bool k_recv(int fd, struct msg *m, int ms);
int k_ask(int fd, struct msg *m, struct msg *answer);
int k_do(int fd, struct msg *m);
void k_quiet(int fd, int ms);
unsigned int k_drain(int fd);

/* looking at what came */
void *m_find(struct msg *m, unsigned int type);
uint32_t m_spi(struct msg *m);
unsigned int m_state(struct msg *m);
void m_check(const struct msg *m);
int k_get(int fd, uint32_t spi, const char *src, const char *dst, struct msg *a);
unsigned int k_count_sa(int fd, unsigned int satype);
unsigned int k_count_sp(int fd);
void k_empty(int fd);

#endif
