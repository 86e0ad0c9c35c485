// SPDX-License-Identifier: GPL-2.0
/*
 * A tunnel that is configured and not up: "status" has one sentence for it,
 * whatever the reason, and "why" has the same. Each row ends a tunnel, or keeps
 * it from coming up, in another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "ctl/answer.h"
#include "engine_help.h"
#include "testudoctl.h"
#include "world.h"

/* the tunnel of A's first policy */
static const json_t *first_tunnel(const json_t *json)
{
	const json_t *tunnels = json_object_get(json, "tunnels"), *t;
	size_t i;

	json_array_foreach(tunnels, i, t)
	{
		if (!strcmp(out_str(t, "local_ts"), "10.0.1.0/24[any] any") &&
		    strcmp(out_str(t, "state"), "superseded"))
			return t;
	}
	return NULL;
}

static json_t *ask(struct world *w, enum ctl_verb verb, const char *name)
{
	struct ctl_request req = { .verb = verb };
	char *text;
	json_t *json;

	snprintf(req.name, sizeof(req.name), "%s", name);
	text = answer_request(w->side[0].ike, &req);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

static void nothing(struct world *w)
{
	(void)w;
}

static void asked(struct world *w)
{
	world_acquire(w, 0, 0);
	world_run(w, 2 * MINUTE);
}

static void no_answer(struct world *w)
{
	w->cut = true;
	asked(w);
}

static void once_up(struct world *w)
{
	world_acquire(w, 0, 0);
	world_run(w, 5 * SECOND);
	expect_pairs(w, 1);
}

static void dead(struct world *w)
{
	once_up(w);
	w->cut = true;
	world_run(w, 3 * MINUTE);
}

static void peer_deletes(struct world *w)
{
	once_up(w);
	ike_delete_peer(w->side[1].ike, &w->side[0].addr);
	world_run(w, MINUTE);
}

static void peer_deletes_child(struct world *w)
{
	once_up(w);
	child_close(world_child(w, 1), REPORT_ADMIN);
	world_run(w, MINUTE);
}

static void we_delete(struct world *w)
{
	once_up(w);
	ike_delete_peer(w->side[0].ike, &w->side[1].addr);
	world_run(w, MINUTE);
}

static void we_delete_child(struct world *w)
{
	once_up(w);
	child_close(world_child(w, 0), REPORT_ADMIN);
	world_run(w, MINUTE);
}

static void expires(struct world *w)
{
	once_up(w);
	world_expire(w, 0, world_child(w, 0), true);
	world_run(w, MINUTE);
}

static void ike_expires(struct world *w)
{
	once_up(w);
	world_run(w, 5 * MINUTE);
}

static void kernel_refuses(struct world *w)
{
	w->side[0].refuse_install = 1;
	asked(w);
}

static void no_spi(struct world *w)
{
	w->side[0].refuse_spi = 1;
	asked(w);
}

/* the tunnel was refused once, then it came up, and now somebody takes it away */
static void healed_and_deleted(struct world *w)
{
	w->side[0].refuse_install = 1;
	asked(w);
	peer_deletes_child(w);
}

static const struct end plain;
static const struct end watchful = { .remote = "dpd_delay 10; dpd_retry 3; dpd_maxfail 3;" };
static const struct end short_lived = { .remote = "lifetime time 3 min; rekey off; dpd_delay 0;" };
static const struct end other_cipher = { .proposal = "encryption_algorithm aes 128; hash_algorithm sha512; dh_group 14;" };
static const struct end other_esp = { .sainfo = "encryption_algorithm aes 128; authentication_algorithm hmac_sha512;" };
static const struct end no_sainfo = { .no_sainfo = true };
static const struct end passive = { .remote = "passive on;" };
static const struct end expects_c = { .remote = "peers_identifier fqdn \"c.test\"; verify_identifier on;" };
static const struct end stranger = { .name = "10.0.0.9" };
static const struct end anybody = { .name = "anonymous" };
static const struct end no_policy = { .no_policy = true };
static const struct end wrong_key = { .psk = "10.0.0.1 another\na.test another\n" };
static const struct end no_key = { .psk = "# none\n" };
static const struct end elsewhere = { .top = "listen { isakmp 10.0.0.77; }" };

/**
 * struct row - a way not to be up
 * @what: for people
 * @ver: IKE version; 0: both
 * @a: our end
 * @b: the peer's
 * @fn: what happens
 * @cause: word of the cause; "": nothing has failed
 * @sentence: a part of the sentence
 * @said: an unprotected word of the peer's has to do with it, and that is told
 */
struct row {
	const char *what;
	unsigned int ver;
	const struct end *a;
	const struct end *b;
	void (*fn)(struct world *w);
	const char *cause;
	const char *sentence;
	bool said;
};

static const struct row rows[] = {
	{ "never tried", 0, &plain, &plain, nothing, "", "no packet has asked for it yet", false },
	{ "never tried, and the peer may be anybody", 0, &anybody, &plain, nothing, "",
	  "no packet has asked for it, and the peer is not known yet", false },
	{ "no remote", 0, &stranger, &plain, nothing, "no-configuration",
	  "no remote block is for 10.0.0.2, and there is no remote anonymous", false },
	{ "no remote, and asked for", 0, &stranger, &plain, asked, "no-configuration",
	  "no remote block is for 10.0.0.2, and there is no remote anonymous", false },
	{ "passive", 0, &passive, &plain, nothing, "", "passive: the peer has to begin", false },
	{ "passive, and asked for", 0, &passive, &plain, asked, "no-configuration",
	  "10.0.0.2 is configured as passive: it has to begin", false },
	{ "an address that is not listened on", 0, &elsewhere, &plain, asked, "no-configuration",
	  "10.0.0.1 is not among the addresses of listen", false },
	{ "no answer", 0, &plain, &plain, no_answer, "no-answer", "10.0.0.2[500] does not answer", false },
	{ "proposal", 1, &plain, &other_cipher, asked, "no-proposal", "10.0.0.2[500] refuses: NO-PROPOSAL-CHOSEN", true },
	{ "proposal", 2, &plain, &other_cipher, asked, "no-proposal",
	  "10.0.0.2 takes none of the proposals that we offer", true },
	{ "proposal of the child SA", 1, &plain, &other_esp, asked, "no-proposal",
	  "integrity: we have hmac_sha512, the peer offers hmac_sha256", false },
	{ "proposal of the child SA", 2, &plain, &other_esp, asked, "no-proposal",
	  "b.test (10.0.0.2) takes none of the child SA's proposals that we offer", false },
	{ "we refuse its identity", 0, &expects_c, &plain, asked, "identity",
	  "10.0.0.2 says that it is fqdn b.test, which peers_identifier does not name", true },
	{ "it refuses our identity", 1, &plain, &expects_c, asked, "refused",
	  "10.0.0.1 says that it is fqdn a.test, which peers_identifier does not name", false },
	{ "it refuses our identity", 2, &plain, &expects_c, asked, "authentication",
	  "10.0.0.2 refused our authentication", true },
	{ "wrong key", 1, &plain, &wrong_key, asked, "refused", "the pre-shared keys differ", true },
	{ "wrong key", 2, &plain, &wrong_key, asked, "authentication", "its pre-shared key for us differs", true },
	{ "no key here", 1, &no_key, &plain, asked, "no-psk", "psk.txt has no line for 10.0.0.2", false },
	{ "no key here", 2, &no_key, &plain, asked, "no-psk", "couldn't find the pskey for 10.0.0.2", false },
	{ "no key there", 1, &plain, &no_key, asked, "refused", "there is no pre-shared key for your address", true },
	{ "selectors", 1, &plain, &no_policy, asked, "refused",
	  "no outbound policy in tunnel mode towards 10.0.0.1 fits the selectors 10.0.2.0/24", false },
	{ "selectors", 2, &plain, &no_policy, asked, "selector",
	  "b.test (10.0.0.2) has no policy in tunnel mode for 10.0.1.0/24", false },
	{ "no sainfo here", 0, &no_sainfo, &plain, asked, "selector",
	  "failed to get sainfo for 10.0.1.0/24[any] any - 10.0.2.0/24[any] any.", false },
	{ "no sainfo there", 1, &plain, &no_sainfo, asked, "refused", "failed to get sainfo for 10.0.2.0/24", false },
	{ "the kernel takes no SA", 0, &plain, &plain, kernel_refuses, "kernel",
	  "the kernel refused to take the inbound SA: Invalid argument", false },
	{ "the kernel gives no SPI", 0, &plain, &plain, no_spi, "kernel", "the kernel refused to give an SPI", false },
	{ "DPD", 0, &watchful, &plain, dead, "dead", "10.0.0.2[500] no longer answers", false },
	{ "the peer deletes all", 1, &plain, &plain, peer_deletes, "deleted", "the peer deleted it", false },
	{ "the peer deletes all", 2, &plain, &plain, peer_deletes, "deleted",
	  "with its IKE SA: the peer deleted it", false },
	{ "the peer deletes it", 0, &plain, &plain, peer_deletes_child, "deleted", "the peer deleted it", false },
	{ "we delete all", 0, &plain, &plain, we_delete, "administrator", "deleted by the administrator", false },
	{ "we delete it", 0, &plain, &plain, we_delete_child, "administrator", "deleted by the administrator", false },
	{ "it expires", 0, &plain, &plain, expires, "expired", "its lifetime is over", false },
	{ "its IKE SA expires", 2, &short_lived, &short_lived, ike_expires, "expired",
	  "with its IKE SA: its lifetime is over", false },
	{ "refused, then up, then deleted", 0, &plain, &plain, healed_and_deleted, "deleted", "the peer deleted it", false },
};

static void check(struct world *w, const struct row *r, unsigned int ver)
{
	json_t *status = ask(w, CTL_STATUS, ""), *why = ask(w, CTL_WHY, "10.0.0.2");
	const json_t *t = first_tunnel(status);
	const char *sentence = out_str(t, "reason");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	status_why(out, why);
	fclose(out);
	if (strcmp(out_str(t, "cause"), r->cause) || !strstr(sentence, r->sentence) ||
	    strchr(sentence, '\n'))
		fail_msg("IKEv%u, %s: %s: %s: %s", ver, r->what, out_str(t, "state"),
			 out_str(t, "cause"), sentence);
	/* whom no block is for "why" knows when it was asked for */
	if (json_is_true(json_object_get(why, "ok")) && !strstr(text, sentence))
		fail_msg("IKEv%u, %s: why does not say \"%s\" but\n%s", ver, r->what, sentence, text);
	if (!strstr(text, "was not protected") == r->said)
		fail_msg("IKEv%u, %s: is the peer's word to be believed?\n%s", ver, r->what, text);
	free(text);
	json_decref(status);
	json_decref(why);
}

static void test_reasons(void **state)
{
	const struct row *r;
	unsigned int ver;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = &rows[i];
		for (ver = r->ver ? r->ver : 1; ver <= (r->ver ? r->ver : 2); ver++) {
			w = ends(ver, r->a, r->b);
			tunnel(w, 0);
			if (!r->b->no_policy)
				tunnel(w, 1);
			r->fn(w);
			check(w, r, ver);
			world_free(w);
		}
	}
}

