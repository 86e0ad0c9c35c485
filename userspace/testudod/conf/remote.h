/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one remote block of racoon.conf says: the peer, its identities, phase 1
 * or the IKE SA. Part of conf.h.
 */
#ifndef TESTUDOD_CONF_REMOTE_H
#define TESTUDOD_CONF_REMOTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/list.h"
#include "crypto/alg.h"
#include "wire/id.h"

/**
 * struct conf_where - a place in a file
 * @file: its name, owned by the configuration
 * @line: from 1
 * @column: from 1
 */
struct conf_where {
	const char *file;
	int line;
	int column;
};

/** enum conf_switch - on, off, and racoon's third values */
enum conf_switch {
	CONF_OFF,
	CONF_ON,
	CONF_FORCE,   /* nat_traversal, rekey, ike_frag */
	CONF_REQUIRE, /* generate_policy */
	CONF_UNIQUE,  /* generate_policy */
};

/** enum conf_check - proposal_check */
enum conf_check {
	CONF_CHECK_OBEY,
	CONF_CHECK_STRICT,
	CONF_CHECK_CLAIM,
	CONF_CHECK_EXACT,
};

/* exchange modes, in the order of preference; IKEv1 */
#define CONF_EXCHANGES 2

/**
 * struct conf_proposal - a phase 1 proposal
 * @link: in struct conf_remote
 * @where: where it was said
 * @encr: cipher and key length; NULL: not said (IKEv2: the default set)
 * @hash: hash, which in IKEv2 names PRF and integrity algorithm
 * @dh: group
 * @auth: authentication method
 * @life: seconds, 0: that of the remote
 */
struct conf_proposal {
	TAILQ_ENTRY(conf_proposal)
	link;
	struct conf_where where;
	struct alg_key encr;
	const struct alg *hash;
	const struct alg *dh;
	enum ike_auth auth;
	uint32_t life;
};

/**
 * struct conf_id - an identity in the configuration
 * @link: in struct conf_remote
 * @where: where it was said
 * @id: the identity; type 0 for a bare asn1dn (the certificate's subject) and
 *	for a bare address (the one in use)
 * @type: ID type that was asked for
 * @pattern: asn1dn with a * in it: compare by RDN
 */
struct conf_id {
	TAILQ_ENTRY(conf_id)
	link;
	struct conf_where where;
	struct id id;
	uint8_t type;
	bool pattern;
};

/** enum conf_place - files that a remote names, for messages about them */
enum conf_place {
	CONF_AT_CERT,
	CONF_AT_KEY,
	CONF_AT_CA,
	CONF_AT_PEERS_CERT,
	CONF_AT_PLAIN_RSA,
	CONF_AT_PEERS_RSA,
	CONF_AT_SCRIPT_UP,
	CONF_AT_SCRIPT_DOWN,
	CONF_AT_SCRIPT_DEAD,
	CONF_PLACES,
};

/**
 * struct conf_remote - one remote block
 * @link: in struct conf
 * @where: where it begins
 * @name: name, or the text of its address, or "anonymous"
 * @anonymous: stands for every peer without a block of its own; as in racoon, so
 *	does a named block without remote_address
 * @addr: address and port; family 0 if anonymous; port 0 stands for any
 * @host: host name that @addr was resolved from, else NULL; @addr is of family 0
 *	if it has none, or if the source was not the disk: the monitor asks
 * @versions: IKE versions that we accept, first the one that we initiate: 1, 2
 *	or both; 0 ends it
 * @exchanges: V1_MAIN and V1_AGGRESSIVE in order; 0 ends it
 * @my_id: our identity
 * @peers_ids: identities that the peer may have; empty: any
 * @verify_identifier: enforce @peers_ids
 * @cert: name of our certificate's file, resolved; NULL: none
 * @key: name of its key's file
 * @ca: name of a CA's file; NULL: those of the certificate path
 * @peers_cert: name of the pinned certificate of the peer
 * @secret: pre-shared key of the file itself; NULL: psk.txt has it. Asterisks in
 *	all processes but the monitor and keys
 * @secret_key: whose line in psk.txt it is; NULL: the peer's
 * @plain_rsa: name of our plain RSA key file; NULL: none
 * @peers_rsa: name of the file with the peer's plain RSA keys
 * @verify_cert: compare the peer's identity with its certificate
 * @send_cert: send ours
 * @send_cr: ask for the peer's
 * @match_empty_cr: answer an empty request
 * @lifetime: phase 1, seconds
 * @check: proposal_check
 * @initial_contact: send INITIAL-CONTACT
 * @passive: never initiate
 * @nonce_size: bytes
 * @natt: nat_traversal
 * @dpd_delay: seconds, 0: answer only
 * @dpd_retry: seconds between probes
 * @dpd_maxfail: probes without answer until the peer counts as dead
 * @rekey: rekey phase 1
 * @generate_policy: responder makes policies from the peer's proposal
 * @ike_frag: vendor fragmentation and RFC 7383
 * @script_up: script for phase1_up; NULL: none
 * @script_down: script for phase1_down
 * @script_dead: script for phase1_dead
 * @ph1id: number to link sainfo to, 0: none
 * @start: begin at once, not at the first packet
 * @mobike: RFC 4555 wanted; kept for later
 * @insecure: broken algorithms and modes are allowed
 * @at: where the files were named; line 0: nowhere
 * @proposals: in order
 */
struct conf_remote {
	TAILQ_ENTRY(conf_remote)
	link;
	struct conf_where where;
	char *name;
	bool anonymous;
	struct sockaddr_storage addr;
	char *host;
	uint8_t versions[3];
	uint8_t exchanges[CONF_EXCHANGES + 1];
	struct conf_id my_id;
	TAILQ_HEAD(, conf_id)
	peers_ids;
	bool verify_identifier;
	char *cert;
	char *key;
	char *ca;
	char *peers_cert;
	char *secret;
	char *secret_key;
	char *plain_rsa;
	char *peers_rsa;
	bool verify_cert;
	bool send_cert;
	bool send_cr;
	bool match_empty_cr;
	uint32_t lifetime;
	enum conf_check check;
	bool initial_contact;
	bool passive;
	unsigned int nonce_size;
	enum conf_switch natt;
	unsigned int dpd_delay;
	unsigned int dpd_retry;
	unsigned int dpd_maxfail;
	enum conf_switch rekey;
	enum conf_switch generate_policy;
	enum conf_switch ike_frag;
	char *script_up;
	char *script_down;
	char *script_dead;
	uint32_t ph1id;
	bool start;
	bool mobike;
	bool insecure;
	struct conf_where at[CONF_PLACES];
	TAILQ_HEAD(, conf_proposal)
	proposals;
};

#endif /* TESTUDOD_CONF_REMOTE_H */
