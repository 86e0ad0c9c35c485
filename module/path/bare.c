// SPDX-License-Identifier: GPL-2.0
/*
 * bare - the SAs of IPComp that a packet does not name: found by its ends.
 *
 *   tunnel, uncompressed   | IP | IP | payload      a sender leaves IPComp out
 *                                                   when it does not pay
 *   well-known CPI         | IP | IPComp, CPI 2 |   KAME's sender, unless it is
 *                                                   told to name its SA
 *
 * Never touches a packet.
 */
#include <linux/ipsec.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "base/net.h"
#include "path/bare.h"
#include "sa/sad.h"

/* Newest first; an SA may be for all senders. */
static struct ipsec_sa *bare_between(struct ipsec_net *ipn,
				     struct ipsec_sa_want *want)
{
	struct ipsec_sa *sa;

	sa = ipsec_sad_choose_rcu(ipn, want);
	if (sa)
		return sa;
	memset(&want->saddr, 0, sizeof(want->saddr));
	return ipsec_sad_choose_rcu(ipn, want);
}

/* The ends of the header in front. */
static struct ipsec_sa *bare_choose(struct ipsec_net *ipn,
				    const struct sk_buff *skb, u8 family,
				    u8 mode, u32 reqid)
{
	struct ipsec_sa_want want = {
		.family = family,
		.proto = IPPROTO_COMP,
		.mode = mode,
		.reqid = reqid,
	};

	if (family == AF_INET6) {
		ipsec_addr_set6(&want.saddr, &ipv6_hdr(skb)->saddr);
		ipsec_addr_set6(&want.daddr, &ipv6_hdr(skb)->daddr);
	} else {
		ipsec_addr_set4(&want.saddr, ip_hdr(skb)->saddr);
		ipsec_addr_set4(&want.daddr, ip_hdr(skb)->daddr);
	}
	return bare_between(ipn, &want);
}

/**
 * ipsec_bare_proto() - the upper-layer protocol of a packet in the IP layer
 * @skb: packet at LOCAL_IN, no IPv4 fragment
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 * Return: what stands at transport_header; of IPv6 it may be an extension
 * header.
 */
u8 ipsec_bare_proto(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET)
		return ip_hdr(skb)->protocol;
	return skb_network_header(skb)[IP6CB(skb)->nhoff];
}

/**
 * ipsec_bare_tunnel_rcu() - the tunnel of which a packet without IPComp came
 * @ipn: namespace
 * @skb: packet for which ipsec_bare_is() holds, its outer header at
 *	network_header
 * @family: AF_INET or AF_INET6 of that
 * @reqid: of the SA that it came through before: the policy most likely asks for
 *	both by one number; 0 for none
 *
 * Context: RCU.
 * Return: the newest SA between its ends, borrowed under RCU; or NULL.
 */
struct ipsec_sa *ipsec_bare_tunnel_rcu(struct ipsec_net *ipn,
				       const struct sk_buff *skb, u8 family,
				       u32 reqid)
{
	struct ipsec_sa *sa = NULL;

	if (reqid)
		sa = bare_choose(ipn, skb, family, IPSEC_MODE_TUNNEL, reqid);
	return sa ?: bare_choose(ipn, skb, family, IPSEC_MODE_TUNNEL, 0);
}

/**
 * ipsec_bare_sent_rcu() - the tunnel by which a packet without IPComp has gone
 * @ipn: namespace
 * @saddr: source of its outer header
 * @daddr: destination
 * @family: AF_INET or AF_INET6 of both
 *
 * Context: RCU.
 * Return: the SA by which one would go now, borrowed under RCU; or NULL.
 */
struct ipsec_sa *ipsec_bare_sent_rcu(struct ipsec_net *ipn,
				     const union ipsec_addr *saddr,
				     const union ipsec_addr *daddr, u8 family)
{
	struct ipsec_sa_want want = {
		.saddr = *saddr,
		.daddr = *daddr,
		.family = family,
		.proto = IPPROTO_COMP,
		.mode = IPSEC_MODE_TUNNEL,
	};

	return bare_between(ipn, &want);
}

/**
 * ipsec_bare_cpi_rcu() - the SA of a packet with a well-known CPI
 * @ipn: namespace
 * @skb: packet, its header at network_header
 * @family: AF_INET or AF_INET6 of that
 *
 * Context: RCU.
 * Return: the newest SA between its ends, borrowed under RCU; or NULL.
 */
struct ipsec_sa *ipsec_bare_cpi_rcu(struct ipsec_net *ipn,
				    const struct sk_buff *skb, u8 family)
{
	return bare_choose(ipn, skb, family, IPSEC_MODE_TRANSPORT, 0) ?:
	       bare_choose(ipn, skb, family, IPSEC_MODE_TUNNEL, 0);
}
