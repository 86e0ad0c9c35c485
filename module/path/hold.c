// SPDX-License-Identifier: GPL-2.0
/*
 * hold - keeps packets for whose SA a keying daemon has been asked, and lets
 * them go in order when it is there. Never decides what becomes of a packet:
 * each is decided about anew by catch.c.
 *
 *   catch_out --OUT_ACQUIRE--> queue --LOOK_AGAIN, or every second--> catch again
 *   output ---'                ^                                      |
 *                                '---- still nothing, and in time ------+--> go on
 *                                                                       '--> drop
 *
 * Bounded by packets for each policy (a sysctl), by packets and bytes in all,
 * and by time, which is that of a larval SA. A packet of a flow that has others
 * here waits behind them, also when its SA is there already; but not for long,
 * and not when there is no room, or who sends faster than the work item would
 * never leave this road again.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/sock.h>

#include "base/drop.h"
#include "base/mib.h"
#include "base/net.h"
#include "base/sysctl.h"
#include "path/catch.h"
#include "path/hold.h"
#include "path/path.h"
#include "sp/flow.h"
#include "sp/flow_cache.h"
#include "sp/sp.h"

#define HOLD_PACKETS	1024		/* in all policies of a namespace */
#define HOLD_BYTES	(4U << 20)	/* of memory */
#define HOLD_BUCKETS	64
#define HOLD_POLL	HZ
#define HOLD_ORDER	HZ		/* that packets wait for those in front */

/**
 * struct hold - a packet that waits
 * @list: in order of arrival; @ipsec_hold_net.lock
 * @by_flow: the same flow's others; @ipsec_hold_net.lock
 * @skb: packet, with a referenced dst
 * @st: where it was, with referenced devices and socket
 * @fl: its flow
 * @sp: policy that it waits for; referenced
 * @until: jiffies after which it waits no more
 * @opened: jiffies at which a packet of its flow first found the SA there, 0
 *	when none has; @ipsec_hold_net.lock
 * @kept: last pass of @work that left it waiting; @work's own
 */
struct hold {
	struct list_head list;
	struct hlist_node by_flow;
	struct sk_buff *skb;
	struct nf_hook_state st;
	struct ipsec_flow fl;
	struct ipsec_sp *sp;
	unsigned long until;
	unsigned long opened;
	unsigned int kept;
};

/**
 * struct ipsec_hold_net - packets that wait in one namespace
 * @ipn: namespace
 * @lock: guards the rest; BH off
 * @queue: in order of arrival, but for those that @work is looking at
 * @flows: all of them, by flow
 * @n: how many; READ_ONCE without the lock
 * @bytes: memory that they hold
 * @work: looks whether they may go
 * @pass: how often it has; @work's own
 */
struct ipsec_hold_net {
	struct ipsec_net *ipn;
	spinlock_t lock;		/* guards the rest */
	struct list_head queue;
	struct hlist_head flows[HOLD_BUCKETS];
	unsigned int n;
	unsigned int bytes;
	struct delayed_work work;
	unsigned int pass;
};

static struct hlist_head *hold_bucket(struct ipsec_hold_net *hn,
				      const struct ipsec_flow *fl)
{
	return &hn->flows[(ipsec_addr_hash(&fl->daddr, 0) ^
			   ipsec_addr_hash(&fl->saddr, fl->proto)) %
			  HOLD_BUCKETS];
}

static bool hold_same_flow(const struct ipsec_flow *a,
			   const struct ipsec_flow *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       a->sport == b->sport && a->dport == b->dport &&
	       ipsec_addr_equal(&a->saddr, &b->saddr) &&
	       ipsec_addr_equal(&a->daddr, &b->daddr);
}

/* What a packet needs to stay whole outside of its hook; false if it can not. */
static bool hold_take(struct hold *h)
{
	if (h->st.sk && !refcount_inc_not_zero(&h->st.sk->sk_refcnt))
		return false;
	if (!skb_dst_force(h->skb)) {
		if (h->st.sk)
			sock_gen_put(h->st.sk);
		return false;
	}
	dev_hold(h->st.in);
	dev_hold(h->st.out);
	return true;
}

static void hold_policy_put(struct ipsec_sp *sp)
{
	atomic_dec(&sp->held);
	ipsec_sp_put(sp);
}

/* The packet itself is gone or on its way. */
static void hold_free(struct hold *h)
{
	dev_put(h->st.in);
	dev_put(h->st.out);
	if (h->st.sk)
		sock_gen_put(h->st.sk);
	hold_policy_put(h->sp);
	kfree(h);
}

/*
 * One more for its policy? The reference and the count are taken if so. One that
 * waits only for those in front is not held against the policy's share.
 */
