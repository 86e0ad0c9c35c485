// SPDX-License-Identifier: GPL-2.0
/*
 * INFORMATIONAL exchanges (RFC 7296 1.4): deletes, probes, and words that
 * come when an SA can not be. Everything here is protected.
 */
#include <string.h>

#include "ikev2/v2.h"

#define INFO_GONE (sizeof(((struct v2_exchange *)NULL)->gone) / sizeof(uint32_t))

/* ---- ours ---- */

void v2_delete_child(struct ike_sa *sa, uint8_t proto, uint32_t spi, uint32_t peer_spi)
{
	struct v2_exchange *x = v2_queue_new(sa, V2_X_DELETE);

	x->proto = proto;
	x->spi = spi;
	x->peer_spi = peer_spi;
}

static void info_put_delete(const struct v2_exchange *x, struct wire_out *o)
{
	const uint8_t spi[4] = { x->spi >> 24, x->spi >> 16, x->spi >> 8, x->spi };
	const struct v2_delete d = { .proto = x->proto, .n = 1, .spis = chunk(spi, sizeof(spi)) };

	v2_put_delete(o, &d);
}

bool v2_info_build(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o)
{
	const struct v2_delete ike = { .proto = V2_PROTO_IKE };

	(void)sa;
	switch (x->what) {
	case V2_X_DELETE:
		info_put_delete(x, o);
		return true;
	case V2_X_CLOSE:
		v2_put_delete(o, &ike);
		return true;
	case V2_X_PROBE:
		return true;
	default:
		return false;
	}
}

void v2_info_answer(struct v2_in *in, struct v2_exchange *x)
{
	enum v2_what what = x->what;
	uint16_t error = v2_first_error(&in->msg);

	if (what == V2_X_DELETE)
		child_told(in->sa->ike, v2_proto_ip(x->proto), x->spi);
	v2_exchange_free(x);
	if (what == V2_X_CLOSE) {
		ike_sa_kill(in->sa);
		return;
	}
	if (error)
		log_debug("%s: the peer answers with %s", in->sa->peer->conf->name,
			  wire_v2_notify_name(error));
	/* one of two that both ends began at once, and the other has got all: who began it ends it */
	if (in->sa->initiator)
		v2_close_idle(in->sa);
}

/*
 * What waits is of no use any more; what is under way ends first, as the peer
 * takes our messages in turn. The engine's children of this SA have gone.
 */
void v2_close(struct ike_sa *sa)
{
	if (sa->v2->phase != V2_OPEN) {
		if (sa->v2->phase != V2_ENDING)
			ike_sa_kill(sa);
		return;
	}
	sa->v2->phase = V2_ENDING;
	if (sa->state == IKE_UP)
		sa->state = IKE_CLOSING;
	v2_queue_clear(sa);
	v2_queue_new(sa, V2_X_CLOSE);
	v2_pump(sa);
}

void v2_close_idle(struct ike_sa *sa)
{
	const struct child_sa *child;
	const struct ike_sa *other;
	bool others = false;

	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->ike == sa && child->state != CHILD_DELETING)
			return;
	}
	TAILQ_FOREACH(other, &sa->peer->sas, link)
		others |= other != sa && other->state == IKE_UP && ike_sa_same_end(other, sa);
	if (others && sa->state == IKE_UP)
		v2_close(sa);
}

/* ---- the peer's ---- */

/**
 * struct info_gone - SPIs that the answer names
 * @proto: V2_PROTO_*
 * @n: members of @spi
 * @spi: ours
 */
struct info_gone {
	uint8_t proto;
	unsigned int n;
	uint32_t spi[V2_CHILDREN];
};

/* One child SA of the peer's DELETE; it named the SPI that we send with. */
static void info_delete_child(struct ike_sa *sa, uint8_t proto, uint32_t peer_spi,
			      struct info_gone *gone)
{
	struct child_sa *child = child_by_spi_out(sa->peer, v2_proto_ip(proto), peer_spi);
	uint32_t spi;

