// SPDX-License-Identifier: GPL-2.0
/*
 * test_psk - psk.txt as racoon reads it, complaints about it, and what is made
 * with a key. The digests were computed with Python's hmac.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "auth/secrets.h"
#include "crypto/crypt.h"

static const char file[] = "# comment\n"		     /* 1 */
			   "10.0.0.1 first secret\n"	     /* 2: a blank inside */
			   "10.0.0.1\tsecond\n"		     /* 3: never used */
			   "a.test \t  s3cret with blanks\n" /* 4 */
			   "u@a.test trailing  \n"	     /* 5: blanks are part of it */
			   "b.test windows\r\n"		     /* 6: so is CR */
			   "c.test 0x00ff10\n"		     /* 7 */
			   "d.test 0xabc\n"		     /* 8: odd */
			   "e.test\n"			     /* 9: no secret */
			   " f.test blank in front\n"	     /* 10 */
			   "2001:db8::1 six\n"		     /* 11 */
			   "key#1 # not a comment\n"	     /* 12 */
			   "C=DE,CN=a by-name\n"	     /* 13 */
			   "long.test \n"		     /* 14: no secret either */
			   "z.test last";		     /* 15: no newline */

struct find_row {
	uint8_t type;
	const char *id;
	const char *addr;
	const char *key;
	unsigned int line;
	const char *why;
};

static const struct find_row finds[] = {
	{ 0, NULL, "10.0.0.1", "first secret", 2, "main mode: by address, first match" },
	{ ID_FQDN, "a.test", "10.0.0.1", "s3cret with blanks", 4, "by identity before address" },
	{ ID_FQDN, "A.TEST", "10.9.9.9", "s3cret with blanks", 4, "case of a name" },
	{ ID_FQDN, "nobody.test", "10.0.0.1", "first secret", 2, "then by address" },
	{ ID_FQDN, "nobody.test", "10.9.9.9", NULL, 0, "no line at all" },
	{ ID_FQDN, "a.tes", "10.9.9.9", NULL, 0, "a prefix is another name" },
	{ ID_FQDN, "a.test.x", "10.9.9.9", NULL, 0, "so is a longer one" },
	{ ID_FQDN, "u@a.test", "10.9.9.9", "trailing  ", 5, "blanks at the end" },
	{ ID_USER_FQDN, "u@a.test", NULL, "trailing  ", 5, "blanks at the end" },
	{ ID_FQDN, "b.test", NULL, "windows\r", 6, "CR at the end" },
	{ ID_FQDN, "d.test", NULL, NULL, 8, "odd hex: no key, but a line to name" },
	{ ID_FQDN, "d.test", "10.0.0.1", NULL, 8, "and not somebody else's key instead" },
	{ ID_FQDN, "e.test", NULL, NULL, 0, "no secret" },
	{ ID_FQDN, "f.test", NULL, NULL, 0, "blank in front" },
	{ 0, NULL, "2001:db8:0:0::1", "six", 11, "an address by value" },
	{ ID_KEY_ID, "key#1", NULL, "# not a comment", 12, "# elsewhere" },
	{ ID_KEY_ID, "KEY#1", NULL, NULL, 0, "a key id has case" },
	{ ID_FQDN, "long.test", NULL, NULL, 0, "blanks only" },
	{ ID_FQDN, "z.test", NULL, "last", 15, "no newline at the end" },
	{ ID_FQDN, "#", NULL, NULL, 0, "a comment is no identifier" },
};

static bool find(const char *text, size_t n, const struct find_row *row, struct blob *key,
		 unsigned int *line)
{
	struct sockaddr_storage addr;
	struct psk_who who = { 0 };
	struct id id = { 0 };
	bool ok;

	if (row->id) {
		if (row->type == ID_DN)
			assert_true(id_from_dn_text(&id, row->id));
		else
			id_set(&id, row->type, chunk_str(row->id));
		who.id = &id;
	}
	if (row->addr) {
		assert_true(addr_parse(&addr, row->addr));
		who.addr = &addr;
	}
	ok = psk_find(chunk(text, n), &who, key, line);
	id_free(&id);
	return ok;
}

static void lines_are_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		const struct find_row *row = &finds[i];
		struct blob key = { 0 };
		unsigned int line = 99;
		bool ok = find(file, sizeof(file) - 1, row, &key, &line);

		if (ok != !!row->key || line != row->line ||
		    (ok && !chunk_equal(blob_chunk(&key), chunk_str(row->key))))
			fail_msg("%s: line %u", row->why, line);
		blob_wipe(&key);
	}
}

static void hex_and_names(void **state)
{
	static const struct find_row hex = { ID_FQDN, "c.test", NULL, NULL, 7, "" };
	static const struct find_row dn = { ID_DN, "C=de, CN=A", NULL, NULL, 13, "" };
	static const struct find_row other = { ID_DN, "C=DE, CN=b", NULL, NULL, 0, "" };
	struct blob key = { 0 };
	struct id id = { 0 };
	struct psk_who who = { .id = &id };
	struct sockaddr_storage sa;
	unsigned int line;

	(void)state;
	assert_true(find(file, sizeof(file) - 1, &hex, &key, &line));
	assert_true(chunk_equal(blob_chunk(&key), chunk("\0\xff\x10", 3)));
	assert_true(find(file, sizeof(file) - 1, &dn, &key, &line));
	assert_true(chunk_equal(blob_chunk(&key), chunk_str("by-name")));
	assert_false(find(file, sizeof(file) - 1, &other, &key, &line));
	/* an identity that is an address is found by its text */
	assert_true(addr_parse(&sa, "10.0.0.1"));
	id_from_addr(&id, &sa);
	assert_true(psk_find(chunk_str(file), &who, &key, &line));
	assert_int_equal(line, 2);
	/* a zero byte in the identity is not the end of it */
	id_set(&id, ID_FQDN, chunk("a.test\0x", 8));
	assert_false(psk_find(chunk_str(file), &who, &key, &line));
	id_free(&id);
	blob_wipe(&key);
}

