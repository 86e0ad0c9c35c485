// SPDX-License-Identifier: GPL-2.0
/*
 * The ctl process' server between real sockets: who may do what, whose answer
 * is whose, and what becomes of clients that send too much, read too little, or
 * go. Class 14 of daemon.md section 6.
 */
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ctl/listen.h"
#include "ctl/server.h"
#include "ctl_ends.h"
#include "world.h"

#define NOBODY 65534
#define GROUP  4711 /* the socket's group */

static const struct ctl_limits small = {
	.clients = 8,
	.per_uid = 3,
	.pending = 3,
	.per_second = 5,
	.queue = 256 << 10,
	.events = 64 << 10,
	.total = 512 << 10,
};

/**
 * struct rig - a server with a test at both of its ends
 * @base: loop
 * @srv: server
 * @net: what the net process would have
 * @path: of the socket
 */
struct rig {
	struct event_base *base;
	struct ctl_server *srv;
	int net;
	char path[64];
};

/* the control socket at a place of ours */
static int listen_at(char *path, mode_t mode)
{
	const struct conf conf = {
		.adminsock = path,
		.admin_uid = getuid(),
		.admin_gid = getgid(),
		.admin_mode = mode,
	};

	return ctl_listen(&conf);
}

static int rig_up(void **state)
{
	const struct ctl_access access = { .owner = 0, .group = GROUP };
	struct rig *rig = calloc(1, sizeof(*rig));
	int fd[2], listen_fd;

	fake_clock_reset();
	pair(fd);
	snprintf(rig->path, sizeof(rig->path), "/tmp/test_ctl.%d", getpid());
	/* everybody may connect, so it is the server that decides */
	listen_fd = listen_at(rig->path, 0666);
	assert_true(listen_fd >= 0);
	rig->base = event_base_new();
	rig->net = fd[0];
	rig->srv = ctl_server_new(rig->base, listen_fd, fd[1], &access, &small);
	*state = rig;
	return 0;
}

static int rig_down(void **state)
{
	struct rig *rig = *state;

	ctl_server_free(rig->srv);
	event_base_free(rig->base);
	close(rig->net);
	unlink(rig->path);
	free(rig);
	return 0;
}

static void pump(const struct rig *rig)
{
	unsigned int i;

	for (i = 0; i < 200; i++)
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
}

/* A connection of that user, which the server has not seen yet; both -1: as we are. */
static int knock(const struct rig *rig, uid_t uid, gid_t gid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	const bool other = uid != (uid_t)-1;

	strcpy(sun.sun_path, rig->path);
	if (other) {
		assert_int_equal(setgroups(0, NULL), 0);
		assert_int_equal(setegid(gid), 0);
		assert_int_equal(seteuid(uid), 0);
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (other) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
	}
	return fd;
}

