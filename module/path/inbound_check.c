// SPDX-License-Identifier: GPL-2.0
/*
 * inbound_check - holds what a received packet came through against what the
 * SPD demands (RFC 4301 5.2 step 4), at LOCAL_IN and FORWARD. Drops a packet or
 * lets it go on; changes none but a SYN (mss.c).
 *
 *   policy     came in clear   through transport SAs   through a tunnel
 *   none here  pass            pass                    IN_NO_POLICY
 *   none       pass            pass                    IN_NO_POLICY
 *   discard    IN_DISCARD      IN_DISCARD              IN_DISCARD
 *   ipsec      IN_CLEAR, or pass when every template is optional;
 *              else the templates are looked for, as below
 *
 * The last template was applied last by the sender, so it is the first thing on
 * the wire: templates are walked from the end, and the record from its start.
 * As with the stock stack an optional template may be missing, and transport
 * SAs that no template asked for are no fault (they only add protection), but
 * no tunnel may be passed over: that is somebody else's traffic. IPComp in
 * transport mode is always optional. A protected ICMP error that its own policy
 * does not accept is judged once more by the packet that it quotes.
 *
 * A socket with a bypass policy of its own takes clear text whatever the SPD
 * says (sock_policy.c), and so passes an ICMP error about a packet that was sent
 * protected (outer_error.c).
 */
#include <linux/icmpv6.h>
#include <linux/ipsec.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/addrconf.h>
#include <net/flow.h>
#include <net/ip.h>
#include <net/ipv6.h>
#if IS_ENABLED(CONFIG_NF_NAT)
#include <net/netfilter/nf_conntrack.h>
#endif

#include "base/drop.h"
#include "base/net.h"
#include "base/selector.h"
#include "sa/sa.h"
#include "sp/flow.h"
#include "sp/flow_cache.h"
#include "sp/quote.h"
#include "sp/sp.h"
#include "sp/spd.h"
#include "path/bare.h"
#include "path/inbound_check.h"
#include "path/mss.h"
#include "path/outer_error.h"
#include "path/secpath.h"
#include "path/sock_policy.h"

static bool check_addr_ok(const union ipsec_addr *want,
			  const union ipsec_addr *have)
{
	return ipsec_addr_equal(want, have) || ipsec_addr_is_any(want);
}

/*
 * Is this step what the template asks for? 0 if so, else the reason that says
 * best how it is not. IPComp's reqid is not held against a packet, which may not
 * have named its SA (bare.c).
 */
static int check_step(const struct ipsec_tmpl *t, const struct ipsec_sa *sa,
		      u8 mode)
{
	if (sa->proto != t->proto || mode != t->mode ||
	    (t->reqid && sa->reqid != t->reqid && sa->proto != IPPROTO_COMP))
		return IPSEC_DROP_IN_MISMATCH;
	if (mode == IPSEC_MODE_TUNNEL &&
	    (sa->family != t->family ||
	     !check_addr_ok(&t->saddr, &sa->saddr) ||
	     !check_addr_ok(&t->daddr, &sa->daddr)))
		return IPSEC_DROP_IN_ENDPOINT;
	return 0;
}

/*
 * May it be missing? A sender leaves IPComp out when it does not pay (RFC 3173
 * 2.2), which in transport mode leaves no trace; and it protects nothing. A
 * tunnel is a tunnel all the same (bare.c).
 */
static bool check_optional(const struct ipsec_tmpl *t)
{
	return t->optional || (t->proto == IPPROTO_COMP &&
			       t->mode == IPSEC_MODE_TRANSPORT);
}

/*
 * Find one template at *@pos of the record or behind it. An optional one that
 * is not there leaves *@pos where it was.
 */
static int check_tmpl(const struct ipsec_tmpl *t,
		      const struct ipsec_secpath *path, unsigned int *pos)
{
	int why = IPSEC_DROP_IN_MISMATCH;
	unsigned int i;
	int step;

	for (i = *pos; i < path->len; i++) {
		step = check_step(t, path->step[i].sa, path->step[i].mode);
		if (!step) {
			*pos = i + 1;
			return 0;
		}
		if (step == IPSEC_DROP_IN_ENDPOINT)
			why = step;
		if (path->step[i].mode == IPSEC_MODE_TUNNEL)
			break;
	}
	return check_optional(t) ? 0 : why;
}

