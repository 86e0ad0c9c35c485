/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The little that the unit tests of setkey share: numbered KTAP lines, and
 * running a text with its output caught. Holds no test.
 */
#ifndef SETKEY_UNIT_H
#define SETKEY_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "setkey.h"

/**
 * struct unit_run - what a text did
 * @out: standard output, terminated
 * @err: standard error, terminated
 * @errors: complaints counted
 * @bytes: all messages that would have been sent, one behind the other
 * @len: bytes in @bytes
 */
struct unit_run {
	char out[65536];
	char err[65536];
	unsigned int errors;
	_Alignas(8) unsigned char bytes[16384];
	size_t len;
};

bool unit_ok(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void unit_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const struct unit_run *unit_run(const char *text, struct setkey *sk);
const struct unit_run *unit_text(const char *text, struct setkey *sk);
size_t unit_unhex(const char *hex, unsigned char *bytes, size_t size);
const void *unit_ext(const struct unit_run *run, unsigned int type);

void test_good(void);
void test_bad(void);
void test_keys(void);
void test_parse(void);
void test_text(void);
void test_world(void);

#endif /* SETKEY_UNIT_H */
