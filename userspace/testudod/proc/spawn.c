// SPDX-License-Identifier: GPL-2.0
/*
 * Children: starting them with all they need, and starting those that died again,
 * later each time that it happens at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/monitor_impl.h"

#define BACKOFF_MIN 200
#define BACKOFF_MAX 30000
#define STABLE_MS   60000 /* who ran that long starts with the smallest wait again */

extern char **environ;

/* ---- one child ---- */

/* in the new process: its socket as CHILD_FD, and the program anew */
static void exec_child(const struct monitor *m, enum proc_role role, int sock)
	__attribute__((noreturn));

static void exec_child(const struct monitor *m, enum proc_role role, int sock)
{
	const struct monitor_options *opt = m->opt;
	char **argv = xcalloc((size_t)opt->argc + 3, sizeof(*argv));
	int self = fcntl(m->self, F_DUPFD_CLOEXEC, CHILD_FD + 1);
	int i;

	sock = fcntl(sock, F_DUPFD_CLOEXEC, CHILD_FD + 1);
	if (self < 0 || sock < 0 || dup2(sock, CHILD_FD) < 0)
		_exit(125);
	spawn_signals_default();
	argv[0] = opt->argv[0];
	argv[1] = (char *)"--process";
	argv[2] = (char *)proc_role_name(role);
	for (i = 1; i < opt->argc; i++)
		argv[i + 2] = opt->argv[i];
	/* all others are closed by execve() */
	fexecve(self, argv, environ);
	_exit(127);
}

static int send_source(struct member *c)
{
	int fd = files_for(c->m, c->role);
	int err;

	if (fd < 0)
		return fd;
	err = imsg_send(c->ch.fd, IMSG_SOURCE, 0, chunk(NULL, 0), fd);
	close(fd);
	return err;
}

static int send_socket(struct member *c, const struct child_socket *s)
{
	struct writer w = { 0 };
	int err;

	put_be32(&w, s->tag);
	put_bytes(&w, chunk(&s->addr, sizeof(s->addr)));
	err = imsg_send(c->ch.fd, IMSG_SOCKET, 0, writer_chunk(&w), s->fd);
	writer_free(&w);
	return err;
}

static int send_sockets(struct member *c)
{
	const struct monitor_hooks *hooks = c->m->opt->hooks;
	struct child_socket *socks = xcalloc(CHILD_SOCKETS, sizeof(*socks));
	int err = 0;
	int n = 0;
	int i;

	if (c->role != PROC_KEYS)
		n = hooks->open_sockets(hooks->arg, c->role, c->m->conf, socks, CHILD_SOCKETS);
	for (i = 0; i < n; i++) {
		if (!err)
			err = send_socket(c, &socks[i]);
		close(socks[i].fd);
	}
	free(socks);
	if (n < 0)
		return n;
	return err ? err : imsg_send(c->ch.fd, IMSG_RUN, 0, chunk(NULL, 0), -1);
}

/* to @c, if that is not NULL; closed here */
static void give_sockets(struct member *c, const struct child_socket *socks, int n)
{
	int err = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (c && c->pid && !err)
			err = send_socket(c, &socks[i]);
		close(socks[i].fd);
	}
	if (!err)
		return;
	/* better a new one than one that listens somewhere else */
	log_error("the %s process does not listen: %s", proc_role_name(c->role), strerror(-err));
	kill(c->pid, SIGKILL);
}

int spawn_open(struct monitor *m, const struct conf *conf, struct spawn_sockets *new)
{
	const struct monitor_hooks *hooks = m->opt->hooks;
	enum proc_role role;
	int n = 0;

	for (role = PROC_NET; n >= 0 && role < PROC_ROLES; role++) {
		/* who does not run gets all of them when he is started */
		if (!m->member[role].pid)
			continue;
		n = hooks->new_sockets(hooks->arg, role, conf, new->sock[role], CHILD_SOCKETS);
		new->n[role] = n > 0 ? n : 0;
	}
	if (n >= 0)
		return 0;
	for (role = PROC_NET; role < PROC_ROLES; role++)
		give_sockets(NULL, new->sock[role], new->n[role]);
	return n;
}

void spawn_hand_over(struct monitor *m, struct spawn_sockets *new)
{
	enum proc_role role;

	for (role = PROC_NET; role < PROC_ROLES; role++)
		give_sockets(&m->member[role], new->sock[role], new->n[role]);
}

