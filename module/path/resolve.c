// SPDX-License-Identifier: GPL-2.0
/*
 * resolve - from a packet to its policy, from the policy to the SAs in order.
 * Never changes a packet, and never counts or frees one.
 */
#include <linux/ipsec.h>
#include <linux/skbuff.h>

#include "base/drop.h"
#include "base/net.h"
#include "path/bundle.h"
#include "path/outdst.h"
#include "path/resolve.h"
#include "path/route.h"
#include "sa/acquire.h"
#include "sa/sad.h"
#include "sp/flow.h"
#include "sp/flow_cache.h"
#include "sp/sp.h"

static bool resolve_has(const struct ipsec_bundle *b, const struct ipsec_sa *sa)
{
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		if (b->sa[i] == sa)
			return true;
	}
	return false;
}

/*
 * What a template looks for. In transport mode the SA joins the two ends of
 * the packet as it is by then, which a tunnel before it has changed.
 */
static void resolve_want(struct ipsec_sa_want *want, struct ipsec_bundle *b,
			 const struct ipsec_tmpl *tmpl)
{
	want->proto = tmpl->proto;
	want->mode = tmpl->mode;
	want->reqid = tmpl->reqid;
	if (tmpl->mode == IPSEC_MODE_TUNNEL) {
		want->saddr = tmpl->saddr;
		want->daddr = tmpl->daddr;
		want->family = tmpl->family;
	} else {
		want->saddr = b->saddr;
		want->daddr = b->daddr;
		want->family = b->family;
	}
}

/* There is no SA: ask for one. 0 when it goes without, else a drop reason. */
static int resolve_ask(struct ipsec_net *ipn, const struct ipsec_sp *sp,
		       const struct ipsec_tmpl *tmpl,
		       const struct ipsec_way *way,
		       const struct ipsec_sa_want *want)
{
	enum ipsec_acquire_answer answer = IPSEC_ACQUIRE_NOBODY;
	struct ipsec_acquire acq = {
		.want = *want,
		.sp_id = sp->id,
		.sp_priority = sp->priority,
	};

	if (likely(!way->quiet))
		answer = ipsec_acquire_rcu(ipn, &acq);
	if (tmpl->optional)
		return 0;
	return answer == IPSEC_ACQUIRE_ASKED ? IPSEC_DROP_OUT_ACQUIRE :
					       IPSEC_DROP_OUT_NO_SA;
}

static void resolve_enter_tunnel(struct ipsec_bundle *b,
				 const struct ipsec_sa_want *want)
{
	b->saddr = want->saddr;
	b->daddr = want->daddr;
	b->family = want->family;
}

/*
 * The SAs of a policy, innermost first. One SA is never applied twice: its
 * peer would have to send the packet back to itself. All that are missing are
 * asked for at once; what can not be had at all outweighs what is on its way.
 */
static int resolve_bundle(struct ipsec_net *ipn, const struct ipsec_sp *sp,
			  const struct ipsec_way *way, struct ipsec_bundle *b)
{
	struct ipsec_sa_want want;
	struct ipsec_sa *sa;
	unsigned int i;
	int missing = 0;
	int why;

	for (i = 0; i < sp->ntmpl; i++) {
		const struct ipsec_tmpl *tmpl = &sp->tmpl[i];

		resolve_want(&want, b, tmpl);
		sa = ipsec_sad_choose_rcu(ipn, &want);
		if (sa && resolve_has(b, sa))
			return IPSEC_DROP_OUT_LOOP;
		why = sa ? 0 : resolve_ask(ipn, sp, tmpl, way, &want);
		if (why && missing != IPSEC_DROP_OUT_NO_SA)
			missing = why;
		/* an optional tunnel is never entered on the way out */
		if (tmpl->mode == IPSEC_MODE_TUNNEL && (sa || why))
			resolve_enter_tunnel(b, &want);
		if (!sa)
			continue;
		if (tmpl->mode == IPSEC_MODE_TUNNEL)
			b->tunnel |= 1u << b->n;
		b->sa[b->n++] = sa;
	}
	return missing;
}

static void resolve_begin(struct ipsec_bundle *b, const struct ipsec_flow *fl)
{
	*b = (struct ipsec_bundle){
		.saddr = fl->saddr,
		.daddr = fl->daddr,
		.family = fl->family,
	};
}

