/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The largest packet that the path of an SA takes (RFC 4301 8.2.1): what was
 * learnt of it, and for how long that is believed.
 */
#ifndef _TESTUDO_SA_PMTU_H
#define _TESTUDO_SA_PMTU_H

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/types.h>

/**
 * struct ipsec_sa_pmtu - what ICMP errors have said of an SA's path
 * @mtu: most bytes of a protected packet; 0 when nothing is known. READ_ONCE,
 *	changed by any packet
 * @until: jiffies at which that is too old; written before @mtu
 */
struct ipsec_sa_pmtu {
	u32 mtu;
	unsigned long until;
};

/**
 * ipsec_sa_pmtu() - what the path of an SA takes
 * @p: of the SA
 *
 * Forgets what has become too old, so that jiffies may come round again.
 *
 * Context: any.
 * Return: bytes; UINT_MAX when nothing is known.
 */
static inline unsigned int ipsec_sa_pmtu(struct ipsec_sa_pmtu *p)
{
	/* pairs with the release in ipsec_sa_pmtu_learn(): @until is its own */
	u32 mtu = smp_load_acquire(&p->mtu);

	if (likely(!mtu))
		return UINT_MAX;
	if (time_before(jiffies, READ_ONCE(p->until)))
		return mtu;
	WRITE_ONCE(p->mtu, 0);
	return UINT_MAX;
}

/**
 * ipsec_sa_pmtu_learn() - a packet was larger than the path takes
 * @p: of its SA
 * @mtu: what would have passed; within bounds
 * @age: jiffies for which that is believed
 *
 * A larger value than the one that is known says nothing new: that one has
 * still to become old. What another CPU writes at the same time may be lost, and
 * is learnt by the next packet.
 *
 * Context: any.
 */
static inline void ipsec_sa_pmtu_learn(struct ipsec_sa_pmtu *p, u32 mtu,
				       unsigned long age)
{
	if (mtu > ipsec_sa_pmtu(p))
		return;
	WRITE_ONCE(p->until, jiffies + age);
	/* pairs with the acquire in ipsec_sa_pmtu() */
	smp_store_release(&p->mtu, mtu);
}

#endif
