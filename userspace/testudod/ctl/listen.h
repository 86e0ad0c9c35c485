/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket in the file system; the monitor makes it, as root.
 */
#ifndef TESTUDOD_CTL_LISTEN_H
#define TESTUDOD_CTL_LISTEN_H

struct conf;

/* where the configuration wants the socket; NULL for "adminsock disabled" */
const char *ctl_listen_path(const struct conf *conf);
/* a listening SOCK_SEQPACKET socket; -ENOENT for "adminsock disabled"; else a negative errno */
int ctl_listen(const struct conf *conf);
/* owner and mode as the configuration now says, of a socket that is there already */
void ctl_listen_own(const struct conf *conf);

#endif /* TESTUDOD_CTL_LISTEN_H */
