// SPDX-License-Identifier: GPL-2.0
/*
 * tcpopt - finds an option of TCP in a header that is whole. Owns what an option
 * list may look like; changes nothing.
 */
#include <linux/tcp.h>
#include <net/tcp.h>

#include "path/tcpopt.h"

/**
 * ipsec_tcp_find_opt() - where an option of TCP is
 * @th: header, whole
 * @len: its length with options
 * @opt: kind of option (RFC 9293 3.1)
 *
 * Context: any.
 * Return: offset from the start of the header, 0 for not at all.
 */
unsigned int ipsec_tcp_find_opt(const struct tcphdr *th, unsigned int len,
				u8 opt)
{
	const u8 *p = (const u8 *)th;
	unsigned int i = sizeof(*th);

	while (i < len && p[i] != TCPOPT_EOL) {
		if (p[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || p[i + 1] < 2 || i + p[i + 1] > len)
			return 0;
		if (p[i] == opt)
			return i;
		i += p[i + 1];
	}
	return 0;
}
