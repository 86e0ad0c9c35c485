// SPDX-License-Identifier: GPL-2.0
/*
 * secpath - the record of SAs that a received packet passed: makes it, carries
 * it with the packet, reads it. Never judges it.
 *
 * A record is a node of a tree: "came through this SA, in this mode, after what
 * the parent says". Packets of one kind share one node, which lives as long as
 * its SA, so that recording a packet writes nothing but the packet:
 *
 *      sa A, outermost           sa B, inside A
 *      trail -> [7: A, tunnel, parent none]
 *               trail -> [9: B, transport, parent 7] -> [12: B, tunnel, ...]
 *
 * How the number travels:
 *
 *   IN road                 cb->record, a plain number
 *   tunnel payload          a metadata dst per node, up to PRE_ROUTING: GRO does
 *                           not merge what differs in it, and cb is GRO's
 *   transport payload       "announced" in the trail, up to PRE_ROUTING
 *   from PRE_ROUTING on     "arrived" in the trail, until the inbound check
 *
 * The trail is the end of skb->cb, where rubbish may stand; a secret of the
 * namespace beside the number says whose it is, and which of the two states.
 * A number whose node is gone never becomes a valid record: that fails closed.
 */
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <net/dst.h>
#include <net/dst_metadata.h>

#include "base/drop.h"
#include "base/net.h"
#include "base/skb_cb.h"
#include "sa/sa.h"
#include "path/path.h"
#include "path/secpath.h"

/* Most records of one SA. More only when SAs are nested in many orders. */
#define SECPATH_PER_SA	16

/**
 * struct ipsec_in_net - the records of a namespace
 * @records: by number; its lock (BH) guards every trail list of the namespace
 * @next: where to look for a free number: none is used again soon
 * @secret: beside a number in a trail, see secpath_mark()
 * @tint: key of ipsec_secpath_tint()
 * @ref: one for the namespace, one for each record
 * @rcu: for the end
 */
struct ipsec_in_net {
	struct xarray records;
	u32 next;
	u32 secret;
	siphash_key_t tint;
	refcount_t ref;
	struct rcu_head rcu;
};

/**
 * struct secpath_node - one record
 * @id: its number
 * @parent: number of the record before it, 0 for none
 * @depth: SAs passed, itself included
 * @mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 * @sa: the SA passed; outlives the node by a grace period
 * @md: carries @id through the device layer; one reference is the node's
 * @next: next record of @sa; RCU, changed under the lock of home->records
 * @home: where it is registered; referenced
 * @rcu: for the end
 */
struct secpath_node {
	u32 id;
	u32 parent;
	u8 depth;
	u8 mode;
	struct ipsec_sa *sa;
	struct metadata_dst *md;
	struct secpath_node __rcu *next;
	struct ipsec_in_net *home;
	struct rcu_head rcu;
};

/* Stands at the head of an empty trail for ever once its SA was released. */
static struct secpath_node secpath_released = { .mode = U8_MAX };

/* Names our metadata dsts: nobody else's points here. Never followed. */
static struct net_device *secpath_tag __read_mostly;

static struct ipsec_in_net *secpath_home(const struct ipsec_net *ipn)
{
	return ipn->path->in;
}

static struct secpath_node __rcu **secpath_trail(struct ipsec_sa *sa)
{
	return (struct secpath_node __rcu **)&sa->trail;
}

static void secpath_home_put(struct ipsec_in_net *home)
{
	if (!refcount_dec_and_test(&home->ref))
		return;
	xa_destroy(&home->records);
	kfree_rcu(home, rcu);
}

/* The lists are short: most have one member. Under RCU. */
static struct secpath_node *secpath_find(struct ipsec_sa *sa, u32 parent,
					 u8 mode)
{
	struct secpath_node *n = rcu_dereference(*secpath_trail(sa));

	while (n && (n->parent != parent || n->mode != mode))
		n = rcu_dereference(n->next);
	return n;
}

/* The same lists for those who change them. */
static struct secpath_node *secpath_at(struct ipsec_in_net *home,
					struct secpath_node __rcu **pos)
{
	return rcu_dereference_protected(*pos,
				lockdep_is_held(&home->records.xa_lock));
}

static void secpath_node_free(struct secpath_node *n)
{
	if (n->md)
		dst_release(&n->md->dst);
	secpath_home_put(n->home);
	kfree(n);
}

static void secpath_node_free_rcu(struct rcu_head *rcu)
{
	secpath_node_free(container_of(rcu, struct secpath_node, rcu));
}

static struct secpath_node *secpath_node_alloc(struct ipsec_in_net *home,
					       struct ipsec_sa *sa)
{
	struct secpath_node *n = kzalloc(sizeof(*n), GFP_ATOMIC);

