// SPDX-License-Identifier: GPL-2.0
/*
 * sock_policy - what setsockopt(IP_IPSEC_POLICY) means: from struct
 * sadb_x_policy to the policy that the core keeps in the socket. Never looks at
 * a packet.
 *
 * The core asks every key manager of the stock stack, and takes the answer of
 * the first that knows the option. So this is one, in name only: it answers no
 * question of the stock stack.
 *
 * A policy that we make has no templates, since those would be the stock
 * stack's to apply. What a socket asks for in IPsec is refused for that reason.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>
#include <net/sock.h>
#include <net/xfrm.h>

#include "pfkey/sock_policy.h"

/* Is the option of the socket's family, and is it one of PF_KEY's? */
static bool sock_policy_is_ours(const struct sock *sk, int opt)
{
	return sk->sk_family == AF_INET ? opt == IP_IPSEC_POLICY :
	       sk->sk_family == AF_INET6 && opt == IPV6_IPSEC_POLICY;
}

/* 0 and the direction, or a negative errno. */
static int sock_policy_check(const void *data, int len, int *dir)
{
	const struct sadb_x_policy *policy = data;

	/* the extension's type is not looked at: OpenIKED sends another one */
	if (len < (int)sizeof(*policy) ||
	    policy->sadb_x_policy_len * 8 < sizeof(*policy) ||
	    policy->sadb_x_policy_len * 8 > len)
		return -EINVAL;
	if (policy->sadb_x_policy_type > IPSEC_POLICY_BYPASS)
		return -EINVAL;
	if (policy->sadb_x_policy_dir != IPSEC_DIR_INBOUND &&
	    policy->sadb_x_policy_dir != IPSEC_DIR_OUTBOUND)
		return -EINVAL;
	*dir = policy->sadb_x_policy_dir - 1;
	return policy->sadb_x_policy_type == IPSEC_POLICY_IPSEC ? -EOPNOTSUPP :
								  0;
}

/*
 * Called inside rcu_read_lock(). @dir is set to 0 for in, 1 for out, or to a
 * negative errno, which the next key manager may overwrite.
 */
static struct xfrm_policy *sock_policy_compile(struct sock *sk, int opt,
					       u8 *data, int len, int *dir)
{
	const struct sadb_x_policy *policy = (const struct sadb_x_policy *)data;
	struct xfrm_policy *pol;
	int way;
	int err;

	if (!sock_policy_is_ours(sk, opt)) {
		*dir = -EOPNOTSUPP;
		return NULL;
	}
	err = sock_policy_check(data, len, &way);
	if (err) {
		*dir = err;
		return NULL;
	}
	pol = xfrm_policy_alloc(sock_net(sk), GFP_ATOMIC);
	if (!pol) {
		*dir = -ENOBUFS;
		return NULL;
	}
	pol->action = policy->sadb_x_policy_type == IPSEC_POLICY_DISCARD ?
		      XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
	pol->family = sk->sk_family;
	pol->lft.soft_byte_limit = XFRM_INF;
	pol->lft.hard_byte_limit = XFRM_INF;
	pol->lft.soft_packet_limit = XFRM_INF;
	pol->lft.hard_packet_limit = XFRM_INF;
	*dir = way;
	return pol;
}

/* Anything but 0, which would say that we make SAs for the stock stack. */
static int sock_policy_no_acquire(struct xfrm_state *x, struct xfrm_tmpl *t,
				  struct xfrm_policy *pol)
{
	return -EINVAL;
}

static struct xfrm_mgr sock_policy_mgr = {
	.acquire = sock_policy_no_acquire,
	.compile_policy = sock_policy_compile,
};

/**
 * pfkey_sock_policy_init() - the options mean something from now on
 */
void pfkey_sock_policy_init(void)
{
	xfrm_register_km(&sock_policy_mgr);
}

/**
 * pfkey_sock_policy_exit() - no more; sockets keep the policies that they have
 *
 * Context: Process; waits until nobody is in our code.
 */
void pfkey_sock_policy_exit(void)
{
	xfrm_unregister_km(&sock_policy_mgr);
}
