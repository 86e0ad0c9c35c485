// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor's loop: signals, what the children ask, reload and the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "proc/keys.h"
#include "proc/monitor_impl.h"
#include "proc/safefile.h"
#include "proc/sandbox.h"

#define STOP_MS	       5000 /* net tells its peers good-bye, and scripts undo what others of them did */
#define WHY_MAX	       4096 /* errors of a reload that are told to who asked for it */
#define LOG_PER_MINUTE 6    /* lines that a peer can cause */

static const int signals[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* ---- reload ---- */

static void send_to(struct member *c, uint32_t type, uint32_t id, struct chunk body, int fd)
{
	int err = c->pid && c->ch.fd >= 0 ? imsg_send(c->ch.fd, type, id, body, fd) : 0;

	if (!err)
		return;
	/* it does not read: better a new one than one with an old configuration */
	log_error("the %s process does not listen: %s", proc_role_name(c->role), strerror(-err));
	kill(c->pid, SIGKILL);
}

static void take_log_level(const struct monitor *m)
{
	if (!m->opt->log_level_said)
		log_set_level(m->conf->log_level);
}

static void send_sources(struct monitor *m)
{
	enum proc_role role;

	/* in the order of their numbers, keys first: net may sign with a new key at once */
	for (role = PROC_KEYS; role < PROC_ROLES; role++) {
		int fd = files_for(m, role);

		if (fd < 0) {
			log_error("the configuration can not be handed to the %s process: %s",
				  proc_role_name(role), strerror(-fd));
			continue;
		}
		send_to(&m->member[role], IMSG_SOURCE, 0, chunk(NULL, 0), fd);
		close(fd);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/*
 * What processes are made with: their user, which they can not change any more, and the buffer of
 * a socket that knows the state of the kernel's tables. The pid file was made at the start.
 */
static void tell_of_restart(const struct conf *was, const struct conf *now, char *why, size_t size)
{
	const struct {
		const char *what;
		bool same;
	} rows[] = {
		{ "privsep { user ...; }", same_text(was->user, now->user) },
		{ "privsep { group ...; }", same_text(was->group, now->group) },
		{ "pfkey_buffer", was->pfkey_buffer == now->pfkey_buffer },
		{ "path pidfile", same_text(was->path_pid, now->path_pid) },
	};
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].same)
			continue;
		snprintf(line, sizeof(line), "%s has changed: that takes a restart of testudod",
			 rows[i].what);
		log_warn("%s", line);
		files_why(why, size, line);
	}
}

/* All of it or nothing: also where it wants to listen must be possible. */
static bool take_files(struct monitor *m, char *why, size_t why_size)
{
	struct spawn_sockets *add = xcalloc(1, sizeof(*add));
	struct files_new new;
	int err = -EINVAL;
	char line[128];

	if (files_read(m, &new, why, why_size)) {
		err = spawn_open(m, new.conf, add);
		if (err) {
			snprintf(line, sizeof(line), "where it wants to listen it can not: %s (the log says more)",
				 strerror(-err));
			files_why(why, why_size, line);
		}
	}
	if (err) {
		files_drop(&new);
	} else {
		tell_of_restart(m->conf, new.conf, why, why_size);
		files_take(m, &new);
		take_log_level(m);
		spawn_hand_over(m, add);
		send_sources(m);
	}
	m->opt->hooks->keep_sockets(m->opt->hooks->arg, m->conf);
	free(add);
	return !err;
}

