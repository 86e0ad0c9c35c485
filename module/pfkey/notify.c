// SPDX-License-Identifier: GPL-2.0
/*
 * Events become messages to the sockets that registered: EXPIRE and SPDEXPIRE.
 * They have pid 0, which clients tell them from answers by. Never changes
 * anything, and knows nobody in particular.
 */
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
		.sadb_msg_satype = sa->satype,
	};
	struct pfkey_out out;

	if (!sa->spi || !sa->xform)
		return;
	if (pfkey_out_begin(&out, &head, PFKEY_SA_SIZE))
		return;
	pfkey_put_sa(&out.w, sa, which);
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

static int notify_event(struct ipsec_net *ipn, const struct ipsec_event *ev)
{
	switch (ev->type) {
	case IPSEC_EVENT_SA_SOFT:
		notify_expire(ipn, ev->sa, PFKEY_SA_SOFT);
		return 0;
	case IPSEC_EVENT_SA_HARD:
		notify_expire(ipn, ev->sa, PFKEY_SA_HARD);
		return 0;
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
