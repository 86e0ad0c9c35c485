/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PF_KEY family comes and goes.
 */
#ifndef _TESTUDO_PFKEY_FAMILY_H
#define _TESTUDO_PFKEY_FAMILY_H

struct ipsec_net;

int ipsec_pfkey_init(void);
void ipsec_pfkey_exit(void);
int ipsec_pfkey_net_init(struct ipsec_net *ipn);
void ipsec_pfkey_net_exit(struct ipsec_net *ipn);

#endif
