// SPDX-License-Identifier: GPL-2.0
/*
 * Words into addresses: numeric ones without any look-up, names through
 * getaddrinfo(), remembered, since every command is evaluated twice (checked,
 * then sent) and a file names the same host often.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "resolve.h"

#define RESOLVE_WORD	256	/* longest name with its end; DNS allows 253 */
#define RESOLVE_HASH	1024

/**
 * struct resolve_name - what a name resolved to
 * @next: next of the bucket
 * @word: the name
 * @family: what was asked for
 * @why: error text, NULL if it resolved
 * @count: number of @addr
 * @addr: addresses
 */
struct resolve_name {
	struct resolve_name *next;
	char word[RESOLVE_WORD];
	int family;
	const char *why;
	unsigned int count;
	struct sockaddr_storage addr[];
};

static struct resolve_name *resolve_cache[RESOLVE_HASH];
static bool resolve_failed;	/* some of them have no address */

static struct resolve_name **resolve_bucket(const char *word)
{
	unsigned int hash = 5381;

	while (*word)
		hash = hash * 33 + (unsigned char)*word++;
	return &resolve_cache[hash % RESOLVE_HASH];
}

/* A plain address of either family; a scope is getaddrinfo()'s business. */
static bool resolve_plain(const char *word, struct sockaddr_storage *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->ss_family = AF_INET;
	if (inet_pton(AF_INET, word, &((struct sockaddr_in *)sa)->sin_addr) == 1)
		return true;
	sa->ss_family = AF_INET6;
	return inet_pton(AF_INET6, word, &((struct sockaddr_in6 *)sa)->sin6_addr) == 1;
}

static int resolve_query(const char *word, int family, int flags, struct addrinfo **res)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = flags,
	};

	return getaddrinfo(word, NULL, &hints, res);
}

/* Ask the resolver and remember the answer, the negative one for this text. */
static struct resolve_name *resolve_ask(const char *word, int family)
{
	struct resolve_name **bucket = resolve_bucket(word);
	struct addrinfo *res = NULL, *ai;
	struct resolve_name *name;
	unsigned int count = 0;
	int err;

	err = resolve_query(word, family, 0, &res);
	for (ai = res; ai; ai = ai->ai_next)
		count++;
	name = calloc(1, sizeof(*name) + count * sizeof(name->addr[0]));
	if (name) {
		strcpy(name->word, word);
		name->family = family;
		name->why = err ? gai_strerror(err) : NULL;
		for (ai = res; ai; ai = ai->ai_next)
			if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6)
				memcpy(&name->addr[name->count++], ai->ai_addr, ai->ai_addrlen);
		resolve_failed |= !name->count;
		name->next = *bucket;
		*bucket = name;
	}
	if (res)
		freeaddrinfo(res);
	return name;
}

static const char *resolve_name(const char *word, int family, struct addr_list *list)
{
	struct resolve_name *name;

	for (name = *resolve_bucket(word); name; name = name->next)
		if (name->family == family && !strcmp(name->word, word))
			break;
	if (!name)
		name = resolve_ask(word, family);
	if (!name)
		return "out of memory";
	if (name->why)
		return name->why;
	if (!name->count)
		return "the name has no IPv4 or IPv6 address";
	list->addr = name->addr;
	list->count = name->count;
	return NULL;
}

/**
 * resolve_forget_failures() - let the next text ask again for what failed
 *
 * A session of -c may last longer than a name server is away.
 */
void resolve_forget_failures(void)
{
	struct resolve_name **at, *name;
	size_t i;

	if (!resolve_failed)
		return;
	resolve_failed = false;
	for (i = 0; i < RESOLVE_HASH; i++) {
		at = &resolve_cache[i];
		while ((name = *at)) {
			if (name->count) {
				at = &name->next;
				continue;
			}
			*at = name->next;
			free(name);
		}
	}
}

/**
 * resolve_host() - find the addresses of a word
 * @word: numeric address or name, not terminated
 * @len: its bytes
 * @family: AF_UNSPEC, or the only family that a name stands for
 * @numeric: do not look names up
 * @list: result
 *
 * Return: NULL, or why not, in words.
 */
const char *resolve_host(const char *word, size_t len, int family, bool numeric,
			 struct addr_list *list)
{
	struct addrinfo *res;
	char buf[RESOLVE_WORD];

	if (len >= sizeof(buf))
		return "longer than any name";
	memcpy(buf, word, len);
	buf[len] = '\0';
	list->addr = &list->one;
	list->count = 1;
	if (resolve_plain(buf, &list->one))
		return NULL;
	if (strchr(buf, '%') && !resolve_query(buf, AF_INET6, AI_NUMERICHOST, &res)) {
		memcpy(&list->one, res->ai_addr, res->ai_addrlen);
		freeaddrinfo(res);
		return NULL;
	}
	if (numeric)
		return "not a numeric address";
	return resolve_name(buf, family, list);
}
