// SPDX-License-Identifier: GPL-2.0
/*
 * test_id - identities: distinguished names between text and DER, comparison,
 * selectors, text for the log. The DER is what Python's cryptography makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/dn.h"
#include "wire/id.h"

static struct blob unhex(const char *hex)
{
	struct writer w = { 0 };
	unsigned int byte;

	for (; hex[0]; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		put_u8(&w, (uint8_t)byte);
	}
	return writer_blob(&w);
}

#define DE_TEST_A  "302d310b300906035504061302444531123010060355040a0c09546573742c20496e63310a300806035504030c0161"
#define DE_TEST_A2 "302f310b300906035504061302444531143012060355040a130b544553542c2020696e6320310a300806035504030c0141"
#define CN_OU	   "30163114300806035504030c01613008060355040b0c017a"
#define MAIL_DC	   "30423117301506092a864886f70d01090116087840612e746573743111300f060a0992268993f22c64011916016131143012060a0992268993f22c640119160474657374"
#define UMLAUT	   "30123110300e06035504030c074dc3bc6c6c6572"

struct dn_row {
	const char *text;
	const char *der;
	const char *shown;
	const char *why;
};

static const struct dn_row dns[] = {
	{ "C=DE, O=\"Test, Inc\", CN=a", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a", "quotes" },
	{ "C=DE,O=Test\\, Inc,CN=a", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a", "racoon's escape" },
	{ "C=DE, O=Test\\2c Inc , CN = a ", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a",
	  "racoon's hex escape, and blanks around" },
	{ "/C=DE/O=Test\\, Inc/CN=a", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a",
	  "as openssl x509 -subject once wrote it" },
	{ "c=DE, o=Test\\, Inc, cn=a", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a", "types in lower case" },
	{ "2.5.4.6=DE, 2.5.4.10=Test\\, Inc, 2.5.4.3=a", DE_TEST_A, "C=DE, O=Test\\, Inc, CN=a",
	  "types as OIDs" },
	{ "CN=a+OU=z", CN_OU, "CN=a+OU=z", "an RDN of two values" },
	{ "Email=x@a.test, DC=a, DC=test", MAIL_DC, "emailAddress=x@a.test, DC=a, DC=test",
	  "another tool's name for a type; the order is that of the DER" },
	{ "CN=M\xc3\xbcller", UMLAUT, "CN=M\xc3\xbcller", "UTF-8" },
	{ "CN=M\\c3\\bcller", UMLAUT, "CN=M\xc3\xbcller", "the same in hex" },
	{ "CN=http/a.b", NULL, "CN=http\\/a.b", "a slash that separates nothing" },
	{ "CN=a+b, O=x", NULL, "CN=a\\+b, O=x", "a plus that separates nothing" },
	{ "CN=\"  a \"", NULL, "CN=\\20\\20a\\20", "blanks that count" },
	{ "CN=a\\1b[0m", NULL, "CN=a\\1b[0m", "what a terminal would obey" },
	{ "CN=a\\e2\\80\\aeb", NULL, "CN=a\\e2\\80\\aeb", "a mark that turns the text around" },
	{ "CN=\\*", NULL, "CN=\\2a", "a star that is a star" },
	{ "CN=*", NULL, "CN=*", "any" },
	{ "CN=\\\\a", NULL, "CN=\\5ca", "a backslash" },
};

static void names_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(dns) / sizeof(dns[0]); i++) {
		const struct dn_row *row = &dns[i];
		struct blob der = { 0 };
		struct blob again = { 0 };
		struct blob want = { 0 };
		char text[256];

		if (!dn_from_text(&der, row->text))
			fail_msg("%s: \"%s\" is not read", row->why, row->text);
		if (row->der) {
			want = unhex(row->der);
			/* libcrypto may choose other string types than Python's */
			if (!dn_equal(blob_chunk(&der), blob_chunk(&want)))
				fail_msg("%s: \"%s\" is another name", row->why, row->text);
		}
		dn_text(blob_chunk(&der), text, sizeof(text));
		if (strcmp(text, row->shown))
			fail_msg("%s: \"%s\" is shown as \"%s\"", row->why, row->text, text);
		if (!dn_from_text(&again, text) || !chunk_equal(blob_chunk(&der), blob_chunk(&again)))
			fail_msg("%s: \"%s\" does not read back", row->why, text);
		blob_free(&der);
		blob_free(&again);
		blob_free(&want);
	}
}

