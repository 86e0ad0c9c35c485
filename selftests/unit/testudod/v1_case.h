/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two engines with an IKEv1 configuration each, from a few words: for the
 * tests of ikev1/. The world itself is world.h's.
 */
#ifndef TESTUDO_TEST_V1_CASE_H
#define TESTUDO_TEST_V1_CASE_H

#include "world.h"

#define V1_CONF 4096

/**
 * struct v1_case - what both ends have
 * @mode: exchange_mode, NULL: main
 * @rsa: RSA signatures with certificates of @pki, else a pre-shared key
 * @pki: certificates
 * @remote: further statements of both remotes
 * @mode_b: exchange_mode of B, NULL: @mode
 * @proposal_b: B's proposal, NULL: @proposal
 * @sainfo_b: B's sainfo, NULL: @sainfo
 * @remote_b: further statements of B's alone
 * @proposal: instead of AES-256, SHA-256, group 14
 * @sainfo: instead of AES-256 and HMAC-SHA-256
 * @psk_b: B's key, NULL: the same as A's; "": it has none
 * @ca_b: CA that B knows, NULL: that of @pki
 * @nat: bit 0: a NAT in front of A, bit 1: of B
 * @anonymous: B has a remote anonymous
 */
struct v1_case {
	const char *mode;
	bool rsa;
	const struct pki *pki;
	const char *remote;
	const char *mode_b;
	const char *proposal_b;
	const char *sainfo_b;
	const char *remote_b;
	const char *proposal;
	const char *sainfo;
	const char *psk_b;
	const char *ca_b;
	unsigned int nat;
	bool anonymous;
};

struct world *v1_world(const struct v1_case *c);
/* A and B have the policies of a tunnel 10.0.1.0/24 - 10.0.2.0/24, or of transport between themselves */
void v1_tunnel(struct world *w, uint8_t first, uint8_t second);
void v1_transport(struct world *w, uint8_t first, uint8_t second);
/* @n tunnels between other networks, and a packet of A's for each */
void v1_tunnels(struct world *w, unsigned int n);
/* SAs of a kernel that are installed, IPComp's left out */
unsigned int v1_installed(const struct world *w, unsigned int side);

#endif /* TESTUDO_TEST_V1_CASE_H */
