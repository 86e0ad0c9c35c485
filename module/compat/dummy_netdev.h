/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A net_device that only carries NAPIs: 6.10 made them allocated ones, and
 * later took away the way to set up one's own.
 */
#ifndef _TESTUDO_COMPAT_DUMMY_NETDEV_H
#define _TESTUDO_COMPAT_DUMMY_NETDEV_H

#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/version.h>

/**
 * ipsec_compat_dummy_alloc() - make a dummy device
 *
 * Context: Process, may sleep.
 * Return: the device, or NULL.
 */
static inline struct net_device *ipsec_compat_dummy_alloc(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return alloc_netdev_dummy(0);
#else
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
#endif
}

/**
 * ipsec_compat_dummy_free() - undo ipsec_compat_dummy_alloc()
 * @dev: the device, without NAPIs
 *
 * Context: Process, may sleep.
 */
static inline void ipsec_compat_dummy_free(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	free_netdev(dev);
#else
	kfree(dev);
#endif
}

#endif
