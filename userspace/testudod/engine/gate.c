// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: how many negotiations with strangers may be under way, in all and
 * for one address, and IKEv2's cookies (RFC 7296 2.6). The source of a first
 * message can be forged, so what bounds these must not keep its true owner out:
 *
 *  - IKEv2 asks for a cookie as soon as an address has some, or all have many.
 *    Whoever brings it back receives at its address.
 *  - IKEv1 has none. A first message in main mode costs us nothing but memory, so
 *    the newest are kept and the oldest make room, for whom nothing is lost that
 *    was dear. Not more are taken in a second than leaves each one time for its
 *    next message.
 *  - Those who do receive at their address are counted by themselves, and the
 *    ninth is refused: nobody but its owner can fill up an address.
 *  - Diffie-Hellman for others (IKEv2 while no cookie is asked for, aggressive
 *    mode, which can not do without) is done a few times in a second.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "base/log.h"
#include "engine/sa.h"

#define GATE_FIRSTS	512   /* first messages of IKEv1 that are kept */
#define GATE_FIRSTS_OF	64    /* of one address */
#define GATE_RATE	128   /* of those taken in a second: each is kept for four at least */
#define GATE_RATE_OF	32    /* of one address */
#define GATE_DEARS	16    /* Diffie-Hellman for whom may not be there, in a second, of each version */
#define GATE_REALS	1000  /* half-open IKE SAs of whom receives at its address */
#define GATE_REALS_OF	8     /* of one address */
#define GATE_COOKIES	30    /* half-open IKE SAs from which on IKEv2 asks for cookies */
#define GATE_COOKIES_OF 3     /* of one address */
#define GATE_SECRET	60000 /* ms that a cookie secret is the current one */
#define GATE_LINES	60    /* beginnings in a minute that the log tells of */

/**
 * struct gate_look - what is half open, in all and of one address
 * @reals: of class GATE_REAL
 * @reals_of: the same, of the address
 * @firsts: of class GATE_FIRST
 * @firsts_of: the same, of the address
 * @fresh: those of @firsts that are not older than a second
 * @fresh_of: the same, of the address
 * @all_of: of any class, of the address
 * @oldest: of @firsts
 * @oldest_of: of @firsts_of
 */
struct gate_look {
	unsigned int reals;
	unsigned int reals_of;
	unsigned int firsts;
	unsigned int firsts_of;
	unsigned int fresh;
	unsigned int fresh_of;
	unsigned int all_of;
	struct ike_sa *oldest;
	struct ike_sa *oldest_of;
};

/* Of IPv6 addresses a host has as many as it likes: a /64 is one. */
static bool gate_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct chunk x = addr_bytes(a), y = addr_bytes(b);

	if (x.n == 16 && y.n == 16)
		return memcmp(x.p, y.p, 8) == 0;
	return addr_same_host(a, b);
}

static void gate_look_at(struct gate_look *look, struct ike_sa *sa, bool of)
{
	bool fresh = timer_now() - sa->created < 1000;

	look->all_of += of;
	if (sa->half == GATE_REAL) {
		look->reals++;
		look->reals_of += of;
	}
	if (sa->half != GATE_FIRST)
		return;
	look->firsts++;
	look->fresh += fresh;
	if (!look->oldest || sa->created <= look->oldest->created)
		look->oldest = sa;
	if (!of)
		return;
	look->firsts_of++;
	look->fresh_of += fresh;
	/* a peer's are in the list by age, the newest first */
	if (!look->oldest_of || sa->created <= look->oldest_of->created)
		look->oldest_of = sa;
}

static void gate_look(const struct ike *ike, const struct sockaddr_storage *from,
		      struct gate_look *look)
{
	const struct ike_peer *peer;
	struct ike_sa *sa;

	memset(look, 0, sizeof(*look));
	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link) {
			if (sa->half != GATE_NONE)
				gate_look_at(look, sa, gate_same(&sa->path.remote, from));
		}
	}
}

static bool gate_refuse(struct ike *ike)
{
	ike->counts.half_open_refused++;
	return false;
}

/*
 * May Diffie-Hellman be done for somebody who may not be there? Each version has
 * its own: IKEv2 has another way when it may not, aggressive mode has none.
 */
static bool gate_dear(struct ike *ike, unsigned int ver)
{
	uint64_t now = timer_now();

	if (now - ike->dear_since[ver] >= 1000) {
		ike->dear_since[ver] = now;
		ike->dears[ver] = 0;
	}
	if (ike->dears[ver] == GATE_DEARS)
		return false;
	ike->dears[ver]++;
	return true;
}

/* ---- counting ---- */

