/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration as racoon.conf says it, after parsing, checks, inheritance
 * and defaults: what the rest of the daemon reads. Never changed once made; a
 * reload makes a new one and compares.
 */
#ifndef TESTUDOD_CONF_CONF_H
#define TESTUDOD_CONF_CONF_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/log.h"
#include "conf/remote.h"
#include "conf/source.h"
#include "crypto/alg.h"
#include "wire/id.h"

/**
 * struct conf_listen - one address to listen on
 * @link: in struct conf
 * @where: where it was said
 * @addr: address and port (500 and 4500 where none was said)
 * @natt: isakmp_natt
 */
struct conf_listen {
	TAILQ_ENTRY(conf_listen)
	link;
	struct conf_where where;
	struct sockaddr_storage addr;
	bool natt;
};

#define CONF_ALGS 16 /* algorithms of one kind in a sainfo */

/**
 * struct conf_sainfo - one sainfo block
 * @link: in struct conf, most specific first
 * @where: where it begins
 * @any_local: the first identity is anonymous
 * @any_remote: the second is anonymous or left out
 * @remote_client: the second is: the address that the peer has
 * @local: our selector
 * @remote: the peer's
 * @local_id: the first identity is a name, not addresses; type 0: it is not
 * @remote_id: the same of the second
 * @from: peer identity that it is for ("from"); type 0: any
 * @remoteid: number of the remote that it is for, 0: any
 * @pfs: group; NULL: none
 * @lifetime: seconds
 * @lifebytes: kilobytes, 0: none
 * @nencr: members of @encr; 0 (as @ninteg then is) where nothing was said: the
 *	default set
 * @ninteg: members of @integ; 0 also where all ciphers are AEADs
 * @encr: ESP ciphers, in order; bits 0: every length of it, longest first
 * @integ: authentication algorithms, in order
 * @deflate: compression_algorithm was said
 * @esn: offer extended sequence numbers; the default is on
 * @esn_said: the file says so, which is what IKEv1 peers are offered it for
 * @insecure: broken algorithms are allowed
 */
struct conf_sainfo {
	TAILQ_ENTRY(conf_sainfo)
	link;
	struct conf_where where;
	bool any_local;
	bool any_remote;
	bool remote_client;
	struct ts local;
	struct ts remote;
	struct id local_id;
	struct id remote_id;
	struct id from;
	uint32_t remoteid;
	const struct alg *pfs;
	uint32_t lifetime;
	uint64_t lifebytes;
	unsigned int nencr;
	unsigned int ninteg;
	struct alg_key encr[CONF_ALGS];
	const struct alg *integ[CONF_ALGS];
	bool deflate;
	bool esn;
	bool esn_said;
	bool insecure;
};

/**
 * struct conf_secret - a secret that stands in a file of the configuration
 * @link: in struct conf
 * @where: where
 * @len: its bytes, with the quotes around it; without them, all to the end of the line
 */
struct conf_secret {
	TAILQ_ENTRY(conf_secret)
	link;
	struct conf_where where;
	size_t len;
};

/**
 * struct conf - a whole configuration
 * @listens: addresses to listen on; empty: all
 * @strict_address: an address that is missing is an error
 * @remotes: blocks in the order of the files
 * @sainfos: blocks, most specific first
 * @path_psk: psk.txt; NULL: none
 * @at_psk: where that is said
 * @path_cert: folder of certificates, "" for the working directory
 * @path_script: folder of scripts
 * @path_pid: pid file
 * @adminsock: path of the control socket; NULL: the default
 * @adminsock_off: "adminsock disabled"
 * @admin_uid: owner of the control socket; of a name only where the source is
 *	the disk (in the monitor), else 0
 * @admin_gid: its group
 * @admin_mode: its mode
 * @user: user of the processes without privileges; NULL: the default
 * @group: their group
 * @log_level: level from the file
 * @log_said: the file has one
 * @retry_counter: times a message is sent at most; 0: the engine's
 * @retry_interval: seconds between them, always the same, as in racoon; 0: the
 *	engine's, which grow
 * @phase1_time: seconds that phase 1 may take; 0: the engine's
 * @phase2_time: seconds that phase 2 may take; 0: the engine's
 * @natt_keepalive: seconds
 * @pfkey_buffer: kilobytes, 0: the system's
 * @complex_bundle: encode AH and ESP as one proposal
 * @insecure: --allow-insecure was given
 * @secrets: where there are any, in no order
 * @names: files' names that struct conf_where points to
 */