/* ---- certificates ---- */

#define OTHER_CA "peer \"C=DE, O=Test, CN=b.test\": its certificate is not signed by the key of our CA"
#define NO_CA	 "issuer \"C=DE, O=Test, CN=Test CA\" is unknown: there is no CA in certs"

static const struct {
	struct row row;
	bool ca[2];    /* has a CA at all */
	bool other[2]; /* its certificate is of another one */
} certs[] = {
	{ { "a certificate of another CA", 1, NULL, NULL, asked, "certificate", OTHER_CA, true },
	  { true, true }, { false, true } },
	{ { "a certificate of another CA", 2, NULL, NULL, asked, "certificate", OTHER_CA, true },
	  { true, true }, { false, true } },
	{ { "no CA here", 1, NULL, NULL, asked, "certificate", NO_CA, true }, { false, true }, { false, false } },
	{ { "no CA here", 2, NULL, NULL, asked, "certificate", NO_CA, true }, { false, true }, { false, false } },
	{ { "no CA there", 1, NULL, NULL, asked, "refused", "the peer refuses us: INVALID-CERT-AUTHORITY", true },
	  { true, false }, { false, false } },
	{ { "no CA there", 2, NULL, NULL, asked, "authentication", "does not accept our identity or certificate", true },
	  { true, false }, { false, false } },
};

