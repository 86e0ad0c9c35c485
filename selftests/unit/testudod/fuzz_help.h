/* SPDX-License-Identifier: GPL-2.0 */
/* What testudod's libFuzzer targets share. */
#ifndef TESTUDO_TEST_FUZZ_HELP_H
#define TESTUDO_TEST_FUZZ_HELP_H

#include <openssl/rand.h>
#include <stdint.h>

#include "base/bytes.h"

/* a run of bytes with its length in a byte before it, as far as they go */
static inline struct chunk get_some(struct reader *r)
{
	size_t n = get_u8(r);

	return get_bytes(r, n % (r->n + 1));
}

/* ---- the same input, the same run: libcrypto's dice are the fuzzer's own ---- */

static uint64_t fuzz_seed;

static int fuzz_rand(unsigned char *p, int n)
{
	while (n-- > 0) {
		fuzz_seed ^= fuzz_seed << 13;
		fuzz_seed ^= fuzz_seed >> 7;
		fuzz_seed ^= fuzz_seed << 17;
		*p++ = fuzz_seed >> 32;
	}
	return 1;
}

static int fuzz_rand_status(void)
{
	return 1;
}

/* from the beginning */
static inline void fuzz_dice(void)
{
	static const RAND_METHOD method = {
		.bytes = fuzz_rand, .pseudorand = fuzz_rand, .status = fuzz_rand_status,
	};

	fuzz_seed = 88172645463325252ull;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	RAND_set_rand_method(&method);
#pragma GCC diagnostic pop
}

#endif /* TESTUDO_TEST_FUZZ_HELP_H */
