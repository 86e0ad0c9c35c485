/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skb_gso_segment() has a header of its own since 6.5.
 */
#ifndef _TESTUDO_COMPAT_GSO_H
#define _TESTUDO_COMPAT_GSO_H

#include <linux/netdevice.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

#endif
