// SPDX-License-Identifier: GPL-2.0
/*
 * The control protocol's requests: the table of verbs, and JSON and struct
 * made of each other. It reads no socket and asks nobody.
 */
#include <jansson.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "ctl/proto.h"

/* bits of the fields of a request */
#define HAS_WHAT    0x0001u
#define HAS_NAME    0x0002u
#define HAS_SRC	    0x0004u
#define HAS_DST	    0x0008u
#define HAS_SBITS   0x0010u
#define HAS_DBITS   0x0020u
#define HAS_SPORT   0x0040u
#define HAS_DPORT   0x0080u
#define HAS_PROTO   0x0100u
#define HAS_DRY	    0x0200u
#define HAS_VERBOSE 0x0400u
#define HAS_ENDS    (HAS_SRC | HAS_DST)
#define HAS_FLOW    (HAS_ENDS | HAS_SBITS | HAS_DBITS | HAS_SPORT | HAS_DPORT | HAS_PROTO)

/**
 * struct verb_row - one verb
 * @name: in JSON, and on testudoctl's command line
 * @right: the least right that it takes
 * @may: fields that it knows
 * @needs: fields that it can not do without
 * @any: fields of which it needs one at least, 0: none
 */
struct verb_row {
	const char *name;
	enum ctl_right right;
	unsigned int may;
	unsigned int needs;
	unsigned int any;
};

static const struct verb_row proto_verbs[CTL_VERBS] = {
	[CTL_RELOAD] = { "reload-config", CTL_RIGHT_ALL, HAS_DRY, 0, 0 },
	[CTL_SCHEDULE] = { "show-schedule", CTL_RIGHT_READ, 0, 0, 0 },
	[CTL_SHOW_SA] = { "show-sa", CTL_RIGHT_READ, HAS_WHAT, HAS_WHAT, 0 },
	[CTL_GET_CERT] = { "get-cert", CTL_RIGHT_READ, HAS_ENDS | HAS_SPORT | HAS_DPORT, HAS_DST, 0 },
	[CTL_FLUSH_SA] = { "flush-sa", CTL_RIGHT_ALL, HAS_WHAT, HAS_WHAT, 0 },
	[CTL_DELETE_SA] = { "delete-sa", CTL_RIGHT_ALL, HAS_WHAT | HAS_NAME | HAS_FLOW, HAS_WHAT,
			    HAS_NAME | HAS_DST },
	[CTL_ESTABLISH_SA] = { "establish-sa", CTL_RIGHT_ALL, HAS_WHAT | HAS_NAME | HAS_FLOW, 0,
			       HAS_NAME | HAS_DST },
	[CTL_SUBSCRIBE] = { "show-event", CTL_RIGHT_READ, 0, 0, 0 },
	[CTL_STATUS] = { "status", CTL_RIGHT_READ, HAS_NAME | HAS_VERBOSE, 0, 0 },
	[CTL_WHY] = { "why", CTL_RIGHT_READ, HAS_NAME, HAS_NAME, 0 },
	[CTL_METRICS] = { "metrics", CTL_RIGHT_READ, 0, 0, 0 },
};

static const char *const proto_whats[CTL_WHATS] = {
	[CTL_ALL] = "all",
	[CTL_ISAKMP] = "isakmp",
	[CTL_ESP] = "esp",
	[CTL_AH] = "ah",
	[CTL_IPCOMP] = "ipcomp",
	[CTL_IPSEC] = "ipsec",
};

/**
 * struct proto_fields - the values of a request before they are put together
 * @what: word
 * @name: text
 * @src: address
 * @dst: address
 * @src_prefix: bits, -1 for a whole address
 * @dst_prefix: likewise
 * @src_port: 0 for any
 * @dst_port: likewise
 * @proto: 0 for any
 * @dry_run: flag
 * @verbose: flag
 */
