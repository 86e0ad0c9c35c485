// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's doors: datagrams to the IKE SA they are for, and what the kernel
 * tells to the child SA it is about.
 */
#include <errno.h>
#include <linux/ipsec.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sa.h"

struct ike *ike_new(const struct conf *conf, struct source *src, const struct ike_ops *ops,
		    void *ops_arg)
{
	struct ike *ike = xcalloc(1, sizeof(*ike));
	unsigned int i;

	ike->conf = conf;
	ike->src = src;
	ike->ops = ops;
	ike->ops_arg = ops_arg;
	ike->port = 500;
	ike->natt_port = 4500;
	TAILQ_INIT(&ike->spd);
	TAILQ_INIT(&ike->peers);
	TAILQ_INIT(&ike->dead);
	for (i = 0; i < IKE_HASH; i++)
		TAILQ_INIT(&ike->by_spi[i]);
	timer_init(&ike->reaper, ike_reap, ike);
	timer_init(&ike->daily, ike_look_at_certs, ike);
	ike_make_peers(ike);
	return ike;
}

void ike_free(struct ike *ike)
{
	struct ike_peer *peer;

	ike->closing = true;
	while ((peer = TAILQ_FIRST(&ike->peers)))
		peer_free(peer);
	timer_free(&ike->reaper);
	timer_free(&ike->daily);
	policy_flush(&ike->spd);
	OPENSSL_cleanse(ike->cookie_secret, sizeof(ike->cookie_secret));
	free(ike);
}

/* ---- datagrams ---- */

/* A first message that came again: its SA is known by the initiator's SPI only. */
static struct ike_sa *ike_sa_of_first(struct ike *ike, const struct ike_path *path,
				      const struct wire_hdr *hdr)
{
	struct ike_peer *peer;
	struct ike_sa *sa;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link) {
			if (!sa->initiator && sa->spi_i == hdr->spi_i &&
			    addr_same_host(&sa->path.remote, &path->remote))
				return sa;
		}
	}
	return NULL;
}

static struct ike_sa *ike_sa_of(struct ike *ike, const struct ike_path *path,
				const struct wire_hdr *hdr)
{
	struct ike_sa *sa = NULL;

	if (!hdr->spi_r) {
		sa = ike_sa_by_spi(ike, hdr->spi_i);
		/* an answer without a responder's SPI: IKEv2's cookie request and its like */
		if (sa && sa->initiator)
			return sa;
		return ike_sa_of_first(ike, path, hdr);
	}
	sa = ike_sa_by_spi(ike, hdr->spi_r);
	if (sa && !sa->initiator && sa->spi_i == hdr->spi_i)
		return sa;
	sa = ike_sa_by_spi(ike, hdr->spi_i);
	if (sa && sa->initiator && (!sa->spi_r || sa->spi_r == hdr->spi_r))
		return sa;
	return NULL;
}

void ike_input(struct ike *ike, const struct ike_path *path, struct chunk data)
{
	unsigned int major;
	struct wire_fault fault = { 0 };
	struct wire_hdr hdr;
	struct ike_sa *sa;
	char from[ADDR_TEXT];

	if (!wire_read_hdr(data, &hdr, &fault) || !hdr.spi_i) {
		ike->counts.bad++;
		log_debug("%s: not an IKE message: %s", addr_text(&path->remote, from),
			  fault.why ? fault.why : "no initiator's SPI");
		return;
	}
	major = hdr.version >> 4;
	sa = ike_sa_of(ike, path, &hdr);
	if (sa && sa->ver == major) {
		if (sa->state != IKE_DEAD)
			sa->vops->input(sa, path, &hdr, data);
	} else if (!sa && major == 1) {
		v1_respond(ike, path, &hdr, data);
	} else if (!sa && major >= 2) {
		v2_respond(ike, path, &hdr, data);
	} else {
		ike->counts.bad++;
	}
}

/* ---- the kernel ---- */

