// SPDX-License-Identifier: GPL-2.0
/*
 * The SPD commands: what a request does to the SPD. All memory comes first,
 * then the change, then the answer, sent before config_mutex is released, so
 * that every socket sees the changes in the order in which they happened.
 * Never reads a byte of a message.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/pfkeyv2.h>

#include "base/net.h"
#include "base/selector.h"
#include "pfkey/cmd_sp.h"
#include "pfkey/deliver.h"
#include "pfkey/parse.h"
#include "pfkey/sock.h"
#include "pfkey/sp_msg.h"
#include "sp/sp.h"
#include "sp/spd.h"

/* Low bits of a policy's id: its direction. */
#define CMD_SP_ID_DIR	7

static int cmd_sp_begin(struct pfkey_out *out, const struct pfkey_call *call)
{
	struct sadb_msg head;

	pfkey_sp_head(&head, call->msg->base);
	return pfkey_out_begin(out, &head, PFKEY_SP_SIZE);
}

/* SPDADD and SPDUPDATE differ in what happens to a policy that is there. */
static int cmd_sp_new(struct pfkey_call *call,
		      int (*commit)(struct ipsec_net *ipn, struct ipsec_sp *sp))
{
	struct ipsec_net *ipn = call->ipn;
	struct pfkey_out out;
	struct ipsec_sp *sp;
	int err;

	err = cmd_sp_begin(&out, call);
	if (err)
		return err;
	mutex_lock(&ipn->config_mutex);
	sp = pfkey_sp_from_msg(ipn, call->msg);
	if (IS_ERR(sp)) {
		err = PTR_ERR(sp);
		goto out_unlock;
	}
	err = commit(ipn, sp);
	/* the SPD has its own reference */
	if (!err) {
		pfkey_put_sp(&out.w, sp);
		pfkey_deliver_all(ipn, call->pfk, pfkey_out_end(&out), NULL);
	}
	ipsec_sp_put(sp);
out_unlock:
	mutex_unlock(&ipn->config_mutex);
	if (err)
		pfkey_out_drop(&out);
	return err;
}

/**
 * pfkey_cmd_spdadd() - SADB_X_SPDADD and SADB_X_SPDSETIDX: a new policy
 * @call: request
 *
 * Return: 0; -EEXIST when there is one with this selector and direction,
 * whatever its priority; or an errno of pfkey_sp_from_msg().
 */
int pfkey_cmd_spdadd(struct pfkey_call *call)
{
	return cmd_sp_new(call, ipsec_spd_insert);
}

/**
 * pfkey_cmd_spdupdate() - SADB_X_SPDUPDATE: a new policy, or another in the
 * place of an old one, whose id it keeps
 * @call: request
 *
 * Return: 0, or an errno of pfkey_sp_from_msg().
 */
int pfkey_cmd_spdupdate(struct pfkey_call *call)
{
	return cmd_sp_new(call, ipsec_spd_update);
}

/* The policy that a selector and direction, or an id, name. */
static struct ipsec_sp *cmd_sp_by_selector(struct pfkey_call *call)
{
	struct ipsec_selector sel;
	struct ipsec_sp *sp;
	u8 dir;
	int err;

	err = pfkey_selector_from_msg(&sel, &dir, call->msg);
	if (err)
		return ERR_PTR(err);
	sp = ipsec_spd_find(call->ipn, dir, &sel);
	return sp ? sp : ERR_PTR(-ENOENT);
}

static struct ipsec_sp *cmd_sp_by_id(struct pfkey_call *call)
{
	u32 id = call->msg->policy->sadb_x_policy_id;
	struct ipsec_sp *sp;

	if ((id & CMD_SP_ID_DIR) >= IPSEC_SP_DIRS)
		return ERR_PTR(-EINVAL);
	sp = ipsec_spd_find_id(call->ipn, id);
	return sp ? sp : ERR_PTR(-ENOENT);
}

static void cmd_sp_kill(struct pfkey_call *call, struct ipsec_sp *sp, struct pfkey_out *out)
{
	lockdep_assert_held(&call->ipn->config_mutex);
	pfkey_put_sp(&out->w, sp);
	ipsec_spd_kill(call->ipn, sp);
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(out), NULL);
}

static void cmd_sp_show(struct pfkey_call *call, struct ipsec_sp *sp, struct pfkey_out *out)
{
	pfkey_put_sp(&out->w, sp);
	pfkey_deliver_one(call->pfk, pfkey_out_end(out));
}

/* Find a policy and do something to it that ends with an answer. */
static int cmd_sp_old(struct pfkey_call *call,
		      struct ipsec_sp *(*find)(struct pfkey_call *call),
		      void (*act)(struct pfkey_call *call, struct ipsec_sp *sp,
				  struct pfkey_out *out))
{
	struct pfkey_out out;
	struct ipsec_sp *sp;
	int err;

	err = cmd_sp_begin(&out, call);
	if (err)
		return err;
	mutex_lock(&call->ipn->config_mutex);
	sp = find(call);
	if (!IS_ERR(sp))
		act(call, sp, &out);
	mutex_unlock(&call->ipn->config_mutex);
	if (IS_ERR(sp))
		pfkey_out_drop(&out);
	return PTR_ERR_OR_ZERO(sp);
}

/**
 * pfkey_cmd_spddelete() - SADB_X_SPDDELETE: the policy of a selector goes
 * @call: request
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOBUFS.
 */
int pfkey_cmd_spddelete(struct pfkey_call *call)
{
	return cmd_sp_old(call, cmd_sp_by_selector, cmd_sp_kill);
}

/**
 * pfkey_cmd_spddelete2() - SADB_X_SPDDELETE2: the policy of an id goes
 * @call: request
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOBUFS.
 */
int pfkey_cmd_spddelete2(struct pfkey_call *call)
{
	return cmd_sp_old(call, cmd_sp_by_id, cmd_sp_kill);
}

/**
 * pfkey_cmd_spdget() - SADB_X_SPDGET: describe the policy of an id
 * @call: request
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOBUFS.
 */
int pfkey_cmd_spdget(struct pfkey_call *call)
{
	return cmd_sp_old(call, cmd_sp_by_id, cmd_sp_show);
}

/**
 * pfkey_cmd_spdflush() - SADB_X_SPDFLUSH: all policies go
 * @call: request
 *
 * One answer to the sender and one copy to the others, also when there was
 * nothing to flush: setkey reads exactly one.
 *
 * Return: 0 or -ENOBUFS.
 */
int pfkey_cmd_spdflush(struct pfkey_call *call)
{
	struct sadb_msg head;
	struct pfkey_out out;
	int err;

	pfkey_sp_head(&head, call->msg->base);
	err = pfkey_out_begin(&out, &head, sizeof(head));
	if (err)
		return err;
	mutex_lock(&call->ipn->config_mutex);
	ipsec_spd_flush(call->ipn);
	pfkey_deliver_all(call->ipn, call->pfk, pfkey_out_end(&out), NULL);
	mutex_unlock(&call->ipn->config_mutex);
	return 0;
}
