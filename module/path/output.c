// SPDX-License-Identifier: GPL-2.0
/*
 * output - the OUT road: takes packets that a policy protects through its
 * stages. Never looks for packets: catch.c does.
 *
 *   LOCAL_OUT, FORWARD                           dst->output
 *   ipsec_catch_out ----- the packet's dst ----> ipsec_output
 *     policy, SAs, size     becomes ours           POST_ROUTING, for the clear
 *                                                  packet, then the stages:
 *
 *   classify - shape -+- resolve - encapsulate - protect ~> route -+- emit
 *                |    |                                            |
 *                |    '---------------- next SA of the bundle -----'
 *                '--- each segment or fragment comes in here
 *
 * ~> may go away into the crypto API and come back by out_resume().
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_nat.h>
#include <net/xfrm.h>

#include "base/drop.h"
#include "base/mib.h"
#include "base/net.h"
#include "base/skb_cb.h"
#include "base/trace.h"
#include "path/bundle.h"
#include "path/frag.h"
#include "path/gso.h"
#include "path/hold.h"
#include "path/natt.h"
#include "path/outdst.h"
#include "path/output.h"
#include "path/path.h"
#include "path/pmtu.h"
#include "path/quote.h"
#include "path/resolve.h"
#include "path/tell.h"
#include "path/tunnel.h"
#include "sa/sa.h"
#include "sa/xform.h"
#include "sp/flow.h"

/**
 * struct out_ctx - one packet's trip, on the stack
 * @ipn: namespace
 * @sk: socket on whose behalf it is sent, or NULL
 * @xd: decision by which it goes; kept by the packet's dst or by RCU
 * @spi: of the last SA that it met, for the drop's trace
 * @err: what the sender is told when nothing is dropped
 * @resumed: it was in the crypto API, so that RCU no longer keeps the bundle
 * @redecided: the decision was taken anew on this trip
 */
struct out_ctx {
	struct ipsec_net *ipn;
	struct sock *sk;
	struct ipsec_dst *xd;
	__be32 spi;
	int err;
	bool resumed;
	bool redecided;
};

enum out_row {
	OUT_CLASSIFY,
	OUT_SHAPE,
	OUT_RESOLVE,
	OUT_ENCAPSULATE,
	OUT_PROTECT,
	OUT_ROUTE,
	OUT_EMIT,
	OUT_ROWS,
};

static int out_run(struct out_ctx *ctx, struct sk_buff *skb, unsigned int row);

/**
 * ipsec_out_errno() - what sendto() says about a dropped packet
 * @why: drop reason
 *
 * Return: negative errno, or 0 when it is told nothing.
 */
int ipsec_out_errno(int why)
{
	switch (why) {
	case IPSEC_DROP_OUT_TOO_BIG:
		return -EMSGSIZE;
	case IPSEC_DROP_OUT_NO_SA:
	case IPSEC_DROP_OUT_EXPIRED:
	case IPSEC_DROP_OUT_NO_ROUTE:
		return -EHOSTUNREACH;
	case IPSEC_DROP_OUT_NOMEM:
		return -ENOBUFS;
	case IPSEC_DROP_OUT_ACQUIRE:
		/* lost on the way, for all that the sender knows: it may try again */
		return 0;
	default:
		return -EPERM;
	}
}

/*
 * The SA has gone since the hook, and another one is on its way. The packet waits
 * as it would have there, and comes back behind POST_ROUTING.
 */
static bool out_hold(struct out_ctx *ctx, struct sk_buff *skb,
		     const struct ipsec_flow *fl)
{
	struct ipsec_dst *old = ctx->xd;
	struct dst_entry *route = old->route;
	const struct nf_hook_state st = {
		.hook = NF_INET_LOCAL_OUT,
		.pf = old->family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
		.out = old->dst.dev,
		.sk = ctx->sk,
		.net = ctx->ipn->net,
		.okfn = ipsec_output_finish,
	};

	/* the IP layer's words have been used, and ours are not for it */
	memset(skb->cb, 0, sizeof(skb->cb));
	if (!old->bundle.tunnel) {
		if (!dst_hold_safe(route))
			return false;
		skb_dst_drop(skb);
		skb_dst_set(skb, route);
	}
	return ipsec_hold(ctx->ipn, skb, &st, fl, 0);
}

/*
 * Decide anew for a packet that already has a dst of ours. What protected it
 * is gone; that nothing protects it any more does not make it clear text.
 */