static void test_certificates(void **state)
{
	static const char conf[] =
		"path certificate \"certs\";\n"
		"remote 10.0.0.%u { exchange_mode main; certificate_type x509 \"me.pem\" \"me.key\";\n"
		"  testudo { ike_version %u; } %s my_identifier asn1dn;\n"
		"  proposal { encryption_algorithm aes 256; hash_algorithm sha256;\n"
		"    authentication_method rsasig; dh_group 14; } }\n"
		"sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256; }\n";
	struct pki *pki[2] = { pki_new("rsa"), pki_new("rsa") };
	struct world_setup setup[2];
	char text[2][1024];
	struct world *w;
	unsigned int k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(certs) / sizeof(certs[0]); i++) {
		memset(setup, 0, sizeof(setup));
		for (k = 0; k < 2; k++) {
			snprintf(text[k], sizeof(text[k]), conf, 2 - k, certs[i].row.ver,
				 certs[i].ca[k] ? "ca_type x509 \"ca.pem\";" : "");
			setup[k].conf = text[k];
			setup[k].key = pki[certs[i].other[k]]->key[k];
			setup[k].file[0].name = "certs/me.pem";
			setup[k].file[0].text = pki[certs[i].other[k]]->cert[k];
			if (!certs[i].ca[k])
				continue;
			setup[k].file[1].name = "certs/ca.pem";
			setup[k].file[1].text = pki[0]->ca;
		}
		w = world_setup(&setup[0], &setup[1]);
		tunnel(w, 0);
		tunnel(w, 1);
		certs[i].row.fn(w);
		check(w, &certs[i].row, certs[i].row.ver);
		/* whom the sentence is about is said once */
		assert_null(strstr(world_report(w, 0)->sentence, "peer asn1dn"));
		world_free(w);
	}
	pki_free(pki[0]);
	pki_free(pki[1]);
}

