// SPDX-License-Identifier: GPL-2.0
/*
 * catch - which packets leave protected: the hooks that classify clear packets
 * and give those that a policy protects a dst of ours. What becomes of them
 * there is output.c's business. The only place that knows what source NAT does
 * to a policy's addresses.
 *
 *   LOCAL_OUT, FORWARD   last            exempt? - decide - clamp, size - redirect
 *                                                     '- no SA yet: hold.c
 *   POST_ROUTING         behind NAT      source changed? - exempt? - the same, by
 *                                         the new source; then the hooks that are
 *                                         still to come
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "base/drop.h"
#include "base/net.h"
#include "path/bundle.h"
#include "path/catch.h"
#include "path/hold.h"
#include "path/mss.h"
#include "path/offload.h"
#include "path/outdst.h"
#include "path/output.h"
#include "path/pmtu.h"
#include "path/quote.h"
#include "path/resolve.h"
#include "path/sock_policy.h"
#include "path/spi.h"
#include "path/tell.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sp/flow.h"
#include "sp/flow_cache.h"
#include "sp/sp.h"
#include "sp/spd.h"

/*
 * A protected packet of this host whose mark was lost: a device that builds
 * packets anew (a VRF, ipvlan) shows it to LOCAL_OUT once more. One of our own
 * SAs made it. IP in IP that IPComp has left as it was tells nobody so: it is
 * looked at like any other, which a tunnel device's is, too.
 */
static bool catch_is_protected(struct ipsec_net *ipn, const struct sk_buff *skb,
			       u8 pf)
{
	union ipsec_addr daddr;
	struct ip_auth_hdr buf;
	unsigned int off;
	unsigned int len;
	const void *hdr;
	u8 proto;

	proto = pf == NFPROTO_IPV6 ? ipv6_hdr(skb)->nexthdr :
				     ip_hdr(skb)->protocol;
	len = ipsec_spi_hdrlen(proto);
	if (likely(!len))
		return false;
	if (pf == NFPROTO_IPV6) {
		off = sizeof(struct ipv6hdr);
		ipsec_addr_set6(&daddr, &ipv6_hdr(skb)->daddr);
	} else {
		off = ip_hdrlen(skb);
		ipsec_addr_set4(&daddr, ip_hdr(skb)->daddr);
	}
	hdr = skb_header_pointer(skb, skb_network_offset(skb) + off, len,
				 &buf);
	return hdr && ipsec_sad_lookup_rcu(ipn, &daddr,
					   ipsec_spi_of(hdr, proto), proto,
					   pf == NFPROTO_IPV6 ? AF_INET6 :
								AF_INET);
}

/*
 * Packets that are not to be classified. FORWARD does not believe the mark of
 * a protected packet: what comes by there was not made here. Tunnel devices
 * clear it when they put their own header in front.
 */
static bool catch_exempt(struct ipsec_net *ipn, struct sk_buff *skb,
			 const struct nf_hook_state *st)
{
	struct dst_entry *dst = skb_dst(skb);

	/* bridged packets have a route in name only, or none */
	if (!dst || dst->flags & DST_FAKE_RTABLE)
		return true;
	/* a VRF shows its packets twice */
	if (ipsec_outdst_of(dst))
		return true;
	/* disable_xfrm of its device, which is set for lo: as on the way in */
	if (dst->flags & DST_NOXFRM)
		return true;
	if (st->hook == NF_INET_FORWARD)
		return false;
	if (st->pf == NFPROTO_IPV6 ?
	    IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED :
	    IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED)
		return true;
	return catch_is_protected(ipn, skb, st->pf);
}

/*
 * The packet's dst becomes ours. A dst without a reference says that whoever
 * sends the packet stays in an RCU section, and then ours needs none either.
 */
static int catch_redirect(struct sk_buff *skb, struct ipsec_dst *xd)
{
	if (skb_dst_is_noref(skb)) {
		skb_dst_set_noref(skb, &xd->dst);
		return 0;
	}
	if (!dst_hold_safe(&xd->dst))
		return IPSEC_DROP_OUT_STALE;
	skb_dst_drop(skb);
	skb_dst_set(skb, &xd->dst);
	return 0;
}

