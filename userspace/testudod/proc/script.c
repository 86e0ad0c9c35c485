// SPDX-License-Identifier: GPL-2.0
/*
 * Scripts of remote blocks. The network process says which remote and which
 * occasion; the path is the configuration's, and so nothing else can be run. What
 * a peer has chosen reaches the script as values of known names only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/monitor_impl.h"
#include "proc/safefile.h"
#include "wire/dn.h"

#define ENV_MAX	  32
#define VALUE_MAX 512

static const char *const env_names[] = {
	"LOCAL_ADDR",
	"LOCAL_PORT",
	"REMOTE_ADDR",
	"REMOTE_PORT",
	"REMOTE_ID",
	"REMOTE_NAME",
	"IKE_COOKIE",
	"IKE_VERSION",
	"LOCAL_ID",
	"REASON",
	"INTERNAL_ADDR4",
	"INTERNAL_DNS4",
	"INTERNAL_WINS4",
	"INTERNAL_NETMASK4",
	"INTERNAL_CIDR4",
	"DEFAULT_DOMAIN",
	"SPLIT_INCLUDE",
	"SPLIT_LOCAL",
};

/**
 * struct script - a script that is to be run
 * @remote: whose
 * @path: file
 * @when: its first argument
 * @env: environment, NULL at the end
 * @n: members of @env
 */
struct script {
	const struct conf_remote *remote;
	const char *path;
	const char *when;
	char *env[ENV_MAX + 2];
	unsigned int n;
};

static bool known_name(struct chunk name)
{
	size_t i;

	for (i = 0; i < sizeof(env_names) / sizeof(env_names[0]); i++)
		if (chunk_equal(name, chunk_str(env_names[i])))
			return true;
	return false;
}

/* "NAME=value"; a value has no controls in it, whatever the peer called himself */
static void add_env(struct script *s, struct chunk var)
{
	const uint8_t *eq = memchr(var.p, '=', var.n);
	char value[VALUE_MAX];
	struct chunk name;

	if (!eq || s->n == ENV_MAX)
		return;
	name = chunk(var.p, (size_t)(eq - var.p));
	if (!known_name(name))
		return;
	text_escape(chunk(eq + 1, var.n - name.n - 1), NULL, value, sizeof(value));
	s->env[s->n++] = xasprintf("%.*s=%s", (int)name.n, (const char *)name.p, value);
}

/* a text and its zero byte; false at the end */
static bool next_text(struct reader *r, struct chunk *text)
{
	const uint8_t *end = r->n ? memchr(r->p, '\0', r->n) : NULL;

	if (!end)
		return false;
	*text = get_bytes(r, (size_t)(end - r->p));
	get_u8(r);
	return true;
}

/* who is no longer in the file may still undo what he has done */
static const struct conf_remote *remote_of(const struct monitor *m, const char *name, unsigned int which)
{
	const struct conf_remote *r = conf_remote_by_name(m->conf, name);

	return r || !m->was || which == SCRIPT_PHASE1_UP ? r : conf_remote_by_name(m->was, name);
}

static bool read_request(const struct monitor *m, struct chunk request, struct script *s)
{
	struct reader r = reader(request);
	unsigned int which = get_u8(&r);
	struct chunk text;
	char *name;

	if (r.failed || !next_text(&r, &text))
		return false;
	name = xstrndup((const char *)text.p, text.n);
	s->remote = remote_of(m, name, which);
	free(name);
	if (!s->remote)
		return false;
	switch (which) {
	case SCRIPT_PHASE1_UP:
		s->path = s->remote->script_up;
		s->when = "phase1_up";
		break;
	case SCRIPT_PHASE1_DOWN:
		s->path = s->remote->script_down;
		s->when = "phase1_down";
		break;
	case SCRIPT_PHASE1_DEAD:
		s->path = s->remote->script_dead;
		s->when = "phase1_dead";
		break;
	}
	if (!s->path)
		return false;
	s->env[s->n++] = xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	while (next_text(&r, &text))
		add_env(s, text);
	return true;
}

/* in the child: nothing of ours but stderr goes along */
static void run(const struct script *s) __attribute__((noreturn));

static void run(const struct script *s)
{
	char *argv[] = { (char *)s->path, (char *)s->when, NULL };
	int null = open("/dev/null", O_RDWR);

	spawn_signals_default();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	close_range(3, ~0U, 0);
	setsid();
	execve(s->path, argv, s->env);
	_exit(127);
}

static pid_t *free_slot(struct monitor *m)
{
	int i;

	for (i = 0; i < SCRIPTS_MAX; i++)
		if (!m->scripts[i])
			return &m->scripts[i];
	return NULL;
}

static void start(struct monitor *m, const struct script *s)
{
	pid_t *slot = free_slot(m);
	char why[256];
	int fd;

	if (!slot) {
		log_error("remote %s: script %s %s is not run: %d scripts are running already",
			  s->remote->name, s->path, s->when, SCRIPTS_MAX);
		return;
	}
	fd = safe_open(s->path, SAFE_SCRIPT, why, sizeof(why));
	if (fd < 0) {
		log_error("remote %s: script %s is not run: %s", s->remote->name, s->when, why);
		return;
	}
	close(fd);
	*slot = spawn_fork();
	if (!*slot)
		run(s);
	if (*slot < 0) {
		log_error("remote %s: script %s is not run: %s", s->remote->name, s->path,
			  strerror(errno));
		*slot = 0;
		return;
	}
	log_debug("remote %s: script %s %s runs", s->remote->name, s->path, s->when);
}

void script_run(struct monitor *m, struct chunk request)
{
	struct script s = { 0 };

	if (read_request(m, request, &s))
		start(m, &s);
	while (s.n)
		free(s.env[--s.n]);
}

bool script_ended(struct monitor *m, pid_t pid, int status)
{
	int i;

	for (i = 0; i < SCRIPTS_MAX && m->scripts[i] != pid; i++)
		;
	if (i == SCRIPTS_MAX)
		return false;
	m->scripts[i] = 0;
	if (WIFSIGNALED(status))
		log_warn("a script was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_error("a script could not be executed: is the first line's interpreter there?");
	else if (WEXITSTATUS(status))
		log_warn("a script ended with status %d", WEXITSTATUS(status));
	return true;
}

bool script_runs(const struct monitor *m)
{
	int i;

	for (i = 0; i < SCRIPTS_MAX; i++)
		if (m->scripts[i])
			return true;
	return false;
}
