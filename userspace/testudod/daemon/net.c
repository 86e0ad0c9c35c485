// SPDX-License-Identifier: GPL-2.0
/*
 * The network process: the engine between the edge, the keys process and the
 * control process, in one event loop, locked in.
 */
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timer.h"
#include "ctl/link.h"
#include "daemon/daemon.h"
#include "edge/edge.h"
#include "engine/sa.h"
#include "proc/keys.h"

#define NET_CLOSE 4000 /* ms that peers have for the answer to our DELETE */
#define NET_LOOK  50   /* ms between two looks whether they have all answered */

/**
 * struct net - the process
 * @daemon: what the command line says
 * @base: event loop
 * @child: what the monitor gave and says
 * @keys: the keys process
 * @link: the control process
 * @edge: sockets and kernel
 * @ike: engine
 * @ops: the engine's world
 * @closing: looks whether the end is reached
 * @close_by: when it is reached anyway
 * @reloading: number of the control request that waits for a reload, or a look at the files
 * @asked: what the monitor knows it by, 0: none waits. Never used twice: who asked may be gone
 *	when the answer comes, and another one may ask by then
 * @last_asked: the last one of these
 * @reload_failed: the monitor has taken the files, but we could not
 */
struct net {
	const struct daemon *daemon;
	struct event_base *base;
	struct child *child;
	struct keys_client *keys;
	struct ctl_link *link;
	struct edge *edge;
	struct ike *ike;
	struct ike_ops ops;
	struct timer closing;
	uint64_t close_by;
	uint32_t reloading;
	uint32_t asked;
	uint32_t last_asked;
	bool reload_failed;
};

static struct net *net_of(void *ops_arg)
{
	return ((struct edge *)ops_arg)->owner;
}

/* ---- the engine's operations that are not the edge's ---- */

static bool net_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		    struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	return keys_client_psk(net_of(arg)->keys, who, use, prf, data, out, answer);
}

static bool net_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		     struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	return keys_client_sign(net_of(arg)->keys, remote, scheme, tbs, sig, answer);
}

static void net_event(void *arg, const struct ike_event *event)
{
	struct net *net = net_of(arg);

	if (net->link)
		ctl_link_event(net->link, event);
}

static void net_script(void *arg, const struct ike_sa *sa, enum ike_script script)
{
	const struct conf_remote *conf = sa->peer->conf;
	char host[ADDR_TEXT], id[ID_TEXT];
	char *env[7];
	size_t i, n = 0;

	if (!(script == SCRIPT_PHASE1_UP ? conf->script_up : script == SCRIPT_PHASE1_DOWN ? conf->script_down
											  : conf->script_dead))
		return;
	env[n++] = xasprintf("LOCAL_ADDR=%s", addr_host(&sa->path.local, host));
	env[n++] = xasprintf("LOCAL_PORT=%u", addr_port(&sa->path.local));
	env[n++] = xasprintf("REMOTE_ADDR=%s", addr_host(&sa->path.remote, host));
	env[n++] = xasprintf("REMOTE_PORT=%u", addr_port(&sa->path.remote));
	env[n++] = xasprintf("REMOTE_ID=%s", id_text(&sa->peer_id, id, sizeof(id)));
	env[n++] = xasprintf("IKE_COOKIE=%016llx:%016llx", (unsigned long long)sa->spi_i,
			     (unsigned long long)sa->spi_r);
	env[n++] = xasprintf("IKE_VERSION=%u", sa->ver);
	child_script(net_of(arg)->child, conf->name, script, (const char *const *)env, n);
	for (i = 0; i < n; i++)
		free(env[i]);
}

/* ---- the control process ---- */

static void net_reload_asked(void *arg, uint32_t id, bool dry_run)
{
	struct net *net = arg;

	if (net->asked) {
		ctl_link_refuse(net->link, id, "a reload is under way", "try again in a moment");
		return;
	}
	if (!child_ask_reload(net->child, net->last_asked + 1, dry_run)) {
		ctl_link_refuse(net->link, id, "the monitor, which reads the files, does not listen", NULL);
		return;
	}
	net->asked = ++net->last_asked;
	net->reload_failed = false;
	net->reloading = id;
}

/* With the control process whoever asked it is gone. */
static void net_link_gone(void *arg)
{
	struct net *net = arg;

	ctl_link_free(net->link);
	net->link = NULL;
	net->asked = 0;
}

static const struct ctl_link_ops net_link_ops = {
	.reload = net_reload_asked,
	.gone = net_link_gone,
};

/* ---- the monitor ---- */

/* Who says several has the first one as the one that he sends from. */
static void net_ports(struct net *net, const struct udp_socket *socks, unsigned int n)
{
	while (n--) {
		if (socks[n].natt)
			net->ike->natt_port = addr_port(&socks[n].addr);
		else
			net->ike->port = addr_port(&socks[n].addr);
	}
}

static void net_source(void *arg, struct source *src)
{
	struct net *net = arg;
	struct child *c = net->child;
	struct conf *conf = child_load(c, src);
	struct udp_plan plan;
	bool planned;

	net->reload_failed = !conf;
	if (!conf) {
		child_source_free(src);
		return;
	}
	planned = !udp_plan(conf, &net->daemon->udp, &plan);
	if (planned)
		net_ports(net, plan.socks, plan.n);
	ike_reload(net->ike, conf, src);
	/* only now: who is no longer a peer has been told from there */
	if (planned)
		edge_keep_sockets(net->edge, &plan);
	conf_free(c->conf);
	child_source_free(c->src);
	c->conf = conf;
	c->src = src;
}

