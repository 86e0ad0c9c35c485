// SPDX-License-Identifier: GPL-2.0
/*
 * sad_group - the SAD by end points: groups of SAs that are alike in a key, the
 * newest first. Never brings an SA into force, and never ends one.
 *
 *   ANY    saddr, daddr, proto              outbound, no reqid
 *   REQID  saddr, daddr, proto, reqid       outbound
 *   SEQ    daddr, proto, message number     larvals, for ADD
 *   WANT   saddr, daddr, proto, reqid       larvals without an SPI
 *
 * A group is found by one hash lookup and left or joined by a list operation:
 * a hundred thousand SAs between the same two ends cost each other nothing.
 */
#include <linux/errno.h>
#include <linux/ipsec.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "base/net.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

enum sad_kind {
	SAD_ANY,
	SAD_REQID,
	SAD_SEQ,
	SAD_WANT,
};

/* Hashed and compared as memory: no holes. */
struct sad_group_key {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u32 number;			/* reqid, or message number */
	u16 family;
	u8 proto;
	u8 kind;
};

struct ipsec_sad_group {
	struct rhash_head node;
	struct sad_group_key key;
	struct list_head members;	/* struct ipsec_sad_member, RCU */
	unsigned int count;
	struct rcu_head rcu;
};

static const struct rhashtable_params sad_group_params = {
	.head_offset = offsetof(struct ipsec_sad_group, node),
	.key_offset = offsetof(struct ipsec_sad_group, key),
	.key_len = sizeof(struct sad_group_key),
	.automatic_shrinking = true,
};

/* The key is zeroed by memset, since it is compared as memory. */
static void sad_group_key(struct sad_group_key *key, enum sad_kind kind,
			  const union ipsec_addr *saddr,
			  const union ipsec_addr *daddr, u16 family, u8 proto,
			  u32 number)
{
	BUILD_BUG_ON(sizeof(*key) != 40);
	memset(key, 0, sizeof(*key));
	if (kind != SAD_SEQ)
		key->saddr = *saddr;
	key->daddr = *daddr;
	key->number = kind == SAD_ANY ? 0 : number;
	key->family = family;
	key->proto = proto;
	key->kind = kind;
}

static int sad_group_join(struct ipsec_sad *sad, struct ipsec_sa *sa, int i,
			  enum sad_kind kind, u32 number)
{
	struct ipsec_sad_member *m = &sa->sad.group[i];
	struct ipsec_sad_group *group;
	struct sad_group_key key;
	int err;

	sad_group_key(&key, kind, &sa->saddr, &sa->daddr, sa->family,
		      sa->proto, number);
	group = rhashtable_lookup_fast(&sad->groups, &key, sad_group_params);
	if (!group) {
		group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
		if (!group)
			return -ENOMEM;
		group->key = key;
		INIT_LIST_HEAD(&group->members);
		err = rhashtable_insert_fast(&sad->groups, &group->node,
					     sad_group_params);
		if (err) {
			kfree(group);
			return err;
		}
	}
	group->count++;
	m->group = group;
	list_add_rcu(&m->list, &group->members);
	return 0;
}

/**
 * __ipsec_sad_leave() - an SA leaves its groups
 * @sad: tables
 * @sa: an SA, in groups or not
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void __ipsec_sad_leave(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	struct ipsec_sad_member *m;

	for (m = sa->sad.group; m < sa->sad.group + IPSEC_SA_GROUPS; m++) {
		if (!m->group)
			continue;
		list_del_rcu(&m->list);
		if (!--m->group->count) {
			rhashtable_remove_fast(&sad->groups, &m->group->node,
					       sad_group_params);
			kfree_rcu(m->group, rcu);
		}
		m->group = NULL;
	}
}

/**
 * __ipsec_sad_join() - an SA joins the groups of its kind
 * @sad: tables
 * @sa: an SA in none of them
 *
 * Message numbers of 0 are nobody's: such larvals are only found by SPI.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0 or -ENOMEM, and it is in none.
 */
int __ipsec_sad_join(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	int err = 0;

	if (sa->state == IPSEC_SA_LARVAL) {
		if (sa->seq)
			err = sad_group_join(sad, sa, 0, SAD_SEQ, sa->seq);
		if (!err && !sa->spi)
			err = sad_group_join(sad, sa, 1, SAD_WANT, sa->reqid);
	} else {
		err = sad_group_join(sad, sa, 0, SAD_ANY, 0);
		if (!err)
			err = sad_group_join(sad, sa, 1, SAD_REQID, sa->reqid);
	}
	if (err)
		__ipsec_sad_leave(sad, sa);
	return err;
}

/* The SAs of one @kind that fit; NULL for none. RCU, or config_mutex. */
static struct ipsec_sad_group *sad_group_find(struct ipsec_sad *sad,
					      enum sad_kind kind,
					      const struct ipsec_sa_want *want,
					      u32 number)
{
	struct sad_group_key key;

	sad_group_key(&key, kind, &want->saddr, &want->daddr, want->family,
		      want->proto, number);
	return rhashtable_lookup_fast(&sad->groups, &key, sad_group_params);
}