/* What the fuzzer found: a name in the file is read beyond the zero byte in it, or is taken for its beginning. */
static void zero_bytes_in_the_file(void **state)
{
	static const char zeros[] = "n\0n=n none\nC=DE,CN=a\0x none\n";
	static const struct find_row dn = { ID_DN, "C=DE, CN=a", NULL, NULL, 0, "" };
	struct blob key = { 0 };
	char *text = malloc(sizeof(zeros) - 1);
	unsigned int line;

	(void)state;
	memcpy(text, zeros, sizeof(zeros) - 1);
	assert_false(find(text, sizeof(zeros) - 1, &dn, &key, &line));
	free(text);
}

static void stars_and_long_lines(void **state)
{
	static const struct find_row rows[] = {
		{ ID_FQDN, "x.test", "10.0.0.1", "any", 1, "a star takes everybody, by identity" },
		{ 0, NULL, "10.0.0.1", "any", 1, "and by address" },
	};
	static const struct find_row none = { 0, NULL, NULL, NULL, 0, "nobody asks" };
	static const struct find_row big = { ID_FQDN, "big.test", NULL, NULL, 0, "" };
	static const char star[] = "* any\n10.0.0.1 own\n";
	char *text = xcalloc(1, 5000);
	struct blob key = { 0 };
	unsigned int line;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_true(find(star, sizeof(star) - 1, &rows[i], &key, &line));
		assert_int_equal(line, rows[i].line);
	}
	assert_false(find(star, sizeof(star) - 1, &none, &key, &line));
	/* racoon split lines of more than 1023 bytes */
	memset(text, 's', 4999);
	memcpy(text, "big.test ", 9);
	assert_true(find(text, 4999, &big, &key, &line));
	assert_int_equal(key.n, 4990);
	assert_false(find("", 0, &big, &key, &line));
	free(text);
	blob_wipe(&key);
}

/**
 * struct told - complaints so far
 * @text: "LINE: WHAT|"
 */
struct told {
	char text[2048];
};

static void tell(void *arg, unsigned int line, const char *what)
{
	struct told *t = arg;
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof(t->text) - n, "%u: %.14s|", line, what);
}

static void complaints(void **state)
{
	static const char *const want[] = {
		"3: never used: li|",
		"5: the blanks at |",
		"6: the carriage r|",
		"8: odd number of |",
		"9: no secret afte|",
		"10: the line begin|",
		"14: no secret afte|",
	};
	struct told t = { { 0 } };
	size_t i;

	(void)state;
	psk_check(chunk_str(file), tell, &t);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (!strstr(t.text, want[i]))
			fail_msg("no \"%s\" in \"%s\"", want[i], t.text);
	assert_null(strstr(t.text, "s3cret"));
	t.text[0] = '\0';
	psk_check(chunk_str("\xef\xbb\xbf"
			    "a b\n* c\nd e\n # f\nx 0xzz\ny p #  q\n"),
		  tell, &t);
	assert_string_equal(t.text, "1: the file begin|3: never used: th|4: # begins a com|"
				    "5: not a hexadeci|5: never used: th|6: # begins a com|6: never used: th|");
	t.text[0] = '\0';
	psk_check(chunk_str("a b\n\n# c\n   \nd 0x01\n"), tell, &t);
	assert_string_equal(t.text, "");
}

static void digests(void **state)
{
	static const uint8_t auth[] = {
		0x00,
		0xb2,
		0x45,
		0x8f,
		0x65,
		0x78,
		0x39,
		0x99,
		0x7b,
		0x55,
		0x3f,
		0xd9,
		0xad,
		0x5d,
		0xc1,
		0x6e,
		0x2f,
		0x12,
		0x21,
		0xed,
		0xa8,
		0x0d,
		0x9a,
		0xbf,
		0x27,
		0x0d,
		0x77,
		0xbe,
		0x85,
		0x3a,
		0x5a,
		0xe9,
	};
	static const uint8_t prf[] = {
		0x4f,
		0x32,
		0xaa,
		0x30,
		0x4d,
		0x19,
		0x59,
		0xcb,
		0x60,
		0xb3,
		0x8a,
		0x62,
		0x04,
		0x68,
		0xd0,
		0xb4,
		0x4b,
		0x74,
		0x7f,
		0xec,
	};
	const struct alg *sha256 = alg_by_v2(ALG_PRF, 5);
	const struct alg *sha1 = alg_by_v2(ALG_PRF, 2);
	uint8_t out[CRYPT_HASH_MAX];

	(void)state;
	assert_true(psk_make(PSK_AUTH, sha256, chunk_str("s3cret with blanks"), chunk_str("octets"), out));
	assert_memory_equal(out, auth, sizeof(auth));
	assert_true(psk_make(PSK_PRF, sha1, chunk_str("s3cret with blanks"), chunk_str("octets"), out));
	assert_memory_equal(out, prf, sizeof(prf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_found),
		cmocka_unit_test(hex_and_names),
		cmocka_unit_test(zero_bytes_in_the_file),
		cmocka_unit_test(stars_and_long_lines),
		cmocka_unit_test(complaints),
		cmocka_unit_test(digests),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
