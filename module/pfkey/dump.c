// SPDX-License-Identifier: GPL-2.0
/*
 * A dump in pieces: as many messages as the receive buffer takes now, the rest
 * when the reader has made room. Between the pieces a dump holds a place in
 * the table and one message, however long that takes. Never takes
 * config_mutex, so that a dump does not stop the others' commands.
 *
 *	walk -> filter -> build -> held -> receive queue
 *
 * One message is held back, since only the one after it, or the lack of one,
 * tells whether it is the last. The sequence numbers are 1, 2, 3, ..., and 0
 * for the last: all that a client has to know it by.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/pfkeyv2.h>
#include <linux/slab.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "base/addr.h"
#include "base/net.h"
#include "pfkey/deliver.h"
#include "pfkey/dump.h"
#include "pfkey/parse.h"
#include "pfkey/sa_msg.h"
#include "pfkey/sock.h"
#include "pfkey/sp_msg.h"
#include "sa/sa.h"
#include "sa/sad.h"
#include "sp/sp.h"
#include "sp/spd.h"

/**
 * struct dump_filter - which SAs to show
 * @saddr: prefix of the source
 * @daddr: prefix of the destination
 * @family: AF_INET or AF_INET6; 0 for both
 * @splen: length of @saddr in bits
 * @dplen: length of @daddr in bits
 */
struct dump_filter {
	union ipsec_addr saddr;
	union ipsec_addr daddr;
	u16 family;
	u8 splen;
	u8 dplen;
};

/**
 * struct pfkey_dump - a dump that is running
 * @head: base header of the request; the sequence number is ours
 * @seq: number of the last message that was sent
 * @held: message that may turn out to be the last
 * @next: the next entry as a message; NULL after the last; an error pointer
 *	without memory, and then the entry was not consumed
 * @sad: place in the SAD, for SADB_DUMP
 * @spd: place in the SPD, for SADB_X_SPDDUMP
 * @parts: enum pfkey_sa_parts
 * @filter: which SAs
 */
struct pfkey_dump {
	struct sadb_msg head;
	u32 seq;
	struct sk_buff *held;
	struct sk_buff *(*next)(struct pfkey_dump *dump);
	struct ipsec_sad_walk *sad;
	struct ipsec_spd_walk *spd;
	unsigned int parts;
	struct dump_filter filter;
};

static bool filter_match(const struct dump_filter *f, const struct ipsec_sa *sa)
{
	unsigned int bits = ipsec_addr_bits(sa->family);
	unsigned int splen = min_t(unsigned int, f->splen, bits);
	unsigned int dplen = min_t(unsigned int, f->dplen, bits);

	if (f->family && f->family != sa->family)
		return false;
	return ipsec_addr_prefix_match(&sa->saddr, &f->saddr, splen) &&
	       ipsec_addr_prefix_match(&sa->daddr, &f->daddr, dplen);
}

static struct ipsec_sa *dump_next_sa(struct pfkey_dump *dump)
{
	struct ipsec_sa *sa;

	while ((sa = ipsec_sad_walk_next(dump->sad))) {
		if (filter_match(&dump->filter, sa))
			return sa;
		ipsec_sa_put(sa);
		/* a filter may let nothing through for a long time */
		cond_resched();
	}
	return NULL;
}

static struct sk_buff *dump_next_sad(struct pfkey_dump *dump)
{
	struct pfkey_out out;
	struct ipsec_sa *sa;

	if (pfkey_out_begin(&out, &dump->head, PFKEY_SA_SIZE))
		return ERR_PTR(-ENOBUFS);
	sa = dump_next_sa(dump);
	if (!sa) {
		pfkey_out_drop(&out);
		return NULL;
	}
	((struct sadb_msg *)out.w.data)->sadb_msg_satype = pfkey_satype_of_sa(sa);
	pfkey_put_sa(&out.w, sa, dump->parts);
	ipsec_sa_put(sa);
	return pfkey_out_end(&out);
}

static struct sk_buff *dump_next_spd(struct pfkey_dump *dump)
{
	struct pfkey_out out;
	struct ipsec_sp *sp;

