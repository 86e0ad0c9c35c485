/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DUMP and SPDDUMP, at the reader's pace.
 */
#ifndef _TESTUDO_PFKEY_DUMP_H
#define _TESTUDO_PFKEY_DUMP_H

struct pfkey_call;
struct pfkey_sock;

int pfkey_dump_sad(struct pfkey_call *call);
int pfkey_dump_spd(struct pfkey_call *call);
void pfkey_dump_continue(struct pfkey_sock *pfk);
void pfkey_dump_stop(struct pfkey_sock *pfk);

#endif
