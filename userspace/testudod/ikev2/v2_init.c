// SPDX-License-Identifier: GPL-2.0
/*
 * IKE_SA_INIT as initiator, and what both sides have in common. Nothing here is
 * authenticated: a COOKIE and an INVALID_KE_PAYLOAD are followed a bounded
 * number of times, any other word against us is only remembered, for "why", and
 * a real answer may still come.
 */
#include <string.h>

#include "ikev2/v2.h"

#define INIT_COOKIES	5    /* that we follow */
#define INIT_COOKIE_MAX 64   /* bytes (RFC 7296 2.6) */

static const uint16_t init_hashes[] = { 2, 3, 4, 5 }; /* SHA2-256, 384, 512, identity */

/* ---- what both sides do ---- */

size_t v2_nonce_size(const struct ike_sa *sa)
{
	size_t n = sa->peer->conf->nonce_size;

	/* half the key of the longest PRF at least (RFC 7296 2.10) */
	if (n < CRYPT_HASH_MAX / 2)
		return CRYPT_HASH_MAX / 2;
	return n > V2_NONCE_MAX ? V2_NONCE_MAX : n;
}

void v2_nonce_make(struct blob *nonce, size_t n)
{
	uint8_t bytes[V2_NONCE_MAX];

	crypt_random(bytes, n);
	blob_set(nonce, chunk(bytes, n));
}

bool v2_get_nonce(const struct wire_msg *msg, struct chunk *nonce)
{
	const struct wire_pl *pl = wire_find(msg, P2_NONCE);

	if (!pl || pl->body.n < V2_NONCE_MIN || pl->body.n > V2_NONCE_MAX)
		return false;
	*nonce = pl->body;
	return true;
}

bool v2_repeated(const struct wire_msg *msg)
{
	static const uint8_t once[] = { P2_SA, P2_KE, P2_NONCE, P2_IDI, P2_IDR, P2_AUTH, P2_TSI, P2_TSR };
	size_t i;

	for (i = 0; i < sizeof(once); i++) {
		if (wire_count(msg, once[i]) > 1)
			return true;
	}
	return false;
}

uint8_t v2_critical(const struct wire_msg *msg)
{
	unsigned int i;

	for (i = 0; i < msg->n; i++) {
		uint8_t type = msg->pl[i].type;

		if (msg->pl[i].critical && (type < P2_SA || type > P2_EAP) && type != P2_SKF)
			return type;
	}
	return 0;
}

static void init_put_natd(struct ike_sa *sa, struct wire_out *o)
{
	uint8_t hash[CRYPT_HASH_MAX];
	size_t n;

	if (sa->peer->conf->natt == CONF_OFF)
		return;
	if (natt_hash_own(sa, "SHA1", hash, &n))
		v2_put_status(o, V2_N_NAT_DETECTION_SOURCE_IP, chunk(hash, n));
	if (natt_hash("SHA1", sa->spi_i, sa->spi_r, &sa->path.remote, hash, &n))
		v2_put_status(o, V2_N_NAT_DETECTION_DESTINATION_IP, chunk(hash, n));
}

static void init_put_abilities(struct ike_sa *sa, struct wire_out *o)
{
	uint8_t hashes[2 * sizeof(init_hashes) / sizeof(init_hashes[0])];
	size_t i;

	if (sa->peer->conf->ike_frag != CONF_OFF)
		v2_put_status(o, V2_N_FRAGMENTATION_SUPPORTED, chunk(NULL, 0));
	for (i = 0; i < sizeof(init_hashes) / sizeof(init_hashes[0]); i++) {
		hashes[2 * i] = init_hashes[i] >> 8;
		hashes[2 * i + 1] = init_hashes[i] & 0xff;
	}
	v2_put_status(o, V2_N_SIGNATURE_HASH_ALGORITHMS, chunk(hashes, sizeof(hashes)));
	if (!sa->initiator)
		v2_put_status(o, V2_N_CHILDLESS_IKEV2_SUPPORTED, chunk(NULL, 0));
}

