// SPDX-License-Identifier: GPL-2.0
/*
 * Searches in a configuration: the remote for a peer, the sainfo for a pair of
 * selectors, by racoon's rules.
 */
#include <string.h>

#include "conf/find.h"

/*
 * With the port said, without it, anonymous; a block named "anonymous" goes
 * before named ones without an address. A peer that floated to the NAT-T port
 * or sits behind a NAT is the same peer, so a port that differs is only worse.
 */
const struct conf_remote *conf_remote_by_addr(const struct conf *conf,
					      const struct sockaddr_storage *addr)
{
	const struct conf_remote *r, *best = NULL;
	unsigned int best_rank = 0;

	TAILQ_FOREACH(r, &conf->remotes, link) {
		unsigned int rank = 0;

		if (r->anonymous)
			rank = strcmp(r->name, "anonymous") ? 1 : 2;
		else if (!r->addr.ss_family || !addr_same_host(&r->addr, addr))
			continue;
		else if (addr_port(&r->addr) && addr_port(&r->addr) == addr_port(addr))
			rank = 5;
		else
			rank = addr_port(&r->addr) ? 3 : 4;
		if (rank > best_rank) {
			best = r;
			best_rank = rank;
		}
	}
	return best;
}

const struct conf_remote *conf_remote_by_name(const struct conf *conf, const char *name)
{
	const struct conf_remote *r;

	TAILQ_FOREACH(r, &conf->remotes, link)
		if (!strcmp(r->name, name))
			return r;
	TAILQ_FOREACH(r, &conf->remotes, link)
		if (r->host && !strcmp(r->host, name))
			return r;
	return NULL;
}

const struct conf_remote *conf_remote_by_text(const struct conf *conf, const char *peer,
					      const char **how)
{
	const struct conf_remote *r = conf_remote_by_name(conf, peer);
	struct sockaddr_storage sa;

	*how = "by its name";
	if (!addr_parse(&sa, peer))
		return r;
	/* as a peer would be found that sends from there */
	if (!addr_port(&sa))
		addr_set_port(&sa, 500);
	r = conf_remote_by_addr(conf, &sa);
	*how = r && r->anonymous ? "among all others" : "by its address";
	return r;
}

unsigned int sainfo_rank(const struct conf_sainfo *s)
{
	return (s->remoteid ? 3 : 0) + (s->from.type ? 3 : 0) + !s->any_local + !s->any_remote;
}

/* the identity that the file expects, while the peer has not told its own */
static bool expected_id(const struct conf_sainfo *s, const struct conf_remote *block)
{
	const struct conf_id *id;

	if (!block || TAILQ_EMPTY(&block->peers_ids))
		return true;
	TAILQ_FOREACH(id, &block->peers_ids, link)
		if (!id->id.type || id_match(&id->id, &s->from))
			return true;
	return false;
}

bool sainfo_suits(const struct conf_sainfo *s, const struct id *peer,
		  const struct conf_remote *block)
{
	if (s->remoteid && (!block || block->ph1id != s->remoteid))
		return false;
	if (!s->from.type)
		return true;
	return peer && peer->type ? id_match(&s->from, peer) : expected_id(s, block);
}

static bool sainfo_matches(const struct conf_sainfo *s, const struct ts *local,
			   const struct ts *remote, const struct sockaddr_storage *client)
{
	/* names are no selectors */
	if (s->local_id.type || s->remote_id.type)
		return false;
	if (!s->any_local && !ts_equal(&s->local, local))
		return false;
	if (s->any_remote || !remote)
		return true;
	if (s->remote_client)
		return client && ts_is_host(remote, client);
	return ts_equal(&s->remote, remote);
}

const struct conf_sainfo *conf_sainfo_find(const struct conf *conf, const struct ts *local,
					   const struct ts *remote, const struct id *peer,
					   const struct conf_remote *block,
					   const struct sockaddr_storage *client)
{
	const struct conf_sainfo *s;

	TAILQ_FOREACH(s, &conf->sainfos, link)
		if (sainfo_suits(s, peer, block) && sainfo_matches(s, local, remote, client))
			return s;
	return NULL;
}
