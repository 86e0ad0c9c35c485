// SPDX-License-Identifier: GPL-2.0
/*
 * Negotiations in which a proof can not be made or must not be believed, of both IKE
 * versions: the key is gone when it is due (class 9 of old holes, shared/daemon.md section
 * 6; libreswan 2024-2357), or the identity is not the one that is configured, or not the
 * certificate's (class 12). Proofs of a wrong form are in test_proof.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pki_group.h"
#include "v1_case.h"
#include "v2_help.h"
#include "world_edit.h"
#include "world_ops.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000
#define MINUTE	 60000

/* ---- 9: no key ---- */

/**
 * struct lock - the secrets, as the engines see them
 * @side: it gets nothing ...
 * @from: ... from that call on; 0: it gets all
 * @error: but this
 * @calls: so far, by side
 * @sent: datagrams that it had sent when it got nothing first
 * @last: the last datagram that it had got then
 */
struct lock {
	unsigned int side;
	unsigned int from;
	enum secrets_error error;
	unsigned int calls[2];
	unsigned int sent;
	struct blob last;
};

static struct lock lock;

static bool locked(const struct world_side *side, struct secrets_answer *answer)
{
	unsigned int nth = ++lock.calls[side->n];

	if (!lock.from || side->n != lock.side || nth < lock.from)
		return false;
	if (nth == lock.from)
		lock.sent = side->sent;
	answer->error = lock.error;
	snprintf(answer->sentence, sizeof(answer->sentence), "locked");
	return true;
}

static bool lock_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		     struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	return !locked(arg, answer) && world_ops.psk(arg, who, use, prf, data, out, answer);
}

static bool lock_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		      struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	return !locked(arg, answer) && world_ops.sign(arg, remote, scheme, tbs, sig, answer);
}

static void hook_last(struct world *w, struct world_dg *dg, void *arg)
{
	(void)w;
	(void)arg;
	if (dg->from != lock.side && lock.calls[lock.side] < lock.from)
		blob_set(&lock.last, blob_chunk(&dg->data));
}

static struct world *make(unsigned int ver, const char *mode, bool certs)
{
	const struct v1_case c = { .mode = mode, .rsa = certs, .pki = pki };
	static struct ike_ops ops;
	struct world *w;

	if (ver == 1)
		w = v1_world(&c);
	else
		w = certs ? v2_cert_world(pki, pki, pki, "") : v2_world(NULL, NULL);
	v2_tunnels(w);
	ops = world_ops;
	ops.psk = lock_psk;
	ops.sign = lock_sign;
	w->side[0].ike->ops = &ops;
	w->side[1].ike->ops = &ops;
	w->hook = hook_last;
	return w;
}

static const struct lock_row {
	const char *why;
	unsigned int ver;
	const char *mode;
	bool certs;
	unsigned int side;
	unsigned int from;
} lock_rows[] = {
	{ "main mode, A's key", 1, "main", false, 0, 1 },
	{ "main mode, B's key", 1, "main", false, 1, 1 },
	{ "aggressive mode, A's key", 1, "aggressive", false, 0, 1 },
	{ "aggressive mode, B's key", 1, "aggressive", false, 1, 1 },
	{ "main mode, A's signature", 1, "main", true, 0, 1 },
	{ "main mode, B's signature", 1, "main", true, 1, 1 },
	{ "aggressive mode, A's signature", 1, "aggressive", true, 0, 1 },
	{ "aggressive mode, B's signature", 1, "aggressive", true, 1, 1 },
	{ "IKE_AUTH, A's key, for its request", 2, NULL, false, 0, 1 },
	{ "IKE_AUTH, A's key, for the answer", 2, NULL, false, 0, 2 },
	{ "IKE_AUTH, B's key, for the request", 2, NULL, false, 1, 1 },
	{ "IKE_AUTH, B's key, for its answer", 2, NULL, false, 1, 2 },
	{ "IKE_AUTH, A's signature", 2, NULL, true, 0, 1 },
	{ "IKE_AUTH, B's signature", 2, NULL, true, 1, 1 },
};

