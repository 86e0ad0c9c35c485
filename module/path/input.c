// SPDX-License-Identifier: GPL-2.0
/*
 * input - the IN road: takes the IPsec headers off a received packet. Never
 * asks whether the packet had to be protected: that is for inbound_check.c, at
 * LOCAL_IN and FORWARD, where it is known what becomes of what was inside.
 *
 *   protocol.c -> our SA? --no--> stock stack, or IN_NO_SA
 *                    |
 *      .-------------'     .---------------------------.
 *      |                   v                           |
 *      |               find_sa                         |
 *      '---------------> admit       state, end points, replay check
 *                        unprotect ~>   xform->input; may come back later
 *                        account        replay advance, lifetimes
 *                        decapsulate ---' again when transport mode holds more
 *                        deliver        transport: PRE_ROUTING; tunnel: device
 *
 * A tunnel that holds more IPsec for us needs no way back here: its payload is
 * received like any packet, and brings its record along (secpath.c).
 */
#include <linux/ipsec.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "base/drop.h"
#include "base/mib.h"
#include "base/net.h"
#include "base/skb_cb.h"
#include "base/trace.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sa/xform.h"
#include "sp/spd.h"
#include "path/bare.h"
#include "path/decap.h"
#include "path/input.h"
#include "path/natt.h"
#include "path/outer_error.h"
#include "path/path.h"
#include "path/secpath.h"
#include "path/spi.h"

/**
 * struct in_stage - a row of the IN road
 * @name: for the tracepoint
 * @run: does the stage's work and gives an enum ipsec_verdict
 */
struct in_stage {
	const char *name;
	int (*run)(struct ipsec_net *ipn, struct sk_buff *skb);
};

static int in_find_sa(struct ipsec_net *ipn, struct sk_buff *skb);
static int in_admit(struct ipsec_net *ipn, struct sk_buff *skb);
static int in_unprotect(struct ipsec_net *ipn, struct sk_buff *skb);
static int in_account(struct ipsec_net *ipn, struct sk_buff *skb);
static int in_decapsulate(struct ipsec_net *ipn, struct sk_buff *skb);
static int in_deliver(struct ipsec_net *ipn, struct sk_buff *skb);

/* Rows of the table that are entered from outside. */
enum in_row {
	IN_ROW_FIND_SA = 0,
	IN_ROW_ADMIT = 1,
};

static const struct in_stage in_stages[] = {
	[IN_ROW_FIND_SA] = { "find_sa", in_find_sa },	/* AGAIN comes here     */
	[IN_ROW_ADMIT] = { "admit", in_admit },		/* in_rcv() starts here */
	{ "unprotect", in_unprotect },			/* may return STOLEN    */
	{ "account", in_account },			/* authentic from here  */
	{ "decapsulate", in_decapsulate },		/* may return AGAIN     */
	{ "deliver", in_deliver },			/* always the end       */
};

/* The SA that a packet names whose protocol header is at skb->data, pulled. */
static struct ipsec_sa *in_lookup(struct ipsec_net *ipn,
				  const struct sk_buff *skb, u16 family,
				  u8 proto)
{
	__be32 spi = ipsec_spi_of(skb->data, proto);
	union ipsec_addr daddr;
	struct ipsec_sa *sa;

	if (family == AF_INET)
		ipsec_addr_set4(&daddr, ip_hdr(skb)->daddr);
	else
		ipsec_addr_set6(&daddr, &ipv6_hdr(skb)->daddr);
	sa = ipsec_sad_lookup_rcu(ipn, &daddr, spi, proto, family);
	if (unlikely(!sa && ipsec_bare_well_known(proto, spi)))
		sa = ipsec_bare_cpi_rcu(ipn, skb, family);
	return sa;
}

