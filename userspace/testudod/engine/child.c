// SPDX-License-Identifier: GPL-2.0
/*
 * Child SAs: from the wish for one to its end. A rekeyed one is made before the
 * old one is broken, and the old one goes when the new one has carried traffic,
 * so that neither packets are lost nor SAs pile up.
 */
#include <errno.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/sa.h"

#define CHILD_AGAIN  10000 /* ms until a failed rekey is tried again */
#define CHILD_LIVED  30000 /* ms after which one that ends was of use */
#define CHILD_OUTRUN 5000  /* ms for which an ACQUIRE may be older than the SA it asks for */

const char *child_text(const struct child_sa *child, char buf[2 * TS_TEXT])
{
	char local[TS_TEXT], remote[TS_TEXT];

	snprintf(buf, 2 * TS_TEXT, "%s - %s", ts_text(&child->local, local),
		 ts_text(&child->remote, remote));
	return buf;
}

const struct sockaddr_storage *child_from(const struct child_sa *child)
{
	/* the outermost one: what is nested inside may end elsewhere */
	return &child->choice.p[child->choice.n ? child->choice.n - 1 : 0].src;
}

struct ike_sa *child_ike(const struct child_sa *child)
{
	struct ike_sa *sa = child->ike ? child->ike : peer_sa_from(child->peer, child_from(child));

	return sa ? sa : peer_sa(child->peer);
}

static void child_event(struct child_sa *child, enum ike_event_kind kind, const char *reason)
{
	struct ike *ike = child->peer->ike;
	char text[2 * TS_TEXT];
	const struct ike_event ev = {
		.kind = kind,
		.peer = child->peer->conf->name,
		.remote = child->peer->addr,
		.text = child_text(child, text),
		.reason = reason,
	};

	ike->ops->event(ike->ops_arg, &ev);
}

static void child_took_too_long(struct child_sa *child)
{
	char remote[ADDR_TEXT];

	report_set(&child->peer->report, REPORT_NO_ANSWER, "phase 2",
		   "phase2 negotiation failed due to time up. %s did not answer within %u seconds",
		   addr_text(&child->peer->addr, remote), child->peer->ike->conf->phase2_time);
	child_fail(child);
}

void child_bound(struct child_sa *child)
{
	unsigned int seconds = child->peer->ike->conf->phase2_time;

	/* one that is asked for once more has been waited for already */
	if (seconds && !timer_pending(&child->retire))
		timer_set(&child->retire, seconds * 1000ull);
}

/* A replaced one, looked at again and again; one that waits for its next rekey; or too long. */
static void child_tick(void *arg)
{
	struct child_sa *child = arg;

	if (child->state == CHILD_BEGUN) {
		child_took_too_long(child);
		return;
	}
	if (child->state == CHILD_UP) {
		child_rekey(child);
		return;
	}
	if (child->state == CHILD_REPLACED)
		child_replaced_tick(child);
	else
		child_close(child, REPORT_NONE);
}

struct child_sa *child_new(struct ike_peer *peer)
{
	struct child_sa *child = xcalloc(1, sizeof(*child));

	child->peer = peer;
	child->created = timer_now();
	child->created_wall = time(NULL);
	timer_init(&child->retire, child_tick, child);
	TAILQ_INSERT_TAIL(&peer->children, child, link);
	return child;
}

void child_set_ends(struct child_sa *child, const struct sockaddr_storage *local,
		    const struct sockaddr_storage *remote)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		struct child_proto *p = &child->choice.p[i];

		if (!p->src.ss_family || addr_is_any(&p->src))
			p->src = *local;
		if (!p->dst.ss_family)
			p->dst = *remote;
		addr_set_port(&p->src, 0);
		addr_set_port(&p->dst, 0);
	}
}

