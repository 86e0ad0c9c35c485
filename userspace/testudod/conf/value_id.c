// SPDX-License-Identifier: GPL-2.0
/*
 * Identities of peers, and the selectors of a sainfo: types and their values.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

static const struct choice id_types[] = {
	{ "address", ID_IPV4 },
	{ "fqdn", ID_FQDN },
	{ "user_fqdn", ID_USER_FQDN },
	{ "keyid", ID_KEY_ID },
	{ "asn1dn", ID_DN },
	{ NULL, 0 },
};

/* names that other versions of racoon have for the same */
static const struct choice id_aliases[] = {
	{ "certname", ID_DN },	    /* KAME */
	{ "keyid_use", ID_KEY_ID }, /* Mac OS X: always the text itself */
	{ NULL, 0 },
};

/* the first two stand alone, and whoever reads a head has looked for them */
static const struct choice selector_types[] = {
	{ "anonymous", 0 },
	{ "clientaddr", 0 },
	{ "address", ID_IPV4 },
	{ "subnet", ID_IPV4_SUBNET },
	{ "fqdn", ID_FQDN },
	{ "user_fqdn", ID_USER_FQDN },
	{ "keyid", ID_KEY_ID },
	{ NULL, 0 },
};

static const struct choice protocols[] = {
	{ "any", 0 },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "ipcomp", IPPROTO_COMP },
	{ NULL, 0 },
};

/* is a * the value of one of its parts? */
static bool dn_has_wildcard(const char *text)
{
	const char *p;

	for (p = strchr(text, '='); p; p = strchr(p, '=')) {
		p += 1 + strspn(p + 1, " ");
		if (*p != '*')
			continue;
		p += 1 + strspn(p + 1, " ");
		if (!*p || *p == ',' || *p == '/' || *p == '+')
			return true;
	}
	return false;
}

static bool id_dn(struct cursor *c, struct conf_id *id)
{
	const struct word *w = c->w;
	const char *text = cur_string(c, "a distinguished name");

	if (!text)
		return false;
	if (!id_from_dn_text(&id->id, text)) {
		say_error(c->l, &w->at, "write it as \"C=DE, O=Example, CN=gw.example\"",
			  "'%s' is no distinguished name", text);
		return false;
	}
	id->pattern = dn_has_wildcard(text);
	return true;
}

static bool id_address(struct cursor *c, struct conf_id *id)
{
	struct sockaddr_storage sa;

	if (!cur_host(c, &sa))
		return false;
	id_from_addr(&id->id, &sa);
	id->type = id->id.type;
	return true;
}

/* racoon's key ids are the content of a file, unless they are said to be the text itself */
static bool id_key(struct cursor *c, struct conf_id *id)
{
	bool tag = word_is(c->last, "keyid_use") || cur_skip(c, "tag");
	const struct source_file *f;
	const struct word *w;
	const char *text;

	if (!tag)
		cur_skip(c, "file");
	w = c->w;
	text = cur_string(c, tag ? "the identity" : "the name of a file");
	if (!text)
		return false;
	if (tag) {
		id_set(&id->id, ID_KEY_ID, chunk_str(text));
		return true;
	}
	f = source_open(c->l->src, text);
	if (f->error || !f->data.n) {
		say_error(c->l, &w->at, "an identity that is no file's name: keyid tag \"...\"",
			  "cannot read '%s': %s", text,
			  f->error ? strerror(f->error) : "it is empty");
		return false;
	}
	id_set(&id->id, ID_KEY_ID, blob_chunk(&f->data));
	return true;
}

static bool id_name(struct cursor *c, uint8_t type, struct id *id)
{
	const struct word *w;
	const char *text;

	cur_skip(c, "tag");
	w = c->w;
	text = cur_string(c, "a name");
	if (!text)
		return false;
	id_set(id, type, chunk_str(text));
	if (id_valid(id))
		return true;
	say_error(c->l, &w->at, NULL, "'%s' is no name: there are blanks in it", text);
	return false;
}

/* a word that is understood and not shown among those that are expected */
static bool cur_alias(struct cursor *c, const struct choice *table, int *v)
{
	for (; table->word; table++) {
		if (!word_is(c->w, table->word))
			continue;
		*v = table->value;
		return cur_skip(c, table->word);
	}
	return false;
}

/**
 * cur_id() - read an identity: its type and, where one is needed, its value
 * @c: cursor
 * @id: result
 *
 * Return: false if it was told as wrong.
 */
bool cur_id(struct cursor *c, struct conf_id *id)
{
	int type;

	if (c->w)
		id->where = c->w->at;
	if (!cur_alias(c, id_aliases, &type) && !cur_choice(c, "type of identity", id_types, &type))
		return false;
	id->type = (uint8_t)type;
	if (type == ID_KEY_ID)
		return id_key(c, id);
	/* the address in use, the subject of the certificate */
	if (!c->w && (type == ID_DN || type == ID_IPV4))
		return true;
	if (type == ID_DN)
		return id_dn(c, id);
	if (type == ID_IPV4)
		return id_address(c, id);
	return id_name(c, (uint8_t)type, &id->id);
}

