/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where each IPsec protocol has its SPI and its sequence number.
 */
#ifndef _TESTUDO_PATH_SPI_H
#define _TESTUDO_PATH_SPI_H

#include <linux/in.h>
#include <linux/ip.h>

/**
 * ipsec_spi_hdrlen() - is this an IPsec protocol, and how long is its header
 * @proto: number of an IP protocol
 *
 * Return: least length of its header, bytes; 0 for every other protocol.
 */
static inline unsigned int ipsec_spi_hdrlen(u8 proto)
{
	switch (proto) {
	case IPPROTO_ESP:
		return sizeof(struct ip_esp_hdr);
	case IPPROTO_AH:
		return sizeof(struct ip_auth_hdr);
	case IPPROTO_COMP:
		return sizeof(struct ip_comp_hdr);
	default:
		return 0;
	}
}

/**
 * ipsec_spi_of() - the SPI of a header
 * @hdr: header; an ICMP error quotes enough of it, 8 bytes
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Return: the SPI, network order; of IPComp the CPI as one.
 */
static inline __be32 ipsec_spi_of(const void *hdr, u8 proto)
{
	switch (proto) {
	case IPPROTO_AH:
		return ((const struct ip_auth_hdr *)hdr)->spi;
	case IPPROTO_COMP:
		return htonl(ntohs(((const struct ip_comp_hdr *)hdr)->cpi));
	default:
		return ((const struct ip_esp_hdr *)hdr)->spi;
	}
}

/**
 * ipsec_spi_seq() - the sequence number of a header
 * @hdr: header, ipsec_spi_hdrlen() bytes
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 *
 * Return: its lower 32 bits, host order; 0 of IPComp, which has none.
 */
static inline u32 ipsec_spi_seq(const void *hdr, u8 proto)
{
	switch (proto) {
	case IPPROTO_AH:
		return ntohl(((const struct ip_auth_hdr *)hdr)->seq_no);
	case IPPROTO_COMP:
		return 0;
	default:
		return ntohl(((const struct ip_esp_hdr *)hdr)->seq_no);
	}
}

#endif