/*
 * A new decision for a flow. It goes into the cache, and what is returned is
 * borrowed under RCU like one that came from there.
 */
static int resolve_new(struct ipsec_net *ipn, const struct ipsec_decision *d,
		       const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp)
{
	struct dst_entry *route;
	struct ipsec_bundle b;
	struct ipsec_dst *xd;
	int why;

	resolve_begin(&b, fl);
	why = resolve_bundle(ipn, d->sp, way, &b);
	if (why)
		return why;
	/* every template was optional, and none of them has an SA */
	if (!b.n)
		return 0;

	route = ipsec_route_get(ipn, &b, way);
	if (!route)
		return IPSEC_DROP_OUT_NO_ROUTE;
	xd = ipsec_outdst_new(ipn, &b, fl->family, way, route, d->gen);
	if (!xd)
		return IPSEC_DROP_OUT_NOMEM;

	ipsec_flow_set_dst(ipn, IPSEC_SP_OUT, fl, &xd->dst, d->gen);
	dst_release(&xd->dst);
	*xdp = xd;
	return 0;
}

/**
 * ipsec_resolve_flow() - what becomes of a packet whose flow is known
 * @ipn: namespace
 * @way: how it would go in clear
 * @fl: flow
 * @xdp: set to how it is to be protected, NULL when it passes in clear;
 *	borrowed until the end of the RCU section, may be without a reference
 *
 * Context: RCU, BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_resolve_flow(struct ipsec_net *ipn, const struct ipsec_way *way,
		       const struct ipsec_flow *fl, struct ipsec_dst **xdp)
{
	struct ipsec_decision d;
	struct ipsec_dst *xd;

	*xdp = NULL;
	ipsec_flow_decide(ipn, IPSEC_SP_OUT, fl, &d);
	if (unlikely(d.opaque_risk))
		return IPSEC_DROP_OUT_FRAGMENT;
	if (!d.sp)
		return 0;

	ipsec_sp_touch(d.sp);
	if (d.sp->action == IPSEC_SP_NONE)
		return 0;
	if (d.sp->action == IPSEC_SP_DISCARD)
		return IPSEC_DROP_OUT_DISCARD;

	xd = ipsec_outdst_of(d.dst);
	if (likely(xd && ipsec_outdst_current(xd) &&
		   ipsec_outdst_fits(xd, way))) {
		*xdp = xd;
		return 0;
	}
	return resolve_new(ipn, &d, way, fl, xdp);
}

/**
 * ipsec_resolve() - what becomes of an outgoing packet
 * @ipn: namespace
 * @skb: packet, still clear
 * @family: of its header
 * @way: how it would go in clear
 * @fl: set to the packet's flow
 * @xdp: as for ipsec_resolve_flow()
 *
 * Context: RCU, BH off.
 * Return: 0 or a drop reason.
 */
int ipsec_resolve(struct ipsec_net *ipn, struct sk_buff *skb, u16 family,
		  const struct ipsec_way *way, struct ipsec_flow *fl,
		  struct ipsec_dst **xdp)
{
	*xdp = NULL;
	if (ipsec_flow_from_skb(fl, skb, family))
		return IPSEC_DROP_OUT_HDR;
	return ipsec_resolve_flow(ipn, way, fl, xdp);
}

/**
 * ipsec_resolve_peek() - what SAs would a packet go through, were there one
 * @ipn: namespace
 * @fl: its flow
 * @b: set to the SAs
 *
 * Asks nobody for those that are missing, and uses no policy.
 *
 * Context: RCU, BH off.
 * Return: false when it would go in clear, or not at all now.
 */
bool ipsec_resolve_peek(struct ipsec_net *ipn, const struct ipsec_flow *fl,
			struct ipsec_bundle *b)
{
	const struct ipsec_way quiet = { .quiet = true };
	struct ipsec_decision d;

	ipsec_flow_decide(ipn, IPSEC_SP_OUT, fl, &d);
	if (d.opaque_risk || !d.sp || d.sp->action != IPSEC_SP_IPSEC)
		return false;
	resolve_begin(b, fl);
	return !resolve_bundle(ipn, d.sp, &quiet, b) && b->n;
}
