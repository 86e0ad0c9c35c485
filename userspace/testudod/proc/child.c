// SPDX-License-Identifier: GPL-2.0
/*
 * A child's start, and its talk with the monitor. What it does between is its
 * main function's business.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/child.h"
#include "proc/facts.h"
#include "proc/memfd.h"
#include "proc/sandbox.h"

#define START_MS 10000 /* the monitor has read its files by then */

static const char *const role_names[PROC_ROLES] = { "monitor", "keys", "net", "ctl" };

const char *proc_role_name(enum proc_role role)
{
	return (unsigned int)role < PROC_ROLES ? role_names[role] : "?";
}

enum proc_role proc_role_by_name(const char *name)
{
	enum proc_role role;

	for (role = PROC_KEYS; role < PROC_ROLES; role++)
		if (!strcmp(role_names[role], name))
			return role;
	return PROC_MONITOR;
}

/* ---- what the monitor gives ---- */

static struct source *take_source(const struct imsg *m)
{
	struct source *src = xcalloc(1, sizeof(*src));
	struct blob packed = { 0 };
	bool ok;

	source_init(src);
	ok = memfd_read(m->fd, &packed) && source_unpack(src, blob_chunk(&packed));
	blob_wipe(&packed);
	if (ok)
		return src;
	child_source_free(src);
	return NULL;
}

void child_source_free(struct source *src)
{
	if (!src)
		return;
	source_free(src);
	free(src);
}

static bool read_socket(struct imsg *m, struct child_socket *s)
{
	struct reader r = reader(blob_chunk(&m->body));
	struct chunk addr;

	if (m->fd < 0)
		return false;
	*s = (struct child_socket){ .fd = m->fd, .tag = get_be32(&r) };
	addr = get_rest(&r);
	if (r.failed || addr.n > sizeof(s->addr))
		return false;
	if (addr.n)
		memcpy(&s->addr, addr.p, addr.n);
	m->fd = -1;
	return true;
}

static bool take_socket(struct child *c, struct imsg *m)
{
	if (c->nsocks == CHILD_SOCKETS || !read_socket(m, &c->sock[c->nsocks]))
		return false;
	c->nsocks++;
	return true;
}

static bool take_peer(const struct child *c, struct imsg *m, enum proc_role *role)
{
	struct reader r = reader(blob_chunk(&m->body));

	*role = get_u8(&r);
	return !r.failed && m->fd >= 0 && *role > PROC_MONITOR && *role < PROC_ROLES &&
	       *role != c->role;
}

static void silent(void *arg, enum conf_severity severity, const struct conf_where *where,
		   const char *line, const char *what, const char *hint)
{
	(void)line;
	(void)hint;
	(void)arg;
	/* the monitor has told all of it; what only we find is our fault */
	if (severity == CONF_ERROR)
		log_error("%s:%d: %s", where ? where->file : "?", where ? where->line : 0, what);
}

struct conf *child_load(const struct child *c, struct source *src)
{
	const struct conf_say say = { .fn = silent };
	struct conf *conf = conf_load(src, c->conf_name, c->insecure, &say);

	if (conf && !facts_apply(src, conf)) {
		log_error("the monitor sent a configuration without what its names stand for");
		conf_free(conf);
		conf = NULL;
	}
	if (conf && !c->log_level_said)
		log_set_level(conf->log_level);
	return conf;
}

/* 1: go on; 0: that was all; -1: nonsense */
static int take_first(struct child *c, struct imsg *m)
{
	enum proc_role role;

	switch (m->type) {
	case IMSG_SOURCE:
		child_source_free(c->src);
		c->src = take_source(m);
		return c->src ? 1 : -1;
	case IMSG_PEER:
		if (!take_peer(c, m, &role) || c->peer[role] >= 0)
			return -1;
		c->peer[role] = m->fd;
		m->fd = -1;
		return 1;
	case IMSG_SOCKET:
		return take_socket(c, m) ? 1 : -1;
	case IMSG_RUN:
		return 0;
	default:
		return -1;
	}
}