/* The loop: it traces, repeats, drops. Ends with the packet gone. */
static void in_run(struct ipsec_net *ipn, struct sk_buff *skb,
		   unsigned int row)
{
	int why;

	do {
		const struct in_stage *stage = &in_stages[row++];

		trace_testudo_stage(ipn->net, skb, "in", stage->name);
		ipsec_skb_cb(skb)->stage = row;
		why = stage->run(ipn, skb);
		if (why == IPSEC_AGAIN)
			row = IN_ROW_FIND_SA;
	} while (why == IPSEC_NEXT || why == IPSEC_AGAIN);

	if (why > 0)
		ipsec_drop(ipn, skb, why, ipsec_skb_cb(skb)->sa->spi);
}

/*
 * The crypto API has finished. The packet holds the SA, its device and, by
 * being counted, the namespace.
 */
static void in_resume(struct sk_buff *skb, int why)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct net_device *dev = skb->dev;
	struct ipsec_sa *sa = cb->sa;
	struct ipsec_net *ipn = sa->net;

	rcu_read_lock();
	/* the SA may have been killed meanwhile, the device have moved away */
	if (!why && (!ipsec_sa_usable(sa) || !net_eq(dev_net(dev), ipn->net)))
		why = IPSEC_DROP_IN_STATE;
	if (why)
		ipsec_drop(ipn, skb, why, sa->spi);
	else
		in_run(ipn, skb, cb->stage);
	ipsec_sa_put(sa);
	dev_put(dev);
	ipsec_mib_inc(ipn, IPSEC_MIB_ASYNC_DONE);
	ipsec_path_async_end(ipn->path);
	rcu_read_unlock();
}

/* The next SA of the same packet; NULL when what follows is none of ours. */
static struct ipsec_sa *in_next_sa(struct ipsec_net *ipn, struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	unsigned int hlen = ipsec_spi_hdrlen(cb->nexthdr);

	if (unlikely(ipsec_bare_is(cb->nexthdr)))
		return ipsec_bare_tunnel_rcu(ipn, skb, cb->family,
					     cb->sa->reqid);
	return hlen && pskb_may_pull(skb, hlen) ?
		in_lookup(ipn, skb, cb->family, cb->nexthdr) : NULL;
}

/* Another header of the same packet: decapsulate has seen that the SA is ours. */
static int in_find_sa(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = in_next_sa(ipn, skb);

	if (!sa)
		return IPSEC_DROP_IN_NO_SA;
	cb->sa = sa;
	cb->in_udp = false;
	cb->bare = ipsec_bare_is(cb->nexthdr);
	return IPSEC_NEXT;
}

/*
 * RFC 4301 finds an SA by destination alone, and leaves the source to the SA's
 * selectors. A PF_KEY SA has none but its own addresses, so a packet from
 * elsewhere is not its peer's; in tunnel mode the policy's end points would say
 * the same later. An SA with an unspecified source is for all senders, and one
 * in UDP is asked when its packet is known to be authentic: NATs change their
 * minds.
 */
static bool in_source_ok(const struct ipsec_sa *sa, const struct sk_buff *skb)
{
	if (sa->encap)
		return true;
	if (sa->family == AF_INET)
		return ip_hdr(skb)->saddr == sa->saddr.a4 || !sa->saddr.a4;
	return ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &sa->saddr.a6) ||
	       ipv6_addr_any(&sa->saddr.a6);
}

static int in_admit(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;
	int err = ipsec_sa_check_use(sa);

	if (err)
		return err == -ETIME ? IPSEC_DROP_IN_EXPIRED :
				       IPSEC_DROP_IN_STATE;
	if (unlikely(!!sa->encap != cb->in_udp))
		return IPSEC_DROP_IN_ENCAP;
	if (!in_source_ok(sa, skb))
		return IPSEC_DROP_IN_ENDPOINT;

	cb->seq = ipsec_replay_seq(&sa->replay,
				   ipsec_spi_seq(skb->data, sa->proto));
	if (!ipsec_replay_check(&sa->replay, cb->seq))
		return IPSEC_DROP_IN_REPLAY;
	return IPSEC_NEXT;
}

