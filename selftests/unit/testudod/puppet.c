// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor's children as test_proc has them: a net process that does what the
 * test says over a socket and tells it what it hears, and a control process that
 * waits for the end of that. The keys process is the daemon's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "crypto/crypt.h"
#include "proc/keys.h"
#include "puppet.h"

/* ---- the net process of the test: a puppet ---- */

#define RELOAD_ID 41u
#define CHECK_ID  42u

/**
 * struct puppet - our net process
 * @c: child
 * @base: loop
 * @keys: the keys process
 * @wire: socket to the test
 * @ev: its event
 */
struct puppet {
	struct child *c;
	struct event_base *base;
	struct keys_client *keys;
	int wire;
	struct event *ev;
};

static void say(const struct puppet *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct puppet *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)!send(p->wire, text, strlen(text) + 1, MSG_NOSIGNAL);
}

static void do_psk(struct puppet *p, const char *who)
{
	const struct alg *prf = alg_by_v2(ALG_PRF, 5);
	struct secrets_answer a = { 0 };
	struct sockaddr_storage addr;
	struct psk_who w = { 0 };
	uint8_t out[CRYPT_HASH_MAX];
	struct id id = { 0 };
	char hex[80];

	if (addr_parse(&addr, who)) {
		w.addr = &addr;
	} else {
		id_set(&id, ID_FQDN, chunk_str(who));
		w.id = &id;
	}
	if (keys_client_psk(p->keys, &w, PSK_PRF, prf, chunk_str("data"), out, &a))
		say(p, "psk %s", log_hex_public(chunk(out, 4), hex, sizeof(hex)));
	else
		say(p, "no %d %s", a.error, a.sentence);
	id_free(&id);
}

static void do_sign(struct puppet *p, const char *name)
{
	const struct conf_remote *r = conf_remote_by_name(p->c->conf, name);
	struct secrets_answer a = { 0 };
	struct blob sig = { 0 };
	char why[128];
	struct cert *cert;

	if (!r) {
		say(p, "no remote");
		return;
	}
	cert = cert_load(p->c->src, r->cert, why, sizeof(why));
	if (!cert)
		say(p, "no certificate: %s", why);
	else if (!keys_client_sign(p->keys, r, SIG_ECDSA_SHA256, chunk_str("octets"), &sig, &a))
		say(p, "no %d %s", a.error, a.sentence);
	else
		say(p, "signature %s",
		    cert_check_signature(cert, SIG_ECDSA_SHA256, chunk_str("octets"), blob_chunk(&sig)) ? "good" : "bad");
	cert_free(cert);
	blob_free(&sig);
}

/* is a secret anywhere in what we were given? */
static bool given(const struct puppet *p, const char *text)
{
	struct blob all = source_pack(p->c->src);
	bool found = memmem(all.p, all.n, text, strlen(text)) != NULL;

	blob_free(&all);
	return found;
}

static void do_walls(const struct puppet *p)
{
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	int file = open("/etc/passwd", O_RDONLY);
	int root = open("/", O_RDONLY);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	say(p, "uid %d root %s file %d key %d psk %d unix %d udp %d", getuid() != 0,
	    root >= 0 ? "open" : "shut", file >= 0, given(p, "PRIVATE KEY"),
	    given(p, "first secret"), sock >= 0, udp >= 0);
}

static void on_command(evutil_socket_t fd, short what, void *arg)
{
	struct puppet *p = arg;
	char text[256] = "";
	char *word;
	char *rest;

	(void)what;
	if (recv(fd, text, sizeof(text) - 1, 0) <= 0) {
		event_base_loopbreak(p->base);
		return;
	}
	word = strtok_r(text, " ", &rest);
	if (!strcmp(word, "psk"))
		do_psk(p, rest);
	else if (!strcmp(word, "sign"))
		do_sign(p, rest);
	else if (!strcmp(word, "walls"))
		do_walls(p);
	else if (!strcmp(word, "given"))
		say(p, "given %d", given(p, rest));
	else if (!strcmp(word, "reload"))
		child_ask_reload(p->c, RELOAD_ID, false);
	else if (!strcmp(word, "check"))
		child_ask_reload(p->c, CHECK_ID, true);
	else if (!strcmp(word, "script")) {
		const char *const env[] = { "REMOTE_ID=fqdn a\x1b[0m;`id`", "LD_PRELOAD=/tmp/x.so",
					    "REMOTE_ADDR=10.0.0.2", "PATH=/tmp", "novalue" };

		child_script(p->c, rest, SCRIPT_PHASE1_UP, env, 5);
	} else if (!strcmp(word, "down"))
		child_script(p->c, rest, SCRIPT_PHASE1_DOWN, NULL, 0);
	else if (!strcmp(word, "exec"))
		execl("/bin/true", "true", NULL);
	else if (!strcmp(word, "crash"))
		raise(SIGKILL);
	else if (!strcmp(word, "steal"))
		imsg_send(p->c->monitor.fd, IMSG_PSK_OPEN, 1, chunk(NULL, 0), -1);
}

