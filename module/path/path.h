/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two roads share: their state in a namespace, and how their packets
 * are waited for.
 */
#ifndef _TESTUDO_PATH_H
#define _TESTUDO_PATH_H

#include <linux/atomic.h>
#include <linux/workqueue.h>

struct ipsec_hold_net;
struct ipsec_hooks;
struct ipsec_in_net;
struct ipsec_net;
struct ipsec_sock_frags;

/**
 * struct ipsec_path_net - the roads in one namespace
 * @ipn: whose roads these are
 * @idle: takes the hooks away when nobody has needed them for a while
 * @in: what the IN road keeps, path/secpath.c
 * @hold: packets that wait for an SA, path/hold.c
 * @sock_frags: fragments that sockets take in clear, path/sock_frag.c
 * @hooks: netfilter hooks while they are registered, else NULL;
 *	ipn->config_mutex
 * @used: there has been an SA or a policy; ipn->config_mutex
 * @inflight: packets of both roads in asynchronous crypto
 * @dsts: struct ipsec_dst alive, path/outdst.c
 * @voided: generation in which path/offload.c last voided flow tables
 */
struct ipsec_path_net {
	struct ipsec_net *ipn;
	struct delayed_work idle;
	struct ipsec_in_net *in;
	struct ipsec_hold_net *hold;
	struct ipsec_sock_frags *sock_frags;
	struct ipsec_hooks *hooks;
	bool used;
	atomic_t inflight;
	atomic_t dsts;
	u32 voided;
};

int ipsec_path_init(void);
void ipsec_path_exit(void);
int ipsec_path_start(void);
void ipsec_path_stop(void);
int ipsec_path_net_init(struct ipsec_net *ipn);
void ipsec_path_net_pre_exit(struct ipsec_net *ipn);
void ipsec_path_net_exit(struct ipsec_net *ipn);

/**
 * ipsec_path_async_begin() - a packet may be about to wait for its crypto
 * @pn: the roads that it is on
 *
 * Context: any, before the transform is called.
 */
static inline void ipsec_path_async_begin(struct ipsec_path_net *pn)
{
	atomic_inc(&pn->inflight);
}

/**
 * ipsec_path_async_end() - and it has left our code
 * @pn: the roads; may be gone when this returns
 *
 * Context: softirq, or process with BH off: the unload waits for the end of
 * such sections once more.
 */
static inline void ipsec_path_async_end(struct ipsec_path_net *pn)
{
	atomic_dec(&pn->inflight);
}

#endif
