// SPDX-License-Identifier: GPL-2.0
/*
 * The verbs: a request made of words, its answer printed. Each is one screen.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "testudoctl.h"

#define VERBS_STAT "/proc/net/testudo_stat"
#define VERBS_WAIT 120 /* seconds that -w waits */

/**
 * verbs_ask() - a request, and what is printed of any answer
 * @run: options
 * @req: request
 * @json: set to what is left to print, NULL if nothing is
 *
 * Return: TCTL_*.
 */
int verbs_ask(const struct run *run, const struct ctl_request *req, json_t **json)
{
	int status;

	*json = client_ask(run, req);
	if (!*json)
		return TCTL_REFUSED;
	status = client_verdict(*json);
	if (!run->json && !status)
		return TCTL_OK;
	if (run->json)
		out_json(stdout, *json);
	json_decref(*json);
	*json = NULL;
	return status;
}

/* A request whose answer is a number, or nothing but yes. */
static int verbs_do(const struct run *run, const struct ctl_request *req, const char *done)
{
	json_t *json;
	int status = verbs_ask(run, req, &json);

	if (!json)
		return status;
	if (json_object_get(json, "count"))
		printf("%" PRId64 " %s\n", out_int(json, "count", 0), done);
	json_decref(json);
	return status;
}

/**
 * verbs_name() - whom a request is about
 * @word: name
 * @req: request
 *
 * Return: false after a message.
 */
bool verbs_name(const char *word, struct ctl_request *req)
{
	if (strlen(word) < sizeof(req->name)) {
		strcpy(req->name, word);
		return true;
	}
	fprintf(stderr, "testudoctl: the name is too long\n");
	return false;
}

/* The parser's messages, errors and notes alike. */
static void verbs_messages(const json_t *json)
{
	const char *text = out_str(json, "messages");
	char *copy = xstrdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\n"))) {
		if (!rest && !*line)
			break;
		out_text(stderr, line);
		fputc('\n', stderr);
	}
	free(copy);
}

/**
 * verb_reload() - reload-config [--dry-run]
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_reload(struct run *run)
{
	struct ctl_request req = { .verb = CTL_RELOAD, .dry_run = run->dry_run };
	json_t *json = client_ask(run, &req);
	int status;

	if (!json)
		return TCTL_REFUSED;
	if (run->json)
		out_json(stdout, json);
	else
		verbs_messages(json);
	status = client_verdict(json);
	json_decref(json);
	return status;
}

/**
 * verb_schedule() - show-schedule
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_schedule(struct run *run)
{
	struct ctl_request req = { .verb = CTL_SCHEDULE };
	struct out_table t = { .columns = 3 };
	const json_t *row;
	char span[32];
	json_t *json;
	int status;
	size_t i;

	status = verbs_ask(run, &req, &json);
	if (!json)
		return status;
	out_cell(&t, "IN");
	out_cell(&t, "PEER");
	out_cell(&t, "WHAT");
	json_array_foreach(json_object_get(json, "schedule"), i, row)
	{
		out_cell(&t, "%s", out_span(out_int(row, "due", 0) / 1000, span));
		out_cell(&t, "%s", out_str(row, "peer"));
		out_cell(&t, "%s", out_str(row, "what"));
	}
	out_table(stdout, &t, "");
	json_decref(json);
	return status;
}

/* The kernel's SAs: TCTL_*, or -1 for who may not read PF_KEY. */
static int verbs_kernel_sas(enum ctl_what what)
{
	int err = sa_print_kernel(stdout, what);

	if (err == -EPERM || err == -EACCES)
		return -1;
	if (!err)
		return TCTL_OK;
	fprintf(stderr, "testudoctl: PF_KEY: %s%s\n", strerror(-err),
		err == -EAFNOSUPPORT ? " (is the module testudo loaded?)" : "");
	return TCTL_REFUSED;
}

/**
 * verb_show_sa() - show-sa KIND
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_show_sa(struct run *run)
{
	struct ctl_request req = { .verb = CTL_SHOW_SA };
	int status, kernel = -1;
	json_t *json;
	bool ike;

	if (!args_what(run->argv[0], &req.what))
		return TCTL_FAILED;
	ike = req.what == CTL_ISAKMP || req.what == CTL_ALL;
	/* the kernel's are there without a daemon, too */
	if (!ike && !run->json)
		kernel = verbs_kernel_sas(req.what);
	if (kernel >= 0)
		return kernel;
	status = verbs_ask(run, &req, &json);
	if (!json)
		return status;
	if (ike)
		sa_print_isakmp(stdout, json, run->more);
	if (req.what == CTL_ALL)
		kernel = verbs_kernel_sas(req.what);
	/* who may not read PF_KEY is told what the daemon knows */
	if (req.what != CTL_ISAKMP && kernel < 0)
		sa_print_tunnels(stdout, json);
	json_decref(json);
	return kernel > 0 ? kernel : status;
}

