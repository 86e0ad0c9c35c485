/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of bytes: borrowed, owned, read with checks, and written. It knows no
 * format. Memory that cannot be had ends the process (the monitor starts it
 * again), so no caller has a half-made object to mend.
 */
#ifndef TESTUDOD_BASE_BYTES_H
#define TESTUDOD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct chunk - bytes of somebody else
 * @p: first one; may be NULL when @n is 0
 * @n: how many
 */
struct chunk {
	const uint8_t *p;
	size_t n;
};

/**
 * struct blob - bytes of our own, from the heap
 * @p: first one, NULL when empty
 * @n: how many
 */
struct blob {
	uint8_t *p;
	size_t n;
};

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct chunk chunk(const void *p, size_t n);
struct chunk chunk_str(const char *s);
bool chunk_equal(struct chunk a, struct chunk b);
bool chunk_equal_secret(struct chunk a, struct chunk b);

struct chunk blob_chunk(const struct blob *b);
void blob_set(struct blob *b, struct chunk from);
void blob_take(struct blob *b, struct blob *from);
void blob_free(struct blob *b);
void blob_wipe(struct blob *b);

/**
 * struct reader - a cursor over bytes from outside
 * @p: next byte
 * @n: bytes left
 * @failed: something was read beyond the end; from then on all reads give 0
 */
struct reader {
	const uint8_t *p;
	size_t n;
	bool failed;
};

struct reader reader(struct chunk c);
uint8_t get_u8(struct reader *r);
uint16_t get_be16(struct reader *r);
uint32_t get_be32(struct reader *r);
uint64_t get_be64(struct reader *r);
struct chunk get_bytes(struct reader *r, size_t n);
struct chunk get_rest(struct reader *r);

/* a number into @n bytes that are there already */
void set_be(uint8_t *p, uint64_t v, size_t n);

/**
 * struct writer - bytes under construction, growing
 * @p: first one
 * @n: written so far
 * @size: room
 * @secret: what is left behind when it grows is wiped
 */
struct writer {
	uint8_t *p;
	size_t n;
	size_t size;
	bool secret;
};

void put_u8(struct writer *w, uint8_t v);
void put_be16(struct writer *w, uint16_t v);
void put_be32(struct writer *w, uint32_t v);
void put_be64(struct writer *w, uint64_t v);
void put_bytes(struct writer *w, struct chunk c);
void put_zero(struct writer *w, size_t n);
void patch_u8(struct writer *w, size_t at, uint8_t v);
void patch_be16(struct writer *w, size_t at, uint16_t v);
void patch_be32(struct writer *w, size_t at, uint32_t v);
struct chunk writer_chunk(const struct writer *w);
struct blob writer_blob(struct writer *w);
void writer_free(struct writer *w);

#endif /* TESTUDOD_BASE_BYTES_H */