/* A wide policy in transport mode is negotiated for the two hosts. */
static void child_selectors(const struct ike_peer *peer, const struct policy *policy,
			    const struct sockaddr_storage *local, struct ts *mine, struct ts *theirs)
{
	struct ts host;
	bool tunnel = false;
	unsigned int i;

	for (i = 0; i < policy->n; i++)
		tunnel |= policy->req[i].mode == IPSEC_MODE_TUNNEL;
	*mine = policy->src;
	*theirs = policy->dst;
	if (tunnel)
		return;
	ts_host(&host, local);
	ts_intersect(&policy->src, &host, mine);
	ts_host(&host, &peer->addr);
	ts_intersect(&policy->dst, &host, theirs);
}

const struct conf_sainfo *child_sainfo(const struct conf *conf, const struct child_sa *child)
{
	const struct ike_sa *sa = child_ike(child);
	const struct policy *policy = policy_by_id(&child->peer->ike->spd, child->policy);
	struct ts local = child->local, remote = child->remote;

	if (child->initiator && policy && child->choice.n)
		child_selectors(child->peer, policy, &child->choice.p[0].src, &local, &remote);
	return conf_sainfo_find(conf, &local, &remote, sa ? &sa->peer_id : NULL,
				child->peer->conf, &child->peer->addr);
}

/*
 * The one that will serve who asks now, or does already. What the peer begins
 * counts too: its first packet may be answered before its last message is read,
 * so that the kernel asks for what is being made.
 */
static struct child_sa *child_under_way(struct ike_peer *peer, const struct policy *policy,
					const struct sockaddr_storage *local, bool acquire)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		/* of a wide policy in transport mode each of our addresses has its own */
		if (child->policy != policy->id || child->replaces ||
		    !addr_same_host(child_from(child), local))
			continue;
		if (child->state == CHILD_WANTED || child->state == CHILD_BEGUN)
			return child;
		if (acquire && child->state == CHILD_UP &&
		    timer_now() - child->created < CHILD_OUTRUN)
			return child;
	}
	return NULL;
}

struct child_sa *child_want(struct ike_peer *peer, const struct policy *policy,
			    const struct sockaddr_storage *local, uint32_t acquire)
{
	struct ike_sa *sa = peer_sa(peer);
	char text[2 * TS_TEXT];
	struct child_sa *child = child_under_way(peer, policy, local, acquire);

	if (child) {
		/* who asks without an ACQUIRE must not make us forget one */
		if (acquire && child->state != CHILD_UP)
			child->acquire = acquire;
		return child;
	}
	child = child_new(peer);
	child->initiator = true;
	child->state = CHILD_WANTED;
	child->policy = policy->id;
	child->acquire = acquire;
	child_selectors(peer, policy, local, &child->local, &child->remote);
	child->sainfo = conf_sainfo_find(peer->ike->conf, &child->local, &child->remote,
					 sa ? &sa->peer_id : NULL, peer->conf,
					 &peer->addr);
	if (!child->sainfo) {
		report_set(&peer->report, REPORT_SELECTOR, "phase 2", "failed to get sainfo for %s.",
			   child_text(child, text));
		report_fix(&peer->report, "sainfo anonymous { ... }");
		child_fail(child);
		return NULL;
	}
	prop_child_want(policy, child->sainfo, &child->choice);
	child_set_ends(child, local, &peer->addr);
	return child;
}

static const char *child_proto_name(const struct child_proto *p)
{
	return p->proto == IPPROTO_ESP ? "ESP" : p->proto == IPPROTO_AH ? "AH"
									: "IPCOMP";
}

/* Racoon's line about an SA, with the arrow the way that packets go. */
static void child_log(const struct child_proto *p, bool inbound, const char *what)
{
	uint32_t spi = inbound ? p->spi_in : p->spi_out;
	char from[ADDR_TEXT], to[ADDR_TEXT];

	log_info("IPsec-SA %s: %s/%s %s->%s spi=%u(0x%x)", what, child_proto_name(p),
		 p->mode == IPSEC_MODE_TUNNEL ? "Tunnel" : "Transport",
		 addr_text(inbound ? &p->dst : &p->src, from),
		 addr_text(inbound ? &p->src : &p->dst, to), spi, spi);
}

