/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PF_KEY message after the border: typed, every length checked. Pure.
 */
#ifndef _TESTUDO_PFKEY_PARSE_H
#define _TESTUDO_PFKEY_PARSE_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>

#include "base/addr.h"
#include "base/move.h"

/* sadb_msg_len counts words of 8 bytes in 16 bits, and up to 7 bytes may stray */
#define PFKEY_MSG_MAX		(0xffff * 8 + 7)

/* Most SAs that one policy may ask for; sp_msg.c holds it against IPSEC_TMPL_MAX. */
#define PFKEY_REQUESTS_MAX	6

/**
 * struct pfkey_addr - an address extension
 * @addr: the address
 * @family: AF_INET or AF_INET6; 0 when the extension is absent
 * @port: as given, network order
 * @proto: upper-layer protocol as given; 255 means any
 * @prefixlen: at most the width of the address
 */
struct pfkey_addr {
	union ipsec_addr addr;
	u16 family;
	__be16 port;
	u8 proto;
	u8 prefixlen;
};

/**
 * struct pfkey_key - a key extension
 * @bytes: (bits + 7) / 8 bytes inside the message; NULL when it is absent
 * @bits: length
 */
struct pfkey_key {
	const u8 *bytes;
	u16 bits;
};

/**
 * struct pfkey_ipsecreq - one SA that a policy asks for
 * @saddr: tunnel mode: outer source
 * @daddr: tunnel mode: outer destination
 * @family: tunnel mode: family of both; else 0
 * @proto: IPPROTO_AH, IPPROTO_ESP or IPPROTO_COMP
 * @mode: IPSEC_MODE_TRANSPORT, _TUNNEL or _BEET
 * @level: IPSEC_LEVEL_*
 * @reqid: as given; means something with IPSEC_LEVEL_UNIQUE only
 */
struct pfkey_ipsecreq {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
	u8 proto;
	u8 mode;
	u8 level;
	u32 reqid;
};

/**
 * struct pfkey_requests - the requests of a policy extension
 * @n: how many
 * @req: in the order of the message: innermost first
 */
struct pfkey_requests {
	unsigned int n;
	struct pfkey_ipsecreq req[PFKEY_REQUESTS_MAX];
};

/**
 * struct pfkey_moves - what SADB_X_MIGRATE asks for
 * @n: how many
 * @move: who moves, and where to
 * @km: where the keying daemons are from now on; family 0 when it is not said
 */
struct pfkey_moves {
	unsigned int n;
	struct ipsec_move move[PFKEY_REQUESTS_MAX];
	struct ipsec_move_ends km;
};

/**
 * struct pfkey_msg - a message whose lengths are all right
 * @base: base header
 * @len: bytes in all
 * @present: set of PFKEY_BIT() of what it carries
 * @src: SADB_EXT_ADDRESS_SRC
 * @dst: SADB_EXT_ADDRESS_DST
 * @natt_oa: SADB_X_EXT_NAT_T_OA
 * @auth: SADB_EXT_KEY_AUTH
 * @enc: SADB_EXT_KEY_ENCRYPT
 * @sa: SADB_EXT_SA; NULL when absent, like all below
 * @hard: SADB_EXT_LIFETIME_HARD
 * @soft: SADB_EXT_LIFETIME_SOFT
 * @spirange: SADB_EXT_SPIRANGE
 * @sa2: SADB_X_EXT_SA2
 * @natt_type: SADB_X_EXT_NAT_T_TYPE
 * @natt_sport: SADB_X_EXT_NAT_T_SPORT
 * @natt_dport: SADB_X_EXT_NAT_T_DPORT
 * @filter: SADB_X_EXT_FILTER
 * @x_sa: SADB_X_EXT_TESTUDO_SA
 * @kmaddress: SADB_X_EXT_KMADDRESS; its addresses by pfkey_parse_moves()
 * @policy: SADB_X_EXT_POLICY; its requests by pfkey_parse_requests()
 *
 * Points into the buffer that was parsed and lives no longer.
 */
struct pfkey_msg {
	const struct sadb_msg *base;
	size_t len;
	u32 present;
	struct pfkey_addr src;
	struct pfkey_addr dst;
	struct pfkey_addr natt_oa;
	struct pfkey_key auth;
	struct pfkey_key enc;
	const struct sadb_sa *sa;
	const struct sadb_lifetime *hard;
	const struct sadb_lifetime *soft;
	const struct sadb_spirange *spirange;
	const struct sadb_x_sa2 *sa2;
	const struct sadb_x_nat_t_type *natt_type;
	const struct sadb_x_nat_t_port *natt_sport;
	const struct sadb_x_nat_t_port *natt_dport;
	const struct sadb_x_filter *filter;
	const struct sadb_x_testudo_sa *x_sa;
	const struct sadb_x_kmaddress *kmaddress;
	const struct sadb_x_policy *policy;
};

int pfkey_parse_base(const void *buf, size_t len);
int pfkey_parse(struct pfkey_msg *msg, const void *buf, size_t len);
int pfkey_parse_requests(struct pfkey_requests *reqs, const struct sadb_x_policy *policy);
int pfkey_parse_moves(struct pfkey_moves *moves, const struct pfkey_msg *msg);
void pfkey_hide_keys(void *buf, size_t len);

#endif