/* What it got last, again and again: the state is gone, and nobody tries the key again. */
static void press(struct world *w, const char *what)
{
	struct world_side *side = &w->side[lock.side];
	struct ike_path path = { .local = w->side[!lock.side].addr, .remote = side->seen };
	unsigned int calls = lock.calls[lock.side], sent = side->sent, i;
	/* the first message of all may begin anew: the gate decides about that */
	bool first = lock.last.n < 16 || !memcmp(lock.last.p + 8, "\0\0\0\0\0\0\0", 8);

	addr_set_port(&path.local, 500);
	addr_set_port(&path.remote, 500);
	w->hook = NULL;
	for (i = 0; !first && i < 100; i++) {
		world_inject(w, !lock.side, &path, blob_chunk(&lock.last));
		world_run(w, 20);
	}
	if (lock.calls[lock.side] != calls || side->sent > sent + 30)
		fail_msg("%s: the key is asked %u times, %u datagrams sent", what,
			 lock.calls[lock.side] - calls, side->sent - sent);
}

static void expect_ends(const struct lock_row *r, enum secrets_error error)
{
	struct world *w = make(r->ver, r->mode, r->certs);
	const struct world_side *side = &w->side[r->side];
	unsigned int installed;

	memset(&lock, 0, sizeof(lock));
	lock.side = r->side;
	lock.from = r->from;
	lock.error = error;
	world_acquire(w, 0, 0);
	world_run(w, SECOND / 2);
	if (lock.calls[r->side] < r->from)
		fail_msg("%s: the key was not asked for", r->why);
	/* at once, with one word at most */
	installed = side->installed;
	if (world_ikes(w, r->side) || installed || side->sent > lock.sent + 1)
		fail_msg("%s, error %u: %u IKE SAs, %u SAs, %u datagrams afterwards", r->why, error,
			 world_ikes(w, r->side), installed, side->sent - lock.sent);
	assert_int_equal(world_report(w, r->side)->cause,
			 r->certs ? REPORT_CERT : error == SECRETS_NO_PSK ? REPORT_NO_PSK
									  : REPORT_CRYPTO);
	press(w, r->why);
	world_run(w, 10 * MINUTE);
	if (world_ikes(w, 0) + world_ikes(w, 1) + world_lonely(w) + w->side[0].ike->half_open +
	    w->side[1].ike->half_open)
		fail_msg("%s: something is left", r->why);
	/* the key is back */
	lock.from = 0;
	world_acquire(w, 0, 0);
	world_run(w, MINUTE);
	v2_expect_pairs(w, 1);
	blob_free(&lock.last);
	world_free(w);
}

static void test_no_key(void **state)
{
	static const enum secrets_error errors[] = { SECRETS_NO_PSK, SECRETS_UNSAFE_FILE, SECRETS_CRYPTO,
						     SECRETS_GONE };
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(lock_rows); i++) {
		for (k = 0; k < COUNT(errors); k++)
			expect_ends(&lock_rows[i], errors[k]);
	}
}

/* ---- 12: identities ---- */

/**
 * struct id_row - who says what, and who is expected
 * @why: what is special
 * @says: my_identifier; %c is the side's letter
 * @wanted: the other's statements about it; %c likewise
 * @ok: they fit
 */