void v2_init_put(struct ike_sa *sa, const struct v2_sa *proposal, const struct crypt_dh *dh,
		 struct wire_out *o)
{
	v2_put_sa(o, proposal);
	v2_put_ke(o, dh->group->v2, blob_chunk(&dh->public));
	wire_put(o, P2_NONCE, blob_chunk(sa->initiator ? &sa->v2->ni : &sa->v2->nr));
	init_put_natd(sa, o);
	init_put_abilities(sa, o);
}

static void init_read_hashes(struct v2_state *v2, struct chunk data)
{
	struct reader r = reader(data);
	uint16_t id;

	v2->rfc7427 = true;
	while (r.n >= 2) {
		id = get_be16(&r);
		if (id < 32)
			v2->hashes |= 1u << id;
	}
}

/* Is the address of one of the notifications of that type? @any: there is one. */
static bool init_natd_match(const struct wire_msg *msg, const struct wire_hdr *hdr, uint16_t type,
			    const struct sockaddr_storage *addr, bool *any)
{
	uint8_t hash[CRYPT_HASH_MAX];
	struct v2_notify n;
	unsigned int i;
	size_t len;

	*any = false;
	if (!natt_hash("SHA1", hdr->spi_i, hdr->spi_r, addr, hash, &len))
		return true;
	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P2_NOTIFY || !v2_get_notify(msg->pl[i].body, &n) || n.type != type)
			continue;
		*any = true;
		if (chunk_equal(n.data, chunk(hash, len)))
			return true;
	}
	return false;
}

static void init_read_natd(struct ike_sa *sa, const struct ike_path *path,
			   const struct wire_hdr *hdr, const struct wire_msg *msg)
{
	bool src, dst, any_src, any_dst;

	if (sa->peer->conf->natt == CONF_OFF)
		return;
	src = init_natd_match(msg, hdr, V2_N_NAT_DETECTION_SOURCE_IP, &path->remote, &any_src);
	dst = init_natd_match(msg, hdr, V2_N_NAT_DETECTION_DESTINATION_IP, &path->local, &any_dst);
	if (any_src && any_dst)
		natt_detected(sa, dst, src);
}

void v2_init_read(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		  const struct wire_msg *msg)
{
	struct v2_notify n;

	sa->peer_frag = v2_find_notify(msg, V2_N_FRAGMENTATION_SUPPORTED, &n) &&
			sa->peer->conf->ike_frag != CONF_OFF;
	sa->v2->rfc7427 = false;
	sa->v2->hashes = 0;
	if (v2_find_notify(msg, V2_N_SIGNATURE_HASH_ALGORITHMS, &n))
		init_read_hashes(sa->v2, n.data);
	init_read_natd(sa, path, hdr, msg);
}

bool v2_init_keys(struct ike_sa *sa, struct chunk shared)
{
	struct v2_state *v2 = sa->v2;
	struct blob seed = { 0 };
	bool ok;

	ok = crypt_prf_nonces(sa->suite.prf, blob_chunk(&v2->ni), blob_chunk(&v2->nr), shared, &seed) &&
	     crypt_v2_keys(&sa->suite, blob_chunk(&seed), blob_chunk(&v2->ni), blob_chunk(&v2->nr),
			   sa->spi_i, sa->spi_r, &v2->keys);
	blob_wipe(&seed);
	if (!ok)
		report_set(&sa->peer->report, REPORT_CRYPTO, "IKE_SA_INIT", "libcrypto made no keys");
	return ok;
}

/* ---- the request ---- */

/* Our public value, of the group the peer wants or of our first; false: libcrypto has not got it. */
static bool init_dh(struct ike_sa *sa)
{
	struct v2_state *v2 = sa->v2;
	const struct alg *group;

	if (v2->dh)
		return true;
	group = prop_v2_ike_group(sa->peer->conf, v2->ntried ? v2->tried[v2->ntried - 1] : 0);
	v2->dh = group ? crypt_dh_new(group) : NULL;
	if (!v2->dh) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "IKE_SA_INIT",
			   "libcrypto makes no key for the group %s", group ? group->name : "of the proposal");
		return false;
	}
	if (!v2->ntried)
		v2->tried[v2->ntried++] = group->v2;
	return true;
}

