// SPDX-License-Identifier: GPL-2.0
/*
 * A PF_KEY socket: one send() is one message, checked, dispatched and answered
 * before send() returns; one recv() is one message, and goes on with a dump.
 * Never looks into an extension, and never touches SAD or SPD.
 */
#include <linux/mm.h>
#include <linux/pfkeyv2.h>
#include <linux/poll.h>
#include <linux/skbuff.h>
#include <linux/socket.h>

#include "base/net.h"
#include "base/trace.h"
#include "pfkey/cmd_migrate.h"
#include "pfkey/cmd_register.h"
#include "pfkey/cmd_sa.h"
#include "pfkey/cmd_sp.h"
#include "pfkey/deliver.h"
#include "pfkey/dump.h"
#include "pfkey/parse.h"
#include "pfkey/sock.h"

/*
 * By message type. A command returns 0 when it has sent all its answers, and
 * otherwise a negative errno, having changed nothing; then the sender gets
 * that errno. Without an entry: EOPNOTSUPP. Those are EXPIRE, SPDEXPIRE and
 * NAT_T_NEW_MAPPING, which only the kernel sends, and PCHANGE and SPDACQUIRE,
 * which nobody does.
 */
static int (*const sock_commands[SADB_MAX + 1])(struct pfkey_call *call) = {
	[SADB_GETSPI] = pfkey_cmd_getspi,
	[SADB_UPDATE] = pfkey_cmd_update,
	[SADB_ADD] = pfkey_cmd_add,
	[SADB_DELETE] = pfkey_cmd_delete,
	[SADB_GET] = pfkey_cmd_get,
	[SADB_ACQUIRE] = pfkey_cmd_acquire,
	[SADB_REGISTER] = pfkey_cmd_register,
	[SADB_FLUSH] = pfkey_cmd_flush,
	[SADB_DUMP] = pfkey_dump_sad,
	[SADB_X_PROMISC] = pfkey_cmd_promisc,
	[SADB_X_SPDUPDATE] = pfkey_cmd_spdupdate,
	[SADB_X_SPDADD] = pfkey_cmd_spdadd,
	[SADB_X_SPDDELETE] = pfkey_cmd_spddelete,
	[SADB_X_SPDGET] = pfkey_cmd_spdget,
	[SADB_X_SPDDUMP] = pfkey_dump_spd,
	[SADB_X_SPDFLUSH] = pfkey_cmd_spdflush,
	[SADB_X_SPDSETIDX] = pfkey_cmd_spdadd,
	[SADB_X_SPDDELETE2] = pfkey_cmd_spddelete2,
	[SADB_X_MIGRATE] = pfkey_cmd_migrate,
};

static int sock_run(struct pfkey_call *call, const void *buf, size_t len)
{
	const struct sadb_msg *base = buf;
	struct pfkey_msg msg;
	int err;

	err = pfkey_parse(&msg, buf, len);
	if (err)
		return err;
	pfkey_deliver_request(call->ipn, buf, len);
	if (!sock_commands[base->sadb_msg_type])
		return -EOPNOTSUPP;
	call->msg = &msg;
	return sock_commands[base->sadb_msg_type](call);
}

/* Faults of the base header are send()'s; all later ones are an answer. */
static int sock_request(struct pfkey_sock *pfk, const void *buf, size_t len)
{
	struct pfkey_call call = { .pfk = pfk, .ipn = ipsec_net_of(sock_net(&pfk->sk)) };
	const struct sadb_msg *base = buf;
	int err;

	err = pfkey_parse_base(buf, len);
	if (err)
		return err;
	err = sock_run(&call, buf, len);
	trace_testudo_pfkey(sock_net(&pfk->sk), base->sadb_msg_type, base->sadb_msg_satype, err,
			    len);
	if (!err)
		return 0;
	return pfkey_deliver_error(&call, base, err);
}

/*
 * An answer is never lost to a full receive buffer, so there must be an end to
 * requests whose answers nobody reads: then send() fails, and the request was
 * not looked at.
 */
