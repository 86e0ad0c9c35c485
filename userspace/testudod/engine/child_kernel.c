// SPDX-License-Identifier: GPL-2.0
/*
 * A child SA and the kernel: SPIs asked for, SAs installed, moved, asked and
 * deleted. The inbound half is always there before the outbound one, so that
 * nothing we cause to be sent finds us unprepared.
 */
#include <errno.h>
#include <linux/ipsec.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "engine/sa.h"

/*
 * Packets of the replay window: what cores and queues reorder at some gigabits a
 * second stays in it, and a bit each is cheap.
 */
#define CHILD_WINDOW 1024

/* Ports belong to SAs only where ESP is in UDP. */
static void child_sa_ends(const struct child_sa *child, const struct child_proto *p, bool inbound,
			  struct sockaddr_storage *src, struct sockaddr_storage *dst)
{
	struct sockaddr_storage us = p->src, them = p->dst;
	bool udp = child->choice.udp && child->ike;

	addr_set_port(&us, udp ? addr_port(&child->ike->path.local) : 0);
	addr_set_port(&them, udp ? addr_port(&child->ike->path.remote) : 0);
	*src = inbound ? them : us;
	*dst = inbound ? us : them;
}

static void child_name(const struct child_sa *child, const struct child_proto *p, bool inbound,
		       struct kern_name *name)
{
	memset(name, 0, sizeof(*name));
	name->proto = p->proto;
	name->spi = inbound ? p->spi_in : p->spi_out;
	child_sa_ends(child, p, inbound, &name->src, &name->dst);
}

static void child_kernel_failed(struct child_sa *child, const char *what, int err)
{
	report_set(&child->peer->report, REPORT_KERNEL, "phase 2", "the kernel refused to %s: %s", what,
		   strerror(-err));
}

bool child_getspi(struct child_sa *child)
{
	const struct ike *ike = child->peer->ike;
	unsigned int i;
	int err;

	child->choice.udp = child->ike && natt_in_use(child->ike);
	for (i = 0; i < child->choice.n; i++) {
		struct child_proto *p = &child->choice.p[i];
		struct kern_sa sa = {
			.proto = p->proto,
			.mode = p->mode,
			.reqid = p->reqid,
			.seq = child->acquire,
			.inbound = true,
		};

		child_sa_ends(child, p, true, &sa.src, &sa.dst);
		err = ike->ops->getspi(ike->ops_arg, &sa, &p->spi_in);
		if (err) {
			p->spi_in = 0;
			child_kernel_failed(child, "give an SPI", err);
			return false;
		}
		child->larval = true;
	}
	return true;
}

#define LIFE_WHOLE 5100 /* of which child_soft() takes parts: twenty times the dice's most */

/* Rounded so that more is left: a second is short for a negotiation. */
static uint64_t child_soft(uint64_t hard, unsigned int parts)
{
	uint64_t left = hard / LIFE_WHOLE * parts +
			(hard % LIFE_WHOLE * parts + LIFE_WHOLE - 1) / LIFE_WHOLE;

	left = left ? left : 1;
	return hard > left ? hard - left : hard;
}

/*
 * Soft before hard, ours before the peer's: the one who began the exchange asks
 * for the next one first. Each SA has its own place in the last fifth.
 */
static void child_limits(const struct child_sa *child, struct kern_sa *sa)
{
	unsigned int parts;
	uint8_t dice;

	crypt_random(&dice, sizeof(dice));
	/* a tenth to a fifth of it, else up to a twentieth */
	parts = child->initiator ? LIFE_WHOLE / 10 + 2 * dice : dice;
	sa->hard_seconds = child->choice.life;
	sa->hard_bytes = child->choice.kilobytes * 1024;
	sa->soft_seconds = child_soft(sa->hard_seconds, parts);
	sa->soft_bytes = child_soft(sa->hard_bytes, parts);
}

static int child_install_one(struct child_sa *child, const struct child_proto *p,
			     struct chunk keys, bool inbound)
{
	const struct ike *ike = child->peer->ike;
	size_t encr = prop_encr_bytes(p), integ = prop_integ_bytes(p);
	struct kern_sa sa = {
		.proto = p->proto,
		.mode = p->mode,
		.spi = inbound ? p->spi_in : p->spi_out,
		.reqid = p->reqid,
		.seq = child->acquire,
		.inbound = inbound,
		.encr = p->encr,
		.integ = p->integ,
		.esn = child->choice.esn,
		.window = CHILD_WINDOW,
		.udp = child->choice.udp,
		.oa = child->natt_oa,
	};

	if (keys.n < encr + integ)
		return -EINVAL;
	sa.encr_key = chunk(keys.p, encr);
	/* non_auth is no algorithm of the kernel's; IPComp has no keys to count from */
	if (integ)
		sa.integ_key = chunk(keys.p + encr, integ);
	else
		sa.integ = NULL;
	/* compression has no window and no lifetime of its own */
	if (p->proto == IPPROTO_COMP)
		sa.window = 0;
	child_sa_ends(child, p, inbound, &sa.src, &sa.dst);
	child_limits(child, &sa);
	return ike->ops->sa_install(ike->ops_arg, &sa);
}

