// SPDX-License-Identifier: GPL-2.0
/*
 * testudoctl: which verb, which options. The tables here are the command
 * line's grammar; what the verbs do is in verbs.c and why.c.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "testudoctl.h"

#ifndef TESTUDO_VERSION
#define TESTUDO_VERSION "unknown"
#endif

/* options, as bits */
#define OPT_JSON    0x01u
#define OPT_MORE    0x02u
#define OPT_VERBOSE 0x04u
#define OPT_WAIT    0x08u
#define OPT_DRY	    0x10u
#define OPT_REMOTE  0x20u
#define OPT_USER    0x40u
#define OPT_GLOBAL  0x80u /* in front of the verb only */

/**
 * struct verb_row - one verb
 * @name: racoonctl's word, or ours
 * @shorter: its short form, "" if it has none
 * @opts: OPT_* that it takes
 * @min: fewest words behind it
 * @max: most words
 * @args: these words, for people
 * @help: what it does
 * @run: does it
 */
struct verb_row {
	const char *name;
	const char *shorter;
	unsigned int opts;
	int min;
	int max;
	const char *args;
	const char *help;
	int (*run)(struct run *run);
};

static const struct verb_row main_verbs[] = {
	{ "status", "st", OPT_JSON | OPT_VERBOSE, 0, 1, "[-v] [--json] [PEER]",
	  "one line a tunnel, those that are down and why", verb_status },
	{ "why", "", OPT_JSON, 1, 4, "PEER | SRC DST [PROTO [PORTS]]",
	  "why a peer failed; or what happens to a packet", verb_why },
	{ "monitor", "", OPT_JSON, 0, 0, "[--json]", "events with their reasons, until interrupted",
	  verb_event },
	{ "metrics", "", OPT_JSON, 0, 0, "", "numbers as OpenMetrics text", verb_metrics },
	{ "reload-config", "rc", OPT_DRY | OPT_JSON, 0, 0, "[--dry-run]",
	  "read racoon.conf anew; a bad one changes nothing", verb_reload },
	{ "show-schedule", "sc", OPT_JSON, 0, 0, "", "timers that run", verb_schedule },
	{ "show-sa", "ss", OPT_JSON | OPT_MORE, 1, 1, "[-l] isakmp|esp|ah|ipcomp|ipsec|all",
	  "IKE SAs, or the kernel's SAs without keys", verb_show_sa },
	{ "get-cert", "gc", OPT_JSON, 1, 3, "[inet|inet6] [SRC] DST", "a peer's certificate, PEM",
	  verb_get_cert },
	{ "flush-sa", "fs", OPT_JSON, 1, 1, "isakmp|esp|ah|ipcomp|ipsec|all", "delete all SAs of a kind",
	  verb_flush },
	{ "delete-sa", "ds", OPT_JSON | OPT_REMOTE, 0, 5, "[-n REMOTE] SAOPTS", "delete SAs",
	  verb_delete },
	{ "establish-sa", "es", OPT_WAIT | OPT_REMOTE | OPT_USER | OPT_JSON, 0, 5,
	  "[-w] [-n REMOTE] SAOPTS", "begin to negotiate; -w waits for the outcome", verb_establish },
	{ "vpn-connect", "vc", OPT_WAIT | OPT_USER | OPT_JSON, 1, 1, "[-w] GATEWAY",
	  "the same for all policies that lead to a gateway", verb_connect },
	{ "vpn-disconnect", "vd", OPT_USER | OPT_JSON, 1, 1, "GATEWAY", "delete all SAs with a gateway",
	  verb_disconnect },
	{ "show-event", "se", OPT_JSON | OPT_MORE, 0, 0, "[-l]", "the same as monitor", verb_event },
	{ "logout-user", "lu", 0, 0, 1, "LOGIN", "refused: there is no XAUTH", verb_logout },
};

#define MAIN_VERBS (sizeof(main_verbs) / sizeof(main_verbs[0]))

/**
 * struct opt_row - one option
 * @letter: short form
 * @name: long form, NULL if it has none
 * @arg: takes an argument
 * @bit: OPT_*
 */
struct opt_row {
	char letter;
	const char *name;
	bool arg;
	unsigned int bit;
};

static const struct opt_row main_opts[] = {
	{ 'j', "json", false, OPT_JSON },
	{ 'f', "format", true, OPT_JSON },
	{ 'l', NULL, false, OPT_MORE },
	{ 'v', "verbose", false, OPT_VERBOSE },
	{ 'w', "wait", false, OPT_WAIT },
	{ 'y', "dry-run", false, OPT_DRY },
	{ 'n', "remote", true, OPT_REMOTE },
	{ 'u', "user", true, OPT_USER },
	{ 's', "socket", true, OPT_GLOBAL },
	{ 'd', NULL, false, OPT_GLOBAL },
	{ 'h', "help", false, OPT_GLOBAL },
	{ 'V', "version", false, OPT_GLOBAL },
};

#define MAIN_OPTS (sizeof(main_opts) / sizeof(main_opts[0]))

/**
 * main_verb() - a verb's name
 * @i: number
 *
 * Return: name, NULL after the last.
 */
const char *main_verb(unsigned int i)
{
	return i < MAIN_VERBS ? main_verbs[i].name : NULL;
}