/**
 * ipsec_sad_choose_rcu() - the SA to send through
 * @ipn: namespace
 * @want: what the policy asks for
 *
 * The newest mature one; a dying one, the newest too, only without a mature.
 *
 * Context: inside rcu_read_lock().
 * Return: an SA, borrowed until rcu_read_unlock(); or NULL.
 */
struct ipsec_sa *ipsec_sad_choose_rcu(struct ipsec_net *ipn,
				      const struct ipsec_sa_want *want)
{
	struct ipsec_sa *dying = NULL;
	struct ipsec_sad_group *group;
	struct ipsec_sad_member *m;
	struct ipsec_sa *sa;
	int state;

	group = sad_group_find(ipn->sad, want->reqid ? SAD_REQID : SAD_ANY,
			       want, want->reqid);
	if (!group)
		return NULL;

	list_for_each_entry_rcu(m, &group->members, list) {
		sa = m->sa;
		if (sa->mode != want->mode && sa->mode != IPSEC_MODE_ANY)
			continue;
		state = READ_ONCE(sa->state);
		if (state == IPSEC_SA_MATURE)
			return sa;
		if (state == IPSEC_SA_DYING && !dying)
			dying = sa;
	}
	return dying;
}

/**
 * ipsec_sad_larval_rcu() - is an SA on its way
 * @ipn: namespace
 * @want: what is looked for; as with ipsec_sad_find_larval(), reqid 0 is just
 *	another one
 *
 * Context: inside rcu_read_lock().
 * Return: a larval SA that was made for @want without an SPI, borrowed until
 * rcu_read_unlock(); or NULL.
 */
struct ipsec_sa *ipsec_sad_larval_rcu(struct ipsec_net *ipn,
				      const struct ipsec_sa_want *want)
{
	struct ipsec_sad_group *group;
	struct ipsec_sad_member *m;

	group = sad_group_find(ipn->sad, SAD_WANT, want, want->reqid);
	if (!group)
		return NULL;
	list_for_each_entry_rcu(m, &group->members, list)
		if (m->sa->mode == want->mode)
			return m->sa;
	return NULL;
}

/**
 * ipsec_sad_find_larval() - the larval SA that a message is about
 * @ipn: namespace
 * @want: @daddr, @family and @proto are compared; with @seq 0 also @saddr,
 *	@mode and @reqid (0 being just another reqid)
 * @seq: message number that made the larval; 0 for a larval without an SPI
 *	that was made for @want
 * @pid: of the message: every daemon counts its messages from 1, so with @seq
 *	only a larval of the same one is meant, or one of the kernel's own (pid
 *	0), which announced @seq to all
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: the newest one, valid as long as the mutex is held; or NULL.
 */
struct ipsec_sa *ipsec_sad_find_larval(struct ipsec_net *ipn,
				       const struct ipsec_sa_want *want,
				       u32 seq, u32 pid)
{
	struct ipsec_sad_group *group;
	struct ipsec_sad_member *m;

	lockdep_assert_held(&ipn->config_mutex);
	group = sad_group_find(ipn->sad, seq ? SAD_SEQ : SAD_WANT, want,
			       seq ?: want->reqid);
	if (!group)
		return NULL;
	list_for_each_entry(m, &group->members, list)
		if (seq ? !m->sa->pid || m->sa->pid == pid :
			  m->sa->mode == want->mode && !m->sa->spi)
			return m->sa;
	return NULL;
}

/**
 * __ipsec_sad_older() - one by one the SAs that a template may have meant
 * @sad: tables
 * @want: ends, protocol, mode; reqid 0 for any
 * @after: the one before, in the tables still; NULL to begin
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: the next one, the oldest first; NULL after the last.
 */
struct ipsec_sa *__ipsec_sad_older(struct ipsec_sad *sad,
				   const struct ipsec_sa_want *want,
				   struct ipsec_sa *after)
{
	struct ipsec_sad_group *group;
	struct ipsec_sad_member *m;
	int i;

	lockdep_assert_held(&sad->ipn->config_mutex);
	group = sad_group_find(sad, want->reqid ? SAD_REQID : SAD_ANY, want,
			       want->reqid);
	if (!group)
		return NULL;
	m = list_entry(&group->members, struct ipsec_sad_member, list);
	for (i = 0; after && i < IPSEC_SA_GROUPS; i++)
		if (after->sad.group[i].group == group)
			m = &after->sad.group[i];
	list_for_each_entry_continue_reverse(m, &group->members, list) {
		if (m->sa->mode == want->mode || m->sa->mode == IPSEC_MODE_ANY)
			return m->sa;
	}
	return NULL;
}

/**
 * __ipsec_sad_groups_init() - no group yet
 * @sad: tables
 *
 * Return: 0 or a negative errno.
 */
int __ipsec_sad_groups_init(struct ipsec_sad *sad)
{
	return rhashtable_init(&sad->groups, &sad_group_params);
}
