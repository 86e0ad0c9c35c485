/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which packets come onto the OUT road.
 */
#ifndef _TESTUDO_PATH_CATCH_H
#define _TESTUDO_PATH_CATCH_H

struct ipsec_net;
struct nf_hook_state;
struct sk_buff;

int ipsec_catch_again(struct ipsec_net *ipn, struct sk_buff *skb,
		      const struct nf_hook_state *st);
void ipsec_catch_go_on(struct ipsec_net *ipn, struct sk_buff *skb,
		       const struct nf_hook_state *st);
unsigned int ipsec_catch_out(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *st);
unsigned int ipsec_catch_after_nat(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *st);

#endif
