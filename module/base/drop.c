// SPDX-License-Identifier: GPL-2.0
/*
 * drop - the one place where a packet ends: counter, tracepoint, free. Never
 * decides that it should.
 */
#include <linux/skbuff.h>
#include <net/net_debug.h>

#include "base/drop.h"
#include "base/mib.h"
#include "base/net.h"
#include "base/trace.h"

static const char *const drop_names[IPSEC_DROP_MAX] = {
#define X(sym, name, text) [IPSEC_DROP_##sym] = name,
	IPSEC_DROP_REASONS(X)
#undef X
};

/**
 * ipsec_drop_name() - a reason's name in testudo_stat and in traces
 * @why: drop reason
 *
 * Return: the name, or "none" for what is no reason.
 */
const char *ipsec_drop_name(int why)
{
	if (why <= 0 || why >= IPSEC_DROP_MAX)
		return "none";
	return drop_names[why];
}

/*
 * The core's list of reasons is closed to modules; what comes nearest goes to
 * its drop monitor, ours has the tracepoint.
 */
static enum skb_drop_reason drop_core_reason(int why)
{
	switch (why) {
	case IPSEC_DROP_OUT_NOMEM:
	case IPSEC_DROP_IN_NOMEM:
		return SKB_DROP_REASON_NOMEM;
	case IPSEC_DROP_IN_NO_ROUTE:
		return SKB_DROP_REASON_IP_INNOROUTES;
	case IPSEC_DROP_OUT_DISCARD:
	case IPSEC_DROP_OUT_NO_SA:
	case IPSEC_DROP_OUT_ACQUIRE:
	case IPSEC_DROP_OUT_WAITED:
	case IPSEC_DROP_IN_DISCARD:
	case IPSEC_DROP_IN_CLEAR:
	case IPSEC_DROP_IN_MISMATCH:
	case IPSEC_DROP_IN_ENDPOINT:
	case IPSEC_DROP_IN_NO_POLICY:
		return SKB_DROP_REASON_XFRM_POLICY;
	default:
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}
}

/**
 * ipsec_drop_count() - note the end of a packet that somebody else frees
 * @ipn: namespace that counts it
 * @skb: packet. Its network header is looked at if there is one
 * @why: drop reason
 * @spi: of the SA concerned, 0 if there is none
 *
 * For a netfilter hook, whose verdict frees the packet and gives the sender an
 * errno.
 *
 * Context: any.
 */
void ipsec_drop_count(struct ipsec_net *ipn, struct sk_buff *skb, int why,
		      __be32 spi)
{
	DEBUG_NET_WARN_ON_ONCE(why <= 0 || why >= IPSEC_DROP_MAX);

	ipsec_mib_inc(ipn, why);
	trace_testudo_drop(ipn->net, skb, why, spi);
}

/**
 * ipsec_drop_count_freed() - note the end of a packet that is gone already
 * @ipn: namespace that counts it
 * @hdr: copy of its IP header, which stands in for it in the trace: what that
 *	shows as length is @hlen
 * @hlen: bytes of @hdr
 * @why: drop reason
 * @spi: of the SA concerned, 0 if there is none
 *
 * For what a function of the kernel has refused and freed.
 *
 * Context: any.
 */
void ipsec_drop_count_freed(struct ipsec_net *ipn, const void *hdr,
			    unsigned int hlen, int why, __be32 spi)
{
	struct sk_buff *skb = alloc_skb(hlen, GFP_ATOMIC);

	if (!skb) {
		ipsec_mib_inc(ipn, why);
		return;
	}
	skb_reset_network_header(skb);
	skb_put_data(skb, hdr, hlen);
	ipsec_drop_count(ipn, skb, why, spi);
	consume_skb(skb);
}

/**
 * ipsec_drop() - the end of a packet
 * @ipn: namespace that counts it
 * @skb: packet; freed. Its network header is looked at if there is one
 * @why: drop reason
 * @spi: of the SA concerned, 0 if there is none
 *
 * A packet moves one counter by one, whatever it held (segments, fragments).
 *
 * Context: any; called by the runner of a road only.
 */
void ipsec_drop(struct ipsec_net *ipn, struct sk_buff *skb, int why,
		__be32 spi)
{
	ipsec_drop_count(ipn, skb, why, spi);
	kfree_skb_reason(skb, drop_core_reason(why));
}