/*
 * The end of its connection that gives a packet the source which POST_ROUTING
 * will write, or has written; NULL when it keeps its own. Known here for all
 * packets but the first of a connection.
 */
static const struct nf_conntrack_tuple *catch_nat_end(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	enum ip_conntrack_dir dir;
	const struct nf_conn *ct;
	unsigned long manip;

	ct = nf_ct_get(skb, &info);
	if (likely(!ct || !(ct->status & IPS_NAT_MASK)))
		return NULL;
	dir = CTINFO2DIR(info);
	manip = dir == IP_CT_DIR_ORIGINAL ? IPS_SRC_NAT : IPS_DST_NAT;
	return ct->status & manip ? &ct->tuplehash[!dir].tuple : NULL;
}

/* ICMP errors about a connection get its address, and have no port. */
static void catch_nat_flow(struct ipsec_flow *fl,
			   const struct nf_conntrack_tuple *end)
{
	if (fl->family == AF_INET6)
		ipsec_addr_set6(&fl->saddr, &end->dst.u3.in6);
	else
		ipsec_addr_set4(&fl->saddr, end->dst.u3.ip);

	if (fl->proto != end->dst.protonum || fl->flags)
		return;
	switch (fl->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		fl->sport = end->dst.u.all;
		break;
	}
}

/*
 * May source NAT be about to change the packet that a redirect quotes? IP forwarding
 * sends the redirect first. IPv4's are dropped by NAT then; of IPv6's it does not know
 * what connection they are about.
 */
static bool catch_is_blind(const struct ipsec_net *ipn,
			   const struct ipsec_flow *fl)
{
	if (fl->family != AF_INET6 || !rcu_access_pointer(nf_nat_hook))
		return false;
#if IS_ENABLED(CONFIG_NF_DEFRAG_IPV6)
	/* where conntrack is in use it has one of these */
	return READ_ONCE(ipn->net->nf.defrag_ipv6_users);
#else
	return false;
#endif
}

/*
 * By what an ICMP error quotes. POST_ROUTING will write into that as well: @end,
 * NULL when it does not.
 */
static int catch_decide_quote(struct ipsec_net *ipn, struct sk_buff *skb,
			      const struct ipsec_way *way,
			      const struct ipsec_flow *fl,
			      const struct nf_conntrack_tuple *end,
			      struct ipsec_dst **xdp)
{
	struct ipsec_flow answer;
	enum ipsec_quote kind;

	kind = ipsec_quote_flow(&answer, skb, fl);
	if (kind == IPSEC_QUOTE_NONE)
		return 0;
	if (kind == IPSEC_QUOTE_REDIRECT && catch_is_blind(ipn, fl))
		return IPSEC_DROP_OUT_QUOTE;
	if (end)
		catch_nat_flow(&answer, end);
	return ipsec_quote_resolve(ipn, way, fl, kind, &answer, xdp);
}

/*
 * A policy for the address that goes on the wire decides: the answers of a
 * server behind destination NAT bear the gateway's. One for the address in
 * front of NAT is heeded as well, so that NAT never opens a way out in clear.
 * An ICMP error that none of them protects goes by what it quotes; a redirect may
 * not go at all.
 */
static int catch_decide(struct ipsec_net *ipn, struct sk_buff *skb, u16 family,
			const struct ipsec_way *way, struct ipsec_flow *fl,
			struct ipsec_dst **xdp)
{
	const struct nf_conntrack_tuple *end = catch_nat_end(skb);
	int why;

	if (unlikely(end)) {
		if (ipsec_flow_from_skb(fl, skb, family))
			return IPSEC_DROP_OUT_HDR;
		catch_nat_flow(fl, end);
		why = ipsec_resolve_flow(ipn, way, fl, xdp);
		if (!why && ipsec_quote_possible(fl))
			why = catch_decide_quote(ipn, skb, way, fl, end, xdp);
		if (why || *xdp)
			return why;
	}
	why = ipsec_resolve(ipn, skb, family, way, fl, xdp);
	if (likely(why || !ipsec_quote_possible(fl)))
		return why;
	return catch_decide_quote(ipn, skb, way, fl, NULL, xdp);
}

