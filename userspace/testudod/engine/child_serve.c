// SPDX-License-Identifier: GPL-2.0
/*
 * A responder's child SAs: the policy and the sainfo that the peer's selectors
 * fall under, and policies made for it where the file allows (generate_policy).
 */
#include <errno.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "engine/sa.h"

#define SERVE_REQID_MAX 0x3fff /* above, the kernel chooses (IPSEC_MANUAL_REQID_MAX) */
#define SERVE_POLICIES	64     /* generated policies of one peer */

static uint32_t serve_reqid(struct ike *ike)
{
	if (!ike->next_reqid || ike->next_reqid >= SERVE_REQID_MAX)
		ike->next_reqid = SERVE_REQID_MAX / 2;
	return ++ike->next_reqid;
}

/* One of the three policies of a generated set; its requests point the other way unless it is out. */
static int serve_policy_add(struct child_sa *child, uint8_t dir, const struct policy *out)
{
	struct ike *ike = child->peer->ike;
	struct policy p = *out;
	unsigned int i;
	int err;

	p.dir = dir;
	p.id = 0;
	p.generated = true;
	if (dir != IPSEC_DIR_OUTBOUND) {
		p.src = out->dst;
		p.dst = out->src;
		for (i = 0; i < p.n; i++) {
			p.req[i].src = out->req[i].dst;
			p.req[i].dst = out->req[i].src;
		}
	}
	err = ike->ops->policy_add(ike->ops_arg, &p);
	/* the way in may be one of the user's: it stays his, and does not go with the SA */
	if (err == -EEXIST && dir != IPSEC_DIR_OUTBOUND)
		return 0;
	if (err)
		return err;
	policy_put(&ike->spd, &p);
	child->generated[child->ngenerated++] = p;
	return 0;
}

static uint8_t serve_level(enum conf_switch sw)
{
	if (sw == CONF_UNIQUE)
		return IPSEC_LEVEL_UNIQUE;
	return IPSEC_LEVEL_REQUIRE;
}

/* The outbound policy that the peer's proposal amounts to. */
static void serve_shape(struct ike_sa *sa, const struct ts *local, const struct ts *remote,
			uint8_t mode, const struct child_choice *shape, struct policy *p)
{
	uint8_t level = serve_level(sa->peer->conf->generate_policy);
	uint32_t reqid = level == IPSEC_LEVEL_UNIQUE ? serve_reqid(sa->ike) : 0;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->type = IPSEC_POLICY_IPSEC;
	p->src = *local;
	p->dst = *remote;
	p->n = shape && shape->n ? shape->n : 1;
	for (i = 0; i < p->n; i++) {
		struct policy_request *req = &p->req[i];

		req->proto = shape && shape->n ? shape->p[i].proto : IPPROTO_ESP;
		req->mode = shape && shape->n ? shape->p[i].mode : mode;
		req->level = level;
		req->reqid = reqid;
		if (req->mode != IPSEC_MODE_TUNNEL)
			continue;
		req->src = sa->path.local;
		req->dst = sa->path.remote;
		addr_set_port(&req->src, 0);
		addr_set_port(&req->dst, 0);
	}
}

static unsigned int serve_generated(const struct ike_peer *peer)
{
	const struct child_sa *child;
	unsigned int n = 0;

	TAILQ_FOREACH(child, &peer->children, link)
		n += child->ngenerated;
	return n;
}

/* Who has a generated policy for these selectors? */
static struct child_sa *serve_owner(const struct ike *ike, const struct ts *local,
				    const struct ts *remote)
{
	const struct ike_peer *peer;
	struct child_sa *child;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(child, &peer->children, link) {
			if (child->ngenerated && ts_equal(&child->generated[0].src, local) &&
			    ts_equal(&child->generated[0].dst, remote))
				return child;
		}
	}
	return NULL;
}

/*
 * Somebody on the road comes back from another address: the policies of its
 * former life make room. Those of anybody else do not.
 */
static bool serve_make_room(const struct ike_sa *sa, const struct ts *local,
			    const struct ts *remote)
{
	struct child_sa *old = serve_owner(sa->ike, local, remote);
	struct ike_peer *peer = old ? old->peer : NULL;

	if (!old || !old->ike || old->ike == sa || peer->conf != sa->peer->conf ||
	    !id_equal(&old->ike->peer_id, &sa->peer_id))
		return false;
	/* siblings would inherit them */
	while ((old = serve_owner(sa->ike, local, remote)) && old->peer == peer)
		child_close(old, REPORT_DELETED);
	return true;
}

static int serve_policies(struct child_sa *child, const struct policy *out, uint8_t mode)
{
	int err = serve_policy_add(child, IPSEC_DIR_OUTBOUND, out);

	if (!err)
		err = serve_policy_add(child, IPSEC_DIR_INBOUND, out);
	if (!err && mode == IPSEC_MODE_TUNNEL)
		err = serve_policy_add(child, IPSEC_DIR_FWD, out);
	return err;
}

