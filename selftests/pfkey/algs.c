// SPDX-License-Identifier: GPL-2.0
/*
 * Every algorithm with every key length around the right ones, alone and in
 * pairs; and SADB_REGISTER, which must offer what can be added and nothing
 * else. The table is written from the RFCs, not from the module's.
 *
 * # kernels: all
 * # timeout: 900
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

#define SRC	"10.0.0.1"
#define DST	"10.0.0.2"

/**
 * struct alg - an algorithm as its RFC describes it
 * @name: for the report
 * @id: PF_KEY number
 * @good: key lengths in bits, ending with -1
 * @aead: takes no integrity algorithm beside it
 */
struct alg {
	const char *name;
	unsigned int id;
	int good[4];
	bool aead;
};

static const struct alg auths[] = {
	{ "MD5", SADB_AALG_MD5HMAC, { 128, -1 }, false },
	{ "SHA1", SADB_AALG_SHA1HMAC, { 160, -1 }, false },
	{ "SHA2-256", SADB_X_AALG_SHA2_256HMAC, { 256, -1 }, false },
	{ "SHA2-384", SADB_X_AALG_SHA2_384HMAC, { 384, -1 }, false },
	{ "SHA2-512", SADB_X_AALG_SHA2_512HMAC, { 512, -1 }, false },
	{ "AES-XCBC", SADB_X_AALG_AES_XCBC_MAC, { 128, -1 }, false },
	{ "AES-CMAC", SADB_X_AALG_TESTUDO_AES_CMAC, { 128, -1 }, false },
	{ "auth NULL", SADB_X_AALG_NULL, { 0, -1 }, false },
};

static const struct alg encs[] = {
	{ "3DES", SADB_EALG_3DESCBC, { 192, -1 }, false },
	{ "NULL", SADB_EALG_NULL, { 0, -1 }, false },
	{ "AES-CBC", SADB_X_EALG_AESCBC, { 128, 192, 256, -1 }, false },
	{ "AES-CTR", SADB_X_EALG_AESCTR, { 160, 224, 288, -1 }, false },
	{ "CAMELLIA", SADB_X_EALG_CAMELLIACBC, { 128, 192, 256, -1 }, false },
	{ "AES-CCM-8", SADB_X_EALG_AES_CCM_ICV8, { 152, 216, 280, -1 }, true },
	{ "AES-CCM-12", SADB_X_EALG_AES_CCM_ICV12, { 152, 216, 280, -1 }, true },
	{ "AES-CCM-16", SADB_X_EALG_AES_CCM_ICV16, { 152, 216, 280, -1 }, true },
	{ "AES-GCM-8", SADB_X_EALG_AES_GCM_ICV8, { 160, 224, 288, -1 }, true },
	{ "AES-GCM-12", SADB_X_EALG_AES_GCM_ICV12, { 160, 224, 288, -1 }, true },
	{ "AES-GCM-16", SADB_X_EALG_AES_GCM_ICV16, { 160, 224, 288, -1 }, true },
	{ "AES-GMAC", SADB_X_EALG_NULL_AES_GMAC, { 160, 224, 288, -1 }, true },
	{ "CHACHA20", SADB_X_EALG_TESTUDO_CHACHA20POLY1305, { 288, -1 }, true },
};

/* errno of an ADD of this pair; a length of -1 leaves the key out */
static int add(int fd, uint32_t spi, unsigned int enc, int enc_bits, unsigned int auth,
	       int auth_bits)
{
	struct msg m;
	int err;

	m_begin(&m, SADB_ADD, SADB_SATYPE_ESP);
	m_sa(&m, spi, auth, enc);
	if (enc_bits >= 0)
		m_key(&m, SADB_EXT_KEY_ENCRYPT, enc_bits);
	if (auth_bits >= 0)
		m_key(&m, SADB_EXT_KEY_AUTH, auth_bits);
	m_ends(&m, SRC, DST);
	err = k_do(fd, &m);
	if (!err) {
		m_said(&m, SADB_DELETE, SADB_SATYPE_ESP, spi, SRC, DST);
		EQ(k_do(fd, &m), 0);
	}
	return err;
}

static bool takes(const struct alg *alg, int bits)
{
	const int *good;

	for (good = alg->good; *good >= 0; good++)
		if (*good == bits)
			return true;
	return false;
}

/* Every byte, and the bits beside the right ones. */
static bool worth_trying(const struct alg *alg, int bits)
{
	return bits % 8 == 0 || takes(alg, bits - 1) || takes(alg, bits + 1);
}

TEST(key_lengths_of_ciphers)
{
	int fd = k_open(), bits;
	const struct alg *alg;

	for (alg = encs; alg < encs + ARRAY_SIZE(encs); alg++) {
		test_in_row(alg->name);
		for (bits = 0; bits <= 600; bits++) {
			if (!worth_trying(alg, bits))
				continue;
			EQ(add(fd, 0x1000, alg->id, bits, alg->aead ? 0 : SADB_AALG_SHA1HMAC,
			       alg->aead ? -1 : 160), takes(alg, bits) ? 0 : EINVAL);
		}
		EQ(add(fd, 0x1000, alg->id, -1, SADB_AALG_SHA1HMAC, 160), EINVAL);
	}
	EQ(k_count_sa(fd, 0), 0);
}

