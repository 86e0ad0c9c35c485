/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of a TCP header.
 */
#ifndef _TESTUDO_PATH_TCPOPT_H
#define _TESTUDO_PATH_TCPOPT_H

#include <linux/types.h>

struct tcphdr;

/* Options that sign the segment: what is signed must not be touched. */
#define IPSEC_TCPOPT_MD5	19	/* RFC 2385 */
#define IPSEC_TCPOPT_AO		29	/* RFC 5925 */

unsigned int ipsec_tcp_find_opt(const struct tcphdr *th, unsigned int len,
				u8 opt);

#endif
