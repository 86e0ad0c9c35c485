/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to be done to a packet's payload before it is protected.
 */
#ifndef _TESTUDO_PATH_GSO_H
#define _TESTUDO_PATH_GSO_H

#include <linux/types.h>

struct sk_buff;

bool ipsec_gso_reopen(struct sk_buff *skb, u16 family, unsigned int thoff);
int ipsec_gso_resize(struct sk_buff *skb, u16 family, unsigned int mtu);
int ipsec_gso_cut(struct sk_buff *skb, struct sk_buff **segs);
int ipsec_gso_checksum(struct sk_buff *skb);
int ipsec_gso_room(struct sk_buff *skb, unsigned int head, unsigned int tail);

#endif
