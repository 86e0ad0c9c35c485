// SPDX-License-Identifier: GPL-2.0
/*
 * hooks - where the roads meet netfilter: registers their hooks in a namespace
 * and says in which order. Never looks at a packet.
 *
 *   PRE_ROUTING  first    the IN road takes its record off the packet
 *   PRE_ROUTING  last     and, after destination NAT, rp_filter is kept from it
 *   LOCAL_IN     first    was it protected as the SPD demands? Before source
 *   FORWARD      first    NAT and before the filter, so that rules see only
 *                         what the SPD let in
 *   LOCAL_IN     last     what only the rules may still refuse: payload of IPComp's
 *                         tunnels that names no SA, errors about what was sent
 *   LOCAL_OUT    last     to be protected? After mangle, destination NAT and
 *   FORWARD      last     filter have seen the packet, and changed it or not;
 *                         in FORWARD this is after the inbound check
 *   POST_ROUTING NAT + 1  has source NAT made a clear packet one of those? The
 *                         hooks behind it are then called from there
 *   FORWARD      second   no flow table may take what has to come by here
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/slab.h>

#include "base/net.h"
#include "path/catch.h"
#include "path/hooks.h"
#include "path/inbound_check.h"
#include "path/input.h"
#include "path/offload.h"
#include "path/path.h"
#include "path/reverse.h"

#define HOOKS_FIRST	NF_IP_PRI_FIRST
#define HOOKS_CHECK	(NF_IP_PRI_FIRST + 1)
#define HOOKS_OFFLOAD	(NF_IP_PRI_FIRST + 2)
#define HOOKS_NAT	(NF_IP_PRI_NAT_SRC + 1)
/* conntrack's confirm has the last place of all, in LOCAL_IN */
#define HOOKS_LATE	(NF_IP_PRI_LAST - 1)

#define HOOK(family, where, when, what) \
	{ .pf = (family), .hooknum = (where), .priority = (when), \
	  .hook = (what) }
#define HOOK_BOTH(where, when, what) \
	HOOK(NFPROTO_IPV4, where, when, what), \
	HOOK(NFPROTO_IPV6, where, when, what)

static const struct nf_hook_ops hooks[] = {
	HOOK_BOTH(NF_INET_PRE_ROUTING, HOOKS_FIRST, ipsec_in_prerouting),
	HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, HOOKS_LATE,
	     ipsec_reverse_route),
	HOOK_BOTH(NF_INET_LOCAL_IN, HOOKS_CHECK, ipsec_in_check_local),
	HOOK_BOTH(NF_INET_LOCAL_IN, HOOKS_LATE, ipsec_in_late),
	HOOK_BOTH(NF_INET_FORWARD, HOOKS_CHECK, ipsec_in_check_forward),
	HOOK_BOTH(NF_INET_FORWARD, HOOKS_OFFLOAD, ipsec_offload_refuse),
	HOOK_BOTH(NF_INET_FORWARD, HOOKS_LATE, ipsec_catch_out),
	HOOK_BOTH(NF_INET_LOCAL_OUT, HOOKS_LATE, ipsec_catch_out),
	HOOK_BOTH(NF_INET_POST_ROUTING, HOOKS_NAT, ipsec_catch_after_nat),
};

/**
 * struct ipsec_hooks - the hooks of one namespace
 * @rcu: nfnetlink_hook lists hooks under RCU
 * @ops: as in the table above, with the namespace in priv
 */
struct ipsec_hooks {
	struct rcu_head rcu;
	struct nf_hook_ops ops[ARRAY_SIZE(hooks)];
};

/**
 * ipsec_hooks_register() - from now on packets of a namespace come by
 * @ipn: namespace; does nothing when its hooks are there already
 *
 * Every hook is called with @ipn as its priv.
 *
 * Context: Process, caller holds ipn->config_mutex.
 * Return: 0, or a negative errno with no hook registered.
 */
int ipsec_hooks_register(struct ipsec_net *ipn)
{
	struct ipsec_hooks *h;
	size_t i;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (ipn->path->hooks)
		return 0;

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	memcpy(h->ops, hooks, sizeof(hooks));
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		h->ops[i].priv = ipn;

	err = nf_register_net_hooks(ipn->net, h->ops, ARRAY_SIZE(hooks));
	if (err) {
		kfree_rcu(h, rcu);
		return err;
	}
	ipn->path->hooks = h;
	return 0;
}

/**
 * ipsec_hooks_unregister() - packets come by no more
 * @ipn: namespace; does nothing when there are no hooks
 *
 * Packets that wait in a queue for a verdict of user space are freed by
 * netfilter; those in a hook at this moment are through after a grace period.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_hooks_unregister(struct ipsec_net *ipn)
{
	struct ipsec_hooks *h = ipn->path->hooks;

	lockdep_assert_held(&ipn->config_mutex);
	if (!h)
		return;
	ipn->path->hooks = NULL;
	nf_unregister_net_hooks(ipn->net, h->ops, ARRAY_SIZE(hooks));
	kfree_rcu(h, rcu);
}
