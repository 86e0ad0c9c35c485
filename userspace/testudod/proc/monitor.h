/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The monitor: the only process with privileges, and the one that does least. It
 * reads the files, opens what others may not, runs scripts, and starts whoever
 * dies again. It parses nothing that a peer has sent.
 *
 *   monitor --+-- keys    secrets            (proc/keys.h)
 *             +-- net     engine, sockets    (hooks)    keys -- net -- ctl
 *             '-- ctl     control socket     (hooks)
 *
 * main.c: parse the options; set up the log (children parse the same command line, with
 * "--process NAME" in front of it, so they find the same log); if there was --process,
 * return monitor_child(), else return monitor_run().
 */
#ifndef TESTUDOD_PROC_MONITOR_H
#define TESTUDOD_PROC_MONITOR_H

#include "proc/child.h"

/**
 * struct monitor_hooks - what the monitor does not know itself
 * @open_sockets: as root, in the monitor: sockets for @role (PROC_NET: UDP and PF_KEY, PROC_CTL:
 *	the listening one). How many, or a negative errno after the cause was logged. It is called for
 *	each start of that process
 * @new_sockets: for a reload: those for @role that @conf has and that were not opened yet. A negative
 *	errno: @conf is not taken
 * @keep_sockets: those that @conf does not have are of no use any more; after a reload, whatever
 *	came of it, and with NULL at the end
 * @net_main: the network process; returns its exit status
 * @ctl_main: the control process
 * @arg: handed to all of them
 */
struct monitor_hooks {
	int (*open_sockets)(void *arg, enum proc_role role, const struct conf *conf,
			    struct child_socket *socks, unsigned int max);
	int (*new_sockets)(void *arg, enum proc_role role, const struct conf *conf,
			   struct child_socket *socks, unsigned int max);
	void (*keep_sockets)(void *arg, const struct conf *conf);
	int (*net_main)(void *arg, struct child *c);
	int (*ctl_main)(void *arg, struct child *c);
	void *arg;
};

/**
 * struct monitor_options - what the command line says
 * @argc: arguments for the children, argv[0] included, without --process
 * @argv: the same
 * @conf: name of racoon.conf
 * @insecure: --allow-insecure
 * @log_level_said: -d was given: the file's level does not count
 * @hooks: hooks
 */
struct monitor_options {
	int argc;
	char **argv;
	const char *conf;
	bool insecure;
	bool log_level_said;
	const struct monitor_hooks *hooks;
};

/* until SIGTERM, SIGINT or SIGUSR2; the exit status of the program */
int monitor_run(const struct monitor_options *opt);
/* one of its children; the exit status */
int monitor_child(enum proc_role role, const struct monitor_options *opt);

#endif /* TESTUDOD_PROC_MONITOR_H */
