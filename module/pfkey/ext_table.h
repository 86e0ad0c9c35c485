/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of <linux/pfkey_ext.h> as tables to look things up in. Pure: also
 * compiled for user space by the unit tests and the fuzzer.
 */
#ifndef _TESTUDO_PFKEY_EXT_TABLE_H
#define _TESTUDO_PFKEY_EXT_TABLE_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>
#include <linux/pfkey_ext.h>

/**
 * struct pfkey_ext_row - one type of extension
 * @min: least length in bytes; 0 only in the row of unknown types
 * @rule: PFKEY_LEN_*, how the length is checked beyond @min
 */
struct pfkey_ext_row {
	u8 min;
	u8 rule;
};

/**
 * struct pfkey_msg_row - what one type of message asks of its sender
 * @need: set of PFKEY_BIT(): without one of them the message is an error
 * @may: set of PFKEY_BIT() that we read; others are checked and ignored
 */
struct pfkey_msg_row {
	u32 need;
	u32 may;
};

extern const struct pfkey_ext_row pfkey_ext_rows[PFKEY_SLOTS];
extern const struct pfkey_msg_row pfkey_msg_rows[SADB_MAX + 1];

int pfkey_ext_check(unsigned int slot, const void *ext, size_t bytes);

#endif
