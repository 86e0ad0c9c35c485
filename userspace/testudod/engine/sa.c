// SPDX-License-Identifier: GPL-2.0
/*
 * IKE SAs: their table, their life from the first message to the last timer,
 * and what is the same in both versions when they come up, fail or end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/sa.h"

#define SA_NEGOTIATION 60    /* seconds, where the file says nothing */
#define SA_LIFE	       28800 /* seconds, racoon's eight hours */
#define SA_LIVED       10000 /* ms after which one that fails was of use */
#define SA_REPEATS     60    /* lines about repeated messages in a minute */
#define SA_REPLACED    8     /* of a peer's, replaced and not ended yet, that are kept */
#define SA_ANEW	       "the peer started anew (INITIAL-CONTACT)"

uint64_t ike_sa_our_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

static struct ike_sa_list *sa_bucket(struct ike *ike, uint64_t spi)
{
	return &ike->by_spi[spi % IKE_HASH];
}

struct ike_sa *ike_sa_by_spi(struct ike *ike, uint64_t our_spi)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, sa_bucket(ike, our_spi), hash) {
		if (ike_sa_our_spi(sa) == our_spi)
			return sa;
	}
	return NULL;
}

const char *ike_path_text(const struct ike_path *path, char buf[2 * ADDR_TEXT])
{
	char local[ADDR_TEXT], remote[ADDR_TEXT];

	snprintf(buf, 2 * ADDR_TEXT, "%s-%s", addr_text(&path->local, local),
		 addr_text(&path->remote, remote));
	return buf;
}

bool ike_sa_same_end(const struct ike_sa *a, const struct ike_sa *b)
{
	return addr_same_host(&a->path.local, &b->path.local);
}

void ike_sa_log(const struct ike_sa *sa, const char *what)
{
	char path[2 * ADDR_TEXT];

	log_info("ISAKMP-SA %s %s spi:%016llx:%016llx", what, ike_path_text(&sa->path, path),
		 (unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r);
}

void ike_sa_log_begin(const struct ike_sa *sa, const char *what)
{
	char us[ADDR_TEXT], them[ADDR_TEXT];

	if (!sa->quiet)
		log_info("%s negotiation: %s<=>%s", what, addr_text(&sa->path.local, us),
			 addr_text(&sa->path.remote, them));
}

bool ike_nonce_less(struct chunk a, struct chunk b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = n ? memcmp(a.p, b.p, n) : 0;

	return diff ? diff < 0 : a.n < b.n;
}

static void sa_event(struct ike_sa *sa, enum ike_event_kind kind, const char *text,
		     const char *reason)
{
	const struct ike_event ev = {
		.kind = kind,
		.peer = sa->peer->conf->name,
		.remote = sa->path.remote,
		.text = text,
		.reason = reason,
	};

	sa->ike->ops->event(sa->ike->ops_arg, &ev);
}

/* ---- timers ---- */

void ike_sa_dead(struct ike_sa *sa)
{
	char remote[ADDR_TEXT];

	log_info("DPD: remote (ISAKMP-SA spi=%016llx:%016llx) seems to be dead.",
		 (unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r);
	report_set(&sa->peer->report, REPORT_DEAD, "DPD", "%s no longer answers",
		   addr_text(&sa->path.remote, remote));
	ike_sa_fail(sa);
}

static void sa_took_too_long(void *arg)
{
	struct ike_sa *sa = arg;
	char remote[ADDR_TEXT];

	/* a responder has no request of its own out: the peer went away in the middle */
	if (sa->peer->report.cause == REPORT_NONE || sa->peer->report.when < sa->created_wall)
		report_set(&sa->peer->report, REPORT_NO_ANSWER, sa->ver == 1 ? "phase 1" : "IKE_AUTH",
			   "the negotiation with %s did not come to its end in time",
			   addr_text(&sa->path.remote, remote));
	ike_sa_fail(sa);
}

/* Has one of its children received something since the last look? */
static bool sa_traffic(struct ike_sa *sa)
{
	struct child_sa *child;
	bool alive = false;

	TAILQ_FOREACH(child, &sa->peer->children, link) {
		/* IKEv2's children of another IKE SA say nothing of this one, nor does another road */
		if (child->installed &&
		    (sa->ver == 1 ? addr_same_host(child_from(child), &sa->path.local) : child->ike == sa) &&
		    child_carried(child))
			alive = true;
	}
	return alive;
}

static void sa_dpd_tick(void *arg)
{
	struct ike_sa *sa = arg;
	const struct conf_remote *conf = sa->peer->conf;
	uint64_t idle = timer_now() - sa->heard, delay = conf->dpd_delay * 1000ull;

	if (!delay || sa->state != IKE_UP)
		return;
	if (sa_traffic(sa)) {
		sa->probes = 0;
		timer_set(&sa->dpd, delay);
		return;
	}
	if (!sa->probes && idle < delay) {
		timer_set(&sa->dpd, delay - idle);
		return;
	}
	if (sa->probes > conf->dpd_maxfail) {
		ike_sa_dead(sa);
		return;
	}
	sa->probes++;
	timer_set(&sa->dpd, (conf->dpd_retry ? conf->dpd_retry : 5) * 1000ull);
	sa->vops->probe(sa);
}

static uint64_t sa_life(const struct ike_sa *sa)
{
	uint32_t life = sa->suite.life ? sa->suite.life : sa->peer->conf->lifetime;

	return (life ? life : SA_LIFE) * 1000ull;
}

static bool sa_has_children(const struct ike_sa *sa)
{
	const struct child_sa *child;

	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->ike == sa || (sa->ver == 1 && child->state == CHILD_UP))
			return true;
	}
	return false;
}

