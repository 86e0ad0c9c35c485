/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The per-CPU cache of decisions: flow and direction -> policy, and for
 * outbound flows the dst that leads to our output.
 */
#ifndef _TESTUDO_SP_FLOW_CACHE_H
#define _TESTUDO_SP_FLOW_CACHE_H

#include "base/selector.h"
#include "sp/sp.h"

struct dst_entry;

/**
 * struct ipsec_decision - what the cache remembers
 * @sp: the policy, NULL when none matches; borrowed under RCU
 * @dst: outbound: where to go on; referenced by the cache, borrowed by the
 *	caller under RCU (dst_hold_safe() to keep it); NULL when none was set
 * @opaque_risk: the flow is opaque, @sp would let it pass in clear, and a
 *	policy in front of @sp, which names ports, protects or discards traffic
 *	that this may be part of: it must not pass
 * @gen: ipsec_net_gen() before the tables were asked
 */
struct ipsec_decision {
	struct ipsec_sp *sp;
	struct dst_entry *dst;
	bool opaque_risk;
	u32 gen;
};

/* packets: under rcu_read_lock(), BH off */
void ipsec_flow_decide(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
		       const struct ipsec_flow *fl, struct ipsec_decision *d);
void ipsec_flow_set_dst(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			const struct ipsec_flow *fl, struct dst_entry *dst,
			u32 gen);

/* control */
int ipsec_flow_cache_alloc(struct ipsec_net *ipn);
void ipsec_flow_cache_purge(struct ipsec_net *ipn);

int ipsec_flow_cache_net_init(struct ipsec_net *ipn);
void ipsec_flow_cache_net_exit(struct ipsec_net *ipn);

#endif
