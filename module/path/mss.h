/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment size that TCP's SYNs offer.
 */
#ifndef _TESTUDO_PATH_MSS_H
#define _TESTUDO_PATH_MSS_H

#include <linux/types.h>

#include "base/selector.h"

struct ipsec_dst;
struct ipsec_net;
struct sk_buff;
struct tcphdr;

/* Options that sign the segment: what is signed must not be touched. */
#define IPSEC_TCPOPT_MD5	19	/* RFC 2385 */
#define IPSEC_TCPOPT_AO		29	/* RFC 5925 */

unsigned int ipsec_mss_find_opt(const struct tcphdr *th, unsigned int len,
				u8 opt);
int ipsec_mss_out(struct ipsec_dst *xd, struct sk_buff *skb);
void ipsec_mss_in(struct ipsec_net *ipn, struct sk_buff *skb,
		  const struct ipsec_flow *fl);

#endif