static bool reload(struct monitor *m, char *why, size_t why_size)
{
	struct timespec now;
	bool ok;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify("RELOADING=1\nMONOTONIC_USEC=%lld",
	       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	log_notice("reading %s again", m->opt->conf);
	ok = take_files(m, why, why_size);
	if (!ok)
		log_error("%s can not be taken: the old configuration stays in force", m->opt->conf);
	notify("READY=1\nSTATUS=%s", ok ? "running" : "running; the last reload found errors");
	return ok;
}

static bool check_files(const struct monitor *m, char *why, size_t why_size)
{
	struct files_new new;
	bool ok;

	log_notice("looking at %s, which stays as it is in force", m->opt->conf);
	ok = files_read(m, &new, why, why_size);
	if (ok)
		tell_of_restart(m->conf, new.conf, why, why_size);
	files_drop(&new);
	return ok;
}

static void answer_reload(struct member *c, uint32_t id, bool dry_run)
{
	char why[WHY_MAX] = "";
	struct writer w = { 0 };
	bool ok;

	ok = dry_run ? check_files(c->m, why, sizeof(why)) : reload(c->m, why, sizeof(why));

	put_u8(&w, ok);
	put_bytes(&w, chunk_str(why));
	send_to(c, IMSG_RELOADED, id, writer_chunk(&w), -1);
	writer_free(&w);
}

/* ---- what children ask ---- */

static void answer_psk(struct member *c, uint32_t id)
{
	static struct log_limit limit;
	const char *path = c->m->conf->path_psk;
	struct secrets_answer a = { .error = SECRETS_OK };
	struct writer w = { 0 };
	char why[SECRETS_SENTENCE] = "there is no \"path pre_shared_key\"";
	int fd = path ? safe_open(path, SAFE_SECRET, why, sizeof(why)) : -ENOENT;

	if (fd < 0) {
		a.error = fd == -EPERM ? SECRETS_UNSAFE_FILE : SECRETS_NO_FILE;
		snprintf(a.sentence, sizeof(a.sentence), "%s", why);
		if (log_limit_ok(&limit, LOG_PER_MINUTE, timer_now()))
			log_error("pre-shared keys: %s", why);
	}
	keys_put_answer(&w, &a, chunk(NULL, 0));
	if (imsg_send(c->ch.fd, IMSG_PSK_FILE, id, writer_chunk(&w), fd >= 0 ? fd : -1))
		log_error("the keys process does not listen");
	writer_free(&w);
	if (fd >= 0)
		close(fd);
}

static void tell_ready(struct monitor *m)
{
	if (!m->member[PROC_KEYS].ready || !m->member[PROC_NET].ready || !m->member[PROC_CTL].ready)
		return;
	if (!m->told_ready)
		log_debug("all processes run");
	m->told_ready = true;
	notify("READY=1\nSTATUS=running\nMAINPID=%ld", (long)getpid());
}

void monitor_message(void *arg, struct imsg *msg)
{
	struct member *c = arg;
	bool net = c->role == PROC_NET;

	switch (msg->type) {
	case IMSG_READY:
		spawn_is_ready(c);
		tell_ready(c->m);
		return;
	case IMSG_PSK_OPEN:
		if (c->role != PROC_KEYS)
			break;
		answer_psk(c, msg->id);
		return;
	case IMSG_SCRIPT:
		if (!net)
			break;
		script_run(c->m, blob_chunk(&msg->body));
		return;
	case IMSG_RELOAD:
		if (!net)
			break;
		answer_reload(c, msg->id, msg->body.n && msg->body.p[0]);
		return;
	default:
		break;
	}
	/* whoever asks for what is not his has been taken over */
	log_error("the %s process asked for what it has no right to (message %u)",
		  proc_role_name(c->role), msg->type);
	kill(c->pid, SIGKILL);
}

/* ---- the end ---- */

/* net ends first; without it nobody needs the others. Scripts of its end are ours until the service manager's patience ends */
static void end_the_rest(struct monitor *m)
{
	if (!m->member[PROC_NET].pid)
		spawn_kill(m, SIGKILL);
	if (spawn_none_left(m) && (m->late || !script_runs(m)))
		event_base_loopbreak(m->base);
}

static void stop_late(void *arg)
{
	struct monitor *m = arg;

	m->late = true;
	if (m->member[PROC_NET].pid)
		log_warn("the net process did not end in time");
	else if (script_runs(m))
		log_warn("a script did not end in time");
	spawn_kill(m, SIGKILL);
	end_the_rest(m);
}

void monitor_stop(struct monitor *m, int exit_status, enum imsg_type how)
{
	if (m->stopping)
		return;
	m->stopping = true;
	m->exit_status = exit_status;
	notify("STOPPING=1");
	/* the others are needed until net has said good-bye */
	send_to(&m->member[PROC_NET], how, 0, chunk(NULL, 0), -1);
	timer_set(&m->stop_timer, STOP_MS);
	end_the_rest(m);
}

static void reap(struct monitor *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!script_ended(m, pid, status))
			spawn_ended(m, pid, status);
	if (m->stopping)
		end_the_rest(m);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct monitor *m = arg;

	(void)what;
	switch (sig) {
	case SIGHUP:
		reload(m, NULL, 0);
		break;
	case SIGUSR1:
		log_notice("SIGUSR1: handed to the net process");
		send_to(&m->member[PROC_NET], IMSG_USR1, 0, chunk(NULL, 0), -1);
		break;
	case SIGUSR2:
		log_notice("SIGUSR2: ending; the SAs stay for the next start");
		monitor_stop(m, 0, IMSG_LEAVE);
		break;
	case SIGCHLD:
		reap(m);
		break;
	default:
		log_notice("signal %d: ending", (int)sig);
		monitor_stop(m, 0, IMSG_STOP);
	}
}

