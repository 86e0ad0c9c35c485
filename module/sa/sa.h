/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct ipsec_sa: one security association (RFC 4301 4.4.2), its states and
 * its end.
 *
 *   LARVAL --update--> MATURE --soft--> DYING --hard--> DEAD
 *      '---------------------- kill ------------------->'
 */
#ifndef _TESTUDO_SA_H
#define _TESTUDO_SA_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

#include "base/addr.h"
#include "sa/lifetime.h"
#include "sa/natt.h"
#include "sa/pmtu.h"
#include "sa/replay.h"
#include "sa/unreach.h"

struct ipsec_net;
struct ipsec_alg;
struct ipsec_xform;
struct sk_buff;

/* Longest key of either kind, salt included, in bytes. */
#define IPSEC_KEY_MAX	64

/**
 * enum ipsec_sa_state - RFC 2367 1.6; the values are SADB_SASTATE_*
 * @IPSEC_SA_LARVAL: an SPI is reserved; carries no traffic
 * @IPSEC_SA_MATURE: in use
 * @IPSEC_SA_DYING: past a soft lifetime; still in use
 * @IPSEC_SA_DEAD: unlinked or about to be; carries no traffic
 */
enum ipsec_sa_state {
	IPSEC_SA_LARVAL = 0,
	IPSEC_SA_MATURE = 1,
	IPSEC_SA_DYING = 2,
	IPSEC_SA_DEAD = 3,
};

/**
 * struct ipsec_sa_key - a key as PF_KEY gave it, for SADB_GET and SADB_DUMP
 * @alg: PF_KEY algorithm id
 * @bits: length in bits
 * @bytes: the key, zeroed when the SA is freed
 */
struct ipsec_sa_key {
	u8 alg;
	u16 bits;
	u8 bytes[IPSEC_KEY_MAX];
};

/**
 * enum ipsec_sa_marks - bits of ipsec_sa::marks
 * @IPSEC_SA_SOFT_DUE: a soft limit was reached
 * @IPSEC_SA_HARD_DUE: a hard limit was reached
 * @IPSEC_SA_SOFT_TOLD: IPSEC_EVENT_SA_SOFT was emitted, or never will be
 * @IPSEC_SA_HARD_TOLD: IPSEC_EVENT_SA_HARD was emitted, or never will be
 * @IPSEC_SA_NOTICED: in the list of SAs that a packet changed
 * @IPSEC_SA_REFUSED: a larval SA that nobody will finish
 * @IPSEC_SA_MOVING: who set it may change ipsec_natt::seen and ::left
 * @IPSEC_SA_MOVED: both have been changed, and IPSEC_EVENT_SA_MOVED is due
 * @IPSEC_SA_STOPPED: DEAD only while another SA takes its place, or while it
 *	takes another one's: who lists SAs takes it for alive
 */
enum ipsec_sa_marks {
	IPSEC_SA_SOFT_DUE,
	IPSEC_SA_HARD_DUE,
	IPSEC_SA_SOFT_TOLD,
	IPSEC_SA_HARD_TOLD,
	IPSEC_SA_NOTICED,
	IPSEC_SA_REFUSED,
	IPSEC_SA_MOVING,
	IPSEC_SA_MOVED,
	IPSEC_SA_STOPPED,
};

/**
 * struct ipsec_sad_entry - a place in the list of all SAs
 * @list: in order of creation; sad->lock
 * @cursor: not an SA but the place of a walk; const
 */
struct ipsec_sad_entry {
	struct list_head list;
	bool cursor;
};

struct ipsec_sad_group;
struct ipsec_sa;

/**
 * struct ipsec_sad_member - membership in a group of alike SAs
 * @list: newest first; RCU
 * @group: which one, NULL for none; ipn->config_mutex
 * @sa: whose membership it is; const
 */
struct ipsec_sad_member {
	struct list_head list;
	struct ipsec_sad_group *group;
	struct ipsec_sa *sa;
};

/* Most groups that an SA is in at a time. */
#define IPSEC_SA_GROUPS		2

/**
 * struct ipsec_sa_links - an SA's places in the tables
 * @all: in the list of all
 * @group: in the groups
 * @timer: deadline in boot-time seconds, in sad's queue; sad->lock
 * @asked: larval SAs of the kernel's own, sa/acquire.c; ipn->config_mutex
 * @linked: in the tables at all; ipn->config_mutex
 * @has_spi: in the table by SPI; ipn->config_mutex
 */
struct ipsec_sa_links {
	struct ipsec_sad_entry all;
	struct ipsec_sad_member group[IPSEC_SA_GROUPS];
	struct timerqueue_node timer;
	struct list_head asked;
	bool linked;
	bool has_spi;
};