static int pfkey_sock_sendmsg(struct socket *sock, struct msghdr *m, size_t len)
{
	struct sock *sk = sock->sk;
	void *buf;
	int err;

	if (m->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len < sizeof(struct sadb_msg) || len > PFKEY_MSG_MAX ||
	    len + 32 > (unsigned int)READ_ONCE(sk->sk_sndbuf))
		return -EMSGSIZE;
	if (!pfkey_deliver_has_room(sk))
		return -ENOBUFS;

	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOBUFS;
	err = memcpy_from_msg(buf, m, len);
	if (!err)
		err = sock_request(pfkey_sk(sk), buf, len);
	/* it may have held keys */
	kvfree_sensitive(buf, len);
	return err ? err : len;
}

static int pfkey_sock_recvmsg(struct socket *sock, struct msghdr *m, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	if (flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_COMPAT))
		return -EINVAL;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;

	copied = skb->len;
	if (copied > len) {
		m->msg_flags |= MSG_TRUNC;
		copied = len;
	}
	err = skb_copy_datagram_msg(skb, 0, m, copied);
	if (!err) {
		sock_recv_cmsgs(m, sk, skb);
		err = flags & MSG_TRUNC ? skb->len : copied;
	}
	skb_free_datagram(sk, skb);

	/* only now is the message uncharged, which the refill looks at */
	if (READ_ONCE(pfkey_sk(sk)->dump))
		pfkey_dump_continue(pfkey_sk(sk));
	return err;
}

/**
 * pfkey_sock_register() - the socket wants to hear of SAs of one more kind
 * @ipn: namespace; packets ask for SAs as long as there is such a socket
 * @pfk: socket
 * @bit: bit satype
 *
 * Context: Process. Caller holds ipn->pfkey->lock.
 */
void pfkey_sock_register(struct ipsec_net *ipn, struct pfkey_sock *pfk, u32 bit)
{
	if (!pfk->registered)
		WRITE_ONCE(ipn->keyers, ipn->keyers + 1);
	WRITE_ONCE(pfk->registered, pfk->registered | bit);
}

static void sock_unlink(struct ipsec_net *ipn, struct pfkey_sock *pfk)
{
	struct ipsec_pfkey_net *pn = ipn->pfkey;

	spin_lock(&pn->lock);
	sk_del_node_init_rcu(&pfk->sk);
	if (pfk->registered)
		WRITE_ONCE(ipn->keyers, ipn->keyers - 1);
	if (pfk->promisc)
		WRITE_ONCE(pn->promisc, pn->promisc - 1);
	spin_unlock(&pn->lock);
}

/*
 * Deliveries that found the socket just before it was unlinked may still queue
 * to it: SOCK_RCU_FREE delays the destructor, which empties the queue, until
 * they are done.
 */
static int pfkey_sock_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	sock_unlink(ipsec_net_of(sock_net(sk)), pfkey_sk(sk));
	pfkey_dump_stop(pfkey_sk(sk));
	sock_orphan(sk);
	sock->sk = NULL;
	sock_put(sk);
	return 0;
}

static void sock_destruct(struct sock *sk)
{
	skb_queue_purge(&sk->sk_receive_queue);
	WARN_ON_ONCE(atomic_read(&sk->sk_rmem_alloc));
}

/**
 * pfkey_sock_init() - our part of a new socket
 * @pfk: socket after sock_init_data()
 */
void pfkey_sock_init(struct pfkey_sock *pfk)
{
	mutex_init(&pfk->lock);
	pfk->sk.sk_family = PF_KEY;
	pfk->sk.sk_destruct = sock_destruct;
	sock_set_flag(&pfk->sk, SOCK_RCU_FREE);
}

/**
 * pfkey_sock_link() - from now on the socket gets messages
 * @pn: sockets of its namespace
 * @pfk: socket after pfkey_sock_init()
 *
 * Context: process. Undone by the release of the socket.
 */
void pfkey_sock_link(struct ipsec_pfkey_net *pn, struct pfkey_sock *pfk)
{
	spin_lock(&pn->lock);
	sk_add_node_rcu(&pfk->sk, &pn->socks);
	spin_unlock(&pn->lock);
}

/* What a PF_KEY socket can do; the rest answers EOPNOTSUPP. */
const struct proto_ops pfkey_sock_ops = {
	.family = PF_KEY,
	.owner = THIS_MODULE,
	.release = pfkey_sock_release,
	.bind = sock_no_bind,
	.connect = sock_no_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = sock_no_getname,
	.poll = datagram_poll,
	.ioctl = sock_no_ioctl,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.sendmsg = pfkey_sock_sendmsg,
	.recvmsg = pfkey_sock_recvmsg,
	.mmap = sock_no_mmap,
};
