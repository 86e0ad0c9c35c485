// SPDX-License-Identifier: GPL-2.0
/*
 * sad - the tables of a namespace's SAs: in, out, and lookup. Never decides
 * when an SA ends, and never touches a packet.
 *
 *   by_spi    (daddr, SPI, proto, family) -> SA         inbound, and the SADB
 *   groups    a key -> SAs that are alike in it, newest first:
 *               ANY    saddr, daddr, proto              outbound, no reqid
 *               REQID  saddr, daddr, proto, reqid       outbound
 *               SEQ    daddr, proto, message number     larvals, for ADD
 *               WANT   saddr, daddr, proto, reqid       larvals without an SPI
 *   all       every SA in order of creation             dumps, flush
 *   deadlines SAs that wait for the clock, sweep.c
 *
 * A group is found by one hash lookup and left or joined by a list operation:
 * a hundred thousand SAs between the same two ends cost each other nothing.
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/ipsec.h>

#include "base/event.h"
#include "base/net.h"
#include "base/trace.h"
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

struct sad_spi_key {
	const union ipsec_addr *daddr;
	__be32 spi;
	u16 family;
	u8 proto;
};

static u32 sad_spi_hash(const union ipsec_addr *daddr, __be32 spi, u8 proto,
			u32 seed)
{
	/* every word by itself: a peer chooses half of his address, and the SPI */
	return jhash2((__force const u32 *)daddr->w, ARRAY_SIZE(daddr->w),
		      seed ^ (__force u32)spi ^ proto);
}

static u32 sad_spi_hash_key(const void *data, u32 len, u32 seed)
{
	const struct sad_spi_key *key = data;

	return sad_spi_hash(key->daddr, key->spi, key->proto, seed);
}

static u32 sad_spi_hash_obj(const void *data, u32 len, u32 seed)
{
	const struct ipsec_sa *sa = data;

	return sad_spi_hash(&sa->daddr, sa->spi, sa->proto, seed);
}

static int sad_spi_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct sad_spi_key *key = arg->key;
	const struct ipsec_sa *sa = obj;

	return sa->spi != key->spi || sa->proto != key->proto ||
	       sa->family != key->family ||
	       !ipsec_addr_equal(&sa->daddr, key->daddr);
}

static const struct rhashtable_params sad_spi_params = {
	.head_offset = offsetof(struct ipsec_sa, by_spi),
	.key_len = sizeof(struct sad_spi_key),
	.hashfn = sad_spi_hash_key,
	.obj_hashfn = sad_spi_hash_obj,
	.obj_cmpfn = sad_spi_cmp,
	.automatic_shrinking = true,
};

/**
 * ipsec_sad_lookup_rcu() - the SA of a received packet
 * @ipn: namespace
 * @daddr: destination of the packet
 * @spi: network order
 * @proto: IPPROTO_ESP ...
 * @family: AF_INET or AF_INET6
 *
 * Context: inside rcu_read_lock().
 * Return: an SA in any state, borrowed until rcu_read_unlock(); or NULL.
 */
struct ipsec_sa *ipsec_sad_lookup_rcu(struct ipsec_net *ipn,
				      const union ipsec_addr *daddr,
				      __be32 spi, u8 proto, u16 family)
{
	const struct sad_spi_key key = {
		.daddr = daddr, .spi = spi, .family = family, .proto = proto,
	};

	return rhashtable_lookup(&ipn->sad->by_spi, &key, sad_spi_params);
}

/**
 * __ipsec_sad_find() - the SA of this name, for the SAD itself
 * @sad: tables
 * @daddr: destination
 * @spi: network order
 * @proto: IPPROTO_ESP ...
 * @family: AF_INET or AF_INET6
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: an SA in any state, or NULL.
 */
struct ipsec_sa *__ipsec_sad_find(struct ipsec_sad *sad,
				  const union ipsec_addr *daddr, __be32 spi,
				  u8 proto, u16 family)
{
	const struct sad_spi_key key = {
		.daddr = daddr, .spi = spi, .family = family, .proto = proto,
	};

	lockdep_assert_held(&sad->ipn->config_mutex);
	return rhashtable_lookup_fast(&sad->by_spi, &key, sad_spi_params);
}

/**
 * ipsec_sad_find() - the SA of this name
 * @ipn: namespace
 * @daddr: destination
 * @spi: network order
 * @proto: IPPROTO_ESP ...
 * @family: AF_INET or AF_INET6
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: larval, mature or dying, valid as long as the mutex is held; or NULL.
 */
struct ipsec_sa *ipsec_sad_find(struct ipsec_net *ipn,
				const union ipsec_addr *daddr, __be32 spi,
				u8 proto, u16 family)
{
	struct ipsec_sa *sa;

	sa = __ipsec_sad_find(ipn->sad, daddr, spi, proto, family);
	return sa && READ_ONCE(sa->state) != IPSEC_SA_DEAD ? sa : NULL;
}

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

static void sad_groups_leave(struct ipsec_sad *sad, struct ipsec_sa *sa)
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

