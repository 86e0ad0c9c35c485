/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Security associations as PF_KEY messages, both ways.
 */
#ifndef _TESTUDO_PFKEY_SA_MSG_H
#define _TESTUDO_PFKEY_SA_MSG_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>

struct ipsec_net;
struct ipsec_sa;
struct ipsec_sa_want;
struct pfkey_msg;
struct pfkey_writer;

/* Most bytes that the description of an SA comes to, keys and all. */
#define PFKEY_SA_SIZE	512

/**
 * enum pfkey_sa_parts - parts of an SA's description that are not in every one
 * @PFKEY_SA_HARD: hard lifetime
 * @PFKEY_SA_SOFT: soft lifetime
 * @PFKEY_SA_KEYS: keys
 * @PFKEY_SA_X_SA: our own extension: only for who showed that he knows it
 */
enum pfkey_sa_parts {
	PFKEY_SA_HARD = 1 << 0,
	PFKEY_SA_SOFT = 1 << 1,
	PFKEY_SA_KEYS = 1 << 2,
	PFKEY_SA_X_SA = 1 << 3,
};

u8 pfkey_proto_of_satype(u8 satype);
u8 pfkey_satype_of_proto(u8 proto);
u8 pfkey_satype_of_sa(const struct ipsec_sa *sa);
int pfkey_want_from_msg(struct ipsec_sa_want *want, const struct pfkey_msg *msg);
struct ipsec_sa *pfkey_sa_from_msg(struct ipsec_net *ipn, const struct pfkey_msg *msg);
void pfkey_put_sa(struct pfkey_writer *w, const struct ipsec_sa *sa, unsigned int parts);
void pfkey_put_ends(struct pfkey_writer *w, const struct ipsec_sa *sa);
void pfkey_put_spi(struct pfkey_writer *w, const struct ipsec_sa *sa);
void pfkey_put_mapping(struct pfkey_writer *w, const struct ipsec_sa *sa);

#endif
