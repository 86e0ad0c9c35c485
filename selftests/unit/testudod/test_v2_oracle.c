// SPDX-License-Identifier: GPL-2.0
/*
 * IKEv2 as somebody else reads it: a run of two engines is recorded with the
 * initiator's private value, and v2_oracle.py computes all the rest by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <libgen.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ikev2/v2.h"
#include "v2_help.h"
#include "world.h"

static void oracle_hex(FILE *f, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(f, "%02x", p[i]);
}

/* Our private value, before it is gone. */
static void oracle_dh(FILE *f, const struct crypt_dh *dh)
{
	uint8_t raw[64];
	size_t n = sizeof(raw);
	BIGNUM *bn = NULL;

	fprintf(f, "dh %s ", dh->group->name);
	if (!EVP_PKEY_get_raw_private_key(dh->key, raw, &n)) {
		assert_true(EVP_PKEY_get_bn_param(dh->key, OSSL_PKEY_PARAM_PRIV_KEY, &bn));
		n = BN_bn2binpad(bn, raw, 32);
		BN_clear_free(bn);
	}
	oracle_hex(f, raw, n);
	fputc('\n', f);
}

static void oracle_hook(struct world *w, struct world_dg *dg, void *arg)
{
	FILE *f = arg;

	if (dg->number == 1)
		oracle_dh(f, TAILQ_FIRST(&world_peer(w, 0)->sas)->v2->dh);
	if (dg->number > 6)
		return;
	fputs("msg ", f);
	oracle_hex(f, dg->data.p, dg->data.n);
	fputc('\n', f);
}

static void oracle_sas(FILE *f, const struct world_side *side)
{
	unsigned int i;

	for (i = 0; i < WORLD_SAS; i++) {
		const struct world_sa *a = &side->sas[i];

		if (!a->used)
			continue;
		fprintf(f, "sa %08x ", a->sa.spi);
		oracle_hex(f, a->encr_key.p, a->encr_key.n);
		fputc(' ', f);
		oracle_hex(f, a->integ_key.p, a->integ_key.n);
		fputc('\n', f);
	}
}

static int oracle_ask(const char *file)
{
	char here[512], command[1200];

	snprintf(here, sizeof(here), "%s", __FILE__);
	snprintf(command, sizeof(command), "python3 %s/v2_oracle.py %s >&2", dirname(here), file);
	return WEXITSTATUS(system(command));
}

static void oracle_run(const char *proposal, const char *sainfo)
{
	const struct v2_conf c = { .proposal = proposal, .sainfo = sainfo };
	char name[] = "/tmp/v2_oracle.XXXXXX";
	int fd = mkstemp(name), verdict;
	FILE *f = fdopen(fd, "w");
	struct world *w = v2_world(&c, &c);

	assert_non_null(f);
	fputs("psk ", f);
	oracle_hex(f, (const uint8_t *)"a secret of both", 16);
	fputc('\n', f);
	v2_tunnels(w);
	w->hook = oracle_hook;
	w->hook_arg = f;
	world_acquire(w, 0, 0);
	world_run(w, 100);
	world_expire(w, 0, world_child(w, 0), false);
	world_run(w, 100);
	oracle_sas(f, &w->side[0]);
	fclose(f);
	verdict = oracle_ask(name);
	unlink(name);
	world_free(w);
	if (verdict == 77)
		skip();
	assert_int_equal(verdict, 0);
}

static void test_cbc(void **state)
{
	(void)state;
	oracle_run("encryption_algorithm aes 256; hash_algorithm sha256; dh_group x25519;",
		   "encryption_algorithm aes 128; authentication_algorithm hmac_sha256;");
}

static void test_gcm(void **state)
{
	(void)state;
	oracle_run("encryption_algorithm aes_gcm_16 256; hash_algorithm sha384; dh_group ecp256;",
		   "encryption_algorithm aes_gcm_16 256; authentication_algorithm hmac_sha256;");
}

static void test_mixed(void **state)
{
	(void)state;
	oracle_run("encryption_algorithm aes 128; hash_algorithm sha512; dh_group ecp256;",
		   "encryption_algorithm aes 256; authentication_algorithm hmac_sha512;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cbc),
		cmocka_unit_test(test_gcm),
		cmocka_unit_test(test_mixed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