	if (!n)
		return NULL;

	refcount_inc(&home->ref);
	n->home = home;
	n->sa = sa;
	n->md = metadata_dst_alloc(0, METADATA_HW_PORT_MUX, GFP_ATOMIC);
	if (!n->md) {
		secpath_node_free(n);
		return NULL;
	}
	/* GRO compares it as memory */
	memset(&n->md->u.port_info, 0, sizeof(n->md->u.port_info));
	n->md->u.port_info.lower_dev = secpath_tag;
	return n;
}

/*
 * Take out the records whose parent is gone (its SA was rekeyed): no packet
 * can be given them any more. Says how many are left.
 */
static unsigned int secpath_prune(struct ipsec_in_net *home,
				  struct ipsec_sa *sa)
{
	struct secpath_node __rcu **pos = secpath_trail(sa);
	struct secpath_node *n;
	unsigned int left = 0;

	while ((n = secpath_at(home, pos)) != NULL) {
		if (n->parent && !xa_load(&home->records, n->parent)) {
			rcu_assign_pointer(*pos, n->next);
			__xa_erase(&home->records, n->id);
			call_rcu(&n->rcu, secpath_node_free_rcu);
			continue;
		}
		left++;
		pos = &n->next;
	}
	return left;
}

/*
 * Link a new record. The release of the SA may come at any time, and takes no
 * lock while there is no record: the cmpxchg makes one of the two the first.
 */
static int secpath_link(struct ipsec_in_net *home, struct secpath_node *n)
{
	struct secpath_node *first;
	int err;

	lockdep_assert_held(&home->records.xa_lock);
	if (secpath_prune(home, n->sa) >= SECPATH_PER_SA)
		return IPSEC_DROP_IN_NESTED;

	err = __xa_alloc_cyclic(&home->records, &n->id, n,
				XA_LIMIT(1, U32_MAX), &home->next, GFP_ATOMIC);
	if (err < 0)
		return IPSEC_DROP_IN_NOMEM;

	n->md->u.port_info.port_id = n->id;
	first = secpath_at(home, secpath_trail(n->sa));
	RCU_INIT_POINTER(n->next, first);
	if (first != &secpath_released &&
	    cmpxchg((struct secpath_node __force **)secpath_trail(n->sa),
		    first, n) == first)
		return 0;

	__xa_erase(&home->records, n->id);
	return IPSEC_DROP_IN_STATE;
}

static int secpath_make(struct ipsec_in_net *home, struct ipsec_sa *sa,
			u32 parent, u8 mode, struct secpath_node **out)
{
	struct secpath_node *up = NULL, *n, *other;
	int why;

	if (parent) {
		up = xa_load(&home->records, parent);
		if (!up)
			return IPSEC_DROP_IN_STATE;
		if (up->depth >= IPSEC_SECPATH_MAX)
			return IPSEC_DROP_IN_NESTED;
		/* anybody could fill an SA's records with what needs no key */
		if (up->sa->proto == IPPROTO_COMP && sa->proto == IPPROTO_COMP)
			return IPSEC_DROP_IN_NESTED;
	}

	n = secpath_node_alloc(home, sa);
	if (!n)
		return IPSEC_DROP_IN_NOMEM;
	n->parent = parent;
	n->mode = mode;
	n->depth = up ? up->depth + 1 : 1;

	xa_lock_bh(&home->records);
	other = secpath_find(sa, parent, mode);
	why = other ? 0 : secpath_link(home, n);
	xa_unlock_bh(&home->records);

	if (other || why) {
		/* a reader of the number, which was never told, finds nothing */
		call_rcu(&n->rcu, secpath_node_free_rcu);
		n = other;
	}
	*out = n;
	return why;
}

/**
 * ipsec_secpath_add() - a packet has passed one more SA
 * @ipn: namespace
 * @record: what it passed before, 0 for nothing; what it passed now
 * @sa: the SA, under RCU
 * @mode: how it was used, IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL
 *
 * Context: Softirq or process with BH off, RCU. Locks and allocates for the
 * first packet of a kind only.
 * Return: 0, or a drop reason: IN_NESTED, IN_NOMEM, or IN_STATE when one of
 * the SAs is gone.
 */
int ipsec_secpath_add(struct ipsec_net *ipn, u32 *record, struct ipsec_sa *sa,
		      u8 mode)
{
	struct secpath_node *n = secpath_find(sa, *record, mode);
	int why;

	if (unlikely(!n)) {
		why = secpath_make(secpath_home(ipn), sa, *record, mode, &n);
		if (why)
			return why;
	}
	*record = n->id;
	return 0;
}

