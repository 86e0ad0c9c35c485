// SPDX-License-Identifier: GPL-2.0
/*
 * Signatures and MACs that do not prove anything, in every message of both IKE versions
 * that has one (class 11 of old holes, shared/daemon.md section 6). They are made with the
 * right key over the right bytes: only their form, or what is said about it, is wrong. The
 * check itself is tested in test_signature.c: here it is whether every message asks it.
 * What becomes of a negotiation in which a proof can not be made is in test_proof_ends.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "v1_case.h"
#include "v2_help.h"
#include "wire/v1.h"
#include "wire/v2.h"
#include "wire_hex.h"
#include "world_edit.h"
#include "world_ops.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND	 1000
#define MINUTE	 60000

static const char *const kinds[] = { "rsa", "ecdsa256", "ed25519" };
static struct pki *pki[COUNT(kinds)];

/* ---- the one who signs ---- */

/* what each side was asked to sign last */
static struct blob signed_by[2];

static bool spy_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		     struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	const struct world_side *side = arg;

	blob_set(&signed_by[side->n], tbs);
	return world_ops.sign(arg, remote, scheme, tbs, sig, answer);
}

static void spy(struct world *w)
{
	static struct ike_ops ops;
	unsigned int i;

	ops = world_ops;
	ops.sign = spy_sign;
	for (i = 0; i < 2; i++)
		w->side[i].ike->ops = &ops;
}

/* ---- what is done to a signature ---- */

static void as_it_is(struct blob *sig)
{
	(void)sig;
}

static void put_around(struct blob *sig, const char *before, const char *after)
{
	struct blob b = hex(before), a = hex(after);
	struct writer w = { 0 };

	put_bytes(&w, blob_chunk(&b));
	put_bytes(&w, blob_chunk(sig));
	put_bytes(&w, blob_chunk(&a));
	blob_free(&b);
	blob_free(&a);
	blob_free(sig);
	*sig = writer_blob(&w);
}

static void a_byte_behind(struct blob *sig)
{
	put_around(sig, "", "00");
}

static void a_byte_before(struct blob *sig)
{
	put_around(sig, "00", "");
}

static void two_behind(struct blob *sig)
{
	put_around(sig, "", "0500");
}

static void cut(struct blob *sig)
{
	sig->n--;
}

static void half(struct blob *sig)
{
	sig->n /= 2;
}

static void nothing(struct blob *sig)
{
	sig->n = 0;
}

static void zeroes(struct blob *sig)
{
	memset(sig->p, 0, sig->n);
}

static void number_one(struct blob *sig)
{
	zeroes(sig);
	sig->p[sig->n - 1] = 1;
}

static void all_ones(struct blob *sig)
{
	memset(sig->p, 0xff, sig->n);
}

static void first_bit(struct blob *sig)
{
	sig->p[0] ^= 1;
}

static void last_bit(struct blob *sig)
{
	sig->p[sig->n - 1] ^= 1;
}

/* r | s of P-256 instead of DER */
static void raw(struct blob *sig)
{
	struct blob out = { 0 };

	assert_true(sig_ecdsa_to_raw(blob_chunk(sig), 256, &out));
	blob_free(sig);
	*sig = out;
}

static void raw_short(struct blob *sig)
{
	raw(sig);
	sig->n--;
}

static void raw_long(struct blob *sig)
{
	raw(sig);
	a_byte_behind(sig);
}

static void raw_zeroes(struct blob *sig)
{
	raw(sig);
	zeroes(sig);
}

static void raw_of_521(struct blob *sig)
{
	raw(sig);
	put_around(sig, "0000", "");
}

static void der_of(struct blob *sig, const char *text)
{
	blob_free(sig);
	*sig = hex(text);
}

static void der_zeroes(struct blob *sig)
{
	der_of(sig, "3006 020100 020100");
}

static void der_negative(struct blob *sig)
{
	der_of(sig, "3006 0201ff 0201ff");
}

static void der_garbage(struct blob *sig)
{
	der_of(sig, "30ff");
}

/* ---- IKEv2 ---- */