static bool check_has_tunnel(const struct ipsec_secpath *path, unsigned int pos)
{
	for (; pos < path->len; pos++) {
		if (path->step[pos].mode == IPSEC_MODE_TUNNEL)
			return true;
	}
	return false;
}

static int check_tmpls(const struct ipsec_sp *sp,
		       const struct ipsec_secpath *path)
{
	unsigned int pos = 0;
	int i, why;

	for (i = sp->ntmpl; i--; ) {
		why = check_tmpl(&sp->tmpl[i], path, &pos);
		if (why)
			return path->len ? why : IPSEC_DROP_IN_CLEAR;
	}
	return check_has_tunnel(path, pos) ? IPSEC_DROP_IN_MISMATCH : 0;
}

/* The table at the head of this file. */
static int check_policy(const struct ipsec_sp *sp,
			const struct ipsec_secpath *path)
{
	switch (sp ? sp->action : IPSEC_SP_NONE) {
	case IPSEC_SP_NONE:
		return check_has_tunnel(path, 0) ? IPSEC_DROP_IN_NO_POLICY : 0;
	case IPSEC_SP_IPSEC:
		return check_tmpls(sp, path);
	default:
		return IPSEC_DROP_IN_DISCARD;
	}
}

/*
 * Policies name the addresses that came over the wire: what destination NAT
 * made of them in PRE_ROUTING is undone in the flow, as the stock stack does.
 */
static void check_undo_nat(struct ipsec_flow *fl, struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_NAT)
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	const struct ipsec_flow was = *fl;
	struct flowi fi = {};

	if (!ct || !(ct->status & IPS_NAT_MASK))
		return;

	/* ports have the same place in both families' keys */
	if (fl->family == AF_INET) {
		fi.u.ip4.saddr = fl->saddr.a4;
		fi.u.ip4.daddr = fl->daddr.a4;
		fi.u.ip4.fl4_sport = fl->sport;
		fi.u.ip4.fl4_dport = fl->dport;
		nf_nat_decode_session(skb, &fi, AF_INET);
		ipsec_addr_set4(&fl->saddr, fi.u.ip4.saddr);
		ipsec_addr_set4(&fl->daddr, fi.u.ip4.daddr);
		fl->sport = fi.u.ip4.fl4_sport;
		fl->dport = fi.u.ip4.fl4_dport;
	} else {
		fi.u.ip6.saddr = fl->saddr.a6;
		fi.u.ip6.daddr = fl->daddr.a6;
		fi.u.ip6.fl6_sport = fl->sport;
		fi.u.ip6.fl6_dport = fl->dport;
		nf_nat_decode_session(skb, &fi, AF_INET6);
		fl->saddr.a6 = fi.u.ip6.saddr;
		fl->daddr.a6 = fi.u.ip6.daddr;
		fl->sport = fi.u.ip6.fl6_sport;
		fl->dport = fi.u.ip6.fl6_dport;
	}
	/* an ICMP error about a connection has a source of its own, and no port */
	if (fl->flags || fl->proto != nf_ct_protonum(ct)) {
		fl->saddr = was.saddr;
		fl->sport = was.sport;
		fl->dport = was.dport;
	}
#endif
}

/*
 * Outer packets, whose handlers judge them; the stock stack marks the same
 * protocols as ones without a policy check.
 */
static bool check_is_ipsec(u8 proto)
{
	return proto == IPPROTO_ESP || proto == IPPROTO_AH ||
	       proto == IPPROTO_COMP;
}

/* IP in IP between the ends of an IPComp tunnel, which is to go on to bare.c. */
static bool check_is_bare(struct ipsec_net *ipn, struct sk_buff *skb,
			  u8 family)
{
	return unlikely(ipsec_bare_is(ipsec_bare_proto(skb, family))) &&
	       ipsec_bare_tunnel_rcu(ipn, skb, family, 0);
}

/* disable_policy, as the stock stack finds it for each family and way. */
static bool check_disabled(const struct sk_buff *skb, struct net *net,
			   enum ipsec_sp_dir dir, u8 family)
{
	const struct inet6_dev *idev;

	if (family == AF_INET)
		return IPCB(skb)->flags & IPSKB_NOPOLICY;
	if (dir == IPSEC_SP_IN)
		return skb_dst(skb) && skb_dst(skb)->flags & DST_NOPOLICY;