/* the upper protocol, which racoon wants said */
static bool selector_proto(struct cursor *c, sa_family_t family, unsigned int port,
			   unsigned int *proto)
{
	const struct word *w = c->w;
	uint64_t number;
	int v = 0;

	if (!w || word_is(w, "address") || word_is(w, "subnet") || word_is(w, "anonymous")) {
		say_error(c->l, &c->last->end, "write 'any' for all of them",
			  "expected a protocol after '%s'", c->last->text);
		return false;
	}
	if (word_is_number(w)) {
		if (!cur_number(c, "a protocol", 0, 255, &number))
			return false;
		v = (int)number;
	} else if (!cur_choice(c, "protocol", protocols, &v)) {
		return false;
	}
	*proto = (unsigned int)v;
	if (v != IPPROTO_ICMP && v != IPPROTO_ICMPV6)
		return true;
	if (family != (v == IPPROTO_ICMP ? AF_INET : AF_INET6)) {
		say_error(c->l, &w->at, NULL, "'%s' is not of the address's family", w->text);
		return false;
	}
	if (port) {
		say_error(c->l, &w->at, "write [any]", "'%s' has no ports", w->text);
		return false;
	}
	return true;
}

/* "10.0.0.1" or "10.0.0.1-10.0.0.9"; @last is none unless it is a range */
static bool selector_host(struct cursor *c, struct sockaddr_storage *sa,
			  struct sockaddr_storage *last)
{
	const struct word *w = cur_word(c, "an address");
	const char *dash;
	char *first;
	bool ok;

	*last = (struct sockaddr_storage){ 0 };
	if (!w)
		return false;
	dash = w->kind == WORD_PLAIN ? strchr(w->text, '-') : NULL;
	first = xstrndup(w->text, dash ? (size_t)(dash - w->text) : strlen(w->text));
	ok = addr_parse(sa, first) && (!dash || addr_parse(last, dash + 1));
	free(first);
	if (!ok) {
		say_error(c->l, &w->at, NULL, "'%s' is no IPv4 or IPv6 address", w->text);
		return false;
	}
	if (!dash || (sa->ss_family == last->ss_family &&
		      memcmp(addr_bytes(sa).p, addr_bytes(last).p, addr_bytes(sa).n) <= 0))
		return true;
	say_error(c->l, &w->at, NULL, "'%s' is no range: its end lies before its start", w->text);
	return false;
}

/* "255.255.255.0" as the number it stands for */
static const char *mask_hint(struct cursor *c, const char *text)
{
	struct sockaddr_storage sa;
	uint32_t mask;

	if (!addr_parse(&sa, text) || sa.ss_family != AF_INET)
		return NULL;
	memcpy(&mask, addr_bytes(&sa).p, sizeof(mask));
	mask = ntohl(mask);
	/* no bit set behind one that is not */
	if (!mask || (~mask & (~mask + 1)))
		return NULL;
	return arena_printf(&c->l->arena, "write '%d'", __builtin_popcount(mask));
}

static bool selector_prefix(struct cursor *c, const struct sockaddr_storage *sa,
			    unsigned int *bits)
{
	const struct word *w;

	*bits = addr_bits(sa);
	if (!cur_skip(c, "/"))
		return true;
	w = c->w;
	if (!w || w->kind != WORD_PLAIN || !strchr(w->text, '.'))
		return cur_uint(c, "a prefix length", 0, addr_bits(sa), bits);
	say_error(c->l, &w->at, mask_hint(c, w->text), "expected a prefix length, not '%s'", w->text);
	return false;
}

static bool selector_addr(struct cursor *c, struct ts *ts)
{
	const struct conf_where *at = c->w ? &c->w->at : &c->last->end;
	struct sockaddr_storage sa, last;
	unsigned int bits, proto;
	char buf[TS_TEXT];
	uint16_t port = 0;

	if (!selector_host(c, &sa, &last) || !selector_prefix(c, &sa, &bits) ||
	    !cur_port(c, &port) || !selector_proto(c, sa.ss_family, port, &proto))
		return false;
	ts_from_prefix(ts, &sa, bits, proto, port);
	if (last.ss_family)
		memcpy(ts->hi, addr_bytes(&last).p, addr_bytes(&last).n);
	else if (memcmp(ts->lo, addr_bytes(&sa).p, addr_bytes(&sa).n))
		say_warn(c->l, at, NULL, "bits are set behind the prefix; it is read as %s",
			 ts_text(ts, buf));
	return true;
}

/**
 * cur_selector() - read one of the two selectors of a sainfo
 * @c: cursor
 * @ts: result, if it is addresses
 * @name: result, if it is a name; type 0 if it is not
 *
 * Return: false if it was told as wrong.
 */
bool cur_selector(struct cursor *c, struct ts *ts, struct id *name)
{
	const struct word *w = c->w;
	struct sockaddr_storage sa;
	int type;

	if (w && w->kind == WORD_PLAIN && addr_parse(&sa, w->text)) {
		say_error(c->l, &w->at, "write 'address' or 'subnet' in front of it",
			  "'%s' is no type of selector", w->text);
		return false;
	}
	if (!cur_choice(c, "type of selector", selector_types, &type))
		return false;
	if (type == ID_IPV4 || type == ID_IPV4_SUBNET)
		return selector_addr(c, ts);
	if (!id_name(c, (uint8_t)type, name))
		return false;
	say_warn(c->l, &w->at, "peers negotiate addresses: write 'address' or 'subnet'",
		 "a sainfo for a name is never used");
	return true;
}
