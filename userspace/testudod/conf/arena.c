// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is freed all at once: words, statements and messages of one
 * conf_load(). It never ends up in a struct conf.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/tree.h"

#define ARENA_BLOCK 16384

/**
 * struct arena - one block of memory
 * @next: the block before
 * @used: bytes given away
 * @size: bytes of @mem
 * @mem: the memory
 */
struct arena {
	struct arena *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) unsigned char mem[];
};

void *arena_alloc(struct arena **arena, size_t size)
{
	size_t align = _Alignof(max_align_t);
	struct arena *a = *arena;
	size_t want;
	void *p;

	size = (size + align - 1) & ~(align - 1);
	if (!a || a->size - a->used < size) {
		want = size > ARENA_BLOCK ? size : ARENA_BLOCK;
		a = xcalloc(1, sizeof(*a) + want);
		a->size = want;
		a->next = *arena;
		*arena = a;
	}
	p = a->mem + a->used;
	a->used += size;
	return p;
}

char *arena_text(struct arena **arena, const char *text, size_t len)
{
	char *p = arena_alloc(arena, len + 1);

	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

const char *arena_printf(struct arena **arena, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	return arena_text(arena, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

void arena_free(struct arena **arena)
{
	struct arena *a = *arena;

	while (a) {
		struct arena *next = a->next;

		/* there may have been a secret in the text */
		explicit_bzero(a->mem, a->used);
		free(a);
		a = next;
	}
	*arena = NULL;
}