/**
 * struct ipsec_sa - a security association
 * @by_spi: in the table by SPI
 * @spi: network order; with @daddr, @proto and @family its name
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: IPSEC_MODE_ANY, _TRANSPORT or _TUNNEL of <linux/ipsec.h>
 * @family: AF_INET or AF_INET6 of @saddr and @daddr
 * @encap: UDP_ENCAP_ESPINUDP when it goes in UDP, else 0; see @natt
 * @state: enum ipsec_sa_state; READ_ONCE by packets. Changed under
 *	ipn->config_mutex, and by cmpxchg by the packet that crosses a limit
 * @daddr: destination
 * @xform: its protocol; NULL while larval
 * @xform_priv: what @xform->init made
 * @saddr: source (tunnel mode: of the outer header)
 * @reqid: binds it to policies; 0 for none
 * @pmtu: what its path was said to take
 * @unreach: that its packets do not reach the other end
 * @oseq: last sequence number sent, 64 bits
 * @replay: window of a receiver
 * @life: lifetimes and use
 * @natt: of an SA in UDP
 * @trail: records of packets that came through this SA; owned by
 *	path/secpath.c, given back by its release function
 * @net: namespace it belongs to
 * @flags: sadb_sa_flags as given, shown back
 * @x_flags: SADB_X_TESTUDO_SA_*
 * @replay_given: sadb_sa_replay as given, shown back
 * @seq: sadb_msg_seq of the message that made it; larvals are found by it
 * @pid: sadb_msg_pid of the message that made it
 * @enc: encryption (or AEAD) algorithm and key
 * @auth: integrity algorithm and key
 * @sad: what the tables keep of it; sad.c and spi.c only
 * @marks: IPSEC_SA_SOFT_DUE, ...; bit operations
 * @noticed: in sad's list of SAs that a packet changed; lock-free
 * @ref: one for the tables, one for each holder outside RCU
 * @rcu: for the end
 * @dead: in the list of those to be freed, which may sleep
 */
struct ipsec_sa {
	struct rhash_head by_spi;
	__be32 spi;
	u8 proto;
	u8 mode;
	u8 family;
	u8 encap;
	int state;
	union ipsec_addr daddr;
	const struct ipsec_xform *xform;
	void *xform_priv;
	union ipsec_addr saddr;
	u32 reqid;
	struct ipsec_sa_pmtu pmtu;
	struct ipsec_sa_unreach unreach;
	atomic64_t oseq ____cacheline_aligned_in_smp;
	struct ipsec_replay replay ____cacheline_aligned_in_smp;
	struct ipsec_life life;
	struct ipsec_natt natt;
	void __rcu *trail;

	struct ipsec_net *net ____cacheline_aligned_in_smp;
	u32 flags;
	u32 x_flags;
	u8 replay_given;
	u32 seq;
	u32 pid;
	struct ipsec_sa_key enc;
	struct ipsec_sa_key auth;
	struct ipsec_sa_links sad;
	unsigned long marks;
	struct llist_node noticed;
	refcount_t ref;
	struct rcu_head rcu;
	struct llist_node dead;
};

struct ipsec_sa *ipsec_sa_alloc(struct ipsec_net *ipn, gfp_t gfp);
int ipsec_sa_make_mature(struct ipsec_sa *sa, const struct ipsec_sa *like);
bool ipsec_sa_get(struct ipsec_sa *sa);
void ipsec_sa_put(struct ipsec_sa *sa);
int ipsec_sa_shown_state(const struct ipsec_sa *sa);
int ipsec_sa_check_use(const struct ipsec_sa *sa);
enum ipsec_life_state ipsec_sa_account(struct ipsec_sa *sa,
				       unsigned int bytes);
int ipsec_sa_take_seq(struct ipsec_sa *sa, u64 *seq);
bool ipsec_sa_reach(struct ipsec_sa *sa, enum ipsec_life_state reached);
bool ipsec_sa_change_state(struct ipsec_sa *sa, int from, int to);
void ipsec_sa_set_trail_release(void (*release)(struct ipsec_sa *sa));
int ipsec_sa_init(void);
void ipsec_sa_exit(void);

/**
 * ipsec_sa_usable() - may packets pass through it
 * @sa: an SA under RCU
 *
 * Return: true in the states MATURE and DYING.
 */
static inline bool ipsec_sa_usable(const struct ipsec_sa *sa)
{
	int state = READ_ONCE(sa->state);

	return state == IPSEC_SA_MATURE || state == IPSEC_SA_DYING;
}

/**
 * ipsec_natt_hlen() - bytes of UDP header in front of the transform's
 * @sa: any SA
 *
 * Return: 0 when it does not go in UDP.
 */
static inline unsigned int ipsec_natt_hlen(const struct ipsec_sa *sa)
{
	return sa->encap ? IPSEC_NATT_HLEN : 0;
}

#endif
