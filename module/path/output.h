/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The OUT road.
 */
#ifndef _TESTUDO_PATH_OUTPUT_H
#define _TESTUDO_PATH_OUTPUT_H

struct net;
struct sk_buff;
struct sock;

int ipsec_out_errno(int why);
int ipsec_output_finish(struct net *net, struct sock *sk, struct sk_buff *skb);
int ipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb);

#endif
