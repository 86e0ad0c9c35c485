// SPDX-License-Identifier: GPL-2.0
/*
 * Wires between the event loop, the kernel and sockets, and the engine. It
 * decides nothing, but what was lost when the kernel's messages were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <linux/pfkeyv2.h>

#include "base/log.h"
#include "edge/edge.h"
#include "engine/sa.h"

/* ---- what the kernel tells, to the engine ---- */

static void edge_acquire(void *arg, const struct kern_acquire *acq)
{
	struct edge *e = arg;

	ike_acquire(e->ike, acq);
}

static void edge_expire(void *arg, const struct kern_name *name, bool hard)
{
	struct edge *e = arg;

	ike_expire(e->ike, name, hard);
}

static void edge_mapping(void *arg, const struct kern_name *name,
			 const struct sockaddr_storage *now)
{
	struct edge *e = arg;

	ike_new_mapping(e->ike, name, now);
}

static void edge_deleted(void *arg, const struct kern_name *name)
{
	struct edge *e = arg;

	ike_kernel_deleted(e->ike, name);
}

static void edge_flushed(void *arg, uint8_t proto)
{
	struct edge *e = arg;

	ike_kernel_flushed(e->ike, proto);
}

static void edge_policy_put(void *arg, const struct policy *p)
{
	struct edge *e = arg;

	ike_policy_put(e->ike, p);
}

static void edge_policy_remove(void *arg, uint32_t id)
{
	struct edge *e = arg;

	ike_policy_remove(e->ike, id);
}

static void edge_policy_flush(void *arg)
{
	struct edge *e = arg;

	ike_policy_flush(e->ike);
}

static void edge_pending(void *arg)
{
	struct edge *e = arg;

	event_active(e->kernel_ev, EV_READ, 0);
}

/* ---- the SAD against the engine's picture ---- */

/**
 * struct edge_sad - SAs of a dump
 * @sa: SAs
 * @n: members of @sa
 * @room: room in @sa
 */
struct edge_sad {
	struct kernel_sa *sa;
	size_t n;
	size_t room;
};

static void edge_dumped(void *arg, const struct kernel_sa *sa)
{
	struct edge_sad *sad = arg;

	if (sad->n == sad->room) {
		sad->room = sad->room ? 2 * sad->room : 64;
		sad->sa = xrealloc(sad->sa, sad->room * sizeof(*sad->sa));
	}
	sad->sa[sad->n++] = *sa;
}

/* By what an SA is known by: destination, protocol and SPI. */
static int edge_by_name(const void *a, const void *b)
{
	const struct kern_name *p = &((const struct kernel_sa *)a)->name;
	const struct kern_name *q = &((const struct kernel_sa *)b)->name;
	struct chunk x = addr_bytes(&p->dst), y = addr_bytes(&q->dst);

	if (p->spi != q->spi)
		return p->spi < q->spi ? -1 : 1;
	if (p->proto != q->proto)
		return p->proto - q->proto;
	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return x.n ? memcmp(x.p, y.p, x.n) : 0;
}

static int edge_dump(struct edge *e, struct edge_sad *sad)
{
	int err;

	*sad = (struct edge_sad){ 0 };
	err = kernel_dump_sas(&e->kernel, edge_dumped, sad);
	if (err)
		log_error("the SAD can not be read: %s", strerror(-err));
	else if (sad->n)
		qsort(sad->sa, sad->n, sizeof(*sad->sa), edge_by_name);
	return err;
}

static const struct kernel_sa *edge_find(const struct edge_sad *sad, const struct kern_name *name)
{
	struct kernel_sa key = { .name = *name };

	if (!sad->n)
		return NULL;
	return bsearch(&key, sad->sa, sad->n, sizeof(key), edge_by_name);
}

/* The SAs of a child that are in the kernel, by the engine's account: both ways of each protocol. */
static void edge_child_names(const struct child_sa *child, struct edge_sad *names)
{
	const struct child_proto *p;
	struct kernel_sa sa = { 0 };
	unsigned int i;

	for (i = 0; child->installed && i < child->choice.n; i++) {
		p = &child->choice.p[i];
		/* without its ends it can not be looked for, and not be missed */
		if (!addr_bits(&p->src) || !addr_bits(&p->dst))
			continue;
		sa.name = (struct kern_name){
			.proto = p->proto,
			.spi = p->spi_in,
			.src = p->dst,
			.dst = p->src,
		};
		edge_dumped(names, &sa);
		sa.name = (struct kern_name){
			.proto = p->proto,
			.spi = p->spi_out,
			.src = p->src,
			.dst = p->dst,
		};
		edge_dumped(names, &sa);
	}
}

/* What the engine has, as names, since telling it of one may free others. */
static void edge_engine_names(const struct edge *e, struct edge_sad *names)
{
	const struct child_sa *child;
	const struct ike_peer *peer;

	TAILQ_FOREACH(peer, &e->ike->peers, link)
		TAILQ_FOREACH(child, &peer->children, link)
			edge_child_names(child, names);
}