static struct policy *serve_generate(struct child_sa *child, struct ike_sa *sa,
				     const struct ts *local, const struct ts *remote, uint8_t mode,
				     const struct child_choice *shape)
{
	char text[2 * TS_TEXT];
	struct policy out;
	int err;

	if (serve_generated(sa->peer) >= SERVE_POLICIES) {
		report_set(&sa->peer->report, REPORT_SELECTOR, "phase 2",
			   "the peer has %u policies by generate_policy already", SERVE_POLICIES);
		return NULL;
	}
	log_info("no policy found, try to generate the policy : %s", child_text(child, text));
	serve_shape(sa, local, remote, mode, shape, &out);
	err = serve_policies(child, &out, mode);
	if (err == -EEXIST && serve_make_room(sa, local, remote))
		err = serve_policies(child, &out, mode);
	if (err) {
		report_set(&sa->peer->report, REPORT_KERNEL, "phase 2",
			   "the kernel refused the policy of generate_policy for %s: %s",
			   child_text(child, text),
			   err == -EEXIST ? "there is one that leads elsewhere" : strerror(-err));
		return NULL;
	}
	return policy_by_id(&sa->ike->spd, child->generated[0].id);
}

/* Tell what was asked for and what is there. */
static void serve_no_policy(struct ike_sa *sa, const struct ts *local, const struct ts *remote,
			    uint8_t mode)
{
	const char *name = mode == IPSEC_MODE_TUNNEL ? "tunnel" : "transport";
	char mine[REPORT_CELL], l[TS_TEXT], r[TS_TEXT], end[ADDR_TEXT];
	struct report *rep = &sa->peer->report;
	struct sockaddr_storage us, them;
	const struct policy *p;
	bool any = false;

	ts_text(local, l);
	ts_text(remote, r);
	report_set(rep, REPORT_SELECTOR, "phase 2",
		   "no outbound policy in %s mode towards %s fits the selectors %s (ours) and %s (the peer's)",
		   name, addr_host(&sa->path.remote, end), l, r);
	TAILQ_FOREACH(p, &sa->ike->spd, link) {
		if (p->dir != IPSEC_DIR_OUTBOUND || p->type != IPSEC_POLICY_IPSEC ||
		    !policy_ends(p, &us, &them) || !addr_same_host(&them, &sa->path.remote))
			continue;
		report_row(rep, !ts_equal(&p->src, local), "our selector", ts_text(&p->src, mine), l);
		report_row(rep, !ts_equal(&p->dst, remote), "peer's selector", ts_text(&p->dst, mine), r);
		report_row(rep, p->req[p->n - 1].mode != mode, "mode",
			   p->req[p->n - 1].mode == IPSEC_MODE_TUNNEL ? "tunnel" : "transport", name);
		any = true;
	}
	if (!any)
		report_fix(rep, "spdadd %s %s any -P out ipsec esp/%s/.../require; (setkey), or generate_policy on;",
			   l, r, name);
}

static bool serve_sainfo(struct child_sa *child, struct ike_sa *sa)
{
	char text[2 * TS_TEXT];

	child->sainfo = conf_sainfo_find(sa->ike->conf, &child->local, &child->remote,
					 &sa->peer_id, sa->peer->conf, &sa->path.remote);
	if (child->sainfo)
		return true;
	report_set(&sa->peer->report, REPORT_SELECTOR, "phase 2", "failed to get sainfo for %s.",
		   child_text(child, text));
	report_fix(&sa->peer->report, "sainfo anonymous { ... }");
	return false;
}

static struct child_sa *serve_new(struct ike_sa *sa, const struct ts *local, const struct ts *remote)
{
	struct child_sa *child = child_new(sa->peer);

	child->ike = sa;
	child->state = CHILD_BEGUN;
	child->local = *local;
	child->remote = *remote;
	return child;
}

/* There is no policy for it: one is made, where the file allows that. */
static struct policy *serve_other(struct child_sa *child, struct ike_sa *sa, uint8_t mode,
				  const struct child_choice *shape)
{
	if (sa->peer->conf->generate_policy == CONF_OFF) {
		serve_no_policy(sa, &child->local, &child->remote, mode);
		return NULL;
	}
	/* what no sainfo allows must not even for a moment direct packets */
	if (!serve_sainfo(child, sa))
		return NULL;
	return serve_generate(child, sa, &child->local, &child->remote, mode, shape);
}

/* @p is its policy; NULL: there is none, and no child SA. */
static struct child_sa *serve_under(struct child_sa *child, struct ike_sa *sa, const struct policy *p)
{
	if (p)
		child->policy = p->id;
	if (!p || !serve_sainfo(child, sa)) {
		child_free(child);
		return NULL;
	}
	prop_child_want(p, child->sainfo, &child->choice);
	child_set_ends(child, &sa->path.local, &sa->path.remote);
	child->choice.udp = natt_in_use(sa);
	return child;
}

struct child_sa *child_serve(struct ike_sa *sa, const struct ts *local, const struct ts *remote,
			     uint8_t mode, const struct child_choice *shape)
{
	struct child_sa *child = serve_new(sa, local, remote);
	struct policy *p;

	p = policy_find(&sa->ike->spd, local, remote, &sa->path.local, &sa->path.remote, mode);
	if (!p)
		p = serve_other(child, sa, mode, shape);
	return serve_under(child, sa, p);
}

struct child_sa *child_serve_offer(struct ike_sa *sa, const struct policy_offer *offer,
				   const struct child_choice *shape, struct policy_part *part)
{
	struct policy *p = policy_narrow(&sa->ike->spd, offer, part);
	struct child_sa *child;

	if (!p && !policy_widest(offer, part)) {
		serve_no_policy(sa, &offer->local[0], &offer->remote[0], offer->mode);
		return NULL;
	}
	child = serve_new(sa, &part->local, &part->remote);
	if (!p)
		p = serve_other(child, sa, offer->mode, shape);
	return serve_under(child, sa, p);
}