struct conf {
	TAILQ_HEAD(, conf_listen)
	listens;
	bool strict_address;
	TAILQ_HEAD(, conf_remote)
	remotes;
	TAILQ_HEAD(, conf_sainfo)
	sainfos;
	char *path_psk;
	struct conf_where at_psk;
	char *path_cert;
	char *path_script;
	char *path_pid;
	char *adminsock;
	bool adminsock_off;
	uid_t admin_uid;
	gid_t admin_gid;
	mode_t admin_mode;
	char *user;
	char *group;
	enum log_level log_level;
	bool log_said;
	unsigned int retry_counter;
	unsigned int retry_interval;
	unsigned int phase1_time;
	unsigned int phase2_time;
	unsigned int natt_keepalive;
	unsigned int pfkey_buffer;
	bool complex_bundle;
	bool insecure;
	TAILQ_HEAD(, conf_secret)
	secrets;
	struct blob names;
};

/** enum conf_severity - what a message of the parser means */
enum conf_severity {
	CONF_NOTE,    /* it works; here is what you may not know */
	CONF_WARNING, /* it works, but hardly as you want it */
	CONF_ERROR,   /* it is refused */
};

/**
 * struct conf_say - where the parser's messages go
 * @fn: one message: place, the line of the file (without its end, may be
 *	NULL), what is wrong, and what to do about it (may be NULL)
 * @arg: handed to @fn
 */
struct conf_say {
	void (*fn)(void *arg, enum conf_severity severity, const struct conf_where *where,
		   const char *line, const char *what, const char *hint);
	void *arg;
};

/* prints "file:line:column: error: what", the line, a caret and the hint to @arg, a FILE */
void conf_say_file(void *arg, enum conf_severity severity, const struct conf_where *where,
		   const char *line, const char *what, const char *hint);

/*
 * Reads @name and what it includes through @src. All errors are told, in the
 * order of their places; NULL if there was one. @insecure: --allow-insecure.
 * Host names are resolved and users are looked up only if the source is the disk.
 */
struct conf *conf_load(struct source *src, const char *name, bool insecure,
		       const struct conf_say *say);
/*
 * The same, but never NULL: what could be read in spite of errors, for those who
 * only look on ("testudod -t" at the files that are named). @errors: how many.
 */
struct conf *conf_load_all(struct source *src, const char *name, bool insecure,
			   const struct conf_say *say, unsigned int *errors);
void conf_free(struct conf *conf);

/*
 * Secrets in the text of file @name: are there any, and the text with asterisks
 * in their place. The line of a place, likewise: the caller's, NULL if there is none.
 */
bool conf_has_secret(const struct conf *conf, const char *name);
struct blob conf_masked(const struct conf *conf, const char *name, struct chunk text);
char *conf_line(const struct conf *conf, struct source *src, const struct conf_where *at);

/* the block for a peer: by address and port, then address, then anonymous; NULL: none */
const struct conf_remote *conf_remote_by_addr(const struct conf *conf,
					      const struct sockaddr_storage *addr);
const struct conf_remote *conf_remote_by_name(const struct conf *conf, const char *name);
/* the block that a user means by @peer, an address or a name; @how: in words, how it was found */
const struct conf_remote *conf_remote_by_text(const struct conf *conf, const char *peer,
					      const char **how);
/*
 * The sainfo for a pair of selectors and a peer (racoon's rule: the most
 * specific that matches exactly by value, then anonymous). @remote may be NULL:
 * unknown. @peer may be NULL: then what @block expects counts. @client is the
 * address that the peer has, which "clientaddr" is compared with; NULL: unknown.
 */
const struct conf_sainfo *conf_sainfo_find(const struct conf *conf, const struct ts *local,
					   const struct ts *remote, const struct id *peer,
					   const struct conf_remote *block,
					   const struct sockaddr_storage *client);
/* the same content, wherever it stands in which file */
bool conf_remote_equal(const struct conf_remote *a, const struct conf_remote *b);
bool conf_sainfo_equal(const struct conf_sainfo *a, const struct conf_sainfo *b);
/* effective configuration as racoon.conf would say it, every default included */
void conf_print_remote(FILE *out, const struct conf_remote *r);
void conf_print_sainfo(FILE *out, const struct conf_sainfo *s);

#endif /* TESTUDOD_CONF_CONF_H */
