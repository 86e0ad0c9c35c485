/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The handlers of IP protocols 50 and 51, for both families.
 */
#ifndef _TESTUDO_PATH_PROTOCOL_H
#define _TESTUDO_PATH_PROTOCOL_H

int ipsec_protocol_start(void);
void ipsec_protocol_stop(void);

#endif
