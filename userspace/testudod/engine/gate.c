// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: how many negotiations with strangers may be under way, in all and
 * for one address, and IKEv2's cookies (RFC 7296 2.6).
 */
#include <openssl/crypto.h>
#include <string.h>

#include "engine/sa.h"

#define GATE_ALL	1000	/* half-open IKE SAs */
#define GATE_ADDR	8	/* of one address */
#define GATE_COOKIES	30	/* from here on IKEv2 asks for cookies */
#define GATE_SECRET	60000	/* ms that a cookie secret is the current one */

static unsigned int gate_count(const struct ike *ike, const struct sockaddr_storage *from)
{
	const struct ike_peer *peer;
	const struct ike_sa *sa;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (!addr_same_host(&peer->addr, from))
			continue;
		TAILQ_FOREACH(sa, &peer->sas, link)
			n += sa->counted;
	}
	return n;
}

bool gate_open(struct ike *ike, const struct sockaddr_storage *from)
{
	if (!ike->closing && ike->half_open < GATE_ALL && gate_count(ike, from) < GATE_ADDR)
		return true;
	ike->counts.half_open_refused++;
	return false;
}

bool gate_wants_cookie(const struct ike *ike)
{
	return ike->half_open >= GATE_COOKIES;
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
