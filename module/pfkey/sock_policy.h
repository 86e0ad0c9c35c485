/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IP_IPSEC_POLICY and IPV6_IPSEC_POLICY.
 */
#ifndef _TESTUDO_PFKEY_SOCK_POLICY_H
#define _TESTUDO_PFKEY_SOCK_POLICY_H

void pfkey_sock_policy_init(void);
void pfkey_sock_policy_exit(void);

#endif