void gate_enter(struct ike_sa *sa, enum gate_class half)
{
	static struct log_limit limit;

	sa->half = half;
	sa->ike->half_open++;
	sa->quiet = !log_limit_ok(&limit, GATE_LINES, timer_now());
}

void gate_leave(struct ike_sa *sa)
{
	if (sa->half != GATE_NONE)
		sa->ike->half_open--;
	sa->half = GATE_NONE;
	sa->quiet = false;
}

bool gate_real(struct ike_sa *sa)
{
	struct gate_look look;

	if (sa->half != GATE_FIRST)
		return true;
	gate_look(sa->ike, &sa->path.remote, &look);
	if (look.reals >= GATE_REALS || look.reals_of >= GATE_REALS_OF)
		return gate_refuse(sa->ike);
	sa->half = GATE_REAL;
	return true;
}

/* ---- IKEv1 ---- */

static void gate_make_room(struct ike_sa *sa)
{
	char from[ADDR_TEXT];

	log_debug("%s: its first message makes room for a newer one", addr_text(&sa->path.remote, from));
	sa->ike->counts.half_open_displaced++;
	ike_sa_kill(sa);
}

bool gate_main(struct ike *ike, const struct sockaddr_storage *from)
{
	struct gate_look look;

	gate_look(ike, from, &look);
	if (look.fresh >= GATE_RATE || look.fresh_of >= GATE_RATE_OF)
		return gate_refuse(ike);
	if (look.firsts_of >= GATE_FIRSTS_OF)
		gate_make_room(look.oldest_of);
	else if (look.firsts >= GATE_FIRSTS)
		gate_make_room(look.oldest);
	return true;
}

bool gate_aggressive(struct ike *ike, const struct sockaddr_storage *from)
{
	return gate_dear(ike, 1) ? gate_main(ike, from) : gate_refuse(ike);
}

/* ---- IKEv2 ---- */

bool gate_cookied(struct ike *ike, const struct sockaddr_storage *from)
{
	struct gate_look look;

	gate_look(ike, from, &look);
	if (look.reals < GATE_REALS && look.reals_of < GATE_REALS_OF)
		return true;
	return gate_refuse(ike);
}

bool gate_wants_cookie(struct ike *ike, const struct sockaddr_storage *from)
{
	struct gate_look look;

	/* under a flood nothing is counted for it */
	if (ike->half_open >= GATE_COOKIES)
		return true;
	gate_look(ike, from, &look);
	return look.all_of >= GATE_COOKIES_OF || !gate_dear(ike, 2);
}

/* The current secret; the one before stays good for cookies that are on their way. */
static void gate_turn(struct ike *ike)
{
	uint64_t now = timer_now();

	if (ike->cookie_since && now - ike->cookie_since < GATE_SECRET)
		return;
	if (ike->cookie_since && now - ike->cookie_since < 2 * GATE_SECRET)
		memcpy(ike->cookie_secret[1], ike->cookie_secret[0], sizeof(ike->cookie_secret[1]));
	else
		crypt_random(ike->cookie_secret[1], sizeof(ike->cookie_secret[1]));
	crypt_random(ike->cookie_secret[0], sizeof(ike->cookie_secret[0]));
	ike->cookie_since = now;
}

static bool gate_make(const uint8_t secret[32], struct chunk ni,
		      const struct sockaddr_storage *from, uint64_t spi_i, uint8_t *out, size_t *len)
{
	const struct chunk parts[] = {
		ni,
		addr_bytes(from),
		chunk(&spi_i, sizeof(spi_i)),
		chunk(secret, 32),
	};

	return crypt_digest("SHA256", parts, 4, out, len);
}

void gate_cookie(struct ike *ike, struct chunk ni, const struct sockaddr_storage *from,
		 uint64_t spi_i, struct blob *cookie)
{
	uint8_t out[CRYPT_HASH_MAX];
	size_t len;

	gate_turn(ike);
	if (gate_make(ike->cookie_secret[0], ni, from, spi_i, out, &len))
		blob_set(cookie, chunk(out, len));
	ike->counts.cookies++;
}

bool gate_cookie_ok(struct ike *ike, struct chunk ni, const struct sockaddr_storage *from,
		    uint64_t spi_i, struct chunk cookie)
{
	uint8_t out[CRYPT_HASH_MAX];
	size_t len;
	int i;

	gate_turn(ike);
	for (i = 0; i < 2; i++) {
		if (gate_make(ike->cookie_secret[i], ni, from, spi_i, out, &len) &&
		    chunk_equal_secret(cookie, chunk(out, len)))
			return true;
	}
	return false;
}
