// SPDX-License-Identifier: GPL-2.0
/*
 * Distinguished names between text and DER, and their comparison. libcrypto
 * does the ASN.1 and the canonical form; the text is racoon's: RDNs in the order
 * of the DER, separated by a comma (or a slash, as "openssl x509 -subject" had it),
 * values with \, and \hh, or in quotes.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "wire/dn.h"

#define DN_TYPE_MAX  64	  /* characters of an attribute type, OIDs included */
#define DN_VALUE_MAX 1024 /* bytes of a value; RFC 5280's bounds are far below */

/* ---- text for people ---- */

/**
 * struct out - a text under construction in a buffer of fixed size
 * @buf: buffer
 * @size: its size
 * @n: characters so far
 * @full: something did not fit
 */
struct out {
	char *buf;
	size_t size;
	size_t n;
	bool full;
};

/* all of @s or nothing, so that an escape is never cut in two */
static void out_put(struct out *o, const char *s, size_t n)
{
	if (o->full || n >= o->size - o->n) {
		o->full = true;
		return;
	}
	memcpy(o->buf + o->n, s, n);
	o->n += n;
	o->buf[o->n] = '\0';
}

static void out_str(struct out *o, const char *s)
{
	out_put(o, s, strlen(s));
}

static const char *out_end(struct out *o)
{
	if (o->full && o->size > 3) {
		size_t at = o->n < o->size - 4 ? o->n : o->size - 4;

		/* do not leave half of an UTF-8 sequence or of an escape behind */
		while (at && ((uint8_t)o->buf[at] & 0xc0) == 0x80)
			at--;
		memcpy(o->buf + at, "...", 4);
	}
	return o->buf;
}

/* controls, and marks that change what a terminal shows around them */
static bool is_printable(unsigned long c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0x61c || c == 0xfeff)
		return false;
	return c < 0xd800 || (c > 0xdfff && c < 0xfff0) || (c > 0xffff && c < 0xe0000);
}

static void out_escaped(struct out *o, struct chunk text, const char *special)
{
	while (text.n && !o->full) {
		unsigned long c;
		int n = UTF8_getc(text.p, text.n > 8 ? 8 : (int)text.n, &c);
		bool plain = n > 0 && is_printable(c) && c != '\\';

		char escaped[4];

		if (plain && (c >= 0x80 || !special || !strchr(special, (int)c))) {
			out_put(o, (const char *)text.p, n);
		} else {
			snprintf(escaped, sizeof(escaped), plain ? "\\%c" : "\\%02x", text.p[0]);
			out_str(o, escaped);
			n = 1;
		}
		text.p += n;
		text.n -= n;
	}
}

const char *text_escape(struct chunk text, const char *special, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };

	if (!size)
		return "";
	buf[0] = '\0';
	out_escaped(&o, text, special);
	return out_end(&o);
}

/* ---- DER ---- */

static X509_NAME *name_parse(struct chunk der)
{
	const unsigned char *p = der.p;
	X509_NAME *name;

	if (!der.n || der.n > LONG_MAX)
		return NULL;
	name = d2i_X509_NAME(NULL, &p, (long)der.n);
	if (name && p != der.p + der.n) {
		X509_NAME_free(name);
		name = NULL;
	}
	ERR_clear_error();
	return name;
}

/*
 * '*' is no character of a PrintableString, so the wildcard can be told from a
 * name that has a star in it. racoon marks it the same way.
 */
static bool is_wildcard(const ASN1_STRING *value)
{
	return ASN1_STRING_type(value) == V_ASN1_PRINTABLESTRING && ASN1_STRING_length(value) == 1 &&
	       ASN1_STRING_get0_data(value)[0] == '*';
}

bool dn_valid(struct chunk der)
{
	X509_NAME *name = name_parse(der);

	X509_NAME_free(name);
	return name != NULL;
}

bool dn_equal(struct chunk a, struct chunk b)
{
	X509_NAME *na = name_parse(a);
	X509_NAME *nb = name_parse(b);
	bool equal = na && nb && X509_NAME_cmp(na, nb) == 0;

	X509_NAME_free(na);
	X509_NAME_free(nb);
	ERR_clear_error();
	return equal;
}

static bool entry_equal(const X509_NAME_ENTRY *a, const X509_NAME_ENTRY *b)
{
	X509_NAME *na = X509_NAME_new();
	X509_NAME *nb = X509_NAME_new();
	bool equal = na && nb && X509_NAME_add_entry(na, a, -1, 0) &&
		     X509_NAME_add_entry(nb, b, -1, 0) && X509_NAME_cmp(na, nb) == 0;

	X509_NAME_free(na);
	X509_NAME_free(nb);
	return equal;
}

