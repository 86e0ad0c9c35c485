// SPDX-License-Identifier: GPL-2.0
/*
 * mib - the counters of a namespace and /proc/net/testudo_stat. Never decides
 * what is counted: the lists in drop.h and mib.h do.
 */
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>

#include "base/mib.h"
#include "base/net.h"

/* Name by enum ipsec_mib; 0 is no counter. */
static const char *const mib_names[IPSEC_MIB_MAX] = {
#define X(sym, name, text) [IPSEC_DROP_##sym] = name,
	IPSEC_DROP_REASONS(X)
#undef X
#define X(sym, name, text) [IPSEC_MIB_##sym] = name,
	IPSEC_MIB_EVENTS(X)
#undef X
};

/**
 * ipsec_mib_inc() - count one
 * @ipn: namespace
 * @which: enum ipsec_mib, or a drop reason
 *
 * Context: any.
 */
void ipsec_mib_inc(struct ipsec_net *ipn, unsigned int which)
{
	this_cpu_inc(ipn->mibs->v[which]);
}

/**
 * ipsec_mib_read() - sum of a counter
 * @ipn: namespace
 * @which: enum ipsec_mib, or a drop reason
 *
 * Context: any.
 * Return: the sum over all CPUs; what is counted meanwhile may be missing.
 */
unsigned long ipsec_mib_read(struct ipsec_net *ipn, unsigned int which)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(ipn->mibs, cpu)->v[which]);
	return sum;
}

static int mib_show(struct seq_file *m, void *v)
{
	struct ipsec_net *ipn = ipsec_net_of(seq_file_single_net(m));
	unsigned int i;

	for (i = 1; i < IPSEC_MIB_MAX; i++)
		seq_printf(m, "%s %lu\n", mib_names[i], ipsec_mib_read(ipn, i));
	return 0;
}

/**
 * ipsec_mib_net_init() - counters of a new namespace
 * @ipn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_mib_net_init(struct ipsec_net *ipn)
{
	ipn->mibs = alloc_percpu(struct ipsec_mibs);
	if (!ipn->mibs)
		return -ENOMEM;

	if (!proc_create_net_single("testudo_stat", 0444, ipn->net->proc_net,
				    mib_show, NULL)) {
		free_percpu(ipn->mibs);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsec_mib_net_exit() - undo ipsec_mib_net_init()
 * @ipn: namespace; nothing counts there any more
 */
void ipsec_mib_net_exit(struct ipsec_net *ipn)
{
	remove_proc_entry("testudo_stat", ipn->net->proc_net);
	free_percpu(ipn->mibs);
}
