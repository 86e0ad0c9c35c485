/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages as socket buffers, and who gets them.
 */
#ifndef _TESTUDO_PFKEY_DELIVER_H
#define _TESTUDO_PFKEY_DELIVER_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>

#include "pfkey/build.h"

struct ipsec_net;
struct pfkey_call;
struct pfkey_sock;
struct sk_buff;
struct sock;

/**
 * struct pfkey_out - a message being written into a socket buffer
 * @skb: the buffer
 * @w: cursor over its memory
 *
 * Made before a command changes anything, so that running out of memory can
 * not leave a change without its answer.
 */
struct pfkey_out {
	struct sk_buff *skb;
	struct pfkey_writer w;
};

int pfkey_out_begin(struct pfkey_out *out, const struct sadb_msg *head, size_t size);
struct sk_buff *pfkey_out_end(struct pfkey_out *out);
void pfkey_out_drop(struct pfkey_out *out);

bool pfkey_deliver_has_room(const struct sock *sk);
void pfkey_deliver_one(struct pfkey_sock *pfk, struct sk_buff *skb);
bool pfkey_deliver_registered(struct ipsec_net *ipn, struct pfkey_sock *sender,
			      struct sk_buff *skb);
void pfkey_deliver_all(struct ipsec_net *ipn, struct pfkey_sock *sender, struct sk_buff *own,
		       struct sk_buff *others);
void pfkey_deliver_request(struct ipsec_net *ipn, const void *buf, size_t len);
int pfkey_deliver_error(struct pfkey_call *call, const struct sadb_msg *base, int err);

#endif