/* Message numbers of 0 are nobody's: such larvals are only found by SPI. */
static int sad_groups_join(struct ipsec_sad *sad, struct ipsec_sa *sa)
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
		sad_groups_leave(sad, sa);
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
 * ipsec_sad_ask() - a larval SA stands for a question
 * @sad: tables
 * @sa: larval SA in them
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_sad_ask(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	lockdep_assert_held(&sad->ipn->config_mutex);
	list_add_tail(&sa->sad.asked, &sad->asked);
	sad->nasked++;
}

static void sad_unask(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	if (list_empty(&sa->sad.asked))
		return;
	list_del_init(&sa->sad.asked);
	sad->nasked--;
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
 * __ipsec_sad_link_spi() - make an SA known under its SPI
 * @sad: tables
 * @sa: an SA with an SPI that nobody has
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0 or -ENOMEM.
 */
int __ipsec_sad_link_spi(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	int err;

	err = rhashtable_insert_fast(&sad->by_spi, &sa->by_spi, sad_spi_params);
	if (!err)
		sa->sad.has_spi = true;
	return err;
}

static void sad_unlink_spi(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	if (!sa->sad.has_spi)
		return;
	rhashtable_remove_fast(&sad->by_spi, &sa->by_spi, sad_spi_params);
	sa->sad.has_spi = false;
}

static int sad_link(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	int err;

	if (sa->spi) {
		err = __ipsec_sad_link_spi(sad, sa);
		if (err)
			return err;
	}
	err = sad_groups_join(sad, sa);
	if (err) {
		sad_unlink_spi(sad, sa);
		return err;
	}
	spin_lock_bh(&sad->lock);
	list_add_tail(&sa->sad.all.list, &sad->all);
	spin_unlock_bh(&sad->lock);
	return 0;
}

/* Packets, or whoever else waits for an SA, may find it now. */
static void sad_tell_answer(struct ipsec_net *ipn)
{
	ipsec_net_new_gen(ipn);
	ipsec_event_look_again(ipn);
}

static int sad_insert_new(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	struct ipsec_net *ipn = sad->ipn;
	int err;

	err = ipsec_net_use(ipn);
	if (err)
		return err;
	err = sad_link(sad, sa);
	if (err) {
		ipsec_net_unuse(ipn);
		return err;
	}
	refcount_inc(&sa->ref);
	sa->sad.linked = true;
	sad->count++;
	ipsec_sad_arm(sad, sa);
	if (sa->state != IPSEC_SA_LARVAL)
		sad_tell_answer(ipn);
	return 0;
}

/**
 * ipsec_sad_insert() - an SA comes into force
 * @ipn: namespace
 * @sa: MATURE, or LARVAL with or without an SPI; in no table. The tables take
 *	a reference of their own
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0; -EEXIST if there is an SA of this name, larvals included;
 * -ENOMEM; or the error of who could not get ready for packets. Nothing has
 * changed then.
 */
int ipsec_sad_insert(struct ipsec_net *ipn, struct ipsec_sa *sa)
{
	struct ipsec_sad *sad = ipn->sad;
	struct ipsec_sa *old = NULL;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (sa->spi)
		old = __ipsec_sad_find(sad, &sa->daddr, sa->spi, sa->proto,
				       sa->family);
	if (old && READ_ONCE(old->state) != IPSEC_SA_DEAD)
		return -EEXIST;
	/* ended by a packet a moment ago */
	if (old) {
		refcount_inc(&old->ref);
		ipsec_sad_kill(ipn, old);
	}

	err = sad_insert_new(sad, sa);
	/* told from now on, its end would be taken for that of the new one */
	if (old && !err) {
		set_bit(IPSEC_SA_SOFT_TOLD, &old->marks);
		set_bit(IPSEC_SA_HARD_TOLD, &old->marks);
	}
	if (old)
		ipsec_sa_put(old);
	return err;
}

static void sad_set_dead(struct ipsec_sa *sa)
{
	int from = xchg(&sa->state, IPSEC_SA_DEAD);

	if (from != IPSEC_SA_DEAD)
		trace_testudo_sa_state(sa->net->net, sa->spi, sa->proto,
				       sa->family, &sa->saddr, &sa->daddr,
				       from, IPSEC_SA_DEAD);
}

/**
 * ipsec_sad_replace() - one SA takes the place of another
 * @ipn: namespace
 * @old: larval, mature or dying, in the tables; killed
 * @sa: MATURE, in no table, with the same daddr, SPI, proto and family
 *
 * A packet finds the one or the other, a walk sees exactly one of them.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0; -EINVAL if the names differ; -ENOMEM. Nothing has changed then.
 */
int ipsec_sad_replace(struct ipsec_net *ipn, struct ipsec_sa *old,
		      struct ipsec_sa *sa)
{
	struct ipsec_sad *sad = ipn->sad;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (!old->sad.linked || !old->sad.has_spi || old->spi != sa->spi ||
	    old->proto != sa->proto || old->family != sa->family ||
	    !ipsec_addr_equal(&old->daddr, &sa->daddr))
		return -EINVAL;

	err = sad_groups_join(sad, sa);
	if (err)
		return err;
	err = rhashtable_replace_fast(&sad->by_spi, &old->by_spi, &sa->by_spi,
				      sad_spi_params);
	if (err) {
		sad_groups_leave(sad, sa);
		return err;
	}
	sa->sad.has_spi = true;
	old->sad.has_spi = false;
	refcount_inc(&sa->ref);
	sa->sad.linked = true;
	old->sad.linked = false;

	ipsec_sad_disarm(sad, old);
	spin_lock_bh(&sad->lock);
	list_replace_init(&old->sad.all.list, &sa->sad.all.list);
	spin_unlock_bh(&sad->lock);
	sad_set_dead(old);
	sad_unask(sad, old);
	sad_groups_leave(sad, old);
	ipsec_sad_arm(sad, sa);
	sad_tell_answer(ipn);
	ipsec_sa_put(old);
	return 0;
}

/**
 * ipsec_sad_kill() - an SA's end begins
 * @ipn: namespace
 * @sa: an SA; nothing happens if it is in the tables no more
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_sad_kill(struct ipsec_net *ipn, struct ipsec_sa *sa)
{
	struct ipsec_sad *sad = ipn->sad;

	lockdep_assert_held(&ipn->config_mutex);
	if (!sa->sad.linked)
		return;

	sad_set_dead(sa);
	sad_unask(sad, sa);
	sa->sad.linked = false;
	sad->count--;
	ipsec_sad_disarm(sad, sa);
	spin_lock_bh(&sad->lock);
	list_del_init(&sa->sad.all.list);
	spin_unlock_bh(&sad->lock);
	sad_unlink_spi(sad, sa);
	sad_groups_leave(sad, sa);
	ipsec_net_new_gen(ipn);
	ipsec_net_unuse(ipn);
	ipsec_sa_put(sa);
}

/**
 * ipsec_sad_set_limits() - new lifetimes for an SA in use
 * @ipn: namespace
 * @sa: an SA in the tables
 * @soft: new soft limits
 * @hard: new hard limits
 *
 * A dying SA is mature again, as with af_key, and its soft limit can be told
 * again, unless the new limits are behind it as well.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void ipsec_sad_set_limits(struct ipsec_net *ipn, struct ipsec_sa *sa,
			  const struct ipsec_limits *soft,
			  const struct ipsec_limits *hard)
{
	lockdep_assert_held(&ipn->config_mutex);
	ipsec_life_set_limits(&sa->life, soft, hard);
	clear_bit(IPSEC_SA_SOFT_TOLD, &sa->marks);
	clear_bit(IPSEC_SA_SOFT_DUE, &sa->marks);
	if (ipsec_sa_change_state(sa, IPSEC_SA_DYING, IPSEC_SA_MATURE))
		ipsec_net_new_gen(ipn);
	if (ipsec_sa_reach(sa, ipsec_life_at(&sa->life, ipsec_life_now())))
		ipsec_sad_notice(sa);
	ipsec_sad_arm(ipn->sad, sa);
}

/**
 * ipsec_sad_count() - number of SAs, larvals included
 * @ipn: namespace
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: the number.
 */
unsigned int ipsec_sad_count(struct ipsec_net *ipn)
{
	lockdep_assert_held(&ipn->config_mutex);
	return ipn->sad->count;
}

/**
 * ipsec_sad_net_init() - an empty SAD
 * @ipn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_sad_net_init(struct ipsec_net *ipn)
{
	struct ipsec_sad *sad;
	int err;

	sad = kzalloc(sizeof(*sad), GFP_KERNEL);
	if (!sad)
		return -ENOMEM;
	sad->ipn = ipn;
	spin_lock_init(&sad->lock);
	INIT_LIST_HEAD(&sad->all);
	INIT_LIST_HEAD(&sad->asked);
	err = rhashtable_init(&sad->by_spi, &sad_spi_params);
	if (err)
		goto err_sad;
	err = rhashtable_init(&sad->groups, &sad_group_params);
	if (err)
		goto err_spi;
	ipsec_sad_sweep_init(sad);
	ipn->sad = sad;
	return 0;

err_spi:
	rhashtable_destroy(&sad->by_spi);
err_sad:
	kfree(sad);
	return err;
}

/**
 * ipsec_sad_net_exit() - kill all SAs and free the tables
 * @ipn: namespace; no packet, no walk and no message is left
 *
 * Context: Process, sleeps.
 */
void ipsec_sad_net_exit(struct ipsec_net *ipn)
{
	struct ipsec_sad *sad = ipn->sad;

	if (!sad)
		return;
	mutex_lock(&ipn->config_mutex);
	ipsec_sad_flush(ipn, 0);
	mutex_unlock(&ipn->config_mutex);
	ipsec_sad_sweep_exit(sad);
	rhashtable_destroy(&sad->groups);
	rhashtable_destroy(&sad->by_spi);
	ipn->sad = NULL;
	kfree(sad);
}
