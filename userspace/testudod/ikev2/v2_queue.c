// SPDX-License-Identifier: GPL-2.0
/*
 * Exchanges that we begin: a queue for each IKE SA, one under way at a time
 * (window 1, RFC 7296 2.3), sent again by the flight until answered or given
 * up. What the exchanges say is in the rows of queue_kinds.
 */
#include <stdlib.h>
#include <string.h>

#include "ikev2/v2.h"

#define QUEUE_LATER  2000 /* ms after TEMPORARY_FAILURE, and a dice's throw more */
#define QUEUE_TRIES  10
#define QUEUE_SHRINK 6000 /* ms without an answer until fragments become smaller */

/**
 * struct queue_kind - a kind of exchange
 * @exchange: exchange type
 * @build: put the payloads; false: nothing is to be sent, the exchange is over
 */
struct queue_kind {
	enum wire_exchange exchange;
	bool (*build)(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o);
};

/* IKE_SA_INIT is not protected and sends itself; IKE_INTERMEDIATE's row goes before IKE_AUTH */
static const struct queue_kind queue_kinds[] = {
	[V2_X_INIT] = { V2_SA_INIT, NULL },
	[V2_X_AUTH] = { V2_AUTH, v2_auth_build },
	[V2_X_CHILD] = { V2_CHILD, v2_child_build },
	[V2_X_REKEY] = { V2_CHILD, v2_rekey_build },
	[V2_X_DELETE] = { V2_INFO, v2_info_build },
	[V2_X_CLOSE] = { V2_INFO, v2_info_build },
	[V2_X_PROBE] = { V2_INFO, v2_info_build },
};

struct v2_exchange *v2_queue_new(struct ike_sa *sa, enum v2_what what)
{
	struct v2_exchange *x = xcalloc(1, sizeof(*x));

	x->what = what;
	TAILQ_INSERT_TAIL(&sa->v2->queue, x, link);
	return x;
}

void v2_exchange_free(struct v2_exchange *x)
{
	if (!x)
		return;
	crypt_dh_free(x->dh);
	free(x);
}

bool v2_doing(const struct ike_sa *sa, enum v2_what what)
{
	return sa->v2->now && sa->v2->now->what == what;
}

bool v2_deleting(const struct ike_sa *sa, uint8_t proto, uint32_t peer_spi)
{
	const struct v2_exchange *x = sa->v2->now;

	if (x && x->what == V2_X_DELETE && x->proto == proto && x->peer_spi == peer_spi)
		return true;
	TAILQ_FOREACH(x, &sa->v2->queue, link) {
		if (x->what == V2_X_DELETE && x->proto == proto && x->peer_spi == peer_spi)
			return true;
	}
	return false;
}

void v2_queue_clear(struct ike_sa *sa)
{
	struct v2_exchange *x;

	while ((x = TAILQ_FIRST(&sa->v2->queue))) {
		TAILQ_REMOVE(&sa->v2->queue, x, link);
		if (x->child)
			x->child->exchange = NULL;
		v2_exchange_free(x);
	}
}

void v2_queue_move(struct ike_sa *sa, struct ike_sa *by)
{
	struct v2_exchange *x, *next;

	TAILQ_FOREACH_SAFE(x, &sa->v2->queue, link, next) {
		if (x->what != V2_X_CHILD && x->what != V2_X_DELETE)
			continue;
		TAILQ_REMOVE(&sa->v2->queue, x, link);
		TAILQ_INSERT_TAIL(&by->v2->queue, x, link);
		if (x->child)
			x->child->ike = by;
	}
}

bool v2_queue_again(struct ike_sa *sa, struct v2_exchange *x)
{
	uint8_t dice;

	if (++x->tries > QUEUE_TRIES)
		return false;
	crypt_random(&dice, sizeof(dice));
	x->not_before = timer_now() + QUEUE_LATER + dice * 4u;
	TAILQ_INSERT_TAIL(&sa->v2->queue, x, link);
	return true;
}

static void queue_send(struct ike_sa *sa, struct v2_exchange *x, struct wire_out *o)
{
	struct v2_state *v2 = sa->v2;

	v2_sent_set(&v2->request, queue_kinds[x->what].exchange, false, v2->next_out++, o);
	v2->now = x;
	if (!v2_msg_seal(sa, &v2->request, &sa->path, &sa->flight)) {
		report_set(&sa->peer->report, REPORT_CRYPTO, "IKEv2",
			   "libcrypto failed to protect a message to %s", sa->peer->conf->name);
		ike_sa_fail(sa);
		return;
	}
	flight_launch(&sa->flight);
	if (sa->peer_frag)
		timer_set(&v2->shrink, QUEUE_SHRINK);
}

