/* SPDX-License-Identifier: GPL-2.0 */
/* Files that hold secrets or are run as root: opened only if nobody else can write or read them. */
#ifndef TESTUDOD_PROC_SAFEFILE_H
#define TESTUDOD_PROC_SAFEFILE_H

#include <stddef.h>

/** enum safe_kind - what nobody but the owner (root, or who we run as) may do */
enum safe_kind {
	SAFE_SECRET, /* read or write it: psk.txt, private keys */
	SAFE_SCRIPT, /* write it */
};

/*
 * A descriptor, or a negative errno with a sentence in @why: -EPERM for a wrong
 * owner or mode. The file that is checked is the file that is opened.
 */
int safe_open(const char *name, enum safe_kind kind, char *why, size_t why_size);

#endif /* TESTUDOD_PROC_SAFEFILE_H */
