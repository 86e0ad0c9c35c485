// SPDX-License-Identifier: GPL-2.0
/*
 * The world of world.h: two hosts, the network between them, and what a test
 * asks about them. The fakes behind struct ike_ops are in world_ops.c.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include <linux/ipsec.h>
#include "world.h"
#include "world_ops.h"

static void world_complain(void *arg, enum conf_severity severity, const struct conf_where *where,
			   const char *line, const char *what, const char *hint)
{
	(void)arg;
	(void)line;
	if (severity == CONF_ERROR || getenv("WORLD_TRACE"))
		fprintf(stderr, "%s:%d: %s%s%s\n", where ? where->file : "?", where ? where->line : 0,
			what, hint ? "; " : "", hint ? hint : "");
}

static void world_side_init(struct world *w, unsigned int n, const struct world_setup *setup)
{
	const struct conf_say say = { .fn = world_complain };
	struct world_side *side = &w->side[n];
	char text[32], why[256];
	unsigned int i;

	side->w = w;
	side->n = n;
	snprintf(text, sizeof(text), "10.0.0.%u", n + 1);
	addr_parse(&side->seen, text);
	side->addr = side->seen;
	if (setup->nat) {
		snprintf(text, sizeof(text), "192.168.0.%u", n + 1);
		addr_parse(&side->addr, text);
		side->nat_port = 20000;
	}
	side->next_policy = 8;
	side->sas = xcalloc(WORLD_SAS, sizeof(*side->sas));
	side->psk = setup->psk ? xstrdup(setup->psk) : NULL;
	side->src = xcalloc(1, sizeof(*side->src));
	source_init(side->src);
	source_add(side->src, "racoon.conf", chunk_str(setup->conf), 0);
	for (i = 0; i < sizeof(setup->file) / sizeof(setup->file[0]); i++) {
		if (setup->file[i].name)
			source_add(side->src, setup->file[i].name, chunk_str(setup->file[i].text), 0);
	}
	side->conf = conf_load(side->src, "racoon.conf", setup->insecure, &say);
	if (!side->conf) {
		fprintf(stderr, "the configuration of side %u does not load\n", n);
		abort();
	}
	if (setup->key) {
		side->key = privkey_parse(chunk_str(setup->key), why, sizeof(why));
		if (!side->key) {
			fprintf(stderr, "side %u: %s\n", n, why);
			abort();
		}
	}
	side->ike = ike_new(side->conf, side->src, &world_ops, side);
}

struct world *world_setup(const struct world_setup *a, const struct world_setup *b)
{
	struct world *w = xcalloc(1, sizeof(*w));

	if (getenv("WORLD_TRACE"))
		log_set_level(LOG_LEVEL_DEBUG);
	else
		log_to_file("/dev/null");
	fake_clock_reset();
	w->latency = 1;
	w->drop_count = 1;
	w->seed = 1;
	world_side_init(w, 0, a);
	world_side_init(w, 1, b);
	return w;
}

struct world *world_new(const char *conf_a, const char *psk_a, const char *conf_b,
			const char *psk_b)
{
	const struct world_setup a = { .conf = conf_a, .psk = psk_a };
	const struct world_setup b = { .conf = conf_b, .psk = psk_b };

	return world_setup(&a, &b);
}

void world_free(struct world *w)
{
	struct world_side *side;
	struct world_dg *dg;
	unsigned int i, k;

	for (i = 0; i < 2; i++) {
		side = &w->side[i];
		ike_free(side->ike);
		for (k = 0; k < side->nsas; k++) {
			blob_wipe(&side->sas[k].encr_key);
			blob_wipe(&side->sas[k].integ_key);
		}
		free(side->sas);
		free(side->psk);
		privkey_free(side->key);
		conf_free(side->conf);
		source_free(side->src);
		free(side->src);
	}
	while ((dg = w->net)) {
		w->net = dg->next;
		blob_free(&dg->data);
		free(dg);
	}
	free(w);
}

/* ---- the network ---- */

static uint32_t world_dice(struct world *w, uint32_t n)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 17;
	w->seed ^= w->seed << 5;
	return w->seed % n;
}