static struct ipsec_sp *hold_policy(struct ipsec_net *ipn,
				    const struct ipsec_flow *fl, bool opened)
{
	int most = opened ? HOLD_PACKETS : ipsec_sysctl_hold_packets(ipn);
	struct ipsec_decision d;

	ipsec_flow_decide(ipn, IPSEC_SP_OUT, fl, &d);
	if (!d.sp || !ipsec_sp_get(d.sp))
		return NULL;
	if (atomic_inc_return(&d.sp->held) <= most)
		return d.sp;
	hold_policy_put(d.sp);
	return NULL;
}

static bool hold_enqueue(struct ipsec_hold_net *hn, struct hold *h)
{
	bool ok;

	spin_lock(&hn->lock);
	ok = hn->n < HOLD_PACKETS && hn->bytes + h->skb->truesize <= HOLD_BYTES;
	if (ok) {
		WRITE_ONCE(hn->n, hn->n + 1);
		hn->bytes += h->skb->truesize;
		list_add_tail(&h->list, &hn->queue);
		hlist_add_head(&h->by_flow, hold_bucket(hn, &h->fl));
		queue_delayed_work(ipsec_net_workqueue(), &hn->work, HOLD_POLL);
	}
	spin_unlock(&hn->lock);
	return ok;
}

/**
 * ipsec_hold() - keep a packet until its SA is there
 * @ipn: namespace
 * @skb: packet in a hook, or behind all of them on the OUT road
 * @st: where it is, or where it is to go on
 * @fl: its flow
 * @opened: what ipsec_hold_before() said, or 0
 *
 * Context: RCU, BH off.
 * Return: true when the packet is not the caller's any more; false when there
 * is no room for it, or no memory.
 */
bool ipsec_hold(struct ipsec_net *ipn, struct sk_buff *skb,
		const struct nf_hook_state *st, const struct ipsec_flow *fl,
		unsigned long opened)
{
	struct hold *h = kzalloc(sizeof(*h), GFP_ATOMIC);

	if (!h)
		return false;
	h->skb = skb;
	h->st = *st;
	h->fl = *fl;
	h->opened = opened;
	h->until = jiffies + ipsec_sysctl_larval_seconds(ipn) * HZ;
	h->sp = hold_policy(ipn, fl, opened);
	if (!h->sp)
		goto err_free;
	if (!hold_take(h))
		goto err_policy;
	if (!hold_enqueue(ipn->path->hold, h)) {
		hold_free(h);
		return false;
	}
	ipsec_mib_inc(ipn, IPSEC_MIB_HELD);
	return true;

err_policy:
	hold_policy_put(h->sp);
err_free:
	kfree(h);
	return false;
}

/**
 * ipsec_hold_before() - do packets of this flow wait, now that the SA is there
 * @ipn: namespace
 * @fl: flow
 * @opened: set to when that was first found, for ipsec_hold()
 *
 * Context: RCU, BH off.
 * Return: true if so, and the next one is to wait behind them.
 */
bool ipsec_hold_before(struct ipsec_net *ipn, const struct ipsec_flow *fl,
		       unsigned long *opened)
{
	struct ipsec_hold_net *hn = ipn->path->hold;
	struct hold *h;

	*opened = 0;
	if (likely(!READ_ONCE(hn->n)))
		return false;
	spin_lock(&hn->lock);
	hlist_for_each_entry(h, hold_bucket(hn, fl), by_flow) {
		if (!hold_same_flow(&h->fl, fl))
			continue;
		if (!h->opened)
			h->opened = jiffies | 1;
		*opened = h->opened;
		break;
	}
	spin_unlock(&hn->lock);
	return *opened && time_before(jiffies, *opened + HOLD_ORDER);
}

/* It waits no more. */
static void hold_unlink(struct ipsec_hold_net *hn, struct hold *h,
			unsigned int truesize)
{
	spin_lock_bh(&hn->lock);
	hlist_del(&h->by_flow);
	WRITE_ONCE(hn->n, hn->n - 1);
	hn->bytes -= truesize;
	spin_unlock_bh(&hn->lock);
}

static void hold_end(struct ipsec_hold_net *hn, struct hold *h, int why)
{
	struct ipsec_net *ipn = hn->ipn;
	unsigned int truesize = h->skb->truesize;

	if (why) {
		ipsec_drop(ipn, h->skb, why, 0);
	} else {
		ipsec_mib_inc(ipn, IPSEC_MIB_RELEASED);
		ipsec_catch_go_on(ipn, h->skb, &h->st);
	}
	/* only now may others of its flow pass */
	hold_unlink(hn, h, truesize);
	hold_free(h);
}

/* Decide about one packet again; false when it goes on waiting. */
static bool hold_try(struct ipsec_hold_net *hn, struct hold *h)
{
	bool done = true;
	int why;

	local_bh_disable();
	rcu_read_lock();
	why = ipsec_catch_again(hn->ipn, h->skb, &h->st);
	if (why == IPSEC_DROP_OUT_ACQUIRE && time_before(jiffies, h->until))
		done = false;
	else if (why == IPSEC_DROP_OUT_ACQUIRE || why == IPSEC_DROP_OUT_NO_SA)
		why = IPSEC_DROP_OUT_WAITED;
	if (done)
		hold_end(hn, h, why);
	rcu_read_unlock();
	local_bh_enable();
	return done;
}

