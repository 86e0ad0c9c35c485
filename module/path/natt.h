/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The UDP header between IP and ESP (RFC 3948), on and off.
 */
#ifndef _TESTUDO_PATH_NATT_H
#define _TESTUDO_PATH_NATT_H

#include <linux/types.h>

struct ipsec_sa;
struct sk_buff;

void ipsec_natt_push(struct sk_buff *skb, const struct ipsec_sa *sa);
int ipsec_natt_arrived(struct sk_buff *skb, bool tunnel);
void ipsec_natt_fix_checksum(struct sk_buff *skb);
bool ipsec_natt_is_esp(struct sk_buff *skb, u8 family);

#endif