/*
 * RCU ends with this softirq, so a packet that may wait in the crypto API holds
 * what it needs afterwards: see in_resume().
 */
static int in_unprotect_async(struct ipsec_net *ipn, struct ipsec_sa *sa,
			      struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	int why;

	if (!ipsec_sa_get(sa))
		return IPSEC_DROP_IN_STATE;
	skb_dst_force(skb);
	dev_hold(dev);
	ipsec_path_async_begin(ipn->path);

	why = sa->xform->input(sa, skb);
	if (why == IPSEC_STOLEN) {
		ipsec_mib_inc(ipn, IPSEC_MIB_ASYNC);
		return why;
	}

	ipsec_path_async_end(ipn->path);
	dev_put(dev);
	ipsec_sa_put(sa);
	return why;
}

static int in_unprotect(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;

	if (unlikely(cb->bare))
		return IPSEC_NEXT;
	cb->resume = in_resume;
	cb->tmp = NULL;
	cb->may_wait = sa->xform->may_wait(sa);
	if (unlikely(cb->may_wait))
		return in_unprotect_async(ipn, sa, skb);
	return sa->xform->input(sa, skb);
}

/*
 * An SA for any mode is a tunnel when an IP packet is inside, as in KAME; but
 * not one that protects what an IPComp tunnel has left as it was.
 */
static bool in_is_tunnel(struct ipsec_net *ipn, const struct sk_buff *skb,
			 const struct ipsec_skb_cb *cb)
{
	const struct ipsec_sa *sa = cb->sa;

	if (sa->mode != IPSEC_MODE_ANY)
		return sa->mode == IPSEC_MODE_TUNNEL;
	if (cb->nexthdr != IPPROTO_IPIP && cb->nexthdr != IPPROTO_IPV6)
		return false;
	return sa->proto == IPPROTO_COMP ||
	       !ipsec_bare_tunnel_rcu(ipn, skb, cb->family, sa->reqid);
}

static u8 in_mode(const struct ipsec_skb_cb *cb)
{
	return cb->tunnel ? IPSEC_MODE_TUNNEL : IPSEC_MODE_TRANSPORT;
}

static int in_account(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;

	/* another CPU may have had the same number since the check */
	if (!ipsec_replay_accept(&sa->replay, cb->seq))
		return IPSEC_DROP_IN_REPLAY;
	if (ipsec_sa_account(sa, skb->len) == IPSEC_LIFE_HARD)
		return IPSEC_DROP_IN_EXPIRED;
	cb->tunnel = in_is_tunnel(ipn, skb, cb);
	if (unlikely(sa->encap))
		return ipsec_natt_arrived(skb, cb->tunnel);
	return IPSEC_NEXT;
}

static int in_decapsulate(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;
	int why;

	if (cb->nexthdr == IPPROTO_NONE)
		return IPSEC_DROP_IN_DUMMY;

	why = ipsec_secpath_add(ipn, &cb->record, sa, in_mode(cb));
	if (why)
		return why;
	if (cb->tunnel)
		return ipsec_decap_tunnel(sa, skb);

	why = ipsec_decap_transport(skb);
	if (why)
		return why;
	if (unlikely(sa->encap))
		ipsec_natt_fix_checksum(skb);
	return in_next_sa(ipn, skb) ? IPSEC_AGAIN : IPSEC_NEXT;
}

static int in_deliver(struct ipsec_net *ipn, struct sk_buff *skb)
{
	ipsec_mib_inc(ipn, IPSEC_MIB_IN_PACKETS);
	if (ipsec_skb_cb(skb)->tunnel)
		return ipsec_decap_deliver_tunnel(ipn, skb);
	return ipsec_decap_deliver_transport(ipn, skb);
}

/*
 * Not one of our SAs: is it the stock stack's to judge? It is when we have
 * nothing here, or when it has SAs here: looking for the very SA would miss
 * those of vti and xfrm interfaces, which it finds by a mark of its own.
 */
