/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Good SADB_ADDs that are spoilt: a table says how, and what the answer is.
 */
#ifndef TESTUDO_SELFTEST_ROWS_H
#define TESTUDO_SELFTEST_ROWS_H

#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

/**
 * struct row - one way to spoil a message
 * @why: what is wrong
 * @spoil: makes it so
 * @err: errno of the answer
 */
struct row {
	const char *why;
	void (*spoil)(struct msg *m);
	int err;
};
void nothing_changed(int fd);
void run_rows(const struct row *rows, size_t n);
void without(struct msg *m, unsigned int type);

#define RUN(table)	run_rows(table, ARRAY_SIZE(table))

#endif
