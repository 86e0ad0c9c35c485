// SPDX-License-Identifier: GPL-2.0
/*
 * proc/keys.c: the keys process between a monitor and a network process that we
 * play. It is made to stand still where the order of what it hears matters.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/crypt.h"
#include "proc/facts.h"
#include "proc/imsg.h"
#include "proc/keys.h"
#include "proc/memfd.h"

#define LONG_MS 60000 /* until what must come has failed to */
#define SHA256	5     /* HMAC-SHA-256 among IKEv2's PRFs */

static pid_t pid;
static int monitor, net; /* our ends */

/* @secret: "use ..." or "key ...", of a peer at 10.0.0.5 */
static struct source *source_of(const char *secret)
{
	static const struct conf_say quiet = { 0 };
	struct source *src = xcalloc(1, sizeof(*src));
	struct conf *conf;
	char *text;

	text = xasprintf("path pre_shared_key \"/psk.txt\";\nremote 10.0.0.5 { shared_secret %s;\n"
			 "proposal { encryption_algorithm aes 256; hash_algorithm sha256;\n"
			 "authentication_method pre_shared_key; dh_group 14; } }\n",
			 secret);
	source_init(src);
	source_add(src, "racoon.conf", chunk_str(text), 0);
	free(text);
	conf = conf_load(src, "racoon.conf", false, &quiet);
	assert_non_null(conf);
	facts_add(src, conf);
	facts_add_secrets(src, conf);
	conf_free(conf);
	return src;
}

static int start(void **state)
{
	struct child c = { .role = PROC_KEYS, .conf_name = "racoon.conf", .log_level_said = true };
	int m[2], n[2], i;

	assert_int_equal(imsg_pair(m), 0);
	assert_int_equal(imsg_pair(n), 0);
	pid = fork();
	if (!pid) {
		close(m[0]);
		close(n[0]);
		for (i = 0; i < PROC_ROLES; i++)
			c.peer[i] = -1;
		c.monitor.fd = m[1];
		c.peer[PROC_NET] = n[1];
		if (child_take_source(&c, source_of(*state ? *state : "use \"first\"")))
			keys_main(&c);
		_exit(0);
	}
	close(m[1]);
	close(n[1]);
	monitor = m[0];
	net = n[0];
	return pid > 0 ? 0 : -1;
}

/* it ends with the monitor's end of the socket */
static int end(void **state)
{
	int status;

	(void)state;
	close(monitor);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(net);
	return status;
}

static uint32_t hear_monitors(enum imsg_type type)
{
	struct imsg m;

	do
		assert_int_equal(imsg_recv(monitor, &m, LONG_MS), 1);
	while (m.type != type);
	imsg_free(&m);
	return m.id;
}

static void ask(int fd, uint32_t id, const char *addr)
{
	struct keys_psk q = { .use = PSK_PRF, .prf = SHA256, .data = chunk_str("data") };
	struct sockaddr_storage sa;
	struct writer w = { 0 };

	assert_true(addr_parse(&sa, addr));
	q.addr = addr_bytes(&sa);
	keys_put_psk(&w, &q);
	assert_int_equal(imsg_send(fd, IMSG_PSK, id, writer_chunk(&w), -1), 0);
	writer_free(&w);
}

/* the next answer; with a secret: it was made with that one */
static void answered(int fd, uint32_t id, const char *secret)
{
	uint8_t want[CRYPT_HASH_MAX];
	const struct alg *prf = alg_by_v2(ALG_PRF, SHA256);
	struct secrets_answer a;
	struct chunk result;
	struct imsg m;

	assert_int_equal(imsg_recv(fd, &m, LONG_MS), 1);
	assert_int_equal(m.type, IMSG_ANSWER);
	assert_int_equal(m.id, id);
	assert_true(keys_get_answer(blob_chunk(&m.body), &a, &result));
	assert_int_equal(a.error, secret ? SECRETS_OK : SECRETS_NO_FILE);
	if (secret) {
		assert_true(psk_make(PSK_PRF, prf, chunk_str(secret), chunk_str("data"), want));
		assert_int_equal(result.n, prf->out);
		assert_memory_equal(result.p, want, prf->out);
	}
	imsg_free(&m);
}

/* a question that it has to ask the monitor for, and there it stands still: the number of that */
static uint32_t stopped_at_question(const char *addr)
{
	uint32_t id;
	int status;

	ask(net, 1, addr);
	id = hear_monitors(IMSG_PSK_OPEN);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return id;
}

/* psk.txt, or none */
static void go_on(uint32_t id, const char *text)
{
	const struct secrets_answer a = { .error = text ? SECRETS_OK : SECRETS_NO_FILE };
	int fd = text ? memfd_from(chunk_str(text)) : -1;
	struct writer w = { 0 };

	keys_put_answer(&w, &a, chunk(NULL, 0));
	assert_int_equal(imsg_send(monitor, IMSG_PSK_FILE, id, writer_chunk(&w), fd), 0);
	writer_free(&w);
	if (fd >= 0)
		close(fd);
}

static void reload(const char *secret)
{
	struct source *src = source_of(secret);
	struct blob packed = source_pack(src);
	int fd = memfd_from(blob_chunk(&packed));

	assert_true(fd >= 0);
	assert_int_equal(imsg_send(monitor, IMSG_SOURCE, 0, chunk(NULL, 0), fd), 0);
	close(fd);
	blob_free(&packed);
	source_free(src);
	free(src);
}

/* net has the new configuration from the monitor as well, and asks at once */
static void a_new_secret_is_used_at_once(void **state)
{
	uint32_t id = stopped_at_question("10.0.0.9");

	(void)state;
	go_on(id, NULL);
	reload("use \"second\"");
	ask(net, 2, "10.0.0.5");
	assert_int_equal(kill(pid, SIGCONT), 0);
	answered(net, 1, NULL);
	answered(net, 2, "second");
}

/* the monitor has one for us before it hears of our question for psk.txt */
static void a_configuration_comes_between(void **state)
{
	static const char text[] = "a.test old\nb.test new\n";
	uint32_t id = stopped_at_question("10.0.0.5");

	(void)state;
	reload("key \"b.test\"");
	go_on(id, text);
	assert_int_equal(kill(pid, SIGCONT), 0);
	answered(net, 1, "new");
	ask(net, 1, "10.0.0.5");
	id = hear_monitors(IMSG_PSK_OPEN);
	reload("use \"third\"");
	go_on(id, text);
	answered(net, 1, "third");
}

/* a net process that was started again has a question of that number, too */
static void an_answer_is_for_who_asked(void **state)
{
	const uint8_t role = PROC_NET;
	uint32_t id = stopped_at_question("10.0.0.9");
	int n[2];

	(void)state;
	assert_int_equal(imsg_pair(n), 0);
	assert_int_equal(imsg_send(monitor, IMSG_PEER, 0, chunk(&role, 1), n[1]), 0);
	go_on(id, NULL);
	ask(n[0], 1, "10.0.0.5");
	assert_int_equal(kill(pid, SIGCONT), 0);
	answered(n[0], 1, "first");
	close(n[0]);
	close(n[1]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_new_secret_is_used_at_once),
		cmocka_unit_test_prestate_setup_teardown(a_configuration_comes_between, start, end, (void *)"key \"a.test\""),
		T(an_answer_is_for_who_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
