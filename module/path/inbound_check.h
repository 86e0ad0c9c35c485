/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Was a packet protected as the SPD demands?
 */
#ifndef _TESTUDO_PATH_INBOUND_CHECK_H
#define _TESTUDO_PATH_INBOUND_CHECK_H

struct nf_hook_state;
struct sk_buff;

unsigned int ipsec_in_check_local(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *st);
unsigned int ipsec_in_check_forward(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *st);

#endif
