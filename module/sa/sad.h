/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SAD of a namespace: tables by SPI and by end points, the list for dumps,
 * GETSPI, and the one sweep for all lifetimes.
 */
#ifndef _TESTUDO_SA_SAD_H
#define _TESTUDO_SA_SAD_H

#include "base/addr.h"
#include "sa/sa.h"

struct ipsec_net;

/**
 * struct ipsec_sa_want - what an outbound policy or a GETSPI looks for
 * @saddr: source of the SA
 * @daddr: destination of the SA
 * @family: family of both
 * @proto: IPPROTO_ESP ...
 * @mode: wanted mode; an SA of IPSEC_MODE_ANY fits every one
 * @reqid: 0 takes any SA (KAME's rule), else it must be equal
 */
struct ipsec_sa_want {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
	u8 proto;
	u8 mode;
	u32 reqid;
};

/**
 * ipsec_sa_set_want() - make a new SA one that somebody looks for
 * @sa: an SA in no table
 * @want: its protocol, mode, ends and reqid
 */
static inline void ipsec_sa_set_want(struct ipsec_sa *sa,
				     const struct ipsec_sa_want *want)
{
	sa->proto = want->proto;
	sa->mode = want->mode;
	sa->family = want->family;
	sa->saddr = want->saddr;
	sa->daddr = want->daddr;
	sa->reqid = want->reqid;
}

/* Place of a resumable walk; known to sad.c only. */
struct ipsec_sad_walk;

int ipsec_sad_net_init(struct ipsec_net *ipn);
void ipsec_sad_net_exit(struct ipsec_net *ipn);

/* packets: under rcu_read_lock() */
struct ipsec_sa *ipsec_sad_lookup_rcu(struct ipsec_net *ipn,
				      const union ipsec_addr *daddr,
				      __be32 spi, u8 proto, u16 family);
struct ipsec_sa *ipsec_sad_choose_rcu(struct ipsec_net *ipn,
				      const struct ipsec_sa_want *want);
struct ipsec_sa *ipsec_sad_larval_rcu(struct ipsec_net *ipn,
				      const struct ipsec_sa_want *want);

/* control: under ipn->config_mutex, process context */
int ipsec_sad_insert(struct ipsec_net *ipn, struct ipsec_sa *sa);
int ipsec_sad_replace(struct ipsec_net *ipn, struct ipsec_sa *old,
		      struct ipsec_sa *sa);
void ipsec_sad_kill(struct ipsec_net *ipn, struct ipsec_sa *sa);
unsigned int ipsec_sad_flush(struct ipsec_net *ipn, u8 proto);
struct ipsec_sa *ipsec_sad_find(struct ipsec_net *ipn,
				const union ipsec_addr *daddr, __be32 spi,
				u8 proto, u16 family);
struct ipsec_sa *ipsec_sad_find_larval(struct ipsec_net *ipn,
				       const struct ipsec_sa_want *want,
				       u32 seq, u32 pid);
int ipsec_sad_alloc_spi(struct ipsec_net *ipn, struct ipsec_sa *larval,
			u32 min, u32 max);
void ipsec_sad_set_limits(struct ipsec_net *ipn, struct ipsec_sa *sa,
			  const struct ipsec_limits *soft,
			  const struct ipsec_limits *hard);
unsigned int ipsec_sad_count(struct ipsec_net *ipn);

/* resumable walk: any process context, no mutex needed */
struct ipsec_sad_walk *ipsec_sad_walk_start(struct ipsec_net *ipn, u8 proto);
struct ipsec_sa *ipsec_sad_walk_next(struct ipsec_sad_walk *w);
void ipsec_sad_walk_end(struct ipsec_sad_walk *w);

#endif