static void own_signals(void)
{
	/* a terminal's ^C is for the monitor, which then tells us */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

bool child_start(struct child *c)
{
	const char *name = proc_role_name(c->role);
	struct imsg m;
	int more = 1;
	int i;

	c->monitor.fd = CHILD_FD;
	for (i = 0; i < PROC_ROLES; i++)
		c->peer[i] = -1;
	own_signals();
	log_process(name);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	while (more > 0) {
		int n = imsg_recv(CHILD_FD, &m, START_MS);

		if (n <= 0) {
			log_error("the %s process is started by testudod, not by hand", name);
			return false;
		}
		more = take_first(c, &m);
		imsg_free(&m);
	}
	if (more < 0) {
		log_error("the monitor sent what the %s process does not understand", name);
		return false;
	}
	c->conf = c->src ? child_load(c, c->src) : NULL;
	return c->conf != NULL;
}

bool child_lock(struct child *c)
{
	int err;

	sandbox_prepare();
	err = sandbox_drop(c->conf->user, c->conf->group);
	if (!err)
		err = sandbox_filter(c->role);
	if (!err)
		err = imsg_send(c->monitor.fd, IMSG_READY, 0, chunk(NULL, 0), -1);
	if (err)
		log_error("the %s process can not lock itself in: %s", proc_role_name(c->role),
			  strerror(-err));
	return !err;
}

/* ---- the loop ---- */

static void on_reloaded(const struct child *c, const struct imsg *m)
{
	struct reader r = reader(blob_chunk(&m->body));
	bool ok = get_u8(&r);
	struct chunk rest = get_rest(&r);
	char *text;

	if (r.failed || !c->ops->reloaded)
		return;
	text = xstrndup((const char *)rest.p, rest.n);
	c->ops->reloaded(c->arg, m->id, ok, text);
	free(text);
}

static void on_peer(struct child *c, struct imsg *m)
{
	enum proc_role role;

	if (!take_peer(c, m, &role) || !c->ops->peer)
		return;
	c->ops->peer(c->arg, role, m->fd);
	m->fd = -1;
}

static void on_socket(const struct child *c, struct imsg *m)
{
	struct child_socket s;

	if (c->ops->socket && read_socket(m, &s))
		c->ops->socket(c->arg, &s);
}

static void on_source(const struct child *c, const struct imsg *m)
{
	struct source *src;

	if (!c->ops->source)
		return;
	src = take_source(m);
	if (src)
		c->ops->source(c->arg, src);
	else
		log_error("the monitor sent no configuration that the %s process understands",
			  proc_role_name(c->role));
}

void child_message(void *arg, struct imsg *m)
{
	struct child *c = arg;

	switch (m->type) {
	case IMSG_SOURCE:
		on_source(c, m);
		break;
	case IMSG_PEER:
		on_peer(c, m);
		break;
	case IMSG_SOCKET:
		on_socket(c, m);
		break;
	case IMSG_RELOADED:
		on_reloaded(c, m);
		break;
	case IMSG_STOP:
		if (c->ops->stop)
			c->ops->stop(c->arg);
		break;
	case IMSG_LEAVE:
		if (c->ops->leave)
			c->ops->leave(c->arg);
		break;
	case IMSG_USR1:
		if (c->ops->usr1)
			c->ops->usr1(c->arg);
		break;
	default:
		log_debug("message %u of the monitor is not for the %s process", m->type,
			  proc_role_name(c->role));
	}
}

static void on_gone(void *arg, int error)
{
	const struct child *c = arg;

	if (error)
		log_error("the connection to the monitor broke: %s", strerror(-error));
	if (c->ops->gone)
		c->ops->gone(c->arg);
}

bool child_listen(struct child *c, struct event_base *base, const struct child_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	c->monitor.fn = child_message;
	c->monitor.gone = on_gone;
	c->monitor.arg = c;
	return imsg_channel_open(&c->monitor, base, c->monitor.fd);
}

void child_end(struct child *c)
{
	int i;

	imsg_channel_close(&c->monitor);
	for (i = 0; i < PROC_ROLES; i++)
		if (c->peer[i] >= 0)
			close(c->peer[i]);
	conf_free(c->conf);
	child_source_free(c->src);
}

bool child_take_source(struct child *c, struct source *src)
{
	struct conf *conf = child_load(c, src);

	if (!conf) {
		child_source_free(src);
		return false;
	}
	conf_free(c->conf);
	c->conf = conf;
	child_source_free(c->src);
	c->src = src;
	return true;
}

/* ---- questions ---- */

bool child_ask_reload(struct child *c, uint32_t id, bool dry_run)
{
	const uint8_t flag = dry_run;

	return !imsg_send(c->monitor.fd, IMSG_RELOAD, id, chunk(&flag, sizeof(flag)), -1);
}

bool child_script(struct child *c, const char *remote, enum ike_script script,
		  const char *const *env, size_t n)
{
	struct writer w = { 0 };
	size_t i;
	int err;

	put_u8(&w, (uint8_t)script);
	put_bytes(&w, chunk(remote, strlen(remote) + 1));
	for (i = 0; i < n; i++)
		put_bytes(&w, chunk(env[i], strlen(env[i]) + 1));
	err = imsg_send(c->monitor.fd, IMSG_SCRIPT, 0, writer_chunk(&w), -1);
	if (err)
		log_warn("remote %s: the script can not be asked for: %s", remote, strerror(-err));
	writer_free(&w);
	return !err;
}
