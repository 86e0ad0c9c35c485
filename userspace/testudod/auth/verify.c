// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on a peer's certificate: libcrypto builds and checks the chain,
 * this file decides what counts and says why in one sentence that names the
 * certificate, its issuer, what we have, and what to do.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "auth/impl.h"
#include "base/log.h"
#include "wire/dn.h"

#define CHAIN_MAX 16 /* certificates of a peer that are looked at */
#define DEPTH_MAX 8  /* CAs between a peer and the root */

/**
 * struct check - one run of X509_verify_cert()
 * @store: what we trust
 * @leaf: the peer's certificate
 * @error: X509_V_ERR_*, the first one
 * @at: certificate it is about; borrowed from the context, so referenced
 */
struct check {
	struct cert_store *store;
	const struct cert *leaf;
	int error;
	X509 *at;
};

static void set_verdict(struct cert_verdict *v, enum cert_cause cause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void set_verdict(struct cert_verdict *v, enum cert_cause cause, const char *fmt, ...)
{
	va_list ap;

	v->cause = cause;
	va_start(ap, fmt);
	vsnprintf(v->sentence, sizeof(v->sentence), fmt, ap);
	va_end(ap);
}

/* @t NULL: now */
static const char *time_text(const ASN1_TIME *t, char buf[32])
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm) || !strftime(buf, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(buf, 32, "an unreadable date");
	return buf;
}

static X509 *at_fault(const struct check *c)
{
	return c->at ? c->at : c->leaf->x509;
}

/* "peer "CN=a"", and for its CAs "peer "CN=a": its CA "CN=b"" */
static const char *who_text(const struct check *c, char *buf, size_t size)
{
	char leaf[CERT_NAME];
	char ca[CERT_NAME];

	cert_name(X509_get_subject_name(c->leaf->x509), leaf);
	if (!X509_cmp(at_fault(c), c->leaf->x509))
		snprintf(buf, size, "peer \"%s\": its certificate", leaf);
	else
		snprintf(buf, size, "peer \"%s\": the certificate of its CA \"%s\"", leaf,
			 cert_name(X509_get_subject_name(c->at), ca));
	return buf;
}

/* ---- no issuer ---- */

static bool have_name(const struct cert_store *store, const X509_NAME *name)
{
	int i;

	for (i = 0; i < sk_X509_num(store->cas); i++)
		if (!X509_NAME_cmp(X509_get_subject_name(sk_X509_value(store->cas, i)), name))
			return true;
	return false;
}

static void say_cas(const struct cert_store *store, char *buf, size_t size)
{
	char names[CERT_NAME];
	int n = sk_X509_num(store->cas);

	cert_store_names(store, names, sizeof(names));
	if (n > 1)
		snprintf(buf, size, "not among the %d CAs in %s: %s", n, store->where, names);
	else if (n)
		snprintf(buf, size, "unknown: the only CA in %s is %s", store->where, names);
	else
		snprintf(buf, size, "unknown: there is no CA in %s (%u file%s looked at)",
			 store->where, store->files, store->files == 1 ? "" : "s");
}

static void say_no_issuer(const struct check *c, struct cert_verdict *v)
{
	X509 *at = at_fault(c);
	bool self = !X509_NAME_cmp(X509_get_subject_name(at), X509_get_issuer_name(at));
	bool leaf = !X509_cmp(at, c->leaf->x509);
	char subject[CERT_NAME];
	char issuer[CERT_NAME];
	char cas[CERT_NAME + 128];

	cert_name(X509_get_subject_name(c->leaf->x509), subject);
	cert_name(X509_get_issuer_name(at), issuer);
	say_cas(c->store, cas, sizeof(cas));
	if (self && leaf)
		set_verdict(v, CERT_NO_ISSUER,
			    "peer \"%s\": its certificate is self-signed and %s; pin it with peers_certfile",
			    subject, cas);
	else if (have_name(c->store, X509_get_issuer_name(at)))
		set_verdict(v, CERT_NO_ISSUER,
			    "peer \"%s\": the CA \"%s\" that signed it has another key than ours of that name in %s; was it renewed? put its new certificate there",
			    subject, issuer, c->store->where);
	else
		set_verdict(v, CERT_NO_ISSUER, "peer \"%s\": issuer \"%s\" is %s", subject, issuer, cas);
}

/* ---- the other causes ---- */

