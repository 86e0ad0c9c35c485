// SPDX-License-Identifier: GPL-2.0
/*
 * test_plain_rsa - racoon's files of plain RSA keys, written here as
 * plainrsa-gen(8) writes them, from keys of the openssl command; what is wrong with
 * a file, and in which line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "certs.h"

/* 20 bytes, as an IKEv1 HASH with SHA-1 has */
#define TBS chunk("twenty octets of HASH", 20)

static void hex_field(struct writer *w, EVP_PKEY *key, const char *name, const char *param)
{
	BIGNUM *bn = NULL;
	char *hex;
	char *line;

	assert_true(EVP_PKEY_get_bn_param(key, param, &bn));
	hex = BN_bn2hex(bn);
	line = xasprintf("\t%s: 0x%s\n", name, hex);
	put_bytes(w, chunk_str(line));
	free(line);
	OPENSSL_free(hex);
	BN_clear_free(bn);
}

static char *rfc3110(EVP_PKEY *key)
{
	uint8_t wire[4 + 512];
	char *text = xcalloc(1, 1024);
	BIGNUM *e = NULL;
	BIGNUM *n = NULL;
	int len;

	EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
	EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n);
	wire[0] = (uint8_t)BN_num_bytes(e);
	len = 1 + BN_bn2bin(e, wire + 1);
	len += BN_bn2bin(n, wire + len);
	EVP_EncodeBlock((uint8_t *)text, wire, len);
	BN_free(e);
	BN_free(n);
	return text;
}

/* as plainrsa-gen writes it */
static struct blob plain_rsa_file(EVP_PKEY *key)
{
	struct writer w = { 0 };
	char *pub = rfc3110(key);
	char *text = xasprintf("# : PUB 0s%s\n: RSA\t{\n\t# RSA 2048 bits\n\t# pubkey=0s%s\n", pub, pub);

	put_bytes(&w, chunk_str(text));
	hex_field(&w, key, "Modulus", OSSL_PKEY_PARAM_RSA_N);
	hex_field(&w, key, "PublicExponent", OSSL_PKEY_PARAM_RSA_E);
	hex_field(&w, key, "PrivateExponent", OSSL_PKEY_PARAM_RSA_D);
	hex_field(&w, key, "Prime1", OSSL_PKEY_PARAM_RSA_FACTOR1);
	hex_field(&w, key, "Prime2", OSSL_PKEY_PARAM_RSA_FACTOR2);
	hex_field(&w, key, "Exponent1", OSSL_PKEY_PARAM_RSA_EXPONENT1);
	hex_field(&w, key, "Exponent2", OSSL_PKEY_PARAM_RSA_EXPONENT2);
	hex_field(&w, key, "Coefficient", OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	put_bytes(&w, chunk_str("  }\n"));
	free(text);
	free(pub);
	return writer_blob(&w);
}

static struct cert *peers_rsa(struct chunk text, char *why, size_t size)
{
	struct source src;
	struct cert *cert;

