// SPDX-License-Identifier: GPL-2.0
/*
 * daemon/net.c and daemon/control.c between a monitor, an edge, an engine and a server
 * of which only the entry points are there: whose reload is answered, what a new
 * configuration brings along in which order, and the ways to end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "conf/tree.h"
#include "ctl/link.h"
#include "ctl/server.h"
#include "daemon/daemon.h"
#include "edge/edge.h"
#include "engine/sa.h"
#include "proc/keys.h"

/* ---- what it was told to do, as text ---- */

static char said[4096];

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static void was_told(const char *want)
{
	assert_string_equal(said, want);
	said[0] = '\0';
}

/* ---- the monitor ---- */

static const struct child_ops *ops;
static void *ops_arg;
static uint32_t asked; /* id of the last reload that was asked for */
static struct conf *next_conf;
static struct event_base *loop;
static void (*script)(void); /* runs once in the loop, in place of the monitor's messages */

static void run_script(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	script();
}

bool child_lock(struct child *c)
{
	(void)c;
	return true;
}

bool child_listen(struct child *c, struct event_base *base, const struct child_ops *child_ops,
		  void *arg)
{
	const struct timeval now = { 0 };

	(void)c;
	ops = child_ops;
	ops_arg = arg;
	loop = base;
	return !event_base_once(base, -1, EV_TIMEOUT, run_script, NULL, &now);
}

bool child_ask_reload(struct child *c, uint32_t id, bool dry_run)
{
	(void)c;
	tell("ask%s\n", dry_run ? " dry" : "");
	asked = id;
	return true;
}

struct conf *child_load(const struct child *c, struct source *src)
{
	struct conf *conf = next_conf;

	(void)c;
	(void)src;
	next_conf = NULL;
	return conf;
}

bool child_take_source(struct child *c, struct source *src)
{
	struct conf *conf = child_load(c, src);

	if (conf)
		conf_free(c->conf);
	if (conf)
		c->conf = conf;
	return conf;
}

void child_source_free(struct source *src)
{
	(void)src;
}

bool child_script(struct child *c, const char *remote, enum ike_script which,
		  const char *const *env, size_t n)
{
	(void)c;
	(void)remote;
	(void)which;
	(void)env;
	(void)n;
	return true;
}

/* ---- the keys process ---- */

struct keys_client *keys_client_new(int fd)
{
	(void)fd;
	return NULL;
}

void keys_client_replace(struct keys_client *k, int fd)
{
	(void)k;
	(void)fd;
}

void keys_client_free(struct keys_client *k)
{
	(void)k;
}

bool keys_client_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		     struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	(void)arg;
	(void)who;
	(void)use;
	(void)prf;
	(void)data;
	(void)out;
	(void)answer;
	return false;
}

bool keys_client_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		      struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	(void)arg;
	(void)remote;
	(void)scheme;
	(void)tbs;
	(void)sig;
	(void)answer;
	return false;
}

/* ---- the control process: links are numbered from 1 ---- */

static const struct ctl_link_ops *link_ops;
static void *link_arg;
static char links[8];
static unsigned int nlinks;

static unsigned int link_number(const struct ctl_link *link)
{
	return link ? (unsigned int)((const char *)link - links) : 0;
}

struct ctl_link *ctl_link_new(struct event_base *base, int fd, struct ike *ike,
			      const struct ctl_link_ops *new_ops, void *arg)
{
	(void)base;
	(void)fd;
	(void)ike;
	link_ops = new_ops;
	link_arg = arg;
	return (struct ctl_link *)&links[++nlinks];
}

void ctl_link_free(struct ctl_link *link)
{
	(void)link;
}

void ctl_link_event(struct ctl_link *link, const struct ike_event *ev)
{
	(void)link;
	(void)ev;
}

void ctl_link_done(struct ctl_link *link, uint32_t id, bool ok, const char *messages)
{
	tell("link %u: %u is %s%s%s\n", link_number(link), id, ok ? "done" : "not done",
	     messages && *messages ? ": " : "", messages ? messages : "");
}

void ctl_link_refuse(struct ctl_link *link, uint32_t id, const char *what, const char *hint)
{
	(void)hint;
	tell("link %u: %u refused: %s\n", link_number(link), id, what);
}

/* ---- its server ---- */

const struct ctl_limits ctl_limits;