/**
 * struct forgery - an AUTH payload
 * @why: what is special
 * @kind: of @kinds
 * @method: of authentication
 * @scheme: that the key signs by
 * @algid: what is said about it, with its length in front; NULL: what is true, if @method has one
 * @shape: what is done to the signature
 * @ok: it proves something
 */
struct forgery {
	const char *why;
	unsigned int kind;
	uint8_t method;
	enum sig_scheme scheme;
	const char *algid;
	void (*shape)(struct blob *sig);
	bool ok;
};

#define RSA   0
#define ECDSA 1
#define ED    2

/* AlgorithmIdentifiers: sha256WithRSA, sha1WithRSA, ecdsaWithSHA256 */
#define ID_RSA256 "300d06092a864886f70d01010b0500"
#define ID_RSA1	  "300d06092a864886f70d0101050500"
#define ID_EC256  "300a06082a8648ce3d040302"

static const struct forgery forgeries[] = {
	{ "as we make it ourselves", RSA, 14, SIG_PSS_SHA256, NULL, as_it_is, true },
	{ "PKCS#1", RSA, 14, SIG_RSA_SHA256, NULL, as_it_is, true },
	{ "SHA-1", RSA, 14, SIG_RSA_SHA1, "0f" ID_RSA1, as_it_is, false },
	{ "SHA-1 by the old method, though both know better", RSA, 1, SIG_RSA_SHA1, NULL, as_it_is, false },
	{ "the old method with another hash", RSA, 1, SIG_RSA_SHA256, NULL, as_it_is, false },
	{ "PSS that says it is PKCS#1", RSA, 14, SIG_PSS_SHA256, "0f" ID_RSA256, as_it_is, false },
	{ "PKCS#1 that says it is PSS of nothing: SHA-1", RSA, 14, SIG_PSS_SHA256, "0f300d06092a864886f70d01010a3000",
	  as_it_is, false },
	{ "PSS without parameters", RSA, 14, SIG_PSS_SHA256, "0d300b06092a864886f70d01010a", as_it_is, false },
	{ "SHA-512 that says it is SHA-256", RSA, 14, SIG_RSA_SHA512, "0f" ID_RSA256, as_it_is, false },
	{ "RSA that says it is ECDSA", RSA, 14, SIG_RSA_SHA256, "0c" ID_EC256, as_it_is, false },
	{ "a byte behind the AlgorithmIdentifier", RSA, 14, SIG_RSA_SHA256, "10" ID_RSA256 "00", as_it_is, false },
	{ "an AlgorithmIdentifier cut short", RSA, 14, SIG_RSA_SHA256, "0e300d06092a864886f70d01010b05", as_it_is, false },
	{ "none", RSA, 14, SIG_RSA_SHA256, "00", as_it_is, false },
	{ "one longer than all there is", RSA, 14, SIG_RSA_SHA256, "ff" ID_RSA256, nothing, false },
	{ "no signature", RSA, 14, SIG_RSA_SHA256, NULL, nothing, false },
	{ "a byte behind", RSA, 14, SIG_RSA_SHA256, NULL, a_byte_behind, false },
	{ "a zero before", RSA, 14, SIG_RSA_SHA256, NULL, a_byte_before, false },
	{ "a byte short", RSA, 14, SIG_RSA_SHA256, NULL, cut, false },
	{ "number 0", RSA, 14, SIG_RSA_SHA256, NULL, zeroes, false },
	{ "number 1", RSA, 14, SIG_RSA_SHA256, NULL, number_one, false },
	{ "more than the modulus", RSA, 14, SIG_RSA_SHA256, NULL, all_ones, false },
	{ "PSS, a bit", RSA, 14, SIG_PSS_SHA256, NULL, last_bit, false },
	{ "PSS, number 0", RSA, 14, SIG_PSS_SHA256, NULL, zeroes, false },
	{ "method 0", RSA, 0, SIG_RSA_SHA256, NULL, as_it_is, false },
	{ "DSS", RSA, 3, SIG_RSA_SHA1, NULL, as_it_is, false },
	{ "ECDSA with an RSA key", RSA, 9, SIG_RSA_SHA256, NULL, as_it_is, false },
	{ "a password", RSA, 12, SIG_RSA_SHA256, NULL, as_it_is, false },
	{ "nobody (RFC 7619)", RSA, 13, SIG_RSA_SHA256, NULL, nothing, false },
	{ "a private method", RSA, 201, SIG_RSA_SHA256, NULL, as_it_is, false },
	{ "a pre-shared key of nothing", RSA, 2, SIG_RSA_SHA256, NULL, nothing, false },
	{ "as we make it ourselves", ECDSA, 14, SIG_ECDSA_SHA256, NULL, as_it_is, true },
	{ "r | s of RFC 4754", ECDSA, 9, SIG_ECDSA_SHA256, NULL, raw, true },
	{ "DER where r | s should be", ECDSA, 9, SIG_ECDSA_SHA256, NULL, as_it_is, false },
	{ "r | s where DER should be", ECDSA, 14, SIG_ECDSA_SHA256, NULL, raw, false },
	{ "r | s, a byte short", ECDSA, 9, SIG_ECDSA_SHA256, NULL, raw_short, false },
	{ "r | s, a byte long", ECDSA, 9, SIG_ECDSA_SHA256, NULL, raw_long, false },
	{ "r | s of zeroes", ECDSA, 9, SIG_ECDSA_SHA256, NULL, raw_zeroes, false },
	{ "r | s of nothing", ECDSA, 9, SIG_ECDSA_SHA256, NULL, nothing, false },
	{ "r | s of another curve's method", ECDSA, 10, SIG_ECDSA_SHA256, NULL, raw, false },
	{ "r | s of a third one's", ECDSA, 11, SIG_ECDSA_SHA512, NULL, raw_of_521, false },
	{ "a byte behind the DER", ECDSA, 14, SIG_ECDSA_SHA256, NULL, a_byte_behind, false },
	{ "an object behind the DER", ECDSA, 14, SIG_ECDSA_SHA256, NULL, two_behind, false },
	{ "half of the DER (charon 2013-2944)", ECDSA, 14, SIG_ECDSA_SHA256, NULL, half, false },
	{ "DER that is none", ECDSA, 14, SIG_ECDSA_SHA256, NULL, der_garbage, false },
	{ "0 and 0", ECDSA, 14, SIG_ECDSA_SHA256, NULL, der_zeroes, false },
	{ "-1 and -1", ECDSA, 14, SIG_ECDSA_SHA256, NULL, der_negative, false },
	{ "no signature", ECDSA, 14, SIG_ECDSA_SHA256, NULL, nothing, false },
	{ "RSA's method", ECDSA, 1, SIG_ECDSA_SHA256, NULL, as_it_is, false },
	{ "as we make it ourselves", ED, 14, SIG_ED25519, NULL, as_it_is, true },
	{ "a byte behind", ED, 14, SIG_ED25519, NULL, a_byte_behind, false },
	{ "a byte short", ED, 14, SIG_ED25519, NULL, cut, false },
	{ "zeroes", ED, 14, SIG_ED25519, NULL, zeroes, false },
	{ "no signature", ED, 14, SIG_ED25519, NULL, nothing, false },
	{ "Ed25519 that says it is ECDSA", ED, 14, SIG_ED25519, "0c" ID_EC256, as_it_is, false },
};

