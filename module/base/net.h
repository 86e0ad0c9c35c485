/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct ipsec_net: everything the module keeps for one network namespace,
 * and the order in which the rooms come and go.
 */
#ifndef _TESTUDO_BASE_NET_H
#define _TESTUDO_BASE_NET_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <net/net_namespace.h>

struct ipsec_acquire_net;
struct ipsec_mibs;
struct ipsec_sad;
struct ipsec_spd;
struct ipsec_flow_cache;
struct ipsec_path_net;
struct ipsec_pfkey_net;
struct ctl_table_header;
struct workqueue_struct;

/**
 * struct ipsec_net - the module's state in one network namespace
 * @net: the namespace; valid as long as this struct
 * @config_mutex: held by every change to SAD or SPD, process context
 * @gen: generation; a decision taken under another generation is void.
 *	Changed by ipsec_net_new_gen() only
 * @users: number of SAs and policies; the packet hooks exist while it is not 0
 * @leaving: the namespace's exit has begun: IPSEC_EVENT_USERS is emitted no
 *	more, rooms undo on their own what they did for it
 * @keyers: sockets that want to be asked for SAs: written by pfkey/, READ_ONCE
 *	by packets
 * @mibs: counters, base/mib.c
 * @sad: security associations, sa/sad.c
 * @acquire: questions for SAs, sa/acquire.c
 * @spd: security policies, sp/spd.c
 * @flows: cached decisions, sp/flow_cache.c; NULL until the first policy
 * @path: what the packet roads keep, path/
 * @pfkey: what the control plane keeps, pfkey/
 * @sysctl: registered knobs, base/sysctl.c
 * @replay_window_min: sysctl, least replay window in packets
 * @larval_seconds: sysctl, how long an SA may stay larval; 0 follows
 *	net.core.xfrm_acq_expires
 * @hold_packets: sysctl, packets that one policy may have waiting for SAs
 * @mss_clamp: sysctl, whether the MSS of SYNs is lowered to what fits
 *
 * Freed right after the last net_exit, without a grace period of its own: an
 * RCU callback or work item that outlives its room's net_exit must not touch it.
 */
struct ipsec_net {
	struct net *net;
	struct mutex config_mutex;
	atomic_t gen;
	int users;			/* @config_mutex */
	bool leaving;			/* @config_mutex */
	unsigned int keyers;
	struct ipsec_mibs __percpu *mibs;
	struct ipsec_sad *sad;
	struct ipsec_acquire_net *acquire;
	struct ipsec_spd *spd;
	struct ipsec_flow_cache *flows;
	struct ipsec_path_net *path;
	struct ipsec_pfkey_net *pfkey;
	struct ctl_table_header *sysctl;
	unsigned int replay_window_min;
	unsigned int larval_seconds;
	unsigned int hold_packets;
	unsigned int mss_clamp;
};

/**
 * struct ipsec_room - a room that has something to set up
 * @name: for the log
 * @init: once, at module load; may sleep; may be NULL
 * @exit: once, at unload, after all namespaces are gone; may be NULL
 * @start: once, when every namespace has its struct ipsec_net; may be NULL. The
 *	place to register what finds its way from struct net to ours
 * @stop: undo @start, before the first net_pre_exit of the unload; may be NULL
 * @net_init: for each namespace, in table order; may be NULL
 * @net_pre_exit: for each namespace, in reverse order, before any net_exit;
 *	may be NULL. The place to unregister what brings packets: a grace period
 *	lies between all of these and the first net_exit
 * @net_exit: for each namespace, in reverse order; may be NULL. May sleep.
 *	RCU callbacks it starts are waited for before unload
 */
struct ipsec_room {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
	int (*start)(void);
	void (*stop)(void);
	int (*net_init)(struct ipsec_net *ipn);
	void (*net_pre_exit)(struct ipsec_net *ipn);
	void (*net_exit)(struct ipsec_net *ipn);
};

int ipsec_net_register(const struct ipsec_room *rooms, size_t n);
void ipsec_net_unregister(void);
struct ipsec_net *ipsec_net_of(const struct net *net);
int ipsec_net_use(struct ipsec_net *ipn);
void ipsec_net_unuse(struct ipsec_net *ipn);
struct workqueue_struct *ipsec_net_workqueue(void);

/**
 * ipsec_net_gen() - generation to store with a decision
 * @ipn: namespace
 *
 * Read it before the tables are read: then a change in between only makes the
 * decision look older than it is.
 *
 * Return: the generation.
 */
static inline u32 ipsec_net_gen(const struct ipsec_net *ipn)
{
	return (u32)atomic_read_acquire(&ipn->gen);
}

/**
 * ipsec_net_new_gen() - void every cached decision of a namespace
 * @ipn: namespace
 *
 * Call it after the change is visible in the tables, and before what was
 * removed is given to RCU.
 *
 * Context: any.
 */
static inline void ipsec_net_new_gen(struct ipsec_net *ipn)
{
	/* full barrier: the change before the new generation */
	atomic_inc_return(&ipn->gen);
}

bool ipsec_net_has_flowtables(const struct ipsec_net *ipn);
void ipsec_net_flowtables_void(struct ipsec_net *ipn);
void ipsec_net_new_policy(struct ipsec_net *ipn);

#endif
