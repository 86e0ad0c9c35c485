/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that wait for an SA.
 */
#ifndef _TESTUDO_PATH_HOLD_H
#define _TESTUDO_PATH_HOLD_H

#include <linux/types.h>

struct ipsec_flow;
struct ipsec_net;
struct net_device;
struct nf_hook_state;
struct sk_buff;

bool ipsec_hold(struct ipsec_net *ipn, struct sk_buff *skb,
		const struct nf_hook_state *st, const struct ipsec_flow *fl,
		unsigned long opened);
bool ipsec_hold_before(struct ipsec_net *ipn, const struct ipsec_flow *fl,
		       unsigned long *opened);
void ipsec_hold_retry(struct ipsec_net *ipn);
void ipsec_hold_forget_dev(struct ipsec_net *ipn, const struct net_device *dev);
int ipsec_hold_net_init(struct ipsec_net *ipn);
void ipsec_hold_net_exit(struct ipsec_net *ipn);

#endif
