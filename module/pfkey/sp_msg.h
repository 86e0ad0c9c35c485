/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Security policies as PF_KEY messages, both ways.
 */
#ifndef _TESTUDO_PFKEY_SP_MSG_H
#define _TESTUDO_PFKEY_SP_MSG_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>

struct ipsec_net;
struct ipsec_selector;
struct ipsec_sp;
struct pfkey_msg;
struct pfkey_writer;

/* Most bytes that the description of a policy comes to, six tunnels and all. */
#define PFKEY_SP_SIZE	640

int pfkey_selector_from_msg(struct ipsec_selector *sel, u8 *dir, const struct pfkey_msg *msg);
struct ipsec_sp *pfkey_sp_from_msg(struct ipsec_net *ipn, const struct pfkey_msg *msg);
void pfkey_sp_head(struct sadb_msg *head, const struct sadb_msg *request);
void pfkey_put_sp(struct pfkey_writer *w, const struct ipsec_sp *sp);

#endif
