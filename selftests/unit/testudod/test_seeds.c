// SPDX-License-Identifier: GPL-2.0
/*
 * The two documents that this project started from, as they stand in samples/:
 * the same file at both ends, with --allow-insecure, in a world of two engines.
 * What their authors were left with is what is asked for here: the mode of each
 * SA is its policy's, and SAs do not pile up. And: in all that is logged on the
 * way, at the highest level, there is no secret.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/log.h"
#include "engine_help.h"
#include "ikev1/v1_state.h"
#include "ikev2/v2.h"
#include "world.h"

#define SAMPLES "../../../userspace/testudod/samples" /* from the folder of this file */
#define CERTS	"/etc/racoon/certs/"
#define SECRET	"password that both have"

static char path[] = "/tmp/test_seeds.XXXXXX";

static char *sample(const char *name)
{
	const char *slash = strrchr(__FILE__, '/');
	char *file = xasprintf("%.*s" SAMPLES "/%s", slash ? (int)(slash + 1 - __FILE__) : 0, __FILE__, name);
	FILE *f = fopen(file, "r");
	char *text = xcalloc(1, 8192);

	assert_non_null(f);
	assert_true(fread(text, 1, 8191, f) > 0);
	fclose(f);
	free(file);
	return text;
}

static void replace(char *text, const char *what, const char *by)
{
	char *p = strstr(text, what);

	assert_non_null(p);
	assert_int_equal(strlen(what), strlen(by));
	memcpy(p, by, strlen(by));
}

static void listen_to(struct world *w)
{
	(void)w;
	assert_int_equal(truncate(path, 0), 0);
	log_to_file(path);
	log_set_level(LOG_LEVEL_DEBUG2);
}

/* ---- no secret in the log ---- */

static char *log_text(void)
{
	struct writer w = { 0 };
	char buf[4096];
	size_t n;
	FILE *f = fopen(path, "r");
	char *text;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)))
		put_bytes(&w, chunk(buf, n));
	fclose(f);
	put_u8(&w, 0);
	text = xstrdup((const char *)w.p);
	writer_free(&w);
	return text;
}

/* neither as it is nor in digits; of long ones already the beginning would be told */
static void not_in(const char *text, struct chunk secret, const char *what)
{
	char hex[2 * 8 + 1];
	size_t i, n = secret.n < 8 ? secret.n : 8;

	if (n < 4)
		return;
	for (i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", secret.p[i]);
	if (strcasestr(text, hex) || memmem(text, strlen(text), secret.p, n))
		fail_msg("%s is in the log", what);
}

static void not_in_sk(const char *text, const struct crypt_sk *sk)
{
	not_in(text, blob_chunk(&sk->ek), "a cipher key of IKEv2");
	not_in(text, blob_chunk(&sk->ak), "an integrity key of IKEv2");
}

static void no_secret(struct world *w)
{
	char *text = log_text();
	unsigned int side, i;
	struct ike_sa *sa;

	assert_true(strlen(text) > 500);
	not_in(text, chunk_str(SECRET), "the pre-shared key");
	for (side = 0; side < 2; side++) {
		for (i = 0; i < WORLD_SAS; i++) {
			not_in(text, blob_chunk(&w->side[side].sas[i].encr_key), "a cipher key of an SA");
			not_in(text, blob_chunk(&w->side[side].sas[i].integ_key), "an integrity key of an SA");
		}
		sa = world_ike(w, side);
		if (sa && sa->v1) {
			not_in(text, blob_chunk(&sa->v1->keys.skeyid), "SKEYID");
			not_in(text, blob_chunk(&sa->v1->keys.d), "SKEYID_d");
			not_in(text, blob_chunk(&sa->v1->keys.a), "SKEYID_a");
			not_in(text, blob_chunk(&sa->v1->keys.e), "SKEYID_e");
			not_in(text, blob_chunk(&sa->v1->keys.key), "the cipher key of IKEv1");
		} else if (sa && sa->v2) {
			not_in(text, blob_chunk(&sa->v2->keys.d), "SK_d");
			not_in(text, blob_chunk(&sa->v2->keys.pi), "SK_pi");
			not_in(text, blob_chunk(&sa->v2->keys.pr), "SK_pr");
			not_in_sk(text, &sa->v2->keys.i);
			not_in_sk(text, &sa->v2->keys.r);
		}
	}
	free(text);
}

/* ---- the laptop ---- */

static struct world *laptop(const char *gateway_mode)
{
	char *text = sample("seed-laptop.conf");
	char *gateway = sample("seed-laptop.conf");
	const struct world_setup a = { .conf = text, .psk = "10.0.0.2 " SECRET "\n", .insecure = true };
	const struct world_setup b = { .conf = gateway, .psk = "10.0.0.1 " SECRET "\n", .insecure = true };
	struct world *w;

	replace(gateway, "main,aggressive;", gateway_mode);
	w = world_setup(&a, &b);
	listen_to(w);
	world_policy(w, 0, "10.0.0.1", "0.0.0.0/0", ESP, TUNNEL);
	world_policy(w, 1, "0.0.0.0/0", "10.0.0.1", ESP, TUNNEL);
	free(text);
	free(gateway);
	return w;
}

/* psk, "remote anonymous", everything through the gateway; main mode, and aggressive mode if the other begins with it */
static void test_laptop(void **state)
{
	static const struct {
		const char *gateway_mode;
		unsigned int begins;
		const char *line;
	} rows[] = {
		{ "main,aggressive;", 0, "begin Identity Protection mode." },
		{ "main,aggressive;", 1, "begin Identity Protection mode." },
		{ "aggressive,main;", 0, "begin Identity Protection mode." },
		{ "aggressive,main;", 1, "begin Aggressive mode." },
	};
	const struct child_sa *child;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = laptop(rows[i].gateway_mode);
		world_acquire(w, rows[i].begins, 0);
		world_run(w, 10 * SECOND);
		expect_pairs(w, 1);
		assert_int_equal(count_lines(path, rows[i].line), 2);
		child = world_child(w, 0);
		assert_string_equal(child->choice.p[0].encr.alg->name, "3des");
		assert_string_equal(child->choice.p[0].integ->name, "hmac_sha1");
		assert_int_equal(child->choice.p[0].mode, TUNNEL);
		no_secret(w);
		/* phase 1 lives for a minute: half an hour later there is still one pair */
		world_run(w, 29 * MINUTE);
		expect_pairs(w, 1);
		no_secret(w);
		world_free(w);
	}
}

