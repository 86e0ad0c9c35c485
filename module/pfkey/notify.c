// SPDX-License-Identifier: GPL-2.0
/*
 * Events become messages to the sockets that registered: ACQUIRE, EXPIRE,
 * SPDEXPIRE and NAT_T_NEW_MAPPING. They have pid 0, which clients tell them from
 * answers by. Never changes anything, and knows nobody in particular.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>

#include "base/event.h"
#include "base/net.h"
#include "pfkey/deliver.h"
#include "pfkey/notify.h"
#include "pfkey/sa_msg.h"
#include "pfkey/sp_msg.h"
#include "sa/sa.h"
#include "sp/sp.h"

/*
 * Exactly one of HARD and SOFT: racoon refuses both together, and strongSwan
 * tells the two kinds by the presence of HARD. An SA that nobody finished has
 * no lifetime that its daemon would want to hear of: racoon takes an EXPIRE
 * with SPI 0 for one of any negotiation that has no SPI yet.
 */
static void notify_expire(struct ipsec_net *ipn, const struct ipsec_sa *sa, unsigned int which)
{
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = SADB_EXPIRE,
		.sadb_msg_satype = pfkey_satype_of_sa(sa),
	};
	struct pfkey_out out;

	if (!sa->spi || !sa->xform)
		return;
	if (pfkey_out_begin(&out, &head, PFKEY_SA_SIZE))
		return;
	pfkey_put_sa(&out.w, sa, which);
	pfkey_deliver_registered(ipn, NULL, pfkey_out_end(&out));
}

static void notify_mapping(struct ipsec_net *ipn, const struct ipsec_sa *sa)
{
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = SADB_X_NAT_T_NEW_MAPPING,
		.sadb_msg_satype = pfkey_satype_of_sa(sa),
		.sadb_msg_seq = sa->seq,
	};
	struct pfkey_out out;

	if (pfkey_out_begin(&out, &head, PFKEY_SA_SIZE))
		return;
	pfkey_put_mapping(&out.w, sa);
	pfkey_deliver_registered(ipn, NULL, pfkey_out_end(&out));
}

static void notify_spdexpire(struct ipsec_net *ipn, const struct ipsec_sp *sp)
{
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = SADB_X_SPDEXPIRE,
	};
	struct pfkey_out out;

	if (pfkey_out_begin(&out, &head, PFKEY_SP_SIZE))
		return;
	pfkey_put_sp(&out.w, sp);
	pfkey_deliver_registered(ipn, NULL, pfkey_out_end(&out));
}

/* Most bytes of an ACQUIRE: both addresses, policy and proposal. */
#define NOTIFY_ACQUIRE_SIZE	256

/* The window to propose, in packets. */
#define NOTIFY_REPLAY		32

/*
 * Without combinations: a policy made through PF_KEY names no algorithm, and no
 * client reads them. IPComp has nothing to propose.
 */
static void notify_put_proposal(struct pfkey_writer *w, const struct ipsec_sa *sa)
{
	struct sadb_prop *prop;

	if (sa->proto == IPPROTO_COMP)
		return;
	prop = pfkey_put(w, SADB_EXT_PROPOSAL, sizeof(*prop));
	if (prop)
		prop->sadb_prop_replay = NOTIFY_REPLAY;
}

/*
 * The policy without its requests: racoon, strongSwan and iked know it by its
 * number. -ESRCH when there was nobody to hear it.
 */
static int notify_acquire(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	const struct ipsec_sa *sa = ev->sa;
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = SADB_ACQUIRE,
		.sadb_msg_satype = pfkey_satype_of_sa(sa),
		.sadb_msg_seq = sa->seq,
	};
	struct sadb_x_policy policy = {
		.sadb_x_policy_type = IPSEC_POLICY_IPSEC,
		.sadb_x_policy_dir = IPSEC_DIR_OUTBOUND,
		.sadb_x_policy_id = ev->sp_id,
		.sadb_x_policy_priority = ev->sp_priority,
	};
	struct pfkey_out out;

	if (pfkey_out_begin(&out, &head, NOTIFY_ACQUIRE_SIZE))
		return -ESRCH;
	pfkey_put_ends(&out.w, sa);
	pfkey_put_policy(&out.w, &policy);
	notify_put_proposal(&out.w, sa);
	return pfkey_deliver_registered(ipn, NULL, pfkey_out_end(&out)) ? 0 : -ESRCH;
}

static int notify_event(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	switch (ev->type) {
	case IPSEC_EVENT_SA_SOFT:
		notify_expire(ipn, ev->sa, PFKEY_SA_SOFT);
		return 0;
	case IPSEC_EVENT_SA_HARD:
		notify_expire(ipn, ev->sa, PFKEY_SA_HARD);
		return 0;
	case IPSEC_EVENT_SA_MOVED:
		notify_mapping(ipn, ev->sa);
		return 0;
	case IPSEC_EVENT_ACQUIRE:
		return notify_acquire(ipn, ev);
	case IPSEC_EVENT_SP_HARD:
		notify_spdexpire(ipn, ev->sp);
		return 0;
	default:
		return 0;
	}
}

static struct ipsec_listener notify_listener = {
	.event = notify_event,
};

/**
 * pfkey_notify_init() - listen to events
 */
void pfkey_notify_init(void)
{
	ipsec_event_subscribe(&notify_listener);
}

/**
 * pfkey_notify_exit() - no more
 */
void pfkey_notify_exit(void)
{
	ipsec_event_unsubscribe(&notify_listener);
}
