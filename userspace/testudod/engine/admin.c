// SPDX-License-Identifier: GPL-2.0
/*
 * What people ask of the engine: start, reload by difference, establish, delete
 * and the end.
 */
#include <errno.h>
#include <linux/ipsec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sa.h"

#define RELOAD_OLD 60000 /* ms that an IKE SA of a changed block has to be replaced */
#define ADOPT_MS   20    /* ms times 0 to 255 until an SA of a run before us is made anew */

/* Everybody who has an address in the file is a peer, also when nothing is up. */
void ike_make_peers(struct ike *ike)
{
	const struct conf_remote *r;
	struct sockaddr_storage addr;

	TAILQ_FOREACH(r, &ike->conf->remotes, link) {
		if (r->anonymous || !r->addr.ss_family)
			continue;
		addr = r->addr;
		peer_get(ike, &addr);
	}
}

/* Wish for every policy that leads to @peer; from @from, if that is not NULL. */
static unsigned int admin_want_all(struct ike_peer *peer, const struct sockaddr_storage *from)
{
	struct ike *ike = peer->ike;
	struct sockaddr_storage local, remote;
	const struct policy *p;
	struct child_sa *child;
	unsigned int n = 0;
	bool there;

	TAILQ_FOREACH(p, &ike->spd, link) {
		if (p->dir != IPSEC_DIR_OUTBOUND || p->type != IPSEC_POLICY_IPSEC || !p->n ||
		    !policy_ends(p, &local, &remote) || !addr_same_host(&remote, &peer->addr))
			continue;
		if (from && !policy_leads(p, from, &remote, IPSEC_MODE_ANY))
			continue;
		if (!local.ss_family && from)
			local = *from;
		if (!local.ss_family && peer_local(ike, &remote, &local))
			continue;
		there = false;
		TAILQ_FOREACH(child, &peer->children, link)
			there |= child->policy == p->id && child->state == CHILD_UP;
		n++;
		if (!there)
			child_want(peer, p, &local, 0);
	}
	return n;
}

void peer_want_again(struct ike_peer *peer)
{
	if (peer->ike->closing)
		return;
	if (peer->conf->start)
		admin_want_all(peer, NULL);
	peer_kick(peer);
}

/* Where its IKE SA leaves from, or itself without one; @local NULL or of family 0: anywhere. */
static bool admin_is_from(const struct child_sa *child, const struct sockaddr_storage *local)
{
	return !local || !local->ss_family ||
	       addr_same_host(child->ike ? &child->ike->path.local : child_from(child), local);
}

void peer_drop_children(struct ike_peer *peer, const struct sockaddr_storage *local,
			enum report_cause cause, const char *reason)
{
	struct child_sa *child, *next;

	TAILQ_FOREACH_SAFE(child, &peer->children, link, next) {
		if (!admin_is_from(child, local))
			continue;
		/* child_close() frees its own; what we ask for ourselves goes on under the next IKE SA */
		if (child->state == CHILD_WANTED || child->state == CHILD_DELETING ||
		    (child->state == CHILD_BEGUN && child->initiator))
			continue;
		child_over(child, cause, reason);
	}
}

void peer_drop_old_children(struct ike_sa *sa, enum report_cause cause, const char *reason)
{
	struct child_sa *child, *next;

	TAILQ_FOREACH_SAFE(child, &sa->peer->children, link, next) {
		if (child->installed && child->ike != sa && child->created < sa->created &&
		    admin_is_from(child, &sa->path.local))
			child_over(child, cause, reason);
	}
}

/*
 * The peer still believes in the IKE SA of the run before us, and ends all that came of it when
 * nobody answers under it: by then there are others. Not all peers at once.
 */
static void admin_renew_adopted(struct ike_peer *peer)
{
	struct child_sa *child;
	uint8_t dice;

	/* it has to come by itself */
	if (peer->conf->passive)
		return;
	TAILQ_FOREACH(child, &peer->children, link) {
		if (!child->adopted || child->state != CHILD_UP)
			continue;
		crypt_random(&dice, sizeof(dice));
		timer_set(&child->retire, (uint64_t)ADOPT_MS * dice);
	}
}

void ike_start(struct ike *ike)
{
	struct ike_peer *peer;

	ike->started = true;
	timer_set(&ike->daily, 0);
	TAILQ_FOREACH(peer, &ike->peers, link) {
		peer_want_again(peer);
		admin_renew_adopted(peer);
	}
}

