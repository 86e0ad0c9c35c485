/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sizes that protection costs: how large a clear packet may be so that it
 * fits when all SAs are applied. Pure arithmetic, by RFC 4303 2 and 4302 2.
 */
#ifndef TESTUDOD_CTL_SIZE_H
#define TESTUDOD_CTL_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_LAYERS 6 /* SAs of one policy at most */

/**
 * struct size_layer - what one SA adds
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @tunnel: with an IP header of its own
 * @v6: of IPv6 (the outer header in tunnel mode)
 * @udp: in UDP
 * @iv: bytes of IV
 * @icv: bytes of ICV
 * @block: bytes of a block, 4 at least
 * @align8: AH over IPv4 in units of 8 bytes
 */
struct size_layer {
	uint8_t proto;
	bool tunnel;
	bool v6;
	bool udp;
	uint8_t iv;
	uint8_t icv;
	uint8_t block;
	bool align8;
};

/* largest clear packet that fits in @room; @layer: the innermost first; 0: none */
unsigned int size_inner(const struct size_layer *layer, unsigned int n, unsigned int room, bool v6);
/* most bytes that they add to a packet */
unsigned int size_overhead(const struct size_layer *layer, unsigned int n);

#endif /* TESTUDOD_CTL_SIZE_H */
