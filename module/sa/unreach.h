/* SPDX-License-Identifier: GPL-2.0 */
/*
 * That packets of an SA do not reach its other end, as ICMP errors about them
 * say: for whoever sends the next one (RFC 4301 6.1.1).
 */
#ifndef _TESTUDO_SA_UNREACH_H
#define _TESTUDO_SA_UNREACH_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* For so long an error is worth telling. */
#define IPSEC_UNREACH_AGE	(30 * HZ)

/**
 * struct ipsec_sa_unreach - the last such error
 * @at: jiffies at which it came, never 0; 0 when somebody has been told, or there
 *	was none. READ_ONCE, changed by any packet
 */
struct ipsec_sa_unreach {
	unsigned long at;
};

/**
 * ipsec_sa_unreach_learn() - an error has come
 * @u: of the SA
 *
 * Context: any.
 */
static inline void ipsec_sa_unreach_learn(struct ipsec_sa_unreach *u)
{
	WRITE_ONCE(u->at, jiffies | 1);
}

/**
 * ipsec_sa_unreach_take() - is the sender of a packet to be told
 * @u: of its SA
 *
 * Context: any.
 * Return: true once for an error, if it is not too old.
 */
static inline bool ipsec_sa_unreach_take(struct ipsec_sa_unreach *u)
{
	unsigned long at;

	if (likely(!READ_ONCE(u->at)))
		return false;
	at = xchg(&u->at, 0);
	return at && time_before(jiffies, at + IPSEC_UNREACH_AGE);
}

#endif
