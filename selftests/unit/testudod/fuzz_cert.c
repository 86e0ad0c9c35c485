// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_cert - what stands between a peer and libcrypto: certificates, CA files and
 * CRLs, the verdict on a chain and its sentence, names of signature schemes, bare RSA
 * keys. libcrypto itself is not watched, our code around it is.
 *
 * Input: a byte that says which of them, then what it is read from.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "../fuzz/fuzz.h"
#include "auth/pem.h"
#include "auth/secrets.h"
#include "base/log.h"
#include "conf/conf.h"
#include "fuzz_help.h"

#define FUZZ_CHAIN 20 /* more than are looked at */

/* ---- a certificate ---- */

static void ask_whom(const struct cert *c)
{
	static const struct {
		uint8_t type;
		const char *data;
		size_t n;
	} ids[] = {
		{ ID_FQDN, "a.test", 6 },      { ID_USER_FQDN, "u@a.test", 8 }, { ID_IPV4, "\x0a\0\0\1", 4 },
		{ ID_IPV6, "0123456789abcdef", 16 }, { ID_GN, "\x82\6a.test", 8 },    { ID_KEY_ID, "", 0 },
	};
	struct id id = { 0 };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		id_set(&id, ids[i].type, chunk(ids[i].data, ids[i].n));
		cert_has_id(c, &id);
	}
	id_set(&id, ID_DN, cert_subject(c));
	/* of a name that no rule of ours can read, nobody is told that it is the peer's */
	MUST(cert_has_id(c, &id) == id_equal(&id, &id));
	id_free(&id);
}

static void ask_all(const struct cert *c, struct chunk tbs, struct chunk sig)
{
	enum sig_scheme scheme;
	unsigned int size, bits;
	struct cert *again;
	char buf[300];

	for (size = 1; size <= sizeof(buf); size += 23)
		MUST(strlen(cert_ids_text(c, buf, size)) < size);
	MUST(cert_key_type(c, &bits));
	cert_days_left(c);
	cert_issuer(c);
	ask_whom(c);
	for (scheme = 0; scheme < SIG_SCHEMES; scheme++)
		cert_check_signature(c, scheme, tbs, sig);
	sig_choose(c, 0, &scheme);
	sig_choose(c, 0x3e, &scheme);
	again = cert_parse(cert_der(c));
	MUST(again && chunk_equal(cert_subject(c), cert_subject(again)));
	cert_free(again);
}

static void fuzz_cert(struct chunk input)
{
	struct reader r = reader(input);
	struct chunk sig = get_some(&r);
	struct cert *c = cert_parse(get_rest(&r));

	if (c)
		ask_all(c, input, sig);
	cert_free(c);
}

/* ---- a chain ---- */

/* the configuration that names the files */
static const struct conf *chain_conf(void)
{
	static const char text[] = "path certificate \"/c\"; remote 10.0.0.1 { exchange_mode main; "
				   "certificate_type x509 \"my.pem\" \"my.key\"; "
				   "ca_type x509 \"ca.pem\"; my_identifier asn1dn; testudo { ike_version 2; } proposal { "
				   "encryption_algorithm aes 256; hash_algorithm sha256; dh_group x25519; "
				   "authentication_method rsasig; } }";
	const struct conf_say say = { 0 };
	static struct source src;
	static struct conf *conf;

	if (conf)
		return conf;
	source_init(&src);
	source_add(&src, "racoon.conf", chunk_str(text), 0);
	conf = conf_load(&src, "racoon.conf", false, &say);
	MUST(conf);
	return conf;
}

static void put_pem(struct writer *w, const char *kind, struct chunk der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	MUST(bio);
	PEM_write_bio(bio, kind, "", der.p, (long)der.n);
	n = BIO_get_mem_data(bio, &p);
	put_bytes(w, chunk(p, n));
	BIO_free(bio);
}

