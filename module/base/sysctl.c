// SPDX-License-Identifier: GPL-2.0
/*
 * sysctl - the knobs of a namespace in /proc/sys/net/testudo/. Never acts on
 * them: rooms ask the getters when they need a value.
 */
#include <linux/slab.h>

#include "base/net.h"
#include "base/sysctl.h"
#include "compat/sysctl.h"

#define SYSCTL_REPLAY_WINDOW	32	/* packets */
#define SYSCTL_HOLD_PACKETS	64
#define SYSCTL_MSS_CLAMP	1

static unsigned int sysctl_window_max = 4096;
static unsigned int sysctl_larval_max = 24 * 60 * 60;
static unsigned int sysctl_hold_max = 1024;

/* One row a knob, and the empty one that kernels before 6.11 want behind. */
enum { SYSCTL_WINDOW, SYSCTL_LARVAL, SYSCTL_HOLD, SYSCTL_MSS, SYSCTL_ROWS };
static const struct ctl_table sysctl_rows[SYSCTL_ROWS + 1] = {
	[SYSCTL_WINDOW] = {
		.procname = "replay_window_min",
		.maxlen = sizeof(unsigned int),
		.mode = 0644,
		.proc_handler = proc_douintvec_minmax,
		.extra1 = SYSCTL_ZERO,
		.extra2 = &sysctl_window_max,
	},
	[SYSCTL_LARVAL] = {
		.procname = "larval_seconds",
		.maxlen = sizeof(unsigned int),
		.mode = 0644,
		.proc_handler = proc_douintvec_minmax,
		.extra1 = SYSCTL_ZERO,
		.extra2 = &sysctl_larval_max,
	},
	[SYSCTL_HOLD] = {
		.procname = "hold_packets",
		.maxlen = sizeof(unsigned int),
		.mode = 0644,
		.proc_handler = proc_douintvec_minmax,
		.extra1 = SYSCTL_ZERO,
		.extra2 = &sysctl_hold_max,
	},
	[SYSCTL_MSS] = {
		.procname = "mss_clamp",
		.maxlen = sizeof(unsigned int),
		.mode = 0644,
		.proc_handler = proc_douintvec_minmax,
		.extra1 = SYSCTL_ZERO,
		.extra2 = SYSCTL_ONE,
	},
};

/**
 * ipsec_sysctl_replay_window_min() - least width of a replay window
 * @ipn: namespace
 *
 * An SA that asks for replay protection gets at least this window; one that
 * asks for none gets none.
 *
 * Context: any.
 * Return: packets, 0 to 4096.
 */
unsigned int ipsec_sysctl_replay_window_min(const struct ipsec_net *ipn)
{
	return READ_ONCE(ipn->replay_window_min);
}

/**
 * ipsec_sysctl_larval_seconds() - how long an SA may stay larval
 * @ipn: namespace
 *
 * The stock stack's net.core.xfrm_acq_expires, unless ours is set.
 *
 * Context: any.
 * Return: seconds, 0 for ever.
 */
unsigned int ipsec_sysctl_larval_seconds(const struct ipsec_net *ipn)
{
	unsigned int seconds = READ_ONCE(ipn->larval_seconds);

	return seconds ?: READ_ONCE(ipn->net->xfrm.sysctl_acq_expires);
}

/**
 * ipsec_sysctl_hold_packets() - how many packets may wait for SAs
 * @ipn: namespace
 *
 * Context: any.
 * Return: packets for each policy, 0 to 1024; 0 drops them.
 */
unsigned int ipsec_sysctl_hold_packets(const struct ipsec_net *ipn)
{
	return READ_ONCE(ipn->hold_packets);
}

/**
 * ipsec_sysctl_mss_clamp() - is the MSS of protected SYNs lowered to what fits
 * @ipn: namespace
 *
 * Context: any.
 * Return: true if so.
 */
bool ipsec_sysctl_mss_clamp(const struct ipsec_net *ipn)
{
	return READ_ONCE(ipn->mss_clamp);
}

/**
 * ipsec_sysctl_net_init() - knobs of a new namespace, at their defaults
 * @ipn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_sysctl_net_init(struct ipsec_net *ipn)
{
	struct ctl_table *table;

	ipn->replay_window_min = SYSCTL_REPLAY_WINDOW;
	ipn->larval_seconds = 0;
	ipn->hold_packets = SYSCTL_HOLD_PACKETS;
	ipn->mss_clamp = SYSCTL_MSS_CLAMP;

	table = kmemdup(sysctl_rows, sizeof(sysctl_rows), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	table[SYSCTL_WINDOW].data = &ipn->replay_window_min;
	table[SYSCTL_LARVAL].data = &ipn->larval_seconds;
	table[SYSCTL_HOLD].data = &ipn->hold_packets;
	table[SYSCTL_MSS].data = &ipn->mss_clamp;

	ipn->sysctl = ipsec_register_net_sysctl(ipn->net, "net/testudo", table,
						SYSCTL_ROWS);
	if (!ipn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ipsec_sysctl_net_exit() - undo ipsec_sysctl_net_init()
 * @ipn: namespace
 */
void ipsec_sysctl_net_exit(struct ipsec_net *ipn)
{
	const struct ctl_table *table = ipn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(ipn->sysctl);
	kfree(table);
}
