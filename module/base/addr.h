/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An address of either family as IPsec compares it. Pure: no state, no locks,
 * callable in any context; compiled for user space by the unit tests.
 */
#ifndef _TESTUDO_BASE_ADDR_H
#define _TESTUDO_BASE_ADDR_H

#include <linux/types.h>
#include <linux/socket.h>
#include <linux/in.h>
#include <linux/in6.h>

/**
 * union ipsec_addr - an IPv4 or IPv6 address, network byte order
 * @a4: IPv4; the other twelve bytes are zero, so that two addresses of one
 *	family may be compared as a whole
 * @a6: IPv6
 * @w: the words of either
 */
union ipsec_addr {
	__be32 a4;
	struct in6_addr a6;
	__be32 w[4];
};

/**
 * ipsec_addr_equal() - are two addresses of one family the same
 * @a: first address
 * @b: second address
 *
 * Needs no family: an IPv4 address is padded with zeroes.
 *
 * Return: true if so.
 */
static inline bool ipsec_addr_equal(const union ipsec_addr *a,
				    const union ipsec_addr *b)
{
	return !((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) |
		 (a->w[2] ^ b->w[2]) | (a->w[3] ^ b->w[3]));
}

/**
 * ipsec_addr_is_any() - is this the unspecified address (0.0.0.0 or ::)
 * @a: address
 *
 * Return: true if so.
 */
static inline bool ipsec_addr_is_any(const union ipsec_addr *a)
{
	return !(a->w[0] | a->w[1] | a->w[2] | a->w[3]);
}

/**
 * ipsec_addr_bits() - width of an address
 * @family: AF_INET or AF_INET6
 *
 * Return: 32 or 128; 0 for any other family.
 */
static inline unsigned int ipsec_addr_bits(u16 family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

/**
 * ipsec_addr_set4() - fill in an IPv4 address and its padding
 * @a: where to
 * @addr: the address, network byte order
 */
static inline void ipsec_addr_set4(union ipsec_addr *a, __be32 addr)
{
	a->w[0] = addr;
	a->w[1] = 0;
	a->w[2] = 0;
	a->w[3] = 0;
}

/**
 * ipsec_addr_set6() - fill in an IPv6 address
 * @a: where to
 * @addr: the address
 */
static inline void ipsec_addr_set6(union ipsec_addr *a,
				   const struct in6_addr *addr)
{
	a->a6 = *addr;
}

bool ipsec_addr_prefix_match(const union ipsec_addr *a,
			     const union ipsec_addr *prefix, unsigned int len);
void ipsec_addr_mask(union ipsec_addr *out, const union ipsec_addr *a,
		     unsigned int len);
u32 ipsec_addr_hash(const union ipsec_addr *a, u32 seed);
int ipsec_addr_from_sockaddr(union ipsec_addr *a, u16 *family, __be16 *port,
			     const struct sockaddr *sa, size_t len);
size_t ipsec_addr_to_sockaddr(void *out, const union ipsec_addr *a, u16 family,
			      __be16 port);
bool ipsec_addr_is_multicast(const union ipsec_addr *a, u16 family);

#endif
