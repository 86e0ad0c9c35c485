// SPDX-License-Identifier: GPL-2.0
/* test_alg - the table of algorithms: its rows, its number spaces, its names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crypto/alg.h"

/* each spelling of each row leads to that row */
static void names_lead_back(void **state)
{
	const struct alg *alg;
	char words[128], *word, *save;
	size_t i;

	(void)state;
	for (i = 0; (alg = alg_row(i)); i++) {
		assert_ptr_equal(alg_by_name(alg->kind, alg->name), alg);
		assert_true(strlen(alg->name) < 24);
		if (!alg->alias)
			continue;
		assert_true(strlen(alg->alias) < sizeof(words));
		strcpy(words, alg->alias);
		for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
			assert_ptr_equal(alg_by_name(alg->kind, word), alg);
	}
	assert_true(i > 60);
	assert_null(alg_row(i + 1));
}

static void numbers_lead_back(void **state)
{
	const struct alg *alg;
	size_t i;

	(void)state;
	for (i = 0; (alg = alg_row(i)); i++) {
		if (alg->v2 || alg->kind == ALG_ESN)
			assert_ptr_equal(alg_by_v2(alg->kind, alg->v2), alg);
		if (alg->v1_phase1)
			assert_ptr_equal(alg_by_v1_phase1(alg->kind, alg->v1_phase1), alg);
		if (alg->v1_ipsec)
			assert_ptr_equal(alg_by_v1_ipsec(alg->kind, alg->v1_ipsec), alg);
		if (alg->v1_ah)
			assert_ptr_equal(alg_by_v1_ah(alg->v1_ah), alg);
	}
}

/* what others rely on without looking again */
static void rows_are_whole(void **state)
{
	const struct alg *alg;
	size_t i, k;

	(void)state;
	for (i = 0; (alg = alg_row(i)); i++) {
		if (alg->flags & (ALG_WEAK | ALG_BROKEN | ALG_GONE))
			assert_non_null(alg->why);
		else
			assert_null(alg->why);
		for (k = 1; k < 4 && alg->keylens[0] && alg->keylens[k]; k++)
			assert_true(alg->keylens[k] < alg->keylens[k - 1]);
		if (alg->keylens[0])
			assert_true(alg_has_keylen(alg, alg->keylen));
		if (alg->flags & ALG_GONE)
			continue;
		if (alg->kind == ALG_ENCR) {
			assert_true(alg->block >= 1 && alg->pfkey);
			assert_int_equal(!!(alg->flags & ALG_AEAD), !!alg->icv);
			if (!(alg->flags & ALG_NOIKE))
				assert_non_null(alg->ossl);
		}
		if (alg->kind == ALG_INTEG && !(alg->flags & ALG_BROKEN))
			assert_true(alg->pfkey && alg->icv && alg->v2);
		if (alg->kind == ALG_PRF || alg->kind == ALG_HASH)
			assert_true(alg->out && alg->ossl);
		if (alg->kind == ALG_DH)
			assert_true(alg->out && alg->keylen && alg->v2);
	}
}

static const struct {
	enum alg_kind kind;
	const char *name;
	unsigned int phase1, ipsec, ah, v2, pfkey;
	const char *why;
} numbers[] = {
	{ ALG_ENCR, "aes", 7, 12, 0, 12, 12, "RFC 3602" },
	{ ALG_ENCR, "rijndael", 7, 12, 0, 12, 12, "racoon's other name" },
	{ ALG_ENCR, "3des", 5, 3, 0, 3, 3, "RFC 2409, 2407" },
	{ ALG_ENCR, "camellia", 8, 22, 0, 23, 22, "RFC 4312, 5529" },
	{ ALG_ENCR, "aes_ctr", 0, 13, 0, 13, 13, "RFC 3686" },
	{ ALG_ENCR, "aes_gcm", 0, 20, 0, 20, 20, "RFC 4106, ICV of 16" },
	{ ALG_ENCR, "aes_gcm_8", 0, 18, 0, 18, 18, "RFC 4106" },
	{ ALG_ENCR, "aes_ccm", 0, 16, 0, 16, 16, "RFC 4309, ICV of 16" },
	{ ALG_ENCR, "chacha20poly1305", 0, 0, 0, 28, 225, "RFC 7634: IKEv2 alone" },
	{ ALG_ENCR, "null_enc", 0, 11, 0, 11, 11, "RFC 2410" },
	{ ALG_HASH, "md5", 1, 0, 0, 0, 0, "RFC 2409" },
	{ ALG_HASH, "sha1", 2, 0, 0, 0, 0, "RFC 2409" },
	{ ALG_HASH, "sha2_256", 4, 0, 0, 0, 0, "IANA" },
	{ ALG_HASH, "sha512", 6, 0, 0, 0, 0, "IANA" },
	{ ALG_INTEG, "hmac_md5", 0, 1, 2, 1, 2, "RFC 2403" },
	{ ALG_INTEG, "hmac_sha1", 0, 2, 3, 2, 3, "RFC 2404" },
	{ ALG_INTEG, "hmac_sha2_256", 0, 5, 5, 12, 5, "RFC 4868" },
	{ ALG_INTEG, "hmac_sha512", 0, 7, 7, 14, 7, "RFC 4868" },
	{ ALG_INTEG, "aes_xcbc", 0, 9, 9, 5, 9, "RFC 3566" },
	{ ALG_INTEG, "aes_cmac", 0, 0, 0, 8, 226, "RFC 4494" },
	{ ALG_PRF, "hmac_sha384", 0, 0, 0, 6, 0, "RFC 4868" },
	{ ALG_DH, "1", 1, 0, 0, 1, 0, "a seed document has pfs_group 1" },
	{ ALG_DH, "modp1024", 2, 0, 0, 2, 0, "RFC 2409" },
	{ ALG_DH, "14", 14, 0, 0, 14, 0, "RFC 3526" },
	{ ALG_DH, "ecp521", 21, 0, 0, 21, 0, "RFC 5903" },
	{ ALG_DH, "x25519", 0, 0, 0, 31, 0, "RFC 8031: IKEv2 alone" },
	{ ALG_COMP, "deflate", 0, 2, 0, 2, 2, "RFC 2394" },
	{ ALG_ESN, "esn", 0, 0, 0, 1, 0, "RFC 7296" },
};

