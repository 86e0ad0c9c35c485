// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of bytes: the heap's, a cursor that checks, a writer that grows. It
 * never knows what the bytes mean.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

#define WRITER_START 256

static void out_of_memory(void)
{
	static const char text[] = "ERROR: out of memory\n";
	ssize_t done = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)done;
	/* no abort(): a core dump would hold keys */
	_exit(EX_OSERR);
}

/* zeroed memory, of at least one byte; never NULL */
void *xcalloc(size_t n, size_t size)
{
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);

	if (!q)
		out_of_memory();
	return q;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (!p)
		out_of_memory();
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return p;
}

struct chunk chunk(const void *p, size_t n)
{
	return (struct chunk){ p, n };
}

struct chunk chunk_str(const char *s)
{
	return chunk(s, strlen(s));
}

bool chunk_equal(struct chunk a, struct chunk b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

/* in a time that tells the lengths, but nothing about the bytes */
bool chunk_equal_secret(struct chunk a, struct chunk b)
{
	return a.n == b.n && (!a.n || !CRYPTO_memcmp(a.p, b.p, a.n));
}

struct chunk blob_chunk(const struct blob *b)
{
	return chunk(b->p, b->n);
}

void blob_set(struct blob *b, struct chunk from)
{
	struct blob copy = { 0 };

	/* copied before the old bytes go: @from may be a part of them */
	if (from.n) {
		copy.p = xcalloc(1, from.n);
		memcpy(copy.p, from.p, from.n);
		copy.n = from.n;
	}
	free(b->p);
	*b = copy;
}

void blob_take(struct blob *b, struct blob *from)
{
	struct blob taken = *from;

	*from = (struct blob){ 0 };
	free(b->p);
	*b = taken;
}

void blob_free(struct blob *b)
{
	free(b->p);
	*b = (struct blob){ 0 };
}

void blob_wipe(struct blob *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->n);
	blob_free(b);
}

struct reader reader(struct chunk c)
{
	return (struct reader){ .p = c.p, .n = c.n };
}

struct chunk get_bytes(struct reader *r, size_t n)
{
	struct chunk c = { r->p, n };

	if (r->failed || n > r->n) {
		r->failed = true;
		r->n = 0;
		return chunk(NULL, 0);
	}
	if (n) {
		r->p += n;
		r->n -= n;
	}
	return c;
}

struct chunk get_rest(struct reader *r)
{
	return get_bytes(r, r->n);
}

static uint64_t get_be(struct reader *r, size_t n)
{
	struct chunk c = get_bytes(r, n);
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < c.n; i++)
		v = v << 8 | c.p[i];
	return v;
}

uint8_t get_u8(struct reader *r)
{
	return get_be(r, 1);
}

uint16_t get_be16(struct reader *r)
{
	return get_be(r, 2);
}

uint32_t get_be32(struct reader *r)
{
	return get_be(r, 4);
}

uint64_t get_be64(struct reader *r)
{
	return get_be(r, 8);
}

static void writer_grow(struct writer *w, size_t size)
{
	uint8_t *p;

	if (!w->secret) {
		w->p = xrealloc(w->p, size);
	} else {
		p = xcalloc(1, size);
		if (w->n)
			memcpy(p, w->p, w->n);
		if (w->p)
			OPENSSL_cleanse(w->p, w->size);
		free(w->p);
		w->p = p;
	}
	w->size = size;
}

/* room for @n more bytes, which count as written; their content is undefined */
static uint8_t *writer_room(struct writer *w, size_t n)
{
	size_t size = w->size ? w->size : WRITER_START;
	uint8_t *p;

	if (n > SIZE_MAX / 4 - w->n)
		out_of_memory();
	while (size < w->n + n)
		size *= 2;
	if (size != w->size)
		writer_grow(w, size);
	p = w->p + w->n;
	w->n += n;
	return p;
}

/* the lower @n bytes of @v, in network order */
void set_be(uint8_t *p, uint64_t v, size_t n)
{
	while (n--) {
		p[n] = v;
		v >>= 8;
	}
}

void put_u8(struct writer *w, uint8_t v)
{
	set_be(writer_room(w, 1), v, 1);
}

void put_be16(struct writer *w, uint16_t v)
{
	set_be(writer_room(w, 2), v, 2);
}

void put_be32(struct writer *w, uint32_t v)
{
	set_be(writer_room(w, 4), v, 4);
}

void put_be64(struct writer *w, uint64_t v)
{
	set_be(writer_room(w, 8), v, 8);
}

/* @c must not be a part of @w, whose bytes may move */
void put_bytes(struct writer *w, struct chunk c)
{
	if (c.n)
		memcpy(writer_room(w, c.n), c.p, c.n);
}

void put_zero(struct writer *w, size_t n)
{
	if (n)
		memset(writer_room(w, n), 0, n);
}

static void writer_patch(struct writer *w, size_t at, uint64_t v, size_t n)
{
	/* only a bug of ours can patch what was not written */
	if (at > w->n || n > w->n - at)
		abort();
	set_be(w->p + at, v, n);
}

void patch_u8(struct writer *w, size_t at, uint8_t v)
{
	writer_patch(w, at, v, 1);
}

void patch_be16(struct writer *w, size_t at, uint16_t v)
{
	writer_patch(w, at, v, 2);
}

void patch_be32(struct writer *w, size_t at, uint32_t v)
{
	writer_patch(w, at, v, 4);
}

struct chunk writer_chunk(const struct writer *w)
{
	return chunk(w->p, w->n);
}

/* hands the bytes over; @w is empty then and may be used again */
struct blob writer_blob(struct writer *w)
{
	struct blob b = { w->p, w->n };

	if (!b.n) {
		free(b.p);
		b.p = NULL;
	}
	*w = (struct writer){ .secret = w->secret };
	return b;
}

void writer_free(struct writer *w)
{
	if (w->secret && w->p)
		OPENSSL_cleanse(w->p, w->size);
	free(w->p);
	*w = (struct writer){ .secret = w->secret };
}
