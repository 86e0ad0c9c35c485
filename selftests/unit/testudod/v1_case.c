// SPDX-License-Identifier: GPL-2.0
/* The configurations of v1_case.h, put together. */
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "v1_case.h"

#define V1_PROPOSAL "encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14;"
#define V1_SAINFO   "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"

static void v1_conf(char buf[V1_CONF], const struct v1_case *c, unsigned int side)
{
	const char *mode = side && c->mode_b ? c->mode_b : c->mode ? c->mode
								   : "main";
	const char *proposal = side && c->proposal_b ? c->proposal_b : c->proposal;
	const char *sainfo = side && c->sainfo_b ? c->sainfo_b : c->sainfo;
	char name[32], auth[256];

	snprintf(name, sizeof(name), c->anonymous && side ? "anonymous" : "10.0.0.%u", 2 - side);
	snprintf(auth, sizeof(auth),
		 c->rsa ? "certificate_type x509 \"%s.pem\" \"%s.key\"; ca_type x509 \"ca.pem\";" : "",
		 side ? "b" : "a", side ? "b" : "a");
	snprintf(buf, V1_CONF,
		 "remote %s {\n"
		 "exchange_mode %s;\n"
		 "testudo { ike_version 1; %s }\n"
		 "%s%s\n"
		 "%s\n%s\n"
		 "proposal { %s authentication_method %s; }\n"
		 "}\n"
		 "sainfo anonymous { %s }\n",
		 name, mode, !c->rsa && strstr(mode, "aggressive") ? "insecure ok;" : "", auth,
		 c->rsa ? " my_identifier asn1dn;" : "", c->remote ? c->remote : "",
		 side && c->remote_b ? c->remote_b : "", proposal ? proposal : V1_PROPOSAL,
		 c->rsa ? "rsasig" : "pre_shared_key", sainfo ? sainfo : V1_SAINFO);
}

static void v1_psk(char *buf, size_t size, const struct v1_case *c, unsigned int side)
{
	snprintf(buf, size, "10.0.0.%u %s\n", 2 - side,
		 side && c->psk_b ? c->psk_b : "what two ends share");
	if (side && c->psk_b && !c->psk_b[0])
		buf[0] = 0;
}

struct world *v1_world(const struct v1_case *c)
{
	struct world_setup setup[2] = { 0 };
	char conf[2][V1_CONF], psk[2][128];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		v1_conf(conf[i], c, i);
		v1_psk(psk[i], sizeof(psk[i]), c, i);
		setup[i].conf = conf[i];
		setup[i].psk = psk[i];
		setup[i].nat = c->nat & 1u << i;
		if (!c->rsa)
			continue;
		setup[i].key = c->pki->key[i];
		setup[i].file[0].name = i ? "b.pem" : "a.pem";
		setup[i].file[0].text = c->pki->cert[i];
		setup[i].file[1].name = "ca.pem";
		setup[i].file[1].text = i && c->ca_b ? c->ca_b : c->pki->ca;
		setup[i].file[2].name = i ? "b.key" : "a.key";
		setup[i].file[2].text = c->pki->key[i];
	}
	return world_setup(&setup[0], &setup[1]);
}

void v1_tunnel(struct world *w, uint8_t first, uint8_t second)
{
	world_policy_pair(w, 0, "10.0.1.0/24", "10.0.2.0/24", first, second, IPSEC_MODE_TUNNEL);
	world_policy_pair(w, 1, "10.0.2.0/24", "10.0.1.0/24", first, second, IPSEC_MODE_TUNNEL);
}

void v1_transport(struct world *w, uint8_t first, uint8_t second)
{
	char addr[2][ADDR_TEXT], seen[2][ADDR_TEXT];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		addr_host(&w->side[i].addr, addr[i]);
		addr_host(&w->side[i].seen, seen[i]);
	}
	world_policy_pair(w, 0, addr[0], seen[1], first, second, IPSEC_MODE_TRANSPORT);
	world_policy_pair(w, 1, addr[1], seen[0], first, second, IPSEC_MODE_TRANSPORT);
}

unsigned int v1_installed(const struct world *w, unsigned int side)
{
	const struct world_sa *sas = w->side[side].sas;
	unsigned int i, n = 0;

	for (i = 0; i < WORLD_SAS; i++)
		n += sas[i].used && !sas[i].larval && sas[i].sa.proto != IPPROTO_COMP;
	return n;
}

void v1_tunnels(struct world *w, unsigned int n)
{
	char local[32], remote[32];
	unsigned int i;

	for (i = 0; i < n; i++) {
		snprintf(local, sizeof(local), "10.1.%u.0/24", i);
		snprintf(remote, sizeof(remote), "10.2.%u.0/24", i);
		world_policy(w, 0, local, remote, IPPROTO_ESP, IPSEC_MODE_TUNNEL);
		world_policy(w, 1, remote, local, IPPROTO_ESP, IPSEC_MODE_TUNNEL);
		world_acquire(w, 0, i);
	}
}
