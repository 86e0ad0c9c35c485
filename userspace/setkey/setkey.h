/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of setkey share: the options of the run, and the interface
 * between checking, sending and showing. Holds no protocol knowledge.
 */
#ifndef SETKEY_SETKEY_H
#define SETKEY_SETKEY_H

#include <pfkey.h>

#include "cmd.h"
#include "resolve.h"

#define SETKEY_KEY_MAX		256	/* bytes of a key; the longest real one has 80 */
#define SETKEY_REQUESTS_MAX	6	/* of a policy; the kernel takes no more */
#define SETKEY_NATT_PORT	4500	/* RFC 3948 */

/* Exit status. */
#define SETKEY_OK		0
#define SETKEY_USAGE		1	/* also: the text has errors */
#define SETKEY_REFUSED		2	/* the kernel said no */

/**
 * struct offer - what the kernel says it has
 * @known: the lists were received, and the rest is valid
 * @auth: by id; sadb_alg_id is 0 for what it lacks
 * @enc: likewise
 */
struct offer {
	bool known;
	struct sadb_alg auth[256];
	struct sadb_alg enc[256];
};

/**
 * struct setkey - one run
 * @sock: socket; closed in a dry run
 * @offer: the kernel's algorithms
 * @family: -4, -6: AF_INET, AF_INET6, else AF_UNSPEC
 * @numeric: -N: look no name up
 * @stream: -c: go on behind a wrong command
 * @dry: -n: send nothing
 * @verbose: -v: print all messages
 * @hex: -H: and their bytes
 * @ports: -p: print ports
 * @all: -a: print dead SAs too
 * @forever: -l: dump every second, short
 * @kernel_mode: -k: do not repeat `in' policies as `fwd'
 * @refused: the kernel refused something
 * @quit: an exit command was reached
 */
struct setkey {
	struct pfkey_sock sock;
	struct offer offer;
	int family;
	bool numeric;
	bool stream;
	bool dry;
	bool verbose;
	bool hex;
	bool ports;
	bool all;
	bool forever;
	bool kernel_mode;
	bool refused;
	bool quit;
};

/**
 * struct key - a key
 * @len: bytes
 * @bytes: the key with its salt
 */
struct key {
	size_t len;
	unsigned char bytes[SETKEY_KEY_MAX];
};

/**
 * struct label - an access control label
 * @text: points into the source, NULL without a label
 * @len: bytes
 * @doi: domain of interpretation
 * @alg: LSM
 */
struct label {
	const char *text;
	size_t len;
	uint8_t doi;
	uint8_t alg;
};

/**
 * struct sa_spec - an SA command evaluated
 * @satype: SADB_SATYPE_*
 * @natt: ESP in UDP
 * @mode: IPSEC_MODE_*
 * @auth: algorithm or 0
 * @enc: cipher, AEAD or compression algorithm, or 0
 * @has_enc_key: send KEY_ENCRYPT, possibly of length 0
 * @has_auth_key: send KEY_AUTH
 * @spi: host order
 * @flags: sadb_sa_flags
 * @reqid: 0 for none
 * @window: replay window as given
 * @x_flags: SADB_X_TESTUDO_SA_*, which need struct sadb_x_testudo_sa
 * @seq: sequence number to go on from
 * @ours: something needs struct sadb_x_testudo_sa
 * @enc_key: valid with @has_enc_key
 * @auth_key: valid with @has_auth_key
 * @hard: hard limits, sent if any is not 0
 * @soft: soft limits, likewise
 * @label: access control label
 * @src: sources
 * @dst: destinations
 * @oa: original address of NAT-T, count 0 without
 * @src_port: 0 for none
 * @dst_port: 0 for none
 */
struct sa_spec {
	uint8_t satype;
	bool natt;
	uint8_t mode;
	uint8_t auth;
	uint8_t enc;
	bool has_enc_key;
	bool has_auth_key;
	uint32_t spi;
	uint32_t flags;
	uint32_t reqid;
	uint32_t window;
	uint32_t x_flags;
	uint64_t seq;
	bool ours;
	struct key enc_key;
	struct key auth_key;
	struct pfkey_limits hard;
	struct pfkey_limits soft;
	struct label label;
	struct addr_list src;
	struct addr_list dst;
	struct addr_list oa;
	uint16_t src_port;
	uint16_t dst_port;
};

/**
 * struct sp_spec - a policy command evaluated
 * @type: IPSEC_POLICY_*
 * @dir: IPSEC_DIR_*
 * @proto: upper protocol
 * @priority: as sent, lower wins
 * @id: kernel's number, for spdget
 * @src: sources
 * @dst: destinations
 * @src_prefix: bits, -1 for a whole address
 * @dst_prefix: likewise
 * @src_port: port, ICMP type or upper half of a GRE key; 0 is any
 * @dst_port: port, ICMP code or lower half
 * @requests: number of @request
 * @request: what the policy asks for, in order
 * @label: access control label
 */
struct sp_spec {
	uint8_t type;
	uint8_t dir;
	uint8_t proto;
	uint32_t priority;
	uint32_t id;
	struct addr_list src;
	struct addr_list dst;
	int src_prefix;
	int dst_prefix;
	uint16_t src_port;
	uint16_t dst_port;
	unsigned int requests;
	struct pfkey_request request[SETKEY_REQUESTS_MAX];
	struct label label;
};

/* check_word.c */
bool check_number(struct source *src, struct span s, uint64_t max, const char *what, uint64_t *val);
bool check_ends(const struct setkey *sk, struct source *src, const struct cmd *cmd,
		struct addr_list *from, struct addr_list *to);
bool check_port(struct source *src, struct span s, uint16_t *port);
bool check_satype(struct source *src, struct span s, uint8_t *satype, bool *natt);
bool check_label(struct source *src, const struct opt *opt, struct label *label);
bool check_resolve(const struct setkey *sk, struct source *src, struct span flags, struct span host,
		   struct addr_list *list);

/* check_sa.c, check_sp.c */
bool check_sa(const struct setkey *sk, struct source *src, const struct cmd *cmd,
	      struct sa_spec *spec);
bool check_sp(const struct setkey *sk, struct source *src, const struct cmd *cmd,
	      struct sp_spec *spec);

/* emit.c: commands to the kernel */
void emit_offer(struct setkey *sk);
void emit_list(struct setkey *sk, struct source *src, const struct cmd_list *list);
bool emit_short(struct setkey *sk, unsigned int type);

/* emit_build.c: evaluated commands into messages */
unsigned int build_type(enum cmd_kind kind);
bool build_limited(const struct pfkey_limits *lim);
int build_sa(struct pfkey_buf *b, enum cmd_kind kind, const struct sa_spec *spec,
	     const struct sockaddr_storage *src, const struct sockaddr_storage *dst, uint32_t pid);
int build_sp(struct pfkey_buf *b, unsigned int type, const struct sp_spec *spec, unsigned int dir,
	     const struct sockaddr_storage *src, const struct sockaddr_storage *dst, uint32_t pid);

/* show.c: answers to people */
void show_answer(const struct setkey *sk, const struct pfkey_msg *msg);
void show_request(const struct setkey *sk, const struct pfkey_buf *b);
void show_traffic(const struct setkey *sk, const struct pfkey_msg *msg);
const char *show_errno(unsigned int type, unsigned int err, const char *hint);
int show_monitor(struct setkey *sk, unsigned int stamps);
int show_file(const struct setkey *sk, const char *name);

#endif /* SETKEY_SETKEY_H */