struct ctl_server *ctl_server_new(struct event_base *base, int listen_fd, int net_fd,
				  const struct ctl_access *access, const struct ctl_limits *limits)
{
	(void)base;
	(void)limits;
	tell("server at %d to %d for %u:%u\n", listen_fd, net_fd, access->owner, access->group);
	return (struct ctl_server *)links;
}

void ctl_server_free(struct ctl_server *srv)
{
	(void)srv;
}

void ctl_server_listen(struct ctl_server *srv, int listen_fd)
{
	(void)srv;
	tell("listen at %d\n", listen_fd);
}

void ctl_server_set_access(struct ctl_server *srv, const struct ctl_access *access)
{
	(void)srv;
	tell("for %u:%u\n", access->owner, access->group);
}

void ctl_server_set_net(struct ctl_server *srv, int net_fd)
{
	(void)srv;
	tell("to %d\n", net_fd);
}

/* ---- edge and engine ---- */

static struct edge edge;
static struct ike ike;
static unsigned int looks; /* until the engine is closed */

struct edge *edge_new(struct event_base *base, int kernel_fd, const struct udp_socket *socks,
		      unsigned int nsocks, void *owner)
{
	(void)base;
	(void)kernel_fd;
	(void)socks;
	(void)nsocks;
	edge.owner = owner;
	return &edge;
}

void edge_free(struct edge *e)
{
	(void)e;
}

void edge_ops(struct ike_ops *edge_ops)
{
	(void)edge_ops;
}

bool edge_add_socket(struct edge *e, const struct udp_socket *s)
{
	char text[ADDR_TEXT];

	(void)e;
	tell("socket %s%s\n", addr_text(&s->addr, text), s->natt ? " natt" : "");
	return true;
}

void edge_keep_sockets(struct edge *e, const struct udp_plan *plan)
{
	char text[ADDR_TEXT];

	(void)e;
	tell("keep %u: %s\n", plan->n, addr_text(&plan->socks[0].addr, text));
}

int edge_start(struct edge *e, struct ike *engine, bool adopt)
{
	(void)e;
	(void)engine;
	tell("start%s\n", adopt ? " with what is there" : "");
	return 0;
}

struct ike *ike_new(const struct conf *conf, struct source *src, const struct ike_ops *engine_ops,
		    void *arg)
{
	(void)conf;
	(void)src;
	(void)engine_ops;
	(void)arg;
	return &ike;
}

void ike_free(struct ike *engine)
{
	(void)engine;
	tell("free\n");
}

void ike_start(struct ike *engine)
{
	(void)engine;
}

void ike_reload(struct ike *engine, const struct conf *conf, struct source *src)
{
	(void)conf;
	(void)src;
	tell("reload, from ports %u and %u\n", engine->port, engine->natt_port);
}

void ike_close(struct ike *engine)
{
	(void)engine;
	tell("close\n");
}

void ike_leave(struct ike *engine)
{
	(void)engine;
	tell("leave\n");
}

bool ike_is_closed(const struct ike *engine)
{
	(void)engine;
	return !looks || !--looks;
}

/* ---- tests ---- */

static const struct daemon options = { .udp = { .port = 500, .natt_port = 4500 } };

static struct conf *conf_at(const char *addr)
{
	struct conf_listen *l = xcalloc(1, sizeof(*l));
	struct conf *conf = conf_new();

	assert_true(addr_parse(&l->addr, addr));
	TAILQ_INSERT_TAIL(&conf->listens, l, link);
	return conf;
}

/* the process, with that script as its monitor */
static void run(void (*fn)(void))
{
	struct child c = { .monitor = { .fd = -1 } };
	unsigned int i;

	for (i = 0; i < PROC_ROLES; i++)
		c.peer[i] = -1;
	c.conf = conf_new();
	nlinks = 0;
	said[0] = '\0';
	script = fn;
	assert_int_equal(daemon_net_main((void *)&options, &c), 0);
	event_base_free(loop);
	conf_free(c.conf);
}

static void take(struct conf *conf)
{
	next_conf = conf;
	ops->source(ops_arg, NULL);
}

static void end(void)
{
	said[0] = '\0';
	ops->gone(ops_arg);
}

