// SPDX-License-Identifier: GPL-2.0
/*
 * test_imsg - messages between processes and their bounds: frames, answers,
 * sealed memory, and the questions to the keys process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "proc/keys.h"
#include "proc/memfd.h"

struct raw_head {
	uint32_t magic;
	uint32_t type;
	uint32_t id;
	uint32_t len;
};

#define MAGIC 0x54696d31u

static void send_raw(int sock, struct raw_head head, size_t body, int fds)
{
	char *bytes = xcalloc(1, body + 1);
	struct iovec iov[2] = { { &head, sizeof(head) }, { bytes, body } };
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int fd[2] = { STDIN_FILENO, STDIN_FILENO };

	if (fds) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fd, (size_t)fds * sizeof(int));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &msg, 0), (ssize_t)(sizeof(head) + body));
	free(bytes);
}

static int open_fds(void)
{
	int n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void messages_are_bounded(void **state)
{
	static const struct {
		struct raw_head head;
		size_t body;
		int fds;
		int want;
		const char *why;
	} rows[] = {
		{ { MAGIC, IMSG_PSK, 7, 0 }, 0, 0, 1, "no body" },
		{ { MAGIC, IMSG_PSK, 7, 5 }, 5, 1, 1, "a body and a descriptor" },
		{ { MAGIC, IMSG_PSK, 7, IMSG_MAX }, IMSG_MAX, 0, 1, "the largest" },
		{ { MAGIC, IMSG_PSK, 7, IMSG_MAX + 1 }, IMSG_MAX + 1, 0, -EPROTO, "one byte more" },
		{ { MAGIC, IMSG_PSK, 7, 5 }, 4, 0, -EPROTO, "shorter than it says" },
		{ { MAGIC, IMSG_PSK, 7, 3 }, 4, 0, -EPROTO, "longer than it says" },
		{ { MAGIC, IMSG_PSK, 7, UINT32_MAX }, 4, 0, -EPROTO, "a length of 4 GB" },
		{ { MAGIC, IMSG_PSK, 7, 4 }, 4, 2, -EPROTO, "two descriptors" },
		{ { MAGIC, 0, 7, 0 }, 0, 0, -EPROTO, "type 0" },
		{ { MAGIC, IMSG_TYPES, 7, 0 }, 0, 1, -EPROTO, "a type that is none" },
		{ { 1, IMSG_PSK, 7, 0 }, 0, 1, -EPROTO, "another build" },
	};
	struct imsg m;
	int before = open_fds();
	int fd[2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n;

		assert_int_equal(imsg_pair(fd), 0);
		send_raw(fd[0], rows[i].head, rows[i].body, rows[i].fds);
		n = imsg_recv(fd[1], &m, 100);
		if (n != rows[i].want)
			fail_msg("%s: %d", rows[i].why, n);
		if (n == 1) {
			assert_int_equal(m.id, 7);
			assert_int_equal(m.body.n, rows[i].body);
			assert_int_equal(m.fd >= 0, rows[i].fds);
			imsg_free(&m);
		}
		close(fd[0]);
		close(fd[1]);
		if (open_fds() != before)
			fail_msg("%s: a descriptor is left", rows[i].why);
	}
	/* shorter than a header; silence; the end */
	assert_int_equal(imsg_pair(fd), 0);
	assert_int_equal(send(fd[0], "short", 5, 0), 5);
	assert_int_equal(imsg_recv(fd[1], &m, 100), -EPROTO);
	assert_int_equal(recv(fd[1], &m, sizeof(m), 0), 5);
	assert_int_equal(imsg_recv(fd[1], &m, 20), -EAGAIN);
	assert_int_equal(imsg_send(fd[0], IMSG_PSK, 1, chunk(NULL, IMSG_MAX + 1), -1), -EMSGSIZE);
	close(fd[0]);
	assert_int_equal(imsg_recv(fd[1], &m, 100), 0);
	assert_true(imsg_send(fd[1], IMSG_PSK, 1, chunk(NULL, 0), -1) < 0);
	close(fd[1]);
}

/* also of an end that has not heard all that was said to it */
static void last_words_are_heard(void **state)
{
	struct imsg m;
	int fd[2];

	(void)state;
	assert_int_equal(imsg_pair(fd), 0);
	assert_int_equal(imsg_send(fd[0], IMSG_STOP, 1, chunk(NULL, 0), -1), 0);
	assert_int_equal(imsg_send(fd[1], IMSG_SCRIPT, 2, chunk(NULL, 0), -1), 0);
	close(fd[1]);
	assert_int_equal(imsg_recv(fd[0], &m, 100), 1);
	assert_int_equal(m.id, 2);
	imsg_free(&m);
	assert_int_equal(imsg_recv(fd[0], &m, 100), 0);
	close(fd[0]);
}

/* and until that is done the time of the question is up */
static void count_other(void *arg, struct imsg *m)
{
	(void)m;
	++*(int *)arg;
	poll(NULL, 0, 150);
}

