// SPDX-License-Identifier: GPL-2.0
/*
 * Reload by difference: what is the same goes on undisturbed, what changed is
 * replaced without a gap, what is gone ends; and nothing looks at the old
 * configuration afterwards, which is freed under the engine's feet here. Also
 * what is told of certificates that are about to expire.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "world.h"
#include "engine_help.h"

#include "base/log.h"

/* @side reads @text, and the former configuration is no more */
static void reload(struct world *w, unsigned int side, const char *text)
{
	const struct conf_say say = { .fn = conf_say_file, .arg = stderr };
	struct world_side *s = &w->side[side];
	struct source *src = xcalloc(1, sizeof(*src));
	struct conf *conf;

	source_init(src);
	source_add(src, "racoon.conf", chunk_str(text), 0);
	conf = conf_load(src, "racoon.conf", false, &say);
	assert_non_null(conf);
	ike_reload(s->ike, conf, src);
	conf_free(s->conf);
	source_free(s->src);
	free(s->src);
	s->conf = conf;
	s->src = src;
}

static void reload_end(struct world *w, unsigned int side, unsigned int ver, const struct end *e)
{
	char *text = end_text(side, ver, e);

	reload(w, side, text);
	free(text);
}

static const struct end plain;

/* @ms in which packets go both ways; there is a pair at each moment */
static void busy(struct world *w, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < ms; i += 500) {
		world_traffic(w);
		world_run(w, 500);
		assert_non_null(world_child(w, 0));
		assert_true(installed(w, 0) >= 2 && installed(w, 1) >= 2);
	}
}

static void test_by_difference(void **state)
{
	static const struct end sainfo = { .sainfo = "encryption_algorithm aes 128; authentication_algorithm hmac_sha256;" };
	static const struct end both_ciphers = { .sainfo = "encryption_algorithm aes 256, aes 128; authentication_algorithm hmac_sha256;" };
	static const struct end dpd = { .remote = "dpd_delay 77;" };
	static const struct {
		const struct end *to;
		bool child;
		bool ike;
		const char *why;
	} rows[] = {
		{ &plain, false, false, "nothing changed" },
		{ &sainfo, true, false, "another sainfo" },
		{ &dpd, true, true, "another remote" },
	};
	struct child_sa *child;
	unsigned int i, ver;
	uint32_t spi;
	uint64_t ike;
	struct world *w;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		ver = 1 + i % 2;
		w = up(ver, NULL, &both_ciphers);
		child = world_child(w, 0);
		spi = child->choice.p[0].spi_in;
		ike = ike_sa_our_spi(world_ike(w, 0));
		reload_end(w, 0, ver, rows[i / 2].to);
		busy(w, 3 * MINUTE);
		expect_pairs(w, 1);
		if ((world_child(w, 0)->choice.p[0].spi_in != spi) != rows[i / 2].child)
			fail_msg("IKEv%u, %s: the child SA", ver, rows[i / 2].why);
		if ((ike_sa_our_spi(world_ike(w, 0)) != ike) != rows[i / 2].ike)
			fail_msg("IKEv%u, %s: the IKE SA", ver, rows[i / 2].why);
		if (world_ikes(w, 0) != 1 || world_ikes(w, 1) != 1)
			fail_msg("IKEv%u, %s: IKE SAs are left", ver, rows[i / 2].why);
		/* nobody looks back, whatever comes later */
		world_expire(w, 0, world_child(w, 0), false);
		busy(w, MINUTE);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* SPI of the newest SA that @side sends with, 0: none but @old */
static uint32_t sends_with(const struct world *w, unsigned int side, uint32_t old)
{
	const struct world_sa *s = w->side[side].sas;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++)
		if (s[i].used && !s[i].larval && s[i].sa.spi != old &&
		    addr_same_host(&s[i].sa.dst, &w->side[!side].addr))
			return s[i].sa.spi;
	return 0;
}

static bool receives_with(const struct world *w, unsigned int side, uint32_t spi)
{
	const struct world_sa *s = w->side[side].sas;
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++)
		if (s[i].used && !s[i].larval && s[i].sa.spi == spi)
			return true;
	return false;
}

/* The peer of who negotiates anew sends with what the other does not have yet, at no moment. */
static void test_who_answers_waits(void **state)
{
	static const struct end dpd = { .remote = "dpd_delay 77;" };
	unsigned int ver, ms, when;
	uint32_t old, spi;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		w->latency = 40;
		old = sends_with(w, 1, 0);
		reload_end(w, 0, ver, &dpd);
		for (ms = when = 0; ms < 5000 && !when; ms += 5) {
			world_run(w, 5);
			spi = sends_with(w, 1, old);
			if (spi && !receives_with(w, 0, spi))
				fail_msg("IKEv%u: after %u ms", ver, ms);
			if (spi)
				when = ms;
		}
		assert_true(when);
		world_free(w);
	}
}