	/* its answer that made it may have been overtaken by this */
	if (!child && v2_doing(sa, V2_X_CHILD) && sa->v2->now->ngone < INFO_GONE)
		sa->v2->now->gone[sa->v2->now->ngone++] = peer_spi;
	/* not ours, or deleted by us already: said by leaving it out (RFC 7296 1.4.1) */
	if (!child || child->ike != sa || child->state == CHILD_DELETING)
		return;
	v2_half_old_gone(sa, child);
	child_reprieve(child);
	spi = v2_child_proto(child)->spi_in;
	if (gone->n < V2_CHILDREN)
		gone->spi[gone->n++] = spi;
	log_info("purged IPsec-SA proto_id=%s spi=%u.", proto == V2_PROTO_AH ? "AH" : "ESP", peer_spi);
	/* our answer is all that the peer hears of it */
	child_given_up(child);
}

static void info_delete_children(struct ike_sa *sa, const struct v2_delete *d,
				 struct info_gone *gone)
{
	struct reader r = reader(d->spis);
	unsigned int i;

	for (i = 0; i < d->n && r.n >= 4; i++)
		info_delete_child(sa, d->proto, get_be32(&r), gone);
}

static void info_put_gone(const struct info_gone *gone, struct wire_out *o)
{
	struct v2_delete d = { .proto = gone->proto, .n = gone->n };
	struct writer w = { 0 };
	unsigned int i;

	if (!gone->n)
		return;
	for (i = 0; i < gone->n; i++)
		put_be32(&w, gone->spi[i]);
	d.spis = writer_chunk(&w);
	v2_put_delete(o, &d);
	writer_free(&w);
}

/* The end of the IKE SA, by the peer's wish. An heir that waits takes the children. */
static void info_end(struct ike_sa *sa)
{
	bool was_up = sa->state == IKE_UP;

	if (v2_rekey_inherit(sa))
		was_up = false;
	ike_sa_log(sa, "deleted");
	if (was_up) {
		report_set(&sa->peer->report, REPORT_DELETED, "INFORMATIONAL",
			   "%s deleted the IKE SA", sa->peer->conf->name);
		sa->peer->report.authentic = true;
	}
	v2_half_ike_gone(sa);
	/* our close has nothing to tell in that phase */
	sa->v2->phase = V2_ENDING;
	if (sa->state == IKE_UP)
		ike_sa_end(sa, REPORT_DELETED, "the peer deleted it");
	ike_sa_kill(sa);
}

/* The peer does not believe what we proved, and it is the initiator: nothing is left. */
static void info_refused(struct v2_in *in, uint16_t error)
{
	struct ike_sa *sa = in->sa;

	v2_tell_error(sa, error, "IKE_AUTH", true);
	ike_sa_fail(sa);
}

static uint16_t info_notify(struct v2_in *in)
{
	uint16_t error = v2_first_error(&in->msg);

	if (error)
		log_info("%s: the peer says %s", in->sa->peer->conf->name, wire_v2_notify_name(error));
	/* the only one that the initiator sends after IKE_AUTH (RFC 7296 2.21.2) */
	return error == V2_N_AUTHENTICATION_FAILED ? error : 0;
}

void v2_info_request(struct v2_in *in)
{
	struct info_gone esp = { .proto = V2_PROTO_ESP }, ah = { .proto = V2_PROTO_AH };
	struct ike_sa *sa = in->sa;
	uint16_t refused = info_notify(in);
	bool whole = false;
	struct v2_delete d;
	struct wire_out o;
	unsigned int i;

	for (i = 0; i < in->msg.n; i++) {
		if (in->msg.pl[i].type != P2_DELETE)
			continue;
		if (!v2_get_delete(in->msg.pl[i].body, &d))
			return;
		if (d.proto == V2_PROTO_IKE)
			whole = true;
		else if (d.proto == V2_PROTO_ESP || d.proto == V2_PROTO_AH)
			info_delete_children(sa, &d, d.proto == V2_PROTO_AH ? &ah : &esp);
	}
	v2_half_proven(sa);
	wire_begin_chain(&o);
	if (!whole) {
		info_put_gone(&esp, &o);
		info_put_gone(&ah, &o);
	}
	v2_answer(in, &o);
	if (refused)
		info_refused(in, refused);
	else if (whole)
		info_end(sa);
}
