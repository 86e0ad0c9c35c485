/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of ikev2/ share: racoon.conf texts and expectations. */
#ifndef TESTUDO_TEST_V2_HELP_H
#define TESTUDO_TEST_V2_HELP_H

#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define V2_PSK_A	"b.test  a secret of both\n10.0.0.2  a secret of both\n"
#define V2_PSK_B	"a.test  a secret of both\n10.0.0.1  a secret of both\n"

/**
 * struct v2_conf - what differs from the plain configuration
 * @remote: statements of the remote block
 * @proposal: statements of its proposal; NULL: a strong one
 * @auth: authentication_method, NULL: pre_shared_key
 * @sainfo: statements of the sainfo
 * @my_id: my_identifier, NULL: fqdn
 * @peer_id: peers_identifier, NULL: fqdn
 * @top: statements outside
 */
struct v2_conf {
	const char *remote;
	const char *proposal;
	const char *auth;
	const char *sainfo;
	const char *my_id;
	const char *peer_id;
	const char *top;
};

static inline char *v2_text(unsigned int side, const struct v2_conf *c)
{
	static const struct v2_conf plain;
	char my[64], peer[64];

	c = c ? c : &plain;
	snprintf(my, sizeof(my), "fqdn \"%s\"", side ? "b.test" : "a.test");
	snprintf(peer, sizeof(peer), "fqdn \"%s\"", side ? "a.test" : "b.test");
	return xasprintf("%s\n"
			 "path pre_shared_key \"psk.txt\";\n"
			 "remote 10.0.0.%u {\n"
			 "	testudo { ike_version 2; }\n"
			 "	exchange_mode main;\n"
			 "	my_identifier %s;\n"
			 "	peers_identifier %s;\n"
			 "	verify_identifier on;\n"
			 "	%s\n"
			 "	proposal {\n"
			 "		%s\n"
			 "		authentication_method %s;\n"
			 "	}\n"
			 "}\n"
			 "sainfo anonymous {\n"
			 "	lifetime time 1 hour;\n"
			 "	%s\n"
			 "}\n",
			 c->top ? c->top : "", side ? 1 : 2, c->my_id ? c->my_id : my,
			 c->peer_id ? c->peer_id : peer, c->remote ? c->remote : "",
			 c->proposal ? c->proposal :
				       "encryption_algorithm aes 256; hash_algorithm sha256; dh_group x25519;",
			 c->auth ? c->auth : "pre_shared_key",
			 c->sainfo ? c->sainfo :
				     "encryption_algorithm aes_gcm_16 256, aes 256; authentication_algorithm hmac_sha256;");
}

static inline struct world *v2_world_with(const struct v2_conf *a, const char *psk_a,
					  const struct v2_conf *b, const char *psk_b)
{
	char *ta = v2_text(0, a), *tb = v2_text(1, b);
	struct world *w = world_new(ta, psk_a, tb, psk_b);

	free(ta);
	free(tb);
	return w;
}

static inline struct world *v2_world(const struct v2_conf *a, const struct v2_conf *b)
{
	return v2_world_with(a, V2_PSK_A, b, V2_PSK_B);
}

/* Certificates of @pki; A has the CA of @ca_a, B that of @ca_b; @more: further statements of the remotes. */
static inline struct world *v2_cert_world(const struct pki *pki, const struct pki *ca_a,
					  const struct pki *ca_b, const char *more)
{
	char *remote = xasprintf("certificate_type x509 \"my.pem\" \"my.key\"; ca_type x509 \"ca.pem\"; %s", more);
	const struct v2_conf c = {
		.top = "path certificate \"/c\";",
		.auth = "rsasig",
		.my_id = "asn1dn",
		.peer_id = "asn1dn",
		.remote = remote,
	};
	char *text[2] = { v2_text(0, &c), v2_text(1, &c) };
	struct world_setup s[2] = { 0 };
	struct world *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		s[i].conf = text[i];
		s[i].key = pki->key[i];
		s[i].file[0].name = "/c/my.pem";
		s[i].file[0].text = pki->cert[i];
		s[i].file[1].name = "/c/ca.pem";
		s[i].file[1].text = i ? ca_b->ca : ca_a->ca;
		s[i].file[2].name = "/c/my.key";
		s[i].file[2].text = pki->key[i];
	}
	w = world_setup(&s[0], &s[1]);
	free(text[0]);
	free(text[1]);
	free(remote);
	return w;
}

static inline void v2_tunnels(struct world *w)
{
	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
	world_policy(w, 1, "10.0.2.0/24", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
}

#define v2_expect_pairs(w, n)                                                                \
	do {                                                                                 \
		char why_[256];                                                              \
		int got_ = world_pairs((w), why_, sizeof(why_));                             \
		if (got_ != (int)(n))                                                        \
			fail_msg("%d pairs instead of %d: %s (A: %s; B: %s)", got_, (int)(n), why_, \
				 world_report((w), 0)->sentence, world_report((w), 1)->sentence); \
	} while (0)

/* an IKE SA and a pair of child SAs, and the two ends know of the same */
static inline void v2_expect_up(struct world *w, const char *what)
{
	char why[256];
	int pairs = world_pairs(w, why, sizeof(why));

	if (pairs != 1 || world_ikes_up(w, 0) != 1 || world_ikes_up(w, 1) != 1)
		fail_msg("%s: %d pairs, %u and %u IKE SAs up: %s (A: %s; B: %s)", what, pairs,
			 world_ikes_up(w, 0), world_ikes_up(w, 1), why, world_report(w, 0)->sentence,
			 world_report(w, 1)->sentence);
}

/* why it failed, as that side tells */
static inline void v2_expect_says(struct world *w, unsigned int side, enum report_cause cause,
				  const char *part)
{
	const struct report *r = world_report(w, side);

	if (r->cause != cause || !strstr(r->sentence, part))
		fail_msg("side %u says \"%s\" (cause %u), not \"%s\" (%u)", side, r->sentence, r->cause, part,
			 cause);
}

#endif /* TESTUDO_TEST_V2_HELP_H */
