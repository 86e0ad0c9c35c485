// SPDX-License-Identifier: GPL-2.0
/*
 * Self-tests of alg/alg_table.c and of ESP's arithmetic of lengths, which
 * stands on its rows; for the module and for user space.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>

#include "alg/alg_table.h"
#include "test/test.h"
#include "xform/esp_len.h"

/* Longest key that an SA can keep, salt included. */
#define KEY_BITS_MAX	512

static const struct {
	bool auth;
	u8 id;
	unsigned int bits;
	bool ok;
	const char *why;
} key_cases[] = {
	{ true, SADB_AALG_NONE, 0, true, "no algorithm, no key" },
	{ true, SADB_AALG_NONE, 8, false, "a key for nothing" },
	{ true, SADB_X_AALG_NULL, 0, true, "NULL integrity has no key" },
	{ true, SADB_AALG_MD5HMAC, 128, true, "RFC 2403" },
	{ true, SADB_AALG_MD5HMAC, 120, false, "one byte short" },
	{ true, SADB_AALG_SHA1HMAC, 160, true, "RFC 2404" },
	{ true, SADB_AALG_SHA1HMAC, 168, false, "one byte long" },
	{ true, SADB_X_AALG_SHA2_256HMAC, 256, true, "RFC 4868" },
	{ true, SADB_X_AALG_SHA2_384HMAC, 384, true, "RFC 4868" },
	{ true, SADB_X_AALG_SHA2_512HMAC, 512, true, "RFC 4868" },
	{ true, SADB_X_AALG_SHA2_512HMAC, 0, false, "empty" },
	{ true, SADB_X_AALG_AES_XCBC_MAC, 128, true, "RFC 3566" },
	{ true, SADB_X_AALG_AES_XCBC_MAC, 256, false, "XCBC is AES-128 only" },
	{ true, SADB_X_AALG_TESTUDO_AES_CMAC, 128, true, "RFC 4494" },
	{ false, SADB_EALG_NULL, 0, true, "NULL has no key" },
	{ false, SADB_EALG_NULL, 64, false, "NULL takes none" },
	{ false, SADB_EALG_3DESCBC, 192, true, "three keys of 64 bits" },
	{ false, SADB_EALG_3DESCBC, 128, false, "two keys are not 3DES here" },
	{ false, SADB_X_EALG_AESCBC, 0, false, "AES needs a key" },
	{ false, SADB_X_EALG_AESCBC, 128, true, "AES-128" },
	{ false, SADB_X_EALG_AESCBC, 192, true, "AES-192" },
	{ false, SADB_X_EALG_AESCBC, 256, true, "AES-256" },
	{ false, SADB_X_EALG_AESCBC, 104, false, "too short" },
	{ false, SADB_X_EALG_AESCBC, 136, false, "between two lengths" },
	{ false, SADB_X_EALG_AESCBC, 320, false, "too long" },
	{ false, SADB_X_EALG_AESCTR, 160, true, "128 and the nonce" },
	{ false, SADB_X_EALG_AESCTR, 128, false, "nonce missing" },
	{ false, SADB_X_EALG_AESCTR, 288, true, "256 and the nonce" },
	{ false, SADB_X_EALG_CAMELLIACBC, 192, true, "Camellia-192" },
	{ false, SADB_X_EALG_AES_GCM_ICV8, 160, true, "128 and the salt" },
	{ false, SADB_X_EALG_AES_GCM_ICV12, 224, true, "192 and the salt" },
	{ false, SADB_X_EALG_AES_GCM_ICV16, 288, true, "256 and the salt" },
	{ false, SADB_X_EALG_AES_GCM_ICV16, 128, false, "salt missing" },
	{ false, SADB_X_EALG_AES_CCM_ICV8, 152, true, "salt of 3 bytes" },
	{ false, SADB_X_EALG_AES_CCM_ICV12, 216, true, "192 and the salt" },
	{ false, SADB_X_EALG_AES_CCM_ICV16, 280, true, "256 and the salt" },
	{ false, SADB_X_EALG_AES_CCM_ICV16, 288, false, "GCM's salt" },
	{ false, SADB_X_EALG_NULL_AES_GMAC, 160, true, "keyed as GCM" },
	{ false, SADB_X_EALG_TESTUDO_CHACHA20POLY1305, 288, true, "RFC 7634" },
	{ false, SADB_X_EALG_TESTUDO_CHACHA20POLY1305, 256, false, "salt missing" },
};

