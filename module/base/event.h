/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events upward: what the tables and the packet roads tell the control plane
 * without knowing it.
 */
#ifndef _TESTUDO_BASE_EVENT_H
#define _TESTUDO_BASE_EVENT_H

#include <linux/list.h>
#include <linux/types.h>

struct ipsec_net;
struct ipsec_sa;
struct ipsec_sp;

/**
 * enum ipsec_event_type - what happened
 * @IPSEC_EVENT_SA_SOFT: a soft lifetime was reached; the SA is DYING and works
 * @IPSEC_EVENT_SA_HARD: a hard lifetime was reached; the SA is DEAD, unlinked
 * @IPSEC_EVENT_SP_HARD: a policy's lifetime ended; it is unlinked
 * @IPSEC_EVENT_USERS: the first SA or policy came, or the last one went
 *	(ipn->users). The only one emitted under ipn->config_mutex
 */
enum ipsec_event_type {
	IPSEC_EVENT_SA_SOFT,
	IPSEC_EVENT_SA_HARD,
	IPSEC_EVENT_SP_HARD,
	IPSEC_EVENT_USERS,
};

/**
 * struct ipsec_event - one event
 * @type: what happened
 * @sa: which SA, for SA events; borrowed for the call
 * @sp: which policy, for SP events; borrowed for the call
 */
struct ipsec_event {
	enum ipsec_event_type type;
	struct ipsec_sa *sa;
	struct ipsec_sp *sp;
};

/**
 * struct ipsec_listener - who wants events
 * @list: owned by event.c
 * @event: called for each event in process context, without spinlocks; may
 *	sleep; returns 0 or a negative errno, which only IPSEC_EVENT_USERS heeds
 */
struct ipsec_listener {
	struct list_head list;
	int (*event)(struct ipsec_net *ipn, const struct ipsec_event *ev);
};

void ipsec_event_subscribe(struct ipsec_listener *l);
void ipsec_event_unsubscribe(struct ipsec_listener *l);
int ipsec_event_emit(struct ipsec_net *ipn, const struct ipsec_event *ev);

#endif
