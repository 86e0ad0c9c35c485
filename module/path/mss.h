/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment size that TCP's SYNs offer.
 */
#ifndef _TESTUDO_PATH_MSS_H
#define _TESTUDO_PATH_MSS_H

#include "base/selector.h"

struct ipsec_dst;
struct ipsec_net;
struct sk_buff;

int ipsec_mss_out(struct ipsec_dst *xd, struct sk_buff *skb);
void ipsec_mss_in(struct ipsec_net *ipn, struct sk_buff *skb,
		  const struct ipsec_flow *fl);

#endif