int ike_establish(struct ike *ike, const char *remote, const struct sockaddr_storage *local,
		  const struct sockaddr_storage *addr, char *why, size_t why_size)
{
	const struct conf_remote *conf = remote ? conf_remote_by_name(ike->conf, remote) : NULL;
	const struct sockaddr_storage *from = local && local->ss_family ? local : NULL;
	struct ike_peer *peer;
	char host[ADDR_TEXT];

	if (remote && !conf) {
		snprintf(why, why_size, "no remote block is named %s", remote);
		return -ENOENT;
	}
	if (conf && conf->addr.ss_family)
		addr = &conf->addr;
	if (!addr || !addr->ss_family) {
		snprintf(why, why_size, "remote %s has no address: say which peer", remote ? remote : "?");
		return -EDESTADDRREQ;
	}
	peer = peer_get(ike, addr);
	if (!peer) {
		snprintf(why, why_size, "no remote block is for that address");
		return -ENOENT;
	}
	if (peer->conf->passive && !peer_sa(peer)) {
		snprintf(why, why_size, "%s is configured as passive: it has to begin", peer->conf->name);
		return -EPERM;
	}
	if (from && !ike->ops->is_local(ike->ops_arg, from)) {
		snprintf(why, why_size, "%s is no address of this host", addr_host(from, host));
		return -EADDRNOTAVAIL;
	}
	/* somebody asks: the back-off is over */
	timer_stop(&peer->retry);
	peer->failures = 0;
	peer->misses = 0;
	if (!admin_want_all(peer, from)) {
		snprintf(why, why_size, "no outbound IPsec policy leads%s%s to %s: add one with setkey",
			 from ? " from " : "", from ? addr_host(from, host) : "", peer->conf->name);
		return -ENOENT;
	}
	peer_kick(peer);
	return 0;
}

static struct child_sa *admin_child_from(const struct ike_peer *peer,
					 const struct sockaddr_storage *local)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (admin_is_from(child, local))
			return child;
	}
	return NULL;
}

/*
 * Its child SAs first, while there is an IKE SA to tell it under. Nobody asks
 * for them anew, "start immediate" or not, until a packet or a person does.
 */
static unsigned int admin_delete(struct ike_peer *peer, const struct sockaddr_storage *local,
				 const char *reason)
{
	struct child_sa *child;
	struct ike_sa *sa, *next;
	unsigned int n = 0;
	bool any = false;

	while ((child = admin_child_from(peer, local))) {
		any = true;
		/* IKEv2's go with their IKE SA: one message less */
		if (child->ike && child->ike->ver == 2) {
			child->unwanted = true;
			child_refuse(child, ECONNREFUSED);
			child_over(child, REPORT_ADMIN, reason);
		} else {
			child_close_for(child, REPORT_ADMIN, reason);
		}
	}
	TAILQ_FOREACH_SAFE(sa, &peer->sas, link, next) {
		if (local && local->ss_family && !addr_same_host(&sa->path.local, local))
			continue;
		n++;
		ike_sa_end(sa, REPORT_ADMIN, reason);
	}
	/* what is between others goes on */
	if (TAILQ_EMPTY(&peer->children)) {
		timer_stop(&peer->retry);
		timer_stop(&peer->again);
	}
	return n ? n : any;
}

unsigned int ike_delete_between(struct ike *ike, const struct sockaddr_storage *local,
				const struct sockaddr_storage *addr)
{
	struct ike_peer *peer, *next;
	unsigned int n = 0;

	TAILQ_FOREACH_SAFE(peer, &ike->peers, link, next) {
		if (addr_same_host(&peer->addr, addr))
			n += admin_delete(peer, local, "deleted by the administrator");
	}
	return n;
}

unsigned int ike_delete_peer(struct ike *ike, const struct sockaddr_storage *addr)
{
	return ike_delete_between(ike, NULL, addr);
}

/* Is one of its outbound SAs the one that is named, or of those that are? */
static bool admin_named(const struct child_sa *child, const struct kern_name *name)
{
	const struct child_proto *p;
	unsigned int i;

	for (i = 0; child->installed && i < child->choice.n; i++) {
		p = &child->choice.p[i];
		if (p->proto == name->proto && addr_same_host(&p->src, &name->src) &&
		    addr_same_host(&p->dst, &name->dst) && (!name->spi || p->spi_out == name->spi))
			return true;
	}
	return false;
}

static struct child_sa *admin_find(const struct ike_peer *peer, const struct kern_name *name)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (admin_named(child, name))
			return child;
	}
	return NULL;
}

unsigned int ike_delete_child(struct ike *ike, const struct kern_name *name)
{
	struct child_sa *child;
	struct ike_peer *peer;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		/* the end of one may be that of others */
		while ((child = admin_find(peer, name))) {
			child_close(child, REPORT_ADMIN);
			n++;
		}
	}
	return n;
}

void ike_close(struct ike *ike)
{
	struct ike_peer *peer;

	ike->closing = true;
	TAILQ_FOREACH(peer, &ike->peers, link)
		admin_delete(peer, NULL, "the daemon ends");
}

/* Policies that were made for its SAs go with us, so these SAs must, too. */
static bool leave_nothing(const struct ike_peer *peer)
{
	const struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->ngenerated)
			return true;
	}
	return false;
}