static struct blob forge_signature(const struct edit *e, unsigned int kind, enum sig_scheme scheme,
				   void (*shape)(struct blob *sig))
{
	struct privkey *key = privkey_parse(chunk_str(pki[kind]->key[!e->to]), (char[64]){ 0 }, 64);
	struct blob sig = { 0 };

	assert_true(privkey_sign(key, scheme, blob_chunk(&signed_by[!e->to]), &sig));
	privkey_free(key);
	shape(&sig);
	return sig;
}

static void forge_v2(const struct edit *e, struct chunk body, struct writer *w)
{
	const struct forgery *f = e->arg;
	struct blob sig = forge_signature(e, f->kind, f->scheme, f->shape), algid = { 0 };

	(void)body;
	put_u8(w, f->method);
	put_zero(w, 3);
	if (f->algid) {
		algid = hex(f->algid);
	} else if (f->method == V2_AUTH_SIGNATURE) {
		put_u8(w, sig_algid(f->scheme).n);
		blob_set(&algid, sig_algid(f->scheme));
	}
	put_bytes(w, blob_chunk(&algid));
	put_bytes(w, blob_chunk(&sig));
	blob_free(&algid);
	blob_free(&sig);
}

/* Who gets the datagram of @e believes it, or nobody has anything of it. */
static void expect(struct world *w, struct edit *e, bool ok, const char *what)
{
	char why[256];

	w->hook = world_edit;
	w->hook_arg = e;
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	if (!e->done)
		fail_msg("%s, datagram %u: not there", what, e->number);
	if (world_ikes_up(w, e->to) != ok)
		fail_msg("%s, datagram %u: %s: %s", what, e->number, ok ? "refused" : "believed",
			 world_report(w, e->to)->sentence);
	if (ok) {
		assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
	} else {
		assert_int_equal(w->side[e->to].installed, 0);
		assert_int_not_equal(world_report(w, e->to)->cause, REPORT_NONE);
		w->cut = true;
		world_run(w, 10 * MINUTE);
		assert_int_equal(world_ikes(w, e->to) + world_lonely(w), 0);
		assert_int_equal(w->side[e->to].ike->half_open, 0);
	}
	world_free(w);
}

