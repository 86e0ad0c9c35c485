// SPDX-License-Identifier: GPL-2.0
/*
 * NAT traversal in IKEv1 (RFC 3947 and the drafts it came from): which version,
 * NAT-D and NAT-OA payloads, the numbers of UDP encapsulation. The engine has
 * the hash and the ports.
 */
#include <linux/ipsec.h>
#include <string.h>

#include "ikev1/v1_room.h"

static bool v1_natt_draft(const struct ike_sa *sa)
{
	return sa->v1->natt != V1_VID_NATT_RFC;
}

/**
 * v1_natt_choose() - the best version that both know, after the vendor ids
 * @sa: whose
 *
 * Drafts 00 and 01 did not move to another port and are not spoken.
 */
void v1_natt_choose(struct ike_sa *sa)
{
	static const enum v1_vid best[] = { V1_VID_NATT_RFC, V1_VID_NATT_03, V1_VID_NATT_02N,
					    V1_VID_NATT_02 };
	unsigned int i;

	if (sa->peer->conf->natt == CONF_OFF || sa->v1->natt != V1_VID_UNKNOWN)
		return;
	for (i = 0; i < sizeof(best) / sizeof(best[0]); i++) {
		if (!(sa->v1->vids & 1u << best[i]))
			continue;
		sa->v1->natt = best[i];
		if (!sa->quiet)
			log_info("Selected NAT-T version: %s", v1_vid_name(best[i]));
		return;
	}
}

/* NAT-D: first the peer's end, then ours (RFC 3947 3.2). */
void v1_put_natd(struct ike_sa *sa, struct wire_out *o)
{
	uint8_t type = v1_natt_draft(sa) ? P1_NAT_D_DRAFT : P1_NAT_D;
	const char *ossl = sa->suite.hash->ossl;
	uint8_t theirs[CRYPT_HASH_MAX], own[CRYPT_HASH_MAX];
	size_t len;

	if (sa->v1->natt == V1_VID_UNKNOWN ||
	    !natt_hash(ossl, sa->spi_i, sa->spi_r, &sa->path.remote, theirs, &len) ||
	    !natt_hash_own(sa, ossl, own, &len))
		return;
	wire_put(o, type, chunk(theirs, len));
	wire_put(o, type, chunk(own, len));
}

static bool v1_natd_is(const struct ike_sa *sa, struct chunk body,
		       const struct sockaddr_storage *addr)
{
	uint8_t out[CRYPT_HASH_MAX];
	size_t len;

	return natt_hash(sa->suite.hash->ossl, sa->spi_i, sa->spi_r, addr, out, &len) &&
	       chunk_equal(body, chunk(out, len));
}

/**
 * v1_take_natd() - is there a NAT, and in front of whom?
 * @sa: whose
 * @msg: message with NAT-D payloads; none: the peer did not want to know
 * @path: where it came from
 */
void v1_take_natd(struct ike_sa *sa, const struct wire_msg *msg, const struct ike_path *path)
{
	bool us = false, peer = false;
	unsigned int i, n = 0;

	if (sa->v1->natt == V1_VID_UNKNOWN)
		return;
	for (i = 0; i < msg->n; i++) {
		struct chunk body = msg->pl[i].body;

		if (msg->pl[i].type != P1_NAT_D && msg->pl[i].type != P1_NAT_D_DRAFT)
			continue;
		/* one for the end it was sent to, then one for each address it may have come from */
		if (!n++)
			us = v1_natd_is(sa, body, &path->local);
		else
			peer |= v1_natd_is(sa, body, &path->remote);
	}
	if (n >= 2)
		natt_detected(sa, us, peer);
}

/* ---- quick mode ---- */

/* The drafts' numbers of UDP encapsulation become RFC 3947's, so that one set is compared. */
void v1_natt_encap_in(struct v1_sa *theirs)
{
	unsigned int i;

	for (i = 0; i < theirs->ntrans; i++) {
		uint16_t *encap = &theirs->trans[i].encap;

		if (*encap == V1_ENCAP_UDP_TUNNEL_DRAFT)
			*encap = V1_ENCAP_UDP_TUNNEL;
		else if (*encap == V1_ENCAP_UDP_TRANSPORT_DRAFT)
			*encap = V1_ENCAP_UDP_TRANSPORT;
	}
}

void v1_natt_encap_out(const struct ike_sa *sa, struct v1_sa *ours)
{
	unsigned int i;

	for (i = 0; v1_natt_draft(sa) && i < ours->ntrans; i++) {
		uint16_t *encap = &ours->trans[i].encap;

		if (*encap == V1_ENCAP_UDP_TUNNEL)
			*encap = V1_ENCAP_UDP_TUNNEL_DRAFT;
		else if (*encap == V1_ENCAP_UDP_TRANSPORT)
			*encap = V1_ENCAP_UDP_TRANSPORT_DRAFT;
	}
}

/*
 * NAT-OA: the address of who began the quick mode as the sender knows it, then
 * the other one's (RFC 3947 5.2).
 */
void v1_put_natoas(const struct v1_exchange *x, struct wire_out *o)
{
	const struct ike_sa *sa = x->sa;
	uint8_t type = v1_natt_draft(sa) ? P1_NAT_OA_DRAFT : P1_NAT_OA;
	const struct sockaddr_storage *us = &sa->path.local, *them = &sa->path.remote;

	v1_put_natoa(o, type, x->initiator ? us : them);
	v1_put_natoa(o, type, x->initiator ? them : us);
}

/**
 * v1_get_natoas() - the original addresses
 * @msg: QM1 or QM2
 * @oa: initiator's and responder's; where only one was sent (drafts) it is the
 *	sender's own, and the second is empty
 *
 * Return: false if there are none, or one is malformed.
 */
bool v1_get_natoas(const struct wire_msg *msg, struct sockaddr_storage oa[2])
{
	unsigned int i, n = 0;

	memset(oa, 0, 2 * sizeof(*oa));
	for (i = 0; i < msg->n; i++) {
		if (msg->pl[i].type != P1_NAT_OA && msg->pl[i].type != P1_NAT_OA_DRAFT)
			continue;
		if (n == 2 || !v1_get_natoa(msg->pl[i].body, &oa[n++]))
			return false;
	}
	return n;
}