	source_init(&src);
	source_add(&src, "peer.pub", text, 0);
	cert = cert_from_plain_rsa(&src, "peer.pub", why, size);
	source_free(&src);
	return cert;
}

static void plain_rsa_keys(void **state)
{
	EVP_PKEY *key = certs_key("rsa2048");
	EVP_PKEY *other = certs_key("three");
	struct blob file = plain_rsa_file(key);
	char *pub_key = rfc3110(key);
	char *pub_other = rfc3110(other);
	char *text = xasprintf("# keys\n: PUB 0s%s\n\n: PUB 0s%s # second\n", pub_other, pub_key);
	char why[256] = "";
	struct privkey *own = privkey_from_plain_rsa(blob_chunk(&file), why, sizeof(why));
	struct cert *peer = peers_rsa(chunk_str(text), why, sizeof(why));
	struct blob sig = { 0 };
	uint8_t *digit;

	(void)state;
	assert_non_null(own);
	assert_non_null(peer);
	assert_true(privkey_sign(own, SIG_RAW_RSA_V1, TBS, &sig));
	certs_write("tbs", TBS);
	certs_write("sig", blob_chunk(&sig));
	assert_true(certs_run("openssl pkeyutl -pkeyopt rsa_padding_mode:pkcs1 -verify -pubin "
			      "-inkey work/rsa2048.pub -in tbs -sigfile sig"));
	/* the second of two keys fits */
	assert_true(cert_check_signature(peer, SIG_RAW_RSA_V1, TBS, blob_chunk(&sig)));
	cert_free(peer);
	privkey_free(own);
	/* a digit of a prime changed: such a key would give itself away */
	digit = memmem(file.p, file.n, "Prime1: 0x", 10);
	digit[12] = digit[12] == '7' ? '8' : '7';
	assert_null(privkey_from_plain_rsa(blob_chunk(&file), why, sizeof(why)));
	assert_non_null(strstr(why, "do not belong together"));
	blob_free(&file);
	blob_free(&sig);
	free(text);
	free(pub_key);
	free(pub_other);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void plain_rsa_faults(void **state)
{
	static const struct {
		const char *text;
		const char *say;
	} pub[] = {
		{ "", "no public key" },
		{ ": PUB 0sAAAA\n", "line 1" },
		{ "\n\n: PUB 0s!!!!\n", "line 3: the key is not base64" },
		{ ": PUB AQID\n", "0s and base64" },
		{ "10.0.0.1 : PUB 0sAQID\n", "addresses in front" },
		{ ": DSA 0sAQID\n", "neither PUB nor RSA" },
		{ ": PUB 0sAQMAAAAAAAAAAQ==\n", "less than 1024" },
		{ ": PUB 0sAAAAAQ==\n", "not base64 of an RSA key" },
	};
	static const struct {
		const char *text;
		const char *say;
	} priv[] = {
		{ "", "no private key" },
		{ ": RSA x", "no { after RSA" },
		{ ": RSA { Modulus: 0x23 }", "is missing" },
		{ ": RSA { Modulus: 0x23\n Modulus: 0x23 }", "line 2: a field" },
		{ ": RSA { Modulus 0x23 }", "no hexadecimal" },
		{ ": RSA { Modulus: 23 }", "no hexadecimal" },
		{ ": RSA { Modulus: 0xzz }", "no hexadecimal" },
		{ ": RSA { Modulus: 0x23", "does not end" },
		{ ": RSA { Modulus: 0x1 PublicExponent: 0x1 PrivateExponent: 0x1 Prime1: 0x1 Prime2: 0x1 "
		  "Exponent1: 0x1 Exponent2: 0x1 Coefficient: 0x1 }",
		  "do not belong together" },
	};
	char why[256];
	struct blob pem;
	struct cert *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pub) / sizeof(pub[0]); i++) {
		assert_null(peers_rsa(chunk_str(pub[i].text), why, sizeof(why)));
		if (!strstr(why, pub[i].say) || !strstr(why, "peer.pub"))
			fail_msg("\"%s\": %s", pub[i].text, why);
	}
	for (i = 0; i < sizeof(priv) / sizeof(priv[0]); i++) {
		assert_null(privkey_from_plain_rsa(chunk_str(priv[i].text), why, sizeof(why)));
		if (!strstr(why, priv[i].say))
			fail_msg("\"%s\": %s", priv[i].text, why);
	}
	/* a zero byte ends a number (it once had more wiped than there was) */
	assert_null(privkey_from_plain_rsa(chunk(": RSA { Modulus: 0x2\0"
						 "3333333333333333333333 }",
						 45),
					   why,
					   sizeof(why)));
	pem = certs_file("work/rsa2048.pub");
	c = peers_rsa(blob_chunk(&pem), why, sizeof(why));
	assert_non_null(c);
	cert_free(c);
	blob_free(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_rsa_keys),
		cmocka_unit_test(plain_rsa_faults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, certs_make, certs_remove);
}