/*
 * Lost EXPIREs and DELETEs: an SA that is gone was deleted, and one that is
 * dying has had its soft EXPIRE. A lost ACQUIRE comes again when the larval SA
 * of it has gone.
 */
static void edge_lost(void *arg)
{
	struct edge_sad have, names = { 0 };
	const struct kernel_sa *sa;
	struct edge *e = arg;
	size_t i;

	if (edge_dump(e, &have)) {
		free(have.sa);
		return;
	}
	edge_engine_names(e, &names);
	for (i = 0; i < names.n; i++) {
		sa = edge_find(&have, &names.sa[i].name);
		if (!sa)
			ike_kernel_deleted(e->ike, &names.sa[i].name);
		else if (sa->state == SADB_SASTATE_DYING)
			ike_expire(e->ike, &sa->name, false);
	}
	free(names.sa);
	free(have.sa);
}

/* The oldest first, so that of several pairs both halves come in the same order. */
static int edge_by_age(const void *a, const void *b)
{
	const struct kernel_sa *p = a, *q = b;

	if (p->created != q->created)
		return p->created < q->created ? -1 : 1;
	return edge_by_name(a, b);
}

/* In use, and by a daemon: what is keyed by hand has no end of its own. */
static bool edge_may_adopt(const struct kernel_sa *sa)
{
	return sa->hard_seconds &&
	       (sa->state == SADB_SASTATE_MATURE || sa->state == SADB_SASTATE_DYING);
}

static int edge_adopt(struct edge *e)
{
	struct edge_sad sad;
	size_t i;
	int err;

	err = edge_dump(e, &sad);
	if (!err && sad.n)
		qsort(sad.sa, sad.n, sizeof(*sad.sa), edge_by_age);
	for (i = 0; !err && i < sad.n; i++)
		if (edge_may_adopt(&sad.sa[i]))
			ike_adopt(e->ike, &sad.sa[i].name, sad.sa[i].reqid, sad.sa[i].mode);
	free(sad.sa);
	return err;
}

static const struct kernel_events edge_events = {
	.acquire = edge_acquire,
	.expire = edge_expire,
	.mapping = edge_mapping,
	.deleted = edge_deleted,
	.flushed = edge_flushed,
	.policy_put = edge_policy_put,
	.policy_remove = edge_policy_remove,
	.policy_flush = edge_policy_flush,
	.lost = edge_lost,
	.pending = edge_pending,
};

/* ---- what the loop tells ---- */

static void edge_message(void *arg, const struct ike_path *path, struct chunk msg)
{
	struct edge *e = arg;

	ike_input(e->ike, path, msg);
}

static void edge_on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct edge_socket *s = arg;

	(void)fd;
	(void)what;
	udp_input(&s->edge->udp, s->i, edge_message, s->edge);
}

static void edge_on_kernel(evutil_socket_t fd, short what, void *arg)
{
	struct edge *e = arg;

	(void)fd;
	(void)what;
	kernel_input(&e->kernel);
}

static void edge_on_addrs(evutil_socket_t fd, short what, void *arg)
{
	struct edge *e = arg;

	(void)fd;
	(void)what;
	addrs_input(&e->addrs);
}

static void edge_addrs_changed(void *arg)
{
	struct edge *e = arg;

	if (e->ike)
		ike_addresses_changed(e->ike);
}

/* ---- life ---- */

static bool edge_make_socket(struct edge *e, struct event_base *base, unsigned int i)
{
	e->socks[i] = (struct edge_socket){ .edge = e, .i = i };
	e->socks[i].ev = event_new(base, e->udp.socks[i].fd, EV_READ | EV_PERSIST, edge_on_udp,
				   &e->socks[i]);
	return e->socks[i].ev;
}

static bool edge_make_events(struct edge *e, struct event_base *base)
{
	unsigned int i;

	e->addrs_ev = event_new(base, addrs_fd(&e->addrs), EV_READ | EV_PERSIST, edge_on_addrs, e);
	e->kernel_ev = event_new(base, e->kernel.fd, EV_READ | EV_PERSIST, edge_on_kernel, e);
	if (!e->addrs_ev || !e->kernel_ev)
		return false;
	for (i = 0; i < e->udp.n; i++)
		if (!edge_make_socket(e, base, i))
			return false;
	return true;
}

static void edge_free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

struct edge *edge_new(struct event_base *base, int kernel_fd, const struct udp_socket *socks,
		      unsigned int nsocks, void *owner)
{
	struct edge *e = xcalloc(1, sizeof(*e));
	int err;

	e->owner = owner;
	err = addrs_init(&e->addrs, edge_addrs_changed, e);
	if (err) {
		log_error("netlink: %s", strerror(-err));
		free(e);
		return NULL;
	}
	kernel_init(&e->kernel, kernel_fd, getpid(), &edge_events, e);
	udp_init(&e->udp, socks, nsocks);
	if (!edge_make_events(e, base)) {
		log_error("events can not be made");
		e->kernel.fd = -1;
		e->udp.n = 0;
		edge_free(e);
		return NULL;
	}
	return e;
}

