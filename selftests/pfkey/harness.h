/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small harness: each test is a process in a network namespace of its own,
 * the program speaks KTAP. A test ends by returning, or at the first check
 * that fails.
 */
#ifndef TESTUDO_SELFTEST_HARNESS_H
#define TESTUDO_SELFTEST_HARNESS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

/**
 * struct test - one test
 * @name: what it shows
 * @run: body
 * @next: owned by harness.c
 */
struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);
int test_main(void);
bool test_is_slow(void);
void test_more_time(void);
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void test_skip(const char *why) __attribute__((noreturn));
void test_in_row(const char *why);
void test_sysctl(const char *name, unsigned int value);

/* For larval SAs that must not go away while a slow machine looks at them. */
#define LARVAL_SECONDS	86400

/* TEST(name) { ... } defines a test and puts it on the list. */
#define TEST(name)							\
	static void name(void);						\
	static struct test name##_test = { #name, name, NULL };	\
	__attribute__((constructor)) static void name##_register(void)	\
	{								\
		test_register(&name##_test);				\
	}								\
	static void name(void)

#define OK(cond)							\
	do {								\
		if (!(cond))						\
			test_fail(__FILE__, __LINE__, "not (%s)", #cond); \
	} while (0)

/* Equal numbers, and both are shown when they are not. */
#define EQ(have, want)							\
	do {								\
		long long have_ = (have), want_ = (want);		\
									\
		if (have_ != want_)					\
			test_fail(__FILE__, __LINE__, "%s is %lld, not %lld (%s)", \
				  #have, have_, want_, #want);		\
	} while (0)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif
