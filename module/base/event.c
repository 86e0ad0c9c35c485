// SPDX-License-Identifier: GPL-2.0
/*
 * event - hands events from the tables and the packet roads up to whoever
 * subscribed. Never knows who that is, and holds no lock while it tells them.
 */
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/srcu.h>

#include "base/event.h"

static LIST_HEAD(event_listeners);		/* @event_mutex; read in SRCU */
static DEFINE_MUTEX(event_mutex);
DEFINE_STATIC_SRCU(event_srcu);

/**
 * ipsec_event_subscribe() - be told of events from now on
 * @l: listener; must stay until it is unsubscribed
 *
 * Context: Process.
 */
void ipsec_event_subscribe(struct ipsec_listener *l)
{
	mutex_lock(&event_mutex);
	list_add_tail_rcu(&l->list, &event_listeners);
	mutex_unlock(&event_mutex);
}

/**
 * ipsec_event_unsubscribe() - be told no more
 * @l: listener; no call to it runs when this returns
 *
 * Context: Process; not from within a listener.
 */
void ipsec_event_unsubscribe(struct ipsec_listener *l)
{
	mutex_lock(&event_mutex);
	list_del_rcu(&l->list);
	mutex_unlock(&event_mutex);
	synchronize_srcu(&event_srcu);
}

/**
 * ipsec_event_emit() - tell the listeners, in order of subscription
 * @ipn: namespace in which it happened
 * @ev: what happened; what it points to is borrowed until the return
 *
 * A listener may emit in turn.
 *
 * Context: Process, no spinlock held; see enum ipsec_event_type for
 * ipn->config_mutex.
 * Return: 0, or the first listener's negative errno; those after it were then
 * not told.
 */
int ipsec_event_emit(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	struct ipsec_listener *l;
	int err = 0;
	int idx;

	might_sleep();
	idx = srcu_read_lock(&event_srcu);
	list_for_each_entry_srcu(l, &event_listeners, list,
				 srcu_read_lock_held(&event_srcu)) {
		err = l->event(ipn, ev);
		if (err)
			break;
	}
	srcu_read_unlock(&event_srcu, idx);
	return err;
}

/**
 * ipsec_event_look_again() - what packets wait for may be there now
 * @ipn: namespace
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_event_look_again(struct ipsec_net *ipn)
{
	static const struct ipsec_event ev = { .type = IPSEC_EVENT_LOOK_AGAIN };

	ipsec_event_emit(ipn, &ev);
}
