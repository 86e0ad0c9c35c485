/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The route of a protected packet.
 */
#ifndef _TESTUDO_PATH_ROUTE_H
#define _TESTUDO_PATH_ROUTE_H

struct dst_entry;
struct ipsec_bundle;
struct ipsec_net;
struct ipsec_way;

struct dst_entry *ipsec_route_get(struct ipsec_net *ipn,
				  const struct ipsec_bundle *b,
				  const struct ipsec_way *way);

#endif