static int out_decide_again(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_dst *old = ctx->xd;
	struct ipsec_way way = {
		.route = old->bundle.tunnel ? NULL : old->route,
		/* referenced, unlike the one by which it would have gone */
		.dev = old->dst.dev,
		.mark = old->way_mark,
	};
	struct ipsec_flow fl;
	struct ipsec_dst *xd;
	int why;

	ctx->redecided = true;
	why = ipsec_resolve(ctx->ipn, skb, old->family, &way, &fl, &xd);
	if (!why && !xd && ipsec_quote_possible(&fl))
		why = ipsec_quote_decide(ctx->ipn, skb, &way, &fl, &xd);
	if (why == IPSEC_DROP_OUT_ACQUIRE && out_hold(ctx, skb, &fl))
		return IPSEC_STOLEN;
	if (why)
		return why;
	if (!xd)
		return IPSEC_DROP_OUT_STALE;

	skb_dst_drop(skb);
	skb_dst_set_noref(skb, &xd->dst);
	ctx->xd = xd;
	return 0;
}

static int out_classify(struct out_ctx *ctx, struct sk_buff *skb)
{
	if (likely(ipsec_outdst_current(ctx->xd)))
		return IPSEC_NEXT;
	return out_decide_again(ctx, skb);
}

/* From here on the control block is ours. */
static void out_begin(struct sk_buff *skb, u16 family)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);

	memset(cb, 0, sizeof(*cb));
	cb->family = family;
}

/*
 * The first segment that is dropped ends the whole: the packet was one when it
 * came, and is counted once. A full queue is no reason to stop, nor is an SA that
 * is on its way.
 */
static int out_segments(struct out_ctx *ctx, struct sk_buff *segs,
			unsigned int row)
{
	struct sk_buff *seg;
	struct sk_buff *next;
	int ret = 0;
	int err;

	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		/* one of those before may have decided anew */
		ctx->redecided = false;
		if (skb_dst(seg) != &ctx->xd->dst) {
			skb_dst_drop(seg);
			skb_dst_set_noref(seg, &ctx->xd->dst);
		}
		if (row == OUT_RESOLVE)
			out_begin(seg, ctx->xd->family);
		err = out_run(ctx, seg, row);
		if (err && !ret)
			ret = err;
		if (err < 0) {
			kfree_skb_list(next);
			break;
		}
	}
	ctx->err = ret;
	return IPSEC_STOLEN;
}

static int out_cut(struct out_ctx *ctx, struct sk_buff *skb, unsigned int row)
{
	struct sk_buff *segs;
	int why;

	/* segments inherit the headroom, so make it before there are many */
	if (skb_headroom(skb) < ctx->xd->headroom &&
	    pskb_expand_head(skb, SKB_DATA_ALIGN(ctx->xd->headroom -
						 skb_headroom(skb)),
			     0, GFP_ATOMIC))
		return IPSEC_DROP_OUT_NOMEM;
	why = ipsec_gso_cut(skb, &segs);
	if (why)
		return why;
	return out_segments(ctx, segs, row);
}

/*
 * What is added to an errno of ours on its way through the fragmenter, so that
 * its own, for which nobody has counted the packet yet, are told apart.
 */
#define OUT_FRAGMENT_ERR	0x10000

/* Takes each fragment from the IP layer's fragmenter; RCU, BH off. */
static int out_fragment(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct ipsec_dst *xd = ipsec_outdst_of(skb_dst(skb));
	struct out_ctx ctx = { .ipn = xd->ipn, .sk = sk, .xd = xd };
	int err;

	skb->ip_summed = CHECKSUM_NONE;
	out_begin(skb, xd->family);
	err = out_run(&ctx, skb, OUT_RESOLVE);
	return err < 0 ? OUT_FRAGMENT_ERR - err : err;
}

static int out_fragment_reason(int err)
{
	switch (err) {
	case -ENOMEM:
		return IPSEC_DROP_OUT_NOMEM;
	case -EMSGSIZE:
		return IPSEC_DROP_OUT_TOO_BIG;
	default:
		return IPSEC_DROP_OUT_HDR;
	}
}

static int out_fragments(struct out_ctx *ctx, struct sk_buff *skb,
			 unsigned int mtu)
{
	unsigned int hlen = ipsec_pmtu_hlen(ctx->xd->family);
	u8 hdr[sizeof(struct ipv6hdr)];
	int err;

	memcpy(hdr, skb_network_header(skb), hlen);
	err = ipsec_frag_before(ctx->ipn->net, ctx->sk, skb, ctx->xd->family,
				mtu, out_fragment);
	ctx->err = err >= OUT_FRAGMENT_ERR ? OUT_FRAGMENT_ERR - err : err;
	/* the fragmenter refused it, and has freed it */
	if (unlikely(err < 0))
		ipsec_drop_count_freed(ctx->ipn, hdr, hlen,
				       out_fragment_reason(err), 0);
	return IPSEC_STOLEN;
}