static void on_source(void *arg, struct source *src)
{
	struct puppet *p = arg;

	say(p, "source %d", child_take_source(p->c, src));
}

static void on_reloaded(void *arg, uint32_t id, bool ok, const char *text)
{
	say(arg, "%s %d %s", id == RELOAD_ID ? "reloaded" : id == CHECK_ID ? "checked" : "?", ok, text);
}

static void on_socket(void *arg, const struct child_socket *s)
{
	say(arg, "socket %u", s->tag);
	close(s->fd);
}

static void on_peer(void *arg, enum proc_role role, int fd)
{
	struct puppet *p = arg;

	if (role != PROC_KEYS) {
		/* kept: it ends with us. Without a word: it may come at any time after a crash */
		close(p->c->peer[role]);
		p->c->peer[role] = fd;
		return;
	}
	keys_client_replace(p->keys, fd);
	say(p, "peer keys");
}

static void on_stop(void *arg)
{
	struct puppet *p = arg;

	say(p, "stop");
	event_base_loopbreak(p->base);
}

static void on_leave(void *arg)
{
	struct puppet *p = arg;

	say(p, "leave");
	event_base_loopbreak(p->base);
}

static void on_usr1(void *arg)
{
	say(arg, "usr1");
}

static void on_gone(void *arg)
{
	struct puppet *p = arg;

	event_base_loopbreak(p->base);
}

static int puppet_main(void *arg, struct child *c)
{
	static const struct child_ops ops = {
		.source = on_source,
		.peer = on_peer,
		.reloaded = on_reloaded,
		.socket = on_socket,
		.stop = on_stop,
		.leave = on_leave,
		.usr1 = on_usr1,
		.gone = on_gone,
	};
	struct puppet p = { .c = c, .base = event_base_new(), .wire = c->sock[0].fd };

	(void)arg;
	if (c->nsocks != 2 || c->sock[1].tag != 78)
		return 1;
	close(c->sock[1].fd);
	p.keys = keys_client_new(c->peer[PROC_KEYS]);
	c->peer[PROC_KEYS] = -1;
	if (!child_lock(c) || !child_listen(c, p.base, &ops, &p))
		return 1;
	p.ev = event_new(p.base, p.wire, EV_READ | EV_PERSIST, on_command, &p);
	event_add(p.ev, NULL);
	say(&p, "ready");
	event_base_dispatch(p.base);
	event_free(p.ev);
	keys_client_free(p.keys);
	event_base_free(p.base);
	close(p.wire);
	return 0;
}

static void ctl_source(void *arg, struct source *src)
{
	log_debug("the control process has taken %d", child_take_source(arg, src));
}

static void ctl_gone(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* a control process: waits until net is gone */
static int puppet_ctl(void *arg, struct child *c)
{
	static const struct child_ops ops = { .source = ctl_source };
	struct event_base *base = event_base_new();
	struct event *ev = event_new(base, c->peer[PROC_NET], EV_READ, ctl_gone, base);

	(void)arg;
	if (c->peer[PROC_NET] < 0 || !child_lock(c) || !child_listen(c, base, &ops, c))
		return 1;
	event_add(ev, NULL);
	event_base_dispatch(base);
	event_free(ev);
	event_base_free(base);
	return 0;
}

static int puppet_sockets(void *arg, enum proc_role role, const struct conf *conf,
			  struct child_socket *socks, unsigned int max)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int i;

	(void)arg;
	(void)max;
	if (role != PROC_NET)
		return 0;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/" PUPPET_WIRE, getenv(PUPPET_DIR));
	for (i = 0; i < 2; i++) {
		socks[i] = (struct child_socket){ .tag = 77 + (unsigned int)i };
		socks[i].fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (!i && connect(socks[i].fd, (struct sockaddr *)&sun, sizeof(sun)))
			return -errno;
	}
	return conf ? 2 : -EINVAL;
}

/* a socket for a configuration that listens where none did before; at port 1 it can not */
static int puppet_new_sockets(void *arg, enum proc_role role, const struct conf *conf,
			      struct child_socket *socks, unsigned int max)
{
	const struct conf_listen *l = TAILQ_FIRST(&conf->listens);
	static uint16_t had;

	(void)arg;
	(void)max;
	if (l && role == PROC_CTL)
		return addr_port(&l->addr) == 1 ? -EADDRINUSE : 0;
	if (role == PROC_CTL || !l || addr_port(&l->addr) == had)
		return 0;
	had = addr_port(&l->addr);
	*socks = (struct child_socket){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .tag = 79 };
	return 1;
}

static void puppet_keep_sockets(void *arg, const struct conf *conf)
{
	const struct conf_listen *l = conf ? TAILQ_FIRST(&conf->listens) : NULL;

	(void)arg;
	log_debug("kept: %s %u", conf ? "port" : "none", l ? addr_port(&l->addr) : 0);
}

const struct monitor_hooks puppet_hooks = {
	.open_sockets = puppet_sockets,
	.new_sockets = puppet_new_sockets,
	.keep_sockets = puppet_keep_sockets,
	.net_main = puppet_main,
	.ctl_main = puppet_ctl,
};