static void numbers_are_the_registries(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct alg *alg = alg_by_name(numbers[i].kind, numbers[i].name);

		if (!alg || alg->v1_phase1 != numbers[i].phase1 ||
		    alg->v1_ipsec != numbers[i].ipsec || alg->v1_ah != numbers[i].ah ||
		    alg->v2 != numbers[i].v2 || alg->pfkey != numbers[i].pfkey)
			fail_msg("%s: %s", numbers[i].name, numbers[i].why);
	}
}

static void zero_is_nothing(void **state)
{
	(void)state;
	assert_null(alg_by_v2(ALG_ENCR, 0));
	assert_null(alg_by_v2(ALG_INTEG, 0));
	assert_null(alg_by_v2(ALG_DH, 0));
	assert_non_null(alg_by_v2(ALG_ESN, 0));
	assert_null(alg_by_v1_phase1(ALG_HASH, 0));
	assert_null(alg_by_v1_ipsec(ALG_INTEG, 0));
	assert_null(alg_by_v1_ah(0));
	assert_null(alg_by_v2(ALG_HASH, 4));
	assert_null(alg_by_v2(ALG_ENCR, 65535));
	assert_null(alg_by_v2(ALG_ENCR, 65536 + 12));
	assert_null(alg_by_name(ALG_ENCR, "aes256"));
	assert_null(alg_by_name(ALG_ENCR, ""));
	assert_null(alg_by_name(ALG_ENCR, "sha256"));
}

static const struct {
	const char *name;
	unsigned int bits;
	bool ok;
	const char *why;
} lengths[] = {
	{ "aes", 256, true, "one of three" },
	{ "aes", 0, false, "must be said" },
	{ "aes", 160, false, "between two" },
	{ "3des", 0, true, "goes without saying" },
	{ "3des", 192, true, "may be said all the same" },
	{ "3des", 128, false, "is another" },
	{ "chacha20poly1305", 0, true, "goes without saying" },
	{ "null_enc", 0, true, "has none" },
	{ "null_enc", 128, false, "has none" },
};

static void key_lengths(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (alg_has_keylen(alg_by_name(ALG_ENCR, lengths[i].name), lengths[i].bits) !=
		    lengths[i].ok)
			fail_msg("%s %u: %s", lengths[i].name, lengths[i].bits, lengths[i].why);
}

/* a hash of phase 1 is HMAC with the same digest in both places of IKEv2 */
static void hashes_have_both_names(void **state)
{
	const struct alg *alg;
	size_t i;

	(void)state;
	for (i = 0; (alg = alg_row(i)); i++) {
		if (alg->kind != ALG_HASH)
			continue;
		if (alg->flags & ALG_GONE) {
			assert_null(alg_hash_prf(alg));
			assert_null(alg_hash_integ(alg));
			continue;
		}
		assert_string_equal(alg_hash_prf(alg)->ossl, alg->ossl);
		assert_string_equal(alg_hash_integ(alg)->ossl, alg->ossl);
		assert_int_equal(alg_hash_prf(alg)->out, alg->out);
		assert_int_equal(alg_hash_integ(alg)->keylen, 8 * alg->out);
	}
}

static void texts(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(alg_text(alg_by_name(ALG_ENCR, "aes"), 256, buf, sizeof(buf)), "aes256");
	assert_string_equal(alg_text(alg_by_name(ALG_ENCR, "aes_gcm"), 256, buf, sizeof(buf)),
			    "aes_gcm_16-256");
	assert_string_equal(alg_text(alg_by_name(ALG_ENCR, "3des"), 0, buf, sizeof(buf)), "3des");
	assert_string_equal(alg_text(alg_by_name(ALG_INTEG, "hmac_sha2_256"), 0, buf, sizeof(buf)),
			    "hmac_sha256");
	assert_string_equal(alg_text(alg_by_name(ALG_ENCR, "aes"), 256, buf, 4), "aes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_back),
		cmocka_unit_test(numbers_lead_back),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(numbers_are_the_registries),
		cmocka_unit_test(zero_is_nothing),
		cmocka_unit_test(key_lengths),
		cmocka_unit_test(hashes_have_both_names),
		cmocka_unit_test(texts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
