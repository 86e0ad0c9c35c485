// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the tests of a program one after the other and reports in KTAP. Knows
 * nothing of PF_KEY but how to tell whose it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* Seconds for one test, that no test comes near to. */
#define TEST_TIME	200

static struct test *tests;
static struct test **tests_end = &tests;
static const char *row;

void test_register(struct test *t)
{
	*tests_end = t;
	tests_end = &t->next;
}

/* From now on failures are said to be of this row of a table; NULL for none. */
void test_in_row(const char *why)
{
	row = why;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list ap;

	printf("# %s:%d: ", base ? base + 1 : file, line);
	if (row)
		printf("[%s] ", row);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(KSFT_FAIL);
}

void test_skip(const char *why)
{
	printf("# %s\n", why);
	fflush(stdout);
	_exit(KSFT_SKIP);
}

/* A kernel that checks every access: for tests to do less, and wait longer. */
bool test_is_slow(void)
{
	const char *kernel = getenv("TESTUDO_KERNEL");

	return kernel && !strcmp(kernel, "debug");
}

/* Its time begins anew: for a test that has come one step further of many. */
void test_more_time(void)
{
	alarm(test_is_slow() ? 4 * TEST_TIME : TEST_TIME);
}

static void test_child(const struct test *t)
{
	test_more_time();
	if (unshare(CLONE_NEWNET))
		test_skip("no network namespaces, or not root");
	t->run();
	fflush(stdout);
	_exit(KSFT_PASS);
}

/* /proc/sys/net/testudo/@name of the test's own namespace. */
void test_sysctl(const char *name, unsigned int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/testudo/%s", name);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%u\n", value) < 0 || fclose(f))
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
}

static int test_run(const struct test *t)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return KSFT_FAIL;
	if (!pid)
		test_child(t);
	if (waitpid(pid, &status, 0) != pid)
		return KSFT_FAIL;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("# killed by signal %d%s\n", WTERMSIG(status),
	       WTERMSIG(status) == SIGALRM ? ": no end in sight" : "");
	return KSFT_FAIL;
}

/* PF_KEY may be af_key's, which these tests are not about. */
static bool test_is_testudo(void)
{
	FILE *f = fopen("/proc/net/protocols", "r");
	bool found = false;
	char line[256];

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "TESTUDO_KEY", 11);
	fclose(f);
	return found;
}

int test_main(void)
{
	unsigned int n = 0, failed = 0;
	struct test *t;
	int rc;

	for (t = tests; t; t = t->next)
		n++;
	printf("KTAP version 1\n");
	if (!test_is_testudo()) {
		printf("1..0 # SKIP testudo is not loaded\n");
		return KSFT_SKIP;
	}
	printf("1..%u\n", n);
	for (t = tests, n = 1; t; t = t->next, n++) {
		rc = test_run(t);
		if (rc == KSFT_SKIP)
			printf("ok %u %s # SKIP\n", n, t->name);
		else
			printf("%s %u %s\n", rc ? "not ok" : "ok", n, t->name);
		failed += rc != KSFT_PASS && rc != KSFT_SKIP;
	}
	fflush(stdout);
	return failed ? KSFT_FAIL : KSFT_PASS;
}
