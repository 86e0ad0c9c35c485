/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which SAs did a received packet pass? The answer travels with the packet as
 * a record number; only path/secpath.c knows how.
 */
#ifndef _TESTUDO_PATH_SECPATH_H
#define _TESTUDO_PATH_SECPATH_H

#include <linux/types.h>

struct ipsec_net;
struct ipsec_sa;
struct ipsec_in_net;
struct net_device;
struct sk_buff;

/* Most SAs that one packet may pass; RFC 4301 leaves the bound to us. */
#define IPSEC_SECPATH_MAX	6

/**
 * struct ipsec_secpath - the SAs that a packet passed, in the wire's order
 * @len: number of @step in use
 * @step: outermost first
 * @step.sa: borrowed under RCU
 * @step.mode: IPSEC_MODE_TRANSPORT or IPSEC_MODE_TUNNEL: how the SA was used,
 *	which an SA of mode "any" does not say
 */
struct ipsec_secpath {
	unsigned int len;
	struct {
		const struct ipsec_sa *sa;
		u8 mode;
	} step[IPSEC_SECPATH_MAX];
};

void ipsec_secpath_init(struct net_device *tag);
void ipsec_secpath_exit(void);
int ipsec_secpath_net_init(struct ipsec_net *ipn);
void ipsec_secpath_net_exit(struct ipsec_net *ipn);

/* the record number while the packet is on the IN road; RCU, BH off */
int ipsec_secpath_add(struct ipsec_net *ipn, u32 *record, struct ipsec_sa *sa,
		      u8 mode);
int ipsec_secpath_resolve(struct ipsec_net *ipn, u32 record,
			  struct ipsec_secpath *path);
bool ipsec_secpath_attach(struct ipsec_net *ipn, struct sk_buff *skb,
			  u32 record);
void ipsec_secpath_announce(struct ipsec_net *ipn, struct sk_buff *skb,
			    u32 record);

/* the record number while the packet is in the IP layer; RCU */
void ipsec_secpath_arrive(struct ipsec_net *ipn, struct sk_buff *skb);
void ipsec_secpath_arrive_again(struct ipsec_net *ipn, struct sk_buff *skb);
u32 ipsec_secpath_record(struct ipsec_net *ipn, struct sk_buff *skb);
__be32 ipsec_secpath_spi(struct ipsec_net *ipn, u32 record);
u32 ipsec_secpath_tint(struct ipsec_net *ipn, u32 record);
void ipsec_secpath_clear(struct sk_buff *skb);
void ipsec_secpath_set_bare(struct ipsec_net *ipn, struct sk_buff *skb);
bool ipsec_secpath_is_bare(struct ipsec_net *ipn, struct sk_buff *skb);

#endif
