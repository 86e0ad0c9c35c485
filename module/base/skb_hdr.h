/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers that come into a packet behind those in front, and leave it again.
 */
#ifndef _TESTUDO_BASE_SKB_HDR_H
#define _TESTUDO_BASE_SKB_HDR_H

#include <linux/skbuff.h>
#include <linux/string.h>

#include "base/skb_cb.h"

/**
 * ipsec_skb_insert() - make room for a header at the point of insertion
 * @skb: packet on the OUT road, skb->data at its network header, with headroom;
 *	the headers up to transport_header, which move forward, are writable
 * @len: bytes of the new header
 * @proto: what the byte at nh_off names then
 *
 * Return: the room, which holds rubbish; transport_header is there.
 */
static inline void *ipsec_skb_insert(struct sk_buff *skb, unsigned int len,
				     u8 proto)
{
	unsigned int front = skb_transport_offset(skb);

	skb_push(skb, len);
	memmove(skb->data, skb->data + len, front);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, front);
	skb->data[ipsec_skb_cb(skb)->nh_off] = proto;
	return skb_transport_header(skb);
}

/**
 * ipsec_skb_forget_csum() - what a device knew of a checksum is true no more
 * @skb: packet on the IN road: the sum was about what had been protected
 */
static inline void ipsec_skb_forget_csum(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum_valid = 0;
	skb->csum_level = 0;
}

#endif