/* First the rekey, with time to spare; the second time the end. */
static void sa_life_tick(void *arg)
{
	struct ike_sa *sa = arg;
	uint64_t age = timer_now() - sa->created, life = sa_life(sa);

	if (sa->state == IKE_UP && age < life) {
		timer_set(&sa->life, life - age);
		if (sa->peer->conf->rekey != CONF_OFF && !sa->ike->closing &&
		    (sa_has_children(sa) || sa->peer->conf->rekey == CONF_FORCE))
			sa->vops->rekey(sa);
		return;
	}
	ike_sa_log(sa, "expired");
	ike_sa_end(sa, REPORT_EXPIRED,
		   sa->state == IKE_REPLACED ? "replaced" : "its lifetime is over");
}

static void sa_keepalive_tick(void *arg)
{
	struct ike_sa *sa = arg;
	struct ike *ike = sa->ike;

	if (!sa->nat_us || !sa->path.natt || !ike->conf->natt_keepalive)
		return;
	ike->ops->keepalive(ike->ops_arg, &sa->path);
	timer_set(&sa->keepalive, ike->conf->natt_keepalive * 1000ull);
}

/* ---- life ---- */

static uint64_t sa_new_spi(struct ike *ike)
{
	uint64_t spi;

	do {
		crypt_random(&spi, sizeof(spi));
	} while (!spi || ike_sa_by_spi(ike, spi));
	return spi;
}

struct ike_sa *ike_sa_new(struct ike_peer *peer, uint8_t ver, bool initiator,
			  const struct ike_path *path)
{
	struct ike_sa *sa = xcalloc(1, sizeof(*sa));
	struct ike *ike = peer->ike;
	unsigned int wait = ike->conf->phase1_time ? ike->conf->phase1_time : SA_NEGOTIATION;

	sa->ike = ike;
	sa->peer = peer;
	sa->ver = ver;
	sa->vops = ver == 2 ? &v2_ops : &v1_ops;
	sa->initiator = initiator;
	sa->path = *path;
	sa->created = timer_now();
	sa->created_wall = time(NULL);
	sa->heard = sa->created;
	flight_init(&sa->flight, ike, sa->vops->no_answer, sa);
	timer_init(&sa->dpd, sa_dpd_tick, sa);
	timer_init(&sa->life, sa_life_tick, sa);
	timer_init(&sa->keepalive, sa_keepalive_tick, sa);
	timer_init(&sa->give_up, sa_took_too_long, sa);
	/* an initiator ends when its flight gives up; this bounds the rest */
	timer_set(&sa->give_up, (initiator ? 2 * SA_NEGOTIATION : wait) * 1000ull);
	if (initiator) {
		sa->spi_i = sa_new_spi(ike);
		ike->counts.initiated[ver]++;
	} else {
		sa->spi_r = sa_new_spi(ike);
		ike->counts.responded[ver]++;
	}
	TAILQ_INSERT_HEAD(&peer->sas, sa, link);
	TAILQ_INSERT_HEAD(sa_bucket(ike, ike_sa_our_spi(sa)), sa, hash);
	return sa;
}

