// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of a configuration as a whole, the secrets that stand in one, and
 * texts that nobody has written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_text.h"

#define P     "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }"
#define V1    "testudo { ike_version 1; } "
#define PATH  "path pre_shared_key \"/p\"; "
#define NOPSK "wants a pre-shared key, and no 'path pre_shared_key' names a file of them | add 'path pre_shared_key \"/etc/racoon/psk.txt\";'\n"

/* once for all of the file, and not where there is no reason */
static void test_whole(void **state)
{
	static const struct {
		const char *text;
		const char *said;
		const char *why;
	} rows[] = {
		{ PATH "remote 10.0.0.1 {" P "} remote 10.0.0.2 {" P "} sainfo anonymous { }",
		  "1:27: note: a remote that names no IKE version speaks IKEv1, as in racoon | IKEv2: add 'testudo { ike_version 2; }' to the block\n",
		  "one notice for all blocks" },
		{ PATH "remote 10.0.0.1 { " V1 P " } sainfo anonymous { }", "", "nothing to say" },
		{ "", "1:1: warning: there is no remote: nothing can be negotiated | add 'remote ADDRESS { ... }'\n",
		  "an empty file" },
		{ PATH "remote 10.0.0.1 { " V1 P " }",
		  "1:1: warning: there is no sainfo: no IPsec SA can be negotiated | add 'sainfo anonymous { }'\n",
		  "half of a file" },
		{ "remote 10.0.0.1 { " V1 P " } remote 10.0.0.2 inherit 10.0.0.1; sainfo anonymous { }",
		  "1:1: warning: remote '10.0.0.1' " NOPSK, "no psk.txt; once" },
		{ "remote 10.0.0.1 { " V1 "certificate_type x509 \"c\" \"k\"; peers_certfile x509 \"d\";"
		  "proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } } sainfo anonymous { }",
		  "", "nobody wants one" },
		{ PATH "remot 10.0.0.1 { " V1 "shared_secret key \"x\"; " P " } sainfo anonymous { }",
		  "1:27: error: unknown statement 'remot' in the file | did you mean 'remote'?\n",
		  "who has made a slip has not left it out" },
		{ "path pre_share_key \"/p\"; remote 10.0.0.1 { " V1 P " } sainfo anonymous { }",
		  "1:6: error: 'pre_share_key' is no path; expected include, pre_shared_key, certificate, script or pidfile | did you mean 'pre_shared_key'?\n",
		  "nor here" },
		{ PATH "remote 10.0.0.1 { " V1 P " } sainfo anonymous { encryption_algorithm aes; authentication_algorithm hmac_sha256_128; }",
		  "1:261: error: 'hmac_sha256_128' is no authentication algorithm | did you mean 'hmac_sha256'?\n",
		  "nor is IKEv1 without an algorithm here" },
	};
	struct conf_text t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf_text_init(&t);
		t.notices = true;
		conf_text_load(&t, rows[i].text, false);
		if (strcmp(t.said, rows[i].said))
			fail_msg("%s:\nexpected\n%sgot\n%s", rows[i].why, rows[i].said, t.said);
		conf_text_free(&t);
	}
}

/* ---- secrets ---- */

/* messages with their lines, as they would be printed */
static void say_all_of_it(void *arg, enum conf_severity severity, const struct conf_where *where,
			  const char *line, const char *what, const char *hint)
{
	conf_say_file(arg, severity, where, line, what, hint);
}

