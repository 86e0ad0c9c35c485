/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One packet's trip through the crypto API: everything it needs in one block,
 * and one place where it ends, now or later.
 */
#ifndef _TESTUDO_ALG_REQ_H
#define _TESTUDO_ALG_REQ_H

#include <linux/types.h>
#include <crypto/aead.h>

struct sk_buff;

/* SPI, 64-bit sequence number, and the longest IV. */
#define IPSEC_REQ_AAD_MAX	(4 + 8 + 16)
#define IPSEC_REQ_IV_MAX	16

/**
 * struct ipsec_req - head of the block of one packet
 * @done: called exactly once with the crypto API's answer, in the context of
 *	ipsec_req_encrypt()/_decrypt() or of the completion, BH off; does what
 *	is left to do and says 0 or a drop reason
 * @aead: the request, in the same block
 * @sg: associated data, then the packet; in the same block
 * @iv: what the cipher starts with, it overwrites this; in the same block
 * @nsg: places in @sg for the packet
 * @aad: associated data: SPI, sequence number, IV
 */
struct ipsec_req {
	int (*done)(struct sk_buff *skb, int err);
	struct aead_request *aead;
	struct scatterlist *sg;
	u8 *iv;
	unsigned int nsg;
	__be32 aad[IPSEC_REQ_AAD_MAX / 4];
};

struct ipsec_req *ipsec_req_new(struct crypto_aead *tfm, unsigned int nsg);
void ipsec_req_free(struct ipsec_req *req);
int ipsec_req_map(struct ipsec_req *req, struct sk_buff *skb,
		  unsigned int aad, unsigned int offset, unsigned int len);
int ipsec_req_encrypt(struct ipsec_req *req, struct sk_buff *skb,
		      unsigned int len);
int ipsec_req_decrypt(struct ipsec_req *req, struct sk_buff *skb,
		      unsigned int len);

#endif