static bool in_foreign(const struct ipsec_net *ipn)
{
	return !READ_ONCE(ipn->users) || READ_ONCE(ipn->net->xfrm.state_num);
}

/* From the IP layer's control block to ours. */
static void in_enter(struct ipsec_net *ipn, struct sk_buff *skb,
		     struct ipsec_sa *sa, u8 family, bool in_udp)
{
	struct ipsec_skb_cb cb = {
		.sa = sa,
		.family = family,
		.in_udp = in_udp,
		.record = ipsec_secpath_record(ipn, skb),
	};

	if (family == AF_INET) {
		cb.iif = IPCB(skb)->iif;
		cb.flags = IPCB(skb)->flags;
		cb.nh_off = offsetof(struct iphdr, protocol);
	} else {
		cb.iif = IP6CB(skb)->iif;
		cb.flags = IP6CB(skb)->flags;
		cb.nh_off = IP6CB(skb)->nhoff;
	}
	*ipsec_skb_cb(skb) = cb;
}

/* The SA is found before anything is done to the packet: it may be foreign. */
static int in_rcv(struct ipsec_net *ipn, struct sk_buff *skb, u8 family,
		  u8 proto, bool in_udp)
{
	struct ipsec_sa *sa;

	if (!pskb_may_pull(skb, ipsec_spi_hdrlen(proto))) {
		if (in_foreign(ipn))
			return -EINVAL;
		ipsec_drop(ipn, skb, IPSEC_DROP_IN_HDR, 0);
		return 0;
	}

	sa = in_lookup(ipn, skb, family, proto);
	if (unlikely(!sa)) {
		if (in_foreign(ipn))
			return -EINVAL;
		ipsec_drop(ipn, skb, IPSEC_DROP_IN_NO_SA,
			   ipsec_spi_of(skb->data, proto));
		return 0;
	}

	in_enter(ipn, skb, sa, family, in_udp);
	in_run(ipn, skb, IN_ROW_ADMIT);
	return 0;
}

/**
 * ipsec_in_rcv() - an IPsec header has come
 * @skb: packet, skb->data at the header
 * @family: AF_INET or AF_INET6 of the packet
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Context: Softirq, RCU.
 * Return: 0 when the packet is gone; -EINVAL when it is for the next handler,
 * as it came.
 */
int ipsec_in_rcv(struct sk_buff *skb, u8 family, u8 proto)
{
	return in_rcv(ipsec_net_of(dev_net(skb->dev)), skb, family, proto,
		      false);
}

/**
 * ipsec_in_rcv_encap() - ESP has come out of a UDP socket
 * @skb: packet, skb->data at the ESP header, the UDP header before it; its
 *	length is already gone from the IP header. UDP has taken apart what GRO
 *	put together, as for every socket with a handler of its own
 * @family: AF_INET or AF_INET6 of the packet
 *
 * Context: Softirq, RCU.
 * Return: as ipsec_in_rcv().
 */
int ipsec_in_rcv_encap(struct sk_buff *skb, u8 family)
{
	return in_rcv(ipsec_net_of(dev_net(skb->dev)), skb, family,
		      IPPROTO_ESP, true);
}

/* What the inbound check has let go on as the payload of an IPComp tunnel. */
static void in_bare(struct ipsec_net *ipn, struct sk_buff *skb, u8 family,
		    u8 proto)
{
	struct ipsec_sa *sa = ipsec_bare_tunnel_rcu(ipn, skb, family, 0);

	if (!sa) {
		ipsec_drop(ipn, skb, IPSEC_DROP_IN_NO_SA, 0);
		return;
	}
	local_bh_disable();
	in_enter(ipn, skb, sa, family, false);
	ipsec_skb_cb(skb)->nexthdr = proto;
	ipsec_skb_cb(skb)->bare = true;
	__skb_pull(skb, skb_transport_offset(skb));
	in_run(ipn, skb, IN_ROW_ADMIT);
	local_bh_enable();
}

