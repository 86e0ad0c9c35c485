/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory is in use, with and without the sanitizer's allocator. */
#ifndef TESTUDO_TEST_ALLOCATED_H
#define TESTUDO_TEST_ALLOCATED_H

#include <malloc.h>
#include <stddef.h>

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static inline long allocated(void)
{
	return __sanitizer_get_current_allocated_bytes ? (long)__sanitizer_get_current_allocated_bytes()
						       : (long)mallinfo2().uordblks;
}

#endif /* TESTUDO_TEST_ALLOCATED_H */
