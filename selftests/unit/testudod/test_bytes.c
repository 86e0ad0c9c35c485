// SPDX-License-Identifier: GPL-2.0
/* test_bytes - the cursor, the writer, blobs, and the log's escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "wire_hex.h"

static void reads_big_endian(void **state)
{
	struct blob b = hex("01 0203 04050607 08090a0b0c0d0e0f 1011");
	struct reader r = reader(blob_chunk(&b));

	(void)state;
	assert_int_equal(get_u8(&r), 0x01);
	assert_int_equal(get_be16(&r), 0x0203);
	assert_int_equal(get_be32(&r), 0x04050607);
	assert_true(get_be64(&r) == 0x08090a0b0c0d0e0f);
	assert_int_equal(get_rest(&r).n, 2);
	assert_false(r.failed);
	assert_int_equal(get_rest(&r).n, 0);
	assert_false(r.failed);
	blob_free(&b);
}

static void failure_sticks(void **state)
{
	struct blob b = hex("010203");
	struct reader r = reader(blob_chunk(&b));

	(void)state;
	assert_int_equal(get_be32(&r), 0);
	assert_true(r.failed);
	/* the three bytes are there, but what follows a failure is not to be trusted */
	assert_int_equal(get_u8(&r), 0);
	assert_int_equal(get_rest(&r).n, 0);
	assert_true(r.failed);

	r = reader(blob_chunk(&b));
	assert_int_equal(get_bytes(&r, SIZE_MAX).n, 0);
	assert_true(r.failed);

	r = reader(chunk(NULL, 0));
	assert_int_equal(get_bytes(&r, 0).n, 0);
	assert_false(r.failed);
	get_u8(&r);
	assert_true(r.failed);
	blob_free(&b);
}

static void writes_and_patches(void **state)
{
	struct writer w = { 0 };
	struct blob b;
	int i;

	(void)state;
	put_u8(&w, 0xff);
	put_be16(&w, 0);
	put_be32(&w, 0);
	put_be64(&w, 0x0102030405060708);
	put_zero(&w, 2);
	put_bytes(&w, chunk_str("ab"));
	put_bytes(&w, chunk(NULL, 0));
	patch_u8(&w, 0, 0xaa);
	patch_be16(&w, 1, 0xbbcc);
	patch_be32(&w, 3, 0xddeeff00);
	expect_hex(writer_chunk(&w), "aa bbcc ddeeff00 0102030405060708 0000 6162", "put and patch");
	for (i = 0; i < 5000; i++)
		put_be16(&w, i);
	assert_int_equal(w.n, 19 + 10000);
	b = writer_blob(&w);
	assert_int_equal(b.n, 10019);
	assert_int_equal(b.p[b.n - 1], 4999 & 0xff);
	assert_null(w.p);
	blob_free(&b);
	b = writer_blob(&w);
	assert_null(b.p);
	writer_free(&w);
}

static void secret_writer(void **state)
{
	struct writer w = { .secret = true };
	struct blob b;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		put_u8(&w, i);
	b = writer_blob(&w);
	for (i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], i & 0xff);
	assert_true(w.secret);
	blob_wipe(&b);
	put_be64(&w, 1);
	writer_free(&w);
	writer_free(&w);
}

static void blobs_own(void **state)
{
	struct blob a = { 0 };
	struct blob b = { 0 };

	(void)state;
	blob_set(&a, chunk_str("hello"));
	blob_set(&a, chunk(a.p + 1, 3));
	assert_true(chunk_equal(blob_chunk(&a), chunk_str("ell")));
	blob_take(&b, &a);
	assert_null(a.p);
	assert_true(chunk_equal_secret(blob_chunk(&b), chunk_str("ell")));
	assert_false(chunk_equal_secret(blob_chunk(&b), chunk_str("elk")));
	assert_false(chunk_equal(blob_chunk(&b), chunk_str("el")));
	assert_true(chunk_equal(blob_chunk(&a), chunk(NULL, 0)));
	blob_take(&b, &b);
	assert_int_equal(b.n, 3);
	blob_set(&b, chunk(NULL, 0));
	assert_null(b.p);
	blob_wipe(&b);
}

struct line_row {
	const char *text;
	const char *want;
	const char *why;
};