	idev = __in6_dev_get(skb->dev);
	return READ_ONCE(net->ipv6.devconf_all->disable_policy) ||
	       (idev && READ_ONCE(idev->cnf.disable_policy));
}

/*
 * Nobody asks what a packet came through, so that it must not be said of its
 * memory later. More IPsec, on its way to its handler, goes on with its record.
 */
static void check_forget(struct sk_buff *skb, enum ipsec_sp_dir dir, u8 family)
{
	struct ipsec_flow fl;

	if (dir == IPSEC_SP_IN && !ipsec_flow_from_skb(&fl, skb, family) &&
	    check_is_ipsec(fl.proto))
		return;
	ipsec_secpath_clear(skb);
}

/*
 * IPsec inside of IPsec, on its way to its handler. When the outer layer is
 * just what a policy for such packets demands, it has done its duty, and what
 * is inside is judged by itself. Else it stays on the record, for a policy that
 * names all layers at once.
 */
static void check_outer_layer(struct ipsec_net *ipn, struct sk_buff *skb,
			      const struct ipsec_flow *fl,
			      const struct ipsec_secpath *path)
{
	struct ipsec_decision d;

	ipsec_flow_decide(ipn, IPSEC_SP_IN, fl, &d);
	if (!d.sp || d.sp->action != IPSEC_SP_IPSEC || check_tmpls(d.sp, path))
		return;
	ipsec_sp_touch(d.sp);
	ipsec_secpath_clear(skb);
}

/* What a packet came through, which may be nothing. */
static int check_path(struct ipsec_net *ipn, u32 record,
		      struct ipsec_secpath *path)
{
	path->len = 0;
	return record ? ipsec_secpath_resolve(ipn, record, path) : 0;
}

/* The same for what names no SA: 0 or a drop reason. */
static int check_bare(struct ipsec_net *ipn, struct sk_buff *skb, u8 family,
		      u32 record)
{
	struct ipsec_secpath path;
	struct ipsec_flow fl;
	int why;

	why = check_path(ipn, record, &path);
	if (why)
		return why;
	if (record && !ipsec_flow_from_skb(&fl, skb, family))
		check_outer_layer(ipn, skb, &fl, &path);
	ipsec_secpath_set_bare(ipn, skb);
	return 0;
}

/* IPComp alone says nothing of who has sent a packet. */
static bool check_authentic(const struct ipsec_secpath *path)
{
	unsigned int i;

	for (i = 0; i < path->len; i++) {
		if (path->step[i].sa->proto != IPPROTO_COMP)
			return true;
	}
	return false;
}

/*
 * A protected ICMP error from outside of the selectors: it may have been sent
 * by any router there, and is right when the packet that it quotes, turned
 * round, is one that would have come this way (RFC 4301 6.2).
 */
static bool check_quote(struct ipsec_net *ipn, struct sk_buff *skb,
			enum ipsec_sp_dir dir, u8 family,
			const struct ipsec_secpath *path)
{
	struct ipsec_flow own, answer;
	struct ipsec_decision d;

	/* with its addresses as they stand in the packet, as the quote's do */
	if (ipsec_flow_from_skb(&own, skb, family) ||
	    ipsec_quote_flow(&answer, skb, &own) != IPSEC_QUOTE_SENDERS)
		return false;
	check_undo_nat(&answer, skb);
	ipsec_flow_decide(ipn, dir, &answer, &d);
	if (!d.sp || d.sp->action != IPSEC_SP_IPSEC || check_tmpls(d.sp, path))
		return false;
	ipsec_sp_touch(d.sp);
	return true;
}

/* One packet: 0 or a drop reason; what it came through is forgotten then. */
static int check_packet(struct ipsec_net *ipn, struct sk_buff *skb,
			enum ipsec_sp_dir dir, u8 family, u32 record)
{
	struct ipsec_secpath path;
	struct ipsec_decision d;
	struct ipsec_flow fl;
	int why;

	why = check_path(ipn, record, &path);
	if (why)
		return why;
	if (ipsec_flow_from_skb(&fl, skb, family))
		return IPSEC_DROP_IN_FLOW;
	if (dir == IPSEC_SP_IN && check_is_ipsec(fl.proto)) {
		if (record)
			check_outer_layer(ipn, skb, &fl, &path);
		return 0;
	}

