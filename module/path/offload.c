// SPDX-License-Identifier: GPL-2.0
/*
 * offload - keeps connections that policies protect out of nftables' flow
 * tables. A packet of a connection that is in one goes from the device's
 * ingress straight to the neighbour: past the inbound check, past the OUT road.
 * Never changes or drops a packet.
 *
 *   FORWARD  first   both ways of the connection are held against the SPD; when
 *                    one is protected or discarded, "flow add" is refused
 *   FORWARD  last    a policy came in between: what was taken is given back
 *
 * A change of the SPD makes every flow table look for new routes
 * (ipsec_net_new_policy()), for which it sends a packet of each connection
 * through FORWARD again.
 */
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/netfilter/nf_conntrack.h>

#include "base/addr.h"
#include "base/net.h"
#include "base/selector.h"
#include "path/offload.h"
#include "path/path.h"
#include "sp/flow_cache.h"
#include "sp/sp.h"
#include "sp/spd.h"

/* One end of a connection, which conntrack keeps in structs of two types. */
struct offload_end {
	const union nf_inet_addr *addr;
	__be16 port;
};

static struct offload_end offload_src(const struct nf_conntrack_tuple *t)
{
	return (struct offload_end){ &t->src.u3, t->src.u.all };
}

static struct offload_end offload_dst(const struct nf_conntrack_tuple *t)
{
	return (struct offload_end){ &t->dst.u3, t->dst.u.all };
}

static void offload_addr(union ipsec_addr *a, u16 family,
			 const struct offload_end *end)
{
	if (family == AF_INET)
		ipsec_addr_set4(a, end->addr->ip);
	else
		ipsec_addr_set6(a, &end->addr->in6);
}

/* Is what goes from @src to @dst more than clear text that may pass? */
static bool offload_decide(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			   const struct nf_conntrack_tuple *t,
			   struct offload_end src, struct offload_end dst)
{
	struct ipsec_decision d;
	struct ipsec_flow fl;

	memset(&fl, 0, sizeof(fl));
	fl.family = t->src.l3num;
	fl.proto = t->dst.protonum;
	offload_addr(&fl.saddr, fl.family, &src);
	offload_addr(&fl.daddr, fl.family, &dst);
	if (fl.proto == IPPROTO_GRE) {
		/* conntrack does not tell the key that policies may name */
		fl.flags = IPSEC_FLOW_OPAQUE;
	} else {
		fl.sport = src.port;
		fl.dport = dst.port;
	}
	ipsec_flow_decide(ipn, dir, &fl, &d);
	return d.opaque_risk || (d.sp && d.sp->action != IPSEC_SP_NONE);
}

/*
 * One way of a connection, by the addresses that the inbound check would see,
 * by those of FORWARD, and by those after source NAT.
 */
static bool offload_way(struct ipsec_net *ipn, const struct nf_conn *ct,
			enum ip_conntrack_dir dir)
{
	const struct nf_conntrack_tuple *t = &ct->tuplehash[dir].tuple;
	const struct nf_conntrack_tuple *back = &ct->tuplehash[!dir].tuple;

	if (offload_decide(ipn, IPSEC_SP_FWD, t, offload_src(t),
			   offload_dst(t)) ||
	    offload_decide(ipn, IPSEC_SP_OUT, t, offload_src(t),
			   offload_src(back)))
		return true;
	return ct->status & IPS_NAT_MASK &&
	       offload_decide(ipn, IPSEC_SP_OUT, t, offload_dst(back),
			      offload_src(back));
}

static bool offload_is_tunnel(const struct net_device *dev)
{
	return dev->type == ARPHRD_TUNNEL || dev->type == ARPHRD_TUNNEL6 ||
	       dev->type == ARPHRD_SIT;
}

/*
 * New kernels' flow tables put on and take off the headers of such devices,
 * too, and conntrack knows only the inner connection: whatever policy there is
 * may be for the outer one.
 */
static bool offload_by_tunnel(struct ipsec_net *ipn, const struct sk_buff *skb)
{
	if (ipsec_spd_empty(ipn, IPSEC_SP_OUT) &&
	    ipsec_spd_empty(ipn, IPSEC_SP_IN))
		return false;
	return offload_is_tunnel(skb->dev) ||
	       offload_is_tunnel(skb_dst(skb)->dev);
}

static bool offload_protected(struct ipsec_net *ipn, const struct sk_buff *skb,
			      const struct nf_conn *ct)
{
	bool yes;

	if (offload_by_tunnel(ipn, skb))
		return true;
	local_bh_disable();
	yes = offload_way(ipn, ct, IP_CT_DIR_ORIGINAL) ||
	      offload_way(ipn, ct, IP_CT_DIR_REPLY);
	local_bh_enable();
	return yes;
}

/* The connection, if a flow table could take it. */
static struct nf_conn *offload_ct(struct ipsec_net *ipn, struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct;

	/* bridged packets may have no route; the IP layer does not forward those */
	if (!skb_dst(skb) || !ipsec_net_has_flowtables(ipn))
		return NULL;
	ct = nf_ct_get(skb, &info);
	if (!ct || !nf_ct_is_confirmed(ct))
		return NULL;
	switch (nf_ct_protonum(ct)) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_GRE:
		return ct;
	default:
		return NULL;
	}
}

/**
 * ipsec_offload_refuse() - hook in FORWARD, before any rule says "flow add"
 * @priv: struct ipsec_net
 * @skb: packet
 * @st: where it is
 *
 * The mark of a connection that lost a race for its addresses is the one that
 * the flow tables of all kernels respect and that does nothing else to TCP;
 * for UDP it means that conntrack never calls the connection assured.
 *
 * Context: RCU; process or softirq.
 * Return: NF_ACCEPT.
 */
unsigned int ipsec_offload_refuse(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *st)
{
	struct nf_conn *ct = offload_ct(priv, skb);

	/* what is in a flow table already is ipsec_offload_undo()'s business */
	if (ct && !(ct->status & (IPS_NAT_CLASH | IPS_OFFLOAD)) &&
	    offload_protected(priv, skb, ct))
		set_bit(IPS_NAT_CLASH_BIT, &ct->status);
	return NF_ACCEPT;
}

/**
 * ipsec_offload_undo() - in FORWARD, behind every rule
 * @ipn: namespace
 * @skb: packet
 *
 * A policy that came after ipsec_offload_refuse() has voided the routes that
 * there were then, but "flow add" has looked for one more.
 *
 * Context: RCU; process or softirq.
 */
void ipsec_offload_undo(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct nf_conn *ct = offload_ct(ipn, skb);
	u32 gen = ipsec_net_gen(ipn);

	if (likely(!ct || !test_bit(IPS_OFFLOAD_BIT, &ct->status)) ||
	    !offload_protected(ipn, skb, ct))
		return;
	/* once is enough for a mark that is new, and for one of a generation */
	if (!test_and_set_bit(IPS_NAT_CLASH_BIT, &ct->status) ||
	    xchg(&ipn->path->voided, gen) != gen)
		ipsec_net_flowtables_void(ipn);
}