static void init_put(struct ike_sa *sa, struct wire_out *o)
{
	struct v2_state *v2 = sa->v2;
	struct v2_sa offer;

	if (v2->cookie.n)
		v2_put_status(o, V2_N_COOKIE, blob_chunk(&v2->cookie));
	prop_v2_ike_offer(sa->peer->conf, chunk(NULL, 0), &offer);
	v2_init_put(sa, &offer, v2->dh, o);
}

/* The only exchange that is not protected: it sends itself, also again with a cookie. */
void v2_init_build(struct ike_sa *sa, struct v2_exchange *x)
{
	const struct wire_hdr hdr = {
		.spi_i = sa->spi_i,
		.version = 0x20,
		.exchange = V2_SA_INIT,
		.flags = WIRE_V2_INITIATOR,
	};
	struct v2_state *v2 = sa->v2;
	struct blob dg = { 0 };
	struct wire_out o;

	v2->now = x;
	v2->next_out = 1;
	if (!v2->ni.n)
		v2_nonce_make(&v2->ni, v2_nonce_size(sa));
	if (!init_dh(sa)) {
		ike_sa_fail(sa);
		return;
	}
	wire_begin(&o, &hdr);
	init_put(sa, &o);
	wire_end(&o);
	dg = writer_blob(&o.w);
	blob_set(&v2->init_i, blob_chunk(&dg));
	flight_load(&sa->flight, &sa->path, &dg);
	flight_launch(&sa->flight);
}

/* ---- the answer ---- */

/* Nobody proved that the peer said so; what it said is kept for the report. */
static void init_refused(struct ike_sa *sa, uint16_t error)
{
	struct v2_state *v2 = sa->v2;

	if (v2->refused)
		return;
	v2->refused = true;
	v2_tell_error(sa, error, "IKE_SA_INIT", false);
	log_debug("%s: an unauthenticated %s; waiting for a better answer", sa->peer->conf->name,
		  wire_v2_notify_name(error));
	timer_set(&v2->refusal, V2_REFUSAL);
}

void v2_refusal_over(void *arg)
{
	struct ike_sa *sa = arg;

	if (sa->state == IKE_DEAD)
		return;
	if (sa->state == IKE_BEGUN && sa->v2->phase == V2_INITIAL)
		ike_sa_fail(sa);
	else if (v2_doing(sa, V2_X_AUTH))
		v2_no_answer(sa);
	else if (sa->state == IKE_CLOSING)
		ike_sa_kill(sa);
}

static void init_restart(struct ike_sa *sa)
{
	struct v2_exchange *x = sa->v2->now;

	flight_clear(&sa->flight);
	v2_init_build(sa, x);
}

/* COOKIE: the same again with it in front. False: it is none, or one too many. */
static bool init_cookie(struct ike_sa *sa, const struct wire_msg *msg)
{
	struct v2_state *v2 = sa->v2;
	struct v2_notify n;

	if (!v2_find_notify(msg, V2_N_COOKIE, &n))
		return false;
	if (!n.data.n || n.data.n > INIT_COOKIE_MAX || v2->cookies++ >= INIT_COOKIES)
		return true;
	blob_set(&v2->cookie, n.data);
	init_restart(sa);
	return true;
}

/*
 * INVALID_KE_PAYLOAD: another group, if we offered it and have not come with it yet. A slow peer says
 * it once more, to the repetition of what we came with before: what we come with now is its answer.
 */
static bool init_other_group(struct ike_sa *sa, const struct v2_notify *n)
{
	struct v2_state *v2 = sa->v2;
	struct reader r = reader(n->data);
	uint16_t wanted = get_be16(&r);
	unsigned int i;

	if (r.failed || r.n || !wanted || v2->ntried == V2_TRIED ||
	    !prop_v2_ike_group(sa->peer->conf, wanted))
		return false;
	if (v2->ntried > 1 && v2->tried[v2->ntried - 1] == wanted)
		return true;
	for (i = 0; i < v2->ntried; i++) {
		if (v2->tried[i] == wanted)
			return false;
	}
	v2->tried[v2->ntried++] = wanted;
	crypt_dh_free(v2->dh);
	v2->dh = NULL;
	init_restart(sa);
	return true;
}