static int dial(const struct rig *rig, uid_t uid, gid_t gid)
{
	int fd = knock(rig, uid, gid);

	pump(rig);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool hung_up(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* The request that net gets; its id. */
static uint32_t net_hears(const struct rig *rig, struct ctl_request *req)
{
	struct frame f;
	struct reader r;

	pump(rig);
	if (!hear(rig->net, &f))
		return 0;
	assert_int_equal(f.kind, FRAME_REQUEST);
	assert_true(f.last);
	r = reader(f.text);
	assert_true(ctl_request_unpack(&r, req));
	return f.id;
}

static void net_says(const struct rig *rig, enum frame_kind kind, uint32_t id, const char *text)
{
	tell(rig->net, kind, id, chunk_str(text));
	pump(rig);
}

#define OK "{\"schema_version\":1,\"ok\":true}"

static void need_root(void)
{
	if (geteuid())
		skip();
}

static void test_rights(void **state)
{
	static const struct {
		const char *why;
		uid_t uid;
		gid_t gid;
		const char *request;
		const char *error; /* NULL: it goes to net */
	} rows[] = {
		{ "root may look", 0, 0, "{\"verb\":\"status\"}", NULL },
		{ "root may do", 0, 0, "{\"verb\":\"flush-sa\",\"what\":\"esp\"}", NULL },
		{ "the group may look", NOBODY, GROUP, "{\"verb\":\"status\"}", NULL },
		{ "and listen", NOBODY, GROUP, "{\"verb\":\"show-event\"}", NULL },
		{ "and see certificates", NOBODY, GROUP, "{\"verb\":\"get-cert\",\"dst\":\"10.0.0.2\"}",
		  NULL },
		{ "but not flush", NOBODY, GROUP, "{\"verb\":\"flush-sa\",\"what\":\"esp\"}", "may not" },
		{ "nor delete", NOBODY, GROUP, "{\"verb\":\"delete-sa\",\"what\":\"esp\",\"name\":\"a\"}",
		  "may not" },
		{ "nor establish", NOBODY, GROUP, "{\"verb\":\"establish-sa\",\"name\":\"a\"}", "may not" },
		{ "nor reload", NOBODY, GROUP, "{\"verb\":\"reload-config\"}", "may not" },
		{ "nor that on trial", NOBODY, GROUP, "{\"verb\":\"reload-config\",\"dry_run\":true}",
		  "may not" },
	};
	struct rig *rig = *state;
	struct ctl_request req;
	const char *error;
	uint32_t id;
	size_t i;
	int fd;

	need_root();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fd = dial(rig, rows[i].uid, rows[i].gid);
		say(fd, rows[i].request);
		id = net_hears(rig, &req);
		if (rows[i].error) {
			error = hear_error(fd);
			if (id || !error || !strstr(error, rows[i].error))
				fail_msg("%s: %s", rows[i].why, error ? error : "nothing");
		} else if (!id) {
			fail_msg("%s: was refused: %s", rows[i].why, hear_error(fd));
		} else {
			net_says(rig, FRAME_ANSWER, id, OK);
			assert_string_equal(hear_error(fd), "");
		}
		close(fd);
		pump(rig);
		fake_clock_turn(timer_now() + 2000);
	}
}

/* Neither root nor in the group: one sentence, and the door, also for who asks at once. */
static void test_stranger(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	const char *error;
	int fd;

	need_root();
	fd = dial(rig, NOBODY, NOBODY);
	assert_non_null(strstr(hear_error(fd), "may not use"));
	assert_true(hung_up(fd));
	close(fd);
	fd = knock(rig, NOBODY, NOBODY);
	say(fd, "{\"verb\":\"status\"}");
	assert_int_equal(net_hears(rig, &req), 0);
	error = hear_error(fd);
	assert_non_null(error);
	assert_non_null(strstr(error, "may not use"));
	assert_true(hung_up(fd));
	close(fd);
}

/* The group may be a supplementary one, as usermod -aG makes it. */
static void test_groups(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct rig *rig = *state;
	gid_t groups[200];
	struct ctl_request req;
	unsigned int i, n;
	int fd;

	need_root();
	strcpy(sun.sun_path, rig->path);
	for (n = 3; n <= 200; n += 197) {
		for (i = 0; i < n; i++)
			groups[i] = 10000 + i;
		groups[n - 1] = GROUP;
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		assert_int_equal(setgroups(n, groups), 0);
		assert_int_equal(seteuid(NOBODY), 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setgroups(0, NULL), 0);
		say(fd, "{\"verb\":\"status\"}");
		assert_true(net_hears(rig, &req));
		close(fd);
	}
}

static int dial_us(const struct rig *rig)
{
	return dial(rig, (uid_t)-1, (gid_t)-1);
}

/* Bad requests are answered, and the connection lives. */
static void test_bad_requests(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	char *big = calloc(1, CTL_REQUEST_MAX + 2);
	int fd;

	need_root();
	fd = dial_us(rig);
	say(fd, "}");
	pump(rig);
	assert_non_null(strstr(hear_error(fd), "not JSON"));
	memset(big, ' ', CTL_REQUEST_MAX + 1);
	say(fd, big);
	pump(rig);
	assert_non_null(strstr(hear_error(fd), "at most"));
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	assert_int_equal(req.verb, CTL_STATUS);
	free(big);
	close(fd);
}

/* Two clients ask at once; answers come in the other order, in parts. */
static void test_whose_answer(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	char *text = calloc(1, 100001);
	uint32_t a_id, b_id;
	struct frame_join join = { 0 };
	struct frame f;
	int a, b, whole = 0;

	need_root();
	memset(text, 'x', 100000);
	a = dial_us(rig);
	b = dial_us(rig);
	say(a, "{\"verb\":\"nonsense\"}");
	say(a, "{\"verb\":\"status\",\"name\":\"a\"}");
	a_id = net_hears(rig, &req);
	assert_string_equal(req.name, "a");
	say(b, "{\"verb\":\"status\",\"name\":\"b\"}");
	b_id = net_hears(rig, &req);
	assert_string_equal(req.name, "b");
	assert_int_not_equal(a_id, b_id);
	/* an id that nobody has asked under */
	net_says(rig, FRAME_ANSWER, b_id + 1000, OK);
	net_says(rig, FRAME_ANSWER, b_id, text);
	assert_true(hear(a, &f));
	assert_int_equal(f.id, 1);
	assert_false(hear(a, &f));
	while (!whole && hear(b, &f)) {
		assert_int_equal(f.id, 1);
		whole = frame_join(&join, &f);
	}
	assert_int_equal(whole, 1);
	assert_int_equal(join.text.n, 100000);
	frame_join_free(&join);
	/* the second of a's requests is its number 2 */
	net_says(rig, FRAME_ANSWER, a_id, OK);
	assert_true(hear(a, &f));
	assert_int_equal(f.id, 2);
	/* twice is once too much */
	net_says(rig, FRAME_ANSWER, a_id, OK);
	assert_false(hear(a, &f));
	free(text);
	close(a);
	close(b);
}

/* A client goes while net works for it; a new one must not get its answer. */
static void test_gone_client(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	struct frame f;
	uint32_t id;
	int a, b;

	need_root();
	a = dial_us(rig);
	say(a, "{\"verb\":\"status\"}");
	id = net_hears(rig, &req);
	assert_true(id);
	close(a);
	pump(rig);
	b = dial_us(rig);
	net_says(rig, FRAME_ANSWER, id, OK);
	assert_false(hear(b, &f));
	/* an empty datagram is an end, too */
	assert_int_equal(send(b, "", 0, 0), 0);
	pump(rig);
	assert_true(hung_up(b));
	close(b);
}

/* Requests without answers are counted, and those of a second as well. */
static void test_too_many(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	uint32_t id = 0;
	unsigned int i;
	int fd, again;

	need_root();
	fd = dial(rig, 0, 0);
	for (i = 0; i < small.pending; i++) {
		say(fd, "{\"verb\":\"status\"}");
		id = net_hears(rig, &req);
		assert_true(id);
	}
	say(fd, "{\"verb\":\"status\"}");
	assert_int_equal(net_hears(rig, &req), 0);
	assert_non_null(strstr(hear_error(fd), "too many requests"));
	net_says(rig, FRAME_ANSWER, id, OK);
	assert_string_equal(hear_error(fd), "");
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(fd);
	fd = dial(rig, NOBODY, GROUP);
	for (i = 0; i < small.per_second; i++) {
		say(fd, "{\"verb\":\"status\"}");
		id = net_hears(rig, &req);
		assert_true(id);
		net_says(rig, FRAME_ANSWER, id, OK);
		assert_string_equal(hear_error(fd), "");
	}
	say(fd, "{\"verb\":\"status\"}");
	assert_int_equal(net_hears(rig, &req), 0);
	assert_non_null(strstr(hear_error(fd), "too many requests"));
	/* to connect anew does not help */
	close(fd);
	again = dial(rig, NOBODY, GROUP);
	say(again, "{\"verb\":\"status\"}");
	assert_int_equal(net_hears(rig, &req), 0);
	fake_clock_turn(timer_now() + 1000);
	say(again, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(again);
}

/* One user can not take all places, and root finds one. */
static void test_places(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	int fd[16], root;
	unsigned int i;

	need_root();
	for (i = 0; i < small.per_uid; i++)
		fd[i] = dial(rig, NOBODY, GROUP);
	fd[i] = dial(rig, NOBODY, GROUP);
	assert_non_null(strstr(hear_error(fd[i]), "too many control clients"));
	assert_true(hung_up(fd[i]));
	for (i++; i < 12; i++)
		fd[i] = dial(rig, 1000 + i, GROUP);
	root = dial(rig, 0, 0);
	say(root, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	while (i--)
		close(fd[i]);
	close(root);
}

/* Events reach who asked for them; who does not read is dropped, the others go on. */
static void test_events(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	unsigned int i, got = 0, sent;
	char text[8192];
	int quick, slow, deaf;
	struct frame f;
	uint32_t id;

	need_root();
	quick = dial_us(rig);
	slow = dial_us(rig);
	deaf = dial_us(rig);
	say(quick, "{\"verb\":\"show-event\"}");
	id = net_hears(rig, &req);
	assert_int_equal(req.verb, CTL_SUBSCRIBE);
	net_says(rig, FRAME_ANSWER, id, OK);
	assert_string_equal(hear_error(quick), "");
	say(slow, "{\"verb\":\"show-event\"}");
	id = net_hears(rig, &req);
	net_says(rig, FRAME_ANSWER, id, OK);
	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	/* more than a socket buffer and our queue take together */
	for (sent = 0; sent < 200; sent++) {
		net_says(rig, FRAME_EVENT, 0, text);
		while (hear(quick, &f)) {
			assert_int_equal(f.kind, FRAME_EVENT);
			assert_int_equal(f.text.n, sizeof(text) - 1);
			got++;
		}
	}
	assert_int_equal(got, sent);
	for (i = 0; hear(slow, &f); i++)
		;
	assert_true(i > 0 && i < sent);
	assert_true(hung_up(slow));
	/* who did not ask gets none */
	assert_false(hear(deaf, &f));
	assert_false(hung_up(deaf));
	close(quick);
	close(slow);
	close(deaf);
}

/* A client that asks for much and reads nothing costs no more than its queue. */
static void test_slow_answer(void **state)
{
	struct rig *rig = *state;
	char *text = calloc(1, (900 << 10) + 1);
	struct ctl_request req;
	unsigned int n = 0;
	struct frame f;
	uint32_t id;
	int fd, other;

	need_root();
	memset(text, 'x', 900 << 10);
	fd = dial_us(rig);
	other = dial_us(rig);
	say(fd, "{\"verb\":\"status\"}");
	id = net_hears(rig, &req);
	{
		struct frame_queue q;

		frame_queue_init(&q, 2 << 20);
		assert_true(frame_queue_text(&q, FRAME_ANSWER, id, chunk_str(text)));
		while (frame_queue_send(&q, rig->net))
			pump(rig);
		pump(rig);
	}
	while (hear(fd, &f))
		n++;
	assert_true(n < 900 / 32);
	assert_true(hung_up(fd));
	say(other, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	free(text);
	close(fd);
	close(other);
}

/* What net says is checked as well. */
static void test_net_garbage(void **state)
{
	static const char *const rows[] = { "x", "TCTL", "TCTLxxxxxxxxxxxxxxxx" };
	struct rig *rig = *state;
	struct ctl_request req;
	struct frame f;
	size_t i;
	int fd;

	need_root();
	fd = dial_us(rig);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(send(rig->net, rows[i], strlen(rows[i]), 0) > 0);
		pump(rig);
	}
	net_says(rig, FRAME_REQUEST, 1, OK);
	assert_false(hear(fd, &f));
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	assert_false(hung_up(rig->net));
	close(fd);
}

/* The net process dies and comes again: what it had is answered, who listened still does. */
static void test_net_restart(void **state)
{
	struct rig *rig = *state;
	struct ctl_request req;
	int fd, ear, net[2];
	struct frame f;
	uint32_t id;

	need_root();
	fd = dial_us(rig);
	ear = dial_us(rig);
	say(ear, "{\"verb\":\"show-event\"}");
	id = net_hears(rig, &req);
	net_says(rig, FRAME_ANSWER, id, OK);
	assert_string_equal(hear_error(ear), "");
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(rig->net);
	pump(rig);
	assert_non_null(strstr(hear_error(fd), "has ended"));
	assert_null(hear_error(fd));
	say(fd, "{\"verb\":\"status\"}");
	pump(rig);
	assert_non_null(strstr(hear_error(fd), "started again"));
	pair(net);
	rig->net = net[0];
	ctl_server_set_net(rig->srv, net[1]);
	assert_int_equal(net_hears(rig, &req), 0);
	assert_int_equal(req.verb, CTL_SUBSCRIBE);
	net_says(rig, FRAME_EVENT, 0, "{}");
	assert_true(hear(ear, &f));
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(fd);
	close(ear);
}

/* ---- the socket in the file system ---- */

/* A new configuration: another place, other rights, no place. Who is connected stays so. */
static void test_elsewhere(void **state)
{
	const struct ctl_access nobody = { .owner = 0, .group = NOBODY };
	struct rig *rig = *state;
	struct ctl_request req;
	char was[64];
	int fd, other;

	need_root();
	fd = dial_us(rig);
	strcpy(was, rig->path);
	snprintf(rig->path, sizeof(rig->path), "/tmp/test_ctl_new.%d", getpid());
	ctl_server_listen(rig->srv, listen_at(rig->path, 0666));
	/* nobody is behind the old one */
	other = listen_at(was, 0666);
	assert_true(other >= 0);
	close(other);
	unlink(was);
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	other = dial(rig, NOBODY, GROUP);
	say(other, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	ctl_server_set_access(rig->srv, &nobody);
	say(other, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(other);
	other = dial(rig, NOBODY, GROUP);
	assert_non_null(strstr(hear_error(other), "may not use"));
	close(other);
	ctl_server_listen(rig->srv, -1);
	say(fd, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	/* and one again, which may be the first */
	assert_int_equal(unlink(rig->path), 0);
	ctl_server_listen(rig->srv, listen_at(rig->path, 0666));
	other = dial_us(rig);
	say(other, "{\"verb\":\"status\"}");
	assert_true(net_hears(rig, &req));
	close(other);
	close(fd);
}

static void test_listen(void **state)
{
	char path[64], file[64];
	struct stat st;
	int fd, again;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_ctl_listen.%d", getpid());
	fd = listen_at(path, 0660);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	/* another daemon is there */
	assert_int_equal(listen_at(path, 0660), -EADDRINUSE);
	close(fd);
	/* it died: its socket is in nobody's way */
	again = listen_at(path, 0600);
	assert_true(again >= 0);
	close(again);
	unlink(path);
	/* a file of somebody is not ours to remove */
	snprintf(file, sizeof(file), "/tmp/test_ctl_file.%d", getpid());
	f = fopen(file, "w");
	fclose(f);
	assert_int_equal(listen_at(file, 0600), -EEXIST);
	assert_int_equal(stat(file, &st), 0);
	unlink(file);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, rig_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(test_rights),
		RIG(test_stranger),
		RIG(test_groups),
		RIG(test_bad_requests),
		RIG(test_whose_answer),
		RIG(test_gone_client),
		RIG(test_too_many),
		RIG(test_places),
		RIG(test_events),
		RIG(test_slow_answer),
		RIG(test_net_garbage),
		RIG(test_net_restart),
		RIG(test_elsewhere),
		cmocka_unit_test(test_listen),
	};

	log_to_file("/dev/null");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