TEST(key_lengths_of_integrity)
{
	int fd = k_open(), bits;
	const struct alg *alg;

	for (alg = auths; alg < auths + ARRAY_SIZE(auths); alg++) {
		test_in_row(alg->name);
		for (bits = 0; bits <= 600; bits++)
			if (worth_trying(alg, bits))
				EQ(add(fd, 0x1000, SADB_X_EALG_AESCBC, 128, alg->id, bits),
				   takes(alg, bits) ? 0 : EINVAL);
	}
	EQ(k_count_sa(fd, 0), 0);
}

TEST(every_pair)
{
	const struct alg *enc, *auth;
	int fd = k_open();

	for (enc = encs; enc < encs + ARRAY_SIZE(encs); enc++) {
		test_in_row(enc->name);
		for (auth = auths; auth < auths + ARRAY_SIZE(auths); auth++) {
			/* libreswan names NULL beside an AEAD */
			bool good = !enc->aead || auth->id == SADB_X_AALG_NULL;

			EQ(add(fd, 0x1000, enc->id, enc->good[0], auth->id, auth->good[0]),
			   good ? 0 : EINVAL);
		}
	}
}

TEST(what_is_not_there)
{
	static const struct {
		const char *why;
		unsigned int enc;
		int bits;
		int err;
	} rows[] = {
		{ "DES", SADB_EALG_DESCBC, 64, ENOSYS },
		{ "DES with 128 bits", SADB_EALG_DESCBC, 128, EINVAL },
		{ "CAST", SADB_X_EALG_CASTCBC, 128, ENOSYS },
		{ "BLOWFISH", SADB_X_EALG_BLOWFISHCBC, 128, ENOSYS },
		{ "SERPENT", SADB_X_EALG_SERPENTCBC, 128, ENOSYS },
		{ "TWOFISH", SADB_X_EALG_TWOFISHCBC, 128, ENOSYS },
		{ "no algorithm", 99, 128, ENOSYS },
		{ "FreeBSD's ChaCha is our CCM-12", 15, 288, EINVAL },
		{ "beyond the greatest", 254, 128, EINVAL },
		{ "greatest", 253, 128, ENOSYS },
	};
	int fd = k_open();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		test_in_row(rows[i].why);
		EQ(add(fd, 0x1000, rows[i].enc, rows[i].bits, SADB_AALG_SHA1HMAC, 160), rows[i].err);
	}
	EQ(add(fd, 0x1000, SADB_X_EALG_AESCBC, 128, SADB_X_AALG_RIPEMD160HMAC, 160), ENOSYS);
	EQ(add(fd, 0x1000, SADB_X_EALG_AESCBC, 128, 249, 128), ENOSYS);
}

/* What a list says of one algorithm, or NULL. */
static struct sadb_alg *listed(struct msg *m, unsigned int list, unsigned int id)
{
	struct sadb_supported *sup = m_find(m, list);
	struct sadb_alg *alg, *end;

	OK(sup);
	alg = (struct sadb_alg *)(sup + 1);
	end = (struct sadb_alg *)((uint8_t *)sup + sup->sadb_supported_len * 8);
	for (; alg < end; alg++)
		if (alg->sadb_alg_id == id)
			return alg;
	return NULL;
}

static unsigned int list_length(struct msg *m, unsigned int list)
{
	struct sadb_supported *sup = m_find(m, list);

	OK(sup);
	return sup->sadb_supported_len - 1;
}

static void check_list(struct msg *m, unsigned int list, const struct alg *algs, size_t n)
{
	const struct alg *alg;
	struct sadb_alg *found;
	int last;

	EQ(list_length(m, list), n);
	for (alg = algs; alg < algs + n; alg++) {
		test_in_row(alg->name);
		found = listed(m, list, alg->id);
		OK(found);
		for (last = 0; alg->good[last + 1] >= 0; last++)
			;
		EQ(found->sadb_alg_minbits, alg->good[0]);
		EQ(found->sadb_alg_maxbits, alg->good[last]);
	}
	test_in_row(NULL);
}

TEST(register_offers_what_is_there)
{
	int fd = k_open();
	struct msg m, a;

	m_begin(&m, SADB_REGISTER, SADB_SATYPE_ESP);
	EQ(k_ask(fd, &m, &a), 0);
	check_list(&a, SADB_EXT_SUPPORTED_AUTH, auths, ARRAY_SIZE(auths));
	check_list(&a, SADB_EXT_SUPPORTED_ENCRYPT, encs, ARRAY_SIZE(encs));
	EQ(listed(&a, SADB_EXT_SUPPORTED_ENCRYPT, SADB_X_EALG_AES_GCM_ICV16)->sadb_alg_ivlen, 8);
	EQ(listed(&a, SADB_EXT_SUPPORTED_ENCRYPT, SADB_X_EALG_AESCBC)->sadb_alg_ivlen, 16);
}

int main(void)
{
	return test_main();
}
