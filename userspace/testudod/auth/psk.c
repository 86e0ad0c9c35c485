// SPDX-License-Identifier: GPL-2.0
/*
 * psk.txt: its lines as racoon reads them, complaints about them, and what is
 * made with a key. It opens no file and prints no secret.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "auth/secrets.h"
#include "crypto/crypt.h"

#define PSK_CHECK_LINES 2000 /* from here on duplicates are not looked for */

/**
 * struct psk_line - one line, taken apart
 * @number: from 1
 * @all: without its end
 * @name: identifier; empty: the line holds none
 * @secret: to the end of the line, blanks and CR included
 */
struct psk_line {
	unsigned int number;
	struct chunk all;
	struct chunk name;
	struct chunk secret;
};

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool next_line(struct chunk *text, struct psk_line *line)
{
	const uint8_t *end;
	size_t n = 0;

	if (!text->n)
		return false;
	end = memchr(text->p, '\n', text->n);
	line->number++;
	line->all = chunk(text->p, end ? (size_t)(end - text->p) : text->n);
	*text = chunk(text->p + line->all.n + !!end, text->n - line->all.n - !!end);
	line->name = chunk(line->all.p, 0);
	line->secret = chunk(line->all.p, 0);
	if (!line->all.n || line->all.p[0] == '#')
		return true;
	while (n < line->all.n && !is_space(line->all.p[n]))
		n++;
	line->name.n = n;
	while (n < line->all.n && is_space(line->all.p[n]))
		n++;
	line->secret = chunk(line->all.p + n, line->all.n - n);
	return true;
}

static bool is_text(struct chunk c, const char *s)
{
	return chunk_equal(c, chunk_str(s));
}

static bool is_hex(struct chunk secret)
{
	return secret.n >= 2 && secret.p[0] == '0' && secret.p[1] == 'x';
}

/* why "0x..." is no key; NULL if it is one */
static const char *hex_fault(struct chunk secret)
{
	size_t n = secret.n;
	size_t i;

	for (i = 2; i < n; i++)
		if (OPENSSL_hexchar2int(secret.p[i]) < 0)
			return is_space(secret.p[i]) ? "a blank or carriage return in a hexadecimal key" : "not a hexadecimal digit after 0x";
	if (n == 2)
		return "no digits after 0x";
	return n % 2 ? "odd number of hexadecimal digits" : NULL;
}

static bool take_secret(struct chunk secret, struct blob *key)
{
	size_t i;

	if (!is_hex(secret)) {
		blob_wipe(key);
		blob_set(key, secret);
		return true;
	}
	if (hex_fault(secret))
		return false;
	blob_wipe(key);
	key->n = secret.n / 2 - 1;
	key->p = xcalloc(1, key->n);
	for (i = 0; i < key->n; i++)
		key->p[i] = (uint8_t)(OPENSSL_hexchar2int(secret.p[2 + 2 * i]) << 4 |
				      OPENSSL_hexchar2int(secret.p[3 + 2 * i]));
	return true;
}

