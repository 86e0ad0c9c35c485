/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking for SAs that packets miss (RFC 2367 3.1.6): larval SAs of the kernel's
 * own, and whether a keying daemon has been told of them.
 */
#ifndef _TESTUDO_SA_ACQUIRE_H
#define _TESTUDO_SA_ACQUIRE_H

#include <linux/types.h>

#include "sa/sad.h"

struct ipsec_net;

/**
 * struct ipsec_acquire - what a packet misses
 * @want: the SA; @want.saddr and @want.daddr are its end points
 * @sp_id: PF_KEY number of the policy that asks for it
 * @sp_priority: its priority
 */
struct ipsec_acquire {
	struct ipsec_sa_want want;
	u32 sp_id;
	u32 sp_priority;
};

/**
 * enum ipsec_acquire_answer - what is to be expected
 * @IPSEC_ACQUIRE_NOBODY: no SA: there is no keying daemon, it has refused, or
 *	there are too many other questions
 * @IPSEC_ACQUIRE_ASKED: a daemon is, or will at once be, at work
 */
enum ipsec_acquire_answer {
	IPSEC_ACQUIRE_NOBODY,
	IPSEC_ACQUIRE_ASKED,
};

enum ipsec_acquire_answer ipsec_acquire_rcu(struct ipsec_net *ipn,
					    const struct ipsec_acquire *acq);
void ipsec_acquire_refuse(struct ipsec_net *ipn, u32 seq);
int ipsec_acquire_net_init(struct ipsec_net *ipn);
void ipsec_acquire_net_exit(struct ipsec_net *ipn);

#endif
