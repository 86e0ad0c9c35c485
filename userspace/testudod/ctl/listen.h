/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket in the file system; the monitor makes it, as root.
 */
#ifndef TESTUDOD_CTL_LISTEN_H
#define TESTUDOD_CTL_LISTEN_H

struct conf;

/* a listening SOCK_SEQPACKET socket; -ENOENT for "adminsock disabled"; else a negative errno */
int ctl_listen(const struct conf *conf);

#endif /* TESTUDOD_CTL_LISTEN_H */
