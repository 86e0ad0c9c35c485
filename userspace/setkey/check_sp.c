// SPDX-License-Identifier: GPL-2.0
/*
 * Evaluating a policy command: selector, direction, priority, action and
 * requests. Reports every fault at its place; never sends anything.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "setkey.h"

/* A lower number wins on the wire; in the text a higher priority does. */
#define CHECK_PRIO_HIGH		0x40000000u
#define CHECK_PRIO_DEF		0x80000000u
#define CHECK_PRIO_LOW		0xc0000000u
#define CHECK_PRIO_UP		0x40000000u	/* largest offset after + */
#define CHECK_PRIO_DOWN		0x3fffffffu	/* largest offset after - */

/**
 * struct check_word - a word and its number
 * @word: word
 * @val: number
 */
struct check_word {
	const char *word;
	uint32_t val;
};

/* @rows ends with a NULL word. */
static bool check_find(struct source *src, struct span s, const struct check_word *rows,
		       const char *expected, uint32_t *val)
{
	for (; rows->word; rows++) {
		if (!source_is(src, s, rows->word))
			continue;
		*val = rows->val;
		return true;
	}
	source_error(src, s, "unexpected '%.*s'; expected %s", SPAN_ARG(src, s), expected);
	return false;
}

static bool check_prefix(struct source *src, struct span s, const struct addr_list *list, int *bits)
{
	uint64_t val;
	unsigned int i;

	*bits = -1;
	if (!s.len)
		return true;
	if (!check_number(src, s, 128, "a prefix", &val))
		return false;
	for (i = 0; i < list->count; i++) {
		if (val <= pfkey_addr_bits(list->addr[i].ss_family))
			continue;
		source_error(src, s, "the prefix is too long; expected at most %u",
			     pfkey_addr_bits(list->addr[i].ss_family));
		return false;
	}
	*bits = val;
	return true;
}

/* Upper protocol: a word, or a number up to 255. */
static bool check_upper(struct source *src, struct span s, uint8_t *proto)
{
	uint64_t val;
	int num;

	if (src->text[s.off] >= '0' && src->text[s.off] <= '9') {
		if (!check_number(src, s, 255, "a protocol", &val))
			return false;
		*proto = val;
		return true;
	}
	num = pfkey_proto_by_name(src->text + s.off, s.len);
	if (num < 0) {
		source_error(src, s, "'%.*s' is no upper protocol; expected any, a number or a word of /etc/protocols",
			     SPAN_ARG(src, s));
		return false;
	}
	if (num > 255) {
		source_error(src, s, "'%.*s' is protocol %d, which no IP header can name; expected at most 255",
			     SPAN_ARG(src, s), num);
		return false;
	}
	*proto = num;
	return true;
}

/* "135,0" or "135" */
static bool check_icmp(struct source *src, struct span s, struct sp_spec *spec)
{
	const char *comma = memchr(src->text + s.off, ',', s.len);
	struct span type = s, code = { 0 };
	uint64_t a, b = 0;

	if (comma) {
		type.len = comma - (src->text + s.off);
		code.off = s.off + type.len + 1;
		code.len = s.len - type.len - 1;
	}
	if (!check_number(src, type, 255, "a type", &a) ||
	    (comma && !check_number(src, code, 255, "a code", &b)))
		return false;
	spec->src_port = a;
	spec->dst_port = b;
	return true;
}

/* A GRE key is a number or a dotted quad. */
static bool check_gre(struct source *src, struct span s, struct sp_spec *spec)
{
	struct in_addr quad;
	uint64_t key;
	char word[16];

	snprintf(word, sizeof(word), "%.*s", SPAN_ARG(src, s));
	if (s.len < sizeof(word) && strchr(word, '.') && inet_pton(AF_INET, word, &quad) == 1)
		key = ntohl(quad.s_addr);
	else if (!check_number(src, s, UINT32_MAX, "a GRE key", &key))
		return false;
	spec->src_port = key >> 16;
	spec->dst_port = key & 0xffff;
	return true;
}

static bool check_detail(struct source *src, struct span s, struct sp_spec *spec)
{
	if (!s.len)
		return true;
	switch (spec->proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_MH:
		return check_icmp(src, s, spec);
	case IPPROTO_GRE:
		return check_gre(src, s, spec);
	default:
		source_error(src, s, "unexpected '%.*s'; expected -P (only icmp, icmp6, mh and gre take more)",
			     SPAN_ARG(src, s));
		return false;
	}
}

