/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command that moves SAs and a policy to other end points.
 */
#ifndef _TESTUDO_PFKEY_CMD_MIGRATE_H
#define _TESTUDO_PFKEY_CMD_MIGRATE_H

struct pfkey_call;

int pfkey_cmd_migrate(struct pfkey_call *call);

#endif