/* wherever it stands and whatever is wrong around it: nobody reads it */
static void test_secrets_hidden(void **state)
{
	static const char *const rows[] = {
		"remote 10.0.0.1 { shared_secret use \"S3CRET\"; bug; " P "}",
		"remote 10.0.0.1 { shared_secret use \"S3CRET\" bug; " P "}",
		"remote 10.0.0.1 { shared_secret use\n\"S3CRET\"\nbug; " P "}",
		"remote 10.0.0.1 { shared_secret use \"S3CRET\"\npassive bug; " P "}",
		"remote 10.0.0.1 { passive on\nshared_secret use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { passive on shared_secret use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret use S3CRET; " P "}",
		"remote 10.0.0.1 { shared_secret \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret S3CRET; " P "}",
		"remote 10.0.0.1 { shared_secret use \"S3CRET; " P "}",
		"remote 10.0.0.1 { shared_secret use \"S3CRET\" { } " P "}",
		"remote 10.0.0.1 { shared_secret use \"S3CRET\"",
		"remote 10.0.0.1 { shared_secret used \"S3CRET\"; " P "}",
		"shared_secret use \"S3CRET\";",
		"remote 10.0.0.1 { shared_secret use = \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secrt use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { Shared_Secret use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { sharedsecret \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret, use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret use S3CRET S3CRET; " P "}",
		"remote 10.0.0.1 { shared_secret use a#S3CRET\n; " P "}",
		"remote 10.0.0.1 { shared_secret use a/S3CRET; " P "}",
		"remote 10.0.0.1 { shared_secret use (S3CRET); " P "}",
		"remote 10.0.0.1 { shared_secret use \"a\" \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret \"use\" \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret key use \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { shared_secret { use \"S3CRET\"; } " P "}",
		"remote 10.0.0.1 { pre_shared_key \"S3CRET\"; " P "}",
		"remote 10.0.0.1 { secret = \"S3CRET\"; " P "}",
		"radiuscfg { auth \"host\" = \"S3CRET\" 5; }",
		"radiuscfg { auth \"host\" 1812 \"S3CRET\"; }",
		"radiuscfg { acct \"host\" \"S3CRET\"; }",
		"auth \"host\" \"S3CRET\";",
		"ldapcfg { bind_pw \"S3CRET\"; }",
		"ldap_cfg { host \"h\" bind_pw \"S3CRET\"; }",
	};
	struct conf_say to = { say_all_of_it, NULL };
	unsigned int errors;
	struct conf *conf;
	struct source src;
	char *text;
	size_t i, size;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FILE *out = open_memstream(&text, &size);

		source_init(&src);
		source_add(&src, "racoon.conf", chunk_str(rows[i]), 0);
		to.arg = out;
		conf = conf_load_all(&src, "racoon.conf", false, &to, &errors);
		fclose(out);
		assert_true(errors > 0);
		if (!size || strstr(text, "S3CRET"))
			fail_msg("%s:\n%s", rows[i], text);
		conf_free(conf);
		source_free(&src);
		free(text);
	}
}

/* the parser has it, and nobody who prints or copies */
static void test_secret_kept(void **state)
{
	static const char file[] = "# S3CRET is not one here\r\n" PATH "remote 10.0.0.1 {\n\tshared_secret use \"S3CRET\"; " V1 P "\r\n}\n"
				   "remote 10.0.0.2 inherit 10.0.0.1;\nremote 10.0.0.3 inherit 10.0.0.1 { shared_secret key \"a line\"; }\nsainfo anonymous { }\n";
	const struct conf_remote *r;
	struct conf_text t;
	struct blob copy;
	char *text, *line;

	(void)state;
	conf_text_init(&t);
	t.notices = true;
	conf_text_load(&t, file, false);
	assert_string_equal(t.said, "3:2: warning: a secret that stands in the configuration is insecure: it goes wherever the file goes | write a line \"PEER SECRET\" in psk.txt, and take this one away\n");
	r = TAILQ_FIRST(&t.conf->remotes);
	assert_string_equal(r->secret, "S3CRET");
	r = TAILQ_NEXT(r, link);
	assert_string_equal(r->secret, "S3CRET");
	r = TAILQ_NEXT(r, link);
	assert_null(r->secret);
	assert_string_equal(r->secret_key, "a line");

	text = conf_text_print(t.conf);
	assert_null(strstr(text, "S3CRET"));
	assert_non_null(strstr(text, "shared_secret use \"********\"; # not shown\n"));
	assert_non_null(strstr(text, "shared_secret key \"a line\";\n"));
	free(text);

	assert_true(conf_has_secret(t.conf, "racoon.conf"));
	assert_false(conf_has_secret(t.conf, "other"));
	line = conf_line(t.conf, &t.src, &(struct conf_where){ "racoon.conf", 3, 2 });
	assert_string_equal(line, "\tshared_secret use \"******\"; " V1 P);
	free(line);
	assert_null(conf_line(t.conf, &t.src, &(struct conf_where){ "racoon.conf", 99, 1 }));

	copy = conf_masked(t.conf, "other", chunk_str(file));
	assert_true(chunk_equal(blob_chunk(&copy), chunk_str(file)));
	blob_free(&copy);
	copy = conf_masked(t.conf, "racoon.conf", chunk_str(file));
	assert_int_equal(copy.n, strlen(file));
	assert_true(memmem(copy.p, copy.n, "use \"******\"", 12));
	conf_free(t.conf);
	source_free(&t.src);

	/* who gets the copy sees the same blocks, and no secret */
	conf_text_init(&t);
	source_add(&t.src, "racoon.conf", blob_chunk(&copy), 0);
	blob_free(&copy);
	conf_text_load_file(&t, "racoon.conf", false);
	assert_string_equal(TAILQ_FIRST(&t.conf->remotes)->secret, "******");
	conf_text_free(&t);

	conf_text_init(&t);
	conf_text_load(&t, PATH "remote 10.0.0.1 { shared_secret key \"x\"; " P "}", false);
	assert_false(conf_has_secret(t.conf, "racoon.conf")); /* a name is none */
	conf_text_free(&t);
}

