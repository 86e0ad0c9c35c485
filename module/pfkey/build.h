/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Appending to a PF_KEY message: a cursor over zeroed memory, whose overflow
 * is sticky. Pure.
 */
#ifndef _TESTUDO_PFKEY_BUILD_H
#define _TESTUDO_PFKEY_BUILD_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>

#include "base/addr.h"

struct ipsec_move_ends;
struct pfkey_addr;

/* No message that we send is longer: strongSwan's receive buffer. */
#define PFKEY_SEND_MAX	4096

/**
 * struct pfkey_writer - a message under construction
 * @data: memory, aligned to 8, all zero at the start
 * @size: its length, a multiple of 8
 * @len: bytes in use, a multiple of 8
 * @ext: offset of the last extension
 * @full: something did not fit; nothing is appended from then on
 */
struct pfkey_writer {
	u8 *data;
	size_t size;
	size_t len;
	size_t ext;
	bool full;
};

void pfkey_begin(struct pfkey_writer *w, void *data, size_t size, const struct sadb_msg *head);
int pfkey_end(struct pfkey_writer *w);
void *pfkey_put(struct pfkey_writer *w, u16 type, size_t bytes);
void *pfkey_put_more(struct pfkey_writer *w, size_t bytes);
void pfkey_put_address(struct pfkey_writer *w, u16 type, const struct pfkey_addr *addr);
void pfkey_put_key(struct pfkey_writer *w, u16 type, const u8 *key, u16 bits);
void pfkey_put_lifetime(struct pfkey_writer *w, u16 type, const struct sadb_lifetime *life);
void pfkey_put_policy(struct pfkey_writer *w, const struct sadb_x_policy *policy);
void pfkey_put_request(struct pfkey_writer *w, const struct sadb_x_ipsecrequest *req, u16 family,
		       const union ipsec_addr *saddr, const union ipsec_addr *daddr);
void pfkey_put_kmaddress(struct pfkey_writer *w, const struct ipsec_move_ends *km);

#endif