/* Made here, or by a tunnel device, which forgets where its packets came in. */
static bool catch_is_local(const struct sk_buff *skb,
			   const struct nf_hook_state *st)
{
	return st->hook == NF_INET_LOCAL_OUT ||
	       (st->hook == NF_INET_POST_ROUTING && !skb->skb_iif);
}

/*
 * A forwarded TCP segment that is too big is cut for its sender, who is told
 * all the same. No fragment is made of one that IPv6 may have whole.
 */
static enum ipsec_fit catch_size_forward(struct ipsec_dst *xd,
					 struct sk_buff *skb,
					 enum ipsec_fit fit, unsigned int mtu)
{
	if ((fit == IPSEC_FIT_TOO_BIG || fit == IPSEC_FIT_WHOLE) &&
	    ipsec_pmtu_divide(xd, skb))
		fit = IPSEC_FIT_RESIZE;
	if (fit == IPSEC_FIT_RESIZE)
		ipsec_pmtu_hint(xd, skb, mtu);
	return fit;
}

/*
 * A local sender that would not hear of an MTU has the packet cut, whatever
 * its DF says.
 */
static enum ipsec_fit catch_size_local(struct ipsec_dst *xd,
				       struct sk_buff *skb,
				       const struct sock *sk,
				       enum ipsec_fit fit, unsigned int *mtu)
{
	if (fit != IPSEC_FIT_TOO_BIG || ipsec_tell_hears(skb, sk))
		return fit;
	skb->ignore_df = 1;
	return ipsec_pmtu_fit(xd, skb, mtu);
}

/* Here, where an ICMP error still finds the packet's own route. */
static int catch_size(struct ipsec_dst *xd, struct sk_buff *skb,
		      const struct nf_hook_state *st)
{
	enum ipsec_fit fit;
	unsigned int mtu;

	fit = ipsec_pmtu_fit(xd, skb, &mtu);
	if (likely(fit == IPSEC_FIT_OK))
		return 0;
	if (catch_is_local(skb, st))
		fit = catch_size_local(xd, skb, st->sk, fit, &mtu);
	else
		fit = catch_size_forward(xd, skb, fit, mtu);
	if (fit != IPSEC_FIT_TOO_BIG)
		return 0;
	ipsec_tell_too_big(skb, xd->family, mtu);
	return IPSEC_DROP_OUT_TOO_BIG;
}

/* Who sends this one hears what an error has said of those before. It goes on. */
static void catch_unreached(struct ipsec_dst *xd, struct sk_buff *skb)
{
	struct ipsec_sa *sa = xd->bundle.sa[xd->bundle.n - 1];

	if (unlikely(ipsec_sa_unreach_take(&sa->unreach)))
		ipsec_tell_unreachable(skb, xd->family);
}

static u16 catch_family(const struct nf_hook_state *st)
{
	return st->pf == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
}

/*
 * Of these the kernel makes copies on the way, one for this host and one for
 * the wire, that look the same in POST_ROUTING.
 */
static bool catch_is_copied(const struct sk_buff *skb,
			    const struct nf_hook_state *st)
{
	return st->pf == NFPROTO_IPV4 &&
	       skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
}

/* NAT has written into the packet what catch_decide() foresees. */
static int catch_decide_translated(struct ipsec_net *ipn, struct sk_buff *skb,
				   const struct nf_hook_state *st,
				   const struct ipsec_way *way,
				   struct ipsec_flow *fl,
				   struct ipsec_dst **xdp)
{
	int why = ipsec_resolve(ipn, skb, catch_family(st), way, fl, xdp);

	if (unlikely((why || *xdp) && catch_is_copied(skb, st)))
		return IPSEC_DROP_OUT_NAT;
	return why;
}

/* What becomes of a packet, and its flow; 0 or a drop reason. */
static int catch_choose(struct ipsec_net *ipn, struct sk_buff *skb,
			const struct nf_hook_state *st,
			struct dst_entry *route, struct ipsec_flow *fl,
			struct ipsec_dst **xdp)
{
	struct ipsec_way way = {
		.route = route,
		.dev = skb_dst(skb)->dev,
		.mark = skb->mark,
	};

	if (st->hook == NF_INET_POST_ROUTING)
		return catch_decide_translated(ipn, skb, st, &way, fl, xdp);
	return catch_decide(ipn, skb, catch_family(st), &way, fl, xdp);
}