/* The next one that is due; those that come later do not hold up others. */
static struct v2_exchange *queue_next(struct v2_state *v2)
{
	uint64_t now = timer_now(), soonest = 0;
	struct v2_exchange *x;

	TAILQ_FOREACH(x, &v2->queue, link) {
		if (x->not_before <= now)
			return x;
		if (!soonest || x->not_before < soonest)
			soonest = x->not_before;
	}
	if (soonest)
		timer_set(&v2->later, soonest - now);
	return NULL;
}

void v2_pump(struct ike_sa *sa)
{
	struct v2_state *v2 = sa->v2;
	struct v2_exchange *x;
	struct wire_out o;

	while (!v2->busy && !v2->now && sa->state != IKE_DEAD && (x = queue_next(v2))) {
		TAILQ_REMOVE(&v2->queue, x, link);
		if (x->what == V2_X_INIT) {
			v2_init_build(sa, x);
			continue;
		}
		wire_begin_chain(&o);
		v2->busy++;
		if (queue_kinds[x->what].build(sa, x, &o)) {
			v2->busy--;
			queue_send(sa, x, &o);
			continue;
		}
		v2->busy--;
		writer_free(&o.w);
		v2_exchange_free(x);
	}
}

/* Nobody answered for a while: cut the same message into smaller pieces. */
static void queue_shrink(struct ike_sa *sa)
{
	struct v2_state *v2 = sa->v2;

	if (v2->mtu <= V2_MTU_SMALL || !v2->now || !v2->request.sealed)
		return;
	v2->mtu = V2_MTU_SMALL;
	if (sa->flight.n == 1 && sa->flight.dg[0].n <= V2_MTU_SMALL - 48)
		return;
	log_info("%s: no answer; sending fragments for packets of %d bytes", sa->peer->conf->name,
		 V2_MTU_SMALL);
	if (v2_msg_seal(sa, &v2->request, &sa->path, &sa->flight))
		flight_launch(&sa->flight);
}

static void queue_shrink_tick(void *arg)
{
	struct ike_sa *sa = arg;

	if (sa->state != IKE_DEAD)
		queue_shrink(sa);
}

static void queue_later_tick(void *arg)
{
	struct ike_sa *sa = arg;

	if (sa->state != IKE_DEAD)
		v2_pump(sa);
}

void v2_queue_init(struct ike_sa *sa)
{
	TAILQ_INIT(&sa->v2->queue);
	timer_init(&sa->v2->shrink, queue_shrink_tick, sa);
	timer_init(&sa->v2->later, queue_later_tick, sa);
}

/* The flight gave up. */
void v2_no_answer(void *arg)
{
	struct ike_sa *sa = arg;
	struct v2_state *v2 = sa->v2;
	struct report *r = &sa->peer->report;
	char to[ADDR_TEXT];

	addr_text(&sa->path.remote, to);
	/* another one works: only this one is dead, with its children */
	if (v2->phase == V2_ENDING || sa->state == IKE_REPLACED || v2->parent ||
	    (v2->phase == V2_OPEN && ike_sa_heard_elsewhere(sa))) {
		ike_sa_drop_children(sa, REPORT_DEAD, "the peer no longer answers under it");
		ike_sa_kill(sa);
		return;
	}
	if (v2->phase == V2_OPEN) {
		ike_sa_dead(sa);
		return;
	}
	if (v2->phase == V2_KEYED && v2->refused) {
		report_set(r, REPORT_AUTH, "IKE_AUTH",
			   "%s dropped the IKE SA when we proved our identity: it refused us, and the log there says why",
			   to);
	} else if (v2->phase == V2_KEYED) {
		report_set(r, REPORT_NO_ANSWER, "IKE_AUTH",
			   "%s answered the first message but not our identity: a firewall drops %s, or it has no configuration for us",
			   to, sa->path.natt ? "UDP port 4500" : "large packets");
	} else if (!v2->refused) {
		report_set(r, REPORT_NO_ANSWER, "IKE_SA_INIT", "%s does not answer", to);
	}
	ike_sa_fail(sa);
}
