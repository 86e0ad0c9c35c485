/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure rooms use of the kernel, for user space: the headers beside
 * this file are found instead of the kernel's own and lead here. Never more
 * than the rooms need, so that one which stops being pure does not compile.
 */
#ifndef _TESTUDO_UNIT_SHIM_H
#define _TESTUDO_UNIT_SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include_next <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned int gfp_t;

#define U8_MAX		UINT8_MAX
#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define U64_MAX		UINT64_MAX
#define S64_MAX		INT64_MAX
#ifndef ULONG_MAX
#define ULONG_MAX	(~0UL)
#endif

#define __aligned(x)	__attribute__((aligned(x)))
#define __packed	__attribute__((packed))
#define __rcu
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define fallthrough	__attribute__((fallthrough))

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)
#define static_assert	_Static_assert
#define sizeof_field(t, m) sizeof(((t *)0)->m)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define round_up(x, a)	ALIGN(x, a)
#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define swap(a, b)	do { __typeof__(a) t_ = (a); (a) = (b); (b) = t_; } while (0)
#define max_t(t, a, b)	max((t)(a), (t)(b))

/* constant for constants, unlike those of <endian.h> */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define shim_swap(bits, x)	__builtin_bswap##bits(x)
#else
#define shim_swap(bits, x)	(x)
#endif
#define cpu_to_be16(x)	((__be16)shim_swap(16, (u16)(x)))
#define cpu_to_be32(x)	((__be32)shim_swap(32, (u32)(x)))
#define cpu_to_be64(x)	((__be64)shim_swap(64, (u64)(x)))
#define be16_to_cpu(x)	((u16)shim_swap(16, (u16)(x)))
#define be32_to_cpu(x)	((u32)shim_swap(32, (u32)(x)))
#define be64_to_cpu(x)	((u64)shim_swap(64, (u64)(x)))
#define htons(x)	cpu_to_be16(x)
#define htonl(x)	cpu_to_be32(x)
#define ntohs(x)	be16_to_cpu(x)
#define ntohl(x)	be32_to_cpu(x)

/* KTAP takes what a test says as a comment */
#define pr_err(...)	printf("# " __VA_ARGS__)
#define pr_info(...)	printf("# " __VA_ARGS__)

#define container_of(p, type, member)					\
	((type *)((char *)(1 ? (p) : &((type *)0)->member) - offsetof(type, member)))
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(p)		((long)(p))
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-4095)

#define GFP_KERNEL	0
#define GFP_KERNEL_ACCOUNT	GFP_KERNEL
#define kmalloc(size, gfp)	((void)(gfp), malloc(size))
#define kzalloc(size, gfp)	((void)(gfp), calloc(1, size))
#define kcalloc(n, size, gfp)	((void)(gfp), calloc(n, size))
#define kfree(p)		free(p)
#define kvmalloc(size, gfp)	kmalloc(size, gfp)
#define kvzalloc_node(size, gfp, node) ((void)(node), kzalloc(size, gfp))
#define kvfree(p)		free(p)
#define kmem_cache_zalloc(cache, gfp) kzalloc((cache)->size, gfp)
#define kmem_cache_free(cache, p) ((void)(cache), free(p))
#define kmem_cache_destroy(cache) free(cache)
#define SLAB_HWCACHE_ALIGN	0
#define SLAB_ACCOUNT		0
#define cond_resched()		do { } while (0)

struct kmem_cache {
	size_t size;
};

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size,
						   unsigned int align, unsigned int flags,
						   void *ctor)
{
	struct kmem_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);

	cache->size = size;
	return cache;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	unsigned long p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

/* Any mixing does: no test knows what a hash is, only that it is one. */
static inline u32 jhash2(const u32 *k, u32 length, u32 initval)
{
	u64 h = initval + 0x9e3779b97f4a7c15ULL;

	while (length--) {
		h = (h ^ *k++) * 0xff51afd7ed558ccdULL;
		h ^= h >> 29;
	}
	return h ^ h >> 32;
}

static inline u32 jhash_3words(u32 a, u32 b, u32 c, u32 initval)
{
	u32 k[3] = { a, b, c };

	return jhash2(k, 3, initval);
}

/* Not random: a failure shall be had again. */
static inline u64 get_random_u64(void)
{
	static u64 state;

	return state += 0x9e3779b97f4a7c15ULL;
}

#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

typedef struct {
	int counter;
} atomic_t;

static inline void atomic_set(atomic_t *v, int i)
{
	v->counter = i;
}

static inline int atomic_read_acquire(const atomic_t *v)
{
	return v->counter;
}

static inline int atomic_inc_return(atomic_t *v)
{
	return ++v->counter;
}

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC64_INIT(i)	{ (i) }

static inline s64 atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic64_set(atomic64_t *v, s64 i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 atomic64_add_return(s64 i, atomic64_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline s64 atomic64_inc_return(atomic64_t *v)
{
	return atomic64_add_return(1, v);
}

static inline void atomic64_dec(atomic64_t *v)
{
	atomic64_add_return(-1, v);
}

static inline void atomic64_sub(s64 i, atomic64_t *v)
{
	atomic64_add_return(-i, v);
}

static inline s64 atomic64_cmpxchg(atomic64_t *v, s64 old, s64 new)
{
	__atomic_compare_exchange_n(&v->counter, &old, new, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

static inline bool atomic64_try_cmpxchg(atomic64_t *v, s64 *old, s64 new)
{
	return __atomic_compare_exchange_n(&v->counter, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

typedef s64 ktime_t;

#define KTIME_MAX	S64_MAX

static inline s64 shim_seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec;
}

#define ktime_get_boottime_seconds()	shim_seconds(CLOCK_BOOTTIME)
#define ktime_get_seconds()		shim_seconds(CLOCK_MONOTONIC)
#define ktime_get_real_seconds()	shim_seconds(CLOCK_REALTIME)

#endif