static void nonsense_is_no_name(void **state)
{
	static const char *const bad[] = {
		"",
		"a.test",
		"=a",
		"CN=",
		"CN=a,",
		"CN=a, ",
		"CN=a,,O=b",
		"CN=a\\",
		"CN=\"a",
		"XY=a",
		"CN=a\\00b",
		"C=Germany",
		",CN=a",
		"CN",
		"CN=a, O",
		"2.5..4.3=a",
		"2.5.4.=a",
	};
	struct blob der = { 0 };
	struct id id = { 0 };
	char *longer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (dn_from_text(&der, bad[i]) || id_from_dn_text(&id, bad[i]))
			fail_msg("\"%s\" is read as a name", bad[i]);
	longer = xcalloc(1, 3000);
	memset(longer, 'a', 2999);
	memcpy(longer, "CN=", 3);
	assert_false(dn_from_text(&der, longer));
	free(longer);
	assert_int_equal(id.type, 0);
	assert_null(der.p);
}

static void names_compare_by_rfc5280(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
		const char *why;
	} rows[] = {
		{ "C=DE, CN=a", "C=DE, CN=A", true, "case does not count" },
		{ "O=Test  Inc", "O=test inc", true, "runs of blanks do not count" },
		{ "C=DE, CN=a", "CN=a, C=DE", false, "the order does" },
		{ "CN=a", "CN=a, O=x", false, "a shorter one" },
		{ "CN=a, O=x", "CN=a", false, "a longer one" },
		{ "CN=ab", "CN=a", false, "a longer value" },
		{ "CN=a+OU=z", "CN=a, OU=z", false, "one RDN is not two" },
		{ "CN=a", "OU=a", false, "another type" },
		{ "CN=*", "CN=a", false, "a wildcard is none where names are compared" },
	};
	struct blob other = unhex(DE_TEST_A2);
	struct blob same = unhex(DE_TEST_A);
	struct id a = { 0 };
	struct id b = { 0 };
	size_t i;

	(void)state;
	assert_true(dn_equal(blob_chunk(&same), blob_chunk(&other)));
	assert_false(chunk_equal(blob_chunk(&same), blob_chunk(&other)));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(id_from_dn_text(&a, rows[i].a) && id_from_dn_text(&b, rows[i].b));
		if (id_equal(&a, &b) != rows[i].equal)
			fail_msg("%s: \"%s\" and \"%s\"", rows[i].why, rows[i].a, rows[i].b);
	}
	/* truncated, or with something behind */
	same.n--;
	assert_false(dn_equal(blob_chunk(&same), blob_chunk(&other)));
	assert_false(dn_equal(chunk(NULL, 0), chunk(NULL, 0)));
	same.n++;
	id_free(&a);
	id_free(&b);
	blob_free(&same);
	blob_free(&other);
}

static void patterns_match(void **state)
{
	static const struct {
		const char *pattern;
		const char *dn;
		bool match;
		const char *why;
	} rows[] = {
		{ "C=DE, O=Test, CN=*", "C=DE, O=Test, CN=a", true, "any CN" },
		{ "C=DE, O=Test, CN=*", "C=de, O=test, CN=a", true, "case does not count" },
		{ "C=DE, O=*, CN=a", "C=DE, O=\"x, y\", CN=A", true, "in the middle" },
		{ "C=DE, O=Test, CN=*", "C=DE, O=Other, CN=a", false, "the rest has to fit" },
		{ "C=DE, CN=*", "C=DE, O=Test, CN=a", false, "as many RDNs" },
		{ "CN=*", "CN=a, O=x", false, "none behind" },
		{ "CN=*", "OU=a", false, "of the same type" },
		{ "CN=a", "CN=*", false, "a peer's own star means nothing" },
		{ "CN=\\*", "CN=a", false, "a star that is a star" },
		{ "CN=a*", "CN=ab", false, "a star inside of a value is a star" },
		{ "CN=*, OU=*", "CN=a+OU=z", false, "an RDN of two values is one" },
	};
	struct id p = { 0 };
	struct id d = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(id_from_dn_text(&p, rows[i].pattern));
		assert_true(id_from_dn_text(&d, rows[i].dn));
		if (id_match(&p, &d) != rows[i].match)
			fail_msg("%s: \"%s\" and \"%s\"", rows[i].why, rows[i].pattern, rows[i].dn);
	}
	id_free(&p);
	id_free(&d);
}

