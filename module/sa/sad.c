// SPDX-License-Identifier: GPL-2.0
/*
 * sad - the tables of a namespace's SAs: in, out, and lookup. Never decides
 * when an SA ends, and never touches a packet.
 *
 *   by_spi    (daddr, SPI, proto, family) -> SA         inbound, and the SADB
 *   groups    SAs that are alike in something, sad_group.c
 *   all       every SA in order of creation             dumps, flush
 *   deadlines SAs that wait for the clock, sweep.c
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "base/event.h"
#include "base/net.h"
#include "base/trace.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

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
	err = __ipsec_sad_join(sad, sa);
	if (err) {
		sad_unlink_spi(sad, sa);
		return err;
	}
	spin_lock_bh(&sad->lock);
	list_add_tail(&sa->sad.all.list, &sad->all);
	spin_unlock_bh(&sad->lock);
	return 0;
}

/**
 * __ipsec_sad_tell() - packets, or who else waits for an SA, may find it now
 * @ipn: namespace
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void __ipsec_sad_tell(struct ipsec_net *ipn)
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
		__ipsec_sad_tell(ipn);
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

static bool sad_same_name(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
	return a->sad.has_spi && a->spi == b->spi && a->proto == b->proto &&
	       a->family == b->family && ipsec_addr_equal(&a->daddr, &b->daddr);
}

/**
 * __ipsec_sad_line_up() - get ready to take another one's place
 * @sad: tables
 * @old: in the tables, under an SPI
 * @sa: in no table, DEAD for the time being, with the same SPI
 *
 * Whoever looks for an SA to use passes over it.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0; -EEXIST when a third SA has the name of @sa; -ENOMEM.
 */
int __ipsec_sad_line_up(struct ipsec_sad *sad, struct ipsec_sa *old,
			struct ipsec_sa *sa)
{
	struct ipsec_sa *third;
	int err;

	lockdep_assert_held(&sad->ipn->config_mutex);
	if (sad_same_name(old, sa))
		return __ipsec_sad_join(sad, sa);
	third = __ipsec_sad_find(sad, &sa->daddr, sa->spi, sa->proto,
				 sa->family);
	if (third && ipsec_sa_shown_state(third) != IPSEC_SA_DEAD)
		return -EEXIST;
	/* ended by a packet a moment ago: as in ipsec_sad_insert() */
	if (third) {
		set_bit(IPSEC_SA_SOFT_TOLD, &third->marks);
		set_bit(IPSEC_SA_HARD_TOLD, &third->marks);
		ipsec_sad_kill(sad->ipn, third);
	}
	err = __ipsec_sad_link_spi(sad, sa);
	if (err)
		return err;
	err = __ipsec_sad_join(sad, sa);
	if (err)
		sad_unlink_spi(sad, sa);
	return err;
}

/**
 * __ipsec_sad_step_back() - undo __ipsec_sad_line_up()
 * @sad: tables
 * @sa: in no table afterwards
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void __ipsec_sad_step_back(struct ipsec_sad *sad, struct ipsec_sa *sa)
{
	lockdep_assert_held(&sad->ipn->config_mutex);
	sad_unlink_spi(sad, sa);
	__ipsec_sad_leave(sad, sa);
}

/**
 * __ipsec_sad_take_place() - one SA comes into the tables, another leaves them
 * @sad: tables
 * @old: in the tables; DEAD and in none of them afterwards. Their reference is
 *	the caller's to give back, when no decision can have it any more
 * @sa: in its groups already, and under its SPI if that is not the same name
 *
 * A packet finds the one or the other, a walk sees exactly one of them.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 */
void __ipsec_sad_take_place(struct ipsec_sad *sad, struct ipsec_sa *old,
			    struct ipsec_sa *sa)
{
	lockdep_assert_held(&sad->ipn->config_mutex);
	if (sa->sad.has_spi) {
		sad_unlink_spi(sad, old);
	} else {
		/* fails for who is not there, and it is */
		WARN_ON_ONCE(rhashtable_replace_fast(&sad->by_spi, &old->by_spi,
						     &sa->by_spi,
						     sad_spi_params));
		sa->sad.has_spi = true;
		old->sad.has_spi = false;
	}
	refcount_inc(&sa->ref);
	sa->sad.linked = true;
	old->sad.linked = false;

	ipsec_sad_disarm(sad, old);
	spin_lock_bh(&sad->lock);
	list_replace_init(&old->sad.all.list, &sa->sad.all.list);
	spin_unlock_bh(&sad->lock);
	sad_set_dead(old);
	sad_unask(sad, old);
	__ipsec_sad_leave(sad, old);
	ipsec_sad_arm(sad, sa);
}

/**
 * ipsec_sad_replace() - one SA takes the place of another
 * @ipn: namespace
 * @old: larval, mature or dying, in the tables; killed
 * @sa: MATURE, in no table, with the same daddr, SPI, proto and family
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
	if (!old->sad.linked || !sad_same_name(old, sa))
		return -EINVAL;

	err = __ipsec_sad_join(sad, sa);
	if (err)
		return err;
	__ipsec_sad_take_place(sad, old, sa);
	__ipsec_sad_tell(ipn);
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
	__ipsec_sad_leave(sad, sa);
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
	err = __ipsec_sad_groups_init(sad);
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
