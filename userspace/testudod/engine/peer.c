// SPDX-License-Identifier: GPL-2.0
/*
 * Peers: whom the engine deals with, when it tries again, and what is known of
 * their identities and certificates. A peer that fails is asked less and less
 * often, by one probe at a time, however much waits for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sa.h"

#define PEER_RETRY     30000 /* ms until the second attempt, doubled each time */
#define PEER_LINES	10	/* of its failures in a minute */
#define PEER_RETRY_MAX 600000
#define PEER_CHAIN     14   /* certificates beside a peer's own, for the memory of bad ones */
#define PEER_SOON      1000 /* ms until what lasted for a while and ended is made anew */
#define PEER_IDLE      64   /* strangers that are remembered although nothing came of them */
#define PEER_FAILED    512  /* strangers whose back-off is remembered */
#define PEER_CROWD     1000 /* strangers whom we ask at the same time */

static void peer_tick(void *arg)
{
	struct ike_peer *peer = arg;

	peer_want_again(peer);
	/* a stranger whose back-off is over may be forgotten */
	if (peer->conf->anonymous)
		timer_set(&peer->ike->reaper, 0);
}

static struct ike_peer *peer_make(struct ike *ike, const struct conf_remote *conf,
				  const struct sockaddr_storage *addr)
{
	struct ike_peer *peer = xcalloc(1, sizeof(*peer));

	peer->ike = ike;
	peer->conf = conf;
	peer->addr = *addr;
	TAILQ_INIT(&peer->sas);
	TAILQ_INIT(&peer->children);
	timer_init(&peer->retry, peer_tick, peer);
	timer_init(&peer->again, peer_tick, peer);
	TAILQ_INSERT_TAIL(&ike->peers, peer, link);
	/* a stranger of whom nothing comes is forgotten again */
	if (conf->anonymous)
		timer_set(&ike->reaper, 0);
	return peer;
}

/* Nothing is under way with that stranger; @failed: but its back-off runs. */
static bool peer_is_idle(const struct ike_peer *peer, bool failed)
{
	return peer->conf->anonymous && TAILQ_EMPTY(&peer->sas) && TAILQ_EMPTY(&peer->children) &&
	       timer_pending(&peer->retry) == failed;
}

/* The newest keep what went wrong with them, for "why". */
static void peer_sweep_some(struct ike *ike, bool failed, unsigned int most)
{
	struct ike_peer *peer, *next;
	unsigned int idle = 0;

	TAILQ_FOREACH(peer, &ike->peers, link)
		idle += peer_is_idle(peer, failed);
	TAILQ_FOREACH_SAFE(peer, &ike->peers, link, next) {
		if (idle <= most)
			return;
		if (!peer_is_idle(peer, failed))
			continue;
		peer_free(peer);
		idle--;
	}
}

void peer_sweep(struct ike *ike)
{
	peer_sweep_some(ike, false, PEER_IDLE);
	peer_sweep_some(ike, true, PEER_FAILED);
}

/*
 * A policy for everybody and a remote anonymous: whoever makes us send packets
 * to made-up addresses must not fill our memory with negotiations.
 */
bool peer_crowd(const struct ike *ike, const struct sockaddr_storage *addr)
{
	const struct conf_remote *conf = conf_remote_by_addr(ike->conf, addr);
	const struct ike_peer *peer;
	unsigned int n = 0;

	if (!conf || !conf->anonymous)
		return false;
	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (addr_same_host(&peer->addr, addr))
			return false;
		n += peer->conf->anonymous && !peer_sa(peer) && !TAILQ_EMPTY(&peer->sas);
	}
	return n >= PEER_CROWD;
}

