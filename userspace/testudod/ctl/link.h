/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The net process' end of the line to the ctl process: requests come, answers
 * and events go. It never waits: what ctl does not take in time is kept up to
 * a limit, and then lost.
 */
#ifndef TESTUDOD_CTL_LINK_H
#define TESTUDOD_CTL_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct ctl_link;
struct event_base;
struct ike;
struct ike_event;

/**
 * struct ctl_link_ops - what the engine can not do by itself
 * @reload: read the configuration anew and take it, or with @dry_run only
 *	check it; ends in ctl_link_done() with @id, now or later
 * @gone: the ctl process is gone; the link is silent from then on, and may be
 *	freed here
 */
struct ctl_link_ops {
	void (*reload)(void *arg, uint32_t id, bool dry_run);
	void (*gone)(void *arg);
};

/*
 * @fd is taken: one end of a SOCK_SEQPACKET pair, the other is the server's
 * net_fd; -1: there is no ctl process, and the link is silent.
 */
struct ctl_link *ctl_link_new(struct event_base *base, int fd, struct ike *ike,
			      const struct ctl_link_ops *ops, void *arg);
void ctl_link_free(struct ctl_link *link);
/* for who subscribed; costs little when nobody has */
void ctl_link_event(struct ctl_link *link, const struct ike_event *ev);
/*
 * A reload is over: @ok, and what there is to say: the parser's messages, one
 * a line, may be NULL.
 */
void ctl_link_done(struct ctl_link *link, uint32_t id, bool ok, const char *messages);
/* a reload that was not even tried, and why; @hint may be NULL */
void ctl_link_refuse(struct ctl_link *link, uint32_t id, const char *what, const char *hint);

#endif /* TESTUDOD_CTL_LINK_H */
