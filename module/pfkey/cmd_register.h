/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands on the socket itself. Each returns 0 when it has answered, or a
 * negative errno, having changed nothing.
 */
#ifndef _TESTUDO_PFKEY_CMD_REGISTER_H
#define _TESTUDO_PFKEY_CMD_REGISTER_H

struct pfkey_call;

int pfkey_cmd_register(struct pfkey_call *call);
int pfkey_cmd_promisc(struct pfkey_call *call);

#endif