/**
 * ipsec_secpath_resolve() - which SAs does a record name
 * @ipn: namespace
 * @record: number, not 0
 * @path: filled in
 *
 * Context: RCU.
 * Return: 0, or the drop reason IN_STATE when one of the SAs is gone.
 */
int ipsec_secpath_resolve(struct ipsec_net *ipn, u32 record,
			  struct ipsec_secpath *path)
{
	struct ipsec_in_net *home = secpath_home(ipn);
	const struct secpath_node *n;
	unsigned int i;

	n = xa_load(&home->records, record);
	if (unlikely(!n))
		return IPSEC_DROP_IN_STATE;

	path->len = n->depth;
	for (i = n->depth; i--; ) {
		path->step[i].sa = n->sa;
		path->step[i].mode = n->mode;
		if (!i)
			break;
		n = xa_load(&home->records, n->parent);
		if (unlikely(!n))
			return IPSEC_DROP_IN_STATE;
	}
	return 0;
}

/**
 * ipsec_secpath_attach() - give a tunnel's payload its record for the way
 *	through the device layer
 * @ipn: namespace
 * @skb: packet without a dst
 * @record: number, not 0
 *
 * Context: RCU.
 * Return: false when the SA is gone.
 */
bool ipsec_secpath_attach(struct ipsec_net *ipn, struct sk_buff *skb,
			  u32 record)
{
	const struct secpath_node *n;

	n = xa_load(&secpath_home(ipn)->records, record);
	if (unlikely(!n))
		return false;
	/* the node's own reference outlasts this RCU section */
	dst_hold(&n->md->dst);
	skb_dst_set(skb, &n->md->dst);
	return true;
}

static u32 secpath_mark(const struct ipsec_in_net *home, u32 record)
{
	return record ^ home->secret;
}

/**
 * ipsec_secpath_announce() - give a transport payload its record for the way
 *	to PRE_ROUTING
 * @ipn: namespace
 * @skb: packet whose cb is the IP layer's again
 * @record: number, not 0
 *
 * Context: any.
 */
void ipsec_secpath_announce(struct ipsec_net *ipn, struct sk_buff *skb,
			    u32 record)
{
	struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);

	trail->id = record;
	trail->check = ~secpath_mark(secpath_home(ipn), record);
}

/**
 * ipsec_secpath_arrive_again() - a packet is at PRE_ROUTING of a VRF's device,
 *	where it may have been before, on a port or on the same device
 * @ipn: namespace
 * @skb: packet; a metadata dst of ours is taken off
 *
 * What our IN road delivers in a VRF comes on the VRF's device, and the
 * payload of a tunnel comes twice. What has arrived stays: the inbound check
 * and nobody else ends that.
 *
 * Context: RCU.
 */
void ipsec_secpath_arrive_again(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);
	struct ipsec_in_net *home = secpath_home(ipn);
	const struct metadata_dst *md = skb_metadata_dst(skb);
	u32 mark;

	if (md && md->type == METADATA_HW_PORT_MUX &&
	    md->u.port_info.lower_dev == secpath_tag) {
		trail->id = md->u.port_info.port_id;
		trail->check = secpath_mark(home, trail->id);
		skb_dst_drop(skb);
		return;
	}

	mark = secpath_mark(home, trail->id);
	if (trail->check == ~mark)
		trail->check = mark;
}

/**
 * ipsec_secpath_arrive() - a packet is at PRE_ROUTING for the first time: what
 *	it came through stands in its trail from here on
 * @ipn: namespace
 * @skb: packet; a metadata dst of ours is taken off
 *
 * A trail that claims to have arrived before is a leftover.
 *
 * Context: RCU.
 */
void ipsec_secpath_arrive(struct ipsec_net *ipn, struct sk_buff *skb)
{
	if (unlikely(ipsec_secpath_record(ipn, skb)))
		ipsec_secpath_clear(skb);
	ipsec_secpath_arrive_again(ipn, skb);
}

/**
 * ipsec_secpath_record() - what a packet in the IP layer came through
 * @ipn: namespace
 * @skb: packet between PRE_ROUTING and the transport layer
 *
 * Context: any.
 * Return: the record's number, 0 for none.
 */
u32 ipsec_secpath_record(struct ipsec_net *ipn, struct sk_buff *skb)
{
	const struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);

	return trail->check == secpath_mark(secpath_home(ipn), trail->id) ?
		trail->id : 0;
}

/**
 * ipsec_secpath_spi() - the SPI of the last SA on a record, for a trace
 * @ipn: namespace
 * @record: number, or 0
 *
 * Context: RCU.
 * Return: the SPI; 0 without a record, or when the SA is gone.
 */
