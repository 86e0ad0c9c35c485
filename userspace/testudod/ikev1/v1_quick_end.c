// SPDX-License-Identifier: GPL-2.0
/*
 * Quick modes as objects: their birth, how they end well or badly, and how
 * long they are remembered, so that repeated messages are answered and
 * exchanges that crossed can be told from a rekey.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ikev1/v1_room.h"

static void v1_quick_gave_up(void *arg)
{
	struct v1_exchange *x = arg;
	struct child_sa *child = v1_exchange_child(x);
	struct ike_sa *sa = x->sa;
	char peer[ADDR_TEXT];

	addr_text(&sa->path.remote, peer);
	report_set(&sa->peer->report, REPORT_NO_ANSWER, "phase 2",
		   x->initiator ? "phase2 negotiation failed due to time up. %s does not answer in quick mode: it may have no policy or sainfo for these selectors, or the ISAKMP-SA is gone there" : "phase2 negotiation failed due to time up. %s did not confirm its quick mode (QM3)",
		   peer);
	/* a peer whose QM3 never came believes in it: tell it */
	if (child && !x->initiator && sa->state != IKE_DEAD)
		v1_child_gone(sa, child);
	v1_quick_fail(x, child, 0);
	/* its turn has come for one that waited */
	if (sa->state == IKE_UP)
		peer_kick(sa->peer);
}

/*
 * QM3 may be lost, or its reader slow, and then nobody reads what we send with the new one. As long
 * as there is another one that can wait, until the responder sends with the new one; bytes of a
 * lifetime are used up at a rate that nobody knows.
 */
static bool v1_quick_is_early(const struct v1_exchange *x, struct child_sa *child)
{
	const struct child_sa *twin;
	bool other = false;

	TAILQ_FOREACH(twin, &child->peer->children, link)
		other |= twin->state == CHILD_UP && child_twins(twin, child);
	return other && !child->choice.kilobytes && timer_now() - x->ended < V1_OUT_LATEST &&
	       !child_carried(child);
}

static void v1_exchange_next(void *arg)
{
	struct v1_exchange *x = arg;
	struct child_sa *child = v1_exchange_child(x);

	if (x->state < V1_Q_HALF)
		v1_quick_gave_up(x);
	else if (x->state == V1_Q_HALF && child && v1_quick_is_early(x, child))
		timer_set(&x->next, V1_OUT_DELAY);
	else if (x->state == V1_Q_HALF && child)
		v1_quick_done(x, child);
	else
		v1_exchange_free(x);
}

struct child_sa *v1_exchange_child(const struct v1_exchange *x)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &x->sa->peer->children, link) {
		if (child->exchange == x)
			return child;
	}
	return NULL;
}

struct v1_exchange *v1_exchange_find(struct ike_sa *sa, uint32_t msgid)
{
	struct v1_exchange *x;

	TAILQ_FOREACH(x, &sa->v1->quick, link) {
		if (x->msgid == msgid)
			return x;
	}
	return NULL;
}

/* Those with messages to come that we began (@initiator), or that the peer did. */
unsigned int v1_exchanges_open(const struct ike_sa *sa, bool initiator)
{
	const struct v1_exchange *x;
	unsigned int n = 0;

	TAILQ_FOREACH(x, &sa->v1->quick, link)
		n += x->state < V1_Q_HALF && x->initiator == initiator;
	return n;
}

/* The oldest remembered one makes room. */
static void v1_exchange_room(struct ike_sa *sa)
{
	struct v1_exchange *x, *oldest = NULL;
	unsigned int n = 0;

	TAILQ_FOREACH(x, &sa->v1->quick, link) {
		n++;
		if (!oldest && x->state == V1_Q_DONE)
			oldest = x;
	}
	if (n >= V1_EXCHANGES && oldest)
		v1_exchange_free(oldest);
}

struct v1_exchange *v1_exchange_new(struct ike_sa *sa, uint32_t msgid, bool initiator)
{
	struct v1_exchange *x = xcalloc(1, sizeof(*x));

