/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The OUT road: how packets come onto it.
 */
#ifndef _TESTUDO_PATH_OUTPUT_H
#define _TESTUDO_PATH_OUTPUT_H

struct net;
struct nf_hook_state;
struct sk_buff;
struct sock;

unsigned int ipsec_out_catch(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *st);
unsigned int ipsec_out_after_nat(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *st);
int ipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb);

#endif