static bool child_install_half(struct child_sa *child, const struct child_keys *keys, bool inbound)
{
	unsigned int i;
	int err;

	for (i = 0; i < child->choice.n; i++) {
		err = child_install_one(child, &child->choice.p[i],
					inbound ? keys[i].in : keys[i].out, inbound);
		if (err) {
			child_kernel_failed(child, inbound ? "take the inbound SA" : "take the outbound SA",
					    err);
			return false;
		}
		if (!inbound)
			child->nout = i + 1;
	}
	return true;
}

bool child_install_in(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS])
{
	if (child_install_half(child, keys, true))
		return true;
	child_uninstall(child);
	return false;
}

bool child_install_out(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS])
{
	if (!child_install_half(child, keys, false)) {
		child_uninstall(child);
		return false;
	}
	child->installed = true;
	child->half = false;
	return true;
}

bool child_install(struct child_sa *child, const struct child_keys keys[CHILD_PROTOS])
{
	return child_install_in(child, keys) && child_install_out(child, keys);
}

void child_uninstall_out(struct child_sa *child)
{
	const struct ike *ike = child->peer->ike;
	struct kern_name name;
	unsigned int i;

	for (i = 0; i < child->nout && i < child->choice.n; i++) {
		if (!child->choice.p[i].spi_out)
			continue;
		child_name(child, &child->choice.p[i], false, &name);
		ike->ops->sa_delete(ike->ops_arg, &name);
	}
	child->nout = 0;
	child->installed = false;
	child->half = false;
}

void child_uninstall(struct child_sa *child)
{
	const struct ike *ike = child->peer->ike;
	struct kern_name name;
	unsigned int i;

	/* outbound first: what is still under way to us can be read to the last moment */
	child_uninstall_out(child);
	for (i = 0; i < child->choice.n; i++) {
		if (!child->choice.p[i].spi_in)
			continue;
		child_name(child, &child->choice.p[i], true, &name);
		ike->ops->sa_delete(ike->ops_arg, &name);
		child->choice.p[i].spi_in = 0;
	}
	for (i = 0; i < child->choice.n; i++)
		child->choice.p[i].spi_out = 0;
	child->larval = false;
}

bool child_is_there(const struct child_sa *child)
{
	return child->installed || child->half;
}

bool child_carried(struct child_sa *child)
{
	const struct ike *ike = child->peer->ike;
	struct kern_usage usage = { 0 };
	struct kern_name name;
	bool more;

	if (!child->choice.n || !child->choice.p[0].spi_in)
		return false;
	/* the outermost one counts every packet of the bundle */
	child_name(child, &child->choice.p[child->choice.n - 1], true, &name);
	if (ike->ops->sa_usage(ike->ops_arg, &name, &usage))
		return false;
	more = usage.bytes != child->seen_bytes;
	child->seen_bytes = usage.bytes;
	return more;
}

bool child_move(struct child_sa *child, const struct ike_path *path)
{
	const struct ike *ike = child->peer->ike;
	unsigned int i;

	for (i = 0; i < child->choice.n; i++) {
		const struct child_proto *p = &child->choice.p[i];
		struct kern_name in, out;

		/* only new SAs can have other hosts: a sequence number must not be used twice */
		if (!addr_same_host(&p->src, &path->local) || !addr_same_host(&p->dst, &path->remote))
			return false;
		if (p->proto != IPPROTO_ESP)
			continue;
		child_name(child, p, true, &in);
		ike->ops->sa_moved(ike->ops_arg, &in, &path->remote, &path->local);
		if (i >= child->nout)
			continue;
		child_name(child, p, false, &out);
		ike->ops->sa_moved(ike->ops_arg, &out, &path->local, &path->remote);
	}
	return true;
}

/*
 * Those between other hosts than now: policies name the old ones too, so they
 * end, and whoever has something to send asks for new ones.
 */
static struct child_sa *moved_away(const struct ike_sa *sa)
{
	struct child_sa *child;

	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->ike == sa && child_is_there(child) && child->choice.udp &&
		    (!addr_same_host(&child->choice.p[0].src, &sa->path.local) ||
		     !addr_same_host(&child->choice.p[0].dst, &sa->path.remote)))
			return child;
	}
	return NULL;
}

void peer_moved(struct ike_sa *sa, const struct ike_path *path)
{
	char was[ADDR_TEXT], now[ADDR_TEXT], text[2 * ADDR_TEXT + 8];
	struct ike_event ev = { .kind = EVENT_NEW_MAPPING, .peer = sa->peer->conf->name, .text = text };
	struct child_sa *child;

	if (addr_same(&sa->path.remote, &path->remote))
		return;
	addr_text(&sa->path.remote, was);
	addr_text(&path->remote, now);
	log_info("%s: the peer moved from %s to %s", sa->peer->conf->name, was, now);
	TAILQ_FOREACH(child, &sa->peer->children, link) {
		if (child->ike == sa && child_is_there(child) && child->choice.udp)
			child_move(child, path);
	}
	sa->path = *path;
	sa->flight.path = *path;
	peer_set_addr(sa->peer, &path->remote);
	snprintf(text, sizeof(text), "%s to %s", was, now);
	ev.remote = path->remote;
	sa->ike->ops->event(sa->ike->ops_arg, &ev);
	while (sa->state != IKE_DEAD && (child = moved_away(sa)))
		child_close_for(child, REPORT_DELETED, "the peer has another address now");
}