struct ike_peer *peer_get(struct ike *ike, const struct sockaddr_storage *addr)
{
	const struct conf_remote *conf = conf_remote_by_addr(ike->conf, addr);
	struct ike_peer *peer;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		/* behind one NAT several peers share an address: they differ by port */
		if (peer->conf == conf && addr_same_host(&peer->addr, addr) &&
		    (!addr_port(addr) || !addr_port(&peer->addr) || !conf->anonymous ||
		     addr_port(&peer->addr) == addr_port(addr)))
			return peer;
	}
	return conf ? peer_make(ike, conf, addr) : NULL;
}

void peer_unknown(struct ike *ike, const struct sockaddr_storage *addr, const char *stage)
{
	char host[ADDR_TEXT];

	addr_host(addr, host);
	ike->stranger = *addr;
	report_set(&ike->reports, REPORT_NO_CONFIG, stage,
		   "no remote block is for %s, and there is no remote anonymous", host);
	report_fix(&ike->reports, "remote %s { ... }", host);
}

void peer_free(struct ike_peer *peer)
{
	struct child_sa *child;
	struct ike_sa *sa;

	while ((child = TAILQ_FIRST(&peer->children))) {
		child->unwanted = true;
		child_refuse(child, ECONNREFUSED);
		child_free(child);
	}
	while ((sa = TAILQ_FIRST(&peer->sas)))
		ike_sa_kill(sa);
	ike_reap_dead(peer->ike);
	timer_free(&peer->retry);
	timer_free(&peer->again);
	cert_store_free(peer->store);
	cert_free(peer->cert);
	TAILQ_REMOVE(&peer->ike->peers, peer, link);
	free(peer);
}

/* @local NULL: any */
static bool peer_is_from(const struct sockaddr_storage *addr, const struct sockaddr_storage *local)
{
	return !local || addr_same_host(addr, local);
}

struct ike_sa *peer_sa_from(const struct ike_peer *peer, const struct sockaddr_storage *local)
{
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &peer->sas, link) {
		if (sa->state == IKE_UP && peer_is_from(&sa->path.local, local))
			return sa;
	}
	return NULL;
}

struct ike_sa *peer_sa(const struct ike_peer *peer)
{
	return peer_sa_from(peer, NULL);
}

bool peer_busy_from(const struct ike_peer *peer, const struct sockaddr_storage *local)
{
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &peer->sas, link) {
		if (sa->state == IKE_BEGUN && sa->initiator && peer_is_from(&sa->path.local, local))
			return true;
	}
	return false;
}

bool peer_busy(const struct ike_peer *peer)
{
	return peer_busy_from(peer, NULL);
}

static struct child_sa *peer_next_wanted(const struct ike_peer *peer,
					 const struct sockaddr_storage *local)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->state == CHILD_WANTED && peer_is_from(child_from(child), local))
			return child;
	}
	return NULL;
}

/*
 * A start may fail and free any of them. One that was started and still waits
 * says that its turn has not come, nor that of those behind it.
 */
static void peer_start_children(struct ike_peer *peer, const struct sockaddr_storage *local)
{
	struct child_sa *child;
	struct ike_sa *sa;

	while ((sa = peer_sa_from(peer, local)) && (child = peer_next_wanted(peer, local)) &&
	       !child->looked) {
		child->looked = true;
		if (child->ike && child->ike->state == IKE_UP)
			sa = child->ike;
		/* IKEv2 rekeys a child SA under its own IKE SA only */
		if (sa->ver == 2 && child->replaces && child->replaces->ike != sa)
			child->replaces = NULL;
		child->ike = sa;
		sa->vops->child_start(sa, child);
	}
}

/* Does a statement of listen have that address? Without any, all are listened on. */
static bool peer_listens(const struct conf *conf, const struct sockaddr_storage *addr)
{
	const struct conf_listen *l;
	bool any = false;

	TAILQ_FOREACH(l, &conf->listens, link) {
		if (l->natt)
			continue;
		any = true;
		if (addr_same_host(&l->addr, addr) ||
		    (l->addr.ss_family == addr->ss_family && addr_is_any(&l->addr)))
			return true;
	}
	return !any;
}