/* It is to be protected: does it fit, and on to the OUT road. */
static int catch_send(struct ipsec_net *ipn, struct sk_buff *skb,
		      const struct nf_hook_state *st,
		      const struct ipsec_flow *fl, struct ipsec_dst *xd)
{
	int why;

	/* NAT has its own idea of the source */
	if (unlikely(ipsec_quote_possible(fl)) &&
	    st->hook == NF_INET_LOCAL_OUT && !catch_nat_end(skb)) {
		why = ipsec_quote_source(ipn, skb, st->sk, skb_dst(skb)->dev,
					 fl);
		if (why)
			return why;
	}
	if (fl->proto == IPPROTO_TCP && !(fl->flags & IPSEC_FLOW_OPAQUE)) {
		why = ipsec_mss_out(xd, skb);
		if (why)
			return why;
	}
	catch_unreached(xd, skb);
	why = catch_size(xd, skb, st);
	return why ?: catch_redirect(skb, xd);
}

/* 0, a drop reason, or IPSEC_STOLEN when it waits for its SA. */
static int catch_packet(struct ipsec_net *ipn, struct sk_buff *skb,
			const struct nf_hook_state *st)
{
	unsigned long opened = 0;
	struct ipsec_flow fl;
	struct ipsec_dst *xd;
	int why;

	if (st->hook == NF_INET_LOCAL_OUT) {
		switch (ipsec_sock_policy_out(skb, st)) {
		case IPSEC_SOCK_BYPASS:
			return 0;
		case IPSEC_SOCK_DISCARD:
			return IPSEC_DROP_OUT_DISCARD;
		case IPSEC_SOCK_SILENT:
			break;
		}
	}
	why = catch_choose(ipn, skb, st, skb_dst(skb), &fl, &xd);
	if (likely(!why && (!xd || !ipsec_hold_before(ipn, &fl, &opened))))
		return xd ? catch_send(ipn, skb, st, &fl, xd) : 0;
	if (why && why != IPSEC_DROP_OUT_ACQUIRE)
		return why;
	if (!ipsec_hold(ipn, skb, st, &fl, opened))
		return why ?: catch_send(ipn, skb, st, &fl, xd);
	/* those in front may be on their way already */
	if (!why)
		ipsec_hold_retry(ipn);
	return IPSEC_STOLEN;
}

/**
 * ipsec_catch_again() - decide about a packet that has waited
 * @ipn: namespace
 * @skb: packet; its dst may be one of ours already
 * @st: where it was
 *
 * Protection was promised to it: that no policy asks for any now does not make
 * it clear text.
 *
 * Context: RCU, BH off.
 * Return: 0 when it may go on (ipsec_catch_go_on()), or a drop reason:
 * IPSEC_DROP_OUT_ACQUIRE when it may wait for longer.
 */
int ipsec_catch_again(struct ipsec_net *ipn, struct sk_buff *skb,
		      const struct nf_hook_state *st)
{
	struct dst_entry *route = skb_dst(skb);
	struct ipsec_flow fl;
	struct ipsec_dst *xd;
	int why;

	/* on its way into a tunnel it has no other any more */
	if (ipsec_outdst_of(route))
		route = NULL;
	why = catch_choose(ipn, skb, st, route, &fl, &xd);
	if (why)
		return why;
	return xd ? catch_send(ipn, skb, st, &fl, xd) : IPSEC_DROP_OUT_STALE;
}

/* The place behind our hook in POST_ROUTING, 0 when it is there no more. */
static unsigned int catch_behind_nat(const struct nf_hook_entries *hooks)
{
	unsigned int i;

	for (i = 0; hooks && i < hooks->num_hook_entries; i++) {
		if (hooks->hooks[i].hook == ipsec_catch_after_nat)
			return i + 1;
	}
	return 0;
}

/**
 * ipsec_catch_go_on() - a packet that got a dst of ours goes on from its hook
 * @ipn: namespace
 * @skb: packet; consumed
 * @st: where it is
 *
 * In LOCAL_OUT and FORWARD ours is the last hook. In POST_ROUTING the rules'
 * and, last of all, conntrack's are still to come, without which each packet of
 * a connection would be its first. The IP layer would then send the packet by
 * the route that it has found before; so the others are called from here, and
 * may give it to a queue as ever, but their end is the OUT road.
 *
 * Context: RCU; process or softirq.
 */
