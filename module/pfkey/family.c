// SPDX-License-Identifier: GPL-2.0
/*
 * The socket family PF_KEY: who may open a socket, and that there is one owner
 * of the family only. The only file that knows of af_key.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pfkeyv2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "base/net.h"
#include "pfkey/family.h"
#include "pfkey/notify.h"
#include "pfkey/proc.h"
#include "pfkey/sock.h"
#include "pfkey/sock_policy.h"

/*
 * Shown in /proc/net/protocols, where af_key's is "KEY". The owner makes every
 * open socket hold the module.
 */
static struct proto family_proto = {
	.name = "TESTUDO_KEY",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct pfkey_sock),
};

/*
 * The family is taken before the namespaces are set up, to fail early beside
 * af_key, and a socket does not keep a module whose init fails: no socket
 * until the module is live. Who came through net-pf-15 has waited for that.
 */
static bool family_is_live(void)
{
	return READ_ONCE(THIS_MODULE->state) == MODULE_STATE_LIVE;
}

static int family_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct sock *sk;

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	if (sock->type != SOCK_RAW)
		return -ESOCKTNOSUPPORT;
	if (protocol != PF_KEY_V2)
		return -EPROTONOSUPPORT;
	if (!family_is_live())
		return -EAFNOSUPPORT;

	sk = sk_alloc(net, PF_KEY, GFP_KERNEL, &family_proto, kern);
	if (!sk)
		return -ENOMEM;
	sock->ops = &pfkey_sock_ops;
	sock_init_data(sock, sk);
	pfkey_sock_init(pfkey_sk(sk));
	pfkey_sock_link(ipsec_net_of(net)->pfkey, pfkey_sk(sk));
	return 0;
}

static const struct net_proto_family family_ops = {
	.family = PF_KEY,
	.create = family_create,
	.owner = THIS_MODULE,
};

/*
 * af_key makes its /proc/net/pfkey before it asks for the family; with ours
 * there the kernel would warn with a stack trace, and only then refuse. So
 * refuse it at the door. Scripts that load it by path just see modprobe fail;
 * not with EEXIST, which modprobe takes for "loaded already" and for success.
 */
static int family_module_event(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *mod = data;

	if (state != MODULE_STATE_COMING || strcmp(mod->name, "af_key"))
		return NOTIFY_DONE;
	pr_info("testudo: af_key not loaded: PF_KEY is served by testudo\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block family_module_nb = {
	.notifier_call = family_module_event,
};

/* EBUSY for the same reason */
static int family_register(void)
{
	int err = sock_register(&family_ops);

	if (err == -EEXIST) {
		err = -EBUSY;
		pr_err("testudo: the module af_key owns PF_KEY: run 'modprobe -r af_key', and keep it from being loaded by installing testudo.conf in /etc/modprobe.d\n");
	}
	return err;
}

/**
 * ipsec_pfkey_init() - take the family PF_KEY
 *
 * Return: 0; -EBUSY when af_key has it; another negative errno.
 */
int ipsec_pfkey_init(void)
{
	int err;

	err = proto_register(&family_proto, 0);
	if (err)
		return err;
	err = family_register();
	if (err)
		goto err_proto;
	err = register_module_notifier(&family_module_nb);
	if (err)
		goto err_family;
	pfkey_notify_init();
	pfkey_sock_policy_init();
	return 0;

err_family:
	sock_unregister(PF_KEY);
err_proto:
	proto_unregister(&family_proto);
	return err;
}

/**
 * ipsec_pfkey_exit() - give the family back
 *
 * Open sockets hold the module, so there are none.
 */
void ipsec_pfkey_exit(void)
{
	pfkey_sock_policy_exit();
	pfkey_notify_exit();
	unregister_module_notifier(&family_module_nb);
	sock_unregister(PF_KEY);
	proto_unregister(&family_proto);
}

/**
 * ipsec_pfkey_net_init() - PF_KEY in a new namespace
 * @ipn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int ipsec_pfkey_net_init(struct ipsec_net *ipn)
{
	struct ipsec_pfkey_net *pn = kzalloc(sizeof(*pn), GFP_KERNEL);
	int err;

	if (!pn)
		return -ENOMEM;
	INIT_HLIST_HEAD(&pn->socks);
	spin_lock_init(&pn->lock);
	WRITE_ONCE(ipn->pfkey, pn);
	err = pfkey_proc_net_init(ipn->net);
	if (!err)
		return 0;

	WRITE_ONCE(ipn->pfkey, NULL);
	kfree_rcu(pn, rcu);
	return err;
}

/**
 * ipsec_pfkey_net_exit() - end of PF_KEY in a namespace
 * @ipn: namespace
 *
 * A socket holds its namespace, so there is none; an event of the sweep may
 * still be looking for listeners.
 */
void ipsec_pfkey_net_exit(struct ipsec_net *ipn)
{
	struct ipsec_pfkey_net *pn = ipn->pfkey;

	pfkey_proc_net_exit(ipn->net);
	WARN_ON_ONCE(!hlist_empty(&pn->socks));
	WRITE_ONCE(ipn->pfkey, NULL);
	kfree_rcu(pn, rcu);
}