static void child_log_up(const struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		child_log(&child->choice.p[i], true, "established");
		child_log(&child->choice.p[i], false, "established");
	}
}

void child_log_waited(const struct child_sa *child)
{
	const struct child_proto *p = &child->choice.p[0];
	char us[ADDR_TEXT], them[ADDR_TEXT];

	log_error("phase2 negotiation failed due to time up waiting for phase1. %s %s->%s",
		  child_proto_name(p), addr_text(&p->src, us), addr_text(&p->dst, them));
}

static void child_negotiated(struct child_sa *child)
{
	crypt_dh_free(child->dh);
	child->dh = NULL;
	timer_stop(&child->retire);
	blob_wipe(&child->nonce_i);
	child->exchange = NULL;
	child->acquire = 0;
}

/* What was wrong with it is no news any more. */
static void child_healed(const struct child_sa *child)
{
	struct report *r = &child->peer->report;

	policy_note(&child->peer->ike->spd, child->policy, REPORT_NONE, NULL);
	if (r->policy && r->policy == child->policy)
		report_clear(r);
}

void child_up(struct child_sa *child)
{
	struct ike *ike = child->peer->ike;
	struct child_sa *old;

	child->state = CHILD_UP;
	child->created = timer_now();
	child->created_wall = time(NULL);
	child_negotiated(child);
	child_healed(child);
	ike->counts.child_up++;
	child_log_up(child);
	if (child->replaces)
		ike->counts.child_rekeyed++;
	child_event(child, child->replaces ? EVENT_REKEYED : EVENT_PHASE2_UP, NULL);
	/* also what this one makes superfluous without having been its rekey: SAs do not pile up */
	TAILQ_FOREACH(old, &child->peer->children, link) {
		/* whoever began the rekey deletes the old one; of an adopted one the selectors are a guess */
		if (old == child->replaces || child_twins(old, child) ||
		    (old->adopted && old->policy == child->policy))
			child_retire(old, child, child->initiator);
	}
	child->replaces = NULL;
}

/* Is one in the making that takes its place? */
static bool child_has_heir(const struct child_sa *old)
{
	const struct child_sa *child;

	TAILQ_FOREACH(child, &old->peer->children, link) {
		if (child->replaces == old)
			return true;
		if (child->initiator && child_twins(child, old) &&
		    (child->state == CHILD_WANTED || child->state == CHILD_BEGUN))
			return true;
	}
	return false;
}

/*
 * IKEv2 knows a child SA under its own IKE SA only: under another one, made
 * after a reload or a restart of ours, a new one just makes it superfluous.
 */
static bool child_is_known(const struct child_sa *old)
{
	const struct ike_sa *sa = child_ike(old);

	if (sa && sa->ver == 2)
		return old->ike == sa && sa->state == IKE_UP;
	return sa || old->peer->conf->versions[0] == 1;
}

void child_rekey(struct child_sa *old)
{
	struct ike *ike = old->peer->ike;
	const struct policy *policy = policy_by_id(&ike->spd, old->policy);
	struct child_sa *child;

	if (old->state != CHILD_UP || old->replaced_by || ike->closing || !policy ||
	    child_has_heir(old))
		return;
	child = child_new(old->peer);
	child->initiator = true;
	child->state = CHILD_WANTED;
	child->policy = old->policy;
	child->sainfo = old->sainfo;
	child->local = old->local;
	child->remote = old->remote;
	child->replaces = child_is_known(old) ? old : NULL;
	prop_child_want(policy, child->sainfo, &child->choice);
	child_set_ends(child, &old->choice.p[0].src, &old->choice.p[0].dst);
	/* IKEv2 rekeys under the IKE SA that the old one belongs to */
	if (old->ike && old->ike->ver == 2 && old->ike->state == IKE_UP) {
		child->ike = old->ike;
		child->ike->vops->child_start(child->ike, child);
		return;
	}
	peer_kick(old->peer);
}

