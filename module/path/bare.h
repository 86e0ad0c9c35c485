/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets of IPComp that do not name their SA.
 */
#ifndef _TESTUDO_PATH_BARE_H
#define _TESTUDO_PATH_BARE_H

#include <linux/in.h>
#include <linux/types.h>

#include "base/addr.h"

struct ipsec_net;
struct ipsec_sa;
struct sk_buff;

/* CPIs below stand for an algorithm, not for an SA (RFC 3173 3.3). */
#define IPSEC_BARE_CPI_NEGOTIATED	256

/**
 * ipsec_bare_is() - may this be the payload of a tunnel without its header
 * @proto: number of an IP protocol
 *
 * Return: true if so.
 */
static inline bool ipsec_bare_is(u8 proto)
{
	return proto == IPPROTO_IPIP || proto == IPPROTO_IPV6;
}

/**
 * ipsec_bare_well_known() - does a header name an algorithm instead of an SA
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @spi: SPI or CPI
 *
 * Return: true if so.
 */
static inline bool ipsec_bare_well_known(u8 proto, __be32 spi)
{
	return proto == IPPROTO_COMP &&
	       ntohl(spi) < IPSEC_BARE_CPI_NEGOTIATED;
}

u8 ipsec_bare_proto(struct sk_buff *skb, u8 family);
struct ipsec_sa *ipsec_bare_tunnel_rcu(struct ipsec_net *ipn,
				       const struct sk_buff *skb, u8 family,
				       u32 reqid);
struct ipsec_sa *ipsec_bare_sent_rcu(struct ipsec_net *ipn,
				     const union ipsec_addr *saddr,
				     const union ipsec_addr *daddr, u8 family);
struct ipsec_sa *ipsec_bare_cpi_rcu(struct ipsec_net *ipn,
				    const struct sk_buff *skb, u8 family);

#endif
