/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a completion callback of the crypto API is given: the request until
 * 6.2, the request's data since then.
 */
#ifndef _TESTUDO_COMPAT_CRYPTO_CALLBACK_H
#define _TESTUDO_COMPAT_CRYPTO_CALLBACK_H

#include <linux/crypto.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define ipsec_crypto_cb_arg struct crypto_async_request

/**
 * ipsec_crypto_cb_data() - what the request was made with
 * @arg: argument of the callback
 *
 * Return: the data.
 */
static inline void *ipsec_crypto_cb_data(ipsec_crypto_cb_arg *arg)
{
	return arg->data;
}
#else
#define ipsec_crypto_cb_arg void

static inline void *ipsec_crypto_cb_data(ipsec_crypto_cb_arg *arg)
{
	return arg;
}
#endif

#endif