/**
 * verb_get_cert() - get-cert [SRC] DST
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_get_cert(struct run *run)
{
	struct run ends = *run;
	struct ctl_request req = { .verb = CTL_GET_CERT };
	char *words[4] = { "isakmp" };
	json_t *json;
	int status, i;

	/* racoonctl: [inet] SRC DST; one word: DST */
	if (run->argc == 1) {
		if (!args_addr(run->argv[0], AF_UNSPEC, &req.dst))
			return TCTL_FAILED;
		req.dst_bits = addr_bits(&req.dst);
	} else {
		for (i = 0; i < run->argc; i++)
			words[i + 1] = run->argv[i];
		ends.argc = run->argc + 1;
		ends.argv = words;
		if (!args_saopts(&ends, &req))
			return TCTL_FAILED;
		req.what = CTL_ALL;
		req.src_bits = addr_bits(&req.src);
		req.dst_bits = addr_bits(&req.dst);
	}
	status = verbs_ask(run, &req, &json);
	if (!json)
		return status;
	fputs(out_str(json, "pem"), stdout);
	json_decref(json);
	return status;
}

/**
 * verb_flush() - flush-sa KIND
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_flush(struct run *run)
{
	struct ctl_request req = { .verb = CTL_FLUSH_SA };

	if (!args_what(run->argv[0], &req.what))
		return TCTL_FAILED;
	return verbs_do(run, &req, "deleted");
}

/**
 * verb_delete() - delete-sa SAOPTS
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_delete(struct run *run)
{
	struct ctl_request req = { .verb = CTL_DELETE_SA };

	if (!args_saopts(run, &req))
		return TCTL_FAILED;
	return verbs_do(run, &req, "deleted");
}

static bool verbs_no_xauth(const struct run *run)
{
	if (run->user)
		fprintf(stderr, "testudoctl: -u: XAUTH is not supported; certificates or a pre-shared "
				"key take its place\n");
	return !run->user;
}

/* A word that is an address names the peer by it, any other a remote block. */
static bool verbs_gateway(const struct run *run, struct ctl_request *req)
{
	const char *word = run->argv[0];

	if (!verbs_no_xauth(run))
		return false;
	req->what = CTL_ISAKMP;
	if (addr_parse(&req->dst, word)) {
		req->dst_bits = addr_bits(&req->dst);
		return true;
	}
	return verbs_name(word, req);
}

/**
 * verb_disconnect() - vpn-disconnect GATEWAY
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_disconnect(struct run *run)
{
	struct ctl_request req = { .verb = CTL_DELETE_SA };

	if (!verbs_gateway(run, &req))
		return TCTL_FAILED;
	return verbs_do(run, &req, "deleted");
}

/* Is an event about what we have asked for? */
static bool verbs_about(const json_t *event, const struct ctl_request *req)
{
	struct sockaddr_storage remote;

	if (req->name[0])
		return !strcmp(out_str(event, "peer"), req->name);
	/* a selector names no peer: the next event decides */
	if (req->what != CTL_ISAKMP)
		return true;
	return addr_parse(&remote, out_str(event, "remote")) && addr_same_host(&remote, &req->dst);
}

/* TCTL_*, or -1: nothing is decided yet. */
static int verbs_outcome(const json_t *event, const struct ctl_request *req)
{
	const char *kind = out_str(event, "event");

	if (!verbs_about(event, req))
		return -1;
	status_event(stdout, event);
	fflush(stdout);
	if (!strcmp(kind, "phase2-up"))
		return TCTL_OK;
	if (!strcmp(kind, "phase1-failed") || !strcmp(kind, "phase2-failed"))
		return TCTL_FAILED;
	return -1;
}

/* Everything that the peer has to do with is up already? */
static bool verbs_is_up(const struct run *run, const struct ctl_request *req)
{
	struct ctl_request ask = { .verb = CTL_STATUS };
	const json_t *tunnel;
	char buf[ADDR_TEXT];
	bool up = false;
	json_t *json;
	size_t i;

	strcpy(ask.name, req->name[0] ? req->name : addr_host(&req->dst, buf));
	json = client_ask(run, &ask);
	json_array_foreach(json_object_get(json, "tunnels"), i, tunnel)
	{
		const char *state = out_str(tunnel, "state");

		if (strcmp(state, "up") && strcmp(state, "superseded")) {
			up = false;
			break;
		}
		up = true;
	}
	json_decref(json);
	return up;
}

/*
 * The answer and the outcome, in either order: what fails at once has its
 * event before the answer.
 */