void child_refuse(struct child_sa *child, int error)
{
	const struct ike *ike = child->peer->ike;
	const struct child_proto *p = &child->choice.p[0];
	struct kern_name name = { .proto = IPPROTO_ESP };

	if (!child->acquire)
		return;
	if (child->choice.n) {
		name.proto = p->proto;
		name.src = p->src;
		name.dst = p->dst;
	}
	ike->ops->acquire_failed(ike->ops_arg, child->acquire, &name, error);
	child->acquire = 0;
}

void child_restart(struct child_sa *child)
{
	uint32_t acquire = child->acquire;

	child_uninstall(child);
	child_negotiated(child);
	child->acquire = acquire;
	child->ike = NULL;
	child->state = CHILD_WANTED;
}

/* Policies that were made for it pass to another one of the same policy, else they go. */
static void child_policies(struct child_sa *child)
{
	struct ike *ike = child->peer->ike;
	struct child_sa *other;
	unsigned int i;

	if (!child->ngenerated)
		return;
	TAILQ_FOREACH(other, &child->peer->children, link) {
		if (other == child || other->policy != child->policy || other->ngenerated)
			continue;
		memcpy(other->generated, child->generated, sizeof(other->generated));
		other->ngenerated = child->ngenerated;
		return;
	}
	for (i = 0; i < child->ngenerated; i++) {
		ike->ops->policy_delete(ike->ops_arg, &child->generated[i]);
		policy_remove(&ike->spd, child->generated[i].id);
	}
}

bool child_other_up(const struct child_sa *child)
{
	const struct child_sa *other;

	TAILQ_FOREACH(other, &child->peer->children, link) {
		if (other != child && other->policy == child->policy && other->state == CHILD_UP)
			return true;
	}
	return false;
}

/* What "start immediate" wants up all the time. */
static void child_lost(const struct child_sa *child)
{
	if (child->state == CHILD_UP && !child->unwanted && !child_other_up(child))
		peer_lost(child->peer, timer_now() - child->created >= CHILD_LIVED);
}

void child_free(struct child_sa *child)
{
	struct child_sa *other;

	child_lost(child);
	child_uninstall(child);
	child_policies(child);
	TAILQ_FOREACH(other, &child->peer->children, link) {
		if (other->replaces == child)
			other->replaces = NULL;
		if (other->replaced_by == child)
			other->replaced_by = NULL;
	}
	if (child->exchange && child->ike)
		child->ike->vops->child_forget(child->ike, child);
	child_negotiated(child);
	timer_free(&child->retire);
	TAILQ_REMOVE(&child->peer->children, child, link);
	free(child);
}

/* Why its policy has no SAs, unless it has others. */
static void child_note(const struct child_sa *child, enum report_cause cause, const char *reason)
{
	if (!child_other_up(child))
		policy_note(&child->peer->ike->spd, child->policy, cause, reason);
}

void child_over(struct child_sa *child, enum report_cause cause, const char *reason)
{
	if (child->state == CHILD_UP) {
		child_event(child, EVENT_PHASE2_DOWN, reason);
		child_note(child, cause, reason);
	}
	child_free(child);
}

bool child_can_tell(const struct child_sa *child, const struct ike_sa *sa)
{
	return child_is_there(child) && sa && (sa->state == IKE_UP || sa->state == IKE_REPLACED);
}