static bool test_keys(void)
{
	const struct ipsec_alg *alg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(key_cases); i++) {
		alg = key_cases[i].auth ? ipsec_alg_auth(key_cases[i].id) :
					  ipsec_alg_enc(key_cases[i].id);
		TEST_ROW(alg, i, key_cases[i].why);
		TEST_ROW(ipsec_alg_key_ok(alg, key_cases[i].bits) ==
			 key_cases[i].ok, i, key_cases[i].why);
	}
	TEST_OK(!ipsec_alg_enc(SADB_EALG_NONE), "no cipher is none");
	TEST_OK(!ipsec_alg_enc(SADB_EALG_DESCBC), "DES is not offered");
	TEST_OK(!ipsec_alg_enc(99) && !ipsec_alg_auth(99), "unknown numbers");
	return true;
}

static bool test_rows(void)
{
	const struct ipsec_alg *alg, *other;
	unsigned int n = 0;

	for (alg = ipsec_alg_next(NULL); alg; alg = ipsec_alg_next(alg)) {
		TEST_ROW(alg->id && alg->name && alg->crypto, n, "named");
		TEST_ROW(alg->max_bits <= KEY_BITS_MAX, n, "key fits");
		TEST_ROW(alg->min_bits <= alg->max_bits, n, "order of lengths");
		TEST_ROW(!alg->salt || alg->salt * 8 < alg->min_bits, n,
			 "the salt is not the whole key");
		TEST_ROW(!alg->step_bits ||
			 (alg->max_bits - alg->min_bits) % alg->step_bits == 0,
			 n, "the greatest length is a valid one");
		TEST_ROW(alg->iv <= 16 && alg->icv <= 32, n, "sizes");
		TEST_ROW(alg->iv == alg->pfkey_iv, n, "SADB_REGISTER tells the IV");
		if (alg->kind == IPSEC_ALG_AUTH)
			TEST_ROW(ipsec_alg_auth(alg->id) == alg, n, "found again");
		else
			TEST_ROW(ipsec_alg_enc(alg->id) == alg, n, "found again");
		if (alg->kind != IPSEC_ALG_AUTH)
			TEST_ROW(alg->block >= 4 && is_power_of_2(alg->block),
				 n, "alignment of RFC 4303 2.4");
		if (alg->kind == IPSEC_ALG_AEAD)
			TEST_ROW(alg->icv, n, "an AEAD has an ICV");
		for (other = ipsec_alg_next(alg); other;
		     other = ipsec_alg_next(other))
			TEST_ROW(other->id != alg->id ||
				 (other->kind == IPSEC_ALG_AUTH) !=
				 (alg->kind == IPSEC_ALG_AUTH), n, "one row an id");
		n++;
	}
	TEST_OK(n == 21, "every algorithm that is promised");
	return true;
}

static bool test_sha256(void)
{
	bool was = ipsec_alg_sha256_96;
	unsigned int icv_96, icv_128;

	ipsec_alg_sha256_96 = true;
	icv_96 = ipsec_alg_auth(SADB_X_AALG_SHA2_256HMAC)->icv;
	ipsec_alg_sha256_96 = false;
	icv_128 = ipsec_alg_auth(SADB_X_AALG_SHA2_256HMAC)->icv;
	TEST_OK(ipsec_alg_auth_icv(SADB_X_AALG_SHA2_256HMAC, 12)->icv == 12 &&
		ipsec_alg_auth_icv(SADB_X_AALG_SHA2_256HMAC, 16)->icv == 16,
		"both are found by their ICV");
	ipsec_alg_sha256_96 = was;
	TEST_OK(icv_96 == 12, "old af_key peers");
	TEST_OK(icv_128 == 16, "RFC 4868");
	return true;
}

/*
 * Lengths that other implementations assert: ESP around an inner packet of
 * 148 bytes, and the inner MTU of a tunnel over links of 1500 (outer IPv4,
 * outer IPv6, NAT-T over IPv4), 1300 (IPv4) and 1280 (IPv6).
 */
