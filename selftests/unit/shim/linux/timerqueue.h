/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TESTUDO_UNIT_TIMERQUEUE_H
#define _TESTUDO_UNIT_TIMERQUEUE_H

#include <linux/rbtree.h>

struct timerqueue_node {
	struct rb_node node;
	ktime_t expires;
};

struct timerqueue_head {
	struct rb_root_cached rb_root;
};

static inline bool shim_timer_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct timerqueue_node, node)->expires <
	       rb_entry(b, struct timerqueue_node, node)->expires;
}

#define timerqueue_init_head(head)	((void)((head)->rb_root = RB_ROOT_CACHED))
#define timerqueue_init(n)		((void)(n))
#define timerqueue_getnext(head)	\
	rb_entry_safe(rb_first_cached(&(head)->rb_root), struct timerqueue_node, node)
#define timerqueue_del(head, n)		rb_erase_cached(&(n)->node, &(head)->rb_root)

static inline bool timerqueue_add(struct timerqueue_head *head, struct timerqueue_node *n)
{
	rb_add_cached(&n->node, &head->rb_root, shim_timer_less);
	return timerqueue_getnext(head) == n;
}

#endif
