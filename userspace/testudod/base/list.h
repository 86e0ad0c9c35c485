/* SPDX-License-Identifier: GPL-2.0 */
/* The doubly linked list of <sys/queue.h>, with a safe walk that glibc lacks. */
#ifndef TESTUDOD_BASE_LIST_H
#define TESTUDOD_BASE_LIST_H

#include <sys/queue.h>

#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, tmp) \
	for ((var) = TAILQ_FIRST(head); (var) && ((tmp) = TAILQ_NEXT(var, field), 1); (var) = (tmp))
#endif

#endif /* TESTUDOD_BASE_LIST_H */