void ike_acquire(struct ike *ike, const struct kern_acquire *acq)
{
	const struct policy *policy = policy_by_id(&ike->spd, acq->policy);
	const struct kern_name name = { .proto = acq->proto, .src = acq->src, .dst = acq->dst };
	struct sockaddr_storage local = acq->src, remote = acq->dst, l, r;
	char text[ADDR_TEXT];
	struct ike_peer *peer;

	if (!policy || ike->closing) {
		ike->ops->acquire_failed(ike->ops_arg, acq->seq, &name, ENOENT);
		return;
	}
	if (policy_ends(policy, &l, &r)) {
		remote = r;
		if (l.ss_family)
			local = l;
	}
	addr_set_port(&local, 0);
	addr_set_port(&remote, 0);
	if (peer_crowd(ike, &remote)) {
		ike->ops->acquire_failed(ike->ops_arg, acq->seq, &name, ENOBUFS);
		return;
	}
	peer = peer_get(ike, &remote);
	if (!peer) {
		log_error("no configuration found for %s.", addr_host(&remote, text));
		peer_unknown(ike, &remote, "phase 1");
		ike->ops->acquire_failed(ike->ops_arg, acq->seq, &name, ENOENT);
		return;
	}
	if (child_want(peer, policy, &local, acq->seq)) {
		if (!peer_sa_from(peer, &local))
			log_info("IPsec-SA request for %s queued due to no phase1 found.",
				 addr_host(&remote, text));
		/* while the back-off runs nothing comes of it: say so at once */
		if (timer_pending(&peer->retry) && !peer_sa_from(peer, &local))
			peer_refuse_waiting(peer);
		else
			peer_kick(peer);
	}
}

void ike_expire(struct ike *ike, const struct kern_name *name, bool hard)
{
	struct child_sa *child = child_by_name(ike, name);

	if (!child)
		return;
	child_log_expired(child, name);
	if (!hard)
		child_rekey(child);
	else if (child->state == CHILD_BEGUN || child->state == CHILD_WANTED)
		return;
	else
		child_close(child, REPORT_EXPIRED);
}

void ike_new_mapping(struct ike *ike, const struct kern_name *name,
		     const struct sockaddr_storage *now)
{
	struct child_sa *child = child_by_name(ike, name);
	struct ike_path path = { .natt = true, .remote = *now };

	if (!child || !child->choice.udp)
		return;
	if (child->ike) {
		path.local = child->ike->path.local;
		peer_moved(child->ike, &path);
		return;
	}
	/* IKEv1's, whose ISAKMP SA is over */
	path.local = child->choice.p[0].src;
	addr_set_port(&path.local, ike->natt_port);
	if (!child_move(child, &path))
		child_close_for(child, REPORT_DELETED, "the peer has another address now");
}

void ike_kernel_deleted(struct ike *ike, const struct kern_name *name)
{
	struct child_sa *child = child_by_name(ike, name);

	if (child && child_is_there(child))
		child_close(child, REPORT_ADMIN);
}

static struct child_sa *ike_flushed(const struct ike_peer *peer, uint8_t proto)
{
	struct child_sa *child;
	unsigned int i;

	TAILQ_FOREACH(child, &peer->children, link) {
		for (i = 0; child_is_there(child) && i < child->choice.n; i++) {
			if (!proto || child->choice.p[i].proto == proto)
				return child;
		}
	}
	return NULL;
}

void ike_kernel_flushed(struct ike *ike, uint8_t proto)
{
	struct child_sa *child;
	struct ike_peer *peer;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		/* the end of one may be that of others */
		while ((child = ike_flushed(peer, proto)))
			child_close(child, REPORT_ADMIN);
	}
}

/* "spdflush; spdadd ...": a child SA is known by its policy, which has got a new number. */
static void ike_policy_again(struct ike *ike, struct ike_peer *peer, const struct policy *p)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->policy != p->id && ts_equal(&child->local, &p->src) &&
		    ts_equal(&child->remote, &p->dst) && !policy_by_id(&ike->spd, child->policy))
			child->policy = p->id;
	}
}