static void leave_child(struct child_sa *child)
{
	/* replaced, or half made: the next run shall find one pair */
	if (child->state != CHILD_UP && child_is_there(child)) {
		child_close(child, REPORT_NONE);
		return;
	}
	/* what it does not know of it does not take with it */
	if (child->state == CHILD_UP)
		child->choice.n = 0;
	child_refuse(child, ECONNREFUSED);
	child_free(child);
}

void ike_leave(struct ike *ike)
{
	struct child_sa *child;
	struct ike_peer *peer;
	struct ike_sa *sa;

	ike->closing = true;
	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (leave_nothing(peer)) {
			admin_delete(peer, NULL, "the daemon ends");
			continue;
		}
		while ((child = TAILQ_FIRST(&peer->children)))
			leave_child(child);
		while ((sa = TAILQ_FIRST(&peer->sas)))
			ike_sa_kill(sa);
	}
}

bool ike_is_closed(const struct ike *ike)
{
	const struct ike_peer *peer;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (!TAILQ_EMPTY(&peer->sas))
			return false;
	}
	return true;
}

/* ---- reload ---- */

/* Children keep going under an equal sainfo; under a changed one they are rekeyed. */
static void reload_child(struct child_sa *child, const struct conf *conf)
{
	const struct policy *policy = policy_by_id(&child->peer->ike->spd, child->policy);
	const struct conf_sainfo *sainfo = child_sainfo(conf, child);
	struct sockaddr_storage src = child->choice.p[0].src, dst = child->choice.p[0].dst;
	bool equal = child->sainfo && sainfo && conf_sainfo_equal(child->sainfo, sainfo);

	if (!sainfo) {
		log_info("%s: no sainfo is left for %s", child->peer->conf->name,
			 child_text(child, (char[2 * TS_TEXT]){ 0 }));
		child_close_for(child, REPORT_ADMIN, "no sainfo is left for it");
		return;
	}
	child->sainfo = sainfo;
	if (!equal && child->state == CHILD_UP) {
		timer_set(&child->retire, 0);
	} else if (!equal && child->state == CHILD_WANTED && policy) {
		prop_child_want(policy, sainfo, &child->choice);
		child_set_ends(child, &src, &dst);
	}
}

static struct child_sa *reload_next(const struct ike_peer *peer)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (!child->looked)
			return child;
	}
	return NULL;
}

/* The end of one may be that of others. */
static void reload_children(struct ike_peer *peer, const struct conf *conf)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link)
		child->looked = false;
	while ((child = reload_next(peer))) {
		child->looked = true;
		reload_child(child, conf);
	}
}

/*
 * A changed block: a new IKE SA is made under it, and its children replace the
 * old ones, which stay with the old IKE SA until then, or until it ends.
 */
static void reload_renew(struct ike_peer *peer)
{
	struct child_sa *child;
	struct ike_sa *sa, *next;

	log_info("%s: its block has changed; negotiating anew", peer->conf->name);
	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->state == CHILD_UP)
			timer_set(&child->retire, 0);
	}
	TAILQ_FOREACH_SAFE(sa, &peer->sas, link, next) {
		if (sa->state == IKE_UP) {
			sa->state = IKE_REPLACED;
			timer_set(&sa->life, RELOAD_OLD);
		} else if (sa->state == IKE_BEGUN) {
			ike_sa_kill(sa);
		}
	}
}

static void reload_peer(struct ike_peer *peer, const struct conf *conf)
{
	const struct conf_remote *now = conf_remote_by_addr(conf, &peer->addr);
	const struct conf_remote *was = peer->conf;
	bool equal = now && conf_remote_equal(was, now);

	cert_store_free(peer->store);
	cert_free(peer->cert);
	peer->store = NULL;
	peer->cert = NULL;
	memset(&peer->bad_verdict, 0, sizeof(peer->bad_verdict));
	if (!now) {
		log_info("%s: its block is gone; closing", was->name);
		admin_delete(peer, NULL, "its block is gone from the configuration");
		return;
	}
	peer->conf = now;
	reload_children(peer, conf);
	if (!equal)
		reload_renew(peer);
	/* what failed for the file's sake may work now */
	timer_stop(&peer->retry);
	timer_stop(&peer->again);
	peer->failures = 0;
	peer->misses = 0;
}

void ike_reload(struct ike *ike, const struct conf *conf, struct source *src)
{
	const struct ike_event ev = { .kind = EVENT_RELOADED, .text = "configuration" };
	struct ike_peer *peer, *next;

	ike->src = src;
	TAILQ_FOREACH(peer, &ike->peers, link)
		reload_peer(peer, conf);
	ike->conf = conf;
	/* a peer whose block is gone lives until it has been told; it must not look at freed memory */
	TAILQ_FOREACH_SAFE(peer, &ike->peers, link, next) {
		if (!conf_remote_by_addr(conf, &peer->addr))
			peer_free(peer);
	}
	ike_make_peers(ike);
	ike->ops->event(ike->ops_arg, &ev);
	if (!ike->closing)
		ike_start(ike);
}
