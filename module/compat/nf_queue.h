/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that wait for a verdict of user space: netfilter exports what drops
 * them and declares it in a header of its own, out of a module's reach.
 */
#ifndef _TESTUDO_COMPAT_NF_QUEUE_H
#define _TESTUDO_COMPAT_NF_QUEUE_H

struct net;

void nf_queue_nf_hook_drop(struct net *net);

/**
 * ipsec_compat_nf_queue_drop() - drop what waits for a verdict in a namespace
 * @net: namespace
 *
 * What is just getting its verdict is through after a grace period.
 *
 * Context: any.
 */
static inline void ipsec_compat_nf_queue_drop(struct net *net)
{
	nf_queue_nf_hook_drop(net);
}

#endif
