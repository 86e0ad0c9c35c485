/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sysctl tables: since 6.6 their length is passed on, and register_net_sysctl
 * became a macro that takes it from the array's type, which ours has not got.
 */
#ifndef _TESTUDO_COMPAT_SYSCTL_H
#define _TESTUDO_COMPAT_SYSCTL_H

#include <linux/sysctl.h>
#include <net/net_namespace.h>

/**
 * ipsec_register_net_sysctl() - register knobs of a namespace
 * @net: namespace
 * @path: folder under /proc/sys
 * @table: rows, with an empty one behind the last
 * @rows: number of rows without the empty one
 *
 * Return: a handle, or NULL.
 */
static inline struct ctl_table_header *
ipsec_register_net_sysctl(struct net *net, const char *path,
			  struct ctl_table *table, size_t rows)
{
#ifdef register_net_sysctl
	return register_net_sysctl_sz(net, path, table, rows);
#else
	return register_net_sysctl(net, path, table);
#endif
}

#endif