static void say_revoked(const struct check *c, const char *who, struct cert_verdict *v)
{
	X509 *at = at_fault(c);
	char serial[48] = "?";
	char issuer[CERT_NAME];
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(at), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;

	if (hex)
		snprintf(serial, sizeof(serial), "%s", hex);
	OPENSSL_free(hex);
	BN_free(bn);
	set_verdict(v, CERT_REVOKED, "%s (serial %s) was revoked by \"%s\", says the CRL in %s", who,
		    serial, cert_name(X509_get_issuer_name(at), issuer), c->store->where);
}

static void say_weak(const struct check *c, const char *who, const char *what,
		     struct cert_verdict *v)
{
	set_verdict(v, CERT_WEAK_KEY,
		    "%s %s; make it again with RSA of 2048 bits or more and SHA-256, or allow it with \"testudo { insecure ok; }\" in remote %s",
		    who, what, c->store->remote);
}

static void say_crl(const struct check *c, const char *who, struct cert_verdict *v)
{
	char issuer[CERT_NAME];
	X509 *at = at_fault(c);

	cert_name(X509_get_issuer_name(at), issuer);
	set_verdict(v, CERT_OTHER, "%s can not be checked: the CRL of \"%s\" in %s is not usable (%s)",
		    who, issuer, c->store->where, X509_verify_cert_error_string(c->error));
}

static void say_dates(const struct check *c, const char *who, struct cert_verdict *v)
{
	X509 *at = at_fault(c);
	char date[32];
	char now[32];
	int days = 0;
	int seconds;

	if (c->error == X509_V_ERR_CERT_HAS_EXPIRED) {
		if (!ASN1_TIME_diff(&days, &seconds, X509_get0_notAfter(at), NULL))
			days = 0;
		set_verdict(v, CERT_EXPIRED, "%s expired on %s, %d day%s ago", who,
			    time_text(X509_get0_notAfter(at), date), days, days == 1 ? "" : "s");
		return;
	}
	set_verdict(v, CERT_NOT_YET, "%s is not valid before %s, and our clock says %s", who,
		    time_text(X509_get0_notBefore(at), date), time_text(NULL, now));
}

static void say_weak_bits(const struct check *c, const char *who, struct cert_verdict *v)
{
	X509 *at = at_fault(c);
	const EVP_PKEY *key = X509_get0_pubkey(at);
	char what[64];

	snprintf(what, sizeof(what), "has a key of %d bits only", key ? EVP_PKEY_get_bits(key) : 0);
	say_weak(c, who, what, v);
}

static void say_why(const struct check *c, struct cert_verdict *v)
{
	char who[2 * CERT_NAME + 64];

	who_text(c, who, sizeof(who));
	switch (c->error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		say_no_issuer(c, v);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		say_dates(c, who, v);
		break;
	case X509_V_ERR_CERT_REVOKED:
		say_revoked(c, who, v);
		break;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
		set_verdict(v, CERT_BAD_SIGNATURE,
			    "%s is not signed by the key of our CA of that name in %s: it was changed, or the CA is another one",
			    who, c->store->where);
		break;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		set_verdict(v, CERT_WRONG_USE, "%s may not sign certificates (%s)", who,
			    X509_verify_cert_error_string(c->error));
		break;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
		say_weak_bits(c, who, v);
		break;
	case X509_V_ERR_CA_MD_TOO_WEAK:
		say_weak(c, who, "is signed with a broken digest (MD5 or SHA-1)", v);
		break;
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
	case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
		say_crl(c, who, v);
		break;
	default:
		set_verdict(v, CERT_OTHER, "%s is refused: %s", who,
			    X509_verify_cert_error_string(c->error));
	}
}

/* ---- the chain ---- */

static void note_crl(struct cert_store *store, X509 *at)
{
	char issuer[CERT_NAME];

	if (store->crl_noted)
		return;
	store->crl_noted = true;
	log_notice("no CRL of \"%s\" in %s: whether it revoked a certificate is not known",
		   at ? cert_name(X509_get_issuer_name(at), issuer) : "?", store->where);
}

static int on_error(int ok, X509_STORE_CTX *ctx)
{
	struct check *c = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);

	if (ok)
		return 1;
	if (error == X509_V_ERR_UNABLE_TO_GET_CRL) {
		note_crl(c->store, at);
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	if (c->error == X509_V_OK) {
		c->error = error;
		if (at && X509_up_ref(at))
			c->at = at;
	}
	return 0;
}

static void set_param(X509_STORE_CTX *ctx, const struct cert_store *store, unsigned long flags)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	if (store->crls)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
	/* 2: 112 bits of security, no SHA-1; certificates of old recipes need 0 */
	X509_VERIFY_PARAM_set_auth_level(param, store->insecure ? 0 : 2);
}

