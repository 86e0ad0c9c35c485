/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket in the file system; the monitor makes it, as root.
 */
#ifndef TESTUDOD_CTL_LISTEN_H
#define TESTUDOD_CTL_LISTEN_H

#include <sys/types.h>

struct conf;

/* a listening SOCK_SEQPACKET socket; -ENOENT for "adminsock disabled"; else a negative errno */
int ctl_listen(const struct conf *conf);
int ctl_listen_at(const char *path, uid_t owner, gid_t group, mode_t mode);

#endif /* TESTUDOD_CTL_LISTEN_H */