static int verbs_wait(const struct run *run, struct client *c, const struct ctl_request *req)
{
	time_t end = time(NULL) + VERBS_WAIT, now;
	bool event, answered = false;
	int status = -1, verdict;
	json_t *json;

	while ((status < 0 || !answered) && (now = time(NULL)) < end) {
		if (!client_receive(c, (end - now) * 1000, &json, &event))
			return TCTL_REFUSED;
		if (!json)
			break;
		if (event && status < 0)
			status = verbs_outcome(json, req);
		verdict = event ? TCTL_OK : client_verdict(json);
		json_decref(json);
		if (verdict)
			return verdict;
		answered |= !event;
		if (!event && status < 0 && (req->name[0] || req->what == CTL_ISAKMP) &&
		    verbs_is_up(run, req))
			return TCTL_OK;
	}
	if (status >= 0)
		return status;
	fprintf(stderr, "testudoctl: nothing has come of it in %d seconds\n", VERBS_WAIT);
	return TCTL_FAILED;
}

/* The next answer; events before it are passed over. */
static json_t *verbs_answer(struct client *c)
{
	json_t *json;
	bool event;

	while (client_receive(c, -1, &json, &event)) {
		if (!event)
			return json;
		json_decref(json);
	}
	return NULL;
}

/* Subscribe: TCTL_*. */
static int verbs_listen(struct client *c)
{
	const struct ctl_request req = { .verb = CTL_SUBSCRIBE };
	int status = TCTL_REFUSED;
	json_t *json;

	if (!client_send(c, &req) && (json = verbs_answer(c))) {
		status = client_verdict(json);
		json_decref(json);
	}
	return status;
}

/* Establish; with -w events are asked for first, so that none is missed. */
static int verbs_establish(const struct run *run, const struct ctl_request *req)
{
	struct client c;
	int status;

	if (!run->wait)
		return verbs_do(run, req, "");
	if (client_open(&c, run->socket))
		return TCTL_REFUSED;
	status = verbs_listen(&c);
	if (!status)
		status = client_send(&c, req) ? TCTL_REFUSED : verbs_wait(run, &c, req);
	client_close(&c);
	return status;
}

/**
 * verb_establish() - establish-sa [-w] SAOPTS
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_establish(struct run *run)
{
	struct ctl_request req = { .verb = CTL_ESTABLISH_SA };

	if (!verbs_no_xauth(run) || !args_saopts(run, &req))
		return TCTL_FAILED;
	return verbs_establish(run, &req);
}

/**
 * verb_connect() - vpn-connect [-w] GATEWAY
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_connect(struct run *run)
{
	struct ctl_request req = { .verb = CTL_ESTABLISH_SA };

	if (!verbs_gateway(run, &req))
		return TCTL_FAILED;
	return verbs_establish(run, &req);
}

/**
 * verb_event() - monitor, show-event
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_event(struct run *run)
{
	struct client c;
	json_t *json;
	bool event;
	int status;

	if (client_open(&c, run->socket))
		return TCTL_REFUSED;
	status = verbs_listen(&c);
	while (!status && client_receive(&c, -1, &json, &event)) {
		if (event && run->json) {
			json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
			putchar('\n');
		} else if (event) {
			status_event(stdout, json);
		}
		json_decref(json);
		if (fflush(stdout))
			break;
	}
	client_close(&c);
	/* it ends with the daemon, or with us */
	return TCTL_REFUSED;
}

/**
 * verb_logout() - logout-user, which is refused
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_logout(struct run *run)
{
	fprintf(stderr, "testudoctl: %s: there is no XAUTH, so nobody is logged in; vpn-disconnect "
			"ends the tunnels of a peer\n",
		run->verb);
	return TCTL_FAILED;
}

/**
 * verb_status() - status [-v] [PEER]
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_status(struct run *run)
{
	struct ctl_request req = { .verb = CTL_STATUS, .verbose = run->verbose };
	json_t *json;
	int status;

	if (run->argc && !verbs_name(run->argv[0], &req))
		return TCTL_FAILED;
	status = verbs_ask(run, &req, &json);
	if (!json)
		return status;
	status_print(stdout, json, run->verbose, time(NULL));
	json_decref(json);
	return status;
}

/**
 * verb_metrics() - metrics
 * @run: words and options
 *
 * Return: TCTL_*.
 */
int verb_metrics(struct run *run)
{
	struct ctl_request req = { .verb = CTL_METRICS };
	json_t *json;
	int status = verbs_ask(run, &req, &json);

	if (!json)
		return status;
	fputs(out_str(json, "metrics"), stdout);
	metrics_kernel(stdout, VERBS_STAT);
	json_decref(json);
	return status;
}
