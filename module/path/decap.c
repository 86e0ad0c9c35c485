// SPDX-License-Identifier: GPL-2.0
/*
 * decap - puts a packet together again after its IPsec header was taken off,
 * and hands it to the IP layer. Never looks at a policy.
 *
 * transport   | IP | ESP | payload         the IP header moves up, also over UDP:
 *                    | IP | payload        PRE_ROUTING, then the route it had
 *
 * tunnel      | IP | ESP | IP | payload    the outer header is forgotten:
 *                        | IP | payload    a new packet on the same device
 *
 * On entry to the first two functions transport_header is where the IPsec
 * header stood and skb->data is behind it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/pfkeyv2.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/gro_cells.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

#include "base/drop.h"
#include "base/net.h"
#include "base/skb_cb.h"
#include "compat/dummy_netdev.h"
#include "compat/ip_input.h"
#include "sa/sa.h"
#include "path/decap.h"
#include "path/secpath.h"

/* Tunnels opened in each other's stack; from then on a softirq of their own. */
#define DECAP_DEPTH	2

/* Carries the NAPIs by which inner TCP is aggregated; on no namespace. */
static struct net_device *decap_dev;
static struct gro_cells decap_cells;

/* How many this CPU is inside of. */
static DEFINE_PER_CPU(unsigned int, decap_depth);

/* What the card and the device layer said holds for what was outside. */
static void decap_forget_outside(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
	if (skb_is_gso(skb))
		skb_gso_reset(skb);
	nf_reset_ct(skb);
}

/*
 * IP in IP that IPComp has left as it was is known to GRO, which has put several
 * together and left the checksum inside open: all that stays true.
 */
static int decap_keep_offloads(struct sk_buff *skb)
{
	if (iptunnel_pull_offloads(skb))
		return IPSEC_DROP_IN_NOMEM;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		skb->ip_summed = CHECKSUM_NONE;
	nf_reset_ct(skb);
	return 0;
}

/**
 * ipsec_decap_transport() - rebuild a packet that a transport mode SA protected
 * @skb: packet
 *
 * Afterwards skb->data and transport_header are at the payload, the IP header
 * before it names the payload's protocol and fits its length.
 *
 * Context: Softirq or process with BH off.
 * Return: 0, or the drop reason IN_NOMEM.
 */
int ipsec_decap_transport(struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	unsigned int hlen = skb_network_header_len(skb) -
			    ipsec_natt_hlen(cb->sa);

	/* ESP leaves no clone behind; which transform it was is not known here */
	if (skb_unclone(skb, GFP_ATOMIC))
		return IPSEC_DROP_IN_NOMEM;

	memmove(skb->data - hlen, skb_network_header(skb), hlen);
	skb_set_network_header(skb, -(int)hlen);
	skb_reset_transport_header(skb);
	skb_network_header(skb)[cb->nh_off] = cb->nexthdr;
	if (cb->family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(hlen + skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len =
			htons(hlen + skb->len - sizeof(struct ipv6hdr));
	}
	decap_forget_outside(skb);
	return 0;
}

/* The inner header is whole, and so long is the packet: what follows is TFC. */
static int decap_inner4(struct sk_buff *skb)
{
	const struct iphdr *iph;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return IPSEC_DROP_IN_INNER;
	iph = (const struct iphdr *)skb->data;
	len = ntohs(iph->tot_len);
	if (iph->version != 4 || iph->ihl < 5 || len < iph->ihl * 4 ||
	    len > skb->len)
		return IPSEC_DROP_IN_INNER;
	if (pskb_trim(skb, len))
		return IPSEC_DROP_IN_NOMEM;

	skb->protocol = htons(ETH_P_IP);
	return 0;
}

static int decap_inner6(struct sk_buff *skb)
{
	const struct ipv6hdr *iph;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return IPSEC_DROP_IN_INNER;
	iph = (const struct ipv6hdr *)skb->data;
	len = sizeof(*iph) + ntohs(iph->payload_len);
	/* length 0 with hop-by-hop options: a jumbogram, which ESP cannot hold */
	if (iph->version != 6 || len > skb->len ||
	    (!iph->payload_len && iph->nexthdr == NEXTHDR_HOP))
		return IPSEC_DROP_IN_INNER;
	if (pskb_trim(skb, len))
		return IPSEC_DROP_IN_NOMEM;

	skb->protocol = htons(ETH_P_IPV6);
	return 0;
}

/* RFC 6040 4.2; network_header is the inner one and writable. */
static int decap_dsfield(const struct ipsec_sa *sa, struct sk_buff *skb,
			 u8 outer)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	u8 inner = v4 ? ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));

	if (sa->flags & SADB_SAFLAGS_DECAP_DSCP) {
		if (v4)
			ipv4_change_dsfield(ip_hdr(skb), INET_ECN_MASK,
					    outer & ~INET_ECN_MASK);
		else
			ipv6_change_dsfield(ipv6_hdr(skb), INET_ECN_MASK,
					    outer & ~INET_ECN_MASK);
	}
	if (sa->flags & SADB_SAFLAGS_NOECN)
		return 0;
	return INET_ECN_decapsulate(skb, outer, inner) > 1 ?
		IPSEC_DROP_IN_ECN : 0;
}

