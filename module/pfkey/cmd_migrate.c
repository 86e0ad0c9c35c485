// SPDX-License-Identifier: GPL-2.0
/*
 * SADB_X_MIGRATE: a policy and its SAs get other end points, all or nothing.
 * Mobile IPv6 and MOBIKE daemons send it, and others hear of it. Never reads a
 * byte of a message.
 */
#include <linux/err.h>
#include <linux/ipsec.h>
#include <linux/mutex.h>
#include <linux/pfkeyv2.h>

#include "base/move.h"
#include "base/net.h"
#include "base/selector.h"
#include "pfkey/cmd_migrate.h"
#include "pfkey/deliver.h"
#include "pfkey/parse.h"
#include "pfkey/sa_msg.h"
#include "pfkey/sock.h"
#include "pfkey/sp_msg.h"
#include "sa/move.h"
#include "sp/sp.h"
#include "sp/spd.h"

/* Both addresses and KMADDRESS, the policy, and two requests for each pair. */
#define MIGRATE_SIZE	(16 + 2 * 40 + 64 + 16 + PFKEY_REQUESTS_MAX * 2 * 72)

/* Protocol 0 and no port, whatever the policy has: so racoon compares. */
static void migrate_put_selector(struct pfkey_writer *w, const struct ipsec_selector *sel)
{
	struct pfkey_addr addr = {
		.addr = sel->saddr,
		.family = sel->family,
		.prefixlen = sel->splen,
	};

	pfkey_put_address(w, SADB_EXT_ADDRESS_SRC, &addr);
	addr.addr = sel->daddr;
	addr.prefixlen = sel->dplen;
	pfkey_put_address(w, SADB_EXT_ADDRESS_DST, &addr);
}

static void migrate_put_move(struct pfkey_writer *w, const struct ipsec_move *move)
{
	const struct sadb_x_ipsecrequest req = {
		.sadb_x_ipsecrequest_proto = move->proto,
		.sadb_x_ipsecrequest_mode = move->mode,
		.sadb_x_ipsecrequest_level = move->reqid ? IPSEC_LEVEL_UNIQUE : IPSEC_LEVEL_REQUIRE,
		.sadb_x_ipsecrequest_reqid = move->reqid,
	};

	pfkey_put_request(w, &req, move->from.family, &move->from.saddr, &move->from.daddr);
	pfkey_put_request(w, &req, move->to.family, &move->to.saddr, &move->to.daddr);
}

/* What everybody is told, the sender included: there is no other answer. */
static void migrate_put(struct pfkey_writer *w, const struct ipsec_sp *sp,
			const struct pfkey_moves *moves)
{
	const struct sadb_x_policy policy = {
		.sadb_x_policy_type = IPSEC_POLICY_IPSEC,
		.sadb_x_policy_dir = sp->dir + 1,
		.sadb_x_policy_id = sp->id,
		.sadb_x_policy_priority = sp->priority,
	};
	unsigned int i;

	if (moves->km.family)
		pfkey_put_kmaddress(w, &moves->km);
	migrate_put_selector(w, &sp->sel);
	pfkey_put_policy(w, &policy);
	for (i = 0; i < moves->n; i++)
		migrate_put_move(w, &moves->move[i]);
}

/*
 * Packets that meet the policy before its SAs have moved wait for them, so the
 * policy may come first: it is what can fail.
 */
static int migrate_commit(struct ipsec_net *ipn, struct ipsec_sp *moved,
			  const struct pfkey_moves *moves)
{
	struct ipsec_moving moving;
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&ipn->config_mutex);
	ipsec_sad_move_begin(ipn, &moving);
	for (i = 0; !err && i < moves->n; i++)
		err = ipsec_sad_move_add(&moving, &moves->move[i]);
	if (!err)
		err = ipsec_spd_update(ipn, moved);
	if (err)
		ipsec_sad_move_cancel(&moving);
	else
		ipsec_sad_move_commit(&moving);
	return err;
}

static int migrate_locked(struct pfkey_call *call, const struct ipsec_selector *sel, u8 dir,
			  const struct pfkey_moves *moves, struct pfkey_out *out)
{
	struct ipsec_net *ipn = call->ipn;
	struct ipsec_sp *sp, *moved;
	int err;

	sp = ipsec_spd_find(ipn, dir, sel);
	if (!sp)
		return -ENOENT;
	moved = ipsec_sp_move(sp, moves->move, moves->n);
	if (IS_ERR(moved))
		return PTR_ERR(moved);
	err = migrate_commit(ipn, moved, moves);
	if (!err) {
		migrate_put(&out->w, moved, moves);
		pfkey_deliver_all(ipn, call->pfk, pfkey_out_end(out), NULL);
	}
	/* the SPD has its own reference */
	ipsec_sp_put(moved);
	return err;
}

/**
 * pfkey_cmd_migrate() - SADB_X_MIGRATE: move a policy and its SAs
 * @call: request
 *
 * SAs without a policy of theirs among those named do not move, and a policy
 * whose SAs are not there (they moved by the message about the other direction) does.
 *
 * Return: 0; -EINVAL; -ENOENT without such a policy; -ENODATA when it asks for none
 * of what is to move; -EEXIST when an SA of a new name is there; -EPROTONOSUPPORT
 * for BEET mode; -ENOMEM, -ENOBUFS.
 */
int pfkey_cmd_migrate(struct pfkey_call *call)
{
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = SADB_X_MIGRATE,
	};
	struct ipsec_selector sel;
	struct pfkey_moves moves;
	struct pfkey_out out;
	unsigned int i;
	int err;
	u8 dir;

	err = pfkey_selector_from_msg(&sel, &dir, call->msg);
	if (!err)
		err = pfkey_parse_moves(&moves, call->msg);
	if (err)
		return err;
	for (i = 0; i < moves.n; i++)
		if (moves.move[i].mode == IPSEC_MODE_BEET)
			return -EPROTONOSUPPORT;
	head.sadb_msg_satype = pfkey_satype_of_proto(moves.move[0].proto);

	err = pfkey_out_begin(&out, &head, MIGRATE_SIZE);
	if (err)
		return err;
	mutex_lock(&call->ipn->config_mutex);
	err = migrate_locked(call, &sel, dir, &moves, &out);
	mutex_unlock(&call->ipn->config_mutex);
	if (err)
		pfkey_out_drop(&out);
	return err;
}
