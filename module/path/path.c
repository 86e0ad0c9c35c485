// SPDX-License-Identifier: GPL-2.0
/*
 * path - the coming and going of the roads: their state in a namespace, when
 * hooks are there, and the waiting for packets at the end. Never handles a
 * packet.
 */
#include <linux/delay.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "base/event.h"
#include "base/net.h"
#include "compat/nf_queue.h"
#include "path/hold.h"
#include "path/hooks.h"
#include "path/input.h"
#include "path/outdst.h"
#include "path/path.h"
#include "path/protocol.h"
#include "path/sock_frag.h"
#include "sp/flow_cache.h"

/* How often the end of a namespace looks for its last packets. */
#define PATH_POLL_MS	5

/* How long hooks outlive the last SA and policy. */
#define PATH_IDLE_SECONDS	2

static void path_idle(struct work_struct *work)
{
	struct ipsec_path_net *pn = container_of(to_delayed_work(work),
						 struct ipsec_path_net, idle);
	struct ipsec_net *ipn = pn->ipn;

	mutex_lock(&ipn->config_mutex);
	if (!ipn->users)
		ipsec_hooks_unregister(ipn);
	mutex_unlock(&ipn->config_mutex);
}

/*
 * A namespace without SAs and policies has no hooks, and its packets pay
 * nothing. Before the first one is inserted they are there. They go some time
 * after the last one: both ways patch the kernel's text, which is too dear for
 * every "flush" that is followed by an "add".
 */
static int path_event(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	if (ev->type == IPSEC_EVENT_LOOK_AGAIN)
		ipsec_hold_retry(ipn);
	if (ev->type != IPSEC_EVENT_USERS)
		return 0;
	if (ipn->users) {
		ipn->path->used = true;
		return ipsec_hooks_register(ipn);
	}
	mod_delayed_work(ipsec_net_workqueue(), &ipn->path->idle,
			 PATH_IDLE_SECONDS * HZ);
	return 0;
}

static struct ipsec_listener path_listener = { .event = path_event };

/*
 * Cached dsts hold their device. The unregistering of a device waits until
 * nobody does.
 */