/**
 * ipsec_in_late() - netfilter hook at LOCAL_IN, behind the rules
 * @priv: the namespace's struct ipsec_net
 * @skb: packet for this host
 * @st: where
 *
 * Takes the payload of IPComp's tunnels that came uncompressed, and hears ICMP
 * errors about what was sent: both go on as something else, and a rule may have
 * refused them. It may also have had user space look at them, which gives them
 * back in process context.
 *
 * Context: RCU; softirq or process.
 * Return: NF_ACCEPT, or NF_STOLEN when it was such a payload.
 */
unsigned int ipsec_in_late(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *st)
{
	u8 family = st->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	u8 proto = ipsec_bare_proto(skb, family);
	struct ipsec_net *ipn = priv;

	if (unlikely(ipsec_bare_is(proto) && ipsec_secpath_is_bare(ipn, skb))) {
		in_bare(ipn, skb, family, proto);
		return NF_STOLEN;
	}
	if (unlikely(ipsec_outer_error_possible(proto)))
		ipsec_outer_error_learn(ipn, skb, family);
	return NF_ACCEPT;
}

/*
 * Reassembly keeps the record of the first fragment alone, so fragments that
 * came through different SAs, or some in clear, must not meet when somebody
 * will put them together later.
 *
 * IPv4: those on a record are put together here, by record. Forwarded ones, too:
 * only whole have they the ports that the policy may name, and where they are
 * going is not yet known. Where they leave they are cut again, to the size that
 * they came in. Clear ICMP is as well, by itself, and so is what is forwarded
 * in clear under policies that name ports.
 *
 * IPv6 reassembly is not within a module's reach, so there the identification,
 * which nothing else depends on, is made one of the record's own. Conntrack
 * gathers before the inbound check; without it each fragment is checked before
 * the kernel gathers.
 */
static unsigned int in_gather(struct ipsec_net *ipn, struct sk_buff *skb,
			      u32 user)
{
	u8 pkt_type = skb->pkt_type;

	if (!ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	/*
	 * Only a destination tells a sender of missing fragments (RFC 792), and
	 * a router would do it in clear, quoting what the tunnel had carried:
	 * of a packet for another host icmp_send() tells nobody.
	 */
	if (inet_addr_type_dev_table(ipn->net, skb->dev, ip_hdr(skb)->daddr) !=
	    RTN_LOCAL)
		skb->pkt_type = PACKET_OTHERHOST;
	if (ip_defrag(ipn->net, skb, user))
		return NF_STOLEN;
	skb->pkt_type = pkt_type;
	skb->ignore_df = 1;
	/* the IP layer cuts a list at its joints, and forgets DF there */
	if (unlikely(IPCB(skb)->flags & IPSKB_FRAG_PMTU) &&
	    skb_linearize(skb)) {
		ipsec_drop(ipn, skb, IPSEC_DROP_IN_NOMEM, 0);
		return NF_STOLEN;
	}
	return NF_ACCEPT;
}

/* The kernel's own users of ip_defrag() have small numbers. */
static u32 in_user(u32 record)
{
	return record ? record | BIT(31) : BIT(30);
}

/*
 * Only whole does an ICMP error tell on its way out what it quotes. IPv6 ones
 * are never so long that they are fragmented (RFC 4443 2.4).
 */
static bool in_may_quote(const struct ipsec_net *ipn, const struct sk_buff *skb)
{
	return ip_hdr(skb)->protocol == IPPROTO_ICMP &&
	       ip_is_fragment(ip_hdr(skb)) &&
	       !ipsec_spd_empty(ipn, IPSEC_SP_OUT);
}

/*
 * Of fragments that are forwarded only the first could be held against policies
 * with ports, unless conntrack puts all together. Those for this host are whole
 * when they are. What a bridge carries may not be for the IP layer at all.
 */
static bool in_needs_ports(const struct ipsec_net *ipn,
			   const struct sk_buff *skb)
{
	if (!ip_is_fragment(ip_hdr(skb)) || !ipsec_spd_names_ports4(ipn))
		return false;
#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV4)
	if (READ_ONCE(ipn->net->nf.defrag_ipv4_users))
		return false;
#endif
	return skb->pkt_type == PACKET_HOST && !nf_bridge_in_prerouting(skb) &&
	       inet_addr_type_dev_table(ipn->net, skb->dev,
					ip_hdr(skb)->daddr) == RTN_UNICAST;
}

static bool in_must_part(struct net *net, const struct sk_buff *skb)
{
	const struct in6_addr *daddr = &ipv6_hdr(skb)->daddr;

#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
	if (READ_ONCE(net->nf.defrag_ipv6_users))
		return true;
#endif
	return ipv6_addr_is_multicast(daddr) ||
	       ipv6_chk_addr(net, daddr, NULL, 0);
}

static unsigned int in_part(struct ipsec_net *ipn, struct sk_buff *skb,
			    u32 record)
{
	unsigned int off = 0;
	struct frag_hdr *fh;

	if (ipv6_find_hdr(skb, &off, NEXTHDR_FRAGMENT, NULL, NULL) < 0 ||
	    !in_must_part(ipn->net, skb))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, off + sizeof(*fh))) {
		ipsec_drop(ipn, skb, IPSEC_DROP_IN_NOMEM, 0);
		return NF_STOLEN;
	}
	fh = (struct frag_hdr *)(skb->data + off);
	/* not by xor, which the second showing in a VRF would undo */
	be32_add_cpu(&fh->identification, ipsec_secpath_tint(ipn, record));
	return NF_ACCEPT;
}

