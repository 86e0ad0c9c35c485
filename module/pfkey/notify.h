/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says by itself.
 */
#ifndef _TESTUDO_PFKEY_NOTIFY_H
#define _TESTUDO_PFKEY_NOTIFY_H

void pfkey_notify_init(void);
void pfkey_notify_exit(void);

#endif
