// SPDX-License-Identifier: GPL-2.0
/*
 * sock_frag - an IPv6 datagram that a socket takes in clear may come in
 * fragments, of which LOCAL_IN sees each, and only the first has ports. Remembers
 * the first for as long as the others may come. Never decides about a first one.
 *
 * IPv4 is put together before LOCAL_IN. What passes here is put together with
 * the first fragment that passed, or with none: another first one under the same
 * identification is judged by its own ports, and overlapping ones end the
 * datagram (RFC 8200 4.5).
 *
 * A table of few places, of which newer datagrams take those of older ones: they
 * are IKE with long certificates, and ESP in UDP of a peer that cut it.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>

#include "base/net.h"
#include "path/path.h"
#include "path/sock_frag.h"

#define SOCK_FRAG_PLACES	64	/* a power of two */

/**
 * struct sock_frag_key - which datagram
 * @saddr: source
 * @daddr: destination
 * @id: identification, network order
 */
struct sock_frag_key {
	struct in6_addr saddr;
	struct in6_addr daddr;
	__be32 id;
};

/**
 * struct sock_frag_place - a datagram whose first fragment passed
 * @key: which
 * @until: end of its time, in jiffies; means something once @used
 * @used: there is one
 */
struct sock_frag_place {
	struct sock_frag_key key;
	unsigned long until;
	bool used;
};

/**
 * struct ipsec_sock_frags - those of a namespace
 * @lock: guards @place; BH off
 * @seed: of the hash
 * @place: the table
 */
struct ipsec_sock_frags {
	spinlock_t lock;	/* guards @place */
	u32 seed;
	struct sock_frag_place place[SOCK_FRAG_PLACES];
};

/* false when the packet is no fragment. */
static bool sock_frag_key(struct sk_buff *skb, struct sock_frag_key *key)
{
	const struct frag_hdr *fh;
	unsigned int off = 0;
	struct frag_hdr buf;

	if (ipv6_find_hdr(skb, &off, NEXTHDR_FRAGMENT, NULL, NULL) < 0)
		return false;
	fh = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!fh)
		return false;
	key->saddr = ipv6_hdr(skb)->saddr;
	key->daddr = ipv6_hdr(skb)->daddr;
	key->id = fh->identification;
	return true;
}

static struct sock_frag_place *sock_frag_place(struct ipsec_sock_frags *sf,
					       const struct sock_frag_key *key)
{
	u32 hash = jhash2((const u32 *)key, sizeof(*key) / sizeof(u32),
			  sf->seed);

	return &sf->place[hash & (SOCK_FRAG_PLACES - 1)];
}

/**
 * ipsec_sock_frag_first() - a packet with ports passes in clear
 * @ipn: namespace
 * @skb: IPv6 packet in LOCAL_IN; remembered when it is a fragment
 *
 * Context: Softirq.
 */
void ipsec_sock_frag_first(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_sock_frags *sf = ipn->path->sock_frags;
	struct sock_frag_place *place;
	struct sock_frag_key key;

	if (!sock_frag_key(skb, &key))
		return;
	place = sock_frag_place(sf, &key);
	spin_lock_bh(&sf->lock);
	place->key = key;
	place->until = jiffies + IPV6_FRAG_TIMEOUT;
	place->used = true;
	spin_unlock_bh(&sf->lock);
}

/**
 * ipsec_sock_frag_next() - does a fragment belong to a datagram that passes
 * @ipn: namespace
 * @skb: IPv6 packet in LOCAL_IN, without ports
 *
 * Context: Softirq.
 * Return: true if so.
 */
bool ipsec_sock_frag_next(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_sock_frags *sf = ipn->path->sock_frags;
	struct sock_frag_place *place;
	struct sock_frag_key key;
	bool known;

	if (!sock_frag_key(skb, &key))
		return false;
	place = sock_frag_place(sf, &key);
	spin_lock_bh(&sf->lock);
	known = place->used && time_before(jiffies, place->until) &&
		!memcmp(&place->key, &key, sizeof(key));
	spin_unlock_bh(&sf->lock);
	return known;
}

/**
 * ipsec_sock_frag_net_init() - set up a namespace
 * @ipn: namespace; ipn->path is there
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_sock_frag_net_init(struct ipsec_net *ipn)
{
	struct ipsec_sock_frags *sf = kzalloc(sizeof(*sf), GFP_KERNEL);

	if (!sf)
		return -ENOMEM;
	spin_lock_init(&sf->lock);
	get_random_bytes(&sf->seed, sizeof(sf->seed));
	ipn->path->sock_frags = sf;
	return 0;
}

/**
 * ipsec_sock_frag_net_exit() - undo ipsec_sock_frag_net_init()
 * @ipn: namespace, without hooks
 */
void ipsec_sock_frag_net_exit(struct ipsec_net *ipn)
{
	kfree(ipn->path->sock_frags);
	ipn->path->sock_frags = NULL;
}
