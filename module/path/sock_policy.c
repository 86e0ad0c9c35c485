// SPDX-License-Identifier: GPL-2.0
/*
 * sock_policy - do sockets exempt their packets from the SPD (IP_IPSEC_POLICY,
 * bypass)? Keying daemons talk to each other so. Never sets a socket's policy:
 * the core keeps them, pfkey/sock_policy.c makes them.
 *
 * On the way out the packet has its socket. On the way in it is looked for,
 * and only when the packet would be dropped otherwise. The core's policy is of
 * the socket's own family; here it also covers what an IPv6 socket sends and
 * receives by IPv4.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/inet_sock.h>
#include <net/raw.h>
#include <net/rawv6.h>
#include <net/udp.h>
#include <net/xfrm.h>

#include "base/net.h"
#include "compat/inet_lookup.h"
#include "path/natt.h"
#include "path/sock_frag.h"
#include "path/sock_policy.h"
#include "sp/flow.h"

/*
 * @sk is no less than a full one. RCU. Templates would be the stock stack's: of
 * those we know nothing.
 */
static enum ipsec_sock_verdict sock_policy_of(const struct sock *sk, int dir)
{
	const struct xfrm_policy *pol;

	if (!sk || !sk_fullsock(sk))
		return IPSEC_SOCK_SILENT;
	pol = rcu_dereference(sk->sk_policy[dir]);
	if (likely(!pol) || pol->xfrm_nr)
		return IPSEC_SOCK_SILENT;
	return pol->action == XFRM_POLICY_ALLOW ? IPSEC_SOCK_BYPASS :
						  IPSEC_SOCK_DISCARD;
}

/**
 * ipsec_sock_policy_out() - what the sender says of an outgoing packet
 * @skb: packet in LOCAL_OUT or POST_ROUTING
 * @st: where it is
 *
 * A packet that a tunnel device sends may still have the socket of the datagram
 * inside, which has no say in the tunnel's packets. The answer to a SYN has that
 * of the request, and is sent for the listening one.
 *
 * Context: RCU.
 * Return: the socket's policy.
 */
enum ipsec_sock_verdict ipsec_sock_policy_out(const struct sk_buff *skb,
					      const struct nf_hook_state *st)
{
	const struct sock *sk = sk_to_full_sk(skb->sk);

	if (sk != sk_to_full_sk(st->sk))
		return IPSEC_SOCK_SILENT;
	return sock_policy_of(sk, XFRM_POLICY_OUT);
}

static struct sock *sock_policy_find4(struct net *net, struct sk_buff *skb,
				      const struct ipsec_flow *fl, int dif)
{
	if (fl->proto == IPPROTO_UDP)
		return udp4_lib_lookup(net, fl->saddr.a4, fl->sport,
				       fl->daddr.a4, fl->dport, dif);
	if (fl->proto == IPPROTO_TCP)
		return ipsec_compat_tcp_lookup4(net, skb, fl->saddr.a4,
						fl->sport, fl->daddr.a4,
						fl->dport, dif);
	return NULL;
}

static struct sock *sock_policy_find6(struct net *net, struct sk_buff *skb,
				      const struct ipsec_flow *fl, int dif)
{
	if (fl->proto == IPPROTO_UDP)
		return udp6_lib_lookup(net, &fl->saddr.a6, fl->sport,
				       &fl->daddr.a6, fl->dport, dif);
	if (fl->proto == IPPROTO_TCP)
		return ipsec_compat_tcp_lookup6(net, skb, &fl->saddr.a6,
						fl->sport, &fl->daddr.a6,
						fl->dport, dif);
	return NULL;
}

static bool sock_policy_raw4(struct net *net, const struct ipsec_flow *fl,
			     int dif)
{
	struct hlist_head *head;
	struct sock *sk;

	head = &raw_v4_hashinfo.ht[raw_hashfunc(net, fl->proto)];
	sk_for_each_rcu(sk, head)
		if (raw_v4_match(net, sk, fl->proto, fl->saddr.a4,
				 fl->daddr.a4, dif, 0) &&
		    sock_policy_of(sk, XFRM_POLICY_IN) == IPSEC_SOCK_BYPASS)
			return true;
	return false;
}

static bool sock_policy_raw6(struct net *net, const struct ipsec_flow *fl,
			     int dif)
{
	struct hlist_head *head;
	struct sock *sk;

	head = &raw_v6_hashinfo.ht[raw_hashfunc(net, fl->proto)];
	sk_for_each_rcu(sk, head)
		if (raw_v6_match(net, sk, fl->proto, &fl->daddr.a6,
				 &fl->saddr.a6, dif, 0) &&
		    sock_policy_of(sk, XFRM_POLICY_IN) == IPSEC_SOCK_BYPASS)
			return true;
	return false;
}

static bool sock_policy_raw(struct net *net, const struct ipsec_flow *fl,
			    int dif)
{
	return fl->family == AF_INET6 ? sock_policy_raw6(net, fl, dif) :
					sock_policy_raw4(net, fl, dif);
}

/* ESP on a port that a keying daemon keeps for it is no clear text. */
static bool sock_policy_is_esp(const struct sock *sk, struct sk_buff *skb,
			       const struct ipsec_flow *fl)
{
	return sk && fl->proto == IPPROTO_UDP &&
	       READ_ONCE(udp_sk(sk)->encap_type) == UDP_ENCAP_ESPINUDP &&
	       ipsec_natt_is_esp(skb, fl->family);
}

static bool sock_policy_takes(struct ipsec_net *ipn, struct sk_buff *skb,
			      const struct ipsec_flow *fl)
{
	int dif = skb->dev->ifindex;
	struct sock *sk;
	bool takes;

	sk = fl->family == AF_INET6 ?
		sock_policy_find6(ipn->net, skb, fl, dif) :
		sock_policy_find4(ipn->net, skb, fl, dif);
	takes = sock_policy_of(sk_to_full_sk(sk), XFRM_POLICY_IN) ==
		IPSEC_SOCK_BYPASS || sock_policy_is_esp(sk, skb, fl);
	if (sk)
		sock_gen_put(sk);
	return takes || sock_policy_raw(ipn->net, fl, dif);
}

/**
 * ipsec_sock_policy_bypass_in() - does the receiver take a packet in clear
 * @ipn: namespace
 * @skb: packet in LOCAL_IN, over IPv4 whole
 * @family: of its header
 *
 * Or is it none: ESP in UDP, which its handler judges. A fragment goes the way
 * of the first one of its datagram.
 *
 * One bypass of a raw socket lets the packet in for all receivers: its
 * protocol's own handler too.
 *
 * Context: Softirq, RCU.
 * Return: true if so.
 */
bool ipsec_sock_policy_bypass_in(struct ipsec_net *ipn, struct sk_buff *skb,
				 u16 family)
{
	struct ipsec_flow fl;

	/* its own addresses: what NAT made of them is what sockets know */
	if (ipsec_flow_from_skb(&fl, skb, family))
		return false;
	if (fl.flags)
		return family == AF_INET6 && ipsec_sock_frag_next(ipn, skb);
	if (!sock_policy_takes(ipn, skb, &fl))
		return false;
	if (family == AF_INET6)
		ipsec_sock_frag_first(ipn, skb);
	return true;
}
