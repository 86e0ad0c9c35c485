// SPDX-License-Identifier: GPL-2.0
/*
 * GETSPI, ADD, UPDATE, DELETE, GET, FLUSH: what a request does to the SAD. All
 * checks and all memory come first, then the change, then the answer, sent
 * before config_mutex is released, so that every socket sees the changes in
 * the order in which they happened. Never reads a byte of a message.
 */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pfkeyv2.h>

#include "base/net.h"
#include "pfkey/cmd_sa.h"
#include "pfkey/deliver.h"
#include "pfkey/parse.h"
#include "pfkey/sa_msg.h"
#include "pfkey/sock.h"
#include "sa/acquire.h"
#include "sa/sa.h"
#include "sa/sad.h"

/* SPIs 1..255 are IANA's; GETSPI gives one only to who asks for nothing else. */
#define CMD_SA_SPI_MIN		0x100
#define CMD_SA_SPI_MAX		0x0fffffff
#define CMD_SA_CPI_MAX		0xffff
/* Of those the last 4096 are for private use (RFC 3173 3.3). */
#define CMD_SA_CPI_NEGOTIATED	0xefff

#define CMD_SA_LIMITS		(PFKEY_SA_HARD | PFKEY_SA_SOFT)

/**
 * struct cmd_answer - answer to ADD and UPDATE
 * @own: to the sender
 * @others: to all others, when the sender's has our extension; else empty
 */
struct cmd_answer {
	struct pfkey_out own;
	struct pfkey_out others;
};

static int answer_begin(struct cmd_answer *ans, const struct pfkey_msg *msg)
{
	struct sadb_msg head = *msg->base;
	int err;

	head.sadb_msg_errno = 0;
	ans->others.skb = NULL;
	err = pfkey_out_begin(&ans->own, &head, PFKEY_SA_SIZE);
	if (err || !msg->x_sa)
		return err;
	err = pfkey_out_begin(&ans->others, &head, PFKEY_SA_SIZE);
	if (err)
		pfkey_out_drop(&ans->own);
	return err;
}

static void answer_drop(struct cmd_answer *ans)
{
	pfkey_out_drop(&ans->own);
	pfkey_out_drop(&ans->others);
}

/* Keys go to nobody: RFC 2367 3.1.3, and no client reads them here. */
static void answer_send(struct cmd_answer *ans, struct pfkey_call *call,
			const struct ipsec_sa *sa)
{
	struct sk_buff *others = NULL;

	if (ans->others.skb) {
		pfkey_put_sa(&ans->others.w, sa, CMD_SA_LIMITS);
		others = pfkey_out_end(&ans->others);
	}
	pfkey_put_sa(&ans->own.w, sa, CMD_SA_LIMITS | (call->msg->x_sa ? PFKEY_SA_X_SA : 0));
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(&ans->own), others);
}

/* A larval SA that is meant by @want: by the sequence number, else by its ends. */
static struct ipsec_sa *cmd_find_larval(struct pfkey_call *call, const struct ipsec_sa_want *want)
{
	const struct sadb_msg *base = call->msg->base;
	struct ipsec_sa *sa = NULL;

	if (base->sadb_msg_seq)
		sa = ipsec_sad_find_larval(call->ipn, want, base->sadb_msg_seq,
					   base->sadb_msg_pid);
	return sa ? sa : ipsec_sad_find_larval(call->ipn, want, 0, 0);
}

/* The range of GETSPI, in host order. */
static int getspi_range(const struct pfkey_msg *msg, u8 proto, u32 *min, u32 *max)
{
	*min = CMD_SA_SPI_MIN;
	*max = proto == IPPROTO_COMP ? CMD_SA_CPI_NEGOTIATED : CMD_SA_SPI_MAX;
	if (!msg->spirange)
		return 0;
	*min = msg->spirange->sadb_spirange_min;
	*max = msg->spirange->sadb_spirange_max;
	if (*min > *max || !*max)
		return -EINVAL;
	if (proto == IPPROTO_COMP && *max > CMD_SA_CPI_MAX)
		return -EINVAL;
	*min = max_t(u32, *min, *max >= CMD_SA_SPI_MIN ? CMD_SA_SPI_MIN : 1);
	return 0;
}

