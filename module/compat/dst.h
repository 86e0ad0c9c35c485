/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dst_alloc(): it took the first reference count as an argument, and now
 * always starts with one.
 */
#ifndef _TESTUDO_COMPAT_DST_H
#define _TESTUDO_COMPAT_DST_H

#include <net/dst.h>

typedef void *(*ipsec_compat_dst_alloc_old)(struct dst_ops *ops,
					    struct net_device *dev,
					    int initial_ref,
					    int initial_obsolete,
					    unsigned short flags);
typedef void *(*ipsec_compat_dst_alloc_new)(struct dst_ops *ops,
					    struct net_device *dev,
					    int initial_obsolete,
					    unsigned short flags);

/**
 * ipsec_compat_dst_alloc() - allocate a dst with one reference
 * @ops: its operations, with the cache to take it from
 * @dev: its device; a reference is taken
 * @obsolete: DST_OBSOLETE_*
 * @flags: DST_*
 *
 * Context: any.
 * Return: the dst; what follows struct dst_entry is not cleared. NULL without
 * memory.
 */
static inline void *ipsec_compat_dst_alloc(struct dst_ops *ops,
					   struct net_device *dev,
					   int obsolete, unsigned short flags)
{
	const void *alloc = dst_alloc;

	if (__same_type(&dst_alloc, ipsec_compat_dst_alloc_old))
		return ((ipsec_compat_dst_alloc_old)alloc)(ops, dev, 1,
							   obsolete, flags);

	BUILD_BUG_ON(!__same_type(&dst_alloc, ipsec_compat_dst_alloc_old) &&
		     !__same_type(&dst_alloc, ipsec_compat_dst_alloc_new));
	return ((ipsec_compat_dst_alloc_new)alloc)(ops, dev, obsolete, flags);
}

#endif
