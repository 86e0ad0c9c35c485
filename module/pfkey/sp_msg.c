// SPDX-License-Identifier: GPL-2.0
/*
 * A message becomes a security policy, ready for the SPD, and a policy becomes
 * a message. Never touches the SPD.
 *
 * A policy that asks for BEET mode is refused with EPROTONOSUPPORT, after
 * everything that is wrong in any case: no SA could satisfy it, so it could
 * only ever drop packets.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/ipsec.h>
#include <linux/kernel.h>
#include <linux/pfkey_ext.h>
#include <linux/pfkeyv2.h>
#include <linux/string.h>

#include "base/net.h"
#include "base/selector.h"
#include "pfkey/build.h"
#include "pfkey/parse.h"
#include "pfkey/sp_msg.h"
#include "sp/sp.h"
#include "sp/spd.h"

static_assert(PFKEY_REQUESTS_MAX == IPSEC_TMPL_MAX);

/**
 * pfkey_selector_from_msg() - selector and direction of a message
 * @sel: filled in; addresses as given, not masked: dumps show them so, and a
 *	policy is deleted by the same words that added it
 * @dir: filled in, enum ipsec_sp_dir
 * @msg: message with both addresses and a policy
 *
 * Ports are those of the two sockaddrs, the protocol is DST's; 255 is any.
 *
 * Return: 0, or -EINVAL for a direction that does not exist.
 */
int pfkey_selector_from_msg(struct ipsec_selector *sel, u8 *dir, const struct pfkey_msg *msg)
{
	if (msg->policy->sadb_x_policy_dir <= IPSEC_DIR_ANY ||
	    msg->policy->sadb_x_policy_dir >= IPSEC_DIR_MAX)
		return -EINVAL;
	*dir = msg->policy->sadb_x_policy_dir - 1;

	memset(sel, 0, sizeof(*sel));
	sel->saddr = msg->src.addr;
	sel->daddr = msg->dst.addr;
	sel->sport = msg->src.port;
	sel->dport = msg->dst.port;
	sel->family = msg->dst.family;
	sel->splen = msg->src.prefixlen;
	sel->dplen = msg->dst.prefixlen;
	sel->proto = msg->dst.proto == IPSEC_PROTO_ANY ? 0 : msg->dst.proto;
	return 0;
}

/*
 * ENTRUST and BYPASS belong to sockets. IPSEC without a request would let
 * everything pass in clear, which is what NONE is for: refused, where af_key
 * takes it.
 */
static int sp_check(const struct pfkey_msg *msg, struct pfkey_requests *reqs)
{
	unsigned int i;
	int err;

	if (msg->policy->sadb_x_policy_type > IPSEC_POLICY_IPSEC)
		return -EINVAL;
	/* labels need an LSM that knows our policies; there is none */
	if (msg->present & PFKEY_BIT(SADB_X_EXT_SEC_CTX))
		return -EINVAL;
	reqs->n = 0;
	if (msg->policy->sadb_x_policy_type != IPSEC_POLICY_IPSEC)
		return 0;

	err = pfkey_parse_requests(reqs, msg->policy);
	if (err)
		return err;
	if (!reqs->n)
		return -EINVAL;
	/* see the head of this file */
	for (i = 0; i < reqs->n; i++)
		if (reqs->req[i].mode == IPSEC_MODE_BEET)
			return -EPROTONOSUPPORT;
	return 0;
}

/*
 * The reqid counts with level UNIQUE only, and is honoured whatever its size:
 * af_key replaces those above IPSEC_MANUAL_REQID_MAX, which breaks daemons
 * that count their own. 0 there asks for one that nobody else has.
 */
static int sp_set_tmpl(struct ipsec_net *ipn, struct ipsec_tmpl *tmpl,
		       const struct pfkey_ipsecreq *req)
{
	tmpl->saddr = req->saddr;
	tmpl->daddr = req->daddr;
	tmpl->family = req->family;
	tmpl->proto = req->proto;
	tmpl->mode = req->mode;
	tmpl->optional = req->level == IPSEC_LEVEL_USE;
	if (req->level != IPSEC_LEVEL_UNIQUE)
		return 0;
	tmpl->reqid = req->reqid ? req->reqid : ipsec_spd_new_reqid(ipn);
	return tmpl->reqid ? 0 : -ENOBUFS;
}

static int sp_set_tmpls(struct ipsec_net *ipn, struct ipsec_sp *sp,
			const struct pfkey_requests *reqs)
{
	unsigned int i;
	int err;

	for (i = 0; i < reqs->n; i++) {
		err = sp_set_tmpl(ipn, &sp->tmpl[i], &reqs->req[i]);
		if (err)
			return err;
	}
	sp->ntmpl = reqs->n;
	return 0;
}

static void sp_fill(struct ipsec_sp *sp, const struct pfkey_msg *msg)
{
	static const u8 actions[] = {
		[IPSEC_POLICY_DISCARD] = IPSEC_SP_DISCARD,
		[IPSEC_POLICY_NONE] = IPSEC_SP_NONE,
		[IPSEC_POLICY_IPSEC] = IPSEC_SP_IPSEC,
	};

	sp->action = actions[msg->policy->sadb_x_policy_type];
	sp->priority = msg->policy->sadb_x_policy_priority;
	/* a policy counts neither bytes nor packets, and knows one lifetime */
	if (msg->hard) {
		sp->lifetime_add = msg->hard->sadb_lifetime_addtime;
		sp->lifetime_use = msg->hard->sadb_lifetime_usetime;
	}
}