/* keys of the whole chain; those that "insecure ok" lets pass are told once */
static bool check_keys(struct check *c, X509_STORE_CTX *ctx, struct cert_verdict *v)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	char who[2 * CERT_NAME + 64];
	int i;

	for (i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		EVP_PKEY *key = X509_get0_pubkey(x);
		const char *fault = key ? key_fault(key) : "its key can not be read";

		/* a CA may use whatever curve it likes, if it is one that libcrypto names */
		if (fault && i && key && EVP_PKEY_is_a(key, "EC"))
			continue;
		if (fault) {
			c->at = X509_up_ref(x) ? x : NULL;
			set_verdict(v, CERT_WEAK_KEY, "%s is refused: %s", who_text(c, who, sizeof(who)),
				    fault);
			return false;
		}
		if (EVP_PKEY_get_security_bits(key) >= 112 || c->store->weak_noted)
			continue;
		c->store->weak_noted = true;
		log_warn("remote %s: a certificate with a key of %d bits is accepted because of \"insecure ok\"",
			 c->store->remote, EVP_PKEY_get_bits(key));
	}
	return true;
}

static STACK_OF(X509) * untrusted(struct cert *const *chain, size_t n)
{
	STACK_OF(X509) *sk = sk_X509_new_null();
	size_t i;

	for (i = 0; sk && i < n && i < CHAIN_MAX; i++)
		if (chain[i] && chain[i]->x509)
			sk_X509_push(sk, chain[i]->x509);
	return sk;
}

static bool run(struct check *c, STACK_OF(X509) * others, unsigned long flags,
		struct cert_verdict *v)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = false;

	c->error = X509_V_OK;
	X509_free(c->at);
	c->at = NULL;
	if (ctx && X509_STORE_CTX_init(ctx, c->store->x, c->leaf->x509, others)) {
		set_param(ctx, c->store, flags);
		X509_STORE_CTX_set_app_data(ctx, c);
		X509_STORE_CTX_set_verify_cb(ctx, on_error);
		ok = X509_verify_cert(ctx) == 1;
		if (!ok && c->error == X509_V_OK)
			c->error = X509_STORE_CTX_get_error(ctx);
		if (!ok)
			say_why(c, v);
		else
			ok = check_keys(c, ctx, v);
	} else {
		set_verdict(v, CERT_OTHER, "libcrypto can not check the peer's certificate");
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* RFC 4945 5.1.3.2; extended key usage is not asked for */
static bool may_sign(const struct cert *leaf)
{
	uint32_t use = X509_get_key_usage(leaf->x509);

	return use & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
}

static void check_leaf(const struct cert *leaf, const struct id *id, struct cert_verdict *v)
{
	char subject[CERT_NAME];
	char theirs[CERT_NAME];
	char ids[CERT_NAME];

	cert_name(X509_get_subject_name(leaf->x509), subject);
	if (!may_sign(leaf))
		set_verdict(v, CERT_WRONG_USE,
			    "peer \"%s\": its certificate's keyUsage has neither digitalSignature nor nonRepudiation",
			    subject);
	else if (id && !cert_has_id(leaf, id))
		set_verdict(v, CERT_WRONG_ID,
			    "peer's identity \"%s\" is not in its certificate; its my_identifier has to be one of: %s",
			    id_text(id, theirs, sizeof(theirs)), cert_ids_text(leaf, ids, sizeof(ids)));
}

void cert_verify(struct cert_store *store, const struct cert *leaf, struct cert *const *chain,
		 size_t n, const struct id *id, struct cert_verdict *verdict)
{
	struct check c = { .store = store, .leaf = leaf };
	STACK_OF(X509) * others;

	if (!leaf || !leaf->x509) {
		set_verdict(verdict, CERT_NONE, "the peer sent no certificate and none is configured");
		return;
	}
	*verdict = (struct cert_verdict){ .cause = CERT_OK };
	others = untrusted(chain, n);
	if (!run(&c, others, 0, verdict) && verdict->cause == CERT_NO_ISSUER) {
		struct cert_verdict again = { .cause = CERT_OK };

		/* an intermediate CA that was put among ours is trusted without its root */
		if (run(&c, others, X509_V_FLAG_PARTIAL_CHAIN, &again) ||
		    again.cause != CERT_NO_ISSUER)
			*verdict = again;
	}
	sk_X509_free(others);
	X509_free(c.at);
	if (verdict->cause == CERT_OK)
		check_leaf(leaf, id, verdict);
	ERR_clear_error();
}