static void test_signatures_v2(void **state)
{
	const struct forgery *f;
	unsigned int number;

	(void)state;
	for (f = forgeries; f < forgeries + COUNT(forgeries); f++) {
		for (number = 3; number <= 4; number++) {
			struct edit e = { .number = number, .what = EDIT_CALL, .type = P2_AUTH, .fn = forge_v2, .arg = f };
			struct world *w = v2_cert_world(pki[f->kind], pki[f->kind], pki[f->kind], "ike_frag off;");

			v2_tunnels(w);
			spy(w);
			expect(w, &e, f->ok, f->why);
		}
	}
}

/* ---- IKEv1 ---- */

static const struct {
	const char *why;
	enum sig_scheme scheme;
	void (*shape)(struct blob *sig);
	bool ok;
} rsas[] = {
	{ "as we make it ourselves", SIG_RAW_RSA_V1, as_it_is, true },
	{ "a DigestInfo, as IKEv2 has it", SIG_RSA_SHA256, as_it_is, false },
	{ "PSS", SIG_PSS_SHA256, as_it_is, false },
	{ "a byte behind", SIG_RAW_RSA_V1, a_byte_behind, false },
	{ "a zero before", SIG_RAW_RSA_V1, a_byte_before, false },
	{ "a byte short", SIG_RAW_RSA_V1, cut, false },
	{ "half of it", SIG_RAW_RSA_V1, half, false },
	{ "nothing", SIG_RAW_RSA_V1, nothing, false },
	{ "number 0", SIG_RAW_RSA_V1, zeroes, false },
	{ "number 1", SIG_RAW_RSA_V1, number_one, false },
	{ "more than the modulus", SIG_RAW_RSA_V1, all_ones, false },
	{ "the last bit", SIG_RAW_RSA_V1, last_bit, false },
};

static void forge_v1(const struct edit *e, struct chunk body, struct writer *w)
{
	const unsigned int *row = e->arg;
	struct blob sig = forge_signature(e, RSA, rsas[*row].scheme, rsas[*row].shape);

	(void)body;
	put_bytes(w, blob_chunk(&sig));
	blob_free(&sig);
}

static const struct place {
	const char *mode;
	unsigned int number;
} places[] = { { "main", 5 }, { "main", 6 }, { "aggressive", 2 }, { "aggressive", 3 } };

static void test_signatures_v1(void **state)
{
	struct v1_case c = { .rsa = true, .pki = pki[RSA], .remote = "ike_frag off;" };
	unsigned int row;
	size_t i;

	(void)state;
	for (row = 0; row < COUNT(rsas); row++) {
		for (i = 0; i < COUNT(places); i++) {
			struct edit e = { .number = places[i].number, .what = EDIT_CALL, .type = P1_SIG, .fn = forge_v1, .arg = &row };
			struct world *w;

			c.mode = places[i].mode;
			w = v1_world(&c);
			v1_tunnel(w, IPPROTO_ESP, 0);
			spy(w);
			expect(w, &e, rsas[row].ok, rsas[row].why);
		}
	}
}

/* ---- certificates that are none ---- */

