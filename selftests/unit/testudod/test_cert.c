// SPDX-License-Identifier: GPL-2.0
/*
 * test_cert - verdicts on certificates and their sentences. The certificates
 * come from the openssl command (certs.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "auth/cert.h"
#include "auth/pem.h"
#include "base/log.h"
#include "certs.h"
#include "conf/conf.h"

/* a store of @folder with @ca as ca_type; both may be empty */
static struct cert_store *open_store(const char *folder, const char *ca, bool insecure)
{
	struct conf conf = { .path_cert = xasprintf("%s/%s", certs_dir, folder) };
	struct conf_remote remote = { .name = (char *)"gw", .insecure = insecure };
	struct cert_store *store;
	struct source src;

	TAILQ_INIT(&conf.remotes);
	if (ca)
		remote.ca = xasprintf("%s/%s", certs_dir, ca);
	source_init(&src);
	src.from_disk = true;
	store = cert_store_load(&src, &conf, &remote);
	source_free(&src);
	free(conf.path_cert);
	free(remote.ca);
	return store;
}

struct verdict_row {
	const char *leaf;
	const char *sent; /* the peer's other certificates */
	const char *ca;	  /* ca_type, beside ca/ */
	bool insecure;
	enum cert_cause cause;
	const char *say[4]; /* what the sentence names */
	const char *why;
};

static const struct verdict_row verdicts[] = {
	{ "plain", NULL, NULL, false, CERT_OK, { 0 }, "one CA, no hash link, no CRL" },
	{ "sub", "inter", NULL, false, CERT_OK, { 0 }, "the peer's intermediate is used" },
	{ "sub", NULL, "work/inter.pem", false, CERT_OK, { 0 }, "an intermediate of our own" },
	{ "sub", NULL, NULL, false, CERT_NO_ISSUER, { "O=Test, CN=sub", "issuer \"O=Test, CN=Inter CA\"", "the only CA in /tmp", "Root CA" }, "without it the missing one is named" },
	{ "other", NULL, NULL, false, CERT_NO_ISSUER, { "CN=Other CA", "unknown: the only CA in", "/ca is Root CA" }, "another CA" },
	{ "other", NULL, "work/inter.pem", false, CERT_NO_ISSUER, { "not among the 2 CAs in", "and /tmp", ": Inter CA, Root CA" }, "another CA than two" },
	{ "other", NULL, "work/ca2.pem", false, CERT_OK, { 0 }, "ca_type beside the folder" },
	{ "other", "ca2", NULL, false, CERT_NO_ISSUER, { "CN=Other CA", "Root CA" }, "a root that the peer sends along is not trusted" },
	{ "renewed", NULL, NULL, false, CERT_NO_ISSUER, { "another key", "was it renewed" }, "a CA of the same name" },
	{ "self", NULL, NULL, false, CERT_NO_ISSUER, { "self-signed", "peers_certfile" }, "nobody's" },
	{ "old", NULL, NULL, false, CERT_EXPIRED, { "CN=old", "2020-02-01 00:00 UTC", "days ago" }, "expired" },
	{ "new", NULL, NULL, false, CERT_NOT_YET, { "2090-01-01 00:00 UTC", "our clock says" }, "not yet valid" },
	{ "gone", NULL, NULL, false, CERT_OK, { 0 }, "revoked, but nobody told us" },
	{ "gone", NULL, "work/ca.crl", false, CERT_REVOKED, { "CN=gone", "serial", "C=DE, O=Test, CN=Root CA" }, "revoked" },
	{ "plain", NULL, "work/ca.crl", false, CERT_OK, { 0 }, "another one, with the same CRL" },
	{ "sub", "inter", "work/ca.crl", false, CERT_OK, { 0 }, "the intermediate has no CRL" },
	{ "gone", NULL, "work/empty.crl", false, CERT_OK, { 0 }, "an older CRL" },
	{ "plain", NULL, "work/stale.crl", false, CERT_OTHER, { "CRL of", "expired" }, "a CRL that is over" },
	{ "bynoca", "plain", NULL, false, CERT_WRONG_USE, { "CN=plain", "may not sign" }, "a certificate that signs another" },
	{ "nosign", NULL, NULL, false, CERT_WRONG_USE, { "keyUsage" }, "for encryption only" },
	{ "bad", "narrow", NULL, false, CERT_OTHER, { "subtree" }, "name constraints" },
	{ "sha1", NULL, NULL, false, CERT_WEAK_KEY, { "SHA-1", "insecure ok;", "remote gw" }, "SHA-1" },
	{ "sha1", NULL, NULL, true, CERT_OK, { 0 }, "SHA-1 allowed" },
	{ "md5", NULL, "work/rsaca.pem", false, CERT_WEAK_KEY, { "MD5", "insecure ok;" }, "MD5" },
	{ "md5", NULL, "work/rsaca.pem", true, CERT_OK, { 0 }, "MD5 allowed" },
	{ "rsa1024", NULL, NULL, false, CERT_WEAK_KEY, { "1024 bits", "insecure ok;" }, "1024 bits" },
	{ "rsa1024", NULL, NULL, true, CERT_OK, { 0 }, "1024 bits allowed" },
	{ "rsa512", NULL, NULL, true, CERT_WEAK_KEY, { "less than 1024" }, "512 bits never" },
	{ "rsa2048", NULL, NULL, false, CERT_OK, { 0 }, "RSA" },
	{ "three", NULL, NULL, false, CERT_OK, { 0 }, "exponent 3" },
	{ "pss", NULL, NULL, false, CERT_OK, { 0 }, "a key for PSS alone" },
	{ "p384", NULL, NULL, false, CERT_OK, { 0 }, "P-384" },
	{ "p521", NULL, NULL, false, CERT_OK, { 0 }, "P-521" },
	{ "ed25519", NULL, NULL, false, CERT_OK, { 0 }, "Ed25519" },
	{ "ed448", NULL, NULL, false, CERT_OK, { 0 }, "Ed448" },
	{ "k1", NULL, NULL, false, CERT_WEAK_KEY, { "none of P-256" }, "a curve that no RFC names" },
	{ "spelt", NULL, "work/spelt.pem", false, CERT_WEAK_KEY, { "spelt out" }, "a curve of its own" },
};