void edge_free(struct edge *e)
{
	unsigned int i;

	if (!e)
		return;
	for (i = 0; i < UDP_ROOM; i++)
		edge_free_event(e->socks[i].ev);
	edge_free_event(e->kernel_ev);
	edge_free_event(e->addrs_ev);
	addrs_free(&e->addrs);
	kernel_free(&e->kernel);
	udp_free(&e->udp);
	free(e);
}

static void edge_drop_socket(struct edge *e, unsigned int i)
{
	edge_free_event(e->socks[i].ev);
	e->socks[i].ev = NULL;
	udp_close(&e->udp, i);
}

bool edge_add_socket(struct edge *e, const struct udp_socket *s)
{
	int i = udp_add(&e->udp, s);
	char text[ADDR_TEXT];

	if (i >= 0 && edge_make_socket(e, event_get_base(e->kernel_ev), i) &&
	    !event_add(e->socks[i].ev, NULL))
		return true;
	log_error("%s can not be listened on: %s", addr_text(&s->addr, text),
		  strerror(i < 0 ? -i : ENOMEM));
	if (i >= 0)
		edge_drop_socket(e, i);
	else
		close(s->fd);
	return false;
}

void edge_keep_sockets(struct edge *e, const struct udp_plan *plan)
{
	unsigned int i;

	for (i = 0; i < e->udp.n; i++)
		if (e->udp.socks[i].fd >= 0 && !udp_planned(plan, &e->udp.socks[i]))
			edge_drop_socket(e, i);
}

int edge_start(struct edge *e, struct ike *ike, bool adopt)
{
	unsigned int i;
	int err;

	e->ike = ike;
	err = kernel_start(&e->kernel);
	if (!err && adopt)
		err = edge_adopt(e);
	if (err)
		return err;
	if (event_add(e->kernel_ev, NULL) || event_add(e->addrs_ev, NULL))
		return -ENOMEM;
	for (i = 0; i < e->udp.n; i++)
		if (event_add(e->socks[i].ev, NULL))
			return -ENOMEM;
	return 0;
}

/* ---- the engine's operations ---- */

static int edge_send(void *arg, const struct ike_path *path, struct chunk msg)
{
	struct edge *e = arg;

	return udp_send(&e->udp, path, msg);
}

static int edge_keepalive(void *arg, const struct ike_path *path)
{
	struct edge *e = arg;

	return udp_keepalive(&e->udp, path);
}

static int edge_local_addr(void *arg, const struct sockaddr_storage *remote,
			   struct sockaddr_storage *local)
{
	struct edge *e = arg;

	return addrs_source(&e->addrs, remote, local);
}

static bool edge_is_local(void *arg, const struct sockaddr_storage *addr)
{
	struct edge *e = arg;

	return addrs_is_local(&e->addrs, addr);
}

static int edge_getspi(void *arg, const struct kern_sa *sa, uint32_t *spi)
{
	struct edge *e = arg;

	return kernel_getspi(&e->kernel, sa, spi);
}

static int edge_sa_install(void *arg, const struct kern_sa *sa)
{
	struct edge *e = arg;

	return kernel_sa_install(&e->kernel, sa);
}

static int edge_sa_delete(void *arg, const struct kern_name *name)
{
	struct edge *e = arg;

	return kernel_sa_delete(&e->kernel, name);
}

static int edge_sa_usage(void *arg, const struct kern_name *name, struct kern_usage *usage)
{
	struct edge *e = arg;

	return kernel_sa_usage(&e->kernel, name, usage);
}

static int edge_sa_moved(void *arg, const struct kern_name *name,
			 const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	struct edge *e = arg;

	return kernel_sa_moved(&e->kernel, name, src, dst);
}

static int edge_acquire_failed(void *arg, uint32_t seq, const struct kern_name *name, int error)
{
	struct edge *e = arg;

	return kernel_acquire_failed(&e->kernel, seq, name, error);
}

static int edge_policy_add(void *arg, struct policy *p)
{
	struct edge *e = arg;

	return kernel_policy_add(&e->kernel, p);
}

static int edge_policy_delete(void *arg, const struct policy *p)
{
	struct edge *e = arg;

	return kernel_policy_delete(&e->kernel, p);
}

void edge_ops(struct ike_ops *ops)
{
	ops->send = edge_send;
	ops->keepalive = edge_keepalive;
	ops->local_addr = edge_local_addr;
	ops->is_local = edge_is_local;
	ops->getspi = edge_getspi;
	ops->sa_install = edge_sa_install;
	ops->sa_delete = edge_sa_delete;
	ops->sa_usage = edge_sa_usage;
	ops->sa_moved = edge_sa_moved;
	ops->acquire_failed = edge_acquire_failed;
	ops->policy_add = edge_policy_add;
	ops->policy_delete = edge_policy_delete;
}