static const struct id_row {
	const char *why;
	const char *says;
	const char *wanted;
	bool ok;
} id_rows[] = {
	{ "the name", "fqdn \"%c.test\"", "peers_identifier fqdn \"%c.test\"; verify_identifier on;", true },
	{ "shorter than what is said", "fqdn \"%c.test\"", "peers_identifier fqdn \"%c.tes\"; verify_identifier on;", false },
	{ "its first letter", "fqdn \"%c.test\"", "peers_identifier fqdn \"%c\"; verify_identifier on;", false },
	{ "longer", "fqdn \"%c.test\"", "peers_identifier fqdn \"%c.test2\"; verify_identifier on;", false },
	{ "longer by a domain", "fqdn \"%c.test\"", "peers_identifier fqdn \"%c.test.example.org\"; verify_identifier on;", false },
	{ "the same text as a mail address", "fqdn \"%c.test\"", "peers_identifier user_fqdn \"%c.test\"; verify_identifier on;", false },
	{ "the same text as a keyid", "fqdn \"%c.test\"", "peers_identifier keyid tag \"%c.test\"; verify_identifier on;", false },
	{ "an address", "fqdn \"%c.test\"", "peers_identifier address; verify_identifier on;", false },
	{ "the subject", "asn1dn", "peers_identifier asn1dn \"C=DE, O=Test, CN=%c.test\"; verify_identifier on;", true },
	{ "a subject with less of it", "asn1dn", "peers_identifier asn1dn \"C=DE, O=Test\"; verify_identifier on;", false },
	{ "a subject with more", "asn1dn", "peers_identifier asn1dn \"C=DE, O=Test, CN=%c.test, CN=x\"; verify_identifier on;", false },
	{ "a subject with a shorter name", "asn1dn", "peers_identifier asn1dn \"C=DE, O=Test, CN=%c.tes\"; verify_identifier on;", false },
	{ "a subject in another order", "asn1dn", "peers_identifier asn1dn \"O=Test, C=DE, CN=%c.test\"; verify_identifier on;", false },
	{ "the name where the subject is said", "asn1dn", "peers_identifier fqdn \"%c.test\"; verify_identifier on;", false },
	{ "nobody in particular", "fqdn \"%c.test\"", "", true },
	{ "not the certificate's, and nobody in particular", "fqdn \"c%c.test\"", "", false },
	{ "less than the certificate's", "fqdn \"%c.tes\"", "", false },
	{ "more than the certificate's", "fqdn \"%c.test.example.org\"", "", false },
	{ "another type than the certificate's", "user_fqdn \"x@%c.test\"", "", false },
	{ "a subject that is not the certificate's", "asn1dn \"C=DE, O=Test\"", "", false },
	{ "an address that is not in the certificate", "address", "", false },
	{ "not the certificate's, verify_identifier off", "fqdn \"c%c.test\"", "peers_identifier fqdn \"c%c.test\"; verify_identifier off;", false },
	{ "not the certificate's, though expected", "fqdn \"c%c.test\"", "peers_identifier fqdn \"c%c.test\"; verify_identifier on;", false },
};

/* A text of a row for the side with that letter. */
static char *filled(const char *text, char letter)
{
	char *s = xstrdup(text), *at;

	while ((at = strstr(s, "%c"))) {
		*at = letter;
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
	}
	return s;
}

/* Row @r is about what side @who says; the other one is above suspicion. */
static struct world *id_world(const struct id_row *r, unsigned int ver, const char *mode, unsigned int who)
{
	char *says = filled(r->says, "ab"[who]), *wanted = filled(r->wanted, "ab"[who]);
	struct world_setup s[2] = { 0 };
	char *text[2];
	struct world *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		text[i] = xasprintf("path certificate \"/c\";\n"
				    "remote 10.0.0.%u { testudo { ike_version %u; } exchange_mode %s;\n"
				    "my_identifier %s; %s\n"
				    "certificate_type x509 \"my.pem\" \"my.key\"; ca_type x509 \"ca.pem\";\n"
				    "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14;\n"
				    "authentication_method rsasig; } }\n"
				    "sainfo anonymous { encryption_algorithm aes 256;\n"
				    "authentication_algorithm hmac_sha256; }\n",
				    2 - i, ver, mode, i == who ? says : "asn1dn", i == who ? "" : wanted);
		s[i].conf = text[i];
		s[i].key = pki->key[i];
		s[i].file[0].name = "/c/my.pem";
		s[i].file[0].text = pki->cert[i];
		s[i].file[1].name = "/c/ca.pem";
		s[i].file[1].text = pki->ca;
		s[i].file[2].name = "/c/my.key";
		s[i].file[2].text = pki->key[i];
	}
	w = world_setup(&s[0], &s[1]);
	v2_tunnels(w);
	for (i = 0; i < 2; i++)
		free(text[i]);
	free(says);
	free(wanted);
	return w;
}

static void expect_id(const struct id_row *r, unsigned int ver, const char *mode, unsigned int who)
{
	struct world *w = id_world(r, ver, mode, who);
	const struct report *report;

	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	report = world_report(w, !who);
	if (world_ikes_up(w, !who) != r->ok)
		fail_msg("IKEv%u, %s, %c says: %s: %s", ver, mode, "AB"[who], r -> why, report -> sentence);
	if (!r->ok && (w->side[!who].installed || (report->cause != REPORT_ID && report->cause != REPORT_CERT)))
		fail_msg("IKEv%u, %s, %c says: %s: refused for another reason: %s", ver, mode, "AB"[who],
			 r -> why, report -> sentence);
	world_free(w);
}

static void test_identities(void **state)
{
	unsigned int who;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(id_rows); i++) {
		for (who = 0; who < 2; who++) {
			expect_id(&id_rows[i], 1, "main", who);
			expect_id(&id_rows[i], 1, "aggressive", who);
			expect_id(&id_rows[i], 2, "main", who);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_identities),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