	check_undo_nat(&fl, skb);
	ipsec_flow_decide(ipn, dir, &fl, &d);
	if (d.sp)
		ipsec_sp_touch(d.sp);
	if (d.opaque_risk && !check_authentic(&path))
		return IPSEC_DROP_IN_FRAGMENT;
	why = check_policy(d.sp, &path);
	if (unlikely(why && why != IPSEC_DROP_IN_DISCARD && path.len) &&
	    check_quote(ipn, skb, dir, family, &path))
		why = 0;
	ipsec_secpath_clear(skb);
	if (!why && record && fl.proto == IPPROTO_TCP && !fl.flags)
		ipsec_mss_in(ipn, skb, &fl);
	return why;
}

/*
 * An error that this host makes for a socket of its own. It goes by lo, where IPv4
 * has no policies but IPv6 has, and has never left.
 */
static bool check_own_error(const struct sk_buff *skb, u8 family)
{
	const u8 *type;
	u8 buf;

	if (family != AF_INET6 || !(skb->dev->flags & IFF_LOOPBACK) ||
	    ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6)
		return false;
	type = skb_header_pointer(skb, skb_network_offset(skb) +
				  sizeof(struct ipv6hdr), sizeof(buf), &buf);
	return type && icmpv6_is_err(*type);
}

/*
 * Clear text that its receiver takes all the same, and an error about what was
 * sent: as much one of the outer packets, and without it they are lost.
 */
static bool check_exempt(struct ipsec_net *ipn, struct sk_buff *skb, u8 family)
{
	return check_own_error(skb, family) ||
	       ipsec_outer_error_is(ipn, skb, family) ||
	       ipsec_sock_policy_bypass_in(ipn, skb, family);
}

static unsigned int check_hook(struct ipsec_net *ipn, struct sk_buff *skb,
			       enum ipsec_sp_dir dir, u8 family)
{
	u32 record = ipsec_secpath_record(ipn, skb);
	int why;

	if (dir == IPSEC_SP_IN && check_is_bare(ipn, skb, family)) {
		why = check_bare(ipn, skb, family, record);
		if (!why)
			return NF_ACCEPT;
		goto drop;
	}
	if (!record && ipsec_spd_empty(ipn, dir))
		return NF_ACCEPT;
	if (check_disabled(skb, ipn->net, dir, family)) {
		if (record)
			check_forget(skb, dir, family);
		return NF_ACCEPT;
	}

	why = check_packet(ipn, skb, dir, family, record);
	if (likely(!why))
		return NF_ACCEPT;
	if (dir == IPSEC_SP_IN && !record &&
	    (why == IPSEC_DROP_IN_CLEAR || why == IPSEC_DROP_IN_DISCARD ||
	     why == IPSEC_DROP_IN_FRAGMENT) &&
	    check_exempt(ipn, skb, family))
		return NF_ACCEPT;
drop:
	ipsec_drop(ipn, skb, why, ipsec_secpath_spi(ipn, record));
	return NF_STOLEN;
}

/**
 * ipsec_in_check_local() - netfilter hook at LOCAL_IN
 * @priv: the namespace's struct ipsec_net
 * @skb: packet for this host
 * @st: where
 *
 * Context: Softirq, RCU.
 * Return: NF_ACCEPT, or NF_STOLEN when it was dropped.
 */
unsigned int ipsec_in_check_local(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *st)
{
	return check_hook(priv, skb, IPSEC_SP_IN,
			  st->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6);
}

/**
 * ipsec_in_check_forward() - netfilter hook at FORWARD
 * @priv: the namespace's struct ipsec_net
 * @skb: packet for somebody else
 * @st: where
 *
 * Context: Softirq, RCU.
 * Return: NF_ACCEPT, or NF_STOLEN when it was dropped.
 */
unsigned int ipsec_in_check_forward(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *st)
{
	const struct dst_entry *dst = skb_dst(skb);

	/* bridged, not forwarded: as for the OUT road, none of our business */
	if (!dst || dst->flags & DST_FAKE_RTABLE)
		return NF_ACCEPT;
	return check_hook(priv, skb, IPSEC_SP_FWD,
			  st->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6);
}