static struct ipsec_sa *getspi_alloc(struct pfkey_call *call, const struct ipsec_sa_want *want)
{
	struct ipsec_sa *sa = ipsec_sa_alloc(call->ipn, GFP_KERNEL);

	if (!sa)
		return NULL;
	ipsec_sa_set_want(sa, want);
	sa->seq = call->msg->base->sadb_msg_seq;
	sa->pid = call->msg->base->sadb_msg_pid;
	return sa;
}

/*
 * A larval SA that waits for this answer is reused, and keeps the SPI it may
 * have; otherwise @fresh becomes one.
 */
static struct ipsec_sa *getspi_commit(struct pfkey_call *call, const struct ipsec_sa_want *want,
				      struct ipsec_sa *fresh, u32 min, u32 max)
{
	struct ipsec_sa *sa;
	int err;

	lockdep_assert_held(&call->ipn->config_mutex);
	sa = cmd_find_larval(call, want);
	if (sa && sa->spi)
		return sa;
	if (sa) {
		err = ipsec_sad_alloc_spi(call->ipn, sa, min, max);
		return err ? ERR_PTR(err) : sa;
	}
	err = ipsec_sad_alloc_spi(call->ipn, fresh, min, max);
	if (err)
		return ERR_PTR(err);
	err = ipsec_sad_insert(call->ipn, fresh);
	return err ? ERR_PTR(err) : fresh;
}

/**
 * pfkey_cmd_getspi() - SADB_GETSPI: reserve an SPI
 * @call: request
 *
 * Return: 0, -EINVAL, -ENOENT when no SPI of the range is free,
 * -EPROTONOSUPPORT for BEET mode, whose SAs could not be added, -ENOMEM.
 */
int pfkey_cmd_getspi(struct pfkey_call *call)
{
	struct sadb_msg head = *call->msg->base;
	struct ipsec_sa_want want;
	struct ipsec_sa *fresh, *sa;
	struct pfkey_out out;
	u32 min, max;
	int err;

	err = pfkey_want_from_msg(&want, call->msg);
	if (err)
		return err;
	err = getspi_range(call->msg, want.proto, &min, &max);
	if (err)
		return err;
	if (want.mode == IPSEC_MODE_BEET)
		return -EPROTONOSUPPORT;

	head.sadb_msg_errno = 0;
	err = pfkey_out_begin(&out, &head, PFKEY_SA_SIZE);
	if (err)
		return err;
	fresh = getspi_alloc(call, &want);
	if (!fresh) {
		pfkey_out_drop(&out);
		return -ENOMEM;
	}

	mutex_lock(&call->ipn->config_mutex);
	sa = getspi_commit(call, &want, fresh, min, max);
	if (!IS_ERR(sa)) {
		pfkey_put_spi(&out.w, sa);
		pfkey_deliver_one(call->pfk, pfkey_out_end(&out));
	} else {
		pfkey_out_drop(&out);
	}
	mutex_unlock(&call->ipn->config_mutex);
	/* the SAD has its own reference */
	ipsec_sa_put(fresh);
	return PTR_ERR_OR_ZERO(sa);
}

/*
 * The larval SA of the ACQUIRE or GETSPI that this SA answers has done its
 * duty, and goes without a message. It is looked for before the insertion,
 * where it can not be the new one, and killed only when that succeeded.
 */
static int add_commit(struct pfkey_call *call, struct ipsec_sa *sa)
{
	struct ipsec_sa_want want = {
		.saddr = sa->saddr,
		.daddr = sa->daddr,
		.family = sa->family,
		.proto = sa->proto,
		.mode = sa->mode,
		.reqid = sa->reqid,
	};
	struct ipsec_net *ipn = call->ipn;
	struct ipsec_sa *larval;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	if (ipsec_sad_find(ipn, &sa->daddr, sa->spi, sa->proto, sa->family))
		return -EEXIST;
	larval = cmd_find_larval(call, &want);
	err = ipsec_sad_insert(ipn, sa);
	if (err)
		return err;
	if (larval)
		ipsec_sad_kill(ipn, larval);
	return 0;
}