static int path_netdev_event(struct notifier_block *nb, unsigned long event,
			     void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct ipsec_net *ipn = ipsec_net_of(dev_net(dev));

	if (event != NETDEV_DOWN && event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	ipsec_hold_forget_dev(ipn, dev);
	if (!atomic_read(&ipn->path->dsts))
		return NOTIFY_DONE;
	ipsec_net_new_gen(ipn);
	ipsec_flow_cache_purge(ipn);
	return NOTIFY_DONE;
}

static struct notifier_block path_netdev_notifier = {
	.notifier_call = path_netdev_event,
};

/**
 * ipsec_path_net_init() - the roads of a new namespace
 * @ipn: namespace
 *
 * Return: 0 or a negative errno.
 */
int ipsec_path_net_init(struct ipsec_net *ipn)
{
	int err;

	ipn->path = kzalloc(sizeof(*ipn->path), GFP_KERNEL);
	if (!ipn->path)
		return -ENOMEM;
	ipn->path->ipn = ipn;
	INIT_DELAYED_WORK(&ipn->path->idle, path_idle);

	err = ipsec_hold_net_init(ipn);
	if (err)
		goto err_path;
	err = ipsec_in_net_init(ipn);
	if (err)
		goto err_hold;
	err = ipsec_sock_frag_net_init(ipn);
	if (err)
		goto err_in;
	return 0;

err_in:
	ipsec_in_net_exit(ipn);
err_hold:
	ipsec_hold_net_exit(ipn);
err_path:
	kfree(ipn->path);
	ipn->path = NULL;
	return err;
}

/**
 * ipsec_path_net_pre_exit() - no new packets of a namespace that stays
 * @ipn: namespace; a grace period follows
 *
 * The devices of a namespace that dies go after this, and until then it
 * forwards what its neighbours send. Its hooks stay for so long: a packet
 * under "require" must not leave in clear because the end has begun.
 */
void ipsec_path_net_pre_exit(struct ipsec_net *ipn)
{
	cancel_delayed_work_sync(&ipn->path->idle);
	if (!check_net(ipn->net))
		return;
	mutex_lock(&ipn->config_mutex);
	ipsec_hooks_unregister(ipn);
	mutex_unlock(&ipn->config_mutex);
}

/*
 * What pre_exit has left in a namespace that dies. Its devices are gone, unless
 * it is the module that goes, before the core came to this namespace.
 */
static void path_unhook_dead(struct ipsec_net *ipn)
{
	if (!ipn->path->hooks)
		return;
	mutex_lock(&ipn->config_mutex);
	ipsec_hooks_unregister(ipn);
	mutex_unlock(&ipn->config_mutex);
	/* as the core does itself: all other namespaces' ends wait for us */
	synchronize_rcu_expedited();
}

/*
 * A packet on the OUT road holds its ipsec_dst, or crypto counts it. Such a
 * packet may put a decision into the flow cache again, hence the loop.
 *
 * Each may end in a queue of netfilter, with a function of ours to go on with:
 * what crypto gives back to the IN road passes PRE_ROUTING, and nothing counts
 * it there. The end of the hooks has emptied the queues, but that was before.
 */
static void path_wait(struct ipsec_net *ipn)
{
	struct ipsec_path_net *pn = ipn->path;

	for (;;) {
		ipsec_flow_cache_purge(ipn);
		if (!atomic_read(&pn->inflight) && !atomic_read(&pn->dsts))
			break;
		ipsec_compat_nf_queue_drop(ipn->net);
		msleep(PATH_POLL_MS);
	}
	if (!pn->used)
		return;
	ipsec_compat_nf_queue_drop(ipn->net);
	synchronize_rcu_expedited();
}

/**
 * ipsec_path_net_exit() - the end of a namespace's roads
 * @ipn: namespace; without hooks, or without devices, which leave first
 *
 * Context: Process; waits for packets in crypto and in queues.
 */
void ipsec_path_net_exit(struct ipsec_net *ipn)
{
	path_unhook_dead(ipn);
	ipsec_hold_net_exit(ipn);
	path_wait(ipn);
	ipsec_sock_frag_net_exit(ipn);
	ipsec_in_net_exit(ipn);
	kfree(ipn->path);
	ipn->path = NULL;
}

/**
 * ipsec_path_start() - watch devices and receive IPsec, now that
 *	namespaces are known
 *
 * Return: 0 or a negative errno.
 */
int ipsec_path_start(void)
{
	int err = register_netdevice_notifier(&path_netdev_notifier);

	if (err)
		return err;
	err = ipsec_protocol_start();
	if (err)
		unregister_netdevice_notifier(&path_netdev_notifier);
	return err;
}

/**
 * ipsec_path_stop() - undo ipsec_path_start()
 */
void ipsec_path_stop(void)
{
	ipsec_protocol_stop();
	unregister_netdevice_notifier(&path_netdev_notifier);
}

/**
 * ipsec_path_init() - set up what all namespaces share
 *
 * Return: 0 or a negative errno with nothing left.
 */
int ipsec_path_init(void)
{
	int err;

	err = ipsec_outdst_init();
	if (err)
		return err;
	err = ipsec_in_init();
	if (err) {
		ipsec_outdst_exit();
		return err;
	}
	ipsec_event_subscribe(&path_listener);
	return 0;
}

/**
 * ipsec_path_exit() - undo ipsec_path_init(), after the last namespace
 *
 * A packet's last steps in our text may come after everything that counts it:
 * a task preempted there is waited for by the tasks' own grace period.
 */
void ipsec_path_exit(void)
{
	ipsec_event_unsubscribe(&path_listener);
	ipsec_in_exit();
	synchronize_rcu();
	synchronize_rcu_tasks();
	ipsec_outdst_exit();
}