int peer_local(const struct ike *ike, const struct sockaddr_storage *remote,
	       struct sockaddr_storage *local)
{
	int err = ike->ops->local_addr(ike->ops_arg, remote, local);
	const struct conf_listen *l;

	if (err || peer_listens(ike->conf, local))
		return err;
	TAILQ_FOREACH(l, &ike->conf->listens, link) {
		if (l->natt || l->addr.ss_family != local->ss_family ||
		    !ike->ops->is_local(ike->ops_arg, &l->addr))
			continue;
		*local = l->addr;
		return 0;
	}
	return -EADDRNOTAVAIL;
}

/* What stands against IKE from there; NULL: nothing. */
static const char *peer_obstacle(const struct ike *ike, const struct sockaddr_storage *local)
{
	if (!ike->ops->is_local(ike->ops_arg, local))
		return "is no address of this host";
	return peer_listens(ike->conf, local) ? NULL : "is not among the addresses of listen";
}

/* Can IKE take it? False: the report is filled. */
static bool peer_path(struct ike_peer *peer, const struct ike_path *path)
{
	const struct ike *ike = peer->ike;
	struct sockaddr_storage route;
	char from[ADDR_TEXT], to[ADDR_TEXT];
	const char *why;
	int err;

	err = ike->ops->local_addr(ike->ops_arg, &path->remote, &route);
	if (err) {
		report_set(&peer->report, REPORT_NO_ANSWER, "phase 1",
			   "no route to %s: %s", peer->conf->name, strerror(-err));
		return false;
	}
	why = peer_obstacle(ike, &path->local);
	if (!why)
		return true;
	report_set(&peer->report, REPORT_NO_CONFIG, "phase 1",
		   "%s %s, and a policy says that packets to %s leave from there",
		   addr_host(&path->local, from), why, addr_host(&path->remote, to));
	return false;
}

/* Not even a first message can be sent: the report says why. */
static void peer_stuck(struct ike_peer *peer, const struct ike_path *path)
{
	char text[2 * ADDR_TEXT];
	const struct ike_event ev = {
		.kind = EVENT_PHASE1_FAILED,
		.peer = peer->conf->name,
		.remote = path->remote,
		.text = ike_path_text(path, text),
		.reason = peer->report.sentence,
	};

	peer_tell(peer, NULL);
	peer->ike->ops->event(peer->ike->ops_arg, &ev);
	peer_failed(peer);
}

static void peer_initiate(struct ike_peer *peer, const struct sockaddr_storage *local)
{
	struct ike_path path = { .local = *local, .remote = peer->addr };
	uint16_t port = addr_port(&peer->conf->addr);
	struct ike_sa *sa;

	addr_set_port(&path.remote, port ? port : 500);
	if (!peer_path(peer, &path)) {
		peer_stuck(peer, &path);
		return;
	}
	addr_set_port(&path.local, peer->ike->port);
	sa = ike_sa_new(peer, peer->conf->versions[0], true, &path);
	sa->vops->initiate(sa);
}

static void peer_kick_from(struct ike_peer *peer, const struct sockaddr_storage *local)
{
	if (peer_sa_from(peer, local)) {
		peer_start_children(peer, local);
		return;
	}
	if (peer_busy_from(peer, local) || timer_pending(&peer->retry))
		return;
	if (peer->conf->passive || !peer->addr.ss_family || addr_is_any(&peer->addr)) {
		report_set(&peer->report, REPORT_NO_CONFIG, "phase 1",
			   "%s is configured as passive: it has to begin", peer->conf->name);
		peer_failed(peer);
		return;
	}
	peer_initiate(peer, local);
}

static struct child_sa *peer_next_unseen(const struct ike_peer *peer)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->state == CHILD_WANTED && !child->looked)
			return child;
	}
	return NULL;
}