	v1_exchange_room(sa);
	x->sa = sa;
	x->msgid = msgid;
	x->initiator = initiator;
	x->state = initiator ? V1_Q_WAIT2 : V1_Q_WAIT3;
	x->begun = timer_now();
	flight_init(&x->flight, sa->ike, v1_quick_gave_up, x);
	timer_init(&x->next, v1_exchange_next, x);
	/* without it the patience of the flight is the bound */
	if (sa->ike->conf->phase2_time)
		timer_set(&x->next, sa->ike->conf->phase2_time * 1000ull);
	TAILQ_INSERT_TAIL(&sa->v1->quick, x, link);
	return x;
}

/* What is secret goes as soon as the SAs are installed. */
static void v1_exchange_wipe(struct v1_exchange *x)
{
	unsigned int i;

	for (i = 0; i < CHILD_PROTOS; i++) {
		blob_wipe(&x->keys[i][0]);
		blob_wipe(&x->keys[i][1]);
	}
	blob_wipe(&x->shared);
	crypt_dh_free(x->dh);
	x->dh = NULL;
}

void v1_exchange_free(struct v1_exchange *x)
{
	struct child_sa *child = v1_exchange_child(x);

	if (child)
		child->exchange = NULL;
	TAILQ_REMOVE(&x->sa->v1->quick, x, link);
	v1_exchange_wipe(x);
	flight_clear(&x->flight);
	timer_free(&x->flight.timer);
	timer_free(&x->next);
	blob_free(&x->ni);
	blob_free(&x->nr);
	blob_free(&x->idci);
	blob_free(&x->idcr);
	free(x);
}

/* The engine frees a child in the middle of its negotiation: nothing is left to negotiate. */
void v1_child_forget(struct ike_sa *sa, struct child_sa *child)
{
	struct v1_exchange *x = child->exchange;

	(void)sa;
	child->exchange = NULL;
	if (x)
		v1_exchange_free(x);
}

/* ---- the bad end ---- */

/* Which child this is about, when it is long negotiated: by an SPI that is not a CPI. */
void v1_exchange_spi(struct v1_exchange *x, const struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		x->ipproto = child->choice.p[i].proto;
		x->spi_in = child->choice.p[i].spi_in;
		if (x->ipproto != IPPROTO_COMP)
			return;
	}
}

/**
 * v1_quick_fail() - a quick mode can not go on
 * @x: exchange, freed
 * @child: its child, freed; NULL: there is none yet
 * @notify: what the peer is told with our reason, 0: nothing
 *
 * The peer's report says why.
 */
void v1_quick_fail(struct v1_exchange *x, struct child_sa *child, uint16_t notify)
{
	struct ike_sa *sa = x->sa;
	struct ike_peer *peer = sa->peer;
	const struct report *r = &peer->report;
	const uint8_t spi[4] = { x->spi_in >> 24, x->spi_in >> 16, x->spi_in >> 8, x->spi_in };

	if (notify)
		v1_notify_sealed(sa, x->ipproto == IPPROTO_AH ? V1_PROTO_AH : V1_PROTO_ESP, chunk(spi, x->spi_in ? sizeof(spi) : 0),
				 notify, r->sentence);
	v1_exchange_free(x);
	if (child)
		child_fail(child);
	else
		peer_tell(peer, NULL);
}

/**
 * v1_quick_refused() - the peer says, under protection, that it does not want to
 * @sa: whose
 * @n: notification: its SPI is the one of our proposal, or says nothing
 */
void v1_quick_refused(struct ike_sa *sa, const struct v1_notify *n)
{
	struct v1_exchange *x, *hit = NULL;
	struct reader r = reader(n->spi);
	uint32_t spi = n->spi.n == 4 ? get_be32(&r) : 0;
	char text[V1_SAID];

	TAILQ_FOREACH(x, &sa->v1->quick, link) {
		if (x->state == V1_Q_WAIT2 && spi && x->spi_in == spi)
			hit = x;
	}
	/* without an SPI it can only be about the one that is open */
	TAILQ_FOREACH(x, &sa->v1->quick, link) {
		if (!hit && !spi && x->state == V1_Q_WAIT2 && v1_exchanges_open(sa, true) == 1)
			hit = x;
	}
	if (!hit)
		return;
	report_set(&sa->peer->report,
		   n->type == V1_N_NO_PROPOSAL_CHOSEN ? REPORT_NO_PROPOSAL : REPORT_REFUSED, "phase 2",
		   "the peer refuses: %s", v1_notify_text(n, text, sizeof(text)));
	sa->peer->report.authentic = true;
	v1_quick_fail(hit, v1_exchange_child(hit), 0);
}

