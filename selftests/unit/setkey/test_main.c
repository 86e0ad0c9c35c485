// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the unit tests of libpfkey and setkey on the host, without a kernel that
 * has PF_KEY and without anybody's names. Output is KTAP; the exit status is 1 if a line says
 * "not ok".
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static unsigned int unit_count, unit_failed;

/**
 * unit_ok() - one result
 * @ok: passed
 * @fmt: name of the test
 *
 * Return: @ok.
 */
bool unit_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u ", ok ? "" : "not ", ++unit_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	unit_failed += !ok;
	return ok;
}

/**
 * unit_note() - a diagnostic line
 * @fmt: text; its own line breaks are kept behind '#'
 */
void unit_note(const char *fmt, ...)
{
	char buf[4096], *line, *rest = buf;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	while ((line = strsep(&rest, "\n")))
		printf("# %s\n", line);
}

/* Point @fd to an empty anonymous file; returns the old one. */
static int unit_divert(int fd)
{
	int old = dup(fd), mem = memfd_create("unit", MFD_CLOEXEC);

	if (old < 0 || mem < 0 || dup2(mem, fd) < 0)
		abort();
	close(mem);
	return old;
}

/* Read what was written to @fd and put @old back. */
static void unit_restore(int fd, int old, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	buf[n < 0 ? 0 : n] = '\0';
	dup2(old, fd);
	close(old);
}

/**
 * unit_unhex() - hexadecimal digits into bytes
 * @hex: digits; anything else between them is skipped
 * @bytes: result
 * @size: room
 *
 * Return: number of bytes.
 */
size_t unit_unhex(const char *hex, unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	const char *p;

	for (; *hex; hex++) {
		p = strchr(digits, *hex);
		if (!p)
			continue;
		if (n / 2 == size)
			abort();
		bytes[n / 2] = n % 2 ? bytes[n / 2] | (p - digits) : (p - digits) << 4;
		n++;
	}
	return n / 2;
}

/* The bytes out of the lines that -H prints: "00000010: 02 03 ..." */
static void unit_collect(struct unit_run *run)
{
	static char copy[sizeof(run->out)];
	char *line, *rest = copy;

	strcpy(copy, run->out);
	run->len = 0;
	while ((line = strsep(&rest, "\n")))
		if (strlen(line) > 10 && line[8] == ':')
			run->len += unit_unhex(line + 10, run->bytes + run->len,
					       sizeof(run->bytes) - run->len);
}

/**
 * unit_run() - run commands as they would be run from a file
 * @text: commands
 * @sk: options, and the socket if this is no dry run
 *
 * Return: what happened, valid until the next call.
 */
const struct unit_run *unit_run(const char *text, struct setkey *sk)
{
	static struct unit_run run;
	struct cmd_list list;
	struct source src;
	int out, err;

	sk->hex = true;
	fflush(stdout);
	out = unit_divert(STDOUT_FILENO);
	err = unit_divert(STDERR_FILENO);
	source_init(&src, "t", strdup(text), strlen(text), 1);
	cmd_parse(&src, &list);
	emit_list(sk, &src, &list);
	run.errors = src.errors;
	source_free(&src);
	fflush(stdout);
	unit_restore(STDERR_FILENO, err, run.err, sizeof(run.err));
	unit_restore(STDOUT_FILENO, out, run.out, sizeof(run.out));
	unit_collect(&run);
	return &run;
}

/**
 * unit_text() - run commands without a kernel and without names
 * @text: commands
 * @sk: options; a dry run is made of it
 *
 * Return: what happened, valid until the next call.
 */
const struct unit_run *unit_text(const char *text, struct setkey *sk)
{
	sk->dry = true;
	sk->numeric = true;
	return unit_run(text, sk);
}

/**
 * unit_ext() - find an extension in the first message of a run
 * @run: run
 * @type: SADB_EXT_*
 *
 * Return: extension or NULL.
 */
const void *unit_ext(const struct unit_run *run, unsigned int type)
{
	const struct sadb_msg *base = (const struct sadb_msg *)run->bytes;
	struct pfkey_fault fault;
	struct pfkey_msg msg;

	if (run->len < sizeof(*base) || base->sadb_msg_len * 8u > run->len ||
	    pfkey_parse(run->bytes, base->sadb_msg_len * 8u, &msg, &fault))
		return NULL;
	return pfkey_ext(&msg, type);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	printf("KTAP version 1\n");
	test_parse();
	test_good();
	test_bad();
	test_keys();
	test_text();
	test_world();
	printf("1..%u\n", unit_count);
	printf("# %u passed, %u failed\n", unit_count - unit_failed, unit_failed);
	return unit_failed ? 1 : 0;
}
