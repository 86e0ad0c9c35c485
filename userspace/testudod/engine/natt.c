// SPDX-License-Identifier: GPL-2.0
/*
 * NAT traversal as both versions have it: detection by hashes of addresses
 * (RFC 3947 3.2, RFC 7296 2.23), and the move to the other port.
 */
#include "engine/sa.h"

void ike_spi_bytes(uint64_t spi, uint8_t out[8])
{
	int i;

	for (i = 7; i >= 0; i--, spi >>= 8)
		out[i] = spi & 0xff;
}

bool natt_hash(const char *ossl, uint64_t spi_i, uint64_t spi_r, const struct sockaddr_storage *sa,
	       uint8_t out[CRYPT_HASH_MAX], size_t *len)
{
	uint8_t port[2] = { addr_port(sa) >> 8, addr_port(sa) & 0xff };
	uint8_t i[8], r[8];
	struct chunk parts[4];

	ike_spi_bytes(spi_i, i);
	ike_spi_bytes(spi_r, r);
	parts[0] = chunk(i, sizeof(i));
	parts[1] = chunk(r, sizeof(r));
	parts[2] = addr_bytes(sa);
	parts[3] = chunk(port, sizeof(port));
	return crypt_digest(ossl, parts, 4, out, len);
}

bool natt_hash_own(const struct ike_sa *sa, const char *ossl, uint8_t out[CRYPT_HASH_MAX],
		   size_t *len)
{
	if (!natt_hash(ossl, sa->spi_i, sa->spi_r, &sa->path.local, out, len))
		return false;
	/* a hash that fits nothing makes the peer believe in a NAT */
	if (sa->peer->conf->natt == CONF_FORCE)
		out[0] ^= 0xff;
	return true;
}

void natt_detected(struct ike_sa *sa, bool us, bool peer)
{
	/* forced: the peer finds our own hash wrong, so we believe in that NAT too */
	sa->nat_us = !us || sa->peer->conf->natt == CONF_FORCE;
	sa->nat_peer = !peer;
	if (sa->quiet)
		return;
	if (sa->nat_us || sa->nat_peer)
		log_info("NAT detected:%s%s", sa->nat_us ? " ME" : "", sa->nat_peer ? " PEER" : "");
	else
		log_debug("NAT not detected");
}

void natt_float(struct ike_sa *sa)
{
	if (sa->path.natt || !(sa->nat_us || sa->nat_peer))
		return;
	sa->path.natt = true;
	addr_set_port(&sa->path.local, sa->ike->natt_port);
	/* a responder answers to the port that it has seen; an initiator knows the well-known one only */
	if (sa->initiator)
		addr_set_port(&sa->path.remote, 4500);
}

bool natt_in_use(const struct ike_sa *sa)
{
	return sa->path.natt && (sa->nat_us || sa->nat_peer);
}