/* a wire between two children; who does not get his end is about to end himself */
static int connect_pair(struct member *a, struct member *b)
{
	uint8_t role_a = (uint8_t)a->role;
	uint8_t role_b = (uint8_t)b->role;
	int fd[2];
	int err;

	if (!a->pid || !b->pid)
		return 0;
	err = imsg_pair(fd);
	if (err)
		return err;
	if (imsg_send(a->ch.fd, IMSG_PEER, 0, chunk(&role_b, 1), fd[0]) ||
	    imsg_send(b->ch.fd, IMSG_PEER, 0, chunk(&role_a, 1), fd[1]))
		log_debug("the %s or the %s process does not listen", proc_role_name(a->role),
			  proc_role_name(b->role));
	close(fd[0]);
	close(fd[1]);
	return 0;
}

static void channel_gone(void *arg, int error)
{
	struct member *c = arg;

	/* its end comes as SIGCHLD; who only talks nonsense has to be helped */
	if (!c->pid)
		return;
	if (error)
		log_error("the %s process sent what no process of ours sends", proc_role_name(c->role));
	kill(c->pid, SIGKILL);
}

/* libevent's handlers would write into a pipe that the new process shares with us */
void spawn_signals_default(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < SIGRTMIN; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t spawn_fork(void)
{
	sigset_t all;
	sigset_t old;
	pid_t pid;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	err = errno;
	if (pid)
		sigprocmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return pid;
}

static int fork_child(struct member *c)
{
	int fd[2];
	int err = imsg_pair(fd);

	if (err)
		return err;
	c->pid = spawn_fork();
	if (!c->pid)
		exec_child(c->m, c->role, fd[1]);
	err = c->pid < 0 ? -errno : 0;
	close(fd[1]);
	if (err) {
		c->pid = 0;
		close(fd[0]);
		return err;
	}
	c->since = timer_now();
	c->ready = false;
	c->sent_away = false;
	c->connect_later = false;
	c->ch.fn = monitor_message;
	c->ch.gone = channel_gone;
	c->ch.arg = c;
	return imsg_channel_open(&c->ch, c->m->base, fd[0]) ? 0 : -ENOMEM;
}

/* ---- several at once ---- */

#define ROLE(role) (1u << (role))
#define EVERY_ROLE (ROLE(PROC_KEYS) | ROLE(PROC_NET) | ROLE(PROC_CTL))
#define each_role(role)      \
	(role) = PROC_KEYS;  \
	(role) < PROC_ROLES; \
	(role)++

static int fork_roles(struct monitor *m, unsigned int roles)
{
	enum proc_role role;
	int err = 0;

	for (each_role(role))
		if (!err && (roles & ROLE(role)))
			err = fork_child(&m->member[role]);
	return err;
}

/*
 * Keys and ctl talk with net only. A keys process that was started again is not connected before
 * it is ready: net would wait for it.
 */
static int connect_roles(struct monitor *m, unsigned int roles)
{
	struct member *net = &m->member[PROC_NET];
	struct member *keys = &m->member[PROC_KEYS];
	int err = 0;

	if (roles == EVERY_ROLE || ((roles & ROLE(PROC_NET)) && keys->ready))
		err = connect_pair(net, keys);
	else if (roles & (ROLE(PROC_NET) | ROLE(PROC_KEYS)))
		keys->connect_later = true;
	if (!err && (roles & (ROLE(PROC_NET) | ROLE(PROC_CTL))))
		err = connect_pair(net, &m->member[PROC_CTL]);
	return err;
}

void spawn_is_ready(struct member *c)
{
	int err = 0;

	c->ready = true;
	if (c->connect_later)
		err = connect_pair(c, &c->m->member[PROC_NET]);
	c->connect_later = false;
	if (err)
		log_error("the keys process can not be reached: %s", strerror(-err));
}

static int fill_roles(struct monitor *m, unsigned int roles)
{
	enum proc_role role;
	int err = 0;

	for (each_role(role)) {
		if (!(roles & ROLE(role)))
			continue;
		if (!err)
			err = send_source(&m->member[role]);
		if (!err)
			err = send_sockets(&m->member[role]);
	}
	return err;
}

/* all of @roles have their wires before any of them begins */
static bool start(struct monitor *m, unsigned int roles)
{
	enum proc_role role;
	int err = fork_roles(m, roles);

	if (!err)
		err = connect_roles(m, roles);
	if (!err)
		err = fill_roles(m, roles);
	if (!err)
		return true;
	log_error("processes can not be started: %s", strerror(-err));
	for (each_role(role))
		if ((roles & ROLE(role)) && m->member[role].pid)
			kill(m->member[role].pid, SIGKILL);
	return false;
}

static void start_again(void *arg)
{
	struct member *c = arg;
	struct monitor *m = c->m;
	unsigned int roles = ROLE(c->role);

	if (m->stopping || c->pid)
		return;
	/* ctl went with net, and comes with it */
	if (c->role == PROC_NET && !m->member[PROC_CTL].pid) {
		roles |= ROLE(PROC_CTL);
		timer_stop(&m->member[PROC_CTL].again);
	}
	/* without a process that could end, nobody else would try again */
	if (!start(m, roles) && !c->pid)
		timer_set(&c->again, c->backoff);
}

bool spawn_all(struct monitor *m)
{
	enum proc_role role;

	for (each_role(role)) {
		struct member *c = &m->member[role];

		c->m = m;
		c->role = role;
		c->backoff = BACKOFF_MIN;
		timer_init(&c->again, start_again, c);
	}
	return start(m, EVERY_ROLE);
}

static void tell_end(const struct member *c, int status)
{
	const char *name = proc_role_name(c->role);

	if (c->sent_away)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error("the %s process was killed for a system call that its filter does not allow (the kernel's log names its number)",
			  name);
	else if (WIFSIGNALED(status) && !(c->m->stopping && WTERMSIG(status) == SIGKILL))
		log_error("the %s process was ended by signal %d", name, WTERMSIG(status));
	else if (!WIFSIGNALED(status) && (!c->m->stopping || WEXITSTATUS(status)))
		log_error("the %s process ended with status %d", name, WEXITSTATUS(status));
}

/* net is gone: ctl speaks for nobody any more */
static void send_ctl_away(struct monitor *m)
{
	struct member *ctl = &m->member[PROC_CTL];

	if (!ctl->pid)
		return;
	ctl->sent_away = true;
	kill(ctl->pid, SIGKILL);
}

static void plan_again(struct member *c)
{
	struct monitor *m = c->m;

	if (c->role == PROC_NET)
		send_ctl_away(m);
	if (c->role == PROC_CTL && !m->member[PROC_NET].pid)
		return; /* it comes with net */
	if (timer_now() - c->since >= STABLE_MS)
		c->backoff = BACKOFF_MIN;
	if (!c->sent_away)
		log_notice("the %s process is started again in %u ms", proc_role_name(c->role),
			   c->backoff);
	timer_set(&c->again, c->backoff);
	c->backoff = c->backoff < BACKOFF_MAX / 2 ? c->backoff * 2 : BACKOFF_MAX;
}

/* its end may be told before what it said: scripts that it wanted for SAs that went with it */
static void last_words(struct member *c)
{
	struct imsg msg;

	while (c->role == PROC_NET && c->ch.fd >= 0 && imsg_recv(c->ch.fd, &msg, 0) == 1) {
		if (msg.type == IMSG_SCRIPT)
			script_run(c->m, blob_chunk(&msg.body));
		imsg_free(&msg);
	}
}

bool spawn_ended(struct monitor *m, pid_t pid, int status)
{
	enum proc_role role;
	struct member *c;
	bool never_ready;

	for (role = PROC_KEYS; role < PROC_ROLES && m->member[role].pid != pid; role++)
		;
	if (role == PROC_ROLES)
		return false;
	c = &m->member[role];
	tell_end(c, status);
	c->pid = 0;
	never_ready = !c->ready && !m->told_ready;
	c->ready = false;
	last_words(c);
	imsg_channel_close(&c->ch);
	if (m->stopping)
		return true;
	/* what does not work at the start will not work later either; that is no reason to end SAs */
	if (never_ready)
		monitor_stop(m, 1, IMSG_LEAVE);
	else
		plan_again(c);
	return true;
}

bool spawn_none_left(const struct monitor *m)
{
	return !m->member[PROC_KEYS].pid && !m->member[PROC_NET].pid && !m->member[PROC_CTL].pid;
}

void spawn_kill(struct monitor *m, int sig)
{
	enum proc_role role;

	for (each_role(role))
		if (m->member[role].pid)
			kill(m->member[role].pid, sig);
}