static void world_queue(struct world *w, const struct world_dg *from, uint64_t due)
{
	struct world_dg *dg = xcalloc(1, sizeof(*dg)), **at;

	*dg = *from;
	dg->due = due;
	memset(&dg->data, 0, sizeof(dg->data));
	blob_set(&dg->data, blob_chunk(&from->data));
	for (at = &w->net; *at && (*at)->due <= due; at = &(*at)->next)
		;
	dg->next = *at;
	*at = dg;
}

static void world_trace(const struct world_dg *dg, bool lost)
{
	struct wire_fault fault;
	struct wire_hdr hdr = { 0 };

	if (!getenv("WORLD_TRACE"))
		return;
	wire_read_hdr(blob_chunk(&dg->data), &hdr, &fault);
	fprintf(stderr, "%8llu  #%u %s v%u %s id %u flags %02x, %zu bytes%s%s\n",
		(unsigned long long)timer_now(), dg->number, dg->from ? "B -> A" : "A -> B",
		hdr.version >> 4, wire_exchange_name(hdr.exchange), hdr.msgid, hdr.flags,
		dg->data.n, dg->path.natt ? ", 4500" : "", lost ? ", lost" : "");
}

static bool world_lost(struct world *w, const struct world_dg *dg)
{
	if (w->cut || dg->drop || (w->mtu && dg->data.n > w->mtu))
		return true;
	if (w->drop_nth && dg->number >= w->drop_nth && dg->number < w->drop_nth + w->drop_count)
		return true;
	return w->loss && world_dice(w, 1000) < w->loss;
}

void world_send(struct world_side *side, const struct ike_path *path, struct chunk msg)
{
	struct world *w = side->w;
	struct world_dg dg = { .from = side->n, .path = *path };
	uint64_t due;
	bool lost;

	side->sent++;
	dg.number = ++w->numbers;
	if (addr_is_any(&dg.path.local) || !dg.path.local.ss_family) {
		uint16_t port = addr_port(&dg.path.local);

		dg.path.local = side->addr;
		addr_set_port(&dg.path.local, port);
	}
	blob_set(&dg.data, msg);
	if (w->hook)
		w->hook(w, &dg, w->hook_arg);
	lost = world_lost(w, &dg);
	world_trace(&dg, lost);
	due = timer_now() + w->latency + (w->jitter ? world_dice(w, w->jitter + 1) : 0);
	if (w->delay_nth == dg.number)
		due += w->delay_ms;
	if (!lost) {
		world_queue(w, &dg, due);
		if (w->dup_nth == dg.number || (w->dups && world_dice(w, 1000) < w->dups))
			world_queue(w, &dg, due + 1 + (w->jitter ? world_dice(w, w->jitter + 1) : 0));
	}
	blob_free(&dg.data);
}

void world_inject(struct world *w, unsigned int from, const struct ike_path *path,
		  struct chunk data)
{
	struct world_dg dg = { .from = from, .path = *path };

	blob_set(&dg.data, data);
	world_queue(w, &dg, timer_now() + w->latency);
	blob_free(&dg.data);
}

static bool world_is_also(const struct world_side *side, const struct sockaddr_storage *addr)
{
	return side->also.ss_family && addr_same_host(&side->also, addr);
}

/* NATs on the way: who is seen as whom. False if there is nobody at that address and port. */
static bool world_translate(const struct world *w, const struct world_dg *dg, struct ike_path *in)
{
	const struct world_side *from = &w->side[dg->from], *to = &w->side[!dg->from];
	uint16_t port = addr_port(&dg->path.remote);
	bool also = world_is_also(to, &dg->path.remote);

	if ((!also && !addr_same_host(&dg->path.remote, &to->seen)) || port < to->nat_port)
		return false;
	in->local = also ? to->also : to->addr;
	addr_set_port(&in->local, port - to->nat_port);
	in->remote = world_is_also(from, &dg->path.local) ? from->also : from->seen;
	addr_set_port(&in->remote, addr_port(&dg->path.local) + from->nat_port);
	in->natt = addr_port(&in->local) == 4500;
	return in->natt == dg->path.natt && (in->natt || addr_port(&in->local) == 500);
}

