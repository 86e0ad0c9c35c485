/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a process gives up what it does not need: user, capabilities, file
 * system, and every system call that its role has no use for.
 */
#ifndef TESTUDOD_PROC_SANDBOX_H
#define TESTUDOD_PROC_SANDBOX_H

#include "proc/child.h"

#define SANDBOX_USER "_testudo" /* when the configuration names none */

/**
 * struct sandbox_id - who a process becomes
 * @uid: user
 * @gid: group
 */
struct sandbox_id {
	uint32_t uid;
	uint32_t gid;
};

/* what a library would load or open later is loaded and opened now */
void sandbox_prepare(void);
/* no debugger, no core file, no new privileges: for every process, the monitor without the last */
int sandbox_harden(bool no_new_privs);
/* names or numbers, NULL as for sandbox_drop(); 0, or -ENOENT after a message */
int sandbox_find(const char *user, const char *group, struct sandbox_id *id);
/*
 * An empty root directory, @user and @group (NULL: SANDBOX_USER, or nobody if there is none), no
 * capabilities. Who is not root keeps his user, with a notice. 0 or a negative errno.
 */
int sandbox_drop(const char *user, const char *group);
/*
 * From here on, a system call that the role does not need kills the process;
 * looking for files fails with EACCES. Builds with AddressSanitizer have no filter.
 */
int sandbox_filter(enum proc_role role);

#endif /* TESTUDOD_PROC_SANDBOX_H */
