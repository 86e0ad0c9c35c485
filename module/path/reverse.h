/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The route of what came through SAs.
 */
#ifndef _TESTUDO_PATH_REVERSE_H
#define _TESTUDO_PATH_REVERSE_H

struct nf_hook_state;
struct sk_buff;

unsigned int ipsec_reverse_route(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *st);

#endif
