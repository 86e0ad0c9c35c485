// SPDX-License-Identifier: GPL-2.0
/*
 * DELETE both ways. An ISAKMP-SA's end leaves its IPsec-SAs alone (RFC 2408
 * 3.15 knows no tie between them); a DELETE that we get takes both directions.
 */
#include <netinet/in.h>

#include "ikev1/v1_room.h"

/* ---- sending ---- */

static void v1_put_spi(struct wire_out *o, uint8_t proto, uint32_t spi)
{
	const uint8_t bytes[4] = { spi >> 24, spi >> 16, spi >> 8, spi };
	const unsigned int n = proto == V1_PROTO_IPCOMP ? 2 : 4;
	const struct v1_delete d = {
		.proto = proto,
		.spi_size = n,
		.n = 1,
		.spis = chunk(bytes + sizeof(bytes) - n, n),
	};

	v1_put_delete(o, &d);
}

void v1_delete_spi(struct ike_sa *sa, uint8_t ipproto, uint32_t spi)
{
	struct wire_out o;
	uint32_t msgid;

	if (!spi || sa->v1->phase != V1_DONE || sa->state == IKE_DEAD)
		return;
	msgid = v1_info_begin(sa, &o);
	v1_put_spi(&o, v1_proto_of(ipproto), spi);
	v1_info_end(sa, &o, msgid);
}

/* The SPIs that we receive with: those are ours to delete. */
void v1_child_gone(struct ike_sa *sa, struct child_sa *child)
{
	struct wire_out o;
	uint32_t msgid;
	unsigned int i, n = 0;

	for (i = 0; i < child->choice.n; i++)
		n += !!child->choice.p[i].spi_in;
	if (!n || sa->v1->phase != V1_DONE || sa->state == IKE_DEAD)
		return;
	msgid = v1_info_begin(sa, &o);
	for (i = 0; i < child->choice.n; i++) {
		const struct child_proto *p = &child->choice.p[i];

		if (p->spi_in)
			v1_put_spi(&o, v1_proto_of(p->proto), p->spi_in);
	}
	v1_info_end(sa, &o, msgid);
}

void v1_tell_end(struct ike_sa *sa)
{
	uint8_t cookies[16] = { 0 };
	const struct v1_delete d = {
		.proto = V1_PROTO_ISAKMP,
		.spi_size = sizeof(cookies),
		.n = 1,
		.spis = chunk(cookies, sizeof(cookies)),
	};
	struct wire_out o;
	uint32_t msgid;

	if (sa->v1->phase != V1_DONE || sa->state == IKE_DEAD || sa->v1->told)
		return;
	v1_put_cookies(sa, cookies);
	msgid = v1_info_begin(sa, &o);
	v1_put_delete(&o, &d);
	v1_info_end(sa, &o, msgid);
	ike_sa_log(sa, "deleted");
}

/* Nobody answers a DELETE in IKEv1, so the end is at once. */
void v1_close(struct ike_sa *sa)
{
	v1_quick_done_all(sa);
	v1_tell_end(sa);
	ike_sa_kill(sa);
}

/* ---- receiving ---- */

static void v1_take_isakmp(struct ike_sa *sa, struct chunk pair)
{
	struct reader r = reader(pair);
	uint64_t i = get_be64(&r), resp = get_be64(&r);
	char from[ADDR_TEXT];
	struct ike_sa *it;

	TAILQ_FOREACH(it, &sa->peer->sas, link) {
		if (it->ver == 1 && it->spi_i == i && it->spi_r == resp)
			break;
	}
	if (!it || (it != sa && it->state == IKE_BEGUN))
		return;
	ike_sa_log(it, "deleted");
	v1_quick_done_all(it);
	v1_give_back(it);
	/* a superseded one is the peer's to end; of the one in use people want to know */
	if (it->state != IKE_UP) {
		ike_sa_kill(it);
		return;
	}
	report_set(&sa->peer->report, REPORT_DELETED, "phase 1", "%s deleted the ISAKMP-SA",
		   addr_host(&sa->path.remote, from));
	sa->peer->report.authentic = true;
	it->v1->told = true;
	ike_sa_end(it, REPORT_DELETED, sa->peer->report.sentence);
}

static void v1_take_spi(struct ike_sa *sa, uint8_t proto, uint32_t spi)
{
	struct child_sa *child = child_by_spi_out(sa->peer, v1_ipproto(proto), spi);
	char from[ADDR_TEXT];

	if (!child) {
		log_debug("a DELETE for an unknown SPI %08x", spi);
		return;
	}
	if (child->state == CHILD_BEGUN) {
		report_set(&sa->peer->report, REPORT_REFUSED, "phase 2",
			   "%s took its half of the IPsec-SA back before it was up",
			   addr_host(&sa->path.remote, from));
		sa->peer->report.authentic = true;
		child_fail(child);
		return;
	}
	log_info("purged IPsec-SA proto_id=%s spi=%u.",
		 proto == V1_PROTO_AH ? "AH" : proto == V1_PROTO_IPCOMP ? "IPCOMP"
									: "ESP",
		 spi);
	child_reprieve(child);
	child_given_up(child);
}

/**
 * v1_take_delete() - a DELETE payload of a protected message
 * @sa: under which it came
 * @body: payload
 */
void v1_take_delete(struct ike_sa *sa, struct chunk body)
{
	struct v1_delete d;
	struct reader r;
	unsigned int i;

	if (!v1_get_delete(body, &d)) {
		log_debug("%s sent a DELETE that is malformed", sa->peer->conf->name);
		return;
	}
	r = reader(d.spis);
	for (i = 0; i < d.n && !r.failed && sa->state != IKE_DEAD; i++) {
		if (d.proto == V1_PROTO_ISAKMP)
			v1_take_isakmp(sa, get_bytes(&r, d.spi_size));
		else
			v1_take_spi(sa, d.proto, d.spi_size == 2 ? get_be16(&r) : get_be32(&r));
	}
}
