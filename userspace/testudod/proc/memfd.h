/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Large payloads between our processes: files, and memory that nobody can change
 * any more, both behind descriptors.
 */
#ifndef TESTUDOD_PROC_MEMFD_H
#define TESTUDOD_PROC_MEMFD_H

#include <stdbool.h>

#include "base/bytes.h"

#define MEMFD_MAX (256u << 20)

/* a sealed descriptor, or a negative errno */
int memfd_from(struct chunk data);
/* all of a regular file of at most @max bytes; 0 or a negative errno, and nothing in @data */
int fd_read(int fd, size_t max, struct blob *data);
/* false unless @fd is a sealed memfd of at most MEMFD_MAX bytes */
bool memfd_read(int fd, struct blob *data);

#endif /* TESTUDOD_PROC_MEMFD_H */
