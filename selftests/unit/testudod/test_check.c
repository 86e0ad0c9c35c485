// SPDX-License-Identifier: GPL-2.0
/*
 * "testudod -t", --explain and --dry-run as a user sees them: a configuration on
 * disk with the files that it names, and what is printed about all of them at once.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "certs.h"
#include "daemon/daemon.h"

#define PSK  "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }"
#define RSA  "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method rsasig; }"
#define SAINFO "sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256; }\n"
#define NOTE "testudo { ike_version 1; } "

static char said[65536]; /* both outputs of the last run */

static void put_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", certs_dir, name);

	certs_write(name, chunk_str(text));
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

/* stdout and stderr into a file while @fn runs */
static int run(int (*fn)(const struct daemon *d), const struct daemon *d)
{
	char *path = xasprintf("%s/said", certs_dir);
	int out, err, file, rc;
	ssize_t n;

	fflush(stdout);
	out = dup(1);
	err = dup(2);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	dup2(file, 1);
	dup2(file, 2);
	rc = fn(d);
	fflush(stdout);
	fflush(stderr);
	dup2(out, 1);
	dup2(err, 2);
	n = pread(file, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(file);
	close(out);
	close(err);
	free(path);
	return rc;
}

static int check(const char *text)
{
	char *all = xasprintf("path certificate \"%s/work\";\npath pre_shared_key \"%s/psk.txt\";\n%s", certs_dir, certs_dir, text);
	char *name = xasprintf("%s/racoon.conf", certs_dir);
	const struct daemon d = { .conf = name };
	int rc;

	put_file("racoon.conf", all, 0600);
	rc = run(daemon_check, &d);
	free(all);
	free(name);
	return rc;
}

static void has(const char *text)
{
	if (!strstr(said, text))
		fail_msg("'%s' is not in\n%s", text, said);
}

static void has_not(const char *text)
{
	if (strstr(said, text))
		fail_msg("'%s' is in\n%s", text, said);
}

/* ---- -t ---- */

static void all_is_well(void **state)
{
	(void)state;
	put_file("psk.txt", "192.0.2.2 a secret\n", 0600);
	assert_int_equal(check("remote 192.0.2.2 {" NOTE PSK "}\n" SAINFO), 0);
	has(": no errors\n");
	has_not("warning");
	has_not("note");
}

/* in the text, in psk.txt, in certificates and keys: all of them in one run */
static void everything_at_once(void **state)
{
	(void)state;
	put_file("psk.txt", "192.0.2.2 a secret\r\n", 0644);
	assert_int_equal(check("log bug;\nremote 192.0.2.2 {" NOTE "\n"
			       "certificate_type x509 \"none.pem\" \"none.key\";\nca_type x509 \"plain.key\";\n"
			       "peers_certfile x509 \"old.csr\";\nscript \"/none.sh\" phase1_up;\n" RSA PSK "\n}\n" SAINFO), 1);
	has("racoon.conf:3:5: error: 'bug' is no log level");
	has("racoon.conf:5:23: error: ");
	has("/work/none.pem: No such file or directory\ncertificate_type x509 \"none.pem\" \"none.key\";\n                      ^~~~~~~~~~\n");
	has("racoon.conf:5:34: error: ");
	has("/work/none.key: No such file or directory\n");
	has("racoon.conf:6:14: error: ");
	has("plain.key: there is no X.509 certificate in it");
	has("racoon.conf:7:21: error: ");
	has("racoon.conf:8:8: warning: /none.sh: No such file");
	has("psk.txt: warning: it will not be used: ");
	has("mode 0644 lets others at it");
	has("psk.txt:1: warning: the carriage return at the end");
	has("racoon.conf: 5 errors\n");
	has_not("a secret");
}

/* who the processes become, and a number needs no name */
static void users_are_looked_up(void **state)
{
	(void)state;
	put_file("psk.txt", "192.0.2.2 a secret\n", 0600);
	assert_int_equal(check("privsep { user \"no-such\"; group \"none.such\"; }\nremote 192.0.2.2 {" NOTE PSK "}\n" SAINFO), 0);
	has("racoon.conf:3:16: warning: there is no user 'no-such' here: testudod will not start");
	has("racoon.conf:3:33: warning: there is no group 'none.such' here: testudod will not start");
	assert_int_equal(check("privsep { user 0xfffe; group \"root\"; }\nremote 192.0.2.2 {" NOTE PSK "}\n" SAINFO), 0);
	has_not("warning");
}

/* no file of keys: said with its line, and what to do */
static void psk_file_is_missing(void **state)
{
	(void)state;
	put_file("psk.txt", "", 0600);
	assert_int_equal(check("path pre_shared_key \"/none/psk.txt\";\nremote 192.0.2.2 {" NOTE PSK "}\n" SAINFO), 0);
	has("racoon.conf:3:21: warning: /none/psk.txt: No such file or directory\npath pre_shared_key \"/none/psk.txt\";\n                    ^~~~~~~~~~~~~~~\n"
	    "  hint: a line \"PEER SECRET\" for each peer in it, root's and mode 0600\n");
	assert_int_equal(check("path pre_shared_key \"/none/psk.txt\";\nremote 192.0.2.2 {" NOTE "shared_secret use \"x\"; " PSK "}\n" SAINFO), 0);
	has("racoon.conf:3:21: note: /none/psk.txt: No such file");
}

/* what a block inherits is told once, at the place where it stands */
static void inherited_is_told_once(void **state)
{
	const char *p;

	(void)state;
	put_file("psk.txt", "* x\n", 0600);
	assert_int_equal(check("remote \"a\" { remote_address 192.0.2.2; " NOTE "peers_identifier asn1dn \"CN=x\"; verify_identifier on;\n"
			       "certificate_type x509 \"none.pem\" \"none.key\"; " RSA "}\n"
			       "remote \"b\" inherit \"a\" { remote_address 192.0.2.3; }\n" SAINFO), 1);
	p = strstr(said, "none.pem: No such file");
	assert_non_null(p);
	assert_null(strstr(p + 1, "none.pem: No such file"));
	has("racoon.conf: 2 errors\n");
}

static void certificates_and_keys(void **state)
{
	static const struct {
		const char *conf;
		int rc;
		const char *has;
	} rows[] = {
		{ "certificate_type x509 \"plain.pem\" \"plain.key\";", 0, NULL },
		{ "certificate_type x509 \"plain.pem\" \"p256.key\";", 1, "p256.key is not the key of " },
		{ "certificate_type x509 \"plain.pem\" \"plain.pem\";", 1, "/work/plain.pem: " },
		{ "certificate_type x509 \"old.pem\" \"old.key\";", 1, "expired" },
		{ "certificate_type x509 \"plain.pem\" \"plain.key\"; my_identifier fqdn \"x.test\";", 0,
		  "warning: my_identifier fqdn x.test is not in the certificate " },
		{ "certificate_type x509 \"plain.pem\" \"open.key\";", 0, "open.key: mode 0644 lets others at it" },
		{ "certificate_type x509 \"plain.pem\" \"plain.key\"; peers_certfile x509 \"named.pem\";", 0, NULL },
		{ "certificate_type plain_rsa \"plain.pem\"; peers_certfile plain_rsa \"rsa2048.pub\";", 1, "/work/plain.pem: " },
		{ "certificate_type x509 \"plain.pem\" \"plain.key\"; peers_certfile plain_rsa \"plain.csr\";", 1, "/work/plain.csr: " },
	};
	char *text;
	size_t i;
	int rc;

	(void)state;
	put_file("psk.txt", "* x\n", 0600);
	certs_run("chmod 0600 work/*.key; cp work/plain.key work/open.key; chmod 0644 work/open.key");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = xasprintf("remote 192.0.2.2 { " NOTE "peers_identifier asn1dn \"CN=x\"; verify_identifier on;\n%s\n" RSA "}\n" SAINFO,
				 rows[i].conf);
		rc = check(text);
		if (rc != rows[i].rc)
			fail_msg("%s: %d\n%s", rows[i].conf, rc, said);
		if (rows[i].has)
			has(rows[i].has);
		else
			has_not("warning");
		free(text);
	}
}