/**
 * ipsec_in_prerouting() - netfilter hook, the first at PRE_ROUTING
 * @priv: the namespace's struct ipsec_net
 * @skb: packet
 * @st: where
 *
 * From here to the inbound check the control block is the IP layer's, and
 * carries what the packet came through.
 *
 * Context: Softirq, RCU.
 * Return: NF_ACCEPT, or NF_STOLEN for a fragment that waits for the others, or
 * was dropped.
 */
unsigned int ipsec_in_prerouting(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *st)
{
	u32 record;

	/* a VRF shows its ports' packets twice, the second time on itself */
	if (st->in && netif_is_l3_master(st->in))
		ipsec_secpath_arrive_again(priv, skb);
	else
		ipsec_secpath_arrive(priv, skb);
	record = ipsec_secpath_record(priv, skb);
	if (st->pf == NFPROTO_IPV4)
		return unlikely(record || in_may_quote(priv, skb) ||
				in_needs_ports(priv, skb)) ?
		       in_gather(priv, skb, in_user(record)) : NF_ACCEPT;
	return unlikely(record) ? in_part(priv, skb, record) : NF_ACCEPT;
}

/**
 * ipsec_in_init() - set up what all namespaces share
 *
 * Context: Process, module load.
 * Return: 0 or a negative errno.
 */
int ipsec_in_init(void)
{
	return ipsec_decap_init();
}

/**
 * ipsec_in_exit() - undo ipsec_in_init()
 *
 * Context: Process, module unload.
 */
void ipsec_in_exit(void)
{
	ipsec_decap_exit();
}

/**
 * ipsec_in_net_init() - set up the IN road of a namespace
 * @ipn: namespace; ipn->path is there
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_in_net_init(struct ipsec_net *ipn)
{
	return ipsec_secpath_net_init(ipn);
}

/**
 * ipsec_in_net_exit() - undo ipsec_in_net_init()
 * @ipn: namespace, without hooks and packets in flight
 */
void ipsec_in_net_exit(struct ipsec_net *ipn)
{
	ipsec_secpath_net_exit(ipn);
}