static void answers_belong_to_questions(void **state)
{
	int others = 0;
	const struct imsg_call call = { .type = IMSG_PSK, .id = 5, .answer = IMSG_ANSWER, .ms = 100, .other = count_other, .arg = &others };
	struct imsg reply;
	int fd[2];

	(void)state;
	assert_int_equal(imsg_pair(fd), 0);
	/* a late answer to an earlier question, a message of another kind, which takes long, the answer */
	assert_int_equal(imsg_send(fd[1], IMSG_ANSWER, 4, chunk_str("old"), -1), 0);
	assert_int_equal(imsg_send(fd[1], IMSG_SOURCE, 0, chunk_str("else"), -1), 0);
	assert_int_equal(imsg_send(fd[1], IMSG_ANSWER, 5, chunk_str("new"), -1), 0);
	assert_int_equal(imsg_call(fd[0], &call, &reply), 1);
	assert_true(chunk_equal(blob_chunk(&reply.body), chunk_str("new")));
	assert_int_equal(others, 1);
	imsg_free(&reply);
	assert_int_equal(imsg_call(fd[0], &call, &reply), -ETIMEDOUT);
	close(fd[1]);
	assert_true(imsg_call(fd[0], &call, &reply) <= 0);
	close(fd[0]);
}

static void only_sealed_memory_is_read(void **state)
{
	struct blob data = { 0 };
	int fd = memfd_from(chunk_str("payload"));
	int fds[2];

	(void)state;
	assert_true(fd >= 0);
	assert_true(memfd_read(fd, &data));
	assert_true(chunk_equal(blob_chunk(&data), chunk_str("payload")));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	close(fd);
	fd = memfd_create("x", MFD_ALLOW_SEALING);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_false(memfd_read(fd, &data));
	assert_null(data.p);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	assert_false(memfd_read(fd, &data));
	close(fd);
	assert_int_equal(pipe(fds), 0);
	assert_false(memfd_read(fds[0], &data));
	close(fds[0]);
	close(fds[1]);
	assert_false(memfd_read(-1, &data));
	fd = memfd_from(chunk(NULL, 0));
	assert_true(memfd_read(fd, &data));
	close(fd);
	blob_free(&data);
}

static void questions_have_lengths(void **state)
{
	struct keys_psk q = { .use = PSK_AUTH, .prf = 5, .addr = chunk("\x0a\0\0\1", 4), .data = chunk_str("octets") };
	struct keys_sign s = { .scheme = SIG_ED25519, .remote = chunk_str("gw"), .file = chunk_str("a.key"), .tbs = chunk_str("octets") };
	struct secrets_answer a = { SECRETS_NO_PSK, "none" };
	struct secrets_answer b;
	struct keys_psk q2;
	struct keys_sign s2;
	struct writer w = { 0 };
	struct writer v = { 0 };
	struct writer u = { 0 };
	struct chunk rest;
	size_t i;

	(void)state;
	id_set(&q.id, ID_FQDN, chunk_str("a.test"));
	keys_put_psk(&w, &q);
	assert_true(keys_get_psk(writer_chunk(&w), &q2));
	assert_true(chunk_equal(blob_chunk(&q2.id.data), chunk_str("a.test")));
	assert_true(chunk_equal(q2.data, chunk_str("octets")));
	keys_put_sign(&v, &s);
	assert_true(keys_get_sign(writer_chunk(&v), &s2));
	assert_true(chunk_equal(s2.file, s.file) && chunk_equal(s2.tbs, s.tbs));
	keys_put_answer(&u, &a, chunk_str("result"));
	assert_true(keys_get_answer(writer_chunk(&u), &b, &rest));
	assert_string_equal(b.sentence, "none");
	/* cut anywhere: never read beyond the end (ASan looks on), and false in the fixed part */
	for (i = 0; i < w.n - 6; i++) {
		uint8_t *cut = xcalloc(1, i + !i);

		memcpy(cut, w.p, i);
		assert_false(keys_get_psk(chunk(cut, i), &q2));
		if (i < v.n - 6) {
			memcpy(cut, v.p, i);
			assert_false(keys_get_sign(chunk(cut, i), &s2));
		}
		if (i < u.n - 6) {
			memcpy(cut, u.p, i);
			assert_false(keys_get_answer(chunk(cut, i), &b, &rest));
		}
		free(cut);
	}
	w.p[0] = 2;
	assert_false(keys_get_psk(writer_chunk(&w), &q2));
	v.p[0] = SIG_SCHEMES;
	assert_false(keys_get_sign(writer_chunk(&v), &s2));
	u.p[0] = 200;
	assert_false(keys_get_answer(writer_chunk(&u), &b, &rest));
	id_free(&q.id);
	writer_free(&w);
	writer_free(&v);
	writer_free(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_bounded),
		cmocka_unit_test(last_words_are_heard),
		cmocka_unit_test(answers_belong_to_questions),
		cmocka_unit_test(only_sealed_memory_is_read),
		cmocka_unit_test(questions_have_lengths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
