/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet in one piece of memory that ends where it ends, so that ASan sees
 * every byte read beyond it.
 */
#ifndef _TESTUDO_UNIT_SKBUFF_H
#define _TESTUDO_UNIT_SKBUFF_H

#include "shim.h"

/**
 * struct sk_buff - as much of one as flow.c looks at
 * @len: bytes of data
 * @data: the bytes, allocated to their exact number
 */
struct sk_buff {
	unsigned int len;
	u8 *data;
};

static inline struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp)
{
	struct sk_buff *skb = kzalloc(sizeof(*skb), gfp);

	skb->data = malloc(size ? size : 1);
	return skb;
}

static inline void skb_put_data(struct sk_buff *skb, const void *data,
				unsigned int len)
{
	memcpy(skb->data, data, len);
	skb->len = len;
}

static inline void kfree_skb(struct sk_buff *skb)
{
	free(skb->data);
	free(skb);
}

#define skb_reset_network_header(skb)	((void)(skb))
#define skb_network_offset(skb)		((void)(skb), 0)

/* Always through @buf, which the kernel does for paged data only. */
static inline void *skb_header_pointer(const struct sk_buff *skb, int offset,
				       int len, void *buf)
{
	if ((int)skb->len - offset < len)
		return NULL;
	memcpy(buf, skb->data + offset, len);
	return buf;
}

#endif
