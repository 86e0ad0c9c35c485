/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owner of a socket: sock_i_uid() until 6.16, sk_uid() since 6.17.
 */
#ifndef _TESTUDO_COMPAT_SOCK_H
#define _TESTUDO_COMPAT_SOCK_H

#include <linux/version.h>
#include <net/sock.h>

/**
 * ipsec_compat_sk_uid() - user who owns a socket
 * @sk: socket
 *
 * Return: the user.
 */
static inline kuid_t ipsec_compat_sk_uid(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return sk_uid(sk);
#else
	return sock_i_uid(sk);
#endif
}

#endif