/* Each of our addresses in turn: what waits for an IKE SA from one has no use for another's. */
void peer_kick(struct ike_peer *peer)
{
	struct sockaddr_storage local;
	struct child_sa *child;

	if (peer->ike->closing)
		return;
	TAILQ_FOREACH(child, &peer->children, link)
		child->looked = false;
	while ((child = peer_next_unseen(peer))) {
		local = *child_from(child);
		peer_kick_from(peer, &local);
		TAILQ_FOREACH(child, &peer->children, link)
			child->looked |= addr_same_host(child_from(child), &local);
	}
}

void peer_set_addr(struct ike_peer *peer, const struct sockaddr_storage *addr)
{
	if (peer->conf->anonymous || addr_same_host(&peer->addr, addr))
		peer->addr = *addr;
}

/* How long to wait after so many failures in a row, the first is 1. */
static uint64_t peer_backoff(unsigned int failures)
{
	uint64_t ms = PEER_RETRY;
	unsigned int i;

	for (i = 1; i < failures && ms < PEER_RETRY_MAX; i++)
		ms *= 2;
	return ms < PEER_RETRY_MAX ? ms : PEER_RETRY_MAX;
}

void peer_lost(struct ike_peer *peer, bool lived)
{
	if (!peer->conf->start || peer->ike->closing || timer_pending(&peer->again))
		return;
	peer->misses = lived ? 0 : peer->misses + 1;
	timer_set(&peer->again, lived ? PEER_SOON : peer_backoff(peer->misses));
}

/* Those that nobody will start again have their packets let go by the kernel. */
void peer_refuse_waiting(struct ike_peer *peer)
{
	struct child_sa *child, *next;

	TAILQ_FOREACH_SAFE(child, &peer->children, link, next) {
		if (child->state != CHILD_WANTED || child->replaces ||
		    peer_sa_from(peer, child_from(child)) || peer_busy_from(peer, child_from(child)))
			continue;
		child_refuse(child, ECONNREFUSED);
		if (!peer->conf->start)
			child_free(child);
	}
}

void peer_failed(struct ike_peer *peer)
{
	uint64_t ms = peer_backoff(++peer->failures);
	const struct child_sa *child;

	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->state == CHILD_WANTED && child->acquire)
			child_log_waited(child);
	}
	/* what is wrong in a file is not mended by asking again */
	if (report_is_definite(peer->report.cause))
		ms = PEER_RETRY_MAX;
	timer_set(&peer->retry, ms);
	if (peer->conf->anonymous)
		timer_set(&peer->ike->reaper, 0);
	peer_refuse_waiting(peer);
}

void peer_tell(struct ike_peer *peer, const char *first)
{
	const struct report *r = &peer->report;

	peer->ike->counts.failed[r->cause]++;
	if (!log_limit_ok(&peer->limit, PEER_LINES, timer_now()))
		return;
	if (first)
		log_error("%s", first);
	log_error("%s: %s", peer->conf->name, r->sentence);
	if (r->fix[0])
		log_info("%s: to mend it: %s", peer->conf->name, r->fix);
}

void peer_succeeded(struct ike_peer *peer)
{
	peer->failures = 0;
	timer_stop(&peer->retry);
	report_clear(&peer->report);
}

struct cert_store *peer_store(struct ike_peer *peer)
{
	if (!peer->store)
		peer->store = cert_store_load(peer->ike->src, peer->ike->conf, peer->conf);
	return peer->store;
}

struct cert *peer_cert(struct ike_peer *peer)
{
	char why[256];

	if (peer->cert || !peer->conf->cert)
		return peer->cert;
	peer->cert = cert_load(peer->ike->src, peer->conf->cert, why, sizeof(why));
	if (!peer->cert)
		log_error("%s: our certificate %s can not be used: %s", peer->conf->name,
			  peer->conf->cert, why);
	return peer->cert;
}

