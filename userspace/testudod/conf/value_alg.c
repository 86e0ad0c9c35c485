// SPDX-License-Identifier: GPL-2.0
/*
 * Algorithms as words: which there are says crypto/alg.c; here is what becomes of
 * weak, broken and gone ones, and what was probably meant by an unknown one.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

/* of each kind: its name in messages, its statement, and one to write instead */
static const struct {
	enum alg_kind kind;
	const char *name;
	const char *instead;
} kinds[] = {
	{ ALG_ENCR, "cipher", "aes 256" },
	{ ALG_INTEG, "authentication algorithm", "hmac_sha256" },
	{ ALG_HASH, "hash", "sha256" },
	{ ALG_DH, "group", "modp2048" },
	{ ALG_COMP, "compression algorithm", "deflate" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_row(enum alg_kind kind)
{
	size_t i = 0;

	while (i < KINDS - 1 && kinds[i].kind != kind)
		i++;
	return i;
}

/* may the table's row stand there at all? */
static bool alg_fits(const struct alg *a, enum alg_kind kind, bool ipsec)
{
	return a->kind == kind && !(a->flags & (ipsec ? ALG_NOIPSEC : ALG_NOIKE)) &&
	       !(a->flags & (ALG_GONE | ALG_BROKEN));
}

#define ALG_WORD 32

static const struct alg *hash_by_name(enum alg_kind kind, const char *name)
{
	char hmac[ALG_WORD + 5];

	snprintf(hmac, sizeof(hmac), "hmac_%s", name);
	return alg_by_name(kind, kind == ALG_INTEG ? hmac : name);
}

/* as other programs write it, "hmac-sha1-96" or "SHA-256": what we call it, if we have it */
static const char *hash_meant(enum alg_kind kind, const char *word)
{
	const struct alg *a;
	char text[ALG_WORD];
	char *name = text;
	char *bits;
	size_t i;

	if (strlen(word) >= sizeof(text))
		return NULL;
	for (i = 0; word[i]; i++)
		text[i] = word[i] == '-' ? '_' : (char)tolower((unsigned char)word[i]);
	text[i] = '\0';
	if (!strncmp(name, "hmac_", 5))
		name += 5;
	if (!strncmp(name, "sha_", 4))
		memmove(name + 3, name + 4, strlen(name + 3));
	a = hash_by_name(kind, name);
	bits = strrchr(name, '_');
	if (!a && bits && bits > name) {
		*bits = '\0';
		a = hash_by_name(kind, name);
	}
	return a ? a->name : NULL;
}

/* "aes128-cbc", "AES_CBC_256", "aes256gcm16": the cipher, and its length if there is one */
static const char *cipher_meant(struct cursor *c, const char *word)
{
	static const char *const bits[] = { "128", "192", "256" };
	const char *name = "aes";
	size_t i;

	if (strncasecmp(word, "aes", 3))
		return NULL;
	if (strcasestr(word, "gcm"))
		name = "aes_gcm";
	else if (strcasestr(word, "ccm"))
		name = "aes_ccm";
	else if (strcasestr(word, "ctr"))
		name = "aes_ctr";
	for (i = 0; i < 3; i++)
		if (strstr(word, bits[i]))
			return arena_printf(&c->l->arena, "%s %s", name, bits[i]);
	return name;
}

/* "group14", "dh14" */
static const char *group_meant(const char *word)
{
	const char *digits = word + strcspn(word, "0123456789");

	return digits > word && strlen(digits) < 3 && alg_by_name(ALG_DH, digits) ? digits : NULL;
}

/* an algorithm of another kind with that name, or of this one as others call it */
static const char *alg_hint_other(struct cursor *c, enum alg_kind kind, const char *word)
{
	const char *meant = NULL;
	size_t i;

	if (kind == ALG_HASH || kind == ALG_INTEG)
		meant = hash_meant(kind, word);
	else if (kind == ALG_ENCR)
		meant = cipher_meant(c, word);
	else if (kind == ALG_DH)
		meant = group_meant(word);
	else
		return "it may be 'deflate' in any case: whether to compress, the policy says";
	if (meant)
		return arena_printf(&c->l->arena, "did you mean '%s'?", meant);
	for (i = 0; i < KINDS; i++)
		if (alg_by_name(kinds[i].kind, word))
			return arena_printf(&c->l->arena, "it is a %s", kinds[i].name);
	return NULL;
}

static const char *alg_hint(struct cursor *c, enum alg_kind kind, bool ipsec, const char *word)
{
	const char *hint = alg_hint_other(c, kind, word);
	struct near near = { .word = word, .len = strlen(word) };
	const struct alg *a;
	size_t i;

	for (i = 0; !hint && (a = alg_row(i)); i++) {
		if (!alg_fits(a, kind, ipsec))
			continue;
		near_try(&near, a->name);
		/* one digit is as near to another as to nothing */
		if (a->alias && strlen(a->alias) > 3)
			near_try(&near, a->alias);
	}
	if (hint || near.best)
		return hint ? hint : did_you_mean(c->l, &near);
	return arena_printf(&c->l->arena, "such as '%s'; testudod.conf(5) has all of them",
			    kinds[kind_row(kind)].instead);
}

/* refuse or warn; false if it was refused */
static bool alg_allowed(struct cursor *c, const struct word *w, const struct alg *a,
			bool insecure, bool ipsec)
{
	const char *name = kinds[kind_row(a->kind)].name;
	const char *instead = kinds[kind_row(a->kind)].instead;
	const char *called = w->text;

	/* "'2' (modp1024)": a number says little */
	if (strcmp(called, a->name))
		called = arena_printf(&c->l->arena, "%s' (%s", w->text, a->name);
	called = arena_printf(&c->l->arena, "'%s%s", called, called == w->text ? "'" : ")");
	if (a->flags & ALG_GONE) {
		say_error(c->l, &w->at, NULL, "%s is not supported: %s", called, a->why);
		return false;
	}
	if (a->flags & (ipsec ? ALG_NOIPSEC : ALG_NOIKE)) {
		say_error(c->l, &w->at, NULL, "%s is a %s for %s only", called, name,
			  ipsec ? "IKE" : "ESP and AH");
		return false;
	}
	if (a->flags & ALG_BROKEN && !insecure) {
		say_error(c->l, &w->at,
			  arena_printf(&c->l->arena,
				       "write '%s %s;'" OR_ACCEPT,
				       c->s->words.first->text, instead),
			  "%s is insecure and refused: %s", called, a->why);
		return false;
	}
	if (a->flags & (ALG_BROKEN | ALG_WEAK))
		say_warn(c->l, &w->at, NULL, "%s is insecure: %s", called, a->why);
	return true;
}

const struct alg *cur_alg(struct cursor *c, enum alg_kind kind, bool insecure, bool ipsec)
{
	const char *name = kinds[kind_row(kind)].name;
	const struct word *w = cur_word(c, arena_printf(&c->l->arena, "a %s", name));
	const struct alg *a;

	if (!w)
		return NULL;
	a = w->kind == WORD_PLAIN ? alg_by_name(kind, w->text) : NULL;
	if (a)
		return alg_allowed(c, w, a, insecure, ipsec) ? a : NULL;
	say_error(c->l, &w->at, alg_hint(c, kind, ipsec, w->text), "'%s' is no %s", w->text, name);
	return NULL;
}

/* "aes256": the cipher, and the bits that hang on it */
static const struct alg *encr_joined(const char *text, unsigned int *bits)
{
	size_t n = strlen(text);
	const struct alg *a;
	char name[32];

	while (n && text[n - 1] >= '0' && text[n - 1] <= '9')
		n--;
	if (!n || !text[n] || n >= sizeof(name) || strlen(text + n) > 4)
		return NULL;
	memcpy(name, text, n);
	name[n - (text[n - 1] == '_' || text[n - 1] == '-')] = '\0';
	a = alg_by_name(ALG_ENCR, name);
	*bits = (unsigned int)strtoul(text + n, NULL, 10);
	return a && a->keylens[0] && alg_has_keylen(a, *bits) ? a : NULL;
}

static bool encr_length(struct cursor *c, struct alg_key *key)
{
	const struct word *w = c->w;
	const char *list = "";
	uint64_t bits;
	size_t i;

	if (!word_is_number(w))
		return true;
	if (!cur_number(c, "a key length", 1, 65535, &bits))
		return false;
	if (!key->alg->keylens[0]) {
		say_error(c->l, &w->at, "take the number away", "'%s' takes no key length",
			  key->alg->name);
		return false;
	}
	if (alg_has_keylen(key->alg, (unsigned int)bits)) {
		key->bits = (uint16_t)bits;
		return true;
	}
	for (i = 0; i < 4 && key->alg->keylens[i]; i++)
		list = arena_printf(&c->l->arena, "%s%s%u", list, i ? ", " : "",
				    key->alg->keylens[i]);
	say_error(c->l, &w->at, NULL, "'%s' has no key of %llu bits; expected one of %s",
		  key->alg->name, (unsigned long long)bits, list);
	return false;
}

bool cur_encr(struct cursor *c, bool insecure, bool ipsec, struct alg_key *key)
{
	const struct word *w = c->w;
	const struct alg *joined = NULL;
	unsigned int bits = 0;

	*key = (struct alg_key){ 0 };
	if (w && w->kind == WORD_PLAIN && !alg_by_name(ALG_ENCR, w->text))
		joined = encr_joined(w->text, &bits);
	if (joined) {
		/* racoon's scanner took it apart too */
		say_warn(c->l, &w->at,
			 arena_printf(&c->l->arena, "write '%s %u'", joined->name, bits),
			 "'%s' is read as '%s %u'", w->text, joined->name, bits);
		cur_word(c, "");
		*key = (struct alg_key){ joined, (uint16_t)bits };
		return alg_allowed(c, w, joined, insecure, ipsec);
	}
	key->alg = cur_alg(c, ALG_ENCR, insecure, ipsec);
	if (!key->alg) {
		/* its key length is no word of its own */
		if (word_is_number(c->w))
			cur_word(c, "");
		return false;
	}
	return encr_length(c, key);
}

static const struct choice auths[] = {
	{ "pre_shared_key", IKE_AUTH_PSK },
	{ "rsasig", IKE_AUTH_RSASIG },
	{ "ecdsasig", IKE_AUTH_ECDSASIG },
	{ "sig", IKE_AUTH_SIG },
	{ NULL, 0 },
};

/* what racoon had, or was said to have */
static const struct {
	const char *name;
	const char *why;
} auths_gone[] = {
	{ "xauth_psk_client", "XAUTH is not there yet; instead: pre_shared_key" },
	{ "xauth_psk_server", "XAUTH is not there yet; instead: pre_shared_key" },
	{ "xauth_rsa_client", "XAUTH is not there yet; instead: rsasig" },
	{ "xauth_rsa_server", "XAUTH is not there yet; instead: rsasig" },
	{ "hybrid_rsa_client", "hybrid authentication is not there yet; instead: rsasig" },
	{ "hybrid_rsa_server", "hybrid authentication is not there yet; instead: rsasig" },
	{ "hybrid_dss_client", "DSA is gone from TLS and SSH too; instead: rsasig" },
	{ "hybrid_dss_server", "DSA is gone from TLS and SSH too; instead: rsasig" },
	{ "dsssig", "DSA is gone from TLS and SSH too; instead: rsasig" },
	{ "rsaenc", "encrypted nonces can be broken (CVE-2018-5389); instead: rsasig" },
	{ "rsarev", "encrypted nonces can be broken (CVE-2018-5389); instead: rsasig" },
	{ "gssapi_krb", "Kerberos authentication is of Windows 2000; instead: rsasig" },
};

const char *auth_name(enum ike_auth auth)
{
	return auth == IKE_AUTH_NONE ? "none" : choice_word(auths, auth);
}

bool cur_auth(struct cursor *c, enum ike_auth *auth)
{
	const struct word *w = c->w;
	size_t i;
	int v;

	for (i = 0; i < sizeof(auths_gone) / sizeof(auths_gone[0]); i++) {
		if (!word_is(w, auths_gone[i].name))
			continue;
		say_error(c->l, &w->at, NULL, "'%s' is not supported: %s", w->text,
			  auths_gone[i].why);
		return false;
	}
	if (!cur_choice(c, "authentication method", auths, &v))
		return false;
	*auth = (enum ike_auth)v;
	return true;
}
