/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks of both roads in a namespace.
 */
#ifndef _TESTUDO_PATH_HOOKS_H
#define _TESTUDO_PATH_HOOKS_H

struct ipsec_net;

int ipsec_hooks_register(struct ipsec_net *ipn);
void ipsec_hooks_unregister(struct ipsec_net *ipn);

#endif