	if (pfkey_out_begin(&out, &dump->head, PFKEY_SP_SIZE))
		return ERR_PTR(-ENOBUFS);
	sp = ipsec_spd_walk_next(dump->spd);
	if (!sp) {
		pfkey_out_drop(&out);
		return NULL;
	}
	pfkey_put_sp(&out.w, sp);
	ipsec_sp_put(sp);
	return pfkey_out_end(&out);
}

static void dump_free(struct pfkey_dump *dump)
{
	if (dump->sad)
		ipsec_sad_walk_end(dump->sad);
	if (dump->spd)
		ipsec_spd_walk_end(dump->spd);
	/* it may hold keys */
	if (dump->held)
		memzero_explicit(dump->held->data, dump->held->len);
	kfree_skb(dump->held);
	kfree(dump);
}

static void dump_send_held(struct pfkey_sock *pfk, u32 seq)
{
	struct pfkey_dump *dump = pfk->dump;
	struct sadb_msg *base = (struct sadb_msg *)dump->held->data;

	base->sadb_msg_seq = seq;
	pfkey_deliver_one(pfk, dump->held);
	dump->held = NULL;
}

/* An error is a header alone, like every other answer that says no. */
static void dump_spoil_held(struct sk_buff *skb, int err)
{
	struct sadb_msg *base = (struct sadb_msg *)skb->data;

	memzero_explicit(base + 1, skb->len - sizeof(*base));
	skb_trim(skb, sizeof(*base));
	base->sadb_msg_len = sizeof(*base) / 8;
	base->sadb_msg_errno = -err;
}

/*
 * The last message, and the end. Without memory a dump that nothing will wake
 * again ends with an error in the place of the message held, rather than with a
 * lie.
 */
static void dump_finish(struct pfkey_sock *pfk, int err)
{
	struct pfkey_dump *dump = pfk->dump;

	if (err)
		dump_spoil_held(dump->held, err);
	dump_send_held(pfk, 0);
	WRITE_ONCE(pfk->dump, NULL);
	dump_free(dump);
}

/* An empty queue always gets a message: a waiting reader is woken by nothing else. */
static bool dump_has_room(struct sock *sk)
{
	return skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       atomic_read(&sk->sk_rmem_alloc) / 2 <= READ_ONCE(sk->sk_rcvbuf) / 3;
}

static void dump_fill(struct pfkey_sock *pfk)
{
	struct pfkey_dump *dump = pfk->dump;
	struct sk_buff *skb;

	lockdep_assert_held(&pfk->lock);
	while (dump_has_room(&pfk->sk)) {
		skb = dump->next(dump);
		/* no memory, but a reader who will come back: try again then */
		if (IS_ERR(skb) && !skb_queue_empty_lockless(&pfk->sk.sk_receive_queue))
			return;
		if (IS_ERR_OR_NULL(skb)) {
			dump_finish(pfk, PTR_ERR_OR_ZERO(skb));
			return;
		}
		dump_send_held(pfk, ++dump->seq);
		dump->held = skb;
	}
}

/*
 * From here on the dump belongs to the socket, if it has a first message. An
 * empty table is an error, ENOENT.
 */
static int dump_start(struct pfkey_sock *pfk, struct pfkey_dump *dump)
{
	struct sk_buff *skb = dump->next(dump);

	lockdep_assert_held(&pfk->lock);
	if (IS_ERR_OR_NULL(skb)) {
		dump_free(dump);
		return skb ? PTR_ERR(skb) : -ENOENT;
	}
	dump->held = skb;
	WRITE_ONCE(pfk->dump, dump);
	dump_fill(pfk);
	return 0;
}

static int dump_set_filter(struct dump_filter *f, const struct sadb_x_filter *x)
{
	if (!x)
		return 0;
	if (x->sadb_x_filter_splen > 128 || x->sadb_x_filter_dplen > 128)
		return -EINVAL;
	f->family = x->sadb_x_filter_family;
	f->splen = x->sadb_x_filter_splen;
	f->dplen = x->sadb_x_filter_dplen;
	/* in network order, whatever the type says */
	memcpy(&f->saddr, x->sadb_x_filter_saddr, sizeof(f->saddr));
	memcpy(&f->daddr, x->sadb_x_filter_daddr, sizeof(f->daddr));
	return 0;
}

