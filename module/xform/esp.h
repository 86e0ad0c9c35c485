/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ESP (RFC 4303): what its three files share, and its way into main.c.
 */
#ifndef _TESTUDO_ESP_H
#define _TESTUDO_ESP_H

#include <linux/types.h>

#include "alg/alg_aead.h"
#include "xform/esp_len.h"

struct ipsec_req;
struct ipsec_sa;
struct sk_buff;

/**
 * struct ipsec_esp - what ESP keeps for an SA; const after init
 * @len: lengths
 * @head: bytes before the payload
 * @iv_random: the IV must be unpredictable
 * @esn: the upper half of the sequence number is authenticated too
 * @iv_mask: counter IVs are the sequence number xor this, a random number:
 *	unique within the SA, and very likely so among SAs that were given the
 *	same key, as by a setkey file at each boot
 * @aead: transform
 */
struct ipsec_esp {
	struct ipsec_esp_len len;
	u8 head;
	bool iv_random;
	bool esn;
	u64 iv_mask;
	struct ipsec_aead aead;
};

unsigned int ipsec_esp_fill_aad(const struct ipsec_esp *esp,
				struct ipsec_req *req, __be32 spi, u64 seq,
				const u8 *iv);
int ipsec_esp_output(struct ipsec_sa *sa, struct sk_buff *skb);
int ipsec_esp_input(struct ipsec_sa *sa, struct sk_buff *skb);
int ipsec_esp_init(void);
void ipsec_esp_exit(void);

#endif
