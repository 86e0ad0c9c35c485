/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels that there are or should be: child SAs, and the kernel's
 * policies that no child SA serves. Built for one answer and forgotten.
 */
#ifndef TESTUDOD_CTL_TUNNEL_H
#define TESTUDOD_CTL_TUNNEL_H

#include "ctl/proto.h"
#include "engine/sa.h"

/** enum tunnel_state - how a tunnel is */
enum tunnel_state {
	TUNNEL_UP,
	TUNNEL_NEGOTIATING, /* messages are being exchanged, or wait for an IKE SA */
	TUNNEL_DOWN,	    /* the last attempt failed, or it has ended */
	TUNNEL_IDLE,	    /* nothing has asked for it yet */
	TUNNEL_SUPERSEDED,  /* rekeyed or being deleted; its successor has a row of its own */
	TUNNEL_STATES,
};

/**
 * struct tunnel - one row
 * @state: how it is
 * @peer: whom with; NULL: no remote block is for the policy's end
 * @policy: outbound policy; NULL: it is gone, or none was told
 * @child: child SA; NULL: none
 * @local: our selector
 * @remote: the peer's
 * @src: our end
 * @dst: the peer's end
 */
struct tunnel {
	enum tunnel_state state;
	struct ike_peer *peer;
	const struct policy *policy;
	struct child_sa *child;
	struct ts local;
	struct ts remote;
	struct sockaddr_storage src;
	struct sockaddr_storage dst;
};

/**
 * struct tunnel_list - all of them
 * @n: members of @row
 * @row: those of a peer one after the other, those without a child SA last
 */
struct tunnel_list {
	size_t n;
	struct tunnel *row;
};

/**
 * struct tunnel_usage - what a tunnel has carried
 * @in: from the peer
 * @out: to it
 * @known: the kernel answered
 */
struct tunnel_usage {
	struct kern_usage in;
	struct kern_usage out;
	bool known;
};

void tunnel_list_make(struct tunnel_list *list, struct ike *ike);
void tunnel_list_free(struct tunnel_list *list);
const char *tunnel_state_name(enum tunnel_state state);
/* why it is not up, as far as its policy knows; NULL: what is wrong with the peer is newer */
const struct policy_last *tunnel_last(const struct tunnel *t);
/* the failure of its peer that it is concerned by; NULL: none */
const struct report *tunnel_report(const struct tunnel *t);
/* asks the kernel about the child SA's pair */
void tunnel_usage(const struct ike *ike, const struct tunnel *t, struct tunnel_usage *usage);
/* has the child SA an SA of that kind? */
bool tunnel_child_is(const struct child_sa *child, enum ctl_what what);

#endif /* TESTUDOD_CTL_TUNNEL_H */
