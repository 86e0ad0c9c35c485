// SPDX-License-Identifier: GPL-2.0
/*
 * net - struct ipsec_net of each namespace, and the order in which rooms come
 * and go. Never knows what a room does.
 */
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "base/event.h"
#include "base/net.h"

static unsigned int net_id __read_mostly;
static const struct ipsec_room *net_rooms;
static size_t net_nrooms;
static struct workqueue_struct *net_wq;

/**
 * ipsec_net_of() - our state in a namespace
 * @net: a namespace in which the module's net_init has run
 *
 * Context: any.
 * Return: never NULL.
 */
struct ipsec_net *ipsec_net_of(const struct net *net)
{
	return net_generic(net, net_id);
}

/**
 * ipsec_net_workqueue() - where the module's deferred work runs
 *
 * For work that must be over before the module goes: it is drained after the
 * last namespace's exit and before the first room's.
 *
 * Return: an unbound queue; its items run in parallel.
 */
struct workqueue_struct *ipsec_net_workqueue(void)
{
	return net_wq;
}

static int net_users_changed(struct ipsec_net *ipn)
{
	static const struct ipsec_event ev = { .type = IPSEC_EVENT_USERS };

	return ipsec_event_emit(ipn, &ev);
}

/**
 * ipsec_net_use() - an SA or policy is about to come
 * @ipn: namespace
 *
 * The first one tells IPSEC_EVENT_USERS, by which the packet hooks are
 * registered. If a listener refuses, the others are told that nothing is there.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0; -ESHUTDOWN in a namespace that is on its end; or a listener's
 * negative errno. Nothing has changed then.
 */
int ipsec_net_use(struct ipsec_net *ipn)
{
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (ipn->leaving)
		return -ESHUTDOWN;
	if (ipn->users++)
		return 0;

	err = net_users_changed(ipn);
	if (err) {
		ipn->users = 0;
		net_users_changed(ipn);
	}
	return err;
}

/**
 * ipsec_net_unuse() - an SA or policy has gone
 * @ipn: namespace
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_net_unuse(struct ipsec_net *ipn)
{
	lockdep_assert_held(&ipn->config_mutex);
	if (!--ipn->users && !ipn->leaving)
		net_users_changed(ipn);
}

static void net_exit_rooms(struct ipsec_net *ipn, size_t n)
{
	while (n--) {
		if (net_rooms[n].net_exit)
			net_rooms[n].net_exit(ipn);
	}
}

static void net_pre_exit_rooms(struct ipsec_net *ipn, size_t n)
{
	mutex_lock(&ipn->config_mutex);
	ipn->leaving = true;
	mutex_unlock(&ipn->config_mutex);

	while (n--) {
		if (net_rooms[n].net_pre_exit)
			net_rooms[n].net_pre_exit(ipn);
	}
}

static int __net_init net_enter(struct net *net)
{
	struct ipsec_net *ipn = ipsec_net_of(net);
	size_t i;
	int err;

	ipn->net = net;
	mutex_init(&ipn->config_mutex);
	/* what a zeroed cache entry holds is no generation */
	atomic_set(&ipn->gen, 1);

	for (i = 0; i < net_nrooms; i++) {
		if (!net_rooms[i].net_init)
			continue;
		err = net_rooms[i].net_init(ipn);
		if (err)
			goto err_rooms;
	}
	return 0;

err_rooms:
	pr_err("testudo: no %s in this network namespace: error %d\n",
	       net_rooms[i].name, err);
	net_pre_exit_rooms(ipn, i);
	synchronize_rcu();
	net_exit_rooms(ipn, i);
	mutex_destroy(&ipn->config_mutex);
	return err;
}

static void __net_exit net_pre_leave(struct net *net)
{
	net_pre_exit_rooms(ipsec_net_of(net), net_nrooms);
}

static void __net_exit net_leave(struct net *net)
{
	struct ipsec_net *ipn = ipsec_net_of(net);

	net_exit_rooms(ipn, net_nrooms);
	mutex_destroy(&ipn->config_mutex);
}

/**
 * ipsec_net_has_flowtables() - may there be flow tables in a namespace
 * @ipn: namespace
 *
 * Their module gives every namespace a counter block before it can have a flow
 * table; the pointer is only looked at.
 *
 * Context: any.
 * Return: false if there is none for sure.
 */
