/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each user makes of the control socket, however often he connects.
 */
#ifndef TESTUDOD_CTL_USERS_H
#define TESTUDOD_CTL_USERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"

/**
 * struct ctl_user - one user
 * @link: in struct ctl_users
 * @uid: who
 * @clients: connections of his
 * @since: start of the second, ms
 * @requests: in it
 */
struct ctl_user {
	TAILQ_ENTRY(ctl_user) link;
	uid_t uid;
	unsigned int clients;
	uint64_t since;
	unsigned int requests;
};

TAILQ_HEAD(ctl_users, ctl_user);

/* who has no connection and was quiet for a second is forgotten on the way */
struct ctl_user *ctl_user_get(struct ctl_users *users, uid_t uid);
/* counts a request; false: too many in this second */
bool ctl_user_pace(struct ctl_user *user, unsigned int per_second);
void ctl_users_free(struct ctl_users *users);

#endif /* TESTUDOD_CTL_USERS_H */