/* The new block fails: the old SAs go on for a minute, and then both ends know that there are none. */
static void test_bad_block(void **state)
{
	static const struct end bad = { .proposal = "encryption_algorithm aes 192; hash_algorithm sha512; dh_group 18;" };
	struct world *w;

	(void)state;
	w = up(2, NULL, NULL);
	reload_end(w, 0, 2, &bad);
	busy(w, 30 * SECOND);
	world_run(w, 2 * MINUTE);
	expect_pairs(w, 0);
	/* mended */
	reload_end(w, 0, 2, &plain);
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
	world_free(w);
}

static void test_gone(void **state)
{
	static const struct end elsewhere = { .name = "10.9.9.9" };
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = up(ver, NULL, NULL);
		reload_end(w, 0, ver, &elsewhere);
		assert_null(world_peer(w, 0));
		world_run(w, 5 * SECOND);
		expect_pairs(w, 0);
		assert_int_equal(world_ikes_up(w, 1), 0);
		/* no sainfo for it is the end of a child alone */
		reload_end(w, 0, ver, &plain);
		world_acquire(w, 0, 0);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		reload_end(w, 0, ver, &(struct end){ .no_sainfo = true });
		world_run(w, 5 * SECOND);
		expect_pairs(w, 0);
		world_free(w);
	}
}

/* In the middle of whatever; the sanitizer sees who looks at what is freed. */
static void test_at_any_moment(void **state)
{
	static const struct end other = { .remote = "dpd_delay 77;", .sainfo = "pfs_group 14; encryption_algorithm aes 256; authentication_algorithm hmac_sha256;" };
	static const struct end many = { .sainfo = "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;" };
	unsigned int ver, ms;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (ms = 0; ms < 16; ms++) {
			w = ends(ver, &many, &other);
			tunnel(w, 0);
			tunnel(w, 1);
			world_acquire(w, 0, 0);
			world_run(w, ms);
			reload_end(w, 0, ver, &other);
			world_run(w, 2 * MINUTE);
			/* what was offered by the old file the peer may have refused */
			if (!world_child(w, 0))
				world_acquire(w, 0, 0);
			world_run(w, 5 * SECOND);
			expect_pairs(w, 1);
			world_free(w);
		}
	}
}

/* Back-off for the file's sake is over when the file is another one. */
static void test_mended(void **state)
{
	static const struct end bad = { .testudo = "start immediate;", .proposal = "encryption_algorithm aes 192; hash_algorithm sha512; dh_group 18;" };
	static const struct end good = { .testudo = "start immediate;" };
	unsigned int ver;
	struct world *w;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, &bad, NULL);
		tunnel(w, 0);
		tunnel(w, 1);
		ike_start(w->side[0].ike);
		world_run(w, 20 * MINUTE);
		expect_pairs(w, 0);
		reload_end(w, 0, ver, &good);
		world_run(w, 5 * SECOND);
		expect_pairs(w, 1);
		world_free(w);
	}
}

/* ---- certificates ---- */

static char *cert_for(int days)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *pem;
	long n;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400L * 400);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400L * days + (days < 0 ? -3600 : 3600));
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"a.test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_true(PEM_write_bio_X509(bio, x));
	n = BIO_get_mem_data(bio, &p);
	pem = xstrndup(p, (size_t)n);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
	return pem;
}

#define RSA_REMOTE(address)                                                                      \
	"remote " address " { exchange_mode main; certificate_type x509 \"a.pem\" \"a.key\"; "   \
	"my_identifier asn1dn; proposal { encryption_algorithm aes 256; hash_algorithm sha256; " \
	"dh_group 14; authentication_method rsasig; } }\n"

static void test_expiry(void **state)
{
	static const struct {
		int days;
		const char *say;
		const char *why;
	} rows[] = {
		{ 100, NULL, "far away" },
		{ 31, NULL, "not yet" },
		{ 30, "expires in 30 days", "from here on" },
		{ 7, "expires in 7 days", "a week" },
		{ 1, "expires in 1 day", "the last day" },
		{ -3, "has expired", "too late" },
	};
	char path[] = "/tmp/test_reload.XXXXXX";
	struct world_setup a = { .conf = RSA_REMOTE("10.0.0.2") RSA_REMOTE("10.0.0.3") }, b = { .conf = "" };
	struct world *w;
	unsigned int i;
	char *pem;

	(void)state;
	close(mkstemp(path));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pem = cert_for(rows[i].days);
		a.file[0].name = "a.pem";
		a.file[0].text = pem;
		w = world_setup(&a, &b);
		assert_int_equal(truncate(path, 0), 0);
		log_to_file(path);
		/* one line a day, though two blocks have it */
		ike_start(w->side[0].ike);
		world_run(w, 3 * 86400000u - MINUTE);
		if (count_lines(path, rows[i].say ? rows[i].say : "our certificate") != (rows[i].say ? 3 : 0))
			fail_msg("%s: %u lines", rows[i].why, count_lines(path, "our certificate"));
		log_to_file("/dev/null");
		world_free(w);
		free(pem);
	}
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_difference),
		cmocka_unit_test(test_who_answers_waits),
		cmocka_unit_test(test_bad_block),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_at_any_moment),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_expiry),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
