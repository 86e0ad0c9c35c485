/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words into addresses: numeric ones at once, names through the resolver, each
 * name that has any once a run. Never reports an error itself.
 */
#ifndef SETKEY_RESOLVE_H
#define SETKEY_RESOLVE_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * struct addr_list - the addresses behind a word
 * @addr: addresses, port 0; @one, or memory of the cache that is never freed
 * @count: how many, at least 1
 * @one: room for a numeric address; a list must not be copied
 */
struct addr_list {
	const struct sockaddr_storage *addr;
	unsigned int count;
	struct sockaddr_storage one;
};

void resolve_forget_failures(void);
const char *resolve_host(const char *word, size_t len, int family, bool numeric,
			 struct addr_list *list);

#endif /* SETKEY_RESOLVE_H */
