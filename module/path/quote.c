// SPDX-License-Identifier: GPL-2.0
/*
 * quote - what becomes of an outgoing ICMP error that its own addresses would
 * let out in clear, and of any redirect. Never looks at another packet, and never
 * changes one.
 *
 * A router that answers a packet which came out of a tunnel has an address
 * outside of the selectors, and what it sends holds a piece of that packet. So
 * the error takes the way of the packet's answers (RFC 4301 6.2):
 *
 *   SPD entry for the answers     the error
 *   none, or "none"               goes in clear
 *   behind the error's own        the same: an administrator may say so
 *   discard                       OUT_DISCARD
 *   ipsec                         is protected, by SAs that are there already;
 *                                 or OUT_QUOTE, where it cannot be
 *   names ports, unknown here     OUT_QUOTE
 *
 * A redirect tells the sender of a packet to send the next ones past this host:
 * OUT_QUOTE, unless they go in clear, and although it may go protected itself.
 */
#include <linux/skbuff.h>

#include "base/drop.h"
#include "path/bundle.h"
#include "path/outdst.h"
#include "path/quote.h"
#include "path/resolve.h"
#include "sp/flow_cache.h"
#include "sp/quote.h"
#include "sp/sp.h"
#include "sp/spd.h"

/* In transport mode an SA joins the two ends of the packet, which it keeps. */
static bool quote_may_join(const struct ipsec_dst *xd,
			   const struct ipsec_flow *fl,
			   const struct ipsec_flow *answer)
{
	return ipsec_outdst_is_tunnel(xd, 0) ||
	       (ipsec_addr_equal(&fl->saddr, &answer->saddr) &&
		ipsec_addr_equal(&fl->daddr, &answer->daddr));
}

/* Does a packet, of whose answers this is the flow, leave this host in clear? */
static bool quote_is_clear(struct ipsec_net *ipn,
			   const struct ipsec_flow *answer)
{
	struct ipsec_flow packet = *answer;
	struct ipsec_decision d;

	ipsec_flow_turn(&packet);
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, &packet, &d);
	return (!d.sp || d.sp->action == IPSEC_SP_NONE) &&
	       !ipsec_spd_opaque_risk_rcu(ipn, IPSEC_SP_OUT, &packet, d.sp);
}

/**
 * ipsec_quote_resolve() - what becomes of an ICMP error, by what it quotes
 * @ipn: namespace
 * @way: how it would go in clear
 * @fl: its own flow
 * @kind: what it quotes; not IPSEC_QUOTE_NONE
 * @answer: flow of the answers to that, as @fl by the addresses on the wire
 * @xdp: how a policy for its own flow protects it, NULL for none; set as by
 *	ipsec_resolve_flow()
 *
 * An SA that is missing is not asked for (RFC 4301 6.2).
 *
 * Context: RCU, BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_quote_resolve(struct ipsec_net *ipn, const struct ipsec_way *way,
			const struct ipsec_flow *fl, enum ipsec_quote kind,
			const struct ipsec_flow *answer,
			struct ipsec_dst **xdp)
{
	struct ipsec_way quiet = *way;
	struct ipsec_decision own, d;
	struct ipsec_sp *first;
	int why;

	if (kind == IPSEC_QUOTE_REDIRECT && !quote_is_clear(ipn, answer))
		return IPSEC_DROP_OUT_QUOTE;
	if (*xdp)
		return 0;
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, fl, &own);
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, answer, &d);
	first = d.sp;
	if (own.sp && (!first || ipsec_sp_before(own.sp, first)))
		first = own.sp;
	if (ipsec_sp_may_be_clear(first) &&
	    ipsec_spd_opaque_risk_rcu(ipn, IPSEC_SP_OUT, answer, first))
		return IPSEC_DROP_OUT_QUOTE;
	if (!first || first != d.sp || first->action == IPSEC_SP_NONE)
		return 0;
	if (kind != IPSEC_QUOTE_SENDERS)
		return IPSEC_DROP_OUT_QUOTE;

	quiet.quiet = true;
	why = ipsec_resolve_flow(ipn, &quiet, answer, xdp);
	if (why || !*xdp || quote_may_join(*xdp, fl, answer))
		return why;
	*xdp = NULL;
	return IPSEC_DROP_OUT_QUOTE;
}

/**
 * ipsec_quote_decide() - what becomes of a packet that may be an ICMP error
 * @ipn: namespace
 * @skb: packet, still clear
 * @way: how it would go in clear
 * @fl: its own flow
 * @xdp: as for ipsec_quote_resolve()
 *
 * Context: RCU, BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_quote_decide(struct ipsec_net *ipn, const struct sk_buff *skb,
		       const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp)
{
	struct ipsec_flow answer;
	enum ipsec_quote kind;

	kind = ipsec_quote_flow(&answer, skb, fl);
	if (kind == IPSEC_QUOTE_NONE)
		return 0;
	return ipsec_quote_resolve(ipn, way, fl, kind, &answer, xdp);
}
