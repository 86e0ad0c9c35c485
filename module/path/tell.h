/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the sender of a clear packet is told of its way.
 */
#ifndef _TESTUDO_PATH_TELL_H
#define _TESTUDO_PATH_TELL_H

#include <linux/types.h>

struct sk_buff;
struct sock;

bool ipsec_tell_hears(const struct sk_buff *skb, const struct sock *sk);
void ipsec_tell_too_big(struct sk_buff *skb, u16 family, unsigned int mtu);
void ipsec_tell_unreachable(struct sk_buff *skb, u16 family);

#endif