static void check_row(const struct verdict_row *row)
{
	struct cert_store *store = open_store("ca", row->ca, row->insecure);
	char *name = xasprintf("work/%s.pem", row->leaf);
	struct cert *leaf = certs_load(name);
	struct cert *sent = NULL;
	struct cert_verdict v;
	size_t i;

	free(name);
	if (row->sent) {
		name = xasprintf("work/%s.pem", row->sent);
		sent = certs_load(name);
		free(name);
	}
	assert_non_null(leaf);
	cert_verify(store, leaf, &sent, row->sent ? 1 : 0, NULL, &v);
	if (v.cause != row->cause)
		fail_msg("%s: cause %d: %s", row->why, v.cause, v.sentence);
	for (i = 0; i < 4 && row->say[i]; i++)
		if (!strstr(v.sentence, row->say[i]))
			fail_msg("%s: no \"%s\" in \"%s\"", row->why, row->say[i], v.sentence);
	if (v.sentence[0])
		print_message("# %s\n", v.sentence);
	cert_free(leaf);
	cert_free(sent);
	cert_store_free(store);
}

static void verdicts_are_right(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		check_row(&verdicts[i]);
}

static void nothing_is_trusted_without_a_ca(void **state)
{
	struct cert_store *store;
	struct cert *leaf = certs_load("work/plain.pem");
	struct cert_verdict v;

	(void)state;
	assert_true(certs_run("mkdir -p none && echo text >none/README && cp work/plain.pem none/"));
	store = open_store("none", NULL, false);
	cert_verify(store, leaf, NULL, 0, NULL, &v);
	assert_int_equal(v.cause, CERT_NO_ISSUER);
	assert_non_null(strstr(v.sentence, "there is no CA in"));
	assert_non_null(strstr(v.sentence, "2 files looked at"));
	cert_verify(store, NULL, NULL, 0, NULL, &v);
	assert_int_equal(v.cause, CERT_NONE);
	cert_store_free(store);
	/* a folder that is not there */
	store = open_store("nowhere", NULL, false);
	cert_verify(store, leaf, NULL, 0, NULL, &v);
	assert_int_equal(v.cause, CERT_NO_ISSUER);
	cert_store_free(store);
	cert_free(leaf);
}

static const struct {
	uint8_t type;
	const char *text;
	bool has;
	const char *why;
} ids[] = {
	{ ID_DN, "O=Test, CN=named", true, "subject" },
	{ ID_DN, "o=TEST, CN=Named", true, "subject by RFC 5280's rules" },
	{ ID_DN, "CN=named", false, "a part of the subject" },
	{ ID_DN, "O=Test, CN=*", false, "a peer's star" },
	{ ID_FQDN, "a.test", true, "dNSName" },
	{ ID_FQDN, "A.TEST", true, "in capitals" },
	{ ID_FQDN, "b.a.test", false, "below it" },
	{ ID_FQDN, "named", false, "a common name is no host name" },
	{ ID_FQDN, "u@a.test", false, "another type" },
	{ ID_USER_FQDN, "u@a.test", true, "rfc822Name" },
	{ ID_USER_FQDN, "v@a.test", false, "another user" },
	{ ID_IPV4, "10.0.0.1", true, "iPAddress" },
	{ ID_IPV4, "10.0.0.2", false, "another" },
	{ ID_IPV6, "2001:db8::1", true, "IPv6" },
	{ ID_KEY_ID, "a.test", false, "no certificate says key ids" },
};