/**
 * pfkey_sp_from_msg() - make the policy that SADB_X_SPDADD describes
 * @ipn: namespace
 * @msg: message
 *
 * Context: Process. Caller holds ipn->config_mutex, for unique reqids.
 * Return: a policy outside the SPD, one reference of it the caller's; or an
 * error: -EINVAL, -ELOOP for too many requests, -EPROTONOSUPPORT, -ENOBUFS
 * without a free reqid, -ENOMEM.
 */
struct ipsec_sp *pfkey_sp_from_msg(struct ipsec_net *ipn, const struct pfkey_msg *msg)
{
	struct ipsec_selector sel;
	struct pfkey_requests reqs;
	struct ipsec_sp *sp;
	u8 dir;
	int err;

	lockdep_assert_held(&ipn->config_mutex);
	err = pfkey_selector_from_msg(&sel, &dir, msg);
	if (err)
		return ERR_PTR(err);
	err = sp_check(msg, &reqs);
	if (err)
		return ERR_PTR(err);

	sp = ipsec_sp_alloc(ipn, GFP_KERNEL);
	if (!sp)
		return ERR_PTR(-ENOMEM);
	sp->sel = sel;
	sp->dir = dir;
	sp_fill(sp, msg);
	err = sp_set_tmpls(ipn, sp, &reqs);
	if (err) {
		ipsec_sp_put(sp);
		return ERR_PTR(err);
	}
	return sp;
}

/**
 * pfkey_sp_head() - base header of an answer that describes a policy
 * @head: filled in
 * @request: what is answered
 *
 * libipsec wants satype 0 on every message of the SPD.
 */
void pfkey_sp_head(struct sadb_msg *head, const struct sadb_msg *request)
{
	*head = *request;
	head->sadb_msg_errno = 0;
	head->sadb_msg_satype = SADB_SATYPE_UNSPEC;
}

static void sp_put_addr(struct pfkey_writer *w, u16 type, const struct ipsec_sp *sp,
			const union ipsec_addr *a, u8 prefixlen, __be16 port)
{
	struct pfkey_addr addr = {
		.addr = *a,
		.family = sp->sel.family,
		.port = port,
		.proto = sp->sel.proto ? sp->sel.proto : IPSEC_PROTO_ANY,
		.prefixlen = prefixlen,
	};

	pfkey_put_address(w, type, &addr);
}

/* All three are always there; clients copy them without looking. */
static void sp_put_lifetimes(struct pfkey_writer *w, const struct ipsec_sp *sp)
{
	struct sadb_lifetime hard = {
		.sadb_lifetime_addtime = sp->lifetime_add,
		.sadb_lifetime_usetime = sp->lifetime_use,
	};
	struct sadb_lifetime current_use = {
		.sadb_lifetime_addtime = sp->wall_added,
		.sadb_lifetime_usetime = ipsec_sp_wall_used(sp),
	};
	struct sadb_lifetime soft = { };

	pfkey_put_lifetime(w, SADB_EXT_LIFETIME_HARD, &hard);
	pfkey_put_lifetime(w, SADB_EXT_LIFETIME_SOFT, &soft);
	pfkey_put_lifetime(w, SADB_EXT_LIFETIME_CURRENT, &current_use);
}

static void sp_put_policy(struct pfkey_writer *w, const struct ipsec_sp *sp)
{
	static const u8 types[] = {
		[IPSEC_SP_DISCARD] = IPSEC_POLICY_DISCARD,
		[IPSEC_SP_NONE] = IPSEC_POLICY_NONE,
		[IPSEC_SP_IPSEC] = IPSEC_POLICY_IPSEC,
	};
	struct sadb_x_policy policy = {
		.sadb_x_policy_type = types[sp->action],
		.sadb_x_policy_dir = sp->dir + 1,
		.sadb_x_policy_id = sp->id,
		.sadb_x_policy_priority = sp->priority,
	};

	pfkey_put_policy(w, &policy);
}

static void sp_put_tmpl(struct pfkey_writer *w, const struct ipsec_tmpl *tmpl)
{
	struct sadb_x_ipsecrequest req = {
		.sadb_x_ipsecrequest_proto = tmpl->proto,
		.sadb_x_ipsecrequest_mode = tmpl->mode,
		.sadb_x_ipsecrequest_level = IPSEC_LEVEL_REQUIRE,
		.sadb_x_ipsecrequest_reqid = tmpl->reqid,
	};

	if (tmpl->reqid)
		req.sadb_x_ipsecrequest_level = IPSEC_LEVEL_UNIQUE;
	if (tmpl->optional)
		req.sadb_x_ipsecrequest_level = IPSEC_LEVEL_USE;
	pfkey_put_request(w, &req, tmpl->family, &tmpl->saddr, &tmpl->daddr);
}

/**
 * pfkey_put_sp() - append the description of a policy
 * @w: message that was begun with the header of pfkey_sp_head(); the reference
 *	count goes into its reserved field, where setkey looks for it
 * @sp: policy; under ipn->config_mutex, or referenced
 */
void pfkey_put_sp(struct pfkey_writer *w, const struct ipsec_sp *sp)
{
	struct sadb_msg *base = (struct sadb_msg *)w->data;
	unsigned int i;

	base->sadb_msg_reserved = min_t(unsigned int, refcount_read(&sp->ref), U16_MAX);
	sp_put_addr(w, SADB_EXT_ADDRESS_SRC, sp, &sp->sel.saddr, sp->sel.splen, sp->sel.sport);
	sp_put_addr(w, SADB_EXT_ADDRESS_DST, sp, &sp->sel.daddr, sp->sel.dplen, sp->sel.dport);
	sp_put_lifetimes(w, sp);
	sp_put_policy(w, sp);
	for (i = 0; i < sp->ntmpl; i++)
		sp_put_tmpl(w, &sp->tmpl[i]);
}