/* for whom is a line missing, as far as that can be known? */
static void lines_of_psk(void **state)
{
	static const struct {
		const char *remote;
		const char *has; /* NULL: nothing is missing */
		const char *why;
	} rows[] = {
		{ "remote 192.0.2.2 {" NOTE PSK "}", NULL, "by its address" },
		{ "remote 192.0.2.3 {" NOTE PSK "}", "psk.txt has no line for 192.0.2.3\n", "none" },
		{ "remote 192.0.2.3 { peers_identifier fqdn \"b.test\"; verify_identifier on; " NOTE PSK "}",
		  "psk.txt has no line for 192.0.2.3\n", "main mode can not look for the identity" },
		{ "remote 192.0.2.3 { peers_identifier fqdn \"b.test\"; verify_identifier on; testudo { ike_version 2; } }", NULL, "IKEv2 can" },
		{ "remote 192.0.2.3 { peers_identifier fqdn \"c.test\"; verify_identifier on; testudo { ike_version 2; } }",
		  "psk.txt has no line for 192.0.2.3 and none for fqdn c.test\n", "neither" },
		{ "remote anonymous { peers_identifier fqdn \"c.test\"; verify_identifier on; " NOTE PSK "}", NULL, "nobody knows" },
		{ "remote 192.0.2.3 { shared_secret key \"b.test\"; " NOTE PSK "}", NULL, "by the identifier that is named" },
		{ "remote 192.0.2.2 { shared_secret key \"x\"; " NOTE PSK "}", "psk.txt has no line for keyid x\n", "which is not there" },
		{ "remote 192.0.2.3 { shared_secret use \"hush\"; " NOTE PSK "}", NULL, "in the file itself" },
	};
	char *text;
	size_t i;

	(void)state;
	put_file("psk.txt", "192.0.2.2 a secret\nb.test another\n", 0600);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = xasprintf("%s\n" SAINFO, rows[i].remote);
		if (check(text))
			fail_msg("%s:\n%s", rows[i].why, said);
		if (rows[i].has)
			has(rows[i].has);
		else
			has_not("has no line");
		has_not("secret\n");
		has_not("hush");
		free(text);
	}
	put_file("psk.txt", "* for all\n", 0600);
	assert_int_equal(check("remote 192.0.2.3 {" NOTE PSK "}\n" SAINFO), 0);
	has_not("has no line");
}

