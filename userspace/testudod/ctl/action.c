// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that do: flush, delete and establish, by the engine's own functions.
 */
#include <jansson.h>
#include <linux/ipsec.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/tunnel.h"

static char *action_done(unsigned int n)
{
	json_t *json = answer_ok();

	json_object_set_new(json, "count", json_integer(n));
	return answer_text(json);
}

/* The selector of a request, 0 of which means any. */
static bool action_covers(const struct ts *ts, const struct sockaddr_storage *sa, unsigned int bits,
			  unsigned int proto)
{
	struct ts want;

	if (!sa->ss_family)
		return true;
	ts_from_prefix(&want, sa, bits, proto, addr_port(sa));
	return ts_equal(&want, ts);
}

/*
 * SAs are told by their selectors, as racoonctl does, or by their ends, as
 * their addresses are what a dump shows.
 */
static bool action_matches(const struct tunnel *t, const struct ctl_request *req)
{
	const struct conf_remote *conf = t->peer->conf;

	if (!tunnel_child_is(t->child, req->what) || (req->name[0] && strcmp(conf->name, req->name)))
		return false;
	if (action_covers(&t->local, &req->src, req->src_bits, req->proto) &&
	    action_covers(&t->remote, &req->dst, req->dst_bits, req->proto))
		return true;
	return req->dst.ss_family && addr_same_host(&t->dst, &req->dst) &&
	       (!req->src.ss_family || addr_same_host(&t->src, &req->src));
}

static struct kern_name action_name(const struct child_sa *child)
{
	const struct child_proto *p = &child->choice.p[0];

	return (struct kern_name){
		.proto = p->proto,
		.spi = p->spi_out,
		.src = p->src,
		.dst = p->dst,
	};
}

/*
 * Delete the child SAs that fit. A deletion may free others, so the names are
 * collected first.
 */
static unsigned int action_delete_children(struct ike *ike, const struct ctl_request *req)
{
	struct kern_name *names;
	struct tunnel_list list;
	unsigned int done = 0;
	size_t i, n = 0;

	tunnel_list_make(&list, ike);
	names = xcalloc(list.n + 1, sizeof(*names));
	for (i = 0; i < list.n; i++)
		if (list.row[i].child && list.row[i].child->installed &&
		    action_matches(&list.row[i], req))
			names[n++] = action_name(list.row[i].child);
	tunnel_list_free(&list);
	for (i = 0; i < n; i++)
		done += ike_delete_child(ike, &names[i]);
	free(names);
	return done;
}

/* The IKE SAs with the peers that fit, from @req's source if it names one, and their child SAs. */
static unsigned int action_delete_peers(struct ike *ike, const struct ctl_request *req)
{
	struct sockaddr_storage *addrs;
	unsigned int done = 0;
	struct ike_peer *peer;
	size_t i, n = 0;

	TAILQ_FOREACH(peer, &ike->peers, link)
		n++;
	addrs = xcalloc(n + 1, sizeof(*addrs));
	n = 0;
	TAILQ_FOREACH(peer, &ike->peers, link) {
		if (TAILQ_EMPTY(&peer->sas) && TAILQ_EMPTY(&peer->children))
			continue;
		if ((req->name[0] && strcmp(peer->conf->name, req->name)) ||
		    (req->dst.ss_family && !addr_same_host(&peer->addr, &req->dst)))
			continue;
		addrs[n++] = peer->addr;
	}
	for (i = 0; i < n; i++)
		done += ike_delete_between(ike, &req->src, &addrs[i]);
	free(addrs);
	return done;
}

/**
 * answer_flush() - flush-sa
 * @ike: engine
 * @req: which SAs
 *
 * Return: answer with their number.
 */
char *answer_flush(struct ike *ike, const struct ctl_request *req)
{
	struct ctl_request all = { .verb = req->verb, .what = req->what };

	if (req->what == CTL_ISAKMP || req->what == CTL_ALL)
		return action_done(action_delete_peers(ike, &all));
	return action_done(action_delete_children(ike, &all));
}

/**
 * answer_delete() - delete-sa and vpn-disconnect
 * @ike: engine
 * @req: which SAs
 *
 * Return: answer with their number, or that there are none.
 */
char *answer_delete(struct ike *ike, const struct ctl_request *req)
{
	unsigned int n = req->what == CTL_ISAKMP || req->what == CTL_ALL ? action_delete_peers(ike, req) : action_delete_children(ike, req);

	if (!n)
		return answer_error("\"status\" shows what is there", "no such SA");
	return action_done(n);
}

/**
 * answer_establish() - establish-sa and vpn-connect
 * @ike: engine
 * @req: with whom
 *
 * Return: answer; the SAs come later, and events tell of them.
 */
char *answer_establish(struct ike *ike, const struct ctl_request *req)
{
	struct sockaddr_storage peer = req->dst, from = req->src;
	char why[256] = "";
	struct ts remote;
	struct policy *p;

	/* racoonctl's "establish-sa esp": the selector names a policy, whose ends are ours and the peer's */
	if (peer.ss_family && req->what != CTL_ISAKMP && req->what != CTL_ALL) {
		ts_from_prefix(&remote, &req->dst, req->dst_bits, req->proto, addr_port(&req->dst));
		TAILQ_FOREACH(p, &ike->spd, link) {
			if (p->dir != IPSEC_DIR_OUTBOUND || !ts_equal(&p->dst, &remote) ||
			    !action_covers(&p->src, &req->src, req->src_bits, req->proto) ||
			    !policy_ends(p, &from, &peer))
				continue;
			break;
		}
		if (!p)
			return answer_error("\"setkey -DP\" shows the policies",
					    "no outbound policy has this selector");
	}
	if (ike_establish(ike, req->name[0] ? req->name : NULL, &from, &peer, why, sizeof(why)))
		return answer_error(NULL, "%s", why[0] ? why : "it can not be established");
	return answer_text(answer_ok());
}