static void identities_are_found(void **state)
{
	struct cert_store *store = open_store("ca", NULL, false);
	struct cert *cert = certs_load("work/named.pem");
	struct cert_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct sockaddr_storage sa;
		struct id id = { 0 };

		if (ids[i].type == ID_DN)
			assert_true(id_from_dn_text(&id, ids[i].text));
		else if (addr_parse(&sa, ids[i].text))
			id_from_addr(&id, &sa);
		else
			id_set(&id, ids[i].type, chunk_str(ids[i].text));
		if (cert_has_id(cert, &id) != ids[i].has)
			fail_msg("%s", ids[i].why);
		cert_verify(store, cert, NULL, 0, &id, &v);
		assert_int_equal(v.cause, ids[i].has ? CERT_OK : CERT_WRONG_ID);
		if (!ids[i].has) {
			assert_non_null(strstr(v.sentence, "fqdn a.test"));
			assert_non_null(strstr(v.sentence, "address 10.0.0.1"));
		}
		id_free(&id);
	}
	print_message("# %s\n", v.sentence);
	cert_free(cert);
	cert_store_free(store);
}

static void kinds_of_files(void **state)
{
	static const char *const good[] = { "work/plain.pem", "work/plain.der", "work/text.pem",
					    "work/both.pem" };
	static const char *const bad[] = { "work/plain.key", "work/plain.csr", "work/ca.crl",
					   "work/no.pem", "conf" };
	struct cert *first = certs_load(good[0]);
	struct blob der = { 0 };
	size_t i;

	(void)state;
	assert_non_null(first);
	for (i = 1; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cert *c = certs_load(good[i]);

		if (!c || !chunk_equal(cert_der(c), cert_der(first)))
			fail_msg("%s", good[i]);
		cert_free(c);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (certs_load(bad[i]))
			fail_msg("%s is no certificate", bad[i]);
	/* what a peer may send: cut at every byte, a byte changed, a byte behind */
	blob_set(&der, cert_der(first));
	for (i = 0; i < der.n; i++) {
		struct cert *c = cert_parse(chunk(der.p, i));

		assert_null(c);
		der.p[i] ^= 0x55;
		cert_free(cert_parse(blob_chunk(&der)));
		der.p[i] ^= 0x55;
	}
	der.p = xrealloc(der.p, der.n + 1);
	der.p[der.n++] = 0;
	assert_null(cert_parse(blob_chunk(&der)));
	blob_free(&der);
	cert_free(first);
}

static void about_a_certificate(void **state)
{
	static const struct {
		const char *name;
		const char *type;
		unsigned int bits;
	} rows[] = {
		{ "rsa2048", "rsa", 2048 },
		{ "pss", "rsapss", 2048 },
		{ "p256", "ecdsa", 256 },
		{ "p384", "ecdsa", 384 },
		{ "p521", "ecdsa", 521 },
		{ "ed25519", "ed25519", 253 },
		{ "ed448", "ed448", 448 },
	};
	struct cert *c;
	char buf[256];
	unsigned int bits;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *name = xasprintf("work/%s.pem", rows[i].name);

		c = certs_load(name);
		assert_string_equal(cert_key_type(c, &bits), rows[i].type);
		if (bits != rows[i].bits && bits != rows[i].bits + 8 && strncmp(rows[i].name, "ed", 2))
			fail_msg("%s: %u bits", rows[i].name, bits);
		cert_free(c);
		free(name);
	}
	c = certs_load("work/old.pem");
	assert_true(cert_days_left(c) < -1000);
	cert_free(c);
	c = certs_load("work/plain.pem");
	assert_in_range(cert_days_left(c), 898, 900);
	cert_free(c);
	c = certs_load("work/named.pem");
	assert_string_equal(cert_ids_text(c, buf, sizeof(buf)),
			    "asn1dn O=Test, CN=named, fqdn a.test, user_fqdn u@a.test, address 10.0.0.1, "
			    "address 2001:db8::1");
	for (i = 0; i < 100; i++)
		assert_true(strlen(cert_ids_text(c, buf, i)) < (i ? i : 1));
	cert_free(c);
}

