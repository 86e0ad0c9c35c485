/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fragments of datagrams that a socket takes in clear.
 */
#ifndef _TESTUDO_PATH_SOCK_FRAG_H
#define _TESTUDO_PATH_SOCK_FRAG_H

#include <linux/types.h>

struct ipsec_net;
struct sk_buff;

int ipsec_sock_frag_net_init(struct ipsec_net *ipn);
void ipsec_sock_frag_net_exit(struct ipsec_net *ipn);
void ipsec_sock_frag_first(struct ipsec_net *ipn, struct sk_buff *skb);
bool ipsec_sock_frag_next(struct ipsec_net *ipn, struct sk_buff *skb);

#endif
