// SPDX-License-Identifier: GPL-2.0
/*
 * Signature schemes: which key and digest each takes, RFC 7427's names for
 * them, and the check with a public key. Whole blocks are compared by libcrypto;
 * nothing here looks for a digest inside of a decrypted block.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "auth/impl.h"

#define ALGID_MAX 96 /* bytes; the longest is RSASSA-PSS's */

static const struct sig_row rows[SIG_SCHEMES] = {
	[SIG_RAW_RSA_V1] = { "RSA", "RSA", NULL, RSA_PKCS1_PADDING, 0, NID_undef },
	/* SHA-1 has authentication method 1 only */
	[SIG_RSA_SHA1] = { "RSA with SHA-1", "RSA", "SHA1", RSA_PKCS1_PADDING, 1, NID_undef },
	[SIG_RSA_SHA256] = { "RSA with SHA-256", "RSA", "SHA256", RSA_PKCS1_PADDING, 2, NID_sha256WithRSAEncryption },
	[SIG_RSA_SHA384] = { "RSA with SHA-384", "RSA", "SHA384", RSA_PKCS1_PADDING, 3, NID_sha384WithRSAEncryption },
	[SIG_RSA_SHA512] = { "RSA with SHA-512", "RSA", "SHA512", RSA_PKCS1_PADDING, 4, NID_sha512WithRSAEncryption },
	[SIG_PSS_SHA256] = { "RSA-PSS with SHA-256", "RSA", "SHA256", RSA_PKCS1_PSS_PADDING, 2, NID_rsassaPss },
	[SIG_PSS_SHA384] = { "RSA-PSS with SHA-384", "RSA", "SHA384", RSA_PKCS1_PSS_PADDING, 3, NID_rsassaPss },
	[SIG_PSS_SHA512] = { "RSA-PSS with SHA-512", "RSA", "SHA512", RSA_PKCS1_PSS_PADDING, 4, NID_rsassaPss },
	[SIG_ECDSA_SHA256] = { "ECDSA with SHA-256", "EC", "SHA256", 0, 2, NID_ecdsa_with_SHA256 },
	[SIG_ECDSA_SHA384] = { "ECDSA with SHA-384", "EC", "SHA384", 0, 3, NID_ecdsa_with_SHA384 },
	[SIG_ECDSA_SHA512] = { "ECDSA with SHA-512", "EC", "SHA512", 0, 4, NID_ecdsa_with_SHA512 },
	[SIG_ED25519] = { "Ed25519", "ED25519", NULL, 0, 5, NID_ED25519 },
	[SIG_ED448] = { "Ed448", "ED448", NULL, 0, 5, NID_ED448 },
};

const struct sig_row *sig_row(enum sig_scheme scheme)
{
	return (unsigned int)scheme < SIG_SCHEMES ? &rows[scheme] : NULL;
}

const char *sig_name(enum sig_scheme scheme)
{
	const struct sig_row *row = sig_row(scheme);

	return row ? row->name : "unknown";
}

uint16_t sig_hash_id(enum sig_scheme scheme)
{
	const struct sig_row *row = sig_row(scheme);

	return row ? row->hash_id : 0;
}

bool sig_fits(const struct sig_row *row, const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, row->type))
		return true;
	return row->pad == RSA_PKCS1_PSS_PADDING && EVP_PKEY_is_a(key, "RSA-PSS");
}

bool sig_pad(EVP_PKEY_CTX *ctx, const struct sig_row *row)
{
	if (!row->pad)
		return true;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, row->pad) <= 0)
		return false;
	return row->pad != RSA_PKCS1_PSS_PADDING ||
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* ---- keys that no signature must be believed from ---- */

static const char *rsa_fault(const EVP_PKEY *key)
{
	const char *fault = NULL;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;

	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
	    !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		fault = "it has no modulus or exponent";
	else if (BN_num_bits(n) < RSA_BITS_MIN)
		fault = "an RSA key of less than 1024 bits can be broken by anyone";
	else if (BN_num_bits(n) > RSA_BITS_MAX || BN_num_bits(e) > 64)
		fault = "its modulus or exponent is too large";
	else if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e))
		fault = "its modulus or exponent is none of RSA's";
	BN_free(n);
	BN_free(e);
	return fault;
}