void ike_policy_put(struct ike *ike, const struct policy *p)
{
	struct sockaddr_storage local, remote;
	struct ike_peer *peer;

	policy_put(&ike->spd, p);
	if (p->dir != IPSEC_DIR_OUTBOUND || p->generated || !policy_ends(p, &local, &remote))
		return;
	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (!addr_same_host(&remote, &peer->addr))
			continue;
		ike_policy_again(ike, peer, p);
		/* "start immediate", and the policy comes later than we: at the end of a batch of them */
		if (ike->started && peer->conf->start)
			timer_set(&peer->again, 0);
	}
}

void ike_policy_remove(struct ike *ike, uint32_t id)
{
	policy_remove(&ike->spd, id);
}

void ike_policy_flush(struct ike *ike)
{
	policy_flush(&ike->spd);
}

void ike_addresses_changed(struct ike *ike)
{
	struct ike_peer *peer;
	struct ike_sa *sa, *next;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		/* what failed may work now; what is up stays: the address may come back */
		if (timer_pending(&peer->retry)) {
			peer->failures = 0;
			timer_stop(&peer->retry);
			peer_want_again(peer);
		}
		TAILQ_FOREACH_SAFE(sa, &peer->sas, link, next) {
			if (sa->state == IKE_UP &&
			    !ike->ops->is_local(ike->ops_arg, &sa->path.local))
				sa->vops->moved(sa);
		}
	}
}

/* ---- SAs of a run before us ---- */

/* Does the policy ask for that SA, between these ends? */
static bool adopt_fits(const struct policy *p, const struct sockaddr_storage *us,
		       const struct sockaddr_storage *them, uint8_t proto, uint32_t reqid,
		       uint8_t mode)
{
	unsigned int i;

	if (!policy_leads(p, us, them, IPSEC_MODE_ANY))
		return false;
	for (i = 0; i < p->n; i++) {
		if (p->req[i].proto == proto && p->req[i].mode == mode && p->req[i].reqid == reqid)
			return true;
	}
	return false;
}

/* An adopted pair of that policy whose slot for this SPI is still empty. */
static struct child_sa *adopt_slot(struct ike_peer *peer, const struct policy *p,
				   const struct kern_name *name, bool inbound,
				   struct child_proto **slot)
{
	const struct sockaddr_storage *us = inbound ? &name->dst : &name->src;
	struct child_sa *child;
	unsigned int i;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (!child->adopted || child->policy != p->id)
			continue;
		for (i = 0; i < child->choice.n; i++) {
			*slot = &child->choice.p[i];
			if ((*slot)->proto == name->proto && addr_same_host(&(*slot)->src, us) &&
			    !(inbound ? (*slot)->spi_in : (*slot)->spi_out))
				return child;
		}
	}
	return NULL;
}

static struct child_sa *adopt_make(struct ike_peer *peer, const struct policy *p,
				   const struct sockaddr_storage *local)
{
	struct child_sa *child = child_want(peer, p, local, 0);

	if (!child)
		return NULL;
	child->adopted = true;
	child->installed = true;
	child->nout = child->choice.n;
	child->state = CHILD_UP;
	return child;
}

void ike_adopt(struct ike *ike, const struct kern_name *name, uint32_t reqid, uint8_t mode)
{
	bool inbound = ike->ops->is_local(ike->ops_arg, &name->dst);
	const struct sockaddr_storage *us = inbound ? &name->dst : &name->src;
	struct sockaddr_storage them = inbound ? name->src : name->dst;
	struct child_proto *slot = NULL;
	struct child_sa *child;
	struct ike_peer *peer;
	const struct policy *p;

	addr_set_port(&them, 0);
	TAILQ_FOREACH(p, &ike->spd, link) {
		if (!adopt_fits(p, us, &them, name->proto, reqid, mode))
			continue;
		/* only now: who has nothing in common with us makes no peer */
		peer = peer_get(ike, &them);
		if (!peer)
			return;
		child = adopt_slot(peer, p, name, inbound, &slot);
		if (!child && adopt_make(peer, p, us))
			child = adopt_slot(peer, p, name, inbound, &slot);
		if (!child)
			return;
		if (inbound)
			slot->spi_in = name->spi;
		else
			slot->spi_out = name->spi;
		child->choice.udp |= addr_port(&name->src) != 0;
		return;
	}
}
