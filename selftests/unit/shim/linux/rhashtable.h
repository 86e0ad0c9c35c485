/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's hash table by its interface: one list, searched from end to end.
 * Entries of one key hang together by nothing but their key.
 */
#ifndef _TESTUDO_UNIT_RHASHTABLE_H
#define _TESTUDO_UNIT_RHASHTABLE_H

#include <linux/list.h>
#include "one_cpu.h"

struct rhash_head {
	struct rhash_head *next;
};

struct rhlist_head {
	struct rhash_head rhead;
	struct rhlist_head *next;
};

struct rhashtable {
	struct rhash_head *first;
};

struct rhltable {
	struct rhashtable ht;
};

struct rhashtable_params {
	size_t head_offset;
	size_t key_offset;
	size_t key_len;
	bool automatic_shrinking;
};

#define rhashtable_init(t, params)	((t)->first = NULL, (void)(params), 0)
#define rhltable_init(t, params)	rhashtable_init(&(t)->ht, params)
/* whoever destroys it has emptied it */
#define rhashtable_destroy(t)		shim_assert(!(t)->first)
#define rhltable_destroy(t)		rhashtable_destroy(&(t)->ht)

static inline void *shim_rht_obj(struct rhash_head *head, struct rhashtable_params p)
{
	return (u8 *)head - p.head_offset;
}

/* The first from @head on that has @key. */
static inline struct rhash_head *shim_rht_from(struct rhash_head *head, const void *key,
					       struct rhashtable_params p)
{
	while (head && memcmp((u8 *)shim_rht_obj(head, p) + p.key_offset, key, p.key_len))
		head = head->next;
	return head;
}

static inline void *rhashtable_lookup_fast(struct rhashtable *t, const void *key,
					   struct rhashtable_params p)
{
	struct rhash_head *head = shim_rht_from(t->first, key, p);

	return head ? shim_rht_obj(head, p) : NULL;
}

static inline void *rhashtable_lookup(struct rhashtable *t, const void *key,
				      struct rhashtable_params p)
{
	shim_assert(shim_rcu_reading());
	return rhashtable_lookup_fast(t, key, p);
}

static inline int rhashtable_insert_fast(struct rhashtable *t, struct rhash_head *head,
					 struct rhashtable_params p)
{
	(void)p;
	head->next = t->first;
	t->first = head;
	return 0;
}

static inline int rhashtable_remove_fast(struct rhashtable *t, struct rhash_head *head,
					 struct rhashtable_params p)
{
	struct rhash_head **link = &t->first;

	(void)p;
	while (*link != head) {
		shim_assert(*link);
		link = &(*link)->next;
	}
	*link = head->next;
	return 0;
}

#define rhltable_insert(t, node, p)	rhashtable_insert_fast(&(t)->ht, &(node)->rhead, p)
#define rhltable_remove(t, node, p)	rhashtable_remove_fast(&(t)->ht, &(node)->rhead, p)

/* All that have @key, linked anew for whoever asked. */
static inline struct rhlist_head *rhltable_lookup(struct rhltable *t, const void *key,
						  struct rhashtable_params p)
{
	struct rhlist_head *list = NULL, *node;
	struct rhash_head *head = t->ht.first;

	shim_assert(shim_rcu_reading());
	while ((head = shim_rht_from(head, key, p))) {
		node = container_of(head, struct rhlist_head, rhead);
		node->next = list;
		list = node;
		head = head->next;
	}
	return list;
}

#define rhl_for_each_entry_rcu(obj, pos, list, member)			\
	for ((pos) = (list);						\
	     (pos) && ((obj) = container_of(pos, __typeof__(*(obj)), member), true); \
	     (pos) = (pos)->next)

#endif
