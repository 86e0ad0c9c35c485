// SPDX-License-Identifier: GPL-2.0
/* proc/sandbox.c's users and proc/safefile.c's files: who one may be, and what one may open. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "certs.h"
#include "proc/safefile.h"
#include "proc/sandbox.h"

/* "privsep": names and numbers, and what goes with a user of whom only the number is known */
static void users_have_names_or_numbers(void **state)
{
	static const struct {
		const char *user;
		const char *group;
		int want;
		uint32_t uid;
		uint32_t gid;
	} rows[] = {
		{ "root", NULL, 0, 0, 0 },
		{ "0", NULL, 0, 0, 0 },
		{ "4242424", NULL, 0, 4242424, 4242424 },
		{ "4242424", "77", 0, 4242424, 77 },
		{ "root", "77", 0, 0, 77 },
		{ "4294967294", "root", 0, 4294967294u, 0 },
		{ "no such user", NULL, -ENOENT, 0, 0 },
		{ "12x", NULL, -ENOENT, 0, 0 },
		{ "root", "no such group", -ENOENT, 0, 0 },
		{ "", NULL, -ENOENT, 0, 0 },
	};
	struct sandbox_id id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (sandbox_find(rows[i].user, rows[i].group, &id) != rows[i].want)
			fail_msg("%s, %s", rows[i].user, rows[i].group ? rows[i].group : "-");
		if (rows[i].want)
			continue;
		assert_int_equal(id.uid, rows[i].uid);
		assert_int_equal(id.gid, rows[i].gid);
	}
	assert_int_equal(sandbox_find(NULL, NULL, &id), 0);
	assert_int_not_equal(id.uid, 0);
}

static void only_safe_files_are_opened(void **state)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		enum safe_kind kind;
		int want;
		const char *say;
	} rows[] = {
		{ 0600, 0, SAFE_SECRET, 0, "" },
		{ 0400, 0, SAFE_SECRET, 0, "" },
		{ 0640, 0, SAFE_SECRET, -EPERM, "mode 0640 lets others at it" },
		{ 0604, 0, SAFE_SECRET, -EPERM, "chmod 0600" },
		{ 0620, 0, SAFE_SECRET, -EPERM, "0620" },
		{ 0600, 12345, SAFE_SECRET, -EPERM, "belongs to user 12345" },
		{ 0755, 0, SAFE_SCRIPT, 0, "" },
		{ 0775, 0, SAFE_SCRIPT, -EPERM, "change it" },
		{ 0757, 0, SAFE_SCRIPT, -EPERM, "chmod go-w" },
		{ 0755, 12345, SAFE_SCRIPT, -EPERM, "belongs to user 12345" },
	};
	char *path = xasprintf("%s/file", certs_dir);
	char why[256];
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		certs_write("file", chunk_str("x"));
		assert_int_equal(chmod(path, rows[i].mode), 0);
		if (rows[i].uid && chown(path, rows[i].uid, 0))
			continue; /* not root */
		why[0] = '\0';
		fd = safe_open(path, rows[i].kind, why, sizeof(why));
		if ((fd < 0 ? fd : 0) != rows[i].want || !strstr(why, rows[i].say))
			fail_msg("mode %o of %u: %s", rows[i].mode, rows[i].uid, why);
		if (fd >= 0)
			close(fd);
		unlink(path);
	}
	assert_int_equal(safe_open(path, SAFE_SECRET, why, sizeof(why)), -ENOENT);
	assert_int_equal(safe_open(certs_dir, SAFE_SECRET, why, sizeof(why)), -EINVAL);
	/* a FIFO does not hold us up */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(safe_open(path, SAFE_SECRET, why, sizeof(why)), -EINVAL);
	unlink(path);
	free(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_have_names_or_numbers),
		cmocka_unit_test(only_safe_files_are_opened),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, certs_make_dir, certs_remove);
}
