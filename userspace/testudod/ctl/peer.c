// SPDX-License-Identifier: GPL-2.0
/*
 * Who is at the other end of a control connection: the kernel's word for it
 * (SO_PEERCRED, SO_PEERGROUPS), as it was when he connected. It believes
 * nothing that a client says of himself.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "ctl/peer.h"

#define PEER_GROUPS 65536 /* NGROUPS_MAX of Linux */
#define PEER_FEW    64

/* One of his supplementary groups? */
static bool peer_in_group(int fd, gid_t group)
{
	socklen_t len = PEER_FEW * sizeof(gid_t);
	gid_t *groups = xcalloc(1, len);
	bool found = false;
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)) {
		/* ERANGE tells the length; anything else is no group */
		if (len > PEER_GROUPS * sizeof(gid_t))
			len = 0;
		groups = xrealloc(groups, len + sizeof(gid_t));
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
			len = 0;
	}
	for (i = 0; i < len / sizeof(gid_t); i++)
		found |= groups[i] == group;
	free(groups);
	return found;
}

/**
 * ctl_peer_right() - what the other end may do
 * @fd: connected unix socket
 * @access: who may do what
 * @uid: set to his user
 *
 * Return: the right.
 */
enum ctl_right ctl_peer_right(int fd, const struct ctl_access *access, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) || len != sizeof(cred))
		return CTL_RIGHT_NONE;
	*uid = cred.uid;
	if (cred.uid == 0 || cred.uid == access->owner)
		return CTL_RIGHT_ALL;
	if (cred.gid == access->group || peer_in_group(fd, access->group))
		return CTL_RIGHT_READ;
	return CTL_RIGHT_NONE;
}