__be32 ipsec_secpath_spi(struct ipsec_net *ipn, u32 record)
{
	const struct secpath_node *n;

	n = xa_load(&secpath_home(ipn)->records, record);
	return n ? n->sa->spi : 0;
}

/**
 * ipsec_secpath_tint() - a number that tells records apart, and that no sender
 *	knows
 * @ipn: namespace
 * @record: number, not 0
 *
 * Context: any.
 * Return: the same odd number for the same record: neither it nor twice it is 0,
 * which clear text has.
 */
u32 ipsec_secpath_tint(struct ipsec_net *ipn, u32 record)
{
	const struct ipsec_in_net *home = secpath_home(ipn);

	return (u32)siphash_1u32(record, &home->tint) | 1;
}

/**
 * ipsec_secpath_clear() - forget what a packet came through
 * @skb: packet in the IP layer
 */
void ipsec_secpath_clear(struct sk_buff *skb)
{
	struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);

	/* 0 is no record, whatever the secret */
	trail->id = 0;
	trail->check = 0;
}

/**
 * ipsec_secpath_set_bare() - a packet is for path/bare.c to take
 * @ipn: namespace
 * @skb: packet at LOCAL_IN, which keeps the record that it may have
 */
void ipsec_secpath_set_bare(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);

	if (ipsec_secpath_record(ipn, skb))
		return;
	/* the record "none", announced: nobody else says that */
	trail->id = 0;
	trail->check = ~secpath_mark(secpath_home(ipn), 0);
}

/**
 * ipsec_secpath_is_bare() - has the inbound check left a packet to path/bare.c
 * @ipn: namespace
 * @skb: packet at LOCAL_IN, behind the check
 *
 * Return: true if so: the record of any other is gone by then.
 */
bool ipsec_secpath_is_bare(struct ipsec_net *ipn, struct sk_buff *skb)
{
	const struct ipsec_skb_trail *trail = ipsec_skb_trail(skb);

	return ipsec_secpath_record(ipn, skb) ||
	       (!trail->id &&
		trail->check == ~secpath_mark(secpath_home(ipn), 0));
}

/*
 * The last user of an SA has gone. A grace period lies between this and the
 * end of the SA's memory, in which packets may still hold a node.
 */
static void secpath_release(struct ipsec_sa *sa)
{
	struct secpath_node __force **trail =
		(struct secpath_node __force **)secpath_trail(sa);
	struct ipsec_in_net *home;
	struct secpath_node *n;

	/* until the lock is taken a packet may prune the node that says where */
	rcu_read_lock();
	n = cmpxchg(trail, NULL, &secpath_released);
	if (!n || n == &secpath_released) {
		rcu_read_unlock();
		return;
	}
	home = n->home;
	/* the last record's reference must not end home under its own lock */
	refcount_inc(&home->ref);
	rcu_read_unlock();
	xa_lock_bh(&home->records);
	n = xchg(trail, &secpath_released);
	while (n) {
		struct secpath_node *next = secpath_at(home, &n->next);

		__xa_erase(&home->records, n->id);
		call_rcu(&n->rcu, secpath_node_free_rcu);
		n = next;
	}
	xa_unlock_bh(&home->records);
	secpath_home_put(home);
}

/**
 * ipsec_secpath_init() - set up what all namespaces share
 * @tag: a device that nothing else knows
 */
void ipsec_secpath_init(struct net_device *tag)
{
	secpath_tag = tag;
	ipsec_sa_set_trail_release(secpath_release);
}

/**
 * ipsec_secpath_exit() - undo ipsec_secpath_init()
 *
 * No SA and no packet of ours is left. Metadata dsts may be: they are the
 * core's, and free themselves.
 */
void ipsec_secpath_exit(void)
{
	ipsec_sa_set_trail_release(NULL);
}

/**
 * ipsec_secpath_net_init() - no records yet
 * @ipn: namespace, its path already there
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_secpath_net_init(struct ipsec_net *ipn)
{
	struct ipsec_in_net *home = kzalloc(sizeof(*home), GFP_KERNEL);

	if (!home)
		return -ENOMEM;
	xa_init_flags(&home->records, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_BH);
	home->secret = get_random_u32();
	get_random_bytes(&home->tint, sizeof(home->tint));
	/* so that another namespace's number most likely means nothing here */
	home->next = get_random_u32();
	refcount_set(&home->ref, 1);
	ipn->path->in = home;
	return 0;
}

/**
 * ipsec_secpath_net_exit() - no packet will ask any more
 * @ipn: namespace
 *
 * The SAD goes later, and takes the last records with it.
 */
void ipsec_secpath_net_exit(struct ipsec_net *ipn)
{
	secpath_home_put(ipn->path->in);
	ipn->path->in = NULL;
}