struct proto_fields {
	const char *what;
	const char *name;
	const char *src;
	const char *dst;
	int src_prefix;
	int dst_prefix;
	int src_port;
	int dst_port;
	int proto;
	bool dry_run;
	bool verbose;
};

/**
 * struct field_row - one member of a request's object
 * @name: key
 * @bit: HAS_*
 * @type: JSON_STRING, JSON_INTEGER or JSON_TRUE for either truth value
 * @max: bytes of a string, or the greatest number
 * @off: of its member in struct proto_fields
 */
struct field_row {
	const char *name;
	unsigned int bit;
	json_type type;
	int max;
	size_t off;
};

#define FIELD(key, flag, kind, most)                                       \
	{                                                                  \
#key, flag, kind, most, offsetof(struct proto_fields, key) \
	}

static const struct field_row proto_fields[] = {
	FIELD(what, HAS_WHAT, JSON_STRING, 16),
	FIELD(name, HAS_NAME, JSON_STRING, CTL_NAME_MAX - 1),
	FIELD(src, HAS_SRC, JSON_STRING, 63),
	FIELD(dst, HAS_DST, JSON_STRING, 63),
	FIELD(src_prefix, HAS_SBITS, JSON_INTEGER, 128),
	FIELD(dst_prefix, HAS_DBITS, JSON_INTEGER, 128),
	FIELD(src_port, HAS_SPORT, JSON_INTEGER, 65535),
	FIELD(dst_port, HAS_DPORT, JSON_INTEGER, 65535),
	FIELD(proto, HAS_PROTO, JSON_INTEGER, 255),
	FIELD(dry_run, HAS_DRY, JSON_TRUE, 0),
	FIELD(verbose, HAS_VERBOSE, JSON_TRUE, 0),
};

#define PROTO_FIELDS (sizeof(proto_fields) / sizeof(proto_fields[0]))

/**
 * ctl_verb_name() - a verb's word
 * @verb: verb
 *
 * Return: the word, "none" for CTL_NONE.
 */
const char *ctl_verb_name(enum ctl_verb verb)
{
	return verb > CTL_NONE && verb < CTL_VERBS ? proto_verbs[verb].name : "none";
}

/**
 * ctl_what_name() - the word for a kind of SA
 * @what: kind
 *
 * Return: the word.
 */
const char *ctl_what_name(enum ctl_what what)
{
	return what < CTL_WHATS ? proto_whats[what] : "none";
}

/**
 * ctl_what_parse() - a kind of SA by its word
 * @word: word
 * @what: result
 *
 * Return: false if it is none.
 */
bool ctl_what_parse(const char *word, enum ctl_what *what)
{
	unsigned int i;

	for (i = 0; i < CTL_WHATS; i++) {
		if (strcmp(proto_whats[i], word))
			continue;
		*what = i;
		return true;
	}
	return false;
}

/**
 * ctl_what_proto() - the protocol of a kind of SA
 * @what: kind
 *
 * Return: IPPROTO_*, 0 if it is not the one protocol of IPsec.
 */
uint8_t ctl_what_proto(enum ctl_what what)
{
	switch (what) {
	case CTL_ESP:
		return IPPROTO_ESP;
	case CTL_AH:
		return IPPROTO_AH;
	case CTL_IPCOMP:
		return IPPROTO_COMP;
	default:
		return 0;
	}
}

/**
 * ctl_verb_right() - what a client must be allowed for a verb
 * @verb: verb
 *
 * Return: the right; CTL_RIGHT_ALL for what is no verb.
 */
enum ctl_right ctl_verb_right(enum ctl_verb verb)
{
	return verb > CTL_NONE && verb < CTL_VERBS ? proto_verbs[verb].right : CTL_RIGHT_ALL;
}

/**
 * ctl_error() - say why
 * @err: where to
 * @hint: what to do about it, may be NULL
 * @fmt: the sentence
 */
void ctl_error(struct ctl_error *err, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->what, sizeof(err->what), fmt, ap);
	va_end(ap);
	snprintf(err->hint, sizeof(err->hint), "%s", hint ? hint : "");
}

/**
 * ctl_json_text() - a string that may hold anything
 * @text: text
 *
 * jansson takes UTF-8 only: in what is none, as a sentence that was cut, all
 * bytes that are not ASCII become "?".
 *
 * Return: a string.
 */
json_t *ctl_json_text(const char *text)
{
	json_t *json = json_string(text);
	char *plain, *p;

	if (json)
		return json;
	plain = xstrdup(text);
	for (p = plain; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json = json_string(plain);
	free(plain);
	return json;
}

/**
 * ctl_error_json() - the answer that says why not
 * @err: why
 *
 * Return: text for free().
 */
char *ctl_error_json(const struct ctl_error *err)
{
	json_t *inner = json_object();
	json_t *json;
	char *text;

	json_object_set_new(inner, "what", ctl_json_text(err->what));
	if (err->hint[0])
		json_object_set_new(inner, "hint", ctl_json_text(err->hint));
	json = json_pack("{s:i, s:b, s:o}", "schema_version", CTL_SCHEMA, "ok", 0, "error", inner);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? text : xstrdup("{\"schema_version\":1,\"ok\":false}");
}

/* Brackets outside of strings; jansson's own limit is its stack, not ours. */
static bool proto_depth_ok(struct chunk text)
{
	unsigned int depth = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '"':
			quoted = !quoted;
			break;
		case '\\':
			i += quoted;
			break;
		case '{':
		case '[':
			depth += !quoted;
			if (depth > CTL_DEPTH_MAX)
				return false;
			break;
		case '}':
		case ']':
			depth -= !quoted && depth;
			break;
		default:
			break;
		}
	}
	return true;
}

static const struct field_row *proto_field(const char *key)
{
	size_t i;

	for (i = 0; i < PROTO_FIELDS; i++)
		if (!strcmp(proto_fields[i].name, key))
			return &proto_fields[i];
	return NULL;
}

/**
 * ctl_printable() - may a name stand in a log or on a terminal
 * @s: name
 *
 * Return: true if nothing in it moves a cursor.
 */
bool ctl_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static bool proto_string(const struct field_row *row, const json_t *val, const char **to,
			 struct ctl_error *err)
{
	if (!json_is_string(val)) {
		ctl_error(err, NULL, "\"%s\" must be a string", row->name);
		return false;
	}
	*to = json_string_value(val);
	if (!**to || json_string_length(val) > (size_t)row->max || !ctl_printable(*to)) {
		ctl_error(err, NULL, "\"%s\" must have 1 to %d printable characters", row->name,
			  row->max);
		return false;
	}
	return true;
}

static bool proto_value(const struct field_row *row, const json_t *val, struct proto_fields *f,
			struct ctl_error *err)
{
	void *to = (char *)f + row->off;

	if (row->type == JSON_STRING)
		return proto_string(row, val, to, err);
	if (row->type == JSON_TRUE) {
		if (!json_is_boolean(val)) {
			ctl_error(err, NULL, "\"%s\" must be true or false", row->name);
			return false;
		}
		*(bool *)to = json_is_true(val);
		return true;
	}
	if (!json_is_integer(val) || json_integer_value(val) < 0 ||
	    json_integer_value(val) > row->max) {
		ctl_error(err, NULL, "\"%s\" must be a number from 0 to %d", row->name, row->max);
		return false;
	}
	*(int *)to = json_integer_value(val);
	return true;
}

static bool proto_verb(const json_t *json, enum ctl_verb *verb, struct ctl_error *err)
{
	const json_t *schema = json_object_get(json, "schema_version");
	const char *word = json_string_value(json_object_get(json, "verb"));
	unsigned int i;

	if (schema && (!json_is_integer(schema) || json_integer_value(schema) != CTL_SCHEMA)) {
		ctl_error(err, "use the testudoctl that came with this testudod",
			  "\"schema_version\" must be %d", CTL_SCHEMA);
		return false;
	}
	if (!word) {
		ctl_error(err, NULL, "a request needs a \"verb\"");
		return false;
	}
	for (i = CTL_NONE + 1; i < CTL_VERBS; i++) {
		if (strcmp(proto_verbs[i].name, word))
			continue;
		*verb = i;
		return true;
	}
	ctl_error(err, NULL, "unknown verb \"%.64s\"", word);
	return false;
}

/* All members of the object; @has: those that were there. */
static bool proto_members(json_t *json, enum ctl_verb verb, struct proto_fields *f,
			  unsigned int *has, struct ctl_error *err)
{
	const struct verb_row *row = &proto_verbs[verb];
	const struct field_row *field;
	const char *key;
	json_t *val;

	json_object_foreach(json, key, val)
	{
		if (!strcmp(key, "verb") || !strcmp(key, "schema_version"))
			continue;
		field = proto_field(key);
		if (!field || !(row->may & field->bit)) {
			ctl_error(err, NULL, "\"%s\" takes no \"%.64s\"", row->name, key);
			return false;
		}
		if (!proto_value(field, val, f, err))
			return false;
		*has |= field->bit;
	}
	return true;
}

static bool proto_complete(enum ctl_verb verb, unsigned int has, struct ctl_error *err)
{
	const struct verb_row *row = &proto_verbs[verb];
	size_t i;

	for (i = 0; i < PROTO_FIELDS; i++) {
		if (!(row->needs & ~has & proto_fields[i].bit))
			continue;
		ctl_error(err, NULL, "\"%s\" needs \"%s\"", row->name, proto_fields[i].name);
		return false;
	}
	if (!row->any || (row->any & has))
		return true;
	ctl_error(err, NULL, "\"%s\" needs the name of a remote, or addresses", row->name);
	return false;
}

/*
 * An address whose zone, if it has one, is the interface's number: to look a
 * name up takes a socket, which the process that reads this must not have.
 */
static bool proto_host(const char *text, struct sockaddr_storage *sa)
{
	const char *zone = strchr(text, '%');
	char host[64];
	size_t digits;

	snprintf(host, sizeof(host), "%.*s", zone ? (int)(zone - text) : 63, text);
	if (!addr_parse(sa, host) || addr_port(sa))
		return false;
	if (!zone)
		return true;
	digits = strspn(zone + 1, "0123456789");
	if (sa->ss_family != AF_INET6 || !digits || digits > 9 || zone[1 + digits])
		return false;
	((struct sockaddr_in6 *)sa)->sin6_scope_id = atoi(zone + 1);
	return true;
}

static bool proto_addr(const char *key, const char *text, int port, int prefix,
		       struct sockaddr_storage *sa, uint8_t *bits, struct ctl_error *err)
{
	if (!text) {
		if (!port && prefix < 0)
			return true;
		ctl_error(err, NULL, "port and prefix need \"%s\"", key);
		return false;
	}
	if (!proto_host(text, sa)) {
		ctl_error(err, NULL, "\"%s\": \"%s\" is no IP address", key, text);
		return false;
	}
	addr_set_port(sa, port);
	if (prefix > (int)addr_bits(sa)) {
		ctl_error(err, NULL, "\"%s\": a prefix of %d bits is longer than the address", key,
			  prefix);
		return false;
	}
	*bits = prefix < 0 ? addr_bits(sa) : (unsigned int)prefix;
	return true;
}

static bool proto_what(const char *word, enum ctl_what *what, struct ctl_error *err)
{
	if (!word || ctl_what_parse(word, what))
		return true;
	ctl_error(err, NULL, "\"what\" is one of isakmp, esp, ah, ipcomp, ipsec and all");
	return false;
}

static bool proto_ends(struct ctl_request *req, struct ctl_error *err)
{
	if (!req->src.ss_family || !req->dst.ss_family || req->src.ss_family == req->dst.ss_family)
		return true;
	ctl_error(err, NULL, "\"src\" and \"dst\" are of different address families");
	return false;
}

static bool proto_request(json_t *json, struct ctl_request *req, struct ctl_error *err)
{
	struct proto_fields f = { .src_prefix = -1, .dst_prefix = -1 };
	unsigned int has = 0;

	if (!json_is_object(json)) {
		ctl_error(err, NULL, "a request is a JSON object");
		return false;
	}
	if (!proto_verb(json, &req->verb, err) || !proto_members(json, req->verb, &f, &has, err) ||
	    !proto_complete(req->verb, has, err) || !proto_what(f.what, &req->what, err) ||
	    !proto_addr("src", f.src, f.src_port, f.src_prefix, &req->src, &req->src_bits, err) ||
	    !proto_addr("dst", f.dst, f.dst_port, f.dst_prefix, &req->dst, &req->dst_bits, err) ||
	    !proto_ends(req, err))
		return false;
	req->proto = f.proto;
	req->dry_run = f.dry_run;
	req->verbose = f.verbose;
	if (f.name)
		snprintf(req->name, sizeof(req->name), "%s", f.name);
	return true;
}

/**
 * ctl_request_parse() - a client's bytes into a request
 * @text: one datagram
 * @req: result
 * @err: why not
 *
 * Strict: UTF-8, no member twice, none that the verb does not know, nothing
 * behind the object.
 *
 * Return: false if it is none.
 */
bool ctl_request_parse(struct chunk text, struct ctl_request *req, struct ctl_error *err)
{
	json_error_t fault;
	json_t *json;
	bool ok;

	memset(req, 0, sizeof(*req));
	memset(err, 0, sizeof(*err));
	if (text.n > CTL_REQUEST_MAX) {
		ctl_error(err, NULL, "a request has at most %d bytes", CTL_REQUEST_MAX);
		return false;
	}
	if (!proto_depth_ok(text)) {
		ctl_error(err, NULL, "brackets are nested deeper than %d", CTL_DEPTH_MAX);
		return false;
	}
	json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &fault);
	if (!json) {
		ctl_error(err, NULL, "not JSON: %.160s (byte %d)", fault.text, fault.position);
		return false;
	}
	ok = proto_request(json, req, err);
	json_decref(json);
	return ok;
}

static void proto_put_addr(json_t *json, const char *key, const struct sockaddr_storage *sa,
			   unsigned int bits)
{
	char host[ADDR_TEXT], name[32];

	if (!sa->ss_family)
		return;
	json_object_set_new(json, key, json_string(addr_host(sa, host)));
	snprintf(name, sizeof(name), "%s_prefix", key);
	if (bits != addr_bits(sa))
		json_object_set_new(json, name, json_integer(bits));
	snprintf(name, sizeof(name), "%s_port", key);
	if (addr_port(sa))
		json_object_set_new(json, name, json_integer(addr_port(sa)));
}

/**
 * ctl_request_json() - a request as a client sends it
 * @req: request
 *
 * Return: text for free().
 */
char *ctl_request_json(const struct ctl_request *req)
{
	json_t *json = json_pack("{s:i, s:s}", "schema_version", CTL_SCHEMA, "verb",
				 ctl_verb_name(req->verb));
	char *text;

	if (req->what || (proto_verbs[req->verb].needs & HAS_WHAT))
		json_object_set_new(json, "what", json_string(ctl_what_name(req->what)));
	if (req->name[0])
		json_object_set_new(json, "name", ctl_json_text(req->name));
	proto_put_addr(json, "src", &req->src, req->src_bits);
	proto_put_addr(json, "dst", &req->dst, req->dst_bits);
	if (req->proto)
		json_object_set_new(json, "proto", json_integer(req->proto));
	if (req->dry_run)
		json_object_set_new(json, "dry_run", json_true());
	if (req->verbose)
		json_object_set_new(json, "verbose", json_true());
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? text : xstrdup("{}");
}
