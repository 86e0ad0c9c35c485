// SPDX-License-Identifier: GPL-2.0
/*
 * Evaluating the words that several commands share: numbers, addresses, ports,
 * protocols, labels. Every function reports what is wrong at its place and
 * says so by its result; none sends anything.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "setkey.h"

#define CHECK_LABEL_MAX	4000	/* bytes; the kernel takes a page with its header */

/**
 * check_number() - evaluate a number
 * @src: text
 * @s: decimal digits, or 0x and hexadecimal ones
 * @max: largest value allowed
 * @what: the thing, for the message
 * @val: result
 *
 * Return: false if it was reported as wrong.
 */
bool check_number(struct source *src, struct span s, uint64_t max, const char *what, uint64_t *val)
{
	const char *p = src->text + s.off;
	const char *end = p + s.len;
	unsigned int base = 10, digit;
	bool too_big = false;

	*val = 0;
	if (s.len > 2 && p[0] == '0' && (p[1] | 0x20) == 'x') {
		base = 16;
		p += 2;
	}
	for (; p < end; p++) {
		digit = *p <= '9' ? (unsigned int)(*p - '0') : (unsigned int)((*p | 0x20) - 'a' + 10);
		if (digit >= base) {
			source_error(src, s, "expected a number for %s", what);
			return false;
		}
		too_big |= __builtin_mul_overflow(*val, base, val);
		too_big |= __builtin_add_overflow(*val, digit, val);
	}
	if (!too_big && *val <= max)
		return true;
	source_error(src, s, "%s is too large; expected at most %llu", what,
		     (unsigned long long)max);
	return false;
}

/**
 * check_resolve() - evaluate an address or a name
 * @sk: run, for -4, -6, -N of the command line
 * @src: text
 * @flags: -4, -6, -n of the command, which go before those of the run and,
 *	unlike those, hold for numeric addresses too
 * @host: address or name
 * @list: result; empty if it is wrong
 *
 * Return: false if it was reported as wrong.
 */
bool check_resolve(const struct setkey *sk, struct source *src, struct span flags, struct span host,
		   struct addr_list *list)
{
	bool numeric = sk->numeric;
	int only = AF_UNSPEC;
	const char *why;
	uint32_t i;

	for (i = 0; i < flags.len; i++) {
		switch (src->text[flags.off + i]) {
		case '4':
			only = AF_INET;
			break;
		case '6':
			only = AF_INET6;
			break;
		case 'n':
			numeric = true;
			break;
		}
	}
	why = resolve_host(src->text + host.off, host.len, only ? only : sk->family, numeric,
			   list);
	if (!why && only && list->addr->ss_family != only)
		why = "an address of the other family than asked for";
	if (!why)
		return true;
	source_error(src, host, "'%.*s': %s", SPAN_ARG(src, host), why);
	list->count = 0;
	return false;
}

/**
 * check_ends() - evaluate both addresses of a command
 * @sk: run
 * @src: text
 * @cmd: command
 * @from: its sources
 * @to: its destinations
 *
 * Return: false if something was reported as wrong, also if no source has a
 * destination of its family.
 */
bool check_ends(const struct setkey *sk, struct source *src, const struct cmd *cmd,
		struct addr_list *from, struct addr_list *to)
{
	unsigned int i, j;
	bool ok;

	ok = check_resolve(sk, src, cmd->resolve, cmd->src.host, from);
	ok &= check_resolve(sk, src, cmd->resolve, cmd->dst.host, to);
	if (!ok)
		return false;
	for (i = 0; i < from->count; i++)
		for (j = 0; j < to->count; j++)
			if (from->addr[i].ss_family == to->addr[j].ss_family)
				return true;
	source_error(src, cmd->dst.host, "expected an address of the same family as '%.*s'",
		     SPAN_ARG(src, cmd->src.host));
	return false;
}

static int check_ask_port(const char *word)
{
	struct servent *serv = getservbyname(word, "udp");

	if (!serv)
		serv = getservbyname(word, "tcp");
	return serv ? ntohs(serv->s_port) : -1;
}

/**
 * check_port() - evaluate what stands between brackets
 * @src: text
 * @s: number, service name, "any", or empty
 * @port: result in host order, 0 for any
 *
 * Return: false if it was reported as wrong.
 */
bool check_port(struct source *src, struct span s, uint16_t *port)
{
	static struct pfkey_words words;
	uint64_t val = 0;
	int num;

	*port = 0;
	if (!s.len || source_is(src, s, "any"))
		return true;
	if (src->text[s.off] >= '0' && src->text[s.off] <= '9') {
		if (!check_number(src, s, 65535, "a port", &val))
			return false;
		*port = val;
		return true;
	}
	num = pfkey_word_number(&words, src->text + s.off, s.len, check_ask_port);
	if (num < 0) {
		source_error(src, s, "'%.*s' is no known service; expected a port number or any",
			     SPAN_ARG(src, s));
		return false;
	}
	*port = num;
	return true;
}

/**
 * check_satype() - evaluate the protocol of an SA
 * @src: text
 * @s: word, empty for all protocols
 * @satype: result
 * @natt: it was esp-udp
 *
 * Return: false if it was reported as wrong.
 */
bool check_satype(struct source *src, struct span s, uint8_t *satype, bool *natt)
{
	static const struct {
		const char *word;
		int satype;
	} rows[] = {
		{ "", SADB_SATYPE_UNSPEC },
		{ "esp", SADB_SATYPE_ESP },
		{ "esp-udp", SADB_SATYPE_ESP },
		{ "ah", SADB_SATYPE_AH },
		{ "ipcomp", SADB_X_SATYPE_IPCOMP },
	};
	const char *why = "is no protocol";
	size_t i;

	*natt = source_is(src, s, "esp-udp");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!source_is(src, s, rows[i].word))
			continue;
		*satype = rows[i].satype;
		return true;
	}
	if (source_is(src, s, "esp-old") || source_is(src, s, "ah-old"))
		why = "(RFC 1826 and 1827) was never in Linux";
	else if (source_is(src, s, "tcp"))
		why = "keys are set by the socket option TCP_MD5SIG on Linux";
	source_error(src, s, "'%.*s' %s; expected esp, esp-udp, ah or ipcomp", SPAN_ARG(src, s),
		     why);
	return false;
}

/**
 * check_label() - evaluate -ctx doi algorithm "name"
 * @src: text
 * @opt: option, NULL without
 * @label: result
 *
 * Return: false if it was reported as wrong.
 */
bool check_label(struct source *src, const struct opt *opt, struct label *label)
{
	uint64_t doi, alg;

	label->text = NULL;
	if (!opt)
		return true;
	if (!check_number(src, opt->arg[0], 255, "a domain of interpretation", &doi) ||
	    !check_number(src, opt->arg[1], 255, "a label algorithm", &alg))
		return false;
	if (opt->arg[2].len - 2 > CHECK_LABEL_MAX) {
		source_error(src, opt->arg[2], "the label is too long; expected at most %d bytes",
			     CHECK_LABEL_MAX);
		return false;
	}
	label->doi = doi;
	label->alg = alg;
	label->text = src->text + opt->arg[2].off + 1;
	label->len = opt->arg[2].len - 2;
	return true;
}
