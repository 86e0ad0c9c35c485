// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line into addresses, protocols and requests, in
 * racoonctl's forms.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "testudoctl.h"

/**
 * args_what() - a kind of SA
 * @word: word
 * @what: result
 *
 * Return: false if it is none.
 */
bool args_what(const char *word, enum ctl_what *what)
{
	if (ctl_what_parse(word, what))
		return true;
	fprintf(stderr, "testudoctl: \"%s\" is none of isakmp, esp, ah, ipcomp, ipsec and all\n",
		word);
	return false;
}

/**
 * args_addr() - an address, or a host's name
 * @word: word
 * @family: AF_INET, AF_INET6 or AF_UNSPEC
 * @sa: result
 *
 * Return: false after a message.
 */
bool args_addr(const char *word, int family, struct sockaddr_storage *sa)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list;
	int err;

	memset(sa, 0, sizeof(*sa));
	if (addr_parse(sa, word) && (family == AF_UNSPEC || sa->ss_family == family))
		return true;
	err = getaddrinfo(word, NULL, &hints, &list);
	if (err) {
		fprintf(stderr, "testudoctl: %s: %s\n", word, gai_strerror(err));
		return false;
	}
	memset(sa, 0, sizeof(*sa));
	memcpy(sa, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return true;
}

/**
 * args_number() - a decimal number, and nothing behind it
 * @word: word
 * @max: most
 * @v: result
 *
 * Return: false if it is none.
 */
bool args_number(const char *word, unsigned int max, unsigned int *v)
{
	char *end;
	unsigned long n;

	if (*word < '0' || *word > '9')
		return false;
	n = strtoul(word, &end, 10);
	if (*end || n > max)
		return false;
	*v = n;
	return true;
}

/**
 * args_proto() - an upper protocol
 * @word: name, number or "any"
 * @proto: result, 0 for any
 *
 * Return: false after a message.
 */
bool args_proto(const char *word, uint8_t *proto)
{
	const struct protoent *pe;
	unsigned int v = 0;

	if (strcmp(word, "any") && !args_number(word, 255, &v)) {
		pe = strcmp(word, "icmp6") ? getprotobyname(word) : getprotobyname("ipv6-icmp");
		if (!pe) {
			fprintf(stderr, "testudoctl: unknown protocol \"%s\"\n", word);
			return false;
		}
		v = pe->p_proto;
	}
	*proto = v;
	return true;
}

/* ADDR[/LEN[/PORT]] */
static bool args_selector(const char *word, int family, struct sockaddr_storage *sa, uint8_t *bits)
{
	char *copy = xstrdup(word), *len, *port = NULL;
	unsigned int v;
	bool ok;

	len = strchr(copy, '/');
	if (len)
		*len++ = '\0';
	if (len && (port = strchr(len, '/')))
		*port++ = '\0';
	ok = args_addr(copy, family, sa);
	if (ok) {
		v = addr_bits(sa);
		if (len)
			ok = args_number(len, addr_bits(sa), &v);
		*bits = v;
		v = 0;
		if (ok && port && strcmp(port, "any"))
			ok = args_number(port, 65535, &v);
		addr_set_port(sa, v);
		if (!ok)
			fprintf(stderr, "testudoctl: \"%s\" is no ADDRESS/PREFIX/PORT\n", word);
	}
	free(copy);
	return ok;
}

/* "inet" or "inet6" may stand in front, as racoonctl wants it. */
static int args_family(int *argc, char ***argv)
{
	int family;

	if (*argc && !strcmp(**argv, "inet"))
		family = AF_INET;
	else if (*argc && !strcmp(**argv, "inet6"))
		family = AF_INET6;
	else
		return AF_UNSPEC;
	(*argc)--;
	(*argv)++;
	return family;
}

/**
 * args_saopts() - which SA
 * @run: words
 * @req: result: what, ends, protocol and the name of -n
 *
 * Return: false after a message.
 */
bool args_saopts(const struct run *run, struct ctl_request *req)
{
	int argc = run->argc, family;
	char **argv = run->argv;
	bool isakmp;

	if (run->remote)
		snprintf(req->name, sizeof(req->name), "%s", run->remote);
	if (!argc && run->remote)
		return true;
	if (!argc) {
		fprintf(stderr, "testudoctl: %s: which SA? isakmp SRC DST, esp or ah SRC/PREFIX/PORT DST/PREFIX/PORT, or -n REMOTE\n",
			run->verb);
		return false;
	}
	if (!args_what(argv[0], &req->what))
		return false;
	isakmp = req->what == CTL_ISAKMP;
	argc--;
	argv++;
	family = args_family(&argc, &argv);
	if (!argc && run->remote)
		return true;
	if (argc < 2 || argc > (isakmp ? 2 : 3)) {
		fprintf(stderr, "testudoctl: %s %s [inet|inet6] %s\n", run->verb,
			ctl_what_name(req->what),
			isakmp ? "SRC DST" : "SRC/PREFIX/PORT DST/PREFIX/PORT [PROTOCOL]");
		return false;
	}
	if (!args_selector(argv[0], family, &req->src, &req->src_bits) ||
	    !args_selector(argv[1], family, &req->dst, &req->dst_bits))
		return false;
	return argc < 3 || args_proto(argv[2], &req->proto);
}
