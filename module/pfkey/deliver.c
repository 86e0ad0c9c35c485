// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets a message. The sender of a request gets its answer whatever its
 * receive buffer says; everybody else is skipped in silence when his is full,
 * since RFC 2367 knows no way to say so. Never writes into a message, but for
 * the copies that promiscuous sockets get.
 *
 * Promiscuous sockets get everything once more, as af_key does it: raw copies
 * of each well-formed request and of each message of ours, not wrapped into a
 * PROMISC header (RFC 2367 3.1.11 wants that, setkey -x reads both). Unlike
 * there, keys are overwritten by zeroes in the copies: who may open the socket
 * may dump the keys anyway, but then it is he who asked for them, and a
 * debugging session does not end up with every key in its log.
 */
#include <linux/errno.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "base/net.h"
#include "pfkey/deliver.h"
#include "pfkey/parse.h"
#include "pfkey/sock.h"

/* How far answers may go beyond sk_rcvbuf, besides as much again. */
#define DELIVER_RESERVE	65536

/* What is queued is counted in an int: more than this is not taken at its word. */
#define DELIVER_RCVBUF_MAX	(INT_MAX / 4)

/**
 * enum deliver_to - who gets a message, besides the sender of the request
 * @DELIVER_NOBODY: nobody
 * @DELIVER_REGISTERED: sockets that registered for any satype. Not only for
 *	the one of the message: Linux never filtered here
 * @DELIVER_ALL: every socket of the namespace
 */
enum deliver_to {
	DELIVER_NOBODY,
	DELIVER_REGISTERED,
	DELIVER_ALL,
};

/**
 * pfkey_out_begin() - make a buffer and start a message in it
 * @out: filled in
 * @head: base header
 * @size: most bytes that the message may come to, a multiple of 8
 *
 * Context: Process, may sleep.
 * Return: 0 or -ENOBUFS.
 */
int pfkey_out_begin(struct pfkey_out *out, const struct sadb_msg *head, size_t size)
{
	out->skb = alloc_skb(size, GFP_KERNEL_ACCOUNT);
	if (!out->skb)
		return -ENOBUFS;
	memset(out->skb->data, 0, size);
	pfkey_begin(&out->w, out->skb->data, size, head);
	return 0;
}

/**
 * pfkey_out_end() - finish a message
 * @out: begun and written
 *
 * Return: the buffer, ready to be delivered; NULL, with a warning, if the
 * message did not fit into the size that it was begun with.
 */
struct sk_buff *pfkey_out_end(struct pfkey_out *out)
{
	int len = pfkey_end(&out->w);

	if (WARN_ON_ONCE(len < 0)) {
		pfkey_out_drop(out);
		return NULL;
	}
	skb_put(out->skb, len);
	return out->skb;
}

/**
 * pfkey_out_drop() - give up a message that was begun
 * @out: message
 */
void pfkey_out_drop(struct pfkey_out *out)
{
	kfree_skb(out->skb);
	out->skb = NULL;
}

/* Answers to GET and DUMP hold keys. They go to one socket and have no clone. */
static void deliver_free(struct sk_buff *skb)
{
	if (!skb_cloned(skb))
		memzero_explicit(skb->head, skb_end_offset(skb));
	sock_rfree(skb);
}

/* The message becomes the socket's. */
static void deliver_queue(struct sock *sk, struct sk_buff *skb)
{
	skb_set_owner_r(skb, sk);
	skb->destructor = deliver_free;
	skb_queue_tail(&sk->sk_receive_queue, skb);
	sk->sk_data_ready(sk);
}

static bool deliver_fits(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) <= READ_ONCE(sk->sk_rcvbuf);
}

/*
 * To somebody who did not ask for it; true when he got it. He learns how many
 * he did not get from getsockopt(SO_MEMINFO).
 */
static bool deliver_copy(struct sock *sk, struct sk_buff *skb)
{
	skb = deliver_fits(sk) ? skb_clone(skb, GFP_ATOMIC) : NULL;
	if (skb)
		deliver_queue(sk, skb);
	else
		atomic_inc(&sk->sk_drops);
	return skb;
}

static void deliver_to_promisc(struct ipsec_net *ipn, struct sk_buff *skb)
{
	struct ipsec_pfkey_net *pn;
	struct sock *sk;

	rcu_read_lock();
	pn = READ_ONCE(ipn->pfkey);
	if (pn) {
		sk_for_each_rcu(sk, &pn->socks)
			if (READ_ONCE(pfkey_sk(sk)->promisc))
				deliver_copy(sk, skb);
	}
	rcu_read_unlock();
}

/* Is there a promiscuous socket that would take a copy now? */
static bool deliver_is_watched(struct ipsec_net *ipn)
{
	struct ipsec_pfkey_net *pn;
	bool watched = false;
	struct sock *sk;

	rcu_read_lock();
	pn = READ_ONCE(ipn->pfkey);
	if (pn && READ_ONCE(pn->promisc)) {
		sk_for_each_rcu(sk, &pn->socks)
			watched |= READ_ONCE(pfkey_sk(sk)->promisc) &&
				   deliver_fits(sk);
	}
	rcu_read_unlock();
	return watched;
}

/* The extra copy that promiscuous sockets get of what we send. */
static void deliver_watched(struct ipsec_net *ipn, const struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (!deliver_is_watched(ipn))
		return;
	copy = skb_copy(skb, GFP_KERNEL);
	if (!copy)
		return;
	pfkey_hide_keys(copy->data, copy->len);
	deliver_to_promisc(ipn, copy);
	consume_skb(copy);
}

