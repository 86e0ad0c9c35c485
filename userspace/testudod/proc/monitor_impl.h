/* SPDX-License-Identifier: GPL-2.0 */
/* What the monitor's files share. */
#ifndef TESTUDOD_PROC_MONITOR_IMPL_H
#define TESTUDOD_PROC_MONITOR_IMPL_H

#include <sys/types.h>

#include "base/timer.h"
#include "proc/monitor.h"

#define SCRIPTS_MAX 32 /* scripts that run at the same time */

struct monitor;

/**
 * struct member - a child, as the monitor sees it
 * @m: monitor
 * @role: which
 * @pid: 0: it does not run
 * @ch: channel to it
 * @ready: it has locked itself in
 * @sent_away: we ended it ourselves, to start it again
 * @connect_later: it gets its wire to net when it is ready
 * @since: when it was started, ms
 * @backoff: ms to wait until it is started again
 * @again: that wait
 */
struct member {
	struct monitor *m;
	enum proc_role role;
	pid_t pid;
	struct imsg_channel ch;
	bool ready;
	bool sent_away;
	bool connect_later;
	uint64_t since;
	unsigned int backoff;
	struct timer again;
};

/**
 * struct monitor - the monitor
 * @opt: command line
 * @base: loop
 * @self: our own program, for execve()
 * @conf: configuration in force
 * @files: files it was made of, secrets left out
 * @member: children, by role
 * @scripts: those that run; 0: free
 * @stopping: no child is started any more
 * @told_ready: READY=1 was sent
 * @exit_status: of the program
 * @stop_timer: how long net may take to end
 * @watchdog: for the service manager
 * @watchdog_ms: how often, 0: it does not watch
 */
struct monitor {
	const struct monitor_options *opt;
	struct event_base *base;
	int self;
	struct conf *conf;
	struct source files;
	struct member member[PROC_ROLES];
	pid_t scripts[SCRIPTS_MAX];
	bool stopping;
	bool told_ready;
	int exit_status;
	struct timer stop_timer;
	struct timer watchdog;
	unsigned int watchdog_ms;
};

/* ---- spawn.c: children ---- */

bool spawn_all(struct monitor *m);
/* it has said so */
void spawn_is_ready(struct member *c);
/* a child ended; false: it was none of ours */
bool spawn_ended(struct monitor *m, pid_t pid, int status);
/* no process runs any more */
bool spawn_none_left(const struct monitor *m);
void spawn_kill(struct monitor *m, int sig);
/* fork() with all signals held back in the new process, until it calls the other */
pid_t spawn_fork(void);
void spawn_signals_default(void);

/* ---- files.c: the configuration and who gets which files of it ---- */

/* reads it into @conf and @files; problems are logged, and errors are in @why, one a line */
bool files_load(struct monitor *m, char *why, size_t why_size);
/* the same without taking it */
bool files_check(struct monitor *m, char *why, size_t why_size);
/* memfd of the packed files for @role, or a negative errno */
int files_for(const struct monitor *m, enum proc_role role);

/* ---- script.c ---- */

void script_run(struct monitor *m, struct chunk request);
bool script_ended(struct monitor *m, pid_t pid, int status);

/* ---- monitor.c ---- */

void monitor_message(void *arg, struct imsg *msg);
/* end with that status once all children are gone */
void monitor_stop(struct monitor *m, int exit_status);

/* ---- notify.c: the service manager ---- */

void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* milliseconds between two signs of life that it wants, 0: none */
unsigned int notify_watchdog_ms(void);

#endif /* TESTUDOD_PROC_MONITOR_IMPL_H */