#define BYTES(s)                 \
	{                        \
		s, sizeof(s) - 1 \
	}

static const struct {
	uint8_t type;
	struct {
		const char *p;
		size_t n;
	} data;
	bool valid;
	const char *text;
	const char *why;
} forms[] = {
	{ ID_IPV4, BYTES("\x0a\0\0\1"), true, "address 10.0.0.1", "an address" },
	{ ID_IPV4, BYTES("\x0a\0\0"), false, "address \\0a\\00\\00", "too short" },
	{ ID_IPV4, BYTES("\x0a\0\0\1\1"), false, NULL, "too long" },
	{ ID_IPV6, BYTES("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"), true, "address 2001:db8::1",
	  "an IPv6 address" },
	{ ID_IPV4_SUBNET, BYTES("\x0a\0\1\0\xff\xff\xff\0"), true, "subnet 10.0.1.0/24", "a subnet" },
	{ ID_IPV4_SUBNET, BYTES("\x0a\0\1\0\xff\0\xff\0"), false, NULL, "a mask with a hole" },
	{ ID_IPV4_RANGE, BYTES("\x0a\0\0\1\x0a\0\0\x09"), true, "range 10.0.0.1-10.0.0.9", "a range" },
	{ ID_IPV4_RANGE, BYTES("\x0a\0\0\2\x0a\0\0\1"), false, NULL, "a range backwards" },
	{ ID_FQDN, BYTES("a.test"), true, "fqdn a.test", "a name" },
	{ ID_FQDN, BYTES("a.test\0.evil"), false, "fqdn a.test\\00.evil", "a zero byte inside" },
	{ ID_FQDN, BYTES("a\r\nb"), false, "fqdn a\\0d\\0ab", "a forged line of the log" },
	{ ID_FQDN, BYTES(""), false, NULL, "empty" },
	{ ID_USER_FQDN, BYTES("u@a.test"), true, "user_fqdn u@a.test", "a mail address" },
	{ ID_KEY_ID, BYTES("\1\2"), true, "keyid \\01\\02", "any bytes" },
	{ ID_KEY_ID, BYTES(""), false, NULL, "but not none" },
	{ ID_DN, BYTES("\x30\x03\x31\x01"), false, NULL, "broken DER" },
	{ ID_DN, BYTES("\x30\x00"), true, "asn1dn (empty)", "an empty name is one" },
	{ ID_DN, BYTES("\x30\x00\x00"), false, NULL, "a byte behind" },
	{ ID_GN, BYTES("\x82\x06"
		       "a.test"),
	  true, "asn1gn \\82\\06a.test", "a GeneralName" },
	{ ID_GN, BYTES("\x82\x07"
		       "a.test"),
	  false, NULL, "a broken one" },
	{ 0, BYTES("x"), false, "none", "no type" },
	{ 77, BYTES("x"), false, "unknown x", "a type that nobody knows" },
};

static void forms_are_checked(void **state)
{
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct id id = { 0 };

		id_set(&id, forms[i].type, chunk(forms[i].data.p, forms[i].data.n));
		if (id_valid(&id) != forms[i].valid)
			fail_msg("%s", forms[i].why);
		id_text(&id, buf, sizeof(buf));
		if (forms[i].text && strcmp(buf, forms[i].text))
			fail_msg("%s: \"%s\"", forms[i].why, buf);
		id_free(&id);
	}
}