static void other_encoding(const struct edit *e, struct chunk body, struct writer *w)
{
	const uint8_t *encoding = e->arg;

	put_u8(w, *encoding);
	put_bytes(w, chunk(body.p + 1, body.n - 1));
}

static void expect_no_cert(struct world *w, unsigned int number, uint8_t type, uint8_t encoding)
{
	struct edit e = { .number = number, .what = EDIT_CALL, .type = type, .fn = other_encoding, .arg = &encoding };

	w->hook = world_edit;
	w->hook_arg = &e;
	world_acquire(w, 0, 0);
	world_run(w, SECOND);
	assert_true(e.done);
	if (w->side[e.to].installed || world_ikes_up(w, e.to) || world_report(w, e.to)->cause != REPORT_CERT)
		fail_msg("encoding %u: %s", encoding, world_report(w, e.to)->sentence);
	world_free(w);
}

/*
 * A key of the peer's own, or an URL where its certificate should be (charon 2022-40617):
 * that is no certificate, and nobody looks where it points to.
 */
static void test_encodings(void **state)
{
	static const uint8_t encodings[] = { 0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 201 };
	struct v1_case c = { .rsa = true, .pki = pki[RSA], .remote = "ike_frag off;" };
	unsigned int number;
	struct world *w;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(encodings); i++) {
		for (k = 0; k < COUNT(places); k++) {
			c.mode = places[k].mode;
			w = v1_world(&c);
			v1_tunnel(w, IPPROTO_ESP, 0);
			expect_no_cert(w, places[k].number, P1_CERT, encodings[i]);
		}
		for (number = 3; number <= 4; number++) {
			w = v2_cert_world(pki[ECDSA], pki[ECDSA], pki[ECDSA], "ike_frag off;");
			v2_tunnels(w);
			expect_no_cert(w, number, P2_CERT, encodings[i]);
		}
	}
}

/* ---- pre-shared keys ---- */

static const struct {
	const char *why;
	void (*shape)(struct blob *mac);
	bool ok;
} macs[] = {
	{ "as it should be", as_it_is, true },
	{ "a byte behind", a_byte_behind, false },
	{ "a zero before", a_byte_before, false },
	{ "a byte short", cut, false },
	{ "half of it", half, false },
	{ "nothing", nothing, false },
	{ "zeroes", zeroes, false },
	{ "the first bit", first_bit, false },
	{ "the last bit", last_bit, false },
};

/* IKEv2's has four bytes in front */
static void forge_mac(const struct edit *e, struct chunk body, struct writer *w)
{
	const unsigned int *row = e->arg;
	size_t head = e->type == P2_AUTH ? 4 : 0;
	struct blob mac = { 0 };

	blob_set(&mac, chunk(body.p + head, body.n - head));
	macs[*row].shape(&mac);
	put_bytes(w, chunk(body.p, head));
	put_bytes(w, blob_chunk(&mac));
	blob_free(&mac);
}

static void test_macs(void **state)
{
	struct v1_case c = { .remote = "ike_frag off;" };
	unsigned int row, number;
	struct world *w;
	size_t i;

	(void)state;
	for (row = 0; row < COUNT(macs); row++) {
		for (i = 0; i < COUNT(places); i++) {
			struct edit e = { .number = places[i].number, .what = EDIT_CALL, .type = P1_HASH, .fn = forge_mac, .arg = &row };

			c.mode = places[i].mode;
			w = v1_world(&c);
			v1_tunnel(w, IPPROTO_ESP, 0);
			expect(w, &e, macs[row].ok, macs[row].why);
		}
		for (number = 3; number <= 4; number++) {
			struct edit e = { .number = number, .what = EDIT_CALL, .type = P2_AUTH, .fn = forge_mac, .arg = &row };

			w = v2_world(NULL, NULL);
			v2_tunnels(w);
			expect(w, &e, macs[row].ok, macs[row].why);
		}
	}
}

static int setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++)
		pki[i] = pki_new(kinds[i]);
	return 0;
}

static int teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++)
		pki_free(pki[i]);
	blob_free(&signed_by[0]);
	blob_free(&signed_by[1]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_v2),
		cmocka_unit_test(test_signatures_v1),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_macs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