static void world_deliver(struct world *w)
{
	struct world_dg *dg = w->net;
	struct ike_path in;

	w->net = dg->next;
	if (world_translate(w, dg, &in) && !w->cut)
		ike_input(w->side[!dg->from].ike, &in, blob_chunk(&dg->data));
	blob_free(&dg->data);
	free(dg);
}

/* ---- time ---- */

void world_run(struct world *w, uint64_t ms)
{
	uint64_t end = timer_now() + ms, next;

	for (;;) {
		next = fake_clock_next();
		if (w->net && (!next || w->net->due <= next)) {
			if (w->net->due > end)
				break;
			if (w->net->due > timer_now())
				fake_clock_turn(w->net->due);
			else
				world_deliver(w);
			continue;
		}
		if (!next || next > end)
			break;
		fake_clock_turn(next);
	}
	fake_clock_turn(end);
}

void world_settle(struct world *w, uint64_t ms)
{
	uint64_t end = timer_now() + ms;

	while (w->net && w->net->due <= end)
		world_run(w, w->net->due > timer_now() ? w->net->due - timer_now() : 0);
}

/* ---- policies ---- */

static void world_prefix(const char *text, struct ts *ts)
{
	struct sockaddr_storage sa;
	char host[64];
	const char *slash = strchr(text, '/');
	unsigned int bits;

	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
	addr_parse(&sa, host);
	bits = slash ? (unsigned int)atoi(slash + 1) : addr_bits(&sa);
	ts_from_prefix(ts, &sa, bits, 0, 0);
}

static void world_request(struct world_side *side, struct policy *p, uint8_t proto, uint8_t mode)
{
	const struct world_side *other = &side->w->side[!side->n];
	struct policy_request *req = &p->req[p->n++];

	req->proto = proto;
	req->mode = mode;
	req->level = IPSEC_LEVEL_UNIQUE;
	req->reqid = 16384 + ++side->reqid;
	if (mode != IPSEC_MODE_TUNNEL)
		return;
	req->src = p->dir == IPSEC_DIR_OUTBOUND ? side->addr : other->seen;
	req->dst = p->dir == IPSEC_DIR_OUTBOUND ? other->seen : side->addr;
}

uint32_t world_policy_pair(struct world *w, unsigned int side, const char *local,
			   const char *remote, uint8_t first, uint8_t second, uint8_t mode)
{
	struct world_side *s = &w->side[side];
	struct policy p = { .type = IPSEC_POLICY_IPSEC, .priority = 1000 };
	uint32_t id = 0;
	int dir;

	for (dir = 0; dir < 2; dir++) {
		p.dir = dir ? IPSEC_DIR_OUTBOUND : IPSEC_DIR_INBOUND;
		p.id = id = s->next_policy++;
		world_prefix(dir ? local : remote, &p.src);
		world_prefix(dir ? remote : local, &p.dst);
		p.n = 0;
		world_request(s, &p, first, mode);
		if (second)
			world_request(s, &p, second, mode);
		ike_policy_put(s->ike, &p);
	}
	s->policy[s->npolicy++] = p;
	return id;
}

uint32_t world_policy(struct world *w, unsigned int side, const char *local, const char *remote,
		      uint8_t proto, uint8_t mode)
{
	return world_policy_pair(w, side, local, remote, proto, 0, mode);
}

void world_acquire(struct world *w, unsigned int side, unsigned int index)
{
	static uint32_t seq = 100;
	struct world_side *s = &w->side[side];
	const struct policy *p = &s->policy[index];
	const struct kern_acquire acq = {
		.seq = ++seq,
		.policy = p->id,
		.proto = p->req[0].proto,
		.src = s->addr,
		.dst = w->side[!side].seen,
	};

	ike_acquire(s->ike, &acq);
}

/* ---- questions ---- */

static bool world_same(const struct world_sa *a, const struct world_sa *b)
{
	return a->sa.proto == b->sa.proto && a->sa.spi == b->sa.spi && a->sa.mode == b->sa.mode &&
	       a->sa.encr.alg == b->sa.encr.alg && a->sa.integ == b->sa.integ &&
	       a->sa.esn == b->sa.esn && a->sa.inbound != b->sa.inbound &&
	       chunk_equal(blob_chunk(&a->encr_key), blob_chunk(&b->encr_key)) &&
	       chunk_equal(blob_chunk(&a->integ_key), blob_chunk(&b->integ_key));
}