static const char *ec_fault(const EVP_PKEY *key)
{
	int explicit_curve = 0;
	char group[32];
	size_t n;

	/* a curve of the sender's own making can be one where he knows every key (CVE-2020-0601) */
	if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &explicit_curve) &&
	    explicit_curve)
		return "its curve is spelt out, not named";
	if (!EVP_PKEY_get_group_name(key, group, sizeof(group), &n))
		return "its curve has no name";
	if (strcmp(group, "prime256v1") && strcmp(group, "secp384r1") && strcmp(group, "secp521r1") &&
	    strcmp(group, "P-256") && strcmp(group, "P-384") && strcmp(group, "P-521"))
		return "its curve is none of P-256, P-384 and P-521";
	return NULL;
}

const char *key_fault(const EVP_PKEY *key)
{
	const char *fault = "its key is none of RSA, ECDSA, Ed25519 and Ed448";

	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		fault = rsa_fault(key);
	else if (EVP_PKEY_is_a(key, "EC"))
		fault = ec_fault(key);
	else if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		fault = NULL;
	ERR_clear_error();
	return fault;
}

/* ---- check ---- */

/* PKCS#1 type 1 around the bare HASH: decrypted as a block, compared to its last byte */
static bool check_raw(EVP_PKEY *key, const struct sig_row *row, struct chunk tbs, struct chunk sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_verify_init(ctx) > 0 && sig_pad(ctx, row) &&
		  EVP_PKEY_verify(ctx, sig.p, sig.n, tbs.p, tbs.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool check_digest(EVP_PKEY *key, const struct sig_row *row, struct chunk tbs,
			 struct chunk sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, row->md, NULL, NULL, key, NULL) > 0 &&
		  sig_pad(pctx, row) && EVP_DigestVerify(ctx, sig.p, sig.n, tbs.p, tbs.n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool cert_check_signature(const struct cert *cert, enum sig_scheme scheme, struct chunk tbs,
			  struct chunk sig)
{
	const struct sig_row *row = sig_row(scheme);
	bool ok = false;
	unsigned int i;

	if (!cert || !row || !tbs.n || !sig.n)
		return false;
	for (i = 0; !ok && i < cert->nkeys; i++) {
		EVP_PKEY *key = cert->key[i];

		if (!sig_fits(row, key) || key_fault(key))
			continue;
		/* RFC 8017 8.2.2: as long as the modulus, no byte more or less */
		if (row->pad && sig.n != (size_t)EVP_PKEY_get_size(key))
			continue;
		ok = scheme == SIG_RAW_RSA_V1 ? check_raw(key, row, tbs, sig) : check_digest(key, row, tbs, sig);
	}
	ERR_clear_error();
	return ok;
}

/* ---- RFC 7427 ---- */

static X509_ALGOR *digest_algor(const char *md)
{
	X509_ALGOR *a = X509_ALGOR_new();

	if (a && X509_ALGOR_set0(a, OBJ_nid2obj(OBJ_txt2nid(md)), V_ASN1_NULL, NULL))
		return a;
	X509_ALGOR_free(a);
	return NULL;
}

static X509_ALGOR *mgf1_algor(const char *md)
{
	X509_ALGOR *digest = digest_algor(md);
	X509_ALGOR *a = X509_ALGOR_new();
	ASN1_STRING *packed = NULL;

	if (a && digest && ASN1_item_pack(digest, ASN1_ITEM_rptr(X509_ALGOR), &packed) &&
	    X509_ALGOR_set0(a, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, packed)) {
		X509_ALGOR_free(digest);
		return a;
	}
	ASN1_STRING_free(packed);
	X509_ALGOR_free(digest);
	X509_ALGOR_free(a);
	return NULL;
}

/* digest, MGF1 with the same, salt as long as the digest; the trailer is the default */
static ASN1_STRING *pss_params(const char *md)
{
	RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new();
	ASN1_STRING *packed = NULL;

	if (!pss)
		return NULL;
	pss->hashAlgorithm = digest_algor(md);
	pss->maskGenAlgorithm = mgf1_algor(md);
	pss->saltLength = ASN1_INTEGER_new();
	if (pss->hashAlgorithm && pss->maskGenAlgorithm && pss->saltLength &&
	    ASN1_INTEGER_set(pss->saltLength, EVP_MD_get_size(EVP_get_digestbyname(md))))
		ASN1_item_pack(pss, ASN1_ITEM_rptr(RSA_PSS_PARAMS), &packed);
	RSA_PSS_PARAMS_free(pss);
	return packed;
}

static int build_algid(enum sig_scheme scheme, unsigned char buf[ALGID_MAX])
{
	X509_ALGOR *a = X509_ALGOR_new();
	int nid = rows[scheme].nid;
	ASN1_STRING *params = NULL;
	int type = V_ASN1_UNDEF;
	int n = 0;

	if (nid == NID_rsassaPss) {
		params = pss_params(rows[scheme].md);
		type = V_ASN1_SEQUENCE;
	} else if (rows[scheme].pad) {
		type = V_ASN1_NULL;
	}
	if (a && (nid != NID_rsassaPss || params) &&
	    X509_ALGOR_set0(a, OBJ_nid2obj(nid), type, params)) {
		params = NULL;
		n = i2d_X509_ALGOR(a, NULL);
		if (n > 0 && n <= ALGID_MAX)
			n = i2d_X509_ALGOR(a, &buf);
		else
			n = 0;
	}
	ASN1_STRING_free(params);
	X509_ALGOR_free(a);
	ERR_clear_error();
	return n;
}

struct chunk sig_algid(enum sig_scheme scheme)
{
	static unsigned char buf[SIG_SCHEMES][ALGID_MAX];
	static int len[SIG_SCHEMES];

	if (!sig_row(scheme) || rows[scheme].nid == NID_undef)
		return chunk(NULL, 0);
	if (!len[scheme])
		len[scheme] = build_algid(scheme, buf[scheme]);
	return chunk(buf[scheme], len[scheme] > 0 ? (size_t)len[scheme] : 0);
}

/* "SHA256" etc. of an AlgorithmIdentifier of a digest, as an index into PSS's schemes */
static bool digest_scheme(const X509_ALGOR *a, enum sig_scheme *scheme)
{
	const ASN1_OBJECT *obj;
	int type;

	if (!a)
		return false; /* the default is SHA-1 */
	X509_ALGOR_get0(&obj, &type, NULL, a);
	if (type != V_ASN1_NULL && type != V_ASN1_UNDEF)
		return false;
	switch (OBJ_obj2nid(obj)) {
	case NID_sha256:
		*scheme = SIG_PSS_SHA256;
		return true;
	case NID_sha384:
		*scheme = SIG_PSS_SHA384;
		return true;
	case NID_sha512:
		*scheme = SIG_PSS_SHA512;
		return true;
	}
	return false;
}

static bool mgf1_scheme(const X509_ALGOR *a, enum sig_scheme *scheme)
{
	const ASN1_OBJECT *obj;
	const void *param;
	X509_ALGOR *digest;
	int type;
	bool ok;

	if (!a)
		return false;
	X509_ALGOR_get0(&obj, &type, &param, a);
	if (OBJ_obj2nid(obj) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return false;
	digest = ASN1_item_unpack(param, ASN1_ITEM_rptr(X509_ALGOR));
	ok = digest && digest_scheme(digest, scheme);
	X509_ALGOR_free(digest);
	return ok;
}

static bool pss_scheme(const X509_ALGOR *a, enum sig_scheme *scheme)
{
	enum sig_scheme mask;
	const void *param;
	RSA_PSS_PARAMS *pss;
	int type;
	bool ok;

	X509_ALGOR_get0(NULL, &type, &param, a);
	if (type != V_ASN1_SEQUENCE)
		return false;
	pss = ASN1_item_unpack(param, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	ok = pss && digest_scheme(pss->hashAlgorithm, scheme) &&
	     mgf1_scheme(pss->maskGenAlgorithm, &mask) && mask == *scheme && pss->saltLength &&
	     ASN1_INTEGER_get(pss->saltLength) ==
		     EVP_MD_get_size(EVP_get_digestbyname(rows[*scheme].md)) &&
	     (!pss->trailerField || ASN1_INTEGER_get(pss->trailerField) == 1);
	RSA_PSS_PARAMS_free(pss);
	return ok;
}

static bool algor_scheme(const X509_ALGOR *a, enum sig_scheme *scheme)
{
	const ASN1_OBJECT *obj;
	int type;
	int nid;
	int i;

	X509_ALGOR_get0(&obj, &type, NULL, a);
	nid = OBJ_obj2nid(obj);
	if (nid == NID_undef)
		return false;
	if (nid == NID_rsassaPss)
		return pss_scheme(a, scheme);
	for (i = 0; i < SIG_SCHEMES; i++) {
		if (rows[i].nid != nid)
			continue;
		*scheme = i;
		/* RFC 4055 5: NULL or nothing for RSA, RFC 5758 3.2: nothing for ECDSA */
		return type == V_ASN1_UNDEF || (type == V_ASN1_NULL && rows[i].pad);
	}
	return false;
}

bool sig_by_algid(struct chunk algid, enum sig_scheme *scheme)
{
	const unsigned char *p = algid.p;
	X509_ALGOR *a;
	bool ok;

	if (!algid.n || algid.n > 255)
		return false;
	a = d2i_X509_ALGOR(NULL, &p, (long)algid.n);
	ok = a && p == algid.p + algid.n && algor_scheme(a, scheme);
	X509_ALGOR_free(a);
	ERR_clear_error();
	return ok;
}

static bool choose(const enum sig_scheme *list, size_t n, uint32_t hashes, enum sig_scheme *scheme)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(hashes & 1U << sig_hash_id(list[i])))
			continue;
		*scheme = list[i];
		return true;
	}
	return false;
}

bool sig_choose(const struct cert *cert, uint32_t hashes, enum sig_scheme *scheme)
{
	static const enum sig_scheme rsa[] = { SIG_PSS_SHA256, SIG_PSS_SHA384, SIG_PSS_SHA512,
					       SIG_RSA_SHA1 };
	/* the digest of the curve's own strength first */
	static const enum sig_scheme ec[] = { SIG_ECDSA_SHA256, SIG_ECDSA_SHA384, SIG_ECDSA_SHA512,
					      SIG_ECDSA_SHA384, SIG_ECDSA_SHA256 };
	unsigned int bits;
	const char *type = cert_key_type(cert, &bits);

	if (!strcmp(type, "ed25519") || !strcmp(type, "ed448")) {
		*scheme = strcmp(type, "ed448") ? SIG_ED25519 : SIG_ED448;
		return hashes & 1U << sig_hash_id(*scheme);
	}
	if (!strcmp(type, "ecdsa")) {
		size_t first = bits > 384 ? 2 : bits > 256 ? 1
							   : 0;

		if (!hashes) { /* methods 9 to 11 */
			*scheme = ec[first];
			return true;
		}
		return choose(ec + first, 5 - first, hashes, scheme);
	}
	if (!strcmp(type, "rsapss"))
		return choose(rsa, 3, hashes, scheme);
	if (strcmp(type, "rsa"))
		return false;
	if (!hashes) {
		*scheme = SIG_RSA_SHA1; /* method 1 */
		return true;
	}
	return choose(rsa, 4, hashes, scheme);
}

/* ---- ECDSA's two forms ---- */

bool sig_ecdsa_to_raw(struct chunk der, unsigned int bits, struct blob *raw)
{
	int half = (int)(bits + 7) / 8;
	const unsigned char *p = der.p;
	uint8_t buf[2 * 66];
	ECDSA_SIG *sig;
	bool ok;

	if (!der.n || der.n > 256 || half < 1 || half > 66)
		return false;
	sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
	ok = sig && p == der.p + der.n &&
	     BN_bn2binpad(ECDSA_SIG_get0_r(sig), buf, half) == half &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(sig), buf + half, half) == half;
	if (ok)
		blob_set(raw, chunk(buf, 2 * (size_t)half));
	ECDSA_SIG_free(sig);
	ERR_clear_error();
	return ok;
}

bool sig_ecdsa_to_der(struct chunk raw, unsigned int bits, struct blob *der)
{
	size_t half = (bits + 7) / 8;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *p = NULL;
	BIGNUM *r = NULL;
	BIGNUM *s = NULL;
	int n = -1;

	if (sig && half && raw.n == 2 * half) {
		r = BN_bin2bn(raw.p, (int)half, NULL);
		s = BN_bin2bn(raw.p + half, (int)half, NULL);
		if (r && s && ECDSA_SIG_set0(sig, r, s)) {
			r = NULL;
			s = NULL;
			n = i2d_ECDSA_SIG(sig, &p);
		}
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	ERR_clear_error();
	if (n <= 0)
		return false;
	blob_set(der, chunk(p, (size_t)n));
	OPENSSL_free(p);
	return true;
}
