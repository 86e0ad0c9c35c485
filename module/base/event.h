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
 * @IPSEC_EVENT_SA_MOVED: authentic packets of an SA in UDP come from another
 *	address or port: from sa->natt.left to sa->natt.seen
 * @IPSEC_EVENT_SP_HARD: a policy's lifetime ended; it is unlinked
 * @IPSEC_EVENT_ACQUIRE: a packet misses an SA; a larval one stands for it
 * @IPSEC_EVENT_LOOK_AGAIN: an SA came into force, or will not come, or the SPD
 *	changed: who waits for an SA should look again. As IPSEC_EVENT_USERS
 *	not while the namespace ends
 * @IPSEC_EVENT_USERS: the first SA or policy came, or the last one went
 *	(ipn->users)
 *
 * The last three are emitted under ipn->config_mutex, the others without it.
 */
enum ipsec_event_type {
	IPSEC_EVENT_SA_SOFT,
	IPSEC_EVENT_SA_HARD,
	IPSEC_EVENT_SA_MOVED,
	IPSEC_EVENT_SP_HARD,
	IPSEC_EVENT_ACQUIRE,
	IPSEC_EVENT_LOOK_AGAIN,
	IPSEC_EVENT_USERS,
};

/**
 * struct ipsec_event - one event
 * @type: what happened
 * @sa: which SA, for SA events; borrowed for the call
 * @sp: which policy, for SP events; borrowed for the call
 * @sp_id: of the policy that misses an SA
 * @sp_priority: of the same
 */
struct ipsec_event {
	enum ipsec_event_type type;
	struct ipsec_sa *sa;
	struct ipsec_sp *sp;
	u32 sp_id;
	u32 sp_priority;
};

/**
 * struct ipsec_listener - who wants events
 * @list: owned by event.c
 * @event: called for each event in process context, without spinlocks; may
 *	sleep; returns 0, and for events that can be refused a negative errno:
 *	IPSEC_EVENT_USERS, and IPSEC_EVENT_ACQUIRE with -ESRCH when nobody could
 *	be asked
 */
struct ipsec_listener {
	struct list_head list;
	int (*event)(struct ipsec_net *ipn, const struct ipsec_event *ev);
};

void ipsec_event_subscribe(struct ipsec_listener *l);
void ipsec_event_unsubscribe(struct ipsec_listener *l);
int ipsec_event_emit(struct ipsec_net *ipn, const struct ipsec_event *ev);
void ipsec_event_look_again(struct ipsec_net *ipn);

#endif
