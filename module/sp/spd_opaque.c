// SPDX-License-Identifier: GPL-2.0
/*
 * spd_opaque - would letting an opaque flow pass in clear break a policy that
 * names ports? Never matches a flow; spd_lookup.c does.
 *
 * A non-initial fragment has no ports, so no policy that names ports matches
 * it. Were it judged by what is left, a fragment of a packet that must be
 * protected could leave in clear. So each policy that protects or discards and
 * names what an opaque flow lacks also sits in a cover, which is keyed by what
 * such a flow does have:
 *
 *   seat 0   addresses and protocol, without ports: for policies with ports
 *   seat 1   addresses only: for policies with a protocol, for the few IPv6
 *            fragments of which even the protocol is hidden
 *
 *   covers (hash by key) -> struct ipsec_spd_cover -> tree of seats by rank
 *                                 '-- best, for packets
 *
 * One lookup per tuple then says whether such a policy stands before the one
 * that would let the flow pass, however many ports are named.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "sp/spd.h"
#include "sp/spd_priv.h"

/**
 * struct ipsec_spd_cover - policies that an opaque flow of this key may belong to
 * @node: in spd->covers
 * @key: addresses, and in seat 0 the protocol if it is named
 * @seats: the policies' seats, best first; config_mutex
 * @best: the first of them
 * @rcu: for its end
 */
struct ipsec_spd_cover {
	struct rhash_head node;
	struct ipsec_spd_key key;
	struct rb_root_cached seats;
	struct ipsec_sp __rcu *best;
	struct rcu_head rcu;
};

static const struct rhashtable_params opaque_params = {
	.head_offset = offsetof(struct ipsec_spd_cover, node),
	.key_offset = offsetof(struct ipsec_spd_cover, key),
	.key_len = sizeof(struct ipsec_spd_key),
	.automatic_shrinking = true,
};

/* Does a policy of @shape take seat @i, and in a cover of what shape? */
static bool opaque_shape(u8 *out, u8 shape, unsigned int i)
{
	if (i == 0) {
		*out = shape & ~IPSEC_SHAPE_PORTS;
		return shape & IPSEC_SHAPE_PORTS;
	}
	*out = (shape & ~(IPSEC_SHAPE_PORTS | IPSEC_SHAPE_PROTO)) |
	       IPSEC_SHAPE_ANYPROTO;
	return shape & IPSEC_SHAPE_PROTO;
}

static struct ipsec_sp *opaque_sp(struct rb_node *node, unsigned int i)
{
	if (!node)
		return NULL;
	return i ? rb_entry(node, struct ipsec_sp, seats[1].node) :
		   rb_entry(node, struct ipsec_sp, seats[0].node);
}

/* Put the policy into the tree by its rank. */
static void opaque_sit(struct ipsec_spd_cover *c, struct ipsec_sp *sp,
		       unsigned int i)
{
	struct rb_node **link = &c->seats.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (ipsec_sp_before(sp, opaque_sp(parent, i))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&sp->seats[i].node, parent, link);
	rb_insert_color_cached(&sp->seats[i].node, &c->seats, first);
	sp->seats[i].cover = c;
	if (first)
		rcu_assign_pointer(c->best, sp);
}

static struct ipsec_spd_cover *opaque_cover(struct ipsec_spd *spd,
					    const struct ipsec_spd_key *key)
{
	struct ipsec_spd_cover *c;
	int err;

	c = rhashtable_lookup_fast(&spd->covers, key, opaque_params);
	if (c)
		return c;

	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->key = *key;
	c->seats = RB_ROOT_CACHED;
	err = rhashtable_insert_fast(&spd->covers, &c->node, opaque_params);
	if (err) {
		kfree(c);
		return ERR_PTR(err);
	}
	return c;
}

/* A cover without seats is deleted. */
static void opaque_leave(struct ipsec_spd *spd, struct ipsec_sp *sp,
			 unsigned int i)
{
	struct ipsec_spd_cover *c = sp->seats[i].cover;
	struct ipsec_sp *best;

	if (!c)
		return;
	sp->seats[i].cover = NULL;
	rb_erase_cached(&sp->seats[i].node, &c->seats);
	best = opaque_sp(rb_first_cached(&c->seats), i);
	rcu_assign_pointer(c->best, best);
	if (best)
		return;
	rhashtable_remove_fast(&spd->covers, &c->node, opaque_params);
	kfree_rcu(c, rcu);
}

