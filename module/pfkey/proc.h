/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/net/pfkey
 */
#ifndef _TESTUDO_PFKEY_PROC_H
#define _TESTUDO_PFKEY_PROC_H

struct net;

int pfkey_proc_net_init(struct net *net);
void pfkey_proc_net_exit(struct net *net);

#endif