/* ---- the wireless network ---- */

/* @ca: side 1 has the CA's certificate */
static struct world *wireless(const struct pki *pki, bool ca)
{
	char *text = sample("seed-wireless.conf");
	struct world_setup setup[2] = { 0 };
	struct world *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		setup[i] = (struct world_setup){ .conf = text, .key = pki->key[i], .insecure = true };
		setup[i].file[0].name = CERTS "nagasaki.cert";
		setup[i].file[0].text = pki->cert[i];
		setup[i].file[1].name = CERTS "nagasaki.key";
		setup[i].file[1].text = pki->key[i];
		setup[i].file[2].name = CERTS "pacific.cert";
		setup[i].file[2].text = pki->ca;
		/* no link named by a hash */
		setup[i].file[3].name = CERTS;
		setup[i].file[3].text = i && !ca ? "nagasaki.cert\nnagasaki.key\n" : "nagasaki.cert\nnagasaki.key\npacific.cert\n";
	}
	w = world_setup(&setup[0], &setup[1]);
	listen_to(w);
	free(text);
	return w;
}

/* to each other in transport mode, with deflate perhaps, and to the rest through the router; in either order */
static void wireless_policies(struct world *w, bool tunnel_first, uint8_t first, uint8_t second)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if ((i == 0) == tunnel_first) {
			world_policy(w, 0, "10.0.0.1", "0.0.0.0/0", ESP, TUNNEL);
			world_policy(w, 1, "0.0.0.0/0", "10.0.0.1", ESP, TUNNEL);
		} else {
			world_policy_pair(w, 0, "10.0.0.1", "10.0.0.2", first, second, IPSEC_MODE_TRANSPORT);
			world_policy_pair(w, 1, "10.0.0.2", "10.0.0.1", first, second, IPSEC_MODE_TRANSPORT);
		}
	}
}

/* each policy has one pair of SAs of its own mode and reqid */
static void modes_are_right(struct world *w, unsigned int side)
{
	const struct world_side *s = &w->side[side];
	unsigned int i, k, in, out;

	for (i = 0; i < s->npolicy; i++) {
		const struct policy_request *req = &s->policy[i].req[s->policy[i].n - 1];

		for (k = in = out = 0; k < WORLD_SAS; k++) {
			const struct world_sa *a = &s->sas[k];

			if (!a->used || a->larval || a->sa.proto != ESP || a->sa.mode != req->mode)
				continue;
			in += a->sa.inbound;
			out += !a->sa.inbound && a->sa.reqid == req->reqid;
		}
		assert_int_equal(in, 1);
		assert_int_equal(out, 1);
	}
}