/* a configuration with a secret must not be for all to read */
static void secret_in_the_file(void **state)
{
	char *name = xasprintf("%s/racoon.conf", certs_dir);
	const struct daemon d = { .conf = name };

	(void)state;
	assert_int_equal(check("remote 192.0.2.3 { shared_secret use \"hush\"; " NOTE PSK "}\n" SAINFO), 0);
	has_not("will not start");
	assert_int_equal(chmod(name, 0644), 0);
	assert_int_equal(run(daemon_check, &d), 0);
	has("racoon.conf:3:38: warning: testudod will not start with a secret in ");
	has("remote 192.0.2.3 { shared_secret use \"****\"; ");
	has_not("hush");
	free(name);
}

/* ---- --explain and --dry-run ---- */

static void explain_and_dry_run(void **state)
{
	static const char text[] = "remote 192.0.2.2 [4500] {" NOTE PSK "}\nremote 192.0.2.2 { ph1id 7; testudo { ike_version 2; } }\n"
				   "sainfo anonymous { remoteid 7; encryption_algorithm chacha20poly1305; }\n"
				   "sainfo anonymous { encryption_algorithm aes 128; authentication_algorithm hmac_sha384; }\n";
	char *name = xasprintf("%s/racoon.conf", certs_dir);
	struct daemon d = { .conf = name };

	(void)state;
	put_file("racoon.conf", text, 0600);
	d.explain = d.dry_run = "192.0.2.2";
	assert_int_equal(run(daemon_explain, &d), 0);
	has("# 192.0.2.2 is found by its address at ");
	has("ph1id 7;");
	/* the same block, and what is offered to it: nothing of another's sainfo */
	assert_int_equal(run(daemon_dry_run, &d), 0);
	has("remote 192.0.2.2 (");
	has("racoon.conf:2), IKEv2\n");
	has("ESP: chacha20poly1305, no group, 28800 s, esn\n");
	has("ESP: aes 128, hmac_sha384, no group, 28800 s, esn\n");
	d.dry_run = "192.0.2.2[4500]";
	assert_int_equal(run(daemon_dry_run, &d), 0);
	has("racoon.conf:1), IKEv1\nIKEv1 transform 1: aes 256, sha256, pre_shared_key, modp2048, 28800 s\n");
	has("ESP: aes 128, hmac_sha384, no group, 28800 s\n");
	has_not("chacha");
	d.explain = d.dry_run = "192.0.2.9";
	assert_int_equal(run(daemon_explain, &d), 1);
	has("no remote is for 192.0.2.9");
	assert_int_equal(run(daemon_dry_run, &d), 1);
	has("no remote is for 192.0.2.9");
	put_file("racoon.conf", "log bug;\nremote 192.0.2.9 {" PSK "}", 0600);
	assert_int_equal(run(daemon_explain, &d), 1);
	has("racoon.conf:1:5: error:");
	has_not("remote 192.0.2.9 {\n");
	assert_int_equal(run(daemon_dry_run, &d), 1);
	has_not("IKEv1 transform");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(users_are_looked_up),
		cmocka_unit_test(psk_file_is_missing),
		cmocka_unit_test(inherited_is_told_once),
		cmocka_unit_test(certificates_and_keys),
		cmocka_unit_test(lines_of_psk),
		cmocka_unit_test(secret_in_the_file),
		cmocka_unit_test(explain_and_dry_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, certs_make, certs_remove);
}
