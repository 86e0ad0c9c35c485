/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flow tables, which carry packets past both roads.
 */
#ifndef _TESTUDO_PATH_OFFLOAD_H
#define _TESTUDO_PATH_OFFLOAD_H

struct ipsec_net;
struct nf_hook_state;
struct sk_buff;

unsigned int ipsec_offload_refuse(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *st);
void ipsec_offload_undo(struct ipsec_net *ipn, struct sk_buff *skb);

#endif