/* prio N, prio -N, prio base, prio base + N, prio base - N */
static bool check_priority(struct source *src, const struct policy *pol, uint32_t *prio)
{
	static const struct check_word bases[] = {
		{ "high", CHECK_PRIO_HIGH }, { "def", CHECK_PRIO_DEF }, { "low", CHECK_PRIO_LOW },
		{ NULL, 0 },
	};
	uint64_t val;

	*prio = CHECK_PRIO_DEF;
	if (!pol->prio.len)
		return true;
	if (src->text[pol->prio.off] >= '0' && src->text[pol->prio.off] <= '9') {
		if (!check_number(src, pol->prio, pol->sign ? INT32_MAX : CHECK_PRIO_DEF,
				  "a priority", &val))
			return false;
		*prio = pol->sign ? CHECK_PRIO_DEF + val : CHECK_PRIO_DEF - val;
		return true;
	}
	if (!check_find(src, pol->prio, bases, "low, def, high or a number", prio))
		return false;
	if (!pol->sign)
		return true;
	if (!check_number(src, pol->offset, pol->sign == '+' ? CHECK_PRIO_UP : CHECK_PRIO_DOWN,
			  "the offset", &val))
		return false;
	*prio += pol->sign == '+' ? -(uint32_t)val : (uint32_t)val;
	return true;
}

/* default, use, require, unique, unique:N; unique#N is how a dump shows a kernel's choice */
static bool check_level(struct source *src, struct span s, struct pfkey_request *req)
{
	static const struct check_word levels[] = {
		{ "", IPSEC_LEVEL_DEFAULT },	   { "default", IPSEC_LEVEL_DEFAULT },
		{ "use", IPSEC_LEVEL_USE },	   { "require", IPSEC_LEVEL_REQUIRE },
		{ "unique", IPSEC_LEVEL_UNIQUE },  { NULL, 0 },
	};
	const size_t stem = strlen("unique:");
	struct span num = { .off = s.off + stem, .len = s.len - stem };
	const char *p = src->text + s.off;
	uint32_t level;
	uint64_t val;

	if (s.len > stem && (!memcmp(p, "unique:", stem) || !memcmp(p, "unique#", stem))) {
		req->level = IPSEC_LEVEL_UNIQUE;
		if (!check_number(src, num, UINT32_MAX, "a reqid", &val))
			return false;
		req->reqid = val;
		return true;
	}
	if (!check_find(src, s, levels, "default, use, require, unique or unique:number", &level))
		return false;
	req->level = level;
	return true;
}

/* me-any and any-me say that the packet's own addresses are meant. */
static bool check_me(struct source *src, const struct request *r, unsigned int dir, bool *me)
{
	bool from = source_is(src, r->src.host, "me") && source_is(src, r->dst.host, "any");
	bool to = source_is(src, r->src.host, "any") && source_is(src, r->dst.host, "me");

	*me = from || to;
	if (!*me || (from && dir == IPSEC_DIR_OUTBOUND) || (to && dir == IPSEC_DIR_INBOUND))
		return true;
	source_error(src, r->src.host, "me-any belongs to out and any-me to in");
	return false;
}

static bool check_request_end(struct source *src, const struct end *end,
			      struct sockaddr_storage *sa)
{
	struct addr_list list;
	const char *why = resolve_host(src->text + end->host.off, end->host.len, AF_UNSPEC, true,
				       &list);
	uint16_t port;

	if (why) {
		source_error(src, end->host, "'%.*s': %s", SPAN_ARG(src, end->host), why);
		return false;
	}
	if (!check_port(src, end->port, &port))
		return false;
	*sa = list.one;
	pfkey_addr_set_port(sa, port);
	return true;
}

static bool check_request_ends(struct source *src, const struct request *r, unsigned int dir,
			       struct pfkey_request *req)
{
	bool me = false;

	if (r->src.host.len && !check_me(src, r, dir, &me))
		return false;
	if (r->src.host.len && !me) {
		if (!check_request_end(src, &r->src, &req->src) ||
		    !check_request_end(src, &r->dst, &req->dst))
			return false;
		req->ends = true;
	}
	if (req->mode == IPSEC_MODE_TUNNEL && !req->ends) {
		source_error(src, r->at, "a tunnel needs its end points; expected tunnel/source-destination/level");
		return false;
	}
	if (req->ends && req->src.ss_family != req->dst.ss_family) {
		source_error(src, r->dst.host, "expected an address of the same family as '%.*s'",
			     SPAN_ARG(src, r->src.host));
		return false;
	}
	return true;
}

