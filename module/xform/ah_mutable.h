/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ICV of AH sees of the headers in front of it. Pure: no state, no
 * locks, callable in any context; compiled for user space by the unit tests.
 */
#ifndef _TESTUDO_AH_MUTABLE_H
#define _TESTUDO_AH_MUTABLE_H

#include <linux/types.h>

int ipsec_ah_mask(u8 *hdr, unsigned int len, u16 family);

#endif
