// SPDX-License-Identifier: GPL-2.0
/*
 * testudod: the command line. Racoon's options keep their letters.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/log.h"
#include "daemon/daemon.h"

#ifndef TESTUDO_VERSION
#define TESTUDO_VERSION "unknown"
#endif

enum {
	OPT_EXPLAIN = 256,
	OPT_DRY_RUN,
	OPT_INSECURE,
	OPT_PROCESS,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "explain", required_argument, NULL, OPT_EXPLAIN },
	{ "dry-run", required_argument, NULL, OPT_DRY_RUN },
	{ "allow-insecure", no_argument, NULL, OPT_INSECURE },
	{ "process", required_argument, NULL, OPT_PROCESS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	fputs("usage: testudod [-46dFtVv] [-f FILE] [-l LOGFILE] [-p PORT] [-P PORT] [--allow-insecure]\n"
	      "       testudod -t [-f FILE]                  check the files, without privileges\n"
	      "       testudod [-f FILE] --explain PEER      what they come to for a peer\n"
	      "       testudod [-f FILE] --dry-run PEER      what would be proposed to it\n"
	      "\n"
	      "  -f FILE    configuration, " DAEMON_CONF " without\n"
	      "  -F         stay in the foreground, log to stderr\n"
	      "  -d         log at level debug, whatever the file says\n"
	      "  -l FILE    log there\n"
	      "  -p, -P     ports of IKE and of NAT traversal, 500 and 4500 without\n"
	      "  -4, -6     one family only\n"
	      "  -V         version\n"
	      "  --allow-insecure    accept what is insecure, as 'testudo { insecure ok; }' does\n",
	      out);
}

static uint16_t port_option(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*end || !port || port > 65535) {
		fprintf(stderr, "testudod: %s is not a port\n", text);
		exit(1);
	}
	return port;
}

static void take_option(struct daemon *d, int opt)
{
	switch (opt) {
	case '4':
		d->udp.no_v6 = true;
		break;
	case '6':
		d->udp.no_v4 = true;
		break;
	case 'd':
		d->debug++;
		break;
	case 'F':
		d->foreground = true;
		break;
	case 'f':
		d->conf = optarg;
		break;
	case 'l':
		d->log = optarg;
		break;
	case 'P':
		d->udp.natt_port = port_option(optarg);
		break;
	case 'p':
		d->udp.port = port_option(optarg);
		break;
	case 't':
		d->test = true;
		break;
	case OPT_EXPLAIN:
		d->explain = optarg;
		break;
	case OPT_DRY_RUN:
		d->dry_run = optarg;
		break;
	case OPT_INSECURE:
		d->insecure = true;
		break;
	case OPT_PROCESS:
		d->role = proc_role_by_name(optarg);
		break;
	case 'L':
	case 'v':
		/* racoon's: where in its source a line comes from, and more of a banner */
		break;
	case 'B':
		fputs("testudod: -B is not supported: it writes keys to disk; SAs are found in the kernel again\n",
		      stderr);
		exit(1);
	case OPT_HELP:
		usage(stdout);
		exit(0);
	case 'V':
		printf("testudod %s, %s\n", TESTUDO_VERSION, OpenSSL_version(OPENSSL_VERSION));
		exit(0);
	default:
		usage(stderr);
		exit(1);
	}
}

static void set_up_log(const struct daemon *d)
{
	int err;

	if (d->debug)
		log_set_level(d->debug > 1 ? LOG_LEVEL_DEBUG2 : LOG_LEVEL_DEBUG);
	if (d->log) {
		err = log_to_file(d->log);
		if (err) {
			fprintf(stderr, "testudod: %s: %s\n", d->log, strerror(-err));
			exit(1);
		}
	} else if (d->foreground) {
		log_to_stderr();
	} else {
		log_to_syslog("testudod");
	}
}

/* The children's arguments: ours without --process, which the monitor puts in front. */
static char **child_arguments(int argc, char **argv, int *n)
{
	char **out = calloc(argc + 2, sizeof(*out));
	int i;

	if (!out)
		exit(1);
	*n = 0;
	for (i = 0; i < argc; i++) {
		if (i == 1 && !strcmp(argv[i], "--process"))
			i++;
		else
			out[(*n)++] = argv[i];
	}
	return out;
}

int main(int argc, char **argv)
{
	struct daemon d = {
		.conf = DAEMON_CONF,
		.udp = { .port = UDP_PORT, .natt_port = UDP_NATT_PORT },
	};
	const struct monitor_hooks hooks = {
		.open_sockets = daemon_open_sockets,
		.new_sockets = daemon_new_sockets,
		.keep_sockets = daemon_keep_sockets,
		.net_main = daemon_net_main,
		.ctl_main = daemon_control_main,
		.arg = &d,
	};
	struct monitor_options opt = { .hooks = &hooks };
	int c;

	opt.argv = child_arguments(argc, argv, &opt.argc);
	while ((c = getopt_long(argc, argv, "46BdFf:Ll:P:p:tVv", long_options, NULL)) != -1)
		take_option(&d, c);
	if (optind < argc) {
		usage(stderr);
		return 1;
	}
	if (d.test)
		return daemon_check(&d);
	if (d.explain)
		return daemon_explain(&d);
	if (d.dry_run)
		return daemon_dry_run(&d);
	set_up_log(&d);
	opt.conf = d.conf;
	opt.insecure = d.insecure;
	opt.log_level_said = d.debug > 0;
	if (d.role != PROC_MONITOR)
		return monitor_child(d.role, &opt);
	/* behind this nobody sees what is wrong but in the log */
	if (!d.foreground && !daemon_readable(&d))
		return 1;
	if (!d.foreground && daemon(1, 0)) {
		perror("testudod");
		return 1;
	}
	return monitor_run(&opt);
}
