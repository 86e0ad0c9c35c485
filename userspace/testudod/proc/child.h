/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a process that the monitor started: what it is given, how it
 * locks itself in, and how it talks with the monitor.
 *
 * A child is a fresh execution of the program ("--process net"), so that it
 * shares neither memory nor addresses with the monitor. Its main function gets a
 * struct child with everything in it, opens what it still needs, calls child_lock(),
 * then child_listen(), and runs its event loop.
 */
#ifndef TESTUDOD_PROC_CHILD_H
#define TESTUDOD_PROC_CHILD_H

#include <sys/socket.h>

#include "conf/conf.h"
#include "engine/ops.h"
#include "proc/imsg.h"

#define CHILD_FD      3	  /* the socket to the monitor */
#define CHILD_SOCKETS 128 /* sockets that a child can be given */

/** enum proc_role - our processes */
enum proc_role { PROC_MONITOR,
		 PROC_KEYS,
		 PROC_NET,
		 PROC_CTL,
		 PROC_ROLES };

const char *proc_role_name(enum proc_role role);
/* "keys", "net", "ctl"; PROC_MONITOR if it is none of them */
enum proc_role proc_role_by_name(const char *name);

/**
 * struct child_socket - a socket that the monitor opened
 * @fd: descriptor
 * @tag: what it is, a number that its opener and its user agree on
 * @addr: what it is bound to, family 0: nothing that matters
 */
struct child_socket {
	int fd;
	uint32_t tag;
	struct sockaddr_storage addr;
};

/**
 * struct child_ops - what the monitor says; members may be NULL
 * @source: a new configuration, from the heap and the callee's: child_take_source(), or
 *	child_load() if the old one is needed for a while longer
 * @peer: another process was started again: the socket to it, the callee's
 * @reloaded: answer to child_ask_reload() with that @id: @text says what was wrong, or what has
 *	to wait for the next start, a line each; after a reload @source has been called before
 * @socket: one more socket, the callee's
 * @stop: end in order, then return from main
 * @leave: the same, and what is there for the next start stays
 * @usr1: SIGUSR1
 * @gone: the monitor is gone: end at once
 */
struct child_ops {
	void (*source)(void *arg, struct source *src);
	void (*peer)(void *arg, enum proc_role role, int fd);
	void (*reloaded)(void *arg, uint32_t id, bool ok, const char *text);
	void (*socket)(void *arg, const struct child_socket *s);
	void (*stop)(void *arg);
	void (*leave)(void *arg);
	void (*usr1)(void *arg);
	void (*gone)(void *arg);
};

/**
 * struct child - one of our processes, as it sees itself
 * @role: which
 * @monitor: channel to the monitor; its socket before child_listen()
 * @conf_name: name of the configuration's first file
 * @insecure: --allow-insecure
 * @log_level_said: -d was given: the file's level does not count
 * @peer: sockets to other processes, -1: there is none; whoever takes one sets it to -1. Net has
 *	those to keys and ctl from the start, and these two that to net (but keys gets a new one
 *	by @ops when net was started again, and net one of keys or ctl)
 * @src: files of the configuration
 * @conf: the configuration
 * @sock: sockets; the main function's to take
 * @nsocks: members of @sock
 * @ops: who listens
 * @arg: handed to @ops
 */
struct child {
	enum proc_role role;
	struct imsg_channel monitor;
	const char *conf_name;
	bool insecure;
	bool log_level_said;
	int peer[PROC_ROLES];
	struct source *src;
	struct conf *conf;
	struct child_socket sock[CHILD_SOCKETS];
	unsigned int nsocks;
	const struct child_ops *ops;
	void *arg;
};

/*
 * Receives all that a child is given over CHILD_FD and loads the configuration. What the
 * command line says (@role to @log_level_said) is in @c already. False: an error was logged.
 */
bool child_start(struct child *c);
/* user, root directory, capabilities, filter; then the monitor is told. False: end */
bool child_lock(struct child *c);
/* the configuration in @src, or NULL; the log's level becomes what it says */
struct conf *child_load(const struct child *c, struct source *src);
/*
 * For @source: @src becomes the child's, with the configuration that is in it; the old ones
 * are freed. False: there is none in it, the old ones stay, @src is freed.
 */
bool child_take_source(struct child *c, struct source *src);
void child_source_free(struct source *src);
bool child_listen(struct child *c, struct event_base *base, const struct child_ops *ops, void *arg);
/* one message of the monitor, for who waits for another one meanwhile */
void child_message(void *arg, struct imsg *m);
void child_end(struct child *c);

/*
 * "reload-config": the monitor reads the files; see @reloaded. @dry_run: nothing changes, and
 * @reloaded tells whether it could.
 */
bool child_ask_reload(struct child *c, uint32_t id, bool dry_run);
/*
 * Run the script that the configuration in force names for @remote, if it names
 * one. @env: "NAME=value", of the names that script.c knows.
 */
bool child_script(struct child *c, const char *remote, enum ike_script script,
		  const char *const *env, size_t n);

#endif /* TESTUDOD_PROC_CHILD_H */