static bool entry_match(const X509_NAME_ENTRY *pattern, const X509_NAME_ENTRY *e)
{
	if (X509_NAME_ENTRY_set(pattern) != X509_NAME_ENTRY_set(e) ||
	    OBJ_cmp(X509_NAME_ENTRY_get_object(pattern), X509_NAME_ENTRY_get_object(e)))
		return false;
	return is_wildcard(X509_NAME_ENTRY_get_data(pattern)) || entry_equal(pattern, e);
}

bool dn_match(struct chunk pattern, struct chunk der)
{
	X509_NAME *np = name_parse(pattern);
	X509_NAME *nd = name_parse(der);
	bool match = np && nd && X509_NAME_entry_count(np) == X509_NAME_entry_count(nd);
	int i;

	for (i = 0; match && i < X509_NAME_entry_count(np); i++)
		match = entry_match(X509_NAME_get_entry(np, i), X509_NAME_get_entry(nd, i));
	X509_NAME_free(np);
	X509_NAME_free(nd);
	ERR_clear_error();
	return match;
}

static void out_value(struct out *o, const ASN1_STRING *value)
{
	unsigned char *utf8 = NULL;
	struct chunk c = { ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
	bool last_blank;
	int n;

	if (is_wildcard(value)) {
		out_str(o, "*");
		return;
	}
	n = ASN1_STRING_to_UTF8(&utf8, value);
	if (n >= 0)
		c = (struct chunk){ utf8, (size_t)n };
	if (c.n == 1 && c.p[0] == '*')
		out_str(o, "\\2a");
	else if (c.n) {
		/* blanks at the ends would be lost when the text is read again */
		for (; c.n && c.p[0] == ' '; c.p++, c.n--)
			out_str(o, "\\20");
		last_blank = c.n && c.p[c.n - 1] == ' ';
		out_escaped(o, chunk(c.p, c.n - last_blank), ",+/\"");
		if (last_blank)
			out_str(o, "\\20");
	}
	OPENSSL_free(utf8);
	ERR_clear_error();
}

static void out_type(struct out *o, const ASN1_OBJECT *obj)
{
	char oid[DN_TYPE_MAX * 2];
	int nid = OBJ_obj2nid(obj);

	if (nid != NID_undef)
		out_str(o, OBJ_nid2sn(nid));
	else if (OBJ_obj2txt(oid, sizeof(oid), obj, 1) > 0)
		out_str(o, oid);
	else
		out_str(o, "?");
}

const char *dn_text(struct chunk der, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };
	X509_NAME *name = name_parse(der);
	int set = -1;
	int i;

	if (!size) {
		X509_NAME_free(name);
		return "";
	}
	buf[0] = '\0';
	if (!name) {
		out_str(&o, "(no distinguished name)");
		return out_end(&o);
	}
	if (!X509_NAME_entry_count(name))
		out_str(&o, "(empty)");
	for (i = 0; i < X509_NAME_entry_count(name) && !o.full; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);

		if (i)
			out_str(&o, X509_NAME_ENTRY_set(e) == set ? "+" : ", ");
		set = X509_NAME_ENTRY_set(e);
		out_type(&o, X509_NAME_ENTRY_get_object(e));
		out_str(&o, "=");
		out_value(&o, X509_NAME_ENTRY_get_data(e));
	}
	X509_NAME_free(name);
	return out_end(&o);
}

/* ---- text to DER ---- */

