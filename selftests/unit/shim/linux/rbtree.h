/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's tree by its interface: a search tree that nobody balances, since
 * tests are small and random.
 */
#ifndef _TESTUDO_UNIT_RBTREE_H
#define _TESTUDO_UNIT_RBTREE_H

#include "shim.h"

struct rb_node {
	struct rb_node *parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

#define RB_ROOT_CACHED		((struct rb_root_cached){ { NULL } })
#define RB_EMPTY_ROOT(root)	(!(root)->rb_node)
#define rb_entry(p, type, member) container_of(p, type, member)
#define rb_entry_safe(p, type, member)					\
	({								\
		struct rb_node *shim_node = (p);			\
		shim_node ? rb_entry(shim_node, type, member) : NULL;	\
	})

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	struct rb_node *node = root->rb_root.rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->parent = parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

/* @leftmost was found by the caller: is it true? */
static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost != (rb_first_cached(root) == node))
		abort();
}

static inline void rb_add_cached(struct rb_node *node, struct rb_root_cached *root,
				 bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &root->rb_root.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
}

/* @with, or nothing, takes the place of @node below its parent. */
static inline void shim_rb_replace(struct rb_root_cached *root, struct rb_node *node,
				   struct rb_node *with)
{
	if (!node->parent)
		root->rb_root.rb_node = with;
	else if (node->parent->rb_left == node)
		node->parent->rb_left = with;
	else
		node->parent->rb_right = with;
	if (with)
		with->parent = node->parent;
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *next = node->rb_right;

	if (!node->rb_left || !node->rb_right) {
		shim_rb_replace(root, node, node->rb_left ? node->rb_left : node->rb_right);
		return;
	}
	while (next->rb_left)
		next = next->rb_left;
	if (next != node->rb_right) {
		shim_rb_replace(root, next, next->rb_right);
		next->rb_right = node->rb_right;
		next->rb_right->parent = next;
	}
	shim_rb_replace(root, node, next);
	next->rb_left = node->rb_left;
	next->rb_left->parent = next;
}

#endif
