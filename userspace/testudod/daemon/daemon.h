/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program around the processes: what the command line says, the sockets that
 * the monitor opens, and what the network and the control process are made of.
 */
#ifndef TESTUDOD_DAEMON_DAEMON_H
#define TESTUDOD_DAEMON_DAEMON_H

#include "edge/udp.h"
#include "proc/monitor.h"

#define DAEMON_CONF	"/etc/racoon/racoon.conf"

/* tags of struct child_socket */
#define DAEMON_SOCK_PFKEY	1
#define DAEMON_SOCK_IKE		2
#define DAEMON_SOCK_NATT	3
#define DAEMON_SOCK_CONTROL	4

/**
 * struct daemon_open - what the monitor has opened for its processes
 * @udp: IKE's sockets, which it keeps: who takes the place of one has to share its port for a moment
 * @nudp: members of @udp
 * @admin: paths of control sockets; the second one takes the place of the first. NULL: none
 */
struct daemon_open {
	struct udp_socket udp[UDP_ROOM];
	unsigned int nudp;
	char *admin[2];
};

/**
 * struct daemon - what the command line says
 * @conf: name of the configuration (-f)
 * @log: log file (-l), NULL: syslog, or stderr in the foreground
 * @foreground: -F
 * @debug: number of -d
 * @test: -t
 * @explain: --explain PEER
 * @dry_run: --dry-run PEER
 * @insecure: --allow-insecure
 * @role: --process NAME, PROC_MONITOR without
 * @udp: ports and families
 * @open: in the monitor
 */
struct daemon {
	const char *conf;
	const char *log;
	bool foreground;
	unsigned int debug;
	bool test;
	const char *explain;
	const char *dry_run;
	bool insecure;
	enum proc_role role;
	struct udp_options udp;
	struct daemon_open open;
};

/* ---- sockets.c: in the monitor ---- */

/* three of struct monitor_hooks; @arg is the struct daemon */
int daemon_open_sockets(void *arg, enum proc_role role, const struct conf *conf,
			struct child_socket *socks, unsigned int max);
int daemon_new_sockets(void *arg, enum proc_role role, const struct conf *conf,
		       struct child_socket *socks, unsigned int max);
void daemon_keep_sockets(void *arg, const struct conf *conf);

/* ---- net.c, control.c: the processes ---- */

int daemon_net_main(void *arg, struct child *c);
int daemon_control_main(void *arg, struct child *c);

/* ---- check.c: without privileges and without a kernel ---- */

/* -t: every error of the files, of psk.txt and of certificates; the exit status */
int daemon_check(const struct daemon *d);
/* can the configuration be read? What is wrong with it goes to stderr. */
bool daemon_readable(const struct daemon *d);
int daemon_explain(const struct daemon *d);
int daemon_dry_run(const struct daemon *d);

#endif /* TESTUDOD_DAEMON_DAEMON_H */