/* Taps show the link layer's header in front of the inner packet. */
static void decap_move_mac(struct sk_buff *skb)
{
	if (!skb_mac_header_was_set(skb))
		return;
	skb_mac_header_rebuild(skb);
	if (skb->mac_len >= ETH_HLEN && skb->dev->type == ARPHRD_ETHER)
		eth_hdr(skb)->h_proto = skb->protocol;
}

/**
 * ipsec_decap_tunnel() - uncover the packet that a tunnel mode SA carried
 * @sa: the SA
 * @skb: packet
 *
 * Afterwards skb->data and network_header are at the inner IP header, and what
 * the IP layer noted about the outer packet is forgotten. What the device layer
 * did stays, as for a packet that came so: device, mark, priority, time stamp
 * and the link layer's header.
 *
 * Context: Softirq or process with BH off.
 * Return: 0, or a drop reason: IN_MODE when the payload is no IP packet,
 * IN_INNER, IN_ECN, IN_NOMEM.
 */
int ipsec_decap_tunnel(const struct ipsec_sa *sa, struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	u8 outer = cb->family == AF_INET ? ip_hdr(skb)->tos :
					   ipv6_get_dsfield(ipv6_hdr(skb));
	int why;

	if (skb_unclone(skb, GFP_ATOMIC))
		return IPSEC_DROP_IN_NOMEM;

	if (cb->nexthdr == IPPROTO_IPIP)
		why = decap_inner4(skb);
	else if (cb->nexthdr == IPPROTO_IPV6)
		why = decap_inner6(skb);
	else
		why = IPSEC_DROP_IN_MODE;
	if (why)
		return why;

	skb_reset_network_header(skb);
	why = decap_dsfield(sa, skb, outer);
	if (why)
		return why;

	if (cb->bare)
		why = decap_keep_offloads(skb);
	else
		decap_forget_outside(skb);
	if (why)
		return why;
	decap_move_mac(skb);
	skb_reset_transport_header(skb);
	skb_clear_hash(skb);
	skb_dst_drop(skb);
	skb->pkt_type = PACKET_HOST;
	skb->encapsulation = 0;
	/* defragmentation says so of what it has put together */
	skb->ignore_df = 0;
	return 0;
}

/* Destination NAT took the route away, and there is none to the new one. */
static int decap_no_route(struct net *net, struct sk_buff *skb)
{
	struct ipsec_net *ipn = ipsec_net_of(net);
	u32 record = ipsec_secpath_record(ipn, skb);

	ipsec_drop(ipn, skb, IPSEC_DROP_IN_NO_ROUTE,
		   ipsec_secpath_spi(ipn, record));
	return NET_RX_DROP;
}

static int decap_finish4(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	if (!skb_dst(skb) && !ipsec_compat_route_input4(skb))
		return decap_no_route(net, skb);
	return dst_input(skb);
}

static int decap_finish6(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	if (!skb_dst(skb) && !ipsec_compat_route_input6(skb))
		return decap_no_route(net, skb);
	return dst_input(skb);
}

/* Give the control block back to the IP layer, in the state it left it in. */
static void decap_restore_cb(struct sk_buff *skb)
{
	const struct ipsec_skb_cb cb = *ipsec_skb_cb(skb);

	memset(skb->cb, 0, IPSEC_SKB_TRAIL_OFFSET);
	if (cb.family == AF_INET) {
		IPCB(skb)->iif = cb.iif;
		IPCB(skb)->flags = cb.flags;
		/* acted upon already, and here for those who ask the socket */
		IPCB(skb)->opt.optlen = ip_hdrlen(skb) - sizeof(struct iphdr);
	} else {
		/* it goes on behind the extension headers that it has passed */
		IP6CB(skb)->iif = cb.iif;
		IP6CB(skb)->flags = cb.flags;
		IP6CB(skb)->nhoff = cb.nh_off;
	}
}