static const struct line_row lines[] = {
	{ "plain", "INFO: plain", "as it is" },
	{ "a\nERROR: forged", "INFO: a\\x0aERROR: forged", "a line end forges a line" },
	{ "a\rb\tc\x7f", "INFO: a\\x0db\\x09c\\x7f", "controls" },
	{ "\x1b[2J", "INFO: \\x1b[2J", "a terminal's commands" },
	{ "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x90\xa2", "INFO: M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x90\xa2",
	  "letters of the world stay" },
	{ "\xc2\x85", "INFO: \\xc2\\x85", "a C1 control" },
	{ "\xe2\x80\xae", "INFO: \\xe2\\x80\\xae", "writes backwards" },
	{ "\xe2\x80\xa8", "INFO: \\xe2\\x80\\xa8", "a line separator" },
	{ "\xc0\x8a", "INFO: \\xc0\\x8a", "an overlong line end" },
	{ "\xe0\x80\x8a", "INFO: \\xe0\\x80\\x8a", "the same in three bytes" },
	{ "\xed\xa0\x80", "INFO: \\xed\\xa0\\x80", "half of a surrogate pair" },
	{ "\xf4\x90\x80\x80", "INFO: \\xf4\\x90\\x80\\x80", "beyond Unicode" },
	{ "\xe2\x82", "INFO: \\xe2\\x82", "cut off" },
	{ "\xff", "INFO: \\xff", "never in UTF-8" },
};

static void log_cannot_be_forged(void **state)
{
	char path[] = "/tmp/test_bytes.XXXXXX";
	int fd = mkstemp(path);
	char got[8192];
	char *text;
	ssize_t n;
	size_t i;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(log_to_file(path), 0);
	assert_true(log_to_file("/nonexistent/log") < 0);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		log_info("%s", lines[i].text);
	log_debug("below the level");
	log_to_stderr();
	n = read(fd, got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	text = got;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *end = strchr(text, '\n');

		assert_non_null(end);
		*end = '\0';
		/* "2026-11-26 05:03:25: " */
		assert_int_equal(strspn(text, "0123456789-: "), 21);
		if (strcmp(text + 21, lines[i].want))
			fail_msg("%s: \"%s\" is not \"%s\"", lines[i].why, text + 21, lines[i].want);
		text = end + 1;
	}
	assert_int_equal(*text, '\0');
	close(fd);
	unlink(path);
}

/* stderr is @fd meanwhile; what stands in the file afterwards, in @got */
static void log_by_stderr(int fd, const char *stream, char *got, size_t size)
{
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(saved >= 0);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log_to_stderr();
	log_warn("one");
	log_info("two");
	unsetenv("JOURNAL_STREAM");
	dup2(saved, STDERR_FILENO);
	close(saved);
	log_to_stderr();
	n = pread(fd, got, size - 1, 0);
	assert_true(n > 0);
	got[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
}

static void journal_gets_priorities(void **state)
{
	char path[] = "/tmp/test_bytes.XXXXXX";
	int fd = mkstemp(path);
	char stream[64];
	char got[512];
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	log_by_stderr(fd, stream, got, sizeof(got));
	assert_string_equal(got, "<4>WARNING: one\n<6>INFO: two\n");
	/* inherited from one whose stderr was the journal: this one is a file */
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)st.st_dev,
		 (unsigned long)st.st_ino + 1);
	log_by_stderr(fd, stream, got, sizeof(got));
	assert_int_equal(strspn(got, "0123456789-: "), 21);
	close(fd);
	unlink(path);
}

static void long_lines_are_cut(void **state)
{
	char path[] = "/tmp/test_bytes.XXXXXX";
	int fd = mkstemp(path);
	char text[6000];
	char got[8192];
	ssize_t n;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(log_to_file(path), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	/* four times as long once it is escaped */
	memset(text, '\n', sizeof(text) - 1);
	log_info("%s", text);
	log_to_stderr();
	n = read(fd, got, sizeof(got));
	assert_in_range(n, 2000, 7000);
	assert_int_equal(got[n - 1], '\n');
	assert_int_equal(memcmp(memchr(got, '\n', n) - 3, "...", 3), 0);
	close(fd);
	unlink(path);
}

static void limit_holds_back(void **state)
{
	struct log_limit limit = { 0 };
	unsigned int written = 0;
	int i;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	for (i = 0; i < 100; i++)
		written += log_limit_ok(&limit, 3, 1000 + i);
	assert_int_equal(written, 3);
	assert_int_equal(limit.held, 97);
	assert_false(log_limit_ok(&limit, 3, 60999));
	assert_true(log_limit_ok(&limit, 3, 61000));
	assert_int_equal(limit.held, 0);
	log_set_level(LOG_LEVEL_INFO);
}

static void hex_fits(void **state)
{
	struct blob b = hex("0123456789abcdef");
	char buf[17];

	(void)state;
	assert_string_equal(log_hex_public(blob_chunk(&b), buf, sizeof(buf)), "0123456789abcdef");
	assert_string_equal(log_hex_public(blob_chunk(&b), buf, 10), "012345..");
	assert_string_equal(log_hex_public(blob_chunk(&b), buf, 2), "");
	assert_string_equal(log_hex_public(chunk(NULL, 0), buf, 1), "");
	blob_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian),
		cmocka_unit_test(failure_sticks),
		cmocka_unit_test(writes_and_patches),
		cmocka_unit_test(secret_writer),
		cmocka_unit_test(blobs_own),
		cmocka_unit_test(log_cannot_be_forged),
		cmocka_unit_test(journal_gets_priorities),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(limit_holds_back),
		cmocka_unit_test(hex_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
