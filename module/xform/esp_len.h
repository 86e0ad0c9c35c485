/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arithmetic of ESP's lengths (RFC 4303 2). Pure.
 *
 *   | SPI, seq | IV | payload | pad | pad length, next header | ICV |
 *   |<-- head ----->|<-- a multiple of the block ------------>|     |
 */
#ifndef _TESTUDO_ESP_LEN_H
#define _TESTUDO_ESP_LEN_H

#include <linux/types.h>

#define IPSEC_ESP_HDR		8	/* SPI and sequence number */
#define IPSEC_ESP_TRAILER	2	/* pad length and next header */

/**
 * struct ipsec_esp_len - what the lengths of an SA's packets depend on
 * @iv: bytes of IV
 * @icv: bytes of ICV
 * @block: what payload and trailer together are a multiple of, a power of two,
 *	at least 4
 */
struct ipsec_esp_len {
	u8 iv;
	u8 icv;
	u8 block;
};

/**
 * ipsec_esp_head() - bytes before the payload
 * @l: lengths
 *
 * Return: header and IV.
 */
static inline unsigned int ipsec_esp_head(const struct ipsec_esp_len *l)
{
	return IPSEC_ESP_HDR + l->iv;
}

/**
 * ipsec_esp_text() - payload with padding and trailer
 * @l: lengths
 * @len: bytes of payload
 *
 * Return: bytes to encrypt, with the least padding.
 */
static inline unsigned int ipsec_esp_text(const struct ipsec_esp_len *l,
					  unsigned int len)
{
	unsigned int mask = l->block - 1U;

	return (len + IPSEC_ESP_TRAILER + mask) & ~mask;
}

/**
 * ipsec_esp_overhead() - what ESP adds to a payload
 * @l: lengths
 * @len: bytes of payload
 *
 * Return: bytes.
 */
static inline unsigned int ipsec_esp_overhead(const struct ipsec_esp_len *l,
					      unsigned int len)
{
	return ipsec_esp_head(l) + ipsec_esp_text(l, len) - len + l->icv;
}

/**
 * ipsec_esp_tailroom() - most bytes behind a payload
 * @l: lengths
 *
 * Return: padding at its longest, trailer and ICV.
 */
static inline unsigned int ipsec_esp_tailroom(const struct ipsec_esp_len *l)
{
	return l->block - 1U + IPSEC_ESP_TRAILER + l->icv;
}

/**
 * ipsec_esp_max_payload() - how much payload fits
 * @l: lengths
 * @room: bytes that header, payload, padding and ICV may take together
 *
 * Return: the longest payload with payload + overhead <= @room; 0 for none.
 */
static inline unsigned int ipsec_esp_max_payload(const struct ipsec_esp_len *l,
						 unsigned int room)
{
	unsigned int fixed = ipsec_esp_head(l) + l->icv;
	unsigned int text;

	if (room < fixed)
		return 0;
	text = (room - fixed) & ~(l->block - 1U);
	return text > IPSEC_ESP_TRAILER ? text - IPSEC_ESP_TRAILER : 0;
}

#endif