static void test_wireless(void **state)
{
	static const struct {
		bool tunnel_first;
		unsigned int begins;
		uint8_t first;
		uint8_t second;
	} rows[] = {
		{ false, 0, ESP, 0 },
		{ true, 0, ESP, 0 },
		{ false, 1, ESP, 0 },
		{ true, 1, ESP, 0 },
		{ true, 0, IPPROTO_COMP, ESP },
		{ false, 1, IPPROTO_COMP, ESP },
	};
	struct pki *pki = pki_new("rsa1024");
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = wireless(pki, true);
		wireless_policies(w, rows[i].tunnel_first, rows[i].first, rows[i].second);
		world_acquire(w, rows[i].begins, 0);
		world_acquire(w, rows[i].begins, 1);
		world_run(w, 10 * SECOND);
		expect_pairs(w, 2);
		assert_int_equal(count_lines(path, "begin Aggressive mode."), 2);
		modes_are_right(w, 0);
		modes_are_right(w, 1);
		/* "worse, multiple SAs stack up": replaced, and the old ones go */
		world_traffic(w);
		world_expire(w, rows[i].begins, world_child(w, rows[i].begins), false);
		world_run(w, 2 * MINUTE);
		expect_pairs(w, 2);
		modes_are_right(w, 0);
		modes_are_right(w, 1);
		no_secret(w);
		world_free(w);
	}
	pki_free(pki);
}

/* "no log messages to tell you what the Hell is going on": a sentence at each end names the CA that is missing */
static void test_missing_ca(void **state)
{
	struct pki *pki = pki_new("rsa1024");
	struct world *w = wireless(pki, false);
	unsigned int side;

	(void)state;
	wireless_policies(w, false, ESP, 0);
	world_acquire(w, 0, 0);
	world_run(w, 10 * SECOND);
	expect_pairs(w, 0);
	for (side = 0; side < 2; side++) {
		if (!strstr(world_report(w, side)->sentence, "CN=Test CA"))
			fail_msg("side %u: %s", side, world_report(w, side)->sentence);
	}
	assert_int_equal(count_lines(path, "ERROR: anonymous: "), 2);
	no_secret(w);
	world_free(w);
	pki_free(pki);
}

/* ---- the other version, and failures ---- */

static void test_others_say_no_secret(void **state)
{
	static const struct end mends[] = {
		{ .proposal = "encryption_algorithm aes_gcm 256; hash_algorithm sha384; dh_group x25519;",
		  .sainfo = "encryption_algorithm aes_gcm 256; pfs_group x25519;" },
		{ .proposal = "encryption_algorithm aes 128; hash_algorithm sha256; dh_group 14;" },
	};
	unsigned int ver;
	struct world *w;
	size_t i;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		for (i = 2 - ver; i < 2; i++) {
			w = ends(ver, &mends[i], &mends[i]);
			listen_to(w);
			/* the secret of engine_help.h, and here one more that it can not be made with */
			free(w->side[0].psk);
			free(w->side[1].psk);
			w->side[0].psk = xstrdup("* " SECRET "\n");
			w->side[1].psk = xstrdup("* " SECRET "\n");
			tunnel(w, 0);
			tunnel(w, 1);
			world_acquire(w, 0, 0);
			world_run(w, 5 * SECOND);
			expect_pairs(w, 1);
			world_expire(w, 0, world_child(w, 0), false);
			world_run(w, MINUTE);
			no_secret(w);
			world_free(w);

			/* keys that differ are told without being told */
			w = ends(ver, &mends[i], &mends[i]);
			listen_to(w);
			free(w->side[0].psk);
			w->side[0].psk = xstrdup("* " SECRET "\n");
			tunnel(w, 0);
			tunnel(w, 1);
			world_acquire(w, 0, 0);
			world_run(w, MINUTE);
			assert_true(count_lines(path, "ERROR") > 0);
			assert_int_equal(count_lines(path, "what both know"), 0);
			no_secret(w);
			world_free(w);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_laptop),
		cmocka_unit_test(test_wireless),
		cmocka_unit_test(test_missing_ca),
		cmocka_unit_test(test_others_say_no_secret),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