/**
 * ipsec_decap_deliver_transport() - back into the IP layer, at PRE_ROUTING
 * @ipn: namespace
 * @skb: as ipsec_decap_transport() left it; consumed
 *
 * Context: Softirq or process with BH off, RCU.
 * Return: IPSEC_STOLEN.
 */
int ipsec_decap_deliver_transport(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	u32 record = cb->record;
	u8 family = cb->family;

	decap_restore_cb(skb);
	ipsec_secpath_announce(ipn, skb, record);
	__skb_push(skb, skb_network_header_len(skb));
	if (family == AF_INET)
		NF_HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, ipn->net, NULL, skb,
			skb->dev, NULL, decap_finish4);
	else
		NF_HOOK(NFPROTO_IPV6, NF_INET_PRE_ROUTING, ipn->net, NULL, skb,
			skb->dev, NULL, decap_finish6);
	return IPSEC_STOLEN;
}

/*
 * GRO is worth a second softirq for TCP only. More IPsec inside takes that way
 * too, since each layer delivered in place would use the stack of the last; so
 * do layers that come disguised, as in UDP, when there are more than a few.
 */
static bool decap_wants_napi(const struct sk_buff *skb)
{
	u8 proto = skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->protocol :
						      ipv6_hdr(skb)->nexthdr;

	if (this_cpu_read(decap_depth) >= DECAP_DEPTH)
		return true;
	switch (proto) {
	case IPPROTO_TCP:
		return !netif_elide_gro(skb->dev);
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return false;
	default:
		return true;
	}
}

/*
 * The queue in front of the NAPI takes netdev_max_backlog packets, and none of a
 * device that is down; what it refuses is freed by then.
 */
static void decap_queue(struct ipsec_net *ipn, struct sk_buff *skb)
{
	__be32 spi = ipsec_skb_cb(skb)->sa->spi;
	u8 hdr[sizeof(struct ipv6hdr)];
	unsigned int hlen;

	/* this much is linear since the header was checked */
	hlen = skb->protocol == htons(ETH_P_IP) ? sizeof(struct iphdr) :
						  sizeof(struct ipv6hdr);
	memcpy(hdr, skb_network_header(skb), hlen);
	if (unlikely(gro_cells_receive(&decap_cells, skb) == NET_RX_DROP))
		ipsec_drop_count_freed(ipn, hdr, hlen, IPSEC_DROP_IN_QUEUE,
				       spi);
}

/**
 * ipsec_decap_deliver_tunnel() - back into the device layer, as a packet that
 *	the same device has received
 * @ipn: namespace
 * @skb: as ipsec_decap_tunnel() left it; consumed unless a reason is returned
 *
 * Context: Softirq or process with BH off, RCU.
 * Return: IPSEC_STOLEN, or the drop reason IN_STATE when the SA is gone.
 */
int ipsec_decap_deliver_tunnel(struct ipsec_net *ipn, struct sk_buff *skb)
{
	if (!ipsec_secpath_attach(ipn, skb, ipsec_skb_cb(skb)->record))
		return IPSEC_DROP_IN_STATE;

	if (decap_wants_napi(skb)) {
		decap_queue(ipn, skb);
	} else {
		this_cpu_inc(decap_depth);
		netif_receive_skb(skb);
		this_cpu_dec(decap_depth);
	}
	return IPSEC_STOLEN;
}

/**
 * ipsec_decap_init() - set up the NAPIs
 *
 * Context: Process, module load.
 * Return: 0 or -ENOMEM.
 */
int ipsec_decap_init(void)
{
	int err;

	decap_dev = ipsec_compat_dummy_alloc();
	if (!decap_dev)
		return -ENOMEM;
	err = gro_cells_init(&decap_cells, decap_dev);
	if (err) {
		ipsec_compat_dummy_free(decap_dev);
		return err;
	}
	ipsec_secpath_init(decap_dev);
	return 0;
}

/**
 * ipsec_decap_exit() - undo ipsec_decap_init()
 *
 * What still waits in a NAPI is dropped.
 *
 * Context: Process, module unload; no packet comes in any more.
 */
void ipsec_decap_exit(void)
{
	ipsec_secpath_exit();
	gro_cells_destroy(&decap_cells);
	/* netpoll walks a device's NAPIs under RCU */
	synchronize_rcu();
	ipsec_compat_dummy_free(decap_dev);
}
