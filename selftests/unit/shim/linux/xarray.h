/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's XArray by its interface: a sorted array of index and entry. */
#ifndef _TESTUDO_UNIT_XARRAY_H
#define _TESTUDO_UNIT_XARRAY_H

#include "shim.h"

struct shim_xa_slot {
	unsigned long index;
	void *entry;			/* NULL: taken, and nothing there yet */
};

struct xarray {
	unsigned int n;
	struct shim_xa_slot *slot;
};

struct xa_limit {
	u32 max;
	u32 min;
};

#define XA_LIMIT(lo, hi)	((struct xa_limit){ .min = (lo), .max = (hi) })
#define XA_FLAGS_ALLOC1		1
#define XA_PRESENT		8
#define xa_init(xa)		((void)(*(xa) = (struct xarray){ }))
#define xa_init_flags(xa, flags) xa_init(xa)
#define xa_mk_value(v)		((void *)(((unsigned long)(v) << 1) | 1))
#define xa_to_value(p)		((unsigned long)(p) >> 1)
#define xa_err(p)		((void)(p), 0)

/* Where @index is, or would be. */
static inline unsigned int shim_xa_at(const struct xarray *xa, unsigned long index)
{
	unsigned int i = 0;

	while (i < xa->n && xa->slot[i].index < index)
		i++;
	return i;
}

static inline bool shim_xa_has(const struct xarray *xa, unsigned long index)
{
	unsigned int i = shim_xa_at(xa, index);

	return i < xa->n && xa->slot[i].index == index;
}

static inline void *xa_load(const struct xarray *xa, unsigned long index)
{
	return shim_xa_has(xa, index) ? xa->slot[shim_xa_at(xa, index)].entry : NULL;
}

static inline void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	unsigned int i = shim_xa_at(xa, index);
	void *old = xa_load(xa, index);

	(void)gfp;
	if (!shim_xa_has(xa, index)) {
		xa->slot = realloc(xa->slot, (xa->n + 1) * sizeof(*xa->slot));
		memmove(xa->slot + i + 1, xa->slot + i, (xa->n++ - i) * sizeof(*xa->slot));
	}
	xa->slot[i] = (struct shim_xa_slot){ index, entry };
	return old;
}

static inline void *xa_erase(struct xarray *xa, unsigned long index)
{
	unsigned int i = shim_xa_at(xa, index);
	void *old = xa_load(xa, index);

	if (shim_xa_has(xa, index))
		memmove(xa->slot + i, xa->slot + i + 1, (--xa->n - i) * sizeof(*xa->slot));
	return old;
}

static inline int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit lim,
				  u32 *next, gfp_t gfp)
{
	u32 i = *next < lim.min || *next > lim.max ? lim.min : *next;

	while (shim_xa_has(xa, i))
		i = i == lim.max ? lim.min : i + 1;
	xa_store(xa, i, entry, gfp);
	*id = i;
	*next = i + 1;
	return 0;
}

/* The first entry from @*index on, up to @max. */
static inline void *shim_xa_from(struct xarray *xa, unsigned long *index, unsigned long max)
{
	unsigned int i;

	for (i = shim_xa_at(xa, *index); i < xa->n && xa->slot[i].index <= max; i++) {
		if (!xa->slot[i].entry)
			continue;
		*index = xa->slot[i].index;
		return xa->slot[i].entry;
	}
	return NULL;
}

static inline void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max,
				  unsigned int filter)
{
	unsigned long next = *index + 1;
	void *entry;

	(void)filter;
	entry = next ? shim_xa_from(xa, &next, max) : NULL;
	if (entry)
		*index = next;
	return entry;
}

#define xa_for_each(xa, i, entry)					\
	for ((i) = 0, (entry) = shim_xa_from(xa, &(i), ~0UL); (entry);	\
	     (entry) = xa_find_after(xa, &(i), ~0UL, XA_PRESENT))

static inline void xa_destroy(struct xarray *xa)
{
	free(xa->slot);
	xa_init(xa);
}

#endif
