// SPDX-License-Identifier: GPL-2.0
/*
 * frag - fragments clear packets that are to go through a tunnel and are
 * larger than it takes. The host behind the tunnel puts them together, and the
 * tunnel's other end need not. Never decides whether that may be done.
 */
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/ip6_fragment.h"
#include "path/frag.h"

/* Fragments that were received and put together are not made larger again. */
static u16 frag_size(u16 received, unsigned int mtu)
{
	return received && received < mtu ? received : mtu;
}

/**
 * ipsec_frag_before() - cut a packet into fragments
 * @net: namespace
 * @sk: its socket, or NULL
 * @skb: packet with a dst of ours, IPCB or IP6CB in its cb; consumed
 * @family: of its header
 * @mtu: largest fragment; for IPv6 at least 1280
 * @output: takes each fragment; the first answer that is not 0, and which is not
 *	to be negative, ends it
 *
 * The IP layer's own fragmenters do it: they take the size from the control
 * block when that is less than the dst's.
 *
 * Context: RCU, BH off.
 * Return: what @output returned at last; or a negative errno of the fragmenter's
 * own, for a packet that nobody has counted.
 */
int ipsec_frag_before(struct net *net, struct sock *sk, struct sk_buff *skb,
		      u16 family, unsigned int mtu,
		      int (*output)(struct net *, struct sock *,
				    struct sk_buff *))
{
	if (family == AF_INET6) {
		skb->ignore_df = 1;
		IP6CB(skb)->frag_max_size =
			frag_size(IP6CB(skb)->frag_max_size, mtu);
		return ipsec_compat_ip6_fragment(net, sk, skb, output);
	}
	IPCB(skb)->frag_max_size = frag_size(IPCB(skb)->frag_max_size, mtu);
	return ip_do_fragment(net, sk, skb, output);
}