static int out_shape(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_dst *xd = ctx->xd;
	unsigned int mtu;
	int why;

	switch (ipsec_pmtu_fit(xd, skb, &mtu)) {
	case IPSEC_FIT_TOO_BIG:
		ipsec_tell_too_big(skb, xd->family, mtu);
		return IPSEC_DROP_OUT_TOO_BIG;
	case IPSEC_FIT_FRAGMENT:
		/* the fragmenter would put a wrong sum into SCTP */
		why = ipsec_gso_checksum(skb);
		return why ?: out_fragments(ctx, skb, mtu);
	case IPSEC_FIT_RESIZE:
		why = ipsec_gso_resize(skb, xd->family, mtu);
		if (why == IPSEC_DROP_OUT_TOO_BIG)
			ipsec_tell_too_big(skb, xd->family, mtu);
		return why ?: out_cut(ctx, skb, OUT_RESOLVE);
	case IPSEC_FIT_CUT:
		/* SCTP's segments have no socket to say so again */
		skb->ignore_df = 1;
		return out_cut(ctx, skb, OUT_SHAPE);
	case IPSEC_FIT_WHOLE:
		skb->ignore_df = 1;
		break;
	case IPSEC_FIT_OK:
		if (skb_is_gso(skb))
			return out_cut(ctx, skb, OUT_RESOLVE);
		break;
	}

	why = ipsec_gso_checksum(skb);
	if (why)
		return why;
	out_begin(skb, xd->family);
	return IPSEC_NEXT;
}

/*
 * What an SA counts of a packet (RFC 4301 4.4.2.1): all of it in a tunnel,
 * else what is behind the headers that stay outside.
 */
static unsigned int out_payload(const struct ipsec_dst *xd,
				struct sk_buff *skb)
{
	const struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);

	if (ipsec_outdst_is_tunnel(xd, cb->depth))
		return skb->len;
	return skb->len - ipsec_tunnel_unprotected(skb, cb->family);
}

/*
 * The next SA. One that has just died of a lifetime may have a successor, as
 * long as nothing has been done to the packet.
 */
static int out_resolve(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_dst *xd = ctx->xd;
	struct ipsec_sa *sa;
	int err;
	int why;

	if (unlikely(ctx->resumed && xd->gen != ipsec_net_gen(ctx->ipn)))
		return IPSEC_DROP_OUT_STALE;

	sa = xd->bundle.sa[cb->depth];
	ctx->spi = sa->spi;
	err = ipsec_sa_check_use(sa);
	if (likely(!err)) {
		if (likely(ipsec_sa_account(sa, out_payload(xd, skb)) !=
			   IPSEC_LIFE_HARD)) {
			cb->sa = sa;
			return IPSEC_NEXT;
		}
		err = -ETIME;
	}
	if (cb->depth || ctx->redecided)
		return err == -ETIME ? IPSEC_DROP_OUT_EXPIRED :
				       IPSEC_DROP_OUT_STALE;
	why = out_decide_again(ctx, skb);
	return why ?: IPSEC_AGAIN;
}

static int out_encapsulate(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_dst *xd = ctx->xd;
	int why;

	if (!cb->depth) {
		why = ipsec_gso_room(skb, xd->headroom, xd->tailroom);
		if (why)
			return why;
	}
	if (!ipsec_outdst_is_tunnel(xd, cb->depth))
		return ipsec_tunnel_behind(skb);
	ipsec_tunnel_push(ctx->ipn->net, skb, cb->sa, xd->ttl[cb->depth]);
	return IPSEC_NEXT;
}

/*
 * The crypto API is done with a packet that it had kept.
 *
 * Context: softirq, or process with BH off.
 */
static void out_resume(struct sk_buff *skb, int why)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_dst *xd = ipsec_outdst_of(skb_dst(skb));
	struct ipsec_sa *sa = cb->sa;
	struct out_ctx ctx = {
		.ipn = xd->ipn,
		.sk = skb->sk,
		.xd = xd,
		.spi = sa->spi,
		.resumed = true,
	};

	rcu_read_lock();
	if (why)
		ipsec_drop(ctx.ipn, skb, why, ctx.spi);
	else
		out_run(&ctx, skb, cb->stage);
	ipsec_sa_put(sa);
	ipsec_mib_inc(ctx.ipn, IPSEC_MIB_ASYNC_DONE);
	ipsec_path_async_end(ctx.ipn->path);
	rcu_read_unlock();
}