/**
 * ipsec_spd_opaque_insert() - a policy takes its seats
 * @spd: policies
 * @sp: policy with its key set
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0, or a negative errno and nothing has changed.
 */
int ipsec_spd_opaque_insert(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	struct ipsec_flow fl = {
		.saddr = sp->sel.saddr,
		.daddr = sp->sel.daddr,
		.proto = sp->sel.proto,
	};
	struct ipsec_spd_cover *c;
	struct ipsec_spd_key key;
	unsigned int i;
	u8 shape;

	lockdep_assert_held(&spd->ipn->config_mutex);
	if (sp->action == IPSEC_SP_NONE)
		return 0;

	for (i = 0; i < ARRAY_SIZE(sp->seats); i++) {
		if (!opaque_shape(&shape, sp->key.shape, i))
			continue;
		ipsec_spd_key_set(&key, shape, sp->sel.splen, sp->sel.dplen,
				  &fl);
		c = opaque_cover(spd, &key);
		if (IS_ERR(c)) {
			ipsec_spd_opaque_remove(spd, sp);
			return PTR_ERR(c);
		}
		opaque_sit(c, sp, i);
	}
	return 0;
}

/**
 * ipsec_spd_opaque_remove() - a policy leaves its seats
 * @spd: policies
 * @sp: policy, also one that has none
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_spd_opaque_remove(struct ipsec_spd *spd, struct ipsec_sp *sp)
{
	unsigned int i;

	lockdep_assert_held(&spd->ipn->config_mutex);
	for (i = 0; i < ARRAY_SIZE(sp->seats); i++)
		opaque_leave(spd, sp, i);
}

/* Is a policy of this tuple that may be the flow's better than @match? */
static bool opaque_row_risk(struct ipsec_spd *spd,
			    const struct ipsec_spd_row *row, unsigned int i,
			    const struct ipsec_flow *fl,
			    const struct ipsec_sp *match)
{
	const struct ipsec_spd_cover *c;
	const struct ipsec_sp *best;
	struct ipsec_spd_key key;
	u8 shape;

	if (!opaque_shape(&shape, row->shape, i))
		return false;
	ipsec_spd_key_set(&key, shape, row->splen, row->dplen, fl);
	c = rhashtable_lookup(&spd->covers, &key, opaque_params);
	if (!c)
		return false;
	best = rcu_dereference(c->best);
	return best && (!match || ipsec_sp_before(best, match));
}

/**
 * ipsec_spd_opaque_risk_rcu() - may a policy with ports be meant instead
 * @ipn: namespace
 * @dir: direction
 * @fl: flow
 * @match: policy found for @fl in @dir, or NULL
 *
 * Context: RCU.
 * Return: true when @fl is opaque, and a policy that protects or discards,
 * ranks before @match and covers the flow but for what is not known of it.
 */
bool ipsec_spd_opaque_risk_rcu(struct ipsec_net *ipn, enum ipsec_sp_dir dir,
			       const struct ipsec_flow *fl,
			       const struct ipsec_sp *match)
{
	bool no_proto = fl->flags & IPSEC_FLOW_NO_PROTO;
	struct ipsec_spd *spd = ipn->spd;
	const struct ipsec_spd_order *order;
	const struct ipsec_spd_row *row;
	unsigned int i;

	if (!fl->flags)
		return false;
	order = rcu_dereference(spd->order[dir][fl->family == AF_INET6]);
	if (!order)
		return false;

	for (i = 0; i < order->n; i++) {
		row = &order->rows[i];
		if (!ipsec_spd_row_before(row, match))
			break;
		/* without a protocol, those that name one are in seat 1 */
		if (opaque_row_risk(spd, row,
				    no_proto && row->shape & IPSEC_SHAPE_PROTO,
				    fl, match))
			return true;
	}
	return false;
}

/**
 * ipsec_spd_opaque_init() - no covers yet
 * @spd: policies
 *
 * Return: 0 or a negative errno.
 */
int ipsec_spd_opaque_init(struct ipsec_spd *spd)
{
	return rhashtable_init(&spd->covers, &opaque_params);
}

/**
 * ipsec_spd_opaque_exit() - undo ipsec_spd_opaque_init()
 * @spd: policies, none of which is left
 */
void ipsec_spd_opaque_exit(struct ipsec_spd *spd)
{
	rhashtable_destroy(&spd->covers);
}