bool ipsec_net_has_flowtables(const struct ipsec_net *ipn)
{
#if IS_ENABLED(CONFIG_NF_FLOW_TABLE)
	return READ_ONCE(ipn->net->ft.stat);
#else
	return false;
#endif
}

/**
 * ipsec_net_flowtables_void() - flow tables look for their routes anew
 * @ipn: namespace
 *
 * And show the packets that they do it for to the FORWARD hooks.
 *
 * Context: any.
 */
void ipsec_net_flowtables_void(struct ipsec_net *ipn)
{
	rt_genid_bump_all(ipn->net);
}

/**
 * ipsec_net_new_policy() - ipsec_net_new_gen() for a change of the SPD
 * @ipn: namespace
 *
 * A flow table keeps what the SPD had said of its connections, and packets may
 * wait for an SA that no policy asks for any more.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_net_new_policy(struct ipsec_net *ipn)
{
	lockdep_assert_held(&ipn->config_mutex);
	ipsec_net_new_gen(ipn);
	if (ipsec_net_has_flowtables(ipn))
		ipsec_net_flowtables_void(ipn);
	if (!ipn->leaving)
		ipsec_event_look_again(ipn);
}

static struct pernet_operations net_ops = {
	.init = net_enter,
	.pre_exit = net_pre_leave,
	.exit = net_leave,
	.id = &net_id,
	.size = sizeof(struct ipsec_net),
};

/*
 * Until nothing of the namespaces is left: an RCU callback may queue work and
 * a work item may start an RCU callback, but neither starts the other twice.
 */
static void net_settle(void)
{
	rcu_barrier();
	drain_workqueue(net_wq);
	rcu_barrier();
}

static void net_room_exits(size_t n)
{
	while (n--) {
		if (net_rooms[n].exit)
			net_rooms[n].exit();
	}
	/* no callback may run in text that is about to go */
	rcu_barrier();
}

static void net_room_stops(size_t n)
{
	while (n--) {
		if (net_rooms[n].stop)
			net_rooms[n].stop();
	}
}

static int net_room_starts(void)
{
	size_t i;
	int err;

	for (i = 0; i < net_nrooms; i++) {
		if (!net_rooms[i].start)
			continue;
		err = net_rooms[i].start();
		if (err) {
			pr_err("testudo: %s does not start: error %d\n",
			       net_rooms[i].name, err);
			net_room_stops(i);
			return err;
		}
	}
	return 0;
}

/**
 * ipsec_net_register() - set up all rooms, here and in every namespace
 * @rooms: in layer order; must stay valid until ipsec_net_unregister()
 * @n: number of @rooms
 *
 * Context: Process, module load. The first packet and the first PF_KEY socket
 * may come before this returns.
 * Return: 0, or a negative errno with everything undone.
 */
int ipsec_net_register(const struct ipsec_room *rooms, size_t n)
{
	size_t i;
	int err;

	net_rooms = rooms;
	net_nrooms = n;
	net_wq = alloc_workqueue("testudo", WQ_UNBOUND, 0);
	if (!net_wq)
		return -ENOMEM;

	for (i = 0; i < n; i++) {
		if (!rooms[i].init)
			continue;
		err = rooms[i].init();
		if (err) {
			pr_err("testudo: %s does not start: error %d\n",
			       rooms[i].name, err);
			goto err_rooms;
		}
	}

	err = register_pernet_subsys(&net_ops);
	if (err)
		goto err_rooms;
	err = net_room_starts();
	if (err)
		goto err_pernet;
	return 0;

err_pernet:
	unregister_pernet_subsys(&net_ops);
err_rooms:
	net_settle();
	net_room_exits(i);
	destroy_workqueue(net_wq);
	return err;
}

/**
 * ipsec_net_unregister() - undo ipsec_net_register()
 *
 * Waits for every RCU callback and work item that the rooms started.
 *
 * Context: Process, module unload.
 */
void ipsec_net_unregister(void)
{
	net_room_stops(net_nrooms);
	unregister_pernet_subsys(&net_ops);
	net_settle();
	net_room_exits(net_nrooms);
	destroy_workqueue(net_wq);
}
