// SPDX-License-Identifier: GPL-2.0
/*
 * reverse - rp_filter is not for what came through SAs: it asks whether a packet
 * came in by the device by which the answers would leave, and these leave by a
 * tunnel's, which the routes need not know. The inbound check says where a packet
 * may come from. Never drops or changes a packet; IPv6 has no such filter.
 *
 * The stock stack does not filter what has a secpath. So the packet has one while
 * it is routed here, empty, which nobody else must see, and finds its route done
 * when the IP layer comes to that.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/xfrm.h>

#include "base/net.h"
#include "compat/ip_input.h"
#include "path/reverse.h"
#include "path/secpath.h"

/* Would the packet be held against the routes? In a VRF only by its device. */
static bool reverse_is_filtered(const struct sk_buff *skb)
{
	struct in_device *idev;

	if (netif_is_l3_slave(skb->dev))
		return false;
	idev = __in_dev_get_rcu(skb->dev);
	return idev && IN_DEV_RPFILTER(idev);
}

/**
 * ipsec_reverse_route() - netfilter hook, the last at PRE_ROUTING, IPv4
 * @priv: the namespace's struct ipsec_net
 * @skb: packet
 * @st: where
 *
 * A packet that gets no route here is left to the IP layer, which will not find
 * one either, and counts it.
 *
 * Context: Softirq, RCU.
 * Return: NF_ACCEPT.
 */
unsigned int ipsec_reverse_route(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *st)
{
	struct ipsec_net *ipn = priv;

	if (likely(!ipsec_secpath_record(ipn, skb)) || skb_dst(skb) ||
	    skb_sec_path(skb) || !reverse_is_filtered(skb))
		return NF_ACCEPT;
	if (!secpath_set(skb))
		return NF_ACCEPT;
	ipsec_compat_route_input4(skb);
	secpath_reset(skb);
	return NF_ACCEPT;
}
