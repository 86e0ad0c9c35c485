/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the SAD share: sad.c and sad_group.c (tables), walk.c,
 * sweep.c (time), spi.c, acquire.c, move.c. For sa/ only.
 */
#ifndef _TESTUDO_SAD_PRIV_H
#define _TESTUDO_SAD_PRIV_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "base/addr.h"

struct ipsec_net;
struct ipsec_sa;
struct ipsec_sa_want;

/**
 * struct ipsec_sad - the SAD of one namespace
 * @ipn: its namespace
 * @by_spi: SAs by (daddr, SPI, proto, family); RCU, writers hold
 *	ipn->config_mutex
 * @groups: struct ipsec_sad_group; RCU, writers hold ipn->config_mutex
 * @count: number of SAs; ipn->config_mutex
 * @lock: guards @all and @deadlines; inside ipn->config_mutex, BH off. No
 *	packet takes it
 * @all: every SA in order of creation, and the places of walks; @lock
 * @deadlines: SAs that the clock will do something to; @lock
 * @sweep: at the first of @deadlines
 * @noticed: SAs that packets brought to a limit, each with a reference
 * @notice: sees to @noticed
 * @asked: larval SAs that stand for a question, oldest first;
 *	ipn->config_mutex
 * @nasked: how many; ipn->config_mutex
 * @moving: SAs are getting other end points: one that is missing may be on its
 *	way. Changed under ipn->config_mutex, READ_ONCE by packets
 */
struct ipsec_sad {
	struct ipsec_net *ipn;
	struct rhashtable by_spi;
	struct rhashtable groups;
	unsigned int count;
	spinlock_t lock;		/* guards @all, @deadlines */
	struct list_head all;
	struct timerqueue_head deadlines;
	struct delayed_work sweep;
	struct llist_head noticed;
	struct work_struct notice;
	struct list_head asked;
	unsigned int nasked;
	bool moving;
};

/* sad_group.c */
int __ipsec_sad_groups_init(struct ipsec_sad *sad);
int __ipsec_sad_join(struct ipsec_sad *sad, struct ipsec_sa *sa);
void __ipsec_sad_leave(struct ipsec_sad *sad, struct ipsec_sa *sa);
struct ipsec_sa *__ipsec_sad_older(struct ipsec_sad *sad,
				   const struct ipsec_sa_want *want,
				   struct ipsec_sa *after);
/* sad.c */
struct ipsec_sa *__ipsec_sad_find(struct ipsec_sad *sad,
				  const union ipsec_addr *daddr, __be32 spi,
				  u8 proto, u16 family);
int __ipsec_sad_link_spi(struct ipsec_sad *sad, struct ipsec_sa *sa);
int __ipsec_sad_line_up(struct ipsec_sad *sad, struct ipsec_sa *old,
			struct ipsec_sa *sa);
void __ipsec_sad_tell(struct ipsec_net *ipn);
void __ipsec_sad_step_back(struct ipsec_sad *sad, struct ipsec_sa *sa);
void __ipsec_sad_take_place(struct ipsec_sad *sad, struct ipsec_sa *old,
			    struct ipsec_sa *sa);
void ipsec_sad_ask(struct ipsec_sad *sad, struct ipsec_sa *sa);
/* sweep.c */
void ipsec_sad_notice(struct ipsec_sa *sa);
void ipsec_sad_arm(struct ipsec_sad *sad, struct ipsec_sa *sa);
void ipsec_sad_disarm(struct ipsec_sad *sad, struct ipsec_sa *sa);
void ipsec_sad_sweep_init(struct ipsec_sad *sad);
void ipsec_sad_sweep_exit(struct ipsec_sad *sad);

#endif