/* A kind, a length and bytes: CAs, CRLs and text for files, certificates of the peer's. */
static size_t chain_files(struct reader *r, struct source *src, struct cert *peer[FUZZ_CHAIN])
{
	struct writer ca = { 0 }, other = { 0 };
	size_t n = 0;

	while (r->n && !r->failed) {
		uint8_t kind = get_u8(r) % 5;
		uint16_t len = get_be16(r);
		struct chunk bytes = get_bytes(r, len < r->n ? len : r->n);

		if (kind == 0)
			put_pem(&ca, PEM_STRING_X509, bytes);
		else if (kind == 1)
			put_pem(&ca, PEM_STRING_X509_CRL, bytes);
		else if (kind == 2)
			put_bytes(&ca, bytes);
		else if (kind == 3)
			put_bytes(&other, bytes);
		else if (n < FUZZ_CHAIN && (peer[n] = cert_parse(bytes)))
			n++;
	}
	source_add(src, "/c/ca.pem", writer_chunk(&ca), 0);
	source_add(src, "/c/other", writer_chunk(&other), 0);
	source_add(src, "/c/", chunk_str("ca.pem\nother\n"), 0);
	writer_free(&ca);
	writer_free(&other);
	return n;
}

static void ask_store(struct cert_store *store)
{
	struct writer hashes = { 0 };
	struct chunk dn;
	char buf[200];
	size_t n, i;

	n = cert_store_dn(store, 0, &dn);
	for (i = 0; i <= n; i++)
		cert_store_dn(store, i, &dn);
	MUST(!dn.n);
	cert_store_key_hashes(store, &hashes);
	MUST(hashes.n == n * 20);
	writer_free(&hashes);
	for (i = 0; i < sizeof(buf); i += 19)
		cert_store_names(store, buf, i);
}

static void fuzz_chain(struct chunk input)
{
	const struct conf *conf = chain_conf();
	struct cert_verdict verdict = { .cause = CERT_OTHER };
	struct cert *peer[FUZZ_CHAIN] = { NULL };
	struct reader r = reader(input);
	struct cert_store *store;
	struct id id = { 0 };
	struct source src;
	size_t n;

	source_init(&src);
	id_set(&id, get_u8(&r), get_some(&r));
	n = chain_files(&r, &src, peer);
	store = cert_store_load(&src, conf, TAILQ_FIRST(&conf->remotes));
	ask_store(store);
	cert_verify(store, peer[0], peer + 1, n ? n - 1 : 0, id.type ? &id : NULL, &verdict);
	MUST((verdict.cause == CERT_OK) == !verdict.sentence[0]);
	cert_store_free(store);
	while (n)
		cert_free(peer[--n]);
	id_free(&id);
	source_free(&src);
}

/* ---- signatures ---- */

static void fuzz_sig(struct chunk input)
{
	struct blob raw = { 0 }, again = { 0 }, der = { 0 };
	struct reader r = reader(input);
	enum sig_scheme scheme;
	unsigned int bits = get_be16(&r);
	struct chunk c = get_rest(&r);

	if (sig_by_algid(c, &scheme))
		MUST(scheme < SIG_SCHEMES && sig_algid(scheme).n && sig_hash_id(scheme));
	if (sig_ecdsa_to_raw(c, bits, &raw)) {
		MUST(sig_ecdsa_to_der(blob_chunk(&raw), bits, &der));
		MUST(sig_ecdsa_to_raw(blob_chunk(&der), bits, &again));
		MUST(chunk_equal(blob_chunk(&raw), blob_chunk(&again)));
	}
	sig_ecdsa_to_der(c, bits, &der);
	blob_free(&raw);
	blob_free(&again);
	blob_free(&der);
}

/* ---- files of keys ---- */

static struct cert *keys_in(struct chunk text)
{
	struct cert *cert;
	struct source src;
	char why[200] = "";

	source_init(&src);
	source_add(&src, "key", text, 0);
	cert = cert_from_plain_rsa(&src, "key", why, sizeof(why));
	MUST(cert || why[0]);
	source_free(&src);
	return cert;
}

/* What a process that may know no secret gets of a file has none, and is read as the file is. */
static void fuzz_key(struct chunk text)
{
	static const char secret[] = "PRIVATE KEY";
	struct blob part = pem_public_part(text);
	struct cert *all = keys_in(text), *some = keys_in(blob_chunk(&part));
	struct privkey *key;
	char why[200] = "";

	MUST(!part.n || !memmem(part.p, part.n, secret, sizeof(secret) - 1));
	MUST(!all || some);
	key = privkey_from_plain_rsa(text, why, sizeof(why));
	MUST(key || why[0]);
	privkey_free(key);
	cert_free(all);
	cert_free(some);
	blob_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct chunk) = { fuzz_cert, fuzz_chain, fuzz_sig, fuzz_key };
	static int quiet = -1;

	if (quiet)
		quiet = log_to_file("/dev/null");
	fuzz_dice();
	if (size)
		kinds[data[0] % 4](chunk(data + 1, size - 1));
	return 0;
}
