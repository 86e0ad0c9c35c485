/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the engine share: two ends of either IKE version, with a pre-shared key. */
#ifndef TESTUDO_TEST_ENGINE_HELP_H
#define TESTUDO_TEST_ENGINE_HELP_H

#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"
#include "world_ops.h"

#define ESP    IPPROTO_ESP
#define TUNNEL IPSEC_MODE_TUNNEL
#define SECOND 1000
#define MINUTE 60000

/**
 * struct end - one end, as far as it is not the plain one
 * @top: statements outside
 * @name: of its remote, NULL: the other one's address
 * @remote: further statements of the remote
 * @testudo: further statements of its testudo block
 * @proposal: of phase 1, NULL: a plain one
 * @sainfo: NULL: a plain one
 * @psk: psk.txt, NULL: one that both have
 * @no_sainfo: there is none
 * @no_policy: a test gives it none
 * @nat: a NAT is in front of it
 */
struct end {
	const char *top;
	const char *name;
	const char *remote;
	const char *testudo;
	const char *proposal;
	const char *sainfo;
	const char *psk;
	bool no_sainfo;
	bool no_policy;
	bool nat;
};

static inline char *end_text(unsigned int side, unsigned int ver, const struct end *e)
{
	const char *algs = "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;";
	char addr[16], *sainfo, *all;

	snprintf(addr, sizeof(addr), "10.0.0.%u", 2 - side);
	if (e->no_sainfo)
		sainfo = xstrdup("");
	else
		sainfo = xasprintf("sainfo anonymous { lifetime time 1 hour; %s }\n",
				   e->sainfo ? e->sainfo : algs);
	all = xasprintf("%s path pre_shared_key \"psk.txt\";\n"
			"remote %s {\n"
			"	testudo { ike_version %u; %s }\n"
			"	exchange_mode main;\n"
			"	my_identifier fqdn \"%c.test\";\n"
			"	%s\n"
			"	proposal { %s authentication_method pre_shared_key; }\n"
			"}\n%s",
			e->top ? e->top : "", e->name ? e->name : addr, ver, e->testudo ? e->testudo : "", 'a' + side,
			e->remote ? e->remote : "",
			e->proposal ? e->proposal : "encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14;",
			sainfo);
	free(sainfo);
	return all;
}

static inline struct world *ends(unsigned int ver, const struct end *a, const struct end *b)
{
	static const struct end plain;
	struct world_setup setup[2] = { 0 };
	struct world *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct end *e = i ? b : a;

		e = e ? e : &plain;
		setup[i].conf = end_text(i, ver, e);
		setup[i].psk = e->psk ? e->psk : i ? "a.test  what both know\n10.0.0.1  what both know\n10.0.0.11  what both know\n" : "b.test  what both know\n10.0.0.2  what both know\n";
		setup[i].nat = e->nat;
	}
	w = world_setup(&setup[0], &setup[1]);
	for (i = 0; i < 2; i++)
		free((char *)setup[i].conf);
	return w;
}

static inline void tunnel(struct world *w, unsigned int side)
{
	world_policy(w, side, side ? "10.0.2.0/24" : "10.0.1.0/24",
		     side ? "10.0.1.0/24" : "10.0.2.0/24", ESP, TUNNEL);
}

static inline unsigned int installed(const struct world *w, unsigned int side)
{
	unsigned int i, n = 0;

	for (i = 0; i < WORLD_SAS; i++)
		n += w->side[side].sas[i].used && !w->side[side].sas[i].larval;
	return n;
}

static inline unsigned int peers(const struct world *w, unsigned int side)
{
	const struct ike_peer *peer;
	unsigned int n = 0;

	TAILQ_FOREACH(peer, &w->side[side].ike->peers, link)
		n++;
	return n;
}

/* lines of that file, a log, with @what in them */
static inline unsigned int count_lines(const char *path, const char *what)
{
	char line[1024];
	unsigned int n = 0;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, what);
	fclose(f);
	return n;
}

#define expect_pairs(w, n)                                                                          \
	do {                                                                                        \
		char why_[256];                                                                     \
		int got_ = world_pairs((w), why_, sizeof(why_));                                    \
		if (got_ != (int)(n))                                                               \
			fail_msg("%d pairs instead of %d: %s (A: %s; B: %s)", got_, (int)(n), why_, \
				 world_report((w), 0)->sentence, world_report((w), 1)->sentence);   \
	} while (0)

/* both policies, A's first packet, and a pair of SAs */
static inline struct world *up(unsigned int ver, const struct end *a, const struct end *b)
{
	struct world *w = ends(ver, a, b);

	tunnel(w, 0);
	tunnel(w, 1);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	return w;
}

/* the name that the kernel of @side has for an SA of @child */
static inline struct kern_name sa_name(struct world *w, unsigned int side, struct child_sa *child,
				       bool inbound)
{
	const struct child_proto *p = &child->choice.p[child->choice.n - 1];
	uint32_t spi = inbound ? p->spi_in : p->spi_out;
	struct kern_name name = { .proto = p->proto, .spi = spi };
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		const struct world_sa *sa = &w->side[side].sas[i];

		if (!sa->used || sa->sa.spi != spi || sa->sa.inbound != inbound)
			continue;
		name.src = sa->sa.src;
		name.dst = sa->sa.dst;
	}
	return name;
}

/* Another run of the daemon on that side, which finds what is in the kernel. */
static inline void restart(struct world *w, unsigned int side)
{
	struct world_side *s = &w->side[side];
	const struct ike_ops *ops = s->ike->ops;
	struct kern_name name;
	unsigned int i;

	ike_free(s->ike);
	s->ike = ike_new(s->conf, s->src, ops, s);
	for (i = 0; i < s->npolicy; i++)
		ike_policy_put(s->ike, &s->policy[i]);
	for (i = 0; i < WORLD_SAS; i++) {
		const struct kern_sa *sa = &s->sas[i].sa;

		if (!s->sas[i].used || s->sas[i].larval)
			continue;
		name = (struct kern_name){ .proto = sa->proto, .spi = sa->spi, .src = sa->src, .dst = sa->dst };
		ike_adopt(s->ike, &name, sa->reqid, sa->mode);
	}
	ike_start(s->ike);
}

#endif /* TESTUDO_TEST_ENGINE_HELP_H */