static void what_we_tell_about_cas(void **state)
{
	struct cert_store *store = open_store("ca", "work/ca2.pem", false);
	struct writer w = { 0 };
	struct chunk dn;
	struct blob want;
	char names[64];

	(void)state;
	assert_string_equal(cert_store_names(store, names, sizeof(names)), "Other CA, Root CA");
	cert_store_key_hashes(store, &w);
	assert_int_equal(w.n, 40);
	/* SHA-1 of what openssl says is the SubjectPublicKeyInfo */
	assert_true(certs_run("openssl x509 -in work/ca2.pem -noout -pubkey | openssl pkey -pubin "
				   "-outform DER | openssl dgst -sha1 -binary >spki"));
	want = certs_file("spki");
	assert_true(chunk_equal(blob_chunk(&want), chunk(w.p, 20)));
	assert_int_equal(cert_store_dn(store, 1, &dn), 2);
	assert_true(dn.n > 10 && dn.p[0] == 0x30);
	assert_int_equal(cert_store_dn(store, 2, &dn), 2);
	assert_int_equal(dn.n, 0);
	assert_string_equal(cert_store_names(store, names, 30), "2 more");
	blob_free(&want);
	writer_free(&w);
	cert_store_free(store);
}

/* the recipe of the project's first document, with the openssl command of today */
static void old_recipe(void **state)
{
	static const char recipe[] =
		"mkdir -p seed && cd seed && echo -n >index.txt && echo 01 >serial && "
		"printf '[ca]\\ndefault_ca=CA_default\\n[CA_default]\\ndir=.\\nnew_certs_dir=.\\n"
		"database=index.txt\\nserial=serial\\ndefault_md=sha1\\nx509_extensions=usr\\n"
		"[policy_anything]\\ncountryName=optional\\ncommonName=supplied\\n"
		"[req]\\ndistinguished_name=dn\\nx509_extensions=v3_ca\\nprompt=no\\n[dn]\\nC=US\\nCN=%s\\n"
		"[usr]\\nbasicConstraints=CA:FALSE\\n[v3_ca]\\nbasicConstraints=CA:true\\n' d >openssl.cnf && "
		"openssl req -config openssl.cnf -new -x509 -nodes -keyout d.key -out d.cert -days 1461 && "
		"sed 's/CN=d/CN=nagasaki/' openssl.cnf >m.cnf && "
		"openssl req -config m.cnf -nodes -new -newkey rsa:1024 -keyout m.key -out m.req && "
		"openssl ca -batch -config openssl.cnf -outdir . -out m.cert -in m.req -cert d.cert "
		"-keyfile d.key -days 1461 -policy policy_anything";
	struct cert_store *store;
	struct cert_verdict v;
	struct id id = { 0 };
	struct cert *c;

	(void)state;
	assert_true(certs_run(recipe));
	c = certs_load("seed/m.cert");
	assert_non_null(c);
	assert_true(id_from_dn_text(&id, "C=US, CN=nagasaki"));
	store = open_store("seed", NULL, false);
	cert_verify(store, c, NULL, 0, &id, &v);
	assert_int_equal(v.cause, CERT_WEAK_KEY);
	print_message("# %s\n", v.sentence);
	cert_store_free(store);
	store = open_store("seed", NULL, true);
	cert_verify(store, c, NULL, 0, &id, &v);
	assert_int_equal(v.cause, CERT_OK);
	cert_store_free(store);
	cert_free(c);
	id_free(&id);
}

static void secrets_stay_out(void **state)
{
	struct conf conf = { .path_cert = xasprintf("%s/work", certs_dir) };
	struct conf_remote remote = { .name = (char *)"gw", .verify_cert = true };
	struct source disk;
	struct source out;
	struct blob packed;
	struct cert *c;
	char why[256];
	struct source_file *f;
	unsigned int certs = 0;

	(void)state;
	TAILQ_INIT(&conf.remotes);
	TAILQ_INSERT_TAIL(&conf.remotes, &remote, link);
	remote.cert = xasprintf("%s/work/both.pem", certs_dir);
	source_init(&disk);
	source_init(&out);
	disk.from_disk = true;
	cert_collect(&out, &disk, &conf);
	packed = source_pack(&out);
	assert_null(memmem(packed.p, packed.n, "PRIVATE KEY", 11));
	TAILQ_FOREACH(f, &out.files, link)
	certs += f->data.n && memmem(f->data.p, f->data.n, "BEGIN CERTIFICATE", 17);
	assert_true(certs > 30);
	/* and what went along is still what it was */
	c = cert_load(&out, remote.cert, why, sizeof(why));
	assert_non_null(c);
	cert_free(c);
	blob_free(&packed);
	source_free(&out);
	source_free(&disk);
	free(remote.cert);
	free(conf.path_cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_right),
		cmocka_unit_test(nothing_is_trusted_without_a_ca),
		cmocka_unit_test(identities_are_found),
		cmocka_unit_test(kinds_of_files),
		cmocka_unit_test(about_a_certificate),
		cmocka_unit_test(what_we_tell_about_cas),
		cmocka_unit_test(old_recipe),
		cmocka_unit_test(secrets_stay_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, certs_make, certs_remove);
}