/* Somewhere in the last tenth, the one who began first, so that both do not at once. */
static uint64_t sa_rekey_after(const struct ike_sa *sa)
{
	uint64_t life = sa_life(sa);
	uint8_t dice;

	crypt_random(&dice, sizeof(dice));
	if (sa->initiator)
		return life - life / 10 - life / 10 * dice / 255;
	return life - life / 20 * dice / 255;
}

/*
 * IKEv1's child SAs whose ISAKMP SA was over have one again. SAs of a run before
 * us are made anew: by INITIAL-CONTACT, or with the IKE SA that they came from,
 * they are gone at the other end.
 */
static void sa_take_orphans(struct ike_sa *sa)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->state != CHILD_UP || child->ike ||
		    !addr_same_host(child_from(child), &sa->path.local))
			continue;
		if (child->adopted)
			timer_set(&child->retire, 0);
		else if (sa->ver == 1)
			child->ike = sa;
	}
}

void ike_sa_up(struct ike_sa *sa)
{
	const struct conf_remote *conf = sa->peer->conf;
	char path[2 * ADDR_TEXT], id[ID_TEXT];

	gate_leave(sa);
	sa->state = IKE_UP;
	sa->up_since = timer_now();
	sa->heard = sa->up_since;
	sa->probes = 0;
	timer_stop(&sa->give_up);
	peer_set_addr(sa->peer, &sa->path.remote);
	sa->ike->counts.established[sa->ver]++;
	ike_sa_log(sa, "established");
	if (sa->peer_id.type)
		log_debug("%s: the peer is %s", conf->name, id_text(&sa->peer_id, id, sizeof(id)));
	timer_set(&sa->life, sa_rekey_after(sa));
	if (conf->dpd_delay)
		timer_set(&sa->dpd, conf->dpd_delay * 1000ull);
	sa_keepalive_tick(sa);
	peer_succeeded(sa->peer);
	sa->ike->ops->script(sa->ike->ops_arg, sa, SCRIPT_PHASE1_UP);
	sa_event(sa, EVENT_PHASE1_UP, ike_path_text(&sa->path, path), NULL);
	sa_take_orphans(sa);
	peer_kick(sa->peer);
}

/* What becomes of an SA's children when it goes without a successor. */
static void sa_orphans(struct ike_sa *sa)
{
	struct child_sa *child, *next;

	TAILQ_FOREACH_SAFE(child, &sa->peer->children, link, next) {
		if (child->ike != sa)
			continue;
		if (child->state == CHILD_DELETING) {
			/* child_close() is about to free it, or its time to linger will */
			child->exchange = NULL;
			child->ike = NULL;
			continue;
		}
		if (child->state == CHILD_BEGUN && child->initiator && !child->replaces) {
			child_restart(child);
			continue;
		}
		child->exchange = NULL;
		child->ike = NULL;
		if (child->state == CHILD_WANTED)
			continue;
		if (sa->ver == 2 || child->state == CHILD_BEGUN)
			child_free(child);
	}
}

void ike_sa_kill(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct ike_sa *other;

	if (sa->state == IKE_DEAD)
		return;
	sa->state = IKE_DEAD;
	gate_leave(sa);
	flight_clear(&sa->flight);
	timer_stop(&sa->dpd);
	timer_stop(&sa->life);
	timer_stop(&sa->keepalive);
	timer_stop(&sa->give_up);
	sa_orphans(sa);
	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other->adopted_by == sa)
			other->adopted_by = NULL;
	}
	TAILQ_REMOVE(&sa->peer->sas, sa, link);
	TAILQ_REMOVE(sa_bucket(ike, ike_sa_our_spi(sa)), sa, hash);
	TAILQ_INSERT_TAIL(&ike->dead, sa, hash);
	/* whoever called may still look at it */
	timer_set(&ike->reaper, 0);
}

void ike_reap_dead(struct ike *ike)
{
	struct ike_sa *sa;

	while ((sa = TAILQ_FIRST(&ike->dead))) {
		TAILQ_REMOVE(&ike->dead, sa, hash);
		sa->vops->free(sa);
		flight_clear(&sa->flight);
		timer_free(&sa->flight.timer);
		timer_free(&sa->dpd);
		timer_free(&sa->life);
		timer_free(&sa->keepalive);
		timer_free(&sa->give_up);
		id_free(&sa->my_id);
		id_free(&sa->peer_id);
		cert_free(sa->peer_cert);
		free(sa);
	}
}

