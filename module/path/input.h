/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The IN road: from an IPsec header to the packet that was inside.
 */
#ifndef _TESTUDO_PATH_INPUT_H
#define _TESTUDO_PATH_INPUT_H

#include <linux/types.h>

struct ipsec_net;
struct nf_hook_state;
struct sk_buff;

int ipsec_in_init(void);
void ipsec_in_exit(void);
int ipsec_in_net_init(struct ipsec_net *ipn);
void ipsec_in_net_exit(struct ipsec_net *ipn);

int ipsec_in_rcv(struct sk_buff *skb, u8 family, u8 proto);
int ipsec_in_rcv_encap(struct sk_buff *skb, u8 family);
unsigned int ipsec_in_late(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *st);
unsigned int ipsec_in_prerouting(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *st);

#endif
