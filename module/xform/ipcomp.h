/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IPComp as a transform.
 */
#ifndef _TESTUDO_XFORM_IPCOMP_H
#define _TESTUDO_XFORM_IPCOMP_H

int ipsec_ipcomp_init(void);
void ipsec_ipcomp_exit(void);

#endif