void ike_reap(void *arg)
{
	struct ike *ike = arg;
	struct ike_sa *sa;

	/* what was under way under one of them goes on under another */
	TAILQ_FOREACH(sa, &ike->dead, hash)
		peer_kick(sa->peer);
	ike_reap_dead(ike);
	peer_sweep(ike);
}

void ike_sa_drop_children(struct ike_sa *sa, enum report_cause cause, const char *reason)
{
	struct child_sa *child, *next;
	char text[REPORT_SENTENCE];

	if (sa->ver == 1)
		return;
	/* into a copy: @reason may be the peer's report */
	snprintf(text, sizeof(text), "with its IKE SA: %s", reason);
	TAILQ_FOREACH_SAFE(child, &sa->peer->children, link, next) {
		if (child->ike == sa && child->installed && child->state != CHILD_DELETING)
			child_over(child, cause, text);
	}
}

void ike_sa_end(struct ike_sa *sa, enum report_cause cause, const char *reason)
{
	char path[2 * ADDR_TEXT];

	ike_path_text(&sa->path, path);
	if (sa->state == IKE_UP) {
		sa->ike->ops->script(sa->ike->ops_arg, sa, SCRIPT_PHASE1_DOWN);
		sa_event(sa, EVENT_PHASE1_DOWN, path, reason);
	}
	ike_sa_drop_children(sa, cause, reason);
	if (sa->state == IKE_UP || sa->state == IKE_REPLACED)
		sa->vops->close(sa);
	else
		ike_sa_kill(sa);
}

bool ike_sa_heard_elsewhere(const struct ike_sa *sa)
{
	const struct ike_sa *other;

	TAILQ_FOREACH(other, &sa->peer->sas, link) {
		if (other != sa && other->state == IKE_UP && other->heard > sa->heard &&
		    ike_sa_same_end(other, sa))
			return true;
	}
	return false;
}

/* What waits is asked for under another IKE SA, at once, or later. */
static void sa_after_failure(const struct ike_sa *sa, bool lived)
{
	struct ike_peer *peer = sa->peer;

	if (peer_sa_from(peer, &sa->path.local)) {
		peer_kick(peer);
		return;
	}
	if (peer_busy_from(peer, &sa->path.local))
		return;
	/* a peer that was there for a while is asked at once; one that never was, later */
	if (lived)
		peer_want_again(peer);
	else
		peer_failed(peer);
}

void ike_sa_fail(struct ike_sa *sa)
{
	struct ike_peer *peer = sa->peer;
	const struct report *r = &peer->report;
	bool was_up = sa->state == IKE_UP;
	char path[2 * ADDR_TEXT];

	if (sa->state == IKE_DEAD)
		return;
	peer_tell(peer, NULL);
	ike_path_text(&sa->path, path);
	if (was_up && r->cause == REPORT_DEAD) {
		sa->ike->ops->script(sa->ike->ops_arg, sa, SCRIPT_PHASE1_DEAD);
		sa_event(sa, EVENT_DPD_TIMEOUT, path, r->sentence);
		/* SAs that lead to a dead peer would swallow packets: the kernel is to ask anew */
		if (!ike_sa_heard_elsewhere(sa))
			peer_drop_children(peer, &sa->path.local, r->cause, r->sentence);
	} else {
		if (was_up)
			sa->ike->ops->script(sa->ike->ops_arg, sa, SCRIPT_PHASE1_DOWN);
		sa_event(sa, was_up ? EVENT_PHASE1_DOWN : EVENT_PHASE1_FAILED, path, r->sentence);
	}
	ike_sa_drop_children(sa, r->cause, r->sentence);
	ike_sa_kill(sa);
	if (sa->initiator || was_up)
		sa_after_failure(sa, was_up && timer_now() - sa->created >= SA_LIVED);
}

void ike_sa_heard(struct ike_sa *sa, const struct ike_path *path)
{
	sa->heard = timer_now();
	sa->probes = 0;
	if (addr_same(&path->remote, &sa->path.remote) && addr_same(&path->local, &sa->path.local))
		return;
	/* only somebody behind a NAT changes its port without a word (RFC 7296 2.23, RFC 3947 3.3) */
	if (!sa->nat_peer || !sa->path.natt || !path->natt || sa->state == IKE_BEGUN)
		return;
	peer_moved(sa, path);
}

