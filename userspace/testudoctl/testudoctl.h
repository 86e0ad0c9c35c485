/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of testudoctl share: one run of a verb, the connection to the
 * daemon, and printing.
 */
#ifndef TESTUDOCTL_H
#define TESTUDOCTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/frame.h"
#include "ctl/proto.h"

/* Exit status. */
#define TCTL_OK	     0
#define TCTL_FAILED  1 /* wrong words, or it did not come to pass */
#define TCTL_REFUSED 2 /* the daemon or the kernel said no, or is not there */

/**
 * struct run - one verb to run
 * @socket: path of the control socket
 * @json: -j, --json, -f json: print what the daemon said
 * @more: -l: more columns
 * @verbose: -v
 * @wait: -w: until it is up or has failed
 * @dry_run: --dry-run
 * @remote: -n: name of a remote block
 * @user: -u: XAUTH login
 * @argc: words behind the verb and its options
 * @argv: these words
 * @verb: the verb's name, for messages
 */
struct run {
	const char *socket;
	bool json;
	bool more;
	bool verbose;
	bool wait;
	bool dry_run;
	const char *remote;
	const char *user;
	int argc;
	char **argv;
	const char *verb;
};

/* ---- main.c ---- */

/* one line of words, as the command line has them: TCTL_* */
int main_words(const struct run *defaults, int argc, char **argv);
/* names of the verbs, for completion; NULL after the last */
const char *main_verb(unsigned int i);

/* ---- line.c ---- */

int line_loop(const struct run *defaults);

/* ---- client.c ---- */

/**
 * struct client - a connection
 * @fd: socket, -1 when closed
 * @answer: parts of the answer that is coming
 */
struct client {
	int fd;
	struct frame_join answer;
};

/* 0, or a negative errno after a message */
int client_open(struct client *c, const char *path);
void client_close(struct client *c);
int client_send(struct client *c, const struct ctl_request *req);
/* next answer or event, NULL after a message; -1 ms waits for ever, @timeout is told by *json NULL and true */
bool client_receive(struct client *c, int ms, json_t **json, bool *event);
/* one request, one answer: NULL after a message */
json_t *client_ask(const struct run *run, const struct ctl_request *req);
/* TCTL_REFUSED after the daemon's error has been printed, else TCTL_OK */
int client_verdict(const json_t *answer);

/* ---- args.c ---- */

bool args_number(const char *word, unsigned int max, unsigned int *v);
bool args_addr(const char *word, int family, struct sockaddr_storage *sa);
bool args_proto(const char *word, uint8_t *proto);
/* saopts: "isakmp [inet|inet6] SRC DST", "esp|ah [inet|inet6] SRC/LEN/PORT DST/LEN/PORT PROTO" */
bool args_saopts(const struct run *run, struct ctl_request *req);
bool args_what(const char *word, enum ctl_what *what);

/* ---- out.c ---- */

#define OUT_COLUMNS 12

/**
 * struct out_table - rows of text whose columns line up
 * @columns: how many
 * @n: cells so far
 * @cell: row by row, owned
 */
struct out_table {
	unsigned int columns;
	size_t n;
	char **cell;
};

/* text that came from elsewhere: nothing in it moves the cursor */
void out_text(FILE *out, const char *text);
void out_cell(struct out_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* print and forget */
void out_table(FILE *out, struct out_table *t, const char *indent);
void out_json(FILE *out, const json_t *json);
const char *out_time(int64_t when, char buf[32]);
/* "2h13m", "45s" */
const char *out_span(int64_t seconds, char buf[32]);
/* "12.3M" */
const char *out_size(int64_t bytes, char buf[32]);
/* a member's text, "" if it has none; a number, @none if it has none */
const char *out_str(const json_t *json, const char *key);
int64_t out_int(const json_t *json, const char *key, int64_t none);

/* ---- status.c ---- */

void status_print(FILE *out, const json_t *answer, bool verbose, int64_t now);
void status_why(FILE *out, const json_t *answer);
void status_event(FILE *out, const json_t *event);

/* ---- sa.c ---- */

void sa_print_isakmp(FILE *out, const json_t *answer, bool more);
void sa_print_tunnels(FILE *out, const json_t *answer);
/* the kernel's own, as setkey -D has them, without keys; -errno if there is no PF_KEY for us */
int sa_print_kernel(FILE *out, enum ctl_what what);

/* ---- verbs.c ---- */

/*
 * Ask: TCTL_*. An error has been printed, and JSON if that is wanted; @json is
 * what is left to print, NULL if nothing is.
 */
int verbs_ask(const struct run *run, const struct ctl_request *req, json_t **json);
/* false after a message: the name is too long */
bool verbs_name(const char *word, struct ctl_request *req);
int verb_reload(struct run *run);
int verb_schedule(struct run *run);
int verb_show_sa(struct run *run);
int verb_get_cert(struct run *run);
int verb_flush(struct run *run);
int verb_delete(struct run *run);
int verb_establish(struct run *run);
int verb_connect(struct run *run);
int verb_disconnect(struct run *run);
int verb_event(struct run *run);
int verb_logout(struct run *run);
int verb_status(struct run *run);
int verb_why(struct run *run);
int verb_metrics(struct run *run);

/* ---- metrics.c ---- */

/* the module's counters from @path, and the end; nothing of them if it can not be read */
void metrics_kernel(FILE *out, const char *path);

#endif /* TESTUDOCTL_H */