/* by value, however it is written; a scope ("%eth0") does not tell peers apart */
static bool name_is_addr(struct chunk name, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage sa;
	char text[ADDR_TEXT];

	if (!addr || !addr->ss_family || name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return strlen(text) == name.n && addr_parse(&sa, text) &&
	       chunk_equal(addr_bytes(&sa), addr_bytes(addr));
}

static bool name_is_dn(struct chunk name, const struct id *id)
{
	char *text = xstrndup((const char *)name.p, name.n);
	struct id dn = { 0 };
	/* a zero byte would be the end of the text, and no name is what its beginning says */
	bool same = strlen(text) == name.n && strchr(text, '=') && id_from_dn_text(&dn, text) &&
		    id_equal(&dn, id);

	id_free(&dn);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	return same;
}

static bool name_is_id(struct chunk name, const struct id *id)
{
	struct id other = { .type = id->type, .data = { (uint8_t *)name.p, name.n } };
	struct sockaddr_storage sa;

	switch (id->type) {
	case ID_IPV4:
	case ID_IPV6:
		return addr_from_bytes(&sa, blob_chunk(&id->data)) && name_is_addr(name, &sa);
	case ID_DN:
		return name_is_dn(name, id);
	case ID_FQDN:
	case ID_USER_FQDN:
	case ID_KEY_ID:
		return id_equal(&other, id);
	}
	return false;
}

/* racoon walks the file once by identity and, if there was no line, once by address */
static bool find_by(struct chunk text, const struct psk_who *who, struct psk_line *line)
{
	*line = (struct psk_line){ 0 };
	while (next_line(&text, line)) {
		if (!line->name.n || !line->secret.n)
			continue;
		if (is_text(line->name, "*") || (who->id && name_is_id(line->name, who->id)) ||
		    (who->addr && name_is_addr(line->name, who->addr)))
			return true;
	}
	line->number = 0;
	return false;
}

bool psk_find(struct chunk text, const struct psk_who *who, struct blob *key, unsigned int *line)
{
	const struct psk_who by_id = { .id = who->id };
	const struct psk_who by_addr = { .addr = who->addr };
	struct psk_line found = { 0 };

	if (!(who->id && find_by(text, &by_id, &found)) && !(who->addr && find_by(text, &by_addr, &found))) {
		*line = 0;
		return false;
	}
	*line = found.number;
	return take_secret(found.secret, key);
}

/* ---- complaints ---- */

/**
 * struct psk_names - identifiers seen so far
 * @name: identifiers
 * @line: where
 * @n: how many
 * @star: line of the first "*", 0: none yet
 */
struct psk_names {
	struct chunk name[PSK_CHECK_LINES];
	unsigned int line[PSK_CHECK_LINES];
	unsigned int n;
	unsigned int star;
};

static const char *line_fault(const struct psk_line *l)
{
	struct chunk s = l->secret;
	size_t i;

	if (!l->all.n || l->all.p[0] == '#')
		return NULL;
	if (memchr(l->all.p, '\0', l->all.n))
		return "a zero byte in the line";
	if (l->number == 1 && l->all.n >= 3 && !memcmp(l->all.p, "\xef\xbb\xbf", 3))
		return "the file begins with a byte order mark, which becomes part of the first identifier";
	for (i = 0; i < l->all.n && is_space(l->all.p[i]); i++)
		;
	if (i == l->all.n)
		return NULL;
	if (!l->name.n)
		return l->all.p[i] == '#' ? "# begins a comment only in the first column" : "the line begins with a blank, so it has no identifier and is never used";
	if (!s.n)
		return "no secret after the identifier: the line is never used";
	if (is_hex(s) && hex_fault(s))
		return hex_fault(s);
	if (s.p[s.n - 1] == '\r')
		return "the carriage return at the end is part of the secret (a file from Windows?)";
	if (is_space(s.p[s.n - 1]))
		return "the blanks at the end are part of the secret";
	for (i = 1; i + 1 < s.n; i++)
		if (is_space(s.p[i - 1]) && s.p[i] == '#' && is_space(s.p[i + 1]))
			return "# begins a comment only in the first column: here it is part of the secret";
	return NULL;
}

static void check_reach(struct psk_names *seen, const struct psk_line *l,
			void (*fn)(void *arg, unsigned int line, const char *what), void *arg)
{
	char what[96];
	unsigned int i;

	if (seen->star) {
		snprintf(what, sizeof(what), "never used: the * of line %u matches everybody first",
			 seen->star);
		fn(arg, l->number, what);
		return;
	}
	for (i = 0; i < seen->n; i++) {
		if (!chunk_equal(seen->name[i], l->name))
			continue;
		snprintf(what, sizeof(what), "never used: line %u has the same identifier",
			 seen->line[i]);
		fn(arg, l->number, what);
		return;
	}
	if (is_text(l->name, "*"))
		seen->star = l->number;
	if (seen->n == PSK_CHECK_LINES)
		return;
	seen->line[seen->n] = l->number;
	seen->name[seen->n++] = l->name;
}

void psk_check(struct chunk text, void (*fn)(void *arg, unsigned int line, const char *what),
	       void *arg)
{
	struct psk_names *seen = xcalloc(1, sizeof(*seen));
	struct psk_line line = { 0 };

	while (next_line(&text, &line)) {
		const char *fault = line_fault(&line);

		if (fault)
			fn(arg, line.number, fault);
		if (line.name.n && line.secret.n)
			check_reach(seen, &line, fn, arg);
	}
	free(seen);
}

/* ---- use ---- */

bool psk_make(enum psk_use use, const struct alg *prf, struct chunk key, struct chunk data,
	      uint8_t *out)
{
	static const char pad[] = "Key Pad for IKEv2";
	struct chunk pad_chunk = chunk(pad, sizeof(pad) - 1);
	uint8_t inner[CRYPT_HASH_MAX];
	bool ok;

	if (use == PSK_PRF)
		return crypt_prf(prf, key, &data, 1, out);
	ok = crypt_prf(prf, key, &pad_chunk, 1, inner) &&
	     crypt_prf(prf, chunk(inner, prf->out), &data, 1, out);
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}
