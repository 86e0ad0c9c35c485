/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One CPU, one thread: locks and RCU are checked instead of taken. What is
 * given to RCU is freed at once when nobody reads, so that ASan sees who uses
 * it longer than he may; and when somebody does, as soon as he has read.
 */
#ifndef _TESTUDO_UNIT_ONE_CPU_H
#define _TESTUDO_UNIT_ONE_CPU_H

#include <shim.h>

#define shim_assert(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not (%s)\n", __FILE__,	\
				__LINE__, #cond);			\
			abort();					\
		}							\
	} while (0)

#define __percpu
#define ____cacheline_aligned_in_smp
#define nr_cpu_ids		1
#define smp_processor_id()	0
#define cpu_to_node(cpu)	((void)(cpu), 0)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define alloc_percpu(type)	((type *)calloc(1, sizeof(type)))
#define free_percpu(p)		free(p)

/* BH */
extern int shim_bh_off;
#define local_bh_disable()	((void)shim_bh_off++)
#define local_bh_enable()	((void)shim_bh_off--)
#define in_softirq()		(shim_bh_off > 0)

/* mutexes */
struct mutex {
	bool held;
};

#define mutex_init(m)		((void)((m)->held = false))
#define mutex_destroy(m)	shim_assert(!(m)->held)
#define lockdep_is_held(m)	((m)->held)
#define lockdep_assert_held(m)	shim_assert((m)->held)

static inline void mutex_lock(struct mutex *m)
{
	shim_assert(!m->held);
	m->held = true;
}

static inline void mutex_unlock(struct mutex *m)
{
	shim_assert(m->held);
	m->held = false;
}

/* RCU */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
	void *mem;
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool shim_rcu_reading(void);
void shim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head), void *mem);
#define call_rcu(head, fn)	shim_call_rcu(head, fn, NULL)
#define kfree_rcu(p, member)	shim_call_rcu(&(p)->member, NULL, p)
#define kvfree_rcu(p, member)	shim_call_rcu(&(p)->member, NULL, p)
#define rcu_barrier()		shim_assert(!shim_rcu_reading())
#define rcu_dereference(p)	(*({ shim_assert(shim_rcu_reading()); &(p); }))
#define rcu_dereference_protected(p, cond) (*({ shim_assert(cond); &(p); }))
#define rcu_assign_pointer(p, v) ((p) = (v))
#define rcu_replace_pointer(p, v, cond)					\
	({								\
		__typeof__(p) shim_old = rcu_dereference_protected(p, cond); \
		(p) = (v);						\
		shim_old;						\
	})

/* reference counts */
typedef struct {
	int refs;
} refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	r->refs = n;
}

static inline void refcount_inc(refcount_t *r)
{
	shim_assert(r->refs > 0);
	r->refs++;
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	if (!r->refs)
		return false;
	r->refs++;
	return true;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	shim_assert(r->refs > 0);
	return !--r->refs;
}

/* work: nothing is ever due */
struct workqueue_struct;
struct work_struct {
	int unused;
};

struct delayed_work {
	struct work_struct work;
	void (*fn)(struct work_struct *work);
};

#define HZ				1000
#define INIT_DELAYED_WORK(dw, f)	((void)((dw)->fn = (f)))
#define INIT_DEFERRABLE_WORK(dw, f)	INIT_DELAYED_WORK(dw, f)
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)
#define mod_delayed_work(wq, dw, t)	((void)(wq), (void)(dw), (void)(t))
#define queue_delayed_work(wq, dw, t)	((void)(wq), (void)(dw), (void)(t))
#define cancel_delayed_work_sync(dw)	((void)(dw))

#endif