static void whole_names_are_compared(void **state)
{
	static const struct {
		uint8_t type_a;
		const char *a;
		uint8_t type_b;
		const char *b;
		bool equal;
		const char *why;
	} rows[] = {
		{ ID_FQDN, "a.test", ID_FQDN, "A.Test", true, "DNS does not look at case" },
		{ ID_FQDN, "a.test", ID_FQDN, "a.test.evil", false, "a longer one (racoon took it)" },
		{ ID_FQDN, "a.test", ID_FQDN, "a.te", false, "a shorter one" },
		{ ID_FQDN, "a.test", ID_KEY_ID, "a.test", false, "another type" },
		{ ID_USER_FQDN, "u@A.test", ID_USER_FQDN, "u@a.TEST", true, "the domain" },
		{ ID_USER_FQDN, "U@a.test", ID_USER_FQDN, "u@a.test", false, "the user" },
		{ ID_USER_FQDN, "a@b@c.test", ID_USER_FQDN, "a@B@c.test", false,
		  "the last at sign counts" },
		{ ID_KEY_ID, "key", ID_KEY_ID, "KEY", false, "bytes" },
		{ ID_KEY_ID, "key", ID_KEY_ID, "key", true, "bytes" },
		{ 0, "", 0, "", false, "nobody is nobody's equal" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct id a = { 0 };
		struct id b = { 0 };

		id_set(&a, rows[i].type_a, chunk_str(rows[i].a));
		id_set(&b, rows[i].type_b, chunk_str(rows[i].b));
		if (id_equal(&a, &b) != rows[i].equal || id_match(&b, &a) != rows[i].equal)
			fail_msg("%s: \"%s\" and \"%s\"", rows[i].why, rows[i].a, rows[i].b);
		id_free(&a);
		id_free(&b);
	}
}

static void selectors_go_both_ways(void **state)
{
	char text[TS_TEXT];
	struct ts again;
	struct ts ts;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct chunk data = chunk(forms[i].data.p, forms[i].data.n);
		bool addrs = (forms[i].type >= ID_IPV4_SUBNET && forms[i].type <= ID_IPV6_RANGE) ||
			     forms[i].type == ID_IPV4;
		struct id id = { 0 };

		if (id_to_ts(forms[i].type, data, 6, 22, &ts) != (addrs && forms[i].valid))
			fail_msg("%s", forms[i].why);
		if (!addrs || !forms[i].valid)
			continue;
		id_from_ts(&id, &ts);
		assert_int_equal(id.type, forms[i].type);
		assert_true(chunk_equal(blob_chunk(&id.data), data));
		assert_true(id_to_ts(id.type, blob_chunk(&id.data), 6, 22, &again));
		assert_true(ts_equal(&ts, &again));
		id_free(&id);
	}
	assert_true(id_to_ts(ID_IPV4_SUBNET, chunk("\x0a\0\1\7\xff\xff\xff\0", 8), 6, 22, &ts));
	assert_string_equal(ts_text(&ts, text), "10.0.1.0/24[22] tcp");
	assert_true(id_to_ts(ID_IPV4_RANGE, chunk("\x0a\0\0\1\x0a\0\0\x09", 8), 0, 0, &ts));
	assert_string_equal(ts_text(&ts, text), "10.0.0.1-10.0.0.9[any] any");
}

static void text_is_bounded(void **state)
{
	struct id id = { 0 };
	char buf[80];
	size_t size;

	(void)state;
	assert_true(id_from_dn_text(&id, "C=DE, O=M\xc3\xbcller, CN=\\1b\\1b"));
	for (size = 1; size < sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		id_text(&id, buf, size);
		assert_non_null(memchr(buf, '\0', size));
		assert_int_equal(buf[size], 'x');
		assert_null(strchr(buf, '\x1b'));
	}
	id_text(&id, buf, 20);
	assert_string_equal(buf + strlen(buf) - 3, "...");
	id_free(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(nonsense_is_no_name),
		cmocka_unit_test(names_compare_by_rfc5280),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(forms_are_checked),
		cmocka_unit_test(whole_names_are_compared),
		cmocka_unit_test(selectors_go_both_ways),
		cmocka_unit_test(text_is_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
