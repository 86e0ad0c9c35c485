// SPDX-License-Identifier: GPL-2.0
/*
 * The sizes that protection costs. Padding makes the way back inexact, so it
 * goes layer by layer from the outside, as the kernel module does.
 */
#include <netinet/in.h>

#include "ctl/size.h"

#define SIZE_IP4     20
#define SIZE_IP6     40
#define SIZE_UDP     8
#define SIZE_ESP     8 /* SPI and sequence number */
#define SIZE_ESP_END 2 /* pad length and next header */
#define SIZE_AH	     12
#define SIZE_IPCOMP  4

static unsigned int size_ip(bool v6)
{
	return v6 ? SIZE_IP6 : SIZE_IP4;
}

static unsigned int size_block(const struct size_layer *l)
{
	return l->block > 4 ? l->block : 4;
}

static unsigned int size_ah(const struct size_layer *l)
{
	unsigned int align = l->v6 || l->align8 ? 8 : 4;

	return (SIZE_AH + l->icv + align - 1) / align * align;
}

/* Most payload that fits in @room behind the IP header. */
static unsigned int size_payload(const struct size_layer *l, unsigned int room)
{
	unsigned int fixed = SIZE_ESP + l->iv + l->icv, text;

	if (l->proto == IPPROTO_AH)
		return room > size_ah(l) ? room - size_ah(l) : 0;
	/* at worst IPComp leaves the payload as it is, without a header */
	if (l->proto != IPPROTO_ESP)
		return room;
	if (room < fixed)
		return 0;
	text = (room - fixed) / size_block(l) * size_block(l);
	return text > SIZE_ESP_END ? text - SIZE_ESP_END : 0;
}

/* The IP header in front of layer @i: of the last tunnel up to it, or the packet's own. */
static unsigned int size_front(const struct size_layer *layer, unsigned int i, bool v6)
{
	do {
		if (layer[i].tunnel)
			return size_ip(layer[i].v6);
	} while (i--);
	return size_ip(v6);
}

/**
 * size_inner() - largest clear packet that fits
 * @layer: SAs, the innermost first
 * @n: how many
 * @room: the route's MTU
 * @v6: the clear packet is IPv6
 *
 * Return: bytes with the IP header, 0 when nothing fits.
 */
unsigned int size_inner(const struct size_layer *layer, unsigned int n, unsigned int room, bool v6)
{
	unsigned int i = n, front;

	while (i--) {
		front = size_front(layer, i, v6) + (layer[i].udp ? SIZE_UDP : 0);
		if (room <= front)
			return 0;
		room = size_payload(&layer[i], room - front);
		if (!layer[i].tunnel)
			room += size_front(layer, i, v6);
	}
	return room;
}

/**
 * size_overhead() - what the SAs add at most
 * @layer: SAs, the innermost first
 * @n: how many
 *
 * Return: bytes.
 */
unsigned int size_overhead(const struct size_layer *layer, unsigned int n)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n; i++) {
		sum += layer[i].tunnel ? size_ip(layer[i].v6) : 0;
		sum += layer[i].udp ? SIZE_UDP : 0;
		if (layer[i].proto == IPPROTO_ESP)
			sum += SIZE_ESP + layer[i].iv + size_block(&layer[i]) - 1 + SIZE_ESP_END +
			       layer[i].icv;
		else if (layer[i].proto == IPPROTO_AH)
			sum += size_ah(&layer[i]);
		else
			sum += SIZE_IPCOMP;
	}
	return sum;
}