/**
 * pfkey_cmd_add() - SADB_ADD: a new SA
 * @call: request
 *
 * Return: 0; -EEXIST when there is one, larval or not, with this destination
 * and SPI; or an errno of pfkey_sa_from_msg().
 */
int pfkey_cmd_add(struct pfkey_call *call)
{
	struct cmd_answer ans;
	struct ipsec_sa *sa;
	int err;

	sa = pfkey_sa_from_msg(call->ipn, call->msg);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	err = answer_begin(&ans, call->msg);
	if (err)
		goto out_put;

	mutex_lock(&call->ipn->config_mutex);
	err = add_commit(call, sa);
	if (!err)
		answer_send(&ans, call, sa);
	mutex_unlock(&call->ipn->config_mutex);
	if (err)
		answer_drop(&ans);
out_put:
	/* the SAD has its own reference */
	ipsec_sa_put(sa);
	return err;
}

/*
 * A larval SA is replaced by the new one. One in use gets the new one's
 * lifetimes and UDP ports, and keeps everything else: into UDP or out of it
 * would be another SA.
 *
 * Returns the SA that the answer shows, @sa or another one.
 */
static struct ipsec_sa *update_commit(struct ipsec_net *ipn, struct ipsec_sa *sa)
{
	struct ipsec_sa *old;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	old = ipsec_sad_find(ipn, &sa->daddr, sa->spi, sa->proto, sa->family);
	if (!old)
		return ERR_PTR(-ESRCH);
	if (READ_ONCE(old->state) == IPSEC_SA_LARVAL) {
		err = ipsec_sad_replace(ipn, old, sa);
		return err ? ERR_PTR(err) : sa;
	}
	if (old->encap != sa->encap)
		return ERR_PTR(-EINVAL);
	ipsec_sad_set_limits(ipn, old, &sa->life.soft, &sa->life.hard);
	if (sa->encap)
		ipsec_natt_set_ports(old, ipsec_natt_ports(sa));
	return old;
}

/**
 * pfkey_cmd_update() - SADB_UPDATE: finish a larval SA, or new lifetimes and
 *	UDP ports
 * @call: request
 *
 * Return: 0; -ESRCH when there is no such SA (not ENOENT: OpenIKED then adds
 * it); or an errno of pfkey_sa_from_msg().
 */
int pfkey_cmd_update(struct pfkey_call *call)
{
	struct ipsec_sa *sa, *shown;
	struct cmd_answer ans;
	int err;

	sa = pfkey_sa_from_msg(call->ipn, call->msg);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	err = answer_begin(&ans, call->msg);
	if (err)
		goto out_put;

	mutex_lock(&call->ipn->config_mutex);
	shown = update_commit(call->ipn, sa);
	err = PTR_ERR_OR_ZERO(shown);
	if (!err)
		answer_send(&ans, call, shown);
	mutex_unlock(&call->ipn->config_mutex);

	if (err)
		answer_drop(&ans);
out_put:
	ipsec_sa_put(sa);
	return err;
}

/* The SA that (DST, SPI, satype) names; SRC is there, and is not compared. */
static struct ipsec_sa *cmd_find(struct pfkey_call *call)
{
	const struct pfkey_msg *msg = call->msg;
	u8 proto = pfkey_proto_of_satype(msg->base->sadb_msg_satype);

	if (!proto)
		return NULL;
	return ipsec_sad_find(call->ipn, &msg->dst.addr, msg->sa->sadb_sa_spi, proto,
			      msg->dst.family);
}

/* The answer shows it dead, as af_key's does. */
static void cmd_delete_sa(struct pfkey_call *call, struct ipsec_sa *sa, struct pfkey_out *out)
{
	lockdep_assert_held(&call->ipn->config_mutex);
	/* the reference of the SAD holds it until we have our own */
	WARN_ON_ONCE(!ipsec_sa_get(sa));
	ipsec_sad_kill(call->ipn, sa);
	pfkey_put_sa(&out->w, sa, CMD_SA_LIMITS);
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(out), NULL);
	ipsec_sa_put(sa);
}