/* ---- in spite of errors ---- */

static void test_load_all(void **state)
{
	const struct conf_say nobody = { 0 };
	unsigned int errors;
	struct source src;
	struct conf *conf;

	(void)state;
	source_init(&src);
	source_add(&src, "f", chunk_str(PATH "log bug; remote 10.0.0.1 {\n certificate_type x509 \"c\"\n \"k\"; bug; }"), 0);
	conf = conf_load_all(&src, "f", false, &nobody, &errors);
	assert_int_equal(errors, 3);
	assert_string_equal(conf->path_psk, "/p");
	assert_string_equal(TAILQ_FIRST(&conf->remotes)->key, "k");
	assert_int_equal(TAILQ_FIRST(&conf->remotes)->at[CONF_AT_CERT].line, 2);
	assert_int_equal(TAILQ_FIRST(&conf->remotes)->at[CONF_AT_KEY].line, 3);
	assert_string_equal(TAILQ_FIRST(&conf->remotes)->at[CONF_AT_KEY].file, "f");
	assert_int_equal(TAILQ_FIRST(&conf->remotes)->at[CONF_AT_CA].line, 0);
	conf_free(conf);
	assert_null(conf_load(&src, "f", false, &nobody));
	source_free(&src);
}

/* ---- garbage ---- */

static void load_long(const char *piece, size_t times, const char *said)
{
	char *text = malloc(strlen(piece) * times + 1);
	struct conf_text t;
	size_t i;

	for (i = 0; i < times; i++)
		strcpy(text + i * strlen(piece), piece);
	conf_text_init(&t);
	conf_text_load(&t, text, false);
	assert_null(t.conf);
	if (!strstr(t.said, said))
		fail_msg("expected %s, got %s", said, t.said);
	conf_text_free(&t);
	free(text);
}

/* what no editor writes: it ends soon, without using up the stack */
static void test_garbage(void **state)
{
	(void)state;
	load_long("a;", 200000, "too many errors; the rest was not looked at");
	load_long("{", 100000, "memory exhausted");
	load_long("remote a {", 100000, "memory exhausted");
	load_long("remote 10.0.0.1 {", 2000, "'remote' inside of remote");
	load_long("}", 100000, "too many errors");
	load_long("a ", 300000, "expected ';' after 'a'");
	load_long("\"", 100001, "closing quote");
	load_long("aaaaaaaa", 100000, "expected ';'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_secrets_hidden),
		cmocka_unit_test(test_secret_kept),
		cmocka_unit_test(test_load_all),
		cmocka_unit_test(test_garbage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