/* ---- life ---- */

static void watchdog(void *arg)
{
	struct monitor *m = arg;

	/* a net process that is being started again is a sign of life, too */
	notify("WATCHDOG=1");
	timer_set(&m->watchdog, m->watchdog_ms);
}

static bool write_pid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		log_warn("pid file %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return true;
}

static void loop(struct monitor *m)
{
	char *pid_path = m->conf->path_pid ? xstrdup(m->conf->path_pid) : NULL;
	bool wrote = pid_path && write_pid(pid_path);

	timer_init(&m->stop_timer, stop_late, m);
	timer_init(&m->watchdog, watchdog, m);
	m->watchdog_ms = notify_watchdog_ms();
	if (m->watchdog_ms)
		timer_set(&m->watchdog, m->watchdog_ms);
	if (!spawn_all(m))
		monitor_stop(m, 1, IMSG_LEAVE);
	if (!m->stopping || !spawn_none_left(m))
		event_base_dispatch(m->base);
	if (wrote)
		unlink(pid_path);
	free(pid_path);
}

static void free_monitor(struct monitor *m)
{
	enum proc_role role;

	for (role = PROC_KEYS; role < PROC_ROLES; role++) {
		imsg_channel_close(&m->member[role].ch);
		timer_free(&m->member[role].again);
	}
	timer_free(&m->stop_timer);
	timer_free(&m->watchdog);
	conf_free(m->conf);
	conf_free(m->was);
	source_free(&m->files);
	close(m->self);
}

static bool add_signals(struct monitor *m, struct event *ev[SIGNALS])
{
	size_t i;

	for (i = 0; i < SIGNALS; i++) {
		ev[i] = evsignal_new(m->base, signals[i], on_signal, m);
		if (!ev[i] || event_add(ev[i], NULL))
			return false;
	}
	return true;
}

static bool first_files(struct monitor *m)
{
	struct files_new new;
	bool ok = files_read(m, &new, NULL, 0);

	if (ok)
		files_take(m, &new);
	else
		files_drop(&new);
	return ok;
}

int monitor_run(const struct monitor_options *opt)
{
	struct monitor m = { .opt = opt, .exit_status = 1 };
	struct event *ev[SIGNALS] = { 0 };
	enum proc_role role;
	size_t i;

	source_init(&m.files);
	for (role = 0; role < PROC_ROLES; role++)
		m.member[role].ch.fd = -1;
	signal(SIGPIPE, SIG_IGN);
	/* before anything else: an update of the program must not mix two builds */
	m.self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (m.self < 0) {
		log_error("/proc/self/exe: %s", strerror(errno));
		return 1;
	}
	m.base = event_base_new();
	if (!m.base || sandbox_harden(false) || !first_files(&m)) {
		if (m.base)
			event_base_free(m.base);
		close(m.self);
		return 1;
	}
	take_log_level(&m);
	timer_loop(m.base);
	if (add_signals(&m, ev))
		loop(&m);
	opt->hooks->keep_sockets(opt->hooks->arg, NULL);
	for (i = 0; i < SIGNALS; i++)
		if (ev[i])
			event_free(ev[i]);
	free_monitor(&m);
	event_base_free(m.base);
	return m.exit_status;
}

int monitor_child(enum proc_role role, const struct monitor_options *opt)
{
	const struct monitor_hooks *hooks = opt->hooks;
	struct child *c = xcalloc(1, sizeof(*c));
	int status = 1;

	c->role = role;
	c->conf_name = opt->conf;
	c->insecure = opt->insecure;
	c->log_level_said = opt->log_level_said;
	if (child_start(c)) {
		switch (role) {
		case PROC_KEYS:
			keys_main(c);
			status = 0;
			break;
		case PROC_NET:
			status = hooks->net_main(hooks->arg, c);
			break;
		case PROC_CTL:
			status = hooks->ctl_main(hooks->arg, c);
			break;
		default:
			break;
		}
	}
	child_end(c);
	free(c);
	return status;
}