static void main_usage(FILE *out)
{
	size_t i;

	fputs("usage: testudoctl [-s SOCKET] [-j] [-l] VERB ...\n"
	      "       testudoctl              asks for verbs, with history and completion\n\n",
	      out);
	for (i = 0; i < MAIN_VERBS; i++)
		fprintf(out, "  %-14s %-2s  %-36s %s\n", main_verbs[i].name, main_verbs[i].shorter,
			main_verbs[i].args, main_verbs[i].help);
	fputs("\nSAOPTS: isakmp [inet|inet6] SRC DST\n"
	      "        esp|ah [inet|inet6] SRC/PREFIX/PORT DST/PREFIX/PORT [PROTOCOL]\n",
	      out);
}

static const struct verb_row *main_find(const char *word)
{
	size_t i;

	for (i = 0; i < MAIN_VERBS; i++)
		if (!strcmp(main_verbs[i].name, word) ||
		    (*main_verbs[i].shorter && !strcmp(main_verbs[i].shorter, word)))
			return &main_verbs[i];
	return NULL;
}

/* getopt's two tables out of ours: those of @bits. */
static void main_getopt(unsigned int bits, char *letters, struct option *longs)
{
	size_t i, n = 0, l = 0;

	/* stop at the first word: what is behind a verb is the verb's */
	letters[l++] = '+';
	for (i = 0; i < MAIN_OPTS; i++) {
		if (!(main_opts[i].bit & bits))
			continue;
		letters[l++] = main_opts[i].letter;
		if (main_opts[i].arg)
			letters[l++] = ':';
		if (main_opts[i].name)
			longs[n++] = (struct option){ main_opts[i].name, main_opts[i].arg, NULL,
						      main_opts[i].letter };
	}
	letters[l] = '\0';
	longs[n] = (struct option){ 0 };
}

static bool main_set(struct run *run, int letter, char *arg)
{
	switch (letter) {
	case 'f':
		run->json = !strcmp(arg, "json");
		return run->json || !strcmp(arg, "text");
	case 'j':
		run->json = true;
		return true;
	case 'l':
		run->more = true;
		return true;
	case 'v':
		run->verbose = true;
		return true;
	case 'w':
		run->wait = true;
		return true;
	case 'y':
		run->dry_run = true;
		return true;
	case 'n':
		run->remote = arg;
		return strlen(arg) < CTL_NAME_MAX;
	case 'u':
		run->user = arg;
		return true;
	case 's':
		run->socket = arg;
		return true;
	default:
		/* racoonctl's -d: there is nothing to debug in the protocol */
		return letter == 'd';
	}
}

/* Options in front of the first word; false for one that is wrong. @optind is left behind them. */
static bool main_options(struct run *run, unsigned int bits, int argc, char **argv)
{
	struct option longs[MAIN_OPTS + 1];
	char letters[2 * MAIN_OPTS + 2];
	int c;

	main_getopt(bits, letters, longs);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == 'h' || c == 'V') {
			printf("testudoctl (testudo) %s\n", TESTUDO_VERSION);
			if (c == 'h')
				main_usage(stdout);
			exit(TCTL_OK);
		}
		if (c == '?') {
			fprintf(stderr, "testudoctl: %s: no such option here, or its argument is missing\n",
				argv[optind - 1]);
			return false;
		}
		if (!main_set(run, c, optarg)) {
			fprintf(stderr, "testudoctl: -%c: \"%s\" is not possible\n", c, optarg);
			return false;
		}
	}
	return true;
}

/*
 * The verb's options may stand between its words, too ("st gw --json"), but no
 * word is looked at twice: getopt leaves each round at the next word.
 */
static bool main_args(struct run *run, const struct verb_row *verb, int argc, char **argv)
{
	int n = 0, i = 0;

	run->argv = xcalloc(argc + 1, sizeof(*run->argv));
	while (i < argc) {
		if (!main_options(run, verb->opts, argc - i, argv + i))
			return false;
		i += optind;
		if (i >= argc)
			break;
		run->argv[n++] = argv[i];
		/* argv[0] of the next round is this word, which getopt passes over */
	}
	run->argc = n;
	return true;
}

/**
 * main_words() - one line of words
 * @defaults: what the command line has said before
 * @argc: words, the verb first
 * @argv: words
 *
 * Return: TCTL_*.
 */
int main_words(const struct run *defaults, int argc, char **argv)
{
	const struct verb_row *verb = main_find(argv[0]);
	struct run run = *defaults;
	int status = TCTL_FAILED;

	if (!verb) {
		fprintf(stderr, "testudoctl: unknown verb \"%s\"; -h shows those that there are\n",
			argv[0]);
		return TCTL_FAILED;
	}
	run.verb = verb->name;
	if (main_args(&run, verb, argc, argv) && run.argc >= verb->min && run.argc <= verb->max)
		status = verb->run(&run);
	else
		fprintf(stderr, "usage: testudoctl %s %s\n", verb->name, verb->args);
	free(run.argv);
	return status;
}

/**
 * main() - testudoctl
 * @argc: words
 * @argv: options, then a verb with its words
 *
 * Return: TCTL_*.
 */
int main(int argc, char **argv)
{
	struct run run = { .socket = CTL_SOCKET_PATH };
	int status;

	if (!main_options(&run, OPT_GLOBAL | OPT_JSON | OPT_MORE, argc, argv)) {
		main_usage(stderr);
		return TCTL_FAILED;
	}
	if (optind < argc)
		status = main_words(&run, argc - optind, argv + optind);
	else
		status = line_loop(&run);
	if (fflush(stdout) || ferror(stdout)) {
		perror("testudoctl: standard output");
		return TCTL_FAILED;
	}
	return status;
}
