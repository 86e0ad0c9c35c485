// SPDX-License-Identifier: GPL-2.0
/*
 * spi - GETSPI: an SPI that no SA with this destination and protocol has.
 * Never makes an SA.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "base/net.h"
#include "sa/sad.h"
#include "sa/sad_priv.h"

/* 1 to 255 are IANA's (RFC 4303 2.1), 0 is never on the wire. */
#define SPI_FIRST	256U

/*
 * So many random numbers are all taken only if the range is nearly full: with
 * half of it in use, once in 2^32 calls.
 */
#define SPI_PROBES	32

static bool spi_taken(struct ipsec_sad *sad, const struct ipsec_sa *sa, u32 spi)
{
	return __ipsec_sad_find(sad, &sa->daddr, htonl(spi), sa->proto,
				sa->family);
}

/*
 * Random first, which costs the same however many SAs there are; then in
 * order from a random place, which finds the last free one and can not take
 * longer than there are SAs.
 */
static u32 spi_find(struct ipsec_sad *sad, const struct ipsec_sa *sa, u32 min,
		    u32 max)
{
	u32 span = max - min;		/* one less than their number */
	u32 spi = min;
	u32 i;

	for (i = 0; i < SPI_PROBES; i++) {
		spi = min + (u32)(((u64)get_random_u32() * (span + 1ULL)) >> 32);
		if (!spi_taken(sad, sa, spi))
			return spi;
	}
	for (i = 0; i < span; i++) {
		spi = spi == max ? min : spi + 1;
		if (!spi_taken(sad, sa, spi))
			return spi;
		cond_resched();
	}
	return 0;
}

/**
 * ipsec_sad_alloc_spi() - choose an SPI
 * @ipn: namespace
 * @larval: who it is for, with daddr, proto and family; in the tables without
 *	an SPI, and then known by it at once; or not in the tables, and to be
 *	inserted before ipn->config_mutex is let go
 * @min: least SPI, host order
 * @max: greatest SPI, host order
 *
 * Reserved SPIs are given out only to who asks for exactly one of them.
 *
 * Context: Process. Caller holds ipn->config_mutex.
 * Return: 0 and @larval->spi is set; -ENOENT if none is free; -ENOMEM.
 */
int ipsec_sad_alloc_spi(struct ipsec_net *ipn, struct ipsec_sa *larval,
			u32 min, u32 max)
{
	u32 spi;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (min != max)
		min = max(min, SPI_FIRST);
	if (min > max)
		return -ENOENT;
	spi = spi_find(ipn->sad, larval, min, max);
	if (!spi)
		return -ENOENT;

	larval->spi = htonl(spi);
	if (!larval->sad.linked)
		return 0;
	err = __ipsec_sad_link_spi(ipn->sad, larval);
	if (err)
		larval->spi = 0;
	return err;
}