/* ---- the good end ---- */

static bool v1_exchange_made(const struct v1_exchange *x, const struct child_sa *child)
{
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		if (child->choice.p[i].proto == x->ipproto && child->choice.p[i].spi_in == x->spi_in)
			return true;
	}
	return false;
}

static struct v1_exchange *v1_exchange_of(const struct child_sa *child)
{
	struct v1_exchange *x;
	struct ike_sa *sa;

	TAILQ_FOREACH(sa, &child->peer->sas, link) {
		if (sa->ver != 1 || !sa->v1)
			continue;
		TAILQ_FOREACH(x, &sa->v1->quick, link) {
			if (x->state == V1_Q_DONE && v1_exchange_made(x, child))
				return x;
		}
	}
	return NULL;
}

/* Two quick modes for the same are one too many if both ends began at the same time. */
static bool v1_quick_crossed(const struct v1_exchange *x, const struct v1_exchange *other,
			     const struct child_sa *child)
{
	uint64_t window = V1_COLLISION, life = child->choice.life * 1000ull;

	if (life && window > life / 2)
		window = life / 2;
	return other->initiator != x->initiator && x->begun < other->ended + window;
}

/*
 * The one that crossed with this; of several, one that @wins since it has the lower nonce.
 * Beside one of ours that has its outbound SA to come this one stays for now: that one
 * is compared with it in a moment, and not with what both take the place of.
 */
static struct child_sa *v1_quick_rival(const struct v1_exchange *x, const struct child_sa *child,
				       bool *wins)
{
	struct child_sa *twin, *rival = NULL;
	struct v1_exchange *other;

	*wins = false;
	TAILQ_FOREACH(twin, &child->peer->children, link) {
		if (!child_twins(child, twin))
			continue;
		if (twin->half)
			return NULL;
		other = !*wins && twin->state == CHILD_UP ? v1_exchange_of(twin) : NULL;
		if (!other || !v1_quick_crossed(x, other, child))
			continue;
		rival = twin;
		*wins = ike_nonce_less(blob_chunk(&other->ni), blob_chunk(&x->ni));
	}
	return rival;
}

/**
 * v1_quick_half() - we can receive, and QM3 is out
 * @x: exchange
 * @child: its child, up in a moment
 */
void v1_quick_half(struct v1_exchange *x, struct child_sa *child)
{
	x->state = V1_Q_HALF;
	x->ended = timer_now();
	child->half = true;
	timer_set(&x->next, V1_OUT_DELAY);
}

/**
 * v1_quick_done() - no message is to come, and we may send
 * @x: exchange, remembered for a while
 * @child: its child, of which the outbound SAs are lacking; up afterwards
 */
void v1_quick_done(struct v1_exchange *x, struct child_sa *child)
{
	struct child_keys keys[CHILD_PROTOS];
	struct child_sa *rival;
	bool wins;

	rival = v1_quick_rival(x, child, &wins);
	v1_quick_keys(x, keys);
	if (!child_install_out(child, keys)) {
		v1_delete_spi(x->sa, x->ipproto, x->spi_in);
		v1_quick_fail(x, child, 0);
		return;
	}
	/* of the initiator that was QM3's moment, as of the responder */
	if (!x->ended)
		x->ended = timer_now();
	x->state = V1_Q_DONE;
	v1_exchange_wipe(x);
	timer_set(&x->next, V1_REMEMBER);
	child->exchange = NULL;
	child_up(child);
	if (rival)
		child_yield(wins ? child : rival, wins ? rival : child);
}

/* The ISAKMP-SA ends and its IPsec-SAs stay: those that wait with sending are done at once. */
void v1_quick_done_all(struct ike_sa *sa)
{
	struct v1_exchange *x, *next;
	struct child_sa *child;

	TAILQ_FOREACH_SAFE(x, &sa->v1->quick, link, next) {
		child = v1_exchange_child(x);
		if (x->state == V1_Q_HALF && child)
			v1_quick_done(x, child);
	}
}
