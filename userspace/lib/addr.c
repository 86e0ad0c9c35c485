// SPDX-License-Identifier: GPL-2.0
/*
 * Socket addresses of the two families that IPsec knows: their sizes, ports,
 * comparison and text. Never resolves a name.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "pfkey.h"

/**
 * pfkey_addr_len() - size of a sockaddr as PF_KEY packs it
 * @family: AF_INET or AF_INET6
 *
 * Return: bytes, 0 for any other family.
 */
size_t pfkey_addr_len(unsigned int family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

/**
 * pfkey_addr_bits() - width of an address
 * @family: AF_INET or AF_INET6
 *
 * Return: bits, which is also the longest prefix; 0 for any other family.
 */
unsigned int pfkey_addr_bits(unsigned int family)
{
	switch (family) {
	case AF_INET:
		return 32;
	case AF_INET6:
		return 128;
	default:
		return 0;
	}
}

/**
 * pfkey_addr_port() - the port of an address
 * @sa: address
 *
 * Return: port in host order, 0 for a family without one.
 */
uint16_t pfkey_addr_port(const struct sockaddr_storage *sa)
{
	switch (sa->ss_family) {
	case AF_INET:
		return ntohs(((const struct sockaddr_in *)sa)->sin_port);
	case AF_INET6:
		return ntohs(((const struct sockaddr_in6 *)sa)->sin6_port);
	default:
		return 0;
	}
}

/**
 * pfkey_addr_set_port() - set the port of an address
 * @sa: address of a known family
 * @port: host order
 */
void pfkey_addr_set_port(struct sockaddr_storage *sa, uint16_t port)
{
	if (sa->ss_family == AF_INET)
		((struct sockaddr_in *)sa)->sin_port = htons(port);
	else if (sa->ss_family == AF_INET6)
		((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
}

/**
 * pfkey_addr_same_host() - do two addresses name the same host?
 * @a: one
 * @b: other
 *
 * Ports do not matter, and neither do flow label and scope, which the kernel
 * reports as 0 for SAs.
 *
 * Return: true if so; false also for an unknown family.
 */
bool pfkey_addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	switch (a->ss_family) {
	case AF_INET:
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	case AF_INET6:
		return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
			       &((const struct sockaddr_in6 *)b)->sin6_addr,
			       sizeof(struct in6_addr));
	default:
		return false;
	}
}

/**
 * pfkey_addr_text() - an address in its usual notation, without port
 * @sa: address
 * @buf: where to
 * @size: bytes of @buf, at least PFKEY_ADDR_TEXT
 *
 * inet_ntop() serves every address without a scope: a dump of a hundred
 * thousand SAs prints four of them for each.
 *
 * Return: @buf, or a constant for a family that has no notation.
 */
const char *pfkey_addr_text(const struct sockaddr_storage *sa, char *buf, size_t size)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

	if (sa->ss_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr, buf, size);
	if (sa->ss_family != AF_INET6)
		return "unknown-af";
	if (!sin6->sin6_scope_id)
		return inet_ntop(AF_INET6, &sin6->sin6_addr, buf, size);
	if (getnameinfo((const struct sockaddr *)sa, sizeof(*sin6), buf, size, NULL, 0,
			NI_NUMERICHOST))
		return inet_ntop(AF_INET6, &sin6->sin6_addr, buf, size);
	return buf;
}