static bool check_request(struct source *src, const struct request *r, unsigned int dir,
			  struct pfkey_request *req)
{
	static const struct check_word protos[] = {
		{ "esp", IPPROTO_ESP }, { "ah", IPPROTO_AH }, { "ipcomp", IPPROTO_COMP },
		{ NULL, 0 },
	};
	static const struct check_word modes[] = {
		{ "transport", IPSEC_MODE_TRANSPORT }, { "tunnel", IPSEC_MODE_TUNNEL },
		{ NULL, 0 },
	};
	uint32_t proto, mode;

	memset(req, 0, sizeof(*req));
	if (!check_find(src, r->proto, protos, "esp, ah or ipcomp", &proto) ||
	    !check_find(src, r->mode, modes, "transport or tunnel", &mode))
		return false;
	req->proto = proto;
	req->mode = mode;
	return check_level(src, r->level, req) && check_request_ends(src, r, dir, req);
}

static bool check_requests(struct source *src, const struct policy *pol, struct sp_spec *spec)
{
	const struct request *r;
	bool ok = true;

	if (pol->requests && spec->type != IPSEC_POLICY_IPSEC) {
		source_error(src, pol->requests->at, "'%.*s' takes no requests; expected ';'",
			     SPAN_ARG(src, pol->action));
		return false;
	}
	for (r = pol->requests; r; r = r->next) {
		if (spec->requests == SETKEY_REQUESTS_MAX) {
			source_error(src, r->at, "too many requests; expected at most %d",
				     SETKEY_REQUESTS_MAX);
			return false;
		}
		ok &= check_request(src, r, spec->dir, &spec->request[spec->requests++]);
	}
	if (ok && spec->type == IPSEC_POLICY_IPSEC && !spec->requests) {
		source_error(src, pol->action, "'ipsec' needs a request; expected protocol/mode/source-destination/level");
		return false;
	}
	return ok;
}

/* What follows -P; deleting needs the direction only. */
static bool check_policy(struct source *src, const struct cmd *cmd, struct sp_spec *spec)
{
	static const struct check_word dirs[] = {
		{ "in", IPSEC_DIR_INBOUND }, { "out", IPSEC_DIR_OUTBOUND },
		{ "fwd", IPSEC_DIR_FWD }, { NULL, 0 },
	};
	static const struct check_word actions[] = {
		{ "discard", IPSEC_POLICY_DISCARD }, { "none", IPSEC_POLICY_NONE },
		{ "ipsec", IPSEC_POLICY_IPSEC },     { "entrust", IPSEC_POLICY_ENTRUST },
		{ "bypass", IPSEC_POLICY_BYPASS },   { NULL, 0 },
	};
	const struct policy *pol = cmd->policy;
	uint32_t dir = IPSEC_DIR_ANY, type;
	bool ok;

	ok = check_find(src, pol->dir, dirs, "in, out or fwd", &dir);
	spec->dir = dir;
	if (!pol->action.len && cmd->kind == CMD_SPDDELETE)
		return ok;
	ok &= check_priority(src, pol, &spec->priority);
	if (!pol->action.len) {
		source_error(src, pol->dir, "a policy needs an action; expected discard, none or ipsec after the direction");
		return false;
	}
	if (!check_find(src, pol->action, actions, "discard, none, ipsec, entrust or bypass",
			&type))
		return false;
	spec->type = type;
	return check_requests(src, pol, spec) && ok;
}

/**
 * check_sp() - evaluate spdadd, spdupdate, spddelete or spdget
 * @sk: run
 * @src: text; faults are reported and counted there
 * @cmd: command
 * @spec: result, must stay where it is
 *
 * Return: false if something was wrong.
 */
bool check_sp(const struct setkey *sk, struct source *src, const struct cmd *cmd,
	      struct sp_spec *spec)
{
	uint64_t id;
	bool ok;

	memset(spec, 0, sizeof(*spec));
	if (cmd->kind == CMD_SPDGET) {
		ok = check_number(src, cmd->spi, UINT32_MAX, "a policy id", &id);
		spec->id = id;
		return ok;
	}
	if (cmd->tag.len) {
		source_error(src, cmd->tag, "policies by PF tag do not exist on Linux; expected a source and a destination");
		return false;
	}
	ok = check_ends(sk, src, cmd, &spec->src, &spec->dst);
	ok &= check_prefix(src, cmd->src.prefix, &spec->src, &spec->src_prefix);
	ok &= check_prefix(src, cmd->dst.prefix, &spec->dst, &spec->dst_prefix);
	ok &= check_port(src, cmd->src.port, &spec->src_port);
	ok &= check_port(src, cmd->dst.port, &spec->dst_port);
	ok &= check_upper(src, cmd->proto, &spec->proto) && check_detail(src, cmd->detail, spec);
	ok &= check_label(src, cmd->opts, &spec->label);
	return check_policy(src, cmd, spec) && ok;
}
