// SPDX-License-Identifier: GPL-2.0
/*
 * Every algorithm name with every key length from 0 to 1024 bits: the lengths
 * that must be taken are written here from the RFCs, all others must be
 * refused.
 */
#include <string.h>

#include "unit.h"

/**
 * struct keys_row - an algorithm
 * @option: how a command names it, up to the key
 * @id: its number in sadb_sa_encrypt or sadb_sa_auth
 * @bits: lengths taken; 0 ends the list, and stands first for no key
 * @from: instead of @bits: shortest of a range in steps of 8
 * @to: longest
 */
struct keys_row {
	const char *option;
	unsigned int id;
	unsigned int bits[4];
	unsigned int from;
	unsigned int to;
};

static const struct keys_row keys_rows[] = {
	{ "esp 1 -E des-cbc", 2, { 64 }, 0, 0 },		/* RFC 2405 */
	{ "esp 1 -E 3des-cbc", 3, { 192 }, 0, 0 },		/* RFC 2451 */
	{ "esp 1 -E cast128-cbc", 6, { 0 }, 40, 128 },
	{ "esp 1 -E blowfish-cbc", 7, { 0 }, 40, 448 },
	{ "esp 1 -E null", 11, { 0 }, 0, 0 },			/* RFC 2410 */
	{ "esp 1 -E simple", 11, { 0 }, 0, 0 },
	{ "esp 1 -E aes-cbc", 12, { 128, 192, 256 }, 0, 0 },	/* RFC 3602 */
	{ "esp 1 -E rijndael-cbc", 12, { 128, 192, 256 }, 0, 0 },
	{ "esp 1 -E aes-ctr", 13, { 160, 224, 288 }, 0, 0 },	/* RFC 3686: and 32 of nonce */
	{ "esp 1 -E aes-ccm-8", 14, { 152, 216, 280 }, 0, 0 },	/* RFC 4309: and 24 of salt */
	{ "esp 1 -E aes-ccm-12", 15, { 152, 216, 280 }, 0, 0 },
	{ "esp 1 -E aes-ccm-16", 16, { 152, 216, 280 }, 0, 0 },
	{ "esp 1 -E aes-ccm", 16, { 152, 216, 280 }, 0, 0 },
	{ "esp 1 -E aes-gcm-8", 18, { 160, 224, 288 }, 0, 0 },	/* RFC 4106: and 32 of salt */
	{ "esp 1 -E aes-gcm-12", 19, { 160, 224, 288 }, 0, 0 },
	{ "esp 1 -E aes-gcm-16", 20, { 160, 224, 288 }, 0, 0 },
	{ "esp 1 -E aes-gcm", 20, { 160, 224, 288 }, 0, 0 },
	{ "esp 1 -E camellia-cbc", 22, { 128, 192, 256 }, 0, 0 }, /* RFC 4312 */
	{ "esp 1 -E aes-gmac", 23, { 160, 224, 288 }, 0, 0 },	/* RFC 4543 */
	{ "esp 1 -E chacha20-poly1305", 225, { 288 }, 0, 0 },	/* RFC 7634 */
	{ "esp 1 -E serpent-cbc", 252, { 128, 192, 256 }, 0, 0 },
	{ "esp 1 -E twofish-cbc", 253, { 128, 192, 256 }, 0, 0 },
	{ "ah 1 -A hmac-md5", 2, { 128 }, 0, 0 },		/* RFC 2403 */
	{ "ah 1 -A hmac-sha1", 3, { 160 }, 0, 0 },		/* RFC 2404 */
	{ "ah 1 -A hmac-sha256", 5, { 256 }, 0, 0 },		/* RFC 4868 */
	{ "ah 1 -A hmac-sha2-256", 5, { 256 }, 0, 0 },
	{ "ah 1 -A hmac-sha384", 6, { 384 }, 0, 0 },
	{ "ah 1 -A hmac-sha2-384", 6, { 384 }, 0, 0 },
	{ "ah 1 -A hmac-sha512", 7, { 512 }, 0, 0 },
	{ "ah 1 -A hmac-sha2-512", 7, { 512 }, 0, 0 },
	{ "ah 1 -A hmac-ripemd160", 8, { 160 }, 0, 0 },		/* RFC 2857 */
	{ "ah 1 -A aes-xcbc-mac", 9, { 128 }, 0, 0 },		/* RFC 3566 */
	{ "ah 1 -A aes-cmac", 226, { 128 }, 0, 0 },		/* RFC 4494 */
	{ "ah 1 -A null", 251, { 0 }, 0, 0 },
};

static bool keys_takes(const struct keys_row *row, unsigned int bits)
{
	size_t i;

	if (row->to)
		return bits >= row->from && bits <= row->to;
	for (i = 0; i < 4; i++)
		if (row->bits[i] == bits && (bits || !i))
			return true;
	return false;
}

static void keys_one(const struct keys_row *row)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;
	const struct sadb_sa *sa;
	unsigned int bits, bad = 0;
	char text[512];

	for (bits = 0; bits <= 1024; bits += 8) {
		snprintf(text, sizeof(text), "add 10.0.0.1 10.0.0.2 %s %s%0*d;", row->option,
			 bits ? "0x" : "#", (int)bits / 4, 0);
		if (!bits)
			strcpy(strchr(text, '#'), ";");
		run = unit_text(text, &sk);
		sa = unit_ext(run, SADB_EXT_SA);
		if (!run->errors != keys_takes(row, bits) || !sa != !!run->errors)
			bad = bits + 1;
		if (sa && (row->option[0] == 'e' ? sa->sadb_sa_encrypt : sa->sadb_sa_auth) !=
			  row->id)
			bad = bits + 1;
	}
	if (!unit_ok(!bad, "key lengths of %s", row->option))
		unit_note("wrong at %u bits", bad - 1);
}

/* What is printed for a number must be read back as that number. */
static void keys_names(void)
{
	const struct pfkey_alg *alg, *by;
	unsigned int bad = 0;
	size_t i;

	for (i = 0; (alg = pfkey_alg_row(i)); i++) {
		by = pfkey_alg_by_name(alg->kind, alg->name, strlen(alg->name));
		bad += by != alg;
		by = pfkey_alg_by_id(alg->kind, alg->id);
		bad += !by || by->id != alg->id || by->flags & PFKEY_ALG_ALIAS;
	}
	unit_ok(!bad && i > 40, "each name is found once, each number has a name to print");
	unit_ok(!pfkey_alg_by_name(PFKEY_ALG_AUTH, "aes-cbc", 7) &&
		!pfkey_alg_by_name(PFKEY_ALG_ENC, "aes-cb", 6), "names of the wrong kind or length");
	unit_ok(pfkey_proto_by_name("any", 3) == 255 && pfkey_proto_by_name("icmp6", 5) == 58 &&
		pfkey_proto_by_name("tcpx", 4) == -1 && pfkey_proto_by_name("tcpx", 3) == 6,
		"names of upper protocols");
}

/**
 * test_keys() - algorithm names and key lengths
 */
void test_keys(void)
{
	size_t i;

	for (i = 0; i < sizeof(keys_rows) / sizeof(keys_rows[0]); i++)
		keys_one(&keys_rows[i]);
	keys_names();
}
