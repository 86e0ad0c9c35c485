// SPDX-License-Identifier: GPL-2.0
/*
 * Tunnels out of the engine's peers, child SAs and policies. It changes
 * nothing.
 */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/tunnel.h"

static const char *const tunnel_states[TUNNEL_STATES] = {
	[TUNNEL_UP] = "up",
	[TUNNEL_NEGOTIATING] = "negotiating",
	[TUNNEL_DOWN] = "down",
	[TUNNEL_IDLE] = "idle",
	[TUNNEL_SUPERSEDED] = "superseded",
};

/**
 * tunnel_state_name() - a state's word
 * @state: state
 *
 * Return: the word.
 */
const char *tunnel_state_name(enum tunnel_state state)
{
	return tunnel_states[state];
}

/**
 * tunnel_report() - what is wrong with its peer
 * @t: tunnel
 *
 * Return: the last failure, NULL if there was none or it is another tunnel's.
 */
const struct report *tunnel_report(const struct tunnel *t)
{
	const struct report *r = t->peer ? &t->peer->report : NULL;

	if (!r || !r->cause || (r->policy && t->policy && r->policy != t->policy->id))
		return NULL;
	return r;
}

/**
 * tunnel_last() - how it ended
 * @t: tunnel
 *
 * Return: what its policy knows of that; NULL if the peer has failed since.
 */
const struct policy_last *tunnel_last(const struct tunnel *t)
{
	const struct policy_last *last = t->policy ? t->policy->last : NULL;
	const struct report *r = tunnel_report(t);

	if (!last || !r || peer_sa(t->peer) || last->when >= r->when)
		return last;
	return NULL;
}

static enum tunnel_state tunnel_child_state(const struct child_sa *child)
{
	switch (child->state) {
	case CHILD_UP:
		return TUNNEL_UP;
	case CHILD_REPLACED:
	case CHILD_DELETING:
		return TUNNEL_SUPERSEDED;
	default:
		/* one that waits in vain is down, whatever its intentions */
		if (child->state == CHILD_WANTED && child->peer->report.cause)
			return TUNNEL_DOWN;
		return TUNNEL_NEGOTIATING;
	}
}

static struct tunnel *tunnel_add(struct tunnel_list *list, size_t *room)
{
	if (list->n == *room) {
		*room = *room * 2 + 16;
		list->row = xrealloc(list->row, *room * sizeof(*list->row));
	}
	memset(&list->row[list->n], 0, sizeof(*list->row));
	return &list->row[list->n++];
}

static int tunnel_id_cmp(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/**
 * struct tunnel_ids - policies that child SAs serve
 * @n: members of @id
 * @id: the kernel's ids, sorted
 */
struct tunnel_ids {
	size_t n;
	uint32_t *id;
};

static struct ike_peer *tunnel_peer_of(const struct ike *ike, const struct sockaddr_storage *end)
{
	struct ike_peer *peer;

	if (!end->ss_family)
		return NULL;
	TAILQ_FOREACH(peer, &ike->peers, link)
		if (addr_same_host(&peer->addr, end))
			return peer;
	return NULL;
}

/* The protocol whose counters and ends stand for a child SA: not IPComp if there is another. */
static const struct child_proto *tunnel_proto(const struct child_sa *child)
{
	const struct child_choice *c = &child->choice;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (c->p[i].proto != IPPROTO_COMP)
			return &c->p[i];
	return c->n ? &c->p[0] : NULL;
}

static void tunnel_children(struct tunnel_list *list, size_t *room, struct ike *ike)
{
	const struct child_proto *p;
	struct child_sa *child;
	struct ike_peer *peer;
	struct tunnel *t;

	TAILQ_FOREACH(peer, &ike->peers, link) {
		TAILQ_FOREACH(child, &peer->children, link) {
			p = tunnel_proto(child);
			t = tunnel_add(list, room);
			t->state = tunnel_child_state(child);
			t->peer = peer;
			t->child = child;
			t->policy = policy_by_id(&ike->spd, child->policy);
			t->local = child->local;
			t->remote = child->remote;
			t->dst = p ? p->dst : peer->addr;
			if (p)
				t->src = p->src;
		}
	}
}

static void tunnel_policies(struct tunnel_list *list, size_t *room, struct ike *ike,
			    const struct tunnel_ids *served)
{
	const struct policy *policy;
	struct tunnel *t;

	TAILQ_FOREACH(policy, &ike->spd, link) {
		if (policy->dir != IPSEC_DIR_OUTBOUND || policy->type != IPSEC_POLICY_IPSEC ||
		    bsearch(&policy->id, served->id, served->n, sizeof(*served->id),
			    tunnel_id_cmp))
			continue;
		t = tunnel_add(list, room);
		t->policy = policy;
		t->local = policy->src;
		t->remote = policy->dst;
		if (policy_ends(policy, &t->src, &t->dst))
			t->peer = tunnel_peer_of(ike, &t->dst);
		t->state = tunnel_last(t) || tunnel_report(t) ? TUNNEL_DOWN : TUNNEL_IDLE;
	}
}

/**
 * tunnel_list_make() - all tunnels
 * @list: result, for tunnel_list_free()
 * @ike: engine
 */
void tunnel_list_make(struct tunnel_list *list, struct ike *ike)
{
	struct tunnel_ids served = { 0 };
	size_t room = 0, i;

	*list = (struct tunnel_list){ 0 };
	tunnel_children(list, &room, ike);
	served.id = xcalloc(list->n + 1, sizeof(*served.id));
	for (i = 0; i < list->n; i++)
		if (list->row[i].state != TUNNEL_SUPERSEDED)
			served.id[served.n++] = list->row[i].child->policy;
	qsort(served.id, served.n, sizeof(*served.id), tunnel_id_cmp);
	tunnel_policies(list, &room, ike, &served);
	free(served.id);
}

/**
 * tunnel_list_free() - forget them
 * @list: list
 */
void tunnel_list_free(struct tunnel_list *list)
{
	free(list->row);
	*list = (struct tunnel_list){ 0 };
}

/**
 * tunnel_child_is() - has a child SA an SA of some kind?
 * @child: child SA
 * @what: kind
 *
 * Return: whether so.
 */
bool tunnel_child_is(const struct child_sa *child, enum ctl_what what)
{
	unsigned int i;

	if (what == CTL_IPSEC || what == CTL_ALL)
		return true;
	for (i = 0; i < child->choice.n; i++)
		if (child->choice.p[i].proto == ctl_what_proto(what))
			return true;
	return false;
}

/**
 * tunnel_usage() - what a tunnel has carried
 * @ike: engine
 * @t: tunnel
 * @usage: result; zeroes if the kernel does not know its SAs
 */
void tunnel_usage(const struct ike *ike, const struct tunnel *t, struct tunnel_usage *usage)
{
	const struct child_proto *p = t->child ? tunnel_proto(t->child) : NULL;
	struct kern_name in, out;

	memset(usage, 0, sizeof(*usage));
	if (!p || !t->child->installed)
		return;
	in = (struct kern_name){
		.proto = p->proto,
		.spi = p->spi_in,
		.src = p->dst,
		.dst = p->src,
	};
	out = (struct kern_name){
		.proto = p->proto,
		.spi = p->spi_out,
		.src = p->src,
		.dst = p->dst,
	};
	usage->known = !ike->ops->sa_usage(ike->ops_arg, &in, &usage->in) &&
		       !ike->ops->sa_usage(ike->ops_arg, &out, &usage->out);
}
