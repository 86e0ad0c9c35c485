/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AH (RFC 4302): its way into main.c.
 */
#ifndef _TESTUDO_AH_H
#define _TESTUDO_AH_H

int ipsec_ah_init(void);
void ipsec_ah_exit(void);

#endif