/*
 * The SA of a packet that may go away into the crypto API is held for that
 * time, and so are the packet's dst and the namespace.
 */
static int out_protect_async(struct out_ctx *ctx, struct sk_buff *skb,
			     struct ipsec_sa *sa)
{
	struct ipsec_net *ipn = ctx->ipn;
	int verdict;

	if (!skb_dst_force(skb))
		return IPSEC_DROP_OUT_STALE;
	if (!ipsec_sa_get(sa))
		return IPSEC_DROP_OUT_STALE;
	ipsec_path_async_begin(ipn->path);

	verdict = sa->xform->output(sa, skb);
	if (verdict == IPSEC_STOLEN) {
		ipsec_mib_inc(ipn, IPSEC_MIB_ASYNC);
		return IPSEC_STOLEN;
	}
	ipsec_path_async_end(ipn->path);
	ipsec_sa_put(sa);
	return verdict;
}

static int out_protect(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_sa *sa = cb->sa;

	cb->resume = out_resume;
	cb->stage = OUT_ROUTE;
	cb->may_wait = sa->xform->may_wait(sa);
	if (unlikely(cb->may_wait))
		return out_protect_async(ctx, skb, sa);
	return sa->xform->output(sa, skb);
}

/*
 * A packet that goes whole although it does not fit (IPSEC_FIT_WHOLE) is cut by
 * the IP layer, which asks the route. @sa, the last one, may know better.
 */
static void out_limit(const struct ipsec_dst *xd, struct sk_buff *skb,
		      struct ipsec_sa *sa)
{
	unsigned int mtu;

	if (likely(!skb->ignore_df))
		return;
	mtu = ipsec_pmtu_learnt(xd->route, sa);
	if (skb->len <= mtu)
		return;
	if (xd->bundle.family == AF_INET6)
		IP6CB(skb)->frag_max_size = mtu;
	else
		IPCB(skb)->frag_max_size = mtu;
}

/*
 * One SA is done. After the last, the packet is no longer the one that the
 * stack knew: conntrack and its notes in the control block are about another.
 */
static int out_route(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct ipsec_skb_cb *cb = ipsec_skb_cb(skb);
	struct ipsec_dst *xd = ctx->xd;
	struct ipsec_sa *sa = cb->sa;
	int why;

	if (unlikely(sa->encap))
		ipsec_natt_push(skb, sa);
	why = ipsec_tunnel_close(skb);
	if (why)
		return why;
	/* UDP over IPv6 has left its checksum open, which the next SA covers */
	if (++cb->depth < xd->bundle.n)
		return ipsec_gso_checksum(skb) ?: IPSEC_AGAIN;

	nf_reset_ct(skb);
	secpath_reset(skb);
	skb->encapsulation = 0;
	memset(skb->cb, 0, sizeof(skb->cb));
	if (xd->bundle.family == AF_INET6)
		IP6CB(skb)->flags = IP6SKB_XFRM_TRANSFORMED;
	else
		IPCB(skb)->flags = IPSKB_XFRM_TRANSFORMED;
	out_limit(xd, skb, sa);

	/* the RCU section lasts until the packet is sent or queued */
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, xd->route);
	return IPSEC_NEXT;
}

static int out_emit(struct out_ctx *ctx, struct sk_buff *skb)
{
	struct net *net = ctx->ipn->net;

	/* its device went meanwhile: it throws packets away and counts none */
	if (unlikely(READ_ONCE(ctx->xd->route->obsolete) == DST_OBSOLETE_DEAD))
		return IPSEC_DROP_OUT_NO_ROUTE;
	ipsec_mib_inc(ctx->ipn, IPSEC_MIB_OUT_PACKETS);
	if (ctx->xd->bundle.family == AF_INET6)
		ctx->err = ip6_local_out(net, ctx->sk, skb);
	else
		ctx->err = ip_local_out(net, ctx->sk, skb);
	return IPSEC_STOLEN;
}

/**
 * struct out_stage - a row of the road
 * @name: for traces
 * @run: does it; IPSEC_NEXT, IPSEC_AGAIN (back to "resolve"), IPSEC_STOLEN or
 *	a drop reason
 */