static void net_reloaded(void *arg, uint32_t id, bool ok, const char *text)
{
	struct net *net = arg;

	if (!net->asked || id != net->asked)
		return;
	if (ok && net->reload_failed) {
		ok = false;
		text = "the network process could not take what the monitor had read: see the log";
	}
	ctl_link_done(net->link, net->reloading, ok, text);
	net->asked = 0;
}

static void net_peer(void *arg, enum proc_role role, int fd)
{
	struct net *net = arg;

	if (role == PROC_KEYS) {
		keys_client_replace(net->keys, fd);
	} else if (role == PROC_CTL) {
		net_link_gone(net);
		net->link = ctl_link_new(net->base, fd, net->ike, &net_link_ops, net);
	} else {
		close(fd);
	}
}

/* Of a configuration that comes next. */
static void net_socket(void *arg, const struct child_socket *s)
{
	const struct udp_socket udp = {
		.fd = s->fd,
		.natt = s->tag == DAEMON_SOCK_NATT,
		.addr = s->addr,
	};
	struct net *net = arg;

	edge_add_socket(net->edge, &udp);
}

static void net_look(void *arg)
{
	struct net *net = arg;

	if (ike_is_closed(net->ike) || timer_now() >= net->close_by)
		event_base_loopbreak(net->base);
	else
		timer_set(&net->closing, NET_LOOK);
}

static void net_end_soon(struct net *net)
{
	net->close_by = timer_now() + NET_CLOSE;
	timer_set(&net->closing, NET_LOOK);
}

static void net_stop(void *arg)
{
	struct net *net = arg;

	ike_close(net->ike);
	net_end_soon(net);
}

static void net_leave(void *arg)
{
	struct net *net = arg;

	ike_leave(net->ike);
	net_end_soon(net);
}

static void net_usr1(void *arg)
{
	const struct ike_counts *c = &((struct net *)arg)->ike->counts;

	log_info("IKE SAs established: %llu (IKEv1), %llu (IKEv2); child SAs: %llu",
		 (unsigned long long)c->established[1], (unsigned long long)c->established[2],
		 (unsigned long long)c->child_up);
}

/* An accident, after which there is another start. */
static void net_gone(void *arg)
{
	struct net *net = arg;

	ike_leave(net->ike);
	event_base_loopbreak(net->base);
}

static const struct child_ops net_child_ops = {
	.source = net_source,
	.peer = net_peer,
	.reloaded = net_reloaded,
	.socket = net_socket,
	.stop = net_stop,
	.leave = net_leave,
	.usr1 = net_usr1,
	.gone = net_gone,
};

/* ---- start and end ---- */

static bool net_edge(struct net *net)
{
	struct udp_socket udp[UDP_SOCKETS];
	struct child *c = net->child;
	unsigned int i, n = 0;
	int pfkey = -1;

	for (i = 0; i < c->nsocks; i++) {
		if (c->sock[i].tag == DAEMON_SOCK_PFKEY)
			pfkey = c->sock[i].fd;
		else if (n < UDP_SOCKETS)
			udp[n++] = (struct udp_socket){
				.fd = c->sock[i].fd,
				.natt = c->sock[i].tag == DAEMON_SOCK_NATT,
				.addr = c->sock[i].addr,
			};
	}
	net->edge = edge_new(net->base, pfkey, udp, n, net);
	if (!net->edge)
		return false;
	edge_ops(&net->ops);
	net->ops.psk = net_psk;
	net->ops.sign = net_sign;
	net->ops.event = net_event;
	net->ops.script = net_script;
	net->ike = ike_new(c->conf, c->src, &net->ops, net->edge);
	net_ports(net, udp, n);
	return true;
}

static bool net_start(struct net *net)
{
	struct child *c = net->child;
	int err;

	/* jansson looks for its randomness in a file, once */
	json_object_seed(0);
	net->base = event_base_new();
	if (!net->base)
		return false;
	timer_loop(net->base);
	timer_init(&net->closing, net_look, net);
	net->keys = keys_client_new(c->peer[PROC_KEYS]);
	c->peer[PROC_KEYS] = -1;
	if (!net_edge(net) || !child_lock(c) || !child_listen(c, net->base, &net_child_ops, net))
		return false;
	net->link = ctl_link_new(net->base, c->peer[PROC_CTL], net->ike, &net_link_ops, net);
	c->peer[PROC_CTL] = -1;
	err = edge_start(net->edge, net->ike, true);
	if (err) {
		log_error("the kernel's tables can not be read: %s", strerror(-err));
		return false;
	}
	ike_start(net->ike);
	return true;
}

int daemon_net_main(void *arg, struct child *c)
{
	struct net net = { .daemon = arg, .child = c };
	bool ok;

	ok = net_start(&net);
	if (ok)
		event_base_dispatch(net.base);
	if (net.link)
		ctl_link_free(net.link);
	/* the engine takes its SAs with it */
	if (net.ike)
		ike_free(net.ike);
	if (net.edge)
		edge_free(net.edge);
	keys_client_free(net.keys);
	timer_free(&net.closing);
	return ok ? 0 : 1;
}
