// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's picture of the SPD: a list in the kernel's order of rank
 * (priority, then age), and the search in it.
 */
#include <linux/ipsec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/policy.h"

static void policy_free(struct policy *p)
{
	free(p->last);
	free(p);
}

struct policy *policy_put(struct policy_list *spd, const struct policy *p)
{
	struct policy *old = policy_by_id(spd, p->id), *next, *copy;

	copy = xcalloc(1, sizeof(*copy));
	*copy = *p;
	copy->last = NULL;
	if (old) {
		copy->generated |= old->generated;
		copy->last = old->last;
		old->last = NULL;
		/* an update keeps its place among those of its priority */
		if (old->priority == p->priority) {
			TAILQ_INSERT_BEFORE(old, copy, link);
			TAILQ_REMOVE(spd, old, link);
			policy_free(old);
			return copy;
		}
		policy_remove(spd, p->id);
	}
	TAILQ_FOREACH(next, spd, link) {
		if (next->priority > p->priority)
			break;
	}
	if (next)
		TAILQ_INSERT_BEFORE(next, copy, link);
	else
		TAILQ_INSERT_TAIL(spd, copy, link);
	return copy;
}

void policy_remove(struct policy_list *spd, uint32_t id)
{
	struct policy *p = policy_by_id(spd, id);

	if (!p)
		return;
	TAILQ_REMOVE(spd, p, link);
	policy_free(p);
}

void policy_flush(struct policy_list *spd)
{
	struct policy *p;

	while ((p = TAILQ_FIRST(spd))) {
		TAILQ_REMOVE(spd, p, link);
		policy_free(p);
	}
}

void policy_note(struct policy_list *spd, uint32_t id, enum report_cause cause, const char *sentence)
{
	struct policy *p = policy_by_id(spd, id);

	if (!p)
		return;
	free(p->last);
	p->last = NULL;
	if (cause == REPORT_NONE)
		return;
	p->last = xcalloc(1, sizeof(*p->last));
	p->last->cause = cause;
	p->last->when = time(NULL);
	snprintf(p->last->sentence, sizeof(p->last->sentence), "%s", sentence);
}

struct policy *policy_by_id(const struct policy_list *spd, uint32_t id)
{
	struct policy *p;

	TAILQ_FOREACH(p, spd, link) {
		if (p->id == id)
			return p;
	}
	return NULL;
}

/* The outermost tunnel of a policy: requests are applied in their order. */
static const struct policy_request *policy_tunnel(const struct policy *p)
{
	unsigned int i;

	for (i = p->n; i > 0; i--) {
		if (p->req[i - 1].mode == IPSEC_MODE_TUNNEL)
			return &p->req[i - 1];
	}
	return NULL;
}

static bool policy_holds(const struct ts *ts, const struct sockaddr_storage *sa)
{
	struct ts host;

	ts_host(&host, sa);
	host.proto = ts->proto;
	host.port_lo = ts->port_lo;
	host.port_hi = ts->port_hi;
	return ts_contains(ts, &host);
}

bool policy_leads(const struct policy *p, const struct sockaddr_storage *local_end,
		  const struct sockaddr_storage *remote_end, uint8_t mode)
{
	const struct policy_request *tunnel = policy_tunnel(p);

	if (p->dir != IPSEC_DIR_OUTBOUND || p->type != IPSEC_POLICY_IPSEC || !p->n)
		return false;
	if (mode != IPSEC_MODE_ANY && mode != (tunnel ? IPSEC_MODE_TUNNEL : IPSEC_MODE_TRANSPORT))
		return false;
	if (tunnel)
		return addr_same_host(&tunnel->dst, remote_end) &&
		       addr_same_host(&tunnel->src, local_end);
	return policy_holds(&p->src, local_end) && policy_holds(&p->dst, remote_end);
}

struct policy *policy_find(const struct policy_list *spd, const struct ts *local,
			   const struct ts *remote, const struct sockaddr_storage *local_end,
			   const struct sockaddr_storage *remote_end, uint8_t mode)
{
	struct policy *p, *best = NULL;

	TAILQ_FOREACH(p, spd, link) {
		if (!policy_leads(p, local_end, remote_end, mode))
			continue;
		if (ts_equal(&p->src, local) && ts_equal(&p->dst, remote))
			return p;
		/* hosts of a wide transport policy negotiate for themselves */
		if (mode == IPSEC_MODE_TRANSPORT && !best && ts_contains(&p->src, local) &&
		    ts_contains(&p->dst, remote))
			best = p;
	}
	return best;
}

bool policy_ends(const struct policy *p, struct sockaddr_storage *local,
		 struct sockaddr_storage *remote)
{
	const struct policy_request *tunnel = policy_tunnel(p);
	unsigned int bits;

	if (tunnel) {
		*local = tunnel->src;
		*remote = tunnel->dst;
		if (addr_is_any(local))
			memset(local, 0, sizeof(*local));
		return true;
	}
	if (!ts_prefix(&p->dst, remote, &bits) || bits != addr_bits(remote))
		return false;
	addr_set_port(remote, 0);
	memset(local, 0, sizeof(*local));
	if (ts_prefix(&p->src, local, &bits) && bits != addr_bits(local))
		memset(local, 0, sizeof(*local));
	addr_set_port(local, 0);
	return true;
}