struct out_stage {
	const char *name;
	int (*run)(struct out_ctx *ctx, struct sk_buff *skb);
};

static const struct out_stage out_stages[OUT_ROWS] = {
	[OUT_CLASSIFY]	  = { "classify", out_classify },
	[OUT_SHAPE]	  = { "shape", out_shape },
	[OUT_RESOLVE]	  = { "resolve", out_resolve },
	[OUT_ENCAPSULATE] = { "encapsulate", out_encapsulate },
	[OUT_PROTECT]	  = { "protect", out_protect },
	[OUT_ROUTE]	  = { "route", out_route },
	[OUT_EMIT]	  = { "emit", out_emit },
};

/*
 * The runner. Consumes the packet.
 *
 * Context: RCU, BH off.
 * Return: what the sender is told: 0, a NET_XMIT_* or a negative errno.
 */
static int out_run(struct out_ctx *ctx, struct sk_buff *skb, unsigned int row)
{
	int verdict;

	for (;;) {
		trace_testudo_stage(ctx->ipn->net, skb, "out",
				    out_stages[row].name);
		verdict = out_stages[row].run(ctx, skb);
		switch (verdict) {
		case IPSEC_NEXT:
			row++;
			break;
		case IPSEC_AGAIN:
			row = OUT_RESOLVE;
			break;
		case IPSEC_STOLEN:
			return ctx->err;
		default:
			ipsec_drop(ctx->ipn, skb, verdict, ctx->spi);
			return ipsec_out_errno(verdict);
		}
	}
}

/**
 * ipsec_output_finish() - the clear packet is through POST_ROUTING
 * @net: namespace
 * @sk: socket on whose behalf it is sent, or NULL
 * @skb: clear packet, perhaps out of a queue; consumed
 *
 * Context: process or softirq.
 * Return: 0, a NET_XMIT_* or a negative errno.
 */
int ipsec_output_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct ipsec_dst *xd = ipsec_outdst_of(skb_dst(skb));
	struct out_ctx ctx = { .sk = sk, .xd = xd };
	int err;

	local_bh_disable();
	rcu_read_lock();
	if (likely(xd)) {
		ctx.ipn = xd->ipn;
		/* referenced by the dst, unlike the one of its clear way */
		skb->dev = xd->dst.dev;
		err = out_run(&ctx, skb, OUT_CLASSIFY);
	} else {
		/* a hook gave it another route, which would send it in clear */
		ipsec_drop(ipsec_net_of(net), skb, IPSEC_DROP_OUT_STALE, 0);
		err = ipsec_out_errno(IPSEC_DROP_OUT_STALE);
	}
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

/*
 * A masquerading rule would give the clear packet the address of the tunnel's
 * device, for which the peer has no policy. A connection that is new here is
 * bound to its own source before the rules are asked.
 */
static void out_bind_source(struct sk_buff *skb)
{
	const struct nf_nat_hook *nat;
	enum ip_conntrack_info info;
	struct nf_conn *ct;

	ct = nf_ct_get(skb, &info);
	if (!ct || nf_ct_is_confirmed(ct) || nf_ct_is_template(ct) ||
	    test_bit(IPS_SRC_NAT_DONE_BIT, &ct->status))
		return;
	nat = rcu_dereference(nf_nat_hook);
	if (nat)
		nat->parse_nat_setup(ct, NF_NAT_MANIP_SRC, NULL);
}

/**
 * ipsec_output() - dst->output of struct ipsec_dst
 * @net: namespace
 * @sk: socket on whose behalf it is sent, or NULL
 * @skb: clear packet, skb->data at its IP header; consumed
 *
 * Context: process or softirq.
 * Return: 0, a NET_XMIT_* or a negative errno.
 */
int ipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	struct net_device *in = skb->dev;
	int err;

	rcu_read_lock();
	skb->dev = dst->dev;
	out_bind_source(skb);
	if (dst->ops->family == AF_INET6) {
		skb->protocol = htons(ETH_P_IPV6);
		err = NF_HOOK_COND(NFPROTO_IPV6, NF_INET_POST_ROUTING, net, sk,
				   skb, in, skb->dev, ipsec_output_finish,
				   !(IP6CB(skb)->flags & IP6SKB_REROUTED));
	} else {
		skb->protocol = htons(ETH_P_IP);
		err = NF_HOOK_COND(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk,
				   skb, in, skb->dev, ipsec_output_finish,
				   !(IPCB(skb)->flags & IPSKB_REROUTED));
	}
	rcu_read_unlock();
	return err;
}