void ipsec_catch_go_on(struct ipsec_net *ipn, struct sk_buff *skb,
		       const struct nf_hook_state *st)
{
	const struct nf_hook_entries *hooks;
	struct nf_hook_state rest = *st;
	unsigned int i;

	if (st->hook != NF_INET_POST_ROUTING) {
		st->okfn(ipn->net, st->sk, skb);
		return;
	}
	hooks = st->pf == NFPROTO_IPV6 ?
		rcu_dereference(ipn->net->nf.hooks_ipv6[st->hook]) :
		rcu_dereference(ipn->net->nf.hooks_ipv4[st->hook]);
	i = catch_behind_nat(hooks);
	if (unlikely(!i)) {
		ipsec_drop(ipn, skb, IPSEC_DROP_OUT_STALE, 0);
		return;
	}
	rest.okfn = ipsec_output_finish;
	if (nf_hook_slow(skb, &rest, hooks, i) == 1)
		ipsec_output_finish(ipn->net, st->sk, skb);
}

/* The verdict about a packet that does not go on. */
static unsigned int catch_verdict(struct ipsec_net *ipn, struct sk_buff *skb,
				  int why)
{
	if (why == IPSEC_STOLEN)
		return NF_STOLEN;
	/* NF_DROP_ERR(0) would be EPERM */
	if (!ipsec_out_errno(why)) {
		ipsec_drop(ipn, skb, why, 0);
		return NF_STOLEN;
	}

	ipsec_drop_count(ipn, skb, why, 0);
	return NF_DROP_ERR((ipsec_out_errno(why)));
}

/**
 * ipsec_catch_out() - hook in LOCAL_OUT and FORWARD, both families
 * @priv: struct ipsec_net
 * @skb: packet
 * @st: where it is
 *
 * A packet that a policy protects goes on with a dst of ours. A sender here is
 * told about a drop: EPERM when a policy forbids it, EHOSTUNREACH when there is
 * no SA or no way to its other end, EMSGSIZE when it is too big. While a keying
 * daemon is at work for its SA the packet waits (hold.c), and if it may not, the
 * sender is told nothing.
 *
 * Context: RCU; process or softirq.
 * Return: verdict.
 */
unsigned int ipsec_catch_out(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *st)
{
	struct ipsec_net *ipn = priv;
	int why;

	if (st->hook == NF_INET_FORWARD)
		ipsec_offload_undo(ipn, skb);
	if (ipsec_spd_empty(ipn, IPSEC_SP_OUT) || catch_exempt(ipn, skb, st))
		return NF_ACCEPT;

	local_bh_disable();
	why = catch_packet(ipn, skb, st);
	local_bh_enable();
	return likely(!why) ? NF_ACCEPT : catch_verdict(ipn, skb, why);
}

/**
 * ipsec_catch_after_nat() - hook in POST_ROUTING behind source NAT, both families
 * @priv: struct ipsec_net
 * @skb: packet
 * @st: where it is
 *
 * The first packet of a connection gets its source from NAT only now. Later ones
 * were decided about by it before; a second look costs less than to tell which
 * they are, since copies of a first packet may find it confirmed.
 *
 * Context: RCU; process or softirq.
 * Return: verdict.
 */
unsigned int ipsec_catch_after_nat(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *st)
{
	struct ipsec_net *ipn = priv;
	int why;

	if (likely(!catch_nat_end(skb)) || ipsec_spd_empty(ipn, IPSEC_SP_OUT) ||
	    catch_exempt(ipn, skb, st) ||
	    ipsec_sock_policy_out(skb, st) == IPSEC_SOCK_BYPASS)
		return NF_ACCEPT;

	local_bh_disable();
	why = catch_packet(ipn, skb, st);
	local_bh_enable();
	if (unlikely(why))
		return catch_verdict(ipn, skb, why);
	if (likely(!ipsec_outdst_of(skb_dst(skb))))
		return NF_ACCEPT;
	ipsec_catch_go_on(ipn, skb, st);
	return NF_STOLEN;
}