bool world_has_twin(const struct world *w, unsigned int side, const struct world_sa *sa)
{
	const struct world_side *other = &w->side[!side];
	unsigned int i;

	for (i = 0; i < other->nsas; i++) {
		if (other->sas[i].used && !other->sas[i].larval && world_same(sa, &other->sas[i]))
			return true;
	}
	return false;
}

bool world_is_read(const struct world *w)
{
	unsigned int s, i;

	for (s = 0; s < 2; s++) {
		for (i = 0; i < w->side[s].nsas; i++) {
			const struct world_sa *sa = &w->side[s].sas[i];

			if (sa->used && !sa->larval && !sa->sa.inbound && !world_has_twin(w, s, sa))
				return false;
		}
	}
	return true;
}

int world_pairs(struct world *w, char *why, size_t size)
{
	int in = 0, out = 0;
	unsigned int s, i;

	why[0] = 0;
	for (s = 0; s < 2; s++) {
		for (i = 0; i < w->side[s].nsas; i++) {
			const struct world_sa *a = &w->side[s].sas[i];

			if (!a->used || a->larval)
				continue;
			if (!world_has_twin(w, s, a)) {
				snprintf(why, size, "side %u has an SA that the other has not: proto %u, "
					 "spi %08x, %s", s, a->sa.proto, a->sa.spi,
					 a->sa.inbound ? "in" : "out");
				return -1;
			}
			if (!s && a->sa.proto != IPPROTO_COMP)
				*(a->sa.inbound ? &in : &out) += 1;
		}
	}
	if (in == out)
		return in;
	snprintf(why, size, "%d in, %d out", in, out);
	return -1;
}

static unsigned int world_count(struct world *w, unsigned int side, bool up)
{
	struct ike_peer *peer;
	struct ike_sa *sa;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &w->side[side].ike->peers, link) {
		TAILQ_FOREACH(sa, &peer->sas, link)
			n += up ? sa->state == IKE_UP : sa->state != IKE_DEAD;
	}
	return n;
}

unsigned int world_ikes_up(struct world *w, unsigned int side)
{
	return world_count(w, side, true);
}

unsigned int world_ikes(struct world *w, unsigned int side)
{
	return world_count(w, side, false);
}

struct ike_peer *world_peer(struct world *w, unsigned int side)
{
	struct ike_peer *peer;

	TAILQ_FOREACH(peer, &w->side[side].ike->peers, link) {
		if (addr_same_host(&peer->addr, &w->side[!side].seen))
			return peer;
	}
	return NULL;
}

struct ike_sa *world_ike(struct world *w, unsigned int side)
{
	struct ike_peer *peer = world_peer(w, side);

	return peer ? peer_sa(peer) : NULL;
}

struct child_sa *world_child(struct world *w, unsigned int side)
{
	struct ike_peer *peer = world_peer(w, side);
	struct child_sa *child;

	if (!peer)
		return NULL;
	TAILQ_FOREACH(child, &peer->children, link) {
		if (child->state == CHILD_UP)
			return child;
	}
	return NULL;
}

const struct report *world_report(struct world *w, unsigned int side)
{
	struct ike_peer *peer = world_peer(w, side);

	return peer ? &peer->report : &w->side[side].ike->reports;
}

void world_expire(struct world *w, unsigned int side, struct child_sa *child, bool hard)
{
	struct world_side *s = &w->side[side];
	const struct child_proto *p = &child->choice.p[0];
	struct kern_name name = {
		.proto = p->proto,
		.spi = p->spi_in,
	};
	unsigned int i;

	for (i = 0; i < s->nsas; i++) {
		const struct world_sa *a = &s->sas[i];

		if (!a->used || a->larval || !a->sa.inbound || a->sa.spi != p->spi_in)
			continue;
		name.src = a->sa.src;
		name.dst = a->sa.dst;
		ike_expire(s->ike, &name, hard);
		return;
	}
}

void world_traffic(struct world *w)
{
	unsigned int s, i;

	for (s = 0; s < 2; s++) {
		for (i = 0; i < w->side[s].nsas; i++)
			w->side[s].sas[i].usage.bytes += w->side[s].sas[i].used ? 1000 : 0;
	}
}