static ASN1_OBJECT *type_object(const char *type)
{
	/* spellings of other tools */
	static const char *const alias[][2] = {
		{ "E", "emailAddress" },
		{ "EMAIL", "emailAddress" },
		{ "EMAILADDRESS", "emailAddress" },
		{ "S", "ST" },
		{ "SERIALNUMBER", "serialNumber" },
	};
	ASN1_OBJECT *obj = OBJ_txt2obj(type, 0);
	char upper[DN_TYPE_MAX];
	size_t i;

	for (i = 0; !obj && type[i] && i < sizeof(upper) - 1; i++) {
		upper[i] = (char)toupper((unsigned char)type[i]);
		upper[i + 1] = '\0';
	}
	if (!obj && i) {
		size_t k;

		for (k = 0; k < sizeof(alias) / sizeof(alias[0]); k++)
			if (!strcmp(alias[k][0], upper))
				obj = OBJ_txt2obj(alias[k][1], 0);
		if (!obj)
			obj = OBJ_txt2obj(upper, 0);
	}
	ERR_clear_error();
	return obj;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* "TYPE =" at @s; the rest after it, or NULL */
static const char *read_type(const char *s, ASN1_OBJECT **obj)
{
	char type[DN_TYPE_MAX];
	size_t n;

	*obj = NULL;
	s = skip_blanks(s);
	n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");
	if (!n || n >= sizeof(type))
		return NULL;
	memcpy(type, s, n);
	type[n] = '\0';
	s = skip_blanks(s + n);
	/* libcrypto takes "2..5" for "2.0.5", and its text may then be longer than what was read */
	if (*s != '=' || strstr(type, "..") || type[n - 1] == '.')
		return NULL;
	*obj = type_object(type);
	return *obj ? s + 1 : NULL;
}

/* '/' and '+' separate only where a type follows; so "CN=a/b" stays one value */
static bool ends_value(const char *s)
{
	ASN1_OBJECT *obj;
	bool ends;

	if (*s == ',' || *s == '\0')
		return true;
	if (*s != '/' && *s != '+')
		return false;
	ends = read_type(s + 1, &obj) != NULL;
	ASN1_OBJECT_free(obj);
	return ends;
}

/**
 * struct value - an RDN's value while it is read
 * @buf: its bytes
 * @n: how many
 * @keep: the first ones, which are not blanks to be trimmed
 * @plain: nothing in it was escaped or quoted
 */
struct value {
	uint8_t buf[DN_VALUE_MAX];
	size_t n;
	size_t keep;
	bool plain;
};

/* what follows a backslash; NULL if it can not be */
static const char *read_escape(const char *s, struct value *v)
{
	int c = (uint8_t)*s;
	int high = OPENSSL_hexchar2int(s[0]);
	int low = high < 0 ? -1 : OPENSSL_hexchar2int(s[1]);

	if (low >= 0) {
		c = high << 4 | low;
		s++;
	}
	if (!c)
		return NULL;
	v->buf[v->n++] = (uint8_t)c;
	v->keep = v->n;
	v->plain = false;
	return s + 1;
}

static const char *read_value(const char *s, struct value *v)
{
	bool quoted = false;

	*v = (struct value){ .plain = true };
	s = skip_blanks(s);
	while (quoted || !ends_value(s)) {
		if (v->n == sizeof(v->buf) || !*s)
			return NULL;
		if (*s == '\\') {
			s = read_escape(s + 1, v);
			if (!s)
				return NULL;
		} else if (*s == '"') {
			quoted = !quoted;
			v->plain = false;
			v->keep = v->n;
			s++;
		} else {
			v->buf[v->n++] = (uint8_t)*s;
			if (quoted || (*s != ' ' && *s != '\t'))
				v->keep = v->n;
			s++;
		}
	}
	v->n = v->keep;
	return s;
}

static bool is_utf8(struct chunk c)
{
	unsigned long val;

	while (c.n) {
		int n = UTF8_getc(c.p, c.n > 8 ? 8 : (int)c.n, &val);

		if (n <= 0)
			return false;
		c.p += n;
		c.n -= n;
	}
	return true;
}

static bool add_rdn(X509_NAME *name, const ASN1_OBJECT *type, const struct value *v, int set)
{
	int how = is_utf8(chunk(v->buf, v->n)) ? MBSTRING_UTF8 : MBSTRING_ASC;

	if (v->plain && v->n == 1 && v->buf[0] == '*')
		how = V_ASN1_PRINTABLESTRING;
	return v->n && X509_NAME_add_entry_by_OBJ(name, type, how, v->buf, (int)v->n, -1, set);
}

static bool read_name(X509_NAME *name, const char *s)
{
	int set = 0;

	s = skip_blanks(s);
	if (*s == '/')
		s++;
	for (;;) {
		struct value v;
		ASN1_OBJECT *type;
		bool ok;

		s = read_type(s, &type);
		if (s)
			s = read_value(s, &v);
		ok = s && add_rdn(name, type, &v, set);
		ASN1_OBJECT_free(type);
		if (!ok)
			return false;
		if (!*s)
			return true;
		set = *s == '+' ? -1 : 0;
		s++;
	}
}

bool dn_from_text(struct blob *der, const char *text)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char *p = NULL;
	int n = -1;

	if (name && read_name(name, text))
		n = i2d_X509_NAME(name, &p);
	X509_NAME_free(name);
	ERR_clear_error();
	if (n < 0)
		return false;
	blob_set(der, chunk(p, (size_t)n));
	OPENSSL_free(p);
	return true;
}
