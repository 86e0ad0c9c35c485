// SPDX-License-Identifier: GPL-2.0
/*
 * RCU with one thread (one_cpu.h), and what the SPD calls in rooms that are not
 * pure: namespaces, counters, events.
 */
#include <one_cpu.h>

#include "base/event.h"
#include "base/mib.h"
#include "base/net.h"

int shim_bh_off;

/* nobody looks into it */
struct net {
	int none;
} init_net;

static int rcu_depth;
static struct rcu_head *rcu_waiting;

static void rcu_end(struct rcu_head *head)
{
	if (head->func)
		head->func(head);
	else
		free(head->mem);
}

void rcu_read_lock(void)
{
	rcu_depth++;
}

void rcu_read_unlock(void)
{
	struct rcu_head *head;

	shim_assert(rcu_depth > 0);
	if (--rcu_depth)
		return;
	while ((head = rcu_waiting)) {
		rcu_waiting = head->next;
		rcu_end(head);
	}
}

bool shim_rcu_reading(void)
{
	return rcu_depth > 0;
}

void shim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head), void *mem)
{
	head->func = func;
	head->mem = mem;
	if (!rcu_depth) {
		rcu_end(head);
		return;
	}
	head->next = rcu_waiting;
	rcu_waiting = head;
}

int ipsec_net_use(struct ipsec_net *ipn)
{
	lockdep_assert_held(&ipn->config_mutex);
	ipn->users++;
	return 0;
}

void ipsec_net_unuse(struct ipsec_net *ipn)
{
	lockdep_assert_held(&ipn->config_mutex);
	shim_assert(ipn->users > 0);
	ipn->users--;
}

struct workqueue_struct *ipsec_net_workqueue(void)
{
	return NULL;
}

void ipsec_mib_inc(struct ipsec_net *ipn, unsigned int which)
{
	ipn->mibs->v[which]++;
}

int ipsec_event_emit(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	/* no lifetime ends here */
	shim_assert(!"an event");
	return 0;
}

void ipsec_net_new_policy(struct ipsec_net *ipn)
{
	ipsec_net_new_gen(ipn);
}
