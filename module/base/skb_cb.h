/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only layouts of skb->cb in this module.
 *
 *   while a packet is on our road              between PRE_ROUTING and the check
 *   0 +---------------------------+            0 +---------------------------+
 *     | struct ipsec_skb_cb       |              | IPCB / IP6CB              |
 *     |                           |           24 | what defragmentation adds |
 *     |                           |           40 | struct ipsec_skb_trail    |
 *  48 +---------------------------+           48 +---------------------------+
 */
#ifndef _TESTUDO_BASE_SKB_CB_H
#define _TESTUDO_BASE_SKB_CB_H

#include <linux/skbuff.h>

struct ipsec_net;
struct ipsec_sa;

/**
 * struct ipsec_skb_cb - a packet on the OUT or IN road
 * @sa: the SA being applied. Borrowed under RCU, and referenced once the
 *	packet is in the crypto API
 * @resume: what the crypto callback calls when the transform is done, with 0
 *	or a drop reason; softirq or process context with BH off
 * @tmp: block of the crypto request, alg/alg_req.c; NULL when there is none
 * @seq: sequence number of this packet, 64 bits, host order
 * @stage: row of the road's table to go on with
 * @may_wait: the transform may return IPSEC_STOLEN: the road, which has asked
 *	@may_wait of it, holds what the packet needs meanwhile
 * @in_udp: IN: the header now in front came out of a UDP socket
 * @bare: IN: @sa has left no header in the packet (path/bare.c)
 * @tunnel: IN: @sa is used in tunnel mode, which one of mode "any" does not say;
 *	known from "account" on
 * @depth: transforms applied so far, indexes the bundle
 * @family: AF_INET or AF_INET6 of the header now in front
 * @nexthdr: OUT: protocol number to put into the ESP trailer; IN: the one found
 * @nh_off: offset from the network header of the byte that holds the protocol
 *	number that the transform replaces (IPv4 header or last IPv6 header)
 * @flags: owned by path/
 * @record: IN: record of the SAs passed so far (path/secpath.c), 0 for none;
 *	where the trail was and will be
 * @iif: IN: interface index that the IP layer had noted
 */
struct ipsec_skb_cb {
	struct ipsec_sa *sa;
	void (*resume)(struct sk_buff *skb, int why);
	void *tmp;
	u64 seq;
	u8 stage : 5;
	u8 may_wait : 1;
	u8 in_udp : 1;
	u8 bare : 1;
	u8 depth : 4;
	u8 tunnel : 1;
	u8 family;
	u8 nexthdr;
	u16 nh_off;
	u16 flags;
	u32 record;
	int iif;
};

/**
 * struct ipsec_skb_trail - which SAs a received packet passed
 * @id: a record of path/secpath.c, 0 for none
 * @check: @id xor a secret of the namespace, so that a stale cb is not believed
 */
struct ipsec_skb_trail {
	u32 id;
	u32 check;
};

#define IPSEC_SKB_TRAIL_OFFSET \
	(sizeof_field(struct sk_buff, cb) - sizeof(struct ipsec_skb_trail))

/**
 * ipsec_skb_cb() - our view of a packet's control block
 * @skb: a packet on one of our roads
 *
 * Return: the control block.
 */
static inline struct ipsec_skb_cb *ipsec_skb_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ipsec_skb_cb) > sizeof_field(struct sk_buff, cb));
	return (struct ipsec_skb_cb *)skb->cb;
}

/**
 * ipsec_skb_trail() - the record that a received packet carries
 * @skb: a packet between PRE_ROUTING and LOCAL_IN or FORWARD
 *
 * Return: the last 8 bytes of the control block.
 */
static inline struct ipsec_skb_trail *ipsec_skb_trail(struct sk_buff *skb)
{
	return (struct ipsec_skb_trail *)(skb->cb + IPSEC_SKB_TRAIL_OFFSET);
}

#endif