static const struct {
	u8 enc, auth;
	unsigned int esp, mtu4, mtu6, natt, mtu1300, mtu1280;
} length_cases[] = {
	{ SADB_X_EALG_AES_GCM_ICV16, SADB_AALG_NONE,
	  184, 1446, 1426, 1438, 1246, 1206 },
	{ SADB_X_EALG_TESTUDO_CHACHA20POLY1305, SADB_AALG_NONE,
	  184, 1446, 1426, 1438, 1246, 1206 },
	{ SADB_X_EALG_AESCBC, SADB_AALG_SHA1HMAC,
	  196, 1438, 1422, 1422, 1230, 1198 },
	{ SADB_X_EALG_AESCBC, SADB_X_AALG_SHA2_256HMAC,
	  200, 1438, 1406, 1422, 1230, 1198 },
	{ SADB_X_EALG_AESCBC, SADB_X_AALG_SHA2_384HMAC,
	  208, 1422, 1406, 1422, 1230, 1182 },
	{ SADB_X_EALG_AESCBC, SADB_X_AALG_SHA2_512HMAC,
	  216, 1422, 1390, 1406, 1214, 1182 },
	{ SADB_EALG_3DESCBC, SADB_AALG_SHA1HMAC,
	  180, 1446, 1430, 1438, 1246, 1206 },
	{ SADB_X_EALG_AESCTR, SADB_X_AALG_SHA2_256HMAC,
	  184, 1446, 1426, 1438, 1246, 1206 },
	{ SADB_EALG_NULL, SADB_X_AALG_SHA2_256HMAC,
	  176, 1454, 1434, 1446, 1254, 1214 },
};

static struct ipsec_esp_len length_of(u8 enc_id, u8 auth_id)
{
	const struct ipsec_alg *enc = ipsec_alg_enc(enc_id);
	const struct ipsec_alg *auth = ipsec_alg_auth(auth_id);

	return (struct ipsec_esp_len){
		.iv = enc->iv, .block = enc->block,
		.icv = enc->kind == IPSEC_ALG_AEAD ? enc->icv : auth->icv,
	};
}

static bool test_lengths(void)
{
	bool was = ipsec_alg_sha256_96;
	struct ipsec_esp_len l;
	size_t i;

	ipsec_alg_sha256_96 = false;
	for (i = 0; i < ARRAY_SIZE(length_cases); i++) {
		l = length_of(length_cases[i].enc, length_cases[i].auth);
		TEST_ROW(148 + ipsec_esp_overhead(&l, 148) ==
			 length_cases[i].esp, i, "ESP length");
		TEST_ROW(ipsec_esp_max_payload(&l, 1500 - 20) ==
			 length_cases[i].mtu4, i, "1500, IPv4");
		TEST_ROW(ipsec_esp_max_payload(&l, 1500 - 40) ==
			 length_cases[i].mtu6, i, "1500, IPv6");
		TEST_ROW(ipsec_esp_max_payload(&l, 1500 - 28) ==
			 length_cases[i].natt, i, "1500, UDP over IPv4");
		TEST_ROW(ipsec_esp_max_payload(&l, 1300 - 20) ==
			 length_cases[i].mtu1300, i, "1300, IPv4");
		TEST_ROW(ipsec_esp_max_payload(&l, 1280 - 40) ==
			 length_cases[i].mtu1280, i, "1280, IPv6");
	}
	ipsec_alg_sha256_96 = was;
	return true;
}

/* Overhead and greatest payload say the same, for every room. */
static bool test_lengths_agree(void)
{
	struct ipsec_esp_len l = length_of(SADB_X_EALG_AESCBC,
					   SADB_AALG_SHA1HMAC);
	unsigned int room, max, len;

	for (room = 0; room < 600; room++) {
		max = ipsec_esp_max_payload(&l, room);
		if (!max) {
			TEST_ROW(1 + ipsec_esp_overhead(&l, 1) > room, room,
				 "none fits");
			continue;
		}
		TEST_ROW(max + ipsec_esp_overhead(&l, max) <= room, room,
			 "it fits");
		TEST_ROW(max + 1 + ipsec_esp_overhead(&l, max + 1) > room, room,
			 "one more does not");
	}
	for (len = 0; len < 64; len++)
		TEST_ROW(ipsec_esp_overhead(&l, len) <=
			 ipsec_esp_head(&l) + ipsec_esp_tailroom(&l), len,
			 "room behind");
	return true;
}

/**
 * ipsec_test_alg_table() - the algorithm table against the RFCs' numbers
 *
 * Return: false on the first failure, which is in the log.
 */
bool ipsec_test_alg_table(void)
{
	return test_keys() && test_rows() && test_sha256() && test_lengths() &&
	       test_lengths_agree();
}
