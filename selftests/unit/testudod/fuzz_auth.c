// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_auth - psk.txt, names, certificates and signatures' names: the first byte
 * says which of them the rest is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/cert.h"
#include "auth/pem.h"
#include "auth/secrets.h"
#include "proc/keys.h"
#include "wire/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nothing(void *arg, unsigned int line, const char *what)
{
	(void)arg;
	(void)line;
	(void)what;
}

static void fuzz_psk(struct chunk text)
{
	struct id id = { 0 };
	struct psk_who who = { .id = &id };
	struct blob key = { 0 };
	unsigned int line;

	id_set(&id, ID_FQDN, chunk_str("a"));
	psk_find(text, &who, &key, &line);
	psk_check(text, nothing, NULL);
	id_free(&id);
	blob_wipe(&key);
}

/* what is read from text must be shown so that it reads the same */
static void fuzz_dn(struct chunk text)
{
	char *s = xstrndup((const char *)text.p, text.n);
	struct blob der = { 0 };
	struct blob again = { 0 };
	char *buf = xcalloc(1, 1 << 16);

	if (dn_from_text(&der, s)) {
		dn_text(blob_chunk(&der), buf, 1 << 16);
		/* a longer value may be too long once it is UTF-8 */
		if (text.n < 300 && !dn_from_text(&again, buf))
			abort();
		if (text.n < 300 && !dn_equal(blob_chunk(&der), blob_chunk(&again)))
			abort();
	}
	dn_text(text, buf, 40);
	text_escape(text, ",", buf, 40);
	blob_free(&der);
	blob_free(&again);
	free(buf);
	free(s);
}

static void fuzz_id(struct chunk c)
{
	struct id id = { 0 };
	char buf[ID_TEXT];
	struct ts ts;

	if (!c.n)
		return;
	id_set(&id, c.p[0] & 15, chunk(c.p + 1, c.n - 1));
	id_valid(&id);
	id_text(&id, buf, sizeof(buf));
	id_equal(&id, &id);
	if (id_to_ts(id.type, blob_chunk(&id.data), 0, 0, &ts))
		id_from_ts(&id, &ts);
	id_free(&id);
}

static void fuzz_cert(struct chunk der)
{
	struct cert *c = cert_parse(der);
	char buf[200];
	unsigned int bits;

	if (!c)
		return;
	cert_ids_text(c, buf, sizeof(buf));
	cert_key_type(c, &bits);
	cert_days_left(c);
	cert_check_signature(c, SIG_RAW_RSA_V1, der, der);
	cert_free(c);
}

static void fuzz_rest(struct chunk c)
{
	struct blob part = pem_public_part(c);
	enum sig_scheme scheme;
	struct keys_psk psk;
	struct keys_sign sign;
	struct secrets_answer answer;
	struct privkey *key;
	char why[200];

	blob_free(&part);
	sig_by_algid(c, &scheme);
	sig_ecdsa_to_raw(c, 256, &part);
	keys_get_psk(c, &psk);
	keys_get_sign(c, &sign);
	keys_get_answer(c, &answer, &c);
	key = privkey_from_plain_rsa(c, why, sizeof(why));
	privkey_free(key);
	blob_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct chunk) = { fuzz_psk, fuzz_dn, fuzz_id, fuzz_cert, fuzz_rest };

	if (size)
		kinds[data[0] % 5](chunk(data + 1, size - 1));
	return 0;
}
