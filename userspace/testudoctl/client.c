// SPDX-License-Identifier: GPL-2.0
/*
 * The connection to the daemon: requests go, answers and events come, and what
 * is not one of them is said once. It knows no verb.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "testudoctl.h"

static const char *client_hint(int err)
{
	if (err == ENOENT || err == ECONNREFUSED)
		return " (does testudod run? -s names another socket)";
	if (err == EACCES || err == EPERM)
		return " (be root, or in the group of the socket)";
	return "";
}

/**
 * client_open() - connect
 * @c: connection
 * @path: socket
 *
 * Return: 0, or a negative errno after a message.
 */
int client_open(struct client *c, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int err;

	*c = (struct client){ .fd = -1 };
	if (strlen(path) >= sizeof(sun.sun_path)) {
		fprintf(stderr, "testudoctl: %s: name too long for a socket\n", path);
		return -ENAMETOOLONG;
	}
	strcpy(sun.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && !connect(c->fd, (const struct sockaddr *)&sun, sizeof(sun)))
		return 0;
	err = errno;
	fprintf(stderr, "testudoctl: %s: %s%s\n", path, strerror(err), client_hint(err));
	client_close(c);
	return -err;
}

/**
 * client_close() - disconnect; harmless on one that never opened
 * @c: connection
 */
void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	frame_join_free(&c->answer);
}

/**
 * client_send() - a request
 * @c: connection
 * @req: request
 *
 * Return: 0, or a negative errno after a message.
 */
int client_send(struct client *c, const struct ctl_request *req)
{
	char *text = ctl_request_json(req);
	ssize_t n;

	do {
		n = send(c->fd, text, strlen(text), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	free(text);
	/* who was turned away finds the reason in what can be received */
	if (n < 0 && errno != EPIPE) {
		fprintf(stderr, "testudoctl: control socket: %s\n", strerror(errno));
		return -errno;
	}
	return 0;
}

static bool client_broken(const char *why)
{
	fprintf(stderr, "testudoctl: the daemon %s\n", why);
	return false;
}

static json_t *client_parse(struct chunk text)
{
	json_error_t fault;
	json_t *json = json_loadb((const char *)text.p, text.n, 0, &fault);

	if (json && !json_is_object(json)) {
		json_decref(json);
		json = NULL;
	}
	if (!json)
		client_broken("said what is not JSON");
	return json;
}

/* One datagram: NULL and true when more of its text has to come. */
static bool client_datagram(struct client *c, struct chunk bytes, json_t **json, bool *event)
{
	struct frame f;
	int whole;

	if (!frame_read(bytes, &f))
		return client_broken("speaks another protocol: is it testudod?");
	*event = f.kind == FRAME_EVENT;
	if (*event) {
		*json = client_parse(f.text);
		return *json;
	}
	whole = frame_join(&c->answer, &f);
	if (whole < 0)
		return client_broken("sent parts that do not fit together");
	if (!whole)
		return true;
	*json = client_parse(writer_chunk(&c->answer.text));
	frame_join_free(&c->answer);
	return *json;
}

/**
 * client_receive() - what comes next
 * @c: connection
 * @ms: how long to wait, -1 for ever
 * @json: set to it, NULL when the time is over
 * @event: set if it is an event, not an answer
 *
 * Return: false after a message.
 */
bool client_receive(struct client *c, int ms, json_t **json, bool *event)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	uint8_t *buf = xcalloc(1, FRAME_DATAGRAM);
	bool ok = true;
	ssize_t n;
	int ready;

	*json = NULL;
	while (ok && !*json) {
		ready = poll(&pfd, 1, ms);
		if (!ready)
			break;
		n = ready < 0 ? -1 : recv(c->fd, buf, FRAME_DATAGRAM, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			ok = client_datagram(c, chunk(buf, n), json, event);
		else
			ok = client_broken(n ? strerror(errno) : "hung up");
	}
	free(buf);
	return ok;
}

/**
 * client_ask() - one request, one answer
 * @run: socket
 * @req: request
 *
 * Return: answer, NULL after a message.
 */
json_t *client_ask(const struct run *run, const struct ctl_request *req)
{
	json_t *json = NULL;
	struct client c;
	bool event;

	if (client_open(&c, run->socket))
		return NULL;
	if (!client_send(&c, req))
		client_receive(&c, -1, &json, &event);
	client_close(&c);
	return json;
}

/**
 * client_verdict() - did the daemon do it?
 * @answer: its answer
 *
 * Return: TCTL_OK, or TCTL_REFUSED after its reason has been printed.
 */
int client_verdict(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");

	if (json_is_true(json_object_get(answer, "ok")))
		return TCTL_OK;
	fputs("testudoctl: ", stderr);
	out_text(stderr, error ? out_str(error, "what") : "the daemon refuses and does not say why");
	fputc('\n', stderr);
	if (*out_str(error, "hint")) {
		fputs("  ", stderr);
		out_text(stderr, out_str(error, "hint"));
		fputc('\n', stderr);
	}
	return TCTL_REFUSED;
}
