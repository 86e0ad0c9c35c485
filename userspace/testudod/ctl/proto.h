/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control protocol: its verbs, and a request in its three forms. A client
 * sends JSON (strangers may write clients), the daemon's processes hand a
 * record of fixed layout to each other, and everybody inside sees the typed
 * struct. Each way in checks everything anew.
 */
#ifndef TESTUDOD_CTL_PROTO_H
#define TESTUDOD_CTL_PROTO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"

#define CTL_SCHEMA	1			/* "schema_version" of every object */
#define CTL_SOCKET_PATH "/run/testudod/control" /* unless racoon.conf has an adminsock */
#define CTL_REQUEST_MAX (64 << 10)		/* bytes of a request */
#define CTL_DEPTH_MAX	4			/* brackets inside brackets */
#define CTL_NAME_MAX	128			/* bytes of a name with its end */

/** enum ctl_verb - what is asked for */
enum ctl_verb {
	CTL_NONE,
	CTL_RELOAD,
	CTL_SCHEDULE,
	CTL_SHOW_SA,
	CTL_GET_CERT,
	CTL_FLUSH_SA,
	CTL_DELETE_SA,
	CTL_ESTABLISH_SA,
	CTL_SUBSCRIBE,
	CTL_STATUS,
	CTL_WHY,
	CTL_METRICS,
	CTL_VERBS,
};

/** enum ctl_what - which SAs */
enum ctl_what {
	CTL_ALL,
	CTL_ISAKMP,
	CTL_ESP,
	CTL_AH,
	CTL_IPCOMP,
	CTL_IPSEC, /* the three before it */
	CTL_WHATS,
};

/**
 * struct ctl_request - a request
 * @verb: what is asked for
 * @what: which SAs
 * @src: our address with port, or the selector's; family 0: not said
 * @dst: the other one
 * @src_bits: length of @src's prefix
 * @dst_bits: of @dst's
 * @proto: upper protocol, 0: any
 * @name: name of a remote block, or whatever names a peer; "": not said
 * @dry_run: only tell what would be done
 * @verbose: more of it
 */
struct ctl_request {
	enum ctl_verb verb;
	enum ctl_what what;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
	uint8_t src_bits;
	uint8_t dst_bits;
	uint8_t proto;
	char name[CTL_NAME_MAX];
	bool dry_run;
	bool verbose;
};

/**
 * struct ctl_error - why a request was refused
 * @what: one sentence
 * @hint: what to do about it; may be empty
 */
struct ctl_error {
	char what[256];
	char hint[256];
};

/** enum ctl_right - what a client may do */
enum ctl_right {
	CTL_RIGHT_NONE,
	CTL_RIGHT_READ,
	CTL_RIGHT_ALL,
};

struct json_t;

const char *ctl_verb_name(enum ctl_verb verb);
const char *ctl_what_name(enum ctl_what what);
/* false, and @what is untouched, for a word that is none of these names */
bool ctl_what_parse(const char *word, enum ctl_what *what);
/* IPPROTO_* of one protocol's SAs; 0 of those that are more or others */
uint8_t ctl_what_proto(enum ctl_what what);
/* the least right that a verb takes */
enum ctl_right ctl_verb_right(enum ctl_verb verb);

bool ctl_printable(const char *s);
struct json_t *ctl_json_text(const char *text);
void ctl_error(struct ctl_error *err, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* {"schema_version": 1, "ok": false, "error": {...}}; to be freed by free() */
char *ctl_error_json(const struct ctl_error *err);

bool ctl_request_parse(struct chunk text, struct ctl_request *req, struct ctl_error *err);
char *ctl_request_json(const struct ctl_request *req);
void ctl_request_pack(const struct ctl_request *req, struct writer *w);
bool ctl_request_unpack(struct reader *r, struct ctl_request *req);

#endif /* TESTUDOD_CTL_PROTO_H */