static void ask_and_lose(void)
{
	uint32_t first, second;
	unsigned int way;

	was_told("start with what is there\n");
	for (way = 0; way < 2; way++) {
		link_ops->reload(link_arg, 5, false);
		first = asked;
		link_ops->reload(link_arg, 6, false);
		was_told(way ? "ask\nlink 2: 6 refused: a reload is under way\n" : "ask\nlink 1: 6 refused: a reload is under way\n");
		/* the control process is gone, seen or not, and a new one is there; its client asks, too */
		if (way)
			link_ops->gone(link_arg);
		ops->peer(ops_arg, PROC_CTL, -1);
		link_ops->reload(link_arg, 5, true);
		second = asked;
		was_told("ask dry\n");
		ops->reloaded(ops_arg, first, true, "of another one");
		was_told("");
		ops->reloaded(ops_arg, second, true, "");
		was_told(way ? "link 3: 5 is done\n" : "link 2: 5 is done\n");
		/* once is enough */
		ops->reloaded(ops_arg, second, true, "");
		was_told("");
	}
	/* without one, nobody is told */
	link_ops->reload(link_arg, 7, false);
	link_ops->gone(link_arg);
	ops->reloaded(ops_arg, asked, true, "");
	was_told("ask\n");
	end();
}

static void test_whose_reload(void **state)
{
	(void)state;
	run(ask_and_lose);
}

static void fail_to_take(void)
{
	said[0] = '\0';
	link_ops->reload(link_arg, 1, false);
	take(NULL);
	ops->reloaded(ops_arg, asked, true, "");
	was_told("ask\nlink 1: 1 is not done: the network process could not take what the monitor had read: see the log\n");
	/* one by a signal before it says nothing of the next */
	link_ops->reload(link_arg, 2, false);
	take(NULL);
	take(conf_new());
	said[0] = '\0';
	ops->reloaded(ops_arg, asked, true, "pfkey_buffer has changed");
	was_told("link 1: 2 is done: pfkey_buffer has changed\n");
	end();
}

static void test_not_taken(void **state)
{
	(void)state;
	run(fail_to_take);
}

static void listen_elsewhere(void)
{
	struct child_socket s = { .fd = -1, .tag = DAEMON_SOCK_IKE };

	said[0] = '\0';
	addr_parse(&s.addr, "127.0.0.3[600]");
	ops->socket(ops_arg, &s);
	s.tag = DAEMON_SOCK_NATT;
	ops->socket(ops_arg, &s);
	was_told("socket 127.0.0.3[600]\nsocket 127.0.0.3[600] natt\n");
	/* new ports before, old sockets after the engine has said good-bye under them */
	ike.natt_port = 4500;
	take(conf_at("127.0.0.3[600]"));
	was_told("reload, from ports 600 and 4500\nkeep 1: 127.0.0.3[600]\n");
	end();
}

static void test_listen(void **state)
{
	(void)state;
	run(listen_elsewhere);
}

static void stop(void)
{
	said[0] = '\0';
	looks = 2;
	ops->stop(ops_arg);
}

static void leave(void)
{
	said[0] = '\0';
	looks = 2;
	ops->leave(ops_arg);
}

/* told to end, told to end and leave, and left alone by the monitor */
static void test_ends(void **state)
{
	(void)state;
	run(stop);
	was_told("close\nfree\n");
	assert_int_equal(looks, 0);
	run(leave);
	was_told("leave\nfree\n");
	assert_int_equal(looks, 0);
	run(end);
	was_told("leave\nfree\n");
}

static void be_elsewhere(void)
{
	struct child_socket s = { .fd = 77, .tag = DAEMON_SOCK_CONTROL };
	struct conf *conf = conf_new();

	was_told("server at 55 to -1 for 0:0\n");
	ops->peer(ops_arg, PROC_NET, 66);
	ops->socket(ops_arg, &s);
	conf->admin_uid = 12;
	conf->admin_gid = 34;
	take(conf);
	was_told("to 66\nlisten at 77\nfor 12:34\n");
	/* what can not be taken changes nothing */
	take(NULL);
	was_told("");
	conf = conf_new();
	conf->adminsock_off = true;
	take(conf);
	was_told("for 0:0\nlisten at -1\n");
	end();
}

/* the control process: another place, other rights, no place */
static void test_control(void **state)
{
	struct child c = { .monitor = { .fd = -1 }, .nsocks = 1 };

	(void)state;
	c.sock[0] = (struct child_socket){ .fd = 55, .tag = DAEMON_SOCK_CONTROL };
	c.peer[PROC_NET] = -1;
	c.conf = conf_new();
	said[0] = '\0';
	script = be_elsewhere;
	assert_int_equal(daemon_control_main((void *)&options, &c), 0);
	event_base_free(loop);
	conf_free(c.conf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_reload),
		cmocka_unit_test(test_not_taken),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_control),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