/*
 * Is one in front of it, of the same flow, that this pass has left waiting? The
 * SA may have come since, and the order is kept all the same.
 */
static bool hold_is_behind(struct ipsec_hold_net *hn, const struct hold *h)
{
	const struct hold *other;
	bool behind = false;

	spin_lock_bh(&hn->lock);
	hlist_for_each_entry(other, hold_bucket(hn, &h->fl), by_flow) {
		behind = other->kept == hn->pass &&
			 hold_same_flow(&other->fl, &h->fl);
		if (behind)
			break;
	}
	spin_unlock_bh(&hn->lock);
	return behind;
}

/* All that wait, once. True when there is reason to look again at once. */
static bool hold_pass(struct ipsec_hold_net *hn)
{
	struct hold *h, *next;
	bool progress = false;
	LIST_HEAD(list);
	LIST_HEAD(kept);

	spin_lock_bh(&hn->lock);
	list_splice_init(&hn->queue, &list);
	spin_unlock_bh(&hn->lock);

	hn->pass++;
	list_for_each_entry_safe(h, next, &list, list) {
		list_del(&h->list);
		if (!hold_is_behind(hn, h) && hold_try(hn, h)) {
			progress = true;
		} else {
			h->kept = hn->pass;
			list_add_tail(&h->list, &kept);
		}
		cond_resched();
	}

	spin_lock_bh(&hn->lock);
	/* those that came meanwhile may be of flows that are through */
	progress &= !list_empty(&hn->queue);
	list_splice(&kept, &hn->queue);
	spin_unlock_bh(&hn->lock);
	return progress;
}

static void hold_work(struct work_struct *work)
{
	struct ipsec_hold_net *hn = container_of(to_delayed_work(work),
						 struct ipsec_hold_net, work);

	while (hold_pass(hn))
		;
	spin_lock_bh(&hn->lock);
	if (hn->n)
		queue_delayed_work(ipsec_net_workqueue(), &hn->work, HOLD_POLL);
	spin_unlock_bh(&hn->lock);
}

/**
 * ipsec_hold_retry() - SAs have come, or will not
 * @ipn: namespace
 *
 * Context: any.
 */
void ipsec_hold_retry(struct ipsec_net *ipn)
{
	struct ipsec_hold_net *hn = ipn->path->hold;

	if (READ_ONCE(hn->n))
		mod_delayed_work(ipsec_net_workqueue(), &hn->work, 0);
}

static bool hold_is_on(const struct hold *h, const struct net_device *dev)
{
	return h->st.in == dev || h->st.out == dev || h->skb->dev == dev ||
	       skb_dst(h->skb)->dev == dev;
}

static void hold_purge(struct ipsec_hold_net *hn, const struct net_device *dev)
{
	struct hold *h, *next;
	LIST_HEAD(list);

	spin_lock_bh(&hn->lock);
	list_for_each_entry_safe(h, next, &hn->queue, list)
		if (!dev || hold_is_on(h, dev))
			list_move_tail(&h->list, &list);
	spin_unlock_bh(&hn->lock);
	list_for_each_entry_safe(h, next, &list, list)
		hold_end(hn, h, IPSEC_DROP_OUT_WAITED);
}

/**
 * ipsec_hold_forget_dev() - a device goes, which waits until nobody holds it
 * @ipn: namespace
 * @dev: device
 *
 * Context: Process, RTNL.
 */
void ipsec_hold_forget_dev(struct ipsec_net *ipn, const struct net_device *dev)
{
	struct ipsec_hold_net *hn = ipn->path->hold;

	if (!READ_ONCE(hn->n))
		return;
	/* a packet that is being looked at is in no queue */
	flush_delayed_work(&hn->work);
	hold_purge(hn, dev);
}

/**
 * ipsec_hold_net_init() - nothing waits
 * @ipn: namespace; ipn->path is there
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_hold_net_init(struct ipsec_net *ipn)
{
	struct ipsec_hold_net *hn = kzalloc(sizeof(*hn), GFP_KERNEL);

	if (!hn)
		return -ENOMEM;
	hn->ipn = ipn;
	spin_lock_init(&hn->lock);
	INIT_LIST_HEAD(&hn->queue);
	INIT_DELAYED_WORK(&hn->work, hold_work);
	ipn->path->hold = hn;
	return 0;
}

/**
 * ipsec_hold_net_exit() - drop what waits
 * @ipn: namespace, without hooks
 *
 * Context: Process, sleeps.
 */
void ipsec_hold_net_exit(struct ipsec_net *ipn)
{
	struct ipsec_hold_net *hn = ipn->path->hold;

	cancel_delayed_work_sync(&hn->work);
	hold_purge(hn, NULL);
	kfree(hn);
	ipn->path->hold = NULL;
}