static bool deliver_wants(struct sock *sk, enum deliver_to to)
{
	return to == DELIVER_ALL || READ_ONCE(pfkey_sk(sk)->registered);
}

/* True when somebody got it. */
static bool deliver_others(struct ipsec_net *ipn, const struct pfkey_sock *sender,
			   struct sk_buff *skb, enum deliver_to to)
{
	struct ipsec_pfkey_net *pn;
	bool any = false;
	struct sock *sk;

	rcu_read_lock();
	pn = READ_ONCE(ipn->pfkey);
	if (pn) {
		sk_for_each_rcu(sk, &pn->socks)
			if ((!sender || sk != &sender->sk) && deliver_wants(sk, to))
				any |= deliver_copy(sk, skb);
	}
	rcu_read_unlock();
	return any;
}

/*
 * A clone for the others is made while the message is still ours alone, and
 * the sender gets the original: so his answer needs no memory that could be
 * missing. True when somebody else got it, too.
 */
static bool deliver(struct ipsec_net *ipn, struct pfkey_sock *sender, struct sk_buff *skb,
		    enum deliver_to to)
{
	bool any = false;

	if (!skb)
		return false;
	deliver_watched(ipn, skb);
	if (to != DELIVER_NOBODY)
		any = deliver_others(ipn, sender, skb, to);
	if (sender)
		deliver_queue(&sender->sk, skb);
	else
		consume_skb(skb);
	return any;
}

/**
 * pfkey_deliver_has_room() - may the sender be given another answer
 * @sk: socket of the sender
 *
 * Return: false when it does not read the answers it has.
 */
bool pfkey_deliver_has_room(const struct sock *sk)
{
	int rcvbuf = min(READ_ONCE(sk->sk_rcvbuf), DELIVER_RCVBUF_MAX);

	return atomic_read(&sk->sk_rmem_alloc) / 2 <=
	       rcvbuf + DELIVER_RESERVE / 2;
}

/**
 * pfkey_deliver_one() - answer the sender alone
 * @pfk: sender
 * @skb: message; consumed
 *
 * Context: Process, may sleep.
 */
void pfkey_deliver_one(struct pfkey_sock *pfk, struct sk_buff *skb)
{
	deliver(ipsec_net_of(sock_net(&pfk->sk)), pfk, skb, DELIVER_NOBODY);
}

/**
 * pfkey_deliver_registered() - to every registered socket
 * @ipn: namespace
 * @sender: who gets it in any case; NULL when the kernel speaks by itself
 * @skb: message; consumed
 *
 * Context: Process, may sleep.
 * Return: true when somebody besides @sender got it.
 */
bool pfkey_deliver_registered(struct ipsec_net *ipn, struct pfkey_sock *sender,
			      struct sk_buff *skb)
{
	return deliver(ipn, sender, skb, DELIVER_REGISTERED);
}

/**
 * pfkey_deliver_all() - to every socket of a namespace, each one once
 * @ipn: namespace
 * @sender: who gets it in any case
 * @own: message for @sender; consumed
 * @others: another one for everybody else, NULL for the same; consumed
 *
 * Call it under the lock that orders the change, so that all sockets see
 * changes in the order in which they happened.
 *
 * Context: Process, may sleep.
 */
void pfkey_deliver_all(struct ipsec_net *ipn, struct pfkey_sock *sender, struct sk_buff *own,
		       struct sk_buff *others)
{
	if (!others) {
		deliver(ipn, sender, own, DELIVER_ALL);
		return;
	}
	deliver_watched(ipn, others);
	deliver_others(ipn, sender, others, DELIVER_ALL);
	consume_skb(others);
	if (own)
		deliver_queue(&sender->sk, own);
}

/**
 * pfkey_deliver_request() - show a request to promiscuous sockets
 * @ipn: namespace
 * @buf: request that passed pfkey_parse()
 * @len: its length
 *
 * Context: Process, may sleep.
 */
void pfkey_deliver_request(struct ipsec_net *ipn, const void *buf, size_t len)
{
	struct sk_buff *skb;

	if (!deliver_is_watched(ipn))
		return;
	skb = alloc_skb(len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!skb)
		return;
	skb_put_data(skb, buf, len);
	pfkey_hide_keys(skb->data, skb->len);
	deliver_to_promisc(ipn, skb);
	consume_skb(skb);
}

/* sadb_msg_errno is a byte, and a few of the kernel's errnos are not for users. */
static u8 deliver_errno(int err)
{
	if (err == -ERESTARTSYS || err == -ERESTARTNOINTR || err == -ERESTARTNOHAND)
		err = -EINTR;
	if (err >= 0 || err <= -256)
		err = -EINVAL;
	return -err;
}

/**
 * pfkey_deliver_error() - answer the sender that its request failed
 * @call: request
 * @base: its base header
 * @err: negative errno
 *
 * Return: 0; -ENOBUFS when there is no memory for an answer either, for send()
 * to say so.
 */
int pfkey_deliver_error(struct pfkey_call *call, const struct sadb_msg *base, int err)
{
	struct sadb_msg head = *base;
	struct pfkey_out out;

	head.sadb_msg_errno = deliver_errno(err);
	if (pfkey_out_begin(&out, &head, sizeof(head)))
		return -ENOBUFS;
	pfkey_deliver_one(call->pfk, pfkey_out_end(&out));
	return 0;
}
