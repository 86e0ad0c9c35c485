// SPDX-License-Identifier: GPL-2.0
/*
 * REGISTER and PROMISC: what a socket wants to hear, and the lists of
 * algorithms. Never touches SAD or SPD.
 */
#include <linux/errno.h>
#include <linux/pfkeyv2.h>
#include <linux/spinlock.h>

#include "alg/alg_aead.h"
#include "alg/alg_table.h"
#include "base/net.h"
#include "pfkey/cmd_register.h"
#include "pfkey/deliver.h"
#include "pfkey/parse.h"
#include "pfkey/sock.h"

/* Two lists; every algorithm is in one of them. */
#define REGISTER_SIZE	(sizeof(struct sadb_msg) + 2 * sizeof(struct sadb_supported) + \
			 IPSEC_ALG_ROWS_MAX * sizeof(struct sadb_alg))

static void register_put_alg(struct pfkey_writer *w, const struct ipsec_alg *alg)
{
	struct sadb_alg *sup = pfkey_put_more(w, sizeof(*sup));

	if (!sup)
		return;
	sup->sadb_alg_id = alg->id;
	sup->sadb_alg_ivlen = alg->pfkey_iv;
	sup->sadb_alg_minbits = alg->min_bits;
	sup->sadb_alg_maxbits = alg->max_bits;
}

/* An AEAD is an encryption algorithm to PF_KEY: it is keyed by KEY_ENCRYPT. */
static u16 register_list_of(const struct ipsec_alg *alg)
{
	return alg->kind == IPSEC_ALG_AUTH ? SADB_EXT_SUPPORTED_AUTH : SADB_EXT_SUPPORTED_ENCRYPT;
}

/* What this kernel really has; a list without algorithms is sent all the same. */
static void register_put_list(struct pfkey_writer *w, u16 type)
{
	const struct ipsec_alg *alg;

	pfkey_put(w, type, sizeof(struct sadb_supported));
	for (alg = ipsec_alg_next(NULL); alg; alg = ipsec_alg_next(alg))
		if (register_list_of(alg) == type && ipsec_alg_available(alg))
			register_put_alg(w, alg);
}

/* Satype 0 asks for the lists only. */
static int register_note(struct pfkey_call *call, u8 satype)
{
	struct ipsec_pfkey_net *pn = call->ipn->pfkey;
	u32 bit = (u32)1 << satype;
	int err = 0;

	if (satype == SADB_SATYPE_UNSPEC)
		return 0;
	spin_lock(&pn->lock);
	if (call->pfk->registered & bit)
		err = -EEXIST;
	else
		pfkey_sock_register(call->ipn, call->pfk, bit);
	spin_unlock(&pn->lock);
	return err;
}

/**
 * pfkey_cmd_register() - SADB_REGISTER: which algorithms are there; and from
 * now on tell me when SAs are wanted or expire
 * @call: request
 *
 * Both lists are in every answer, whatever the satype. One may register for
 * what we have no SAs of: it just never happens.
 *
 * Return: 0, -EINVAL for a satype that does not exist, -EEXIST for the second
 * time, -ENOBUFS.
 */
int pfkey_cmd_register(struct pfkey_call *call)
{
	u8 satype = call->msg->base->sadb_msg_satype;
	struct sadb_msg head = *call->msg->base;
	struct pfkey_out out;
	int err;

	if (satype > SADB_SATYPE_MAX)
		return -EINVAL;
	head.sadb_msg_errno = 0;
	err = pfkey_out_begin(&out, &head, REGISTER_SIZE);
	if (err)
		return err;
	register_put_list(&out.w, SADB_EXT_SUPPORTED_AUTH);
	register_put_list(&out.w, SADB_EXT_SUPPORTED_ENCRYPT);
	err = register_note(call, satype);
	if (err) {
		pfkey_out_drop(&out);
		return err;
	}
	pfkey_deliver_registered(call->ipn, call->pfk, pfkey_out_end(&out));
	return 0;
}

static void promisc_note(struct pfkey_call *call, bool on)
{
	struct ipsec_pfkey_net *pn = call->ipn->pfkey;

	spin_lock(&pn->lock);
	if (call->pfk->promisc != on) {
		WRITE_ONCE(call->pfk->promisc, on);
		WRITE_ONCE(pn->promisc, pn->promisc + (on ? 1 : -1));
	}
	spin_unlock(&pn->lock);
}

/**
 * pfkey_cmd_promisc() - SADB_X_PROMISC: copies of everything, or no longer
 * @call: request; satype 1 is on, 0 is off
 *
 * Return: 0, -EINVAL, -ENOBUFS.
 */
int pfkey_cmd_promisc(struct pfkey_call *call)
{
	u8 satype = call->msg->base->sadb_msg_satype;
	struct sadb_msg head = *call->msg->base;
	struct pfkey_out out;
	int err;

	if (satype > 1)
		return -EINVAL;
	head.sadb_msg_errno = 0;
	err = pfkey_out_begin(&out, &head, sizeof(head));
	if (err)
		return err;
	promisc_note(call, satype);
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(&out), NULL);
	return 0;
}