static void cmd_get_sa(struct pfkey_call *call, struct ipsec_sa *sa, struct pfkey_out *out)
{
	unsigned int parts = CMD_SA_LIMITS | PFKEY_SA_KEYS;

	if (call->msg->x_sa)
		parts |= PFKEY_SA_X_SA;
	pfkey_put_sa(&out->w, sa, parts);
	pfkey_deliver_one(call->pfk, pfkey_out_end(out));
}

/* @fn is called for the SA that the request names, holding config_mutex; it ends @out. */
static int cmd_named(struct pfkey_call *call,
		     void (*fn)(struct pfkey_call *call, struct ipsec_sa *sa, struct pfkey_out *out))
{
	struct sadb_msg head = *call->msg->base;
	struct pfkey_out out;
	struct ipsec_sa *sa;
	int err;

	head.sadb_msg_errno = 0;
	err = pfkey_out_begin(&out, &head, PFKEY_SA_SIZE);
	if (err)
		return err;
	mutex_lock(&call->ipn->config_mutex);
	sa = cmd_find(call);
	if (sa)
		fn(call, sa, &out);
	mutex_unlock(&call->ipn->config_mutex);
	if (sa)
		return 0;
	pfkey_out_drop(&out);
	return -ESRCH;
}

/**
 * pfkey_cmd_delete() - SADB_DELETE: an SA goes, larval or not
 * @call: request
 *
 * Return: 0, -ESRCH, -ENOBUFS.
 */
int pfkey_cmd_delete(struct pfkey_call *call)
{
	return cmd_named(call, cmd_delete_sa);
}

/**
 * pfkey_cmd_get() - SADB_GET: describe one SA, keys included
 * @call: request
 *
 * Return: 0, -ESRCH, -ENOBUFS.
 */
int pfkey_cmd_get(struct pfkey_call *call)
{
	return cmd_named(call, cmd_get_sa);
}

/**
 * pfkey_cmd_acquire() - SADB_ACQUIRE: a daemon could not make an SA
 * @call: request
 *
 * The message is a base header with an errno, and the number of the ACQUIRE
 * that it answers. One that is unknown, or without an errno, is accepted in
 * silence: nobody waits for an answer.
 *
 * Return: 0; -EOPNOTSUPP when there is more than a base header.
 */
int pfkey_cmd_acquire(struct pfkey_call *call)
{
	const struct sadb_msg *base = call->msg->base;

	if (call->msg->len != sizeof(*base))
		return -EOPNOTSUPP;
	if (!base->sadb_msg_errno)
		return 0;
	mutex_lock(&call->ipn->config_mutex);
	ipsec_acquire_refuse(call->ipn, base->sadb_msg_seq);
	mutex_unlock(&call->ipn->config_mutex);
	return 0;
}

/**
 * pfkey_cmd_flush() - SADB_FLUSH: all SAs of a protocol go, or all
 * @call: request
 *
 * One answer to the sender and one copy to the others, also when there was
 * nothing to flush: setkey reads exactly one.
 *
 * Return: 0, -EINVAL, -ENOBUFS.
 */
int pfkey_cmd_flush(struct pfkey_call *call)
{
	u8 satype = call->msg->base->sadb_msg_satype;
	struct sadb_msg head = *call->msg->base;
	struct pfkey_out out;
	int err;

	if (satype != SADB_SATYPE_UNSPEC && !pfkey_proto_of_satype(satype))
		return -EINVAL;
	head.sadb_msg_errno = 0;
	err = pfkey_out_begin(&out, &head, sizeof(head));
	if (err)
		return err;
	mutex_lock(&call->ipn->config_mutex);
	ipsec_sad_flush(call->ipn, pfkey_proto_of_satype(satype));
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(&out), NULL);
	mutex_unlock(&call->ipn->config_mutex);
	return 0;
}
