/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PF_KEY socket, the sockets of a namespace, and what a command is given.
 */
#ifndef _TESTUDO_PFKEY_SOCK_H
#define _TESTUDO_PFKEY_SOCK_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <net/sock.h>

struct ipsec_net;
struct pfkey_dump;
struct pfkey_msg;

/**
 * struct ipsec_pfkey_net - the PF_KEY sockets of one namespace
 * @socks: all of them; RCU, changed under @lock
 * @lock: guards @socks, @promisc, and @registered and @promisc of each socket
 * @promisc: number of promiscuous sockets; READ_ONCE without @lock
 * @rcu: for the end: an event may still be on its way
 */
struct ipsec_pfkey_net {
	struct hlist_head socks;
	spinlock_t lock;
	unsigned int promisc;
	struct rcu_head rcu;
};

/**
 * struct pfkey_sock - a PF_KEY socket
 * @sk: must come first
 * @registered: bit satype for each SADB_REGISTER of another satype than 0;
 *	written under struct ipsec_pfkey_net @lock, READ_ONCE without
 * @promisc: gets a copy of everything; guarded as @registered
 * @lock: guards @dump. Outside struct ipsec_net @config_mutex
 * @dump: the dump that is running, NULL for none; READ_ONCE without @lock
 *	tells only whether it is worth taking it
 */
struct pfkey_sock {
	struct sock sk;
	u32 registered;
	bool promisc;
	struct mutex lock;
	struct pfkey_dump *dump;
};

/**
 * struct pfkey_call - a request on its way through a command
 * @pfk: who sent it
 * @ipn: namespace of the socket
 * @msg: the request, checked; lives until the command returns
 */
struct pfkey_call {
	struct pfkey_sock *pfk;
	struct ipsec_net *ipn;
	const struct pfkey_msg *msg;
};

extern const struct proto_ops pfkey_sock_ops;

void pfkey_sock_link(struct ipsec_pfkey_net *pn, struct pfkey_sock *pfk);
void pfkey_sock_init(struct pfkey_sock *pfk);
void pfkey_sock_register(struct ipsec_net *ipn, struct pfkey_sock *pfk, u32 bit);

/**
 * pfkey_sk() - the PF_KEY socket of a sock
 * @sk: a sock of our family
 *
 * Return: the same object.
 */
static inline struct pfkey_sock *pfkey_sk(struct sock *sk)
{
	return container_of(sk, struct pfkey_sock, sk);
}

#endif