/*
 * What identifies a verification: the same certificates for the same identity.
 * A chain that lacks somebody must not speak for one that does not.
 */
static bool peer_cert_digest(const struct cert *leaf, struct cert *const *chain, size_t n,
			     const struct id *id, uint8_t out[32])
{
	/* where its data end, and what they are, or one identity could be made to look like another */
	const uint64_t form[2] = { id ? id->type : 0, id ? id->data.n : 0 };
	struct chunk parts[3 + PEER_CHAIN];
	uint8_t digest[CRYPT_HASH_MAX];
	size_t i, len;

	if (n > PEER_CHAIN)
		return false;
	parts[0] = cert_der(leaf);
	parts[1] = chunk((const uint8_t *)form, sizeof(form));
	parts[2] = id ? blob_chunk(&id->data) : chunk(NULL, 0);
	for (i = 0; i < n; i++)
		parts[3 + i] = cert_der(chain[i]);
	if (!crypt_digest("SHA256", parts, 3 + n, digest, &len))
		return false;
	memcpy(out, digest, 32);
	return true;
}

/* A verdict that time alone, or a clock set right, can change. */
static bool peer_cert_timely(const struct cert_verdict *verdict)
{
	return verdict->cause == CERT_NOT_YET || verdict->cause == CERT_EXPIRED;
}

void peer_verify(struct ike_peer *peer, const struct cert *leaf, struct cert *const *chain,
		 size_t n, const struct id *id, struct cert_verdict *verdict)
{
	uint8_t digest[32];
	bool known = peer_cert_digest(leaf, chain, n, id, digest);

	/* a peer that repeats a bad one does not make us verify it again (racoon did at each retransmission) */
	if (known && peer->bad_verdict.cause != CERT_OK &&
	    memcmp(digest, peer->bad_cert, sizeof(digest)) == 0) {
		*verdict = peer->bad_verdict;
		return;
	}
	cert_verify(peer_store(peer), leaf, chain, n, peer->conf->verify_cert ? id : NULL, verdict);
	if (verdict->cause == CERT_OK || !known || peer_cert_timely(verdict))
		return;
	memcpy(peer->bad_cert, digest, sizeof(digest));
	peer->bad_verdict = *verdict;
}

bool peer_id_allowed(struct ike_peer *peer, const struct id *id, const char *stage)
{
	const struct conf_remote *conf = peer->conf;
	const struct conf_id *want;
	char mine[ID_TEXT], theirs[ID_TEXT];

	if (TAILQ_EMPTY(&conf->peers_ids))
		return true;
	id_text(id, theirs, sizeof(theirs));
	snprintf(mine, sizeof(mine), "%s", "");
	TAILQ_FOREACH(want, &conf->peers_ids, link) {
		struct id addr = { 0 };
		bool match;

		/* a bare "address" is the one that the peer has */
		if (!want->id.type && (want->type == ID_IPV4 || want->type == ID_IPV6)) {
			id_from_addr(&addr, &peer->addr);
			match = id_equal(&addr, id);
			id_text(&addr, mine, sizeof(mine));
			id_free(&addr);
		} else if (!want->id.type) {
			match = want->type == id->type;
			snprintf(mine, sizeof(mine), "any %s", id_type_name(want->type));
		} else {
			match = want->pattern ? id_match(&want->id, id) : id_equal(&want->id, id);
			id_text(&want->id, mine, sizeof(mine));
		}
		if (match)
			return true;
	}
	if (!conf->verify_identifier) {
		log_warn("%s: the peer is %s, not the %s of peers_identifier; verify_identifier is off",
			 conf->name, theirs, mine);
		return true;
	}
	report_set(&peer->report, REPORT_ID, stage, "%s says that it is %s, which peers_identifier does not name",
		   conf->name, theirs);
	report_row(&peer->report, true, "identity", mine, theirs);
	report_fix(&peer->report, "peers_identifier %s;", theirs);
	return false;
}
