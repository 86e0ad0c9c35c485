/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands on security associations. Each returns 0 when it has answered,
 * or a negative errno, having changed nothing.
 */
#ifndef _TESTUDO_PFKEY_CMD_SA_H
#define _TESTUDO_PFKEY_CMD_SA_H

struct pfkey_call;

int pfkey_cmd_getspi(struct pfkey_call *call);
int pfkey_cmd_add(struct pfkey_call *call);
int pfkey_cmd_update(struct pfkey_call *call);
int pfkey_cmd_delete(struct pfkey_call *call);
int pfkey_cmd_get(struct pfkey_call *call);
int pfkey_cmd_acquire(struct pfkey_call *call);
int pfkey_cmd_flush(struct pfkey_call *call);

#endif
