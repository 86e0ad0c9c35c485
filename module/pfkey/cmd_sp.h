/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands on security policies. Each returns 0 when it has answered, or a
 * negative errno, having changed nothing.
 */
#ifndef _TESTUDO_PFKEY_CMD_SP_H
#define _TESTUDO_PFKEY_CMD_SP_H

struct pfkey_call;

int pfkey_cmd_spdadd(struct pfkey_call *call);
int pfkey_cmd_spdupdate(struct pfkey_call *call);
int pfkey_cmd_spddelete(struct pfkey_call *call);
int pfkey_cmd_spddelete2(struct pfkey_call *call);
int pfkey_cmd_spdget(struct pfkey_call *call);
int pfkey_cmd_spdflush(struct pfkey_call *call);

#endif
