/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peers: somebody we deal with, when it is tried again, and what is known of its
 * identity.
 */
#ifndef TESTUDOD_ENGINE_PEER_H
#define TESTUDOD_ENGINE_PEER_H

#include "auth/cert.h"
#include "base/timer.h"
#include "engine/ike.h"

/**
 * struct ike_peer - somebody we deal with: a remote block and an address
 * @link: in struct ike
 * @ike: engine
 * @conf: its block; changes with a reload
 * @addr: its address; the port where it was last heard
 * @sas: its IKE SAs, the newest first
 * @children: its child SAs
 * @report: last failure
 * @failures: in a row, for the back-off
 * @retry: next attempt of what waits
 * @again: "start immediate": when what was lost or refused is asked for anew
 * @misses: times in a row that this did not last
 * @store: CAs of the block, loaded when first needed
 * @cert: our certificate, loaded when first needed
 * @bad_cert: SHA-256 of the last certificate that was refused (no second verification of it)
 * @bad_verdict: what was said of it
 * @limit: keeps its log lines few
 */
struct ike_peer {
	TAILQ_ENTRY(ike_peer) link;
	struct ike *ike;
	const struct conf_remote *conf;
	struct sockaddr_storage addr;
	struct ike_sa_list sas;
	struct child_list children;
	struct report report;
	unsigned int failures;
	struct timer retry;
	struct timer again;
	unsigned int misses;
	struct cert_store *store;
	struct cert *cert;
	uint8_t bad_cert[32];
	struct cert_verdict bad_verdict;
	struct log_limit limit;
};

/* ---- peer.c ---- */

/* the peer for an address, made if a remote block (or anonymous) is there; NULL: none */
struct ike_peer *peer_get(struct ike *ike, const struct sockaddr_storage *addr);
/* there is none: into @ike->reports */
void peer_unknown(struct ike *ike, const struct sockaddr_storage *addr, const char *stage);
void peer_free(struct ike_peer *peer);
/* forget strangers of whom nothing came */
void peer_sweep(struct ike *ike);
/* so many strangers are being asked that another one must not be */
bool peer_crowd(const struct ike *ike, const struct sockaddr_storage *addr);
/* an IKE SA that is up, the newest; NULL: none */
struct ike_sa *peer_sa(const struct ike_peer *peer);
/* the same, if it leaves from that address of ours */
struct ike_sa *peer_sa_from(const struct ike_peer *peer, const struct sockaddr_storage *local);
/* are we about to make an IKE SA with it? and one that leaves from there? */
bool peer_busy(const struct ike_peer *peer);
bool peer_busy_from(const struct ike_peer *peer, const struct sockaddr_storage *local);
/*
 * Our address towards @remote where no policy says one: the route's, or of those that are listened
 * on if that is not among them. 0, or a negative errno: there is no way
 */
int peer_local(const struct ike *ike, const struct sockaddr_storage *remote,
	       struct sockaddr_storage *local);
/*
 * Go on with what waits: start an IKE SA if there is none that leaves from where it does, and the
 * back-off allows, else children.
 */
void peer_kick(struct ike_peer *peer);
/* an attempt failed: @peer->report says why; waiting children are told, and the back-off begins */
void peer_failed(struct ike_peer *peer);
void peer_succeeded(struct ike_peer *peer);
/* count and log the failure in @peer->report, seldom enough; @first: a line before it, NULL: none */
void peer_tell(struct ike_peer *peer, const char *first);
/* all its child SAs that leave from there leave the kernel, without a word to the peer; NULL: all */
void peer_drop_children(struct ike_peer *peer, const struct sockaddr_storage *local,
			enum report_cause cause, const char *reason);
/* those that are older than @sa */
void peer_drop_old_children(struct ike_sa *sa, enum report_cause cause, const char *reason);
/* "start immediate": its policies are negotiated again */
void peer_want_again(struct ike_peer *peer);
/* a child SA ended or failed: the same, but later; soon if it @lived for a while */
void peer_lost(struct ike_peer *peer, bool lived);
/* where it is heard from now; one that the file has an address for is asked there */
void peer_set_addr(struct ike_peer *peer, const struct sockaddr_storage *addr);
/* an authenticated message came from elsewhere: @sa and its child SAs follow */
void peer_moved(struct ike_sa *sa, const struct ike_path *path);
/* CAs and our certificate, loaded when first asked for; cert may be NULL */
struct cert_store *peer_store(struct ike_peer *peer);
struct cert *peer_cert(struct ike_peer *peer);
/* cert_verify() with the memory of bad ones, and verify_cert's rule */
void peer_verify(struct ike_peer *peer, const struct cert *leaf, struct cert *const *chain,
		 size_t n, const struct id *id, struct cert_verdict *verdict);
/* is that identity allowed by peers_identifier? fills the report if not */
bool peer_id_allowed(struct ike_peer *peer, const struct id *id, const char *stage);

/* the kernel need not wait for what waits for the back-off */
void peer_refuse_waiting(struct ike_peer *peer);

/* ---- expiry.c ---- */

/* tell which of our certificates are about to expire; the callback of ike->daily */
void ike_look_at_certs(void *ike);

/* ---- admin.c ---- */

/* a peer for every remote block with an address */
void ike_make_peers(struct ike *ike);

#endif /* TESTUDOD_ENGINE_PEER_H */