static void init_no(struct ike_sa *sa, const struct wire_msg *msg)
{
	uint16_t error = v2_first_error(msg);
	struct v2_notify n;

	if (init_cookie(sa, msg))
		return;
	if (error == V2_N_INVALID_KE_PAYLOAD && v2_find_notify(msg, error, &n) &&
	    init_other_group(sa, &n))
		return;
	if (error)
		init_refused(sa, error);
	else
		sa->ike->counts.bad++;
}

/* Suite, secret and keys; false: not an answer that we can use, and nothing has changed. */
static bool init_accept(struct ike_sa *sa, const struct wire_hdr *hdr, const struct wire_msg *msg)
{
	struct v2_state *v2 = sa->v2;
	struct wire_fault fault = { 0 };
	struct report why = { 0 };
	struct suite suite = { 0 };
	struct chunk ke, nr;
	struct blob shared = { 0 };
	const char *bad = NULL;
	struct v2_sa theirs;
	uint16_t group;
	bool ok;

	if (!v2_get_sa(wire_find(msg, P2_SA)->body, &theirs, &fault) ||
	    !v2_get_ke(wire_find(msg, P2_KE)->body, &group, &ke) || !v2_get_nonce(msg, &nr))
		return false;
	if (!prop_v2_ike_accept(sa->peer->conf, &theirs, &suite, &why)) {
		if (!v2->refused)
			sa->peer->report = why;
		v2->refused = true;
		timer_set(&v2->refusal, V2_REFUSAL);
		return false;
	}
	if (suite.dh != v2->dh->group || group != suite.dh->v2 ||
	    !crypt_dh_shared(v2->dh, ke, &shared, &bad)) {
		log_info("%s: its key exchange value is not usable: %s", sa->peer->conf->name,
			 bad ? bad : "another group");
		return false;
	}
	sa->suite = suite;
	sa->spi_r = hdr->spi_r;
	blob_set(&v2->nr, nr);
	ok = v2_init_keys(sa, blob_chunk(&shared));
	blob_wipe(&shared);
	if (ok)
		return true;
	ike_sa_fail(sa);
	return false;
}

static bool init_read(const struct wire_hdr *hdr, struct chunk data, struct wire_msg *msg)
{
	struct wire_fault fault = { 0 };

	memset(msg, 0, sizeof(*msg));
	msg->hdr = *hdr;
	msg->data = data;
	return !hdr->msgid && !(hdr->flags & WIRE_V2_INITIATOR) &&
	       wire_read_chain(chunk(data.p + WIRE_HDR_LEN, data.n - WIRE_HDR_LEN), hdr->next, msg,
			       &fault) &&
	       !v2_repeated(msg) && !v2_critical(msg);
}

void v2_init_answer(struct ike_sa *sa, const struct ike_path *path, const struct wire_hdr *hdr,
		    struct chunk data)
{
	struct v2_state *v2 = sa->v2;
	struct wire_msg msg;

	if (!v2_doing(sa, V2_X_INIT) || !init_read(hdr, data, &msg)) {
		sa->ike->counts.bad++;
		return;
	}
	if (!wire_find(&msg, P2_SA) || !wire_find(&msg, P2_KE) || !wire_find(&msg, P2_NONCE)) {
		init_no(sa, &msg);
		return;
	}
	if (!hdr->spi_r || !init_accept(sa, hdr, &msg)) {
		sa->ike->counts.bad++;
		return;
	}
	/* the peer has begun one too, and that is up: what waits goes there */
	if (peer_sa_from(sa->peer, &sa->path.local)) {
		struct ike_peer *peer = sa->peer;

		ike_sa_kill(sa);
		peer_kick(peer);
		return;
	}
	flight_clear(&sa->flight);
	timer_stop(&v2->refusal);
	v2->refused = false;
	v2_exchange_free(v2->now);
	v2->now = NULL;
	crypt_dh_free(v2->dh);
	v2->dh = NULL;
	blob_set(&v2->init_r, data);
	v2_init_read(sa, path, hdr, &msg);
	natt_float(sa);
	v2->phase = V2_KEYED;
	/* IKE_INTERMEDIATE would be queued here, in front */
	v2_queue_new(sa, V2_X_AUTH);
	v2_pump(sa);
}
