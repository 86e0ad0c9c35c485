// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/pfkey: the PF_KEY sockets of a namespace, in af_key's columns.
 * Programs and start scripts take the file for the sign that there is PF_KEY.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "base/net.h"
#include "compat/sock.h"
#include "pfkey/proc.h"
#include "pfkey/sock.h"

static int proc_show(struct seq_file *f, void *v)
{
	struct sock *sk;

	if (v == SEQ_START_TOKEN) {
		seq_puts(f, "sk       RefCnt Rmem   Wmem   User   Inode\n");
		return 0;
	}
	sk = sk_entry(v);
	seq_printf(f, "%pK %-6d %-6u %-6u %-6u %-6lu\n", sk, refcount_read(&sk->sk_refcnt),
		   sk_rmem_alloc_get(sk), sk_wmem_alloc_get(sk),
		   from_kuid_munged(seq_user_ns(f), ipsec_compat_sk_uid(sk)),
		   (unsigned long)sock_i_ino(sk));
	return 0;
}

static struct ipsec_pfkey_net *proc_pfkey_net(struct seq_file *f)
{
	return ipsec_net_of(seq_file_net(f))->pfkey;
}

static void *proc_start(struct seq_file *f, loff_t *pos)
	__acquires(rcu)
{
	rcu_read_lock();
	return seq_hlist_start_head_rcu(&proc_pfkey_net(f)->socks, *pos);
}

static void *proc_next(struct seq_file *f, void *v, loff_t *pos)
{
	return seq_hlist_next_rcu(v, &proc_pfkey_net(f)->socks, pos);
}

static void proc_stop(struct seq_file *f, void *v)
	__releases(rcu)
{
	rcu_read_unlock();
}

static const struct seq_operations proc_ops = {
	.start = proc_start,
	.next = proc_next,
	.stop = proc_stop,
	.show = proc_show,
};

/**
 * pfkey_proc_net_init() - make /proc/net/pfkey
 * @net: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int pfkey_proc_net_init(struct net *net)
{
	if (!proc_create_net("pfkey", 0444, net->proc_net, &proc_ops,
			     sizeof(struct seq_net_private)))
		return -ENOMEM;
	return 0;
}

/**
 * pfkey_proc_net_exit() - remove /proc/net/pfkey, and wait for its readers
 * @net: namespace
 */
void pfkey_proc_net_exit(struct net *net)
{
	remove_proc_entry("pfkey", net->proc_net);
}
