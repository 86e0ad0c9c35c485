/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a packet to its flow key.
 */
#ifndef _TESTUDO_SP_FLOW_H
#define _TESTUDO_SP_FLOW_H

#include "base/selector.h"

struct sk_buff;

int ipsec_flow_read(struct ipsec_flow *fl, const struct sk_buff *skb,
		    u16 family, int *off);
int ipsec_flow_from_skb(struct ipsec_flow *fl, struct sk_buff *skb,
			u16 family);

#endif
