/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is at the other end of a control connection, and what he may do.
 */
#ifndef TESTUDOD_CTL_PEER_H
#define TESTUDOD_CTL_PEER_H

#include <sys/types.h>

#include "ctl/proto.h"
#include "ctl/server.h"

enum ctl_right ctl_peer_right(int fd, const struct ctl_access *access, uid_t *uid);

#endif /* TESTUDOD_CTL_PEER_H */