void child_close_for(struct child_sa *child, enum report_cause cause, const char *reason)
{
	struct ike_sa *sa = child_ike(child);
	enum child_state state = child->state;

	child->unwanted |= cause == REPORT_ADMIN;
	/* what is sent may end the IKE SA, which must not free this one under our hands */
	child->state = CHILD_DELETING;
	if (child_can_tell(child, sa))
		sa->vops->child_gone(sa, child);
	child->state = state;
	child_refuse(child, ECONNREFUSED);
	child_over(child, cause, reason);
}

static const char *child_why(enum report_cause cause)
{
	switch (cause) {
	case REPORT_ADMIN:
		return "deleted by the administrator";
	case REPORT_DELETED:
		return "the peer deleted it";
	case REPORT_EXPIRED:
		return "its lifetime is over";
	default:
		return NULL;
	}
}

void child_close(struct child_sa *child, enum report_cause cause)
{
	child_close_for(child, cause, child_why(cause));
}

void child_fail(struct child_sa *child)
{
	struct ike_peer *peer = child->peer;
	const struct report *r = &peer->report;
	struct child_sa *old = child->replaces;

	peer->report.policy = child->policy;
	peer_tell(peer, NULL);
	child_event(child, EVENT_PHASE2_FAILED, r->sentence);
	child_note(child, r->cause, r->sentence);
	child_refuse(child, ECONNREFUSED);
	if (child->initiator && !old)
		peer_lost(peer, false);
	child_free(child);
	/* the old one lives on until its hard end; the kernel asks only once */
	if (old && old->state == CHILD_UP)
		timer_set(&old->retire, CHILD_AGAIN);
}

struct child_sa *child_by_spi_out(struct ike_peer *peer, uint8_t proto, uint32_t spi)
{
	struct child_sa *child;
	unsigned int i;

	/* which those have whose SPI the peer has not told yet */
	if (!spi)
		return NULL;
	TAILQ_FOREACH(child, &peer->children, link) {
		for (i = 0; i < child->choice.n; i++) {
			if (child->choice.p[i].proto == proto && child->choice.p[i].spi_out == spi)
				return child;
		}
	}
	return NULL;
}

struct child_sa *child_by_spi_in(struct ike *ike, uint8_t proto, uint32_t spi)
{
	struct ike_peer *peer;
	struct child_sa *child;
	unsigned int i;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(child, &peer->children, link) {
			for (i = 0; i < child->choice.n; i++) {
				if (child->choice.p[i].proto == proto &&
				    child->choice.p[i].spi_in == spi)
					return child;
			}
		}
	}
	return NULL;
}

/* Is one of its inbound SAs meant? NAT-T's "new mapping" is told by the source alone. */
static bool child_named_in(const struct child_proto *p, const struct kern_name *name)
{
	if (p->spi_in != name->spi)
		return false;
	if (name->dst.ss_family)
		return addr_same_host(&p->src, &name->dst);
	return addr_same_host(&p->dst, &name->src);
}

/* The protocol of the bundle that one of its SAs of that name is of; NULL: none has it. */
static const struct child_proto *child_named(const struct child_sa *child,
					     const struct kern_name *name, bool *inbound)
{
	const struct child_proto *p;
	unsigned int i;

	for (i = 0; name->spi && i < child->choice.n; i++) {
		p = &child->choice.p[i];
		if (p->proto != name->proto)
			continue;
		*inbound = child_named_in(p, name);
		if (*inbound)
			return p;
		if (i < child->nout && p->spi_out == name->spi && addr_same_host(&p->dst, &name->dst))
			return p;
	}
	return NULL;
}

struct child_sa *child_by_name(struct ike *ike, const struct kern_name *name)
{
	struct ike_peer *peer;
	struct child_sa *child;
	bool inbound;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(child, &peer->children, link) {
			if (child_named(child, name, &inbound))
				return child;
		}
	}
	return NULL;
}

void child_log_expired(const struct child_sa *child, const struct kern_name *name)
{
	bool inbound;
	const struct child_proto *p = child_named(child, name, &inbound);

	if (p)
		child_log(p, inbound, "expired");
}
