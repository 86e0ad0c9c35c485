// SPDX-License-Identifier: GPL-2.0
/*
 * addr - addresses of either family: prefixes, hash, socket addresses. Pure:
 * the unit tests compile it for user space too.
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "base/addr.h"

/* Mask of the first @bits bits of a word, network order. */
static __be32 addr_word_mask(unsigned int bits)
{
	return bits ? cpu_to_be32(~0U << (32 - bits)) : 0;
}

/**
 * ipsec_addr_prefix_match() - is an address in a prefix
 * @a: address
 * @prefix: prefix; its bits beyond @len do not matter
 * @len: bits of it that count, at most the width of the family
 *
 * Return: true if so.
 */
bool ipsec_addr_prefix_match(const union ipsec_addr *a,
			     const union ipsec_addr *prefix, unsigned int len)
{
	unsigned int i = 0;

	for (; len >= 32; len -= 32, i++) {
		if (a->w[i] != prefix->w[i])
			return false;
	}
	return !len || !((a->w[i] ^ prefix->w[i]) & addr_word_mask(len));
}

/**
 * ipsec_addr_mask() - an address without its bits beyond a prefix
 * @out: where to; may be @a
 * @a: address
 * @len: bits to keep, 0 to 128
 */
void ipsec_addr_mask(union ipsec_addr *out, const union ipsec_addr *a,
		     unsigned int len)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		unsigned int bits = len < 32 ? len : 32;

		out->w[i] = a->w[i] & addr_word_mask(bits);
		len -= bits;
	}
}

/**
 * ipsec_addr_hash() - hash of an address
 * @a: address
 * @seed: secret of a table, so that nobody outside can pick collisions
 *
 * Return: 32 hash bits.
 */
u32 ipsec_addr_hash(const union ipsec_addr *a, u32 seed)
{
	return jhash2((const u32 *)a->w, 4, seed);
}

/**
 * ipsec_addr_from_sockaddr() - take an address out of a sockaddr
 * @a: where to
 * @family: where the family goes
 * @port: where the port goes, network order; may be NULL
 * @sa: sockaddr_in or sockaddr_in6
 * @len: bytes that may be read at @sa
 *
 * Scope, flow label and padding are not looked at.
 *
 * Return: 0; -EINVAL when @len is too short for the family, -EAFNOSUPPORT for
 * another family. Nothing is written then.
 */
int ipsec_addr_from_sockaddr(union ipsec_addr *a, u16 *family, __be16 *port,
			     const struct sockaddr *sa, size_t len)
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	const struct sockaddr_in *sin = (const void *)sa;

	if (len < sizeof(sa->sa_family))
		return -EINVAL;

	switch (sa->sa_family) {
	case AF_INET:
		if (len < sizeof(*sin))
			return -EINVAL;
		ipsec_addr_set4(a, sin->sin_addr.s_addr);
		break;
	case AF_INET6:
		if (len < sizeof(*sin6))
			return -EINVAL;
		ipsec_addr_set6(a, &sin6->sin6_addr);
		break;
	default:
		return -EAFNOSUPPORT;
	}

	*family = sa->sa_family;
	/* sin_port and sin6_port lie at the same place */
	if (port)
		*port = sin->sin_port;
	return 0;
}

/**
 * ipsec_addr_to_sockaddr() - make a sockaddr
 * @out: where to; room for a sockaddr_in6
 * @a: address
 * @family: AF_INET or AF_INET6
 * @port: port, network order
 *
 * Return: bytes written, all others of the struct being zero: 16 or 28; 0 for
 * another family.
 */
size_t ipsec_addr_to_sockaddr(void *out, const union ipsec_addr *a, u16 family,
			      __be16 port)
{
	struct sockaddr_in6 *sin6 = out;
	struct sockaddr_in *sin = out;

	switch (family) {
	case AF_INET:
		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		sin->sin_port = port;
		sin->sin_addr.s_addr = a->a4;
		return sizeof(*sin);
	case AF_INET6:
		memset(sin6, 0, sizeof(*sin6));
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = port;
		sin6->sin6_addr = a->a6;
		return sizeof(*sin6);
	default:
		return 0;
	}
}

/**
 * ipsec_addr_is_multicast() - does it name a group
 * @a: address
 * @family: AF_INET or AF_INET6
 *
 * Return: true for 224.0.0.0/4 and ff00::/8.
 */
bool ipsec_addr_is_multicast(const union ipsec_addr *a, u16 family)
{
	u32 top = be32_to_cpu(a->w[0]);

	return family == AF_INET ? top >> 28 == 0xe : top >> 24 == 0xff;
}