static struct pfkey_dump *dump_alloc(const struct sadb_msg *head)
{
	struct pfkey_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL);

	if (!dump)
		return NULL;
	dump->head = *head;
	dump->head.sadb_msg_errno = 0;
	return dump;
}

static int dump_sad_locked(struct pfkey_call *call, u8 proto, const struct dump_filter *filter)
{
	struct pfkey_dump *dump;

	if (call->pfk->dump)
		return -EBUSY;
	dump = dump_alloc(call->msg->base);
	if (!dump)
		return -ENOMEM;
	dump->next = dump_next_sad;
	dump->filter = *filter;
	dump->parts = PFKEY_SA_HARD | PFKEY_SA_SOFT | PFKEY_SA_KEYS;
	if (call->msg->x_sa)
		dump->parts |= PFKEY_SA_X_SA;
	dump->sad = ipsec_sad_walk_start(call->ipn, proto);
	if (!dump->sad) {
		dump_free(dump);
		return -ENOMEM;
	}
	return dump_start(call->pfk, dump);
}

/**
 * pfkey_dump_sad() - SADB_DUMP: describe all SAs, larval ones and keys included
 * @call: request
 *
 * Return: 0 when the dump runs or is done already; -EINVAL; -EBUSY while
 * another one runs on this socket; -ENOENT when there is nothing to show.
 */
int pfkey_dump_sad(struct pfkey_call *call)
{
	u8 satype = call->msg->base->sadb_msg_satype;
	struct dump_filter filter = { };
	int err;

	if (satype != SADB_SATYPE_UNSPEC && !pfkey_proto_of_satype(satype))
		return -EINVAL;
	err = dump_set_filter(&filter, call->msg->filter);
	if (err)
		return err;
	mutex_lock(&call->pfk->lock);
	err = dump_sad_locked(call, pfkey_proto_of_satype(satype), &filter);
	mutex_unlock(&call->pfk->lock);
	return err;
}

static int dump_spd_locked(struct pfkey_call *call)
{
	struct pfkey_dump *dump;
	struct sadb_msg head;

	if (call->pfk->dump)
		return -EBUSY;
	pfkey_sp_head(&head, call->msg->base);
	dump = dump_alloc(&head);
	if (!dump)
		return -ENOMEM;
	dump->next = dump_next_spd;
	dump->spd = ipsec_spd_walk_start(call->ipn);
	if (!dump->spd) {
		dump_free(dump);
		return -ENOMEM;
	}
	return dump_start(call->pfk, dump);
}

/**
 * pfkey_dump_spd() - SADB_X_SPDDUMP: describe all policies
 * @call: request
 *
 * Return: as pfkey_dump_sad().
 */
int pfkey_dump_spd(struct pfkey_call *call)
{
	int err;

	mutex_lock(&call->pfk->lock);
	err = dump_spd_locked(call);
	mutex_unlock(&call->pfk->lock);
	return err;
}

/**
 * pfkey_dump_continue() - the reader took a message: go on if it is worth it
 * @pfk: socket on which a dump may be running
 *
 * Only when the queue is down to a third of the buffer, to work in batches.
 *
 * Context: Process, may sleep. The message taken is no longer charged.
 */
void pfkey_dump_continue(struct pfkey_sock *pfk)
{
	struct sock *sk = &pfk->sk;

	if (!skb_queue_empty_lockless(&sk->sk_receive_queue) &&
	    atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf) / 3)
		return;
	mutex_lock(&pfk->lock);
	if (pfk->dump)
		dump_fill(pfk);
	mutex_unlock(&pfk->lock);
}

/**
 * pfkey_dump_stop() - nobody will read the rest
 * @pfk: socket that is being closed
 */
void pfkey_dump_stop(struct pfkey_sock *pfk)
{
	mutex_lock(&pfk->lock);
	if (pfk->dump)
		dump_free(pfk->dump);
	WRITE_ONCE(pfk->dump, NULL);
	mutex_unlock(&pfk->lock);
}
