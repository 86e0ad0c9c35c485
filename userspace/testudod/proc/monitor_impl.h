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
 * @was: the one before it, or NULL: net ends the SAs of peers that only that one has
 * @files: files it was made of, secrets left out
 * @member: children, by role
 * @scripts: those that run; 0: free
 * @stopping: no child is started any more
 * @late: and nobody is waited for
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
	struct conf *was;
	struct source files;
	struct member member[PROC_ROLES];
	pid_t scripts[SCRIPTS_MAX];
	bool stopping;
	bool late;
	bool told_ready;
	int exit_status;
	struct timer stop_timer;
	struct timer watchdog;
	unsigned int watchdog_ms;
};

/* ---- spawn.c: children ---- */

bool spawn_all(struct monitor *m);
/**
 * struct spawn_sockets - sockets of a new configuration, for children that run
 * @sock: sockets, by role
 * @n: how many, by role
 */
struct spawn_sockets {
	struct child_socket sock[PROC_ROLES][CHILD_SOCKETS];
	int n[PROC_ROLES];
};

/* those that @conf needs more; 0, or a negative errno after the cause was logged, and there are none */
int spawn_open(struct monitor *m, const struct conf *conf, struct spawn_sockets *new);
/* hand them over; they are closed here in any case */
void spawn_hand_over(struct monitor *m, struct spawn_sockets *new);
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

/**
 * struct files_new - a configuration that has been read and is not in force
 * @conf: configuration
 * @disk: its files as they are, secrets included
 */
struct files_new {
	struct conf *conf;
	struct source disk;
};

/*
 * False: it has errors. They are logged, and in @why, one a line; files_drop() or files_take()
 * comes next in any case
 */
bool files_read(const struct monitor *m, struct files_new *new, char *why, size_t why_size);
/* into @conf and @files of the monitor */
void files_take(struct monitor *m, struct files_new *new);
void files_drop(struct files_new *new);
/* one more line for who asked for a reload, in text, if there is room; @size 0: nobody did */
void files_why(char *why, size_t size, const char *line);
/* memfd of the packed files for @role, or a negative errno */
int files_for(const struct monitor *m, enum proc_role role);

/* ---- script.c ---- */

void script_run(struct monitor *m, struct chunk request);
bool script_ended(struct monitor *m, pid_t pid, int status);
/* is there one that has not ended? */
bool script_runs(const struct monitor *m);

/* ---- monitor.c ---- */

void monitor_message(void *arg, struct imsg *msg);
/* end with that status once all children are gone; @how: IMSG_STOP or IMSG_LEAVE */
void monitor_stop(struct monitor *m, int exit_status, enum imsg_type how);

/* ---- notify.c: the service manager ---- */

void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* milliseconds between two signs of life that it wants, 0: none */
unsigned int notify_watchdog_ms(void);

#endif /* TESTUDOD_PROC_MONITOR_IMPL_H */
