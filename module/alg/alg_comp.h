/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DEFLATE (RFC 1951, RFC 2394) over the end of a packet: what IPComp needs.
 */
#ifndef _TESTUDO_ALG_COMP_H
#define _TESTUDO_ALG_COMP_H

#include <linux/mm.h>
#include <linux/types.h>

struct sk_buff;

/* As long as an IP packet can be; one byte more is how too long is known. */
#define IPSEC_COMP_MAX		0xffffU
#define IPSEC_COMP_PAGES	DIV_ROUND_UP(IPSEC_COMP_MAX + 1, PAGE_SIZE)

/**
 * struct ipsec_comp_text - what came out of the compressor
 * @page: where it is, whole pages but for the last one
 * @n: how many
 * @len: bytes
 */
struct ipsec_comp_text {
	struct page *page[IPSEC_COMP_PAGES];
	unsigned int n;
	unsigned int len;
};

int ipsec_comp_get(void);
void ipsec_comp_put(void);
int ipsec_comp_compress(struct sk_buff *skb, unsigned int offset,
			unsigned int max, struct ipsec_comp_text *out);
int ipsec_comp_decompress(struct sk_buff *skb, unsigned int offset,
			  unsigned int max, struct ipsec_comp_text *out);
int ipsec_comp_replace(struct sk_buff *skb, unsigned int offset,
		       struct ipsec_comp_text *text);

#endif