void ike_sa_repeat(const struct ike_sa *sa, struct flight *answer)
{
	static struct log_limit limit;
	char from[ADDR_TEXT];

	if (flight_repeat(answer) && log_limit_ok(&limit, SA_REPEATS, timer_now()))
		log_info("the packet is retransmitted by %s.", addr_text(&sa->path.remote, from));
}

bool ike_sa_my_id(struct ike_sa *sa)
{
	const struct conf_id *want = &sa->peer->conf->my_id;
	struct cert *cert;

	id_free(&sa->my_id);
	if (want->id.type) {
		id_copy(&sa->my_id, &want->id);
		return true;
	}
	if (want->type != ID_DN) {
		id_from_addr(&sa->my_id, &sa->path.local);
		return true;
	}
	cert = peer_cert(sa->peer);
	if (!cert) {
		report_set(&sa->peer->report, REPORT_CERT, "phase 1",
			   "my_identifier asn1dn needs a certificate of ours, and there is none");
		return false;
	}
	id_set(&sa->my_id, ID_DN, cert_subject(cert));
	return true;
}

/*
 * Those that have been replaced are mostly the peer's to end; one that forgets to,
 * or begins anew without end, keeps the newest few of them only.
 */
static void sa_limit_replaced(struct ike_peer *peer)
{
	struct ike_sa *sa, *next;
	unsigned int n = 0;

	TAILQ_FOREACH_SAFE(sa, &peer->sas, link, next) {
		if (sa->state != IKE_REPLACED || ++n <= SA_REPLACED)
			continue;
		/* by its timer, since whoever replaces may be looking at it */
		if (n <= 2 * SA_REPLACED)
			timer_set(&sa->life, 0);
		else
			ike_sa_kill(sa);
	}
}

void ike_sa_replace(struct ike_sa *sa, struct ike_sa *by)
{
	struct child_sa *child;

	sa->state = IKE_REPLACED;
	sa->adopted_by = by;
	timer_stop(&sa->dpd);
	timer_stop(&sa->keepalive);
	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->ike == sa && child->state != CHILD_BEGUN)
			child->ike = by;
	}
	sa_event(by, EVENT_REKEYED, "IKE SA", NULL);
	sa_limit_replaced(sa->peer);
}

static bool sa_kill_older(struct ike_peer *peer, const struct ike_sa *sa)
{
	struct ike_sa *old, *next;
	bool any = false;

	TAILQ_FOREACH_SAFE(old, &peer->sas, link, next) {
		if (old == sa || old->state == IKE_BEGUN || old->up_since >= sa->created ||
		    !id_equal(&old->peer_id, &sa->peer_id))
			continue;
		/* a peer that knows us by two addresses may take us for two */
		if (peer == sa->peer && !ike_sa_same_end(old, sa))
			continue;
		/* a script that undoes what that of the new one has done already is of no use */
		if (old->state == IKE_UP && sa->state != IKE_UP)
			old->ike->ops->script(old->ike->ops_arg, old, SCRIPT_PHASE1_DOWN);
		ike_sa_drop_children(old, REPORT_DELETED, SA_ANEW);
		ike_sa_kill(old);
		any = true;
	}
	return any;
}

/*
 * Somebody on the road comes from another address or port, and so as another
 * peer of ours. An address as identity is no name: behind different NATs many
 * have the same.
 */
static bool sa_kill_elsewhere(const struct ike_sa *sa)
{
	struct ike_peer *peer;
	bool any = false;

	if (sa->peer_id.type == ID_IPV4 || sa->peer_id.type == ID_IPV6)
		return false;
	TAILQ_FOREACH(peer, &sa->ike->peers, link) {
		if (peer == sa->peer || peer->conf != sa->peer->conf || !sa_kill_older(peer, sa))
			continue;
		any = true;
		if (!peer_sa(peer))
			peer_drop_children(peer, NULL, REPORT_DELETED, SA_ANEW);
	}
	return any;
}

void ike_sa_initial_contact(struct ike_sa *sa)
{
	bool any;

	log_info("received INITIAL-CONTACT");
	any = sa_kill_older(sa->peer, sa);
	any |= sa_kill_elsewhere(sa);
	/* what the peer's former life left in our kernel leads nowhere */
	peer_drop_old_children(sa, REPORT_DELETED, SA_ANEW);
	if (any)
		sa_event(sa, EVENT_PHASE1_DOWN, "older SAs", SA_ANEW);
}