/* ---- several tunnels of one peer ---- */

/* What is wrong with one of them is no reason for the others. */
static void test_each_its_own(void **state)
{
	const json_t *tunnels;
	unsigned int ver;
	struct world *w;
	json_t *json;

	(void)state;
	for (ver = 1; ver <= 2; ver++) {
		w = ends(ver, NULL, NULL);
		tunnel(w, 0);
		tunnel(w, 1);
		world_policy(w, 0, "10.0.3.0/24", "10.0.4.0/24", ESP, TUNNEL);
		world_policy(w, 0, "10.0.5.0/24", "10.0.6.0/24", ESP, TUNNEL);
		once_up(w);
		world_acquire(w, 0, 1);
		world_run(w, MINUTE);
		json = ask(w, CTL_STATUS, "");
		tunnels = json_object_get(json, "tunnels");
		assert_int_equal(json_array_size(tunnels), 3);
		assert_string_equal(out_str(json_array_get(tunnels, 0), "state"), "up");
		assert_string_equal(out_str(json_array_get(tunnels, 1), "state"), "down");
		assert_string_equal(out_str(json_array_get(tunnels, 2), "state"), "idle");
		assert_string_equal(out_str(json_array_get(tunnels, 2), "reason"), "no packet has asked for it yet");
		json_decref(json);
		world_free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_each_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
