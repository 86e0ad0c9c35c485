// SPDX-License-Identifier: GPL-2.0
/*
 * Who uses the control socket how much. To connect anew brings nobody more
 * requests a second.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/timer.h"
#include "ctl/users.h"

#define USERS_SECOND 1000 /* ms */

/**
 * ctl_user_get() - a user, known or new
 * @users: all of them
 * @uid: who
 *
 * Return: the user; stays as long as he has clients.
 */
struct ctl_user *ctl_user_get(struct ctl_users *users, uid_t uid)
{
	struct ctl_user *u, *tmp, *found = NULL;
	uint64_t now = timer_now();

	TAILQ_FOREACH_SAFE(u, users, link, tmp) {
		if (u->uid == uid) {
			found = u;
		} else if (!u->clients && now - u->since >= USERS_SECOND) {
			TAILQ_REMOVE(users, u, link);
			free(u);
		}
	}
	if (found)
		return found;
	found = xcalloc(1, sizeof(*found));
	found->uid = uid;
	TAILQ_INSERT_TAIL(users, found, link);
	return found;
}

/**
 * ctl_user_pace() - one more request
 * @user: who
 * @per_second: how many he may
 *
 * Return: false if this is one too many.
 */
bool ctl_user_pace(struct ctl_user *user, unsigned int per_second)
{
	uint64_t now = timer_now();

	if (now - user->since >= USERS_SECOND) {
		user->since = now;
		user->requests = 0;
	}
	return user->requests++ < per_second;
}

/**
 * ctl_users_free() - forget them all
 * @users: all of them
 */
void ctl_users_free(struct ctl_users *users)
{
	struct ctl_user *u;

	while ((u = TAILQ_FIRST(users))) {
		TAILQ_REMOVE(users, u, link);
		free(u);
	}
}
