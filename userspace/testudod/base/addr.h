/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses and traffic selectors, and their text. A socket address is always
 * a struct sockaddr_storage; family 0 stands for "none".
 */
#ifndef TESTUDOD_BASE_ADDR_H
#define TESTUDOD_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"

#define ADDR_TEXT	80	/* "fe80::1%eth0[4500]" and its end */
#define TS_TEXT		160	/* two addresses, protocol and ports */

bool addr_parse(struct sockaddr_storage *sa, const char *text);
bool addr_from_bytes(struct sockaddr_storage *sa, struct chunk bytes);
struct chunk addr_bytes(const struct sockaddr_storage *sa);
bool addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
bool addr_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
bool addr_is_any(const struct sockaddr_storage *sa);
uint16_t addr_port(const struct sockaddr_storage *sa);
void addr_set_port(struct sockaddr_storage *sa, uint16_t port);
socklen_t addr_len(const struct sockaddr_storage *sa);
unsigned int addr_bits(const struct sockaddr_storage *sa);
/* "10.0.0.1" and, as racoon's log has it, "10.0.0.1[500]" */
const char *addr_host(const struct sockaddr_storage *sa, char buf[ADDR_TEXT]);
const char *addr_text(const struct sockaddr_storage *sa, char buf[ADDR_TEXT]);

/**
 * struct ts - a traffic selector (RFC 7296 3.13.1), one of a pair
 * @family: AF_INET or AF_INET6
 * @proto: IP protocol, 0 for any
 * @port_lo: first port, host order; of ICMP the type in the upper 8 bits and
 *	the code in the lower
 * @port_hi: last port; 0 to 65535 is any; 65535 to 0 is OPAQUE
 * @lo: first address, network order, 4 or 16 bytes of it
 * @hi: last address
 */
struct ts {
	sa_family_t family;
	uint8_t proto;
	uint16_t port_lo;
	uint16_t port_hi;
	uint8_t lo[16];
	uint8_t hi[16];
};

void ts_from_prefix(struct ts *ts, const struct sockaddr_storage *sa, unsigned int bits,
		    unsigned int proto, unsigned int port);
void ts_host(struct ts *ts, const struct sockaddr_storage *sa);
bool ts_prefix(const struct ts *ts, struct sockaddr_storage *sa, unsigned int *bits);
bool ts_equal(const struct ts *a, const struct ts *b);
bool ts_contains(const struct ts *outer, const struct ts *inner);
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *out);
bool ts_is_host(const struct ts *ts, const struct sockaddr_storage *sa);
/* the one port of the selector in host order, 0 for any; -1 for a true range */
int ts_port(const struct ts *ts);
/* "10.0.1.0/24[any] any", "10.0.0.1-10.0.0.9[80] tcp" */
const char *ts_text(const struct ts *ts, char buf[TS_TEXT]);

#endif /* TESTUDOD_BASE_ADDR_H */
